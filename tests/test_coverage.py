"""The table of what the course covers tells the truth: complete, and every cell and test in it exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from simlib.course.build import read_sources

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "lessons" / "COVERAGE.md"
SOURCES = read_sources(ROOT / "lessons")
LESSONS = {source.head.number: source for source in SOURCES}

SUBJECTS = {"A": 14, "B": 5, "C": 14, "D": 8, "E": 9, "F": 5}
"""How many rows each part has."""

WHOLE_COURSE = {"F2", "F3", "F4", "F5"}
"""Rows that no single lesson's head claims: the audience, the series, and the notebooks as such."""


@dataclass(frozen=True)
class Row:
    """One row of the table; `cells` is empty if no lesson serves it yet."""

    name: str
    what: str
    cells: list[str]
    awaited: str
    tests: list[str]


def rows() -> list[Row]:
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if re.fullmatch(r"[A-F]\d+", parts[0]):
            name, what, met, held = parts
            awaited = met.removeprefix("not yet:").strip() if met.startswith("not yet:") else ""
            found.append(
                Row(name, what, re.findall(r"`([^`]+)`", met), awaited, re.findall(r"`([^`]+)`", held))
            )
    return found


ROWS = rows()
SERVED = [row for row in ROWS if row.cells]


def test_no_row_is_missing_and_none_stands_twice() -> None:
    wanted = [f"{part}{number}" for part, count in SUBJECTS.items() for number in range(1, count + 1)]
    assert [row.name for row in ROWS] == wanted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_met_in_a_lesson_or_says_where_it_will_be(row: Row) -> None:
    assert row.what
    assert bool(row.cells) != bool(row.awaited)
    assert not row.cells or row.tests


@pytest.mark.parametrize("row", SERVED, ids=lambda row: row.name)
def test_each_cell_exists(row: Row) -> None:
    for cell in row.cells:
        number, name = cell.split("/")
        assert name in {known.name for known in LESSONS[number].cells}, cell


@pytest.mark.parametrize("row", [row for row in ROWS if row.tests], ids=lambda row: row.name)
def test_each_test_exists(row: Row) -> None:
    for test in row.tests:
        path, name = test.split("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^def {re.escape(name)}\(", text, flags=re.MULTILINE), test


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_what_a_lesson_claims_is_what_the_table_says_of_it(source: object) -> None:
    lesson = next(known for known in SOURCES if known is source)
    number = lesson.head.number
    told = {row.name for row in SERVED if any(cell.startswith(f"{number}/") for cell in row.cells)}
    assert told - WHOLE_COURSE == set(lesson.head.rows)


def test_a_lesson_that_exists_is_not_awaited() -> None:
    for row in ROWS:
        assert not set(re.findall(r"\d\d", row.awaited)) & set(LESSONS), row.name
