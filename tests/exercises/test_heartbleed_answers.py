"""What the exercises on Heartbleed call right is what the model says."""

from __future__ import annotations

import itertools

import numpy as np

from simlib.attacker.heartbleed import Response, accounts_open, harvest
from simlib.attacker.server_memory import film
from simlib.course.answers import judge
from tests.exercises.conftest import bench, key

SEED = 10_000


def test_a_plan_is_right_exactly_if_nothing_is_open_from_the_third_day_on() -> None:
    memory = film(bench(SEED).run(days=30), 7, 14)
    week = harvest(memory, 7, 14, 7000, SEED)
    later = np.arange(week.end + 3, week.end + 14, 0.25)
    plans = itertools.product((0, 1, 3, 5), (1, 3, 5), (2, 3, 6))
    judged = []
    for new_keys, sessions, passwords in plans:
        response = Response(week.end, *(week.end + days for days in (new_keys, sessions, passwords)))
        shut = not accounts_open(week, response, later, "found").any()
        given = {"key": "found", "new_keys": new_keys, "sessions": sessions, "passwords": passwords}
        verdict = judge(key("07", "q1", SEED), given)
        assert (verdict.state == "right") == shut, given
        assert verdict.state == "right" or verdict.mistake, given
        judged.append(shut)
    assert 0 < sum(judged) < len(judged)
