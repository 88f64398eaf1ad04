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
    ast.Add: (np.add, "+"), ast.Sub: (np.subtract, "-"), ast.Mult: (np.multiply, "*"),
    ast.Div: (np.true_divide, "/"), ast.Pow: (np.power, "**"), ast.USub: (np.negative, "-"),
}  # fmt: skip
FUNCTIONS = {f.__name__: f for f in (np.exp, np.log, np.sin, np.cos, np.tanh, np.sqrt)}
FUNCTIONS |= {"max": np.maximum, "min": np.minimum}
LETTERS = "abcdefghijk"  # one for each step
DEEPEST = 6  # columns that find room in a picture
BOX, GROUND = ([(-1, -h), (1, -h), (1, h), (-1, h), (-1, -h)] for h in (0.55, 0.25))  # markers


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
        end = steps.of(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, MemoryError, RecursionError):
        raise ValueError(f"{text[:40]!r} is not a formula that can be read") from None
    if not isinstance(end, Node):
        raise ValueError(f"the formula has none of {', '.join(inputs)} in it")
    if end.edges:
        end.name = "y"
    nodes = {}
    for v in topological_order(end):
        local = [float(share(np.ones(()))) for _, share in v.edges]
        nodes[v] = SimpleNamespace(
            name=v.name, value=float(v.array), formula=steps.formulas.get(v, v.name),
            parents=[nodes[p] for p, _ in v.edges], local=local,
        )  # fmt: skip
    return list(nodes.values())


class _Steps:
    """Walks over a parsed expression; each step makes a node with a letter and a formula."""

    def __init__(self, inputs):
        self.inputs, self.made, self.formulas = inputs, {}, {}

    def of(self, part):
        """Return the node, or the number, of a part of the expression."""
        match part:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id=name) if name in self.inputs:
                return self.inputs[name]
            case ast.BinOp(left, op, right) if type(op) in OPERATIONS:
                operation, sign = OPERATIONS[type(op)]
                return self.step(part, operation, f"{{}} {sign} {{}}", left, right)
            case ast.UnaryOp(ast.USub(), operand):
                return self.step(part, np.negative, "-{}", operand)
            case ast.Call(ast.Name(id=name), arguments, []) if name in FUNCTIONS:
                blanks = ", ".join(["{}"] * len(arguments))
                return self.step(part, FUNCTIONS[name], f"{name}({blanks})", *arguments)
        allowed = f"{', '.join(self.inputs)}, numbers, + - * / ** and {', '.join(FUNCTIONS)}"
        raise ValueError(f"{ast.unparse(part)!r} is not known here: use {allowed}")

    def step(self, part, operation, formula, *arguments):
        """Apply an operation, unless the same was computed before."""
        if len(arguments) != operation.nin:
            raise ValueError(f"{ast.unparse(part)!r} needs {operation.nin} argument(s)")
        key = ast.dump(part)
        if key not in self.made:
            values = [self.of(argument) for argument in arguments]
            y = self.made[key] = operation(*values)
            if isinstance(y, Node):
                if len(self.formulas) == len(LETTERS):
                    raise ValueError(f"more than {len(LETTERS)} steps: take a shorter formula")
                y.name = LETTERS[len(self.formulas)]
                names = [v.name if isinstance(v, Node) else f"{v:g}" for v in values]
                self.formulas[y] = formula.format(*names)
        return self.made[key]


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
    fig, ax = plots.figure(width=7.2, height=3.8)
    plots.hide_axes(ax)
    picture = _Picture(ax, at)
    steps = slider("step", 0, 1, 1, tip="first forward, node by node, then back")

    def update(step, **values):
        with np.errstate(all="ignore"):  # numpy's numbers divide by 0; Python's would stop
            nodes = make(**{k: np.float64(v) if type(v) is float else v for k, v in values.items()})
        _check_finite(nodes)
        last, at_end = 2 * sum(bool(v.parents) for v in nodes), step == steps.max
        steps.max = last
        steps.value = last if at_end else min(step, last)
        return picture.show(nodes, steps.value)

    explore(fig, update, alt, **controls, step=steps)


def _check_finite(nodes):
    for v in nodes:
        if not np.all(np.isfinite([v.value, *v.local])):
            known = ", ".join(f"{p.name} = {p.value:.4g}" for p in v.parents)
            raise ValueError(f"{v.name} = {_formula(v)} has no finite value and slope at {known}")


def _formula(v):
    made_from = ", ".join(p.name for p in v.parents)
    return getattr(v, "formula", None) or f"{v.rule.__name__}({made_from})"


class _Picture:
    """The boxes, arrows and numbers of one graph at a time."""

    def __init__(self, ax, at):
        self.ax, self.at, self.drawn = ax, at, None

    def show(self, nodes, step):
        """Write the numbers as they are after so many steps; return what the last one did."""
        arrows = list(dict.fromkeys((p.name, v.name) for v in nodes for p in v.parents))
        if (arrows, len(nodes)) != self.drawn:
            self._draw(nodes, arrows)
            self.drawn = arrows, len(nodes)
        made = [v for v in nodes if v.parents]
        known = [v for v in nodes if not v.parents] + made[:step]
        back = made[::-1][: max(0, step - len(made))]
        gradients, shares = _walk_back(nodes, back)
        pairs = [(p, v, slope) for v in known for p, slope in zip(v.parents, v.local)]
        slopes = {(p.name, v.name): f"×{_short(slope, 3)}" for p, v, slope in pairs}
        now = (back or made[:step])[-1:]
        self._write(nodes, known, gradients if back else {}, slopes | shares)
        self._colour(nodes, arrows, now, shares)
        return _sentence(step, now, back, gradients, shares, nodes)

    def _draw(self, nodes, arrows):
        """Make the artists of another graph."""
        at = {name: np.array(place) for name, place in (self.at or places(nodes)).items()}
        for artist in [*self.ax.collections, *self.ax.texts]:
            artist.remove()
        xy = np.array([at[v.name] for v in nodes])
        low, high = xy.min(axis=0) - [0.6, 0.9], xy.max(axis=0) + [0.6, 0.6]
        self.ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
        self.quiver = self._quiver([(at[p], at[v]) for p, v in arrows], high - low)
        self.boxes = self.ax.scatter(*xy.T, s=2100, marker=BOX, facecolor="white", zorder=3)
        middle = {"ha": "center", "va": "center", "zorder": 4}
        self.names = [self.ax.text(*at[v.name], "", fontsize=9, **middle) for v in nodes]
        below = {"xytext": (0, -19), "textcoords": "offset points", "ha": "center", "va": "center"}
        self.below = [
            self.ax.annotate("", at[v.name], color=plots.VERMILLION, fontsize=9, zorder=5, **below)
            for v in nodes
        ]
        between = np.reshape([_between(at[p], at[v]) for p, v in arrows], (-1, 2))
        ground = {"s": 900, "marker": GROUND, "facecolor": "white", "linewidth": 0, "zorder": 3}
        self.ax.scatter(*between.T, **ground)
        self.labels = [self.ax.text(*place, "", fontsize=8, **middle) for place in between]

    def _quiver(self, ends, size):
        """Draw an arrow from box to box for each pair of places."""
        if not ends:
            return None
        start, end = np.array(ends).transpose(1, 0, 2)
        way = end - start
        half = size * [0.047, 0.075]  # of a box
        inside = np.min(half / np.maximum(np.abs(way), 1e-9), axis=1, keepdims=True)
        start, way = start + inside * way, (1.0 - 2.0 * inside) * way
        style = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "dots", "zorder": 2}
        return self.ax.quiver(*start.T, *way.T, width=1.5, headwidth=6, headlength=8, **style)

    def _write(self, nodes, known, gradients, labels):
        """Set the numbers in and under the boxes and on the arrows."""
        for v, name, below in zip(nodes, self.names, self.below):
            name.set_text(f"{v.name}\n{_short(v.value)}" if v in known else v.name)
            below.set_text(f"g = {_short(gradients[v.name])}" if v.name in gradients else "")
        for ends, label in zip(self.drawn[0], self.labels):
            label.set_text(labels.get(ends, ""))

    def _colour(self, nodes, arrows, now, shares):
        """Mark the node of this step by a thick edge, the arrows that have carried a share."""
        color = plots.VERMILLION if shares else plots.BLUE
        self.boxes.set_edgecolor([color if v in now else plots.GREY for v in nodes])
        self.boxes.set_linewidth([2.5 if v in now else 1.0 for v in nodes])
        if arrows:
            self.quiver.set_color([plots.VERMILLION if a in shares else plots.GREY for a in arrows])
        for ends, label in zip(arrows, self.labels):
            label.set_color(plots.VERMILLION if ends in shares else plots.BLACK)


def _between(start, end):
    """Return where the number of an arrow stands: apart where a rising and a falling one cross."""
    share = 0.5 - 0.08 * np.sign(end[1] - start[1])
    return (1.0 - share) * start + share * end


def _walk_back(nodes, back):
    """Return each gradient so far, and the text of what each arrow has carried."""
    gradients, shares = {nodes[-1].name: 1.0}, {}
    for v in back:
        for p, slope in zip(v.parents, v.local):
            share = gradients[v.name] * slope
            gradients[p.name] = gradients.get(p.name, 0.0) + share
            shares.setdefault((p.name, v.name), []).append(_short(share, 3))
    return gradients, {ends: " and ".join(both) for ends, both in shares.items()}


def _sentence(step, now, back, gradients, shares, nodes):
    if not now:
        return "Step 0: only the inputs are known"
    (v,) = now
    if not back:
        return f"Step {step}, forward: {v.name} = {_formula(v)} = {v.value:.4f}"
    given = ", ".join(f"{shares[p, w]} to {p}" for p, w in shares if w == v.name)
    inputs = sorted(p.name for p in nodes if not p.parents)
    so_far = ", ".join(f"g_{name} = {gradients.get(name, 0.0) + 0.0:.4f}" for name in inputs)
    g = gradients[v.name] + 0.0
    return f"Step {step}, back: {v.name} has g = {g:.4f} and hands {given}\nSo far {so_far}"


def _short(value, digits=4):
    if 1e3 <= abs(value) < 1e5:
        return f"{value:.0f}"
    return f"{value + 0.0:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")


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
