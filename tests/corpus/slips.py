"""Mistakes that students make, one after another, each with its name."""

import numpy as np

from tests.corpus import wrong
from tests.corpus.plain import ELEMENTWISE, sigmoid, softmax

relu = ELEMENTWISE["relu"][0]


def problems(rng):
    """Yield (name, f, x, right gradient): smooth, not square, no symmetry."""
    W, v, u = rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=3)
    yield "tanh unit", lambda W: u @ np.tanh(W @ v), W, np.outer(u * (1 - np.tanh(W @ v) ** 2), v)
    S, T = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    yield "square matrix", lambda S: np.sum(T * (S @ S)), S, T @ S.T + S.T @ T
    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    yield "mean squares", lambda X: np.mean((X - Y) ** 2), X, 2 * (X - Y) / 15
    z, c = rng.normal(size=7), rng.normal(size=7)
    yield "vector", lambda z: c @ np.sin(z) + np.prod(z), z, c * np.cos(z) + np.prod(z) / z


def each(rng, change):
    for name, f, x, g in problems(rng):
        yield name, f, x, change(g)


@wrong("sign")
def sign(rng):
    yield from each(rng, lambda g: -g)
    y = rng.integers(0, 2, 6).astype(float)
    z = rng.normal(size=6)
    yield "logits, y - p", lambda z: np.sum(np.logaddexp(0, z) - y * z), z, y - sigmoid(z)
    yield "scalar", np.sin, 0.4, -np.cos(0.4)


@wrong("constant-factor")
def factor(rng):
    for k in (2, 0.5, 3.7, 1 / 9, -2):
        yield from ((f"{k} {n}", *rest) for n, *rest in each(rng, lambda g, k=k: k * g))
    z = rng.normal(size=5)
    yield "2 of a square lost", lambda z: z @ z, z, z


@wrong("missing-mean")
def missing_mean(rng):
    X, W, Y = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=(6, 3))
    D = 2 * (X @ W.T - Y)
    rows = lambda X, W: np.sum((X @ W.T - Y) ** 2) / 6
    yield "over rows", rows, (X, W), (D @ W, D.T @ X)
    yield "over rows, W alone", lambda X, W: rows(X, W), (X, W), (D @ W / 6, D.T @ X)
    yield "over all", lambda X: np.mean(np.tanh(X)), X, 1 - np.tanh(X) ** 2
    yield "taken twice", lambda X: np.sum(X**3) / 6, X, X**2 * 3 / 36
    Z, y = rng.normal(size=(7, 3)), rng.integers(0, 3, 7)
    cross = lambda Z: -np.mean(np.log(softmax(Z)[np.arange(7), y]))
    yield "cross entropy", cross, Z, softmax(Z) - np.eye(3)[y]


@wrong("transposed", "wrong-shape")
def transposed(rng):
    yield from ((n, f, x, g.T) for n, f, x, g in problems(rng) if g.ndim > 1)
    X, W = rng.normal(size=(5, 4)), rng.normal(size=(4, 3))
    U = rng.normal(size=(5, 3))
    yield "dW of X W", lambda X, W: X @ W, (X, W), (U @ W.T, U.T @ X), U
    T, V = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    yield "three axes", lambda T: np.sum(V * T**2), T, (2 * V * T).transpose(2, 0, 1)


@wrong("transposed-factor", "transposed")
def transposed_factor(rng):
    X, W, U = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    yield "G W for G Wᵀ", lambda X, W: X @ W, (X, W), (U @ W, X.T @ U), U
    yield "X G for Xᵀ G", lambda X, W: X @ W, (X, W), (U @ W.T, X @ U), U
    yield "Dense, G Wᵀ for G W", lambda X, W: X @ W.T, (X, W), (U @ W.T, U.T @ X), U
    u = rng.normal(size=4)
    yield "J for Jᵀ, linear", lambda x: W @ x, u**2, W @ u, u
    yield (
        "J for Jᵀ, tanh",
        lambda x: np.tanh(W @ x),
        u**2,
        (1 - np.tanh(W @ u**2) ** 2) * (W @ u),
        u,
    )


@wrong("swapped")
def swapped(rng):
    a, b = rng.normal(size=(2, 5))
    yield "product", lambda a, b: np.sum(a * b**2), (a, b), (2 * a * b, b**2)
    X, W, U = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), rng.normal(size=(5, 3))
    yield "different shapes", lambda X, W: X @ W.T, (X, W), (U.T @ X, U @ W), U
    c = rng.normal(size=5)
    yield (
        "two of three",
        lambda a, b, c: np.sum(a * np.sin(b) * c),
        (a, b, c),
        (np.sin(b) * c, a * np.sin(b), a * np.cos(b) * c),
    )


@wrong("wrong-axis")
def wrong_axis(rng):
    X, b, U = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(4, 4))
    yield "bias", lambda X, b: X + b, (X, b), (U, U.sum(1)), U
    X, U = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    yield "bias, shapes differ", lambda X, b: X + b, (X, b[:3]), (U, U.sum(1)), U
    X, U = rng.normal(size=(2, 3, 3, 3)), rng.normal(size=(2, 3, 3, 3))
    yield (
        "bias of channels",
        lambda X, b: X + b[:, None, None],
        (X, b[:3]),
        (U, U.sum(axis=(0, 1, 2))),
        U,
    )


@wrong("broadcast")
def broadcast(rng):
    X, b, U = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(5, 3))
    yield "bias", lambda X, b: X + b, (X, b), (U, U), U
    yield "gain", lambda X, g: X * g, (X, b), (U * b, U * X), U
    s = 1.7
    yield "scalar", lambda X, s: X * s, (X, np.array(s)), (U * s, U * X), U
    c = rng.normal(size=(5, 1))
    yield "column", lambda X, c: X * c, (X, c), (U * c, U * X), U
    yield "one input", lambda b: np.sum(U * b), b, U


@wrong("wrong-shape", "summed", "broadcast")
def wrong_shape(rng):
    z = rng.normal(size=6)
    yield "flat for matrix", lambda Z: np.sin(Z).sum(), z.reshape(2, 3), np.cos(z)
    yield "column for vector", lambda z: np.sin(z).sum(), z, np.cos(z)[:, None]
    yield "one short", lambda z: np.sin(z).sum(), z, np.cos(z)[:-1]
    yield "scalar for vector", lambda z: np.sin(z).sum(), z, np.cos(z).sum()
    yield "no sum axis", lambda Z: np.sin(Z).sum(), z.reshape(2, 3), np.cos(z).reshape(2, 3).sum(0)


@wrong("wrong-count")
def wrong_count(rng):
    z = rng.normal(size=3)
    yield "one for two", lambda a, b: a @ b, (z, z + 1), (z + 1,)
    yield "three for two", lambda a, b: a @ b, (z, z + 1), (z + 1, z, z)
    yield "array for two", lambda a, b: a @ b, (z, z + 1), z + 1
    yield "None", lambda z: z @ z, z, None


@wrong("derivative-missing", "at-activation", "negative", "constant-factor", "wrong-formula")
def derivative_missing(rng):
    for name in ("sigmoid", "tanh", "relu", "gelu", "softplus"):
        f, f_prime = ELEMENTWISE[name]
        Z, U = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
        yield name, f, Z, U, U
        yield name + " summed", lambda Z, f=f, U=U: np.sum(U * f(Z)), Z, U


@wrong("at-activation")
def at_activation(rng):
    for name in ("sigmoid", "tanh", "softplus", "gelu"):
        f, f_prime = ELEMENTWISE[name]
        Z, U = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
        yield name, f, Z, U * f_prime(f(Z)), U
    for name in ("sigmoid", "tanh"):
        f, f_prime = ELEMENTWISE[name]
        yield name + " summed", lambda Z, f=f: np.sum(U * f(Z)), Z, U * f_prime(f(Z))


@wrong(
    "wrong-formula",
    "constant-factor",
    "region",
    "negative",
    "some-entries",
    "missing-term",
    "derivative-missing",
    "slight-constant",
)
def wrong_formula(rng):
    Z, U = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    p = sigmoid(Z)
    yield "s (1 + s)", sigmoid, Z, U * p * (1 + p), U
    yield "1 - tanh", np.tanh, Z, U * (1 - np.tanh(Z)), U
    yield "tanh of half", lambda Z: np.tanh(Z).sum(), Z, 1 - np.tanh(Z / 2) ** 2
    yield "swish without the product rule", lambda Z: Z * sigmoid(Z), Z, U * p, U
    yield (
        "gelu, Φ for Φ + zφ",
        ELEMENTWISE["gelu"][0],
        Z,
        U * (1 + np.vectorize(__import__("math").erf)(Z / np.sqrt(2))) / 2,
        U,
    )
    yield (
        "log base 10",
        lambda x: np.sum(np.log(x) ** 2),
        Z**2 + 0.1,
        2 * np.log10(Z**2 + 0.1) / (Z**2 + 0.1),
    )
    yield "power rule", lambda x: np.sum(2**x), Z, Z * 2 ** (Z - 1)


@wrong("negative", "region", "derivative-missing", "some-entries")
def negative(rng):
    z = rng.normal(size=12)
    yield "relu without its mask", lambda z: relu(z).sum(), z, np.ones(12)
    yield "leaky slope forgotten", lambda z: np.where(z > 0, z, 0.1 * z).sum(), z, 1.0 * (z > 0)
    yield (
        "elu linear below",
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))).sum(),
        z,
        np.where(z > 0, 1, np.exp(-z)),
    )
    yield "abs", lambda z: np.abs(z).sum(), z, np.ones(12)


@wrong("region", "some-entries", "all-zero", "negative")
def region(rng):
    z = np.linspace(-2, 2, 13) + rng.uniform(-0.1, 0.1)
    yield "hard tanh as printed", lambda z: np.clip(z, -1, 1).sum(), z, 0 * z
    yield "hard tanh, slope 1 outside", lambda z: np.clip(z, -1, 1).sum(), z, 1 + 0 * z
    yield "clipping ignored above", lambda z: np.minimum(z, 1).sum(), z, 1 + 0 * z
    yield "huber", lambda z: np.where(np.abs(z) < 1, z * z / 2, np.abs(z) - 0.5).sum(), z, z


@wrong("shifted")
def shifted(rng):
    z, c = rng.normal(size=8), rng.normal(size=8)
    yield "vector", lambda z: c @ np.sin(z), z, np.roll(c * np.cos(z), 1)
    X, C = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    yield "rows", lambda X: np.sum(C * X**2), X, np.roll(2 * C * X, 1, 0)
    yield (
        "columns, zero filled",
        lambda X: np.sum(C * X**2),
        X,
        np.pad(2 * C * X, ((0, 0), (1, 0)))[:, :-1],
    )


@wrong("flipped", "permuted", "kernel")
def flipped(rng):
    x, k, u = rng.normal(size=9), rng.normal(size=3), rng.normal(size=7)
    corr = lambda x, k: np.correlate(x, k, "valid")
    yield "dk", corr, (x, k), (np.convolve(u, k), np.correlate(x, u, "valid")[::-1]), u
    yield (
        "dx with the kernel not flipped",
        corr,
        (x, k),
        (np.convolve(u, k[::-1]), np.correlate(x, u, "valid")),
        u,
    )
    X, C = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    yield "both axes", lambda X: np.sum(C * X**2), X, (2 * C * X)[::-1, ::-1]
    yield "columns", lambda X: np.sum(C * X**2), X, (2 * C * X)[:, ::-1]


@wrong("permuted", "swapped", "some-entries", "transposed", "flipped", "shifted")
def permuted(rng):
    X, C = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
    G = 2 * C * X
    yield "rows", lambda X: np.sum(C * X**2), X, G[[2, 0, 3, 1, 4]]
    yield "columns", lambda X: np.sum(C * X**2), X, G[:, [0, 2, 1, 4, 5, 3]]
    yield "reshaped in the wrong order", lambda X: np.sum(C * X**2), X, G.reshape(6, 5).T
    index = np.array([3, 1, 0, 2, 5, 4])
    z, u = rng.normal(size=6), rng.normal(size=6)
    yield "gather for scatter", lambda z: z[index], z, u[index], u


@wrong("row-or-column", "some-entries")
def row_or_column(rng):
    X, C = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    for name, where in {"first row": np.s_[0], "last column": np.s_[:, -1]}.items():
        for how, change in {
            "zero": lambda a: 0 * a,
            "doubled": lambda a: 2 * a,
            "noise": lambda a: a + rng.normal(size=a.shape),
        }.items():
            G = 2 * C * X
            G[where] = change(G[where])
            yield f"{name} {how}", lambda X: np.sum(C * X**2), X, G


@wrong("one-entry")
def one_entry(rng):
    for name, f, x, g in problems(rng):
        bad = g.copy()
        bad.flat[rng.integers(g.size)] += 0.3
        yield name, f, x, bad


@wrong("some-entries", "row-or-column", "one-entry", "negative", "region")
def some_entries(rng):
    X, C = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
    G = 2 * C * X
    for n in (2, 5, 9):
        bad = G.copy()
        bad.flat[rng.choice(30, n, replace=False)] = 0
        yield f"{n} zero", lambda X: np.sum(C * X**2), X, bad


@wrong("upstream", "derivative-missing")
def upstream(rng):
    Z, U = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    yield "ignored by tanh", np.tanh, Z, 1 - np.tanh(Z) ** 2, U
    X, W = rng.normal(size=(5, 4)), rng.normal(size=(3, 4))
    V = rng.normal(size=(5, 3))
    O = np.ones((5, 3))
    yield "ignored by Dense", lambda X, W: X @ W.T, (X, W), (O @ W, O.T @ X), V
    yield "summed", lambda z: np.sin(z), Z[0], np.cos(Z[0]) * U[0].sum(), U[0]
    yield "mean", lambda z: np.sin(z), Z[0], np.cos(Z[0]) / 4, U[0]
    S = rng.normal(size=(4, 4))
    yield "transposed", np.sin, S, np.cos(S) * S.T, S


@wrong("all-zero")
def all_zero(rng):
    yield from each(rng, lambda g: 0 * g)
    yield "scalar", np.sin, 0.3, 0.0


@wrong("random", "wrong", "wrong-formula", "some-entries")
def random(rng):
    for name, f, x, g in problems(rng):
        yield name, f, x, rng.normal(size=g.shape)


@wrong("nan")
def nan(rng):
    yield from each(rng, lambda g: np.where(np.arange(g.size).reshape(g.shape) == 2, np.nan, g))
    yield from each(rng, lambda g: np.where(np.arange(g.size).reshape(g.shape) == 1, np.inf, g))
    yield "everywhere", lambda z: np.sum(z**2), np.ones(3), np.full(3, np.nan)
    yield "0 / 0", lambda z: np.sum(np.sinc(z)), np.zeros(2), np.full(2, np.nan)


@wrong("off-diagonal", "some-entries", "missing-term")
def off_diagonal(rng):
    z, u = rng.normal(size=5), rng.normal(size=5)
    p = softmax(z)
    yield "softmax", softmax, z, u * p * (1 - p), u
    Z, U = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    P = softmax(Z)
    yield "rows", softmax, Z, U * P * (1 - P), U
    yield (
        "cross entropy",
        lambda z: -np.log(softmax(z)[2]),
        z,
        np.where(np.arange(5) == 2, p - 1, 0),
    )
    A = rng.normal(size=(5, 5))
    yield "linear", lambda x: A @ x, z, u * np.diag(A), u


@wrong("missing-term", "wrong-formula", "derivative-missing")
def missing_term(rng):
    X, U = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    W, v = rng.normal(size=(3, 4)), rng.normal(size=4)
    yield "shortcut", lambda X: X + np.tanh(X), X, U * (1 - np.tanh(X) ** 2), U
    yield (
        "penalty",
        lambda W: np.sum(np.tanh(W @ v)) + 0.1 * np.sum(W**2),
        W,
        np.outer(1 - np.tanh(W @ v) ** 2, v),
    )
    yield "mean of layer norm", lambda X: X - X.mean(1, keepdims=True), X, U, U
    yield "bias in the sum", lambda z: np.sum(z * v), rng.normal(size=4), v + 0.3

    def norm(X):
        return (X - X.mean(1, keepdims=True)) / X.std(1, keepdims=True)

    s, H = X.std(1, keepdims=True), norm(X)
    yield "variance taken as constant", norm, X, (U - U.mean(1, keepdims=True)) / s, U
    yield "mean taken as constant", norm, X, (U - H * (U * H).mean(1, keepdims=True)) / s, U


@wrong("not-accumulated", "some-entries", "row-or-column", "missing-term", "one-entry")
def not_accumulated(rng):
    E, index = rng.normal(size=(5, 3)), np.array([0, 2, 2, 4, 1, 2])
    U = rng.normal(size=(6, 3))
    last = np.zeros_like(E)
    last[index] = U
    yield "embedding, last use", lambda E, i: E[i], (E, index), (last, None), U
    yield "embedding, index inside", lambda E: E[index], E, last, U


@wrong("dtype", "some-entries", "wrong", "all-zero", "wrong-formula", "random")
def dtype(rng):
    z = rng.normal(size=4) + 2
    yield "complex", lambda z: np.sum(z**2), z, 2 * z + 0j
    yield "bool", lambda z: np.sum(np.maximum(z, 0)), z, z > 0
    yield "truncated to integers", lambda z: np.sum(z**2), z, (2 * z).astype(int)
    yield "objects", lambda z: np.sum(z**2), z, (2 * z).astype(object)


@wrong("mutates-input")
def mutates(rng):
    z = rng.uniform(1, 2, size=4) * [1, -1, 1, -1]

    def in_place(z):
        z *= 2
        return z.sum()

    def clipped(z):
        z[z < 0] = 0
        return z.sum()

    def sorts(z):
        z.sort()
        return z @ np.arange(4)

    yield "scaled in place", in_place, z, 2 + 0 * z
    yield "clipped in place", clipped, z, 1.0 * (z > 0)
    yield "sorted in place", sorts, z, np.argsort(np.argsort(z)) * 1.0


@wrong("not-deterministic")
def drifting(rng):
    z, noise = rng.normal(size=4), np.random.default_rng(1)
    state = {"n": 0}

    def counts(z):
        state["n"] += 1
        return z.sum() + 1e-6 * state["n"]

    def later(z):
        state["n"] += 1
        return z.sum() + 1e-6 * (state["n"] > 6)

    yield "noise 1e-6", lambda z: z.sum() + 1e-6 * noise.normal(), z, 1 + 0 * z
    yield "dropout", lambda z: np.sum(z * (noise.random(4) < 0.5)), z, 0.5 + 0 * z
    yield "counter", counts, z, 1 + 0 * z
    yield "changes later", later, z, 1 + 0 * z


@wrong("not-finite", "cannot-tell")
def not_finite(rng):
    yield "log of a negative", lambda z: np.log(z).sum(), np.array([-1.0, 2]), np.array([-1.0, 0.5])
    yield "infinite", lambda z: np.sum(1 / z), np.array([0.0, 2]), np.array([0.0, -0.25])


@wrong("cannot-tell", "nan")
def cannot_tell(rng):
    yield (
        "sqrt at 0",
        lambda z: np.sqrt(np.abs(z)).sum(),
        np.array([0.0, 1.0]),
        np.array([3.0, 0.5]),
    )
    yield "lost in a constant", lambda z: 1e17 + z.sum(), np.ones(3), np.ones(3) * 2
