"""Right and wrong gradients by name, for what the judge does call for call.

The functions use +, -, *, / and the square root alone, so that every machine rounds them alike.
"""

import numpy as np

x = np.array([0.37, -1.21, 2.03, -0.58, 1.49, 0.83])
w = np.array([1.3, -0.7, 0.4, 2.1, -1.6, 0.9])
many = (np.arange(210) % 37 - 18.2) / 11
f4, f2 = np.float32, np.float16


def bend(z):
    """A step from -1 to 1 without exp, of slope (1 + z²)^(-3/2)."""
    return z / np.sqrt(1 + z * z)


def slope(z):
    return 1 / np.sqrt(1 + z * z) ** 3


def total(z):
    """Add from left to right."""
    return float(np.add.accumulate(np.ravel(z))[-1])


def but(g, entry, by):
    g = np.array(g, float)
    g.flat[entry] += by
    return g


def smooth():
    for size in (1, 6, 32, 33, 64, 65, 200, 201):
        z = many[:size]
        yield f"{size} entries", lambda z: total(bend(z)), z, slope(z)
        yield f"{size}, the last wrong", lambda z: total(bend(z)), z, but(slope(z), -1, 0.01)
        yield f"{size}, all of another sign", lambda z: total(bend(z)), z, -slope(z)
    for error in (1e-3, 1e-5, 1e-6, 3e-7, 1e-7, 3e-8):
        yield f"all off by {error}", lambda z: total(z * z * w), x, 2 * x * w * (1 + error)
        yield f"one off by {error}", lambda z: total(z * z * w), x, but(2 * x * w, 2, error)
    for scale in (1e-200, 1e-9, 1e-3, 50, 1e4, 1e9, 1e200):
        claim = slope(x) / scale
        yield f"x of {scale}", lambda z, s=scale: total(bend(z / s)), x * scale, claim
        yield f"x of {scale}, wrong", lambda z, s=scale: total(bend(z / s)), x * scale, claim * 1.01
        yield f"f of {scale}", lambda z, s=scale: s * total(bend(z)), x, slope(x) * scale
    mixed = np.array([1e-6, 1e-3, 1, 1e3, 1e6, 1])
    yield "all scales", lambda z: total(bend(z / mixed)), x * mixed, slope(x) / mixed
    for n in range(6):
        claim = slope(x) / mixed * np.where(np.arange(6) == n, 1.1, 1)
        yield f"all scales, {n} wrong", lambda z: total(bend(z / mixed)), x * mixed, claim
    yield "flat", lambda z: total(z**4), 0 * x, 0 * x
    yield "flat, claimed 1e-3", lambda z: total(z**4), 0 * x, 0 * x + 1e-3
    yield "constant", lambda z: 3.0, x, 0 * x
    yield "constant, claimed 1e-17", lambda z: 3.0, x, 0 * x + 1e-17
    yield "constant, claimed 1", lambda z: 3.0, x, 0 * x + 1
    for steep in (30, 1e3, 1e5):
        yield f"steep {steep}", lambda z, s=steep: total(bend(s * z)), x / 50, steep * slope(steep * x / 50)  # fmt: skip


def noisy():
    for offset in (1e3, 1e6, 1e8, 1e10, 1e13):
        yield f"offset {offset}", lambda z, o=offset: o + total(z * z), x, 2 * x
        yield f"offset {offset}, wrong", lambda z, o=offset: o + total(z * z), x, but(2 * x, 3, 0.3)
        yield f"offset {offset}, zero", lambda z, o=offset: o + total(z * z), x, 0 * x
    for grid in (1e9, 1e6, 1e4, 256, 150, 100, 60, 10):
        step = lambda z, g=grid: total(np.floor(g * z + 0.5) * w) / g
        yield f"grid {grid}", step, x, w
        yield f"grid {grid}, wrong", step, x, but(w, 1, 0.5)
        yield f"grid {grid}, twice", step, x, 2 * w
        yield f"grid {grid}, zero", step, x, 0 * w
        curved = lambda z, g=grid: total(np.floor(g * z * z + 0.5)) / g
        yield f"curved grid {grid}", curved, x, 2 * x
    for kind in (f4, f2):
        cast = lambda z, k=kind: total(bend(z.astype(k)).astype(float))
        yield f"{kind.__name__} inside", cast, x, slope(x)
        yield f"{kind.__name__} inside, wrong", cast, x, but(slope(x), 0, 0.2)
        yield f"{kind.__name__} inside, half", cast, x, slope(x) / 2
        yield f"{kind.__name__} claimed", lambda z: total(bend(z)), x, slope(x).astype(kind)
    yield "beside 1e6", lambda a, b: 1e6 * total(a * a) + total(b * b), (x, w), (2e6 * x, 2 * w)
    yield "beside 1e6, wrong", lambda a, b: 1e6 * total(a * a) + total(b * b), (x, w), (2e6 * x, 3 * w)  # fmt: skip


def kinked():
    corner = lambda z: total(np.abs(z) * w)
    z = np.array([0.0, 1.2, -0.4, 0.0, 2.0, 1e-5])
    right = w * np.array([0, 1, -1, 0, 1, 1])
    for at in (0, 0.5, -1, 1, 1.01, 3):
        yield f"corner, {at}", corner, z, but(right, 0, at * w[0])
    for near in (1e-3, 1e-6, 1e-8):
        yield f"{near} from a corner", corner, z + near, w * np.sign(z + near)
        yield f"{near} from a corner, 0", corner, z + near, w * np.sign(z)
    both = np.array([1.0, 2, 2, 0])
    for claim in ([0, 1, 0, 0], [0, 0.5, 0.5, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0.1, 0.5, 0.5, 0]):
        yield f"largest, {claim}", lambda z: np.max(z), both, np.array(claim)
    pair = lambda a, b: np.maximum(a, b)
    for one, two in ((1, 0), (0.5, 0.5), (1, 1), (0.7, 0.7), (0, 0)):
        yield f"larger of equals, {one} {two}", pair, (x, x.copy()), (one * w, two * w), w
    length = lambda z: np.sqrt(total(z * z))
    yield "length at 0", length, np.zeros(3), np.array([0.5, 0.5, -0.5])
    yield "length at 0, too long", length, np.zeros(3), np.array([1.0, 1.5, 0])
    yield "jump", lambda z: total(z > 0), np.array([0.0, 1]), np.zeros(2)
    yield "jump beside", lambda z: total(z * z) + (z[0] > 0.3701), x, 2 * x
    yield "root", lambda z: total(np.sqrt(z)), x * x, 0.5 / np.abs(x)
    yield "root at its end", lambda z: total(np.sqrt(z)), np.array([1e-12, 2]), 0.5 / np.sqrt([1e-12, 2])  # fmt: skip
    yield "root at 0", lambda z: total(np.sqrt(z)), np.array([0.0, 2]), np.array([9, 0.5 / np.sqrt(2)])  # fmt: skip
    yield "one side", lambda z: total(z * np.sqrt(z)), np.array([0.0, 2]), np.array([0, 1.5 * np.sqrt(2)])  # fmt: skip
    yield "one side, wrong", lambda z: total(z * np.sqrt(z)), np.array([0.0, 2]), np.array([0.1, 1.5 * np.sqrt(2)])  # fmt: skip


def given():
    yield "NaN claimed", lambda z: total(z * z), x, but(2 * x, 1, np.nan)
    yield "another shape", lambda z: total(z * z), x, 2 * x[:5]
    for size in (200, 201):
        yield f"another shape, {size}", lambda z: total(z * z), many[:size], 2 * many[:9]
    yield "too few", lambda a, b: total(a * b), (x, w), (w,)
    yield "number", lambda z: z * z, 3.0, 6.0
    yield "integers", lambda z: total(z * z), np.arange(3), np.array([0, 2, 4])
    yield "None", lambda a, b: total(a * b), (x, w), (w, None)
    yield "nothing", lambda z: 1.0, np.zeros(0), np.zeros(0)
    yield "upstream", lambda z: z * z, x, 2 * x * w, w
    yield "upstream ignored", lambda z: z * z, x, 2 * x, w
    yield "swapped", lambda a, b: total(a * a * b), (x, w), (x * x, 2 * x * w)


def sizes(first, last):
    """Return five sizes a decade."""
    marks = "1 1.6 2.5 4 6.3".split()
    return [float(f"{mark}e{n}") for n in range(first, last) for mark in marks]


def changing(amplitude, size=1):
    """Return an f of some size that is not the same at each call, by so much."""
    calls = []
    return lambda z: (calls.append(0), size * (total(z * z) + amplitude * (len(calls) * 7 % 5)))[1]


def sweeps_of_errors():
    errors = sizes(-9, -3)
    squares, bends = (lambda z: total(z * z * w)), (lambda z: total(bend(z)))
    yield "all off", [(squares, x, 2 * x * w * (1 + e)) for e in errors]
    yield "one off", [(squares, x, but(2 * x * w, 3, e)) for e in errors]
    yield "one of 40 off", [(bends, many[:40], but(slope(many[:40]), 7, e)) for e in errors]
    yield "one number off", [(bends, 0.4, slope(0.4) * (1 + e)) for e in errors]
    mixed = np.array([1e-6, 1e-3, 1, 1e3, 1e6, 1])
    for n in (0, 4):
        claim = slope(x) / mixed
        claims = [np.where(np.arange(6) == n, claim * (1 + e), claim) for e in errors]
        yield f"entry {n} of all scales off", [(lambda z: total(bend(z / mixed)), x * mixed, c) for c in claims]  # fmt: skip
    offset = lambda z: 1e5 + total(z * z)
    yield "off beside 1e5", [(offset, x, but(2 * x, 3, e)) for e in errors]
    single = lambda z: total(bend(z.astype(f4)).astype(float))
    yield "off, float32 inside", [(single, x, slope(x) * (1 + e)) for e in sizes(-5, 0)]
    returned = lambda z: f4(total(bend(z)))
    yield "off, float32 returned", [(returned, x, slope(x) * (1 + e)) for e in sizes(-5, 0)]
    yield (
        "off, float32 claimed",
        [(bends, x, (slope(x) * (1 + e)).astype(f4)) for e in sizes(-8, -3)],
    )
    yield (
        "off, float16 claimed",
        [(bends, x, (slope(x) * (1 + e)).astype(f2)) for e in sizes(-5, 0)],
    )
    small = np.array([1.0, 1, 1, 1, 1, 1])
    for n in range(0, 13, 2):
        small = np.where(np.arange(6) == 2, 10.0**-n, 1.0)
        yield f"one small by 1e-{n}", [(lambda z, s=small: total(z * z * s), x, but(2 * x * small, 2, e * small[2])) for e in sizes(-7, 0)[::2]]  # fmt: skip


def sweeps_of_functions():
    yield "changing, tiny", [(changing(a, 1e-9), x, 2e-9 * x) for a in sizes(-17, -4)]
    for claim, word in ((2 * x, "right"), (but(2 * x, 1, 0.3), "wrong"), (0 * x, "zero")):
        offsets = [(lambda z, o=o: o + total(z * z), x, claim) for o in sizes(0, 18)[::3]]
        yield f"offsets, {word}", offsets
        grids = [
            (lambda z, g=g: total(np.floor(g * z * z + 0.5)) / g, x, claim) for g in sizes(0, 9)
        ]
        yield f"grids, {word}", grids
        changes = [(changing(a), x, claim) for a in sizes(-17, -4)]
        yield f"changing, {word}", changes
    for error in (1, 1.001):
        scaled = [(lambda z, s=s: total(bend(z / s)), x * s, error * slope(x) / s) for s in sizes(-12, 12)[::4]]  # fmt: skip
        yield f"scales of x, times {error}", scaled
        steep = [(lambda z, s=s: total(bend(s * z)), x / 9, error * s * slope(s * x / 9)) for s in sizes(-3, 7)[::2]]  # fmt: skip
        yield f"steepness, times {error}", steep
        counts = [(lambda z: total(bend(z)), many[:n], but(slope(many[:n]), n // 2, error - 1)) for n in range(1, 81, 3)]  # fmt: skip
        yield f"counts, one off by {error - 1:.3f}", counts
        spread = [(lambda z, s=s: total(z * z * s ** np.arange(6.0)), x, error * 2 * x * s ** np.arange(6.0)) for s in (1.0, 2.0, 4.0, 8.0, 32.0, 512.0)]  # fmt: skip
        yield f"decades, times {error}", spread


def sweeps_of_kinks():
    corner = lambda z: total(np.abs(z) * w)
    at = [np.where(np.arange(6) == 2, d, x) for d in sizes(-12, 0)]
    yield "near a corner", [(corner, z, np.sign(z) * w) for z in at]
    yield "near a corner, 0 claimed", [(corner, z, but(np.sign(z) * w, 2, -w[2])) for z in at]
    zero = but(x, 2, -x[2])
    beyond = [1 + e for e in sizes(-8, 0)[::2]]
    yield "beyond a corner", [(corner, zero, but(np.sign(zero) * w, 2, b * w[2])) for b in beyond]
    yield "below a corner", [(corner, zero, but(np.sign(zero) * w, 2, -b * w[2])) for b in beyond]
    both = np.array([1.0, 2, 2, 0])
    yield (
        "more than a tie",
        [(lambda z: np.max(z), both, np.array([0, 0.5, 0.5, 0]) * b) for b in beyond],
    )
    yield (
        "less than a tie",
        [(lambda z: np.max(z), both, np.array([0, 0.5, 0.5, 0]) / b) for b in beyond],
    )
    length = lambda z: np.sqrt(total(z * z))
    yield "longer than a norm", [(length, np.zeros(2), np.array([0.6, 0.8]) * b) for b in beyond]
    turned = np.array([[0.6, 0.8], [1, 0], [-0.8, 0.6], [0, -1], [0.5, 0.1]])
    yield "norm, all ways", [(length, np.zeros(2), t * b) for t in turned for b in (0.9, 1.1)]
    pair = lambda a, b: np.maximum(a, b)
    shares = [(s * w, (b - s) * w) for s in (0, 0.3, 1) for b in (1, 1.0001, 0.9999, 2)]
    yield "shares of a pair", [(pair, (x, x.copy()), share, w) for share in shares]
    crossed = lambda z: np.abs(z[0] - 2 * z[1]) + z[0]
    yield "a tie by gaps", [(crossed, np.zeros(2), np.array([1 + s, -2 * s * b])) for s in (0.5, 1) for b in beyond[::3]]  # fmt: skip
    corners = lambda z: total(np.abs(z))
    yield "many corners", [(corners, np.zeros(n), np.ones(n) * 0.3) for n in (2, 64, 65, 66, 97)]  # fmt: skip
    yield "many corners, one wrong", [(corners, np.zeros(n), but(np.ones(n) * 0.3, -1, 2)) for n in (2, 64, 65, 66, 97)]  # fmt: skip
    roots = lambda z: total(np.sqrt(np.abs(z)))
    yield "roots at 0", [(roots, but(x, 1, -x[1] + d), 0.5 / np.sqrt(np.abs(x))) for d in (0, 1e-9, 1e-6, 1e-3)]  # fmt: skip


SLOPES = {
    "smooth": (bend, np.array([0.37, -1.21])),
    "of all sizes": (lambda z: total(bend(z / np.array([1e-3, 1, 50, 1e6]))), np.array([4e-4, 0.6, 70, 3e5])),
    "a corner": (lambda z: total(np.abs(z) * w), np.array([0.0, 1.2, -0.4, 0.0, 2.0, 1e-5])),
    "a steep bend": (lambda z: bend(200 * z), np.array([0.01, 0.3])),
    "beside an offset": (lambda z: 1e6 + total(z * z), x),
    "a number": (lambda z: z * z * z, 0.7),
}  # fmt: skip
SWEEPS = {
    name: parts
    for maker in (sweeps_of_errors, sweeps_of_functions, sweeps_of_kinks)
    for name, parts in maker()
}
CASES = {name: parts for maker in (smooth, noisy, kinked, given) for name, *parts in maker()}
