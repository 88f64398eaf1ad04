"""Moves a person makes in JupyterLab, each waiting until it has really happened.

Commands go through the application object and never through menus: a click on a menu can hit
its neighbour, and a run sent before the kernel is connected is dropped without a word.
"""

import json
import time

READY = """async () => {
  const app = window.jupyterapp; if (!app) return false;
  await app.restored; const panel = app.shell.currentWidget;
  if (!panel || !panel.sessionContext || !panel.content.widgets) return false;
  await panel.context.ready; await panel.sessionContext.ready;
  const kernel = panel.sessionContext.session && panel.sessionContext.session.kernel;
  if (!kernel) return false;
  await kernel.info; return kernel.connectionStatus === 'connected' && kernel.status === 'idle';
}"""
RUN = """async () => { const commands = window.jupyterapp.commands;
  await commands.execute('notebook:clear-all-cell-outputs');
  commands.execute('notebook:run-all-cells'); }"""
STATE = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())
  .map(cell => ({count: cell.model.executionCount, outputs: cell.model.outputs.toJSON()}))"""


def open_notebook(page, address, path):
    """Open a notebook and wait for an idle kernel."""
    page.goto(f"{address}/doc/tree/{path}?reset", wait_until="domcontentloaded")
    wait_for_kernel(page)


def shut_down(page):
    """Stop all kernels: the next one to open the lesson begins afresh."""
    page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


def wait_for_kernel(page, seconds=120):
    """Wait until the notebook is shown and its kernel is connected and idle."""
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=1000 * seconds)
    end = time.monotonic() + seconds
    while not page.evaluate(READY):
        dialog = page.locator("dialog.jp-Dialog")
        assert dialog.count() == 0, dialog.first.inner_text()[:200]
        assert time.monotonic() < end, "the kernel is not ready"
        page.wait_for_timeout(100)


def run_all(page, seconds=240):
    """Run all cells and wait for the last; return the code cells' counts and outputs.

    They are read from the notebook's model: only the cells in view are in the page, and the
    command itself returns early when a cell raises as its tag announced.
    """
    page.evaluate(RUN)
    end, state = time.monotonic() + seconds, []
    while not state or any(cell["count"] is None for cell in state):
        assert time.monotonic() < end, [cell["count"] for cell in state]
        page.wait_for_timeout(200)
        state = page.evaluate(STATE)
    wait_for_kernel(page)
    return page.evaluate(STATE)


# ---------------------------------------------------------------- explorers

MARK = """() => { const cells = window.jupyterapp.shell.currentWidget.content.widgets;
  return cells.map((cell, n) => [cell, n]).filter(([cell, n]) => cell.model.type === 'code'
    && cell.model.outputs.toJSON().some(o => o.data && WIDGET in o.data && 'image/png' in o.data))
    .map(([cell, n]) => n); }  // a bar of progress is a widget too
""".replace("WIDGET", "'application/vnd.jupyter.widget-view+json'")
SHOW = """async n => { const content = window.jupyterapp.shell.currentWidget.content;
  content.activeCellIndex = n; await content.scrollToItem(n, 'start');
  const cell = content.widgets[n]; await cell.ready;
  cell.node.dataset.explorer = n; }"""
# The clock starts when a key goes down and stops when a picture has been loaded after it.
CLOCK = """node => { let start = 0; node.dataset.moves = 0;
  node.addEventListener('keydown', () => { start = performance.now(); }, true);
  node.querySelector('img.jupyter-widgets').addEventListener('load', () => {
    node.dataset.took = performance.now() - start;
    node.dataset.moves = Number(node.dataset.moves) + 1; }); }"""
NEW_PICTURE = "node => Number(node.dataset.moves) > 0"
FOCUS = """node => { node.focus(); node.closest('[data-explorer]').dataset.moves = 0;
  const value = end => Number(node.getAttribute('aria-value' + end));
  return {reached: node === document.activeElement,
    kind: node.getAttribute('role') || node.type || node.tagName,
    last: node.options ? node.selectedIndex === node.options.length - 1
                       : value('now') >= value('max'),
    name: node.closest('.widget-inline-hbox')?.innerText || node.innerText || node.title}; }"""
# What the kernel answers: the sentences beside the picture, and the picture.
ANSWER = """node => [...node.querySelectorAll('.explorer .widget-html-content')]
  .map(words => words.innerText).join() + node.querySelector('img.jupyter-widgets').src"""
DONE = "node => node.querySelector('img.jupyter-widgets').complete"
CONTROLS = "[role=slider], select, input[type=checkbox], .jupyter-widgets input[type=text], button"


def explorers(page):
    """Return the cells that show an explorer, brought into view one after the other."""
    for number in page.evaluate(MARK):
        page.evaluate(SHOW, number)
        cell = page.locator(f'[data-explorer="{number}"]')
        cell.locator("img.jupyter-widgets").first.wait_for()
        cell.evaluate(CLOCK)
        yield cell


def move_all(page, cell):
    """Move every control by keyboard; return the milliseconds to each slider's new picture."""
    controls = cell.locator(".jupyter-widgets").locator(CONTROLS)
    took = []
    for n in range(controls.count()):
        before = cell.evaluate(ANSWER)
        control = controls.nth(n).evaluate(FOCUS)
        assert control["reached"], "not in reach of keys"
        for key in _keys(**control):
            page.keyboard.press(key)
        answered = f"node => ({DONE})(node) && ({ANSWER})(node) !== {json.dumps(before)}"
        _wait_until(page, cell, answered, f"{control['name']}: no answer")
        if control["kind"] == "slider":
            _wait_until(page, cell, NEW_PICTURE, f"{control['name']}: no new picture")
            took.append(float(cell.get_attribute("data-took")))
    return took


def hold(page, cell, presses=30):
    """Press keys faster than pictures come; return the last one's milliseconds to its picture."""
    slider = cell.locator("[role=slider]").first
    slider.evaluate(FOCUS)
    for n in range(presses):
        page.keyboard.press("ArrowLeft" if n % 10 < 5 else "ArrowRight")
    page.keyboard.press("Home")  # to the least value
    _wait_until(page, cell, NEW_PICTURE, "no new picture")
    page.wait_for_timeout(1000)
    return float(cell.get_attribute("data-took"))


def _keys(kind, last, **_):
    """Return the keys that change a control from where it stands."""
    if kind == "slider":
        return ["ArrowLeft" if last else "ArrowRight"]
    if kind == "select-one":
        return ["ArrowUp" if last else "ArrowDown"]
    return {"checkbox": ["Space"], "text": ["End", "Backspace", "Enter"]}.get(kind, ["Enter"])


def _wait_until(page, cell, done, sentence, seconds=20):
    end = time.monotonic() + seconds
    while not cell.evaluate(done):
        assert time.monotonic() < end, sentence
        page.wait_for_timeout(10)
