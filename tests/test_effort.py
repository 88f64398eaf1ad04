"""What the judge does, call for call, on tests/corpus/effort.py.

A line that changes is a change of the judge: mean it, then write the table anew with
`PYTHONPATH=. python tests/test_effort.py`.
"""

import pathlib

from nnlib import trial
from nnlib.gradcheck import compare_gradient
from nnlib.slopes import Function
from tests.corpus.effort import CASES, SLOPES, SWEEPS

TABLE = pathlib.Path(__file__).with_suffix(".txt")


def effort(f, x, claimed, upstream=None):
    """Return verdict, calls of f, tolerance, number of kinks and the worst entry as text."""
    report = compare_gradient(f, x, claimed, upstream=upstream)
    verdict = "right" if report.passed else report.mistake
    return f"{verdict} {report.evaluations} {report.tolerance:g} {len(report.kinks)} {report.worst}"


def sweep(cases):
    """Return a letter for each verdict and tolerance, and the sums of calls and kinks."""
    reports = [trial.judge(*case, name=False) for case in cases]
    letter = {None: ".", "cannot-tell": "?", "not-deterministic": "n"}
    verdicts = "".join(letter.get(report.mistake, "w") for report in reports)
    levels = "".join(f"{report.tolerance:.0e}"[-1] for report in reports)
    calls = sum(report.evaluations for report in reports)
    return f"{verdicts} {levels} {calls} {sum(len(report.kinks) for report in reports)}"


def slopes():
    """Return what is measured without a claim, with the number of calls."""
    for name, (f, x) in SLOPES.items():
        function = Function(f, x, upstream="each")
        measured = function.gradient(range(function.start.size), each=True)
        numbers = " ".join(f"{number + 0.0:.9g}" for number in measured.ravel())
        yield f"slopes, {name}: {function.calls} {numbers}\n"


def rows():
    yield from slopes()
    yield from (f"{name}: {effort(*parts)}\n" for name, parts in CASES.items())
    yield from (f"{name}: {sweep(cases)}\n" for name, cases in SWEEPS.items())


def test_effort():
    with TABLE.open(encoding="utf-8") as table:
        for row, expected in zip(rows(), table, strict=True):
            assert row == expected


if __name__ == "__main__":
    TABLE.write_text("".join(rows()), encoding="utf-8")
