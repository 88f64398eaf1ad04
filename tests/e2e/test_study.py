"""The README's first command ends with lesson 00 open and running in a browser."""

import json
import re
import urllib.request
from pathlib import Path

import moves
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_the_server_hands_out_lesson_00(lab):
    url = f"{lab}/api/contents/notebooks/{LESSONS[0]}?content=1"
    with urllib.request.urlopen(url, timeout=30) as answer:
        served = json.load(answer)["content"]
    wanted = nbformat.read(ROOT / "notebooks" / LESSONS[0], 4)
    assert [c["source"] for c in served["cells"]] == [c.source for c in wanted.cells]


def test_lab_opens_on_lesson_00(lab, page):
    page.goto(lab, wait_until="domcontentloaded")
    page.get_by_role("heading", name="00 Start here").wait_for()
    assert page.elsewhere == [] and page.errors == []


@pytest.mark.parametrize("name", LESSONS)
def test_lesson_runs_and_its_explorers_move(lab, page, name, record_property):
    moves.open_notebook(page, lab, f"notebooks/{name}")
    state = moves.run_all(page)
    assert [cell["count"] for cell in state] == list(range(1, len(state) + 1))
    code = [c for c in nbformat.read(ROOT / "notebooks" / name, 4).cells if c.cell_type == "code"]
    for cell, stored in zip(state, code, strict=True):
        kinds = {out.get("name", out["output_type"]) for out in cell["outputs"]}
        assert "stderr" not in kinds, stored.source
        announced = "raises-exception" in stored.metadata.get("tags", [])
        assert ("error" in kinds) == announced, stored.source
    outputs = [out for cell in code for out in cell.outputs if "metadata" in out]
    described = [out.metadata["image/png"]["alt"] for out in outputs if out.metadata]
    shown = 0
    for explorer in moves.explorers(page):
        shown += 1
        picture = explorer.get_by_role("img")
        assert picture.count() == 1 and picture.get_attribute("alt") in described
        for role in ("slider", "combobox", "checkbox", "textbox", "button"):
            controls, named = explorer.locator(".explorer"), re.compile(r"\w")
            count = controls.get_by_role(role).count()
            assert controls.get_by_role(role, name=named).count() == count, f"a {role} has no name"
        record_property("slider moved", moves.move_all(page, explorer))
        assert explorer.locator("[role=status][aria-live=polite]").inner_text()
        if explorer.locator("[role=slider]").count():
            delay = moves.hold(page, explorer)
            record_property("slider held", [delay])
            assert delay < 1000, "moves queue up"
    assert shown or name[:2] in ("00", "16"), "nothing to move"
    moves.shut_down(page)
    assert page.elsewhere == [] and page.errors == []


def test_an_empty_sheet_runs_to_its_end(lab, page):
    name = sorted(path.name for path in (ROOT / "exercises").glob("*.ipynb"))[0]
    moves.open_notebook(page, lab, f"exercises/{name}")
    outputs = [cell["outputs"] for cell in moves.run_all(page)]
    assert "0 of" in outputs[-1][-1]["text"] and "exercises pass" in outputs[-1][-1]["text"]
    assert not [out for cell in outputs for out in cell if out["output_type"] == "error"]
    moves.shut_down(page)
    assert page.elsewhere == [] and page.errors == []
