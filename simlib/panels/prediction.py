"""Predict, then look: a learner commits to a guess before the result is shown, since a surprise teaches.

A `Prediction` is what is known (the question, the guess); the panels are the widgets around it.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython
from IPython.display import display
from IPython.utils.capture import capture_output

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.panels.press import when_pressed

Number = int | float


@dataclass(frozen=True)
class Guess:
    """What the learner guessed; `value` is None if he skipped the question."""

    value: Number | str | None


@dataclass
class Prediction:
    """One question and, once settled, its guess.

    Attributes
    ----------
    name
        Name of the question within its lesson.
    unit
        Unit of a number, in the learner's language; empty for a choice.
    guess
        None until the learner commits or skips.
    """

    name: str
    unit: str = ""
    guess: Guess | None = None
    _waiting: list[Callable[[], None]] = field(default_factory=list, repr=False)

    def settle(self, guess: Guess) -> None:
        """Take the guess, once and for all, and tell everyone who waits for it."""
        if self.guess is None:
            self.guess = guess
            waiting, self._waiting = self._waiting, []
            for tell in waiting:
                tell()

    def when_settled(self, tell: Callable[[], None]) -> None:
        """Call `tell` when the guess is there; at once if it is."""
        if self.guess is None:
            self._waiting.append(tell)
        else:
            tell()


def number_text(value: Number | str) -> str:
    """A number as a person writes it: thousands apart, no more decimals than say something."""
    if isinstance(value, str):
        return value
    if value == round(value):
        return f"{round(value):,}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def comparison(guess: Guess, answer: Number | str, unit: str) -> str | None:
    """The sentence that sets a guess beside the result; None if the question was skipped."""
    if guess.value is None:
        return None
    if unit:
        return _("You guessed {guess} {unit}; it was {answer} {unit}.").format(
            guess=number_text(guess.value), answer=number_text(answer), unit=unit
        )
    return _("You guessed {guess}; it was {answer}.").format(
        guess=number_text(guess.value), answer=number_text(answer)
    )


def sentence(text: str) -> None:
    """Show one line of text; screen readers announce it."""
    line = f'<div role="status" style="padding: 0.3em 0">{html.escape(text)}</div>'
    display({"text/html": line, "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]


def number_panel(
    prediction: Prediction, low: Number, high: Number, step: Number, keep: Callable[[Guess], None]
) -> None:
    """Show the controls for guessing a number.

    Parameters
    ----------
    prediction
        Settled by the learner here.
    low, high, step
        Range of the guess, in the prediction's unit.
    keep
        Stores a guess for later; may raise `SafeShopError`, whose sentence is then shown.
    """
    whole = all(isinstance(value, int) for value in (low, high, step))
    sliding, typing = (
        (ipywidgets.IntSlider, ipywidgets.BoundedIntText)
        if whole
        else (ipywidgets.FloatSlider, ipywidgets.BoundedFloatText)
    )
    # Started in the middle: at either end it would look like a hint.
    middle = low + step * ((high - low) / step // 2)
    given = prediction.guess.value if prediction.guess else None
    value = given if isinstance(given, int | float) else middle
    value = min(max(int(value) if whole else value, low), high)
    # Without a fixed width for descriptions, which would cut off long ones.
    settings: dict[str, Any] = {"min": low, "max": high, "step": step, "value": value}
    style = {"description_width": "initial"}
    slider = sliding(
        **settings,
        description=_("My guess:"),
        tooltip=_("Drag, or use the arrow keys"),
        readout=False,
        style=style,
        layout={"flex": "1 1 16em", "min_width": "12em", "max_width": "36em"},
    )
    box = typing(
        **settings,
        description=prediction.unit,
        tooltip=_("Type your guess as a number"),
        style=style,
        layout={"flex": "0 1 auto", "width": "14em"},
    )
    ipywidgets.link((slider, "value"), (box, "value"))
    _show_panel(prediction, [slider, box], lambda: box.value, keep)


def choice_panel(prediction: Prediction, options: Sequence[str], keep: Callable[[Guess], None]) -> None:
    """Show the controls for guessing one of several answers.

    Parameters
    ----------
    prediction
        Settled by the learner here.
    options
        The answers, in the learner's language.
    keep
        Stores a guess for later; may raise `SafeShopError`, whose sentence is then shown.
    """
    given = prediction.guess.value if prediction.guess else None
    buttons = ipywidgets.RadioButtons(
        options=list(options),
        value=given if given in options else None,
        description=_("My guess:"),
        tooltip=_("Choose with the arrow keys or the mouse"),
        style={"description_width": "initial"},
        layout={"width": "max-content", "max_width": "100%"},
    )
    _show_panel(prediction, [buttons], lambda: buttons.value, keep)


def _show_panel(
    prediction: Prediction,
    controls: list[Any],
    value: Callable[[], Any],
    keep: Callable[[Guess], None],
) -> None:
    commit = ipywidgets.Button(
        description=_("This is my guess"),
        tooltip=_("Keep this guess; then the result below appears"),
        button_style="primary",
        layout={"width": "auto"},
    )
    skip = ipywidgets.Button(
        description=_("Skip"),
        tooltip=_("Show the result without a guess"),
        style={"button_color": "transparent", "text_decoration": "underline"},
        layout={"width": "auto"},
    )
    state = ipywidgets.HTML()

    def say(text: str) -> None:
        state.value = f'<span role="status">{html.escape(text)}</span>'

    def close() -> None:
        for control in (*controls, commit, skip):
            control.disabled = True
        given = prediction.guess.value if prediction.guess else None
        if given is None:
            say(_("Skipped."))
        else:
            say(
                _("Your guess: {guess} {unit}").format(guess=number_text(given), unit=prediction.unit).strip()
            )

    def settle(guess: Guess) -> None:
        if prediction.guess is not None:
            return
        notice = None
        try:
            keep(guess)
        except SafeShopError as wrong:
            notice = wrong.sentence
        prediction.settle(guess)
        if notice:
            say(_("Your guess holds, but only until this notebook is closed. {reason}").format(reason=notice))

    def committed() -> None:
        if value() is None:
            say(_("Choose an answer first."))
        else:
            settle(Guess(value()))

    when_pressed(commit, committed)
    skip.on_click(lambda _button: settle(Guess(None)))
    row = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}
    prediction.when_settled(close)
    display(  # type: ignore[no-untyped-call]
        ipywidgets.VBox(
            [ipywidgets.Box(controls, layout=row), ipywidgets.Box([commit, skip, state], layout=row)]
        )
    )


def look_panel(prediction: Prediction, show: Callable[[], object], answer: Number | str) -> None:
    """Show a result, but not before the guess.

    Parameters
    ----------
    prediction
        The question that comes first.
    show
        Displays figure and sentence; a text it returns is shown as a line.
    answer
        What is set beside the guess.
    """

    def fill() -> None:
        text = show()
        _flush_figures()
        if isinstance(text, str):
            sentence(text)
        line = comparison(prediction.guess, answer, prediction.unit) if prediction.guess else None
        if line:
            sentence(line)

    if prediction.guess is not None:
        fill()
        return
    # The cell is over when the commit comes, so the result needs a place of its own. It is put there as a whole:
    # what is shown after the press has been dealt with (`when_pressed`) reaches no place by itself.
    place = ipywidgets.Output()
    with place:
        sentence(_("Commit your guess above first, then the result appears here."))
    display(place)  # type: ignore[no-untyped-call]

    def fill_place() -> None:
        place.outputs = _outputs_of(fill)

    prediction.when_settled(fill_place)


def _outputs_of(show: Callable[[], object]) -> tuple[dict[str, Any], ...]:
    """What is shown, as the outputs of a cell; an error is shown as a cell shows it."""
    with capture_output() as shown:
        try:
            show()
        except SafeShopError as wrong:
            sentence(wrong.sentence)
        except Exception:
            shell = get_ipython()
            if shell is None:
                raise
            shell.showtraceback()
    written = ({"output_type": "stream", "name": "stdout", "text": shown.stdout},) if shown.stdout else ()
    return written + tuple(
        {"output_type": "display_data", "data": one.data, "metadata": one.metadata or {}}
        for one in shown.outputs
    )


def _flush_figures() -> None:
    # matplotlib shows figures at the end of a cell; here the cell may have ended long ago.
    if "matplotlib.pyplot" in sys.modules:
        from matplotlib_inline.backend_inline import flush_figures

        flush_figures()  # type: ignore[no-untyped-call]
