"""mutate: each kind of change is made, one at a time, and the source stays Python."""

import ast

from mutate import mutants

SOURCE = '''def f(W, a, n=3):
    """Return -1 * nothing."""
    total = np.zeros(n)
    for j in range(n):
        if j < 2:
            total[j] += -W[j, 1] * a.T[j]
    return W @ total.sum(axis=0)
'''


def test_every_kind_of_change_is_made_once():
    made = [source for _, source in mutants(SOURCE)]
    text = ast.unparse(ast.parse(SOURCE))
    assert all(source != text and ast.parse(source) for source in made)
    for changed in (
        "n=6",
        "np.ones(n)",
        "j <= 2",
        "j < 4",
        "total[j] -=",
        "total[j] = -W",
        "+= W[j, 1]",
        "W[1, j]",
        "W[j, 0]",
        "a[j]",
        "-W[j, 1] / a",
        "+= a.T[j]",
        "+= -W[j, 1]\n",
        "total @ W".replace("total", "total.sum(axis=0)"),
        "total.mean(axis=0)",
        "axis=1",
        "pass\n    for",
        "            pass",
    ):
        assert sum(changed in source + "\n" for source in made) == 1, changed


def test_the_docstring_is_left_alone():
    assert all('"""Return -1 * nothing."""' in source for _, source in mutants(SOURCE))
