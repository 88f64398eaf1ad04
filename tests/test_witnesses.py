"""Three witnesses: hand formula, finite differences and the autodiff graph agree.

For every layer, activation and loss of nnlib the forward pass is written a second time with
nodes, from the definition and in another way than nnlib computes it; no code is shared. The
nodes' gradients must be those that `backward` returns and sets, and both the measured ones.
"""
# ruff: noqa: E501 (a case stands on one line)

import inspect
import math

import numpy as np
import pytest
from test_layers import check_backward

from nnlib import (
    activations,
    attention,
    autodiff,
    convolution,
    gradcheck,
    layers,
    losses,
    network,
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def rng():
    return np.random.default_rng(1)


def randomised(layer):
    """Return the layer with every parameter at random: a bias of 0 would hide mistakes."""
    for n, theta in enumerate(layer.parameters.values()):
        theta[...] = normal(*theta.shape, seed=20 + n)
    return layer


# ---------------------------------------------------------------- forward, with nodes


def relu(z):
    return np.maximum(z, 0.0)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def elu(z, alpha=1.0):
    return relu(z) + alpha * (np.exp(np.minimum(z, 0.0)) - 1.0)


ERF = np.frompyfunc(math.erf, 1, 1)  # numpy has none: a rule of its own for GELU
ERF_RULE = (lambda u, y, a: u * 2.0 / math.sqrt(math.pi) * np.exp(-a * a),)

ACTIVATIONS = {
    "sigmoid": sigmoid,
    "tanh": lambda z: 2.0 * sigmoid(2.0 * z) - 1.0,
    "hard_tanh": lambda z: np.maximum(np.minimum(z, 1.0), -1.0),
    "relu": relu,
    "leaky_relu": lambda z: relu(z) - 0.01 * relu(-z),
    "elu": elu,
    "selu": lambda z: 1.0507009873554805 * elu(z, 1.6732632423543772),
    "softplus": lambda z: np.log(1.0 + np.exp(z)),
    "swish": lambda z: z * sigmoid(z),
    "gelu": lambda z: z * 0.5 * (1.0 + ERF(z / math.sqrt(2.0))),
}


def dense(P, X, name=""):
    return X @ P[f"{name}W"].T + P[f"{name}b"]


def layer_norm(P, X, name=""):
    mean = X.mean(axis=-1, keepdims=True)
    variance = (X * X).mean(axis=-1, keepdims=True) - mean * mean
    return P[f"{name}gamma"] * (X - mean) * (variance + 1e-5) ** -0.5 + P[f"{name}beta"]


def padded(X, p):
    """Return the images with rings of zeros: two products with shifted identities."""
    H, W = X.shape[2:]
    return np.eye(H + 2 * p, H, k=-p) @ X @ np.eye(W + 2 * p, W, k=-p).T


def conv(P, X, stride=1, padding=0):
    """Return the convolution as a sum over the entries of the kernel, shifted images each."""
    X, m = padded(X, padding), P["W"].shape[-1]
    H, W = ((N - m) // stride + 1 for N in X.shape[2:])
    Z = P["b"].reshape(-1, 1, 1)
    for a in range(m):
        for b in range(m):
            shifted = X[:, None, :, a : a + H * stride : stride, b : b + W * stride : stride]
            Z = Z + (shifted * P["W"][None, :, :, a, b, None, None]).sum(axis=2)
    return Z


def window_entries(X, size, stride):
    """Return (B, C, H_out, W_out, size^2): by the numbers of the pixels of every window."""
    B, C, H, W = X.shape
    top, left = np.arange(0, H - size + 1, stride), np.arange(0, W - size + 1, stride)
    a, b = np.divmod(np.arange(size**2), size)
    pixels = (top[:, None, None] + a) * W + left[None, :, None] + b
    return X.reshape(B, C, H * W)[:, :, pixels]


def subsample(P, X, size, stride):
    scale, shift = (P[name].reshape(-1, 1, 1) for name in "Wb")
    return scale * window_entries(X, size, stride).mean(axis=-1) + shift


def heads(P, X, number, mask=None, name=""):
    """Return multi-head attention as a sum over the heads, each with its rows of the W."""
    D, Y = X.shape[-1], 0.0
    d = D // number
    for h in range(number):
        own = slice(h * d, (h + 1) * d)
        Q, K, V = (X @ P[f"{name}W_{which}"][own].T for which in "QKV")
        S = Q @ K.transpose(0, 2, 1) * d**-0.5
        if mask is not None:  # a finite stand-in for minus infinity
            S = S - 1e4 * ~mask
        Y = Y + softmax(S) @ V @ P[f"{name}W_O"][:, own].T
    return Y


def block(P, X):
    """Return a transformer block: two residual ways, norm first."""
    X = X + heads(P, layer_norm(P, X, "0.0."), 2, np.tri(3, dtype=bool), "0.1.")
    H = np.tanh(dense(P, layer_norm(P, X, "1.0."), "1.1.0."))
    return X + dense(P, H, "1.1.2.")


def one_block():
    mask = attention.causal_mask(3)
    attend = [layers.LayerNorm(4), attention.MultiHeadAttention(4, 2, rng(), mask)]
    think = [layers.Dense(4, 5, rng()), layers.Activation("tanh"), layers.Dense(5, 4, rng())]
    return network.Sequential([
        network.Residual(attend),
        network.Residual([layers.LayerNorm(4), network.PerToken(think)]),
    ])  # fmt: skip


class DropoutOnce(layers.Dropout):
    """Dropout that draws the same mask at every forward pass, so that it can be measured."""

    def forward(self, A):
        self.rng, self.training = np.random.default_rng(3), True
        return super().forward(A)


IMAGES, TOKENS, ROWS = (2, 3, 5, 4), (2, 3, 4), (5, 3)
MASK = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 1]], dtype=bool)

# name: layer, shape of its input, its forward pass with nodes
WITNESSES = {
    "Dense": (lambda: layers.Dense(3, 4, rng()), ROWS, dense),
    "Flatten": (layers.Flatten, IMAGES, lambda P, X: X.reshape(2, -1)),
    "Dropout": (lambda: DropoutOnce(0.4, rng()), ROWS, lambda P, X:
                X * np.where(np.random.default_rng(3).random(ROWS) < 0.4, 0.0, 1.0 / 0.6)),
    "LayerNorm": (lambda: layers.LayerNorm(4), TOKENS, layer_norm),
    "LayerNorm of rows": (lambda: layers.LayerNorm(3), ROWS, layer_norm),
    "Conv2D": (lambda: convolution.Conv2D(3, 2, 3, rng()), IMAGES, conv),
    "Conv2D strided": (lambda: convolution.Conv2D(3, 2, 2, rng(), stride=2, padding=1), IMAGES,
                       lambda P, X: conv(P, X, 2, 1)),
    "Gain": (lambda: convolution.Gain(3), IMAGES, lambda P, X: P["g"][:, None, None] * X),
    "MaxPool2D": (lambda: convolution.MaxPool2D(2), IMAGES,
                  lambda P, X: window_entries(X, 2, 2).max(axis=-1)),
    "MaxPool2D overlapping": (lambda: convolution.MaxPool2D(3, 1), IMAGES,
                              lambda P, X: window_entries(X, 3, 1).max(axis=-1)),
    "AvgPool2D": (lambda: convolution.AvgPool2D(2, 1), IMAGES,
                  lambda P, X: window_entries(X, 2, 1).mean(axis=-1)),
    "Subsample2D": (lambda: convolution.Subsample2D(3, 2), IMAGES,
                    lambda P, X: subsample(P, X, 2, 2)),
    "MultiHeadAttention": (lambda: attention.MultiHeadAttention(4, 2, rng()), TOKENS,
                           lambda P, X: heads(P, X, 2)),
    "MultiHeadAttention masked": (lambda: attention.MultiHeadAttention(4, 4, rng(), MASK), TOKENS,
                                  lambda P, X: heads(P, X, 4, MASK)),
    "Sequential": (lambda: network.Sequential([layers.Dense(3, 2, rng()), layers.Activation("swish")]),
                   ROWS, lambda P, X: ACTIVATIONS["swish"](dense(P, X, "0."))),
    "PerToken": (lambda: network.PerToken([layers.Dense(4, 2, rng())]), TOKENS,
                 lambda P, X: dense(P, X, "0.")),
    "Residual": (lambda: network.Residual([layers.Dense(3, 3, rng())]), ROWS,
                 lambda P, X: X + dense(P, X, "0.")),
    "one block of a transformer": (one_block, TOKENS, block),
}  # fmt: skip
WITNESSES |= {
    f"Activation {name}": (
        lambda name=name: layers.Activation(name),
        (4, 5),
        lambda P, Z, f=f: f(Z),
    )
    for name, f in ACTIVATIONS.items()
}


@pytest.fixture(autouse=True)
def a_rule_for_erf(monkeypatch):
    monkeypatch.setitem(autodiff.RULES, ERF, ERF_RULE)


def compare_with_nodes(layer, X, f):
    """Hold forward, dX and every parameter's gradient against the graph's."""
    Y = layer.forward(X)
    U = normal(*Y.shape, seed=9)
    dX = layer.backward(U)
    P = {name: autodiff.Node(theta) for name, theta in layer.parameters.items()}
    x = autodiff.Node(X)
    y = f(P, x)
    assert y.shape == Y.shape
    np.testing.assert_allclose(y.array, Y, rtol=1e-10, atol=1e-12)
    (y * U).sum().backward()
    np.testing.assert_allclose(dX, x.gradient, rtol=1e-9, atol=1e-11)
    for name, gradient in layer.gradients.items():
        assert np.any(gradient)
        np.testing.assert_allclose(gradient, P[name].gradient, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", WITNESSES)
def test_hand_measure_and_graph_agree(name):
    make, shape, f = WITNESSES[name]
    layer, X = randomised(make()), normal(*shape, seed=8)
    compare_with_nodes(layer, X, f)
    check_backward(layer, X)


def test_every_layer_and_activation_has_its_witnesses():
    shared = {layers.Layer, convolution.Pool2D}
    found = {
        thing
        for module in (layers, convolution, attention, network)
        for _, thing in inspect.getmembers(module, inspect.isclass)
        if issubclass(thing, layers.Layer)
    }
    heard = {type(make()) for make, _, _ in WITNESSES.values()}
    heard = {kind.__base__ if kind is DropoutOnce else kind for kind in heard}
    assert heard == found - shared
    assert set(ACTIVATIONS) == set(activations.ACTIVATIONS)


def test_gelu_by_tanh_and_softmax_agree_with_the_graph():
    Z, U = normal(4, 5), normal(4, 5, seed=1)
    z = autodiff.Node(Z)
    y = 0.5 * z * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (z + 0.044715 * z**3)))
    y.backward(U)
    np.testing.assert_allclose(activations.gelu(Z, approximate=True), y.array, rtol=1e-12)
    np.testing.assert_allclose(
        U * activations.gelu_prime(Z, approximate=True), z.gradient, rtol=1e-11
    )
    z = autodiff.Node(Z)
    softmax(z).backward(U)
    np.testing.assert_allclose(activations.softmax_vjp(Z, U), z.gradient, rtol=1e-10, atol=1e-14)


LABELS = np.array([0, 2, 1, 2, 0])
TARGET, P_TARGET = normal(5, 3, seed=3), np.random.default_rng(3).random((5, 3))


def binary(p, t):
    return -(t * np.log(p) + (1.0 - t) * np.log(1.0 - p)).sum() / 5.0


# name: loss, prediction, target, its value with nodes
LOSSES = {
    "QuadraticLoss": (losses.QuadraticLoss(), normal(5, 3), TARGET,
                      lambda a: ((a - TARGET) ** 2).sum(axis=1).mean() / 2.0),
    "MeanSquaredError": (losses.MeanSquaredError(), normal(5, 3), TARGET,
                         lambda a: ((a - TARGET) ** 2).mean()),
    "BinaryCrossEntropy": (losses.BinaryCrossEntropy(), 0.1 + 0.8 * P_TARGET.T.reshape(5, 3),
                           P_TARGET, lambda p: binary(p, P_TARGET)),
    "BinaryCrossEntropy from logits": (losses.BinaryCrossEntropy(from_logits=True), normal(5, 3),
                                       P_TARGET, lambda z: binary(sigmoid(z), P_TARGET)),
    "SoftmaxCrossEntropy": (losses.SoftmaxCrossEntropy(), normal(5, 3), LABELS,
                            lambda z: -np.log(softmax(z)[np.arange(5), LABELS]).mean()),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_its_gradient_agree_with_the_graph(name):
    loss, prediction, target, f = LOSSES[name]
    a = autodiff.Node(prediction)
    L = f(a)
    L.backward()
    assert loss.value(prediction, target) == pytest.approx(float(L.array), rel=1e-12)
    np.testing.assert_allclose(loss.gradient(prediction, target), a.gradient, rtol=1e-10)


def test_every_loss_has_its_witness():
    found = {name for name, thing in inspect.getmembers(losses, inspect.isclass)
             if thing.__module__ == losses.__name__}  # fmt: skip
    assert {type(loss).__name__ for loss, *_ in LOSSES.values()} == found


def test_a_whole_network_with_its_loss_agrees_with_the_graph():
    net = network.Sequential([
        convolution.Conv2D(1, 2, 3, rng(), padding=1), layers.Activation("relu"),
        convolution.MaxPool2D(2), layers.Flatten(), layers.Dense(8, 3, rng()),
    ])  # fmt: skip
    X, loss = normal(5, 1, 4, 4), losses.SoftmaxCrossEntropy()
    dX = net.backward(loss.gradient(net.forward(X), LABELS))
    P = {name: autodiff.Node(theta) for name, theta in net.parameters.items()}
    x = autodiff.Node(X)
    first = {name: P[f"0.{name}"] for name in "Wb"}
    maps = window_entries(relu(conv(first, x, 1, 1)), 2, 2).max(axis=-1)
    z = dense(P, maps.reshape(5, 8), "4.")
    LOSSES["SoftmaxCrossEntropy"][3](z).backward()
    np.testing.assert_allclose(dX, x.gradient, rtol=1e-9, atol=1e-14)
    for name, gradient in net.gradients.items():
        np.testing.assert_allclose(gradient, P[name].gradient, rtol=1e-9, atol=1e-14)


def test_the_graph_can_contradict():
    """The witness is not deaf: a wrong formula by hand is heard."""
    layer = layers.Dense(3, 4, rng())
    layer.backward = lambda delta: delta @ layer.W * 1.000001
    with pytest.raises((AssertionError, RuntimeError)):
        compare_with_nodes(layer, normal(*ROWS), dense)


@pytest.mark.parametrize("name", [name for name in WITNESSES if name != "Dropout"])
def test_the_judge_of_the_lessons_passes_every_layer(name, capsys):
    """Also after another input (no stale state), and backward twice without adding up."""
    make, shape, _ = WITNESSES[name]
    report = gradcheck.check_layer(randomised(make()), normal(*shape, seed=8), "layer")
    assert report.passed and "✓ layer" in capsys.readouterr().out
