"""Convolution, pooling and attention in their plain form: whole batches, as the lessons write them.

nnlib's layers are tuned; tests hold that they agree with these, and benchmarks what they gain.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(X, size, stride):
    """Return all windows of X (B, C, H, W): a view (B, C, H_out, W_out, size, size)."""
    return sliding_window_view(X, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]


def add_windows(parts, shape, stride):
    """Return images of `shape` to which every window (as `windows` cut them) was added."""
    X = np.zeros(shape, parts.dtype)
    H, W, size, _ = parts.shape[2:]
    for a, b in np.ndindex(size, size):
        X[:, :, a : a + stride * H : stride, b : b + stride * W : stride] += parts[..., a, b]
    return X


def convolution(X, W, b, delta, stride=1, padding=0):
    """Return Z, dX, dW, db: windows as rows, (12.37) and (12.38)."""
    p, (C_out, _, size, _) = padding, W.shape
    X = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
    V = windows(X, size, stride)
    B, C_in, P, Q = V.shape[:4]
    C = V.transpose(0, 2, 3, 1, 4, 5).reshape(B * P * Q, C_in * size**2)
    Z = (C @ W.reshape(C_out, -1).T + b).reshape(B, P, Q, C_out).transpose(0, 3, 1, 2)
    rows = delta.transpose(0, 2, 3, 1).reshape(B * P * Q, C_out)
    parts = (rows @ W.reshape(C_out, -1)).reshape(B, P, Q, C_in, size, size)
    dX = add_windows(parts.transpose(0, 3, 1, 2, 4, 5), X.shape, stride)
    dX = dX[:, :, p : X.shape[2] - p, p : X.shape[3] - p]
    return Z, dX, (rows.T @ C).reshape(W.shape), rows.sum(axis=0)


def max_pooling(X, upstream, size, stride):
    """Return Y and dX: the first maximum of a window gets its upstream, (13.1) and (13.3)."""
    V = windows(X, size, stride)
    V = V.reshape(*V.shape[:4], size**2)
    winner = np.arange(size**2) == V.argmax(axis=-1)[..., None]
    parts = (upstream[..., None] * winner).reshape(*V.shape[:4], size, size)
    return V.max(axis=-1), add_windows(parts, X.shape, stride)


def attention(Q, K, V, upstream, mask=None):
    """Return the output, dQ, dK, dV, for all examples and heads at once, (15.8) to (15.17)."""
    S = Q @ np.swapaxes(K, -1, -2) / Q.shape[-1] ** 0.5
    S = S if mask is None else np.where(mask, S, -np.inf)
    A = np.exp(S - S.max(axis=-1, keepdims=True))
    A = A / A.sum(axis=-1, keepdims=True)
    dA = upstream @ np.swapaxes(V, -1, -2)
    dS = A * (dA - (A * dA).sum(axis=-1, keepdims=True)) / Q.shape[-1] ** 0.5
    dV, dK = (np.swapaxes(M, -1, -2) for M in (A, dS))
    return A @ V, dS @ K, dK @ Q, dV @ upstream
