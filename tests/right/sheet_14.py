"""Sheet 14 answered with masks, with entropies, with one stack of rows: all of it right."""

import numpy as np

from nnlib.activations import sigmoid, softplus


def kl_by_masks(p, q):
    on = np.flatnonzero(p)
    return p[on] @ (np.log(p[on]) - np.log(q[on]))


def kl_by_where(p, q):
    safe = np.where(p > 0, p, 1)
    return float(np.sum(np.where(p > 0, p * np.log(safe / q), 0)))


def js_by_entropies(p, q):
    def entropy(law):
        law = law[law > 0]
        return -law @ np.log(law)

    return entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2


def js_by_places(p, q):
    total = 0.0
    for a, b in zip(p, q):
        total += a / 2 * np.log(2 * a / (a + b)) if a > 0 else 0
        total += b / 2 * np.log(2 * b / (a + b)) if b > 0 else 0
    return total


def best_by_softmax(log_r, log_g):
    largest = np.maximum(log_r, log_g)
    r, g = np.exp(log_r - largest), np.exp(log_g - largest)
    return r / (r + g)


def best_by_tanh(log_r, log_g):
    return 0.5 * (1 + np.tanh((log_r - log_g) / 2))


def slopes_by_loop(r, g, d, h):
    return [h * r_i / d_i - h * g_i / (1 - d_i) for r_i, g_i, d_i in zip(r, g, d)]


def slopes_by_one_fraction(r, g, d, h):
    return h * (r * (1 - d) - g * d) / (d - d**2)


def value_by_softplus(S_real, S_fake):
    return -softplus(-S_real).sum() / len(S_real) - softplus(S_fake).sum() / len(S_fake)


def value_by_rows(S_real, S_fake):
    def log_sigmoid(s):
        return min(s, 0.0) - np.log1p(np.exp(-abs(s)))

    real = sum(log_sigmoid(s) for s in S_real.ravel()) / S_real.size
    return real + sum(log_sigmoid(-s) for s in S_fake.ravel()) / S_fake.size


def _up(X, theta):
    A = np.tanh(X @ theta[0].T + theta[1])
    return A, A @ theta[2].T + theta[3]


def _down(X, A, theta, upstream):
    delta = upstream @ theta[2] * (1 - A**2)
    return [delta.T @ X, delta.sum(0), upstream.T @ A, upstream.sum(0)], delta @ theta[0]


def discriminator_at_once(X, F, theta_d):
    rows = np.concatenate([X, F])
    y = np.r_[np.ones(len(X)), np.zeros(len(F))][:, None]
    size = np.r_[np.full(len(X), len(X)), np.full(len(F), len(F))][:, None]
    A, S = _up(rows, theta_d)
    return _down(rows, A, theta_d, (y - sigmoid(S)) / size)[0]


def discriminator_by_rows(X, F, theta_d):
    total = [np.zeros(array.shape) for array in theta_d]
    for rows, sign in [(X, 1), (F, -1)]:
        for x in rows:
            A, s = _up(x[None], theta_d)
            parts, _ = _down(x[None], A, theta_d, sign * sigmoid(-sign * s) / len(rows))
            total = [old + new for old, new in zip(total, parts)]
    return tuple(total)


def generator_in_one(Z, theta_g, theta_d, loss):
    A_g, F = _up(Z, theta_g)
    A_d, S = _up(F, theta_d)
    slopes = {"saturating": -sigmoid(S), "non-saturating": -sigmoid(-S)}[loss] / len(S)
    return tuple(_down(Z, A_g, theta_g, _down(F, A_d, theta_d, slopes)[1])[0])


def generator_by_rows(Z, theta_g, theta_d, loss):
    total = None
    for z in Z:
        parts = generator_in_one(z[None], theta_g, theta_d, loss)
        total = parts if total is None else [a + b for a, b in zip(total, parts)]
    return [array / len(Z) for array in total]


def round_at_once(X, Z, Z_new, theta_d, theta_g, eta):
    rise = discriminator_at_once(X, _up(Z, theta_g)[1], theta_d)
    theta_d = [array + eta * slope for array, slope in zip(theta_d, rise)]
    fall = generator_in_one(Z_new, theta_g, theta_d, "non-saturating")
    return theta_d, [array - eta * slope for array, slope in zip(theta_g, fall)]


def round_by_rows(X, Z, Z_new, theta_d, theta_g, eta):
    D, G = [a.copy() for a in theta_d], [a.copy() for a in theta_g]
    for array, slope in zip(D, discriminator_by_rows(X, _up(Z, theta_g)[1], theta_d)):
        array += eta * slope
    for array, slope in zip(G, generator_by_rows(Z_new, theta_g, D, "non-saturating")):
        array -= eta * slope
    return tuple(D), tuple(G)


RIGHT = {
    "14.1": [kl_by_masks, kl_by_where],
    "14.3": [js_by_entropies, js_by_places],
    "14.4": [best_by_softmax, best_by_tanh],
    "14.5": [slopes_by_loop, slopes_by_one_fraction],
    "14.6": [value_by_softplus, value_by_rows],
    "14.7": [discriminator_at_once, discriminator_by_rows],
    "14.9": [generator_in_one, generator_by_rows],
    "14.10": [round_at_once, round_by_rows],
}

EQUAL_MUTANTS = {}
