"""Losses: values in 50 digits, gradients against measured ones, what is refused and how."""
# ruff: noqa: E501 (a message stands on one line, as it is printed)

import mpmath as mp
import numpy as np
import pytest
from measured import assert_gradient

from nnlib import losses
from nnlib._shapes import ShapeError

mp.mp.dps = 50
HUGE = np.array([[1e300, -1e300, 0.0], [1000.0, -1000.0, 30.0], [1e-300, -1e-8, -30.0]])
NAMES = ["quadratic", "mean squared", "binary", "binary from logits", "softmax", "softmax soft"]


def case(name, B=5, D=3):
    """Return a loss, a prediction and a target for it, at random."""
    rng = np.random.default_rng(B + 10 * D)
    Z, P, Y = (
        rng.normal(size=(B, D)) * 2.0,
        rng.uniform(0.05, 0.95, (B, D)),
        rng.uniform(size=(B, D)),
    )
    return {
        "quadratic": lambda: (losses.QuadraticLoss(), Z, Y),
        "mean squared": lambda: (losses.MeanSquaredError(), Z, Y),
        "binary": lambda: (losses.BinaryCrossEntropy(), P, Y),
        "binary from logits": lambda: (losses.BinaryCrossEntropy(from_logits=True), Z, Y),
        "softmax": lambda: (losses.SoftmaxCrossEntropy(), Z, rng.integers(D, size=B)),
        "softmax soft": lambda: (losses.SoftmaxCrossEntropy(), Z, Y / Y.sum(axis=1, keepdims=True)),
    }[name]()


def exact_value(name, prediction, target):
    """Return L from the definition, entry by entry, in 50 digits."""
    B, D = np.shape(prediction)
    total = mp.mpf(0)
    for i in range(B):
        row = [mp.mpf(float(a)) for a in prediction[i]]
        if name.startswith("softmax"):
            log_sum = max(row) + mp.log(sum(mp.exp(z - max(row)) for z in row))
            wanted = np.eye(D)[target[i]] if np.ndim(target) == 1 else target[i]
            total += sum(mp.mpf(float(y)) * (log_sum - z) for y, z in zip(wanted, row, strict=True))
            continue
        for a, y in zip(row, map(mp.mpf, map(float, target[i])), strict=True):
            if name in ("quadratic", "mean squared"):
                total += (a - y) ** 2
            elif name == "binary":
                total -= y * mp.log(a) + (1 - y) * mp.log(1 - a)
            else:
                total += y * mp.log1p(mp.exp(-a)) + (1 - y) * mp.log1p(mp.exp(a))
    return float(total / {"quadratic": 2 * B, "mean squared": B * D}.get(name, B))


@pytest.mark.parametrize("name", NAMES)
def test_value_is_the_definition(name):
    for B, D in [(5, 3), (1, 4), (7, 1)]:
        loss, prediction, target = case(name, B, D)
        found = loss.value(prediction, target)
        assert type(found) is float
        assert found == pytest.approx(exact_value(name, prediction, target), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_the_measured_one(name):
    for B, D in [(5, 3), (1, 4), (7, 2)]:
        loss, prediction, target = case(name, B, D)
        claimed = loss.gradient(prediction, target)
        assert_gradient(lambda A, f=loss.value, Y=target: f(A, Y), prediction, claimed)


@pytest.mark.parametrize("name", NAMES)
def test_repeating_the_batch_keeps_the_value_and_divides_the_gradient(name):
    loss, prediction, target = case(name)
    twice = np.concatenate([prediction, prediction]), np.concatenate([target, target])
    assert loss.value(*twice) == pytest.approx(loss.value(prediction, target), rel=1e-14)
    np.testing.assert_allclose(
        loss.gradient(*twice)[:5] * 2.0, loss.gradient(prediction, target), rtol=1e-14
    )


@pytest.mark.parametrize("name", NAMES)
def test_permuting_the_batch_permutes_the_gradient(name):
    loss, prediction, target = case(name)
    order = np.array([3, 0, 4, 1, 2])
    assert loss.value(prediction[order], target[order]) == pytest.approx(
        loss.value(prediction, target), rel=1e-14
    )
    np.testing.assert_allclose(
        loss.gradient(prediction[order], target[order]), loss.gradient(prediction, target)[order]
    )


@pytest.mark.parametrize("name", NAMES)
def test_inputs_stay_unchanged_and_lists_float32_and_views_are_taken(name):
    loss, prediction, target = case(name)
    before = prediction.copy(), target.copy()
    prediction.flags.writeable = target.flags.writeable = False
    value, gradient = loss.value(prediction, target), loss.gradient(prediction, target)
    assert np.array_equal(prediction, before[0]) and np.array_equal(target, before[1])
    assert loss.value(prediction.tolist(), target.tolist()) == value
    np.testing.assert_array_equal(loss.gradient(prediction.tolist(), target.tolist()), gradient)
    spread = np.repeat(prediction, 2, axis=0)[::2]
    np.testing.assert_array_equal(loss.gradient(spread, target), gradient)
    np.testing.assert_allclose(
        loss.gradient(prediction.astype(np.float32), target), gradient, rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", ["binary from logits", "softmax"])
def test_huge_logits_have_exact_values_without_warning(name):
    loss = case(name)[0]
    for target in ([0, 1, 2], [2, 2, 0]):
        target = np.array(target) if name == "softmax" else np.eye(3)[target]
        expected = exact_value(name, HUGE, target) if name == "softmax" else 0.0
        if name != "softmax":  # log(1 + e^z) is max(z, 0) beyond |z| = 1000, to 400 digits
            for z, y in zip(HUGE.ravel(), target.ravel(), strict=True):
                z = float(z)
                softplus = mp.log1p(mp.exp(mp.mpf(-abs(z))))
                expected += (
                    float((softplus + max(-z, 0)) * y + (softplus + max(z, 0)) * (1 - y)) / 3.0
                )
        assert loss.value(HUGE, target) == pytest.approx(expected, rel=1e-13)
        gradient = loss.gradient(HUGE, target)
        assert np.all(np.isfinite(gradient)) and np.all(np.abs(gradient) <= 1.0 / 3.0)


def test_squares_below_the_largest_number_do_not_overflow():
    A = np.array([[1e150, -1e150], [1e-300, 0.0]])
    assert losses.QuadraticLoss().value(A, -A) == pytest.approx(2e300)
    np.testing.assert_array_equal(
        losses.QuadraticLoss().gradient(A * 1e150, -A), (A * 1e150 + A) / 2.0
    )
    assert losses.MeanSquaredError().value(A, -A) == pytest.approx(2e300)


def test_binary_cross_entropy_at_the_ends_of_the_interval():
    loss = losses.BinaryCrossEntropy()
    assert loss.value([[0.0, 1.0]], [[0.0, 1.0]]) == 0.0
    assert loss.value([[0.0, 1.0]], [[1.0, 1.0]]) == np.inf
    np.testing.assert_array_equal(loss.gradient([[0.0, 1.0]], [[0.0, 1.0]]), [[1.0, -1.0]])
    np.testing.assert_array_equal(
        loss.gradient([[0.0, 1.0, 5e-324]], [[1.0, 0.0, 1.0]]), [[-np.inf, np.inf, -np.inf]]
    )


def test_a_perfect_prediction_costs_plus_zero():
    """A loss of -0.0 would be printed with its sign."""
    for value in (
        losses.SoftmaxCrossEntropy().value([[1000.0, 0.0]], [0]),
        losses.BinaryCrossEntropy().value([[1.0]], [[1.0]]),
        losses.BinaryCrossEntropy(from_logits=True).value([[1000.0]], [[1.0]]),
        losses.QuadraticLoss().value([[1.0]], [[1.0]]),
    ):
        assert f"{value:.4f}" == "0.0000"


def test_from_logits_agrees_with_probabilities_and_the_chain_rule():
    _, Z, Y = case("binary from logits")
    P = 1.0 / (1.0 + np.exp(-Z))
    fused, plain = losses.BinaryCrossEntropy(from_logits=True), losses.BinaryCrossEntropy()
    assert fused.value(Z, Y) == pytest.approx(plain.value(P, Y), rel=1e-12)
    np.testing.assert_allclose(
        fused.gradient(Z, Y), plain.gradient(P, Y) * P * (1.0 - P), rtol=1e-10
    )


def test_shifting_the_logits_leaves_softmax_cross_entropy():
    loss, Z, labels = case("softmax")
    shift = np.arange(5.0)[:, None] * 100.0
    assert loss.value(Z + shift, labels) == pytest.approx(loss.value(Z, labels), rel=1e-12)
    np.testing.assert_allclose(
        loss.gradient(Z + shift, labels), loss.gradient(Z, labels), atol=1e-13
    )
    np.testing.assert_allclose(loss.gradient(Z, labels).sum(axis=1), 0.0, atol=1e-16)


def test_class_numbers_and_one_hot_rows_are_the_same_target():
    loss, Z, labels = case("softmax")
    Y = losses.one_hot(labels, 3)
    assert np.array_equal(Y.argmax(axis=1), labels) and np.array_equal(Y.sum(axis=1), np.ones(5))
    assert loss.value(Z, Y) == loss.value(Z, labels) == loss.value(Z, labels.astype(np.uint8))
    np.testing.assert_array_equal(loss.gradient(Z, Y), loss.gradient(Z, labels))


@pytest.mark.parametrize("kind", ["labels", "distributions", "large", "float32"])
def test_both_at_once_are_value_and_gradient(kind):
    loss, Z, target = case("softmax soft" if kind == "distributions" else "softmax", 7, 4)
    Z = 500.0 * Z if kind == "large" else Z.astype(np.float32) if kind == "float32" else Z
    before, rtol = Z.copy(), 1e-5 if kind == "float32" else 1e-13
    L, dZ = losses.value_and_gradient(loss, Z, target)
    assert type(L) is float and L == pytest.approx(loss.value(Z, target), rel=rtol)
    np.testing.assert_allclose(dZ, loss.gradient(Z, target), rtol=rtol, atol=rtol / 10)
    assert dZ.dtype == loss.gradient(Z, target).dtype == Z.dtype and np.array_equal(Z, before)


def test_a_loss_of_ones_own_is_asked_for_its_two_methods():
    class Doubled(losses.SoftmaxCrossEntropy):
        def value(self, prediction, target):
            return 2.0 * super().value(prediction, target)

    _, Z, target = case("softmax")
    L, dZ = losses.value_and_gradient(Doubled(), Z, target)
    assert L == 2.0 * losses.SoftmaxCrossEntropy().value(Z, target)
    assert np.array_equal(dZ, losses.SoftmaxCrossEntropy().gradient(Z, target))


def test_log_softmax_is_the_logarithm_of_softmax():
    for row in HUGE:
        top = mp.mpf(float(max(row)))
        log_sum = top + mp.log(sum(mp.exp(mp.mpf(float(z)) - top) for z in row))
        np.testing.assert_allclose(
            losses.log_softmax(row), [float(z - log_sum) for z in row], rtol=1e-13, atol=1e-15
        )
    np.testing.assert_allclose(
        losses.log_softmax(np.array([5, 1], np.uint8)), losses.log_softmax([5.0, 1.0])
    )


def test_whole_numbers_do_not_wrap_around():
    A, Y = np.array([[1, 9]], np.uint8), np.array([[3, 4]], np.uint8)
    assert losses.QuadraticLoss().value(A, Y) == 14.5
    np.testing.assert_array_equal(losses.QuadraticLoss().gradient(A, Y), [[-2.0, 5.0]])
    np.testing.assert_array_equal(losses.MeanSquaredError().gradient(A, Y), [[-2.0, 5.0]])
    labels = np.array([[True, False]])
    logits = losses.BinaryCrossEntropy(from_logits=True)
    assert logits.value(A, labels) == pytest.approx(
        np.log1p(np.exp(-1.0)) + 9.0 + np.log1p(np.exp(-9.0))
    )


WRONG_SHAPES = [
    ("quadratic", (5,), (5,), "prediction has shape (5,), expected (B, D): one example is a batch of one, write x[None, :]"),
    ("quadratic", (5, 1), (5,), "target has shape (5,), expected (5, 1): one number a row is a matrix with one column, write x[:, None]"),
    ("mean squared", (5, 3), (3, 5), "target has shape (3, 5), expected (5, 3): is it transposed?"),
    ("binary", (5, 3), (4, 3), "target has shape (4, 3), expected (5, 3): look at axis 0"),
    ("binary from logits", (3,), (3,), "prediction has shape (3,), expected (B, D): one example is a batch of one, write x[None, :]"),
    ("softmax", (5, 3, 1), (5,), "prediction has shape (5, 3, 1), expected (B, C): the number of axes is 3, expected 2"),
    ("softmax", (5, 3), (4,), "target has shape (4,), expected (5,): look at axis 0"),
    ("softmax", (5, 3), (5, 1), "target has shape (5, 1), expected (5, 3): give a class number for each row, (B,), or a distribution, (B, C)"),
    ("mean squared", (0, 3), (0, 3), "prediction has no entries: the mean over an empty batch does not exist"),
    ("mean squared", (3, 0), (3, 0), "prediction has no entries: the mean over an empty batch does not exist"),
    ("softmax", (0, 3), (0,), "prediction has no entries: the mean over an empty batch does not exist"),
]  # fmt: skip


@pytest.mark.parametrize("name, prediction, target, message", WRONG_SHAPES)
def test_shape_errors_name_the_cause(name, prediction, target, message):
    loss = case(name)[0]
    for call in (loss.value, loss.gradient):
        with pytest.raises(ShapeError) as error:
            call(np.full(prediction, 0.5), np.zeros(target, dtype=int))
        assert str(error.value) == message


@pytest.mark.parametrize(
    "loss, prediction, target, message",
    [
        (losses.BinaryCrossEntropy(), [[-3.0, 2.5]], [[0.0, 1.0]],
         "prediction has entries from -3 to 2.5, expected 0 to 1: for logits write BinaryCrossEntropy(from_logits=True)"),
        (losses.BinaryCrossEntropy(from_logits=True), [[-3.0, 2.5]], [[-1.0, 1.0]],
         "target has entries from -1 to 1, expected 0 to 1: write the two classes as 0 and 1"),
        (losses.SoftmaxCrossEntropy(), np.zeros((2, 3)), [0, 3], "labels run from 0 to 3, expected 0 to 2"),
        (losses.SoftmaxCrossEntropy(), np.zeros((2, 3)), [-1, 2], "labels run from -1 to 2, expected 0 to 2"),
        (losses.SoftmaxCrossEntropy(), np.zeros((2, 3)), [0.0, 1.0],
         "labels are float64, expected class numbers: use astype(int)"),
        (losses.SoftmaxCrossEntropy(), np.zeros((2, 2)), [True, False],
         "labels are bool, expected class numbers: use astype(int)"),
        (losses.SoftmaxCrossEntropy(), np.zeros((2, 2)), [[1.0, 1.0], [0.0, 1.0]],
         "target has a row that is no distribution: entries >= 0 with sum 1"),
        (losses.SoftmaxCrossEntropy(), np.zeros((1, 2)), [[2.0, -1.0]],
         "target has a row that is no distribution: entries >= 0 with sum 1"),
    ],
)  # fmt: skip
def test_values_that_mean_nothing_are_refused(loss, prediction, target, message):
    for call in (loss.value, loss.gradient):
        with pytest.raises(ValueError) as error:
            call(prediction, target)
        assert str(error.value) == message


@pytest.mark.parametrize("name", NAMES)
def test_a_nan_stays_visible(name):
    loss, prediction, target = case(name)
    prediction[2, 1] = np.nan
    assert np.isnan(loss.value(prediction, target))
    assert np.isnan(loss.gradient(prediction, target)[2, 1])
