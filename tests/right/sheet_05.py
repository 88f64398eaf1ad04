"""Sheet 05 answered with einsum, with matrices, with lists: all of it right."""

import numpy as np

from nnlib.activations import sigmoid, sigmoid_prime


def output_delta_by_lists(z, y):
    pairs = zip(z, y)
    return [(sigmoid(z_j) - y_j) * sigmoid_prime(z_j) for z_j, y_j in pairs]


def output_delta_by_answers(z, y):
    answer = 1 / (1 + np.exp(-z))
    error = answer - y
    error *= answer
    error *= 1 - answer
    return error


def hidden_delta_by_einsum(delta, W, z):
    return np.einsum("j,jk,k->k", delta, W, 1 - np.tanh(z) ** 2)


def hidden_delta_by_paths(delta, W, z):
    paths = W * delta[:, None] / np.cosh(z) ** 2
    return paths.sum(axis=0)


def weights_by_broadcasting(delta, a_prev):
    return delta[:, np.newaxis] * a_prev


def weights_by_rows(delta, a_prev):
    return np.stack([d * a_prev for d in delta])


def biases_by_ones(delta):
    return np.ones(len(delta)) @ delta / len(delta)


def biases_by_running_mean(delta):
    mean = np.zeros(delta.shape[1])
    for i, row in enumerate(delta):
        mean = mean + (row - mean) / (i + 1)
    return mean


def _sweep(x, y, W, b, table):
    answers, dW, db = [x], {}, {}
    for l in sorted(W):
        s = W[l].dot(answers[-1]) + b[l]
        answers.append(np.tanh(s) if l < max(W) else 1 / (1 + np.exp(-s)))
    out = answers[-1]
    below = (out - y) * out * (1 - out)
    for l in sorted(W, reverse=True):
        dW[l], db[l] = table(below, answers[l - 1]), below.copy()
        below = (1 - answers[l - 1] ** 2) * np.sum(W[l] * below[:, None], axis=0)
    return dW, db


def backward_by_outer(x, y, W, b):
    return _sweep(x, y, W, b, np.outer)


def backward_by_einsum(x, y, W, b):
    return _sweep(x, y, W, b, lambda d, a: np.einsum("j,k->jk", d, a))


def slopes_by_diagonal(W, b, z):
    return W @ np.diag(1 - np.tanh(z) ** 2)


def slopes_by_columns(W, b, z):
    table = W.astype(float)
    for k, z_k in enumerate(z):
        table[:, k] *= 1 / np.cosh(z_k) ** 2
    return table


RIGHT = {
    "5.1": [output_delta_by_lists, output_delta_by_answers],
    "5.3": [hidden_delta_by_einsum, hidden_delta_by_paths],
    "5.4": [weights_by_broadcasting, weights_by_rows],
    "5.5": [biases_by_ones, biases_by_running_mean],
    "5.7": [backward_by_outer, backward_by_einsum],
    "5.9": [slopes_by_diagonal, slopes_by_columns],
}

# One change in the sheet's own solution that changes nothing: every entry is written anyway.
EQUAL_MUTANTS = {
    "5.1": ["change name 'np.zeros' in 'delta = np.zeros(len(z))'"],
    "5.4": ["change name 'np.zeros' in 'dW = np.zeros((len(delta), len(a_prev)))'"],
    "5.9": ["change name 'np.zeros' in 'table = np.zeros(W.shape)'"],
}
