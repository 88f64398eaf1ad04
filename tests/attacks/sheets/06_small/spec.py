"""A small sheet that the attacks are tried on: a function, one with a callable, two values."""
import numpy as np

from grading.spec import Case, Function, Order, Value, Written

HINTS = ("Which sum?", "Row by row.", "w . x")


def scores(W, x):
    return np.array([sum(w * a for w, a in zip(row, x)) for row in W])


def score_cases(rng):
    for name, D, K in [("2 over 3", 2, 3), ("one unit", 1, 1), ("5 over 1", 5, 1), ("wide", 2, 9)]:
        yield Case(name, (rng.normal(size=(D, K)), rng.normal(size=K)))


def descend(gradient_of, w, eta):
    for _ in range(3):
        w = w - eta * gradient_of(w)
    return w


def descend_cases(rng):
    for name, D in [("three weights", 3), ("one weight", 1), ("seven weights", 7)]:
        bend = rng.uniform(1, 2, D)
        yield Case(name, (lambda w, bend=bend: bend * w, rng.normal(size=D), 0.1))


QUESTIONS = [
    Function("6.1", "scores", 4, 5, (), "a matrix times a vector", HINTS, scores,
             make=score_cases),
    Function("6.2", "descend", 3, 5, (), "three steps downhill", HINTS, descend,
             make=descend_cases),
    Value("6.3", "shape", 1, 2, (), "the shape of dW", HINTS, (3, 4)),
    Order("6.4", "order", 2, 2, (), "what comes first", HINTS, "BAC"),
    Written("6.5", "why", 2, 5, (), "in your own words", HINTS),
]
