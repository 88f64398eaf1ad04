"""What all of nnlib shares: shape errors in the notation of the course, and the form of a layer."""

import numpy as np


class ShapeError(ValueError):
    """An array does not have the shape its symbol promises."""

    def _render_traceback_(self):
        """Show a notebook reader the sentence alone, without the stack."""
        return [f"ShapeError: {self}"]


def check_shape(symbol, array, expected, hint=""):
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
    hint : str or callable
        The likely cause, or what returns it, if the shapes alone do not show one (a transposed
        array does).

    Raises
    ------
    ShapeError
        Names the symbol, both shapes and the likely cause.
    """
    found = np.shape(array)
    if found != expected and not _matches(found, expected):
        hint = hint() if callable(hint) else hint
        cause = _known_mistake(found, expected) or hint or _first_difference(found, expected)
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
        """Let who changes `backward` alone be asked for gradients through that `backward`."""
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


def _known_mistake(found, expected):
    if _matches((1, *found), expected):
        return "one example is a batch of one, write x[None, :]"
    if _matches((*found, 1), expected):
        return "one number a row is a matrix with one column, write x[:, None]"
    return "is it transposed?" if len(found) == 2 and _matches(found[::-1], expected) else ""


def _first_difference(found, expected):
    if len(found) != len(expected):
        return f"the number of axes is {len(found)}, expected {len(expected)}"
    axes = [n for n in range(len(found)) if not _matches(found[n : n + 1], expected[n : n + 1])]
    same = "axes with the same letter must have the same size"
    return f"look at axis {axes[0]}" if axes else same
