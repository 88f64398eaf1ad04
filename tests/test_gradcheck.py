"""The judge: verdicts on the corpus and on random programs, messages, hygiene, layers."""

import copy
import io
import re
from contextlib import redirect_stdout

import numpy as np
import pytest

from nnlib import diagnosis, gradcheck, mistakes, trial
from nnlib._shapes import ShapeError
from nnlib.gradcheck import (
    GradientError,
    Report,
    check_equal,
    check_gradient,
    check_layer,
    compare_gradient,
    define,
    numerical_gradient,
    numerical_jacobian,
)
from nnlib.slopes import Function, progress
from tests.corpus import cases
from tests.corpus.layers import Activation, Dense, Dropout, Sequential, dense_with, patched
from tests.corpus.programs import program

RNG = np.random.default_rng(0)
W, V, U = RNG.normal(size=(3, 4)), RNG.normal(size=4), RNG.normal(size=3)


def loss(W):
    return U @ np.tanh(W @ V)


GRADIENT = np.outer(U * (1 - np.tanh(W @ V) ** 2), V)


def judge(case):
    """Return the report on one case of the corpus."""
    if case.is_layer:
        try:
            with redirect_stdout(io.StringIO()):
                return check_layer(*case.parts)
        except GradientError as error:
            return error.report
    f, x, claimed, *upstream = case.parts
    return compare_gradient(f, x, claimed, upstream=upstream[0] if upstream else None)


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    monkeypatch.setattr(diagnosis, "STRICT", True)


# ---------------------------------------------------------------- the corpus


NAMED = {f"fresh_{n}": 0.85 for n in ("four", "five", "seven", "nine", "ten")} | {"fresh_six": 0.75}


@pytest.mark.parametrize(
    "module",
    [
        "plain",
        "numerics",
        "slips",
        "layers",
        "fresh_one",
        "fresh_two",
        "fresh_three",
        "fresh_eight",
        "limits",
        *NAMED,
    ],
)
def test_corpus(module):
    wrong_verdicts, named, calls, count = [], 0, [], 0
    for case in cases(0, module):
        report = judge(case)
        if report.passed != case.right:
            wrong_verdicts.append((case.name, report.message))
        if case.right:
            calls.append(report.evaluations)
        else:
            count += 1
            named += report.mistake in case.mistakes
    assert not wrong_verdicts
    assert named >= NAMED.get(module, 0.9) * count
    if module in ("plain", "fresh_one", "fresh_two"):
        assert np.median(calls) <= 20


def test_corpus_is_large():
    every = list(cases(1))
    assert sum(case.right for case in every) >= 120
    assert sum(not case.right for case in every) >= 130
    assert {m for case in every for m in case.mistakes} <= set(diagnosis.MISTAKES)


@pytest.mark.parametrize("buggy", [False, True])
def test_random_programs(buggy):
    for seed in range(10**6, 10**6 + 200):
        f, X, claimed, upstream, _ = program(seed, buggy)
        assert compare_gradient(f, X, claimed, upstream=upstream).passed != buggy, seed


# ---------------------------------------------------------------- what is printed


def test_line_of_a_right_gradient(capsys):
    report = check_gradient(loss, W, GRADIENT, "(5.9) ∂L/∂w_jk")
    line = "✓ (5.9) ∂L/∂w_jk: 12 entries agree with finite differences within 1e-7\n"
    assert capsys.readouterr().out == line
    assert report.passed and report.mistake is None and report.tolerance == 1e-7
    assert 5 <= report.evaluations <= 20


def test_no_label_and_one_entry(capsys):
    check_gradient(np.sin, 0.3, np.cos(0.3))
    assert capsys.readouterr().out == "✓ 1 entry agrees with finite differences within 1e-7\n"


def test_line_of_a_wrong_gradient():
    A = np.arange(1.0, 10).reshape(3, 3)
    with pytest.raises(GradientError) as caught:
        check_gradient(lambda S: np.sum(A * S), np.ones((3, 3)), A.T, "(5.9) ∂L/∂w_jk")
    first, second, third = str(caught.value).splitlines()
    assert first == "✗ (5.9) ∂L/∂w_jk: yours is the transpose of the measured gradient."
    assert second == (
        "  yours (3, 3) at [0, 2] = 7, measured 3; the measured value stands at your [2, 0]."
    )
    assert third.startswith("  Look at: ")
    assert caught.value._render_traceback_() == [str(caught.value)]
    assert caught.value.report.mistake == "transposed"
    assert isinstance(caught.value, AssertionError)


def test_messages_are_the_same_each_time():
    bad = GRADIENT + 0.1 * np.sin(np.arange(12)).reshape(3, 4)
    messages = {compare_gradient(loss, W, bad).message for _ in range(3)}
    assert len(messages) == 1


def test_digits_verified_are_told(capsys):
    def coarse(z):
        return np.sum(np.tanh(z.astype("f4")))

    report = check_gradient(coarse, V, 1 - np.tanh(V) ** 2, "(2.2) coarse")
    assert "within 1e-3 (f is too noisy" in capsys.readouterr().out
    assert report.tolerance == 1e-3


def test_check_equal(capsys):
    check_equal(np.outer(U, V), np.einsum("j,k", U, V), "(5.10) δ aᵀ = the loop")
    assert capsys.readouterr().out == "✓ (5.10) δ aᵀ = the loop: 12 entries equal within 1e-12\n"
    check_equal(1, 1.0)
    assert capsys.readouterr().out == "✓ 1 entry equal within 1e-12\n"
    check_equal([-np.inf, np.inf], [-np.inf, np.inf])
    check_equal([0.0, 1e-16], [0.0, 0.0])
    check_equal([1e6], [1e6 + 1e-7])


@pytest.mark.parametrize(
    "left, right",
    [(1.0, 1 + 1e-11), ([1, 2], [1, 3]), ([1.0], [[1.0]]), ([np.nan], [1.0]), ([1e-3], [1.00001e-3]),
     ([np.inf], [-np.inf]), (["a"], ["b"]), ([0.0], [1e-14]), ([np.nan], [np.nan]),
     ([1.0], [np.nan]), ([1.0, np.inf], [1.0, 2.0])],
)  # fmt: skip
def test_check_equal_fails(left, right):
    with pytest.raises(GradientError, match="✗ x: ") as caught:
        check_equal(left, right, "x")
    assert not caught.value.report.passed and caught.value.report.tolerance == 1e-12


@pytest.mark.parametrize("size", [1.0, 1e6, 1e-3])
def test_check_equal_within_1e_12_of_the_largest_entry(size):
    left = size * np.array([0.5, -1.0])
    check_equal(left, left + [0.8e-12 * size, 0])
    with pytest.raises(GradientError):
        check_equal(left, left + [1.5e-12 * size, 0])


def test_check_equal_names_the_mistake():
    with pytest.raises(GradientError, match="wrong sign"):
        check_equal(V, -V)
    with pytest.raises(GradientError, match="transpose of the right side"):
        A = np.arange(1.0, 10).reshape(3, 3)
        check_equal(A, A.T)


@pytest.mark.parametrize(
    "left, right, words",
    [
        ([1.0, np.nan], [1.0, np.nan], "is NaN at 1 of 2 entries, and so is the right side"),
        ([np.nan, 2.0], [1.0, 2.0], "is NaN at 1 of 2 entries: the right side is finite"),
        ([1.0, 2.0], [1.0, np.nan], "is finite where the right side is NaN"),
    ],
)
def test_nan_is_equal_to_nothing(left, right, words):
    with pytest.raises(GradientError, match=words) as caught:
        check_equal(left, right)
    assert caught.value.report.mistake == "nan"
    assert "nan" in str(caught.value).splitlines()[1]


X = np.linspace(-2, 2, 9)
PAIRS = [
    (X, np.tanh(X)), (np.maximum(X, 0), X), (X**2, X), (1 - np.tanh(X), 1 - np.tanh(X) ** 2),
    (np.sign(X), X), (np.clip(X, -1, 1), X), (X + 1, X), (X[::-1] ** 3 + X, X), (2 * X, X),
    (0 * X, X), (-X, X), (np.roll(X, 1), X), (X / 9, X), (1.014028, 1.0), (3.0, 1.0),
    (np.where(X == 1, 7, X), X), (np.abs(X), X), (np.cos(99 * X), np.sin(50 * X)),
    (np.outer(X, X**2), np.outer(X**2, X)), (np.outer(X, X**2) * (X > 1), np.outer(X, X**2)),
    (X[:3], X[:4]), (np.array([np.inf, 1]), np.array([2.0, 1])), (X > 0, X), (X[[1, 0, *range(2, 9)]], X),
]  # fmt: skip


@pytest.mark.parametrize("left, right", PAIRS)
def test_two_values_are_not_spoken_of_as_gradients(left, right):
    with pytest.raises(GradientError) as caught:
        check_equal(left, right)
    text = str(caught.value).lower()
    foreign = "gradient measured derivative activation kink negative upstream forward backward"
    assert not [word for word in foreign.split() if word in text], text


def test_define(capsys):
    assert define("(5.1) quadratic loss", loss) is loss
    assert define("(5.1) quadratic loss", loss) is loss
    assert capsys.readouterr().out == "≔ (5.1) quadratic loss\n" * 2
    assert gradcheck.definitions["(5.1)"] is loss
    define("(5.2)", loss)
    assert capsys.readouterr().out == "≔ (5.2) loss\n"
    define("(5.3)", 3)
    assert capsys.readouterr().out == "≔ (5.3) int\n"
    for label in ("loss", "5.1 loss", "(5) loss"):
        with pytest.raises(ValueError, match="begins with its number"):
            define(label, loss)


# ---------------------------------------------------------------- numbers


def test_numerical_gradient():
    measured = numerical_gradient(loss, W)
    assert measured.shape == W.shape and np.allclose(measured, GRADIENT, rtol=1e-10, atol=1e-11)
    assert np.shape(numerical_gradient(np.sin, 0.3)) == ()
    a, b = numerical_gradient(lambda a, b: a @ W @ b, (U, V))
    assert np.allclose(a, W @ V, rtol=1e-10) and np.allclose(b, U @ W, rtol=1e-10)
    assert np.allclose(
        numerical_gradient(lambda z: np.abs(z).sum(), np.array([-1e-5, 2e-5])), [-1, 1]
    )
    steep = numerical_gradient(lambda z: np.exp(300 * z).sum(), V)
    assert np.allclose(steep, 300 * np.exp(300 * V), rtol=1e-7)
    assert numerical_gradient(lambda z: 1.0, V).tolist() == [0.0] * 4


def test_numerical_jacobian():
    J = numerical_jacobian(lambda v: W @ v, V)
    assert J.shape == (3, 4) and np.allclose(J, W, rtol=1e-11)
    T = numerical_jacobian(lambda W: np.outer(W @ V, U), W)
    assert T.shape == (3, 3, 3, 4)
    assert np.allclose(T, np.einsum("ai,b,c->abic", np.eye(3), U, V), atol=1e-11)
    assert numerical_jacobian(np.sin, 0.3).shape == ()
    diagonal = numerical_jacobian(np.square, V)
    assert (diagonal[~np.eye(4, dtype=bool)] == 0).all()


@pytest.mark.parametrize("error", [1e-6, -1e-6, 2e-6, 1e-4])
def test_smallest_error_found(error):
    for name in ("all", "one"):
        bad = GRADIENT.copy()
        if name == "all":
            bad *= 1 + error
        else:
            bad[1, 2] *= 1 + error
        report = compare_gradient(loss, W, bad)
        assert not report.passed
        assert name == "all" or report.worst == (1, 2)


def test_agreement_of_1e9_passes():
    assert compare_gradient(loss, W, GRADIENT * (1 + 1e-9)).passed


def test_one_wrong_entry_in_1e5_is_found_and_placed():
    x = np.random.default_rng(1).normal(size=100_000)
    bad = 2 * x
    bad[54_321] += 1e-3
    report = compare_gradient(lambda x: x @ x, x, bad)
    assert (report.mistake, report.worst) == ("one-entry", (54_321,))
    assert report.measured[54_321] == pytest.approx(2 * x[54_321], rel=1e-3)
    assert np.isnan(report.measured).any()
    right = compare_gradient(lambda x: x @ x, x, 2 * x)
    assert right.passed and right.evaluations <= 60


def test_report_of_a_failure():
    bad = GRADIENT.copy()
    bad[2, 1] = 7
    report = compare_gradient(loss, W, bad)
    assert (report.passed, report.mistake, report.worst) == (False, "one-entry", (2, 1))
    assert np.allclose(report.measured, GRADIENT, atol=1e-9)
    assert np.array_equal(report.claimed, bad)
    assert "at [2, 1] = 7, measured" in report.message
    assert str(report).startswith("✗ yours is wrong in one entry")
    picture = mistakes.picture(report)
    assert picture.count("<rect") == 12 and picture.count("<li>") == 3


def test_report_of_several_inputs():
    report = compare_gradient(lambda a, b: a @ W @ b, (U, V), (W @ V, -(U @ W)))
    assert report.mistake == "sign" and report.worst[0] == 1
    assert isinstance(report.measured, tuple) and isinstance(report.claimed, tuple)
    assert "your gradient 2 of 2 has the wrong sign" in report.message


# ---------------------------------------------------------------- kinks


def test_kinks_are_listed_with_both_slopes(capsys):
    report = check_gradient(lambda z: np.abs(z).sum(), np.array([0.0, 2]), np.array([0.3, 1]), "k")
    [(index, left, right)] = report.kinks
    assert index == (0,) and left == pytest.approx(-1) and right == pytest.approx(1)
    assert "1 at a kink" in capsys.readouterr().out


@pytest.mark.parametrize("claim", [-1.001, 1.001, 5.0])
def test_outside_the_slopes(claim):
    report = compare_gradient(lambda z: np.abs(z).sum(), np.array([0.0, 2]), np.array([claim, 1]))
    assert report.mistake == "kink"
    assert "slope -1 on the left, 1 on the right" in report.message


@pytest.mark.parametrize(
    "claim, passes", [(-1, True), (0, True), (1, True), (1.01, False), (-1.01, False)]
)
def test_edges_of_the_slopes(claim, passes):
    assert compare_gradient(np.abs, 0.0, float(claim)).passed == passes


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6, 1e-8, 3e-9, 1e-9])
def test_near_a_kink_there_is_one_slope(distance):
    for x in (distance, -distance):
        right = float(x > 0)
        assert compare_gradient(lambda z: np.maximum(z, 0), x, right).passed
        assert not compare_gradient(lambda z: np.maximum(z, 0), x, 1 - right).passed
        assert not compare_gradient(lambda z: np.maximum(z, 0), x, 0.5).passed
        assert compare_gradient(lambda z: np.maximum(z, 0), x, right).kinks == []


def test_ties():
    z = np.array([1.0, 3, 3, 2])
    for claim in ([0, 1, 0, 0], [0, 0, 1, 0], [0, 0.5, 0.5, 0], [0, 0.1, 0.9, 0]):
        assert compare_gradient(np.max, z, np.array(claim)).passed
    report = compare_gradient(np.max, z, np.array([0, 1.0, 1, 0]))
    assert report.mistake == "ties" and "2 tied entries" in report.message
    assert compare_gradient(np.max, z, np.array([0, 0.3, 0.3, 0])).mistake == "ties"
    w, v = np.array([1.0, 0, 0]), np.array([0, 2.0, 0])  # a tie along (2, 1, 0)
    f = lambda x: max(w @ x, v @ x)
    assert compare_gradient(f, np.zeros(3), w).passed
    assert compare_gradient(f, np.zeros(3), w / 2 + v / 2).passed
    assert not compare_gradient(f, np.zeros(3), w + v).passed


def test_conventions_at_several_kinks_are_right():
    f = lambda z: np.maximum(z[0], 0) - np.maximum(z[1], 0)
    for claim in ([0, 0], [1, -1], [0.5, -0.5], [0, -0.5]):
        assert compare_gradient(f, np.zeros(2), np.array(claim, float)).passed, claim


def test_the_judge_gives_up_after_so_many_calls(monkeypatch):
    roots = lambda z: np.sqrt(np.abs(z)).sum()
    report = compare_gradient(roots, np.zeros(400), np.ones(400))
    assert report.mistake == "cannot-tell" and 10_000 < report.evaluations < 12_500
    monkeypatch.setattr(trial, "CALLS", 1000)
    report = compare_gradient(roots, np.zeros(400), np.ones(400))
    assert report.mistake == "cannot-tell" and 1000 < report.evaluations < 3500
    monkeypatch.setattr(trial, "CALLS", 0)
    assert compare_gradient(lambda z: z @ z, V, 3 * V).mistake == "cannot-tell"


def test_a_report_is_shown_unless_its_line_told_all(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    compare_gradient(np.sum, np.ones(3), np.ones(3))._ipython_display_()
    check_gradient(np.sum, np.ones(3), np.ones(3))._ipython_display_()
    assert [data["text/plain"][0] for data in shown] == ["✓"]


def test_none_for_the_only_input():
    report = compare_gradient(np.sum, np.ones(3), None)
    assert report.mistake == "wrong-count" and "None for 1 input" in report.message


@pytest.mark.parametrize("distance", [1e-7, 1e-8, 3e-9, 1e-9])
def test_near_a_kink_beside_larger_entries(distance):
    x = np.array([distance, -distance, 1])
    assert compare_gradient(lambda z: np.abs(z).sum(), x, np.sign(x)).passed


@pytest.mark.parametrize("distance", [1e-8, 1e-9, 3e-10])
def test_beside_larger_entries_the_mean_of_both_slopes_is_wrong(distance):
    x = np.array([distance, -0.7, 1])
    assert not compare_gradient(lambda z: np.abs(z).sum(), x, np.array([0.0, -1, 1])).passed


@pytest.mark.parametrize("error", [5e-7, 2e-6, 1e-5])
def test_a_wrong_slope_at_a_large_x_is_not_hidden_by_rounding(error):
    x, scale = np.array([0.37, -1.2, 1.49e6]), np.array([1, 1, 1e6])
    right = (1 + (x / scale) ** 2) ** -1.5 / scale
    wrong = right * (1 + error * np.array([0, 0, 1]))
    f = lambda z: np.sum(z / scale / np.sqrt(1 + (z / scale) ** 2))
    assert compare_gradient(f, x, right).passed and not compare_gradient(f, x, wrong).passed


@pytest.mark.parametrize(
    "claim, passes",
    [([0.6, -0.7], True), ([0, 0], True), ([0.9, 0.9], False), ([0.8, -0.8], False)],
)
def test_kinks_that_depend_on_each_other(claim, passes):
    length = lambda z: np.sqrt(z @ z)
    report = compare_gradient(length, np.zeros(2), np.array(claim, float))
    assert report.passed == passes
    assert passes or (report.mistake == "kink" and "at most 1.414" in report.message)
    rows = lambda Z: np.sqrt((Z * Z).sum(axis=1)).sum()
    Z, claims = np.array([[0.0, 0], [3, 4], [0, 0]]), np.array([claim, [0.6, 0.8], [0, 0]])
    assert compare_gradient(rows, Z, claims).passed == passes


def test_a_sum_at_its_kink_has_one_slope_for_all():
    for claim, passes in (([0.3, 0.3], True), ([1, 1], True), ([1, -1], False), ([1, 0], False)):
        report = compare_gradient(lambda z: np.abs(z.sum()), np.zeros(2), np.array(claim, float))
        assert report.passed == passes, claim


@pytest.mark.parametrize("seed", range(4))
def test_f_that_returns_float32_is_coarse(seed):
    x = np.random.default_rng(seed).normal(size=5000)
    f = lambda x: np.sum(x.astype(np.float32) ** 2, dtype=np.float32)
    assert compare_gradient(f, x, 2 * x).passed
    assert not compare_gradient(f, x, 2.2 * x).passed


# ---------------------------------------------------------------- hygiene


def test_x_is_never_changed():
    x, claimed = V.copy(), 2 * V
    compare_gradient(lambda z: z @ z, x, claimed)
    assert np.array_equal(x, V) and np.array_equal(claimed, 2 * V)

    def greedy(z):
        z *= 0
        return z.sum()

    report = compare_gradient(greedy, x, claimed)
    assert report.mistake == "mutates-input" and np.array_equal(x, V)


def test_misuse_is_said_in_words():
    with pytest.raises(ValueError, match="pass upstream="):
        compare_gradient(np.sin, V, np.cos(V))
    with pytest.raises(ShapeError, match=r"upstream has shape \(3,\), expected \(4,\)"):
        compare_gradient(np.sin, V, np.cos(V), upstream=U)
    with pytest.raises(TypeError, match="only real numbers"):
        compare_gradient(np.sin, V + 0j, np.cos(V))
    with pytest.raises(TypeError, match="only real numbers"):
        compare_gradient(np.sum, V > 0, V)
    with pytest.raises(TypeError, match="returns None"):
        compare_gradient(lambda z: None, V, V)
    with pytest.raises(TypeError, match="complex"):
        compare_gradient(lambda z: 1j * z.sum(), V, V)
    with pytest.raises(ZeroDivisionError):
        compare_gradient(lambda z: 1 / 0, V, V)
    with pytest.raises(ValueError, match="pass upstream="):
        numerical_gradient(np.sin, V)


def test_integers_are_measured_and_said(capsys):
    check_gradient(lambda z: z @ z / 2, np.array([1, 2, 3]), np.array([1.0, 2, 3]), "i")
    assert "integers" in capsys.readouterr().out
    check_gradient(lambda z, k: z[k].sum(), (V, np.array([1, 1])), (np.eye(4)[1] * 2, None), "i")
    assert "integers" not in capsys.readouterr().out  # the integers were not measured
    assert compare_gradient(lambda z: z @ z, [1, 2], [2, 4]).passed
    assert compare_gradient(lambda z: z * z, 3, 6).passed


@pytest.mark.parametrize("noise, passes", [(1e-16, True), (1e-6, False)])
def test_determinism(noise, passes):
    rng = np.random.default_rng(0)
    report = compare_gradient(lambda z: np.sum(z) + 3 + noise * rng.normal(), V, np.ones(4))
    assert report.passed == passes
    assert passes or report.mistake == "not-deterministic"


def test_the_first_number_that_changes_is_told():
    calls = []
    f = lambda z: (calls.append(0), np.array([1.0, 2, 3]) + len(calls) * np.array([0, 0.5, 1]))[1]
    report = compare_gradient(f, V, V, upstream=U)
    assert "it was 2.5, then 3\n" in report.message.replace(".\n", "\n")


def test_masked_outputs_have_no_rounding():
    f = Function(lambda z: np.array([-np.inf, z.sum()]), V, np.ones(2))
    assert f.rounding.tolist() == [0, f.eps * abs(V.sum())]


def test_copies_are_kept_up_to_two_million_numbers():
    f = Function(np.sum, np.zeros(10**6))
    for _ in range(4):
        f.outputs(f.start)
    assert len(f.kept) == 2


def test_a_long_check_shows_a_bar(monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    short, long = range(199), range(200)
    assert progress(short) is short
    with progress(long) as bar:
        assert (bar.desc, bar.delay, bar.monitor_interval, bar.leave) == ("measuring", 3, 0, False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert progress(long) is long


def test_drift_that_begins_later():
    calls = []
    report = compare_gradient(
        lambda z: (calls.append(0), np.sum(z) + (len(calls) > 6))[1], V, np.ones(4)
    )
    assert report.mistake == "not-deterministic"


@pytest.mark.parametrize(
    "claimed, slug, words",
    [
        (None, "wrong-count", "None"),
        ((V, V), "wrong-count", "2 for 1 input"),
        (V[:3], "wrong-shape", r"\(3,\)"),
        (V * np.nan, "nan", "NaN"),
        (np.where(V == V[1], np.inf, 2 * V), "nan", "Inf"),
        (V + 0j, "dtype", "complex"),
        (V > 0, "dtype", "bool"),
        (0 * V, "all-zero", "zero"),
        (-2 * V, "sign", "sign"),
        (6 * V, "constant-factor", "3 times"),
        (2 * V * (1 + 1e-5), "slight-constant", "slightly wrong"),
    ],
)
def test_names(claimed, slug, words):
    report = compare_gradient(lambda z: z @ z, V, claimed)
    assert (report.passed, report.mistake) == (False, slug)
    assert re.search(words, report.message)


def test_a_scatter_that_is_not_accumulated_is_named():
    index, u = np.array([0, 2, 2, 3]), np.array([1.0, 2, 3, 4])
    claimed = np.zeros(4)
    claimed[index] += u
    report = compare_gradient(lambda z: z[index], V, claimed, upstream=u)
    assert report.mistake == "not-accumulated"


def test_one_number_is_not_said_to_be_a_constant_factor():
    report = compare_gradient(np.sin, 0.7, np.cos(0.7) * 1.01)
    assert report.mistake == "slight-constant"
    assert "close but not equal: 1.01 times" in report.message
    assert "constant factor" not in report.message


@pytest.mark.parametrize(
    "left, told",
    [
        (1.131, "left side is not the right side."),
        (1 + 2e-8, "1.00000002 times the right side"),
        (3.0, "is 3 times the right side, a factor"),
        (0.001, "is 0.001 times the right side"),
    ],
)
def test_two_numbers_have_some_ratio_but_it_tells_something_only_if_it_is_simple(left, told):
    with pytest.raises(gradcheck.GradientError) as caught:
        gradcheck.check_equal(left, 1.0)
    assert told in str(caught.value)


def test_rejection_is_cheap():
    rng = np.random.default_rng(0)
    x, A = rng.normal(size=400), rng.normal(size=(50, 400)) / 20
    f = lambda x: np.tanh(A @ x).sum()
    right = A.T @ (1 - np.tanh(A @ x) ** 2)
    verdict = gradcheck._judge(f, x, right + 0.01, name=False)
    assert not verdict.passed and verdict.evaluations < 120
    named = compare_gradient(f, x, 2 * right)
    assert named.mistake == "constant-factor" and named.evaluations < 1100


def test_wrong_number_of_gradients():
    report = compare_gradient(lambda a, b: a @ b, (V, V), (V,))
    assert report.mistake == "wrong-count" and "1 for 2 inputs" in report.message
    report = compare_gradient(lambda a, b: a @ b, (V, V), V)
    assert report.mistake == "wrong-count" and "1 for 2 inputs" in report.message


def test_cannot_tell():
    lost = compare_gradient(lambda z: 1e17 + z.sum(), V, np.ones(4))
    assert (lost.passed, lost.mistake) == (False, "cannot-tell")
    assert "noise" in lost.message and "Look at" in lost.message
    edge = compare_gradient(lambda z: np.sqrt(np.abs(z)), 0.0, 3.0)
    assert (edge.passed, edge.mistake) == (False, "cannot-tell")
    assert compare_gradient(lambda z: 1e17 + z.sum(), V, np.zeros(4)).passed


def test_not_finite():
    report = compare_gradient(lambda z: np.log(z), -1.0, -1.0)
    assert report.mistake == "not-finite" and "NaN" in report.message


def test_scalar_forms():
    for x in (0.3, np.float64(0.3), np.array(0.3)):
        for claim in (np.cos(0.3), np.array(np.cos(0.3)), np.array([np.cos(0.3)])):
            assert compare_gradient(np.sin, x, claim).passed
    assert not compare_gradient(lambda z: np.sin(z).sum(), np.array([0.3]), np.cos(0.3)).passed
    assert compare_gradient(lambda z: {z: z * z}[z], 0.3, 0.6).passed  # f is given a number


def test_upstream():
    claimed = U @ W
    assert compare_gradient(lambda v: W @ v, V, claimed, upstream=U).passed
    report = compare_gradient(lambda v: W @ v, V, W.sum(0), upstream=U)
    assert report.mistake == "upstream"
    assert compare_gradient(np.sin, 0.3, 2 * np.cos(0.3), upstream=2.0).passed
    assert compare_gradient(np.sin, 0.3, 2 * np.cos(0.3), upstream=[2.0]).passed


def test_no_global_state_but_definitions():
    before = copy.deepcopy(gradcheck.definitions)
    compare_gradient(loss, W, -GRADIENT)
    assert gradcheck.definitions == before


# ---------------------------------------------------------------- layers


def test_check_layer(capsys):
    layer = Dense(np.random.default_rng(0))
    X = RNG.normal(size=(5, 4))
    before = copy.deepcopy(layer.parameters)
    report = check_layer(layer, X, "(6.6) Dense")
    line = "✓ (6.6) Dense: 35 entries agree with finite differences within 1e-7\n"
    assert capsys.readouterr().out == line and isinstance(report, Report)
    assert all(np.array_equal(before[k], layer.parameters[k]) for k in before)
    assert not hasattr(layer, "X")


def test_first_wrong_layer_is_named():
    rng = np.random.default_rng(0)
    bad = patched(Dense(rng, 3, 3), backward=dense_with(lambda s, U, x, W, b: (x, -W, b)))
    worse = patched(Activation("tanh"), backward=lambda self, U: U)
    network = Sequential(worse, Dense(rng), bad, Activation("tanh"), Dense(rng, 3, 2))
    with pytest.raises(
        GradientError, match=r"✗ net: in layer 2 \(Dense\), your dW has the wrong sign"
    ):
        check_layer(network, RNG.normal(size=(5, 4)), "net")


def test_a_network_at_a_kink_of_the_whole_is_judged_by_its_layers():
    rng = np.random.default_rng(0)
    one, two = Dense(rng, 1, 2), Dense(rng, 2, 1)
    one.W[:], one.b[:], two.W[:] = [[1], [-1]], 0, [[2, -1]]  # slopes 1 and 2 around 0
    report = check_layer(Sequential(one, Activation("relu"), two), np.zeros((1, 1)))
    assert report.message.startswith("every layer agrees by itself within 1e-7 (X is at a kink")


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6])
def test_a_second_backward_may_not_add(size):
    def backward(self, U):
        self.dW, self.db = getattr(self, "dW", 0) + U.T @ self.X, U.sum(axis=0)
        return U @ self.W

    layer = patched(Dense(np.random.default_rng(0)), backward=backward)
    with pytest.raises(GradientError) as caught:
        check_layer(layer, size * RNG.normal(size=(5, 4)))
    assert caught.value.report.mistake == "doubled"


def test_a_wrong_gradient_is_named_before_it_is_said_to_add():
    def backward(self, U):
        self.dW, self.db = getattr(self, "dW", 0) - U.T @ self.X, U.sum(axis=0)
        return U @ self.W

    with pytest.raises(GradientError, match="your dW has the wrong sign"):
        check_layer(patched(Dense(np.random.default_rng(0)), backward=backward), np.eye(5, 4))


class Embedding:
    """A row of W for each whole number of X."""

    def __init__(self):
        self.W, self.dW = np.arange(12.0).reshape(4, 3), None

    parameters = property(lambda self: {"W": self.W})
    gradients = property(lambda self: {"W": self.dW})

    def forward(self, X):
        self.X = X
        return self.W[X]

    def backward(self, U):
        self.dW = np.zeros(self.W.shape)
        np.add.at(self.dW, self.X, U)


def test_whole_numbers_stay_whole():
    X, seen = np.array([0, 2, 2, 1]), []
    layer = patched(
        Embedding(), forward=lambda self, X: (seen.append(X), Embedding.forward(self, X))[1]
    )
    assert check_layer(layer, X).passed
    assert all(given.dtype == X.dtype and set(given) <= set(X) for given in seen)
    assert any(not np.array_equal(given, X) for given in seen)  # another X first, for stale caches


@pytest.mark.parametrize("second, passes", [(3e-10, True), (3e-9, False)])
@pytest.mark.parametrize("size", [1.0, 0.0])
def test_two_backwards_may_differ_by_rounding(second, passes, size):
    def backward(self, U):
        again, self.sent = np.array_equal(U, getattr(self, "sent", None)), U.copy()
        self.dW, self.db = U.T @ self.X, U.sum(axis=0)
        self.dW += again * second * (self.dW if size else 1e-3)
        return U @ self.W

    layer = patched(Dense(np.random.default_rng(0)), backward=backward)
    X = size * RNG.normal(size=(5, 4))
    if passes:
        assert check_layer(layer, X).passed
    else:
        with pytest.raises(GradientError, match="runs twice"):
            check_layer(layer, X)


def test_a_layer_is_sent_the_same_numbers_in_every_run():
    seen, X = {"forward": [], "backward": []}, np.ones((5, 4), "f4")

    def noted(way):
        return lambda self, A: (seen[way].append(A.copy()), getattr(Dense, way)(self, A))[1]

    check_layer(patched(Dense(np.random.default_rng(0)), **{way: noted(way) for way in seen}), X)
    before = np.random.default_rng(4).normal(size=(5, 4))
    upstream = np.random.default_rng(5).normal(size=(5, 3))
    assert np.array_equal(seen["forward"][0], X + before)
    assert {given.dtype for given in seen["forward"]} == {np.dtype(float)}
    assert np.array_equal(seen["backward"][0], upstream)


def test_calls_of_both_modes_are_counted():
    layer, X = Dropout(1), RNG.normal(size=(5, 4))
    calls = [gradcheck._judge_network(gradcheck._in_mode(layer, m), X) for m in (True, False)]
    assert check_layer(layer, X).evaluations == sum(report.evaluations for report in calls)


def test_a_stale_cache_is_told_with_its_place():
    def forward(self, X):
        self.X = getattr(self, "X", X)
        return X @ self.W.T + self.b

    layer = patched(Dense(np.random.default_rng(0)), forward=forward)
    with pytest.raises(GradientError) as caught:
        check_layer(layer, RNG.normal(size=(5, 4)))
    _, where, look = str(caught.value).splitlines()
    assert caught.value.report.mistake == "stale-cache"
    assert "measured" in where and "Look at" not in where and "Look at" in look


def test_evaluation_mode_is_checked():
    def backward(self, U):
        return U * self.M if self.training else 0.7 * U

    layer = patched(Dropout(1), backward=backward)
    with pytest.raises(GradientError, match="evaluation mode"):
        check_layer(layer, RNG.normal(size=(5, 4)))
    assert layer.training


def test_training_mode_is_checked():
    def backward(self, U):
        return U * self.M * 2 if self.training else U

    layer = patched(Dropout(1), backward=backward)
    with pytest.raises(GradientError) as caught:
        check_layer(layer, RNG.normal(size=(5, 4)))
    assert "evaluation mode" not in str(caught.value)


@pytest.mark.parametrize(
    "change, slug",
    [
        (lambda s, U, x, W, b: (x, W / 5, b), "missing-mean"),
        (lambda s, U, x, W, b: (x, W, U[0]), None),
        (lambda s, U, x, W, b: (2 * x, W, b), "constant-factor"),
        (lambda s, U, x, W, b: (None, W, b), "wrong-count"),
        (lambda s, U, x, W, b: (x.T, W, b), "transposed"),
    ],
)
def test_wrong_layers(change, slug):
    layer = patched(Dense(np.random.default_rng(0)), backward=dense_with(change))
    with pytest.raises(GradientError) as caught:
        check_layer(layer, RNG.normal(size=(5, 4)))
    assert slug is None or caught.value.report.mistake == slug


@pytest.mark.parametrize(
    "what", ["weights of the start", "weights sent back", "first bias", "first batch", "length"]
)
def test_what_is_kept_from_the_start_is_a_stale_cache(what):
    layer, X = Dense(np.random.default_rng(0)), np.random.default_rng(1).normal(size=(9, 4))
    W, b = layer.W.copy(), layer.b.copy()

    def forward(self, X):
        self.X, self.n = X, getattr(self, "n", len(X))
        if what == "length" and len(X) != self.n:
            raise ValueError("a batch of another length")
        return np.maximum(X @ self.W.T + self.b, 0.0) / len(X)

    def backward(self, U):
        Z = self.X @ self.W.T + (b if what == "first bias" else self.b)
        delta = U * (Z > 0) / (self.n if what == "first batch" else len(self.X))
        self.dW, self.db = delta.T @ self.X, delta.sum(0)
        self.sent = getattr(self, "sent", self.W.copy())
        kept = {"weights of the start": W, "weights sent back": self.sent}
        return delta @ kept.get(what, self.W)

    layer = patched(layer, forward=forward, backward=backward)
    if what == "length":  # a layer for one length only is right for that
        assert check_layer(layer, X).passed
        return
    with pytest.raises(GradientError) as caught:
        check_layer(layer, X)
    assert caught.value.report.mistake == "stale-cache"
    assert "with other parameters, for another batch" in str(caught.value)


def test_a_cache_of_another_batch_is_stale_even_where_backward_stops():
    def forward(self, X):
        self.X, Z = X, X @ self.W.T + self.b
        self.mask = getattr(self, "mask", np.ones(Z.shape))
        return np.maximum(Z + 50, 0.0)  # every unit is on: only the number of rows differs

    def backward(self, U):
        delta = U * self.mask
        self.dW, self.db = delta.T @ self.X, delta.sum(0)
        return delta @ self.W

    layer = patched(Dense(np.random.default_rng(0)), forward=forward, backward=backward)
    with pytest.raises(GradientError, match="stale cache: .*\n  backward raises ValueError"):
        check_layer(layer, RNG.normal(size=(5, 4)))


def test_an_error_of_forward_is_no_stale_cache():
    def forward(self, X):
        if self.W[0, 0] != start and not np.array_equal(np.sign(X), np.sign(first)):
            raise ValueError("forward is broken")
        self.X = X
        return X @ self.W.T + self.b

    def backward(self, U):
        self.dW, self.db = U.T @ self.X, U.sum(0)
        return U @ self.W

    dense, first = Dense(np.random.default_rng(0)), np.random.default_rng(1).normal(size=(2, 4))
    start = dense.W[0, 0]
    layer = patched(dense, forward=forward, backward=backward)
    with pytest.raises(ValueError, match="forward is broken"):
        check_layer(layer, first)


def test_a_layer_of_one_number():
    assert check_layer(Activation("tanh"), np.array(0.3)).passed


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("seed", range(4))
def test_where_planes_meet_the_claim_is_one_of_their_means(seed, sign):
    rng = np.random.default_rng(seed)
    A, x = np.round(8 * rng.normal(size=(3, 4))) / 8, np.round(8 * rng.normal(size=4)) / 8
    largest = lambda z: sign * np.max(A @ (z - x))  # noqa: E731
    mean = rng.dirichlet([1.0, 1, 1]) @ A
    assert compare_gradient(largest, x, sign * mean).passed
    assert compare_gradient(largest, x, sign * A[1]).passed
    normal = np.linalg.svd(A[1:] - A[0])[2][-1]  # at a right angle to the hull
    beyond = mean + normal * np.linalg.norm(A[1] - A[0]) / 4
    report = compare_gradient(largest, x, sign * beyond)
    assert report.mistake in ("ties", "kink")


def test_of_a_stale_cache_one_line_is_evidence():
    def backward(self, U):
        self.first = getattr(self, "first", self.X.copy())
        self.dW, self.db = U.T @ self.X, U.sum(0)
        return 2 * U @ self.W if self.first.shape != self.X.shape else U @ self.W

    layer = patched(Dense(np.random.default_rng(0)), backward=backward)
    with pytest.raises(GradientError) as caught:
        check_layer(layer, RNG.normal(size=(5, 4)))
    head, where, look = str(caught.value).splitlines()
    assert where.endswith("(with other parameters, for another batch)")
    assert "Look at" not in where and "fits" not in where


def test_a_gradient_that_is_not_there_is_missed():
    layer = patched(Dense(np.random.default_rng(0)), gradients=property(lambda s: {"W": s.dW}))
    with pytest.raises(GradientError, match="wrong number of gradients: none for b"):
        check_layer(layer, RNG.normal(size=(5, 4)))


def test_the_input_with_a_name_is_told():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 4))
    f = lambda x, y: np.sum(np.sin(x) * np.exp(y))  # noqa: E731
    dx, dy = rng.normal(size=(3, 4)), 2 * np.sin(x) * np.exp(y)
    report = compare_gradient(f, (x, y), (dx, dy))
    assert report.mistake == "constant-factor" and report.worst[0] == 1
    assert "your gradient 2 of 2 is 2 times" in report.message
    report = compare_gradient(f, (x, y), (dx, rng.normal(size=(3, 4))))
    assert report.worst[0] == 0


def test_several_inputs_are_a_tuple():
    a = np.ones(3)
    with pytest.raises(TypeError, match=r"x holds a list of arrays: .* x = \(a, b\)"):
        compare_gradient(lambda a, b: a @ b, [a, a], [a, a])
    assert compare_gradient(lambda x: x @ x, [1.0, 2.0], [2.0, 4.0]).passed
    rows = lambda x: [x, 2 * x]  # noqa: E731  what f returns may be a list of arrays
    assert compare_gradient(rows, a, 3 * a, upstream=np.ones((2, 3))).passed


def test_who_gives_up_at_kinks_accuses_no_one(monkeypatch):
    f = lambda x: np.maximum(x, 0.0).sum() + np.sin(x).sum()  # noqa: E731
    x = np.zeros(40)
    monkeypatch.setattr(trial, "CALLS", 400)
    report = compare_gradient(f, x, np.full(40, 1.5))
    assert report.passed and 0 < len(report.kinks) < 40
    report = compare_gradient(lambda x: np.sign(x).sum(), x, np.ones(40))
    assert report.mistake == "cannot-tell"


# ---------------------------------------------------------------- coarse functions


@pytest.mark.parametrize("width", [0.3, 0.05, 1e-3, 1e-5])
def test_flat_around_x_is_no_staircase(width):
    w = np.array([0.7, -1.2, 2.0])
    soft = lambda x: w @ (x - np.clip(x, -width, width))  # noqa: E731
    x = np.array([0.0, 0.3 * width, -0.2 * width])
    assert compare_gradient(soft, x, 0 * w).passed
    assert not compare_gradient(soft, x, w).passed


@pytest.mark.parametrize("grid", [64, 1024, 1e5, 1e7])
def test_a_staircase_has_the_slope_of_its_ramp(grid):
    w, x = np.array([0.7, -1.2, 2.0]), np.array([0.413, -0.27, 0.881])
    stairs = lambda x: w @ np.round(x * grid) / grid  # noqa: E731
    assert compare_gradient(stairs, x, w).passed
    assert not compare_gradient(stairs, x, 1.7 * w).passed
    assert not compare_gradient(stairs, x, -w).passed


@pytest.mark.parametrize("size", [1e-3, 1e-4, 1e-6])
def test_a_quotient_that_cancels_has_the_slope_of_its_limit(size):
    x = np.array([1.0, 2.0, -3.0]) * size
    slope = -0.5 + 2 * x / 3 - 3 * x**2 / 4 + 4 * x**3 / 5  # of log(1 + x) / x
    f = lambda x: np.sum(np.log(1 + x) / x)  # noqa: E731
    assert compare_gradient(f, x, slope).passed
    assert not compare_gradient(f, x, 1.1 * slope).passed


def test_the_slope_of_a_saw_of_rounding_is_not_that_of_f():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, c = rng.uniform(0.5, 2, 5) * 1e-4, rng.uniform(1e3, 2e3, 5)
        slope = c * (-x / 12 + x**3 / 180)
        f = lambda x, c=c: np.sum(c * (1 - np.cos(x)) / x**2)  # noqa: E731
        assert compare_gradient(f, x, slope).passed, seed
        wrong = compare_gradient(f, x, 1.5 * slope)
        assert not wrong.passed or wrong.tolerance == 1.0  # then no digit is verified
        assert not compare_gradient(f, x, -c / x).passed  # f's own on its smallest steps


@pytest.mark.parametrize("frequency", [1e3, 1e5, 1e7, 1e9])
def test_fast_waves(frequency):
    f = lambda x: np.sum(np.sin(frequency * x))  # noqa: E731
    x = np.array([0.3, -1.1, 2.2])
    slope = frequency * np.cos(frequency * x)
    assert compare_gradient(f, x, slope).passed
    assert not compare_gradient(f, x, 1.3 * slope).passed


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("decay", [1e-3, 0.1])
@pytest.mark.parametrize("shape", [(3, 4), (30, 10)])
def test_a_cast_beside_a_smooth_term_is_not_forgotten(shape, decay, seed):
    rng = np.random.default_rng(seed)
    X, W = rng.normal(size=(6, shape[1])), rng.normal(size=shape) / 3
    v = rng.normal(size=shape[0])
    cast = lambda W: np.tanh(np.float32(X) @ np.float32(W).T).astype(float)  # noqa: E731
    f = lambda W: np.sum(cast(W) @ v) / 6 + decay * np.sum(W**2)  # noqa: E731
    net, term = ((1 - np.tanh(X @ W.T) ** 2) * v / 6).T @ X, 2 * decay * W
    assert compare_gradient(f, W, net + term).passed
    assert not compare_gradient(f, W, term).passed
    assert not compare_gradient(f, W, 1.02 * net + term).passed


def test_stairs_whose_steps_differ_in_the_last_digit():
    w, v = np.array([0.7, -1.2, 2.0]), np.array([0.1, 0.7, -0.3])
    cast = lambda x: np.float16(x).astype(float)  # noqa: E731
    f = lambda x: np.tanh(cast(x) * w) @ v + 5e-17 * np.sin(1e9 * np.sum(x))  # noqa: E731
    for x in np.random.default_rng(3).normal(size=(12, 3)):
        slope = (1 - np.tanh(x * w) ** 2) * w * v
        assert compare_gradient(f, x, slope).passed


def test_f_of_x_alone_may_be_off_by_its_rounding():
    x = np.array([0.5, 0.0])
    f = lambda z: 4e-16 * np.any(z != x)  # noqa: E731
    report = compare_gradient(f, x, np.zeros(2))
    assert report.passed and not report.kinks
    assert not compare_gradient(f, x, np.array([0.0, 1e-8])).passed
    beside = lambda z: np.sum(z) + 1e-9 * np.any(z != x)  # noqa: E731
    assert compare_gradient(beside, x, np.ones(2)).passed
    jump = lambda z: (z[1] > 0) + np.sum(z)  # noqa: E731
    assert compare_gradient(jump, x, np.ones(2)).mistake == "cannot-tell"


@pytest.mark.parametrize("seed", [3, 13, 37, 104, 194])
def test_a_slope_below_the_rounding_of_f_counts_as_zero(seed):
    rng = np.random.default_rng(seed)
    x, w = 0.3 * rng.normal(size=6), rng.normal(size=6)
    x[0] = x[1:].max() + 3.3  # so that the others have next to no part
    softmax = lambda z: np.exp(10 * z) / np.exp(10 * z).sum()  # noqa: E731
    slope = 10 * softmax(x) * (w - w @ softmax(x))
    report = compare_gradient(lambda x: w @ softmax(x), x, slope)
    assert report.passed and report.tolerance == 1e-7
    assert not compare_gradient(lambda x: w @ softmax(x), x, slope + 1e-9).passed


def test_a_formula_may_be_off_by_less_than_the_smallest_error_named():
    f = lambda z: np.sum(np.exp(z))  # noqa: E731
    report = compare_gradient(f, V, np.exp(V) * (1 + 3e-7))
    assert report.passed and report.tolerance > 1e-7
    assert compare_gradient(f, V, np.exp(V) * (1 + 1e-6)).mistake == "slight-constant"


def test_a_zero_may_be_rounded():
    f = lambda x: 3 * np.sum(np.exp(x) / np.exp(x).sum())  # noqa: E731
    x = RNG.normal(size=5)
    assert compare_gradient(f, x, np.full(5, 1e-17)).passed
    assert not compare_gradient(f, x, np.full(5, 1e-8)).passed
    assert not compare_gradient(lambda x: 1e17 + x.sum(), x, np.full(5, 2.0)).passed


def test_gradients_in_single_precision_are_compared_with_the_largest():
    rng = np.random.default_rng(8)
    W, X = rng.normal(size=(40, 30)), rng.normal(size=(7, 30))
    W4, X4 = W.astype("f4"), X.astype("f4")
    A = np.tanh(X4 @ W4.T)
    right = ((1 - A * A) * A).T @ X4
    f = lambda W: 0.5 * np.sum(np.tanh(X4 @ W.T) ** 2)  # noqa: E731
    assert right.dtype == "f4" and compare_gradient(f, W4, right).passed
    assert not compare_gradient(f, W4, right * np.float32(1.0001)).passed
    wrong = right.copy()
    wrong[3, 4] += np.float32(1e-4) * np.abs(right).max()
    assert compare_gradient(f, W4, wrong).worst == (3, 4)
    assert not compare_gradient(f, W4.astype(float), wrong.astype(float)).passed
