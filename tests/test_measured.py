"""The witness itself: known gradients are met, wrong ones refused."""

import numpy as np
import pytest
from measured import assert_gradient, measured_gradient


def test_quadratic_form_has_the_gradient_of_the_textbook():
    rng = np.random.default_rng(0)
    M, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    np.testing.assert_allclose(measured_gradient(lambda x: x @ M @ x, x), (M + M.T) @ x, rtol=1e-8)


def test_every_axis_is_walked_and_x_is_left_alone():
    x = np.arange(6.0).reshape(2, 3)
    assert_gradient(lambda x: float(np.sum(np.sin(x))), x, np.cos(x))
    assert np.array_equal(x, np.arange(6.0).reshape(2, 3))
    assert_gradient(lambda x: float(x**3), 2.0, 12.0)


@pytest.mark.parametrize("wrong", [2.001, 1.999, -2.0, 0.0, np.nan])
def test_wrong_claims_are_refused(wrong):
    claimed = np.array([2.0, wrong, 2.0])
    with pytest.raises(AssertionError):
        assert_gradient(lambda x: float(np.sum(x**2)), np.ones(3), claimed)
    with pytest.raises(AssertionError):
        assert_gradient(lambda x: float(np.sum(x**2)), np.ones(3), np.full((3, 1), 2.0))
