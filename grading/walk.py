"""The walk over a lesson: which equation stands where, and what checked it.

Tests hold the rules of the course with it, the site makes "Every equation" from it, and the
grader's pages name the section to read again.
"""

import re
from dataclasses import dataclass

from .submission import cells_in, source_of

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
    cells, found, heading = cells_in(path), [], ""
    for n, cell in enumerate(cells):
        if cell["cell_type"] != "markdown":
            continue
        source = source_of(cell)
        heading = (re.findall(r"^#+ (.*)$", source, re.M) or [heading])[-1]
        witnesses = _witnesses(cells[n + 1 :])
        for latex in DISPLAY.findall(source):
            for number in TAG.findall(latex):
                line = witnesses.get(number, "")
                text = TAG.sub("", latex).strip()
                found.append(Equation(number, text, path.stem, cell["id"], heading, line))
    return found


def _witnesses(cells):
    """Return {number: line} of what the first code cell of `cells` printed."""
    code = next((cell for cell in cells if cell["cell_type"] == "code"), {"outputs": []})
    return {m[2]: m[0].strip() for m in WITNESS.finditer(printed(code))}


def printed(cell):
    """Return all that a code cell printed, as stored."""
    streams = (out["text"] for out in cell["outputs"] if out["output_type"] == "stream")
    return "".join("".join(text) for text in streams)
