"""A computational graph to step through: values forward, gradients backward (lessons 04, 11).

`graph_viewer` shows the nodes that a function returns: each has `name`, `value`, `parents` and
`local`, the slope for each parent, as in lesson 04. `trace` makes them from an expression.
"""

import ast
from types import SimpleNamespace

import numpy as np

from nnlib import plots
from nnlib.autodiff import Node, topological_order
from nnlib.explorers import explore, slider

OPERATIONS = {
    ast.Add: (np.add, "{} + {}"), ast.Sub: (np.subtract, "{} - {}"),
    ast.Mult: (np.multiply, "{} * {}"), ast.Div: (np.true_divide, "{} / {}"),
    ast.Pow: (np.power, "{} ** {}"), ast.USub: (np.negative, "-{}"),
}  # fmt: skip
FUNCTIONS = {f.__name__: f for f in (np.exp, np.log, np.sin, np.cos, np.tanh, np.sqrt)}
FUNCTIONS |= {"max": np.maximum, "min": np.minimum}
LETTERS = "abcdefghijk"  # one for each step
DEEPEST = 6  # columns that find room in a picture
WIDTH, HEIGHT, HALF = 720, 380, np.array([36, 18])  # of the picture; of half a box
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="DejaVu Sans, Verdana, sans-serif" font-size="12" text-anchor="middle">
<style>
text {{ paint-order: stroke; stroke: white; stroke-width: 8px; stroke-linejoin: round }}
</style>
<rect width="100%" height="100%" fill="white"/>
{parts}
</svg>"""


# ---------------------------------------------------------------- from an expression to nodes


def trace(text, **inputs):
    """Return the nodes of an expression, parents first, computed by `nnlib.autodiff`.

    Parameters
    ----------
    text : str
        Such as ``"x * z + tanh(x)"``. Equal parts are computed once.
    **inputs : float
        The value of each name that may occur.

    Raises
    ------
    ValueError
        If the text is no expression in these names, or is too long to draw.
    """
    steps = _Steps({name: Node(value, name=name) for name, value in inputs.items()})
    try:
        end = steps.values[steps.take(ast.parse(text.strip(), mode="eval").body)]
    except (SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"{text[:40]!r} is not a formula that can be read") from None
    if not isinstance(end, Node):
        raise ValueError(f"the formula has none of {', '.join(inputs)} in it")
    if end.edges:
        end.name = "y"
    nodes = {}
    for v in topological_order(end):
        nodes[v] = SimpleNamespace(
            name=v.name, value=float(v.array), formula=getattr(v, "formula", v.name),
            parents=[nodes[p] for p, _ in v.edges],
            local=[float(share(np.ones(()))) for _, share in v.edges],
        )  # fmt: skip
    return list(nodes.values())


class _Steps:
    """Works an expression out from the inside; each step gets a letter for a name."""

    def __init__(self, inputs):
        self.inputs, self.values, self.names = inputs, dict(inputs), {}
        self.letters = iter(LETTERS)

    def take(self, part):
        """Return the name under which `values` has the value of this part."""
        match part:
            case ast.Constant(number) if type(number) in (int, float):
                self.values[str(number)] = float(number)
                return str(number)
            case ast.Name(name) if name in self.inputs:
                return name
            case ast.BinOp(left, op, right) if type(op) in OPERATIONS:
                return self.step(*OPERATIONS[type(op)], left, right)
            case ast.UnaryOp(op, operand) if type(op) in OPERATIONS:
                return self.step(*OPERATIONS[type(op)], operand)
            case ast.Call(ast.Name(name), arguments, []) if name in FUNCTIONS:
                blanks = ", ".join(["{}"] * len(arguments))
                return self.step(FUNCTIONS[name], f"{name}({blanks})", *arguments)
        allowed = f"{', '.join(self.inputs)}, numbers, + - * / ** and {', '.join(FUNCTIONS)}"
        raise ValueError(f"{ast.unparse(part)!r} is not known here: use {allowed}")

    def step(self, operation, blanks, *arguments):
        """Compute one operation, unless the same was computed before; return the name."""
        names = [self.take(argument) for argument in arguments]
        formula = blanks.format(*names)
        if len(names) != operation.nin:
            raise ValueError(f"{formula!r} needs {operation.nin} argument(s)")
        if formula not in self.names:
            y, name = operation(*[self.values[name] for name in names]), f"({formula})"
            if isinstance(y, Node):
                name = next(self.letters, None)
                if name is None:
                    raise ValueError(f"more than {len(LETTERS)} steps: take a shorter formula")
                y.name, y.formula = name, formula
            self.names[formula], self.values[name] = name, y
        return self.names[formula]


# ---------------------------------------------------------------- from nodes to a picture


def graph_viewer(make, alt, at=None, **controls):
    """Show a graph; a slider walks forward through its values and back through its gradients.

    Parameters
    ----------
    make : callable
        Called with the controls' values; returns the nodes, parents first, the output last.
    at : dict, optional
        {name: (x, y)} of every node; without it the graph is laid out in columns.
    alt, **controls
        As for `explorers.explore`.
    """
    steps = slider("step", 0, 1, 1, tip="first forward, node by node, then back")

    def nodes_of(**values):
        with np.errstate(all="ignore"):  # numpy's numbers divide by 0; Python's would stop
            nodes = make(**{k: np.float64(v) if type(v) is float else v for k, v in values.items()})
        _check_finite(nodes)
        return nodes

    def update(step, **values):
        nodes = nodes_of(**values)
        last, at_end = 2 * sum(bool(v.parents) for v in nodes), step == steps.max
        steps.max = last
        steps.value = last if at_end else min(step, last)
        walk = _Walk(nodes, steps.value)
        return walk.sentence(), _svg(walk, at or places(nodes))

    fig, ax = plots.figure(width=WIDTH / 100, height=HEIGHT / 100)
    nodes = nodes_of(**{name: control.value for name, control in controls.items()})
    whole, at_first = _Walk(nodes, 2 * len(nodes)), at or places(nodes)
    boxes = {v.name: (*at_first[v.name], _short(v.value)) for v in nodes}
    plots.graph(ax, boxes, whole.labels, whole.below)
    explore(fig, update, alt, **controls, step=steps)


def _check_finite(nodes):
    for v in nodes:
        if not np.all(np.isfinite([v.value, *v.local])):
            known = ", ".join(f"{p.name} = {p.value:.4g}" for p in v.parents)
            raise ValueError(f"{v.name} = {_formula(v)} has no finite value and slope at {known}")


def _formula(v):
    made_from = ", ".join(p.name for p in v.parents)
    return getattr(v, "formula", None) or f"{v.rule.__name__}({made_from})"


class _Walk:
    """What is known of a graph after so many steps, and what the last of them did."""

    def __init__(self, nodes, step):
        made = [v for v in nodes if v.parents]
        self.step, self.nodes = step, nodes
        self.known = [v for v in nodes if not v.parents] + made[:step]
        self.back = made[::-1][: max(0, step - len(made))]
        self.now = (self.back or made[:step])[-1:]
        self.gradients, self.shares, self.labels = {nodes[-1].name: 1.0}, {}, {}
        for v in nodes:
            for p, slope in zip(v.parents, v.local):
                self.labels[p.name, v.name] = f"×{_short(slope, 3)}" if v in self.known else ""
        for v in self.back:
            for p, slope in zip(v.parents, v.local):
                share = self.gradients[v.name] * slope
                self.gradients[p.name] = self.gradients.get(p.name, 0.0) + share
                self.shares.setdefault((p.name, v.name), []).append(_short(share, 3))
        self.labels |= {ends: " and ".join(both) for ends, both in self.shares.items()}
        known = self.gradients if self.back else {}
        self.below = {name: f"g = {_short(g)}" for name, g in known.items()}

    def sentence(self):
        """Return what the last step did, and in a second line the gradients of the inputs."""
        inputs = sorted(p.name for p in self.nodes if not p.parents)
        g = {name: self.gradients.get(name, 0.0) + 0.0 for name in inputs}
        so_far = "So far " + ", ".join(f"g_{name} = {g[name]:.4f}" for name in inputs)
        if not self.now:
            return f"Step 0: only the inputs are known\n{so_far}"
        (v,) = self.now
        if not self.back:
            return f"Step {self.step}, forward: {v.name} = {_formula(v)} = {v.value:.4f}\n{so_far}"
        given = ", ".join(f"{self.labels[p, w]} to {p}" for p, w in self.shares if w == v.name)
        g_v = self.gradients[v.name] + 0.0
        return f"Step {self.step}, back: {v.name} has g = {g_v:.4f} and hands {given}\n{so_far}"


def _short(value, digits=4):
    if 1e3 <= abs(value) < 1e5:
        return f"{value:.0f}"
    return f"{value + 0.0:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")


def _svg(walk, at):
    """Return the graph as SVG: the node of this step has a thick edge."""
    at = _in_pixels({v.name: at[v.name] for v in walk.nodes})
    arrows, words, boxes = [], [], []
    for (p, v), label in walk.labels.items():
        back = (p, v) in walk.shares
        arrows.append(_arrow(at[p], at[v], plots.VERMILLION if back else plots.GREY))
        share = 0.5 + 0.08 * np.sign(at[v][1] - at[p][1])  # apart where two arrows cross
        place = (1.0 - share) * at[p] + share * at[v] + [0, 4]
        words.append(_text(place, label, plots.VERMILLION if back else plots.BLACK))
    for v in walk.nodes:
        color = plots.VERMILLION if walk.back else plots.BLUE
        color, width = (color, 3) if v in walk.now else (plots.GREY, 1)
        (x, y), (w, h) = at[v.name] - HALF, 2 * HALF
        boxes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w}" height="{h}" rx="5" '
                     f'fill="white" stroke="{color}" stroke-width="{width}"/>')  # fmt: skip
        value = _short(v.value) if v in walk.known else ""
        boxes.append(_text(at[v.name] - [0, 3 if value else -4], v.name))
        boxes.append(_text(at[v.name] + [0, 12], value))
        words.append(_text(at[v.name] + [0, 35], walk.below.get(v.name, ""), plots.VERMILLION))
    return SVG.format(width=WIDTH, height=HEIGHT, parts="\n".join(arrows + words + boxes))


def _in_pixels(at):
    """Return the places on the picture: room for half a box around, and for words below."""
    xy = np.array([*at.values()], dtype=float) * [1.0, -1.0]
    low, high = xy.min(axis=0), xy.max(axis=0)
    xy = (xy - 0.5 * (low + high)) / np.maximum(high - low, 1e-9)  # from -1/2 to 1/2
    return dict(zip(at, [WIDTH / 2, HEIGHT / 2 - 10] + xy * [WIDTH - 100, HEIGHT - 76]))


def _arrow(start, end, color):
    """Return an arrow from the edge of one box to the edge of the other."""
    way = end - start
    inside = np.min(HALF / np.maximum(np.abs(way), 1e-9)) * way  # the part of the way in a box
    along, tip = 10 * way / np.hypot(*way), end - inside
    across = 0.4 * along[::-1] * [-1, 1]
    corners = [start + inside, tip, tip - along + across, tip - along - across, tip]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)
    return f'<path d="M{path}" stroke="{color}" stroke-width="1.5" fill="{color}"/>'


def _text(place, words, color=plots.BLACK):
    x, y = place
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}">{words}</text>'


def places(nodes):
    """Return {name: (x, y)}: a column for each depth, in it every node near its parents.

    An arrow that passes over a column keeps a lane free in it. A ValueError says that the
    graph is too deep.
    """
    depth, columns = {}, {}
    for v in nodes:
        depth[v.name] = 1 + max((depth[p.name] for p in v.parents), default=-1)
    for v in nodes:
        columns.setdefault(depth[v.name], {})[v.name] = [p.name for p in v.parents]
        for p in v.parents:
            for d in range(depth[p.name] + 1, depth[v.name]):
                columns[d].setdefault(f"lane of {p.name}", [p.name])
    if len(columns) > DEEPEST:
        raise ValueError(f"more than {DEEPEST - 1} steps one after the other: take fewer")
    height, at = {}, {}
    for d, column in sorted(columns.items()):
        wish = {name: np.mean([height[p] for p in near] or [0.0]) for name, near in column.items()}
        for n, name in enumerate(sorted(column, key=lambda name: -wish[name])):
            height[name] = (len(column) - 1) / 2.0 - n
            at[name] = (float(d), height[name])
    return {v.name: at[v.name] for v in nodes}
