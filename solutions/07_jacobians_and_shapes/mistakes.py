"""Sheet 07: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def _affine(W, x, /, **wrong):
    J_W = np.zeros((len(W), *W.shape))
    J_W[range(len(W)), range(len(W))] = x
    return {"x": W.copy(), "b": np.eye(len(W)), "W": J_W} | wrong


AFFINE = [
    Mistake("∂z/∂x transposed", lambda W, x: _affine(W, x, x=W.T.copy()),
            "This is the denominator layout: here a Jacobian has a row for each output, so it "
            "is W itself."),
    Mistake("ones for the bias", lambda W, x: _affine(W, x, b=np.ones(len(W))),
            "∂z/∂b has two indices: each output hears its own bias, that is the identity."),
    Mistake("every output hears every bias",
            lambda W, x: _affine(W, x, b=np.ones((len(W), len(W)))),
            "An output hears its own bias and no other: 0 off the diagonal."),
    Mistake("every output hears every weight",
            lambda W, x: _affine(W, x, W=np.tile(x, (len(W), len(W), 1))),
            "An output hears the weights of its own row only: the bracket [j = l] is missing."),
    Mistake("the bracket left out as an index",
            lambda W, x: _affine(W, x, W=np.tile(x, (len(W), 1))),
            "∂z/∂W has three indices: the output, and the two of the weight."),
    Mistake("weights in place of inputs",
            lambda W, x: _affine(W, x, W=np.eye(len(W))[:, :, None] * W[:, None, :]),
            "The slope of w·x for w is x, not w."),
    Mistake("output last", lambda W, x: _affine(W, x, W=np.moveaxis(_affine(W, x)["W"], 0, -1)),
            "The index of the output comes first, then the two of the weight."),
]


def tanh_prime(z):
    return 1 - np.tanh(z) ** 2


GATE = [
    Mistake("diagonals without their tables", lambda m, z: (np.tanh(z), m * tanh_prime(z)),
            "These are the diagonals alone: a Jacobian of n outputs and n inputs is (n, n)."),
    Mistake("slope of the tanh forgotten", lambda m, z: (np.diag(np.tanh(z)), np.diag(m)),
            "For z the slope of the tanh is missing: the diagonal is m times 1 - tanh².",
            "derivative-missing"),
    Mistake("factor m forgotten", lambda m, z: (np.diag(np.tanh(z)), np.diag(tanh_prime(z))),
            "For z the factor m stays: the tanh is multiplied by it."),
    Mistake("slope taken at the answer",
            lambda m, z: (np.diag(np.tanh(z)), np.diag(m * tanh_prime(np.tanh(z)))),
            "The slope of the tanh is taken at z, not at tanh z.", "at-activation"),
    Mistake("full tables",
            lambda m, z: (np.outer(np.ones_like(m), np.tanh(z)), np.outer(m, tanh_prime(z))),
            "The tables are full: entry by entry means that an output hears its own entry only."),
    Mistake("swapped", lambda m, z: (np.diag(m * tanh_prime(z)), np.diag(np.tanh(z))),
            "The two tables are swapped: first the one for m."),
    Mistake("identity for m", lambda m, z: (np.eye(len(m)), np.diag(m * tanh_prime(z))),
            "For m the slope is what it is multiplied by, tanh z, not 1."),
]


def _table(z, T, scale=lambda T: 1 / T, form=lambda p: np.diag(p) - np.outer(p, p)):
    return form(softmax(z / T)) * scale(T)


SOFTMAX = [
    Mistake("diagonal alone", lambda z, T: _table(z, T, form=lambda p: np.diag(p * (1 - p))),
            "The diagonal is right, but all classes share one sum: off it stands -p_j p_l.",
            "off-diagonal"),
    Mistake("temperature forgotten outside", lambda z, T: _table(z, T, scale=lambda T: 1),
            "p is right, but z enters as z/T: the inner slope 1/T is missing.",
            "constant-factor"),
    Mistake("temperature forgotten inside", lambda z, T: _table(z, 1.0, scale=lambda _: 1 / T),
            "The probabilities belong to z, not to z/T."),
    Mistake("multiplied by T", lambda z, T: _table(z, T, scale=lambda T: T),
            "A higher temperature makes the answer duller: divide by T.", "constant-factor"),
    Mistake("sign off the diagonal",
            lambda z, T: _table(z, T, form=lambda p: np.diag(p) + np.outer(p, p)),
            "More for one class is less for the others: the product p pᵀ is taken off."),
    Mistake("identity for diag(p)",
            lambda z, T: _table(z, T, form=lambda p: np.eye(len(p)) - np.outer(p, p)),
            "On the diagonal stands p_j (1 - p_j): begin with diag(p), not with the identity."),
    Mistake("without the shared sum", lambda z, T: _table(z, T, form=np.diag),
            "The sum below the line moves, too: the table p pᵀ is missing."),
]

COUNTED = [
    Mistake("entries of W", [15, 15],
            "These are the weights. Each of them may move each of the 20 outputs."),
    Mistake("all entries count", [300, 300],
            "An output hears the weights of its own unit only: most entries are 0."),
    Mistake("one example", [75, 15], "That is one example. The batch has four."),
    Mistake("batch twice", [1200, 60],
            "W has no index of the example: the batch enters once, by Z."),
    Mistake("diagonal alone", [300, 20],
            "Each of the 20 outputs hears three weights, not one."),
    Mistake("counted for X", [240, 60],
            "240 is for ∂Z/∂X. Here the input is W, with 15 entries."),
]


def _bytes(B, D_in, D_out, size, **wrong):
    Z, X, W = B * D_out, B * D_in, D_out * D_in
    right = {"dZ/dX": Z * X * size, "dZ/dW": Z * W * size, "dX": X * size, "dW": W * size}
    return right | {key.replace("_", "/"): value * size for key, value in wrong.items()}


MEMORY = [
    Mistake("numbers, not bytes", lambda B, i, o, size: _bytes(B, i, o, 1),
            "These are the counts of numbers: each takes `size` bytes.", "constant-factor"),
    Mistake("one batch index in dZ/dX",
            lambda B, i, o, size: _bytes(B, i, o, size, dZ_dX=B * o * i),
            "That counts what is not 0. In full, ∂Z/∂X pairs each example with each: B²."),
    Mistake("zeros left out in dZ/dW",
            lambda B, i, o, size: _bytes(B, i, o, size, dZ_dW=B * o * i),
            "That counts what is not 0. In full, ∂Z/∂W has the units twice."),
    Mistake("batch squared in dZ/dW",
            lambda B, i, o, size: _bytes(B, i, o, size, dZ_dW=B * o * B * i),
            "W has no index of the example: ∂Z/∂W pairs Z with W, not with X."),
    Mistake("a gradient per example",
            lambda B, i, o, size: _bytes(B, i, o, size, dW=B * o * i),
            "dW is the sum over the examples: it has the shape of W."),
    Mistake("shape of Z for dX", lambda B, i, o, size: _bytes(B, i, o, size, dX=B * o),
            "dX has the shape of X, not of Z."),
]


def _layout(J=lambda D_1, D_2: (D_1 @ D_2).T, dx=lambda D_1, D_2, g: D_1 @ D_2 @ g):
    return lambda D_1, D_2, g: (J(D_1, D_2), dx(D_1, D_2, g))


LAYOUT = [
    Mistake("left in the other layout", _layout(J=lambda D_1, D_2: D_1 @ D_2),
            "This is the table of the other book: turn it once, so that outputs give the rows."),
    Mistake("factors turned, order kept", _layout(J=lambda D_1, D_2: D_1.T @ D_2.T),
            "A transposed product turns round: the outer table, turned, stands left, D_2ᵀ D_1ᵀ."),
    Mistake("gradient by the transpose", _layout(dx=lambda D_1, D_2, g: (D_1 @ D_2).T @ g),
            "In denominator layout the gradient is D g, without a transpose."),
    Mistake("gradient by way of one layer", _layout(dx=lambda D_1, D_2, g: D_2 @ g),
            "This is the gradient for h: one more layer, D_1, lies below."),
    Mistake("gradient as a column", _layout(dx=lambda D_1, D_2, g: (D_1 @ D_2 @ g)[:, None]),
            "A gradient has the shape of x, (n,): no column."),
]


def _unit(X, U, axis=1, power=1, take=None):
    r = np.sqrt((X**2).sum(axis=axis, keepdims=True))
    F = X / r
    F_in = F if take is None else take(X, F)
    return (U - F_in * (F_in * U).sum(axis=1, keepdims=True)) / r**power


def lengths_fixed(X, U):
    return U / np.sqrt((X**2).sum(axis=1, keepdims=True))


def batch_projection(X, U):
    r = np.sqrt((X**2).sum(axis=1, keepdims=True))
    F = X / r
    return (U - F * np.sum(F * U)) / r


def entrywise(X, U):
    r = np.sqrt((X**2).sum(axis=1, keepdims=True))
    return U * (1 - (X / r) ** 2) / r


UNIT = [
    Mistake("length held fixed", lengths_fixed,
            "r moves with x as well: what points along f must be taken out."),
    Mistake("the 1/r forgotten", lambda X, U: _unit(X, U, power=0),
            "The direction is right; the whole is divided by r."),
    Mistake("diagonal alone", entrywise,
            "This is the diagonal of the table: every output hears every entry, through r.",
            "off-diagonal"),
    Mistake("x in place of f", lambda X, U: _unit(X, U, take=lambda X, F: X),
            "Take out what points along f, of length 1, not along x."),
    Mistake("sum over the whole batch", batch_projection,
            "Each row has a product f·u of its own: sum over axis 1 and keep it."),
    Mistake("r divided twice", lambda X, U: _unit(X, U, power=2),
            "Once too often divided by r: for x of twice the length the slope is half."),
    Mistake("product added",
            lambda X, U: 2 * lengths_fixed(X, U) - _unit(X, U),
            "A longer r makes f smaller: the product along f is taken off, not added."),
]

ORDER = [
    Mistake("the way forward", "FAECBD",
            "This walks from x upward. The VJP begins at the end that came last, the softmax."),
    Mistake("p before the mean is off", "FBDCEA",
            "The mean of u under p is taken of u itself: D comes before B."),
    Mistake("bend before its weights", "FDBECA",
            "E belongs to z_1, below W_2: first through the weights."),
    Mistake("weights exchanged", "FDBAEC", "W_2 stands nearer to the softmax, and is met first."),
    Mistake("upstream last", "DBCEAF", "T begins as u: F comes first."),
]

LINE = [
    Mistake("the layout suspected", "A", "A row for each output makes it W itself. A holds."),
    Mistake("the diagonal suspected", "B", "Each entry hears itself alone. B holds."),
    Mistake("the transpose suspected", "D",
            "Blame enters by the output, the row: with rows as outputs J is turned. D holds."),
]

RULES = {"XW": (lambda X, W, U: U @ W.T, lambda X, W, U: X.T @ U),
         "XW.T": (lambda X, W, U: U @ W, lambda X, W, U: U.T @ X),
         "Wx": (lambda X, W, U: W.T @ U, lambda X, W, U: np.outer(U, X)),
         "W.T x": (lambda X, W, U: W @ U, lambda X, W, U: np.outer(X, U))}


def _swap(way, X, W, U):
    return tuple(rule(X, W, U) for rule in RULES[way])


def one_rule(way, X, W, U):
    return (U @ W.T, X.T @ U) if X.ndim > 1 else (W.T @ U, np.outer(U, X))


def columns_as_rows(way, X, W, U):
    if X.ndim > 1:
        return _swap(way, X, W, U)
    return _swap("XW.T" if way == "W.T x" else "XW", X[None], W.T, U[None])


SWAP = [
    Mistake("the note's rule for every batch", one_rule,
            "The rule of the note is for Y = XW. Where W is turned in the layer, find the "
            "products anew, by index."),
    Mistake("dW transposed", lambda way, *a: (_swap(way, *a)[0], _swap(way, *a)[1].T),
            "dW has the shape of W as it stands in this layer: yours is its transpose.",
            "transposed"),
    Mistake("dX with W as it stands",
            lambda way, X, W, U: (U @ W if X.ndim > 1 else W @ U, _swap(way, X, W, U)[1]),
            "W is never turned in your dX: the sum runs over the index of the output, wherever "
            "that stands in W."),
    Mistake("swapped", lambda way, *a: _swap(way, *a)[::-1],
            "The two gradients are swapped: the one for the input comes first.", "swapped"),
    Mistake("mean over the rows",
            lambda way, X, W, U: (_swap(way, X, W, U)[0], _swap(way, X, W, U)[1] / len(U)),
            "Divided by the number of rows, or of outputs: the sum over the examples stays a sum.",
            "missing-mean"),
    Mistake("always as in this course",
            lambda way, *a: _swap("XW.T" if a[0].ndim > 1 else "Wx", *a),
            "This is right for W with a row per unit. In the other books the input is first."),
    Mistake("a vector treated as a batch", columns_as_rows,
            "For one example the gradient of x is a vector, and W has been turned: keep (n,) and "
            "the W of this layer."),
]

MISTAKES = {"7.1": AFFINE, "7.2": GATE, "7.3": SOFTMAX, "7.4": COUNTED, "7.5": MEMORY,
            "7.6": LAYOUT, "7.7": UNIT, "7.8": ORDER, "7.9": LINE, "7.10": SWAP}
