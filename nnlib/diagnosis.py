"""Name the mistake: a list of small hypotheses about a claimed and a measured gradient.

Each hypothesis looks at the `Evidence` and returns None, or the words that follow "yours",
or these words and an addition to the evidence. They are tried in the order in which they are
written: first what makes a comparison impossible (NaN, shapes), then relations of the whole
array that hold exactly (zero, sign, factor, transposed, flipped), then "what if" questions,
which measure f again with something changed, then patterns of right and wrong entries. A
last resort is asked only when none before it fits. The first two that fit are told.
"""

import html
import itertools
import os
from dataclasses import dataclass

import numpy as np

MISTAKES = {"wrong": "The gradient differs, in no way that has a name."}
HYPOTHESES = []
STRICT = False  # the tests let errors inside a hypothesis through


@dataclass
class Evidence:
    """All that a hypothesis may look at; arrays are lists with one entry per input."""

    claimed: list
    inputs: list
    active: list
    upstream: object = None
    f: object = None
    names: object = None
    gradient: object = None  # measures f again: (f, inputs, upstream, which, positions)
    jvp: object = None  # (v, which) -> J v
    diagonal: object = None  # which -> the ∂f_i/∂x_i
    which: int = 0
    worst: tuple = ()
    known_wrong: tuple = ()
    measured: object = None
    tied: object = None
    outside: tuple = ()  # the slopes, with both sides, at the wrong entries
    complete: bool = False  # every entry was looked at, and known_wrong are the wrong ones
    tolerance: float = 2e-5  # two numbers closer than this, relatively, are the same
    given: tuple = ()  # the inputs as the caller gave them

    c = property(lambda self: self.claimed[self.which])
    m = property(lambda self: self.measured[self.which])
    x = property(lambda self: self.inputs[self.which])
    same_shape = property(lambda self: self.c.shape == self.m.shape)
    known = property(lambda self: np.isfinite(self.m) if self.same_shape else np.array(False))
    numeric = property(
        lambda self: all(a is None or a.dtype.kind in "biuf" for a in (self.c, self.m))
    )

    def name(self, k):
        """Return how the k-th claimed gradient is called in a sentence."""
        if self.names:
            return f"your {self.names[k]}"
        return "yours" if len(self.inputs) == 1 else f"your gradient {k + 1} of {len(self.inputs)}"

    def input_name(self, k):
        """Return how the k-th input is called; the one after the last is the upstream."""
        if k == len(self.inputs):
            return "upstream"
        return self.names[k].removeprefix("d") if self.names else f"input {k + 1}"

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
            self.tolerance = min(2e-5, 0.1 * max(off) / largest)
            self.known_wrong = at

    def fits(self, candidate, target=None):
        """Say whether a candidate is the measured gradient wherever that was measured."""
        target = self.m if target is None else target
        if candidate is None or np.shape(candidate) != target.shape:
            return False
        return bool(np.all(self.right(candidate, target)) and np.isfinite(target).any())

    def right(self, candidate=None, target=None):
        """Return a mask: entries of the candidate (or claim) that are as measured."""
        target = self.m if target is None else target
        candidate = self.c if candidate is None else candidate
        largest = np.max(np.abs(target[np.isfinite(target)]), initial=0)
        with np.errstate(all="ignore"):
            allowed = np.maximum(np.abs(target), np.abs(candidate)) + 1e-6 * largest
            near = np.abs(candidate - target) <= self.tolerance * allowed
        return near | np.isnan(target)

    @property
    def wrong(self):
        """A mask: the entries of the claim that are not as measured."""
        mask = np.array(~self.right() if self.same_shape else False)
        if self.complete and self.known_wrong:
            mask[...] = False
        for at in self.known_wrong if mask.shape == self.c.shape else ():
            mask[at] = True
        return mask

    def what_if(self, inputs=None, upstream=None):
        """Measure a few entries again with something changed; True if that gives the claim."""
        known = [tuple(i) for i in np.argwhere(np.isfinite(self.m))]
        known = [self.worst, *known[:: max(1, len(known) // 16)]]
        inputs = self.inputs if inputs is None else inputs
        upstream = self.upstream if upstream is None else upstream
        for some in (known[:2], known[2:]):
            changed = self.gradient(self.f, inputs, upstream, self.which, some)
            if changed is None or (some and not self.fits(self.c, changed)):
                return False
        return True


def hypothesis(look, slug=None, last=False):
    """Register a hypothesis: its slug is its name, its meaning its docstring."""

    def register(function):
        name = slug or function.__name__.replace("_", "-")
        MISTAKES[name] = function.__doc__
        HYPOTHESES.append((name, last, look, function))
        return function

    return register


def diagnose(e):
    """Return (slug, message): the first two hypotheses that fit, or the bare difference."""
    found = []
    with np.errstate(all="ignore"):
        for slug, last, look, function in HYPOTHESES:
            asked = len(found) < 2 and not (found and last)
            told = _ask(function, e) if asked else None
            if told:
                what, where = told if isinstance(told, tuple) else (told, "")
                found.append((slug, what, where, look))
    slug, what, where, look = found[0] if found else _unnamed(e)
    also = f"\n  It also fits: {found[1][1]}." if len(found) > 1 else ""
    message = f"{e.name(e.which)} {what}.\n  {_where(e)}{where}.{also}\n  Look at: {look}."
    return slug, message[:-1] if message.endswith("?.") else message


def _ask(function, e):
    try:
        return function(e)
    except Exception:  # what cannot even be computed does not fit
        if STRICT:
            raise
        return None


def _unnamed(e):
    what = f"differs from the measured gradient at {e.wrong.sum()} of {_count(e)} entries measured"
    look = "one entry at a time, starting with the one above: which paths lead from it to f?"
    return "wrong", what, "; the differences have no pattern that has a name", look


def _where(e):
    if not e.same_shape:
        return f"yours has shape {e.c.shape}, measured {e.m.shape}"
    yours, measured = _apart(e.c[e.worst], e.m[e.worst])
    place = f" {e.c.shape} at {list(map(int, e.worst))}" if e.c.ndim else ""
    return f"yours{place} = {yours}, measured {measured}"


def number(value, digits=4):
    """Write a number at four significant digits."""
    return f"{float(value) + 0.0:.{digits}g}"


def _apart(one, other):
    """Write two numbers with as many digits as it takes to see that they differ."""
    pairs = [(number(one, digits), number(other, digits)) for digits in range(4, 12)]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[-1])


def _count(e):
    return int(np.isfinite(e.m).sum())


# ---------------------------------------------------------------- nothing to compare yet


@hypothesis("a division by zero, a log of zero, an overflow of exp, or 0 * Inf on the way back")
def nan(e):
    """The gradient holds NaN or Inf where the measured one is finite."""
    bad = ~np.isfinite(e.c)
    if bad.any():
        e.worst = tuple(np.argwhere(bad)[0])
        kind = "NaN" if np.isnan(e.c).any() else "Inf"
        return f"is {kind} at {bad.sum()} of {e.c.size} entries: the measured gradient is finite"


@hypothesis("one entry of a tie is the largest: give the gradient to one of them, or share it")
def ties(e):
    """A tie is counted twice: tied entries share one gradient."""
    if e.tied:
        entries, measured, claimed = e.tied
        return (
            f"counts a tie twice: {len(entries)} tied entries moved together change f by "
            f"{number(measured)} a unit, yours says {number(claimed)}"
        )


@hypothesis("the convention at the kink, as relu'(0) = 0, and that every term keeps to it")
def kink(e):
    """At a kink the gradient lies outside the slopes of both sides."""
    if e.outside and len(e.outside) == len(e.known_wrong) and all(s.kink for s in e.outside):
        slope = e.outside[e.known_wrong.index(e.worst)]
        sides = f"; slope {number(slope.left)} on the left, {number(slope.right)} on the right"
        return "lies outside the slopes on both sides of a kink: any value between is right", sides


@hypothesis("the order in which backward returns its gradients")
def swapped(e):
    """Two gradients stand in each other's place."""
    for k in e.active:
        if k != e.which and not _close(e.claimed[k], e.c) and e.fits(e.claimed[k]):
            what = f"is {e.name(k).removeprefix('your ')}: the two gradients are swapped"
            return what, f"; the measured gradient is the one you give for input {k + 1}"


@hypothesis("which index belongs to the unit above? W[j, k] has a row per unit above")
def transposed(e):
    """The gradient is the transpose of the measured one."""
    for axes in itertools.permutations(range(e.c.ndim if e.c.ndim < 6 else 0)):
        if list(axes) != sorted(axes) and e.fits(e.c.transpose(axes)):
            at = [int(e.worst[axes.index(n)]) for n in range(e.c.ndim)] if e.worst else []
            stands = f"; the measured value stands at your {at}" if at and e.same_shape else ""
            return "is the transpose of the measured gradient", stands


@hypothesis("forward broadcasts this input over that axis; backward sums over it")
def broadcast(e):
    """A broadcast is not summed back to the shape of its input."""
    for axes in _subsets(e.c.ndim):
        total = e.c.sum(axis=axes)
        if not e.same_shape and total.size == e.m.size and e.fits(total.reshape(e.m.shape)):
            what = f"is not summed over the broadcast axis {_axes(axes)}"
            return what, "; the sum over it is the measured gradient"


@hypothesis("the axis of the sum: every entry of the input has a gradient of its own", last=True)
def summed(e):
    """The gradient is summed over an axis that it should keep."""
    for axes, keep in itertools.product(_subsets(e.m.ndim), (False, True)):
        total = e.m.sum(axis=axes, keepdims=keep)
        spread = e.same_shape and np.ptp(e.c, axis=axes[0]).max() > 0
        if np.shape(total) and spread or _close(e.c, e.m):
            continue
        fills = e.same_shape and total.ndim == e.m.ndim
        if _close(np.broadcast_to(total, e.m.shape) if fills else total, e.c):
            return f"is summed over axis {_axes(axes)}, which the gradient keeps"


@hypothesis("a bias has one entry per unit: sum over the rows of the batch, axis 0")
def wrong_axis(e):
    """A sum or mean is taken over the wrong axis."""
    arrays = [np.asarray(a) for a in [*e.inputs, e.upstream] if np.ndim(a) > 1]
    for a in arrays:
        for axis, right in itertools.permutations(range(a.ndim), 2):
            for rest in {tuple(set(range(a.ndim)) - {axis, right}), ()}:
                if _close(a.sum((axis, *rest)), e.c) and e.fits(a.sum((right, *rest))):
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


@hypothesis("is the array ever filled, and is it the one that is returned?")
def all_zero(e):
    """The gradient is zero everywhere; the measured one is not."""
    return None if e.c.any() else "is zero everywhere, the measured gradient is not"


@hypothesis("the minus in the loss or in a difference")
def sign(e):
    """The gradient has the opposite sign."""
    return "has the wrong sign everywhere" if e.fits(-e.c) else None


@hypothesis("where forward divides by the number of entries: there, and only there, backward too")
def missing_mean(e):
    """The mean over the batch is missing, or taken twice."""
    ratio = _ratio(e)
    for n in sorted(_sizes(e)) if ratio else ():
        if np.isclose(ratio, n, rtol=1e-4) and n > 2:
            return f"is {n} times the measured gradient: the mean over {n} is missing"
        if np.isclose(ratio, 1 / n, rtol=1e-4) and n > 2:
            return f"is 1/{n} of the measured gradient: a mean over {n} too many, a constant factor"


@hypothesis("the digits of the constants in the formula")
def slight_constant(e):
    """A constant in the formula is slightly wrong."""
    ratio = _ratio(e)
    if ratio and abs(ratio - 1) < 2e-2:
        what = f"is off by a constant factor of {ratio:.7g}"
        return what + (" everywhere: a constant is slightly wrong" if e.c.size > 1 else "")


@hypothesis("a factor lost or doubled: the 2 of a square, the 1/2 of a loss, a mean", last=True)
def constant_factor(e):
    """The gradient is a constant multiple of the measured one."""
    ratio = _ratio(e)
    if ratio:
        everywhere = ", a constant factor everywhere" if e.c.size > 1 else ", a factor"
        return f"is {_factor(ratio)} times the measured gradient{everywhere}"


def _factor(ratio):
    for n in range(2, 17):
        if np.isclose(abs(ratio), 1 / n, rtol=1e-4):
            return f"{'-' if ratio < 0 else ''}1/{n}"
    return number(ratio) if abs(ratio - 1) > 0.02 else f"{ratio:.7g}"


def _ratio(e):
    """Return the one number r with claimed = r · measured, or None."""
    known = e.known & np.isfinite(e.c) if e.same_shape else np.array(False)
    if known.sum() < 2 and e.c.size > 1 or not known.any() or not e.m[known].any():
        return None
    c, m = e.c[known], e.m[known]
    ratio = float(np.vdot(c, m) / np.vdot(m, m))
    steady = ratio and e.wrong[known & (e.m != 0)].all()
    return ratio if steady and _near(c, ratio * m, tolerance=e.tolerance) else None


@hypothesis("correlation or convolution? Flip the kernel on one way only")
def flipped(e):
    """The gradient is flipped: an axis runs the wrong way, as in a kernel."""
    for axes in _subsets(e.c.ndim):
        if e.fits(np.flip(e.c, axes)):
            return f"is flipped along axis {_axes(axes)}: the kernel runs the wrong way"
    for axes in itertools.combinations(range(-e.c.ndim, 0), 2):
        if any(e.fits(np.flip(np.swapaxes(e.c, *axes), a)) for a in axes):
            return "is rotated by a quarter turn: transposed and flipped"


@hypothesis("where the index starts: off by one, padding, or a slice of the wrong end")
def shifted(e):
    """The entries are shifted along an axis."""
    for axis, step in itertools.product(range(e.c.ndim * e.same_shape), (1, -1, 2, -2)):
        moved = np.roll(e.c, -step, axis)
        inside = [slice(None)] * e.c.ndim
        inside[axis] = slice(0, -step) if step > 0 else slice(-step, None)
        inside = tuple(inside)
        enough = len(np.unique(moved[inside])) >= 3 and np.ptp(e.c, axis).any()
        if enough and e.right(moved)[inside].all():
            return f"is shifted by {abs(step)} along axis {axis}"


@hypothesis("the index: is each gradient written back where its input was read?", last=True)
def permuted(e):
    """The entries are right but permuted: a wrong index."""
    for axis in range(e.c.ndim * e.same_shape):
        order = _order(e, axis)
        if order is not None:
            return f"has the right numbers, permuted along axis {axis} to {order}"
    full = e.wrong.sum() > 1 and np.isfinite(e.m).all() and e.c.size > 3
    if full and _near(np.sort(e.c, None), np.sort(e.m, None), tolerance=e.tolerance):
        return "has the right numbers, permuted: each at a wrong index"


def _order(e, axis):
    """Return the order of slices along an axis that gives the measured array, or None."""
    yours, theirs = np.moveaxis(e.c, axis, 0), np.moveaxis(e.m, axis, 0)
    if not 2 < len(yours) <= 64 or np.isnan(theirs).any():
        return None
    order = [int(np.argmin([np.abs(y - t).max() for y in yours])) for t in theirs]
    distinct = sorted(order) == list(range(len(order))) and order != sorted(order)
    return order if distinct and e.fits(np.take(e.c, order, axis)) else None


@hypothesis("every path from this entry to f adds one term: list the paths", last=True)
def missing_term(e):
    """A term, or a path to f, is missing or there is one too many."""
    off = e.m - e.c if e.same_shape else np.array([])
    known, what = np.isfinite(off), "misses a term or has one too many: measured minus yours is "
    if known.sum() < 2 or e.wrong.sum() < 2:
        return None
    for k, other in enumerate([*e.inputs, e.upstream]):
        if np.shape(other) == off.shape and np.asarray(other).dtype.kind == "f":
            other = np.asarray(other)
            factor = np.vdot(off[known], other[known]) / np.vdot(other[known], other[known])
            if _near(off[known], factor * other[known], e.m[known]):
                return what + f"{number(factor)} times {e.input_name(k)}"
    for axis in (None, *range(e.c.ndim)) if known.all() and e.c.size > 2 else ():
        if np.size(np.ptp(off, axis)) < off.size and _near(np.ptp(off, axis), 0.0, e.m):
            return what + f"constant along {'all axes' if axis is None else f'axis {axis}'}"


# ---------------------------------------------------------------- products and upstreams


@hypothesis("the upstream gradient: multiply by it, entry by entry, before summing")
def upstream(e):
    """The upstream gradient is ignored."""
    u = e.upstream
    if u is None or not e.same_shape or np.ptp(u) == 0 or not u.shape:
        return None
    for name, constant in (("1", 1.0), ("its sum", u.sum()), ("1 / size", 1 / u.size)):
        if e.what_if(upstream=np.full(u.shape, float(constant))):
            return f"ignores the upstream gradient: upstream = {name} everywhere would give it"
    for name, changed in _variants(np.asarray(u)):
        if e.what_if(upstream=changed):
            return f"uses the upstream gradient {name}"


@hypothesis("write one entry as a sum over an index; the index tells which factor is transposed")
def transposed_factor(e):
    """A factor of a product is transposed: J applied, not Jᵀ."""
    u = e.upstream
    if u is not None and np.size(u) == e.x.size and e.same_shape and e.jvp is not None:
        forward = e.jvp(np.reshape(u, e.x.shape), e.which).reshape(e.c.shape)
        if _close(forward, e.c) and not e.fits(forward):
            return "is J applied to the upstream gradient, not J transposed (Jᵀ)"
    yours, theirs = _product(e, e.c), _product(e, e.m)
    if yours and theirs:
        return f"is {yours}, the measured gradient is {theirs}: transpose or order of a product"


def _product(e, target):
    """Return how target is a product of two matrices at hand, or None."""
    named = [(e.input_name(k), a) for k, a in enumerate([*e.inputs, e.upstream])]
    flat = [(n, np.asarray(a)) for n, a in named if np.ndim(a) == 2 and np.size(a) < 1e4]
    flat += [(n + ".T", a.T) for n, a in flat]
    for (a, first), (b, second) in itertools.permutations(flat, 2):
        if first.shape[1] == second.shape[0] and (len(first), second.shape[1]) == target.shape:
            if _close(first @ second, target) or e.fits(first @ second, target):
                return f"{a} @ {b}"
    return None


@hypothesis("multiply by the slope of the activation at the pre-activation")
def derivative_missing(e):
    """The activation's derivative is missing."""
    if e.upstream is not None and e.same_shape and _close(e.c, np.asarray(e.upstream)):
        return "is the upstream gradient itself: the derivative of the activation is missing"
    if any(_near(c * f_prime(z), m) for _, f_prime, z, c, m in _activations(e)):
        return "is not complete: the derivative of the activation is missing"


@hypothesis("is what you pass to the derivative a or z? f_prime takes the pre-activation z")
def at_activation(e):
    """The derivative is taken at the activation, not the pre-activation."""
    what = "takes the derivative at the activation instead of the pre-activation"
    if e.upstream is not None and np.shape(e.upstream) == e.x.shape and e.same_shape:
        inputs = list(e.inputs)
        inputs[e.which] = np.asarray(e.f(*[np.copy(a) for a in e.inputs]), dtype=float)
        if e.what_if(inputs=inputs):
            return what
    smooth = [parts for parts in _activations(e) if parts[0] is not _relu]
    return what if any(_near(c * d(z), m * d(f(z))) for f, d, z, c, m in smooth) else None


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


@hypothesis("each output depends on every input of its row: sum over all outputs")
def off_diagonal(e):
    """The off-diagonal terms of the Jacobian (softmax) are missing."""
    what = "holds the Jacobian's diagonal only: the off-diagonal terms (as of softmax) are missing"
    if e.upstream is not None and e.same_shape and np.shape(e.upstream) == e.x.shape:
        if e.x.size <= 200 and _close(e.diagonal(e.which) * e.upstream, e.c):
            return what
    sums = e.m.ndim and np.isfinite(e.m).all() and _near(e.m.sum(-1), 0.0, e.m)
    alone = e.same_shape and e.c.any() and (e.c == 0).any() and e.right()[e.c != 0].all()
    return what if sums and alone else None


@hypothesis("how that factor enters backward: is it flipped, transposed or shifted there?")
def kernel(e):
    """A factor is used flipped, transposed or shifted."""
    for k, array in enumerate(e.inputs):
        if not isinstance(array, np.ndarray) or k == e.which or not e.same_shape:
            continue
        for name, changed in _variants(array):
            if e.what_if(inputs=[changed if n == k else a for n, a in enumerate(e.inputs)]):
                word = "kernel " if array.ndim > 2 or array.ndim == 1 else ""
                return f"is what {e.input_name(k)} {name} would give: the {word}factor is {name}"


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


@hypothesis("use np.add.at or +=: each use adds its gradient")
def not_accumulated(e):
    """The gradient is not accumulated over repeated uses."""
    for index in e.inputs:
        index = np.asarray(0.5 if index is None else index)
        if index.dtype.kind == "i" and e.same_shape and e.c.ndim and index.size:
            uses = np.bincount(np.clip(index.ravel(), 0, len(e.c) - 1), minlength=len(e.c))
            wrong = e.wrong.reshape(len(e.c), -1).any(axis=1)
            if wrong.any() and (uses[wrong] > 1).all():
                return "is not accumulated: wrong where an entry is used more than once (repeated)"


@hypothesis("the branch of the formula on that side of 0", last=True)
def negative(e):
    """The gradient is wrong only where the input is negative."""
    wrong, known = e.wrong, e.known
    if wrong.sum() < 2 or wrong.all() or np.shape(e.x) != e.c.shape:
        return None
    for word, where in (("negative", e.x < 0), ("positive", e.x > 0)):
        if where[wrong].all() and wrong[where & known].mean() > 0.7 and (~where).sum() > 1:
            return f"is wrong only where the input is {word}{_how(e, wrong)}"


def _how(e, wrong):
    yours, theirs = e.c[wrong], e.m[wrong]
    if not yours.any():
        return ", where it is zero"
    ratio = np.vdot(yours, theirs) / np.vdot(theirs, theirs) if theirs.any() else 0
    fits = ratio and _near(yours, ratio * theirs)
    return f", there {_factor(ratio)} times it (a constant factor)" if fits else ""


@hypothesis("what is special there: a border, the end of a loop?", last=True)
def one_entry(e):
    """One entry is wrong."""
    alone = e.wrong.sum() == 1 and _count(e) > 2
    return "is wrong in one entry only; the others agree" if alone else None


@hypothesis("what is special there: a border, the last of a loop, an index?", last=True)
def row_or_column(e):
    """One row or one column is wrong."""
    wrong = e.wrong
    for axis in range(wrong.ndim if wrong.ndim > 1 and wrong.sum() > 1 else 0):
        places = np.unique(np.argwhere(wrong)[:, axis])
        if len(places) == 1 and e.c.shape[axis] > 1:
            word = {0: "row", e.c.ndim - 1: "column"}.get(axis, f"slice of axis {axis}")
            return f"is wrong in {word} {places[0]} only{_how(e, wrong)}"


@hypothesis("the branch of the formula for that region", last=True)
def region(e):
    """The gradient is wrong in one region of the input."""
    wrong, size = e.wrong, np.abs(e.x)
    if wrong.sum() < 2 or wrong.all() or np.shape(e.x) != e.c.shape:
        return None
    sides = {"above": e.x, "below": -e.x, "beyond ±": size, "within ±": -size}
    for word, key in sides.items():
        edge = key[wrong].min()
        if edge > key[~wrong].max():
            at = f"where the input is {word} {number(abs(edge))}"
            return f"is wrong only in one region, {at}{_how(e, wrong)}"


@hypothesis("what these entries have in common: index, sign, border, a mask?", last=True)
def some_entries(e):
    """Some entries are wrong, the others are right."""
    wrong = e.wrong
    if 0 < wrong.sum() <= 0.5 * _count(e):
        return f"is wrong at {wrong.sum()} of {_count(e)} entries{_how(e, wrong)}"


@hypothesis("the formula of the derivative, and the point at which it is taken", last=True)
def wrong_formula(e):
    """The formula of the derivative is wrong: the ratio varies with x."""
    if not e.same_shape or e.c.shape != np.shape(e.x) or _count(e) < 2:
        return None
    order = np.argsort(e.x[e.known], axis=None)
    ratio = (e.c[e.known] / e.m[e.known])[order]
    steps = np.abs(np.diff(ratio)).sum()
    smooth = np.isfinite(steps) and (len(ratio) < 4 or steps < 3 * np.ptp(ratio))
    if smooth and len(ratio) < 500:
        ends = f"from {number(ratio[0])} to {number(ratio[-1])}"
        return f"is a wrong formula for the derivative: yours / measured varies with x, {ends}"


@hypothesis("is it the gradient of this f, and of this input?", slug="random", last=True)
def unrelated(e):
    """The gradient has nothing in common with the measured one."""
    known = e.known
    if known.sum() >= 8:
        yours, theirs = e.c[known], e.m[known]
        cosine = abs(np.vdot(yours, theirs)) / (np.linalg.norm(yours) * np.linalg.norm(theirs))
        if cosine < 2 / np.sqrt(known.sum()):
            what = "has nothing in common with the measured gradient: it looks random, unrelated"
            return what, f"; cosine between them {number(cosine)}"


# ---------------------------------------------------------------- small tools


def _near(a, b, against=None, tolerance=2e-5):
    largest = np.max(np.abs(b if against is None else against), initial=0)
    allowed = np.maximum(np.abs(a), np.abs(b)) + 1e-6 * largest
    finite = np.isfinite(allowed).all()
    return bool(finite and np.all(np.abs(a - b) <= tolerance * allowed))


def _close(a, b):
    return np.shape(a) == np.shape(b) and bool(np.any(b)) and _near(a, b)


def _subsets(n):
    for size in range(1, min(n, 5) + 1):
        yield from itertools.combinations(range(n), size)


def _axes(axes):
    return axes[0] if len(axes) == 1 else axes


def _sizes(e):
    """Return the sizes over which f may take a mean: axes of its inputs, whole arrays."""
    every = [np.shape(a) for a in [*e.inputs, e.upstream] if a is not None]
    return {n for s in every for n in s} | {int(np.prod(s)) for s in every if s}


# ---------------------------------------------------------------- sentences without a comparison

# slug: (meaning, sentence, what to look at)
FACTS = {
    "mutates-input": (
        "f mutates its input.",
        "{} mutates {}: it is not the same after the call",
        "in-place operations (+=, [...] =, out=); work on a copy",
    ),
    "wrong-count": (
        "The number of gradients is not the number of inputs.",
        "the wrong number of gradients: {} for {}",
        "is a return missing? One gradient for each input, in the same order; None for labels",
    ),
    "not-finite": (
        "f itself is NaN or infinite at x.",
        "f itself is {} at x, so there is nothing to measure",
        "log of zero, division by zero or overflow in the forward formula",
    ),
    "not-deterministic": (
        "f gives different values at the same x.",
        "f is not deterministic: at the same x it was {:.8g}, then {:.8g}",
        "a random mask or a counter inside f; fix the seed in f",
    ),
    "dtype": (
        "The gradient has a dtype that cannot hold it.",
        "{} has dtype {}, expected real floating-point numbers",
        "how the array is created; np.zeros_like takes over the dtype",
    ),
    "cannot-tell": (
        "Noise hides the answer: neither right nor wrong can be told.",
        "cannot tell whether {} is right or wrong: {}",
        "another point x, away from an edge or a large constant; or compute f in float64",
    ),
    "stale-cache": (
        "backward uses values kept from an earlier forward.",
        "backward uses a stale cache: it is right at the first forward, wrong after another",
        "forward must overwrite what backward reads, at every call",
    ),
    "doubled": (
        "A second backward adds to the gradients of the first.",
        "{} is not the same when backward runs twice: it accumulates (doubled gradients)",
        "backward sets dW = ..., not dW += ...",
    ),
}
MISTAKES |= {slug: meaning for slug, (meaning, _, _) in FACTS.items()}


def fact(slug, *details, where=""):
    """Return (slug, message) of what is found without comparing any numbers."""
    _, sentence, look = FACTS[slug]
    evidence = f"\n  {where}" if where else ""
    return slug, f"{sentence.format(*details)}.{evidence}\n  Look at: {look}."


def cannot_tell(e, unknown):
    """Say why nothing can be told."""
    if unknown:
        why = f"f has no measurable slope at {len(unknown)} of {e.c.size} entries (a jump, an edge)"
        return fact("cannot-tell", e.name(e.which), why, where=_where(e))
    why = "the noise of f is as large as the changes to measure"
    return fact("cannot-tell", e.name(e.which), why)


def praise(trial, level, e):
    """Return the sentence of a right gradient."""
    n = trial.claims.size
    agree = f"{n} entr{'y agrees' if n == 1 else 'ies agree'}"
    note = " (f is too noisy for more digits)" if level != "1e-7" else ""
    if trial.kinks:
        note = f" ({len(trial.kinks)} at a kink: any slope between both sides is right)"
    if any(np.asarray(a).dtype.kind in "iu" for a in e.given):
        note += " (x holds integers: measured as float64)"
    return f"{agree} with finite differences within {level}{note}"


def compare(e):
    """Name how two arrays that should be equal differ."""
    if not e.same_shape:
        return "wrong-shape", f"the two sides have shapes {e.c.shape} and {e.m.shape}."
    if not e.numeric:
        return "wrong", "the two sides differ."
    slug, message = diagnose(e)
    message = message.replace("the measured gradient", "the right side")
    return slug, message.replace("measured", "right side")


# ---------------------------------------------------------------- shown in a notebook


def progress(entries):
    """Wrap a long check in a progress bar that shows after three seconds."""
    if len(entries) < 200 or os.environ.get("TQDM_DISABLE"):
        return entries
    from tqdm.auto import tqdm

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
    cells = "".join(
        f'<rect x="{8 * k}" y="{8 * j}" width="7" height="7" fill="{_shade(rows[j, k])}"/>'
        for j, k in np.ndindex(rows.shape)
    )
    worst = [np.unravel_index(n, off.shape) for n in np.argsort(-off, None, kind="stable")[:3]]
    listed = "".join(
        f"<li>{list(map(int, i))}: yours {number(claimed[i])}, measured {number(measured[i])}</li>"
        for i in worst
    )
    size = f'width="{8 * rows.shape[1]}" height="{8 * len(rows)}"'
    alt = "dark cells: entries where yours and the measured gradient differ"
    return f'<svg {size} role="img" aria-label="{alt}">{cells}</svg><ul>{listed}</ul>'


def _shade(value):
    return "#56B4E9" if value < 1e-5 else "#E69F00" if value < 1e-1 else "#7A2E00"
