"""The tenth fresh set's wrong gradients that hide: constants, corners, few digits, many entries."""

import math

import numpy as np

from tests.corpus import wrong
from tests.corpus.fresh_nine import coarse, erf, half, noisy, onehot, sigmoid, single, soft
from tests.corpus.fresh_ten import equilibrium
from tests.corpus.wrong_fresh_ten import signed


@wrong("slight-constant", "constant-factor")
def wrong_constants(rng):
    x, p = signed(rng, 3, 4), rng.uniform(0.5, 3, (3, 4))
    bell = np.exp(-x * x)
    yield "2 / root of 3.1416", lambda x: np.sum(erf(x)), x, 2 / math.sqrt(3.1416) * bell
    yield "0.6931 for log 2", lambda x: np.sum(2**x), x, 0.6931 * 2**x
    yield "0.43429 for log10 e", lambda p: np.sum(np.log10(p)), p, 0.43429 / p
    yield (
        "0.39894 for the normal's height",
        lambda x: np.sum(erf(x / 2**0.5)) / 2,
        x,
        0.39894 * np.exp(-x * x / 2),
    )
    yield (
        "0.017453 for a degree",
        lambda x: np.sum(np.sin(np.deg2rad(90 * x))),
        x,
        (90 * 0.017453 * np.cos(np.deg2rad(90 * x))),
    )
    G = rng.normal(size=(3, 4))
    yield (
        "0.33333 for a third",
        lambda x: np.cumsum(x**3, 1) / 3,
        x,
        (0.33333 * 3 * x**2 * np.cumsum(G[:, ::-1], 1)[:, ::-1]),
        G,
    )
    for size in (1e-4, 1e-5, 3e-6, 1.5e-6):
        d = 1 + size * rng.choice([-1, 1])
        yield (
            f"sigmoid off by {size:g}",
            lambda x: np.sum(sigmoid(x)),
            x,
            d * sigmoid(x) * sigmoid(-x),
        )
        A = rng.normal(size=(3, 3)) + 3 * np.eye(3)
        H = rng.normal(size=(3, 3))
        V = np.linalg.inv(A).T
        yield f"inverse off by {size:g}", np.linalg.inv, A, -d * V @ H @ V, H
    n = rng.normal(size=1001)
    yield "variance of 1001 over n - 1", lambda n: np.var(n), n, 2 * (n - n.mean()) / 1000


@wrong("wrong-formula", "wrong", "missing-term")
def wrong_slight_formula(rng):
    x = signed(rng, 3, 4)
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    gelu = lambda x: np.sum(0.5 * x * (1 + np.tanh(c * (x + 0.044715 * x**3))))
    yield (
        "tanh GELU, 0.0447 in the derivative",
        gelu,
        x,
        (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.0447 * x * x)),
    )
    G = rng.normal(size=(3, 4))
    d = x - x.mean(1, keepdims=True)

    def back(eps):
        s = np.sqrt((d * d).mean(1, keepdims=True) + eps)
        N = d / s
        return (G - G.mean(1, keepdims=True) - N * (G * N).mean(1, keepdims=True)) / s

    norm = lambda x: (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-3)
    yield "layer normalization, another epsilon behind", norm, x, back(1e-5), G
    exact = 0.5 * (1 + erf(x / math.sqrt(2))) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    yield "tanh GELU with the exact one's derivative", gelu, x, exact
    yield (
        "swish 1.702 for GELU",
        lambda x: np.sum(x * 0.5 * (1 + erf(x / 2**0.5))),
        x,
        (sigmoid(1.702 * x) * (1 + 1.702 * x * (1 - sigmoid(1.702 * x)))),
    )
    y = rng.uniform(0.2, 0.5, 6)
    yield "sine for small angles", lambda y: np.sum(np.sin(y)), y, 1 - y**2 / 2
    W = rng.normal(size=(3, 4))
    elastic = lambda W: np.sum(W * W) + 1e-4 * np.sum(np.abs(W))
    yield "L1 of 1e-4 forgotten beside L2", elastic, W, 2 * W


@wrong("wrong-formula", "derivative-missing", "not-accumulated")
def wrong_unrolled(rng):
    W, x, u = rng.normal(size=(4, 4)) / 6, rng.normal(size=4), rng.normal(size=4)
    slope = 1 - equilibrium(W, x) ** 2
    yield "equilibrium, one step only", lambda x: u @ equilibrium(W, x), x, u * slope
    r, y = rng.uniform(0.3, 1, 4), rng.normal(size=4)

    def euler(r):
        v = y
        for _ in range(20):
            v = v + r * v / 20
        return v.sum()

    yield "Euler's steps, the exact flow's derivative", euler, r, y * np.exp(r)


@wrong("one-entry", "some-entries")
def wrong_one(rng):
    w = rng.uniform(0.5, 2, 40000)
    x = rng.normal(size=40000)
    c = w * (1 - np.tanh(x) ** 2)
    c[rng.integers(40000)] += 0.02
    yield "of 40,000, by 0.02", lambda x: w @ np.tanh(x), x, c
    E, i = rng.normal(size=(5000, 4)), rng.permutation(5000)[:50]
    G = rng.normal(size=(50, 4))
    dE = np.zeros((5000, 4))
    dE[i] = G
    dE[(i[0] + 1) % 5000 if (i[0] + 1) % 5000 not in i else i[1], 2] += 0.7
    yield "of an embedding, a word that was not read", lambda E: E[i], E, dE, G
    K = rng.normal(size=(3, 3))
    k = 2 * K
    k[1, 1] = K[1, 1]
    yield "of nine, without its 2", lambda K: np.sum(K * K), K, k
    y = rng.normal(size=3000)
    e = np.exp(y)
    e[rng.integers(3000)] *= 1.01
    yield "of 3,000, by 1 %", lambda y: np.sum(np.exp(y)), y, e
    z = rng.normal(size=(100, 100))
    s = -np.sin(z)
    s[7, 8], s[8, 7] = s[8, 7], s[7, 8]
    yield "two of 10,000 exchanged", lambda z: np.sum(np.cos(z)), z, s
    a = rng.normal(size=(60, 50))
    b = 2.0 * a
    b[rng.integers(60), rng.integers(50)] = 0
    yield "of 3,000, left at 0", lambda a: np.sum(a**2), a, b


@wrong("one-entry", "slight-constant", "constant-factor", "region")
def wrong_hidden(rng):
    W, b, g = rng.normal(size=(3, 3)), rng.uniform(0.5, 1, 3), rng.uniform(0.5, 1)
    f = lambda W, b, g: 1e6 * np.sum(np.tanh(W)) + np.sum(np.sin(b)) + 1e-3 * np.exp(g)
    dW = 1e6 * (1 - np.tanh(W) ** 2)
    yield "1e6 beside: small number by 20 %", f, (W, b, g), (dW, np.cos(b), 1.2e-3 * np.exp(g))
    yield "1e6 beside: middle by 1 %", f, (W, b, g), (dW, 0.99 * np.cos(b), 1e-3 * np.exp(g))
    x = rng.uniform(0.5, 1.5, 9) * 10.0 ** np.arange(-4, 5)
    d = 2 * x
    d[1] *= 1.1
    yield "squares of nine decades, a small one by 10 %", lambda x: np.sum(x * x), x, d
    c = 10.0 ** rng.uniform(-8, -6)
    y = np.append(rng.normal(size=9), 0.8)
    e = np.append(np.cos(y[:9]), 1.5 * c * np.cos(0.8))
    h = np.append(np.ones(9), c)
    yield "an entry of 1e-8 to 1e-6 by half", lambda y: h @ np.sin(y), y, e


@wrong("all-zero", "one-entry", "some-entries")
def wrong_zero(rng):
    x = signed(rng, 3, 4)
    yield "detached", lambda x: np.sum(x**2), x, np.zeros((3, 4))
    yield "small but not 0", lambda x: 1e-15 * np.sum(x**2), x, np.zeros((3, 4))
    f = lambda a, b: np.sum(a * b) + 1e-6 * np.sum(b**3)
    yield "second input's gradient never set", f, (x, x + 1), (x + 1, np.zeros((3, 4)))
    yield "number without gradient", lambda s: math.exp(s), np.array(0.3), np.array(0.0)
    yield "tiny upstream", np.tanh, x, np.zeros((3, 4)), 1e-120 * x


@wrong("random", "wrong")
def wrong_random(rng):
    x = signed(rng, 5, 4)
    yield "drawn anew", lambda x: np.sum(np.exp(x)), x, rng.normal(size=(5, 4))
    W, T = rng.normal(size=(4, 4)), rng.normal(size=(5, 4))
    yield (
        "the update of another layer",
        lambda W: np.sum((x @ W.T - T) ** 2),
        W,
        rng.normal(size=(4, 4)) * 3,
    )


@wrong("ties", "kink", "wrong")
def wrong_ties(rng):
    A = np.maximum(rng.normal(size=(1, 4, 4)), 0.1)
    A[0, :2, :2] = 0.0
    A[0, 2:, 2:] = 1.5
    big = A.reshape(1, 2, 2, 2, 2).max((2, 4)).repeat(2, 1).repeat(2, 2)
    G = rng.uniform(0.5, 2, (1, 2, 2))
    pool = lambda A: A.reshape(1, 2, 2, 2, 2).max((2, 4))
    yield "max pooling, every tie in full", pool, A, (big == A) * G.repeat(2, 1).repeat(2, 2), G
    c = np.full(5, rng.normal())
    yield "maximum of a constant, nowhere", np.max, c, np.zeros(5)
    yield "maximum of a constant, shares of 1/4", np.max, c, np.full(5, 0.25)
    yield "minimum of a constant, one share negative", np.min, c, np.array([1.5, -0.5, 0, 0, 0])
    x = np.array([0.3, 2.0, 2.0, -1.0])
    yield (
        "largest two of which three tie, all three",
        lambda x: np.sort(x)[-2:].sum(),
        np.append(x, 2.0),
        (np.array([0, 1.0, 1.0, 0, 1.0])),
    )
    yield (
        "maximum of a constant, sum 1 and one negative",
        np.max,
        c,
        np.array([0.8, 0.8, -0.6, 0, 0]),
    )


@wrong("kink", "wrong", "one-entry")
def wrong_kinks(rng):
    x, w = rng.normal(size=6), rng.uniform(0.5, 2, 6)
    x[3] = 0.0
    at = onehot(3, 6)
    yield "modulus at 0, slope 3", lambda x: w @ np.abs(x), x, w * (np.sign(x) + 3 * at)
    yield "ReLU at 0, slope -0.2", lambda x: w @ np.maximum(x, 0), x, w * ((x > 0) - 0.2 * at)
    tau = rng.uniform(0.2, 0.8)
    q = lambda x: np.sum(np.maximum(tau * x, (tau - 1) * x))
    yield "quantile loss at 0, slope 1", q, x, np.where(x > 0, tau, tau - 1) + at * (2 - tau)
    yield (
        "hinge at margin 1, slope -1.5",
        lambda x: np.mean(np.maximum(0, -x)),
        x,
        (x < 0) / -6 - 1.5 * at / 6,
    )
    y = np.array([1.0, 0.2, -1.0])
    huber = lambda y: np.sum(np.where(np.abs(y) <= 1, y * y / 2, np.abs(y) - 0.5))
    yield "Huber at its corner, 0", huber, y, np.array([0.0, 0.2, -1.0])
    yield (
        "squared ReLU at 0, slope 1",
        lambda x: np.sum(np.maximum(x, 0) ** 2),
        x,
        2 * np.maximum(x, 0) + at,
    )
    yield (
        "soft threshold, slope 2 at its edge",
        lambda x: np.sum(np.maximum(x - 0.5, 0)),
        x + 0.5,
        (x > 0) + 2 * at,
    )


@wrong("kink", "wrong", "ties")
def wrong_corners(rng):
    R = rng.normal(size=(4, 3))
    R[1] = 0.0
    n = np.linalg.norm(R, axis=1, keepdims=True)
    unit = np.divide(R, n, out=np.ones((4, 3)), where=n > 0)
    yield "group at 0 takes (1, 1, 1)", lambda R: np.linalg.norm(R, axis=1).sum(), R, unit
    ball = lambda x: np.sqrt(np.sum(x * x))
    yield (
        "norm at the origin, a vector of length 1.5",
        ball,
        np.zeros(4),
        np.array([0.9, -0.9, 0.6, 0.54]),
    )
    tv = lambda x: np.abs(np.diff(x)).sum()
    yield "total variation of a constant, slope 1 for all", tv, np.full(6, 0.7), np.ones(6)


@wrong("wrong", "wrong-formula", "kink", "all-zero")
def wrong_near(rng):
    e = 10.0 ** rng.uniform(-6, -3, 6) * np.array([1, -1, 1, -1, 1, -1])
    w = rng.uniform(0.5, 2, 6)
    yield "modulus near 0, slope 0", lambda e: w @ np.abs(e), e, 0 * w
    yield "hinge near its margin, half slope", lambda e: w @ np.maximum(0, 1 - e), 1 + e, -w / 2
    a = rng.normal(size=6)
    pair = lambda a, b: np.maximum(a, b) @ w
    yield "maximum of near vectors, half each", pair, (a, a + e), (w / 2, w / 2)
    z = rng.uniform(0.2, 2, 6) * 1e-5
    smooth = lambda z: np.sum(np.sqrt(z * z + 1e-10))
    yield "smooth modulus taken for a sharp one", smooth, z, np.sign(z)


@wrong("wrong-formula", "constant-factor", "slight-constant", "derivative-missing")
def wrong_steep(rng):
    k, z = 10.0 ** rng.uniform(3, 6), signed(rng, 5)
    yield "arctan of k x, inner k lost", lambda x: np.sum(np.arctan(k * x)), z / k, 1 / (1 + z * z)
    wave = lambda x: np.sum(np.sin(1e4 * x))
    yield "sine of 10,000 x, its frequency lost", wave, z, np.cos(1e4 * z)
    yield "sine of 10,000 x by 1 %", wave, z, 1.01e4 * np.cos(1e4 * z)
    q = rng.uniform(0.9, 1.1, 5)
    yield "power 300, exponent 300", lambda q: np.sum(q**300), q, 300 * q**300
    d = 10.0 ** rng.uniform(-5, -2, 4)
    t = np.pi / 2 - d
    yield "tangent near its pole, 1 / cos", lambda t: np.sum(np.tan(t)), t, 1 / np.cos(t)
    p = 10.0 ** rng.uniform(-6, -3, 5)
    yield "math.log near 0, log for 1 / p", lambda p: sum(math.log(v) for v in p), p, np.log(p)
    yield "root near 0, twice", lambda p: sum(map(math.sqrt, p)), p, 1 / np.sqrt(p)
    yield "entropy near 0, sign inside", lambda p: -np.sum(p * np.log(p)), p, np.log(p) - 1


@wrong("constant-factor", "slight-constant", "wrong-formula", "sign")
def wrong_digits(rng):
    x, w = signed(rng, 3, 4), rng.uniform(0.5, 2, (3, 4))
    yield (
        "float32 norm by 3 %",
        lambda x: np.linalg.norm(single(x)),
        x,
        1.03 * x / np.linalg.norm(x),
    )
    yield "float32 sines, sign", lambda x: np.sum(np.sin(single(x))), x, single(-np.cos(x))
    yield "float16 sum, half", lambda x: np.sum(half(x) ** 2), x, x
    c = 10.0 ** rng.uniform(5, 8)
    yield (
        "behind 1e5 to 1e8, factor 1.1",
        lambda x: c + np.sum(w * np.sin(x)),
        x,
        1.1 * w * np.cos(x),
    )
    yield (
        "9 digits printed, by 1 %",
        lambda x: float(f"{np.sum(np.exp(x)):.9g}"),
        x,
        1.01 * np.exp(x),
    )
    yield "noise of 1e-9, by 1 %", lambda x: noisy(np.sum(np.exp(x)), 1e-9), x, 0.99 * np.exp(x)
    yield "on a grid of 2^-20, half", lambda x: np.sum(coarse(x, 2.0**-20) ** 2), x, x
    z = np.array([0.3, 20.0, -0.4])
    s = np.delete(soft(z), 1)
    yield (
        "certain answer, gradient twice",
        lambda z: -np.log(soft(z)[1]),
        z,
        (2 * np.array([s[0], -s.sum(), s[1]])),
    )
    yield "values of 1e-200, half", lambda x: 1e-200 * np.sum(x**2), x, 1e-200 * x
    yield "values of 1e200, 2 for 3", lambda x: 1e200 * np.sum(x**3), x, 2e200 * x**2
    yield (
        "logarithm at 1e-150, sign",
        lambda y: np.sum(np.log(y)),
        1e-150 * np.abs(x),
        -1e150 / np.abs(x),
    )


@wrong("wrong", "cannot-tell", "missing-term")
def wrong_flat(rng):
    x = rng.uniform(0.1, 0.4, 6) + rng.integers(-3, 4, 6)
    yield "rounding, gradient passed straight through", lambda x: np.sum(np.round(x)), x, np.ones(6)
    X, y = rng.normal(size=(5, 3)), rng.integers(0, 3, 5)
    accuracy = lambda X: np.mean(X.argmax(1) == y)
    yield "accuracy with the cross-entropy's gradient", accuracy, X, (onehot(y, 3) - soft(X)) / 5
    yield (
        "sign with slope 1",
        lambda x: np.sum(np.sign(x)),
        x,
        np.ones(6),
    )
