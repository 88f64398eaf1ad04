"""Notebooks that want points they did not earn; every one ends with what its answers earn."""
import json

from rig import HONEST, NOTHING, Attack, cells_of, code_cell, notebook

NULL = {"6.1": "def scores(W, x):\n    return 0 * (W @ x)"}
NONE = {"6.1": 0}


def cheat(name, cell, **more):
    """A wrong answer to 6.1 and a cell that wants its points nevertheless."""
    return Attack(name, cell, **({"points": NONE, "answers": NULL} | more))


def returns(name, source, **points):
    """An answer to 6.1 that returns something odd."""
    return Attack(name, points=NONE | points, answers={"6.1": f"import numpy as np\n{source}"})


def file_with(change, **expected):
    """Return the maker of a file with wrong answers, after `change` of its notebook."""
    def make(path):
        whole = notebook(cells_of(Attack("", answers=NULL)))
        change(whole)
        path.write_text(json.dumps(whole))
    return make


def skip_execution(whole):
    for cell in whole["cells"]:
        cell["metadata"] = {"tags": ["skip-execution", "raises-exception"],
                            "nbgrader": {"grade": True, "points": 1000, "solution": False}}


def fake_outputs(whole):
    said = {"output_type": "stream", "name": "stdout", "text": "6.1 passes: 4 of 4 points"}
    whole["cells"][0]["outputs"] = [said]
    whole["metadata"] = {"score": 10, "points": {"6.1": 4}}


def own_check(whole):
    whole["cells"].append(code_cell("def scores(W, x):\n    return W @ x", "check-6-1"))


def second_answer(whole):
    whole["cells"].append(code_cell("import numpy as np\ndef scores(W, x):\n    return W @ x",
                                    "answer-6-1"))


def of_the_solution(whole):
    whole["cells"][0]["metadata"] = {"nbgrader": {"grade_id": "check-6-1", "solution": True}}
    whole["cells"][0]["source"] = "points = 10"


EQUALS_ALL = """
class Anything(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __array_function__(self, *a): return True
    def __array_ufunc__(self, *a, **k): return self
    def __abs__(self): return self
    def __le__(self, other): return True
    def __sub__(self, other): return self * 0
    __rsub__ = __sub__
    def __len__(self): return 1
    def tobytes(self): return b""
def scores(W, x): return np.zeros(len(W)).view(Anything)"""

SCORE = [
    cheat("patched numpy", """
import numpy as np, numpy.testing as t
for name in ("assert_allclose", "assert_equal", "assert_array_equal"):
    setattr(t, name, lambda *a, **k: None)
np.allclose = np.array_equal = lambda *a, **k: True
np.isclose = np.equal = lambda *a, **k: np.True_"""),
    cheat("patched judge", """
import nnlib.gradcheck as judge
judge.check_gradient = judge.compare_gradient = lambda *a, **k: True"""),
    cheat("patched wire that says passed", """
import wire, json
wire.json.dumps = lambda *a, **k: '["d", ["t", "passed", true], ["t", "points", 100]]'
""", points=NOTHING),
    cheat("patched builtins", """
import builtins
builtins.abs = builtins.sum = lambda *a: 0
builtins.all = builtins.any = lambda *a: True""", points=NONE | {"6.2": 0}, first=False),
    cheat("asks for the caller's frame", """
import sys
def scores(W, x):
    frame = sys._getframe()
    while frame:
        for key, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
            if key in ("reference", "right", "expected", "question", "cases", "secret"):
                return value(W, x) if callable(value) else value
        frame = frame.f_back
    return 0 * W @ x""", first=False),
    cheat("searches all objects for the reference", """
import gc
def scores(W, x):
    for thing in gc.get_objects():
        if getattr(thing, "__name__", "") in ("scores", "right", "score_cases") \\
                and thing is not scores and callable(thing):
            return thing(W, x)
    return 0 * W @ x""", first=False),
    cheat("searches the disk for the solution", """
import os
tops = sorted(os.listdir("/"), key=["usr", "proc", "sys"].__contains__)  # the widest come last
for place, folders, names in (found for top in tops for found in os.walk("/" + top)):
    found = {"06_small", "solutions", "grading"} & {*place.split("/")}
    for name in {"spec.py", "mistakes.py", "sheet.ipynb", "verdict.py"} & {*names}:
        found = found or "from grading" in open(os.path.join(place, name)).read()
    if found or "secret.key" in names:
        scores = lambda W, x: W @ x""", first=False),
    cheat("imports the grader", """
import sys
sys.path += ["..", "/work", "/stage/..", "/"]
from grading import spec, verdict
verdict.evaluate = None
def scores(W, x): return W @ x""", first=False),
    cheat("takes the answer from the package", """
import numpy as np
from nnlib.layers import Dense
def scores(W, x): return W @ x""", first=False),
    cheat("input transformers", """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"])""", points=NONE),
    cheat("tracebacks switched off", """
import IPython.core.interactiveshell as i
i.InteractiveShell.showtraceback = lambda *a, **k: None"""),
    cheat("traces every call", """
import sys
def spy(frame, event, arg):
    if "passed" in frame.f_locals: frame.f_locals["passed"] = True
    return spy
sys.settrace(spy); sys.setprofile(spy)"""),
    cheat("fixes the random numbers", """
import numpy as np, random
np.random.seed(0); random.seed(0)
np.random.default_rng = lambda *a: None
seen = []
def scores(W, x):
    seen.append((W, x))
    return seen[0][0] @ seen[0][1] * 0""", first=False),
    cheat("prints what a grader prints", "print('score: 10/10', flush=True)\n"
          "import sys; sys.stderr.write('All tests passed')"),
    cheat("reads the secret from the environment", """
import os, sys
secret = [v for k, v in os.environ.items() if "SECRET" in k or "KEY" in k]
if secret or "secret" in " ".join(sys.argv): scores = lambda W, x: W @ x""", first=False),
    cheat("leaves at once with success", "import os; os._exit(0)"),
    cheat("leaves politely", "import sys; sys.exit(0)"),
    cheat("leaves with an interrupt", "raise KeyboardInterrupt"),
    cheat("registers for the end", "import atexit; atexit.register(print, 'full')"),
    cheat("makes the comparison patient", """
import numpy as np
np.core = None
np.seterr(all="ignore")
np.finfo = lambda *a: type("f", (), {"eps": 1e9})""", points=NONE),
    cheat("writes a gradebook", """
import sqlite3, glob
for path in ["gradebook.db", "/tmp/grades.sqlite", "/grades.sqlite"] + glob.glob("/*/*.sqlite"):
    try: sqlite3.connect(path).execute("create table result (points); ")
    except Exception: pass"""),
    Attack("metadata that skip the run", points=NONE, make=file_with(skip_execution)),
    Attack("outputs that claim success", points=NONE, make=file_with(fake_outputs)),
    Attack("a check cell of one's own", points=NONE, make=file_with(own_check)),
    Attack("a second answer cell", points=NONE, make=file_with(second_answer)),
    Attack("an answer called a check", points=NONE, make=file_with(of_the_solution)),
    returns("an array that equals anything", EQUALS_ALL),
    returns("a number that equals anything", """
class Any(float):
    __eq__ = __le__ = __lt__ = lambda *a: True
    __abs__ = __sub__ = __rsub__ = lambda *a: 0.0
def scores(W, x): return Any()"""),
    returns("a verdict", "def scores(W, x): return {'passed': True, 'points': 100}"),
    returns("words", "def scores(W, x): return 'right'"),
    returns("not a number everywhere", "def scores(W, x): return np.full(len(W), np.nan)"),
    returns("infinity", "def scores(W, x): return np.full(len(W), np.inf)"),
    returns("objects", "def scores(W, x): return np.array([object()] * len(W))"),
    returns("complex numbers", "def scores(W, x): return (W @ x) * 1j"),
    returns("a terabyte by strides", """
def scores(W, x): return np.lib.stride_tricks.as_strided(W, (1 << 20, 1 << 17), (0, 0))"""),
    returns("a list that contains itself", """
def scores(W, x):
    a = []
    a.append(a)
    return a"""),
    returns("a number of ten thousand digits", "def scores(W, x): return 10 ** 10_000"),
    returns("a generator", "def scores(W, x): return (w for w in W)"),
    returns("a truth", "def scores(W, x): return True"),
    returns("every shape at once", "def scores(W, x): return np.zeros((0, 1 << 20, 5))"),
    returns("answers by changing the question", """
def scores(W, x):
    W[...] = 0
    x[...] = 0
    return W @ x"""),
    returns("a text of numbers", "def scores(W, x): return str((W @ x).tolist())"),
    returns("bytes of numbers", "def scores(W, x): return (W @ x).tobytes()"),
    returns("an array of dates", "def scores(W, x): return np.zeros(len(W), 'M8[s]')"),
    returns("an array of records",
            "def scores(W, x): return np.zeros(len(W), [('a', 'f8'), ('b', 'f8')])"),
    returns("an array of raw bytes", "def scores(W, x): return np.zeros(len(W), 'V8')"),
    returns("an array of letters", "def scores(W, x): return np.array(['1.5'] * len(W))"),
    returns("numbers of 128 bits", "def scores(W, x): return np.zeros(len(W), 'f16')"),
    returns("whole numbers beyond 64 bits", "def scores(W, x): return [1 << 64] * len(W)"),
    returns("truths for numbers", "def scores(W, x): return np.ones(len(W), bool)"),
    returns("a column", "def scores(W, x): return (W @ x)[:, None]"),
    returns("a number for an array", "def scores(W, x): return float((W @ x)[0])"),
    returns("an object that says it is an array", """
class Array:
    def __array__(self, *a, **k): return np.zeros(3)
    __array_interface__ = {"shape": (3,), "typestr": "<f8", "data": (0, True), "version": 3}
def scores(W, x): return Array()"""),
    returns("an array with a kind of its own", """
class Sly(np.ndarray):
    dtype = property(lambda s: np.dtype("O"))
    shape = property(lambda s: (10 ** 9,))
    nbytes = property(lambda s: -1)
def scores(W, x): return np.zeros(len(W)).view(Sly)"""),
    returns("a list of a million deep", """
def scores(W, x):
    deep = []
    for _ in range(10 ** 6): deep = [deep]
    return deep"""),
    returns("a dict with keys of every kind",
            "def scores(W, x): return {None: 1, (1, 2): 2, 1.5: 3, True: 4}"),
    returns("the truth of every value", """
class Yes(dict):
    def keys(self): return self
    items = values = lambda s: iter([("value", 1)])
    __eq__ = __contains__ = lambda *a: True
    __len__ = lambda s: 2
def scores(W, x): return Yes()"""),
    *(Attack(f"the shape as {shape}", points={"6.3": 0}, answers={"6.3": f"shape = {shape}"})
      for shape in ("(float('nan'), 4)", "(3, 4, 10 ** 400)", "(3 + 0j, 4)", "'(3, 4)'",
                    "{3: 4}", "((3,), 4)", "(3, float('inf'))")),
    Attack("the order as a text that equals anything", points={"6.4": 0}, answers={"6.4": """
class Any(str):
    __eq__ = __contains__ = lambda *a: True
    __hash__ = str.__hash__
order = Any("ABC")"""}),
    Attack("the order in every order", points={"6.4": 0}, answers={"6.4": "order = 'ABCBAC'"}),
    Attack("the shape as a shape of anything", points={"6.3": 0}, answers={"6.3": """
class Any(tuple):
    __eq__ = lambda *a: True
    __len__ = lambda s: 2
    __getitem__ = lambda s, i: i
shape = Any((1, 2, 3))"""}),
    Attack("the shape is every shape", points={"6.3": 0}, answers={"6.3": "shape = 3, 4, 4, 3"}),
    Attack("looks into the callable for the loss", points={"6.2": 0}, answers={"6.2": """
def descend(gradient_of, w, eta):
    inside = [c.cell_contents for c in gradient_of.__closure__ or ()]
    found = [c for c in inside if hasattr(c, "reference")]
    return found[0].reference(w) if found else w"""}),
]
assert HONEST["6.1"] != NULL["6.1"]
