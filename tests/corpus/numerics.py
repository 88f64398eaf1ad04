"""Where finite differences are hard: kinks, ties, edges, noise, scales; right and wrong claims."""

import numpy as np

from tests.corpus import right, wrong
from tests.corpus.plain import ELEMENTWISE, sigmoid, softmax

relu, relu_prime = ELEMENTWISE["relu"]


@right("at a kink")
def at_kink(rng):
    z = np.array([0.0, 1.0, -2.0, 0.0])
    u = rng.normal(size=4)
    for s in (0.0, 0.5, 1.0):
        yield f"relu with slope {s} at 0", lambda z: u @ relu(z), z, u * np.where(z == 0, s, z > 0)
    for s in (-1.0, 0.0, 0.3, 1.0):
        yield f"abs with slope {s}", lambda z: np.abs(z) @ u, z, u * np.where(z == 0, s, np.sign(z))
    e = np.array([-1.0, 1.0, 0.3, 2.0])
    yield "hard tanh at both ends, slope 0", lambda z: u @ np.clip(z, -1, 1), e, u * (np.abs(e) < 1)
    yield "hard tanh, slope 1", lambda z: u @ np.clip(z, -1, 1), e, u * (np.abs(e) <= 1)
    yield (
        "elu with alpha 2, left",
        lambda z: u @ np.where(z > 0, z, 2 * np.expm1(np.minimum(z, 0))),
        z,
        u * np.where(z > 0, 1, 2 * np.exp(np.minimum(z, 0))),
    )
    X, W = np.zeros((2, 3)), rng.normal(size=(4, 3))
    U = rng.normal(size=(2, 4))
    yield "relu net with zero input", lambda X: relu(X @ W.T), X, np.zeros((2, 3)), U
    b = np.zeros(4)
    yield (
        "relu net, dead by zero weights",
        lambda W, b: relu(X @ W.T + b),
        (np.zeros((4, 3)), b),
        (np.zeros((4, 3)), b * 0),
        U,
    )
    yield (
        "product at a kink",
        lambda z: np.prod(1 + np.abs(z)),
        z,
        np.where(z == 0, 0, np.sign(z) / (1 + np.abs(z))) * np.prod(1 + np.abs(z)),
    )


@right("ties")
def ties(rng):
    z = np.array([2.0, 2.0, -1.0, 2.0])
    for name, g in {
        "first": [1, 0, 0, 0],
        "last": [0, 0, 0, 1],
        "shared": [1 / 3, 1 / 3, 0, 1 / 3],
        "uneven": [0.2, 0.3, 0, 0.5],
    }.items():
        yield f"max of vector, {name}", np.max, z, np.array(g, float)
        yield f"min, {name}", lambda z: np.min(-z), z, -np.array(g, float)
    M = np.repeat(rng.normal(size=(3, 2)), 2, axis=1)
    U = rng.normal(size=3)
    G = np.zeros_like(M)
    G[np.arange(3), M.argmax(1)] = U
    yield "rows with ties, first", lambda M: M.max(1), M, G, U
    S = (M == M.max(1, keepdims=True)) / 2 * U[:, None]
    yield "rows with ties, shared", lambda M: M.max(1), M, S, U
    C = np.ones((4, 4))
    pool = lambda C: C.reshape(2, 2, 2, 2).max(axis=(1, 3))
    P = np.zeros((4, 4))
    P[::2, ::2] = V = rng.normal(size=(2, 2))
    yield "pooling of a constant image", pool, C, P, V
    yield (
        "maximum of two equal arrays",
        lambda a, b: np.maximum(a, b),
        (z, z.copy()),
        (U[0] + 0 * z, 0 * z),
        U[0] + 0 * z,
    )
    w, v = rng.normal(size=(2, 3))
    x = np.cross(w, v)
    yield "two hyperplanes that meet", lambda x: max(w @ x, v @ x), x - x + 0.0, w
    yield (
        "sorted with ties",
        lambda z: np.sort(z) @ np.array([1.0, 2, 3, 3]),
        z,
        np.array([2.0, 3, 1, 3]),
    )


@right("near a kink")
def near_kink(rng):
    u = rng.normal(size=4)
    for d in (1e-2, 1e-3, 1e-5, 1e-6, 1e-8):
        z = np.array([d, -d, 3 * d, -0.5])
        yield f"relu {d} away", lambda z: u @ relu(z), z, u * (z > 0)
        yield f"abs {d} away", lambda z: u @ np.abs(z), z, u * np.sign(z)
        yield f"relu {d} away from 1", lambda z: u @ relu(z - 1), 1 + z, u * (z > 0)
        t = np.array([1.0, 1 + d, 0.2, 1 - d])
        yield f"max by {d}", np.max, t, 1.0 * (t == t.max())
        yield f"alone, {d}", lambda z: relu(z) * 3, -d, 0.0
    X, W, U = rng.normal(size=(30, 20)), rng.normal(size=(40, 20)), rng.normal(size=(30, 40))
    yield (
        "wide relu layer",
        lambda X, W: relu(X @ W.T),
        (X, W),
        ((U * (X @ W.T > 0)) @ W, (U * (X @ W.T > 0)).T @ X),
        U,
    )


@right("edge")
def edge(rng):
    for d in (1e-3, 1e-6, 1e-9, 1e-12):
        z = np.array([d, 2 * d, 0.3])
        yield f"log {d}", lambda z: np.log(z).sum(), z, 1 / z
        yield f"sqrt {d}", lambda z: np.sqrt(z).sum(), z, 0.5 / np.sqrt(z)
        yield f"x log x {d}", lambda z: np.sum(z * np.log(z)), z, np.log(z) + 1
    for d in (1e-2, 1e-5, 1e-8):
        z = np.array([1 - d, d - 1, 0.2])
        yield f"arcsin {d}", lambda z: np.arcsin(z).sum(), z, 1 / np.sqrt((1 - z) * (1 + z))
        yield f"arctanh {d}", lambda z: np.arctanh(z).sum(), z, 1 / ((1 - z) * (1 + z))
    p = np.array([1e-7, 1 - 1e-7, 0.4])
    yield (
        "cross entropy at the ends",
        lambda p: -np.sum(np.log(p) + np.log1p(-p)),
        p,
        -1 / p + 1 / (1 - p),
    )
    yield (
        "one side only",
        lambda z: np.sum(np.sqrt(z) ** 3),
        np.array([0.0, 1.0, 2.0]),
        1.5 * np.sqrt([0.0, 1, 2]),
    )
    import math

    yield "raises outside", lambda z: math.sqrt(z), 1e-4, 50.0
    yield (
        "raises outside, vector",
        lambda z: sum(math.log(v) for v in z),
        np.array([1e-5, 2.0]),
        np.array([1e5, 0.5]),
    )
    z = np.array([1e-300, 1e-200, 1.0])
    yield "tiny inputs", lambda z: np.log(z).sum(), z, 1 / z
    z = np.array([1e300, -1e200, 1.0])
    yield "huge inputs", lambda z: np.sum(np.log(np.abs(z))), z, 1 / z
    yield (
        "power",
        lambda z: np.sum(z**0.1),
        np.array([1e-10, 1e-4, 1.0]),
        0.1 * np.array([1e-10, 1e-4, 1.0]) ** -0.9,
    )


@right("steep")
def steep(rng):
    z = rng.normal(size=4)
    for a in (20, 50, 300):
        yield f"exp({a} x)", lambda z: np.exp(a * z).sum(), z / 2, a * np.exp(a * z / 2)
        yield f"sin({a} x)", lambda z: np.sin(a * z).sum(), z, a * np.cos(a * z)
        yield f"tanh({a} x)", lambda z: np.tanh(a * z).sum(), z / a, a * (1 - np.tanh(z) ** 2)
    yield "sin(1e4 x)", lambda z: np.sin(1e4 * z).sum(), z, 1e4 * np.cos(1e4 * z)
    yield (
        "small and fast",
        lambda z: np.sum(np.sin(z) + 1e-5 * np.sin(1e4 * z)),
        z,
        np.cos(z) + 0.1 * np.cos(1e4 * z),
    )
    yield "x**20", lambda z: np.sum(z**20), z, 20 * z**19
    yield "1 / x near 0", lambda z: np.sum(1 / z), z * 1e-3, -1 / (z * 1e-3) ** 2
    x = 0.3 + rng.uniform(size=3)
    yield (
        "x**x**x",
        lambda x: np.sum(x ** (x**x)),
        x,
        x ** (x**x) * (x**x) * ((np.log(x) + 1) * np.log(x) + 1 / x),
    )
    yield (
        "exp of exp",
        lambda x: np.exp(np.exp(np.exp(x))).sum(),
        x,
        np.exp(np.exp(np.exp(x)) + np.exp(x) + x),
    )
    g = lambda x: 1 / (1e-4 + (x - 0.5) ** 2)
    yield "narrow peak", lambda x: g(x).sum(), x, -2 * (x - 0.5) * g(x) ** 2


@right("coarse")
def coarse(rng):
    z, u = rng.normal(size=5), rng.normal(size=5)
    half = lambda a: np.asarray(a, "f4")
    yield "float32 tanh", lambda z: np.sum(np.tanh(half(z))), z, 1 - np.tanh(z) ** 2
    yield "float32 out", lambda z: half(np.sum(u * np.sin(z))), z, u * np.cos(z)
    X, W, U = rng.normal(size=(6, 8)), rng.normal(size=(5, 8)), rng.normal(size=(6, 5))
    net = lambda X, W: np.tanh(half(X) @ half(W).T)
    D = half(U) * (1 - net(X, W) ** 2)
    yield "float32 layer, float32 claims", net, (X, W), (D @ half(W), D.T @ half(X)), U
    yield "float32 inputs", lambda z: np.sum(np.sin(z) * u), half(z), u * np.cos(half(z))
    yield "float16", lambda z: np.sum(np.sin(np.asarray(z, "f2")).astype(float)), z, np.cos(z)
    yield "float32 softmax", lambda z: softmax(half(z)), z, softmax(z) * (u - u @ softmax(z)), u
    jitter = lambda z: np.sin(z).sum() + 1e-10 * np.sin(1e13 * z.sum())
    yield "jumpy at 1e-10", jitter, z, np.cos(z)

    def solver(z):  # stops at a tolerance
        y, n = np.ones_like(z), 0
        while np.max(np.abs(y - np.cos(y) * 0.5 - z)) > 1e-9 and n < 100:
            y, n = 0.5 * np.cos(y) + z, n + 1
        return y.sum()

    y = np.ones_like(z)
    for _ in range(200):
        y = 0.5 * np.cos(y) + z
    yield "iterative solver", solver, z, 1 / (1 + 0.5 * np.sin(y))
    yield "rounded to 6 digits", lambda z: np.round(np.sin(z).sum(), 6), z, np.cos(z)


@right("offset")
def offset(rng):
    z, u = rng.normal(size=5), rng.normal(size=5)
    for c in (1e4, 1e8, 1e10):
        yield f"{c} + small", lambda z: c + np.sum(u * np.sin(z)), z, u * np.cos(z)
        yield f"({c} + small) - {c}", lambda z: (c + np.sum(u * np.sin(z))) - c, z, u * np.cos(z)
    yield "offset in each output", lambda z: 1e8 + np.sin(z), z, u * np.cos(z), u
    yield "large inputs", lambda z: np.sum(u * np.sin(z)), z + 1e6, u * np.cos(z + 1e6)
    yield "variance far from 0", lambda z: np.var(z), z + 1e5, 2 * (z + 1e5 - np.mean(z + 1e5)) / 5
    yield "1 - cos x", lambda z: np.sum(1 - np.cos(z)), z * 1e-3, np.sin(z * 1e-3)
    yield (
        "difference of squares",
        lambda z: (z @ z + 1e6) - (np.sum(z[::-1] ** 2) + 1e6) + z @ u,
        z,
        u,
    )
    yield (
        "loss near its minimum",
        lambda z: np.sum((z - u) ** 2),
        u + 1e-9 * z,
        2 * ((u + 1e-9 * z) - u),
    )
    yield "at its minimum", lambda z: np.sum((z - u) ** 2), u, 0 * u
    yield (
        "log softmax with huge logits",
        lambda z: z[0] - np.log(np.exp(z - z.max()).sum()) - z.max(),
        z + 1e7,
        np.eye(5)[0] - softmax(z + 1e7),
    )


@right("scales")
def scales(rng):
    s = 10.0 ** np.array([-8, -4, 0, 4, 8])
    z = s * rng.uniform(1, 2, 5)
    yield "log", lambda z: np.sum(np.log(z)), z, 1 / z
    yield "squares with upstream", lambda z: z**2, z, 2 * z / s, 1 / s
    yield "weighted", lambda z: np.sum(np.sin(z / s)), z, np.cos(z / s) / s
    c = 10.0 ** np.array([-6, -3, 0, 3, 6])
    x = rng.normal(size=5)
    yield "slopes", lambda x: np.sum(c * np.sin(x)), x, c * np.cos(x)
    yield "slopes with upstream", lambda x: np.sin(x), x, c * np.cos(x), c
    yield (
        "saturated",
        lambda x: np.sum(sigmoid(x)),
        np.array([-30.0, 0.1, 20, 30]),
        sigmoid(np.array([-30.0, 0.1, 20, 30])) * sigmoid(-np.array([-30.0, 0.1, 20, 30])),
    )
    yield (
        "small weights",
        lambda x: np.sum(np.tanh(x) ** 2 + np.sin(x)),
        x * 1e-8,
        2 * np.tanh(x * 1e-8) * (1 - np.tanh(x * 1e-8) ** 2) + np.cos(x * 1e-8),
    )
    yield "tiny f", lambda x: 1e-30 * np.sum(np.sin(x)), x, 1e-30 * np.cos(x)
    yield "huge f", lambda x: 1e30 * np.sum(np.sin(x)), x, 1e30 * np.cos(x)


@right("steps")
def steps(rng):
    z = rng.uniform(0.1, 0.9, 4) + np.arange(4)
    yield "floor", lambda z: np.floor(z).sum(), z, 0 * z
    yield "sign", lambda z: np.sign(z).sum(), z - 1.95, 0 * z
    yield "remainder", lambda z: np.sum((z - np.floor(z)) ** 2), z, 2 * (z - np.floor(z))
    yield "step times slope", lambda z: np.sum(z * (z > 1.95)), z, 1.0 * (z > 1.95)
    yield "count", lambda z: 1.0 * np.sum(z > 1.99), z, 0 * z
    yield "argmax", lambda z: 1.0 * np.argmax(z), z, 0 * z


@right("many")
def many(rng):
    x, u = rng.normal(size=100_000), rng.normal(size=100_000)
    yield "1e5 sines", lambda x: u @ np.sin(x), x, u * np.cos(x)
    W, v = rng.normal(size=(200, 300)) / 17, rng.normal(size=300)
    g = rng.normal(size=200)
    yield "6e4 weights", lambda W: g @ np.tanh(W @ v), W, np.outer(g * (1 - np.tanh(W @ v) ** 2), v)
    yield "1e4 relus", lambda x: u[:10_000] @ relu(x), x[:10_000], u[:10_000] * (x[:10_000] > 0)
    yield "1e4 spread", lambda x: np.sum(x**3), x[:10_000], 3 * x[:10_000] ** 2


# ---------------------------------------------------------------- wrong, and easy to miss


@wrong("one-entry")
def one_of_many(rng):
    x, u = rng.normal(size=100_000), rng.normal(size=100_000)
    g = u * np.cos(x)
    for name, change in {
        "doubled": lambda v: 2 * v,
        "zero": lambda v: 0 * v,
        "off by 1e-3": lambda v: v * 1.001,
    }.items():
        bad, n = g.copy(), int(rng.integers(100_000))
        bad[n] = change(bad[n])
        yield f"1e5, {name}", lambda x: u @ np.sin(x), x, bad
    W, v, t = rng.normal(size=(100, 100)) / 10, rng.normal(size=100), rng.normal(size=100)
    G = np.outer(t * (1 - np.tanh(W @ v) ** 2), v)
    G[37, 11] += 1e-3
    yield "1e4 weights", lambda W: t @ np.tanh(W @ v), W, G
    x = rng.normal(size=30)
    for e in (1e-6, 1e-5, 1e-4):
        g = np.cos(x)
        g[7] *= 1 + e
        yield f"of 30, by {e}", lambda x: np.sin(x).sum(), x, g


@wrong("one-entry", "some-entries", "row-or-column", "all-zero", "negative", "region")
def hidden_small(rng):
    c = 10.0 ** np.array([-4, -2, 0, 2, 4])
    x = rng.normal(size=5)
    g = c * np.cos(x)
    for n, factor in ((0, 1.1), (0, 0), (1, -1), (0, 1.01)):
        bad = g.copy()
        bad[n] *= factor
        yield f"entry {n} times {factor}", lambda x: np.sum(c * np.sin(x)), x, bad
    s = 10.0 ** np.array([-8, -4, 0, 4, 8])
    z = s * rng.uniform(1, 2, 5)
    for n in (0, 4):
        bad = 1 / z
        bad[n] *= 1.001
        yield f"log of scales, entry {n}", lambda z: np.log(z).sum(), z, bad


@wrong("slight-constant")
def slight(rng):
    z, u = rng.normal(size=6), rng.normal(size=6)
    for e in (1e-6, 1e-5, 1e-4, -1e-3):
        yield f"by {e}", lambda z: u @ np.tanh(z), z, u * (1 - np.tanh(z) ** 2) * (1 + e)
        yield f"scalar by {e}", lambda z: np.sin(z), 0.7, np.cos(0.7) * (1 + e)
    yield "1.7 for sqrt 3", lambda z: np.sqrt(3) * z.sum(), z, 1.7 + 0 * z
    yield "0.693 for log 2", lambda z: np.sum(2**z), z, 2**z * 0.693


@wrong("negative", "region", "slight-constant", "some-entries")
def slight_on_one_side(rng):
    z = rng.normal(size=12)
    f, f_prime = ELEMENTWISE["selu"]
    yield (
        "selu with alpha 1.67",
        f,
        z,
        z * np.where(z > 0, 1.0507009873554805, 1.0507009873554805 * 1.67 * np.exp(z)),
        z,
    )
    yield "selu with lambda 1.0507", lambda z: f(z).sum(), z, np.where(z > 0, 1.05, f_prime(z))
    yield (
        "leaky with 0.01",
        lambda z: np.where(z > 0, z, 0.1 * z).sum(),
        z,
        np.where(z > 0, 1, 0.01),
    )
    yield (
        "elu without alpha",
        lambda z: np.where(z > 0, z, 2 * np.expm1(np.minimum(z, 0))).sum(),
        z,
        np.where(z > 0, 1, np.exp(np.minimum(z, 0))),
    )


@wrong("ties")
def counted_twice(rng):
    z = np.array([2.0, 2.0, -1.0, 2.0])
    yield "vector", np.max, z, 1.0 * (z == 2)
    M = np.repeat(rng.normal(size=(3, 2)), 2, axis=1)
    U = rng.normal(size=3)
    yield "rows", lambda M: M.max(1), M, (M == M.max(1, keepdims=True)) * U[:, None], U
    C, V = np.ones((4, 4)), rng.uniform(1, 2, (2, 2))
    pool = lambda C: C.reshape(2, 2, 2, 2).max(axis=(1, 3))
    yield "pooling", pool, C, np.kron(V, np.ones((2, 2))), V
    yield "two arrays", lambda a, b: np.maximum(a, b).sum(), (z, z.copy()), (np.ones(4), np.ones(4))
    yield "min", np.min, -z, 1.0 * (z == 2)


@wrong(
    "one-entry",
    "some-entries",
    "kink",
    "wrong",
    "constant-factor",
    "all-zero",
    "negative",
    "region",
    "sign",
)
def outside_the_slopes(rng):
    z = np.array([0.0, 1.0, -2.0, 0.5])
    for s in (-0.1, 1.1, 2):
        yield f"relu slope {s}", lambda z: relu(z).sum(), z, np.where(z == 0, s, z > 0)
    yield "abs slope 1.01", lambda z: np.abs(z).sum(), z, np.where(z == 0, 1.01, np.sign(z))
    for d in (1e-3, 1e-5, 1e-7):
        z = np.array([d, 1.0, -2.0, 0.5])
        yield f"half at {d} from the kink", lambda z: relu(z).sum(), z, np.where(z == d, 0.5, z > 0)
        yield f"wrong side at {-d}", lambda z: relu(z).sum(), -z, np.where(z == d, 1.0, z < 0)
        yield f"scalar at {d}", lambda z: relu(z), d, 0.0
    yield (
        "relu at -1e-3",
        lambda z: relu(z).sum(),
        np.array([-1e-3, -1, 1, 2]),
        np.array([1.0, 0, 1, 1]),
    )


@wrong(
    "one-entry",
    "some-entries",
    "constant-factor",
    "sign",
    "all-zero",
    "wrong-formula",
    "slight-constant",
    "wrong",
    "region",
    "negative",
)
def wrong_in_noise(rng):
    z, u = rng.normal(size=5), rng.normal(size=5)
    half = lambda a: np.asarray(a, "f4")
    g = np.cos(z)
    yield "float32, 1% off", lambda z: np.sum(np.sin(half(z))), z, g * 1.01
    yield "float32, zero", lambda z: np.sum(np.sin(half(z))), z, 0 * g
    yield (
        "float32, entry off",
        lambda z: np.sum(np.sin(half(z))),
        z,
        g * np.array([1, 1, 1.05, 1, 1]),
    )
    yield "offset 1e8, 1% off", lambda z: 1e8 + np.sum(np.sin(z)), z, g * 1.01
    yield "offset 1e8 inside", lambda z: (1e8 + np.sum(np.sin(z))) - 1e8, z, -g
    yield (
        "jumpy at 1e-10",
        lambda z: np.sin(z).sum() + 1e-10 * np.sin(1e13 * z.sum()),
        z,
        g * 1.0001,
    )
    yield "small and fast, part missing", lambda z: np.sum(np.sin(z) + 1e-5 * np.sin(1e4 * z)), z, g
    yield "steep", lambda z: np.exp(50 * z).sum(), z / 2, 50 * np.exp(25 * z) * 1.001
    yield (
        "log at the edge",
        lambda z: np.log(z).sum(),
        np.array([1e-12, 0.5]),
        np.array([1.01e12, 2]),
    )
    yield (
        "arcsin at the edge",
        lambda z: np.arcsin(z).sum(),
        np.array([1 - 1e-6, 0.5]),
        np.array([1 / np.sqrt(1e-6), 1 / np.sqrt(0.75)]),
    )
    yield "abs made smooth hides it", lambda z: np.sum(np.abs(z) * z), z, np.abs(z)
    yield "near its minimum", lambda z: np.sum((z - u) ** 2), u + 1e-6, 1e-6 + 0 * u
    yield "rounded", lambda z: np.round(np.sin(z).sum(), 6), z, 0 * g
