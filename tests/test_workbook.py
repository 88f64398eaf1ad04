"""The workbook: what a student wrote is never overwritten, the rest follows the course."""

import json

import pytest

from grading.publishing import workbook

LESSON = "notebooks/05_x.ipynb"
NEWER = "notebooks/05_x.new.ipynb"


def notebook(*sources, output="1"):
    shown = [{"output_type": "stream", "name": "stdout", "text": output}]
    cells = [
        {
            "cell_type": "code",
            "id": "a",
            "metadata": {},
            "execution_count": 1,
            "source": source.splitlines(keepends=True),
            "outputs": shown,
        }
        for source in sources
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def root(tmp_path):
    for name, text in {
        LESSON: notebook("x = 1"),
        "notebooks/05_x.py": "an author's text",
        "exercises/05_x.ipynb": notebook("todo"),
        "exercises/hints.json": "{}",
        "notebooks/.ipynb_checkpoints/05_x.ipynb": "{}",
    }.items():
        write(tmp_path, name, text)
    return tmp_path


def write(root, name, text):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def theirs(root, name=LESSON):
    return (root / "workbook" / name).read_text(encoding="utf-8")


def student_writes(root, text, name=LESSON):
    write(root, f"workbook/{name}", text)


def files(root):
    found = (root / "workbook").rglob("*")
    return sorted(
        path.relative_to(root / "workbook").as_posix()
        for path in found
        if path.is_file() and path.name != workbook.DELIVERED
    )


def test_first_run_copies_lessons_and_sheets_only(root):
    assert workbook.refresh(root) == []
    assert files(root) == ["exercises/05_x.ipynb", "exercises/hints.json", LESSON]
    assert theirs(root) == notebook("x = 1")


def test_a_second_run_changes_nothing(root):
    workbook.refresh(root)
    student_writes(root, notebook("x = 1", output="mine"))
    assert workbook.refresh(root) == []
    assert theirs(root) == notebook("x = 1", output="mine")


def test_an_untouched_lesson_is_refreshed(root):
    workbook.refresh(root)
    write(root, LESSON, notebook("x = 2"))
    assert [LESSON in said for said in workbook.refresh(root)] == [True]
    assert theirs(root) == notebook("x = 2")
    assert NEWER not in files(root)


@pytest.mark.parametrize("ran", [notebook("x = 1", output="mine"), notebook("x = 1", "", " \n")])
def test_running_a_lesson_does_not_count_as_touching_it(root, ran):
    workbook.refresh(root)
    student_writes(root, ran)  # JupyterLab adds an empty cell after the last one run
    write(root, LESSON, notebook("x = 2"))
    workbook.refresh(root)
    assert theirs(root) == notebook("x = 2")


def test_new_pictures_reach_an_untouched_lesson(root):
    workbook.refresh(root)
    write(root, LESSON, notebook("x = 1", output="better"))
    workbook.refresh(root)
    assert theirs(root) == notebook("x = 1", output="better")


def test_an_edited_lesson_is_kept_and_the_newer_laid_beside(root):
    workbook.refresh(root)
    student_writes(root, notebook("x = 1", "mine"))
    assert workbook.refresh(root) == []
    write(root, LESSON, notebook("x = 2"))
    said = workbook.refresh(root)
    assert len(said) == 1 and NEWER in said[0] and "yours is kept" in said[0]
    assert theirs(root) == notebook("x = 1", "mine")
    assert theirs(root, NEWER) == notebook("x = 2")
    assert workbook.refresh(root) == []


def test_an_edited_newer_copy_is_kept_too(root):
    workbook.refresh(root)
    student_writes(root, "mine")
    write(root, LESSON, notebook("x = 2"))
    workbook.refresh(root)
    student_writes(root, "mine too", NEWER)
    write(root, LESSON, notebook("x = 3"))
    assert "05_x.new2.ipynb" in workbook.refresh(root)[0]
    assert (theirs(root), theirs(root, NEWER)) == ("mine", "mine too")
    assert theirs(root, "notebooks/05_x.new2.ipynb") == notebook("x = 3")


def test_an_unedited_newer_copy_is_replaced_by_the_newest(root):
    workbook.refresh(root)
    student_writes(root, "mine")
    for version in ("x = 2", "x = 3"):
        write(root, LESSON, notebook(version))
        workbook.refresh(root)
    assert theirs(root, NEWER) == notebook("x = 3")
    assert "notebooks/05_x.new2.ipynb" not in files(root)


def test_a_newer_copy_thrown_away_stays_away_but_the_next_one_comes(root):
    workbook.refresh(root)
    student_writes(root, "mine")
    write(root, LESSON, notebook("x = 2"))
    workbook.refresh(root)
    (root / "workbook" / NEWER).unlink()
    assert workbook.refresh(root) == [] and NEWER not in files(root)
    write(root, LESSON, notebook("x = 3"))
    workbook.refresh(root)
    assert theirs(root, NEWER) == notebook("x = 3")


def test_a_student_who_takes_the_newer_copy_is_up_to_date(root):
    workbook.refresh(root)
    student_writes(root, "mine")
    write(root, LESSON, notebook("x = 2"))
    workbook.refresh(root)
    (root / "workbook" / NEWER).replace(root / "workbook" / LESSON)
    assert workbook.refresh(root) == []
    write(root, LESSON, notebook("x = 3"))
    workbook.refresh(root)
    assert theirs(root) == notebook("x = 3")


def test_a_deleted_file_comes_back(root):
    workbook.refresh(root)
    (root / "workbook" / LESSON).unlink()
    workbook.refresh(root)
    assert theirs(root) == notebook("x = 1")


def test_leftovers_of_an_interrupted_copy_are_removed(root, monkeypatch):
    def killed(part, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(workbook.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            workbook.refresh(root)
    assert any(name.endswith(".part") for name in files(root))
    assert LESSON not in files(root)
    write(root, "workbook/notebooks/.a_lesson_since_renamed.ipynb.part", "half")
    workbook.refresh(root)
    assert files(root) == ["exercises/05_x.ipynb", "exercises/hints.json", LESSON]


def killed_before_the_record(root, monkeypatch):
    put = workbook.put

    def killed(content, target):
        if target.name == workbook.DELIVERED:
            raise KeyboardInterrupt
        put(content, target)

    with monkeypatch.context() as broken:
        broken.setattr(workbook, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            workbook.refresh(root)


@pytest.mark.parametrize("runs_before", [0, 1])
def test_killed_between_the_copy_and_its_record(root, monkeypatch, runs_before):
    for _ in range(runs_before):
        workbook.refresh(root)
    write(root, LESSON, notebook("x = 2"))
    killed_before_the_record(root, monkeypatch)
    assert theirs(root) == notebook("x = 2")
    workbook.refresh(root)
    write(root, LESSON, notebook("x = 3"))
    workbook.refresh(root)
    assert theirs(root) == notebook("x = 3") and NEWER not in files(root)


@pytest.mark.parametrize("record", ["", '{"notebooks'])
def test_a_broken_record_loses_nothing(root, record):
    workbook.refresh(root)
    student_writes(root, "mine")
    (root / "workbook" / workbook.DELIVERED).write_text(record)
    said = workbook.refresh(root)
    assert theirs(root) == "mine" and theirs(root, NEWER) == notebook("x = 1")
    assert len(said) == 1


def test_a_broken_notebook_counts_as_edited(root):
    workbook.refresh(root)
    student_writes(root, notebook("x = 1")[:40])
    write(root, LESSON, notebook("x = 2"))
    workbook.refresh(root)
    assert theirs(root) == notebook("x = 1")[:40]
