"""A real browser for tests: Debian's chromium, driven by playwright, against a course served on 127.0.0.1."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, sync_playwright

from simlib.course import server

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = re.compile(r"(https?|wss?)://127\.0\.0\.1[:/]|data:|blob:")
"""Addresses that do not leave this computer."""

IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
"""Shows that the kernel waits; a narrow window hides it, so it need not be visible."""

IDLE_FOR_A_WHILE = """([selector, milliseconds]) => {
    const now = Date.now();
    if (!document.querySelector(selector)) window.idleSince = now;
    return now - window.idleSince > milliseconds;
}"""

# On a user's machine without a browser these tests are left out; in CI they fail instead.
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists() and not os.environ.get("CI"), reason="chromium is not installed here"
)


def any_port() -> int:
    """A port that the system gives: tests that run side by side must not try for the same one."""
    with socket.socket() as probe:
        probe.bind((server.HOST, 0))
        port: int = probe.getsockname()[1]
    return port


class Visits:
    """One window in which a learner opens one lesson after the other, as he does at home."""

    def __init__(self, address: str, new_window: Callable[[], Page]) -> None:
        self.address, self.new_window = address, new_window
        self.window: Page | None = None

    @contextmanager
    def opened(self) -> Iterator[Page]:
        """The start page, with nothing else open."""
        if self.window is None:
            self.window = self.new_window()
            # Without the tabs that a window before may have had.
            self.window.goto(f"{self.address}&reset")
        page = self.window
        try:
            yield page
        except BaseException:
            # Whatever went wrong shall not go wrong again in the next test.
            self.window = None
            self._end_kernels(page)
            page.close()
            raise
        self._end_kernels(page)
        while (tabs := page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-closable")).count() > 1:
            tabs.last.locator(".lm-TabBar-tabCloseIcon").click()
            self._leave_unsaved(page)

    def _end_kernels(self, page: Page) -> None:
        place, _, token = self.address.partition("?token=")
        sessions = urljoin(place, "/api/sessions")
        allowed = {"Authorization": f"token {token}"}
        for session in page.request.get(sessions, headers=allowed).json():
            page.request.delete(f"{sessions}/{session['id']}", headers=allowed)

    def _leave_unsaved(self, page: Page) -> None:
        """Answer JupyterLab's question, if it asks one."""
        page.wait_for_timeout(500)
        for discard in page.locator(".jp-Dialog button", has_text="Discard").all():
            discard.click()
            page.wait_for_timeout(500)


@contextmanager
def visiting(folder: Path, outside: list[str], width: int = 1280, height: int = 900) -> Iterator[Visits]:
    """Serve a learner's folder and start chromium; `outside` collects addresses beyond this computer."""
    with server.running(folder, any_port()) as (_, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def new_window() -> Page:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.on("request", lambda asked: None if HERE.match(asked.url) else outside.append(asked.url))
            return page

        yield Visits(address, new_window)
        browser.close()


@contextmanager
def opened(folder: Path, outside: list[str], width: int = 1280, height: int = 900) -> Iterator[Page]:
    """The start page of a learner's folder in chromium; `outside` collects addresses beyond this computer."""
    with visiting(folder, outside, width, height) as visits:
        page = visits.new_window()
        page.goto(visits.address)
        yield page


def open_lesson(page: Page, title: str) -> None:
    """Click a lesson on the start page and wait until it can run."""
    page.locator(".jp-MarkdownViewer a", has_text=title).click(timeout=60_000)
    page.wait_for_selector(IDLE, state="attached", timeout=60_000)
    # The indicator says idle some moments before the kernel listens.
    page.wait_for_timeout(3_000)


def run_all(page: Page) -> None:
    """Choose “Run All Cells” and wait until all have run."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    page.wait_for_timeout(1_000)
    wait_until_idle(page, 2_000)


def run_cells(page: Page, *labels: str) -> None:
    """Run only the cells with these labels, and wait until all have run."""
    for label in labels:
        page.locator(".jp-PlaceholderText", has_text=label).click(force=True)
        page.keyboard.press("Shift+Enter")
    page.wait_for_timeout(1_000)
    wait_until_idle(page, 2_000)


def wait_until_idle(page: Page, milliseconds: int) -> None:
    """Wait until the kernel has done nothing for so long.

    Between two cells it is idle for a moment, too, which a busy computer may show. And what is typed into a field
    reaches the kernel only when it has done with the letters before: a button pressed at once would overtake it.
    """
    page.evaluate("window.idleSince = Date.now()")
    page.wait_for_function(IDLE_FOR_A_WHILE, arg=[IDLE, milliseconds], polling=50, timeout=180_000)
