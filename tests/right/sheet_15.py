"""Sheet 15 answered token by token, with einsum, with Jacobians: all of it right."""

import math

import numpy as np

from nnlib.activations import softmax, softmax_vjp
from nnlib.attention import attention, attention_backward


def scores_by_loops(Q, K):
    S = np.zeros((len(Q), len(K)))
    for t in range(len(Q)):
        for r in range(len(K)):
            S[t, r] = sum(Q[t] * K[r]) / math.sqrt(len(Q[t]))
    return S


def scores_by_inner(Q, K):
    return np.inner(Q / Q.shape[1] ** 0.5, K)


def masked_by_exponentials(S, mask):
    allowed = np.where(mask, S, -np.inf)
    e = np.exp(allowed - allowed.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def masked_by_rows(S, mask):
    A = np.zeros(S.shape)
    for a, s, may in zip(A, S, mask):
        a[may] = softmax(s[may])
    return A


def attend_by_rows(Q, K, V):
    return np.stack([softmax(K @ q / np.sqrt(q.size)) @ V for q in Q])


def attend_by_einsum(Q, K, V):
    A = softmax(np.einsum("tj,rj->tr", Q, K) / Q.shape[1] ** 0.5)
    return np.einsum("tr,rj->tj", A, V)


def slopes_by_einsum(A, dA):
    return A * dA - A * np.einsum("tr,tr->t", A, dA)[:, np.newaxis]


def slopes_by_loops(A, dA):
    dS = np.zeros(A.shape)
    for t in range(A.shape[0]):
        for m in range(A.shape[1]):
            for r in range(A.shape[1]):
                dS[t, m] += dA[t, r] * A[t, r] * ((r == m) - A[t, m])
    return dS


def back_by_nnlib(U, Q, K, V):
    _, A = attention(Q, K, V)
    return attention_backward(U, Q, K, V, A)


def back_by_einsum(U, Q, K, V):
    root = Q.shape[1] ** 0.5
    S = Q @ K.T / root
    dA = np.einsum("tj,rj->tr", U, V)
    dS = softmax_vjp(S, dA)
    dQ, dK = np.einsum("tr,rj->tj", dS, K), np.einsum("tr,tj->rj", dS, Q)
    return dQ / root, dK / root, np.einsum("tr,tj->rj", softmax(S), U)


def heads_by_columns(X, W, h):
    D = X.shape[1]
    Q, K, V = X @ W["Q"].T, X @ W["K"].T, X @ W["V"].T
    H = np.zeros(X.shape)
    for first in range(0, D, D // h):
        own = list(range(first, first + D // h))
        H[:, own] = attend_by_rows(Q[:, own], K[:, own], V[:, own])
    return H @ W["O"].T


def heads_added_up(X, W, h):
    d, Y = X.shape[1] // h, 0.0
    for n in range(h):
        own = np.arange(n * d, n * d + d)
        parts = [np.einsum("tk,jk->tj", X, W[name][own]) for name in "QKV"]
        Y = Y + attend_by_einsum(*parts) @ W["O"][:, own].T
    return Y


def norm_by_rows(U, X, gamma, epsilon):
    dX, dgamma, dbeta = np.zeros(X.shape), 0.0 * gamma, 0.0 * gamma
    for t, (u, x) in enumerate(zip(U, X)):
        sigma = math.sqrt(x.var() + epsilon)
        n = (x - x.mean()) / sigma
        g = u * gamma
        dX[t] = (g - g.mean() - n * (g @ n) / len(x)) / sigma
        dgamma, dbeta = dgamma + u * n, dbeta + u
    return dX, dgamma, dbeta


def norm_step_by_step(U, X, gamma, epsilon):
    D = X.shape[1]
    C = X - X.mean(1, keepdims=True)
    v = np.mean(C * C, 1, keepdims=True)
    sigma = np.sqrt(v + epsilon)
    dN = U * gamma
    dsigma = -np.sum(dN * C, 1, keepdims=True) / sigma**2
    dC = dN / sigma + dsigma / (2 * sigma) * 2 * C / D
    return dC - dC.mean(1, keepdims=True), np.einsum("tj,tj->j", U, C / sigma), np.add.reduce(U)


def embedding_by_add_at(U, tokens, C):
    dE = np.zeros((C, U.shape[1]))
    np.add.at(dE, tokens, U)
    return dE.T


def embedding_by_token(U, tokens, C):
    return np.stack([U[tokens == c].sum(axis=0) for c in range(C)], axis=1)


RIGHT = {
    "15.1": [scores_by_loops, scores_by_inner],
    "15.3": [masked_by_exponentials, masked_by_rows],
    "15.4": [attend_by_rows, attend_by_einsum],
    "15.6": [slopes_by_einsum, slopes_by_loops],
    "15.7": [back_by_nnlib, back_by_einsum],
    "15.9": [heads_by_columns, heads_added_up],
    "15.10": [norm_by_rows, norm_step_by_step],
    "15.11": [embedding_by_add_at, embedding_by_token],
}

EQUAL_MUTANTS = {}
