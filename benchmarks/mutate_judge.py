"""Mutate the judge: change each comparison, constant and branch of gradcheck.py in a copy.

Each mutant lives in a forked child only; the file is never written. Usage:
    PYTHONPATH=. nice python benchmarks/mutate_judge.py SEED COUNT [FIRST [STAGES]]
COUNT mutants, drawn at random, from the FIRST on, against the first so many STAGES (all of them).
Prints for each the stage that noticed it, or SURVIVES, and the share noticed. A mutant that takes
three times the CPU time of the judge itself is noticed too: a test run that hangs is seen.
"""

import ast
import copy
import io
import os
import random
import resource
import sys
import time
import types
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np  # noqa: F401  imported before the fork
import pytest

import nnlib
from nnlib import diagnosis  # noqa: F401

PATH = "nnlib/gradcheck.py"
FLIP = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
REVERSE = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
SLOW = "corpus and not plain or programs or 1e5"
JUDGE = "tests/test_gradcheck.py"
STAGES = {  # those that notice most for the least time come first
    "by hand": ["tests/test_effort.py", JUDGE, "-k", f"not ({SLOW})"],
    "fresh": [JUDGE, "-k", "corpus and fresh or 1e5"],
    "corpus": [JUDGE, "-k", "corpus and not fresh and not plain"],
    "programs": [JUDGE, "-k", "programs"],
}
PLAIN = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:nbval",
         "-o", "addopts=", "--no-header"]  # fmt: skip


def of_comparison(node):
    for table, word in ((FLIP, "boundary or negation"), (REVERSE, "reversed")):
        new = table.get(type(node.ops[0]))
        if new:
            yield f"{word}: {ast.unparse(node)}", lambda n, new=new: n.ops.__setitem__(0, new())


def of_constant(node):
    if type(node.value) in (int, float):
        for value in {node.value + 1, node.value * 10} - {node.value}:
            yield f"constant {node.value} -> {value}", lambda n, v=value: setattr(n, "value", v)


def of_branch(node):
    for value in (True, False)[isinstance(node, ast.While) :]:
        words = f"branch {value}: {ast.unparse(node.test)}"
        yield words, lambda n, v=value: setattr(n, "test", ast.Constant(v))


def of_logic(node):
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"and/or: {ast.unparse(node)}", lambda n: setattr(n, "op", other())


OF = {ast.Compare: of_comparison, ast.Constant: of_constant, ast.If: of_branch,
      ast.IfExp: of_branch, ast.While: of_branch, ast.BoolOp: of_logic}  # fmt: skip


def changes(tree):
    """Yield (number of a node, its line, description, function that changes it)."""
    for number, node in enumerate(ast.walk(tree)):
        for words, change in OF.get(type(node), lambda node: ())(node):
            yield number, node.lineno, words, change


def mutant(tree, number, change):
    """Return a copy of the tree with one node changed."""
    tree = copy.deepcopy(tree)
    change(list(ast.walk(tree))[number])
    return ast.fix_missing_locations(tree)


def child(tree, seconds, stages):
    """Run the stages on a mutated module and exit with the number of the one that fails."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    code = 1
    try:
        module = types.ModuleType("nnlib.gradcheck")
        module.__file__ = PATH
        sys.modules["nnlib.gradcheck"] = nnlib.gradcheck = module
        exec(compile(tree, PATH, "exec"), module.__dict__)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            rounds = enumerate(stages, 1)
            code = next((n for n, stage in rounds if pytest.main([*stage, *PLAIN])), 0)
    finally:
        os._exit(code)


def noticed_by(tree, seconds, stages):
    """Return the name of the stage that notices a mutated module, "" if none, and CPU seconds."""
    before = time.monotonic()
    number = os.fork()
    if number == 0:
        child(tree, seconds, stages)
    _, status, used = os.wait4(number, 0)
    names = ["", *STAGES]
    name = "time" if os.WIFSIGNALED(status) else names[os.waitstatus_to_exitcode(status)]
    return name, used.ru_utime + used.ru_stime, time.monotonic() - before


def main(seed, count, first=1, last=4):
    tree = ast.parse(open(PATH, encoding="utf-8").read())
    every, stages = list(changes(tree)), list(STAGES.values())[:last]
    random.Random(seed).shuffle(every)
    name, spent, _ = noticed_by(tree, 600, stages)
    assert not name, f"the judge as it is fails: {name}"
    print(f"{len(every)} mutants in all; the judge as it is takes {spent:.0f} s", flush=True)
    by, limit = Counter(), int(3 * spent) + 1
    for number, line, words, change in every[first - 1 : first - 1 + count]:
        name, used, wall = noticed_by(mutant(tree, number, change), limit, stages)
        by[name] += 1
        print(f"{name or 'SURVIVES':9} {used:5.1f} s {wall:5.1f} line {line}: {words}", flush=True)
    noticed = sum(by.values()) - by[""]
    print(f"{noticed} of {sum(by.values())} noticed ({noticed / sum(by.values()):.1%}): {dict(by)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
