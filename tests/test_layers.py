"""Layers: forward by loops, backward by measured gradients, state, shapes and messages."""
# ruff: noqa: E501 (a message stands on one line, as it is printed)

import numpy as np
import pytest
from measured import assert_gradient

from nnlib import activations, initializers, layers
from nnlib._shapes import ShapeError


def dense(D_in=3, D_out=4, seed=0):
    layer = layers.Dense(D_in, D_out, np.random.default_rng(seed))
    layer.b[...] = np.random.default_rng(seed + 1).normal(size=D_out)
    return layer


def check_backward(layer, X, seed=0):
    """Measure the gradient of sum(U * forward(X)) for the input and every parameter."""
    U = np.random.default_rng(seed).normal(size=np.shape(layer.forward(X)))
    dX = layer.backward(U)
    claimed = {name: gradient.copy() for name, gradient in layer.gradients.items()}
    assert set(claimed) == set(layer.parameters)
    assert_gradient(lambda X: float(np.sum(U * layer.forward(X))), X, dX)
    for name, theta in layer.parameters.items():
        start = theta.copy()

        def at(value, theta=theta):
            theta[...] = value
            return float(np.sum(U * layer.forward(X)))

        assert_gradient(at, start, claimed[name])
        theta[...] = start


@pytest.mark.parametrize("B, D_in, D_out", [(5, 3, 4), (1, 3, 2), (4, 1, 3), (2, 5, 1), (3, 3, 3)])
def test_dense_forward_by_loops_and_backward_measured(B, D_in, D_out):
    layer, A = dense(D_in, D_out), np.random.default_rng(2).normal(size=(B, D_in))
    Z = layer.forward(A)
    for i in range(B):
        for j in range(D_out):
            z = layer.b[j] + sum(layer.W[j, k] * A[i, k] for k in range(D_in))
            assert Z[i, j] == pytest.approx(z, rel=1e-13, abs=1e-13)
    for seed in (0, 1):
        check_backward(layer, A, seed)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_activation_forward_and_backward(name):
    Z = np.random.default_rng(6).normal(size=(5, 4)) * 1.5
    layer = layers.Activation(name)
    np.testing.assert_array_equal(layer.forward(Z), activations.ACTIVATIONS[name][0](Z))
    check_backward(layer, Z)
    check_backward(layer, Z.reshape(5, 2, 2))


def test_activation_takes_a_pair_of_functions():
    check_backward(
        layers.Activation((np.sin, np.cos)), np.random.default_rng(0).normal(size=(3, 2))
    )


def test_flatten_keeps_the_order_of_the_pixels_and_undoes_itself():
    X = np.random.default_rng(0).normal(size=(4, 2, 3, 5))
    layer = layers.Flatten()
    A = layer.forward(X)
    assert A.shape == (4, 30) and np.array_equal(A[2], X[2].ravel())
    check_backward(layer, X)
    assert layer.forward(np.zeros((0, 2, 3))).shape == (0, 6)
    assert layer.forward(np.zeros((7, 5))).shape == (7, 5)


def test_dropout_backward_uses_the_mask_of_the_forward_pass():
    layer, X = (
        layers.Dropout(0.4, np.random.default_rng(0)),
        np.random.default_rng(1).normal(size=(6, 5)),
    )
    layer.training = True
    U = np.random.default_rng(2).normal(size=(6, 5))

    def f(X):
        layer.rng = np.random.default_rng(3)
        return float(np.sum(U * layer.forward(X)))

    f(X)
    dX = layer.backward(U)
    assert_gradient(f, X, dX)
    assert np.any(dX == 0.0) and np.any(dX != 0.0)


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    layer, n = layers.Dropout(rate, np.random.default_rng(0)), 40_000
    layer.training = True
    A = layer.forward(np.ones((n // 100, 100)))
    dropped = np.mean(A == 0.0)
    error = 5.0 * np.sqrt(rate * (1.0 - rate) / n)  # five standard errors
    assert abs(dropped - rate) <= error
    assert abs(A.mean() - 1.0) <= error / (1.0 - rate) + 1e-12
    assert np.allclose(A[A > 0], 1.0 / (1.0 - rate))
    assert rate == 0.0 or not np.array_equal(A, layer.forward(np.ones_like(A)))


def test_dropout_does_nothing_outside_training():
    layer, X = layers.Dropout(0.9, np.random.default_rng(0)), np.arange(6.0).reshape(2, 3)
    state = layer.rng.bit_generator.state
    assert np.array_equal(layer.forward(X), X)
    assert np.array_equal(layer.backward(X), X)
    assert layer.rng.bit_generator.state == state


@pytest.mark.parametrize("rate", [1.0, -0.1, 1.5, np.nan])
def test_a_rate_outside_its_range_is_refused(rate):
    with pytest.raises(ValueError) as error:
        layers.Dropout(rate, np.random.default_rng(0))
    assert str(error.value) == f"rate is {rate}, expected 0 <= rate < 1"


def test_an_unknown_activation_is_refused_with_the_known_names():
    with pytest.raises(
        ValueError, match="no activation is called 'Relu': choose from sigmoid, tanh, .*, gelu$"
    ):
        layers.Activation("Relu")


def norm(D=3, seed=0, epsilon=1e-5):
    layer = layers.LayerNorm(D, epsilon)
    layer.gamma[...], layer.beta[...] = np.random.default_rng(seed).normal(size=(2, D))
    return layer


@pytest.mark.parametrize("shape", [(5, 3), (1, 3), (4, 1), (2, 4, 3), (2, 2, 3, 5), (6,)], ids=str)
def test_layer_norm_forward_by_loops_and_backward_measured(shape):
    layer, X = norm(shape[-1]), np.random.default_rng(2).normal(size=shape)
    Y = layer.forward(X)
    for at in np.ndindex(shape[:-1]):
        x = X[at].tolist()
        mean = sum(x) / len(x)
        root = (sum((v - mean) ** 2 for v in x) / len(x) + 1e-5) ** 0.5
        for k, v in enumerate(x):
            y = layer.gamma[k] * (v - mean) / root + layer.beta[k]
            assert Y[at][k] == pytest.approx(y, rel=1e-11, abs=1e-12)
    for seed in (0, 1):
        check_backward(layer, X, seed)


def test_layer_norm_gives_every_example_mean_0_and_variance_1():
    X = 7.0 + 30.0 * np.random.default_rng(0).normal(size=(4, 50))
    N = layers.LayerNorm(50).forward(X)
    np.testing.assert_allclose(N.mean(axis=1), 0.0, atol=1e-14)
    expected = X.var(axis=1) / (X.var(axis=1) + 1e-5)
    np.testing.assert_allclose(N.var(axis=1), expected, rtol=1e-12)
    for other in (3.0 * X, X + 5.0):  # neither scale nor offset goes through
        np.testing.assert_allclose(layers.LayerNorm(50).forward(other), N, atol=1e-5)


def test_the_gradient_of_layer_norm_has_no_part_along_1_and_along_N():
    layer, rng = layers.LayerNorm(6, epsilon=0.0), np.random.default_rng(0)
    X, U = rng.normal(size=(2, 5, 6))
    N = layer.forward(X)
    dX = layer.backward(U)
    np.testing.assert_allclose(dX.sum(axis=1), 0.0, atol=1e-14)
    np.testing.assert_allclose((dX * N).sum(axis=1), 0.0, atol=1e-13)


def test_layer_norm_of_a_constant_row_is_beta_and_the_slope_is_finite():
    layer, U = norm(), np.random.default_rng(1).normal(size=(2, 3))
    assert np.array_equal(layer.forward(np.full((2, 3), 4.0)), [layer.beta, layer.beta])
    dX, dN = layer.backward(U), U * layer.gamma
    centred = dN - dN.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(dX, centred / np.sqrt(1e-5), rtol=1e-12)


@pytest.mark.parametrize("shape, message", [
    ((5, 4), "X has shape (5, 4), expected (5, 3): look at axis 1"),
    ((2, 5, 4), "X has shape (2, 5, 4), expected (2, 5, 3): look at axis 2"),
    ((4,), "X has shape (4,), expected (3,): look at axis 0"),
    ((), "X has shape (), expected (3,): the number of axes is 0, expected 1"),
])  # fmt: skip
def test_layer_norm_shape_errors(shape, message):
    with pytest.raises(ShapeError) as error:
        norm().forward(np.zeros(shape))
    assert str(error.value) == message


def every_layer():
    return [
        dense(),
        layers.Activation("tanh"),
        layers.Flatten(),
        layers.Dropout(0.5, np.random.default_rng(0)),
        norm(),
    ]


@pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: type(layer).__name__)
def test_inputs_stay_unchanged_and_may_be_read_only_lists_or_views(layer):
    X = np.random.default_rng(0).normal(size=(5, 3))
    U = np.random.default_rng(1).normal(size=layer.forward(X).shape)
    X.flags.writeable = U.flags.writeable = False
    before = X.copy(), U.copy()
    A, dX = layer.forward(X), layer.backward(U)
    assert np.array_equal(X, before[0]) and np.array_equal(U, before[1])
    for X2, U2 in [
        (X.tolist(), U.tolist()),
        (np.asfortranarray(X), np.repeat(U, 2, axis=1)[:, ::2]),
    ]:
        np.testing.assert_allclose(layer.forward(X2), A, rtol=1e-13)
        np.testing.assert_allclose(layer.backward(U2), dX, rtol=1e-13)
    np.testing.assert_allclose(layer.forward(X.astype(np.float32)), A, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: type(layer).__name__)
def test_backward_twice_gives_the_same_and_the_last_forward_counts(layer):
    X, X2 = np.random.default_rng(0).normal(size=(2, 5, 3))
    U = np.random.default_rng(1).normal(size=layer.forward(X).shape)
    dX = layer.backward(U)
    gradients = {name: g.copy() for name, g in layer.gradients.items()}
    assert np.array_equal(layer.backward(U), dX)
    assert all(np.array_equal(gradients[name], g) for name, g in layer.gradients.items())
    layer.forward(X2)
    other = layer.backward(U)
    layer.forward(X)
    assert np.array_equal(layer.backward(U), dX)
    if isinstance(layer, (layers.Activation, layers.LayerNorm)):
        assert not np.array_equal(other, dX)


@pytest.mark.parametrize("layer", every_layer(), ids=lambda layer: type(layer).__name__)
def test_permuting_the_batch_permutes_dX_and_leaves_the_parameters(layer):
    X, order = np.random.default_rng(0).normal(size=(5, 3)), np.array([4, 2, 0, 1, 3])
    U = np.random.default_rng(1).normal(size=layer.forward(X).shape)
    dX = layer.backward(U)
    gradients = {name: g.copy() for name, g in layer.gradients.items()}
    layer.forward(X[order])
    np.testing.assert_allclose(layer.backward(U[order]), dX[order], rtol=1e-13)
    for name, g in layer.gradients.items():
        np.testing.assert_allclose(g, gradients[name], rtol=1e-13)


def test_the_bias_gradient_is_a_sum_because_the_loss_has_divided_by_B():
    layer = dense()
    layer.forward(np.ones((6, 3)))
    layer.backward(np.ones((6, 4)))
    assert np.array_equal(layer.db, [6.0] * 4)
    assert np.array_equal(layer.dW, np.full((4, 3), 6.0))


def test_dense_starts_with_the_chosen_spread_and_no_bias():
    layer = layers.Dense(5, 7, np.random.default_rng(3), initializer=initializers.lecun)
    assert np.array_equal(layer.W, initializers.lecun(7, 5, np.random.default_rng(3)))
    assert np.array_equal(layer.b, np.zeros(7))
    default = layers.Dense(5, 7, np.random.default_rng(3))
    assert np.array_equal(default.W, initializers.he(7, 5, np.random.default_rng(3)))


def test_parameters_are_the_arrays_themselves():
    layer = dense()
    layer.parameters["W"][...] = 0.0
    assert np.array_equal(layer.forward(np.ones((2, 3))), [layer.b, layer.b])
    assert set(layer.parameters) == set(layer.names) == {"W", "b"}


@pytest.mark.parametrize("layer, kept", [
    (layers.Dense(3, 2, np.random.default_rng(0)), "A_prev"), (layers.Activation("relu"), "Z"),
    (layers.Flatten(), "shape"), (layers.Dropout(0.5, np.random.default_rng(0)), "scale"),
    (layers.LayerNorm(2), "N"),
])  # fmt: skip
def test_backward_before_forward_says_so(layer, kept):
    with pytest.raises(RuntimeError) as error:
        layer.backward(np.ones((2, 2)))
    assert (
        str(error.value) == f"{type(layer).__name__} has no {kept} yet: call forward, then backward"
    )


def test_gradients_before_backward_say_so():
    layer = dense()
    layer.forward(np.ones((2, 3)))
    with pytest.raises(RuntimeError, match="^Dense has no dW yet: call forward, then backward$"):
        layer.gradients  # noqa: B018


@pytest.mark.parametrize(
    "shape, message",
    [
        (
            (3,),
            "A_prev has shape (3,), expected (B, 3): one example is a batch of one, write x[None, :]",
        ),
        ((3, 5), "A_prev has shape (3, 5), expected (B, 3): is it transposed?"),
        ((5, 7), "A_prev has shape (5, 7), expected (B, 3): did the layer below have 7 units?"),
        (
            (5, 3, 1),
            "A_prev has shape (5, 3, 1), expected (B, 3): the number of axes is 3, expected 2",
        ),
        ((), "A_prev has shape (), expected (B, 3): the number of axes is 0, expected 2"),
    ],
)
def test_dense_forward_shape_errors(shape, message):
    with pytest.raises(ShapeError) as error:
        dense().forward(np.zeros(shape))
    assert str(error.value) == message


@pytest.mark.parametrize(
    "shape, message",
    [
        ((5, 2), "delta has shape (5, 2), expected (5, 4): did the layer above have 2 units?"),
        ((4, 5), "delta has shape (4, 5), expected (5, 4): is it transposed?"),
        (
            (6, 4),
            "delta has shape (6, 4), expected (5, 4): did another batch, of 5 rows, go forward since?",
        ),
        ((4,), "delta has shape (4,), expected (5, 4): the number of axes is 1, expected 2"),
    ],
)
def test_dense_backward_shape_errors(shape, message):
    layer = dense()
    layer.forward(np.zeros((5, 3)))
    with pytest.raises(ShapeError) as error:
        layer.backward(np.zeros(shape))
    assert str(error.value) == message


@pytest.mark.parametrize("layer, symbol", [
    (layers.Activation("relu"), "dA"), (layers.Flatten(), "upstream"),
    (layers.Dropout(0.5, np.random.default_rng(0)), "upstream"), (layers.LayerNorm(3), "upstream"),
])  # fmt: skip
def test_other_backward_shape_errors(layer, symbol):
    layer.forward(np.zeros((5, 3)))
    for shape, cause in [
        ((3, 5), "is it transposed?"),
        ((5, 4), "look at axis 1"),
        ((1, 3), "look at axis 0"),
    ]:
        with pytest.raises(ShapeError) as error:
            layer.backward(np.zeros(shape))
        assert str(error.value) == f"{symbol} has shape {shape}, expected (5, 3): {cause}"


def test_a_refused_input_leaves_the_layer_as_it_was():
    layer = dense()
    X, U = np.ones((5, 3)), np.ones((5, 4))
    layer.forward(X)
    with pytest.raises(ShapeError):
        layer.forward(np.ones((2, 7)))
    assert layer.backward(U).shape == (5, 3)
