"""The start page: what a learner sees first, with every lesson, its minutes and how far he is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from simlib.course.contents import Listed, contents, exercises, languages_built
from simlib.course.folder import newest_copy
from simlib.course.progress import KeptAnswer, LessonProgress, read_progress
from simlib.languages import LANGUAGES, _, current_language, set_language
from simlib.writing import write_whole

FILE = "Start here.md"
"""Its name in the learner's folder; the same in every language, so that one bookmark stays good."""


def write_start_page(folder: Path, lang: str) -> str | None:
    """Write the start page anew.

    Parameters
    ----------
    folder
        The learner's folder.
    lang
        Language of the page and of the lessons it links to.

    Returns
    -------
    str or None
        A sentence if a damaged progress file had to be set aside.

    Raises
    ------
    SafeShopError
        If the page cannot be written.
    """
    progress, notice = read_progress(folder)
    spoken = current_language()
    set_language(lang)
    try:
        lessons = contents(lang)
        practice = exercises(lang)
        links = {one.name: newest_copy(folder, one) for one in (*lessons, *practice)}
        page = start_page(lessons, links, progress.lessons, practice, progress.exercises)
    finally:
        set_language(spoken)
    write_whole(folder / FILE, page)
    return notice


def start_page(
    lessons: list[Listed],
    links: dict[str, str],
    progress: dict[str, LessonProgress],
    practice: Sequence[Listed] = (),
    answers: Mapping[str, Mapping[str, KeptAnswer]] | None = None,
) -> str:
    """The start page as Markdown, in the language in use.

    Parameters
    ----------
    lessons
        By number.
    links
        Name of a lesson or its exercises → path of the learner's copy, from the page.
    progress
        By lesson number.
    practice
        Exercises, by number; those without a lesson of their number stand in rows of their own.
    answers
        Number → question → what became of it.
    """
    answers = answers or {}
    by_number = {one.number: one for one in practice}
    done = sum(1 for lesson in lessons if _finished(progress, lesson))
    rows = [
        "| {link} | {minutes} | {state} |".format(
            link=_link(f"{lesson.number} {lesson.title}", links[lesson.name]),
            minutes=_("{minutes} min").format(minutes=lesson.minutes),
            state=_state(progress.get(lesson.number)),
        )
        + _exercise_cell(by_number.get(lesson.number), links, answers, bool(practice))
        for lesson in lessons
    ]
    numbers = {lesson.number for lesson in lessons}
    rows += [
        f"| {_cell(one.title)} | {_('{minutes} min').format(minutes=one.minutes)} | |"
        + _exercise_cell(one, links, answers, shown=True)
        for one in practice
        if one.number not in numbers
    ]
    head, line = (f" {_('Exercises')} |", "---|") if practice else ("", "")
    return "\n".join(
        [
            f"# {_('Safe Shop Lab')}",
            "",
            _(
                "If a thief got into your shop right now: what would he find, what would it cost, and what "
                "would have made it less?"
            ),
            "",
            f"## {_('How to use a lesson')}",
            "",
            "1. " + _("Click a lesson in the table below, and read from top to bottom."),
            "2. "
            + _(
                "At a grey line that begins with ▶, click it and press **Shift + Enter** (or the ▶ button "
                "above): it runs, and its result appears below. You never need to open or change the code."
            ),
            "3. " + _("Make your guess with the slider, then move on. Your guesses stay on this computer."),
            "",
            f"## {_('Lessons')}",
            "",
            _("{done} of {all} done.").format(done=done, all=len(lessons)),
            "",
            f"| {_('Lesson')} | {_('Time')} | {_('Your progress')} |{head}",
            f"|---|---|---|{line}",
            *rows,
            "",
            _(
                "This page is renewed whenever you get further; close it and open it again "
                "to see the new state."
            ),
            "",
            *_other_languages(lessons),
        ]
    )


def _other_languages(lessons: list[Listed]) -> list[str]:
    """How to open the course in another language: with the command it was started with, which the starter names.

    A class server names none, because there the instructor chooses.
    """
    command = os.environ.get("SAFESHOP_COMMAND", "safeshop")
    here = lessons[0].lang if lessons else "en"
    others = [
        f"{LANGUAGES[tag]}: `{command} --lang {tag}`" for tag in languages_built() if command and tag != here
    ]
    return [" · ".join(others), ""] if others else []


def _finished(progress: dict[str, LessonProgress], lesson: Listed) -> bool:
    return lesson.number in progress and progress[lesson.number].finished is not None


def _state(kept: LessonProgress | None) -> str:
    if kept is None or kept.opened is None:
        return _("○ not begun")
    if kept.finished is not None:
        return _("● done on {date}").format(date=kept.finished.date().isoformat())
    return _("◐ begun on {date}").format(date=kept.opened.date().isoformat())


def _exercise_cell(
    practice: Listed | None,
    links: Mapping[str, str],
    answers: Mapping[str, Mapping[str, KeptAnswer]],
    shown: bool,
) -> str:
    """The last cell of a row; nothing at all while the course has no exercises."""
    if not shown:
        return ""
    if practice is None:
        return " |"
    kept = answers.get(practice.number, {})
    done = sum(name in kept and kept[name].state == "right" for name in practice.questions)
    text = _("{done} of {all} right").format(done=done, all=len(practice.questions))
    sign = "●" if done == len(practice.questions) else "◐" if kept else "○"
    return f" {sign} {_link(text, links[practice.name])} |"


def _link(text: str, path: str) -> str:
    return f"[{_cell(text)}]({quote(path)})"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("[", "\\[").replace("]", "\\]")
