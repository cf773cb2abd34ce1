"""What the exercises on break-ins call right is what the model says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simlib import panels
from simlib.course.answers import judge
from simlib.risk import Trials
from tests.exercises.conftest import bench, key

SEED = 10_000


@pytest.mark.parametrize("seed", [10_000, 31_415, 99_999])
def test_a_thief_who_stays_reads_the_window_and_the_days_until_he_is_found(seed: int) -> None:
    own = bench(seed).own
    orders, window, stay = own("orders", 12, 36), own("window", 8, 19), own("stay", 21, 40)
    comes = 100
    placed = [number / orders for number in range(200 * orders)]
    read = sum(when < comes + stay and when + window > comes for when in placed)
    assert key("06", "q2", seed).solution == pytest.approx(read, abs=1)


def test_the_story_is_told_by_those_whom_the_control_alone_keeps_from_the_database() -> None:
    trials = Trials(bench(SEED).shop, days=90, seed=SEED)
    panel = panels.what_if_attack({"shop": trials}, "shop-software-hole")
    mine = key("06", "q1", SEED)
    given = [{**panel.at_first, "attacker": number} for number in range(1, 41)]
    told = [judge(mine, read) for read in given]
    # Chosen by hand, the story is found; sent all together, most attackers do not tell it.
    assert 0 < sum(verdict.state == "right" for verdict in told) < 20
    wrong = {verdict.mistake for verdict in told if verdict.state == "wrong"}
    assert wrong <= {"no-difference", "nothing-to-stop"}
    for verdict, read in zip(told, given, strict=True):
        bare, guarded = (copied(trials, read, controls) for controls in ((), (read["control"],)))
        assert (verdict.state == "right") == (bare and not guarded), read


def copied(trials: Trials, read: Mapping[str, Any], controls: tuple[str, ...]) -> bool:
    """Whether the attacker at whom the panel stands gets as far as the database."""
    course, _loss = trials.trial(
        read["attack"], read["attacker"] - 1, trials.with_controls(controls), float(read["day"])
    )
    return any(incident.kind == "copies_taken" for incident in course.incidents)
