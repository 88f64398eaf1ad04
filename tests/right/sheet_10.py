"""Sheet 10 answered with products, by entries, by another formula: all of it right."""

import math

import numpy as np

from nnlib.activations import sigmoid, sigmoid_prime, tanh, tanh_prime


def chain_by_products(w, z):
    return np.prod(w[1:]) * np.prod(sigmoid_prime(z))


def chain_by_answers(w, z):
    a = sigmoid(z)
    return math.prod([*w[1:], *(a * (1 - a))])


def bound_by_deviation(D_in, D_out):
    return math.sqrt(3) * math.sqrt(2 / (D_in + D_out))


def bound_by_mean(D_in, D_out):
    return np.sqrt(3 / np.mean([D_in, D_out]))


def he_by_division(draws):
    return draws / np.sqrt(draws.shape[1] / 2)


def he_by_rows(draws):
    return np.stack([math.sqrt(2 / len(row)) * row for row in draws])


def deltas_by_answers(X, W, U):
    A = [X]
    for W_l in W:
        A.append(np.tanh(A[-1] @ W_l.T))
    found, dA = [], U
    for l in reversed(range(len(W))):
        found.append(dA * (1 - A[l + 1] ** 2))
        dA = found[-1] @ W[l]
    return found[::-1]


def deltas_by_columns(X, W, U):
    Z, A = [], X.T
    for W_l in W:
        Z.append(W_l @ A)
        A = tanh(Z[-1])
    delta = U.T * tanh_prime(Z[-1])
    found = [delta.T]
    for W_l, Z_l in zip(W[:0:-1], Z[-2::-1]):
        delta = (W_l.T @ delta) * tanh_prime(Z_l)
        found = [delta.T, *found]
    return found


def depth_by_logs(found):
    sizes = [0.5 * np.log(np.mean(delta**2)) for delta in found]
    return np.exp(-np.mean(np.diff(sizes)))


def depth_by_norms(found):
    sizes = [np.linalg.norm(delta) / math.sqrt(delta.size) for delta in found]
    return np.power(sizes[0] / sizes[-1], 1 / (len(sizes) - 1))


def moments_by_average(a, p):
    mean = np.average(a, weights=p)
    return mean, np.average((a - mean) ** 2, weights=p)


def moments_by_loops(a, p):
    mean = sum(p_n * a_n for p_n, a_n in zip(p, a))
    return [mean, sum(p_n * (a_n - mean) ** 2 for p_n, a_n in zip(p, a))]


def value_by_where(g, c):
    return np.where(np.abs(g) > c, c * np.sign(g), g)


def value_on_a_copy(g, c):
    cut = g.copy()
    cut[cut > c] = c
    cut[cut < -c] = -c
    return cut


def norm_by_flat(gradients, limit):
    length = np.linalg.norm(np.concatenate([g.ravel() for g in gradients.values()]))
    shrink = limit / length if length > limit else 1.0
    return {name: g * shrink for name, g in gradients.items()}


def norm_by_maximum(gradients, limit):
    length = math.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values()))
    return {name: limit * g / max(limit, length) for name, g in gradients.items()}


RIGHT = {
    "10.1": [chain_by_products, chain_by_answers],
    "10.3": [bound_by_deviation, bound_by_mean],
    "10.4": [he_by_division, he_by_rows],
    "10.5": [deltas_by_answers, deltas_by_columns],
    "10.6": [depth_by_logs, depth_by_norms],
    "10.7": [moments_by_average, moments_by_loops],
    "10.8": [value_by_where, value_on_a_copy],
    "10.9": [norm_by_flat, norm_by_maximum],
}

EQUAL_MUTANTS = {}
