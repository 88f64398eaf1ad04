"""Sheet 13: wrong answers that students give, and the sentence each of them earns."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from grading.spec import Mistake


def windows(x, m, s):
    return sliding_window_view(x, (m, m))[::s, ::s]


def from_zero(x, m, s):
    return np.maximum(windows(x, m, s).max(axis=(2, 3)), 0.0)


def ragged(x, m, s):
    rows, columns = (range(0, size, s) for size in x.shape)
    return np.array([[x[u : u + m, v : v + m].max() for v in columns] for u in rows])


POOL = [
    Mistake("maximum begun at 0", from_zero,
            "A window of negative numbers gives 0: the running maximum must begin at -inf, or at "
            "the first pixel of the window."),
    Mistake("step forgotten", lambda x, m, s: windows(x, m, 1).max(axis=(2, 3)),
            "Your windows begin at every pixel: window p begins at s p.", "wrong-shape"),
    Mistake("windows side by side", lambda x, m, s: windows(x, m, m).max(axis=(2, 3)),
            "Your windows lie side by side: the step is s, not the size m.", "wrong-shape"),
    Mistake("average", lambda x, m, s: windows(x, m, s).mean(axis=(2, 3)),
            "This is the average of each window: the largest is asked for."),
    Mistake("largest in size", lambda x, m, s: np.abs(windows(x, m, s)).max(axis=(2, 3)),
            "You compare sizes without signs: -3 is smaller than 1."),
    Mistake("windows cut at the border", ragged,
            "Windows that leave the map are counted too: only whole windows are there, (13.7).",
            "wrong-shape"),
    Mistake("one window short", lambda x, m, s: windows(x, m, s).max(axis=(2, 3))[:-1, :-1],
            "The last row and column of windows are missing: the first window stands before any "
            "step, so add 1.", "wrong-shape"),
]

THREE = [
    Mistake("maximum in mind", [0.0, 0.0, 1.0],
            "An average has no winner: all nine pixels of a window get a ninth of its slope."),
    Mistake("each pixel in one window", [1 / 9, 1 / 9, 1 / 9],
            "With step 2 windows of 3 overlap: a pixel collects from each window that it lies in."),
    Mistake("a ninth forgotten", [1, 2, 4],
            "You counted the windows. Each of them gives a pixel a ninth of its slope.",
            "constant-factor"),
    Mistake("directions added", [2 / 9, 3 / 9, 4 / 9],
            "Windows in a row and windows in a column multiply, they do not add up."),
    Mistake("step 1 in mind", [4 / 9, 3 / 9, 9 / 9],
            "That would be step 1. With step 2 the windows begin at 0, 2 and 4."),
]


def back(x, U, m, s, share):
    """Send U of each window to its pixels as share(window) says."""
    dx = np.zeros(x.shape)
    for p, q in np.ndindex(U.shape):
        at = slice(s * p, s * p + m), slice(s * q, s * q + m)
        dx[at] += U[p, q] * share(x[at])
    return dx


def first(window):
    return np.arange(window.size).reshape(window.shape) == window.argmax()


def last(window):
    return first(window[::-1, ::-1])[::-1, ::-1]


def all_tied(window):
    return window == window.max()


def overwriting(x, U, m, s):
    dx = np.zeros(x.shape)
    for p, q in np.ndindex(U.shape):
        window = x[s * p : s * p + m, s * q : s * q + m]
        r, c = np.unravel_index(window.argmax(), window.shape)
        dx[s * p + r, s * q + c] = U[p, q]
    return dx


def at_corner(x, U, m, s):
    return back(x, U, m, s, lambda window: np.arange(m * m).reshape(m, m) == 0)


def inside_the_window(x, U, m, s):
    dx = np.zeros(x.shape)
    for p, q in np.ndindex(U.shape):
        window = x[s * p : s * p + m, s * q : s * q + m]
        dx[np.unravel_index(window.argmax(), window.shape)] += U[p, q]
    return dx


MAX = [
    Mistake("every tied pixel paid", lambda x, U, m, s: back(x, U, m, s, all_tied),
            "A tie is paid several times: if all tied pixels rise together, y rises once. Give it "
            "to one of them."),
    Mistake("tie shared",
            lambda x, U, m, s: back(x, U, m, s, lambda w: all_tied(w) / all_tied(w).sum()),
            "Sharing a tie is a right convention, but not the one asked for: here the first of the "
            "tied pixels gets all."),
    Mistake("last of a tie", lambda x, U, m, s: back(x, U, m, s, last),
            "At a tie your last pixel wins: a later one must be larger to win, compare with > and "
            "not with >=."),
    Mistake("overwritten", overwriting,
            "A pixel that wins two windows keeps the slope of one only: slopes add up, use +=."),
    Mistake("shared like an average",
            lambda x, U, m, s: back(x, U, m, s, lambda w: np.full(w.shape, 1 / m**2)),
            "Every pixel gets an equal share: that is the average. Only the winner moves the "
            "maximum."),
    Mistake("paid to the whole window",
            lambda x, U, m, s: back(x, U, m, s, lambda w: np.ones(w.shape)),
            "Every pixel of the window gets the whole slope: only the winner moves the maximum."),
    Mistake("paid to the corner", at_corner,
            "The first pixel of each window gets the slope, whoever wins: find the largest."),
    Mistake("place in the window", inside_the_window,
            "The winner's place is counted inside its window: add the corner, s p and s q."),
]


def spread(U, shape, m, s, part):
    dx = np.zeros(shape)
    for p, q in np.ndindex(U.shape):
        dx[s * p : s * p + m, s * q : s * q + m] += U[p, q] * part
    return dx


def painted_over(U, shape, m, s):
    dx = np.zeros(shape)
    for p, q in np.ndindex(U.shape):
        dx[s * p : s * p + m, s * q : s * q + m] = U[p, q] / m**2
    return dx


def averaged_again(U, shape, m, s):
    count = spread(np.ones(U.shape), shape, m, s, 1)
    return spread(U, shape, m, s, 1 / m**2) / np.maximum(count, 1)


def side_by_side(U, shape, m, s):
    dx = np.zeros(shape)
    for u, v in np.ndindex(*shape):
        if u // m < U.shape[0] and v // m < U.shape[1]:
            dx[u, v] = U[u // m, v // m] / m**2
    return dx


AVERAGE = [
    Mistake("share forgotten", lambda U, shape, m, s: spread(U, shape, m, s, 1),
            "Every pixel gets the whole slope: in the average it has the factor 1/m².",
            "missing-mean"),
    Mistake("divided by the side", lambda U, shape, m, s: spread(U, shape, m, s, 1 / m),
            "Divided by m: a window of m × m has m² pixels.", "constant-factor"),
    Mistake("overwritten", painted_over,
            "A pixel in two windows keeps the share of one only: shares add up, use +=."),
    Mistake("averaged over the windows", averaged_again,
            "You average over the windows of a pixel: what they send down adds up."),
    Mistake("windows side by side", side_by_side,
            "You look for the one window of each pixel, as if the windows lay side by side: the "
            "step is s, and a pixel may lie in several or in none."),
    Mistake("upside down", lambda U, shape, m, s: spread(U[::-1, ::-1], shape, m, s, 1 / m**2),
            "The slopes arrive at the wrong windows: U[p, q] belongs to the window at (p, q)."),
]


def parts(x, U, w, m, s):
    mu = sliding_window_view(x, (m, m), axis=(1, 2))[:, ::s, ::s].mean(axis=(3, 4))
    dx = np.array([w_j * spread(U_j, x.shape[1:], m, s, 1 / m**2) for w_j, U_j in zip(w, U)])
    return mu, np.sum(U * mu, axis=(1, 2)), U.sum(axis=(1, 2)), dx


def weight_left_out(x, U, w, m, s):
    _, dw, db, dx = parts(x, U, w, m, s)
    return dw, db, dx / w[:, None, None]


def sums_for_averages(x, U, w, m, s):
    _, dw, db, dx = parts(x, U, w, m, s)
    return m**2 * dw, db, dx


def weight_in_its_slope(x, U, w, m, s):
    _, dw, db, dx = parts(x, U, w, m, s)
    return w * dw, db, dx


def mean_of_U(x, U, w, m, s):
    _, dw, _, dx = parts(x, U, w, m, s)
    return dw, U.mean(axis=(1, 2)), dx


def shares_left_out(x, U, w, m, s):
    _, dw, db, dx = parts(x, U, w, m, s)
    return dw, db, m**2 * dx


def bias_scaled(x, U, w, m, s):
    _, dw, db, dx = parts(x, U, w, m, s)
    return dw, w * db, dx


def all_maps(x, U, w, m, s):
    _, dw, db, dx = parts(x, U, w, m, s)
    return dw.sum(), db.sum(), dx


SUBSAMPLE = [
    Mistake("weight left out below", weight_left_out,
            "dx lacks the weight: the slope passes w_j on its way down, multiply by it."),
    Mistake("sums in place of averages", sums_for_averages,
            "dw is m² times too large: the weight multiplies the average of a window, not its sum.",
            "missing-mean"),
    Mistake("weight in its own slope", weight_in_its_slope,
            "dw holds the weight itself: differentiate w μ + b for w, and only μ is left."),
    Mistake("mean over the places", mean_of_U,
            "db is divided by the number of places: the paths of a bias add up, no mean is taken.",
            "constant-factor"),
    Mistake("shares left out", shares_left_out,
            "dx is m² times too large: each pixel has a share of 1/m² in an average.",
            "missing-mean"),
    Mistake("bias scaled", bias_scaled,
            "db is multiplied by the weight: the bias is added after the weight has acted."),
    Mistake("one weight for all maps", all_maps,
            "One number for all maps: every map has a weight and a bias of its own.", "summed"),
]


def unclipped(u, H, m, s):
    return [p for p in range(H) if s * p <= u < s * p + m]


ROWS = [
    Mistake("as printed", lambda u, H, m, s: [u // s],
            "This is the printed answer: it names one window, and a row may lie in several, or in "
            "none."),
    Mistake("windows that are not there", unclipped,
            "Your last windows leave the map: only (H - m) // s + 1 of them exist."),
    Mistake("one row too many",
            lambda u, H, m, s: [p for p in range((H - m) // s + 1) if s * p <= u <= s * p + m],
            "Window p ends before row s p + m: write < there, not <=."),
    Mistake("last window forgotten",
            lambda u, H, m, s: [p for p in range((H - m) // s) if s * p <= u < s * p + m],
            "The last window is missing: there are (H - m) // s + 1, the first one stands before "
            "any step."),
    Mistake("windows of s rows",
            lambda u, H, m, s: [p for p in range((H - m) // s + 1) if s * p <= u < s * p + s],
            "Your windows are s rows high: s is the step, the size is m."),
    Mistake("one window at most", lambda u, H, m, s: [
        p for p in range((H - m) // s + 1) if s * p <= u < s * p + m][-1:],
            "You stop at one window: where windows overlap a row lies in several."),
    Mistake("how many", lambda u, H, m, s: len([
        p for p in range((H - m) // s + 1) if s * p <= u < s * p + m]),
            "You return how many windows there are: their numbers p are asked for, as a list."),
]


def shift(x, t_1, t_2):
    T = np.zeros(x.shape)
    T[t_1:, t_2:] = x[: len(x) - t_1, : x.shape[1] - t_2]
    return T


def differences(f, x, t_1, t_2, s):
    return f(shift(x, s * t_1, s * t_2)) - shift(f(x), t_1, t_2)


GAP = [
    Mistake("border counted",
            lambda f, x, t_1, t_2, s: np.abs(differences(f, x, t_1, t_2, s)).max(),
            "The border is counted too: the first t_1 rows and t_2 columns of the shifted map are "
            "zeros that nobody computed. Leave them out."),
    Mistake("picture shifted too little",
            lambda f, x, t_1, t_2, s: np.abs(
                f(shift(x, t_1, t_2)) - shift(f(x), t_1, t_2))[t_1:, t_2:].max(),
            "The picture is shifted by t: a place of the map is s pixels wide, shift by s t."),
    Mistake("map shifted too far",
            lambda f, x, t_1, t_2, s: np.abs(
                f(shift(x, s * t_1, s * t_2)) - shift(f(x), s * t_1, s * t_2))[t_1:, t_2:].max(),
            "The map is shifted by s t: it has a place for s pixels, shift it by t."),
    Mistake("sign kept",
            lambda f, x, t_1, t_2, s: differences(f, x, t_1, t_2, s)[t_1:, t_2:].max(),
            "Negative differences are overlooked: take the size of each before the largest."),
    Mistake("mean distance",
            lambda f, x, t_1, t_2, s: np.abs(differences(f, x, t_1, t_2, s))[t_1:, t_2:].mean(),
            "This is the mean distance: the largest is asked for."),
    Mistake("map not shifted",
            lambda f, x, t_1, t_2, s: np.abs(
                f(shift(x, s * t_1, s * t_2)) - f(x))[t_1:, t_2:].max(),
            "You compare with the map that stayed: that is invariance. Shift the map, then "
            "compare."),
]


def count(H, V, J_1, J_2, C, first=10, second=1, pooled=None):
    pooled = ((H - 2) // 2) * ((V - 2) // 2) if pooled is None else pooled
    return J_1 * first + J_2 * (9 * J_1 + second) + C * (J_2 * pooled + second)


COUNT = [
    Mistake("biases forgotten", lambda *sizes: count(*sizes, first=9, second=0),
            "The biases are missing: one for each map and one for each class."),
    Mistake("one channel below",
            lambda H, V, J_1, J_2, C: count(H, V, J_1, J_2, C) - 9 * J_2 * (J_1 - 1),
            "A kernel of the second layer reaches through all J_1 maps of the first: 9 J_1 weights "
            "and not 9."),
    Mistake("not pooled",
            lambda H, V, *rest: count(H, V, *rest, pooled=(H - 2) * (V - 2)),
            "The dense layer sees the maps after the pool, with half as many rows and columns."),
    Mistake("second layer padded",
            lambda H, V, *rest: count(H, V, *rest, pooled=(H // 2) * (V // 2)),
            "The second convolution is not padded: its maps have two rows and two columns less."),
    Mistake("pool rounds up",
            lambda H, V, *rest: count(H, V, *rest, pooled=((H - 1) // 2) * ((V - 1) // 2)),
            "An odd row is left over: the pool rounds down."),
    Mistake("weights for every place",
            lambda H, V, J_1, J_2, C: count(H, V, J_1, J_2, C) + 10 * J_1 * (H * V - 1),
            "You count weights for every place of the first map: all its places share one kernel "
            "and one bias."),
    Mistake("one map into the dense layer",
            lambda H, V, J_1, J_2, C: count(H, V, J_1, J_2, C) - C * (J_2 - 1) * (
                (H - 2) // 2) * ((V - 2) // 2),
            "The dense layer sees all J_2 pooled maps, laid end to end."),
]

ORDER = [
    Mistake("pool before dense", "CFBEAGD",
            "A needs `dY`, and that is made in G: going down, the dense layer comes first."),
    Mistake("down before the loss", "CFBGEAD", "G needs `delta`, and that is made in E."),
    Mistake("backwards", "DAGEBFC", "Nothing can be computed yet: begin with what needs only X."),
    Mistake("pool before the kernel", "FCBEGAD", "F bends and pools `Z`, and that is made in C."),
]


def sweep(x, t, W, b, M, c, share=first, bend=True, turn=False, start=None):
    """Go up and down through the network; the words say what is done wrong."""
    z = np.array([np.einsum("pqrc,rc->pq", sliding_window_view(x, w.shape), w) for w in W])
    z = z + b[:, None, None]
    a = np.maximum(z, 0.0)
    y = sliding_window_view(a, (2, 2), axis=(1, 2))[:, ::2, ::2].max(axis=(3, 4))
    logits = M @ y.ravel() + c
    p = np.exp(logits - logits.max())
    delta = p / p.sum() if start is None else start(p / p.sum(), t)
    if start is None:
        delta[t] -= 1
    U = (delta @ M).reshape(y.shape)
    dz = np.array([back(a_j, U_j, 2, 2, share) for a_j, U_j in zip(a, U)])
    dz = dz * (z > 0) if bend else dz
    dW = np.array([np.einsum("rcpq,pq->rc", sliding_window_view(x, d.shape), d) for d in dz])
    return dW[:, ::-1, ::-1] if turn else dW, dz.sum(axis=(1, 2)), np.outer(delta, y), delta


def mean_bias(*args):
    dW, db, dM, dc = sweep(*args)
    x, _, W = args[:3]
    return dW, db / ((x.shape[0] - W.shape[1] + 1) * (x.shape[1] - W.shape[1] + 1)), dM, dc


def dense_turned(*args):
    dW, db, dM, dc = sweep(*args)
    return dW, db, dM.T, dc


CNN = [
    Mistake("slope of the ReLU forgotten", lambda *args: sweep(*args, bend=False),
            "A unit that is silent gets a slope: multiply by relu'(z) after the pool."),
    Mistake("target forgotten", lambda *args: sweep(*args, start=lambda p, t: p),
            "The sweep begins with p: take 1 off at the right class."),
    Mistake("sign turned",
            lambda *args: sweep(*args, start=lambda p, t: (np.arange(len(p)) == t) - p),
            "The sign is turned: the slope for the logits is p less the target.", "sign"),
    Mistake("pool taken for an average",
            lambda *args: sweep(*args, share=lambda w: np.full(w.shape, 0.25)),
            "Each window shares its slope among four pixels: that is the average. Route it to the "
            "winner."),
    Mistake("slope to the whole window",
            lambda *args: sweep(*args, share=lambda w: np.ones(w.shape)),
            "Each pixel of a window gets the whole slope: route it to the winner."),
    Mistake("every tied pixel paid", lambda *args: sweep(*args, share=all_tied),
            "On blank paper a whole window ties, and you pay each pixel: db comes out too large. "
            "Route to one winner."),
    Mistake("kernels turned", lambda *args: sweep(*args, turn=True),
            "dW is turned by 180 degrees: slide δ over x, nothing is flipped.", "flipped"),
    Mistake("mean over the places", mean_bias,
            "db is divided by the number of places: the paths of a bias add up, no mean is taken.",
            "constant-factor"),
    Mistake("dense weights transposed", dense_turned,
            "dM is transposed: like M, it has a row per class.", "transposed"),
]

MISTAKES = {"13.1": POOL, "13.2": THREE, "13.3": MAX, "13.4": AVERAGE, "13.5": SUBSAMPLE,
            "13.6": ROWS, "13.7": GAP, "13.8": COUNT, "13.9": ORDER, "13.10": CNN}
