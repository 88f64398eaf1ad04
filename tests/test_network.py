"""Sequential: a chain is the composition of its layers, forward and backward."""

import numpy as np
import pytest
from measured import assert_gradient
from test_layers import check_backward

from nnlib import activations, layers, losses, network
from nnlib._shapes import ShapeError


def small(seed=0, f="tanh"):
    rng = np.random.default_rng(seed)
    return network.Sequential(
        [layers.Dense(4, 5, rng), layers.Activation(f), layers.Dense(5, 3, rng)]
    )


def test_forward_is_the_composition():
    net, X = small(), np.random.default_rng(1).normal(size=(6, 4))
    first, f, last = net.layers
    expected = np.tanh(X @ first.W.T + first.b) @ last.W.T + last.b
    np.testing.assert_allclose(net.forward(X), expected, rtol=1e-14)


@pytest.mark.parametrize("f", ["sigmoid", "gelu", "selu"])
def test_all_gradients_are_measured(f):
    check_backward(small(f=f), np.random.default_rng(1).normal(size=(6, 4)))


def test_a_chain_is_a_layer_of_another_chain():
    rng = np.random.default_rng(3)
    net = network.Sequential(
        [layers.Flatten(), small(), layers.Activation("swish"), layers.Dense(3, 2, rng)]
    )
    assert list(net.parameters) == ["1.0.W", "1.0.b", "1.2.W", "1.2.b", "3.W", "3.b"]
    check_backward(net, rng.normal(size=(5, 2, 2)))


ONE_HOT = np.eye(3)[[0, 1, 2, 1]]


@pytest.mark.parametrize("loss, target", [
    (losses.QuadraticLoss(), ONE_HOT), (losses.MeanSquaredError(), ONE_HOT),
    (losses.BinaryCrossEntropy(from_logits=True), ONE_HOT),
    (losses.SoftmaxCrossEntropy(), np.array([0, 1, 2, 1])),
])  # fmt: skip
def test_repeating_the_batch_leaves_every_gradient(loss, target):
    """1/B stands in the loss only: a factor more or less shows here."""
    net, X = small(), np.random.default_rng(1).normal(size=(4, 4))
    net.backward(loss.gradient(net.forward(X), target))
    once = {name: g.copy() for name, g in net.gradients.items()}
    X3, target3 = np.concatenate([X, X, X]), np.concatenate([target, target, target])
    net.backward(loss.gradient(net.forward(X3), target3))
    for name, g in net.gradients.items():
        np.testing.assert_allclose(g, once[name], rtol=1e-12, atol=1e-16)
    weights = net.parameters["0.W"]
    start = weights.copy()

    def at(W):
        weights[...] = W
        return loss.value(net.forward(X), target)

    assert_gradient(at, start, once["0.W"])


def test_the_gradients_alone_are_those_of_backward():
    rng = np.random.default_rng(4)
    first = layers.Dense(4, 4, rng)
    inner = network.Sequential([layers.Activation("tanh"), first, small(f="relu")])
    net = network.Sequential([layers.Flatten(), inner, layers.LayerNorm(3)])
    U = rng.normal(size=net.forward(rng.normal(size=(6, 2, 2))).shape)
    net.backward(U)
    wanted = net.gradients
    for layer in (first, *inner.layers[2].layers[::2]):
        del layer.dW, layer.db
    first.backward = lambda delta: pytest.fail("nobody needs the gradient below the lowest W")
    net.set_gradients(U)
    assert all(np.array_equal(net.gradients[name], wanted[name]) for name in wanted)
    network.Sequential([layers.Flatten()]).set_gradients(U)  # nothing to do


def test_a_layer_of_ones_own_with_another_backward_is_asked_through_it():
    class Half(layers.Dense):
        def backward(self, delta):
            dX = super().backward(delta)
            self.dW = 0.5 * self.dW
            return dX

    net, X = network.Sequential([Half(4, 3, np.random.default_rng(0))]), np.ones((2, 4))
    net.forward(X)
    net.set_gradients(np.ones((2, 3)))
    assert np.array_equal(net.gradients["0.W"], np.ones((3, 4)))


def test_another_dtype_stays_all_the_way():
    rng = np.random.default_rng(0)
    for f in activations.ACTIVATIONS:
        norm, drop = layers.LayerNorm(5), layers.Dropout(0.5, rng)
        net = network.Sequential([layers.Dense(4, 5, rng), norm, layers.Activation(f), drop])
        assert net.astype(np.float32) is net
        for net.training in (True, False):
            A = net.forward(rng.normal(size=(3, 4)).astype(np.float32))
            arrays = [A, net.backward(A), *net.parameters.values(), *net.gradients.values()]
            assert {a.dtype for a in arrays} == {np.dtype("float32")}, f
        for loss in (losses.QuadraticLoss(), losses.MeanSquaredError(),
                     losses.BinaryCrossEntropy(from_logits=True)):  # fmt: skip
            assert loss.gradient(A, np.ones(A.shape)).dtype == np.float32


def test_parameters_and_gradients_have_the_same_keys_and_are_live():
    net = small()
    net.backward(net.forward(np.ones((2, 4))))
    assert list(net.parameters) == list(net.gradients) == ["0.W", "0.b", "2.W", "2.b"]
    assert net.parameters["2.b"] is net.layers[2].b
    assert net.gradients["2.b"] is net.layers[2].db


def test_training_reaches_every_layer_and_is_told_back():
    rng = np.random.default_rng(0)
    net = network.Sequential(
        [network.Sequential([layers.Dropout(0.5, rng)]), layers.Dropout(0.5, rng)]
    )
    assert not net.training
    net.training = True
    assert net.training and net.layers[0].layers[0].training and net.layers[1].training
    net.training = False
    assert not net.training and not net.layers[0].layers[0].training


def test_a_chain_without_layers_passes_on():
    net, X = network.Sequential([]), np.ones((2, 3))
    assert np.array_equal(net.forward(X), X) and np.array_equal(net.backward(X), X)
    assert net.parameters == net.gradients == {} and not net.training


def test_layers_that_do_not_fit_are_named():
    rng = np.random.default_rng(0)
    net = network.Sequential([layers.Dense(4, 5, rng), layers.Dense(6, 3, rng)])
    with pytest.raises(ShapeError) as error:
        net.forward(np.ones((2, 4)))
    assert (
        str(error.value)
        == "A_prev has shape (2, 5), expected (B, 6): did the layer below have 5 units?"
    )


def test_the_given_list_is_not_kept():
    given = [layers.Flatten()]
    net = network.Sequential(given)
    given.append(layers.Flatten())
    assert len(net.layers) == 1


# ---------------------------------------------------------------- tokens and residual ways


def per_token(seed=0):
    rng = np.random.default_rng(seed)
    chain = [layers.Dense(4, 5, rng), layers.Activation("tanh"), layers.Dense(5, 2, rng)]
    return network.PerToken(chain)


def test_every_token_goes_through_by_itself():
    net, X = per_token(), np.random.default_rng(1).normal(size=(2, 3, 4))
    Y, alone = net.forward(X), network.Sequential(net.layers)
    assert Y.shape == (2, 3, 2)
    for i in range(2):
        np.testing.assert_allclose(Y[i], alone.forward(X[i]), rtol=1e-13)
    check_backward(net, X)


def test_tokens_of_the_upstream_are_those_of_the_input():
    net, X = per_token(), np.random.default_rng(1).normal(size=(2, 3, 4))
    with pytest.raises(RuntimeError, match="^PerToken has no tokens yet: call forward, then"):
        net.backward(np.ones((2, 3, 2)))
    net.forward(X)
    axes = "the number of axes is 2, expected 3"
    for shape, cause in [((3, 2, 2), "look at axis 0"), ((6, 2), axes)]:
        with pytest.raises(ShapeError) as error:
            net.backward(np.ones(shape))
        assert str(error.value) == f"upstream has shape {shape}, expected (2, 3, D): {cause}"
    with pytest.raises(ShapeError, match="upstream|delta"):
        net.backward(np.ones((2, 3, 1)))
    with pytest.raises(ShapeError) as error:
        net.forward(X[0])
    assert str(error.value).endswith("one example is a batch of one, write x[None, :]")
    assert net.forward(X[:0]).shape == (0, 3, 2)
    assert net.backward(np.ones((0, 3, 2))).shape == (0, 3, 4)


def residual(seed=0):
    rng = np.random.default_rng(seed)
    return network.Residual([layers.Dense(4, 4, rng), layers.Activation("gelu")])


def test_a_residual_adds_what_went_in():
    net, X = residual(), np.random.default_rng(1).normal(size=(5, 4))
    alone = network.Sequential(net.layers)
    np.testing.assert_array_equal(net.forward(X), X + alone.forward(X))
    check_backward(net, X)
    np.testing.assert_array_equal(network.Residual([]).forward([[1.0, 2.0]]), [[2.0, 4.0]])
    assert list(net.parameters) == ["0.W", "0.b"]


def test_the_upstream_reaches_the_input_undamped_when_the_layers_are_dead():
    net, U = residual(), np.random.default_rng(2).normal(size=(5, 4))
    for theta in net.parameters.values():
        theta[...] = 0.0
    net.forward(np.ones((5, 4)))
    np.testing.assert_array_equal(net.backward(U), U)


@pytest.mark.parametrize("D_in, D_out", [(1, 3), (3, 1), (3, 2)])
def test_a_residual_whose_layers_change_the_shape_is_refused(D_in, D_out):
    """With a D of 1 the sum would broadcast, and dX would have the wrong shape."""
    net = network.Residual([layers.Dense(D_in, D_out, np.random.default_rng(0))])
    with pytest.raises(ShapeError) as error:
        net.forward(np.ones((5, D_in)))
    cause = "the layers must return the shape they are given"
    assert str(error.value) == f"f(X) has shape (5, {D_out}), expected (5, {D_in}): {cause}"


def test_training_reaches_the_layers_of_both():
    net = network.Residual([network.PerToken([layers.Dropout(0.5, np.random.default_rng(0))])])
    net.training = True
    assert net.layers[0].layers[0].training and net.training
