"""What every lesson owes its reader: each equation checked, each check able to fail."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from unittest import mock

import nbformat
import pytest
import walker

from grading import walk
from grading.publishing import notebooks
from nnlib import explorers, plots

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)

# In which lesson each part of nnlib is built. From there on lessons may import it; lesson 00
# shows the whole before the parts. Data, figures and checks may be used from the start.
BUILT_IN_LESSON = {
    "gradcheck": 0,
    "graphs": 4,
    "playground": 9,
    "plots": 0,
    "explorers": 0,
    "datasets": 0,
    "activations": 3,
    "layers": 6,
    "network": 6,
    "losses": 8,
    "losses.QuadraticLoss": 6,
    "losses.MeanSquaredError": 6,
    "training": 9,
    "optimizers": 9,
    "initializers": 10,
    "autodiff": 11,
    "convolution": 12,
    "attention": 15,
}


def cells(path, kind):
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == kind]


def lesson_number(path):
    return int(path.stem[:2])


def test_there_are_lessons():
    assert LESSONS, "no lesson was found: the tests below would hold nothing"


@each_lesson
def test_every_equation_has_a_witness(path):
    equations = walk.equations(path)
    assert equations, "a lesson without a numbered equation"
    bare = [e.number for e in equations if not e.witness]
    assert not bare, f"tagged, but the next code cell prints no ✓ and no ≔ for {bare}"


@each_lesson
def test_numbers_belong_to_the_lesson_and_count_up(path):
    numbers = [e.number for e in walk.equations(path)]
    assert all(re.fullmatch(rf"{lesson_number(path)}\.\d+", n) for n in numbers), numbers
    counts = [int(n.split(".")[1]) for n in numbers]
    assert counts == list(range(1, len(counts) + 1)), "a tag is doubled, missing or out of order"


@each_lesson
def test_numbers_named_in_text_exist(path):
    known = {e.number for lesson in LESSONS for e in walk.equations(lesson)}
    text = "\n".join(c.source for c in nbformat.read(path, 4).cells)
    named = set(re.findall(r"\((\d{1,2}\.\d{1,2})\)", text))
    assert named <= known, f"no equation is called {sorted(named - known)}"


@each_lesson
def test_witnesses_name_equations_of_this_lesson(path):
    known = {e.number for e in walk.equations(path)}
    printed = "\n".join(walk.printed(c) for c in cells(path, "code"))
    assert {m[2] for m in walk.WITNESS.finditer(printed)} <= known


@pytest.fixture(scope="module", params=LESSONS, ids=lambda path: path.stem)
def walked(request):
    """Run a lesson once; return its path, its checks that cannot fail, explorers and pictures."""
    explorers.shown.clear()
    with mock.patch.object(plots, "show", wraps=plots.show) as show:
        deaf = walker.unfailing_checks(request.param)
    pictures = [call.args[0] for call in show.call_args_list]
    return request.param, deaf, [*explorers.shown.values()], pictures


def test_every_check_can_fail(walked):
    assert walked[1] == []


def test_explorers_move_through_their_whole_range(walked):
    path, _, shown, _ = walked
    assert shown or lesson_number(path) in (0, 16), "there is nothing to move"
    assert [walker.faults_of(explorer) for explorer in shown] == [[]] * len(shown)


def test_a_title_begins_at_the_left(walked):
    for fig in walked[3]:
        whole = [text for text in fig.texts if text.get_text() == fig.get_suptitle()]
        assert [text.get_ha() for text in whole] == ["left"] * len(whole)
        names = [ax.get_title("center") for ax in fig.axes if ax.get_title("center")]
        assert whole or len(names) != 1, f"{names} is no name of one panel among others"


@each_lesson
def test_every_display_equation_is_portable(path):
    for cell in cells(path, "markdown"):
        source = re.sub(r"`[^`]*`", "", cell.source)
        assert source.count("$$") % 2 == 0, cell.source
        assert len(walk.TAG.findall(source)) <= 1, "one tagged equation a text cell"
        outside = walk.DISPLAY.sub("", source)
        assert "\\tag" not in outside and "\\begin" not in outside, cell.source


@each_lesson
def test_cells_keep_their_limits(path):
    for cell in cells(path, "code"):
        lines = cell.source.splitlines()
        assert len(lines) <= 20, cell.source
        assert max(map(len, lines), default=0) <= 79, cell.source
    for cell in cells(path, "markdown"):
        words = re.sub(r"\$\$.*?\$\$", "", cell.source, flags=re.S).split()
        is_table = cell.source.count("\n|") > 2
        assert len(words) <= (300 if is_table else 150), f"{len(words)} words: {cell.source}"


@each_lesson
def test_lesson_was_run_from_top_to_bottom(path):
    code = cells(path, "code")
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))


@each_lesson
def test_no_warning_path_or_address_is_stored(path):
    for cell in cells(path, "code"):
        for out in cell.outputs:
            assert out.get("name") != "stderr", f"stderr in: {cell.source}"
            shown = out.get("text", "") + str(out.get("data", {}).get("text/plain", ""))
            shown += "".join(out.get("traceback", []))
            assert not re.search(r"0x[0-9a-f]{6,}|ipykernel_|/home/|/work/|/tmp/|[A-Z]:\\", shown)
            if out.output_type != "error":  # the judge writes four significant digits
                assert not re.search(r"\d\.\d{5,}", shown), "at most 4 decimals: " + shown


@each_lesson
def test_code_is_plain(path):
    for cell in cells(path, "code"):
        assert not re.search(r";\s*$", cell.source, re.M), cell.source
        assert "clear_output" not in cell.source
        ast.parse(cell.source)  # no magics: the lesson is also plain Python


@each_lesson
def test_only_a_tagged_cell_may_fail(path):
    for cell in cells(path, "code"):
        fails = any(out.output_type == "error" for out in cell.outputs)
        assert fails == ("raises-exception" in cell.metadata.get("tags", [])), cell.source


@each_lesson
def test_every_picture_has_a_description(path):
    pictures = [
        out
        for cell in cells(path, "code")
        for out in cell.outputs
        if "image/png" in out.get("data", {})
    ]
    for out in pictures:
        alt = out.metadata.get("image/png", {}).get("alt", "")
        assert len(alt.split()) >= 8, f"a description of {alt!r} tells nothing"
        assert out.data["text/plain"] == alt
    assert len(pictures) >= 4


@each_lesson
def test_lesson_has_its_parts(path):
    text = "\n".join(c.source for c in cells(path, "markdown"))
    first = cells(path, "markdown")[0].source
    assert first.startswith(f"# {path.stem[:2]} ")
    for part in ("**You need**", "**Time:**"):
        assert part in first, part
    for part in ("## Recap", "## A mistake to spot", "## What comes next", "**Sources.**"):
        assert part in text, part
    assert "PyTorch" in text and "redict" in text


def test_set_up_cell_is_the_same_everywhere():
    sources = [
        c.source for p in LESSONS for c in cells(p, "code") if "setup" in c.metadata.get("tags", [])
    ]
    assert len(sources) == len(LESSONS) and len(set(sources)) == 1


@each_lesson
def test_nothing_is_imported_before_it_was_built(path):
    for cell in cells(path, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            for module, name in _imported(node):
                built = BUILT_IN_LESSON.get(f"{module}.{name}", BUILT_IN_LESSON[module])
                assert lesson_number(path) == 0 or built <= lesson_number(path), (module, name)


def _imported(node):
    """Return the (module of nnlib, name) pairs that an import statement brings in."""
    if not isinstance(node, ast.ImportFrom) or node.module.split(".")[0] != "nnlib":
        return []
    module = node.module.partition(".")[2]
    return [(module or alias.name, alias.name) for alias in node.names]


@each_lesson
def test_file_is_clean_and_small(path):
    assert path.stat().st_size <= 500 * 1024
    nb = nbformat.read(path, 4)
    assert set(nb.metadata) == {"kernelspec", "language_info"}
    assert dict(nb.metadata.language_info) == {"name": "python"}
    ids = Counter(c.id for c in nb.cells)
    assert max(ids.values()) == 1
    assert not any(re.fullmatch(r"[0-9a-f]{8}(-.*)?", name) for name in ids), "random cell ids"
    cleaned = notebooks.as_bytes(notebooks.clean(nb, path.stem))
    assert cleaned == path.read_bytes(), "not clean: run course.py edit --run on it"


def test_a_changed_number_in_a_stored_output_is_noticed(tmp_path):
    nb = nbformat.read(LESSONS[0], 4)
    code = [c for c in nb.cells if c.cell_type == "code"]
    last = next(n for n, c in enumerate(code) if "loss before" in walk.printed(c))
    out = next(o for o in code[last].outputs if o.output_type == "stream")
    digit = re.search(r"\d\.\d{4}", out.text)
    out.text = out.text.replace(digit[0], digit[0][:-1] + str((int(digit[0][-1]) + 1) % 10), 1)
    nb.cells = nb.cells[: nb.cells.index(code[last]) + 1]
    nbformat.write(nb, tmp_path / "tampered.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval",
         "--nbval-current-env", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 1, run.stdout
    assert re.search(r"1 failed", run.stdout), run.stdout
