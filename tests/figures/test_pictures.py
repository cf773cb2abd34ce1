"""The README shows what the kit draws today, with the words that belong to it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from matplotlib.axes import Axes

from simlib.course import build
from simlib.figures.pictures import FOLDER, readme_figures, readme_lines, write_pictures
from simlib.figures.style import picture

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(scope="module")
def fresh() -> dict[str, Axes]:
    return readme_figures()


def same(was: bytes, now: bytes) -> bool:
    """Whether two pictures are the same but for how letters are smoothed."""
    return build._same_picture(*(base64.b64encode(png).decode("ascii") for png in (was, now)))


def test_the_committed_pictures_are_what_the_kit_draws(fresh: dict[str, Axes]) -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(fresh)
    for name, ax in fresh.items():
        stored = (FOLDER / f"{name}.png").read_bytes()
        assert same(stored, picture(ax)), f"{name}: run python -m simlib.figures.pictures"


def test_another_picture_would_be_noticed(fresh: dict[str, Axes]) -> None:
    first, second = (picture(ax) for ax in fresh.values())
    assert not same(first, second)


def test_the_readme_shows_each_picture_with_its_alt_text_and_sentence(fresh: dict[str, Axes]) -> None:
    text = README.read_text(encoding="utf-8")
    for lines in readme_lines(fresh).values():
        assert lines in text
    assert len(re.findall(r"!\[", text)) == len(fresh) == 2


def test_writing_the_pictures_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    once = [path.read_bytes() for path in write_pictures(tmp_path / "once")]
    again = [path.read_bytes() for path in write_pictures(tmp_path / "again")]
    assert once == again
