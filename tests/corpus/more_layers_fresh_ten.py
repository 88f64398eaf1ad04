"""The tenth fresh set's wrong layers of the wrong place, sign or shape."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlib.network import Sequential
from tests.corpus import wrong
from tests.corpus.layers_fresh_ten import (
    GRU,
    RBF,
    Chain,
    Conv,
    Dense,
    Dropout,
    Layer,
    LayerNorm,
    MaxPool,
    Pointwise,
    Prelu,
    SelfAttention,
    Words,
    attention,
    gru,
    norm,
)


@wrong("kernel", "flipped", "wrong")
def wrong_kernel(rng):
    class NotTurned(Conv):
        def backward(self, G):
            super().backward(G)
            H = sliding_window_view(np.pad(G, ((0, 0), (0, 0), (2, 2), (2, 2))), (3, 3), (2, 3))
            return np.einsum("bfhwij,fcij->bchw", H, self.parameters["K"])

    class Turned(Conv):
        def backward(self, G):
            D = super().backward(G)
            self.gradients["K"] = self.gradients["K"][:, :, ::-1, ::-1]
            return D

    class Backwards(GRU):
        def backward(self, dh):
            return super().backward(dh)[:, ::-1]

    K = rng.normal(size=(2, 1, 3, 3))
    I = rng.normal(size=(2, 1, 6, 6))
    yield "convolution, kernel not turned in dX", NotTurned(K=K), I
    yield "convolution, dK turned", Turned(K=K + 1), I
    yield "GRU, time runs backwards in dX", gru(rng, Backwards), rng.normal(size=(3, 4, 2))


@wrong("shifted", "some-entries", "row-or-column")
def wrong_place(rng):
    class Padded(Conv):
        def backward(self, G):
            return np.roll(super().backward(G), 1, 3)

    class NextWord(Words):
        def backward(self, G):
            super().backward(G)
            self.gradients["E"] = np.roll(self.gradients["E"], 1, 0)

    class LastUnit(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["W"][-1] = 0
            return D

    class FirstStep(GRU):
        def backward(self, dh):
            D = super().backward(dh)
            D[:, 0] = 0
            return D

    ids = np.array([[0, 1, 1], [3, 0, 2]])
    yield (
        "convolution, dX one column to the right",
        Padded(K=rng.normal(size=(2, 1, 3, 3))),
        rng.normal(size=(2, 1, 5, 6)),
    )
    yield "words counted from 1", NextWord(E=rng.normal(size=(6, 3))), ids
    yield "dense forgets its last unit", LastUnit.of(rng), rng.normal(size=(5, 4))
    yield "GRU without its first step's input", gru(rng, FirstStep), rng.normal(size=(3, 4, 2))


@wrong("derivative-missing", "at-activation", "wrong-formula")
def wrong_activation(rng):
    X = rng.normal(size=(5, 4))
    at = lambda Z: 1 - np.tanh(np.tanh(Z)) ** 2
    s = lambda Z: 1 / (1 + np.exp(-Z))
    yield "tanh at its own value", Pointwise(np.tanh, at), X
    yield "tanh hands through", Pointwise(np.tanh, lambda Z: np.ones_like(Z)), X
    yield "sigmoid, s (1 - s) of s", Pointwise(s, lambda Z: s(s(Z)) * (1 - s(s(Z)))), X
    deep = Chain(Dense.of(rng), Pointwise(np.tanh, at), Dense.of(rng, 3, 2))
    yield "tanh at its own value, in a chain", deep, X
    yield "softplus with tanh's slope", Pointwise(lambda Z: np.logaddexp(0, Z), np.tanh), X
    deep = Sequential([Dense.of(rng), Pointwise(np.sin, np.sin), Dense.of(rng, 3, 2)])
    yield "sine with itself, in a Sequential", deep, X


@wrong("negative", "region", "derivative-missing")
def wrong_negative(rng):
    class Cut(Prelu):
        def backward(self, G):
            super().backward(G)
            return G * (self.X > 0)

    X = rng.normal(size=(6, 4))
    X[0] = -1.5
    yield "PReLU closed for negative inputs", Cut(alpha=rng.uniform(0.2, 0.4, 4)), X
    through = Pointwise(lambda Z: np.maximum(Z, 0), lambda Z: np.ones_like(Z))
    yield "ReLU open for negative inputs", through, X
    elu = lambda Z: np.where(Z > 0, Z, 0.5 * np.expm1(np.minimum(Z, 0)))
    yield "ELU without its alpha", Pointwise(elu, lambda Z: np.exp(np.minimum(Z, 0))), X


@wrong("ties", "kink", "wrong")
def wrong_ties(rng):
    class Every(MaxPool):
        def forward(self, X):
            Y = super().forward(X)
            B, C, H, W = X.shape
            blocks = X.reshape(B, C, H // 2, 2, W // 2, 2).transpose(0, 1, 2, 4, 3, 5)
            self.chosen = blocks.reshape(B, C, H // 2, W // 2, 4) == Y[..., None]
            return Y

    I = rng.normal(size=(1, 2, 4, 4))
    I[0, 0, :2, :2] = 0.4
    I[0, 1, 2:, :2] = -0.1
    yield "pooling gives every tie all", Every(), I


@wrong("not-deterministic")
def wrong_chance(rng):
    draw = np.random.default_rng(rng.integers(10**6))

    class Redraws(Dropout):
        def forward(self, X):
            self.mask = (draw.random(X.shape) < 0.7) / 0.7
            return X * self.mask

    class Jitter(Dense):
        def forward(self, X):
            return super().forward(X) + 1e-5 * draw.normal()

    X = rng.normal(size=(5, 4))
    yield "dropout redraws its mask", Redraws(), X
    yield "dense with a little noise", Jitter.of(rng), X


@wrong("wrong-count", "wrong-shape", "broadcast", "all-zero")
def wrong_form(rng):
    class Forgets(Dense):
        def backward(self, delta):
            self.gradients = {"W": delta.T @ self.X}
            return delta @ self.parameters["W"]

    class Keeps(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["b"] = delta.sum(0, keepdims=True)
            return D

    class PerExample(Prelu):
        def backward(self, G):
            D = super().backward(G)
            self.gradients["alpha"] = G * np.minimum(self.X, 0)
            return D

    class Nothing(Dense):
        def backward(self, delta):
            return super().backward(delta) * 0

    X = rng.normal(size=(5, 4))
    yield "no gradient for the bias", Forgets.of(rng), X
    yield "bias keeps its axis", Keeps.of(rng), X
    yield "slope not summed over the batch", PerExample(alpha=rng.uniform(0.1, 0.4, 4)), X
    yield "input's gradient 0", Nothing.of(rng), X


@wrong("swapped")
def wrong_swapped(rng):
    class Mixed(LayerNorm):
        def backward(self, G):
            D = super().backward(G)
            a = self.gradients
            a["gain"], a["shift"] = a["shift"], a["gain"]
            return D

    class MixedHeads(SelfAttention):
        def backward(self, G):
            D = super().backward(G)
            a = self.gradients
            a["Wq"], a["Wk"] = a["Wk"], a["Wq"]
            return D

    yield "gain and shift", norm(rng, Mixed), rng.normal(size=(5, 4))
    yield "queries' and keys' weights", attention(rng, MixedHeads), rng.normal(size=(2, 4, 3))


@wrong("sign", "upstream")
def wrong_sign(rng):
    class Minus(RBF):
        def backward(self, G):
            D = super().backward(G)
            self.gradients["C"] = -self.gradients["C"]
            return D

    class Ones(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["b"] = np.full(delta.shape[-1], float(len(delta)))
            return D

    X = rng.normal(size=(5, 4))
    basis = Minus(C=rng.normal(size=(3, 4)), s=rng.normal(size=3) / 2 - 2)
    yield "radial basis, centres pushed away", basis, X
    yield "bias counts the examples", Ones.of(rng), X
    yield "cosine, sign", Pointwise(np.cos, np.sin), X


@wrong("slight-constant", "constant-factor")
def wrong_constants(rng):
    X = rng.normal(size=(5, 4))
    yield "tanh by 1e-5", Pointwise(np.tanh, lambda Z: 1.00001 * (1 - np.tanh(Z) ** 2)), X
    net = Chain(Dense.of(rng), Pointwise(np.tanh, lambda Z: 1.0001 * (1 - np.tanh(Z) ** 2)))
    yield "tanh by 1e-4 after a dense layer", net, X


@wrong("nan", "random", "wrong")
def wrong_last(rng):
    class Unit(Layer):
        """Lengths of rows; backward divides 0 by 0."""

        def forward(self, X):
            self.X, self.n = X, np.linalg.norm(X, axis=1, keepdims=True)
            return self.n

        def backward(self, G):
            with np.errstate(invalid="ignore"):
                return G * self.X / self.n

    class Guess(Dense):
        def backward(self, delta):
            super().backward(delta)
            return np.random.default_rng(3).normal(size=self.X.shape)

    X = rng.normal(size=(5, 4))
    Z = X.copy()
    Z[2] = 0.0
    yield "length of a row of zeros", Unit(), Z
    yield "input's gradient is a guess", Guess.of(rng), X
