"""The way of a learner, in a browser: start page, lesson, guess, result; nothing is asked from outside."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from simlib.course.folder import prepare
from simlib.course.progress import read_progress
from simlib.course.start_page import write_start_page
from tests.browsing import needs_chromium, open_lesson, opened, wait_until_idle

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]


@pytest.fixture
def folder(course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder, prepared."""
    # The learner guesses for himself here.
    monkeypatch.delenv("SAFESHOP_PREDICT", raising=False)
    folder = tmp_path / "新店 lab"
    prepare(folder, "en")
    write_start_page(folder, "en")
    return folder


@pytest.fixture
def outside() -> list[str]:
    """Addresses beyond this computer that the page asked for."""
    return []


@pytest.fixture
def page(folder: Path, outside: list[str]) -> Iterator[Page]:
    """The start page in chromium."""
    with opened(folder, outside) as page:
        yield page


def test_a_learner_goes_from_start_page_to_result(page: Page, folder: Path, outside: list[str]) -> None:
    expect(page.locator(".jp-MarkdownViewer h1")).to_contain_text("Safe Shop Lab", timeout=60_000)
    expect(page.locator(".jp-MarkdownViewer table")).to_contain_text("○ not begun")
    open_lesson(page, "First steps")

    # A click on a collapsed cell selects it and does not open its code; only the three dots do.
    labels = page.locator(".jp-InputPlaceholder")
    expect(labels).to_have_count(4)
    expect(labels.first).to_contain_text("# ▶ Open the lesson")
    page.locator(".jp-PlaceholderText", has_text="Make your guess").click(force=True)
    expect(labels).to_have_count(4)

    # Run out of order: a sentence, not a traceback.
    page.keyboard.press("Shift+Enter")
    alert = page.locator("[role=alert]")
    expect(alert).to_contain_text(
        "“lesson” is made by a cell above that has not been run yet", timeout=30_000
    )
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Traceback")

    # Its sentence stands there some moments before the kernel has done with a failed cell; until then it refuses
    # whatever else is asked of it.
    wait_until_idle(page, 500)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    waiting = page.get_by_text("Commit your guess above first, then the result appears here.")
    expect(waiting).to_be_visible(timeout=30_000)
    expect(page.locator(".jp-Notebook")).not_to_contain_text("200 orders lie open")

    # By keyboard alone.
    page.locator(".noUi-handle").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    wait_until_idle(page, 500)
    page.get_by_role("button", name="This is my guess").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("You guessed 250 orders; it was 200 orders.")).to_be_visible(timeout=30_000)
    expect(waiting).to_have_count(0)
    expect(page.get_by_role("button", name="This is my guess")).to_be_disabled()
    # The result is shown before the lesson is noted as done.
    until = time.monotonic() + 30
    while (lesson := read_progress(folder)[0].lesson("01")).finished is None and time.monotonic() < until:
        page.wait_for_timeout(100)
    assert lesson.guesses["open-orders"].value == 250
    assert lesson.finished is not None
    page.locator(".jp-MoreHorizIcon").first.click()
    expect(labels).to_have_count(3)
    assert outside == []


def test_a_guess_made_while_the_kernel_is_busy_is_the_one_on_the_screen(
    folder: Path, outside: list[str]
) -> None:
    path = folder / "en" / "01-first-steps.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    names = [cell.metadata["name"] for cell in notebook.cells]
    pressed = folder / "pressed"
    busy = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
        f"import pathlib, time\n\nwhile not pathlib.Path({str(pressed)!r}).exists():\n    time.sleep(0.05)"
    )
    notebook.cells.insert(names.index("look"), busy)
    nbformat.write(notebook, path)  # type: ignore[no-untyped-call]
    with opened(folder, outside) as page:
        open_lesson(page, "First steps")
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
        page.locator(".noUi-handle").focus()
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        page.get_by_role("button", name="This is my guess").focus()
        page.keyboard.press("Enter")
        page.wait_for_timeout(1_000)
        pressed.touch()
        expect(page.get_by_text("You guessed 250 orders; it was 200 orders.")).to_be_visible(timeout=30_000)
    assert read_progress(folder)[0].lesson("01").guesses["open-orders"].value == 250


def test_the_panel_fits_a_narrow_window(page: Page) -> None:
    page.set_viewport_size({"width": 760, "height": 900})
    open_lesson(page, "First steps")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    button = page.get_by_role("button", name="This is my guess")
    expect(button).to_be_visible(timeout=30_000)
    right = page.locator(".jp-Notebook").bounding_box()
    assert right is not None
    for control in (button, page.locator(".noUi-target"), page.locator(".widget-text, .widget-numeric-text")):
        box = control.first.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= right["x"] + right["width"]
    unit = page.get_by_text("orders", exact=True).last
    assert unit.evaluate("label => label.scrollWidth <= label.clientWidth")
