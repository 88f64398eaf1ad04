"""The judge: finite differences measure what a formula claims.

`nnlib.ladder` reads one slope, `nnlib.slopes` lays lines through a point of f, `nnlib.trial`
compares claims with slopes, `nnlib.diagnosis` names what is wrong. Here are the checks that the
course calls, for formulas and for layers.
"""

import copy
import re

import numpy as np

from nnlib import diagnosis
from nnlib.mistakes import Evidence, Report, fact, number
from nnlib.slopes import Function
from nnlib.trial import judge as _judge

definitions = {}


class GradientError(AssertionError):
    """A claimed gradient is not the measured one; `.report` holds the evidence."""

    def __init__(self, message, report=None):
        super().__init__(message)
        self.report = report

    def _render_traceback_(self):
        """Show a notebook reader the sentence alone, without the stack."""
        return [str(self)]


# ---------------------------------------------------------------- what the course calls


def numerical_gradient(f, x):
    """Return the measured gradient of a scalar f at x, in x's shape (a tuple for several x).

    Central differences on a ladder of steps, extrapolated (lesson 02). At a kink: the mean
    of the slopes on both sides. Raises ValueError if f(x) is not one number.
    """
    function = Function(f, x)
    parts = function.unflatten(function.gradient(range(function.start.size)))
    return tuple(parts) if isinstance(x, tuple) else parts[0]


def numerical_jacobian(f, x):
    """Return the measured Jacobian of f at x: f(x)'s shape + x's shape; entry ∂f_j/∂x_k."""
    function = Function(f, x, upstream="each")
    columns = function.gradient(range(function.start.size), each=True)
    return columns.T.reshape(function.shape + np.shape(x))


def compare_gradient(f, x, claimed, *, upstream=None):
    """Compare a claimed gradient with the measured one; never raises on a wrong gradient.

    Parameters
    ----------
    f : callable
        Scalar function of x; array-valued if `upstream` is given. With a tuple x, f(*x).
    x : ndarray or tuple of ndarray
        The point. Never changed.
    claimed : ndarray or tuple
        ∂f/∂x in x's shape, or the VJP ∂(upstream * f).sum()/∂x. None for an input
        without gradient (such as labels): it is passed to f as it is.
    upstream : ndarray, shape of f(x)

    Returns
    -------
    Report
        `.mistake` is a key of `diagnosis.MISTAKES`, "cannot-tell" where noise hides the
        answer.

    Raises
    ------
    TypeError, ValueError
        x or f(x) cannot be measured at all: complex numbers, an array without upstream.
    """
    return _judge(f, x, claimed, upstream)


def check_gradient(f, x, claimed, label="", *, upstream=None):
    """Print one ✓ line, or raise GradientError with the mistake's name; see compare_gradient."""
    return _announce(compare_gradient(f, x, claimed, upstream=upstream), label)


def _announce(report, label):
    line = f"{label}: {report.message}" if label else report.message
    if not report.passed:
        raise GradientError(f"✗ {line}", report)
    print(f"✓ {line}")
    report.told = True
    return report


def define(label, thing):
    """Record that equation `label`, "(n.m) name", is a definition, and what it is in code.

    Prints one line and returns the thing. Running a cell again is harmless.
    """
    if not re.match(r"\(\d+\.\d+[a-z]?\)", label):
        raise ValueError(f"a definition's label begins with its number, as (5.1): {label!r}")
    definitions[label.split()[0]] = thing
    name = label.partition(" ")[2] or getattr(thing, "__name__", type(thing).__name__)
    print(f"≔ {label.split()[0]} {name}")
    return thing


def check_equal(left, right, label=""):
    """Print one ✓ line if two routes lead to the same numbers, else raise GradientError.

    Equal means within 1e-12 of the largest entry, and never stricter than 1e-15. NaN is
    equal to nothing.
    """
    left, right = np.asarray(left), np.asarray(right)
    evidence = Evidence([left], [None], [0], names=["left side"], complete=True)
    evidence.measured = [right]
    if left.shape == right.shape:
        same = _same(left, right)
        if same.all():
            count = f"{left.size} {'entry' if left.size == 1 else 'entries'}"
            return _announce(Report(True, None, f"{count} equal within 1e-12"), label)
        evidence.fill([right], [(0, tuple(int(n) for n in at)) for at in np.argwhere(~same)])
    fault = diagnosis.compare(evidence)
    return _announce(Report(False, *fault, evidence.worst or None, right, left, 1e-12), label)


def _same(left, right):
    if not {left.dtype.kind, right.dtype.kind} <= set("biufc"):
        return np.asarray(left == right)
    with np.errstate(all="ignore"):
        sizes = np.abs([left * 1.0, right * 1.0])
        largest = np.max(sizes, initial=1e-3, where=np.isfinite(sizes))
        return np.asarray((left == right) | (np.abs(left * 1.0 - right) <= 1e-12 * largest))


# ---------------------------------------------------------------- whole layers


def check_layer(layer, X, label=""):
    """Check every parameter's gradient and that of X, with a random upstream gradient.

    Also: a forward at another point before, other parameters and another batch after (stale
    cache), backward twice (doubled gradients), training and evaluation mode, mutation of X and
    upstream. The layers of a composite are then checked one by one, from the loss down. The
    layer is not changed.
    """
    calls = 0
    for mode in [True, False] if hasattr(layer, "training") else [None]:
        report = _judge_network(_in_mode(layer, mode), X)
        calls += report.evaluations
        if not report.passed:
            break
    report.evaluations = calls
    if not report.passed and mode is False:
        report.message += "\n  This is in evaluation mode (training = False)."
    return _announce(report, label)


def _in_mode(layer, mode):
    twin = copy.deepcopy(layer)
    for part in [twin, *getattr(twin, "layers", [])] if mode is not None else []:
        if hasattr(part, "training"):
            part.training = mode
    return twin


def _judge_network(network, X):
    """Judge a layer; if a composite is wrong, its layers one by one, the last one first."""
    if not hasattr(network, "layers"):
        return _judge_layer(network, X)
    report, points = _judge_layer(network, X, name=False), [np.array(X)]
    if report.passed:
        return report
    for part in network.layers:
        points.append(copy.deepcopy(part).forward(points[-1].copy()))
    for n, part in reversed(list(enumerate(network.layers))):
        report = _judge_layer(part, points[n])
        if not report.passed:
            report.message = f"in layer {n} ({type(part).__name__}), {report.message}"
            return report
    report = _judge_layer(network, X)
    if report.mistake == "kink":  # the slopes of the whole lie further apart than one claim may
        report.passed, report.mistake = True, None
        report.message = "every layer agrees by itself within 1e-7 (X is at a kink of the whole)"
    return report


def _judge_layer(layer, X, name=True):
    """Judge a layer that has seen another X before, and again once its parameters have moved.

    If it fails then, but not when it is fresh, its cache is stale.
    """
    rng = np.random.default_rng(4)
    used = copy.deepcopy(layer)
    X = np.array(X, dtype=float) if np.asarray(X).dtype.kind == "f" else np.array(X)
    other = X + rng.normal(size=X.shape) if X.dtype.kind == "f" else X[::-1].copy()
    ones = np.ones(np.shape(used.forward(other)))
    report = _judge_backward(used, X, name=False)
    if report.mistake in ("mutates-input", "doubled"):
        return report
    if not report.passed:
        fresh = _judge_backward(copy.deepcopy(layer), X, name)
        return _stale(_judge_backward(used, X), "") if fresh.passed else fresh
    used.backward(ones)  # what this keeps is old afterwards
    for value in used.parameters.values():
        value += 0.7 * np.where(value == 0, 1.0, value) * rng.choice([-1, 1], value.shape)
    rows = _other_rows(used, X)
    copy.deepcopy(used).forward(rows.copy())  # an error of forward is shown as it is
    try:
        moved = _judge_backward(used, rows)
    except Exception as error:  # what was kept does not even fit
        moved = Report(False, None, f"\n  backward raises {type(error).__name__}: {error}")
    if moved.passed or moved.mistake == "cannot-tell":
        report.evaluations += moved.evaluations
        return report
    return _stale(moved, " (with other parameters, for another batch)")


def _other_rows(layer, X):
    """Return X upside down, without its first row if the layer takes a smaller batch."""
    if X.ndim and len(X) > 2:
        try:
            copy.deepcopy(layer).forward(X[:0:-1].copy())
            return X[:0:-1]
        except Exception:  # a layer for one length only
            pass
    return X[::-1] if X.ndim else X


def _stale(report, when):
    evidence = "".join(report.message.splitlines()[1:2])
    where = evidence.partition(";")[0].strip(" .") + when
    report.mistake, report.message = fact("stale-cache", where=where)
    return report


def _judge_backward(layer, X, name=True):
    """Compare what backward returns and sets with finite differences of forward."""
    keys = list(layer.parameters)
    names = ["dX", *(re.sub(r"(\w+)$", r"d\1", key) for key in keys)]
    values = [np.array(layer.parameters[k]) for k in keys]
    twin, given = copy.deepcopy(layer), X.copy()
    upstream = np.random.default_rng(5).normal(size=np.shape(twin.forward(given)))
    sent = upstream.copy()
    first = _gradients(twin, keys, sent)
    before, after = [X, upstream, *values], [given, sent, *(twin.parameters[k] for k in keys)]
    for thing, one, two in zip(["X", "upstream", *keys], before, after):
        if not np.array_equal(one, two, equal_nan=True):
            return Report(False, *fact("mutates-input", "the layer", thing))
    lost = [key for key in keys if key not in twin.gradients]
    if lost or (first[0] is None and X.dtype.kind == "f"):
        return Report(False, *fact("wrong-count", "none", lost[0] if lost else "X"))
    report = _judge(_forward_of(layer, keys), (X, *values), first, upstream, names, name)
    if report.passed:
        for thing, one, two in zip(names, first, _gradients(twin, keys, sent)):
            if one is not None and not np.allclose(one, two, 1e-9, 1e-12, equal_nan=True):
                norms = [number(np.linalg.norm(array)) for array in (one, two)]
                norms = "norm {} first, {} then".format(*norms)
                return Report(False, *fact("doubled", thing, where=norms))
    return report


def _gradients(layer, keys, upstream):
    below = layer.backward(upstream)
    every = [below, *(layer.gradients.get(k, np.nan) for k in keys)]
    return tuple(None if array is None else np.array(array) for array in every)


def _forward_of(layer, keys):
    """Return forward as a function of X and the parameters, on a fresh twin each time."""

    def forward(X, *values):
        twin = copy.deepcopy(layer)
        for key, value in zip(keys, values):
            twin.parameters[key][...] = value
        return twin.forward(X)

    return forward
