"""Panels of the exercises: controls to answer with, a button that checks, a button for the next hint.

They know nothing of keys and progress: `Asked` brings two functions, and what comes back is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ipywidgets
from IPython.display import display

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.panels.press import when_pressed
from simlib.panels.what_if import WhatIf

_WIDE = {"width": "95%", "max_width": "56em"}
_WHOLE = "safeshop-whole"
# A box shows one line of its words by itself and cuts off the rest, where the point of a sentence often stands.
_WHOLE_CSS = (
    f"<style>.{_WHOLE}.widget-checkbox {{ height: auto; }}"
    f" .{_WHOLE} .widget-label-basic {{ display: flex; overflow: visible; white-space: normal; line-height: 1.45; }}"
    f" .{_WHOLE} .widget-label-basic input {{ flex: none; align-self: baseline; }}</style>"
)
_ROW = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


@dataclass(frozen=True)
class Asked:
    """One question, as a panel needs it.

    Attributes
    ----------
    check
        Judges an answer; gives what is said of it, as HTML.
    hint
        The next hint, as HTML.
    last
        The answer kept from an earlier visit, as text.
    said
        What was said of it, as HTML, if it was right; else empty.
    """

    check: Callable[[Any], str]
    hint: Callable[[], str]
    last: str | None = None
    said: str = ""


def choice_panel(asked: Asked, options: Mapping[str, str], reasons: Mapping[str, str] | None) -> None:
    """One of several options, and the reason if there are some to choose from.

    Parameters
    ----------
    asked
        The question.
    options, reasons
        Code → words in the learner's language.
    """
    kept = (asked.last or "").split("/")
    option = _buttons(options, kept[0], _("My answer:"))
    if not reasons:
        _show(asked, [option], lambda: option.value)
        return
    reason = _buttons(reasons, kept[1] if len(kept) > 1 else "", _("Because:"))
    _show(asked, [option, reason], lambda: (option.value, reason.value))


def _buttons(words: Mapping[str, str], chosen: str, label: str) -> Any:
    return ipywidgets.RadioButtons(
        options=[(text, code) for code, text in words.items()],
        value=chosen if chosen in words else None,
        description=label,
        tooltip=_("Choose with the arrow keys or the mouse"),
        style={"description_width": "initial"},
        layout={"width": "max-content", "max_width": "100%", "margin": "0 2em 0 0"},
    )


def tick_panel(asked: Asked, options: Mapping[str, str]) -> None:
    """All that belong, with a box for each.

    Parameters
    ----------
    asked
        The question.
    options
        Code → words in the learner's language.
    """
    kept = (asked.last or "").split(",")
    boxes = {
        code: ipywidgets.Checkbox(value=code in kept, description=text, indent=False, layout=_WIDE)
        for code, text in options.items()
    }
    for box in boxes.values():
        box.add_class(_WHOLE)
    _show(
        asked,
        [
            ipywidgets.HTML(_WHOLE_CSS, layout={"display": "none"}),
            ipywidgets.VBox(list(boxes.values()), layout=_WIDE),
        ],
        lambda: [code for code, box in boxes.items() if box.value],
    )


def field_panel(asked: Asked, unit: str) -> None:
    """A number, in a field that takes it however it is written.

    Parameters
    ----------
    asked
        The question.
    unit
        In the learner's language.
    """
    given = ipywidgets.Text(
        value=asked.last or "",
        placeholder=unit,
        description=_("My answer:"),
        tooltip=_("Type your answer"),
        style={"description_width": "initial"},
        layout={"width": "24em", "max_width": "95%"},
    )
    _show(asked, [given, ipywidgets.Label(unit)], lambda: given.value)


def text_panel(asked: Asked) -> None:
    """A text of some lines."""
    given = ipywidgets.Textarea(
        value=asked.last or "",
        placeholder=_("Write here"),
        rows=12,
        layout=_WIDE,
    )
    _show(asked, [given], lambda: given.value)


def move_panel(asked: Asked, panel: WhatIf) -> None:
    """A what-if panel whose positions are the answer; before anything was moved there is none.

    Parameters
    ----------
    asked
        The question.
    panel
        The panel, not yet shown.
    """
    if asked.last:
        _put(panel, asked.last)
    moved = [panel.values != panel.at_first]
    for control in panel.controls.values():
        control.observe(lambda _change: moved.__setitem__(0, True), names="value")
    # Whoever has moved away and back means where he stands: for some learners the start is a right answer.
    _show(asked, [panel.box], lambda: panel.values if moved[0] else None, note=_("Move a slider first."))


def _put(panel: WhatIf, kept: str) -> None:
    """Put the controls where they stood at the last visit; what does not fit any more stays at its start."""
    try:
        values = json.loads(kept)
        panel.quiet = True
        for name, value in values.items():
            if name in panel.controls:
                panel.controls[name].value = value
    except Exception:  # noqa: BLE001  (a widget refuses in many ways, and none of them matters here)
        panel.put_back()
    finally:
        panel.quiet = False
    panel.redraw()


def hint_button(hint: Callable[[], str]) -> None:
    """A button that shows the next hint below it."""
    place = ipywidgets.HTML()
    below = ipywidgets.VBox([_hint(hint, place), place], layout={"align_items": "flex-start"})
    display(below)  # type: ignore[no-untyped-call]


def _hint(hint: Callable[[], str], place: Any) -> Any:
    button = ipywidgets.Button(
        description=_("Next hint"), tooltip=_("Show the next of three hints"), layout={"width": "auto"}
    )

    def shown(_button: Any) -> None:
        place.value = _in_lines(f'<div role="status">{_told(hint)}</div>')

    button.on_click(shown)
    return button


def _in_lines(said: str) -> str:
    """What is said, with the lines of a text: those of a row of controls stand twice as far apart."""
    return f'<div style="line-height: 1.45">{said}</div>' if said else ""


def _told(tell: Callable[[], str]) -> str:
    try:
        return tell()
    except SafeShopError as wrong:
        import html

        return html.escape(wrong.sentence)


def _show(asked: Asked, controls: Sequence[Any], value: Callable[[], Any], note: str = "") -> None:
    check = ipywidgets.Button(
        description=_("Check"),
        tooltip=_("Check this answer"),
        button_style="primary",
        layout={"width": "auto"},
    )
    result, hints = ipywidgets.HTML(_in_lines(asked.said), layout=_WIDE), ipywidgets.HTML(layout=_WIDE)

    def checked() -> None:
        given = value()
        said = _told(lambda: asked.check(given))
        result.value = _in_lines(said if given is not None or not note else f"{said}<div>{note}</div>")

    when_pressed(check, checked)
    buttons = ipywidgets.Box([check, _hint(asked.hint, hints)], layout=_ROW)
    display(  # type: ignore[no-untyped-call]
        ipywidgets.VBox([ipywidgets.Box(list(controls), layout=_ROW), buttons, result, hints])
    )
