"""Convolution and pooling of images (B, C, H, W), with both gradients (lessons 12 and 13).

What networks call convolution slides the kernel without flipping it: a cross-correlation.
`correlate` and `convolve` tell the two apart; `Conv2D` correlates.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlib._shapes import Layer, ShapeError, check_shape, floats
from nnlib.initializers import he


def correlate(x, w, mode="valid"):
    """Return sum_ab x[p + a, q + b] w[a, b] for every place (p, q) of the kernel, eq. (12.4).

    Parameters
    ----------
    x : ndarray (H, W)
    w : ndarray (m, n)
    mode : {"valid", "full", "same"}
        "valid": the kernel lies inside x, (H - m + 1, W - n + 1). "full": it overlaps x
        anywhere, (H + m - 1, W + n - 1). "same": the middle of full, (H, W); of an even
        kernel the larger half hangs out below and to the right.
    """
    x, w = _image("x", x), _image("w", w)
    m, n = w.shape
    margins = {"valid": (0, 0, 0, 0), "full": (m - 1, m - 1, n - 1, n - 1)}
    margins["same"] = ((m - 1) // 2, m // 2, (n - 1) // 2, n // 2)
    if mode not in margins:
        raise ValueError(f"mode is {mode!r}, expected 'valid', 'full' or 'same'")
    top, bottom, left, right = margins[mode]
    x = np.pad(x, ((top, bottom), (left, right)))
    if x.shape[0] < m or x.shape[1] < n:
        raise ShapeError(f"w has shape {w.shape}, expected at most {x.shape}, the shape of x")
    return (sliding_window_view(x, w.shape) * w).sum(axis=(-2, -1))


def flip(w):
    """Return w turned by 180 degrees (both axes reversed), not transposed, eq. (12.7)."""
    return w[::-1, ::-1]


def convolve(x, w, mode="valid"):
    """Return sum_ab x[p - a, q - b] w[a, b], the true convolution: correlate with w flipped.

    In mode "same" an even kernel hangs out above and to the left, the other way round than in
    `correlate`: so each of the two takes the gradient of the other back to its input.
    """
    x, w = _image("x", x), _image("w", w)
    if mode == "same":
        full = convolve(x, w, "full")
        top, left = (w.shape[0] - 1) // 2, (w.shape[1] - 1) // 2
        return full[top : top + x.shape[0], left : left + x.shape[1]]
    return correlate(x, flip(w), mode)


def output_size(size, kernel, stride=1, padding=0):
    """Return how many places a kernel has along one axis: (size + 2 p - m) // s + 1."""
    if stride < 1 or padding < 0:
        raise ValueError(f"stride is {stride} and padding {padding}, expected at least 1 and 0")
    places = (size + 2 * padding - kernel) // stride + 1
    if places < 1:
        raise ShapeError(f"a kernel of {kernel} does not fit into {size} with padding {padding}")
    return places


def windows(X, size, stride):
    """Return all windows of the images, (B, C, H_out, W_out, size, size): a view, no copy."""
    return sliding_window_view(X, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


def add_windows(parts, shape, stride):
    """Return images of `shape` to which every window (as `windows` cut them) was added.

    The reverse of `windows`: a pixel that lies in several windows gets the sum.
    """
    X = np.zeros(shape)
    H, W, size, _ = parts.shape[2:]
    for a in range(size):
        for b in range(size):
            X[:, :, a : a + stride * H : stride, b : b + stride * W : stride] += parts[..., a, b]
    return X


class Conv2D(Layer):
    """z_j = sum_k x_k correlated with W_jk, plus b_j, eqs. (12.23) to (12.28) and (12.37).

    Parameters
    ----------
    C_in, C_out : int
        Channels below, maps of this layer.
    size : int
        The kernel has size x size weights.
    rng : numpy.random.Generator
        Draws W (C_out, C_in, size, size); b (C_out,) starts at 0.
    stride, padding : int
        Pixels from window to window; rings of zeros around the image.
    """

    names = ("W", "b")

    def __init__(self, C_in, C_out, size, rng, stride=1, padding=0):
        self.W = he(C_out, C_in * size * size, rng).reshape(C_out, C_in, size, size)
        self.b = np.zeros(C_out)
        self.stride, self.padding = stride, padding

    def forward(self, X):
        """Return Z (B, C_out, H_out, W_out) for X (B, C_in, H, W)."""
        C_out, C_in, size, _ = self.W.shape
        check_shape("X", X, ("B", C_in, "H", "W"))
        output_size(min(np.shape(X)[2:]), size, self.stride, self.padding)
        self.X = _padded(X, self.padding)
        V = windows(self.X, size, self.stride)
        B, _, H, W = V.shape[:4]
        self.columns = V.transpose(0, 2, 3, 1, 4, 5).reshape(B * H * W, C_in * size * size)
        Z = self.columns @ self.W.reshape(C_out, -1).T + self.b
        self.Z_shape = (B, C_out, H, W)
        return Z.reshape(B, H, W, C_out).transpose(0, 3, 1, 2)

    def backward(self, delta):
        """Set dW and db from delta (B, C_out, H_out, W_out); return dX, of X's shape."""
        B, C_out, H, W = self.kept("Z_shape")
        check_shape("delta", delta, self.Z_shape)
        rows = np.asarray(delta).transpose(0, 2, 3, 1).reshape(B * H * W, C_out)
        self.dW = (rows.T @ self.columns).reshape(self.W.shape)
        self.db = rows.sum(axis=0)
        parts = (rows @ self.W.reshape(C_out, -1)).reshape(B, H, W, *self.W.shape[1:])
        dX = add_windows(parts.transpose(0, 3, 1, 2, 4, 5), self.X.shape, self.stride)
        return _cropped(dX, self.padding)


class Gain(Layer):
    """y_j = g_j a_j: one factor for each map, (C,), starting at 1, eqs. (12.29) to (12.31)."""

    names = ("g",)

    def __init__(self, C):
        self.g = np.ones(C)

    def forward(self, A):
        """Return g_j times map j, for A (B, C, H, W)."""
        check_shape("A", A, ("B", len(self.g), "H", "W"))
        self.A = np.asarray(A)
        return self.A * self.g[:, None, None]

    def backward(self, upstream):
        """Set dg, the sum over examples and pixels of upstream times A; return dA."""
        check_shape("upstream", upstream, self.kept("A").shape)
        self.dg = (upstream * self.A).sum(axis=(0, 2, 3))
        return upstream * self.g[:, None, None]


class Pool2D(Layer):
    """What all pooling shares: windows of size x size, `stride` apart, in every map."""

    def __init__(self, size, stride=None):
        self.size, self.stride = size, size if stride is None else stride

    def forward(self, X):
        """Return one number per window of X (B, C, H, W): (B, C, H_out, W_out)."""
        check_shape("X", X, ("B", "C", "H", "W"))
        output_size(min(np.shape(X)[2:]), self.size, self.stride)
        self.X = np.asarray(X)
        V = windows(self.X, self.size, self.stride)
        self.V = V.reshape(*V.shape[:4], self.size**2)
        return self.pool(self.V)

    def backward(self, upstream):
        """Return dX: every window gets its share of its upstream number."""
        check_shape("upstream", upstream, self.kept("V").shape[:4])
        parts = self.share(self.V, np.asarray(upstream)[..., None])
        parts = parts.reshape(*parts.shape[:4], self.size, self.size)
        return add_windows(parts, self.X.shape, self.stride)


class MaxPool2D(Pool2D):
    """The largest number of every window; going back, it alone gets the upstream, eq. (13.3).

    At a tie the first of them, row by row, gets all of it.
    """

    def pool(self, V):
        """Return the maximum of each window, and remember where it stood."""
        self.winner = V.argmax(axis=-1)
        return V.max(axis=-1)

    def share(self, V, upstream):
        """Return upstream at the winner's place, 0 elsewhere."""
        return upstream * (np.arange(V.shape[-1]) == self.winner[..., None])


class AvgPool2D(Pool2D):
    """The mean of every window; going back, all its entries get an equal share, eq. (13.6)."""

    def pool(self, V):
        """Return the mean of each window."""
        return V.mean(axis=-1)

    def share(self, V, upstream):
        """Return upstream / size^2 at every place."""
        return np.broadcast_to(upstream / V.shape[-1], V.shape)


class Subsample2D(AvgPool2D):
    """Learnable subsampling: W_j times the mean of every window of map j, plus b_j.

    Eqs. (13.8) to (13.11). W (C,) starts at 1 and b (C,) at 0, where it is average pooling
    (LeCun et al., 1998).
    """

    names = ("W", "b")

    def __init__(self, C, size, stride=None):
        super().__init__(size, stride)
        self.W, self.b = np.ones(C), np.zeros(C)

    def forward(self, X):
        """Return W_j mean + b_j, (B, C, H_out, W_out)."""
        check_shape("X", X, ("B", len(self.W), "H", "W"))
        self.M = super().forward(X)
        return self.M * self.W[:, None, None] + self.b[:, None, None]

    def backward(self, upstream):
        """Set dW_j = sum upstream * mean and db_j = sum upstream; return dX."""
        check_shape("upstream", upstream, self.kept("M").shape)
        self.dW = (upstream * self.M).sum(axis=(0, 2, 3))
        self.db = np.sum(upstream, axis=(0, 2, 3))
        return super().backward(upstream * self.W[:, None, None])


def _image(symbol, x):
    check_shape(symbol, x, ("H", "W"))
    return floats(x)


def _padded(X, p):
    return np.pad(X, ((0, 0), (0, 0), (p, p), (p, p))) if p else np.asarray(X)


def _cropped(X, p):
    return X[:, :, p:-p, p:-p] if p else X
