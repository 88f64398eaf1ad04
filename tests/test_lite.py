"""The course in the browser, as far as it can be tested without one."""

import hashlib
import importlib
import json
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LESSON = sorted((ROOT / "notebooks").glob("*.ipynb"))[0]


@pytest.fixture(scope="module")
def lite():
    """Return site/lite.py."""
    sys.path.insert(0, str(ROOT / "site"))
    yield importlib.import_module("lite")
    sys.path.remove(str(ROOT / "site"))


@pytest.fixture(scope="module")
def built(lite, tmp_path_factory):
    """Return JupyterLite as it is published: Pyodide stays at its public place."""
    out = tmp_path_factory.mktemp("site")
    lite.build(out)
    return out / "lite"


def with_cells(*sources):
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def test_fingerprint_is_that_of_what_a_person_wrote(lite):
    text = lite.fingerprint(with_cells("∂L", "two\nlines"))
    assert text == lite.fingerprint(with_cells("∂L", "", "two\nlines", "\n"))
    assert text == lite.fingerprint({"cells": [{"cell_type": "markdown", "source": ["∂L"]},
                                               {"cell_type": "markdown",
                                                "source": ["two\n", "lines"]}]})  # fmt: skip
    assert text != lite.fingerprint(with_cells("∂L", "two\nlines "))
    assert text != lite.fingerprint(with_cells("∂Ltwo\nlines"))


def test_notebooks_carry_the_fingerprint_and_whole_texts(lite):
    given = json.loads(lite.marked(LESSON.read_bytes()))
    assert given["metadata"]["course"]["text"] == lite.fingerprint(json.loads(LESSON.read_bytes()))
    assert all(isinstance(cell["source"], str) for cell in given["cells"])
    stored = nbformat.read(LESSON, 4)
    stored.metadata["course"] = given["metadata"]["course"]
    assert given == json.loads(json.dumps(stored))


def test_lock_belongs_to_the_kernel(lite):
    kept = json.loads(lite.LOCK.read_text(encoding="utf-8"))["info"]["pyodide"]
    assert kept == lite.PYODIDE_VERSION, "get Pyodide's new lock: python site/lite.py --lock FILE"


def test_only_what_is_needed_is_chosen_and_ours_first(lite, monkeypatch):
    monkeypatch.setattr(lite, "STARTED_WITH", ["a"])
    official = {"a": {"depends": ["b_c"]}, "b-c": {"depends": []}, "d": {"depends": []}}
    assert lite.chosen(official, {}) == {name: official[name] for name in ("a", "b-c")}
    assert list(lite.chosen(official, {"b-c": {"depends": ["d"]}})) == ["a", "b-c", "d"]
    with pytest.raises(KeyError, match="e"):
        lite.chosen({"a": {"depends": ["e"]}}, {})


def test_packed_wheel_holds_the_package(lite, tmp_path):
    name = lite.pack("ipywidgets", tmp_path)
    again = (tmp_path / name).read_bytes()
    assert lite.pack("ipywidgets", tmp_path) == name and (tmp_path / name).read_bytes() == again
    inside = zipfile.ZipFile(tmp_path / name).namelist()
    assert "ipywidgets/__init__.py" in inside
    assert not [path for path in inside if path.endswith(".pyc") or path.startswith(("..", "/"))]
    assert any(path.endswith(".dist-info/METADATA") for path in inside)


def test_every_package_is_at_its_place(lite, built):
    folder = built / "static" / "pyodide"
    lock = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, entry in lock.items():
        if entry["file_name"].startswith("https:"):
            assert entry["file_name"].startswith(lite.PYODIDE_CDN_URL + "/"), name
        else:
            wheel = (folder / entry["file_name"]).read_bytes()
            assert hashlib.sha256(wheel).hexdigest() == entry["sha256"], name
        assert {lite.canonicalize_name(needed) for needed in entry["depends"]} <= set(lock)
    assert {"nnlib", "numpy", "matplotlib", "ipywidgets", "tqdm"} <= {
        imported for entry in lock.values() for imported in entry["imports"]
    }


def test_nnlib_is_whole(lite, built):
    (wheel,) = (built / "static" / "pyodide").glob("*/backprop_by_hand-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = [path for path in (ROOT / "nnlib").rglob("*") if path.suffix in (".py", ".npz")]
    assert {path.relative_to(ROOT).as_posix() for path in ours} <= inside
    assert wheel.parent.name == hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]


def test_files_are_at_their_own_paths(built):
    files, lessons = built / "files", json.loads((built / "lessons.json").read_bytes())
    for folder in ("notebooks", "exercises"):
        names = {path.name for path in (ROOT / folder).glob("*.ipynb")}
        assert {path.name for path in (files / folder).glob("*.ipynb")} == names
        assert {f"{folder}/{name}" for name in names} <= set(lessons)
        listed = json.loads((built / "api" / "contents" / folder / "all.json").read_bytes())
        assert names <= {item["name"] for item in listed["content"]}
    hints = (ROOT / "exercises" / "hints.json").read_bytes()
    assert (files / "exercises" / "hints.json").read_bytes() == hints


def test_nothing_is_there_that_nobody_uses(lite, built):
    assert not list(built.rglob("*.map"))
    assert {page.parent.name for page in built.glob("*/index.html")} == set(lite.APPS)
    extensions = {path.parent.relative_to(built / "extensions").as_posix()
                  for path in (built / "extensions").rglob("install.json")}  # fmt: skip
    assert extensions == {lite.KERNEL, lite.WIDGETS}
    assert sum(path.stat().st_size for path in built.rglob("*") if path.is_file()) < 60e6


def test_each_page_runs_ours_before_its_own(lite, built):
    for app in lite.APPS:
        page = (built / app / "index.html").read_text(encoding="utf-8")
        assert 0 < page.index("import('../course.js')") < page.index("config-utils.js")
