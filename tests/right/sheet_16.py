"""Sheet 16 answered with loops, with Jacobians, by convolution: all of it right."""

import math

import numpy as np

from nnlib import activations
from nnlib.activations import SELU_ALPHA, SELU_LAMBDA, selu, selu_prime, sigmoid, tanh_prime
from nnlib.convolution import convolve


def trial_by_table(measured, claim, right, limit):
    size = limit * np.max(np.abs(measured))
    holds = [bool(np.all(np.abs(g - measured) <= size)) for g in (claim, right)]
    return {(True, True): "no case", (True, False): "no case",
            (False, True): "convicted", (False, False): "not understood"}[tuple(holds)]


def trial_with_words(measured, claim, right, limit):
    def distance(g):
        return max(abs(g - measured)) / max(abs(measured))

    word = "not understood"
    if distance(right) <= limit:
        word = "convicted"
    if distance(claim) <= limit:
        word = "no case"
    return word


def layer_by_einsum(delta, W, b, z):
    return (np.einsum("j,k->jk", delta, np.tanh(z)), np.array(delta),
            np.einsum("j,jk,k->k", delta, W, tanh_prime(z)))


def layer_by_rows(delta, W, b, z):
    a = np.tanh(z)
    dW = [[d * answer for answer in a] for d in delta]
    below = sum(d * row for d, row in zip(delta, W)) * (1 - a * a)
    return np.array(dW), delta + 0.0, below


def nodes_by_branches(a, b, c):
    g = dict.fromkeys("def", 1.0)
    branches = [g["d"] * math.exp(a), g["e"] / b, -g["f"] * c / a**2]
    return sum(branches), -g["e"] * a / (b * b), g["f"] / a


def nodes_by_jacobian(a, b, c):
    table = np.array([[np.exp(a), 0, 0], [1 / b, -a / b**2, 0], [-c / a**2, 0, 1 / a]])
    return tuple(np.ones(3) @ table)


def network_by_recursion(x, alpha):
    if len(alpha) == 0:
        return x
    return sigmoid(np.dot(network_by_recursion(x, alpha[:-1]), alpha[-1]))


def network_by_units(x, alpha):
    z = list(x)
    for weights in alpha:
        u = [sum(z[k] * weights[k, j] for k in range(len(z))) for j in range(weights.shape[1])]
        z = [1 / (1 + math.exp(-u_j)) for u_j in u]
    return np.array(z)


def selu_by_nnlib(x, w, b):
    z = b + x * w
    return selu(z), selu_prime(z) * w


def selu_entry_by_entry(x, w, b):
    a, slope = np.zeros(x.shape), np.zeros(x.shape)
    for place, x_n in np.ndenumerate(x):
        z = w * x_n + b
        if z > 0:
            a[place], slope[place] = SELU_LAMBDA * z, SELU_LAMBDA * w
        else:
            a[place] = SELU_LAMBDA * SELU_ALPHA * math.expm1(z)
            slope[place] = SELU_LAMBDA * SELU_ALPHA * math.exp(z) * w
    return a, slope


def input_by_four_loops(delta, w):
    (P, Q), m = delta.shape, len(w)
    dx = np.zeros((P + m - 1, Q + m - 1))
    for p in range(P):
        for q in range(Q):
            for a in range(m):
                for b in range(m):
                    dx[p + a, q + b] += delta[p, q] * w[a, b]
    return dx


def input_by_convolution(delta, w):
    return convolve(delta, w, "full")


def pixels_by_asking(N, m):
    side = N - m + 1
    answer = np.ones((N, N), dtype=bool)
    for i in range(N):
        for j in range(N):
            asked = [(i - a, j - b) for a in range(m) for b in range(m)]
            answer[i, j] = all(0 <= p < side and 0 <= q < side for p, q in asked)
    return answer


def pixels_by_outer(N, m):
    line = np.arange(N)
    inside = (line > m - 2) & (line < N - m + 1)
    return np.outer(inside, inside)


def game_by_points(D, p_r, p_g, h):
    slope, best = np.empty(len(D)), np.empty(len(D))
    for n, d in enumerate(D):
        slope[n] = h * p_r[n] / d - h * p_g[n] / (1 - d)
        best[n] = p_r[n] / (p_r[n] + p_g[n])
    return slope, best


def game_by_fractions(D, p_r, p_g, h):
    both = p_r + p_g
    return h * (p_r - D * both) / (D - D**2), 1 - p_g / both


def delta_by_vjp(Z, Y):
    shifted = np.exp(Z - Z.max(axis=1, keepdims=True))
    P = shifted / shifted.sum(axis=1, keepdims=True)
    return activations.softmax_vjp(Z, P - Y) / len(Z)


def delta_by_paths(Z, Y):
    delta, (B, K) = np.zeros(Z.shape), Z.shape
    for i in range(B):
        p = np.exp(Z[i] - max(Z[i]))
        p /= sum(p)
        for j in range(K):
            for k in range(K):
                delta[i, j] += (p[k] - Y[i, k]) * p[k] * ((j == k) - p[j]) / B
    return delta


RIGHT = {
    "16.1": [trial_by_table, trial_with_words],
    "16.2": [layer_by_einsum, layer_by_rows],
    "16.3": [nodes_by_branches, nodes_by_jacobian],
    "16.4": [network_by_recursion, network_by_units],
    "16.5": [selu_by_nnlib, selu_entry_by_entry],
    "16.6": [input_by_four_loops, input_by_convolution],
    "16.7": [pixels_by_asking, pixels_by_outer],
    "16.8": [game_by_points, game_by_fractions],
    "16.9": [delta_by_vjp, delta_by_paths],
}

EQUAL_MUTANTS = {
    "16.5": [  # at z = 0 both branches of SELU are 0
        "swap operator 'z > 0' in 'a = np.where(z > 0, LAM * z, LAM * ALPHA * (np.exp(z) - 1))'"],
    "16.6": [  # both axes are reversed alike
        "turn index 'w[::-1, ::-1]' in 'return slide(np.pad(delta, m - 1), w[::-1, ::-1])'"],
    "16.7": [  # both axes have the length H
        "turn index 'np.mgrid[0:H, 0:H]' in 'u, v = np.mgrid[0:H, 0:H]'"],
}
