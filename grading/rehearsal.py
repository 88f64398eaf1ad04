"""Rehearse a sheet before students see it: run it, and play every catalogued mistake.

    .venv/bin/python -m grading.rehearsal 05

prints for each mistake what the sheet's own check says and what the grader says. No kernel:
the cells run in this process, one sheet after another.
"""

import contextlib
import copy
import io
import sys
from unittest import mock

import nbformat
import numpy as np

from grading import spec
from grading.spec import SOLUTIONS, answer
from grading.submission import role
from grading.verdict import evaluate
from nnlib import gradcheck, sheets


class Stage:
    """A sheet whose cells were run once, in order; what they printed is in `printed`."""

    def __init__(self, nb):
        self.names, self.checks = {"__name__": "__main__"}, {}
        sheets.progress_so_far.clear()
        self.printed = self._run(nb.cells)
        self.states = {n: done.state for n, done in sheets.progress_so_far.items()}

    def _run(self, cells):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            for cell in cells:
                if cell.cell_type != "code":
                    continue
                code = compile(cell.source, cell.id, "exec")
                exec(code, self.names)
                kind, number = role(cell)
                if kind == "check":
                    self.checks[number] = code
        return out.getvalue()

    def play(self, question, thing):
        """Run the visible checks of a question with another answer; return (state, slug, text)."""
        names, out = self.names | {question.name: thing}, io.StringIO()
        with contextlib.redirect_stdout(out), np.errstate(all="ignore"):
            exec(self.checks[question.id], names)
        done = sheets.progress_so_far[question.id]
        return done.state, done.mistake, out.getvalue()


def stage(stem):
    """Return the instructor's sheet, run."""
    return Stage(nbformat.read(SOLUTIONS / stem / "sheet.ipynb", 4))


def grade(question, thing, mistakes=(), seed=0, change=copy.deepcopy):
    """Grade one answer in this process; `change` may prepare the arguments of every case."""
    cases = question.cases(np.random.default_rng(seed))
    for case in cases:
        case.args = change(case.args)
    return evaluate(question, cases, answer(question, thing, cases), mistakes)


def played(stem, wordy=False):
    """Yield (question, mistake, (state, slug, text) in the sheet, Result of the grader).

    Unless `wordy`, the sheet names a mistake only where the catalogue says that it can.
    """
    sheet, scene = spec.load(stem), stage(stem)
    for number, question in sheet.questions.items():
        known = sheet.mistakes.get(number, ())
        for mistake in known:
            brief = not (wordy or mistake.slug)
            with verdict_only() if brief else contextlib.nullcontext():
                seen = scene.play(question, mistake.answer)
            yield question, mistake, seen, grade(question, mistake.answer, known, seed=1)


@contextlib.contextmanager
def verdict_only():
    """Let the judge say right or wrong and stop there: naming a mistake measures much more."""
    judge = gradcheck._judge

    def unnamed(f, x, claimed, upstream=None, names=None, name=True):
        return judge(f, x, claimed, upstream, names, name=False)

    with mock.patch.object(gradcheck, "_judge", unnamed):
        yield


def main(args):
    """Print what is said to every mistake of the sheets whose names begin with `args`."""
    for stem in [s for s in spec.stems() if s.startswith(tuple(args))]:
        for question, mistake, (state, slug, text), result in played(stem, wordy=True):
            named = "as declared" if slug and slug == mistake.slug else f"declared {mistake.slug!r}"
            print(f"{question.id} {mistake.name}: {state} as {slug!r}, {named}; grader "
                  f"{result.points} of {result.out_of} as {result.mistake!r}")
            print("   ", text.strip().replace("\n", "\n    "))


if __name__ == "__main__":
    main(sys.argv[1:])
