"""Name the mistake: small hypotheses about a claimed and a measured gradient.

`NAMES` is the list of all mistakes with their sentences, the surest first. A hypothesis looks
at the `Evidence` and yields what fits: (name, words for the gaps of its sentence, addition). All
are asked (they are listed at the end); the two names that stand first in `NAMES` are told. A
`LAST` resort is told only if nothing before it fits. Of two plain values (`compare`) only names
with a third text are told.
"""

import itertools

import numpy as np

from nnlib import mistakes
from nnlib.mistakes import LAST, LOOK, MISTAKES, NAMES, Evidence, fact, near, number, same, subsets

__all__ = ["MISTAKES", "STRICT", "Evidence", "cannot_tell", "compare", "diagnose", "fact"]

STRICT = False  # the tests let errors inside a hypothesis through


@np.errstate(all="ignore")
def diagnose(e):
    """Return (slug, message): the surest name that fits, and the next one."""
    found = {}
    for slug, words, *addition in _fitting(e):
        told = words if isinstance(words, str) else NAMES[slug][0].format(*words)
        found.setdefault(slug, (told, "".join(addition)))
    slug, *others = [slug for slug in NAMES if slug in found and LOOK[slug][e.plain]]
    (what, where), look = found[slug], LOOK[slug][e.plain]
    second = [found[other][0] for other in others if other not in LAST]
    also = f"\n  It also fits: {second[0]}." if second else ""
    message = f"{e.name(e.which)} {what}.\n  {e.where()}{where}.{also}\n  Look at: {look}."
    return slug, message[:-1] if look.endswith("?") else message


def _fitting(e):
    """Yield (name, words for the gaps of its sentence or a whole one, addition)."""
    for ask in HYPOTHESES + OF_A_FUNCTION * bool(e.measure) if e.same_shape else OF_ANOTHER_SHAPE:
        try:
            yield from ask(e)
        except Exception:  # what cannot even be computed does not fit
            if STRICT:
                raise


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


def not_a_number(e):
    """Yours is NaN or Inf where the other is finite."""
    bad = ~np.isfinite(e.c) & (e.c != e.m if e.same_shape else True)
    if bad.any():
        e.worst = tuple(int(n) for n in np.argwhere(bad)[0])
        kind = "NaN" if np.isnan(e.c).any() else "Inf"
        both = e.plain and not np.isfinite(e.m[bad]).all()
        there = f", and so is {e.other_array}" if both else f": {e.other_array} is finite"
        yield "nan", (kind, bad.sum(), e.c.size, there)
    elif e.plain and not np.isfinite(e.m).all():
        yield "nan", f"is finite where {e.other_array} is NaN or Inf"


def wrong_shape(e):
    """A gradient has the shape of its input."""
    told = e.c.size == e.m.size and e.fits(e.c.reshape(e.m.shape), e.m)
    yield "wrong-shape", (e.c.shape, e.m.shape), "; the numbers are right" * told


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


# ---------------------------------------------------------------- alike, once one is changed


def alike(way):
    """Make a hypothesis: yours and the measured gradient are alike once one of them is changed.

    A way yields (name, words, what is made of yours, what it must be alike, addition).
    """

    def ask(e):
        for slug, words, yours, theirs, *addition in way(e) if e.c.any() else ():
            if e.fits(yours, theirs) and not e.fits(e.c, e.m):
                yield slug, words, *addition

    return ask


def turned(e):
    """The sign, the order of the axes or the sense along them is another."""
    yield "sign", (), -e.c, e.m
    for k in e.active:
        given = f"; the measured gradient is the one you give for input {k + 1}"
        yield "swapped", (e.name(k).removeprefix("your "),), e.claimed[k], e.m, given
    for axes in itertools.permutations(range(e.c.ndim if e.c.ndim < 7 else 0)):
        at = [int(e.worst[axes.index(k)]) for k in range(e.c.ndim)] if e.worst else []
        stands = f"; the {e.other} value stands at your {at}" if at and e.same_shape else ""
        yield "transposed", (e.other_array,), e.c.transpose(axes), e.m, stands
    for axes in subsets(e.c.ndim):
        yield "flipped", (axes,), np.flip(e.c, axes), e.m


def summed(e):
    """A sum too few, a sum too many, or one over another axis."""
    for axes in subsets(e.c.ndim) if not e.same_shape else ():
        total = e.c.sum(axis=axes)
        if total.size == e.m.size:
            note = "; the sum over it is the measured gradient"
            yield "broadcast", (axes,), total.reshape(e.m.shape), e.m, note
    for axes in subsets(e.m.ndim) if e.known.all() else ():
        total = e.m.sum(axis=axes, keepdims=True)
        for sums in (total, total.squeeze(axes), np.broadcast_to(total, e.m.shape)):
            yield "summed", (axes,), e.c, sums
    for _, _, a in e.factors():
        for axis, right in itertools.permutations(range(a.ndim), 2):
            rest = set(range(a.ndim)) - {axis, right}
            if same(a.sum((axis, *rest)), e.c):
                yield "wrong-axis", (axis, right), a.sum((right, *rest)), e.m


def multiplied(e):
    """Of two matrices at hand another product is right."""
    flat = {name: a for _, name, a in e.factors() if a.ndim == 2 and a.size < 1e4}
    flat |= {f"{name}.T": a.T for name, a in flat.items()}
    products = {}
    for (a, left), (b, right) in itertools.permutations(flat.items(), 2):
        if left.shape[1] == len(right) and (len(left), right.shape[1]) in (e.c.shape, e.m.shape):
            products[f"{a} @ {b}"] = left @ right
    for yours in [name for name, product in products.items() if same(product, e.c)]:
        for theirs, product in products.items():
            words = f"is {yours}, right is {theirs}: transpose or order of a product"
            yield "transposed-factor", words, product, e.m


def displaced(e):
    """The numbers are right, their places are not."""
    for axis, step in itertools.product(range(e.c.ndim), (1, 2)) if e.wrong.sum() > 1 else ():
        yours, theirs = np.moveaxis(e.c, axis, 0), np.moveaxis(e.m, axis, 0)
        for one, other in ((yours[step:], theirs[:-step]), (yours[:-step], theirs[step:])):
            if len(np.unique(one)) > 2 and np.ptp(e.c, axis).any():
                yield "shifted", (step, axis), one, other
    if e.known.all():
        yield "permuted", (), np.sort(e.c, None), np.sort(e.m, None)


def lacking(e):
    """What is missing is a multiple of an array at hand, or constant along an axis."""
    off = e.m - e.c
    for _, name, other in e.factors() if e.wrong.sum() > 1 else ():
        if other.shape == off.shape and other.dtype.kind == "f":
            factor = np.vdot(off[e.known], other[e.known]) / np.vdot(other[e.known], other[e.known])
            words = e.other, f"{number(factor)} times {name}"
            yield "missing-term", words, e.c + factor * other, e.m
    for axis in (None, *range(e.c.ndim)):
        constant = off.mean(axis, keepdims=True)
        if constant.size < off.size:
            along = "all axes" if axis is None else f"axis {axis}"
            yield "missing-term", (e.other, f"constant along {along}"), e.c + constant, e.m


def under_another(e):
    """With another upstream gradient, or another input, f has the gradient that you claim."""
    u, last = e.upstream, len(e.inputs)
    if u is not None and e.outputs.shape == e.x.shape:
        yield "at-activation", (), e.claims, e.slopes_under(e.which, e.outputs)
    if u is not None and np.ptp(u):
        for name, constant in (("1", 1.0), ("its sum", u.sum()), ("1 / size", 1 / u.size)):
            yield "upstream", (name,), e.claims, e.slopes_under(last, np.full(u.shape, constant))
    for k, called, array in e.factors():
        if k == e.which or array.dtype.kind != "f":
            continue
        ways = [("flipped", np.flip(array, axes)) for axes in subsets(array.ndim)]
        ways += [("transposed", array.swapaxes(-1, -2))] if array.ndim > 1 else []
        for name, changed in ways:
            told = (called, name, name) if k < last else f"uses the upstream gradient {name}"
            yield "kernel" if k < last else "upstream", told, e.claims, e.slopes_under(k, changed)


def through_j(e):
    """J stands where its transpose belongs, or of J the diagonal alone."""
    u = e.upstream
    if u is not None and u.shape == e.x.shape:
        yield "transposed-factor", (), e.c, e.measure(e.which, [u], each=True).reshape(u.shape)
        terms = (e.jacobian * u.ravel()).reshape(-1, *u.shape)
        yield "off-diagonal", (), e.claims, np.array([own[at] for own, at in zip(terms, e.spots)])


# ---------------------------------------------------------------- the whole array is off


def scaled(e):
    """Yours is the measured gradient times one number."""
    if not e.c.any():
        yield "all-zero", (e.other_array,)
    one, ratio = e.c.size == 1, _ratio(e.c[e.known], e.m[e.known], e.tolerance)
    if not ratio or not e.wrong[e.known & (e.m != 0)].all():
        return
    shapes = [e.c.shape, *(a.shape for *_, a in e.factors())]
    for n in sorted({n for s in shapes for n in (*s, int(np.prod(s))) if n > 2}):
        if np.isclose(ratio, n, rtol=1e-4):
            yield "missing-mean", (n, e.other_array, n)
        if np.isclose(ratio, 1 / n, rtol=1e-4):
            many = f"a mean over {n} too many, a constant factor"
            yield "missing-mean", f"is 1/{n} of {e.other_array}: {many}"
    factor = mistakes.factor_of(ratio)
    if 1e-8 < abs(ratio - 1) < 2e-2:  # one number cannot tell what is constant
        close = f"is close but not equal: {factor} times {e.other_array}"
        yield "slight-constant", close if one else (factor,)
    times = max(abs(ratio), 1 / abs(ratio)) * np.array([1, np.log(2)])  # of nats or of bits
    simple = np.isclose(times, times.round(), rtol=1e-6, atol=0).any()
    if simple or not (one and e.plain):  # two numbers have some ratio, whatever they are
        told = f"is {factor} times {e.other_array}, a factor"
        yield "constant-factor", told if one else (factor, e.other_array)


def _ratio(c, m, tolerance=2e-5):
    """Return the one number r with c = r · m, or 0."""
    unit = m / np.max(np.abs(m), initial=0)  # f may be 1e200
    ratio = np.vdot(c, unit) / np.vdot(m, unit)
    return ratio if 0 < abs(ratio) < 1e9 and near(c, ratio * m, tolerance).all() else 0.0


ACTIVATIONS = [  # (f, f') of sigmoid, tanh, softplus and relu
    (lambda z: 0.5 + 0.5 * np.tanh(z / 2), lambda z: 0.25 - 0.25 * np.tanh(z / 2) ** 2),
    (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    (lambda z: np.logaddexp(0, z), lambda z: 0.5 + 0.5 * np.tanh(z / 2)),
    (lambda z: np.maximum(z, 0.0), lambda z: 1.0 * (z > 0)),
]


def activation(e):
    """The derivative of a usual activation of the input is missing, or taken at its output."""
    if same(e.c, e.upstream):
        yield "derivative-missing", ("the upstream gradient itself",)
    z, c, m, wrong = (array[e.known] for array in (e.x, e.c, e.m, e.wrong))
    for f, slope in ACTIVATIONS if wrong.sum() > 1 else ():
        for slug, taken in (("derivative-missing", 1.0), ("at-activation", slope(f(z)))):
            if same(c * slope(z), m * taken) and np.array_equal(wrong, slope(z) != taken):
                yield slug, ("not complete",)  # the sentence of the other has no gap


def wrong_formula(e):
    """Yours varies with x in another way: their ratio is a function of x."""
    if e.count > 1:
        ratio = (e.c / e.m)[e.known][np.argsort(e.x[e.known])]
        steps = np.abs(np.diff(ratio)).sum()
        if steps < min(1e9, 3 * np.ptp(ratio)):
            yield "wrong-formula", (number(ratio[0]), number(ratio[-1]))


def unrelated(e):
    """Yours does not vary with the measured gradient at all."""
    yours, theirs = e.c[e.known], e.m[e.known]
    cosine = abs(np.vdot(yours, theirs)) / (np.linalg.norm(yours) * np.linalg.norm(theirs))
    if e.count >= 8 and cosine < 2 / np.sqrt(e.count):
        yield "random", (e.other_array,), f"; cosine between them {number(cosine)}"


# ---------------------------------------------------------------- some entries are right


def in_part(e):
    """Yours is wrong at one entry, in one row, or at some entries."""
    count = e.wrong.sum()
    if count == 1 and e.count > 2:
        yield "one-entry", ()
    for axis in range(e.c.ndim if e.c.ndim > 1 and count > 1 else 0):
        places = np.unique(np.argwhere(e.wrong)[:, axis])
        if len(places) == 1 and e.c.shape[axis] > 1:
            word = {0: "row", e.c.ndim - 1: "column"}.get(axis, f"slice of axis {axis}")
            yield "row-or-column", (word, places[0], _how(e))
    if 0 < count <= 0.5 * e.count:
        yield "some-entries", (count, e.count, _how(e))


def in_a_region(e):
    """Yours is wrong for some values of the input only."""
    right, size = e.known & ~e.wrong, np.abs(e.x)
    if min(e.wrong.sum(), right.sum()) < 2:
        return
    regions = {"above": e.x, "below": -e.x, "beyond ±": size, "within ±": -size}
    for (word, key), side in zip(regions.items(), ("positive", "negative", "", "")):
        edge, last = key[e.wrong].min(), key[right].max()
        if side and edge > 0 >= last:
            yield "negative", (side, _how(e))
        elif edge > last:
            yield "region", (word, number(abs(edge)), _how(e))


def _how(e):
    ratio = _ratio(e.c[e.wrong], e.m[e.wrong])
    zero = "" if e.c[e.wrong].any() else ", where it is zero"
    return f", there {mistakes.factor_of(ratio)} times it (a constant factor)" if ratio else zero


def not_accumulated(e):
    """Of an entry that several outputs use, one use alone is counted."""
    if e.upstream is not None:
        wrong = np.array([e.wrong[at] for at in e.spots])
        terms = (e.jacobian * e.upstream.ravel())[wrong]  # a row per wrong entry: its uses
        reads_one = (np.count_nonzero(e.jacobian[1:], axis=0) <= 1).all()
        one_term = near(terms, e.claims[wrong][:, None], e.tolerance).any(axis=1)
        if reads_one and one_term.all() and (np.count_nonzero(terms, axis=1) > 1).all():
            yield "not-accumulated", ()


def without_a_name(e):
    """Yours is another array: no pattern that has a name was found."""
    words = e.other_array, e.wrong.sum(), e.count, "" if e.plain else " measured"
    pattern = "" if e.plain else "; the differences have no pattern that has a name"
    yield "wrong", f"is not {e.other_array}" if e.plain and e.c.size == 1 else words, pattern


OF_ANOTHER_SHAPE = [not_a_number, wrong_shape, *map(alike, [turned, summed, multiplied])]
HYPOTHESES = [not_a_number, at_a_kink, scaled, unrelated, in_part, without_a_name]
HYPOTHESES += map(alike, [turned, summed, multiplied, displaced, lacking])
OF_A_FUNCTION = [activation, wrong_formula, in_a_region, not_accumulated]  # f is measured again
OF_A_FUNCTION += map(alike, [under_another, through_j])
