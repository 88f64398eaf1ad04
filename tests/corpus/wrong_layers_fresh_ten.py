"""The tenth fresh set's wrong layers: right ones with one slip each."""

import numpy as np

from nnlib.network import Sequential
from tests.corpus import wrong
from tests.corpus.layers_fresh_ten import (
    GRU,
    RBF,
    Chain,
    Conv,
    Dense,
    Layer,
    LayerNorm,
    Maxout,
    MaxPool,
    Pointwise,
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
