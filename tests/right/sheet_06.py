"""Sheet 06 answered with loops, with columns, with einsum: all of it right."""

import numpy as np

from nnlib.activations import sigmoid, sigmoid_prime, softplus, tanh, tanh_prime


def sums_by_columns(A_prev, W, b):
    return (W @ A_prev.T + b[:, np.newaxis]).T


def sums_by_rows(A_prev, W, b):
    return [
        [sum(w * a for w, a in zip(row, a_prev)) + c for row, c in zip(W, b)] for a_prev in A_prev
    ]


def weights_by_einsum(delta, A_prev):
    return np.einsum("ij,ik->jk", delta, A_prev)


def weights_by_examples(delta, A_prev):
    return sum(np.outer(d, a) for d, a in zip(delta, A_prev))


def biases_by_loops(delta):
    db = np.zeros(delta.shape[1])
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            db[j] = db[j] + delta[i, j]
    return db


def biases_by_einsum(delta):
    return np.einsum("ij->j", delta)


def answers_by_columns(delta, W):
    return np.dot(W.T, delta.T).T


def answers_by_loops(delta, W):
    dA = np.zeros((len(delta), W.shape[1]))
    for j in range(W.shape[0]):
        dA += delta[:, [j]] * W[j]
    return dA


def below_by_cosh(delta, W, Z):
    return np.tensordot(delta, W, axes=1) / np.cosh(Z) ** 2


def below_by_examples(delta, W, Z):
    return np.stack([(1 - np.tanh(z) ** 2) * (W.T @ d) for d, z in zip(delta, Z)])


def gradients_by_examples(X, Y, W, b):
    dW, db = {l: 0.0 * W[l] for l in W}, {l: 0.0 * b[l] for l in b}
    for x, y in zip(X, Y):
        z, a = {}, {0: x}
        for l in sorted(W):
            z[l] = W[l] @ a[l - 1] + b[l]
            a[l] = tanh(z[l]) if l < len(W) else sigmoid(z[l])
        d = (a[len(W)] - y) * sigmoid_prime(z[len(W)])
        for l in sorted(W, reverse=True):
            dW[l] = dW[l] + np.outer(d, a[l - 1]) / len(X)
            db[l] = db[l] + d / len(X)
            d = (W[l].T @ d) * tanh_prime(z[l - 1]) if l > 1 else None
    return dW, db


def gradients_by_recursion(X, Y, W, b):
    dW, db = {}, {}

    def down(A_prev, l):
        Z = A_prev @ W[l].T + b[l]
        last = l == len(W)
        slope = sigmoid_prime(Z) if last else tanh_prime(Z)
        dA = (sigmoid(Z) - Y) / len(Y) if last else down(tanh(Z), l + 1)
        delta = dA * slope
        dW[l], db[l] = np.einsum("ij,ik->jk", delta, A_prev), np.add.reduce(delta)
        return delta @ W[l]

    down(X, 1)
    return dW, db


def entropy_by_parts(y_hat, y_star):
    yes, no = -np.log(y_hat), -np.log1p(-y_hat)
    return y_star * yes + (1 - y_star) * no


def entropy_by_logit(y_hat, y_star):
    logit = np.log(y_hat) - np.log1p(-y_hat)
    return float(softplus(logit) - y_star * logit)


def alpha_as_W(x, y_star, alpha):
    a_1 = sigmoid(x @ alpha[1])
    a_2 = sigmoid(a_1 @ alpha[2])
    d_3 = sigmoid(a_2 @ alpha[3]) - y_star
    d_2 = (d_3 @ alpha[3].T) * a_2 * (1 - a_2)
    d_1 = (d_2 @ alpha[2].T) * a_1 * (1 - a_1)
    return {1: x[:, None] * d_1, 2: a_1[:, None] * d_2, 3: a_2[:, None] * d_3}


def alpha_with_primes(x, y_star, alpha):
    u, z = {}, [x]
    for i in (1, 2, 3):
        u[i] = z[-1] @ alpha[i]
        z.append(sigmoid(u[i]))
    dJ_dz, found = (z[3] - y_star) / (z[3] * (1 - z[3])), {}
    for i in (3, 2, 1):
        delta = dJ_dz * sigmoid_prime(u[i])
        found[i] = np.einsum("k,j->kj", z[i - 1], delta)
        dJ_dz = np.einsum("kj,j->k", alpha[i], delta)
    return found


RIGHT = {
    "6.1": [sums_by_columns, sums_by_rows],
    "6.2": [[[32, 4], [4, 10], [4], [32, 10]], ((32, 4), (4, 10), (4,), (32, 10))],
    "6.3": [weights_by_einsum, weights_by_examples],
    "6.4": [biases_by_loops, biases_by_einsum],
    "6.5": [answers_by_columns, answers_by_loops],
    "6.6": [below_by_cosh, below_by_examples],
    "6.8": [gradients_by_examples, gradients_by_recursion],
    "6.10": [entropy_by_parts, entropy_by_logit],
    "6.11": [alpha_as_W, alpha_with_primes],
}

EQUAL_MUTANTS = {}
