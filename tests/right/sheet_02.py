"""Sheet 02 answered with copies, with lists, by flattening, by lambdas: all of it right."""

import numpy as np


def central_by_sides(f, x, h):
    right, left = (f(x + h) - f(x)) / h, (f(x) - f(x - h)) / h
    return (right + left) / 2


def central_by_chord(f, x, h):
    ends = x - h, x + h
    low, high = map(f, ends)
    return 0.5 * (high - low) / h


def gradient_by_copies(f, x, h):
    slopes = np.empty(x.shape)
    for k in np.ndindex(*x.shape):
        right, left = np.array(x, dtype=float), np.array(x, dtype=float)
        right[k] += h
        left[k] -= h
        slopes[k] = (f(right) - f(left)) / (2 * h)
    return slopes


def gradient_by_flattening(f, x, h):
    flat, slopes = x.astype(np.float64).flatten(), []
    for k in range(flat.size):
        kept, values = flat[k], []
        for side in (1, -1):
            flat[k] = kept + side * h
            values.append(f(flat.reshape(x.shape).copy()))
        flat[k] = kept
        slopes.append((values[0] - values[1]) / (2 * h))
    return np.reshape(slopes, x.shape)


def relative_by_where(a, b, floor):
    size = np.where(np.abs(a) > np.abs(b), np.abs(a), np.abs(b))
    size = np.where(size < floor, floor, size)
    return abs(b - a) / size


def relative_by_entries(a, b, floor):
    pairs = zip(a.ravel(), b.ravel())
    return np.reshape([abs(p - q) / max(abs(p), abs(q), floor) for p, q in pairs], a.shape)


def jacobian_by_columns(f, x, h):
    J = np.empty((len(f(x)), len(x)))
    for k in range(len(x)):
        nudge = np.where(np.arange(len(x)) == k, h, 0.0)
        J[:, k] = 0.5 / h * (f(x + nudge) - f(x - nudge))
    return J


def jacobian_transposed_twice(f, x, h):
    right = np.array([f(x + n) for n in h * np.eye(len(x))])
    left = np.array([f(x - n) for n in h * np.eye(len(x))])
    return ((right - left) / (2 * h)).T


def along_by_flattening(f, x, claimed, v, h):
    measured = f(x + h * v) - f(x - h * v)
    return measured / 2 / h, claimed.ravel() @ v.ravel()


def along_by_loop(f, x, claimed, v, h):
    predicted = 0.0
    for k in np.ndindex(x.shape):
        predicted += claimed[k] * v[k]
    return [0.5 * (f(x + h * v) - f(x - v * h)) / h, predicted]


def step_by_power(f_0, f_3, eps):
    return (3 * eps * f_0 / f_3) ** (1 / 3)


def step_by_logs(f_0, f_3, eps):
    return np.exp((np.log(3) + np.log(eps) + np.log(f_0) - np.log(f_3)) / 3)


def wrong_by_loop(f, x, claimed, h, limit):
    measured, accused = gradient_by_copies(f, x, h), []
    for k in np.ndindex(x.shape):
        size = max(abs(measured[k]), abs(claimed[k]), 1e-8)
        if abs(measured[k] - claimed[k]) > limit * size:
            accused.append(k)
    return accused


def wrong_by_mask(f, x, claimed, h, limit):
    off = relative_by_where(claimed, gradient_by_flattening(f, x, h), 1e-8)
    return list(zip(*(index.tolist() for index in np.nonzero(off > limit))))


RIGHT = {
    "2.1": [central_by_sides, central_by_chord],
    "2.3": [gradient_by_copies, gradient_by_flattening],
    "2.4": [relative_by_where, relative_by_entries],
    "2.5": [jacobian_by_columns, jacobian_transposed_twice],
    "2.6": [along_by_flattening, along_by_loop],
    "2.7": [step_by_power, step_by_logs],
    "2.9": [wrong_by_loop, wrong_by_mask],
}

# One change in the sheet's own solution that changes nothing: every entry is written anyway.
EQUAL_MUTANTS = {
    "2.3": ["change name 'np.zeros' in 'slopes = np.zeros(x.shape)'"],
    "2.9": [
        "move constant '1e-08' in 'off = relative_error(claimed, measured, 1e-8)'",
        "swap operator 'off[k] > limit' in "
        "'return [k for k in np.ndindex(x.shape) if off[k] > limit]'",
    ],
}
