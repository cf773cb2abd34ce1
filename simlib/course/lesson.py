"""A lesson as its notebook sees it: opened, predicted, looked at, finished."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from simlib.course import notebook_errors
from simlib.course.contents import contents
from simlib.course.progress import (
    KeptGuess,
    LessonProgress,
    Progress,
    change_progress,
    learner_folder,
    now,
    read_progress,
)
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _, set_language

if TYPE_CHECKING:
    from simlib.panels.prediction import Guess, Prediction

Number = int | float


@dataclass
class Lesson:
    """An open lesson.

    Attributes
    ----------
    number
        Two digits.
    lang
        Language tag.
    title
        In that language.
    minutes
        Time it takes.
    following
        Title and file of the next lesson; None after the last.
    folder
        The learner's folder, where guesses and progress are kept; None in builds and tests.
    """

    number: str
    lang: str
    title: str
    minutes: int
    following: tuple[str, str] | None
    folder: Path | None
    _predictions: dict[str, Prediction] = field(default_factory=dict)

    def __repr__(self) -> str:
        return _("Lesson {number}: {title} ({minutes} minutes)").format(
            number=self.number, title=self.title, minutes=self.minutes
        )

    def predict(self, name: str, *, unit: str, low: Number = 0, high: Number = 100, step: Number = 1) -> None:
        """Ask for a number before the result is shown.

        Parameters
        ----------
        name
            Of the question; `look` refers to it.
        unit
            In the learner's language, such as ``_("orders")``.
        low, high, step
            Range of the slider, in that unit.

        Raises
        ------
        SafeShopError
            If the range is empty.
        """
        from simlib.panels.prediction import number_panel

        if not (low < high and 0 < step <= high - low):
            raise SafeShopError(
                _(
                    "The question “{name}” needs low < high and a step between, not {low}, {high}, {step}."
                ).format(name=name, low=low, high=high, step=step)
            )
        prediction = self._prediction(name, unit)
        number_panel(prediction, low, high, step, lambda guess: self._keep(name, guess, unit))

    def choose(self, name: str, *, options: Sequence[str]) -> None:
        """Ask for one of several answers before the result is shown.

        Parameters
        ----------
        name
            Of the question; `look` refers to it.
        options
            The answers in the learner's language.
        """
        from simlib.panels.prediction import choice_panel

        choice_panel(self._prediction(name, ""), options, lambda guess: self._keep(name, guess, None))

    def look(self, name: str, show: Callable[[], object], *, answer: Number | str) -> None:
        """Show a result once the guess is committed or skipped, and set the two side by side.

        Parameters
        ----------
        name
            Of the question asked by `predict` or `choose`.
        show
            Without arguments; displays figure and sentence. A text it returns is shown as a line.
        answer
            The result, in the unit of the question.

        Raises
        ------
        SafeShopError
            If the question was not asked.
        """
        from simlib.panels.prediction import look_panel

        prediction = self._predictions.get(name)
        if prediction is None:
            raise SafeShopError(
                _("The question “{name}” has not been asked yet: run the cell with the guess first.").format(
                    name=name
                )
            )
        look_panel(prediction, show, answer)

    def finish(self) -> None:
        """Mark the lesson as done, once every guess is committed or skipped, and say what comes next."""
        if self._open_guesses():
            state = _("Lesson {number} is done once every guess above is made or skipped.")
        else:
            state = _("Lesson {number} is done.")
        state = state.format(number=self.number)
        if self.following is None:
            last = _("It was the last one so far.")
            _show_line(html.escape(f"{state} {last}"), f"{state} {last}")
        else:
            title, file = self.following
            link = f'<a href="{quote(file)}">{html.escape(title)}</a>'
            after = _("Next: {title}")
            line = f"{html.escape(state)} {html.escape(after).format(title=link)}"
            _show_line(line, f"{state} {after.format(title=title)}")
        for prediction in self._open_guesses():
            prediction.when_settled(self._mark_done)
        self._mark_done()

    def _open_guesses(self) -> list[Prediction]:
        return [prediction for prediction in self._predictions.values() if prediction.guess is None]

    def _mark_done(self) -> None:
        def done(progress: Progress) -> None:
            progress.lesson(self.number).finished = now()

        if not self._open_guesses():
            self._change(done)

    def _prediction(self, name: str, unit: str) -> Prediction:
        from simlib.panels.prediction import Guess, Prediction

        if os.environ.get("SAFESHOP_PREDICT") == "skip":
            guess: Guess | None = Guess(None)
        else:
            kept = self._kept().guesses.get(name)
            guess = Guess(kept.value) if kept else None
        prediction = Prediction(name, unit, guess)
        self._predictions[name] = prediction
        return prediction

    def _kept(self) -> LessonProgress:
        if self.folder is None:
            return LessonProgress()
        progress, notice = read_progress(self.folder)
        if notice:
            notebook_errors.show_sentence(notice)
        return progress.lesson(self.number)

    def _keep(self, name: str, guess: Guess, unit: str | None) -> None:
        def add(progress: Progress) -> None:
            kept = KeptGuess(value=guess.value, unit=unit, at=now())
            progress.lesson(self.number).guesses[name] = kept

        self._change(add)

    def _change(self, change: Callable[[Progress], None]) -> None:
        if self.folder is None:
            return
        from simlib.course.start_page import write_start_page

        notice = change_progress(self.folder, change)
        if notice:
            notebook_errors.show_sentence(notice)
        write_start_page(self.folder, self.lang)


def start(number: str, *, lang: str) -> Lesson:
    """Open a lesson: language, fonts, plain error sentences, progress.

    Parameters
    ----------
    number
        Two digits.
    lang
        One of `simlib.languages.LANGUAGES`.

    Raises
    ------
    SafeShopError
        If the language does not exist.
    """
    notebook_errors.install()
    if lang not in LANGUAGES:
        raise SafeShopError(
            _("The language must be one of {tags}, not {tag}.").format(tags=", ".join(LANGUAGES), tag=lang)
        )
    set_language(lang)
    lesson = Lesson(number, lang, *_about(number, lang), folder=learner_folder())

    def opened(progress: Progress) -> None:
        mine = progress.lesson(number)
        mine.opened = mine.opened or now()

    _show_line(html.escape(repr(lesson)), repr(lesson))
    # Imported here: drawing takes a second to load, which the command line need not wait for.
    from simlib.figures import use_fonts

    no_font = use_fonts(lang)
    if no_font:
        notebook_errors.show_sentence(no_font)
    try:
        lesson._change(opened)
    except SafeShopError as wrong:
        # A folder that cannot be written must not keep anybody from learning.
        notebook_errors.show_sentence(wrong.sentence)
    return lesson


def _about(number: str, lang: str) -> tuple[str, int, tuple[str, str] | None]:
    """Title, minutes and the next lesson: from the builder while there is one, else from the built course."""
    building = os.environ.get("SAFESHOP_BUILDING")
    if building:
        about = json.loads(building)
        following = about["next"]
        return (
            about["title"],
            about["minutes"],
            (following["title"], following["file"]) if following else None,
        )
    listed = contents(lang)
    numbers = [lesson.number for lesson in listed]
    if number not in numbers:
        raise SafeShopError(
            _("The course has no lesson {number} in this language; it has {numbers}.").format(
                number=number, numbers=", ".join(numbers)
            )
        )
    place = numbers.index(number)
    after = listed[place + 1] if place + 1 < len(listed) else None
    return listed[place].title, listed[place].minutes, (after.title, after.path.name) if after else None


def _show_line(line: str, text: str) -> None:
    from IPython.display import display

    display({"text/html": f"<div>{line}</div>", "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
