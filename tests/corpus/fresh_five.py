"""A fifth fresh set, what makes a gradient checker err: scale, noise, edges, kinks, size."""

import numpy as np

from tests.corpus import right, wrong

f4 = np.float32
windows = np.lib.stride_tricks.sliding_window_view


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def lse(z):
    return z.max() + np.log(np.exp(z - z.max()).sum())


def changed(g, index, factor):
    """Return g with one entry multiplied."""
    g = np.array(g, float)
    g[index] *= factor
    return g


# --- right


@right("noise of an analyst")
def noise(rng):
    x, w = rng.normal(size=(2, 8))
    yield "offset of 1e8", lambda x: 1e8 + np.sin(x) @ w, x, w * np.cos(x)
    yield "offset of 1e10", lambda x: 1e10 + 50 * np.sin(x).sum(), x, 50 * np.cos(x)
    yield (
        "variance as E x² - (E x)², offset 1e4",
        lambda x: np.mean(x * x) - np.mean(x) ** 2,
        x + 1e4,
        2 * (x - x.mean()) / 8,
    )
    small = np.array([0.01, -0.02, 0.05])
    yield (
        "(1 - cos x) / x² near 0",
        lambda x: np.sum((1 - np.cos(x)) / x**2),
        small,
        -small / 12 + small**3 / 180 - small**5 / 6720,
    )
    yield "log sum exp, offset 1e6", lse, x + 1e6, softmax(x + 1e6)
    yield "log sum exp of ten thousands", lse, 1e4 * x, softmax(1e4 * x)
    yield "answer rounded to six digits", lambda x: np.round(np.sin(x) @ w, 6), x, w * np.cos(x)
    A, X = rng.normal(size=(5, 8)), rng.normal(size=(20, 40))
    p = softmax(A @ x)
    yield "logits in float32", lambda x: lse(A.astype(f4) @ x.astype(f4)), x, p @ A
    yield "float32 sum of squares", lambda X: np.sum(X.astype(f4) ** 2, dtype=f4), X, 2 * X
    s = np.array([0.3, 0.9, 1.7])
    yield "bisection to 1e-9", lambda s: sum(map(bisected, s)), s, 0.5 / np.sqrt(s)
    yield "big and small side by side", two_scales, (x, w), (1e3 * np.cos(x), 2e-5 * w)


def bisected(s):
    low, high = 0.0, 2.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (middle, high) if middle * middle < s else (low, middle)
    return (low + high) / 2


def two_scales(x, y):
    return 1e3 * np.sin(x).sum() + 1e-5 * (y @ y)


@right("edges of an analyst")
def edges(rng):
    p = np.array([1e-12, 0.4, 1e-5])
    yield "entropy at 1e-12", lambda p: np.sum(p * np.log(p)), p, np.log(p) + 1
    r = np.array([1e-10, 2.0])
    yield "root at 1e-10", lambda r: np.sqrt(r).sum(), r, 0.5 / np.sqrt(r)
    c = np.array([1 - 1e-9, 0.2])
    yield "arc cosine at its end", lambda c: np.arccos(c).sum(), c, -1 / np.sqrt((1 - c) * (1 + c))
    yield "log at 1e-200", np.log, np.array(1e-200), np.array(1e200)
    q = np.array([0.0, 0.5])
    yield "x to 1.5, defined from 0 on", lambda x: np.sum(x**1.5), q, 1.5 * np.sqrt(q)
    b = np.array([2.0, 0.5])
    yield (
        "x log x, given as 0 at 0 and taken twice",
        lambda x: np.sum(x * x * np.log(np.where(x > 0, x, 1))),
        np.array([0.0, 2.0]),
        np.array([0.0, 4 * np.log(2) + 2]),
    )
    yield "sharp root at its dip", dip, np.array([0.0, 1e-4, 1.0]), dip_prime()
    yield "Poisson", lambda b: np.sum(b - 3 * np.log(b)), b, 1 - 3 / b


def dip(x):
    return np.sqrt(x * x + 1e-8).sum()


def dip_prime():
    x = np.array([0.0, 1e-4, 1.0])
    return x / np.sqrt(x * x + 1e-8)


@right("steep and near")
def steep(rng):
    x, w = rng.normal(size=(2, 6))
    t = 1e-4 * x
    yield "tanh 1e4 x", lambda x: np.tanh(1e4 * x) @ w, t, 1e4 * w / np.cosh(1e4 * t) ** 2
    yield "sine of 1e5 x", lambda x: np.sin(1e5 * x) @ w, x, 1e5 * w * np.cos(1e5 * x)
    k = np.array([0.0, 0.1, -0.7])
    yield "a thousand whole turns", lambda x: np.sin(2e3 * np.pi * x).sum(), k, 2e3 * np.pi * np.cos(2e3 * np.pi * k)  # fmt: skip
    yield "x to the 40", lambda x: np.sum(x**40), x, 40 * x**39
    s = np.array([1e-3, -2e-3, 5.0])
    yield "1 / x near its pole", lambda x: np.sum(1 / x), s, -1 / s**2
    near = np.array([1e-7, -1e-7, 1.0, -2.0])
    yield "relu 1e-7 from its corner", lambda x: np.maximum(x, 0).sum(), near, 1.0 * (near > 0)
    yield "max of two, 1e-6 apart", np.max, np.array([1.0, 1 + 1e-6, 0.2]), np.array([0.0, 1, 0])
    inside = np.array([1 - 1e-7, 1 + 1e-7, 0.0])
    yield "clip at 1, both sides", lambda x: np.clip(x, -1, 1).sum(), inside, np.array([1.0, 0, 1])


@right("valid at a kink")
def kinks(rng):
    yield "norm at 0, inside the ball", lambda x: np.sqrt(x @ x), np.zeros(2), np.array([0.5, -0.6])
    yield "abs at minus zero", lambda x: np.abs(x).sum(), np.array([-0.0, 0.0, 2]), np.array([-1.0, 0.3, 1])  # fmt: skip
    yield "median of three, two equal", np.median, np.array([1.0, 2, 2]), np.array([0.0, 1, 0])
    top = lambda x: np.sort(x)[-2:].sum()
    yield "best two of three equals", top, np.array([3.0, 1, 3, 3]), np.array([1.0, 0, 1, 0])
    w = np.array([2.0, -1, 0.5])
    yield "sorted, two equal", lambda x: np.sort(x) @ w, np.array([4.0, 4, 1]), np.array([-1.0, 0.5, 2])  # fmt: skip
    a = rng.normal(size=3)
    U = rng.normal(size=3)
    yield "larger of two equals, halves", np.maximum, (a, a.copy()), (U / 2, U / 2), U
    yield "larger of two equals, first", np.maximum, (a, a.copy()), (U, 0 * U), U
    s = np.array([1.0, 2.0, 2.0, 0.0])
    claim = np.array([0.0, 1, 0, -1])
    yield "margin of the best wrong class", lambda s: max(0, 1 + s[:3].max() - s[3]), s, claim
    yield "soft floor touched", lambda x: np.maximum(x, 0.1).prod(), np.array([0.1, 2, 3]), np.array([6.0, 0.3, 0.2])  # fmt: skip
    yield "all hinges asleep", lambda m: np.maximum(0, 1 - m).sum(), 3 + rng.random(5), np.zeros(5)


@right("linear algebra")
def algebra(rng):
    A, u, v = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    S = A @ A.T + np.eye(4)
    I = np.linalg.inv(S)
    log_det = lambda S: 2 * np.log(np.diag(np.linalg.cholesky(S))).sum()
    yield "Cholesky reads the lower half", log_det, S, 2 * np.tril(I) - np.diag(np.diag(I))
    M = A + 4 * np.eye(4)
    J = np.linalg.inv(M)
    yield "trace of an inverse", lambda M: np.trace(np.linalg.inv(M)), M, -(J @ J).T
    lam, V = np.linalg.eigh((A + A.T) / 2)
    yield (
        "eigenvalues, symmetrised",
        lambda A: np.linalg.eigvalsh((A + A.T) / 2) @ u,
        A,
        V * u @ V.T,
    )
    R = rng.normal(size=(4, 3))
    P, _, Q = np.linalg.svd(R, full_matrices=False)
    yield "nuclear norm", lambda R: np.linalg.svd(R, compute_uv=False).sum(), R, P @ Q
    B = A[:3, :3].copy()
    B[2] = B[0] - 2 * B[1]
    minors = [[np.delete(np.delete(B, i, 0), j, 1) for j in range(3)] for i in range(3)]
    adj = [[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in range(3)] for i in range(3)]
    yield "det of a singular matrix", np.linalg.det, B, np.array(adj)
    yield "quadratic form", lambda A, v: v @ A @ v, (A, v), (np.outer(v, v), A @ v + A.T @ v)
    D = rng.normal(size=(5, 3))
    yield "distances of all pairs", spread, D, spread_back(D)
    yield "product with two zeros", np.prod, np.array([0.0, 2, 0, 5]), np.zeros(4)


def spread(D):
    i, j = np.triu_indices(len(D), 1)
    return np.sqrt(np.sum((D[i] - D[j]) ** 2, 1)).sum()


def spread_back(D):
    E = D[:, None] - D
    n = np.sqrt((E**2).sum(-1)) + np.eye(len(D))
    return (E / n[..., None]).sum(1)


@right("sums and signals")
def signals(rng):
    x, k, w = rng.normal(size=12), rng.normal(size=4), rng.normal(size=7)
    t = 2 * np.pi * np.outer(np.arange(7), np.arange(12)) / 12
    C, S = np.cos(t), np.sin(t)
    power = lambda x: w @ np.abs(np.fft.rfft(x)) ** 2
    yield "power spectrum", power, x, 2 * ((w * (C @ x)) @ C + (w * (S @ x)) @ S)
    u = rng.normal(size=15)
    dx, dk = np.correlate(u, k, "valid"), np.correlate(u, x, "valid")
    yield "full convolution of both", np.convolve, (x, k), (dx, dk), u
    q = np.quantile(x, 0.3)
    pick = np.zeros(12)
    order = np.argsort(x)
    pick[order[3]], pick[order[4]] = 0.7, 0.3
    yield "quantile between two", lambda x: np.quantile(x, 0.3), x, pick
    assert np.isclose(pick @ x, q)
    y = x.copy()
    y[5] = 0
    yield "running product over a zero", lambda y: np.cumprod(y).sum(), y, cumprod_back(y)
    ids = rng.integers(4, size=12)
    yield "scatter into bins, squared", lambda x: np.sum(np.bincount(ids, x) ** 2), x, 2 * np.bincount(ids, x)[ids]  # fmt: skip
    Z, V = rng.normal(size=(2, 3, 4))
    yield "softmax over the first axis", lambda Z: softmax(Z.T).T, Z, soft_back(Z.T, V.T).T, V


def cumprod_back(y):
    g = np.zeros_like(y)
    for k in range(len(y)):
        for n in range(k, len(y)):
            g[k] += np.prod(np.delete(y[: n + 1], k))
    return g


def soft_back(Z, U):
    P = softmax(Z)
    return P * (U - np.sum(P * U, -1, keepdims=True))


@right("how it is given")
def given(rng):
    x = rng.normal(size=6)
    yield "numpy number", lambda x: np.cosh(x), np.float64(0.8), np.sinh(0.8)
    yield "list", lambda x: float(np.sum(np.asarray(x) ** 3)), [1.0, -2.0, 0.5], [3.0, 12.0, 0.75]
    yield "tuple of one", lambda x: np.sum(np.exp(x)), (x,), (np.exp(x),)
    wide = np.broadcast_to(x, (4, 6))
    yield "one row seen four times", lambda X: np.sum(X**2 * np.arange(24).reshape(4, 6)), wide, 2 * wide * np.arange(24).reshape(4, 6)  # fmt: skip
    yield "nothing at all", np.sum, np.zeros((0, 3)), np.zeros((0, 3))
    seen = {}
    memo = lambda x: seen.setdefault(x.tobytes(), np.sum(x**4))
    yield "answers remembered", memo, x, 4 * x**3
    yield "same draw every call", lambda x: np.mean(np.tanh(x + np.random.default_rng(1).normal(size=(9, 6)))), x, np.mean(1 / np.cosh(x + np.random.default_rng(1).normal(size=(9, 6))) ** 2, 0) / 6  # fmt: skip
    xs = tuple(rng.normal(size=(k % 3 + 1, 2)) for k in range(12))
    yield "twelve inputs", lambda *xs: sum(np.sum(np.sin((k + 1) * x)) for k, x in enumerate(xs)), xs, tuple((k + 1) * np.cos((k + 1) * x) for k, x in enumerate(xs))  # fmt: skip
    X = rng.normal(size=(250, 400))
    v = rng.normal(size=400) / 20
    yield "1e5 entries, a tanh net", lambda X: np.tanh(X @ v).sum(), X, np.outer(1 - np.tanh(X @ v) ** 2, v)  # fmt: skip


@right("losses and norms")
def losses(rng):
    m, s, n = rng.normal(size=(3, 5))
    kl = lambda m, s: 0.5 * np.sum(m * m + np.exp(s) - 1 - s)
    yield "KL to the unit Gaussian", kl, (m, s), (m, (np.exp(s) - 1) / 2)
    U = rng.normal(size=5)
    draw = lambda m, s: m + np.exp(s / 2) * n
    yield "reparametrised draw", draw, (m, s), (U, U * n * np.exp(s / 2) / 2), U
    z = rng.normal(size=6)
    p = sigmoid(z)
    yield "focal loss", lambda z: -np.sum((1 - sigmoid(z)) ** 2 * np.log(sigmoid(z))), z, (1 - p) * (2 * p * (1 - p) * np.log(p) - (1 - p) ** 2)  # fmt: skip
    X, g, U = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(3, 5))
    q = np.sqrt(np.mean(X**2, 1, keepdims=True))
    dX = U * g / q - X * np.sum(U * g * X, 1, keepdims=True) / (5 * q**3)
    rms = lambda X, g: g * X / np.sqrt(np.mean(X**2, 1, keepdims=True))
    yield "root mean square norm", rms, (X, g), (dX, np.sum(U * X / q, 0)), U
    A, B = rng.normal(size=(2, 4, 3))
    P = softmax(A @ B.T / 0.2)
    nce = lambda A, B: -np.mean(np.log(np.diag(softmax(A @ B.T / 0.2))))
    D = (P - np.eye(4)) / 0.8
    yield "contrast of pairs", nce, (A, B), (D @ B, D.T @ A)


# --- wrong


@wrong("sign")
def signs(rng):
    m, s = rng.normal(size=(2, 5))
    yield "KL's mean, pushed away", lambda m: 0.5 * np.sum(m * m), m, -m
    A = rng.normal(size=(4, 4)) + 4 * np.eye(4)
    J = np.linalg.inv(A)
    yield (
        "trace of an inverse without its minus",
        lambda A: np.trace(np.linalg.inv(A)),
        A,
        (J @ J).T,
    )
    yield "rounded answer", lambda s: np.round(np.sin(s).sum(), 6), s, -np.cos(s)


@wrong("constant-factor")
def factors(rng):
    p = softmax(rng.normal(size=6))
    yield "bits for nats", lambda p: -np.sum(p * np.log2(p)), p, -(np.log(p) + 1)
    a = rng.normal(size=6) * 90
    yield "degrees", lambda a: np.sin(np.radians(a)).sum(), a, np.cos(np.radians(a))
    x = rng.normal(size=6)
    yield "offset of 1e8, twice", lambda x: 1e8 + np.sin(x).sum(), x, 2 * np.cos(x)
    yield "logits in float32, halved", lambda x: lse(x.astype(f4)), x, softmax(x) / 2


@wrong("missing-mean", "constant-factor")
def means(rng):
    X = rng.normal(size=(4, 6, 3))
    yield "mean over time, not over the batch", lambda X: np.mean(np.sum(X**2, -1)), X, 2 * X / 6
    Z, y = rng.normal(size=(7, 3)), rng.integers(3, size=7)
    f = lambda Z: -np.mean(np.log(softmax(Z)[np.arange(7), y]))
    yield "p - y for the mean", f, Z, softmax(Z) - np.eye(3)[y]


@wrong("slight-constant", "constant-factor")
def constants(rng):
    x = rng.normal(size=8)
    yield "ln 10 as 2.3026", lambda x: np.sum(10.0**x), x, 2.3026 * 10.0**x
    yield "pi as 22/7", lambda x: np.sin(np.pi * x).sum(), x, 22 / 7 * np.cos(np.pi * x)


@wrong("slight-constant", "wrong-formula")
def constants_inside(rng):
    x = rng.normal(size=8)
    yield "tanh² with 0.999 inside", lambda x: np.sum(np.tanh(x)), x, 1 - 0.999 * np.tanh(x) ** 2


@wrong("wrong-formula")
def formulas(rng):
    x = rng.normal(size=8)
    r = np.abs(x) + 0.3
    yield "root's power rule", lambda r: np.sqrt(r).sum(), r, 0.5 * np.sqrt(r)
    yield "arctan's slope under a root", lambda x: np.arctan(x).sum(), x, 1 / np.sqrt(1 + x * x)
    yield "log (1 + x²) without 2 x", lambda x: np.log1p(x * x).sum(), x, 1 / (1 + x * x)


@wrong("missing-term", "wrong-formula")
def terms(rng):
    A, v, U = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(3, 4))
    yield "quadratic form, A v alone", lambda v: v @ A @ v, v, A @ v
    X = rng.normal(size=(3, 4))
    n = np.sqrt((X**2).sum(1, keepdims=True))
    unit = lambda X: X / np.sqrt((X**2).sum(1, keepdims=True))
    yield "unit rows without the projection", unit, X, U / n, U
    z = rng.normal(size=6)
    p = sigmoid(z)
    focal = lambda z: -np.sum((1 - sigmoid(z)) ** 2 * np.log(sigmoid(z)))
    yield "focal weight held", focal, z, -((1 - p) ** 3)
    m, s, n, U = rng.normal(size=(4, 5))
    draw = lambda m, s: m + np.exp(s / 2) * n
    yield "spread of the draw forgotten", draw, (m, s), (U, 0 * s), U


@wrong("transposed-factor", "transposed", "permuted")
def factors_transposed(rng):
    A, U, X = rng.normal(size=(5, 5)), rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    yield "mixing matrix, forward again", lambda X: X @ A, X, U @ A, U
    C = np.triu(np.ones((6, 6)))
    x, u = rng.normal(size=(2, 6))
    yield "running sum applied, not its transpose", np.cumsum, x, np.cumsum(u), u
    yield "and what it should be, for a suffix sum", lambda x: C @ x, x, C @ u, u


@wrong("kernel", "flipped", "transposed-factor")
def kernels(rng):
    x, k, u = rng.normal(size=9), rng.normal(size=3), rng.normal(size=11)
    yield "convolve where correlate belongs", lambda x: np.convolve(x, k), x, np.convolve(u, k, "valid"), u  # fmt: skip
    yield "tap order of the filter", lambda k: np.convolve(x, k), k, np.correlate(u, x, "valid")[::-1], u  # fmt: skip


@wrong("shifted")
def shifts(rng):
    x, k, u = rng.normal(size=9), rng.normal(size=3), rng.normal(size=9)
    right_one = np.convolve(u, k[::-1], "same")
    yield "same padding, one off", lambda x: np.convolve(x, k, "same"), x, np.roll(right_one, 1), u
    X = rng.normal(size=(6, 3))
    yield "targets of the next step", lambda X: 0.5 * np.sum(X**2), X, np.roll(X, 1, 0)


@wrong("permuted")
def permutations(rng):
    X, U = rng.normal(size=(4, 6)), rng.normal(size=(2, 4, 3))
    heads = lambda X: X.reshape(4, 2, 3).transpose(1, 0, 2)
    yield "heads put together by reshape", heads, X, U.reshape(4, 6), U
    Y, V = rng.normal(size=(3, 4)), rng.normal(size=12)
    yield "flattened by columns backward", lambda Y: Y.ravel(), Y, V.reshape(3, 4, order="F"), V


@wrong("row-or-column", "region", "some-entries")
def rows(rng):
    X, u = rng.normal(size=(6, 4)), rng.normal(size=4)
    dX = np.tile(u, (6, 1)) / 6
    dX[0] = 0
    yield "the first token left out", lambda X: X.mean(0), X, dX, u
    W, x = rng.normal(size=(5, 3)), rng.normal(size=3)
    D = np.outer(1 - np.tanh(W @ x) ** 2, x)
    D[:, 1] = 0
    yield "a dead column", lambda W: np.tanh(W @ x).sum(), W, D


@wrong("region", "wrong-formula", "some-entries")
def regions(rng):
    x = np.array([-3.2, -0.4, 0.3, 2.6, 1.7, -1.9, 0.8, -0.2]) + rng.random(8) / 20
    spline = lambda x: np.where(np.abs(x) < 1, x**2 * (1.5 - np.abs(x) / 2), np.abs(x)).sum()
    yield "inner piece used outside", spline, x, 3 * x - 1.5 * x * np.abs(x)
    soft = lambda x: np.where(x > 1, x, np.log1p(np.exp(np.minimum(x, 1)))).sum()
    yield "threshold of softplus ignored", soft, x, sigmoid(x)


@wrong("negative", "sign", "region")
def negatives(rng):
    x = np.array([-2.1, 0.4, -0.3, 1.7, -1.2, 0.9]) + rng.random(6) / 20
    yield "log |x| with 1 / |x|", lambda x: np.log(np.abs(x)).sum(), x, 1 / np.abs(x)
    yield "root of x² as x", lambda x: np.sqrt(x * x).sum(), x, np.ones(6)


@wrong("ties")
def ties(rng):
    a = rng.normal(size=4)
    U = rng.random(4) + 0.5
    yield "larger of two equals, both in full", np.maximum, (a, a.copy()), (U, U), U
    X = np.array([[2.0, 2, 1], [0, 5, 5]])
    V = rng.random(2) + 0.5
    claim = V[:, None] * (X == X.max(1, keepdims=True))
    yield "row maxima by equality", lambda X: X.max(1), X, claim, V


@wrong("kink")
def kinks_wrong(rng):
    yield "hinge at its margin, twice the slope", lambda m: np.maximum(0, 1 - m).sum(), np.array([1.0, 0, 3]), np.array([-2.0, -1, 0])  # fmt: skip
    yield "corner between slopes 1 and 2, one half", lambda x: np.where(x > 0, x, 2 * x).sum(), np.array([0.0, 1, -1]), np.array([0.5, 1, 2])  # fmt: skip


@wrong("kink", "ties", "wrong")
def norm_at_zero(rng):
    norm = lambda x: np.sqrt(x @ x)
    yield "norm at 0, outside the ball", norm, np.zeros(2), np.array([1.2, 0.9])
    yield "norm at 0, each entry within one", norm, np.zeros(2), np.array([0.9, 0.9])


@wrong("one-entry")
def one_entry(rng):
    X, v = rng.normal(size=(250, 400)), rng.normal(size=400) / 20
    g = np.outer(1 - np.tanh(X @ v) ** 2, v)
    k = np.unravel_index(np.argmax(np.abs(g)), g.shape)
    yield "one of 1e5, its sign", lambda X: np.tanh(X @ v).sum(), X, changed(g, k, -1)
    x, y = rng.normal(size=(2, 8))
    y[3] += np.sign(y[3])
    claims = (1e3 * np.cos(x), changed(2e-5 * y, 3, 1.1))
    yield "small beside large, ten per cent", two_scales, (x, y), claims
    near = np.array([1e-5, -1.0, 2.0, 0.5])
    g = np.array([0.0, 0, 1, 1])
    yield "relu 1e-5 above its corner, asleep", lambda x: np.maximum(x, 0).sum(), near, g


@wrong("some-entries", "one-entry", "region")
def some_entries(rng):
    x = rng.normal(size=60)
    g = 3 * x**2
    g[[4, 17, 31, 55]] += 1
    yield "four of sixty", lambda x: np.sum(x**3), x, g


@wrong("derivative-missing")
def derivatives(rng):
    Z, U = rng.normal(size=(2, 3, 5))
    yield "swish passed through", lambda Z: Z * sigmoid(Z), Z, U, U
    W, X, V = rng.normal(size=(4, 5)), rng.normal(size=(3, 5)), rng.normal(size=(3, 4))
    yield "layer of tanh units, W", lambda W: np.tanh(X @ W.T), W, V.T @ X, V


@wrong("at-activation")
def at_activation(rng):
    Z, U = rng.normal(size=(2, 3, 5))
    soft = lambda Z: np.log1p(np.exp(Z))
    yield "softplus' at softplus", soft, Z, U * sigmoid(soft(Z)), U


@wrong("not-accumulated")
def accumulated(rng):
    T, U = rng.normal(size=(4, 3)), rng.normal(size=(2, 5, 3))
    ids = np.array([[0, 2, 2, 1, 3], [2, 0, 1, 1, 2]])
    G = np.zeros_like(T)
    for i in np.ndindex(ids.shape):
        G[ids[i]] = U[i]
    yield "table read by two sentences", lambda T: T[ids], T, G, U


@wrong("upstream")
def upstreams(rng):
    Z, U = rng.normal(size=(2, 3, 5))
    yield "softplus' alone", lambda Z: np.log1p(np.exp(Z)), Z, sigmoid(Z), U
    A, v, u = rng.normal(size=(4, 4)) + 4 * np.eye(4), rng.normal(size=4), rng.normal(size=4)
    yield "solve, upstream of ones", lambda v: np.linalg.solve(A, v), v, np.linalg.solve(A.T, np.ones(4)), u  # fmt: skip


@wrong("off-diagonal", "missing-term")
def off_diagonal(rng):
    Z, U = rng.normal(size=(2, 4, 3))
    P = softmax(Z.T).T
    yield "p (1 - p) down the columns", lambda Z: softmax(Z.T).T, Z, U * P * (1 - P), U


@wrong("all-zero")
def zeros(rng):
    x = rng.normal(size=5)
    k = np.array([0.0, 0.1, -0.7])
    yield "a thousand whole turns, judged flat", lambda x: np.sin(2e3 * np.pi * x).sum(), k, 0 * k
    yield "lost under an offset", lambda x: 1e6 + 1e-2 * np.sin(x).sum(), x, 0 * x
    yield "detached", lambda x: 1e-12 * np.sum(x**2), x, 0 * x


@wrong("swapped")
def swaps(rng):
    m, s = rng.normal(size=(2, 5))
    kl = lambda m, s: 0.5 * np.sum(m * m + np.exp(s) - 1 - s)
    yield "mean and log variance", kl, (m, s), ((np.exp(s) - 1) / 2, m)


@wrong("wrong-axis")
def axes(rng):
    X, U = rng.normal(size=(2, 4, 4))
    L = np.tril(np.ones((4, 4)))
    yield "running sum down, undone across", lambda X: np.cumsum(X, 0), X, U @ L, U
    m = np.sqrt((X**2).sum(1, keepdims=True))
    claim = U / m - X * np.sum(U * X, 1, keepdims=True) / m**3
    yield "unit columns, projected by rows", lambda X: X / np.sqrt((X**2).sum(0)), X, claim, U


@wrong("broadcast", "wrong-shape")
def broadcasts(rng):
    X, c, U = rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), rng.normal(size=(4, 3))
    yield "column of scales, not summed", lambda c: c * X, c, U * X, U


@wrong("summed", "wrong-shape")
def sums(rng):
    X, c, U = rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), rng.normal(size=(4, 3))
    yield "column of scales, summed away", lambda c: c * X, c, np.sum(U * X), U


@wrong("wrong-shape")
def shapes(rng):
    X = rng.normal(size=(4, 3))
    yield "one row too few", lambda X: np.sum(X**2), X, 2 * X[1:]


@wrong("wrong-count")
def counts(rng):
    a, b = rng.normal(size=(2, 5))
    yield "a third gradient", lambda a, b: a @ b, (a, b), (b, a, a)


@wrong("mutates-input")
def mutation(rng):
    x = rng.normal(size=9)

    def trimmed(x):
        x.sort()
        return x[2:-2].sum()

    def asleep(x):
        x[x < 0] = 0
        return x.sum()

    rank = np.argsort(np.argsort(x))
    keep = 1.0 * ((rank > 1) & (rank < 7))
    yield "sorted in place", trimmed, x, keep
    yield "relu in place", asleep, x, (x > 0) * 1.0


@wrong("not-deterministic")
def drift(rng):
    x = rng.normal(size=6)
    draws = np.random.default_rng(3)
    yield "dropout drawn anew", lambda x: np.sum(x * (draws.random(6) < 0.5)), x, 0.5 * np.ones(6)
    state = [0.0]

    def averaged(x):
        state[0] = 0.9 * state[0] + 0.1 * x.mean()
        return np.sum((x - state[0]) ** 3)

    yield "running mean kept by f", averaged, x, 3 * (x - x.mean()) ** 2


@wrong("not-finite")
def not_finite(rng):
    x = np.array([0.5, -0.5])

    def f(x):
        with np.errstate(invalid="ignore"):
            return np.log(x).sum()

    yield "log of a negative", f, x, 1 / x


@wrong("nan")
def nans(rng):
    z = np.array([800.0, 1.0, -3.0])
    with np.errstate(over="ignore", invalid="ignore"):
        claim = np.exp(z) / np.exp(z).sum()
    yield "softmax overflowing in the gradient only", lse, z, claim
    yield "norm at 0 as 0 / 0", lambda x: np.sqrt(x @ x), np.zeros(3), np.full(3, np.nan)


@wrong("random", "wrong")
def random(rng):
    S = rng.normal(size=(5, 4))
    yield "uninitialised", lambda S: np.sum(np.exp(S)), S, rng.normal(size=(5, 4))


@wrong("dtype")
def dtypes(rng):
    x = rng.normal(size=6)
    yield "a complex gradient", lambda x: np.sum(x**2), x, 2 * x + 1j


# --- layers


class Layer:
    keys = ()
    parameters = property(lambda self: {k: getattr(self, k) for k in self.keys})
    gradients = property(lambda self: {k: getattr(self, "d" + k) for k in self.keys})


class Linear(Layer):
    keys = ("W", "b")

    def __init__(self, rng, D_in, D_out):
        self.W, self.b = rng.normal(size=(D_out, D_in)), rng.normal(size=D_out)

    def forward(self, X):
        self.X = X
        return X @ self.W.T + self.b

    def backward(self, U):
        self.dW, self.db = U.T @ self.X, U.sum(0)
        return U @ self.W


class Negated(Linear):
    def backward(self, U):
        below = super().backward(U)
        self.db = -self.db
        return below


class Swish(Layer):
    def forward(self, Z):
        self.Z = Z
        return Z * sigmoid(Z)

    def backward(self, U):
        s = sigmoid(self.Z)
        return U * (s + self.Z * s * (1 - s))


class Halved(Swish):
    def backward(self, U):
        return U * sigmoid(self.Z)


class BatchNorm(Layer):
    """Batch statistics in training, fixed ones in evaluation."""

    keys = ("g",)

    def __init__(self, rng, D):
        self.g, self.training = rng.normal(size=D), True
        self.m, self.s = rng.normal(size=D), rng.random(D) + 0.5

    def forward(self, X):
        m, self.now = (X.mean(0), X.std(0) + 1e-3) if self.training else (self.m, self.s)
        self.N, self.sd = (X - m) / self.now, X.std(0)
        return self.N * self.g

    def backward(self, U):
        self.dg, G = (U * self.N).sum(0), U * self.g / self.now
        if not self.training:
            return G
        spread = (G * self.N).mean(0) * self.now / self.sd
        return G - G.mean(0) - spread * self.N


class Stuck(BatchNorm):
    """Its backward believes that it is always training."""

    def backward(self, U):
        training, self.training = self.training, True
        below = super().backward(U)
        self.training = training
        return below


class Ones(Linear):
    def backward(self, U):
        return super().backward(np.ones_like(U))


class Spoiler(Swish):
    def backward(self, U):
        U *= super().backward(np.ones_like(U))
        return U


class Chain(Layer):
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, U):
        for layer in self.layers[::-1]:
            U = layer.backward(U)
        return U

    def every(self, name):
        return {f"{k}.{n}": a for k, one in enumerate(self.layers) for n, a in getattr(one, name).items()}  # fmt: skip

    parameters = property(lambda self: self.every("parameters"))
    gradients = property(lambda self: self.every("gradients"))


@right("layers of an analyst")
def layers_right(rng):
    X = rng.normal(size=(5, 4))
    yield "batch norm, both modes", BatchNorm(rng, 4), X
    yield "chain of four", Chain(Linear(rng, 4, 3), Swish(), Linear(rng, 3, 2), Swish()), X


@wrong("sign")
def layers_sign(rng):
    chain = Chain(Linear(rng, 4, 3), Swish(), Negated(rng, 3, 2))
    yield "bias of the last layer", chain, rng.normal(size=(5, 4))


@wrong("missing-term", "wrong-formula")
def layers_terms(rng):
    chain = Chain(Linear(rng, 4, 3), Halved(), Linear(rng, 3, 2))
    yield "a bend in the middle", chain, rng.normal(size=(5, 4))
    yield "batch norm, evaluation forgotten", Stuck(rng, 4), rng.normal(size=(5, 4))


@wrong("upstream")
def layers_upstream(rng):
    yield "affine map of ones", Ones(rng, 4, 3), rng.normal(size=(5, 4))


@wrong("mutates-input")
def layers_mutation(rng):
    yield "upstream overwritten", Spoiler(), rng.normal(size=(5, 4))
