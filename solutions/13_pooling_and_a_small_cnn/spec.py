"""Sheet 13: what is asked, on which cases, and what is right (by nnlib's layers)."""

import numpy as np

from grading.spec import Case, Function, Order, Value
from nnlib import convolution
from nnlib.layers import Activation, Dense, Flatten
from nnlib.losses import SoftmaxCrossEntropy
from nnlib.network import Sequential

# name, shape of the map, size of the windows, step
WINDOWS = [("overlapping windows", (9, 7), 3, 2), ("side by side", (6, 8), 2, 2),
           ("gaps", (8, 5), 2, 3), ("one window", (3, 3), 3, 2), ("step 1", (5, 6), 3, 1),
           ("overlap, and rows left over", (8, 9), 4, 3)]


def counts(shape, m, s):
    return tuple((size - m) // s + 1 for size in shape)


def max_pool(x, m, s):
    return convolution.MaxPool2D(m, s).forward(x[None, None])[0, 0]


def pool_cases(rng):
    for name, shape, m, s in WINDOWS:
        yield Case(name, (rng.normal(size=shape), m, s))
    yield Case("only negative numbers", (-rng.uniform(1, 2, (5, 6)), 2, 2))


def max_pool_back(x, U, m, s):
    layer = convolution.MaxPool2D(m, s)
    layer.forward(x[None, None])
    return layer.backward(U[None, None])[0, 0]


def max_cases(rng):
    for name, shape, m, s in WINDOWS:
        yield Case(name, (rng.normal(size=shape), rng.normal(size=counts(shape, m, s)), m, s))
    yield Case("only negative numbers",
               (-rng.uniform(1, 2, (5, 6)), rng.normal(size=(2, 3)), 2, 2))
    ties = rng.integers(0, 3, (6, 6)).astype(float)
    yield Case("ties", (ties, rng.normal(size=(2, 2)), 3, 2))


def avg_pool_back(U, shape, m, s):
    layer = convolution.AvgPool2D(m, s)
    layer.forward(np.zeros((1, 1, *shape)))
    return layer.backward(U[None, None])[0, 0]


def avg_cases(rng):
    for name, shape, m, s in WINDOWS:
        yield Case(name, (rng.normal(size=counts(shape, m, s)), shape, m, s))


def subsample_gradients(x, U, w, m, s):
    layer = convolution.Subsample2D(len(w), m, s)
    layer.W = w
    layer.forward(x[None])
    dx = layer.backward(U[None])[0]
    return layer.dW, layer.db, dx


def subsample_cases(rng):
    for J, (name, shape, m, s) in zip([4, 2, 1, 3, 2, 7], WINDOWS):
        U = rng.normal(size=(J, *counts(shape, m, s)))
        yield Case(name, (rng.normal(size=(J, *shape)), U, rng.normal(size=J), m, s))


def windows_of(u, H, m, s):
    first = max(0, -((m - 1 - u) // s))
    return list(range(first, min(u // s, (H - m) // s) + 1))


def row_cases(rng):
    yield Case("two windows", (4, 9, 3, 2))
    yield Case("the first row", (0, 9, 3, 2))
    yield Case("the last row", (8, 9, 3, 2))
    yield Case("a row left over", (9, 10, 3, 2))
    yield Case("in a gap", (2, 8, 2, 3))
    yield Case("side by side", (5, 8, 2, 2))
    u = int(rng.integers(12, 40))
    yield Case("step 1", (u, u + 10, 4, 1))
    yield Case("near the end", (u, u + 2, 5, 2))


def gap(f, x, t_1, t_2, s):
    """Cut instead of shifting: the picture's rows that stay, under the map's rows that stay."""
    T = np.pad(x, ((s * t_1, 0), (s * t_2, 0)))[: x.shape[0], : x.shape[1]]
    moved, still = f(T), f(x)
    stays = still[: len(still) - t_1, : still.shape[1] - t_2]
    return np.abs(moved[t_1:, t_2:] - stays).max()


def by_rows(x):
    return -np.arange(len(x))[:, None] * (5 + x)


def by_columns(x):
    return np.cumsum(x, axis=1)[::2, ::2] * np.arange(0, x.shape[1], 2)


def gap_cases(rng):
    yield Case("a layer that knows its rows", (by_rows, rng.normal(size=(7, 6)), 2, 1, 1))
    yield Case("step 2", (by_columns, rng.normal(size=(8, 9)), 1, 2, 2))
    yield Case("no shift", (by_rows, rng.normal(size=(4, 5)), 0, 0, 1))
    yield Case("a pool", (lambda x: max_pool(x, 3, 2), rng.normal(size=(12, 11)), 2, 1, 2))
    yield Case("a pool that is asked too much",
               (lambda x: max_pool(x, 2, 2), rng.normal(size=(12, 10)), 3, 2, 1))
    yield Case("only down", (by_rows, rng.uniform(1, 2, (5, 5)), 1, 0, 1))


def parameter_count(H, V, J_1, J_2, C):
    rng = np.random.default_rng(0)
    layers = [convolution.Conv2D(1, J_1, 3, rng, padding=1), convolution.Conv2D(J_1, J_2, 3, rng),
              convolution.MaxPool2D(2), Flatten()]
    pooled = Sequential(layers).forward(np.zeros((1, 1, H, V))).size
    whole = Sequential([*layers, Dense(pooled, C, rng)])
    return sum(theta.size for theta in whole.parameters.values())


def count_cases(rng):
    sizes = [("8 by 8 pixels", 8, 8), ("odd sizes", 9, 7), ("not square", 6, 10),
             ("one window", 4, 4)]
    for name, H, V in sizes:
        yield Case(name, (H, V, *map(int, rng.integers(2, 9, 3))))
    yield Case("one map each", (5, 6, 1, 1, int(rng.integers(2, 9))))


def cnn_gradients(x, t, W, b, M, c):
    rng = np.random.default_rng(0)
    conv, dense = convolution.Conv2D(1, len(W), W.shape[1], rng), Dense(*M.T.shape, rng)
    conv.W, conv.b, dense.W, dense.b = W[:, None], b, M, c
    network = Sequential([conv, Activation("relu"), convolution.MaxPool2D(2), Flatten(), dense])
    logits, target = network.forward(x[None, None]), np.zeros((1, len(c)))
    target[0, t] = 1.0
    network.backward(SoftmaxCrossEntropy().gradient(logits, target))
    return conv.dW[:, 0], conv.db, dense.dW, dense.db


def cnn_cases(rng):
    sizes = [("3 maps", 3, (8, 7), 3, 4, 1.0), ("one map", 1, (5, 7), 2, 3, 1.0),
             ("one window", 4, (4, 4), 3, 5, 1.0), ("large logits", 2, (6, 6), 3, 3, 300.0)]
    for name, J, shape, m, C, size in sizes:
        places = J * np.prod([(side - m + 1) // 2 for side in shape])
        M = size * rng.normal(size=(C, places))
        yield Case(name, (rng.normal(size=shape), int(rng.integers(C)), rng.normal(size=(J, m, m)),
                          rng.normal(size=J), M, rng.normal(size=C)))
    W, b = rng.normal(size=(2, 3, 3)), np.array([-50.0, 0.3])
    yield Case("a map that is silent", (rng.normal(size=(6, 6)), 0, W, b,
                                        rng.normal(size=(3, 8)), rng.normal(size=3)))
    W, b = -rng.uniform(0.1, 1, (2, 2, 2)), np.array([0.2, 0.5])
    yield Case("blank paper", (np.zeros((5, 5)), 1, W, b, rng.normal(size=(3, 8)),
                               rng.normal(size=3)))


QUESTIONS = [
    Function(
        "13.1", "max_pool", 2, 8, ("13.1", "13.7"), "whole windows, any step, any sign",
        ("Where does the window of place p begin, and where does the last one that fits?",
         "It begins s pixels further for each place. The last one that fits leaves no room for "
         "one more step.",
         "`y[p, q] = np.max(x[s * p : s * p + m, s * q : s * q + m])`, `(H - m) // s + 1` rows"),
        max_pool, make=pool_cases),
    Value(
        "13.2", "slopes", 1, 5, ("13.6",), "how many windows a pixel reports to",
        ("Into how many windows does each of the three pixels report?",
         "The windows begin at 0, 2 and 4. Row 2 lies in two of them, row 1 in one; the same "
         "holds for columns.",
         "slope = number of windows / 9"),
        [1 / 9, 2 / 9, 4 / 9]),
    Function(
        "13.3", "max_pool_back", 3, 12, ("13.3", "13.2", "13.4"), "one winner, paths that add up",
        ("How many pixels get something from one window, and from how many windows can one pixel "
         "get something?",
         "One pixel a window: the winner. A pixel may win several windows, then their slopes add "
         "up. A later pixel must be larger to win.",
         "`dx[best] += U[p, q]`"),
        max_pool_back, make=max_cases),
    Function(
        "13.4", "avg_pool_back", 2, 8, ("13.6", "13.5"), "equal shares that add up",
        ("With which factor does a pixel stand in the average of one window?",
         "One part in as many as the window has pixels. Every pixel of the window gets that part "
         "of the slope, and gets it from every window it lies in.",
         "`dx[s * p : s * p + m, s * q : s * q + m] += U[p, q] / m**2`"),
        avg_pool_back, make=avg_cases),
    Function(
        "13.5", "subsample_gradients", 3, 12, ("13.11", "13.9", "13.10"),
        "a weight for a whole map, and what passes it",
        ("At how many places does the weight of a map act, and what does it multiply there?",
         "At every place, on the average there: multiply and add up. The bias is only added. "
         "On the way down each slope is multiplied by the weight.",
         "`dw[j] = np.sum(U[j] * mu[j])`, `db[j] = np.sum(U[j])`, "
         "`dx[j] = w[j] * avg_pool_back(U[j], x[j].shape, m, s)`"),
        subsample_gradients, make=subsample_cases),
    Function(
        "13.6", "windows_of", 2, 8, ("13.6", "13.7"), "overlap, gaps and what is left over",
        ("At which row does window p begin, at which does it end, and which p exist?",
         "Window p reaches from s p up to, and without, s p plus m. Try all windows that "
         "exist, and keep those that hold the row.",
         "`[p for p in range((H - m) // s + 1) if s * p <= u < s * p + m]`"),
        windows_of, make=row_cases, kind="find", erratum="B22"),
    Function(
        "13.7", "equivariance_gap", 2, 10, ("13.13", "13.12"), "shift below, shift above, compare",
        ("Which of the two is shifted by more pixels, the picture or the map?",
         "The picture, s times as far. Shift first and ask the layer, ask the layer and shift "
         "then; compare where no zeros came in.",
         "`np.abs(f(shift(x, s * t_1, s * t_2)) - shift(f(x), t_1, t_2))[t_1:, t_2:].max()`"),
        gap, make=gap_cases),
    Function(
        "13.8", "parameter_count", 2, 8, ("13.15",), "sharing, channels, size after pooling",
        ("Which of the layers has a number of parameters that depends on the size of the picture?",
         "Only the dense one: it sees what the pool leaves. A kernel of the second layer reaches "
         "through all maps of the first.",
         "`J_1 * 10 + J_2 * (9 * J_1 + 1) + C * (J_2 * P * Q + 1)` with `P = (H - 2) // 2`"),
        parameter_count, make=count_cases),
    Order(
        "13.9", "order", 2, 6, ("13.3", "13.2"), "down in the reverse of the way up",
        ("Which layer sees the picture first, and which one hears of the loss first?",
         "Up: kernel, bend and pool, dense layer. Then the loss, and the same layers in reverse.",
         "C, F, B, then E, then G, A, D."),
        "CFBEGAD"),
    Function(
        "13.10", "cnn_gradients", 4, 18, ("13.3", "13.15", "13.2"),
        "every link of a network, in one function",
        ("In which order does the slope meet the dense layer, the pool, the ReLU and the kernels?",
         "From the logits through the dense weights to the pooled maps, to the winners, through "
         "the bend to the sums. There the kernel and the bias read off their gradients.",
         "`U = (delta @ M).reshape(y.shape)`, "
         "`dz = max_pool_back(relu(z_j), U_j, 2, 2) * relu_prime(z_j)`, "
         "`dW_j = correlate(x, dz_j)`"),
        cnn_gradients, make=cnn_cases),
]
