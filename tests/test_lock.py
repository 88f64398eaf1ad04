"""requirements.lock is the answer to requirements.txt, for every Python and system we name."""

import re
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
AGAIN = "make requirements.lock again with the command in its first lines"
SYSTEMS = [
    ("linux", "Linux", "posix", "x86_64"),
    ("linux", "Linux", "posix", "aarch64"),
    ("darwin", "Darwin", "posix", "x86_64"),
    ("darwin", "Darwin", "posix", "arm64"),
    ("win32", "Windows", "nt", "AMD64"),
]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def asked():
    """Return the requirements a person wrote."""
    lines = (line.split("#")[0].strip() for line in text("requirements.txt").splitlines())
    return [Requirement(line) for line in lines if line]


def entries():
    """Return the lock's entries: (requirement, all that is said about it)."""
    found = re.findall(r"^([a-z0-9][^\\\n]*)\\\n((?:^ .*\n?)+)", text("requirements.lock"), re.M)
    return [(Requirement(name), rest) for name, rest in found]


def on(requirements, python, system):
    """Return the requirements that hold on this machine."""
    names = ("sys_platform", "platform_system", "os_name", "platform_machine")
    machine = {
        **default_environment(),
        **dict(zip(names, system, strict=True)),
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    return [need for need in requirements if not need.marker or need.marker.evaluate(machine)]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: f"{system[0]}-{system[3]}")
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14", "3.15"])
def test_every_requirement_is_pinned_to_one_version_it_allows(python, system):
    pinned = on([need for need, _ in entries()], python, system)
    names = [need.name for need in pinned]
    assert len(names) == len(set(names))
    versions = {need.name: next(iter(need.specifier)).version for need in pinned}
    for need in on(asked(), python, system):
        assert need.name in versions, f"{need} is not in the lock: {AGAIN}"
        assert versions[need.name] in need.specifier, f"{need}: {AGAIN}"


def test_the_lock_follows_what_is_asked_and_nothing_else():
    direct = {need.name for need, rest in entries() if "-r requirements.txt" in rest}
    assert direct == {need.name for need in asked()}, AGAIN


def test_every_entry_is_one_version_with_hashes():
    assert len(entries()) == len(re.findall(r"^[^ #\n]", text("requirements.lock"), re.M)) > 50
    for need, rest in entries():
        assert [pin.operator for pin in need.specifier] == ["=="]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", rest), need


def test_the_lock_names_no_place():
    assert not re.search(r"://|--index|--find-links|/tmp|/home|/root", text("requirements.lock"))


def test_the_lock_tells_how_it_is_made():
    assert re.search("uv pip compile requirements.txt .*--universal", text("requirements.lock"))


def test_people_are_told_why_each_package_is_there():
    lines = [line for line in text("requirements.txt").splitlines() if re.match("[a-z]", line)]
    assert all(re.search(r"  # \w+", line) for line in lines)
    assert not {"scipy", "scikit-learn"} & {need.name for need in asked()}


def test_the_package_asks_for_no_more_than_the_course():
    project = re.search(r"^dependencies = \[(.*)\]", text("pyproject.toml"), re.M)[1]
    needs = [Requirement(name) for name in re.findall('"([^"]+)"', project)]
    assert {str(need) for need in needs} < {str(need) for need in asked()}
