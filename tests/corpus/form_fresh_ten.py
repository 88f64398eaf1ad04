"""The tenth fresh set's claims of the wrong form, functions that change what they read, losses."""

import itertools

import numpy as np

from tests.corpus import wrong
from tests.corpus.fresh_nine import onehot, soft
from tests.corpus.fresh_ten import lse
from tests.corpus.wrong_fresh_ten import signed


@wrong("mutates-input")
def wrong_mutates(rng):
    x = rng.normal(size=(4, 3))

    def centre(x):
        x -= x.mean(0)
        return np.sum(x**2)

    yield "centres in place", centre, x, 2 * (x - x.mean(0))

    def relu(x):
        x[x < 0] = 0
        return x.copy()

    G = rng.normal(size=(4, 3))
    yield "ReLU by a mask in place", relu, x, G * (x > 0), G

    def clean(W, b):
        b *= 0.9
        return np.sum(W * b)

    yield (
        "decay inside the loss",
        clean,
        (x, x[0] + 2),
        (np.tile(0.9 * (x[0] + 2), (4, 1)), 0.9 * x.sum(0)),
    )

    def lastly(x):
        loss = np.sum(np.exp(x))
        x += 1.0
        return loss

    yield "adds after the loss is known", lastly, x, np.exp(x)

    def once(x):
        flat = x.reshape(-1)
        flat[0] = 0.0
        return np.sum(flat**2)

    yield (
        "first entry cleared through a reshape",
        once,
        x,
        2 * x * (np.arange(12) > 0).reshape(4, 3),
    )


@wrong("not-deterministic")
def wrong_chance(rng):
    x = rng.normal(size=(4, 3))
    draw = np.random.default_rng(rng.integers(10**6))
    yield (
        "noise on the input",
        lambda x: np.sum((x + 1e-4 * draw.normal(size=x.shape)) ** 2),
        x,
        2 * x,
    )
    yield (
        "a batch drawn at every call",
        lambda x: np.sum(x.ravel()[draw.permutation(12)[:6]] ** 2),
        x,
        x,
    )
    step = itertools.count()
    yield (
        "learning rate falls at every call",
        lambda x: np.sum(x**2) / (1 + 0.01 * next(step)),
        x,
        2 * x,
    )
    state = [0.0]

    def running(x):
        state[0] = 0.9 * state[0] + 0.1 * np.mean(x)
        return np.sum((x - state[0]) ** 2)

    yield "running mean kept between calls", running, x, 2 * x


@wrong("nan")
def wrong_nan(rng):
    P = rng.normal(size=(3, 2))
    gap = P[:, None] - P
    D = np.sqrt((gap**2).sum(-1, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        bad = (2 * gap / D).sum(1)
    distances = lambda P: np.sum(np.sqrt(((P[:, None] - P) ** 2).sum(-1)))
    yield "distance matrix, 0 / 0 on the diagonal", distances, P, bad
    x = rng.normal(size=5)
    inf = np.exp(x)
    inf[2] = np.inf
    yield "one infinite", lambda x: np.sum(np.exp(x)), x, inf
    yield "every one NaN", lambda x: np.sum(x), x, np.full(5, np.nan)
    p = np.array([0.2, 0.0, 0.8])
    with np.errstate(invalid="ignore", divide="ignore"):
        powers = p**1.5 * 1.5 / p
    yield "power 1.5 at 0 as 0 / 0", lambda p: np.sum(p**1.5), p, powers


@wrong("not-finite")
def wrong_infinite(rng):
    x = signed(rng, 5)
    yield "logarithm of negative numbers", lambda x: np.sum(np.log(x)), x, 1 / x
    yield "exponential of 800", lambda x: np.sum(np.exp(x)), 800 + x, np.exp(np.minimum(x, 1))


@wrong("wrong-count", "wrong-shape", "broadcast")
def wrong_form(rng):
    a, b, c = rng.normal(size=(3, 4)), rng.normal(size=(3, 4)), rng.normal(size=5)
    f = lambda a, b: np.sum(a * b)
    yield "three for two", f, (a, b), (b, a, a)
    yield "one for two, as an array", f, (a, b), b
    yield "two for one", lambda a: np.sum(a * a), a, (2 * a, None)
    yield "column for a vector", lambda c: np.sum(c * c), c, 2 * c[:, None]
    yield "flattened", lambda a: np.sum(a * a), a, 2 * a.ravel()
    yield "one entry short", lambda c: np.sum(c * c), c, 2 * c[:-1]


@wrong("dtype", "constant-factor")
def wrong_dtype(rng):
    x = signed(rng, 4)
    yield "words", lambda x: np.sum(x * x), x, np.array(["a", "b", "c", "d"])
    yield "truth values", lambda x: np.sum(np.maximum(x, 0)) * 2, x, x > 0
    yield "complex numbers", lambda x: np.sum(x * x), x, 2 * x + 0.1j


@wrong("wrong-formula", "missing-term", "off-diagonal", "kernel")
def wrong_losses(rng):
    Z, y = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    T = onehot(y, 4)
    ce = lambda Z: np.mean(lse(Z, 1) - Z[np.arange(6), y])
    yield "cross-entropy, softmax forgotten", ce, Z, (Z - T) / 6
    yield "cross-entropy, -T / P handed to the logits", ce, Z, -T / soft(Z) / 6
    yield "cross-entropy, only the labels' entries", ce, Z, T * (soft(Z) - 1) / 6
    a, b = rng.normal(size=5), rng.normal(size=5)
    p, q = soft(a), soft(b)
    div = lambda a: np.sum(soft(a) * np.log(soft(a) / q))
    yield "divergence, weights held fixed", div, a, p * (np.log(p / q) + 1)
    u, v = rng.normal(size=(2, 6))
    cos = lambda u: u @ v / np.linalg.norm(u) / np.linalg.norm(v)
    yield "cosine, norms held fixed", cos, u, v / np.linalg.norm(u) / np.linalg.norm(v)
    s = rng.normal(size=4)
    x = rng.normal(size=(9, 4)) * 2
    normal = lambda s: np.sum(s + 0.5 * x**2 * np.exp(-2 * s))
    yield "Gaussian likelihood, log s forgotten", normal, s, -(x**2 * np.exp(-2 * s)).sum(0)
    r = rng.normal(size=7)
    yield "log cosh as its square", lambda r: np.sum(np.log(np.cosh(r))), r, r


@wrong("shifted", "some-entries", "wrong")
def wrong_index(rng):
    Z, y = rng.normal(size=(6, 4)), np.array([0, 1, 2, 3, 1, 2])
    ce = lambda Z: np.sum(lse(Z, 1) - Z[np.arange(6), y])
    yield "labels counted from 1", ce, Z, soft(Z) - onehot((y + 1) % 4, 4)
    E, i, G = rng.normal(size=(6, 3)), np.array([0, 2, 4]), rng.normal(size=(3, 3))
    dE = np.zeros((6, 3))
    dE[i + 1] = G
    yield "embedding rows counted from 1", lambda E: E[i], E, dE, G
    knots, v = np.arange(6.0), rng.normal(size=6)
    t = rng.uniform(0.1, 0.9, 4) + np.arange(4)
    late = np.diff(v)[t.astype(int) + 1]
    yield "interpolation, the next piece's slope", lambda t: np.sum(np.interp(t, knots, v)), t, late
    x, w = rng.normal(size=8), rng.normal(size=8)
    suffix = np.cumsum(w[::-1])[::-1]
    yield (
        "running sum, each without itself",
        lambda x: np.cumsum(x) @ w,
        x,
        np.append(suffix[1:], 0),
    )
