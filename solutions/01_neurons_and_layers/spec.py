"""Sheet 01: what is asked, on which cases, and what is right."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value

SIZES = [("4 units over 3", 4, 3), ("one unit over 5", 1, 5), ("6 units over one", 6, 1),
         ("as many units as inputs", 3, 3), ("one unit over one", 1, 1)]


def affine_cases(rng):
    for name, D_out, D_in in SIZES:
        W, b, a_prev = (rng.normal(size=s) for s in [(D_out, D_in), D_out, D_in])
        yield Case(name, (W, b, a_prev))


def batch_cases(rng):
    shapes = [("5 examples, 4 units over 3", 5, 4, 3), ("one example", 1, 3, 2),
              ("one unit", 4, 1, 3), ("as many examples as units", 4, 4, 2),
              ("all sizes equal", 3, 3, 3)]
    for name, B, D_out, D_in in shapes:
        W, b, A_prev = (rng.normal(size=s) for s in [(D_out, D_in), D_out, (B, D_in)])
        yield Case(name, (W, b, A_prev))


def parameters(sizes):
    return int(np.dot(np.array(sizes[:-1]) + 1, sizes[1:]))


def size_cases(rng):
    for layers in (3, 1, 2, 5):
        sizes = [int(D) for D in rng.integers(2, 30, size=layers + 1)]
        yield Case(f"{layers} layer{'s' * (layers > 1)}", (sizes,))
    yield Case("one unit in the middle", ([int(rng.integers(3, 20)), 1, 4],))


def two_layers(X, W_1, b_1, W_2, b_2):
    Z = np.einsum("ik,hk->ih", X, W_1) + b_1
    return np.einsum("ih,ch->ic", (Z + abs(Z)) / 2, W_2) + b_2


def network_cases(rng):
    shapes = [("6 examples", 6, 3, 5, 4), ("one example", 1, 4, 3, 2),
              ("one hidden unit", 5, 3, 1, 2), ("all sizes equal", 3, 3, 3, 3)]
    for name, B, D, H, C in shapes:
        parts = [(B, D), (H, D), H, (C, H), C]
        yield Case(name, tuple(rng.normal(size=s) for s in parts))
    X, W_1, W_2 = (rng.normal(size=s) for s in [(4, 3), (5, 3), (2, 5)])
    yield Case("every hidden unit is silent", (X, W_1, np.full(5, -30.0), W_2, rng.normal(size=2)))
    yield Case("every hidden unit is on", (X, W_1, np.full(5, 30.0), W_2, rng.normal(size=2)))


def collapse(W_1, b_1, W_2, b_2):
    columns = [W_2 @ (W_1[:, k] + b_1) - W_2 @ b_1 for k in range(W_1.shape[1])]
    return np.stack(columns, axis=1), W_2 @ b_1 + b_2


def pair_cases(rng):
    shapes = [("5 inputs, 4 in the middle, 3 outputs", 5, 4, 3), ("one in the middle", 4, 1, 3),
              ("one output", 3, 5, 1), ("one input", 1, 3, 2), ("all sizes equal", 3, 3, 3)]
    for name, D, H, C in shapes:
        yield Case(name, tuple(rng.normal(size=s) for s in [(H, D), H, (C, H), C]))


def templates(X, y, C):
    of_class = (y[None, :] == np.arange(C)[:, None]).astype(float)
    W = of_class @ X / of_class.sum(axis=1, keepdims=True)
    return W, -np.einsum("ck,ck->c", W, W) / 2


def picture_cases(rng):
    shapes = [("12 pictures of 3 classes", 12, 5, 3), ("one picture a class", 4, 6, 4),
              ("one class", 5, 3, 1), ("one pixel", 8, 1, 2)]
    for name, N, D, C in shapes:
        yield Case(name, (rng.normal(1, 1, size=(N, D)), rng.permutation(N) % C, C))
    y = rng.permutation([0, 0, 0, 0, 0, 1, 2, 2])
    yield Case("classes of different sizes", (rng.normal(1, 1, size=(8, 4)), y, 3))


QUESTIONS = [
    Function(
        "1.1", "affine", 2, 8, ("1.3", "1.1"), "a row of W a unit, and each bias once",
        ("Which numbers does one unit need, and how often does it add its bias?",
         "A row of W meets the inputs entry by entry. The bias comes in once, outside the sum "
         "over the inputs.",
         "`z[j] = b[j]`, then `z[j] += W[j, k] * a_prev[k]` for every k"),
        lambda W, b, a_prev: W @ a_prev + b, make=affine_cases),
    Function(
        "1.2", "affine_batch", 2, 6, ("1.7", "1.6"), "rows stay rows, W is turned over",
        ("Which index do the inputs and the weights share, and where must it stand in a product?",
         "The sum runs over the second index of `A_prev` and the second of `W`. Turn `W` over; "
         "then numpy adds `b` to every row.",
         "`Z = A_prev @ W.T + b`"),
        lambda W, b, A_prev: np.einsum("ik,jk->ij", A_prev, W) + b, make=batch_cases),
    Function(
        "1.3", "parameters", 2, 6, ("1.13",), "weights for every pair, a bias for every unit above",
        ("Do the inputs have biases?",
         "Go through the neighbours in the list: one weight for each pair of units, one bias for "
         "each unit of the upper layer.",
         "`D * D_prev + D`, added up over `zip(sizes, sizes[1:])`"),
        parameters, make=size_cases),
    Function(
        "1.4", "two_layers", 3, 10, ("1.11", "1.2", "1.7"), "where the bend stands, and where not",
        ("May a score be negative? May a hidden unit say something negative?",
         "The first layer is affine with the bias inside the bend; the second layer has no bend.",
         "`A = np.maximum(0, X @ W_1.T + b_1)`, then `A @ W_2.T + b_2`"),
        two_layers, make=network_cases),
    Function(
        "1.5", "collapse", 3, 10, ("1.14",), "the first bias passes through the second matrix",
        ("What does the second layer do with everything that comes out of the first, its bias "
         "included?",
         "Multiply out: the second matrix meets the first matrix and the first bias. The second "
         "bias comes on top.",
         "`W = W_2 @ W_1` and `b = W_2 @ b_1 + b_2`"),
        collapse, make=pair_cases),
    Function(
        "1.6", "templates", 3, 12, ("1.9", "1.8"), "averages as rows, a bias that makes distances",
        ("Which pictures belong into the average of one row?",
         "Average over the pictures of one class, pixel by pixel. The bias takes off half the "
         "squared length of that row.",
         "`W[c] = X[y == c].mean(axis=0)` and `b[c] = -np.sum(W[c] ** 2) / 2`"),
        templates, make=picture_cases),
    Order(
        "1.7", "order", 2, 8, ("1.10", "1.9"), "the bias is made from whole averages",
        ("For which rows does the formula of the bias hold: whole averages, or what is left?",
         "The bias needs whole averages, the common part is taken off afterwards. The scores may "
         "use either kind of row.",
         "F before E, E and D before B, E before C, C before A."),
        "FEDBCA", before=("FE", "FD", "EB", "DB", "EC", "CA")),
    Value(
        "1.8", "pieces", 1, 4, ("1.22",), "lines cut the plane into few pieces",
        ("A new line meets each old line once: into how many parts do they cut it?",
         "Line number n + 1 has n crossings, so n + 1 parts, and each part splits one piece.",
         "1 + 5 + 5 · 4 / 2"),
        16),
    Choice(
        "1.9", "wrong_line", 1, 5, ("1.3", "1.4", "1.7"), "the index and the place of the bias",
        ("In each line, how often is a bias added, and whose bias is it?",
         "A unit adds its own bias, and adds it once. Read the bracket under the sum.",
         "$z_k = \\big(\\sum_i w_{ki}\\, a_i\\big) + b_k$"),
        "B", erratum="A2", options=("A", "B", "C", "D")),
]
