"""Sheet 08 answered row by row, with logaddexp, with hyperbolic functions: all of it right."""

import numpy as np

from nnlib.activations import sigmoid, softplus


def softmax_by_rows(Z):
    P = np.empty_like(Z)
    for i, z in enumerate(Z):
        e = np.exp(z - max(z))
        P[i] = e / sum(e)
    return P


def softmax_by_differences(Z):
    with np.errstate(over="ignore"):
        return 1 / np.exp(Z[:, np.newaxis, :] - Z[:, :, np.newaxis]).sum(axis=2)


def log_by_logaddexp(Z):
    return (Z.T - np.logaddexp.reduce(Z, axis=1)).T


def log_by_rows(Z):
    rows = []
    for z in Z:
        m = np.max(z)
        rows.append(z - (m + np.log(np.exp(z - m).sum())))
    return rows


def entropy_by_one_hot(Z, labels):
    Y = np.arange(Z.shape[1]) == labels[:, np.newaxis]
    return np.sum(np.logaddexp.reduce(Z, axis=1) - Z[Y]) / len(Z)


def entropy_by_rows(Z, labels):
    total = 0.0
    for z, k in zip(Z, labels):
        gaps = z - z[k]
        m = gaps.max()
        total += m + np.log(np.sum(np.exp(gaps - m)))
    return float(total / len(labels))


def gradient_by_entries(Z, Y):
    P, delta = softmax_by_rows(Z), np.zeros(Z.shape)
    for i, k in np.ndindex(*Z.shape):
        delta[i, k] = (P[i, k] - Y[i, k]) / Z.shape[0]
    return delta


def gradient_by_logs(Z, Y):
    return np.exp(log_by_logaddexp(Z)) / len(Z) - Y / len(Z)


def binary_by_two_halves(z, y):
    L = np.sum(y * softplus(-z) + (1 - y) * softplus(z)) / len(z)
    return [L, np.divide((1 - y) * sigmoid(z) - y * sigmoid(-z), z.size)]


def binary_by_parts(z, y):
    loss = np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))
    return loss.mean(), 0.5 * (np.tanh(0.5 * z) + 1 - 2 * y) / len(y)


def steep_by_sigmoids(z):
    return 1 / (sigmoid(z) * sigmoid(-z))


def steep_by_cosh(z):
    return (2 * np.cosh(z / 2)) ** 2


def slope_by_halves(p, y):
    return -(y / p - (1 - y) / (1 - p)) / len(y)


def slope_by_loops(p, y):
    return [float(-a / q + (1 - a) / (1 - q)) / p.size for q, a in zip(p, y)]


RIGHT = {
    "8.2": [softmax_by_rows, softmax_by_differences],
    "8.3": [log_by_logaddexp, log_by_rows],
    "8.4": [entropy_by_one_hot, entropy_by_rows],
    "8.5": [gradient_by_entries, gradient_by_logs],
    "8.6": [binary_by_two_halves, binary_by_parts],
    "8.7": [steep_by_sigmoids, steep_by_cosh],
    "8.10": [slope_by_halves, slope_by_loops],
}

EQUAL_MUTANTS = {}
