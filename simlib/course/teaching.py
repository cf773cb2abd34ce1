"""What an instructor says beside the lessons: speaker notes and likely questions, keyed by lesson and cell name.

The notes lie in ``instructor/src/NN-slug.md``, one file for each lesson of the same name. ``## cell-name`` heads what
to say at a section; ``## asked-1`` heads a question that people ask (its first paragraph) and the answer (the rest).
They are translated as the lessons are, unit by unit, in ``instructor/po``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simlib.course import texts
from simlib.course.source import Cell, Head, LessonSource
from simlib.errors import SafeShopError
from simlib.languages import _

QUESTIONS = 4
"""Least number of likely questions that the notes of a lesson answer."""

_ASKED = re.compile(r"asked-\d+")


@dataclass(frozen=True)
class Asked:
    """A question that people ask, and an answer: Markdown, in the language of the notes."""

    question: str
    answer: str


@dataclass(frozen=True)
class Notes:
    """The notes of one lesson in one language.

    Attributes
    ----------
    beside
        Name of a section's cell → what to say there, as Markdown.
    asked
        Likely questions, in the order of the file.
    """

    beside: dict[str, str]
    asked: tuple[Asked, ...]


def texts_source(path: Path, number: str, title: str, cells: Iterator[tuple[str, str, int]]) -> LessonSource:
    """Texts for instructors in the form in which lessons are translated.

    Parameters
    ----------
    path
        Where they stand.
    number
        First part of the context of every unit.
    title
        Heading of the file.
    cells
        (name, Markdown, line).
    """
    head = Head.model_construct(number=number, title=title, sections=(), objectives=(), rows=())
    return LessonSource(path, head, tuple(Cell(name, False, text, line) for name, text, line in cells))


def read_notes_source(lesson: LessonSource, instructor: Path) -> LessonSource | None:
    """The English notes of a lesson; None when nobody wrote any yet.

    Parameters
    ----------
    lesson
        The lesson in English.
    instructor
        Folder that holds ``src/``.

    Raises
    ------
    SafeShopError
        If a section of the lesson has no note, a note belongs to no section, or a question has no answer.
    """
    path = instructor / "src" / f"{lesson.stem}.md"
    if not path.is_file():
        return None
    title, blocks = _blocks(path)
    source = texts_source(path, lesson.head.number, title, iter(blocks))
    sections = [section.name for section in lesson.head.sections]
    names = [cell.name for cell in source.cells]
    for cell in source.cells:
        if names.count(cell.name) > 1 or not (cell.name in sections or _ASKED.fullmatch(cell.name)):
            raise SafeShopError(
                _("{where}: this is no section of the lesson, or it stands here twice.").format(
                    where=source.where(cell)
                )
            )
        if not cell.text or (_ASKED.fullmatch(cell.name) and "\n\n" not in cell.text):
            raise SafeShopError(
                _("{where}: a note needs a text, and a question needs an answer below it.").format(
                    where=source.where(cell)
                )
            )
    for name in sections:
        if name not in names:
            raise SafeShopError(
                _("{file}: the section “{section}” of the lesson has no note; add ## {section}.").format(
                    file=path.name, section=name
                )
            )
    return source


def _blocks(path: Path) -> tuple[str, list[tuple[str, str, int]]]:
    """The heading of a file of notes, and (name, text, line) of what stands under each ``##``."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as reason:
        raise SafeShopError(
            _("{file}: cannot be read as UTF-8 text ({reason}).").format(file=path, reason=reason)
        ) from None
    starts = [place for place, line in enumerate(lines) if line.startswith("## ")]
    title = lines[0].removeprefix("# ").strip() if lines else ""
    blocks = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        blocks.append((lines[start][3:].strip(), "\n".join(lines[start + 1 : end]).strip(), start + 1))
    return title, blocks


def in_language(source: LessonSource, instructor: Path, lang: str) -> LessonSource:
    """Texts for instructors in a language.

    Raises
    ------
    SafeShopError
        If a unit is missing, doubtful or left over.
    """
    if lang == "en":
        return source
    return source.translated(texts.translator(source, instructor, lang), lang)


def notes(lesson: LessonSource, instructor: Path, lang: str) -> Notes:
    """The notes of a lesson; empty ones when nobody wrote any yet.

    Parameters
    ----------
    lesson
        The lesson in English.
    instructor
        Folder that holds ``src/`` and ``po/``.
    lang
        Language tag.
    """
    source = read_notes_source(lesson, instructor)
    if source is None:
        return Notes({}, ())
    spoken = in_language(source, instructor, lang)
    beside = {cell.name: cell.text for cell in spoken.cells if not _ASKED.fullmatch(cell.name)}
    asked = [cell.text.split("\n\n", 1) for cell in spoken.cells if _ASKED.fullmatch(cell.name)]
    return Notes(beside, tuple(Asked(question, answer) for question, answer in asked))
