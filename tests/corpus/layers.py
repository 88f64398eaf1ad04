"""Layers for check_layer: right ones, and ones with a planted bug."""

import numpy as np

from tests.corpus import right, wrong
from tests.corpus.plain import ELEMENTWISE


class Layer:
    """Parameters are the attributes named in `keys`; gradients their d-names."""

    keys = ()
    parameters = property(lambda self: {k: getattr(self, k) for k in self.keys})
    gradients = property(lambda self: {k: getattr(self, "d" + k) for k in self.keys})


class Dense(Layer):
    keys = ("W", "b")

    def __init__(self, rng, D_in=4, D_out=3):
        self.W, self.b = rng.normal(size=(D_out, D_in)), rng.normal(size=D_out)

    def forward(self, X):
        self.X = X
        return X @ self.W.T + self.b

    def backward(self, U):
        self.dW, self.db = U.T @ self.X, U.sum(0)
        return U @ self.W


class Activation(Layer):
    def __init__(self, name):
        self.f, self.f_prime = ELEMENTWISE[name]

    def forward(self, Z):
        self.Z = Z
        return self.f(Z)

    def backward(self, U):
        return U * self.f_prime(self.Z)


class Dropout(Layer):
    def __init__(self, seed):
        self.rng, self.training = np.random.default_rng(seed), True

    def forward(self, X):
        self.M = (self.rng.random(X.shape) < 0.7) / 0.7 if self.training else np.ones(X.shape)
        return X * self.M

    def backward(self, U):
        return U * self.M


class Norm(Layer):
    keys = ("g", "b")

    def __init__(self, rng, D=4):
        self.g, self.b = rng.normal(size=D), rng.normal(size=D)

    def forward(self, X):
        self.s = np.sqrt(X.var(1, keepdims=True) + 1e-5)
        self.H = (X - X.mean(1, keepdims=True)) / self.s
        return self.g * self.H + self.b

    def backward(self, U):
        self.dg, self.db = (U * self.H).sum(0), U.sum(0)
        V = U * self.g
        return (
            V - V.mean(1, keepdims=True) - self.H * (V * self.H).mean(1, keepdims=True)
        ) / self.s


class Conv(Layer):
    keys = ("w", "b")

    def __init__(self, rng):
        self.w, self.b = rng.normal(size=(2, 2, 3)), rng.normal(size=2)

    def windows(self, X):
        return np.lib.stride_tricks.sliding_window_view(X, self.w.shape[1:], axis=(1, 2))

    def forward(self, X):
        self.X = X
        return np.einsum("bijkl,ckl->bcij", self.windows(X), self.w) + self.b[:, None, None]

    def backward(self, U):
        self.dw = np.einsum("bijkl,bcij->ckl", self.windows(self.X), U)
        self.db = U.sum(axis=(0, 2, 3))
        (k, l), pad = self.w.shape[1:], np.pad
        P = pad(U, ((0, 0), (0, 0), (k - 1, k - 1), (l - 1, l - 1)))
        V = np.lib.stride_tricks.sliding_window_view(P, (k, l), axis=(2, 3))
        return np.einsum("bcijkl,ckl->bij", V, self.kernel())

    def kernel(self):
        return self.w[:, ::-1, ::-1]


class MaxPool(Layer):
    def forward(self, X):
        self.X = X
        B, D = X.shape
        return X.reshape(B, D // 2, 2).max(2)

    def backward(self, U):
        R = self.X.reshape(len(self.X), -1, 2)
        mask = R.argmax(2)[:, :, None] == np.arange(2)
        return (mask * U[:, :, None]).reshape(self.X.shape)


class Sequential(Layer):
    def __init__(self, *layers):
        self.layers = list(layers)

    parameters = property(
        lambda s: {f"{n}.{k}": v for n, p in enumerate(s.layers) for k, v in p.parameters.items()}
    )
    gradients = property(
        lambda s: {f"{n}.{k}": v for n, p in enumerate(s.layers) for k, v in p.gradients.items()}
    )

    def forward(self, X):
        for part in self.layers:
            X = part.forward(X)
        return X

    def backward(self, U):
        for part in reversed(self.layers):
            U = part.backward(U)
        return U


def patched(layer, **methods):
    """Return the layer with methods replaced: each takes the layer first."""
    kind = type(layer)
    layer.__class__ = type(kind.__name__, (kind,), methods)
    return layer


@right("layers")
def layers(rng):
    X = rng.normal(size=(5, 4))
    yield "Dense", Dense(rng), X
    yield "Activation", Activation("gelu"), X
    yield "Dropout", Dropout(1), X
    yield "Norm", Norm(rng), X
    yield "Conv", Conv(rng), rng.normal(size=(2, 4, 5))
    yield "MaxPool", MaxPool(), X
    yield "MaxPool with ties", MaxPool(), np.repeat(X[:, :2], 2, 1)
    yield (
        "Sequential",
        Sequential(Dense(rng), Activation("tanh"), Dropout(2), Norm(rng, 3), Dense(rng, 3, 2)),
        X,
    )
    yield "relu net", Sequential(Dense(rng, 4, 8), Activation("relu"), Dense(rng, 8, 2)), X
    zero = Dense(rng, 4, 8)
    zero.W[:], zero.b[:] = 0, 0
    yield "relu net of zeros", Sequential(zero, Activation("relu"), Dense(rng, 8, 2)), X
    yield "one example", Dense(rng), X[:1]
    yield "float32 parameters", float32(Dense(rng)), X.astype("f4")


def float32(layer):
    layer.W, layer.b = layer.W.astype("f4"), layer.b.astype("f4")
    return layer


def dense_with(change):
    """Return a backward of Dense whose results (dX, dW, db) are changed."""

    def backward(self, U):
        dX, self.dW, self.db = change(self, U, U @ self.W, U.T @ self.X, U.sum(0))
        return dX

    return backward


@wrong("stale-cache")
def stale(rng):
    X = rng.normal(size=(5, 4))

    def keeps_first(self, X):
        if not hasattr(self, "X"):
            self.X = X
        return X @ self.W.T + self.b

    yield "Dense", patched(Dense(rng), forward=keeps_first), X

    def mask_once(self, Z):
        if not hasattr(self, "Z"):
            self.Z = Z
        return self.f(Z)

    yield "Activation", patched(Activation("tanh"), forward=mask_once), X
    yield (
        "in a Sequential",
        Sequential(Dense(rng), patched(Activation("tanh"), forward=mask_once)),
        X,
    )


@wrong("doubled")
def doubled(rng):
    X = rng.normal(size=(5, 4))

    def adds(self, U):
        self.dW = getattr(self, "dW", 0) + U.T @ self.X
        self.db = U.sum(0)
        return U @ self.W

    yield "dW", patched(Dense(rng), backward=adds), X


@wrong("mutates-input")
def mutates(rng):
    X = rng.normal(size=(5, 4))

    def in_place(self, Z):
        self.Z = Z.copy()
        np.maximum(Z, 0, out=Z)
        return Z

    yield "X", patched(Activation("relu"), forward=in_place), X

    def scales(self, U):
        U *= self.f_prime(self.Z)
        return U

    yield "upstream", patched(Activation("tanh"), backward=scales), X

    def weights(self, U):
        self.dW, self.db = U.T @ self.X, U.sum(0)
        self.W -= 0.1 * self.dW
        return U @ self.W

    yield "W", patched(Dense(rng), backward=weights), X


@wrong("sign")
def sign(rng):
    X = rng.normal(size=(5, 4))
    yield "dX", patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (-x, W, b))), X
    yield "db", patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W, -b))), X


@wrong("missing-mean")
def mean(rng):
    X = rng.normal(size=(5, 4))
    yield (
        "dW and db",
        patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W / 5, b / 5))),
        X,
    )


@wrong("wrong-axis", "wrong-shape")
def axis(rng):
    X = rng.normal(size=(5, 4))
    yield "db", patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W, U.sum(1)))), X
    yield (
        "db, square",
        patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W, U.sum(1)))),
        X[:3],
    )


@wrong("transposed", "transposed-factor")
def transposed(rng):
    X = rng.normal(size=(5, 4))
    yield "dW", patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W.T, b))), X
    yield (
        "dX",
        patched(Dense(rng, 4, 4), backward=dense_with(lambda s, U, x, W, b: (U @ s.W.T, W, b))),
        X,
    )


@wrong("kernel", "flipped")
def kernel(rng):
    X = rng.normal(size=(2, 5, 5))
    yield "not flipped", patched(Conv(rng), kernel=lambda self: self.w), X

    def flips(self, U):
        below = Conv.backward(self, U)
        self.dw = self.dw[:, ::-1, ::-1]
        return below

    yield "dw flipped", patched(Conv(rng), backward=flips), X


@wrong("at-activation", "derivative-missing", "wrong-formula")
def activation(rng):
    X = rng.normal(size=(5, 4))
    yield "at a", patched(Activation("sigmoid"), backward=lambda s, U: U * s.f_prime(s.f(s.Z))), X
    yield "missing", patched(Activation("tanh"), backward=lambda s, U: U), X
    net = Sequential(
        Dense(rng), patched(Activation("tanh"), backward=lambda s, U: U), Dense(rng, 3, 2)
    )
    yield "missing in a Sequential", net, X


@wrong("missing-term", "wrong", "wrong-formula", "random", "some-entries")
def terms(rng):
    X = rng.normal(size=(5, 4))
    yield (
        "mean of Norm",
        patched(
            Norm(rng),
            backward=lambda s, U: (
                setattr(s, "dg", (U * s.H).sum(0)),
                setattr(s, "db", U.sum(0)),
                U * s.g / s.s,
            )[2],
        ),
        X,
    )
    yield "mask of Dropout", patched(Dropout(3), backward=lambda s, U: U), X


@wrong("upstream", "constant-factor", "wrong-formula")
def upstream(rng):
    X = rng.normal(size=(5, 4))
    O = lambda U: np.ones_like(U)
    yield (
        "dW",
        patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, O(U).T @ s.X, b))),
        X,
    )
    yield (
        "db",
        patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W, O(U).sum(0)))),
        X,
    )


@wrong("ties")
def ties(rng):
    X = np.repeat(rng.normal(size=(5, 2)), 2, 1)

    def both(self, U):
        R = self.X.reshape(len(self.X), -1, 2)
        return ((R == R.max(2, keepdims=True)) * U[:, :, None]).reshape(self.X.shape)

    yield "MaxPool", patched(MaxPool(), backward=both), X


@wrong("all-zero", "wrong-count", "nan")
def missing(rng):
    X = rng.normal(size=(5, 4))
    yield (
        "dW zero",
        patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, 0 * W, b))),
        X,
    )
    yield "returns nothing", patched(Activation("tanh"), backward=lambda s, U: None), X
    yield (
        "dW NaN",
        patched(Dense(rng), backward=dense_with(lambda s, U, x, W, b: (x, W * np.nan, b))),
        X,
    )


@wrong("swapped")
def swapped(rng):
    X = rng.normal(size=(4, 4))

    def backward(self, U):
        self.dg, self.db = U.sum(0), (U * self.H).sum(0)
        V = U * self.g
        return (
            V - V.mean(1, keepdims=True) - self.H * (V * self.H).mean(1, keepdims=True)
        ) / self.s

    yield "Norm", patched(Norm(rng), backward=backward), X
