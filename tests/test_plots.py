"""Figures: the house style, the description that each carries, and what is drawn."""

import base64
import io
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import IPython.display
import matplotlib
import numpy as np
import pytest

from nnlib import plots


@pytest.fixture(autouse=True)
def own_settings():
    with matplotlib.rc_context():
        yield


@pytest.fixture
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(
        IPython.display, "display", lambda thing, **options: calls.append((thing, options))
    )
    return calls


def test_a_figure_has_the_house_size_and_style():
    fig, ax = plots.figure()
    assert tuple(fig.get_size_inches()) == (6.4, 3.6) and fig.dpi == 100
    lines = [ax.plot([0, 1], [n, n])[0] for n in range(4)]
    assert [line.get_color() for line in lines][:2] == [plots.BLUE, plots.VERMILLION]
    assert len({line.get_linestyle() for line in lines}) == 4  # never colour alone
    assert not ax.spines["top"].get_visible() and not ax.spines["right"].get_visible()
    fig, axes = plots.figure(2, 3, width=9.0, sharey=True)
    assert axes.shape == (2, 3) and fig.get_size_inches()[0] == 9.0


def test_the_colours_are_those_of_okabe_and_ito():
    palette = {"#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7"}
    used = {
        plots.BLUE,
        plots.VERMILLION,
        plots.GREEN,
        plots.ORANGE,
        plots.SKY,
        plots.PURPLE,
        plots.BLACK,
    }
    assert used == palette


def test_show_gives_a_picture_its_description_and_a_caption(shown):
    fig, ax = plots.figure()
    ax.plot([0, 1], [0, 1])
    alt = "A straight line rises from 0 to 1. Nothing else is drawn."
    assert plots.show(fig, alt=alt) is None
    (data, options), (caption, _) = shown
    assert (
        data["text/plain"] == alt
        and options["metadata"] == {"image/png": {"alt": alt}}
        and options["raw"]
    )
    sentence = "*A straight line rises from 0 to 1.*"
    assert caption == {"text/markdown": sentence, "text/plain": sentence}
    png = base64.b64decode(data["image/png"])
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (640, 360)
    plots.show(fig, alt=alt)
    assert shown[2][0] == data  # the same figure, the same bytes


@pytest.mark.parametrize("alt", ["", "a plot", "loss over the epochs"])
def test_show_refuses_a_description_that_describes_nothing(shown, alt):
    with pytest.raises(ValueError, match="say in a sentence what the picture shows"):
        plots.show(plots.figure()[0], alt=alt)
    assert shown == []


@pytest.mark.parametrize("n, columns, rows", [(1, 8, 1), (8, 8, 1), (9, 8, 2), (5, 2, 3)])
def test_image_grid_shows_every_picture_under_its_title(n, columns, rows):
    images = np.random.default_rng(0).uniform(size=(n, 64))
    fig = plots.image_grid(images, [f"digit {k}" for k in range(n)], columns)
    assert len(fig.axes) == rows * columns
    for k, ax in enumerate(fig.axes):
        assert len(ax.images) == (k < n) and len(ax.get_xticks()) == 0
        if k < n:
            assert ax.get_title() == f"digit {k}"
            assert np.array_equal(ax.images[0].get_array(), images[k].reshape(8, 8))
            assert ax.images[0].norm.vmin == 0.0


def test_image_grid_takes_pictures_of_another_size():
    fig = plots.image_grid(np.ones((2, 3, 5)), ["a", "b"], columns=2)
    assert fig.axes[0].images[0].get_array().shape == (3, 5)


def test_signs_are_centred_on_zero_and_magnitudes_are_not():
    fig, ax = plots.figure()
    image = plots.matrix(ax, np.array([[-1.0, 3.0]]))
    assert (image.norm.vmin, image.norm.vmax, image.cmap.name) == (-3.0, 3.0, "PuOr")
    assert plots.matrix(ax, np.array([[1.0, 3.0]]), signed=False).cmap.name == "cividis"
    zero = plots.matrix(ax, np.zeros((2, 2)))
    assert zero.norm.vmin < 0.0 < zero.norm.vmax
    fig.savefig(io.BytesIO())


def test_learning_curves_are_drawn_by_epoch_and_labelled_directly():
    fig, ax = plots.figure()
    plots.learning_curve(ax, SimpleNamespace(loss=[3.0, 2.0, 1.0], validation_loss=[4.0, 3.0, 3.5]))
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 2.0, 1.0], [4.0, 3.0, 3.5]]
    assert all(list(line.get_xdata()) == [1, 2, 3] for line in ax.lines)
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert [text.get_text() for text in ax.texts] == ["training", "held out"]
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch" and ax.get_ylabel() == "loss"
    fig, ax = plots.figure()
    plots.learning_curve(ax, SimpleNamespace(loss=[1.0], validation_loss=[]))
    assert len(ax.lines) == 1


def test_function_and_derivative_draws_three_lines_the_measured_one_dashed_on_top():
    fig, ax = plots.figure()
    z = np.linspace(-1.0, 2.0, 7)
    plots.function_and_derivative(ax, z, np.square, lambda z: 2.0 * z, 2.0 * z)
    zero, f, slope, measured = ax.lines
    assert np.array_equal(f.get_ydata(), z**2) and f.get_color() == plots.BLUE
    assert np.array_equal(slope.get_ydata(), 2.0 * z) and slope.get_color() == plots.VERMILLION
    assert measured.get_color() == plots.BLACK and measured.is_dashed()
    assert [text.get_text() for text in ax.texts] == ["f", "f'"]


def test_regions_mark_every_class_by_its_own_marker():
    fig, ax = plots.figure()
    X = np.random.default_rng(0).normal(size=(30, 2))
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    plots.regions(ax, lambda P: (P[:, 0] > 0).astype(int), X, labels)
    assert [len(line.get_xdata()) for line in ax.lines] == list(np.bincount(labels))
    assert len({line.get_marker() for line in ax.lines}) == 3
    colours = ax.collections[0].get_array()
    assert colours[0, 0] == 0 and colours[0, -1] == 1  # left and right of x = 0


def test_diagrams_hold_every_unit_weight_box_and_arrow():
    fig, ax = plots.figure()
    W = np.array([[1.0, -2.0, 0.5], [0.0, 1.0, -1.0]])
    plots.network_diagram(ax, [np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.25])], [W])
    circles = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(circles) == 5 and len(ax.lines) == 5 + W.size
    assert [t.get_text() for t in ax.texts] == ["1.00", "2.00", "3.00", "-1.00", "0.25"]
    assert sum(line.is_dashed() for line in ax.lines if line.get_marker() == "None") == 2
    fig, ax = plots.figure()
    plots.graph(ax, {"x": (0, 0, "2"), "y": (1, 0, "4")}, {("x", "y"): "square"}, {"x": "4"})
    assert {"x\n2", "y\n4", "square", "4"} <= {t.get_text() for t in ax.texts}
    assert plots.shape_box(ax, 0.0, 0.0, (2, 3), "W", unit=0.5) == 1.5
    assert len(ax.patches) == 2 * 3 + 1 and ax.texts[-1].get_text() == "(2, 3)"
    fig.savefig(io.BytesIO())


def test_write_at_and_hide_axes():
    fig, ax = plots.figure()
    text = plots.write_at(ax, 0.2, 0.3, "sigmoid", plots.BLUE, fontsize=12)
    assert (text.get_text(), text.get_position(), text.get_color(), text.get_fontsize()) == (
        "sigmoid",
        (0.2, 0.3),
        plots.BLUE,
        12,
    )
    assert text.get_bbox_patch() is not None
    plots.hide_axes(ax)
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
    assert not any(spine.get_visible() for spine in ax.spines.values())


def test_pyplot_which_keeps_figures_in_memory_is_not_used():
    code = "import sys; from nnlib import plots; plots.figure(); print(sorted(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert "'matplotlib.figure'" in run.stdout and "pyplot" not in run.stdout, run.stderr
