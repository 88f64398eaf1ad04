"""The seventh fresh set's wrong gradients: one realistic slip each."""

import numpy as np

from tests.corpus import wrong
from tests.corpus.fresh_six import sigmoid, slopes, soft
from tests.corpus.students import (
    away,
    careful,
    chain,
    euler,
    fixed_point,
    gru,
    log_soft,
    mixture,
    spread,
    transport,
    unit,
    vae,
    zoo,
)


@wrong("sign")
def signs(rng):
    yield zoo(rng, "dense", "sign")
    z, y = rng.normal(size=9), rng.random(9) < 0.5
    yield "y - p", lambda z: np.logaddexp(0, z).sum() - (y * z).sum(), z, y - sigmoid(z)
    r = spread(rng, 8, step=0.2)
    yield (
        "quantile, target minus prediction",
        lambda r: np.maximum(0.8 * r, -0.2 * r).sum(),
        r,
        -np.where(r > 0, 0.8, -0.2),
    )
    A = rng.normal(size=(4, 4)) + 2 * np.eye(4)
    yield (
        "inverse without minus",
        lambda A: np.trace(np.linalg.inv(A)),
        A,
        (np.linalg.inv(A) @ np.linalg.inv(A)).T,
    )


@wrong("transposed", "wrong-shape")
def transposes(rng):
    yield zoo(rng, "dense", "turned")
    A = rng.normal(size=(4, 4)) + 2 * np.eye(4)
    yield "log of determinant", lambda A: np.linalg.slogdet(A)[1], A, np.linalg.inv(A)
    x, y = rng.normal(size=4), rng.normal(size=4)
    yield "outer the other way round", lambda W: x @ W @ y, rng.normal(size=(4, 4)), np.outer(y, x)
    yield (
        "a column of weights",
        lambda w: np.tanh(w @ x).sum(),
        y[None],
        (1 - np.tanh(y @ x) ** 2) * x[:, None],
    )


@wrong("transposed", "row-or-column", "wrong")
def kernels_turned(rng):
    yield zoo(rng, "conv2", "turned")


@wrong("flipped", "permuted")
def flips(rng):
    yield zoo(rng, "conv2", "flip")
    x, U = rng.normal(size=(3, 7)), rng.normal(size=(3, 7))
    yield (
        "reads backwards, gradient forwards",
        lambda x: np.sin(x[:, ::-1]),
        x,
        (U[:, ::-1] * np.cos(x))[:, ::-1],
        U,
    )


@wrong("kernel", "flipped", "wrong")
def kernels(rng):
    yield zoo(rng, "conv1", "kernel")


@wrong("shifted", "row-or-column", "some-entries")
def shifts(rng):
    yield zoo(rng, "conv1 dilated", "crop")
    x, U = rng.normal(size=(4, 9)), rng.normal(size=(4, 9))
    s = 1 - np.tanh(x) ** 2
    yield (
        "roll back by one too many",
        lambda x: np.roll(np.tanh(x), 1, 1),
        x,
        np.roll(U * s, -1, 1),
        U,
    )
    yield "roll the same way", lambda x: np.roll(x, 2, 1), x, np.roll(U, 2, 1), U


@wrong("permuted")
def permutations(rng):
    x, U = spread(rng, 11), rng.normal(size=11)
    x = x if (np.argsort(np.argsort(x)) != np.argsort(x)).any() else x[::-1]
    yield "sort, not inverted", lambda x: np.sort(x), x, U[np.argsort(x)], U
    W = rng.normal(size=(6, 4))
    g = 1 - np.tanh(W) ** 2
    yield (
        "heads laid out otherwise",
        lambda W: np.tanh(W).sum(),
        W,
        g.reshape(2, 3, 4).swapaxes(0, 1).reshape(6, 4),
    )


@wrong("missing-mean")
def means(rng):
    B, K = 7, 4
    Z, y = rng.normal(size=(B, K)), rng.integers(K, size=B)
    f = lambda Z, y: -log_soft(Z)[np.arange(B), y].mean()
    yield "cross-entropy, sum", f, (Z, y), (soft(Z) - np.eye(K)[y], None)
    X, W, t = rng.normal(size=(B, K)), rng.normal(size=(3, K)), rng.normal(size=(B, 3))
    yield (
        "mean over the batch",
        lambda W: ((X @ W.T - t) ** 2).sum(1).mean(),
        W,
        2 * (X @ W.T - t).T @ X,
    )
    yield "mean over all", lambda A: ((A - t) ** 2).mean(), X[:, :3], 2 * (X[:, :3] - t) / B
    yield (
        "mean pooling over time",
        lambda X: np.tanh(X.mean(0)),
        X,
        np.tile(1 - np.tanh(X.mean(0)) ** 2, (B, 1)),
        np.ones(K),
    )


@wrong("missing-mean", "constant-factor")
def mean_in_layer(rng):
    yield zoo(rng, "dense", "mean")


@wrong("constant-factor")
def factors(rng):
    X, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    yield "the 2 forgotten", lambda X: ((X - t) ** 2).sum(), X, X - t
    yield zoo(rng, "tempered", "t")
    q = soft(rng.normal(size=(5, 3)))
    yield "distillation", lambda Z: -(q * log_soft(Z / 4)).sum() * 16, X, 16 * (soft(X / 4) - q)
    yield "log in base 2", lambda p: np.log2(p).sum(), np.exp(X), np.exp(-X)
    A = rng.normal(size=(3, 5))
    yield "frobenius", lambda A: (A**2).sum() / 2, A, 2 * A


@wrong("slight-constant")
def slight(rng):
    x = rng.normal(size=(4, 6))
    s = 1 - np.tanh(x) ** 2
    yield "1e-5 too large", lambda x: np.tanh(x).sum(), x, s * (1 + 1e-5)
    n = 900
    z, y = rng.normal(size=n), rng.normal(size=n)
    yield "n - 1 instead of n", lambda z: ((z - y) ** 2).sum() / n, z, 2 * (z - y) / (n - 1)
    yield (
        "3.1415 for pi",
        lambda x: np.sin(np.pi * x).sum(),
        0.0 * x + 0.25,
        np.full(x.shape, 3.1415 * np.cos(np.pi * 0.25)),
    )
    yield "epsilon of 1e-4 in the batch", lambda x: np.exp(x).sum(), x, np.exp(x) / (1 + 1e-4)


@wrong("missing-term")
def terms(rng):
    X, W, t = rng.normal(size=(6, 4)), rng.normal(size=(3, 4)), rng.normal(size=(6, 3))
    f = lambda W: ((X @ W.T - t) ** 2).mean() + 0.05 * (W**2).sum()
    yield "weight decay", f, W, 2 * (X @ W.T - t).T @ X / t.size
    f = lambda W: ((X @ W.T - t) ** 2).mean() + 1e-4 * (W**2).sum() / 2
    yield "small weight decay", f, W, 2 * (X @ W.T - t).T @ X / t.size
    yield zoo(rng, "residual", "skip")
    yield "product rule", lambda x: (x * sigmoid(x)).sum(), t, sigmoid(t)
    yield "swish, first term", lambda x: (x * np.exp(x)).sum(), X, X * np.exp(X)


@wrong("missing-term", "wrong-formula", "wrong")
def paths(rng):
    for name, bug in (
        ("gated", "gate"),
        ("attention", "keys"),
        ("tied", "once"),
        ("experts", "gate"),
        ("weight norm", "held"),
        ("group norm", "mean held"),
        ("group norm", "spread held"),
        ("cosines", "projection"),
        ("bilinear", "one side"),
        ("batch norm", "held"),
    ):
        yield zoo(rng, name, bug)
    W, V, X, noise = (rng.normal(size=s) / 2 for s in ((4, 5), (5, 2), (6, 5), (6, 2)))
    f = lambda W, V: vae(W, V, X, noise)
    yield "VAE, KL lost", f, (W, V), slopes(lambda W, V: vae(W, V, X, noise, 0), W, V)
    yield "VAE, KL subtracted", f, (W, V), slopes(lambda W, V: vae(W, V, X, noise, -1), W, V)
    Z, y = rng.normal(size=(5, 3, 4)), rng.normal(size=5)
    yield (
        "mixture, log det lost",
        lambda Z: mixture(Z, y),
        Z,
        slopes(lambda Z: mixture(Z, y, 0), Z)[0],
    )
    P = (
        rng.normal(size=(6, 3)),
        0.3 * rng.normal(size=(3, 2, 3)),
        rng.normal(size=(3, 2, 2)),
        rng.normal(size=2),
    )
    held = slopes(lambda *p: gru(*p, reset=False), *P)
    yield "GRU, reset gate held", gru, P, held
    mu, s, u = rng.normal(size=7), rng.normal(size=7), rng.normal(size=7)
    f = lambda mu, s: (0.5 * (u - mu) ** 2 * np.exp(-s) + 0.5 * s).sum()
    yield (
        "variance's log lost",
        f,
        (mu, s),
        ((mu - u) * np.exp(-s), -0.5 * (u - mu) ** 2 * np.exp(-s)),
    )
    q, Z = soft(rng.normal(size=(3, 5))), rng.normal(size=(3, 5))
    q = soft(rng.normal(size=(3, 5)))
    yield (
        "entropy against q, weights held",
        lambda Z: (soft(Z) * (log_soft(Z) - np.log(q))).sum(),
        Z,
        slopes(lambda S: (soft(Z) * log_soft(S)).sum(), Z)[0],
    )


@wrong("all-zero", "missing-term", "wrong")
def detached(rng):
    q, Z = soft(rng.normal(size=(3, 5))), rng.normal(size=(3, 5))
    yield "reward not differentiated", lambda Z: (soft(Z) * q).sum(), Z, 0 * Z
    yield "straight through, cut", lambda Z: (Z - (Z - np.tanh(Z))).sum(), Z, np.zeros((3, 5))


@wrong("upstream")
def forgotten(rng):
    x, U = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    yield "tanh", np.tanh, x, 1 - np.tanh(x) ** 2, U
    W = rng.normal(size=(3, 6))
    yield "row of weights", lambda x: x @ W.T, x, np.tile(W.sum(0), (4, 1)), rng.normal(size=(4, 3))
    x = away(rng, 4, 6)
    yield "cumsum", lambda x: np.cumsum(x, 1), x, np.tile(np.arange(6, 0, -1.0), (4, 1)), U
    yield "log of size", lambda x: np.log(abs(x)), x, 1 / x, U


@wrong("transposed-factor")
def factors_turned(rng):
    x, U, W = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)), rng.normal(size=(5, 5))
    yield "square weights", lambda x: x @ W.T, x, U @ W.T, U
    yield "prefix sums", lambda x: np.cumsum(x, 1), x, np.cumsum(U, 1), U
    yield "differences", lambda x: x - np.roll(x, 1, 1), x, U - np.roll(U, 1, 1), U


@wrong("transposed-factor", "kernel", "wrong")
def factors_in_layers(rng):
    yield zoo(rng, "running sum", "forwards")
    yield zoo(rng, "fourier", "conjugate")
    yield zoo(rng, "attention", "dk")
    yield zoo(rng, "rnn", "turned")


@wrong("derivative-missing", "wrong-formula")
def derivatives(rng):
    yield zoo(rng, "residual", "derivative")
    x, U = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    yield "sigmoid", sigmoid, x, U, U
    X, W = rng.normal(size=(7, 6)), rng.normal(size=(3, 6))
    f = lambda W: (np.tanh(X @ W.T) ** 2).sum()
    yield "squares of tanh", f, W, 2 * np.tanh(X @ W.T).T @ X


@wrong("at-activation", "wrong-formula")
def activations(rng):
    yield zoo(rng, "residual", "at a")
    x, U = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    a = sigmoid(x)
    yield "sigmoid", sigmoid, x, U * sigmoid(a) * (1 - sigmoid(a)), U
    yield "softplus", lambda x: np.logaddexp(0, x), x, U * sigmoid(np.logaddexp(0, x)), U


@wrong("not-accumulated")
def overwritten(rng):
    yield zoo(rng, "embedding", "assigned")
    x, i = rng.normal(size=8), np.array([1, 4, 1, 7, 2, 4])
    U = rng.normal(size=6)
    g = np.zeros(8)
    g[i] = U
    yield "gather", lambda x: x[i], x, g, U
    A = rng.normal(size=(5, 2))
    rows, ids = rng.normal(size=(6, 2)), np.array([0, 2, 2, 3, 0, 4])
    g = np.zeros((5, 2))
    g[ids] = rows
    yield "bag, assigned", lambda A: (A[ids] * rows).sum(), A, g
    yield "gather with +=", lambda A, ids: A[ids], (A, ids), (g, None), rows


@wrong("not-accumulated", "missing-term", "wrong")
def steps_lost(rng):
    yield zoo(rng, "conv1 dilated", "scatter")
    yield zoo(rng, "rnn", "one step")
    yield zoo(rng, "rnn", "overwritten")


@wrong("off-diagonal", "wrong-formula")
def diagonals(rng):
    Z, U = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    P = soft(Z)
    yield "softmax", soft, Z, U * P * (1 - P), U
    x, n = unit(Z)
    yield "unit rows", lambda Z: unit(Z)[0], Z, U * (1 - x**2) / n, U


@wrong("off-diagonal", "wrong-formula", "wrong")
def diagonals_in_layers(rng):
    yield zoo(rng, "attention", "diagonal")


@wrong("negative", "region", "some-entries")
def negatives(rng):
    x, U = away(rng, 5, 6), rng.normal(size=(5, 6))
    yield zoo(rng, "prelu", "relu")
    yield (
        "elu",
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        x,
        U * np.where(x > 0, 1, np.expm1(x)),
        U,
    )
    yield "absolute", lambda x: abs(x), x, U, U
    yield "odd root", lambda x: np.cbrt(x), x, U * np.sign(x) / (3 * np.cbrt(x) ** 2), U


@wrong("region", "some-entries", "negative")
def regions(rng):
    r, U = spread(rng, 5, 6, step=0.11), rng.normal(size=(5, 6))
    yield (
        "huber, linear part",
        lambda r: np.where(abs(r) < 0.77, r**2 / 2, 0.77 * (abs(r) - 0.385)).sum(),
        r,
        np.where(abs(r) < 0.77, r, np.sign(r)),
    )
    yield "clip passes above", lambda r: np.clip(r, -0.77, 0.77), r, U * (r > -0.77), U
    f = lambda r: np.where(r < 0.55, r**2, 2 * r**3)
    yield "second piece", f, r, U * np.where(r < 0.55, 2 * r, 2 * r**2), U
    yield (
        "relu6 without its roof",
        lambda r: np.minimum(np.maximum(5 * r, 0), 6).sum(),
        r,
        5.0 * (r > 0),
    )


@wrong("one-entry")
def entries(rng):
    x = rng.normal(size=2000)
    g = 1 - np.tanh(x) ** 2
    g[rng.integers(2000)] += 0.05
    yield "one of 2,000", lambda x: np.tanh(x).sum(), x, g
    x, at = rng.normal(size=(40, 50)), (rng.integers(40), rng.integers(50))
    x[at] = 0.7
    g = np.cos(x)
    g[at] *= 1 + 1e-3
    yield "one of 40 x 50, by 1e-3", lambda x: np.sin(x).sum(), x, g
    z = rng.normal(size=9)
    g = np.exp(z)
    g[-1] = 0
    yield "the last one forgotten", lambda z: np.exp(z).sum(), z, g
    g = np.exp(z)
    g[4] = -g[4]
    yield "sign of one", lambda z: np.exp(z).sum(), z, g


@wrong("row-or-column")
def rows(rng):
    X = rng.normal(size=(6, 5))
    g = np.cos(X)
    g[-1] = 0
    yield "last row", lambda X: np.sin(X).sum(), X, g
    g = np.cos(X)
    g[:, 0] *= 2
    yield "first column doubled", lambda X: np.sin(X).sum(), X, g
    E, ids = rng.normal(size=(6, 3)), np.arange(6)
    g = 1 - np.tanh(E) ** 2
    g[0] = 0
    yield "padding row is used", lambda E, ids: np.tanh(E[ids]).sum(), (E, ids), (g, None)


@wrong("row-or-column", "some-entries", "region")
def rows_in_layers(rng):
    yield zoo(rng, "conv1", "edge")
    yield zoo(rng, "rnn", "first")


@wrong("some-entries", "wrong", "wrong-formula")
def scattered(rng):
    X, U = spread(rng, 6, 7, step=0.1), rng.normal(size=(6, 7))
    m = rng.random((6, 7)) < 0.5
    m[0, :2], m[1, :2] = True, False
    yield "mask lost", lambda X: m * np.tanh(X), X, U * (1 - np.tanh(X) ** 2), U
    at = np.argsort(X, 1)
    g = np.zeros_like(X)
    np.put_along_axis(g, at[:, -2:], 1.0, 1)
    yield "top two for top three", lambda X: np.sort(X, 1)[:, -3:].sum(), X, g
    yield zoo(rng, "maxout", "all")
    yield zoo(rng, "max pool", "spread")


@wrong("wrong-formula")
def formulas(rng):
    x, U = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    p = rng.uniform(0.5, 2, (4, 6))
    yield "1 - tanh", np.tanh, x, U * (1 - np.tanh(x)), U
    yield "power", lambda p: p**3, p, U * 3 * p, U
    yield "root", np.sqrt, p, U * 0.5 * np.sqrt(p), U
    yield (
        "gelu, derivative of the density lost",
        lambda x: x / (1 + np.exp(-1.702 * x)),
        x,
        U * sigmoid(1.702 * x) * (1 + x * (1 - sigmoid(1.702 * x))),
        U,
    )
    h = np.sqrt(2 / np.pi)
    inner = h * (x + 0.044715 * x**3)
    d = 0.5 * (1 + np.tanh(inner)) + 0.5 * x * (1 - np.tanh(inner) ** 2) * h * (1 + 0.134 * x**2)
    yield (
        "gelu, 0.134 for 0.134145",
        lambda x: 0.5 * x * (1 + np.tanh(h * (x + 0.044715 * x**3))),
        x,
        U * d,
        U,
    )
    yield zoo(rng, "radial", "chain")


@wrong("wrong-formula", "wrong", "missing-term")
def formulas_of_rows(rng):
    yield zoo(rng, "rms norm", "sum")
    yield zoo(rng, "group norm", "gamma")
    yield zoo(rng, "rnn", "late")
    Z, y = rng.normal(size=(5, 6)), rng.integers(6, size=5)
    p, Y = soft(Z)[np.arange(5), y][:, None], np.eye(6)[y]
    f = lambda Z: -((1 - soft(Z)[np.arange(5), y]) ** 2 * log_soft(Z)[np.arange(5), y]).sum()
    yield "focal, weight held", f, Z, -((1 - p) ** 2) * (Y - soft(Z))
    A = rng.normal(size=(4, 4)) + 2 * np.eye(4)
    yield (
        "trace of inverse, inverse once",
        lambda A: np.trace(np.linalg.inv(A)),
        A,
        -np.linalg.inv(A).T,
    )
    S = 0.9 * Y + 0.1 / 6
    yield "smoothing forgotten", lambda Z: -(S * log_soft(Z)).sum(), Z, soft(Z) - Y


@wrong("constant-factor", "slight-constant", "wrong-formula")
def scales(rng):
    yield zoo(rng, "attention", "scale")
    yield zoo(rng, "dropout", "scale")
    yield zoo(rng, "dense", "training")


@wrong("wrong-formula", "missing-term", "wrong")
def modes(rng):
    yield zoo(rng, "batch norm", "always")


@wrong("broadcast")
def unsummed(rng):
    yield zoo(rng, "dense", "unsummed")
    yield zoo(rng, "group norm", "unsummed")
    X, b, s = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(5, 1))
    g = 1 - np.tanh(X + b) ** 2
    yield "bias", lambda b: np.tanh(X + b).sum(), b, g
    yield "scale of a row", lambda s: np.sin(s * X).sum(), s, X * np.cos(s * X)
    yield "one number", lambda t: (X * t).sum(), np.array(1.3), X


@wrong("summed")
def summed(rng):
    X, U = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    yield "sum over the batch", np.tanh, X, (U * (1 - np.tanh(X) ** 2)).sum(0), U
    yield "sum with its axis kept", np.sin, X, (U * np.cos(X)).sum(1, keepdims=True), U


@wrong("wrong-axis")
def axes(rng):
    yield zoo(rng, "dense", "axis")
    X, U = rng.normal(size=(5, 5)), rng.normal(size=(5, 5))
    yield "square", lambda b: X + b, X[0], U.sum(1), U


@wrong("wrong-shape")
def shapes(rng):
    x = rng.normal(size=(4, 3))
    yield "flat", lambda x: np.tanh(x).sum(), x, (1 - np.tanh(x) ** 2).ravel()
    yield "a column", lambda x: np.tanh(x).sum(), x[:, 0], (1 - np.tanh(x[:, :1]) ** 2)
    yield "a crop", lambda x: np.tanh(x).sum(), x, (1 - np.tanh(x) ** 2)[:-1]


@wrong("nan")
def nans(rng):
    R = rng.normal(size=(4, 3))
    D = R[:, None] - R
    with np.errstate(invalid="ignore"):
        g = 2 * (D / np.sqrt((D**2).sum(2, keepdims=True))).sum(1)
    yield "distance to itself", lambda R: np.sqrt(((R[:, None] - R) ** 2).sum(2)).sum(), R, g
    z = np.append(rng.normal(size=5), 800.0)
    with np.errstate(over="ignore", invalid="ignore"):
        g = np.exp(z) / (1 + np.exp(z))
    yield "overflow", lambda z: np.logaddexp(0, z).sum(), z, g


@wrong("ties")
def ties(rng):
    X = rng.normal(size=(4, 5))
    X[:, 3] = X[:, 1] = X.max(1) + 0.5
    M = X == X.max(1, keepdims=True)
    yield "maximum, twice", lambda X: X.max(1).sum(), X, 1.0 * M
    U = rng.uniform(0.5, 2, 4)
    yield "minimum, twice", lambda X: X.min(1), -X, U[:, None] * M, U
    a = rng.normal(size=6)
    b = np.where(np.arange(6) < 3, a, a + 1)
    yield (
        "maximum of two",
        lambda a, b: np.maximum(a, b).sum(),
        (a, b),
        (1.0 * (a >= b), 1.0 * (b >= a)),
    )


@wrong("kink")
def kinks(rng):
    z = away(rng, 3, 4)
    z[1, 2] = 0.0
    yield "relu at 0: 2", lambda z: np.maximum(z, 0).sum(), z, np.where(z == 0, 2.0, z > 0)
    yield "absolute at 0: 3", lambda z: abs(z).sum(), z, np.where(z == 0, 3.0, np.sign(z))
    yield (
        "hinge at its corner: 1",
        lambda z: np.maximum(0, -3 * z).sum(),
        z,
        np.where(z == 0, 1.0, -3.0 * (z < 0)),
    )


@wrong("swapped")
def swaps(rng):
    yield zoo(rng, "gated", "swapped")
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    yield "product", lambda a, b: (np.sin(a) * b).sum(), (a, b), (np.sin(a), np.cos(a) * b)
    i = rng.normal(size=(4, 3)) + 3
    yield "quotient", lambda a, i: (a / i).sum(), (a, i), (-a / i**2, 1 / i)


@wrong("wrong-count")
def counts(rng):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=3)
    f = lambda a, b: np.tanh(a + b).sum()
    g = 1 - np.tanh(a + b) ** 2
    yield "b forgotten", f, (a, b), (g,)
    yield "one too many", f, (a, b), (g, g.sum(0), g)


@wrong("not-finite")
def infinite(rng):
    p = np.append(rng.uniform(0.2, 1, 5), 0.0)
    with np.errstate(divide="ignore"):
        yield "log of 0", lambda p: -np.log(p).sum(), p, -1 / np.append(p[:-1], 1)
    x = np.append(rng.normal(size=4), 900.0)
    yield "softmax overflows", lambda x: np.log(np.exp(x).sum()), x, soft(x)


@wrong("not-deterministic")
def random_functions(rng):
    x, draws = rng.normal(size=(4, 5)), np.random.default_rng(rng.integers(99))
    yield (
        "dropout drawn anew",
        lambda x: (x * (draws.random(x.shape) > 0.5)).sum(),
        x,
        np.ones((4, 5)),
    )
    seen = []
    yield (
        "running mean",
        lambda x: (seen.append(1), np.tanh(x).sum() + 0.1 * len(seen))[1],
        x,
        1 - np.tanh(x) ** 2,
    )


@wrong("mutates-input")
def mutations(rng):
    def centred(x):
        x -= x.mean()
        return (x**2).sum()

    x = rng.normal(size=(3, 4)) + 1
    yield "centres in place", centred, x, 2 * (x - x.mean())

    def clipped(x):
        np.clip(x, -0.5, 0.5, out=x)
        return (x**2).sum()

    yield "clips in place", clipped, x.copy(), 2 * x * (abs(x) < 0.5)


@wrong("dtype")
def dtypes(rng):
    x = rng.normal(size=(3, 4))
    yield "complex", lambda x: np.tanh(x).sum(), x, (1 - np.tanh(x) ** 2) + 0j
    yield "text", lambda x: np.tanh(x).sum(), x, (1 - np.tanh(x) ** 2).astype(str)
    yield "objects", lambda x: np.tanh(x).sum(), x, np.full((3, 4), None)


@wrong("stale-cache")
def stale(rng):
    for name in ("conv1", "max pool", "tempered", "prelu"):
        yield zoo(rng, name, "stale")


@wrong("doubled")
def doubled(rng):
    for name in ("dense", "rms norm", "rnn"):
        yield zoo(rng, name, "accumulates")


@wrong("random", "wrong", "wrong-formula")
def unrelated(rng):
    x, y = rng.normal(size=(5, 6)), rng.normal(size=(5, 6))
    yield "noise", lambda x: np.tanh(x).sum(), x, rng.normal(size=(5, 6))
    W = rng.normal(size=(3, 6))
    yield (
        "of another batch",
        lambda W: (np.tanh(x @ W.T) ** 2).sum(),
        W,
        slopes(lambda W: (np.tanh(y @ W.T) ** 2).sum(), W)[0],
    )


@wrong("constant-factor", "slight-constant", "missing-mean")
def factors_of_counts(rng):
    S, y = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    y[0, 1] = y[2, 3] = np.nan
    d = np.where(np.isnan(y), 0, 2 * (S - y) / 16)
    yield "missing labels counted", lambda S, y: np.nanmean((S - y) ** 2), (S, y), (d, None)
    x = rng.normal(size=40)
    yield (
        "standard deviation over n",
        lambda x: x.std(ddof=1),
        x,
        (x - x.mean()) / 40 / x.std(ddof=1),
    )
    W, X = (rng.normal(size=s).astype(np.float32) for s in ((6, 9), (50, 9)))
    g = (2 * (X @ W.T)).T @ X / np.float32(300)
    yield "float32, 2 per mille", lambda W: ((X @ W.T) ** 2).mean(), W, g * np.float32(1.002)


@wrong("missing-term", "wrong-formula", "wrong")
def held_parts(rng):
    W, x, u = 0.4 * rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    z = fixed_point(W, x)
    a = (1 - z**2) * u
    yield (
        "fixed point, last step alone",
        lambda W, x: (u * fixed_point(W, x)).sum(),
        (W, x),
        (np.outer(a, z), a),
    )
    C = rng.random((4, 5))
    yield "transport, 1 step for 30", transport, C, slopes(lambda C: transport(C, 1), C)[0]
    W = W + np.eye(4)
    yield (
        "motion, weights of the last step",
        lambda W: euler(x, W),
        W,
        slopes(lambda W: euler(x, W, 1), W)[0],
    )
    yield "standard deviation, mean lost", lambda x: x.std(), x, x / 4 / x.std()


@wrong("constant-factor", "wrong-formula", "off-diagonal")
def norms_held(rng):
    v, U = 3 * unit(rng.normal(size=(3, 4)))[0], rng.normal(size=(3, 4))
    yield "clipped, norm held", lambda v: v / np.maximum(1, unit(v)[1]), v, U / 3, U


@wrong("one-entry", "some-entries")
def needles(rng):
    x = rng.normal(size=20000)
    g = np.cos(x)
    i = rng.integers(20000)
    x[i] = 0.3
    g = np.cos(x)
    g[i] *= 0.98
    yield "one of 20,000", lambda x: np.sin(x).sum(), x, g
    z = away(rng, 9, gap=0.2)
    z[3] = 1e-3
    yield "small positive counted as 0", lambda z: np.maximum(z, 0).sum(), z, 1.0 * (z > 0.01)
    E, ids = rng.normal(size=(800, 5)), rng.permutation(800)[:12]
    g = np.zeros_like(E)
    g[ids] = np.cos(E[ids])
    g[ids[0], 0] = 0
    yield "one of a sparse table", lambda E, ids: np.sin(E[ids]).sum(), (E, ids), (g, None)


@wrong("wrong-formula", "some-entries", "slight-constant")
def epsilons(rng):
    p = rng.uniform(1e-3, 1, 8)
    yield "log's epsilon", lambda p: np.log(p).sum(), p, 1 / (p + 1e-5)
    x = rng.normal(size=(3, 4))
    yield "root's epsilon", lambda x: unit(x)[1].sum(), x, x / (unit(x)[1] + 1e-4)


@wrong("wrong", "missing-term", "random")
def invariances(rng):
    z = rng.normal(size=(3, 5))
    yield "a sum that is always 1", lambda z: soft(z).sum(), z, soft(z)
    yield (
        "shift of a softmax",
        lambda t: soft(z + t)[:, 0].sum(),
        np.array(0.3),
        np.array(soft(z)[:, 0].sum()),
    )


@wrong("mutates-input")
def spent(rng):
    yield "layer centres X", *careful(rng, "centres X")
    yield "layer spends upstream", *careful(rng, "spends upstream")


@wrong("doubled")
def added(rng):
    yield "gradients added in place", *careful(rng, "adds in place")


@wrong("stale-cache")
def kept(rng):
    yield "mask kept for a shape", *careful(rng, "kept shape")
    yield "weights kept from the start", *careful(rng, "first weights")


@wrong("wrong-count")
def lost(rng):
    yield "no gradient of b", *careful(rng, "no b")


@wrong("missing-term", "wrong-formula", "wrong")
def inside(rng):
    yield "skip lost in a chain", *chain(rng, "skip")


@wrong("derivative-missing", "wrong-formula", "wrong")
def inside_too(rng):
    yield "derivative lost in a chain", *chain(rng, "derivative")


@wrong("wrong-formula", "some-entries", "wrong")
def faint(rng):
    x = rng.normal(size=2000)
    d = np.repeat([1e-4, -1e-4], 1000)
    yield (
        "errors that cancel in sum",
        lambda x: np.sinh(x).sum(),
        x,
        np.cosh(x) * (1 + rng.permutation(d)),
    )
    s = 10.0 ** rng.uniform(-6, 0, 50)
    g = s * np.cos(s)
    f = lambda t: np.sin(s * t).sum()
    g[s < 1e-4] *= 1.01
    yield "small slopes, 1 per cent", f, np.ones(50), g
    z = rng.normal(size=(30, 20))
    P, U = soft(z), rng.normal(size=(30, 20))
    yield "softmax, sum over 19 of 20", soft, z, P * (U - (P * U)[:, 1:].sum(1, keepdims=True)), U
