"""Sheet 10: what is asked, on which cases, and what is right (by other routes)."""

import numpy as np

from grading.spec import Case, Choice, Function, Order, Value


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def chain_slope(w, z):
    logs = np.sum(np.log(np.abs(w[1:]))) - np.sum(np.logaddexp(0, z) + np.logaddexp(0, -z))
    return np.prod(np.sign(w[1:])) * np.exp(logs)


def chain_cases(rng):
    for name, N in [("5 layers", 5), ("one layer", 1), ("two layers", 2)]:
        yield Case(name, (2 * rng.normal(size=N), rng.normal(size=N)))
    yield Case("one negative weight", (np.array([2.0, -1.5, 1.0, 3.0]), rng.normal(size=4)))
    yield Case("saturated sums", (rng.normal(size=4), rng.choice([-9.0, 9.0], 4)))


def size_cases(rng):
    for name, low, high in [("a small layer", 2, 9), ("a wide layer", 100, 900)]:
        D_in, D_out = (int(D) for D in rng.choice(np.arange(low, high), 2, replace=False))
        yield Case(name, (D_in, D_out))
    yield Case("one unit below", (1, int(rng.integers(5, 50))))
    yield Case("one unit above", (int(rng.integers(5, 50)), 1))


def draw_cases(rng):
    sizes = [("4 units over 3", 4, 3), ("one unit over 7", 1, 7), ("6 units over one", 6, 1),
             ("as many above as below", 4, 4)]
    for name, D_out, D_in in sizes:
        yield Case(name, (rng.normal(size=(D_out, D_in)),))


def deltas(X, W, U):
    """Go up one layer and come down again, by calling yourself."""
    A = np.tanh(np.einsum("ik,jk->ij", X, W[0]))
    above = deltas(A, W[1:], U) if len(W) > 1 else []
    dA = np.einsum("ij,jk->ik", above[0], W[1]) if above else U
    return [dA * (1 - A**2), *above]


def delta_cases(rng):
    sizes = [("three layers, 5 examples", 5, 3, 4, 5, 2), ("one example", 1, 2, 4, 3),
             ("one layer", 6, 4, 3), ("one unit a layer", 4, 1, 1, 1),
             ("equal layers, as many examples", 3, 3, 3, 3, 3)]
    for name, B, *D in sizes:
        W = [rng.normal(size=(D[l + 1], D[l])) for l in range(len(D) - 1)]
        yield Case(name, (rng.normal(size=(B, D[0])), W, rng.normal(size=(B, D[-1]))))


def depth_factor(found):
    logs = [np.log(np.mean(np.square(delta))) / 2 for delta in found]
    return np.exp((logs[0] - logs[-1]) / (len(found) - 1))


def found_cases(rng):
    for name, N, factor in [("6 layers that fade", 6, 0.4), ("two layers", 2, 0.7),
                            ("5 layers that grow", 5, 1.6)]:
        yield Case(name, ([rng.normal(size=(4, 3)) * factor**-l for l in range(N)],))
    yield Case("layers of different width",
               ([rng.normal(size=(4, D)) for D in (9, 5, 7, 2)],))
    yield Case("one number a layer", ([rng.normal(size=(1, 1)) for _ in range(4)],))


def moments(a, p):
    mean = np.dot(p, a)
    return mean, np.dot(p, a * a) - mean**2


def moment_cases(rng):
    sizes = [("7 values", 7, 0.0), ("two values", 2, 1.0), ("a mean far off", 5, 3.0)]
    for name, T, shift in sizes:
        p = rng.uniform(0.1, 1, T)
        yield Case(name, (rng.normal(shift, 1, T), p / p.sum()))
    yield Case("one value", (rng.normal(size=1), np.ones(1)))


def value_cases(rng):
    for name, size in [("a matrix", (3, 4)), ("a row", 5), ("one entry", (1, 1))]:
        yield Case(name, (3 * rng.normal(size=size), rng.uniform(0.5, 2)))
    yield Case("only negative", (-rng.uniform(1, 5, 6), 2.0))
    yield Case("all are small", (rng.uniform(-1, 1, (2, 3)), 1.5))


def clip_by_norm(gradients, limit):
    length = np.linalg.norm(np.concatenate([np.ravel(g) for g in gradients.values()]))
    return {name: g * min(1.0, limit / max(length, 1e-300)) for name, g in gradients.items()}


def norm_cases(rng):
    g = {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=3)}
    yield Case("too long", (g, rng.uniform(0.5, 1.0)))
    yield Case("short enough", (g, rng.uniform(50, 90)))
    yield Case("one array", ({"b": 9 + rng.uniform(size=2)}, rng.uniform(2, 3)))
    many = {f"{l}.W": rng.normal(size=(3, 3)) for l in range(5)}
    yield Case("each short, together too long", (many, 6 + rng.uniform()))
    yield Case("a gradient of 0", ({"W": np.zeros((2, 3))}, 1.0))


QUESTIONS = [
    Function(
        "10.1", "chain_slope", 3, 9, ("10.3", "10.2"), "which factors lie on the way",
        ("Which weights and which bends does the first bias meet on its way to the end?",
         "It enters behind the first weight. From there it meets every bend, and every weight "
         "but the first.",
         "`np.prod(w[1:]) * np.prod(sigmoid_prime(z))`"),
        chain_slope, make=chain_cases),
    Value(
        "10.2", "best_slope", 1, 4, ("10.2",), "at most 1/4 a sigmoid, even unsaturated",
        ("How steep is a sigmoid where its sum is zero, and how many weights are met?",
         "Each of three bends gives a quarter. The weights of the second and third layer are on "
         "the way, the first is not.",
         "`(1/4)**3 * 2 * 2`"),
        1 / 16),
    Function(
        "10.3", "xavier_bound", 2, 6, ("10.12", "10.11"), "variance of a uniform law",
        ("What is the variance of a law that is even between two bounds?",
         "It is r squared over 3. Xavier asks for the variance 2 over the sum of both widths.",
         "`np.sqrt(6 / (D_in + D_out))`"),
        lambda D_in, D_out: (3 * 2 / (D_in + D_out)) ** 0.5, make=size_cases),
    Function(
        "10.4", "he_weights", 2, 6, ("10.13",), "variance against standard deviation, fan-in",
        ("By what do you multiply a number to multiply its variance by v?",
         "By the root of v. A sum runs over the units below, and the ReLU halves the squares.",
         "`draws * np.sqrt(2 / draws.shape[1])`"),
        lambda draws: draws / (np.ones(draws.shape[1]).sum() / 2) ** 0.5, make=draw_cases),
    Function(
        "10.5", "deltas", 4, 16, ("10.4",), "up keeping the sums, down through bends and weights",
        ("What must the way up keep, so that the way down can bend?",
         "Keep the sums of every layer. The last delta is U times the slope there. One layer "
         "further down: through the weights, then through the bend.",
         "`(delta @ W[l]) * tanh_prime(Z[l - 1])`"),
        deltas, make=delta_cases),
    Function(
        "10.6", "depth_factor", 3, 8, ("10.3", "10.4"), "a factor per layer, widths left out",
        ("How many layers does the gradient cross between the last and the first?",
         "One fewer than there are. Take the root of that order of first over last, both as root "
         "mean squares.",
         "`(first / last) ** (1 / (len(found) - 1))`"),
        depth_factor, make=found_cases),
    Function(
        "10.7", "moments", 2, 6, ("10.15",), "mean and variance under given probabilities",
        ("From where are the deviations of a variance counted?",
         "From the mean. Each value counts with its probability, and these sum to 1 already.",
         "`mean = np.sum(p * a)`, then `np.sum(p * (a - mean) ** 2)`"),
        moments, make=moment_cases),
    Function(
        "10.8", "clip_by_value", 1, 4, ("10.19",), "both sides, entry by entry, a new array",
        ("What becomes of an entry far below zero?",
         "It is lifted to -c. An entry above c is lowered to c, and the others stay.",
         "`np.maximum(-c, np.minimum(g, c))`"),
        lambda g, c: np.clip(g, -c, c), make=value_cases),
    Function(
        "10.9", "clip_by_norm", 3, 10, ("10.20", "10.21"), "one factor for all arrays, at most 1",
        ("How many factors does a network need so that its gradient keeps its direction?",
         "One, for all arrays together. Add up all squares first. The factor is never above 1.",
         "`shrink = min(1, limit / length)`, with length the root of all squares"),
        clip_by_norm, make=norm_cases),
    Order(
        "10.10", "order", 2, 8, ("10.23", "10.4"), "two roads back, the long one and the short",
        ("Where do the two roads from X part, and where do they meet on the way back?",
         "Up first. Then down the long road to X, and there the short road adds U.",
         "G, E, C, B, F, A, D"),
        "GECBFAD"),
    Choice(
        "10.11", "wrong_claim", 1, 4, ("10.9", "10.13"), "weights can make a gradient vanish too",
        ("Which claim speaks of the bend alone and forgets the weights?",
         "A gradient crosses bends and weights. A slope of 1 does not help if the weights shrink.",
         "By (10.9) a layer passes on half of the squares, times a variance that you choose."),
        "C", erratum="B7", options=("A", "B", "C", "D")),
]
