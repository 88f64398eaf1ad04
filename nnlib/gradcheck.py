"""The judge: finite differences measure what a formula claims.

Read from top to bottom. A `Function` is f behind glass: it sees private copies only.
A `Line` runs through the point and knows f's rise on both sides at every step of a ladder.
`_climb` reads the derivative off the ladder, with an error bar made from measured noise.
`_Trial` compares: many entries at once along random directions, and only where they
disagree entry by entry. What is wrong is named by `nnlib.diagnosis`.
Source: lesson 02; Richardson (1911); Ridders (1982) for the error bar.
"""

import copy
import re
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from nnlib import diagnosis
from nnlib._shapes import ShapeError

STEPS = 0.23 * 0.25 ** np.arange(19)  # the ladder: fractions of a scale, 0.23 to 3e-12
FIRST = 3  # the rung tried first, 4e-3: truncation and rounding are both small there
AGREEMENT = 1e-7  # relative agreement that is proof enough
SAFETY = 4.0  # a claim is wrong only this many error bars away
OVERRULE = 16.0  # a smaller step overrules a larger one this many error bars away
LEVELS = {1e-7: "1e-7", 1e-5: "1e-5", 1e-3: "1e-3", 1e-1: "1e-1"}  # tolerances that are printed
ROUNDING = np.finfo(float).eps
TRIED = 6  # rungs that are tried before the whole ladder is climbed
FEW = 32  # entries that are looked at one by one
MANY = 200  # of larger arrays a sample is measured
CALLS = 10_000  # after so many calls the judge stops looking for more

definitions = {}


@dataclass
class Report:
    """What the judge found; shown with a picture in a notebook."""

    passed: bool
    mistake: str | None
    message: str
    worst: tuple | None = None
    measured: object = None
    claimed: object = None
    tolerance: float = AGREEMENT
    evaluations: int = 0
    kinks: list = field(default_factory=list)
    told: bool = field(default=False, repr=False)  # its ✓ line was printed

    def __str__(self):
        return f"{'✓' if self.passed else '✗'} {self.message}"

    def _ipython_display_(self):
        """Show the picture, unless the ✓ line has told all there is to tell."""
        if not self.told:
            from IPython.display import display

            display({"text/html": diagnosis.picture(self), "text/plain": str(self)}, raw=True)


class GradientError(AssertionError):
    """A claimed gradient is not the measured one; `.report` holds the evidence."""

    def __init__(self, message, report=None):
        super().__init__(message)
        self.report = report

    def _render_traceback_(self):
        """Show a notebook reader the sentence alone, without the stack."""
        return [str(self)]


# ---------------------------------------------------------------- f behind glass


class Function:
    """f as a function of one flat float64 vector; counts calls, notices mutation.

    f gets fresh copies at each call, so views, read-only arrays and reused output buffers
    do no harm. A nudged point where f raises or changes shape counts as NaN. `claims` tell
    which inputs are nudged: those whose claim is not None.
    """

    def __init__(self, f, x, upstream=None, claims=None):
        self.f, self.upstream = f, upstream
        self.inputs = x if isinstance(x, tuple) else (x,)
        claims = self.inputs if claims is None else claims
        self.active = [k for k, claim in enumerate(claims) if claim is not None]
        self.arrays = [_private(a, k in self.active) for k, a in enumerate(self.inputs)]
        self.start = self.flatten(self.arrays)
        self.owner = np.repeat(
            np.array(self.active, int), [self.arrays[k].size for k in self.active]
        )
        self.calls, self.mutated, self.kept, self.shape = 0, False, [], None
        self.base = self.outputs(self.start)
        self.weights = _weights(upstream, self.shape)
        sizes = np.where(np.isfinite(self.base), np.abs(self.base), 0)  # -inf where masked
        self.rounding = self.eps * sizes * np.abs(self.weights)

    def flatten(self, arrays):
        """Lay the arrays of the active inputs end to end in one float64 vector."""
        return np.concatenate([np.ravel(arrays[k]) for k in self.active] or [[]], dtype=float)

    def unflatten(self, flat):
        """Cut a flat vector into copies of the shapes of the inputs, None where not active."""
        parts = [None] * len(self.arrays)
        for k in self.active:
            begin, end = np.searchsorted(self.owner, [k, k + 1])
            parts[k] = flat[begin:end].reshape(self.arrays[k].shape).copy()
        return parts

    def outputs(self, flat):
        """Return f at `flat` as a flat vector of its own, NaN where f cannot be computed."""
        self.calls += 1
        given = self.unflatten(flat)
        for k, array in enumerate(self.inputs):
            if k not in self.active:
                given[k] = copy.deepcopy(self.arrays[k])
            elif not isinstance(array, (np.ndarray, list, tuple)):
                given[k] = given[k][()]
        with np.errstate(all="ignore"):
            result = self._try(given)
        after = self.flatten(given)  # bit by bit, for NaN is not itself
        self.mutated |= not np.array_equal(after.view(np.int64), flat.view(np.int64))
        if len(self.kept) * flat.size < 2e6:  # while kept alive, no copy's id is used again:
            self.kept.append(given)  # f may remember its answers by id
        return result

    def _try(self, given):
        try:
            result = self.f(*given)
            self.eps, result = max(ROUNDING, _eps(result)), _real(result)
        except Exception:
            if self.shape is None:
                raise
            return np.full(self.base.shape, np.nan)
        self.shape = result.shape if self.shape is None else self.shape
        return result.ravel() if result.shape == self.shape else np.full(self.base.shape, np.nan)

    def place(self, entry):
        """Return (input, index) of an entry of the flat vector."""
        k = int(self.owner[entry])
        index = np.unravel_index(entry - np.searchsorted(self.owner, k), self.arrays[k].shape)
        return k, tuple(int(n) for n in index)

    def along(self, direction, start=None, each=False):
        """Return the line h -> upstream · (f(x + h·direction) - f(x)); `each` output alone."""
        start = self.start if start is None else start
        base = self.base if start is self.start else self.outputs(start)

        def rise(h):
            there = self.outputs(start + h * direction)
            rises = np.where(there == base, 0.0, there - base) * self.weights
            return rises if each else rises.sum(keepdims=True)

        return Line(rise, self.rounding if each else self.rounding.sum(keepdims=True))

    def unit(self, entry, scale):
        """Return the direction that moves one entry alone, by its scale."""
        unit = np.zeros(self.start.shape)
        unit[entry] = scale
        return unit

    def unfit(self):
        """Name what makes f unfit for measuring: it changes by itself, or is not a number."""
        again = self.outputs(self.start)
        change = np.where(again == self.base, 0.0, np.abs(again - self.base))
        self.rounding = np.maximum(self.rounding, np.nan_to_num(change * np.abs(self.weights)))
        finite = np.isfinite(self.base)
        largest = np.max(np.abs(self.base), initial=0, where=finite)
        if self.mutated:
            return diagnosis.fact("mutates-input", "f", "its input")
        if np.isnan(self.base).any() or (finite.size and not finite.any()):
            return diagnosis.fact("not-finite", "NaN" if np.isnan(self.base).any() else "Inf")
        moved = np.flatnonzero(change > 1e-9 * largest)[:1]
        both = self.base[moved], again[moved]
        return diagnosis.fact("not-deterministic", *np.ravel(both)) if len(moved) else None


def _private(array, active):
    if not active:
        return copy.deepcopy(array)
    array = np.asarray(array)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"x holds {array.dtype} numbers: only real numbers can be nudged")
    return np.array(array, dtype=float, order="C")


def _real(result):
    if result is None:
        raise TypeError("f returns None: is its return statement missing?")
    result = np.asarray(result)
    if result.dtype.kind not in "fiub":
        raise TypeError(f"f returns {result.dtype} numbers, expected real ones")
    return np.array(result, dtype=float)


def _weights(upstream, shape):
    size = int(np.prod(shape))
    if upstream is None and size != 1:
        raise ValueError(
            f"f returns an array of shape {shape}: pass upstream=..., of that shape, "
            "so that the claimed gradient is that of (upstream * f(x)).sum()"
        )
    if upstream is None or isinstance(upstream, str):
        return np.ones(size)
    upstream = _real(upstream)
    if upstream.shape != shape and not upstream.size == size == 1:
        raise ShapeError(f"upstream has shape {upstream.shape}, expected {shape}, that of f(x)")
    return upstream.ravel()


# ---------------------------------------------------------------- one derivative on one line


class Line:
    """Slopes of f from x to both sides, measured once per rung of the ladder."""

    def __init__(self, rise, rounding):
        self.rise, self.rounding, self.seen = rise, rounding, {}

    def sides(self, k):
        """Return (left slope, right slope) at step STEPS[k]."""
        if k not in self.seen:
            h = STEPS[k]
            self.seen[k] = -self.rise(-h) / h, self.rise(h) / h
        return self.seen[k]

    def gap(self, k):
        """Return right slope minus left slope: it shrinks with the step unless x is a kink."""
        left, right = self.sides(k)
        return np.abs(right - left)

    def extrapolated(self, k):
        """Return D(h/4) + (D(h/4) - D(h)) / 15, the central difference without its h² term."""
        coarse, fine = (np.add(*self.sides(n)) / 2 for n in (k, k + 1))
        return fine + (fine - coarse) / 15

    def is_straight(self, k, tolerance=0.0):
        """Say whether the gap between the sides shrinks from rung k to the next."""
        allowed = 16 * self.rounding / STEPS[k + 1] + tolerance
        return np.all(self.gap(k + 1) <= 0.5 * self.gap(k) + allowed)

    def agrees(self, expected, smallest, coarsest):
        """Try some rungs: return the tolerance met there, or None.

        It is 1e-7 of the smallest part, or f's rounding if that is finer than `coarsest`.
        """
        for k in range(FIRST, FIRST + TRIED):
            rounding = 8 * self.rounding[0] / STEPS[k + 1]
            if k > FIRST + 2 and rounding > AGREEMENT * smallest:
                return None  # so near to x rounding could agree with anything
            tolerance = max(AGREEMENT * smallest, min(rounding, coarsest))
            if not np.any(self.sides(k + 1)) and np.any(self.sides(0)):
                return None  # f stands still here, but not at large: a staircase?
            near = np.abs(self.extrapolated(k) - expected) <= tolerance
            if near and self.is_straight(k, tolerance):
                return tolerance
        return None

    def settled(self):
        """Return (slope, change) if two rungs agree on it to 1e-9 or to rounding, else None."""
        for k in range(FIRST, FIRST + 2):
            fine, coarse = self.extrapolated(k + 1), self.extrapolated(k)
            allowed = np.maximum(1e-9 * np.abs(fine), 8 * self.rounding / STEPS[k + 2])
            change = np.abs(fine - coarse)
            if np.all(change <= allowed):
                return fine, change
        return None


class Slope(NamedTuple):
    """A derivative with its error bar; at a kink the slopes of both sides."""

    value: float
    error: float
    left: float
    right: float
    kink: bool = False
    noise: float = 0.0

    def per(self, scale):
        """Return the slope per unit, of a line that moves by `scale` units."""
        return Slope(*(part / scale for part in self[:4]), *self[4:])

    def is_not(self, other):
        """Say whether both cannot be true: then the one of smaller steps is to be believed."""
        return abs(self.value - other.value) > OVERRULE * (self.error + other.error)


def _climb(line, noise=0.0):
    """Climb the whole ladder and read off the slope where its error bar is shortest.

    `noise` is f's noise if it is known already from larger steps.
    """
    sides = np.array([line.sides(k) for k in range(len(STEPS))])[:, :, 0].T
    noise = _noise(sides, max(noise, float(line.rounding[0])))
    value, error = _read(sides.mean(axis=0), 16, noise)
    both = _read(sides[0], 4, noise), _read(sides[1], 4, noise)
    (left, _), (right, _) = both
    kink = _has_kink(np.abs(sides[1] - sides[0]), noise)
    if not np.isfinite(error):  # f lives on one side of x only
        value, error = min(both, key=lambda side: side[1])
    if kink:  # a side whose slope does not settle (a jump, a vertical tangent) tells nothing
        sure = [side for side in both if side[1] <= 0.1 * abs(right - left)] or [(0.0, np.inf)]
        left, right, error = sure[0][0], sure[-1][0], min(side[1] for side in sure)
    still = not sides[:, -1].any()  # smaller steps will not tell more
    return Slope(value, error, left, right, kink, noise[-1] if still else 0.0)


def _extrapolate(quotients, factor):
    return quotients[1:] + np.diff(quotients, axis=0) / (factor - 1)


def _spread(quotients, factor):
    """Return, for each inner rung, the change of the extrapolated slope to its neighbours."""
    change = np.abs(np.diff(_extrapolate(quotients, factor)))
    spread = np.maximum(change[:-1], change[1:])
    return np.where(np.isfinite(spread), spread, np.inf)


def _read(quotients, factor, noise):
    """Return (slope, error) at the rung with the shortest error bar.

    A smaller step overrules a larger one if it differs by more than both error bars.
    """
    value = _extrapolate(quotients, factor)[1:-1]
    error = np.maximum(_spread(quotients, factor), (noise / STEPS)[2:-1])
    best = np.argmin(error)
    while True:
        apart = np.abs(value - value[best]) > OVERRULE * (error + error[best])
        apart[: best + 1] = False
        if not apart.any():
            return value[best], error[best]
        best = np.argmin(np.where(apart, error, np.inf))


def _noise(sides, rounding):
    """Measure f's noise at each rung: where noise rules, step times spread is constant.

    It is the median over this rung and the five below. Steps at which f does not move at
    all tell nothing if f is a fine staircase (a float32 cast inside): then it is at least
    that of the six smallest steps that do move it.
    """
    spread = _spread(sides.mean(axis=0), 16)
    rough = STEPS[2:-1] * spread
    last = len(rough) - 6
    windows = [rough[min(k, last) :][:6] for k in range(len(rough))]
    noise = np.array([np.median(w[np.isfinite(w)]) if np.isfinite(w).any() else 0 for w in windows])
    moved = np.any(sides[:, 2:-1] != 0, axis=0) & np.isfinite(spread)
    if moved.any() and not moved.all() and _is_staircase(sides, spread):
        noise = np.maximum(noise, np.median(rough[moved][-6:]))
    return np.pad(np.maximum(noise, rounding), (2, 1), "edge")


def _is_staircase(sides, spread):
    """Say whether f is straight on a large scale although it stands still on a small one."""
    best = np.argmin(np.where(sides[0, 2:-1] * sides[1, 2:-1] != 0, spread, np.inf))
    left, right = sides[:, best + 2]
    sure = max(abs(right - left), spread[best]) <= 0.25 * abs(right + left)
    gap = np.abs(sides[1] - sides[0])
    return sure or (gap[1] <= 0.5 * gap[0] and gap[2] <= 0.3 * gap[0])


def _has_kink(gap, noise):
    """Say whether the gap between right and left slope outlives every step that shows it.

    Down to the last rung that shows it, it must stay the same, or grow at an even rate (a
    jump, a vertical tangent); noise is uneven, and smooth functions lose it.
    """
    floor = 16 * noise / STEPS
    seen = np.flatnonzero(np.isfinite(gap) & (gap > floor))
    if len(seen) < 4:
        return False
    last = seen[-1]
    hidden = last == len(STEPS) - 1 or gap[last] <= floor[last + 1]
    rates = gap[last - 2 : last + 1] / gap[last - 3 : last]
    even = 0.9 < np.min(rates) and np.ptp(rates) <= 0.3 * np.min(rates)
    return bool(hidden and last >= 3 and even)


def _slope_along(function, direction, each=False):
    """Return f's slope along a direction, without a claim to compare with."""
    scale = np.max(np.abs(function.start), initial=1.0, where=np.ravel(direction) != 0)
    line = function.along(np.ravel(direction) * scale, each=each)
    settled = line.settled()
    if settled:
        return settled[0] / scale
    return (line.extrapolated(FIRST) if each else np.array([_climb(line).value])) / scale


def _measured(function, entries, each=False):
    """Return f's slopes in some entries, as a flat vector; NaN in the others."""
    slopes = np.full((*function.start.shape, function.base.size if each else 1), np.nan)
    for entry in diagnosis.progress(entries):
        slopes[entry] = _slope_along(function, function.unit(entry, 1.0), each)
    return slopes if each else slopes[:, 0]


# ---------------------------------------------------------------- claimed against measured


class _Trial:
    """Compare the claims with f's measured slopes."""

    def __init__(self, function, claims, names):
        self.function, self.claimed = function, claims
        self.coarse = 64 * max(map(_eps, [*claims, 0.0]))
        self.evidence = diagnosis.Evidence(
            claims, function.arrays, function.active,
            None if function.upstream is None else function.weights.reshape(function.shape),
            names, function.base.reshape(function.shape), self._measure,
        )  # fmt: skip
        self.rng = np.random.default_rng(2)
        self.scale = np.maximum(np.abs(function.start), 1.0)
        self.measured = np.full(function.start.shape, np.nan)
        self.kinks, self.slopes, self.unknown, self.wrong = {}, {}, [], []
        self.reach, self.tied, self.group = 0.0, None, []

    def misfit(self):
        """Name a claim that cannot be compared: of another type or shape than its input."""
        e, function = self.evidence, self.function
        for e.which in function.active:
            if e.c.dtype.kind not in "fiu":
                return diagnosis.fact("dtype", e.name(e.which), e.c.dtype)
            scalar = np.ndim(function.inputs[e.which]) == 0 and e.c.size == 1
            if e.c.shape != e.x.shape and not scalar:
                self._sample(e.which)
                e.fill(function.unflatten(self.measured))
                return diagnosis.diagnose(e)
        return None

    def run(self):
        """Accept group by group; look closer where a group disagrees, until one is wrong."""
        self.claims = self.function.flatten(self.claimed)
        self.parts = np.nan_to_num(self.claims * self.scale)
        self.size = _norm(self.parts)
        self.wrong = list(np.flatnonzero(~np.isfinite(self.claims)))
        for group in self._strata():
            while len(group) and not self.wrong and not self._group_agrees(group):
                if len(self.kinks) > 2 * FEW:
                    break
                if self.function.calls > CALLS:
                    self.unknown += [] if self.kinks else list(group)
                    break
                self.group = self._narrow(group)
                for entry in self.group:
                    if not self.wrong:
                        self._look_at(entry)
                group = np.setdiff1d(group, self.group)
        if not self.wrong:
            self._look_at_ties()

    def _strata(self):
        """Group entries by claimed size, three decades a group, zeros apart."""
        parts = np.abs(self.parts)
        decade = np.floor(np.log10(np.max(parts, initial=0) / parts) / 3)
        return [np.flatnonzero(decade == d) for d in np.unique(decade[np.isfinite(decade)])] + [
            np.flatnonzero(~np.isfinite(decade) & np.isfinite(self.claims))
        ]

    def _direction(self, group):
        """Move every entry of the group by ±(0.5 … 1.5) of its scale, the others not."""
        direction = np.zeros(self.claims.shape)
        signs = self.rng.choice([-1.0, 1.0], len(group))
        direction[group] = signs * self.rng.uniform(0.5, 1.5, len(group)) * self.scale[group]
        return direction / max(1, len(group)) ** 0.25

    def _group_agrees(self, group):
        """Compare along one direction, or along two if the first does not tell much."""
        for _ in range(2):
            doubt, tolerance = self._doubt(group)
            if doubt > 1:
                return False
            if tolerance <= 1e-8 * self.size:
                break
        self.reach = max(self.reach, tolerance)
        return True

    def _doubt(self, group):
        """Return (difference / tolerance, tolerance) of claimed and measured along a direction.

        More than 1 means: look closer, because they differ, or at a kink, or in coarse noise.
        """
        direction = self._direction(group)
        parts = self.claims[group] * direction[group]
        expected, line = parts.sum(), self.function.along(direction)
        smallest, size = np.min(np.abs(parts)), _norm(parts)
        coarsest = min(1e-4 * (size or self.size), AGREEMENT * self.size)
        tolerance = line.agrees(expected, smallest, coarsest)
        if tolerance is not None:
            return 0.0, tolerance
        settled = line.settled()
        if settled:
            rounding = 64 * line.rounding / STEPS[FIRST + 3]
            if abs(settled[0] - expected) > np.maximum(1e-3 * np.abs(settled[0]), rounding):
                return np.inf, 0.0  # for sure: no need to climb
        slope = _climb(line)
        allowed = max(AGREEMENT * smallest, SAFETY * slope.error, self.coarse * size, 1e-300)
        doubt = abs(slope.value - expected) / allowed
        coarse = allowed > 1e-4 * self.size and len(group) <= FEW
        if slope.kink or coarse or not np.isfinite(slope.error):
            doubt = max(2.0, np.nan_to_num(doubt))
        return doubt, allowed

    def _narrow(self, group):
        """Halve a group that disagrees until few entries are left: follow the greater doubt."""
        while len(group) > FEW:
            halves, doubts = np.array_split(group, 2), []
            for half in halves:
                doubts.append(self._doubt(half)[0])
                if np.isinf(doubts[-1]):
                    break
            group = halves[int(np.argmax(doubts))]
        return group

    def _look_at(self, entry):
        """Measure one entry and file it: right, at a kink, unknown or wrong."""
        claim, slope = self.claims[entry], self._entry_slope(entry)
        self.measured[entry] = claim if slope is None else slope.value
        if slope is None:
            return
        allowed, scale = self._allowed(entry, slope), self.scale[entry]
        unit = self.function.unit(entry, scale)
        if not np.isfinite(slope.error):
            self.unknown.append(entry)
        elif slope.kink and self._between(unit, slope.per(1 / scale), allowed * scale):
            self.kinks[entry] = slope
            self.measured[entry] = claim
        elif abs(slope.value - claim) <= allowed:
            self.reach = max(self.reach, allowed * scale)
        else:
            self.wrong.append(entry)
            self.slopes[entry] = slope

    def _between(self, direction, slope, allowed):
        """Say whether the claimed slope along a direction lies between those of both sides.

        If several outputs have their kink here, each may take a slope of its own.
        """
        off = abs(self.claims @ direction - (slope.left + slope.right) / 2)
        if off <= abs(slope.right - slope.left) / 2 + allowed:
            return True
        line = self.function.along(direction, each=True)
        gaps = np.maximum((4 * line.gap(6) - line.gap(5)) / 3, 0)
        return off <= gaps.sum() / 2 + allowed

    def _allowed(self, entry, slope):
        largest = max(abs(self.claims[entry]), abs(slope.value))
        rounding = 16 * ROUNDING * np.max(np.abs(self.parts)) / self.scale[entry]
        return max(AGREEMENT * largest, SAFETY * slope.error, rounding, self.coarse * largest)

    def _entry_slope(self, entry):
        """Return the slope in one entry, or None if it agrees with the claim at once."""
        claim, best, size = self.claims[entry], None, abs(self.function.start[entry])
        other = [size] if 0 < size < 1e-2 else [1.0] if size > 1e3 else []  # 1e-9 m, 1e9 s
        for scale in [max(size, 1.0), *other]:
            line = self.function.along(self.function.unit(entry, scale))
            if line.agrees(claim * scale, abs(claim * scale), 0) is not None:
                return None
            settled = line.settled() if self.wrong else None  # one full climb is proof enough
            if settled and settled[1] <= 1e-6 * abs(settled[0]) and line.is_straight(FIRST):
                value, change = settled[0][0] / scale, settled[1][0] / scale
                return Slope(value, 4 * change + 1e-8 * abs(value), value, value)
            new = _climb(line, best.noise if best else 0.0).per(scale)
            best = new if best is None or new.error < best.error or new.is_not(best) else best
        return best

    def _look_at_ties(self):
        """Move entries at a kink together: along a tie f is smooth, and every claim must agree."""
        for tied in self._tie_candidates():
            direction = np.zeros(self.claims.shape)
            direction[list(tied)] = list(tied.values())
            slope, expected = _climb(self.function.along(direction)), self.claims @ direction
            allowed = max(1e-6 * np.abs(self.claims * direction).sum(), SAFETY * slope.error)
            if slope.kink:
                gaps = [s.right - s.left for e, s in self.kinks.items() if e in tied]
                alike = abs(sum(gaps)) == sum(map(abs, gaps))  # f bends up at all of them, or down
                off = alike and not self._between(direction, slope, allowed)
                value = np.clip(expected, *sorted([slope.left, slope.right]))
            else:
                value, off = slope.value, abs(slope.value - expected) > allowed
                off = off and self._kink_moves_along(next(iter(tied)), direction)
            if off and np.isfinite(slope.error):
                self.wrong, self.tied = list(tied), (len(tied), value, expected, slope.kink)
                return

    def _tie_candidates(self):
        """Yield {entry: move}: entries of equal value together, then neighbours by their gaps."""
        for value in sorted({self.function.start[entry] for entry in self.kinks}):
            tied = np.flatnonzero(self.function.start == value)
            tied = sorted(tied, key=lambda entry: entry not in self.kinks)  # a kink first
            if len(tied) > 1:
                yield {entry: self.scale[entry] for entry in tied}
        entries = list(self.kinks)[:FEW]
        for one, other in zip(entries, entries[1:]):
            gaps = [abs(self.kinks[e].right - self.kinks[e].left) for e in (one, other)]
            for sign in (1, -1):
                yield {one: min(gaps) / gaps[0], other: sign * min(gaps) / gaps[1]}
        beyond = {e: self.claims[e] - (s.left + s.right) / 2 for e, s in self.kinks.items()}
        largest = max(map(abs, beyond.values()), default=0)
        if largest:  # the way on which a claim too long for its norm stands out
            yield {entry: move / largest for entry, move in beyond.items()}

    def _kink_moves_along(self, entry, direction):
        moved = self.function.start + 1e-2 * direction
        return _climb(self.function.along(self.function.unit(entry, self.scale[entry]), moved)).kink

    def finding(self, name):
        """Return (mistake, message) if a claim is wrong or nothing could be told, else None."""
        e = self.evidence
        if self.wrong and not name:
            return "wrong", "wrong"
        if self.wrong:
            self._gather()
            return diagnosis.diagnose(e)
        if self.unknown or self.reach >= self.size > 0:
            self._fill(self.unknown)
            return diagnosis.cannot_tell(e, self.unknown)
        return None

    def _gather(self):
        """Measure what it takes to name the mistake: other entries of the input that is wrong."""
        e, all_entries = self.evidence, np.arange(len(self.claims))
        e.tied, e.complete = self.tied, len(self.claims) <= 2 * FEW
        for entry in all_entries if e.complete else self.group:
            if np.isnan(self.measured[entry]) and np.isfinite(self.claims[entry]):
                self._look_at(entry)
        self.wrong.sort()
        self._sample(self.function.place(self.wrong[0])[0])
        e.outside = [self.slopes[n] for n in self.wrong if n in self.slopes]
        e.noise = max((SAFETY * s.error / abs(s.value) for s in e.outside if s.value), default=0.0)
        self._fill(self.wrong)

    def _sample(self, which):
        """Measure the entries of one input, or some of them if they are many."""
        entries = np.flatnonzero((self.function.owner == which) & np.isnan(self.measured))
        if len(entries) > MANY:
            entries = np.sort(np.random.default_rng(3).choice(entries, 3 * FEW, replace=False))
        self.measured[entries] = _measured(self.function, entries)[entries]

    def _fill(self, wrong=()):
        places = [self.function.place(entry) for entry in wrong]
        self.evidence.fill(self.function.unflatten(self.measured), places)

    def _measure(self, which, directions, inputs=None, each=False):
        """Measure slopes along directions in one input, of f with other inputs if given."""
        f = self.function
        ours = [True if k == which else None for k in range(len(f.inputs))]
        try:
            other = Function(f.f, tuple(inputs or f.arrays), "each" if each else f.upstream, ours)
        except Exception:
            return None
        return np.array([_slope_along(other, direction, each) for direction in directions])

    def report(self, fault):
        """Return what is told: the fault, or praise with the tolerance that was met."""
        e, function, level = self.evidence, self.function, AGREEMENT
        if not fault:
            size = self.size or max(1.0, abs(float(function.base @ function.weights)))
            level = next((level for level in LEVELS if self.reach <= 2 * level * size), 1.0)
            self.measured = np.where(np.isnan(self.measured), self.claims, self.measured)
            self._fill()
            fault = None, self._praise(level)
        found = sorted(self.kinks.items())
        kinks = [(function.place(n), float(s.left), float(s.right)) for n, s in found]
        worst, measured = e.worst or None, e.measured or [None]
        if len(e.inputs) > 1:
            worst, told = worst and (e.which, worst), [tuple(measured), tuple(e.claimed)]
        else:
            kinks, told = [(at[1], *sides) for at, *sides in kinks], [measured[0], e.c]
        passed = fault[0] is None
        return Report(passed, *fault, worst, *told, level, function.calls, kinks)

    def _praise(self, level):
        n = self.claims.size
        note = " (f is too noisy for more digits)" if level != AGREEMENT else ""
        if self.kinks:
            note = f" ({len(self.kinks)} at a kink: any slope between both sides is right)"
        inputs = self.function.inputs
        if any(np.asarray(inputs[k]).dtype.kind in "iu" for k in self.function.active):
            note += " (x holds integers: measured as float64)"
        agree = f"{n} entr{'y agrees' if n == 1 else 'ies agree'}"
        return f"{agree} with finite differences within {LEVELS.get(level, '1')}{note}"


def _norm(parts):
    """Return the Euclidean norm, without overflow."""
    largest = np.max(np.abs(parts), initial=0)
    return float(largest * np.linalg.norm(parts / largest)) if largest else 0.0


def _eps(numbers):
    """Return the relative rounding of numbers in float32 or float16, 0 of all others."""
    kind = getattr(numbers, "dtype", None)
    return float(np.finfo(kind).eps) if kind in ("f4", "f2") else 0.0


@np.errstate(all="ignore")
def _judge(f, x, claimed, upstream=None, names=None, name=True):
    """Return the report; if `name` is False a wrong claim is only said to be wrong."""
    inputs = x if isinstance(x, tuple) else (x,)
    claims = claimed if isinstance(x, tuple) and isinstance(claimed, (tuple, list)) else (claimed,)
    if len(claims) != len(inputs) or claimed is None or _is_several(claimed, x):
        several = isinstance(claimed, (tuple, list))
        given = "None" if claimed is None else len(claimed) if several else 1
        wanted = "1 input" if len(inputs) == 1 else f"{len(inputs)} inputs"
        return Report(False, *diagnosis.fact("wrong-count", given, wanted), claimed=claimed)
    claims = [None if c is None else np.array(c) for c in claims]
    function = Function(f, x, upstream, claims)
    trial = _Trial(function, claims, names)
    fault = function.unfit() or trial.misfit()
    if not fault:
        trial.run()
        fault = function.unfit() or trial.finding(name)
    return trial.report(fault)


def _is_several(claimed, x):
    """Say whether a tuple of gradients is claimed for one input."""
    one = isinstance(claimed, tuple) and not isinstance(x, tuple)
    return one and any(np.ndim(c) >= max(1, np.ndim(x)) for c in claimed)


# ---------------------------------------------------------------- what the course calls


def numerical_gradient(f, x):
    """Return the measured gradient of a scalar f at x, in x's shape (a tuple for several x).

    Central differences on a ladder of steps, extrapolated (lesson 02). At a kink: the mean
    of the slopes on both sides. Raises ValueError if f(x) is not one number.
    """
    function = Function(f, x)
    parts = function.unflatten(_measured(function, range(function.start.size)))
    return tuple(parts) if isinstance(x, tuple) else parts[0]


def numerical_jacobian(f, x):
    """Return the measured Jacobian of f at x: f(x)'s shape + x's shape; entry ∂f_i/∂x_k."""
    function = Function(f, x, upstream="each")
    columns = _measured(function, range(function.start.size), each=True)
    return columns.T.reshape(function.shape + np.shape(x))


def compare_gradient(f, x, claimed, *, upstream=None):
    """Compare a claimed gradient with the measured one; never raises on a wrong gradient.

    Parameters
    ----------
    f : callable
        Scalar function of x; array-valued if `upstream` is given. With a tuple x, f(*x).
    x : ndarray or tuple of ndarray
        The point. Never changed.
    claimed : ndarray or tuple
        ∂f/∂x in x's shape, or the VJP ∂(upstream * f).sum()/∂x. None for an input
        without gradient (such as labels): it is passed to f as it is.
    upstream : ndarray, shape of f(x)

    Returns
    -------
    Report
        `.mistake` is a key of `diagnosis.MISTAKES`, "cannot-tell" where noise hides the
        answer.

    Raises
    ------
    TypeError, ValueError
        x or f(x) cannot be measured at all: complex numbers, an array without upstream.
    """
    return _judge(f, x, claimed, upstream)


def check_gradient(f, x, claimed, label="", *, upstream=None):
    """Print one ✓ line, or raise GradientError with the mistake's name; see compare_gradient."""
    return _announce(compare_gradient(f, x, claimed, upstream=upstream), label)


def _announce(report, label):
    line = f"{label}: {report.message}" if label else report.message
    if not report.passed:
        raise GradientError(f"✗ {line}", report)
    print(f"✓ {line}")
    report.told = True
    return report


def define(label, thing):
    """Record that equation `label`, "(n.m) name", is a definition, and what it is in code.

    Prints one line and returns the thing. Running a cell again is harmless.
    """
    if not re.match(r"\(\d+\.\d+[a-z]?\)", label):
        raise ValueError(f"a definition's label begins with its number, as (5.1): {label!r}")
    definitions[label.split()[0]] = thing
    name = label.partition(" ")[2] or getattr(thing, "__name__", type(thing).__name__)
    print(f"≔ {label.split()[0]} {name}")
    return thing


def check_equal(left, right, label=""):
    """Print one ✓ line if two routes lead to the same numbers, else raise GradientError.

    Equal means within 1e-12 of the largest entry, and never stricter than 1e-15. NaN is
    equal to nothing.
    """
    left, right = np.asarray(left), np.asarray(right)
    evidence = diagnosis.Evidence([left], [None], [0], names=["left side"], complete=True)
    evidence.measured = [right]
    if left.shape == right.shape:
        same = _same(left, right)
        if same.all():
            count = f"{left.size} {'entry' if left.size == 1 else 'entries'}"
            return _announce(Report(True, None, f"{count} equal within 1e-12"), label)
        evidence.fill([right], [(0, tuple(int(n) for n in at)) for at in np.argwhere(~same)])
    fault = diagnosis.compare(evidence)
    return _announce(Report(False, *fault, evidence.worst or None, right, left, 1e-12), label)


def _same(left, right):
    if not {left.dtype.kind, right.dtype.kind} <= set("biufc"):
        return np.asarray(left == right)
    with np.errstate(all="ignore"):
        sizes = np.abs([left * 1.0, right * 1.0])
        largest = np.max(sizes, initial=1e-3, where=np.isfinite(sizes))
        return np.asarray((left == right) | (np.abs(left * 1.0 - right) <= 1e-12 * largest))


# ---------------------------------------------------------------- whole layers


def check_layer(layer, X, label=""):
    """Check every parameter's gradient and that of X, with a random upstream gradient.

    Also: a forward at another point before (stale cache), backward twice (doubled
    gradients), training and evaluation mode, mutation of X and upstream. The layers of a
    composite are then checked one by one, from the loss down. The layer is not changed.
    """
    calls = 0
    for mode in [True, False] if hasattr(layer, "training") else [None]:
        report = _judge_network(_in_mode(layer, mode), X)
        calls += report.evaluations
        if not report.passed:
            break
    report.evaluations = calls
    if not report.passed and mode is False:
        report.message += "\n  This is in evaluation mode (training = False)."
    return _announce(report, label)


def _in_mode(layer, mode):
    twin = copy.deepcopy(layer)
    for part in [twin, *getattr(twin, "layers", [])] if mode is not None else []:
        if hasattr(part, "training"):
            part.training = mode
    return twin


def _judge_network(network, X):
    """Judge a layer; if a composite is wrong, its layers one by one, the last one first."""
    if not hasattr(network, "layers"):
        return _judge_layer(network, X)
    report, points = _judge_layer(network, X, name=False), [np.array(X)]
    if report.passed:
        return report
    for part in network.layers:
        points.append(copy.deepcopy(part).forward(points[-1].copy()))
    for n, part in reversed(list(enumerate(network.layers))):
        report = _judge_layer(part, points[n])
        if not report.passed:
            report.message = f"in layer {n} ({type(part).__name__}), {report.message}"
            return report
    report = _judge_layer(network, X)
    if report.mistake == "kink":  # the slopes of the whole lie further apart than one claim may
        report.passed, report.mistake = True, None
        report.message = "every layer agrees by itself within 1e-7 (X is at a kink of the whole)"
    return report


def _judge_layer(layer, X, name=True):
    """Judge a layer that has seen another X before; if it fails only then, its cache is stale."""
    rng = np.random.default_rng(4)
    used = copy.deepcopy(layer)
    X = np.array(X, dtype=float) if np.asarray(X).dtype.kind == "f" else np.array(X)
    used.forward(X + rng.normal(size=X.shape) if X.dtype.kind == "f" else X[::-1].copy())
    report = _judge_backward(used, X, name=False)
    if report.passed or report.mistake in ("mutates-input", "doubled"):
        return report
    fresh = _judge_backward(copy.deepcopy(layer), X, name)
    if not fresh.passed:
        return fresh
    report = _judge_backward(used, X)
    where = "".join(report.message.splitlines()[1:2]).strip()
    report.mistake, report.message = diagnosis.fact("stale-cache", where=where)
    return report


def _judge_backward(layer, X, name=True):
    """Compare what backward returns and sets with finite differences of forward."""
    keys = list(layer.parameters)
    names = ["dX", *(re.sub(r"(\w+)$", r"d\1", key) for key in keys)]
    values = [np.array(layer.parameters[k]) for k in keys]
    twin, given = copy.deepcopy(layer), X.copy()
    upstream = np.random.default_rng(5).normal(size=np.shape(twin.forward(given)))
    sent = upstream.copy()
    first = _gradients(twin, keys, sent)
    before, after = [X, upstream, *values], [given, sent, *(twin.parameters[k] for k in keys)]
    for thing, one, two in zip(["X", "upstream", *keys], before, after):
        if not np.array_equal(one, two, equal_nan=True):
            return Report(False, *diagnosis.fact("mutates-input", "the layer", thing))
    if first[0] is None and X.dtype.kind == "f":
        return Report(False, *diagnosis.fact("wrong-count", "None", "1 input"))
    report = _judge(_forward_of(layer, keys), (X, *values), first, upstream, names, name)
    if report.passed:
        for thing, one, two in zip(names, first, _gradients(twin, keys, sent)):
            if one is not None and not np.allclose(one, two, 1e-9, 1e-12, equal_nan=True):
                norms = [diagnosis.number(np.linalg.norm(array)) for array in (one, two)]
                norms = "norm {} first, {} then".format(*norms)
                return Report(False, *diagnosis.fact("doubled", thing, where=norms))
    return report


def _gradients(layer, keys, upstream):
    below = layer.backward(upstream)
    every = [below, *(layer.gradients.get(k, np.nan) for k in keys)]
    return tuple(None if array is None else np.array(array) for array in every)


def _forward_of(layer, keys):
    """Return forward as a function of X and the parameters, on a fresh twin each time."""

    def forward(X, *values):
        twin = copy.deepcopy(layer)
        for key, value in zip(keys, values):
            twin.parameters[key][...] = value
        return twin.forward(X)

    return forward
