from __future__ import annotations

import pytest

from simlib.attacker import TASKS, course_of
from simlib.attacker.telling import incident_label, option_label, question_label, task_label, tell
from simlib.defence import OPTIONS
from simlib.languages import LANGUAGES, set_language
from simlib.records import INCIDENTS
from simlib.scenario import Defence
from tests.attacks import under
from tests.shops import scenario


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_can_happen_or_be_asked_has_words(language: str) -> None:
    set_language(language)
    try:
        said = [incident_label(kind) for kind in INCIDENTS] + [task_label(task) for task in TASKS]
        said += [question_label(kind) for kind in OPTIONS]
        assert len(set(said)) == len(said)
        for kind, options in OPTIONS.items():
            assert len({option_label(kind, option) for option in options}) == len(options)
    finally:
        set_language("en")


def test_a_row_of_the_log_is_told_in_a_line() -> None:
    set_language("en")
    shop = under(
        scenario("taiwan-gift-shop"), "leaked-orders-calls", defence=Defence(controls=("6.3", "15.1"))
    )
    lines = {
        tell("leaked-orders-calls", row.step, row.kind, row.what, row.amount)
        for seed in range(12)
        for row in course_of(shop, days=40, seed=seed).incidents
    }
    assert "noticed: Buyers complain" in lines
    assert "Tell the authority? Yes." in lines
    assert any(line.startswith("stopped: A service of yours is broken into — ") for line in lines)
    assert any(
        line.startswith("shut the attacker out: ") and line.endswith(" hours of work") for line in lines
    )
