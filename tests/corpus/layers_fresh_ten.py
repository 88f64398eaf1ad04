"""The tenth fresh set's layers, right and wrong, in the styles of many hands."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlib.network import Sequential
from tests.corpus import right
from tests.corpus.fresh_nine import sigmoid, soft


class Layer:
    """Parameters and gradients as plain dicts."""

    training = True

    def __init__(self, **parameters):
        self.parameters = parameters
        self.gradients = {}


class Dense(Layer):
    @classmethod
    def of(cls, rng, fan_in=4, fan_out=3):
        return cls(W=rng.normal(size=(fan_out, fan_in)), b=rng.normal(size=fan_out))

    def forward(self, X):
        self.X = X
        return X @ self.parameters["W"].T + self.parameters["b"]

    def backward(self, delta):
        rows = delta.reshape(-1, delta.shape[-1])
        self.gradients["W"] = rows.T @ self.X.reshape(len(rows), -1)
        self.gradients["b"] = rows.sum(0)
        return delta @ self.parameters["W"]


class Pointwise(Layer):
    """An activation; keeps its derivative, not its input."""

    def __init__(self, f, slope):
        super().__init__()
        self.f, self.slope = f, slope

    def forward(self, Z):
        self.kept = self.slope(Z)
        return self.f(Z)

    def backward(self, upstream):
        return upstream * self.kept


class Conv(Layer):
    """K (F, C, 3, 3), no padding, stride 1."""

    def forward(self, X):
        self.V = sliding_window_view(X, (3, 3), (2, 3))
        return np.einsum("bchwij,fcij->bfhw", self.V, self.parameters["K"])

    def backward(self, G):
        self.gradients["K"] = np.einsum("bfhw,bchwij->fcij", G, self.V)
        H = sliding_window_view(np.pad(G, ((0, 0), (0, 0), (2, 2), (2, 2))), (3, 3), (2, 3))
        return np.einsum("bfhwij,fcij->bchw", H, self.parameters["K"][:, :, ::-1, ::-1])


class MaxPool(Layer):
    """Blocks of 2 x 2; the first of ties gets all."""

    def forward(self, X):
        B, C, H, W = X.shape
        blocks = X.reshape(B, C, H // 2, 2, W // 2, 2).transpose(0, 1, 2, 4, 3, 5)
        blocks = blocks.reshape(B, C, H // 2, W // 2, 4)
        self.chosen = np.eye(4)[blocks.argmax(-1)]
        return blocks.max(-1)

    def backward(self, G):
        B, C, H, W = G.shape
        D = (self.chosen * G[..., None]).reshape(B, C, H, W, 2, 2)
        return D.transpose(0, 1, 2, 4, 3, 5).reshape(B, C, 2 * H, 2 * W)


class LayerNorm(Layer):
    def forward(self, X):
        self.s = np.sqrt(X.var(-1, keepdims=True) + 1e-5)
        self.N = (X - X.mean(-1, keepdims=True)) / self.s
        return self.parameters["gain"] * self.N + self.parameters["shift"]

    def backward(self, G):
        rows = tuple(range(G.ndim - 1))
        self.gradients = {"gain": (G * self.N).sum(rows), "shift": G.sum(rows)}
        D = G * self.parameters["gain"]
        D = D - D.mean(-1, keepdims=True) - self.N * (D * self.N).mean(-1, keepdims=True)
        return D / self.s


class SelfAttention(Layer):
    """One head over (B, T, D) with square weights Wq, Wk, Wv."""

    def forward(self, X):
        P = self.parameters
        self.X, self.Q, self.K, self.V = X, X @ P["Wq"].T, X @ P["Wk"].T, X @ P["Wv"].T
        self.A = soft(self.Q @ self.K.transpose(0, 2, 1) / np.sqrt(X.shape[-1]))
        return self.A @ self.V

    def scores(self, G):
        dA = G @ self.V.transpose(0, 2, 1)
        dS = self.A * (dA - (dA * self.A).sum(-1, keepdims=True))
        return dS / np.sqrt(self.X.shape[-1])

    def backward(self, G):
        dS = self.scores(G)
        parts = {"Wq": dS @ self.K, "Wk": dS.transpose(0, 2, 1) @ self.Q}
        parts["Wv"] = self.A.transpose(0, 2, 1) @ G
        self.gradients = {n: np.einsum("btj,btk->jk", D, self.X) for n, D in parts.items()}
        return sum(D @ self.parameters[n] for n, D in parts.items())


class GRU(Layer):
    """Last state of a GRU over (B, T, D); gates from W (3H, D) and U (3H, H)."""

    def forward(self, X):
        W, U, H = self.parameters["W"], self.parameters["U"], self.parameters["U"].shape[1]
        h, self.tape = np.zeros((len(X), H)), []
        for t in range(X.shape[1]):
            x = X[:, t]
            z = sigmoid(x @ W[:H].T + h @ U[:H].T)
            r = sigmoid(x @ W[H : 2 * H].T + h @ U[H : 2 * H].T)
            n = np.tanh(x @ W[2 * H :].T + (r * h) @ U[2 * H :].T)
            self.tape.append((x, h, z, r, n))
            h = (1 - z) * n + z * h
        return h

    def backward(self, dh):
        W, U, H = self.parameters["W"], self.parameters["U"], self.parameters["U"].shape[1]
        dW, dU, dX = np.zeros_like(W), np.zeros_like(U), []
        for x, h, z, r, n in reversed(self.tape):
            dn = dh * (1 - z) * (1 - n * n)
            dr = dn @ U[2 * H :] * h * r * (1 - r)
            dz = dh * (h - n) * z * (1 - z)
            D = np.concatenate([dz, dr, dn], 1)
            dW += D.T @ x
            dU[: 2 * H] += D[:, : 2 * H].T @ h
            dU[2 * H :] += dn.T @ (r * h)
            dh = dh * z + D[:, : 2 * H] @ U[: 2 * H] + dn @ U[2 * H :] * r
            dX.append(D @ W)
        self.gradients = {"W": dW, "U": dU}
        return np.stack(dX[::-1], 1)


class Residual(Layer):
    """x + inner(x); parameters and gradients are the inner layer's."""

    def __init__(self, inner):
        self.inner, self.parameters = inner, inner.parameters

    @property
    def gradients(self):
        return self.inner.gradients

    def forward(self, X):
        return X + self.inner.forward(X)

    def backward(self, G):
        return G + self.inner.backward(G)


class Dropout(Layer):
    """A mask that the seed fixes in training, nothing in evaluation."""

    def forward(self, X):
        draw = np.random.default_rng(5).random(X.shape)
        self.mask = (draw < 0.7) / 0.7 if self.training else np.ones(X.shape)
        return X * self.mask

    def backward(self, G):
        return G * self.mask


class Prelu(Layer):
    def forward(self, X):
        self.X = X
        return np.where(X > 0, X, self.parameters["alpha"] * X)

    def backward(self, G):
        self.gradients["alpha"] = (G * np.minimum(self.X, 0)).sum(0)
        return np.where(self.X > 0, G, self.parameters["alpha"] * G)


class Single(Dense):
    """Works in float32 throughout."""

    def forward(self, X):
        self.X = np.float32(X)
        return self.X @ np.float32(self.parameters["W"]).T + np.float32(self.parameters["b"])

    def backward(self, G):
        D = np.float32(G)
        self.gradients = {"W": D.T @ self.X, "b": D.sum(0)}
        return D @ np.float32(self.parameters["W"])


class RBF(Layer):
    """exp(-s |x - c|²) to each of the centres C (J, D), one log width each."""

    def forward(self, X):
        self.gap = X[:, None] - self.parameters["C"]
        self.d2 = (self.gap**2).sum(-1)
        self.Y = np.exp(-np.exp(self.parameters["s"]) * self.d2)
        return self.Y

    def backward(self, G):
        e = np.exp(self.parameters["s"])
        D = -G * self.Y * e
        self.gradients = {"s": (D * self.d2).sum(0), "C": (-2 * D[..., None] * self.gap).sum(0)}
        return (2 * D[..., None] * self.gap).sum(1)


class Maxout(Layer):
    """The larger of two affine maps, W (2, J, K)."""

    def forward(self, X):
        self.X, Z = X, np.einsum("bk,pjk->pbj", X, self.parameters["W"])
        self.first = Z[0] >= Z[1]
        return Z.max(0)

    def backward(self, G):
        D = np.stack([G * self.first, G * ~self.first])
        self.gradients["W"] = np.einsum("pbj,bk->pjk", D, self.X)
        return np.einsum("pbj,pjk->bk", D, self.parameters["W"])


class Words(Layer):
    def forward(self, X):
        self.ids = X
        return self.parameters["E"][X]

    def backward(self, G):
        dE = np.zeros_like(self.parameters["E"])
        for w, g in zip(self.ids.ravel(), G.reshape(-1, G.shape[-1])):
            dE[w] += g
        self.gradients["E"] = dE


class Chain(Layer):
    """Layers one after another; names are numbered."""

    def __init__(self, *layers):
        self.layers = layers
        self.parameters = self.gather("parameters")

    def gather(self, kind):
        return {
            f"{n}{i}": a for i, s in enumerate(self.layers) for n, a in getattr(s, kind).items()
        }

    def forward(self, X):
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, G):
        for layer in reversed(self.layers):
            G = layer.backward(G)
        self.gradients = self.gather("gradients")
        return G


def tanh():
    return Pointwise(np.tanh, lambda Z: 1 - np.tanh(Z) ** 2)


def relu():
    return Pointwise(lambda Z: np.maximum(Z, 0), lambda Z: Z > 0)


def attention(rng, kind=SelfAttention):
    return kind(**{n: rng.normal(size=(3, 3)) for n in ("Wq", "Wk", "Wv")})


def gru(rng, kind=GRU):
    return kind(W=rng.normal(size=(9, 2)) / 2, U=rng.normal(size=(9, 3)) / 2)


def norm(rng, kind=LayerNorm):
    return kind(gain=rng.uniform(0.5, 2, 4), shift=rng.normal(size=4))


@right("layer")
def right_layers(rng):
    X, T = rng.normal(size=(5, 4)), rng.normal(size=(2, 4, 3))
    I = rng.normal(size=(2, 3, 6, 6))
    yield "dense, three axes", Dense.of(rng), rng.normal(size=(2, 3, 4))
    yield "dense, batch of one", Dense.of(rng), X[:1]
    yield "dense, one input, one unit", Dense.of(rng, 1, 1), X[:, :1]
    yield "tanh", tanh(), X
    yield "ReLU", relu(), X
    yield "ReLU of an image with dark pixels", relu(), np.maximum(X, 0)
    yield "convolution", Conv(K=rng.normal(size=(2, 3, 3, 3))), I
    yield "max pooling", MaxPool(), I
    yield "max pooling of a dark image", MaxPool(), np.maximum(I - 0.5, 0)
    yield "layer normalization", norm(rng), X
    yield "layer normalization, three axes", norm(rng), rng.normal(size=(2, 3, 4))
    yield "self-attention", attention(rng), T
    yield "GRU", gru(rng), rng.normal(size=(3, 4, 2))
    yield "residual block", Residual(Dense.of(rng, 4, 4)), X
    yield "dropout, mask by a seed", Dropout(), X
    yield "PReLU", Prelu(alpha=rng.uniform(0.1, 0.4, 4)), X
    yield "float32 throughout", Single.of(rng), X
    yield "radial basis", RBF(C=rng.normal(size=(3, 4)), s=rng.normal(size=3) / 2 - 2), X
    yield "maxout", Maxout(W=rng.normal(size=(2, 3, 4))), X
    yield (
        "words, backward returns None",
        Words(E=rng.normal(size=(6, 3))),
        rng.integers(0, 6, (2, 5)),
    )
    small = Chain(Conv(K=rng.normal(size=(2, 3, 3, 3))), relu(), MaxPool())
    yield "convolution, ReLU and pooling", small, I
    yield "chain of dense and tanh", Chain(Dense.of(rng), tanh(), Dense.of(rng, 3, 2)), X
    yield "transformer block", Chain(Residual(attention(rng)), Dense.of(rng, 3, 4), norm(rng)), T
    yield "Sequential of own layers", Sequential([Dense.of(rng), relu(), Dense.of(rng, 3, 5)]), X
    frozen = X[:, ::-1]
    frozen.flags.writeable = False
    yield "dense of a read-only view", Dense.of(rng), frozen
    yield "dense far off, inputs of 1e5", Dense.of(rng), 1e5 * X
    yield "tanh of inputs of 1e-5", tanh(), 1e-5 * X
    yield "layer without parameters' gradients to keep", Pointwise(np.sin, np.cos), X
