"""Where a sweep of functions, scales and noises found limits of the judge that are mended now."""

import numpy as np

from tests.corpus import layers_fresh_ten as layers
from tests.corpus import right, wrong
from tests.corpus.fresh_nine import coarse, onehot, single, soft


@right("near-kink")
def right_coarse_kinks(rng):
    w = rng.uniform(0.5, 2, 8)
    x = 10.0 ** np.linspace(-7, 0, 8) * rng.uniform(0.5, 1, 8) * rng.choice([-1, 1], 8)
    g = w * np.sign(x)
    yield "moduli of 1e-7 to 1 in float32", lambda x: single(w @ np.abs(x)), x, g
    yield "moduli of 1e-7 to 1, rounded to 1e-7", lambda x: coarse(w @ np.abs(x), 1e-7), x, g
    yield "moduli of 1e-7 to 1 behind 1e8", lambda x: 1e8 + w @ np.abs(x), x, g
    yield "ReLU of 1e-7 to 1 in float32", lambda x: single(w @ np.maximum(x, 0)), x, w * (x > 0)
    y = rng.choice([-1.0, 1.0], 8)
    hinge = lambda f: single(np.mean(np.maximum(0, 1 - y * f)))
    yield "hinge near its margin in float32", hinge, y + x, y * (y * x < 0) / -8


def network(rng, act, slope):
    """Return the loss by number type, weights (drawn in float32) and gradients of two layers."""
    X, y = np.float32(rng.normal(size=(16, 6))), rng.integers(0, 3, 16)
    W, b, V = (np.float32(rng.normal(size=s)) for s in ((30, 6), 30, (3, 30)))
    W, b, V = W.astype(float), b.astype(float), np.float32(V / 5).astype(float)

    def loss(W, b, V, kind=np.float64):
        A = act(X.astype(kind) @ np.asarray(W, kind).T + np.asarray(b, kind))
        return -np.mean(np.log(soft(A @ np.asarray(V, kind).T)[np.arange(16), y]))

    Z = X.astype(float) @ W.T + b
    D = (soft(act(Z) @ V.T) - onehot(y, 3)) / 16
    d = D @ V * slope(Z)
    return loss, (W, b, V), (d.T @ X.astype(float), d.sum(0), D.T @ act(Z))


@right("float32")
def right_networks(rng):
    for n in range(6):
        loss, x, g = network(rng, lambda z: np.maximum(z, 0), lambda z: z > 0)
        yield f"ReLU network {n} in float32", lambda *x, loss=loss: loss(*x, np.float32), x, g
        loss, x, g = network(rng, np.tanh, lambda z: 1 - np.tanh(z) ** 2)
        yield f"tanh network {n} in float32", lambda *x, loss=loss: loss(*x, np.float32), x, g
        to_8 = lambda *x, loss=loss: round(float(loss(*x)), 8)
        yield f"tanh network {n}, loss to 8 decimals", to_8, x, g


class Single(layers.Layer):
    """The inner layer in float32."""

    def __init__(self, inner):
        self.inner, self.parameters, self.gradients = inner, inner.parameters, {}
        self.cast()

    def cast(self):
        self.inner.parameters = {n: np.float32(a) for n, a in self.parameters.items()}

    def forward(self, X):
        self.cast()
        return self.inner.forward(np.float32(X))

    def backward(self, G):
        D = self.inner.backward(np.float32(G))
        self.gradients = self.inner.gradients
        return D


@right("layer")
def right_layers(rng):
    for n in range(6):
        first, last = layers.Dense.of(rng, 4, 20), layers.Dense.of(rng, 20, 3)
        chain = layers.Chain(Single(first), Single(layers.relu()), Single(last))
        yield f"dense, ReLU, dense in float32, {n}", chain, rng.normal(size=(8, 4))
        heads = Single(layers.attention(rng))
        yield f"attention in float32, {n}", heads, rng.normal(size=(2, 4, 3))


@right("edge-of-numbers")
def right_large(rng):
    x = rng.uniform(0.1, 0.6, 1)
    yield "exponential at 705", lambda x: np.exp(x).sum(), 705 + x, np.exp(705 + x)


@wrong("one-entry", "some-entries", "all-zero")
def wrong_tiny(rng):
    u, keep = rng.uniform(0.3, 1.2, 8), np.arange(8) > 0
    for s in (1e-9, 1e-12, 1e-20, 1e-100):
        yield (
            f"sine of x / {s:g}, one entry 0",
            lambda x, s=s: np.sum(np.sin(x / s)),
            s * u,
            keep * np.cos(u) / s,
        )
        yield (
            f"squares of x / {s:g}, one entry 0",
            lambda x, s=s: np.sum((x / s) ** 2),
            s * u,
            keep * 2 * u / s,
        )
        yield f"squares of numbers of {s:g}, 0", lambda x: np.sum(x * x), s * u, 0 * u
    yield (
        "logarithm at 1e-20, one entry 0",
        lambda x: np.sum(np.log(x)),
        1e-20 * u,
        keep / (1e-20 * u),
    )
