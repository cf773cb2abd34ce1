"""Translations: PO files beside the lessons and inside the library, kept in step with the English text.

A reader of another language never meets silent English: a text that is missing, doubtful or left over stops
the build of that language with a sentence saying where.
"""

from __future__ import annotations

import ast
import difflib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polib

from simlib.course.source import LessonSource, Translate
from simlib.defence.devices import texts as setting_texts
from simlib.errors import SafeShopError
from simlib.facts import all_facts
from simlib.languages import CATALOGUES, LANGUAGES, _
from simlib.writing import write_whole

SIMILAR = 0.6
"""From this likeness on (difflib ratio) a changed text keeps its translation, marked as doubtful."""


@dataclass(frozen=True)
class Refreshed:
    """What became of one PO file: counts of texts."""

    path: Path
    kept: int
    new: int
    fuzzy: int
    obsolete: int


def lesson_catalogue(lessons: Path, lang: str, stem: str) -> Path:
    """The PO file of one lesson in one language."""
    return lessons / "po" / lang / f"{stem}.po"


def languages_begun(lessons: Path) -> list[str]:
    """Tags of the languages other than English that have at least one lesson's PO file."""
    return [tag for tag in LANGUAGES if tag != "en" and any((lessons / "po" / tag).glob("*.po"))]


def translator(source: LessonSource, lessons: Path, lang: str) -> Translate:
    """A function that translates this lesson's units, after a check that it can translate them all.

    Parameters
    ----------
    source
        The English lesson.
    lessons
        Folder that holds ``po/``.
    lang
        Language tag.

    Raises
    ------
    SafeShopError
        If a unit is missing, doubtful (fuzzy) or left over, naming lesson, cell and text.
    """
    path = lesson_catalogue(lessons, lang, source.stem)
    if not path.is_file():
        raise SafeShopError(
            _("Lesson {number} has no {lang} texts; make them with “safeshop texts --lang {lang}”.").format(
                number=source.head.number, lang=lang
            )
        )
    known = {(entry.msgctxt, entry.msgid): entry for entry in _read(path) if not entry.obsolete}
    wanted = source.units()
    for unit in wanted:
        if unit not in known or not known[unit].msgstr.strip():
            raise _incomplete(_("has no translation"), path, lang, unit)
        if known[unit].fuzzy:
            raise _incomplete(
                _("has a doubtful (fuzzy) translation: read it, then remove the mark"), path, lang, unit
            )
    for unit in known.keys() - set(wanted):
        raise _incomplete(_("is no longer in the lesson: run “safeshop texts”"), path, lang, unit)
    return lambda context, text: known[context, text].msgstr


def check_library(lang: str, needed: Iterable[str] = ()) -> None:
    """Make sure the library itself speaks a language completely.

    Parameters
    ----------
    lang
        Language tag.
    needed
        Further texts that must be in the catalogue, such as those of the lessons' code cells.

    Raises
    ------
    SafeShopError
        At the first text that is missing or doubtful.
    """
    path = CATALOGUES / lang / "simlib.po"
    if not path.is_file():
        raise SafeShopError(
            _(
                "The library has no {lang} catalogue; make it with “safeshop texts --lang {lang}”, "
                "then translate it."
            ).format(lang=lang)
        )
    entries = [entry for entry in _read(path) if not entry.obsolete]
    for entry in entries:
        if entry.fuzzy or not entry.msgstr.strip():
            state = (
                _("has a doubtful (fuzzy) translation: read it, then remove the mark")
                if entry.fuzzy
                else _("has no translation")
            )
            raise _incomplete(state, path, lang, (None, entry.msgid))
    for text in sorted(set(needed) - {entry.msgid for entry in entries}):
        raise _incomplete(_("is not in the catalogue: run “safeshop texts”"), path, lang, (None, text))


def _incomplete(state: str, path: Path, lang: str, unit: tuple[str | None, str]) -> SafeShopError:
    context, text = unit
    text = text if len(text) <= 80 else text[:79] + "…"
    place = f"{path.parent.name}/{path.name}"
    if context is None:
        return SafeShopError(
            _("{file}: the text “{text}” {state}.").format(file=place, text=text, state=state)
        )
    lesson, __, cell = context.partition(" ")
    return SafeShopError(
        _("{file}: lesson {lesson}, cell {cell}: the text “{text}” {state}.").format(
            file=place, lesson=lesson, cell=cell, text=text, state=state
        )
    )


def refresh_lesson(source: LessonSource, lessons: Path, lang: str) -> Refreshed:
    """Bring a lesson's PO file in step with its source; no translation is lost.

    Parameters
    ----------
    source
        The English lesson.
    lessons
        Folder that holds ``po/``.
    lang
        Language tag.
    """
    path = lesson_catalogue(lessons, lang, source.stem)
    return refresh(path, lang, [(context, text, ()) for context, text in source.units()])


def refresh_library(lang: str, library: Path, sources: Iterable[LessonSource]) -> Refreshed:
    """Bring the library's catalogue in step with every ``_("…")`` in the package and in the lessons' code.

    Parameters
    ----------
    lang
        Language tag.
    library
        Folder of the package's sources.
    sources
        The lessons.
    """
    return refresh(library / "locale" / lang / "simlib.po", lang, library_texts(library, sources))


def library_texts(
    library: Path, sources: Iterable[LessonSource]
) -> list[tuple[str | None, str, tuple[str, ...]]]:
    """Every text that the library passes through ``_()``: (context, text, files), in a fixed order.

    Raises
    ------
    SafeShopError
        If Babel is not installed.
    """
    try:
        from babel.messages.extract import extract
    except ImportError:
        raise SafeShopError(
            _("Babel is not installed, so texts cannot be collected; run: pip install babel")
        ) from None
    places: dict[str, dict[str, None]] = {}
    pieces = [
        (f"{library.name}/{path.relative_to(library).as_posix()}", path.read_bytes())
        for path in sorted(library.rglob("*.py"))
    ]
    for source in sources:
        pieces += [
            (f"{source.path.parents[1].name}/src/{source.path.name}", cell.text.encode())
            for cell in source.cells
            if cell.code
        ]
    for place, code in pieces:
        for _line, message, *_rest in extract("python", io.BytesIO(code), keywords={"_": None, "N_": None}):
            # Without line numbers: they would change with every edit and hide the real changes.
            places.setdefault(str(message), {})[place] = None
        for text in _texts_within_f_strings(code):
            places.setdefault(text, {})[place] = None
    # Facts are shown to learners with their unit and source, so these words are texts too.
    for known in all_facts().values():
        for text in (known.unit, known.source):
            places.setdefault(text, {})[f"{library.name}/facts"] = None
    # So are the settings of the learner's devices, written down as data.
    for text in setting_texts():
        places.setdefault(text, {})[f"{library.name}/defence/settings.yaml"] = None
    return [(None, text, tuple(files)) for text, files in places.items()]


def _texts_within_f_strings(code: bytes) -> Iterator[str]:
    """Texts passed through ``_()`` within f-strings, which Babel does not see: to its tokens they are one string."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.JoinedStr):
            for call in ast.walk(node):
                match call:
                    case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))]):
                        yield text


def refresh(path: Path, lang: str, wanted: Sequence[tuple[str | None, str, tuple[str, ...]]]) -> Refreshed:
    """Bring a PO file in step with the wanted (context, text, places).

    A text that is still wanted keeps its translation; a changed one keeps it marked as fuzzy, with the former
    English beside it; what nobody wants any more is kept at the end as obsolete.

    Parameters
    ----------
    path
        The PO file, made when missing.
    lang
        Language tag.
    wanted
        In the order in which they shall stand.
    """
    old = list(_read(path)) if path.is_file() else []
    active = {(entry.msgctxt, entry.msgid): entry for entry in old if not entry.obsolete}
    archived = {(entry.msgctxt, entry.msgid): entry for entry in old if entry.obsolete}
    keys = {(context, text) for context, text, __ in wanted}
    free = {key: entry for key, entry in active.items() if key not in keys and entry.msgstr}
    file = polib.POFile(wrapwidth=100)
    file.metadata = {
        "Language": lang,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    kept = new = fuzzy = 0
    for context, text, places in wanted:
        key = (context, text)
        entry = polib.POEntry(msgctxt=context, msgid=text, occurrences=[(place, "") for place in places])
        before = active.get(key) or archived.pop(key, None)
        if before is None:
            before = _likeness(key, free)
            if before is not None:
                del free[before.msgctxt, before.msgid]
                entry.previous_msgid = before.msgid
                entry.flags = ["fuzzy"]
        else:
            entry.flags = list(before.flags)
            entry.previous_msgid = before.previous_msgid
        if before is not None:
            entry.msgstr, entry.tcomment = before.msgstr, before.tcomment
        kept += bool(entry.msgstr) and not entry.fuzzy
        fuzzy += entry.fuzzy
        new += not entry.msgstr
        file.append(entry)
    leftover = [entry for entry in (*free.values(), *archived.values()) if entry.msgstr]
    for entry in leftover:
        entry.obsolete = True
        entry.occurrences = []
        file.append(entry)
    write_whole(path, str(file) + "\n")
    return Refreshed(path, kept, new, fuzzy, len(leftover))


def _likeness(
    key: tuple[str | None, str], free: dict[tuple[str | None, str], polib.POEntry]
) -> polib.POEntry | None:
    """The unused entry of the same cell whose English comes nearest."""
    nearest = difflib.get_close_matches(
        key[1], [text for context, text in free if context == key[0]], n=1, cutoff=SIMILAR
    )
    return free[key[0], nearest[0]] if nearest else None


def _read(path: Path) -> polib.POFile:
    try:
        return polib.pofile(str(path), encoding="utf-8", wrapwidth=100)
    except (OSError, UnicodeDecodeError) as wrong:
        raise SafeShopError(
            _("{file} is not a PO file ({reason}).").format(file=path, reason=wrong)
        ) from None
