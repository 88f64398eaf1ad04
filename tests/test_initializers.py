"""Initialisers: shape, mean and variance within bounds that chance leaves once in 10^6."""

import numpy as np
import pytest

from nnlib import initializers
from nnlib._shapes import ShapeError

VARIANCES = {
    "he": lambda D_out, D_in: 2.0 / D_in,
    "xavier": lambda D_out, D_in: 2.0 / (D_in + D_out),
    "lecun": lambda D_out, D_in: 1.0 / D_in,
}


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("D_out, D_in", [(300, 50), (40, 500), (20000, 1)])
def test_mean_and_variance(name, D_out, D_in):
    W = getattr(initializers, name)(D_out, D_in, np.random.default_rng(4))
    variance, n = VARIANCES[name](D_out, D_in), D_out * D_in
    assert W.shape == (D_out, D_in) and W.dtype == np.float64
    # five standard errors: of the mean sqrt(v/n), of the variance of normals v sqrt(2/n)
    assert abs(W.mean()) < 5.0 * np.sqrt(variance / n)
    assert abs(W.var() - variance) < 5.0 * variance * np.sqrt(2.0 / n)


@pytest.mark.parametrize("name", VARIANCES)
def test_entries_are_normal_and_independent(name):
    W = getattr(initializers, name)(200, 200, np.random.default_rng(8))
    W = W / W.std()
    assert abs(np.mean(W**4) - 3.0) < 5.0 * np.sqrt(96.0 / W.size)
    assert abs(np.mean(W[:, 1:] * W[:, :-1])) < 5.0 / np.sqrt(W.size)
    assert abs(np.mean(W[1:] * W[:-1])) < 5.0 / np.sqrt(W.size)


@pytest.mark.parametrize("name", VARIANCES)
def test_the_seed_decides(name):
    draw = getattr(initializers, name)
    W = draw(4, 3, np.random.default_rng(0))
    assert np.array_equal(W, draw(4, 3, np.random.default_rng(0)))
    assert not np.array_equal(W, draw(4, 3, np.random.default_rng(1)))


def test_he_keeps_the_second_moment_through_20_relu_layers():
    rng = np.random.default_rng(2)
    A = rng.normal(size=(200, 400))
    for _ in range(20):
        A = np.maximum(A @ initializers.he(400, 400, rng).T, 0.0)
    assert 0.5 < np.mean(A**2) / 1.0 < 2.0


@pytest.mark.parametrize("name", VARIANCES)
@pytest.mark.parametrize("D_out, D_in", [(0, 3), (3, 0), (-1, 2)])
def test_a_layer_without_units_is_refused(name, D_out, D_in):
    with pytest.raises(ShapeError) as error:
        getattr(initializers, name)(D_out, D_in, np.random.default_rng(0))
    assert str(error.value) == f"W would have shape ({D_out}, {D_in}): every layer needs a unit"
