"""The exercises as a learner meets them: every one that is answered without typing code, in chromium."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page

from simlib import panels
from simlib.course.answers import Key
from simlib.course.progress import read_progress
from simlib.platform import roles, ways
from tests.browser.conftest import SEED, Learner
from tests.browsing import IDLE, needs_chromium, run_all
from tests.exercises.conftest import FOLDER, bench, key, sources

SCREENSHOTS = os.environ.get("SAFESHOP_SCREENSHOTS")

pytestmark = [pytest.mark.slow, pytest.mark.browser, needs_chromium]


def asked(number: str) -> list[tuple[str, str]]:
    """(question, code) of every cell that asks without code to write, from top to bottom."""
    path = FOLDER / "en" / f"{sources()[number].stem}.ipynb"
    return [
        (cell.metadata["name"].removesuffix("-answer"), cell.source)
        for cell in nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
        if cell.cell_type == "code"
        and "practice." in cell.source
        and cell.metadata["name"].endswith("-answer")
    ]


def opened_names(number: str, seed: int) -> dict[str, Any]:
    """What the opening cell of exercises makes, for one learner and without opening them."""
    code = next(cell.text for cell in sources()[number].cells if cell.name == "open-exercises")
    tree = ast.parse(code)
    tree.body = [
        line
        for line in tree.body
        if not (isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "practice")
    ]
    names: dict[str, Any] = {"practice": bench(seed)}
    exec(compile(tree, number, "exec"), names)
    return names


def arguments(number: str, code: str, seed: int) -> dict[str, Any]:
    """What the asking call is given, worked out as the notebook works it out."""
    call = next(
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("practice.")
    )
    assert isinstance(call.func, ast.Attribute)
    mine = bench(seed)
    names = {
        **opened_names(number, seed),
        "_": lambda text: text,
        "ways": ways,
        "roles": roles,
        "panels": panels,
        "practice": mine,
        "shop": mine.shop,
    }
    names["duties"] = roles.duties(ways.way_roles("marketplace"))
    given = {word.arg: eval(ast.unparse(word.value), names) for word in call.keywords if word.arg}
    if len(call.args) > 1:
        given["panel"] = eval(ast.unparse(call.args[1]), names)
    return {**given, "how": call.func.attr}


def choose(cell: Locator, given: dict[str, Any], solution: Any) -> None:
    """Choose option and reason."""
    parts = (solution,) if isinstance(solution, str) else solution
    for group, (code, words) in enumerate(zip(parts, (given["options"], given.get("reasons")), strict=False)):
        cell.locator(".widget-radio-box").nth(group).locator("input").nth(list(words).index(code)).check()


def tick(cell: Locator, given: dict[str, Any], solution: list[str]) -> None:
    """Tick all that belong; each can be read to its end."""
    for words in cell.locator(".widget-checkbox .widget-label-basic").all():
        assert words.evaluate("label => label.scrollWidth <= label.clientWidth"), words.inner_text()
    for place, code in enumerate(given["options"]):
        if code in solution:
            cell.locator("input[type=checkbox]").nth(place).check()


def move(page: Page, cell: Locator, panel: panels.WhatIf, solution: dict[str, Any]) -> None:
    """Type each slider's value, and choose each choice."""
    for name, widget in panel.controls.items():
        if solution[name] == panel.at_first[name]:
            continue
        row = cell.locator(".widget-inline-hbox", has_text=widget.description).first
        if hasattr(widget, "options"):
            row.locator("select").select_option(
                index=[value for _label, value in widget.options].index(solution[name])
            )
        else:
            row.locator("[contenteditable]").click()
            page.keyboard.press("Control+a")
            page.keyboard.type(str(solution[name]))
            page.keyboard.press("Enter")
        page.wait_for_timeout(300)


def answer(page: Page, cell: Locator, given: dict[str, Any], mine: Key) -> None:
    """Give the right answer with mouse and keyboard."""
    solution = mine.solution
    match given["how"]:
        case "choose":
            choose(cell, given, solution)
        case "tick":
            tick(cell, given, solution)
        case "move":
            move(page, cell, given["panel"], solution)
        case "number_for":
            text = ", ".join(solution) if isinstance(solution, list) else str(solution)
            cell.locator("input[type=text]").fill(text)
        case "write":
            cell.locator("textarea:visible").last.fill(solution)


@pytest.mark.parametrize("number", sources())
def test_every_exercise_without_code_is_blank_then_hinted_at_then_right(
    number: str, learner: Learner
) -> None:
    source, questions = sources()[number], asked(number)
    with learner.visits.opened() as page:
        row = page.locator(".jp-MarkdownViewer tr", has=page.locator(f'a[href*="{source.stem}"]')).first
        row.locator("a", has_text="right").click(timeout=60_000)
        page.wait_for_selector(IDLE, state="attached", timeout=60_000)
        page.wait_for_timeout(3_000)
        run_all(page)
        cells = page.locator(".jp-CodeCell", has=page.get_by_role("button", name="Check", exact=True))
        assert cells.count() == len(questions)
        for place, (question, code) in enumerate(questions):
            cell = cells.nth(place)
            check = cell.get_by_role("button", name="Check", exact=True)
            check.click()
            cell.get_by_text("○ Not answered yet.").wait_for(timeout=30_000)
            cell.get_by_role("button", name="Next hint").click()
            cell.get_by_text("Hint 1 of 3:").wait_for(timeout=30_000)
            answer(page, cell, arguments(number, code, SEED), key(number, question, SEED))
            check.click()
            cell.get_by_text("✓ Right.").wait_for(timeout=30_000)
        assert "Traceback" not in page.locator(".jp-Notebook").inner_text()
        if SCREENSHOTS:
            page.screenshot(path=Path(SCREENSHOTS) / f"exercises-{number}.png")
    assert learner.outside == []
    kept = read_progress(learner.folder)[0].exercises[number]
    assert {question for question, _code in questions} == {
        name for name, one in kept.items() if one.state == "right"
    }
    assert all(kept[question].hints == 1 for question, _code in questions)
    lines = (learner.folder / "Start here.md").read_text("utf-8").splitlines()
    (told,) = (line for line in lines if f"exercises/{source.stem}.ipynb" in line)
    assert f"[{len(questions)} of {len(source_questions(number))} right]" in told


def source_questions(number: str) -> list[str]:
    """Names of all questions."""
    path = FOLDER / "en" / f"{sources()[number].stem}.ipynb"
    names: list[str] = nbformat.read(path, as_version=4).metadata["safeshop"]["questions"]  # type: ignore[no-untyped-call]
    return names
