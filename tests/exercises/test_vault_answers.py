"""What the exercises on the offline vault call right is what the model says."""

from __future__ import annotations

import pytest

from simlib.course.answers import judge
from simlib.course.practice import OWN_ORDERS
from simlib.privacy.offline_vault import Holding, touched, ways_in
from simlib.vault.sealing import DEFAULT_COST
from tests.exercises.conftest import key

SEED = 10_000


@pytest.mark.parametrize("orders_per_day", [OWN_ORDERS[0], OWN_ORDERS[-1]])
def test_two_ways_are_shut_exactly_with_a_stick_that_stays_and_five_words(orders_per_day: int) -> None:
    for words in range(1, 7):
        for stick in ("stays", "returns"):
            holding = Holding(
                orders_per_day,
                days_online=10,
                years=5,
                log_ins_per_week=5,
                days_unnoticed=14,
                password_words=words,
                stick_returns=stick == "returns",
                memory_kib=DEFAULT_COST.memory_kib,
                passes=DEFAULT_COST.passes,
            )
            expected = {reach.way: reach.expected for reach in ways_in(holding)}
            shut = expected["carrier"] == 0 and expected["disk"] < 1
            given = {"stick": stick, "years": 5, "log_ins": 5, "days": 14, "words": words}
            assert (judge(key("08", "q1", SEED), given).state == "right") == shut, given


def test_the_attacks_to_tick_are_those_that_the_vault_does_not_touch() -> None:
    numbers = {"skimmer": 3, "hole": 2, "invoice": 9, "price": 12, "token": 15}
    effects = {attack.number: attack.effect for attack in touched()}
    untouched = sorted(code for code, number in numbers.items() if effects[number] == "untouched")
    assert sorted(key("08", "q5", SEED).solution) == untouched
