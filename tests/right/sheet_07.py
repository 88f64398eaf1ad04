"""Sheet 07 answered by index, by broadcasting, with Jacobians that are built: all of it right."""

import numpy as np

from nnlib.activations import softmax, softmax_vjp


def affine_by_index(W, x):
    m, n = W.shape
    J_W = [[[x[k] if j == l else 0.0 for k in range(n)] for l in range(m)] for j in range(m)]
    return {"W": J_W, "x": np.array(W), "b": [[float(j == l) for l in range(m)] for j in range(m)]}


def affine_by_broadcast(W, x):
    eye = np.identity(W.shape[0])
    return dict(x=1.0 * W, b=eye, W=eye[:, :, np.newaxis] * x)


def gate_by_filling(m, z):
    J_m, J_z = np.zeros((2, len(z), len(z)))
    np.fill_diagonal(J_m, np.tanh(z))
    np.fill_diagonal(J_z, m / np.cosh(z) ** 2)
    return J_m, J_z


def gate_by_loops(m, z):
    n = len(m)
    J_m, J_z = np.zeros((n, n)), np.zeros((n, n))
    for j in range(n):
        a = np.tanh(z[j])
        J_m[j, j], J_z[j, j] = a, m[j] - m[j] * a * a
    return [J_m, J_z]


def softmax_by_unit_vectors(z, T):
    return np.stack([softmax_vjp(z / T, e) for e in np.eye(len(z))]) / T


def softmax_by_broadcast(z, T):
    p = softmax(z / T)
    return p[:, None] * (np.eye(p.size) - p[None, :]) * (1 / T)


def memory_by_arrays(B, D_in, D_out, size):
    Z, X, W = (a * b for a, b in [(B, D_out), (B, D_in), (D_out, D_in)])
    return {"dX": size * X, "dW": size * W, "dZ/dX": size * X * Z, "dZ/dW": size * W * Z}


def memory_by_ratio(B, D_in, D_out, size):
    found = {"dW": size * D_in * D_out, "dX": size * D_in * B}
    outputs = B * D_out
    return found | {"dZ/dW": found["dW"] * outputs, "dZ/dX": found["dX"] * outputs}


def layout_by_ours(D_1, D_2, g):
    J = D_2.T @ D_1.T
    return J, J.T @ g


def layout_by_rows(D_1, D_2, g):
    J_1, J_2 = np.transpose(D_1), np.transpose(D_2)
    return np.dot(J_2, J_1), (g @ J_2) @ J_1


def unit_by_jacobians(X, U):
    dX = []
    for x, u in zip(X, U):
        r = np.hypot.reduce(x)
        f = x / r
        dX.append((np.eye(x.size) - np.outer(f, f)) @ u / r)
    return dX


def unit_by_quotient_rule(X, U):
    square = np.einsum("ik,ik->i", X, X)[:, None]
    along = np.einsum("ik,ik->i", X, U)[:, None]
    return (U * square - X * along) / square**1.5


def swap_by_einsum(way, X, W, U):
    letters = {"XW": ("ik", "kj", "ij"), "XW.T": ("ik", "jk", "ij"),
               "Wx": ("k", "jk", "j"), "W.T x": ("k", "kj", "j")}
    x, w, u = letters[way]
    return np.einsum(f"{u},{w}->{x}", U, W), np.einsum(f"{u},{x}->{w}", U, X)


def swap_by_one_line(way, X, W, U):
    by_rows = W if way in ("XW.T", "Wx") else W.T
    dX, dW = U @ by_rows, np.atleast_2d(U).T @ np.atleast_2d(X)
    return [dX, dW if by_rows is W else dW.T]


RIGHT = {
    "7.1": [affine_by_index, affine_by_broadcast],
    "7.2": [gate_by_filling, gate_by_loops],
    "7.3": [softmax_by_unit_vectors, softmax_by_broadcast],
    "7.5": [memory_by_arrays, memory_by_ratio],
    "7.6": [layout_by_ours, layout_by_rows],
    "7.7": [unit_by_jacobians, unit_by_quotient_rule],
    "7.10": [swap_by_einsum, swap_by_one_line],
}

EQUAL_MUTANTS = {"7.1": ["turn index 'J_W[j, j]' in 'J_W[j, j] = x'"]}
