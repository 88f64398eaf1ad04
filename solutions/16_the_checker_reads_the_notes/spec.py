"""Sheet 16: what is asked, on which cases, and what is right (by sums and by index)."""

import numpy as np

from grading.spec import Case, Function, Order, Value

LAM, ALPHA = 1.0507009873554805, 1.6732632423543772


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def trial(measured, claim, right, limit):
    allowed = limit * np.abs(measured).max()
    claim_passes, right_passes = (np.abs(g - measured).max() <= allowed for g in (claim, right))
    return "no case" if claim_passes else "convicted" if right_passes else "not understood"


def trial_cases(rng):
    g, wrong, worse = rng.normal(size=(3, 4))
    yield Case("a wrong claim, mended", (g, wrong, g.copy(), 1e-3))
    yield Case("an innocent, but for rounding", (g, g * (1 + 1e-9), g.copy(), 1e-7))
    yield Case("an innocent beside a wrong correction", (g, g.copy(), wrong, 1e-7))
    yield Case("both are wrong", (g, wrong, worse, 1e-7))
    yield Case("both are wrong in the same way", (g, wrong, wrong.copy(), 1e-7))
    whole = np.append(rng.integers(1, 7, 3), 8.0)
    yield Case("a claim off by the limit, just", (whole, whole + [1, 0, 0, 0], wrong, 0.125))
    yield Case("a correction off by the limit, just", (whole, -whole, whole + [1, 0, 0, 0], 0.125))


def layer_slopes(delta, W, b, z):
    dW, below = np.zeros(W.shape), np.zeros(W.shape[1])
    for (j, k), w in np.ndenumerate(W):
        dW[j, k] = delta[j] * np.tanh(z[k])
        below[k] += delta[j] * w / np.cosh(z[k]) ** 2
    return dW, 1.0 * delta, below


def layer_cases(rng):
    for name, D_out, D_in in [("4 units over 3", 4, 3), ("one unit over one", 1, 1),
                              ("one unit over 5", 1, 5), ("as many above as below", 3, 3)]:
        sizes = D_out, (D_out, D_in), D_in, D_in
        yield Case(name, tuple(rng.normal(size=size) for size in sizes))
    sizes = 2, (2, 3), 3
    yield Case("saturated units below",
               (*(rng.normal(size=size) for size in sizes), rng.choice([-4.0, 4.0], 3)))


def node_slopes(a, b, c):
    g_d = g_e = g_f = 1.0
    return g_d * np.exp(a) + g_e / b + g_f * (-c / a**2), g_e * (-a / b**2), g_f / a


def node_cases(rng):
    yield Case("all positive", tuple(rng.uniform(0.5, 2, 3)))
    yield Case("a negative a", (-rng.uniform(0.5, 2), *rng.uniform(0.5, 2, 2)))
    yield Case("a negative b", (rng.uniform(0.5, 1), -rng.uniform(0.5, 2), 1.5))
    yield Case("c is 0", (*rng.uniform(0.5, 2, 2), 0.0))


def network(x, alpha):
    return x if not alpha else network(sigmoid(x @ alpha[0]), alpha[1:])


def network_cases(rng):
    for name, *D in [("three layers", 3, 5, 4, 2), ("three equal layers", 4, 4, 4, 4),
                     ("one unit a layer", 1, 1, 1, 1), ("one layer", 3, 2),
                     ("four layers", 2, 3, 3, 2, 3)]:
        yield Case(name, (rng.normal(size=D[0]), [rng.normal(size=s) for s in zip(D, D[1:])]))


def selu_unit(x, w, b):
    z = w * x + b
    on = 1.0 * (z > 0)
    decay = ALPHA * np.exp(np.minimum(z, 0))
    return LAM * (on * z + (1 - on) * (decay - ALPHA)), LAM * w * (on + (1 - on) * decay)


def selu_cases(rng):
    yield Case("a negative weight", (rng.normal(size=8), -0.8, 0.5))
    yield Case("a large bias", (rng.normal(size=8), 0.7, 4.0))
    yield Case("inputs positive, sums negative", (rng.uniform(1, 2, 5), -1.5, 0.2))
    yield Case("inputs negative, sums positive", (-rng.uniform(1, 2, 5), -1.5, 0.2))
    yield Case("a table of inputs", (rng.normal(size=(3, 4)), rng.normal(), rng.normal()))
    x = rng.normal(size=4)
    yield Case("a sum of exactly 0", (np.append(x, 0.0), 1.5, 0.0))


def input_slope(delta, w):
    m, (P, Q) = len(w), delta.shape
    dx = np.zeros((P + m - 1, Q + m - 1))
    for a in range(m):
        for b in range(m):
            dx[a:a + P, b:b + Q] += w[a, b] * delta
    return dx


def input_cases(rng):
    for name, P, Q, m in [("a kernel of 3 by 3", 4, 5, 3), ("a kernel of one weight", 4, 3, 1),
                          ("a kernel that just fits", 1, 1, 3), ("one row", 1, 6, 2),
                          ("a square picture", 4, 4, 2)]:
        yield Case(name, (rng.normal(size=(P, Q)), rng.normal(size=(m, m))))


def inner_pixels(H, m):
    good = np.zeros((H, H), dtype=bool)
    good[m - 1:H - m + 1, m - 1:H - m + 1] = True
    return good


def inner_cases(rng):
    m = int(rng.integers(3, 5))
    yield Case("an ordinary picture", (2 * m + int(rng.integers(1, 9)), m))
    yield Case("one pixel only", (2 * m - 1, m))
    yield Case("no pixel at all", (2 * m - 2, m))
    yield Case("a kernel of one weight", (int(rng.integers(2, 12)), 1))
    yield Case("a kernel of 2 by 2", (int(rng.integers(3, 12)), 2))


def game_slopes(D, p_r, p_g, h):
    slopes = [h * (r * (1 - d) - g * d) / (d * (1 - d)) for d, r, g in zip(D, p_r, p_g)]
    return np.array(slopes), 1 / (1 + p_g / p_r)


def game_cases(rng):
    D, p_r, p_g = rng.uniform(0.1, 0.9, (3, 6))
    yield Case("six points", (D, p_r, p_g, rng.uniform(0.1, 0.4)))
    yield Case("one point", (D[:1], p_r[:1], p_g[:1], 0.5))
    yield Case("the same law", (D, p_r, p_r.copy(), 0.25))
    yield Case("no fake anywhere", (D, p_r, np.zeros(6), 0.25))
    yield Case("a coarse grid", (D, 3 * p_r, p_g, 2.0))


def softmax_delta(Z, Y):
    delta = np.zeros(Z.shape)
    for i, z in enumerate(Z):
        p = np.exp(z - z.max())
        p = p / p.sum()
        jacobian = np.diag(p) - np.outer(p, p)
        delta[i] = jacobian @ (p - Y[i]) / len(Z)
    return delta


def softmax_cases(rng):
    for name, B, K in [("5 rows, 4 classes", 5, 4), ("one row", 1, 4), ("two classes", 4, 2),
                       ("one class", 3, 1), ("as many rows as classes", 3, 3)]:
        yield Case(name, (rng.normal(size=(B, K)), np.eye(K)[rng.integers(K, size=B)]))
    yield Case("large logits", (800 + rng.normal(size=(4, 3)), rng.uniform(size=(4, 3))))


QUESTIONS = [
    Function(
        "16.1", "trial", 2, 8, ("16.1",), "two verdicts: the claim fails and the correction passes",
        ("Which of the two formulas do you have to ask about first?",
         "The claim first. Only if it fails does it matter whether your own formula passes.",
         "`off(claim, measured) <= limit`: no case. Else `off(right, measured) <= limit`: "
         "convicted. Else: not understood."),
        trial, make=trial_cases),
    Function(
        "16.2", "layer_slopes", 2, 6, ("16.4", "16.3"), "a constant that is added has no slope",
        ("Nudge a sum below. Does any bias move?",
         "The bias of a unit is a constant for its own sum: it adds nothing to a slope.",
         "`below[k] = sum(delta[j] * W[j, k] for j in …) * tanh_prime(z[k])`"),
        layer_slopes, make=layer_cases, kind="find", erratum="A4"),
    Function(
        "16.3", "node_slopes", 2, 8, ("16.15", "16.14"), "which node a branch runs through",
        ("Through which three nodes does a reach y?",
         "Through d, e and f. The slope of each branch ends in the node that it runs through; "
         "c is no such node.",
         "`g_a = np.exp(a) + 1 / b - c / a**2`"),
        node_slopes, make=node_cases, kind="find", erratum="A27"),
    Function(
        "16.4", "network", 2, 6, ("16.17", "16.16"), "each layer has its matrix, and bends sums",
        ("What does a bend act on, and how often is each matrix used?",
         "It acts on sums, never on weights; each layer uses its own matrix, once.",
         "`z = sigmoid(weights.T @ z)` for every `weights` in `alpha`"),
        network, make=network_cases, kind="find", erratum="A30"),
    Function(
        "16.5", "selu_unit", 2, 8, ("16.19",), "a bend asks its own argument",
        ("A bend is a function of one thing. Of which?",
         "Of the sum. An input may be positive while its sum is negative.",
         "The condition is `z > 0`, in both lines, with `z = w * x + b`."),
        selu_unit, make=selu_cases, kind="find", erratum="A15"),
    Function(
        "16.6", "input_slope", 3, 10, ("16.35", "16.36"), "pad all sides, flip once",
        ("In how many windows does the last pixel lie, at the bottom right?",
         "In one, like the first: all four sides need zeros. And a convolution flips by itself.",
         "`slide(np.pad(delta, m - 1), w[::-1, ::-1])`"),
        input_slope, make=input_cases, kind="find", erratum="A12"),
    Function(
        "16.7", "inner_pixels", 2, 8, ("16.34",), "a region by its four edges",
        ("For which pixels does the sum ask for a row with a negative number, or below the last?",
         "The rows u − m + 1 to u of δ are asked for, and there are rows 0 to H − m.",
         "m − 1 ≤ u ≤ H − m, and the same for v"),
        inner_pixels, make=inner_cases, kind="find", erratum="A10"),
    Function(
        "16.8", "game_slopes", 2, 8, ("16.38", "16.39"), "a function has a slope at every point",
        ("How many values may you nudge, one at a time?",
         "One at each point of the grid, and each stands in one term of the sum. Set each slope "
         "to zero by itself.",
         "`h * (p_r / D - p_g / (1 - D))`, and it is zero at `p_r / (p_r + p_g)`"),
        game_slopes, make=game_cases, kind="find", erratum="A13"),
    Function(
        "16.9", "softmax_delta", 3, 10, ("16.49", "16.45"), "all paths through a softmax",
        ("Nudge one logit: which shares move?",
         "All shares of its row. Take the slope u for each share, subtract the average of the u "
         "under the shares, multiply by the share.",
         "`P * (U - np.sum(P * U, axis=1, keepdims=True))` with `U = (P - Y) / B`"),
        softmax_delta, make=softmax_cases, kind="find", erratum="B11"),
    Order(
        "16.10", "order", 2, 8, ("16.37", "16.35"), "what needs what, and which value is still old",
        ("Which lines read the gain or the kernel, and which lines change them?",
         "A parameter may move when nobody needs its old value any more.",
         "E reads `g`, so E comes before A. B reads `w`, so B comes before D."),
        "FCHEABGD", before=("FC", "FE", "CH", "HA", "EA", "EB", "EG", "BD", "GD")),
    Value(
        "16.11", "friends_slope", 1, 4, ("16.56",), "a check compares with the function given",
        ("How often does her bias stand in the sum?",
         "Once for every input. Each time it moves the sum by as much as itself.",
         "7 · 0.5"),
        3.5),
]
