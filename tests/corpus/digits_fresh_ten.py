"""The tenth fresh set's right gradients of few digits, many entries, large and small scales."""

import itertools

import numpy as np

from tests.corpus import right
from tests.corpus.fresh_nine import coarse, half, noisy, onehot, sigmoid, single, soft
from tests.corpus.fresh_ten import lse


@right("float32")
def right_float32(rng):
    X, W1, W2 = rng.normal(size=(6, 4)), rng.normal(size=(5, 4)), rng.normal(size=(3, 5))
    y = rng.integers(0, 3, 6)

    def net(W1, W2):
        P = soft(np.tanh(single(X) @ single(W1).T) @ single(W2).T)
        return -np.mean(np.log(P[np.arange(6), y]))

    A = np.tanh(X @ single(W1).T.astype(float))
    D = (soft(A @ single(W2).T) - onehot(y, 3)) / 6
    d = D @ single(W2) * (1 - A**2)
    yield "network in float32", net, (single(W1), single(W2)), (single(d.T @ X), single(D.T @ A))
    v = rng.normal(size=1000)
    yield (
        "float32 mean of 1000 sines",
        lambda v: single(np.sin(single(v))).mean(dtype=np.float32),
        v,
        np.cos(v) / 1000,
    )
    x, G = rng.uniform(0.5, 2, (4, 5)), rng.normal(size=(4, 5))
    yield (
        "float32 running product",
        lambda x: np.cumprod(single(x), 1),
        x,
        (np.cumsum((G * np.cumprod(x, 1))[:, ::-1], 1)[:, ::-1] / x),
        G,
    )
    yield "float16 outside", lambda x: half(np.sum(np.sqrt(x))), x[0, :3], 0.5 / np.sqrt(x[0, :3])
    yield "float32 claim of a float64 function", lambda x: np.sum(np.log(x) * G), x, single(G / x)
    c = single(x - x.mean(1, keepdims=True))
    norm = lambda x: np.sum(single(x) ** 3)
    yield "float32 cubes, point in float32", norm, single(x), 3 * single(x) ** 2
    yield (
        "float32 sum of squares less a mean",
        lambda x: np.sum((single(x) - single(x).mean(1)[:, None]) ** 2),
        x,
        2.0 * c,
    )
    yield "float32 norm", lambda x: np.linalg.norm(single(x)), x, x / np.linalg.norm(x)


@right("offset")
def right_offset(rng):
    x, c = rng.normal(size=5), 10.0 ** rng.uniform(5, 9)
    z = 3 * x
    yield (
        "log-likelihood plus 1e5 to 1e9",
        lambda z: c - np.sum(np.log(sigmoid(z))),
        z,
        sigmoid(z) - 1,
    )
    far = 1e9 + np.round(x * 1e3)
    yield "squares about 1e9", lambda v: np.sum((v - 1e9) ** 2), far, 2 * (far - 1e9)
    e = np.exp(x)
    yield "two offsets that meet", lambda x: (c + np.sum(np.exp(x))) - c, x, e
    yield (
        "offset of another sign in every row",
        lambda x: np.sum(np.sin(x) + 1e6 * np.array([1, -1, 2, -1, 0])),
        x,
        np.cos(x),
    )
    k = rng.normal(size=6) + 1e4
    s = soft(k)
    yield "logits near 10,000", lambda k: lse(k), k, s
    big = rng.choice([-1, 1], 6) * 800 + rng.normal(size=6)
    yield "logits of -800 and 800", lambda k: lse(k), big, soft(big)


@right("cancellation")
def right_cancellation(rng):
    x = 10.0 ** rng.uniform(5, 7, 5)
    yield (
        "difference of roots",
        lambda x: np.sum(np.sqrt(x + 1) - np.sqrt(x)),
        x,
        (-0.5 / (np.sqrt(x + 1) * np.sqrt(x) * (np.sqrt(x + 1) + np.sqrt(x)))),
    )
    z = rng.normal(size=4)
    z[2] += 16
    yield (
        "cross-entropy of a certain answer",
        lambda z: -np.log(soft(z)[2]),
        z,
        (soft(z) * (1 - onehot(2, 4)) - onehot(2, 4) * np.delete(soft(z), 2).sum()),
    )
    y = rng.uniform(1e-3, 1e-2, 5)
    series = lambda y: 0.5 + y / 3 + y**2 / 8 + y**3 / 30 + y**4 / 144 + y**5 / 840
    yield "(exp y - 1) / y", lambda y: np.sum((np.exp(y) - 1) / y), y, series(y)
    yield "sin y - y", lambda y: np.sum(np.sin(y) - y), 10 * y, -2 * np.sin(5 * y) ** 2
    P, Q = rng.normal(size=(4, 2)) + 1e3, rng.normal(size=(3, 2)) + 1e3
    gap = P[:, None] - Q
    square = lambda P: np.sum((P * P).sum(1)[:, None] + (Q * Q).sum(1) - 2 * P @ Q.T)
    yield "distances as |p|² + |q|² - 2 p·q", square, P, 2 * gap.sum(1)
    a, b = rng.normal(size=3) * 1e4, rng.normal(size=3) * 1e4
    yield (
        "squared sum less its squares",
        lambda a, b: np.sum((a + b) ** 2 - a**2 - b**2),
        (a, b),
        (2 * b, 2 * a),
    )
    A = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-6]]) + 0 * a[0]
    cof = np.array([[A[1, 1], -A[1, 0]], [-A[0, 1], A[0, 0]]])
    yield "determinant near 0", lambda A: A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0], A, cof


@right("coarse")
def right_coarse(rng):
    x, w = rng.normal(size=(3, 4)), rng.uniform(0.5, 2, (3, 4))
    yield "printed with 9 digits", lambda x: float(f"{np.sum(w * np.sin(x)):.9g}"), x, w * np.cos(x)
    yield "rounded to 6 decimals", lambda x: round(float(np.sum(np.exp(x))), 6), x, np.exp(x)
    yield "inputs on a grid of 2^-20", lambda x: np.sum(w * coarse(x, 2.0**-20) ** 2), x, 2 * w * x
    yield "noise of 1e-9 on each entry", lambda x: np.sum(noisy(x, 1e-9) * w), x, w + 0.0
    yield "every sine to 5 decimals", lambda x: np.round(np.sin(x), 5).sum(), x, np.cos(x)

    def until(a):
        s, term, n = 0.0 * a, 1.0 + 0.0 * a, 0
        while np.max(np.abs(term)) > 1e-12:
            s, n = s + term, n + 1
            term = term * a / n
        return np.sum(s)

    yield "exponential series cut at 1e-12", until, x, np.exp(x)

    def sampled(x):
        points = np.random.default_rng(7).normal(size=(500, 1, 1))
        return np.mean(np.cos(points * x).sum((1, 2)))

    points = np.random.default_rng(7).normal(size=(500, 1, 1))
    yield "Monte Carlo, seed fixed", sampled, x, -np.mean(points * np.sin(points * x), 0)


@right("large")
def right_large(rng):
    X, W = rng.normal(size=(8, 300)), rng.normal(size=(300, 300)) / 17
    A = np.tanh(X @ W.T)
    yield (
        "90,000 weights and tanh",
        lambda W: np.sum(np.tanh(X @ W.T) ** 2) / 8,
        W,
        (2 * A * (1 - A * A)).T @ X / 8,
    )
    i, G = rng.integers(0, 20000, 12), rng.normal(size=(12, 3))
    dE = np.zeros((20000, 3))
    np.add.at(dE, i, G)
    yield "embedding of 20,000 words, 12 used", lambda E: E[i], rng.normal(size=(20000, 3)), dE, G
    x = rng.normal(size=50000)
    w = 10.0 ** rng.uniform(-10, 2, 50000)
    yield (
        "50,000 entries over twelve decades",
        lambda x: w @ np.tanh(x),
        x,
        w * (1 - np.tanh(x) ** 2),
    )
    z = rng.normal(size=(1000, 40))
    hinge = lambda z: np.mean(np.maximum(0, 1 - z))
    yield "40,000 hinges", hinge, z, (z < 1) / -40000
    y = np.maximum(rng.normal(size=(100, 100)), 0)
    yield (
        "10,000 activations, half of them 0, slope 0",
        lambda y: np.sum(np.maximum(y, 0)),
        y,
        (y > 0) * 1.0,
    )


@right("hidden")
def right_hidden(rng):
    W, b, g = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=())
    f = lambda W, b, g: 1e7 * np.sum(np.tanh(W)) + np.sum(np.sin(b)) + 1e-4 * np.exp(g)
    yield (
        "three inputs, 1e7 to 1e-4",
        f,
        (W, b, g),
        (1e7 * (1 - np.tanh(W) ** 2), np.cos(b), 1e-4 * np.exp(g)),
    )
    x = rng.uniform(0.5, 1.5, 8) * 10.0 ** np.arange(-4, 4)
    yield "logarithms of eight decades", lambda x: np.sum(np.log(x)), x, 1 / x
    yield "squares of eight decades", lambda x: np.sum(x * x), x, 2 * x
    c = np.append(np.ones(9), 1e-9) * rng.uniform(1, 2, 10)
    y = rng.normal(size=10)
    yield "one entry of 1e-9", lambda y: c @ np.sin(y), y, c * np.cos(y)


@right("scales")
def right_scales(rng):
    x = rng.normal(size=6)
    yield "values of 1e200", lambda x: 1e200 * np.sum(np.tanh(x)), x, 1e200 * (1 - np.tanh(x) ** 2)
    yield "values of 1e-200", lambda x: 1e-200 * np.sum(np.exp(x)), x, 1e-200 * np.exp(x)
    y = 10.0 ** rng.uniform(150, 200, 5)
    yield "logarithm at 1e150 to 1e200", lambda y: np.sum(np.log(y)), y, 1 / y
    yield "logarithm at 1e-200", lambda y: np.sum(np.log(y)), 1 / y, y
    z = y[0] * rng.uniform(1, 1e4, 5)  # of more decades f itself would lose the smallest
    yield "root at 1e-200", lambda z: np.sum(np.sqrt(z)), 1 / z, 0.5 * np.sqrt(z)
    s = 10.0 ** rng.uniform(-100, 100)
    yield "a scale from 1e-100 to 1e100", lambda t: np.sum(np.sin(t / s)), s * x, np.cos(x) / s
    m = 10.0 ** rng.uniform(-100, 100, 6)
    yield (
        "every entry of its own scale",
        lambda t: np.sum(np.arctan(t / m)),
        m * x,
        1 / (1 + x * x) / m,
    )
    yield "squares at 1e120", lambda t: np.sum(t * t), 1e120 * x, 2e120 * x
    G = rng.normal(size=6) * 1e-150
    yield "upstream of 1e-150", np.exp, x, G * np.exp(x), G
    yield (
        "softmax whose others are 1e-87",
        lambda z: soft(z) @ x,
        np.array([200.0, 0, 0, 0, 0, 0]),
        (soft(np.array([200.0, 0, 0, 0, 0, 0])) * (x - soft(np.array([200.0, 0, 0, 0, 0, 0])) @ x)),
    )


@right("hygiene")
def right_hygiene(rng):
    x = rng.normal(size=(3, 4))
    yield "claim is the point itself", lambda x: np.sum(x * x) / 2, x, x
    yield (
        "one array as both inputs",
        lambda a, b: np.sum(a * np.sin(b)),
        (x, x),
        (np.sin(x), x * np.cos(x)),
    )
    G = rng.normal(size=(3, 4))
    yield "identity, returns its input", lambda x: x, x, G, G
    yield "transpose, returns a view", lambda x: x.T, x, G, np.ascontiguousarray(G.T)
    yield "upstream is the point", lambda x: x * x, x, 2 * x * x, x
    flat = np.broadcast_to(rng.normal(size=(1, 4)), (3, 4))
    yield "broadcast view as point", lambda x: np.sum(np.exp(x)), flat, np.exp(flat)
    out = np.zeros((3, 4))
    yield "one output buffer for all calls", lambda x: np.multiply(x, x, out=out), x, 2 * G * x, G
    box = np.zeros(())

    def boxed(x):
        box[...] = np.sum(np.cosh(x))
        return box

    yield "result without axes in a buffer", boxed, x, np.sinh(x)
    seen = {}

    def remembered(x):
        return seen.setdefault(x.tobytes(), np.sum(x**3))

    yield "remembers what it has computed", remembered, x, 3 * x**2

    def scratch(x):
        y = x.copy()
        y -= y.mean()
        y **= 2
        return y.sum()

    yield "works in place on its copy", scratch, x, 2 * (x - x.mean())
    both = np.zeros((2, 3, 4))
    both[0], both[1] = np.cos(x), 1.0
    yield (
        "claims are views of one array",
        lambda a, b: np.sum(np.sin(a) + b),
        (x, x + 1),
        (both[0], both[1]),
    )
    y = x[:, ::-1].T
    y.flags.writeable = False
    yield "reversed, transposed, read-only", lambda y: np.sum(np.tanh(y)), y, 1 - np.tanh(y) ** 2
    small = rng.normal(size=5).astype(">f8")
    yield "big-endian numbers", lambda s: np.sum(s**2), small, 2 * small
    count = itertools.count()
    yield "says something at every tenth call", lambda x: np.sum(x**2) + 0.0 * next(count), x, 2 * x


@right("containers")
def right_containers(rng):
    x, y = rng.normal(size=(4, 3)), rng.integers(0, 3, 4)
    loss = lambda x, y: -np.log(soft(x)[np.arange(4), y]).sum()
    yield (
        "labels as a list",
        lambda x, y: loss(x, np.asarray(y)),
        (x, list(y)),
        (soft(x) - onehot(y, 3), None),
    )
    keep = rng.random((4, 3)) < 0.6
    keep[0, 0] = True
    yield "mask of truth values", lambda x, m: np.sum(x[m] ** 2), (x, keep), (2 * x * keep, None)
    yield (
        "point of size 1",
        lambda s: np.sum(s**3),
        np.full((1, 1, 1), 0.7),
        np.full((1, 1, 1), 1.47),
    )
    yield "tuple of one", lambda a: np.sum(a**2), (x,), (2 * x,)
    yield "claim without axes", lambda s: s * s, np.array(1.3), np.float64(2.6)
    yield (
        "a list as point",
        lambda a: np.sum(np.asarray(a) ** 2),
        [0.5, -1.5, 2.0],
        [1.0, -3.0, 4.0],
    )
    yield (
        "softmax of one class",
        lambda z: soft(z) ** 2,
        rng.normal(size=(5, 1)),
        np.zeros((5, 1)),
        x[:, :1].repeat(2, 0)[:5],
    )
    one = rng.normal(size=(1, 4))
    yield "batch of one", lambda X, W: X @ W.T, (one, x @ x.T), (one @ (x @ x.T), one.T @ one), one
    yield "constant function", lambda x: 3.0, x, 0 * x
    yield "unused second input", lambda a, b: np.sum(a**2), (x, one), (2 * x, 0 * one)
    yield "scalar and its upstream", lambda x: np.sum(x**2), x, -5 * x, np.float64(-2.5)
    n = np.array([2.0, 3.0, -1.0])
    yield "whole numbers as floats", lambda n: np.sum(n**2), n, 2 * n
    yield (
        "one row of five axes",
        lambda a: np.sum(a**2, (0, 2)),
        x.reshape(1, 2, 2, 1, 3),
        (2 * x.reshape(1, 2, 2, 1, 3) * G5(x)),
        x.reshape(2, 2, 1, 3)[:, 0],
    )


def G5(x):
    """Return the upstream gradient (2, 1, 3) spread over the axes that were summed."""
    return x.reshape(2, 2, 1, 3)[:, 0][None, :, None]


@right("broadcast")
def right_broadcast(rng):
    X, b, c = rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 1)), rng.normal(size=(2, 1, 1))
    G = rng.normal(size=(2, 3, 4))
    yield (
        "channel bias and batch scale",
        lambda X, b, c: c * X + b,
        (X, b, c),
        (c * G, G.sum((0, 2))[:, None], (G * X).sum((1, 2), keepdims=True)),
        G,
    )
    u, v = rng.normal(size=5), rng.normal(size=4)
    H = rng.normal(size=(5, 4))
    yield (
        "outer quotient",
        lambda u, v: u[:, None] / np.exp(v),
        (u, v),
        (H @ np.exp(-v), -np.exp(-v) * (u @ H)),
        H,
    )
    mean = lambda X: X - X.mean((0, 2), keepdims=True)
    yield "centred by channel", mean, X, G - G.mean((0, 2), keepdims=True), G
    s = rng.normal(size=())
    yield (
        "one number over everything",
        lambda s, X: np.tanh(s * X),
        (s, X),
        (np.sum(G * X * (1 - np.tanh(s * X) ** 2)), s * G * (1 - np.tanh(s * X) ** 2)),
        G,
    )
