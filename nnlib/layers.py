"""Layers: `forward` and `backward` side by side (lessons 05 and 06).

A layer keeps from `forward` what `backward` needs. `backward` takes the upstream
gradient dL/d(output), sets a gradient for every parameter and returns dL/d(input),
which is the upstream of the layer below. No layer divides by B: the loss has done it.
"""

import numpy as np

from nnlib._shapes import check_shape
from nnlib.activations import ACTIVATIONS
from nnlib.initializers import he


class Layer:
    """What all layers share: named parameters and, beside them, their gradients."""

    names = ()  # of the parameters; the gradient of W is the attribute dW
    training = False  # True while `fit` trains: only Dropout behaves differently then

    @property
    def parameters(self):
        """Return {name: array}; writing into an array changes the layer."""
        return {name: getattr(self, name) for name in self.names}

    @property
    def gradients(self):
        """Return {name: dL/d(name)}, as the last `backward` left them."""
        return {name: self.kept("d" + name) for name in self.names}

    def kept(self, name):
        """Return what an earlier pass kept on this layer; say so when there was none."""
        if name not in vars(self):
            layer = type(self).__name__
            raise RuntimeError(f"{layer} has no {name} yet: call forward, then backward")
        return getattr(self, name)


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
        check_shape("A_prev", A_prev, ("B", self.W.shape[1]), _units_hint("below", A_prev))
        self.A_prev = np.asarray(A_prev)
        return self.A_prev @ self.W.T + self.b  # (6.12)

    def backward(self, delta):
        """Set dW and db from delta = dL/dZ (B, D_out); return dL/dA_prev (B, D_in)."""
        A_prev, delta = self.kept("A_prev"), np.asarray(delta)
        hint = _units_hint("above", delta, len(A_prev))
        check_shape("delta", delta, (len(A_prev), len(self.W)), hint)
        self.dW = delta.T @ A_prev  # (6.17)
        self.db = delta.sum(axis=0)  # (6.18)
        return delta @ self.W  # (6.20)


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
    """While training, set each entry to 0 with probability `rate`, scale up the others.

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
        keep = 1.0 - self.rate
        self.scale = self._mask(np.shape(A)) / keep if self.training else np.ones(np.shape(A))
        return A * self.scale

    def backward(self, upstream):
        """Return the upstream gradient through the same mask."""
        check_shape("upstream", upstream, self.kept("scale").shape)
        return upstream * self.scale

    def _mask(self, shape):
        return self.rng.random(shape) >= self.rate


def _units_hint(where, array, rows=None):
    """Return the likely cause when a matrix does not fit the layer."""
    shape = np.shape(array)
    if len(shape) != 2:
        return ""
    if rows not in (None, shape[0]):
        return f"did another batch, of {rows} rows, go forward since?"
    return f"did the layer {where} have {shape[1]} units?"
