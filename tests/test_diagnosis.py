"""The names: every slug is listed, every sentence has its plain word, few names a message."""

import numpy as np
import pytest

from nnlib import diagnosis, mistakes
from nnlib.gradcheck import compare_gradient
from tests.corpus import cases
from tests.test_gradcheck import judge

WORDS = {
    "sign": "sign", "constant-factor": "factor", "missing-mean": "mean", "transposed": "transpose",
    "swapped": "swapped", "wrong-axis": "axis", "broadcast": "broadcast", "wrong-shape": "shape",
    "derivative-missing": "derivative", "at-activation": "pre-activation", "shifted": "shifted",
    "negative": "where the input is", "region": "region", "permuted": "permuted", "nan": "finite",
    "one-entry": "one entry", "slight-constant": "constant", "stale-cache": "stale",
    "missing-term": "term", "off-diagonal": "off-diagonal", "ties": "tie", "upstream": "upstream",
    "not-accumulated": "accumulated", "all-zero": "zero", "random": "random", "kernel": "factor",
    "mutates-input": "mutates", "kink": "kink", "dtype": "dtype", "flipped": "flipped",
    "wrong-formula": "formula", "doubled": "doubled", "transposed-factor": "transpose",
}  # fmt: skip


@pytest.fixture(scope="module")
def reports():
    diagnosis.STRICT = True
    return [(case, judge(case)) for case in cases(3, "slips") if not case.right]


def test_every_slug_has_a_sentence(reports):
    for slug in [*WORDS, *(report.mistake for _, report in reports)]:
        sentence = diagnosis.MISTAKES[slug]
        assert sentence.endswith(".") and len(sentence) < 100


def test_every_message_has_its_word_and_form(reports):
    for case, report in reports:
        first, *rest = report.message.splitlines()
        assert WORDS.get(report.mistake, "").lower() in report.message.lower(), case.name
        assert first.endswith(".") and len(first) < 180, first
        assert all(line.startswith("  ") for line in rest)
        assert any(line.startswith("  Look at: ") for line in rest)
        assert len(rest) <= 3


def test_most_are_named(reports):
    named = [report.mistake in case.mistakes for case, report in reports]
    assert np.mean(named) >= 0.9


def test_a_broken_hypothesis_does_no_harm(monkeypatch):
    def broken(evidence):
        raise ValueError

    monkeypatch.setattr(diagnosis, "STRICT", False)
    monkeypatch.setattr(diagnosis, "HYPOTHESES", [broken, *diagnosis.HYPOTHESES])
    assert compare_gradient(lambda z: z @ z, np.ones(3), -2 * np.ones(3)).mistake == "sign"


def test_at_most_two_names(reports):
    assert all(report.message.count("It also fits") <= 1 for _, report in reports)


def test_number():
    assert mistakes.number(0.123456) == "0.1235"
    assert mistakes.number(-0.0) == "0"


def test_picture_of_a_right_gradient():
    report = compare_gradient(lambda z: z @ z, np.ones(3), 2 * np.ones(3))
    assert "✓" in mistakes.picture(report) and "<svg" not in mistakes.picture(report)
