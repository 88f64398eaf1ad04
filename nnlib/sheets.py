"""The student's side of a sheet: exercises that wait, fail or pass; hints; progress.

`with exercise("5.3"):` stands before the checks of an exercise. Whatever they say, the notebook
runs on: an answer that is not there yet is waited for, a wrong one is named, an error inside
your own code is shown with its traceback.
"""

import sys

MARKS = {"passes": "✓", "fails": "✗", "waits": "…"}
progress_so_far = {}


class exercise:  # noqa: N801 (reads as a word: with exercise("5.3"):)
    """The checks of one exercise; pass the variables it asks for, so that `...` is waited for."""

    def __init__(self, number, *answers):
        self.number, self.answers = number, answers

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        """Say what came of the checks, note it for `progress`, and let the notebook go on."""
        if kind and not issubclass(kind, Exception):
            return False  # the stop button
        self.state = self._settle(error, trace)
        self.mistake = getattr(getattr(error, "report", None), "mistake", None)
        progress_so_far[self.number] = self
        return True

    def _settle(self, error, trace):
        if any(answer is ... for answer in self.answers):
            return self._say("waits", "put your answer in the place of the dots")
        if error is None:
            return self._say("passes", "all checks")
        if isinstance(error, NotImplementedError):
            return self._say("waits", str(error))
        if isinstance(error, NameError) and trace.tb_next is None:
            return self._say("waits", f"run the cell that makes `{error.name}`")
        if isinstance(error, AssertionError):
            return self._say("fails", str(error).lstrip("✗ "))
        self._say("fails", "your code stopped with an error")
        _show(error, trace)
        return "fails"

    def _say(self, state, words):
        head = "" if words.startswith(self.number) else f"{self.number} {state}: "
        print(f"{MARKS[state]} {head}{words}")
        return state


def _show(error, trace):
    """Show a traceback as the notebook does, without stopping the notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell:
        shell.showtraceback((type(error), error, trace))
    else:
        import traceback

        traceback.print_exception(error, file=sys.stdout)


def progress():
    """Print how far the sheet is, from the checks that ran since the notebook was started."""
    numbers = sorted(progress_so_far, key=lambda number: [*map(int, number.split("."))])
    states = [progress_so_far[number].state for number in numbers]
    print("  ".join(f"{MARKS[state]} {number}" for number, state in zip(numbers, states)))
    print(f"{states.count('passes')} of {len(states)} exercises pass their checks")


def run_steps(order, steps, names):
    """Run steps (letter: line of code) in the order given; return all names at the end.

    Raises AssertionError with the step that comes too early, or if a letter is not used once.
    """
    if sorted(order) != sorted(steps):
        raise AssertionError(f"use each of {', '.join(steps)} once: you wrote {order!r}")
    names = dict(names)
    for letter in order:
        try:
            exec(steps[letter], names)
        except (NameError, KeyError) as error:
            made = getattr(error, "name", None) or error
            early = f"step {letter} comes too early: no step before it makes `{made}`"
            raise AssertionError(early) from None
        except ValueError as error:  # shapes
            raise AssertionError(f"step {letter} does not fit there: {error}") from None
    return names


def hint(number, stage=1):
    """Show a hint: stage 1 asks a question, 2 tells the idea, 3 the formula.

    The taking is recorded in the output of the cell. It costs nothing, unless your
    instructor says otherwise.
    """
    import json

    from IPython.display import display

    hints = json.loads(_hints_file().read_text(encoding="utf-8"))
    if number not in hints:
        print(f"There is no exercise {number!r}. Write, for example, hint({min(hints)!r}, 1).")
    elif stage not in (1, 2, 3):
        print("There are three hints: 1 asks a question, 2 tells the idea, 3 the formula.")
    else:
        text = f"**Hint {number}, {stage} of 3.** {hints[number][stage - 1]}"
        note = {"hint": {"exercise": number, "stage": stage}}
        display({"text/markdown": text, "text/plain": text}, raw=True, metadata=note)


def _hints_file():
    """Find hints.json beside the sheet, or in the exercises of the course."""
    from pathlib import Path

    here = [Path("hints.json"), Path(__file__).parents[1] / "exercises" / "hints.json"]
    return next((path for path in here if path.exists()), here[-1])
