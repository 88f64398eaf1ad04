"""Sheets open in nbgrader: its own validator reads them, its own release clears the same cells."""

import io

import pytest

from grading import spec
from grading.publishing import notebooks

TOOL = "nbgrader is not installed: python -m pip install -r grading/requirements-maintainers.txt"
nbgraderformat = pytest.importorskip("nbgrader.nbgraderformat", reason=TOOL)

ROOT = spec.SOLUTIONS.parent
FILES = [
    *sorted((ROOT / "solutions").glob("*/sheet.ipynb")),
    *sorted((ROOT / "exercises").glob("*.ipynb")),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nbgrader_accepts_the_metadata(path):
    nb = nbgraderformat.read(io.StringIO(path.read_text(encoding="utf-8")), as_version=4)
    graded = [c.metadata.nbgrader for c in nb.cells if "nbgrader" in c.metadata]
    assert len(graded) >= 14 and sum(cell.get("points", 0) for cell in graded) >= 7
    assert {cell.schema_version for cell in graded} == {nbgraderformat.SCHEMA_VERSION}


@pytest.mark.parametrize("stem", spec.stems())
def test_nbgrader_clears_the_same_solutions(stem):
    from nbgrader.preprocessors import ClearSolutions

    nb = notebooks.read(ROOT / "solutions" / stem / "sheet.ipynb")
    cleared, _ = ClearSolutions().preprocess(nb, {})
    ours = {c.id: c.source for c in notebooks.read(ROOT / "exercises" / f"{stem}.ipynb").cells}
    for cell in cleared.cells:
        if not cell.id.startswith("answer-"):
            assert cell.source == ours[cell.id]
        else:
            first = ours[cell.id].splitlines()[0]
            assert "SOLUTION" not in cell.source
            assert first in cell.source or first.endswith("your answer")


def test_a_sheet_with_doubled_ids_is_refused_by_nbgrader_too():
    nb = notebooks.read(FILES[0])
    nb.cells.append(next(c for c in nb.cells if c.id.startswith("check-")))
    with pytest.raises(nbgraderformat.ValidationError, match="Duplicate"):
        nbgraderformat.write(nb, io.StringIO())
