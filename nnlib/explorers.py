"""Figures with controls: move one, and the picture and its key figure follow.

A lesson draws its artists once in a function that returns the figure and `update`, which
changes them; `explore` adds the controls. The picture is an image widget; the key figure
stands beside it as text and is announced to screen readers. Nonsense in a control becomes one
sentence where the picture stands. Readers without a kernel see the first picture, with its
description.
The only module that uses ipywidgets, which is imported when the first control is made.
"""

import asyncio
import contextlib
import html
import io

import numpy as np

from nnlib import plots

shown = {}  # the explorers on show, by description: running a cell again replaces its own
WIDE = {"description_width": "initial"}

# A region that exists before its text changes is read aloud; a new one often is not. So a
# picture of nothing, once loaded, makes the widget's own element one, names the sliders, and
# keeps JupyterLab from taking the arrow keys for itself.
NOTHING = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
ALOUD = f"""<img alt="" hidden src="{NOTHING}" onload="const dress = key => {{
  const all = key?.closest('.explorer');
  if (!all) return key && setTimeout(() => dress(this.parentElement), 50);
  for (const one of all.querySelectorAll('select, input, button, [tabindex]'))
    one.setAttribute('data-lm-suppress-shortcuts', 'true');
  key.setAttribute('role', 'status'); key.setAttribute('aria-live', 'polite');
  for (const one of all.querySelectorAll('.widget-slider')) one.querySelector('[role=slider]')
    .setAttribute('aria-label', one.querySelector('label').innerText);
}}; dress(this.parentElement)">"""

# Drawing: a stroke inks the paper it passes over; arrow keys walk from pixel to pixel.
BRUSH = f"""<img alt="" hidden src="{NOTHING}" onload="const dress = words => {{
  const grid = words?.closest('.pixels')?.querySelector('.widget-gridbox'); let first = null;
  if (!grid) return words && setTimeout(() => dress(this.parentElement), 50);
  const all = [...grid.querySelectorAll('button')];
  all.forEach((cell, n) => cell.tabIndex = n ? -1 : 0);
  grid.onpointerdown = e => {{ first = e.target; first.releasePointerCapture(e.pointerId); }};
  grid.onpointerover = e => {{ if (!(e.buttons &amp; 1) || e.target === first) return;
    for (const cell of [first, e.target])
      if (cell?.style.backgroundColor === 'white') cell.click();
    first = null; }};
  grid.onkeydown = e => {{ const way = {{ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8}};
    const next = all[all.indexOf(e.target) + (way[e.key] ?? 64)]; if (!next) return;
    e.target.tabIndex = -1; next.tabIndex = 0; next.focus(); e.preventDefault(); }};
}}; dress(this.parentElement)">"""


# ---------------------------------------------------------------- controls


def slider(label, low, high, value, step=None, tip=""):
    """Return a slider from low to high; whole numbers if `low` is an int.

    Parameters
    ----------
    label : str
        Stands before the slider; the symbol of the formula is part of it.
    step : float, optional
        One key press; by default a fiftieth of the range, or 1.
    tip : str
        What moving it does, shown under the pointer.
    """
    import ipywidgets

    whole = isinstance(low, int) and isinstance(step or 1, int)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    step = step or (1 if whole else (high - low) / 50)
    return kind(value, min=low, max=high, step=step, **_words(label, tip))


def choice(label, options, value=None, tip=""):
    """Return a list to choose one of the options from: names, or a dict from name to value."""
    import ipywidgets

    first = next(iter(options.values() if isinstance(options, dict) else options))
    return ipywidgets.Dropdown(
        options=options, value=first if value is None else value, **_words(label, tip)
    )


def entry(label, value, tip=""):
    """Return a line of text, read when Enter is pressed."""
    import ipywidgets

    return ipywidgets.Text(value, continuous_update=False, **_words(label, tip))


def switch(label, value=False, tip=""):
    """Return a box to tick."""
    import ipywidgets

    return ipywidgets.Checkbox(value, indent=False, **_words(label, tip))


def button(label, tip=""):
    """Return a button whose value counts how often it was pressed."""
    import ipywidgets
    from traitlets import Int

    kind = type("Button", (ipywidgets.Button,), {"value": Int(0)})
    press = kind(description=label, tooltip=tip or label, layout={"width": "auto"})
    press.on_click(lambda _: press.set_trait("value", press.value + 1))
    return press


def play(label, tip=""):
    """Return a button that stays down until it is pressed again; meanwhile all is redrawn."""
    import ipywidgets

    return ipywidgets.ToggleButton(False, description=label, tooltip=tip or label)


def pixels(label, examples, tip=""):
    """Return 8 x 8 pixels to draw in, by mouse or by arrow keys and Enter.

    A press turns paper into ink 1, then 0.5, then paper. The value is a tuple of 64 inks
    from 0 to 1, row by row; it starts with the first of the examples (N, 64).
    """
    import ipywidgets
    from traitlets import Tuple

    sheet = type("Sheet", (ipywidgets.VBox,), {"value": Tuple()})()
    cells = [_cell(sheet, n) for n in range(64)]
    grid = ipywidgets.GridBox(cells, layout={"grid_template_columns": "repeat(8, 25px)"})
    more, clear = button("next example", "load a real digit"), button("clear", "paper everywhere")
    more.observe(lambda c: _draw(sheet, examples[c.new % len(examples)]), "value")
    clear.observe(lambda _: _draw(sheet, np.zeros(64)), "value")
    words = ipywidgets.HTML(f"{html.escape(label)}{BRUSH}", tooltip=tip or label)
    sheet.children = [words, grid, ipywidgets.HBox([more, clear])]
    sheet.add_class("pixels")
    sheet.observe(lambda c: _show_ink(cells, c.new), "value")
    _draw(sheet, examples[0])
    return sheet


def _cell(sheet, n):
    """Return pixel n as a button."""
    import ipywidgets

    size = {"width": "24px", "height": "24px", "margin": "0", "border": "1px solid #bbbbbb"}
    cell = ipywidgets.Button(tooltip=f"row {n // 8 + 1}, column {n % 8 + 1}", layout=size)

    def press(_):
        x = np.array(sheet.value)
        x[n] = 1.0 if x[n] == 0.0 else 0.5 if x[n] > 0.5 else 0.0
        _draw(sheet, x)

    cell.on_click(press)
    return cell


def _draw(sheet, x):
    sheet.value = tuple(float(ink) for ink in np.ravel(x))


def _show_ink(cells, x):
    for cell, ink in zip(cells, x):
        grey = round(255 * (1.0 - ink))
        cell.style.button_color = "white" if ink == 0.0 else f"rgb({grey}, {grey}, {grey})"


def _words(label, tip):
    return {"description": label, "tooltip": tip or label, "style": WIDE,
            "layout": {"width": "22em"}}  # fmt: skip


# ---------------------------------------------------------------- the picture and its key figure


class _Drawing:
    """A figure that is drawn fast: axes with their ticks once, and again only if they change."""

    def __init__(self, fig):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        self.fig, self.canvas, self.frame = fig, FigureCanvasAgg(fig), None

    def png(self):
        """Return the picture as it is now, PNG bytes."""
        from PIL import Image  # matplotlib brings it

        frame, content = [_frame(ax) for ax in self.fig.axes], self._content()
        if frame != self.frame:
            for artist in content:
                artist.set_animated(True)  # left out of the next line
            self.canvas.draw()
            self.fig.set_layout_engine("none")  # laid out once: the axes stand still
            self.frame, self.ground = frame, self.canvas.copy_from_bbox(self.fig.bbox)
        self.canvas.restore_region(self.ground)
        for artist in content:
            artist.set_animated(False)  # so that any other canvas draws it too
            artist.draw(self.canvas.get_renderer())
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(self.canvas.buffer_rgba())[..., :3]).save(
            buffer, "PNG", compress_level=1
        )
        return buffer.getvalue()

    def _content(self):
        """Return all that is drawn into the axes, the lowest first."""
        fixed = ("Axis", "Spine")
        found = [
            artist
            for ax in self.fig.axes
            for artist in sorted(ax.get_children(), key=lambda a: a.zorder)
            if artist is not ax.patch and not any(k in type(artist).__name__ for k in fixed)
        ]
        return found + self.fig.texts


def _frame(ax):
    """Return what the axes with their ticks depend on."""
    ends = (ax.xaxis, ax.yaxis)
    words = [(a.get_label_text(), a.get_major_locator(), a.get_major_formatter()) for a in ends]
    return (*ax.axis(), *words)


class Explorer:
    """A figure, its controls, and the function that changes the one by the other."""

    def __init__(self, fig, update, alt, controls):
        import ipywidgets

        self.update, self.alt, self.controls = update, alt, controls
        self.drawing = _Drawing(fig)
        width, height = (int(n) for n in fig.get_size_inches() * 100)
        size = {"max_width": "100%", "width": f"{width}px"}
        self.picture = _image()(format="png", tooltip=alt, layout=size)
        self.key = ipywidgets.HTML(layout={"min_height": "3.2em"})
        self.rest = ipywidgets.HTML()
        self.place = ipywidgets.Box([self.picture], layout={"min_height": f"{height}px"})
        self.redraw()
        for control in controls.values():
            control.observe(self.redraw, "value")
            if isinstance(control, ipywidgets.ToggleButton):
                control.observe(self.run, "value")
        rows = ipywidgets.Box([*controls.values()], layout={"flex_flow": "row wrap"})
        self.widget = ipywidgets.VBox([rows, self.key, self.rest, self.place])
        self.widget.add_class("explorer")

    def redraw(self, change=None):
        """Let `update` change the artists; show the picture, or in its place what is wrong."""
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self.say(self.update(**values))
            self.picture.value = self.drawing.png()
            self.picture.layout.display = None
        except Exception as error:
            self.picture.layout.display = "none"
            self.say(f"No picture: {error or type(error).__name__}.")

    def run(self, change):
        """Redraw again and again while a `play` button is down, if there is a kernel's loop."""
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop().create_task(self._frames(change.owner))

    async def _frames(self, pressed):
        while pressed.value and pressed.comm is not None:  # not closed
            self.redraw()
            if self.picture.layout.display == "none":
                pressed.value = False
            await asyncio.sleep(0.02)  # the press that stops gets its turn

    def say(self, sentence):
        """Write the key figure beside the picture; lines after the first are not announced."""
        first, *rest = html.escape(str(sentence)).split("\n")
        self.key.value, self.rest.value = f"{ALOUD}<b>{first}</b>", "<br>".join(rest)

    def close(self):
        """Take all that is shown out of the kernel's memory."""
        _close(self.widget)


def _close(widget):
    for part in getattr(widget, "children", ()):
        _close(part)
    for part in (widget.layout, getattr(widget, "style", None), widget):
        if part is not None:
            part.close()


def _image():
    """Return an image widget that bears a description: without one its tooltip fails."""
    import ipywidgets
    from traitlets import Unicode

    return type("Image", (ipywidgets.Image,), {"description": Unicode("").tag(sync=True)})


def explore(fig, update, alt, **controls):
    """Show a figure that follows its controls.

    Parameters
    ----------
    fig : matplotlib Figure
        From `plots.figure`, with its artists drawn.
    update : callable
        Called with the controls' values by name; changes the artists and returns the key
        figure as a short sentence. A ValueError is shown in place of the picture.
    alt : str
        What the picture shows, as in `plots.show`.
    **controls : ipywidgets
        From `slider`, `choice`, `entry`, `switch`; the names are those of `update`.
    """
    if alt in shown:
        shown.pop(alt).close()
    shown[alt] = Explorer(fig, update, alt, controls)
    plots.show(fig, alt, shown[alt].widget)
