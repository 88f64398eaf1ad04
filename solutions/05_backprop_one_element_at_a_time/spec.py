"""Sheet 05: what is asked, on which cases, and what is right (in matrix form)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value

SIZES = [("4 units over 3", 4, 3), ("one unit over one", 1, 1), ("one unit over 5", 1, 5),
         ("6 units over one", 6, 1), ("as many units above as below", 3, 3)]


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def output_delta(z, y):
    a = sigmoid(z)
    return (a - y) * a * (1 - a)


def output_cases(rng):
    for name, D in [("4 outputs", 4), ("one output", 1), ("7 outputs", 7)]:
        yield Case(name, (rng.normal(size=D), rng.uniform(size=D)))
    yield Case("saturated outputs", (rng.choice([-9.0, 9.0], 5), rng.uniform(size=5)))
    yield Case("only negative sums", (-rng.uniform(1, 3, 4), rng.uniform(size=4)))


def hidden_delta(delta, W, z):
    return (delta @ W) / np.cosh(z) ** 2


def hidden_cases(rng):
    for name, above, below in SIZES:
        W = rng.normal(size=(above, below))
        yield Case(name, (rng.normal(size=above), W, rng.normal(size=below)))
    W, z = rng.normal(size=(4, 2)), rng.choice([-4.0, 4.0], 2)
    yield Case("saturated units below", (rng.normal(size=4), W, z))


def weight_cases(rng):
    for name, above, below in SIZES:
        yield Case(name, (rng.normal(size=above), rng.normal(size=below)))
    yield Case("a silent unit below", (rng.normal(size=3), np.array([0.0, 1.5])))


def bias_cases(rng):
    shapes = [("5 examples", 5, 3), ("one example", 1, 4), ("one unit", 6, 1),
              ("as many examples as units", 3, 3)]
    for name, B, D in shapes:
        yield Case(name, (rng.normal(size=(B, D)),))


def backward(x, y, W, b):
    A, N = {0: x}, len(W)
    for l in W:
        Z = W[l] @ A[l - 1] + b[l]
        A[l] = np.tanh(Z) if l < N else sigmoid(Z)
    delta, dW, db = (A[N] - y) * A[N] * (1 - A[N]), {}, {}
    for l in range(N, 0, -1):
        dW[l], db[l] = np.outer(delta, A[l - 1]), delta
        delta = (W[l].T @ delta) * (1 - A[l - 1] ** 2)
    return dW, db


def backward_cases(rng):
    sizes = [("three layers", 3, 5, 4, 2), ("two layers", 2, 4, 3), ("one layer", 4, 3),
             ("one unit a layer", 1, 1, 1, 1), ("five equal layers", 3, 3, 3, 3, 3, 3)]
    for name, *D in sizes:
        W = {l: rng.normal(size=(D[l], D[l - 1])) for l in range(1, len(D))}
        b = {l: rng.normal(size=D[l]) for l in range(1, len(D))}
        yield Case(name, (rng.normal(size=D[0]), rng.uniform(size=D[-1]), W, b))


def slope_cases(rng):
    for name, above, below in SIZES:
        W = rng.normal(size=(above, below))
        yield Case(name, (W, rng.normal(size=above), rng.normal(size=below)))


QUESTIONS = [
    Function(
        "5.1", "output_delta", 2, 8, ("5.20", "5.17"), "the sensitivity of each output",
        ("An output enters the loss through a square. Through what does its sum enter the output?",
         "Two links: from the loss to a_j, and from a_j to z_j. Multiply their slopes.",
         "`delta[j] = (sigmoid(z[j]) - y[j]) * sigmoid_prime(z[j])`"),
        output_delta, make=output_cases),
    Value(
        "5.2", "delta_at_zero", 1, 3, ("5.20",), "both factors of δ and its sign",
        ("What does a sigmoid answer at 0, and how steep is it there?",
         "The answer is 1/2, the slope is 1/4. How far is the answer from 1, with its sign?",
         "δ = (1/2 − 1) · 1/4"),
        -0.125),
    Function(
        "5.3", "hidden_delta", 3, 12, ("5.27", "5.22"), "a sum over the units above, then one bend",
        ("Nudge one unit below: which units above hear of it?",
         "All of them. Collect `W[j, k] * delta[j]` over j, then multiply by the slope of the bend "
         "of unit k, taken at its sum.",
         "`below[k] = tanh_prime(z[k]) * sum(W[j, k] * delta[j] for j in range(len(delta)))`"),
        hidden_delta, make=hidden_cases),
    Function(
        "5.4", "weight_gradients", 2, 6, ("5.30",), "which index belongs to which unit",
        ("Which two units does a weight join, and what does it multiply?",
         "Sensitivity of the unit above times answer of the unit below; a row per unit above.",
         "`dW[j, k] = delta[j] * a_prev[k]`"),
        np.outer, make=weight_cases),
    Function(
        "5.5", "bias_gradients", 2, 8, ("5.34", "5.32"), "the mean over examples, not over units",
        ("How many numbers must come out, and which index is left over?",
         "One for each unit: the sum goes over the examples, and the mean loss divides by their "
         "number.",
         "`db[j] = sum(delta[i, j] for i in range(B)) / B`"),
        lambda delta: delta.mean(axis=0), make=bias_cases),
    Order(
        "5.6", "order", 2, 8, ("5.26",), "what needs what; no weight moves before it was used",
        ("Which line can run when only the input, the wanted output and the weights are known?",
         "First all the sums upwards, then the sensitivities downwards. A weight may move when "
         "nobody needs its old value any more.",
         "D reads `W_2`. So D comes before A."),
        "GCEBDAF", before=("GC", "CE", "EB", "BD", "DA", "DF")),
    Function(
        "5.7", "backward", 4, 15, ("5.34", "5.27", "5.30", "5.32"), "the whole sweep, any depth",
        ("With which layer must the sweep begin, and what does it hand down?",
         "Begin with δ of the last layer. At each layer write down dW and db, then compute δ of "
         "the layer below from W of this layer and z of the layer below.",
         "`dW[l] = weight_gradients(delta, a[l - 1])`, `db[l] = delta`, "
         "`delta = hidden_delta(delta, W[l], z[l - 1])`"),
        backward, make=backward_cases),
    Choice(
        "5.8", "wrong_line", 1, 4, ("5.25", "5.21"), "a constant has no slope",
        ("In each line one thing is nudged. What else in the sum moves with it?",
         "Nudge a sum below: the answers below move, the weights and biases stay.",
         "The slope of a constant is 0, so no $b_j$ can stand in a slope."),
        "B", erratum="A3", options=("A", "B", "C", "D")),
    Function(
        "5.9", "slopes_between", 3, 8, ("5.25", "5.24"), "one weight and one bend, no bias",
        ("How many links has the path from z_k to z_j?",
         "Two: the bend of the unit below, and the weight. The bias is no link.",
         "`table[j, k] = W[j, k] * tanh_prime(z[k])`"),
        lambda W, b, z: W / np.cosh(z) ** 2, make=slope_cases, kind="find", erratum="A3"),
]
