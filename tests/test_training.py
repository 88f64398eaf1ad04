"""Training: every example once, the step taken, history, early stopping, penalty, progress bar."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from measured import assert_gradient

from nnlib import layers, losses, network, optimizers, training


def net(seed=0, rate=None):
    rng = np.random.default_rng(seed)
    chain = [layers.Dense(2, 16, rng), layers.Activation("relu"), layers.Dense(16, 3, rng)]
    if rate is not None:
        chain.insert(2, layers.Dropout(rate, rng))
    return network.Sequential(chain)


def cloud(n=60, seed=1):
    """Three noisy groups of points around different centres, and their numbers."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=n)
    return np.array([[0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])[labels] + 0.5 * rng.normal(
        size=(n, 2)
    ), labels


def fit(model, X, Y, loss=None, optimizer=None, **options):
    options = {"epochs": 5, "rng": np.random.default_rng(2), "progress": False, **options}
    loss, optimizer = loss or losses.SoftmaxCrossEntropy(), optimizer or optimizers.SGD(0.1)
    return training.fit(model, loss, optimizer, X, Y, **options)


@pytest.mark.parametrize("n, batch_size", [(10, 3), (10, 5), (10, 10), (10, 99), (1, 1), (7, 1)])
def test_minibatches_hold_every_example_once_with_its_target(n, batch_size):
    X, Y = np.arange(n) * 1.0, np.arange(n) * 10
    batches = list(training.minibatches(X, Y, batch_size, np.random.default_rng(0)))
    assert sorted(np.concatenate([x for x, _ in batches])) == list(X)
    assert all(np.array_equal(y, 10 * x) for x, y in batches)
    assert [len(x) for x, _ in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert 1 <= len(batches[-1][0]) <= batch_size
    assert np.array_equal(X, np.arange(n))


def test_minibatches_are_shuffled_anew_and_by_the_seed():
    X, rng = np.arange(50), np.random.default_rng(0)
    first, second = (next(training.minibatches(X, X, 50, rng))[0] for _ in range(2))
    assert not np.array_equal(first, X) and not np.array_equal(first, second)
    again = next(training.minibatches(X, X, 50, np.random.default_rng(0)))[0]
    assert np.array_equal(first, again)
    assert len(next(training.minibatches([1, 2, 3], ["a", "b", "c"], 2, rng))[1]) == 2


def test_minibatches_refuse_what_does_not_pair():
    for X, Y, message in [
        (np.ones(3), np.ones(4), "X has 3 rows and Y has 4: expected as many, at least 1"),
        (np.ones(0), np.ones(0), "X has 0 rows and Y has 0: expected as many, at least 1"),
    ]:
        with pytest.raises(ValueError) as error:
            next(training.minibatches(X, Y, 2, np.random.default_rng(0)))
        assert str(error.value) == message
    with pytest.raises(ValueError, match="^batch_size is 0, expected at least 1$"):
        next(training.minibatches(np.ones(3), np.ones(3), 0, np.random.default_rng(0)))


def test_a_step_goes_down_the_measured_gradient():
    model, loss = net(), losses.SoftmaxCrossEntropy()
    X, Y = cloud(8)
    start = {name: theta.copy() for name, theta in model.parameters.items()}
    before = training.evaluate(model, loss, X, Y)
    assert training.train_step(model, loss, optimizers.SGD(1.0), X, Y) == pytest.approx(before)
    moved = {name: start[name] - theta for name, theta in model.parameters.items()}
    for name, theta in model.parameters.items():
        for other, value in start.items():
            model.parameters[other][...] = value

        def at(value, theta=theta):
            theta[...] = value
            return training.evaluate(model, loss, X, Y)

        assert_gradient(at, start[name], moved[name])


def test_the_penalty_is_measured_and_leaves_biases_alone():
    model, lam = network.Sequential([net(), layers.Activation("tanh")]), 0.3
    X, Y = cloud(6)
    model.layers[0].layers[0].b[...] = 1.0
    loss = losses.SoftmaxCrossEntropy()
    model.backward(loss.gradient(model.forward(X), Y))
    plain = {name: g.copy() for name, g in model.gradients.items()}
    training.add_l2_gradients(model, lam)
    for name, g in model.gradients.items():
        added = lam * model.parameters[name] if name.endswith("W") else 0.0 * g
        np.testing.assert_allclose(g - plain[name], added, rtol=1e-9, atol=1e-15)
    W = model.parameters["0.0.W"]
    start = W.copy()

    def at(value):
        W[...] = value
        return training.l2_penalty(model, lam)

    assert_gradient(at, start, lam * start)
    model.parameters["0.0.b"][...] = 100.0
    assert at(start) == pytest.approx(
        lam / 2.0 * sum(np.sum(p**2) for n, p in model.parameters.items() if n.endswith("W"))
    )
    assert training.l2_penalty(model, 0.0) == 0.0


def test_the_penalty_takes_every_matrix_whose_name_begins_with_W():
    array = np.ones(2)
    parameters = {"0.W_Q": array, "0.b": array, "1.gamma": array, "W": array}
    assert training.l2_penalty(SimpleNamespace(parameters=parameters), 1.0) == 2.0


def test_fit_with_penalty_shrinks_weights_and_reports_it():
    X, Y = cloud()
    free, held = net(), net()
    fit(free, X, Y, epochs=20)
    history = fit(held, X, Y, epochs=20, lam=0.1)
    size = lambda model: float(np.sum(model.parameters["2.W"] ** 2))  # noqa: E731
    assert size(held) < 0.7 * size(free)
    data_loss = training.evaluate(held, losses.SoftmaxCrossEntropy(), X, Y)
    assert history.loss[-1] > data_loss + 0.5 * training.l2_penalty(held, 0.1)


@pytest.mark.parametrize(
    "make",
    [lambda: optimizers.SGD(0.3), lambda: optimizers.Momentum(0.05), lambda: optimizers.Adam(0.02)],
)
def test_fit_learns_three_groups(make):
    X, Y = cloud(200)
    model = net()
    history = fit(model, X, Y, optimizer=make(), epochs=15)
    assert len(history.loss) == 15 and history.loss[-1] < 0.5 * history.loss[0]
    assert training.accuracy(model, *cloud(200, seed=9)) > 0.85


def test_history_of_one_batch_an_epoch_is_the_loss_before_each_step():
    X, Y = cloud(20)
    history = fit(net(), X, Y, batch_size=99, epochs=2)
    model = net()
    assert history.loss[0] == pytest.approx(
        training.evaluate(model, losses.SoftmaxCrossEntropy(), X, Y), rel=1e-12
    )
    assert history.validation_loss == [] and history.best_epoch is None


def test_the_mean_over_an_epoch_weighs_the_last_small_batch_rightly():
    X, Y = cloud(50)
    frozen = SimpleNamespace(step=lambda network: None)
    model = net()
    history = fit(model, X, Y, optimizer=frozen, batch_size=32, epochs=1)
    expected = training.evaluate(model, losses.SoftmaxCrossEntropy(), X, Y)
    assert history.loss[0] == pytest.approx(expected, rel=1e-12)


def test_fit_is_the_same_for_the_same_seed_and_leaves_the_data():
    X, Y = cloud()
    X.flags.writeable = Y.flags.writeable = False
    runs = []
    for seed in (2, 2, 3):
        model = net(rate=0.2)
        history = fit(model, X, Y, rng=np.random.default_rng(seed), validation=cloud(seed=5))
        runs.append((history.loss, history.validation_loss, model.parameters["0.W"]))
    assert runs[0][:2] == runs[1][:2] and np.array_equal(runs[0][2], runs[1][2])
    assert runs[0][0] != runs[2][0]


def overfitting():
    """Labels without sense: every epoch of learning them by heart makes validation worse."""
    rng = np.random.default_rng(4)
    X, X_val = rng.normal(size=(2, 30, 2))
    return X, rng.integers(3, size=30), (X_val, rng.integers(3, size=30))


def test_early_stopping_goes_back_to_the_best_weights():
    X, Y, validation = overfitting()
    model = net(rate=0.1)
    history = fit(
        model, X, Y, optimizer=optimizers.Adam(0.01), epochs=100, validation=validation, patience=4
    )
    assert len(history.loss) == len(history.validation_loss) == history.best_epoch + 1 + 4 < 100
    assert history.best_epoch == int(np.argmin(history.validation_loss)) > 0
    now = training.evaluate(model, losses.SoftmaxCrossEntropy(), *validation)
    assert now == min(history.validation_loss) < history.validation_loss[-1]


def test_the_best_weights_come_back_also_when_the_epochs_run_out():
    X, Y, validation = overfitting()
    model = net()
    history = fit(
        model, X, Y, optimizer=optimizers.Adam(0.01), epochs=25, validation=validation, patience=99
    )
    assert len(history.loss) == 25
    assert training.evaluate(model, losses.SoftmaxCrossEntropy(), *validation) == min(
        history.validation_loss
    )


def test_without_patience_the_last_weights_stay():
    X, Y, validation = overfitting()
    model = net()
    history = fit(model, X, Y, optimizer=optimizers.Adam(0.01), epochs=25, validation=validation)
    now = training.evaluate(model, losses.SoftmaxCrossEntropy(), *validation)
    assert now == history.validation_loss[-1] > min(history.validation_loss)


def test_patience_without_validation_is_refused():
    with pytest.raises(
        ValueError, match=r"^patience needs validation=\(X, Y\): early stopping watches its loss$"
    ):
        fit(net(), *cloud(), patience=3)


class Watching(losses.SoftmaxCrossEntropy):
    """Notes whether the network was in training mode at each evaluation."""

    def __init__(self, model, fail=False):
        self.model, self.fail, self.modes = model, fail, []

    def value(self, prediction, target):
        self.modes.append(self.model.training)
        if self.fail:
            raise KeyboardInterrupt
        return super().value(prediction, target)


def test_training_mode_is_on_for_steps_off_for_validation_and_off_afterwards():
    model = net(rate=0.5)
    loss = Watching(model)
    fit(model, *cloud(20), loss=loss, batch_size=10, epochs=2, validation=cloud(5))
    assert loss.modes == [True, True, False, True, True, False]
    assert not model.training


def test_training_mode_is_off_even_after_an_error():
    model = net(rate=0.5)
    with pytest.raises(KeyboardInterrupt):
        fit(model, *cloud(20), loss=Watching(model, fail=True))
    assert not model.training


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_is_named_and_not_stepped_on(bad):
    class Exploding(losses.SoftmaxCrossEntropy):
        def value(self, prediction, target):
            return bad

        def gradient(self, prediction, target):
            return np.full(np.shape(prediction), bad)

    model = net()
    with pytest.raises(FloatingPointError) as error:
        fit(model, *cloud(), loss=Exploding())
    assert str(error.value) == f"the loss became {bad}: try a smaller eta, or clip gradients"
    assert np.array_equal(model.parameters["0.W"], net().parameters["0.W"])


def test_a_learning_rate_far_too_large_ends_in_that_error():
    X, Y = cloud()
    with (
        np.errstate(all="ignore"),
        pytest.raises(FloatingPointError, match="^the loss became (nan|inf): try a smaller eta"),
    ):
        fit(
            net(),
            X,
            losses.one_hot(Y, 3),
            loss=losses.QuadraticLoss(),
            optimizer=optimizers.SGD(1e6),
            epochs=200,
        )


def test_a_validation_loss_that_is_no_number_is_named():
    X_val, Y_val = cloud(5)
    with pytest.raises(FloatingPointError, match="^the validation loss became nan"):
        fit(net(), *cloud(), validation=(X_val * np.nan, Y_val), patience=2)


def test_accuracy_counts_rows_and_refuses_targets_of_another_shape():
    model = SimpleNamespace(forward=lambda X: X)
    outputs = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert training.accuracy(model, outputs, np.array([1, 0, 0, 0])) == 0.75
    for labels in (np.eye(2)[[1, 0, 0, 0]], np.array([[1], [0], [0], [0]]), np.array([1])):
        with pytest.raises(ValueError, match="labels has shape .*, expected \\(4,\\)"):
            training.accuracy(model, outputs, labels)


TRAINING = """
import sys
from types import ModuleType, SimpleNamespace
if "notebook" in sys.argv:
    import IPython
    sys.modules["ipykernel.zmqshell"] = ModuleType("zmqshell")
    IPython.get_ipython = lambda: SimpleNamespace(config={"IPKernelApp": {}})
    import tqdm.notebook
    tqdm.notebook.display = lambda bar: print(type(bar).__name__, bar.children[1].max)
import numpy as np
import tqdm.std
from nnlib import layers, losses, network, optimizers, training
seconds = 0.0
tqdm.std.time = lambda: seconds
class Slow(losses.QuadraticLoss):
    def value(self, prediction, target):
        global seconds
        seconds += 0.01 if "short" in sys.argv else 1.0
        return super().value(prediction, target)
rng, X = np.random.default_rng(0), np.ones((4, 2))
model = network.Sequential([layers.Dense(2, 2, rng)])
options = {"progress": False} if "without" in sys.argv else {}
training.fit(model, Slow(), optimizers.SGD(0.1), X, X, epochs=9, rng=rng, **options)
"""


def train_in(kind, **environment):
    """Train in a fresh Python on a clock of its own; return what it printed and showed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TQDM_")}
    run = subprocess.run(
        [sys.executable, "-c", TRAINING, kind], cwd=Path(__file__).parents[1],
        env=kept | environment, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return run.stdout.strip(), run.stderr.strip()


def test_a_terminal_shows_a_bar_with_the_loss_once_training_takes_a_while():
    out, err = train_in("terminal", PYTHONIOENCODING="utf-8")
    assert out == "" and "epochs:" in err and "8/9 [" in err and "loss=" in err
    assert "0/9 [" not in err  # not from the start


def test_a_notebook_gets_the_widget_bar():
    out, err = train_in("notebook")
    assert out == "TqdmHBox 9.0" and "epochs" not in err


def test_no_bar_for_a_short_training_nor_where_it_is_switched_off():
    assert train_in("short") == ("", "")
    assert train_in("without") == ("", "")
    assert train_in("terminal", TQDM_DISABLE="1") == ("", "")
    assert train_in("notebook", TQDM_DISABLE="1") == ("", "")
