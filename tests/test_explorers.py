"""Explorers without a browser: what a move draws, what nonsense does, what is left behind."""

import base64
import gc
import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from nnlib import explorers, plots
from nnlib.explorers import choice, entry, explore, slider, switch

ALT = "A straight line through 0 whose slope is set by a slider. Nothing else."


def a_line():
    fig, ax = plots.figure(width=3, height=2)
    x = np.array([-1.0, 1.0])
    (line,) = ax.plot(x, x)
    ax.set(ylim=(-3, 3), xlabel="x", ylabel="y")

    def update(slope, limit=3.0):
        if slope > 2.5:
            raise ValueError("the slope is larger than 2.5: choose a smaller one")
        line.set_data(x, slope * x)
        ax.set_ylim(-limit, limit)
        return f"slope {slope:.2f} <"

    return fig, update


@pytest.fixture
def explorer():
    slope = slider("slope w", -3.0, 3.0, 1.0, tip="turns the line")
    limit = slider("limit", 1.0, 4.0, 3.0)
    explore(*a_line(), ALT, slope=slope, limit=limit)
    return explorers.shown[ALT]


def pixels(explorer):
    return np.asarray(Image.open(io.BytesIO(explorer.picture.value)).convert("L"), dtype=float)


def test_a_move_changes_picture_and_key_figure(explorer):
    before, key = pixels(explorer), explorer.key.value
    explorer.controls["slope"].value = -1.0
    assert np.abs(pixels(explorer) - before).max() > 100
    assert "slope -1.00 &lt;" in explorer.key.value != key


@pytest.mark.parametrize("limit", [3.0, 1.5])
def test_the_fast_picture_is_the_one_drawn_from_nothing(explorer, limit):
    explorer.controls["slope"].value, explorer.controls["limit"].value = 0.4, limit
    fig, update = a_line()
    update(0.4, limit)
    whole = io.BytesIO()
    fig.savefig(whole, format="png")
    whole = np.asarray(Image.open(whole).convert("L"), dtype=float)
    assert np.mean(np.abs(pixels(explorer) - whole) > 60) == 0.0


def everything():
    """Return a figure with artists of many kinds, and a function that changes some of them."""
    fig, (left, right) = plots.figure(1, 2, width=6, height=2.5)
    image = left.imshow(np.eye(4), cmap=plots.SIGNED, vmin=-2, vmax=2)
    fig.colorbar(image)
    plots.write_at(left, 1, 1, "above")
    left.set_title("stands still, $x_1$")
    left.grid(False)  # the fast picture has it below everything
    bars, dots = right.bar(range(3), 1.0), right.scatter(range(3), [1.0, 2.0, 0.5], zorder=4)
    word = right.text(1, 1.5, "word", zorder=5)
    (curve,) = right.plot([0, 1, 2], [0, 1, 2], label="curve")
    legend = right.legend(loc="upper left")
    right.set(xlabel="x", ylim=(-3, 3))

    def update(s, more):
        image.set_data(s * np.eye(4))
        curve.set_ydata([0, s, -s])
        bars[1].set_height(s)
        word.set_text(f"s = {s:.1f}")
        if more:
            dots.set_offsets([[s, s], [1, 1]])
            legend.get_texts()[0].set_text("another")
            left.set_title(f"moves, {s:.1f}")
            right.set(ylim=(-4, 4), xlabel="z")
            plots.label_end(right, 2, -s, f"end {s}")
        return f"s = {s:.1f}"

    return fig, update


def test_whatever_is_changed_is_drawn_anew():
    s, more = slider("s", -2.0, 2.0, 1.0), switch("more")
    explore(*everything(), ALT, s=s, more=more)
    for s.value, more.value in [(0.5, False), (-1.0, True), (2.0, True), (-0.3, False)]:
        whole = io.BytesIO()
        explorers.shown[ALT].drawing.fig.savefig(whole, format="png")
        whole = np.asarray(Image.open(whole).convert("L"), dtype=float)
        assert np.mean(np.abs(pixels(explorers.shown[ALT]) - whole) > 60) == 0.0


def test_what_stands_still_is_drawn_once(explorer, monkeypatch):
    drawn = []
    canvas = explorer.drawing.canvas
    monkeypatch.setattr(canvas, "draw", lambda: drawn.append(type(canvas).draw(canvas)))
    explorer.controls["slope"].value = -1.0
    assert len(drawn) == 0
    explorer.controls["limit"].value = 2.0  # moves the ticks
    assert len(drawn) == 1


def test_nonsense_gives_one_sentence_and_a_good_value_the_picture(explorer):
    explorer.controls["slope"].value = 2.8
    assert explorer.picture.layout.visibility == "hidden"
    assert "No picture: the slope is larger than 2.5: choose a smaller one" in explorer.key.value
    explorer.controls["slope"].value = 0.0
    assert explorer.picture.layout.visibility is None and "slope 0.00" in explorer.key.value


def test_a_thousand_moves_leave_nothing_behind(explorer):
    moves = np.linspace(-2.0, 2.0, 100)
    slope = explorer.controls["slope"]
    for value in moves:
        slope.value = value
    tracemalloc.start()
    figures, before = count_figures(), tracemalloc.get_traced_memory()[0]
    for value in np.tile(moves, 10):
        slope.value = value
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert count_figures() == figures
    assert grown < 500_000


def count_figures():
    from matplotlib.figure import Figure

    gc.collect()
    return sum(isinstance(thing, Figure) for thing in gc.get_objects())


def test_running_a_cell_again_replaces_its_explorer(explorer):
    from ipywidgets.widgets.widget import _instances

    alive = len(_instances)
    slope, limit = slider("slope w", -3.0, 3.0, 1.0), slider("limit", 1.0, 4.0, 3.0)
    explore(*a_line(), ALT, slope=slope, limit=limit)
    assert explorers.shown[ALT] is not explorer
    assert len(_instances) == alive


def test_readers_without_a_kernel_see_the_first_picture(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *a, **k: shown.append((a[0], k)))
    explore(*a_line(), ALT, slope=slider("slope w", -3.0, 3.0, 1.0))
    bundle, options = shown[0]
    assert bundle["text/plain"] == ALT and options["metadata"]["image/png"]["alt"] == ALT
    assert {"image/png", "application/vnd.jupyter.widget-view+json"} < set(bundle)
    still = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("L")
    assert np.mean(np.abs(pixels(explorers.shown[ALT]) - np.asarray(still)) > 60) < 0.002


@pytest.mark.parametrize(
    "control, value",
    [
        (slider("w", -1.0, 1.0, 0.5), 0.5),
        (slider("size B", 1, 9, 4), 4),
        (choice("f", ["ReLU", "tanh"]), "ReLU"),
        (choice("f", {"ReLU": 3, "tanh": 4}, 4), 4),
        (entry("expression", "x * z"), "x * z"),
        (switch("mask", True), True),
    ],
)
def test_controls_have_a_label_a_tip_and_a_value(control, value):
    assert control.description and control.tooltip and control.value == value


def test_a_slider_that_changes_nothing_is_hidden_until_it_does():
    limit = slider("limit", 1.0, 4.0, 3.0, used=lambda slope, limit: slope > 0.0)
    explore(*a_line(), ALT, slope=slider("slope w", -3.0, 3.0, 1.0), limit=limit)
    slope, seen = explorers.shown[ALT].controls["slope"], []
    for slope.value in (1.0, -1.0, 2.0):
        seen.append(limit.layout.visibility)
    assert seen == [None, "hidden", None] and slope.layout.visibility is None


def test_whole_numbers_stay_whole():
    assert isinstance(slider("B", 1, 9, 4).value, int)
    assert isinstance(slider("b", 1.0, 9.0, 4).value, float)


def test_the_page_is_given_the_description_of_the_picture():
    explore(*a_line(), 'A line, "straight" & <through> 0.', slope=slider("w", -3.0, 3.0, 1.0))
    aloud = explorers.shown['A line, "straight" & <through> 0.'].widget.children[-1].value
    assert 'alt="A line, &quot;straight&quot; &amp; &lt;through&gt; 0."' in aloud
