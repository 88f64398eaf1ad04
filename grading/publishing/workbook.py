"""The student's workbook: a copy of the lessons and sheets that is theirs to write in.

What they did not touch follows the course; what they wrote is never overwritten: a newer
lesson is then laid beside it. Running a notebook does not count as writing in it.
Standard library only, because course.py imports it.
"""

import hashlib
import itertools
import json
import os
from pathlib import Path

FOLDERS = ("notebooks", "exercises")
DELIVERED = ".delivered.json"


def refresh(root):
    """Bring `root/workbook` up to date; return a sentence for each file worth a word."""
    book = Path(root) / "workbook"
    remove_leftovers(book)
    delivered, sentences = read_delivered(book), []
    for name in names(root):
        content = (Path(root) / name).read_bytes()
        sentences += update(book, name, content, delivered)
    put(json.dumps(delivered, indent=1).encode(), book / DELIVERED)
    return sentences


def names(root):
    """List what a student gets, as paths from `root`: no programs, nothing hidden."""
    found = [path.relative_to(root) for folder in FOLDERS
             for path in sorted(Path(root, folder).rglob("*")) if path.is_file()]
    return [path.as_posix() for path in found if path.suffix not in (".py", ".pyc")
            and not any(part.startswith((".", "_")) for part in path.parts)]


def remove_leftovers(book):
    """Remove what an interrupted copy left."""
    for part in list(book.rglob(".*.part")):
        part.unlink()


def read_delivered(book):
    """Return {name: [text delivered, file last seen]}; a lost or broken record is an empty one."""
    try:
        return json.loads((book / DELIVERED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def update(book, name, content, delivered):
    """Copy one file unless the student wrote in theirs; return what to say, a list."""
    text, seen = fingerprint(content), hashlib.sha256(content).hexdigest()
    theirs = fingerprint_of(book / name)
    known, last = delivered.get(name, (None, None))
    known = text if theirs == text else known
    delivered[name] = [known, seen]
    if theirs is None or (last != seen and theirs == known):
        put(content, book / name)
        delivered[name] = [text, seen]
        return [f"{name} has a newer version; you had not changed it."] if last and theirs else []
    return [] if last == seen else [lay_beside(book, name, content, delivered)]


def lay_beside(book, name, content, delivered):
    """Lay a newer version beside a changed one, never over a file that was written in."""
    text, path = fingerprint(content), Path(name)
    for number in itertools.count(1):
        new = path.with_suffix(f".new{number if number > 1 else ''}{path.suffix}").as_posix()
        if fingerprint_of(book / new) in (None, text, *delivered.get(new, ())[:1]):
            break
    put(content, book / new)
    delivered[new] = [text, None]
    return f"{name} has a newer version; yours is kept, the newer one lies beside it: {new}"


def fingerprint_of(path):
    return fingerprint(path.read_bytes()) if path.exists() else None


def fingerprint(content):
    """Name what a person could have written: in a notebook, the text of its cells."""
    try:
        cells = [
            [cell["cell_type"], "".join(cell["source"]).replace("\r\n", "\n")]
            for cell in json.loads(content)["cells"]
        ]
        content = json.dumps([cell for cell in cells if cell[1].strip()]).encode()
    except (ValueError, KeyError, TypeError):
        pass  # no notebook: every byte counts
    return hashlib.sha256(content).hexdigest()


def put(content, target):
    """Write a whole file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(content)
    os.replace(part, target)
