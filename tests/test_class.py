"""What a class hands in and what an instructor gets: odd files, pictures, regrading, sections."""
import csv
import json
import os
import random
import shutil
import signal
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "attacks"))
import rig  # noqa: E402

from grading import grade, jail, marker, report, spec, submission  # noqa: E402

REASON = jail.why_not()
walls = pytest.mark.skipif(bool(REASON), reason=f"No walls here. {REASON}")
GIVEN = "import numpy as np\nthree = 3"


@pytest.fixture
def place(tmp_path):
    """A folder with the small sheet, which gives its students a set-up cell."""
    shutil.copytree(rig.SHEETS, tmp_path / "sheets")
    cells = [rig.code_cell(GIVEN, "set-up"), rig.code_cell("# hint", "hint-6-1")]
    (tmp_path / "sheets" / rig.STEM / "sheet.ipynb").write_text(json.dumps(rig.notebook(cells)))
    yield tmp_path
    rig.end_jails()


def hand_in(place, path, *cells, attack=rig.Attack("")):  # noqa: B008
    """Write an honest notebook with more cells at its end; return its path."""
    path = place / "in" / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rig.notebook([*rig.cells_of(attack), *cells])))
    return path


def run(place, *words):
    grade.main([str(place / "in"), "--out", str(place / "out"), "--sheets",
                str(place / "sheets"), "--processes", "1", *words])


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row[0]: row[1:] for row in csv.reader(file)}


def page_of(place, student):
    return (place / "out" / "students" / student / f"{rig.STEM}.html").read_text(encoding="utf-8")


def picture(name, data=rig.PNG):
    shown = [{"output_type": "display_data", "data": {"image/png": data}, "metadata": {}}]
    return rig.code_cell("plot()", name) | {"outputs": shown}


# ---- files ----

@pytest.mark.parametrize("path, student", [
    ("ann/homework.ipynb", "ann"), ("ann/06_SMALL.ipynb", "ann"),
    ("doejane_123_4567_homework.ipynb", "doejane_123"), ("homework.ipynb", ""),
    ("06_small/ann.ipynb", "ann"), ("ann-06_small/06_small.ipynb", "ann")])
def test_a_renamed_file_is_known_by_its_exercises(place, path, student):
    found, odd = submission.find(hand_in(place, path).parents[path.count("/")], [rig.STEM])
    assert [entry.student for entry in found] == [student] * bool(student)
    assert len(odd) == (not student)


def test_a_file_without_a_sheets_name_cannot_stop_the_search(place):
    for n, name in enumerate(("answer-" + "9" * 5000 + "-1", "answer-٦-1", "answer--1", "٣" * 99)):
        cells = [rig.code_cell("x", name)]
        path = hand_in(place, f"ann/{n}.ipynb")
        path.write_text(json.dumps(rig.notebook(cells)))
    path.with_name("empty.ipynb").touch()
    assert [len(found) for found in submission.find(place / "in", [rig.STEM])] == [0, 5]


@walls
def test_a_name_that_is_no_text_is_graded_and_kept(place):
    path = hand_in(place, "ann/06_small.ipynb")
    os.rename(path, os.fsencode(path.parent) + b"/06_small caf\xe9.ipynb")
    for _ in range(2):
        run(place)
        assert table(place / "out" / "grades.csv")["ann"] == ["10.0", "10.0"]


@walls
def test_what_was_graded_may_lie_among_what_was_handed_in(place):
    hand_in(place, "ann/06_small.ipynb")
    for _ in range(2):
        run(place, "--out", str(place / "in" / "graded"))
    assert set(table(place / "in" / "graded" / "grades.csv")) == {"student", "ann"}


@walls
def test_damaged_files_and_doubled_answers_are_said(place):
    hand_in(place, "cut/06_small.ipynb").write_bytes(b'{"cells": [{"cell_type')
    hand_in(place, "twice/06_small.ipynb", rig.code_cell("scores = None", "answer-6-1"))
    run(place)
    assert table(place / "out" / "grades.csv")["cut"] == ["0.0", "0.0"]
    assert table(place / "out" / "grades.csv")["twice"] == ["10.0", "10.0"]
    whole = (place / "out" / "class.html").read_text(encoding="utf-8")
    for student, said in {"cut": "The file is no notebook, or was cut off.",
                          "twice": "Exercise 6.1: a second answer cell does not count."}.items():
        assert said in page_of(place, student) and f"{student}, {rig.STEM}: {said}" in whole


@walls
def test_what_the_sheet_gives_is_put_back_where_it_was_deleted(place):
    needs = rig.Attack("", answers={"6.3": "shape = three, 4", "6.1": """
def scores(W, x): return np.dot(W, x)"""})
    path = hand_in(place, "ann/06_small.ipynb", attack=needs)
    points, outcome = rig.mark(path, settings=marker.Settings(b"x", place / "sheets"))
    assert points == rig.FULL and "put back" in outcome["notes"][0]
    changed = rig.Attack("", GIVEN.replace("3", "4"), answers={"6.3": "shape = three, 4"})
    cells = [cell | {"id": "set-up" if cell["id"] == "extra" else cell["id"]}
             for cell in rig.cells_of(changed)]
    path.write_text(json.dumps(rig.notebook(cells)))
    points, outcome = rig.mark(path, settings=marker.Settings(b"x", place / "sheets"))
    assert points == rig.FULL | {"6.3": 0} and not outcome["notes"]  # theirs counts


def test_a_student_can_fill_neither_the_store_nor_the_page_with_notes():
    content = submission.Content()
    for number in range(1000):
        content.note(f"{number} " + "x" * 1000)
    assert len(content.notes) == submission.NOTES and max(map(len, content.notes)) == 400
    tally = report.Tally()
    for number in range(100):
        entry = {"lines": [{"points": 1, "out_of": 2, "number": "6.1", "mistake": "", "read": ""}],
                 "earned": 1, "notes": content.notes, "fault": "", "by_person": [], "path": ""}
        tally.add(str(number), {rig.STEM: entry})
    assert len(tally.notes) == report.NOTES and len(tally.rows) == 100


KEYS = ("cells", "id", "metadata", "nbgrader", "grade_id", "source", "outputs", "cell_type", "data",
        "image/png", "attachments", "hint", "exercise", "stage")
THINGS = (None, True, -1, 1.5, "", "code", "markdown", "answer-6-1", "check-6-1", "written-6-5",
          "6.1", 2, "\ud800", rig.PNG, float("nan"), 10 ** 30)


def odd_thing(rng, depth):
    """Return something that JSON can hold, with the names that a notebook has."""
    kind = rng.random() if depth else 0
    if kind < 0.45:
        return rng.choice(THINGS)
    if kind < 0.65:
        return [odd_thing(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(KEYS): odd_thing(rng, depth - 1) for _ in range(rng.randrange(6))}


def test_no_form_of_a_notebook_stops_the_grader():
    rng, read = random.Random(1), 0
    for _ in range(3000):
        cells = []
        for _ in range(rng.randrange(5)):
            cell = rig.code_cell("x = 1", rng.choice(("answer-6-1", "written-6-5", "a")))
            cells.append(cell | {rng.choice(KEYS): odd_thing(rng, 4) for _ in range(3)})
        whole = {"cells": cells} if rng.random() < 0.9 else odd_thing(rng, 4)
        try:
            cells = submission.parse(json.dumps(whole).encode())
        except submission.Damaged:
            continue
        read += len(cells)
        content = submission.read(cells)
        marker.put_back(content, cells, {"set-up": "import x"})
        submission.hints_taken(cells)
        line = {"number": "6.1", "points": 1, "out_of": 2, "sentence": "s", "read": "r"}
        json.dumps(report.annotated(cells, [line]))
        assert len(list(filter(submission.for_a_person, cells))) <= len(cells)
    assert read > 3000


# ---- what a person reads ----

@walls
def test_texts_and_figures_are_listed_for_reading_and_keep_their_points(place):
    text = {"cell_type": "markdown", "id": "written-6-5", "source": "because ![](attachment:a.png)",
            "metadata": {}, "attachments": {"a.png": {"image/png": rig.PNG}}}
    hand_in(place, "ann/06_small.ipynb", text, picture("written-6-6"), picture("elsewhere"))
    hand_in(place, "bob/06_small.ipynb", picture("written-6-5"))
    hand_in(place, "eve/06_small.ipynb", picture("written-6-5", '" onerror="alert(1)'))
    run(place)
    whole = (place / "out" / "class.html").read_text(encoding="utf-8")
    assert whole.count("<img ") == whole.count(rig.PNG) == 3
    assert "onerror" not in whole and "img-src data:" in whole and "because" in whole
    path = place / "out" / "by_hand.csv"
    rows = path.read_text(encoding="utf-8-sig")
    assert rows.count("06_small,6.5,,2") == 3 and "6.1" not in rows
    filled = rows.replace(",", ";").replace("bob;06_small;6.5;", "bob;06_small;6.5;1,5")
    path.write_text(filled + ";;;;\n\n")  # as some spreadsheets save it
    run(place)
    assert table(place / "out" / "grades.csv")["bob"] == ["11.5", "11.5"]
    assert "bob,06_small,6.5,1.5,2" in path.read_text(encoding="utf-8-sig")


@walls
@pytest.mark.parametrize("points", ["nan", "inf", "two"])
def test_points_that_are_no_number_are_refused(place, points):
    hand_in(place, "ann/06_small.ipynb", picture("written-6-5"))
    run(place)
    path = place / "out" / "by_hand.csv"
    path.write_text(path.read_text().replace("6.5,,2", f"6.5,{points},2"))
    with pytest.raises(SystemExit, match="by_hand.csv: not student, sheet, exercise, points"):
        run(place)


# ---- grading again ----

@walls
def test_one_sheet_of_one_student_is_graded_anew_and_no_other(place, monkeypatch):
    for student in ("ann", "bob"):
        hand_in(place, f"{student}/06_small.ipynb")
    graded = []

    def seen(jobs, *rest):
        graded.append([entry.student for entry in jobs])
        return iter(())

    run(place)
    monkeypatch.setattr(grade.pool, "run", seen)
    for words in ((), ("--only", "06", "--student", "ann"), ("--only", "05", "--student", "ann"),
                  ("--student", "bob", "--again"), ("--again",)):
        run(place, *words)
    assert graded == [[], ["ann"], [], ["bob"], ["ann", "bob"]]


@walls
def test_a_dask_cluster_that_loses_a_worker_gives_the_results_of_one_machine(place):
    distributed = pytest.importorskip("dask.distributed", reason="Dask is not installed: "
                                      "grading/requirements-maintainers.txt")
    (place / "out").mkdir()
    (place / "out" / "secret.key").write_bytes(b"the same for both")
    for number in range(12):
        slow = rig.Attack("", f"import time; time.sleep({number % 3} / 4)")
        hand_in(place, f"{number}/06_small.ipynb", attack=slow)
    run(place)
    shutil.move(place / "out", place / "alone")
    (place / "out").mkdir()
    shutil.copy(place / "alone" / "secret.key", place / "out")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            worker = min(client.run(os.getpid).values())
            threading.Timer(1.5, os.kill, (worker, signal.SIGKILL)).start()
            run(place, "--scheduler", cluster.scheduler_address)
            assert worker not in client.run(os.getpid).values()
    assert (place / "alone" / "grades.csv").read_bytes() == (
        place / "out" / "grades.csv").read_bytes()


# ---- pages ----

@walls
def test_pages_name_the_section_to_read_and_the_class_what_to_teach(place):
    lesson = next(iter(spec.stems()))
    number, heading = next((n, h) for n, h in report.sections(
        report.LESSONS / f"{lesson}.ipynb").items() if h.isascii())
    (place / "sheets" / rig.STEM).rename(place / "sheets" / lesson)
    path = place / "sheets" / lesson / "spec.py"
    path.write_text(path.read_text().replace('4, 5, (), ', f'4, 5, ("{number}",), '))
    wrong = rig.Attack("", answers={"6.1": "def scores(W, x):\n    return -(W @ x)"})
    hand_in(place, f"ann/{lesson}.ipynb", attack=wrong)
    hand_in(place, f"bob/{lesson}.ipynb")
    run(place)
    mine = (place / "out" / "students" / "ann" / f"{lesson}.html").read_text(encoding="utf-8")
    assert f"Lesson {lesson[:2]}, “{heading}”, equation ({number})" in mine
    whole = (place / "out" / "class.html").read_text(encoding="utf-8")
    parts = ["How the points are distributed", "Points per question", "The mistakes map",
             "6.1 negative", "What to teach again", f"equation ({number}) (4 points lost)"]
    assert [part for part in parts if part not in whole] == []
    assert sorted(map(whole.index, parts)) == list(map(whole.index, parts))


@walls
@pytest.mark.parametrize("change", ["id", "everything"])
@pytest.mark.parametrize("stem", spec.stems()[::5])
def test_a_sheet_of_the_course_that_lost_its_names_earns_the_same(stem, change, tmp_path):
    source = spec.SOLUTIONS / stem / "sheet.ipynb"
    whole = json.loads(source.read_text(encoding="utf-8"))
    for cell in whole["cells"]:
        cell["metadata"] = {} if change == "everything" else {"id": cell["id"]}
        del cell["id"]
    path = tmp_path / f"{stem}.ipynb"
    path.write_text(json.dumps(whole))
    entry = submission.Submission("Ann", stem, str(path), 0.0)
    outcome = marker.mark(entry, marker.Settings(b"x", seconds=20))
    rig.end_jails()
    out_of = {q.id: q.points for q in spec.load(stem).questions.values() if q.kind != "written"}
    assert {r["id"]: r["points"] for r in outcome["results"]} == out_of


def test_questions_stand_in_order_and_what_is_not_answered_is_no_mistake():
    tally = report.Tally()
    for number, mistake in (("5.10", "sign"), ("5.9", "unanswered"), ("5.1", "unanswered")):
        tally.count("05_x", {"number": number, "mistake": mistake, "points": 0, "out_of": 2,
                             "sentence": "", "read": ""})
    assert [number for _, number, _ in tally.means()] == ["5.1", "5.9", "5.10"]
    assert dict(tally.mistakes) == {("5.10", "sign"): 1}
    tally.shares["05_x"] = [0.0]
    page = report.PAGES.get_template("class.html").render(tally=tally, readings=[], NOTES=9)
    assert page.count("0 %, 1 unanswered") == 2
