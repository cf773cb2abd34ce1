"""In the notebook: a guess comes before its result, is kept, and nothing ever shows a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
from IPython.core.interactiveshell import InteractiveShell

from simlib.course import notebook_errors, start
from simlib.course.lesson import Lesson
from simlib.course.progress import FILE, read_progress
from simlib.errors import SafeShopError
from simlib.languages import current_language
from simlib.panels import prediction as panels
from simlib.panels.prediction import Guess, Prediction, comparison, number_text

Shown = list[Any]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Everything displayed: texts of lines, and widgets."""
    things: Shown = []

    def display(thing: Any, **_options: Any) -> None:
        things.append(thing["text/plain"] if isinstance(thing, dict) else thing)

    monkeypatch.setattr(panels, "display", display)
    monkeypatch.setattr("IPython.display.display", display)
    return things


@pytest.fixture
def lesson(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: Shown) -> Lesson:
    """The first lesson, opened by a learner with a folder."""
    folder = tmp_path / "lab"
    folder.mkdir()
    monkeypatch.setenv("SAFESHOP_FOLDER", str(folder))
    monkeypatch.delenv("SAFESHOP_PREDICT", raising=False)
    opened = start("01", lang="en")
    shown.clear()
    return opened


def controls(widget: ipywidgets.Widget, kind: type) -> list[Any]:
    """All controls of a kind inside a widget."""
    found = [widget] if isinstance(widget, kind) else []
    for child in getattr(widget, "children", ()):
        found += controls(child, kind)
    return found


def press(widget: ipywidgets.Widget, label: str) -> None:
    """Press the button with this label."""
    next(button for button in controls(widget, ipywidgets.Button) if button.description == label).click()


def result(told: list[str]) -> Callable[[], str]:
    """A `show` that notes that it was called."""

    def show() -> str:
        told.append("shown")
        return "200 orders lie open."

    return show


def test_opening_shows_one_line_and_notes_it(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    monkeypatch.setenv("SAFESHOP_FOLDER", str(tmp_path))
    lesson = start("01", lang="en")
    assert shown == ["Lesson 01: First steps (15 minutes)"]
    assert repr(lesson) == "Lesson 01: First steps (15 minutes)"
    assert current_language() == "en"
    assert read_progress(tmp_path)[0].lesson("01").opened is not None
    assert "◐ begun on" in (tmp_path / "Start here.md").read_text("utf-8")


def test_without_a_learners_folder_nothing_is_kept(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: Shown
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    start("01", lang="en").finish()
    assert sorted(tmp_path.rglob("*")) == before


def test_the_result_waits_for_the_guess(lesson: Lesson, shown: Shown) -> None:
    told: list[str] = []
    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    lesson.look("open-orders", result(told), answer=200)
    assert told == []
    slider = controls(panel, ipywidgets.IntSlider)[0]
    slider.value = 100
    assert controls(panel, ipywidgets.BoundedIntText)[0].value == 100
    press(panel, "This is my guess")
    assert told == ["shown"]
    assert shown[-2:] == ["200 orders lie open.", "You guessed 100 orders; it was 200 orders."]
    assert all(control.disabled for control in controls(panel, (ipywidgets.Button, ipywidgets.IntSlider)))  # type: ignore[arg-type]


def test_a_guess_counts_once(lesson: Lesson, shown: Shown) -> None:
    told: list[str] = []
    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    lesson.look("open-orders", result(told), answer=200)
    press(panel, "This is my guess")
    for button in controls(panel, ipywidgets.Button):
        button.disabled = False
    controls(panel, ipywidgets.IntSlider)[0].value = 590
    press(panel, "This is my guess")
    press(panel, "Skip")
    assert told == ["shown"]
    assert lesson.folder is not None
    assert read_progress(lesson.folder)[0].lesson("01").guesses["open-orders"].value == 300


def test_a_skipped_question_shows_the_result_without_comparison(lesson: Lesson, shown: Shown) -> None:
    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    press(shown.pop(), "Skip")
    lesson.look("open-orders", result([]), answer=200)
    assert shown == ["200 orders lie open."]


def test_a_kept_guess_is_there_when_the_lesson_is_opened_again(lesson: Lesson, shown: Shown) -> None:
    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    controls(panel, ipywidgets.IntSlider)[0].value = 120
    press(panel, "This is my guess")
    again = start("01", lang="en")
    again.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    assert controls(panel, ipywidgets.IntSlider)[0].value == 120
    assert controls(panel, ipywidgets.IntSlider)[0].disabled
    shown.clear()
    again.look("open-orders", result([]), answer=200)
    assert shown == ["200 orders lie open.", "You guessed 120 orders; it was 200 orders."]


def test_a_choice_needs_an_answer(lesson: Lesson, shown: Shown) -> None:
    lesson.choose("keep", options=["Everything", "Only open orders"])
    panel = shown.pop()
    press(panel, "This is my guess")
    assert "Choose an answer first." in controls(panel, ipywidgets.HTML)[0].value
    controls(panel, ipywidgets.RadioButtons)[0].value = "Everything"
    press(panel, "This is my guess")
    lesson.look("keep", lambda: None, answer="Only open orders")
    assert shown == ["You guessed Everything; it was Only open orders."]


def test_a_result_that_fails_says_its_sentence(lesson: Lesson, shown: Shown) -> None:
    def show() -> None:
        raise SafeShopError("The run has no orders.")

    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    lesson.look("open-orders", show, answer=200)
    press(panel, "Skip")
    assert shown[-1] == "The run has no orders."


def test_a_guess_holds_when_it_cannot_be_written(lesson: Lesson, shown: Shown) -> None:
    told: list[str] = []
    assert lesson.folder is not None
    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    lesson.look("open-orders", result(told), answer=200)
    (lesson.folder / FILE).unlink()
    (lesson.folder / FILE).mkdir()
    press(panel, "This is my guess")
    assert told == ["shown"]
    assert (
        "Your guess holds, but only until this notebook is closed."
        in controls(panel, ipywidgets.HTML)[0].value
    )


def test_a_result_without_its_question_is_a_sentence(lesson: Lesson) -> None:
    with pytest.raises(SafeShopError) as refused:
        lesson.look("open-orders", lambda: None, answer=200)
    assert refused.value.sentence == (
        "The question “open-orders” has not been asked yet: run the cell with the guess first."
    )


def test_an_impossible_range_is_refused(lesson: Lesson) -> None:
    with pytest.raises(SafeShopError) as refused:
        lesson.predict("x", unit="orders", low=5, high=5)
    assert refused.value.sentence == "The question “x” needs low < high and a step between, not 5, 5, 1."


def test_a_lesson_is_done_when_its_guesses_are(lesson: Lesson, shown: Shown) -> None:
    def finished() -> bool:
        assert lesson.folder is not None
        return read_progress(lesson.folder)[0].lesson("01").finished is not None

    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    panel = shown.pop()
    lesson.finish()
    assert shown[-1] == "Lesson 01 is done once every guess above is made or skipped. Next: Second steps"
    assert not finished()
    press(panel, "Skip")
    assert finished()
    lesson.finish()
    assert shown[-1] == "Lesson 01 is done. Next: Second steps"


def test_a_damaged_progress_file_is_told_and_the_lesson_goes_on(lesson: Lesson, shown: Shown) -> None:
    assert lesson.folder is not None
    (lesson.folder / FILE).write_text("lessons: [", "utf-8")
    lesson.predict("open-orders", unit="orders", low=0, high=600, step=10)
    assert shown[0].startswith("The file progress.yaml could not be understood; it is kept as")
    assert (lesson.folder / "progress-damaged-1.yaml").read_text("utf-8") == "lessons: ["


def test_a_number_the_course_does_not_have_is_refused(course: Path) -> None:
    with pytest.raises(SafeShopError) as refused:
        start("09", lang="en")
    assert refused.value.sentence == "The course has no lesson 09 in this language; it has 01, 02."


@pytest.mark.parametrize(
    ("value", "text"),
    [(200, "200"), (1234567, "1,234,567"), (247.0, "247"), (12.34, "12.3"), (0.456, "0.46"), ("Yes", "Yes")],
)
def test_numbers_are_written_as_a_person_writes_them(value: float | str, text: str) -> None:
    assert number_text(value) == text


def test_a_comparison_says_both_numbers_with_their_unit() -> None:
    assert comparison(Guess(100), 247, "orders") == "You guessed 100 orders; it was 247 orders."
    assert comparison(Guess(None), 247, "orders") is None


def test_whoever_waits_for_a_guess_is_told_once_and_at_once_if_late() -> None:
    told: list[int] = []
    prediction = Prediction("x")
    prediction.when_settled(lambda: told.append(1))
    prediction.settle(Guess(5))
    prediction.settle(Guess(6))
    prediction.when_settled(lambda: told.append(2))
    assert (told, prediction.guess) == ([1, 2], Guess(5))


@pytest.fixture
def ipython(monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """An IPython as a learner's kernel has it."""
    monkeypatch.delenv("SAFESHOP_PREDICT", raising=False)
    # IPython makes itself the program, of which a process that a later test starts would be no child.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    shell = InteractiveShell()  # type: ignore[no-untyped-call]
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    return shell


@pytest.fixture
def shell(ipython: InteractiveShell) -> InteractiveShell:
    """An IPython in which the plain sentences are installed."""
    notebook_errors.install()
    return ipython


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "from simlib.errors import SafeShopError\nraise SafeShopError('Days must be 1 or more.')",
            "Days must be 1 or more.",
        ),
        (
            "lesson.predict('x')",
            (
                "This cell stopped: “lesson” is made by a cell above that has not been run yet. "
                "Choose Run → Run All Above Selected Cell, then run this cell again."
            ),
        ),
        (
            "1 / 0",
            (
                "This cell stopped: ZeroDivisionError: division by zero. Run the cells above first; if it happens "
                "again, choose Kernel → Restart Kernel and Run All Cells."
            ),
        ),
        (
            "x = = 1",
            (
                "This cell stopped: line 1 is not Python (invalid syntax). If you did not mean to change it, "
                "undo the change with Ctrl+Z."
            ),
        ),
        ("raise KeyboardInterrupt", "Stopped, as you asked. Run the cell again when you like."),
        (
            "raise ExceptionGroup('two', [KeyError('a')])",
            (
                "This cell stopped: ExceptionGroup: two (1 sub-exception). Run the cells above first; if it happens "
                "again, choose Kernel → Restart Kernel and Run All Cells."
            ),
        ),
    ],
)
def test_an_error_in_a_cell_is_one_sentence(
    shell: InteractiveShell, shown: Shown, capsys: pytest.CaptureFixture[str], code: str, sentence: str
) -> None:
    assert not shell.run_cell(code).success  # type: ignore[no-untyped-call]
    assert shown == [sentence]
    written = capsys.readouterr()
    assert "Traceback" not in written.out + written.err


def test_tracebacks_come_back_on_request(
    ipython: InteractiveShell,
    monkeypatch: pytest.MonkeyPatch,
    shown: Shown,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SAFESHOP_TRACEBACK", "1")
    notebook_errors.install()
    ipython.run_cell("1 / 0")  # type: ignore[no-untyped-call]
    assert shown == []
    assert "ZeroDivisionError" in capsys.readouterr().out
