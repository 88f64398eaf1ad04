"""Make the students' sheets from the instructor's: no solution, no hidden test, no output.

    course.py release              all sheets
    course.py release 05 06        these
    course.py release --in EXAM    those in EXAM/solutions/, into EXAM/exercises/

In `solutions/NN_name/sheet.ipynb` the ids of cells say what they are: `answer-5-1` holds the
answer of exercise 5.1 between `### BEGIN SOLUTION` and `### END SOLUTION`, `check-5-1` its
visible checks, `written-5-1` a text to be read by a person. nbgrader's metadata follow from that.
"""
import copy
import json
import re
import sys
from pathlib import Path

import jinja2
import nbformat

from grading import spec
from grading.publishing import notebooks
from grading.publishing.notebooks import Trouble
from grading.report import sections
from grading.submission import role

ROOT = Path(__file__).resolve().parents[2]
ROLES = {"answer": {"grade": False, "locked": False, "solution": True},
         "check": {"grade": True, "locked": True, "solution": False},
         "written": {"grade": True, "locked": False, "solution": True}}
REGIONS = ("SOLUTION", "HIDDEN TESTS")
ASKS = {"write": "write", "predict": "predict", "order": "put steps in order:",
        "find": "mend", "written": "explain in words:"}


def stamp(nb, questions):
    """Give each cell the grading metadata that its id and the spec say; refuse what is amiss."""
    for cell in nb.cells:
        cell.metadata.pop("nbgrader", None)
    refuse_gaps([role(cell) for cell in nb.cells if role(cell)[0]], questions)
    for cell in nb.cells:
        kind, number = role(cell)
        if kind:
            points = {"points": questions[number].points} if ROLES[kind]["grade"] else {}
            cell.metadata["nbgrader"] = nbformat.from_dict({
                "cell_type": cell.cell_type, **ROLES[kind], "grade_id": cell.id, **points,
                "schema_version": 3, "task": False})
    return nb


def refuse_gaps(found, questions):
    """Raise Trouble unless every question has its cells, once, and every cell its question."""
    for pair in found:
        if found.count(pair) > 1:
            raise Trouble(f"{pair[0]} {pair[1]} is there twice")
    asked = {number for _, number in found}
    if asked != set(questions):
        odd = ", ".join(sorted(asked ^ set(questions)))
        raise Trouble(f"sheet and spec.py do not have the same exercises: {odd}")
    for number, question in questions.items():
        wanted = {"written"} if question.kind == "written" else {"answer", "check"}
        if {kind for kind, n in found if n == number} != wanted:
            raise Trouble(f"exercise {number} needs these cells: {', '.join(sorted(wanted))}")


def without_regions(source, region, stub=None):
    """Return the source with its regions taken out; the first line of each becomes `stub`."""
    kept, inside = [], False
    for line in source.splitlines():
        mark = line.strip() if line.strip().endswith(region) else ""
        if mark in (f"### BEGIN {region}", f"### END {region}"):
            if inside == mark.startswith("### BEGIN"):
                raise Trouble(f"{mark} without its partner")
            inside = not inside
            kept += [line[:line.index("#")] + stub] if inside and stub else []
        elif not inside:
            kept.append(line)
    if inside:
        raise Trouble(f"### BEGIN {region} without its partner")
    return "\n".join(kept)


def stub_for(question, source):
    """Return the line that stands where the solution stood."""
    if question.kind == "written":
        return "*Your answer.*"
    if re.search(r"^### BEGIN SOLUTION", source, re.M):
        return f"{question.name} = ...  # Exercise {question.id}: your answer"
    return f'raise NotImplementedError("Exercise {question.id}: write `{question.name}`")'


def exercise_of(nb, questions):
    """Return the student's notebook: a stamped copy without solutions, hidden tests, outputs."""
    nb = stamp(copy.deepcopy(nb), questions)
    for cell in nb.cells:
        kind, number = role(cell)
        stub = stub_for(questions[number], cell.source) if kind in ("answer", "written") else None
        if stub and "### BEGIN SOLUTION" not in cell.source:
            raise Trouble(f"{cell.id} has no ### BEGIN SOLUTION")
        for region in REGIONS:
            cell.source = without_regions(cell.source, region, stub)
        cell.source = cell.source.replace("](../../", "](../")  # the copy lies one folder higher
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebooks.clean(nb, "cell")


def release(stem, root=ROOT):
    """Write the students' sheet, the source's metadata, the instructor's page; return the sheet."""
    source = root / "solutions" / stem / "sheet.ipynb"
    if not (source.parent / "spec.py").exists():
        raise Trouble(f"there is no solutions/{stem}/spec.py")
    sheet = spec.load(stem, root / "solutions")
    questions, nb = sheet.questions, notebooks.read(source)
    target = root / "exercises" / f"{stem}.ipynb"
    target.parent.mkdir(exist_ok=True)
    write(notebooks.as_bytes(exercise_of(nb, questions)), target)
    write(notebooks.as_bytes(stamp(nb, questions)), source)
    title = nb.cells[0].source.splitlines()[0].lstrip("# ")
    text = page(sheet, title, root / "notebooks" / target.name)
    write(text.encode(), source.parent / "README.md")
    return sheet


def page(sheet, title, lesson):
    """Return the instructor's page: what each question asks and tests, and what goes wrong."""
    template = Path(__file__).with_name("sheet.md").read_text("utf-8")
    return jinja2.Template(template, trim_blocks=True, lstrip_blocks=True,
                           keep_trailing_newline=True).render(
        sheet=sheet, title=title, headings=sections(lesson), ASKS=ASKS,
        questions=list(sheet.questions.values()))


def write(content, path):
    """Write only what is new: the same content keeps the file's time."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def write_hints(root=ROOT):
    """Write exercises/hints.json, {exercise: its three hints}, for all sheets."""
    sheets = [spec.load(stem, root / "solutions") for stem in spec.stems(root / "solutions")]
    hints = {number: list(q.hints) for sheet in sheets for number, q in sheet.questions.items()}
    text = json.dumps(hints, indent=1, ensure_ascii=False) + "\n"
    write(text.encode(), root / "exercises" / "hints.json")


def main(args, root=ROOT):
    """Release the sheets whose names begin with one of `args`, or all."""
    if args[:1] == ["--in"] and len(args) > 1:
        root, args = Path(args[1]), args[2:]
    stems = [s for s in spec.stems(root / "solutions") if not args or s.startswith(tuple(args))]
    for stem in stems:
        try:
            release(stem, root)
        except Trouble as trouble:
            sys.exit(f"[course] {stem}: {trouble}. Nothing was changed.")
        print(f"[course] exercises/{stem}.ipynb")
    if stems:
        write_hints(root)
    else:
        sys.exit(f"[course] No sheet begins with {' or '.join(args) or 'anything'}.")


if __name__ == "__main__":
    main(sys.argv[1:])
