"""Plant one wrong sign, index, transpose or factor at a time in a lesson: does it stop?

    .venv/bin/python benchmarks/plant.py notebooks/05_x.ipynb [more lessons]

Every code cell that prints a ✓ is changed in one place, the lesson is run on to its end, in a
process of its own, and the change counts as noticed when any cell raises. What is not noticed is
listed. Lines that only draw, print or draw random numbers are left alone, and cells on which no
check depends, such as a training that only a figure shows, are left out.
"""

import ast
import contextlib
import copy
import io
import os
import re
import sys
import types
from pathlib import Path
from unittest import mock

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import nbformat  # noqa: E402

from grading import walk  # noqa: E402

SPARED = ("plots", "print", "rng", "ax", "axes", "fig", "check_equal", "check_gradient",
          "check_layer", "define", "range", "np.linspace", "np.random")  # fmt: skip
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


def changes(tree):
    """Yield (description, changed copy of the tree), one change each."""
    for number, node in enumerate(_formula_nodes(tree)):
        for name, change in _ways(node):
            changed = copy.deepcopy(tree)
            target = list(_formula_nodes(changed))[number]
            before = ast.unparse(target)
            new = change(target)
            _replace(changed, target, new)
            yield f"line {node.lineno}: {name}: {before} -> {ast.unparse(new)}", changed


def _formula_nodes(node):
    """Yield the nodes of formulas: all but drawing, printing, drawing numbers and checking."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and _spared(child.func):
            continue
        if isinstance(child, ast.expr):
            yield child
        yield from _formula_nodes(child)


def _spared(func):
    return any(ast.unparse(func).split("(")[0].startswith((s, s + ".")) for s in SPARED)


def _ways(node):
    """Return the (name, function) pairs of wrong forms of one node."""
    ways = []
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        ways.append(("sign or factor", _swap_operator))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        ways.append(("sign", lambda n: n.operand))
    if isinstance(node, ast.Attribute) and node.attr == "T":
        ways.append(("transpose", lambda n: n.value))
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
        ways.append(("factor", lambda n: ast.Constant(2 * n.value)))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        ways.append(("index", _turn_index))
    return ways


def _swap_operator(node):
    node = copy.copy(node)
    node.op = SWAPS[type(node.op)]()
    return node


def _turn_index(node):
    node = copy.deepcopy(node)
    node.slice.elts.reverse()
    return node


def _replace(tree, old, new):
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, field, [new if item is old else item for item in value])


def lean(cells):
    """Return the cells that check something or change what a later one of them needs."""
    kept, needed = [], set()
    for cell in reversed(cells):
        tree = ast.parse(cell.source)
        checks = "✓" in walk.printed(cell) or "≔" in walk.printed(cell) or "assert" in cell.source
        draws = {"rng"} if _draws(compile(tree, cell.id, "exec")) else set()
        if checks or needed & draws.union(_made(tree)):
            kept.append(cell)
            needed |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return kept[::-1]


def _made(tree):
    """Yield the names that a cell binds, or whose entries it sets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        elif isinstance(getattr(node, "ctx", None), ast.Store):
            yield re.match(r"\w*", ast.unparse(node))[0]


def _draws(code):
    """Tell whether the lesson's generator is used in a code object or in one within it."""
    within = (part for part in code.co_consts if isinstance(part, types.CodeType))
    return "rng" in code.co_names or any(map(_draws, within))


def run(cell, source, names):
    """Run one cell silently; tell whether it raised although its tag does not say so."""
    expected = "raises-exception" in cell.metadata.get("tags", [])
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with quiet[0], quiet[1], mock.patch("nnlib.plots.show"):
        try:
            exec(compile(source, cell.id, "exec"), names)
        except Exception:
            return not expected
    return False


def stops(cells, tree, names):
    """Tell whether the lesson stops when its next cell is `tree`: tried in a child process."""
    child = os.fork()
    if child == 0:
        sources = [ast.fix_missing_locations(tree), *(cell.source for cell in cells[1:])]
        noticed = any(run(c, s, names) for c, s in zip(cells, sources, strict=True))
        os._exit(1 if noticed else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def report(path):
    """Plant every change in one lesson; print what went unnoticed; return (noticed, all)."""
    cells = lean([c for c in nbformat.read(path, 4).cells if c.cell_type == "code"])
    names, noticed, total = {"__name__": "__main__"}, 0, 0
    for number, cell in enumerate(cells):
        for name, tree in changes(ast.parse(cell.source)) if "✓" in walk.printed(cell) else ():
            total += 1
            if stops(cells[number:], tree, names):
                noticed += 1
            else:
                print(f"  unnoticed in {cell.id}, {name}")
        if run(cell, cell.source, names):
            raise SystemExit(f"{path.name} stops by itself at {cell.id}: nothing to measure")
    print(f"{path.name}: {noticed} of {total} planted mistakes stop the lesson", flush=True)
    return noticed, total


if __name__ == "__main__":
    sums = [report(Path(name)) for name in sys.argv[1:]]
    print(f"all: {sum(s[0] for s in sums)} of {sum(s[1] for s in sums)}")
