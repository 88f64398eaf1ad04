"""Name the mistake: small hypotheses about a claimed and a measured gradient.

`NAMES` is the list of all mistakes with their sentences, the surest first. A hypothesis looks
at the `Evidence` and yields what fits: (name, words for the gaps of its sentence, addition). All
are asked; the two names that stand first in the list are told. A `LAST` resort is told only if
nothing before it fits. Of two plain values (`compare`) only names with a third text are told.
"""

import itertools

import numpy as np

from nnlib import mistakes
from nnlib.mistakes import LAST, MISTAKES, NAMES, SAME, Evidence, fact, near, number, same, subsets

__all__ = ["MISTAKES", "STRICT", "Evidence", "cannot_tell", "compare", "diagnose", "fact"]

SHAPES, HYPOTHESES = [], []  # the first are asked even if yours has another shape
STRICT = False  # the tests let errors inside a hypothesis through


def of_any_shape(ask):
    """Register a generator of (name, words for its sentence or a whole one, addition)."""
    SHAPES.append(ask)
    return ask


def hypothesis(ask):
    """Register one that is asked only if yours has the shape of the measured gradient."""
    HYPOTHESES.append(ask)
    return ask


@np.errstate(all="ignore")
def _fitting(e):
    """Return the two surest names that fit, as [(name, sentence, addition, what to look at)]."""
    found = {}
    for ask in SHAPES + HYPOTHESES * e.same_shape:
        try:
            for slug, words, *addition in ask(e):
                told = words if isinstance(words, str) else NAMES[slug][0].format(*words)
                found.setdefault(slug, (slug, told, "".join(addition), _look(slug, e.plain)))
        except Exception:  # what cannot even be computed does not fit
            if STRICT:
                raise
    ranked = [found[slug] for slug in NAMES if slug in found and found[slug][-1]]
    return [told for n, told in enumerate(ranked) if n == 0 or told[0] not in LAST][:2]


def _look(slug, plain):
    """Return what to look at; of plain values "" if the name is not meant for them."""
    _, look, *of_values = NAMES[slug]
    return look if not plain or of_values == [SAME] else "".join(of_values)


def diagnose(e):
    """Return (slug, message): the first two hypotheses that fit, or the bare difference."""
    (slug, what, where, look), *second = _fitting(e)
    also = f"\n  It also fits: {second[0][1]}." if second else ""
    message = f"{e.name(e.which)} {what}.\n  {e.where()}{where}.{also}\n  Look at: {look}."
    return slug, message[:-1] if message.endswith("?.") else message


def compare(e):
    """Name how two arrays that should be equal differ."""
    e.other = "right side"
    if not e.same_shape:
        return "wrong-shape", f"the two sides have shapes {e.c.shape} and {e.m.shape}."
    if not e.numeric:
        return "wrong", "the two sides differ."
    e.claimed, e.measured = [1.0 * e.c], [1.0 * e.m]  # True is 1
    return diagnose(e)


def cannot_tell(e, unknown):
    """Say why nothing can be told."""
    why, where = "the noise of f is as large as the changes to measure", ""
    if unknown:
        why = f"f has no measurable slope at {len(unknown)} of {e.c.size} entries (a jump, an edge)"
        where = e.where()
    return fact("cannot-tell", e.name(e.which), why, where=where)


# ---------------------------------------------------------------- nothing to compare yet


@of_any_shape
def not_a_number(e):
    """Yours is NaN or Inf where the other is finite."""
    bad = ~np.isfinite(e.c) & (e.c != e.m if e.same_shape else True)
    finite = not e.plain or np.isfinite(e.m[bad]).all()
    if bad.any():
        e.worst = tuple(int(n) for n in np.argwhere(bad)[0])
        kind = "NaN" if np.isnan(e.c).any() else "Inf"
        there = f": {e.other_array} is finite" if finite else f", and so is {e.other_array}"
        yield "nan", (kind, bad.sum(), e.c.size, there)
    elif e.plain and not np.isfinite(e.m).all():
        yield "nan", f"is finite where {e.other_array} is NaN or Inf"


@hypothesis
def at_a_kink(e):
    """Entries moved together tell more than their own two sides: of a tie, of a norm at 0."""
    if e.tied:
        count, measured, claimed, kink = e.tied
        change = f"change f by {'at most ' * kink}{number(measured)} a unit"
        moved = f"{count} tied entries moved together {change}, yours says {number(claimed)}"
        yield ("kink", (f"of a kink: {moved}",)) if kink else ("ties", (moved,))
    elif e.outside and len(e.outside) == len(e.known_wrong) and all(s.kink for s in e.outside):
        slope = e.outside[e.known_wrong.index(e.worst)]
        sides = f"; slope {number(slope.left)} on the left, {number(slope.right)} on the right"
        yield "kink", ("on both sides of a kink: any value between is right",), sides


@of_any_shape
def rearranged(e):
    """Yours, its sign, axes or places changed, is the measured gradient."""
    for slug, words, candidate, *addition in _rearrangements(e, e.c.ndim):
        if e.fits(candidate):
            yield slug, words, *addition


def _rearrangements(e, n):
    """Yield (name, words, what would be right, addition): n is the number of axes."""
    yield "sign", (), -e.c
    for k in e.active:
        if k != e.which and not same(e.claimed[k], e.c):
            given = f"; the measured gradient is the one you give for input {k + 1}"
            yield "swapped", (e.name(k).removeprefix("your "),), e.claimed[k], given
    for axes in itertools.permutations(range(n if n < 6 else 0)):
        if list(axes) != sorted(axes):
            at = [int(e.worst[axes.index(k)]) for k in range(n)] if e.worst else []
            stands = f"; the {e.other} value stands at your {at}" if at and e.same_shape else ""
            yield "transposed", (e.other_array,), e.c.transpose(axes), stands
    for axes in subsets(n):
        total = e.c.sum(axis=axes)
        if total.size == e.m.size and not e.same_shape:
            summed = "; the sum over it is the measured gradient"
            yield "broadcast", (_axes(axes),), total.reshape(e.m.shape), summed
        yield "flipped", (_axes(axes),), np.flip(e.c, axes)
    for axes in itertools.combinations(range(-n, 0), 2):
        turned = "is rotated by a quarter turn: transposed and flipped"
        for axis in axes:
            yield "flipped", turned, np.flip(np.swapaxes(e.c, *axes), axis)
    if e.same_shape and e.wrong.sum() > 1:
        yield from _displacements(e, n)


def _displacements(e, n):
    for axis, step in itertools.product(range(n), (1, -1, 2, -2)):
        moved = np.moveaxis(np.roll(1.0 * e.c, -step, axis), axis, 0)
        border = slice(-step, None) if step > 0 else slice(0, -step)
        if len(np.unique(np.delete(moved, border, 0))) >= 3 and np.ptp(e.c, axis).any():
            moved[border] = np.moveaxis(e.m, axis, 0)[border]  # what comes in is not known
            yield "shifted", (abs(step), axis), np.moveaxis(moved, 0, axis)
    for axis in range(n):
        yours, theirs = np.moveaxis(e.c, axis, 0), np.moveaxis(e.m, axis, 0)
        if 2 < len(yours) <= 64 and not np.isnan(theirs).any():
            order = [int(np.argmin([np.abs(y - t).max() for y in yours])) for t in theirs]
            if sorted(order) == list(range(len(order))) and order != sorted(order):
                yield "permuted", (f" along axis {axis} to {order}",), np.take(e.c, order, axis)
    if e.known.all() and e.c.size > 3:
        sorted_as_measured = np.empty(e.m.shape)
        sorted_as_measured.flat[np.argsort(e.m, None)] = np.sort(e.c, None)
        yield "permuted", (": each at a wrong index",), sorted_as_measured


@of_any_shape
def summed(e):
    """A sum too many, or over another axis."""
    for axes in subsets(e.m.ndim) if not same(e.c, e.m) else ():
        total = e.m.sum(axis=axes, keepdims=True)
        spread = np.broadcast_to(total, e.m.shape)
        if any(same(sums, e.c) for sums in (spread, total, total.squeeze(axes))):
            yield "summed", (_axes(axes),)
    for _, _, a in e.factors():
        for axis, right in itertools.permutations(range(a.ndim), 2):
            for rest in {tuple(set(range(a.ndim)) - {axis, right}), ()}:
                if same(a.sum((axis, *rest)), e.c) and e.fits(a.sum((right, *rest))):
                    yield "wrong-axis", (axis, right)


@of_any_shape
def wrong_shape(e):
    """A gradient has the shape of its input."""
    if not e.same_shape:
        told = e.c.size == e.m.size and e.fits(e.c.reshape(e.m.shape))
        turned = e.c.shape == e.m.shape[::-1]
        note = "; the numbers are right" if told else "; the shape is the transpose" * turned
        yield "wrong-shape", (e.c.shape, e.m.shape), note


# ---------------------------------------------------------------- the whole array is off


@hypothesis
def scaled(e):
    """Yours is the measured gradient times one number."""
    one, known = e.c.size == 1, e.known & np.isfinite(e.c)
    if not e.c.any():
        yield "all-zero", (e.other_array,)
    everywhere = known.sum() > 1 - one and e.wrong[known & (e.m != 0)].all()
    ratio = _ratio(e.c[known], e.m[known], e.tolerance) if everywhere else 0
    if not ratio:
        return
    shapes = [e.c.shape, *(a.shape for *_, a in e.factors())]
    for n in sorted({n for s in shapes for n in (*s, int(np.prod(s))) if n > 2}):
        if np.isclose(ratio, n, rtol=1e-4):
            yield "missing-mean", (n, e.other_array, n)
        if np.isclose(ratio, 1 / n, rtol=1e-4):
            many = f"a mean over {n} too many, a constant factor"
            yield "missing-mean", f"is 1/{n} of {e.other_array}: {many}"
    factor = mistakes.factor_of(ratio)
    times = max(abs(ratio), 1 / abs(ratio)) * np.r_[1, np.log(2)]  # of nats or of bits
    simple = np.isclose(times, times.round(), rtol=1e-6, atol=0).any()
    if 1e-8 < abs(ratio - 1) < 2e-2:  # one number cannot tell what is constant
        close = f"is close but not equal: {factor} times {e.other_array}"
        yield "slight-constant", close if one else (factor,)
    if simple or not one or not e.plain:  # two numbers have some ratio, whatever they are
        told = f"is {factor} times {e.other_array}, a factor"
        yield "constant-factor", told if one else (factor, e.other_array)


def _ratio(c, m, tolerance=2e-5):
    """Return the one number r with c = r · m, or 0."""
    unit = m / np.max(np.abs(m), initial=0)  # f may be 1e200
    ratio = float(np.vdot(c, unit) / np.vdot(m, unit)) if m.any() else 0.0
    return ratio if 0 < abs(ratio) < 1e9 and near(c, ratio * m, tolerance).all() else 0.0


@hypothesis
def missing_term(e):
    """What is missing is a multiple of an array at hand, or constant along an axis."""
    off = e.m - e.c
    known = np.isfinite(off)
    if known.sum() < 2 or e.wrong.sum() < 2:
        return
    largest = np.max(np.abs(e.m[known]))
    for _, name, other in e.factors():
        if other.shape == off.shape and other.dtype.kind == "f":
            factor = np.vdot(off[known], other[known]) / np.vdot(other[known], other[known])
            if near(off[known], factor * other[known], largest=largest).all():
                yield "missing-term", (e.other, f"{number(factor)} times {name}")
    for axis in (None, *range(e.c.ndim)) if known.all() and e.c.size > 2 else ():
        spread = np.ptp(off, axis)
        if np.size(spread) < off.size and near(spread, 0.0, largest=largest).all():
            along = "all axes" if axis is None else f"axis {axis}"
            yield "missing-term", (e.other, f"constant along {along}")


# ---------------------------------------------------------------- f is measured again


@of_any_shape
def transposed_factor(e):
    """J for Jᵀ, or the wrong product of two matrices at hand."""
    u = e.upstream
    if e.same_shape and u is not None and u.size == e.x.size == e.outputs.size:
        forward = e.measure(e.which, [u.reshape(e.x.shape)], each=True).reshape(e.c.shape)
        if same(forward, e.c) and not e.fits(forward):
            yield "transposed-factor", ()
    yours, theirs = _product(e, e.c), _product(e, e.m)
    if yours and theirs:
        products = f"is {yours}, the measured gradient is {theirs}"
        yield "transposed-factor", f"{products}: transpose or order of a product"


def _product(e, target):
    """Return how target is a product of two matrices at hand, or None."""
    flat = [(name, a) for _, name, a in e.factors() if a.ndim == 2 and a.size < 1e4]
    flat += [(n + ".T", a.T) for n, a in flat]
    for (a, first), (b, second) in itertools.permutations(flat, 2):
        if first.shape[1] == second.shape[0] and (len(first), second.shape[1]) == target.shape:
            if e.fits(first @ second, target):
                return f"{a} @ {b}"
    return None


@hypothesis
def activation(e):
    """The derivative of an activation is missing, or taken at its output."""
    if same(e.c, e.upstream):
        yield "derivative-missing", ("the upstream gradient itself",)
    usual = list(_activations(e))
    if any(near(c * f_prime(z), m).all() for _, f_prime, z, c, m in usual):
        yield "derivative-missing", ("not complete",)
    if e.upstream is not None and e.outputs.shape == e.x.shape:
        if e.explained_by(e.which, e.outputs):
            yield "at-activation", ()
    if any(near(c * d(z), m * d(f(z))).all() for f, d, z, c, m in usual if f is not _relu):
        yield "at-activation", ()


def _activations(e):
    """Yield (f, f', z, claimed, measured) for usual activations of the input."""
    known = e.known
    if e.measure and known.sum() > 1 and np.max(np.abs(e.x[known])) < 15:
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


@hypothesis
def terms_of_the_jacobian(e):
    """Of the sum over all outputs some terms are left out: repeated uses, or off the diagonal."""
    if e.upstream is not None:
        wrong = np.array([e.wrong[at] for at in e.spots])
        terms = (e.jacobian * e.upstream.ravel())[wrong]  # a row per wrong entry: its uses
        reads_one = (np.count_nonzero(e.jacobian[1:], axis=0) <= 1).all()
        one_term = near(terms, e.claims[wrong][:, None], e.tolerance).any(axis=1)
        if reads_one and one_term.all() and (np.count_nonzero(terms, axis=1) > 1).all():
            yield "not-accumulated", ()
        if e.upstream.shape == e.x.shape:
            flat = [np.ravel_multi_index(at, e.x.shape) for at in e.spots]
            if same(e.jacobian[np.arange(len(flat)), flat] * e.upstream.flat[flat], e.claims):
                yield "off-diagonal", ()
    if e.m.ndim and e.known.all() and e.c.any() and (e.c == 0).any():
        sums = near(e.m.sum(-1), 0.0, largest=np.max(np.abs(e.m))).all()  # as softmax's do
        if sums and e.right(e.c)[e.c != 0].all():
            yield "off-diagonal", ()


@hypothesis
def what_if(e):
    """With the upstream gradient or another input of f changed, yours would be right."""
    u, last = e.upstream, len(e.inputs)
    if u is not None and np.ptp(u):
        for name, constant in (("1", 1.0), ("its sum", u.sum()), ("1 / size", 1 / u.size)):
            if e.explained_by(last, np.full(u.shape, constant)):
                yield "upstream", (name,)
    for k, called, array in e.factors() if e.measure else ():
        other = k != e.which and array.dtype.kind == "f" and np.ptp(array)
        for name, changed in _variants(array) if other else ():
            if e.explained_by(k, changed):
                word = "kernel " if array.ndim > 2 or array.ndim == 1 else ""
                told = f"uses the upstream gradient {name}" if k == last else ""
                yield "upstream" if told else "kernel", told or (called, name, word, name)


def _variants(array):
    """Yield (name, array) of the same shape: flipped, transposed, shifted."""
    for axes in subsets(array.ndim):
        if len(axes) == 1 or axes == (array.ndim - 2, array.ndim - 1):
            yield "flipped", np.flip(array, axes)
    if array.ndim > 1 and array.shape[-1] == array.shape[-2]:
        yield "transposed", np.swapaxes(array, -1, -2)
    for axis, step in itertools.product(range(array.ndim), (1, -1)):
        yield "shifted", np.roll(array, step, axis)


# ---------------------------------------------------------------- some entries are right


@hypothesis
def in_part(e):
    """Yours is wrong for some inputs only, or at some places."""
    count = e.wrong.sum()
    if 1 < count < e.c.size and np.shape(e.x) == e.c.shape:
        yield from _regions(e)
    if count == 1 and e.count > 2:
        yield "one-entry", ()
    for axis in range(e.c.ndim if e.c.ndim > 1 and count > 1 else 0):
        places = np.unique(np.argwhere(e.wrong)[:, axis])
        if len(places) == 1 and e.c.shape[axis] > 1:
            word = {0: "row", e.c.ndim - 1: "column"}.get(axis, f"slice of axis {axis}")
            yield "row-or-column", (word, places[0], _how(e))
    if 0 < count <= 0.5 * e.count:
        yield "some-entries", (count, e.count, _how(e))


@hypothesis
def without_a_name(e):
    """Yours is another array: no pattern that has a name was found."""
    words = e.other_array, e.wrong.sum(), *((e.c.size, "") if e.plain else (e.count, " measured"))
    pattern = "" if e.plain else "; the differences have no pattern that has a name"
    yield "wrong", f"is not {e.other_array}" if e.plain and e.c.size == 1 else words, pattern


def _regions(e):
    for word, where in (("negative", e.x < 0), ("positive", e.x > 0)):
        if where[e.wrong].all() and e.wrong[where & e.known].mean() > 0.7 and (~where).sum() > 1:
            yield "negative", (word, _how(e))
    size = np.abs(e.x)
    for word, key in {"above": e.x, "below": -e.x, "beyond ±": size, "within ±": -size}.items():
        edge = key[e.wrong].min()
        if edge > key[~e.wrong].max():
            yield "region", (word, number(abs(edge)), _how(e))


def _how(e):
    yours, theirs = e.c[e.wrong], e.m[e.wrong]
    if not yours.any():
        return ", where it is zero"
    ratio = _ratio(yours, theirs)
    return f", there {mistakes.factor_of(ratio)} times it (a constant factor)" if ratio else ""


@hypothesis
def unrelated(e):
    """Yours varies with x in another way, or not with the measured gradient at all."""
    yours, theirs = e.c[e.known], e.m[e.known]
    if e.count > 1 and e.c.shape == np.shape(e.x):
        ratio = (yours / theirs)[np.argsort(e.x[e.known])]
        steps = np.abs(np.diff(ratio)).sum()
        if steps < 1e9 and len(ratio) < 500 and (len(ratio) < 4 or steps < 3 * np.ptp(ratio)):
            yield "wrong-formula", (number(ratio[0]), number(ratio[-1]))
    if e.count >= 8:
        cosine = abs(np.vdot(yours, theirs)) / (np.linalg.norm(yours) * np.linalg.norm(theirs))
        if cosine < 2 / np.sqrt(e.count):
            yield "random", (e.other_array,), f"; cosine between them {number(cosine)}"


def _axes(axes):
    return axes[0] if len(axes) == 1 else axes
