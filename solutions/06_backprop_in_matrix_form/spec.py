"""Sheet 06: what is asked, on which cases, and what is right (by loops and by index)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value

# name, B, D_out, D_in
SIZES = [("5 examples, 4 units over 3", 5, 4, 3), ("one example", 1, 4, 3),
         ("one unit over one", 6, 1, 1), ("one unit over 5", 4, 1, 5), ("all sizes equal", 3, 3, 3)]


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def sums_cases(rng):
    for name, B, D_out, D_in in SIZES:
        W = rng.normal(size=(D_out, D_in))
        yield Case(name, (rng.normal(size=(B, D_in)), W, rng.normal(size=D_out)))


def weight_cases(rng):
    for name, B, D_out, D_in in SIZES:
        yield Case(name, (rng.normal(size=(B, D_out)), rng.normal(size=(B, D_in))))


def bias_cases(rng):
    for name, B, D_out, _ in SIZES:
        yield Case(name, (rng.normal(size=(B, D_out)),))


def answer_cases(rng):
    for name, B, D_out, D_in in SIZES:
        yield Case(name, (rng.normal(size=(B, D_out)), rng.normal(size=(D_out, D_in))))


def delta_below(delta, W, Z):
    return np.einsum("ij,jk->ik", delta, W) / np.cosh(Z) ** 2


def delta_cases(rng):
    for name, B, D_out, D_in in SIZES:
        W = rng.normal(size=(D_out, D_in))
        yield Case(name, (rng.normal(size=(B, D_out)), W, rng.normal(size=(B, D_in))))
    W, Z = rng.normal(size=(2, 3)), rng.choice([-4.0, 4.0], (4, 3))
    yield Case("saturated units below", (rng.normal(size=(4, 2)), W, Z))


def gradients(X, Y, W, b):
    """Add up the gradients of one example at a time, in columns."""
    dW, db = ({l: np.zeros(p[l].shape) for l in p} for p in (W, b))
    for x, y in zip(X, Y):
        a, N = {0: x}, len(W)
        for l in range(1, N + 1):
            z = W[l] @ a[l - 1] + b[l]
            a[l] = np.tanh(z) if l < N else sigmoid(z)
        delta = (a[N] - y) * a[N] * (1 - a[N]) / len(X)
        for l in range(N, 0, -1):
            dW[l] += np.outer(delta, a[l - 1])
            db[l] += delta
            delta = (W[l].T @ delta) * (1 - a[l - 1] ** 2)
    return dW, db


def network_cases(rng):
    sizes = [("three layers, 5 examples", 5, 3, 4, 5, 2), ("one example", 1, 2, 4, 3),
             ("one layer", 6, 4, 3), ("one unit a layer", 4, 1, 1, 1),
             ("equal layers, as many examples", 3, 3, 3, 3, 3)]
    for name, B, *D in sizes:
        W = {l: rng.normal(size=(D[l], D[l - 1])) for l in range(1, len(D))}
        b = {l: rng.normal(size=D[l]) for l in range(1, len(D))}
        yield Case(name, (rng.normal(size=(B, D[0])), rng.uniform(size=(B, D[-1])), W, b))


def cross_entropy(y_hat, y_star):
    """Return J by way of the logit u: log(1 + e^u) - y u."""
    u = np.log(y_hat / (1 - y_hat))
    return np.logaddexp(0, u) - y_star * u


def entropy_cases(rng):
    yield Case("an answer between", (rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)))
    yield Case("yes was right", (rng.uniform(0.1, 0.9), 1.0))
    yield Case("no was right", (rng.uniform(0.1, 0.9), 0.0))
    yield Case("surely wrong", (1e-6 * rng.uniform(1, 2), 1.0))
    yield Case("surely right", (1 - 1e-6 * rng.uniform(1, 2), 1.0))


def alpha_gradients(x, y_star, alpha):
    """Work with W = alpha transposed, as in the rest of the course, and turn back."""
    W = {i: alpha[i].T for i in alpha}
    a = {0: x}
    for i in (1, 2, 3):
        a[i] = sigmoid(W[i] @ a[i - 1])
    delta, dW = a[3] - y_star, {}
    for i in (3, 2, 1):
        dW[i] = delta[:, None] * a[i - 1]
        delta = (W[i].T @ delta) * a[i - 1] * (1 - a[i - 1])
    return {i: dW[i].T for i in (1, 2, 3)}


def alpha_cases(rng):
    sizes = [("4, 5, 3 units", 4, 5, 3), ("2, 3, 6 units", 2, 3, 6), ("one unit a layer", 1, 1, 1),
             ("equal layers", 3, 3, 3)]
    for name, *D in sizes:
        alpha = {i: rng.normal(size=shape) for i, shape in enumerate(zip(D, D[1:] + [1]), 1)}
        yield Case(name, (rng.normal(size=D[0]), rng.uniform(), alpha))


QUESTIONS = [
    Function(
        "6.1", "batch_sums", 2, 5, ("6.12",), "rows through a layer, the transpose by index",
        ("Which index of W is summed over, and where does a product sum in its right factor?",
         "The sum runs over k, the second index of W. A product sums over the first index of "
         "its right factor, so W is turned. The bias is added to every row.",
         "`A_prev @ W.T + b`"),
        lambda A_prev, W, b: np.einsum("ik,jk->ij", A_prev, W) + b, make=sums_cases),
    Value(
        "6.2", "shapes", 1, 4, ("6.17", "6.18", "6.20"), "a gradient has the shape of its array",
        ("Of which array is each of them the gradient?",
         "delta is the gradient of Z, and the other three carry the name of theirs.",
         "Z is (B, D_out), W is (D_out, D_in), b is (D_out,), A_prev is (B, D_in)."),
        [(32, 4), (4, 10), (4,), (32, 10)]),
    Function(
        "6.3", "weight_gradient", 2, 7, ("6.17", "6.16"), "the sum over examples as a product",
        ("One weight serves all examples. Over which index do its paths add up?",
         "Over i, the first index of both tables. A product needs it second on the left.",
         "`delta.T @ A_prev`"),
        lambda delta, A_prev: np.einsum("ij,ik->jk", delta, A_prev), make=weight_cases),
    Function(
        "6.4", "bias_gradient", 2, 5, ("6.18",), "a sum over examples; 1/B is in delta already",
        ("Forward, the one row b is added to every row. What happens to these paths backward?",
         "They come together again: add up the rows of delta. Its 1/B is inside already.",
         "`delta.sum(axis=0)`"),
        lambda delta: np.ones(len(delta)) @ delta, make=bias_cases),
    Function(
        "6.5", "answer_gradient", 2, 6, ("6.20", "6.19"), "a sum over units above, no transpose",
        ("Unit k speaks to which units above, and in which examples?",
         "To all units j, within its own example: sum over j. It stands second in delta and first "
         "in W.",
         "`delta @ W`"),
        lambda delta, W: np.einsum("ij,jk->ik", delta, W), make=answer_cases),
    Function(
        "6.6", "delta_below", 2, 6, ("6.21",), "collect from above, then bend, entry by entry",
        ("What lies between the sums below and the sums above?",
         "First the bend of the layer below, then the weights. Backward, the other way round.",
         "`(delta @ W) * tanh_prime(Z)`"),
        delta_below, make=delta_cases),
    Order(
        "6.7", "order", 2, 8, ("6.18", "6.21", "6.15"), "the way from the loss to a bias",
        ("Where does the way back begin, and what does it meet last?",
         "It begins at the loss and meets the bends and weights in reverse. The bias is met last, "
         "by all examples at once.",
         "D, then B, A, E, C; F may stand anywhere behind D."),
        "DFBAEC", before=("DF", "DB", "BA", "AE", "EC")),
    Function(
        "6.8", "gradients", 4, 18, ("6.17", "6.15", "6.18", "6.21"), "the whole sweep for a batch",
        ("At which place, and only there, does the size of the batch enter?",
         "In the gradient of the loss for the outputs. From there each layer gives dW and db, and "
         "hands delta down.",
         "`delta = (A[N] - Y) / len(Y) * sigmoid_prime(Z[N])`, then (6.17), (6.18), (6.21)"),
        gradients, make=network_cases),
    Choice(
        "6.9", "wrong_line", 1, 5, ("6.26",), "a likelihood is made large, a loss small",
        ("Put in an answer that is nearly right and one that is quite wrong. Which line dislikes "
         "the right one?",
         "Logarithms of numbers below 1 are negative. What should be made small must be small for "
         "a good answer.",
         "J is a negative log likelihood: it begins with a minus."),
        "C", erratum="A23", options=("A", "B", "C", "D")),
    Function(
        "6.10", "cross_entropy", 2, 5, ("6.26",), "the minus, and both halves",
        ("Which half of the sum counts if the right answer is no?",
         "Each half carries the weight of its answer. Both logarithms are negative.",
         "`-(y_star * np.log(y_hat) + (1 - y_star) * np.log(1 - y_hat))`"),
        cross_entropy, make=entropy_cases, kind="find", erratum="A23"),
    Function(
        "6.11", "alpha_gradients", 4, 16, ("6.31", "6.28", "6.29", "6.30"),
        "the same sweep in another orientation, sigmoid and cross entropy together",
        ("What is left of the slope of the last sigmoid when the loss is the cross entropy?",
         "Nothing: they cancel, and the sweep begins with a difference. A row of alpha "
         "belongs to a unit below, so every product changes sides.",
         "`dalpha[i] = np.outer(z[i - 1], delta)`, "
         "`delta = (alpha[i] @ delta) * z[i - 1] * (1 - z[i - 1])`"),
        alpha_gradients, make=alpha_cases, kind="find", erratum="A30"),
]
