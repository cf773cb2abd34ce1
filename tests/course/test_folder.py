"""The learner's folder is his: nothing of his work is ever overwritten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.course.contents import contents, languages_built
from simlib.course.folder import OWN, choose_language, newest_copy, prepare, read_notes
from simlib.course.start_page import write_start_page
from simlib.errors import SafeShopError

FIRST = "en/01-first-steps.ipynb"


def renew(course: Path, number: str, text: str) -> None:
    """Give a lesson of the course a newer text."""
    path = next((course / "en").glob(f"{number}-*.ipynb"))
    tree = json.loads(path.read_text("utf-8"))
    tree["cells"][0]["source"] = [text]
    path.write_text(json.dumps(tree), "utf-8")


def work(folder: Path) -> dict[str, bytes]:
    """Everything in the folder that may be the learner's work."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and OWN not in path.parts and path.name != "Start here.md"
    }


def test_lessons_are_copied_without_outputs(course: Path, tmp_path: Path) -> None:
    path = course / FIRST
    tree = json.loads(path.read_text("utf-8"))
    tree["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["200"]}]
    tree["cells"][1]["execution_count"] = 1
    path.write_text(json.dumps(tree), "utf-8")
    done = prepare(tmp_path / "lab", "en")
    assert done.copied == [FIRST, "en/02-second-steps.ipynb"]
    copy = json.loads((tmp_path / "lab" / FIRST).read_text("utf-8"))
    assert [(cell["outputs"], cell["execution_count"]) for cell in copy["cells"] if "outputs" in cell] == [
        ([], None)
    ] * 4


def test_a_second_visit_changes_nothing(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    prepare(folder, "en")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    done = prepare(folder, "en")
    assert (done.copied, done.fresh, done.newer) == ([], [], [])
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_newer_text_is_announced_until_a_fresh_copy_is_there(course: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    prepare(folder, "en")
    renew(course, "01", "New text")
    assert [lesson.number for lesson in prepare(folder, "en").newer] == ["01"]
    assert [lesson.number for lesson in prepare(folder, "en").newer] == ["01"]
    done = prepare(folder, "en", ["01"])
    assert done.fresh == ["en/01-first-steps-copy-2.ipynb"]
    assert prepare(folder, "en").newer == []
    write_start_page(folder, "en")
    assert "(en/01-first-steps-copy-2.ipynb)" in (folder / "Start here.md").read_text("utf-8")


def test_outputs_of_the_course_are_not_a_newer_text(course: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "lab", "en")
    path = course / FIRST
    tree = json.loads(path.read_text("utf-8"))
    tree["cells"][1]["execution_count"] = 7
    path.write_text(json.dumps(tree), "utf-8")
    assert prepare(tmp_path / "lab", "en").newer == []


STEPS = st.lists(
    st.one_of(
        st.just(("visit",)),
        st.tuples(st.just("fresh"), st.sampled_from(["01", "02"])),
        st.tuples(st.just("work"), st.integers(0, 9), st.text(max_size=5)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
        st.tuples(st.just("renew"), st.sampled_from(["01", "02"]), st.text("ab", max_size=3)),
        st.just(("lose notes",)),
        st.just(("spoil notes",)),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(steps=STEPS)
def test_no_order_of_events_overwrites_work(
    steps: list[tuple[Any, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("visit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFESHOP_LESSONS", str(base))
        (base / "en").mkdir()
        for number in ("01", "02"):
            about = {"number": number, "title": number, "minutes": 1}
            tree = {"cells": [{"cell_type": "markdown", "source": []}], "metadata": {"safeshop": about}}
            (base / "en" / f"{number}-x.ipynb").write_text(json.dumps(tree), "utf-8")
        folder = base / "lab"
        prepare(folder, "en")
        for step in steps:
            before = work(folder)
            names = sorted(before)
            match step:
                case ("visit",) | ("fresh", _):
                    done = prepare(folder, "en", list(step[1:]))
                    write_start_page(folder, "en")
                    after = work(folder)
                    assert {name: after[name] for name in before} == before
                    assert set(after) - set(before) == {*done.copied, *done.fresh}
                    assert len(done.fresh) == len(step) - 1
                    for lesson in contents("en"):
                        assert (folder / newest_copy(folder, lesson)).is_file()
                case ("work", which, text) if names:
                    (folder / names[which % len(names)]).write_text(text, "utf-8")
                case ("delete", which) if names:
                    (folder / names[which % len(names)]).unlink()
                case ("renew", number, text):
                    renew(base, number, text)
                case ("lose notes",):
                    (folder / OWN / "notes.yaml").unlink(missing_ok=True)
                case ("spoil notes",):
                    (folder / OWN / "notes.yaml").write_bytes(b"\xff: [")


def test_an_interrupted_copy_leaves_nothing_half(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lab"

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("simlib.writing.os.fsync", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(folder, "en")
    assert work(folder) == {}
    assert prepare(folder, "en").copied == [FIRST, "en/02-second-steps.ipynb"]


def test_a_file_in_the_folders_place_is_refused(course: Path, tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("mine", "utf-8")
    with pytest.raises(SafeShopError) as refused:
        prepare(tmp_path / "lab", "en")
    assert refused.value.sentence == (
        f"{tmp_path / 'lab'} is a file, so it cannot be your folder; name another one with --folder."
    )
    assert (tmp_path / "lab").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("error", "reason"),
    [(13, "Permission denied"), (30, "Read-only file system"), (28, "No space left on device")],
)
def test_a_place_that_cannot_be_written_has_its_sentence(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int, reason: str
) -> None:
    # Raised by hand, since the tests may run as root, whom no permission stops.
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(error, reason)

    monkeypatch.setattr("simlib.writing.tempfile.mkstemp", refuse)
    with pytest.raises(SafeShopError) as refused:
        prepare(tmp_path / "lab", "en")
    assert refused.value.sentence == (
        f"Cannot write {tmp_path / 'lab' / FIRST}: {reason}. Choose a folder that is yours, or make room on the disk."
    )


def test_an_unknown_number_is_refused_before_anything_is_made(course: Path, tmp_path: Path) -> None:
    with pytest.raises(SafeShopError) as refused:
        prepare(tmp_path / "lab", "en", ["07"])
    assert refused.value.sentence == "There is no lesson 07; the lessons are 01, 02."
    assert not (tmp_path / "lab").exists()


def test_the_language_is_asked_remembered_or_the_computers(course: Path, tmp_path: Path) -> None:
    assert languages_built() == ["en"]
    assert choose_language(None, tmp_path, ["en", "zh-Hant"], "zh-Hant") == "zh-Hant"
    assert choose_language(None, tmp_path, ["en"], "zh-Hant") == "en"
    prepare(tmp_path, "en")
    assert read_notes(tmp_path).lang == "en"
    assert choose_language(None, tmp_path, ["en", "zh-Hant"], "zh-Hant") == "en"
    with pytest.raises(SafeShopError) as refused:
        choose_language("zh-Hant", tmp_path, ["en"], "en")
    assert refused.value.sentence == "The lessons do not exist in 繁體中文 yet; they exist in English."
    with pytest.raises(SafeShopError) as refused:
        choose_language("fr", tmp_path, ["en"], "en")
    assert refused.value.sentence == "The language must be one of en, zh-Hant, zh-Hans, not fr."


def test_the_start_page_lists_lessons_minutes_and_progress(course: Path, tmp_path: Path) -> None:
    from simlib.course.progress import Progress, change_progress, now

    prepare(tmp_path, "en")

    def opened(progress: Progress) -> None:
        progress.lesson("01").opened = now()

    change_progress(tmp_path, opened)
    write_start_page(tmp_path, "en")
    page = (tmp_path / "Start here.md").read_text("utf-8")
    today = now().date().isoformat()
    assert f"| [01 First steps](en/01-first-steps.ipynb) | 15 min | ◐ begun on {today} |" in page
    assert "| [02 Second steps](en/02-second-steps.ipynb) | 4 min | ○ not begun |" in page
    assert "0 of 2 done." in page


def test_the_start_page_names_the_command_by_which_the_reader_came_and_none_on_a_class_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "en")
    for command, line in (
        (None, "`safeshop --lang zh-Hant`"),
        ("python3 start.py", "`python3 start.py --lang zh-Hant`"),
        ("", ""),
    ):
        if command is not None:
            monkeypatch.setenv("SAFESHOP_COMMAND", command)
        write_start_page(tmp_path, "en")
        page = (tmp_path / "Start here.md").read_text("utf-8")
        assert line in page
        assert ("--lang" in page) == bool(line)
