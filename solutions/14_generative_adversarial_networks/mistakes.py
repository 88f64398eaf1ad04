"""Sheet 14: wrong answers that students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def sigmoid(z):
    return 0.5 + 0.5 * np.tanh(0.5 * z)


def right_KL(p, q):
    on = p > 0
    return np.sum(p[on] * np.log(p[on] / q[on]))


def backwards_KL(p, q):
    return np.sum(q * np.log(q / p))


DIVERGENCE = [
    Mistake("the two laws exchanged", backwards_KL,
            "This is KL(q ‖ p): p stands in front and above, and it is p that the average goes "
            "over."),
    Mistake("places that p never visits", lambda p, q: np.sum(p * np.log(p / q)),
            "0 times the logarithm of 0 is not a number here: leave out the places where p is 0."),
    Mistake("sign turned", lambda p, q: -right_KL(p, q),
            "The sign is turned: no divergence is negative. The fraction is p over q.", "sign"),
    Mistake("logarithm to base 2", lambda p, q: right_KL(p, q) / np.log(2),
            "This is the answer in bits: all logarithms here are natural.", "constant-factor"),
    Mistake("cross entropy", lambda p, q: -np.sum(p * np.log(q)),
            "This is the cross entropy: the entropy of p must still be taken off."),
    Mistake("weights forgotten", lambda p, q: np.sum(np.log(p[p > 0] / q[p > 0])),
            "Every place counts the same: weight each logarithm by p_i."),
    Mistake("mean over the places", lambda p, q: right_KL(p, q) / len(p),
            "Divided by the number of places: the p_i are the weights already.",
            "constant-factor"),
]

TWO = [
    Mistake("nothing in common", [np.log(2), 0.0],
            "That would be two laws with nothing in common: these share the second place."),
    Mistake("V without its constant", [0.5 * np.log(2), np.log(2)],
            "V is 2 JS less 2 log 2. A mean of logarithms of probabilities is never positive."),
    Mistake("logarithm to base 2", [0.5, -1.0],
            "These are bits: with natural logarithms each is multiplied by log 2."),
    Mistake("JS counted once", [0.5 * np.log(2), -1.5 * np.log(2)],
            "In V the JS counts twice: both players' averages hold one KL each."),
    Mistake("one half everywhere", [0.5 * np.log(2), -2 * np.log(2)],
            "That is V if D says one half everywhere. The best D is sure at the outer places."),
]


def right_JS(p, q):
    m = (p + q) / 2
    return (right_KL(p, m) + right_KL(q, m)) / 2


FAIR = [
    Mistake("halves forgotten", lambda p, q: 2 * right_JS(p, q),
            "Twice too large: JS is the mean of the two divergences.", "constant-factor"),
    Mistake("mixture not halved", lambda p, q: (right_KL(p, p + q) + right_KL(q, p + q)) / 2,
            "p + q is no law, its sum is 2: the mixture is (p + q)/2."),
    Mistake("compared with each other", lambda p, q: (right_KL(p, q) + right_KL(q, p)) / 2,
            "You compare the laws with each other: compare each with the mixture, or it is "
            "infinite where one is silent."),
    Mistake("one half only", lambda p, q: right_KL(p, (p + q) / 2),
            "Only p is compared with the mixture: take the mean with that of q."),
    Mistake("mixture in front",
            lambda p, q: (right_KL((p + q) / 2, p) + right_KL((p + q) / 2, q)) / 2,
            "The mixture stands second in each KL: the averages go over p and over q."),
    Mistake("logarithm to base 2", lambda p, q: right_JS(p, q) / np.log(2),
            "This is the answer in bits: all logarithms here are natural.", "constant-factor"),
]

BEST = [
    Mistake("densities divided",
            lambda log_r, log_g: np.exp(log_r) / (np.exp(log_r) + np.exp(log_g)),
            "Right as a formula, and 0/0 far out: do not leave the logarithms before you have "
            "taken their difference."),
    Mistake("the share of the fakes", lambda log_r, log_g: sigmoid(log_g - log_r),
            "This is the share of fakes: D says how probable it is that a sample is real."),
    Mistake("the logit", lambda log_r, log_g: log_r - log_g,
            "This is the best logit. D is a probability: take its sigmoid."),
    Mistake("the odds", lambda log_r, log_g: np.exp(log_r - log_g),
            "This is how many times likelier real is. The share of real is r/(r + g)."),
    Mistake("logarithms taken for densities", lambda log_r, log_g: log_r / (log_r + log_g),
            "You divide the logarithms as if they were the densities: only their difference has a "
            "meaning."),
    Mistake("one half everywhere", lambda log_r, log_g: np.full(np.shape(log_r), 0.5),
            "One half is the best answer only where both laws are equal: look at each place."),
]


def right_slopes(r, g, d, h):
    return h * (r / d - g / (1 - d))


PLACES = [
    Mistake("as printed", lambda r, g, d, h: np.full(len(d), np.sum(right_slopes(r, g, d, h))),
            "The integral is still there: every place gets the same slope. What D says here does "
            "not change what it gets there.", "summed"),
    Mistake("one number", lambda r, g, d, h: np.sum(right_slopes(r, g, d, h)),
            "One number: D is a function, and has a slope for each of its answers.", "summed"),
    Mistake("width forgotten", lambda r, g, d, h: r / d - g / (1 - d),
            "The width of the pieces is missing: each place stands for a piece of width h.",
            "constant-factor"),
    Mistake("plus in the middle", lambda r, g, d, h: h * (r / d + g / (1 - d)),
            "The second term needs a minus: the inner derivative of 1 - d is -1."),
    Mistake("sign turned", lambda r, g, d, h: -right_slopes(r, g, d, h),
            "The sign is turned: where only real data come, a larger answer gains.", "sign"),
    Mistake("logarithms left", lambda r, g, d, h: h * (r * np.log(d) + g * np.log(1 - d)),
            "These are the pieces of V: differentiate each for its d."),
]

VALUE = [
    Mistake("logarithm of the sigmoid",
            lambda S_real, S_fake: np.mean(np.log(sigmoid(S_real)))
            + np.mean(np.log(1 - sigmoid(S_fake))),
            "Right as a formula, and infinite for large logits: write log σ(s) as -log(1 + e^-s) "
            "with `np.logaddexp`."),
    Mistake("sign turned",
            lambda S_real, S_fake: np.mean(np.logaddexp(0, -S_real))
            + np.mean(np.logaddexp(0, S_fake)),
            "This is the loss of D, the cross entropy. V has the other sign: D wants it large.",
            "sign"),
    Mistake("sums in place of means",
            lambda S_real, S_fake: -np.sum(np.logaddexp(0, -S_real))
            - np.sum(np.logaddexp(0, S_fake)),
            "Sums: V holds two means, each over its own rows."),
    Mistake("mean over all rows",
            lambda S_real, S_fake: -np.mean(np.append(
                np.logaddexp(0, -S_real), np.logaddexp(0, S_fake))),
            "One mean over all rows: V is the mean over real rows plus the mean over fakes."),
    Mistake("fakes taken for real",
            lambda S_real, S_fake: -np.mean(np.logaddexp(0, -S_real))
            - np.mean(np.logaddexp(0, -S_fake)),
            "The second term is log D of the fakes: it should be log(1 - D)."),
    Mistake("labels exchanged",
            lambda S_real, S_fake: -np.mean(np.logaddexp(0, S_real))
            - np.mean(np.logaddexp(0, -S_fake)),
            "The labels are exchanged: D says how probable it is that a row is *real*."),
    Mistake("logarithms forgotten",
            lambda S_real, S_fake: np.mean(sigmoid(S_real)) + np.mean(sigmoid(-S_fake)),
            "The logarithms are missing: V adds up log D and log(1 - D)."),
]


def two_layers(X, theta):
    W_1, b_1, W_2, b_2 = theta
    return np.tanh(X @ W_1.T + b_1) @ W_2.T + b_2


def backward(X, theta, upstream):
    W_1, b_1, W_2, _ = theta
    A_1 = np.tanh(X @ W_1.T + b_1)
    delta_1 = (upstream @ W_2) * (1 - A_1**2)
    parts = delta_1.T @ X, delta_1.sum(axis=0), upstream.T @ A_1, upstream.sum(axis=0)
    return parts, delta_1 @ W_1


def for_D(X, F, theta_d, real=None, fake=None, weights=(1, 1)):
    """Return the slopes of V; `real` and `fake` may put wrong slopes at the logits."""
    D_real, D_fake = sigmoid(two_layers(X, theta_d)), sigmoid(two_layers(F, theta_d))
    up_real = (1 - D_real if real is None else real(D_real)) / len(X)
    up_fake = (-D_fake if fake is None else fake(D_fake)) / len(F)
    parts = zip(backward(X, theta_d, up_real)[0], backward(F, theta_d, up_fake)[0])
    return tuple(weights[0] * p + weights[1] * q for p, q in parts)


DISCRIMINATOR = [
    Mistake("sign turned", lambda *args: for_D(*args, weights=(-1, -1)),
            "These are the slopes of the loss of D. The slopes of V are asked for: D climbs.",
            "sign"),
    Mistake("real rows only", lambda *args: for_D(*args, weights=(1, 0)),
            "Only the real rows count: the weights of D meet the fakes too, add that road."),
    Mistake("fakes only", lambda *args: for_D(*args, weights=(0, 1)),
            "Only the fakes count: the weights of D meet the real rows too, add that road."),
    Mistake("fakes pulled up", lambda *args: for_D(*args, weights=(1, -1)),
            "The road of the fakes has the wrong sign: D gains when it says less at a fake."),
    Mistake("slope of the real rows", lambda *args: for_D(*args, real=lambda D: D),
            "At a real row the slope is 1 - D, not D: it gains most where it doubts."),
    Mistake("slope of the fakes", lambda *args: for_D(*args, fake=lambda D: D - 1),
            "At a fake the slope is -D: you have that of a real row with a minus."),
    Mistake("1/B forgotten",
            lambda X, F, theta_d: for_D(X, F, theta_d, weights=(len(X), len(F))),
            "The means are missing: each slope at a logit is divided by the number of its rows."),
    Mistake("halved", lambda *args: for_D(*args, weights=(0.5, 0.5)),
            "Half as large: that is the mean over all 2B rows. V adds two means of B rows each.",
            "constant-factor"),
]

ORDER = [
    Mistake("G against the old D", "CAGFEDHB",
            "F asks theta_d before E has moved it: G must answer the D that has just stepped."),
    Mistake("G steps before it is told", "CAEGFDBH", "B needs `down`, and that is made in H."),
    Mistake("slopes before the fakes", "CAEFGDHB", "F needs `new_fakes`, and they are made in G."),
    Mistake("backwards", "BHDFGEAC", "Nothing can be computed yet: begin with the fakes for D."),
]


def for_G(Z, theta_g, theta_d, loss, wrong=None, B=None):
    """Return the slopes of G's loss; `wrong` may put other slopes at the logits."""
    fakes = two_layers(Z, theta_g)
    D = sigmoid(two_layers(fakes, theta_d))
    slopes = {"saturating": -D, "non-saturating": D - 1}[loss] if wrong is None else wrong(D, loss)
    dF = backward(fakes, theta_d, slopes / (B or len(Z)))[1]
    return backward(Z, theta_g, dF)[0]


OTHER = {"saturating": "non-saturating", "non-saturating": "saturating"}


def weights_of_D(Z, theta_g, theta_d, loss):
    fakes = two_layers(Z, theta_g)
    D = sigmoid(two_layers(fakes, theta_d))
    return backward(fakes, theta_d, ({"saturating": -D}.get(loss, D - 1)) / len(Z))[0]


def from_the_answer(D, loss):
    return -1 / (1 - D) if loss == "saturating" else -1 / D


GENERATOR = [
    Mistake("sign turned", lambda *args: tuple(-p for p in for_G(*args)),
            "The sign is turned: return the slopes of the loss. The minus of the way down belongs "
            "to the step.", "sign"),
    Mistake("losses exchanged",
            lambda Z, theta_g, theta_d, loss: for_G(Z, theta_g, theta_d, OTHER[loss]),
            "The two losses are exchanged: the saturating one has the slope -σ(s), which dies "
            "where D is sure of a fake."),
    Mistake("saturating in both", lambda *args: for_G(*args, wrong=lambda D, loss: -D),
            "Both losses get the saturating slope: that of -log D is -(1 - σ(s))."),
    Mistake("non-saturating in both", lambda *args: for_G(*args, wrong=lambda D, loss: D - 1),
            "Both losses get the non-saturating slope: that of log(1 - D) is -σ(s)."),
    Mistake("1/B forgotten", lambda *args: for_G(*args, B=1),
            "The mean over the fakes is missing: divide the slopes at the logits by their number.",
            "constant-factor"),
    Mistake("weights of D", weights_of_D,
            "These are the slopes for the weights of D. G needs what D sends down to its *inputs*, "
            "the second thing that `backward` returns.", "wrong-shape"),
    Mistake("slope for the answer of D", lambda *args: for_G(*args, wrong=from_the_answer),
            "You begin with the slope for D(x). From the logit to D(x) there is one more link, "
            "σ'(s); with it the fraction cancels."),
]


def play(X, Z, Z_new, theta_d, theta_g, eta, up=1, down=1, old_D=False, loss="non-saturating"):
    """Play a round; the words say what is done wrong."""
    rise = for_D(X, two_layers(Z, theta_g), theta_d)
    new_d = tuple(p + up * eta * q for p, q in zip(theta_d, rise))
    fall = for_G(Z_new, theta_g, theta_d if old_D else new_d, loss)
    return new_d, tuple(p - down * eta * q for p, q in zip(theta_g, fall))


def old_noise(X, Z, Z_new, *rest):
    return play(X, Z, Z, *rest)


def without_eta(X, Z, Z_new, theta_d, theta_g, eta):
    return play(X, Z, Z_new, theta_d, theta_g, 1.0)


def in_place(X, Z, Z_new, theta_d, theta_g, eta):
    new_d, new_g = play(X, Z, Z_new, theta_d, theta_g, eta)
    for array, new in zip(theta_d, new_d):
        array += new - array
    return theta_d, new_g


def G_first(X, Z, Z_new, theta_d, theta_g, eta):
    fall = for_G(Z_new, theta_g, theta_d, "non-saturating")
    new_g = tuple(p - eta * q for p, q in zip(theta_g, fall))
    rise = for_D(X, two_layers(Z, new_g), theta_d)
    return tuple(p + eta * q for p, q in zip(theta_d, rise)), new_g


ROUND = [
    Mistake("D goes down", lambda *args: play(*args, up=-1),
            "D steps down: it then takes fakes for real. It wants V large, so add the slopes.",
            "sign"),
    Mistake("G goes up", lambda *args: play(*args, down=-1),
            "G steps up on its own loss: subtract the slopes.", "sign"),
    Mistake("both at the same time", lambda *args: play(*args, old_D=True),
            "G answers the old D: both step at the same time, and that spirals outwards. Use the "
            "new theta_d."),
    Mistake("saturating loss", lambda *args: play(*args, loss="saturating"),
            "G steps on log(1 - D): the non-saturating loss, -log D, is asked for."),
    Mistake("the old noise again", old_noise,
            "G gets the noise that D has already seen: it draws anew, Z_new."),
    Mistake("step size forgotten", without_eta,
            "The step size is missing: the slope tells the direction, not how far it can be "
            "trusted.", "constant-factor"),
    Mistake("G first", G_first,
            "G steps first, and D answers it: the round begins with D, whose slopes need the old "
            "G."),
    Mistake("weights changed in place", in_place,
            "`theta_d` is not the same after the call: `+=` writes into the arrays of the caller."),
]

MISTAKES = {"14.1": DIVERGENCE, "14.2": TWO, "14.3": FAIR, "14.4": BEST, "14.5": PLACES,
            "14.6": VALUE, "14.7": DISCRIMINATOR, "14.8": ORDER, "14.9": GENERATOR,
            "14.10": ROUND}
