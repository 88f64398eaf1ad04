"""Sheet 12: wrong answers that students give, and the sentence each of them earns."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grading.spec import Mistake


def right_slide(x, w):
    return np.einsum("pqrc,rc->pq", sliding_window_view(x, w.shape), w)


def flip(w):
    return w[::-1, ::-1]


def margin(delta, w, less=1):
    m, n = w.shape
    return np.pad(delta, ((m - less, m - less), (n - less, n - less)))


def diagonal(x, w):
    (H, V), (m, n) = x.shape, w.shape
    z = np.zeros((H - m + 1, V - n + 1))
    for p, q in np.ndindex(z.shape):
        for r in range(min(m, n)):
            z[p, q] += x[p + r, q + r] * w[r, r]
    return z


def wrapped(x, w):
    (H, V), (m, n) = x.shape, w.shape
    z = np.zeros((H - m + 1, V - n + 1))
    for p, q in np.ndindex(z.shape):
        for r, c in np.ndindex(w.shape):
            z[p, q] += x[p - r, q - c] * w[r, c]
    return z


SLIDE = [
    Mistake("kernel turned", lambda x, w: right_slide(x, flip(w)),
            "This slides the kernel turned by 180 degrees: a true convolution. (12.4) has a plus "
            "in the index of x and takes w as it is."),
    Mistake("diagonal of the kernel only", diagonal,
            "Only the diagonal of the kernel counts: r and c are two letters and need two sums."),
    Mistake("one place short", lambda x, w: right_slide(x, w)[:-1, :-1],
            "The last row and column of places are missing: the corner has H - m + 1 places, "
            "counted from 0 to H - m."),
    Mistake("index with a minus", wrapped,
            "x[p - r] with p < r has a negative index, and numpy reads from the other end. The "
            "window lies at p + r."),
    Mistake("mean of the window", lambda x, w: right_slide(x, w) / w.size,
            "Divided by the number of weights: a unit adds up its products, no mean."),
    Mistake("zeros around", lambda x, w: right_slide(margin(x, w), w),
            "The picture was padded: this is the full mode. Only whole windows are asked for."),
    Mistake("sums multiplied",
            lambda x, w: right_slide(x, np.ones(w.shape)) * w.mean(),
            "Sum of the window times mean of the kernel: each pixel meets a weight of its own, "
            "multiply before you sum."),
]


def stamps(x, w, overwrite=False):
    (H, V), (m, n) = x.shape, w.shape
    y = np.zeros((H + m - 1, V + n - 1))
    for u, v in np.ndindex(x.shape):
        old = 0 if overwrite else y[u : u + m, v : v + n]
        y[u : u + m, v : v + n] = old + x[u, v] * w
    return y


def reads_the_far_end(x, w):
    (H, V), (m, n) = x.shape, w.shape
    y = np.zeros((H + m - 1, V + n - 1))
    for p, q in np.ndindex(y.shape):
        for r, c in np.ndindex(w.shape):
            if p - r < H and q - c < V:
                y[p, q] += x[p - r, q - c] * w[r, c]
    return y


STAMP = [
    Mistake("correlated", lambda x, w: right_slide(margin(x, w), w),
            "This slides w as it is, over the padded picture: a dot prints the kernel turned. "
            "Turn w before you slide, or stamp it."),
    Mistake("whole windows only", lambda x, w: right_slide(x, flip(w)),
            "Only whole windows: that is the valid part. The full convolution is larger than the "
            "picture, H + m - 1 rows.", "wrong-shape"),
    Mistake("stamps overwrite", lambda x, w: stamps(x, w, overwrite=True),
            "Each stamp wipes out what lies under it: stamps add up, use +=."),
    Mistake("far end read", reads_the_far_end,
            "x[p - r] with p < r has a negative index, and numpy reads from the other end. Pixels "
            "outside count as 0: ask for 0 <= p - r too."),
    Mistake("one axis turned", lambda x, w: right_slide(margin(x, w), w[::-1]),
            "Only the rows of the kernel are reversed: turn both axes."),
    Mistake("transposed kernel", lambda x, w: stamps(x, w.T),
            "The kernel is transposed: a turn reverses both axes, it does not exchange them."),
]

SHAPES = [
    Mistake("channels and maps exchanged",
            [(3, 6, 5, 5), (8, 6, 28, 24), (6,), (8, 3, 32, 28), (8, 6, 16, 14)],
            "W has the maps first and the channels second, as Dense has units above first."),
    Mistake("windows counted one short",
            [(6, 3, 5, 5), (8, 6, 27, 23), (6,), (8, 3, 32, 28), (8, 6, 15, 13)],
            "One window is missing in a direction: the first one stands before any step, add 1."),
    Mistake("a bias for every place",
            [(6, 3, 5, 5), (8, 6, 28, 24), (6, 28, 24), (8, 3, 32, 28), (8, 6, 16, 14)],
            "A map has one bias for all its places: db has one entry per map."),
    Mistake("rounded up",
            [(6, 3, 5, 5), (8, 6, 28, 24), (6,), (8, 3, 32, 28), (8, 6, 17, 15)],
            "Rounded up: rows that do not fill a whole step are never seen. Round down."),
    Mistake("padding on one side",
            [(6, 3, 5, 5), (8, 6, 28, 24), (6,), (8, 3, 32, 28), (8, 6, 15, 13)],
            "Padding counts twice, once on each side: H + 2P - m."),
    Mistake("dX as small as Z",
            [(6, 3, 5, 5), (8, 6, 28, 24), (6,), (8, 3, 28, 24), (8, 6, 16, 14)],
            "dX has the shape of X: every pixel gets a slope."),
    Mistake("one channel in the kernel",
            [(6, 5, 5), (8, 6, 28, 24), (6,), (8, 3, 32, 28), (8, 6, 16, 14)],
            "Each pair of map and channel has a kernel of its own: W has four axes."),
]


def last_place(x, delta):
    m, n = x.shape[0] - delta.shape[0] + 1, x.shape[1] - delta.shape[1] + 1
    return delta[-1, -1] * x[-m:, -n:]


KERNEL = [
    Mistake("turned", lambda x, delta: flip(right_slide(x, delta)),
            "The numbers are right and turned by 180 degrees: this is the gradient for the "
            "flipped kernel. In (12.12) nothing is flipped.", "flipped"),
    Mistake("δ turned", lambda x, delta: right_slide(x, flip(delta)),
            "δ is turned by 180 degrees before it slides: δ at (p, q) belongs to the window at "
            "(p, q), take it as it is.", "upstream"),
    Mistake("mean over the places", lambda x, delta: right_slide(x, delta) / delta.size,
            "Divided by the number of places: the paths of a weight add up, no mean is taken.",
            "missing-mean"),
    Mistake("the last place only", last_place,
            "Only the last place counts: a weight acts at every place, use += where you have =."),
    Mistake("sums multiplied",
            lambda x, delta: right_slide(x, np.ones(delta.shape)) * delta.mean(),
            "Sum of pixels times mean of δ: each pixel belongs to one δ, multiply before you sum."),
    Mistake("zeros around", lambda x, delta: right_slide(margin(x, delta), delta),
            "The picture was padded. dw has the size of the kernel: whole windows only.",
            "wrong-shape"),
]


PICTURE = [
    Mistake("kernel not turned", lambda delta, w: right_slide(margin(delta, w), w),
            "The kernel slides over δ without a turn (or it was turned twice: flipped, then "
            "convolved). Slide it turned, or convolve with w as it is.", "kernel"),
    Mistake("no margin", lambda delta, w: right_slide(delta, flip(w)),
            "dx is too small: pixels at the border are seen too. Give δ a margin of m - 1 rows and "
            "n - 1 columns of zeros.", "wrong-shape"),
    Mistake("margin above and left only", lambda delta, w: right_slide(
        np.pad(delta, ((len(w) - 1, 0), (w.shape[1] - 1, 0))), flip(w)),
            "The last rows and columns are missing: the margin belongs on all four sides.",
            "wrong-shape"),
    Mistake("margin too wide", lambda delta, w: right_slide(margin(delta, w, 0), flip(w)),
            "dx is too large: the margin is m - 1 wide, not m.", "wrong-shape"),
    Mistake("one axis turned", lambda delta, w: right_slide(margin(delta, w), w[:, ::-1]),
            "Only the columns of the kernel are reversed: turn both axes.", "kernel"),
    Mistake("transposed kernel", lambda delta, w: stamps(delta, w.T),
            "The kernel is transposed: going back it is turned by 180 degrees. The transpose is "
            "that of the big matrix M, not of w."),
    Mistake("far end read", reads_the_far_end,
            "delta[u - r] with u < r has a negative index, and numpy reads from the other end. "
            "Outside of the map δ counts as 0."),
]

ORDER = [
    Mistake("cut before it is there", "DGBHEAFC", "F cuts `dx_bar`, and that is made in C."),
    Mistake("δ before the slope from above", "DGBEHACF", "E needs `U`, and that is made in H."),
    Mistake("padding last", "GBHEACFD", "G slides over `x_bar`, and that is made in D."),
    Mistake("backwards", "FCAEHBGD", "Nothing can be computed yet: begin with what needs only x."),
]


def dW_of(X, delta):
    seen = sliding_window_view(X, delta.shape[2:], axis=(2, 3))
    return np.einsum("ikrcpq,ijpq->jkrc", seen, delta)


def db_of(delta):
    return delta.sum(axis=(0, 2, 3))


def channels_added(X, delta):
    dW = dW_of(X, delta)
    return np.broadcast_to(dW.sum(axis=1, keepdims=True), dW.shape).copy(), db_of(delta)


def maps_added(X, delta):
    dW = dW_of(X, delta)
    return np.broadcast_to(dW.sum(axis=0, keepdims=True), dW.shape).copy(), db_of(delta)


PARAMETERS = [
    Mistake("divided by B again",
            lambda X, delta: (dW_of(X, delta) / len(X), db_of(delta) / len(X)),
            "1/B is in delta already: it comes from the loss, and only from there.",
            "constant-factor"),
    Mistake("the last example only",
            lambda X, delta: (dW_of(X[-1:], delta[-1:]), db_of(delta[-1:])),
            "Only the last example counts: all examples share the kernel, their paths add up."),
    Mistake("a bias gradient for every place",
            lambda X, delta: (dW_of(X, delta), delta.sum(axis=0)),
            "A bias acts at every place of its map: db has one entry per map, sum over the places "
            "too.", "broadcast"),
    Mistake("biases of each example", lambda X, delta: (dW_of(X, delta), delta.sum(axis=(2, 3))),
            "A row per example is left in db: all examples share a bias, add them up.",
            "broadcast"),
    Mistake("mean over the places",
            lambda X, delta: (dW_of(X, delta), delta.mean(axis=(2, 3)).sum(axis=0)),
            "db is divided by the number of places: the paths of a bias add up, no mean is taken.",
            "constant-factor"),
    Mistake("summed over the channels", channels_added,
            "Every channel gets the same dW: the sum over channels is that of the forward pass. A "
            "kernel meets its own channel only.", "summed"),
    Mistake("summed over the maps", maps_added,
            "Every map gets the same dW: only the gradient for the picture sums over the maps.",
            "summed"),
    Mistake("maps and channels exchanged",
            lambda X, delta: (dW_of(X, delta).swapaxes(0, 1), db_of(delta)),
            "dW has the channels first: like W, it has a block per map, W[j, k].", "transposed"),
    Mistake("kernels turned", lambda X, delta: (dW_of(X, delta)[:, :, ::-1, ::-1], db_of(delta)),
            "Every kernel's gradient is turned by 180 degrees: in (12.28) nothing is flipped.",
            "flipped"),
]


def tanh_prime(z):
    return 1 - np.tanh(z) ** 2


def knob(g):
    return np.asarray(g)[:, None, None]


def dg_of(U, z):
    return np.sum(U * np.tanh(z), axis=(1, 2))


GAIN = [
    Mistake("gain left out of δ", lambda U, z, g: (dg_of(U, z), U * tanh_prime(z)),
            "The gain is missing in δ: the slope passes the knob on its way down, multiply by "
            "g_j."),
    Mistake("slope of the bend left out", lambda U, z, g: (dg_of(U, z), knob(g) * U),
            "This δ is ∂L/∂a. From z to a there is one more link: multiply by f'(z).",
            "derivative-missing"),
    Mistake("slope taken at the answer",
            lambda U, z, g: (dg_of(U, z), knob(g) * U * tanh_prime(np.tanh(z))),
            "f' takes the sum z, and you give it the answer a.", "at-activation"),
    Mistake("gain multiplies the sum",
            lambda U, z, g: (np.sum(U * z, axis=(1, 2)), knob(g) * U * tanh_prime(z)),
            "The gain multiplies f(z), so its slope is Σ U f(z); you have Σ U z."),
    Mistake("gain in its own slope",
            lambda U, z, g: (g * dg_of(U, z), knob(g) * U * tanh_prime(z)),
            "The slope for g_j holds g_j itself: differentiate g f(z) for g, and only f(z) is "
            "left."),
    Mistake("mean over the places",
            lambda U, z, g: (np.mean(U * np.tanh(z), axis=(1, 2)), knob(g) * U * tanh_prime(z)),
            "Divided by the number of places: the paths of a gain add up, no mean is taken.",
            "constant-factor"),
    Mistake("one gain for all maps",
            lambda U, z, g: (np.sum(U * np.tanh(z)), knob(g) * U * tanh_prime(z)),
            "One number for all maps: every map has a knob of its own.", "summed"),
]


def seen_in(X, m, n):
    return sliding_window_view(X, (m, n), axis=(2, 3))  # i k p q r c


def rows_of(X, m, n, *axes):
    seen = seen_in(X, m, n).transpose(axes)
    return seen.reshape(-1, X.shape[1] * m * n)


WINDOWS = [
    Mistake("channel last in a row", lambda X, m, n: rows_of(X, m, n, 0, 2, 3, 4, 5, 1),
            "The channel changes fastest along your rows. `W.reshape` puts it first: channel, row, "
            "column."),
    Mistake("channels not brought together", lambda X, m, n: rows_of(X, m, n, 0, 1, 2, 3, 4, 5),
            "Reshaped without moving the channel: a row mixes windows of different places. Bring "
            "the channel behind the place first."),
    Mistake("windows read by columns", lambda X, m, n: rows_of(X, m, n, 0, 2, 3, 1, 5, 4),
            "Your windows are read column by column, and the kernels row by row."),
    Mistake("a column per window", lambda X, m, n: rows_of(X, m, n, 0, 2, 3, 1, 4, 5).T,
            "The table is transposed: lay each window as a row."),
    Mistake("examples change fastest", lambda X, m, n: rows_of(X, m, n, 2, 3, 0, 1, 4, 5),
            "The rows run over the places first: all windows of example 0 come first, then those "
            "of example 1."),
    Mistake("windows side by side", lambda X, m, n: seen_in(X, m, n)[:, :, ::m, ::n].transpose(
        0, 2, 3, 1, 4, 5).reshape(-1, X.shape[1] * m * n),
            "Your windows lie side by side: with stride 1 the next one starts a pixel further."),
    Mistake("places read by columns", lambda X, m, n: rows_of(X, m, n, 0, 3, 2, 1, 4, 5),
            "The places run down the columns: go along each row of the map first."),
]

LINE = [
    Mistake("the kernel's gradient suspected", "A",
            "The weight (r, c) meets x at (p + r, q + c): a plus, so δ slides as it is. A is "
            "right."),
    Mistake("unturned kernel suspected", "B",
            "The true convolution turns the kernel by itself, so w goes in as it is. B is right."),
    Mistake("turned kernel suspected", "D",
            "Sliding does not turn the kernel, so it must be turned before. D is right."),
]

MISTAKES = {"12.1": SLIDE, "12.2": STAMP, "12.3": SHAPES, "12.4": KERNEL, "12.5": PICTURE,
            "12.6": ORDER, "12.7": PARAMETERS, "12.8": GAIN, "12.9": WINDOWS, "12.10": LINE}
