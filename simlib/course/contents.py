"""The table of contents: which lessons exist, in which languages, how long they take and where they lie."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _


@dataclass(frozen=True)
class Listed:
    """One built lesson, or its exercises.

    Attributes
    ----------
    number
        Two digits.
    title
        In the language `lang`.
    minutes
        Time a learner needs.
    lang
        Language tag.
    path
        The built notebook.
    questions
        Names of its questions; empty for a lesson.
    """

    number: str
    title: str
    minutes: int
    lang: str
    path: Path
    questions: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Folder inside the learner's folder."""
        return f"{self.lang}/exercises" if self.questions else self.lang

    @property
    def name(self) -> str:
        """How a learner names it on the command line: ``05``, or ``05-exercises``."""
        return f"{self.number}-exercises" if self.questions else self.number


def checkout() -> Path | None:
    """The folder of the project's sources, when we are in one; an installed course has none."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[2]):
        if (folder / "lessons" / "src").is_dir() and (folder / "simlib" / "course").is_dir():
            return folder
    return None


def lessons_folder() -> Path:
    """The folder that holds the built lessons, one sub-folder per language.

    Returns
    -------
    Path
        The place named by ``SAFESHOP_LESSONS`` (tests use it), else what was installed with the package, else
        the checkout the package was imported from.

    Raises
    ------
    SafeShopError
        If no built lesson is found anywhere.
    """
    named = os.environ.get("SAFESHOP_LESSONS")
    if named:
        return Path(named)
    for folder in (Path(__file__).parent / "_lessons", Path(__file__).parents[2] / "lessons"):
        if any(folder.glob("*/*.ipynb")):
            return folder
    raise SafeShopError(
        _("No lessons are installed; install Safe Shop Lab again, or run “safeshop build” in a checkout.")
    )


def exercises_folder() -> Path:
    """The folder that holds the built exercises and their keys.

    Returns
    -------
    Path
        The place named by ``SAFESHOP_EXERCISES`` (builds and tests use it), else what was installed with the package,
        else the checkout; it need not exist. Whoever names other lessons gets no exercises that do not belong to them.
    """
    named = os.environ.get("SAFESHOP_EXERCISES")
    if named:
        return Path(named)
    lessons = lessons_folder()
    return lessons.parent / ("_exercises" if lessons.name == "_lessons" else "exercises")


def languages_built() -> list[str]:
    """Tags of the languages in which lessons exist, English first."""
    folder = lessons_folder()
    return [tag for tag in LANGUAGES if any((folder / tag).glob("*.ipynb"))]


def contents(lang: str) -> list[Listed]:
    """All built lessons of a language, by number.

    Parameters
    ----------
    lang
        Language tag.
    """
    lessons = []
    for path in sorted((lessons_folder() / lang).glob("[0-9][0-9]-*.ipynb")):
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["safeshop"]
        lessons.append(Listed(about["number"], about["title"], about["minutes"], lang, path))
    return lessons


def exercises(lang: str) -> list[Listed]:
    """All built exercises of a language, by number; empty if there are none.

    Parameters
    ----------
    lang
        Language tag.
    """
    found = []
    for path in sorted((exercises_folder() / lang).glob("[0-9][0-9]-*.ipynb")):
        about = json.loads(path.read_text(encoding="utf-8"))["metadata"]["safeshop"]
        questions = tuple(about["questions"])
        found.append(Listed(about["number"], about["title"], about["minutes"], lang, path, questions))
    return found
