"""The verdict on answers: right or wrong for each case, points, and the mistake's name.

Pure: it sees values, never a student's code. A wrong answer is named by the catalogue of
mistakes if one of them gives the same values, otherwise by `nnlib.diagnosis`.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from grading.spec import Order, answer
from nnlib import diagnosis

SINGLE = 1e-4  # relative tolerance of values that come in float32 or float16


@dataclass
class Verdict:
    """One case: passed, or the mistake's slug and a sentence that shows no hidden number."""

    case: str
    passed: bool
    slug: str = ""
    sentence: str = ""


@dataclass
class Result:
    """One question: points earned, a Verdict per case, the mistake's name and sentence."""

    id: str
    points: float
    out_of: int
    verdicts: list = field(default_factory=list)
    mistake: str = ""  # name in the catalogue, or the diagnosis' slug; "" if all is right
    sentence: str = ""


def evaluate(question, cases, answers, mistakes=()):
    """Return the Result of a question from the student's answers to its cases."""
    verdicts = [verdict(question, case, given) for case, given in zip(cases, answers)]
    passed = sum(found.passed for found in verdicts)
    result = Result(question.id, 0.0, question.points, verdicts)
    result.points = round(question.points * passed / max(1, len(verdicts)), 2)
    if passed < len(verdicts):
        known = recognise(question, cases, answers, verdicts, mistakes)
        if known:
            result.mistake, result.sentence = known.name, known.sentence
        else:
            first = next(n for n, found in enumerate(verdicts) if not found.passed)
            told = verdicts[first] = verdict(question, cases[first], answers[first], name=True)
            result.mistake, result.sentence = told.slug, told.sentence
    return result


def priced(result, stages, prices=(0, 0, 0)):
    """Return the Result after the price, in points, of each hint stage taken; free by default."""
    cost = sum(prices[stage - 1] for stage in stages)
    return replace(result, points=round(max(0.0, result.points - cost), 2))


def unanswered(question):
    """Return the Result of a question whose name the notebook does not define."""
    sentence = f"There is no `{question.name}` in the notebook."
    return Result(question.id, 0.0, question.points, [], "unanswered", sentence)


def recognise(question, cases, answers, verdicts, mistakes):
    """Return the catalogued mistake that explains at least half of the lost cases, or None."""
    best, most = None, 0
    lost = [not found.passed for found in verdicts]
    for mistake in mistakes:
        alike = [same_answer(one, other, question.rtol)
                 for one, other in zip(answers, answer(question, mistake.answer, cases))]
        explained = sum(same for same, wrong in zip(alike, lost) if wrong)
        if 2 * explained >= sum(lost) and sum(alike) > most:
            best, most = mistake, sum(alike)
    return best


def same_answer(one, other, rtol=1e-7):
    """Say whether two answers are the same: same value, same kind of error, same mutation."""
    kinds = one.error.partition(":")[0], other.error.partition(":")[0]
    if kinds[0] != kinds[1] or bool(one.changed) != bool(other.changed):
        return False
    return bool(kinds[0]) or difference(one.value, other.value, rtol) is None


def verdict(question, case, given, name=False):
    """Judge one answer; to `name` how numbers differ takes longer than to see that they do."""
    if given.error:
        blame = "unanswered" if given.error.startswith("NotImplemented") else "stopped"
        return Verdict(case.name, False, blame, f"`{question.name}` stopped with {given.error}")
    if given.changed:
        return Verdict(case.name, False, *_brief(
            *diagnosis.fact("mutates-input", f"`{question.name}`", given.changed)))
    found = _judge(question, case, given.value, name)
    return Verdict(case.name, False, *found) if found else Verdict(case.name, True)


def _judge(question, case, value, name):
    """Return (slug, sentence) of what is wrong with a value, or None."""
    if value is None:
        return "unanswered", f"`{question.name}` is None: is a return statement missing?"
    if isinstance(question, Order):
        return None if question.is_right(value) else ("order", "A step comes too early.")
    if getattr(question, "measure", None):
        return _measured(question, case, value)
    rtol = SINGLE if _is_single(list(case.args)) else question.rtol
    with np.errstate(all="ignore"):
        # a predicted number is not told by its ratio to the right one
        evidence = (question.name, case.args) if name and question.calls else None
        return difference(value, question.right(case), rtol, evidence)


def _is_single(thing):
    """Say whether a float32 or float16 array is among plain things."""
    parts = thing.values() if isinstance(thing, dict) else thing
    if isinstance(thing, (dict, list, tuple)):
        return any(_is_single(part) for part in parts)
    return getattr(thing, "dtype", None) in ("f4", "f2")


def _measured(question, case, value):
    try:
        report = question.measure(case.args, value)
    except (TypeError, ValueError, IndexError, KeyError) as error:  # not what was asked for
        return "wrong-form", f"`{question.name}` returns something of another form: {error}"
    return None if report.passed else _brief(report.mistake, report.message)


def _brief(slug, message):
    """Keep what the mistake is and where to look; leave out the line with hidden numbers."""
    first, *rest = message.splitlines()
    look = [line.strip() for line in rest if line.strip().startswith("Look at:")]
    return slug, " ".join([first[:1].upper() + first[1:], *look])


# ---- two plain values ----

def difference(value, right, rtol=1e-7, evidence=None):
    """Return None if a value is the right one, else (slug, sentence) of how it differs.

    With `evidence`, its name and the arguments it was made from, nnlib.diagnosis is asked.
    """
    if isinstance(right, dict):
        return _in_parts(value, right, dict, right.keys(), rtol, evidence)
    if isinstance(right, (list, tuple)) and isinstance(value, (list, tuple, np.ndarray)):
        return _in_parts(value, right, (list, tuple, np.ndarray), range(len(right)), rtol, evidence)
    if right is None or isinstance(right, str):
        return None if type(value) is type(right) and value == right else ("wrong", "Not this one.")
    try:
        value, right = np.asarray(value), np.asarray(right)
    except ValueError:
        return "wrong-form", "The rows have different lengths: not an array."
    if not {value.dtype.kind, right.dtype.kind} <= set("biuf"):
        return "wrong-form", "This is not a number, nor an array of numbers."
    if value.shape == right.shape and close(value, right, rtol).all():
        return None
    if value.shape != right.shape:
        turned = ": is it transposed?" if value.shape == right.shape[::-1] else "."
        return "wrong-shape", f"It has shape {value.shape}, expected {right.shape}{turned}"
    return _named(value, right, rtol, *evidence) if evidence else ("wrong", "The numbers differ.")


def _in_parts(value, right, kinds, keys, rtol, evidence):
    """Compare item by item; say which item is wrong."""
    if not isinstance(value, kinds):
        return "wrong-form", f"Expected {len(right)} items ({type(right).__name__}), not one thing."
    if len(value) != len(right) or (isinstance(right, dict) and value.keys() != right.keys()):
        which = f": {list(keys)}" if isinstance(right, dict) else ""
        return "wrong-count", f"It has {len(value)} items, expected {len(right)}{which}."
    for key in keys:
        found = difference(value[key], right[key], rtol, evidence)
        if found:
            return found[0], f"Item {key}: {found[1]}"
    return None


def close(value, right, rtol):
    """Return where two arrays agree: within rtol of the largest entry; NaN and Inf in place."""
    if value.dtype in ("f4", "f2"):
        rtol = max(rtol, SINGLE)
    value, right = value.astype(float), right.astype(float)
    size = np.max(np.abs(right), initial=0.0, where=np.isfinite(right))
    with np.errstate(all="ignore"):
        near = np.abs(value - right) <= rtol * size
    return near | (value == right) | (np.isnan(value) & np.isnan(right))


def _named(value, right, rtol, name, args):
    """Let nnlib.diagnosis name how two arrays differ; the arguments are its evidence."""
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    like = next((a for a in arrays if a.shape == right.shape), right)
    names = [f"`{name}`", *(f"argument {n + 1}" for n in range(len(arrays)))]
    e = diagnosis.Evidence([value.astype(float)], [like, *arrays], [0], names=names)
    wrong = np.argwhere(~close(value, right, rtol))
    e.fill([right.astype(float)], [(0, tuple(int(n) for n in at)) for at in wrong])
    slug, message = _brief(*diagnosis.compare(e))
    return slug, message.replace("right side", "right answer")
