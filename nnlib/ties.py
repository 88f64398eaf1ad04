"""Several entries at a kink: each claim may be right by itself, and all together wrong.

Along every direction the claimed slope must lie between those of both sides. Entries of equal
value (a tie) are moved together, then pairs, then all on the way on which the claims stand out.
"""

import numpy as np

from nnlib.ladder import SAFETY, TRIED

MOST = 32  # entries at a kink that are moved in pairs and all together
WAYS = 6  # ways on which the claims may stand out that are tried


def is_between(function, claims, direction, slope, allowed):
    """Say whether the claimed slope along a direction lies between those of both sides.

    If several outputs have their kink here, each may take a slope of its own.
    """
    off = abs(claims @ direction - (slope.left + slope.right) / 2)
    if off <= abs(slope.right - slope.left) / 2 + allowed:
        return True
    line = function.along(direction, each=True)
    gaps = np.maximum((4 * line.gap(6) - line.gap(5)) / 3, 0)
    return off <= gaps.sum() / 2 * (1 + 1e-9) + allowed  # at an end rounding must not choose


def contradiction(function, claims, kinks):
    """Return (entries, (count, slope, claimed slope, kink)) if the claims are wrong together.

    `kinks` holds the slope at each entry where f has a kink. Along a tie f is smooth, unless the
    kink moves along.
    """
    for moves in _moves(function, claims, kinks):
        direction = np.zeros(claims.shape)
        direction[list(moves)] = list(moves.values())
        slope, expected = function.along(direction).climb(), claims @ direction
        allowed = max(1e-6 * np.abs(claims * direction).sum(), SAFETY * slope.error)
        off = not is_between(function, claims, direction, slope, allowed)
        gaps = [s.right - s.left for entry, s in kinks.items() if entry in moves]
        if off and abs(sum(gaps)) < sum(map(abs, gaps)):  # f bends up at some, down at others
            unit = function.unit(next(iter(moves)), 1.0)  # of a tie the kink moves along
            moved = function.along(unit, function.start + direction / 100)
            off = not slope.kink and moved.climb().kink
        if off and np.isfinite([slope.left, slope.right, slope.error]).all():
            value = np.clip(expected, *sorted(slope[2:4])) if slope.kink else slope.value
            return list(moves), (len(moves), value, expected, slope.kink)
    return None


def _moves(function, claims, kinks):
    """Yield {entry: move}: entries of equal value, then neighbours by their gaps, then all."""
    for value in sorted({function.start[entry] for entry in kinks}):
        tied = np.flatnonzero(function.start == value)
        if len(tied) > 1:  # an entry at a kink comes first
            tied = sorted(tied, key=lambda entry: entry not in kinks)
            yield dict.fromkeys(tied, max(abs(value), 1.0))
    entries = list(kinks)[:MOST]
    for one, other in zip(entries, entries[1:]):
        gaps = [abs(kinks[entry].right - kinks[entry].left) for entry in (one, other)]
        for sign in (1, -1):
            yield {one: min(gaps) / gaps[0], other: sign * min(gaps) / gaps[1]}
    claimed, seen = claims[entries], []
    inside = np.array([(kinks[entry].left + kinks[entry].right) / 2 for entry in entries])
    while np.any(claimed != inside) and len(seen) < WAYS:
        way = (claimed - inside) / np.max(np.abs(claimed - inside))
        yield dict(zip(entries, way))
        seen.append(_slopes_beside(function, entries, way))
        inside = _nearest(claimed, seen)


def _slopes_beside(function, entries, way):
    """Return f's slopes in some entries, a little on their way from x."""
    start = function.start.copy()
    start[entries] += 1e-3 * way
    lines = (function.along(function.unit(entry, 1.0), start) for entry in entries)
    return np.array([line.extrapolated(TRIED) for line in lines])


def _nearest(point, corners):
    """Return the point of the corners' hull that is nearest to a point (Frank and Wolfe, 1956)."""
    inside = corners[0]
    for _ in range(300):
        way = max(corners, key=lambda corner: corner @ (point - inside)) - inside
        inside = inside + np.clip((point - inside) @ way / max(way @ way, 1e-300), 0, 1) * way
    return inside
