"""Compare claims with measured slopes, and tell what was found.

A `Trial` compares many entries at once along random directions, and only where they disagree
entry by entry; entries at a kink are moved together besides (`nnlib.ties`). What is wrong is
named by `nnlib.diagnosis`. `judge` is the whole of it: f, a point and a claim give a `Report`.
"""

from dataclasses import replace

import numpy as np

from nnlib import diagnosis, ties
from nnlib.ladder import AGREEMENT, FIRST, SAFETY, STEPS, TRIED
from nnlib.mistakes import VAGUE, Evidence, Report, fact
from nnlib.slopes import ROUNDING, Function, eps_of

APART = 4e-7  # a claim is wrong only this far away, relatively: f itself may be no better
LEVELS = {1e-7: "1e-7", 1e-5: "1e-5", 1e-3: "1e-3", 1e-1: "1e-1"}  # tolerances that are printed
FEW = 32  # entries that are looked at one by one
MANY = 200  # of larger arrays a sample is measured
TINY = 1e-6  # such a number is moved by its own size too
CALLS = 10_000  # after so many calls the judge stops looking for more


class Trial:
    """Compare the claims with f's measured slopes."""

    def __init__(self, function, claims, names):
        self.function, self.claimed = function, claims
        self.single = max(map(eps_of, [*claims, 0.0]))  # rounding of claims, 0 in float64
        outputs = function.base.reshape(function.shape)
        upstream = None if function.upstream is None else function.weights.reshape(outputs.shape)
        given = claims, function.arrays, function.active, upstream
        self.evidence = Evidence(*given, names, outputs, self._measure)
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
                return fact("dtype", e.name(e.which), e.c.dtype)
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
        self.largest = np.max(np.abs(self.parts), initial=0.0)
        self.size = np.hypot.reduce(self.parts)  # the norm, without overflow
        self.size *= self.size > 64 * min(self.function.rounding.sum(), ROUNDING)  # 0 up to that
        self.wrong = list(np.flatnonzero(~np.isfinite(self.claims)))
        for group in self._strata():
            while len(group) and not self.wrong and not self._group_agrees(group):
                if len(self.kinks) > 2 * FEW:
                    break
                if self.function.calls > CALLS:
                    self.unknown += [] if self.kinks else list(group)
                    break
                self.group = self._narrow(group)
                self._look_at_each(self.group)
                group = np.setdiff1d(group, self.group)
        size = np.abs(self.function.start)  # a claim of 0 looks right on steps that are too large
        self._look_at_each(np.flatnonzero((self.parts == 0) & (0 < size) & (size < TINY))[:FEW])
        if not self.wrong:
            told = ties.contradiction(self.function, self.claims, self.kinks)
            self.wrong, self.tied = told or ([], None)

    def _strata(self):
        """Group entries by claimed size, three decades a group, zeros apart."""
        parts = np.abs(self.parts)
        decade = np.floor(np.log10(np.max(parts, initial=0.0) / parts) / 3)
        decade[parts <= ROUNDING * self.size] = np.inf  # zero, up to rounding
        return [np.flatnonzero(decade == d) for d in np.unique(decade)]

    def _direction(self, group):
        """Move every entry of the group by ±(0.5 … 1.5) of its scale, the others not.

        Of some draws the one in which the claims cancel least: it tells most of their factor.
        """
        n, direction = len(group), np.zeros(self.claims.shape)
        size = 4 if n <= MANY else 1, n
        moves = self.rng.choice([-1.0, 1.0], size) * self.rng.uniform(0.5, 1.5, size)
        moves *= self.scale[group]
        direction[group] = moves[np.argmax(np.abs(moves @ self.claims[group]))]
        return direction / n**0.25

    def _group_agrees(self, group):
        """Compare along one direction, or along two if the first does not tell much."""
        for _ in range(2):
            doubt, tolerance = self._doubt(group)
            if doubt > 1:
                return False
            if tolerance <= 2e-8 * self.size:
                break
        self.reach = max(self.reach, tolerance)
        return True

    def _doubt(self, group):
        """Return (difference / tolerance, tolerance) of claimed and measured along a direction.

        More than 1 means: look closer, because they differ, or at a kink, or in coarse noise.
        """
        direction = self._direction(group)
        parts, line = self.claims[group] * direction[group], self.function.along(direction)
        expected = parts.sum()
        agrees, tolerance = self._compare(line, parts, expected)
        if agrees is not None:
            return 0.0 if agrees else np.inf, tolerance * len(group) ** 0.25
        slope, rounding = line.settled(), 64 * line.rounding / STEPS[FIRST + 3]
        if slope and abs(slope.value - expected) > max(1e-3 * abs(slope.value), rounding):
            return np.inf, 0.0  # for sure: no need to climb
        slope = self.function.climb(line)
        least = AGREEMENT * np.min(np.abs(parts))
        allowed = max(least, SAFETY * slope.error, self._blur(parts))
        doubt = abs(slope.value - expected) / allowed
        coarse = allowed > 1e-4 * self.size and len(group) <= FEW
        apart = abs(slope.right - slope.left) > 0.1 * (abs(slope.left) + abs(slope.right)) + allowed
        if slope.kink or apart or coarse or not np.isfinite(slope.error):
            doubt = max(2.0, np.nan_to_num(doubt))
        return doubt, allowed * len(group) ** 0.25

    def _compare(self, line, parts, expected):
        """Return (agreement, tolerance) of a line's slope with the expected one, its parts' sum.

        Agreement is True, False, or None where it is not clear. Many entries that move together
        pass many kinks: if the usual step does not agree, a much smaller one passes few.
        """
        n, smallest, size = len(parts), np.min(np.abs(parts)), np.hypot.reduce(parts)
        blur, large = self._blur(parts), len(self.claims) > MANY
        whole = self.size / n**0.25
        if size <= ROUNDING * whole:
            size = whole  # claims of zero, up to rounding: compare them with all others
        coarsest = max(min(1e-4 * size, AGREEMENT * whole), blur)
        tolerance = line.agrees(expected, smallest, coarsest, tried=1 if n > MANY else TRIED)
        if tolerance is not None:
            return True, tolerance
        finest = min(2e-6 * whole / len(self.claims) ** 0.5, 1e-6 * size)
        finest = max(finest, blur)
        return line.agrees_close_by(expected, finest) if large else None, finest

    def _blur(self, parts):
        """Return what the rounding of claims in single precision can add to the sum of parts."""
        if not self.single:
            return 0.0
        return self.single * max(64 * np.hypot.reduce(parts), 8 * self.largest * len(parts) ** 0.25)

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

    def _look_at_each(self, entries):
        for entry in entries:
            if not self.wrong:
                self._look_at(entry)

    def _look_at(self, entry):
        """Measure one entry and file it: right, at a kink, unknown or wrong."""
        claim, slope = self.claims[entry], self._entry_slope(entry)
        self.measured[entry] = claim if slope is None else slope.value
        if slope is None:
            return
        allowed, scale = self._allowed(entry, slope), self.scale[entry]
        unit, off = self.function.unit(entry, scale), abs(slope.value - claim)
        if not np.isfinite(slope.error):
            self.unknown.append(entry)
        elif slope.kink and ties.is_between(
            self.function, self.claims, unit, slope.per(1 / scale), allowed * scale
        ):
            self.kinks[entry] = slope
            self.measured[entry] = claim
        elif off <= max(allowed, APART * min(abs(claim), abs(slope.value))):
            self.reach = max(self.reach, max(allowed, off) * scale)
        else:
            self.wrong.append(entry)
            self.slopes[entry] = slope

    def _allowed(self, entry, slope):
        largest, scale = max(abs(self.claims[entry]), abs(slope.value)), self.scale[entry]
        rounding = max(16 * ROUNDING * self.largest, self._blur([largest * scale]))
        return max(AGREEMENT * largest, SAFETY * slope.error, rounding / scale)

    def _entry_slope(self, entry):
        """Return the slope in one entry, or None if it agrees with the claim at once."""
        claim, best, size = self.claims[entry], None, abs(self.function.start[entry])
        other = [size] if 0 < size < 1e-2 else [1.0] if size > 1e2 else []  # 1e-9 m, 1e9 s
        for scale in [max(size, 1.0), *other]:
            line = self.function.along(self.function.unit(entry, scale))
            trusted = 3 if best is None else 0  # on small steps chance agrees with a small claim
            if line.agrees(claim * scale, abs(claim * scale), 0, trusted) is not None:
                if claim or scale == size or size >= TINY:
                    return None
                continue  # on steps that are too large anything looks flat
            new = line.settled() if self.wrong else None  # one full climb is proof enough
            if new and new.error <= 4e-6 * abs(new.value) and line.is_straight(FIRST):
                return new.per(scale)
            new = self.function.climb(line).per(scale)
            best = new if best is None or new.error < best.error or new.is_not(best) else best
        scale = 0.8 * self.scale[entry]  # if no digit is told, a step may have met a bad place
        if best and not best.kink and 10 * SAFETY * best.error * scale > self.size > 0:
            line = self.function.along(self.function.unit(entry, scale))
            best = min(best, self.function.climb(line).per(scale), key=lambda slope: slope.error)
        return best

    def finding(self, name):
        """Return (mistake, message) if a claim is wrong or nothing could be told, else None."""
        if self.wrong:
            return self._named() if name else ("wrong", "wrong")
        if self.size <= self.reach <= 1e4 * min(self.function.rounding.sum(), ROUNDING):
            self.size = 0.0  # no more than the rounding of f
        if self.unknown or self.reach >= self.size > 0:
            self._fill(self.unknown)
            return diagnosis.cannot_tell(self.evidence, self.unknown)
        return None

    def _named(self):
        """Measure what it takes to name the mistake: other entries of the input that is wrong."""
        e, size = self.evidence, len(self.claims)
        e.tied, e.complete = self.tied, size <= MANY
        for entry in range(size) if e.complete else self.group:
            if np.isnan(self.measured[entry]) and np.isfinite(self.claims[entry]):
                self._look_at(entry)
        self.wrong.sort()
        self._sample(self.function.place(self.wrong[0])[0])
        e.outside = [self.slopes[n] for n in self.wrong if n in self.slopes]
        e.noise = max((SAFETY * s.error / abs(s.value) for s in e.outside if s.value), default=0.0)
        inputs = self.function.owner[self.wrong]
        for which in [*np.unique(inputs), inputs[0]]:  # the first that has a name, or the first
            self.evidence = replace(e)
            self._fill(np.array(self.wrong)[inputs == which])
            told = diagnosis.diagnose(self.evidence)
            if told[0] not in VAGUE:
                break
        return told

    def _sample(self, which):
        """Measure the entries of one input, or some of them if they are many."""
        entries = np.flatnonzero((self.function.owner == which) & np.isnan(self.measured))
        if len(entries) > MANY:
            entries = np.sort(np.random.default_rng(3).choice(entries, 3 * FEW, replace=False))
        self.measured[entries] = self.function.gradient(entries)[entries]

    def _fill(self, wrong=()):
        places = [self.function.place(entry) for entry in wrong]
        self.evidence.fill(self.function.unflatten(self.measured), places)

    def _measure(self, which, directions, inputs=None, each=False):
        """Measure slopes along directions in one input, of f with other inputs if given."""
        f = self.function
        inputs = tuple(inputs or f.arrays)
        ours = [k == which or None for k in range(len(inputs))]
        try:
            other = Function(f.f, inputs, "each" if each else f.upstream, ours)
        except Exception:
            return None
        return np.array([other.slope(direction, each) for direction in directions])

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
        return Report(fault[0] is None, *fault, worst, *told, level, function.calls, kinks)

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


@np.errstate(all="ignore")
def judge(f, x, claimed, upstream=None, names=None, name=True):
    """Return the report; if `name` is False a wrong claim is only said to be wrong."""
    inputs = x if isinstance(x, tuple) else (x,)
    several = isinstance(claimed, (tuple, list))
    claims = claimed if several and isinstance(x, tuple) else (claimed,)
    if len(claims) != len(inputs) or claimed is None or _is_several(claimed, x):
        given = "None" if claimed is None else len(claimed) if several else 1
        wanted = f"{len(inputs)} input{'s' * (len(inputs) != 1)}"
        return Report(False, *fact("wrong-count", given, wanted), claimed=claimed)
    claims = [None if c is None else np.array(c) for c in claims]
    function = Function(f, x, upstream, claims)
    trial = Trial(function, claims, names)
    fault = function.unfit() or trial.misfit()
    if not fault:
        trial.run()
        fault = function.unfit() or trial.finding(name)
    return trial.report(fault)


def _is_several(claimed, x):
    """Say whether a tuple of gradients is claimed for one input."""
    one = isinstance(claimed, tuple) and not isinstance(x, tuple)
    return one and any(np.ndim(c) >= max(1, np.ndim(x)) for c in claimed)
