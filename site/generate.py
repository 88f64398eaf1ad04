"""The pages of the book that are made from the course itself."""

import base64
import importlib
import inspect
import json
import pkgutil
import re
from pathlib import Path

import nbformat
from extension import ROOT, places

import nnlib
from grading import spec, walk
from nnlib import diagnosis

FIRST = "notebooks/00_start_here.ipynb"
LABORATORY, IN_LITE = "lite/lab/index.html?path=README.md", "the course in JupyterLite"
FIGURES = [0, 8, 2, 9, 2, 2, 0, 2, 7, 10, 3, 4, 1, 5, 9, 9, 5]  # which of a lesson's stands for it
ROW = re.compile(r"^\| (\d\d) \| \[(.*?)\]\(notebooks/(\w+)\.ipynb\) \| (.*?) \|$", re.M)
CASE = re.compile(r"^(✗ .*?|  the claim .*?)\n(?:.*\n)*?✓ \((\d+\.\d+)\) ([^:\n]*)", re.M)
SOLUTION = re.compile(r"^ *### (?:BEGIN|END) SOLUTION\n?", re.M)


def lessons():
    """Return (number, title, stem, what one finds out) of each lesson, from the README's table."""
    return ROW.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def files(lite):
    """Yield (path in the book's source, text or bytes) of everything that Sphinx reads."""
    made = parts(lite)
    for page in sorted((ROOT / "site" / "pages").glob("*.md")):
        yield page.name, re.sub("@(\\w+)@", lambda m: made[m[1]], page.read_text(encoding="utf-8"))
    for number, _, stem, _ in lessons():
        yield f"figures/{number}.png", base64.b64decode(picture(number, stem)[0])
        yield f"notebooks/{stem}.ipynb", read(f"notebooks/{stem}.ipynb")
        if has_sheet(stem):
            yield f"exercises/{stem}.ipynb", web_sheet(stem)
    yield "grading.md", read("grading/README.md")
    for name in modules():
        yield f"reference/{name}.md", (
            f"# nnlib.{name}\n\n```{{eval-rst}}\n.. automodule:: nnlib.{name}\n```\n")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def parts(lite):
    """Return what stands in a page's text for @name@."""
    titles = {stem: f"{number} {title}" for number, title, stem, _ in lessons()}
    sheets = {stem: title for stem, title in titles.items() if has_sheet(stem)}
    return {
        "lessons": contents("notebooks", titles),
        "cards": cards(),
        "count": str(len(places())),
        "exercises": str(sum(len(spec.load(stem).questions) for stem in sheets)),
        "start": f"lite/notebooks/index.html?path={FIRST}" if lite else "install.html",
        "laboratory": f"<a href='{LABORATORY}'>{IN_LITE}</a>" if lite else IN_LITE,
        "sheets": contents("exercises", sheets),
        "sheet_rows": "\n".join(map(sheet_row, sheets.items())),
        "equations": "\n".join(part for item in titles.items() for part in equations(*item)),
        "printed": "\n".join(printed_mistakes()),
        "named": "\n".join(f"| `{slug}` | {plain(meaning)} |"
                           for slug, meaning in sorted(diagnosis.MISTAKES.items())),
        "sheet_mistakes": "\n".join(sheet_mistakes(*item) for item in sheets.items()),
        "modules": "\n".join(f"| [nnlib.{name}](reference/{name}.md) | {first_line(name)} |"
                             for name in modules()),
        "module_contents": "\n".join(f"reference/{name}" for name in modules()),
    }


def contents(folder, titles):
    """Return the lines of a table of contents."""
    return "\n".join(f"{title} <{folder}/{stem}>" for stem, title in titles.items())


def has_sheet(stem):
    return (ROOT / "exercises" / f"{stem}.ipynb").exists()


def sheet_row(item):
    """Return the row of a sheet: its title, exercises, points and minutes."""
    questions = spec.load(item[0]).questions.values()
    points, minutes = (sum(getattr(q, what) for q in questions) for what in ("points", "minutes"))
    return (f"| [{item[1]}](exercises/{item[0]}.ipynb) | {len(questions)} | {points} "
            f"| {minutes} |")


def cards():
    """Return a card for each lesson: one of its pictures, its title, what one finds out."""
    return "\n".join(
        f":::{{grid-item-card}} {number} {title}\n:link: notebooks/{stem}\n:link-type: doc\n"
        f":img-top: figures/{number}.png\n:img-alt: {picture(number, stem)[1]}\n"
        f":class-item: lesson-card\n\n{finds[0].upper()}{finds[1:]}.\n:::"
        for number, title, stem, finds in lessons())


def picture(number, stem):
    """Return the (PNG in base64, description) of the figure that stands for a lesson."""
    cells = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", 4).cells
    shown = [out.data for cell in cells for out in cell.get("outputs", ())
             if "image/png" in out.get("data", {})]
    chosen = shown[min(FIGURES[int(number)], len(shown) - 1)]
    return chosen["image/png"], chosen["text/plain"].partition(". ")[0]


# ---- sheets: each answer with its solution folded, each hint folded ----


def web_sheet(stem):
    """Return a student's sheet in which hints and solutions can be unfolded."""
    nb = nbformat.read(ROOT / "exercises" / f"{stem}.ipynb", 4)
    solved = nbformat.read(ROOT / "solutions" / stem / "sheet.ipynb", 4).cells
    solutions = {cell.id: SOLUTION.sub("", cell.source).strip() for cell in solved}
    hints = json.loads((ROOT / "exercises" / "hints.json").read_text(encoding="utf-8"))
    for n, cell in enumerate(nb.cells):
        if cell.id.startswith("hint-"):
            number = cell.id.removeprefix("hint-").replace("-", ".")
            solution = solutions[cell.id.replace("hint", "answer")]
            text = [folded(f"Hint {stage} of 3", hint)
                    for stage, hint in enumerate(hints[number], start=1)]
            text.append(folded("Solution", f"```python\n{solution}\n```"))
            nb.cells[n] = nbformat.v4.new_markdown_cell("\n\n".join(text), id=cell.id)
    return nbformat.writes(nb)


def folded(title, text):
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


# ---- every equation ----


def equations(stem, title):
    """Yield the tagged equations of a lesson: number, formula and what measured it."""
    yield f"\n## {title}\n"
    for eq in walk.equations(ROOT / "notebooks" / f"{stem}.ipynb"):
        yield equation(eq)


def equation(eq):
    """Return one equation; its number becomes a link to its place in the lesson."""
    witness = re.sub(r"\(\d+\.\d+\) ", "", eq.witness, count=1)
    return (f":::::{{div}} every-equation\n({eq.number})\n\n$$\n{eq.latex}\n$$\n\n"
            f"{plain(witness)}\n:::::\n")


def plain(text):
    """Escape what Markdown would read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>#$|~^])", r"\\\1", text)


# ---- every mistake ----


def printed_mistakes():
    """Yield a row for each claim of lesson 16: the right formula, what the check said."""
    path = next((ROOT / "notebooks").glob("16_*.ipynb"))
    right = {eq.number: in_table(eq.latex) for eq in walk.equations(path)}
    for cell in nbformat.read(path, 4).cells:
        told = walk.printed(cell) if "outputs" in cell else ""
        for verdict, number, label in CASE.findall(told):
            said = plain(verdict.strip("✗ "))
            yield f"| ({number}) {plain(label)} | ${right[number]}$ | {said} |"


def in_table(latex):
    """Return a formula that does not end a table's cell: bars are spelled out."""
    latex = re.sub(r"\\tag\{.*?\}|\n", " ", latex)
    return latex.replace(r"\|", r"\Vert ").replace("|", r"\vert ").strip()


def sheet_mistakes(stem, title):
    """Return the named wrong answers of a sheet, folded."""
    found = spec.load(stem)
    lines = []
    for question in found.questions.values():
        lines.append(f"\n**{question.id} `{question.name}`**\n")
        lines += [f"- {plain(m.name)}: {m.sentence}" for m in found.mistakes.get(question.id, ())]
    return f"::::{{dropdown}} Sheet {title}\n" + "\n".join(lines) + "\n::::\n"


# ---- the reference ----


def modules():
    """Return the names of nnlib's public modules."""
    names = [module.name for module in pkgutil.iter_modules(nnlib.__path__)]
    return [name for name in names if not name.startswith("_")]


def first_line(name):
    return inspect.getdoc(importlib.import_module(f"nnlib.{name}")).splitlines()[0]


def public_names():
    """Return the full name of every function and class that nnlib defines for others."""
    found = []
    for module in (importlib.import_module(f"nnlib.{name}") for name in modules()):
        things = {name: vars(module)[name] for name in getattr(module, "__all__", vars(module))}
        found += [f"{module.__name__}.{name}" for name, thing in things.items()
                  if inspect.isfunction(thing) or inspect.isclass(thing)
                  if thing.__module__ == module.__name__ and not name.startswith("_")]
    return found


def write(out, lite):
    """Write the book's source; a file that is already right is left alone, so it is cached."""
    wanted = {out / name: text if isinstance(text, bytes) else text.encode()
              for name, text in files(lite)}
    for path in [path for path in Path(out).rglob("*") if path.is_file() and path not in wanted]:
        path.unlink()
    for path, content in wanted.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
