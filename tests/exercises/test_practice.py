"""In the learner's folder: answers are remembered whole, hints are counted, and the start page shows how far he is."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.course import check, hint, practise
from simlib.course import practice as practices
from simlib.course.answers import Verdict
from simlib.course.folder import prepare
from simlib.course.practice import Practice, remember
from simlib.course.progress import (
    FILE,
    SEEDS,
    KeptAnswer,
    Progress,
    change_progress,
    learner_seed,
    read_progress,
)
from simlib.course.start_page import write_start_page
from simlib.errors import SafeShopError

Shown = list[str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Every line displayed."""
    lines: Shown = []

    def display(thing: Any, **_options: Any) -> None:
        if isinstance(thing, dict):
            lines.append(thing["text/plain"])

    monkeypatch.setattr("IPython.display.display", display)
    return lines


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, with everything in it."""
    place = tmp_path / "新店 lab"
    prepare(place, "en")
    monkeypatch.setenv("SAFESHOP_FOLDER", str(place))
    return place


@pytest.fixture
def practice(folder: Path, shown: Shown) -> Practice:
    """The exercises of lesson 04, opened."""
    opened = practise("04", lang="en")
    shown.clear()
    return opened


def test_an_answer_is_checked_said_and_remembered(practice: Practice, folder: Path, shown: Shown) -> None:
    right = practice.key_of("q4").solution
    check("04-q4", ...)
    check("04-q4", 100 - right)
    check("04-q4", "many")
    check("q4", right)
    check("04-q4", 1)
    assert [line.split("\n")[0] for line in shown] == [
        *("○ Not answered yet.", "✗ Not yet.", "? That is no answer yet.", "✓ Right.", "✗ Not yet."),
    ]
    assert shown[1].split("\n")[1] == "That is the share of the bad ones."
    kept = read_progress(folder)[0].exercises["04"]["q4"]
    assert (kept.state, kept.tries, kept.mistakes) == ("right", 2, {"bad-share": 1})
    assert kept.answer is not None
    assert float(kept.answer) == right
    assert kept.first is not None
    assert kept.at is not None


def test_hints_come_one_after_the_other_and_are_counted(
    practice: Practice, folder: Path, shown: Shown
) -> None:
    for _time in range(4):
        hint("04-q2")
    assert [line[:14] for line in shown] == [
        "Hint 1 of 3: A",
        "Hint 2 of 3: I",
        "Hint 3 of 3: (",
        "Hint 3 of 3: (",
    ]
    assert read_progress(folder)[0].exercises["04"]["q2"].hints == 4


def test_the_start_page_shows_exercises_and_how_many_are_right(practice: Practice, folder: Path) -> None:
    check("04-q4", practice.key_of("q4").solution)
    check("04-q3", ("all", "fast"))
    page = (folder / "Start here.md").read_text("utf-8")
    assert "[1 of 5 right](en/exercises/04-trust-and-disputes.ipynb)" in page
    assert "[0 of 6 right](en/exercises/05-retention-windows.ipynb)" in page
    assert re.search(
        r"^\| Casework \| \d+ min \| \| ○ \[0 of 9 right\]\(en/exercises/90-casework.ipynb\) \|$", page, re.M
    )


def test_the_folder_holds_the_exercises_without_their_solutions(folder: Path) -> None:
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.ipynb")}
    assert "en/exercises/05-retention-windows.ipynb" in names
    assert not any("solution" in name or "zh" in name for name in names)
    assert list(folder.rglob("*.key")) == []
    mine = folder / "en" / "exercises" / "05-retention-windows.ipynb"
    mine.write_text("my work", "utf-8")
    done = prepare(folder, "en", ["05-exercises"])
    assert done.fresh == ["en/exercises/05-retention-windows-copy-2.ipynb"]
    assert mine.read_text("utf-8") == "my work"


def test_the_seed_is_drawn_once_and_survives_a_damaged_file_and_a_new_download(folder: Path) -> None:
    seed = learner_seed(folder)
    assert SEEDS[0] <= seed <= SEEDS[1]
    assert learner_seed(folder) == seed
    text = (folder / FILE).read_text("utf-8")
    (folder / FILE).write_text(text + "lessons: [", "utf-8")
    assert learner_seed(folder) == seed
    assert (folder / "progress-damaged-1.yaml").exists()
    assert read_progress(folder)[0].seed == seed
    prepare(folder, "zh-Hant")
    assert learner_seed(folder) == seed


def test_neighbours_have_other_shops(tmp_path: Path) -> None:
    shops = {
        (shop.demand.orders_per_day, shop.logistics.transit.mean)
        for shop in (practices.own_shop(seed) for seed in range(SEEDS[0], SEEDS[0] + 6))
    }
    assert len(shops) >= 5


def test_a_stop_in_the_middle_of_writing_leaves_the_old_answers(
    practice: Practice, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check("04-q3", ("later", "delay"))
    before = (folder / FILE).read_bytes()

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("simlib.writing.os.fsync", stop)
        with pytest.raises(KeyboardInterrupt):
            check("04-q4", 5)
    assert (folder / FILE).read_bytes() == before


def test_a_folder_that_cannot_be_written_keeps_nobody_from_answering(
    practice: Practice, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("simlib.writing.tempfile.mkstemp", refuse)
    check("04-q3", ("later", "delay"))
    assert shown[0].startswith("Cannot write ")
    assert shown[1].startswith("✓ Right.")


def test_a_file_changed_by_hand_is_seen_and_not_healed_by_the_next_answer(
    practice: Practice, folder: Path
) -> None:
    check("04-q3", ("all", "fast"))
    assert read_progress(folder)[0].is_sealed()
    text = (folder / FILE).read_text("utf-8")
    assert "state: wrong" in text
    (folder / FILE).write_text(text.replace("state: wrong", "state: right"), "utf-8")
    assert not read_progress(folder)[0].is_sealed()
    check("04-q4", 1)
    progress = read_progress(folder)[0]
    assert progress.is_sealed()
    assert progress.changed_by_hand is not None


def test_the_file_can_be_read_by_a_person(practice: Practice, folder: Path) -> None:
    check("04-q3", ("all", "fast"))
    text = (folder / FILE).read_text("utf-8")
    assert text.startswith("# Safe Shop Lab: your progress, your guesses and your answers.\n")
    kept = yaml.safe_load(text)["exercises"]["04"]["q3"]
    assert kept["mistakes"] == {"too-late-for-the-first": 1}
    assert kept["answer"] == "all/fast"


def test_unknown_questions_and_exercises_are_refused_in_a_sentence(practice: Practice, shown: Shown) -> None:
    asked = "04-q1, 04-q2, 04-q3, 04-q4, 04-q5"
    for name in ("04-q9", "05-q1", "", 7, None):
        with pytest.raises(SafeShopError) as refused:
            check(name, 1)  # type: ignore[arg-type]
        text = name if isinstance(name, str) else ""
        assert refused.value.sentence == f"Exercises 04 have no question “{text}”; they have {asked}."
    with pytest.raises(SafeShopError) as refused:
        practise("77", lang="en")
    assert refused.value.sentence == "There are no exercises 77."
    practices._open.clear()
    with pytest.raises(SafeShopError) as refused:
        check("04-q1", 1)
    assert refused.value.sentence == "Run the first cell, “Open the exercises”, before you check an answer."


VERDICTS = st.builds(
    Verdict,
    state=st.sampled_from(["right", "wrong"]),
    mistake=st.sampled_from([None, "one", "two"]),
    kept=st.text(max_size=4),
)


@settings(max_examples=40)
@given(verdicts=st.lists(VERDICTS, max_size=8))
def test_tries_are_counted_until_the_first_right_answer_and_no_further(verdicts: list[Verdict]) -> None:
    kept = KeptAnswer()
    for verdict in verdicts:
        remember(kept, verdict)
    states = [verdict.state for verdict in verdicts]
    counted = states.index("right") + 1 if "right" in states else len(states)
    assert kept.tries == counted
    assert kept.state == ("open" if not states else "right" if "right" in states else "wrong")
    assert sum(kept.mistakes.values()) == sum(one.mistake is not None for one in verdicts[:counted])


@pytest.mark.parametrize(
    "change",
    [
        lambda progress: setattr(progress, "seed", 12_345),
        lambda progress: setattr(progress.answer("04", "q4"), "tries", 1),
        lambda progress: progress.answer("04", "q9"),
    ],
    ids=["seed", "tries", "question"],
)
def test_the_seal_covers_seed_and_answers_and_not_the_guesses(
    tmp_path: Path, change: Callable[[Progress], None]
) -> None:
    def begin(progress: Progress) -> None:
        progress.seed = 54_321
        progress.answer("04", "q4").tries = 3

    change_progress(tmp_path, begin)
    progress = read_progress(tmp_path)[0]
    progress.lesson("02")
    assert progress.is_sealed()
    change(progress)
    assert not progress.is_sealed()


def test_the_page_without_exercises_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFESHOP_EXERCISES", str(tmp_path / "none"))
    prepare(tmp_path, "en")
    write_start_page(tmp_path, "en")
    page = (tmp_path / "Start here.md").read_text("utf-8")
    assert "| Lesson | Time | Your progress |\n|---|---|---|\n" in page
