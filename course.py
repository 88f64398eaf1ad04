#!/usr/bin/env python3
"""Everything the course needs, with only Python (3.11 to 3.15) and pip; nothing to activate:

    python3 course.py study    open the course in JupyterLab, on a workbook of your own
    python3 course.py test     run every test; arguments go to pytest: test -k convolution
    python3 course.py edit     open a notebook as text, run it, put it back (for authors)
    python3 course.py release  make the students' sheets from the instructor's (for authors)
    python3 course.py grade    grade a class: grading/README.md (for instructors)
    python3 course.py site     build the course's web site in site/_build/html

On Windows write `py` instead of `python3`. The first run builds a private environment
in .venv (a minute or two); later runs reuse it.
"""
# This file must at least parse on old Pythons, to say which one it needs.
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV, LOCK = ROOT / ".venv", ROOT / "requirements.lock"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
STAMP = VENV / "course-stamp.txt"
# What could make two machines behave differently is dropped from the environment.
DROPPED = ("PYTHON", "PYTEST", "MPL", "JUPYTERLAB_", "PIP_USER", "PIP_TARGET", "PIP_PREFIX",
           "PIP_ROOT", "PIP_PYTHON", "PIP_REQUIRE", "PIP_CONSTRAINT", "PIP_DRY_RUN")
TEST_SETTINGS = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                 "TQDM_DISABLE": "1"}
TEST_FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
SETTINGS = {  # JupyterLab asks nobody for news, and leaves out the kernel of the web site
    "share/jupyter/lab/settings/overrides.json": {
        "@jupyterlab/apputils-extension:notification": {
            "fetchNews": "false", "checkForUpdates": False}},
    "etc/jupyter/labconfig/page_config.json": {
        "disabledExtensions": {"@jupyterlite/pyodide-kernel-extension": True}}}


def say(sentence):
    print(f"[course] {sentence}", flush=True)


def stop(sentence):
    sys.exit(f"[course] {sentence}")


def environment(testing):
    """Return the variables for everything run here; tests also get no home configuration."""
    dropped = DROPPED + ("JUPYTER", "IPYTHON") if testing else DROPPED
    env = {name: text for name, text in os.environ.items() if not name.startswith(dropped)}
    folders = ("MPLCONFIGDIR",) + (TEST_FOLDERS if testing else ())
    env.update({name: str(VENV / "home" / name.lower()) for name in folders})
    env.update(TEST_SETTINGS if testing else {}, VIRTUAL_ENV=str(VENV), PYTHONUTF8="1",
               PIP_USER="0", PATH=f"{BIN}{os.pathsep}{env.get('PATH', '')}")
    return env


def wanted_stamp():
    """Return a text that changes with the lock, the Python in use and the folder."""
    lock = hashlib.sha256(LOCK.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
    return "\n".join([lock, sys.version, sysconfig.get_platform(), sys.base_prefix, str(ROOT)])


def is_ready():
    return (PYTHON.exists() and STAMP.exists()
            and STAMP.read_text(encoding="utf-8") == wanted_stamp())


def works(*command):
    return subprocess.run([str(part) for part in command], capture_output=True).returncode == 0


def pip_command():
    """Return a pip that installs into .venv: the one inside, or (Debian) the one outside."""
    if works(PYTHON, "-m", "pip", "--version"):
        return [PYTHON, "-m", "pip"]
    if works(sys.executable, "-m", "pip", "--version"):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    stop("This Python has no pip; on Debian or Ubuntu: sudo apt install python3-pip")


def make_venv():
    """Lay a bare .venv; without a pip in it where Debian took ensurepip away."""
    import venv
    try:
        import ensurepip.__main__ as own_pip
    except ImportError:
        own_pip = None
    venv.EnvBuilder(clear=True, symlinks=not WINDOWS, with_pip=bool(own_pip)).create(VENV)


def install_packages():
    """Install what the lock names, counting aloud."""
    total = len(re.findall("^[^ #]", LOCK.read_text(encoding="utf-8"), re.M))
    command = [*pip_command(), "--disable-pip-version-check", "--no-input", "install",
               "--no-deps", "--require-hashes", "--progress-bar", "off", "-r", LOCK]
    words = []
    with subprocess.Popen([str(part) for part in command], env=environment(True), cwd=str(ROOT),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                          errors="replace") as pip:
        for line in pip.stdout:
            words.append(line)
            seen = sum(word.startswith(("Collecting", "Ignoring")) for word in words)
            if sys.stdout.isatty():
                print(f"\r[course] package {seen} of {total} ", end="", flush=True)
    if pip.returncode:
        raise subprocess.CalledProcessError(pip.returncode, "pip", "".join(words))


def reason(error):
    """Put what went wrong, in pip's words or the system's, into one sentence."""
    words = str(getattr(error, "output", error))
    if re.search(r"no space left|not enough space|disk quota", words, re.I):
        return "The disk is full: free about 1 GB and run the same command again."
    if re.search(r"connection|timed? ?out|name resolution|getaddrinfo|proxy", words, re.I):
        return "No network, or a broken one: run the same command again when it is back."
    return "This did not work: " + next(iter(re.findall("ERROR: .*", words)), str(error))


def build():
    """Build .venv; the stamp comes last, so a half-built one is never taken for ready."""
    say("Building the private environment in .venv (once; a minute or two) ...")
    STAMP.unlink(missing_ok=True)
    make_venv()
    install_packages()
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    # a relative path: found wherever the folder lies, and plain ASCII whatever its name
    (packages / "course.pth").write_text(os.path.relpath(VENV.parent, packages) + "\n")
    for place, settings in SETTINGS.items():
        (VENV / place).parent.mkdir(parents=True, exist_ok=True)
        (VENV / place).write_text(json.dumps(settings), encoding="utf-8")
    warm_up()
    STAMP.write_text(wanted_stamp(), encoding="utf-8")


def warm_up():
    """Let matplotlib list the fonts now and not in the middle of a lesson."""
    subprocess.run([str(PYTHON), "-c", "import matplotlib.font_manager"], check=True,
                   env=environment(True))


def lab_arguments():
    """Bring the student's workbook up to date and open JupyterLab on its first lesson."""
    from grading.publishing import workbook
    for sentence in workbook.refresh(ROOT):
        say(sentence)
    folder = ROOT / "workbook"
    first = next((f"/{path.name}" for path in sorted(folder.glob("notebooks/00_*.ipynb"))), "")
    root = ["--allow-root"] if not WINDOWS and os.getuid() == 0 else []
    return ["-m", "jupyterlab", f"--ServerApp.root_dir={folder}",
            f"--LabApp.default_url=/lab/tree/notebooks{first}", *root]


VERBS = {"study": lab_arguments,
         "test": lambda: ["-m", "pytest"],
         "edit": lambda: ["-m", "grading.publishing.notebooks"],
         "release": lambda: ["-m", "grading.publishing.release"],
         "grade": lambda: ["-m", "grading"],
         "site": lambda: [str(ROOT / "site" / "build.py")]}


def run(verb, args):
    """Hand over to the private Python; its exit code and Ctrl-C go straight through."""
    command = [str(PYTHON), *VERBS[verb](), *args]
    env = environment(testing=verb not in ("study", "grade"))
    os.chdir(str(ROOT))
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(command[0], command, env)
    return subprocess.run(command, env=env).returncode


def main(args):
    if not (3, 11) <= sys.version_info[:2] <= (3, 15):
        found = ".".join(str(number) for number in sys.version_info[:2])
        stop(f"This is Python {found} and the course needs 3.11 to 3.15; with several installed, "
             "name one: python3.13 course.py study (Windows: py -3.13 course.py study).")
    if not args or args[0] not in VERBS:
        sys.exit(__doc__.strip())
    try:
        if not is_ready():
            build()
        return run(args[0], args[1:])
    except KeyboardInterrupt:
        stop("Stopped; the same command goes on from here.")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        if not STAMP.exists():
            shutil.rmtree(str(VENV), ignore_errors=True)
        stop(reason(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
