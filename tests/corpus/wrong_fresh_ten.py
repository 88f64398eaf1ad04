"""The tenth fresh set's wrong gradients: the slips of a first course, by their names."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.corpus import wrong
from tests.corpus.fresh_nine import erf, onehot, sigmoid, soft
from tests.corpus.fresh_ten import lse


def signed(rng, *shape):
    """Numbers of both signs, none near 0."""
    x = rng.uniform(0.3, 2, shape) * rng.choice([-1, 1], shape)
    x.flat[:2] = 0.7, -0.9
    return x


@wrong("sign")
def wrong_sign(rng):
    z, t = rng.normal(size=7), rng.uniform(0, 1, 7)
    bce = lambda z: np.sum(np.logaddexp(0, z) - t * z)
    yield "logits: target less prediction", bce, z, t - sigmoid(z)
    A, G = rng.normal(size=(3, 3)) + 3 * np.eye(3), rng.normal(size=(3, 3))
    V = np.linalg.inv(A).T
    yield "inverse without its minus", np.linalg.inv, A, V @ G @ V, G
    yield "cosine", lambda z: np.sum(np.cos(z)), z, np.sin(z)
    X, y = rng.normal(size=(5, 4)), rng.integers(0, 4, 5)
    likelihood = lambda X: np.mean(X[np.arange(5), y] - lse(X, 1))
    yield "log-likelihood taken for a loss", likelihood, X, (soft(X) - onehot(y, 4)) / 5
    p = rng.uniform(1, 3, 5)
    yield (
        "reciprocal",
        lambda p, z: np.sum(z[:5] / p),
        (p, z),
        (z[:5] / p**2, np.append(1 / p, [0, 0])),
    )


@wrong("constant-factor", "missing-mean")
def wrong_factor(rng):
    X, W, T = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)), rng.normal(size=(6, 4))
    E = X @ W.T - T
    yield "squares without their 2", lambda W: np.sum((X @ W.T - T) ** 2), W, E.T @ X
    decay = lambda W: np.sum((X @ W.T - T) ** 2) + 0.3 * np.sum(W * W)
    yield "all of it halved, decay too", decay, W, E.T @ X + 0.3 * W
    S = (soft(W / 0.7) - onehot([0, 2, 1, 1], 3)) / 4
    cold = lambda W: np.mean(lse(W / 0.7, 1) - W[np.arange(4), [0, 2, 1, 1]] / 0.7)
    yield "temperature forgotten", cold, W, S
    Q, K = rng.normal(size=(3, 16)), rng.normal(size=(5, 16))
    G = rng.normal(size=(3, 5))
    P = soft(Q @ K.T / 4)
    dS = P * (G - (P * G).sum(1, keepdims=True))
    yield "attention scores, root of 16 forgotten", lambda Q: soft(Q @ K.T / 4), Q, dS @ K, G
    keep = (np.arange(24).reshape(6, 4) % 3 > 0) * 1.0
    yield "dropout not rescaled", lambda T: T * keep / 0.8, T, keep * E, E
    B = rng.normal(size=(4, 6))
    U = rng.normal(size=(2, 3))
    pool = lambda B: B.reshape(2, 2, 3, 2).mean((1, 3))
    yield "average pooling, every entry in full", pool, B, U.repeat(2, 0).repeat(2, 1), U
    a = rng.normal(size=8)
    yield "power spectrum, ifft has 1/n", lambda a: np.sum(np.abs(np.fft.fft(a)) ** 2), a, 2 * a
    p = rng.uniform(1, 9, 6)
    yield "decibels by the natural logarithm", lambda p: np.sum(10 * np.log10(p)), p, 10 / p
    yield "mean divided twice", lambda a: np.mean(np.tanh(a)), a, (1 - np.tanh(a) ** 2) / 64
    yield "tenfold", lambda a: np.sum(np.sinh(a)), a, 10 * np.cosh(a)


@wrong("missing-mean", "constant-factor")
def wrong_mean(rng):
    X, W, y = rng.normal(size=(9, 3)), rng.normal(size=(4, 3)), rng.integers(0, 4, 9)
    D = soft(X @ W.T) - onehot(y, 4)
    mean = lambda W: np.mean(lse(X @ W.T, 1) - (X @ W.T)[np.arange(9), y])
    yield "softmax regression", mean, W, D.T @ X
    b = rng.normal(size=4)
    biased = lambda b: np.mean(lse(X @ W.T + b, 1) - (X @ W.T + b)[np.arange(9), y])
    yield "softmax regression, bias", biased, b, (soft(X @ W.T + b) - onehot(y, 4)).sum(0)
    I = rng.normal(size=(2, 5, 5))
    yield "mean over pixels", lambda I: np.mean(I**2), I, 2 * I
    hinge = lambda X: np.mean(np.maximum(0, 1 - X).sum(1))
    yield "hinge", hinge, X, -1.0 * (X < 1)
    yield "mean squares, mean over rows only", lambda X: np.mean(X**2), X, 2 * X / 9


@wrong("transposed", "wrong-shape")
def wrong_transposed(rng):
    X, W, G = rng.normal(size=(6, 4)), rng.normal(size=(4, 4)), rng.normal(size=(6, 4))
    yield "square weights, X.T @ G", lambda W: X @ W.T, W, X.T @ G, G
    V = rng.normal(size=(3, 4))
    H = rng.normal(size=(6, 3))
    yield "oblong weights, X.T @ G", lambda V: X @ V.T, V, X.T @ H, H
    A = W @ W.T + W + 5 * np.eye(4)
    yield "log determinant", lambda A: np.log(np.linalg.det(A)), A, np.linalg.inv(A)
    yield "trace of A B", lambda A: np.trace(A @ W), A, W
    u, v = rng.normal(size=4), rng.normal(size=4)
    yield "bilinear form, v u^T", lambda W: u @ W @ v, W, np.outer(v, u)
    cube = lambda W: np.trace(W @ W @ W)
    yield "trace of a cube", cube, W, 3 * W @ W


@wrong("swapped")
def wrong_swapped(rng):
    Q, K, G = rng.normal(size=(3, 4, 5))
    H = rng.normal(size=(4, 4))
    yield "queries and keys", lambda Q, K: Q @ K.T, (Q, K), (H.T @ Q, H @ K), H
    m, s, x = rng.normal(size=(3, 6))
    e = (x - m) * np.exp(-s)
    normal = lambda m, s: np.sum(s + 0.5 * ((x - m) * np.exp(-s)) ** 2)
    yield "mean and log deviation", normal, (m, s), (1 - e * e, -e * np.exp(-s))
    gate = lambda a, b: np.sum(np.tanh(a) * sigmoid(b))
    da, db = (1 - np.tanh(m) ** 2) * sigmoid(s), np.tanh(m) * sigmoid(s) * (1 - sigmoid(s))
    yield "value and gate", gate, (m, s), (db, da)
    mix = lambda a, b, c: np.sum(a * b**2 * np.exp(c))
    dm, ds, dx = s**2 * np.exp(x), 2 * m * s * np.exp(x), m * s**2 * np.exp(x)
    yield "second and third of three", mix, (m, s, x), (dm, dx, ds)


@wrong("wrong-axis", "wrong-shape")
def wrong_axis(rng):
    X, b, G = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=(4, 4))
    yield "bias of a square batch", lambda b: X + b, b, G.sum(1), G
    N = (X - X.mean(1, keepdims=True)) / X.std(1, keepdims=True)
    yield "gain of a layer normalization", lambda b: b * N, b, (G * N).sum(1), G
    C, H = rng.normal(size=(3, 1, 1)), rng.normal(size=(2, 3, 3, 3))
    I = rng.normal(size=(2, 3, 3, 3))
    yield (
        "channel bias summed over channels",
        lambda C: I + C,
        C,
        H.sum((0, 1, 2))[:, None, None],
        H,
    )
    Y, c, U = rng.normal(size=(5, 3)), rng.normal(size=3), rng.normal(size=(5, 3))
    yield "bias summed over units", lambda c: Y + c, c, U.sum(1), U


@wrong("broadcast", "wrong-shape", "summed")
def wrong_broadcast(rng):
    X, G = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4))
    b, g, s = rng.normal(size=(3, 1)), rng.normal(size=4), rng.normal()
    yield "channel bias", lambda b: X + b, b, G, G
    yield "gain, batch summed, time not", lambda g: X * g, g, (G * X).sum(0), G
    yield "learning rate of all weights", lambda s: X - s * G, np.array(s), -G * G, G
    u, v = rng.normal(size=(4, 1)), rng.normal(size=(1, 5))
    D = 2 * (u - v)
    pairs = lambda u, v: np.sum((u - v) ** 2)
    yield "pairwise squares", pairs, (u, v), (D, -D)
    yield "kept axis lost", lambda u: np.sum(np.exp(u)), u, np.exp(u[:, 0])


@wrong("summed", "wrong-shape")
def wrong_summed(rng):
    X, W, G = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=(5, 4))
    yield "input summed over the batch", lambda X: X @ W.T, X, (G @ W).sum(0), G
    yield (
        "weights per example added up",
        lambda X: np.sum(np.tanh(X)),
        X,
        (1 - np.tanh(X) ** 2).sum(0),
    )
    yield "one number for a vector", lambda X: np.sum(X**2), X[0], np.sum(2 * X[0])


@wrong("derivative-missing")
def wrong_derivative(rng):
    X, W, T = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), rng.normal(size=(5, 3))
    Z = X @ W.T
    for name, f in (("sigmoid", sigmoid), ("tanh", np.tanh), ("ReLU", lambda z: np.maximum(z, 0))):
        loss = lambda W, f=f: np.sum((f(X @ W.T) - T) ** 2) / 2
        yield name, loss, W, (f(Z) - T).T @ X
    V = rng.normal(size=(2, 3))
    G = rng.normal(size=(5, 2))
    deep = lambda W: np.tanh(X @ W.T) @ V.T
    yield "hidden layer", deep, W, (G @ V).T @ X, G
    soft_plus = lambda X: np.logaddexp(0, X)
    U = rng.normal(size=(5, 4))
    yield "softplus hands its upstream through", soft_plus, X, U, U


@wrong("at-activation", "wrong-formula")
def wrong_at(rng):
    X, W, T = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), rng.normal(size=(5, 3))
    Z = X @ W.T
    A = sigmoid(Z)
    loss = lambda W: np.sum((sigmoid(X @ W.T) - T) ** 2) / 2
    yield "sigmoid", loss, W, ((A - T) * sigmoid(A) * (1 - sigmoid(A))).T @ X
    G = rng.normal(size=(5, 3))
    yield "softplus", lambda Z: np.logaddexp(0, Z), Z, G * sigmoid(np.logaddexp(0, Z)), G
    yield "tanh", np.tanh, Z, G * (1 - np.tanh(np.tanh(Z)) ** 2), G
    yield "arctan", np.arctan, Z, G / (1 + np.arctan(Z) ** 2), G
    yield "s (1 - s) of what is no sigmoid", sigmoid, Z, G * Z * (1 - Z), G


@wrong("wrong-formula")
def wrong_formula(rng):
    x, p = signed(rng, 3, 4), rng.uniform(0.5, 3, (3, 4))
    yield "1 - tanh", lambda x: np.sum(np.tanh(x)), x, 1 - np.tanh(x)
    yield "s (1 + s)", lambda x: np.sum(sigmoid(x)), x, sigmoid(x) * (1 + sigmoid(x))
    yield "2^x as x 2^(x-1)", lambda x: np.sum(2**x), x, x * 2 ** (x - 1)
    yield "arctan without the square", lambda p: np.sum(np.arctan(p)), p, 1 / (1 + p)
    yield "cube with its power kept", lambda p: np.sum(p**3), p, 3 * p**3
    yield "swish as its sigmoid", lambda x: np.sum(x * sigmoid(x)), x, sigmoid(x)
    yield "x to the x, power rule only", lambda p: np.sum(p**p), p, p * p ** (p - 1)
    yield "log(1 + x) as 1 / x", lambda p: np.sum(np.log1p(p)), p, 1 / p
    yield "sine of a square, inner part lost", lambda p: np.sum(np.sin(p * p)), p, np.cos(p * p)
    yield (
        "bell with 2 x for x",
        lambda x: np.sum(erf(x)),
        x,
        2 / np.sqrt(np.pi) * np.exp(-2 * x * x),
    )
    yield "focal loss as cross-entropy", lambda q: -np.sum((1 - q) ** 2 * np.log(q)), p / 4, -4 / p
    gelu = 0.5 * (1 + erf(x / np.sqrt(2)))
    yield "GELU, density forgotten", lambda x: np.sum(x * 0.5 * (1 + erf(x / 2**0.5))), x, gelu
    yield "root of 1 + x^2", lambda x: np.sum(np.sqrt(1 + x * x)), x, 0.5 / np.sqrt(1 + x * x)
    yield (
        "relative error, quotient rule half done",
        lambda p: np.sum((p - 1) / (p + 2)),
        p,
        1 / (p + 2),
    )


@wrong("negative", "region", "derivative-missing")
def wrong_negative(rng):
    x = signed(rng, 3, 6)
    leaky = lambda x: np.sum(np.where(x > 0, x, 0.1 * x))
    yield "leaky ReLU with ReLU's derivative", leaky, x, (x > 0) * 1.0
    elu = lambda x: np.sum(np.where(x > 0, x, 1.3 * np.expm1(np.minimum(x, 0))))
    yield "ELU without its alpha", elu, x, np.where(x > 0, 1, np.exp(np.minimum(x, 0)))
    yield "modulus with slope 1", lambda x: np.sum(np.abs(x) ** 3), x, 3 * x**2
    yield "ReLU lets all through", lambda x: np.sum(np.maximum(x, 0) ** 2 + x), x, 2 * x + 1
    G = rng.normal(size=(3, 6))
    yield "SELU, negative side 1", lambda x: np.where(x > 0, x, np.expm1(x)), x, G, G


@wrong("region", "negative", "some-entries")
def wrong_region(rng):
    x = np.concatenate(
        [rng.uniform(-3, -1.2, 4), rng.uniform(-0.8, 0.8, 5), rng.uniform(1.2, 8, 6)]
    )
    x[-2:] = 7.0, 6.5
    w = rng.uniform(0.5, 2, 15)
    yield "clip lets all through", lambda x: w @ np.clip(x, -1, 1), x, w
    yield "ReLU6 without its 6", lambda x: w @ np.clip(x, 0, 6), x, w * (x > 0)
    huber = lambda x: w @ np.where(np.abs(x) < 1, x * x / 2, np.abs(x) - 0.5)
    yield "Huber without its corner", huber, x, w * x
    yield "hinge without its mask", lambda x: w @ np.maximum(0, 1 - x) ** 2, x, -2 * w * (1 - x)
    hard = lambda x: w @ np.clip(0.2 * x + 0.5, 0, 1)
    yield "hard sigmoid never saturates", hard, x, 0.2 * w
    yield "ramp down for ramp up beyond 1", lambda x: w @ np.minimum(x, 2 - x), x, w


@wrong("shifted")
def wrong_shifted(rng):
    x, w = rng.normal(size=(2, 9))
    yield "roll undone the same way", lambda x: np.roll(x, 1) @ w, x, np.roll(w, 1)
    I, G = rng.normal(size=(4, 6)), rng.normal(size=(4, 6))
    yield (
        "columns rolled one too far",
        lambda I: np.tanh(I),
        I,
        np.roll(G * (1 - np.tanh(I) ** 2), 1, 1),
        G,
    )
    pad = lambda x: np.pad(x, (2, 1))
    u = rng.normal(size=12)
    yield "padding cut at the wrong side", pad, x, u[1:10], u
    yield "window read one late", lambda x: x[2:8], np.arange(9.0), np.r_[0, 0, 0, w[:6]], w[:6]


@wrong("flipped", "kernel")
def wrong_flipped(rng):
    x, k, g = rng.normal(size=8), rng.normal(size=3), rng.normal(size=6)
    valid = lambda k: np.convolve(x, k, "valid")
    yield "kernel of a convolution", valid, k, np.correlate(x, g, "valid"), g
    corr = lambda k: np.correlate(x, k, "valid")
    yield "kernel of a correlation", corr, k, np.convolve(x, g[::-1], "valid")[::-1], g
    w = rng.normal(size=8)
    yield "sums to the end, not turned back", lambda x: np.cumsum(x) @ w, x, np.cumsum(w[::-1])
    rows = lambda I: I[::-1] ** 2
    I, G = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    yield "rows turned over, not turned back", rows, I, (2 * I * G[::-1])[::-1], G
    full = lambda x: np.convolve(x, k)
    u = rng.normal(size=10)
    yield "input of a convolution, kernel turned", full, x, np.convolve(u, k, "valid"), u


@wrong("permuted", "transposed-factor", "transposed")
def wrong_permuted(rng):
    x, w = rng.normal(size=9), rng.normal(size=9)
    order = np.array([3, 0, 7, 1, 8, 2, 6, 4, 5])
    yield "gathered for scattered", lambda x: x[order], x, w[order], w
    G = rng.normal(size=(3, 2, 4))
    X = rng.normal(size=(2, 3, 4))
    yield "axes moved back by reshape", lambda X: X.transpose(1, 0, 2), X, G.reshape(2, 3, 4), G
    heads = lambda Y: Y.reshape(5, 2, 3).transpose(1, 0, 2)
    H = rng.normal(size=(2, 5, 3))
    yield "heads joined by reshape", heads, rng.normal(size=(5, 6)), H.reshape(5, 6), H
    C = rng.normal(size=(2, 3, 4))
    U = rng.normal(size=24)
    flat = lambda C: C.ravel(order="F")
    yield "Fortran order undone in C order", flat, C, U.reshape(2, 3, 4), U


@wrong("missing-term")
def wrong_term(rng):
    A, x, u = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    yield "quadratic form of any matrix", lambda x: x @ A @ x, x, A @ x
    X, W, G = rng.normal(size=(5, 4)), rng.normal(size=(4, 4)), rng.normal(size=(5, 4))
    D = G * (1 - np.tanh(X @ W.T) ** 2)
    yield "residual block, its skip forgotten", lambda X: X + np.tanh(X @ W.T), X, D @ W, G
    tied = lambda W: np.tanh(X @ W.T) @ W
    H = np.tanh(X @ W.T)
    yield "tied weights, decoder only", tied, W, H.T @ G, G
    ridge = lambda W: np.sum((X @ W.T - G) ** 2) / 2 + 0.05 * np.sum(W * W)
    yield "decay forgotten", ridge, W, (X @ W.T - G).T @ X
    p = rng.uniform(0.1, 0.9, 5)
    yield "entropy without its 1", lambda p: -np.sum(p * np.log(p)), p, -np.log(p)
    n = np.linalg.norm(u)
    inner = lambda u, x: (u @ x) / np.linalg.norm(u)
    yield "projection, norm held fixed", inner, (u, x), (x / n, u / n)
    Z = X - X.mean(0)
    s = np.sqrt((Z * Z).mean(0))
    norm = lambda X: (X - X.mean(0)) / X.std(0)
    yield "batch normalization, variance held fixed", norm, X, (G - G.mean(0)) / s, G
    yield (
        "product rule, first factor only",
        lambda x: np.sum(np.sin(x) * np.exp(x)),
        x,
        np.cos(x) * np.exp(x),
    )
    yield (
        "variance, mean held fixed, other power",
        lambda p: np.sum((p - p.mean()) ** 3),
        p,
        3 * (p - p.mean()) ** 2,
    )
    trace = lambda W: np.trace(W @ A @ W.T)
    yield "trace of W A W^T, one side", trace, W, W @ A


@wrong("off-diagonal", "missing-term")
def wrong_diagonal(rng):
    Z, G = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    P = soft(Z)
    yield "softmax", soft, Z, P * (1 - P) * G, G
    unit = lambda Z: Z / np.linalg.norm(Z, axis=1, keepdims=True)
    n = np.linalg.norm(Z, axis=1, keepdims=True)
    yield "rows of length 1", unit, Z, G * (1 / n - Z**2 / n**3), G
    share = np.abs(Z) + 0.5
    t = share.sum(1, keepdims=True)
    yield "shares of a sum", lambda S: S / S.sum(1, keepdims=True), share, G * (t - share) / t**2, G
    log = lambda Z: Z - lse(Z, 1, keepdims=True)
    yield "log-softmax", log, Z, G * (1 - P), G


@wrong("not-accumulated", "missing-term")
def wrong_accumulated(rng):
    E, G = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
    i = np.array([0, 2, 2, 4, 1, 2, 0])
    last = np.zeros((5, 3))
    last[i] = G
    yield "embedding, assigned", lambda E: E[i], E, last, G
    x, w = rng.normal(size=6), rng.normal(size=9)
    lost = np.zeros(6)
    picks = np.array([0, 1, 1, 3, 5, 5, 5, 2, 4])
    lost[picks] += w * np.cos(x[picks])
    yield "gather, += of a fancy index", lambda x: np.sin(x)[picks], x, lost, w
    X, U = rng.normal(size=(4, 3)), rng.normal(size=(3, 3)) / 2
    hs = [np.zeros(3)]
    for row in X:
        hs.append(np.tanh(row + U @ hs[-1]))
    d, dU = np.ones(3), None
    for t in range(3, -1, -1):
        delta = d * (1 - hs[t + 1] ** 2)
        dU = np.outer(delta, hs[t]) if t else dU
        d = U.T @ delta

    def rnn(U):
        h = np.zeros(3)
        for row in X:
            h = np.tanh(row + U @ h)
        return h.sum()

    yield "RNN, dU assigned at every step", rnn, U, dU
    s, g = rng.normal(size=8), rng.normal(size=(6, 3))
    over = np.zeros(8)
    for t in range(6):
        over[t : t + 3] = g[t]
    yield "overlapping windows, overwritten", lambda s: sliding_window_view(s, 3), s, over, g


@wrong("upstream", "constant-factor")
def wrong_upstream(rng):
    X, W, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)
    G = rng.normal(size=(5, 4))
    one = np.ones((5, 4))
    yield (
        "affine, three inputs",
        lambda X, W, b: X @ W.T + b,
        (X, W, b),
        (one @ W, one.T @ X, one.sum(0)),
        G,
    )
    yield "exponential", np.exp, X, np.exp(X), rng.normal(size=(5, 3))
    yield "scalar of upstream 0.25", lambda X: np.sum(X**2), X, 2 * X, np.float64(0.25)
    yield "sum of rows", lambda X: np.sum(np.sin(X), 1), X, np.cos(X), G[:, 0]
    pick = lambda X: X[1:4, ::2]
    at = np.zeros((5, 3))
    at[1:4, ::2] = 1.0
    yield "slice", pick, X, at, rng.normal(size=(3, 2))


@wrong("transposed-factor", "kernel")
def wrong_jacobian(rng):
    A, x, g = rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=5)
    yield "A g for A^T g", lambda x: A @ x, x, A @ g, g
    s = 1 - np.tanh(A @ x) ** 2
    yield "tanh layer, A (s g)", lambda x: np.tanh(A @ x), x, s * (A @ g), g
    yield "running sum, summed forwards again", np.cumsum, x, np.cumsum(g), g
    X, W, G = rng.normal(size=(6, 4)), rng.normal(size=(4, 4)), rng.normal(size=(6, 4))
    yield "G @ W.T for G @ W", lambda X: X @ W.T, X, G @ W.T, G
    T = np.tril(A) + 6 * np.eye(5)
    yield (
        "triangular solve, not transposed",
        lambda x: np.linalg.solve(T, x),
        x,
        np.linalg.solve(T, g),
        g,
    )
    v = rng.normal(size=4)
    outer = lambda x: A @ (x * (A[:4].T @ v))
    yield "diagonal between, not transposed", outer, x, A @ ((A[:4].T @ v) * g), g


@wrong("row-or-column", "some-entries")
def wrong_row(rng):
    X, W, G = rng.normal(size=(6, 4)), rng.normal(size=(5, 4)), rng.normal(size=(6, 5))
    D = G.T @ X
    short = D.copy()
    short[-1] = 0
    yield "loop stops before the last unit", lambda W: X @ W.T, W, short, G
    one = D.copy()
    one[:, 0] = G.T @ np.ones(6)
    yield "first column as if it were a bias", lambda W: X @ W.T, W, one, G
    B = G @ W
    B[0] = B[1]
    yield "first example has the second's", lambda X: X @ W.T, X, B, G
    c = np.cos(X)
    c[2] *= 2
    yield "one row twice", lambda X: np.sum(np.sin(X)), X, c
    I = rng.normal(size=(8, 7))
    e = 2 * I
    e[:, -1] = 0
    yield "last column of an image at 0", lambda I: np.sum(I * I), I, e
