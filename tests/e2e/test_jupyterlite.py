"""The course in JupyterLite: a browser and static files, nothing installed, nobody asked.

Lessons and a sheet run from first to last cell; `--every-lesson` (for releases) runs them all
and prints their table. COURSE_PYODIDE names a folder with Pyodide; without it all this is skipped.
"""

import contextlib
import functools
import gzip
import http.server
import json
import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import moves
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
OFTEN = ("00", "03", "05", "06", "13")
FIRST_VISIT = 30  # MB gzipped, at most
SHOWN = 10  # seconds until a notebook is shown, at most


def pytest_generate_tests(metafunc):
    if "lesson" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-lesson", False)
        metafunc.parametrize("lesson", [n for n in LESSONS if every or n[:2] in OFTEN])


class Host(http.server.SimpleHTTPRequestHandler):
    """A web host as plain as they come."""

    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".wasm": "application/wasm",
        ".mjs": "text/javascript",
    }

    def log_message(self, *words):
        pass


@pytest.fixture(scope="session")
def lite():
    """Return site/lite.py."""
    if not os.environ.get("COURSE_PYODIDE"):
        pytest.skip("JupyterLite's tests need a folder with Pyodide, named by COURSE_PYODIDE")
    sys.path.insert(0, str(ROOT / "site"))
    import lite

    sys.path.remove(str(ROOT / "site"))
    return lite


@pytest.fixture(scope="session")
def site(lite, tmp_path_factory):
    """Return a site with JupyterLite: its folder, and the address where it is served."""
    folder = tmp_path_factory.mktemp("site")
    lite.build(folder, os.environ["COURSE_PYODIDE"])
    with served(folder) as url:
        yield SimpleNamespace(folder=folder, url=url)


@contextlib.contextmanager
def served(folder):
    """Serve a folder; give its address."""
    handler = functools.partial(Host, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def open_notebook(page, site, path):
    """Open a notebook as a launch button of the book does; return the seconds until it shows."""
    began = time.monotonic()
    page.goto(f"{site.url}/lite/notebooks/index.html?path={path}", wait_until="domcontentloaded")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    return time.monotonic() - began


WRITE = """([id, source]) => window.jupyterapp.shell.currentWidget.content.widgets
  .find(cell => cell.model.id === id).model.sharedModel.setSource(source)"""
READY = "() => window.jupyterapp?.shell.currentWidget?.context?.isReady"
TOUCH = """async source => {
  const { commands, shell } = window.jupyterapp;
  if (source) shell.currentWidget.content.widgets[1].model.sharedModel.setSource(source);
  await commands.execute('notebook:clear-all-cell-outputs');
  await commands.execute('docmanager:save'); }"""
GET = """async path => (
  await window.jupyterapp.serviceManager.contents.get(path, {content: true})).content"""
NEW = """([path, content]) => window.jupyterapp.serviceManager.contents.save(
  path, {type: 'notebook', format: 'json', content})"""


def said(cell):
    return "".join(out.get("text", "") for out in cell["outputs"])


def fault(cell, stored):
    """Return what a cell should not have said, if anything: errors only where announced."""
    kinds = {out.get("name", out["output_type"]) for out in cell["outputs"]}
    announced = "raises-exception" in stored.metadata.get("tags", [])
    wrong = "stderr" in kinds or ("error" in kinds) != announced
    return f"{stored.source}\n{cell['outputs']}" if wrong else ""


def test_lesson_runs(site, page, lesson, record_property):
    shown = open_notebook(page, site, f"notebooks/{lesson}.ipynb")
    moves.wait_for_kernel(page)
    began = time.monotonic()
    state = moves.run_all(page, seconds=900)
    ran = time.monotonic() - began
    code = [
        cell
        for cell in nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", 4).cells
        if cell.cell_type == "code"
    ]
    faults = [fault(cell, stored) for cell, stored in zip(state, code, strict=True)]
    assert not any(faults), "\n".join(filter(None, faults))
    times = [ms for explorer in moves.explorers(page) for ms in moves.move_all(page, explorer)]
    row = f"| {lesson} | {shown:.1f} | {ran:.0f} | {len(times)} |"
    print(row)
    record_property("in the browser", row)
    record_property("slider times", times)
    assert page.elsewhere == [] and page.errors == []


def test_first_visit_is_small_and_quick(site, page):
    asked = set()
    page.context.on("request", lambda request: asked.add(unquote(urlsplit(request.url).path)))
    shown = open_notebook(page, site, f"notebooks/{LESSONS[0]}.ipynb")
    moves.wait_for_kernel(page)
    found = [site.folder / path[1:] for path in asked if (site.folder / path[1:]).is_file()]
    sent = sum(len(gzip.compress(path.read_bytes(), 6)) for path in found) / 1e6
    print(f"first visit: {len(found)} files, {sent:.1f} MB gzipped, shown after {shown:.1f} s")
    assert any(path.name == "pyodide.asm.wasm" for path in found)
    assert sent <= FIRST_VISIT and shown <= SHOWN


def test_published_site_asks_pyodide_s_own_place_alone(lite, page, tmp_path):
    """The public place is played by the folder at hand, whose wheels have other checksums."""
    lite.build(tmp_path)
    at_hand = Path(os.environ["COURSE_PYODIDE"])
    wheels = json.loads((at_hand / "pyodide-lock.json").read_bytes())["packages"]
    lock_file = tmp_path / "lite" / "static" / "pyodide" / "pyodide-lock.json"
    lock = json.loads(lock_file.read_bytes())
    for name, entry in lock["packages"].items():
        if entry["file_name"].startswith(lite.PYODIDE_CDN_URL):
            entry["sha256"] = wheels[name]["sha256"]
            entry["file_name"] = f"{lite.PYODIDE_CDN_URL}/{wheels[name]['file_name']}"
    lock_file.write_text(json.dumps(lock), encoding="utf-8")

    def play(route):
        path = at_hand / route.request.url.rpartition("/")[2]
        kind = Host.extensions_map.get(path.suffix, "application/octet-stream")
        anybody = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(body=path.read_bytes(), content_type=kind, headers=anybody)

    page.context.route(f"{lite.PYODIDE_CDN_URL}/**", play)
    with served(tmp_path) as url:
        open_notebook(page, SimpleNamespace(url=url), f"notebooks/{LESSONS[0]}.ipynb")
        moves.wait_for_kernel(page)
    named = {entry["file_name"] for entry in lock["packages"].values()}
    core = {f"{lite.PYODIDE_CDN_URL}/{name}" for name in lite.CORE}
    assert set(page.elsewhere) == core | {name for name in named if name.startswith("https:")}
    assert page.errors == []


def test_a_plain_import_is_enough(site, page):
    open_notebook(page, site, f"notebooks/{LESSONS[0]}.ipynb")
    page.wait_for_function(READY)
    code = "import nnlib\nimport matplotlib, ipywidgets, tqdm\nfrom nnlib import training, plots"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python", "display_name": "Python"}
    notebook.metadata["language_info"] = {"name": "python"}
    page.evaluate(NEW, ["Fresh.ipynb", notebook])
    open_notebook(page, site, "Fresh.ipynb")
    moves.wait_for_kernel(page)
    assert moves.run_all(page)[0]["outputs"] == []
    assert page.elsewhere == [] and page.errors == []


def test_sheet_waits_names_and_hints(site, page):
    open_notebook(page, site, "exercises/06_backprop_in_matrix_form.ipynb")
    moves.wait_for_kernel(page)
    empty = moves.run_all(page)
    assert "0 of 11 exercises pass" in said(empty[-1])
    answers = {
        "answer-6-1": "def batch_sums(A_prev, W, b):\n    return A_prev @ W.T + b",
        "answer-6-3": "def weight_gradient(delta, A_prev):\n    return A_prev.T @ delta",
        "hint-6-3": 'hint("6.3", 1)',
    }
    for name, source in answers.items():
        page.evaluate(WRITE, [name, source])
    state = moves.run_all(page)
    words = "\n".join(map(said, state))
    assert "✓ 6.1 passes: all checks" in words
    assert "6.3 dW: yours is the transpose of the measured gradient" in words
    assert "1 of 11 exercises pass" in said(state[-1])
    shown = [out["data"] for cell in state for out in cell["outputs"] if "data" in out]
    assert any("Hint 6.3, 1 of 3" in data.get("text/markdown", "") for data in shown)
    assert page.elsewhere == [] and page.errors == []


# ---------------------------------------------------------------- a newer course


@contextlib.contextmanager
def newer(lite, site, *lessons):
    """Let the site have newer versions of some lessons for a while."""
    files = [site.folder / "lite" / "files" / "notebooks" / f"{name}.ipynb" for name in lessons]
    index = site.folder / "lite" / "lessons.json"
    before = {path: path.read_bytes() for path in [*files, index]}
    texts = json.loads(before[index])
    for name, path in zip(lessons, files):
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), 4)
        notebook.cells[0].source = "# A newer lesson"
        path.write_bytes(lite.marked(nbformat.writes(notebook).encode()))
        texts[f"notebooks/{name}.ipynb"] = lite.fingerprint(notebook)
    index.write_text(json.dumps(texts), encoding="utf-8")
    yield
    for path, content in before.items():
        path.write_bytes(content)


def beginning(page, path):
    """Return the texts of a file's first two cells, as JupyterLite would open it."""
    return [cell["source"] for cell in page.evaluate(GET, path)["cells"][:2]]


def test_saved_copy_is_never_silently_old(lite, site, page):
    written, run = (f"notebooks/{name}.ipynb" for name in LESSONS[1:3])
    for path, source in [(written, "# my own notes"), (run, None)]:
        month = time.time() - 30 * 86400  # so old a file a browser keeps for days, unasked
        os.utime(site.folder / "lite" / "files" / path, (month, month))
        open_notebook(page, site, path)
        page.wait_for_function(READY)
        page.evaluate(TOUCH, source)
    given = beginning(page, written)[0]
    notice = page.locator("#course-notice")
    with newer(lite, site, *LESSONS[1:3]):
        open_notebook(page, site, written)
        beside = written.replace(".ipynb", ".new.ipynb")
        assert f"yours is kept, the newer one lies beside it: {beside}" in notice.inner_text()
        assert f"{run} has a newer version; you had not changed it." in notice.inner_text()
        page.wait_for_function(READY)
        assert beginning(page, written) == [given, "# my own notes"]
        assert beginning(page, beside)[0] == beginning(page, run)[0] == "# A newer lesson"
        page.get_by_role("button", name="Understood").click()
        open_notebook(page, site, written)
        page.wait_for_function(READY)
        assert notice.count() == 0, "told once is enough"
        page.evaluate("p => window.jupyterapp.serviceManager.contents.delete(p)", written)
        assert beginning(page, written)[0] == "# A newer lesson"


def test_where_work_is_saved_is_said(site, page):
    page.goto(f"{site.url}/lite/lab/index.html?path=README.md", wait_until="domcontentloaded")
    sentence = "Your work is saved in this browser only."
    page.locator(".jp-RenderedMarkdown", has_text=sentence).wait_for()
    assert sentence in page.locator("#course-notice").inner_text()
