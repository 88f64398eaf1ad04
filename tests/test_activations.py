"""Activations: values and slopes against 50-digit closed forms and measured slopes."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured import assert_gradient, measured_gradient

from nnlib import activations

mp.mp.dps = 50
LAMBDA, ALPHA = (
    mp.mpf("1.0507009873554804934193349852946"),
    mp.mpf("1.6732632423543772848170429916717"),
)
POSITIVE = [0.0, 5e-324, 1e-300, 1e-8, 0.3, 0.999, 1.0, 3.0, 8.0, 20.0, 30.0, 37.0, 39.0, 40.5,
            88.0, 300.0, 709.0, 745.0, 1000.0, 1e155, 1e300]  # fmt: skip
EXTREMES = np.array(POSITIVE + [-z for z in POSITIVE])
finite = st.floats(-1e300, 1e300)


def exact_sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def exact_sech2(z):
    return 1 / mp.cosh(z) ** 2


def exact_phi_cdf(z):
    return mp.erfc(-min(max(z, -1000), 1000) / mp.sqrt(2)) / 2  # mpmath's erfc stops at 1e154


# name -> (f, f') from the definitions, in 50 digits; the slopes are other forms than nnlib's
EXACT = {
    "sigmoid": (exact_sigmoid, lambda z: exact_sech2(z / 2) / 4),
    "tanh": (mp.tanh, exact_sech2),
    "hard_tanh": (lambda z: min(max(z, -1), 1), lambda z: int(-1 < z < 1)),
    "relu": (lambda z: max(z, 0), lambda z: int(z > 0)),
    "leaky_relu": (lambda z: z if z > 0 else z / 100, lambda z: 1 if z > 0 else mp.mpf(1) / 100),
    "elu": (lambda z: z if z > 0 else mp.expm1(z), lambda z: 1 if z > 0 else mp.exp(z)),
    "selu": (
        lambda z: LAMBDA * (z if z > 0 else ALPHA * mp.expm1(z)),
        lambda z: LAMBDA * (1 if z > 0 else ALPHA * mp.exp(z)),
    ),
    "softplus": (lambda z: mp.log1p(mp.exp(-abs(z))) + max(z, 0), exact_sigmoid),
    "swish": (
        lambda z: z / (1 + mp.exp(-z)),
        lambda z: exact_sigmoid(z) * (1 + z / (1 + mp.exp(z))),
    ),
    "gelu": (
        lambda z: z * exact_phi_cdf(z),
        lambda z: exact_phi_cdf(z) + z * mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi),
    ),
}
EVERY = [(name, which) for name in EXACT for which in (0, 1)]


def exact(name, which, Z):
    return np.array([float(EXACT[name][which](mp.mpf(float(z)))) for z in Z])


def test_the_registry_holds_exactly_the_known_functions():
    assert set(activations.ACTIVATIONS) == set(EXACT)
    for name, (f, f_prime) in activations.ACTIVATIONS.items():
        assert f is getattr(activations, name)
        assert f_prime is getattr(activations, name + "_prime")


@pytest.mark.parametrize("name, which", EVERY)
def test_value_is_the_closed_form_everywhere_up_to_1e300(name, which):
    Z = np.concatenate([EXTREMES, np.random.default_rng(3).normal(size=20) * 5.0])
    found = activations.ACTIVATIONS[name][which](Z)
    rounding = 3e-16 if which else 1e-320  # a slope may be a difference of numbers near 1
    np.testing.assert_allclose(found, exact(name, which, Z), rtol=1e-12, atol=rounding)


@pytest.mark.parametrize("name, which", EVERY)
def test_value_in_float32(name, which):
    Z = EXTREMES[np.abs(EXTREMES) < 1e38].astype(np.float32)
    found = activations.ACTIVATIONS[name][which](Z)
    assert found.dtype in (np.float32, np.float64)
    np.testing.assert_allclose(found, exact(name, which, Z), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name, which", EVERY)
def test_anything_array_like_is_taken(name, which):
    f = activations.ACTIVATIONS[name][which]
    M = np.array([[-2.0, 0.5, 1.0], [3.0, -0.25, 0.0]])
    expected = exact(name, which, M.ravel()).reshape(2, 3)
    for given_, result in [
        (M.tolist(), expected),
        (M.T, expected.T),
        (np.repeat(M, 2, axis=1)[:, ::2], expected),
        (np.array(0.5), expected[0, 1]),
        (0.5, expected[0, 1]),
        (np.float32(0.5), expected[0, 1]),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        ([3, 1], [expected[1, 0], expected[0, 2]]),
        (np.array([3, 1], np.uint8), [expected[1, 0], expected[0, 2]]),
        (np.array([-2, 3], np.int8), [expected[0, 0], expected[1, 0]]),
        (True, expected[0, 2]),
    ]:
        found = f(given_)
        assert np.shape(found) == np.shape(result)
        np.testing.assert_allclose(found, result, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("name, which", EVERY)
def test_inputs_stay_unchanged_and_results_are_new(name, which):
    Z = np.array([-2.0, 0.5, 3.0])
    Z.flags.writeable = False
    found = activations.ACTIVATIONS[name][which](Z)
    assert np.array_equal(Z, [-2.0, 0.5, 3.0])
    assert not np.shares_memory(found, Z)


@pytest.mark.parametrize("name", EXACT)
def test_slope_is_the_measured_slope_at_random_points_and_upstreams(name):
    f, f_prime = activations.ACTIVATIONS[name]
    rng = np.random.default_rng(11)
    Z, U = rng.normal(size=(6, 5)) * 2.0, rng.normal(size=(6, 5))
    for kink, _, _ in activations.KINKS.get(name, []):
        Z[np.abs(Z - kink) < 1e-3] += 0.01
    assert_gradient(lambda Z: float(np.sum(U * f(Z))), Z, U * f_prime(Z))


@pytest.mark.parametrize("name", EXACT)
def test_kinks_are_where_the_one_sided_slopes_differ(name):
    f = activations.ACTIVATIONS[name][0]
    h = 1e-7
    for kink, left, right in activations.KINKS.get(name, []):
        assert abs((f(kink) - f(kink - h)) / h - left) < 1e-5
        assert abs((f(kink + h) - f(kink)) / h - right) < 1e-5
        assert activations.ACTIVATIONS[name][1](kink) in (left, right)
    smooth = [
        z for z in (-1.0, 0.0, 1.0) if z not in [k[0] for k in activations.KINKS.get(name, [])]
    ]
    for z in smooth:
        assert abs((f(z + h) - 2.0 * f(z) + f(z - h)) / h) < 1e-5


EXACT_WITH_PARAMETER = {
    "leaky_relu": lambda z, alpha: z if z > 0 else alpha * z,
    "elu": lambda z, alpha: z if z > 0 else alpha * mp.expm1(z),
    "swish": lambda z, beta: z / (1 + mp.exp(-beta * z)),
}


@pytest.mark.parametrize("name", EXACT_WITH_PARAMETER)
@pytest.mark.parametrize("parameter", [0.25, 1.0, 2.5])
def test_the_parameter_is_used_in_value_and_slope(name, parameter):
    g, g_prime = activations.ACTIVATIONS[name]
    f = EXACT_WITH_PARAMETER[name]
    expected = [float(f(mp.mpf(float(z)), mp.mpf(parameter))) for z in EXTREMES]
    np.testing.assert_allclose(g(EXTREMES, parameter), expected, rtol=1e-12, atol=1e-320)
    Z = np.array([-7.0, -2.0, -0.4, 0.6, 1.5, 6.0])
    assert_gradient(lambda Z: float(np.sum(g(Z, parameter))), Z, g_prime(Z, parameter))
    assert np.all(np.isfinite(g_prime(EXTREMES, parameter)))


def test_gelu_tanh_form_is_the_published_one_and_near_gelu():
    c = mp.sqrt(2 / mp.pi)
    expected = [
        float(z * exact_sigmoid(2 * c * (z + mp.mpf("0.044715") * z**3)))
        for z in map(mp.mpf, EXTREMES)
    ]
    found = activations.gelu(EXTREMES, approximate=True)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-300)
    Z = np.linspace(-8.0, 8.0, 2001)
    distance = np.max(np.abs(activations.gelu(Z, approximate=True) - activations.gelu(Z)))
    assert 1e-4 < distance < 5e-4
    slope = activations.gelu_prime(Z[::50], approximate=True)
    assert_gradient(lambda Z: float(np.sum(activations.gelu(Z, approximate=True))), Z[::50], slope)
    assert np.all(np.isfinite(activations.gelu_prime(EXTREMES, approximate=True)))


def test_normal_density_and_cdf_are_the_density_and_its_integral():
    Z = EXTREMES[np.abs(EXTREMES) < 38.0]  # beyond, subnormal numbers have few digits
    np.testing.assert_allclose(
        activations.normal_density(Z), [float(mp.npdf(z)) for z in Z], rtol=1e-12
    )
    np.testing.assert_allclose(
        activations.normal_cdf(Z), [float(mp.ncdf(z)) for z in Z], rtol=1e-12
    )
    assert np.all(activations.normal_density(EXTREMES[np.abs(EXTREMES) > 39.0]) < 1e-320)


def test_selu_constants_keep_mean_0_and_variance_1():
    def moment(n):
        def f(z):
            return (
                activations.SELU_LAMBDA * (z if z > 0 else activations.SELU_ALPHA * mp.expm1(z))
            ) ** n

        return mp.quad(lambda z: f(z) * mp.npdf(z), [-40, -8, 0, 8, 40])  # fmt: skip

    assert abs(moment(1)) < 1e-12
    assert abs(moment(2) - 1) < 1e-12


@settings(max_examples=100, deadline=None)
@given(finite)
def test_tanh_is_a_shifted_sigmoid(z):
    assert (
        abs(activations.tanh(z) - (2.0 * activations.sigmoid(2.0 * min(max(z, -1e3), 1e3)) - 1.0))
        < 3e-16
    )


@settings(max_examples=100, deadline=None)
@given(finite)
def test_symmetries(z):
    assert activations.sigmoid(z) + activations.sigmoid(-z) == pytest.approx(1.0, abs=3e-16)
    assert activations.sigmoid_prime(z) == pytest.approx(activations.sigmoid_prime(-z), abs=3e-16)
    assert activations.softplus(z) - activations.softplus(-z) == pytest.approx(
        z, rel=1e-15, abs=1e-15
    )
    assert activations.gelu(z) - activations.gelu(-z) == pytest.approx(z, rel=1e-15, abs=1e-15)
    assert activations.swish(z) - activations.swish(-z) == pytest.approx(z, rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("name", EXACT)
def test_the_slope_of_a_batch_is_the_slopes_of_its_rows(name):
    f_prime = activations.ACTIVATIONS[name][1]
    Z = np.random.default_rng(5).normal(size=(4, 3))
    assert np.array_equal(f_prime(Z), np.stack([f_prime(row) for row in Z]))


def test_ranges_promised_in_the_docstrings():
    A = activations
    assert np.all((A.sigmoid(EXTREMES) >= 0) & (A.sigmoid(EXTREMES) <= 1))
    assert np.all((A.tanh_prime(EXTREMES) >= 0) & (A.tanh_prime(EXTREMES) <= 1))
    assert np.all(A.softplus(EXTREMES) >= 0) and np.all(A.elu(EXTREMES) >= -1)
    steepest = np.max(A.swish_prime(np.linspace(-5.0, 5.0, 10001)))
    assert 1.0998 < steepest < 1.0999


@pytest.mark.parametrize(
    "Z", [[[1.0, 2.0, -3.0], [0.0, 0.0, 0.0]], [[1e300, -1e300, 0.0]], [[800.0, 801.0]]]
)
def test_softmax_is_the_closed_form(Z):
    expected = []
    for row in Z:
        total = sum(mp.exp(mp.mpf(z)) for z in row)
        expected.append([float(mp.exp(mp.mpf(z)) / total) for z in row])
    np.testing.assert_allclose(activations.softmax(Z), expected, rtol=1e-14, atol=1e-320)


@settings(max_examples=50, deadline=None)
@given(st.lists(finite, min_size=1, max_size=6))
def test_softmax_rows_are_distributions(row):
    P = activations.softmax([row, row])
    assert np.all(P >= 0) and np.allclose(P.sum(axis=1), 1.0, rtol=1e-14)


def test_softmax_ignores_a_shift_and_uses_the_last_axis():
    Z = np.random.default_rng(0).normal(size=(2, 3, 4))
    P = activations.softmax(Z)
    np.testing.assert_allclose(activations.softmax(Z + 1000.0), P, rtol=1e-12)
    np.testing.assert_allclose(P[1, 2], activations.softmax(Z[1, 2]))
    np.testing.assert_allclose(
        activations.softmax(np.array([3, 1, 0], np.uint8)), activations.softmax([3.0, 1.0, 0.0])
    )


def test_softmax_vjp_is_measured_and_equals_the_matrix():
    rng = np.random.default_rng(1)
    Z, U = rng.normal(size=(5, 4)), rng.normal(size=(5, 4))
    claimed = activations.softmax_vjp(Z, U)
    assert_gradient(lambda Z: float(np.sum(U * activations.softmax(Z))), Z, claimed)
    for z, u, row in zip(Z, U, claimed, strict=True):
        p = activations.softmax(z)
        np.testing.assert_allclose(row, (np.diag(p) - np.outer(p, p)) @ u, atol=1e-15)
    np.testing.assert_allclose(claimed.sum(axis=1), 0.0, atol=1e-15)


def test_softmax_vjp_is_finite_for_huge_logits():
    Z = np.array([[1e300, -1e300, 0.0], [1e3, 1e3, -1e3]])
    np.testing.assert_allclose(
        activations.softmax_vjp(Z, np.array([[1.0, 2.0, 3.0]] * 2)), [[0, 0, 0], [-0.25, 0.25, 0]]
    )


def test_the_slope_takes_the_pre_activation_not_the_activation():
    """At z = 2 the slope of the sigmoid is 0.105; sigmoid_prime(sigmoid(2)) is 0.207."""
    measured = measured_gradient(lambda z: float(activations.sigmoid(z)), 2.0)
    assert activations.sigmoid_prime(2.0) == pytest.approx(float(measured), abs=1e-9)
    assert activations.sigmoid_prime(activations.sigmoid(2.0)) == pytest.approx(0.2072, abs=1e-4)
