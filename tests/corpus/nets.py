"""Networks with many kinks: dense, of any depth and width, backward by hand."""

import numpy as np


def relu(Z):
    return np.maximum(Z, 0), lambda U: U * (Z > 0)


def leaky(Z):
    return np.where(Z > 0, Z, 0.1 * Z), lambda U: U * np.where(Z > 0, 1, 0.1)


def largest_of_two(Z):
    """Max pooling over pairs of units."""
    pairs = Z.reshape(len(Z), -1, 2)
    first = pairs[..., 0] > pairs[..., 1]
    return pairs.max(2), lambda U: (U[..., None] * np.stack([first, ~first], 2)).reshape(Z.shape)


def cross_entropy(O, rng):
    label = rng.integers(0, O.shape[1], len(O))
    one_hot = np.eye(O.shape[1])[label]

    def value(O):
        return np.mean(
            np.log(np.exp(O - O.max(1, keepdims=True)).sum(1)) + (O.max(1) - O[one_hot > 0])
        )

    P = np.exp(O - O.max(1, keepdims=True))
    return value, (P / P.sum(1, keepdims=True) - one_hot) / len(O)


def absolute(O, rng):
    Y = rng.normal(size=O.shape)
    return lambda O: np.abs(O - Y).mean(), np.sign(O - Y) / O.size


def network(seed, sizes, B, bend=relu, loss=cross_entropy, wrong=None):
    """Return (f, parameters, gradients) of a network with a batch of B.

    `wrong` is (layer, what its upstream gradient is multiplied by on the way back).
    """
    rng = np.random.default_rng(seed)
    half = 2 if bend is largest_of_two else 1
    X, parameters = rng.normal(size=(B, sizes[0])), []
    for l, (D_in, D) in enumerate(zip(sizes, sizes[1:])):
        D = D * half if l < len(sizes) - 2 else D
        parameters += [rng.normal(size=(D, D_in)) * np.sqrt(2 / D_in), 0.1 * rng.normal(size=D)]

    def forward(parameters):
        A, steps = X, []
        for l in range(0, len(parameters), 2):
            Z = A @ parameters[l].T + parameters[l + 1]
            H, back = bend(Z) if l < len(parameters) - 2 else (Z, lambda U: U)
            steps.append((A, back))
            A = H
        return A, steps

    O, steps = forward(parameters)
    value, U = loss(O, rng)
    gradients = []
    for l, (A, back) in reversed(list(enumerate(steps))):
        U = back(U) * (wrong[1] if wrong and wrong[0] == l else 1)
        gradients = [U.T @ A, U.sum(0), *gradients]
        U = U @ parameters[2 * l]
    return lambda *parameters: value(forward(parameters)[0]), tuple(parameters), tuple(gradients)
