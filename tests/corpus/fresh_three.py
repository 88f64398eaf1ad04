"""A fourth set, written after the third had shown a false alarm: nothing taken from before."""

import numpy as np

from tests.corpus import right, wrong

f4 = np.float32


@right("fresh three")
def cases_right(rng):
    x, y, w = rng.normal(size=(3, 7))
    r = np.abs(x) + 0.2
    yield "Lennard-Jones", lambda r: np.sum(r**-12 - 2 * r**-6), r, -12 * r**-13 + 12 * r**-7
    yield "Planck", lambda r: np.sum(1 / np.expm1(r)), r, -np.exp(r) / np.expm1(r) ** 2
    yield "logit", lambda p: np.log(p / (1 - p)) @ w, r / 9, w / (r / 9 * (1 - r / 9))
    yield "running maximum", lambda x: np.maximum.accumulate(x) @ w, x, running_back(x, w)
    yield "total variation", lambda x: np.abs(np.diff(x)).sum(), x, tv_back(x)
    yield (
        "total variation, flat",
        lambda x: np.abs(np.diff(x)).sum(),
        np.array([1.0, 1, 2, 2, 2]),
        np.array([0, -1.0, 1, 0, 0]),
    )
    yield (
        "soft threshold at its edge",
        lambda x: np.sign(x) * np.maximum(np.abs(x) - 1, 0) @ np.ones(3),
        np.array([1.0, -1, 2]),
        np.array([0.0, 1, 1]),
    )
    yield (
        "smoothstep at 0 and 1",
        lambda x: np.sum(smooth(x)),
        np.array([0.0, 1, 0.4]),
        np.array([0, 0, 6 * 0.4 * 0.6]),
    )
    yield (
        "spline knot",
        lambda x: np.sum(np.maximum(x, 0) ** 3),
        np.array([0.0, 1, -1]),
        np.array([0.0, 3, 0]),
    )
    yield "relu cubed root scale", lambda x: np.sum(1e-6 * np.maximum(x, 0)), x, 1e-6 * (x > 0)
    yield "max of |x|", lambda x: np.abs(x).max(), np.array([2.0, -2, 1]), np.array([0.5, -0.5, 0])
    yield (
        "l infinity tie in a row",
        lambda X: np.abs(X).max(1),
        np.array([[1.0, -1], [3, 2]]),
        np.array([[1.0, 0], [1, 0]]),
        np.ones(2),
    )
    yield "min of pairs", lambda x, y: np.minimum(x, y) @ w, (x, y), (w * (x < y), w * (y < x))
    yield "exp(-1 / x)", lambda r: np.exp(-1 / r).sum(), r / 10, np.exp(-10 / r) / (r / 10) ** 2
    yield (
        "exp(-x*x) far out",
        lambda x: np.exp(-x * x).sum(),
        np.array([6.0, 0.1, -5]),
        -2 * np.array([6.0, 0.1, -5]) * np.exp(-(np.array([6.0, 0.1, -5]) ** 2)),
    )
    yield "sinh 30 x", lambda x: np.sinh(30 * x).sum(), x, 30 * np.cosh(30 * x)
    yield (
        "x**1.5 at 1e-7",
        lambda x: np.sum(x**1.5),
        np.array([1e-7, 1.0]),
        1.5 * np.sqrt([1e-7, 1.0]),
    )
    yield (
        "beta entropy edge",
        lambda p: np.sum(p**2 * np.log(p)),
        np.array([1e-6, 0.9]),
        np.array([1e-6, 0.9]) * (2 * np.log([1e-6, 0.9]) + 1),
    )
    yield (
        "sqrt(1 - x²) near 1",
        lambda x: np.sqrt(1 - x * x).sum(),
        np.array([0.9999, 0.1]),
        -np.array([0.9999, 0.1]) / np.sqrt(1 - np.array([0.9999, 0.1]) ** 2),
    )
    A, b = rng.normal(size=(5, 7)), rng.normal(size=5)
    yield (
        "least squares in float32",
        lambda x: np.sum((A.astype(f4) @ x.astype(f4) - b.astype(f4)) ** 2),
        x,
        2 * A.T @ (A @ x - b),
    )
    yield (
        "float32 mean of a batch",
        lambda A: np.mean(np.tanh(A.astype(f4)) ** 2, dtype=f4),
        A,
        2 * np.tanh(A) * (1 - np.tanh(A) ** 2) / 35,
    )
    yield (
        "float32, entries of 1e-3",
        lambda x: np.sum(np.exp(x.astype(f4))),
        x * 1e-3,
        np.exp(x * 1e-3),
    )
    yield (
        "float32, entries of 1e-6",
        lambda x: np.sum(np.exp(x.astype(f4) + f4(1))),
        x * 1e-6,
        np.exp(1 + x * 1e-6),
    )
    yield "float16 weights", lambda x: np.sum(x.astype(np.float16).astype(float) * w), x, w
    yield "quantised to 1/256", lambda x: np.sum(np.round(x * 256) / 256 * w), x, w
    yield "sum with pairwise error", lambda x: (1e7 * x).sum() - 1e7 * x[::-1].sum() + x @ w, x, w
    yield (
        "softmax then tiny weights",
        lambda x: 1e-9 * (w @ (np.exp(x) / np.exp(x).sum())),
        x,
        1e-9 * soft_back(x, w),
    )
    yield "product of 1e-3", lambda x: np.prod(x * 1e-3), r, np.prod(r * 1e-3) / r
    yield "offset 1e6 and slope 1e-4", lambda x: 1e6 + 1e-4 * np.sin(x).sum(), x, 1e-4 * np.cos(x)
    yield (
        "centred large numbers",
        lambda x: np.sum((x - x.mean()) ** 3),
        x + 1e4,
        3 * ((x - x.mean()) ** 2 - np.mean((x - x.mean()) ** 2)),
    )
    yield (
        "angles near 2 pi 1000",
        lambda x: np.cos(x) @ w,
        x + 2000 * np.pi,
        -w * np.sin(x + 2000 * np.pi),
    )
    yield (
        "times of 1e9 seconds",
        lambda t: np.sum(np.sin((t - 1e9) / 10)),
        1e9 + x,
        np.cos((1e9 + x - 1e9) / 10) / 10,
    )
    yield "rates of 1e-9", lambda k: np.sum(np.exp(-k * 1e9)), r * 1e-9, -1e9 * np.exp(-r)
    yield (
        "masses and charges",
        lambda m, q: np.sum(q * q / m),
        (r * 1e-27, x * 1e-19),
        (-(x**2) / r**2 * 1e16, 2 * x / r * 1e8),
    )
    big = rng.normal(size=(150, 100))
    v = rng.normal(size=100)
    yield (
        "1.5e4, float32 matmul",
        lambda M: np.tanh(M.astype(f4) @ v.astype(f4) / f4(10)).sum(dtype=float),
        big,
        np.outer(1 - np.tanh(big @ v / 10) ** 2, v / 10),
    )
    yield (
        "1.5e4, sorted rows",
        lambda M: np.sort(M, 1) @ v,
        big,
        np.take_along_axis(np.broadcast_to(v, big.shape), np.argsort(np.argsort(big, 1), 1), 1),
        np.ones(150),
    )
    yield (
        "1.5e4, half of them dead",
        lambda M: np.maximum(M, 0) @ v,
        big,
        (big > 0) * v,
        np.ones(150),
    )
    yield "early stopping inside", newton, r, 0.5 / np.sqrt(r)
    yield "bias-free relu net at 0 bias", *relu_net(rng)


def smooth(x):
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def soft_back(x, w):
    p = np.exp(x) / np.exp(x).sum()
    return p * (w - w @ p)


def newton(r):
    y = np.ones_like(r)
    for _ in range(60):
        if np.max(np.abs(y * y - r)) <= 1e-11:
            return y.sum()
        y = (y + r / y) / 2
    return np.nan  # r < 0 has no root


def running_back(x, w):
    g, best = np.zeros(7), 0
    for k in range(7):
        best = k if x[k] > x[best] else best
        g[best] += w[k]
    return g


def tv_back(x):
    s = np.sign(np.diff(x))
    return np.append(0, s) - np.append(s, 0)


def relu_net(rng):
    X, W, b = rng.normal(size=(6, 3)), rng.normal(size=(5, 3)), np.zeros(5)
    X[0] = 0
    Z = X @ W.T
    U = rng.normal(size=(6, 5))
    D = U * (Z > 0)
    return lambda X, W, b: np.maximum(X @ W.T + b, 0), (X, W, b), (D @ W, D.T @ X, D.sum(0)), U


@wrong(
    "wrong",
    "sign",
    "constant-factor",
    "one-entry",
    "some-entries",
    "kink",
    "ties",
    "region",
    "negative",
    "missing-term",
    "wrong-formula",
    "slight-constant",
    "all-zero",
    "derivative-missing",
    "random",
    "missing-mean",
    "permuted",
    "shifted",
    "row-or-column",
    "upstream",
    "at-activation",
    "flipped",
)
def cases_wrong(rng):
    x, y, w = rng.normal(size=(3, 7))
    r = np.abs(x) + 0.2
    yield (
        "Lennard-Jones, a sign",
        lambda r: np.sum(r**-12 - 2 * r**-6),
        r,
        -12 * r**-13 - 12 * r**-7,
    )
    yield "Planck, a minus", lambda r: np.sum(1 / np.expm1(r)), r, np.exp(r) / np.expm1(r) ** 2
    yield (
        "running maximum, all to the last",
        lambda x: np.maximum.accumulate(x) @ w,
        np.sort(x),
        np.roll(w, 1),
    )
    yield (
        "total variation, shifted",
        lambda x: np.abs(np.diff(x)).sum(),
        x,
        np.roll(tv_back(x), 1) + 1e-3,
    )
    yield (
        "soft threshold at its edge",
        lambda x: np.sign(x) * np.maximum(np.abs(x) - 1, 0) @ np.ones(3),
        np.array([1.0, -1, 2]),
        np.array([1.5, 1, 1]),
    )
    yield (
        "spline knot",
        lambda x: np.sum(np.maximum(x, 0) ** 3),
        np.array([0.0, 1, -1]),
        np.array([0.0, 3, 3]),
    )
    yield (
        "max of |x|, both",
        lambda x: np.abs(x).max(),
        np.array([2.0, -2, 1]),
        np.array([1.0, -1, 0]),
    )
    yield (
        "exp(-x*x) far out",
        lambda x: np.exp(-x * x).sum(),
        np.array([4.0, 0.1, -5]),
        -2 * np.array([2.0, 0.1, -5]) * np.exp(-(np.array([4.0, 0.1, -5]) ** 2)),
    )
    yield "sinh 30 x", lambda x: np.sinh(30 * x).sum(), x, 29 * np.cosh(30 * x)
    yield "x**1.5 at 1e-7", lambda x: np.sum(x**1.5), np.array([1e-7, 1.0]), np.array([5e-4, 1.5])
    A, b = rng.normal(size=(5, 7)), rng.normal(size=5)
    yield (
        "least squares in float32, 2 lost",
        lambda x: np.sum((A.astype(f4) @ x.astype(f4) - b.astype(f4)) ** 2),
        x,
        A.T @ (A @ x - b),
    )
    yield (
        "float32 mean, one entry 2 %",
        lambda A: np.mean(np.tanh(A.astype(f4)) ** 2, dtype=f4),
        A,
        one(2 * np.tanh(A) * (1 - np.tanh(A) ** 2) / 35),
    )
    yield (
        "float32, entries of 1e-6",
        lambda x: np.sum(np.exp(x.astype(f4) + f4(1))),
        x * 1e-6,
        np.exp(x * 1e-6),
    )
    yield "quantised to 1/256", lambda x: np.sum(np.round(x * 256) / 256 * w), x, -w
    yield "quantised to 1/256, zero", lambda x: np.sum(np.round(x * 256) / 256 * w), x, 0 * w
    yield (
        "sum with pairwise error",
        lambda x: (1e7 * x).sum() - 1e7 * x[::-1].sum() + x @ w,
        x,
        w * 1.001,
    )
    yield "offset 1e6 and slope 1e-4", lambda x: 1e6 + 1e-4 * np.sin(x).sum(), x, 1.1e-4 * np.cos(x)
    yield (
        "centred large numbers",
        lambda x: np.sum((x - x.mean()) ** 3),
        x + 1e4,
        3 * (x - x.mean()) ** 2,
    )
    yield (
        "times of 1e9 seconds",
        lambda t: np.sum(np.sin((t - 1e9) / 10)),
        1e9 + x,
        np.cos((1e9 + x - 1e9) / 10),
    )
    yield "rates of 1e-9", lambda k: np.sum(np.exp(-k * 1e9)), r * 1e-9, -np.exp(-r)
    yield (
        "masses and charges",
        lambda m, q: np.sum(q * q / m),
        (r * 1e-27, x * 1e-19),
        (-(x**2) / r**2 * 1e16, x / r * 1e8),
    )
    big = rng.normal(size=(150, 100))
    v = rng.normal(size=100)
    G = np.outer(1 - np.tanh(big @ v / 10) ** 2, v / 10)
    yield (
        "1.5e4, float32 matmul, one row",
        lambda M: np.tanh(M.astype(f4) @ v.astype(f4) / f4(10)).sum(dtype=float),
        big,
        np.where(np.arange(150)[:, None] == 77, 0, G),
    )
    yield "1.5e4, one sign", lambda M: np.tanh(M @ v / 10).sum(), big, one(G)
    yield "early stopping inside", newton, r, 1 / np.sqrt(r)
    f, X, claims, U = relu_net(rng)
    yield "relu net, mask of z >= 0 on W only", f, X, (claims[0] + 0.01, claims[1], claims[2]), U


def one(G):
    G = G.copy()
    n = np.argmax(np.abs(G))
    G.flat[n] *= 0.98
    return G
