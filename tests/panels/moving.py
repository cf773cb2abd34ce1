"""A learner's hands on a what-if panel: where its controls can stand, and putting them there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from simlib import figures
from simlib.panels import WhatIf
from tests.figures.drawn import cut_off, overlapping

STEPS_TRIED = 3
"""Steps of a control that are tried: the first, the last, and one between."""


def positions(widget: Any) -> list[Any]:
    """Every position of a control."""
    if not hasattr(widget, "min"):
        return [chosen for _label, chosen in widget.options]
    steps = round((widget.max - widget.min) / widget.step)
    return [type(widget.value)(round(widget.min + step * widget.step, 6)) for step in range(steps + 1)]


def pairs_of_steps(widget: Any) -> Iterator[tuple[Any, Any]]:
    """Positions next to each other: the first step of a control, the last, and one between."""
    every = positions(widget)
    steps = len(every) - 1
    for number in range(min(steps, STEPS_TRIED)):
        step = round(number * (steps - 1) / max(1, min(steps, STEPS_TRIED) - 1))
        yield every[step], every[step + 1]


def ends(widget: Any) -> list[Any]:
    """The extreme positions of a slider; every option of a choice."""
    return [widget.min, widget.max] if hasattr(widget, "min") else positions(widget)


def corners(panel: WhatIf) -> Iterator[dict[str, Any]]:
    """All controls at their first ends, all at their last, and each of those with one control at another end."""
    far = {name: ends(widget) for name, widget in panel.controls.items()}
    for side in (0, -1):
        base = {name: values[side] for name, values in far.items()}
        yield base
        for name, values in far.items():
            yield from ({**base, name: value} for value in values if value != base[name])


def place(panel: WhatIf, values: Mapping[str, Any]) -> str:
    """Put these controls somewhere, and draw once."""
    panel.quiet = True
    for name, value in values.items():
        panel.controls[name].value = value
    panel.quiet = False
    panel.redraw()
    return str(panel.picture.value)


def check_drawn_whole(panel: WhatIf, values: Mapping[str, Any], covered: bool = False) -> str:
    """Put these controls somewhere; nothing may be cut off or covered, nor a number missing from the words.

    Parameters
    ----------
    panel
        Its controls stay where they are put.
    values
        Name of a control → where.
    covered
        Whether texts may cover each other.

    Returns
    -------
    str
        Sentence and alternative text.
    """
    # The picture was drawn to be shown, so all that follows knows its place.
    assert "<img" in place(panel, values), (values, panel.picture.value)
    assert cut_off(panel.ax) == [], values
    assert covered or overlapping(panel.ax) == [], values
    words = f"{figures.sentence(panel.ax)} {figures.alt_text(panel.ax)}"
    assert not re.search(r"\bnan\b|\binf\b", words), (values, words)
    return words
