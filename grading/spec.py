"""The vocabulary of a `spec.py`: what is asked in a sheet, on which cases, for how many points.

A `solutions/NN_name/spec.py` holds `QUESTIONS`, a list of the classes below; `mistakes.py` holds
`MISTAKES`, {id: [Mistake, ...]}. Computing a student's values and judging them are kept apart:

    cases   = question.cases(rng)                     plain data, made by the trusted side
    answers = answer(question, thing, cases)          the student's side; `thing` is the object
                                                      that is called question.name in their notebook
    result  = evaluate(question, cases, answers)      grading.verdict: pure, never sees their code

Every argument and every value is plain: None, bool, int, float, str, ndarray, or a list, tuple or
dict (keys str or int) of these; so both fit through a wire. An argument may also be a callable: it
is the course's own, runs on the trusted side, and takes and returns plain things.
"""

import copy
import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SOLUTIONS = Path(__file__).resolve().parents[1] / "solutions"


@dataclass
class Case:
    """One call: `name` says in the report what is special, as "one unit" or "large logits"."""

    name: str
    args: tuple = ()


@dataclass
class Answer:
    """What came of one case: a value, or the error's text ("" if there was none)."""

    value: object = None
    error: str = ""  # "IndexError: index 3 is out of bounds ..."
    changed: str = ""  # the argument that is not what it was before the call


@dataclass
class Mistake:
    """A wrong answer that students give: its function (or value) and the sentence it earns."""

    name: str
    answer: object
    sentence: str
    slug: str = ""  # how nnlib.diagnosis names it in the sheet's own check, if it can


@dataclass
class Question:
    """What every question has; `kind` is one of write, predict, order, find, written."""

    id: str  # "5.1": sheet 05, exercise 1
    name: str  # of the function or variable that the student defines
    points: int
    minutes: int
    equations: tuple  # numbers in the lesson, as ("5.20",); the first gives the section to reread
    tests: str  # what a right answer shows: "delta of the last layer, entry by entry"
    hints: tuple  # a question without code, the idea, the formula
    reference: object = None  # the right function or value, another way than in the sheet
    erratum: str = ""  # for kind "find": the printed mistake it is made from, as "A3"
    kind: str = "write"
    rtol: float = 1e-7  # of the largest entry; values in float32 have 1e-4

    calls = False  # is `name` called with the arguments of a case, or is it a value?

    def cases(self, rng):
        """Return the cases of a value: one, without arguments."""
        return [Case("your answer")]

    def right(self, case):
        """Return the right value of a case."""
        return self.reference


@dataclass
class Function(Question):
    """Write a function: `make(rng)` yields its cases, `reference(*args)` is right.

    With `measure(args, value)`, which returns a nnlib.gradcheck Report, a value is judged by
    that instead of by the reference.
    """

    make: Callable = None
    measure: Callable = None
    calls = True

    def cases(self, rng):
        """Return the list of cases drawn with `rng`."""
        return list(self.make(rng))

    def right(self, case):
        """Return what the reference makes of fresh copies of the arguments."""
        return self.reference(*copy.deepcopy(case.args))


@dataclass
class Value(Question):
    """Predict a number, a shape (a tuple) or a short list of numbers."""

    kind: str = "predict"


@dataclass
class Order(Question):
    """Put steps in order: `reference` is a right order of the letters, as "CADB".

    With `before`, as ("CA", "AB"), every order of these letters that keeps each pair is right.
    """

    kind: str = "order"
    before: tuple = ()

    def is_right(self, order):
        """Say whether this order of the letters is a right one."""
        if not isinstance(order, (str, list, tuple)) or not all(isinstance(x, str) for x in order):
            return False
        order = "".join(order)
        if not self.before:
            return order == self.reference
        complete = sorted(order) == sorted(self.reference)
        return complete and all(order.index(a) < order.index(b) for a, b in self.before)


@dataclass
class Choice(Question):
    """Choose: `options` are the letters or names among which `reference` is the right one."""

    kind: str = "find"
    options: tuple = ()


@dataclass
class Written(Question):
    """A text that a person reads; a markdown cell. No machine gives points for it."""

    kind: str = "written"


@dataclass
class Sheet:
    """A sheet: its stem (NN_name), questions by id, mistakes by id."""

    stem: str
    questions: dict
    mistakes: dict = field(default_factory=dict)


def load(stem, solutions=SOLUTIONS):
    """Return the Sheet of a lesson, read from its spec.py and mistakes.py."""
    questions = _module(solutions / stem / "spec.py").QUESTIONS
    mistakes = _module(solutions / stem / "mistakes.py").MISTAKES
    return Sheet(stem, {question.id: question for question in questions}, mistakes)


def stems(solutions=SOLUTIONS):
    """Return the names of all sheets, in order."""
    return sorted(path.parent.name for path in solutions.glob("*/sheet.ipynb"))


@functools.cache
def _module(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(question, thing, cases):
    """Return an Answer for each case: call the function, or take the value as it is."""
    if not question.calls:
        return [Answer(None if thing is ... else thing) for _ in cases]
    return [_call(thing, case) for case in cases]


def _call(function, case):
    args = copy.deepcopy(case.args)
    try:
        with np.errstate(all="ignore"):
            value = copy.deepcopy(function(*args))
    except Exception as error:
        return Answer(error=f"{type(error).__name__}: {error}")
    return Answer(value, changed=changed(case.args, args))


def changed(before, after):
    """Name the first argument that is not what it was before the call, "" if there is none."""
    numbers = [n for n, (then, now) in enumerate(zip(before, after), 1)
               if not callable(then) and not same(then, now)]
    return f"argument {numbers[0]}" if numbers else ""


def same(one, other):
    """Say whether an argument is, to the last bit, what it was, whatever stands there now."""
    if isinstance(one, (np.ndarray, np.generic)):
        array = isinstance(other, (np.ndarray, np.generic))
        return array and one.shape == other.shape and one.tobytes() == other.tobytes()
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or one != one
