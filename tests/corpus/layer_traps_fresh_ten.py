"""The tenth fresh set's traps among layers, right and wrong."""

import numpy as np

from tests.corpus import right, wrong
from tests.corpus.layers_fresh_ten import Chain, Dense, Dropout, Layer, Pointwise, tanh


class BatchNorm(Layer):
    """Batch statistics in training, running ones in evaluation; no gain, no shift."""

    momentum = 0.1

    def __init__(self, D):
        super().__init__()
        self.mean, self.var = np.zeros(D), np.ones(D)

    def forward(self, X):
        mean, var = self.mean, self.var
        if self.training:
            mean, var = X.mean(0), X.var(0)
            self.mean = (1 - self.momentum) * self.mean + self.momentum * mean
            self.var = (1 - self.momentum) * self.var + self.momentum * var
        self.s = np.sqrt(var + 1e-5)
        self.N = (X - mean) / self.s
        return self.N

    def backward(self, G):
        if not self.training:
            return G / self.s
        return (G - G.mean(0) - self.N * (G * self.N).mean(0)) / self.s


class Attributes(Layer):
    """Weights as attributes, the dicts made at every look."""

    def __init__(self, rng):
        self.W, self.b = rng.normal(size=(3, 4)), np.zeros(3)
        self.dW, self.db = np.zeros((3, 4)), np.zeros(3)

    @property
    def parameters(self):
        return {"W": self.W, "b": self.b}

    @property
    def gradients(self):
        return {"W": self.dW, "b": self.db}

    def forward(self, X):
        self.X = X
        return np.maximum(X @ self.W.T + self.b, 0)

    def backward(self, G):
        D = G * (self.X @ self.W.T + self.b > 0)
        self.dW, self.db = D.T @ self.X, D.sum(0)
        return D @ self.W


class Buffers(Layer):
    """One array for every output and one for every answer."""

    def forward(self, X):
        self.out, self.X = getattr(self, "out", np.empty(X.shape)), X.copy()
        return np.sin(X, out=self.out)

    def backward(self, G):
        self.answer = getattr(self, "answer", np.empty(G.shape))
        return np.multiply(G, np.cos(self.X), out=self.answer)


class Unused(Dense):
    """Has a weight that nothing reads."""

    def __init__(self, **parameters):
        super().__init__(**parameters, idle=np.ones(2))

    def backward(self, delta):
        D = super().backward(delta)
        self.gradients["idle"] = np.zeros(2)
        return D


class Twice(Layer):
    """The same weights W (D, D) applied twice."""

    def forward(self, X):
        W, self.X = self.parameters["W"], X
        self.H = np.tanh(X @ W.T)
        return np.tanh(self.H @ W.T)

    def back(self, G):
        W = self.parameters["W"]
        d2 = G * (1 - np.tanh(self.H @ W.T) ** 2)
        return d2, d2 @ W * (1 - self.H**2)

    def backward(self, G):
        d2, d1 = self.back(G)
        self.gradients["W"] = d2.T @ self.H + d1.T @ self.X
        return d1 @ self.parameters["W"]


@right("layer")
def right_layers(rng):
    X = rng.normal(size=(6, 4))
    yield "batch normalization with running statistics", BatchNorm(4), X
    yield "weights as attributes", Attributes(rng), X
    yield (
        "weights as attributes, one example dark",
        Attributes(rng),
        X * (np.arange(6) != 2)[:, None],
    )
    yield "output and answer in buffers", Buffers(), X
    yield "a weight that nothing reads", Unused.of(rng), X
    yield "weights applied twice", Twice(W=rng.normal(size=(4, 4))), X
    yield "stairs, slope 0", Pointwise(np.round, np.zeros_like), X
    yield "bias before a batch normalization", Chain(Dense.of(rng), BatchNorm(3)), X
    yield "dense, batch of 200", Dense.of(rng), rng.normal(size=(200, 4))
    yield "dense of 300 by 200", Dense.of(rng, 200, 300), rng.normal(size=(3, 200))


@wrong("not-accumulated", "missing-term", "stale-cache")
def wrong_twice(rng):
    class Last(Twice):
        def backward(self, G):
            D = super().backward(G)
            self.gradients["W"] = self.back(G)[1].T @ self.X
            return D

    yield (
        "weights applied twice, one use counted",
        Last(W=rng.normal(size=(4, 4))),
        rng.normal(size=(6, 4)),
    )


@wrong("constant-factor", "missing-term", "wrong")
def wrong_modes(rng):
    class AlwaysTraining(BatchNorm):
        def backward(self, G):
            return (G - G.mean(0) - self.N * (G * self.N).mean(0)) / self.s

    class NeverTraining(BatchNorm):
        def backward(self, G):
            return G / self.s

    class Rescales(Dropout):
        def backward(self, G):
            return G * (self.mask > 0)

    class Masks(Dropout):
        def forward(self, X):
            Y = super().forward(X)
            self.mask = (np.random.default_rng(5).random(X.shape) < 0.7) / 0.7
            return Y

    X = rng.normal(size=(6, 4))
    yield "batch normalization, training's backward in evaluation", AlwaysTraining(4), X
    yield "batch normalization, evaluation's backward in training", NeverTraining(4), X
    yield "dropout not rescaled behind", Rescales(), X
    yield "dropout masks behind in evaluation", Masks(), X


@wrong("one-entry", "row-or-column", "some-entries")
def wrong_entries(rng):
    class Corner(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["W"][0, 0] += 0.01
            return D

    class LastExample(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            D[-1] = 0
            return D

    class Short(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["b"][0] = delta[:-1, 0].sum()
            return D

    yield "dense of 60,000, a corner by 0.01", Corner.of(rng, 200, 300), rng.normal(size=(3, 200))
    yield "last example forgotten", LastExample.of(rng), rng.normal(size=(6, 4))
    yield "first bias misses the last example", Short.of(rng), rng.normal(size=(6, 4))


@wrong("missing-term", "wrong", "wrong-formula")
def wrong_batch(rng):
    class FirstOnly(Dense):
        """Right for a batch of one."""

        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["W"] = np.outer(delta[0], self.X[0])
            return D

    class Mean(Dense):
        """Mean upstream times mean input: right for a batch of one."""

        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["W"] = len(delta) * np.outer(delta.mean(0), self.X.mean(0))
            return D

    X = rng.normal(size=(6, 4))
    yield "weights of the first example only", FirstOnly.of(rng), X
    yield "means for the batch", Mean.of(rng), X
    yield "means for the batch, in a chain", Chain(Dense.of(rng), tanh(), Mean.of(rng, 3, 2)), X
