"""Sheet 09 answered with comprehensions, sums over the past, recursion: all of it right."""

import numpy as np


def step_by_items(parameters, gradients, eta):
    return {name: array - eta * gradients[name] for name, array in parameters.items()}


def step_on_copies(parameters, gradients, eta):
    stepped = {name: array.copy() for name, array in parameters.items()}
    for name, slope in gradients.items():
        stepped[name] -= eta * slope
    return stepped


def batches_by_while(order, B):
    found, rest = [], list(order)
    while rest:
        found.append(rest[:B])
        rest = rest[B:]
    return found


def batches_by_comprehension(order, B):
    return [order[n * B : (n + 1) * B] for n in range(-(-len(order) // B))]


def momentum_by_sums(gs, eta, beta):
    return [eta * sum(beta ** (t - s) * gs[s] for s in range(t + 1)) for t in range(len(gs))]


def momentum_with_step_inside(gs, eta, beta):
    taken = np.zeros_like(gs)
    for t, g in enumerate(gs):
        taken[t] = eta * g + (beta * taken[t - 1] if t else 0)
    return taken


def adam_by_shares(gs, eta, beta1, beta2, epsilon):
    m, v, share1, share2, taken = 0, 0, 1, 1, []
    for g in gs:
        share1, share2 = share1 * beta1, share2 * beta2
        m, v = m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v)
        taken.append(eta * (m / (1 - share1)) / ((v / (1 - share2)) ** 0.5 + epsilon))
    return np.stack(taken)


def adam_by_sums(gs, eta, beta1, beta2, epsilon):
    def mean(rows, beta):
        weights = beta ** np.arange(len(rows) - 1, -1, -1)
        return weights @ rows / weights.sum()

    return [eta * mean(gs[:t], beta1) / (np.sqrt(mean(gs[:t] ** 2, beta2)) + epsilon)
            for t in range(1, len(gs) + 1)]


def penalised_by_copy(gradients, parameters, lam):
    found = {name: slope.copy() for name, slope in gradients.items()}
    for name in [name for name in found if name.endswith("W")]:
        found[name] += lam * parameters[name]
    return found


def penalised_in_one(gradients, parameters, lam):
    return {n: gradients[n] + lam * parameters[n] * n.endswith("W") for n in gradients}


def accuracy_by_max(P, y):
    return sum(P[i, y[i]] == max(P[i]) for i in range(len(y))) / len(y)


def accuracy_by_count(P, y):
    return np.count_nonzero(np.argmax(P, axis=-1) == y) / y.size


def unit_by_einsum(X, y, w):
    return np.einsum("i,ik->k", X @ w - y, X) / len(y)


def unit_by_delta(X, y, w):
    delta = (X @ w - y) / y.size
    return delta @ X


def train_by_recursion(X, y, w, orders, B, eta):
    if not orders:
        return w.copy()
    for n in range(0, len(y), B):
        rows = orders[0][n : n + B]
        w = w - eta * unit_by_delta(X[rows], y[rows], w)
    return train_by_recursion(X, y, w, orders[1:], B, eta)


def train_on_a_copy(X, y, w, orders, B, eta):
    w = w.copy()
    for order in orders:
        X_now, y_now = X[order], y[order]
        for n in range(0, len(order), B):
            w -= eta * unit_by_einsum(X_now[n : n + B], y_now[n : n + B], w)
    return w


RIGHT = {
    "9.1": [step_by_items, step_on_copies],
    "9.3": [batches_by_while, batches_by_comprehension],
    "9.4": [momentum_by_sums, momentum_with_step_inside],
    "9.5": [adam_by_shares, adam_by_sums],
    "9.6": [penalised_by_copy, penalised_in_one],
    "9.7": [accuracy_by_max, accuracy_by_count],
    "9.9": [unit_by_einsum, unit_by_delta],
    "9.10": [train_by_recursion, train_on_a_copy],
}

EQUAL_MUTANTS = {}
