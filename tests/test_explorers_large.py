"""The graph to step through, the playground and the pixels to draw in, without a browser."""

import asyncio
from xml.etree import ElementTree

import numpy as np
import pytest

from nnlib import explorers, playground
from nnlib.explorers import button, entry, explore, pixels, play, slider
from nnlib.gradcheck import check_gradient
from nnlib.graphs import graph_viewer, places, trace
from nnlib.plots import figure

ALT = "A picture that is made for a test, with a number in it."


def words(explorer):
    return explorer.key.value.rpartition("<b>")[2], explorer.rest.value


# ---------------------------------------------------------------- graphs

FORMULAS = {
    "x * z": lambda x, z: x * z,
    "exp(x*z) + x*z/log(x) + sin(log(x))/(x*z)": lambda x, z: (
        np.exp(x * z) + x * z / np.log(x) + np.sin(np.log(x)) / (x * z)
    ),
    "max(x, z)**2 - tanh(-x)": lambda x, z: np.maximum(x, z) ** 2 - np.tanh(-x),
    "x ** z / 3 + min(x, 2 * z)": lambda x, z: x**z / 3 + np.minimum(x, 2 * z),
    "sqrt(x) * cos(z) * 2 ** x": lambda x, z: np.sqrt(x) * np.cos(z) * 2**x,
    "x - x + z": lambda x, z: z,
}


@pytest.fixture
def viewer():
    graph_viewer(
        trace, ALT, text=entry("formula", "x * tanh(x)"),
        x=slider("x", -3.0, 3.0, 1.5, 0.1), z=slider("z", -3.0, 3.0, 0.5, 0.1),
    )  # fmt: skip
    return explorers.shown[ALT]


def gradients(nodes):
    """Return the gradient of each node by name, from the local slopes alone."""
    g = {v.name: 0.0 for v in nodes} | {nodes[-1].name: 1.0}
    for v in reversed(nodes):
        for p, slope in zip(v.parents, v.local):
            g[p.name] += g[v.name] * slope
    return g


@pytest.mark.parametrize("text", FORMULAS)
def test_a_traced_formula_has_the_value_and_the_slopes_of_numpy(text):
    nodes = trace(text, x=1.7, z=0.6)
    assert nodes[-1].value == pytest.approx(FORMULAS[text](1.7, 0.6), rel=1e-12)
    g = gradients(nodes)
    claimed = np.array([g.get("x", 0.0), g["z"]])
    check_gradient(lambda xz: FORMULAS[text](*xz), np.array([1.7, 0.6]), claimed)


def test_equal_parts_are_one_node():
    nodes = trace("log(x) * z + log(x)", x=2.0, z=3.0)
    assert [v.formula for v in nodes if v.parents] == ["log(x)", "a * z", "b + a"]


def test_a_formula_may_be_one_input():
    (node,) = trace("x", x=2.0, z=3.0)
    assert (node.name, node.value) == ("x", 2.0)


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", "can be read"),
        ("x *", "can be read"),
        ("x; z", "can be read"),
        ("(" * 300, "can be read"),
        ("y + 1", "'y' is not known here: use x, z, numbers"),
        ("__import__('os').system('ls')", "is not known here"),
        ("x.array", "is not known here"),
        ("(lambda: x)()", "is not known here"),
        ("exp(x, z)", "needs 1 argument"),
        ("True * x", "'True' is not known here"),
        ("2 + 3", "none of x, z"),
        ("+".join(f"x*{n}" for n in range(2, 20)), "more than 11 steps"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        trace(text, x=2.0, z=3.0)


def test_places_are_all_different_and_arrows_point_to_the_right():
    nodes = trace("tanh(x*z + x) * (x - z) / z", x=1.0, z=2.0)
    at = places(nodes)
    assert len(set(at.values())) == len(nodes)
    assert all(at[p.name][0] < at[v.name][0] for v in nodes for p in v.parents)


def test_the_steps_go_forward_and_back(viewer):
    step = viewer.controls["step"]
    assert step.max == step.value == 4
    slope = np.tanh(1.5) + 1.5 * (1.0 - np.tanh(1.5) ** 2)
    assert f"g_x = {slope:.4f}" in words(viewer)[1]
    step.value = 0
    assert "Step 0" in words(viewer)[0]
    step.value = 2
    assert f"forward: y = x * a = {1.5 * np.tanh(1.5):.4f}" in words(viewer)[0]
    step.value = 3
    assert f"y has g = 1.0000 and hands {np.tanh(1.5):.3f} to x, 1.5 to a" in words(viewer)[0]


def test_the_picture_has_boxes_arrows_and_the_numbers_known_so_far(viewer):
    nodes = trace("x * tanh(x)", x=1.5, z=0.5)
    edges = {(p.name, v.name) for v in nodes for p in v.parents}
    seen = []
    for step in range(5):
        viewer.controls["step"].value = step
        svg = ElementTree.fromstring(viewer.picture.value)
        boxes = svg.findall("{*}rect")[1:]  # the first one is the paper
        assert len(boxes) == len(nodes) and len(svg.findall("{*}path")) == len(edges)
        assert sum(box.get("stroke-width") == "3" for box in boxes) == (step > 0)
        seen.append({text.text for text in svg.findall("{*}text") if text.text})
    assert seen[0] == {"x", "a", "y", "1.5"}
    assert seen[1] - seen[0] == {"0.9051", f"×{1 - np.tanh(1.5) ** 2:.3g}"}
    assert seen[2] - seen[1] == {"1.358", "×0.905", "×1.5"}
    assert {"g = 1.5", "0.905", "×0.181"} <= seen[3] and {"g = 1.176", "0.271"} <= seen[4]


def test_arrows_end_at_the_edges_of_boxes(viewer):
    svg = ElementTree.fromstring(viewer.picture.value)
    boxes = [(float(box.get("x")), float(box.get("y"))) for box in svg.findall("{*}rect")[1:]]
    for arrow in svg.findall("{*}path"):
        corners = [tuple(map(float, c.split())) for c in arrow.get("d")[1:].split("L")]
        for x, y in corners[:2]:
            near = [abs(max(abs(x - u - 36) / 36, abs(y - v - 18) / 18) - 1) for u, v in boxes]
            assert min(near) < 0.02


def test_another_formula_sets_the_number_of_steps(viewer):
    viewer.controls["text"].value = "x - x"
    assert viewer.controls["step"].value == viewer.controls["step"].max == 2
    assert "hands 1 and -1 to x" in words(viewer)[0] and "g_x = 0.0000" in words(viewer)[1]
    viewer.controls["step"].value = 1
    viewer.controls["text"].value = "exp(log(x)) * z"
    assert (viewer.controls["step"].value, viewer.controls["step"].max) == (1, 6)


def test_where_there_is_no_value_the_node_is_named(viewer):
    viewer.controls["text"].value = "1 / log(x)"
    viewer.controls["x"].value = 1.0
    assert "No picture: y = 1 / a has no finite value and slope at a = 0" in words(viewer)[0]
    viewer.controls["x"].value = -1.0
    assert "a = log(x) has no finite value and slope at x = -1" in words(viewer)[0]
    viewer.controls["x"].value = 2.0
    assert viewer.picture.layout.visibility is None


def test_a_graph_that_is_too_deep_is_not_drawn(viewer):
    viewer.controls["text"].value = "exp(sin(cos(tanh(sin(cos(x))))))"
    assert "more than 5 steps one after the other" in words(viewer)[0]


# ---------------------------------------------------------------- the playground


@pytest.fixture
def ground():
    playground.playground(ALT)
    return explorers.shown[ALT]


def training(ground):
    return ground.update.__self__.training


def test_a_step_lowers_the_loss_and_reset_begins_again(ground):
    controls = ground.controls
    controls["reset"].click()
    assert "After 0 steps" in words(ground)[0]
    start = {name: theta.copy() for name, theta in training(ground).network.parameters.items()}
    for _ in range(3):
        controls["step"].click()
    losses = training(ground).losses
    assert len(losses) == 3 and losses[2] < losses[0]
    controls["reset"].click()
    again = training(ground).network.parameters
    assert all(np.array_equal(again[name], theta) for name, theta in start.items())


def test_the_step_shown_is_the_step_made(ground):
    for name in playground.OPTIMIZERS:
        ground.controls["optimizer"].value = name
        for _ in range(2):
            claimed = words(ground)[1].rpartition("= ")[2]
            ground.controls["step"].click()
            assert claimed == f"{training(ground).network.parameters['0.W'][0, 0]:.4f}"


@pytest.mark.parametrize("f", ["tanh", "relu", "gelu"])
def test_the_judge_measures_the_network_shown_and_leaves_it_alone(ground, f):
    ground.controls["f"].value, ground.controls["lam"].value = f, 0.01
    before = [theta.copy() for theta in training(ground).network.parameters.values()]
    ground.controls["check"].click()
    assert "✓ 123 entries agree with finite differences" in words(ground)[1]
    after = training(ground).network.parameters.values()
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    ground.controls["step"].click()
    assert "✓" not in words(ground)[1]


def test_the_judge_would_notice_a_wrong_gradient(ground, monkeypatch):
    monkeypatch.setattr(playground, "add_l2_gradients", lambda network, lam: None)
    ground.controls["lam"].value = 0.1
    ground.controls["check"].click()
    assert "✗" in words(ground)[1]


def test_a_step_size_that_is_too_large_is_one_sentence_and_reset_recovers(ground):
    training(ground).network.parameters["0.W"][...] = np.nan
    ground.controls["step"].click()
    assert "No picture: the loss " in words(ground)[0]
    ground.controls["reset"].click()
    assert ground.picture.layout.visibility is None


def test_train_goes_on_until_it_is_pressed_again(ground):
    async def press_and_wait():
        ground.controls["train"].value = True
        await asyncio.sleep(0.8)
        assert words(ground)[0].startswith("Training")
        ground.controls["step"].click()
        stopped = len(training(ground).losses)
        await asyncio.sleep(0.3)
        return stopped

    before = len(training(ground).losses)
    stopped = asyncio.run(press_and_wait())
    assert before + 2 * playground.AT_ONCE < stopped == len(training(ground).losses)
    assert not ground.controls["train"].value


def test_training_ends_by_itself(ground, monkeypatch):
    monkeypatch.setattr(playground, "MOST", 70)

    async def press_and_wait():
        ground.controls["train"].value = True
        while ground.controls["train"].value:
            await asyncio.sleep(0.05)

    asyncio.run(asyncio.wait_for(press_and_wait(), 30))
    assert 70 <= len(training(ground).losses) < 70 + 2 * playground.AT_ONCE


# ---------------------------------------------------------------- buttons and pixels


def test_an_error_ends_a_run():
    fig, _ = figure(width=2, height=2)

    def update(go):
        if go:
            raise ValueError("no")
        return "waiting"

    explore(fig, update, ALT, go=play("go"))

    async def press():
        explorers.shown[ALT].controls["go"].value = True
        await asyncio.sleep(0.2)

    asyncio.run(press())
    assert not explorers.shown[ALT].controls["go"].value


def test_a_button_counts_its_presses():
    press = button("step", "one step")
    press.click()
    press.click()
    assert (press.value, press.description, press.tooltip) == (2, "step", "one step")


def test_a_pixel_goes_from_paper_to_ink_to_grey_to_paper():
    examples = np.array([np.zeros(64), np.linspace(0.0, 1.0, 64)])
    sheet = pixels("picture x", examples)
    words, grid, buttons = sheet.children
    pixel = grid.children[10]
    inks = []
    for _ in range(3):
        pixel.click()
        inks.append((sheet.value[10], pixel.style.button_color))
    assert inks == [(1.0, "rgb(0, 0, 0)"), (0.5, "rgb(128, 128, 128)"), (0.0, "white")]
    assert pixel.tooltip == "row 2, column 3" and "picture x" in words.value
    more, clear = buttons.children
    more.click()
    assert sheet.value == tuple(examples[1])
    clear.click()
    assert sheet.value == (0.0,) * 64
