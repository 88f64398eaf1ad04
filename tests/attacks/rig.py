"""What every attack is tried with: the small sheet, notebooks made of cells, and witnesses."""
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from grading import marker
from grading.submission import Submission

SHEETS, STEM = Path(__file__).parent / "sheets", "06_small"
SETTINGS = marker.Settings(b"a secret for the tests", SHEETS, seconds=2.0)
FULL = {"6.1": 4, "6.2": 3, "6.3": 1, "6.4": 2}
NOTHING = dict.fromkeys(FULL, 0)
HONEST = {
    "6.1": "import numpy as np\n\ndef scores(W, x):\n    return W @ x",
    "6.2": "def descend(gradient_of, w, eta):\n    for _ in range(3):\n"
           "        w = w - eta * gradient_of(w)\n    return w",
    "6.3": "shape = (3, 4)",
    "6.4": "order = 'BAC'",
}

PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
       "AABJRU5ErkJggg==")


@dataclass
class Attack:
    """A notebook that wants points or harm: the cell added, and the points it must end with."""

    name: str
    cell: str = ""
    points: dict = field(default_factory=dict)  # where they differ from full
    answers: dict = field(default_factory=dict)  # put in the place of honest ones
    first: bool = True  # does the cell stand before the answers?
    make: object = None  # or a function that writes the file itself

    @property
    def expected(self):
        return FULL | self.points


def code_cell(source, name, **metadata):
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source,
            "outputs": [], "execution_count": None}


def notebook(cells):
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def cells_of(attack):
    """Return the cells of an honest notebook with the attack in it."""
    answers = [code_cell(source, f"answer-{number.replace('.', '-')}")
               for number, source in (HONEST | attack.answers).items()]
    extra = [code_cell(attack.cell, "extra")] if attack.cell else []
    return extra + answers if attack.first else answers + extra


def write(attack, path):
    """Write the attack's notebook."""
    if attack.make:
        attack.make(path)
    else:
        path.write_text(json.dumps(notebook(cells_of(attack))))


def mark(path, student="Eve", settings=SETTINGS):
    """Return ({exercise: points}, what else is known) of one file."""
    outcome = marker.mark(Submission(student, STEM, str(path), 0.0), settings)
    return {result["id"]: result["points"] for result in outcome["results"]}, outcome


def outside():
    """Return what an attack could have changed on this machine and must not have."""
    root = Path(__file__).parents[2]
    folders = [root / "grading", root / "nnlib", SHEETS / STEM, Path.home(), Path("/var/tmp")]
    files = [(str(path), path.is_dir() or path.lstat().st_size)
             for folder in folders for path in folder.iterdir() if path.name != "__pycache__"]
    return sorted(files), os.environ.copy(), os.getcwd()


def end_jails():
    """Stop the warm processes of this process."""
    while marker.JAILS:
        marker.JAILS.popitem()[1].stop()
