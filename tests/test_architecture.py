"""The order of the house, read from the sources: who imports whom, sizes, names, cost."""

import ast
import importlib
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "nnlib").glob("*.py")}
TREES = {name: ast.parse(text) for name, text in SOURCES.items()}
GRADING = list((ROOT / "grading").rglob("*.py"))
each_module = pytest.mark.parametrize("module", sorted(SOURCES))

# Who may call on whom. `_shapes` is the floor on which everyone stands.
MAY_IMPORT = {
    "__init__": set(),
    "_shapes": set(),
    "mistakes": set(),
    "diagnosis": {"mistakes"},
    "ladder": set(),
    "slopes": {"_shapes", "ladder", "mistakes"},
    "ties": {"ladder"},
    "trial": {"ladder", "mistakes", "slopes", "ties", "diagnosis"},
    "gradcheck": {"mistakes", "slopes", "diagnosis", "trial"},
    "autodiff": set(),
    "activations": {"_shapes"},
    "losses": {"_shapes", "activations"},
    "initializers": {"_shapes"},
    "layers": {"_shapes", "activations", "initializers"},
    "convolution": {"_shapes", "activations", "initializers"},
    "attention": {"_shapes", "activations", "initializers", "layers"},
    "network": {"layers"},
    "optimizers": set(),
    "training": {"network", "losses", "optimizers"},
    "datasets": set(),
    "plots": set(),
    "sheets": set(),
    "explorers": {"plots"},
    "graphs": {"plots", "explorers", "autodiff"},
    "playground": set(SOURCES) - {"sheets", "graphs", "playground"},
}
# What may be loaded when it is first needed, inside a function; at the top it is numpy alone.
MAY_LOAD_LATE = {
    "plots": {"matplotlib", "cycler", "IPython", "PIL"},
    "training": {"tqdm"},
    "slopes": {"tqdm"},
    "mistakes": {"IPython"},
    "sheets": {"IPython"},
    "explorers": {"matplotlib"},
}
MOVING = {"explorers", "graphs", "playground"}  # loaded by who moves something
LIGHT = [f"nnlib.{name}" for name in sorted(set(SOURCES) - MOVING - {"__init__"})]
HEAVY = {"matplotlib", "ipywidgets", "scipy", "sklearn", "IPython", "tqdm", "pandas", "torch"}
FORBIDDEN_NAMES = {"grad", "dout", "cache", "tmp"}


def imports(tree):
    """Return (module, at the top?) for every import, wherever it stands."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = "nnlib" if node.level else node.module
            inside = base == "nnlib"
            names = [f"nnlib.{a.name}" for a in node.names] if inside else [node.module]
        else:
            continue
        found += [(name, node in tree.body) for name in names]
    return found


def others_in_house(tree):
    return {name.split(".")[1] for name, _ in imports(tree) if name.startswith("nnlib.")}


def guests(tree, top):
    """Return the packages from elsewhere that are imported at the top, or later."""
    names = {name.split(".")[0] for name, at_top in imports(tree) if at_top == top}
    return names - {"nnlib"} - sys.stdlib_module_names


def functions(tree):
    return [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]


def body_length(function, text):
    """Count the lines of code in a body: no docstring, no blank line, no comment line."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return 0
    lines = text.splitlines()[body[0].lineno - 1 : function.end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)


def public_without_docstring(tree):
    def walk(node, where):
        for child in node.body:
            if not isinstance(child, (ast.FunctionDef, ast.ClassDef)) or child.name[0] == "_":
                continue
            setter = any(getattr(d, "attr", "") == "setter" for d in child.decorator_list)
            if not setter and not ast.get_docstring(child):
                yield f"{where}{child.name}"
            if isinstance(child, ast.ClassDef):
                yield from walk(child, f"{where}{child.name}.")

    return ([] if ast.get_docstring(tree) else ["the module"]) + list(walk(tree, ""))


def identifiers(tree):
    """Return every name the code gives or uses: variables, arguments, attributes, functions."""
    kinds = {ast.Name: "id", ast.arg: "arg", ast.Attribute: "attr", ast.keyword: "arg",
             ast.FunctionDef: "name", ast.ClassDef: "name", ast.alias: "asname"}  # fmt: skip
    return {getattr(n, kinds[type(n)]) for n in ast.walk(tree) if type(n) in kinds} - {None}


def global_randomness(text):
    """Return uses of numpy's global generator, and generators that nobody seeded."""
    used = re.findall(r"\b(?:np|numpy)\.random\.(?!Generator\b|default_rng\b)\w+", text)
    return used + re.findall(r"default_rng\(\s*\)", text)


def docstrings(tree):
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return [ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, documented)]


def comments(text):
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def quoted_numbers(text):
    """Return the numbers of equations that stand in docstrings and in comments."""
    prose = "\n".join([*docstrings(ast.parse(text)), *comments(text)])
    return set(re.findall(r"\((\d{1,2}\.\d{1,2}[a-z]?)\)", prose))


def lesson_tags():
    tags = set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            tags |= set(re.findall(r"\\tag\{([^}]+)\}", "".join(cell["source"])))
    return tags


@each_module
def test_imports_in_the_house_follow_its_order(module):
    assert module in MAY_IMPORT, f"{module} has no room in the house: give it a row in MAY_IMPORT"
    assert others_in_house(TREES[module]) <= MAY_IMPORT[module]


@each_module
def test_nothing_but_numpy_is_imported_at_the_top_and_little_later(module):
    widgets = {"ipywidgets", "traitlets"} if module == "explorers" else set()
    assert guests(TREES[module], top=True) <= {"numpy"} | widgets
    assert guests(TREES[module], top=False) <= MAY_LOAD_LATE.get(module, set()) | {"numpy"}


def test_the_order_has_no_circle():
    settled = set()
    while len(settled) < len(MAY_IMPORT):
        ready = {name for name, below in MAY_IMPORT.items() if below & set(MAY_IMPORT) <= settled}
        assert ready - settled, f"a circle among {set(MAY_IMPORT) - settled}"
        settled |= ready


def test_importing_every_light_module_loads_nothing_heavy():
    code = f"import nnlib, sys, {', '.join(LIGHT)}\nprint(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    loaded = set(run.stdout.split())
    assert set(LIGHT) <= loaded, run.stderr
    assert not HEAVY & loaded


def cpu_seconds(code):
    """Return user + system time of a fresh Python that runs `code`."""
    resource = pytest.importorskip("resource", reason="Windows does not count a child's time")

    def spent():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = spent()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=environment)
    return spent() - before


def cost_against_numpy(code, rounds=15):
    """Return the median ratio of pairs, measured in turn: a busy machine slows both of a pair."""
    cpu_seconds(code)  # the first run writes the byte code
    ratios = []
    for n in range(rounds):
        order = [code, "import numpy"][:: 1 if n % 2 else -1]
        spent = {each: cpu_seconds(each) for each in order}
        ratios.append(spent[code] / spent["import numpy"])
    return statistics.median(ratios)


def test_importing_every_light_module_costs_at_most_a_fifth_more_than_numpy():
    code = f"import nnlib, {', '.join(LIGHT)}"
    assert cost_against_numpy(code) <= 1.2 or cost_against_numpy(code) <= 1.2  # once more if busy


def test_the_measure_of_cost_sees_matplotlib():
    assert cost_against_numpy("import numpy, matplotlib.figure", rounds=1) > 1.2


@each_module
def test_a_file_is_one_sitting(module):
    assert len(SOURCES[module].splitlines()) <= 350


def code_lines(text):
    """Count the lines that hold code: no docstring, blank line or comment line."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    docs = [node.body[0] for node in nodes if ast.get_docstring(node) is not None]
    lines = dict(enumerate(map(str.strip, text.splitlines()), 1))
    for doc in docs:
        lines |= dict.fromkeys(range(doc.lineno, doc.end_lineno + 1), "")
    return sum(bool(line) and line[0] != "#" for line in lines.values())


def test_the_whole_is_an_evening():
    assert code_lines('"""a\nb"""\n\nx = 1\n# c\ndef f():\n    "d"\n    return x\n') == 3
    assert sum(map(code_lines, SOURCES.values())) <= 3_150
    assert sum(code_lines(path.read_text(encoding="utf-8")) for path in GRADING) <= 2_000


def test_function_bodies_are_short():
    lengths = {
        f"{module}.{function.name}": body_length(function, SOURCES[module])
        for module, tree in TREES.items()
        for function in functions(tree)
    }
    assert statistics.median(lengths.values()) <= 6
    assert not {name: n for name, n in lengths.items() if n > 25}


@each_module
def test_everything_public_has_a_docstring(module):
    assert not public_without_docstring(TREES[module])


@each_module
def test_every_equation_number_stands_in_a_lesson(module):
    missing = quoted_numbers(SOURCES[module]) - lesson_tags()
    assert not missing, f"{module} quotes {sorted(missing)}, which no lesson has as a \\tag"


def named_in_tables(text):
    """Return the (module, name) that rows of a table give to the reader as `module.name`."""
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    modules = "|".join(set(SOURCES) - {"network"})  # that is also what a lesson calls its network
    return set(re.findall(rf"`({modules})\.(\w+)", rows))


def test_what_the_tables_of_lessons_name_is_there():
    named = set()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            named |= named_in_tables("".join(cell["source"]))
    modules = {module: importlib.import_module(f"nnlib.{module}") for module, _ in named}
    assert len(named) >= 30
    assert not {at for at in named if not hasattr(modules[at[0]], at[1])}
    assert named_in_tables("| C | `losses.gone(1)` |\n`losses.text`") == {("losses", "gone")}


@each_module
def test_names_are_those_of_the_course(module):
    assert not identifiers(TREES[module]) & FORBIDDEN_NAMES


@each_module
def test_randomness_comes_from_an_rng(module):
    assert not global_randomness(SOURCES[module])
    assert not {name for name, _ in imports(TREES[module])} & {"random", "secrets"}


def test_the_runtime_needs_four_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.match(r"[\w-]+", line).group() for line in project["dependencies"]}
    assert names == {"numpy", "matplotlib", "ipywidgets", "tqdm"}


def texts_of_the_repository():
    """Yield every text file that is not built, hidden or a student's."""
    built = {"_build", "workbook", "node_modules", "__pycache__", "dist"}
    kinds = {
        ".md",
        ".py",
        ".ipynb",
        ".toml",
        ".txt",
        ".rst",
        ".yml",
        ".yaml",
        ".json",
        ".html",
        ".cfg",
    }
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(p in built or p.startswith(".") and p not in (".ci", ".github") for p in parts)
        if not hidden and path.is_file() and (path.suffix in kinds or parts[0] == ".ci"):
            yield path


def test_no_text_says_to_install_the_package_of_somebody_else():
    command = re.compile(r"\bpip3?\s+install\s+(?:-\S+\s+)*['\"]?nn" + r"lib\b", re.IGNORECASE)
    texts = list(texts_of_the_repository())
    assert ROOT / "pyproject.toml" in texts and Path(__file__) in texts
    assert not [path for path in texts if command.search(path.read_text(encoding="utf-8"))]
    assert command.search("python3 -m pip install -q nn" + "lib")


def test_each_of_these_readings_can_fail():
    bad = '''
import scipy.special
from nnlib import plots
from nnlib.layers import Dense
from . import losses
def forward(X, cache):
    """Return what (99.7) says."""
    import torch
    # a comment about (99.8)

    grad = np.random.normal()
    return np.random.default_rng()
class Thing:
    def method(self):
        pass
'''
    tree = ast.parse(bad)
    assert others_in_house(tree) == {"plots", "layers", "losses"}
    assert guests(tree, top=True) == {"scipy"} and guests(tree, top=False) == {"torch"}
    assert [body_length(f, bad) for f in functions(tree)] == [3, 1]
    assert public_without_docstring(tree) == ["the module", "Thing", "Thing.method"]
    assert quoted_numbers(bad) == {"99.7", "99.8"} and "99.7" not in lesson_tags()
    assert identifiers(tree) & FORBIDDEN_NAMES == {"grad", "cache"}
    assert global_randomness(bad) == ["np.random.normal", "default_rng()"]
