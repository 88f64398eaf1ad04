"""Data to learn from: real handwritten digits, and point clouds drawn on demand.

Every random one takes an explicit `rng`; examples are rows.
"""

import numpy as np


def digits():
    """Return the UCI handwritten digits: 1,797 real images of 8 x 8 pixels.

    Returns
    -------
    X : ndarray (1797, 64), float64
        Ink of each pixel from 0 (paper) to 1, row by row of the image.
    labels : ndarray (1797,), int64
        The digit, 0 to 9.

    Notes
    -----
    Alpaydin & Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0; see
    ``nnlib/data/README.md``.
    """
    from pathlib import Path  # here and not at the top: `import nnlib` stays cheap

    with np.load(Path(__file__).parent / "data" / "digits.npz") as data:
        images, labels = data["images"], data["labels"]
    return images.reshape(len(images), 64) / 16.0, labels.astype(np.int64)


def split(X, Y, rng, test_share=0.2):
    """Shuffle the examples and lay a share of them aside for testing.

    Returns
    -------
    X_train, Y_train, X_test, Y_test : ndarrays
        Copies; every example is in exactly one part, and each part has at least one.
    """
    if len(X) != len(Y):
        raise ValueError(f"X has {len(X)} rows and Y has {len(Y)}: expected one target a row")
    order, n_test = rng.permutation(len(X)), round(test_share * len(X))
    if not 0 < n_test < len(X):
        raise ValueError(f"test_share {test_share} of {len(X)} examples leaves a part empty")
    test, train = order[:n_test], order[n_test:]
    return X[train], Y[train], X[test], Y[test]


def spirals(n, rng, classes=3, noise=0.15):
    """Return `n` points on each of several spiral arms around the origin.

    Returns
    -------
    X : ndarray (classes * n, 2)
        Points at most 1 from the origin.
    labels : ndarray (classes * n,), int64
        The arm, 0 to classes - 1.
    """
    radius = np.tile(np.linspace(0.05, 1.0, n), classes)
    labels = np.repeat(np.arange(classes), n)
    angle = 4.0 * radius + 2.0 * np.pi * labels / classes + noise * rng.normal(size=len(labels))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), labels


def moons(n, rng, noise=0.1):
    """Return `n` points on each of two interleaved half circles: X (2n, 2), labels (2n,)."""
    angle = np.pi * np.tile(np.linspace(0.0, 1.0, n), 2)
    labels = np.repeat([0, 1], n)
    x = np.where(labels == 0, np.cos(angle), 1.0 - np.cos(angle))
    y = np.where(labels == 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.column_stack([x, y]) + noise * rng.normal(size=(2 * n, 2)), labels


def ring_of_gaussians(n, rng, modes=8, radius=2.0, sigma=0.1):
    """Return `n` points (n, 2), each from one of several Gaussians set on a circle."""
    angle = 2.0 * np.pi * rng.integers(modes, size=n) / modes
    centres = radius * np.column_stack([np.cos(angle), np.sin(angle)])
    return centres + sigma * rng.normal(size=(n, 2))
