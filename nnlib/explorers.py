"""Figures with controls: move one, and the picture and its key figure follow.

A lesson draws its artists once in a function that returns the figure and `update`, which
changes them; `explore` adds the controls. The picture is an image widget; the key figure
stands beside it as text and is announced to screen readers. Nonsense in a control becomes one
sentence where the picture stands. Readers without a kernel see the first picture, with its
description.
The only module that uses ipywidgets, which is imported when the first control is made.
"""

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
        self.place = ipywidgets.Box([self.picture], layout={"min_height": f"{height}px"})
        self.redraw()
        for control in controls.values():
            control.observe(self.redraw, "value")
        rows = ipywidgets.Box([*controls.values()], layout={"flex_flow": "row wrap"})
        self.widget = ipywidgets.VBox([rows, self.key, self.place])
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

    def say(self, sentence):
        """Write the key figure beside the picture."""
        self.key.value = f"{ALOUD}<b>{html.escape(str(sentence))}</b>"

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
