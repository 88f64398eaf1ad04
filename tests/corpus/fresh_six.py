"""A sixth fresh set, whole models: their right gradients come from complex steps.

A wrong one is the gradient of a model in which something was held, lost or mistaken.
"""

import mpmath
import numpy as np

from tests.corpus import right, wrong

f4 = np.float32
windows = np.lib.stride_tricks.sliding_window_view
digamma = np.vectorize(lambda x: float(mpmath.digamma(x)), otypes=[float])
loggamma = np.vectorize(lambda x: float(mpmath.loggamma(x)), otypes=[float])


def slope(f, *xs, of=0, upstream=1.0):
    """Return the gradient of an analytic f in its `of`-th input: exact but for rounding."""
    g = np.zeros(np.shape(xs[of]))
    for index in np.ndindex(g.shape):
        x = np.array(xs[of], complex)
        x[index] += 1e-30j
        g[index] = np.sum(upstream * f(*xs[:of], x, *xs[of + 1 :])).imag / 1e-30
    return g


def slopes(f, *xs, upstream=1.0):
    return tuple(slope(f, *xs, of=k, upstream=upstream) for k in range(len(xs)))


def soft(z):
    e = np.exp(z - z.real.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def hold(z):
    """The value without its path."""
    return np.real(z) + 0.0


# --- models: each takes `keep`, which is put around one of its parts


def gru(X, W, V, keep=lambda z: z):
    """Gated unit over the rows of X; W (3, H, D), V (3, H, H)."""
    h = np.zeros(W.shape[1])
    for x in X:
        z, r = sigmoid(W[0] @ x + V[0] @ h), sigmoid(W[1] @ x + V[1] @ h)
        h = (1 - z) * keep(h) + z * np.tanh(W[2] @ x + V[2] @ (r * h))
    return h


def lstm(X, W, b, keep=lambda z: z):
    h = c = np.zeros(len(b) // 4)
    for x in X:
        i, f, o, g = np.split(W @ np.concatenate([x, h]) + b, 4)
        c = sigmoid(f) * keep(c) + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h


def block(X, Wq, Wk, Wv, keep=lambda z: z, heads=2):
    """Self-attention of several heads with a residual path."""
    T, D = X.shape
    Q, K, V = ((X @ W.T).reshape(T, heads, -1).transpose(1, 0, 2) for W in (Wq, Wk, Wv))
    P = soft(Q @ K.transpose(0, 2, 1) / np.sqrt(D / heads))
    return keep(X) + (P @ V).transpose(1, 0, 2).reshape(T, D)


def strided(X, k, stride=2, pad=1):
    wide = np.concatenate([np.zeros(pad), X, np.zeros(pad)])
    return windows(wide, len(k))[::stride] @ k


def group_norm(X, groups=2, keep=lambda z: z):
    B, C, L = X.shape
    G = X.reshape(B, groups, -1)
    m, v = G.mean(-1, keepdims=True), keep(np.mean((G - G.mean(-1, keepdims=True)) ** 2, -1))
    return ((G - m) / np.sqrt(v[..., None] + 1e-5)).reshape(B, C, L)


def mixture(a, m, s, x):
    """Negative log likelihood of a mixture of Gaussians."""
    z = (x[:, None] - m) / np.exp(s)
    return -np.sum(np.log(np.exp(-z * z / 2 - s) @ soft(a)))


def chain_score(E, T, keep=lambda z: z):
    """Log partition of a linear chain: emissions E (L, K), transitions T (K, K)."""
    a = E[0]
    for e in E[1:]:
        M = keep(a)[:, None] + T
        top = M.real.max(0)
        a = e + top + np.log(np.exp(M - top).sum(0))
    return np.log(np.exp(a).sum())


def gaussian_process(x, log_l, y, keep=lambda z: z):
    K = np.exp(-((x[:, None] - x) ** 2) / (2 * np.exp(2 * log_l))) + 0.1 * np.eye(len(x))
    return y @ np.linalg.solve(K, y) / 2 + keep(np.log(np.linalg.det(K))) / 2


def sinkhorn(C, steps=5):
    K, u = np.exp(-C / 0.5), np.ones(len(C))
    for _ in range(steps):
        v = 1 / (K.T @ u) / K.shape[1]
        u = 1 / (K @ v) / len(C)
    return np.sum(u[:, None] * K * C * v)


def rotation(v, p):
    """Rotate p by the vector v (Rodrigues)."""
    t = np.sqrt(np.sum(v * v))
    k = v / t
    return p * np.cos(t) + np.cross(k, p) * np.sin(t) + k * np.sum(k * p) * (1 - np.cos(t))


def kepler(M, e=0.6):
    E = M + 0j * M if np.iscomplexobj(M) else M.copy()
    for _ in range(30):
        E = E - (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
    return E


def dice(p, y):
    return 1 - 2 * np.sum(p * y) / (np.sum(p) + np.sum(y))


def models(rng):
    """Yield (name, f, xs, upstream): analytic in every input."""
    X = rng.normal(size=(4, 3))
    h = rng.normal(size=4)
    yield "gated unit", gru, (X, rng.normal(size=(3, 4, 3)) / 2, rng.normal(size=(3, 4, 4)) / 2), h
    yield "LSTM", lstm, (X, rng.normal(size=(8, 5)), rng.normal(size=8)), rng.normal(size=2)
    Ws = tuple(rng.normal(size=(3, 4, 4)) / 2)
    yield "block of two heads", block, (rng.normal(size=(3, 4)), *Ws), rng.normal(size=(3, 4))
    yield "strided filter", strided, (rng.normal(size=9), rng.normal(size=3)), rng.normal(size=5)
    G = rng.normal(size=(2, 4, 3))
    yield "group norm", group_norm, (G * 2 + 1,), rng.normal(size=(2, 4, 3))
    a, m, s = rng.normal(size=(3, 3))
    yield "mixture", lambda a, m, s: mixture(a, m, s, h), (a, m, s / 3), 1.0
    yield "chain's partition", chain_score, (rng.normal(size=(5, 3)), rng.normal(size=(3, 3))), 1.0
    x, y = np.sort(rng.normal(size=(2, 5)) * 2)
    yield "Gaussian process", lambda x, l: gaussian_process(x, l, y), (x, np.array(0.2)), 1.0
    yield "Sinkhorn", sinkhorn, (rng.random((4, 5)),), 1.0
    yield "rotation", rotation, (rng.normal(size=3), rng.normal(size=3)), rng.normal(size=3)
    yield "Kepler", kepler, (rng.random(4) * 3 + 0.2,), rng.normal(size=4)
    yield "dice", lambda p: dice(p, np.array([1.0, 0, 1, 0, 0, 1])), (rng.random(6),), 1.0


@right("whole models")
def all_models(rng):
    for name, f, xs, upstream in models(rng):
        claims = slopes(f, *xs, upstream=upstream)
        one = len(xs) == 1
        up = () if isinstance(upstream, float) else (upstream,)
        yield name, f, xs[0] if one else xs, claims[0] if one else claims, *up


@right("special functions, sorting, float32")
def special(rng):
    a, b = rng.random((2, 5)) * 3 + 0.2
    log_beta = lambda a, b: np.sum(loggamma(a) + loggamma(b) - loggamma(a + b))
    d = digamma(a + b)
    yield "log beta", log_beta, (a, b), (digamma(a) - d, digamma(b) - d)
    x, y = rng.normal(size=(2, 9))
    rank = np.argsort(np.argsort(x))
    s = np.sign(x - np.sort(y)[rank]) / 9
    yield "earth mover in one dimension", lambda x: np.mean(np.abs(np.sort(x) - np.sort(y))), x, s
    W, X = rng.normal(size=(3, 4, 5)), rng.normal(size=(6, 5))
    Z = np.einsum("khd,bd->bkh", W, X)
    U = rng.normal(size=(6, 4))
    pick = np.arange(3)[None, :, None] == Z.argmax(1)[:, None, :]
    dW = np.einsum("bkh,bh,bd->khd", pick, U, X)
    yield "maxout", lambda W: np.einsum("khd,bd->bkh", W, X).max(1), W, dW, U
    f32 = lambda W: np.tanh(X.astype(f4) @ W.astype(f4).T).mean(dtype=f4)
    w = W[0]
    yield "tanh layer in float32", f32, w, (1 - np.tanh(X @ w.T) ** 2).T @ X / 24
    I = rng.random((6, 8))
    pool = lambda I: windows(I, (3, 3)).mean((2, 3))
    V = rng.normal(size=(4, 6))
    dI = windows(np.pad(V, 2), (3, 3)).sum((2, 3)) / 9
    yield "overlapping average pool", pool, I, dI, V
    up = lambda I: I.repeat(2, 0).repeat(3, 1)
    R = rng.normal(size=(12, 24))
    yield "nearest upsampling", up, I, R.reshape(6, 2, 8, 3).sum((1, 3)), R
    t = np.linspace(0, 1, 11)
    knots = np.array([0, 0.3, 0.55, 1])
    hats = np.stack([np.interp(t, knots, e) for e in np.eye(4)])
    q, r = rng.normal(size=4), rng.normal(size=11)
    yield "heights of a polyline", lambda q: np.interp(t, knots, q), q, hats @ r, r
    relu = lambda z: np.maximum(z, 0)
    c = rng.normal(size=(5, 4))
    k = rng.normal(size=5)
    yield "relu layer, all weights 0", lambda w: relu(c @ w), np.zeros(4), c.T @ k / 2, k
    yield "pairs in order, a tie", lambda s: relu(1 - np.subtract.outer(s, s))[[0, 1], [1, 2]].sum(), np.array([3.0, 2, 2]), np.array([0.0, -1, 1])  # fmt: skip
    lasso = lambda X: np.sqrt((X * X).sum(1)).sum()
    yield "a group at 0, inside its ball", lasso, np.array([[0.0, 0, 0], [2, 1, 2]]), np.array([[0.5, -0.5, 0.5], [2 / 3, 1 / 3, 2 / 3]])  # fmt: skip
    yield "logits of a saturated unit", lambda z: np.sum(np.logaddexp(0, z)), np.array([60.0, -8, 3]), sigmoid(np.array([60.0, -8, 3]))  # fmt: skip
    big = rng.normal(size=(120, 90))
    yield "10,800 entries and a bias of one", lambda M, b: np.mean(np.tanh(M + b) ** 2), (big, np.array([0.3])), deep(big)  # fmt: skip


def deep(M):
    T = np.tanh(M + 0.3)
    g = 2 * T * (1 - T * T) / M.size
    return g, np.array([g.sum()])


# --- wrong


@wrong("missing-term", "wrong-formula")
def paths(rng):
    every = {name: (f, xs, u) for name, f, xs, u in models(rng)}
    for name, k, words in (("gated unit", 2, "state held"), ("LSTM", 1, "cell held")):
        f, xs, u = every[name]
        held = slope(lambda *a, f=f: f(*a, keep=hold), *xs, of=k, upstream=u)
        yield (
            f"{name}, {words}",
            lambda x, f=f, xs=xs, k=k: f(*xs[:k], x, *xs[k + 1 :]),
            xs[k],
            held,
            u,
        )
    f, xs, u = every["block of two heads"]
    lost = slope(lambda X: f(X, *xs[1:], keep=hold), xs[0], upstream=u)
    yield "block without its residual", lambda X: f(X, *xs[1:]), xs[0], lost, u
    f, (X,), u = every["group norm"]
    yield "group norm, variance held", f, X, slope(lambda X: f(X, keep=hold), X, upstream=u), u
    f, (E, T), _ = every["chain's partition"]
    yield "chain, one step of it", lambda T: f(E, T), T, slope(lambda T: f(E, T, keep=hold), T)
    x = np.array([-1.6, -0.3, 0.1, 0.9, 2.0]) + rng.random(5) / 20
    y = rng.normal(size=5)
    half = slope(lambda x: gaussian_process(x, 0.2, y, keep=hold), x)
    yield "process without its log det", lambda x: gaussian_process(x, 0.2, y), x, half


@wrong("sign")
def signs(rng):
    p, y = rng.random(6), np.array([1.0, 0, 1, 0, 0, 1])
    yield "dice for one minus dice", lambda p: dice(p, y), p, -slope(lambda p: dice(p, y), p)
    x = rng.normal(size=6)
    yield "reward for loss", lambda x: np.sum(np.tanh(x.astype(f4))), x, -1 / np.cosh(x) ** 2


@wrong("constant-factor", "missing-mean")
def factors(rng):
    C = rng.random((4, 5))
    yield "cost scaled twice", sinkhorn, C, slope(sinkhorn, C) / 0.5
    I, V = rng.random((6, 8)), rng.normal(size=(4, 6))
    dI = windows(np.pad(V, 2), (3, 3)).sum((2, 3))
    yield "average pool, not divided", lambda I: windows(I, (3, 3)).mean((2, 3)), I, dI, V
    x = rng.normal(size=7)
    yield "offset of 1e7, halved", lambda x: 1e7 + np.sum(np.sin(x)), x, np.cos(x) / 2


@wrong("transposed")
def transposes(rng):
    W, X, U = rng.normal(size=(4, 4)), rng.normal(size=(7, 4)), rng.normal(size=(7, 4))
    D = U * (1 - np.tanh(X @ W.T) ** 2)
    yield "tanh layer, X' delta", lambda W: np.tanh(X @ W.T), W, X.T @ D, U
    E, T = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))
    yield "transitions to and from", lambda T: chain_score(E, T), T, slope(lambda T: chain_score(E, T), T).T  # fmt: skip


@wrong("swapped")
def swaps(rng):
    v, p, u = rng.normal(size=(3, 3))
    dv, dp = slopes(rotation, v, p, upstream=u)
    yield "axis and point", rotation, (v, p), (dp, dv), u
    X, Ws = rng.normal(size=(3, 4)), rng.normal(size=(3, 4, 4)) / 2
    U = rng.normal(size=(3, 4))
    dX, dQ, dK, dV = slopes(block, X, *Ws, upstream=U)
    yield "queries and keys of a block", block, (X, *Ws), (dX, dK, dQ, dV), U


@wrong("row-or-column")
def rows(rng):
    X, W, b, u = (
        rng.normal(size=(4, 3)),
        rng.normal(size=(8, 5)),
        rng.normal(size=8),
        rng.normal(size=2),
    )
    dX = slope(lambda X: lstm(X, W, b), X, upstream=u)
    dX[0] = 0
    yield "LSTM, the first step left out", lambda X: lstm(X, W, b), X, dX, u


@wrong("region", "row-or-column", "some-entries", "wrong-formula")
def gates(rng):
    X, W, b, u = (
        rng.normal(size=(4, 3)),
        rng.normal(size=(8, 5)),
        rng.normal(size=8),
        rng.normal(size=2),
    )
    db = slope(lambda b: lstm(X, W, b), b, upstream=u)
    db[2:4] *= -1
    yield "LSTM, sign of the forget gate", lambda b: lstm(X, W, b), b, db, u


@wrong("permuted", "shifted", "some-entries")
def orders(rng):
    X, W, b, u = (
        rng.normal(size=(4, 3)),
        rng.normal(size=(8, 5)),
        rng.normal(size=8),
        rng.normal(size=2),
    )
    db = slope(lambda b: lstm(X, W, b), b, upstream=u)
    yield (
        "LSTM, gates in another order",
        lambda b: lstm(X, W, b),
        b,
        db[[2, 3, 0, 1, 4, 5, 6, 7]],
        u,
    )
    x, y = rng.normal(size=(2, 9))
    s = np.sign(np.sort(x) - np.sort(y)) * (1 + np.arange(9))
    w = 1.0 + np.arange(9)
    mover = lambda x: np.abs(np.sort(x) - np.sort(y)) @ w
    yield "earth mover, never unsorted", mover, x + 0.0, s


@wrong("flipped", "kernel")
def flips(rng):
    x, k, u = rng.normal(size=9), rng.normal(size=3), rng.normal(size=5)
    yield "strided filter's taps", lambda k: strided(x, k), k, slope(lambda k: strided(x, k), k, upstream=u)[::-1], u  # fmt: skip


@wrong("shifted", "kernel")
def shifts(rng):
    x, k, u = rng.normal(size=9), rng.normal(size=3), rng.normal(size=5)
    dx = slope(lambda x: strided(x, k), x, upstream=u)
    yield "strided filter, padding forgotten", lambda x: strided(x, k), x, np.roll(dx, 1), u


@wrong("ties")
def ties(rng):
    W, X = np.zeros((3, 4, 5)), rng.normal(size=(6, 5))
    dW = np.broadcast_to(np.ones((6, 4)).T @ X, (3, 4, 5)).copy()
    yield "maxout at 0, each piece in full", lambda W: np.einsum("khd,bd->bkh", W, X).max(1).sum(), W, dW  # fmt: skip
    yield "best of two, both in full", lambda a, b: np.maximum(a, b).sum(), (X, X.copy()), (np.ones((6, 5)), np.ones((6, 5)))  # fmt: skip


@wrong("kink", "ties", "wrong")
def kinks(rng):
    lasso = lambda X: np.sqrt((X * X).sum(1)).sum()
    yield "a group at 0, outside its ball", lasso, np.array([[0.0, 0, 0], [2, 1, 2]]), np.array([[0.8, -0.8, 0.8], [2 / 3, 1 / 3, 2 / 3]])  # fmt: skip
    yield "a sum at 0, two minds", lambda x: np.abs(x.sum()), np.zeros(3), np.array([1.0, -1, 0])
    c, k = rng.random((5, 4)) + 0.1, rng.random(5) + 0.5
    yield (
        "relu layer at 0, slope of two",
        lambda w: np.maximum(c @ w, 0),
        np.zeros(4),
        2 * c.T @ k,
        k,
    )


@wrong("one-entry")
def singles(rng):
    M, b = rng.normal(size=(120, 90)), np.array([0.3])
    dM, db = deep(M)
    yield "bias of one beside 10,800", lambda M, b: np.mean(np.tanh(M + b) ** 2), (M, b), (changed(dM, rng), db)  # fmt: skip
    x = rng.random(40) + 0.5
    yield "one digit mistyped", lambda x: np.sum(loggamma(x)), x, changed(digamma(x), rng)


def changed(g, rng):
    g = g.copy()
    g.flat[np.argmax(np.abs(g))] *= 1.01
    return g


@wrong("slight-constant", "constant-factor")
def constants(rng):
    x = rng.random(6) + 0.2
    yield "earth's 6371 for 6378", lambda x: 6378 * np.sin(x).sum(), x, 6371 * np.cos(x)
    yield "one part in 1e5", lambda x: np.sum(np.exp(x)), x, np.exp(x) * (1 + 1e-5)


@wrong("wrong-formula")
def formulas(rng):
    x = rng.random(6) + 0.4
    yield "digamma as log", lambda x: np.sum(loggamma(x)), x, np.log(x)
    M = rng.random(4) * 3 + 0.2
    yield "Kepler, 1 + e cos E", lambda M: np.sum(kepler(M)), M, 1 / (1 + 0.6 * np.cos(kepler(M)))


@wrong("upstream")
def upstreams(rng):
    M, u = rng.random(4) * 3 + 0.2, rng.normal(size=4)
    yield "Kepler, upstream ignored", kepler, M, slope(kepler, M), u
    v, p, u = rng.normal(size=(3, 3))
    yield "rotation, upstream ignored", lambda p: rotation(v, p), p, slope(lambda p: rotation(v, p), p), u  # fmt: skip


@wrong("transposed-factor")
def adjoints(rng):
    v, p, u = rng.normal(size=(3, 3))
    yield "rotated on, not back", lambda p: rotation(v, p), p, rotation(v, u), u
    A, B, U = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    yield "middle of three matrices", lambda X: A @ X @ B, rng.normal(size=(4, 4)), A @ U @ B.T, U


@wrong("not-accumulated", "missing-term")
def uses(rng):
    W, x, u = rng.normal(size=(4, 4)) / 2, rng.normal(size=4), rng.normal(size=4)
    f = lambda W: np.tanh(W @ np.tanh(W @ x))
    a = np.tanh(W @ x)
    d = u * (1 - np.tanh(W @ a) ** 2)
    yield "one matrix used twice, last use alone", f, W, np.outer(d, a), u


@wrong("derivative-missing")
def bends(rng):
    X, W, b, U = (
        rng.normal(size=(6, 3)),
        rng.normal(size=(4, 3)),
        rng.normal(size=4),
        rng.normal(size=(6, 4)),
    )
    yield "sigmoid layer, b", lambda b: sigmoid(X @ W.T + b), b, U.sum(0), U


@wrong("all-zero")
def zeros(rng):
    a, m, s = rng.normal(size=(3, 3))
    x = rng.normal(size=8)
    claims = slopes(lambda a, m, s: mixture(a, m, s, x), a, m, s / 3)
    yield "mixture, weights never learn", lambda a, m, s: mixture(a, m, s, x), (a, m, s / 3), (0 * a, *claims[1:])  # fmt: skip


@wrong("wrong-axis", "wrong-shape")
def axes(rng):
    X, b, U = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(4, 4))
    D = U * (1 - np.tanh(X + b) ** 2)
    yield "bias inside tanh, over units", lambda b: np.tanh(X + b), b, D.sum(1), U


@wrong("broadcast", "wrong-shape")
def broadcasts(rng):
    X, U = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))
    g = rng.normal(size=(4, 1))
    yield "channel gains, unsummed", lambda g: X * g, g, U * X, U


@wrong("mutates-input")
def mutations(rng):
    def f(P):
        P /= P.sum()
        return np.sum(P**2)

    P = rng.random(5)
    yield "normalised in place", f, P, slope(lambda P: np.sum((P / P.sum()) ** 2), P)


@wrong("not-deterministic")
def drifts(rng):
    draws = np.random.default_rng(5)
    x = rng.normal(size=5)
    yield "noise of 1e-6", lambda x: x @ x + 1e-6 * draws.normal(), x, 2 * x
