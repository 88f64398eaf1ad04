"""Sheet 08: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def sigmoid(z):
    t = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, t) / (1.0 + t)


def softmax(Z, axis=1):
    E = np.exp(Z - Z.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def log_softmax(Z):
    S = Z - Z.max(axis=1, keepdims=True)
    return S - np.log(np.exp(S).sum(axis=1, keepdims=True))


FACTOR = [
    Mistake("half in the loss", 0.2, "This loss has no half: the 2 of the square stays.",
            "constant-factor"),
    Mistake("outputs forgotten", 2.0, "The mean goes over the 5 outputs as well: divide by D.",
            "missing-mean"),
    Mistake("mean twice over the batch", 0.05,
            "1/B is there already: what is missing is 2 / D, not 2 / (B D).", "missing-mean"),
    Mistake("turned round", 2.5, "This leads from the right gradient to the wrong one: D / 2.",
            "constant-factor"),
    Mistake("the same", 1.0, "Without the half and with a mean over outputs it is another loss.",
            "constant-factor"),
]

SOFTMAX = [
    Mistake("no shift", lambda Z: np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True),
            "The exponential overflows: take the largest logit of the row off first."),
    Mistake("largest of the whole batch",
            lambda Z: np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum(axis=1, keepdims=True),
            "The largest logit of the batch is taken off, and a row far below it vanishes: each "
            "row has a largest of its own."),
    Mistake("over the examples", lambda Z: softmax(Z, axis=0),
            "The columns sum to 1: a row is an example, so sum along axis 1."),
    Mistake("over everything",
            lambda Z: np.exp(Z - Z.max()) / np.exp(Z - Z.max()).sum(),
            "The whole table sums to 1: each row is a distribution of its own."),
    Mistake("smallest taken off", lambda Z: np.exp(Z - Z.min(axis=1, keepdims=True))
            / np.exp(Z - Z.min(axis=1, keepdims=True)).sum(axis=1, keepdims=True),
            "The smallest logit is taken off, so the others still overflow: take the largest."),
    Mistake("a sigmoid for each class", sigmoid,
            "Each class has its own sigmoid: the rows do not sum to 1, nobody competes."),
    Mistake("shift without exponential", lambda Z: (Z - Z.min(axis=1, keepdims=True))
            / (Z - Z.min(axis=1, keepdims=True)).sum(axis=1, keepdims=True),
            "The logits themselves are divided by their sum: exponentials first."),
]


def not_added_again(Z):
    m = Z.max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z - m).sum(axis=1, keepdims=True))


LOG = [
    Mistake("logarithm of the softmax", lambda Z: np.log(softmax(Z)),
            "The softmax rounds to 0 before the logarithm sees it: keep the two together."),
    Mistake("a small number inside", lambda Z: np.log(softmax(Z) + 1e-8),
            "The 1e-8 inside the logarithm makes a wrong number of an infinite one."),
    Mistake("shift not added again", not_added_again,
            "Log-sum-exp moves with the shift: shift both parts, or add the largest again."),
    Mistake("no shift", lambda Z: Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)),
            "The exponential overflows: take the largest logit of the row off first."),
    Mistake("over the examples", lambda Z: log_softmax(Z.T).T,
            "The columns are normalised: a row is an example, so sum along axis 1."),
    Mistake("sign turned", lambda Z: -log_softmax(Z),
            "This is -log p. The minus belongs to the loss."),
    Mistake("logarithm to the base 2", lambda Z: log_softmax(Z) / np.log(2),
            "This is the logarithm to the base 2: the natural one is asked for."),
    Mistake("largest logit for log-sum-exp", lambda Z: Z - Z.max(axis=1, keepdims=True),
            "The largest logit alone is taken off: the soft maximum is a little more."),
]


def _picked(Z, labels):
    return log_softmax(Z)[np.arange(len(labels)), labels]


ENTROPY = [
    Mistake("minus forgotten", lambda Z, labels: np.mean(_picked(Z, labels)),
            "A loss below 0: the minus in front is missing.", "sign"),
    Mistake("sum over the batch", lambda Z, labels: -np.sum(_picked(Z, labels)),
            "The sum over the examples: the loss of a batch is their mean."),
    Mistake("every row with every label", lambda Z, labels: -np.mean(log_softmax(Z)[:, labels]),
            "Z[:, labels] takes all labels in every row: pair row i with label i."),
    Mistake("probability without logarithm", lambda Z, labels: -np.mean(np.exp(_picked(Z, labels))),
            "The mean probability is taken: its logarithm counts, example by example."),
    Mistake("logarithm of the mean", lambda Z, labels: -np.log(np.mean(np.exp(_picked(Z, labels)))),
            "The mean is taken before the logarithm: each example has a loss of its own."),
    Mistake("right logit alone",
            lambda Z, labels: -np.mean(Z[np.arange(len(labels)), labels]),
            "The right logit alone is no loss: it is compared with the log-sum-exp of its row."),
    Mistake("mean over the classes too",
            lambda Z, labels: -np.mean(_picked(Z, labels)) / Z.shape[1],
            "Divided by the number of classes as well: one number a row, and the mean over rows."),
    Mistake("logarithm of the softmax",
            lambda Z, labels: -np.mean(np.log(softmax(Z)[np.arange(len(labels)), labels])),
            "Sure and wrong gives infinity: take the logarithm before anything rounds to 0."),
]


def long_road(Z, Y):
    P = softmax(Z)
    dP = -Y / P / len(Y)
    return P * (dP - (P * dP).sum(axis=1, keepdims=True))


def diagonal_alone(Z, Y):
    P = softmax(Z)
    return -Y / P / len(Y) * P * (1 - P)


def unshifted(Z, Y):
    E = np.exp(Z)
    return (E / E.sum(axis=1, keepdims=True) - Y) / len(Y)


GRADIENT = [
    Mistake("sign turned", lambda Z, Y: (Y - softmax(Z)) / len(Y),
            "What was said minus what was true: your sign is turned.", "sign"),
    Mistake("1/B forgotten", lambda Z, Y: softmax(Z) - Y,
            "B times too large: the loss is a mean over the examples.", "missing-mean"),
    Mistake("mean over all entries", lambda Z, Y: (softmax(Z) - Y) / Y.size,
            "Divided by the number of classes as well: the mean goes over examples.",
            "missing-mean"),
    Mistake("diagonal of the softmax alone", diagonal_alone,
            "p (1 - p) is the diagonal alone: every probability hears every logit."),
    Mistake("softmax over the examples", lambda Z, Y: (softmax(Z, axis=0) - Y) / len(Y),
            "The softmax runs over the examples: each row is one, use axis 1."),
    Mistake("target forgotten", lambda Z, Y: softmax(Z) / len(Y),
            "This is the slope of log-sum-exp alone: the right logit has a slope of -1."),
    Mistake("no shift", unshifted,
            "The exponential overflows: take the largest logit of the row off first."),
    Mistake("the long road", long_road,
            "The long road divides by p, and p rounds to 0: take p - y."),
    Mistake("slope of the square", lambda Z, Y: softmax(Z) * (1 - softmax(Z))
            * (softmax(Z) - Y) / len(Y),
            "A slope p (1 - p) too much: with the cross entropy it cancels."),
]


def plain(z, y):
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), (p - y) / len(z)


def clipped(z, y):
    p = np.clip(sigmoid(z), 1e-12, 1 - 1e-12)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), (p - y) / len(z)


def _binary(z, y, L=np.mean, dz=lambda p, y: p - y, B=True, turn=1):
    loss = L(turn * (np.logaddexp(0, z) - y * z))
    return loss, dz(sigmoid(z), y) / (len(z) if B else 1)


BINARY = [
    Mistake("sigmoid first, logarithm after", plain,
            "p rounds to 0 or 1 before the logarithm: fuse the two with the softplus."),
    Mistake("clipped probabilities", clipped,
            "Clipping stops the loss from growing: sure and wrong must cost its logit."),
    Mistake("1/B forgotten in the gradient", lambda z, y: _binary(z, y, B=False),
            "The loss is a mean, and its gradient has 1/B as well.", "missing-mean"),
    Mistake("sum in the loss", lambda z, y: _binary(z, y, L=np.sum),
            "The sum over the examples: the loss of a batch is their mean."),
    Mistake("sign of the gradient", lambda z, y: _binary(z, y, dz=lambda p, y: y - p),
            "What was said minus what was true: the sign of your gradient is turned.", "sign"),
    Mistake("slope of the sigmoid kept",
            lambda z, y: _binary(z, y, dz=lambda p, y: (p - y) * p * (1 - p)),
            "p (1 - p) is still there: with the cross entropy it cancels."),
    Mistake("logit in place of the probability",
            lambda z, y: (_binary(z, y)[0], (z - y) / len(z)),
            "The logit is compared with the target: take its sigmoid."),
    Mistake("minus lost in the loss", lambda z, y: _binary(z, y, turn=-1),
            "The loss is negative: a minus is lost.", "sign"),
    Mistake("second half forgotten",
            lambda z, y: (np.mean(y * np.logaddexp(0, -z)), -y * sigmoid(-z) / len(z)),
            "Only the half for yes is there: a no costs softplus(z)."),
]

STEEP = [
    Mistake("p rounds to 1", lambda z: 1 / (sigmoid(z) * (1 - sigmoid(z))),
            "1 - p is 0 from z = 37 on: write it as the sigmoid of -z."),
    Mistake("the other way round", lambda z: sigmoid(z) * sigmoid(-z),
            "This is p (1 - p), at most a quarter: the ratio is one over it."),
    Mistake("half of the denominator", lambda z: 1 / sigmoid(z),
            "This is 1/p: the other half of the denominator, 1 - p, is missing."),
    Mistake("logit for the probability", lambda z: 1 / (z * (1 - z)),
            "The ratio is in p, and you put the logit there: p is its sigmoid."),
    Mistake("middle term forgotten", lambda z: np.exp(z) + np.exp(-z),
            "Multiply out (1 + e^z)(1 + e^-z): the two ones give 2 together."),
    Mistake("always four", lambda z: np.full_like(z, 4.0),
            "Four is the smallest value, at p = 1/2 only."),
]

ORDER = [
    Mistake("exponential before the shift", "DFABEC",
            "D before F: the exponential overflows before the shift can help."),
    Mistake("target before the division", "FDBAEC",
            "B takes the target off before the rows sum to 1."),
    Mistake("batch too early", "FDAEBC",
            "E divides the probabilities alone: target and probabilities share the 1/B."),
    Mistake("divided before the exponential", "FADBEC",
            "A divides logits by their sum: the exponential comes first."),
    Mistake("weights first", "CFDABE",
            "C sums over the examples: it comes when each row has its δ."),
]

LINE = [
    Mistake("the softmax suspected", "A",
            "Its rows sum to 1, and shares go with the exponentials. A holds."),
    Mistake("the logarithm suspected", "B",
            "The logarithm of a fraction is a difference. B holds."),
    Mistake("the Jacobian suspected", "D",
            "More for one class is less for the others, in proportion to both. D holds."),
]

SLOPE = [
    Mistake("as printed", lambda p, y: (y / p + (1 - y) / (p - 1)) / len(p),
            "This is the printed slope: it belongs to the loss without its minus.", "sign"),
    Mistake("one sign turned", lambda p, y: (-y / p + (1 - y) / (p - 1)) / len(p),
            "One sign is turned, the other is not: the derivative of log(1 - p) is -1/(1 - p)."),
    Mistake("1/B forgotten", lambda p, y: (p - y) / (p * (1 - p)),
            "The loss is a mean: divide by the number of examples.", "missing-mean"),
    Mistake("second half forgotten", lambda p, y: -y / p / len(p),
            "Only the half for yes is there: a no has the slope 1/(1 - p)."),
    Mistake("slope for the logit", lambda p, y: (p - y) / len(p),
            "This is the slope for the logit. For p itself the denominator p (1 - p) stays."),
    Mistake("multiplied by p (1 - p)", lambda p, y: (p - y) * p * (1 - p) / len(p),
            "p (1 - p) stands below the line: sure and wrong is punished hard."),
    Mistake("half of the denominator", lambda p, y: (p - y) / p / len(p),
            "1 - p is missing below the line: bring both fractions on one denominator."),
]

MISTAKES = {"8.1": FACTOR, "8.2": SOFTMAX, "8.3": LOG, "8.4": ENTROPY, "8.5": GRADIENT,
            "8.6": BINARY, "8.7": STEEP, "8.8": ORDER, "8.9": LINE, "8.10": SLOPE}
