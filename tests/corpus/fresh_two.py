"""A third set, written after the second: again other functions, shapes and slips."""

import numpy as np

from tests.corpus import right, wrong


def conv_same(X, k):
    P = np.pad(X, 1)
    return sum(
        k[i, j] * P[i : i + X.shape[0], j : j + X.shape[1]] for i in range(3) for j in range(3)
    )


@right("fresh two: smooth")
def smooth(rng):
    X, k, U = rng.normal(size=(5, 6)), rng.normal(size=(3, 3)), rng.normal(size=(5, 6))
    dk = np.array(
        [[np.sum(U * np.pad(X, 1)[i : i + 5, j : j + 6]) for j in range(3)] for i in range(3)]
    )
    yield "same correlation", conv_same, (X, k), (conv_same(U, k[::-1, ::-1]), dk), U
    P = rng.normal(size=(2, 4, 4))
    yield (
        "average pooling",
        lambda P: P.reshape(2, 2, 2, 2, 2).mean(axis=(2, 4)),
        P,
        np.repeat(np.repeat(P[:, :2, :2], 2, 1), 2, 2) / 4,
        P[:, :2, :2],
    )
    a, b = rng.normal(size=4), rng.normal(size=3)
    yield "outer", np.outer, (a, b), (U[:4, :3] @ b, U[:4, :3].T @ a), U[:4, :3]
    yield (
        "kron",
        np.kron,
        (a, b),
        (U.ravel()[:12].reshape(4, 3) @ b, U.ravel()[:12].reshape(4, 3).T @ a),
        U.ravel()[:12],
    )
    yield (
        "cross product",
        np.cross,
        (b, a[:3]),
        (np.cross(a[:3], U[0, :3]), np.cross(U[0, :3], b)),
        U[0, :3],
    )
    s = rng.uniform(1, 2, 3)
    yield "geometric mean", lambda s: np.prod(s) ** (1 / 3), s, np.prod(s) ** (1 / 3) / 3 / s
    yield "harmonic mean", lambda s: 3 / np.sum(1 / s), s, 3 / np.sum(1 / s) ** 2 / s**2
    yield (
        "Kullback-Leibler",
        lambda p, q: np.sum(p * np.log(p / q)),
        (s, s[::-1] / 3),
        (np.log(s / s[::-1] * 3) + 1, -s / s[::-1] * 3),
    )
    D = s / s.sum()
    yield (
        "discriminator value",
        lambda D: np.sum(np.log(D)) + np.sum(np.log(1 - D)),
        D,
        1 / D - 1 / (1 - D),
    )
    t = np.linspace(0, 1, 9)
    c = rng.normal(size=3)
    yield (
        "fitted curve",
        lambda c: np.mean((c[0] * np.exp(-(c[1] ** 2) * t) + c[2] - np.sin(t)) ** 2),
        c,
        fit_back(c, t),
    )
    yield (
        "three inputs of three shapes",
        lambda A, v, k: k * (A @ v).sum() ** 2,
        (X, U[0], np.float64(1.5)),
        (
            3 * (X @ U[0]).sum() * np.tile(U[0], (5, 1)),
            3 * (X @ U[0]).sum() * X.sum(0),
            (X @ U[0]).sum() ** 2,
        ),
    )
    yield "mean over a batch, per row", lambda X: np.mean(np.sum(X**2, 1)), X, 2 * X / 5
    yield "variance", lambda X: X.var(), X, 2 * (X - X.mean()) / 30
    yield "standardised columns", lambda X: (X - X.mean(0)) / X.std(0), X, standard_back(X, U), U
    yield "scalar power", lambda x, n: x**n, (2.5, 1.7), (1.7 * 2.5**0.7, np.log(2.5) * 2.5**1.7)
    yield (
        "swish with beta",
        lambda z, w: np.sum(z / (1 + np.exp(-w * z))),
        (a, np.array(1.3)),
        swish_back(a, 1.3),
    )


def swish_back(z, w):
    p = 1 / (1 + np.exp(-w * z))
    return p + w * z * p * (1 - p), np.sum(z**2 * p * (1 - p))


def standard_back(X, U):
    s, H = X.std(0), (X - X.mean(0)) / X.std(0)
    return (U - U.mean(0) - H * (U * H).mean(0)) / s


def fit_back(c, t):
    e = np.exp(-(c[1] ** 2) * t)
    r = 2 * (c[0] * e + c[2] - np.sin(t)) / len(t)
    return np.array([np.sum(r * e), np.sum(r * c[0] * e * -2 * c[1] * t), np.sum(r)])


@right("fresh two: hard")
def hard(rng):
    z, u = rng.normal(size=5), rng.normal(size=5)
    yield (
        "relu of relu at 0",
        lambda z: np.maximum(0, 2 * np.maximum(0, z)).sum(),
        np.array([0.0, 1, -1]),
        np.array([0.0, 2, 0]),
    )
    yield (
        "max(0, x) + min(0, x) at 0, one half each",
        lambda z: 3 * np.maximum(0, z).sum() + np.minimum(0, z).sum(),
        np.array([0.0, 1]),
        np.array([2.0, 3]),
    )
    yield (
        "leaky at -0.0",
        lambda z: np.where(z > 0, z, 0.2 * z).sum(),
        np.array([-0.0, 2]),
        np.array([0.2, 1]),
    )
    yield "dropout mask", lambda z: z * (np.arange(5) % 2) * 2, z, u * (np.arange(5) % 2) * 2, u
    yield (
        "pool 2x2 of integers with ties",
        lambda M: M.reshape(2, 2, 2, 2).max(axis=(1, 3)),
        np.array([[1.0, 1, 2, 0], [0, 1, 2, 2], [3, 3, 3, 3], [3, 3, 3, 3]]),
        np.array([[0, 0, 1, 0], [0, 1.0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]),
        np.ones((2, 2)),
    )
    yield (
        "maximum with a constant equal to x",
        lambda z: np.maximum(z, 1.0).sum(),
        np.array([1.0, 2, 0]),
        np.array([0.5, 1, 0]),
    )
    yield (
        "clip at its end",
        lambda z: np.clip(z, 0, 6).sum(),
        np.array([6.0, 0, 3]),
        np.array([0.0, 1, 1]),
    )
    yield (
        "margin 1e-7 from the kink",
        lambda z: np.maximum(0, 1 - z).sum(),
        np.array([1 - 1e-7, 1 + 1e-7, 3]),
        np.array([-1.0, 0, 0]),
    )
    yield "deep relu chain", *relu_chain(rng)
    yield (
        "large logits",
        lambda z: 1 / (1 + np.exp(-z)),
        np.array([-700.0, -40, 40, 2, 0]),
        sig_prime(np.array([-700.0, -40, 40, 2, 0])) * u,
        u,
    )
    yield (
        "log(1 + e^x) far out",
        lambda z: np.sum(np.logaddexp(0, z)),
        np.array([-800.0, 800, 0]),
        np.array([0, 1, 0.5]),
    )
    yield (
        "x / (1e-9 + x)",
        lambda z: np.sum(z / (1e-9 + z)),
        np.array([1e-9, 1.0]),
        1e-9 / (1e-9 + np.array([1e-9, 1.0])) ** 2,
    )
    yield (
        "x sin(1 / x)",
        lambda z: np.sum(z * np.sin(1 / z)),
        np.array([0.01, 0.2]),
        np.sin(1 / np.array([0.01, 0.2]))
        - np.cos(1 / np.array([0.01, 0.2])) / np.array([0.01, 0.2]),
    )
    yield "1e-12 slopes on a level of 1", lambda z: 1 + 1e-12 * np.sum(z), z, np.full(5, 1e-12)
    yield "norm of 1e-200", lambda z: np.linalg.norm(z), z * 1e-200, z / np.linalg.norm(z)
    yield (
        "norm of 1e200 by hypot",
        lambda z: np.hypot(z[0], z[1]),
        z[:2] * 1e200,
        z[:2] / np.hypot(z[0], z[1]),
    )
    yield "float32 sum of squares", lambda z: (z.astype(np.float32) ** 2).sum(), z, 2 * z
    yield (
        "float32 with mean removed",
        lambda z: np.float32(np.var(z.astype(np.float32) + np.float32(3))),
        z,
        2 * (z - z.mean()) / 5,
    )
    yield (
        "float32 product of 40",
        lambda z: np.prod((1 + z / 10).astype("f4")),
        np.tile(z, 8),
        np.prod(1 + np.tile(z, 8) / 10) / (10 + np.tile(z, 8)),
    )
    yield "offset and scale", lambda z: 3e7 + 1e-3 * np.sum(z**3), z, 3e-3 * z**2
    yield (
        "difference of exponentials",
        lambda z: np.exp(20 + z).sum() - np.exp(20.0) * 5,
        z,
        np.exp(20 + z),
    )
    yield "bisection to 1e-8", lambda z: root(z), z[0] + 2, 1 / (3 * np.cbrt(z[0] + 2) ** 2)
    yield (
        "interpolated table",
        lambda z: np.interp(z, np.arange(-5.0, 6), np.arange(-5.0, 6) ** 2).sum(),
        z,
        2 * np.floor(z) + 1,
    )
    yield "integer part times slope", lambda z: np.sum(np.floor(z) * z), z, np.floor(z)
    yield "sort", lambda z: np.sort(z) @ u, z, u[np.argsort(np.argsort(z))]
    yield "top 2 mean", lambda z: np.sort(z)[-2:].mean(), z, 0.5 * (z >= np.sort(z)[-2])
    yield "global counter that does not matter", Harmless(), z, 2 * z
    yield "f rejects batches of other sizes", picky, z, 2 * z
    yield (
        "f raises on negative",
        lambda z: only_positive(z),
        np.array([1e-3, 1.0]),
        np.array([1e3, 1.0]),
    )
    yield "noise at rounding level", jitter(rng), z, np.cos(z)
    big = rng.normal(size=30_000)
    yield "3e4 logs of squares", lambda b: np.sum(np.log(b * b + 1)), big, 2 * big / (big**2 + 1)
    yield (
        "3e4 with ties at 0",
        lambda b: np.abs(b).sum(),
        np.where(big > 0, big, 0),
        1.0 * (big > 0),
    )
    yield (
        "float32 of 5000",
        lambda b: np.sum(np.sin(b.astype("f4")), dtype="f8"),
        big[:5000],
        np.cos(big[:5000]),
    )


def sig_prime(z):
    return 1 / (2 + np.exp(np.minimum(z, 700)) + np.exp(-np.maximum(z, -700)))


def root(z):
    low, high = 0.0, 4.0
    while high - low > 1e-8:
        middle = (low + high) / 2
        low, high = (middle, high) if middle**3 < z else (low, middle)
    return (low + high) / 2


def only_positive(z):
    if np.any(z <= 0):
        raise ArithmeticError("negative")
    return np.log(z).sum()


def picky(z):
    assert z.shape == (5,)
    return z @ z


class Harmless:
    def __init__(self):
        self.calls = 0

    def __call__(self, z):
        self.calls += 1
        return z @ z


def jitter(rng):
    return lambda z: np.sin(z).sum() * (1 + 1e-16 * rng.normal())


def relu_chain(rng):
    Ws = [rng.normal(size=(6, 6)) / 2 for _ in range(6)]
    X, U = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    points = [X]
    for W in Ws:
        points.append(np.maximum(points[-1] @ W.T, 0))
    G = U
    for W, Y in zip(Ws[::-1], points[:0:-1]):
        G = (G * (Y > 0)) @ W

    def f(X):
        for W in Ws:
            X = np.maximum(X @ W.T, 0)
        return X

    return f, X, G, U


ANY = ("wrong", "random", "wrong-formula", "some-entries", "missing-term")


@wrong(
    "transposed",
    "flipped",
    "kernel",
    "transposed-factor",
    "swapped",
    "wrong-axis",
    "upstream",
    "permuted",
    "wrong-shape",
    *ANY,
)
def wrong_structure(rng):
    X, k, U = rng.normal(size=(5, 5)), rng.normal(size=(3, 3)), rng.normal(size=(5, 5))
    dk = np.array(
        [[np.sum(U * np.pad(X, 1)[i : i + 5, j : j + 5]) for j in range(3)] for i in range(3)]
    )
    yield "dX, kernel not flipped", conv_same, (X, k), (conv_same(U, k), dk), U
    yield "dk flipped", conv_same, (X, k), (conv_same(U, k[::-1, ::-1]), dk[::-1, ::-1]), U
    yield "dk transposed", conv_same, (X, k), (conv_same(U, k[::-1, ::-1]), dk.T), U
    yield "dX with the kernel transposed", conv_same, (X, k), (conv_same(U, k.T), dk), U
    a, b = rng.normal(size=3), rng.normal(size=3)
    yield (
        "outer, transposed upstream",
        np.outer,
        (a, b),
        (U[:3, :3].T @ b, U[:3, :3].T @ a),
        U[:3, :3],
    )
    yield (
        "standardised columns by rows",
        lambda X: (X - X.mean(0)) / X.std(0),
        X,
        standard_back(X.T, U.T).T,
        U,
    )


@wrong("missing-mean", "constant-factor")
def wrong_factor(rng):
    X, U = rng.normal(size=(5, 5)), rng.normal(size=(5, 5))
    yield (
        "average pooling without 1/4",
        lambda X: X[:4, :4].reshape(2, 2, 2, 2).mean(axis=(1, 3)),
        X,
        np.pad(np.kron(U[:2, :2], np.ones((2, 2))), ((0, 1), (0, 1))),
        U[:2, :2],
    )


@wrong("permuted")
def wrong_order(rng):
    z, u = np.sort(rng.normal(size=5))[[2, 0, 4, 1, 3]], rng.normal(size=5)
    yield "sort, not scattered back", lambda z: np.sort(z) @ u, z, u


@wrong("sign", "transposed-factor")
def wrong_turn(rng):
    a, b, U = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(1, 3))
    yield (
        "cross product, order",
        np.cross,
        (a, b),
        (np.cross(U[0, :3], b), np.cross(U[0, :3], a)),
        U[0, :3],
    )


@wrong(
    "sign",
    "constant-factor",
    "missing-mean",
    "slight-constant",
    "all-zero",
    "one-entry",
    "kink",
    "ties",
    "negative",
    "region",
    "row-or-column",
    "at-activation",
    "derivative-missing",
    *ANY,
)
def wrong_values(rng):
    z, _, s = rng.normal(size=5), rng.normal(size=5), rng.uniform(1, 2, 3)
    X = rng.normal(size=(5, 4))
    yield (
        "geometric mean without 1/3",
        lambda s: np.prod(s) ** (1 / 3),
        s,
        np.prod(s) ** (1 / 3) / s,
    )
    yield (
        "discriminator, sign of the second",
        lambda D: np.sum(np.log(D) + np.log(1 - D)),
        s / 3,
        3 / s + 1 / (1 - s / 3),
    )
    yield (
        "integral for pointwise",
        lambda D: np.sum(np.log(D) + np.log(1 - D)),
        s / 3,
        np.full(3, np.sum(3 / s - 1 / (1 - s / 3))),
    )
    yield (
        "cross entropy, sign",
        lambda y: -np.sum(np.log(y) + 2 * np.log(1 - y)),
        s / 3,
        3 / s - 2 / (1 - s / 3),
    )
    yield "mean per row, all entries", lambda X: np.mean(np.sum(X**2, 1)), X, 2 * X / 20
    yield "variance with n - 1", lambda X: X.var(), X, 2 * (X - X.mean()) / 19
    yield "variance without the mean", lambda X: X.var(), X, 2 * X / 20
    yield (
        "swish, beta forgotten",
        lambda z: np.sum(z / (1 + np.exp(-1.5 * z))),
        z,
        swish_back(z, 1.0)[0],
    )
    yield (
        "clip at its end",
        lambda z: np.clip(z, 0, 6).sum(),
        np.array([6.0, 0, 3]),
        np.array([-0.2, 1, 1]),
    )
    yield (
        "equal to a constant",
        lambda z: np.maximum(z, 1.0).sum(),
        np.array([1.0, 2, 0]),
        np.array([1.5, 1, 0]),
    )
    yield (
        "pooling, ties to all",
        lambda M: M.reshape(2, 2, 2, 2).max(axis=(1, 3)),
        np.array([[1.0, 1, 2, 0], [0, 1, 2, 2], [3, 3, 3, 3], [3, 3, 3, 3]]),
        np.array([[1.0, 1, 1, 0], [0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]),
        np.ones((2, 2)),
    )
    yield (
        "margin 1e-7 from the kink",
        lambda z: np.maximum(0, 1 - z).sum(),
        np.array([1 - 1e-7, 1 + 1e-7, 3]),
        np.array([0.0, 0, 0]),
    )
    yield (
        "x / (1e-9 + x)",
        lambda z: np.sum(z / (1e-9 + z)),
        np.array([1e-9, 1.0]),
        np.array([2e8, 1e-9]),
    )
    yield (
        "x sin(1 / x), one term",
        lambda z: np.sum(z * np.sin(1 / z)),
        np.array([0.01, 0.2]),
        np.sin(1 / np.array([0.01, 0.2])),
    )
    yield "float32 sum of squares", lambda z: (z.astype(np.float32) ** 2).sum(), z, z
    yield (
        "float32 of 5000, one",
        lambda b: np.sum(np.sin(b.astype("f4")), dtype="f8"),
        np.tile(z, 1000),
        spoil(np.cos(np.tile(z, 1000)), 4321),
    )
    yield "offset and scale", lambda z: 3e7 + 1e-3 * np.sum(z**3), z, 3e-3 * z**2 * 1.2
    yield (
        "difference of exponentials",
        lambda z: np.exp(20 + z).sum() - np.exp(20.0) * 5,
        z,
        np.exp(20 + z) * (1 + 1e-5),
    )
    yield "bisection", lambda z: root(z), z[0] + 2, 1 / (3 * np.cbrt(z[0] + 2))
    yield (
        "interpolated table",
        lambda z: np.interp(z, np.arange(-5.0, 6), np.arange(-5.0, 6) ** 2).sum(),
        z,
        2 * z,
    )
    yield (
        "raises on negative",
        lambda z: only_positive(z),
        np.array([1e-3, 1.0]),
        np.array([1e3, 0.9]),
    )
    yield (
        "1e-12 slopes on a level of 1e-6",
        lambda z: 1e-6 + 1e-12 * np.sum(z),
        z,
        np.full(5, 1.1e-12),
    )
    yield (
        "saturated entries",
        lambda z: 1 / (1 + np.exp(-z)),
        np.array([-30.0, 2, 0]),
        sig_prime(np.array([-30.0, 2, 0])) * [3, 1, 1],
        np.ones(3),
    )
    yield "rounding-level noise, 1e-6 off", jitter(rng), z, np.cos(z) * (1 + 1e-6)
    yield (
        "3e4, a stretch of 100 zero",
        lambda b: b @ b,
        np.tile(z, 6000),
        stretch(2 * np.tile(z, 6000)),
    )


def spoil(g, n):
    g[n] *= -1
    return g


def stretch(g):
    g[12_000:12_100] = 0
    return g
