"""Moves a person makes in JupyterLab, each waiting until it has really happened.

Commands go through the application object and never through menus: a click on a menu can hit
its neighbour, and a run sent before the kernel is connected is dropped without a word.
"""

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
