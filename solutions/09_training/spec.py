"""Sheet 09: what is asked, on which cases, and what is right (by sums in place of recursions)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value

SHAPES = {"0.W": (3, 2), "0.b": (3,), "2.W": (4, 3), "2.b": (4,)}


def _arrays(rng, shapes):
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def step_cases(rng):
    layouts = [("two layers", SHAPES), ("one weight", {"0.W": (1, 1)}),
               ("as many units above as below", {"0.W": (3, 3), "0.b": (3,)})]
    for name, shapes in layouts:
        yield Case(name, (_arrays(rng, shapes), _arrays(rng, shapes), rng.uniform(0.1, 0.9)))
    still = {"0.W": np.zeros((2, 2))}
    yield Case("a gradient of 0", (_arrays(rng, {"0.W": (2, 2)}), still, 0.5))


def batch_cases(rng):
    sizes = [("10 by 4", 10, 4), ("it comes out even", 12, 3), ("batches of one", 5, 1),
             ("a batch larger than the data", 3, 8), ("one example", 1, 1)]
    for name, N, B in sizes:
        yield Case(name, (rng.permutation(N), B))


def past(beta, T):
    """Return the (T, T) table of powers beta^(t-s), 0 where s > t."""
    ages = np.subtract.outer(np.arange(T), np.arange(T))
    return np.where(ages >= 0, beta ** np.maximum(ages, 0), 0.0)


def momentum(gs, eta, beta):
    return eta * past(beta, len(gs)) @ gs


def gradient_rows(rng):
    for name, T, D in [("6 steps, 3 weights", 6, 3), ("one step", 1, 4), ("one weight", 7, 1)]:
        yield name, rng.normal(size=(T, D))
    yield "gradients of very different size", rng.normal(size=(5, 3)) * [0.01, 1, 100]
    yield "no gradient in the middle", rng.normal(size=(5, 2)) * [[1], [1], [0], [0], [1]]


def momentum_cases(rng):
    for name, gs in gradient_rows(rng):
        yield Case(name, (gs, rng.uniform(0.1, 0.5), rng.uniform(0.5, 0.95)))


def adam(gs, eta, beta1, beta2, epsilon):
    steps = []
    for t in range(1, len(gs) + 1):
        ages = np.arange(t)[::-1]
        mean = np.average(gs[:t], axis=0, weights=beta1**ages)
        square = np.average(gs[:t] ** 2, axis=0, weights=beta2**ages)
        steps.append(eta * mean / (square**0.5 + epsilon))
    return np.array(steps)


def adam_cases(rng):
    for name, gs in gradient_rows(rng):
        betas = rng.uniform(0.5, 0.8), rng.uniform(0.85, 0.99)
        yield Case(name, (gs, rng.uniform(0.1, 0.5), *betas, rng.uniform(0.01, 0.1)))


def penalised(gradients, parameters, lam):
    """Complete the square: lam R has the slope of a parabola, read off by differences."""
    found = dict(gradients)
    for name in found:
        if name[-1] == "W":
            high, low = ((parameters[name] + h) ** 2 / 2 for h in (0.5, -0.5))
            found[name] = found[name] + lam * (high - low)
    return found


def penalty_cases(rng):
    layouts = [("two layers", SHAPES), ("one weight", {"0.W": (1, 1), "0.b": (1,)}),
               ("biases only", {"0.b": (3,), "2.b": (2,)})]
    for name, shapes in layouts:
        yield Case(name, (_arrays(rng, shapes), _arrays(rng, shapes), rng.uniform(0.1, 0.9)))
    yield Case("no penalty", (_arrays(rng, SHAPES), _arrays(rng, SHAPES), 0.0))


def accuracy(P, y):
    return np.mean(P.argmax(axis=1) == y)


def accuracy_cases(rng):
    sizes = [("9 pictures of 4 kinds", 9, 4), ("as many pictures as kinds", 4, 4),
             ("two kinds", 7, 2), ("20 pictures of 3 kinds", 20, 3)]
    for name, B, K in sizes:
        yield Case(name, (rng.normal(size=(B, K)), rng.integers(0, K, B)))
    P = -rng.uniform(1, 9, size=(6, 3))
    yield Case("one picture, right", (P[:1], P[:1].argmax(axis=1)))
    yield Case("only negative scores", (P, rng.permutation(P.argmax(axis=1))))


def unit_gradient(X, y, w):
    return np.mean([(x @ w - t) * x for x, t in zip(X, y)], axis=0)


def unit_cases(rng):
    for name, B, D in [("5 examples", 5, 3), ("one example", 1, 3), ("one weight", 6, 1),
                       ("as many examples as weights", 3, 3), ("a large batch", 40, 2)]:
        yield Case(name, tuple(rng.normal(size=s) for s in [(B, D), B, D]))


def train(X, y, w, orders, B, eta):
    queue = [list(order[n:n + B]) for order in orders for n in range(0, len(order), B)]
    for rows in queue:
        w = w - eta * unit_gradient(X[rows], y[rows], w)
    return w


def train_cases(rng):
    sizes = [("7 examples by 3, two epochs", 7, 3, 2, 3), ("one batch", 4, 2, 3, 4),
             ("one example at a time", 5, 3, 2, 1), ("a batch larger than the data", 3, 2, 2, 9),
             ("no epoch", 4, 2, 0, 2), ("one weight", 6, 1, 2, 4)]
    for name, N, D, epochs, B in sizes:
        X, y, w = (rng.normal(size=s) for s in [(N, D), N, D])
        orders = [rng.permutation(N) for _ in range(epochs)]
        yield Case(name, (X, y, w, orders, B, rng.uniform(0.1, 0.3)))


QUESTIONS = [
    Function(
        "9.1", "sgd_step", 2, 6, ("9.1",), "a step against the gradient, nothing overwritten",
        ("Which way is down, and who else still holds the array you were given?",
         "Subtract eta times the gradient, array by array, and put the results under the same "
         "keys of a dictionary of your own.",
         "`stepped[name] = parameters[name] - eta * gradients[name]`"),
        lambda p, g, eta: {name: np.add(p[name], np.multiply(-eta, g[name])) for name in p},
        make=step_cases),
    Value(
        "9.2", "limit", 1, 4, ("9.10", "9.9"), "the steepest direction sets the step",
        ("Which of the two directions runs away first when the step grows?",
         "Along an axis each step multiplies the distance by one minus eta times the curvature. "
         "That factor must stay between -1 and 1.",
         "`2 / 4`, by (9.10) with the larger curvature"),
        0.5),
    Function(
        "9.3", "batches", 2, 6, ("9.13",), "shuffle and cut, with a short last batch",
        ("Where does each batch begin?",
         "At 0, B, 2B and so on. A slice that reaches over the end is cut off there by itself.",
         "`order[first : first + B]` for first in `range(0, len(order), B)`"),
        lambda order, B: np.split(order, np.arange(B, len(order), B)), make=batch_cases),
    Function(
        "9.4", "momentum", 3, 9, ("9.21", "9.22"), "a running sum in which the past fades",
        ("What is left of yesterday's sum when today's gradient comes in?",
         "First let the old sum fade, then add the whole new gradient, then take the step.",
         "`v = beta * v + gs[t]`, and row t is `eta * v`"),
        momentum, make=momentum_cases),
    Function(
        "9.5", "adam", 4, 14, ("9.30", "9.25", "9.26", "9.28", "9.29"),
        "two means, two corrections, the root and epsilon",
        ("After one step, how large are the two means compared with what they estimate?",
         "Both start at 0 and are too small by a known factor, each by its own. Divide by it, "
         "with t counted from 1. Then divide the mean by the root of the square, plus epsilon.",
         "`eta * m_hat / (np.sqrt(v_hat) + epsilon)`, with `m_hat = m / (1 - beta1**t)`"),
        adam, make=adam_cases),
    Function(
        "9.6", "penalised", 2, 7, ("9.33", "9.34"), "a penalty on weights, none on biases",
        ("What is the slope of half a square, and who pays the penalty?",
         "Half a square has the weight itself as its slope. Weights pay, biases do not.",
         "`gradients[name] + lam * parameters[name]` if the name ends in W"),
        penalised, make=penalty_cases),
    Function(
        "9.7", "accuracy", 2, 5, ("9.12",), "the place of the largest score, a mean over examples",
        ("Is it the size of the largest score that is the answer, or its place?",
         "Find the place of the largest score in each row, compare it with the label, and take "
         "the mean over the rows.",
         "`np.mean(np.argmax(P, axis=1) == y)`"),
        accuracy, make=accuracy_cases),
    Order(
        "9.8", "step_order", 2, 8, ("9.21", "9.33"), "which values a step is computed from",
        ("Which line changes the weights, and who must have read them before?",
         "Choose the rows, go forward, go back, then the memory, then the weights.",
         "F, C, B, E, D, A"),
        "FCBEDA"),
    Function(
        "9.9", "unit_gradient", 2, 7, ("9.12", "9.11"), "the mean over the batch, not the sum",
        ("What happens to her gradient when every example comes twice?",
         "A sum over the examples grows with the batch. The loss is a mean, and so is its slope.",
         "`X.T @ (X @ w - y) / len(X)`"),
        unit_gradient, make=unit_cases, kind="find"),
    Function(
        "9.10", "train", 4, 15, ("9.13", "9.1"), "epochs, batches, a step from the last place",
        ("At which weights is the gradient of the second batch taken?",
         "At those that the first batch has left. Two loops: over the epochs, and over the "
         "batches of each. The mean runs over the rows of the batch.",
         "`w = w - eta * unit_gradient(X[rows], y[rows], w)` for every batch"),
        train, make=train_cases),
    Choice(
        "9.11", "wrong_claim", 1, 4, ("9.8",), "a gradient is not a step: eta is needed",
        ("Which claim would change if you measured all inputs in other units?",
         "A gradient tells the direction. How far you may go is told by the curvature.",
         "By (9.8) a step of 1 lowers L only if it is below the limit there."),
        "B", erratum="B13", options=("A", "B", "C", "D")),
]
