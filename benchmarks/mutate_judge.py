"""Mutate the judge: change each comparison, constant and branch of gradcheck.py in a copy.

Each mutant lives in a forked child only; the file is never written. Usage:
    PYTHONPATH=. python benchmarks/mutate_judge.py SEED COUNT   (COUNT mutants, drawn at random)
Prints the survivors: changes that no test noticed.
"""

import ast
import copy
import io
import os
import random
import resource
import sys
import types
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
STAGES = [
    ["tests/test_gradcheck.py", "-k", "not corpus and not programs"],
    ["tests/test_gradcheck.py", "-k", "numerics or fresh_two or layers"],
    ["tests/test_gradcheck.py", "-k", "programs or plain or slips or fresh_one"],
]


def changes(tree):
    """Yield (line, description, function that changes a node of a copied tree)."""
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Compare):
            for table, word in ((FLIP, "boundary or negation"), (REVERSE, "reversed")):
                if type(node.ops[0]) in table:
                    new = table[type(node.ops[0])]
                    yield (
                        number,
                        node.lineno,
                        f"{word}: {ast.unparse(node)}",
                        lambda n, new=new: n.ops.__setitem__(0, new()),
                    )
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, (int, float))
            and not isinstance(node.value, bool)
        ):
            for value in {node.value + 1, node.value * 10}:
                if value != node.value:
                    yield (
                        number,
                        node.lineno,
                        f"constant {node.value} -> {value}",
                        lambda n, v=value: setattr(n, "value", v),
                    )
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            for value in (True, False):
                if not (isinstance(node, ast.While) and value):
                    yield (
                        number,
                        node.lineno,
                        f"branch {value}: {ast.unparse(node.test)}",
                        lambda n, v=value: setattr(n, "test", ast.Constant(v)),
                    )
        if isinstance(node, ast.BoolOp):
            other = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield (
                number,
                node.lineno,
                f"and/or: {ast.unparse(node)}",
                lambda n, o=other: setattr(n, "op", o()),
            )


def mutant(tree, number, change):
    """Return a copy of the tree with one node changed."""
    tree = copy.deepcopy(tree)
    change(list(ast.walk(tree))[number])
    return ast.fix_missing_locations(tree)


def survives(tree):
    """Run the tests on a mutated module in a child; True if none of them fails."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (240, 240))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        code = 1
        try:
            module = types.ModuleType("nnlib.gradcheck")
            module.__file__ = PATH
            sys.modules["nnlib.gradcheck"] = nnlib.gradcheck = module
            exec(compile(tree, PATH, "exec"), module.__dict__)
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                plain = [
                    "-x",
                    "-q",
                    "-p",
                    "no:cacheprovider",
                    "-p",
                    "no:hypothesispytest",
                    "--no-header",
                ]
                code = next((1 for stage in STAGES if pytest.main([*stage, *plain])), 0)
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def main(seed, count):
    tree = ast.parse(open(PATH, encoding="utf-8").read())
    every = list(changes(tree))
    random.Random(seed).shuffle(every)
    survivors = 0
    for done, (number, line, words, change) in enumerate(every[:count], 1):
        if survives(mutant(tree, number, change)):
            survivors += 1
            print(f"SURVIVES line {line}: {words}", flush=True)
        print(f"{done - survivors} of {done} noticed ({len(every)} mutants in all)", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
