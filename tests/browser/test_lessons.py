"""The lessons as a learner meets them: every cell run, every guess made, every slider moved, in chromium."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from playwright.sync_api import ElementHandle, Page

from simlib.course.progress import read_progress
from tests.browser.conftest import Learner
from tests.browsing import needs_chromium, open_lesson, run_all

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "lessons" / "en").glob("*.ipynb"))
SCREENSHOTS = os.environ.get("SAFESHOP_SCREENSHOTS")
"""Folder to keep pictures of every lesson in; none are kept without it."""

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]

COMPLAINTS = (
    "Traceback",
    "Warning:",
    "NameError",
    "Error displaying widget",
    "Loading widget",
    " object at 0x",
    "VBox(",
)
"""What no learner should ever read."""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_learner_gets_through_with_run_guesses_and_sliders(lesson: Path, learner: Learner) -> None:
    about = json.loads(lesson.read_text(encoding="utf-8"))["metadata"]["safeshop"]
    with learner.visits.opened() as page:
        open_lesson(page, about["title"])
        run_all(page)
        keep(page, lesson, "run")
        guess(page)
        move_every_control(page)
        keep(page, lesson, "moved")
        text = page.locator(".jp-Notebook").inner_text()
        assert [complaint for complaint in COMPLAINTS if complaint in text] == []
        assert page.locator("[role=alert]").count() == 0
        pictures = page.locator(".jp-Notebook img").all()
        assert pictures
        assert all((picture.get_attribute("alt") or "").strip() for picture in pictures)
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1_000)
    assert learner.outside == []
    done = read_progress(learner.folder)[0].lesson(about["number"])
    assert done.finished is not None


def keep(page: Page, lesson: Path, moment: str) -> None:
    """Keep a picture of the whole lesson, if asked to."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{lesson.stem}-{moment}.png")


def guess(page: Page) -> None:
    """Commit every guess; each result then appears below it."""
    waiting = page.get_by_text("Commit your guess above first, then the result appears here.")
    buttons = page.get_by_role("button", name="This is my guess")
    questions = buttons.count()
    # A number has a value from the start, a choice has none.
    for choice in page.locator(".widget-radio-box").all():
        choice.locator("input").first.check()
    assert questions >= 1
    assert waiting.count() == questions
    for number in range(questions):
        buttons.nth(number).click()
        page.get_by_text("You guessed").nth(number).wait_for(timeout=30_000)
    assert waiting.count() == 0


def move_every_control(page: Page) -> None:
    """Move each slider and change each choice of every what-if panel; its picture must change each time."""
    panels = page.locator(".widget-vbox", has=page.get_by_role("button", name="Back to the start"))
    assert panels.count() >= 1
    for panel in panels.all():
        for position in range(panel.locator(".noUi-handle").count()):
            before = picture(panel.element_handle())
            panel.locator(".noUi-handle").nth(position).focus()
            page.keyboard.press("ArrowRight")
            changed(page, panel.element_handle(), before)
        for choice in panel.locator("select").all():
            for option in choice.locator("option").all_inner_texts()[::-1]:
                if option == choice.evaluate("list => list.selectedOptions[0].text"):
                    continue
                before = picture(panel.element_handle())
                choice.select_option(label=option)
                changed(page, panel.element_handle(), before)
        before = picture(panel.element_handle())
        panel.get_by_role("button", name="Back to the start").click()
        changed(page, panel.element_handle(), before)


def picture(panel: ElementHandle | None) -> str:
    """The picture that a panel shows, as it stands in the page."""
    assert panel is not None
    shown = panel.query_selector("img")
    assert shown is not None
    return shown.get_attribute("src") or ""


def changed(page: Page, panel: ElementHandle | None, before: str) -> None:
    """Wait until the panel shows another picture."""
    page.wait_for_function(
        "([panel, before]) => panel.querySelector('img').getAttribute('src') !== before",
        arg=[panel, before],
        timeout=20_000,
    )
