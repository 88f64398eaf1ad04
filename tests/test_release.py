"""publishing.release: what a student gets, and the sheets it refuses."""

import json
import re
import shutil

import nbformat
import pytest

from grading import spec
from grading.publishing import notebooks, release
from grading.publishing.notebooks import Trouble

STEM = "05_backprop_one_element_at_a_time"
QUESTIONS = spec.load(STEM).questions


@pytest.fixture
def root(tmp_path):
    """Return a copy of the course that holds one sheet."""
    shutil.copytree(spec.SOLUTIONS / STEM, tmp_path / "solutions" / STEM)
    lesson = tmp_path / "notebooks" / f"{STEM}.ipynb"
    lesson.parent.mkdir()
    shutil.copy(spec.SOLUTIONS.parent / "notebooks" / lesson.name, lesson)
    return tmp_path


def sheet():
    return notebooks.read(spec.SOLUTIONS / STEM / "sheet.ipynb")


def cell(nb, name):
    return next(c for c in nb.cells if c.id == name)


def test_release_writes_a_sheet_and_its_hints_and_the_same_again(root, capsys):
    release.main(["05"], root)
    exercise, hints = root / "exercises" / f"{STEM}.ipynb", root / "exercises" / "hints.json"
    before = exercise.read_bytes(), hints.read_bytes(), exercise.stat().st_mtime_ns
    assert f"exercises/{STEM}.ipynb" in capsys.readouterr().out
    release.main([], root)
    assert before == (exercise.read_bytes(), hints.read_bytes(), exercise.stat().st_mtime_ns)
    assert before[0] == (spec.SOLUTIONS.parent / "exercises" / f"{STEM}.ipynb").read_bytes()


def test_private_sheets_stay_in_their_folder(root, capsys):
    (root / "solutions" / STEM).rename(root / "solutions" / "05_exam")
    (root / "notebooks" / f"{STEM}.ipynb").unlink()  # an examination has no lesson
    before = {path for path in spec.SOLUTIONS.parent.glob("exercises/*")}
    release.main(["--in", str(root), "05"])
    made = root / "exercises" / "05_exam.ipynb"
    assert "### BEGIN SOLUTION" not in made.read_text(encoding="utf-8")
    assert json.loads((root / "exercises" / "hints.json").read_text(encoding="utf-8"))
    assert before == {path for path in spec.SOLUTIONS.parent.glob("exercises/*")}
    with pytest.raises(SystemExit, match="No sheet begins with"):
        release.main(["--in"], root / "nowhere")


def test_hints_are_those_of_the_spec(root):
    release.main([], root)
    hints = json.loads((root / "exercises" / "hints.json").read_text(encoding="utf-8"))
    assert {number: tuple(three) for number, three in hints.items()} == {
        number: q.hints for number, q in QUESTIONS.items()
    }


def test_the_instructors_page_names_every_question_and_mistake(root):
    release.main([], root)
    text = (root / "solutions" / STEM / "README.md").read_text(encoding="utf-8")
    assert "| 5.7 | write `backward` | 4 | 15 | (5.34), (5.27)" in text
    for number, mistakes in spec.load(STEM).mistakes.items():
        assert f"**{number} `{QUESTIONS[number].name}`**" in text
        assert all(m.sentence in text for m in mistakes)


@pytest.mark.parametrize("pattern", ["solutions/*/sheet.ipynb", "exercises/*.ipynb"])
def test_a_sheet_links_to_its_lesson_from_where_it_lies(pattern):
    for path in spec.SOLUTIONS.parent.glob(pattern):
        links = re.findall(r"\]\((\.\.[^)]+)\)", notebooks.read(path).cells[0].source)
        assert len(links) == 1 and (path.parent / links[0]).exists(), path


def test_a_function_is_left_to_write_and_a_value_to_fill_in():
    nb = release.exercise_of(sheet(), QUESTIONS)
    function, value = cell(nb, "answer-5-1").source, cell(nb, "answer-5-2").source
    assert function.endswith('raise NotImplementedError("Exercise 5.1: write `output_delta`")')
    assert "def output_delta" in function and '"""' in function
    assert value == "delta_at_zero = ...  # Exercise 5.2: your answer"


def test_grading_metadata_follow_from_the_ids():
    nb = release.stamp(sheet(), QUESTIONS)
    answer, check = (cell(nb, f"{part}-5-7").metadata.nbgrader for part in ("answer", "check"))
    assert (answer.solution, answer.grade, answer.locked) == (True, False, False)
    assert (check.solution, check.grade, check.locked, check.points) == (False, True, True, 4)
    assert "nbgrader" not in cell(nb, "hint-5-7").metadata


def test_a_text_is_left_to_write_and_graded_by_a_person():
    asked = spec.Written("5.10", "essay", 3, 5, ("5.1",), "own words", ("Why?", "So.", "Thus."))
    nb, text = sheet(), "Why?\n\n### BEGIN SOLUTION\nBecause.\n### END SOLUTION"
    nb.cells.append(nbformat.v4.new_markdown_cell(text, id="written-5-10"))
    made = cell(release.exercise_of(nb, QUESTIONS | {"5.10": asked}), "written-5-10")
    assert made.source == "Why?\n\n*Your answer.*"
    meta = made.metadata.nbgrader
    assert (meta.grade, meta.solution, meta.points, meta.cell_type) == (True, True, 3, "markdown")


def test_hidden_tests_are_taken_out():
    source = "check()\n### BEGIN HIDDEN TESTS\nassert secret\n### END HIDDEN TESTS\nend()"
    assert release.without_regions(source, "HIDDEN TESTS") == "check()\nend()"


def broken(name, change):
    """Return the sheet with the cells called `name` changed."""
    nb = sheet()
    nb.cells = [new for c in nb.cells for new in (change(c) if c.id == name else [c])]
    return nb


def with_source(old, new):
    def change(c):
        return [nbformat.from_dict(c | {"source": c.source.replace(old, new)})]

    return change


@pytest.mark.parametrize(
    "nb, said",
    [
        (broken("answer-5-1", with_source("### END SOLUTION", "")), "BEGIN SOLUTION without"),
        (
            broken("check-5-1", with_source("with", "### END SOLUTION\nwith")),
            "END SOLUTION without",
        ),
        (broken("answer-5-1", with_source("### ", "# ")), "answer-5-1 has no"),
        (broken("check-5-1", lambda c: [c, c]), "check 5.1 is there twice"),
        (broken("check-5-1", lambda c: []), "exercise 5.1 needs these cells: answer, check"),
        (broken("hint-5-1", lambda c: [nbformat.from_dict(c | {"id": "answer-5-10"})]), "5.10"),
    ],
)
def test_a_sheet_with_a_gap_is_refused(nb, said):
    with pytest.raises(Trouble, match=said):
        release.exercise_of(nb, QUESTIONS)


def test_a_sheet_without_spec_is_refused_in_a_sentence(root):
    (root / "solutions" / STEM / "spec.py").unlink()
    with pytest.raises(SystemExit, match=r"there is no solutions/05.*/spec\.py.*Nothing was"):
        release.main([], root)
    assert not (root / "exercises").exists()


def test_an_unknown_sheet_is_said(root):
    with pytest.raises(SystemExit, match="No sheet begins with 99"):
        release.main(["99"], root)
