"""Plant one wrong sign, index, transpose or factor at a time in a lesson: does it stop?

    .venv/bin/python benchmarks/plant.py notebooks/05_x.ipynb [more lessons]
    .venv/bin/python benchmarks/plant.py --equations 1 notebooks/05_x.ipynb [more lessons]

Every code cell that prints a ✓ is changed in one place, the lesson is run on to its end, in a
process of its own, and the change counts as noticed when any cell raises. What is not noticed is
listed. Lines that only draw, print or draw random numbers are left alone, and cells on which no
check depends, such as a training that only a figure shows, are left out.

With `--equations N` N changes are drawn for every numbered equation, in what computes it: the
statement that carries its number, else what its check is given. Sizes and test points stay.
"""

import ast
import contextlib
import copy
import io
import os
import random
import re
import signal
import sys
import types
from collections import Counter
from functools import partial
from pathlib import Path
from unittest import mock

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import nbformat  # noqa: E402

from grading import walk  # noqa: E402

SPARED = (r"(plots|print|rng|ax|axes|fig|range|np\.linspace|np\.random"
          r"|check_equal|check_gradient|check_layer|define)\b")  # fmt: skip
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
GIVEN = {"check_gradient": slice(2, 3), "check_equal": slice(2), "define": slice(1, 2),
         "check_rule": slice(0)}  # fmt: skip
TOLD = "{} of {} planted mistakes stop the lesson, {} of them at a check"


def plant(tree, found):
    """Yield (description, tree with one change), each undone before the next."""
    for node, name, new in found:
        _replace(tree, node, new)
        yield f"line {node.lineno}: {name}: {ast.unparse(node)} -> {ast.unparse(new)}", tree
        _replace(tree, new, node)


def _replace(tree, old, new):
    for parent in list(ast.walk(tree)):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(item is old for item in value):
                setattr(parent, field, [new if item is old else item for item in value])


def formulas(node):
    """Yield the nodes of formulas: all but drawing, printing, drawing numbers and checking."""
    if isinstance(node, ast.Call) and re.match(SPARED, ast.unparse(node.func)):
        return
    if isinstance(node, ast.expr):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from formulas(child)


def wrong_forms(node):
    """Yield (node, name, wrong form of the node)."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
        yield node, "sign or factor", _with(node, op=SWAPS[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node, "sign", node.operand
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node, "transpose", node.value
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value:
        yield node, "factor", ast.Constant(2 * node.value)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        yield node, "index", _with(node, slice=_with(node.slice, elts=node.slice.elts[::-1]))
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
        shifted = ast.BinOp(node.slice, ast.Sub(), ast.Constant(1))
        yield node, "index", _with(node, slice=shifted)


def _with(node, **fields):
    node = copy.copy(node)
    vars(node).update(fields)
    return node


def wrong_values(node):
    """Yield two wrong forms that every number has, of the first in a table, sum or rule."""
    while inner := getattr(node, "elts", getattr(node, "body", getattr(node, "elt", None))):
        node = inner[0] if isinstance(inner, list) else inner
    node = node.value if isinstance(node, ast.DictComp | ast.Starred) else node
    for name, factor in (("sign", -1), ("factor", 2)):
        yield node, name, ast.parse(f"{factor} * ({ast.unparse(node)})", mode="eval").body


def beside(source, number):
    """Return (tree, expressions): what in a cell computes an equation."""
    tree, lines = ast.parse(source), source.splitlines()
    simple = [s for s in ast.walk(tree) if isinstance(s, ast.stmt) and not hasattr(s, "body")]
    marks = [n for n, line in enumerate(lines, 1) if f"({number})" in line.partition("# ")[2]]
    marked = [s for s in simple if any(s.lineno <= n <= s.end_lineno for n in marks)]
    checks = [s for s in simple if isinstance(s, ast.Expr) and f"({number})" in ast.unparse(s)]
    given = [e for s in checks for e in _computed(s)]
    names = {ast.unparse(e).partition("(")[0] for e in given}
    makers = [s for s in simple if names & set(_made(s)) and not isinstance(s, ast.Import)]
    makers += [s for d in ast.walk(tree) if getattr(d, "name", "") in names for s in ast.walk(d)]
    found = [e for s in marked for e in _computed(s)]
    return tree, found or given + [e for s in makers for e in _computed(s)]


def _computed(statement):
    """Return what a statement computes; of a check only what it judges."""
    value = getattr(statement, "value", None)
    if not isinstance(statement, ast.Expr):
        return [value] if isinstance(statement, ast.stmt) and value else []
    args, name = getattr(value, "args", []), ast.unparse(getattr(value, "func", value))
    return args[GIVEN.get(name, slice(-1, None))]


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
    """Run one cell silently; return what stopped it although its tag does not say so, or None."""
    quiet, show = io.StringIO(), mock.patch("nnlib.plots.show")
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet), show:
        try:
            exec(compile(source, cell.id, "exec"), names)
        except Exception as error:
            return None if "raises-exception" in cell.metadata.get("tags", []) else error


def stopped(cells, tree, names):
    """Return 1 if a check stops the lesson with `tree` for its next cell, 2 if an error does."""
    child = os.fork()
    if child == 0:
        signal.alarm(120)  # a lesson that does not end is not stopped
        sources = [ast.fix_missing_locations(tree), *(cell.source for cell in cells[1:])]
        errors = (run(c, s, names) for c, s in zip(cells, sources, strict=True))
        error = next(filter(None, errors), None)
        os._exit(0 if error is None else 1 if isinstance(error, AssertionError) else 2)
    return max(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def everywhere(cell):
    """Yield every change of a cell that prints a ✓."""
    tree = ast.parse(cell.source)
    if "✓" in walk.printed(cell):
        yield from plant(tree, [form for node in formulas(tree) for form in wrong_forms(node)])


def at_equations(cell, most, done):
    """Yield `most` changes, drawn at random, for each equation that the cell is the witness of."""
    for number in {m[2]: None for m in walk.WITNESS.finditer(walk.printed(cell))}:
        if number not in done:
            done.add(number)
            tree, roots = beside(cell.source, number)
            found = [form for e in roots for node in formulas(e) for form in wrong_forms(node)]
            found = found or [form for e in roots for form in wrong_values(e)]
            found = random.Random(number).sample(found, min(most, len(found)))
            yield from ((f"({number}) {name}", changed) for name, changed in plant(tree, found))


def report(path, planted):
    """Plant every change in one lesson; print what went unnoticed; count the ways of stopping."""
    cells = lean([c for c in nbformat.read(path, 4).cells if c.cell_type == "code"])
    names, count = {"__name__": "__main__"}, Counter()
    for number, cell in enumerate(cells):
        for name, tree in planted(cell):
            how = stopped(cells[number:], tree, names)
            count[how] += 1
            if not how:
                print(f"  unnoticed in {cell.id}, {name}", flush=True)
        if run(cell, cell.source, names):
            raise SystemExit(f"{path.name} stops by itself at {cell.id}: nothing to measure")
    print(path.name, TOLD.format(count[1] + count[2], count.total(), count[1]), flush=True)
    return count


if __name__ == "__main__":
    planted, paths = everywhere, sys.argv[1:]
    if paths[0] == "--equations":
        planted, paths = partial(at_equations, most=int(paths[1]), done=set()), paths[2:]
    count = sum((report(Path(path), planted) for path in paths), Counter())
    print("all", TOLD.format(count[1] + count[2], count.total(), count[1]))
