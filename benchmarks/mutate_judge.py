"""Mutate the judge: change each comparison, constant and branch of its files in a copy.

Each mutant lives in a forked child only; no file is written. Usage:
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
import types
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np  # noqa: F401  imported before the fork
import pytest

import nnlib
from nnlib import diagnosis  # noqa: F401  it is not mutated: it names what is found
from tests.corpus import effort, programs  # noqa: F401

NAMES = ("ladder", "slopes", "ties", "trial", "gradcheck")  # in the order in which they import each other
FLIP = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}  # fmt: skip
REVERSE = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt}
SLOW = "corpus and not plain or programs or 1e5"
JUDGE = "tests/test_gradcheck.py"
NETWORKS = "tests/test_kinked_networks.py"
STAGES = {  # those that notice most for the least time come first
    "by hand": [JUDGE, "-k", f"not ({SLOW})"],
    "readings": ["tests/test_ladder.py"],
    "effort": ["tests/test_effort.py"],
    "networks": [NETWORKS, "-k", "layer or stair"],
    "programs": [JUDGE, "-k", "programs or 1e5"],
    "fresh": [JUDGE, "-k", "corpus and fresh"],
    "corpus": [JUDGE, "-k", "corpus and not fresh and not plain"],
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


def spent():
    """Return the CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def child(trees, limits):
    """Run the stages on mutated modules and exit with the number of the one that fails."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    code = 1
    try:
        for name, tree in trees.items():
            module = types.ModuleType(f"nnlib.{name}")
            module.__file__ = f"nnlib/{name}.py"
            sys.modules[module.__name__] = module
            setattr(nnlib, name, module)
            exec(compile(tree, module.__file__, "exec"), module.__dict__)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            for number, (stage, limit) in enumerate(limits.items(), 1):
                most = int(spent() + limit) + 1
                resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
                code = number
                if pytest.main([*STAGES[stage], *PLAIN]):
                    break
            else:
                code = 0
    finally:
        os._exit(code)


def noticed_by(trees, limits):
    """Return the name of the stage that notices a mutated module, "" if none, and CPU seconds."""
    number = os.fork()
    if number == 0:
        child(trees, limits)
    _, status, used = os.wait4(number, 0)
    names = ["", *limits]
    name = "time" if os.WIFSIGNALED(status) else names[os.waitstatus_to_exitcode(status)]
    return name, used.ru_utime + used.ru_stime


def main(seed, count, first=1, last=None):
    trees = {name: ast.parse(open(f"nnlib/{name}.py", encoding="utf-8").read()) for name in NAMES}
    every = [(name, *found) for name, tree in trees.items() for found in changes(tree)]
    random.Random(seed).shuffle(every)
    limits = {}
    for stage in list(STAGES)[:last]:
        name, limits[stage] = noticed_by(trees, {stage: 600})
        assert not name, f"the judge as it is fails: {name}"
    print(f"{len(every)} mutants in all; seconds of the judge as it is: {limits}", flush=True)
    by, limits = Counter(), {stage: 3 * seconds for stage, seconds in limits.items()}
    for module, number, line, words, change in every[first - 1 : first - 1 + count]:
        changed = trees | {module: mutant(trees[module], number, change)}
        name, used = noticed_by(changed, limits)
        by[name] += 1
        print(f"{name or 'SURVIVES':9} {used:5.1f} s {module} {line}: {words}", flush=True)
    noticed = sum(by.values()) - by[""]
    print(f"{noticed} of {sum(by.values())} noticed ({noticed / sum(by.values()):.1%}): {dict(by)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
