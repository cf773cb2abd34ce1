"""Each exercise as three learners meet it, word for word: one who leaves all blank, one who errs, one who knows.

The notebooks run in this process, in IPython's own shell, cell by cell; what they show is compared with the transcripts
in ``golden/``. After a change that is meant, write them anew with ``SAFESHOP_GOLDEN=write`` and read the diff.
"""

from __future__ import annotations

import html
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from simlib.course import practice as practices
from simlib.course.keys import KeyTexts, read_key
from simlib.languages import LANGUAGES
from tests.exercises.conftest import FOLDER, sources

GOLDEN = Path(__file__).with_name("golden")
NUMBERS = list(sources())

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def learner(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner without a folder, so that all have the seed of the builds."""
    monkeypatch.delenv("SAFESHOP_PREDICT", raising=False)
    monkeypatch.setenv("SAFESHOP_TRACEBACK", "0")


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    """IPython as in a notebook, without a kernel; its errors become sentences, and stay so only here."""
    program = sys.modules["__main__"]
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    kept = {name: shell.__dict__.get(name) for name in ("showtraceback", "showsyntaxerror")}
    hook = sys.displayhook
    yield shell
    for name, value in kept.items():
        if value is None:
            shell.__dict__.pop(name, None)
        else:
            setattr(shell, name, value)
    sys.displayhook = hook
    # A process that a later test starts looks there for what it was started by.
    sys.modules["__main__"] = program
    InteractiveShell.clear_instance()


class Learner:
    """Runs cells, presses buttons, and writes down what is to be read."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.shell.reset(new_session=True)  # type: ignore[no-untyped-call]
        self.widgets: list[Any] = []

    def run(self, code: str) -> list[str]:
        """Run a cell; the lines that it shows."""
        with capture_output(stdout=True, stderr=True, display=True) as shown:
            self.shell.run_cell(code)  # type: ignore[no-untyped-call]
        assert "Traceback" not in shown.stdout + shown.stderr
        lines = shown.stdout.split("\n")
        for output in shown.outputs:
            text = output.data.get("text/plain", "")
            widget = output.data.get("application/vnd.jupyter.widget-view+json")
            if widget:
                lines += self.pressed(found(widget))
            elif "image/png" not in output.data:
                lines += text.split("\n")
        return [line.rstrip() for line in lines if line.strip()]

    def pressed(self, panel: Any) -> list[str]:
        """Press “Check” on a panel as it stands; what is said."""
        buttons = [one for one in controls(panel, ipywidgets.Button) if one.description == "Check"]
        if not buttons:
            return []
        buttons[0].click()
        said = [one.value for one in controls(panel, ipywidgets.HTML) if "border-left" in one.value]
        return [f"[Check] {plain(said[0])}"] if said else ["[Check] -"]


def found(view: dict[str, Any]) -> Any:
    """The widget behind a view."""
    from ipywidgets.widgets.widget import _instances

    return _instances[view["model_id"]]


def controls(widget: Any, kind: type) -> list[Any]:
    """All controls of a kind inside a widget."""
    inside = [widget] if type(widget) is kind else []
    for child in getattr(widget, "children", ()):
        inside += controls(child, kind)
    return inside


def plain(markup: str) -> str:
    """What is read of HTML."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def cells(path: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each code cell."""
    for cell in nbformat.read(path, as_version=4).cells:  # type: ignore[no-untyped-call]
        if cell.cell_type == "code":
            yield cell.metadata["name"], cell.source


def transcript(shell: InteractiveShell, number: str) -> str:
    """The three states of one notebook, as text."""
    stem = sources()[number].stem
    parts = ["= blank ="]
    blank = Learner(shell)
    for name, code in cells(FOLDER / "en" / f"{stem}.ipynb"):
        for line in (
            blank.run(code)
            if name.endswith("-answer") or name == "open-exercises"
            else shortened(blank, code)
        ):
            parts.append(f"{name}: {line}")
    parts.append("= mistakes =")
    opened = practices._open[0]
    for question in sorted(opened.known.code):
        key = opened.key_of(question)
        for mistake, made in sorted(key.mistakes.items()):
            verdict = opened.judged(question, made.example)
            parts += [f"{question} {mistake}: {line}" for line in opened.lines(question, verdict)]
        parts += [f"{question}: {opened.next_hint(question)}" for _time in range(3)]
    parts.append("= solution =")
    solved = Learner(shell)
    for name, code in cells(FOLDER / "solutions" / "en" / f"{stem}.ipynb"):
        if "practice.move(" in code:
            # It was drawn once already, in the blank state, and drawing is what takes long.
            continue
        lines = solved.run(code)
        if "check(" in code:
            parts += [f"{name}: {line}" for line in lines]
    return "\n".join(parts) + "\n"


def shortened(learner: Learner, code: str) -> list[str]:
    """What a cell with numbers or tables shows: its first line tells enough."""
    return learner.run(code)[:1]


@pytest.mark.parametrize("number", NUMBERS)
def test_blanks_mistakes_and_solutions_are_answered_word_for_word(
    shell: InteractiveShell, number: str
) -> None:
    path = GOLDEN / f"{sources()[number].stem}.txt"
    told = transcript(shell, number)
    if os.environ.get("SAFESHOP_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_transcript_holds_every_question_in_every_state(number: str) -> None:
    text = (GOLDEN / f"{sources()[number].stem}.txt").read_text(encoding="utf-8")
    blank, rest = text.split("= mistakes =\n")
    mistakes, solution = rest.split("= solution =\n")
    known = json.loads((FOLDER / "en" / f"{sources()[number].stem}.ipynb").read_text(encoding="utf-8"))
    asked = known["metadata"]["safeshop"]["questions"]
    for question in asked:
        assert re.search(rf"^{question}-answer: (\[Check\] )?○ Not answered yet\.", blank, re.MULTILINE), (
            question
        )
        assert re.search(rf"^{question} [a-z-]+: ✗ Not yet\.$", mistakes, re.MULTILINE), question
        assert re.search(rf"^{question}-(answer|solution): ✓ Right\.$", solution, re.MULTILINE), question
    assert "✓" not in blank + mistakes
    assert "✗" not in blank + solution


@pytest.mark.parametrize("lang", [tag for tag in LANGUAGES if tag != "en"])
def test_every_mistake_has_its_own_words_in_every_language(lang: str) -> None:
    for number in NUMBERS:
        for question, said in read_key(number).texts[lang].items():
            english: KeyTexts = read_key(number).texts["en"][question]
            assert set(said.mistakes) == set(english.mistakes)
            words = [*said.mistakes.values(), said.right, *said.hints]
            assert len(set(words)) == len(words)
            for text in (*said.mistakes.values(), said.right):
                assert re.search("[一-鿿]", text), (number, question, text)
