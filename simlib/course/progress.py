"""The learner's progress: which lessons he opened and finished, and what he guessed, in a file he can read.

The file is his. It is written whole or not at all, and a damaged one is set aside, never thrown away.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.languages import _
from simlib.writing import cannot_write, write_whole

FILE = "progress.yaml"
"""Name of the file in the learner's folder."""


class KeptGuess(BaseModel):
    """A guess as it was committed; no value if the question was skipped."""

    model_config = ConfigDict(extra="forbid")

    value: int | float | str | None
    unit: str | None = None
    at: datetime


class LessonProgress(BaseModel):
    """How far one lesson has come."""

    model_config = ConfigDict(extra="forbid")

    opened: datetime | None = None
    finished: datetime | None = None
    guesses: dict[str, KeptGuess] = Field(default_factory=dict)


class Progress(BaseModel):
    """How far the learner has come, by lesson number."""

    model_config = ConfigDict(extra="forbid")

    lessons: dict[str, LessonProgress] = Field(default_factory=dict)

    def lesson(self, number: str) -> LessonProgress:
        """One lesson's progress, begun when it was not there."""
        return self.lessons.setdefault(number, LessonProgress())


def learner_folder() -> Path | None:
    """The learner's folder: named by the launcher, else the one we stand in; None in builds and tests."""
    named = os.environ.get("SAFESHOP_FOLDER")
    if named:
        return Path(named)
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".safeshop").is_dir()), None)


def read_progress(folder: Path) -> tuple[Progress, str | None]:
    """Read the learner's progress.

    Parameters
    ----------
    folder
        The learner's folder.

    Returns
    -------
    tuple
        The progress (empty when none was kept), and a sentence if a damaged file had to be set aside.

    Raises
    ------
    SafeShopError
        If the file is there and cannot be read or moved.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Progress(), None
    except OSError as reason:
        raise cannot_write(path, reason) from None
    try:
        return Progress.model_validate(yaml.safe_load(content.decode("utf-8")) or {}), None
    except (yaml.YAMLError, ValidationError, ValueError, RecursionError):
        return Progress(), _set_aside(path)


def _set_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"progress-damaged-{number}.yaml")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as reason:
        raise cannot_write(aside, reason) from None
    return _(
        "The file {file} could not be understood; it is kept as {aside}, and progress starts anew. "
        "Your notebooks are untouched."
    ).format(file=path.name, aside=aside.name)


def change_progress(folder: Path, change: Callable[[Progress], None]) -> str | None:
    """Change the learner's progress.

    Parameters
    ----------
    folder
        The learner's folder.
    change
        Given the progress as it stands in the file at this moment.

    Returns
    -------
    str or None
        A sentence if a damaged file had to be set aside.

    Raises
    ------
    SafeShopError
        If the file cannot be written.
    """
    progress, notice = read_progress(folder)
    change(progress)
    known = progress.model_dump(mode="json", exclude_none=False)
    text = yaml.safe_dump(known, allow_unicode=True, sort_keys=True)
    write_whole(folder / FILE, f"# {_('Safe Shop Lab: your progress and your guesses.')}\n{text}")
    return notice


def now() -> datetime:
    """The present moment with its time zone, to the second."""
    return datetime.now().astimezone().replace(microsecond=0)
