"""Figures: the house style, the description that each carries, and what is drawn."""

import base64
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
    monkeypatch.setattr(IPython.display, "display", lambda thing, **options: calls.append((thing, options)))
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
    used = {plots.BLUE, plots.VERMILLION, plots.GREEN, plots.ORANGE, plots.SKY, plots.PURPLE, plots.BLACK}
    assert used == palette


def test_show_gives_a_picture_its_description_and_a_caption(shown):
    fig, ax = plots.figure()
    ax.plot([0, 1], [0, 1])
    alt = "A straight line rises from 0 to 1. Nothing else is drawn."
    assert plots.show(fig, alt=alt) is None
    (data, options), (caption, _) = shown
    assert data["text/plain"] == alt and options["metadata"] == {"image/png": {"alt": alt}} and options["raw"]
    assert caption.data == "*A straight line rises from 0 to 1.*"
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
    fig.savefig(__import__("io").BytesIO())


def test_learning_curves_are_drawn_by_epoch_and_labelled_directly():
    fig, ax = plots.figure()
    plots.learning_curve(ax, SimpleNamespace(loss=[3.0, 2.0, 1.0], validation_loss=[4.0, 3.0, 3.5]))
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 2.0, 1.0], [4.0, 3.0, 3.5]]
    assert all(list(line.get_xdata()) == [1, 2, 3] for line in ax.lines)
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert [text.get_text() for text in ax.texts] == ["training", "validation"]
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch" and ax.get_ylabel() == "loss"
    fig, ax = plots.figure()
    plots.learning_curve(ax, SimpleNamespace(loss=[1.0], validation_loss=[]))
    assert len(ax.lines) == 1


def test_write_at_and_hide_axes():
    fig, ax = plots.figure()
    text = plots.write_at(ax, 0.2, 0.3, "sigmoid", plots.BLUE, fontsize=12)
    assert (text.get_text(), text.get_position(), text.get_color(), text.get_fontsize()) == ("sigmoid", (0.2, 0.3), plots.BLUE, 12)
    assert text.get_bbox_patch() is not None
    plots.hide_axes(ax)
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0
    assert not any(spine.get_visible() for spine in ax.spines.values())


def test_pyplot_which_keeps_figures_in_memory_is_not_used():
    code = "import sys; from nnlib import plots; plots.figure(); print('matplotlib.pyplot' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    assert run.stdout.strip() == "False", run.stderr
