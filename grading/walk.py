"""The walk over a lesson: which equation stands where, and what checked it.

Tests hold the rules of the course with it, and the site makes "Every equation" from it.
"""

import contextlib
import re
from dataclasses import dataclass
from unittest import mock

import nbformat

TAG = re.compile(r"\\tag\{([^}]*)\}")
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.S)
WITNESS = re.compile(r"^\s*([✓≔]) \((\d+\.\d+)\)(.*)$", re.M)


@dataclass
class Equation:
    """One tagged equation of a lesson and the line that stands for its check."""

    number: str
    latex: str
    lesson: str
    cell_id: str
    heading: str
    witness: str  # "✓ ..." or "≔ ..." as printed by the next code cell; "" if there is none


def equations(path):
    """Return the tagged equations of the lesson at `path`, in order, with their witnesses."""
    cells, found, heading = nbformat.read(path, 4).cells, [], ""
    for n, cell in enumerate(cells):
        if cell.cell_type != "markdown":
            continue
        heading = (re.findall(r"^#+ (.*)$", cell.source, re.M) or [heading])[-1]
        witnesses = _witnesses(cells[n + 1 :])
        for latex in DISPLAY.findall(cell.source):
            for number in TAG.findall(latex):
                line = witnesses.get(number, "")
                text = TAG.sub("", latex).strip()
                found.append(Equation(number, text, path.stem, cell.id, heading, line))
    return found


def _witnesses(cells):
    """Return {number: line} of what the first code cell of `cells` printed."""
    code = next((cell for cell in cells if cell.cell_type == "code"), None)
    text = "" if code is None else printed(code)
    return {m[2]: m[0].strip() for m in WITNESS.finditer(text)}


def printed(cell):
    """Return all that a code cell printed, as stored."""
    return "".join(out.text for out in cell.outputs if out.output_type == "stream")


@contextlib.contextmanager
def verdict_only():
    """Let the judge say right or wrong and stop there: naming a mistake measures much more."""
    from nnlib import gradcheck

    judge = gradcheck._judge

    def unnamed(f, x, claimed, upstream=None, names=None, name=True):
        return judge(f, x, claimed, upstream, names, name=False)

    with mock.patch.object(gradcheck, "_judge", unnamed):
        yield
