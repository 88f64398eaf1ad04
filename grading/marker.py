"""Mark one submission: its values come from the jail, the verdicts are made here.

The cases are drawn from HMAC(secret, student, sheet, exercise): each student has inputs of their
own, and the same submission always the same. A hang or a crash costs one question.
"""
import builtins
import functools
import hashlib
import hmac
import os
import re
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from . import spec, submission, verdict, wire
from .jail import ROOT, Jail, give_channel

CALLS, CALL_BYTES = 2_000, 1 << 14  # of the course's functions, within one question
LOST_CELLS = 3  # cells that may hang; then only answers are run, of which as many may hang
CELLS_TOGETHER, RUNS = 5, 9  # time for all cells, in that of a question; how often they are run
# In which lesson a module of nnlib is built: it holds answers to that lesson's sheet and before.
BUILT = {"activations": 3, "layers": 6, "network": 6, "losses": 8, "optimizers": 9, "training": 9,
         "initializers": 10, "autodiff": 11, "convolution": 13, "attention": 15}
JUDGED = 16  # from this sheet on, what measures derivatives is there too
JUDGE = ("gradcheck", "trial", "slopes", "ladder")
STOPPED = {wire.Late: "TimeoutError", wire.Gone: "a crash"}
ERRORS = {*dir(builtins), "WireError"}
JAILS, ALONE = {}, threading.Lock()


@dataclass(frozen=True)
class Settings:
    """How a class is graded; `secret` is bytes, `seconds` the time for one question or cell."""

    secret: bytes
    solutions: Path = spec.SOLUTIONS
    seconds: float = 2.0
    prices: tuple = (0.0, 0.0, 0.0)  # in points, of the three stages of a hint
    unsafe: bool = False
    place: str = None  # where the files lie that the jails read; default: where temporary files do


@functools.cache
def given(stem, solutions):
    """Return {name: source} of the code that a sheet gives to its students."""
    try:
        cells = submission.parse((solutions / stem / "sheet.ipynb").read_bytes())
    except (OSError, submission.Damaged):
        return {}
    return {cell.get("id", ""): submission.source_of(cell) for cell in cells
            if cell.get("cell_type") == "code" and submission.role(cell) == (None, None)}


@functools.cache
def withheld(stem, solutions):
    """Return the modules of nnlib that hold answers, and those that measure them.

    What the sheet itself imports for its students is there, and what earlier lessons built.
    """
    number = submission.number_of(stem)
    built = [f"import nnlib.{name}" for name in BUILT if BUILT[name] < number]
    text = "\n".join([*built, *given(stem, solutions).values()])
    return sorted(BUILT.keys() - imported(text)), () if number >= JUDGED else JUDGE


def imported(text):
    """Return the modules of nnlib that a text imports, and those that these import."""
    whole = ", ".join(re.findall(r"from (?:nnlib|\.) import ([\w, ]+)", text)).split(", ")
    names = {*whole, *re.findall(r"(?:from|import) (?:nnlib)?\.(\w+)", text)} & {*BUILT}
    files = [ROOT / "nnlib" / f"{name}.py" for name in names]
    return names.union(*(imported(path.read_text(encoding="utf-8")) for path in files))


def jail_for(stem, settings):
    """Return this process' jail for a sheet; answers to it are not in it, other jails end."""
    key = stem, settings
    for other in set(JAILS) - {key}:
        JAILS.pop(other).stop()
    if key not in JAILS:
        hidden, silent = withheld(stem, settings.solutions)
        JAILS[key] = Jail(hidden, silent, unsafe=settings.unsafe, place=settings.place)
    return JAILS[key]


@functools.cache
def programs(folder):
    """Return a text that changes with the programs and the sheet in a folder."""
    files = sorted([*folder.glob("*.py"), *folder.glob("sheet.ipynb")])
    return submission.fingerprint(*(path.read_bytes() for path in files))


def key_of(data, stem, settings):
    """Return a text that changes with whatever could change the points of these bytes."""
    rules = repr((settings.secret, settings.seconds, settings.prices))
    folders = settings.solutions / stem, ROOT / "grading", ROOT / "nnlib"
    return submission.fingerprint(data, rules, *map(programs, folders))


def mark(entry, settings):
    """Return what is known of one submission: results, notes, exercises for reading by hand."""
    questions = spec.load(entry.stem, settings.solutions).questions
    try:
        data = submission.load(entry.path)
        cells = submission.parse(data)
    except submission.Damaged as damage:
        none = [asdict(verdict.unanswered(q)) for q in questions.values() if q.kind != "written"]
        return {"results": none, "notes": [str(damage)], "by_person": []}
    content, taken = submission.read(cells), verdict.hints_taken(cells)
    put_back(content, cells, given(entry.stem, settings.solutions))
    with ALONE:  # a Dask worker may have threads, and there is one jail
        results = [asdict(verdict.priced(result, taken.get(result.id, ()), settings.prices))
                   for result in marked(entry, content, settings)]
    by_person = sorted(content.by_person & questions.keys())
    return {"results": results, "notes": content.notes, "by_person": by_person}


def put_back(content, cells, sources):
    """Put what a sheet gives before the cells of a student who deleted it."""
    there = {name for cell in cells for name in submission.names_of(cell)}
    written = [source for _, source, _ in content.code]
    gone = [source for name, source in sources.items()
            if name not in there and source not in written and not source.startswith("#")]
    if gone and content.code:
        content.code[:0] = [(-1, source, True) for source in gone]
        content.note("Cells that the sheet gives were deleted; they were put back.")


def stretched(seconds):
    """Return the time for a question: more where the machine has much else to do."""
    return seconds * min(max(os.getloadavg()[0] / os.cpu_count() / 2, 1), 5)


def marked(entry, content, settings):
    """Yield the Result of each question that a machine can judge."""
    sheet = spec.load(entry.stem, settings.solutions)
    jail = jail_for(entry.stem, settings)
    trial = Trial(jail, content, stretched(settings.seconds))
    try:
        for number, question in sheet.questions.items():
            if question.kind != "written":
                yield judged(trial, sheet, question, generator(entry, number, settings.secret))
    finally:
        trial.close()


def generator(entry, number, secret):
    """Return the source of random inputs for this student and exercise."""
    words = "\0".join((entry.student, entry.stem, number)).encode()
    return np.random.default_rng(list(hmac.digest(secret, words, hashlib.sha256)))


def judged(trial, sheet, question, rng):
    """Return the Result of one question; whatever the values are, there is a result."""
    cases = question.cases(rng)
    answers = trial.answers(question, cases)
    if answers is None:
        return verdict.unanswered(question)
    try:
        return verdict.evaluate(question, cases, answers, sheet.mistakes.get(question.id, ()))
    except Exception as error:  # values of a form that no verdict foresaw are no answer
        wrong = [verdict.Verdict(case.name, False) for case in cases]
        return verdict.Result(question.id, 0.0, question.points, wrong, "wrong-form",
                              f"This cannot be compared ({type(error).__name__}).")


class Trial:
    """One submission in the jail: its cells are run once, then questions are asked."""

    def __init__(self, jail, content, seconds):
        self.jail, self.content, self.seconds = jail, content, seconds
        self.code, self.lost, self.runs, self.channel = list(content.code), 0, 0, None

    def open(self):
        """Run the cells; a cell that hangs or kills is left out and the others are run again."""
        while self.channel is None:
            if self.runs == RUNS:
                raise wire.Gone("its process ended again and again")
            self.runs += 1
            self.channel = self.jail.submission()
            end = time.monotonic() + CELLS_TOGETHER * self.seconds
            for place, (number, source, _) in enumerate(self.code):
                stopped = self.run(source, min(time.monotonic() + self.seconds, end))
                if isinstance(stopped, wire.WireError):
                    self.leave_out(place, number, stopped)
                    break
                if stopped:
                    self.content.note(f"Cell {number + 1} stopped with {stopped}")

    def run(self, source, deadline):
        """Return None, the words of the error, or the WireError itself."""
        try:
            self.channel.sendall(b"c")
            wire.send(self.channel, source, None, deadline)
            stopped = wire.receive(self.channel, deadline)
            return None if stopped is None else str(stopped)
        except OSError:
            return wire.Gone("its process ended")
        except wire.WireError as error:
            return error

    def leave_out(self, place, number, error):
        """Go on without a cell; after some of these, with answers alone, and then with none."""
        self.content.note(f"Cell {number + 1} was left out: {error}.")
        self.lost += 1
        rest = [] if self.lost >= 2 * LOST_CELLS else self.code[place + 1:]
        self.code[place:] = [cell for cell in rest if cell[2] or self.lost < LOST_CELLS]
        self.close()

    def close(self):
        """End what is left of the submission's processes."""
        if self.channel:
            self.channel.close()
            self.channel = None
        self.jail.sweep()

    def ask(self):
        """Return a channel to a process that will answer one question."""
        while True:
            self.open()
            try:
                return give_channel(self.channel, b"q")
            except OSError:
                self.close()  # its process is dead: once more, from the first cell on

    def answers(self, question, cases):
        """Return an Answer for each case, or None if the name is not there."""
        answers = []
        try:
            with self.ask() as channel:
                deadline = time.monotonic() + self.seconds
                for case in cases:
                    answers.append(self.answer(channel, question, case, deadline))
        except wire.WireError as error:
            kind = STOPPED.get(type(error), "an answer that cannot be read")
            answers += [spec.Answer(error=f"{kind}: {error}")] * (len(cases) - len(answers))
        return None if None in answers else answers

    def answer(self, channel, question, case, deadline):
        """Return the Answer to one case, None if the name is not there; serve callables."""
        functions, request = [], [question.name, list(case.args) if question.calls else None]
        wire.send(channel, request, functions, deadline)
        for _ in range(CALLS):
            reply = wire.receive(channel, deadline)
            if not isinstance(reply, dict):
                break
            if "call" not in reply:
                return as_answer(reply, case)
            wire.send(channel, served(functions, reply), None, deadline)
        raise wire.WireError("this is no answer, or it asked too often")


def served(functions, reply):
    """Return what one of the course's functions makes of a student's arguments."""
    number, arguments = reply["call"], reply.get("arguments")
    if type(number) is not int or not 0 <= number < len(functions) or type(arguments) is not list:
        raise wire.WireError("a call of nothing")
    try:
        if len(wire.pack(arguments)) > CALL_BYTES:
            return {"error": "the arguments are too large"}
        return {"value": functions[number](*arguments)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}


def as_answer(reply, case):
    """Return the Answer in a reply, with the argument that was changed, if one was."""
    if "missing" in reply:
        return None
    if "error" in reply:  # its kind alone: the words could tell the hidden inputs
        kind = str(reply["error"]).partition(":")[0]
        return spec.Answer(error=kind if kind in ERRORS else "an error")
    after = reply.get("arguments")
    after = after if isinstance(after, list) else []
    changed = [n for n, (then, now) in enumerate(zip(case.args, after), 1)
               if not callable(then) and not spec.same(then, now)]
    return spec.Answer(reply.get("value"), changed=f"argument {changed[0]}" if changed else "")
