"""Sheet 01: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def bias_in_place(W, b, a_prev):
    b += W @ a_prev
    return b


AFFINE = [
    Mistake("bias in the inner loop", lambda W, b, a_prev: W @ a_prev + len(a_prev) * b,
            "The bias is added once for every input. Put it outside the loop over k."),
    Mistake("bias forgotten", lambda W, b, a_prev: W @ a_prev,
            "The bias is missing: with silent inputs a unit still says b_j."),
    Mistake("only the last input", lambda W, b, a_prev: W[:, -1] * a_prev[-1] + b,
            "Only the last input counts: use += where you have =."),
    Mistake("bias taken off", lambda W, b, a_prev: W @ a_prev - b,
            "The bias is subtracted; in this course it is added.", "sign"),
    Mistake("columns in place of rows", lambda W, b, a_prev: a_prev @ W + b,
            "You walk along columns of W. Unit j keeps its weights in row j: W[j, k]."),
    Mistake("sum of the weights times sum of the inputs",
            lambda W, b, a_prev: W.sum(axis=1) * a_prev.sum() + b,
            "Each input has its own weight: multiply first, then add up."),
    Mistake("bias changed in place", bias_in_place,
            "`b` is not the same after the call: += writes into the array of the caller."),
]

BATCH = [
    Mistake("transpose forgotten", lambda W, b, A_prev: A_prev @ W + b,
            "`A_prev @ W` sums over the units of this layer. Sum over the inputs: turn W over."),
    Mistake("examples as columns", lambda W, b, A_prev: W @ A_prev.T + b[:, None],
            "The examples have become columns. Rows in, rows out: `A_prev` comes first.",
            "wrong-shape"),
    Mistake("bias forgotten", lambda W, b, A_prev: A_prev @ W.T,
            "The bias is missing: every row gets the same b."),
    Mistake("bias as a column", lambda W, b, A_prev: A_prev @ W.T + b[:, None],
            "The bias is added down the examples. It has one entry per unit, and units are columns "
            "of Z."),
    Mistake("mean over the batch", lambda W, b, A_prev: A_prev @ W.T / len(A_prev) + b,
            "Divided by the number of examples: they do not hear of each other here."),
    Mistake("bias once per example", lambda W, b, A_prev: A_prev @ W.T + len(A_prev) * b,
            "The bias is there B times. Each example meets it once."),
]

COUNT = [
    Mistake("biases forgotten", lambda sizes: sum(p * q for p, q in zip(sizes, sizes[1:])),
            "Only the weights are counted. Each unit above the inputs has a bias, too."),
    Mistake("the inputs have biases",
            lambda sizes: sum(p * q for p, q in zip(sizes, sizes[1:])) + sum(sizes),
            "The inputs are numbers from outside: they have no bias."),
    Mistake("bias of the layer below", lambda sizes: sum((q + 1) * p for p, q in
                                                         zip(sizes, sizes[1:])),
            "You count a bias for each unit below. The biases belong to the upper layer."),
    Mistake("one bias a layer", lambda sizes: sum(p * q + 1 for p, q in zip(sizes, sizes[1:])),
            "One bias for a whole layer: each unit has its own."),
    Mistake("the last layer left out",
            lambda sizes: sum((p + 1) * q for p, q in zip(sizes[:-2], sizes[1:-1])),
            "The last layer is missing: the scores have weights and biases as well."),
    Mistake("units counted", lambda sizes: sum(sizes[1:]),
            "These are the units. Each has a weight for every unit below, and a bias."),
]


def relu(Z):
    return np.maximum(0, Z)


TWO = [
    Mistake("no bend", lambda X, W_1, b_1, W_2, b_2: (X @ W_1.T + b_1) @ W_2.T + b_2,
            "The bend is missing: without it the two layers are one."),
    Mistake("scores bent, too",
            lambda X, W_1, b_1, W_2, b_2: relu(relu(X @ W_1.T + b_1) @ W_2.T + b_2),
            "The scores went through the ReLU. The last layer has no bend: a score may be "
            "negative."),
    Mistake("bias after the bend",
            lambda X, W_1, b_1, W_2, b_2: (relu(X @ W_1.T) + b_1) @ W_2.T + b_2,
            "The first bias is added after the bend. It belongs inside: it decides where the unit "
            "comes on."),
    Mistake("bend on the wrong layer",
            lambda X, W_1, b_1, W_2, b_2: relu((X @ W_1.T + b_1) @ W_2.T + b_2),
            "The bend stands after the second layer. It belongs between the two."),
    Mistake("inputs bent", lambda X, W_1, b_1, W_2, b_2: (relu(X) @ W_1.T + b_1) @ W_2.T + b_2,
            "The inputs went through the ReLU; the sums of the hidden units should."),
    Mistake("absolute value", lambda X, W_1, b_1, W_2, b_2: abs(X @ W_1.T + b_1) @ W_2.T + b_2,
            "A negative sum is turned round. The ReLU silences it: it becomes 0."),
    Mistake("second bias forgotten", lambda X, W_1, b_1, W_2, b_2: relu(X @ W_1.T + b_1) @ W_2.T,
            "The bias of the scores is missing."),
]

COLLAPSE = [
    Mistake("first bias left behind", lambda W_1, b_1, W_2, b_2: (W_2 @ W_1, b_2.copy()),
            "The first bias is lost. It passes through the second matrix: W_2 @ b_1."),
    Mistake("biases added up", lambda W_1, b_1, W_2, b_2: (W_2 @ W_1, b_1 + b_2),
            "b_1 has an entry per hidden unit, b_2 one per output: b_1 must pass through W_2 "
            "first."),
    Mistake("matrices in reading order", lambda W_1, b_1, W_2, b_2: (W_1 @ W_2, W_2 @ b_1 + b_2),
            "W_1 meets the input first, so it stands on the right: W_2 @ W_1."),
    Mistake("second bias forgotten", lambda W_1, b_1, W_2, b_2: (W_2 @ W_1, W_2 @ b_1),
            "The second bias is missing: it comes on top, unchanged."),
    Mistake("transposed", lambda W_1, b_1, W_2, b_2: ((W_2 @ W_1).T, W_2 @ b_1 + b_2),
            "The matrix is transposed: a row per output, a column per input."),
    Mistake("two answers swapped", lambda W_1, b_1, W_2, b_2: (W_2 @ b_1 + b_2, W_2 @ W_1),
            "The matrix comes first, then the bias."),
    Mistake("bias from one side", lambda W_1, b_1, W_2, b_2: (W_2 @ W_1, W_2 @ b_1 - b_2),
            "The second bias has lost its sign: both biases are added."),
]


def means_of(X, y, C):
    return np.array([X[y == c].mean(axis=0) for c in range(C)])


def with_bias(bias, row=means_of):
    def layer(X, y, C):
        W = row(X, y, C)
        return W, bias(W)
    return layer


def half_norm(W):
    return -0.5 * np.sum(W**2, axis=1)


def sums_of(X, y, C):
    return np.array([X[y == c].sum(axis=0) for c in range(C)])


def differences_of(X, y, C):
    W = means_of(X, y, C)
    return W - W.mean(axis=0)


def over_everything(X, y, C):
    return np.array([X[y == c].sum(axis=0) / len(X) for c in range(C)])


TEMPLATES = [
    Mistake("sum in place of the average", with_bias(half_norm, sums_of),
            "A row is the sum of its pictures: divide by how many there are."),
    Mistake("half forgotten", with_bias(lambda W: -np.sum(W**2, axis=1)),
            "The bias is twice too large: (1.9) has a half in front of the squared length."),
    Mistake("sign of the bias", with_bias(lambda W: 0.5 * np.sum(W**2, axis=1)),
            "The bias has the wrong sign: a long row must not win by its length alone."),
    Mistake("no bias", with_bias(lambda W: np.zeros(len(W))),
            "Without a bias the class with most ink wins, not the nearest one."),
    Mistake("length in place of its square",
            with_bias(lambda W: -0.5 * np.sqrt(np.sum(W**2, axis=1))),
            "You take the length of the row. (1.9) asks for its square."),
    Mistake("common part taken off first", with_bias(half_norm, differences_of),
            "You took the overall average off before making the bias. (1.9) needs whole averages."),
    Mistake("divided by all pictures", with_bias(half_norm, over_everything),
            "Divided by the number of all pictures: count those of the class only."),
]

ORDER = [
    Mistake("bias from what is left", "FDBECA",
            "E makes the bias from rows that have lost their common part: put E before B."),
    Mistake("average of nothing", "DFEBCA", "D averages rows that F has not made yet."),
    Mistake("answers before scores", "FEDBAC", "A reads `S`, and that is made in C."),
    Mistake("scores before the bias", "FCEDBA", "C needs `b`, and that is made in E."),
]

PIECES = [
    Mistake("every pattern of on and off", 32,
            "There are 32 patterns of on and off, but five lines cannot produce them all."),
    Mistake("one piece forgotten", 15, "The plane is one piece before the first line is drawn."),
    Mistake("crossings counted", 10, "These are the crossings. How many pieces lie round them?"),
    Mistake("as if parallel", 6, "Parallel lines cut into six strips; these lines cross."),
    Mistake("one line too few", 11, "This is the number for four lines."),
]

LINE = [
    Mistake("the row suspected", "A", "A is the dot product with row j, plus the bias of unit j."),
    Mistake("the columns suspected", "C",
            "C sorts the same products by inputs: input k speaks through column k. It is right."),
    Mistake("the transposes suspected", "D",
            "D is the whole equation turned over: (W a)ᵀ is aᵀ Wᵀ. It is right."),
]

MISTAKES = {"1.1": AFFINE, "1.2": BATCH, "1.3": COUNT, "1.4": TWO, "1.5": COLLAPSE,
            "1.6": TEMPLATES, "1.7": ORDER, "1.8": PIECES, "1.9": LINE}
