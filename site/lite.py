"""The course running in the browser: JupyterLite with the lessons, the sheets and nnlib.

    python site/lite.py OUT                  OUT/lite, with Pyodide from its public place
    python site/lite.py OUT --pyodide DIR    OUT/lite, with what it needs of Pyodide's release DIR
    python site/lite.py --lock FILE          after a new Pyodide: keep what we need of its lock

Static files only, no network: the pure Python packages that Pyodide lacks are packed from the
environment this runs in, and everything is named in one lock file, so that a plain `import`
installs it.
"""

import argparse
import gzip
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

import nbformat
from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION
from packaging.utils import canonicalize_name

from grading.publishing import workbook

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "site" / "lite"
LOCK = HERE / "pyodide-lock.json"
EXTENSIONS = Path(sysconfig.get_path("data"), "share", "jupyter", "labextensions")
KERNEL = "@jupyterlite/pyodide-kernel-extension"
WIDGETS = "@jupyter-widgets/jupyterlab-manager"
APPS = ("lab", "notebooks", "tree", "edit")
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")

# name: what it is imported as, what it needs. The rest is Pyodide's own.
COURSE = {"backprop-by-hand": ("nnlib", ["numpy", "matplotlib", "ipywidgets", "tqdm"])}
KERNEL_WHEELS = {
    "ipykernel": ("ipykernel", ["pyodide-kernel"]),
    "piplite": ("piplite", ["micropip"]),
    "pyodide-kernel": ("pyodide_kernel", ["comm", "ipython", "jedi"]),
}
PURE = {
    "ipywidgets": ("ipywidgets", ["comm", "ipython", "traitlets"]),
    "comm": ("comm", ["traitlets"]),
    "tqdm": ("tqdm", []),
}
WHEELS = COURSE | KERNEL_WHEELS | PURE
STARTED_WITH = ["micropip", *KERNEL_WHEELS, "comm", "jedi", "ipython", *COURSE]


def build(out, pyodide=None):
    """Fill `out/lite`, and tell its size and the time it took.

    Parameters
    ----------
    out : path
        The site's folder.
    pyodide : path, optional
        A folder with Pyodide's release: what is needed of it is copied into the site. Without it
        browsers fetch Pyodide from the kernel's default place.
    """
    began, lite = time.monotonic(), Path(out) / "lite"
    shutil.rmtree(lite, ignore_errors=True)
    with tempfile.TemporaryDirectory() as place:
        lay_files(Path(place, "files"))
        run_jupyterlite(Path(place), lite, settings(pyodide))
    lay_pyodide(lite / "static" / "pyodide", pyodide)
    lay_notices(lite)
    print(f"JupyterLite: {size(lite)}, built in {time.monotonic() - began:.0f} s")


# ---------------------------------------------------------------- lessons and sheets


def lay_files(folder):
    """Copy what a student gets; each notebook says in its metadata which text it was given."""
    for name in workbook.names(ROOT):
        content = (ROOT / name).read_bytes()
        workbook.put(marked(content) if name.endswith(".ipynb") else content, folder / name)
    shutil.copy(HERE / "README.md", folder)


def marked(content):
    """Return a notebook with the fingerprint of its text in its metadata."""
    notebook = nbformat.reads(content.decode(), 4)  # joins lines: JupyterLite would not
    notebook.metadata["course"] = {"text": fingerprint(notebook)}
    return json.dumps(notebook, ensure_ascii=False).encode()


def fingerprint(notebook):
    """Name what a person could have written, as `fingerprint` in course.js does."""
    pairs = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    text = "".join(f"{kind}\0{source}\0" for kind, source in pairs if source.strip())
    return f"{zlib.crc32(text.encode()):08x}"


# ---------------------------------------------------------------- JupyterLite


def settings(pyodide):
    """Return JupyterLite's settings: where Pyodide is, what the kernel begins with."""
    text = json.loads((HERE / "jupyter-lite.json").read_text(encoding="utf-8"))
    plugins = text["jupyter-config-data"].setdefault("litePluginSettings", {})
    kernel = plugins.setdefault(f"{KERNEL}:kernel", {})
    kernel["disablePyPIFallback"] = True
    kernel["loadPyodideOptions"] = {
        "lockFileURL": "./static/pyodide/pyodide-lock.json", "packages": STARTED_WITH
    }  # fmt: skip
    if pyodide:
        kernel["pyodideUrl"] = "./static/pyodide/pyodide.mjs"
    return text


def run_jupyterlite(place, lite, lite_settings):
    """Let JupyterLite build its own part, with two extensions and no source maps."""
    options = {
        "contents": ["files"], "apps": APPS, "no_sourcemaps": True,
        "no_unused_shared_packages": True, "ignore_sys_prefix": ["federated_extensions"],
        "federated_extensions": [str(EXTENSIONS / name) for name in (KERNEL, WIDGETS)],
    }  # fmt: skip
    write(place / "jupyter_lite_config.json", {"LiteBuildConfig": options})
    write(place / "jupyter-lite.json", lite_settings)
    shutil.copy(HERE / "overrides.json", place)
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--output-dir", lite.resolve()]
    env = {**os.environ, "JUPYTER_CONFIG_DIR": str(place), "JUPYTER_NO_CONFIG": "1"}
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"JupyterLite was not built: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def write(path, thing):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(thing, indent=1) + "\n", encoding="utf-8")


# ---------------------------------------------------------------- Pyodide and packages


def lay_pyodide(folder, pyodide):
    """Lay the lock file, the wheels it names that are ours, and (if given) Pyodide itself."""
    folder.mkdir(parents=True)
    source = Path(pyodide) / "pyodide-lock.json" if pyodide else LOCK
    lock = json.loads(source.read_text(encoding="utf-8"))
    official = {name: dict(entry) for name, entry in lock["packages"].items()}
    if pyodide is None:
        for entry in official.values():
            entry["file_name"] = f"{PYODIDE_CDN_URL}/{entry['file_name']}"
    lock["packages"] = chosen(official, ours(folder))
    if pyodide:
        names = [entry["file_name"] for entry in lock["packages"].values()]
        for name in [*CORE, *(name for name in names if "/" not in name)]:
            if not (folder / name).exists():
                shutil.copy(Path(pyodide) / name, folder)
    write(folder / "pyodide-lock.json", lock)


def chosen(official, own):
    """Return the lock's entries for what the course needs and no more; our own go first."""
    found, waiting = {}, [*STARTED_WITH]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found[name] = own.get(name) or official[name]
            waiting += found[name]["depends"]
    return dict(sorted(found.items()))


def ours(folder):
    """Make the wheels that Pyodide lacks; return their entries for the lock."""
    wheels = {name: folder / pack(name, folder) for name in PURE}
    wheels |= {"backprop-by-hand": nnlib_wheel(folder)}
    kernel = folder.parents[1] / "extensions" / KERNEL / "static" / "pypi"
    wheels |= {name: next(kernel.glob(f"{name.replace('-', '_')}-*.whl")) for name in KERNEL_WHEELS}
    return {name: entry(name, wheel, folder, *WHEELS[name]) for name, wheel in wheels.items()}


def entry(name, wheel, folder, imported, depends):
    """Describe a wheel as Pyodide's lock file does."""
    return {
        "name": name, "version": wheel.name.split("-")[1], "imports": [imported],
        "file_name": Path(os.path.relpath(wheel, folder)).as_posix(),
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(), "depends": depends,
        "install_dir": "site", "package_type": "package", "unvendored_tests": False,
    }  # fmt: skip


def nnlib_wheel(folder):
    """Build nnlib's wheel, in a folder that changes with it: no browser takes an old one."""
    from flit_core.wheel import make_wheel_in

    with tempfile.TemporaryDirectory() as place:
        wheel = make_wheel_in(ROOT / "pyproject.toml", Path(place)).file
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()[:12]
        (folder / digest).mkdir()
        return Path(shutil.copy(wheel, folder / digest))


def pack(name, folder):
    """Pack an installed pure Python package into a wheel again; return its file name."""
    installed = importlib.metadata.distribution(name)
    file_name = f"{name.replace('-', '_')}-{installed.version}-py3-none-any.whl"
    with zipfile.ZipFile(folder / file_name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in sorted(installed.files):
            inside = path.parts[0] != ".." and path.suffix != ".pyc"
            if inside and path.name not in ("INSTALLER", "REQUESTED", "direct_url.json"):
                wheel.writestr(zipfile.ZipInfo(path.as_posix()), path.read_binary(), 8)
    return file_name


# ---------------------------------------------------------------- notices


def lay_notices(lite):
    """Let course.js run before each of JupyterLite's pages starts."""
    shutil.copy(HERE / "course.js", lite)
    notebooks = [name for name in workbook.names(ROOT) if name.endswith(".ipynb")]
    texts = {name: fingerprint(json.loads((ROOT / name).read_bytes())) for name in notebooks}
    write(lite / "lessons.json", texts)
    ours = "await import('../course.js').catch(console.error);\n        "
    for app in APPS:
        page = lite / app / "index.html"
        before, start, after = page.read_text(encoding="utf-8").partition("await import(")
        assert start, f"{page} no longer starts by an import"
        page.write_text(f"{before}{ours}{start}{after}", encoding="utf-8")


def size(folder):
    """Tell how large a folder is, as stored and as sent."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    stored, sent = (sum(map(len, kind)) / 1e6 for kind in (files, map(gzip.compress, files)))
    return f"{len(files)} files, {stored:.1f} MB, {sent:.1f} MB gzipped"


def keep_lock(file):
    """Keep of an official pyodide-lock.json the entries that the course needs."""
    lock = json.loads(Path(file).read_text(encoding="utf-8"))
    needed = chosen(lock["packages"], {n: {"depends": WHEELS[n][1]} for n in WHEELS})
    lock["info"]["pyodide"] = PYODIDE_VERSION
    lock["packages"] = {name: lock["packages"][name] for name in needed if name not in WHEELS}
    write(LOCK, lock)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--pyodide", type=Path, help="folder with Pyodide's release")
    parser.add_argument("--lock", type=Path, help="an official pyodide-lock.json")
    given = parser.parse_args()
    if given.lock:
        keep_lock(given.lock)
    if given.out:
        build(given.out, given.pyodide)


if __name__ == "__main__":
    main()
