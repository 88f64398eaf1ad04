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

BYTES, PARTS, CELLS, SOURCE, NOTES = 8 << 20, 400_000, 2_000, 100_000, 20
ROLE = re.compile(r"(answer|check|written)-([0-9]{1,3})-([0-9]{1,3})")
HALF = re.compile("[\ud800-\udfff]")  # of a character, which no file can hold
PNG = re.compile(r"iVBORw0KGgo[A-Za-z0-9+/\s]*=*\s*")
MOODLE = re.compile(r"_assignsubmission_\w+$")
CANVAS = re.compile(r"(?:_LATE)?_(\d+)_\d+$")  # the student's number, the submission's


class Damaged(Exception):
    """Why a file cannot be read as a notebook, in one sentence."""


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in for a sheet; `time` is the file's, seconds since 1970.

    The path is bytes, since the name of a file may be no text.
    """

    student: str
    stem: str
    path: bytes
    time: float


@dataclass
class Content:
    """What is graded: code as (place, source, is it an answer?), and what a person reads."""

    code: list = field(default_factory=list)
    by_person: set = field(default_factory=set)  # exercises with a text or a picture
    notes: list = field(default_factory=list)

    def note(self, sentence):
        """Add a sentence for the reports, once; a submission has room for a few."""
        if sentence not in self.notes and len(self.notes) < NOTES:
            self.notes.append(sentence[:400])


# ---- files ----

def find(folder, stems, out=None):
    """Return (submissions, paths that belong to no sheet); the folder's layout tells the student.

    SUBMITTED/student/.../05_x.ipynb (nbgrader, Moodle) or SUBMITTED/student_05_x.ipynb (Canvas).
    What lies in `out` is the grader's own.
    """
    found, odd = [], []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".")
                            and not (out and out.exists() and out.samefile(Path(place, name))))
        for name in sorted(names):
            path = Path(place, name)
            if name.lower().endswith(".ipynb") and not path.is_symlink() and path.is_file():
                stem = stem_of(path, stems)
                student = student_of(path.relative_to(folder), stem) if stem else ""
                entry = Submission(student, stem, os.fsencode(path), path.stat().st_mtime)
                found.append(entry) if student else odd.append(str(path))
    return found, odd


def stem_of(path, stems):
    """Return the sheet in a file's name; a file that was renamed tells it by its exercises."""
    named = next((stem for stem in stems if stem.lower() in path.name.lower()), None)
    if named:
        return named
    exercises = {role(cell)[1] for cell in cells_in(path)} - {None}
    numbers = {int(exercise.partition(".")[0]) for exercise in exercises}
    return next((stem for stem in stems if number_of(stem) in numbers), None)


def number_of(stem):
    """Return the lesson's number at the beginning of a sheet's name, else 0."""
    return int("0" + re.match(r"\d*", stem)[0])


def student_of(path, stem):
    """Return the student's name: a folder, or what stands in a name before the sheet's."""
    def before(name, otherwise):
        at = name.lower().find(stem.lower())
        return name[:at] if at >= 0 else otherwise

    *folders, name = path.parts
    canvas = re.match(r".+?_\d+_\d+(?=_)", name)  # a flat file that was renamed
    alone = canvas[0] if canvas else path.stem if folders else ""
    heads = [*(before(folder, folder) for folder in folders), before(name, alone)]
    name = next(filter(None, heads), "")
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
        notebook = json.loads(data.decode(json.detect_encoding(data), "replace"))
    except (ValueError, RecursionError):
        raise Damaged("The file is no notebook, or was cut off.") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or len(cells) > CELLS:
        raise Damaged("The file has no list of cells, or too long a one.")
    return [cell for cell in cells if isinstance(cell, dict)]


def cells_in(path):
    """Return the cells of a notebook that was read before; none if it cannot be read."""
    try:
        return parse(load(path))
    except Damaged:
        return []


def read(cells):
    """Return the Content of a notebook's cells."""
    content, seen, before = Content(), set(), {}
    for number, cell in enumerate(cells):
        kind, exercise = role(cell)
        source = source_of(cell)
        if for_a_person(cell):
            content.by_person.add(exercise)
        if kind and (kind, exercise) in seen and not split(before, cell):
            content.note(f"Exercise {exercise}: a second {kind} cell does not count.")
        elif len(source) > SOURCE:
            content.note(f"Cell {number + 1} is too long to be run.")
        elif cell.get("cell_type") == "code" and kind in ("answer", None) and source.strip():
            content.code.append((number, source, kind == "answer"))
        seen.add((kind, exercise))
        before = cell
    return content


def split(before, cell):
    """Tell whether two cells were one that somebody split: one name for the grader, two ids."""
    return role(before) == role(cell) and before.get("id") != cell.get("id")


def within(thing, *keys):
    """Return what lies under keys in dictionaries in dictionaries, None where one is missing."""
    for key in keys:
        thing = thing.get(key) if isinstance(thing, dict) else None
    return thing


def outputs_of(cell):
    outputs = cell.get("outputs")
    return outputs if isinstance(outputs, list) else []


def names_of(cell):
    """Return the names of a cell: nbgrader's grade_id, the cell's id, Colab's copy of the id."""
    names = (within(cell, "metadata", "nbgrader", "grade_id"), cell.get("id"),
             within(cell, "metadata", "id"))
    return [name for name in names if name and isinstance(name, str)]


def role(cell):
    """Return what a cell is for, as ("answer", "5.1"), or (None, None)."""
    match = next(filter(None, map(ROLE.fullmatch, names_of(cell))), None)
    return (match[1], f"{match[2]}.{match[3]}") if match else (None, None)


def source_of(cell):
    """Return a cell's text; halves of characters, which no file can hold, are replaced."""
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return HALF.sub("?", text)


def for_a_person(cell):
    """Tell whether a cell holds a text or a picture that a person has to look at."""
    kind, _ = role(cell)
    return kind == "written" or kind == "answer" and bool(pictures_of(cell))


def pictures_of(cell):
    """Return the pictures in a cell's outputs and attachments: PNG, as base64, a few."""
    attached = cell.get("attachments")
    bundles = [within(output, "data") for output in outputs_of(cell)]
    bundles += attached.values() if isinstance(attached, dict) else ()
    found = [within(bundle, "image/png") for bundle in bundles]
    return [text for text in found if isinstance(text, str) and PNG.fullmatch(text)][:5]


def hints_taken(cells):
    """Return {exercise: stages taken} as the outputs of a notebook's cells record it."""
    taken = {}
    hints = [within(out, "metadata", "hint") for cell in cells for out in outputs_of(cell)]
    for hint in hints:
        if within(hint, "stage") in (1, 2, 3):
            taken.setdefault(str(within(hint, "exercise")), set()).add(hint["stage"])
    return taken


def fingerprint(*parts):
    """Return a text that changes with any of the parts, which are bytes or text."""
    hashes = [hashlib.sha256(part.encode() if isinstance(part, str) else part).digest()
              for part in parts]
    return hashlib.sha256(b"".join(hashes)).hexdigest()
