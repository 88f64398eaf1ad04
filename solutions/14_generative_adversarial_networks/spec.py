"""Sheet 14: what is asked, on which cases, and what is right (by entropies and by layers)."""

import numpy as np

from grading.spec import Case, Function, Order, Value
from nnlib.layers import Activation, Dense
from nnlib.losses import BinaryCrossEntropy
from nnlib.network import Sequential

BCE = BinaryCrossEntropy(from_logits=True)


def entropy(p):
    p = np.asarray(p, dtype=float)
    return -np.sum(p * np.log(np.where(p > 0, p, 1.0)))


def KL(p, q):
    return -np.sum(p * np.log(q)) - entropy(p)


def kl_cases(rng):
    p, q = rng.dirichlet(np.full(6, 2.0), size=2)
    yield Case("six places", (p, q))
    some = np.where(np.arange(6) % 2, p, 0.0)
    yield Case("p silent at some places", (some / some.sum(), q))
    yield Case("one place", (np.ones(1), np.ones(1)))
    yield Case("p sure of one place", (np.eye(4)[2], rng.dirichlet(np.ones(4))))
    yield Case("nearly no q", (np.array([0.5, 0.5]), np.array([1.0, 1e-30 * rng.uniform(1, 2)])))


def JS(p, q):
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


def js_cases(rng):
    p, q = rng.dirichlet(np.full(6, 2.0), size=2)
    yield Case("six places", (p, q))
    yield Case("nothing in common", (np.append(p, np.zeros(6)), np.append(np.zeros(6), q)))
    some, others = np.where(np.arange(6) < 4, p, 0.0), np.where(np.arange(6) > 1, q, 0.0)
    yield Case("silent at some places", (some / some.sum(), others / others.sum()))
    yield Case("two places", tuple(rng.dirichlet(np.ones(2), size=2)))
    yield Case("p sure of one place", (np.eye(5)[1], rng.dirichlet(np.ones(5))))


def best_D(log_r, log_g):
    return np.exp(log_r - np.logaddexp(log_r, log_g))


def best_cases(rng):
    yield Case("seven places", (rng.normal(size=7), rng.normal(size=7)))
    yield Case("one place", (rng.normal(size=1), rng.normal(size=1)))
    yield Case("a grid", (rng.normal(size=(3, 4)), rng.normal(size=(3, 4))))
    yield Case("densities too small for a float",
               (rng.normal(size=5) - 900, rng.normal(size=5) - 900))
    yield Case("large log densities", (rng.normal(size=5) + 800, rng.normal(size=5) + 800))
    yield Case("surely real, surely fake", (np.array([0.0, -1500.0]), np.array([-1500.0, 0.0]) +
                                            rng.normal(size=2)))


def slope_cases(rng):
    for name, n, h in [("seven places", 7, 0.5), ("one place", 1, 2.0), ("wide pieces", 4, 3.0)]:
        r, g = rng.uniform(0.1, 1, size=(2, n))
        yield Case(name, (r, g, rng.uniform(0.1, 0.9, n), h))
    r, g = rng.uniform(0.1, 1, size=(2, 5))
    yield Case("the best answers", (r, g, r / (r + g) + 0.01, 0.1))
    yield Case("no fakes", (r, np.zeros(5), rng.uniform(0.1, 0.9, 5), 0.1))


def value(S_real, S_fake):
    return -BCE.value(S_real, np.ones(S_real.shape)) - BCE.value(S_fake, np.zeros(S_fake.shape))


def value_cases(rng):
    for name, m, n, size in [("five rows each", 5, 5, 1), ("one row each", 1, 1, 1),
                             ("more fakes than real rows", 3, 7, 2),
                             ("large logits", 4, 4, 1000)]:
        yield Case(name, (size * rng.normal(size=(m, 1)), size * rng.normal(size=(n, 1))))
    yield Case("D is taken in", (-rng.uniform(700, 900, (3, 1)), rng.uniform(700, 900, (3, 1))))


def network(theta):
    W_1, b_1, W_2, b_2 = (np.array(array, dtype=float) for array in theta)
    rng = np.random.default_rng(0)
    first, last = Dense(*W_1.T.shape, rng), Dense(*W_2.T.shape, rng)
    first.W, first.b, last.W, last.b = W_1, b_1, W_2, b_2
    return Sequential([first, Activation("tanh"), last])


def discriminator_gradient(X, F, theta_d):
    D, rows = network(theta_d), np.concatenate([X, F])
    S = D.forward(rows)
    y = np.repeat([1.0, 0.0], [len(X), len(F)])[:, None]
    share = np.repeat([1 / len(X), 1 / len(F)], [len(X), len(F)])[:, None]
    D.backward(BCE.gradient(S, y) * len(S) * -share)
    return tuple(D.gradients.values())


def generator_gradient(Z, theta_g, theta_d, loss):
    G, D = network(theta_g), network(theta_d)
    S = D.forward(G.forward(Z))
    if loss == "saturating":
        slopes = -BCE.gradient(S, np.zeros(S.shape))
    else:
        slopes = BCE.gradient(S, np.ones(S.shape))
    G.backward(D.backward(slopes))
    return tuple(G.gradients.values())


def one_round(X, Z, Z_new, theta_d, theta_g, eta):
    up = discriminator_gradient(X, network(theta_g).forward(Z), theta_d)
    theta_d = [p + eta * q for p, q in zip(theta_d, up)]
    down = generator_gradient(Z_new, theta_g, theta_d, "non-saturating")
    return tuple(theta_d), tuple(p - eta * q for p, q in zip(theta_g, down))


def draw(rng, D_in, H, D_out, size=1.0):
    shapes = [(H, D_in), (H,), (D_out, H), (D_out,)]
    return tuple(size * rng.normal(size=shape) for shape in shapes)


# name, rows, width of the data, of the noise, hidden units, size of the weights of D
GAMES = [("6 rows in the plane", 6, 2, 3, 4, 1.0), ("one row", 1, 2, 2, 3, 1.0),
         ("one hidden unit", 5, 3, 1, 1, 1.0), ("numbers, not points", 4, 1, 1, 3, 1.0),
         ("D is sure", 5, 2, 2, 3, 4.0)]


def discriminator_cases(rng):
    for name, m, width, _, H, size in GAMES:
        X, F = rng.normal(size=(2, m, width))
        yield Case(name, (X, F, draw(rng, width, H, 1, size)))
    X, F = rng.normal(size=(3, 2)), rng.normal(size=(7, 2))
    yield Case("more fakes than real rows", (X, F, draw(rng, 2, 3, 1)))


def generator_cases(rng):
    for loss in ("saturating", "non-saturating"):
        for name, m, width, noise, H, size in GAMES:
            args = (rng.normal(size=(m, noise)), draw(rng, noise, H, width),
                    draw(rng, width, H + 1, 1, size), loss)
            yield Case(f"{name}, {loss}", args)


def round_cases(rng):
    for eta, (name, m, width, noise, H, size) in zip([0.5, 0.1, 2.0, 0.3, 1.0], GAMES):
        X, (Z, Z_new) = rng.normal(size=(m, width)), rng.normal(size=(2, m, noise))
        theta_d, theta_g = draw(rng, width, H + 1, 1, size), draw(rng, noise, H, width)
        yield Case(name, (X, Z, Z_new, theta_d, theta_g, eta))


QUESTIONS = [
    Function(
        "14.1", "KL", 2, 8, ("14.1",), "a sum weighted by p, and its terms that vanish",
        ("Whose probability stands in front of the logarithm, and what does a place that p never "
         "visits cost?",
         "Each place costs the logarithm of how many times likelier p finds it, weighted by p. A "
         "place that p never visits costs nothing: leave it out before you take a logarithm.",
         "`sum(p_i * np.log(p_i / q_i) for p_i, q_i in zip(p, q) if p_i > 0)`"),
        KL, make=kl_cases),
    Value(
        "14.2", "two_numbers", 1, 6, ("14.5", "14.15"), "what a shared half costs",
        ("Which share of their mass do the two laws have in common?",
         "They share the second place: one half of each. The shared part costs nothing, the rest "
         "costs a logarithm of 2.",
         "JS = (1 − s) log 2 with s = 1/2, and V = 2 JS − 2 log 2"),
        [0.5 * np.log(2), -np.log(2)]),
    Function(
        "14.3", "JS", 2, 8, ("14.4", "14.5"), "both laws against their mixture",
        ("With what is each of the two laws compared, and can that be 0 where the law is not?",
         "Each is compared with the mixture of both, which is positive wherever either is. Take "
         "the mean of the two divergences.",
         "`m = (p + q) / 2`, `(KL(p, m) + KL(q, m)) / 2`"),
        JS, make=js_cases),
    Function(
        "14.4", "best_D", 2, 8, ("14.13", "14.12"), "the best answer as a sigmoid of a difference",
        ("What is left of both densities if you divide one by the other before you leave the "
         "logarithms?",
         "Only their quotient counts, and its logarithm is a difference. That is the best "
         "logit.",
         "`sigmoid(log_r - log_g)`"),
        best_D, make=best_cases),
    Function(
        "14.5", "value_slopes", 2, 8, ("14.10", "14.9"), "a slope at each place, no integral",
        ("If the answer at one place is nudged, which pieces of the sum move?",
         "Only the piece at that place: what D says here does not change what it gets there. So "
         "there is a slope for each place, and nothing is summed.",
         "`h * (r / d - g / (1 - d))`"),
        lambda r, g, d, h: h * (r - (r + g) * d) / (d * (1 - d)), make=slope_cases,
        kind="find", erratum="A13"),
    Function(
        "14.6", "value", 2, 8, ("14.19",), "two means of logarithms, safe for any logit",
        ("What is the logarithm of a sigmoid far to the left, where the sigmoid itself is 0 to the "
         "computer?",
         "It is the logit itself, nearly. Write both logarithms with log(1 + e^t), which numpy "
         "computes without overflow.",
         "log σ(s) = `-np.logaddexp(0, -s)`, log(1 − σ(s)) = `-np.logaddexp(0, s)`"),
        value, make=value_cases),
    Function(
        "14.7", "discriminator_gradient", 3, 12, ("14.22", "14.20", "14.21"),
        "two roads to V, their slopes at the logits, added",
        ("On how many roads do the weights of D reach the value, and what is the slope at the "
         "logit of each?",
         "Real rows and fake rows: two roads. Send the slope of each through the network "
         "and add what arrives at the weights.",
         "slopes `(1 - sigmoid(S_real)) / len(X)` and `-sigmoid(S_fake) / len(F)`"),
        discriminator_gradient, make=discriminator_cases),
    Order(
        "14.8", "order", 2, 8, ("14.29", "14.28"), "turns, and who answers whom",
        ("Which of the lines use theta_d, and which of them should see the new one?",
         "D steps first, from fakes made with the old noise. Then the slopes at the logits of "
         "the new fakes, their wishes, the weights of G, and its step.",
         "C, A, E, then F, D, H, B; G anywhere before F."),
        "CAEGFDHB", before=("CA", "AE", "EF", "GF", "FD", "DH", "HB")),
    Function(
        "14.9", "generator_gradient", 4, 16, ("14.24", "14.23", "14.25", "14.26"),
        "through D without touching it, then through G",
        ("What does the generator hear about the world, and through whom?",
         "Begin at the logits of the fakes with the slope of the loss. Take it through D down to "
         "its inputs: these slopes are the upstream of G.",
         "`dF = backward(fakes, theta_d, slopes / len(Z))[1]`, `backward(Z, theta_g, dF)[0]`"),
        generator_gradient, make=generator_cases),
    Function(
        "14.10", "one_round", 4, 16, ("14.28", "14.29", "14.32"), "up, then down, in turns",
        ("Who climbs, who descends, and whose new weights does the second player see?",
         "D climbs, with fakes from the first noise. G descends on its own loss, with fakes from "
         "the second noise, judged by the D that has just moved.",
         "`p + eta * q` for D, then `p - eta * q` for G with the new `theta_d`"),
        one_round, make=round_cases),
]
