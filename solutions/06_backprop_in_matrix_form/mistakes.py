"""Sheet 06: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def tanh_prime(z):
    return 1 - np.tanh(z) ** 2


def repeated_bias(A_prev, W, b):
    Z = np.zeros((len(A_prev), len(b)))
    for k in range(W.shape[1]):
        Z += np.outer(A_prev[:, k], W[:, k]) + b
    return Z


SUMS = [
    Mistake("transpose forgotten", lambda A_prev, W, b: A_prev @ W + b,
            "`A_prev @ W` sums over the units above. The sum runs over k, the second index of W: "
            "turn W."),
    Mistake("bias forgotten", lambda A_prev, W, b: A_prev @ W.T,
            "The bias is missing: add b to every row.", "missing-term"),
    Mistake("bias added for every k", repeated_bias,
            "The bias stands outside the sum over k: it is added once.", "missing-term"),
    Mistake("columns in place of rows", lambda A_prev, W, b: (A_prev @ W.T + b).T,
            "A batch is rows: Z has a row per example.", "wrong-shape"),
    Mistake("mean in place of the sum", lambda A_prev, W, b: A_prev @ W.T / W.shape[1] + b,
            "Divided by the number of units below: a sum is asked for, not a mean."),
    Mistake("weights bent", lambda A_prev, W, b: np.tanh(A_prev @ W.T + b),
            "This is A, the answer. Z is what comes before the bend."),
]

SHAPES = [
    Mistake("dW transposed", [(32, 4), (10, 4), (4,), (32, 10)],
            "dW has the shape of W, a row per unit above."),
    Mistake("one bias gradient per example", [(32, 4), (4, 10), (32, 4), (32, 10)],
            "A bias serves all examples: db has one entry per unit."),
    Mistake("delta counted for the units below", [(32, 10), (4, 10), (4,), (32, 10)],
            "delta is the gradient of Z, and Z belongs to the units above."),
    Mistake("dA_prev counted for the units above", [(32, 4), (4, 10), (4,), (32, 4)],
            "dA_prev has the shape of A_prev, which comes from the units below."),
    Mistake("db as a row of a table", [(32, 4), (4, 10), (1, 4), (32, 10)],
            "b has one axis, (D_out,), and so has db."),
]


def last_example(delta, A_prev):
    for delta_i, a_i in zip(delta, A_prev):
        dW = np.outer(delta_i, a_i)
    return dW


WEIGHTS = [
    Mistake("transposed", lambda delta, A_prev: A_prev.T @ delta,
            "The table is transposed: W[j, k] has a row per unit above, so delta stands left.",
            "transposed"),
    Mistake("divided by B again", lambda delta, A_prev: delta.T @ A_prev / len(delta),
            "1/B is in delta already: it comes from the loss, and only from there.",
            "missing-mean"),
    Mistake("the last example only", last_example,
            "Only the last example counts: the paths of all examples add up, use +=."),
    Mistake("sums multiplied", lambda delta, A_prev: np.outer(delta.sum(0), A_prev.sum(0)),
            "Sum times sum mixes the examples: multiply within an example, then add up."),
    Mistake("sign turned", lambda delta, A_prev: -delta.T @ A_prev,
            "The minus belongs to the step downhill, not to the slope.", "sign"),
    Mistake("not summed over the examples",
            lambda delta, A_prev: delta[:, :, None] * A_prev[:, None, :],
            "A table per example is left: add them up over axis 0.", "broadcast"),
]

BIASES = [
    Mistake("mean in place of the sum", lambda delta: delta.mean(axis=0),
            "1/B is in delta already: add up the rows, no mean.", "missing-mean"),
    Mistake("over the wrong axis", lambda delta: delta.sum(axis=1),
            "One number per example: a bias has one slope per unit, so sum over axis 0.",
            "wrong-axis"),
    Mistake("not summed", lambda delta: delta.copy(),
            "A row per example is left: one bias serves all examples, add up the rows.",
            "broadcast"),
    Mistake("one number", lambda delta: delta.sum(),
            "One number for all units: every unit has a bias of its own.", "summed"),
    Mistake("a row of a table", lambda delta: delta.sum(axis=0, keepdims=True),
            "The shape is (1, D): b has one axis, and so has db.", "broadcast"),
    Mistake("the first example only", lambda delta: delta[0].copy(),
            "Only the first example counts: add up the rows."),
]

ANSWERS = [
    Mistake("transposed weights", lambda delta, W: delta @ W.T,
            "`delta @ W.T` sums over the units below. The sum runs over j, the first index of W."),
    Mistake("transposed", lambda delta, W: (delta @ W).T,
            "A batch is rows: dA_prev has a row per example.", "transposed"),
    Mistake("divided by B again", lambda delta, W: delta @ W / len(delta),
            "1/B is in delta already: it comes from the loss, and only from there.",
            "missing-mean"),
    Mistake("summed over the examples",
            lambda delta, W: np.broadcast_to(delta.sum(0) @ W, (len(delta), W.shape[1])).copy(),
            "Every row is the same: an example below hears of its own delta only.", "summed"),
    Mistake("sum of the weights", lambda delta, W: np.outer(delta.sum(1), W.sum(0)),
            "Sum of δ times sum of weights: each weight belongs to one δ_j, multiply before "
            "you sum."),
    Mistake("sign turned", lambda delta, W: -delta @ W,
            "The minus belongs to the step downhill, not to the slope.", "sign"),
]

BELOW = [
    Mistake("slope of the tanh forgotten", lambda delta, W, Z: delta @ W,
            "This is ∂L/∂A of the layer below. Multiply by the slope of its bend, f'(Z).",
            "derivative-missing"),
    Mistake("slope taken at the answer", lambda delta, W, Z: (delta @ W) * tanh_prime(np.tanh(Z)),
            "f' takes the sums Z, and you give it the answers A.", "at-activation"),
    Mistake("slope of the sigmoid", lambda delta, W, Z: (delta @ W) * sigmoid_prime(Z),
            "The layer below bends with the tanh; this is the slope of the sigmoid.",
            "wrong-formula"),
    Mistake("transposed weights", lambda delta, W, Z: (delta @ W.T) * tanh_prime(Z),
            "`delta @ W.T` sums over the units below. The sum runs over j, the first index of W."),
    Mistake("tanh in place of its slope", lambda delta, W, Z: (delta @ W) * np.tanh(Z),
            "You multiply by tanh(Z). Its slope is 1 - tanh(Z)².", "wrong-formula"),
    Mistake("divided by B again", lambda delta, W, Z: (delta @ W) * tanh_prime(Z) / len(Z),
            "1/B is in delta already: it comes from the loss, and only from there.",
            "missing-mean"),
    Mistake("mean of the slopes", lambda delta, W, Z: (delta @ W) * tanh_prime(Z).mean(axis=0),
            "One slope for all examples: every example stands at its own place on the bend."),
]

ORDER = [
    Mistake("examples added too early", "DFBACE",
            "C adds up the examples before E: every example has its own slope of the bend."),
    Mistake("forward in place of backward", "EABDFC",
            "This is the way up. The way back begins at the loss, with D."),
    Mistake("weights before the last bend", "DFABEC",
            "A goes through the weights before B has gone through the last bend."),
    Mistake("bend of the first layer too early", "DFEBAC",
            "E belongs to layer 1: the table is there only after A."),
]


def _sweep(X, Y, W, b, mean=1.0, bend=tanh_prime, down=lambda delta, W: delta @ W, last=True):
    """Sweep back over a batch; each argument stands for one thing that can be wrong."""
    Z, A, N = {}, {0: X}, len(W)
    for l in range(1, N + 1):
        Z[l] = A[l - 1] @ W[l].T + b[l]
        A[l] = np.tanh(Z[l]) if l < N else sigmoid(Z[l])
    delta = (A[N] - Y) * (sigmoid_prime(Z[N]) if last else 1.0) * mean / len(X)
    dW, db = {}, {}
    for l in range(N, 0, -1):
        dW[l], db[l] = delta.T @ A[l - 1], delta.sum(axis=0)
        delta = down(delta, W[l]) * bend(Z[l - 1]) if l > 1 else None
    return dW, db


def mean_twice(X, Y, W, b):
    dW, db = _sweep(X, Y, W, b)
    return {l: dW[l] / len(X) for l in dW}, {l: db[l] / len(X) for l in db}


def bias_mean(X, Y, W, b):
    dW, db = _sweep(X, Y, W, b)
    return dW, {l: db[l] / len(X) for l in db}


def turned(X, Y, W, b):
    dW, db = _sweep(X, Y, W, b)
    return {l: dW[l].T for l in dW}, db


GRADIENTS = [
    Mistake("1/B forgotten", lambda X, Y, W, b: _sweep(X, Y, W, b, mean=len(X)),
            "B times too large: the loss is a mean over the rows, so its gradient has 1/B.",
            "constant-factor"),
    Mistake("1/B twice", mean_twice,
            "1/B is there twice: it enters with the loss, and sums over the batch stay sums.",
            "constant-factor"),
    Mistake("mean for the biases alone", bias_mean,
            "dW is right. db is divided by B again: it is a sum of rows, like dW."),
    Mistake("every table transposed", turned,
            "dW is transposed: a row per unit above, as in W.", "transposed"),
    Mistake("slope of the last bend forgotten", lambda X, Y, W, b: _sweep(X, Y, W, b, last=False),
            "The sweep begins with (A - Y)/B: that is ∂L/∂A. Multiply by f'(Z) of the last layer."),
    Mistake("no bend on the way down", lambda X, Y, W, b: _sweep(X, Y, W, b, bend=np.ones_like),
            "The last layer is right. δ comes down without the slope of the bend below it."),
    Mistake("sigmoid in the hidden layers",
            lambda X, Y, W, b: _sweep(X, Y, W, b, bend=sigmoid_prime),
            "The last layer is right. The hidden layers bend with the tanh, not the sigmoid."),
    Mistake("transposed weights on the way down",
            lambda X, Y, W, b: _sweep(X, Y, W, b, down=lambda delta, W: delta @ W.T),
            "On the way down the sum runs over j, the first index of W: no transpose for rows."),
]

LINE = [
    Mistake("the orientation suspected", "A",
            "With a row per unit below, u_j sums down a column of α. A is right."),
    Mistake("the sigmoid suspected", "B", "At u = 0 it is 1/2, far to the right 1. B is right."),
    Mistake("the slope suspected", "D", "Measure it: the slope at u = 0 is 1/4. D is right."),
]

ENTROPY = [
    Mistake("minus forgotten", lambda p, y: y * np.log(p) + (1 - y) * np.log(1 - p),
            "The minus is missing: training would make this small by being wrong.", "sign"),
    Mistake("second half forgotten", lambda p, y: -y * np.log(p),
            "Only the half for yes is there. If no is right, this loss is always 0."),
    Mistake("answers swapped", lambda p, y: -(p * np.log(y) + (1 - p) * np.log(1 - y)),
            "The two answers are swapped: the logarithm is taken of what the network says."),
    Mistake("minus in one half", lambda p, y: -y * np.log(p) + (1 - y) * np.log(1 - p),
            "The minus stands before the first half only: both logarithms are negative."),
    Mistake("logarithm to the base 2", lambda p, y: -(y * np.log2(p) + (1 - y) * np.log2(1 - p)),
            "This is the logarithm to the base 2; the derivation uses the natural one.",
            "constant-factor"),
    Mistake("halves swapped", lambda p, y: -((1 - y) * np.log(p) + y * np.log(1 - p)),
            "The weights are swapped: y* belongs to log ŷ."),
]


def _alpha_sweep(x, y, alpha, first=lambda p, y: p - y, bend=lambda z: z * (1 - z)):
    """Sweep back in the orientation of the notes; each argument can be wrong."""
    z = {0: x}
    for i in (1, 2, 3):
        z[i] = sigmoid(alpha[i].T @ z[i - 1])
    delta, dalpha = first(z[3], y), {}
    for i in (3, 2, 1):
        dalpha[i] = np.outer(z[i - 1], delta)
        delta = (alpha[i] @ delta) * bend(z[i - 1])
    return dalpha


def first_matrix_every_time(x, y_star, alpha):
    return _alpha_sweep(x, y_star, {i: alpha[1] for i in alpha})


def alpha_turned(x, y_star, alpha):
    dalpha = _alpha_sweep(x, y_star, alpha)
    return {i: dalpha[i].T for i in dalpha}


ALPHA = [
    Mistake("the first matrix every time", first_matrix_every_time,
            "Each layer has an α of its own: you use the first one three times."),
    Mistake("every table transposed", alpha_turned,
            "∂J/∂α is transposed: a row of α belongs to a unit below.",
            "transposed"),
    Mistake("slope of the last sigmoid kept",
            lambda x, y, a: _alpha_sweep(x, y, a, first=lambda p, t: (p - t) * p * (1 - p)),
            "The slope of the last sigmoid is in there, but it cancels with the cross entropy.",
            "constant-factor"),
    Mistake("sign turned", lambda x, y, a: _alpha_sweep(x, y, a, first=lambda p, t: t - p),
            "δ begins with ŷ - y*, not y* - ŷ.", "sign"),
    Mistake("slope taken at the answer",
            lambda x, y, a: _alpha_sweep(x, y, a, bend=lambda z: sigmoid_prime(z)),
            "In these notes z is the answer: its slope is z (1 - z), and you bend z once more."),
    Mistake("no bend on the way down",
            lambda x, y, a: _alpha_sweep(x, y, a, bend=lambda z: 1.0),
            "The last layer is right. δ comes down without z (1 - z) of the layer below."),
    Mistake("difference without the sigmoid",
            lambda x, y, a: _alpha_sweep(x, y, a, first=lambda p, t: (p - t) / (p * (1 - p))),
            "This is ∂J/∂ŷ. One more link leads to u, the slope of the last sigmoid.",
            "constant-factor"),
]

MISTAKES = {"6.1": SUMS, "6.2": SHAPES, "6.3": WEIGHTS, "6.4": BIASES, "6.5": ANSWERS,
            "6.6": BELOW, "6.7": ORDER, "6.8": GRADIENTS, "6.9": LINE, "6.10": ENTROPY,
            "6.11": ALPHA}
