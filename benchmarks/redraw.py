"""CPU time of one move in the kernel: every slider of the lessons' explorers, without a browser.

    .venv/bin/python benchmarks/redraw.py [03 08 ...]
"""

import contextlib
import io
import os
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

os.environ.update({name: "1" for name in ("OPENBLAS_NUM_THREADS", "TQDM_DISABLE")})
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import nbformat  # noqa: E402

from nnlib import explorers  # noqa: E402


def explorers_of(path):
    """Run a lesson and return its explorers."""
    explorers.shown.clear()
    names = {"__name__": "__main__"}
    for cell in nbformat.read(path, 4).cells:
        fails = "raises-exception" in cell.metadata.get("tags", [])
        if cell.cell_type == "code":
            with contextlib.suppress(Exception) if fails else contextlib.nullcontext():
                exec(compile(cell.source, path.name, "exec"), names)
    return [*explorers.shown.values()]


def cost_of(slider, moves=21):
    """Return the milliseconds of each move: to the right, from the right end to the left."""
    took = []
    for _ in range(moves):
        right = slider.value + slider.step <= slider.max
        start = time.process_time()
        slider.value += slider.step if right else -slider.step
        took.append(1e3 * (time.process_time() - start))
    return took


def main(wanted):
    """Print a line for each lesson."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if wanted and path.stem[:2] not in wanted:
            continue
        quiet = contextlib.redirect_stdout(io.StringIO())
        with quiet, contextlib.redirect_stderr(io.StringIO()):
            with mock.patch("IPython.display.display", lambda *_, **__: None):
                shown = explorers_of(path)
        for explorer in shown:
            sliders = [c for c in explorer.controls.values() if hasattr(c, "step")]
            took = [cost_of(slider) for slider in sliders]
            if took:
                medians = ", ".join(f"{statistics.median(times):.1f}" for times in took)
                print(f"{path.stem[:2]}: {medians} ms; longest {max(map(max, took)):.0f} ms; "
                      f"{len(explorer.picture.value) / 1000:.0f} kB", flush=True)  # fmt: skip


if __name__ == "__main__":
    print("load", *os.getloadavg())
    main(sys.argv[1:])
