from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.platform import credit
from simlib.platform.credit import (
    buyer_scores,
    cash_on_delivery_offered,
    level,
    levels,
    seller_credit,
    seniority,
)
from simlib.records import STATES, Table

histories = st.lists(st.tuples(st.floats(0, 1000), st.sampled_from([-1, 0, 1])), max_size=20)
moments = st.floats(0, 2000)


def of(history: list[tuple[float, int]], t: float, points: int = 0, joined: float = 0.0) -> credit.Credit:
    return seller_credit(
        [when for when, _mark in history], [mark for _when, mark in history], joined, t, points
    )


@given(histories, moments, st.integers(0, 60))
def test_trust_and_conversion_stay_within_their_bounds(
    history: list[tuple[float, int]], t: float, points: int
) -> None:
    """Row A10."""
    found = of(history, t, points)
    assert 0 <= found.trust <= 1
    assert value("conversion-least") <= found.conversion <= value("conversion-most")
    assert 0 <= found.level <= levels()
    assert 0 <= found.good_recently <= 1


@given(histories, moments, st.floats(0, 1000))
def test_a_good_rating_never_lowers_trust_and_a_bad_one_never_raises_it(
    history: list[tuple[float, int]], t: float, when: float
) -> None:
    before = of(history, t)
    assert of([*history, (when, 1)], t).trust >= before.trust
    assert of([*history, (when, -1)], t).trust <= before.trust


@given(histories, moments, st.integers(0, 60))
def test_violations_never_raise_trust(history: list[tuple[float, int]], t: float, points: int) -> None:
    assert of(history, t, points).trust <= of(history, t).trust


@given(histories, moments, st.floats(0, 1000))
def test_an_older_member_is_trusted_no_less(
    history: list[tuple[float, int]], t: float, longer: float
) -> None:
    assert of(history, t, joined=-longer).trust >= of(history, t).trust


@given(histories, moments)
def test_ratings_still_to_come_change_nothing(history: list[tuple[float, int]], t: float) -> None:
    known = [(when, mark) for when, mark in history if when <= t]
    assert of(history, t) == of(known, t)
    assert of([*history, (float("nan"), 1)], t) == of(history, t)


def test_credit_is_reckoned_as_documented() -> None:
    recent = [(350.0, 1)] * 6 + [(355.0, 0)] * 2 + [(360.0, -1)] * 2
    found = of([(50.0, 1)] * 30 + recent, 365.0, points=1)
    assert found.score == 36 - 2 - 5
    assert found.level == 2
    assert found.good_recently == pytest.approx((9 + 6) / (10 + 10))
    assert found.trust == pytest.approx(0.3 * 2 / 20 + 0.5 * 0.75 + 0.2 * 0.5)
    assert found.conversion == pytest.approx(0.5 + 0.8 * found.trust)


def test_the_documented_figures_are_those_of_the_facts() -> None:
    told = credit.__doc__ or ""
    assert value("credit-violation-points-score") == 5
    assert "5 × violation points" in told
    weights = [value(f"trust-weight-{name}") for name in ("level", "recent", "seniority")]
    assert sum(weights) == pytest.approx(1)
    assert all(f"{weight} ×" in told for weight in weights)
    assert (value("conversion-least"), value("conversion-most")) == (0.5, 1.3)
    assert (value("credit-recent-days"), value("credit-seniority-half-days")) == (180, 365)


@pytest.mark.parametrize(("score", "expected"), [(-5, 0), (3, 0), (4, 1), (10, 1), (11, 2), (10_000_001, 20)])
def test_levels_begin_where_the_ladder_says(score: int, expected: int) -> None:
    assert level(score) == expected


def test_each_step_of_the_ladder_is_higher_than_the_last() -> None:
    steps = value("credit-level-scores")
    assert all(low < high for low, high in pairwise(steps))
    assert level(steps[-1]) == levels() == 20


def test_one_year_of_membership_earns_half_of_what_age_can_earn() -> None:
    assert seniority(365.0) == 0.5
    assert seniority(0.0) == 0.0


def orders(rows: list[tuple[int, str, float]]) -> Table:
    return Table(
        {
            "member": np.array([row[0] for row in rows], dtype=np.int64),
            "state": np.array([STATES.index(row[1]) for row in rows], dtype=np.int8),
            "closed": np.array([row[2] for row in rows], dtype=float),
        },
        {"state": STATES},
    )


def test_a_buyers_score_rises_with_completed_orders_and_falls_with_refused_and_unpaid_ones() -> None:
    table = orders(
        [
            *[(0, "completed", 1.0)] * 3,
            (0, "completed", 9.0),
            (1, "refused", 1.0),
            (2, "unpaid", 1.0),
            (3, "open", float("nan")),
            (0, "refunded", 2.0),
        ]
    )
    scores = buyer_scores(table, 5.0, 5)
    assert scores.tolist() == [3, -3, -1, 0, 0]
    assert cash_on_delivery_offered(scores).tolist() == [True, False, True, True, True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([1.0], [2], 0.0, 1.0), "A rating must be 1 (good), 0 (neutral) or −1 (bad)."),
        (([1.0, 2.0], [1], 0.0, 1.0), "There are 2 moments for 1 ratings; give one each."),
        (([], [], 5.0, 1.0), "On day 1.0 the seller is not a member yet; he joins on day 5.0."),
    ],
)
def test_impossible_ratings_get_their_sentence(
    arguments: tuple[list[float], list[int], float, float], sentence: str
) -> None:
    with pytest.raises(SafeShopError) as told:
        seller_credit(*arguments)
    assert told.value.sentence == sentence


def test_credit_speaks_of_buyers() -> None:
    assert of([(1.0, 1)] * 4, 30.0).sentence() == (
        "Level 1 (score 4), 93 % good of late, member for 30 days: of 100 usual buyers 90 buy."
    )
