"""Sheet 08: what is asked, on which cases, and what is right (by logaddexp and by tanh)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value


def log_softmax(Z):
    return Z - np.logaddexp.reduce(Z, axis=1)[:, None]


def logit_cases(rng):
    """Yield (name, Z): what every function of logits must survive."""
    for name, B, C in [("5 examples, 4 classes", 5, 4), ("one example", 1, 3),
                       ("two classes", 6, 2), ("as many classes as examples", 4, 4)]:
        yield name, rng.normal(size=(B, C))
    yield "large logits", 1000 + rng.normal(size=(3, 5))
    yield "rows thousands apart", rng.normal(size=(3, 4)) + np.array([[2000.0], [0], [-2000]])
    yield "one class far ahead", rng.normal(size=(4, 3)) + np.array([900.0, 0, 0])
    yield "only negative", -rng.uniform(1, 4, size=(3, 4))
    yield "ties", np.full((2, 3), rng.normal())


def softmax_cases(rng):
    for name, Z in logit_cases(rng):
        yield Case(name, (Z,))


def label_cases(rng):
    for name, Z in logit_cases(rng):
        labels = rng.integers(Z.shape[1], size=len(Z))
        if name == "one class far ahead":
            labels[0] = 1  # sure and wrong
        yield Case(name, (Z, labels))


def cross_entropy(Z, labels):
    Y = np.eye(Z.shape[1])[labels]
    return np.sum(np.logaddexp.reduce(Z, axis=1) - (Y * Z).sum(axis=1)) / len(Z)


def target_cases(rng):
    for n, (name, Z) in enumerate(logit_cases(rng)):
        B, C = Z.shape
        soft, hard = rng.dirichlet(np.ones(C), size=B), np.eye(C)[rng.integers(C, size=B)]
        yield Case(name, (Z, hard if n % 2 else soft))


def bce_with_logits(z, y):
    return np.mean(np.logaddexp(0, z) - y * z), (0.5 + 0.5 * np.tanh(z / 2) - y) / z.size


def binary_cases(rng):
    for name, B in [("5 examples", 5), ("one example", 1), ("8 examples", 8)]:
        yield Case(name, (rng.normal(size=B), rng.uniform(size=B)))
    yield Case("large logits", (rng.choice([-1000.0, 1000.0], 6) + rng.normal(size=6),
                                rng.uniform(size=6)))
    yield Case("sure and wrong", (np.array([40.0, -50.0, 900.0]) + rng.uniform(size=3),
                                  np.array([0.0, 1.0, 0.0])))
    yield Case("only negative", (-rng.uniform(1, 3, size=4), np.array([0.0, 1.0, 1.0, 0.0])))


def steepness_cases(rng):
    yield Case("ordinary logits", (rng.normal(size=6),))
    yield Case("one logit", (rng.normal(size=1),))
    yield Case("a saturated yes", (rng.uniform(37, 60, size=3),))
    yield Case("a saturated no", (-rng.uniform(37, 60, size=3),))
    yield Case("a table", (rng.normal(size=(2, 3)),))
    yield Case("undecided", (np.zeros(4) + 1e-3 * rng.normal(size=4),))


def slope_cases(rng):
    for name, B in [("5 examples", 5), ("one example", 1), ("7 examples", 7)]:
        yield Case(name, (rng.uniform(0.05, 0.95, size=B), rng.uniform(size=B)))
    yield Case("hard targets", (rng.uniform(0.1, 0.9, 6), np.array([0, 1.0, 1, 0, 0, 1])))
    yield Case("sure and wrong", (1e-5 * rng.uniform(1, 2, 3), np.ones(3)))


QUESTIONS = [
    Value(
        "8.1", "factor", 1, 4, ("8.2", "8.3"), "the constants of two squared losses",
        ("What does the derivative bring down, and by how many numbers is the mean taken?",
         "The mean goes over examples and outputs, and no half cancels the 2 of the square.",
         "2 / (B D) against 1 / B: the factor is 2 / D."),
        0.4),
    Function(
        "8.2", "probabilities", 2, 6, ("8.16", "8.18"), "a stable softmax, row by row",
        ("Which number may you take off all logits of a row, and which choice is the safe one?",
         "A shift cancels in the fraction. Take off the largest logit of the row itself, and keep "
         "the axis so that it lines up.",
         "`E = np.exp(Z - Z.max(axis=1, keepdims=True))`, then divide by the sums of its rows"),
        lambda Z: np.exp(log_softmax(Z)), make=softmax_cases),
    Function(
        "8.3", "log_probabilities", 2, 6, ("8.17", "8.16"), "logarithm and softmax kept together",
        ("What is the logarithm of a fraction with an exponential on top?",
         "A difference: the logit minus the log-sum-exp of its row, both after the same shift.",
         "`S - np.log(np.exp(S).sum(axis=1, keepdims=True))` with the shifted logits S"),
        log_softmax, make=softmax_cases),
    Function(
        "8.4", "cross_entropy", 2, 7, ("8.15", "8.14"), "pick one logarithm a row, minus, mean",
        ("Which one number of each row of logarithms counts?",
         "The one of the right class. Pick it with two index arrays, turn the sign, take the mean.",
         "`-np.mean(log_P[np.arange(len(labels)), labels])`"),
        cross_entropy, make=label_cases),
    Function(
        "8.5", "logits_gradient", 3, 8, ("8.22", "8.19"), "said minus true, divided by B",
        ("What is left when the slope of the logarithm meets the table of the softmax?",
         "What was said minus what was true. The loss is a mean over the examples.",
         "`(P - Y) / len(Y)`"),
        lambda Z, Y: (np.exp(log_softmax(Z)) - Y) / len(Y), make=target_cases),
    Function(
        "8.6", "bce_with_logits", 3, 12, ("8.10", "8.11"), "sigmoid and logarithm fused",
        ("Where is the information lost if the sigmoid comes first and the logarithm after it?",
         "Where p rounds to 0 or 1. Write both logarithms as softplus of the logit before you "
         "compute anything.",
         "`np.mean(softplus(z) - y * z)` and `(sigmoid(z) - y) / len(z)`"),
        bce_with_logits, make=binary_cases),
    Function(
        "8.7", "steepness", 2, 8, ("8.13", "8.12"), "a ratio that survives saturation",
        ("How can 1 - p be computed without ever writing p near 1?",
         "1 - p is the sigmoid of -z. Or put the exponentials in and multiply out.",
         "1/(p (1 - p)) is (1 + e^z)(1 + e^-z), that is 2 + e^z + e^-z."),
        lambda z: 2 + 2 * np.cosh(z), make=steepness_cases),
    Order(
        "8.8", "order", 2, 6, ("8.22", "8.16"), "from logits to dW, without overflow",
        ("What must happen before the exponential, and what right after it?",
         "The shift before it, the division by the row sums after it. Then the target, then the "
         "weights; the mean may be taken before or after these.",
         "F, D, A, B, then C; E anywhere after B."),
        "FDABEC", before=("FD", "DA", "AB", "BC", "BE")),
    Choice(
        "8.9", "wrong_line", 1, 5, ("8.14",), "a negative log likelihood begins with a minus",
        ("Which sign has the logarithm of a probability, and what should a loss be for a good "
         "answer?",
         "Put in an answer that is nearly right, and one that is quite wrong, and compare.",
         "J lacks its minus."),
        "C", erratum="A22", options=("A", "B", "C", "D")),
    Function(
        "8.10", "bce_slope", 3, 8, ("8.8", "8.7"), "both signs turned, one fraction, and 1/B",
        ("If the truth is yes and p is raised, should a loss rise or fall?",
         "Turn both signs of the printed slope. On one denominator it reads error over p (1 - p). "
         "A mean over the examples divides it.",
         "`(p - y) / (p * (1 - p)) / len(p)`"),
        lambda p, y: ((1 - y) / (1 - p) - y / p) / p.size, make=slope_cases, kind="find",
        erratum="A21"),
]
