"""The wrong gradients of the ninth fresh set."""

import itertools
import math

import numpy as np

from tests.corpus import fresh_nine as nine
from tests.corpus import wrong
from tests.corpus.fresh_nine import onehot, sigmoid, soft

# --- wrong: formulas


@wrong("upstream")
def wrong_upstream(rng):
    x, G = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    yield "tanh", np.tanh, x, 1 - np.tanh(x) ** 2, G
    W = rng.normal(size=(4, 5))
    yield "product", lambda W: x @ W.T, W, np.ones((3, 4)).T @ x, rng.normal(size=(3, 4))
    back = np.cumsum(np.ones((3, 5)), 1)[:, ::-1]
    yield "running sum", lambda x: np.cumsum(x, 1), x, back, G


@wrong("wrong-shape", "broadcast")
def wrong_broadcast(rng):
    X, b, G = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(5, 3))
    yield "bias not summed", lambda X, b: X + b, (X, b), (G, G), G
    g = rng.normal(size=(5, 1))
    yield "scale of rows not summed", lambda g: X * g, g, G * X, G
    s = np.array(rng.normal())
    yield "one number not summed", lambda s: np.sum(s * X), s, X


@wrong("slight-constant", "constant-factor", "wrong-formula", "wrong")
def wrong_constants(rng):
    x = rng.uniform(0.3, 2, (3, 4)) * rng.choice([-1, 1], (3, 4))
    for digits in (1e-4, 1e-5, 2e-6):
        d = 1 + digits * rng.choice([-1, 1])
        yield f"tanh off by {digits}", lambda x: np.sum(np.tanh(x)), x, d * (1 - np.tanh(x) ** 2)
        yield (
            f"erf off by {digits}",
            lambda x: np.sum(nine.erf(x)),
            x,
            (d * np.exp(-x * x) * 2 / math.sqrt(math.pi)),
        )
    yield "cubes off by 3e-6", lambda x: np.sum(x**3), x, 3.000009 * x**2
    A = rng.normal(size=(4, 4)) + 4 * np.eye(4)
    yield (
        "log determinant off by 5e-6",
        lambda A: np.log(np.linalg.det(A @ A.T)),
        A,
        (2.00001 * np.linalg.inv(A).T),
    )
    yield (
        "Gaussian with 3.1416 for pi",
        lambda x: np.sum(nine.erf(x)),
        x,
        (np.exp(-x * x) * 2 / math.sqrt(3.1416)),
    )


@wrong("one-entry", "some-entries", "all-zero")
def wrong_one_entry(rng):
    x = rng.normal(size=(120, 100))
    c = np.cos(x)
    c[tuple(rng.integers(0, 100, 2))] *= 1.01
    yield "of 12,000, by 1 %", lambda x: np.sum(np.sin(x)), x, c
    y = rng.normal(size=100000)
    e = np.exp(y / 3) / 3
    e[rng.integers(100000)] *= -1
    yield "of 100,000, sign", lambda y: np.sum(np.exp(y / 3)), y, e
    w = 10.0 ** rng.uniform(-3, 3, 20000)
    z = rng.uniform(0.5, 2, 20000)
    d = 2 * w * z
    d[np.argsort(w)[rng.integers(5000)]] = 0.0
    yield "of 20,000, a small one is zero", lambda z: w @ z**2, z, d
    a, b = rng.normal(size=(50, 40)), rng.normal(size=(40, 300))
    G = rng.normal(size=(50, 300))
    D = a.T @ G
    D[tuple(rng.integers(0, 40, 2))] += 0.05
    yield "of 12,000 weights, by 0.05", lambda b: a @ b, b, D, G


@wrong("wrong", "some-entries", "constant-factor", "sign", "all-zero", "one-entry")
def wrong_hidden(rng):
    a, b = rng.normal(size=(3, 4)), rng.uniform(0.5, 2, 5)

    def f(a, b):
        return 1e5 * np.sum(np.sin(a)) + 1e-3 * np.sum(b**3)

    yield "small input, factor 2 for 3", f, (a, b), (1e5 * np.cos(a), 2e-3 * b**2)
    yield "small input, sign", f, (a, b), (1e5 * np.cos(a), -3e-3 * b**2)
    w = 10.0 ** np.linspace(-5, 4, 10)
    x = rng.uniform(0.3, 1, 10)
    g = w * np.cos(x)
    g[0] *= 1.3
    yield "the smallest of ten decades by 30 %", lambda x: w @ np.sin(x), x, g
    yield "tiny function, zero", lambda x: 1e-9 * np.sum(np.exp(x)), x, 0 * x
    h = w * np.cos(x)
    h[1] = 0
    yield "a small entry is zero", lambda x: w @ np.sin(x), x, h


@wrong("not-deterministic")
def wrong_random(rng):
    x = rng.normal(size=(4, 3))
    draw = np.random.default_rng(rng.integers(1000))
    yield "noise of 1e-6", lambda x: np.sum(x * x) + 1e-6 * draw.normal(), x, 2 * x
    yield "dropout", lambda x: np.sum(x * x * (draw.random(x.shape) < 0.8)), x, 2 * x
    count = itertools.count()
    yield "drifts with its calls", lambda x: np.sum(x * x) + 1e-5 * next(count), x, 2 * x


@wrong("ties", "kink", "wrong", "some-entries", "one-entry", "row-or-column")
def wrong_ties(rng):
    x = rng.normal(size=(4, 3))
    x[1] = x[1].max()
    mask = (x == x.max(1, keepdims=True)) * 1.0
    yield "row maxima, three times", lambda x: x.max(1).sum(), x, mask
    a = rng.normal(size=5)
    yield (
        "minimum of two equal arrays",
        lambda a, b: np.minimum(a, b).sum(),
        (a, a.copy()),
        (
            np.ones(5),
            np.ones(5),
        ),
    )
    y = rng.normal(size=(3, 4))
    y[0, 1] = y[2, 2] = 0.0
    yield "ReLU at 0, slope 1.5", lambda y: np.sum(np.maximum(y, 0)), y, (y > 0) + 1.5 * (y == 0)
    yield (
        "absolute value at 0, slope -2",
        lambda y: np.sum(np.abs(y)),
        y,
        (np.sign(y) - 2.0 * (y == 0)),
    )
    e = 10.0 ** rng.uniform(-6, -4, 6) * np.array([1, -1, 1, -1, 1, -1])
    yield "ReLU near 0, slope 0.5", lambda e: np.sum(np.maximum(e, 0)), e, 0.5 * np.ones(6)


@wrong(
    "wrong-formula",
    "derivative-missing",
    "kernel",
    "wrong",
    "sign",
    "region",
    "constant-factor",
    "slight-constant",
)
def wrong_hard(rng):
    x = 10.0 ** rng.uniform(-6, -2, 5)
    yield "logarithm near 0, 1 / (x + 1e-3)", lambda x: np.sum(np.log(x)), x, 1 / (x + 1e-3)
    yield "square root near 0, 1 / sqrt", lambda x: np.sum(np.sqrt(x)), x, 1 / np.sqrt(x)
    k = 10.0 ** rng.uniform(3, 6)
    z = rng.normal(size=6) / k
    s = sigmoid(k * z)
    yield "steep sigmoid, inner factor lost", lambda z: np.sum(sigmoid(k * z)), z, s * (1 - s)
    q = rng.uniform(0.5, 1.5, 5)
    yield "power 80, exponent kept", lambda q: np.sum(q**80), q, 80 * q**80
    c = 10.0 ** rng.uniform(5, 8)
    y = rng.normal(size=(4, 3))
    yield "behind an offset, 2 %", lambda y: np.sum(np.tanh(y)) + c, y, 1.02 * (1 - np.tanh(y) ** 2)
    v = rng.uniform(1e3, 1e4, 7)
    yield (
        "variance over n - 1",
        lambda v: np.mean(v * v) - np.mean(v) ** 2,
        v,
        (2 * (v - v.mean()) / 6),
    )


@wrong(
    "wrong-formula", "constant-factor", "slight-constant", "wrong", "sign", "kernel", "off-diagonal"
)
def wrong_few_digits(rng):
    X, W, G = rng.normal(size=(6, 5)), rng.normal(size=(4, 5)), rng.normal(size=(6, 4))
    yield (
        "float32 product by 1 %",
        lambda W: nine.single(X) @ nine.single(W).T,
        nine.single(W),
        (nine.single(1.01 * G.T @ X)),
        nine.single(G),
    )
    x = nine.single(rng.normal(size=(3, 7)))
    s, u = soft(x.astype(float)), rng.normal(size=(3, 7))
    yield "float32 softmax, diagonal only", lambda x: soft(nine.single(x)), x, s * (1 - s) * u, u
    y, q = rng.normal(size=(3, 4)), 10.0 ** rng.uniform(-9, -7)
    yield (
        "rounded to 1e-9 to 1e-7, by 2 %",
        lambda y: nine.coarse(np.sum(np.sin(y)), q),
        y,
        (0.98 * np.cos(y)),
    )
    yield "noise of 1e-8, sign", lambda y: nine.noisy(np.sum(np.exp(y)), 1e-8), y, -np.exp(y)
    w = rng.uniform(1, 2, 5)
    yield "half precision, factor 2", lambda w: np.sum(nine.half(w) ** 2) * 1.0, w, w


@wrong("wrong", "wrong-formula", "transposed", "sign", "missing-term", "kernel", "constant-factor")
def wrong_algebra(rng):
    A, B, G = (
        rng.normal(size=(4, 4)) + 4 * np.eye(4),
        rng.normal(size=(4, 2)),
        rng.normal(size=(4, 2)),
    )
    D = np.linalg.solve(A.T, G)
    Y = np.linalg.solve(A, B)
    yield "solve, sign of dA", lambda A, B: np.linalg.solve(A, B), (A, B), (D @ Y.T, D), G
    yield (
        "log determinant, not transposed",
        lambda A: np.log(np.linalg.det(A @ A.T)),
        A,
        (2 * np.linalg.inv(A)),
    )
    yield (
        "inverse, sandwich not transposed",
        lambda A: np.linalg.inv(A),
        A,
        (-np.linalg.inv(A) @ G @ G.T @ np.linalg.inv(A)),
        G @ G.T,
    )
    M = rng.normal(size=(3, 5))
    values, Q = np.linalg.eigh(M @ M.T)
    yield (
        "eigenvalue, half",
        lambda M: np.linalg.eigvalsh(M @ M.T)[-1],
        M,
        (np.outer(Q[:, -1], Q[:, -1] @ M)),
    )
    yield "norm, not divided", lambda M: np.sqrt(np.sum(M**2)), M, M


@wrong("missing-term", "wrong", "not-accumulated", "shifted", "permuted", "wrong-formula", "kernel")
def wrong_order(rng):
    w, y, p = rng.normal(size=9), rng.normal(size=9), rng.uniform(0.5, 2, 9)
    yield "sort, weights not sent back", lambda y: np.sort(y) @ w, y, w
    turned = np.roll(np.sort(y), rng.integers(1, 9))  # its order is not its own inverse
    back = w[np.argsort(turned)]
    yield "sort, inverse permutation missing", lambda y: np.sort(y) @ w, turned, back
    P = np.cumprod(p)
    yield "running product, last use only", lambda p: np.cumprod(p) @ w, p, P * w / p
    E, i, G = rng.normal(size=(4, 3)), rng.integers(0, 4, 9), rng.normal(size=(9, 3))
    dE = np.zeros_like(E)
    dE[i] += G
    yield "embedding, += loses repetitions", lambda E: E[i], E, dE, G
    lost = np.where(np.maximum.accumulate(y) == y, w, 0)
    yield "running maximum, one use", lambda y: np.maximum.accumulate(y) @ w, y, lost
    X, U = rng.normal(size=(5, 3)), rng.normal(size=(3, 3)) / 2

    def rnn(U):
        h = np.zeros(3)
        for x in X:
            h = np.tanh(x + U @ h)
        return h.sum()

    h = np.zeros(3)
    for t in X[:-1]:
        h = np.tanh(t + U @ h)
    last = np.outer(1 - np.tanh(X[-1] + U @ h) ** 2, h)
    yield "RNN, last step only", rnn, U, last


@wrong(
    "negative",
    "missing-term",
    "region",
    "wrong-formula",
    "wrong",
    "some-entries",
    "constant-factor",
    "kernel",
)
def wrong_piecewise(rng):
    y = rng.normal(size=(3, 5)) * 2
    e = np.exp(np.minimum(y, 0))
    yield (
        "ELU, 1 + value",
        lambda y: np.sum(np.where(y > 0, y, e_(y))),
        y,
        np.where(y > 0, 1, e - 1),
    )
    m = np.abs(y) < 1
    huber = np.where(m, y, 1.0)
    yield (
        "Huber, sign lost outside",
        lambda y: np.sum(np.where(np.abs(y) < 1, y * y / 2, np.abs(y))),
        (y),
        huber,
    )
    x = rng.uniform(-3, 3, (3, 5))
    yield (
        "hard swish, x / 6 forgotten",
        lambda x: np.sum(x * np.clip(x + 3, 0, 6) / 6),
        x,
        (x + 3) / 6,
    )
    n = rng.uniform(1, 5, 6)
    yield "log gamma, log for digamma", lambda n: np.sum(nine.lgamma(n)), n, np.log(n)


def e_(y):
    return np.exp(np.minimum(y, 0 * y)) - 1


@wrong("nan", "wrong-count", "wrong-shape", "all-zero", "swapped", "transposed", "dtype")
def wrong_form(rng):
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    yield "one of two missing", lambda a, b: np.sum(a * b), (a, b), (b,)
    yield "swapped", lambda a, b: np.sum(a * a * b), (a, b), (a * a, 2 * a * b)
    g = 2 * a
    g[1, 2] = np.nan
    yield "one NaN", lambda a: np.sum(a**2), a, g
    yield "transposed", lambda a: np.sum(a**2), a, 2 * a.T
    yield "complex claim", lambda a: np.sum(a**2), a, 2 * a + 1j
    yield "whole numbers", lambda a: np.sum(5 * a**2), a, (10 * a).astype(int)


@wrong("missing-mean", "constant-factor", "sign", "at-activation", "derivative-missing", "kernel")
def wrong_plain(rng):
    X, W, T = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    Y = onehot(rng.integers(0, 4, 5), 4)
    Z = X @ W.T

    def cross_entropy(Z):
        return -np.sum(Y * np.log(soft(Z))) / 5

    yield "cross-entropy, no mean", cross_entropy, Z, soft(Z) - Y
    yield "cross-entropy, sign", cross_entropy, Z, (Y - soft(Z)) / 5
    A = np.tanh(Z)

    def loss(W):
        return np.sum((np.tanh(X @ W.T) - T) ** 2) / 2

    yield "derivative at the activation", loss, W, ((A - T) * (1 - np.tanh(A) ** 2)).T @ X
    yield "derivative missing", loss, W, (A - T).T @ X
    yield "mean square, half", lambda A: np.mean((A - T) ** 2), A, (A - T) / 20
