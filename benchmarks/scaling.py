"""Cost as work grows: CPU time of a training step and of a gradient check, and their exponents.

    PYTHONPATH=. OPENBLAS_NUM_THREADS=1 python benchmarks/scaling.py [PICTURE.png]

The exponent is the slope of a straight line through the last three points in log-log. It is the
least of several measured times, because other programs can only add to one.
"""

import os
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np

from nnlib import plots
from nnlib.gradcheck import compare_gradient
from nnlib.layers import Activation, Dense
from nnlib.losses import SoftmaxCrossEntropy
from nnlib.network import Sequential
from nnlib.optimizers import SGD
from nnlib.training import train_step


def network(sizes):
    rng = np.random.default_rng(0)
    layers = [Dense(sizes[0], sizes[1], rng)]
    for D_in, D_out in zip(sizes[1:], sizes[2:]):
        layers += [Activation("relu"), Dense(D_in, D_out, rng)]
    return Sequential(layers)


def data(B, D):
    rng = np.random.default_rng(1)
    return rng.random((B, D)), rng.integers(10, size=B)


def training(sizes, B):
    """Return one training step of a network of these sizes, in float64."""
    net, (X, labels) = network(sizes), data(B, sizes[0])
    loss, optimizer = SoftmaxCrossEntropy(), SGD(0.001)
    return lambda: train_step(net, loss, optimizer, X, labels)


def checking(H):
    """Return a gradient check of all parameters of a 64-H-10 network at once."""
    net, (X, labels), loss = network([64, H, 10]), data(32, 64), SoftmaxCrossEntropy()
    net.backward(loss.gradient(net.forward(X), labels))
    start = tuple(theta.copy() for theta in net.parameters.values())
    gradients = tuple(net.gradients.values())

    def f(*arrays):
        for theta, array in zip(net.parameters.values(), arrays):
            theta[...] = array
        return loss.value(net.forward(X), labels)

    return lambda: compare_gradient(f, start, gradients)


SERIES = {
    "Width: 64-H-H-10, B 32": (
        [16, 32, 64, 128, 256, 512, 1024, 2048], lambda H: training([64, H, H, 10], 32)),
    "Batch: 784-256-128-10": (
        [1, 4, 16, 64, 256, 1024, 4096], lambda B: training([784, 256, 128, 10], B)),
    "Depth: layers of 64 units, B 32": (
        [1, 2, 4, 8, 16, 32, 64, 128], lambda n: training([64] * (n + 1) + [10], 32)),
    "Gradient check of 64-H-10": (
        [8, 32, 128, 512, 2048, 8192], checking),
}  # fmt: skip
LABELS = {"Width": "units H", "Batch": "examples B", "Depth": "hidden layers",
          "Gradient": "parameters"}  # fmt: skip


def cpu_time(step):
    """Return the least CPU time of a step in seconds, of nine blocks of 10 ms or more."""
    step()
    start, repeats = time.process_time_ns(), 0
    while time.process_time_ns() - start < 10e6:
        step()
        repeats += 1
    times = []
    for _ in range(9):
        start = time.process_time_ns()
        for _ in range(repeats):
            step()
        times.append((time.process_time_ns() - start) / repeats / 1e9)
    return min(times)


def measure(name):
    """Return sizes, times, and the exponent at the large end."""
    sizes, make = SERIES[name]
    times = [cpu_time(make(n)) for n in sizes]
    if "check" in name:
        sizes = [75 * H + 10 for H in sizes]
    return sizes, times, np.polyfit(np.log(sizes[-3:]), np.log(times[-3:]), 1)[0]


def picture(found, path):
    fig, axes = plots.figure(2, 2, width=9.0, height=6.4, sharey=True)
    for ax, (name, (sizes, times, power)) in zip(axes.flat, found.items()):
        ax.loglog(sizes, times, "o-", color=plots.BLUE)
        end = np.array(sizes[-3:])
        line = times[-1] * (end / end[-1]) ** power
        ax.loglog(end, 2.0 * line, color=plots.VERMILLION, ls="--")
        plots.write_at(
            ax, end[1], 3.5 * line[1], f"slope {power:.2f}", plots.VERMILLION, ha="right"
        )
        ax.set(title=name, xlabel=LABELS[name.split()[0].rstrip(":")])
    for ax in axes[:, 0]:
        ax.set_ylabel("CPU seconds")
    fig.savefig(path, dpi=100, metadata={"Software": None})


def main():
    found = {name: measure(name) for name in SERIES}
    for name, (sizes, times, power) in found.items():
        print(f"{name}: exponent {power:.2f} at the end")
        print("   " + ", ".join(f"{n}: {1e3 * t:.3g} ms" for n, t in zip(sizes, times)))
    if sys.argv[1:]:
        picture(found, sys.argv[1])


if __name__ == "__main__":
    main()
