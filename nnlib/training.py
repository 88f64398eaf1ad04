"""Training: mini-batches, one step, and `fit`, which repeats it (lesson 09)."""

import os
from dataclasses import dataclass, field

import numpy as np

from nnlib.losses import value_and_gradient


@dataclass
class History:
    """What `fit` saw, one entry an epoch.

    Attributes
    ----------
    loss : list of float
        Mean loss over the epoch's mini-batches, penalty included, as the weights moved.
    validation_loss : list of float
        Loss on the validation data after the epoch, without penalty; empty without data.
    """

    loss: list = field(default_factory=list)
    validation_loss: list = field(default_factory=list)

    @property
    def best_epoch(self):
        """Return the epoch of the lowest validation loss, counted from 0, or None."""
        return int(np.argmin(self.validation_loss)) if self.validation_loss else None


def minibatches(X, Y, batch_size, rng):
    """Yield (X, Y) in shuffled batches, (9.13); every example comes exactly once.

    The last batch is smaller when `batch_size` does not divide the number of rows.
    """
    if len(X) != len(Y) or not len(X):
        raise ValueError(f"X has {len(X)} rows and Y has {len(Y)}: expected as many, at least 1")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1")
    X, Y, order = np.asarray(X), np.asarray(Y), rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        yield X[rows], Y[rows]


def train_step(network, loss, optimizer, X, Y, lam=0.0):
    """Forward, loss, backward, update: return the loss before the update."""
    L, upstream = value_and_gradient(loss, network.forward(X), Y)
    L = _finite(L + l2_penalty(network, lam), "loss")
    getattr(network, "set_gradients", network.backward)(upstream)
    add_l2_gradients(network, lam)
    optimizer.step(network)
    return L


def fit(network, loss, optimizer, X, Y, *, epochs, rng, batch_size=32,
        validation=None, patience=None, lam=0.0, progress=True):  # fmt: skip
    """Train a network and return its `History`.

    Parameters
    ----------
    network, loss, optimizer
        From `nnlib.network`, `nnlib.losses` and `nnlib.optimizers`.
    X, Y : ndarrays
        Examples as rows, and a target for each.
    epochs : int
        Passes over the data, at most.
    rng : numpy.random.Generator
        Shuffles the examples.
    batch_size : int
        Rows a step.
    validation : (X, Y), optional
        Data to watch but not to learn from.
    patience : int, optional
        Early stopping: stop after this many epochs in a row without a lower
        validation loss, and go back to the best weights. Needs `validation`.
    lam : float
        Strength of the L2 penalty lam/2 sum W^2 on weights (never on biases).
    progress : bool
        Show a progress bar once training takes longer than three seconds.

    Raises
    ------
    FloatingPointError
        If a loss is no longer a finite number: the step that it calls for is not made.
    """
    if patience is not None and validation is None:
        raise ValueError("patience needs validation=(X, Y): early stopping watches its loss")
    history, best, parameters = History(), {}, network.parameters
    try:
        for epoch in _bar(epochs, history, progress):
            network.training = True
            history.loss.append(_epoch(network, loss, optimizer, X, Y, batch_size, rng, lam))
            network.training = False
            if validation is not None:
                L = evaluate(network, loss, *validation)
                history.validation_loss.append(_finite(L, "validation loss"))
            if patience is not None:
                if history.best_epoch == epoch:
                    best = {name: theta.copy() for name, theta in parameters.items()}
                if epoch - history.best_epoch >= patience:
                    break
    finally:
        network.training = False
    for name, theta in best.items():
        parameters[name][...] = theta
    return history


def evaluate(network, loss, X, Y):
    """Return the loss of the network on X, Y (no penalty)."""
    return loss.value(network.forward(X), Y)


def accuracy(network, X, labels):
    """Return the share of rows whose largest output is at the label, in [0, 1]."""
    if np.shape(labels) != (len(X),):
        wanted = f"({len(X)},): one class number a row"
        raise ValueError(f"labels has shape {np.shape(labels)}, expected {wanted}")
    return float(np.mean(np.argmax(network.forward(X), axis=1) == labels))


def l2_penalty(network, lam):
    """Return lam/2 times the sum of all squared weights, eq. (9.32)."""
    return 0.5 * lam * sum(float(np.sum(W**2)) for _, W in _weights(network)) if lam else 0.0


def add_l2_gradients(network, lam):
    """Add the penalty's gradient lam W to every dW, in place, eq. (9.33); none to a db, (9.34)."""
    if lam:
        gradients = network.gradients
        for name, W in _weights(network):
            gradients[name] += lam * W


def _weights(network):
    """Return the (name, array) pairs of the weights: every W, no bias."""
    named = network.parameters.items()
    return [(name, W) for name, W in named if name.rpartition(".")[2].startswith("W")]


def _epoch(network, loss, optimizer, X, Y, batch_size, rng, lam):
    total = 0.0
    for X_batch, Y_batch in minibatches(X, Y, batch_size, rng):
        total += len(X_batch) * train_step(network, loss, optimizer, X_batch, Y_batch, lam)
    return total / len(X)


def _finite(L, name):
    if not np.isfinite(L):
        raise FloatingPointError(f"the {name} became {L}: try a smaller eta, or clip gradients")
    return L


def _bar(epochs, history, progress):
    """Yield 0 .. epochs - 1 under a progress bar that shows the latest losses."""
    from tqdm.auto import tqdm  # loaded only when something is trained

    tqdm.monitor_interval = 0  # it would start a thread, and a browser has none
    silent = not progress or bool(os.environ.get("TQDM_DISABLE"))  # a notebook's bar ignores it
    with tqdm(total=epochs, desc="epochs", delay=3, leave=False, disable=silent) as bar:
        for epoch in range(epochs):
            yield epoch
            bar.set_postfix({"loss": f"{history.loss[-1]:.4f}"}, refresh=False)
            bar.update()
