"""Sheet 04: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def _gates(u, v, g, **wrong):
    right = {"plus": (g, g), "minus": (g, -g), "times": (g * v, g * u),
             "divide": (g / v, -g * u / v**2)}
    return right | wrong


GATES = [
    Mistake("times does not swap", lambda u, v, g: _gates(u, v, g, times=(g * u, g * v)),
            "Multiplication swaps: the slope of uv for u is v.", "swapped"),
    Mistake("minus copies", lambda u, v, g: _gates(u, v, g, minus=(g, g)),
            "In u - v, a larger v makes s smaller: v receives -g.", "sign"),
    Mistake("sign of the denominator",
            lambda u, v, g: _gates(u, v, g, divide=(g / v, g * u / v**2)),
            "A larger denominator makes u/v smaller: the slope for v is negative.", "sign"),
    Mistake("denominator not squared", lambda u, v, g: _gates(u, v, g, divide=(g / v, -g * u / v)),
            "The slope of u/v for v is -u/v²: the square is missing."),
    Mistake("upstream forgotten", lambda u, v, g: _gates(u, v, np.ones_like(g)),
            "These are the local derivatives alone: multiply each by the gradient from above.",
            "upstream"),
    Mistake("plus halves", lambda u, v, g: _gates(u, v, g, plus=(g / 2, g / 2)),
            "Addition copies: u and v each receive all of g, nothing is shared out.",
            "constant-factor"),
    Mistake("numerator forgotten in the quotient",
            lambda u, v, g: _gates(u, v, g, divide=(g / v, -g / v**2)),
            "In u/v the slope for v holds u as well: -u/v², not -1/v²."),
]


def max_everybody(u, v, g):
    return np.maximum(u, v), g.copy(), g.copy()


def max_half(u, v, g):
    wins = np.where(u > v, 1.0, np.where(u == v, 0.5, 0.0))
    return np.maximum(u, v), g * wins, g * (1 - wins)


MAX = [
    Mistake("both receive", max_everybody,
            "Both receive g, as in a sum. The maximum hears only the larger one."),
    Mistake("the loser receives",
            lambda u, v, g: (np.maximum(u, v), np.where(u >= v, 0, g), np.where(u >= v, g, 0)),
            "The smaller one receives the gradient: it goes to the one that won.",
            "swapped"),
    Mistake("upstream forgotten",
            lambda u, v, g: (np.maximum(u, v), 1.0 * (u >= v), 1.0 * (u < v)),
            "These are the local derivatives, 1 and 0: multiply them by g.", "upstream"),
    Mistake("a tie pays twice",
            lambda u, v, g: (np.maximum(u, v), np.where(u >= v, g, 0), np.where(v >= u, g, 0)),
            "At a tie both receive g, twice as much as came: use >= for u only."),
    Mistake("nobody at a tie",
            lambda u, v, g: (np.maximum(u, v), np.where(u > v, g, 0), np.where(v > u, g, 0)),
            "At a tie nobody receives anything: the rule here gives all to u."),
    Mistake("v wins the tie",
            lambda u, v, g: (np.maximum(u, v), np.where(u > v, g, 0), np.where(u > v, 0, g)),
            "At a tie v receives: the rule here gives all to u."),
    Mistake("halves at a tie", max_half,
            "At a tie you share in halves, as some libraries do: the rule here gives all to u."),
    Mistake("the minimum", lambda u, v, g: (np.minimum(u, v), *max_half(v, u, g)[1:]),
            "This gate lets the smaller one through: it is the minimum."),
]

SLOPE = [
    Mistake("one arrow from x to a", [12, 3],
            "x stands twice in a = x·x: two arrows, and both count."),
    Mistake("branch by way of b forgotten at a", [8, 3],
            "a feeds y and b: its gradient is 1 + x, not 1."),
    Mistake("the direct arrow to b forgotten", [12, 4],
            "b = a·x hears x directly, too: that is one more branch of x."),
    Mistake("nodes counted", [16, 4],
            "The slope is right; 4 is the number of nodes. A path is a whole way from x to y."),
    Mistake("arrows counted", [16, 6],
            "The slope is right; there are 6 arrows. A path is a whole way from x to y."),
    Mistake("the value of y", [12, 5], "12 is y itself. Its slope is asked for."),
]

BRANCHES = [
    Mistake("speed of the branch forgotten", lambda x, w, g: g @ np.cos(w * x),
            "The slope of sin(wx) has two links: the cosine, and w from inside."),
    Mistake("the last branch only", lambda x, w, g: g[-1] * w[-1] * np.cos(w[-1] * x),
            "Only the last branch counts: branches add, use +=."),
    Mistake("gradients multiplied", lambda x, w, g: np.prod(g) * np.prod(w * np.cos(w * x)),
            "The branches are multiplied. Along a path slopes multiply; branches add."),
    Mistake("mean of the branches", lambda x, w, g: np.mean(g * w * np.cos(w * x)),
            "Divided by the number of branches: what the branches bring adds up.", "missing-mean"),
    Mistake("upstream forgotten", lambda x, w, g: w @ np.cos(w * x),
            "The gradients from above are missing: upstream times local."),
    Mistake("cosine taken at the node", lambda x, w, g: (g * w) @ np.cos(np.sin(w * x)),
            "The slope of the sine is the cosine of what goes in, w x, not of what comes out."),
    Mistake("not added up", lambda x, w, g: g * w * np.cos(w * x),
            "One number per branch is left: x is one node, add them up.", "broadcast"),
    Mistake("sign of the cosine", lambda x, w, g: -((g * w) @ np.cos(w * x)),
            "The sine has the slope +cosine; it is the cosine that has -sine.", "sign"),
]

ORDER = [
    Mistake("forward in place of backward", "FEABDGC",
            "This walks from the inputs up. Begin with q, which y hears directly."),
    Mistake("p speaks before the tanh has paid", "CBDEFGA",
            "E and F hand on g_p before G has paid in: x and z never hear of r."),
    Mistake("p speaks before q has paid", "CDGEFBA",
            "E and F hand on g_p before B has paid in: the branch by way of q is lost."),
    Mistake("q speaks before it was paid", "ABCDGEF",
            "A and B hand on g_q while it is still 0: C comes before them."),
    Mistake("z served too early", "CFBDGEA",
            "F hands on g_p to z before its three branches have paid in."),
]


def parents_last(output, parents):
    order = []

    def get_in_line(node):
        if node not in order:
            order.append(node)
            for parent in parents[node]:
                get_in_line(parent)

    get_in_line(output)
    return order


def every_visit(output, parents):
    return [v for p in parents[output] for v in every_visit(p, parents)] + [output]


def doubles_dropped_late(output, parents):
    return list(dict.fromkeys(reversed(every_visit(output, parents))))[::-1]


def rounds_backward(output, parents):
    order, waiting = [], [output]
    while waiting:
        node = waiting.pop(0)
        if node not in order:
            order.append(node)
            waiting += parents[node]
    return order[::-1]


def everything(output, parents):
    order = []
    while len(order) < len(parents):
        order += [v for v in parents if v not in order and set(parents[v]) <= set(order)]
    return order


def grandparents_missing(output, parents):
    return [*dict.fromkeys(parents[output]), output]


LINE = [
    Mistake("parents behind", parents_last,
            "The node gets in line before its parents: append it after the loop over them."),
    Mistake("every visit counted", every_visit,
            "A node that feeds two others stands there twice: ask whether it is in line already."),
    Mistake("the dictionary as it stands", lambda output, parents: list(parents),
            "This is the order of the dictionary, and nobody promised that it is topological."),
    Mistake("breadth first, reversed", rounds_backward,
            "A node that is reached on a short way and on a long one stands too late: distance "
            "from the output is not the order."),
    Mistake("all nodes", everything,
            "All nodes are there, also those that the output does not need: begin at the output."),
    Mistake("parents only", grandparents_missing,
            "The parents of the parents are missing: each parent lets its own go first."),
    Mistake("output left out", lambda output, parents: everything_needed(output, parents)[:-1],
            "The output itself is missing: it gets in line last."),
    Mistake("sorted by name", lambda output, parents: sorted(everything_needed(output, parents)),
            "Sorted by name: names say nothing about who is made from whom."),
]


def everything_needed(output, parents):
    return list(dict.fromkeys(every_visit(output, parents)))


def _sweep(order, parents, local, start=1.0, zero=0.0, reverse=True,
           pay=lambda g, p, v, s: g[p] + g[v] * s):
    """Sweep over a graph; each argument can be wrong."""
    g = {v: zero for v in order}
    g[order[-1]] = start
    for v in reversed(order) if reverse else order:
        for p, slope in zip(parents[v], local[v]):
            g[p] = pay(g, p, v, slope)
    return g


def set_of_parents(order, parents, local):
    once = {v: dict(zip(parents[v], local[v])) for v in order}
    return _sweep(order, once, {v: list(once[v].values()) for v in order})


def first_parent(order, parents, local):
    return _sweep(order, {v: list(parents[v])[:1] for v in order}, local)


BACKWARD = [
    Mistake("written over", lambda *a: _sweep(*a, pay=lambda g, p, v, s: g[v] * s),
            "A second branch writes over the first: branches add, use +=."),
    Mistake("walked forward", lambda *a: _sweep(*a, reverse=False),
            "The walk goes from the inputs to the output: the output alone knows its gradient, so "
            "begin there."),
    Mistake("nothing to begin with", lambda *a: _sweep(*a, start=0.0),
            "All gradients are 0: the output's own is 1, the one number that is put in.",
            "all-zero"),
    Mistake("upstream forgotten", lambda *a: _sweep(*a, pay=lambda g, p, v, s: g[p] + s),
            "Each parent gets the local derivative alone: multiply by the gradient of the node."),
    Mistake("local derivative forgotten",
            lambda *a: _sweep(*a, pay=lambda g, p, v, s: g[p] + g[v]),
            "Every node copies what it gets: multiply by the local derivative."),
    Mistake("all begin with 1", lambda *a: _sweep(*a, zero=1.0),
            "All gradients begin with 1: only the output's does, the others collect from 0."),
    Mistake("a parent paid once", set_of_parents,
            "A node that is its child's parent twice is paid once: pay for every arrow."),
    Mistake("first parent only", first_parent,
            "Only the first parent is paid: each node hands on to all of them."),
    Mistake("gradients multiplied",
            lambda *a: _sweep(*a, zero=1.0, pay=lambda g, p, v, s: g[p] * g[v] * s),
            "The payments are multiplied: along a path slopes multiply, branches add."),
]


def _passes(x, z, inner_x=1, inner_t=1, bend=lambda t: 1 - t**2, sign=-1, squared=2):
    t = np.tanh(z)
    p, s = x * t, x + t
    g_p, g_s = 1 / s, sign * p / s**squared
    return p / s, g_p * t + inner_x * g_s, (g_p * x + inner_t * g_s) * bend(t)


PASSES = [
    Mistake("one branch of x", lambda x, z: _passes(x, z, inner_x=0),
            "x stands below the line as well: its second branch leads through the sum."),
    Mistake("one branch of t", lambda x, z: _passes(x, z, inner_t=0),
            "t stands below the line as well: its second branch leads through the sum."),
    Mistake("slope of the tanh forgotten", lambda x, z: _passes(x, z, bend=lambda t: 1.0),
            "g_z is the gradient of t here: one more link, the slope of the tanh, leads to z."),
    Mistake("slope taken at the answer",
            lambda x, z: _passes(x, z, bend=lambda t: 1 - np.tanh(t) ** 2),
            "The slope 1 - tanh² is taken at z, and you bend t once more."),
    Mistake("sign of the quotient", lambda x, z: _passes(x, z, sign=1),
            "A larger denominator makes y smaller: the slope for the sum is negative."),
    Mistake("denominator not squared", lambda x, z: _passes(x, z, squared=1),
            "The slope of p/s for s is -p/s²: the square is missing."),
    Mistake("gradients swapped",
            lambda x, z: (_passes(x, z)[0], _passes(x, z)[2], _passes(x, z)[1]),
            "The two gradients are swapped: x first, then z."),
]

WRONG_LINE = [
    Mistake("line of c suspected", "A", "c feeds f alone, and its path ends at f. A is right."),
    Mistake("line of b suspected", "B",
            "Both products follow a path: by way of e, and by way of c. B is right."),
    Mistake("line of x suspected", "D", "x feeds a and b, and nothing else. D is right."),
]


def _worked(x, z, tip=1.0, sine=1.0, log=1.0, power=2):
    a, b = x * z, np.log(x)
    c, g_c = np.sin(b), 1 / a
    g_b = -log * a / b**2 + sine * g_c * np.cos(b)
    g_a = np.exp(a) + (g_c if tip is None else tip) / b - c / a**power
    return {"a": g_a, "b": g_b, "c": g_c, "x": g_a * z + g_b / x, "z": g_a * x}


WORKED = [
    Mistake("gradient of another node", lambda x, z: _worked(x, z, tip=None),
            "The branch from a by way of e takes g_c. Each branch takes the gradient at its own "
            "tip: g_e, which is 1."),
    Mistake("branch of the sine forgotten", lambda x, z: _worked(x, z, sine=0),
            "b feeds two nodes, e and c: the branch by way of the sine is missing."),
    Mistake("sine for its slope", lambda x, z: _worked(x, z, sine=np.tan(np.log(x))),
            "The slope of the sine is the cosine of b."),
    Mistake("sign of the logarithm's branch", lambda x, z: _worked(x, z, log=-1),
            "b stands below the line in e = a/b: that branch is negative."),
    Mistake("c/a without the square", lambda x, z: _worked(x, z, power=1),
            "The slope of c/a for a is -c/a²: the square is missing."),
    Mistake("x without its second branch",
            lambda x, z: _worked(x, z) | {"x": _worked(x, z)["a"] * z},
            "x feeds a and b: the branch by way of the logarithm is missing in g_x."),
    Mistake("slope of the logarithm forgotten",
            lambda x, z: _worked(x, z) | {"x": _worked(x, z)["a"] * z + _worked(x, z)["b"]},
            "From b to x there is one more link, 1/x."),
]

MISTAKES = {"4.1": GATES, "4.2": MAX, "4.3": SLOPE, "4.4": BRANCHES, "4.5": ORDER, "4.6": LINE,
            "4.7": BACKWARD, "4.8": PASSES, "4.9": WRONG_LINE, "4.10": WORKED}
