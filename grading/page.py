"""The instructor's page of a sheet: what each question asks and tests, and what goes wrong."""

from grading.report import sections
from grading.spec import Choice

ASKS = {"write": "write", "predict": "predict", "order": "put steps in order:", "find": "mend",
        "written": "explain in words:"}
HEAD = ["| | asks for | points | minutes | lesson | tests |", "|---|---|---|---|---|---|"]


def page(sheet, title, lesson):
    """Return the page as Markdown; `lesson` is the path of the lesson's notebook."""
    questions = sheet.questions.values()
    points, minutes = (sum(getattr(q, what) for q in questions) for what in ("points", "minutes"))
    rows = [_row(q, sections(lesson)) for q in questions]
    mistakes = [line for q in questions for line in _mistakes(q, sheet.mistakes.get(q.id, ()))]
    return "\n".join([
        f"# {title}", "",
        f"{len(rows)} exercises, {points} points, about {minutes} minutes. "
        f"[The sheet with its solutions](sheet.ipynb), [what students get]"
        f"(../../exercises/{sheet.stem}.ipynb), [the lesson](../../notebooks/{sheet.stem}.ipynb). "
        "Made by `course.py release` from `spec.py` and `mistakes.py`.", "",
        *HEAD, *rows, "", "## Common mistakes", "",
        "What the grader says to each. Those marked ✓ are named by the sheet's own check, too, in "
        "the judge's words.", *mistakes, ""])


def _row(q, headings):
    equations = ", ".join(f"({number})" for number in q.equations)
    asks = "find the mistake:" if isinstance(q, Choice) else ASKS[q.kind]
    asks += f" `{q.name}`" + f" (from a printed slip, {q.erratum})" * bool(q.erratum)
    lesson = f"{equations}: {headings.get(q.equations[0], '')}"
    return f"| {q.id} | {asks} | {q.points} | {q.minutes} | {lesson} | {q.tests} |"


def _mistakes(q, mistakes):
    marked = [f"- {m.name}{' ✓' if m.slug else ''}: {m.sentence}" for m in mistakes]
    return ["", f"**{q.id} `{q.name}`**", "", *marked] if marked else []
