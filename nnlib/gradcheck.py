"""The judge: finite differences measure what a formula claims.

Read from top to bottom. A `Function` is f behind glass: it sees private copies only.
A `Line` runs through the point and knows f's rise on both sides at every step of a ladder.
`_slope` reads the derivative off the ladder, with an error bar made from measured noise.
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
OVERRULE = 16.0  # a smaller step overrules a larger one only this many error bars away
LEVELS = {1e-7: "1e-7", 1e-5: "1e-5", 1e-3: "1e-3", 1e-1: "1e-1"}  # tolerances that are printed
ROUNDING = np.finfo(float).eps
FEW = 32  # entries that are looked at one by one
MANY = 600  # larger arrays are measured at a sample of their entries
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
    do no harm. A nudged point where f raises or changes shape counts as NaN.
    """

    def __init__(self, f, x, upstream=None, skip=()):
        self.f, self.upstream = f, upstream
        self.inputs = x if isinstance(x, tuple) else (x,)
        self.active = [k for k in range(len(self.inputs)) if k not in skip]
        self.arrays = [_private(a, k in self.active) for k, a in enumerate(self.inputs)]
        self.start = self.flatten([self.arrays[k] for k in self.active])
        ends = np.cumsum([self.arrays[k].size for k in self.active], dtype=int)
        self.slices = [slice(end - self.arrays[k].size, end) for k, end in zip(self.active, ends)]
        self.calls, self.mutated, self.kept = 0, False, []
        self.shape = None
        self.base = self.outputs(self.start)
        self.weights = _weights(upstream, self.shape)
        sizes = np.where(np.isfinite(self.base), np.abs(self.base), 0)  # -inf where masked
        self.rounding = ROUNDING * self.weigh(sizes, np.abs(self.weights))

    @staticmethod
    def flatten(arrays):
        """Lay arrays end to end in one float64 vector."""
        return np.concatenate([np.ravel(a) for a in arrays] or [[]], dtype=float)

    def unflatten(self, flat):
        """Cut a flat vector into copies of the shapes of the active inputs."""
        pairs = zip(self.active, self.slices)
        return [flat[part].reshape(self.arrays[k].shape).copy() for k, part in pairs]

    def outputs(self, flat):
        """Return f at `flat` as a flat vector of its own, NaN where f cannot be computed."""
        self.calls += 1
        given = [None if k in self.active else copy.deepcopy(a) for k, a in enumerate(self.arrays)]
        for k, part in zip(self.active, self.unflatten(flat)):
            given[k] = part if isinstance(self.inputs[k], (np.ndarray, list, tuple)) else part[()]
        with np.errstate(all="ignore"):
            result = self._try(given)
        self._notice_mutation(given, flat)
        return result

    def _try(self, given):
        try:
            result = _real(self.f(*given))
        except Exception:
            if self.shape is None:
                raise
            return np.full(self.base.shape, np.nan)
        if self.shape is None:
            self.shape = result.shape
        fits = result.shape == self.shape
        return result.ravel() if fits else np.full(self.base.shape, np.nan)

    def _notice_mutation(self, given, flat):
        for k, part in zip(self.active, self.slices):
            self.mutated |= np.asarray(given[k]).tobytes() != flat[part].tobytes()
        if len(self.kept) * flat.size < 2e6:  # while kept alive, no copy's id is used again
            self.kept.append(given)

    def weigh(self, outputs, weights):
        """Return upstream · outputs as a vector of one entry; all outputs for a Jacobian."""
        return (
            outputs * weights if isinstance(self.upstream, str) else np.array([outputs @ weights])
        )

    def place(self, entry):
        """Return (input, index) of an entry of the flat vector."""
        for k in self.active:
            if entry < self.arrays[k].size:
                return k, tuple(int(n) for n in np.unravel_index(entry, self.arrays[k].shape))
            entry -= self.arrays[k].size
        raise IndexError(entry)

    def label(self, entry):
        """Return the index of an entry, with the input's number if there are several."""
        k, index = self.place(entry)
        return (k, index) if len(self.inputs) > 1 else index

    def along(self, direction, start=None):
        """Return the line h -> f(x + h·direction) - f(x)."""
        start = self.start if start is None else start
        base = self.base if start is self.start else self.outputs(start)

        def rise(h):
            there = self.outputs(start + h * direction)
            return self.weigh(np.where(there == base, 0.0, there - base), self.weights)

        return Line(rise, self.rounding)

    def gaps(self, direction):
        """Return the gap between right and left slope of each output, weighted."""
        gaps = []
        for h in STEPS[5:7]:
            both = self.outputs(self.start + h * direction) + self.outputs(
                self.start - h * direction
            )
            gaps.append(np.abs((both - 2 * self.base) * self.weights) / h)
        return np.maximum((4 * gaps[1] - gaps[0]) / 3, 0)

    def moved_by_itself(self):
        """Say whether f at x is still what it was, up to rounding."""
        again = self.outputs(self.start)
        change = np.where(again == self.base, 0.0, np.abs(again - self.base))
        self.rounding = np.maximum(self.rounding, self.weigh(change, np.abs(self.weights)))
        largest = np.max(np.abs(self.base), initial=0, where=np.isfinite(self.base))
        same = (change <= 1e-9 * largest) | np.isnan(change)
        return None if same.all() else (self.base[~same][0], again[~same][0])


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

    def agrees(self, expected, smallest, coarsest):
        """Try three rungs: return the tolerance met there, or None.

        It is 1e-7 of the smallest part, or f's rounding if that is finer than `coarsest`.
        """
        for k in range(FIRST, FIRST + 3):
            rounding = 8 * self.rounding / STEPS[k + 1]
            tolerance = np.maximum(AGREEMENT * smallest, np.minimum(rounding, coarsest))
            straight = self.gap(k + 1) <= 0.5 * self.gap(k) + 2 * rounding + tolerance
            if not np.any(self.sides(k + 1)) and np.any(self.sides(0)):
                return None  # f stands still here, but not at large: a staircase?
            if straight and np.abs(self.extrapolated(k) - expected) <= tolerance:
                return float(tolerance[0])
        return None

    def bent(self):
        """Say whether the gap between the sides does not shrink on the first rungs."""
        rounding = 8 * self.rounding / STEPS[FIRST + 1]
        return bool(np.any(self.gap(FIRST + 1) > 0.5 * self.gap(FIRST) + 2 * rounding))

    def settled(self):
        """Return the slope if two rungs agree on it to 1e-9, else None."""
        for k in range(FIRST, FIRST + 2):
            fine, coarse = self.extrapolated(k + 1), self.extrapolated(k)
            allowed = np.maximum(1e-9 * np.abs(fine), 8 * self.rounding / STEPS[k + 2])
            if np.all(np.abs(fine - coarse) <= allowed):
                return fine
        return None


class Slope(NamedTuple):
    """A derivative with its error bar; at a kink the slopes of both sides."""

    value: float
    error: float
    left: float
    right: float
    kink: bool
    noise: float = 0.0


def _slope(line, noise=0.0):
    """Climb the whole ladder and read off the slope where its error bar is shortest.

    `noise` is f's noise if it is known already from larger steps.
    """
    sides = np.array([line.sides(k) for k in range(len(STEPS))])[:, :, 0].T
    left, right = sides
    central = (left + right) / 2
    noise = _noise(sides, max(noise, float(line.rounding[0])))
    value, error = _read(central, 16, noise)
    kink = _has_kink(np.abs(right - left), noise)
    (left, left_error), (right, right_error) = _read(left, 4, noise), _read(right, 4, noise)
    if not np.isfinite(error):  # f lives on one side of x only
        value, error = min((left, left_error), (right, right_error), key=lambda s: s[1])
    if kink:  # a side whose slope does not settle (a jump, a vertical tangent) tells nothing
        sure = [
            s for s, e in ((left, left_error), (right, right_error)) if e <= 0.1 * abs(right - left)
        ]
        left, right, error = (
            (sure[0], sure[-1], min(left_error, right_error)) if sure else (0, 0, np.inf)
        )
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
    return bool(
        hidden and last >= 3 and 0.9 < np.min(rates) and np.ptp(rates) <= 0.3 * np.min(rates)
    )


# ---------------------------------------------------------------- claimed against measured


class _Trial:
    """Compare a flat vector of claims with f's measured slopes."""

    def __init__(self, function, claims, coarse):
        self.function, self.claims, self.coarse = function, claims, coarse
        self.rng = np.random.default_rng(2)
        self.scale = np.maximum(np.abs(function.start), 1.0)
        self.size = _norm(self._parts())
        self.measured = np.full(claims.shape, np.nan)
        self.kinks, self.slopes, self.unknown, self.wrong = {}, {}, [], []
        self.reach, self.tied = 0.0, None

    def _parts(self):
        return np.nan_to_num(self.claims * self.scale)

    def run(self):
        """Accept group by group; look closer where a group disagrees."""
        self.wrong = list(np.flatnonzero(~np.isfinite(self.claims)))
        for group in self._strata():
            while len(group) and not self._group_agrees(group):
                if len(self.kinks) > 2 * FEW or (self.wrong and len(group) > FEW):
                    break
                if self.function.calls > CALLS:
                    self.unknown += [] if self.kinks else list(group)
                    break
                entries = self._narrow(group)
                for entry in diagnosis.progress(entries):
                    self._look_at(entry)
                group = np.setdiff1d(group, entries)
        if not self.wrong:
            self._look_at_ties()

    def _strata(self):
        """Group entries by claimed size, three decades a group, zeros apart."""
        parts = np.abs(self._parts())
        largest = np.max(parts, initial=0)
        decade = np.floor(np.log10(largest / parts) / 3)
        return [np.flatnonzero(decade == d) for d in np.unique(decade[np.isfinite(decade)])] + [
            np.flatnonzero(~np.isfinite(decade) & np.isfinite(self.claims))
        ]

    def _direction(self, group, scale):
        """Move every entry of the group by ±(0.5 … 1.5) of its scale, the others not."""
        direction = np.zeros(self.claims.shape)
        signs = self.rng.choice([-1.0, 1.0], len(group))
        direction[group] = signs * self.rng.uniform(0.5, 1.5, len(group)) * scale[group]
        return direction / max(1, len(group)) ** 0.25

    def _group_agrees(self, group):
        """Compare along one direction, or along two if the first does not tell much."""
        for _ in range(2):
            doubt, tolerance = self._doubt(self._direction(group, self.scale), group)
            if doubt > 1:
                return False
            if tolerance <= 1e-8 * self.size:
                break
        self.reach = max(self.reach, tolerance)
        return True

    def _doubt(self, direction, group):
        """Return (difference / tolerance, tolerance) of claimed and measured along a direction.

        More than 1 means: look closer, because they differ, or at a kink, or in coarse noise.
        """
        parts = self.claims[group] * direction[group]
        expected, line = parts.sum(), self.function.along(direction)
        smallest, size = np.min(np.abs(parts)), _norm(parts)
        coarsest = min(1e-4 * (size or self.size), AGREEMENT * self.size)
        tolerance = line.agrees(expected, smallest, coarsest)
        if tolerance is not None:
            return 0.0, tolerance
        slope = _slope(line)
        allowed = max(AGREEMENT * smallest, SAFETY * slope.error, self.coarse * size)
        coarse = allowed > 1e-4 * self.size and len(group) <= FEW
        if slope.kink or coarse or not np.isfinite(slope.error):
            return max(2.0, np.nan_to_num(abs(slope.value - expected) / allowed)), allowed
        return abs(slope.value - expected) / max(allowed, 1e-300), allowed

    def _narrow(self, group):
        """Halve a group that disagrees until few entries are left: follow the greater doubt."""
        while len(group) > FEW:
            halves = np.array_split(group, 2)
            directions = [self._direction(half, self.scale) for half in halves]
            sure = [self._surely_differs(d) for d in directions]
            if any(sure):
                group = halves[sure.index(True)]
            else:
                doubts = [self._doubt(d, half)[0] for d, half in zip(directions, halves)]
                group = halves[int(np.argmax(doubts))]
        return group

    def _surely_differs(self, direction):
        """Say whether a few calls suffice to see that the claims are wrong along a direction."""
        line, expected = self.function.along(direction), self.claims @ direction
        slope = line.settled()
        return slope is not None and abs(slope[0] - expected) > 1e-3 * abs(slope[0])

    def _look_at(self, entry):
        """Measure one entry and file it: right, at a kink, unknown or wrong."""
        claim, slope = self.claims[entry], self._entry_slope(entry)
        if slope is None:
            return
        self.measured[entry] = slope.value
        allowed = self._allowed(entry, slope)
        if not np.isfinite(slope.error):
            self.unknown.append(entry)
        elif slope.kink and self._between(entry, slope, allowed):
            self.kinks[entry] = slope
            self.measured[entry] = claim
        elif abs(slope.value - claim) <= allowed:
            self.reach = max(self.reach, allowed * self.scale[entry])
        else:
            self.wrong.append(entry)
            self.slopes[entry] = slope

    def _between(self, entry, slope, allowed):
        """Say whether a claim lies between the slopes of both sides.

        If several outputs have their kink here, each may take a slope of its own.
        """
        claim = self.claims[entry]
        if (
            min(slope.left, slope.right) - allowed
            <= claim
            <= max(slope.left, slope.right) + allowed
        ):
            return True
        unit = np.zeros(self.claims.shape)
        unit[entry] = self.scale[entry]
        reach = self.function.gaps(unit).sum() / 2 / self.scale[entry]
        return abs(claim - (slope.left + slope.right) / 2) <= reach + allowed

    def _allowed(self, entry, slope):
        largest = max(abs(self.claims[entry]), abs(slope.value))
        rounding = 16 * ROUNDING * np.max(np.abs(self._parts())) / self.scale[entry]
        if slope.value == slope.error == 0:  # f stands still: smaller claims cannot move it
            rounding = max(rounding, ROUNDING)
        return max(AGREEMENT * largest, SAFETY * slope.error, rounding, self.coarse * largest)

    def _entry_slope(self, entry):
        """Return the slope in one entry, or None if it agrees with the claim at once."""
        claim, unit = self.claims[entry], np.zeros(self.claims.shape)
        best = None
        for scale in self._scales(entry):
            unit[entry] = scale
            line = self.function.along(unit.copy())
            if line.agrees(claim * scale, abs(claim * scale), 0) is not None:
                self.measured[entry] = claim
                return None
            settled = line.settled() if self.wrong else None  # one full climb is proof enough
            if settled is not None and not line.bent():
                value = settled[0] / scale
                return Slope(value, 1e-6 * abs(value), value, value, False)
            value, error, left, right, kink, noise = _slope(line, best.noise if best else 0.0)
            new = Slope(value / scale, error / scale, left / scale, right / scale, kink, noise)
            best = new if best is None or self._overrules(new, best) else best
        return best

    def _scales(self, entry):
        size = abs(self.function.start[entry])
        return [max(size, 1.0)] + ([size] if 0 < size < 1e-2 else [1.0] if size > 1e3 else [])

    @staticmethod
    def _overrules(new, old):
        """Say whether a slope measured at smaller steps is to be believed."""
        surely_other = abs(new.value - old.value) > OVERRULE * (new.error + old.error)
        return surely_other or new.error < old.error

    def _look_at_ties(self):
        """Move tied entries together: along a tie f is smooth, and every claim must agree."""
        for tied in self._tie_candidates():
            direction = np.zeros(self.claims.shape)
            direction[list(tied)] = list(tied.values())
            slope = _slope(self.function.along(direction))
            if slope.kink or not np.isfinite(slope.error):
                continue
            expected = self.claims @ direction
            size = np.abs(self.claims * direction).sum()
            off = abs(slope.value - expected) > max(1e-6 * size, SAFETY * slope.error)
            if off and self._kink_moves_along(next(iter(tied)), direction):
                self.wrong += list(tied)
                self.tied = (list(tied), slope.value, expected)
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

    def _kink_moves_along(self, entry, direction):
        unit = np.zeros(self.claims.shape)
        unit[entry] = self.scale[entry]
        moved = self.function.start + 1e-2 * direction
        return _slope(self.function.along(unit, moved)).kink


def _norm(parts):
    """Return the Euclidean norm, without overflow."""
    largest = np.max(np.abs(parts), initial=0)
    return float(largest * np.linalg.norm(parts / largest)) if largest else 0.0


def _quick_slopes(function, entries):
    """Return f's slope in each of the entries, without a claim to compare with."""
    slopes = []
    for entry in diagnosis.progress(entries):
        unit = np.zeros(function.start.shape)
        unit[entry] = scale = max(abs(function.start[entry]), 1.0)
        line = function.along(unit)
        slope = line.settled()
        if slope is None and len(line.rounding) == 1:
            slope = np.array([_slope(line).value])
        slopes.append((line.extrapolated(FIRST) if slope is None else slope) / scale)
    return np.array(slopes).reshape(len(slopes), -1)


# ---------------------------------------------------------------- what the course calls


def numerical_gradient(f, x):
    """Return the measured gradient of a scalar f at x, in x's shape (a tuple for several x).

    Central differences on a ladder of steps, extrapolated (lesson 02). At a kink: the mean
    of the slopes on both sides. Raises ValueError if f(x) is not one number.
    """
    function = Function(f, x)
    flat = _quick_slopes(function, range(function.start.size))[:, 0]
    parts = function.unflatten(flat)
    return tuple(parts) if isinstance(x, tuple) else parts[0]


def numerical_jacobian(f, x):
    """Return the measured Jacobian of f at x: f(x)'s shape + x's shape; entry ∂f_i/∂x_k."""
    function = Function(f, x, upstream="each")
    columns = _quick_slopes(function, range(function.start.size))
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


@np.errstate(all="ignore")
def _judge(f, x, claimed, upstream=None, names=None):
    inputs = x if isinstance(x, tuple) else (x,)
    claims = claimed if isinstance(x, tuple) and isinstance(claimed, (tuple, list)) else (claimed,)
    if len(claims) != len(inputs) or claimed is None or _is_several(claimed, x):
        given = _number_of(claimed)
        wanted = "1 input" if len(inputs) == 1 else f"{len(inputs)} inputs"
        fault = diagnosis.fact("wrong-count", given, wanted)
        return Report(False, *fault, claimed=claimed)
    skip = [k for k, claim in enumerate(claims) if claim is None]
    claims = [None if c is None else np.array(c) for c in claims]
    function = Function(f, x, upstream, skip)
    evidence = _evidence(function, claims, names, upstream)
    fault = _unfit(function) or _unfit_claims(evidence, function)
    if fault:
        return _blame(fault, evidence, function)
    flat = function.flatten([claims[k] for k in function.active])
    trial = _Trial(function, flat, max([_coarseness(c) for c in claims if c is not None] + [0.0]))
    trial.run()
    fault = _unfit(function) or _finding(trial, evidence)
    if fault:
        return _blame(fault, evidence, function, _kinks(trial))
    return _praise(trial, evidence)


def _number_of(claimed):
    if claimed is None:
        return "None"
    return len(claimed) if isinstance(claimed, (tuple, list)) else 1


def _is_several(claimed, x):
    """Say whether a tuple of gradients is claimed for one input."""
    one = isinstance(claimed, tuple) and not isinstance(x, tuple)
    return one and any(np.ndim(c) >= max(1, np.ndim(x)) for c in claimed)


def _evidence(function, claims, names, upstream):
    def gradient(f, inputs, upstream, which, positions):
        return _what_if(function, f, inputs, upstream, which, positions)

    return diagnosis.Evidence(
        claims,
        function.arrays,
        function.active,
        None if upstream is None else _real(upstream),
        function.f,
        names,
        gradient,
        lambda v, which: _jvp(function, v, which),
        lambda w: _diagonal(function, w),
        given=function.inputs,
    )


def _unfit(function):
    """Name what makes f unfit for measuring: it changes by itself, or is not a number."""
    moved = function.moved_by_itself()
    if function.mutated:
        return diagnosis.fact("mutates-input", "f", "its input")
    if np.isnan(function.base).any() or (
        function.base.size and not np.isfinite(function.base).any()
    ):
        return diagnosis.fact("not-finite", "NaN" if np.isnan(function.base).any() else "Inf")
    return moved and diagnosis.fact("not-deterministic", *moved)


def _unfit_claims(evidence, function):
    for k in function.active:
        claim = evidence.claimed[k]
        if claim.dtype.kind not in "fiu":
            return diagnosis.fact("dtype", evidence.name(k), claim.dtype)
        same = claim.shape == function.arrays[k].shape
        if not same and not (np.ndim(function.inputs[k]) == 0 and claim.size == 1):
            evidence.which = k
            _fill(evidence, function, _sampled(function, range(function.start.size)))
            return diagnosis.diagnose(evidence)
    return None


def _coarseness(claim):
    """Return the rounding of claims in float32 or float16, 0 for float64 and integers."""
    return 64 * float(np.finfo(claim.dtype).eps) if claim.dtype in ("f4", "f2") else 0.0


def _sampled(function, entries):
    """Measure the entries, or some of them if they are many; NaN elsewhere."""
    entries = np.asarray(entries, dtype=int)
    if len(entries) > MANY:
        entries = np.sort(np.random.default_rng(3).choice(entries, 3 * FEW, replace=False))
    slopes = np.full(function.start.shape, np.nan)
    if len(entries):
        slopes[entries] = _quick_slopes(function, entries)[:, 0]
    return slopes


def _fill(evidence, function, flat, wrong=()):
    """Give the evidence the measured arrays and the places of the wrong entries."""
    measured = [None] * len(function.arrays)
    for k, part in zip(function.active, function.unflatten(flat)):
        measured[k] = part
    evidence.fill(measured, [function.place(entry) for entry in wrong])


def _finding(trial, evidence):
    """Return (mistake, message) if a claim is wrong or nothing could be told, else None."""
    if trial.wrong:
        rest = np.flatnonzero(np.isnan(trial.measured))
        trial.measured[rest] = _sampled(trial.function, rest)[rest]
        evidence.tied, evidence.complete = trial.tied, len(trial.claims) <= FEW
        evidence.outside = [trial.slopes[e] for e in trial.wrong if e in trial.slopes]
        _fill(evidence, trial.function, trial.measured, trial.wrong)
        return diagnosis.diagnose(evidence)
    if trial.unknown or trial.reach >= trial.size > 0:
        _fill(evidence, trial.function, trial.measured, trial.unknown)
        return diagnosis.cannot_tell(evidence, trial.unknown)
    return None


def _kinks(trial):
    found = sorted(trial.kinks.items())
    return [(trial.function.label(entry), float(s.left), float(s.right)) for entry, s in found]


def _blame(fault, evidence, function, kinks=()):
    several = len(evidence.inputs) > 1
    measured = evidence.measured and (tuple(evidence.measured) if several else evidence.m)
    worst = evidence.worst or None
    return Report(
        False, *fault, (evidence.which, worst) if several and worst else worst, measured,
        tuple(evidence.claimed) if several else evidence.c, AGREEMENT, function.calls, list(kinks),
    )  # fmt: skip


def _praise(trial, evidence):
    """Return the report of a right gradient, with the tolerance that was demanded of it."""
    size = trial.size or max(1.0, abs(float(trial.function.base @ trial.function.weights)))
    level = next((level for level in LEVELS if trial.reach <= 2 * level * size), 1.0)
    message = diagnosis.praise(trial, LEVELS.get(level, "1"), evidence)
    several = len(evidence.inputs) > 1
    _fill(
        evidence, trial.function, np.where(np.isnan(trial.measured), trial.claims, trial.measured)
    )
    return Report(
        True, None, message, None, tuple(evidence.measured) if several else evidence.m,
        tuple(evidence.claimed) if several else evidence.c, level, trial.function.calls,
        _kinks(trial),
    )  # fmt: skip


# ---------------------------------------------------------------- "what if", for the diagnosis


def _what_if(function, f, inputs, upstream, which, positions):
    """Measure some entries of one gradient with f, inputs or upstream changed; None if f fails."""
    try:
        skip = [k for k in range(len(inputs)) if k != which]
        other = Function(f, tuple(inputs), upstream, skip)
    except Exception:
        return None
    shape = other.arrays[which].shape
    entries = [int(np.ravel_multi_index(at, shape)) if shape else 0 for at in positions]
    slopes = np.full(shape, np.nan)
    slopes.flat[entries] = _quick_slopes(other, entries)[:, 0]
    return slopes


def _jvp(function, vector, which):
    """Return J v, the change of every output of f when one input moves along v."""
    parts = [np.zeros(function.arrays[k].shape) for k in function.active]
    parts[function.active.index(which)] = vector
    direction, h = function.flatten(parts), STEPS[FIRST + 1]
    rise = function.outputs(function.start + h * direction)
    return (rise - function.outputs(function.start - h * direction)) / (2 * h)


def _diagonal(function, which):
    """Return ∂f_i/∂x_i for each i, of an f whose output has the shape of the input."""
    shape = function.arrays[which].shape
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.array([_jvp(function, u, which)[i] for i, u in enumerate(units)]).reshape(shape)


# ---------------------------------------------------------------- beside the equation


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

    Equal means within 1e-12 of the largest entry, and never stricter than 1e-15.
    """
    left, right = np.asarray(left), np.asarray(right)
    evidence = diagnosis.Evidence([left], [right], [0], names=["left side"])
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
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        return np.asarray(same | (np.abs(left * 1.0 - right) <= 1e-12 * largest))


# ---------------------------------------------------------------- whole layers


def check_layer(layer, X, label=""):
    """Check every parameter's gradient and that of X, with a random upstream gradient.

    Also: a forward at another point before (stale cache), backward twice (doubled
    gradients), training and evaluation mode, mutation of X and upstream. The layers of a
    composite are then checked one by one, from the loss down. The layer is not changed.
    """
    modes = [True, False] if hasattr(layer, "training") else [None]
    reports = []
    for mode in modes:
        reports.append(_judge_layer(_in_mode(layer, mode), X))
        if not reports[-1].passed:
            break
    report = reports[-1]
    if not report.passed and hasattr(layer, "layers"):
        at_kink = report.mistake == "kink" and _agree_by_themselves(report)
        report = _first_wrong(_in_mode(layer, mode), X) or at_kink or report
    report.evaluations = sum(r.evaluations for r in reports)
    if not report.passed and mode is False:
        report.message += "\n  This is in evaluation mode (training = False)."
    return _announce(report, label)


def _agree_by_themselves(report):
    """Turn a claim outside the slopes at a kink into a pass: each layer is right by itself."""
    report.passed, report.mistake = True, None
    report.message = "every layer agrees by itself within 1e-7 (X is at a kink of the whole)"
    return report


def _in_mode(layer, mode):
    twin = copy.deepcopy(layer)
    for part in [twin, *getattr(twin, "layers", [])] if mode is not None else []:
        if hasattr(part, "training"):
            part.training = mode
    return twin


def _judge_layer(layer, X):
    """Judge a layer that has seen another X before; if it fails only then, its cache is stale."""
    rng = np.random.default_rng(4)
    used = copy.deepcopy(layer)
    X = np.array(X, dtype=float) if np.asarray(X).dtype.kind == "f" else np.array(X)
    used.forward(X + rng.normal(size=X.shape) if X.dtype.kind == "f" else X[::-1].copy())
    report = _judge_backward(used, X)
    if report.passed or report.mistake in ("mutates-input", "doubled"):
        return report
    fresh = _judge_backward(copy.deepcopy(layer), X)
    if fresh.passed:
        evidence = report.message.splitlines()[1:2]
        fault = diagnosis.fact("stale-cache", where="".join(evidence).strip())
        report.mistake, report.message = fault
    return report if fresh.passed else fresh


def _judge_backward(layer, X):
    """Compare what backward returns and sets with finite differences of forward."""
    keys = list(layer.parameters)
    values = [np.array(layer.parameters[k]) for k in keys]
    twin = copy.deepcopy(layer)
    given = X.copy()
    upstream = np.random.default_rng(5).normal(size=np.shape(twin.forward(given)))
    sent = upstream.copy()
    first = _gradients(twin, keys, twin.backward(sent))
    mutated = [n for n, a, b in [("X", X, given), ("upstream", upstream, sent)]
               if not np.array_equal(a, b, equal_nan=True)]  # fmt: skip
    mutated += [k for k, v in zip(keys, values) if not np.array_equal(v, twin.parameters[k])]
    if mutated:
        return Report(False, *diagnosis.fact("mutates-input", "the layer", mutated[0]))
    if first[0] is None and X.dtype.kind == "f":
        return Report(False, *diagnosis.fact("wrong-count", "None", "1 input"))
    report = _judge(
        _forward_of(layer, keys), (X, *values), first, upstream, ["dX", *map(_of_name, keys)]
    )
    second = _gradients(twin, keys, twin.backward(upstream.copy()))
    return (
        _doubled(first, second, ["dX", *map(_of_name, keys)]) or report if report.passed else report
    )


def _of_name(key):
    head, _, tail = key.rpartition(".")
    return f"{head}.d{tail}" if head else f"d{tail}"


def _gradients(layer, keys, below):
    return tuple(
        None if g is None else np.array(g)
        for g in [below, *(layer.gradients.get(k, np.nan) for k in keys)]
    )


def _forward_of(layer, keys):
    """Return forward as a function of X and the parameters, on a fresh twin each time."""

    def forward(X, *values):
        twin = copy.deepcopy(layer)
        for key, value in zip(keys, values):
            twin.parameters[key][...] = value
        return twin.forward(X)

    return forward


def _doubled(first, second, names):
    for name, one, two in zip(names, first, second):
        if one is not None and not np.allclose(one, two, rtol=1e-9, atol=1e-12, equal_nan=True):
            sizes = [diagnosis.number(np.linalg.norm(g)) for g in (one, two)]
            fault = diagnosis.fact("doubled", name, where="norm {} first, {} then".format(*sizes))
            return Report(False, *fault)
    return None


def _first_wrong(network, X):
    """Check the layers of a composite one by one, the last one first."""
    points = [np.array(X)]
    for part in network.layers:
        points.append(copy.deepcopy(part).forward(points[-1].copy()))
    for n in reversed(range(len(network.layers))):
        report = _judge_layer(network.layers[n], points[n])
        if not report.passed:
            name = type(network.layers[n]).__name__
            report.message = f"in layer {n} ({name}), {report.message}"
            return report
    return None
