"""What every sheet owes: its students can start, right answers pass, wrong ones are named."""

import contextlib
import functools
import json
import re
import signal
import warnings
from importlib import import_module
from pathlib import Path

import mutate
import numpy as np
import pytest

from grading import marker, rehearsal, spec, walk
from grading.publishing import notebooks, release
from grading.spec import Function
from grading.verdict import verdict

ROOT = Path(__file__).parents[1]
STEMS = spec.stems()
each_sheet = pytest.mark.parametrize("stem", STEMS)

sheet_of = functools.cache(spec.load)
stage_of = functools.cache(rehearsal.stage)
played = functools.cache(lambda stem: list(rehearsal.played(stem)))


def single(thing):
    """Return plain arguments with every float64 array in float32."""
    return _each(thing, lambda a: a.astype("f4") if a.dtype == float else a)


def strided(thing):
    """Return plain arguments with every array as a view that is not contiguous."""
    return _each(thing, lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a)


def _each(thing, change):
    if isinstance(thing, dict):
        return {key: _each(part, change) for key, part in thing.items()}
    if isinstance(thing, (list, tuple)):
        return type(thing)(_each(part, change) for part in thing)
    return change(thing) if isinstance(thing, np.ndarray) else thing


def source_of(stem):
    return notebooks.read(ROOT / "solutions" / stem / "sheet.ipynb")


def exercise_of(stem):
    return notebooks.read(ROOT / "exercises" / f"{stem}.ipynb")


def questions_of(stem):
    return list(sheet_of(stem).questions.values())


def functions_of(stem):
    return [q for q in questions_of(stem) if isinstance(q, Function)]


@functools.cache
def empty_stage(stem):
    return rehearsal.Stage(exercise_of(stem))


def test_there_are_sheets_and_each_belongs_to_a_lesson():
    assert STEMS
    assert all((ROOT / "notebooks" / f"{stem}.ipynb").exists() for stem in STEMS)


# ---- the students' copy ----


@each_sheet
def test_exercises_are_what_release_makes_of_their_source(stem):
    made = release.exercise_of(source_of(stem), sheet_of(stem).questions)
    assert notebooks.as_bytes(made) == (ROOT / "exercises" / f"{stem}.ipynb").read_bytes()
    stamped = release.stamp(source_of(stem), sheet_of(stem).questions)
    source = ROOT / "solutions" / stem / "sheet.ipynb"
    assert notebooks.as_bytes(stamped) == source.read_bytes(), "run course.py release"
    hints = json.loads((ROOT / "exercises" / "hints.json").read_text(encoding="utf-8"))
    assert all(hints[q.id] == list(q.hints) for q in questions_of(stem))
    title = source_of(stem).cells[0].source.splitlines()[0].lstrip("# ")
    text = release.page(sheet_of(stem), title, ROOT / "notebooks" / f"{stem}.ipynb")
    assert text == (source.parent / "README.md").read_text(encoding="utf-8")


@each_sheet
def test_exercises_hold_no_solution(stem):
    secret = "\n".join(solution(c.source) for c in source_of(stem).cells)
    given = "\n".join(c.source for c in exercise_of(stem).cells)
    told = {line.strip() for line in secret.splitlines() if not line.endswith(":")}
    told = {line for line in told if len(line) > 12}
    assert told and not told & {line.strip() for line in given.splitlines()}
    assert not re.search(r"### (BEGIN|END)|HIDDEN", given)
    for cell in exercise_of(stem).cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None


def solution(source):
    return "\n".join(re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.S))


@each_sheet
def test_an_empty_sheet_runs_to_its_end_and_waits(stem):
    scene = empty_stage(stem)
    asked = [q.id for q in questions_of(stem) if q.kind != "written"]
    assert list(scene.states) == asked, "a check did not run, or not in order"
    assert set(scene.states.values()) == {"waits"}, scene.printed
    assert f"0 of {len(asked)} exercises pass" in scene.printed


@each_sheet
@pytest.mark.parametrize("odd", [0, 1])
def test_a_half_answered_sheet_runs_to_its_end(stem, odd):
    answered = {q.id for n, q in enumerate(questions_of(stem)) if n % 2 == odd}
    source, half = source_of(stem), exercise_of(stem)
    for full, cell in zip(source.cells, half.cells):
        if release.role(cell)[1] in answered:
            cell.source = full.source
    states = rehearsal.Stage(half).states
    assert {states[n] for n in answered} <= {"passes", "waits"} and "passes" in states.values()
    assert {state for n, state in states.items() if n not in answered} == {"waits"}


@each_sheet
def test_an_empty_sheet_earns_nothing(stem):
    for question in questions_of(stem):
        if question.kind != "written":
            result = rehearsal.grade(question, empty_stage(stem).names[question.name])
            assert result.points == 0 and result.mistake == "unanswered"


# ---- what is asked ----


@each_sheet
def test_a_sheet_asks_enough_of_every_kind(stem):
    kinds = [q.kind for q in questions_of(stem)]
    assert len(kinds) >= 7
    assert (
        {"write", "predict", "order", "find"}
        <= set(kinds)
        <= {"write", "predict", "order", "find", "written"}
    )
    errata = [q.erratum for q in questions_of(stem) if q.kind == "find"]
    assert any(re.fullmatch(r"[ABC]\d+", erratum) for erratum in errata)


@each_sheet
def test_every_question_is_complete(stem):
    equations = {e.number for e in walk.equations(ROOT / "notebooks" / f"{stem}.ipynb")}
    for q in questions_of(stem):
        assert q.points > 0 and q.minutes > 0 and len(q.tests.split()) >= 3, q.id
        assert q.equations and set(q.equations) <= equations, q.id
        question, idea, formula = q.hints
        assert question.endswith("?") and "`" not in question and "=" not in question, q.id
        assert len(idea.split()) >= 4 and formula, q.id
        assert q.rtol <= 1e-6, q.id


@each_sheet
def test_cases_are_several_drawn_anew_and_drawn_the_same_again(stem):
    for q in functions_of(stem):
        one, same, other = (q.cases(np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert len({case.name for case in one}) == len(one) >= 3, q.id
        as_text = [repr([case.args for case in cases]) for cases in (one, same, other)]
        if not any(callable(arg) for case in one for arg in case.args):
            assert as_text[0] == as_text[1] != as_text[2], q.id


@each_sheet
def test_a_sheet_says_its_points_and_minutes(stem):
    title = source_of(stem).cells[0].source
    assert title.startswith(f"# Sheet {stem[:2]}") and f"../notebooks/{stem}.ipynb" in title
    points = sum(q.points for q in questions_of(stem))
    minutes = sum(q.minutes for q in questions_of(stem))
    assert f"{points} points" in title, points
    said = int(re.search(r"(\d+) minutes", title)[1])
    assert abs(said - minutes) <= 5, minutes
    for cell in source_of(stem).cells:
        number = re.match(r"text-(\d+)-(\d+)", cell.id)
        if number:
            q = sheet_of(stem).questions[f"{number[1]}.{number[2]}"]
            noun = "point" if q.points == 1 else "points"
            assert cell.source.startswith(f"## {q.id} "), cell.id
            assert cell.source.splitlines()[0].endswith(f"({q.points} {noun})"), cell.id


@each_sheet
def test_cells_stand_in_order_and_keep_their_limits(stem):
    ids = [c.id for c in source_of(stem).cells]
    for q in questions_of(stem):
        parts = [f"{part}-{q.id.replace('.', '-')}" for part in ("text", "answer", "check", "hint")]
        if q.kind != "written":
            assert sorted(parts, key=ids.index) == parts, parts
    assert not [cell.id for cell in source_of(stem).cells if is_too_long(cell)]


def is_too_long(cell):
    lines = cell.source.splitlines()
    if cell.cell_type == "code":
        return len(lines) > 20 or max(map(len, lines)) > 79
    return len(re.sub(r"\$\$.*?\$\$", "", cell.source, flags=re.S).split()) > 120


HANDED_OUT = {"13_pooling_and_a_small_cnn": {"convolution"}}  # its last exercise calls `correlate`


@each_sheet
def test_a_sheet_hands_out_no_module_that_holds_its_answers(stem):
    built = [name for name, lesson in marker.BUILT.items() if lesson < int(stem[:2])]
    later = marker.BUILT.keys() - marker.imported("\n".join(f"import nnlib.{n}" for n in built))
    hidden, _ = marker.withheld(stem, spec.SOLUTIONS)
    assert later - set(hidden) == HANDED_OUT.get(stem, set())


# ---- right answers ----


@each_sheet
def test_the_instructors_sheet_passes_all_its_checks(stem):
    scene = stage_of(stem)
    assert set(scene.states.values()) == {"passes"}, scene.printed
    stored = "".join(walk.printed(c) for c in source_of(stem).cells if c.cell_type == "code")
    assert stored == scene.printed, "the stored outputs are not those of a fresh run"


def right_answers(stem):
    """Yield (question, answer): the sheet's own, the reference, and those written otherwise."""
    others = import_module(f"right.sheet_{stem[:2]}").RIGHT
    for q in questions_of(stem):
        if q.kind != "written":
            yield q, stage_of(stem).names[q.name]
            yield q, q.reference
        for other in others.get(q.id, ()):
            yield q, other


@each_sheet
def test_right_answers_pass_however_they_are_written(stem):
    for q, thing in right_answers(stem):
        state, _, text = stage_of(stem).play(q, thing)
        assert state == "passes", (q.id, thing, text)
        for seed in range(3):
            result = rehearsal.grade(q, thing, seed=seed)
            assert result.points == result.out_of, (q.id, thing, result)


@each_sheet
def test_right_answers_pass_on_views_and_in_single_precision(stem):
    for q, thing in right_answers(stem):
        if isinstance(q, Function):
            result = rehearsal.grade(q, thing, change=strided)
            assert result.points == result.out_of, (q.id, thing, result)
            ordinary = rehearsal.grade(q, thing, change=single).verdicts[0]
            assert ordinary.passed, (q.id, thing, ordinary)


@each_sheet
def test_every_function_has_three_right_answers(stem):
    others = import_module(f"right.sheet_{stem[:2]}").RIGHT
    for q in functions_of(stem):
        assert len(set(others.get(q.id, ()))) >= 2, f"{q.id}: beside that of the sheet, two more"


# ---- wrong answers ----


@each_sheet
def test_every_mistake_loses_points(stem):
    for q, mistake, _, result in played(stem):
        assert result.points < result.out_of, (q.id, mistake.name)


@each_sheet
def test_every_function_has_its_mistakes(stem):
    mistakes = sheet_of(stem).mistakes
    assert set(mistakes) == {q.id for q in questions_of(stem) if q.kind != "written"}
    for q in questions_of(stem):
        names = [m.name for m in mistakes.get(q.id, ())]
        assert len(set(names)) == len(names) >= (4 if isinstance(q, Function) else 3), q.id
        assert all(m.sentence.endswith((".", "?")) for m in mistakes[q.id]), q.id


@each_sheet
def test_every_check_of_a_sheet_can_fail(stem):
    for q in questions_of(stem):
        states = [state for asked, _, (state, _, _), _ in played(stem) if asked is q]
        assert q.kind == "written" or 2 * states.count("fails") >= len(states) > 0, q.id


@each_sheet
def test_the_sheet_says_what_the_catalogue_declares(stem):
    for q, mistake, (_, slug, text), _ in played(stem):
        assert not mistake.slug or slug == mistake.slug, (q.id, mistake.name, slug, text)


def shares():
    """Return (mistakes, those failing a visible check, named there, named by the grader)."""
    every = [row for stem in STEMS for row in played(stem)]
    seen = [state == "fails" for _, _, (state, _, _), _ in every]
    judge = [bool(m.slug) and slug == m.slug for _, m, (_, slug, _), _ in every]
    grader = [result.sentence == m.sentence for _, m, _, result in every]
    return len(every), sum(seen), sum(judge), sum(grader)


def test_mistakes_earn_the_sentence_that_names_them(capsys):
    every, seen, judge, grader = shares()
    say_and_find(
        capsys,
        f"{every} catalogued mistakes: all lose points, {seen} fail the sheet's "
        f"own check, {judge} are named there, {grader} are named by the grader.",
    )
    assert grader >= 0.9 * every
    assert seen >= 0.9 * every


def say_and_find(capsys, figures):
    """Print figures, and hold that they stand in the instructors' page."""
    with capsys.disabled():
        print(f"\n{figures}")
    text = " ".join((ROOT / "solutions" / "README.md").read_text(encoding="utf-8").split())
    assert figures in text, f"solutions/README.md should say: {figures}"


# ---- generated wrong answers: one change in the sheet's own solution ----


def mutants_of(stem, q):
    """Yield (description, function) of every mutant that still defines the function."""
    cell = next(c for c in source_of(stem).cells if release.role(c) == ("answer", q.id))
    for words, source in mutate.mutants(without_marks(cell.source)):
        names = dict(stage_of(stem).names)
        exec(compile(source, f"mutant of {q.id}", "exec"), names)
        yield words, names[q.name]


def without_marks(source):
    """Return the source with the solutions and without the lines that mark them."""
    return "\n".join(line for line in source.splitlines() if not line.lstrip().startswith("###"))


def survives(q, function):
    """Say whether a mutant passes all cases of two draws; one that hangs does not."""
    for seed in (1, 2):
        for case in q.cases(np.random.default_rng(seed)):
            with quiet(), at_most(seconds=2):
                given = spec.answer(q, function, [case])[0]
            if not verdict(q, case, given).passed:
                return False
    return True


@contextlib.contextmanager
def at_most(seconds):
    """Raise TimeoutError in code that runs too long, where the system can."""

    def stop(*_):
        raise TimeoutError

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@functools.cache
def survivors(stem):
    """Return (number of mutants, those that no case rejects and that nobody listed as equal)."""
    equal = import_module(f"right.sheet_{stem[:2]}").EQUAL_MUTANTS
    count, alive = 0, []
    for q in functions_of(stem):
        for words, function in mutants_of(stem, q):
            if words not in equal.get(q.id, ()):
                count += 1
                alive += [(q.id, words)] * survives(q, function)
    return count, alive


@each_sheet
def test_a_solution_changed_in_one_place_loses_points(stem):
    count, alive = survivors(stem)
    assert count > 20 and len(alive) <= 0.02 * count, alive


@each_sheet
def test_mutants_listed_as_equal_are_equal(stem):
    equal = import_module(f"right.sheet_{stem[:2]}").EQUAL_MUTANTS
    for q in functions_of(stem):
        found = dict(mutants_of(stem, q)) if q.id in equal else {}
        for words in equal.get(q.id, ()):
            assert words in found and survives(q, found[words]), (q.id, words)


def test_generated_mistakes_are_rejected(capsys):
    counts, alive = zip(*map(survivors, STEMS))
    left = sum(map(len, alive))
    say_and_find(capsys, f"{sum(counts)} solutions changed in one place: {left} pass.")
    assert left <= 0.02 * sum(counts)


def test_the_size_of_it_all(capsys):
    every = [q for stem in STEMS for q in questions_of(stem)]
    points, minutes = sum(q.points for q in every), sum(q.minutes for q in every)
    say_and_find(
        capsys,
        f"{len(STEMS)} sheets, {len(every)} exercises, {points} points, about "
        f"{minutes / 60:.0f} hours.",
    )
