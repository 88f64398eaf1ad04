"""The tenth fresh set's traps: places where differences mislead, right and wrong claims beside."""

import functools
import math

import numpy as np

from tests.corpus import right, wrong
from tests.corpus.fresh_nine import onehot, sigmoid, single, soft
from tests.corpus.fresh_ten import lse

# --- right


@right("stationary")
def right_stationary(rng):
    X, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    yield (
        "least squares at their optimum, claim of 1e-15",
        lambda w: np.sum((X @ w - y) ** 2),
        w,
        2 * X.T @ (X @ w - y),
    )
    W, b, G = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(9, 4))

    def whiten(b):
        Z = X @ W.T + b
        return (Z - Z.mean(0)) / Z.std(0)

    Z = X @ W.T + b
    N = (Z - Z.mean(0)) / Z.std(0)
    D = (G - G.mean(0) - N * (G * N).mean(0)) / Z.std(0)
    yield "bias before a batch normalization, claim of 1e-16", whiten, b, D.sum(0), G
    flat = np.zeros(5)
    yield "fourth powers at 0", lambda x: np.sum(x**4), flat, flat
    yield "cosine at 0, claim -0", lambda x: np.sum(np.cos(x)), flat, -flat
    bump = lambda x: np.sum(np.exp(-1 / np.maximum(x * x, 1e-300)))
    yield "exp(-1 / x^2) at 0", bump, flat, flat
    z = rng.normal(size=6)
    shift = lambda c: lse(z + c) - c
    yield "softmax does not see a shift", shift, rng.normal(), soft(z).sum() - 1
    p = soft(z)
    yield (
        "entropy at its maximum",
        lambda q: -np.sum(soft(q) * np.log(soft(q))),
        np.ones(4),
        np.zeros(4),
    )
    yield "divergence from itself", lambda z: np.sum(p * np.log(p / soft(z))), z, soft(z) - p
    x = rng.uniform(-0.4, 0.4, 6) + rng.integers(-3, 4, 6)
    yield "rounding, slope 0", lambda x: np.sum(np.round(x)), x, 0 * x
    A, t = rng.normal(size=(6, 3)), rng.integers(0, 3, 6)
    yield "accuracy, slope 0", lambda A: np.mean(A.argmax(1) == t), A, 0 * A
    near = rng.integers(-3, 4, 6) + 0.5 + 10.0 ** rng.uniform(-5, -3, 6) * rng.choice([-1, 1], 6)
    yield "rounding near its jumps", lambda x: np.round(x) @ z, near, 0 * x


@right("dense-kinks")
def right_dense_kinks(rng):
    A, b, x = rng.normal(size=(3000, 3)), rng.normal(size=3000), rng.normal(size=3)
    yield (
        "least modulus over 3,000 rows",
        lambda x: np.mean(np.abs(A @ x - b)),
        x,
        np.sign(A @ x - b) @ A / 3000,
    )
    u, v = rng.normal(size=500), rng.normal(size=500) + 0.3
    sign = np.empty(500)
    sign[np.argsort(u)] = np.sign(np.sort(u) - np.sort(v))
    yield (
        "transport in one dimension, 500 points",
        lambda u: np.mean(np.abs(np.sort(u) - np.sort(v))),
        u,
        sign / 500,
    )
    pairs = lambda u: np.mean(np.maximum(0, 1 - (u[:60, None] - v[:60])))
    live = (u[:60, None] - v[:60] < 1) / 3600
    yield "ranking hinge over 3,600 pairs", pairs, u[:60], -live.sum(1)
    yield (
        "sawtooth of period 1e-3",
        lambda x: np.sum(x % 1e-3),
        1e-3 * (rng.integers(0, 900, 4) + rng.uniform(0.2, 0.8, 4)),
        np.ones(4),
    )
    turn = np.pi - 10.0 ** rng.uniform(-6, -3, 4)
    wrap = lambda a: np.sum(((a + np.pi) % (2 * np.pi) - np.pi) ** 2)
    yield "angle near its wrap", wrap, turn, 2 * turn
    knots, h = np.arange(6.0), rng.normal(size=6)
    mix = rng.uniform(0, 1, 3)
    s = np.diff(h)
    yield (
        "np.interp exactly at knots",
        lambda t: np.sum(np.interp(t, knots, h)),
        np.array([1.0, 2.0, 4.0]),
        (mix * s[[0, 1, 3]] + (1 - mix) * s[[1, 2, 4]]),
    )
    c = 10.0 ** rng.uniform(-9, -5, 5) * rng.choice([-1, 1], 5)
    yield (
        "root of the modulus near 0",
        lambda c: np.sum(np.sqrt(np.abs(c))),
        c,
        0.5 * np.sign(c) / np.sqrt(np.abs(c)),
    )
    yield "cube root near 0", lambda c: np.sum(np.cbrt(c)), c, np.cbrt(c) / c / 3


@right("ripple")
def right_ripple(rng):
    x = rng.uniform(-1, 1, 5)
    ripple = lambda x: np.sum(x) + 1e-5 * np.sum(np.sin(1e5 * x))
    yield "ripple of 1e-5 at frequency 1e5", ripple, x, 1 + np.cos(1e5 * x)
    step = x + 0.3e-5
    needle = lambda x: np.sum(x * x) + 1e-5 * np.sum(np.tanh(1e5 * (x - step)))
    yield "step of 1e-5, width 1e-5", needle, x, 2 * x + 1 - np.tanh(1e5 * (x - step)) ** 2
    r = rng.uniform(3.7, 4.0, 3)

    def chaos(r):
        v, d = 0.4 + 0 * r, 0 * r
        for _ in range(20):
            v, d = r * v * (1 - v), v * (1 - v) + r * (1 - 2 * v) * d
        return v, d

    yield "logistic map in chaos, 20 steps", lambda r: np.sum(chaos(r)[0]), r, chaos(r)[1]


@right("edge-of-numbers")
def right_edges(rng):
    x = rng.uniform(0.1, 0.6, 1)
    yield "exponential at 709, overflows above", lambda x: np.exp(x).sum(), 709 + x, np.exp(709 + x)
    yield "hyperbolic cosine at 709", lambda x: np.cosh(x).sum(), -709 - x, np.sinh(-709 - x)
    yield "square at 1e153", lambda x: np.sum(x * x), np.array([1e153]), np.array([2e153])
    yield (
        "arc cosh near 1",
        lambda u: np.sum(np.arccosh(u)),
        1 + x * 1e-5,
        1 / np.sqrt((x * 1e-5) * (2 + x * 1e-5)),
    )
    z = rng.normal(size=6)
    z[[1, 4]] = -np.inf
    yield "logits, two of them -inf", lambda z: lse(z), z, soft(z)
    X = rng.normal(size=(5, 3))
    X[1, 2] = X[3, 0] = np.nan
    w = rng.normal(size=3)
    seen = np.where(np.isnan(X), 0, X)
    fill = lambda w, X: np.sum(np.sin(np.nansum(X * w, 1)))
    yield "missing values in the data, None", fill, (w, X), (np.cos(seen @ w) @ seen, None)
    yield "empty batch", lambda X: np.sum(X**2), np.zeros((0, 3)), np.zeros((0, 3))

    def strict(p):
        with np.errstate(all="raise"):
            return np.sum(np.log(p))

    p = 10.0 ** rng.uniform(-6, -2, 4)
    yield "logarithm that raises for bad numbers", strict, p, 1 / p

    def careful(p):
        if not (p > 0).all() or not (p < 1).all():
            raise ValueError("probabilities lie between 0 and 1")
        return np.sum(np.log(p / (1 - p)))

    yield "logit that refuses what is no probability", careful, p, 1 / p / (1 - p)
    A = np.diag(10.0 ** -np.arange(0, 8, 2.0)) + 0 * x
    pd = lambda d: np.sum(np.log(np.diag(np.linalg.cholesky(np.diag(d)))))
    yield "Cholesky that raises below 0", pd, np.diag(A), 0.5 / np.diag(A)


@right("style")
def right_styles(rng):
    x, w = rng.normal(size=6), rng.normal(size=6)

    def loops(x):
        total = 0
        for i in range(len(x)):
            for j in range(i):
                total += x[i] * x[j]
        return total

    yield "loops over pairs", loops, x, x.sum() - x

    class Model:
        def __init__(self):
            self.calls = []

        def loss(self, x):
            self.calls.append(x)
            return float(np.dot(w, x**2))

    yield "bound method that keeps all its points", Model().loss, x, 2 * w * x
    yield "partial", functools.partial(np.dot, w), x, w
    yield (
        "through a list of numbers",
        lambda x: math.fsum(math.sin(v) for v in x.tolist()),
        x,
        np.cos(x),
    )
    yield "a matrix assembled by indices", assembled, x, 2 * x * np.array([1, 4, 9, 16, 25, 36])
    both = lambda x: np.concatenate([x, x**2])
    G = rng.normal(size=12)
    yield "concatenation", both, x, G[:6] + 2 * x * G[6:], G
    yield (
        "float32 point of 1e-30",
        lambda x: np.sum(np.log(np.abs(x))),
        single(1e-30 * (np.abs(x) + 1)),
        (1e30 / (np.abs(x) + 1)),
    )
    big = rng.normal(size=100000)
    wide = np.zeros(100000)
    wide[[5, 777, 99999]] = 1.0, -2.0, 3.0
    yield (
        "100,000 outputs, three of them asked for",
        np.tanh,
        big,
        wide * (1 - np.tanh(big) ** 2),
        wide,
    )


def assembled(x):
    M = np.zeros((6, 6))
    for i, v in enumerate(x):
        M[i, 5 - i] = (i + 1) * v
    return np.trace(M @ M.T)


# --- wrong


@wrong("all-zero", "wrong", "wrong-formula")
def wrong_aliased(rng):
    x = rng.uniform(-1, 1, 5)
    wave = lambda x: np.sum(np.sin(2 * np.pi * 1e4 * x))
    yield "sine of period 1e-4, claim 0", wave, x, 0 * x
    saw = lambda x: np.sum(np.abs(1e3 * x % 1 - 0.5))
    yield "triangle wave of period 1e-3, claim 0", saw, x, 0 * x


@wrong("missing-term", "wrong-formula", "constant-factor")
def wrong_ripple(rng):
    x = rng.uniform(-1, 1, 5)
    ripple = lambda x: np.sum(x) + 1e-5 * np.sum(np.sin(1e5 * x))
    yield "ripple of 1e-5 forgotten", ripple, x, np.ones(5)
    step = x + 0.3e-5
    needle = lambda x: np.sum(x * x) + 1e-5 * np.sum(np.tanh(1e5 * (x - step)))
    yield "step of 1e-5 forgotten", needle, x, 2 * x
    steep = lambda x: np.sum(x) + np.sum(sigmoid(1e6 * (x - x0)))
    x0 = x + 1e-7
    yield "steep step forgotten", steep, x, np.ones(5)


@wrong("wrong", "random", "missing-term")
def wrong_stationary(rng):
    flat = np.zeros(5)
    yield "squares at 0, 1e-3", lambda x: np.sum(x * x), flat, 1e-3 * rng.uniform(1, 2, 5)
    X, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    off = 1e-5 * rng.uniform(1, 2, 3)
    yield "least squares at their optimum, 1e-5", lambda w: np.sum((X @ w - y) ** 2), w, off
    yield (
        "sum of the exponentials at 0, 1 + 1e-4 noise",
        lambda x: np.sum(np.exp(x)),
        flat,
        1 + 1e-4 * rng.uniform(1, 2, 5),
    )


@wrong("one-entry", "some-entries", "region")
def wrong_one(rng):
    x, w = rng.normal(size=100000), rng.uniform(1, 2, 100000)
    g = w * np.exp(x / 9) / 9
    g[rng.integers(100000)] += 0.002
    yield "of 100,000, by 0.002", lambda x: w @ np.exp(x / 9), x, g
    z = np.array([9.0, 0, -1, -2, -12, -13])
    s = soft(z) - onehot(0, 6)
    s[5] *= -1
    yield "a probability of 1e-10, sign", lambda z: lse(z) - z[0], z, s
    A, b, y = rng.normal(size=(500, 4)), rng.normal(size=500), rng.normal(size=4)
    d = np.sign(A @ y - b) @ A / 500
    d[2] += 0.02
    yield "least modulus over 500 rows, one by 0.02", lambda y: np.mean(np.abs(A @ y - b)), y, d
    many = tuple(rng.normal(size=(3, 2)) for _ in range(12))
    c = [np.cos(a) for a in many]
    c[7][1, 1] *= 1.001
    yield "twelve inputs, one entry by 0.1 %", lambda *a: np.sum(np.sin(a)), many, tuple(c)
    r = rng.normal(size=20)
    r[4] = 0.0
    k = np.sign(r)
    k[11] *= 1.0001
    yield "modulus at 0, elsewhere one by 1e-4", lambda r: np.sum(np.abs(r)), r, k


@wrong("upstream", "transposed", "wrong-formula")
def wrong_upstream(rng):
    X, G = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    slope = 1 - np.tanh(X) ** 2
    yield "upstream transposed", np.tanh, X, G.T * slope, G
    yield "upstream's sign only", np.tanh, X, np.sign(G) * slope, G
    yield "upstream squared", np.tanh, X, G * G * slope, G
    yield "upstream's first row for all", np.tanh, X, G[0] * slope, G
    yield "upstream's mean for all", np.tanh, X, G.mean() * slope, G


@wrong("negative", "region", "some-entries")
def wrong_where(rng):
    x = rng.uniform(0.2, 2, 12) * np.array([1, -1] * 6)
    G = np.array([1.0, -1.0, -1.0, 1.0] * 3) * rng.uniform(0.5, 2, 12)
    yield (
        "modulus cubed, its own sign twice",
        lambda x: np.sum(np.abs(x) ** 3),
        x,
        3 * x * x,
    )
    s = np.where(x > 0, 1, 0.01)
    yield "leaky ReLU, 0.01 for 0.02", lambda x: np.where(x > 0, x, 0.02 * x), x, G * s, G
    yield (
        "softsign, modulus forgotten",
        lambda x: x / (1 + np.abs(x)),
        x,
        G / (1 + np.maximum(x, 0)) ** 2,
        G,
    )
    big = np.array([0.5, 0.8, -0.3, 5.0, 7.0, -6.0, 4.0, 0.1])
    yield (
        "smooth L1, slope x outside",
        lambda x: np.sum(np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5)),
        big,
        big,
    )


@wrong("slight-constant", "constant-factor", "wrong-formula")
def wrong_digits(rng):
    X, W, G = rng.normal(size=(6, 5)), rng.normal(size=(4, 5)), rng.normal(size=(6, 4))
    yield "float32 product by 0.1 %", lambda W: single(X) @ single(W).T, W, 1.001 * G.T @ X, G
    x = rng.uniform(0.5, 2, 6)
    yield "behind 1e6, by 1e-4", lambda x: 1e6 + np.sum(np.exp(x)), x, 1.0001 * np.exp(x)
    yield "wave of 1e4 by 1e-5", lambda x: np.sum(np.sin(1e4 * x)), x, 1.00001e4 * np.cos(1e4 * x)
    yield (
        "cube root near 0, by 1e-4",
        lambda c: np.sum(np.cbrt(c)),
        1e-7 * x,
        1.0001 * np.cbrt(1e-7 * x) / (3e-7 * x),
    )
    yield "values of 1e150, by 1e-5", lambda x: 1e150 * np.sum(np.log(x)), x, 1.00001e150 / x
    p = 10.0 ** rng.uniform(-6, -2, 4)
    yield "math.log near 0, by 1e-5", lambda p: sum(math.log(v) for v in p), p, 1.00001 / p
