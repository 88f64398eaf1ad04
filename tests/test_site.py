"""The web site's own rules: what its checker sees, and the pages made from the course."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest

from grading import spec
from nnlib.diagnosis import MISTAKES

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "site"))
build, check, extension, generate = map(
    __import__, ("build", "check", "extension", "generate"))
STEMS = [stem for _, _, stem, _ in generate.lessons()]
each_sheet = pytest.mark.parametrize("stem", spec.stems())


@pytest.fixture(scope="module")
def source():
    return dict(generate.files(lite=True))


# ---- the checker can fail ----

FAULTS = {
    '<a href="gone.html">x</a>': "not there",
    '<a href="#gone">x</a>': "no such place",
    '<a href="b.html#gone">x</a>': "no such place",
    '<img src="b.png">': "described as None",
    '<img src="b.png" alt="b.png">': "described as",
    '<img src="b.png" alt="_images/3fe">': "described as",
    '<img src="gone.png" alt="A network of two layers">': "not there",
    '<script src="https://cdn.example.org/x.js"></script>': "from elsewhere",
    '<link rel="stylesheet" href="//fonts.example.org/x.css">': "from elsewhere",
}


@pytest.mark.parametrize("markup", FAULTS)
def test_the_checker_tells_what_a_reader_would_stumble_over(markup, tmp_path):
    (tmp_path / "a.html").write_text(markup)
    (tmp_path / "b.html").write_text("<p id='here'>")
    (tmp_path / "b.png").write_text("")
    (fault,) = check.faults(tmp_path)
    assert fault.startswith("a.html: ") and FAULTS[markup] in fault


def test_the_checker_is_silent_about_a_good_page(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">x</a><a href="https://example.org">x</a><a href="#top">x</a>'
        '<p id="top"><img src="b.png" alt="A network of two layers"><img src="b.png" alt="">')
    (tmp_path / "b.html").write_text("<p id='here'>")
    (tmp_path / "b.png").write_text("")
    assert check.faults(tmp_path) == []


# ---- pages made from the course ----


def test_the_table_of_the_readme_names_every_lesson():
    assert STEMS == [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]


def test_every_equation_is_on_its_page_with_what_measured_it(source):
    numbers = re.findall(r"^\((\d+\.\d+)\)$", source["equations.md"], re.M)
    assert numbers == list(extension.places())
    assert len(re.findall("^[✓≔] .+", source["equations.md"], re.M)) == len(numbers) > 500


def test_every_printed_mistake_and_every_name_is_on_its_page(source):
    lesson = (ROOT / "notebooks" / "16_the_checker_reads_the_notes.ipynb").read_text("utf-8")
    tried = int(re.search(r"(\d+) claims failed", lesson)[1])
    rows = source["mistakes.md"].splitlines()
    assert sum(row.startswith("| (16.") for row in rows) == tried
    assert sum(row.startswith("| `") for row in rows) == len(MISTAKES)


def test_every_wrong_answer_of_the_sheets_is_on_its_page(source):
    known = sum(len(wrong) for stem in spec.stems() for wrong in spec.load(stem).mistakes.values())
    section = source["mistakes.md"].partition("## Known to the sheets")[2]
    assert len(re.findall("^- ", section, re.M)) == known > 900


@each_sheet
def test_hints_and_solutions_of_a_sheet_are_folded(stem, source):
    nb = nbformat.reads(source[f"exercises/{stem}.ipynb"], 4)
    folded = "\n".join(cell.source for cell in nb.cells if cell.id.startswith("hint-"))
    open_text = "\n".join(cell.source for cell in nb.cells if not cell.id.startswith("hint-"))
    count = len(spec.load(stem).questions)
    assert folded.count("<summary>Hint") == 3 * count
    assert folded.count("<summary>Solution") == count
    assert "SOLUTION" not in folded + open_text and "hint(" not in open_text


def test_every_public_module_has_a_page_of_the_reference(source):
    for name in generate.modules():
        assert f".. automodule:: nnlib.{name}\n" in source[f"reference/{name}.md"]
        assert f"\nreference/{name}\n" in source["reference.md"]


@pytest.mark.parametrize("path", [path.relative_to(ROOT).as_posix() for folder in
                                  ("notebooks", "exercises")
                                  for path in sorted((ROOT / folder).glob("*.ipynb"))])
def test_every_way_to_open_a_notebook_leads_to_a_file_of_the_tree(path):
    bar = extension.launch_bar(path.removesuffix(".ipynb"), "https://github.com/a/b", "main", True)
    links = re.findall('href="([^"]+)"', bar)
    assert links[0] == f"../lite/notebooks/index.html?path={path}"
    assert links[1] == f"https://colab.research.google.com/github/a/b/blob/main/{path}"
    assert links[2] == f"../download/{path}"
    assert "%pip install -q git+https://github.com/a/b" in bar
    hints = "https://github.com/a/b/raw/main/exercises/hints.json"
    assert (hints in bar) == path.startswith("exercises/")
    assert (ROOT / hints.partition("/main/")[2]).exists()
    for other in links[3:]:
        assert (ROOT / other.removeprefix("../").replace(".html", ".ipynb")).exists()
    assert "lite/" not in extension.launch_bar(path[:-6], "https://github.com/a/b", "main", False)


# ---- what is fetched ----


def test_the_npm_lock_names_versions_and_no_place():
    text = (ROOT / "site" / "package-lock.json").read_text(encoding="utf-8")
    packages = [p for name, p in json.loads(text)["packages"].items() if name]
    assert "resolved" not in text
    assert all(p["version"] and p["integrity"].startswith("sha512-") for p in packages)
    for name, version in json.loads((ROOT / "site" / "package.json").read_text())[
            "dependencies"].items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name


def test_without_npm_the_build_says_what_is_missing_and_where_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "MODULES", tmp_path)
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="no npm here.*nodejs.org"):
        build.fetch_packages()
