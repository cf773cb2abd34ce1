"""What the exercises on numbers without people call right is what the model says, counted a second time."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib import panels
from simlib.course.answers import Function, Number, judge
from simlib.facts import value
from simlib.people import buyers
from simlib.privacy.anonymising import LADDERS, generalised, outside_list
from simlib.privacy.differential import right_by_averaging, usual_error
from simlib.privacy.notices import ITEMS, example, required
from simlib.privacy.settings import SETTINGS, identifiable
from simlib.privacy.sharing import joint_sum, ways_to_fit
from tests.exercises.conftest import bench, key

SEED = 10_000
SIGNS = (10, 7, 4, 3)


def test_an_export_is_coarse_enough_exactly_if_age_is_told_and_fewer_than_two_of_the_known_are_found() -> (
    None
):
    export = buyers(bench(SEED).run(days=60))
    panel = panels.what_if_release(export, seed=SEED)
    mine = key("10", "q1", SEED)
    assert mine.solution.keys() == panel.at_first.keys()
    people, known = panel.at_first["people"], panel.at_first["known"]
    assert judge(mine, panel.at_first).mistake == "still-found"
    listed = outside_list(people, known, SEED)
    verdicts = set()
    for rungs in itertools.product(*LADDERS.values()):
        given = dict(zip(LADDERS, rungs, strict=True))
        rows = [tuple(row) for row in generalised(export.head(people), given).itertuples(index=False)]
        groups = Counter(rows)
        found = sum(1 / groups[rows[person]] for person in listed)
        right = given["birthday"] != "gone" and found < 2
        assert (judge(mine, panel.at_first | given).state == "right") == right, given
        verdicts.add(right)
    assert verdicts == {True, False}


def test_a_notice_leaves_open_what_is_not_said_and_a_period_without_an_end() -> None:
    unsaid = {item for item in required("tw").value if not example(item)}
    assert unsaid == {"territory", "refusal"}
    assert not any(sign.isdigit() for sign in example("retention"))
    assert set(key("10", "q3", SEED).solution) == unsaid | {"retention"}
    # The box of a question that Taiwan does not ask is there to be left alone.
    assert "automated" in set(ITEMS) - set(required("tw").value)


def test_the_share_alone_is_what_counting_rows_by_hand_gives() -> None:
    export = buyers(bench(SEED).run(days=60))
    rows = Counter(
        (born.year, place, sex)
        for born, place, sex in zip(export["birthday"], export["postcode"], export["sex"], strict=True)
    )
    mine = key("10", "q4", SEED)
    assert isinstance(mine, Number)
    assert mine.value == pytest.approx(100 * sum(size == 1 for size in rows.values()) / len(export))
    assert mine.wrong["lucky-guesses-too"] == pytest.approx(100 * len(rows) / len(export))


def test_of_the_six_sentences_the_model_bears_out_two() -> None:
    numbers = (41, 7, 23)
    joint = joint_sum(numbers)
    two_shares = ways_to_fit({1: 5, 2: 9}, 3, 11)
    export = buyers(bench(SEED).run(days=60)).head(300)
    shown = [
        identifiable(export, dict.fromkeys(SETTINGS, default), SEED).together for default in (True, False)
    ]
    true = {
        "exact": usual_error(0.1) < usual_error(1.0),
        "anew": right_by_averaging(0.5, 1_000) < 0.99,
        "few": usual_error(0.5) / 5 > usual_error(0.5) / 5_000,
        "shares": len(set(two_shares)) > 1,
        "allies": joint.total - numbers[0] - numbers[1] == numbers[2],
        "first": shown[0] == shown[1],
    }
    assert sorted(key("10", "q5", SEED).solution) == sorted(name for name, holds in true.items() if holds)


def test_the_weeks_are_those_that_whole_tenths_of_the_budget_pay_for() -> None:
    for seed in range(SEED, SEED + 60):
        own = bench(seed).own
        budget, asked, price, weekly = (
            *(own("budget", 40, 70), own("asked", 4, 6)),
            *(own("price", 2, 4), own("weekly", 2, 4)),
        )
        mine = key("10", "q6", seed)
        assert isinstance(mine, Number)
        assert mine.value == (budget - asked * price) // weekly
        assert mine.wrong["student-forgotten"] == budget // weekly
        assert ("part-of-an-answer" in mine.wrong) == bool((budget - asked * price) % weekly)


@pytest.mark.parametrize("written", ["{} weeks", "{} week", "{}週", "{} 周", "{} 個星期", "{} 个星期", "{}"])
def test_weeks_may_be_written_in_every_language(written: str) -> None:
    mine = key("10", "q6", SEED)
    assert judge(mine, written.format(mine.solution)).state == "right"
    assert judge(mine, f"{mine.solution} days").detail == ("The answer is asked for in weeks, not in “days”.")


BIRTHDAYS = st.lists(
    st.builds("{}-0{}-1{}".format, st.integers(1958, 1972), st.integers(1, 3), st.integers(0, 2)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60)
@given(birthdays=BIRTHDAYS, k=st.integers(1, 6))
def test_as_many_signs_are_told_as_leave_no_group_smaller_than_k(birthdays: list[str], k: int) -> None:
    mine = key("10", "q7", SEED)
    assert isinstance(mine, Function)
    smallest = {signs: min(Counter(one[:signs] for one in birthdays).values()) for signs in SIGNS}
    assert mine.right(birthdays, k) == max(
        (signs for signs, size in smallest.items() if size >= k), default=0
    )


def test_the_list_that_somebody_knows_is_as_long_as_the_question_says() -> None:
    # The number stands in the sentence of the question, since a text cannot be worked out.
    assert value("outside-list-people") == 50
