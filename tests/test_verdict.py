"""grading.spec and grading.verdict: what is right, what is lost, and how it is named."""

import copy
import re

import numpy as np
import pytest

from grading.spec import Answer, Case, Choice, Function, Mistake, Order, Value, answer, changed
from grading.submission import hints_taken
from grading.verdict import difference, evaluate, priced, same_answer, unanswered
from nnlib.gradcheck import compare_gradient

HEAD = {"points": 4, "minutes": 5, "equations": ("5.30",), "tests": "", "hints": ()}
A = np.arange(6.0).reshape(2, 3)


def two_cases(rng):
    yield Case("three by two", (rng.normal(size=3), rng.normal(size=2)))
    yield Case("one by one", (rng.normal(size=1), rng.normal(size=1)))


OUTER = Function("5.4", "table", reference=np.outer, make=two_cases, **HEAD)
MISTAKES = [
    Mistake("transposed", lambda d, a: np.outer(a, d), "Turn it."),
    Mistake("negative", lambda d, a: -np.outer(d, a), "Mind the sign."),
]


def result(function, question=OUTER, mistakes=MISTAKES):
    cases = question.cases(np.random.default_rng(0))
    return evaluate(question, cases, answer(question, function, cases), mistakes)


def test_a_right_answer_earns_all_and_a_half_right_one_half():
    assert result(np.outer).points == 4 and result(np.outer).mistake == ""
    turned = result(lambda d, a: np.outer(a, d))
    assert turned.points == 2 and [v.passed for v in turned.verdicts] == [False, True]
    assert (turned.mistake, turned.sentence) == ("transposed", "Turn it.")


def test_a_mistake_outside_the_catalogue_is_named_by_the_diagnosis():
    doubled = result(lambda d, a: 2 * np.outer(d, a))
    assert doubled.points == 0 and doubled.mistake == "constant-factor"
    assert "`table` is 2 times the right answer" in doubled.sentence
    assert "Look at:" in doubled.sentence


def test_no_sentence_shows_a_hidden_number():
    hidden = str(np.outer(*OUTER.cases(np.random.default_rng(0))[0].args)[0, 0])[:5]
    assert hidden not in str(result(lambda d, a: np.outer(d, a) ** 3).verdicts)


def changes_its_argument(d, a):
    d *= 2
    return np.outer(d / 2, a)


@pytest.mark.parametrize(
    "function, slug",
    [
        (changes_its_argument, "mutates-input"),
        (lambda d, a: None, "unanswered"),
        (lambda d, a: 1 / 0, "stopped"),
        (lambda d, a: "twelve", "wrong-form"),
        (lambda d, a: np.outer(d, a).tolist() + [[1.0]], "wrong-form"),
        (lambda d, a: {"table": np.outer(d, a)}, "wrong-form"),
        (lambda d, a: np.full((len(d), len(a)), np.nan), "nan"),
        (lambda d, a: np.outer(d, a) * 1j, "wrong-form"),
        (lambda d, a: np.outer(d, a)[None], "wrong-shape"),
    ],
)
def test_what_is_no_answer_earns_nothing(function, slug):
    assert (result(function).points, result(function).mistake) == (0, slug)


@pytest.mark.parametrize("now", [5, [1.0, 1.0], np.ones(3), {"W": 1}, None, "x", np.float64(1)])
def test_an_argument_that_became_another_thing_is_a_changed_one(now):
    before = np.float64(2), {"W": np.ones(2), "t": 1, "words": ["a"], "eta": float("nan")}
    after = copy.deepcopy(before)
    assert changed(before, after) == "" and changed(before, (np.array(2.0), after[1])) == ""
    for place in before[1]:
        assert changed(before, (before[0], before[1] | {place: now})) == "argument 2", place
    assert changed(before, (before[0], now)) == "argument 2"
    assert changed(before, (now, before[1])) == "argument 1"
    assert changed((print, 1), (None, 1)) == ""  # a function cannot come back


def test_a_stub_and_a_missing_name_are_unanswered():
    def stub(d, a):
        raise NotImplementedError("Exercise 5.4: write `table`")

    assert result(stub).mistake == unanswered(OUTER).mistake == "unanswered"
    assert result(stub).points == unanswered(OUTER).points == 0


def test_lists_and_small_rounding_are_right():
    assert result(lambda d, a: [[x * y for y in a] for x in d]).points == 4
    assert result(lambda d, a: np.outer(d, a) * (1 + 1e-9)).points == 4
    assert result(lambda d, a: np.outer(d, a) * (1 + 1e-6)).points == 0
    assert result(lambda d, a: np.outer(d, a).astype("f4")).points == 4


@pytest.mark.parametrize(
    "value, right",
    [
        (A, A.tolist()),
        (2, 2.0),
        (np.float64(2), 2),
        ((2, 3), (2, 3)),
        ([2, 3], (2, 3)),
        ({"W": A, 1: 2.0}, {"W": A, 1: 2.0}),
        ("B", "B"),
        (None, None),
        (True, True),
        (np.array([np.inf, np.nan, 1]), np.array([np.inf, np.nan, 1])),
        ([], []),
    ],
)
def test_equal_things_are_equal(value, right):
    assert difference(value, right) is None


@pytest.mark.parametrize(
    "value, right",
    [
        (A, A.T),
        (A, A + 1e-3),
        (A[0], A),
        ((2, 3, 4), (2, 3)),
        ((3, 2), (2, 3)),
        (2, (2, 3)),
        ({"W": A}, {"b": A}),
        ({"W": A}, {"W": -A}),
        ("A", "B"),
        ("2", 2),
        (None, A),
        (..., 1),
        (np.array([np.inf, 1]), np.array([-np.inf, 1])),
        (np.array([1, np.nan]), np.array([1.0, 2])),
        (np.zeros(3), np.array([np.inf, 1, 1])),
        (np.array(["a", "b"]), A[0, :2]),
    ],
)
def test_other_things_are_not(value, right):
    slug, sentence = difference(value, right)
    assert slug and len(sentence.split()) > 2


def test_an_order_may_have_several_right_forms():
    order = Order("5.6", "order", reference="CAB", before=("CA", "CB"), **HEAD)
    assert [order.is_right(x) for x in ("CAB", "CBA", ["C", "B", "A"])] == [True] * 3
    assert not any(order.is_right(x) for x in ("ACB", "CA", "CABB", "", "CAX"))
    assert result("CBA", order).points == 4
    assert result("ABC", order, [Mistake("early", "ABC", "C first.")]).sentence == "C first."
    assert result(..., order).mistake == "unanswered" and result(7, order).points == 0


def test_a_value_and_a_choice_are_right_or_wrong():
    value = Value("5.2", "shape", reference=(3, 4), **HEAD)
    assert [result(x, value).points for x in ((3, 4), [3, 4], (4, 3), 12, ...)] == [4, 4, 0, 0, 0]
    choice = Choice("5.8", "line", reference="B", options="ABC", **HEAD)
    assert [result(x, choice).points for x in ("B", "A", 2)] == [4, 0, 0]


@pytest.mark.parametrize("guess", [0.25, -0.125 * 1.5, np.array([0.1, 0.2]), 1e9])
def test_no_sentence_tells_a_predicted_number(guess):
    question = Value("5.2", "shape", reference=-0.125, **HEAD)
    cases = question.cases(np.random.default_rng(0))
    sentence = evaluate(question, cases, answer(question, guess, cases)).sentence
    assert sentence and not re.search(r"0\.125|1/8|times|sign", sentence), sentence


def test_a_question_may_be_judged_by_measuring_and_hand_out_a_callable():
    def cases(rng):
        yield Case("a valley", (lambda x: 0.5 * np.sum(x**2), rng.normal(size=3)))

    def measure(args, value):
        return compare_gradient(args[0], args[1], value)

    slope = Function("2.3", "slope", make=cases, measure=measure, **HEAD)
    assert result(lambda f, x: x.copy(), slope).points == 4
    assert result(lambda f, x: -x, slope, ()).mistake == "sign"
    assert result(lambda f, x: "no", slope, ()).points == 0


def test_answers_are_alike_when_value_error_and_mutation_are():
    assert same_answer(Answer(A), Answer(A + 1e-12)) and not same_answer(Answer(A), Answer(-A))
    assert same_answer(Answer(error="ValueError: 3"), Answer(error="ValueError: 4"))
    assert not same_answer(Answer(A), Answer(A, changed="argument 1"))
    assert not same_answer(Answer(A), Answer(error="ValueError: 3"))


def test_hints_are_read_from_the_outputs_and_cost_what_the_instructor_says():
    notes = [
        {"exercise": "5.4", "stage": 1},
        {"exercise": "5.4", "stage": 3},
        "forged",
        {},
        {"exercise": ["x"], "stage": 9},
        {"exercise": "5.4", "stage": [1]},
    ]
    cells = [{"outputs": [{"metadata": {"hint": note}}, {}]} for note in notes] + [{}]
    assert hints_taken(cells) == {"5.4": {1, 3}}
    right = result(np.outer)
    assert priced(right, {1, 3}).points == 4
    assert priced(right, {1, 3}, prices=(0.5, 1, 2)).points == 1.5
    assert priced(right, {1, 2, 3}, prices=(2, 2, 2)).points == 0
