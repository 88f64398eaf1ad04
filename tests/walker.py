"""The walk through a running lesson: can each check fail, does each explorer bear its range."""

import contextlib
import copy
import io
from unittest import mock

import nbformat
import numpy as np

from grading.rehearsal import verdict_only


def unfailing_checks(path):
    """Run a lesson and return the labels of its checks that a wrong value does not fail.

    Every check is made as the lesson makes it, and made again with the claimed value
    moved by one per cent: then it must raise.
    """
    import nnlib.gradcheck as judge

    deaf, patches = [], contextlib.ExitStack()
    with patches, contextlib.redirect_stdout(io.StringIO()):
        for name, spoil in SPOILERS.items():
            listening = _twice(getattr(judge, name), spoil, deaf)
            patches.enter_context(mock.patch.object(judge, name, listening))
        run_code(path)
    return deaf


def run_code(path):
    """Run the code cells of a notebook in this process; an expected exception is passed over."""
    names = {"__name__": "__main__"}
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code":
            expected = "raises-exception" in cell.metadata.get("tags", [])
            with contextlib.suppress(Exception) if expected else contextlib.nullcontext():
                exec(compile(cell.source, f"{path.name}:{cell.id}", "exec"), names)


def _twice(check, spoil, deaf):
    """Return `check`, followed by the same check of a spoilt value, which must raise."""

    def listening(*arguments, label="", **options):
        arguments, label = _take_label(arguments, label)
        report = check(*arguments, label=label, **options)
        try:
            with verdict_only():
                check(*spoil(arguments), label=label, **options)
        except AssertionError:
            return report
        deaf.append(label)
        return report

    return listening


def _take_label(arguments, label):
    """Split off the label, which may stand last among the positional arguments."""
    if arguments and isinstance(arguments[-1], str):
        return arguments[:-1], arguments[-1]
    return arguments, label


def moved(value):
    """Return the value (array, tuple of arrays or None) moved by 1 % of its largest entry."""
    if isinstance(value, tuple):
        return tuple(moved(part) for part in value)
    if value is None:
        return None
    value = np.array(value, dtype=float)
    return value + 0.01 * (np.max(np.abs(value), initial=0.0) or 1.0)


class _Spoilt:
    """A layer whose backward returns a gradient that is one per cent off."""

    def __init__(self, layer):
        self.__dict__["layer"] = layer

    def __getattr__(self, name):
        return getattr(self.__dict__["layer"], name)

    def __setattr__(self, name, value):
        setattr(self.layer, name, value)

    def __deepcopy__(self, memo):
        return _Spoilt(copy.deepcopy(self.layer, memo))

    def backward(self, upstream):
        """Return the layer's answer, moved."""
        return moved(self.layer.backward(upstream))


NONSENSE = ["", "nan", "x *", "1 / 0", "(" * 300, "__import__('os')", "x; y", "ß²"]


def faults_of(explorer):
    """Move every control of an explorer through its whole range; return what went wrong."""
    faults, ranges = [], {name: _range(c) for name, c in explorer.controls.items()}
    for name, control in explorer.controls.items():
        start, seen = control.value, set()
        for value in ranges[name]:
            control.value = value
            words = explorer.key.value + explorer.rest.value
            seen.add((bytes(explorer.picture.value), words))
            if "No picture" in explorer.key.value and value not in NONSENSE:
                faults.append(f"{name} = {value}: {explorer.key.value}")
        control.value = start
        if len(seen) < 2:
            faults.append(f"{name} changes nothing")
    rng = np.random.default_rng(0)
    for _ in range(16):  # corners
        ends = {name: values[-int(rng.integers(2))] for name, values in ranges.items()}
        for name, value in ends.items():
            explorer.controls[name].value = value
        wild = any(isinstance(v, str) and v in NONSENSE for v in ends.values())
        if "No picture" in explorer.key.value and not wild:
            faults.append(f"{ends}: {explorer.key.value}")
    return faults


def _range(control):
    if hasattr(control, "options"):
        return [value for _, value in control._options_full]
    if hasattr(control, "min"):
        values = np.linspace(control.min, control.max, 7)
        return [type(control.value)(v) for v in values]
    if isinstance(control.value, bool):
        return [True, False]
    if isinstance(control.value, int):  # a button counts its presses
        return [control.value, control.value + 1, control.value + 2]
    if isinstance(control.value, tuple):  # a sheet of pixels
        return [control.value, (0.0,) * 64, (1.0,) * 64]
    return [*NONSENSE, control.value]


SPOILERS = {
    "check_gradient": lambda a: (*a[:2], moved(a[2]), *a[3:]),
    "check_equal": lambda a: (moved(a[0]), *a[1:]),
    "check_layer": lambda a: (_Spoilt(a[0]), *a[1:]),
}
