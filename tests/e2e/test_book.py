"""The built book in a real browser: formulas, strangers, phones, the dark, accessibility, paper."""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "site"
PYODIDE = os.environ.get("COURSE_PYODIDE")  # a folder; without it there is no JupyterLite here
sys.path.insert(0, str(SITE))
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LESSON = "notebooks/05_backprop_one_element_at_a_time.html"
# One of each kind: of these the colours of all code are measured, and all of it in the dark.
KINDS = ["index.html", "search.html", "glossary.html", "notebooks/00_start_here.html",
         "exercises/05_backprop_one_element_at_a_time.html", "reference/layers.html"]
# The glyphs of a formula are MathJax's; a screen reader gets MathML beside them.
NO_GLYPHS = "document.querySelectorAll('mjx-math').forEach(glyphs => glyphs.remove())"
ONE_COLOUR = """document.querySelectorAll('.highlight pre').forEach(
    code => { code.textContent = code.textContent })"""
AXE = """rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})
    .then(found => found.violations.map(
        v => `${v.id}: ${v.nodes[0].target} (${v.nodes.length})`))"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Build the site, with JupyterLite where there is a Pyodide; return its folder and the run."""
    if not (SITE / "node_modules").exists() and shutil.which("npm") is None:
        pytest.skip("no npm: the site's mathematics and fonts come from there")
    out = tmp_path_factory.mktemp("site") / "html"
    lite = ["--pyodide", PYODIDE] if PYODIDE else ["--no-lite"]
    command = [sys.executable, SITE / "build.py", *lite, "--out", out]
    return out, subprocess.run(command, capture_output=True, encoding="utf-8")


@pytest.fixture(scope="module")
def pages(book):
    return sorted(path.relative_to(book[0]).as_posix() for path in book[0].rglob("*.html")
                  if path.relative_to(book[0]).parts[0] not in ("_static", "lite"))


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def served(book):
    """Serve the site; return its address."""
    handler = functools.partial(Silent, directory=book[0])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def visits(served, pages, browser):
    """Open every page once; return {page: what was seen there}."""
    page = browser.new_context().new_page()
    page.set_default_timeout(120_000)
    seen = {name: visit(page, served, name) for name in pages}
    page.emulate_media(media="print")
    seen["print"] = printed(page, served)
    page.context.close()
    return seen


def visit(page, base, name):
    """Look at a page on a wide screen and on a phone."""
    facts = {"elsewhere": [], "missing": [], "errors": []}
    listeners = {
        "request": lambda r: r.url.startswith((base, "data:", "blob:"))
        or facts["elsewhere"].append(r.url),
        "response": lambda r: r.status < 400 or facts["missing"].append(r.url),
        "pageerror": lambda e: facts["errors"].append(str(e)),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(base + name)
    facts["formulas"], facts["latex"] = formulas(page)
    page.set_viewport_size({"width": 390, "height": 844})
    facts["width"] = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1280, "height": 1000})
    facts["axe"] = axe(page, name)
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    return facts


def axe(page, name):
    """Return what axe finds: in the light, and on one page of each kind on a dark phone, too."""
    page.evaluate((SITE / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8"))
    page.add_style_tag(content="*, *::before { transition: none !important }")
    page.evaluate(NO_GLYPHS)
    if name not in KINDS:
        page.evaluate(ONE_COLOUR)
        return page.evaluate(AXE, WCAG)
    found = page.evaluate(AXE, WCAG)
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_timeout(1_000)  # the theme makes what scrolls focusable, a moment later
    wide = page.evaluate("document.documentElement.scrollWidth") - 390
    return found + page.evaluate(AXE, WCAG) + [f"{wide} too wide in the dark"] * (wide > 0)


def formulas(page):
    """Wait for the formulas; return how many are not typeset, and the errors in them."""
    if page.locator(".math").count():
        page.wait_for_function("document.documentElement.dataset.formulas == 'ready'")
    return page.evaluate("""[
        [...document.querySelectorAll('.math')]
            .filter(m => !m.querySelector('mjx-container')).length,
        [...document.querySelectorAll('mjx-merror')].map(m => m.getAttribute('data-mjx-error'))]""")


def printed(page, base):
    """Return what may be broken by the end of a page of paper, and a PDF's size."""
    page.goto(base + LESSON)
    formulas(page)
    broken = page.evaluate("""[...document.querySelectorAll(
        'div.math, div.cell_input, div.cell_output:has(> img), div.cell_output .output')]
        .filter(e => !e.closest('details') && getComputedStyle(e).breakInside != 'avoid').length""")
    return {"broken": broken, "pdf": len(page.pdf(format="A4"))}


def every(visits, fact):
    """Return {page: fact} of the pages where there is something to tell."""
    return {name: facts[fact] for name, facts in visits.items() if facts.get(fact)}


def test_the_book_is_built_without_a_warning(book):
    out, run = book
    assert run.returncode == 0, run.stdout + run.stderr
    assert "WARNING" not in run.stderr
    assert re.search(r"site [\d.]+ MB, .*built in \d+ s", run.stdout)


@pytest.mark.skipif(not PYODIDE, reason="JupyterLite needs a Pyodide, named by COURSE_PYODIDE")
def test_a_click_leads_from_the_book_into_jupyterlite(book, served, browser):
    page = browser.new_context().new_page()
    page.goto(served + LESSON)
    page.get_by_role("link", name="Run in the browser").click()
    page.locator(".jp-Notebook").get_by_role("heading", name="05 Derive").wait_for(timeout=60_000)
    page.context.close()
    assert sum(path.stat().st_size for path in book[0].rglob("*") if path.is_file()) < 90e6


def test_there_is_a_page_for_everything(pages):
    for folder in ("notebooks", "exercises"):
        stems = {path.stem for path in (ROOT / folder).glob("*.ipynb")}
        assert {Path(p).stem for p in pages if p.startswith(f"{folder}/")} == stems
    assert {"index.html", "equations.html", "mistakes.html", "glossary.html", "browser.html",
            "install.html", "instructors.html", "grading.html", "search.html"} < set(pages)


def test_the_reference_misses_no_public_name(book):
    import generate

    text = "".join(path.read_text("utf-8") for path in (book[0] / "reference").glob("*.html"))
    names = generate.public_names()
    assert len(names) > 100 and not [name for name in names if f'id="{name}"' not in text]


def test_every_equation_is_a_place_in_its_lesson_and_linked(book):
    import extension

    text = (book[0] / "equations.html").read_text("utf-8")
    for number, lesson in extension.places().items():
        place = extension.anchor(number)
        assert f'href="notebooks/{lesson}.html#{place}"' in text
    lesson = (book[0] / LESSON).read_text("utf-8")
    assert lesson.count('id="eq-5-') == 34


def test_pictures_say_what_they_show(book):
    text = (book[0] / LESSON).read_text("utf-8")
    nb = json.loads((ROOT / LESSON).with_suffix(".ipynb").read_text("utf-8"))
    shown = sum("image/png" in out.get("data", {}) for cell in nb["cells"]
                for out in cell.get("outputs", ()))
    assert len(re.findall(r'<img alt="[A-Z][^"]{40,}"', text)) == shown


def test_downloads_are_the_notebooks_as_they_are(book):
    for path in [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/*.ipynb")]:
        copy = book[0] / "download" / path.relative_to(ROOT)
        assert copy.read_bytes() == path.read_bytes()


def test_every_formula_is_typeset(visits):
    assert every(visits, "formulas") == {} and every(visits, "latex") == {}


def test_nothing_is_asked_of_another_host_and_nothing_is_missing(visits):
    assert every(visits, "elsewhere") == {} and every(visits, "missing") == {}
    assert every(visits, "errors") == {}


def test_no_page_is_wider_than_a_phone(visits):
    assert {name for name, facts in visits.items() if facts.get("width", 390) > 390} == set()


def test_axe_finds_nothing(visits):
    assert every(visits, "axe") == {}


def test_paper_breaks_no_cell_formula_or_figure(visits):
    assert visits["print"]["broken"] == 0 and visits["print"]["pdf"] > 100_000
