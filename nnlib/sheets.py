"""The student's side of a sheet: exercises that wait, fail or pass; hints; progress.

`with exercise("5.3", "hidden_delta"):` stands before the checks of an exercise and names its
answer. Whatever they say, the notebook runs on: an answer that is not there yet is waited for, a
wrong one is named, an error inside your own code is shown with its traceback.
"""

import copy
import linecache
import sys

MARKS = {"passes": "✓", "fails": "✗", "waits": "…"}
progress_so_far = {}


class exercise:  # noqa: N801 (reads as a word: with exercise("5.3", "hidden_delta"):)
    """The checks of one exercise; `name` is that of the answer, a function or a value."""

    def __init__(self, number, name):
        self.number, self.name = number, name
        self.names = sys._getframe(1).f_globals

    def __enter__(self):
        """Let a function tell, while it is checked, when it changes what it is given."""
        self.answer = self.names.get(self.name, ...)
        if callable(self.answer):
            self.names[self.name] = _watched(self.name, self.answer)
        return self

    def __exit__(self, kind, error, trace):
        """Say what came of the checks, note it for `progress`, and let the notebook go on."""
        if callable(self.answer):
            self.names[self.name] = self.answer
        if kind and not issubclass(kind, Exception):
            return False  # the stop button
        self.state = self._settle(error, trace)
        self.mistake = getattr(getattr(error, "report", None), "mistake", None)
        progress_so_far[self.number] = self
        return True

    def _settle(self, error, trace):
        if self.name not in self.names:
            return self._say("waits", f"there is no `{self.name}` yet: run the cell that makes it, "
                             f"or write it again in a new one")
        if self.answer is ...:
            return self._say("waits", "put your answer in the place of the dots")
        if error is None:
            return self._say("passes", "all checks")
        if isinstance(error, NotImplementedError):
            return self._say("waits", str(error))
        if isinstance(error, NameError) and trace.tb_next is None:
            return self._say("waits", f"run the cell that makes `{error.name}`")
        if isinstance(error, AssertionError):
            return self._say("fails", str(error).lstrip("✗ "))
        line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip()
        self._say("fails", f"your code stopped with an error, in line {trace.tb_lineno} of this "
                  f"cell: {line}")
        _show(error, trace)
        return "fails"

    def _say(self, state, words):
        head = "" if words.startswith(self.number) else f"{self.number} {state}: "
        print(f"{MARKS[state]} {head}{words}")
        return state


def _watched(name, function):
    """Return the function, made to raise AssertionError when it changes an argument."""
    def watched(*given, **named):
        before = copy.deepcopy(given)
        value = function(*given, **named)
        for number, (now, then) in enumerate(zip(given, before), start=1):
            if not _same(now, then):
                raise AssertionError(
                    f"`{name}` changes what it is given, its argument {number}: others need it as "
                    "it was.\n  Look at: every x += y and x[...] = y; begin with a copy, "
                    "x = x.copy().")
        return value
    return watched


def _same(one, other):
    """Say whether a plain argument is what it was, to the last bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    if hasattr(one, "tobytes"):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    return not isinstance(one, (str, int, float)) or one == other or one != one


def _show(error, trace):
    """Show a traceback as the notebook does, without stopping the notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell:  # without the cell of the check, which still runs: IPython takes it to be in line 1
        trace = trace.tb_next
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
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
