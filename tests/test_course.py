"""course.py: set-up that never leaves a half-built environment, and one sentence for each trouble.

The real installation is not repeated here: these tests run inside one.
"""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
import types
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def load(folder):
    """Return the module of the course.py that lies in `folder`."""
    spec = importlib.util.spec_from_file_location("a_course", folder / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fake(course, monkeypatch):
    """Let set-up lay a bare environment, and let verbs be recorded instead of run."""
    course.calls = []
    bare = venv.EnvBuilder(clear=True, symlinks=os.name != "nt")
    monkeypatch.setattr(course, "make_venv", lambda: bare.create(course.VENV))
    monkeypatch.setattr(course, "install_packages", lambda: course.calls.append("install"))
    monkeypatch.setattr(course, "warm_up", lambda: None)
    monkeypatch.setattr(course, "run", lambda verb, args: course.calls.append(verb))
    return course


@pytest.fixture
def folder(tmp_path):
    """Return a course that is only a skeleton, in a folder with spaces and accents."""
    folder = tmp_path / "päth with späces"
    (folder / "nnlib").mkdir(parents=True)
    (folder / "nnlib" / "__init__.py").touch()
    shutil.copy(ROOT / "course.py", folder)
    (folder / "requirements.lock").write_text("numpy==2.4.6 \\\n    --hash=sha256:00\n")
    return folder


@pytest.fixture
def course(folder, monkeypatch):
    return fake(load(folder), monkeypatch)


def sentence(course, capsys, *args):
    """Run a command that must fail; return what it says, which must be one sentence."""
    with pytest.raises(SystemExit) as stopped:
        course.main(list(args))
    said = str(stopped.value.code)
    assert said.startswith("[course] ") and "\n" not in said  # Python prints it and exits with 1
    return said


def test_built_once(course):
    course.main(["test"])
    course.main(["test"])
    assert course.calls == ["install", "test", "test"]


def test_the_package_is_found_from_anywhere(course, tmp_path):
    course.main(["test"])
    found = subprocess.run(
        [course.PYTHON, "-c", "import nnlib; print(nnlib.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env=course.environment(True),
        check=True,
    ).stdout
    assert Path(found.strip()).samefile(course.ROOT / "nnlib" / "__init__.py")
    pth = next(course.VENV.rglob("course.pth"))
    assert pth.read_bytes().isascii() and str(course.ROOT) not in pth.read_text()


def test_rebuilt_when_the_lock_changes(course):
    course.main(["test"])
    course.LOCK.write_text("numpy==2.4.7\n")
    course.main(["test"])
    assert course.calls.count("install") == 2


def test_line_ends_of_the_lock_do_not_matter(course):
    course.main(["test"])
    course.LOCK.write_bytes(course.LOCK.read_bytes().replace(b"\n", b"\r\n"))
    assert course.is_ready()


@pytest.mark.parametrize("name", ["version", "base_prefix"])
def test_rebuilt_when_python_changes(course, monkeypatch, name):
    course.main(["test"])
    assert course.is_ready()
    monkeypatch.setattr(sys, name, getattr(sys, name) + "+")
    assert not course.is_ready()


def test_rebuilt_when_its_python_is_gone(course):
    course.main(["test"])
    course.PYTHON.unlink()
    assert not course.is_ready()


def test_a_copied_folder_gets_its_own(course, monkeypatch, tmp_path):
    course.main(["test"])
    shutil.copytree(course.ROOT, tmp_path / "cöpy", symlinks=True)
    copy = fake(load(tmp_path / "cöpy"), monkeypatch)
    assert not copy.is_ready()
    copy.main(["test"])
    prefix = subprocess.run(
        [copy.PYTHON, "-c", "import sys; print(sys.prefix)"],
        check=True,
        capture_output=True,
        encoding="utf-8",
        env=copy.environment(True),
    )
    assert Path(prefix.stdout.strip()).samefile(copy.VENV)
    assert course.is_ready()


PIP_SAYS = [
    ("Failed to establish a new connection: [Errno 111] Connection refused", "network"),
    ("[Errno -3] Temporary failure in name resolution", "network"),
    ("Read timed out.", "network"),
    ("OSError: [Errno 28] No space left on device", "disk is full"),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "DO NOT MATCH THE HASHES"),
    ("gibberish", "did not work"),
]


@pytest.mark.parametrize("words, expected", PIP_SAYS)
def test_a_failing_pip_is_one_sentence_and_the_next_run_recovers(
    folder, monkeypatch, capsys, words, expected
):
    course = load(folder)
    install = course.install_packages
    fake(course, monkeypatch)
    failing = [sys.executable, "-c", f"print({words!r}); raise SystemExit(1)"]
    monkeypatch.setattr(course, "pip_command", lambda: failing)
    with monkeypatch.context() as broken:
        broken.setattr(course, "install_packages", install)
        assert expected in sentence(course, capsys, "test")
    assert not course.VENV.exists()
    course.main(["test"])
    assert course.is_ready() and course.calls == ["install", "test"]


def test_a_full_disk_is_one_sentence(course, monkeypatch, capsys):
    def full():
        course.VENV.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(course, "make_venv", full)
    assert "disk is full" in sentence(course, capsys, "study")
    assert not course.VENV.exists()


@pytest.mark.parametrize("step", ["install_packages", "warm_up"])
def test_an_interrupted_build_is_begun_again(course, monkeypatch, capsys, step):
    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(course, step, interrupted)
        assert "Stopped" in sentence(course, capsys, "test")
    assert not course.is_ready()
    course.main(["test"])
    assert course.is_ready()


def test_a_rebuild_cut_short_does_not_pass_for_the_old_one(course, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    course.main(["test"])
    with monkeypatch.context() as other:
        other.setattr(sys, "version", "another Python")
        other.setattr(course, "make_venv", interrupted)
        with pytest.raises(SystemExit):
            course.main(["test"])
    assert not course.is_ready()


def test_a_python_without_any_pip_is_told_how_to_get_one(course, monkeypatch, capsys):
    monkeypatch.setattr(course, "works", lambda *command: False)
    monkeypatch.setattr(course, "install_packages", course.pip_command)
    assert "apt install python3-pip" in sentence(course, capsys, "test")


def test_without_a_pip_inside_the_one_outside_is_used(course, monkeypatch):
    monkeypatch.setattr(course, "works", lambda python, *rest: python == sys.executable)
    assert course.pip_command() == [sys.executable, "-m", "pip", "--python", course.PYTHON]


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 16, 0)])
def test_a_python_that_does_not_fit_is_named(course, monkeypatch, capsys, version):
    other = types.SimpleNamespace(version_info=version, exit=sys.exit)
    monkeypatch.setattr(course, "sys", other)
    said = sentence(course, capsys, "study")
    assert f"Python {version[0]}.{version[1]} " in said and "3.11 to 3.15" in said
    assert course.calls == []


def test_old_pythons_can_read_the_file():
    ast.parse((ROOT / "course.py").read_text(encoding="utf-8"), feature_version=(3, 6))


@pytest.mark.parametrize("args", [[], ["--help"], ["tets"]])
def test_an_unknown_verb_prints_the_usage(course, args):
    with pytest.raises(SystemExit, match=r"python3 course\.py study"):
        course.main(args)
    assert course.calls == []


def test_home_configuration_is_shut_out_of_tests(course, monkeypatch):
    for name in (
        "PYTHONPATH",
        "PYTHONOPTIMIZE",
        "PYTEST_ADDOPTS",
        "MPLBACKEND",
        "PIP_TARGET",
        "JUPYTER_PATH",
        "JUPYTER_CONFIG_PATH",
    ):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("IPYTHONDIR", "/elsewhere")
    env = course.environment(testing=True)
    assert "/elsewhere" not in env.values()
    assert env["OPENBLAS_NUM_THREADS"] == env["TQDM_DISABLE"] == "1"
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        assert Path(env[name]).is_relative_to(course.VENV)


def test_a_student_keeps_progress_bars_and_jupyter_settings(course, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", "/mine")
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    env = course.environment(testing=False)
    assert env["JUPYTER_CONFIG_DIR"] == "/mine" and "TQDM_DISABLE" not in env


def test_study_opens_the_first_lesson_of_the_workbook(course):
    (course.ROOT / "notebooks").mkdir()
    (course.ROOT / "notebooks" / "00_start.ipynb").write_text("{}")
    arguments = course.lab_arguments()
    assert f"--ServerApp.root_dir={course.ROOT / 'workbook'}" in arguments
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start.ipynb" in arguments
    assert (course.ROOT / "workbook" / "notebooks" / "00_start.ipynb").exists()


def test_study_says_what_it_laid_beside(course, capsys):
    lesson = course.ROOT / "notebooks" / "00_start.ipynb"
    lesson.parent.mkdir()
    lesson.write_text("old")
    course.lab_arguments()
    (course.ROOT / "workbook" / "notebooks" / "00_start.ipynb").write_text("mine")
    lesson.write_text("new")
    course.lab_arguments()
    assert "notebooks/00_start.new.ipynb" in capsys.readouterr().out


def test_the_file_stays_short():
    assert len((ROOT / "course.py").read_text(encoding="utf-8").splitlines()) <= 200
