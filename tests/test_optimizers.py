"""Optimizers: against scalar recursions written from the papers, and clipping."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from nnlib import optimizers

RNG = np.random.default_rng(0)
GRADIENTS = RNG.normal(size=(7, 2, 3)) * 10.0 ** RNG.integers(-6, 6, size=(7, 2, 3))


def run(optimizer, sequence=GRADIENTS):
    """Return where a parameter that starts at 0.5 stands after each step."""
    theta = np.full(sequence.shape[1:], 0.5)
    path = []
    for dtheta in sequence:
        given = dtheta.copy()
        optimizer.step(SimpleNamespace(parameters={"W": theta}, gradients={"W": given}))
        assert np.array_equal(given, dtheta)
        path.append(theta.copy())
    return np.array(path)


def sgd_alone(gs, eta):
    theta, path = 0.5, []
    for g in gs:
        theta = theta - eta * g
        path.append(theta)
    return path


def momentum_alone(gs, eta, beta):
    """The velocity written out as a sum, without recursion."""
    path, theta = [], 0.5
    for t in range(len(gs)):
        theta = theta - eta * sum(beta ** (t - s) * gs[s] for s in range(t + 1))
        path.append(theta)
    return path


def adam_alone(gs, eta, beta1, beta2, epsilon):
    """Kingma & Ba (2015), algorithm 1, with both means written out as sums."""
    path, theta = [], 0.5
    for t in range(1, len(gs) + 1):
        m = sum((1 - beta1) * beta1 ** (t - s) * gs[s - 1] for s in range(1, t + 1))
        v = sum((1 - beta2) * beta2 ** (t - s) * gs[s - 1] ** 2 for s in range(1, t + 1))
        theta = theta - eta * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)) ** 0.5 + epsilon)
        path.append(theta)
    return path


@pytest.mark.parametrize("make, alone", [
    (lambda: optimizers.SGD(0.03), lambda gs: sgd_alone(gs, 0.03)),
    (lambda: optimizers.Momentum(0.02, beta=0.8), lambda gs: momentum_alone(gs, 0.02, 0.8)),
    (lambda: optimizers.Momentum(0.02), lambda gs: momentum_alone(gs, 0.02, 0.9)),
    (lambda: optimizers.Momentum(0.02, beta=0.0), lambda gs: sgd_alone(gs, 0.02)),
    (lambda: optimizers.Adam(), lambda gs: adam_alone(gs, 0.001, 0.9, 0.999, 1e-8)),
    (lambda: optimizers.Adam(0.1, 0.7, 0.9, 1e-3), lambda gs: adam_alone(gs, 0.1, 0.7, 0.9, 1e-3)),
])  # fmt: skip
def test_steps_are_those_of_the_scalar_rule(make, alone):
    path = run(make())
    for at in np.ndindex(path.shape[1:]):
        np.testing.assert_allclose(
            path[(..., *at)], alone([float(g) for g in GRADIENTS[(..., *at)]]), rtol=1e-12
        )


def test_the_first_step_of_adam_has_size_eta_against_the_sign():
    gs = np.array([[1e-3, -1e-3, 7.0, -1e5, 1e100]])
    first = run(optimizers.Adam(0.01), gs)[0] - 0.5
    np.testing.assert_allclose(first, -0.01 * np.sign(gs[0]), rtol=1e-4)


def test_adam_stays_where_the_gradient_is_zero():
    assert np.array_equal(run(optimizers.Adam(0.1), np.zeros((5, 2))), np.full((5, 2), 0.5))


def test_momentum_reaches_1_over_1_minus_beta_times_the_step():
    path = run(optimizers.Momentum(0.1, beta=0.9), np.ones((400, 1)))
    assert path[-2, 0] - path[-1, 0] == pytest.approx(0.1 / (1.0 - 0.9), rel=1e-12)


def test_every_parameter_has_its_own_memory_and_is_changed_in_place():
    for make in (optimizers.SGD, optimizers.Momentum, optimizers.Adam):
        together, alone = make(0.1), make(0.1)
        a, b, c = np.ones(2), np.ones(3), np.ones(3)
        for g in (1.0, -2.0, 0.5):
            both = {"0.W": np.full(2, 5.0 * g), "0.b": np.full(3, g)}
            together.step(SimpleNamespace(parameters={"0.W": a, "0.b": b}, gradients=both))
            alone.step(SimpleNamespace(parameters={"x": c}, gradients={"x": np.full(3, g)}))
        assert np.array_equal(b, c) and not np.array_equal(b, np.ones(3))
        assert not np.array_equal(a, np.ones(2))


def test_all_go_down_a_narrow_valley():
    for optimizer in (optimizers.SGD(0.09), optimizers.Momentum(0.01), optimizers.Adam(0.05)):
        theta = np.array([1.0, -1.0])
        for _ in range(400):
            optimizer.step(
                SimpleNamespace(
                    parameters={"W": theta}, gradients={"W": np.array([1.0, 20.0]) * theta}
                )
            )
        assert np.sum(np.array([1.0, 20.0]) * theta**2) < 1e-3


def test_clipping_happens_before_the_step_and_is_remembered_clipped():
    clip = partial(optimizers.clip_by_value, limit=1.0)
    np.testing.assert_allclose(
        run(optimizers.Momentum(0.1, clip=clip)),
        run(optimizers.Momentum(0.1), np.clip(GRADIENTS, -1, 1)),
    )
    theta = np.zeros(2)
    network = SimpleNamespace(parameters={"W": theta}, gradients={"W": np.array([3.0, 4.0])})
    optimizers.SGD(1.0, clip=partial(optimizers.clip_by_norm, limit=1.0)).step(network)
    np.testing.assert_allclose(theta, [-0.6, -0.8])
    assert np.array_equal(network.gradients["W"], [3.0, 4.0])


def gradients(scale):
    rng = np.random.default_rng(1)
    return {"W": scale * rng.normal(size=(3, 4)), "b": scale * rng.normal(size=3)}


def as_vector(named):
    return np.concatenate([g.ravel() for g in named.values()])


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1.0, 1e150, 1e300])
def test_clipping_by_norm_keeps_the_direction(scale):
    g = gradients(scale)
    v = as_vector(g) / scale
    norm = scale * np.linalg.norm(v)
    assert optimizers.global_norm(g) == pytest.approx(norm, rel=1e-12)
    clipped = as_vector(optimizers.clip_by_norm(g, limit=norm / 8.0))
    assert np.linalg.norm(clipped / scale) == pytest.approx(norm / 8.0 / scale, rel=1e-12)
    np.testing.assert_allclose(clipped / scale * 8.0, v, rtol=1e-12)
    assert np.array_equal(as_vector(optimizers.clip_by_norm(g, limit=norm * 1.5)), as_vector(g))


def test_clipping_by_value_cuts_each_entry():
    g = gradients(1.0)
    clipped = optimizers.clip_by_value(g, limit=0.5)
    assert np.array_equal(as_vector(clipped), np.clip(as_vector(g), -0.5, 0.5))
    assert list(clipped) == ["W", "b"] and np.max(np.abs(as_vector(g))) > 0.5


def test_the_norm_of_nothing_and_of_zeros_is_zero():
    assert optimizers.global_norm({}) == 0.0
    assert optimizers.global_norm({"W": np.zeros((2, 2)), "b": np.zeros(0)}) == 0.0
    assert np.array_equal(optimizers.clip_by_norm({"W": np.zeros(2)}, 1.0)["W"], np.zeros(2))


@pytest.mark.parametrize("make, message", [
    (lambda: optimizers.SGD(0.0), "eta is 0.0, expected a number above 0"),
    (lambda: optimizers.Adam(-1.0), "eta is -1.0, expected a number above 0"),
    (lambda: optimizers.SGD(np.nan), "eta is nan, expected a number above 0"),
    (lambda: optimizers.Momentum(0.1, beta=1.0), "beta is 1.0, expected 0 <= beta < 1"),
    (lambda: optimizers.Adam(beta1=-0.1), "beta1 is -0.1, expected 0 <= beta1 < 1"),
    (lambda: optimizers.Adam(beta2=1.5), "beta2 is 1.5, expected 0 <= beta2 < 1"),
    (lambda: optimizers.clip_by_norm({}, 0.0), "limit is 0.0, expected a number above 0"),
    (lambda: optimizers.clip_by_value({}, -1.0), "limit is -1.0, expected a number above 0"),
])  # fmt: skip
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == message
