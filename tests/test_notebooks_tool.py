"""publishing.notebooks: a notebook goes to text and back, and only what was changed changes."""

import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grading.publishing import notebooks

GRADED = {
    "grade": True,
    "grade_id": "relu",
    "locked": False,
    "points": 2,
    "schema_version": 3,
    "solution": True,
    "task": False,
}
ERROR = ["raises-exception"]


def lesson():
    """Return cells of every kind that a lesson has."""
    return new_notebook(
        cells=[
            new_markdown_cell("# Do it\n\n$$ a = \\sqrt{b} \\tag{5.1} $$\n\n- é ✓", id="title"),
            new_code_cell("import numpy as np\n\nx = np.arange(3)\nx", id="set-up"),
            new_code_cell(
                "for i in range(3):\n    print(i, flush=True)",
                id="loop",
                metadata={"tags": ["nbval-skip"]},
            ),
            new_code_cell(
                "def relu(z):\n    ### BEGIN SOLUTION\n    return z\n    ### END SOLUTION",
                id="sheet",
                metadata={"nbgrader": GRADED},
            ),
            new_code_cell("%matplotlib inline\n# a comment", id="magic"),
            new_code_cell("np.linalg.inv(np.ones((2, 3)))", id="fails", metadata={"tags": ERROR}),
            new_markdown_cell("", id="nothing"),
        ]
    )


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """Return a notebook that was run and cleaned once."""
    path = tmp_path_factory.mktemp("notebooks") / "05_x.ipynb"
    notebooks.write(lesson(), path)
    notebooks.run(path)
    return path


@pytest.fixture
def path(finished, tmp_path):
    return shutil.copy(finished, tmp_path / "05_x.ipynb")


def change(path, old, new):
    """Open the notebook, change its text, close it."""
    text = notebooks.open_as_text(path)
    before = text.read_text(encoding="utf-8")
    assert old in before
    text.write_text(before.replace(old, new), encoding="utf-8")
    notebooks.close_text(path)
    return notebooks.read(path)


def test_open_and_close_changes_no_byte(path):
    before = path.read_bytes()
    text = notebooks.open_as_text(path)
    assert text.exists() and b"# %%" in text.read_bytes()
    notebooks.close_text(path)
    assert path.read_bytes() == before
    assert not text.exists()


def test_what_was_not_changed_survives_beside_what_was(path):
    old = {cell.id: cell for cell in notebooks.read(path).cells}
    nb = change(path, "np.arange(3)", "np.arange(4)")
    new = {cell.id: cell for cell in nb.cells}
    assert list(new) == list(old)
    assert new["set-up"].outputs[0].data["text/plain"] == "array([0, 1, 2, 3])"
    assert {name for name in new if new[name] != old[name]} == {"set-up"}
    assert new["sheet"].metadata.nbgrader == GRADED
    assert new["fails"].metadata.tags == ERROR


def test_cells_keep_their_ids_when_they_move_and_new_ones_get_a_name(path):
    text = notebooks.open_as_text(path)
    first, *rest = text.read_text(encoding="utf-8").split("\n# %%")
    moved = [first, "\nprint('new')\n", rest[1], rest[0], *rest[2:]]
    text.write_text("\n# %%".join(moved), encoding="utf-8")
    notebooks.close_text(path)
    ids = [cell.id for cell in notebooks.read(path).cells]
    assert ids[:4] == ["title", "05_x-01", "loop", "set-up"]


def test_ids_are_readable_stable_and_never_doubled():
    random = "0a1b2c3d", "f6e1ba1c-1d2c-4c9a-8e0a-6d2f4b1c9a77"
    cells = [new_code_cell(id=name) for name in ("05_x-01", random[0], "mine", "mine", random[1])]
    for _ in range(2):
        notebooks.name_cells(cells, "05_x")
        assert [cell.id for cell in cells] == ["05_x-01", "05_x-02", "mine", "05_x-03", "05_x-04"]


def test_a_fresh_notebook_begins_as_text(tmp_path):
    path = tmp_path / "06_y" / "06_y.ipynb"
    text = notebooks.open_as_text(path)
    text.write_text("# %% [markdown]\n# # Title\n\n# %%\n1 + 1\n", encoding="utf-8")
    notebooks.close_text(path)
    title, cell = notebooks.read(path).cells
    assert (title.source, title.id) == ("# Title", "06_y-01")
    assert (cell.id, cell.execution_count) == ("06_y-02", 1)
    assert cell.outputs[0].data["text/plain"] == "2"


def test_an_expected_error_shows_no_file_of_this_machine(path):
    failed = notebooks.read(path).cells[5]
    assert failed.outputs[0].ename == "LinAlgError"
    shown = "\n".join(failed.outputs[0].traceback)
    assert "Cell In[5], line 1" in shown and "must be square" in shown
    assert "/" not in shown and "\x1b" not in shown


def test_the_file_is_clean(path):
    raw = path.read_bytes()
    assert raw.endswith(b"}\n") and b"\r" not in raw
    nb = json.loads(raw)
    assert nb["metadata"] == notebooks.HEAD
    assert nb["metadata"]["language_info"] == {"name": "python"}
    counts = [cell["execution_count"] for cell in nb["cells"] if cell["cell_type"] == "code"]
    assert counts == [1, 2, 3, 4, 5]
    assert nb["cells"][2]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["0\n", "1\n", "2\n"]}
    ]


def test_clean_takes_out_what_changes_from_run_to_run():
    widget = {notebooks.WIDGET: {"model_id": "1"}, "text/plain": "IntSlider(value=0)"}
    cell = new_code_cell(
        "x",
        id="a",
        execution_count=7,
        metadata={
            "execution": {"iopub.execute_input": "2026-01-01"},
            "collapsed": True,
            "tags": ["t"],
        },
    )
    cell.outputs = [
        new_output("stream", name="stdout", text="a"),
        new_output("stream", name="stdout", text="b"),
        new_output("stream", name="stderr", text="c"),
        new_output("execute_result", data=widget, execution_count=7),
    ]
    nb = new_notebook(cells=[cell], metadata={"widgets": {"state": {}}, "title": "x"})
    nb = notebooks.clean(nb, "05_x")
    assert nb.metadata == notebooks.HEAD
    assert cell.metadata == {"tags": ["t"]} and cell.execution_count == 1
    assert [out.get("text") for out in cell.outputs] == ["ab", "c", None]
    assert cell.outputs[2].data == {"text/plain": "IntSlider(value=0)"}
    assert cell.outputs[2].execution_count == 1


@pytest.mark.parametrize("shown", [f"{notebooks.ROOT}/nnlib", "<object at 0x7f5c0fa8b510>"])
def test_what_differs_between_machines_is_refused(shown):
    cell = new_code_cell("x", id="a", execution_count=1)
    cell.outputs = [new_output("stream", name="stdout", text=shown)]
    with pytest.raises(notebooks.Trouble, match="different on every machine"):
        notebooks.clean(new_notebook(cells=[cell]), "05_x")


@pytest.mark.parametrize(
    "broken, named",
    [
        ("y = 1 / 0", r"05_x\.ipynb: cell set-up \(y = 1 / 0\) stopped with ZeroDivisionError"),
        ("import os; os._exit(1)", r"05_x\.ipynb: .*[Kk]ernel died"),
        ("print(object())", r"05_x\.ipynb: cell set-up shows .*0x"),
    ],
)
def test_a_failing_notebook_is_not_written_and_its_text_is_kept(path, broken, named):
    before = path.read_bytes()
    text = notebooks.open_as_text(path)
    whole = text.read_text(encoding="utf-8").replace("import numpy", f"{broken}\nimport numpy")
    text.write_text(whole, encoding="utf-8")
    with pytest.raises(SystemExit, match=named) as stopped:
        notebooks.main(["--close", str(path)])
    assert "\n" not in stopped.value.code
    assert path.read_bytes() == before
    assert text.read_text(encoding="utf-8") == whole


def test_an_open_text_is_not_overwritten(path):
    text = notebooks.open_as_text(path)
    text.write_text("# %%\nmine = 1\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="open already"):
        notebooks.main([str(path)])
    assert text.read_text(encoding="utf-8") == "# %%\nmine = 1\n"


def test_a_cell_that_text_cannot_hold_is_refused(tmp_path):
    path = tmp_path / "05_x.ipynb"
    notebooks.write(new_notebook(cells=[new_code_cell("a = 1\n# %%\nb = 2", id="split")]), path)
    with pytest.raises(SystemExit, match="cell split does not survive"):
        notebooks.main([str(path)])
    assert not path.with_suffix(".py").exists()


@pytest.mark.parametrize(
    "args, said",
    [
        ([], "course.py edit --close"),
        (["--run"], "course.py edit --run"),
        (["--close", "none.ipynb"], "open the notebook first"),
        (["--run", "none.ipynb"], "There is no"),
    ],
)
def test_wrong_arguments_are_told_the_next_step(args, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=said):
        notebooks.main(args)


def test_run_runs_again_without_opening(path):
    nb = nbformat.read(path, 4)
    nb.cells[1].outputs = []
    before = path.read_bytes()
    notebooks.write(nb, path)
    assert path.read_bytes() != before
    notebooks.main(["--run", str(path)])
    assert path.read_bytes() == before
