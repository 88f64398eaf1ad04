"""Sheet 07: what is asked, on which cases, and what is right (by index and by built tables)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value

# name, outputs, inputs
SIZES = [("4 outputs of 3 inputs", 4, 3), ("one output", 1, 5), ("one input", 5, 1),
         ("one of one", 1, 1), ("as many outputs as inputs", 3, 3)]


def affine_jacobians(W, x):
    I = np.eye(len(W))  # noqa: E741 (the identity)
    return {"x": np.einsum("jl,lk->jk", I, W), "b": I, "W": np.einsum("jl,k->jlk", I, x)}


def affine_cases(rng):
    for name, m, n in SIZES:
        yield Case(name, (rng.normal(size=(m, n)), rng.normal(size=n)))


def gate_jacobians(m, z):
    I = np.eye(len(z))  # noqa: E741
    return I * np.tanh(z), I * m / np.cosh(z) ** 2


def gate_cases(rng):
    for name, n in [("4 entries", 4), ("one entry", 1), ("7 entries", 7)]:
        yield Case(name, tuple(rng.normal(size=(2, n))))
    yield Case("saturated", (rng.normal(size=3), rng.choice([-5.0, 5.0], 3)))
    yield Case("only negative", tuple(-rng.uniform(0.5, 2, size=(2, 4))))


def softmax_jacobian(z, T):
    e = np.exp((z - z.max()) / T)
    s = e.sum()
    return np.array([[(e[j] * s * (j == l) - e[j] * e[l]) / s**2 / T for l in range(len(z))]
                     for j in range(len(z))])


def softmax_cases(rng):
    for name, n, T in [("4 classes", 4, 1.7), ("two classes", 2, 0.6), ("T = 1", 5, 1.0)]:
        yield Case(name, (rng.normal(size=n), T))
    yield Case("large logits", (1000 + rng.normal(size=3), 2.5))
    yield Case("a tie of all", (np.full(4, rng.normal()), 3.0))
    yield Case("only negative", (-rng.uniform(1, 3, size=6), 0.8))


def memory(B, D_in, D_out, size):
    shapes = {"dZ/dX": (B, D_out, B, D_in), "dZ/dW": (B, D_out, D_out, D_in),
              "dX": (B, D_in), "dW": (D_out, D_in)}
    return {name: int(np.prod(shape)) * size for name, shape in shapes.items()}


def memory_cases(rng):
    draw = rng.integers(2, 9, size=(5, 3)).tolist()
    yield Case("a small layer", (*draw[0], 8))
    yield Case("single precision", (*draw[1], 4))
    yield Case("one example", (1, *draw[2][1:], 8))
    yield Case("one unit", (draw[3][0], draw[3][1], 1, 8))
    yield Case("a layer of today", (128, 1024, 1000 + draw[4][0], 2))


def from_denominator(D_1, D_2, g):
    return np.einsum("kl,lj->jk", D_1, D_2), np.einsum("kl,lj,j->k", D_1, D_2, g)


def layout_cases(rng):
    sizes = [("3, 4, 2 numbers", 3, 4, 2), ("one output", 5, 2, 1), ("one input", 1, 3, 4),
             ("one in between", 3, 1, 2), ("all sizes equal", 3, 3, 3)]
    for name, n, l, m in sizes:
        yield Case(name, (rng.normal(size=(n, l)), rng.normal(size=(l, m)), rng.normal(size=m)))


def unit_rows_vjp(X, U):
    """Build the Jacobian of every row."""
    dX = np.zeros(X.shape)
    for i, (x, u) in enumerate(zip(X, U)):
        r = np.linalg.norm(x)
        dX[i] = (np.eye(len(x)) / r - np.outer(x, x) / r**3) @ u
    return dX


def unit_cases(rng):
    for name, B, n in [("4 rows of 3", 4, 3), ("one row", 1, 5), ("square", 3, 3),
                       ("rows of two", 6, 2)]:
        yield Case(name, tuple(rng.normal(size=(2, B, n))))
    X, U = rng.normal(size=(2, 3, 4))
    yield Case("long and short rows", (X * np.array([[100.0], [1.0], [0.01]]), U))


WAYS = {"XW": ("ik,kj->ij", "bi", "io"), "XW.T": ("ik,jk->ij", "bi", "oi"),
        "Wx": ("k,jk->j", "i", "oi"), "W.T x": ("k,kj->j", "i", "io")}


def swap_rule(way, X, W, U):
    """Contract U with the factor that is not differentiated, index by index."""
    inputs, out = WAYS[way][0].split("->")
    x, w = inputs.split(",")
    return np.einsum(f"{out},{w}->{x}", U, W), np.einsum(f"{x},{out}->{w}", X, U)


def swap_cases(rng):
    for name, b, i, o in [("", 4, 3, 2), (", square", 3, 3, 3), (", one unit", 5, 4, 1)]:
        size = {"b": b, "i": i, "o": o}
        for way, (_, x, w) in WAYS.items():
            u = "bo" if "b" in x else "o"
            yield Case(way + name, (way, *(rng.normal(size=[size[k] for k in letters])
                                           for letters in (x, w, u))))


QUESTIONS = [
    Function(
        "7.1", "affine_jacobians", 3, 10, ("7.14", "7.12", "7.13"), "output first, zeros included",
        ("If one single weight is nudged, which outputs move, and by how much?",
         "Only the output of its own row moves, by x. So the big table holds x where the first "
         "two indices agree, and 0 elsewhere.",
         "`W`, `np.eye(m)`, and `J_W[j, j] = x` for each j"),
        affine_jacobians, make=affine_cases),
    Function(
        "7.2", "gate_jacobians", 2, 6, ("7.16",), "diagonal tables of an elementwise product",
        ("If one entry of z is nudged, how many outputs move?",
         "One only, so both tables are empty off the diagonal. For z the slope of the tanh "
         "counts, times the m beside it.",
         "`np.diag(np.tanh(z))` and `np.diag(m * (1 - np.tanh(z) ** 2))`"),
        gate_jacobians, make=gate_cases),
    Function(
        "7.3", "softmax_jacobian", 2, 7, ("7.20", "7.9"), "a full table, and an inner factor",
        ("By how much does the argument of the softmax move if z moves by 1?",
         "By 1/T. The outer function stands left: the table of the softmax at z/T, times 1/T.",
         "`(np.diag(p) - np.outer(p, p)) / T` with `p = softmax(z / T)`"),
        softmax_jacobian, make=softmax_cases),
    Value(
        "7.4", "entries_and_more", 1, 5, ("7.24",), "four indices and one bracket",
        ("How many numbers come out of the layer, and how many weights go in?",
         "There is an entry for each pair of an output and a weight. It is not 0 if the weight "
         "belongs to the unit of the output.",
         "(4 · 5) · (5 · 3) entries; of the two indices of units one is bound: 4 · 5 · 3."),
        [300, 60]),
    Function(
        "7.5", "memory", 2, 6, ("7.30",), "pairs of entries, times bytes",
        ("How many entries has Z, and how many has what it is differentiated by?",
         "A Jacobian has an entry for each pair; a gradient has the shape of its own array.",
         "`B * D_out * B * D_in * size` for dZ/dX, and `D_out * D_in * size` for dW"),
        memory, make=memory_cases),
    Function(
        "7.6", "from_denominator", 2, 7, ("7.10", "7.6", "7.11"), "the mirrored chain rule",
        ("In which layout do the data flow from left to right through the product?",
         "Multiply as that book does, inner function first, and turn the product once. The "
         "gradient is that book's matrix times g.",
         "`(D_1 @ D_2).T` and `D_1 @ (D_2 @ g)`"),
        from_denominator, make=layout_cases),
    Function(
        "7.7", "unit_rows_vjp", 4, 14, ("7.5", "7.21"), "a full Jacobian that is never built",
        ("If x grows along its own direction, does its direction change?",
         "The table is the identity minus f fᵀ, over r: what points along f is taken out. Its "
         "product with u needs one number for each row, the sum of f times u.",
         "`(U - F * (F * U).sum(axis=1, keepdims=True)) / r`"),
        unit_rows_vjp, make=unit_cases),
    Order(
        "7.8", "order", 2, 6, ("7.32", "7.21"), "the chain from the outer end",
        ("Which function was applied last, going forward?",
         "The softmax: first the mean of u under p is taken off, then p multiplies. Then W_2, "
         "the bend, W_1.",
         "F, D, B, then C, E, A."),
        "FDBCEA"),
    Choice(
        "7.9", "wrong_line", 1, 5, ("7.9", "7.10"), "a layout and its chain rule belong together",
        ("With three different sizes, which of the products cannot even be formed?",
         "The rows of a Jacobian are outputs here. Then the outer function stands left.",
         "J_2 has a column for each row of J_1: the product is J_2 J_1."),
        "C", erratum="C1", options=("A", "B", "C", "D")),
    Function(
        "7.10", "swap_rule", 3, 10, ("7.27", "7.23", "7.25", "7.28", "7.29"),
        "one rule for each way to write a layer",
        ("What shape must each gradient have, and which product of the two factors has it?",
         "Write the sum with indices: the upstream and the other factor, summed over what is not "
         "in the result.",
         "`U @ W` and `U.T @ X` for XW.T; `W.T @ U` and `np.outer(U, X)` for Wx; both turned for "
         "the other two"),
        swap_rule, make=swap_cases, kind="find", erratum="C2"),
]
