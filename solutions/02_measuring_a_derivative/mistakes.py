"""Sheet 02: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake

CENTRAL = [
    Mistake("forward difference", lambda f, x, h: (f(x + h) - f(x)) / h,
            "This looks to the right only. Its error shrinks with h, that of both sides with h²."),
    Mistake("divided by one step", lambda f, x, h: (f(x + h) - f(x - h)) / h,
            "Twice too large: the two points are 2h apart.", "constant-factor"),
    Mistake("brackets forgotten", lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h,
            "`/ 2 * h` divides by 2 and multiplies by h: write `/ (2 * h)`."),
    Mistake("sides swapped", lambda f, x, h: (f(x - h) - f(x + h)) / (2 * h),
            "The sign is turned: value on the right minus value on the left.", "sign"),
    Mistake("half a step", lambda f, x, h: (f(x + h / 2) - f(x - h / 2)) / h,
            "You step by h/2 to each side. The step of (2.5) is h."),
    Mistake("backward difference", lambda f, x, h: (f(x) - f(x - h)) / h,
            "This looks to the left only. Look at both sides."),
]

TOO_LARGE = [
    Mistake("the slope itself", 6.02, "This is the measured slope. How far is it from 6?"),
    Mistake("sixth forgotten", 0.12, "The remainder is h² f'''/6: the 6 is missing."),
    Mistake("error of the forward rule", 0.62,
            "This is the error of the forward difference: both sides do better."),
    Mistake("third derivative of the plain cube", 0.01,
            "The 2 in front of x³ doubles the third derivative, too: it is 12."),
    Mistake("sign turned", -0.02, "The remainder is positive: f''' is, and so is h²."),
    Mistake("no error", 0.0, "Exact for quadratics; a cube has a third derivative."),
]


def forward(f, x, h):
    return np.reshape([(f(x + h * e) - f(x)) / h for e in _units(x)], x.shape)


def _units(x):
    return np.eye(x.size).reshape(x.size, *x.shape)


def never_put_back(f, x, h):
    x, slopes = np.array(x, dtype=float), np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        x[k] += h
        up = f(x)
        x[k] -= 2 * h
        slopes[k] = (up - f(x)) / (2 * h)
    return slopes


def in_place(f, x, h):
    slopes = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        kept = x[k]
        x[k] = kept + h
        up = f(x)
        x[k] = kept - h
        slopes[k] = (up - f(x)) / (2 * h)
    return slopes


def all_at_once(f, x, h):
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


def stored_as_integers(f, x, h):
    slopes = np.zeros_like(x)
    for k, e_k in zip(np.ndindex(x.shape), _units(x)):
        slopes[k] = (f(x + h * e_k) - f(x - h * e_k)) / (2 * h)
    return slopes


def copied_as_integers(f, x, h):
    slopes = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        right, left = x.copy(), x.copy()
        right[k] += h if x.dtype == float else 0
        left[k] -= h if x.dtype == float else 0
        slopes[k] = (f(right) - f(left)) / (2 * h)
    return slopes


def first_axis_only(f, x, h):
    slopes = np.zeros(x.shape)
    for k in range(len(x)):
        e_k = np.zeros(x.shape)
        e_k[k] = 1
        slopes[k] = (f(x + h * e_k) - f(x - h * e_k)) / (2 * h)
    return slopes


GRADIENT = [
    Mistake("nudge never taken back", never_put_back,
            "After its turn an entry stays moved, and all later slopes belong to another point."),
    Mistake("array of the caller left moved", in_place,
            "x is not the same after the call: nudge a copy, or put every entry back."),
    Mistake("all entries at once", all_at_once,
            "`x + h` moves every entry: that is the slope along (1, …, 1). Move one at a time."),
    Mistake("forward difference", forward,
            "This looks to one side only. Step both ways from x."),
    Mistake("slopes stored as integers", stored_as_integers,
            "`zeros_like` of integers holds integers, and the slopes are cut off. Ask for floats."),
    Mistake("nudge lost in integers", copied_as_integers,
            "An array of integers cannot be nudged by 0.5: copy it with dtype float."),
    Mistake("only the first axis walked", first_axis_only,
            "A whole row moves at once: walk through all indices, with `np.ndindex`."),
]


def quotient(size):
    def error(a, b, floor):
        with np.errstate(all="ignore"):
            return np.abs(a - b) / size(np.abs(a), np.abs(b), floor)
    return error


RELATIVE = [
    Mistake("no floor", quotient(lambda a, b, floor: np.maximum(a, b)),
            "0 against 0 gives 0/0. Where both are below the floor, divide by the floor.", "nan"),
    Mistake("first one only", quotient(lambda a, b, floor: np.maximum(a, floor)),
            "You compare with the first number only: take the larger of both sizes."),
    Mistake("sum of both sizes", quotient(lambda a, b, floor: np.maximum(a + b, floor)),
            "You divide by the sum of both: then a lost minus shows as 1. Take the larger one."),
    Mistake("floor added", quotient(lambda a, b, floor: np.maximum(a, b) + floor),
            "The floor is added. It is the least the denominator may be: use a maximum."),
    Mistake("smaller one below", quotient(lambda a, b, floor: np.maximum(np.minimum(a, b), floor)),
            "You divide by the smaller number: an error against 0 then becomes huge."),
    Mistake("sign kept",
            lambda a, b, floor: (a - b) / np.maximum(np.maximum(abs(a), abs(b)), floor),
            "The error has a sign: take the absolute value of the difference.", "sign"),
    Mistake("sizes without absolute value",
            lambda a, b, floor: np.abs(a - b) / np.maximum(np.maximum(a, b), floor),
            "For two negative numbers the larger one is below 0: take absolute values first."),
    Mistake("one number", lambda a, b, floor: np.max(
        np.abs(a - b) / np.maximum(np.maximum(abs(a), abs(b)), floor)),
            "One number for all entries: a list of errors says where to look.", "wrong-shape"),
]


def columns(f, x, h):
    return [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(len(x))]


JACOBIAN = [
    Mistake("transposed", lambda f, x, h: np.array(columns(f, x, h)),
            "The table lies on its side: a nudge gives a column, and you stack rows.",
            "wrong-shape"),
    Mistake("divided by one step", lambda f, x, h: 2 * np.stack(columns(f, x, h), axis=1),
            "Twice too large: the two points are 2h apart.", "constant-factor"),
    Mistake("forward difference",
            lambda f, x, h: np.stack([(f(x + h * e) - f(x)) / h for e in np.eye(len(x))], axis=1),
            "This looks to one side only. Step both ways from x."),
    Mistake("all inputs at once", lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h),
            "All inputs move together, and their effects add up. Nudge one at a time."),
    Mistake("outputs added up", lambda f, x, h: np.sum(columns(f, x, h), axis=1),
            "The outputs are added up: the gradient of their sum is not the table.", "wrong-shape"),
    Mistake("diagonal only", lambda f, x, h: np.diag(np.diag(np.stack(columns(f, x, h), axis=1))),
            "Only output k is looked at when input k moves. All outputs may feel it."),
]


def measured(f, x, v, h):
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


ALONG = [
    Mistake("gradient summed without v",
            lambda f, x, claimed, v, h: (measured(f, x, v, h), np.sum(claimed)),
            "Each slope counts as much as its entry moves: multiply by v before you sum."),
    Mistake("all ones in the measurement",
            lambda f, x, claimed, v, h: (measured(f, x, np.ones(x.shape), h), np.sum(claimed * v)),
            "You walk along (1, …, 1), not along v."),
    Mistake("direction made short",
            lambda f, x, claimed, v, h: (measured(f, x, v / np.linalg.norm(v), h),
                                         np.sum(claimed * v)),
            "You measure along v divided by its length and predict along v: use the same v."),
    Mistake("forward difference",
            lambda f, x, claimed, v, h: ((f(x + h * v) - f(x)) / h, np.sum(claimed * v)),
            "This looks to one side only. Step both ways along v."),
    Mistake("matrix product", lambda f, x, claimed, v, h: (measured(f, x, v, h), claimed @ v),
            "`@` multiplies matrices. Here entry meets entry: `claimed * v`, then the sum."),
    Mistake("not summed", lambda f, x, claimed, v, h: (measured(f, x, v, h), claimed * v),
            "The prediction is an array: add up what all entries contribute.", "wrong-shape"),
    Mistake("swapped", lambda f, x, claimed, v, h: (np.sum(claimed * v), measured(f, x, v, h)),
            "The measured slope comes first, then the predicted one."),
]

STEP = [
    Mistake("square root", lambda f_0, f_3, eps: np.sqrt(3 * eps * f_0 / f_3),
            "This is a square root, as in the forward rule. The slope of E is zero for a cube "
            "of h."),
    Mistake("three forgotten", lambda f_0, f_3, eps: np.cbrt(eps * f_0 / f_3),
            "A factor is lost: the slope of h²/6 is h/3, and the 3 goes to the other side."),
    Mistake("upside down", lambda f_0, f_3, eps: np.cbrt(3 * eps * f_3 / f_0),
            "f_0 and f_3 have changed places: a strong bend asks for a small step."),
    Mistake("six for three", lambda f_0, f_3, eps: np.cbrt(6 * eps * f_0 / f_3),
            "You set both errors equal. Their *slopes* must cancel: differentiate first."),
    Mistake("scale forgotten", lambda f_0, f_3, eps: np.cbrt(eps),
            "The step must know on which scale f bends: f_0 / f_3 is missing."),
    Mistake("no root", lambda f_0, f_3, eps: 3 * eps * f_0 / f_3,
            "This is the cube of the best step."),
]

ORDER = [
    Mistake("put back too early", "GFCDAEB",
            "D puts the entry back between the two looks: then A moves it to x - 2h."),
    Mistake("kept too late", "FGCAEDB",
            "G keeps the entry when it has moved already: keep it before F."),
    Mistake("slope too early", "GFCABED", "B needs `down`, and that is made in E."),
    Mistake("two steps down first", "GAEFCDB",
            "A goes two steps down from x itself: the look on the left is then taken at x - 2h."),
    Mistake("looked before the step", "GCFAEDB",
            "C looks before F has moved anything: that is f at x, not at x + h."),
]


def gradient(f, x, h):
    return np.reshape([measured(f, x, e, h) for e in _units(x)], x.shape)


def places(mask):
    return [tuple(int(n) for n in k) for k in np.argwhere(mask)]


def error(f, x, claimed, h):
    m = gradient(f, x, h)
    return np.abs(claimed - m) / np.maximum(np.maximum(abs(claimed), abs(m)), 1e-8)


def worst_only(f, x, claimed, h, limit):
    off = error(f, x, claimed, h)
    return [tuple(int(n) for n in np.unravel_index(np.argmax(off), x.shape))]


def too_large_only(f, x, claimed, h, limit):
    m = gradient(f, x, h)
    return places((claimed - m) / np.maximum(np.maximum(abs(claimed), abs(m)), 1e-8) > limit)


WRONG = [
    Mistake("difference, not relative",
            lambda f, x, claimed, h, limit: places(abs(claimed - gradient(f, x, h)) > limit),
            "You compare differences: a tiny entry twice too large escapes. Divide by the size."),
    Mistake("only the worst", worst_only,
            "You accuse one entry, and always one: there may be several, or none."),
    Mistake("only what is too large", too_large_only,
            "Without the absolute value, entries that are too small escape."),
    Mistake("the innocent accused",
            lambda f, x, claimed, h, limit: places(error(f, x, claimed, h) < limit),
            "These are the entries that agree: turn the comparison round."),
    Mistake("relative to the largest",
            lambda f, x, claimed, h, limit: places(
                abs(claimed - gradient(f, x, h)) > limit * np.max(abs(claimed))),
            "You divide by the largest entry of all: then small entries may be as wrong as they "
            "like."),
    Mistake("flat places",
            lambda f, x, claimed, h, limit: [
                int(n) for n in np.flatnonzero(error(f, x, claimed, h) > limit)],
            "These count through the flattened array: a place in a matrix has two indices."),
]

LINE = [
    Mistake("the soft step suspected", "A", "Measure A at 0.6: it agrees to many digits."),
    Mistake("the product suspected", "B", "Measure B at 0.6: slope and product agree."),
    Mistake("the two terms suspected", "D", "Both terms of D are needed; measured, it is right."),
]

MISTAKES = {"2.1": CENTRAL, "2.2": TOO_LARGE, "2.3": GRADIENT, "2.4": RELATIVE, "2.5": JACOBIAN,
            "2.6": ALONG, "2.7": STEP, "2.8": ORDER, "2.9": WRONG, "2.10": LINE}
