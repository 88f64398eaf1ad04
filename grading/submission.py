"""A submission is data: find the notebooks of a class and read from each what will be graded.

Nothing in a notebook is believed: size and number of parts are limited before it is parsed, links
are not followed, cells of checks are not taken, and of its metadata only ids are read.
"""
import hashlib
import json
import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

BYTES, PARTS, CELLS, SOURCE = 8 << 20, 400_000, 2_000, 100_000
ROLE = re.compile(r"(answer|check|written)-(\d+)-(\d+)")
MOODLE = re.compile(r"_assignsubmission_\w+$")
CANVAS = re.compile(r"(?:_LATE)?_(\d+)_\d+$")  # the student's number, the submission's


class Damaged(Exception):
    """Why a file cannot be read as a notebook, in one sentence."""


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in for a sheet; `time` is the file's, seconds since 1970."""

    student: str
    stem: str
    path: str
    time: float


@dataclass
class Content:
    """What is graded of a notebook: code as (place, source), texts by exercise."""

    code: list = field(default_factory=list)
    written: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)


# ---- files ----

def find(folder, stems):
    """Return (submissions, paths that belong to no sheet); the folder's layout tells the student.

    SUBMITTED/student/.../05_x.ipynb (nbgrader, Moodle) or SUBMITTED/student_05_x.ipynb (Canvas).
    """
    found, odd = [], []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if name.lower().endswith(".ipynb") and not path.is_symlink() and path.is_file():
                stem = next((stem for stem in stems if stem in name), None)
                student = student_of(path.relative_to(folder), stem) if stem else ""
                entry = Submission(student, stem, str(path), path.stat().st_mtime)
                found.append(entry) if student else odd.append(str(path))
    return found, odd


def student_of(path, stem):
    """Return the student's name: the first folder, or what stands before the sheet's name."""
    name = path.parts[0] if len(path.parts) > 1 else path.name.partition(stem)[0]
    name = CANVAS.sub(r"_\1", MOODLE.sub("", name.rstrip("_ ")))
    name = plain(name).encode()[:200].decode("utf-8", "ignore")
    return name.strip(" _-.")


def plain(text):
    """Return text that any file can hold: composed accents, no halves of characters."""
    text = unicodedata.normalize("NFC", os.fsencode(text).decode("utf-8", "replace"))
    return "".join(letter for letter in text if letter.isprintable())


# ---- one notebook ----

def load(path):
    """Return the bytes of a file, or raise Damaged; a link, pipe or giant is not opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            data = file.read(BYTES + 1)
    except OSError as error:
        raise Damaged(f"The file cannot be opened: {error.strerror}.") from None
    if len(data) > BYTES:
        raise Damaged(f"The file is larger than {BYTES >> 20} MiB.")
    if sum(map(data.count, (b"[", b"{", b","))) > PARTS:
        raise Damaged("The file has too many parts for a notebook.")
    return data


def parse(data):
    """Return the list of cells in the bytes of a notebook, or raise Damaged."""
    if not data.strip():
        raise Damaged("The file is empty.")
    try:
        notebook = json.loads(data)
    except (ValueError, RecursionError):
        raise Damaged("The file is no notebook, or was cut off.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or len(cells) > CELLS:
        raise Damaged("The file has no list of cells, or too long a one.")
    return [cell for cell in cells if isinstance(cell, dict)]


def read(cells):
    """Return the Content of a notebook's cells."""
    content, seen = Content(), set()
    for number, cell in enumerate(cells):
        kind, exercise = role(cell)
        source = source_of(cell)
        if kind and (kind, exercise) in seen:
            content.notes.append(f"Exercise {exercise}: a second {kind} cell does not count.")
        elif len(source) > SOURCE:
            content.notes.append(f"Cell {number + 1} is too long to be run.")
        elif kind == "written":
            content.written[exercise] = source
        elif cell.get("cell_type") == "code" and kind != "check" and source.strip():
            content.code.append((number, source))
        seen.add((kind, exercise))
    return content


def name_of(cell):
    """Return the cell's name as the sheet gave it: nbgrader's grade_id, else the cell's id."""
    inner = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    name = inner or cell.get("id")
    return name if isinstance(name, str) else ""


def role(cell):
    """Return what a cell is for, as ("answer", "5.1"), or (None, None)."""
    match = ROLE.fullmatch(name_of(cell))
    return (match[1], f"{match[2]}.{match[3]}") if match else (None, None)


def source_of(cell):
    """Return a cell's text; halves of characters, which no file can hold, are replaced."""
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return text.encode("utf-8", "replace").decode()


def fingerprint(*parts):
    """Return a text that changes with any of the parts, which are bytes or text."""
    hashes = [hashlib.sha256(part.encode() if isinstance(part, str) else part).digest()
              for part in parts]
    return hashlib.sha256(b"".join(hashes)).hexdigest()
