"""The committed exercises, read once, and one learner's bench for each seed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from simlib.course.answers import Key
from simlib.course.exercises import read_exercises
from simlib.course.keys import KeyFile, read_key
from simlib.course.practice import Bench
from simlib.course.source import LessonSource
from simlib.languages import set_language

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "exercises"


@cache
def sources() -> dict[str, LessonSource]:
    """Number → source."""
    return {source.head.number: source for source in read_exercises(FOLDER)}


@cache
def key_file(number: str) -> KeyFile:
    """The committed key."""
    return read_key(number)


@cache
def bench(seed: int) -> Bench:
    """One learner; his runs are made once for all tests of this process."""
    return Bench(seed)


@cache
def key(number: str, question: str, seed: int) -> Key:
    """The key of a question for one learner."""
    return bench(seed).key(key_file(number), question)


def named() -> list[tuple[str, str]]:
    """Every question, as (number, name)."""
    return [(number, name) for number in sources() for name in key_file(number).code]


