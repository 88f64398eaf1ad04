"""The reading of a ladder, sweep by sweep, on lines that are known without any f.

Each sweep moves one thing (noise, curvature, a kink, a grid) through all its sizes; its row in
test_ladder.txt has a letter for what was seen at each size. A row that changes is a change of the
judge: mean it, then write the table anew with `PYTHONPATH=. python tests/test_ladder.py`. Lines
use +, -, *, / and the square root alone, so that every machine rounds them alike.
"""

import pathlib

import numpy as np

from nnlib.ladder import STEPS, Line

TABLE = pathlib.Path(__file__).with_suffix(".txt")
RUNG = {h: k for k, h in enumerate([*STEPS, *-STEPS])}
ROUGH = np.random.default_rng(0).uniform(-1, 1, (4, len(RUNG)))


def sizes(first, last):
    """Return ten sizes a decade."""
    marks = "1 1.3 1.6 2 2.5 3.2 4 5 6.3 8".split()
    return [float(f"{mark}e{n}") for n in range(first, last) for mark in marks]


def rung(h):
    """Return a number for a step: its place on the ladder, or any other."""
    return RUNG.get(h, int(abs(h) / STEPS[-1]) % len(RUNG))


def cubic(h, _):
    return 1.3 * h - 0.7 * h * h + 0.4 * h * h * h


def kink(h, gap):
    return 0.3 * h + gap * abs(h)


def uneven_kink(h, size):
    return kink(h, 0.2 + size * ROUGH[0, rung(abs(h))])


def bent(h, size):
    return h + size * h * h + size * size * h * h * h


def near_a_kink(h, distance):
    return abs(h + distance) - distance


def narrow(h, width):
    return h + width * width * h / (h * h + width * width)


def steps(h, grid):
    return (np.floor(grid * (h + 0.5 * h * h) + 0.3) - np.floor(0.3)) / grid


def straight_steps(h, grid):
    return (np.floor(grid * h + 0.7) - np.floor(0.7)) / grid


def power(h, k):
    """Return h + |h| to the power k/16."""
    root = abs(h)
    for _ in range(4):
        root = np.sqrt(root)
    return h + np.prod([root] * k, initial=1.0)


def one_side(h, size):
    return bent(h, size) if h > 0 else np.nan


def waking(h, distance):
    """Return 0 up to some distance on one side and a bit more on the other, then slopes."""
    return max(h - distance, 0.0) - 0.7 * max(-h - 1.4 * distance, 0.0)


def asleep(h, width):
    """Return 0 up to some distance on both sides, then slopes."""
    return h - min(max(h, -width), width)


def two_steps(h, grid):
    """A staircase that is inside and outside of a bent function."""
    return steps(straight_steps(h, 1.7 * grid), grid)


def ripple(h, grid):
    """A staircase whose steps lean, steeply."""
    return steps(h, 1e9) + 30 * (grid * h - np.floor(grid * h)) / grid


def jump(h, at):
    return 1.0 * (h > at)


SWEEPS = [  # rise, what is swept, noise
    (cubic, sizes(-15, -1), None), (kink, sizes(-9, 1), 1e-12), (uneven_kink, sizes(-3, 0), 0.0),
    (bent, sizes(-2, 5), 1e-9), (near_a_kink, sizes(-12, 0), 1e-12), (narrow, sizes(-8, 1), 1e-13),
    (steps, sizes(0, 9), 0.0), (straight_steps, sizes(0, 9), 0.0), (power, range(25), 1e-9),
    (waking, sizes(-6, 1), 0.0), (asleep, sizes(-8, 1), 0.0), (two_steps, sizes(0, 9), 0.0),
    (one_side, sizes(-2, 5), 1e-12), (ripple, sizes(0, 9), 0.0),
    (near_a_kink, sizes(-5, 0), 1e-8),
    (jump, [-0.1, -1e-3, 0.0, 1e-6, 1e-3, 0.1, 9.0], 0.0),
]  # fmt: skip


def line(rise, size, noise, rounding, seed):
    """Return a line that rises as told, up to noise that differs from step to step."""
    return Line(lambda h: rise(h, size) + noise * ROUGH[seed, rung(h)], rounding)


def lines():
    """Yield (name, the lines of a sweep)."""
    for rise, swept, noise in SWEEPS:
        for s in range(4 if noise != 0 else 1):
            noises = swept if noise is None else [noise * s] * len(swept)
            rough = zip(swept, noises)
            yield f"{rise.__name__} {s}", [line(rise, size, n, 1e-14, s) for size, n in rough]
    for s in range(4):
        for known in (True, False):
            rough = [line(kink, 0.2, n, n if known else 1e-14, s) for n in sizes(-13, -1)]
            yield f"kink in noise {known} {s}", rough
            yield (
                f"known noise {known} {s}",
                [line(cubic, 0, n, n * known, s) for n in sizes(-13, -1)],
            )


def reading(one):
    """Return letters for what is seen on a line, and the numbers read there."""
    slope, settled = one.climb(), one.settled()
    met = one.agrees(slope.value, abs(slope.value), 3e-7), one.agrees(1.0, 1.0, 1e-3)
    letters = ["k" if slope.kink else "." if np.isfinite(slope.error) else "?"]
    letters += ["-" if one is None else "abc"[int(one > 1.01e-7) + int(one > 1e-5)] for one in met]
    letters += ["-" if settled is None else "s", str(sum(map(one.is_straight, (3, 4, 6))))]
    close = [one.agrees_close_by(e, t) for e in (0.0, 1.0, slope.value) for t in (1e-4, 1e-8)]
    letters += ["-" if yes is None else "ny"[int(yes)] for yes in close]
    letters += [str(int(one.is_straight_at_large(0.0))), str(int(one.stair() > 0))]
    numbers = [*slope[:4], slope.noise, *(settled or ())]
    numbers = np.nan_to_num(np.clip(numbers, -100, 100))
    return letters, float(np.sum(numbers + numbers / (1e-6 + np.abs(numbers))))


@np.errstate(all="ignore")
def rows():
    for name, sweep in lines():
        letters, numbers = zip(*map(reading, sweep))
        seen = " ".join(map("".join, zip(*letters)))
        yield f"{name}: {seen} {sum(numbers):.7f}\n"


def test_readings():
    with TABLE.open(encoding="utf-8") as table:
        for row, expected in zip(rows(), table, strict=True):
            assert row == expected


if __name__ == "__main__":
    TABLE.write_text("".join(rows()), encoding="utf-8")
