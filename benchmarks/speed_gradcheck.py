"""A full gradient check of a 64-32-10 net, 2,410 parameters at once, in float64.

nnlib's judge proves 1e-7 along random directions and looks at single entries where these
disagree; PyTorch's gradcheck measures entry by entry (relative 1e-3, absolute 1e-5), its fast mode
along one random direction. Each is given its own network and its own gradient.
"""

import numpy as np
from run import Case
from speed_dense import layers_of, start

from nnlib.gradcheck import compare_gradient, numerical_gradient
from nnlib.losses import SoftmaxCrossEntropy


def network():
    """Return f(*parameters), the parameters and their gradients by backpropagation."""
    X, labels, parameters = start((64, 32, 10), 32, np.float64)
    net, loss = layers_of(parameters), SoftmaxCrossEntropy()
    net.backward(loss.gradient(net.forward(X), labels))

    def f(*arrays):
        for theta, array in zip(net.parameters.values(), arrays):
            theta[...] = array
        return loss.value(net.forward(X), labels)

    return f, tuple(parameters), tuple(net.gradients.values())


def judge():
    f, parameters, gradients = network()
    reports = []
    step = lambda: reports.append(compare_gradient(f, parameters, gradients))  # noqa: E731
    return step, lambda: [np.array([1.0 * (reports[-1].passed and reports[-1].tolerance <= 1e-7)])]


def entry_by_entry():
    """Measure every one of the 2,410 entries by itself, on the judge's ladder of steps."""
    f, parameters, gradients = network()
    found = []
    step = lambda: found.append(numerical_gradient(f, parameters))  # noqa: E731
    close = lambda: all(  # noqa: E731
        np.allclose(a, b, rtol=1e-6, atol=1e-8) for a, b in zip(found[-1], gradients)
    )
    return step, lambda: [np.array([1.0 * close()])]


def with_torch(fast=False):
    import torch

    X, labels, parameters = start((64, 32, 10), 32, np.float64)
    X, labels = torch.from_numpy(X), torch.from_numpy(labels)
    leaves = [torch.from_numpy(theta).requires_grad_() for theta in parameters]

    def f(W_1, b_1, W_2, b_2):
        A = torch.relu(torch.nn.functional.linear(X, W_1, b_1))
        Z = torch.nn.functional.linear(A, W_2, b_2)
        return torch.nn.functional.cross_entropy(Z, labels)

    passed = []
    step = lambda: passed.append(torch.autograd.gradcheck(f, leaves, fast_mode=fast))  # noqa: E731
    return step, lambda: [np.array([1.0 * passed[-1]])]


CASES = {
    "gradient check": Case(
        {"nnlib": judge, "entries": entry_by_entry, "torch": with_torch,
         "torch fast": lambda: with_torch(fast=True)},
        {"torch": 0.2}, steps=1,
    ),
}  # fmt: skip
