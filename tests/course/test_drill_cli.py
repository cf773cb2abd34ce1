"""The drill in a terminal: played to its end by Enter and numbers, silent about what the owner cannot know."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from simlib.attacker import Drill, campaign
from simlib.attacker.words import campaign_story, campaign_title, step_title
from simlib.course import drill_cli
from simlib.languages import set_language
from simlib.risk import debrief, decisions_text
from simlib.risk.tabletop import FIRST_DAY, cases
from tests.breaches import DAYS, SEED, gift_shop, store

SHOPS = {"taiwan-gift-shop": gift_shop, "mainland-marketplace-store": store}


@pytest.fixture(autouse=True)
def shops_run_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command gets the shops that other tests have run already, if it asks for these."""
    made = drill_cli.shops

    def shops(presets: Any, seed: int) -> Any:
        if seed == SEED and set(presets) <= set(SHOPS):
            return [SHOPS[name]() for name in presets]
        return made(presets, seed)

    monkeypatch.setattr(drill_cli, "shops", shops)
    set_language("en")
    yield
    set_language("en")


class Group:
    """Sits at the terminal: presses Enter to let the clock run, types these numbers first, and 1 from then on."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *typed: str) -> None:
        self.capsys, self.typed = capsys, list(typed)
        self.read: list[str] = []

    def answer(self, prompt: str) -> str:
        """What the group types at a prompt, after it has read the screen."""
        self.read.append(self.capsys.readouterr().out)
        if not prompt.startswith(("Number", "請輸入編號", "请输入编号")):
            return ""
        return self.typed.pop(0) if self.typed else "1"


def ransomware() -> tuple[int, Any]:
    """Number of the case with ransomware, and the case."""
    known = cases([gift_shop(), store()])
    place = [name for _shop, name, _attacker in known].index("ransomware")
    return place + 1, known[place]


def by_hand() -> Any:
    """The same case by the drill alone: four hours of hesitation, then always the first answer."""
    _number, (shop, attack, attacker) = ransomware()
    drill = Drill(shop.attacked(attack, attacker, day=FIRST_DAY), days=shop.days, seed=shop.seed + attacker)
    hesitated = False
    while not drill.over:
        drill.advance()
        if drill.question is not None and not hesitated:
            drill.wait(4)
            hesitated = True
        if drill.question is not None:
            drill.answer(drill.question.options[0])
    return debrief(drill, shop.calm)


def test_a_scripted_case_is_played_to_the_debrief_of_its_own_decisions(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], safeshop: Any
) -> None:
    number, (_shop, attack, _attacker) = ransomware()
    # Of the first question's six lines the fifth is to wait four hours.
    group = Group(capsys, "", "0", "9", "5")
    monkeypatch.setattr("builtins.input", group.answer)
    code, end, wrong = safeshop("drill", str(number))
    assert (code, wrong, group.typed) == (0, "", [])
    before = "".join(group.read)
    assert before.count("Type a number from 1 to 6.\n") == 3
    assert "The letter asks for 160,000 TWD." in before
    secret = [campaign_title(attack), campaign_story(attack)]
    secret += [step_title(attack, step.name) for step in campaign(attack).steps]
    assert [word for word in secret if word in before] == []
    assert all(word in end for word in secret[:2])
    assert any(word in end for word in secret[2:])
    found = by_hand()
    row = next(line for line in end.splitlines() if re.match(r"\W*your way\b", line) and "│" in line)
    sums = (found.own.loss.total, found.own.loss.customers, found.own.harm)
    assert re.findall(r"[\d,]+", row) == [f"{round(amount):,}" for amount in sums]
    assert f"your way: {decisions_text(found.own)}\n" in end
    assert f"{len(found.ways)} ways to decide were tried on the same attack." in end


@pytest.mark.parametrize("lang", ["zh-Hant", "zh-Hans"])
def test_a_case_is_told_in_the_chosen_language_from_beginning_to_end(
    lang: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], safeshop: Any
) -> None:
    group = Group(capsys, "2")
    monkeypatch.setattr("builtins.input", group.answer)
    code, end, _wrong = safeshop("drill", "--lang", lang)
    assert code == 0
    said = "".join(group.read) + end
    assert re.findall(r"[A-Za-z]{3,} [A-Za-z]{3,}", said) == []
    # An answer that another question of the course uses, too, once came in that question's words.
    assert "不要。" in said
    assert "不受" not in said
    assert {"zh-Hant": "你們的做法", "zh-Hans": "你们的做法"}[lang] in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("x",), "A case is a number such as 3, not “x”."),
        (("0",), "A case is a number such as 3, not “0”."),
        (("99",), "There is no case 99; there are 1 to {count}."),
        (("1", "--lang", "fr"), "The language must be one of en, zh-Hant, zh-Hans, not fr."),
        (("1",), "The drill was left before its end; the same command begins the case again."),
    ],
)
def test_bad_input_is_answered_by_one_sentence(
    arguments: tuple[str, ...],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    safeshop: Any,
) -> None:
    def gone(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", gone)
    code, _out, wrong = safeshop("drill", *arguments)
    count = len(cases([gift_shop(), store()]))
    assert (code, wrong) == (1, sentence.format(count=count) + "\n")


def test_a_wrong_shop_is_refused_before_any_is_run(monkeypatch: pytest.MonkeyPatch, safeshop: Any) -> None:
    monkeypatch.setattr("simlib.risk.Trials", None)
    code, _out, wrong = safeshop("drill", "1", "--preset", "taiwan-gift-shop", "--preset", "gift-shap")
    assert (code, wrong.count("\n")) == (1, 1)
    assert "gift-shap" in wrong


def test_the_terminal_has_the_cases_of_the_lesson_and_needs_no_widgets() -> None:
    assert (list(drill_cli.PRESETS), drill_cli.DAYS, drill_cli.SEED) == (list(SHOPS), DAYS, SEED)
    code = "import sys, simlib.course.drill_cli, simlib.risk.tabletop; print('ipywidgets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
