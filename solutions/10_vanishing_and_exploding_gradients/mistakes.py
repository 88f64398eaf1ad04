"""Sheet 10: the wrong answers students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake
from nnlib.activations import sigmoid, sigmoid_prime, tanh, tanh_prime

CHAIN = [
    Mistake("first weight as well", lambda w, z: np.prod(w) * np.prod(sigmoid_prime(z)),
            "The first weight is in there. The first bias enters behind it."),
    Mistake("slope taken at the answer",
            lambda w, z: np.prod(w[1:]) * np.prod(sigmoid_prime(sigmoid(z))),
            "f' takes the sums z, and you give it the answers."),
    Mistake("bends forgotten", lambda w, z: np.prod(w[1:]),
            "Only weights: every layer bends, and its slope is a factor."),
    Mistake("weights forgotten", lambda w, z: np.prod(sigmoid_prime(z)),
            "Only bends: from layer to layer the change is multiplied by a weight."),
    Mistake("last bend forgotten", lambda w, z: np.prod(w[1:]) * np.prod(sigmoid_prime(z[:-1])),
            "The last bend is missing: asked is the slope of the last answer, not of its sum."),
    Mistake("sign lost", lambda w, z: np.prod(np.abs(w[1:])) * np.prod(sigmoid_prime(z)),
            "The size is right, the sign is lost: a negative weight turns the slope round."),
    Mistake("sum of logarithms",
            lambda w, z: np.log(np.abs(w[1:])).sum() + np.log(sigmoid_prime(z)).sum(),
            "This is the logarithm of the slope, (10.3). Asked is the slope."),
]

BEST = [
    Mistake("all three weights", 1 / 8, "The first weight is not on the way: the bias enters "
            "behind it."),
    Mistake("bends alone", 1 / 64, "Three bends of a quarter; but two weights of 2 lie on the "
            "way as well."),
    Mistake("answers in place of slopes", 1 / 2, "A sigmoid's answer at 0 is 1/2, its slope "
            "is 1/4."),
    Mistake("weights alone", 4.0, "These are the weights alone. Each bend takes a factor of "
            "4 away."),
]

XAVIER = [
    Mistake("variance in place of the bound", lambda D_in, D_out: 2 / (D_in + D_out),
            "This is the variance. Between -r and r it is r²/3; solve that for r."),
    Mistake("standard deviation", lambda D_in, D_out: np.sqrt(2 / (D_in + D_out)),
            "This is the standard deviation. A uniform law reaches √3 times as far."),
    Mistake("units below alone", lambda D_in, D_out: np.sqrt(3 / D_in),
            "Only the units below count here. Xavier takes both directions into account."),
    Mistake("units above alone", lambda D_in, D_out: np.sqrt(3 / D_out),
            "Only the units above count here. Xavier takes both directions into account."),
    Mistake("root forgotten", lambda D_in, D_out: 6 / (D_in + D_out),
            "This is r². Take the root."),
    Mistake("product of the widths", lambda D_in, D_out: np.sqrt(6 / (D_in * D_out)),
            "You multiply the widths; the compromise has their sum."),
]

HE = [
    Mistake("variance in place of deviation", lambda draws: draws * 2 / draws.shape[1],
            "You multiply by the variance. A factor on a number is squared in its variance."),
    Mistake("units above", lambda draws: draws * np.sqrt(2 / draws.shape[0]),
            "You divide by the units above. A sum on the way up runs over the units below."),
    Mistake("LeCun", lambda draws: draws * np.sqrt(1 / draws.shape[1]),
            "This is LeCun's. The ReLU loses half of the squares: 2 makes up for it."),
    Mistake("Xavier", lambda draws: draws * np.sqrt(2 / sum(draws.shape)),
            "This is Xavier's. He asks for the way up alone, with the ReLU."),
    Mistake("all weights counted", lambda draws: draws * np.sqrt(2 / draws.size),
            "You count all weights. One sum has only as many as there are units below."),
    Mistake("four in place of two", lambda draws: draws * 2 / np.sqrt(draws.shape[1]),
            "The 2 belongs under the root."),
]


def _deltas(X, W, U, bend=tanh_prime, last=True, down=lambda d, W_l: d @ W_l, turn=False):
    Z, A = [], X
    for W_l in W:
        Z.append(A @ W_l.T)
        A = tanh(Z[-1])
    found = [U * (tanh_prime(Z[-1]) if last else 1.0)]
    for l in range(len(W) - 1, 0, -1):
        found.insert(0, down(found[0], W[l]) * bend(Z[l - 1]))
    return found[::-1] if turn else found


DELTAS = [
    Mistake("last bend forgotten", lambda X, W, U: _deltas(X, W, U, last=False),
            "U is the gradient for the last answers. δ belongs to the sums: multiply by f'(Z)."),
    Mistake("no bend on the way down", lambda X, W, U: _deltas(X, W, U, bend=np.ones_like),
            "The last δ is right. Further down the slopes of the bends are missing."),
    Mistake("slope taken at the answer",
            lambda X, W, U: _deltas(X, W, U, bend=lambda Z: tanh_prime(tanh(Z))),
            "The last δ is right. Further down you give f' the answers in place of the sums."),
    Mistake("tanh in place of its slope", lambda X, W, U: _deltas(X, W, U, bend=tanh),
            "The last δ is right. Further down you multiply by tanh(Z); its slope is 1 - tanh²."),
    Mistake("last layer first", lambda X, W, U: _deltas(X, W, U, turn=True),
            "The list is the wrong way round: the first layer comes first."),
    Mistake("last layer alone", lambda X, W, U: _deltas(X, W, U)[-1:],
            "Only the last layer is there: go on down to the first."),
    Mistake("divided by B", lambda X, W, U: [d / len(X) for d in _deltas(X, W, U)],
            "There is no mean here: what 1/B there is comes with U."),
]


def _size(delta):
    return np.sqrt(np.mean(delta**2))


DEPTH = [
    Mistake("one layer too many",
            lambda found: (_size(found[0]) / _size(found[-1])) ** (1 / len(found)),
            "Between N layers there are N - 1 steps."),
    Mistake("upside down",
            lambda found: (_size(found[-1]) / _size(found[0])) ** (1 / (len(found) - 1)),
            "This is the factor on the way up. The gradient goes down: first over last."),
    Mistake("no root", lambda found: _size(found[0]) / _size(found[-1]),
            "This is the factor of all layers together. Asked is the factor of one."),
    Mistake("divided by the steps",
            lambda found: _size(found[0]) / _size(found[-1]) / (len(found) - 1),
            "Factors multiply: take a root, do not divide."),
    Mistake("length in place of the mean square",
            lambda found: (np.linalg.norm(found[0]) / np.linalg.norm(found[-1]))
            ** (1 / (len(found) - 1)),
            "The length grows with the width of a layer. Take the root mean square."),
    Mistake("mean square without the root",
            lambda found: (_size(found[0]) / _size(found[-1])) ** (2 / (len(found) - 1)),
            "You compare mean squares. Their root is missing, so the factor is squared."),
]

MOMENTS = [
    Mistake("probabilities forgotten", lambda a, p: (np.mean(a), np.var(a)),
            "You count every value the same. Weigh it with its probability."),
    Mistake("mean square", lambda a, p: (np.sum(p * a), np.sum(p * a**2)),
            "The second number is the mean square. A variance is counted from the mean."),
    Mistake("standard deviation",
            lambda a, p: (np.sum(p * a), np.sqrt(np.sum(p * (a - np.sum(p * a)) ** 2))),
            "The second number is the standard deviation. The variance is its square."),
    Mistake("divided by the number of values",
            lambda a, p: (np.mean(p * a), np.mean(p * (a - np.sum(p * a)) ** 2)),
            "The probabilities sum to 1 already: sum, and do not divide again."),
    Mistake("exchanged",
            lambda a, p: (np.sum(p * (a - np.sum(p * a)) ** 2), np.sum(p * a)),
            "The two are exchanged: first the mean, then the variance."),
    Mistake("probabilities squared",
            lambda a, p: (np.sum(p * a), np.sum((p * (a - np.sum(p * a))) ** 2)),
            "You square the probabilities as well. Only the deviation is squared."),
]


def cut_in_place(g, c):
    g[g > c], g[g < -c] = c, -c
    return g


VALUE = [
    Mistake("upper side alone", lambda g, c: np.minimum(g, c),
            "Only the upper side is cut: very negative entries remain."),
    Mistake("lower side alone", lambda g, c: np.maximum(g, -c),
            "Only the lower side is cut: very large entries remain."),
    Mistake("set to 0", lambda g, c: np.where(np.abs(g) > c, 0.0, g),
            "Entries that are too large become c or -c, not 0."),
    Mistake("sign lost", lambda g, c: np.minimum(np.abs(g), c),
            "The sizes are right, the signs are lost."),
    Mistake("scaled down", lambda g, c: g * min(1.0, c / np.abs(g).max()),
            "You scale all entries. Cutting by value leaves the small ones as they are."),
    Mistake("from 0 to c", lambda g, c: np.clip(g, 0, c),
            "Your interval begins at 0; it begins at -c."),
    Mistake("overwritten", cut_in_place,
            "You change the array you were given; return a new one."),
]


def _length(gradients):
    return np.sqrt(sum(np.sum(g**2) for g in gradients.values())) + 1e-300


def norm_in_place(gradients, limit):
    shrink = min(1.0, limit / _length(gradients))
    for g in gradients.values():
        g *= shrink
    return gradients


def _scaled(factor):
    return lambda gradients, limit: {n: g * factor(gradients, limit) for n, g in gradients.items()}


NORM = [
    Mistake("each array by itself",
            lambda gradients, limit: {n: g * min(1.0, limit / (np.sqrt(np.sum(g**2)) + 1e-300))
                                      for n, g in gradients.items()},
            "Each array has a factor of its own, which turns the direction. Add up all squares "
            "first."),
    Mistake("always scaled", _scaled(lambda g, limit: limit / _length(g)),
            "Short gradients are made longer. The factor is never above 1."),
    Mistake("square of the length", _scaled(lambda g, limit: min(1.0, limit / _length(g) ** 2)),
            "You divide by the square of the length: take the root."),
    Mistake("cut by value",
            lambda gradients, limit: {n: np.clip(g, -limit, limit) for n, g in gradients.items()},
            "This cuts entry by entry, which turns the direction. Scale all with one factor."),
    Mistake("limit forgotten", _scaled(lambda g, limit: min(1.0, 1 / _length(g))),
            "You shorten to the length 1. The length asked for is the limit."),
    Mistake("sum of lengths",
            _scaled(lambda g, limit: min(1.0, limit / (sum(np.linalg.norm(a) for a in g.values())
                                                       + 1e-300))),
            "Lengths do not add up, their squares do."),
    Mistake("overwritten", norm_in_place,
            "You change the arrays you were given; make new ones."),
]

ORDER = [
    Mistake("short road too early", "GECBFDA",
            "D adds to dX, which A then overwrites: first A, then D."),
    Mistake("down before up", "BFAGECD",
            "B needs the sums of the way up: G, E, C come first."),
    Mistake("through the weights before the last bend", "GECFBAD",
            "F needs a delta, and B makes it: the last bend comes first."),
    Mistake("delta of the wrong layer", "GECBAFD",
            "A takes delta through W_1, but it still belongs to layer 2: F comes first."),
]

CLAIM = [
    Mistake("the sigmoid suspected", "A", "(10.1): its slope is at most 1/4, anywhere. A holds."),
    Mistake("He suspected", "B", "(10.6) and (10.8): half of the squares, twice the variance. "
            "B holds."),
    Mistake("clipping suspected", "D", "(10.21): one factor for all entries. D holds."),
]

MISTAKES = {"10.1": CHAIN, "10.2": BEST, "10.3": XAVIER, "10.4": HE, "10.5": DELTAS,
            "10.6": DEPTH, "10.7": MOMENTS, "10.8": VALUE, "10.9": NORM, "10.10": ORDER,
            "10.11": CLAIM}
