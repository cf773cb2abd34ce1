"""What if: sliders above one picture and one sentence, redrawn when a slider comes to rest.

The figure is kept and only its content is drawn anew, at the place on the page that the first picture needed
(working that out costs as much as drawing), and the model behind it runs short enough for a redraw in under 0.3
seconds, so that moving a slider feels like asking a question.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from simlib import figures
from simlib.errors import SafeShopError
from simlib.figures.style import SIZE
from simlib.languages import _

Number = int | float
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Slider:
    """A number the learner may move.

    Attributes
    ----------
    name
        Name by which the drawing function knows it.
    label
        In the learner's language, with the unit.
    low, high, step, value
        Range and where it stands at first. Whole numbers make a slider of whole numbers.
    """

    name: str
    label: str
    low: Number
    high: Number
    step: Number
    value: Number

    def widget(self) -> Any:
        """The control."""
        numbers = (self.low, self.high, self.step, self.value)
        kind = (
            ipywidgets.IntSlider
            if all(isinstance(number, int) for number in numbers)
            else ipywidgets.FloatSlider
        )
        return kind(
            min=self.low,
            max=self.high,
            step=self.step,
            value=self.value,
            description=self.label,
            tooltip=_("Drag, or use the arrow keys"),
            # Redrawn once it rests: a picture for every pixel on the way would come too late to help.
            continuous_update=False,
            style={"description_width": "20em"},
            layout={"width": "95%", "max_width": "56em"},
        )


@dataclass(frozen=True)
class Choice:
    """One of several things the learner may choose.

    Attributes
    ----------
    name
        Name by which the drawing function knows it.
    label
        In the learner's language.
    options
        (label, value) of each.
    value
        The value chosen at first.
    """

    name: str
    label: str
    options: Sequence[tuple[str, Any]]
    value: Any

    def widget(self) -> Any:
        """The control."""
        return ipywidgets.Dropdown(
            options=list(self.options),
            value=self.value,
            description=self.label,
            style={"description_width": "20em"},
            layout={"width": "95%", "max_width": "56em"},
        )


class WhatIf:
    """A panel of controls with a picture that follows them.

    Parameters
    ----------
    controls
        Sliders and choices, three to five of them.
    draw
        Draws the values into the given, empty axes, with title, alt text and sentence (`figures` functions do).
    size
        Width and height of the picture in inches.
    """

    def __init__(
        self,
        controls: Sequence[Slider | Choice],
        draw: Callable[[Values, Axes], object],
        size: tuple[float, float] = SIZE,
    ) -> None:
        self.draw = draw
        self.ax = figures.new_axes(*size)
        self.place: Bbox | None = None
        self.controls: dict[str, Any] = {control.name: control.widget() for control in controls}
        self.at_first = {name: widget.value for name, widget in self.controls.items()}
        self.picture = ipywidgets.HTML()
        self.reset = ipywidgets.Button(description=_("Back to the start"), tooltip=_("Put all sliders back"))
        self.reset.on_click(lambda _button: self.put_back())
        for widget in self.controls.values():
            widget.observe(lambda _change: self.redraw(), names="value")
        self.quiet = False
        self.box = ipywidgets.VBox([*self.controls.values(), self.reset, self.picture])
        self.redraw()

    @property
    def values(self) -> dict[str, Any]:
        """Where the controls stand."""
        return {name: widget.value for name, widget in self.controls.items()}

    def redraw(self) -> None:
        """Draw the picture for where the controls stand; what cannot be is told in a sentence."""
        if self.quiet:
            return
        figure = self.ax.get_figure(root=True)
        assert figure is not None
        figure.clear()
        self.ax = figure.add_subplot()
        try:
            self.draw(self.values, self.ax)
        except SafeShopError as wrong:
            self.picture.value = f'<p role="status">{html.escape(wrong.sentence)}</p>'
            return
        if self.place is None:
            self.place = figures.settle_layout(self.ax)
        self.ax.set_position(self.place)
        self.picture.value = figures.html_picture(self.ax)

    def put_back(self) -> None:
        """Put all controls where they stood at first."""
        self.quiet = True
        for name, widget in self.controls.items():
            widget.value = self.at_first[name]
        self.quiet = False
        self.redraw()

    def show(self) -> None:
        """Put the panel into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]
