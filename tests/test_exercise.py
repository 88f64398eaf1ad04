"""nnlib.sheets: an exercise waits, fails or passes, and the notebook runs on."""

import json
import re

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from nnlib import sheets
from nnlib.gradcheck import check_gradient
from nnlib.sheets import exercise, hint, progress, run_steps


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(sheets, "progress_so_far", {})


def state(number):
    return sheets.progress_so_far[number].state


def check(body, number="5.1", name="answer", **names):
    """Run the checks of an exercise as a cell of a notebook that has these names."""
    names |= {"np": np, "exercise": exercise, "check_gradient": check_gradient}
    exec(f'with exercise("{number}", "{name}"):\n    {body}', names)
    return names


SLOPE = 'check_gradient(lambda x: x**2, 3.0, answer, "5.1 slope")'


def test_passing_checks_pass(capsys):
    check(SLOPE, answer=6.0)
    assert state("5.1") == "passes"
    assert capsys.readouterr().out.splitlines()[-1] == "✓ 5.1 passes: all checks"


def test_a_stub_is_waited_for_wherever_it_is_called(capsys):
    def slope():
        raise NotImplementedError("Exercise 5.1: write `slope`")

    check("slope()", "5.2", answer=3.0, slope=slope)
    assert state("5.2") == "waits"
    assert "… 5.2 waits: Exercise 5.1: write `slope`" in capsys.readouterr().out


@pytest.mark.parametrize("body", [SLOPE, "pass"])
def test_dots_are_waited_for_whatever_the_checks_make_of_them(body):
    check(body, answer=...)
    assert state("5.1") == "waits"


@pytest.mark.parametrize("body", [SLOPE, "pass"])
def test_an_answer_that_is_not_there_is_named(capsys, body):
    check(body)
    assert state("5.1") == "waits"
    assert "… 5.1 waits: there is no `answer` yet: run the cell" in capsys.readouterr().out


def test_a_name_that_was_not_run_is_waited_for_but_not_a_slip_in_the_answer(capsys):
    def answer():
        return slop  # noqa: F821

    check("dW", answer=answer)
    check("answer()", "5.2", answer=answer)
    assert (state("5.1"), state("5.2")) == ("waits", "fails")
    out = capsys.readouterr().out
    assert "run the cell that makes `dW`" in out and "name 'slop' is not defined" in out


def test_a_wrong_answer_is_named_and_the_notebook_runs_on(capsys):
    check(SLOPE, answer=-6.0)
    assert state("5.1") == "fails" and sheets.progress_so_far["5.1"].mistake == "sign"
    assert "✗ 5.1 slope: yours has the wrong sign" in capsys.readouterr().out


def test_an_error_in_the_answer_is_shown_with_its_line(capsys):
    def answer():
        return np.zeros(2)[3]

    check("answer()", answer=answer)
    assert state("5.1") == "fails"
    out = capsys.readouterr().out
    assert "in line 2 of this cell" in out
    assert "Traceback" in out and "np.zeros(2)[3]" in out and "IndexError" in out


@pytest.mark.parametrize("given", [np.ones(3), [1.0, np.ones(3)], {"W": np.ones(3)}, (np.ones(3),)])
def test_an_answer_that_changes_what_it_is_given_is_told_so(capsys, given):
    def answer(a, thing):
        for part in [thing] if isinstance(thing, np.ndarray) else thing:
            part = thing[part] if isinstance(part, str) else part
            if isinstance(part, np.ndarray):
                part *= 2.0
        return 6.0

    names = check("assert answer(1, given) == 6.0", answer=answer, given=given)
    assert state("5.1") == "fails" and names["answer"] is answer
    out = capsys.readouterr().out
    assert "5.1 fails: `answer` changes what it is given, its argument 2" in out


@pytest.mark.parametrize("new", [2.0, "two", [1.0], None])
def test_an_answer_that_replaces_an_item_is_told_so(new):
    def answer(x):
        x[1] = new

    check("answer([1.0, 1.0])", answer=answer)
    assert state("5.1") == "fails"
    check("answer([1.0, new])", "5.2", answer=answer, new=new)
    assert state("5.2") == "passes"


def test_an_answer_may_be_given_functions_and_objects():
    class Layer:
        def forward(self):
            return 1.0

    check("answer(layer, layer.forward, float('nan'))", layer=Layer(),
          answer=lambda layer, f, x: f())
    assert state("5.1") == "passes"


def test_an_answer_that_copies_or_changes_its_own_arrays_may(capsys):
    def shift(x):
        x -= 1.0
        return x

    check("assert answer(given)[0] == 0.0", answer=lambda x: shift(x.copy()), given=np.ones(3))
    assert state("5.1") == "passes"


def test_the_stop_button_stops():
    def answer():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("answer()", answer=answer)


def test_progress_counts_the_last_run_of_each_exercise(capsys):
    for claimed in (-6.0, 6.0):
        check(SLOPE, answer=claimed)
    check("pass", "5.2", answer=...)
    capsys.readouterr()
    progress()
    assert capsys.readouterr().out == "✓ 5.1  … 5.2\n1 of 2 exercises pass their checks\n"


STEPS = {"A": "c = 2 * b", "B": "b = a + 1"}


def test_steps_run_in_the_order_given():
    assert run_steps("BA", STEPS, {"a": 1})["c"] == run_steps(["B", "A"], STEPS, {"a": 1})["c"] == 4


@pytest.mark.parametrize(
    "order, said",
    [
        ("AB", "step A comes too early: no step before it makes `b`"),
        ("BB", "each of A, B once"),
        ("B", "each of A, B once"),
        ("BAC", "each of A, B once"),
    ],
)
def test_a_wrong_order_is_named(order, said):
    with pytest.raises(AssertionError, match=said):
        run_steps(order, STEPS, {"a": 1})


def test_a_step_whose_shapes_do_not_fit_is_named():
    with pytest.raises(AssertionError, match="step A does not fit there: .*shapes"):
        run_steps("A", {"A": "c = a + np.ones(3)"}, {"a": np.ones(2), "np": np})


@pytest.fixture
def hints(tmp_path, monkeypatch):
    path = tmp_path / "hints.json"
    path.write_text(json.dumps({"5.1": ["Why?", "So.", "`x`"]}), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize(
    "number, stage, said",
    [
        ("5.9", 1, "There is no exercise '5.9'. Write, for example, hint('5.1', 1)."),
        ("5.1", 4, "There are three hints"),
        ("5.1", 0, "There are three hints"),
    ],
)
def test_an_unknown_hint_is_told_in_words(hints, capsys, number, stage, said):
    hint(number, stage)
    assert said in capsys.readouterr().out


def test_in_a_notebook_a_hint_is_recorded_and_an_error_is_shown_without_stopping(hints):
    cells = [
        "from nnlib.sheets import exercise, hint",
        'hint("5.1", 2)',
        'def f(x):\n    return x[3]\n\nwith exercise("5.1", "f"):\n    x = []\n    f(x)',
        'with exercise("5.2", "f"):\n    f = {}\n    f["dW"]',
        'print("the end")',
    ]
    nb = new_notebook(cells=[new_code_cell(source) for source in cells])
    NotebookClient(
        nb, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(hints.parent)}}
    ).execute()
    shown = nb.cells[1].outputs[0]
    assert shown.metadata["hint"] == {"exercise": "5.1", "stage": 2}
    assert shown.data["text/markdown"] == "**Hint 5.1, 2 of 3.** So."
    error = nb.cells[2].outputs[-1]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error.traceback))
    assert error.ename == "IndexError" and "----> 2     return x[3]" in plain
    assert "with exercise" not in plain and "watched" not in plain
    assert "in line 6 of this cell: f(x)" in nb.cells[2].outputs[0].text
    assert 'in line 3 of this cell: f["dW"]' in nb.cells[3].outputs[0].text
    assert nb.cells[3].outputs[-1].ename == "KeyError"
    assert nb.cells[4].outputs[0].text == "the end\n"
    assert nbformat.validate(nb) is None
