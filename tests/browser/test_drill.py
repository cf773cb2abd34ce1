"""The incident drill as a group meets it, in chromium: buttons, a clock, and the debrief at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlib.course.folder import prepare
from simlib.course.start_page import write_start_page
from tests.browser.conftest import TALL
from tests.browser.test_lessons import SCREENSHOTS
from tests.browsing import needs_chromium, open_lesson, opened, run_cells

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]

MOST_TURNS = 30


def test_a_group_plays_a_case_to_its_debrief(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFESHOP_PREDICT", "skip")
    folder = tmp_path / "lab"
    prepare(folder, "en")
    write_start_page(folder, "en")
    outside: list[str] = []
    with opened(folder, outside, height=TALL) as page:
        open_lesson(page, "When somebody gets in")
        run_cells(page, "Open the lesson", "Run the two shops", "Begin the drill")
        drill = page.locator(
            ".widget-vbox", has=page.get_by_role("button", name="Begin this case again")
        ).last
        drill.get_by_text("So far it is a day like any other.").wait_for()
        over = drill.get_by_text("It is over. This is what it was:")
        for _turn in range(MOST_TURNS):
            # Between two turns there is neither button nor heading for a moment.
            drill.locator("button.mod-primary, h4").first.wait_for()
            if drill.locator("h4").count():
                break
            before = drill.inner_text()
            drill.locator("button.mod-primary").first.click()
            page.wait_for_function(
                "([box, before]) => box.innerText !== before", arg=[drill.element_handle(), before]
            )
            page.wait_for_timeout(300)
        over.wait_for()
        assert drill.locator("img").count() == 2
        assert "ways to decide were tried" in drill.inner_text()
        assert page.locator("[role=alert]").count() == 0
        if SCREENSHOTS:
            drill.screenshot(path=Path(SCREENSHOTS) / "drill.png")
    assert outside == []
