"""An eighth fresh set, numerics: where finite differences are hard to read.

A problem is a function of rng that returns (f, x, gradient) or (f, x, gradient, upstream); the
right cases are problems as they stand, the wrong ones are problems with a slip in the gradient.

What belongs into the set: let eta be the noise of f at the point (rounding, a cast, a grain) and
L the distance over which f bends or meets a kink. Slopes can be known to about eta/L. A wrong
entry is off by at least 30 eta/L in its worst entry and by 1e-6 of its own size; at a kink it is
outside the slopes by at least 0.05 of their gap. What f's values cannot decide is left out.
"""

import numpy as np

from tests.corpus import hard as h
from tests.corpus import right, wrong


def slip(problem, change, *at):
    """Return the problem with g changed: everywhere, or at one index."""
    f, x, g, *upstream = problem
    g = g.copy()
    if at:
        g[at[0]] = change(g[at[0]])
    else:
        g = change(g)
    return (f, x, g, *upstream)


def times(factor):
    return lambda g: factor * g


@right("ties")
def ties(rng):
    yield "largest of seven, shared", *h.tied_max(rng)
    yield "largest of seven, mixed", *h.tied_max(rng, "mixed")
    yield "largest of seven, the first", *h.tied_max(rng, "first")
    yield "smallest in rows", *h.tied_min(rng)
    yield "two arrays, shared anyhow", *h.tied_pair(rng)
    yield "two arrays, halves", *h.tied_pair(rng, 0.5)
    yield "two largest", *h.tied_top_two(rng)
    yield "pooling, shared", *h.tied_pool(rng)
    yield "an array with its copy", *h.tied_copy(rng)


@right("edge of the domain")
def edges(rng):
    yield "sqrt near 0", *h.edge_sqrt(rng)
    yield "log near 0", *h.edge_log(rng)
    yield "arcsin near 1", *h.edge_arcsin(rng)
    yield "power that raises below 0", *h.edge_power(rng)
    yield "entropy that raises below 0", *h.edge_entropy(rng)
    yield "arccosh near 1", *h.edge_arccosh(rng)
    yield "likelihood near 0", *h.edge_likelihood(rng)
    yield "height over a ball near its rim", *h.edge_ball(rng)
    yield "log det near singular", *h.edge_determinant(rng)
    yield "barrier, inf outside", *h.edge_barrier(rng)
    yield "power 2.5 at 0, NaN below", *h.edge_at_zero(rng)


@right("steep")
def steep(rng):
    yield "sigmoid(1e4 x)", *h.steep_sigmoid(rng)
    yield "exp(50 x)", *h.steep_exp(rng)
    yield "tanh(1e6 x)", *h.steep_tanh(rng)
    yield "softmax at temperature 1e-4", *h.steep_softmax(rng)
    yield "bump of width 1e-5", *h.steep_bump(rng)
    yield "x^60", *h.steep_power(rng)
    yield "1/x near its pole", *h.steep_pole(rng)
    yield "1/x^2 near its pole", *h.steep_pole(rng, 2)


@right("near a kink")
def near(rng):
    yield "relu, 1e-3 to 1e-9 away", *h.near_relu(rng)
    yield "abs, 1e-9 away", *h.near_abs(rng)
    yield "abs, 1e-6 away", *h.near_abs(rng, 1e-6)
    yield "leaky relu, 1e-7 away", *h.near_leaky(rng)
    yield "largest by 1e-9", *h.near_max(rng)
    yield "huber, 1e-7 from its corners", *h.near_huber(rng)
    yield "hinge, 1e-8 from its margin", *h.near_hinge(rng)
    yield "norm of 1e-9", *h.near_norm(rng)


@right("at a kink")
def at(rng):
    yield "abs, any slope", *h.at_abs(rng)
    yield "abs, the right slope", *h.at_abs(rng, 1, 1)
    yield "relu of a product, 0", *h.at_relu(rng, 0)
    yield "relu of a product, 1", *h.at_relu(rng, 1)
    yield "relu of a product, between", *h.at_relu(rng, rng.uniform())
    yield "leaky relu, left", *h.at_leaky(rng, 0.2)
    yield "leaky relu, between", *h.at_leaky(rng, rng.uniform(0.2, 1))
    yield "hard tanh, 0", *h.at_hard_tanh(rng, 0)
    yield "hard tanh, between", *h.at_hard_tanh(rng, rng.uniform(0.1, 0.9))
    yield "norm at 0, 0", *h.at_norm(rng, 0)
    yield "norm at 0, inside", *h.at_norm(rng, rng.uniform(0.2, 0.95))
    yield "largest size, tied", *h.at_infinity_norm(rng)
    yield "lasso", *h.at_lasso(rng, rng.uniform(-0.9, 0.9))
    yield "elu with 2, between", *h.at_elu(rng, rng.uniform(1.05, 1.95))
    yield "largest of planes", *h.at_planes(rng)
    yield "relu squared", *h.at_squared(rng)
    yield "relu(x) - relu(-x)", *h.at_identity(rng)


@right("float32 and float16")
def low(rng):
    yield "network in float32", *h.low_network(rng)
    yield "network in float16", *h.low_network(rng, h.half)
    yield "sum in float32", *h.low_sum(rng)
    yield "float32 in and out", *h.low_returned(rng)
    yield "float32 with upstream", *h.low_upstream(rng)


@right("coarse values")
def coarse(rng):
    yield "multiples of 2^-20", *h.coarse_grain(rng)
    yield "multiples of 2^-10", *h.coarse_grain(rng, 10)
    yield "multiples of 2^-30", *h.coarse_grain(rng, 30)
    yield "fixed point to 1e-8", *h.coarse_fixed_point(rng)
    yield "Newton to 1e-4", *h.coarse_newton(rng)
    yield "bisection to 1e-7", *h.coarse_bisection(rng)
    yield "Euler's steps", *h.coarse_euler(rng)
    yield "sample with a fixed seed", *h.coarse_sample(rng)
    yield "noise 1e-12", *h.coarse_fuzz(rng, 1e-12)
    yield "noise 1e-9", *h.coarse_fuzz(rng, 1e-9)
    yield "noise 1e-6", *h.coarse_fuzz(rng, 1e-6)


@right("offsets and cancellation")
def offsets(rng):
    for size in (1e6, 1e8, 1e10, -1e12):
        yield f"offset {size:.0e}", *h.offset(rng, size)
    yield "(1 - cos x)/x^2", *h.cancel_cosine(rng)
    yield "exp(x) - 1 - x", *h.cancel_exp(rng)
    yield "variance as a difference", *h.cancel_variance(rng)
    yield "log(1 + exp x)", *h.cancel_softplus(rng)
    yield "small root", *h.cancel_root(rng)


@right("rapid and flat")
def rapid(rng):
    yield "sin(1e3 x)", *h.rapid_sine(rng)
    yield "sin(1e6 x)", *h.rapid_sine(rng, 1e6)
    yield "sin(1/x)", *h.rapid_inverse(rng)
    yield "waves of 13 octaves", *h.rapid_waves(rng)
    yield "x^9 near 0", *h.flat_power(rng)
    yield "x^4 at 0", *h.flat_zero(rng)
    yield "x^9 at 0", *h.flat_zero(rng, 9)
    yield "exp(-1/x^2) near 0", *h.flat_bump(rng)
    yield "sigmoid at -40", *h.flat_sigmoid(rng)


@right("units and sizes")
def sizes(rng):
    yield "1e-9 next to 1e9", *h.units(rng)
    yield "speed of a gas", *h.physics(rng)
    for size in (1e-200, 1e-12, 1e12, 1e150):
        yield f"x of {size:.0e}", *h.sized(rng, size)
    for size in (1e200, 1e-200, 1e-290, 1e-310):
        yield f"f of {size:.0e}", *h.tall(rng, size)
    yield "1e-4 behind 1e4", *h.hidden(rng)


@right("all zero")
def zeros(rng):
    yield "a constant", *h.zero_constant(rng)
    yield "sum of a softmax", *h.zero_softmax(rng)
    yield "dead units", *h.zero_dead(rng)
    yield "sum of a normalised row", *h.zero_norm(rng)
    yield "-0.0", (lambda x: -0.0 * np.sum(x * x)), rng.normal(size=3), np.zeros(3)
    f, x, g = h.zero_softmax(rng)
    yield "sum of a softmax, rounding claimed", f, x, rng.normal(size=6) * 1e-17


@right("many entries")
def large(rng):
    yield "1e5, smooth", *h.large_smooth(rng, 100_000)
    yield "2e4, piecewise linear", *h.large_relu(rng)


@right("jumps, masks, kinds of arrays")
def kinds(rng):
    yield "floor(x) x", *h.jump_floor(rng)
    yield "floor(x) x, 1e-4 from the jump", *h.jump_floor(rng, 1e-4)
    yield "a jump at 0", *h.jump_sign(rng)
    yield "fraction, 1e-6 before the jump", *h.jump_fraction(rng)
    yield "weights by rank", *h.jump_rank(rng)
    yield "masked logits", *h.masked_logits(rng)
    yield "upstream of 1e-6 to 1e6", *h.mixed_upstream(rng)
    yield "ten arrays", *h.ten_arrays(rng)
    yield "0-d", *h.no_axes(rng)
    yield "a copy is changed", *h.hidden_copy(rng)
    yield "labels without gradient", *h.with_labels(rng)
    yield "rounding noise at random", *h.trembling(rng, 1e-16)
    n = rng.integers(1, 5, 4)
    yield "integers", (lambda x: np.sum(x * x)), n, 2.0 * n


@wrong("ties", "kink")
def ties_or_kink(rng):
    yield "largest of seven, each in full", *h.tied_max(rng, "all")
    yield "two arrays, each in full", *h.tied_pair(rng, 1.0)
    yield "pooling, each in full", *h.tied_pool(rng, True)
    yield "two largest, outside", *h.tied_top_two(rng, 1.4)
    yield "smallest in rows, half lost", *h.tied_min(rng, 0.5)


@wrong("kink", "all-zero", "ties")
def kink_or_all_zero_or_ties(rng):
    yield "largest of seven, none", *h.tied_max(rng, "none")


@wrong("constant-factor")
def constant_factor(rng):
    yield "sqrt near 0 without its 1/2", *slip(h.edge_sqrt(rng), times(2))
    yield "sigmoid(1e4 x) without 1e4", *slip(h.steep_sigmoid(rng), times(1e-4))
    yield "softmax without its temperature", *slip(h.steep_softmax(rng), times(1e-4))
    yield "float32 in and out", *slip(h.low_returned(rng), times(h.f4(2)))
    yield "bisection to 1e-7", *slip(h.coarse_bisection(rng), times(2))
    yield "sample summed, not averaged", *slip(h.coarse_sample(rng), times(400))
    yield "offset 1e8", *slip(h.offset(rng, 1e8), times(2))
    yield "exp(x) - 1 - x", *slip(h.cancel_exp(rng), times(2))
    yield "small root", *slip(h.cancel_root(rng), times(2))
    yield "sin(1e3 x) without 1e3", *slip(h.rapid_sine(rng), times(1e-3))
    yield "x^9 near 0 with 3", *slip(h.flat_power(rng), times(1 / 3))
    yield "exp(-1/x^2) near 0 without 2", *h.flat_bump(rng, 1)


@wrong("sign")
def sign(rng):
    yield "arcsin near 1 as arccos", *slip(h.edge_arcsin(rng), times(-1))
    yield "height over a ball near its rim", *slip(h.edge_ball(rng), times(-1))
    yield "bump of width 1e-5", *slip(h.steep_bump(rng), times(-1))
    yield "1/x near its pole", *slip(h.steep_pole(rng), times(-1))
    yield "network in float16", *slip(h.low_network(rng, h.half), times(-1))
    yield "Newton to 1e-4", *slip(h.coarse_newton(rng), times(-1))
    yield "multiples of 2^-10", *slip(h.coarse_grain(rng, 10), times(-1))
    yield "offset 1e12", *slip(h.offset(rng, 1e12), times(-1))
    yield "(1 - cos x)/x^2", *slip(h.cancel_cosine(rng), times(-1))
    yield "sin(1e6 x)", *slip(h.rapid_sine(rng, 1e6), times(-1))
    yield "sin(1/x)", *slip(h.rapid_inverse(rng), times(-1))
    yield "sigmoid at -40", *slip(h.flat_sigmoid(rng), times(-1))
    yield "fraction, 1e-6 before the jump", *slip(h.jump_fraction(rng), times(-1))


@wrong("wrong-formula")
def wrong_formula(rng):
    f, x, g = h.edge_log(rng)
    yield "log near 0, stabilised in backward only", f, x, g * x / (x + 1e-8)
    yield "power not lowered", *h.edge_power(rng, 0)
    f, x, g = h.edge_arccosh(rng)
    yield "arccosh near 1 as arcsinh", f, x, g * np.sqrt((x * x - 1) / (x * x + 1))
    yield "tanh(1e6 x), not squared", *h.steep_tanh(rng, lambda t: 1 - t)
    f, x, g = h.steep_pole(rng, 2)
    yield "1/x^2 near its pole, power not raised", f, x, g * x


@wrong("missing-term", "wrong-formula")
def missing_term_or_wrong_formula(rng):
    f, x, g = h.edge_entropy(rng)
    yield "entropy without the 1", f, x, g + 1
    f, x, g = h.edge_barrier(rng)
    yield "barrier's term is lost", f, x, g + 1e-3 / x
    f, x, g = h.cancel_variance(rng)
    yield "variance, the mean held", f, x, x / 4
    yield "floor(x) x with ceil", *h.jump_floor(rng, plus=1)
    f, x, g = h.hidden_copy(rng)
    c = g / (2 * x + 1)
    yield "a copy is changed, one path", f, x, g - c


@wrong("one-entry", "constant-factor")
def one_entry_or_constant_factor(rng):
    yield "log det, off-diagonal counted once", *slip(h.edge_determinant(rng), times(0.5), 1)


@wrong("missing-term", "random", "wrong")
def missing_term_or_random_or_wrong(rng):
    f, x, g = h.edge_at_zero(rng)
    yield "power 2.5 at 0, a slope", f, x, g + rng.uniform(0.01, 0.02, 4)
    f, x, g = h.flat_zero(rng)
    yield "x^4 at 0, a slope", f, x, g + rng.uniform(0.5, 1.5, 4) * 1e-3
    for problem, size in (
        (h.zero_dead, 1e-3),
        (h.zero_dead, 1e-12),
        (h.zero_constant, 1e-6),
        (h.zero_softmax, 1e-3),
        (h.zero_norm, 1e-4),
    ):
        f, x, g = problem(rng)
        yield f"{problem.__name__}, {size:.0e}", f, x, size * h.weights(rng, *x.shape)


@wrong("constant-factor", "slight-constant")
def constant_factor_or_slight_constant(rng):
    yield "x^60 with 59", *slip(h.steep_power(rng), times(59 / 60))


@wrong("one-entry")
def one_entry(rng):
    yield (
        "exp(50 x), 1 % at the smallest",
        *slip((p := h.steep_exp(rng)), times(1.01), int(np.argmin(p[1]))),
    )
    yield "relu, 1e-9 above is dead", *h.near_relu(rng, (4,))
    yield "abs, 1e-9 away, a sign", *slip(h.near_abs(rng), times(-1), int(rng.integers(6)))
    yield (
        "leaky relu, the other slope",
        *slip((p := h.near_leaky(rng)), times(0.1 if p[1][2] > 0 else 10), 2),
    )
    yield (
        "hinge counts a safe example",
        *slip((p := h.near_hinge(rng)), lambda g: -np.sign(p[1][2]), 2),
    )
    p = h.low_sum(rng)
    yield "sum in float32, 20 % off", *slip(p, times(1.2), int(np.argmax(np.abs(p[1]))))
    p = h.coarse_grain(rng)
    yield "multiples of 2^-20", *slip(p, times(1.2), int(np.argmax(np.abs(p[2]))))
    p = h.coarse_fuzz(rng, 1e-6)
    yield "noise 1e-6, a sign", *slip(p, times(-1), int(np.argmax(np.abs(p[2]))))
    yield "offset 1e6, 1e-2 off", *slip(h.offset(rng, 1e6), lambda g: g + 0.01, 2)
    yield "offset 1e10, 0.3 off", *slip(h.offset(rng, 1e10), lambda g: g + 0.3, 1)
    for n, error in ((100_000, 1.0), (100_000, 1e-5), (10_000, 1e-3), (30_000, 1e-4)):
        p = h.large_smooth(rng, n)
        at = int(rng.choice(np.flatnonzero(np.abs(p[2]) > 0.5)))
        yield f"{n}, {error:.0e} at one", *slip(p, times(1 + error), at)
    at = (int(rng.integers(100)), int(rng.integers(200)))
    yield "2e4, piecewise linear, 1 at one", *slip(h.large_relu(rng), lambda g: g + 1, at)
    f, xs, gs = h.ten_arrays(rng)
    yield "ten arrays, one entry", f, xs, (*gs[:7], gs[7] * [1, 1, 1.01, 1], *gs[8:])


@wrong("some-entries", "region")
def some_entries_or_region(rng):
    yield "relu dead below 1e-5", *h.near_relu(rng, (2, 4))


@wrong("permuted", "some-entries", "shifted")
def permuted_or_some_entries_or_shifted(rng):
    yield "largest by 1e-9, to the second", *h.near_max(rng, 1)


@wrong("all-zero")
def all_zero(rng):
    f, x, g = h.near_norm(rng)
    yield "norm of 1e-9 taken for 0", f, x, 0 * g


@wrong("kink")
def kink(rng):
    yield "abs beyond its slopes", *h.at_abs(rng, 1.2, 1.6)
    yield "leaky relu, 0", *h.at_leaky(rng, 0)
    yield "hard tanh beyond", *h.at_hard_tanh(rng, 1.3)
    yield "norm at 0, too long", *h.at_norm(rng, 1.3)
    yield "lasso beyond", *h.at_lasso(rng, 1.5)
    yield "elu with 2, beyond", *h.at_elu(rng, 2.5)


@wrong("kink", "ties")
def kink_or_ties(rng):
    yield "largest size, each in full", *h.at_infinity_norm(rng, 1)
    yield "largest of planes, 1.3 of them", *h.at_planes(rng, 1.3)


@wrong("some-entries", "kink")
def some_entries_or_kink(rng):
    yield "relu squared, a slope at 0", *h.at_squared(rng, 0.5)
    yield "relu(x) - relu(-x), 0 at 0", *h.at_identity(rng, 0)


@wrong("slight-constant", "constant-factor")
def slight_constant_or_constant_factor(rng):
    yield "network in float32, 1 %", *slip(h.low_network(rng), times(1.01))


@wrong("wrong-formula", "derivative-missing")
def wrong_formula_or_derivative_missing(rng):
    yield "network in float32, 1 - a", *h.low_network(rng, h.single, lambda a: 1 - a)
    f, x, g, u = h.low_upstream(rng)
    yield "float32, sin as sin'", f, x, u * np.sin(x), u


@wrong("missing-term", "wrong-formula", "derivative-missing")
def missing_term_or_wrong_formula_or_derivative_missing(rng):
    yield "fixed point, direct term only", *h.coarse_fixed_point(rng, False)


@wrong("slight-constant", "wrong-formula")
def slight_constant_or_wrong_formula(rng):
    yield "Euler's steps, exact solution", *h.coarse_euler(rng, True)
    yield "noise 1e-9, 1e-3 off", *slip(h.coarse_fuzz(rng, 1e-9), times(1.001))
    yield "noise 1e-12, 1e-5 off", *slip(h.coarse_fuzz(rng, 1e-12), times(1.00001))


@wrong("wrong-formula", "wrong", "random")
def wrong_formula_or_wrong_or_random(rng):
    f, x, g = h.cancel_softplus(rng)
    yield "log(1 + exp x), sigmoid of -x", f, x, np.sign(g) * h.sigmoid(-x)


@wrong("missing-term", "wrong-formula", "wrong")
def missing_term_or_wrong_formula_or_wrong(rng):
    yield "waves without the last octave", *h.rapid_waves(rng, 12)


@wrong("one-entry", "sign")
def one_entry_or_sign(rng):
    yield "the 1e-9 entry, a sign", *slip(h.units(rng), times(-1), 0)
    yield "the 1e9 entry, a sign", *slip(h.units(rng), times(-1), 1)
    f, x, (ga, gb) = h.hidden(rng)
    yield "1e-4 behind 1e4, 20 % at one", f, x, (ga, gb * [1, 1, 1.2, 1])


@wrong("constant-factor", "sign")
def constant_factor_or_sign(rng):
    yield "f of 1e200", *slip(h.tall(rng, 1e200), times(2))
    yield "f of 1e-200, a sign", *slip(h.tall(rng, 1e-200), times(-1))
    yield "x of 1e150", *slip(h.sized(rng, 1e150), times(0.5))
    f, x, (gm, gT) = h.physics(rng)
    yield "speed of a gas, mass without 1/2", f, x, (2 * gm, gT)
    f, x, (ga, gb) = h.hidden(rng)
    yield "1e-4 behind 1e4, a third", f, x, (ga, gb / 3)


@wrong("row-or-column")
def row_or_column(rng):
    yield (
        "2e4, piecewise linear, a row",
        *slip(h.large_relu(rng), times(1.1), int(rng.integers(100))),
    )


@wrong("slight-constant")
def slight_constant(rng):
    for error in (1e-4, -1e-5, 2e-6):
        yield f"1 + {error:.0e}", *slip(h.slight(rng), times(1 + error))
    yield "2e4, piecewise linear, 1 + 1e-4", *slip(h.large_relu(rng), times(1.0001))


@wrong("constant-factor", "sign", "wrong-formula")
def constant_factor_or_sign_or_wrong_formula(rng):
    yield "0-d, 0.4 of it", *slip(h.no_axes(rng), lambda g: g * 0.4)


@wrong("negative", "region", "some-entries")
def negative_or_region_or_some_entries(rng):
    yield "a jump at 0, x for |x|", *h.jump_sign(rng, lambda x: x)


@wrong("permuted", "some-entries", "wrong")
def permuted_or_some_entries_or_wrong(rng):
    f, x, g = h.jump_rank(rng)
    yield "weights by rank, as by order", f, x, np.roll(np.sort(g)[np.argsort(x)], 1)


@wrong("row-or-column", "some-entries")
def row_or_column_or_some_entries(rng):
    yield "masked logits, the mask leaks", *h.masked_logits(rng, 0.2)


@wrong("upstream")
def upstream(rng):
    yield "upstream of 1e-6 to 1e6 ignored", *h.mixed_upstream(rng, True)


@wrong("row-or-column", "some-entries", "sign")
def row_or_column_or_some_entries_or_sign(rng):
    yield (
        "upstream of 1e-6, a sign",
        *slip((p := h.mixed_upstream(rng)), times(-1), int(np.argmin(np.abs(p[3][0])))),
    )


@wrong("swapped")
def swapped(rng):
    f, xs, gs = h.ten_arrays(rng)
    yield "ten arrays, two swapped", f, xs, (*gs[:6], gs[8], gs[7], gs[6], gs[9])


@wrong("not-deterministic")
def not_deterministic(rng):
    for eta in (1e-1, 1e-3, 1e-6):
        yield f"at random, {eta:.0e}", *h.trembling(rng, eta)
    calls = [0]

    def f(x):
        calls[0] += 1
        return np.sum(x * x) + calls[0] * 1e-3

    x = rng.normal(size=4)
    yield "counts its calls", f, x, 2 * x


@wrong("mutates-input")
def mutates_input(rng):
    def f(x):
        x -= np.mean(x)
        return np.sum(x * x)

    x = rng.normal(size=5)
    yield "centres in place", f, x, 2 * (x - np.mean(x))


@wrong("nan")
def nan(rng):
    yield "masked logits, NaN at one", *slip(h.masked_logits(rng), times(np.nan), (1, 1))
    f, x, g = h.near_norm(rng)
    yield "norm, inf claimed", f, x, g + [0, np.inf, 0, 0]


@wrong("not-finite")
def not_finite(rng):
    x = rng.uniform(1, 2, 4) * [1, 1, -1, 1]
    yield "log of a negative", (lambda x: np.sum(np.log(x))), x, 1 / x
