"""The vault's screens in chromium, with the keyboard alone: log in, import, read, back up, destroy, log out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from simlib.course.folder import prepare
from simlib.course.start_page import write_start_page
from tests.browsing import needs_chromium, open_lesson, opened, run_cells, wait_until_idle

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "lessons" / "en" / "08-offline-vault.ipynb"

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]


def press(app: Locator, name: str) -> None:
    """Go to a button with the keyboard and press it."""
    # Focused and pressed in one go: on a busy computer a screen that is still being drawn takes the focus away.
    app.get_by_role("button", name=name, exact=True).last.press("Enter")


def test_the_vault_is_used_with_the_keyboard_alone(tmp_path: Path) -> None:
    folder = tmp_path / "lab"
    prepare(folder, "en")
    write_start_page(folder, "en")
    title = json.loads(LESSON.read_text(encoding="utf-8"))["metadata"]["safeshop"]["title"]
    outside: list[str] = []
    with opened(folder, outside, height=16_000) as page:
        open_lesson(page, title)
        run_cells(
            page, "Open the lesson", "Run the shop until tonight", "Carry the first bundle", "Open the vault"
        )
        app = page.locator(".ssv")
        app.get_by_role("button", name="Fill in the form").wait_for(timeout=60_000)
        app.get_by_label("account").first.focus()
        page.keyboard.type("owner")
        press(app, "Log in")
        app.get_by_text("Shop code, user, password or one-time code is wrong.").wait_for(timeout=30_000)
        press(app, "Fill in the form")
        code = app.get_by_label("one-time code")
        page.wait_for_function("field => field.value.length === 6", arg=code.element_handle(), timeout=20_000)
        code.focus()
        page.keyboard.press("Enter")
        app.get_by_text("The day at a glance").wait_for(timeout=30_000)
        press(app, "Import")
        files = app.get_by_label("file on the stick")
        files.wait_for(timeout=20_000)
        files.focus()
        page.keyboard.type("tonight")
        wait_until_idle(page, 500)
        press(app, "Import")
        app.get_by_text("Receipt to write down").wait_for(timeout=30_000)
        press(app, "Orders")
        press_first(page, app)
        app.get_by_text(re.compile(r"orders · revenue")).wait_for(timeout=20_000)
        press_first(page, app)
        app.get_by_role("button", name="Show in full").wait_for(timeout=20_000)
        assert app.get_by_text("＊＊＊").count() > 0
        app.get_by_label("reason").press_sequentially("a parcel came back")
        wait_until_idle(page, 500)
        press(app, "Show in full")
        app.get_by_text("Shown in full").wait_for(timeout=20_000)
        assert app.get_by_text("＊＊＊").count() == 0
        press(app, "Backup")
        press(app, "Back up now")
        app.get_by_text("backup-1 lies on the shelf.").wait_for(timeout=20_000)
        press(app, "Destroy")
        months = app.get_by_label("month")
        months.wait_for(timeout=20_000)
        # The screen is there before its list is.
        first = "field => field.selectedOptions[0]?.text.startsWith('2014-05')"
        page.wait_for_function(first, arg=months.element_handle(), timeout=20_000)
        months.focus()
        page.keyboard.press("End")  # the last month; letters of one word would be taken for several choices
        app.get_by_label("reason").press_sequentially("kept long enough")
        wait_until_idle(page, 500)
        press(app, "Destroy…")
        app.get_by_label("type 2014-08").press_sequentially("2014-08")
        wait_until_idle(page, 500)
        press(app, "Destroy for good")
        app.get_by_text("2014-08 is destroyed").wait_for(timeout=20_000)
        app.get_by_text("Backups on the shelf: backup-1.").wait_for(timeout=20_000)
        press(app, "Log out")
        app.get_by_text("the vault is locked").wait_for(timeout=20_000)
        assert page.locator(".jp-Notebook").get_by_text("Traceback").count() == 0
    assert outside == []
    assert not list((folder / ".safeshop").glob("vault-lesson-*")), "the rehearsal's folder was left behind"


def press_first(page: Page, app: Locator) -> None:
    """Open the first row of the table on the screen."""
    app.locator(".ssv-keys button").first.wait_for(timeout=20_000)
    app.locator(".ssv-keys button").first.focus()
    page.keyboard.press("Enter")
