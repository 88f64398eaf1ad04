"""Sheet 02: what is asked, on which cases, and what is right."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value


def scalar_cases(rng):
    x, c = rng.uniform(0.5, 2), rng.uniform(1, 2)
    yield Case("a quintic", (lambda t: c * t**5, x, 0.2))
    yield Case("at zero", (lambda t: np.exp(c * t), 0.0, 0.25))
    yield Case("left of zero", (lambda t: 1 / t, -x, 0.125))
    yield Case("at a kink", (abs, 0.0, 0.5))
    yield Case("a wide step", (lambda t: np.sin(c * t), x, 3.0))


def measured_gradient(f, x, h):
    flat = np.ravel(x).astype(float)
    nudges = h * np.eye(flat.size)
    sides = [[f((flat + sign * n).reshape(np.shape(x))) for n in nudges] for sign in (1, -1)]
    return np.reshape(np.subtract(*sides) / (2 * h), np.shape(x))


def _cubes(rng, shape):
    C = rng.uniform(0.5, 2, size=shape)
    return lambda x: np.sum(C * x**3) + np.sum(x) ** 2


def gradient_cases(rng):
    for name, shape in [("3 rows, 4 columns", (3, 4)), ("one entry", (1,)), ("a vector", (5,)),
                        ("three axes", (2, 1, 3)), ("square", (3, 3))]:
        yield Case(name, (_cubes(rng, shape), rng.normal(size=shape), 0.25))
    yield Case("integers", (_cubes(rng, (2, 3)), rng.integers(1, 9, size=(2, 3)), 0.5))


def relative_error(a, b, floor):
    size = np.max([np.abs(a), np.abs(b), np.full(np.shape(a), floor)], axis=0)
    return np.abs(np.subtract(a, b)) / size


def pair_cases(rng):
    a, b = rng.normal(size=(2, 3, 4))
    yield Case("3 rows, 4 columns", (a, b, 1e-8))
    yield Case("opposite signs", (a, -a, 1e-8))
    yield Case("zeros among them", (a * (a > 0), b * (b > 0), 1e-8))
    yield Case("far below the floor", (1e-13 * a[0], 1e-13 * b[0], 1e-6))
    yield Case("very large", (1e30 * a, 1.001e30 * a, 1e-8))
    yield Case("one pair", (a[:1, 0], b[:1, 0], 1e-3))


def measured_jacobian(f, x, h):
    rows = []
    for i in range(len(f(x))):
        rows.append(measured_gradient(lambda x, i=i: f(x)[i], x, h))
    return np.array(rows)


def jacobian_cases(rng):
    shapes = [("4 outputs of 3 inputs", 4, 3), ("one output", 1, 4), ("one input", 5, 1),
              ("as many outputs as inputs", 3, 3)]
    for name, D_out, D_in in shapes:
        W = rng.normal(size=(D_out, D_in))
        yield Case(name, (lambda x, W=W: (W @ x) ** 3, rng.normal(size=D_in), 0.25))
    yield Case("entry by entry", (lambda x: x**3, rng.normal(size=4), 0.5))


def along(f, x, claimed, v, h):
    def on_the_line(t):
        return f(x + t * v)

    return (on_the_line(h) - on_the_line(-h)) / (h + h), np.vdot(claimed, v)


def direction_cases(rng):
    for name, shape in [("3 rows, 4 columns", (3, 4)), ("one entry", (1,)), ("a vector", (6,)),
                        ("square", (3, 3)), ("three axes", (2, 3, 2))]:
        x, claimed, v = (rng.normal(size=shape) for _ in range(3))
        yield Case(name, (_cubes(rng, shape), x, claimed, v, 0.25))


def step_cases(rng):
    for name, eps in [("float64", 2.0**-52), ("float32", 2.0**-23), ("a bad computer", 1e-3)]:
        f_0, f_3 = rng.uniform(1, 9, size=2)
        yield Case(name, (float(f_0), float(f_3), eps))
    yield Case("a large value", (1e6 * rng.uniform(1, 2), 1.0, 2.0**-52))
    yield Case("a strong bend", (1.0, 1e9 * rng.uniform(1, 2), 2.0**-52))


def wrong_entries(f, x, claimed, h, limit):
    off = relative_error(claimed, measured_gradient(f, x, h), 1e-8)
    return [tuple(int(n) for n in k) for k in np.argwhere(off > limit)]


def _sabotage(rng, shape, guilty, factor, scale=1.0):
    C, x = scale * rng.uniform(1, 2, size=shape), rng.uniform(1, 2, size=shape)
    C[-1] *= 1e-4
    claimed = 2 * C * x
    for k in guilty:
        claimed[k] *= factor
    return lambda x: np.sum(C * x * x), x, claimed, 0.25, 1e-3


def guilty_cases(rng):
    yield Case("one lost sign", _sabotage(rng, (3, 4), [(0, 1)], -1))
    yield Case("nobody", _sabotage(rng, (2, 3), [], 1))
    yield Case("a tiny entry", _sabotage(rng, (3, 2), [(2, 1)], 2))
    yield Case("two too small", _sabotage(rng, (2, 4), [(0, 0), (1, 3)], 0.9))
    yield Case("a vector", _sabotage(rng, (5,), [(1,), (2,)], 1.01))
    yield Case("large slopes, a small slip", _sabotage(rng, (2, 2), [(0, 0)], 1.0001, 1e3))
    x, right = rng.uniform(1, 2, size=(2, 2)), np.array([[2.0, 0.0], [0.0, 3.0]])
    yield Case("slopes of zero", (lambda x: np.sum(right * x), x, right + 0, 0.25, 1e-3))


QUESTIONS = [
    Function(
        "2.1", "central", 2, 6, ("2.5",), "both sides, and the whole width below",
        ("How far apart are the two points at which you look?",
         "One step to the right, one to the left; the rise is divided by the distance of both.",
         "`(f(x + h) - f(x - h)) / (2 * h)`"),
        lambda f, x, h: f(x + h) / (2 * h) - f(x - h) / (2 * h), make=scalar_cases),
    Value(
        "2.2", "too_large", 1, 4, ("2.5", "2.4"), "the error of the ruler, known by hand",
        ("Which derivative of f stands in the error of the central difference?",
         "The third one. For a cube it is the same everywhere, so the remainder is exact.",
         "$h^2 f''' / 6$ with $f''' = 12$"),
        0.02),
    Function(
        "2.3", "measured_gradient", 3, 12, ("2.22",), "one entry at a time, x left alone",
        ("If you nudge one entry, what must the others do, and what must x be afterwards?",
         "For each index make an array of zeros with a single 1, and step along it both ways. "
         "Adding it makes a new array: x is never touched, and integers become floats.",
         "`slopes[k] = (f(x + h * e_k) - f(x - h * e_k)) / (2 * h)` for `k` in "
         "`np.ndindex(x.shape)`"),
        measured_gradient, make=gradient_cases),
    Function(
        "2.4", "relative_error", 2, 8, ("2.13",), "the larger one below, and a floor",
        ("What is the difference to be compared with, and what if that is zero?",
         "Compare with the larger of both sizes; if even that is below the floor, with the floor.",
         "`np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), floor)`"),
        relative_error, make=pair_cases),
    Function(
        "2.5", "measured_jacobian", 3, 10, ("2.26",), "column by column, a row per output",
        ("You nudge one input: which part of the table do you learn?",
         "A whole column: the slopes of all outputs for this input. Put the columns side by side.",
         "`np.stack([(f(x + h * e_k) - f(x - h * e_k)) / (2 * h) for e_k in np.eye(len(x))], "
         "axis=1)`"),
        measured_jacobian, make=jacobian_cases),
    Function(
        "2.6", "along", 2, 8, ("2.24",), "the slope along a line, measured and predicted",
        ("How much does each entry move when you walk one step along v?",
         "Measure with all entries moving at once; predict by weighting each slope with the "
         "distance that its entry moves.",
         "`(f(x + h * v) - f(x - h * v)) / (2 * h)` and `np.sum(claimed * v)`"),
        along, make=direction_cases),
    Function(
        "2.7", "best_step", 2, 8, ("2.10", "2.9", "2.8"), "where truncation and rounding balance",
        ("What is the slope of the error where the error is smallest?",
         "Set the slope of (2.8) to zero: one term grows with h, the other falls with its square. "
         "Solve for the cube of h.",
         "`np.cbrt(3 * eps * f_0 / f_3)`"),
        lambda f_0, f_3, eps: (3 * f_0 / f_3) ** (1 / 3) * eps ** (1 / 3), make=step_cases),
    Order(
        "2.8", "order", 2, 8, ("2.22",), "nudging in place, and putting back",
        ("What must be written down before anything moves?",
         "Keep the entry, step up and look, step down two and look, put back. The slope can be "
         "computed when both looks are taken.",
         "G F C A E, then D and B in any order."),
        "GFCAEDB", before=("GF", "FC", "CA", "AE", "ED", "EB")),
    Function(
        "2.9", "wrong_entries", 3, 10, ("2.22", "2.13"), "relative errors, not differences",
        ("Is a difference of a thousandth large or small?",
         "Measure the gradient, take the relative error of each entry, keep the places where it "
         "is above the limit.",
         "`[k for k in np.ndindex(x.shape) if off[k] > limit]`"),
        wrong_entries, make=guilty_cases),
    Choice(
        "2.10", "wrong_line", 1, 6, ("2.5", "2.13"), "a lost minus, found by measuring",
        ("What does your own rule say at a place between 0 and 1?",
         "Measure all four at 0.6, with a small step, and compare with the claims.",
         "A relative error of 2 is a lost minus."),
        "C", erratum="A21", options=("A", "B", "C", "D")),
]
