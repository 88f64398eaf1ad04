"""What all of nnlib shares: shape errors in the notation of the course, and the form of a layer."""

import numpy as np


class ShapeError(ValueError):
    """An array does not have the shape its symbol promises."""

    def _render_traceback_(self):
        """Show a notebook reader the sentence alone, without the stack."""
        return [f"ShapeError: {self}"]


def check_shape(symbol, array, expected, *hints):
    """Raise ShapeError unless `array` has the shape `expected`.

    Parameters
    ----------
    symbol : str
        Name of the array in the mathematics, for the message.
    array : array_like
        What was given.
    expected : tuple of int and str
        A number must match; a letter matches any size, the same size wherever
        it stands again: ``("B", 3)`` or ``("D", "D")``.
    hints : str
        What to look at if axis 0, 1, ... has another size (the last one holds for the axes
        after it), with the sizes as ``{found}`` and ``{expected}``.

    Raises
    ------
    ShapeError
        Names the symbol, both shapes and the likely cause.
    """
    found = np.shape(array)
    if found != expected and not _matches(found, expected):
        cause = _likely_cause(found, expected, hints or ("look at axis {axis}",))
        wanted = str(tuple(expected)).replace("'", "")
        raise ShapeError(f"{symbol} has shape {found}, expected {wanted}: {cause}")


def floats(Z):
    """Return Z as an array of floats: whole numbers become float64, since -z wraps in uint8."""
    Z = np.asarray(Z)
    return Z if Z.dtype.kind == "f" else Z.astype(float)


class Layer:
    """What all layers share: named parameters and, beside them, their gradients."""

    names = ()  # of the parameters; the gradient of W is the attribute dW
    training = False  # True while `fit` trains: only Dropout behaves differently then

    def __init_subclass__(cls):
        """Ask a subclass that changes `backward` alone for its gradients through `backward`."""
        if "backward" in vars(cls) and "set_gradients" not in vars(cls):
            cls.set_gradients = Layer.set_gradients

    @property
    def parameters(self):
        """Return {name: array}; writing into an array changes the layer."""
        return {name: getattr(self, name) for name in self.names}

    @property
    def gradients(self):
        """Return {name: dL/d(name)}, as the last `backward` left them."""
        return {name: self.kept("d" + name) for name in self.names}

    def set_gradients(self, upstream):
        """Set the gradients of the parameters alone: all that the lowest layer has to do."""
        self.backward(upstream)

    def astype(self, dtype):
        """Turn every parameter into `dtype`, float32 for example; return the layer itself."""
        for name in self.names:
            setattr(self, name, getattr(self, name).astype(dtype))
        return self

    def kept(self, name):
        """Return what an earlier pass kept on this layer; say so when there was none."""
        if name not in vars(self):
            layer = type(self).__name__
            raise RuntimeError(f"{layer} has no {name} yet: call forward, then backward")
        return getattr(self, name)


def _matches(found, expected):
    if len(found) != len(expected):
        return False
    sizes = {}
    for size, want in zip(found, expected):  # a loop: at every step of a training, so fast
        if size != (sizes.setdefault(want, size) if isinstance(want, str) else want):
            return False
    return True


def _likely_cause(found, expected, hints):
    if _matches((1, *found), expected):
        return "one example is a batch of one, write x[None, :]"
    if _matches((*found, 1), expected):
        return "one number a row is a matrix with one column, write x[:, None]"
    if len(found) != len(expected):
        return f"the number of axes is {len(found)}, expected {len(expected)}"
    if len(found) == 2 and _matches(found[::-1], expected):
        return "is it transposed?"
    for axis, (size, wanted) in enumerate(zip(found, expected)):
        if size != wanted and not isinstance(wanted, str):
            hint = hints[min(axis, len(hints) - 1)]
            return hint.format(axis=axis, found=size, expected=wanted)
    return "axes with the same letter must have the same size"
