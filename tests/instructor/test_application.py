"""A lesson as an application: text, pictures and sliders in a browser, no code, nothing asked from outside."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from queue import Empty
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from simlib.course import application, application_server
from simlib.errors import SafeShopError
from tests.browsing import ARGUMENTS, CHROMIUM, HERE, any_port, needs_chromium

SCREENSHOTS = os.environ.get("SAFESHOP_SCREENSHOTS")


def test_an_unknown_lesson_is_no_application() -> None:
    with pytest.raises(SafeShopError, match=r"^There is no lesson “77”; the lessons are 01, "):
        application.lesson_file("77", "en")


def test_without_voila_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(
        SafeShopError, match=r"^Voilà is not installed for this Python; run: .* -m pip install"
    ):
        application.check_installed()


class DeafSocket:
    """A socket that has a message and wakes nobody: who waits learns of it only by asking again."""

    def __init__(self, arrives_after: int) -> None:
        self.asked, self.arrives_after = 0, arrives_after

    async def poll(self, milliseconds: int) -> int:
        assert milliseconds <= application_server.LOOK_AGAIN_MILLISECONDS
        self.asked += 1
        return int(self.asked > self.arrives_after)


class Channel:
    """A kernel's channel on such a socket."""

    def __init__(self, arrives_after: int) -> None:
        self.socket = DeafSocket(arrives_after)

    async def _recv(self) -> dict[str, str]:
        return {"msg": "the answer"}


def test_an_answer_that_woke_nobody_is_found_at_the_second_look() -> None:
    channel: Any = Channel(arrives_after=3)
    assert asyncio.run(application_server.get_msg(channel)) == {"msg": "the answer"}
    assert channel.socket.asked == 4
    with pytest.raises(Empty):
        asyncio.run(application_server.get_msg(cast(Any, Channel(arrives_after=10**9)), timeout=0.01))


@pytest.mark.slow
def test_another_program_on_the_port_is_not_taken_for_the_lesson(taken: int) -> None:
    with application.running("02", "en", None) as (process, address):
        assert urlsplit(address).port != taken
        assert process.poll() is None


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
def test_a_lesson_is_shown_without_code_and_its_sliders_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAFESHOP_PREDICT", raising=False)
    outside: list[str] = []
    with (
        application.running("02", "zh-Hant", any_port()) as (_process, address),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("request", lambda asked: None if HERE.match(asked.url) else outside.append(asked.url))
        page.goto(address, timeout=180_000)
        page.locator("h2", has_text="重點").wait_for(timeout=180_000)
        page.locator(".widget-slider").first.wait_for(timeout=60_000)
        text = page.locator("body").inner_text()
        assert "lesson = start(" not in text
        assert "Traceback" not in text
        assert "# ▶" not in text
        assert page.locator(".highlight:visible, .cm-editor:visible").count() == 0
        # A guess is made, and what was counted appears below it.
        page.get_by_role("button", name="這是我的猜測").first.click()
        page.get_by_text("你猜").first.wait_for(timeout=60_000)
        # A slider of the what-if panel is moved with the keyboard, and its picture changes.
        handle = page.locator(".widget-slider .noUi-handle").last
        panel = page.locator(".widget-vbox", has=handle).last
        before = handle.get_attribute("aria-valuenow")
        picture = panel.locator("img").last.get_attribute("src")
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "([panel, before]) => [...panel.querySelectorAll('img')].at(-1).getAttribute('src') !== before",
            arg=[panel.element_handle(), picture],
            timeout=20_000,
        )
        assert handle.get_attribute("aria-valuenow") != before
        if SCREENSHOTS:
            page.screenshot(path=Path(SCREENSHOTS) / "application-02.png", full_page=True)
        browser.close()
    assert outside == []
