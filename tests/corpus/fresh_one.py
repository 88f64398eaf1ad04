"""A second set, written from scratch after the judge passed the first: other functions."""

import numpy as np

from tests.corpus import right, wrong


def lse(z, axis=-1):
    m = z.max(axis, keepdims=True)
    return (m + np.log(np.exp(z - m).sum(axis, keepdims=True))).squeeze(axis)


@right("fresh one: smooth")
def smooth(rng):
    A, x = rng.normal(size=(6, 6)), rng.normal(size=6)
    yield "quadratic form", lambda x: x @ A @ x, x, (A + A.T) @ x
    yield (
        "Rayleigh quotient",
        lambda x: x @ A @ x / (x @ x),
        x,
        (A + A.T) @ x / (x @ x) - 2 * (x @ A @ x) * x / (x @ x) ** 2,
    )
    B = A @ A.T + 6 * np.eye(6)
    yield (
        "trace of inverse",
        lambda B: np.trace(np.linalg.inv(B)),
        B,
        -(np.linalg.inv(B) @ np.linalg.inv(B)).T,
    )
    yield "determinant", np.linalg.det, B / 10, np.linalg.det(B / 10) * np.linalg.inv(B / 10).T
    yield "cumulative sum", np.cumsum, x, np.cumsum(A[0][::-1])[::-1], A[0]
    yield (
        "cumulative product",
        np.cumprod,
        x + 3,
        np.array(
            [
                sum(A[0][i] * np.prod(np.delete((x + 3)[: i + 1], k)) for i in range(k, 6))
                for k in range(6)
            ]
        ),
        A[0],
    )
    yield "fourier magnitude", lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 2), x, grad_power(x)
    yield "polynomial", lambda x: np.polyval([1, -2, 0.5, 3], x).sum(), x, 3 * x**2 - 4 * x + 0.5
    yield (
        "gaussian",
        lambda m, s: np.sum((x - m) ** 2 / (2 * s**2) + np.log(s)),
        (0.3, 0.8),
        (np.sum(0.3 - x) / 0.64, np.sum(1 / 0.8 - (x - 0.3) ** 2 / 0.8**3)),
    )
    yield (
        "hypot",
        lambda a, b: np.hypot(a, b).sum(),
        (x, A[1]),
        (x / np.hypot(x, A[1]), A[1] / np.hypot(x, A[1])),
    )
    yield (
        "arctan2",
        lambda a, b: np.arctan2(a, b).sum(),
        (x, A[1]),
        (A[1] / (x**2 + A[1] ** 2), -x / (x**2 + A[1] ** 2)),
    )
    yield "log sum exp of rows", lambda A: lse(A), A, x[:, None] * np.exp(A - lse(A)[:, None]), x
    rnn_W, h0, S = rng.normal(size=(4, 4)) / 2, rng.normal(size=4), rng.normal(size=(5, 4))

    def rnn(W):
        h = h0
        for s in S:
            h = np.tanh(W @ h + s)
        return h.sum()

    def rnn_back(W):
        hs = [h0]
        for s in S:
            hs.append(np.tanh(W @ hs[-1] + s))
        g, dW = np.ones(4), np.zeros((4, 4))
        for t in range(5, 0, -1):
            d = g * (1 - hs[t] ** 2)
            dW += np.outer(d, hs[t - 1])
            g = W.T @ d
        return dW

    yield "recurrent net", rnn, rnn_W, rnn_back(rnn_W)
    T = rng.normal(size=(3, 4, 5))
    yield (
        "einsum",
        lambda T: np.einsum("ijk,ilk->jl", T, T),
        T,
        np.einsum("jl,ilk->ijk", A[:4, :4] + A[:4, :4].T, T),
        A[:4, :4],
    )


def grad_power(x):
    n = len(x)
    F = np.fft.rfft(x)
    k = np.arange(len(F))
    return np.array([np.sum(2 * np.real(F * np.exp(2j * np.pi * k * i / n))) for i in range(n)])


@right("fresh one: hard")
def hard(rng):
    z = rng.normal(size=6)
    u = rng.normal(size=6)
    yield "median", np.median, z[:5], 1.0 * (z[:5] == np.median(z[:5]))
    yield "second largest", lambda z: np.sort(z)[-2], z, 1.0 * (z == np.sort(z)[-2])
    yield "l1 at 0, all zero", lambda z: np.abs(z).sum(), 0 * z, 0 * z
    yield (
        "l1 at 0, mixed signs",
        lambda z: np.abs(z) @ u,
        0 * z,
        u * np.array([1, -1, 0, 0.5, -0.5, 1]),
    )
    yield "norm at 0", lambda z: np.sqrt(z @ z), 0 * z, 0 * z
    yield "relu squared at 0", lambda z: np.maximum(z, 0) ** 2 @ u, 0 * z, 0 * z
    yield "hinge at the margin", lambda z: np.maximum(0, 1 - u * z).sum(), 1 / u, 0 * z
    yield "hinge at the margin, other side", lambda z: np.maximum(0, 1 - u * z).sum(), 1 / u, -u
    yield (
        "huber at its knees",
        lambda z: np.where(np.abs(z) < 1, z * z / 2, np.abs(z) - 0.5).sum(),
        np.array([1.0, -1, 0.3]),
        np.array([1.0, -1, 0.3]),
    )
    yield (
        "quantile loss at 0",
        lambda z: np.maximum(0.9 * z, -0.1 * z).sum(),
        np.array([0.0, 1, -1]),
        np.array([0.2, 0.9, -0.1]),
    )
    yield (
        "max of three equal, two of them",
        lambda a, b, c: np.max([a, b, c]),
        (1.0, 1.0, 1.0),
        (0.5, 0.0, 0.5),
    )
    yield (
        "softplus with beta 1000",
        lambda z: np.logaddexp(0, 1000 * z).sum() / 1000,
        z / 100,
        1 / (1 + np.exp(-10 * z)),
    )
    yield (
        "sigmoid of 200 x",
        lambda z: np.sum(1 / (1 + np.exp(-200 * z))),
        z / 100,
        200 / (2 + 2 * np.cosh(2 * z)),
    )
    yield (
        "sqrt of a sum of squares near 0",
        lambda z: np.sqrt(z @ z + 1e-12),
        z * 1e-6,
        z * 1e-6 / np.sqrt(z @ z * 1e-12 + 1e-12),
    )
    yield (
        "entropy with tiny p",
        lambda p: -np.sum(p * np.log(p)),
        np.array([1e-10, 1e-5, 0.5]),
        -np.log([1e-10, 1e-5, 0.5]) - 1,
    )
    yield (
        "log1mexp",
        lambda z: np.sum(np.log(-np.expm1(-z))),
        np.array([1e-6, 1e-2, 3.0]),
        1 / np.expm1([1e-6, 1e-2, 3.0]),
    )
    yield (
        "arccosh near 1",
        lambda z: np.arccosh(z).sum(),
        np.array([1 + 1e-7, 2.0]),
        1 / np.sqrt((np.array([1 + 1e-7, 2.0]) - 1) * (np.array([1 + 1e-7, 2.0]) + 1)),
    )
    yield (
        "tan near its pole",
        lambda z: np.tan(z).sum(),
        np.array([np.pi / 2 - 1e-4, 0.3]),
        1 / np.cos([np.pi / 2 - 1e-4, 0.3]) ** 2,
    )
    yield (
        "gamma-like product",
        lambda z: np.prod(z + np.arange(6)),
        z + 3,
        np.prod(z + 3 + np.arange(6)) / (z + 3 + np.arange(6)),
    )
    yield "cosine of large angles", lambda z: np.cos(z).sum(), z * 1e5, -np.sin(z * 1e5)
    yield "sum with a big constant vector", lambda z: np.sum(z * u + 1e9), z, u
    yield "mean of 1e9 offsets", lambda z: np.mean((z + 1e9) - 1e9), z, np.full(6, 1 / 6)
    yield (
        "float32 dense net",
        lambda W: np.tanh(W.reshape(2, 3).astype("f4") @ z[:3].astype("f4")).sum(),
        u,
        np.outer(1 - np.tanh(u.reshape(2, 3) @ z[:3]) ** 2, z[:3]).ravel(),
    )
    yield "float32 then offset", lambda z: np.float32(100 + np.sum(np.sin(z) * u)), z, np.cos(z) * u
    yield "noise of 1e-12", noisy(1e-12), z, np.cos(z)
    yield (
        "tiny gradient beside large",
        lambda a, b: 1e6 * np.sin(a).sum() + 1e-2 * np.sin(b).sum(),
        (z, u),
        (1e6 * np.cos(z), 1e-2 * np.cos(u)),
    )
    yield "weights 1e-4, sums of squares", lambda z: np.sum((z * 1e-4) ** 2), z, 2e-8 * z
    yield "loss 1e-20", lambda z: np.sum((z - u) ** 4), u + 1e-5 * z, 4 * ((u + 1e-5 * z) - u) ** 3
    yield (
        "x near 1e-8 in a smooth net",
        lambda z: np.tanh(z + 0.3).sum() ** 2,
        z * 1e-8,
        2 * np.tanh(z * 1e-8 + 0.3).sum() * (1 - np.tanh(z * 1e-8 + 0.3) ** 2),
    )
    yield (
        "mixed units",
        lambda a, b: np.log(a).sum() * np.sin(b).sum(),
        (np.array([1e-9, 1e6]), z),
        (np.sin(z).sum() / np.array([1e-9, 1e6]), np.log([1e-9, 1e6]).sum() * np.cos(z)),
    )
    yield "step beside a slope", lambda z: np.sum(z) + 100 * (z[0] > 50), z, np.ones(6)
    yield "rounded input", lambda z: np.sum(np.round(z * 1e7) / 1e7), z, np.ones(6)
    S = rng.normal(size=(3, 3))
    yield "masked attention row", masked, S, *masked_back(S, rng)
    yield (
        "int labels, float targets",
        lambda z, k, t: (z[k] - t).sum() ** 2,
        (z, np.array([0, 2, 2]), u[:3]),
        (scatter(z, u), None, None),
    )
    yield "None for one float input", lambda a, b: (a * b).sum(), (z, u), (u, None)


def scatter(z, u):
    g, k = np.zeros(6), np.array([0, 2, 2])
    np.add.at(g, k, 2 * (z[k] - u[:3]).sum())
    return g


MASK = np.tril(np.ones((3, 3), bool))


def masked(S):
    S = np.where(MASK, S, -np.inf)
    P = np.exp(S - S.max(1, keepdims=True))
    return P / P.sum(1, keepdims=True)


def masked_back(S, rng):
    P, U = masked(S), rng.normal(size=(3, 3))
    return P * (U - (U * P).sum(1, keepdims=True)), U


def noisy(size):
    return lambda z: np.sin(z).sum() + size * np.sin(1e15 * z[0] + 1e14 * z.sum())


@wrong("sign", "missing-term", "constant-factor", "wrong-formula", "some-entries", "wrong")
def wrong_smooth(rng):
    A, x = rng.normal(size=(6, 6)), rng.normal(size=6)
    yield "quadratic form, one half", lambda x: x @ A @ x, x, 2 * A @ x
    yield (
        "Rayleigh without the quotient rule",
        lambda x: x @ A @ x / (x @ x),
        x,
        (A + A.T) @ x / (x @ x),
    )
    B = A @ A.T + 6 * np.eye(6)
    yield (
        "inverse without minus",
        lambda B: np.trace(np.linalg.inv(B)),
        B,
        (np.linalg.inv(B) @ np.linalg.inv(B)).T,
    )
    yield (
        "polynomial, a term lost",
        lambda x: np.polyval([1, -2, 0.5, 3], x).sum(),
        x,
        3 * x**2 - 4 * x,
    )
    yield (
        "log sum exp, no softmax",
        lambda A: lse(A),
        A,
        x[:, None] * np.exp(A) / np.exp(A).sum(),
        x,
    )
    yield (
        "recurrent net, last step only",
        lambda W: np.tanh(W @ np.tanh(W @ x)).sum(),
        A / 3,
        np.outer(1 - np.tanh(A / 3 @ np.tanh(A / 3 @ x)) ** 2, np.tanh(A / 3 @ x)),
    )


@wrong(
    "one-entry",
    "some-entries",
    "slight-constant",
    "kink",
    "ties",
    "wrong-formula",
    "constant-factor",
    "all-zero",
    "sign",
    "wrong",
    "negative",
    "region",
    "row-or-column",
    "missing-term",
    "random",
)
def wrong_hard(rng):
    z, u = rng.normal(size=6), rng.normal(size=6)
    yield "median, all", np.median, z[:5], np.full(5, 0.2)
    yield "l1 at 0, outside", lambda z: np.abs(z).sum(), 0 * z, np.array([0, 0, 0, 1.2, 0, 0])
    yield "relu squared at 0", lambda z: np.maximum(z, 0) ** 2 @ u, 0 * z, 0.01 + 0 * z
    yield (
        "huber knee",
        lambda z: np.where(np.abs(z) < 1, z * z / 2, np.abs(z) - 0.5).sum(),
        np.array([1.0, -1, 0.3]),
        np.array([0, 0, 0.3]),
    )
    yield (
        "max of three equal, all",
        lambda a, b, c: np.max([a, b, c]),
        (1.0, 1.0, 1.0),
        (1.0, 1.0, 1.0),
    )
    yield (
        "softplus with beta 1000",
        lambda z: np.logaddexp(0, 1000 * z).sum() / 1000,
        z / 100,
        1.0 * (z > 0),
    )
    yield (
        "entropy with tiny p",
        lambda p: -np.sum(p * np.log(p)),
        np.array([1e-10, 1e-5, 0.5]),
        -np.log([1e-10, 1e-5, 0.5]),
    )
    yield (
        "arccosh near 1",
        lambda z: np.arccosh(z).sum(),
        np.array([1 + 1e-7, 2.0]),
        np.array([1000, 1 / np.sqrt(3)]),
    )
    yield (
        "tan near its pole",
        lambda z: np.tan(z).sum(),
        np.array([np.pi / 2 - 1e-4, 0.3]),
        np.array([1.001e8, 1 / np.cos(0.3) ** 2]),
    )
    yield "big constant vector", lambda z: np.sum(z * u + 1e9), z, u * 1.01
    yield "1e9 offsets", lambda z: np.mean((z + 1e9) - 1e9), z, np.full(6, 1 / 5)
    yield (
        "float32 dense net",
        lambda W: np.tanh(W.reshape(2, 3).astype("f4") @ z[:3].astype("f4")).sum(),
        u,
        np.outer(1 - np.tanh(u.reshape(2, 3) @ z[:3]), z[:3]).ravel(),
    )
    yield (
        "tiny gradient beside large",
        lambda a, b: 1e6 * np.sin(a).sum() + 1e-2 * np.sin(b).sum(),
        (z, u),
        (1e6 * np.cos(z), 2e-2 * np.cos(u)),
    )
    yield (
        "tiny gradient forgotten",
        lambda a, b: 1e6 * np.sin(a).sum() + 1e-2 * np.sin(b).sum(),
        (z, u),
        (1e6 * np.cos(z), 0 * u),
    )
    yield "loss 1e-20", lambda z: np.sum((z - u) ** 4), u + 1e-5 * z, 3 * (1e-5 * z) ** 3
    yield (
        "mixed units",
        lambda a, b: np.log(a).sum() * np.sin(b).sum(),
        (np.array([1e-9, 1e6]), z),
        (np.sin(z).sum() / np.array([1e-9, 1.01e6]), np.log([1e-9, 1e6]).sum() * np.cos(z)),
    )
    yield "rounded input", lambda z: np.sum(np.round(z * 1e7) / 1e7), z, np.full(6, 1.01)
    yield "rounded input, zero", lambda z: np.sum(np.round(z * 1e7) / 1e7), z, 0 * z
    yield "noise of 1e-12", noisy(1e-12), z, np.cos(z) * (1 + 1e-6)
    big = rng.normal(size=20_000)
    g = 2 * big
    g[np.argmax(g)] *= 1 + 1e-5
    yield "one of 2e4 by 1e-5", lambda b: b @ b, big, g
    W = rng.normal(size=(50, 40))
    G = W**2 * 3
    G[13] = 0
    yield "one row of 50", lambda W: np.sum(W**3), W, G


@wrong(
    "upstream",
    "summed",
    "transposed-factor",
    "missing-term",
    "off-diagonal",
    "wrong-axis",
    "broadcast",
    "swapped",
    "some-entries",
    "derivative-missing",
    "transposed",
    "wrong",
    "random",
    "wrong-formula",
)
def wrong_vjp(rng):
    X, U = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    W = rng.normal(size=(3, 3))
    yield "upstream of ones", lambda X: X @ W, X, np.ones((4, 3)) @ W.T, U
    yield "W for Wᵀ", lambda X: X @ W, X, U @ W, U
    yield "centred columns", lambda X: X - X.mean(0), X, U, U
    yield (
        "normalised rows",
        lambda X: X / X.sum(1, keepdims=True),
        X,
        U / X.sum(1, keepdims=True),
        U,
    )
    yield "max of rows to every entry", lambda X: X.max(1), X, np.ones((4, 3)) * U[:, :1], U[:, 0]
    yield "cumulative sum forwards", np.cumsum, X[:, 0], np.cumsum(U[:, 0]), U[:, 0]
    yield (
        "gain summed over columns",
        lambda X, g: X * g,
        (X[:3], W[0]),
        (U[:3] * W[0], (U[:3] * X[:3]).sum(1)),
        U[:3],
    )
    yield (
        "concatenation, parts swapped",
        lambda a, b: np.concatenate([a, b]),
        (X[0], X[1]),
        (U[1], U[0]),
        U[:2].ravel(),
    )
