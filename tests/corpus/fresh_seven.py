"""A seventh fresh set: what students and practitioners write, whole layers first.

Most right gradients are derived by hand, as a student hands them in; those of long recursions
come from complex steps. The wrong ones are in `wrong_fresh_seven`.
"""

import numpy as np

from tests.corpus import right
from tests.corpus.fresh_six import sigmoid, slopes, soft
from tests.corpus.students import (
    away,
    careful,
    chain,
    crf,
    euler,
    fixed_point,
    gru,
    info_nce,
    lattice,
    log_soft,
    mixture,
    ordinal,
    recurrent,
    spread,
    transport,
    unit,
    vae,
    zoo,
)

f4 = np.float32
PLAIN = "dense|conv1|conv1 dilated|conv2|conv up|rnn|maxout|max pool|prelu|dropout|embedding|fourier|running sum"
NORMS = "batch norm|group norm|rms norm|weight norm|cosines|tempered"
MIXED = "residual|gated|attention|tied|bilinear|experts|radial"


@right("layer")
def layers_right(rng):
    for name in f"{PLAIN}|{NORMS}|{MIXED}".split("|"):
        yield zoo(rng, name)
    name, layer, X = zoo(rng, "conv2")
    yield "conv2, Fortran order and one image", layer, np.asfortranarray(X[:1])
    name, layer, X = zoo(rng, "attention")
    X = X[:, ::-1]
    X.flags.writeable = False
    yield "attention, read-only and negative strides", layer, X
    name, layer, X = zoo(rng, "dense")
    yield "dense, inputs of 1e6", layer, 1e6 * X


@right("loss")
def losses_right(rng):
    B, K = int(rng.integers(4, 7)), int(rng.integers(7, 10))
    Z, y, i = 2 * rng.normal(size=(B, K)), rng.integers(K, size=B), np.arange(B)
    P, Y, w, m = soft(Z), np.eye(K)[y], rng.uniform(0.2, 3, K), rng.random((B, K)) < 0.6
    m[0, 0] = True
    yield "cross-entropy", lambda Z, y: -log_soft(Z)[i, y].mean(), (Z, y), ((P - Y) / B, None)
    yield (
        "class weights",
        lambda Z, y: -(w[y] * log_soft(Z)[i, y]).sum() / w[y].sum(),
        (Z, y),
        (w[y][:, None] * (P - Y) / w[y].sum(), None),
    )
    S = 0.9 * Y + 0.1 / K
    yield "label smoothing", lambda Z: -(S * log_soft(Z)).sum(1).mean(), Z, (P - S) / B
    p = P[i, y][:, None]
    yield (
        "focal",
        lambda Z: -((1 - soft(Z)[i, y]) ** 2 * log_soft(Z)[i, y]).sum(),
        Z,
        (2 * (1 - p) * np.log(p) * p - (1 - p) ** 2) * (Y - P),
    )
    X, W, t = rng.normal(size=(B, K)), rng.normal(size=(3, K)), rng.normal(size=(B, 3))
    yield (
        "masked squares",
        lambda A: (m * (A - Z) ** 2).sum() / m.sum(),
        X,
        2 * m * (X - Z) / m.sum(),
    )
    yield (
        "weight decay",
        lambda W: ((X @ W.T - t) ** 2).mean() + 0.01 * (W**2).sum(),
        W,
        2 * (X @ W.T - t).T @ X / t.size + 0.02 * W,
    )
    margin = np.maximum(0, 1 + Z - Z[i, y][:, None]) * (1 - Y)
    hot = (margin > 0) * 1.0
    if np.abs(1 + Z - Z[i, y][:, None])[Y == 0].min() > 1e-3:
        yield (
            "hinge of classes",
            lambda Z, y: (np.maximum(0, 1 + Z - Z[i, y][:, None]) * (1 - Y)).sum(),
            (Z, y),
            (hot - Y * hot.sum(1, keepdims=True), None),
        )
    r = spread(rng, B, K, step=0.11)
    yield (
        "huber",
        lambda r: np.where(abs(r) < 0.77, r**2 / 2, 0.77 * (abs(r) - 0.385)).sum(),
        r,
        np.clip(r, -0.77, 0.77),
    )
    yield (
        "quantile",
        lambda r: np.maximum(0.9 * r, -0.1 * r).mean(),
        r,
        np.where(r > 0, 0.9, -0.1) / r.size,
    )
    yield "log-cosh", lambda r: np.log(np.cosh(r)).sum(), r, np.tanh(r)
    mu, s = rng.normal(size=B), rng.normal(size=B)
    u = rng.normal(size=B)
    yield (
        "gaussian with variance",
        lambda mu, s: (0.5 * (u - mu) ** 2 * np.exp(-s) + 0.5 * s).mean(),
        (mu, s),
        (-(u - mu) * np.exp(-s) / B, (0.5 - 0.5 * (u - mu) ** 2 * np.exp(-s)) / B),
    )
    q = soft(rng.normal(size=(B, K)))
    yield "KL from logits", lambda Z: (q * (np.log(q) - log_soft(Z))).sum() / B, Z, (P - q) / B
    kl = (P * (log_soft(Z) - np.log(q))).sum(1, keepdims=True)
    yield (
        "reverse KL",
        lambda Z: (soft(Z) * (log_soft(Z) - np.log(q))).sum(),
        Z,
        P * (log_soft(Z) - np.log(q) - kl),
    )
    k = rng.poisson(2, size=B)
    yield (
        "poisson with counts",
        lambda s, k: (np.exp(s) - k * s).sum(),
        (s, k),
        (np.exp(s) - k, None),
    )
    z = 30 * rng.normal(size=B)
    yield (
        "logistic, logits of 30",
        lambda z: np.logaddexp(0, z).sum() - (z * (k > 1)).sum(),
        z,
        sigmoid(z) - (k > 1),
    )
    n, d = 2 * (P * Y).sum(), (P + Y).sum()
    dP = -2 * (Y / d) + n / d**2
    yield (
        "dice",
        lambda Z: 1 - 2 * (soft(Z) * Y).sum() / (soft(Z) + Y).sum(),
        Z,
        P * (dP - (P * dP).sum(1, keepdims=True)),
    )
    a, b, c = (rng.normal(size=(B, K)) for _ in range(3))
    f = lambda a, b, c: np.maximum(0, ((a - b) ** 2).sum(1) - ((a - c) ** 2).sum(1) + 1).sum()
    gap = ((a - b) ** 2).sum(1) - ((a - c) ** 2).sum(1) + 1
    on = (gap > 0)[:, None]
    if abs(gap).min() > 0.05:
        yield "triplet", f, (a, b, c), (2 * on * (c - b), 2 * on * (b - a), 2 * on * (a - c))
    same, D = rng.random(B) < 0.5, np.sqrt(((a - b) ** 2).sum(1))
    f = lambda a, b: np.where(
        same, ((a - b) ** 2).sum(1), np.maximum(0, 9 - np.sqrt(((a - b) ** 2).sum(1))) ** 2
    ).sum()
    g = np.where(same, 2, -2 * np.maximum(0, 9 - D) / D)[:, None] * (a - b)
    yield "contrastive", f, (a, b), (g, -g)


@right("model")
def models_right(rng):
    n = rng.normal
    X, W, V, c = n(size=(6, 3)), n(size=(4, 2, 3)), n(size=(4, 2, 2)), n(size=2)
    yield "LSTM", recurrent, (X, W, V, c), slopes(recurrent, X, W, V, c)
    yield "GRU", gru, (X, W[:3], V[:3], c), slopes(gru, X, W[:3], V[:3], c)
    noise, x = n(size=(6, 2)), rng.random((6, 5))
    f = lambda W, V: vae(W, V, x, noise)
    p = n(size=(4, 5)) / 2, n(size=(5, 2))
    yield "VAE", f, p, slopes(f, *p)
    Z, y = n(size=(5, 3, 4)), n(size=5)
    yield "mixture density", mixture, (Z, y), slopes(mixture, Z, y)
    word = rng.permutation(6)[:4]
    f = lambda Z: lattice(Z, word)
    Z = n(size=(9, 6))
    yield "sum over paths", f, Z, slopes(f, Z)[0]
    E, A, y = n(size=(7, 3)), n(size=(3, 3)), rng.integers(3, size=7)
    f = lambda E, A: crf(E, A, y)
    yield "chain of labels", lambda E, A, y: crf(E, A, y), (E, A, y), (*slopes(f, E, A), None)
    a, b = n(size=(5, 4)), n(size=(5, 4))
    yield "InfoNCE", info_nce, (a, b), slopes(info_nce, a, b)
    z, cuts, y = n(size=6), np.array([-1, 0.2, 1.5]) + 0.1 * n(size=3), rng.integers(4, size=6)
    f = lambda z, cuts: ordinal(z, cuts, y)
    yield "ordinal", f, (z, cuts), slopes(f, z, cuts)
    t, k = rng.uniform(0.4, 1.6, 20), np.arange(0, 2.1, 0.5)[:, None]
    f = lambda w: ((w @ np.maximum(0, t - k) ** 3 - np.sin(t)) ** 2).sum()
    w = n(size=5)
    yield "spline's weights", f, w, slopes(f, w)[0]
    f = lambda E, ids: (np.tanh(E[ids].mean(1)) ** 2).sum()
    E, ids = n(size=(6, 4)), rng.integers(6, size=(5, 3))
    yield "bag of words", f, (E, ids), (slopes(lambda E: f(E, ids), E)[0], None)


# --- linear algebra, order, kinks


@right("matrix")
def matrices_right(rng):
    D = int(rng.integers(3, 6))
    A, y = rng.normal(size=(D, D)) + 2 * np.eye(D), rng.normal(size=D)
    I = np.linalg.inv(A)
    yield "determinant", np.linalg.det, A, np.linalg.det(A) * I.T
    yield "log of determinant", lambda A: np.linalg.slogdet(A)[1], A, I.T
    yield "trace of inverse", lambda A: np.trace(np.linalg.inv(A)), A, -(I @ I).T
    S = A @ A.T + np.eye(D)
    a = np.linalg.solve(S, y)

    def evidence(A):
        L = np.linalg.cholesky(A @ A.T + np.eye(D))
        return 0.5 * (np.linalg.solve(L, y) ** 2).sum() + np.log(np.diag(L)).sum()

    yield "evidence by Cholesky", evidence, A, (np.linalg.inv(S) - np.outer(a, a)) @ A
    v = np.linalg.eigh((A + A.T) / 2)[1][:, -1]
    yield "largest eigenvalue", lambda A: np.linalg.eigvalsh((A + A.T) / 2)[-1], A, np.outer(v, v)
    M = rng.normal(size=(D, D + 2))
    u, s, vt = np.linalg.svd(M, full_matrices=False)
    yield "nuclear norm", lambda M: np.linalg.svd(M, compute_uv=False).sum(), M, u @ vt
    M = u @ np.diag(3.0 / 2 ** np.arange(D)) @ vt
    start = rng.normal(size=D + 2)

    def power(M):
        v = start
        for _ in range(60):
            v = unit(M.T @ (M @ v))[0]
        return np.sqrt(((M @ v) ** 2).sum())

    yield "spectral norm by power iteration", power, M, np.outer(u[:, 0], vt[0])
    U = rng.normal(size=(D, 3))
    B = rng.normal(size=(D, 3))
    x = np.linalg.solve(A, B)
    l = np.linalg.solve(A.T, U)
    yield "solve", np.linalg.solve, (A, B), (-l @ x.T, l), U
    G = rng.normal(size=(D, 4, 2)), rng.normal(size=(4, 2, 3))
    yield (
        "einsum of two",
        lambda a, b: np.einsum("ijk,jkl->il", a, b),
        G,
        (np.einsum("il,jkl->ijk", U, G[1]), np.einsum("ijk,il->jkl", G[0], U)),
        U,
    )
    t = rng.normal(size=9)
    V = rng.normal(size=5)
    S = np.fft.rfft(t)
    half = np.r_[1, 0.5 * np.ones(4)]  # irfft counts every wave but the first twice
    yield (
        "power spectrum",
        lambda t: abs(np.fft.rfft(t)) ** 2,
        t,
        18 * np.fft.irfft(S * V * half, 9),
        V,
    )


@right("order and kinks")
def order_right(rng):
    X, U = spread(rng, 5, 7, step=0.1), rng.normal(size=(5, 7))
    at = np.argsort(X, 1)
    g = np.zeros_like(X)
    np.put_along_axis(g, at, U, 1)
    yield "sort", lambda X: np.sort(X, 1), X, g, U
    yield "median", lambda X: np.median(X, 1), X, np.eye(7)[at[:, 3]] * U[:, :1], U[:, 0]
    top = np.zeros_like(X)
    np.put_along_axis(top, at[:, -3:], 1.0, 1)
    yield "top three", lambda X: np.sort(X, 1)[:, -3:].sum(), X, top
    yield "clip", lambda X: np.clip(X, -1, 1), X, U * (abs(X) < 1), U
    c = np.cumprod(X[0])
    yield "cumprod", np.cumprod, X[0], np.cumsum((U[0] * c)[::-1])[::-1] / X[0], U[0]
    z = rng.normal(size=6)
    z[2] = 0.0
    p = np.array([np.prod(np.delete(z, j)) for j in range(6)])
    yield "product with a zero", np.prod, z, p
    T = np.tile(rng.normal(size=(3, 1)), (1, 4))
    pick = np.eye(4)[rng.integers(4, size=3)]
    yield "all tied, one picked", lambda T: T.max(1).sum(), T, pick
    yield "all tied, shared", lambda T: T.max(1).sum(), T, np.full((3, 4), 0.25)
    z = away(rng, 4, 6)
    z[::2, 1] = 0.0
    yield "relu at 0, slope 0", lambda z: np.maximum(z, 0), z, U[:4, :6] * (z > 0), U[:4, :6]
    yield "absolute at 0", lambda z: abs(z).sum(), z, np.sign(z)
    h = 1 + spread(rng, 4, 6, step=0.2)
    h[1, :2] = 1.0
    yield "hinge at its corner", lambda h: np.maximum(0, 1 - h).sum(), h, np.where(h < 1, -1.0, 0)
    R = rng.normal(size=(5, 3))
    R[3] = R[1]

    def distances(R, eps=1e-12):
        return np.sqrt(((R[:, None] - R) ** 2).sum(2) + eps).sum()

    D = R[:, None] - R
    n = np.sqrt((D**2).sum(2, keepdims=True) + 1e-12)
    yield "distances, two points equal", distances, R, 2 * (D / n).sum(1)
    n = np.sqrt((D**2).sum(2, keepdims=True))
    yield (
        "distances with a corner",
        lambda R: distances(R, 0),
        R,
        2 * (D / np.where(n > 0, n, 1)).sum(1),
    )
    x = spread(rng, 8, step=0.3)
    pieces = lambda x: np.where(x < 0, x**2, np.where(x < 0.9, 3 * x**3, x + 5)).sum()
    yield "piecewise polynomial", pieces, x, np.where(x < 0, 2 * x, np.where(x < 0.9, 9 * x**2, 1))
    k, v = np.sort(rng.normal(size=6)) + np.arange(6), rng.normal(size=6)
    q = k[:-1] + np.diff(k) * rng.uniform(0.2, 0.8, 5)
    yield "linear interpolation", lambda q: np.interp(q, k, v).sum(), q, np.diff(v) / np.diff(k)


# --- forms: what is handed in


@right("form")
def forms_right(rng):
    x, U = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    s = 1 - np.tanh(x) ** 2
    yield "a list", lambda x: float(np.tanh(np.asarray(x)).sum()), x[0].tolist(), s[0].tolist()
    yield "0-d", lambda x: np.tanh(x), np.array(x[0, 0]), s[0, 0]
    yield "a Python float", lambda x: np.tanh(x), float(x[0, 1]), float(s[0, 1])
    yield (
        "empty beside full",
        lambda a, b: a.sum() + np.tanh(b).sum(),
        (np.zeros((0, 3)), x),
        (np.zeros((0, 3)), s),
    )
    yield "one entry", lambda x: np.tanh(x).sum(), x[:1, :1], s[:1, :1]
    yield "f is (1,)", lambda x: np.tanh(x).sum(keepdims=True).reshape(1), x, s
    yield "Fortran order", lambda x: (np.tanh(x) * U).sum(), np.asfortranarray(x), U * s
    yield "negative strides", lambda x: (np.tanh(x) * U).sum(), x[::-1, ::-1], U * s[::-1, ::-1]
    fixed = x.copy()
    fixed.flags.writeable = False
    yield "read-only", lambda x: np.tanh(x).sum(), fixed, s
    yield "float32", lambda x: np.tanh(x).sum(), x.astype(f4), s.astype(f4)
    W = rng.normal(size=(40, 30)).astype(f4) / 6
    q = rng.normal(size=(8, 30)).astype(f4)
    h = np.tanh(q @ W.T)
    yield (
        "float32 layer",
        lambda W: (np.tanh(q.astype(W.dtype) @ W.T) ** 2).mean(),
        W,
        (2 * h * (1 - h**2)).T @ q / h.size,
    )
    calls = []
    yield "counts its calls", lambda x: (calls.append(1), np.tanh(x).sum())[1], x, s
    buffer = np.empty((3, 5))
    yield "one output buffer", lambda x: np.tanh(x, out=buffer), x, U * s, U
    kept = {}

    def remembers(x):
        return kept.setdefault(np.asarray(x, float).tobytes(), float(np.tanh(x).sum()))

    yield "remembers its values", remembers, x, s

    def spends(x):
        x = x.copy()
        x -= x.mean()
        x *= x
        return x.sum()

    yield "spends a copy", spends, x, 2 * (x - x.mean())
    few = U * (rng.random(U.shape) < 0.3)
    few[0, 0] = 1.0
    yield "upstream with zeros", np.tanh, x, few * s, few
    hot = np.zeros_like(U)
    hot[1, 2] = 1
    P = soft(x)
    yield "one-hot upstream", soft, x, P * (hot - (P * hot).sum(1, keepdims=True)), hot
    yield "zero upstream", soft, x, 0 * x, 0 * x
    yield "huge upstream", np.tanh, x, 1e12 * U * s, 1e12 * U
    yield "tiny upstream", np.tanh, x, 1e-12 * U * s, 1e-12 * U
    yield (
        "inputs of 1e-6",
        lambda x: unit(x)[0],
        1e-6 * x,
        1e6 * (U - unit(x)[0] * (unit(x)[0] * U).sum(1, keepdims=True)) / unit(x)[1],
        U,
    )
    yield "inputs of 1e6", lambda x: np.log1p(x**2).sum(), 1e6 * x, 2e6 * x / (1 + 1e12 * x**2)
    big = x * 10.0 ** np.arange(-6, 9, 3)
    yield (
        "columns of 1e-6 to 1e6",
        lambda x: (x / 10.0 ** np.arange(-6, 9, 3) * U).sum() ** 2,
        big,
        2 * (x * U).sum() * U / 10.0 ** np.arange(-6, 9, 3),
    )
    yield "small on a large value", lambda x: 1e5 + np.tanh(x).sum(), x, s
    yield "nearly flat", lambda x: np.exp(-x - 40).sum(), abs(x), -np.exp(-abs(x) - 40)
    long = rng.normal(size=2000)
    yield (
        "2,000 entries",
        lambda x: np.tanh(x).sum() ** 2,
        long,
        2 * np.tanh(long).sum() * (1 - np.tanh(long) ** 2),
    )
    yield "fast wave", lambda x: np.sin(40 * x).sum(), x, 40 * np.cos(40 * x)


@right("float32")
def singles(rng):
    for name in ("dense", "conv2", "attention", "rnn", "group norm", "embedding"):
        name, layer, X = zoo(rng, name)
        layer.parameters = {k: p.astype(f4) for k, p in layer.parameters.items()}
        yield name, layer, X.astype(f4) if X.dtype == float else X
    x = rng.normal(size=(4, 6))
    s = 1 - np.tanh(x) ** 2
    yield "claimed in float32, x in float64", lambda x: np.tanh(x).sum(), x, s.astype(f4)
    yield "f in float32, x in float64", lambda x: np.tanh(x.astype(f4)).sum(), x, s
    yield "f rounds its value", lambda x: f4(np.tanh(x).sum()), x, s
    X, y = rng.normal(size=(50, 9)).astype(f4), rng.integers(6, size=50)
    W = rng.normal(size=(6, 9)).astype(f4)
    g = (soft(X @ W.T) - np.eye(6, dtype=f4)[y]).T @ X / f4(50)
    f = lambda W, y: -log_soft(X @ W.T)[np.arange(50), y].mean()
    yield "cross-entropy of weights", f, (W, y), (g, None)


@right("edge")
def edges(rng):
    p = 10.0 ** rng.uniform(-8, -3, 6)
    yield "log of small numbers", lambda p: np.log(p).sum(), p, 1 / p
    yield "root of small numbers", lambda p: np.sqrt(p).sum(), p, 0.5 / np.sqrt(p)
    yield "arccos close to 1", lambda c: np.arccos(c).sum(), 1 - p, -1 / np.sqrt(1 - (1 - p) ** 2)
    z = rng.normal(size=6)
    z[1], z[4] = 1e-9, -1e-9
    yield "relu next to 0", lambda z: np.maximum(z, 0).sum(), z, 1.0 * (z > 0)
    a = np.array([2.0, 2.0 + 1e-8, -1.0]) * rng.uniform(0.5, 2)
    yield "maximum, nearly tied", lambda a: a.max(), a, np.array([0.0, 1, 0])
    x = rng.normal(size=5) * 1e-4
    yield (
        "steep sigmoid",
        lambda x: sigmoid(1e4 * x).sum(),
        x,
        1e4 * sigmoid(1e4 * x) * (1 - sigmoid(1e4 * x)),
    )
    yield "close to the minimum", lambda x: (x**2).sum() + 1, 1e-3 * x, 2e-3 * x
    yield "at the minimum", lambda x: np.cosh(x).sum(), 0 * x, 0 * x
    yield "constant", lambda x: soft(x).sum(), x, 0 * x
    yield "on a value of 1e8", lambda x: 1e8 + np.sinh(x).sum(), z, np.cosh(z)
    f = lambda z: np.where(z > 0, np.log(np.where(z > 0, z, 1)), z).sum()
    w = away(rng, 7)
    yield "log where positive", f, w, np.where(w > 0, 1 / w, 1)
    mask = np.triu(np.full((4, 4), -np.inf), 1)
    S, U = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    P = soft(S + mask)
    yield "mask of -inf", lambda S: soft(S + mask), S, P * (U - (P * U).sum(1, keepdims=True)), U
    y = rng.normal(size=(4, 4))
    y[0, 1] = y[2, 3] = np.nan
    d = np.where(np.isnan(y), 0, 2 * (S - y) / 14)
    yield "labels that are missing", lambda S, y: np.nanmean((S - y) ** 2), (S, y), (d, None)
    n = np.array([1, 2, 5])
    yield "whole numbers", lambda x: (x**2 / 2).sum(), n, 1.0 * n
    yield "nested lists", lambda x: np.sum(np.sin(x)), S.tolist(), np.cos(S).tolist()
    yield "upstream of a number", lambda S: np.sin(S).sum(), S, -2.5 * np.cos(S), np.array(-2.5)


@right("solver")
def solvers(rng):
    W, x, u = 0.3 * rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    z = fixed_point(W, x)
    D = np.diag(1 - z**2)
    a = D @ np.linalg.solve((np.eye(4) - D @ W).T, u)
    yield "fixed point", lambda W, x: (u * fixed_point(W, x)).sum(), (W, x), (np.outer(a, z), a)
    C = rng.random((4, 5))
    yield "transport", transport, C, slopes(transport, C)[0]
    yield "equation of motion", euler, (x, W), slopes(euler, x, W)
    e = x - x.mean()
    yield "standard deviation", lambda x: x.std(ddof=1), x, e / 3 / x.std(ddof=1)
    y = rng.normal(size=4)
    r = np.corrcoef(x, y)[0, 1]
    f = y - y.mean()
    g = f / np.sqrt((e**2).sum() * (f**2).sum()) - r * e / (e**2).sum()
    yield "correlation", lambda x: np.corrcoef(x, y)[0, 1], x, g
    v, U = 3 * unit(rng.normal(size=(3, 4)))[0], rng.normal(size=(3, 4))
    w, n = unit(v)
    yield (
        "clipped to norm 1",
        lambda v: v / np.maximum(1, unit(v)[1]),
        v,
        (U - w * (w * U).sum(1, keepdims=True)) / n,
        U,
    )
    E, ids = rng.normal(size=(3000, 5)), rng.integers(3000, size=12)
    g = np.zeros_like(E)
    np.add.at(g, ids, np.cos(E[ids]))
    yield "a table of 3,000 rows", lambda E, ids: np.sin(E[ids]).sum(), (E, ids), (g, None)
    x = rng.uniform(0.1, 0.9, 12)
    Q = lambda x: np.quantile(x, 0.3)
    x = np.sort(x) + np.arange(12)
    yield "quantile between two", Q, x, np.eye(12)[3] * 0.7 + np.eye(12)[4] * 0.3


@right("kept arrays")
def kept_arrays(rng):
    yield "buffers for output and gradients", *careful(rng)
    yield "a chain with batch norm", *chain(rng)
    layer, X = careful(rng)
    layer.parameters["W"] = rng.normal(size=(4, 3)).T
    yield "weights that are a view", layer, X
    layer, X = careful(rng)
    layer.training = True
    yield "left in training mode, one example", layer, X[:1]
    A, B = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    yield (
        "twice the same array",
        lambda a, b: (np.sin(a) * b).sum(),
        (A, A),
        (np.cos(A) * A, np.sin(A)),
    )
    yield (
        "views of one array",
        lambda a, b: (a * b).sum(),
        (B[:, :2], B[:, 1:3]),
        (B[:, 1:3], B[:, :2]),
    )
    a, b = rng.normal(size=(2, 4)), rng.normal(size=(3, 4))
    yield "an input not used", lambda a, b: np.sin(a).sum(), (a, b), (np.cos(a), 0 * b)
