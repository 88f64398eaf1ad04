"""Training steps of dense networks with ReLU: forward, loss, backward, plain gradient descent."""

import numpy as np
from run import Case

from nnlib import autodiff
from nnlib.layers import Activation, Dense
from nnlib.losses import SoftmaxCrossEntropy
from nnlib.network import Sequential
from nnlib.optimizers import SGD
from nnlib.training import train_step
from tests import textbook

ETA = 0.01


def start(sizes, B, dtype):
    """Return X (B, D), labels (B,) and [W, b, W, b, ...], the same for all."""
    rng = np.random.default_rng(1)
    parameters = []
    for D_in, D_out in zip(sizes, sizes[1:]):
        W = rng.normal(0.0, np.sqrt(2.0 / D_in), size=(D_out, D_in))
        parameters += [W.astype(dtype), np.zeros(D_out, dtype)]
    return rng.random((B, sizes[0])).astype(dtype), rng.integers(sizes[-1], size=B), parameters


def with_nnlib(sizes, B, dtype):
    X, labels, parameters = start(sizes, B, dtype)
    network = layers_of(parameters)
    loss, optimizer = SoftmaxCrossEntropy(), SGD(ETA)
    return (
        lambda: train_step(network, loss, optimizer, X, labels),
        lambda: list(network.parameters.values()),
    )


def layers_of(parameters):
    layers, rng = [], np.random.default_rng(0)
    for W, b in zip(parameters[::2], parameters[1::2]):
        dense = Dense(W.shape[1], W.shape[0], rng).astype(W.dtype)
        dense.W[...], dense.b[...] = W, b
        layers += [dense, Activation("relu")]
    return Sequential(layers[:-1])


def with_textbook(sizes, B, dtype):
    X, labels, parameters = start(sizes, B, dtype)
    layers = textbook.network(parameters)
    return lambda: textbook.train_step(layers, X, labels, ETA), lambda: parameters


def floor(sizes, B, dtype):
    """Make the matrix products that a step cannot do without, into arrays that are there."""
    X, _, parameters = start(sizes, B, dtype)
    weights = parameters[::2]
    Z = [np.zeros((B, len(W)), dtype) for W in weights]
    A = [X, *Z[:-1]]
    delta = [np.full((B, len(W)), 1e-3, dtype) for W in weights]
    dW = [np.zeros_like(W) for W in weights]

    def step():
        for a, W, z in zip(A, weights, Z):
            np.matmul(a, W.T, out=z)
        for n in reversed(range(len(weights))):
            np.matmul(delta[n].T, A[n], out=dW[n])
            if n:
                np.matmul(delta[n], weights[n], out=delta[n - 1])

    return step, lambda: None


def with_autodiff(sizes, B, dtype):
    X, labels, arrays = start(sizes, B, dtype)
    nodes = [autodiff.Node(array) for array in arrays]
    rows = np.arange(B)

    def step():
        A = X
        for W, b in zip(nodes[:-2:2], nodes[1:-2:2]):
            A = np.maximum(A @ W.T + b, 0.0)
        Z = A @ nodes[-2].T + nodes[-1]
        shifted = Z - Z.array.max(axis=1, keepdims=True)
        L = (shifted.exp().sum(axis=1).log() - shifted[rows, labels]).mean()
        autodiff.zero_gradients(nodes)
        L.backward()
        for node in nodes:
            node.array -= ETA * node.gradient

    return step, lambda: [node.array for node in nodes]


def with_torch(sizes, B, dtype):
    import torch

    X, labels, parameters = start(sizes, B, dtype)
    X, labels = torch.from_numpy(X), torch.from_numpy(labels)
    layers = []
    for W, b in zip(parameters[::2], parameters[1::2]):
        linear = torch.nn.Linear(W.shape[1], W.shape[0])
        linear.weight.data, linear.bias.data = torch.from_numpy(W), torch.from_numpy(b)
        layers += [linear, torch.nn.ReLU()]
    network, loss = torch.nn.Sequential(*layers[:-1]), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=ETA)

    def step():
        optimizer.zero_grad()
        loss(network(X), labels).backward()
        optimizer.step()

    return step, lambda: [theta.detach().numpy() for theta in network.parameters()]


def with_jax(sizes, B, dtype):
    import jax

    jax.config.update("jax_enable_x64", dtype == np.float64)
    X, labels, parameters = start(sizes, B, dtype)
    rows, state = np.arange(B), [jax.numpy.asarray(theta) for theta in parameters]
    X, labels = jax.numpy.asarray(X), jax.numpy.asarray(labels)

    def loss(parameters, X, labels):
        *hidden, W_last, b_last = parameters
        for W, b in zip(hidden[::2], hidden[1::2]):
            X = jax.nn.relu(X @ W.T + b)
        return -jax.nn.log_softmax(X @ W_last.T + b_last)[rows, labels].mean()

    @jax.jit
    def update(parameters, X, labels):
        L, gradients = jax.value_and_grad(loss)(parameters, X, labels)
        return L, [theta - ETA * g for theta, g in zip(parameters, gradients)]

    def step():
        _, state[:] = jax.block_until_ready(update(state, X, labels))

    return step, lambda: [np.asarray(theta) for theta in state]


def with_sklearn(sizes, B, dtype):
    """Take partial_fit's step; its starting weights and gradient descent are set to ours."""
    from sklearn.neural_network import MLPClassifier

    X, labels, parameters = start(sizes, B, dtype)
    plain = dict(solver="sgd", alpha=0.0, momentum=0.0, nesterovs_momentum=False)
    model = MLPClassifier(sizes[1:-1], batch_size=B, learning_rate_init=ETA, shuffle=False, **plain)
    classes = np.arange(sizes[-1])
    model.partial_fit(X, labels, classes=classes)
    for n, (W, b) in enumerate(zip(parameters[::2], parameters[1::2])):
        model.coefs_[n][...], model.intercepts_[n][...] = W.T, b

    def answer():
        pairs = zip(model.coefs_, model.intercepts_)
        return [array for W, b in pairs for array in (W.T, b)]

    return lambda: model.partial_fit(X, labels), answer


def with_autograd(sizes, B, dtype):
    import autograd
    import autograd.numpy as anp

    X, labels, parameters = start(sizes, B, dtype)
    rows = np.arange(B)

    def loss(parameters):
        A = X
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2]):
            A = anp.maximum(anp.dot(A, W.T) + b, 0.0)
        Z = anp.dot(A, parameters[-2].T) + parameters[-1]
        shifted = Z - anp.max(Z, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[rows, labels])

    gradient = autograd.grad(loss)

    def step():
        for theta, dtheta in zip(parameters, gradient(parameters)):
            theta -= ETA * dtheta

    return step, lambda: parameters


def case(maker_names, sizes, B, dtype, reach):
    """Return a Case in which everybody makes the same network."""
    who = {n: lambda maker=maker: maker(sizes, B, dtype) for n, maker in maker_names.items()}
    return Case(who, reach, tolerance=1e-4 if dtype == np.float32 else 1e-11)


LAYERS = {"nnlib": with_nnlib, "floor": floor, "textbook": with_textbook, "torch": with_torch,
          "jax": with_jax, "sklearn": with_sklearn}  # fmt: skip
ENGINE = {"nnlib": with_autodiff, "floor": floor, "textbook": with_textbook,
          "layers": with_nnlib, "torch": with_torch, "autograd": with_autograd}  # fmt: skip
DIGITS, MNIST, WIDE = ((64, 32, 10), 32), ((784, 256, 128, 10), 128), ((784, 1024, 1024, 10), 256)
F32, F64 = np.float32, np.float64

CASES = {
    "train digits f32": case(LAYERS, *DIGITS, F32, {"torch": 0.20, "jax": 0.6, "sklearn": 0.01}),
    "train digits f64": case(LAYERS, *DIGITS, F64, {}),
    "train 784 f32": case(LAYERS, *MNIST, F32, {"torch": 0.80, "floor": 1.25}),
    "train 784 f64": case(LAYERS, *MNIST, F64, {"torch": 1.0}),
    "train wide f32": case(LAYERS, *WIDE, F32, {"torch": 1.1, "floor": 1.15}),
    "train wide f64": case(LAYERS, *WIDE, F64, {}),
    "autodiff digits f32": case(ENGINE, *DIGITS, F32, {"textbook": 1.6, "autograd": 1 / 8}),
    "autodiff digits f64": case(ENGINE, *DIGITS, F64, {"textbook": 1.6, "autograd": 1 / 8}),
    "autodiff 784 f32": case(ENGINE, *MNIST, F32, {"textbook": 1.0}),
    "autodiff 784 f64": case(ENGINE, *MNIST, F64, {"textbook": 1.0}),
}
