"""A network is its layers in a row: forward from first to last, backward from last to first."""

import numpy as np

from nnlib.layers import Layer, check_shape


class Sequential(Layer):
    """Chain layers; the chain is itself a layer.

    Parameters
    ----------
    layers : list of layers
        Each takes what the one before it returns. A parameter's name is the number
        of its layer and its own name: ``"0.W"``.
    """

    def __init__(self, layers):
        self.layers = list(layers)

    def forward(self, X):
        """Return the output of the last layer for X (B, D)."""
        for layer in self.layers:
            X = layer.forward(X)
        return X

    def backward(self, upstream):
        """Set every layer's gradients from dL/d(output); return dL/dX."""
        for layer in reversed(self.layers):
            upstream = layer.backward(upstream)
        return upstream

    def set_gradients(self, upstream):
        """Set every layer's gradients as `backward` does, and go no further down than is needed."""
        lowest = next((n for n, layer in enumerate(self.layers) if layer.parameters), None)
        if lowest is not None:
            for layer in reversed(self.layers[lowest + 1 :]):
                upstream = layer.backward(upstream)
            self.layers[lowest].set_gradients(upstream)

    @property
    def parameters(self):
        """Return {"0.W": W, "0.b": b, ...} of all layers."""
        return self._named("parameters")

    @property
    def gradients(self):
        """Return {"0.W": dW, "0.b": db, ...}, as the last `backward` left them."""
        return self._named("gradients")

    @property
    def training(self):
        """Whether the layers are in training mode; setting it sets all of them."""
        return any(layer.training for layer in self.layers)

    @training.setter
    def training(self, value):
        for layer in self.layers:
            layer.training = value

    def astype(self, dtype):
        """Turn every parameter into `dtype`, float32 for example; return the network itself."""
        for layer in self.layers:
            layer.astype(dtype)
        return self

    def _named(self, kind):
        return {
            f"{n}.{name}": array
            for n, layer in enumerate(self.layers)
            for name, array in getattr(layer, kind).items()
        }


class PerToken(Sequential):
    """Apply the layers to every token by itself: (B, T, D) goes through as (B T, D)."""

    def forward(self, X):
        """Return (B, T, D_out) for X (B, T, D)."""
        check_shape("X", X, ("B", "T", "D"))
        rows = super().forward(np.reshape(X, (-1, np.shape(X)[2])))
        self.tokens = np.shape(X)[:2]
        return rows.reshape(*self.tokens, *rows.shape[1:])

    def backward(self, upstream):
        """Return dX (B, T, D) from upstream (B, T, D_out)."""
        check_shape("upstream", upstream, (*self.kept("tokens"), "D"))
        rows = super().backward(np.reshape(upstream, (-1, np.shape(upstream)[2])))
        return rows.reshape(*self.tokens, *rows.shape[1:])


class Residual(Sequential):
    """y = x + f(x), f the layers in a row: the gradient takes both ways, (15.30) and (15.31)."""

    def forward(self, X):
        """Return X + f(X), of X's shape."""
        f = super().forward(X)
        check_shape("f(X)", f, np.shape(X), "the layers must return the shape they are given")
        return np.add(X, f)

    def backward(self, upstream):
        """Return upstream + the gradient through f."""
        return np.add(upstream, super().backward(upstream))
