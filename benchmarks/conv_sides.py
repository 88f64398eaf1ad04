"""Convolution, forward and backward, against the side of the image: table and log-log picture.

    PYTHONPATH=. OPENBLAS_NUM_THREADS=1 python benchmarks/conv_sides.py [PICTURE.png]

8 images, 8 to 16 maps, 3 x 3, float32; CPU time, the least of five blocks.
"""

import sys
import time

import numpy as np

from nnlib.convolution import Conv2D

SIDES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)


def milliseconds(side):
    """Return the CPU time of forward and backward."""
    rng = np.random.default_rng(0)
    layer = Conv2D(8, 16, 3, rng).astype(np.float32)
    X = rng.normal(size=(8, 8, side, side)).astype(np.float32)
    delta = layer.forward(X)
    times = []
    for _ in range(5):
        start, n = time.process_time(), 0
        while time.process_time() - start < 0.02:
            layer.forward(X)
            layer.backward(delta)
            n += 1
        times.append((time.process_time() - start) / n)
    return 1e3 * min(times)


def draw(times, path):
    from nnlib import plots

    fig, ax = plots.figure()
    ax.loglog(SIDES, times, "o-", label="measured")
    places = (np.array(SIDES) - 2.0) ** 2
    ax.loglog(SIDES, times[-1] * places / places[-1], "k--", label="number of windows")
    ax.set(xlabel="side of the image", ylabel="CPU ms", title="Large images cost their windows")
    ax.set_xticks([8, 16, 32, 64, 128, 256], ["8", "16", "32", "64", "128", "256"])
    ax.minorticks_off()
    ax.legend()
    fig.savefig(path, dpi=100)


if __name__ == "__main__":
    times = [milliseconds(side) for side in SIDES]
    print("| side | CPU ms | exponent since the last | ns a window |\n|---|---|---|---|")
    for n, (side, ms) in enumerate(zip(SIDES, times)):
        ratio = np.log(ms / times[n - 1]) / np.log(side / SIDES[n - 1]) if n else np.nan
        print(f"| {side} | {ms:.3f} | {ratio:.2f} | {1e6 * ms / 8 / (side - 2) ** 2:.0f} |")
    slope = np.polyfit(np.log(SIDES[4:]), np.log(times[4:]), 1)[0]
    print(f"exponent from side {SIDES[4]} on: {slope:.2f}")
    if sys.argv[1:]:
        draw(times, sys.argv[1])
