"""What happens to notebooks in students' hands: clear words, nothing lost, graded right."""

import copy
import json
import random

import nbformat
import pytest

from grading import jail, marker, spec, submission
from grading.publishing import notebooks, release, workbook
from grading.rehearsal import Stage

STEM = "05_backprop_one_element_at_a_time"
SHEET = spec.SOLUTIONS / STEM / "sheet.ipynb"
EMPTY = spec.SOLUTIONS.parent / "exercises" / f"{STEM}.ipynb"
REASON = jail.why_not()
walls = pytest.mark.skipif(bool(REASON), reason=f"No walls here. {REASON}")


@pytest.fixture
def answered():
    """Return the sheet with all answers in it, as a dictionary."""
    return json.loads(SHEET.read_bytes())


def cell_of(nb, name):
    return next(cell for cell in nb["cells"] if cell["id"] == name)


def as_bytes(nb):
    return json.dumps(nb, ensure_ascii=False).encode()


# ---- graded right ----


def windows(nb):
    """End every line as Windows does, within the cells and in the file, behind a mark of UTF-8."""
    for cell in nb["cells"]:
        cell["source"] = [line.replace("\n", "\r\n") for line in cell["source"]]
    text = json.dumps(nb, ensure_ascii=False, indent=1).replace("\n", "\r\n")
    return b"\xef\xbb\xbf" + text.encode()


def colab(nb):
    """Save as Colab does: other ids, its own keys, and the first format without ids of cells."""
    chance = random.Random(0)
    for cell in nb["cells"]:
        mark = "".join(chance.choices("abcXYZ_-123", k=12))
        cell["metadata"] |= {"id": mark, "outputId": mark[::-1], "colab": {"base_uri": "https://x"}}
        del cell["id"]
    nb["metadata"] |= {"colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU"}
    return as_bytes(nb | {"nbformat_minor": 0})


def stripped(nb):
    """Lose every id and all metadata, as a tool that keeps only the text does."""
    for cell in nb["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    return as_bytes(nb)


def random_ids(nb):
    """Copy all cells into a new notebook: the ids are new, nbgrader's metadata come along."""
    for number, cell in enumerate(nb["cells"]):
        cell["id"] = f"{number:08x}"
    return as_bytes(nb)


def run_twice_and_saved(nb):
    """Keep what running leaves behind: outputs, numbers out of order, an empty last cell."""
    for number, cell in enumerate(nb["cells"]):
        if cell["cell_type"] == "code":
            cell["execution_count"] = 99 - number
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["✗ 5.1 fails"]}]
    nb["cells"].append(cell_of(nb, "set-up") | {"id": "empty", "source": []})
    return as_bytes(nb)


def checks_deleted(nb):
    """Delete every cell with a check or a hint."""
    nb["cells"] = [c for c in nb["cells"] if not c["id"].startswith(("check", "hint"))]
    return as_bytes(nb)


def answers_moved(nb):
    """Drag all answers below the last cell, the last answer first."""
    answers = [cell for cell in nb["cells"] if cell["id"].startswith("answer")]
    nb["cells"] = [cell for cell in nb["cells"] if cell not in answers] + answers[::-1]
    return as_bytes(nb)


def scratch_work(nb):
    """Leave trials between the cells: an error, a magic, a shell line, a print."""
    trials = ["1 / 0", "%timeit 1 + 1", "!pip list", "print(loss)", "import matplotlib"]
    for number, source in enumerate(trials):
        trial = cell_of(nb, "set-up") | {"id": f"trial-{number}", "source": [source]}
        nb["cells"].insert(2 + 3 * number, trial)
    return as_bytes(nb)


def points(data, tmp_path, name=f"{STEM}.ipynb"):
    """Return ({exercise: points}, notes) that the file earns."""
    path = tmp_path / "anna" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    (entry,), odd = submission.find(tmp_path, spec.stems())
    assert (entry.student, entry.stem, odd) == ("anna", STEM, [])
    marks = marker.mark(entry, marker.Settings(b"accidents"))
    return {r["id"]: r["points"] for r in marks["results"]}, marks["notes"]


def full_points():
    return {q.id: q.points for q in spec.load(STEM).questions.values() if q.kind != "written"}


@walls
@pytest.mark.parametrize(
    "accident",
    [windows, colab, stripped, random_ids, run_twice_and_saved, checks_deleted, answers_moved,
     scratch_work],
)  # fmt: skip
def test_a_right_sheet_earns_all_points_whatever_happened_to_it(answered, tmp_path, accident):
    assert points(accident(answered), tmp_path)[0] == full_points()


@walls
def test_a_deleted_answer_costs_its_own_points_only(answered, tmp_path):
    answered["cells"].remove(cell_of(answered, "answer-5-9"))
    assert points(as_bytes(answered), tmp_path)[0] == full_points() | {"5.9": 0}


@walls
def test_a_deleted_set_up_is_put_back_and_that_is_said(answered, tmp_path):
    answered["cells"].remove(cell_of(answered, "set-up"))
    earned, notes = points(as_bytes(answered), tmp_path)
    assert earned == full_points()
    assert notes == ["Cells that the sheet gives were deleted; they were put back."]


@walls
@pytest.mark.parametrize("name, before, after", [
    ("set-up", "import numpy", "import torch\nimport numpy"),
    ("set-up", "import numpy", "from nnlib import layers\nimport numpy"),
    ("given-5-7", "def forward(", "def forward(:")])  # fmt: skip
def test_a_cell_of_the_sheet_that_no_longer_runs_costs_no_points(answered, tmp_path, name, before,
                                                                 after):
    cell = cell_of(answered, name)
    cell["source"] = ["".join(cell["source"]).replace(before, after, 1)]
    earned, notes = points(as_bytes(answered), tmp_path)
    assert earned == full_points()
    assert "deleted" not in " ".join(notes) and "Error" in notes[0]


@walls
def test_who_deletes_the_last_cell_gets_no_remark(answered, tmp_path):
    answered["cells"].remove(cell_of(answered, "progress"))
    assert points(as_bytes(answered), tmp_path) == (full_points(), [])


@walls
def test_of_an_answer_pasted_twice_the_first_counts_and_the_other_is_said(answered, tmp_path):
    twin = copy.deepcopy(cell_of(answered, "answer-5-1"))
    twin["source"] = ["def output_delta(z, y):\n", "    return None\n"]
    answered["cells"].append(twin)
    earned, notes = points(as_bytes(answered), tmp_path)
    assert earned == full_points()
    assert notes == ["Exercise 5.1: a second answer cell does not count."]


@walls
@pytest.mark.parametrize("name", [f"{STEM} (1).ipynb", f"Copy of {STEM}.ipynb", f"{STEM}.new.ipynb",
                                  f"anna-{STEM}-final.IPYNB"])  # fmt: skip
def test_a_renamed_sheet_is_still_known(answered, tmp_path, name):
    assert points(as_bytes(answered), tmp_path, name)[0] == full_points()


@pytest.mark.parametrize("name", ["homework.ipynb", "05.ipynb", "Untitled.ipynb"])
def test_a_sheet_without_its_name_is_known_by_its_cells(tmp_path, name):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / name).write_bytes(SHEET.read_bytes())
    found, odd = submission.find(tmp_path, spec.stems())
    assert [(one.student, one.stem) for one in found] == [("anna", STEM)] and odd == []


# ---- nothing lost in the workbook ----


@pytest.fixture
def root(tmp_path):
    """Return a course with this one sheet and a fresh workbook."""
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / f"{STEM}.ipynb").write_bytes(EMPTY.read_bytes())
    workbook.refresh(tmp_path)
    return tmp_path


def newer_course(root):
    """Publish another version of the sheet; return what the refresh of the workbook says."""
    nb = json.loads(EMPTY.read_bytes())
    nb["cells"][0]["source"] = ["# A newer sheet"]
    (root / "exercises" / f"{STEM}.ipynb").write_bytes(as_bytes(nb))
    return workbook.refresh(root)


@pytest.mark.parametrize("accident", [windows, colab, random_ids])
def test_a_sheet_that_was_only_saved_elsewhere_follows_the_course(root, accident):
    theirs = root / "workbook" / "exercises" / f"{STEM}.ipynb"
    theirs.write_bytes(accident(json.loads(EMPTY.read_bytes())))
    assert [said.endswith("you had not changed it.") for said in newer_course(root)] == [True]
    assert "A newer sheet" in theirs.read_text(encoding="utf-8")


@pytest.mark.parametrize("accident", [windows, colab, checks_deleted, answers_moved])
def test_answers_are_kept_whatever_happened_to_the_file(root, answered, accident):
    theirs = root / "workbook" / "exercises" / f"{STEM}.ipynb"
    theirs.write_bytes(written := accident(answered))
    assert ["yours is kept" in said for said in newer_course(root)] == [True]
    assert theirs.read_bytes() == written


def test_a_renamed_file_is_kept_and_the_sheet_comes_again(root, answered):
    theirs = root / "workbook" / "exercises" / f"{STEM}.ipynb"
    theirs.unlink()
    mine = theirs.with_name("mine.ipynb")
    mine.write_bytes(as_bytes(answered))
    assert workbook.refresh(root) == []
    assert mine.read_bytes() == as_bytes(answered) and theirs.read_bytes() == EMPTY.read_bytes()


# ---- clear words in the notebook ----


def stage(cells):
    """Run cells of the sheet in the order given, as in a kernel that was started anew."""
    return Stage(nbformat.from_dict({"cells": cells}))


def cells_of(path):
    return notebooks.read(path).cells


def test_a_sheet_run_twice_says_the_same_again():
    once, twice = stage(cells_of(SHEET)), stage(cells_of(SHEET) + cells_of(SHEET))
    assert once.states == twice.states and set(once.states.values()) == {"passes"}
    assert twice.printed == 2 * once.printed


def test_checks_without_their_answers_name_what_is_missing():
    questions = spec.load(STEM).questions.values()
    scene = stage([c for c in cells_of(SHEET) if release.role(c)[0] != "answer"])
    assert scene.states == {q.id: "waits" for q in questions}
    for q in questions:
        assert f"… {q.id} waits: there is no `{q.name}` yet: run the cell" in scene.printed


def test_progress_counts_in_the_order_of_the_sheet_in_whatever_order_it_was_done():
    cells = cells_of(SHEET)
    checks = [cell for cell in cells if release.role(cell)[0] == "check"]
    ends = [cell for cell in cells if "progress()" in cell.source and cell.cell_type == "code"]
    others = [cell for cell in cells if cell not in checks + ends]
    printed = stage(others + checks[::-1] + ends).printed
    assert stage(cells).printed.splitlines()[-2:] == printed.splitlines()[-2:]


def test_after_a_restart_in_the_middle_what_is_missing_is_named_and_running_all_mends_it():
    cells = cells_of(SHEET)
    half = next(n for n, cell in enumerate(cells) if cell.id == "text-5-5")
    with pytest.raises(NameError, match="name '(np|exercise|tanh)' is not defined"):
        stage(cells[half:])
    assert set(stage(cells).states.values()) == {"passes"}
