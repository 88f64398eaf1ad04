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

    Parameters
    ----------
    rows, cols : int
        Panels.
    width, height : float
        Size in inches, at 100 dots an inch.
    **subplots
        Passed on, for example ``sharey=True``.
    """
    import matplotlib
    from cycler import cycler
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(STYLE)
    matplotlib.rcParams["axes.prop_cycle"] = cycler(color=[BLUE, VERMILLION, GREEN, PURPLE]) + cycler(
        linestyle=["-", "--", "-.", ":"]
    )
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(rows, cols, **subplots)


def show(fig, alt):
    """Show a figure with its description, for eyes and for screen readers.

    Parameters
    ----------
    fig : matplotlib Figure
        From `figure`.
    alt : str
        What the picture shows, in one to three sentences. The first one stands under
        the picture as its caption.

    Raises
    ------
    ValueError
        If the description is too short to describe anything.
    """
    from IPython.display import Markdown, display

    if len(alt.split()) < 5:
        raise ValueError(f"alt is {alt!r}: say in a sentence what the picture shows")
    data = {"image/png": _png(fig), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)
    display(Markdown(f"*{alt.partition('. ')[0].rstrip('.')}.*"))


def hide_axes(ax):
    """Leave only what is drawn: no ticks, grid or frame."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)


def write_at(ax, x, y, text, color=BLACK, **style):
    """Write a direct label beside a curve, on a white ground so that lines stay readable."""
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
    return ax.text(x, y, text, color=color, bbox=ground, **style)


def image_grid(images, titles, columns=8, size=0.85):
    """Return a figure of small grey pictures, each under its title.

    Parameters
    ----------
    images : ndarray (N, 64) or (N, H, W)
        Ink, 0 is paper; rows of 64 are 8 x 8 pictures.
    titles : sequence of N str
    """
    rows = -(-len(images) // columns)
    width, height = columns * size, rows * (size + 0.25)
    fig, axes = figure(rows, columns, width, height, squeeze=False)
    for ax in axes.flat:
        hide_axes(ax)
    for ax, picture, title in zip(axes.flat, images, titles):
        ax.imshow(_as_picture(picture), cmap=INK, vmin=0.0)
        ax.set_title(title, fontsize=9, loc="center")
    return fig


def matrix(ax, M, signed=True):
    """Draw a matrix as coloured cells; signed ones are centred on 0 (orange -, purple +)."""
    largest = float(np.max(np.abs(M))) or 1.0
    style = {"cmap": SIGNED, "vmin": -largest, "vmax": largest} if signed else {"cmap": MAGNITUDE}
    hide_axes(ax)
    return ax.imshow(M, **style)


def learning_curve(ax, history):
    """Draw training and validation loss by epoch on a log scale, labelled directly."""
    for name, values, color, style in [
        ("training", history.loss, BLUE, "-"),
        ("validation", history.validation_loss, VERMILLION, "--"),
    ]:
        if values:
            epochs = np.arange(1, len(values) + 1)
            ax.plot(epochs, values, color=color, linestyle=style)
            write_at(ax, epochs[-1], values[-1], name, color, ha="right", va="bottom")
    ax.set(yscale="log", xlabel="epoch", ylabel="loss")


def _as_picture(pixels):
    pixels = np.asarray(pixels)
    return pixels.reshape(8, 8) if pixels.ndim == 1 else pixels


def _png(fig):
    """Return the figure as base64 PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()
