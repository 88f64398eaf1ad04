"""Name the mistake: a list of small hypotheses about a claimed and a measured gradient.

Each hypothesis looks at the `Evidence` and returns None, or the words that follow "yours",
or these words and an addition to the evidence. They are tried in the order in which they are
written: first what makes a comparison impossible (NaN, shapes), then relations of the whole
array that hold exactly (zero, sign, factor, transposed, flipped), then questions for which f
is measured again, then patterns of right and wrong entries. A last resort is asked only when
none before it fits. The first two that fit are told. Two plain values (`compare`) are asked
only what makes sense without a derivative: the hypotheses with a second hint.
"""

import html
import itertools
import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MISTAKES = {"wrong": "The gradient differs, in no way that has a name."}
HYPOTHESES = []
SAME = True
_ARRAYS = {"measured": "the measured gradient", "right side": "the right side"}
STRICT = False  # the tests let errors inside a hypothesis through


@dataclass
class Evidence:
    """All that a hypothesis may look at; arrays are lists with one entry per input."""

    claimed: list
    inputs: list
    active: list
    upstream: object = None
    names: object = None
    outputs: object = None  # f at the inputs
    measure: object = None  # (which, directions, inputs=None, each=False) -> slopes along them
    which: int = 0
    worst: tuple = ()
    known_wrong: tuple = ()
    measured: object = None
    tied: object = None
    outside: tuple = ()  # the slopes, with both sides, at the wrong entries
    complete: bool = False  # every entry was looked at, and known_wrong are the wrong ones
    tolerance: float = 2e-5  # two numbers closer than this, relatively, are the same
    noise: float = 0.0  # relative error of the measured numbers
    other: str = "measured"  # what the claim is compared with

    c = property(lambda self: self.claimed[self.which])
    m = property(lambda self: self.measured[self.which])
    x = property(lambda self: self.inputs[self.which])
    same_shape = property(lambda self: self.c.shape == self.m.shape)
    known = property(
        lambda self: np.isfinite(self.m) if self.same_shape else np.zeros(self.c.shape, bool)
    )
    count = property(lambda self: int(self.known.sum()))
    other_array = property(lambda self: _ARRAYS[self.other])
    numeric = property(lambda self: {self.c.dtype.kind, self.m.dtype.kind} <= set("biuf"))

    def name(self, k):
        """Return how the k-th claimed gradient is called in a sentence."""
        if self.names:
            return f"your {self.names[k]}"
        return "yours" if len(self.inputs) == 1 else f"your gradient {k + 1} of {len(self.inputs)}"

    def factors(self):
        """Yield (number, name, array) of the inputs, and of the upstream gradient as the last."""
        for k, array in enumerate([*self.inputs, self.upstream]):
            given = self.names[k].removeprefix("d") if self.names and k < len(self.names) else ""
            last = k == len(self.inputs)
            yield k, "upstream" if last else given or f"input {k + 1}", np.asarray(array)

    def fill(self, measured, wrong=()):
        """Take in the measured arrays and find the entry that is furthest off."""
        self.measured = measured
        if len(wrong) and self.numeric:
            self.which = min(k for k, _ in wrong)
            at = [i for k, i in wrong if k == self.which]
            off = [np.nan_to_num(abs(self.c[i] - self.m[i]), nan=np.inf) for i in at]
            nearly = np.array(off) >= (1 - 1e-4) * max(off)  # rounding must not choose the entry
            self.worst = at[int(np.argmax(nearly))]
            largest = np.nanmax(np.abs([self.c[self.worst], self.m[self.worst], 1e-300]))
            self.tolerance = min(max(2e-5, self.noise), 0.1 * max(off) / largest)
            self.known_wrong = at

    def right(self, candidate, target=None):
        """Return a mask: entries of the candidate that are as measured, or were not measured."""
        target = self.m if target is None else target
        return _near(candidate, target, self.tolerance) | np.isnan(target)

    def fits(self, candidate, target=None):
        """Say whether a candidate is the measured gradient wherever that was measured."""
        target = self.m if target is None else target
        alike = np.shape(candidate) == target.shape and np.isfinite(target).any()
        return bool(alike and np.all(self.right(candidate, target)))

    @cached_property
    def wrong(self):
        """A mask: the entries of the claim that are not as measured."""
        mask = np.zeros(self.c.shape, bool)
        if self.same_shape and not (self.complete and self.known_wrong):
            mask |= ~self.right(self.c)
        for at in self.known_wrong:
            mask[at] = True
        return mask

    @cached_property
    def spots(self):
        """A few measured entries, the worst one first: there f is measured again."""
        known = [tuple(i) for i in np.argwhere(self.known)]
        return [self.worst, *known[:: max(1, len(known) // 16)]]

    def units(self, spots):
        """Return one direction for each of the entries: a move of this entry alone."""
        units = np.zeros((len(spots), *self.x.shape))
        for unit, at in zip(units, spots):
            unit[at] = 1.0
        return units

    @cached_property
    def jacobian(self):
        """∂f_i/∂x_k for all outputs i of f: a row for each of the spots."""
        return self.measure(self.which, self.units(self.spots), each=True)

    @property
    def claims(self):
        """The claims at the spots."""
        return np.array([self.c[at] for at in self.spots])

    def with_inputs(self, inputs):
        """Say whether f measured with other inputs, at some spots, gives the claim."""
        for part in (slice(0, 2), slice(0, None)):  # two spots first, they are cheap
            measured = self.measure(self.which, self.units(self.spots[part]), inputs)
            if measured is None or not self.fits(self.claims[part], measured[:, 0]):
                return False
        return True


def hypothesis(look, values=None, last=False):
    """Register a hypothesis: its slug is its name, its meaning its docstring.

    `look` is what to look at; `values` the same for two plain values (None: not asked then).
    """

    def register(ask):
        slug = ask.__name__.replace("_", "-")
        MISTAKES[slug] = ask.__doc__
        HYPOTHESES.append((slug, last, look, look if values is SAME else values, ask))
        return ask

    return register


@np.errstate(all="ignore")
def _fitting(e, values=False):
    """Return the first two hypotheses that fit, as (slug, words, addition, hint)."""
    found = []
    for slug, last, look, look_at_values, ask in HYPOTHESES:
        look, told = look_at_values if values else look, None
        if look and len(found) < 2 and not (found and last):
            try:
                told = ask(e)
            except Exception:  # what cannot even be computed does not fit
                if STRICT:
                    raise
        if told:
            words, addition = told if isinstance(told, tuple) else (told, "")
            found.append((slug, words, addition, look))
    return found


def diagnose(e):
    """Return (slug, message): the first two hypotheses that fit, or the bare difference."""
    what = f"differs from {e.other_array} at {e.wrong.sum()} of {e.count} entries measured"
    pattern = "; the differences have no pattern that has a name"
    look = "one entry at a time, starting with the one above: which paths lead from it to f?"
    return _sentences(e, _fitting(e) or [("wrong", what, pattern, look)])


def compare(e):
    """Name how two arrays that should be equal differ."""
    e.other = "right side"
    if not e.same_shape:
        return "wrong-shape", f"the two sides have shapes {e.c.shape} and {e.m.shape}."
    if not e.numeric:
        return "wrong", "the two sides differ."
    e.claimed, e.measured = [1.0 * e.c], [1.0 * e.m]  # True is 1
    what = f"differs from the right side at {e.wrong.sum()} of {e.c.size} entries"
    look = "one entry at a time, starting with the one above"
    return _sentences(e, _fitting(e, values=True) or [("wrong", what, "", look)])


def _sentences(e, found):
    slug, what, where, look = found[0]
    also = f"\n  It also fits: {found[1][1]}." if len(found) > 1 else ""
    message = f"{e.name(e.which)} {what}.\n  {_where(e)}{where}.{also}\n  Look at: {look}."
    return slug, message[:-1] if message.endswith("?.") else message


def _where(e):
    if not e.same_shape:
        return f"yours has shape {e.c.shape}, {e.other} {e.m.shape}"
    yours, other = _apart(e.c[e.worst], e.m[e.worst])
    place = f" {e.c.shape} at {list(map(int, e.worst))}" if e.c.ndim else ""
    return f"yours{place} = {yours}, {e.other} {other}"


def number(value, digits=4):
    """Write a number at four significant digits."""
    return f"{float(value) + 0.0:.{digits}g}"


def _apart(one, other):
    """Write two numbers with as many digits as it takes to see that they differ."""
    pairs = [(number(one, digits), number(other, digits)) for digits in range(4, 12)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


# ---------------------------------------------------------------- nothing to compare yet


@hypothesis(
    "a division by zero, a log of zero, an overflow of exp, or 0 * Inf on the way back",
    "a division by zero, a log of zero, an overflow of exp, 0 * Inf; NaN equals nothing",
)
def nan(e):
    """The gradient holds NaN or Inf where the measured one is finite."""
    bad = ~np.isfinite(e.c) & (e.c != e.m if e.same_shape else True)
    if bad.any():
        e.worst = tuple(int(n) for n in np.argwhere(bad)[0])
        kind = "NaN" if np.isnan(e.c).any() else "Inf"
        both = e.other != "measured" and not np.isfinite(e.m[bad]).all()
        there = f", and so is {e.other_array}" if both else f": {e.other_array} is finite"
        return f"is {kind} at {bad.sum()} of {e.c.size} entries{there}"
    if e.other != "measured" and not np.isfinite(e.m).all():
        return f"is finite where {e.other_array} is NaN or Inf"


@hypothesis("one entry of a tie is the largest: give the gradient to one of them, or share it")
def ties(e):
    """A tie is counted twice: tied entries share one gradient."""
    if e.tied and not e.tied[-1]:
        return f"counts a tie twice: {_moved(e, '')}"


def _moved(e, most):
    count, measured, claimed, _ = e.tied
    move = f"{count} tied entries moved together change f by {most}{number(measured)} a unit"
    return f"{move}, yours says {number(claimed)}"


@hypothesis("the convention at the kink, as relu'(0) = 0, and that every term keeps to it")
def kink(e):
    """At a kink the gradient lies outside the slopes of both sides."""
    if e.tied and e.tied[-1]:
        return f"lies outside the slopes of a kink: {_moved(e, 'at most ')}"
    if e.outside and len(e.outside) == len(e.known_wrong) and all(s.kink for s in e.outside):
        slope = e.outside[e.known_wrong.index(e.worst)]
        sides = f"; slope {number(slope.left)} on the left, {number(slope.right)} on the right"
        return "lies outside the slopes on both sides of a kink: any value between is right", sides


@hypothesis("the order in which backward returns its gradients")
def swapped(e):
    """Two gradients stand in each other's place."""
    for k in e.active:
        if k != e.which and not _same(e.claimed[k], e.c) and e.fits(e.claimed[k]):
            what = f"is {e.name(k).removeprefix('your ')}: the two gradients are swapped"
            return what, f"; the measured gradient is the one you give for input {k + 1}"


@hypothesis(
    "which index belongs to the unit above? W[j, k] has a row per unit above",
    "the order of the indices on each side",
)
def transposed(e):
    """The gradient is the transpose of the measured one."""
    for axes in itertools.permutations(range(e.c.ndim if e.c.ndim < 6 else 0)):
        if list(axes) != sorted(axes) and e.fits(e.c.transpose(axes)):
            at = [int(e.worst[axes.index(n)]) for n in range(e.c.ndim)] if e.worst else []
            stands = f"; the {e.other} value stands at your {at}" if at and e.same_shape else ""
            return f"is the transpose of {e.other_array}", stands


@hypothesis("forward broadcasts this input over that axis; backward sums over it")
def broadcast(e):
    """A broadcast is not summed back to the shape of its input."""
    for axes in _subsets(e.c.ndim) if not e.same_shape else ():
        total = e.c.sum(axis=axes)
        if total.size == e.m.size and e.fits(total.reshape(e.m.shape)):
            what = f"is not summed over the broadcast axis {_axes(axes)}"
            return what, "; the sum over it is the measured gradient"


@hypothesis("the axis of the sum: every entry of the input has a gradient of its own", last=True)
def summed(e):
    """The gradient is summed over an axis that it should keep."""
    for axes, keep in itertools.product(_subsets(e.m.ndim), (False, True)):
        total = e.m.sum(axis=axes, keepdims=keep)
        spread = e.same_shape and np.ptp(e.c, axis=axes[0]).max() > 0
        if np.shape(total) and spread or _same(e.c, e.m):
            continue
        fills = e.same_shape and total.ndim == e.m.ndim
        if _same(np.broadcast_to(total, e.m.shape) if fills else total, e.c):
            return f"is summed over axis {_axes(axes)}, which the gradient keeps"


@hypothesis("a bias has one entry per unit: sum over the rows of the batch, axis 0")
def wrong_axis(e):
    """A sum or mean is taken over the wrong axis."""
    for _, _, a in e.factors():
        for axis, right in itertools.permutations(range(a.ndim), 2):
            for rest in {tuple(set(range(a.ndim)) - {axis, right}), ()}:
                if _same(a.sum((axis, *rest)), e.c) and e.fits(a.sum((right, *rest))):
                    return f"is summed over the wrong axis: over axis {axis}, not axis {right}"


@hypothesis("a gradient has one entry for each entry of its input", last=True)
def wrong_shape(e):
    """The gradient has another shape than its input."""
    if not e.same_shape:
        told = e.c.size == e.m.size and e.fits(e.c.reshape(e.m.shape))
        turned = e.c.shape == e.m.shape[::-1]
        note = "; the numbers are right" if told else "; the shape is the transpose" * turned
        return f"has the wrong shape: {e.c.shape}, expected {e.m.shape}, that of its input", note


# ---------------------------------------------------------------- the whole array is off


@hypothesis("is the array ever filled, and is it the one that is returned?", SAME)
def all_zero(e):
    """The gradient is zero everywhere; the measured one is not."""
    return None if e.c.any() else f"is zero everywhere, {e.other_array} is not"


@hypothesis("the minus in the loss or in a difference", SAME)
def sign(e):
    """The gradient has the opposite sign."""
    return "has the wrong sign everywhere" if e.fits(-e.c) else None


@hypothesis(
    "where forward divides by the number of entries: there, and only there, backward too",
    "the number by which each side divides its sum",
)
def missing_mean(e):
    """The mean over the batch is missing, or taken twice."""
    shapes = [e.c.shape, *(a.shape for *_, a in e.factors())]
    for n in sorted({n for s in shapes for n in (*s, int(np.prod(s)))}) if _ratio(e) else ():
        if n > 2 and np.isclose(_ratio(e), n, rtol=1e-4):
            return f"is {n} times {e.other_array}: the mean over {n} is missing"
        if n > 2 and np.isclose(_ratio(e), 1 / n, rtol=1e-4):
            return f"is 1/{n} of {e.other_array}: a mean over {n} too many, a constant factor"


@hypothesis("the digits of the constants in the formula", SAME)
def slight_constant(e):
    """A constant in the formula is slightly wrong."""
    ratio = _ratio(e)
    if ratio and 1e-8 < abs(ratio - 1) < 2e-2:
        if e.c.size == 1:  # what one number cannot tell
            return f"is close but not equal: {ratio:.7g} times {e.other_array}"
        return f"is off by a constant factor of {ratio:.7g} everywhere: it is slightly wrong"


@hypothesis(
    "a factor lost or doubled: the 2 of a square, the 1/2 of a loss, a mean", SAME, last=True
)
def constant_factor(e):
    """The gradient is a constant multiple of the measured one."""
    ratio = _ratio(e)
    if ratio:
        everywhere = ", a constant factor everywhere" if e.c.size > 1 else ", a factor"
        return f"is {_factor(ratio)} times {e.other_array}{everywhere}"


def _factor(ratio):
    for n in range(2, 17):
        if np.isclose(abs(ratio), 1 / n, rtol=1e-4):
            return f"{'-' if ratio < 0 else ''}1/{n}"
    return number(ratio) if abs(ratio - 1) > 0.02 else f"{ratio:.7g}"


def _ratio(e):
    """Return the one number r with claimed = r · measured, or None."""
    known = e.known & np.isfinite(e.c) if e.same_shape else np.array(False)
    if known.sum() < min(2, e.c.size) or not e.m[known].any():
        return None
    c, m = e.c[known], e.m[known]
    ratio = float(np.vdot(c, m) / np.vdot(m, m))
    steady = ratio and e.wrong[known & (e.m != 0)].all()
    return ratio if steady and _near(c, ratio * m, e.tolerance).all() else None


@hypothesis("correlation or convolution? Flip the kernel on one way only", SAME)
def flipped(e):
    """The gradient is flipped: an axis runs the wrong way, as in a kernel."""
    for axes in _subsets(e.c.ndim):
        if e.fits(np.flip(e.c, axes)):
            return f"is flipped along axis {_axes(axes)}: the kernel runs the wrong way"
    for axes in itertools.combinations(range(-e.c.ndim, 0), 2):
        if any(e.fits(np.flip(np.swapaxes(e.c, *axes), a)) for a in axes):
            return "is rotated by a quarter turn: transposed and flipped"


@hypothesis("where the index starts: off by one, padding, or a slice of the wrong end", SAME)
def shifted(e):
    """The entries are shifted along an axis."""
    for axis, step in itertools.product(range(e.c.ndim * e.same_shape), (1, -1, 2, -2)):
        inside = slice(0, -step) if step > 0 else slice(-step, None)
        moved, there = (np.moveaxis(a, axis, 0)[inside] for a in (np.roll(e.c, -step, axis), e.m))
        enough = len(np.unique(moved)) >= 3 and np.ptp(e.c, axis).any()
        if enough and e.fits(moved, there):
            return f"is shifted by {abs(step)} along axis {axis}"


@hypothesis(
    "the index: is each gradient written back where its input was read?",
    "the index: does each entry stand in its place?",
    last=True,
)
def permuted(e):
    """The entries are right but permuted: a wrong index."""
    for axis in range(e.c.ndim * e.same_shape):
        order = _order(e, axis)
        if order is not None:
            return f"has the right numbers, permuted along axis {axis} to {order}"
    full = e.same_shape and e.wrong.sum() > 1 and e.known.all() and e.c.size > 3
    if full and _near(np.sort(e.c, None), np.sort(e.m, None), e.tolerance).all():
        return "has the right numbers, permuted: each at a wrong index"


def _order(e, axis):
    """Return the order of slices along an axis that gives the measured array, or None."""
    yours, theirs = np.moveaxis(e.c, axis, 0), np.moveaxis(e.m, axis, 0)
    if not 2 < len(yours) <= 64 or np.isnan(theirs).any():
        return None
    order = [int(np.argmin([np.abs(y - t).max() for y in yours])) for t in theirs]
    distinct = sorted(order) == list(range(len(order))) and order != sorted(order)
    return order if distinct and e.fits(np.take(e.c, order, axis)) else None


@hypothesis(
    "every path from this entry to f adds one term: list the paths",
    "a term that stands on one side only",
    last=True,
)
def missing_term(e):
    """A term, or a path to f, is missing or there is one too many."""
    off = e.m - e.c if e.same_shape else np.array([])
    known, what = np.isfinite(off), f"misses a term or has one too many: {e.other} minus yours is "
    if known.sum() < 2 or e.wrong.sum() < 2:
        return None
    largest = np.max(np.abs(e.m[known]))
    for _, name, other in e.factors():
        if other.shape == off.shape and other.dtype.kind == "f":
            factor = np.vdot(off[known], other[known]) / np.vdot(other[known], other[known])
            if _near(off[known], factor * other[known], largest=largest).all():
                return what + f"{number(factor)} times {name}"
    for axis in (None, *range(e.c.ndim)) if known.all() and e.c.size > 2 else ():
        spread = np.ptp(off, axis)
        if np.size(spread) < off.size and _near(spread, 0.0, largest=largest).all():
            return what + f"constant along {'all axes' if axis is None else f'axis {axis}'}"


# ---------------------------------------------------------------- f is measured again


@hypothesis("the upstream gradient: multiply by it, entry by entry, before summing")
def upstream(e):
    """The upstream gradient is ignored."""
    u = e.upstream
    if u is None or not e.same_shape or np.ptp(u) == 0:
        return None
    for name, constant in (("1", 1.0), ("its sum", u.sum()), ("1 / size", 1 / u.size)):
        if e.fits(e.claims, e.jacobian.sum(axis=1) * constant):
            return f"ignores the upstream gradient: upstream = {name} everywhere would give it"
    for name, changed in _variants(u):
        if e.fits(e.claims, e.jacobian @ changed.ravel()):
            return f"uses the upstream gradient {name}"


@hypothesis("write one entry as a sum over an index; the index tells which factor is transposed")
def transposed_factor(e):
    """A factor of a product is transposed: J applied, not Jᵀ."""
    u = e.upstream
    if u is not None and u.size == e.x.size == e.outputs.size and e.same_shape:
        forward = e.measure(e.which, [u.reshape(e.x.shape)], each=True).reshape(e.c.shape)
        if _same(forward, e.c) and not e.fits(forward):
            return "is J applied to the upstream gradient, not J transposed (Jᵀ)"
    yours, theirs = _product(e, e.c), _product(e, e.m)
    if yours and theirs:
        return f"is {yours}, the measured gradient is {theirs}: transpose or order of a product"


def _product(e, target):
    """Return how target is a product of two matrices at hand, or None."""
    flat = [(name, a) for _, name, a in e.factors() if a.ndim == 2 and a.size < 1e4]
    flat += [(n + ".T", a.T) for n, a in flat]
    for (a, first), (b, second) in itertools.permutations(flat, 2):
        if first.shape[1] == second.shape[0] and (len(first), second.shape[1]) == target.shape:
            if e.fits(first @ second, target):
                return f"{a} @ {b}"
    return None


@hypothesis("multiply by the slope of the activation at the pre-activation")
def derivative_missing(e):
    """The activation's derivative is missing."""
    if e.same_shape and _same(e.c, e.upstream):
        return "is the upstream gradient itself: the derivative of the activation is missing"
    if any(_near(c * f_prime(z), m).all() for _, f_prime, z, c, m in _activations(e)):
        return "is not complete: the derivative of the activation is missing"


@hypothesis("is what you pass to the derivative a or z? f_prime takes the pre-activation z")
def at_activation(e):
    """The derivative is taken at the activation, not the pre-activation."""
    what = "takes the derivative at the activation instead of the pre-activation"
    if e.upstream is not None and e.outputs.shape == e.x.shape and e.same_shape:
        if e.with_inputs([e.outputs if n == e.which else a for n, a in enumerate(e.inputs)]):
            return what
    smooth = [parts for parts in _activations(e) if parts[0] is not _relu]
    return what if any(_near(c * d(z), m * d(f(z))).all() for f, d, z, c, m in smooth) else None


def _activations(e):
    """Yield (f, f', z, claimed, measured) for usual activations of the input."""
    known = e.known
    if known.sum() > 1 and np.max(np.abs(e.x[known])) < 15:
        off = known & (e.x < 0)  # where ReLU's slope is 0: most of these must be wrong
        usual = _USUAL if e.wrong[off].sum() > max(1, 0.5 * off.sum()) else _USUAL[:-1]
        for f, f_prime in usual:
            yield f, f_prime, e.x[known], e.c[known], e.m[known]


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def _relu(z):
    return np.maximum(z, 0.0)


_USUAL = [
    (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    (lambda z: np.logaddexp(0, z), _sigmoid),
    (_relu, lambda z: z > 0),
]


@hypothesis("use np.add.at or +=: each use adds its gradient")
def not_accumulated(e):
    """The gradient is not accumulated over repeated uses."""
    if e.upstream is None or not e.same_shape:
        return None
    wrong = np.array([e.wrong[at] for at in e.spots])
    terms = (e.jacobian * e.upstream.ravel())[wrong]  # a row per wrong entry: its uses
    reads_one = (np.count_nonzero(e.jacobian[1:], axis=0) <= 1).all()
    one_term = _near(terms, e.claims[wrong][:, None], e.tolerance).any(axis=1)
    if reads_one and one_term.all() and (np.count_nonzero(terms, axis=1) > 1).all():
        return "is not accumulated: it holds one term only where an entry is used repeatedly"


@hypothesis("each output depends on every input of its row: sum over all outputs")
def off_diagonal(e):
    """The off-diagonal terms of the Jacobian (softmax) are missing."""
    what = "holds the Jacobian's diagonal only: the off-diagonal terms (as of softmax) are missing"
    if e.upstream is not None and e.same_shape and e.upstream.shape == e.x.shape:
        flat = [np.ravel_multi_index(at, e.x.shape) for at in e.spots]
        if _same(e.jacobian[np.arange(len(flat)), flat] * e.upstream.flat[flat], e.claims):
            return what
    if e.m.ndim and e.known.all() and e.c.any() and (e.c == 0).any():
        sums = _near(e.m.sum(-1), 0.0, largest=np.max(np.abs(e.m))).all()  # as softmax's do
        return what if sums and e.right(e.c)[e.c != 0].all() else None


@hypothesis("how that factor enters backward: is it flipped, transposed or shifted there?")
def kernel(e):
    """A factor is used flipped, transposed or shifted."""
    for k, called, array in list(e.factors())[:-1] if e.same_shape else ():
        for name, changed in _variants(array) if k != e.which and array.dtype.kind == "f" else ():
            if e.with_inputs([changed if n == k else a for n, a in enumerate(e.inputs)]):
                word = "kernel " if array.ndim > 2 or array.ndim == 1 else ""
                return f"is what {called} {name} would give: the {word}factor is {name}"


def _variants(array):
    """Yield (name, array) of the same shape: flipped, transposed, shifted."""
    for axes in _subsets(array.ndim):
        if len(axes) == 1 or axes == (array.ndim - 2, array.ndim - 1):
            yield "flipped", np.flip(array, axes)
    if array.ndim > 1 and array.shape[-1] == array.shape[-2]:
        yield "transposed", np.swapaxes(array, -1, -2)
    for axis, step in itertools.product(range(array.ndim), (1, -1)):
        yield "shifted", np.roll(array, step, axis)


# ---------------------------------------------------------------- some entries are right


@hypothesis("the branch of the formula on that side of 0", last=True)
def negative(e):
    """The gradient is wrong only where the input is negative."""
    for word, where in (("negative", e.x < 0), ("positive", e.x > 0)) if _in_part(e) else ():
        if where[e.wrong].all() and e.wrong[where & e.known].mean() > 0.7 and (~where).sum() > 1:
            return f"is wrong only where the input is {word}{_how(e)}"


def _in_part(e):
    return 1 < e.wrong.sum() < e.c.size and np.shape(e.x) == e.c.shape


def _how(e):
    yours, theirs = e.c[e.wrong], e.m[e.wrong]
    if not yours.any():
        return ", where it is zero"
    ratio = np.vdot(yours, theirs) / np.vdot(theirs, theirs) if theirs.any() else 0
    fits = ratio and _near(yours, ratio * theirs).all()
    return f", there {_factor(ratio)} times it (a constant factor)" if fits else ""


@hypothesis("what is special there: a border, the end of a loop?", SAME, last=True)
def one_entry(e):
    """One entry is wrong."""
    alone = e.wrong.sum() == 1 and e.count > 2
    return "is wrong in one entry only; the others agree" if alone else None


@hypothesis("what is special there: a border, the last of a loop, an index?", SAME, last=True)
def row_or_column(e):
    """One row or one column is wrong."""
    for axis in range(e.wrong.ndim if e.wrong.ndim > 1 and e.wrong.sum() > 1 else 0):
        places = np.unique(np.argwhere(e.wrong)[:, axis])
        if len(places) == 1 and e.c.shape[axis] > 1:
            word = {0: "row", e.c.ndim - 1: "column"}.get(axis, f"slice of axis {axis}")
            return f"is wrong in {word} {places[0]} only{_how(e)}"


@hypothesis("the branch of the formula for that region", last=True)
def region(e):
    """The gradient is wrong in one region of the input."""
    size = np.abs(e.x)
    sides = {"above": e.x, "below": -e.x, "beyond ±": size, "within ±": -size}
    for word, key in sides.items() if _in_part(e) else ():
        edge = key[e.wrong].min()
        if edge > key[~e.wrong].max():
            at = f"where the input is {word} {number(abs(edge))}"
            return f"is wrong only in one region, {at}{_how(e)}"


@hypothesis("what these entries have in common: index, sign, border, a mask?", SAME, last=True)
def some_entries(e):
    """Some entries are wrong, the others are right."""
    if 0 < e.wrong.sum() <= 0.5 * e.count:
        return f"is wrong at {e.wrong.sum()} of {e.count} entries{_how(e)}"


@hypothesis("the formula of the derivative, and the point at which it is taken", last=True)
def wrong_formula(e):
    """The formula of the derivative is wrong: the ratio varies with x."""
    if not e.same_shape or e.c.shape != np.shape(e.x) or e.count < 2:
        return None
    order = np.argsort(e.x[e.known], axis=None)
    ratio = (e.c[e.known] / e.m[e.known])[order]
    steps = np.abs(np.diff(ratio)).sum()
    smooth = np.isfinite(steps) and (len(ratio) < 4 or steps < 3 * np.ptp(ratio))
    if smooth and len(ratio) < 500:
        ends = f"from {number(ratio[0])} to {number(ratio[-1])}"
        return f"is a wrong formula for the derivative: yours / measured varies with x, {ends}"


@hypothesis(
    "is it the gradient of this f, and of this input?",
    "are the two sides the same quantity?",
    last=True,
)
def random(e):
    """The gradient has nothing in common with the measured one."""
    if e.count >= 8:
        yours, theirs = e.c[e.known], e.m[e.known]
        cosine = abs(np.vdot(yours, theirs)) / (np.linalg.norm(yours) * np.linalg.norm(theirs))
        if cosine < 2 / np.sqrt(e.count):
            what = f"has nothing in common with {e.other_array}: it looks random, unrelated"
            return what, f"; cosine between them {number(cosine)}"


# ---------------------------------------------------------------- small tools


def _near(a, b, tolerance=2e-5, largest=None):
    """Return a mask: a and b are alike, measured by their size or 1e-6 of the largest."""
    largest = np.max(np.abs(b), initial=0, where=np.isfinite(b)) if largest is None else largest
    with np.errstate(all="ignore"):
        allowed = np.maximum(np.abs(a), np.abs(b)) + 1e-6 * largest
        return np.isfinite(allowed) & (np.abs(a - b) <= tolerance * allowed)


def _same(a, b):
    return np.shape(a) == np.shape(b) and bool(np.any(b)) and bool(np.all(_near(a, b)))


def _subsets(n):
    for size in range(1, min(n, 5) + 1):
        yield from itertools.combinations(range(n), size)


def _axes(axes):
    return axes[0] if len(axes) == 1 else axes


# ---------------------------------------------------------------- sentences without a comparison

FACTS = {  # slug: (sentence, what to look at)
    "mutates-input": ("{} mutates {}: it is not the same after the call",
        "in-place operations (+=, [...] =, out=); work on a copy"),
    "wrong-count": ("the wrong number of gradients: {} for {}",
        "is a return missing? One gradient for each input, in the same order; None for labels"),
    "not-finite": ("f itself is {} at x, so there is nothing to measure",
        "log of zero, division by zero or overflow in the forward formula"),
    "not-deterministic": ("f is not deterministic: at the same x it was {:.8g}, then {:.8g}",
        "a random mask or a counter inside f; fix the seed in f"),
    "dtype": ("{} has dtype {}, expected real floating-point numbers",
        "how the array is created; np.zeros_like takes over the dtype"),
    "cannot-tell": ("cannot tell whether {} is right or wrong: {}",
        "another point x, away from an edge or a large constant; or compute f in float64"),
    "stale-cache": (
        "backward uses a stale cache: it is right at the first forward, wrong after another",
        "forward must overwrite what backward reads, at every call"),
    "doubled": ("{} is not the same when backward runs twice: it accumulates (doubled gradients)",
        "backward sets dW = ..., not dW += ..."),
}  # fmt: skip
MISTAKES |= {slug: f"{sentence}.".replace("{}", "…") for slug, (sentence, _) in FACTS.items()}


def fact(slug, *details, where=""):
    """Return (slug, message) of what is found without comparing any numbers."""
    sentence, look = FACTS[slug]
    evidence = f"\n  {where}" if where else ""
    return slug, f"{sentence.format(*details)}.{evidence}\n  Look at: {look}."


def cannot_tell(e, unknown):
    """Say why nothing can be told."""
    why, where = "the noise of f is as large as the changes to measure", ""
    if unknown:
        why = f"f has no measurable slope at {len(unknown)} of {e.c.size} entries (a jump, an edge)"
        where = _where(e)
    return fact("cannot-tell", e.name(e.which), why, where=where)


# ---------------------------------------------------------------- shown in a notebook


def progress(entries):
    """Wrap a long check in a progress bar that shows after three seconds."""
    if len(entries) < 200 or os.environ.get("TQDM_DISABLE"):
        return entries
    from tqdm.auto import tqdm

    tqdm.monitor_interval = 0  # it would start a thread, and a browser has none
    return tqdm(entries, desc="measuring", unit="entry", delay=3, leave=False)


def picture(report):
    """Return HTML: the message, where yours and the measured differ, the worst three entries."""
    pair = report.claimed, report.measured
    drawn = "" if report.passed or isinstance(pair[0], tuple) or pair[1] is None else _grid(*pair)
    return f"<div><pre>{html.escape(str(report))}</pre>{drawn}</div>"


def _grid(claimed, measured):
    claimed, measured = np.asarray(claimed, float), np.asarray(measured, float)
    if claimed.shape != measured.shape or not 1 < claimed.size <= 2500:
        return ""
    with np.errstate(all="ignore"):
        off = np.abs(claimed - measured) / np.nanmax(np.abs([claimed, measured]))
    off = np.nan_to_num(off, nan=1.0)
    rows = off.reshape(-1, claimed.shape[-1])
    colours = np.array(["#56B4E9", "#E69F00", "#7A2E00"])[np.digitize(rows, [1e-5, 1e-1])]
    cells = "".join(
        f'<rect x="{8 * k}" y="{8 * j}" width="7" height="7" fill="{colour}"/>'
        for (j, k), colour in np.ndenumerate(colours)
    )
    worst = [np.unravel_index(n, off.shape) for n in np.argsort(-off, None, kind="stable")[:3]]
    listed = "".join(
        f"<li>{list(map(int, i))}: yours {number(claimed[i])}, measured {number(measured[i])}</li>"
        for i in worst
    )
    size = f'width="{8 * rows.shape[1]}" height="{8 * len(rows)}"'
    alt = "dark cells: entries where yours and the measured gradient differ"
    return f'<svg {size} role="img" aria-label="{alt}">{cells}</svg><ul>{listed}</ul>'
