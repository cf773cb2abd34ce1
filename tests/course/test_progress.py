"""Progress is kept whole, and a damaged file is set aside, never lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simlib.course.progress import (
    FILE,
    KeptGuess,
    Progress,
    change_progress,
    learner_folder,
    now,
    read_progress,
)
from simlib.errors import SafeShopError


def guess(value: int | float | str | None, name: str = "open-orders") -> Callable[[Progress], None]:
    """A change that adds a guess to lesson 02."""

    def add(progress: Progress) -> None:
        progress.lesson("02").guesses[name] = KeptGuess(value=value, unit="orders", at=now())

    return add


@given(value=st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.none()))
@example(value="\x85")
@example(value="a\u2028b\ufeff")
def test_a_guess_is_read_back_as_it_was(
    value: int | float | str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lab")
    change_progress(folder, guess(value))
    change_progress(folder, guess(1, "another"))
    progress, notice = read_progress(folder)
    assert notice is None
    kept = progress.lesson("02").guesses["open-orders"].value
    assert kept == value
    assert type(kept) is type(value)


@pytest.mark.slow
@given(content=st.binary(max_size=60))
@example(content=b"lessons: [")
@example(content=b"\xff\xfe")
@example(content=b"lessons: {'02': {guesses: {x: {value: [1]}}}}")
@example(content=b"- a\n- b")
@example(content=b"&a [*a]")
@example(content=b"lessons: 2026-13-45")
@example(content=b"[" * 3000)
def test_whatever_stands_in_the_file_nothing_of_it_is_lost(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lab")
    (folder / FILE).write_bytes(content)
    progress, notice = read_progress(folder)
    if notice is None:
        assert (folder / FILE).read_bytes() == content
    else:
        assert progress == Progress()
        assert (folder / "progress-damaged-1.yaml").read_bytes() == content
        assert not (folder / FILE).exists()


def test_a_damaged_file_is_set_aside_with_a_sentence(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / FILE).write_text("lessons: [", "utf-8")
        notice = change_progress(tmp_path, guess(100))
        assert notice == (
            f"The file progress.yaml could not be understood; it is kept as progress-damaged-{number}.yaml, and "
            "progress starts anew. Your notebooks are untouched."
        )
    assert read_progress(tmp_path)[0].lesson("02").guesses["open-orders"].value == 100


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(SafeShopError, match=r"Cannot write .*progress\.yaml: Is a directory\."):
        change_progress(tmp_path, guess(100))


def test_the_learners_folder_is_named_or_around_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "lab" / "en"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert learner_folder() is None
    (tmp_path / "lab" / ".safeshop").mkdir()
    assert learner_folder() == tmp_path / "lab"
    monkeypatch.setenv("SAFESHOP_FOLDER", str(tmp_path / "other"))
    assert learner_folder() == tmp_path / "other"
