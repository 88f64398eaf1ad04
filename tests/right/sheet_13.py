"""Sheet 13 answered with windows, with masks, by counting otherwise: all of it right."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def pool_by_windows(x, m, s):
    return sliding_window_view(x, (m, m))[::s, ::s].max(axis=(-2, -1))


def pool_by_lists(x, m, s):
    H, V = x.shape
    return [[max(x[u + r, v + c] for r in range(m) for c in range(m))
             for v in range(0, V - m + 1, s)] for u in range(0, H - m + 1, s)]


def max_back_by_argmax(x, U, m, s):
    dx = np.zeros_like(x)
    for (p, q), slope in np.ndenumerate(U):
        r, c = divmod(int(np.argmax(x[s * p : s * p + m, s * q : s * q + m])), m)
        dx[s * p + r, s * q + c] += slope
    return dx


def max_back_at_once(x, U, m, s):
    places = sliding_window_view(np.arange(x.size).reshape(x.shape), (m, m))[::s, ::s]
    best = sliding_window_view(x, (m, m))[::s, ::s].reshape(*U.shape, m * m).argmax(axis=2)
    winners = np.take_along_axis(places.reshape(*U.shape, m * m), best[..., None], axis=2)
    dx = np.zeros(x.size)
    np.add.at(dx, winners.ravel(), U.ravel())
    return dx.reshape(x.shape)


def avg_back_by_pixels(U, shape, m, s):
    dx = np.zeros(shape)
    for u, v in np.ndindex(*shape):
        for p, q in np.ndindex(U.shape):
            if 0 <= u - s * p < m and 0 <= v - s * q < m:
                dx[u, v] += U[p, q]
    return dx / (m * m)


def avg_back_by_matrices(U, shape, m, s):
    sees = [np.array([[s * p <= u < s * p + m for u in range(size)] for p in range(count)])
            for size, count in zip(shape, U.shape)]
    return sees[0].T @ U @ sees[1] / m**2


def subsample_by_matrices(x, U, w, m, s):
    mu = sliding_window_view(x, (m, m), axis=(1, 2))[:, ::s, ::s].mean(axis=(3, 4))
    dx = [w_j * avg_back_by_matrices(U_j, x.shape[1:], m, s) for w_j, U_j in zip(w, U)]
    return np.einsum("jpq,jpq->j", U, mu), np.einsum("jpq->j", U), np.stack(dx)


def subsample_by_places(x, U, w, m, s):
    dw, db, dx = np.zeros(len(w)), np.zeros(len(w)), np.zeros(x.shape)
    for j, p, q in np.ndindex(U.shape):
        at = j, slice(s * p, s * p + m), slice(s * q, s * q + m)
        dw[j] += U[j, p, q] * np.mean(x[at])
        db[j] += U[j, p, q]
        dx[at] += U[j, p, q] * w[j] / m**2
    return [dw, db, dx]


def rows_by_corners(u, H, m, s):
    corners = range(0, H - m + 1, s)
    return tuple(p for p, corner in enumerate(corners) if u in range(corner, corner + m))


def rows_by_marks(u, H, m, s):
    holds = np.zeros(H, int)
    holds[u] = 1
    return np.flatnonzero(sliding_window_view(holds, m)[::s].sum(axis=1))


def gap_by_rolling(f, x, t_1, t_2, s):
    T = np.roll(x, (s * t_1, s * t_2), axis=(0, 1))
    T[: s * t_1], T[:, : s * t_2] = 0, 0
    there, here = f(T), f(x)
    H, V = here.shape
    return abs(there[t_1:, t_2:] - here[: H - t_1, : V - t_2]).max()


def gap_by_loops(f, x, t_1, t_2, s):
    T = np.zeros_like(x)
    for u, v in np.ndindex(x.shape):
        if u >= s * t_1 and v >= s * t_2:
            T[u, v] = x[u - s * t_1, v - s * t_2]
    there, here = f(T), f(x)
    H, V = here.shape
    return max(abs(there[p, q] - here[p - t_1, q - t_2])
               for p in range(t_1, H) for q in range(t_2, V))


def count_by_shapes(H, V, J_1, J_2, C):
    P, Q = H // 2 - 1, V // 2 - 1
    shapes = [(J_1, 1, 3, 3), (J_1,), (J_2, J_1, 3, 3), (J_2,), (C, J_2 * P * Q), (C,)]
    return sum(int(np.prod(shape)) for shape in shapes)


def count_by_layers(H, V, J_1, J_2, C):
    total, channels = 0, 1
    for maps in (J_1, J_2):
        total += maps * channels * 9 + maps
        channels = maps
    windows = len(range(0, H - 3, 2)) * len(range(0, V - 3, 2))
    return total + channels * windows * C + C


def _up(x, W, b, M, c):
    m = W.shape[1]
    seen = sliding_window_view(x, (m, m))
    z = np.einsum("pqrc,jrc->jpq", seen, W) + b[:, None, None]
    a = np.where(z > 0, z, 0)
    blocks = sliding_window_view(a, (2, 2), axis=(1, 2))[:, ::2, ::2]
    y = blocks.max(axis=(3, 4))
    logits = M @ y.reshape(-1) + c
    odds = np.exp(logits - np.max(logits))
    return seen, z, a, y, odds / np.sum(odds)


def cnn_by_places(x, t, W, b, M, c):
    seen, z, a, y, p = _up(x, W, b, M, c)
    delta = p - (np.arange(len(p)) == t)
    U, dW, db = (M.T @ delta).reshape(y.shape), np.zeros(W.shape), np.zeros(b.shape)
    for j, P, Q in np.ndindex(y.shape):
        block = a[j, 2 * P : 2 * P + 2, 2 * Q : 2 * Q + 2]
        r, s = divmod(int(block.argmax()), 2)
        if z[j, 2 * P + r, 2 * Q + s] > 0:
            dW[j] += U[j, P, Q] * seen[2 * P + r, 2 * Q + s]
            db[j] += U[j, P, Q]
    return dW, db, np.outer(delta, y), delta


def cnn_by_masks(x, t, W, b, M, c):
    seen, z, a, y, p = _up(x, W, b, M, c)
    one_hot = np.zeros(len(c))
    one_hot[t] = 1
    delta = p - one_hot
    U = np.einsum("c,ck->k", delta, M).reshape(y.shape)
    dz = np.stack([max_back_at_once(a_j, U_j, 2, 2) for a_j, U_j in zip(a, U)])
    dz[z <= 0] = 0
    dW = np.einsum("jpq,pqrc->jrc", dz, seen)
    return [dW, np.add.reduce(dz, axis=(1, 2)), delta[:, None] * y.ravel(), delta]


RIGHT = {
    "13.1": [pool_by_windows, pool_by_lists],
    "13.3": [max_back_by_argmax, max_back_at_once],
    "13.4": [avg_back_by_pixels, avg_back_by_matrices],
    "13.5": [subsample_by_matrices, subsample_by_places],
    "13.6": [rows_by_corners, rows_by_marks],
    "13.7": [gap_by_rolling, gap_by_loops],
    "13.8": [count_by_shapes, count_by_layers],
    "13.10": [cnn_by_places, cnn_by_masks],
}

# One change in the sheet's own solution that changes nothing: every entry is written anyway, and
# a factor of 1 may be left out.
EQUAL_MUTANTS = {
    "13.1": ["change name 'np.zeros' in 'y = np.zeros((H_y, V_y))'"],
    "13.8": ["keep right '1 * 9' in 'first = J_1 * (1 * 9 + 1)'"],
}
