"""Read one slope off a ladder of steps, with an error bar.

A `Line` knows a function's slope to both sides of a point at every step of the ladder.
`Line.climb` reads the derivative off where its error bar is shortest; the bar is made from
noise that is measured, not assumed. `nnlib.slopes` lays lines through a point of f.
Source: lesson 02; Richardson (1911); Ridders (1982) for the error bar.
"""

from typing import NamedTuple

import numpy as np

STEPS = 0.23 * 0.25 ** np.arange(19)  # the ladder: fractions of a scale, 0.23 to 3e-12
FIRST = 3  # the rung tried first, 4e-3: truncation and rounding are both small there
TRIED = 6  # rungs that are tried before the whole ladder is climbed
AGREEMENT = 1e-7  # relative agreement that is proof enough
SAFETY = 5.0  # a claim is wrong only this many error bars away
OVERRULE = 16.0  # a smaller step overrules a larger one this many error bars away


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

    def __init__(self, rise, rounding, noise=0.0):
        self.rise, self.rounding, self.noise, self.seen = rise, rounding, noise, {}

    def sides(self, k):
        """Return (left slope, right slope) at step STEPS[k]."""
        if k not in self.seen:
            h = STEPS[k]
            self.seen[k] = -self.rise(-h) / h, self.rise(h) / h
        return self.seen[k]

    def of_output(self, n):
        """Return the line of one output alone, which shares what is measured."""
        line = Line(lambda h: self.rise(h)[n], self.rounding[n])
        line.sides = lambda k: tuple(side[n] for side in self.sides(k))
        return line

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
        """Try some rungs, `tried` at most: return the tolerance met there, or None.

        It is 1e-7 of the smallest part, or f's rounding if that is finer than `coarsest`;
        after so many `trusted` rungs f's rounding must be finer than 1e-7.
        """
        for k in range(FIRST, FIRST + tried):
            rounding = 8 * self.rounding / STEPS[k + 1]
            tolerance = max(AGREEMENT * smallest, min(rounding, coarsest))
            doubtful = k >= FIRST + trusted and rounding > AGREEMENT * smallest
            if doubtful or (k > FIRST and rounding > 32 * tolerance):
                return None  # so near to x rounding could agree with anything
            if not np.any(self.sides(k + 1)) and np.any(self.sides(0)):
                return None  # f stands still here, but not at large: a staircase?
            near = np.abs(self.extrapolated(k) - expected) <= tolerance
            if near and self.is_straight(k, tolerance):
                return tolerance
        return None

    def agrees_close_by(self, expected, tolerance):
        """Say whether f's slope at the smallest step that rounding allows is the expected one.

        So near to x there are few kinks. None means that it cannot be told there.
        """
        k = int(np.sum(max(self.rounding, self.noise) <= tolerance * STEPS)) - 1
        if k < 1 or not self.is_straight(k - 1, tolerance):
            return None
        coarse, fine = (np.mean(self.sides(n)) for n in (k - 1, k))
        off = abs(fine - expected)
        if off <= tolerance:
            return None if self.is_straight_at_large(expected) else True
        return False if abs(fine - coarse) <= 0.25 * off else None

    def is_straight_at_large(self, slope):
        """Say whether f moves straight on on larger steps, by another slope: does it jump here?"""
        fine = np.mean(self.sides(FIRST)) - slope
        if self.gap(FIRST) >= 0.5 * abs(fine):
            return False
        return abs(np.mean(self.sides(FIRST - 1)) - slope - fine) < 0.1 * abs(fine)

    def stair(self):
        """Return the height of a step if f, which stands still on the smallest, is a staircase.

        Around the smallest step that moves f a staircase takes few values, some of them twice;
        a function that is flat around x takes as many as it is asked for. One that never moves
        to both sides has its flat part, and perhaps a jump, on one of them.
        """
        moved = [k for k in range(len(STEPS) - 1) if np.any(self.sides(k))]
        if not any(np.all(self.sides(k)) for k in moved):
            return 0.0
        steps = STEPS[moved[-1]] * np.arange(1, 13) / 8
        if np.max(np.abs(self.sides(moved[-1]))) * steps[7] <= 16 * self.rounding:
            return 0.0  # that is the rounding of float64
        rises = np.abs([self.rise(sign * h) for h in steps for sign in (-1, 1)])
        largest = max(np.max(rises), 1e-300)
        rises = np.round(rises[rises > 1e-9 * largest] / largest, 9)
        return min(rises) * largest if 2 * len(np.unique(rises)) < len(rises) else 0.0

    def jumps(self, slope, error, k):
        """Return how far f jumps if it has this slope on step k, but does not rise by it, else 0.

        So does a cast to float32, or a quotient of what cancels. Between two places f rises by
        its slope there, unless it jumps; and another small step must find the same slope.
        """
        h, bent = 0.35 * STEPS[k], abs(np.mean(self.sides(k)) - slope)
        allowed = OVERRULE * (error + self.rounding / h)
        for large in (k // 2, k // 3):
            if abs(self.extrapolated(large) - slope) <= allowed:
                continue
            places = STEPS[large] * np.array([-0.94, -0.67, -0.31, 0.0, 0.23, 0.58, 0.97])
            ends = np.array([(self.rise(t - h), self.rise(t + h)) for t in places])
            local, rises = np.diff(ends).ravel() / (2 * h), ends.mean(axis=1)
            off = np.abs(np.diff(rises) / np.diff(places) - (local[1:] + local[:-1]) / 2)
            chance = abs(local[3] - slope) > bent + allowed + 0.1 * abs(slope)
            spread = 3 * np.ptp(np.sort(local)[1:-1]) + 1e-5 * np.max(np.abs(local))
            if chance or np.sum(off > spread + allowed) > 4:
                return np.ptp(rises - np.polyval(np.polyfit(places, rises, 2), places))
        return 0.0

    def settled(self):
        """Return the slope if two rungs agree on it to 1e-9 or to rounding, else None."""
        for k in range(FIRST, FIRST + 2):
            fine, coarse = self.extrapolated(k + 1), self.extrapolated(k)
            allowed = np.maximum(1e-9 * np.abs(fine), 8 * self.rounding / STEPS[k + 2])
            change = np.abs(fine - coarse)
            if np.all(change <= allowed):
                return Slope(fine, 4 * change + 1e-8 * np.abs(fine), fine, fine)
        return None

    def climb(self):
        """Climb the whole ladder and read off the slope where its error bar is shortest.

        What is known of f's noise from other lines counts where f stands still.
        """
        sides = np.array([self.sides(k) for k in range(len(STEPS))]).T
        still = not sides[:, -1].any()  # smaller steps will not tell more
        stair = self.stair() if still else 0.0
        noise = _noise(sides, max(still * self.noise, float(self.rounding)), stair)
        value, error, k = _read(sides.mean(axis=0), 16, noise)
        jumps = self.jumps(value, error, k + 1) if k > 6 else 0.0
        if jumps:
            sides[:, k // 2 :] = np.nan  # then small steps tell nothing
            noise = np.maximum(noise, jumps)
            value, error, _ = _read(sides.mean(axis=0), 16, noise)
        (left, *_), (right, *_) = both = [_read(side, 4, noise) for side in sides]
        sure = [side for side in both if side[1] <= 0.25 * abs(right - left)]
        split = _is_split(sides, noise, k + 1)
        kink = _has_kink(sides, noise) or (len(sure) == 2 and split)
        if split and not kink:  # smaller steps are past the kink
            value, error = (left + right) / 2, max(both[0][1], both[1][1], abs(right - left) / 2)
        if not np.isfinite(error):  # f lives on one side of x only, and may be steep there
            value, error, k = min(both, key=lambda side: side[1])
            steep = np.abs(sides) > 4 * (abs(value) + error) + 16 * noise / STEPS
            error = np.inf if steep[:, k:].any() else error
        if kink:  # a side whose slope does not settle (a jump, a vertical tangent) tells nothing
            sure = sure or [(0.0, np.inf, 0)]
            left, right, error = sure[0][0], sure[-1][0], min(side[1] for side in sure)
        return Slope(value, error, left, right, kink, np.min(noise) if still else 0.0)


def _extrapolate(quotients, factor):
    return quotients[1:] + np.diff(quotients) / (factor - 1)


def _spread(quotients, factor):
    """Return, for each inner rung, the change of the extrapolated slope to its neighbours."""
    change = np.abs(np.diff(_extrapolate(quotients, factor)))
    spread = np.maximum(change[:-1], change[1:])
    return np.where(np.isfinite(spread), spread, np.inf)


def _read(quotients, factor, noise):
    """Return (slope, error, rung) where the error bar is shortest.

    A smaller step overrules a larger one if it differs by more than both error bars.
    """
    every = _extrapolate(quotients, factor)
    value, change = every[:-1], np.nan_to_num(np.abs(np.diff(every)), nan=np.inf)
    error = np.max([np.append(0, change[:-1]), change, (noise / STEPS)[1:-1]], axis=0)
    best = np.argmin(error)
    while True:
        apart = np.abs(value - value[best]) > OVERRULE * (error + error[best])
        apart[: best + 1] = False
        if not apart.any():
            return value[best], error[best], best
        best = np.argmin(np.where(apart, error, np.inf))


def _noise(sides, rounding, stair):
    """Measure f's noise at each rung: where noise rules, step times spread is constant.

    It is the median over this rung and the five below, and of a staircase at least half of
    what it rises at once, for steps that do not move it tell nothing.
    """
    spread = _spread(sides.mean(axis=0), 16)
    rough = STEPS[2:-1] * spread
    windows = (rough[k : k + 6][np.isfinite(rough[k : k + 6])] for k in range(len(rough) - 2))
    noise = np.array([np.median(w) if w.size else 0.0 for w in windows])
    return np.pad(np.maximum(noise, max(rounding, stair / 2)), (2, 3), "edge")


def _has_kink(sides, noise):
    """Say whether the gap between right and left slope outlives every step that shows it.

    Down to the last rung that shows it, it must stay the same, or grow at an even rate (a
    jump, a vertical tangent); noise is uneven, and smooth functions lose it. If both sides jump
    alike, f(x) alone is off, perhaps by its rounding, and the central difference misses it.
    """
    gap, floor = np.abs(sides[1] - sides[0]), 16 * noise / STEPS
    seen = np.flatnonzero(np.isfinite(gap) & (gap > floor))
    if len(seen) < 4:
        return False
    last = seen[-1]
    hidden = last == len(STEPS) - 1 or gap[last] <= floor[last + 1]
    rates, mean = gap[last - 2 : last + 1] / gap[last - 3 : last], sides.mean(axis=0)
    even = 0.9 < np.min(rates) and np.ptp(rates) <= 0.3 * np.min(rates)
    off = np.min(rates) > 3.9 and np.all(np.abs(mean / gap)[last - 3 : last + 1] < 0.25)
    return bool(hidden and even and not off)


def _is_split(sides, noise, k):
    """Say whether right and left slope differ on the smaller steps where the slope was read.

    Then a kink is at x, or so near that noise hides what lies between. Of bent functions
    extrapolation leaves next to nothing, or a difference of the other sign.
    """
    gap = sides[1] - sides[0]
    rest = _extrapolate(gap[k : k + 2], 4)[0] * np.sign(gap[k])
    return bool(rest > 16 * noise[k + 1] / STEPS[k + 1] + 0.1 * abs(gap[k]))
