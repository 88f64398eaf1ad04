"""Grade a class: python3 course.py grade SUBMITTED --out GRADED

SUBMITTED holds SUBMITTED/student/.../05_x.ipynb, or files as Canvas and Moodle pack them. GRADED
gets students/ (a page and an annotated notebook each), class.html, grades.csv, canvas.csv,
moodle.csv, by_hand.csv (fill in points for written answers, and grade again) and the store from
which all of it is made. What was graded already is not graded again.
"""
import argparse
import csv
import datetime
import math
import secrets
import sqlite3
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from . import jail, marker, pool, report, spec, submission
from .store import Store

HEAD = ["student", "sheet", "exercise", "points", "of"]
WARNING = ("--unsafe: students' code runs on this machine without walls. It can read and delete "
           "your files, and change every grade. Every report will say so.")


def arguments(words):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="course.py grade", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("submitted", type=Path)
    add("--out", type=Path, required=True, metavar="GRADED")
    add("--sheets", type=Path, default=spec.SOLUTIONS, help="a private folder of your own sheets")
    add("--only", default="", metavar="05", help="the sheets whose names begin so")
    add("--student", type=submission.plain, help="this student alone")
    add("--again", action="store_true", help="grade also what was graded already")
    add("--keep", choices=("last", "best"), default="last", help="of several files of a student")
    add("--due", type=moment, metavar="2026-11-30T18:00", help="local time; later files are late")
    add("--late", type=float, default=10, metavar="PERCENT", help="lost for each day begun")
    add("--hint-prices", type=float, nargs=3, default=(0, 0, 0), metavar="POINTS",
        help="of the three stages of a hint")
    add("--seconds", type=float, default=2, help="for one question, and for one cell")
    add("--processes", type=int, help="default: one for each core")
    add("--scheduler", metavar="tcp://...", help="a Dask cluster that does the work")
    add("--unsafe", action="store_true", help="grade without walls; see grading/README.md")
    return parser.parse_args(words)


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def secret_of(out):
    """Return the secret from which each student's inputs are drawn; make it the first time."""
    path = out / "secret.key"
    if not path.exists():
        part = out / "secret.part"  # killed now, it leaves no empty secret
        part.touch(0o600)
        part.write_bytes(secrets.token_bytes(32))
        part.rename(path)
    return path.read_bytes()


def wanted(found, store, settings, options):
    """Return {submission: its key} of what has to be graded, sheet by sheet."""
    jobs = {}
    for entry in found:
        chosen = entry.stem.startswith(options.only) and options.student in (None, entry.student)
        try:
            key = marker.key_of(submission.load(entry.path), entry.stem, settings)
        except submission.Damaged as damage:
            key = str(damage)
        again = options.again or options.only and options.student  # one was named: that one, anew
        if chosen and (again or store.key(entry) != key):
            jobs[entry] = key
    return dict(sorted(jobs.items(), key=lambda job: job[0].stem))


def grade(jobs, store, settings, options):
    """Do the jobs and put each into the store as soon as it is done."""
    if options.scheduler:
        outcomes = pool.run_on_dask(list(jobs), marker.mark, settings, options.scheduler)
    else:
        outcomes = pool.run(list(jobs), marker.mark, settings, options.processes)
    for entry, outcome in tqdm(outcomes, total=len(jobs), unit=" submissions", disable=not jobs):
        if isinstance(outcome, pool.Fault):
            nothing = {"results": [], "notes": [], "by_person": []}
            store.save(entry, None, nothing, outcome.reason)
        else:
            store.save(entry, jobs[entry], outcome)


# ---- points given by hand ----

def read_by_hand(path, store):
    """Take the points that a person wrote into by_hand.csv."""
    if not path.exists():
        return
    with open(path, encoding="utf-8-sig", newline="") as file:
        delimiter = ";" if ";" in file.readline() else ","  # some spreadsheets write the one
        for row in filter(any, csv.reader(file, delimiter=delimiter)):
            try:
                student, sheet, exercise, points = row[:4]
                number = float(points.replace(",", ".")) if points.strip() else None
                if number is not None and not math.isfinite(number):
                    raise ValueError
            except ValueError:
                sys.exit(f"[course] {path}: not student, sheet, exercise, points: {row}")
            store.give(student.removeprefix("'"), sheet, exercise, number)


def rows_by_hand(chosen):
    """Return the rows of by_hand.csv for one student: written answers, and points given."""
    for sheet, entry in chosen.items():
        for line in entry["lines"]:
            if line["by_hand"] or line["points"] is None and line["number"] in entry["by_person"]:
                points = "" if line["points"] is None else line["points"]
                yield [entry["student"], sheet, line["number"], points, line["out_of"]]


# ---- all of it ----

def write_reports(store, options):
    """Write the pages and tables from what the store holds; return the tally."""
    rules = {"due": options.due, "late": options.late / 100, "keep": options.keep,
             "solutions": options.sheets}
    tally, by_hand = report.Tally(), []
    for student, entries in store.students():
        chosen = report.counted(entries, rules)
        for entry in chosen.values():
            report.write_student(entry, options.out, options.unsafe)
        tally.add(student, chosen)
        by_hand += rows_by_hand(chosen)
    report.write_class(tally, options.out, options.unsafe)
    report.write_csv(options.out / "by_hand.csv", HEAD, by_hand)
    return tally


def main(words):
    """Look whether grading is possible here, and do it."""
    options = arguments(words)
    if not options.submitted.is_dir():
        sys.exit(f"[course] There is no folder {options.submitted.resolve()}.")
    reason = None if options.unsafe or options.scheduler else jail.why_not()
    if reason:
        sys.exit(f"[course] Nothing was graded. {reason}")
    if options.unsafe:
        print(f"[course] {WARNING}", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    jail.forget_groups()
    with tempfile.TemporaryDirectory() as place:  # for what the jails read
        tally, odd = grade_class(options, None if options.scheduler else place)
    print(f"[course] {len(tally.rows)} students: {options.out / 'class.html'}")
    if odd:
        others = f" and {len(odd) - 1} more" if odd[1:] else ""
        print(f"[course] Left out, for it is no sheet: {submission.plain(odd[0])}{others}")


def grade_class(options, place):
    """Grade what is new and write all reports; return the tally and the odd files."""
    settings = marker.Settings(secret_of(options.out), options.sheets, options.seconds,
                               tuple(options.hint_prices), options.unsafe, place)
    try:
        store = Store(options.out / "grades.sqlite")
        read_by_hand(options.out / "by_hand.csv", store)
    except sqlite3.DatabaseError as error:
        sys.exit(f"[course] {options.out}/grades.sqlite cannot be read ({error}): move it away.")
    found, odd = submission.find(options.submitted, spec.stems(options.sheets), options.out)
    if not options.only and not options.student:
        store.forget_others([entry.path for entry in found])
    grade(wanted(found, store, settings, options), store, settings, options)
    return write_reports(store, options), odd
