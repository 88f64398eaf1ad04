"""CPU seconds until the CNN of lesson 13 reads 98.5 % and the GAN of lesson 14 covers the ring.

    PYTHONPATH=. OPENBLAS_NUM_THREADS=1 python benchmarks/goals_images.py [SEED ...]

Both in float32. The CNN is asked after every quarter of a pass, the GAN after every 100 turns;
asking counts, loading the data does not.
"""

import sys
import time

import numpy as np

from nnlib import datasets
from nnlib.activations import sigmoid
from nnlib.convolution import Conv2D, MaxPool2D
from nnlib.layers import Activation, Dense, Dropout, Flatten
from nnlib.losses import SoftmaxCrossEntropy
from nnlib.network import Sequential
from nnlib.optimizers import Adam
from nnlib.training import accuracy, minibatches, train_step


def digits():
    """Return training pictures with their four shifts, and the test pictures, as lesson 13."""
    X, labels = datasets.digits()
    X = X.reshape(-1, 1, 8, 8).astype(np.float32)
    X, y, X_test, y_test = datasets.split(X, labels, np.random.default_rng(0))
    wide = np.pad(X, ((0, 0), (0, 0), (1, 1), (1, 1)))
    places = [(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)]
    X = np.concatenate([wide[:, :, a : a + 8, b : b + 8] for a, b in places])
    return X, np.tile(y, 5), X_test, y_test


def cnn_seconds(seed, data, reach=0.985, J_1=12, J_2=16):
    """Return CPU seconds, steps and test accuracy of lesson 13's network at its goal."""
    X, y, X_test, y_test = data
    start, rng, steps = time.process_time(), np.random.default_rng(seed), 0
    network = Sequential([
        Conv2D(1, J_1, 3, rng, padding=1), Activation("relu"),
        Conv2D(J_1, J_2, 3, rng), Activation("relu"),
        MaxPool2D(2), Flatten(), Dropout(0.25, rng), Dense(9 * J_2, 10, rng),
    ]).astype(np.float32)  # fmt: skip
    optimizer, loss = Adam(0.005), SoftmaxCrossEntropy()
    for _ in range(10):
        for batch in minibatches(X, y, 32, rng):
            network.training = True
            train_step(network, loss, optimizer, *batch)
            network.training, steps = False, steps + 1
            if steps % 56 == 0 and (right := accuracy(network, X_test, y_test)) >= reach:
                return time.process_time() - start, steps, right
    return time.process_time() - start, steps, right


def mlp(sizes, rng):
    layers = []
    for D_in, D_out in zip(sizes, sizes[1:]):
        layers += [Dense(D_in, D_out, rng), Activation("relu")]
    return Sequential(layers[:-1]).astype(np.float32)


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def coverage(F):
    """Return the share of samples within 3 sigma = 0.3 of a centre, and the modes with 2 %."""
    angle = 2 * np.pi * np.arange(8) / 8
    centres = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    distance = np.linalg.norm(F[:, None] - centres, axis=2)
    good = distance.min(axis=1) <= 0.3
    modes = np.bincount(distance.argmin(axis=1)[good], minlength=8)
    return good.mean(), np.sum(modes >= 0.02 * len(F))


def gan_seconds(seed, steps=2000, pack=2, m=128):
    """Return CPU seconds, turns, share of good samples and modes of lesson 14's ring GAN."""
    start, rng = time.process_time(), np.random.default_rng(seed)
    G, D = mlp([2, 64, 64, 2], rng), mlp([2 * pack, 64, 64, 1], rng)
    for_D, for_G = Adam(3e-3, 0.0, 0.9), Adam(2e-3, 0.0, 0.9)
    y = np.repeat(np.float32([1, 0]), m // pack)[:, None]
    for step in range(1, steps + 1):
        left = min(1.0, 2 * (1 - step / (steps + 1)))
        for_D.eta, for_G.eta = 3e-3 * left, 2e-3 * left
        X = datasets.ring_of_gaussians(m, rng).astype(np.float32)
        S = D.forward(np.concatenate([X, G.forward(normal(rng, m, 2))]).reshape(-1, 2 * pack))
        D.set_gradients((sigmoid(S) - y) / (len(S) // 2))
        for_D.step(D)
        F = G.forward(normal(rng, m, 2))
        S = D.forward(F.reshape(-1, 2 * pack))
        G.set_gradients(D.backward(-sigmoid(-S) / len(S)).reshape(F.shape))
        for_G.step(G)
        if step % 100 == 0:
            share, modes = coverage(G.forward(normal(rng, 2000, 2)))
            if modes == 8 and share >= 0.8:
                break
    return time.process_time() - start, step, share, modes


if __name__ == "__main__":
    data = digits()
    for seed in [int(text) for text in sys.argv[1:]] or range(5):
        seconds, steps, right = cnn_seconds(seed, data)
        print(f"seed {seed}: CNN {right:.1%} after {steps} steps, {seconds:.2f} s CPU; ", end="")
        seconds, steps, share, modes = gan_seconds(seed)
        print(f"GAN {modes} modes, {share:.0%} good after {steps} turns, {seconds:.2f} s")
