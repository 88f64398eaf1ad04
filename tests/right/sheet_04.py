"""Sheet 04 answered with masks, with stacks, path by path, in one line: all of it right."""

import numpy as np


def gates_by_reuse(u, v, g):
    s = {"times": u * v, "divide": u / v}
    return {"plus": [1.0 * g, 1.0 * g], "minus": [1.0 * g, 0.0 - g],
            "times": [g * v, g * u], "divide": [g / v, -s["divide"] * g / v]}


def gates_by_entries(u, v, g):
    found = {name: (np.zeros(u.shape), np.zeros(u.shape))
             for name in ("plus", "minus", "times", "divide")}
    for at, up in np.ndenumerate(g):
        pairs = {"plus": (1, 1), "minus": (1, -1), "times": (v[at], u[at]),
                 "divide": (1 / v[at], -u[at] / v[at] / v[at])}
        for name, pair in pairs.items():
            for part, slope in zip(found[name], pair):
                part[at] = up * slope
    return found


def max_by_masks(u, v, g):
    left = (u >= v).astype(g.dtype)
    return left * u + (1 - left) * v, left * g, (1 - left) * g


def max_by_assignment(u, v, g):
    s, g_u, g_v = v.copy(), np.zeros_like(g), g.copy()
    at = np.nonzero(~(u < v))
    s[at], g_u[at], g_v[at] = u[at], g[at], 0
    return [s, g_u, g_v]


def branches_by_product(x, w, g):
    return np.einsum("k,k,k->", g, w, np.cos(x * w))


def branches_by_list(x, w, g):
    return float(sum(up * speed * np.cos(speed * x) for up, speed in zip(g, w)))


def order_by_stack(output, parents):
    order, stack = [], [output]
    while stack:
        missing = [p for p in parents[stack[-1]] if p not in order]
        if missing:
            stack.append(missing[0])
        else:
            node = stack.pop()
            order += [] if node in order else [node]
    return order


def order_with_a_set(output, parents):
    seen, order = set(), []

    def visit(v):
        seen.add(v)
        for p in reversed(parents[v]):
            if p not in seen:
                visit(p)
        order.append(v)

    visit(output)
    return tuple(order)


def backward_by_pull(order, parents, local):
    g = {order[-1]: 1.0}
    for n in range(len(order) - 2, -1, -1):
        arrows = [(w, slope) for w in order[n + 1:]
                  for p, slope in zip(parents[w], local[w]) if p == order[n]]
        g[order[n]] = sum((g[w] * slope for w, slope in arrows), 0.0)
    return g


def backward_with_get(order, parents, local):
    g = dict.fromkeys(order, 0.0) | {order[-1]: 1.0}
    while order:
        *order, v = order
        for n, p in enumerate(parents[v]):
            g[p] = g.get(p, 0.0) + local[v][n] * g[v]
    return g


def passes_by_reciprocals(x, z):
    y = 1 / (1 / x + 1 / np.tanh(z))
    return y, y**2 / x**2, (y / np.sinh(z)) ** 2


def passes_by_quotient_rule(x, z):
    t, slope = np.tanh(z), 1 / np.cosh(z) ** 2
    s = x + t
    return [x * t / s, (t * s - x * t) / s**2, (x * s - x * t) / s**2 * slope]


def worked_with_reuse(x, z):
    a, b = x * z, np.log(x)
    d, e, f = np.exp(a), a / b, np.sin(b) / a
    g = {"c": 1 / a, "a": d + 1 / b - f / a}
    g["b"] = -e / b + np.cos(b) * g["c"]
    return g | {"x": z * g["a"] + g["b"] / x, "z": x * g["a"]}


def worked_by_arrows(x, z):
    a, b = x * z, np.log(x)
    local = {"xa": z, "za": x, "xb": 1 / x, "bc": np.cos(b), "ad": np.exp(a), "ae": 1 / b,
             "be": -a / b**2, "cf": 1 / a, "af": -np.sin(b) / a**2, "dy": 1, "ey": 1, "fy": 1}
    g = {"y": 1.0}
    for v in "fedcbazx":
        g[v] = sum(g[tip] * slope for (tail, tip), slope in local.items() if tail == v)
    return {v: g[v] for v in "abcxz"}


RIGHT = {
    "4.1": [gates_by_reuse, gates_by_entries],
    "4.2": [max_by_masks, max_by_assignment],
    "4.4": [branches_by_product, branches_by_list],
    "4.6": [order_by_stack, order_with_a_set],
    "4.7": [backward_by_pull, backward_with_get],
    "4.8": [passes_by_reciprocals, passes_by_quotient_rule],
    "4.10": [worked_with_reuse, worked_by_arrows],
}

EQUAL_MUTANTS = {}
