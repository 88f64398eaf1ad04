"""What the judge does, call for call, on tests/corpus/effort.py.

A line that changes is a change of the judge: mean it, then write the table anew with
`PYTHONPATH=. python tests/test_effort.py`.
"""

import pathlib

from nnlib.gradcheck import compare_gradient
from tests.corpus.effort import CASES

TABLE = pathlib.Path(__file__).with_suffix(".txt")


def effort(f, x, claimed, upstream=None):
    """Return verdict, calls of f, tolerance, number of kinks and the worst entry as text."""
    report = compare_gradient(f, x, claimed, upstream=upstream)
    verdict = "right" if report.passed else report.mistake
    return f"{verdict} {report.evaluations} {report.tolerance:g} {len(report.kinks)} {report.worst}"


def rows():
    return (f"{name}: {effort(*parts)}\n" for name, parts in CASES.items())


def test_effort():
    with TABLE.open(encoding="utf-8") as table:
        for row, expected in zip(rows(), table, strict=True):
            assert row == expected


if __name__ == "__main__":
    TABLE.write_text("".join(rows()), encoding="utf-8")
