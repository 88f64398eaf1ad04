"""Sheet 03: what is asked, on which cases, and what is right (by other routes)."""

import math

import numpy as np

from grading.spec import Case, Function, Order, Value

erf = np.vectorize(math.erf, otypes=[float])
FAR = np.array([-1000.0, -700.0, -0.5, 0.25, 1.0, 710.0, 1000.0])


def sums(rng, *more):
    """Yield cases of Z and what belongs to it."""
    yield Case("4 examples of 3 units", (2 * rng.normal(size=(4, 3)), *more))
    yield Case("one sum", (rng.normal(size=1), *more))
    yield Case("only negative sums", (-rng.uniform(0.5, 3, size=5), *more))
    yield Case("only positive sums", (rng.uniform(0.5, 3, size=(2, 1, 3)), *more))
    yield Case("far out", (FAR + rng.uniform(0, 0.1, size=7), *more))


def sigmoid(Z):
    return np.exp(-np.logaddexp(0, -np.asarray(Z)))


def sigmoid_pair(Z):
    return sigmoid(Z), sigmoid(Z) * sigmoid(-Z)


def sigmoid_cases(rng):
    yield from sums(rng)
    yield Case("a small probability", (-rng.uniform(20, 30, size=4),))


def leaky_pair(Z, alpha):
    on = (Z > 0).astype(float)
    slope = alpha + (1 - alpha) * on
    return Z * slope, slope


def leaky_cases(rng):
    yield from sums(rng, 0.3)
    yield Case("alpha above 1", (rng.normal(size=(3, 4)), 1.5))
    yield Case("alpha of 0", (rng.normal(size=(3, 4)), 0.0))


def elu_pair(Z, alpha):
    right, left = np.maximum(Z, 0), np.expm1(np.minimum(Z, 0))
    return right + alpha * left, (Z > 0) + alpha * (Z <= 0) * (left + 1)


def elu_cases(rng):
    yield from sums(rng, 0.4)
    yield Case("alpha of 1", (rng.normal(size=(3, 4)), 1.0))
    yield Case("close to 0", (-1e-12 * rng.uniform(1, 5, size=4), 0.6))


def softplus_pair(Z):
    return np.logaddexp(0, Z), sigmoid(Z)


def softplus_cases(rng):
    yield from sums(rng)
    yield Case("a small answer", (-rng.uniform(20, 30, size=4),))


def swish_pair(Z, beta):
    S = sigmoid(beta * Z)
    return Z * S, S * (1 + beta * Z * (1 - S))


def swish_cases(rng):
    yield from sums(rng, 1.7)
    yield Case("beta of 1", (rng.normal(size=(3, 4)), 1.0))
    yield Case("a soft gate", (rng.normal(size=(3, 4)), 0.2))


def gelu_pair(Z):
    Phi = erf(np.asarray(Z) / math.sqrt(2)) / 2 + 0.5
    return Phi * Z, Phi + Z * np.exp(-np.square(Z) / 2) / math.sqrt(math.tau)


def dead_units(X, W, b):
    largest = np.max(np.einsum("ik,jk->ij", X, W) + b, axis=0)
    return np.flatnonzero(largest <= 0)


def layer_cases(rng):
    def case(name, B, D_in, b):
        b = np.asarray(b, float)
        return Case(name, (rng.normal(size=(B, D_in)), rng.normal(size=(len(b), D_in)), b))

    yield case("two dead of five", 9, 3, [0.2, -30, 0.1, -40, 1])
    yield case("nobody is dead", 9, 3, [30, 20, 30])
    yield case("all are dead", 4, 2, [-30, -30, -30])
    yield case("one unit", 6, 2, [-30])
    yield case("as many examples as units", 4, 3, [30, -30, 0.1, -30])
    X, W, b = rng.normal(size=(1, 3)), rng.normal(size=(4, 3)), np.zeros(4)
    W[:2] = [[0, 0, 0], X[0]]
    yield Case("a sum of exactly 0, one example", (X, W, b))


def hard_tanh_pair(Z):
    A = (abs(Z + 1) - abs(Z - 1)) / 2
    return A, ((Z > -1) & (Z < 1)).astype(float)


def piece_cases(rng):
    yield Case("all three pieces", (rng.uniform(-3, 3, size=(4, 5)),))
    yield Case("one sum inside", (rng.uniform(0.1, 0.9, size=1),))
    yield Case("only the left piece", (-rng.uniform(2, 9, size=4),))
    yield Case("only the right piece", (rng.uniform(2, 9, size=4),))
    yield Case("only the middle", (rng.uniform(-0.9, 0.9, size=(3, 2)),))
    yield Case("far out", (FAR[FAR != 1] + rng.uniform(0, 0.1, size=6),))


QUESTIONS = [
    Function(
        "3.1", "sigmoid_pair", 3, 8, ("3.5", "3.3"), "value and slope, safe on both sides",
        ("Which of the two forms of the sigmoid raises e to a positive power, and where?",
         "Use t, e to the minus |z|, which never exceeds 1. Right of 0 the top is 1, left of 0 "
         "it is t. The slope needs the value only.",
         "`A = np.where(Z >= 0, 1, t) / (1 + t)` and `A * (1 - A)`"),
        sigmoid_pair, make=sigmoid_cases),
    Value(
        "3.2", "factor", 1, 4, ("3.3", "3.4"), "slopes are multiplied along the way",
        ("How steep is a sigmoid at its steepest?",
         "Every sum is 0, so each unit multiplies the nudge by the same slope.",
         "¼ · ¼ · ¼"),
        1 / 64),
    Function(
        "3.3", "leaky_pair", 2, 6, ("3.17", "3.18", "3.19"), "two pieces, two slopes",
        ("On which side does alpha count?",
         "Choose by the sign of z, not by a maximum: that fails for an alpha above 1.",
         "`np.where(Z > 0, Z, alpha * Z)` and `np.where(Z > 0, 1.0, alpha)`"),
        leaky_pair, make=leaky_cases),
    Function(
        "3.4", "elu_pair", 3, 10, ("3.20", "3.21"), "both branches safe, small numbers kept",
        ("What does the machine compute for entries that a choice will throw away?",
         "It computes both branches everywhere: cut z at 0 first. And there is a function for "
         "e to the z, minus 1, that keeps small numbers.",
         "`alpha * np.expm1(np.minimum(Z, 0))`, slope `alpha * np.exp(np.minimum(Z, 0))`"),
        elu_pair, make=elu_cases),
    Function(
        "3.5", "softplus_pair", 3, 10, ("3.24", "3.25"), "a ReLU plus a bump; its slope is σ",
        ("What is left of the softplus when you take the ReLU away?",
         "A bump that is the same on both sides: the logarithm of 1 plus e to the minus |z|. "
         "The slope is a function that you have already.",
         "`np.maximum(0, Z) + np.log1p(np.exp(-np.abs(Z)))`"),
        softplus_pair, make=softplus_cases),
    Function(
        "3.6", "swish_pair", 2, 8, ("3.27", "3.26"), "the message moves, and the gate moves",
        ("When z is nudged, what moves besides the gate?",
         "Product rule: the gate as it is, plus z times the slope of the gate. Inside the gate "
         "stands beta, and comes out as a factor.",
         "`S + beta * Z * S * (1 - S)` with `S` the sigmoid of `beta * Z`"),
        swish_pair, make=swish_cases),
    Function(
        "3.7", "gelu_pair", 3, 10, ("3.35", "3.34", "3.32", "3.31"), "Φ and φ told apart",
        ("Which of the two phis is an area, and which is a height?",
         "The area multiplies z. Its slope is the height: the product rule needs both.",
         "`Phi + Z * phi` with `Phi = 0.5 * (1 + erf(Z / np.sqrt(2)))`"),
        gelu_pair, make=sums),
    Function(
        "3.8", "dead_units", 2, 8, ("3.16", "3.14"), "silent on every example, not on one",
        ("Is a unit dead if it is silent on one example?",
         "Compute all sums. A unit is dead if no sum in its column is above 0.",
         "`not (X @ W.T + b > 0)[:, j].any()`"),
        dead_units, make=layer_cases),
    Order(
        "3.9", "order", 2, 8, ("3.27", "3.16"), "the slope needs z, not the activation",
        ("Which line still reads the sums, and which line destroys them?",
         "The gate and the slope read the sums. When both are there, the sums may go.",
         "D reads `Z` as sums, so D comes before E."),
        "FBDEAC", before=("FB", "BD", "DE", "DA", "AC")),
    Function(
        "3.10", "hard_tanh_pair", 2, 8, ("3.10", "3.11"), "the middle piece is z, with slope 1",
        ("What should the middle piece do, if the whole is to look like tanh?",
         "It runs straight from -1 to 1, through 0, and joins the other two without a jump.",
         "`np.clip(Z, -1, 1)`, and the slope is 1 where |z| < 1, else 0"),
        hard_tanh_pair, make=piece_cases, kind="find", erratum="A1"),
]
