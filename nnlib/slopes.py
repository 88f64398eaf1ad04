"""Measure one slope: f behind glass, a line through x.

A `Function` sees private copies only; it lays a `Line` through x along a direction, and reads
off a slope, a gradient or a Jacobian (`nnlib.ladder`).
"""

import copy
import os

import numpy as np

from nnlib._shapes import ShapeError
from nnlib.ladder import Line
from nnlib.mistakes import fact

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
            _refuse_arrays_in_a_list(self.inputs[k])
            self.arrays[k] = _real(self.inputs[k], "x holds", "fiu")
        self.start = self.flatten(self.arrays)
        sizes = [self.arrays[k].size for k in self.active]
        self.owner = np.repeat(np.array(self.active, int), sizes)  # the input of each entry
        self.calls, self.noise, self.mutated, self.kept, self.shape = 0, 0.0, False, [], None
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

        return Line(rise, self.rounding if each else self.rounding.sum(), self.noise)

    def unit(self, entry, scale):
        """Return the direction that moves one entry alone, by its scale."""
        unit = np.zeros(self.start.shape)
        unit[entry] = scale
        return unit

    def climb(self, line):
        """Climb a line, and keep what it tells of f's noise for those on which f stands still."""
        slope = line.climb()
        self.noise = max(self.noise, slope.noise)
        return slope

    def slope(self, direction, each=False):
        """Return f's slope along a direction, without a claim to compare with."""
        scale = np.max(np.abs(self.start), initial=1.0, where=np.ravel(direction) != 0)
        line = self.along(np.ravel(direction) * scale, each=each)
        slope = line.settled()
        if slope:
            return slope.value / scale
        lines = [line.of_output(n) for n in range(self.base.size)] if each else [line]
        values = [line.climb().value / scale for line in lines]
        return np.array(values) if each else values[0]

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
    return tqdm(entries, "measuring", unit="entry", delay=3, leave=False, disable=False)


def _refuse_arrays_in_a_list(x):
    if isinstance(x, list) and any(isinstance(part, np.ndarray) for part in x):
        several = "several inputs are a tuple, x = (a, b)"
        raise TypeError(f"x holds a list of arrays: {several}; one input is one array, np.array(x)")


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
