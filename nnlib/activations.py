"""Activation functions, each face to face with its derivative (lesson 03).

Every ``f_prime`` takes the PRE-activation Z, never the activation A. At a kink the
derivative does not exist: the value chosen there is said in the docstring, and `KINKS`
holds both one-sided slopes. No function overflows or warns for any finite Z.

Sources: Glorot, Bordes & Bengio (2011) for ReLU and softplus; Maas, Hannun & Ng (2013)
for leaky ReLU; Clevert, Unterthiner & Hochreiter (2016) for ELU; Klambauer et al. (2017)
for SELU; Elfwing, Uchibe & Doya (2018) and Ramachandran, Zoph & Le (2017) for swish;
Hendrycks & Gimpel (2016) for GELU.
"""

import math

import numpy as np

from nnlib._shapes import floats

SELU_LAMBDA = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


def sigmoid(Z):
    """Return 1 / (1 + e^-z) elementwise, eq. (3.1); no overflow for any finite Z.

    Parameters
    ----------
    Z : ndarray, any shape
        Pre-activations.

    Returns
    -------
    A : ndarray, shape of Z
        Activations, in [0, 1].
    """
    Z = floats(Z)
    t = np.exp(-np.abs(Z))  # at most 1: cannot overflow (3.5)
    return np.where(Z >= 0, 1.0, t) / (1.0 + t)


def sigmoid_prime(Z):
    """Return da/dz = a (1 - a), eq. (3.3), at the pre-activation Z (never at A)."""
    A = sigmoid(Z)
    return A * (1.0 - A)


def tanh(Z):
    """Return (e^z - e^-z) / (e^z + e^-z) = 2 sigmoid(2z) - 1, in [-1, 1], eqs. (3.6) and (3.7)."""
    return np.tanh(floats(Z))


def tanh_prime(Z):
    """Return da/dz = 1 - tanh(z)^2, in [0, 1], eq. (3.9)."""
    return 1.0 - tanh(Z) ** 2


def hard_tanh(Z):
    """Return z cut to [-1, 1]: -1 below, z in between, 1 above, eq. (3.10)."""
    return np.clip(Z, -1.0, 1.0)


def hard_tanh_prime(Z):
    """Return 1 where -1 < z < 1, else 0, eq. (3.11); at the kinks -1 and 1 the choice is 0."""
    Z = floats(Z)
    return (np.abs(Z) < 1.0).astype(Z.dtype)


def relu(Z):
    """Return max(0, z), eq. (3.13)."""
    return np.maximum(Z, 0.0)


def relu_prime(Z):
    """Return 1 where z > 0, else 0, eq. (3.14); at the kink 0 the choice is 0."""
    Z = floats(Z)
    return (Z > 0).astype(Z.dtype)  # several times faster than np.where


def leaky_relu(Z, alpha=0.01):
    """Return z where z > 0, else alpha z, eq. (3.17); max(alpha z, z) if alpha <= 1, (3.19)."""
    Z = floats(Z)
    return np.where(Z > 0, 1.0, alpha).astype(Z.dtype) * Z


def leaky_relu_prime(Z, alpha=0.01):
    """Return 1 where z > 0, else alpha, eq. (3.18); at the kink 0 the choice is alpha."""
    Z = floats(Z)
    return np.where(Z > 0, 1.0, alpha).astype(Z.dtype)


def elu(Z, alpha=1.0):
    """Return z where z > 0, else alpha (e^z - 1), eq. (3.20); never below -alpha."""
    return np.where(np.asarray(Z) > 0, Z, alpha * np.expm1(np.minimum(Z, 0.0)))


def elu_prime(Z, alpha=1.0):
    """Return 1 where z > 0, else alpha e^z, eq. (3.21); alpha at 0, a kink unless alpha = 1."""
    return np.where(np.asarray(Z) > 0, 1.0, alpha * np.exp(np.minimum(Z, 0.0)))


def selu(Z):
    """Return lambda z where z > 0, else lambda alpha (e^z - 1), eq. (3.40).

    SELU_LAMBDA and SELU_ALPHA are the pair for which N(0, 1) input gives mean 0 and
    variance 1 at the output, eqs. (3.38) and (3.39) (Klambauer et al., 2017).
    """
    return SELU_LAMBDA * elu(Z, SELU_ALPHA)


def selu_prime(Z):
    """Return lambda where z > 0, else lambda alpha e^z, eq. (3.41); at the kink 0: lambda alpha."""
    return SELU_LAMBDA * elu_prime(Z, SELU_ALPHA)


def softplus(Z):
    """Return log(1 + e^z), eq. (3.23), as (3.24), which cannot overflow; a smooth ReLU, above 0."""
    Z = floats(Z)
    return np.maximum(Z, 0.0) + np.log1p(np.exp(-np.abs(Z)))


def softplus_prime(Z):
    """Return sigmoid(z), eq. (3.25): the slope of softplus is the sigmoid."""
    return sigmoid(Z)


def swish(Z, beta=1.0):
    """Return z sigmoid(beta z), eq. (3.26); with beta = 1 it is also called SiLU."""
    return Z * sigmoid(beta * np.asarray(Z))


def swish_prime(Z, beta=1.0):
    """Return s + beta z s (1 - s), eq. (3.27), with s = sigmoid(beta z); below 1.0999."""
    S = sigmoid(beta * np.asarray(Z))
    return S + beta * (Z * S * (1.0 - S))


def normal_density(Z):
    """Return phi(z) = e^(-z^2/2) / sqrt(2 pi), eq. (3.31), the density of the standard normal."""
    Z = np.minimum(np.abs(Z), 40.0)  # phi is 0 in float64 from 39 on: z^2 cannot overflow
    return np.exp(-0.5 * Z * Z) / math.sqrt(2.0 * math.pi)


def normal_cdf(Z):
    """Return Phi(z) = P(N(0, 1) <= z) = erfc(-z / sqrt 2) / 2, (3.32), accurate in both tails."""
    X = np.asarray(Z) / -math.sqrt(2.0)
    return 0.5 * np.asarray(np.frompyfunc(math.erfc, 1, 1)(X), X.dtype)


def gelu(Z, approximate=False):
    """Return z Phi(z), eq. (3.34), Phi the standard normal CDF (not the density phi).

    With `approximate` return the tanh form z (1 + tanh v) / 2, eq. (3.36),
    v = sqrt(2/pi) (z + 0.044715 z^3), which differs by less than 5e-4.
    """
    return Z * (sigmoid(2.0 * _tanh_form(Z)[0]) if approximate else normal_cdf(Z))


def gelu_prime(Z, approximate=False):
    """Return Phi(z) + z phi(z), eq. (3.35), or the exact derivative of the tanh form."""
    if not approximate:
        return normal_cdf(Z) + Z * normal_density(Z)
    v, v_prime = _tanh_form(Z)
    S = sigmoid(2.0 * v)  # (1 + tanh v) / 2
    return S + Z * (S * (1.0 - S) * 2.0 * v_prime)


def _tanh_form(Z):
    """Return v of (3.36) and dv/dz; beyond |z| = 40 the gate is 0 or 1."""
    Z, scale = np.clip(Z, -40.0, 40.0), math.sqrt(2.0 / math.pi)
    return scale * (Z + 0.044715 * Z**3), scale * (1.0 + 3.0 * 0.044715 * Z**2)


def softmax(Z):
    """Return e^(z_j) / sum_k e^(z_k) of each row of logits (..., C), eq. (3.42): it sums to 1.

    The row's maximum is subtracted first, (3.43), so that no e^z overflows.
    """
    Z = floats(Z)
    E = np.exp(Z - np.max(Z, axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)


def softmax_vjp(Z, upstream):
    """Return (diag(p) - p p^T) u of each row, p = softmax(z): the gradient for the logits.

    Softmax is a function of the whole row, so its derivative is a matrix. That matrix
    is never stored: row by row the product is p * (u - p . u).
    """
    P = softmax(Z)
    return P * (upstream - (P * upstream).sum(axis=-1, keepdims=True))


ACTIVATIONS = {
    "sigmoid": (sigmoid, sigmoid_prime),
    "tanh": (tanh, tanh_prime),
    "hard_tanh": (hard_tanh, hard_tanh_prime),
    "relu": (relu, relu_prime),
    "leaky_relu": (leaky_relu, leaky_relu_prime),
    "elu": (elu, elu_prime),
    "selu": (selu, selu_prime),
    "softplus": (softplus, softplus_prime),
    "swish": (swish, swish_prime),
    "gelu": (gelu, gelu_prime),
}

# name -> (z of the kink, slope on its left, slope on its right), at the default parameters
KINKS = {
    "hard_tanh": [(-1.0, 0.0, 1.0), (1.0, 1.0, 0.0)],
    "relu": [(0.0, 0.0, 1.0)],
    "leaky_relu": [(0.0, 0.01, 1.0)],
    "selu": [(0.0, SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA)],
}
