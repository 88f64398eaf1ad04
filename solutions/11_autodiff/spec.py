"""Sheet 11: what is asked, on which cases, and what is right (by index and by paths)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value
from nnlib.gradcheck import Report


def pair_cases(rng):
    for name, shape in [("a matrix", (3, 4)), ("one entry", (1,)), ("three axes", (2, 3, 2)),
                        ("a square", (3, 3))]:
        yield Case(name, tuple(rng.normal(size=(3, *shape))))


def maximum_cases(rng):
    yield from pair_cases(rng)
    u, a = rng.normal(size=(2, 3, 4))
    yield Case("ties only", (u, a, a.copy()))
    yield Case("the ReLU", (u, a, np.zeros((3, 4))))
    yield Case("some ties, all negative", (u, -np.abs(a.round()) - 1, -np.ones((3, 4))))


def maximum_shares(u, a, b):
    first = np.where(np.sign(a - b) == 1, u, 0.0)
    return first, u - first


def matmul_cases(rng):
    for name, i, k, j in [("5 by 3 by 4", 5, 3, 4), ("one row", 1, 3, 2), ("one summed", 4, 1, 3),
                          ("all sizes equal", 3, 3, 3), ("one entry", 1, 1, 1)]:
        yield Case(name, tuple(rng.normal(size=s) for s in [(i, j), (i, k), (k, j)]))


def unbroadcast(share, shape):
    found = np.zeros(shape)
    for index in np.ndindex(share.shape):
        place = index[len(index) - len(shape):]
        found[tuple(0 if size == 1 else n for n, size in zip(place, shape))] += share[index]
    return found


def broadcast_cases(rng):
    shapes = [("a row, copied down", (3,)), ("a column", (4, 1)), ("nothing copied", (4, 3)),
              ("a number", ()), ("a row with its axis", (1, 3)), ("one entry", (1, 1))]
    for name, shape in shapes:
        yield Case(name, (rng.normal(size=(4, 3)), shape))
    yield Case("new axes and a stretched one", (rng.normal(size=(2, 4, 3)), (4, 1)))
    yield Case("two new axes", (rng.normal(size=(2, 3, 4, 3)), (4, 3)))


def graph_cases(rng):
    for name, N in [("9 nodes", 9), ("one node", 1), ("two nodes", 2), ("15 nodes", 15)]:
        names = [f"n{number}" for number in rng.permutation(N)]
        parents = {names[0]: []}
        for n in range(1, N):
            few = rng.choice(n, min(n, 2), replace=False)
            parents[names[n]] = [names[k] for k in few]
        shuffled = {v: parents[v] for v in rng.permutation(names).tolist()}
        yield Case(name, (shuffled, names[-1]))
    apart = {"x": [], "w": [], "y": ["x", "x"], "z": ["w", "y"], "L": ["y", "x"], "M": ["L", "z"]}
    yield Case("not everything leads to the end", (apart, "L"))
    ladder = {f"a{n}": [f"b{n - 1}", f"a{n - 1}"] if n else [] for n in range(20)}
    ladder |= {f"b{n}": [f"a{n}"] for n in range(20)}
    yield Case("a ladder of diamonds", (ladder, "b19"))
    chain = {f"c{n}": [f"c{n - 1}"] if n else [] for n in range(2500)}
    yield Case("a long chain", (chain, "c2499"))


def by_rounds(parents, end):
    """Take in each round all nodes whose parents are in line already."""
    wanted, todo = set(), [end]
    while todo:
        node = todo.pop()
        if node not in wanted:
            wanted.add(node)
            todo.extend(parents[node])
    children, missing = {v: [] for v in wanted}, {v: len(set(parents[v])) for v in wanted}
    for v in wanted:
        for p in set(parents[v]):
            children[p].append(v)
    line = sorted(v for v in wanted if not missing[v])
    for v in line:
        for child in children[v]:
            missing[child] -= 1
            line += [child] * (missing[child] == 0)
    return line


def judged_order(args, value):
    """Judge an order: all ancestors of the end, once, each behind its parents."""
    parents, end = args
    where = {v: n for n, v in enumerate(value)}
    if sorted(value) != sorted(by_rounds(parents, end)):
        return Report(False, "wrong-nodes", "it does not hold each node that leads to the end once")
    if any(where[p] >= where[v] for v in value for p in parents[v]):
        return Report(False, "order", "a node stands before one of its parents")
    return Report(True, None, "every node stands behind its parents")


def backward(edges, line):
    """Add up the products of Jacobians along all ways, from each node forward to the end."""
    found = {line[-1]: np.eye(1)}
    for v in line[-2::-1]:
        ways = [found[c] @ J for c in line if c in found for p, J in edges[c] if p == v]
        found[v] = np.sum(ways, axis=0)
    return {v: found[v][0] for v in found}


def edge_cases(rng):
    graphs = [("x is used three times", {"x": 3, "w": 2, "t": 4, "p": 3, "L": 1},
               {"t": "xw", "p": "tx", "L": "px"}),
              ("a chain", {"x": 2, "t": 5, "p": 3, "L": 1}, {"t": "x", "p": "t", "L": "p"}),
              ("the end alone", {"L": 1}, {}),
              ("the same parent twice", {"x": 3, "t": 2, "L": 1}, {"t": "xx", "L": "tt"}),
              ("one entry each", {"x": 1, "t": 1, "p": 1, "L": 1}, {"t": "x", "p": "tx",
                                                                   "L": "tp"})]
    for name, size, parents in graphs:
        edges = {v: [(p, rng.normal(size=(size[v], size[p]))) for p in parents.get(v, "")]
                 for v in size}
        yield Case(name, (edges, list(size)))


def logits_gradient(Z, y):
    logs = Z - np.logaddexp.reduce(Z, axis=1)[:, None]
    return (np.exp(logs) - (np.arange(Z.shape[1]) == y[:, None])) / len(Z)


def logit_cases(rng):
    for name, B, K, scale in [("5 examples, 4 kinds", 5, 4, 1), ("one example", 1, 3, 1),
                              ("as many examples as kinds", 3, 3, 2), ("spread out", 4, 3, 30)]:
        yield Case(name, (scale * rng.normal(size=(B, K)), rng.integers(0, K, B)))
    yield Case("large logits", (rng.normal(2000, 3000, size=(4, 3)), rng.integers(0, 3, 4)))
    yield Case("all logits equal", (np.zeros((4, 3)), rng.integers(0, 3, 4)))
    yield Case("only negative", (-rng.uniform(5, 9, size=(3, 5)), rng.integers(0, 5, 3)))


def descend(H, w, eta, T):
    return np.linalg.matrix_power(np.eye(len(w)) - eta * H, T) @ w


def valley_cases(rng):
    for name, D, T in [("5 steps", 3, 5), ("one step", 2, 1), ("no step", 3, 0),
                       ("one weight", 1, 4), ("12 steps", 4, 12)]:
        A = rng.normal(size=(D, D))
        yield Case(name, (A @ A.T, rng.normal(size=D), rng.uniform(0.05, 0.1), T))


QUESTIONS = [
    Function(
        "11.1", "multiply_shares", 1, 4, ("11.3",), "the partner is the local slope",
        ("If one factor moves a little, by what is the move multiplied?",
         "By the other factor, entry by entry, and then by the upstream.",
         "`u * b, u * a`"),
        lambda u, a, b: (np.einsum("...,...->...", u, b), np.einsum("...,...->...", u, a)),
        make=pair_cases),
    Function(
        "11.2", "matmul_shares", 2, 7, ("11.8", "11.9"), "which side is turned, and the order",
        ("Which of the three indices is summed in each of the two shares?",
         "For the left side the sum runs over the columns, for the right side over the rows. What "
         "stood left stays left.",
         "`u @ b.T, a.T @ u`"),
        lambda u, a, b: (np.einsum("ij,kj->ik", u, b), np.einsum("ik,ij->kj", a, u)),
        make=matmul_cases),
    Function(
        "11.3", "maximum_shares", 2, 6, ("11.7",), "routing to the larger, ties to the second",
        ("Who hears of the upstream if the first number is the smaller one?",
         "The larger entry gets everything, the other one nothing. A tie goes to the second.",
         "`u * (a > b), u * (a <= b)`"),
        maximum_shares, make=maximum_cases),
    Function(
        "11.4", "unbroadcast", 3, 10, ("11.15", "11.14"), "copies add, and the shape comes back",
        ("Along which axes was the array copied, and what do copies do on the way back?",
         "They add. Sum over the new axes in front, and over the axes of size 1; these stay as "
         "axes of size 1.",
         "`share.sum(axis=0)` for each new axis, `share.sum(axis=n, keepdims=True)` for a "
         "stretched one"),
        unbroadcast, make=broadcast_cases),
    Value(
        "11.5", "x_gradient", 1, 3, ("11.22", "11.16"), "branches add, and so do calls",
        ("How many shares does the node get in one call, and how many calls are there?",
         "Both factors are the same node, so it gets two shares of 3. A second call adds as much "
         "again.",
         "`2 * (3 + 3)`"),
        12),
    Function(
        "11.6", "topological_order", 3, 12, ("11.17",), "parents first, each once, no recursion",
        ("When may a node get in line?",
         "When all its parents are in line. Lay it on a stack of your own twice: the first time "
         "it calls its parents, the second time it gets in line.",
         "`stack.append((node, True))`, then its parents with False"),
        by_rounds, make=graph_cases, measure=judged_order),
    Order(
        "11.7", "order", 2, 6, ("11.16", "11.6"), "a branch is added, after it is complete",
        ("Which two lines deliver a share to X, and which of them may only add?",
         "Forward first. Then the direct share, and the share by way of the tanh is added to it.",
         "C, E, F, D, A, B, for example"),
        "CEFDAB", before=("CE", "ED", "EA", "FA", "AB", "DB")),
    Function(
        "11.8", "backward", 4, 14, ("11.16", "11.1"), "walk back, shares add at fan-out",
        ("In which direction is the line walked, and what does a node do with a second share?",
         "From the end. Each node hands to each parent its own gradient times the Jacobian; what "
         "arrives at the same node is added up.",
         "`g[p] = g[p] + g[v] @ J`, with 0 at the start"),
        backward, make=edge_cases),
    Function(
        "11.9", "logits_gradient", 3, 10, ("11.20", "11.21"), "softmax less one-hot, stable",
        ("What is the derivative of a logarithm of a sum of exponentials?",
         "The softmax. The right entry loses 1, and everything is divided by the number of "
         "examples. Subtract the largest entry of each row first.",
         "`(P - one_hot) / len(y)`"),
        logits_gradient, make=logit_cases),
    Function(
        "11.10", "descend", 2, 6, ("11.22", "11.23"), "a gradient is set to 0 before each step",
        ("What does her gradient still hold in the second step?",
         "The gradient of the first step. Each step needs its own alone.",
         "`g = H @ w` in place of `g += H @ w`"),
        descend, make=valley_cases, kind="find"),
    Choice(
        "11.11", "wrong_sentence", 1, 4, ("11.16",), "upstream times local, summed over branches",
        ("Take a weight with two upstreams of one. Can its gradient be anything else than one?",
         "Each branch has its own local derivative, and the shares of branches are added.",
         "The gradient is the sum over branches of upstream times local derivative, (11.16)."),
        "B", erratum="B25", options=("A", "B", "C", "D")),
]
