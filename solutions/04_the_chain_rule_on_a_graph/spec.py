"""Sheet 04: what is asked, on which cases, and what is right (by closed forms and matrices)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value
from nnlib.gradcheck import Report


def gates(u, v, g):
    """Multiply g by the table of local derivatives of each gate."""
    one = np.ones_like(u)
    slopes = {"plus": (one, one), "minus": (one, -one), "times": (v, u),
              "divide": (v**-1.0, -u * v**-2.0)}
    return {name: tuple(slope * g for slope in pair) for name, pair in slopes.items()}


def gate_cases(rng):
    yield Case("four gates of each kind", tuple(rng.uniform(0.5, 2, size=(3, 4))))
    yield Case("one gate of each kind", tuple(rng.uniform(0.5, 2, size=(3, 1))))
    yield Case("only negative", tuple(-rng.uniform(0.5, 2, size=(3, 5))))
    yield Case("a table of gates", tuple(rng.uniform(1, 2, size=(3, 2, 3))))
    u, v = rng.uniform(0.5, 2, size=(2, 3))
    yield Case("nothing comes back", (u, v, np.zeros(3)))
    yield Case("numerator 0", (np.zeros(3), v, u))


def max_gate(u, v, g):
    """Count with signs: the step of u - v is 1 at a tie."""
    first = np.heaviside(u - v, 1.0)
    return np.maximum(u, v), g * first, g * (1 - first)


def max_cases(rng):
    yield Case("ordinary numbers", tuple(rng.normal(size=(3, 6))))
    yield Case("a ReLU", (rng.normal(size=7), np.zeros(7), rng.normal(size=7)))
    u, v, g = rng.normal(size=(3, 5))
    yield Case("ties", (np.where([1, 0, 1, 0, 0], v, u), v, g))
    yield Case("only negative", (*-rng.uniform(1, 2, size=(2, 4)), rng.normal(size=4)))
    yield Case("a table", tuple(rng.normal(size=(3, 3, 2))))


def branch_cases(rng):
    for name, K in [("five branches", 5), ("one branch", 1), ("two branches", 2)]:
        yield Case(name, (rng.normal(), *rng.normal(size=(2, K))))
    yield Case("x is 0", (0.0, *rng.normal(size=(2, 4))))
    yield Case("only negative", (-rng.uniform(1, 2), *-rng.uniform(1, 2, size=(2, 3))))


def ancestors_in_rounds(output, parents):
    """Take off, round by round, the nodes whose parents have all been taken."""
    needed, new = set(), {output}
    while new:
        needed |= new
        new = {p for v in new for p in parents[v]} - needed
    order = []
    while len(order) < len(needed):
        order += [v for v in parents if v in needed and v not in order
                  and set(parents[v]) <= set(order)]
    return order


def measure_order(args, order):
    """Report whether a list is a topological order of what the output needs."""
    output, parents = args
    place = {v: n for n, v in enumerate(order)}
    if len(place) < len(order):
        return Report(False, "doubled", "A node stands in the order twice.")
    if set(place) != set(ancestors_in_rounds(output, parents)):
        return Report(False, "wrong-nodes", "The order does not hold exactly what is needed.")
    for v in order:
        for p in parents[v]:
            if place[p] > place[v]:
                return Report(False, "too-early", f"{v} stands before its parent {p}.")
    return Report(True, None, "a topological order")


def random_graph(rng, n, inputs=2):
    """Return {name: parents} for n nodes, each made from one or two of those before it."""
    names = [f"v{k}" for k in range(n)]
    parents = {v: [] for v in names[:inputs]}
    for k in range(inputs, n):
        others = rng.integers(0, k - 1, size=rng.integers(0, 2))
        parents[names[k]] = [names[k - 1], *(names[m] for m in others)]
    return parents


def shuffled(rng, parents):
    """Return the same graph with its names, and its entries, in a random order."""
    new = dict(zip(parents, (f"n{k}" for k in rng.permutation(len(parents)))))
    entries = [(new[v], [new[p] for p in ps]) for v, ps in parents.items()]
    return new, dict(entries[k] for k in rng.permutation(len(entries)))


def ladder(n):
    """Return the graph in which every node but the first takes the one before it twice."""
    return {f"v{k}": [f"v{k - 1}"] * 2 if k else [] for k in range(n)}


def order_cases(rng):
    sizes = [("nine nodes", random_graph(rng, 9)), ("one node", random_graph(rng, 1, 1)),
             ("20 nodes", random_graph(rng, 20, 4)), ("a ladder", ladder(9)),
             ("a chain", {f"v{k}": [f"v{k - 1}"] if k else [] for k in range(8)})]
    for name, parents in sizes:
        new, graph = shuffled(rng, parents)
        yield Case(name, (new[list(parents)[-1]], graph))
    new, graph = shuffled(rng, random_graph(rng, 10))
    yield Case("a node in the middle", (new["v5"], graph))


def gradients_by_matrix(order, parents, local):
    """Solve g = e + S g, where S holds the slopes of all arrows."""
    place = {v: n for n, v in enumerate(order)}
    S = np.zeros((len(order), len(order)))
    for v in order:
        for p, slope in zip(parents[v], local[v]):
            S[place[p], place[v]] += slope
    g = np.linalg.solve(np.eye(len(order)) - S, np.eye(len(order))[-1])
    return {v: float(g[place[v]]) for v in order}


def backward_cases(rng):
    def case(name, parents):
        local = {v: list(rng.uniform(0.5, 2, len(ps)) * rng.choice([-1, 1], len(ps)))
                 for v, ps in parents.items()}
        return Case(name, (list(parents), parents, local))

    yield case("nine nodes", random_graph(rng, 9))
    yield case("the output alone", random_graph(rng, 1, 1))
    yield case("a chain", {f"v{k}": [f"v{k - 1}"] if k else [] for k in range(6)})
    yield case("a ladder with 4096 paths", ladder(13))
    yield case("15 nodes", random_graph(rng, 15, 4))
    yield case("a node that feeds nothing", {"x": [], "s": ["x"], "t": ["x"], "y": ["x", "t"]})


def both_passes(x, z):
    """Return y and the slopes of the closed form."""
    t = np.tanh(z)
    return x * t / (x + t), (t / (x + t)) ** 2, (x / (x + t) / np.cosh(z)) ** 2


def expression_cases(rng):
    x, z = rng.uniform(0.5, 1.5, size=2)
    yield Case("ordinary numbers", (x, z))
    yield Case("both negative", (-x, -z))
    yield Case("a saturated tanh", (x, 4 + z))
    yield Case("a large x", (1000 * x, z))
    yield Case("a small x", (x / 1000, z))


def worked_example(x, z):
    """Differentiate (4.1) as a whole."""
    a, b = x * z, np.log(x)
    cos, sin = np.cos(b), np.sin(b)
    g_x = z * np.exp(a) + z / b - z / b**2 + (cos - sin) / (x * x * z)
    g_z = x * np.exp(a) + x / b - sin / (x * z * z)
    return {"a": np.exp(a) + 1 / b - sin / a**2, "b": cos / a - a / b**2, "c": 1 / a,
            "x": g_x, "z": g_z}


def worked_cases(rng):
    small, other = rng.uniform(0.3, 0.6), rng.uniform(0.5, 1.2)
    yield Case("ordinary numbers", (1.2 + small, other))
    yield Case("x below 1", (small, other))
    yield Case("z negative", (1.5 + small, -other))
    yield Case("both small", (small, -small))
    yield Case("where exp drowns the rest", (2 + small, 3.0))


QUESTIONS = [
    Function(
        "4.1", "gates", 2, 7, ("4.25", "4.24"), "upstream times local, for both parents",
        ("If you raise v a little, does s rise or fall, and how much?",
         "A sum hands on what it gets; a difference turns it for v; a product swaps; and in a "
         "quotient v stands below the line, squared.",
         "`(g, g)`, `(g, -g)`, `(g * v, g * u)`, `(g / v, -g * u / v**2)`"),
        gates, make=gate_cases),
    Function(
        "4.2", "max_gate", 2, 6, ("4.26",), "all to the winner, and a rule at a tie",
        ("Which of the two does the output hear, and what does the other one receive?",
         "Make a table that is true where u wins, ties included, and choose with it three times.",
         "`np.where(u >= v, g, 0)` for u, the other way round for v"),
        max_gate, make=max_cases),
    Value(
        "4.3", "slope_and_paths", 1, 5, ("4.31", "4.30"), "branches add, paths are counted",
        ("How many arrows leave x, and how many leave a?",
         "Three arrows leave x: two to a, one to b. Two leave a: each way to a goes on in two.",
         "g_b is 1, g_a is 1 + x, g_x is g_a (x + x) + g_b a."),
        [16, 5]),
    Function(
        "4.4", "branches", 2, 6, ("4.4",), "fan-out: a sum of upstream times local",
        ("How fast does the sine of 3x grow with x? And what if five such nodes hear x?",
         "Each branch gives its own gradient from above times its own slope, and they add.",
         "sum over k of `g[k] * w[k] * np.cos(w[k] * x)`"),
        lambda x, w, g: (w * g) @ np.cos(w * x), make=branch_cases),
    Order(
        "4.5", "order", 2, 8, ("4.30", "4.22"), "a node hands on only what is complete",
        ("Which node may speak only after three others have paid in?",
         "p has three branches: B, D and G must all come before p hands on. And q must have its "
         "gradient before it hands on.",
         "C before A and B; B, D, G before E and F; the rest is free."),
        "CBDGEFA", before=("CA", "CB", "BE", "BF", "DE", "DF", "GE", "GF")),
    Function(
        "4.6", "topological_order", 3, 12, ("4.29",), "parents first, each node once",
        ("If the output let all its parents go first, and they did the same, who would be first?",
         "Ask the output to get in line: a node that is not there yet first lets each parent get "
         "in line, then goes in itself.",
         "`for parent in parents[node]: get_in_line(parent)`, then `order.append(node)`"),
        ancestors_in_rounds, make=order_cases, measure=measure_order),
    Function(
        "4.7", "backward", 4, 14, ("4.30", "4.22"), "one sweep back, with sums over branches",
        ("Which node knows its gradient before anything was computed?",
         "The output has 1, all others 0. Walk from the end; each node pays every parent upstream "
         "times local, and payments add up.",
         "`g[p] += g[v] * slope` for `p, slope in zip(parents[v], local[v])`"),
        gradients_by_matrix, make=backward_cases),
    Function(
        "4.8", "both_passes", 3, 12, ("4.22",), "two nodes with two branches each",
        ("How often do x and t stand in the line, and in which nodes?",
         "Both feed the product and the sum. So both have two branches, and z hears only t.",
         "with p the product and s the sum: `g_p = 1 / s`, `g_s = -p / s**2`, "
         "`g_t = g_p * x + g_s`"),
        both_passes, make=expression_cases),
    Choice(
        "4.9", "wrong_line", 1, 6, ("4.19",), "each branch takes the gradient at its own tip",
        ("In each product, does the first fraction end where the second begins?",
         "A product follows one path: what stands below the line on the left stands above it on "
         "the right.",
         "A path by way of e takes dy/de times de/da."),
        "C", erratum="A27", options=("A", "B", "C", "D")),
    Function(
        "4.10", "worked_example", 3, 10, ("4.19", "4.18", "4.20", "4.21"),
        "the whole example, every branch with its own tip",
        ("How many branches has each of the nodes a, b, c, x, z?",
         "Three, two, one, two, one. Begin with c, and use each gradient again.",
         "`g_a = np.exp(a) + 1 / b - c / a**2`, `g_b = -a / b**2 + g_c * np.cos(b)`"),
        worked_example, make=worked_cases, kind="find", erratum="A27"),
]
