"""The ninth fresh set's layers, right and wrong."""

import numpy as np

from tests.corpus import fresh_nine as nine
from tests.corpus import right, wrong
from tests.corpus.fresh_nine import sigmoid

# --- right: layers


class Layer:
    """Parameters and gradients as plain dicts."""

    training = False

    def __init__(self, **parameters):
        self.parameters = parameters
        self.gradients = {name: np.zeros_like(array) for name, array in parameters.items()}


class Affine(Layer):
    def forward(self, X):
        self.X = X
        return X @ self.parameters["W"].T + self.parameters["b"]

    def backward(self, G):
        self.gradients["W"] = G.T @ self.X
        self.gradients["b"] = G.sum(0)
        return G @ self.parameters["W"]


class Embedding(Layer):
    def forward(self, X):
        self.X = X
        return self.parameters["E"][X]

    def backward(self, G):
        self.gradients["E"] = np.zeros(self.parameters["E"].shape)
        np.add.at(self.gradients["E"], self.X, G)


class Buffered(Affine):
    """Writes output and gradients into the same arrays each time."""

    def forward(self, X):
        self.X = X
        self.out = getattr(self, "out", np.zeros((len(X), len(self.parameters["b"])), nine.BUFFER))
        self.out[...] = np.tanh(Affine.forward(self, X))
        return self.out

    def backward(self, G):
        D = G * (1 - self.out**2)
        self.gradients["W"][...] = D.T @ self.X
        self.gradients["b"][...] = D.sum(0)
        return D @ self.parameters["W"]


class BatchNorm(Layer):
    """Batch statistics in training, running ones in evaluation."""

    def __init__(self, D, rng):
        super().__init__(gamma=rng.normal(size=D), beta=rng.normal(size=D))
        self.mean, self.var = rng.normal(size=D), rng.uniform(0.5, 2, D)

    def forward(self, X):
        mean, var = (X.mean(0), X.var(0)) if self.training else (self.mean, self.var)
        self.s = np.sqrt(var + 1e-5)
        self.N = (X - mean) / self.s
        return self.N * self.parameters["gamma"] + self.parameters["beta"]

    def backward(self, G):
        self.gradients = {"gamma": (G * self.N).sum(0), "beta": G.sum(0)}
        D = G * self.parameters["gamma"] / self.s
        if not self.training:
            return D
        return D - D.mean(0) - self.N * (D * self.N).mean(0)


class Scan(Layer):
    """Leaky sum over the second axis, one decay a channel; two parameters of other shapes."""

    def forward(self, X):
        a, self.X = sigmoid(self.parameters["a"]), X
        h, self.H = self.parameters["h0"] + np.zeros((len(X), 1)), []
        for t in range(X.shape[1]):
            self.H.append(h)
            h = a * h + X[:, t]
        return h

    def backward(self, G):
        a = sigmoid(self.parameters["a"])
        dX, da = np.zeros(self.X.shape), 0
        for t in reversed(range(self.X.shape[1])):
            dX[:, t] = G
            da = da + (G * self.H[t]).sum(0)
            G = G * a
        self.gradients = {"a": da * a * (1 - a), "h0": G.sum(0)}
        return dX


class Bilinear(Layer):
    def forward(self, X):
        self.X = X
        return np.einsum("bi,jik,bk->bj", X, self.parameters["T"], X)

    def backward(self, G):
        T = self.parameters["T"]
        self.gradients["T"] = np.einsum("bj,bi,bk->jik", G, self.X, self.X)
        return np.einsum("bj,jik,bk->bi", G, T + T.transpose(0, 2, 1), self.X)


class Tied(Layer):
    """Encoder and decoder share W."""

    def forward(self, X):
        W, self.X = self.parameters["W"], X
        self.H = np.tanh(X @ W.T)
        return self.H @ W

    def backward(self, G):
        W = self.parameters["W"]
        D = G @ W.T * (1 - self.H**2)
        self.gradients["W"] = D.T @ self.X + self.H.T @ G
        return D @ W


def affine(kind, rng, *parts):
    return kind(*parts, W=rng.normal(size=(4, 3)), b=rng.normal(size=4))


@right("layer")
def right_layers(rng):
    X = rng.normal(size=(5, 3))
    yield "affine", affine(Affine, rng), X
    yield "affine of whole numbers", affine(Affine, rng), rng.integers(-4, 5, (5, 3))
    yield (
        "embedding, input of integers",
        Embedding(E=rng.normal(size=(6, 3))),
        (rng.integers(0, 6, (2, 5))),
    )
    yield "reused buffers", affine(Buffered, rng), X
    yield "batch normalization", BatchNorm(3, rng), rng.normal(size=(7, 3))
    yield (
        "leaky scan",
        Scan(a=rng.normal(size=3), h0=rng.normal(size=3)),
        rng.normal(size=(2, 6, 3)),
    )
    yield "bilinear form", Bilinear(T=rng.normal(size=(2, 3, 3))), X
    yield "tied weights", Tied(W=rng.normal(size=(4, 3))), X


# --- wrong: layers


@wrong("stale-cache")
def wrong_stale(rng):
    class First(Affine):
        def forward(self, X):
            self.X = getattr(self, "X", X)
            return X @ self.parameters["W"].T + self.parameters["b"]

    class OldMask(Layer):
        def forward(self, X):
            self.mask = getattr(self, "mask", X > 0)
            return np.maximum(X, 0)

        def backward(self, G):
            return G * self.mask

    class OldWeights(Affine):
        def backward(self, G):
            self.old = getattr(self, "old", self.parameters["W"].copy())
            Affine.backward(self, G)
            return G @ self.old

    yield "layer keeps the first input", affine(First, rng), rng.normal(size=(5, 3))
    yield "layer keeps the first mask", OldMask(), rng.normal(size=(5, 3))
    yield "layer keeps the first weights", affine(OldWeights, rng), rng.normal(size=(5, 3))


@wrong("doubled", "stale-cache")
def wrong_doubled(rng):
    class Adds(Affine):
        def backward(self, G):
            self.gradients["W"] = self.gradients["W"] + G.T @ self.X
            self.gradients["b"] = G.sum(0)
            return G @ self.parameters["W"]

    class AddsBias(Affine):
        def backward(self, G):
            self.gradients["W"] = G.T @ self.X
            self.gradients["b"] += G.sum(0)
            return G @ self.parameters["W"]

    yield "layer adds to dW", affine(Adds, rng), rng.normal(size=(5, 3))
    yield "layer adds to db in place", affine(AddsBias, rng), rng.normal(size=(5, 3))


@wrong("mutates-input")
def wrong_mutates(rng):
    class InPlace(Layer):
        def forward(self, X):
            np.maximum(X, 0, out=X)
            self.mask = X > 0
            return X

        def backward(self, G):
            return G * self.mask

    class Upstream(InPlace):
        def forward(self, X):
            self.mask = X > 0
            return X * self.mask

        def backward(self, G):
            G *= self.mask
            return G

    X = rng.normal(size=(5, 3))
    yield "layer: ReLU in place", InPlace(), X.copy()
    yield "layer: upstream in place", Upstream(), X.copy()

    def shuffled(x):
        np.random.default_rng(0).shuffle(x)
        return np.sum(x * x)

    def centred(x):
        y = x[:]
        y -= y.mean()
        return np.sum(y * y)

    yield "function shuffles its input", shuffled, X, 2 * X
    yield "function centres a view", centred, X, 2 * (X - X.mean())
    falling = -np.sort(-X[1])
    sorts = lambda a, b: (b.sort(), np.sum(a * b))[1]  # noqa: E731
    yield "second of two inputs sorted", sorts, (X[0], falling), (np.sort(X[1]), X[0])


@wrong("missing-term", "wrong", "wrong-formula", "kernel", "some-entries")
def wrong_modes(rng):
    class NoBatch(BatchNorm):
        def backward(self, G):
            self.gradients = {"gamma": (G * self.N).sum(0), "beta": G.sum(0)}
            return G * self.parameters["gamma"] / self.s

    class NoVariance(BatchNorm):
        def backward(self, G):
            self.gradients = {"gamma": (G * self.N).sum(0), "beta": G.sum(0)}
            D = G * self.parameters["gamma"] / self.s
            return D - D.mean(0) if self.training else D

    class Half(Bilinear):
        def backward(self, G):
            Bilinear.backward(self, G)
            return np.einsum("bj,jik,bk->bi", G, self.parameters["T"], self.X)

    class OneUse(Tied):
        def backward(self, G):
            D = Tied.backward(self, G)
            self.gradients["W"] = self.H.T @ G
            return D

    X = rng.normal(size=(7, 3))
    yield "layer wrong in training only", NoBatch(3, rng), X
    yield "layer forgets the variance in training", NoVariance(3, rng), X
    yield "layer: one side of a bilinear form", Half(T=rng.normal(size=(2, 3, 3))), X
    yield "layer: one use of tied weights", OneUse(W=rng.normal(size=(4, 3))), X
