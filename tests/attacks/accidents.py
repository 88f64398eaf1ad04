"""Notebooks of honest students to whom something happened: nothing they wrote may be lost."""
import json

from rig import HONEST, Attack, cells_of, code_cell, notebook


def answers(change=lambda cells: None, **extra):
    """Return the cells of an honest notebook, changed."""
    cells = cells_of(Attack("", **extra))
    return change(cells) or cells


def file_of(change=lambda cells: None, encoding="utf-8", minor=5):
    """Return the maker of a file whose cells were changed, or saved otherwise."""
    def make(path):
        whole = notebook(answers(change)) | {"nbformat_minor": minor}
        path.write_bytes(json.dumps(whole, ensure_ascii=False).encode(encoding))
    return make


def each(change):
    """Return what changes every cell."""
    return lambda cells: [change(dict(cell)) for cell in cells]


def without_id(cell):
    """The cell in nbformat 4.4, where the grader's name stands in the metadata alone."""
    return {**cell, "id": None, "metadata": {"nbgrader": {"grade_id": cell["id"]}}}


def colab(cell):
    """The cell as Colab saves it: a list of lines, its id in the metadata."""
    lines = cell["source"].splitlines(keepends=True)
    meta = {"id": cell["id"], "executionInfo": {"status": "ok", "user": {"displayName": "é"}}}
    return {"cell_type": "code", "source": lines, "metadata": meta, "outputs": []}


def nameless(cell):
    return {"cell_type": "code", "source": cell["source"], "metadata": {}, "outputs": []}


def windows(cell):
    return {**cell, "source": cell["source"].replace("\n", "\r\n")}


def split(cells):
    """The second answer, cut in two as JupyterLab cuts: both parts keep the metadata."""
    first, second = ("w_0 = None\n", HONEST["6.2"])
    meta = {"nbgrader": {"grade_id": "answer-6-2"}}
    return [cells[0], code_cell(first, "answer-6-2", **meta),
            code_cell(second, "1c5f", **meta), *cells[2:]]


def merged(cells):
    whole = "\n\n".join(cell["source"] for cell in cells[:3])
    return [code_cell(whole, "answer-6-1"), cells[3]]


def in_markdown(cells):
    return [cells[0] | {"cell_type": "markdown"}, *cells[1:]]


def mine(name, **answers):
    """Answers in an unusual style, right all the same."""
    return Attack(name, answers={key.replace("_", "."): text for key, text in answers.items()})


def slow(cells):
    """Experiments of one's own between the answers, each longer than a question may take."""
    wait = [code_cell("import time; time.sleep(99)", f"mine-{n}") for n in range(5)]
    return [*wait[:2], cells[0], *wait[2:], *cells[1:]]


ACCIDENTS = [
    Attack("five long experiments", make=file_of(slow)),
    Attack("saved with a mark in front", make=file_of(encoding="utf-8-sig")),
    Attack("saved in 16 bits", make=file_of(encoding="utf-16")),
    Attack("a byte that is no text", make=lambda path: path.write_bytes(json.dumps(notebook(
        answers(cell="'word'"))).encode().replace(b"word", b"w\xe9rd"))),
    Attack("lines that end as on Windows", make=file_of(each(windows))),
    Attack("cells without ids", make=file_of(each(without_id), minor=4)),
    Attack("saved from Colab", make=file_of(each(colab), minor=0)),
    Attack("cells without any name", make=file_of(each(nameless), minor=4)),
    Attack("in another order", make=file_of(lambda cells: cells[::-1])),
    Attack("an answer in two cells", make=file_of(split)),
    Attack("three answers in one cell", make=file_of(merged)),
    Attack("an answer deleted", points={"6.1": 0}, make=file_of(lambda cells: cells[1:])),
    Attack("an answer in a text cell", points={"6.1": 0}, make=file_of(in_markdown)),
    Attack("a null in a cell", "x = '\0'"),
    Attack("tabs and spaces mixed", "if True:\n\tx = 1\n        y = 2\n    z = 3"),
    Attack("a space that is none", "x\u00a0= 1"),
    Attack("help and magics", "%time y = 1\nlen?\n!ls\nif True:\n    %pip install numpy\nx = 1"),
    Attack("a magic for a whole cell", "%%bash\nls -l | grep x"),
    Attack("an error whose text is an error", """
class Bad(Exception):
    def __str__(self): raise self
raise Bad"""),
    Attack("a million errors", "raise ValueError('x' * 10 ** 6)"),
    Attack("waits for a key", "input('your name?')"),
    Attack("asks where it is", "get_ipython().run_line_magic('matplotlib', 'inline')"),
    mine("an error after the answer", **{"6_1": HONEST["6.1"] + "\n\nprint(scores(1))"}),
    mine("a magic in the answer", **{"6_1": "%load_ext autoreload\n" + HONEST["6.1"]}),
    mine("lists for arrays", **{"6_1": "def scores(W, x):\n    return (W @ x).tolist()",
                                "6_3": "shape = [3, 4]", "6_4": "order = ['B', 'A', 'C']"}),
    mine("a matrix", **{"6_1": "import numpy as np\ndef scores(W, x):\n"
                               "    return np.asarray(np.asmatrix(W) @ x).ravel()"}),
    mine("an array with a mask", **{"6_1": "import numpy as np\ndef scores(W, x):\n"
                                           "    return np.ma.array(W @ x)"}),
    mine("a kind of array of one's own", **{"6_1": """
import numpy as np
class Scores(np.ndarray): pass
def scores(W, x): return (W @ x).view(Scores)"""}),
    mine("numbers of numpy for a shape", **{"6_3": "import numpy as np\nshape = np.uint8(3), 4.0"}),
    mine("numbers from the other end", **{"6_1": """
def scores(W, x): return (W @ x).astype(">f8")"""}),
    mine("single precision", **{"6_1": "def scores(W, x): return (W @ x).astype('f4')"}),
]
