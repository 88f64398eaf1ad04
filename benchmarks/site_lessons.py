"""Building the book against the number of its lessons: CPU time, exponent and log-log picture.

    python benchmarks/site_lessons.py [PICTURE.png]

The first 1, 2, 4 … lessons with their sheets, each time in a fresh copy of the course whose
README lists no others; JupyterLite is left out. Links to other lessons have no target then.
"""

import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
COUNTS = (1, 2, 4, 8, 12, 17)
ROW = re.compile(r"^\| (\d\d) \| .*\n", re.M)
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "_build", "node_modules", "__pycache__")


def cpu_seconds(count, place):
    """Return the CPU time of building the book with that many lessons, from nothing."""
    course = Path(place) / "course"
    shutil.copytree(ROOT, course, ignore=LEFT_OUT)
    (course / "site" / "node_modules").symlink_to(ROOT / "site" / "node_modules")
    readme = course / "README.md"
    readme.write_text(
        ROW.sub(lambda row: row[0] * (int(row[1]) < count), readme.read_text("utf-8"))
    )
    before = spent()
    command = [sys.executable, "site/build.py", "--no-lite"]
    subprocess.run(command, cwd=course, capture_output=True)
    pages = list((course / "site" / "_build" / "html" / "notebooks").glob("*.html"))
    if len(pages) < count:
        sys.exit(f"{len(pages)} pages of {count} lessons were built")
    return spent() - before


def spent():
    """Return the CPU seconds of all processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def draw(times, each, fixed, path):
    """Draw the times and the straight line through them, which is bent in log-log."""
    from nnlib import plots

    fig, ax = plots.figure()
    ax.loglog(COUNTS, times, "o", color=plots.BLUE, label="measured")
    label = f"{fixed:.1f} s and {each:.2f} s a lesson"
    ax.loglog(COUNTS, fixed + each * np.array(COUNTS), "--", color=plots.VERMILLION, label=label)
    ax.set(xlabel="lessons", ylabel="CPU seconds", title="Each lesson adds the same to the build")
    ax.set_xticks(COUNTS, list(map(str, COUNTS)))
    ax.set_yticks([10, 15, 20, 25], ["10", "15", "20", "25"])
    ax.minorticks_off()
    ax.legend()
    fig.savefig(path, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "site"))
    import build

    build.fetch_packages()  # before the clock runs
    times = []
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as place:
            times.append(cpu_seconds(count, place))
        print(f"{count} lessons: {times[-1]:.1f} s CPU", flush=True)
    each, fixed = np.polyfit(COUNTS, times, 1)
    slope = np.polyfit(np.log(COUNTS[-3:]), np.log(times[-3:]), 1)[0]
    print(f"{fixed:.1f} s and {each:.2f} s a lesson; exponent {slope:.2f} at the end")
    if sys.argv[1:]:
        draw(times, each, fixed, sys.argv[1])
