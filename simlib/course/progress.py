"""The learner's progress: lessons opened and finished, guesses, and answers to exercises, in a file he can read.

The file is his. It is written whole or not at all, and a damaged one is set aside, never thrown away.

It also goes to the instructor, who would like to know whether it is as this program left it. So it carries a *seal*, a
keyed digest of the answers. The key lies in the program and the program lies open: the seal shows that somebody
changed the file with an editor, and does not stop somebody who reads the program. Who hands in what is a matter of
trust between people; see `simlib.course.grading` for what is checked on top.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simlib.languages import _
from simlib.writing import cannot_write, write_whole

FILE = "progress.yaml"
"""Name of the file in the learner's folder."""

SEEDS = (10_000, 99_999)
"""Range of learners' seeds: five digits can be read out, and a class hardly ever shares one."""

_SEAL = b"Safe Shop Lab, progress file, format 1"
_LINE_ENDS = re.compile("[\x85\u2028\u2029\ufeff]")
_SEED_LINE = re.compile(rb"^seed: (\d{5})\s*$", flags=re.MULTILINE)


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


class KeptAnswer(BaseModel):
    """What became of one question.

    Attributes
    ----------
    state
        Of the last answer; once right, it stays so.
    answer
        The answer as text: the right one, or the last.
    tries
        Answers given until it was right; blanks and unreadable ones do not count.
    hints
        Hints looked at until it was right.
    mistakes
        Name of a mistake → how often it was made.
    first, at
        When it was first answered, and when last.
    """

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "wrong", "right"] = "open"
    answer: str | None = None
    tries: int = Field(default=0, ge=0)
    hints: int = Field(default=0, ge=0)
    mistakes: dict[str, int] = Field(default_factory=dict)
    first: datetime | None = None
    at: datetime | None = None


class Progress(BaseModel):
    """How far the learner has come, by lesson number.

    Attributes
    ----------
    lessons
        Lessons opened, finished, guessed at.
    exercises
        Number → question → what became of it.
    seed
        The learner's own: it makes his shop in the exercises another than his neighbour's.
    changed_by_hand
        When the seal was first found broken; kept, so that the next answer does not heal it.
    seal
        Keyed digest of seed and exercises.
    """

    model_config = ConfigDict(extra="forbid")

    lessons: dict[str, LessonProgress] = Field(default_factory=dict)
    exercises: dict[str, dict[str, KeptAnswer]] = Field(default_factory=dict)
    seed: int | None = Field(default=None, ge=0, lt=2**31)
    changed_by_hand: datetime | None = None
    seal: str | None = None

    def lesson(self, number: str) -> LessonProgress:
        """One lesson's progress, begun when it was not there."""
        return self.lessons.setdefault(number, LessonProgress())

    def answer(self, number: str, question: str) -> KeptAnswer:
        """One question's answer, begun when it was not there."""
        return self.exercises.setdefault(number, {}).setdefault(question, KeptAnswer())

    def expected_seal(self) -> str:
        """The seal that belongs to seed and exercises as they stand here."""
        told = self.model_dump(mode="json", include={"exercises", "seed", "changed_by_hand"})
        text = json.dumps(told, sort_keys=True, ensure_ascii=False).encode("utf-8")
        return hmac.new(_SEAL, text, hashlib.sha256).hexdigest()[:32]

    def is_sealed(self) -> bool:
        """Whether seed and exercises are as this program left them; true while there is nothing to seal."""
        if self.seal is None:
            return self.seed is None and not self.exercises and self.changed_by_hand is None
        return hmac.compare_digest(self.seal, self.expected_seal())


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
    progress = parse_progress(content)
    if progress is None:
        seed = _SEED_LINE.search(content)
        progress, notice = Progress(seed=int(seed[1]) if seed else None), _set_aside(path)
        if seed:
            # His tasks stay the same ones, whatever happened to the rest.
            _write(folder, progress)
        return progress, notice
    return progress, None


def parse_progress(content: bytes) -> Progress | None:
    """The progress in a file's bytes; None if they cannot be understood."""
    try:
        return Progress.model_validate(yaml.safe_load(content.decode("utf-8")) or {})
    except (yaml.YAMLError, ValidationError, ValueError, RecursionError, TypeError):
        return None


def learner_seed(folder: Path | None) -> int:
    """The seed of this learner's own shop.

    Parameters
    ----------
    folder
        His folder; it is drawn there once and kept. Without a folder (builds, tests) it is that of ``SAFESHOP_SEED``,
        else always the same.

    Raises
    ------
    SafeShopError
        If it has to be drawn and cannot be written.
    """
    if folder is None:
        named = os.environ.get("SAFESHOP_SEED", "")
        return int(named) if named.isdecimal() else SEEDS[0]
    kept = read_progress(folder)[0].seed
    if kept is not None:
        return kept
    drawn = SEEDS[0] + secrets.randbelow(SEEDS[1] - SEEDS[0] + 1)

    def add(progress: Progress) -> None:
        if progress.seed is None:
            progress.seed = drawn

    change_progress(folder, add)
    return read_progress(folder)[0].seed or drawn


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
    if notice is None and not progress.is_sealed():
        progress.changed_by_hand = progress.changed_by_hand or now()
    change(progress)
    _write(folder, progress)
    return notice


class _Dumper(yaml.SafeDumper):
    """Writes a file that people can read, and every text so that it is read back as it was."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """A text with signs that YAML takes for line ends is quoted, its signs written as escapes."""
        style = '"' if _LINE_ENDS.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def _write(folder: Path, progress: Progress) -> None:
    progress.seal = None
    if not progress.is_sealed():
        progress.seal = progress.expected_seal()
    known = progress.model_dump(mode="json", exclude_none=False)
    text = yaml.dump(known, Dumper=_Dumper, allow_unicode=True, sort_keys=True)
    write_whole(
        folder / FILE, f"# {_('Safe Shop Lab: your progress, your guesses and your answers.')}\n{text}"
    )


def now() -> datetime:
    """The present moment with its time zone, to the second."""
    return datetime.now().astimezone().replace(microsecond=0)
