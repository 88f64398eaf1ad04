"""Reports from the store: a page and an annotated notebook per student, a page and CSV per class.

Everything a student wrote is escaped; no page shows a hidden input or a reference.
"""
import csv
import functools
import html
import io
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import jinja2
import markupsafe

from . import spec, submission, walk
from .publishing.workbook import put

PAGES = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
                           autoescape=True, trim_blocks=True, lstrip_blocks=True)
PAGES.filters["prose"] = lambda text: markupsafe.Markup(
    re.sub(r"`([^`]*)`", r"<code>\1</code>", str(markupsafe.escape(text))))
LESSONS = Path(__file__).resolve().parents[1] / "notebooks"
HEAD = {"language_info": {"name": "python"}}
KINDS = ("code", "markdown", "raw")
NOTES = 200  # on the class page


@functools.cache
def sections(path):
    """Return {equation number: heading of its section} of a lesson, if it is here."""
    return {equation.number: equation.heading for equation in walk.equations(path)}


def to_read(question, stem):
    """Return the section of the lesson that a question comes from."""
    number = question.equations[0] if question.equations else ""
    heading = sections(LESSONS / f"{stem}.ipynb").get(number, "")
    return f"Lesson {stem[:2]}, “{heading}”, equation ({number})" if heading else ""


def lines_of(entry, questions):
    """Return one dict per question of a submission, points given by hand in place of others."""
    lines = []
    for number, question in questions.items():
        result, by_hand = entry["results"].get(number, {}), entry["by_hand"].get(number)
        points = by_hand if by_hand is not None else result.get("points")
        lines.append({
            "number": number, "name": question.name, "tests": question.tests, "points": points,
            "out_of": question.points, "by_hand": by_hand is not None,
            "mistake": result.get("mistake", ""), "sentence": told(question, result),
            "cases": result.get("verdicts", []), "read": to_read(question, entry["sheet"])})
    return lines


def told(question, result):
    """Return the sentence that a result earns; an empty exercise is not called a mistake."""
    sentence = result.get("sentence", "")
    empty = not question.calls or "NotImplementedError" in sentence
    empty = empty and result.get("mistake") == "unanswered"
    return "There is no answer yet." if empty else sentence


# ---- which of several, and how late ----

def counted(entries, rules):
    """Return {sheet: entry} of one student: the last or the best of each, with what it earns."""
    chosen = {}
    for entry in entries:
        entry["lines"] = lines_of(entry, spec.load(entry["sheet"], rules["solutions"]).questions)
        days = max(0, -int(-(entry["time"] - rules["due"]) // 86400)) if rules["due"] else 0
        entry["days"], share = days, max(0.0, 1 - days * rules["late"])
        points = sum(line["points"] or 0 for line in entry["lines"])
        entry["earned"] = round(points * share, 2)
        before = chosen.get(entry["sheet"])
        if rules["keep"] == "last" or not before or entry["earned"] > before["earned"]:
            chosen[entry["sheet"]] = entry
    return chosen


# ---- for a student ----

def write_student(entry, out, unsafe):
    """Write the page and the annotated notebook of one submission."""
    path = out / "students" / entry["student"] / f"{entry['sheet']}.html"
    page = PAGES.get_template("student.html").render(entry=entry, unsafe=unsafe)
    put(page.encode(errors="replace"), path)
    cells = annotated(submission.cells_in(entry["path"]), entry["lines"])
    notebook = {"cells": cells, "metadata": HEAD, "nbformat": 4, "nbformat_minor": 5}
    if cells:
        put(json.dumps(notebook, indent=1).encode(), path.with_suffix(".ipynb"))


def annotated(cells, lines):
    """Return a student's cells without outputs; behind each answer stands what it earned."""
    remarks, made = {line["number"]: line for line in lines}, []
    for number, cell in enumerate(cells):
        kind = cell.get("cell_type")
        made.append({"cell_type": kind if kind in KINDS else "raw", "id": f"cell-{number}",
                     "metadata": {}, "source": submission.source_of(cell)})
        if made[-1]["cell_type"] == "code":
            made[-1] |= {"outputs": [], "execution_count": None}
        what, exercise = submission.role(cell)
        if what in ("answer", "written") and exercise in remarks:
            made.append({"cell_type": "markdown", "id": f"remark-{number}", "metadata": {},
                         "source": remark(remarks.pop(exercise))})
    return made


def remark(line):
    """Return one question's result as markdown in which nothing is active."""
    points = "to be read" if line["points"] is None else f"{line['points']:g}"
    words = re.sub(r"([\\`*_\[\]$])", r"\\\1", html.escape(f"{line['sentence']} {line['read']}"))
    return f"> **{line['number']}: {points} of {line['out_of']} points.** {words.strip()}"


# ---- for a class ----

class Tally:
    """What the class page shows, counted while the students go by."""

    def __init__(self):
        self.rows, self.notes, self.faults, self.unread = {}, [], [], []
        self.shares, self.lost = defaultdict(list), Counter()
        self.mistakes, self.said, self.points = Counter(), {}, defaultdict(list)
        self.empty = Counter()  # questions that have no answer

    def add(self, student, chosen):
        """Count one student's sheets."""
        self.rows[student] = {sheet: entry["earned"] for sheet, entry in chosen.items()}
        for sheet, entry in chosen.items():
            lines = entry["lines"]
            self.shares[sheet].append(entry["earned"] / sum(line["out_of"] for line in lines))
            notes = [(student, sheet, note) for note in entry["notes"]]
            self.notes += notes[:NOTES - len(self.notes)]
            self.faults += [(student, sheet, entry["fault"])] if entry["fault"] else []
            self.unread += [(student, entry["path"])] if entry["by_person"] else []
            for line in lines:
                self.count(sheet, line)

    def count(self, sheet, line):
        """Count one question of one student."""
        if line["points"] is None:
            return
        self.points[sheet, line["number"]].append(line["points"] / line["out_of"])
        if line["mistake"] == "unanswered":
            self.empty[sheet, line["number"]] += 1
        elif line["mistake"]:
            self.mistakes[line["number"], line["mistake"]] += 1
            self.said.setdefault((line["number"], line["mistake"]), line["sentence"])
        if line["read"]:
            self.lost[line["read"]] += line["out_of"] - line["points"]

    def distribution(self, sheet, bins=10):
        """Return how many students lie in each tenth of the points of a sheet."""
        return [sum(min(int(share * bins), bins - 1) == n for share in self.shares[sheet])
                for n in range(bins)]

    def means(self):
        """Return (sheet, question, mean share of its points), 5.10 after 5.9."""
        return [(sheet, number, sum(shares) / len(shares)) for (sheet, number), shares in sorted(
            self.points.items(), key=lambda item: [(len(text), text) for text in item[0]])]


def readings(unread):
    """Yield (student, exercise, text, pictures) of what a person reads, one file after another."""
    for student, path in unread:
        for cell in submission.cells_in(path):
            if submission.for_a_person(cell):
                text = submission.source_of(cell)[:20_000]
                yield student, submission.role(cell)[1], text, submission.pictures_of(cell)


def write_class(tally, out, unsafe):
    """Write the class page and the CSV files."""
    PAGES.get_template("class.html").stream(
        tally=tally, unsafe=unsafe, readings=readings(tally.unread), NOTES=NOTES,
    ).dump(str(out / "class.html"), encoding="utf-8", errors="replace")
    sheets = sorted({sheet for row in tally.rows.values() for sheet in row})
    marks = [[row.get(sheet, "") for sheet in sheets] for row in tally.rows.values()]
    known = [re.fullmatch(r"(.*?)(?:_(\d+))?", name).groups("") for name in tally.rows]
    write_csv(out / "grades.csv", ["student", *sheets, "total"],
              [[name, *row, round(sum(mark or 0.0 for mark in row), 2)]
               for name, row in zip(tally.rows, marks)])
    write_csv(out / "canvas.csv", ["Student", "ID", "SIS Login ID", "Section", *sheets],
              [[login, number, "" if number else login, "", *row]
               for (login, number), row in zip(known, marks)])
    write_csv(out / "moodle.csv", ["username", "Identifier", *sheets],
              [[login, f"Participant {number}" if number else "", *row]
               for (login, number), row in zip(known, marks)])


def write_csv(path, head, rows):
    """Write a table that a spreadsheet reads as text and numbers, never as a formula."""
    file = io.StringIO()
    cells = [[guarded(value) for value in row] for row in (head, *rows)]
    csv.writer(file, lineterminator="\n").writerows(cells)
    put(file.getvalue().encode("utf-8-sig", "replace"), path)


def guarded(value):
    """Put an apostrophe before text that a spreadsheet would compute."""
    risky = isinstance(value, str) and value.lstrip()[:1] in tuple("'=+-@|%＝＋－＠") + ("\t", "\r")
    return f"'{value}" if risky and value.strip() else value
