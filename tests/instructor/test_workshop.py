"""A two-hour workshop by the clock of its run sheet, as one of the twenty at the tables lives through it.

The sheet alone says what comes next: the learner runs the cells of that section and of no other, guesses before he
looks, answers the exercises, and in the end sees on the start page how far he has come.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from simlib.course import run_sheet
from simlib.course.answers import Key
from simlib.course.build import read_sources
from simlib.course.exercises import for_learners, read_exercises
from simlib.course.folder import prepare
from simlib.course.progress import Progress, change_progress, read_progress
from simlib.course.run_sheet import Step
from simlib.course.source import LessonSource
from simlib.course.start_page import write_start_page
from tests.browsing import IDLE, needs_chromium, opened
from tests.exercises.conftest import key

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = os.environ.get("SAFESHOP_SCREENSHOTS")
SEED = 10_000
# JupyterLab draws only the cells in view.
TALL = 16_000

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]


class Learner:
    """Somebody at a table, with the start page open: does what the sheet says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        lessons, exercises = read_sources(ROOT / "lessons"), read_exercises(ROOT / "exercises")
        self.sources: dict[tuple[str, str], LessonSource] = {
            ("lesson", one.head.number): one for one in lessons
        } | {("exercise", one.head.number): for_learners(one) for one in exercises}
        self.open: tuple[str, str] | None = None
        self.guesses = 0

    def follow(self, step: Step) -> None:
        """Run the cells of one row of the sheet, answering what they ask."""
        if step.kind == "talk":
            return
        source = self.sources[step.kind, step.number]
        if self.open != (step.kind, step.number):
            self.turn_to(step, source)
        for place in self.cells_of(source, step.cell):
            self.run(source, place)

    def turn_to(self, step: Step, source: LessonSource) -> None:
        """Go back to the start page and open a lesson, or its exercises, there."""
        if self.open is not None:
            self.page.keyboard.press("Control+s")
            self.page.wait_for_timeout(1_000)
        self.page.locator(".lm-TabBar-tab", has_text="Start here").click()
        row = self.page.locator(
            ".jp-MarkdownViewer tr", has=self.page.locator(f'a[href*="{source.stem}"]')
        ).first
        row.locator("a").nth(0 if step.kind == "lesson" else 1).click(timeout=60_000)
        self.page.wait_for_selector(IDLE, state="attached", timeout=60_000)
        self.page.wait_for_timeout(3_000)
        self.open = (step.kind, step.number)

    def notebook(self) -> Locator:
        """The notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    @staticmethod
    def cells_of(source: LessonSource, section: str) -> list[int]:
        """Places of the code cells of a section; it ends where the next one begins."""
        sections = {one.name for one in source.head.sections}
        current, places = "", []
        for place, cell in enumerate(source.cells):
            current = cell.name if cell.name in sections else current
            if cell.code and current == section:
                places.append(place)
        return places

    def run(self, source: LessonSource, place: int) -> None:
        """Choose a cell, press Shift + Enter, and do what appears."""
        cell = self.notebook().locator(".jp-Cell").nth(place)
        cell.locator(".jp-InputPrompt, .jp-Placeholder, .jp-Cell-inputWrapper").first.click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Shift+Enter")
        self.page.wait_for_timeout(400)
        self.page.wait_for_selector(IDLE, state="attached", timeout=120_000)
        code = source.cells[place].text
        if "lesson.predict(" in code or "lesson.choose(" in code:
            if "lesson.choose(" in code:
                cell.locator(".widget-radio-box input").first.check()
            cell.get_by_role("button", name="This is my guess").click()
            self.guesses += 1
        elif "lesson.look(" in code:
            cell.get_by_text("You guessed").wait_for(timeout=60_000)
        elif ".show()" in code and "panels.what_if" in code:
            self.move(cell)
        elif "practice." in code and (asked := re.search(rf'"{source.head.number}-(q\d+)"', code)):
            self.answer(cell, code, key(source.head.number, asked[1], SEED))

    def move(self, panel: Locator) -> None:
        """Move a slider of a panel; its picture changes."""
        before = panel.locator("img").first.get_attribute("src")
        panel.locator(".noUi-handle").first.focus()
        self.page.keyboard.press("ArrowRight")
        self.page.wait_for_function(
            "([panel, before]) => panel.querySelector('img').getAttribute('src') !== before",
            arg=[panel.element_handle(), before],
            timeout=30_000,
        )

    def answer(self, cell: Locator, code: str, mine: Key) -> None:
        """Check too early, then give the right answer."""
        check = cell.get_by_role("button", name="Check", exact=True)
        check.click()
        cell.get_by_text("○ Not answered yet.").wait_for(timeout=30_000)
        if "practice.number_for(" in code:
            cell.locator("input[type=text]").fill(str(mine.solution))
        else:
            assert "practice.choose(" in code, "the sheet asks for something that this learner cannot do"
            parts = (mine.solution,) if isinstance(mine.solution, str) else mine.solution
            for group, wanted in enumerate(parts):
                words = re.search(rf'"{wanted}": _\("([^"]+)"', code)
                assert words is not None
                cell.locator(".widget-radio-box").nth(group).get_by_label(words[1]).check()
        check.click()
        cell.get_by_text("✓ Right.").wait_for(timeout=30_000)


def seeded(progress: Progress) -> None:
    progress.seed = SEED


def test_a_two_hour_workshop_goes_by_its_run_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAFESHOP_PREDICT", raising=False)
    folder = tmp_path / "新店 lab"
    prepare(folder, "en")
    change_progress(folder, seeded)
    write_start_page(folder, "en")
    (meeting,) = run_sheet.run_sheet(ROOT, "2h", "en").meetings
    outside: list[str] = []
    clock = 0
    with opened(folder, outside, height=TALL) as page:
        page.locator('.jp-MarkdownViewer a[href*="ipynb"]').first.wait_for(timeout=60_000)
        start = page.url
        learner = Learner(page)
        for step in meeting.steps:
            assert step.at == clock, "the sheet has a hole or two things at once"
            learner.follow(step)
            clock += step.minutes
        page.keyboard.press("Control+s")
        page.wait_for_timeout(1_000)
        # He opens the start page anew: what is done, what is begun, how many answers are right.
        again = page
        again.goto(start)
        rows = again.locator(".jp-MarkdownViewer tr")
        retention = rows.filter(has_text="Retention windows").first
        retention.filter(has_text="● done on").wait_for(timeout=60_000)
        retention.filter(has_text="2 of 6 right").wait_for(timeout=60_000)
        rows.filter(has_text="The life of an order").filter(has_text="◐ begun on").first.wait_for(
            timeout=60_000
        )
        if SCREENSHOTS:
            again.screenshot(path=Path(SCREENSHOTS) / "workshop-end.png")
    assert outside == []
    assert clock + meeting.reserve == 120
    kept = read_progress(folder)[0]
    assert learner.guesses >= 4
    assert kept.lesson("05").finished is not None
    assert {name for name, one in kept.exercises["05"].items() if one.state == "right"} == {"q2", "q3"}
    for stem in ("02-order-flow", "05-retention-windows"):
        text = (folder / "en" / f"{stem}.ipynb").read_text("utf-8")
        assert "Traceback" not in text
        assert '"output_type": "error"' not in json.dumps(json.loads(text))
