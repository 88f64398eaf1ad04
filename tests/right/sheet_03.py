"""Sheet 03 answered with mirrors, with masks, with tanh, entry by entry: all of it right."""

import math

import numpy as np


def entrywise(pair):
    """Turn a pair of functions of one number into one of arrays."""
    def both(Z, *more):
        out = [pair(float(z), *more) for z in np.ravel(Z)]
        return tuple(np.reshape(part, np.shape(Z)) for part in zip(*out))
    return both


def sigmoid_by_mirror(Z):
    t = np.exp(-np.abs(Z))
    larger = 1 / (1 + t)
    return np.where(Z < 0, t * larger, larger), t * larger**2


@entrywise
def sigmoid_by_cases(z):
    a = 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))
    return a, a - a * a


def leaky_by_masks(Z, alpha):
    slope = np.ones_like(Z)
    slope[Z <= 0] = alpha
    return slope * Z, slope


def leaky_by_two_relus(Z, alpha):
    A = np.maximum(Z, 0) - alpha * np.maximum(-Z, 0)
    return A, np.heaviside(Z, 0) + alpha * np.heaviside(-Z, 1)


def elu_by_masks(Z, alpha):
    A, slope, left = Z.copy(), np.ones(Z.shape), Z < 0
    A[left] = alpha * np.expm1(Z[left])
    slope[left] = alpha * np.exp(Z[left])
    return A, slope


@entrywise
def elu_by_cases(z, alpha):
    return (z, 1.0) if z > 0 else (alpha * math.expm1(z), alpha * math.exp(z))


def softplus_by_logaddexp(Z):
    A = np.logaddexp(Z, 0)
    return A, np.exp(Z - A)


@entrywise
def softplus_by_cases(z):
    a = z + math.log1p(math.exp(-z)) if z > 0 else math.log1p(math.exp(z))
    return a, 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (1 + math.exp(z))


def swish_by_tanh(Z, beta):
    S = (1 + np.tanh(beta * Z / 2)) / 2
    return S * Z, S * (1 + beta * Z * (1 - S))


def swish_by_scaling(Z, beta):
    V = beta * Z
    gate = 0.5 * np.tanh(0.5 * V) + 0.5
    return V * gate / beta, gate + V * gate * (1 - gate)


def gelu_by_erfc(Z):
    area = np.reshape([0.5 * math.erfc(-z / math.sqrt(2)) for z in np.ravel(Z)], np.shape(Z))
    return Z * area, area + Z * np.exp(-0.5 * Z * Z) / math.sqrt(2 * math.pi)


@entrywise
def gelu_by_entries(z):
    area = (1 + math.erf(z / 2**0.5)) / 2
    return z * area, area + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def dead_by_largest(X, W, b):
    return np.flatnonzero((X @ W.T + b).max(axis=0) <= 0)


def dead_by_loops(X, W, b):
    dead = []
    for j, (w, b_j) in enumerate(zip(W, b)):
        if all(w @ x + b_j <= 0 for x in X):
            dead.append(j)
    return dead


def hard_tanh_by_formula(Z):
    inside = (Z > -1) & (Z < 1)
    return np.maximum(-1, np.minimum(Z, 1)), inside.astype(float)


@entrywise
def hard_tanh_by_cases(z):
    if z < -1:
        return -1.0, 0.0
    return (1.0, 0.0) if z > 1 else (z, 1.0)


RIGHT = {
    "3.1": [sigmoid_by_mirror, sigmoid_by_cases],
    "3.3": [leaky_by_masks, leaky_by_two_relus],
    "3.4": [elu_by_masks, elu_by_cases],
    "3.5": [softplus_by_logaddexp, softplus_by_cases],
    "3.6": [swish_by_tanh, swish_by_scaling],
    "3.7": [gelu_by_erfc, gelu_by_entries],
    "3.8": [dead_by_largest, dead_by_loops],
    "3.10": [hard_tanh_by_formula, hard_tanh_by_cases],
}

# One change in the own solution that changes nothing, or only what is free: the slope at a kink.
EQUAL_MUTANTS = {
    "3.1": ["swap operator 'Z >= 0' in 'A = np.where(Z >= 0, 1, t) / (1 + t)'"],
    "3.3": [
        "swap operator 'Z > 0' in "
        "'return np.where(Z > 0, Z, alpha * Z), np.where(Z > 0, 1.0, alpha)'",
    ],
    "3.4": [
        "move constant '0' in 'left = np.minimum(Z, 0)'",
        "swap operator 'Z > 0' in 'A = np.where(Z > 0, Z, alpha * np.expm1(left))'",
        "swap operator 'Z > 0' in 'return A, np.where(Z > 0, 1.0, alpha * np.exp(left))'",
    ],
    "3.5": ["swap operator 'Z >= 0' in 'return A, np.where(Z >= 0, 1, t) / (1 + t)'"],
    "3.10": [
        "swap operator 'np.abs(Z) < 1' in "
        "'return np.clip(Z, -1, 1), np.where(np.abs(Z) < 1, 1.0, 0.0)'",
    ],
}
