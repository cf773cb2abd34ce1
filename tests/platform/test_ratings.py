"""Ratings: good for who delivers in time without a quarrel, bad for others, and always late."""

from __future__ import annotations

import numpy as np
import pytest

from simlib.errors import SafeShopError
from simlib.platform.credit import seller_credit
from simlib.platform.ratings import FalseReviews, credit_by_day, public_warning, ratings_of
from simlib.world import simulate
from tests.shops import scenario


def test_whoever_waited_too_long_or_quarrelled_rates_bad_and_everybody_else_good() -> None:
    shop = scenario("mainland-marketplace-store").changed(
        demand__orders_per_day=10,
        staff__packers=1,
        staff__packing__mean=45,
        disputes__share=0.2,
        reviews__share=0.9,
        disputes__steps=[
            {
                "name": "negotiation",
                "lasts": {"mean": 1, "unit": "days", "spread": 0.1},
                "settles": 1,
                "for_buyer": 0,
                "cost": "1",
            }
        ],
    )
    run = simulate(shop, days=40, seed=3)
    rated, ratings = ratings_of(run)
    frame = run.orders.pandas().dropna(subset=["reviewed"]).sort_values("reviewed", kind="stable")
    expected = [
        -1 if told + 2 < picked or not np.isnan(opened) else 1
        for told, picked, opened in zip(
            frame["seller_told"], frame["picked_up"], frame["dispute_opened"], strict=True
        )
    ]
    assert rated.tolist() == frame["reviewed"].tolist()
    assert ratings.tolist() == expected
    assert {-1, 1} == set(expected)
    assert frame["dispute_opened"].notna().any()


def test_false_reviews_count_from_their_day_until_they_are_removed() -> None:
    rated, ratings = np.array([1.0, 2.0]), np.array([1, 1])
    false = FalseReviews(3, 4, removed_after=2)
    history = credit_by_day(rated, ratings, 0.0, 7, false)
    assert [day.score for day in history] == [1, 2, -2, -2, 2, 2, 2]
    honest = credit_by_day(rated, ratings, 0.0, 7)
    for day in (1, 2, 5, 6, 7):
        assert history[day - 1] == honest[day - 1] == seller_credit(rated, ratings, 0.0, day)
    assert credit_by_day(rated, ratings, 0.0, 7, FalseReviews(3, 4))[-1].score == -2


@pytest.mark.parametrize(
    ("number", "removed_after"), [(-1, 5.0), (3, -1.0), (3, float("nan"))], ids=["number", "days", "nan"]
)
def test_false_reviews_that_cannot_be_are_refused(number: int, removed_after: float) -> None:
    with pytest.raises(SafeShopError) as refused:
        FalseReviews(1, number, removed_after)
    assert refused.value.sentence == (
        f"False reviews: number and days until removed must not be negative, not {number}, {removed_after}."
    )


def test_the_warning_comes_with_the_first_review_and_not_before() -> None:
    run = simulate(scenario("mainland-marketplace-store").changed(demand__orders_per_day=15), days=30, seed=1)
    warning = public_warning(run)
    frame = run.orders.pandas()
    assert warning.day == frame["reviewed"].min()
    assert warning.orders_before == int((frame["placed"] < frame["reviewed"].min()).sum())
    # Delivery, cooling-off and the time until people write lie before it.
    assert warning.day > run.scenario.cooling_off.days
    assert warning.credit_before.score == 0
    assert warning.credit_after.score == -1
    assert warning.credit_after.conversion < warning.credit_before.conversion


def test_without_any_review_nobody_is_ever_warned() -> None:
    shop = scenario("mainland-marketplace-store").changed(demand__orders_per_day=5, reviews__share=0)
    run = simulate(shop, days=20, seed=1)
    warning = public_warning(run)
    assert np.isnan(warning.day)
    assert warning.orders_before == run.orders.rows
    assert warning.credit_after == warning.credit_before
