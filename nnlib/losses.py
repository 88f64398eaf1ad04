"""Losses: one number for a batch, and its gradient for the prediction (lesson 08).

The 1/B of the mean over a batch lives here and nowhere else. A prediction is (B, D),
one example a row; `gradient` has the prediction's shape.
"""

import numpy as np

from nnlib._shapes import ShapeError, check_shape, floats
from nnlib.activations import sigmoid, softplus


class QuadraticLoss:
    """L = 1/B sum_i 1/2 ||a_i - y_i||^2, eq. (6.13): the half makes the derivative a - y."""

    def value(self, prediction, target):
        """Return L >= 0 for prediction and target (B, D)."""
        difference = _difference(prediction, target)
        return 0.5 * float(np.sum(difference**2)) / len(difference)

    def gradient(self, prediction, target):
        """Return (a - y) / B, shape (B, D), eq. (6.14)."""
        difference = _difference(prediction, target)
        return difference / len(difference)


class MeanSquaredError:
    """L = 1/(B D) sum_ij (a_ij - y_ij)^2, eq. (8.1): the mean over all entries, without a half."""

    def value(self, prediction, target):
        """Return L >= 0 for prediction and target (B, D)."""
        return float(np.mean(_difference(prediction, target) ** 2))

    def gradient(self, prediction, target):
        """Return 2 (a - y) / (B D), shape (B, D), eq. (8.2)."""
        difference = _difference(prediction, target)
        return 2.0 * difference / difference.size


class BinaryCrossEntropy:
    """L = -1/B sum_ij [y log p + (1 - y) log(1 - p)], eq. (8.6), the negative log likelihood.

    Parameters
    ----------
    from_logits : bool
        False: the prediction is p in [0, 1]. True: it is the logit z with
        p = sigmoid(z), eq. (8.10), and nothing overflows however large |z| is.
    """

    def __init__(self, from_logits=False):
        self.from_logits = from_logits

    def value(self, prediction, target):
        """Return L >= 0; infinite where p is 0 or 1 and the target says otherwise."""
        P, Y = self._checked(prediction, target)
        if self.from_logits:
            return float(np.sum(Y * softplus(-P) + (1.0 - Y) * softplus(P))) / len(P)
        return 0.0 - float(np.sum(_y_log_p(Y, P) + _y_log_p(1.0 - Y, 1.0 - P))) / len(P)

    def gradient(self, prediction, target):
        """Return (sigmoid(z) - y) / B from logits (8.11), else (p - y) / (p (1 - p)) / B (8.8)."""
        P, Y = self._checked(prediction, target)
        if self.from_logits:
            return (sigmoid(P) - Y) / len(P)
        return (_ratio(1.0 - Y, 1.0 - P) - _ratio(Y, P)) / len(P)

    def _checked(self, prediction, target):
        P, Y = _pair(prediction, target)
        _check_probabilities("target", Y, "write the two classes as 0 and 1")
        if not self.from_logits:
            cause = "for logits write BinaryCrossEntropy(from_logits=True)"
            _check_probabilities("prediction", P, cause)
        return P, Y


class SoftmaxCrossEntropy:
    """L = -1/B sum_i log softmax(z_i)[y_i], eq. (8.14), fused with the softmax, on logits (B, C).

    The target is a class number for each row, (B,), or a distribution over the
    classes for each row, (B, C): one-hot, or smoothed labels.
    """

    def value(self, prediction, target):
        """Return L >= 0, by log-sum-exp (8.15): no overflow for any finite logits."""
        Y = _distributions(prediction, target)
        return 0.0 - float(np.sum(Y * log_softmax(prediction))) / len(Y)

    def gradient(self, prediction, target):
        """Return (softmax(z) - y) / B, shape (B, C), eq. (8.22)."""
        Y = _distributions(prediction, target)
        return (np.exp(log_softmax(prediction)) - Y) / len(Y)


def value_and_gradient(loss, prediction, target):
    """Return (L, dL/d(prediction)), which a training step needs both.

    The softmax is then computed once, and on a copy with a row for each class, because sums
    down the rows of a matrix are faster than along them.
    """
    if type(loss) is not SoftmaxCrossEntropy:
        return loss.value(prediction, target), loss.gradient(prediction, target)
    Y, Z = _distributions(prediction, target).T, floats(prediction).T.copy()
    Z -= Z.max(axis=0)
    P = np.exp(Z)
    total = P.sum(axis=0)
    P /= total
    L = 0.0 - float(np.vdot(Y, Z - np.log(total))) / len(total)
    return L, ((P - Y) / len(total)).T


def log_softmax(Z):
    """Return z_j - log sum_k e^(z_k) along the last axis (8.17), without overflow (8.16)."""
    Z = floats(Z)
    shifted = Z - np.max(Z, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def one_hot(labels, C, dtype=float):
    """Return (B, C) with a 1 at each row's label and 0 elsewhere.

    Raises
    ------
    ValueError
        If a label is not a whole number from 0 to C - 1.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels are {labels.dtype}, expected class numbers: use astype(int)")
    Y = labels[..., None] == np.arange(C)
    if np.count_nonzero(Y) < labels.size:
        raise ValueError(f"labels run from {labels.min()} to {labels.max()}, expected 0 to {C - 1}")
    return Y.astype(dtype)


def _pair(prediction, target):
    check_shape("prediction", prediction, ("B", "D"))
    check_shape("target", target, np.shape(prediction))
    A = _filled(prediction)
    return A, np.asarray(target, A.dtype)


def _filled(prediction):
    A = floats(prediction)
    if not A.size:
        raise ShapeError("prediction has no entries: the mean over an empty batch does not exist")
    return A


def _difference(prediction, target):
    A, Y = _pair(prediction, target)
    return A - Y


def _check_probabilities(symbol, P, cause):
    if np.any((P < 0.0) | (P > 1.0)):  # NaN passes: the loss is then NaN, which `fit` reports
        found = f"from {P.min():.4g} to {P.max():.4g}"
        raise ValueError(f"{symbol} has entries {found}, expected 0 to 1: {cause}")


def _y_log_p(Y, P):
    """Return y log p with 0 log 0 = 0, and -inf (no warning) where only p is 0."""
    with np.errstate(divide="ignore"):
        return Y * np.log(np.where(Y == 0, 1.0, P))


def _ratio(Y, P):
    """Return y / p with 0 / 0 = 0, and inf (no warning) where only p is 0."""
    with np.errstate(divide="ignore", over="ignore"):
        return Y / np.where(Y == 0, 1.0, P)


def _distributions(prediction, target):
    check_shape("prediction", prediction, ("B", "C"))
    if np.ndim(target) == 1:
        check_shape("target", target, (len(prediction),))
        Z = _filled(prediction)
        return one_hot(target, Z.shape[1], Z.dtype)
    hint = "give a class number for each row, (B,), or a distribution, (B, C)"
    check_shape("target", target, np.shape(prediction), hint)
    Z, Y = _filled(prediction), floats(target)
    if np.any(Y < 0.0) or np.any(np.abs(Y.sum(axis=1) - 1.0) > 1e-6):
        raise ValueError("target has a row that is no distribution: entries >= 0 with sum 1")
    return np.asarray(Y, Z.dtype)
