"""The tenth fresh set's wrong layers: right ones with one slip each."""

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
    Maxout,
    MaxPool,
    Pointwise,
    Prelu,
    Residual,
    SelfAttention,
    Words,
    attention,
    gru,
    norm,
    tanh,
)


@wrong("stale-cache")
def wrong_stale(rng):
    class Once(Dense):
        X = None

        def forward(self, X):
            self.X = X if self.X is None else self.X
            return X @ self.parameters["W"].T + self.parameters["b"]

    class ByShape(Pointwise):
        def forward(self, Z):
            self.seen = getattr(self, "seen", {})
            self.kept = self.seen.setdefault(Z.shape, self.slope(Z))
            return self.f(Z)

    class FirstScale(LayerNorm):
        def forward(self, X):
            Y = super().forward(X)
            self.first = getattr(self, "first", self.s)
            self.s = self.first
            return Y

    class FirstAttention(SelfAttention):
        def forward(self, X):
            Y = super().forward(X)
            self.A = self.__dict__.setdefault("first", self.A)
            return Y

    class FirstChoice(MaxPool):
        def forward(self, X):
            Y = super().forward(X)
            self.chosen = self.__dict__.setdefault("first", self.chosen)
            return Y

    X = rng.normal(size=(5, 4))
    yield "dense keeps its first input", Once.of(rng), X
    yield "derivative remembered by shape", ByShape(np.sin, np.cos), X
    yield "layer normalization keeps its first scale", norm(rng, FirstScale), X
    yield (
        "attention keeps its first weights",
        attention(rng, FirstAttention),
        rng.normal(size=(2, 4, 3)),
    )
    yield "pooling keeps its first choice", FirstChoice(), rng.normal(size=(2, 1, 4, 4))
    yield "inside a chain", Chain(Dense.of(rng), tanh(), Once.of(rng, 3, 2)), X


@wrong("doubled", "stale-cache")
def wrong_doubled(rng):
    class Adds(Conv):
        def backward(self, G):
            before = self.gradients.get("K", 0)
            D = super().backward(G)
            self.gradients["K"] = before + self.gradients["K"]
            return D

    class Eats(Pointwise):
        def backward(self, upstream):
            self.kept *= upstream
            return self.kept.copy()

    class Tally(Words):
        def backward(self, G):
            self.dE = getattr(self, "dE", np.zeros_like(self.parameters["E"]))
            np.add.at(self.dE, self.ids, G)
            self.gradients["E"] = self.dE

    class InPlace(LayerNorm):
        def backward(self, G):
            old = self.gradients.get("shift")
            D = super().backward(G)
            if old is not None:
                self.gradients["shift"] = old + self.gradients["shift"]
            return D

    yield (
        "convolution adds up",
        Adds(K=rng.normal(size=(2, 1, 3, 3))),
        rng.normal(size=(2, 1, 5, 5)),
    )
    yield "cache eaten by backward", Eats(np.sin, np.cos), rng.normal(size=(5, 4))
    yield "words add up", Tally(E=rng.normal(size=(6, 3))), rng.integers(0, 6, (2, 5))
    yield "shift adds up", norm(rng, InPlace), rng.normal(size=(5, 4))


@wrong("mutates-input")
def wrong_mutates(rng):
    class Clears(Layer):
        def forward(self, X):
            X[X < 0] = 0
            self.mask = X > 0
            return X.copy()

        def backward(self, G):
            return G * self.mask

    class Scales(Pointwise):
        def backward(self, upstream):
            upstream *= self.kept
            return upstream

    class Steps(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.parameters["W"] -= 0.1 * self.gradients["W"]
            return D

    class Renews(Dense):
        def forward(self, X):
            W = self.parameters["W"]
            W /= np.linalg.norm(W)
            return super().forward(X)

    X = rng.normal(size=(5, 4))
    yield "ReLU clears its input", Clears(), X.copy()
    yield "upstream scaled in place", Scales(np.sin, np.cos), X
    yield "backward takes a step of descent", Steps.of(rng), X
    yield "forward normalizes its weights in place", Renews.of(rng), X


@wrong("missing-term", "wrong-formula")
def wrong_term(rng):
    class NoSkip(Residual):
        def backward(self, G):
            return self.inner.backward(G)

    class Fixed(LayerNorm):
        def backward(self, G):
            super().backward(G)
            return G * self.parameters["gain"] / self.s

    class NoReset(GRU):
        """The way through r is lost: dr is 0."""

        def backward(self, dh):
            W, U, H = self.parameters["W"], self.parameters["U"], self.parameters["U"].shape[1]
            dW, dU, dX = np.zeros_like(W), np.zeros_like(U), []
            for x, h, z, r, n in reversed(self.tape):
                dn = dh * (1 - z) * (1 - n * n)
                dz = dh * (h - n) * z * (1 - z)
                dW[:H] += dz.T @ x
                dW[2 * H :] += dn.T @ x
                dU[:H] += dz.T @ h
                dU[2 * H :] += dn.T @ (r * h)
                dX.append(dz @ W[:H] + dn @ W[2 * H :])
                dh = dh * z + dz @ U[:H] + dn @ U[2 * H :] * r
            self.gradients = {"W": dW, "U": dU}
            return np.stack(dX[::-1], 1)

    X, T = rng.normal(size=(5, 4)), rng.normal(size=(2, 4, 3))
    yield "residual block without its skip", NoSkip(Dense.of(rng, 4, 4)), X
    yield "layer normalization, statistics held fixed", norm(rng, Fixed), X
    yield "GRU, the way through r lost", gru(rng, NoReset), rng.normal(size=(3, 4, 2))
    yield (
        "transformer block, skip forgotten",
        Chain(NoSkip(attention(rng)), Dense.of(rng, 3, 4), norm(rng)),
        T,
    )


@wrong("all-zero", "missing-term", "wrong")
def wrong_paths(rng):
    class ValuesOnly(SelfAttention):
        def scores(self, G):
            return 0 * super().scores(G)

    class ShortMemory(GRU):
        """Back through the last step only."""

        def backward(self, dh):
            steps, self.tape = self.tape, self.tape[-1:]
            D = super().backward(dh)
            self.tape = steps
            return np.concatenate([np.zeros((len(D), len(steps) - 1, D.shape[2])), D], 1)

    yield (
        "attention through its values only",
        attention(rng, ValuesOnly),
        rng.normal(size=(2, 4, 3)),
    )
    yield "GRU through its last step only", gru(rng, ShortMemory), rng.normal(size=(3, 4, 2))


@wrong("region", "some-entries", "wrong")
def wrong_choice(rng):
    class FirstWins(Maxout):
        def backward(self, G):
            self.first = np.ones_like(self.first)
            return super().backward(G)

    yield (
        "maxout, all to the first map",
        FirstWins(W=rng.normal(size=(2, 3, 4))),
        rng.normal(size=(6, 4)),
    )


@wrong("transposed", "transposed-factor", "kernel", "wrong-axis")
def wrong_order(rng):
    class Crossed(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["W"] = self.gradients["W"].T
            return D

    class OtherWay(Dense):
        def backward(self, delta):
            super().backward(delta)
            return delta @ self.parameters["W"].T

    class ByUnits(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["b"] = delta.sum(1)
            return D

    X = rng.normal(size=(4, 4))
    yield "square dense, dW transposed", Crossed.of(rng, 4, 4), X
    yield "square dense, W.T for W", OtherWay.of(rng, 4, 4), X
    yield "square batch, bias over units", ByUnits.of(rng, 4, 4), X


@wrong("missing-mean", "constant-factor")
def wrong_mean(rng):
    class Averages(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["W"] /= len(delta)
            return D

    class AverageBias(Dense):
        def backward(self, delta):
            D = super().backward(delta)
            self.gradients["b"] = delta.mean(0)
            return D

    class NoTwo(RBF):
        def backward(self, G):
            D = super().backward(G) / 2
            self.gradients["C"] /= 2
            return D

    class Half(MaxPool):
        def backward(self, G):
            return super().backward(G) / 4

    X = rng.normal(size=(5, 4))
    yield "dense divides dW by the batch", Averages.of(rng), X
    yield "dense averages its bias", AverageBias.of(rng), X
    yield (
        "radial basis without its 2",
        NoTwo(C=rng.normal(size=(3, 4)), s=rng.normal(size=3) / 2 - 2),
        X,
    )
    yield "pooling divides by 4", Half(), rng.normal(size=(2, 2, 4, 4))
    yield "inside a Sequential", Sequential([Dense.of(rng), tanh(), AverageBias.of(rng, 3, 2)]), X


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
