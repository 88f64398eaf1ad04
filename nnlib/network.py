"""A network is its layers in a row: forward from first to last, backward from last to first."""

from nnlib.layers import Layer


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

    def _named(self, kind):
        return {
            f"{n}.{name}": array
            for n, layer in enumerate(self.layers)
            for name, array in getattr(layer, kind).items()
        }
