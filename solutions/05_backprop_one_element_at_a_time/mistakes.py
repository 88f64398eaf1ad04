"""Sheet 05: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def tanh_prime(z):
    return 1 - np.tanh(z) ** 2


OUTPUT = [
    Mistake("slope of the sigmoid forgotten", lambda z, y: sigmoid(z) - y,
            "This is ∂L/∂a. From a to z there is one more link: multiply by f'(z).",
            "derivative-missing"),
    Mistake("slope taken at the answer", lambda z, y: (sigmoid(z) - y) * sigmoid_prime(sigmoid(z)),
            "f' takes the sum z, and you give it the answer a.", "at-activation"),
    Mistake("sign turned", lambda z, y: (y - sigmoid(z)) * sigmoid_prime(z),
            "The sign is turned: the inner derivative of (a - y)² for a is +1.", "sign"),
    Mistake("half forgotten", lambda z, y: 2 * (sigmoid(z) - y) * sigmoid_prime(z),
            "Twice too large: the half of the loss cancels the 2 of the square.",
            "constant-factor"),
    Mistake("mean over the outputs", lambda z, y: (sigmoid(z) - y) * sigmoid_prime(z) / len(z),
            "Divided by the number of outputs: this loss is a sum over outputs, not a mean.",
            "missing-mean"),
    Mistake("sum in place of the answer", lambda z, y: (z - y) * sigmoid_prime(z),
            "You compare y with the sum z; the loss compares y with the answer a = f(z).",
            "wrong-formula"),
    Mistake("all outputs added", lambda z, y: np.sum((sigmoid(z) - y) * sigmoid_prime(z)),
            "One number for all outputs: each output has a δ of its own.", "summed"),
]

ZERO = [
    Mistake("slope of the sigmoid forgotten", -0.5,
            "This is a - y. The slope of the sigmoid at 0 is one more factor.", "constant-factor"),
    Mistake("sign turned", 0.125, "The answer is too small, so a larger z lowers the loss.",
            "sign"),
    Mistake("the slope alone", 0.25, "This is the slope of the sigmoid. How wrong is the answer?",
            "constant-factor"),
    Mistake("half forgotten", -0.25, "Twice too large: the half of the loss cancels the 2.",
            "constant-factor"),
    Mistake("no sensitivity at 0", 0.0, "The sum is 0; the answer is 1/2 and far from 1.",
            "all-zero"),
]


def only_last_path(delta, W, z):
    below = np.zeros(len(z))
    for j in range(len(delta)):
        below = W[j] * delta[j] * tanh_prime(z)
    return below


def slope_of_first_unit(delta, W, z):
    return (delta @ W) * tanh_prime(z[0])


HIDDEN = [
    Mistake("slope of the tanh forgotten", lambda delta, W, z: delta @ W,
            "This is ∂L/∂a of the layer below. The bend of each unit is one more factor, f'(z_k).",
            "derivative-missing"),
    Mistake("only the last path kept", only_last_path,
            "You overwrite where you should add: every unit above is a path, and paths add up."),
    Mistake("slope taken at the answer", lambda delta, W, z: (delta @ W) * tanh_prime(np.tanh(z)),
            "f' takes the sum z, and you give it the answer a.", "at-activation"),
    Mistake("mean over the units above",
            lambda delta, W, z: (delta @ W) * tanh_prime(z) / len(delta),
            "Divided by the number of units above: the paths add up, no mean is taken.",
            "missing-mean"),
    Mistake("weights summed alone", lambda delta, W, z: W.sum(axis=0) * delta.sum() * tanh_prime(z),
            "Sum of weights times sum of δ: each weight belongs to one δ_j, multiply before "
            "you sum."),
    Mistake("slope of the sigmoid", lambda delta, W, z: (delta @ W) * sigmoid_prime(z),
            "The layer below bends with the tanh; this is the slope of the sigmoid.",
            "wrong-formula"),
    Mistake("one slope for all units", slope_of_first_unit,
            "Every unit below bends at its own sum: the slope must carry the index k."),
    Mistake("sum over the wrong index", lambda delta, W, z: (W @ delta) * tanh_prime(z),
            "`W @ delta` sums over the units below. The paths lead to the units above: sum over "
            "j, the first index."),
]


def in_place(delta, a_prev):
    a_prev *= delta[0]
    return np.outer(delta, a_prev / delta[0])


WEIGHTS = [
    Mistake("transposed", lambda delta, a_prev: np.outer(a_prev, delta),
            "The table is transposed: a row belongs to a unit above, W[j, k].", "transposed"),
    Mistake("divided by the units below",
            lambda delta, a_prev: np.outer(delta, a_prev) / len(a_prev),
            "Divided by the number of units below: no mean stands in this loss.", "missing-mean"),
    Mistake("sign turned", lambda delta, a_prev: -np.outer(delta, a_prev),
            "The minus belongs to the step downhill, not to the slope.", "sign"),
    Mistake("answer left out", lambda delta, a_prev: np.outer(delta, np.ones(len(a_prev))),
            "That is the slope for a bias. A weight is multiplied by the answer below, a_k."),
    Mistake("sensitivity left out", lambda delta, a_prev: np.outer(np.ones(len(delta)), a_prev),
            "That is ∂z_j/∂w_jk. The loss hears of z_j with the slope δ_j.", "upstream"),
    Mistake("answer changed in place", in_place,
            "`a_prev` is not the same after the call: `*=` writes into the array of the caller."),
    Mistake("one number", lambda delta, a_prev: np.sum(delta) * np.sum(a_prev),
            "One number for a whole layer: every weight has a slope of its own.", "summed"),
]

BIASES = [
    Mistake("sum in place of the mean", lambda delta: delta.sum(axis=0),
            "B times too large: the loss of the batch is a mean, so divide by B.",
            "constant-factor"),
    Mistake("over the wrong axis", lambda delta: delta.mean(axis=1),
            "One number per example: a bias has one slope per unit, so sum over the examples, "
            "axis 0.", "wrong-shape"),
    Mistake("one number", lambda delta: delta.mean(),
            "One number for all units: every unit has a bias of its own.", "wrong-shape"),
    Mistake("divided twice", lambda delta: delta.mean(axis=0) / len(delta),
            "1/B is there twice: the mean is taken once.", "constant-factor"),
    Mistake("divided by the units", lambda delta: delta.sum(axis=0) / delta.shape[1],
            "Divided by the number of units: the mean goes over the examples.",
            "constant-factor"),
    Mistake("the last example only", lambda delta: delta[-1] / len(delta),
            "Only the last example counts: use += where you have =."),
    Mistake("not summed", lambda delta: delta / len(delta),
            "A row per example is left: add up the rows.", "broadcast"),
]

ORDER = [
    Mistake("weight moves too early", "GCEBADF",
            "A moves `W_2` before D has used it: δ below must be collected with the old weights."),
    Mistake("backwards", "FADBECG", "Nothing can be computed yet: begin with what needs only x."),
    Mistake("δ before the answer", "GBCEDAF", "B needs `z_2`, and that is made in E."),
    Mistake("bend before the sum", "CGEBDAF", "C bends `z_1`, and that is made in G."),
]


def _sweep(x, y, W, b, wrong):
    """Sweep back with `wrong` in the place of the step from delta of a layer to that below."""
    z, a, N = {}, {0: x}, len(W)
    for l in range(1, N + 1):
        z[l] = W[l] @ a[l - 1] + b[l]
        a[l] = np.tanh(z[l]) if l < N else sigmoid(z[l])
    delta, dW, db = (a[N] - y) * sigmoid_prime(z[N]), {}, {}
    for l in range(N, 0, -1):
        dW[l], db[l] = np.outer(delta, a[l - 1]), delta
        if l > 1:
            delta = wrong(delta, l, z, a, W, b)
    return dW, db


def _with(wrong):
    return lambda x, y, W, b: _sweep(x, y, W, b, wrong)


def stepping(x, y, W, b):
    W = {l: W[l].copy() for l in W}

    def wrong(delta, l, z, a, W, b):
        W[l] -= 0.1 * np.outer(delta, a[l - 1])
        return (delta @ W[l]) * tanh_prime(z[l - 1])

    return _sweep(x, y, W, b, wrong=wrong)


def right_step(delta, l, z, a, W, b):
    return (delta @ W[l]) * tanh_prime(z[l - 1])


def turned(x, y, W, b):
    dW, db = _sweep(x, y, W, b, wrong=right_step)
    return {l: dW[l].T for l in dW}, db


def swapped(x, y, W, b):
    dW, db = _sweep(x, y, W, b, wrong=right_step)
    return db, dW


def sigmoid_everywhere(x, y, W, b):
    return _sweep(x, y, W, b, wrong=lambda d, l, z, a, W, b: (d @ W[l]) * sigmoid_prime(z[l - 1]))


def plain_error(x, y, W, b):
    """Begin with a - y: the slope of the last bend is forgotten."""
    z, a, N = {}, {0: x}, len(W)
    for l in range(1, N + 1):
        z[l] = W[l] @ a[l - 1] + b[l]
        a[l] = np.tanh(z[l]) if l < N else sigmoid(z[l])
    delta, dW, db = a[N] - y, {}, {}
    for l in range(N, 0, -1):
        dW[l], db[l] = np.outer(delta, a[l - 1]), delta
        delta = (delta @ W[l]) * tanh_prime(z[l - 1]) if l > 1 else None
    return dW, db


BACKWARD = [
    Mistake("no bend on the way down", _with(lambda d, l, z, a, W, b: d @ W[l]),
            "δ comes down without the slope of the bend: multiply by f'(z) of the layer below."),
    Mistake("slope taken at the answer",
            _with(lambda d, l, z, a, W, b: (d @ W[l]) * tanh_prime(a[l - 1])),
            "f' takes the sum z of the layer below, and you give it the answer a."),
    Mistake("the bias carried along",
            _with(lambda d, l, z, a, W, b: d @ (W[l] * tanh_prime(z[l - 1]) + b[l][:, None])),
            "The bias is a constant: it adds nothing to a slope."),
    Mistake("weights step during the sweep", stepping,
            "The weights move before δ is collected through them: finish the sweep, then step."),
    Mistake("every table transposed", turned,
            "dW is transposed: a row per unit above, as in W.", "transposed"),
    Mistake("dW and db swapped", swapped, "The two dictionaries stand in each other's place.",
            "wrong-shape"),
    Mistake("sigmoid in the hidden layers", sigmoid_everywhere,
            "The hidden layers bend with the tanh; you take the slope of the sigmoid there."),
    Mistake("slope of the last bend forgotten", plain_error,
            "The sweep begins with a - y: that is ∂L/∂a. Multiply by f'(z) of the last layer."),
]

LINE = [
    Mistake("the weight suspected", "A", "Nudge a_k: z_j moves by w_jk times as much. A is right."),
    Mistake("the case distinction suspected", "C",
            "The weight w_jk stands in z_j alone, so for m ≠ j nothing moves. C is right."),
    Mistake("the 1 suspected", "D", "Nudge b_j by h: z_j moves by h. D is right."),
]

SLOPES = [
    Mistake("the bias carried along", lambda W, b, z: W * tanh_prime(z) + b[:, None],
            "The bias is still there: it does not move when z_k is nudged, so its slope is 0."),
    Mistake("slope of the tanh forgotten", lambda W, b, z: W.copy(),
            "This is ∂z_j/∂a_k. From z_k to a_k there is one more link, f'(z_k).",
            "derivative-missing"),
    Mistake("transposed", lambda W, b, z: (W * tanh_prime(z)).T,
            "The table is transposed: a row belongs to a unit above.", "wrong-shape"),
    Mistake("slope taken at the answer", lambda W, b, z: W * tanh_prime(np.tanh(z)),
            "f' takes the sum z_k, and you give it the answer a_k.", "at-activation"),
    Mistake("slope taken above", lambda W, b, z: W * tanh_prime(W @ np.tanh(z) + b)[:, None],
            "You take the slope at the sums above. The bend lies below: f'(z_k)."),
]

MISTAKES = {"5.1": OUTPUT, "5.2": ZERO, "5.3": HIDDEN, "5.4": WEIGHTS, "5.5": BIASES,
            "5.6": ORDER, "5.7": BACKWARD, "5.8": LINE, "5.9": SLOPES}
