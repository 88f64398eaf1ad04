"""Build the course's web site, static files only: site/_build/html.

    python3 course.py site               book and JupyterLite
    python3 course.py site --no-lite     the book alone
    python3 course.py site --execute     run the lessons again, instead of their stored outputs
    python3 course.py site --pyodide DIR with Python for the browser from a folder, not from its CDN
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

SITE = Path(__file__).resolve().parent
ROOT = SITE.parent
sys.path[:0] = [str(SITE), str(ROOT)]
MODULES = SITE / "node_modules"
# What is copied from the npm packages: to, from, which files.
VENDOR = [
    ("mathjax", "mathjax", ["tex-chtml.js", "a11y/assistive-mml.js", "ui/*.js",
                            "input/tex/extensions/*.js"]),
    ("newcm", "@mathjax/mathjax-newcm-font", ["chtml.js", "chtml/woff2/*", "chtml/dynamic/*"]),
    *[(name, f"@fontsource-variable/{name}", ["index.css", "wght-italic.css", "files/*-wght-*"])
      for name in ("source-sans-3", "source-serif-4", "source-code-pro")],
]


def main(args):
    options = parse(args)
    out, start = Path(options.out).resolve(), time.perf_counter()
    fetch_packages()
    remove_old_pages(out)
    code = make_book(out, options)
    lay_vendor(out / "_static")
    lay_downloads(out)
    if not options.no_lite:
        import lite
        lite.build(out, pyodide=options.pyodide)
    import check
    faults = check.faults(out)
    print("\n".join(faults))
    tell(out, time.perf_counter() - start)
    return code or bool(faults)


def parse(args):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--no-lite", action="store_true", help="the book alone")
    parser.add_argument("--execute", action="store_true", help="run the lessons again")
    parser.add_argument("--pyodide", metavar="DIR", help="a folder with Pyodide to serve")
    parser.add_argument("--out", default=SITE / "_build" / "html", help="where to build")
    return parser.parse_args(args)


def fetch_packages():
    """Install what package-lock.json names into node_modules, unless it is there."""
    lock = (SITE / "package-lock.json").read_text(encoding="utf-8")
    stamp = MODULES / "course-stamp.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == lock:
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("The site's mathematics and fonts come from npm, and there is no npm here. Get it "
                 "with Node.js: https://nodejs.org, or on Debian and Ubuntu: sudo apt install npm")
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
                   cwd=SITE, check=True)
    stamp.write_text(lock, encoding="utf-8")


def lay_vendor(target):
    """Copy the parts of the npm packages that a reader's browser may ask for."""
    for folder, package, patterns in VENDOR:
        for pattern in patterns:
            for path in (MODULES / package).glob(pattern):
                copy = target / folder / path.relative_to(MODULES / package)
                copy.parent.mkdir(parents=True, exist_ok=True)
                if not copy.exists() or copy.stat().st_size != path.stat().st_size:
                    shutil.copyfile(path, copy)


def remove_old_pages(out):
    """Empty the folder of the last build; JupyterLite's part looks after itself."""
    if (out / ".buildinfo").exists():  # else it is not Sphinx's folder
        for path in out.iterdir():
            if path.is_dir() and path.name != "lite":
                shutil.rmtree(path)
            elif path.is_file():
                path.unlink()


def make_book(out, options):
    """Write the book's source and let Sphinx make pages of it; return its exit code."""
    import generate
    from sphinx.cmd.build import main as sphinx

    source = out.parent / "source"
    generate.write(source, lite=not options.no_lite)
    settings = ["-D", f"nb_execution_mode={'force' if options.execute else 'off'}",
                "-D", f"course_lite={int(not options.no_lite)}"]
    quietly = ["-q", "-a", "-W", "--keep-going", "-j", str(os.cpu_count() or 1)]
    places = ["-c", str(SITE), "-d", str(out.parent / "doctrees"), str(source), str(out)]
    return sphinx([*quietly, *settings, *places])


def lay_downloads(out):
    """Copy the notebooks as they are, for the download buttons."""
    for folder in ("notebooks", "exercises"):
        target = out / "download" / folder
        target.mkdir(parents=True, exist_ok=True)
        for path in (ROOT / folder).glob("*.ipynb"):
            shutil.copyfile(path, target / path.name)


def tell(out, seconds):
    """Say how large the site is and how long it took."""
    sizes = {part: size(out / part) for part in ("", "lite")}
    print(f"site {sizes['']:.1f} MB, of it JupyterLite {sizes['lite']:.1f} MB; "
          f"built in {seconds:.0f} s: {out / 'index.html'}")


def size(folder):
    """Return megabytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
