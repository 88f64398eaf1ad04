"""Data: the digits are the published ones, the clouds have their shapes and follow the seed."""

import hashlib

import numpy as np
import pytest

from nnlib import datasets


def test_digits_are_1797_images_with_known_contents():
    X, labels = datasets.digits()
    assert X.shape == (1797, 64) and X.dtype == np.float64
    assert labels.shape == (1797,) and labels.dtype == np.int64
    assert X.min() == 0.0 and X.max() == 1.0
    assert np.array_equal(X * 16.0, np.round(X * 16.0))
    assert list(np.bincount(labels)) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    content = (X * 16.0).astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    assert (
        hashlib.sha256(content).hexdigest()
        == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
    )


def test_digits_equal_the_copy_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets", reason="scikit-learn is only for development")
    original, (X, labels) = sklearn.load_digits(), datasets.digits()
    assert np.array_equal(X * 16.0, original.data) and np.array_equal(labels, original.target)
    assert np.array_equal(X[7].reshape(8, 8) * 16.0, original.images[7])


def test_every_call_reads_fresh_digits():
    X, labels = datasets.digits()
    X[...], labels[...] = 7.0, 7
    assert datasets.digits()[0].max() == 1.0 and datasets.digits()[1].max() == 9


@pytest.mark.parametrize(
    "n, share, n_test", [(10, 0.2, 2), (11, 0.5, 6), (2, 0.5, 1), (1797, 0.2, 359)]
)
def test_split_puts_every_pair_in_one_part(n, share, n_test):
    X, Y = np.arange(n)[:, None] * 1.0, np.arange(n)
    X_train, Y_train, X_test, Y_test = datasets.split(X, Y, np.random.default_rng(0), share)
    assert len(X_test) == len(Y_test) == n_test and len(X_train) == len(Y_train) == n - n_test
    assert sorted([*Y_train, *Y_test]) == list(range(n))
    assert np.array_equal(X_train[:, 0], Y_train) and np.array_equal(X_test[:, 0], Y_test)
    X_train[...] = -1.0
    assert np.array_equal(X[:, 0], np.arange(n))


def test_split_shuffles_by_the_seed():
    X = np.arange(100)
    first, second, other = (datasets.split(X, X, np.random.default_rng(s))[2] for s in (0, 0, 1))
    assert np.array_equal(first, second) and not np.array_equal(first, other)
    assert not np.array_equal(np.sort(first), np.arange(20)) and not np.array_equal(
        np.sort(first), np.arange(80, 100)
    )


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 2.0, 0.01])
def test_split_refuses_an_empty_part(share):
    with pytest.raises(ValueError) as error:
        datasets.split(np.ones(10), np.ones(10), np.random.default_rng(0), share)
    assert str(error.value) == f"test_share {share} of 10 examples leaves a part empty"


def test_split_refuses_what_does_not_pair():
    with pytest.raises(ValueError, match="^X has 10 rows and Y has 9: expected one target a row$"):
        datasets.split(np.ones(10), np.ones(9), np.random.default_rng(0))


CLOUDS = {
    "spirals": (lambda rng: datasets.spirals(50, rng), (150, 2), 3),
    "five spirals": (lambda rng: datasets.spirals(20, rng, classes=5), (100, 2), 5),
    "moons": (lambda rng: datasets.moons(40, rng), (80, 2), 2),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_clouds_have_shapes_balanced_labels_and_a_seed(name):
    draw, shape, classes = CLOUDS[name]
    X, labels = draw(np.random.default_rng(0))
    assert X.shape == shape and X.dtype == np.float64
    assert labels.dtype == np.int64
    assert list(np.bincount(labels)) == [shape[0] // classes] * classes
    assert np.array_equal(X, draw(np.random.default_rng(0))[0])
    assert not np.array_equal(X, draw(np.random.default_rng(1))[0])


def test_spirals_without_noise_wind_4_radians_and_are_rotations_of_each_other():
    X, labels = datasets.spirals(100, np.random.default_rng(0), noise=0.0)
    radius = np.hypot(*X[labels == 0].T)
    np.testing.assert_allclose(radius, np.linspace(0.05, 1.0, 100))
    angle = np.unwrap(np.arctan2(X[labels == 0, 1], X[labels == 0, 0]))
    np.testing.assert_allclose(angle, 4.0 * radius)
    turn = 2.0 * np.pi / 3.0
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    np.testing.assert_allclose(X[labels == 1], X[labels == 0] @ R.T, atol=1e-12)
    noisy, _ = datasets.spirals(100, np.random.default_rng(0))
    np.testing.assert_allclose(np.hypot(*noisy.T), np.hypot(*X.T))
    turned = np.angle((noisy @ [1.0, 1j]) / (X @ [1.0, 1j]))
    assert abs(turned.std() - 0.15) < 5.0 * 0.15 / np.sqrt(2.0 * 300)  # five standard errors


def test_moons_without_noise_are_half_circles_that_reach_into_each_other():
    X, labels = datasets.moons(101, np.random.default_rng(0), noise=0.0)
    upper, lower = X[labels == 0], X[labels == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1.0)
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0)
    assert np.all(upper[:, 1] > -1e-12) and np.all(lower[:, 1] < 0.5 + 1e-12)
    assert lower[:, 0].min() < upper[:, 0].max() and lower[:, 1].max() > upper[:, 1].min()
    noisy, _ = datasets.moons(2000, np.random.default_rng(0), noise=0.1)
    exact, _ = datasets.moons(2000, np.random.default_rng(0), noise=0.0)
    assert np.std(noisy - exact) == pytest.approx(0.1, rel=0.05)


def test_the_ring_has_its_modes_radius_and_spread():
    X = datasets.ring_of_gaussians(8000, np.random.default_rng(0), modes=6, radius=3.0, sigma=0.05)
    assert X.shape == (8000, 2)
    angle = np.arctan2(X[:, 1], X[:, 0]) / (2.0 * np.pi / 6.0)
    mode = np.round(angle).astype(int) % 6
    assert np.max(np.abs(angle - np.round(angle))) < 0.15
    counts = np.bincount(mode, minlength=6)
    assert np.all(np.abs(counts - 8000 / 6) < 5.0 * np.sqrt(8000 * 5 / 36))
    for m in range(6):
        centre = 3.0 * np.array([np.cos(m * np.pi / 3.0), np.sin(m * np.pi / 3.0)])
        np.testing.assert_allclose(
            X[mode == m].mean(axis=0), centre, atol=5.0 * 0.05 / np.sqrt(counts[m])
        )
        assert X[mode == m].std(axis=0) == pytest.approx([0.05, 0.05], rel=0.1)
    assert np.array_equal(
        X, datasets.ring_of_gaussians(8000, np.random.default_rng(0), 6, 3.0, 0.05)
    )
