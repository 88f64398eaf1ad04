"""The house style of every figure, and the ways of drawing that lessons share.

The only module that uses matplotlib, which is imported when the first figure is made.
Figures are made with `figure` and end with `show`, which gives each its description.
No figure is left behind in memory: pyplot, which keeps them, is not used.
"""

import base64
import io

import numpy as np

# Okabe & Ito's colours: told apart by colour-blind readers too.
BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#000000", "#767676"
MAGNITUDE, SIGNED, INK = "cividis", "PuOr", "Greys"  # colour maps

STYLE = {
    "figure.dpi": 100,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "lines.linewidth": 2,
    "legend.frameon": False,
    "image.interpolation": "nearest",
}


def figure(rows=1, cols=1, width=6.4, height=3.6, **subplots):
    """Return a figure in the house style and its axes, as matplotlib's `subplots` does.

    `width` and `height` are inches of 100 dots; more goes to `subplots`, as ``sharey=True``.
    """
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(STYLE)
    colors = cycler(color=[BLUE, VERMILLION, GREEN, PURPLE])
    matplotlib.rcParams["axes.prop_cycle"] = colors + cycler(linestyle=["-", "--", "-.", ":"])
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(rows, cols, **subplots)


def show(fig, alt, widget=None):
    """Show a figure with its description, for eyes and for screen readers.

    `alt` says in one to three sentences what the picture shows; the first one stands under it
    as its caption. A `widget` is shown in place of the picture while there is a kernel.
    """
    from IPython.display import display

    if len(alt.split()) < 5:
        raise ValueError(f"alt is {alt!r}: say in a sentence what the picture shows")
    caption = f"*{alt.partition('. ')[0].rstrip('.')}.*"
    moving = widget._repr_mimebundle_() if widget else {}
    picture = moving | {"image/png": _png(fig), "text/plain": alt}
    display(picture, metadata={"image/png": {"alt": alt}}, raw=True)
    display({"text/markdown": caption, "text/plain": caption}, raw=True)


def hide_axes(ax):
    """Leave only what is drawn: no ticks, grid or frame."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)


def write_at(ax, x, y, text, color=BLACK, **style):
    """Write a label in the picture, on a white ground so that it stays readable."""
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
    return ax.text(x, y, text, color=color, bbox=ground, **style)


def label_end(ax, x, y, text, color=BLACK):
    """Write a curve's name to the right of its last point (x, y), in the curve's colour."""
    ax.annotate(
        text, (x, y), xytext=(6, 0), textcoords="offset points", color=color,
        va="center", annotation_clip=False,
    )  # fmt: skip


def whole_numbers(axis):
    """Put ticks at whole numbers only: epochs, layers, units."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def image_grid(images, titles, columns=8, size=0.85):
    """Return a figure of small grey pictures, each under its title.

    `images` (N, 64), rows of 8 x 8 pixels, or (N, H, W) is ink: 0 is paper.
    """
    rows = -(-len(images) // columns)
    width, height = columns * size, rows * (size + 0.25)
    fig, axes = figure(rows, columns, width, height, squeeze=False)
    for ax in axes.flat:
        hide_axes(ax)
    for ax, picture, title in zip(axes.flat, images, titles):
        picture = picture if np.ndim(picture) == 2 else np.reshape(picture, (8, 8))
        ax.imshow(picture, cmap=INK, vmin=0.0)
        ax.set_title(title, fontsize=9, loc="center")
    return fig


def matrix(ax, M, signed=True):
    """Draw a matrix as coloured cells; signed ones are centred on 0 (orange -, purple +)."""
    largest = float(np.max(np.abs(M))) or 1.0
    style = {"cmap": SIGNED, "vmin": -largest, "vmax": largest} if signed else {"cmap": MAGNITUDE}
    hide_axes(ax)
    return ax.imshow(M, **style)


def write_signs(ax, M, share=0.2, zeros=False, size=7):
    """Write + or − into the cells of a drawn matrix, so that signs need no colour.

    Entries below this share of the largest get none; with `zeros`, an exact 0 is written.
    """
    largest = float(np.max(np.abs(M))) or 1.0
    for (row, col), value in np.ndenumerate(M):
        text = ("+" if value > 0.0 else "−") if abs(value) >= share * largest else ""
        if value == 0.0:
            text = "0" if zeros else ""
        color = "white" if abs(value) > 0.6 * largest else BLACK if value else GREY
        ax.text(col, row, text, color=color, fontsize=size, ha="center", va="center")


def learning_curve(ax, history):
    """Draw the loss by epoch on a log scale: on the training data, and on data held out."""
    both = [("training", history.loss, BLUE, "-")]
    both += [("held out", history.validation_loss, VERMILLION, "--")]
    for name, losses, color, style in both:
        if losses:
            ax.plot(np.arange(1, len(losses) + 1), losses, color=color, linestyle=style)
            label_end(ax, len(losses), losses[-1], name, color)
    whole_numbers(ax.xaxis)
    ax.set(yscale="log", xlabel="epoch", ylabel="loss")


def function_and_derivative(ax, z, f, f_prime, measured):
    """Draw the house figure of a function at z (N,): f, f' and on top the derivative measured."""
    ax.plot(z[[0, -1]], [0.0, 0.0], color=GREY, linewidth=0.8, linestyle="-")
    ax.plot(z, f(z), color=BLUE, linestyle="-")
    ax.plot(z, f_prime(z), color=VERMILLION, linestyle="-", linewidth=3)
    ax.plot(z, measured, color=BLACK, linestyle=(0, (2, 3)), linewidth=1.5)
    label_end(ax, z[-1], f(z)[-1], "f", BLUE)
    label_end(ax, z[-1], f_prime(z)[-1], "f'", VERMILLION)
    ax.set(xlabel="pre-activation z", xlim=(z[0] - 0.2, z[-1] + 0.1 * (z[-1] - z[0])))


def regions(ax, classify, X, labels, margin=0.3):
    """Colour the plane by class and draw the points X (B, 2), a marker for each class.

    `classify` turns points (N, 2) into class numbers (N,), as `labels` (B,) has them.
    """
    from matplotlib.colors import ListedColormap

    colors = [BLUE, VERMILLION, GREEN, PURPLE][: int(labels.max()) + 1]
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    xs, ys = np.linspace(low[0], high[0], 200), np.linspace(low[1], high[1], 200)
    grid = np.column_stack([part.ravel() for part in np.meshgrid(xs, ys)])
    classes = classify(grid).reshape(len(ys), len(xs))
    ax.pcolormesh(xs, ys, classes, cmap=ListedColormap(colors), alpha=0.25, rasterized=True,
                  vmin=-0.5, vmax=len(colors) - 0.5)  # fmt: skip
    for c, color in enumerate(colors):
        points = X[labels == c]
        ax.plot(*points.T, "os^D"[c], color=color, markersize=4, markeredgecolor="white",
                markeredgewidth=0.5)  # fmt: skip
    ax.grid(False)


def network_diagram(ax, activations, weights, texts=None):
    """Draw a network: a column of circles a layer, a line for every weight.

    `activations` hold an array (D_l,) for each layer, shown by colour and, unless there are
    `texts`, by numbers; `weights` (D_out, D_in) are one fewer: thick if large, dashed below 0.
    """
    hide_axes(ax)
    at = [[(x, (len(a) - 1) / 2.0 - d) for d in range(len(a))] for x, a in enumerate(activations)]
    largest = max(float(np.max(np.abs(W))) for W in weights) or 1.0
    for n, W in enumerate(weights):
        for (j, k), w in np.ndenumerate(W):
            ends = np.array([at[n][k], at[n + 1][j]]).T
            style = "-" if w >= 0 else (0, (3, 2))
            ax.plot(*ends, color=GREY, linestyle=style, linewidth=0.5 + 2.5 * abs(w) / largest)
    texts = texts or [[f"{value:.2f}" for value in a] for a in activations]
    largest = max(float(np.max(np.abs(a))) for a in activations) or 1.0
    for places, a, words in zip(at, activations, texts):
        for place, value, word in zip(places, a, words):
            _circle(ax, *place, word, float(value) / largest)
    tallest = max(map(len, at)) / 2.0
    ax.set(xlim=(-0.4, len(at) - 0.6), ylim=(-tallest - 0.2, tallest + 0.2))


def _circle(ax, x, y, word, share):
    """Draw a unit in the colour of its share of the largest; the word in black or white."""
    from matplotlib import colormaps

    color = colormaps[SIGNED](0.5 + 0.5 * share)
    dark = np.dot(color[:3], [0.3, 0.59, 0.11]) < 0.5
    ax.plot(x, y, "o", markersize=34, color=color, markeredgecolor=GREY)
    ax.text(x, y, word, ha="center", va="center", fontsize=8, color="white" if dark else BLACK)


def graph(ax, nodes, edges, below=None):
    """Draw a computational graph: boxes with a name and a value, arrows with a label.

    `nodes` {name: (x, y, text)} have their text in the box, `edges` {(from, to): text} on the
    arrow, `below` {name: text} is written under boxes, in the colour of derivatives.
    """
    hide_axes(ax)
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": BLUE}
    boxes = {
        name: ax.text(x, y, f"{name}\n{text}".strip(), bbox=box, ha="center", va="center",
                      fontsize=9).get_bbox_patch()
        for name, (x, y, text) in nodes.items()
    }  # fmt: skip
    for (start, end), text in edges.items():
        a, b = np.array(nodes[start][:2]), np.array(nodes[end][:2])
        style = {"arrowstyle": "-|>", "color": GREY, "patchA": boxes[start], "patchB": boxes[end]}
        ax.annotate("", b, a, arrowprops=style)
        if text:
            write_at(ax, *(0.5 * (a + b)), text, VERMILLION, ha="center", va="center", fontsize=8)
    for name, text in (below or {}).items():
        ax.annotate(text, nodes[name][:2], xytext=(0, -20), textcoords="offset points",
                    ha="center", va="top", color=VERMILLION, fontsize=8)  # fmt: skip
    x, y = np.array([node[:2] for node in nodes.values()]).T
    ax.set(xlim=(x.min() - 0.6, x.max() + 0.6), ylim=(y.min() - 0.6, y.max() + 0.6))


def shape_box(ax, x, y, shape, name, unit=0.25, color=BLUE):
    """Draw an array as a box of rows x columns cells, its name inside, its shape below.

    Return the x where the box ends, to draw the next one from.
    """
    from matplotlib.patches import Rectangle

    rows, cols = shape if len(shape) == 2 else (1, *shape)
    width, height = unit * cols, unit * rows
    for r in range(rows):
        for c in range(cols):
            corner = (x + c * unit, y - height / 2 + r * unit)
            ax.add_patch(Rectangle(corner, unit, unit, facecolor=color, alpha=0.25, ec="white"))
    ax.add_patch(Rectangle((x, y - height / 2), width, height, fill=False, edgecolor=color))
    ax.text(x + width / 2, y, name, ha="center", va="center")
    label = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    ax.text(x + width / 2, y - height / 2 - 0.1, label, ha="center", va="top", fontsize=8)
    return x + width


def _png(fig):
    """Return the figure as base64 PNG of 256 colours; the same figure gives the same bytes.

    The few colours cost nothing the eye can see and make a lesson's file a third as large.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image  # matplotlib brings it

    canvas, buffer = FigureCanvasAgg(fig), io.BytesIO()
    canvas.draw()  # once; savefig would draw twice
    few = {"colors": 256, "method": Image.Quantize.MAXCOVERAGE, "dither": Image.Dither.NONE}
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    picture.quantize(**few).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
