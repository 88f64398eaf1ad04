"""Slopes measured by central differences: a witness that shares no code with nnlib."""

import numpy as np


def measured_gradient(f, x, h=1e-5):
    """Return (f(x + h e) - f(x - h e)) / 2h for every entry of x; f returns a number."""
    x, gradient = np.array(x, dtype=float), np.zeros(np.shape(x))
    for at in np.ndindex(x.shape):
        here = x[at]
        x[at] = here + h
        above = f(x)
        x[at] = here - h
        gradient[at] = (above - f(x)) / (2.0 * h)
        x[at] = here
    return gradient


def assert_gradient(f, x, claimed, tolerance=1e-7):
    """Raise unless the claimed gradient has the shape of x and the measured entries."""
    assert np.shape(claimed) == np.shape(x)
    np.testing.assert_allclose(claimed, measured_gradient(f, x), rtol=tolerance, atol=tolerance)
