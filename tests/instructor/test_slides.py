"""Slides: complete, in every language, and alone: they open from a disk and ask nobody for anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Route, sync_playwright

from simlib.course import slides as made
from simlib.course.build import read_sources
from simlib.course.slides import REVEAL, slides
from simlib.errors import SafeShopError
from tests.browsing import ARGUMENTS, CHROMIUM, needs_chromium

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "lessons").glob("*/[0-9][0-9]-*.ipynb"))
SOURCES = read_sources(ROOT / "lessons")


@pytest.fixture(autouse=True)
def sources_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slides of all languages are made of the same sources; reading them is most of the work."""
    monkeypatch.setattr(made, "read_sources", lambda _folder: SOURCES)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_slides_hold_every_section_and_picture_and_fetch_nothing(lesson: Path) -> None:
    notebook = json.loads(lesson.read_text("utf-8"))
    about = notebook["metadata"]["safeshop"]
    page = slides(ROOT, about["number"], about["lang"])
    shown = page.split('<div class="slides">')[1].split("<script>")[0]
    text = re.sub(r"<[^>]+>", "", shown)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            for line in source.splitlines():
                if line.startswith("#"):
                    assert re.sub(r"[#*]", "", line).strip().split("&")[0].split("’")[0].split("'")[0] in text
        for output in cell.get("outputs", []):
            for picture in re.findall(
                r"base64,[A-Za-z0-9+/=]{80}", "".join(output.get("data", {}).get("text/html", ""))
            ):
                assert picture in shown
    assert f'<html lang="{about["lang"]}">' in page
    # Words and comments may name an address; nothing may be loaded from one.
    assert re.findall(r"""(?:src|href)=["']?(?!data:)[^"'>\s]*//|@import|url\((?!["']?data:)""", shown) == []


def test_reveal_comes_with_its_licence_and_is_what_was_published() -> None:
    assert "Copyright (C) 2011-2024 Hakim El Hattab" in (REVEAL / "LICENSE").read_text("utf-8")
    assert "reveal.js 5.2.0" in (REVEAL / "reveal.js").read_text("utf-8")[:200]


def test_an_unknown_lesson_has_no_slides() -> None:
    with pytest.raises(SafeShopError, match=r"^There is no lesson “77”; the lessons are 01, "):
        slides(ROOT, "77", "en")


@pytest.mark.slow
@pytest.mark.browser
@needs_chromium
def test_slides_open_from_disk_and_are_walked_to_the_end(tmp_path: Path) -> None:
    file = tmp_path / "投影片 05.html"
    file.write_text(slides(ROOT, "05", "zh-Hant"), encoding="utf-8")
    refused: list[str] = []
    wrong: list[str] = []

    def only_disk(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            refused.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 760})
        context.route("**/*", only_disk)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_function("window.Reveal && Reveal.isReady()")
        total = page.evaluate("Reveal.getTotalSlides()")
        seen = [page.locator("section.present:not(.stack)").inner_text()]
        for _step in range(total - 1):
            assert not page.evaluate("Reveal.isLastSlide()")
            page.keyboard.press("Space")
            seen.append(page.locator("section.present:not(.stack)").inner_text())
        assert page.evaluate("Reveal.isLastSlide()")
        assert len(set(seen)) == total
        assert "保存期間" in seen[0]
        assert "重點" in seen[-1]
        # The speaker's notes are there and not on the wall.
        assert page.evaluate("Reveal.getSlideNotes()")
        assert not page.locator("aside.notes").first.is_visible()
        pictures = page.evaluate(
            "[...document.images].map(image => image.complete && image.naturalWidth > 0 && image.alt)"
        )
        assert pictures
        assert all(pictures)
        with context.expect_page() as speaker:
            page.keyboard.press("s")
        speaker.value.locator("#speaker-controls, .speaker-controls").first.wait_for(timeout=20_000)
        browser.close()
    assert refused == []
    assert wrong == []
