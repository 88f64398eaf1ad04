"""Convolution and pooling of images (B, C, H, W), with both gradients (lessons 12 and 13).

What networks call convolution slides the kernel without flipping it: a cross-correlation.
`correlate` and `convolve` tell the two apart; `Conv2D` correlates. The layers work on a few images
at a time, so that these stay in the processor's cache; the same for a whole batch, in a dozen lines
each, stands in ``tests/plain.py``.
"""

from functools import reduce
from itertools import repeat

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from nnlib._shapes import Layer, ShapeError, check_shape, floats
from nnlib.initializers import he

# mode: how many rows of zeros go before and behind x, for a kernel of m rows
MARGINS = {
    "valid": lambda m: (0, 0),
    "full": lambda m: (m - 1, m - 1),
    "same": lambda m: ((m - 1) // 2, m // 2),
}


def correlate(x, w, mode="valid"):
    """Return sum_rc x[p + r, q + c] w[r, c] for every place (p, q) of the kernel, eq. (12.4).

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
    if mode not in MARGINS:
        raise ValueError(f"mode is {mode!r}, expected 'valid', 'full' or 'same'")
    x = np.pad(x, [MARGINS[mode](m) for m in w.shape])
    if np.any(np.less(x.shape, w.shape)):
        raise ShapeError(f"w has shape {w.shape}, expected at most {x.shape}, the shape of x")
    return (sliding_window_view(x, w.shape) * w).sum(axis=(-2, -1))


def flip(w):
    """Return w turned by 180 degrees (both axes reversed), not transposed."""
    return w[::-1, ::-1]


def convolve(x, w, mode="valid"):
    """Return sum_rc x[p - r, q - c] w[r, c], the true convolution (12.6): w flipped, correlated.

    In mode "same" an even kernel hangs out above and to the left, the other way round than in
    `correlate`: so each of the two takes the gradient of the other back to its input.
    """
    x, w = _image("x", x), _image("w", w)
    if mode == "same":
        return flip(correlate(flip(x), w, mode))
    return correlate(x, flip(w), mode)  # (12.7)


def output_size(size, kernel, stride=1, padding=0):
    """Return how many places a kernel has along one axis: (size + 2 p - m) // s + 1, (12.33)."""
    if stride < 1 or padding < 0:
        raise ValueError(f"stride is {stride} and padding {padding}, expected at least 1 and 0")
    places = (size + 2 * padding - kernel) // stride + 1
    if places < 1:
        raise ShapeError(f"a kernel of {kernel} does not fit into {size} with padding {padding}")
    return places


def windows(X, size, stride):
    """Return all windows of X (C, B + 1, H, W), a view (C, size, size, B, H_out, W_out).

    With stride 1 every pixel of a row has a window, (..., H_out, W): the entries (r, c) of all
    windows are then one run of pixels, from r W + c on, and fast to copy. A window over the end
    of its row means nothing; the very last reach into the spare image.
    """
    C, B, H, W = X.shape
    H_out, W_out = output_size(H, size, stride), output_size(W, size, stride)
    channel, image, row, pixel = X.strides
    shape = C, size, size, B - 1, H_out, W if stride == 1 else W_out
    return as_strided(X, shape, (channel, row, pixel, image, stride * row, stride * pixel))


def add_windows(parts, shape, size, stride):
    """Return images of `shape` (C, B, H, W) to which each window of parts was added.

    The reverse of `windows`: a pixel in several windows gets the sum. With stride 1 parts is
    (C size^2, B H W), a window for every pixel, 0 where it reaches over an end. Row (r, c)
    belongs r W + c pixels further on: laid askew, the rows add up in one sum.
    """
    (C, B, H, W), m, n = shape, size, parts.shape[1]
    if stride == 1:
        steps = [parts.itemsize * step for step in (m * m * n, m * n - W, n - 1, 1)]
        askew = np.ndarray((C, m, m, n), parts.dtype, parts, strides=steps)
        return askew.sum(axis=(1, 2)).reshape(shape)
    X, P, Q = np.zeros(shape, parts.dtype), output_size(H, m, stride), output_size(W, m, stride)
    parts = parts.reshape(C, m, m, B, P, Q)
    for r, c in np.ndindex(m, m):
        X[:, :, r : r + stride * P : stride, c : c + stride * Q : stride] += parts[:, r, c]
    return X


def product(A, C):
    """Return A @ C, the rows of A dealt to products of at most a million multiplications.

    So small matrices OpenBLAS multiplies as they lie, without copying: up to twice as fast.
    """
    pieces = -(-A.size * C.shape[1] // 10**6)
    if pieces > len(A) // 4:  # products of so few rows would be slower again
        return A @ C
    while len(A) % pieces:
        pieces += 1
    return (A.reshape(pieces, -1, A.shape[1]) @ C).reshape(len(A), -1)


def portions(B, size):
    """Return slices of B images: as many in each as, with `size` bytes a piece, fill 128 KiB."""
    step = max(1, 2**17 // max(1, size))
    return [slice(start, start + step) for start in range(0, B, step)]


class Conv2D(Layer):
    """z_j = sum_k x_k correlated with W_jk, plus b_j, eqs. (12.23) to (12.28).

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
        H, W = (output_size(N, size, self.stride, self.padding) for N in np.shape(X)[2:])
        self.X = _channels_first(X, self.padding)
        self.windows = windows(self.X, size, self.stride)
        self.portions = portions(len(X), self.windows[:, :, :, :1].nbytes)
        Z = np.empty((len(X), C_out, H, W), np.result_type(self.X, self.W))
        for few in self.portions:
            rows = product(self.W.reshape(C_out, -1), self._columns(few))  # (12.37)
            rows += self.b[:, None]
            maps = rows.reshape(C_out, -1, *self.windows.shape[4:])
            Z[few] = maps[..., :W].swapaxes(0, 1)
        self.Z_shape = Z.shape
        return Z

    def backward(self, delta):
        """Set dW and db from delta (B, C_out, H_out, W_out); return dX, of X's shape."""
        delta, images, p = floats(delta), self.kept("X")[:, :-1], self.padding
        dX = np.empty(images.shape, np.result_type(delta, self.W))
        for few, rows in self._gradients(delta):
            parts = product(self.W.reshape(len(self.W), -1).T, rows)  # (12.38)
            shape = images[:, few].shape
            dX[:, few] = add_windows(parts, shape, self.W.shape[-1], self.stride)
        return dX.swapaxes(0, 1)[:, :, p : dX.shape[2] - p, p : dX.shape[3] - p]

    def set_gradients(self, delta):
        """Set dW and db alone."""
        for _ in self._gradients(floats(delta)):
            pass

    def _gradients(self, delta):
        """Set dW and db; yield slices of images and their delta as rows, 0 at spare columns."""
        check_shape("delta", delta, self.kept("Z_shape"))
        _, C_out, H, W = delta.shape
        places = self.X.shape[2:] if self.stride == 1 else (H, W)
        self.dW = np.zeros_like(self.W)
        self.db = (delta.reshape(-1, H * W) @ np.ones(H * W, delta.dtype)).reshape(-1, C_out).sum(0)
        for few in self.portions:
            maps = np.zeros((C_out, len(delta[few]), *places), delta.dtype)
            maps[:, :, :H, :W] = delta[few].swapaxes(0, 1)
            rows = maps[:, :, :H].reshape(C_out, -1)
            self.dW += product(rows, self._columns(few).T).reshape(self.W.shape)  # (12.38)
            yield few, maps.reshape(C_out, -1)

    def _columns(self, few):
        """Return the windows of a few images as columns, the C of (12.37) transposed."""
        return self.windows[:, :, :, few].reshape(self.W[0].size, -1)


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
        H, W = (output_size(N, self.size, self.stride) for N in np.shape(X)[2:])
        s, self.X, self.Y_shape = self.stride, np.asarray(X), (*np.shape(X)[:2], H, W)
        self.entries = [  # where the entries (r, c) of all windows are
            (..., slice(r, r + s * H, s), slice(c, c + s * W, s))
            for r in range(self.size)
            for c in range(self.size)
        ]
        return self.pool([self.X[entry] for entry in self.entries])

    def backward(self, upstream):
        """Return dX: every window gets its share of its upstream number."""
        check_shape("upstream", upstream, self.kept("Y_shape"))
        upstream = floats(upstream)
        dX, apart = np.zeros(self.X.shape, upstream.dtype), self.stride >= self.size
        for few in portions(len(dX), upstream[:1].nbytes):
            for entry, share in zip(self.entries, self.share(few, upstream[few])):
                place = dX[few][entry]
                place[...] = share if apart else place + share
        return dX


class MaxPool2D(Pool2D):
    """The largest number of every window; going back, it alone gets the upstream, (13.1), (13.3).

    At a tie the first of them, row by row, gets all of it.
    """

    def pool(self, entries):
        """Return the maximum of each window."""
        self.Y = reduce(np.maximum, entries[1:], entries[0].copy())
        return self.Y.copy()

    def share(self, few, upstream):
        """Yield, entry by entry, what each window has left if this is the first maximum, else 0."""
        for entry in self.entries[:-1]:
            share = upstream * (self.X[few][entry] == self.Y[few])
            upstream = upstream - share
            yield share
        yield upstream


class AvgPool2D(Pool2D):
    """The mean of every window; going back, all its entries get an equal share, (13.5), (13.6)."""

    def pool(self, entries):
        """Return the mean of each window."""
        return sum(floats(entry) for entry in entries) / len(entries)

    def share(self, few, upstream):
        """Yield upstream / size^2 for every entry."""
        return repeat(upstream / self.size**2, self.size**2)


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


def _channels_first(X, p):
    """Return X as (C, B + 1, H + 2 p, W + 2 p): rings of zeros, and a spare image of zeros."""
    X = floats(X)
    B, C, H, W = X.shape
    images = np.zeros((C, B + 1, H + 2 * p, W + 2 * p), X.dtype)
    images[:, :B, p : p + H, p : p + W] = X.swapaxes(0, 1)
    return images
