"""Sheet 09: the wrong answers students give, and the sentence each of them earns."""

import numpy as np

from grading.spec import Mistake


def in_place(parameters, gradients, eta):
    for name in parameters:
        parameters[name] -= eta * gradients[name]
    return parameters


def first_only(parameters, gradients, eta):
    name = next(iter(parameters))
    return parameters | {name: parameters[name] - eta * gradients[name]}


STEP = [
    Mistake("uphill", lambda p, g, eta: {n: p[n] + eta * g[n] for n in p},
            "You climb. The gradient points uphill, so the step is subtracted.", "sign"),
    Mistake("step size left out", lambda p, g, eta: {n: p[n] - g[n] for n in p},
            "Your step has no η: with η = 0 nothing should move."),
    Mistake("overwritten", in_place,
            "You change the arrays you were given; make new ones: `a - b`, not `a -= b`."),
    Mistake("the change alone", lambda p, g, eta: {n: -eta * g[n] for n in p},
            "This is the change alone. Add it to the place where you stand."),
    Mistake("the first array alone", first_only,
            "Only the first array moves: all of them take the step."),
    Mistake("sign of the gradient", lambda p, g, eta: {n: p[n] - eta * np.sign(g[n]) for n in p},
            "You use only the sign of the gradient. Its size belongs to the step of SGD."),
]

LIMIT = [
    Mistake("the best step", 0.25, "1/λ is the step that lands at the bottom of the steep "
            "direction at once. It may be twice as long before it runs away."),
    Mistake("the flat direction", 2.0, "You took the flat direction. The steep one runs away "
            "first."),
    Mistake("the mean curvature", 0.8, "You took the mean of the curvatures. Each direction keeps "
            "to itself, and one that runs away is enough."),
    Mistake("the number of the curvature", 4.0, "That is the curvature itself. The limit is 2 over "
            "the curvature."),
]


def every_start(order, B):
    return [order[first:first + B] for first in range(len(order))]


BATCHES = [
    Mistake("short batch dropped",
            lambda order, B: [order[n:n + B] for n in range(0, len(order) - B + 1, B)],
            "The last, shorter batch is gone, and with it the examples in it."),
    Mistake("batches that overlap", every_start,
            "The batches overlap. The next one begins B further on, not one further."),
    Mistake("B taken for the number of batches", lambda order, B: np.array_split(order, B),
            "You make B batches. B is the number of examples in a batch."),
    Mistake("order forgotten",
            lambda order, B: [np.arange(len(order))[n:n + B] for n in range(0, len(order), B)],
            "You return the positions. The numbers of the examples stand in `order` there."),
    Mistake("one too many",
            lambda order, B: [order[n:n + B + 1] for n in range(0, len(order), B)],
            "Each batch has one example too many: a slice leaves out its end."),
    Mistake("the first batch alone", lambda order, B: [order[:B]],
            "Only the first batch is there. An epoch goes through all the examples."),
]


def _momentum(gs, eta, beta, share=1.0, v=0.0, early=False):
    steps = []
    for g in gs:
        before, v = v, beta * v + share * g
        steps.append(eta * (before if early else v))
    return np.array(steps).reshape(gs.shape)


def nesterov(gs, eta, beta):
    v, steps = 0.0, []
    for g in gs:
        v = beta * v + g
        steps.append(eta * (g + beta * v))
    return np.array(steps)


MOMENTUM = [
    Mistake("mean in place of sum", lambda gs, eta, beta: _momentum(gs, eta, beta, 1 - beta),
            "You weigh the new gradient with 1 - β. That is a mean, as in Adam; here the whole "
            "gradient comes in."),
    Mistake("nothing fades", lambda gs, eta, beta: _momentum(gs, eta, 1.0),
            "Nothing fades: the old sum is multiplied by β before the gradient comes in."),
    Mistake("no memory", lambda gs, eta, beta: eta * gs,
            "Each step knows only its own gradient. Keep v from one step to the next."),
    Mistake("a step late", lambda gs, eta, beta: _momentum(gs, eta, beta, early=True),
            "Your step uses the v of the step before. First update v, then step."),
    Mistake("step size in the memory twice",
            lambda gs, eta, beta: eta * _momentum(gs, eta, beta),
            "η is in there twice: either in the sum or in the step."),
    Mistake("sign turned", lambda gs, eta, beta: -_momentum(gs, eta, beta),
            "You return the change of θ. Asked is what is taken off, with the sign of v.", "sign"),
    Mistake("a look ahead", nesterov,
            "This is Nesterov's variant. (9.21) steps by η v and nothing else."),
]


def _adam(gs, eta, beta1, beta2, epsilon, shift=0, correct=(True, True), root=np.sqrt):
    m, v, steps = 0.0, 0.0, []
    for t, g in enumerate(gs, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1 ** (t + shift)) if correct[0] else m
        v_hat = v / (1 - beta2 ** (t + shift)) if correct[1] else v
        steps.append(eta * m_hat / (root(v_hat) + epsilon))
    return np.array(steps)


def epsilon_inside(gs, eta, beta1, beta2, epsilon):
    return _adam(gs, eta, beta1, beta2, 0.0, root=lambda v: np.sqrt(v + epsilon))


ADAM = [
    Mistake("no correction", lambda *args: _adam(*args, correct=(False, False)),
            "Both means start at 0 and stay too small: divide by 1 - β to the power t."),
    Mistake("only the mean corrected", lambda *args: _adam(*args, correct=(True, False)),
            "The mean is corrected, the square is not: v too starts at 0."),
    Mistake("only the square corrected", lambda *args: _adam(*args, correct=(False, True)),
            "The square is corrected, the mean is not: m too starts at 0."),
    Mistake("epsilon under the root", epsilon_inside,
            "ε stands under the root. (9.30) adds it after the root."),
    Mistake("root forgotten", lambda *args: _adam(*args, root=lambda v: v),
            "You divide by the square of the size. Take the root of v̂."),
    Mistake("counted from 0", lambda *args: _adam(*args, shift=-1),
            "You count steps from 0, and divide by 1 - 1. The first step has t = 1."),
    Mistake("one step ahead", lambda *args: _adam(*args, shift=1),
            "The power is one too high: the first step has t = 1."),
    Mistake("decays exchanged", lambda gs, eta, b1, b2, e: _adam(gs, eta, b2, b1, e),
            "β1 and β2 are exchanged: β1 belongs to the mean, β2 to the square."),
]


def penalty_in_place(gradients, parameters, lam):
    for name in gradients:
        if name.endswith("W"):
            gradients[name] += lam * parameters[name]
    return gradients


def _with(change):
    return lambda g, p, lam: {n: g[n] + change(n, p[n], lam) for n in g}


PENALISED = [
    Mistake("biases as well", _with(lambda n, p, lam: lam * p),
            "You make the biases pay. (9.34): they bend nothing and are left alone."),
    Mistake("factor 2", _with(lambda n, p, lam: 2 * lam * p if n[-1] == "W" else 0 * p),
            "Twice too much: the half in R cancels the 2 of the square."),
    Mistake("the penalty, not its slope",
            _with(lambda n, p, lam: lam * np.sum(p**2) / 2 if n[-1] == "W" else 0 * p),
            "You add the penalty itself. Its slope at a weight is λ times that weight."),
    Mistake("sign turned", _with(lambda n, p, lam: -lam * p if n[-1] == "W" else 0 * p),
            "Your penalty rewards large weights: its slope is added, not subtracted."),
    Mistake("biases in place of weights",
            _with(lambda n, p, lam: lam * p if n[-1] == "b" else 0 * p),
            "You have them the wrong way round: weights pay, biases do not."),
    Mistake("sign of the weight",
            _with(lambda n, p, lam: lam * np.sign(p) if n[-1] == "W" else 0 * p),
            "This is the slope of the absolute value (L1). The slope of half a square is the "
            "weight itself."),
    Mistake("overwritten", penalty_in_place,
            "You change the gradients you were given; make new arrays: `a + b`, not `a += b`."),
]


def over_examples(P, y):
    return np.mean([np.argmax(P[:, k]) == k for k in range(P.shape[1])])


ACCURACY = [
    Mistake("counted, not shared", lambda P, y: float(np.sum(P.argmax(axis=1) == y)),
            "You count the right ones. Divide by the number of pictures."),
    Mistake("share of the wrong ones", lambda P, y: np.mean(P.argmax(axis=1) != y),
            "This is the share of the wrong ones, the error rate."),
    Mistake("in per cent", lambda P, y: 100 * np.mean(P.argmax(axis=1) == y),
            "You return per cent; asked is a number from 0 to 1."),
    Mistake("divided by the kinds", lambda P, y: np.sum(P.argmax(axis=1) == y) / P.shape[1],
            "You divide by the number of kinds. Divide by the number of pictures."),
    Mistake("the smallest score", lambda P, y: np.mean(P.argmin(axis=1) == y),
            "You took the smallest score of each row; the largest is the answer."),
    Mistake("over the wrong axis", over_examples,
            "You look for the best picture of each kind. Look for the best kind of each picture."),
    Mistake("score above a half", lambda P, y: np.mean(P[np.arange(len(y)), y] > 0.5),
            "You ask whether the right score is above 0.5. It has to be the largest of its row."),
]

ORDER = [
    Mistake("weights before the memory", "FCBEAD",
            "A steps with the v of the step before: D must come first."),
    Mistake("memory before the gradient", "FCBDEA",
            "D needs the g of this step: E comes first."),
    Mistake("backward before forward", "FBCEDA",
            "B needs the answers a: C comes first."),
    Mistake("rows chosen last", "CBEDAF", "C needs to know which rows: F comes first."),
]

UNIT = [
    Mistake("sum in place of the mean", lambda X, y, w: X.T @ (X @ w - y),
            "The sum over the batch is still a sum: divide by the number of examples."),
    Mistake("divided by the weights", lambda X, y, w: X.T @ (X @ w - y) / X.shape[1],
            "You divide by the number of weights. The mean runs over the examples."),
    Mistake("divided by 2B", lambda X, y, w: X.T @ (X @ w - y) / (2 * len(X)),
            "The half in the loss has cancelled the 2 of the square: it is not there any more."),
    Mistake("1/B twice", lambda X, y, w: X.T @ (X @ w - y) / len(X) ** 2,
            "1/B is there twice. It comes from the loss, once."),
    Mistake("sign turned", lambda X, y, w: X.T @ (y - X @ w) / len(X),
            "The difference is the wrong way round: answer minus wanted answer.", "sign"),
    Mistake("inputs forgotten", lambda X, y, w: np.full_like(w, np.mean(X @ w - y)),
            "The slope at a weight carries the input that the weight multiplies."),
]


def _train(X, y, w, orders, B, eta, share=lambda rows, X: len(rows), whole=False, frozen=False,
           drop=False, sign=1.0):
    for order in orders:
        start = w
        for n in range(0, len(order), B):
            rows = np.arange(len(X)) if whole else order[n:n + B]
            if drop and len(rows) < B:
                continue
            at = start if frozen else w
            w = w - sign * eta * X[rows].T @ (X[rows] @ at - y[rows]) / share(rows, X)
    return w


def train_in_place(X, y, w, orders, B, eta):
    w[...] = _train(X, y, w, orders, B, eta)
    return w


TRAIN = [
    Mistake("1/B forgotten", lambda *args: _train(*args, share=lambda rows, X: 1),
            "1/B is missing: the step takes the mean gradient of the batch."),
    Mistake("1/N in place of 1/B", lambda *args: _train(*args, share=lambda rows, X: len(X)),
            "You divide by all N examples. The mean runs over the rows of the batch."),
    Mistake("1/B of a full batch", lambda *args: _train(*args, share=lambda rows, X: args[4]),
            "The last batch may be shorter than B: divide by the rows that are in it."),
    Mistake("all examples every time", lambda *args: _train(*args, whole=True),
            "Each step looks at all examples. Use the rows of the batch alone."),
    Mistake("gradients of the start", lambda *args: _train(*args, frozen=True),
            "All steps of an epoch use the gradient at its start. Take it where the last step "
            "ended."),
    Mistake("short batch dropped", lambda *args: _train(*args, drop=True),
            "The last, shorter batch takes no step."),
    Mistake("one epoch", lambda X, y, w, orders, B, eta: _train(X, y, w, orders[:1], B, eta),
            "Only one epoch is run: `orders` holds one order for each."),
    Mistake("uphill", lambda *args: _train(*args, sign=-1.0),
            "You climb: the step is subtracted.", "sign"),
    Mistake("overwritten", train_in_place,
            "You change the w you were given; write `w = w - ...`, which makes a new array."),
]

CLAIM = [
    Mistake("the slope suspected", "A", "(9.2): the slope at the start is minus the square of the "
            "gradient's length. A holds."),
    Mistake("the bend suspected", "C", "(9.4), and in a valley it is exact. C holds."),
    Mistake("the mean suspected", "D", "(9.12): the loss is a mean, and so is its "
            "gradient. D holds."),
]

MISTAKES = {"9.1": STEP, "9.2": LIMIT, "9.3": BATCHES, "9.4": MOMENTUM, "9.5": ADAM,
            "9.6": PENALISED, "9.7": ACCURACY, "9.8": ORDER, "9.9": UNIT, "9.10": TRAIN,
            "9.11": CLAIM}
