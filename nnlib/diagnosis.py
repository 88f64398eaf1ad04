"""Name the mistake: a list of small hypotheses about a claimed and a measured gradient.

Each hypothesis looks at the `Evidence` and returns None or (what, where, look): a sentence
that starts after "yours", an addition to the evidence, and what to look at next. They are
tried in the order in which they are written: first what makes a comparison impossible
(numbers that are none, shapes), then whole-array relations that hold exactly (zero, sign,
swapped, factor, transposed, flipped), then patterns of right and wrong entries, then "what
if" questions, which measure f again with something changed. The first two that fit are told.
"""

import html
import itertools
from dataclasses import dataclass

import numpy as np

MISTAKES = {
    "not-finite": "f itself is NaN or infinite at x.",
    "not-deterministic": "f gives different values at the same x.",
    "mutates-input": "f mutates its input.",
    "cannot-tell": "Noise hides the answer: neither right nor wrong can be told.",
    "wrong-count": "The number of gradients is not the number of inputs.",
    "dtype": "The gradient has a dtype that cannot hold it.",
    "stale-cache": "backward uses values kept from an earlier forward.",
    "doubled": "A second backward adds to the gradients of the first.",
    "wrong": "The gradient differs, in no way that has a name.",
}
HYPOTHESES = []
STRICT = False  # the tests let errors in a hypothesis through


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

    def name(self, k):
        """Return how the k-th claimed gradient is called in a sentence."""
        if self.names:
            return f"your {self.names[k]}"
        return "yours" if len(self.inputs) == 1 else f"your gradient {k + 1} of {len(self.inputs)}"

    def fill(self, measured, wrong=()):
        """Take in the measured arrays and find the entry that is furthest off."""
        self.measured = measured
        if len(wrong) and self.numeric:
            self.which = min(k for k, _ in wrong)
            at = [i for k, i in wrong if k == self.which]
            off = [np.nan_to_num(abs(self.c[i] - self.m[i]), nan=np.inf) for i in at]
            self.worst = at[int(np.argmax(off))]
            largest = np.nanmax(np.abs([self.c[self.worst], self.m[self.worst], 1e-300]))
            self.tolerance = min(2e-5, 0.1 * max(off) / largest)
            self.known_wrong = at

    @property
    def numeric(self):
        """Say whether claims and measurements are real numbers."""
        kinds = [a.dtype.kind for a in (self.c, self.m)]
        return all(kind in "biuf" for kind in kinds)

    c = property(lambda self: self.claimed[self.which])
    m = property(lambda self: self.measured[self.which])
    x = property(lambda self: self.inputs[self.which])
    same_shape = property(lambda self: self.c.shape == self.m.shape)

    def fits(self, candidate, target=None):
        """Say whether a candidate is the measured gradient wherever that was measured."""
        target = self.m if target is None else target
        if candidate is None or np.shape(candidate) != target.shape:
            return False
        return bool(np.all(self.right(candidate, target))) and bool(np.isfinite(target).any())

    def right(self, candidate=None, target=None):
        """Return a mask: entries of the candidate (or claim) that are as measured."""
        target = self.m if target is None else target
        candidate = self.c if candidate is None else candidate
        largest = np.max(np.abs(target[np.isfinite(target)]), initial=0)
        with np.errstate(all="ignore"):
            off = np.abs(candidate - target)
            allowed = np.maximum(np.abs(target), np.abs(candidate)) + 1e-6 * largest
            near = off <= self.tolerance * allowed
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


def hypothesis(slug, meaning, last_resort=False):
    """Register a hypothesis under its slug, with the sentence that lists it.

    A last resort is asked only when no hypothesis before it fits.
    """

    def register(function):
        MISTAKES[slug] = meaning
        HYPOTHESES.append((slug, last_resort, function))
        return function

    return register


def diagnose(evidence):
    """Return (slug, message): the first two hypotheses that fit, or the bare difference."""
    found = []
    with np.errstate(all="ignore"):
        for slug, last_resort, function in HYPOTHESES:
            asked = len(found) < 2 and not (found and last_resort)
            told = _ask(function, evidence) if asked else None
            if told:
                found.append((slug, told))
    found = found or [("wrong", _plain(evidence))]
    slug, (what, where, look) = found[0]
    message = f"{evidence.name(evidence.which)} {what}\n  {_where(evidence)}{where}."
    if len(found) > 1:
        message += f"\n  It also fits: {found[1][1][0]}"
    return slug, message + f"\n  Look at: {look}"


def _ask(function, evidence):
    try:
        return function(evidence)
    except Exception:  # what cannot even be computed does not fit
        if STRICT:
            raise
        return None


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


def _plain(e):
    wrong = e.wrong
    return (
        f"differs from the measured gradient at {wrong.sum()} of {_known(e)} entries measured.",
        "; the differences have no pattern that has a name",
        "one entry at a time, starting with the one above: which paths lead from it to f?",
    )


def _known(e):
    return int(np.isfinite(e.m).sum())


# ---------------------------------------------------------------- nothing to compare yet


@hypothesis("nan", "The gradient holds NaN or Inf where the measured one is finite.")
def nan(e):
    bad = ~np.isfinite(e.c)
    if bad.any():
        e.worst = tuple(np.argwhere(bad)[0])
        return (
            f"is {'NaN' if np.isnan(e.c).any() else 'Inf'} at {bad.sum()} of {e.c.size} entries, "
            "where the measured gradient is finite.",
            "",
            "a division by zero, a log of zero, an overflow of exp, or 0 * Inf on the way back.",
        )


@hypothesis("ties", "A tie is counted twice: tied entries share one gradient.")
def ties(e):
    if e.tied:
        entries, measured, claimed = e.tied
        return (
            f"counts a tie twice: {len(entries)} tied entries moved together change f by "
            f"{number(measured)} a unit, yours says {number(claimed)}.",
            "",
            "the largest entry of a tie is one entry: give the gradient to one of them, or share it.",
        )


@hypothesis("kink", "At a kink the gradient lies outside the slopes of both sides.")
def kink(e):
    if e.outside and len(e.outside) == len(e.known_wrong) and all(s.kink for s in e.outside):
        slope = e.outside[e.known_wrong.index(e.worst)]
        return (
            "lies outside the slopes on both sides of a kink: any value between them is right.",
            f"; slope {number(slope.left)} on the left, {number(slope.right)} on the right",
            "the convention at the kink, as relu'(0) = 0, and that every term keeps to it.",
        )


@hypothesis("swapped", "Two gradients stand in each other's place.")
def swapped(e):
    for k in e.active:
        other = e.claimed[k]
        if k != e.which and not _close(other, e.c) and e.fits(other):
            return (
                f"is {e.name(k).removeprefix('your ')}: the two gradients are swapped.",
                f"; the measured gradient is the one you give for input {k + 1}",
                "the order in which backward returns its gradients.",
            )


@hypothesis("transposed", "The gradient is the transpose of the measured one.")
def transposed(e):
    for axes in itertools.permutations(range(e.c.ndim if e.c.ndim < 6 else 0)):
        if list(axes) != sorted(axes) and e.fits(e.c.transpose(axes)):
            return (
                "is the transpose of the measured gradient.",
                _stands_at(e, axes),
                "which index belongs to the unit above? W[j, k] has a row per unit above.",
            )


def _stands_at(e, axes):
    if not e.same_shape or not e.worst:
        return ""
    return f"; the measured value stands at your {[int(e.worst[axes.index(n)]) for n in range(e.c.ndim)]}"


@hypothesis("broadcast", "A broadcast is not summed back to the shape of its input.")
def broadcast(e):
    for axes in _subsets(e.c.ndim):
        summed = e.c.sum(axis=axes)
        if not e.same_shape and summed.size == e.m.size and e.fits(summed.reshape(e.m.shape)):
            return (
                f"is not summed over the broadcast axis {_axes(axes)}.",
                "; the sum over it is the measured gradient",
                "forward broadcasts this input over that axis; backward sums over it.",
            )


@hypothesis("summed", "The gradient is summed over an axis that it should keep.", last_resort=True)
def summed(e):
    for axes in _subsets(e.m.ndim):
        for keep in (False, True):
            total = e.m.sum(axis=axes, keepdims=keep)
            spread = e.same_shape and np.ptp(e.c, axis=axes[0]).max() > 0
            if np.shape(total) and spread or _close(e.c, e.m):
                continue
            if _close(np.broadcast_to(total, e.m.shape) if _goes(total, e) else total, e.c):
                return (
                    f"is summed over axis {_axes(axes)}, which the gradient keeps.",
                    "",
                    "the axis of the sum: every entry of the input has a gradient of its own.",
                )


def _goes(total, e):
    return e.same_shape and total.ndim == e.m.ndim


@hypothesis("wrong-axis", "A sum or mean is taken over the wrong axis.")
def wrong_axis(e):
    for source in _arrays(e):
        for axis, right in itertools.permutations(range(source.ndim), 2):
            rests = {tuple(a for a in range(source.ndim) if a not in (axis, right)), ()}
            for rest in rests:
                yours, theirs = (source.sum(axis=(a, *rest)) for a in (axis, right))
                if _close(yours, e.c) and e.fits(theirs):
                    return (
                        f"is summed over the wrong axis: over axis {axis}, not axis {right}.",
                        "",
                        "a bias has one entry per unit: sum over the rows of the batch, axis 0.",
                    )


@hypothesis("wrong-shape", "The gradient has another shape than its input.", last_resort=True)
def wrong_shape(e):
    if not e.same_shape:
        told = e.c.size == e.m.size and e.fits(e.c.reshape(e.m.shape))
        return (
            f"has the wrong shape: {e.c.shape}, expected {e.m.shape}, that of its input.",
            "; the numbers are right" if told else _axis_reason(e),
            "a gradient has one entry for each entry of its input.",
        )


def _axis_reason(e):
    if e.c.shape == e.m.shape[::-1]:
        return "; the shape is the transpose of the input's"
    return ""


# ---------------------------------------------------------------- the whole array is off


@hypothesis("all-zero", "The gradient is zero everywhere; the measured one is not.")
def all_zero(e):
    if not e.c.any():
        return (
            "is zero everywhere, the measured gradient is not.",
            "",
            "is the array ever filled, and is it the one that is returned?",
        )


@hypothesis("sign", "The gradient has the opposite sign.")
def sign(e):
    if e.fits(-e.c):
        return "has the wrong sign everywhere.", "", "the minus in the loss or in a difference."


@hypothesis("missing-mean", "The mean over the batch is missing, or taken twice.")
def missing_mean(e):
    ratio = _ratio(e)
    for n in sorted(_counts(e)) if ratio else ():
        if np.isclose(ratio, n, rtol=1e-4) and n > 2:
            return (
                f"is {n} times the measured gradient: the mean over {n} is missing.",
                "",
                f"forward divides by {n}; so must backward, once.",
            )
        if np.isclose(ratio, 1 / n, rtol=1e-4) and n > 2:
            return (
                f"is 1/{n} of the measured gradient: a mean over {n} too many, a constant factor.",
                "",
                f"f holds no mean over {n} entries, or it is taken twice.",
            )


@hypothesis("slight-constant", "A constant in the formula is slightly wrong.")
def slight_constant(e):
    ratio = _ratio(e)
    if ratio and abs(ratio - 1) < 2e-2:
        return (
            f"is off by a constant factor of {number_long(ratio)} everywhere: a constant is "
            "slightly wrong.",
            "",
            "the digits of the constants in the formula.",
        )


@hypothesis(
    "constant-factor", "The gradient is a constant multiple of the measured one.", last_resort=True
)
def constant_factor(e):
    ratio = _ratio(e)
    if ratio:
        return (
            f"is {_factor(ratio)} times the measured gradient, a constant factor everywhere.",
            "",
            "a factor lost or doubled: the 2 of a square, the 1/2 of a loss, a mean or a scale.",
        )


def number_long(value):
    """Write a number close to 1 so that the difference is seen."""
    return f"{value:.7g}"


def _factor(ratio):
    for n in range(2, 17):
        if np.isclose(abs(ratio), 1 / n, rtol=1e-4):
            return f"{'-' if ratio < 0 else ''}1/{n}"
    return number(ratio)


def _ratio(e):
    """Return the one number r with claimed = r · measured, or None."""
    known = np.isfinite(e.m) & np.isfinite(e.c) if e.same_shape else np.array(False)
    if known.sum() < 2 and e.c.size > 1 or not known.any() or not e.m[known].any():
        return None
    if not e.wrong[known & (e.m != 0)].all():
        return None
    ratio = float(np.vdot(e.c[known], e.m[known]) / np.vdot(e.m[known], e.m[known]))
    return ratio if ratio and _near(e.c[known], ratio * e.m[known], tolerance=e.tolerance) else None


@hypothesis("flipped", "The gradient is flipped: an axis runs the wrong way, as in a kernel.")
def flipped(e):
    for axes in _subsets(e.c.ndim):
        if e.fits(np.flip(e.c, axes)):
            return (
                f"is flipped along axis {_axes(axes)}: the kernel runs the wrong way.",
                "",
                "correlation or convolution? Flip the kernel on one way only.",
            )
    for axes in itertools.combinations(range(-e.c.ndim, 0), 2):
        turned = np.swapaxes(e.c, *axes)
        if any(e.fits(np.flip(turned, a)) for a in axes):
            return "is rotated by a quarter turn: transposed and flipped.", "", "rot90 by 180."


@hypothesis("shifted", "The entries are shifted along an axis.")
def shifted(e):
    for axis, step in itertools.product(range(e.c.ndim * e.same_shape), (1, -1, 2, -2)):
        moved = np.roll(e.c, -step, axis)
        inside = [slice(None)] * e.c.ndim
        inside[axis] = slice(0, -step) if step > 0 else slice(-step, None)
        inside = tuple(inside)
        enough = len(np.unique(moved[inside])) >= 3
        if enough and np.ptp(e.c, axis).any() and e.right(moved)[inside].all():
            return (
                f"is shifted by {abs(step)} along axis {axis}.",
                "",
                "where the index starts: off by one, padding, or a slice of the wrong end.",
            )


@hypothesis("permuted", "The entries are right but permuted: a wrong index.", last_resort=True)
def permuted(e):
    for axis in range(e.c.ndim * e.same_shape):
        order = _order(e, axis)
        if order is not None:
            return (
                f"has the right numbers, permuted along axis {axis} to {order}.",
                "",
                "the index: is each gradient written back where its input was read?",
            )
    full = e.wrong.sum() > 1 and np.isfinite(e.m).all() and e.c.size > 3
    if full and _near(np.sort(e.c, None), np.sort(e.m, None), tolerance=e.tolerance):
        return "has the right numbers, permuted: each at a wrong index.", "", "reshape and index."


def _order(e, axis):
    """Return the order of slices along an axis that gives the measured array, or None."""
    yours, theirs = np.moveaxis(e.c, axis, 0), np.moveaxis(e.m, axis, 0)
    if not 2 < len(yours) <= 64 or np.isnan(theirs).any():
        return None
    order = [int(np.argmin([np.abs(y - t).max() for y in yours])) for t in theirs]
    distinct = sorted(order) == list(range(len(order))) and order != sorted(order)
    return order if distinct and e.fits(np.take(e.c, order, axis)) else None


# ---------------------------------------------------------------- a term too many or too few


@hypothesis(
    "missing-term", "A term, or a path to f, is missing or there is one too many.", last_resort=True
)
def missing_term(e):
    off = e.m - e.c if e.same_shape else np.array([])
    known = np.isfinite(off)
    if known.sum() < 2 or e.wrong.sum() < 2:
        return None
    for k, other in enumerate([*e.inputs, e.upstream]):
        other = np.asarray(other) if other is not None else None
        if other is not None and other.shape == off.shape and other.dtype.kind == "f":
            factor = np.vdot(off[known], other[known]) / np.vdot(other[known], other[known])
            if _near(off[known], factor * other[known], e.m[known]):
                return _term(f"{number(factor)} times {_source(e, k)}", factor)
    for axis in (None, *range(e.c.ndim)):
        if known.all() and e.c.size > 2 and np.ptp(off, axis).size < off.size:
            if _near(np.ptp(off, axis), 0 * np.ptp(off, axis), e.m):
                return _term(f"constant along {'all axes' if axis is None else f'axis {axis}'}", 0)


def _term(difference, factor):
    return (
        "misses a term or has one too many: measured minus yours is " + difference + ".",
        "",
        "every path from this entry to f adds one term: list the paths (a mean, a shortcut, "
        "a penalty, a bias).",
    )


def _source(e, k):
    return (
        "the upstream" if k == len(e.inputs) else "the input" if k == e.which else f"input {k + 1}"
    )


# ---------------------------------------------------------------- products and upstreams


@hypothesis("upstream", "The upstream gradient is ignored.")
def upstream_ignored(e):
    if e.upstream is None or not e.same_shape or np.ptp(e.upstream) == 0 or not e.upstream.shape:
        return None
    for name, constant in (
        ("1", 1),
        ("its sum", e.upstream.sum()),
        ("1 / size", 1 / e.upstream.size),
    ):
        if e.what_if(upstream=np.full(e.upstream.shape, float(constant))):
            return (
                f"ignores the upstream gradient: it is what upstream = {name} everywhere would give.",
                "",
                "multiply by the upstream gradient before summing.",
            )
    for name, changed in _variants(np.asarray(e.upstream)):
        if e.what_if(upstream=changed):
            return f"uses the upstream gradient {name}.", "", "the upstream's axes and order."


@hypothesis("transposed-factor", "A factor of a product is transposed: J applied, not Jᵀ.")
def transposed_factor(e):
    u = e.upstream
    if u is not None and np.size(u) == e.x.size and e.same_shape and e.jvp is not None:
        forward = e.jvp(np.reshape(u, e.x.shape), e.which)
        if forward.size == e.c.size and _close(forward.reshape(e.c.shape), e.c):
            return (
                "is J applied to the upstream gradient, not J transposed (Jᵀ).",
                "",
                "backward goes through a matrix with its transpose: W on the way up, Wᵀ down.",
            )
    yours, theirs = _product(e, e.c), _product(e, e.m)
    if yours and theirs:
        return (
            f"is {yours}, the measured gradient is {theirs}: transpose or order of a product.",
            "",
            "write one entry as a sum over an index; the index tells which factor is transposed.",
        )


def _product(e, target):
    """Return how target is a product of two matrices at hand, or None."""
    for (a, first), (b, second) in itertools.permutations(_matrices(e), 2):
        if first.shape[1] == second.shape[0] and (len(first), second.shape[1]) == target.shape:
            if _close(first @ second, target) or e.fits(first @ second, target):
                return f"{a} @ {b}"
    return None


def _matrices(e):
    named = [(f"input {k + 1}", a) for k, a in enumerate(e.inputs)] + [("upstream", e.upstream)]
    named = [(e.names[k][1:], a) if e.names and k < len(e.inputs) else (n, a)
             for k, (n, a) in enumerate(named)]  # fmt: skip
    flat = [(n, np.asarray(a)) for n, a in named if np.ndim(a) == 2 and np.size(a) < 1e4]
    return flat + [(n + ".T", a.T) for n, a in flat]


@hypothesis("derivative-missing", "The activation's derivative is missing.")
def derivative_missing(e):
    alone = e.upstream is not None and e.same_shape and _close(e.c, np.asarray(e.upstream))
    if alone or any(_near(c * f_prime(z), m) for f, f_prime, z, c, m in _activations(e)):
        return (
            f"{'is the upstream gradient itself' if alone else 'is not complete'}: the derivative "
            "of the activation is missing.",
            "",
            "multiply by the slope of the activation at the pre-activation.",
        )


@hypothesis("at-activation", "The derivative is taken at the activation, not the pre-activation.")
def at_activation(e):
    if e.upstream is not None and np.shape(e.upstream) == e.x.shape and e.same_shape:
        inputs = list(e.inputs)
        inputs[e.which] = np.asarray(e.f(*[np.copy(a) for a in e.inputs]), dtype=float)
        if e.what_if(inputs=inputs):
            return _AT_ACTIVATION
    for f, f_prime, z, c, m in _activations(e):
        if _near(c * f_prime(z), m * f_prime(f(z))):
            return _AT_ACTIVATION
    return None


def _activations(e):
    """Yield (f, f', z, claimed, measured) for usual activations of the input."""
    known = np.isfinite(e.m)
    if e.same_shape and known.sum() > 1 and np.max(np.abs(e.x[known])) < 15:
        for f, f_prime in _ACTIVATIONS:
            yield f, f_prime, e.x[known], e.c[known], e.m[known]


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


_AT_ACTIVATION = (
    "takes the derivative at the activation instead of the pre-activation.",
    "",
    "is what you pass to the derivative a or z? f_prime takes the pre-activation z.",
)
_ACTIVATIONS = [
    (_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    (lambda z: np.logaddexp(0, z), _sigmoid),
]


@hypothesis("off-diagonal", "The off-diagonal terms of the Jacobian (softmax) are missing.")
def off_diagonal(e):
    if e.upstream is not None and e.same_shape and np.shape(e.upstream) == e.x.shape:
        if e.x.size <= 200 and _close(e.diagonal(e.which) * e.upstream, e.c):
            return _OFF_DIAGONAL
    sums = e.m.ndim and np.isfinite(e.m).all() and _near(e.m.sum(-1), 0 * e.m.sum(-1), e.m)
    if sums and e.same_shape and e.right()[e.c != 0].all() and e.c.any() and (e.c == 0).any():
        return _OFF_DIAGONAL


_OFF_DIAGONAL = (
    "holds the diagonal of the Jacobian only: the off-diagonal terms (as of softmax) are missing.",
    "",
    "each output depends on every input of its row: sum over all outputs.",
)


# ---------------------------------------------------------------- what if something else had been differentiated


@hypothesis("kernel", "A factor is used flipped, transposed or shifted.")
def other_factor(e):
    for k, array in enumerate(e.inputs):
        if not isinstance(array, np.ndarray) or k == e.which or not e.same_shape:
            continue
        for name, changed in _variants(array):
            if e.what_if(inputs=[changed if n == k else a for n, a in enumerate(e.inputs)]):
                what = f"{e.names[k][1:]}" if e.names else f"input {k + 1}"
                word = "kernel " if array.ndim > 2 or array.ndim == 1 else ""
                return (
                    f"is what {what} {name} would give: the {word}factor is {name}.",
                    "",
                    f"how {what} enters backward: is it flipped, transposed or shifted there?",
                )


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


@hypothesis("not-accumulated", "The gradient is not accumulated over repeated uses.")
def not_accumulated(e):
    for index in e.inputs:
        index = np.asarray(index) if index is not None else np.array(0.5)
        if index.dtype.kind == "i" and e.same_shape and e.c.ndim and index.size:
            uses = np.bincount(np.clip(index.ravel(), 0, len(e.c) - 1), minlength=len(e.c))
            wrong = e.wrong.reshape(len(e.c), -1).any(axis=1)
            if wrong.any() and (uses[wrong] > 1).all():
                return _NOT_ACCUMULATED
    return None


_NOT_ACCUMULATED = (
    "is not accumulated: it is wrong where an entry is used more than once (repeated).",
    "",
    "use np.add.at or +=: each use adds its gradient.",
)


@hypothesis("negative", "The gradient is wrong only where the input is negative.", last_resort=True)
def negative(e):
    wrong = e.wrong
    if wrong.sum() < 2 or wrong.all() or np.shape(e.x) != e.c.shape:
        return None
    for word, where in (("negative", e.x < 0), ("positive", e.x > 0)):
        if where[wrong].all() and wrong[where].mean() > 0.7 and (~where).sum() > 1:
            return (
                f"is wrong only where the input is {word}{_how(e, wrong)}.",
                "",
                f"the branch of the formula for {word} inputs.",
            )


def _how(e, wrong):
    yours, theirs = e.c[wrong], e.m[wrong]
    if not yours.any():
        return ", where it is zero"
    ratio = np.vdot(yours, theirs) / np.vdot(theirs, theirs) if theirs.any() else 0
    if ratio and _near(yours, ratio * theirs):
        return f", there {_factor(ratio) if abs(ratio - 1) > 0.02 else number_long(ratio)} times it (a constant factor)"
    return ""


@hypothesis("one-entry", "One entry is wrong.", last_resort=True)
def one_entry(e):
    wrong = e.wrong
    if wrong.sum() == 1 and _known(e) > 2:
        return (
            "is wrong in one entry only; the others agree.",
            "",
            "what is special there: a border?",
        )


@hypothesis("row-or-column", "One row or one column is wrong.", last_resort=True)
def row_or_column(e):
    wrong = e.wrong
    for axis in range(wrong.ndim if wrong.ndim > 1 and wrong.sum() > 1 else 0):
        places = np.unique(np.argwhere(wrong)[:, axis])
        if len(places) == 1 and e.c.shape[axis] > 1:
            word = {0: "row", e.c.ndim - 1: "column"}.get(axis, f"slice of axis {axis}")
            return (
                f"is wrong in {word} {places[0]} only{_how(e, wrong)}.",
                "",
                f"what is special in this {word}: a border, the last of a loop, an index?",
            )


@hypothesis("region", "The gradient is wrong in one region of the input.", last_resort=True)
def region(e):
    wrong = e.wrong
    if wrong.sum() < 2 or wrong.all() or np.shape(e.x) != e.c.shape:
        return None
    for word, key in (
        ("above", e.x),
        ("below", -e.x),
        ("beyond ±", np.abs(e.x)),
        ("within ±", -np.abs(e.x)),
    ):
        edge, inner = key[wrong].min(), key[~wrong].max()
        if edge > inner:
            return (
                f"is wrong only in one region, where the input is {word} {number(abs(edge))}"
                f"{_how(e, wrong)}.",
                "",
                "the branch of the formula for that region.",
            )


@hypothesis("some-entries", "Some entries are wrong, the others are right.", last_resort=True)
def some_entries(e):
    wrong = e.wrong
    if 0 < wrong.sum() <= 0.5 * _known(e):
        zero = " (zero there)" if not e.c[wrong].any() else ""
        return (
            f"is wrong at {wrong.sum()} of {_known(e)} entries{zero}{_how(e, wrong) if not zero else ''}.",
            "",
            "what these entries have in common: index, sign, border, a mask?",
        )


@hypothesis(
    "wrong-formula",
    "The formula of the derivative is wrong: the ratio varies with x.",
    last_resort=True,
)
def wrong_formula(e):
    if not e.same_shape or e.c.shape != np.shape(e.x) or _known(e) < 2:
        return None
    known = np.isfinite(e.m)
    order = np.argsort(e.x[known], axis=None)
    ratio = (e.c[known] / e.m[known])[order]
    steps = np.abs(np.diff(ratio)).sum()
    spread = np.ptp(ratio)
    if np.isfinite(steps) and (len(ratio) < 4 or steps < 3 * spread) and len(ratio) < 500:
        return (
            f"is a wrong formula for the derivative: yours / measured varies with x, from "
            f"{number(ratio[0])} to {number(ratio[-1])}.",
            "",
            "derive the formula again, and the point at which it is taken.",
        )


@hypothesis("random", "The gradient has nothing in common with the measured one.", last_resort=True)
def random(e):
    known = np.isfinite(e.m) if e.same_shape else np.array(False)
    if known.sum() >= 8:
        yours, theirs = e.c[known], e.m[known]
        cosine = abs(np.vdot(yours, theirs)) / (np.linalg.norm(yours) * np.linalg.norm(theirs))
        if cosine < 2 / np.sqrt(known.sum()):
            return (
                "has nothing in common with the measured gradient: it looks random, unrelated.",
                f"; cosine between them {number(cosine)}",
                "is it the gradient of this f, and of this input?",
            )


# ---------------------------------------------------------------- small tools


def _near(a, b, against=None, tolerance=2e-5):
    largest = np.max(np.abs(b if against is None else against), initial=0)
    allowed = np.maximum(np.abs(a), np.abs(b)) + 1e-6 * largest
    if not np.isfinite(allowed).all():
        return False
    return bool(np.all(np.abs(a - b) <= tolerance * allowed))


def _close(a, b):
    return np.shape(a) == np.shape(b) and bool(np.any(b)) and _near(a, b)


def _subsets(n):
    for size in range(1, min(n, 5) + 1):
        yield from itertools.combinations(range(n), size)


def _axes(axes):
    return axes[0] if len(axes) == 1 else axes


def _arrays(e):
    every = [*e.inputs, e.upstream]
    return [np.asarray(a) for a in every if np.ndim(a) > 1 and np.asarray(a).dtype.kind == "f"]


def _counts(e):
    """Return the sizes over which f may take a mean: axes of its inputs, whole arrays."""
    every = [np.shape(a) for a in [*e.inputs, e.upstream] if a is not None]
    return {n for s in every for n in s} | {int(np.prod(s)) for s in every if s}


# ---------------------------------------------------------------- sentences without a comparison

MUTATES = (
    "f mutates its input: x is not the same after the call."
    "\n  Look at: in-place operations (+=, [...] =, out=) on x; work on a copy."
)


def mutates(name):
    """Say that a layer changes what it was given."""
    return (
        f"the layer mutates {name}: it is not the same after forward and backward."
        f"\n  Look at: in-place operations on {name}; work on a copy."
    )


def count(expected, claimed):
    """Say that the number of gradients is wrong."""
    if claimed is None:
        return "yours is None: there is no gradient.\n  Look at: is the return statement missing?"
    found = len(claimed) if isinstance(claimed, (tuple, list)) else 1
    return (
        f"the wrong number of gradients: {found} for {expected} inputs."
        "\n  Look at: one gradient for each input, in the same order; None for labels."
    )


def not_finite(base):
    """Say that f(x) is no number."""
    kind = "NaN" if np.isnan(base).any() else "Inf"
    return (
        f"f itself is {kind} at x, so there is nothing to measure."
        "\n  Look at: log of zero, division by zero or overflow in the forward formula."
    )


def not_deterministic(before, after):
    """Say that f changes by itself."""
    return (
        f"f is not deterministic: at the same x it was {before:.8g}, then {after:.8g}."
        "\n  Look at: a random mask or a counter inside f; fix the seed in f."
    )


def wrong_dtype(name, dtype):
    """Say that a gradient of this dtype cannot be right."""
    return (
        f"{name} has dtype {dtype}, expected real floating-point numbers."
        "\n  Look at: how the array is created; np.zeros_like takes over the dtype."
    )


def cannot_tell(e, unknown):
    """Say why nothing can be told, and what to do."""
    if unknown:
        why = f"f has no measurable slope at {len(unknown)} of {e.c.size} entries (a jump, an edge)"
        return (
            f"cannot tell whether {e.name(e.which)} is right or wrong: {why}."
            f"\n  {_where(e)}\n  Look at: another point x, away from the edge."
        )
    return (
        "cannot tell right from wrong: the noise of f is as large as the changes to measure."
        "\n  Look at: subtract a large constant from f, or compute f in float64."
    )


def layers_agree(report):
    """Turn a claim outside the slopes at a kink into a pass: each layer is right by itself."""
    report.passed, report.mistake = True, None
    report.message = "every layer agrees by itself within 1e-7 (X is at a kink of the whole)"
    return report


def stale(report):
    """Say that backward depends on an earlier forward."""
    return (
        "backward uses a stale cache: it is right at the first forward, wrong after another."
        f"\n  {report.message.splitlines()[1].strip() if chr(10) in report.message else ''}"
        "\n  Look at: forward must overwrite what backward reads, at every call."
    )


def doubled(name, one, two):
    """Say that a second backward gives something else."""
    return (
        f"{name} is not the same when backward runs twice: it accumulates (doubled gradients)."
        f"\n  norm {number(np.linalg.norm(one))} first, {number(np.linalg.norm(two))} then"
        "\n  Look at: backward sets dW = ..., not dW += ..."
    )


def praise(trial, level, e):
    """Return the sentence of a right gradient."""
    n = trial.claims.size
    message = (
        f"{n} entr{'y agrees' if n == 1 else 'ies agree'} with finite differences within {level}"
    )
    if trial.kinks:
        message += f" ({len(trial.kinks)} at a kink: any slope between both sides is right)"
    elif level != "1e-7":
        message += " (f is too noisy for more digits)"
    integer = any(np.asarray(a).dtype.kind in "iu" for a in e.given) if e.given else False
    return message + (" (x holds integers: measured as float64)" if integer else "")


def compare(e):
    """Name how two arrays that should be equal differ."""
    if not e.same_shape:
        return "wrong-shape", f"the two sides have shapes {e.c.shape} and {e.m.shape}."
    if e.numeric:
        slug, message = diagnose(e)
        return slug, message.replace("the measured gradient", "the right side").replace(
            "measured", "right side"
        )
    return "wrong", "the two sides differ."


# ---------------------------------------------------------------- shown in a notebook


def progress(entries):
    """Wrap a long check in a progress bar that shows after two seconds."""
    if len(entries) < 200:
        return entries
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return entries
    return tqdm(entries, desc="measuring", unit="entry", delay=2, leave=False)


def picture(report):
    """Return HTML: the message, where yours and the measured differ, the worst three entries."""
    text = html.escape(str(report))
    pair = report.claimed, report.measured
    drawn = "" if report.passed or isinstance(pair[0], tuple) or pair[1] is None else _grid(*pair)
    return f"<div><pre>{text}</pre>{drawn}</div>"


def _grid(claimed, measured):
    claimed, measured = np.asarray(claimed, float), np.asarray(measured, float)
    if claimed.shape != measured.shape or not 1 < claimed.size <= 2500:
        return ""
    with np.errstate(all="ignore"):
        off = np.abs(claimed - measured) / np.nanmax(np.abs([claimed, measured]))
    rows = np.nan_to_num(off, nan=1.0).reshape(-1, claimed.shape[-1])
    cells = "".join(
        f'<rect x="{8 * k}" y="{8 * j}" width="7" height="7" fill="{_shade(value)}"/>'
        for j, row in enumerate(rows) for k, value in enumerate(row)
    )  # fmt: skip
    worst = np.argsort(-np.nan_to_num(off, nan=9), axis=None, kind="stable")[:3]
    lines = [np.unravel_index(n, claimed.shape) for n in worst]
    listed = "".join(
        f"<li>{list(map(int, at))}: yours {number(claimed[at])}, measured {number(measured[at])}</li>"
        for at in lines
    )
    size = f'width="{8 * rows.shape[1]}" height="{8 * len(rows)}"'
    alt = "dark cells: entries where yours and the measured gradient differ"
    return f'<svg {size} role="img" aria-label="{alt}">{cells}</svg><ul>{listed}</ul>'


def _shade(value):
    return "#0072B2" if value < 1e-5 else "#E69F00" if value < 1e-1 else "#D55E00"
