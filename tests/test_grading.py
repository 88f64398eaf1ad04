"""The grader from end to end: wire, files, pool, store, reports, and being killed."""
import contextlib
import csv
import importlib.util
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "attacks"))
import rig  # noqa: E402

from grading import grade, jail, marker, pool, report, seccomp, spec, submission, wire  # noqa: E402
from grading.store import Store  # noqa: E402

REASON = jail.why_not()
walls = pytest.mark.skipif(bool(REASON), reason=f"No walls here. {REASON}")


def benchmark(name):
    found = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


# ---- the wire ----

def through(value):
    message = wire.pack(value)
    return wire.receive(benchmark("fuzz_wire").Bytes(message))


@pytest.mark.parametrize("value", [
    None, True, -7, 2.5, float("inf"), "é ∂ 𝛿", [], (), {}, [1, (2, [3.0])], {"a": {1: None}}])
def test_plain_values_come_through(value):
    assert through(value) == value and type(through(value)) is type(value)


@pytest.mark.parametrize("array", [
    np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4).T, np.ones((2, 0)), np.array(3),
    np.float32(2.5), np.arange(4, dtype=">i4"), np.zeros((4, 4))[::2, 1::2] + 1, np.array([True])])
def test_arrays_come_through_bit_for_bit(array):
    got = through(array)
    assert got.shape == array.shape and np.array_equal(got, array)
    assert got.dtype == array.dtype.newbyteorder("<")


@pytest.mark.parametrize("value", [
    object(), {1, 2}, np.array(["x"]), np.array([None]), 1j, lambda: 1,
    np.zeros(1 << 21), "x" * 300_000])
def test_nothing_else_is_sent(value):
    with pytest.raises(wire.WireError):
        wire.pack(value)


def test_damaged_messages_are_handled_errors_and_cost_no_memory():
    resource = pytest.importorskip("resource")
    fuzz = benchmark("fuzz_wire")
    fuzz.run(1000, seed=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values, errors = fuzz.run(20_000)
    assert errors > 10_000 and values > 1000  # both kinds were tried
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_the_fuzz_sees_another_exception(monkeypatch):
    monkeypatch.setattr(wire, "_take_array", lambda *parts: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        benchmark("fuzz_wire").run(1000)


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_the_filter_is_well_formed(machine):
    lines = len(seccomp.program(seccomp.SIGNALS, machine)) // 8
    assert 60 < lines < 4096
    assert seccomp.program((), machine) != seccomp.program(seccomp.PROCESSES, machine)


# ---- files ----

@pytest.mark.parametrize("path, student", [
    ("Zoë Müller/06_small.ipynb", "Zoë Müller"), ("eve/06_small/06_small.ipynb", "eve"),
    ("Jane Doe_123_assignsubmission_file_/06_small.ipynb", "Jane Doe_123"),
    ("doejane_123_4567_06_small-1.ipynb", "doejane_123"),
    ("doejane_LATE_123_4568_06_small.ipynb", "doejane_123"), ("06_small.ipynb", "")])
def test_the_layout_tells_the_student(path, student):
    assert submission.student_of(Path(path), "06_small") == student


def test_files_of_a_class_are_found_and_links_are_not_followed(tmp_path):
    for name in ("a/06_small.ipynb", "b/06_small (1).ipynb", "c/notes.ipynb", "d/06_small.txt",
                 "e/.ipynb_checkpoints/06_small.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "06_small.ipynb").symlink_to(tmp_path / "a" / "06_small.ipynb")
    found, odd = submission.find(tmp_path, ["06_small"])
    assert [entry.student for entry in found] == ["a", "b"]
    assert [Path(path).name for path in odd] == ["notes.ipynb"]


def test_inputs_differ_between_students_and_are_the_same_again():
    def drawn(student, secret=b"1"):
        entry = submission.Submission(student, "06_small", "", 0.0)
        return marker.generator(entry, "6.1", secret).normal()

    assert drawn("Ann") == drawn("Ann")
    assert len({drawn("Ann"), drawn("Bob"), drawn("Ann", b"2")}) == 3


def test_answers_are_withheld_and_what_a_sheet_imports_is_not(tmp_path):
    (tmp_path / "06_x").mkdir()
    cells = [rig.code_cell("from nnlib import layers, plots", "set-up"),
             rig.code_cell("from nnlib.attention import MultiHeadAttention", "answer-6-1")]
    (tmp_path / "06_x" / "sheet.ipynb").write_text(json.dumps(rig.notebook(cells)))
    hidden, silent = marker.withheld("06_x", tmp_path)
    assert {"network", "losses", "attention"} <= set(hidden) and silent == marker.JUDGE
    assert not {"layers", "activations", "initializers", "plots"} & set(hidden)
    assert {"layers", "convolution"} <= set(marker.withheld("exam", tmp_path)[0])
    assert marker.withheld("17_exam", tmp_path) == ([], ())


# ---- the pool ----

def misbehave(job, settings):
    """Do what the job says; `die` works when it is tried again."""
    if job == "raise":
        raise ValueError("no")
    if job == "die for ever" or job == "die" and not os.path.exists(settings):
        Path(settings).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return job.upper()


def test_a_worker_that_dies_takes_at_most_its_own_job_down(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    jobs = ["one", "die", "raise", "two", "die for ever", "three"]
    done = dict(pool.run(jobs, misbehave, str(tmp_path / "died"), 2))
    faults = {job for job, outcome in done.items() if isinstance(outcome, pool.Fault)}
    assert set(done) == set(jobs) and faults == {"raise", "die for ever"}
    assert done["die"] == "DIE" and done["three"] == "THREE"


def test_the_same_work_on_a_dask_cluster_that_loses_a_worker(tmp_path, monkeypatch):
    distributed = pytest.importorskip("dask.distributed", reason="Dask is not installed: "
                                      "grading/requirements-maintainers.txt")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    jobs = [f"job {n}" for n in range(8)] + ["die"]
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        address, died = cluster.scheduler_address, str(tmp_path / "died")
        done = dict(pool.run_on_dask(jobs, misbehave, died, address))
    assert done == {job: job.upper() for job in jobs} and Path(died).exists()


# ---- a class from end to end ----

@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A class of six, and a private folder with its sheet."""
    place = tmp_path_factory.mktemp("school")
    shutil.copytree(rig.SHEETS, place / "sheets")
    (place / "sheets" / rig.STEM / "sheet.ipynb").write_text("{}")
    wrong = {"6.1": "def scores(W, x):\n    return -(W @ x)"}
    pupils = {"Zoë, Müller": rig.Attack(""), "=cmd|' /C calc'!A0": rig.Attack(""),
              "<script>alert(1)</script>": rig.Attack("", "raise ValueError('<b>bold</b>')"),
              "wrong": rig.Attack("", answers=wrong), "half": rig.Attack("", answers=wrong),
              "doejane_123": rig.Attack("", answers={"6.2": "raise KeyError('x')"})}
    for name, attack in pupils.items():
        path = place / "in" / name.replace("/", "∕") / f"{rig.STEM}.ipynb"
        path.parent.mkdir(parents=True)
        rig.write(attack, path)
        os.utime(path, (1_000_000, 1_000_000))
    text = {"cell_type": "markdown", "id": "written-6-5", "metadata": {},
            "source": "because <img src=x onerror=alert(1)>"}
    path = place / "in" / "wrong" / f"{rig.STEM}.ipynb"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps(whole | {"cells": [*whole["cells"], text]}))
    os.utime(path, (1_000_000, 1_000_000))
    return place


def command_of(school, out, *words):
    return [sys.executable, "-m", "grading", str(school / "in"), "--out", str(out), "--sheets",
            str(school / "sheets"), "--processes", "2", *words]


def run_grade(school, out, *words):
    return subprocess.run(command_of(school, out, *words), cwd=ROOT, capture_output=True,
                          encoding="utf-8", timeout=600)


@pytest.fixture(scope="module")
def graded(school):
    if REASON:
        pytest.skip(f"No walls here. {REASON}")
    done = run_grade(school, school / "out")
    assert done.returncode == 0, done.stderr
    return school / "out"


def table(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row[0]: row[1:] for row in csv.reader(file)}


def results(out):
    """Return everything in the store that has to be equal between two runs."""
    store = Store(out / "grades.sqlite")
    rows = store.base.execute("select * from result order by path, question").fetchall()
    notes = store.base.execute("select path, notes, fault from submission order by path").fetchall()
    store.base.close()
    return [tuple(row) for row in rows], [tuple(row) for row in notes]


def test_the_tables_hold_names_and_points_and_no_formula(graded):
    points = table(graded / "grades.csv")
    assert points["Zoë, Müller"] == ["10.0", "10.0"] and points["wrong"] == ["6.0", "6.0"]
    assert points["'=cmd|' ∕C calc'!A0"][-1] == "10.0" and points["doejane_123"][-1] == "7.0"
    assert table(graded / "canvas.csv")["doejane"][0] == "123"
    assert set(table(graded / "moodle.csv")) >= {"username", "wrong", "half"}
    assert all(report.guarded(risk) == f"'{risk}"
               for risk in ("=1", "+1", "-x", "@f", " =1", "\t=1", "'bob"))
    assert report.guarded(-1.5) == -1.5 and report.guarded("Anna-Lena") == "Anna-Lena"


def test_pages_escape_what_students_wrote_and_name_the_mistake(graded):
    pages = {path: path.read_text(encoding="utf-8") for path in graded.rglob("*.html")}
    assert len(pages) == 7
    for text in pages.values():
        assert "<script" not in text and "<b>bold" not in text and "<img" not in text
        assert "default-src 'none'" in text and "--unsafe" not in text
    whole = pages[graded / "class.html"]
    assert "&lt;img src=x" in whole and "negative" in whole and "<svg" in whole
    mine = pages[graded / "students" / "wrong" / f"{rig.STEM}.html"]
    assert "Your scores have the wrong sign." in mine and "2 over 3" in mine
    assert "W @ x" not in mine
    other = pages[graded / "students" / "doejane_123" / f"{rig.STEM}.html"]
    assert "There is no <code>descend</code> in the notebook." in other


def test_the_annotated_notebook_says_it_behind_the_answer(graded):
    import nbformat

    nb = nbformat.read(graded / "students" / "wrong" / f"{rig.STEM}.ipynb", 4)
    nbformat.validate(nb)
    at = next(n for n, cell in enumerate(nb.cells) if "def scores" in cell.source)
    assert "6.1: 0 of 4 points" in nb.cells[at + 1].source
    assert not any(cell.get("outputs") for cell in nb.cells)


def test_points_given_by_hand_stay_when_it_is_graded_again(school, graded):
    path = graded / "by_hand.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert "wrong,06_small,6.5,,2" in text
    path.write_text(text.replace("wrong,06_small,6.5,,2", "wrong,06_small,6.5,1.5,2"))
    before = results(graded)
    for words in ((), ("--again", "--only", "06", "--student", "wrong")):
        assert run_grade(school, graded, *words).returncode == 0
        assert table(graded / "grades.csv")["wrong"] == ["7.5", "7.5"]
    assert "wrong,06_small,6.5,1.5,2" in path.read_text(encoding="utf-8-sig")
    assert results(graded) == before


def test_late_and_several_files(school):
    entry = {"sheet": "06_small", "time": 86400.0 * 10 + 1, "by_person": [], "by_hand": {}}
    rules = {"due": 86400.0 * 9, "late": 0.1, "keep": "last", "solutions": rig.SHEETS}
    results = {n: {"points": p, "mistake": "", "sentence": ""} for n, p in rig.FULL.items()}
    good, bad = entry | {"results": results}, entry | {"results": {}, "time": 86400.0 * 8}
    assert report.counted([dict(good)], rules)["06_small"]["earned"] == 8.0  # two days begun
    assert report.counted([dict(good), dict(bad)], rules)["06_small"]["earned"] == 0.0
    best = report.counted([dict(good), dict(bad)], rules | {"keep": "best"})
    assert best["06_small"]["earned"] == 8.0


def test_the_store_takes_a_submission_whole_or_not_at_all(tmp_path):
    store = Store(tmp_path / "grades.sqlite")
    entry = submission.Submission("Ann", "06_small", "a", 0.0)
    result = {"id": "6.1", "points": 1, "out_of": 4, "mistake": "", "sentence": "", "verdicts": []}
    with pytest.raises(sqlite3.Error):
        store.save(entry, "k", {"notes": [], "by_person": [], "results": [result, result]})
    assert store.key(entry) is None and not list(store.students())
    store.save(entry, "k", {"notes": [], "by_person": [], "results": [result]})
    assert store.key(entry) == "k"
    store.base.close()


def stored(out):
    """Return how many submissions lie in the store of a run that may just be beginning."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{out}/grades.sqlite?mode=ro",
                                                uri=True)) as base:
            return base.execute("select count(*) from submission").fetchone()[0]
    except sqlite3.Error:
        return 0


def kill_somewhere(command, out, rng):
    """Start a run, kill it after some more submissions and a moment; say if it was still alive."""
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    goal = stored(out) + rng.randrange(4)
    while stored(out) < goal and run.poll() is None:
        time.sleep(0.02)
    time.sleep(rng.uniform(0, 0.2))
    alive = run.poll() is None
    run.kill()
    run.wait()
    return alive


@walls
def test_it_can_be_killed_at_any_moment(school, tmp_path):
    """Kill it 20 times at random points; then the results are those of an undisturbed run.

    The points are counted in submissions, and a question has plenty of time: how fast or busy the
    machine is changes neither where it is killed nor what it finds.
    """
    rng, class_ = random.Random(3), tmp_path / "class"
    for name in ("sheets", "in"):
        shutil.copytree(school / name, class_ / name)
    for n in range(6):
        shutil.copytree(school / "in" / "half", class_ / "in" / f"pupil {n}")
    (class_ / "a").mkdir()
    (class_ / "a" / "secret.key").write_bytes(b"the same for both")
    shutil.copytree(class_ / "a", class_ / "b")
    words = ("--processes", "1", "--seconds", "60")
    assert run_grade(class_, class_ / "a", *words).returncode == 0
    command, killed, seen = command_of(class_, class_ / "b", *words), 0, []
    while killed < 20:
        if kill_somewhere(command, class_ / "b", rng):
            killed += 1
            seen.append(len(results(class_ / "b")[1]))
        else:  # it was done: from the start, then
            for path in (class_ / "b").glob("grades*"):
                path.unlink()
    assert run_grade(class_, class_ / "b", *words).returncode == 0
    assert results(class_ / "a") == results(class_ / "b")
    assert len(set(seen)) > 4, seen  # the kills were spread over the run


@walls
@pytest.mark.parametrize("stem", spec.stems())
def test_the_sheets_of_the_course_earn_all_points_or_none(stem):
    settings = marker.Settings(b"for the sheets")
    out_of = {q.id: q.points for q in spec.load(stem).questions.values() if q.kind != "written"}
    full, none = (marker.mark(submission.Submission("Ann", stem, str(ROOT / path), 0.0), settings)
                  for path in (f"solutions/{stem}/sheet.ipynb", f"exercises/{stem}.ipynb"))
    assert {r["id"]: r["points"] for r in full["results"]} == out_of and not full["notes"]
    assert {r["id"]: r["points"] for r in none["results"]} == dict.fromkeys(out_of, 0)
    assert not none["notes"]
    rig.end_jails()


# ---- where there are no walls ----

def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SystemExit, match="There is no folder"):
        grade.main([str(tmp_path / "nothing"), "--out", str(tmp_path / "out")])



def test_without_walls_it_refuses_and_says_why(school, tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)
    done = subprocess.run([sys.executable, "-m", "grading", str(school / "in"), "--out",
                           str(tmp_path / "out")], cwd=ROOT, capture_output=True,
                          encoding="utf-8", env=os.environ | {"PATH": str(tmp_path)})
    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert "bubblewrap is missing" in done.stderr and "apt install bubblewrap" in done.stderr
    assert "WSL2" in done.stderr


def test_without_walls_a_hang_is_ended_too(tmp_path):
    path = tmp_path / "pid"
    rig.write(rig.Attack("", answers={"6.1": f"""
import os, time
def scores(W, x):
    print(os.getpid(), file=open({str(path)!r}, "w"), flush=True)
    time.sleep(1000)"""}), tmp_path / "bad.ipynb")
    settings = marker.Settings(b"x", rig.SHEETS, unsafe=True)
    assert rig.mark(tmp_path / "bad.ipynb", settings=settings)[0] == rig.FULL | {"6.1": 0}
    rig.end_jails()
    time.sleep(0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)


def test_unsafe_is_said_aloud_and_stands_on_every_page(school, tmp_path):
    done = run_grade(school, tmp_path / "out", "--unsafe", "--student", "half")
    assert done.returncode == 0, done.stderr
    assert "without walls" in done.stdout
    assert table(tmp_path / "out" / "grades.csv")["half"] == ["6.0", "6.0"]
    pages = list((tmp_path / "out").rglob("*.html"))
    assert len(pages) == 2
    assert all("Graded with --unsafe" in page.read_text(encoding="utf-8") for page in pages)


def test_functions_of_the_grader_are_short():
    import ast

    for path in (ROOT / "grading").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                length = node.end_lineno - body[0].lineno + 1 if body else 0
                assert length <= 25, (path.name, node.name, length)


def test_the_secret_is_private_and_stays(tmp_path):
    first = grade.secret_of(tmp_path)
    assert len(first) == 32 and grade.secret_of(tmp_path) == first
    assert re.fullmatch(r"0o100600", oct((tmp_path / "secret.key").stat().st_mode))
