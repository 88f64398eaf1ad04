"""Measure one slope: f behind glass, a line through x, a ladder of steps.

A `Function` sees private copies only. A `Line` runs through x and knows f's slope to both
sides at every step of the ladder. `Line.climb` reads the derivative off the ladder where its
error bar is shortest; the bar is made from noise that is measured, not assumed.
Source: lesson 02; Richardson (1911); Ridders (1982) for the error bar.
"""

import copy
import os
from typing import NamedTuple

import numpy as np

from nnlib._shapes import ShapeError
from nnlib.mistakes import fact

STEPS = 0.23 * 0.25 ** np.arange(19)  # the ladder: fractions of a scale, 0.23 to 3e-12
FIRST = 3  # the rung tried first, 4e-3: truncation and rounding are both small there
TRIED = 6  # rungs that are tried before the whole ladder is climbed
AGREEMENT = 1e-7  # relative agreement that is proof enough
OVERRULE = 16.0  # a smaller step overrules a larger one this many error bars away
ROUNDING = np.finfo(float).eps


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
        self.arrays = [copy.deepcopy(array) for array in self.inputs]
        for k in self.active:
            self.arrays[k] = _real(self.inputs[k], "x holds", "fiu")
        self.start = self.flatten(self.arrays)
        sizes = [self.arrays[k].size for k in self.active]
        self.owner = np.repeat(np.array(self.active, int), sizes)  # the input of each entry
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
        ends = np.cumsum([self.arrays[k].size for k in self.active], dtype=int)
        for k, part in zip(self.active, np.split(flat, ends)):
            parts[k] = part.reshape(self.arrays[k].shape).copy()
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
            self.eps, result = max(ROUNDING, eps_of(result)), _real(result, "f returns", "fiub")
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
            return rises if each else rises.sum()

        return Line(rise, self.rounding if each else self.rounding.sum())

    def unit(self, entry, scale):
        """Return the direction that moves one entry alone, by its scale."""
        unit = np.zeros(self.start.shape)
        unit[entry] = scale
        return unit

    def slope(self, direction, each=False):
        """Return f's slope along a direction, without a claim to compare with."""
        scale = np.max(np.abs(self.start), initial=1.0, where=np.ravel(direction) != 0)
        line = self.along(np.ravel(direction) * scale, each=each)
        slope = line.settled()
        if slope:
            return slope.value / scale
        return (line.extrapolated(FIRST) if each else line.climb().value) / scale

    def gradient(self, entries, each=False):
        """Return f's slopes in some entries, as a flat vector; NaN in the others."""
        slopes = np.full(self.start.shape + self.base.shape * each, np.nan)
        for entry in progress(entries):
            slopes[entry] = self.slope(self.unit(entry, 1.0), each)
        return slopes

    def unfit(self):
        """Name what makes f unfit for measuring: it changes by itself, or is not a number."""
        again = self.outputs(self.start)
        change = np.where(again == self.base, 0.0, np.abs(again - self.base))
        self.rounding = np.maximum(self.rounding, np.nan_to_num(change * np.abs(self.weights)))
        finite = np.isfinite(self.base)
        largest = np.max(np.abs(self.base), initial=0, where=finite)
        if self.mutated:
            return fact("mutates-input", "f", "its input")
        if np.isnan(self.base).any() or (finite.size and not finite.any()):
            return fact("not-finite", "NaN" if np.isnan(self.base).any() else "Inf")
        moved = np.flatnonzero(change > 1e-9 * largest)[:1]
        both = self.base[moved], again[moved]
        return fact("not-deterministic", *np.ravel(both)) if len(moved) else None


def progress(entries):
    """Wrap a long check in a progress bar that shows after three seconds."""
    if len(entries) < 200 or os.environ.get("TQDM_DISABLE"):
        return entries
    from tqdm.auto import tqdm

    tqdm.monitor_interval = 0  # it would start a thread, and a browser has none
    return tqdm(entries, desc="measuring", unit="entry", delay=3, leave=False)


def _real(numbers, whose, kinds):
    """Return a private float64 array of real numbers."""
    if numbers is None:
        raise TypeError(f"{whose} None: is a return statement missing?")
    numbers = np.asarray(numbers)
    if numbers.dtype.kind not in kinds:
        raise TypeError(f"{whose} {numbers.dtype} numbers: only real numbers can be nudged")
    return np.array(numbers, dtype=float, order="C")


def _weights(upstream, shape):
    size = int(np.prod(shape))
    if upstream is None and size != 1:
        raise ValueError(
            f"f returns an array of shape {shape}: pass upstream=..., of that shape, "
            "so that the claimed gradient is that of (upstream * f(x)).sum()"
        )
    if upstream is None or isinstance(upstream, str):
        return np.ones(size)
    upstream = _real(upstream, "upstream holds", "fiub")
    if upstream.shape != shape and not upstream.size == size == 1:
        raise ShapeError(f"upstream has shape {upstream.shape}, expected {shape}, that of f(x)")
    return upstream.ravel()


def eps_of(numbers):
    """Return the relative rounding of numbers in float32 or float16, 0 of all others."""
    kind = getattr(numbers, "dtype", None)
    return float(np.finfo(kind).eps) if kind in ("f4", "f2") else 0.0


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

    def agrees(self, expected, smallest, coarsest, trusted=3, tried=TRIED):
        """Try some rungs: return the tolerance met there, or None.

        It is 1e-7 of the smallest part, or f's rounding if that is finer than `coarsest`;
        after so many `trusted` rungs f's rounding must be finer than 1e-7.
        """
        for k in range(FIRST, FIRST + tried):
            rounding = 8 * self.rounding / STEPS[k + 1]
            if k >= FIRST + trusted and rounding > AGREEMENT * smallest:
                return None  # so near to x rounding could agree with anything
            tolerance = max(AGREEMENT * smallest, min(rounding, coarsest))
            if not np.any(self.sides(k + 1)) and np.any(self.sides(0)):
                return None  # f stands still here, but not at large: a staircase?
            near = np.abs(self.extrapolated(k) - expected) <= tolerance
            if near and self.is_straight(k, tolerance):
                return tolerance
        return None

    def off_close_by(self, expected, tolerance):
        """Return how far off f's slope is at the smallest step that rounding allows, or None.

        So near to x there are few kinks. None means that it cannot be told there.
        """
        k = int(np.sum(self.rounding <= tolerance * STEPS)) - 1
        if k < 1:
            return None
        coarse, fine = (np.mean(self.sides(n)) for n in (k - 1, k))
        settled = abs(fine - expected) <= tolerance or abs(fine - coarse) <= tolerance
        still = not np.any(self.sides(k)) and self.is_stair()
        sure = settled and self.is_straight(k - 1, tolerance) and not still
        return abs(fine - expected) if sure else None

    def is_stair(self):
        """Say whether f, which stands still on small steps, moves straight on on larger ones."""
        coarse, fine = (sum(self.sides(k)) for k in (FIRST, FIRST + 1))
        return self.gap(FIRST) < 0.25 * abs(coarse) < 0.5 * abs(fine)

    def settled(self):
        """Return the slope if two rungs agree on it to 1e-9 or to rounding, else None."""
        for k in range(FIRST, FIRST + 2):
            fine, coarse = self.extrapolated(k + 1), self.extrapolated(k)
            allowed = np.maximum(1e-9 * np.abs(fine), 8 * self.rounding / STEPS[k + 2])
            change = np.abs(fine - coarse)
            if np.all(change <= allowed):
                return Slope(fine, 4 * change + 1e-8 * np.abs(fine), fine, fine)
        return None

    def climb(self, noise=0.0):
        """Climb the whole ladder and read off the slope where its error bar is shortest.

        `noise` is f's noise if it is known already from larger steps.
        """
        sides = np.array([self.sides(k) for k in range(len(STEPS))]).T
        noise = _noise(sides, max(noise, float(self.rounding)))
        value, error = _read(sides.mean(axis=0), 16, noise)
        both = [_read(side, 4, noise) for side in sides]
        (left, _), (right, _) = both
        kink = _has_kink(np.abs(sides[1] - sides[0]), noise)
        if not np.isfinite(error):  # f lives on one side of x only
            value, error = min(both, key=lambda side: side[1])
        if kink:  # a side whose slope does not settle (a jump, a vertical tangent) tells nothing
            sure = [side for side in both if side[1] <= 0.1 * abs(right - left)]
            sure = sure or [(0.0, np.inf)]
            left, right, error = sure[0][0], sure[-1][0], min(side[1] for side in sure)
        still = not sides[:, -1].any()  # smaller steps will not tell more
        return Slope(value, error, left, right, kink, noise[-1] if still else 0.0)


def _extrapolate(quotients, factor):
    return quotients[1:] + np.diff(quotients) / (factor - 1)


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
    windows = (w[np.isfinite(w)] for w in np.lib.stride_tricks.sliding_window_view(rough, 6))
    noise = np.array([np.median(w) if w.size else 0.0 for w in windows])
    moved = np.any(sides[:, 2:-1] != 0, axis=0) & np.isfinite(spread)
    if moved.any() and not moved.all() and _is_staircase(sides, spread):
        noise = np.maximum(noise, np.median(rough[moved][-6:]))
    return np.pad(np.maximum(noise, rounding), (2, 6), "edge")


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
    return bool(hidden and even)
