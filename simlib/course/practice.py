"""Exercises as their notebook sees them: opened, answered, checked, hinted at, remembered.

Two neighbours in a class have different shops (`own_shop` follows from the learner's seed), so that an answer read
off the next screen is a wrong one, and known to be.
"""

from __future__ import annotations

import html
import os
import random
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlib.course import notebook_errors
from simlib.course.answers import Day, Facts, Function, Key, Number, OneOf, Positions, Several, Verdict, judge
from simlib.course.keys import KeyFile, KeyTexts, read_key
from simlib.course.progress import KeptAnswer, Progress, change_progress, learner_folder, learner_seed, now
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _, set_language

if TYPE_CHECKING:
    from simlib.records import Run
    from simlib.scenario import Scenario

OWN_ORDERS = tuple(range(12, 37))
"""Orders a day that a learner's shop may have."""
OWN_TRANSIT = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
"""Days in transit that it may have."""
DAYS = 120
"""Days for which it runs unless an exercise says otherwise."""

SIGNS = {"right": "✓", "wrong": "✗", "blank": "○", "unreadable": "?"}
"""State of an answer → its sign; beside it always stands a word, since signs and colours are not for everybody."""
COLOURS = {"right": "#00694d", "wrong": "#a23b00", "blank": "#555555", "unreadable": "#555555"}


def chance(seed: int, purpose: str) -> random.Random:
    """Random numbers of one purpose that follow from a learner's seed."""
    return random.Random(f"exercises/{seed}/{purpose}")


def own_shop(seed: int) -> Scenario:
    """The gift shop as this learner has it: other orders a day, another courier.

    Parameters
    ----------
    seed
        Of the learner.
    """
    from simlib.scenario import Scenario

    draws = chance(seed, "shop")
    return Scenario.load("taiwan-gift-shop").changed(
        demand__orders_per_day=OWN_ORDERS[int(draws.random() * len(OWN_ORDERS))],
        logistics__transit__mean=OWN_TRANSIT[int(draws.random() * len(OWN_TRANSIT))],
        logistics__transit__unit="days",
    )


def own_number(seed: int, purpose: str, low: int, high: int) -> int:
    """A whole number of this learner's own, from `low` to `high`, both included."""
    return low + int(chance(seed, purpose).random() * (high - low + 1))


@dataclass
class Bench:
    """What a key works with: the learner's seed, and what follows from it."""

    seed: int
    _runs: dict[tuple[Any, ...], Run] = field(default_factory=dict, repr=False)

    @cached_property
    def shop(self) -> Scenario:
        """The learner's shop."""
        return own_shop(self.seed)

    def run(self, shop: Scenario | None = None, days: int = DAYS) -> Run:
        """A run of the learner's shop, or of another one, with his seed; the same shop is run once."""
        from simlib.world import simulate

        shop = self.shop if shop is None else shop
        key = (shop.model_dump_json(), days)
        if key not in self._runs:
            self._runs[key] = simulate(shop, days=days, seed=self.seed)
        return self._runs[key]

    def own(self, purpose: str, low: int, high: int) -> int:
        """A whole number of the learner's own, from `low` to `high`, both included."""
        return own_number(self.seed, purpose, low, high)

    def key(self, known: KeyFile, question: str) -> Key:
        """The key of a question, worked out for this learner.

        Raises
        ------
        SafeShopError
            If there is no such question.
        """
        if question not in known.code:
            raise SafeShopError(
                _("Exercises {number} have no question “{question}”; they have {questions}.").format(
                    number=known.number, question=question, questions=", ".join(sorted(known.code))
                )
            )
        names: dict[str, Any] = {
            "practice": self,
            "Number": Number,
            "Day": Day,
            "OneOf": OneOf,
            "Several": Several,
            "Positions": Positions,
            "Function": Function,
            "Facts": Facts,
        }
        exec(known.code[question], names)
        key = names["key"]
        assert isinstance(key, Key)
        return key


@dataclass
class Practice(Bench):
    """Open exercises.

    Attributes
    ----------
    number, lang, title
        Two digits; language tag; heading in that language.
    folder
        The learner's folder; None in builds and tests.
    """

    number: str = ""
    lang: str = "en"
    title: str = ""
    folder: Path | None = None
    _keys: dict[str, Key] = field(default_factory=dict, repr=False)
    _unkept: Progress = field(default_factory=Progress, repr=False)

    def __repr__(self) -> str:
        return _(
            "{title}. Your seed is {seed}; your shop has {orders:g} orders a day, and its "
            "parcels travel {days:g} days."
        ).format(
            number=self.number,
            title=self.title,
            seed=self.seed,
            orders=self.shop.demand.orders_per_day,
            days=self.shop.logistics.transit.mean_days,
        )

    @cached_property
    def known(self) -> KeyFile:
        """Keys and texts."""
        return read_key(self.number)

    def said(self, question: str) -> KeyTexts:
        """What is said about a question, in the language in use."""
        return self.known.texts[self.lang if self.lang in self.known.texts else "en"][question]

    def key_of(self, question: str) -> Key:
        """The key of a question, worked out once."""
        if question not in self._keys:
            self._keys[question] = self.key(self.known, question)
        return self._keys[question]

    # -- answering -----------------------------------------------------------------------------------------------

    def judged(self, question: str, given: object) -> Verdict:
        """Judge an answer and remember it."""
        verdict = judge(self.key_of(question), given)
        if verdict.state in ("right", "wrong"):
            self._change(question, lambda kept: remember(kept, verdict))
        return verdict

    def answer_html(self, question: str, verdict: Verdict) -> str:
        """What is said of an answer, as HTML."""
        head, *more = self.lines(question, verdict)
        colour = COLOURS[verdict.state]
        body = "".join(_rendered(text) for text in more)
        return (
            f'<div role="status" style="border-left: 4px solid {colour}; padding: 0.3em 0.8em">'
            f"<strong>{html.escape(head)}</strong>{body}</div>"
        )

    def lines(self, question: str, verdict: Verdict) -> list[str]:
        """What is said of an answer, in lines: sign and word, then why."""
        words = {
            "right": _("Right."),
            "wrong": _("Not yet."),
            "blank": _("Not answered yet."),
            "unreadable": _("That is no answer yet."),
        }
        lines = [f"{SIGNS[verdict.state]} {words[verdict.state]}"]
        if verdict.detail:
            lines.append(verdict.detail)
        said = self.said(question)
        if verdict.state == "right":
            lines.append(said.right)
        elif verdict.mistake is not None and verdict.mistake in said.mistakes:
            lines.append(said.mistakes[verdict.mistake])
        return lines

    def next_hint(self, question: str) -> str:
        """The next hint, counted; after the last one, the last again."""
        hints = self.said(question).hints
        kept = self.kept(question)
        place = min(kept.hints, len(hints) - 1)
        if kept.state != "right":
            self._change(question, _count_hint)
        return _("Hint {number} of {all}: {text}").format(number=place + 1, all=len(hints), text=hints[place])

    def kept(self, question: str) -> KeptAnswer:
        """What became of a question so far."""
        from simlib.course.progress import read_progress

        progress = self._unkept if self.folder is None else read_progress(self.folder)[0]
        return progress.answer(self.number, question)

    def _change(self, question: str, change: Callable[[KeptAnswer], None]) -> None:
        def apply(progress: Progress) -> None:
            change(progress.answer(self.number, question))

        if self.folder is None:
            apply(self._unkept)
            return
        from simlib.course.start_page import write_start_page

        try:
            notice = change_progress(self.folder, apply)
            write_start_page(self.folder, self.lang)
        except SafeShopError as wrong:
            # A folder that cannot be written must not keep anybody from learning.
            notice = wrong.sentence
            apply(self._unkept)
        if notice:
            notebook_errors.show_sentence(notice)

    # -- asking --------------------------------------------------------------------------------------------------

    def choose(
        self, name: str, *, options: Mapping[str, str], reasons: Mapping[str, str] | None = None
    ) -> None:
        """Ask for one of several options, and for the reason.

        Parameters
        ----------
        name
            Such as ``05-q2``.
        options, reasons
            Code → words in the learner's language.
        """
        from simlib.panels.practice import choice_panel

        choice_panel(self._ask(name), options, reasons)

    def tick(self, name: str, *, options: Mapping[str, str]) -> None:
        """Ask for all that belong: boxes to tick.

        Parameters
        ----------
        name
            Such as ``05-q2``.
        options
            Code → words in the learner's language.
        """
        from simlib.panels.practice import tick_panel

        tick_panel(self._ask(name), options)

    def number_for(self, name: str, *, unit: str) -> None:
        """Ask for a number, or whatever else fits into one line, in a field.

        Parameters
        ----------
        name
            Such as ``05-q2``.
        unit
            In the learner's language; what is asked for, if it is no number.
        """
        from simlib.panels.practice import field_panel

        field_panel(self._ask(name), unit)

    def write(self, name: str) -> None:
        """Ask for a text, in a large field."""
        from simlib.panels.practice import text_panel

        text_panel(self._ask(name))

    def move(self, name: str, panel: Any) -> None:
        """Ask for positions of the controls of a what-if panel.

        Parameters
        ----------
        name
            Such as ``05-q2``.
        panel
            A `simlib.panels.WhatIf`.
        """
        from simlib.panels.practice import move_panel

        move_panel(self._ask(name), panel)

    def _ask(self, name: str) -> Any:
        from simlib.panels.practice import Asked

        question = self.question(name)
        kept = self.kept(question)
        return Asked(
            check=lambda given: self.answer_html(question, self.judged(question, given)),
            hint=lambda: _rendered(self.next_hint(question)),
            last=kept.answer,
            said=self.answer_html(question, Verdict("right")) if kept.state == "right" else "",
        )

    def question(self, name: object) -> str:
        """The question that is meant by ``05-q2`` or ``q2``.

        Raises
        ------
        SafeShopError
            If there is no such question here.
        """
        text = str(name).strip().lower() if isinstance(name, str) else ""
        short = text.removeprefix(f"{self.number}-")
        if short not in self.known.code:
            raise SafeShopError(
                _("Exercises {number} have no question “{question}”; they have {questions}.").format(
                    number=self.number,
                    question=text[:30],
                    questions=", ".join(f"{self.number}-{known}" for known in sorted(self.known.code)),
                )
            )
        return short

    def file(self, name: str, content: bytes) -> Path:
        """Put a file of a case into the learner's folder, where any program can open it.

        Parameters
        ----------
        name
            File name.
        content
            Its bytes. A file that is there stays as it is: the learner may have worked on it.
        """
        from simlib.writing import write_whole

        folder = (self.folder or Path(tempfile.gettempdir()) / f"safeshop-{os.getpid()}") / "cases"
        path = folder / name
        if not path.exists() or self.folder is None:
            write_whole(path, content)
        return path

    def rows(self, content: bytes, encoding: object) -> list[dict[str, str]]:
        """The rows of a case's file; none, and a sentence, while nobody has said how it is encoded.

        Parameters
        ----------
        content
            The file's bytes.
        encoding
            The learner's answer, or what stands there before he has one.
        """
        from simlib.casework import rows_of

        try:
            return rows_of(content, encoding)
        except SafeShopError as wrong:
            # Not raised: “Run All” would end here, and the other cases could not be worked on.
            notebook_errors.show_sentence(wrong.sentence)
            return []


def remember(kept: KeptAnswer, verdict: Verdict) -> None:
    """Enter a verdict that is right or wrong.

    Parameters
    ----------
    kept
        What became of the question so far; once right, it stays as it is.
    verdict
        On an answer just given.
    """
    if kept.state == "right":
        return
    kept.state = "right" if verdict.state == "right" else "wrong"
    kept.answer = verdict.kept
    kept.tries += 1
    kept.at = now()
    kept.first = kept.first or kept.at
    if verdict.mistake:
        kept.mistakes[verdict.mistake] = kept.mistakes.get(verdict.mistake, 0) + 1


def _count_hint(kept: KeptAnswer) -> None:
    kept.hints += 1


def _rendered(text: str) -> str:
    from markdown_it import MarkdownIt

    rendered: str = MarkdownIt("commonmark", {"html": False}).render(text)
    return rendered


_open: list[Practice] = []


def practise(number: str, *, lang: str) -> Practice:
    """Open the exercises of a lesson.

    Parameters
    ----------
    number
        Two digits.
    lang
        One of `simlib.languages.LANGUAGES`.

    Raises
    ------
    SafeShopError
        If the language or the exercises do not exist.
    """
    notebook_errors.install()
    if lang not in LANGUAGES:
        raise SafeShopError(
            _("The language must be one of {tags}, not {tag}.").format(tags=", ".join(LANGUAGES), tag=lang)
        )
    set_language(lang)
    folder = learner_folder()
    try:
        seed = learner_seed(folder)
    except SafeShopError as wrong:
        notebook_errors.show_sentence(wrong.sentence)
        folder, seed = None, learner_seed(None)
    practice = Practice(seed, number=number, lang=lang, folder=folder)
    titles = practice.known.titles
    practice.title = titles.get(lang, titles["en"])
    _open[:] = [practice]
    _show(f"<div>{html.escape(repr(practice))}</div>", repr(practice))
    from simlib.figures import use_fonts

    no_font = use_fonts(lang)
    if no_font:
        notebook_errors.show_sentence(no_font)
    return practice


def check(name: str, answer: object = None) -> None:
    """Check an answer: a sign and a word, and why.

    Parameters
    ----------
    name
        Of the question, such as ``05-q2``.
    answer
        Whatever you think is right.

    Raises
    ------
    SafeShopError
        If no exercises are open, or they have no such question.
    """
    practice = _opened()
    question = practice.question(name)
    verdict = practice.judged(question, answer)
    _show(practice.answer_html(question, verdict), "\n".join(practice.lines(question, verdict)))
    if verdict.state != "right" and os.environ.get("SAFESHOP_PREDICT") != "skip":
        from simlib.panels.practice import hint_button

        hint_button(lambda: _rendered(practice.next_hint(question)))


def hint(name: str) -> None:
    """Show the next hint of a question.

    Parameters
    ----------
    name
        Of the question, such as ``05-q2``.

    Raises
    ------
    SafeShopError
        If no exercises are open, or they have no such question.
    """
    practice = _opened()
    text = practice.next_hint(practice.question(name))
    _show(f'<div role="status">{_rendered(text)}</div>', text)


def _opened() -> Practice:
    if not _open:
        raise SafeShopError(_("Run the first cell, “Open the exercises”, before you check an answer."))
    return _open[0]


def _show(line: str, text: str) -> None:
    from IPython.display import display

    display({"text/html": line, "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]
