"""Write a notebook as plain text; keep the .ipynb, run and cleaned, as the only source.

    course.py edit notebooks/05_x.ipynb           opens it as text: notebooks/05_x.py
    course.py edit --close notebooks/05_x.ipynb   runs it, cleans it, puts it back
    course.py edit --run notebooks/*.ipynb        runs and cleans without opening

In the text `# %%` begins a code cell and `# %% [markdown]` a text cell. Behind it stand the
cell's id (leave it; a new cell gets one), its tags and its grading metadata.
"""

import itertools
import os
import re
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[2]
HEAD = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_METADATA = ("tags", "nbgrader", "jupyter", "slideshow", "editable", "deletable")
TEXT = {"extension": ".py", "format_name": "percent", "notebook_metadata_filter": "-all",
        "cell_metadata_filter": ",".join(("id", *CELL_METADATA))}
EMPTY = "# %% [markdown]\n# # A title with a verb\n\n# %%\n"
WIDGET = "application/vnd.jupyter.widget-view+json"  # dead without its kernel
SECONDS = 300  # for one cell


class Trouble(Exception):
    """Something the author has to put right, in one sentence."""


# ---- clean: the same run gives the same bytes ----


def clean(nb, name):
    """Leave only what a reader or a test needs; new cells get an id that begins with `name`."""
    nb.metadata, nb.nbformat, nb.nbformat_minor = nbformat.from_dict(HEAD), 4, 5
    name_cells(nb.cells, name)
    for cell in nb.cells:
        kept = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
    ran = (cell for cell in nb.cells if cell.get("execution_count") is not None)
    for count, cell in enumerate(ran, start=1):
        cell.execution_count = count
        cell.outputs = clean_outputs(cell, count)
    return nb


def name_cells(cells, name):
    """Keep readable ids; a random, missing or doubled one becomes `name` and the next number."""
    kept, taken = set(), {cell.get("id") for cell in cells}
    numbers = (f"{name[:50]}-{number:02d}" for number in range(1, 10_000))
    for cell in cells:
        old = cell.get("id", "")
        if old in kept or re.fullmatch(r"|[0-9a-f]{8}(-[0-9a-f-]{27})?", old):
            cell["id"] = next(new for new in numbers if new not in taken)
        kept.add(cell.id)


def clean_outputs(cell, count):
    """Return the outputs, streams joined, without counts, colours, widgets and paths."""
    outputs = []
    for out in cell.outputs:
        last = outputs[-1] if outputs else {}
        if out.output_type == "stream" and last.get("name") == out.name:
            last["text"] += out.text
            continue
        if out.output_type == "execute_result":
            out.execution_count = count
        if out.output_type == "error":
            out.traceback = clean_traceback(out.traceback)
        out.get("data", {}).pop(WIDGET, None)
        refuse_paths(out, cell)
        outputs.append(out)
    return outputs


def clean_traceback(frames):
    """Take out the colours, and the frames that lie in a file of this machine."""
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", frame) for frame in frames]
    return [frame for frame in plain if not frame.startswith("File ")]


def refuse_paths(out, cell):
    """Raise Trouble when an output shows where this machine keeps things."""
    shown = [text for mime, text in out.get("data", {}).items() if mime.startswith("text/")]
    text = str([out.get("text"), out.get("evalue"), out.get("traceback"), shown])
    here = (ROOT, sys.prefix, tempfile.gettempdir(), Path.home())
    found = [f"{path}{os.sep}" for path in here if f"{path}{os.sep}" in text]
    found += re.findall(r"\bat 0x[0-9A-Fa-f]{6,}", text)
    if found:
        raise Trouble(f"cell {cell.id} shows {found[0]!r}, which is different on every machine: "
                      "print something else")


# ---- read, run, write ----


def read(path):
    return nbformat.read(path, as_version=4)


def as_bytes(nb):
    """Return the file's bytes: LF, one newline at the end."""
    nbformat.validate(nb)
    return (nbformat.writes(nb).rstrip("\n") + "\n").encode("utf-8")


def write(nb, path):
    path.write_bytes(as_bytes(nb))


def execute(nb, folder):
    """Run every cell in a fresh kernel that works in `folder`."""
    try:
        NotebookClient(nb, timeout=SECONDS, record_timing=False, kernel_name="python3",
                       extra_arguments=["--IPKernelApp.log_level=ERROR"],
                       resources={"metadata": {"path": str(folder)}}).execute()
    except CellExecutionError as error:
        cell = next(cell for cell in nb.cells if error_in(cell))
        raise Trouble(f"cell {cell.get('id')} ({cell.source.splitlines()[0]}) stopped with "
                      f"{error.ename}: {error.evalue}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise Trouble(str(error).splitlines()[0]) from None


def error_in(cell):
    """Tell whether this cell failed without announcing it by the tag raises-exception."""
    failed = any(out.output_type == "error" for out in cell.get("outputs", ()))
    return failed and "raises-exception" not in cell.metadata.get("tags", ())


def run(path, nb=None):
    """Run, clean and write one notebook; a failing one is not written."""
    nb = read(path) if nb is None else nb
    name_cells(nb.cells, path.stem)
    execute(nb, path.parent)
    write(clean(nb, path.stem), path)


# ---- as text ----


def to_text(nb):
    """Return percent text that carries ids, tags and grading metadata."""
    for cell in nb.cells:
        cell.metadata["id"] = cell.id
    return jupytext.writes(nb, fmt=TEXT)


def from_text(text):
    """Return the notebook that a percent text describes, not run yet."""
    nb = jupytext.reads(text, fmt=TEXT)
    for cell in nb.cells:
        cell["id"] = cell.metadata.pop("id", "")
    return nb


def open_as_text(path):
    """Lay the notebook as text beside itself; return the text's path."""
    text = path.with_suffix(".py")
    if text.exists():
        raise Trouble(f"{text.name} is open already: close it first, or delete it")
    nb = read(path) if path.exists() else from_text(EMPTY)
    name_cells(nb.cells, path.stem)
    percent = to_text(nb)
    for cell, again in itertools.zip_longest(nb.cells, from_text(percent).cells):
        if again is None or again.source != cell.source:
            raise Trouble(f"cell {cell.id} does not survive as text: edit it in JupyterLab")
    text.parent.mkdir(exist_ok=True)  # a new sheet has a folder of its own
    text.write_text(percent, encoding="utf-8", newline="\n")
    return text


def close_text(path):
    """Run the text's cells, put them into the notebook, remove the text."""
    text = path.with_suffix(".py")
    if not text.exists():
        raise Trouble(f"there is no {text.name}: open the notebook first")
    run(path, from_text(text.read_text(encoding="utf-8")))
    text.unlink()


def main(args):
    """Do one thing to each notebook; stop at the first trouble, in one sentence."""
    verbs = {"--close": close_text, "--run": run}
    act = verbs.get(args[0], open_as_text) if args else None
    paths = [Path(arg).resolve().with_suffix(".ipynb") for arg in args if arg not in verbs]
    if not paths or any(arg.startswith("-") for arg in args if arg not in verbs):
        sys.exit(__doc__)
    for path in paths:
        try:
            done = act(path)
        except Trouble as trouble:
            sys.exit(f"[course] {path.name}: {trouble}. Nothing was changed.")
        except FileNotFoundError as error:
            sys.exit(f"[course] There is no {error.filename}.")
        print(f"[course] {done or path}")


if __name__ == "__main__":
    main(sys.argv[1:])
