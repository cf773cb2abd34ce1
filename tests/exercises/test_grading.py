"""A class in one table: everybody in it, the doubtful ones named, and nothing that stops the run."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.course.answers import Verdict, judge
from simlib.course.grading import Grades, as_csv, as_page, grade
from simlib.course.practice import remember
from simlib.course.progress import FILE, Progress, change_progress
from simlib.errors import SafeShopError
from simlib.languages import set_language
from tests.exercises.conftest import ROOT, key

SIZE = 30
ASKED = [("03", "q4"), ("03", "q6"), ("04", "q2"), ("04", "q3"), ("04", "q4")]
"""Questions that the class has answered: those that need no simulation."""


def learner(folder: Path, seed: int, right: int) -> None:
    """Somebody who got the first `right` questions right at the second try, and made a mistake in the others."""

    def work(progress: Progress) -> None:
        progress.seed = seed
        for place, (number, question) in enumerate(ASKED):
            mine, kept = key(number, question, seed), progress.answer(number, question)
            mistake = sorted(mine.mistakes)[seed % len(mine.mistakes)]
            remember(kept, judge(mine, mine.mistakes[mistake].example))
            if place < right:
                remember(kept, judge(mine, mine.solution))

    folder.mkdir(parents=True, exist_ok=True)
    change_progress(folder, work)


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty learners' folders, three of them damaged, and some things that belong to nobody."""
    set_language("en")
    folder = tmp_path_factory.mktemp("class")
    for number in range(SIZE):
        learner(folder / f"learner-{number:02d}", 20_000 + number, number % 6)
    broken = folder / "learner-07" / FILE
    broken.write_bytes(broken.read_bytes()[: len(broken.read_bytes()) // 2] + b"\xff\xfe")
    edited = folder / "learner-12" / FILE
    text = edited.read_text("utf-8")
    edited.write_text(text.replace("state: wrong", "state: right"), "utf-8")
    copied = folder / "learner-21" / FILE
    copied.write_bytes((folder / "learner-05" / FILE).read_bytes())
    (folder / "notes.docx").write_bytes(b"PK\x03\x04")
    (folder / "empty").mkdir()
    (folder / "learner-03" / "en").mkdir()
    (folder / "learner-03" / "en" / "05.ipynb").write_text("{}", "utf-8")
    return folder


@pytest.fixture(scope="module")
def grades(class_folder: Path) -> Grades:
    return grade(class_folder)


def test_a_class_of_thirty_is_graded_and_the_damaged_are_named(grades: Grades) -> None:
    assert len(grades.handed) == SIZE
    doubts = {one.name: one.doubts for one in grades.handed if one.doubts}
    assert doubts["learner-07"] == ["The file is damaged, or is no progress file."]
    assert doubts["learner-12"][0] == "The seal is broken: seed or answers were changed outside the course."
    assert len(doubts["learner-12"]) == 1 + len(ASKED)
    assert doubts["learner-12"][1].startswith("03-q4: marked as right, but “")
    for name, other in (("learner-05", "learner-21"), ("learner-21", "learner-05")):
        assert doubts[name] == [
            f"The seed 20005 is also that of {other}: one file may be a copy of the other."
        ]
    assert set(doubts) == {"learner-05", "learner-07", "learner-12", "learner-21"}
    assert grades.foreign == [
        "empty: there is no progress.yaml in this folder.",
        "notes.docx: this is not a progress file.",
    ]


def test_the_table_says_who_which_question_how_many_tries_and_which_mistake(grades: Grades) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(grades))))
    assert len(rows) == SIZE * sum(len(one.code) for one in grades.keys)
    mine = {f"{row['exercises']}-{row['question']}": row for row in rows if row["learner"] == "learner-02"}
    assert [mine[f"{number}-{question}"]["state"] for number, question in ASKED] == [
        "right",
        "right",
        *["wrong"] * 3,
    ]
    assert [mine[f"{number}-{question}"]["tries"] for number, question in ASKED] == ["2", "2", "1", "1", "1"]
    for number, question in ASKED:
        known = sorted(key(number, question, 20_002).mistakes)
        assert mine[f"{number}-{question}"]["mistakes"] == f"{known[20_002 % len(known)]}×1"
    assert mine["01-q1"]["state"] == "open"
    right = sum(row["state"] == "right" for row in rows)
    expected = sum(number % 6 for number in range(SIZE) if number not in (7, 12, 21)) + 5 + 5
    assert right == expected


def test_the_page_opens_from_disk_and_shows_signs_beside_colours(grades: Grades) -> None:
    page = as_page(grades)
    assert "<script" not in page
    assert "http" not in page
    assert page.count('<th scope="row">learner-') == SIZE * len(grades.keys)
    assert page.count('<td class="right"') == sum(row.count(",right,") for row in as_csv(grades).split("\n"))
    for sign in ("✓ <small>2</small>", "✗ <small>1</small>", "○</td>"):
        assert sign in page
    set_language("zh-Hant")
    try:
        chinese = as_page(grades)
    finally:
        set_language("en")
    assert '<html lang="zh-Hant">' in chinese
    assert "<h2>05 · 練習：保存期間</h2>" in chinese
    assert "請問清楚這幾項" in chinese


def test_names_and_answers_begin_no_formula_and_no_markup(tmp_path: Path) -> None:
    evil = "=HYPERLINK(1)<img src=x onerror=y>"
    (tmp_path / f"{evil}.yaml").write_text("seed: 10000\n", "utf-8")
    done = grade(tmp_path, recheck=False)
    assert next(csv.DictReader(io.StringIO(as_csv(done))))["learner"] == f"'{evil}"
    assert "<img" not in as_page(done)


@settings(max_examples=20)
@given(
    content=st.one_of(
        st.binary(max_size=80),
        st.recursive(
            st.one_of(st.none(), st.integers(), st.text(max_size=5), st.floats(), st.datetimes()),
            lambda inner: st.dictionaries(
                st.sampled_from(
                    ["exercises", "04", "q3", "state", "right", "tries", "answer", "seed", "at", "first"]
                ),
                inner,
                max_size=4,
            ),
        ).map(lambda tree: yaml.safe_dump(tree, allow_unicode=True).encode()),
    )
)
def test_no_file_whatever_stops_the_run(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("class")
    (folder / "anna.yaml").write_bytes(content)
    done = grade(folder)
    assert [one.name for one in done.handed] == ["anna"]
    assert as_csv(done)
    assert as_page(done)


def test_a_record_that_contradicts_itself_is_named(tmp_path: Path) -> None:
    def work(progress: Progress) -> None:
        progress.seed = 20_000
        progress.answer("04", "q3").state = "right"
        progress.answer("04", "q77").state = "wrong"
        remember(progress.answer("04", "q4"), Verdict("right", kept="1.0"))

    change_progress(tmp_path / "anna", work)
    assert grade(tmp_path).handed[0].doubts == [
        "04-q3: right without a try.",
        "04-q77: the course has no such question.",
        "04-q4: marked as right, but “1.0” is not right for this seed.",
    ]


@pytest.mark.slow
def test_the_command_writes_table_and_page_and_tells_the_doubtful(class_folder: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "simlib.cli",
        "grade",
        str(class_folder),
        "--out",
        str(tmp_path),
        "--no-recheck",
    ]
    environment = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "learner-07: The file is damaged, or is no progress file." in lines
    assert "notes.docx: this is not a progress file." in lines
    assert lines[-1] == f"{SIZE} learners; table and page are in {tmp_path}"
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbflearner,")
    assert (tmp_path / "grades.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SafeShopError) as refused:
        grade(tmp_path / "nobody")
    assert refused.value.sentence == (
        f"{tmp_path / 'nobody'} is not a folder; name the one that holds the progress files."
    )
