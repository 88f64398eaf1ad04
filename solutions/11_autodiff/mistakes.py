"""Sheet 11: the wrong answers students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake

MULTIPLY = [
    Mistake("own factor", lambda u, a, b: (u * a, u * b),
            "Each gets its own factor. The slope for one factor is the other one."),
    Mistake("upstream forgotten", lambda u, a, b: (b.copy(), a.copy()),
            "These are the local slopes. Multiply them by the upstream."),
    Mistake("upstream handed on", lambda u, a, b: (u.copy(), u.copy()),
            "This is the rule of a sum. A product multiplies by the partner."),
    Mistake("the whole product", lambda u, a, b: (u * a * b, u * a * b),
            "You multiply by the product. The factor itself is not in its slope."),
    Mistake("one of them alone", lambda u, a, b: (u * b, np.zeros_like(a)),
            "Only the first gets a share: both factors were used."),
]

MATMUL = [
    Mistake("sides exchanged", lambda u, a, b: (a.T @ u, u @ b.T),
            "The two are exchanged: the first share has the shape of a."),
    Mistake("right share transposed", lambda u, a, b: (u @ b.T, u.T @ a),
            "The share of b is transposed: what stood left stays left, a.T @ u."),
    Mistake("left share transposed", lambda u, a, b: (b @ u.T, a.T @ u),
            "The share of a is transposed: u stands left of b.T."),
    Mistake("upstream forgotten",
            lambda u, a, b: (np.ones_like(u) @ b.T, a.T @ np.ones_like(u)),
            "The upstream is missing: you treat it as all ones."),
    Mistake("sign turned", lambda u, a, b: (-u @ b.T, -a.T @ u),
            "A share has no minus here."),
    Mistake("a share of zero for b", lambda u, a, b: (u @ b.T, np.zeros_like(b)),
            "Only the left side gets a share: both were used."),
]

MAXIMUM = [
    Mistake("the smaller one", lambda u, a, b: (u * (a < b), u * (a >= b)),
            "The smaller entry gets the upstream. It is the larger one that is heard."),
    Mistake("ties to the first", lambda u, a, b: (u * (a >= b), u * (a < b)),
            "At a tie you give all to the first; agreed is the second."),
    Mistake("ties to both", lambda u, a, b: (u * (a >= b), u * (a <= b)),
            "At a tie both get all, together twice the upstream."),
    Mistake("ties lost", lambda u, a, b: (u * (a > b), u * (a < b)),
            "At a tie nobody gets anything."),
    Mistake("value in place of the slope", lambda u, a, b: (u * a * (a > b), u * b * (a <= b)),
            "You multiply by the value. The local slope is 1 or 0."),
    Mistake("both get all", lambda u, a, b: (u.copy(), u.copy()),
            "This is the rule of a sum. Only the larger entry is heard."),
    Mistake("halves", lambda u, a, b: (u / 2, u / 2),
            "You share equally. The larger entry gets everything."),
]


def mean_of_copies(share, shape):
    total = front_and_stretched(share, shape)
    return total / (share.size / max(total.size, 1))


def front_and_stretched(share, shape):
    share = share.sum(axis=tuple(range(share.ndim - len(shape))))
    stretched = tuple(n for n, size in enumerate(shape) if size == 1)
    return share.sum(axis=stretched, keepdims=True)


def stretched_lost(share, shape):
    share = share.sum(axis=tuple(range(share.ndim - len(shape))))
    return share.sum(axis=tuple(n for n, size in enumerate(shape) if size == 1))


def first_copy(share, shape):
    share = share[(0,) * (share.ndim - len(shape))]
    return share[tuple(slice(0, 1) if size == 1 else slice(None) for size in shape)].copy()


UNBROADCAST = [
    Mistake("left as it is", lambda share, shape: share.copy(),
            "There is still a share for every copy: sum over the copies."),
    Mistake("mean of the copies", mean_of_copies,
            "You take the mean of the copies. Copies add."),
    Mistake("first copy alone", first_copy,
            "Only the first copy counts: add up all of them."),
    Mistake("stretched axis lost", stretched_lost,
            "The axis of size 1 is gone: sum with keepdims=True."),
    Mistake("new axes alone",
            lambda share, shape: share.sum(axis=tuple(range(share.ndim - len(shape)))),
            "The new axes in front are summed, the stretched ones are not."),
    Mistake("one number", lambda share, shape: np.full(shape, share.sum()),
            "You sum over everything. Only axes with copies are summed."),
]

TWICE = [
    Mistake("one call", 6, "This is one call. The second adds as much again."),
    Mistake("one branch", 3, "x is used twice, and nothing was set to 0: four shares of 3."),
    Mistake("squared", 36, "Calls add, they do not multiply."),
    Mistake("the value", 9, "This is the value of L."),
]


def by_recursion(parents, end):
    line = []

    def visit(node):
        if node not in line:
            for parent in parents[node]:
                visit(parent)
            line.append(node)

    visit(end)
    return line


def discovered(parents, end):
    line, todo = [], [end]
    while todo:
        node = todo.pop(0)
        if node not in line:
            line.append(node)
            todo += parents[node]
    return line[::-1]


def _done(parents, end):
    line, seen, stack = [], set(), [(end, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            line.append(node)
        elif node not in seen:
            seen.add(node)
            stack += [(node, True)] + [(p, False) for p in parents[node]]
    return line


def all_of_them(parents, end):
    line = _done(parents, end)
    return line + [v for v in parents if v not in line]


TOPOLOGICAL = [
    Mistake("by recursion", by_recursion,
            "A function that calls itself stops at a long chain: keep a stack of your own."),
    Mistake("end first", lambda parents, end: _done(parents, end)[::-1],
            "The line is the wrong way round: parents stand before their children."),
    Mistake("in the order of discovery", discovered,
            "A node gets in line when it is first met. It has to wait for all its parents."),
    Mistake("every node of the graph", all_of_them,
            "There are nodes in it that do not lead to the end."),
    Mistake("the end forgotten", lambda parents, end: _done(parents, end)[:-1],
            "The end itself is missing."),
    Mistake("as written down", lambda parents, end: list(parents),
            "This is the order of the dictionary. Walk from the end to the parents."),
]

ORDER = [
    Mistake("direct share too late", "CEFABD",
            "B adds to g_X before D has made it."),
    Mistake("backward before forward", "FADBCE",
            "The way back needs T: C and E come first."),
    Mistake("through the matrix before the bend", "CEFDBA",
            "B needs g_S: first A, through the tanh."),
]


def _backward(edges, line, add=True, turn=False, product=False, mean=False):
    g = {line[-1]: np.ones(1)}
    for v in line if turn else reversed(line):
        if v not in g:
            continue
        for p, J in edges[v]:
            share = g[v] @ J
            old = g.get(p)
            if old is None or not (add or product):
                g[p] = share
            else:
                g[p] = old * share if product else (old + share) / (2 if mean else 1)
    return g


def first_share(edges, line):
    g = {line[-1]: np.ones(1)}
    for v in reversed(line):
        for p, J in edges[v]:
            g.setdefault(p, g[v] @ J)
    return g


BACKWARD = [
    Mistake("overwritten", lambda edges, line: _backward(edges, line, add=False),
            "A second share overwrites the first: shares of branches add."),
    Mistake("the first share alone", first_share,
            "A node keeps its first share only: shares of branches add."),
    Mistake("product of the shares", lambda edges, line: _backward(edges, line, product=True),
            "You multiply the shares of two branches: they add."),
    Mistake("mean of the shares", lambda edges, line: _backward(edges, line, mean=True),
            "You take the mean of the shares: they add."),
    Mistake("walked forward", lambda edges, line: _backward(edges, line, turn=True),
            "You walk from the start. A node can hand on only what has come from the end."),
    Mistake("leaves alone",
            lambda edges, line: {v: g for v, g in _backward(edges, line).items() if not edges[v]},
            "Only nodes without parents are in it. Return the gradient of every node."),
]


def _softmax(Z, axis=1):
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def _one_hot(Z, y):
    return (np.arange(Z.shape[1]) == y[:, None]).astype(float)


def overflowing(Z, y):
    return (np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True) - _one_hot(Z, y)) / len(y)


LOGITS = [
    Mistake("1/B forgotten", lambda Z, y: _softmax(Z) - _one_hot(Z, y),
            "1/B is missing: the loss is a mean over the examples."),
    Mistake("one-hot forgotten", lambda Z, y: _softmax(Z) / len(y),
            "This is the slope of the logarithm of the sum. The right entry still loses 1."),
    Mistake("sign turned", lambda Z, y: (_one_hot(Z, y) - _softmax(Z)) / len(y),
            "The difference is the wrong way round: softmax less one-hot."),
    Mistake("over the wrong axis", lambda Z, y: (_softmax(Z, 0) - _one_hot(Z, y)) / len(y),
            "Your softmax sums over the examples. It runs along a row."),
    Mistake("no largest entry taken off", overflowing,
            "Large logits overflow: subtract the largest entry of each row first."),
    Mistake("divided by the kinds", lambda Z, y: (_softmax(Z) - _one_hot(Z, y)) / Z.shape[1],
            "You divide by the number of kinds. The mean runs over the examples."),
    Mistake("only the right entries",
            lambda Z, y: (_softmax(Z) - 1) * _one_hot(Z, y) / len(y),
            "Only the right entries get a slope. The others stand in the sum as well."),
]


def _descend(H, w, eta, T, sign=1.0, keep=1.0, late=False):
    g = np.zeros(len(w))
    for _ in range(T):
        before, g = g, keep * g + H @ w
        w = w - sign * eta * (before if late else g)
    return w


def in_place(H, w, eta, T):
    for _ in range(T):
        w -= eta * (H @ w)
    return w


DESCEND = [
    Mistake("not mended", _descend,
            "It still adds up: set g to 0 before each step."),
    Mistake("set to 0 too early", lambda H, w, eta, T: w.copy(),
            "w does not move: set g to 0 after the step, not before it."),
    Mistake("mean of all gradients",
            lambda H, w, eta, T: _descend(H, w, eta, T, keep=0.5),
            "Old gradients still count, only less. Each step needs its own alone."),
    Mistake("a step late", lambda H, w, eta, T: _descend(H, w, eta, T, keep=0.0, late=True),
            "Each step uses the gradient of the step before."),
    Mistake("uphill", lambda H, w, eta, T: _descend(H, w, eta, T, sign=-1.0, keep=0.0),
            "You climb: the step is subtracted."),
    Mistake("one gradient for all steps", lambda H, w, eta, T: w - T * eta * (H @ w),
            "You use the first gradient every time: take it where the last step ended."),
    Mistake("overwritten", in_place,
            "You change the w you were given; write `w = w - ...`."),
]

SENTENCE = [
    Mistake("the sum suspected", "A", "(11.2): the local slopes of a sum are 1. A holds."),
    Mistake("fan-out suspected", "C", "(11.16): branches add. C holds."),
    Mistake("the share suspected", "D", "(11.1): upstream times local derivative. D holds."),
]

MISTAKES = {"11.1": MULTIPLY, "11.2": MATMUL, "11.3": MAXIMUM, "11.4": UNBROADCAST,
            "11.5": TWICE, "11.6": TOPOLOGICAL, "11.7": ORDER, "11.8": BACKWARD,
            "11.9": LOGITS, "11.10": DESCEND, "11.11": SENTENCE}
