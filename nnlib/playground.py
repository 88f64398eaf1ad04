"""A playground: choose a small network, press train, and look into it while it learns (lesson 09).

`playground` shows the regions, the loss and every hidden unit of a network made of this course's
own classes. All is seeded: the same presses give the same pictures.
"""

import copy

import numpy as np

from nnlib import datasets, plots
from nnlib.explorers import button, choice, explore, play, slider
from nnlib.gradcheck import compare_gradient
from nnlib.layers import Activation, Dense
from nnlib.losses import SoftmaxCrossEntropy, log_softmax, value_and_gradient
from nnlib.network import Sequential
from nnlib.optimizers import SGD, Adam, Momentum, global_norm
from nnlib.training import accuracy, add_l2_gradients, evaluate, l2_penalty, train_step

DEPTH, WIDTH, TILE, SIDE = 3, 8, 16, 48  # most layers and units; pixels of a unit and a plane
AT_ONCE, START, MOST = 5, 60, 4000  # steps from picture to picture, at first, in all
ETAS = {f"{eta:g}": eta for eta in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)}
LAMS = {f"{lam:g}": lam for lam in (0.0, 0.0001, 0.001, 0.01, 0.1)}
OPTIMIZERS = {"SGD": (SGD, "dw"), "momentum": (Momentum, "v"), "Adam": (Adam, "m̂/(√v̂ + ε)")}
COLORS = np.array([[0.0, 0.45, 0.7], [0.84, 0.37, 0.0], [0.0, 0.62, 0.45]])  # as in `plots`


def point_clouds():
    """Return {name: (X, labels)}, all within about 1 of the origin."""
    rng = np.random.default_rng(0)
    moons, arcs = datasets.moons(80, rng, noise=0.2)
    square = rng.uniform(-1.0, 1.0, size=(160, 2))
    return {
        "two moons": (0.6 * (moons - [0.5, 0.25]), arcs),
        "three spirals": datasets.spirals(60, rng),
        "four corners": (square, (square.prod(axis=1) > 0.0).astype(int)),
        "disc in a ring": (square, (np.sum(square**2, axis=1) > 0.45).astype(int)),
    }


class Training:
    """A network, its data and its optimiser, and how far they have come."""

    def __init__(self, data, width, depth, f):
        rng = np.random.default_rng(0)
        self.X, self.y = data
        sizes = [2] + [width] * depth
        pairs = zip(sizes, sizes[1:])
        layers = [layer for d in pairs for layer in (Dense(*d, rng), Activation(f))]
        layers.append(Dense(width, self.y.max() + 1, rng))
        self.network, self.loss = Sequential(layers), SoftmaxCrossEntropy()
        self.optimizer, self.losses = None, []

    def learn(self, steps, name, eta, lam):
        """Make steps on all points at once, from here on in this way."""
        kind = OPTIMIZERS[name][0]
        if type(self.optimizer) is not kind:
            self.optimizer = kind(eta)
        self.optimizer.eta, self.lam = eta, lam
        for _ in range(steps):
            L = train_step(self.network, self.loss, self.optimizer, self.X, self.y, self.lam)
            self.losses.append(L)

    def value(self, *parameters):
        """Return the loss with its penalty, with these parameters in the network."""
        for theta, new in zip(self.network.parameters.values(), parameters):
            theta[...] = new
        penalty = l2_penalty(self.network, self.lam)
        return evaluate(self.network, self.loss, self.X, self.y) + penalty

    def gradients(self):
        """Return the loss without penalty, and the gradients by which the next step is made."""
        L, upstream = value_and_gradient(self.loss, self.network.forward(self.X), self.y)
        self.network.backward(upstream)
        add_l2_gradients(self.network, self.lam)
        return L, self.network.gradients

    def judge(self):
        """Return the judge's sentence on these gradients, measured on the network shown."""
        here = tuple(theta.copy() for theta in self.network.parameters.values())
        claimed = tuple(self.gradients()[1].values())
        report = compare_gradient(self.value, here, claimed)
        self.value(*here)
        return str(report)

    def sentences(self, name):
        """Return the state of the training, and the next step of one weight with its numbers."""
        L, gradients = self.gradients()
        penalty, right = l2_penalty(self.network, self.lam), accuracy(self.network, self.X, self.y)
        if not np.isfinite(L):
            raise ValueError("the loss is no longer a number: take a smaller η and press reset")
        w, eta = self.network.parameters["0.W"][0, 0], self.optimizer.eta
        dW = gradients["0.W"]
        change = copy.deepcopy(self.optimizer).change("0.W", dW)[0, 0]
        return (
            f"After {len(self.losses)} steps: L = {L:.4f}, {right:.0%} of the points right",
            f"penalty λR = {penalty:.4f}, ‖dθ‖ = {global_norm(gradients):.4f}, "
            f"dw₁₁ of layer 1 = {dW[0, 0]:.4f}",
            f"next: w₁₁ ← w₁₁ − η {OPTIMIZERS[name][1]} = {w:.4f} − {eta:g} · "
            f"{change / eta:.4f} = {w - change:.4f}",
        )


class _View:
    """The artists of a playground."""

    def __init__(self):
        self.fig, (plane, curve, units) = plots.figure(1, 3, width=7.6, height=2.9)
        edge = np.linspace(-1.2, 1.2, SIDE)
        self.grid = np.column_stack([part.ravel() for part in np.meshgrid(edge, edge)])
        box = {"extent": (-1.2, 1.2, -1.2, 1.2), "origin": "lower"}
        self.regions = plane.imshow(np.ones((SIDE, SIDE, 3)), interpolation="bilinear", **box)
        style = {"markersize": 4, "markeredgecolor": "white", "markeredgewidth": 0.5}
        self.points = [
            plane.plot([], [], mark, color=color, **style)[0] for mark, color in zip("os^", COLORS)
        ]
        (self.curve,) = curve.plot([], [], color=plots.BLUE)
        curve.set(yscale="log", ylim=(1e-3, 10.0), xlim=(0, 100), xlabel="step", title="loss")
        self.gallery = np.full((DEPTH, WIDTH, TILE + 2, TILE + 2), np.nan)  # with walls between
        self.units = units.imshow(_hung(self.gallery), cmap=plots.SIGNED, vmin=-1.0, vmax=1.0)
        for ax in (plane, units):
            plots.hide_axes(ax)
        plane.set_title("what the network answers")
        units.set_title("its units, layer 1 on top")

    def show(self, training):
        """Draw the state of a training."""
        A, self.gallery[...] = self.grid, np.nan
        for n, layer in enumerate(training.network.layers):
            A = layer.forward(A)
            if n % 2:  # each unit on its own scale
                tiles = A.T.reshape(-1, SIDE, SIDE)[:, :: -SIDE // TILE, :: SIDE // TILE]
                largest = np.maximum(np.max(np.abs(tiles), axis=(1, 2), keepdims=True), 1e-12)
                self.gallery[n // 2, : len(tiles), :TILE, :TILE] = tiles / largest
        P = np.exp(log_softmax(A))
        colors = 1.0 - 0.45 * P @ (1.0 - COLORS[: P.shape[1]])
        self.regions.set_data(colors.reshape(SIDE, SIDE, 3))
        self.units.set_data(_hung(self.gallery))
        for c, points in enumerate(self.points):
            points.set_data(*training.X[training.y == c].T)
        losses = training.losses
        self.curve.set_data(range(len(losses)), losses)
        self.curve.axes.set_xlim(0, 100 * 2 ** max(0, np.ceil(np.log2((len(losses) or 1) / 100))))


def _hung(gallery):
    """Return the tiles (layer, unit, row, column) as one picture: two rows of tiles a layer."""
    rows = gallery.reshape(2 * DEPTH, WIDTH // 2, TILE + 2, TILE + 2)
    return rows.swapaxes(1, 2).reshape(2 * DEPTH * (TILE + 2), -1)


class _Playground:
    """What the controls do: each move makes a picture and the sentences beside it."""

    def __init__(self):
        self.clouds, self.view = point_clouds(), _View()
        self.made, self.judged = None, {}
        self.train = play("train / stop", "train on until pressed again")

    @np.errstate(all="ignore")  # a step size that is too large ends in one sentence
    def update(self, data, width, depth, f, optimizer, eta, lam, train, step, check, reset):
        """Obey the buttons, draw, and return the sentences."""
        begin = START if self.made is None else 0
        if self.made != (data, width, depth, f, reset):
            self.made, self.pressed = (data, width, depth, f, reset), (step, check)
            self.training = Training(self.clouds[data], width, depth, f)
        steps = begin or (AT_ONCE if train else step - self.pressed[0])
        self.training.learn(steps, optimizer, eta, lam)
        if len(self.training.losses) >= MOST:
            self.stop()
        state = *self.made, len(self.training.losses), lam
        if check > self.pressed[1]:
            self.judged = {state: self.training.judge()}
        self.pressed = step, check
        self.view.show(self.training)
        lines = ["Training: press again to stop"] if train else []
        lines += self.training.sentences(optimizer)
        if state in self.judged:
            lines.insert(1, self.judged[state])
        return "\n".join(lines)

    def stop(self, _=None):
        """Let the train button up."""
        self.train.value = False


def playground(alt):
    """Show the playground; `alt` describes the picture, as for `explorers.explore`."""
    all_of_it = _Playground()
    buttons = {
        "step": button("one step", "stop, and make a single step"),
        "check": button("check gradients now", "stop, and measure every gradient of this network"),
        "reset": button("reset", "stop, and begin again from the same seed"),
    }
    for press in buttons.values():
        press.on_click(all_of_it.stop)
    explore(
        all_of_it.view.fig, all_of_it.update, alt,
        data=choice("data", list(all_of_it.clouds), "three spirals", "other points, a new network"),
        width=slider("units D of a layer", 1, WIDTH, 8, tip="a new network"),
        depth=slider("hidden layers", 1, DEPTH, 2, tip="a new network"),
        f=choice("activation f", ["tanh", "relu", "sigmoid", "gelu"], tip="a new network"),
        optimizer=choice("optimiser", list(OPTIMIZERS), "Adam", "how a gradient makes a step"),
        eta=choice("step size η", ETAS, 0.03, "how far the next step goes"),
        lam=choice("penalty λ", LAMS, 0.0, "how much large weights cost"),
        train=all_of_it.train, **buttons,
    )  # fmt: skip
