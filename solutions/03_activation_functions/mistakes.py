"""Sheet 03: wrong answers that students give, and the sentence each of them earns."""

import math

import numpy as np

from grading.spec import Mistake

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(Z):
    t = np.exp(-np.abs(Z))
    return np.where(Z >= 0, 1, t) / (1 + t)


def sigmoid_prime(Z):
    return sigmoid(Z) * (1 - sigmoid(Z))


def Phi(Z):  # noqa: N802
    return 0.5 * (1 + erf(Z / np.sqrt(2)))


def phi(Z):
    return np.exp(-(Z**2) / 2) / np.sqrt(2 * np.pi)


def twin(Z):
    with np.errstate(all="ignore"):
        A = np.exp(Z) / (1 + np.exp(Z))
    return A, A * (1 - A)


SIGMOID = [
    Mistake("slope taken at the answer", lambda Z: (sigmoid(Z), sigmoid_prime(sigmoid(Z))),
            "The slope is computed at the activation: a (1 - a) takes the sigmoid once, not twice.",
            "at-activation"),
    Mistake("overflow on the right", twin,
            "e^1000 over 1 + e^1000 is no number: right of 0 use e^-z, which is small.", "nan"),
    Mistake("second factor forgotten", lambda Z: (sigmoid(Z), sigmoid(Z)),
            "The slope is a (1 - a): the second factor is missing."),
    Mistake("turned round", lambda Z: (sigmoid(-Z), sigmoid_prime(Z)),
            "This falls from 1 to 0: the exponent needs its minus."),
    Mistake("sign of the slope", lambda Z: (sigmoid(Z), -sigmoid_prime(Z)),
            "The slope is positive: two minus signs cancel, that of the power and that of e^-z.",
            "sign"),
    Mistake("slope of the tanh", lambda Z: (sigmoid(Z), 1 - sigmoid(Z) ** 2),
            "1 - a² belongs to the tanh. For the sigmoid it is a - a²."),
    Mistake("slope and value swapped", lambda Z: (sigmoid_prime(Z), sigmoid(Z)),
            "The activations come first, then the slopes."),
]

FACTOR = [
    Mistake("slopes added", 0.75, "You add the slopes. A nudge passes one unit after the other: "
            "multiply.", "constant-factor"),
    Mistake("one unit only", 0.25, "This is what one unit does. There are three.",
            "constant-factor"),
    Mistake("answers multiplied", 0.125, "½ is the answer at 0, not the slope there.",
            "constant-factor"),
    Mistake("two units", 1 / 16, "This is right for two units: one more.", "constant-factor"),
    Mistake("nothing is lost", 1.0, "A nudge is not passed on whole: the sigmoid's slope is ¼ at "
            "most.", "constant-factor"),
]

LEAKY = [
    Mistake("maximum", lambda Z, alpha: (np.maximum(alpha * Z, Z), np.where(Z > 0, 1.0, alpha)),
            "max(αz, z) holds for α up to 1 only: choose by the sign of z."),
    Mistake("no leak in the slope",
            lambda Z, alpha: (np.where(Z > 0, Z, alpha * Z), np.where(Z > 0, 1.0, 0.0)),
            "The slope on the left is that of the ReLU: here it is alpha.", "negative"),
    Mistake("slope multiplied by z",
            lambda Z, alpha: (np.where(Z > 0, Z, alpha * Z), np.where(Z > 0, 1.0, alpha * Z)),
            "αz is the value on the left. Its slope is α."),
    Mistake("flat on the left",
            lambda Z, alpha: (np.where(Z > 0, Z, alpha), np.where(Z > 0, 1.0, alpha)),
            "The left side is a constant: there stands alpha where alpha times z belongs."),
    Mistake("sides swapped",
            lambda Z, alpha: (np.where(Z < 0, Z, alpha * Z), np.where(Z < 0, 1.0, alpha)),
            "The leak is on the right: alpha belongs to negative sums."),
    Mistake("wrong way up", lambda Z, alpha: (np.where(Z > 0, Z, -alpha * Z),
                                              np.where(Z > 0, 1.0, -alpha)),
            "The left side rises to the left: the value for a negative z is negative.", "sign"),
]


def elu(Z, alpha):
    return np.where(Z > 0, Z, alpha * np.expm1(np.minimum(Z, 0)))


def elu_prime(Z, alpha):
    return np.where(Z > 0, 1.0, alpha * np.exp(np.minimum(Z, 0)))


def digits_lost(Z, alpha):
    A = np.where(Z > 0, Z, alpha * (np.exp(np.minimum(Z, 0)) - 1))
    return A, elu_prime(Z, alpha)


def overflow(Z, alpha):
    left, right = np.exp(Z) * (Z <= 0), Z * (Z > 0)
    return right + alpha * (left - (Z <= 0)), (Z > 0) + alpha * left


ELU = [
    Mistake("alpha forgotten in the slope",
            lambda Z, alpha: (elu(Z, alpha), np.where(Z > 0, 1.0, np.exp(np.minimum(Z, 0)))),
            "The slope on the left has lost alpha: it multiplies the exponential.", "negative"),
    Mistake("the value as the slope",
            lambda Z, alpha: (elu(Z, alpha), np.where(Z > 0, 1.0, alpha * np.expm1(
                np.minimum(Z, 0)))),
            "The -1 is a constant: it has no slope. Left of 0 the slope is α e^z.", "negative"),
    Mistake("digits lost near 0", digits_lost,
            "e^z - 1 loses its digits for tiny z: use `np.expm1`."),
    Mistake("a wild branch multiplied by 0", overflow,
            "Infinity times 0 is no number: cut z at 0 before you raise e to it."),
    Mistake("alpha in the exponent",
            lambda Z, alpha: (np.where(Z > 0, Z, np.expm1(alpha * np.minimum(Z, 0))),
                              elu_prime(Z, alpha)),
            "Alpha stands in the exponent. It is the height to which the left side sinks: a "
            "factor in front."),
    Mistake("no -1", lambda Z, alpha: (np.where(Z > 0, Z, alpha * np.exp(np.minimum(Z, 0))),
                                       elu_prime(Z, alpha)),
            "Without the -1 the left side ends at alpha, and the function jumps at 0."),
    Mistake("leaky", lambda Z, alpha: (np.where(Z > 0, Z, alpha * Z), np.where(Z > 0, 1.0, alpha)),
            "This is the leaky ReLU. ELU bends on the left, and levels off at -alpha."),
]


def softplus(Z):
    return np.maximum(0, Z) + np.log1p(np.exp(-np.abs(Z)))


def plain_softplus(Z):
    with np.errstate(all="ignore"):
        return np.log(1 + np.exp(Z)), sigmoid(Z)


def plain_slope(Z):
    with np.errstate(all="ignore"):
        return softplus(Z), np.exp(Z) / (1 + np.exp(Z))


SOFTPLUS = [
    Mistake("overflow", plain_softplus,
            "At 1000 this is infinite, and the answer is 1000: take max(0, z) out first, (3.24).",
            "nan"),
    Mistake("overflow in the slope", plain_slope,
            "The slope overflows: infinity over infinity. Use the safe sigmoid.", "nan"),
    Mistake("the slope of the ReLU", lambda Z: (softplus(Z), (Z > 0) * 1.0),
            "This is a step. The slope of the softplus is the soft step, the sigmoid."),
    Mistake("the bump alone", lambda Z: (np.log1p(np.exp(-np.abs(Z))), sigmoid(Z)),
            "This is the bump at the corner. The ReLU under it is missing."),
    Mistake("inner derivative forgotten", lambda Z: (softplus(Z), sigmoid(-Z)),
            "1 / (1 + e^z) is the slope of the logarithm alone: its inside moves, too, by e^z."),
    Mistake("bump without the absolute value",
            lambda Z: (np.maximum(0, Z) + np.log1p(np.exp(np.minimum(-Z, 700))), sigmoid(Z)),
            "The bump needs |z|: left of 0, e^-z is large."),
    Mistake("one derivative too many", lambda Z: (softplus(Z), sigmoid_prime(Z)),
            "This is the slope of the sigmoid. The slope of the softplus is the sigmoid itself."),
]


def swish(slope, gate=lambda Z, beta: sigmoid(beta * Z)):
    return lambda Z, beta: (Z * gate(Z, beta), slope(Z, beta, sigmoid(beta * Z)))


SWISH = [
    Mistake("the gate held still", swish(lambda Z, beta, S: S),
            "Only the message moves here. The gate moves as well: a second term."),
    Mistake("the message held still", swish(lambda Z, beta, S: beta * Z * S * (1 - S)),
            "Only the gate moves here. The message moves as well: add the gate itself."),
    Mistake("beta forgotten in the slope", swish(lambda Z, beta, S: S + Z * S * (1 - S)),
            "The inner derivative of σ(βz) is β: it multiplies the second term."),
    Mistake("z forgotten", swish(lambda Z, beta, S: S + beta * S * (1 - S)),
            "The second term is the message z times the slope of the gate: z is missing."),
    Mistake("beta forgotten in the gate",
            lambda Z, beta: (Z * sigmoid(Z), sigmoid(Z) + Z * sigmoid_prime(Z)),
            "The gate does not know beta: it is the sigmoid of beta times z."),
    Mistake("slope of the gate alone", swish(lambda Z, beta, S: beta * S * (1 - S)),
            "This is the slope of the gate. Swish is a product: it needs the product rule."),
    Mistake("sign in the second term", swish(lambda Z, beta, S: S - beta * Z * S * (1 - S)),
            "The second term is added: a wider gate lets more of the message through."),
]

GELU = [
    Mistake("height for area", lambda Z: (Z * phi(Z), phi(Z) - Z**2 * phi(Z)),
            "You multiply z by the bell φ. GELU takes the area under it, capital Φ."),
    Mistake("the area held still", lambda Z: (Z * Phi(Z), Phi(Z)),
            "Only z moves here. Φ(z) moves as well: add z φ(z)."),
    Mistake("z forgotten", lambda Z: (Z * Phi(Z), Phi(Z) + phi(Z)),
            "The second term is z times φ(z): z is missing."),
    Mistake("root of 2 forgotten",
            lambda Z: (Z * 0.5 * (1 + erf(Z)), 0.5 * (1 + erf(Z)) + Z * phi(Z)),
            "`erf` wants z over the root of 2: else the bell is too narrow."),
    Mistake("half forgotten", lambda Z: (Z * (1 + erf(Z / np.sqrt(2))),
                                         1 + erf(Z / np.sqrt(2)) + Z * phi(Z)),
            "1 + erf runs from 0 to 2. An area under the bell ends at 1: halve it.",
            "constant-factor"),
    Mistake("bell not normed", lambda Z: (Z * Phi(Z), Phi(Z) + Z * np.exp(-(Z**2) / 2)),
            "The bell has lost its factor 1/√(2π): its area is not 1."),
    Mistake("sigmoid in place of the area",
            lambda Z: (Z * sigmoid(1.702 * Z),
                       sigmoid(1.702 * Z) + 1.702 * Z * sigmoid_prime(1.702 * Z)),
            "This is an approximation by a swish. Here the exact Φ is asked for."),
]


def units(mask):
    return [int(j) for j in np.flatnonzero(mask)]


DEAD = [
    Mistake("silent once is enough",
            lambda X, W, b: units((X @ W.T + b <= 0).any(axis=0)),
            "A unit that is silent on one example still learns from the others: ask for all."),
    Mistake("mean below 0", lambda X, W, b: units((X @ W.T + b).mean(axis=0) <= 0),
            "A negative mean is not silence: one positive sum is enough to learn."),
    Mistake("the living listed", lambda X, W, b: units((X @ W.T + b > 0).any(axis=0)),
            "These units are alive: turn the condition round."),
    Mistake("bias forgotten", lambda X, W, b: units((X @ W.T <= 0).all(axis=0)),
            "The bias is missing in the sums, and it is what kills most units."),
    Mistake("examples in place of units", lambda X, W, b: units((X @ W.T + b <= 0).all(axis=1)),
            "These are examples on which all units are silent: look down the columns, axis 0."),
    Mistake("a mask", lambda X, W, b: (X @ W.T + b <= 0).all(axis=0),
            "This says yes or no for each unit. Return the numbers of the dead ones."),
    Mistake("counted", lambda X, W, b: int((X @ W.T + b <= 0).all(axis=0).sum()),
            "This is how many are dead. Return which."),
    Mistake("a sum of 0 counted as alive", lambda X, W, b: units((X @ W.T + b < 0).all(axis=0)),
            "At a sum of exactly 0 the ReLU sends back 0, by convention: that is silence, too."),
]

ORDER = [
    Mistake("sums overwritten too early", "FBEDAC",
            "E writes over the sums, and D still needs them: the slope takes z, not a."),
    Mistake("slope before the gate", "FDBEAC", "D needs `S`, and that is made in B."),
    Mistake("gate of nothing", "BFDEAC", "B needs the sums, and they are made in F."),
    Mistake("weights before delta", "FBDECA", "C needs `delta`, and that is made in A."),
]

HARD = [
    Mistake("as printed", lambda Z: (np.where(Z < -1, -1.0, np.where(Z > 1, 1.0, 0.0)),
                                     np.zeros(Z.shape)),
            "This is the printed one: flat in the middle, with a jump at both edges. The middle "
            "piece is z."),
    Mistake("middle mended, slope not", lambda Z: (np.clip(Z, -1, 1), np.zeros(Z.shape)),
            "The slope is still 0 everywhere: in the middle it is 1.", "all-zero"),
    Mistake("slope outside", lambda Z: (np.clip(Z, -1, 1), np.where(np.abs(Z) > 1, 1.0, 0.0)),
            "The two slopes have changed places: the middle rises, the ends are flat."),
    Mistake("never cut", lambda Z: (Z.copy(), np.ones(Z.shape)),
            "Without the flat ends this is a straight line, and layers collapse."),
    Mistake("cut at 0", lambda Z: (np.clip(Z, 0, 1), ((Z > 0) & (Z < 1)) * 1.0),
            "You cut at 0 and 1. The hard tanh reaches from -1 to 1."),
    Mistake("slope of the tanh", lambda Z: (np.clip(Z, -1, 1), 1 - np.tanh(Z) ** 2),
            "This is the slope of the smooth tanh. A straight piece has one slope."),
    Mistake("the smooth one", lambda Z: (np.tanh(Z), 1 - np.tanh(Z) ** 2),
            "This is tanh. The hard one is made of straight pieces."),
]

MISTAKES = {"3.1": SIGMOID, "3.2": FACTOR, "3.3": LEAKY, "3.4": ELU, "3.5": SOFTPLUS,
            "3.6": SWISH, "3.7": GELU, "3.8": DEAD, "3.9": ORDER, "3.10": HARD}
