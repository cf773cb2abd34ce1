"""The learner's own folder: copies of lessons and exercises that belong to him, never overwritten by anything.

What was copied is noted in ``.safeshop/``, so that a newer text of a lesson can be announced. The copy has no
outputs: the guess shall come before the result.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.course.contents import Listed, contents, exercises
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _
from simlib.writing import cannot_write, write_whole

OWN = ".safeshop"
"""Folder inside the learner's folder for what is ours: notes on copies, Jupyter's settings and log."""


class Notes(BaseModel):
    """What we remember about the folder.

    Attributes
    ----------
    lang
        Language of the last visit.
    copies
        Path of a copy inside the folder → fingerprint of the lesson's text at that time, oldest first.
    """

    model_config = ConfigDict(extra="forbid")

    lang: str | None = None
    copies: dict[str, str] = Field(default_factory=dict)


@dataclass
class Prepared:
    """What was done to bring the folder up to date; paths are relative to it."""

    copied: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    newer: list[Listed] = field(default_factory=list)


def default_folder() -> Path:
    """``Safe Shop Lab`` in the user's documents folder."""
    from platformdirs import user_documents_path

    return user_documents_path() / "Safe Shop Lab"


def prepare(folder: Path, lang: str, fresh: list[str] | None = None) -> Prepared:
    """Put into the folder what is missing; change nothing that is there.

    Parameters
    ----------
    folder
        The learner's folder, made when missing.
    lang
        Language of the lessons.
    fresh
        Lessons (``05``) and exercises (``05-exercises``) of which a fresh copy is wanted beside the existing one.

    Returns
    -------
    Prepared
        What was copied, and of which lessons the course has a newer text.

    Raises
    ------
    SafeShopError
        If the folder cannot be made or written, or a number is no lesson's.
    """
    lessons = [*contents(lang), *exercises(lang)]
    wanted = _wanted(lessons, fresh or [])
    _make(folder)
    notes = read_notes(folder)
    done = Prepared()
    for lesson in lessons:
        text = without_outputs(lesson.path.read_text(encoding="utf-8"))
        print_now = hashlib.sha256(text.encode("utf-8")).hexdigest()
        first = f"{lesson.place}/{lesson.path.name}"
        mine = _copies(folder, notes, lesson)
        if lesson.name in wanted:
            name = _free_name(folder, lesson)
            _copy(folder, notes, name, text, print_now)
            done.fresh.append(name)
        elif not mine and not (folder / first).exists():
            _copy(folder, notes, first, text, print_now)
            done.copied.append(first)
        elif mine and print_now not in {notes.copies[name] for name in mine}:
            done.newer.append(lesson)
    if notes.lang != lang:
        notes.lang = lang
        _write_notes(folder, notes)
    return done


def newest_copy(folder: Path, lesson: Listed) -> str:
    """Path, inside the folder, of the learner's latest copy of a lesson."""
    mine = _copies(folder, read_notes(folder), lesson)
    return mine[-1] if mine else f"{lesson.place}/{lesson.path.name}"


def read_notes(folder: Path) -> Notes:
    """Our notes on the folder; empty when there are none, or damaged ones (nothing of his hangs on them)."""
    try:
        text = (folder / OWN / "notes.yaml").read_text(encoding="utf-8")
        return Notes.model_validate(yaml.safe_load(text) or {})
    except (OSError, ValueError, yaml.YAMLError, ValidationError, RecursionError):
        return Notes()


def without_outputs(notebook: str) -> str:
    """A notebook's text with its outputs and execution counts taken out.

    Parameters
    ----------
    notebook
        Text of an ``.ipynb`` file.
    """
    tree = json.loads(notebook)
    for cell in tree["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
            cell["execution_count"] = None
    return json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def choose_language(asked: str | None, folder: Path, built: list[str], system: str) -> str:
    """The language of this visit: as asked, else as last time, else the computer's, else English.

    Parameters
    ----------
    asked
        Tag given by the learner.
    folder
        The learner's folder.
    built
        Tags in which lessons exist.
    system
        Tag of the computer's own language.

    Raises
    ------
    SafeShopError
        If the tag asked for does not exist, or its lessons do not exist yet.
    """
    if asked is not None and asked not in LANGUAGES:
        raise SafeShopError(
            _("The language must be one of {tags}, not {tag}.").format(tags=", ".join(LANGUAGES), tag=asked)
        )
    if asked is not None and asked not in built:
        raise SafeShopError(
            _("The lessons do not exist in {language} yet; they exist in {languages}.").format(
                language=LANGUAGES[asked], languages=", ".join(LANGUAGES[tag] for tag in built)
            )
        )
    return next((tag for tag in (asked, read_notes(folder).lang, system) if tag in built), built[0])


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise SafeShopError(
            _("{path} is a file, so it cannot be your folder; name another one with --folder.").format(
                path=folder
            )
        )
    try:
        (folder / OWN).mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise cannot_write(folder, reason) from None


def _wanted(lessons: list[Listed], fresh: list[str]) -> set[str]:
    names = {lesson.name for lesson in lessons}
    for number in fresh:
        if number not in names:
            raise SafeShopError(
                _("There is no lesson {number}; the lessons are {numbers}.").format(
                    number=number, numbers=", ".join(sorted(names))
                )
            )
    return set(fresh)


def _copies(folder: Path, notes: Notes, lesson: Listed) -> list[str]:
    """Copies of the lesson that are still there, oldest first."""
    begins = f"{lesson.place}/{lesson.path.stem}"
    return [
        name
        for name in notes.copies
        if (name == f"{begins}.ipynb" or name.startswith(f"{begins}-copy-")) and (folder / name).exists()
    ]


def _free_name(folder: Path, lesson: Listed) -> str:
    number = 2
    while (folder / (name := f"{lesson.place}/{lesson.path.stem}-copy-{number}.ipynb")).exists():
        number += 1
    return name


def _copy(folder: Path, notes: Notes, name: str, text: str, fingerprint: str) -> None:
    write_whole(folder / name, text)
    # Written after the copy: a stop in between leaves a whole copy that is merely not noted.
    notes.copies.pop(name, None)
    notes.copies[name] = fingerprint
    _write_notes(folder, notes)


def _write_notes(folder: Path, notes: Notes) -> None:
    write_whole(folder / OWN / "notes.yaml", yaml.safe_dump(notes.model_dump(), sort_keys=False))
