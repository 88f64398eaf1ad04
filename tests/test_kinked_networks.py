"""The judge on networks with thousands of kinks: few calls if right, nothing missed if wrong."""

import itertools

import numpy as np
import pytest

from nnlib.trial import judge
from tests.corpus.nets import absolute, cross_entropy, largest_of_two, leaky, network, relu

SHAPES = [((20, 40, 10), 1), ((20, 40, 10), 128), ((64, 100, 32, 10), 32), ((40,) * 8 + (10,), 16)]
LARGE = (784, 120, 40, 10), 32  # 99,450 parameters
KINDS = list(itertools.product((relu, leaky, largest_of_two), (cross_entropy, absolute)))


def rms(gradients):
    flat = np.concatenate([g.ravel() for g in gradients])
    return np.sqrt(np.mean(flat**2))


def but_one(gradients, rng, by, least, most):
    """Change one entry of those of some size, by a part of itself (of the others if it is 0)."""
    changed = [g.copy() for g in gradients]
    fit = [np.flatnonzero((least < np.abs(g)) & (np.abs(g) <= most)) for g in changed]
    spots = [(k, at) for k, places in enumerate(fit) for at in places]
    if spots:
        k, at = spots[rng.integers(len(spots))]
        changed[k].flat[at] += by * (changed[k].flat[at] or rms(gradients))
    return tuple(changed), bool(spots)


@pytest.mark.parametrize("sizes, B", SHAPES)
def test_right_networks_take_few_calls(sizes, B):
    calls = []
    for seed, (bend, loss) in itertools.product(range(2), KINDS):
        report = judge(*network(seed, sizes, B, bend, loss), name=False)
        assert report.passed and report.tolerance <= 1e-5, (seed, bend, loss)
        calls.append(report.evaluations)
    assert np.mean(np.array(calls) <= 60) >= 0.9, calls


@pytest.mark.parametrize("bend", [relu, largest_of_two])
def test_a_right_network_of_1e5_parameters_takes_at_most_60_calls(bend):
    report = judge(*network(0, *LARGE, bend), name=False)
    assert report.passed and report.evaluations <= 60


def test_one_wrong_entry_of_1e5_is_found():
    f, x, gradients = network(1, *LARGE)
    rng, ordinary = np.random.default_rng(0), (0.5 * rms(gradients), np.inf)
    for by, between in ((1e-5, ordinary), (1e-3, ordinary), (-1e-3, (-1, 0))):
        wrong, changed = but_one(gradients, rng, by, *between)
        assert changed and not judge(f, x, wrong, name=False).passed, by


@pytest.mark.parametrize("sizes, B", SHAPES)
@pytest.mark.parametrize("bend, loss", [(relu, cross_entropy), (leaky, absolute)])
def test_one_wrong_entry_is_found(sizes, B, bend, loss):
    rng, found = np.random.default_rng(0), []
    for seed, by in enumerate((1e-5, 1e-2, 1)):
        f, x, gradients = network(seed, sizes, B, bend, loss)
        large = rms(gradients)
        for between in [(0.5 * large, np.inf)] + [(0, 1e-2 * large)] * (by > 0.1):
            wrong, changed = but_one(gradients, rng, by, *between)
            found.append(not changed or not judge(f, x, wrong, name=False).passed)
    assert all(found)


@pytest.mark.parametrize("sizes, B", SHAPES)
@pytest.mark.parametrize("factor", [1 + 1e-5, 0.5, -1])
def test_a_wrong_layer_is_found(sizes, B, factor):
    for layer in range(len(sizes) - 1):
        f, x, wrong = network(2, sizes, B, wrong=(layer, factor))
        assert not judge(f, x, wrong, name=False).passed, layer


@pytest.mark.parametrize("n", [33, 100, 1000])
def test_forgotten_entries_on_a_stair_are_found(n):
    """Where f is a fine staircase a small step shows no slope, and proves none."""
    x = np.random.default_rng(n).normal(size=n)
    half = 1.0 * (np.arange(n) < n // 2)
    for claim, passes in ((np.ones(n), True), (half, False)):
        verdict = judge(lambda z: np.floor(1e5 * z).sum() / 1e5, x, claim, name=False)
        assert verdict.passed == passes
