"""A tenth fresh set, written blind: right gradients of losses, networks, algebra, order."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.corpus import right
from tests.corpus.fresh_nine import erf, gamma, lgamma, onehot, sigmoid, soft


def lse(z, axis=None, keepdims=False):
    top = z.max(axis, keepdims=True)
    out = top + np.log(np.exp(z - top).sum(axis, keepdims=True))
    return out if keepdims else out.squeeze(axis) if axis is not None else out.item()


@right("losses")
def right_losses(rng):
    Z, y = rng.normal(size=(6, 4)) * 2, rng.integers(0, 4, 6)
    rows, T = np.arange(6), onehot(y, 4)

    def picked(Z, y):
        return np.mean(lse(Z, 1) - Z[rows, y])

    yield "cross-entropy by integer labels", picked, (Z, y), ((soft(Z) - T) / 6, None)
    z, t = rng.normal(size=8) * 3, rng.uniform(0, 1, 8)
    z[3] = 0.0

    def stable(z):
        return np.sum(np.maximum(z, 0) - z * t + np.log1p(np.exp(-np.abs(z))))

    yield "stable binary cross-entropy, one logit 0", stable, z, sigmoid(z) - t
    a, b = rng.normal(size=5), rng.normal(size=5)
    p, q = soft(a), soft(b)
    ratio = np.log(p / q)

    def divergence(a, b):
        return np.sum(soft(a) * np.log(soft(a) / soft(b)))

    yield "divergence of two softmaxes", divergence, (a, b), (p * (ratio - p @ ratio), q - p)
    u, v = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    nu, nv = np.linalg.norm(u, axis=1)[:, None], np.linalg.norm(v, axis=1)[:, None]
    c = (u * v).sum(1, keepdims=True) / nu / nv

    def cosine(u, v):
        return np.sum(
            u * v / np.linalg.norm(u, axis=1)[:, None] / np.linalg.norm(v, axis=1)[:, None]
        )

    du, dv = v / nu / nv - c * u / nu**2, u / nu / nv - c * v / nv**2
    yield "cosine of rows", cosine, (u, v), (du, dv)
    S = soft(u @ v.T / 0.3)
    D = (S - np.eye(4)) / 0.3 / 4
    contrast = lambda u, v: -np.mean(np.log(np.diag(soft(u @ v.T / 0.3))))
    yield "contrastive loss in the batch", contrast, (u, v), (D @ v, D.T @ u)
    counts = rng.poisson(3.0, 7).astype(float)
    r = rng.normal(size=7)
    yield "Poisson", lambda r: np.mean(np.exp(r) - counts * r), r, (np.exp(r) - counts) / 7
    m, s, x = rng.normal(size=4), rng.normal(size=4), rng.normal(size=(9, 4))
    e = (x - m) * np.exp(-s)
    normal = lambda m, s: np.sum(s + 0.5 * ((x - m) * np.exp(-s)) ** 2)
    dm, ds = -(e * np.exp(-s)).sum(0), (1 - e**2).sum(0)
    yield "Gaussian likelihood, mean and log deviation", normal, (m, s), (dm, ds)
    pi, mu = rng.normal(size=3), rng.normal(size=3) * 2
    pts = rng.normal(size=(10, 1)) * 2
    R = soft(np.log(soft(pi)) - 0.5 * (pts - mu) ** 2)
    mixture = lambda pi, mu: -np.sum(lse(np.log(soft(pi)) - 0.5 * (pts - mu) ** 2, 1))
    dpi, dmu = 10 * soft(pi) - R.sum(0), -(R * (pts - mu)).sum(0)
    yield "mixture of three Gaussians", mixture, (pi, mu), (dpi, dmu)
    g, h = rng.uniform(0.1, 0.9, (5, 5)), (rng.random((5, 5)) < 0.5) * 1.0
    top, low = 2 * (g * h).sum() + 1, g.sum() + h.sum() + 1
    dice = lambda g: 1 - (2 * np.sum(g * h) + 1) / (g.sum() + h.sum() + 1)
    yield "dice loss", dice, g, -2 * h / low + top / low**2
    k = rng.normal(size=4)
    tau = rng.uniform(0.5, 2)
    P = soft(k / tau)
    dk, dtau = (onehot(2, 4) - P) / tau, -(k[2] - P @ k) / tau**2
    warm = lambda k, tau: k[2] / tau - lse(k / tau)
    yield "log-softmax and its temperature", warm, (k, tau), (dk, np.float64(dtau))


@right("networks")
def right_networks(rng):
    X, W1, W2 = rng.normal(size=(5, 4)), rng.normal(size=(4, 4)) / 2, rng.normal(size=(4, 4)) / 2
    G = rng.normal(size=(5, 4))

    def residual(X, W1, W2):
        H = X + np.tanh(X @ W1.T)
        return H + np.tanh(H @ W2.T)

    A = np.tanh(X @ W1.T)
    H = X + A
    d2 = G * (1 - np.tanh(H @ W2.T) ** 2)
    dH = G + d2 @ W2
    d1 = dH * (1 - A**2)
    yield "two residual blocks", residual, (X, W1, W2), (dH + d1 @ W1, d1.T @ X, d2.T @ H), G

    def gated(X, W1, W2):
        return (X @ W1.T) * sigmoid(X @ W2.T)

    s = sigmoid(X @ W2.T)
    da, dg = G * s, G * (X @ W1.T) * s * (1 - s)
    yield "gated linear unit", gated, (X, W1, W2), (da @ W1 + dg @ W2, da.T @ X, dg.T @ X), G
    Q, K, V = rng.normal(size=(3, 2, 5, 4))
    mask = np.triu(np.full((5, 5), -np.inf), 1)
    Gh = rng.normal(size=(2, 5, 4))

    def causal(Q, K, V):
        return soft(np.einsum("hqd,hkd->hqk", Q, K) / 2 + mask) @ V

    P = soft(Q @ K.transpose(0, 2, 1) / 2 + mask)
    dP = Gh @ V.transpose(0, 2, 1)
    dS = P * (dP - (P * dP).sum(-1, keepdims=True)) / 2
    dQ, dK, dV = dS @ K, dS.transpose(0, 2, 1) @ Q, P.transpose(0, 2, 1) @ Gh
    yield "causal attention of two heads, -inf masked", causal, (Q, K, V), (dQ, dK, dV), Gh
    c, g = rng.normal(size=(3, 8)), rng.normal(size=8)
    U = rng.normal(size=(3, 8))

    def layernorm(c, g):
        d = c - c.mean(1, keepdims=True)
        return g * d / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5)

    sd = np.sqrt(c.var(1, keepdims=True) + 1e-5)
    N = (c - c.mean(1, keepdims=True)) / sd
    D = U * g
    back = (D - D.mean(1, keepdims=True) - N * (D * N).mean(1, keepdims=True)) / sd
    yield "layer normalization", layernorm, (c, g), (back, (U * N).sum(0)), U
    v, scale = rng.normal(size=(4, 6)), rng.uniform(0.5, 2, (4, 1))
    n = np.linalg.norm(v, axis=1, keepdims=True)
    Y = rng.normal(size=(4, 6))
    inner = (Y * v).sum(1, keepdims=True)
    wn = lambda v, scale: scale * v / np.linalg.norm(v, axis=1, keepdims=True)
    yield "weight normalization", wn, (v, scale), (scale * (Y / n - v * inner / n**3), inner / n), Y
    F, w = rng.normal(size=(6, 3)), rng.normal(size=6)
    x = rng.normal(size=6)
    machine = lambda F, w: w @ x + 0.5 * np.sum((F.T @ x) ** 2 - (F**2).T @ x**2)
    yield "factorization machine", machine, (F, w), (np.outer(x, F.T @ x) - F * (x**2)[:, None], x)
    keep = (rng.random((5, 4)) < 0.7) / 0.7
    yield "dropout, mask fixed", lambda X: X * keep, X, G * keep, G
    E, i = rng.normal(size=(7, 3)), rng.integers(0, 7, (4, 5))
    B = rng.normal(size=(4, 3))
    bag = lambda E: E[i].mean(1)
    dE = np.zeros((7, 3))
    for row in range(4):
        for word in i[row]:
            dE[word] += B[row] / 5
    yield "bag of words, repeated words", bag, E, dE, B
    L, M, N3 = rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5)), rng.normal(size=(3, 5, 2))
    O = rng.normal(size=(2, 2))
    tri = lambda L, M, N3: np.einsum("abc,cd,bde->ae", L, M, N3)
    dL, dM = np.einsum("ae,cd,bde->abc", O, M, N3), np.einsum("ae,abc,bde->cd", O, L, N3)
    yield "einsum of three", tri, (L, M, N3), (dL, dM, np.einsum("ae,abc,cd->bde", O, L, M)), O


@right("convolution")
def right_convolution(rng):
    X, K = rng.normal(size=(2, 3, 6, 5)), rng.normal(size=(4, 3, 3, 3))

    def conv(X, K):
        V = sliding_window_view(np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (2, 3))
        return np.einsum("bchwij,fcij->bfhw", V[:, :, ::2, ::2], K)

    G = rng.normal(size=(2, 4, 3, 3))
    V = sliding_window_view(np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), (2, 3))
    dK, dX = np.einsum("bfhw,bchwij->fcij", G, V[:, :, ::2, ::2]), np.zeros((2, 3, 8, 7))
    for i in range(3):
        for j in range(3):
            dX[:, :, i : i + 6 : 2, j : j + 6 : 2] += np.einsum("bfhw,fc->bchw", G, K[:, :, i, j])
    yield "convolution, stride 2, padding 1", conv, (X, K), (dX[:, :, 1:-1, 1:-1], dK), G
    x, k, g = rng.normal(size=5), rng.normal(size=3), rng.normal(size=11)

    def up(x, k):
        y = np.zeros(11, np.result_type(x, k))
        for t in range(5):
            y[2 * t : 2 * t + 3] += x[t] * k
        return y

    dx = [g[2 * t : 2 * t + 3] @ k for t in range(5)]
    dk = sum(x[t] * g[2 * t : 2 * t + 3] for t in range(5))
    yield "transposed convolution", up, (x, k), (np.array(dx), dk), g
    a, c, u = rng.normal(size=(3, 8))
    F = np.fft.rfft
    turn = lambda a, c: np.fft.irfft(F(a) * F(c), 8)
    da, dc = np.fft.irfft(F(u) * F(c).conj(), 8), np.fft.irfft(F(u) * F(a).conj(), 8)
    yield "circular convolution by Fourier transforms", turn, (a, c), (da, dc), u
    weights = rng.uniform(0.5, 2, 8)
    power = lambda a: np.sum(weights * np.abs(np.fft.fft(a)) ** 2)
    yield "weighted power spectrum", power, a, 16 * np.fft.ifft(weights * np.fft.fft(a)).real
    full = lambda a, c: np.convolve(a, c[:3])
    y = rng.normal(size=10)
    dc3 = np.zeros(8)
    dc3[:3] = np.correlate(y, a, "valid")
    yield "np.convolve, five unused taps", full, (a, c), (np.correlate(y, c[:3], "valid"), dc3), y
    P = rng.normal(size=(2, 4, 6))
    M = P.reshape(2, 2, 2, 3, 2).max((2, 4))
    U = rng.normal(size=(2, 2, 3))
    hit = P == M.repeat(2, 1).repeat(2, 2)
    pool = lambda P: P.reshape(2, 2, 2, 3, 2).max((2, 4))
    yield "max pooling", pool, P, hit * U.repeat(2, 1).repeat(2, 2), U
    mean = lambda P: P.reshape(2, 2, 2, 3, 2).mean((2, 4))
    yield "average pooling", mean, P, U.repeat(2, 1).repeat(2, 2) / 4, U


@right("recurrence")
def right_recurrence(rng):
    X, W, b = rng.normal(size=(4, 2)), rng.normal(size=(12, 5)) / 2, rng.normal(size=12)

    def lstm(W, b):
        h, c = np.zeros(3), np.zeros(3)
        for x in X:
            i, f, o, g = np.split(W @ np.concatenate([x, h]) + b, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        return h @ h

    h, c, tape = np.zeros(3), np.zeros(3), []
    for x in X:
        v = np.concatenate([x, h])
        i, f, o, g = np.split(W @ v + b, 4)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        tape.append((v, i, f, o, g, c))
        c = f * c + i * g
        tape[-1] += (np.tanh(c),)
        h = o * tape[-1][-1]
    dW, db, dh, dc = 0 * W, 0 * b, 2 * h, np.zeros(3)
    for v, i, f, o, g, old, t in reversed(tape):
        dc = dc + dh * o * (1 - t * t)
        z = [
            dc * g * i * (1 - i),
            dc * old * f * (1 - f),
            dh * t * o * (1 - o),
            dc * i * (1 - g * g),
        ]
        z = np.concatenate(z)
        dW, db, dh, dc = dW + np.outer(z, v), db + z, (W.T @ z)[2:], dc * f
    yield "LSTM over 4 steps", lstm, (W, b), (dW, db)
    E, A = rng.normal(size=(5, 3)), rng.normal(size=(3, 3))

    def partition(E, A):
        a = E[0]
        for e in E[1:]:
            a = lse(a[:, None] + A, 0) + e
        return lse(a)

    al, be = [E[0]], [np.zeros(3)]
    for e in E[1:]:
        al.append(lse(al[-1][:, None] + A, 0) + e)
    for e in E[:0:-1]:
        be.insert(0, lse(A + e + be[0], 1))
    total = partition(E, A)
    pairs = [np.exp(al[t][:, None] + A + E[t + 1] + be[t + 1] - total) for t in range(4)]
    yield (
        "log partition of a chain",
        partition,
        (E, A),
        (np.exp(np.add(al, be) - total), sum(pairs)),
    )
    r, y0 = rng.normal(size=4), rng.normal(size=4)
    grown = (1 + r / 50) ** 50

    def euler(r, y):
        for _ in range(50):
            y = y + r * y / 50
        return y.sum()

    yield "Euler's method, 50 steps", euler, (r, y0), (y0 * grown / (1 + r / 50), grown)
    w, D = rng.normal(size=3), rng.normal(size=(6, 3))
    t, eta = rng.normal(size=6), 0.02
    J = np.eye(3) - 2 * eta * D.T @ D

    def learned(w):
        for _ in range(5):
            w = w - 2 * eta * D.T @ (D @ w - t)
        return np.sum((D @ w - t) ** 2)

    end = w
    for _ in range(5):
        end = end - 2 * eta * D.T @ (D @ end - t)
    back = np.linalg.matrix_power(J, 5) @ (2 * D.T @ (D @ end - t))
    yield "loss after 5 steps of gradient descent", learned, w, back


def equilibrium(W, x):
    """Return z = tanh(W z + x)."""
    z = np.zeros(len(x))
    for _ in range(300):
        z = np.tanh(W @ z + x)
    return z


@right("solver")
def right_solver(rng):
    W, x, u = rng.normal(size=(4, 4)) / 6, rng.normal(size=4), rng.normal(size=4)

    z = equilibrium(W, x)
    D = np.diag(1 - z * z)
    lam = D @ np.linalg.solve(np.eye(4) - W.T @ D, u)
    f = lambda W, x: u @ equilibrium(W, x)
    yield "equilibrium of a network", f, (W, x), (np.outer(lam, z), lam)
    C, r, c = rng.uniform(0, 1, (3, 4)), soft(rng.normal(size=3)), soft(rng.normal(size=4))

    def plan(C):
        f, g = np.zeros(3), np.zeros(4)
        for _ in range(400):
            f = 0.5 * (np.log(r) - lse((g - C) / 0.5, 1))
            g = 0.5 * (np.log(c) - lse((f[:, None] - C) / 0.5, 0))
        return np.exp((f[:, None] + g - C) / 0.5)

    def transport(C):
        P = plan(C)
        return np.sum(P * C) + 0.5 * np.sum(P * (np.log(P) - 1))

    yield "entropic transport, 400 sweeps", transport, C, plan(C)
    a = rng.uniform(0.5, 9, 5)

    def bisect(a, tolerance):
        low, high = 0.0 * a, 3.0 + 0.0 * a
        while np.max(high - low) > tolerance:
            mid = (low + high) / 2
            below = mid**3 + mid < a
            low, high = np.where(below, mid, low), np.where(below, high, mid)
        return (low + high) / 2

    slope = 1 / (3 * bisect(a, 1e-15) ** 2 + 1)
    yield "root by bisection to 1e-15", lambda a: np.sum(bisect(a, 1e-15)), a, slope
    yield "root by bisection to 1e-9", lambda a: np.sum(bisect(a, 1e-9)), a, slope
    H, t, V, s = (
        rng.normal(size=(8, 3)),
        rng.normal(size=8),
        rng.normal(size=(5, 3)),
        rng.normal(size=5),
    )
    ridge = lambda t, m: np.linalg.solve(H.T @ H + m * np.eye(3), H.T @ t)
    m = rng.uniform(0.5, 2)
    w = ridge(t, m)
    q = np.linalg.solve(H.T @ H + m * np.eye(3), 2 * V.T @ (V @ w - s))
    held = lambda t, m: np.sum((V @ ridge(t, m) - s) ** 2)
    yield "validation loss of ridge regression", held, (t, m), (H @ q, -q @ w)


@right("algebra")
def right_algebra(rng):
    M, B, x = rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=4)
    A = M @ M.T + np.eye(4)
    yield "determinant", np.linalg.det, A, np.linalg.det(A) * np.linalg.inv(A).T
    L = np.linalg.cholesky(A)
    w = np.tril(rng.normal(size=(4, 4)))
    phi = np.tril(L.T @ w)
    phi[np.diag_indices(4)] /= 2
    S = np.linalg.inv(L).T @ phi @ np.linalg.inv(L)
    factor = lambda M: np.sum(w * np.linalg.cholesky(M @ M.T + np.eye(4)))
    yield "Cholesky factor", factor, M, (S + S.T) @ M
    yield "trace of the cube", lambda M: np.trace(M @ M @ M), M, 3 * (M @ M).T
    power = B @ M.T @ M.T + M.T @ B @ M.T + M.T @ M.T @ B
    yield "third power of a matrix", lambda M: M @ M @ M, M, power, B
    yield "trace of M B Mᵀ", lambda M, B: np.trace(M @ B @ M.T), (M, B), (M @ (B + B.T), M.T @ M)
    s = np.linalg.solve(A, x)
    form = lambda x, A: x @ np.linalg.solve(A, x)
    yield "Mahalanobis distance", form, (x, A), (2 * s, -np.outer(s, s))
    yield "slogdet", lambda M: np.linalg.slogdet(M)[1], M, np.linalg.inv(M).T
    g = rng.normal(size=16)
    yield "Kronecker product", lambda M, x: np.kron(M, x[:, None]) @ x, (M, x), kron(M, x, g), g
    pts, t, ell = rng.uniform(0, 5, 7), rng.normal(size=7), rng.uniform(0.5, 1.5)
    d2 = (pts[:, None] - pts) ** 2

    def evidence(ell):
        K = np.exp(-d2 / (2 * ell**2)) + 0.1 * np.eye(7)
        return 0.5 * t @ np.linalg.solve(K, t) + 0.5 * np.linalg.slogdet(K)[1]

    K = np.exp(-d2 / (2 * ell**2))
    inv = np.linalg.inv(K + 0.1 * np.eye(7))
    slope = 0.5 * np.sum((inv - np.outer(inv @ t, inv @ t)) * K * d2) / ell**3
    yield "evidence of a Gaussian process, length scale", evidence, ell, slope
    a = rng.normal(size=(5, 3))
    D = np.sqrt(((a[:, None] - a) ** 2).sum(-1)) + np.eye(5)
    pull = (a[:, None] - a) / D[..., None]
    distances = lambda a: np.sum(np.sqrt(((a[:, None] - a) ** 2).sum(-1)))
    yield "distance matrix, zeros on the diagonal", distances, a, 2 * pull.sum(1)


def kron(M, x, g):
    """Return the gradients of g · (M ⊗ x) x in M and x."""
    g = g.reshape(4, 4)
    return np.outer(g @ x, x), g.T @ (M @ x) + M.T @ (g @ x)


@right("special")
def right_special(rng):
    x, y = rng.normal(size=(3, 4)), rng.uniform(0.5, 4, 6)
    z = np.array([-1.5, 0.0, 0.4, 2.0])
    p = np.pi * np.where(z == 0, 1, z)
    slope = np.where(z == 0, 0, (np.cos(p) - np.sin(p) / p) / np.where(z == 0, 1, z))
    yield "np.sinc, one entry 0", lambda z: np.sum(np.sinc(z)), z, slope
    i1 = sum((y / 2) ** (2 * m + 1) / math.factorial(m) / math.factorial(m + 1) for m in range(30))
    yield "Bessel I0", lambda y: np.sum(np.i0(y)), y, i1
    a, b = rng.normal(size=(2, 5))
    r2 = a * a + b * b
    yield "arctan2", lambda a, b: np.sum(np.arctan2(a, b)), (a, b), (b / r2, -a / r2)
    yield "hypot", lambda a, b: np.sum(np.hypot(a, b)), (a, b), (a / np.sqrt(r2), b / np.sqrt(r2))
    pair = lambda a, b: np.sum(np.logaddexp(a, b))
    yield "logaddexp", pair, (a, b), (sigmoid(a - b), sigmoid(b - a))
    sp = np.log1p(np.exp(x))
    mish = np.tanh(sp) + x * (1 - np.tanh(sp) ** 2) * sigmoid(x)
    yield "mish", lambda x: np.sum(x * np.tanh(np.log1p(np.exp(x)))), x, mish
    tail = 0.5 * (1 - erf(x / math.sqrt(2)))
    mills = -np.exp(-x * x / 2) / math.sqrt(2 * math.pi) / tail
    yield (
        "log of the normal's tail",
        lambda x: np.sum(np.log(0.5 * (1 - erf(x / 2**0.5)))),
        x,
        mills,
    )
    yield "cube root of both signs", lambda x: np.sum(np.cbrt(x)), x, np.cbrt(x) / x / 3
    n = rng.integers(1, 6, 4).astype(float)
    psi = lambda n: sum(1 / j for j in range(1, int(n))) - 0.5772156649015329
    pa = np.array([psi(v) for v in n])
    ps = np.array([psi(v + 2) for v in n])
    beta = gamma(n) / gamma(n + 2)
    yield "beta function", lambda n: np.sum(np.exp(lgamma(n) - lgamma(n + 2))), n, beta * (pa - ps)
    yield "x to the x", lambda y: np.sum(y**y), y, y**y * (np.log(y) + 1)


@right("order")
def right_order(rng):
    x, w = rng.normal(size=11), rng.normal(size=11)
    rank = np.argsort(np.argsort(x))
    yield "sum of the three largest", lambda x: np.sum(np.sort(x)[-3:]), x, (rank >= 8) * 1.0
    picked = lambda x: np.sort(np.partition(x, 7)[-4:]) @ w[:4]
    yield (
        "four largest under weights",
        picked,
        x,
        np.where(rank >= 7, w[np.maximum(rank - 7, 0)], 0),
    )
    q = np.zeros(11)
    q[np.argsort(x)[[2, 3]]] = 0.75, 0.25
    yield "quantile between two values", lambda x: np.quantile(x, 0.225), x, q
    trim = ((rank > 1) & (rank < 9)) / 7
    yield "trimmed mean", lambda x: np.sort(x)[2:-2].mean(), x, trim
    mid = np.zeros(11)
    mid[np.argsort(x[:10])[[4, 5]]] = 0.5
    yield "median of an even number", lambda x: np.median(x[:10]), x, mid
    knots, v = np.sort(rng.normal(size=6)) + np.arange(6), rng.normal(size=6)
    t = knots[0] + (knots[-1] - knots[0]) * rng.uniform(0.02, 0.98, 7)
    i = np.searchsorted(knots, t) - 1
    part = (t - knots[i]) / np.diff(knots)[i]
    dv = np.zeros(6)
    np.add.at(dv, i, w[:7] * (1 - part))
    np.add.at(dv, i + 1, w[:7] * part)
    dt = w[:7] * (np.diff(v) / np.diff(knots))[i]
    yield (
        "np.interp, points and values",
        lambda t, v: np.interp(t, knots, v) @ w[:7],
        (t, v),
        (dt, dv),
    )
    spread = np.zeros(11)
    spread[[x.argmax(), x.argmin()]] = 1, -1
    yield "range", lambda x: np.ptp(x), x, spread
    order = rng.permutation(11)
    back = np.zeros(11)
    back[order] = w
    yield "permutation", lambda x: x[order] @ w, x, back
    seg = rng.integers(0, 4, 11)
    G = rng.normal(size=4)
    yield "sums of segments", lambda x: np.bincount(seg, x, minlength=4), x, G[seg], G
    yield "differences", lambda x: np.diff(x), x, np.diff(np.pad(-w[:10], 1)), w[:10]
    rolled = lambda x: np.roll(x, 3) * x
    yield "product with its own roll", rolled, x, w * np.roll(x, 3) + np.roll(w * x, -3), w
    tail = lambda x: np.cumsum(x[::-1])[::-1] ** 2 @ w
    yield "sums to the end", tail, x, np.cumsum(2 * w * np.cumsum(x[::-1])[::-1])
    area = lambda x: 0.05 * np.sum(x[1:] ** 2 + x[:-1] ** 2)
    ends = np.r_[0.5, np.ones(9), 0.5]
    yield "trapezoid rule", area, x, 0.2 * x * ends
