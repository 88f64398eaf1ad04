"""Grade a made-up class of three-question submissions; compare with nbgrader on the same ones.

    python benchmarks/grade_class.py 100 1000 10000               8 % attacks, 2 % hangs
    python benchmarks/grade_class.py 1000 --honest                the same without these
    python benchmarks/grade_class.py 1000 --nbgrader PYTHON 10    honest ones, 10 of them also by
                                                                  the nbgrader of PYTHON

A row for each size of class, and the exponent with which the CPU time grows over the three largest:
1 is linear. `--picture FILE.png` draws them.

CPU time is that of all processes, jailed ones too, counted by a cgroup where root may make one.
"""
import argparse
import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("tests/attacks", ".")]
import on_the_machine  # noqa: E402
import on_the_score  # noqa: E402
import on_this_design  # noqa: E402
import rig  # noqa: E402

from nnlib import plots  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
ATTACKS = on_the_score.SCORE + on_the_machine.MACHINE + on_this_design.DESIGN
STUDENTS = [
    rig.Attack("right"), rig.Attack("loops", answers={"6.1": """
def scores(W, x):
    return [sum(w * a for w, a in zip(row, x)) for row in W]"""}),
    rig.Attack("wrong sign", points={"6.1": 0},
               answers={"6.1": "def scores(W, x):\n    return -(W @ x)"}),
    rig.Attack("unfinished", points={"6.2": 0}, answers={"6.2": "raise NotImplementedError"}),
    rig.Attack("wrong shape", points={"6.3": 0}, answers={"6.3": "shape = (4, 3)"}),
    rig.Attack("right again")]
TESTS = {
    "6.1": """rng = np.random.default_rng(0)
for shape in (2, 3), (1, 1), (5, 1), (2, 9):
    W, x = rng.normal(size=shape), rng.normal(size=shape[1])
    np.testing.assert_allclose(scores(W, x), (W * x).sum(1))""",
    "6.2": """for w in np.ones(3), np.ones(1), np.ones(7):
    np.testing.assert_allclose(descend(lambda v: v, w, 0.1), w * 0.9 ** 3)""",
    "6.3": "assert shape == (3, 4)"}


def student(number, honest):
    """Return what the student with this number hands in."""
    if honest:
        return STUDENTS[number % len(STUDENTS)]
    if number % 50 == 7:
        return on_the_machine.HANGS[number // 50 % len(on_the_machine.HANGS)]
    if number % 25 in (3, 16):
        return ATTACKS[(number // 25 * 2 + (number % 25 == 16)) % len(ATTACKS)]
    return STUDENTS[number % len(STUDENTS)]


def make_class(place, count, honest):
    """Write a sheet of three questions and as many submissions."""
    sheet = place / "sheets" / rig.STEM
    shutil.copytree(rig.SHEETS / rig.STEM, sheet)
    with open(sheet / "spec.py", "a") as spec:
        spec.write("\nQUESTIONS = QUESTIONS[:3]\n")
    (sheet / "sheet.ipynb").write_text("{}")
    for number in range(count):
        path = place / "in" / f"student {number:05d}" / f"{rig.STEM}.ipynb"
        path.parent.mkdir(parents=True)
        rig.write(student(number, honest), path)


@contextlib.contextmanager
def counted():
    """Yield a function that returns the CPU seconds spent by everything started meanwhile."""
    group = Path("/sys/fs/cgroup/cpuacct") / f"benchmark-{time.time_ns()}"
    try:
        group.mkdir()
        (group / "tasks").write_text(str(os.getpid()))
        yield lambda: int((group / "cpuacct.usage").read_text()) / 1e9
    except OSError:
        yield lambda: sum(os.times()[:4])
    finally:
        if group.exists():
            (group.parent / "tasks").write_text(str(os.getpid()))
            with contextlib.suppress(OSError):  # the last processes may still be ending
                group.rmdir()


def watch(process, peak):
    """Keep in `peak` the highest resident memory of a process, in MB."""
    with contextlib.suppress(OSError, IndexError):
        while process.poll() is None:
            text = Path(f"/proc/{process.pid}/status").read_text()
            peak[0] = max(peak[0], int(text.split("VmHWM:")[1].split()[0]) / 1024)
            time.sleep(0.2)


def ours(place, processes):
    """Return (wall seconds, CPU seconds, MB of the grader) for the class."""
    command = [sys.executable, "-m", "grading", str(place / "in"), "--out", str(place / "out"),
               "--sheets", str(place / "sheets"), "--processes", str(processes)]
    peak, quiet = [0.0], {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with counted() as cpu:
        start, before = time.perf_counter(), cpu()
        run = subprocess.Popen(command, cwd=ROOT, **quiet)
        watcher = threading.Thread(target=watch, args=(run, peak))
        watcher.start()
        run.wait()
        watcher.join()
        return time.perf_counter() - start, cpu() - before, peak[0]


def nbgrader(place, python, count):
    """Return the CPU seconds for each of the first submissions by nbgrader autograde."""
    course = place / "nbgrader"
    (course / "source" / "ps").mkdir(parents=True)
    (course / "source/ps/ps.ipynb").write_text(json.dumps(for_nbgrader(rig.Attack(""))))
    tool = [python, "-m", "nbgrader"]
    settings = {"cwd": course, "check": True, "capture_output": True,
                "env": os.environ | {"PATH": f"{Path(python).parent}:{os.environ['PATH']}"}}
    subprocess.run([*tool, "generate_assignment", "ps"], **settings)
    for number in range(count):
        path = course / "submitted" / str(number) / "ps" / "ps.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(for_nbgrader(student(number, True))))
    with counted() as cpu:
        before = cpu()
        subprocess.run([*tool, "autograde", "ps"], **settings)
        return (cpu() - before) / count


def for_nbgrader(attack):
    """Return the same three answers with nbgrader's metadata and tests."""
    cells = [rig.code_cell("import numpy as np", "imports")]
    for number, test in TESTS.items():
        for kind, source, points in (("answer", (rig.HONEST | attack.answers)[number], {}),
                                     ("check", test, {"points": 1})):
            name = f"{kind}-{number.replace('.', '-')}"
            cells.append(rig.code_cell(source, name, nbgrader={
                "grade": kind == "check", "solution": kind == "answer", "task": False,
                "locked": kind == "check", "grade_id": name, "schema_version": 3, **points}))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return rig.notebook(cells) | {"metadata": kernel}


def row(count, processes, place, honest):
    """Grade a class; print a row of the table and return the CPU seconds."""
    make_class(place, count, honest)
    wall, cpu, memory = ours(place, processes)
    print(f"| {count:,} | {1000 * cpu / count:.0f} ms | {wall:.0f} s | {memory:.0f} MB | "
          f"{os.getloadavg()[1]:.0f} | {len(wrong(place, count, honest))} |", flush=True)
    return cpu


def wrong(place, count, honest):
    """Return the students whose points are not those that their answers earn."""
    with open(place / "out" / "grades.csv", encoding="utf-8-sig", newline="") as file:
        points = {row["student"]: float(row["total"]) for row in csv.DictReader(file)}
    earned = {f"student {number:05d}": sum(student(number, honest).expected[q] for q in TESTS)
              for number in range(count)}
    return [name for name in earned if points.get(name, 0) != earned[name]]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("counts", type=int, nargs="+")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--nbgrader", nargs=2, metavar=("PYTHON", "COUNT"))
    parser.add_argument("--honest", action="store_true")
    parser.add_argument("--picture", metavar="FILE.png")
    options, spent = parser.parse_args(), []
    honest = options.honest or bool(options.nbgrader)
    print("| submissions | CPU for each | wall | memory of the grader | load | wrong scores |\n"
          "|---|---|---|---|---|---|")
    for count in options.counts:
        with tempfile.TemporaryDirectory() as place:
            spent.append(row(count, options.processes, Path(place), honest))
            if options.nbgrader:
                python, few = options.nbgrader
                theirs = nbgrader(Path(place), python, int(few))
                print(f"nbgrader: {1000 * theirs:.0f} ms CPU each: "
                      f"ratio {theirs * count / spent[-1]:.0f}")
    if len(spent) > 1:
        slope = np.polyfit(np.log(options.counts[-3:]), np.log(spent[-3:]), 1)[0]
        print(f"The CPU time grows with the number of submissions to the power {slope:.2f}.")
        if options.picture:
            picture(options.counts, spent, slope, options.picture)


def picture(counts, spent, slope, path):
    """Draw CPU time against the number of submissions, log-log."""
    fig, ax = plots.figure()
    ax.loglog(counts, spent, "o-", color=plots.BLUE)
    line = 2.0 * spent[-1] * (np.array(counts[-3:]) / counts[-1]) ** slope
    ax.loglog(counts[-3:], line, "--", color=plots.VERMILLION)
    place, text = (counts[-2], 1.7 * line[-2]), f"slope {slope:.2f}"
    plots.write_at(ax, *place, text, plots.VERMILLION, ha="right")
    ax.set(title="A large class costs the same for each submission", xlabel="submissions",
           ylabel="CPU seconds")
    fig.savefig(path, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
