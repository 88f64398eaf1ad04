"""Random starting weights whose spread keeps signals alive through many layers (lesson 10).

Each returns W (D_out, D_in) with independent normal entries of mean 0. What differs is
the variance, because what an activation does to the variance differs.

Sources: LeCun et al. (1998) "Efficient BackProp"; Glorot & Bengio (2010); He et al. (2015).
"""

import numpy as np

from nnlib._shapes import ShapeError


def he(D_out, D_in, rng):
    """Return W with variance 2 / D_in, eq. (10.13): keeps E[a^2] through ReLU, (10.8).

    Parameters
    ----------
    D_out, D_in : int
        Units of this layer and of the layer below, at least 1.
    rng : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    W : ndarray (D_out, D_in)
    """
    _check_sizes(D_out, D_in)
    return _normal(D_out, D_in, 2.0 / D_in, rng)


def xavier(D_out, D_in, rng):
    """Return W with variance 2 / (D_in + D_out), (10.11): forward and backward at once."""
    _check_sizes(D_out, D_in)
    return _normal(D_out, D_in, 2.0 / (D_in + D_out), rng)


def lecun(D_out, D_in, rng):
    """Return W with variance 1 / D_in, eq. (10.10): keeps the variance; what SELU needs."""
    _check_sizes(D_out, D_in)
    return _normal(D_out, D_in, 1.0 / D_in, rng)


def _check_sizes(D_out, D_in):
    if min(D_out, D_in) < 1:
        raise ShapeError(f"W would have shape ({D_out}, {D_in}): every layer needs a unit")


def _normal(D_out, D_in, variance, rng):
    return rng.normal(0.0, np.sqrt(variance), size=(D_out, D_in))
