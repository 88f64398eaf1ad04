"""Random programs: compositions of a dozen operations, backward by hand, one bug or none."""

import numpy as np

from tests.corpus.plain import sigmoid, softmax


def dense(rng, D):
    W, b = rng.normal(size=(D, D)) / np.sqrt(D), rng.normal(size=D)
    return lambda X: X @ W.T + b, lambda X, U: U @ W, [lambda X, U: U @ W.T, lambda X, U: U @ W + b]


def elementwise(f, f_prime, *bugs):
    def make(rng, D):
        return f, lambda X, U: U * f_prime(X), [lambda X, U, g=g: U * g(X) for g in bugs]

    return make


def gain(rng, D):
    g = rng.normal(size=D)
    return lambda X: X * g, lambda X, U: U * g, [lambda X, U: U, lambda X, U: U * g[::-1]]


def soft(rng, D):
    def back(X, U):
        P = softmax(X)
        return P * (U - (U * P).sum(1, keepdims=True))

    diagonal = lambda X, U: U * softmax(X) * (1 - softmax(X))
    axis = lambda X, U: softmax(X) * (U - (U * softmax(X)).sum(0, keepdims=True))
    return softmax, back, [diagonal, axis]


def centre(rng, D):
    f = lambda X: X - X.mean(1, keepdims=True)
    return f, lambda X, U: f(U), [lambda X, U: U, lambda X, U: U - U.mean(0)]


def norm(rng, D):
    parts = lambda X: (X - X.mean(1, keepdims=True), np.sqrt(X.var(1, keepdims=True) + 0.1))

    def forward(X):
        C, s = parts(X)
        return C / s

    def back(X, U, mean=1, var=1):
        C, s = parts(X)
        H = C / s
        return (U - mean * U.mean(1, keepdims=True) - var * H * (U * H).mean(1, keepdims=True)) / s

    return forward, back, [lambda X, U: back(X, U, mean=0), lambda X, U: back(X, U, var=0)]


def residual(rng, D):
    W = rng.normal(size=(D, D)) / np.sqrt(D)
    forward = lambda X: X + np.tanh(X @ W.T)
    inner = lambda X, U: (U * (1 - np.tanh(X @ W.T) ** 2)) @ W
    return (
        forward,
        lambda X, U: U + inner(X, U),
        [inner, lambda X, U: U, lambda X, U: 2 * U + inner(X, U)],
    )


def gather(rng, D):
    index = rng.integers(0, D, D)

    def back(X, U):
        G = np.zeros_like(X)
        np.add.at(G.T, index, U.T)
        return G

    def last(X, U):
        G = np.zeros_like(X)
        G[:, index] = U
        return G

    return lambda X: X[:, index], back, [last, lambda X, U: U[:, index]]


def running(rng, D):
    back = lambda X, U: np.cumsum(U[:, ::-1], 1)[:, ::-1]
    return (
        lambda X: np.cumsum(X, 1),
        back,
        [lambda X, U: np.cumsum(U, 1), lambda X, U: back(X, U) - U],
    )


def pairmax(rng, D):
    forward = lambda X: np.maximum(X, X[:, ::-1])

    def back(X, U):
        M = X > X[:, ::-1]
        E = 0.5 * (X == X[:, ::-1])
        return (M + E) * U + ((M + E) * U[:, ::-1])

    return forward, back, [lambda X, U: (X >= X[:, ::-1]) * U, lambda X, U: U]


def window(rng, D):
    k = rng.normal(size=3)

    def corr(X, k):
        P = np.zeros((len(X), D + 2))
        P[:, 1:-1] = X
        return sum(k[i] * P[:, i : i + D] for i in range(3))

    return (
        lambda X: corr(X, k),
        lambda X, U: corr(U, k[::-1]),
        [lambda X, U: corr(U, k), lambda X, U: np.roll(corr(U, k[::-1]), 1, 1)],
    )


def product(rng, D):
    C = rng.normal(size=D)
    forward = lambda X: X * (X @ C)[:, None]
    back = lambda X, U: U * (X @ C)[:, None] + (U * X).sum(1, keepdims=True) * C
    return forward, back, [lambda X, U: U * (X @ C)[:, None], lambda X, U: back(X, U) * 1.01]


OPERATIONS = [
    dense, gain, soft, centre, norm, residual, gather, running, pairmax, window, product,
    elementwise(np.tanh, lambda X: 1 - np.tanh(X) ** 2, lambda X: 1 - np.tanh(X), lambda X: 1 + 0 * X),
    elementwise(sigmoid, lambda X: sigmoid(X) * sigmoid(-X), lambda X: sigmoid(sigmoid(X)) * sigmoid(-sigmoid(X)), sigmoid),
    elementwise(lambda X: np.maximum(X, 0), lambda X: X > 0, lambda X: X < 0, lambda X: 1 + 0 * X),
    elementwise(lambda X: np.where(X > 0, X, np.expm1(np.minimum(X, 0))), lambda X: np.exp(np.minimum(X, 0)), lambda X: X > 0, lambda X: np.exp(-np.abs(X))),
    elementwise(np.sin, np.cos, lambda X: -np.cos(X), np.sin),
    elementwise(lambda X: X**2 / 2, lambda X: X, lambda X: 2 * X, np.abs),
    elementwise(lambda X: np.abs(X), np.sign, lambda X: 1 + 0 * X),
]  # fmt: skip


def program(seed, buggy):
    """Return (f, X, claimed, upstream, size of the bug relative to the gradient)."""
    rng = np.random.default_rng([seed, buggy])
    while True:
        B, D = rng.integers(2, 5), rng.integers(3, 7)
        X, U = rng.normal(size=(B, D)), rng.normal(size=(B, D))
        chosen = rng.choice(len(OPERATIONS), rng.integers(2, 13))
        steps = [OPERATIONS[k](rng, D) for k in chosen]
        bug = int(rng.integers(len(steps))) if buggy else -1
        wrong = steps[bug][2][rng.integers(len(steps[bug][2]))]
        points = [X]
        for forward, _, _ in steps:
            points.append(forward(points[-1]))
        true = claimed = U
        for n in reversed(range(len(steps))):
            back = steps[n][1]
            true = back(points[n], true)
            claimed = (wrong if n == bug else back)(points[n], claimed)
        size = np.max(np.abs(claimed - true)) / (np.max(np.abs(true)) + 1e-300)
        sane = np.abs(points[-1]).max() < 1e6 and 1e-6 < np.abs(true).max() < 1e6
        if sane and (not buggy or size > 1e-4):
            return compose([s[0] for s in steps]), X, claimed, U, size


def compose(forwards):
    """Return the function that applies one forward after the other."""

    def f(X):
        for forward in forwards:
            X = forward(X)
        return X

    return f
