"""Sheet 12 answered with loops, with einsum, with Fourier transforms: all of it right."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlib.activations import tanh, tanh_prime


def slide_by_loops(x, w):
    rows, columns = len(x) - len(w) + 1, len(x[0]) - len(w[0]) + 1
    return [[sum(x[p + r, q + c] * w[r, c] for r, c in np.ndindex(w.shape))
             for q in range(columns)] for p in range(rows)]


def slide_by_windows(picture, kernel):
    return np.tensordot(sliding_window_view(picture, kernel.shape), kernel, axes=2)


def stamp_by_sums(x, w):
    (H, V), (m, n) = x.shape, w.shape
    y = np.zeros((H + m - 1, V + n - 1))
    for p, q in np.ndindex(y.shape):
        for r, c in np.ndindex(m, n):
            if 0 <= p - r < H and 0 <= q - c < V:
                y[p, q] += x[p - r, q - c] * w[r, c]
    return y


def stamp_by_fourier(x, w):
    size = [a + b - 1 for a, b in zip(x.shape, w.shape)]
    return np.fft.ifft2(np.fft.fft2(x, size) * np.fft.fft2(w, size)).real


def kernel_by_places(x, delta):
    m, n = np.subtract(x.shape, delta.shape) + 1
    return sum(delta[p, q] * x[p : p + m, q : q + n] for p, q in np.ndindex(delta.shape))


def kernel_by_einsum(x, delta):
    return np.einsum("rcpq,pq->rc", sliding_window_view(x, delta.shape), delta)


def picture_by_stamps(delta, w):
    dx = np.zeros(np.add(delta.shape, w.shape) - 1)
    m, n = w.shape
    for p, q in np.ndindex(delta.shape):
        dx[p : p + m, q : q + n] += delta[p, q] * w
    return dx


def picture_by_the_big_matrix(delta, w):
    (P, Q), (m, n) = delta.shape, w.shape
    M = np.zeros((P, Q, P + m - 1, Q + n - 1))
    for p, q in np.ndindex(P, Q):
        M[p, q, p : p + m, q : q + n] = w
    return np.tensordot(delta, M, axes=2)


def parameters_by_weights(X, delta):
    P, Q = delta.shape[2:]
    m, n = X.shape[2] - P + 1, X.shape[3] - Q + 1
    dW = np.zeros((delta.shape[1], X.shape[1], m, n))
    for r, c in np.ndindex(m, n):
        dW[:, :, r, c] = np.tensordot(delta, X[:, :, r : r + P, c : c + Q], ((0, 2, 3),) * 2)
    return dW, np.einsum("bjpq->j", delta)


def parameters_by_examples(X, delta):
    m, n = np.subtract(X.shape[2:], delta.shape[2:]) + 1
    dW = np.zeros((delta.shape[1], X.shape[1], m, n))
    db = np.zeros(delta.shape[1])
    for x, d in zip(X, delta):
        for j, p, q in np.ndindex(d.shape):
            dW[j] += d[j, p, q] * x[:, p : p + m, q : q + n]
            db[j] += d[j, p, q]
    return [dW, db]


def gains_by_maps(U, z, g):
    dg = [np.vdot(U_j, tanh(z_j)) for U_j, z_j in zip(U, z)]
    return dg, np.stack([g_j * U_j * tanh_prime(z_j) for g_j, U_j, z_j in zip(g, U, z)])


def gains_by_answers(U, z, g):
    a = np.tanh(z)
    return (U * a).reshape(len(g), -1).sum(axis=1), (g * (U * (1 - a * a)).T).T


def windows_by_columns(X, m, n):
    B, K, H, V = X.shape
    P, Q = H - m + 1, V - n + 1
    columns = [X[:, k, r : r + P, c : c + Q].ravel() for k, r, c in np.ndindex(K, m, n)]
    return np.stack(columns, axis=1)


def windows_by_moving_axes(X, m, n):
    seen = np.moveaxis(sliding_window_view(X, (m, n), axis=(-2, -1)), 1, 3)
    return seen.reshape(np.prod(seen.shape[:3]), np.prod(seen.shape[3:]))


RIGHT = {
    "12.1": [slide_by_loops, slide_by_windows],
    "12.2": [stamp_by_sums, stamp_by_fourier],
    "12.3": [[[6, 3, 5, 5], [8, 6, 28, 24], [6], [8, 3, 32, 28], [8, 6, 16, 14]]],
    "12.4": [kernel_by_places, kernel_by_einsum],
    "12.5": [picture_by_stamps, picture_by_the_big_matrix],
    "12.7": [parameters_by_weights, parameters_by_examples],
    "12.8": [gains_by_maps, gains_by_answers],
    "12.9": [windows_by_columns, windows_by_moving_axes],
}

# One change in the sheet's own solution that changes nothing: every entry is written anyway, and
# a pair of equal slices may be exchanged.
EQUAL_MUTANTS = {
    "12.4": ["change name 'np.zeros' in 'dw = np.zeros((len(x) - P + 1, x.shape[1] - Q + 1))'"],
    "12.5": ["turn index 'w[::-1, ::-1]' in 'return slide(D, w[::-1, ::-1])'"],
}
