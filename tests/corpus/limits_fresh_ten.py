"""Where a sweep of functions, scales and noises found the judge's limits; not blind any more."""

import numpy as np

from tests.corpus import right, wrong
from tests.corpus.fresh_nine import coarse, noisy, single


@right("near-kink")
def right_coarse_kinks(rng):
    w = rng.uniform(0.5, 2, 8)
    x = 10.0 ** np.linspace(-7, 0, 8) * rng.uniform(0.5, 1, 8) * rng.choice([-1, 1], 8)
    g = w * np.sign(x)
    yield "moduli of 1e-7 to 1 in float32", lambda x: single(w @ np.abs(x)), x, g
    yield "moduli of 1e-7 to 1, rounded to 1e-7", lambda x: coarse(w @ np.abs(x), 1e-7), x, g
    yield "moduli of 1e-7 to 1, noise of 1e-9", lambda x: noisy(w @ np.abs(x), 1e-9), x, g
    yield "moduli of 1e-7 to 1 behind 1e8", lambda x: 1e8 + w @ np.abs(x), x, g
    yield "ReLU of 1e-7 to 1 in float32", lambda x: single(w @ np.maximum(x, 0)), x, w * (x > 0)
    y = rng.choice([-1.0, 1.0], 8)
    hinge = lambda f: single(np.mean(np.maximum(0, 1 - y * f)))
    yield "hinge near its margin in float32", hinge, y + x, y * (y * x < 0) / -8
    far = np.sort(x)
    back = np.empty(8)
    back[np.argsort(far - 1)] = w
    yield "sort of near numbers in float32", lambda x: single(np.sort(x) @ w), far - 1, back


@right("edge-of-numbers")
def right_large(rng):
    x = rng.uniform(0.1, 0.6, 1)
    yield "exponential at 705", lambda x: np.exp(x).sum(), 705 + x, np.exp(705 + x)
    y = np.array([1e-40, 1.0]) * rng.uniform(1, 2, 2)
    yield "roots of 1e-40 and of 1", lambda y: np.sum(np.sqrt(y)), y, 0.5 / np.sqrt(y)


@wrong("one-entry", "some-entries", "all-zero")
def wrong_tiny(rng):
    u, keep = rng.uniform(0.3, 1.2, 8), np.arange(8) > 0
    for s in (1e-9, 1e-12, 1e-20, 1e-100):
        yield (
            f"sine of x / {s:g}, one entry 0",
            lambda x, s=s: np.sum(np.sin(x / s)),
            s * u,
            keep * np.cos(u) / s,
        )
        yield (
            f"squares of x / {s:g}, one entry 0",
            lambda x, s=s: np.sum((x / s) ** 2),
            s * u,
            keep * 2 * u / s,
        )
        yield f"squares of numbers of {s:g}, 0", lambda x: np.sum(x * x), s * u, 0 * u
    yield (
        "logarithm at 1e-20, one entry 0",
        lambda x: np.sum(np.log(x)),
        1e-20 * u,
        keep / (1e-20 * u),
    )
