"""A ninth fresh set, formulas and layers from everywhere, written without a look at the judge.

What an independent proof has to replace by exact arithmetic goes through the small functions
at the top: rounding, noise, special functions, buffers.
"""

import itertools
import math
from collections import namedtuple

import numpy as np

from tests.corpus import right

BUFFER = float
erf = np.vectorize(math.erf, otypes=[float])
gamma = np.vectorize(math.gamma, otypes=[float])
lgamma = np.vectorize(math.lgamma, otypes=[float])


def single(x):
    return np.asarray(x, np.float32)


def half(x):
    return np.asarray(x, np.float16).astype(float)


def coarse(x, step):
    return np.round(x / step) * step


def noisy(x, size):
    """Noise that hangs on the last bits of x: the same at the same point."""
    return x + size * np.sin(1e12 * np.sum(x) % 7)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def soft(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def onehot(y, K):
    return np.eye(K)[y]


# --- right: plain layers and losses, composed networks


@right("plain")
def right_plain(rng):
    X, W, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)
    G = rng.normal(size=(5, 4))
    yield "affine", lambda X, W, b: X @ W.T + b, (X, W, b), (G @ W, G.T @ X, G.sum(0)), G
    y = rng.integers(0, 4, 5)
    T = onehot(y, 4)

    def cross_entropy(Z, T):
        return -np.sum(T * np.log(soft(Z))) / len(Z)

    Z = rng.normal(size=(5, 4)) * 2
    yield (
        "cross-entropy, targets without gradient",
        cross_entropy,
        (Z, T),
        ((soft(Z) - T) / 5, None),
    )
    smooth = 0.9 * T + 0.025
    yield "label smoothing", lambda Z: cross_entropy(Z, smooth), Z, (soft(Z) - smooth) / 5
    p, q = rng.uniform(0.05, 0.95, (4, 3)), rng.uniform(0.1, 0.9, (4, 3))
    yield (
        "binary cross-entropy in p",
        lambda p: -np.mean(q * np.log(p) + (1 - q) * np.log(1 - p)),
        p,
        (p - q) / (p * (1 - p)) / 12,
    )
    g2 = rng.uniform(1, 3)
    pt = rng.uniform(0.1, 0.9, 7)
    focal = g2 * (1 - pt) ** (g2 - 1) * np.log(pt) - (1 - pt) ** g2 / pt
    yield "focal loss", lambda p: np.sum(-((1 - p) ** g2) * np.log(p)), pt, focal
    r = rng.normal(size=(3, 5)) * 2
    yield "log cosh", lambda r: np.sum(np.log(np.cosh(r))), r, np.tanh(r)


@right("composed")
def right_composed(rng):
    X, T = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    W, b, V = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=(2, 4))

    def loss(W, b, V):
        return np.sum((np.tanh(X @ W.T + b) @ V.T - T) ** 2) / 12

    A = np.tanh(X @ W.T + b)
    D = (A @ V.T - T) / 6
    d = D @ V * (1 - A**2)
    yield "two layers and tanh", loss, (W, b, V), (d.T @ X, d.sum(0), D.T @ A)

    def tied(W):
        return np.sum((np.tanh(X @ W.T) @ W - X) ** 2) / 2

    H = np.tanh(X @ W.T)
    E = H @ W - X
    yield "autoencoder with tied weights", tied, W, (E @ W.T * (1 - H**2)).T @ X + H.T @ E

    Q, K = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    V2, G = rng.normal(size=(5, 2)), rng.normal(size=(3, 2))
    P = soft(Q @ K.T / 2)
    dP = G @ V2.T
    dS = P * (dP - (P * dP).sum(1, keepdims=True)) / 2
    yield (
        "attention",
        lambda Q, K, V: soft(Q @ K.T / 2) @ V,
        (Q, K, V2),
        (dS @ K, dS.T @ Q, P.T @ G),
        G,
    )
    Z, H3 = X @ W.T + b, np.maximum(X @ W.T + b, 0)
    D3 = (H3 @ V.T - T) / 6
    d3 = D3 @ V * (Z > 0)
    yield (
        "two layers and ReLU",
        lambda W, b, V: np.sum((np.maximum(X @ W.T + b, 0) @ V.T - T) ** 2) / 12,
        (W, b, V),
        (d3.T @ X, d3.sum(0), D3.T @ H3),
    )


# --- right: ties, kinks, domains, steepness


@right("ties")
def right_ties(rng):
    x = rng.normal(size=(4, 3))
    x[1] = x[1].max()
    first = np.zeros_like(x)
    first[np.arange(4), x.argmax(1)] = 1.0
    yield "row maxima, first of three", lambda x: x.max(1).sum(), x, first
    share = (x == x.max(1, keepdims=True)) / (x == x.max(1, keepdims=True)).sum(1, keepdims=True)
    yield "row maxima, shared", lambda x: x.max(1).sum(), x, share
    u = np.tile(rng.normal(), (7,))
    w = rng.uniform(0.5, 2, 7)
    yield (
        "sorted values under rising weights, all equal",
        lambda x: np.sort(x) @ np.sort(w),
        u,
        (rng.permutation(w)),
    )
    a = rng.normal(size=5)
    m = rng.uniform(0, 1, 5)
    yield (
        "minimum of two equal arrays",
        lambda a, b: np.minimum(a, b).sum(),
        (a, a.copy()),
        (
            m,
            1 - m,
        ),
    )


@right("kink")
def right_kinks(rng):
    x, w = rng.normal(size=(3, 4)), rng.uniform(0.5, 2, (3, 4))
    x[0, 1] = x[2, 2] = 0.0
    yield "absolute value at 0, sign", lambda x: np.sum(w * np.abs(x)), x, w * np.sign(x)
    slope = np.where(x > 0, 1, 0.1) * w
    yield "leaky ReLU at 0", lambda x: np.sum(w * np.where(x > 0, x, 0.1 * x)), x, slope
    t = rng.uniform(0, 1)
    chosen = w * np.where(x == 0, t, x > 0)
    yield "ReLU at 0, any slope between", lambda x: np.sum(w * np.maximum(x, 0)), x, chosen
    zero = np.zeros(6)
    u = rng.normal(size=6)
    yield "norm at the origin", lambda x: np.sqrt(np.sum(x * x)), zero, 0.7 * u / np.sqrt(u @ u)
    y = np.concatenate([rng.normal(size=4), [1.0, -1.0]])
    v = rng.normal(size=6) + 0.0
    inside = v * (np.abs(y) <= 1)
    yield "clip at its edge", lambda y: v * np.clip(y, -1, 1), y, inside, np.ones(6)


@right("near-kink")
def right_near_kink(rng):
    e = 10.0 ** rng.uniform(-7, -4, (3, 4)) * rng.choice([-1, 1], (3, 4))
    w = rng.normal(size=(3, 4))
    yield "ReLU near 0", lambda x: np.sum(w * np.maximum(x, 0)), e, w * (e > 0)
    a = rng.normal(size=(5,))
    d = 10.0 ** rng.uniform(-8, -5, 5) * rng.choice([-1, 1], 5)
    v = rng.normal(size=5)
    yield (
        "maximum of near arrays",
        lambda a, b: np.maximum(a, b) @ v,
        (a, a + d),
        (
            v * (d < 0),
            v * (d > 0),
        ),
    )
    c = rng.uniform(1, 3)
    x = c + 10.0 ** rng.uniform(-6, -4, 6) * rng.choice([-1, 1], 6)
    huber = np.where(np.abs(x) < c, x, c * np.sign(x))
    yield (
        "Huber near its corner",
        lambda x: np.sum(np.where(np.abs(x) < c, x * x / 2, c * np.abs(x) - c * c / 2)),
        x,
        huber,
    )


@right("domain")
def right_domain(rng):
    x = 10.0 ** rng.uniform(-9, -3, 5)
    yield "logarithm near 0", lambda x: np.sum(np.log(x)), x, 1 / x
    yield "square root near 0", lambda x: np.sum(np.sqrt(x)), x, 0.5 / np.sqrt(x)
    u = 1 - 10.0 ** rng.uniform(-8, -3, 5)
    yield "arc sine near 1", lambda u: np.sum(np.arcsin(u)), u, 1 / np.sqrt((1 - u) * (1 + u))
    p = rng.uniform(0.1, 0.9, 6)
    p[2] = 0.0
    w = rng.normal(size=6)
    yield "power 1.5 at 0", lambda p: np.sum(w * p**1.5), p, w * 1.5 * np.sqrt(p)
    yield "arctanh near 1", lambda u: np.sum(np.arctanh(u)), u, 1 / ((1 - u) * (1 + u))


@right("steep")
def right_steep(rng):
    k = 10.0 ** rng.uniform(3, 6)
    x = rng.normal(size=6) / k
    yield (
        "sigmoid times 1e3 to 1e6",
        lambda x: np.sum(sigmoid(k * x)),
        x,
        (k * sigmoid(k * x) * (1 - sigmoid(k * x))),
    )
    z = rng.uniform(20, 40, 4)
    yield "sum of exponentials at 20 to 40", lambda z: np.sum(np.exp(z)), z, np.exp(z)
    y = rng.normal(size=(3, 4))
    yield "sine of 2000 x", lambda y: np.sum(np.sin(2000 * y)) / 12, y, 2000 * np.cos(2000 * y) / 12
    q = rng.uniform(0.5, 1.5, 5)
    yield "power 80", lambda q: np.sum(q**80), q, 80 * q**79


# --- right: numbers of few digits


@right("float32")
def right_float32(rng):
    X, W, G = rng.normal(size=(6, 5)), rng.normal(size=(4, 5)), rng.normal(size=(6, 4))
    yield "product", lambda W: single(X) @ single(W).T, single(W), single(G.T @ X), single(G)
    x = single(rng.normal(size=(3, 7)))
    s = soft(x.astype(float))
    u = rng.normal(size=(3, 7))
    yield "softmax", lambda x: soft(single(x)), x, s * (u - (s * u).sum(1, keepdims=True)), u
    y = rng.normal(size=8)
    yield "mean square, claim in float32", lambda y: np.mean(y**2), y, single(y / 4)
    a = rng.uniform(1, 2, (5, 3))
    yield "cast inside", lambda a: np.sum(np.log(single(a)).astype(BUFFER) * y[0]), a, y[0] / a
    v = single(rng.normal(size=300))
    yield "float32 sum of 300 squares", lambda v: np.sum(single(v) ** 2), v, 2 * v


@right("offset")
def right_offset(rng):
    x, c = rng.normal(size=(4, 3)), 10.0 ** rng.uniform(5, 9)
    yield "loss plus 1e5 to 1e9", lambda x: np.sum(np.tanh(x)) + c, x, 1 - np.tanh(x) ** 2
    t = 1.7e9 + rng.uniform(0, 1e5, 5)
    m = t.mean() + 10
    yield "squares of time stamps", lambda t: np.sum((t - m) ** 2) / 1e6, t, 2 * (t - m) / 1e6
    yield "float32 loss plus 1000", lambda x: np.sum(single(x) ** 2) + 1000, x, 2 * x


@right("cancellation")
def right_cancellation(rng):
    x = rng.uniform(1e3, 1e4, 7)
    v = 2 * (x - x.mean()) / 7
    yield (
        "variance as mean square less squared mean",
        (lambda x: np.mean(x * x) - np.mean(x) ** 2),
        x,
        v,
    )
    y = 10.0 ** rng.uniform(-4, -3, 5)
    yield (
        "(1 - cos y) / y",
        lambda y: np.sum((1 - np.cos(y)) / y),
        y,
        ((y * np.sin(y) - 2 * np.sin(y / 2) ** 2) / y**2),
    )
    a, b = rng.normal(size=(2, 6)) * 1e5
    b = a + rng.normal(size=6)
    yield "difference of squares", lambda a, b: np.sum(a * a - b * b), (a, b), (2 * a, -2 * b)


@right("coarse")
def right_coarse(rng):
    x, q = rng.normal(size=(3, 4)), 10.0 ** rng.uniform(-9, -7)
    yield "rounded to 1e-9 to 1e-7", lambda x: coarse(np.sum(np.sin(x)), q), x, np.cos(x)
    s = 10.0 ** rng.uniform(-10, -8)
    yield "noise of 1e-10 to 1e-8", lambda x: noisy(np.sum(np.exp(x)), s), x, np.exp(x)
    w = rng.uniform(1, 2, 5)
    yield "half precision", lambda w: np.sum(half(w) ** 2) * 1.0, w, 2 * w
    yield "printed with 8 decimals", lambda w: coarse(np.prod(w), 1e-8), w, np.prod(w) / w


# --- right: large, hidden, exact constants, upstream, broadcasts


@right("large")
def right_large(rng):
    x = rng.normal(size=(200, 150))
    yield "30,000 entries", lambda x: np.sum(np.sin(x)), x, np.cos(x)
    y = rng.normal(size=20000)
    w = 10.0 ** rng.uniform(-6, 3, 20000)
    yield "20,000 entries of many sizes", lambda y: np.sum(w * np.cos(y)), y, -w * np.sin(y)
    a, b = rng.normal(size=300), rng.normal(size=(300, 40))
    s = np.maximum(b.T @ a, 0)
    yield (
        "12,000 weights and ReLU",
        lambda b: np.sum(np.maximum(b.T @ a, 0) ** 2),
        b,
        (np.outer(a, 2 * s)),
    )


@right("hidden")
def right_hidden(rng):
    a, b = rng.normal(size=(3, 4)), rng.normal(size=5)
    yield (
        "1e6 beside 1e-3",
        lambda a, b: 1e6 * np.sum(np.sin(a)) + 1e-3 * np.sum(b**3),
        (a, b),
        (
            1e6 * np.cos(a),
            3e-3 * b**2,
        ),
    )
    w = 10.0 ** np.linspace(-6, 4, 11) * rng.uniform(1, 2, 11)
    x = rng.normal(size=11)
    yield (
        "ten decades in one vector",
        lambda x: np.sum(w * np.tanh(x)),
        x,
        w * (1 - np.tanh(x) ** 2),
    )
    yield "tiny function", lambda x: 1e-12 * np.sum(np.exp(x)), x, 1e-12 * np.exp(x)


@right("upstream")
def right_upstream(rng):
    x, G = rng.normal(size=(3, 5)), rng.normal(size=(3, 5)) * 10.0 ** rng.integers(-3, 3, (3, 5))
    yield "tanh, upstream of many sizes", np.tanh, x, G * (1 - np.tanh(x) ** 2), G
    yield "running sum", lambda x: np.cumsum(x, 1), x, np.cumsum(G[:, ::-1], 1)[:, ::-1], G
    z = np.zeros((3, 5))
    yield "zero upstream", np.tanh, x, z, z


@right("broadcast")
def right_broadcast(rng):
    X, g, b = rng.normal(size=(2, 5, 3)), rng.normal(size=(5, 1)), rng.normal(size=3)
    G = rng.normal(size=(2, 5, 3))
    yield (
        "scale and shift",
        lambda X, g, b: X * g + b,
        (X, g, b),
        (
            G * g,
            (G * X).sum((0, 2))[:, None],
            G.sum((0, 1)),
        ),
        G,
    )
    s = np.array(rng.normal())
    yield (
        "array without axes",
        lambda s, b: np.sum(np.sin(s * b)),
        (s, b),
        (
            np.sum(b * np.cos(s * b)),
            s * np.cos(s * b),
        ),
    )
    u, v = rng.normal(size=(4, 1)), rng.normal(size=(1, 6))
    e = np.exp(-((u - v) ** 2))
    k = -2 * (u - v) * e
    yield (
        "Gaussian kernel of all pairs",
        lambda u, v: np.sum(np.exp(-((u - v) ** 2))),
        (u, v),
        (
            k.sum(1, keepdims=True),
            -k.sum(0, keepdims=True),
        ),
    )


# --- right: hygiene, containers


@right("hygiene")
def right_hygiene(rng):
    x, w = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    buffer = np.zeros((4, 3), BUFFER)

    def reused(x):
        buffer[...] = np.sin(x)
        return buffer

    yield "output buffer used again", reused, x, w * np.cos(x), w

    def own_copy(x):
        x = x.copy()
        x *= x
        return np.sum(w * x)

    yield "writes into its own copy", own_copy, x, 2 * w * x
    order = np.random.default_rng(rng.integers(1000))
    yield "sum in random order", lambda x: np.sum(order.permutation((w * x).ravel())), x, w
    count = itertools.count()
    yield "counts its calls", lambda x: next(count) * 0.0 + np.sum(np.exp(x)), x, np.exp(x)
    y = rng.normal(size=(8, 6))[::2, ::-2]
    y.flags.writeable = False
    yield "strided, read-only", lambda y: np.sum(y**3), y, 3 * y**2


@right("containers")
def right_containers(rng):
    a, b = rng.normal(size=3), rng.normal(size=(2, 3))
    yield (
        "list as claim of two",
        lambda a, b: np.sum(np.tanh(b @ a)),
        (a, b),
        [
            (1 - np.tanh(b @ a) ** 2) @ b,
            np.outer(1 - np.tanh(b @ a) ** 2, a),
        ],
    )
    yield (
        "result of shape (1, 1)",
        lambda a: np.reshape(np.sum(a**2), (1, 1)),
        a,
        2 * a,
        np.ones((1, 1)),
    )
    Pair = namedtuple("Pair", "a b")
    yield (
        "named tuple",
        lambda a, b: a @ b.T @ np.ones(2),
        Pair(a, b),
        Pair(b.sum(0), np.tile(a, (2, 1))),
    )
    yield "number as point", lambda s: np.sin(s) * 3, 0.7 + a[0], 3 * np.cos(0.7 + a[0])
    E, i = rng.normal(size=(5, 3)), rng.integers(0, 5, 8)
    G = rng.normal(size=(8, 3))
    dE = np.zeros_like(E)
    np.add.at(dE, i, G)
    yield "embedding with integer rows", lambda E, i: E[i], (E, i), (dE, None), G
    f = np.asfortranarray(b)
    yield "Fortran order, list as claim", lambda b: np.sum(b**2), f, (2 * b).tolist()
    yield (
        "empty array beside another",
        lambda a, e: np.sum(a**2) + np.sum(e),
        (a, np.zeros((0, 3))),
        (
            2 * a,
            np.zeros((0, 3)),
        ),
    )


# --- right: piecewise, algebra, recurrences, special functions, order


@right("piecewise")
def right_piecewise(rng):
    x = rng.uniform(-3, 3, (3, 5))
    yield "hard swish", lambda x: np.sum(x * np.clip(x + 3, 0, 6) / 6), x, (2 * x + 3) / 6
    y = rng.normal(size=7) * 3
    yield "staircase plus slope", lambda y: np.sum(np.floor(y) + y * y), y, 2 * y
    elu = np.where(y > 0, 1, np.exp(np.minimum(y, 0)))
    yield "ELU", lambda y: np.sum(np.where(y > 0, y, np.exp(np.minimum(y, 0 * y)) - 1)), y, elu
    t = rng.normal(size=6)
    tau = rng.uniform(0.1, 0.4)
    yield "quantile loss", lambda t: np.sum(np.maximum(tau * t, (tau - 1) * t)), t, tau - (t < 0)
    m = rng.uniform(0.5, 1.5)
    yield "triangle wave", lambda y: np.sum(np.abs(y % m - m / 2)), y, np.sign(y % m - m / 2)


@right("algebra")
def right_algebra(rng):
    A, B = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=(4, 2))
    G = rng.normal(size=(4, 2))
    Y = np.linalg.solve(A, B)
    D = np.linalg.solve(A.T, G)
    yield "solve", lambda A, B: np.linalg.solve(A, B), (A, B), (-D @ Y.T, D), G
    inv = np.linalg.inv(A)
    H = rng.normal(size=(4, 4))
    yield "inverse", lambda A: np.linalg.inv(A), A, -inv.T @ H @ inv.T, H
    yield "log determinant", lambda A: np.log(np.linalg.det(A)), A @ A.T, np.linalg.inv(A @ A.T)
    M = rng.normal(size=(3, 5))
    n = np.sqrt(np.sum(M**2))
    yield "Frobenius norm", lambda M: np.sqrt(np.sum(M**2)), M, M / n
    values, Q = np.linalg.eigh(M @ M.T)
    yield (
        "largest eigenvalue of M M^T",
        lambda M: np.linalg.eigvalsh(M @ M.T)[-1],
        M,
        (2 * np.outer(Q[:, -1], Q[:, -1] @ M)),
    )
    u, s, v = np.linalg.svd(M, full_matrices=False)
    yield "nuclear norm", lambda M: np.linalg.svd(M, compute_uv=False).sum(), M, u @ v


@right("recurrence")
def right_recurrence(rng):
    X, W, U = rng.normal(size=(6, 2)), rng.normal(size=(3, 2)), rng.normal(size=(3, 3)) / 2

    def rnn(W, U):
        h = np.zeros(3)
        for x in X:
            h = np.tanh(W @ x + U @ h)
        return np.sum(h * h)

    hs = [np.zeros(3)]
    for x in X:
        hs.append(np.tanh(W @ x + U @ hs[-1]))
    dW, dU, d = np.zeros_like(W), np.zeros_like(U), 2 * hs[-1]
    for t in range(5, -1, -1):
        delta = d * (1 - hs[t + 1] ** 2)
        dW, dU, d = dW + np.outer(delta, X[t]), dU + np.outer(delta, hs[t]), U.T @ delta
    yield "plain RNN over 6 steps", rnn, (W, U), (dW, dU)
    r = rng.uniform(2.5, 3.6, 5)

    def logistic(r, n=12):
        x, dx = 0.3 + 0 * r, 0 * r
        for _ in range(n):
            x, dx = r * x * (1 - x), x * (1 - x) + r * (1 - 2 * x) * dx
        return x, dx

    yield "logistic map, 12 steps", lambda r: np.sum(logistic(r)[0]), r, logistic(r)[1]
    a = rng.uniform(0.5, 5, 4)

    def newton(a):
        y = 1.0 + 0 * a
        for _ in range(9):
            y = (y + a / y) / 2
        return np.sum(y)

    yield "Newton's square root", newton, a, 0.5 / np.sqrt(a)


@right("special")
def right_special(rng):
    x = rng.normal(size=(3, 4))
    bell = np.exp(-x * x) * 2 / math.sqrt(math.pi)
    yield "erf", lambda x: np.sum(erf(x)), x, bell
    gelu = (1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    yield "GELU", lambda x: np.sum(x * (1 + erf(x / math.sqrt(2))) / 2), x, gelu
    k = rng.integers(2, 9, 5)
    n = k.astype(float)
    psi = np.array([sum(1 / j for j in range(1, m)) for m in k]) - 0.57721566490153286
    yield "log gamma at whole numbers", lambda n: np.sum(lgamma(n)), n, psi
    yield "gamma at whole numbers", lambda n: np.sum(gamma(n)), n, gamma(n) * psi
    y = rng.uniform(-4, 4, 6)
    yield "sinc", lambda y: np.sum(np.sin(y) / y), y, np.cos(y) / y - np.sin(y) / y**2


@right("order")
def right_order(rng):
    knots, x = np.arange(6.0), rng.uniform(0, 5, 7)
    values = rng.normal(size=6)
    i = x.astype(int)

    def interpolate(x, values):
        i = np.minimum(np.floor(x).astype(int), 4)
        return values[i] + (x - knots[i]) * (values[i + 1] - values[i])

    G = rng.normal(size=7)
    dv = np.zeros(6)
    np.add.at(dv, i, G * (1 - x + i))
    np.add.at(dv, i + 1, G * (x - i))
    yield "linear interpolation", interpolate, (x, values), (G * np.diff(values)[i], dv), G
    y, w = rng.normal(size=9), rng.normal(size=9)
    back = np.empty(9)
    back[np.argsort(y)] = w
    yield "sort", lambda y: np.sort(y) @ w, y, back
    p = rng.uniform(0.5, 2, 6)
    P = np.cumprod(p) * w[:6]
    yield "running product", lambda p: np.cumprod(p) @ w[:6], p, np.cumsum(P[::-1])[::-1] / p
    m = np.zeros(9)
    np.add.at(m, [np.flatnonzero(y == v)[0] for v in np.maximum.accumulate(y)], w)
    yield "running maximum", lambda y: np.maximum.accumulate(y) @ w, y, m
    d = np.zeros(9)
    d[np.argsort(y)[4]] = 1.0
    yield "median", lambda y: np.sort(y)[4], y, d
