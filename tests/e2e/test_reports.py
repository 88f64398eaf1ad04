"""The pages of a graded class fit a phone: nothing is wider than the screen, no bar's words cut."""

import pytest

from grading import report

WORD = "maximiliane_alexandra_featherstonehaugh_123456"
CUT = """() => [...document.querySelectorAll('svg text')].filter(text =>
    text.getBoundingClientRect().right > text.ownerSVGElement.getBoundingClientRect().right)
    .map(text => text.textContent)"""


def an_entry():
    lines = [{"number": f"14.{n}", "name": f"name_of_{n}_" * 3, "points": points, "out_of": 2,
              "mistake": mistake, "sentence": "A few words. " * n + WORD, "by_hand": False,
              "cases": [], "read": f"Lesson 14, {WORD}, equation (14.1)"}
             for n, (points, mistake) in enumerate([(0, "unanswered"), (2, ""),
                                                    (0, "δ before the slope from above")], 9)]
    return {"student": WORD, "sheet": f"14_{WORD}", "lines": lines, "earned": 2.0, "days": 1,
            "notes": [WORD], "fault": WORD, "by_person": [], "path": ""}


def class_page(entry):
    tally = report.Tally()
    tally.add(WORD, {entry["sheet"]: entry})
    tally.empty[entry["sheet"], "14.10"] = 100
    answer = (WORD, "14.12", WORD * 3, [])
    return report.PAGES.get_template("class.html").render(
        tally=tally, readings=[answer], NOTES=9, unsafe=True)


def student_page(entry):
    return report.PAGES.get_template("student.html").render(entry=entry, unsafe=True)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("render", [class_page, student_page])
def test_a_report_is_no_wider_than_the_screen(page, width, render):
    page.set_viewport_size({"width": width, "height": 844})
    page.set_content(render(an_entry()))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT) == []
