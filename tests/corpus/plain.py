"""Plain functions with right gradients: what the lessons check."""

import math

import numpy as np

from tests.corpus import right


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def erf(z):
    return np.vectorize(math.erf)(z)


def phi(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def selu(z):
    return 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0)))


def selu_prime(z):
    return 1.0507009873554805 * np.where(z > 0, 1, 1.6732632423543772 * np.exp(np.minimum(z, 0)))


ELEMENTWISE = {
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "softplus": (lambda z: np.logaddexp(0, z), sigmoid),
    "relu": (lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0)),
    "leaky": (lambda z: np.where(z > 0, z, 0.1 * z), lambda z: np.where(z > 0, 1, 0.1)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
        lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))),
    ),
    "selu": (selu, selu_prime),
    "swish": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * (1 - sigmoid(z)))),
    "gelu": (lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
             lambda z: (1 + erf(z / np.sqrt(2))) / 2 + z * phi(z)),
    "hard tanh": (lambda z: np.clip(z, -1, 1), lambda z: 1.0 * (np.abs(z) < 1)),
    "exp": (np.exp, np.exp),
    "sin": (np.sin, np.cos),
    "square": (np.square, lambda z: 2 * z),
    "cube": (lambda z: z**3, lambda z: 3 * z**2),
    "log1p of square": (lambda z: np.log1p(z * z), lambda z: 2 * z / (1 + z * z)),
}  # fmt: skip


@right("elementwise")
def elementwise(rng):
    for name, (f, f_prime) in ELEMENTWISE.items():
        Z, U = rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
        yield name + " with upstream", f, Z, U * f_prime(Z), U
        yield name + " summed", (lambda Z, f=f, U=U: np.sum(U * f(Z))), Z, U * f_prime(Z)
        z = float(rng.normal())
        yield name + " scalar", (lambda z, f=f: f(np.asarray(z))), z, float(f_prime(np.asarray(z)))


@right("dense")
def dense(rng):
    X, W, b = rng.normal(size=(5, 4)), rng.normal(size=(3, 4)), rng.normal(size=3)
    U = rng.normal(size=(5, 3))
    affine = lambda X, W, b: X @ W.T + b
    yield "affine", affine, (X, W, b), (U @ W, U.T @ X, U.sum(0)), U
    for name in ("sigmoid", "tanh", "relu", "gelu"):
        f, f_prime = ELEMENTWISE[name]
        D = U * f_prime(affine(X, W, b))
        layer = lambda X, W, b, f=f: f(affine(X, W, b))
        yield name, layer, (X, W, b), (D @ W, D.T @ X, D.sum(0)), U
    Y = rng.normal(size=(5, 3))
    D = 2 * (affine(X, W, b) - Y) / Y.size
    loss = lambda X, W, b, Y: np.mean((affine(X, W, b) - Y) ** 2)
    yield (
        "mean squares, targets without gradient",
        loss,
        (X, W, b, Y),
        (D @ W, D.T @ X, D.sum(0), None),
    )


@right("losses")
def losses(rng):
    Z, y = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    Y = np.eye(4)[y]

    def cross(Z):
        Z = Z - Z.max(1, keepdims=True)
        return np.mean(np.log(np.exp(Z).sum(1)) - Z[np.arange(6), y])

    yield "softmax cross entropy", cross, Z, (softmax(Z) - Y) / 6
    t = rng.integers(0, 2, 7).astype(float)
    z = rng.normal(size=7)
    p = sigmoid(z)
    yield (
        "binary cross entropy",
        lambda p: -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p)),
        p,
        (p - t) / (p * (1 - p)),
    )
    yield "from logits", lambda z: np.sum(np.logaddexp(0, z) - t * z), z, p - t
    U = rng.normal(size=(6, 4))
    P = softmax(Z)
    yield "softmax", softmax, Z, P * (U - (U * P).sum(1, keepdims=True)), U
    yield "log sum exp", lambda z: np.log(np.exp(z).sum()), z, softmax(z)
    yield "norm", lambda z: np.sqrt(z @ z), z, z / np.sqrt(z @ z)
    a, b = rng.normal(size=(2, 7))
    n = np.linalg.norm
    cos = a @ b / n(a) / n(b)
    yield (
        "cosine",
        lambda a, b: a @ b / n(a) / n(b),
        (a, b),
        (b / n(a) / n(b) - cos * a / (a @ a), a / n(a) / n(b) - cos * b / (b @ b)),
    )


@right("structures")
def structures(rng):
    x, k, u = rng.normal(size=9), rng.normal(size=3), rng.normal(size=7)
    corr = lambda x, k: np.correlate(x, k, "valid")
    yield "correlation", corr, (x, k), (np.convolve(u, k), np.correlate(x, u, "valid")), u
    X, U = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))

    def norm(X):
        mu, var = X.mean(1, keepdims=True), X.var(1, keepdims=True)
        return (X - mu) / np.sqrt(var + 1e-5)

    s, H = np.sqrt(X.var(1, keepdims=True) + 1e-5), norm(X)
    yield (
        "layer norm",
        norm,
        X,
        (U - U.mean(1, keepdims=True) - H * (U * H).mean(1, keepdims=True)) / s,
        U,
    )
    Q, K, V = rng.normal(size=(3, 4, 3))
    G = rng.normal(size=(4, 3))
    P = softmax(Q @ K.T / np.sqrt(3))
    dP = G @ V.T
    dS = P * (dP - (dP * P).sum(1, keepdims=True)) / np.sqrt(3)
    attention = lambda Q, K, V: softmax(Q @ K.T / np.sqrt(3)) @ V
    yield "attention", attention, (Q, K, V), (dS @ K, dS.T @ Q, P.T @ G), G
    index = rng.integers(0, 4, 6)
    E, G = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    dE = np.zeros_like(E)
    np.add.at(dE, index, G)
    yield "embedding", lambda E, i: E[i], (E, index), (dE, None), G
    A = rng.normal(size=(4, 4))
    A = A @ A.T + np.eye(4)
    yield "log determinant", lambda A: np.linalg.slogdet(A)[1], A, np.linalg.inv(A).T
    g = rng.normal(size=4)
    inv = np.linalg.inv(A)
    yield "solve", lambda b: np.linalg.solve(A, b), g, inv.T @ g, g
    M, T = rng.permutation(24).reshape(4, 6) + 0.0, rng.normal(size=4)
    dM = np.zeros((4, 6))
    dM[np.arange(4), M.argmax(1)] = T
    yield "row maximum", lambda M: M.max(1), M, dM, T
    R = rng.normal(size=(2, 3, 4))
    yield (
        "sum of products over axes",
        lambda R: np.einsum("ijk,ijk->j", R, R),
        R,
        2 * R * np.arange(1.0, 4)[:, None],
        np.arange(1.0, 4),
    )


@right("forms")
def forms(rng):
    z = rng.normal(size=3)
    yield "list", lambda z: np.sum(np.sin(z)), list(z), list(np.cos(z))
    yield "float", math.sin, 0.7, math.cos(0.7)
    yield "numpy scalar", np.sin, np.float64(0.7), np.cos(0.7)
    yield "0-d", np.sin, np.array(0.7), np.array(np.cos(0.7))
    yield "shape (1,) output", lambda z: np.array([np.sum(np.sin(z))]), z, np.cos(z)
    yield "shape (1, 1) output", lambda z: np.sum(np.sin(z)).reshape(1, 1), z, np.cos(z)
    yield "read-only", lambda z: np.sum(np.sin(z)), frozen(z), frozen(np.cos(z))
    M = rng.normal(size=(6, 8))
    yield "strided view", lambda z: np.sum(np.sin(z)), M[::2, ::-3], np.cos(M[::2, ::-3])
    yield "Fortran order", lambda z: np.sum(np.sin(z) * M), np.asfortranarray(M), np.cos(M) * M
    yield "claim is a view of x", lambda z: z @ z / 2, z, z[:]
    out = np.zeros(3)
    yield "reused output buffer", lambda z: np.sin(z, out=out), z, np.cos(z) * z, z
    yield "integers", lambda z: np.sum(z**2 / 2.0), np.array([1, -2, 3]), np.array([1.0, -2, 3])
    yield "integer claim", lambda z: 3 * z.sum(), z, np.array([3, 3, 3])
    yield "float32 claim", lambda z: np.sum(np.sin(z)), z, np.cos(z).astype("f4")
    yield "float16 claim", lambda z: np.sum(np.sin(z)), z, np.cos(z).astype("f2")
    yield (
        "long double",
        lambda z: np.sum(np.sin(z)),
        z.astype(np.longdouble),
        np.cos(z.astype(np.longdouble)),
    )
    yield "empty", lambda z: np.sum(z), np.zeros((0, 3)), np.zeros((0, 3))
    yield "no gradient anywhere", lambda z: 1.0, z, 0 * z
    yield "zeros everywhere with noise", lambda z: np.sum(z) - np.sum(z[::-1]) + 5, z, 0 * z
    f = Cached()
    yield "cached by identity", f, z, np.cos(z)
    yield (
        "five axes",
        lambda z: np.sum(np.sin(z)),
        M.reshape(2, 3, 2, 2, 2),
        np.cos(M.reshape(2, 3, 2, 2, 2)),
    )


def frozen(array):
    array = array.copy()
    array.setflags(write=False)
    return array


class Cached:
    """f that remembers results by id, as naive memoisation does."""

    def __init__(self):
        self.seen = {}

    def __call__(self, z):
        return self.seen.setdefault(id(z), np.sum(np.sin(z)))
