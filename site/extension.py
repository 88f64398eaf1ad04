"""What the book adds to Sphinx: anchors and links for equations, descriptions, launch buttons."""

import re
from pathlib import Path

import jinja2
from docutils import nodes
from sphinx import addnodes

from grading import walk

ROOT = Path(__file__).resolve().parents[1]
TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
QUOTED = re.compile(r"(?<![\w)])\((\d+\.\d+)\)")
UNTOUCHED = (nodes.reference, nodes.literal, nodes.literal_block, nodes.title, nodes.math,
             nodes.math_block, addnodes.desc_signature)
MARKS = {"✓": "check-passes", "≔": "check-defines", "✗": "check-fails"}


def anchor(number):
    """Return the id of an equation's place on its page: (5.7) is at eq-5-7."""
    return f"eq-{number.replace('.', '-')}"


def places():
    """Return {number: lesson} for every tagged equation."""
    lessons = sorted((ROOT / "notebooks").glob("*.ipynb"))
    return {eq.number: eq.lesson for path in lessons for eq in walk.equations(path)}


def prepare(app, doctree):
    """Give equations their anchors, pictures their descriptions and checks their colours."""
    if app.env.docname.startswith("notebooks/"):
        for block in doctree.findall(nodes.math_block):
            block["ids"] += [anchor(number) for number in TAG.findall(block.astext())]
    for bundle in doctree.findall(lambda node: node.get("nb_element") == "mime_bundle"
                                  if isinstance(node, nodes.container) else False):
        describe(bundle)
    for block in doctree.findall(nodes.literal_block):
        mark = MARKS.get(block.astext()[:1])
        if mark and "output" in block.get("classes", ()):
            block["classes"].append(mark)
            block["language"] = "none"


def describe(bundle):
    """Give the picture of an output the description that is stored beside it."""
    texts = [part.astext() for part in bundle.children if part.get("mime_type") == "text/plain"]
    for picture in bundle.findall(nodes.image):
        picture["alt"] = " ".join(texts).strip()


def link_numbers(app, doctree, docname):
    """Turn every (5.7) in running text into a link to that equation."""
    for text in list(doctree.findall(nodes.Text)):
        if QUOTED.search(text) and not inside(text, UNTOUCHED):
            text.parent.replace(text, list(linked(app, docname, str(text))))


def inside(node, kinds):
    while node is not None:
        if isinstance(node, kinds):
            return True
        node = node.parent
    return False


def linked(app, docname, text):
    """Yield the pieces of a text; the numbers of equations are references."""
    end = 0
    for found in QUOTED.finditer(text):
        lesson = app.course_places.get(found[1])
        if lesson:
            yield nodes.Text(text[end : found.start()])
            page = f"notebooks/{lesson}"
            base = "" if page == docname else app.builder.get_relative_uri(docname, page)
            yield nodes.reference("", found[0], refuri=f"{base}#{anchor(found[1])}",
                                  internal=True, classes=["equation-link"])
            end = found.end()
    yield nodes.Text(text[end:])


def launch(app, doctree, docname):
    """Put the ways to open a notebook under its title."""
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is not None and docname.startswith(("notebooks/", "exercises/")):
        config = app.config
        bar = launch_bar(docname, config.REPOSITORY, config.course_branch, int(config.course_lite))
        title.parent.insert(title.parent.index(title) + 1, nodes.raw("", bar, format="html"))


def launch_bar(docname, repository, branch, lite):
    """Return the buttons of a lesson or sheet: browser, Colab, download, its counterpart."""
    folder, _, stem = docname.partition("/")
    other = {"notebooks": "exercises", "exercises": "notebooks"}[folder]
    place = repository.removeprefix("https://github.com/")
    template = (ROOT / "site" / "_templates" / "launch.html").read_text(encoding="utf-8")
    return jinja2.Template(template, autoescape=True).render(
        path=f"{docname}.ipynb", lite=lite, setup=setup_lines(folder, repository, branch),
        colab=f"https://colab.research.google.com/github/{place}/blob/{branch}/{docname}.ipynb",
        other=f"{other}/{stem}.html" * (ROOT / other / f"{stem}.ipynb").exists(),
        name=other.capitalize() if other == "exercises" else "Lesson")


def setup_lines(folder, repository, branch):
    """Return what has to run first in Colab: the package; for a sheet its hints, too."""
    hints = f"\n!curl -sLO {repository}/raw/{branch}/exercises/hints.json"
    return f"%pip install -q git+{repository}" + hints * (folder == "exercises")


def escape_formulas(app, what, name, obj, options, lines):
    """Docstrings hold formulas: their bars and stars are no markup."""
    for n, line in enumerate(lines):
        parts = re.split(r"(`[^`]*`)", line)
        parts[::2] = [re.sub(r"([*|]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
        lines[n] = "".join(parts)


def setup(app):
    app.course_places = places()
    app.add_config_value("REPOSITORY", "", "html")
    app.add_config_value("course_branch", "main", "html")
    app.add_config_value("course_lite", True, "html", types=frozenset({bool, str}))
    app.connect("autodoc-process-docstring", escape_formulas, priority=400)  # before napoleon
    app.connect("doctree-read", prepare)
    app.connect("doctree-resolved", link_numbers)
    app.connect("doctree-resolved", launch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
