"""Mark one submission: its values come from the jail, the verdicts are made here.

The cases are drawn from HMAC(secret, student, sheet, exercise): each student has inputs of their
own, and the same submission always the same. A hang or a crash costs one question.
"""
import builtins
import contextlib
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
    return {cell.get("id", ""): submission.source_of(cell)
            for cell in submission.cells_in(solutions / stem / "sheet.ipynb")
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
    sheet = spec.load(entry.stem, settings.solutions)
    try:
        cells = submission.parse(submission.load(entry.path))
        content = submission.read(cells)
    except submission.Damaged as damage:  # then nothing is answered
        cells, content = [], submission.Content(notes=[str(damage)])
    taken = submission.hints_taken(cells)
    put_back(content, cells, given(entry.stem, settings.solutions))
    with ALONE:  # a Dask worker may have threads, and there is one jail
        results = [asdict(verdict.priced(result, taken.get(result.id, ()), settings.prices))
                   for result in marked(entry, sheet, content, settings)]
    by_person = sorted(content.by_person & sheet.questions.keys())
    return {"results": results, "notes": content.notes, "by_person": by_person}


def put_back(content, cells, sources):
    """Put what a sheet gives before the cells of a student who deleted or changed it."""
    there = {name for cell in cells for name in submission.names_of(cell)}
    written = [source for _, source, _ in content.code]
    gone = {name: source for name, source in sources.items()
            if source not in written and not source.startswith(("#", "progress("))}
    if gone and content.code:
        content.code[:0] = [(-1, source, True) for source in gone.values()]
    if not gone.keys() <= there and content.code:
        content.note("Cells that the sheet gives were deleted; they were put back.")


def stretched(seconds):
    """Return the time for a question: more where the machine has much else to do."""
    return seconds * min(max(os.getloadavg()[0] / os.cpu_count() / 2, 1), 5)


def marked(entry, sheet, content, settings):
    """Yield the Result of each question that a machine can judge."""
    jail = jail_for(entry.stem, settings)
    with contextlib.closing(Trial(jail, content, stretched(settings.seconds))) as trial:
        for number, question in sheet.questions.items():
            if question.kind != "written":
                yield judged(trial, sheet, question, generator(entry, number, settings.secret))


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


def called(number, source):
    """Return what a note calls a cell: its place among all cells, and its first line."""
    return f"Cell {number + 1} ({source.strip().partition(chr(10))[0][:40]})"


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
                deadline = min(time.monotonic() + self.seconds, end)
                try:
                    wire.send(self.channel, source, None, deadline, letter=b"c")
                    stopped = wire.receive(self.channel, deadline)
                except wire.WireError as error:
                    self.leave_out(place, number, error)
                    break
                if stopped is not None:
                    self.content.note(f"{called(number, source)} stopped with {stopped}")

    def leave_out(self, place, number, error):
        """Go on without a cell; after some of these, with answers alone, and then with none."""
        self.content.note(f"{called(number, self.code[place][1])} was left out: {error}.")
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
    return spec.Answer(reply.get("value"), changed=spec.changed(case.args, after))
