"""Every lesson runs in JupyterLite: a browser and static files, nothing installed."""

import functools
import http.server
import importlib.util
import os
import threading
import time
from pathlib import Path

import moves
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
IN_CI = ("00", "03", "05", "06", "13")


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
def site(tmp_path_factory):
    """Return the address of a site with JupyterLite, served as static files."""
    pyodide = os.environ.get("COURSE_PYODIDE")
    if not pyodide:
        pytest.skip("JupyterLite needs a folder with Pyodide: COURSE_PYODIDE names none")
    lite = load_lite()
    folder = tmp_path_factory.mktemp("site")
    print("\n".join(lite.build(folder, pyodide)))
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Host, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


def load_lite():
    spec = importlib.util.spec_from_file_location("lite", ROOT / "site" / "lite.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", LESSONS)
def test_lesson(site, page, name, record_property):
    began = time.monotonic()
    page.goto(f"{site}/lite/notebooks/index.html?path=notebooks/{name}.ipynb", wait_until="domcontentloaded")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    print("shown", time.monotonic() - began)
    moves.wait_for_kernel(page)
    print("kernel", time.monotonic() - began)
    state = moves.run_all(page)
    print("ran", time.monotonic() - began)
    code = [c for c in nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", 4).cells if c.cell_type == "code"]
    for cell, stored in zip(state, code, strict=True):
        kinds = {out.get("name", out["output_type"]) for out in cell["outputs"]}
        if "stderr" in kinds: print(cell["outputs"])
        announced = "raises-exception" in stored.metadata.get("tags", [])
        assert ("error" in kinds) == announced, (stored.source, cell["outputs"])
    times = []
    for explorer in moves.explorers(page):
        times += moves.move_all(page, explorer)
    print("sliders", times, time.monotonic() - began)
    print(page.elsewhere, page.errors)
