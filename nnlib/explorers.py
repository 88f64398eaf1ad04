"""Figures with controls: move one, and the picture and its key figure follow.

A lesson draws its artists once in a function that returns the figure and `update`, which
changes them; `explore` adds the controls. The picture is an image widget; the key figure
stands beside it as text and is announced to screen readers. Nonsense in a control becomes one
sentence where the picture stands. Readers without a kernel see the first picture, with its
description.
The only module that uses ipywidgets; it is loaded by who makes a control.
"""

import asyncio
import contextlib
import html
import struct
import zlib

import ipywidgets
import numpy as np
from traitlets import Int, Tuple, observe

from nnlib import plots

shown = {}  # the explorers on show, by description: running a cell again replaces its own

# What the page needs beside the widgets is set up by a picture of nothing, once it is loaded.
ONCE = """<img alt="{alt}" hidden onload="const dress = here => {{
  const all = here?.closest('.{root}');
  if (!all) return here && setTimeout(() => dress(this.parentElement), 50);
  {work} }}; dress(this.parentElement)"
  src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">"""
# The picture has a description, the key figure is read aloud when it changes, sliders have names,
# and the arrow keys belong to them, not to JupyterLab. Widgets come one by one: look after each.
ALOUD = """
  const look = () => {
    for (const one of all.querySelectorAll('select, input, button, [tabindex]'))
      one.setAttribute('data-lm-suppress-shortcuts', 'true');
    const key = all.querySelector('.key .widget-html-content');
    key?.setAttribute('role', 'status'); key?.setAttribute('aria-live', 'polite');
    all.querySelector('img.jupyter-widgets')?.setAttribute('alt', this.alt);
    for (const one of all.querySelectorAll('.widget-slider')) one.querySelector('[role=slider]')
      ?.setAttribute('aria-label', one.querySelector('label').textContent); };
  new MutationObserver(look).observe(all, {childList: true, subtree: true});
  look();"""
# A stroke inks the paper it passes over; arrow keys walk from pixel to pixel.
BRUSH = """
  const grid = all.querySelector('.widget-gridbox'), cells = [...grid.querySelectorAll('button')];
  if (cells.length < 64) return setTimeout(() => dress(this.parentElement), 50);
  let first = null;
  cells.forEach((cell, n) => { cell.tabIndex = n ? -1 : 0; cell.ariaLabel = cell.title; });
  grid.onpointerdown = e => { first = e.target; first.releasePointerCapture(e.pointerId); };
  grid.onpointerover = e => { if (!(e.buttons &amp; 1) || e.target === first) return;
    for (const cell of [first, e.target])
      if (cell?.style.backgroundColor === 'white') cell.click();
    first = null; };
  grid.onkeydown = e => { const way = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8};
    const next = cells[cells.indexOf(e.target) + (way[e.key] ?? 64)]; if (!next) return;
    e.target.tabIndex = -1; next.tabIndex = 0; next.focus(); e.preventDefault(); };"""


# ---------------------------------------------------------------- controls


def slider(label, low, high, value, step=1, tip="", used=None):
    """Return a slider from low to high; whole numbers if `low` is an int.

    The label, before it, holds the symbol of the formula; a key press moves it by `step`; the
    tip, shown under the pointer, says what moving it does. While `used`, called with the
    controls' values by name, says no, the slider is out of sight and out of the keys' reach.
    """
    kind = ipywidgets.IntSlider if isinstance(low, int) else ipywidgets.FloatSlider
    made = kind(value, min=low, max=high, step=step, **_words(label, tip))
    made.used = used
    return made


def choice(label, options, value=None, tip=""):
    """Return a list to choose one of the options from: names, or a dict from name to value."""
    value = {} if value is None else {"value": value}  # else the first
    return ipywidgets.Dropdown(options=options, **value, **_words(label, tip))


def entry(label, value, tip=""):
    """Return a line of text, read when Enter is pressed."""
    return ipywidgets.Text(value, continuous_update=False, **_words(label, tip))


def switch(label, value=False, tip=""):
    """Return a box to tick."""
    return ipywidgets.Checkbox(value, indent=False, **_words(label, tip))


def button(label, tip=""):
    """Return a button whose value counts how often it was pressed."""
    press = _Button(description=label, tooltip=tip or label, layout={"width": "auto"})
    press.on_click(lambda _: press.set_trait("value", press.value + 1))
    return press


def play(label, tip=""):
    """Return a button that stays down until it is pressed again; meanwhile all is redrawn."""
    return ipywidgets.ToggleButton(False, description=label, tooltip=tip or label)


class _Button(ipywidgets.Button):
    value = Int(0)


class pixels(ipywidgets.VBox):  # noqa: N801 (a control, as the functions above)
    """8 x 8 pixels to draw in, by mouse or by arrow keys and Enter.

    A press turns paper into ink 1, then 0.5, then paper. The value is a tuple of 64 inks
    from 0 to 1, row by row; it starts with the first of the examples (N, 64).
    """

    value = Tuple()

    def __init__(self, label, examples, tip=""):
        size = {"width": "24px", "height": "24px", "margin": "0", "border": "1px solid #bbbbbb"}
        size, self.cells = ipywidgets.Layout(**size), []
        for n in range(64):
            place = f"row {n // 8 + 1}, column {n % 8 + 1}"
            self.cells.append(ipywidgets.Button(tooltip=place, layout=size))
            self.cells[n].on_click(lambda _, n=n: self.press(n))
        grid = ipywidgets.GridBox(self.cells, layout={"grid_template_columns": "repeat(8, 25px)"})
        more = button("next example", "load a real digit")
        clear = button("clear", "paper everywhere")
        more.observe(lambda c: self.draw(examples[c.new % len(examples)]), "value")
        clear.observe(lambda _: self.draw(np.zeros(64)), "value")
        brush = ONCE.format(root="pixels", alt="", work=BRUSH)
        words = ipywidgets.HTML(html.escape(label) + brush, tooltip=tip or label)
        super().__init__([words, grid, ipywidgets.HBox([more, clear])])
        self.add_class("pixels")
        self.draw(examples[0])

    def draw(self, x):
        """Take 64 inks."""
        self.value = tuple(float(ink) for ink in np.ravel(x))

    def press(self, n):
        """Change pixel n."""
        x = np.array(self.value)
        x[n] = 1.0 if x[n] == 0.0 else 0.5 if x[n] > 0.5 else 0.0
        self.draw(x)

    @observe("value")
    def ink(self, change):
        """Colour the pixels as the value says."""
        for cell, ink in zip(self.cells, change.new):
            grey = round(255 * (1.0 - ink))
            cell.style.button_color = "white" if ink == 0.0 else f"rgb({grey}, {grey}, {grey})"


def _words(label, tip):
    style = {"description_width": "initial"}
    return {"description": label, "tooltip": tip or label, "style": style,
            "layout": {"width": "22em"}}  # fmt: skip


# ---------------------------------------------------------------- the picture and its key figure


class _Drawing:
    """A figure that is drawn fast: axes with ticks and title once, and anew when they change."""

    def __init__(self, fig):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.fig, self.canvas, self.frames = fig, FigureCanvasAgg(fig), None

    def png(self):
        """Return the picture as it is now, PNG bytes."""
        frames = [_frame(ax) for ax in self.fig.axes]
        content = [artist for ax in self.fig.axes for artist in _content(ax)]
        if frames != self.frames:
            self.frames, self.ground = frames, self._without(content)
        self.canvas.restore_region(self.ground)
        for artist in content:
            artist.draw(self.canvas.get_renderer())
        return _png(np.asarray(self.canvas.buffer_rgba()))

    def _without(self, content):
        """Draw and return all but the content."""
        for artist in content:
            artist.set_animated(True)
        self.canvas.draw()
        for artist in content:
            artist.set_animated(False)  # so that any other canvas draws it too
        self.fig.set_layout_engine("none")  # laid out once: the axes stand still
        return self.canvas.copy_from_bbox(self.fig.bbox)


def _frame(ax):
    """Return what the axes with their ticks and title depend on."""
    ends = (ax.xaxis, ax.yaxis)
    words = [(a.get_label_text(), a.get_major_locator(), a.get_major_formatter()) for a in ends]
    return (*ax.axis(), *words, ax.get_title("left"))


def _content(ax):
    """Return all that is drawn into the axes, the lowest first."""
    parts = [part for part in ax.get_children() if part not in (ax.patch, ax.xaxis, ax.yaxis)]
    titles = [part for part in parts if hasattr(part, "get_text") and part not in ax.texts]
    return sorted((p for p in parts if p not in titles), key=lambda part: part.zorder)


def _png(rgba):
    """Return bytes (H, W, 4) as a PNG, opaque, packed fast rather than small."""
    height, width, _ = rgba.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with 0: as it is
    for c in range(3):
        rows[:, 1 + c :: 3] = rgba[..., c]
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits of red, green, blue
    chunks = b"IHDR" + head, b"IDAT" + zlib.compress(rows, 1), b"IEND"
    ends = [(struct.pack(">I", len(c) - 4), struct.pack(">I", zlib.crc32(c))) for c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(a + c + z for c, (a, z) in zip(chunks, ends))


class Explorer:
    """A figure, its controls, and the function that changes the one by the other."""

    def __init__(self, fig, update, alt, controls):
        self.update, self.alt, self.controls = update, alt, controls
        self.drawing = _Drawing(fig)
        width = {"width": f"{100 * fig.get_figwidth():.0f}px", "max_width": "calc(100% - 4px)"}
        self.picture = ipywidgets.Image(layout=width)  # with 4 pixels of margin
        self.key, self.rest = ipywidgets.HTML(layout={"min_height": "3.2em"}), ipywidgets.HTML()
        self.key.add_class("key")
        self.redraw()
        for control in controls.values():
            control.observe(self.redraw, "value")
            if isinstance(control, ipywidgets.ToggleButton):
                control.observe(self.run, "value")
        rows = ipywidgets.Box([*controls.values()], layout={"flex_flow": "row wrap"})
        aloud = ONCE.format(root="explorer", alt=html.escape(alt), work=ALOUD)
        aloud = ipywidgets.HTML(aloud, layout={"display": "none"})
        self.widget = ipywidgets.VBox([rows, self.key, self.rest, self.picture, aloud])
        self.widget.add_class("explorer")

    def redraw(self, change=None):
        """Let `update` change the artists; show the picture, or in its place what is wrong."""
        values = {name: control.value for name, control in self.controls.items()}
        for control in self.controls.values():
            if getattr(control, "used", None):
                control.layout.visibility = None if control.used(**values) else "hidden"
        try:
            words, svg = self.update(**values), None
            if isinstance(words, tuple):
                words, svg = words
            self.picture.set_trait("format", "svg+xml" if svg else "png")
            self.picture.value = svg.encode() if svg else self.drawing.png()
            self.picture.layout.visibility = None
        except Exception as error:
            self.picture.layout.visibility = "hidden"  # its place stays: nothing jumps
            words = f"No picture: {error or type(error).__name__}."
        self.say(words)

    def run(self, change):
        """Redraw again and again while a `play` button is down, if there is a kernel's loop."""
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().create_task(self._frames(change.owner))

    async def _frames(self, pressed):
        while pressed.value and pressed.comm is not None:  # not closed
            self.redraw()
            if self.picture.layout.visibility == "hidden":
                pressed.value = False
            await asyncio.sleep(0.02)  # the press that stops gets its turn

    def say(self, sentence):
        """Write the key figure beside the picture; lines after the first are not announced."""
        first, *rest = html.escape(str(sentence)).split("\n")
        self.key.value, self.rest.value = f"<b>{first}</b>", "<br>".join(rest)

    def close(self):
        """Take all that is shown out of the kernel's memory."""
        _close(self.widget)


def _close(widget):
    for part in getattr(widget, "children", ()):
        _close(part)
    for part in (widget.layout, getattr(widget, "style", None), widget):
        if part is not None:
            part.close()


def explore(fig, update, alt, **controls):
    """Show a figure that follows its controls.

    Parameters
    ----------
    fig : matplotlib Figure
        From `plots.figure`, with its artists drawn.
    update : callable
        Called with the controls' values by name; changes the artists by their `set_` methods
        and returns the key figure as a short sentence, or this and an SVG text to be shown
        instead of the figure. A ValueError is shown in place of the picture.
    alt : str
        What the picture shows, as in `plots.show`.
    **controls : ipywidgets
        From `slider`, `choice`, `entry`, `switch`; the names are those of `update`.
    """
    if alt in shown:
        shown.pop(alt).close()
    shown[alt] = Explorer(fig, update, alt, controls)
    plots.show(fig, alt, shown[alt].widget)
