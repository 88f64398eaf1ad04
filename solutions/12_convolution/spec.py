"""Sheet 12: what is asked, on which cases, and what is right (by windows and by nnlib)."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grading.spec import Case, Choice, Function, Order, Value
from nnlib import convolution

# name, picture, kernel
SIZES = [("a kernel of 3 by 2", (7, 5), (3, 2)), ("one weight", (4, 3), (1, 1)),
         ("a kernel as large as the picture", (3, 4), (3, 4)),
         ("a row of weights", (5, 6), (1, 3)), ("all square", (5, 5), (3, 3))]
# name, B, J, K, picture, kernel
LAYERS = [("2 examples, 4 maps over 3 channels", 2, 4, 3, (6, 5), (3, 2)),
          ("one example", 1, 3, 2, (5, 6), (2, 3)),
          ("one map, one channel", 3, 1, 1, (4, 5), (2, 2)),
          ("one place", 3, 2, 2, (3, 2), (3, 2)), ("all sizes equal", 3, 3, 3, (5, 5), (3, 3))]


def map_size(picture, kernel):
    return tuple(H - m + 1 for H, m in zip(picture, kernel))


def slide(x, w):
    return np.einsum("pqrc,rc->pq", sliding_window_view(x, w.shape), w)


def pairs(rng):
    """Draw picture and kernel."""
    for name, picture, kernel in SIZES:
        yield Case(name, (rng.normal(size=picture), rng.normal(size=kernel)))


def kernel_cases(rng):
    for name, picture, kernel in SIZES:
        delta = rng.normal(size=map_size(picture, kernel))
        yield Case(name, (rng.normal(size=picture), delta))


def picture_cases(rng):
    for name, picture, kernel in SIZES:
        delta = rng.normal(size=map_size(picture, kernel))
        yield Case(name, (delta, rng.normal(size=kernel)))


def parameter_gradients(X, delta):
    seen = sliding_window_view(X, delta.shape[2:], axis=(2, 3))  # one for each weight
    return np.einsum("ikrcpq,ijpq->jkrc", seen, delta), np.einsum("ijpq->j", delta)


def parameter_cases(rng):
    for name, B, J, K, picture, kernel in LAYERS:
        delta = rng.normal(size=(B, J, *map_size(picture, kernel)))
        yield Case(name, (rng.normal(size=(B, K, *picture)), delta))


def gain_gradients(U, z, g):
    return (np.einsum("jpq,jpq->j", U, np.tanh(z)),
            np.einsum("j,jpq,jpq->jpq", g, U, 1 / np.cosh(z) ** 2))


def gain_cases(rng):
    shapes = [("3 maps of 4 by 5", (3, 4, 5)), ("one map", (1, 2, 3)), ("one place", (4, 1, 1)),
              ("all sizes equal", (3, 3, 3))]
    for name, shape in shapes:
        U, z = rng.normal(size=(2, *shape))
        yield Case(name, (U, z, rng.normal(size=shape[0])))
    z = rng.choice([-3.0, 3.0], (2, 3, 2))
    yield Case("saturated units", (rng.normal(size=z.shape), z, rng.normal(size=2)))


def window_rows(X, m, n):
    seen = sliding_window_view(X, (m, n), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    return seen.reshape(-1, X.shape[1] * m * n)


def window_cases(rng):
    for name, B, _, K, picture, kernel in LAYERS:
        yield Case(name, (rng.normal(size=(B, K, *picture)), *kernel))


QUESTIONS = [
    Function(
        "12.1", "slide", 2, 8, ("12.4",), "whole windows, two letters for two directions",
        ("How many places has the corner of the window, down and across?",
         "One more than what the kernel leaves free. At each place, multiply the window with the "
         "kernel entry by entry and add up all products.",
         "`z[p, q] = np.sum(x[p : p + m, q : q + n] * w)`"),
        slide, make=pairs),
    Function(
        "12.2", "convolve_full", 2, 8, ("12.6", "12.7"), "a minus in the index, and every overlap",
        ("What does a single bright pixel leave behind, and how much larger than the picture must "
         "the paper be?",
         "Each pixel stamps one upright copy of the kernel, weighted by itself. The stamps add up; "
         "the last one hangs out of the picture by a kernel less one.",
         "`y[u : u + m, v : v + n] += x[u, v] * w`"),
        lambda x, w: convolution.convolve(x, w, "full"), make=pairs),
    Value(
        "12.3", "shapes", 1, 5, ("12.24", "12.9", "12.33"), "whose shape a gradient has; rounding",
        ("Of which array is each gradient the gradient, and how often does a window fit?",
         "A gradient has the shape of its array. A window fits once, and once more for each "
         "whole step that is left.",
         "$\\lfloor (H + 2P - m)/s \\rfloor + 1$ in each direction; $W$ is (maps, channels, 5, 5)"),
        [(6, 3, 5, 5), (8, 6, 28, 24), (6,), (8, 3, 32, 28), (8, 6, 16, 14)]),
    Function(
        "12.4", "kernel_gradient", 2, 8, ("12.11", "12.12"), "one weight acts at every place",
        ("At how many places does one weight act, and on which pixel does it lie there?",
         "At every place of the map. Multiply the pixel it lies on with what comes from above, and "
         "add up over the places.",
         "`dw[r, c] = np.sum(delta * x[r : r + P, c : c + Q])`"),
        lambda x, delta: slide(x, delta), make=kernel_cases),
    Function(
        "12.5", "picture_gradient", 3, 12, ("12.20", "12.17", "12.18"),
        "one turn of the kernel, zeros on all four sides",
        ("Which units see a pixel in the corner, and under which weight?",
         "Every unit stamps its δ times the kernel onto the pixels of its window. Sliding says the "
         "same with the kernel turned and zeros on all four sides.",
         "`slide(np.pad(delta, ((m - 1, m - 1), (n - 1, n - 1))), w[::-1, ::-1])`"),
        lambda delta, w: convolution.convolve(delta, w, "full"), make=picture_cases),
    Order(
        "12.6", "order", 2, 8, ("12.31", "12.36", "12.22"), "padding and gain, up and down",
        ("Which line needs nothing but the picture?",
         "Padding comes first going up, so it is undone last coming down. The slope from above "
         "must pass the gain and the bend before the kernel sees it.",
         "D, G, B, H, E; then A, and C before F."),
        "DGBHEACF", before=("DG", "GB", "BH", "HE", "EA", "EC", "CF")),
    Function(
        "12.7", "parameter_gradients", 3, 12, ("12.28", "12.25", "12.27"),
        "which indices a weight and a bias are shared over",
        ("In which examples and in which maps does the kernel of map j and channel k act?",
         "In every example, but only in its own map and on its own channel. A bias acts at every "
         "place of its map, in every example.",
         "`dW[j, k] = sum(kernel_gradient(X[i, k], delta[i, j]) for i in range(B))`, "
         "`db = delta.sum(axis=(0, 2, 3))`"),
        parameter_gradients, make=parameter_cases),
    Function(
        "12.8", "gain_gradients", 2, 8, ("12.30", "12.31"), "the gain scales what comes down",
        ("At how many places does one gain act, and what does it multiply there?",
         "At every place of its map, on the bent sum. The slope on its way down is "
         "multiplied by the same gain.",
         "`dg[j] = np.sum(U[j] * tanh(z[j]))`, `delta[j] = g[j] * U[j] * tanh_prime(z[j])`"),
        gain_gradients, make=gain_cases),
    Function(
        "12.9", "window_rows", 3, 14, ("12.37",), "the order of six indices",
        ("Which three indices name a row of the table, and which three a column?",
         "Example and place name a row. Channel and the place in the kernel name a column, in the "
         "order in which reshape lays out a kernel: the channel changes most slowly.",
         "`X[i, :, p : p + m, q : q + n].ravel()` is one row"),
        window_rows, make=window_cases),
    Choice(
        "12.10", "wrong_line", 1, 5, ("12.20", "12.18"), "a flip too many has the right shape",
        ("How often is the kernel turned in each line?",
         "A true convolution turns the kernel by itself; sliding does not. Count the turns, and "
         "compare the three lines for the picture.",
         "$D * w = D \\star \\tilde w$: one turn each. Two turns are none."),
        "C", erratum="A12", options=("A", "B", "C", "D")),
]
