"""Sheet 11 answered with einsum, where, other walks: all of it right."""

import numpy as np


def multiply_as_list(u, a, b):
    return [np.multiply(b, u), np.multiply(a, u)]


def multiply_by_entries(u, a, b):
    g_a, g_b = np.zeros(a.shape), np.zeros(b.shape)
    for place in np.ndindex(u.shape):
        g_a[place], g_b[place] = u[place] * b[place], u[place] * a[place]
    return g_a, g_b


def matmul_by_turning(u, a, b):
    return (b @ u.T).T, (u.T @ a).T


def matmul_by_loops(u, a, b):
    g_a, g_b = np.zeros(a.shape), np.zeros(b.shape)
    for i, j in np.ndindex(u.shape):
        g_a[i] += u[i, j] * b[:, j]
        g_b[:, j] += u[i, j] * a[i]
    return g_a, g_b


def maximum_by_where(u, a, b):
    return np.where(a > b, u, 0), np.where(a > b, 0, u)


def maximum_by_rest(u, a, b):
    g_b = u * (np.maximum(a, b) == b)
    return u - g_b, g_b


def unbroadcast_at_once(share, shape):
    front = share.ndim - len(shape)
    stretched = tuple(front + n for n, size in enumerate(shape) if size == 1)
    return share.sum(axis=(*range(front), *stretched)).reshape(shape)


def unbroadcast_by_padding(share, shape):
    padded = (1,) * (share.ndim - len(shape)) + tuple(shape)
    for axis, size in enumerate(padded):
        if size != share.shape[axis]:
            share = np.add.reduce(share, axis=axis, keepdims=True)
    return np.reshape(share, shape)


def order_by_counting(parents, end):
    """Walk from the end: a node comes when all its children have come; then turn round."""
    wanted, todo = {end}, [end]
    while todo:
        new = set(parents[todo.pop()]) - wanted
        wanted |= new
        todo += new
    waits = {v: 0 for v in wanted}
    for v in wanted:
        for p in parents[v]:
            waits[p] += 1
    line = [end]
    for v in line:
        for p in parents[v]:
            waits[p] -= 1
            if waits[p] == 0:
                line.append(p)
    return line[::-1]


def order_by_iterators(parents, end):
    line, seen, path = [], {end}, [(end, iter(parents[end]))]
    while path:
        node, rest = path[-1]
        fresh = next((p for p in rest if p not in seen), None)
        if fresh is None:
            line.append(path.pop()[0])
        else:
            seen.add(fresh)
            path.append((fresh, iter(parents[fresh])))
    return line


def backward_by_children(edges, line):
    g = {}
    for v in line[::-1]:
        shares = [g[c] @ J for c in g for p, J in edges[c] if p == v]
        g[v] = sum(shares) if shares else np.array([1.0])
    return g


def backward_from_zeros(edges, line):
    g = {p: np.zeros(J.shape[1]) for v in line for p, J in edges[v]}
    g[line[-1]] = np.ones(1)
    for v in line[::-1]:
        for p, J in edges[v]:
            g[p] += J.T @ g[v]
    return g


def logits_by_rows(Z, y):
    rows = []
    for z, label in zip(Z, y):
        p = np.exp(z - max(z))
        p /= p.sum()
        p[label] -= 1
        rows.append(p / len(Z))
    return np.array(rows)


def logits_by_logs(Z, y):
    top = Z.max(axis=1)[:, None]
    P = np.exp(Z - top - np.log(np.exp(Z - top).sum(axis=1))[:, None])
    return (P - np.eye(Z.shape[1])[y]) / y.size


def descend_with_zeroing(H, w, eta, T):
    g = np.zeros(len(w))
    for _ in range(T):
        g += H @ w
        w = w - eta * g
        g = np.zeros(len(w))
    return w


def descend_by_factor(H, w, eta, T):
    step = np.eye(len(w)) - eta * H
    w = w.copy()
    while T > 0:
        w, T = step @ w, T - 1
    return w


RIGHT = {
    "11.1": [multiply_as_list, multiply_by_entries],
    "11.2": [matmul_by_turning, matmul_by_loops],
    "11.3": [maximum_by_where, maximum_by_rest],
    "11.4": [unbroadcast_at_once, unbroadcast_by_padding],
    "11.6": [order_by_counting, order_by_iterators],
    "11.8": [backward_by_children, backward_from_zeros],
    "11.9": [logits_by_rows, logits_by_logs],
    "11.10": [descend_with_zeroing, descend_by_factor],
}

EQUAL_MUTANTS = {"11.10": ["turn product 'H @ w' in 'w = w - eta * (H @ w)'"]}  # H is symmetric
