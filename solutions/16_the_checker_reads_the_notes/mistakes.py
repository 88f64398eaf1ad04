"""Sheet 16: the wrong answers that students give, and what each of them should be told."""

import numpy as np

from grading.spec import Mistake
from nnlib.activations import sigmoid, softmax, tanh, tanh_prime

LAM, ALPHA = 1.0507009873554805, 1.6732632423543772


def passes(claim, measured, limit):
    return np.max(np.abs(claim - measured)) <= limit * np.max(np.abs(measured))


def own_formula_not_tried(g, claim, right, limit):
    return "no case" if passes(claim, g, limit) else "convicted"


def own_formula_first(g, claim, right, limit):
    if not passes(right, g, limit):
        return "not understood"
    return "no case" if passes(claim, g, limit) else "convicted"


def claim_not_tried(g, claim, right, limit):
    return "convicted" if passes(right, g, limit) else "not understood"


def formula_is_the_judge(g, claim, right, limit):
    if passes(claim, right, limit):
        return "no case"
    return "convicted" if passes(right, g, limit) else "not understood"


def limit_not_allowed(g, claim, right, limit):
    return trial_by(lambda c: np.max(np.abs(c - g)) < limit * np.max(np.abs(g)), claim, right)


def trial_by(accepts, claim, right):
    return "no case" if accepts(claim) else "convicted" if accepts(right) else "not understood"


def exactly_equal(g, claim, right, limit):
    return trial_by(lambda c: np.array_equal(c, g), claim, right)


TRIAL = [
    Mistake("own formula not tried", own_formula_not_tried,
            "You convict without trying your own formula: if it fails too, you know nothing."),
    Mistake("own formula asked first", own_formula_first,
            "Ask about the claim first: an innocent stays innocent beside a wrong correction."),
    Mistake("claim not tried", claim_not_tried,
            "You never try the claim, so an innocent is convicted. Ask about it first."),
    Mistake("own formula as the judge", formula_is_the_judge,
            "You compare the claim with your own formula. Both may be wrong in the same way: "
            "compare each with what was measured."),
    Mistake("limit not allowed", limit_not_allowed,
            "Off by the limit is still allowed: at most means <=, not <."),
    Mistake("exactly equal", exactly_equal,
            "You ask for equal digits. What is measured is never exact: use the limit."),
]


def page_of_the_layer(delta, W, b, z):
    slopes = W * tanh_prime(z) + b
    return np.outer(delta, tanh(z)), delta.copy(), delta @ slopes


def layer(below, dW=lambda delta, z: np.outer(delta, tanh(z))):
    return lambda delta, W, b, z: (dW(delta, z), delta.copy(), below(delta, W, b, z))


def down(delta, W, b, z):
    return (delta @ W) * tanh_prime(z)


LAYER = [
    Mistake("as printed", page_of_the_layer,
            "This is the page as printed. Nudge z_k: its bias does not move, so no bias stands in "
            "the third line."),
    Mistake("bias at the end", layer(lambda delta, W, b, z: down(delta, W, b, z) + b),
            "You moved the bias out of the sum. It has to go: a constant has no slope."),
    Mistake("bias inside the bend", layer(lambda d, W, b, z: (d @ W) * tanh_prime(z + b)),
            "z_k holds its bias already; tanh' is taken at z_k."),
    Mistake("slope forgotten", layer(lambda delta, W, b, z: delta @ W),
            "The third line lost the slope of the tanh together with the bias.",
            "derivative-missing"),
    Mistake("sums in place of answers", layer(down, lambda delta, z: np.outer(delta, z)),
            "The third line is mended, but dW takes the answers a_k = tanh(z_k), not the sums."),
    Mistake("slope at the answer", layer(lambda d, W, b, z: (d @ W) * tanh_prime(tanh(z))),
            "tanh' takes the sum z_k, and you give it the answer.", "at-activation"),
    Mistake("dW transposed", layer(down, lambda delta, z: np.outer(tanh(z), delta)),
            "dW has a row per unit above, as W: delta stands left.", "transposed"),
]


def nodes(g_a, g_b=lambda a, b: -a / b**2, g_c=lambda a: 1 / a):
    return lambda a, b, c: (g_a(a, b, c), g_b(a, b), g_c(a))


def three_branches(a, b, c):
    return np.exp(a) + 1 / b - c / a**2


NODES = [
    Mistake("as printed", nodes(lambda a, b, c: np.exp(a) + 1 / (a * b) - c / a**2),
            "This is the page as printed: the branch through e takes dy/dc. It runs through e, "
            "so it takes dy/de, which is 1."),
    Mistake("one branch forgotten", nodes(lambda a, b, c: np.exp(a) - c / a**2),
            "Two branches of three: a reaches y through e as well."),
    Mistake("branches multiplied", nodes(lambda a, b, c: -np.exp(a) / b * c / a**2),
            "Within a branch slopes multiply; the three branches add up."),
    Mistake("minus forgotten", nodes(lambda a, b, c: np.exp(a) + 1 / b + c / a**2),
            "c / a falls when a grows: its slope is -c / a²."),
    Mistake("dy/dc is 1", nodes(three_branches, g_c=lambda a: 1.0),
            "dy/df is 1. To c one more link leads, with the slope 1/a."),
    Mistake("square forgotten", nodes(three_branches, g_b=lambda a, b: -a / b),
            "The slope of a / b for b is -a / b², not -a / b."),
]


def bracket_too_early(x, alpha):
    for weights in alpha[:-1]:
        x = sigmoid(weights.T @ x)
    return sigmoid(alpha[-1].T) @ x


def first_matrix_every_time(x, alpha):
    for _ in alpha:
        x = sigmoid(alpha[0].T @ x)
    return x


def last_layer_straight(x, alpha):
    for weights in alpha[:-1]:
        x = sigmoid(weights.T @ x)
    return alpha[-1].T @ x


def bent_first(x, alpha):
    for weights in alpha:
        x = weights.T @ sigmoid(x)
    return x


def from_the_last(x, alpha):
    for weights in alpha[::-1]:
        x = sigmoid(weights.T @ x)
    return x


def not_turned(x, alpha):
    for weights in alpha:
        x = sigmoid(weights @ x)
    return x


NETWORK = [
    Mistake("bracket closes too early", bracket_too_early,
            "This is the first line as printed: a sigmoid of weights. It bends the sum, so the "
            "bracket closes last."),
    Mistake("the first matrix every time", first_matrix_every_time,
            "This is the second line as printed: one matrix for all layers. Layer i has matrix i."),
    Mistake("last layer not bent", last_layer_straight,
            "The last layer bends too: the answer of the page begins with σ."),
    Mistake("bent before the matrix", bent_first,
            "You bend what goes in. The sigmoid bends what the matrix has summed."),
    Mistake("layers backwards", from_the_last,
            "The input meets the first matrix first: go through `alpha` from the front."),
    Mistake("not turned", not_turned,
            "A row of α belongs to a unit below, so sums run down a column: use the transpose."),
]


def selu_of(ask, w_in_slope=True, lam=(LAM, LAM), at=lambda x, z: z):
    """Build a unit; each argument stands for one thing that can be wrong."""
    def unit(x, w, b):
        z = w * x + b
        on = ask(x, z)
        a = np.where(on, lam[0] * z, lam[1] * ALPHA * (np.exp(z) - 1))
        slope = np.where(on, lam[0], lam[1] * ALPHA * np.exp(at(x, z)))
        return a, slope * w if w_in_slope else slope
    return unit


def unshifted(x, w, b):
    a, slope = selu_of(lambda x, z: z > 0)(x, w, b)
    return np.where(w * x + b > 0, a, a + LAM * ALPHA), slope


SELU = [
    Mistake("as printed", selu_of(lambda x, z: x > 0),
            "This is the page as printed: it asks x. A bend is a function of z, so ask z."),
    Mistake("bias not asked", lambda x, w, b: selu_of(lambda x, z: z > b)(x, w, b),
            "You ask w x > 0. The bias belongs to the sum: ask z itself."),
    Mistake("slope for z", selu_of(lambda x, z: z > 0, w_in_slope=False),
            "The second array is ∂a/∂z. From x to z one more link leads, with the slope w."),
    Mistake("λ on one branch", selu_of(lambda x, z: z > 0, lam=(LAM, 1.0)),
            "λ multiplies both branches."),
    Mistake("branches swapped", selu_of(lambda x, z: z <= 0),
            "The straight branch belongs to z > 0."),
    Mistake("slope at the input", selu_of(lambda x, z: z > 0, at=lambda x, z: x),
            "The slope has e to the x. It is taken at z."),
    Mistake("no step down", unshifted,
            "The bracket is e^z - 1: without the -1 the two branches do not meet at 0."),
]


def slides(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return np.einsum("pqab,ab->pq", windows, w)


def top_left(delta, m):
    return np.pad(delta, ((m - 1, 0), (m - 1, 0)))


INPUT = [
    Mistake("as printed", lambda d, w: slides(top_left(d, len(w)), w),
            "This is the recipe as printed. All four sides need zeros, and a convolution flips by "
            "itself: flip once, not twice."),
    Mistake("padded at two sides", lambda d, w: slides(top_left(d, len(w)), w[::-1, ::-1]),
            "The kernel is right. Pad all four sides: the result must have the size of x.",
            "wrong-shape"),
    Mistake("flipped twice", lambda d, w: slides(np.pad(d, len(w) - 1), w),
            "The padding is right. You slide w itself: flip it first, or convolve with w itself."),
    Mistake("transposed in place of flipped", lambda d, w: slides(np.pad(d, len(w) - 1), w.T),
            "To flip is to reverse both axes. You swapped them: that is the transpose."),
    Mistake("one axis flipped", lambda d, w: slides(np.pad(d, len(w) - 1), w[::-1]),
            "Only the rows are reversed: flip both axes."),
    Mistake("not padded", lambda d, w: slides(np.pad(d, len(w) // 2), w[::-1, ::-1]),
            "Too few zeros: the first pixel lies in one window only, so it takes m - 1 a side.",
            "wrong-shape"),
    Mistake("flipped and turned", lambda d, w: slides(np.pad(d, len(w) - 1), w[::-1, ::-1].T),
            "Flipped is right, but the kernel is transposed as well: w[::-1, ::-1] is enough."),
]


def pixels(low, high, both=True):
    """Return a table of pixels by a rule for the lowest and the highest index."""
    def table(N, m):
        i, j = np.mgrid[0:N, 0:N]
        rows = (i >= low(N, m)) & (i <= high(N, m))
        columns = (j >= low(N, m)) & (j <= high(N, m))
        return rows & columns if both else rows | columns
    return table


PIXELS = [
    Mistake("as printed", pixels(lambda N, m: m, lambda N, m: N),
            "This is the page as printed. m - 1 from the top is enough, and the bottom and the "
            "right are edges too."),
    Mistake("m for m - 1", pixels(lambda N, m: m, lambda N, m: N - m),
            "Row m - 1 is good as well: the sum asks for u - r with r up to m - 1."),
    Mistake("bottom and right forgotten", pixels(lambda N, m: m - 1, lambda N, m: N),
            "The sum with r = 0 asks for row u of δ, and δ has the side H - m + 1: the bottom and "
            "the right are edges too."),
    Mistake("one row too many", pixels(lambda N, m: m - 1, lambda N, m: N - m + 1),
            "One row too many at the bottom: the last row of δ is H - m."),
    Mistake("or in place of and", pixels(lambda N, m: m - 1, lambda N, m: N - m, both=False),
            "Row and column must both be inside: combine them with and."),
    Mistake("the outputs", pixels(lambda N, m: 0, lambda N, m: N - m),
            "These are the places where a window may begin. A pixel is inside if *all* windows "
            "with it exist."),
    Mistake("a border of half a kernel", pixels(lambda N, m: m // 2, lambda N, m: N - 1 - m // 2),
            "Half a kernel a side is for an output centred on its window. Here the sum reaches "
            "m - 1 rows up."),
]


def game(slope, best=lambda D, r, g: r / (r + g)):
    return lambda D, p_r, p_g, h: (slope(D, p_r, p_g, h), best(D, p_r, p_g))


def pointwise(D, r, g, h):
    return h * (r / D - g / (1 - D))


GAME = [
    Mistake("as printed", game(lambda D, r, g, h: np.full(D.shape, pointwise(D, r, g, h).sum()),
                               lambda D, r, g: np.full(D.shape, 0.5)),
            "This is the page as printed: one integral for all points. Each D_n stands in one term "
            "of the sum, so it has a slope of its own.", "summed"),
    Mistake("best D is a half", game(pointwise, lambda D, r, g: np.full(D.shape, 0.5)),
            "The slopes are right. Set each of them to zero by itself: one half is the best only "
            "where both laws agree."),
    Mistake("step forgotten", game(lambda D, r, g, h: r / D - g / (1 - D)),
            "h is missing in the slope: every term of V carries it.", "constant-factor"),
    Mistake("sign of the second term", game(lambda D, r, g, h: h * (r / D + g / (1 - D))),
            "The inner slope of 1 - D is -1: the second term is subtracted."),
    Mistake("the share of the fakes", game(pointwise, lambda D, r, g: g / (r + g)),
            "The slopes are right. D is large where the *real* law is: p_r stands on top."),
    Mistake("a ratio", game(pointwise, lambda D, r, g: r / g),
            "The slopes are right. p_r (1 - D) = p_g D: you lost the D on one side."),
    Mistake("not inverted", game(lambda D, r, g, h: h * (r * D - g * (1 - D))),
            "The slope of log D is 1/D, not D."),
]


def row_average(P, U):
    return np.sum(P * U, axis=1, keepdims=True)


def no_mean(Z, Y):
    P = softmax(Z)
    return P * (P - Y - row_average(P, P - Y))


def wrong_axis(Z, Y):
    P = softmax(Z)
    U = (P - Y) / len(Z)
    return P * (U - np.sum(P * U, axis=0, keepdims=True))


def plain_average(Z, Y):
    P = softmax(Z)
    U = (P - Y) / len(Z)
    return P * (U - np.mean(U, axis=1, keepdims=True))


def share_forgotten(Z, Y):
    P = softmax(Z)
    U = (P - Y) / len(Z)
    return U - row_average(P, U)


def unstable(Z, Y):
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    U = (P - Y) / len(Z)
    return P * (U - row_average(P, U))


DELTA = [
    Mistake("as printed", lambda Z, Y: (softmax(Z) - Y) * softmax(Z) * (1 - softmax(Z)) / len(Z),
            "This is the page as printed: it bends unit by unit. With a softmax every logit "
            "reaches every share of its row."),
    Mistake("as for the cross entropy", lambda Z, Y: (softmax(Z) - Y) / len(Z),
            "p - y is δ under the cross entropy. Under this loss it is the slope for the shares; "
            "the softmax is still ahead."),
    Mistake("1/B forgotten", no_mean,
            "B times too large: the loss has 1/B, so has its slope.", "missing-mean"),
    Mistake("average down the columns", wrong_axis,
            "The average runs over the examples. Each row is a softmax of its own: axis 1."),
    Mistake("plain average", plain_average,
            "You subtract the plain mean of u. It is the average under the shares: multiply by p "
            "before you add up."),
    Mistake("share forgotten", share_forgotten,
            "The share in front is missing: δ_j = p_j (u_j - …)."),
    Mistake("exponentials overflow", unstable,
            "Right for small logits. Large ones overflow: subtract the largest of the row first."),
]

ORDER = [
    Mistake("gain moved too early", "FCHAEBGD",
            "A moves the gain before E has read it: δ then belongs to the new gain."),
    Mistake("kernel moved too early", "FCHEAGDB",
            "D moves the kernel before B has read it: dx then belongs to the new kernel."),
    Mistake("both moved too early", "FCHAEGDB",
            "A and D move g and w before E and B have read them."),
    Mistake("back before forward", "ECFHABGD",
            "E needs Z, which F makes: begin with the way up."),
    Mistake("gain moved without its slope", "FCEAHBGD",
            "A needs dg, which H makes."),
]

PREDICTED = [
    Mistake("the slope of the right layer", 0.5,
            "This is right for the layer that is meant. She asks about hers, where the bias is "
            "added once for every input."),
    Mistake("without δ", 7.0, "The sum moves 7 times as far as the bias. Multiply by δ."),
    Mistake("divided", 0.5 / 7, "The bias is added 7 times, not shared out: multiply."),
    Mistake("no slope", 0.0, "The bias of the unit *itself* does move its sum."),
]

MISTAKES = {"16.1": TRIAL, "16.2": LAYER, "16.3": NODES, "16.4": NETWORK, "16.5": SELU,
            "16.6": INPUT, "16.7": PIXELS, "16.8": GAME, "16.9": DELTA, "16.10": ORDER,
            "16.11": PREDICTED}
