"""Layers: `forward` and `backward` side by side (lessons 05 and 06).

A layer keeps from `forward` what `backward` needs. `backward` takes the upstream
gradient dL/d(output), sets a gradient for every parameter and returns dL/d(input),
which is the upstream of the layer below. No layer divides by B: the loss has done it.
"""

import numpy as np

from nnlib._shapes import Layer, check_shape, floats
from nnlib.activations import ACTIVATIONS
from nnlib.initializers import he

UNITS_BELOW = "did the layer below have {found} units?"
UNITS_ABOVE = "did the layer above have {found} units?"
BATCH = "did another batch, of {expected} rows, go forward since?"


class Dense(Layer):
    """Affine map z = W a + b of each row of a batch, eqs. (6.12), (6.17), (6.18) and (6.20).

    Parameters
    ----------
    D_in, D_out : int
        Units below and units of this layer.
    rng : numpy.random.Generator
        Draws the starting W (D_out, D_in); b (D_out,) starts at 0.
    initializer : callable
        ``initializer(D_out, D_in, rng)``, from `nnlib.initializers`.
    """

    names = ("W", "b")

    def __init__(self, D_in, D_out, rng, initializer=he):
        self.W = initializer(D_out, D_in, rng)
        self.b = np.zeros(D_out)

    def forward(self, A_prev):
        """Return Z (B, D_out) for A_prev (B, D_in), which is kept for `backward`."""
        check_shape("A_prev", A_prev, ("B", self.W.shape[1]), UNITS_BELOW)
        self.A_prev = np.asarray(A_prev)
        return self.A_prev @ self.W.T + self.b  # (6.12)

    def backward(self, delta):
        """Set dW and db from delta = dL/dZ (B, D_out); return dL/dA_prev (B, D_in)."""
        Dense.set_gradients(self, delta)
        return np.asarray(delta) @ self.W  # (6.20)

    def set_gradients(self, delta):
        """Set dW and db alone: nobody asks for the gradient of the data below the first layer."""
        A_prev, delta = self.kept("A_prev"), np.asarray(delta)
        check_shape("delta", delta, (len(A_prev), len(self.W)), BATCH, UNITS_ABOVE)
        self.dW = delta.T @ A_prev  # (6.17)
        self.db = delta.sum(axis=0)  # (6.18)


class Activation(Layer):
    """Elementwise a = f(z), eqs. (6.15) and (6.21).

    Parameters
    ----------
    f : str or pair of callables
        A name in `nnlib.activations.ACTIVATIONS`, or (f, f_prime).
    """

    def __init__(self, f):
        if isinstance(f, str) and f not in ACTIVATIONS:
            raise ValueError(f"no activation is called {f!r}: choose from {', '.join(ACTIVATIONS)}")
        self.f, self.f_prime = ACTIVATIONS[f] if isinstance(f, str) else f

    def forward(self, Z):
        """Return A = f(Z), of any shape; Z is kept for `backward`."""
        self.Z = np.asarray(Z)
        return self.f(self.Z)

    def backward(self, dA):
        """Return delta = dL/dZ = dA * f'(Z), of the shape of Z."""
        Z = self.kept("Z")
        check_shape("dA", dA, Z.shape)
        return dA * self.f_prime(Z)  # (6.21), in the last layer (6.15)


class Flatten(Layer):
    """Lay each example out as one row: (B, ...) becomes (B, D)."""

    def forward(self, X):
        """Return X as (B, D)."""
        self.shape = np.shape(X)
        return np.reshape(X, (len(X), int(np.prod(self.shape[1:]))))

    def backward(self, upstream):
        """Return the upstream gradient (B, D) in the shape X had."""
        B, *rest = self.kept("shape")
        check_shape("upstream", upstream, (B, int(np.prod(rest))))
        return np.reshape(upstream, self.shape)


class Dropout(Layer):
    """While training, set each entry to 0 with probability `rate`, scale up the others, (13.16).

    The scale 1 / (1 - rate) keeps the expected value, so that nothing needs to be done
    after training (Srivastava et al., 2014, in the "inverted" form).

    Parameters
    ----------
    rate : float
        Probability of dropping an entry, 0 <= rate < 1.
    rng : numpy.random.Generator
        Draws a new mask at every forward pass while `training` is True.
    """

    def __init__(self, rate, rng):
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"rate is {rate}, expected 0 <= rate < 1")
        self.rate, self.rng = rate, rng

    def forward(self, A):
        """Return A * mask / (1 - rate) while training, else A."""
        A = floats(A)
        if self.training:
            mask = self.rng.random(A.shape) >= self.rate
            self.scale = (mask / (1.0 - self.rate)).astype(A.dtype, copy=False)
        else:
            self.scale = np.ones_like(A)
        return A * self.scale

    def backward(self, upstream):
        """Return the upstream gradient through the same mask."""
        check_shape("upstream", upstream, self.kept("scale").shape)
        return upstream * self.scale


class LayerNorm(Layer):
    """Give every example mean 0 and variance 1 over its last axis, then scale and shift.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta, eqs. (15.32) and (15.33)
    (Ba, Kiros & Hinton, 2016).

    Parameters
    ----------
    D : int
        Size of the last axis; gamma (D,) starts at 1, beta (D,) at 0.
    epsilon : float
        Keeps the root away from 0.
    """

    names = ("gamma", "beta")

    def __init__(self, D, epsilon=1e-5):
        self.gamma, self.beta, self.epsilon = np.ones(D), np.zeros(D), epsilon

    def forward(self, X):
        """Return y, of X's shape (..., D)."""
        check_shape("X", X, (*np.shape(X)[:-1], len(self.gamma)))
        centred = X - np.mean(X, axis=-1, keepdims=True)
        self.spread = np.sqrt(np.mean(centred**2, axis=-1, keepdims=True) + self.epsilon)
        self.N = centred / self.spread
        return self.gamma * self.N + self.beta

    def backward(self, upstream):
        """Set dgamma and dbeta; return dX, (15.39): upstream less its mean and its part along N."""
        N = self.kept("N")
        check_shape("upstream", upstream, N.shape)
        examples = tuple(range(N.ndim - 1))
        self.dgamma = (upstream * N).sum(axis=examples)
        self.dbeta = np.sum(upstream, axis=examples)
        dN = upstream * self.gamma
        along = N * np.mean(dN * N, axis=-1, keepdims=True)
        return (dN - np.mean(dN, axis=-1, keepdims=True) - along) / self.spread
