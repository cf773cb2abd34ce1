"""The drill: the group sees what the owner would know and nothing else, and the debrief tells the rest."""

from __future__ import annotations

import html
import re
from functools import lru_cache

import pytest

from simlib.attacker import campaign
from simlib.attacker.telling import question_label
from simlib.attacker.words import campaign_story, campaign_title, step_title
from simlib.languages import set_language
from simlib.panels import IncidentDrill
from tests.breaches import gift_shop, store

OWN = {
    *("seen", "found_late", "shop_stopped", "shop_reopened", "notice_late"),
    *("decided", "worked", "contained", "patched", "keys_renewed", "restored", "restore_failed", "rebuilt"),
    *("ransom_paid", "key_worthless", "notified", "customers_told"),
}
"""What an owner notices, is told of, or does himself."""


@lru_cache
def drill() -> IncidentDrill:
    set_language("en")
    return IncidentDrill([gift_shop(), store()])


def seen(panel: IncidentDrill) -> str:
    """All that stands on the screen during a drill."""
    buttons = " ".join(button.description for button in panel.buttons.children)
    shown = (panel.clock.value, panel.log.value, panel.asked.value, buttons, panel.end.value)
    return html.unescape(re.sub(r"<[^>]+>", " ", " ".join(shown)))


def press(panel: IncidentDrill, text: str) -> None:
    """Press the button that begins so."""
    next(button for button in panel.buttons.children if button.description.startswith(text)).click()


CASES = range(len(drill().cases))


@pytest.mark.parametrize("case", CASES, ids=lambda case: drill().cases[case][1])
def test_what_the_group_sees_holds_nothing_that_is_not_yet_detected(
    case: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IncidentDrill, "debriefing", lambda self: "OVER")
    panel = drill()
    panel.case.value = case
    panel.begin()
    attack = panel.attack
    secret = [campaign_title(attack), campaign_story(attack), attack]
    secret += [step_title(attack, step.name) for step in campaign(attack).steps]
    secret += [step.name for step in campaign(attack).steps]
    turns = 0
    while not panel.drill.over:
        course, now = panel.drill.course, panel.drill.t
        assert [word for word in secret if word in seen(panel)] == []
        assert all(row.kind in OWN and row.t <= now for _t, row in panel.told)
        known = min(course.first("seen"), course.first("found_late"), course.first("shop_stopped"))
        if known > now:
            assert "So far it is a day like any other." in seen(panel)
        if panel.drill.question is None:
            press(panel, "Let the clock run")
        else:
            assert question_label(panel.drill.question.kind) in seen(panel)
            panel.buttons.children[0].click()
        turns += 1
    assert turns >= 4
    assert panel.end.value == "OVER"
    assert panel.buttons.children == ()


def test_there_are_as_many_cases_as_attacks_that_leave_something_to_decide() -> None:
    names = [name for _shop, name, _attacker in drill().cases]
    assert len(set(names)) == len(names) >= 8
    assert "ransomware" in names
    assert [label for label, _place in drill().case.options] == [f"Case {place + 1}" for place in CASES]


def test_the_clock_runs_while_the_group_waits_and_the_debrief_tells_all() -> None:
    panel = drill()
    panel.case.value = [name for _shop, name, _attacker in panel.cases].index("ransomware")
    panel.begin()
    while panel.drill.question is None:
        press(panel, "Let the clock run")
    before, asked = panel.drill.t, panel.drill.question
    press(panel, "Wait 4 h")
    assert panel.drill.t == pytest.approx(before + 4 / 24)
    assert panel.drill.question is asked
    while panel.drill.question.kind != "pay":
        press(panel, "At once.")
    assert "The letter asks for 160,000 TWD." in seen(panel)
    press(panel, "Yes.")
    while not panel.drill.over:
        panel.buttons.children[0].click()
    text = seen(panel)
    assert campaign_title("ransomware") in text
    assert "ways to decide were tried on the same attack" in text
    assert panel.end.value.count("<img alt=") == 2
    panel.begin()
    assert panel.end.value == ""
    assert panel.drill.t == 0


def test_a_button_that_is_pressed_twice_answers_once() -> None:
    panel = drill()
    panel.begin()
    while panel.drill.question is None:
        press(panel, "Let the clock run")
    button = panel.buttons.children[0]
    button.click()
    answers, told = list(panel.drill.answers), len(panel.told)
    button.click()
    assert (panel.drill.answers, len(panel.told)) == (answers, told)
