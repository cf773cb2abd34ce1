from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.scenario import Scenario
from simlib.shop import customers as room
from simlib.shop.customers import arrivals, customers
from simlib.streams import PURPOSES, TICK, stream
from simlib.world import simulate
from tests.shops import lengths, scenario, scenarios, seeds


class Late:
    """Chance that puts every visit into the last moment of its day."""

    def poisson(self, rate: float, size: int) -> np.ndarray:
        return np.full(size, 2)

    def random(self, size: int) -> np.ndarray:
        return np.full(size, np.nextafter(1, 0))


def test_a_visit_just_before_midnight_stays_in_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "stream", lambda *_purpose: Late())
    visited, per_day = arrivals(scenario("taiwan-gift-shop"), 3, 1)
    assert visited.tolist() == [day + 1 - TICK for day in (0, 0, 1, 1, 2, 2)]
    assert per_day.tolist() == [2, 2, 2]


@given(scenarios(), lengths, seeds)
@settings(max_examples=12)
def test_every_draw_has_one_entry_an_order_and_the_orders_come_as_placed(
    shop: Scenario, days: int, seed: int
) -> None:
    drawn = customers(shop, days, seed)
    placed = drawn.visited + drawn.browsing + drawn.checkout
    assert (np.diff(placed) >= 0).all()
    assert ((drawn.visited >= 0) & (drawn.visited < days)).all()
    assert drawn.first_line[-1] == len(drawn.product) == len(drawn.pieces) == len(drawn.unit_price)
    for name in ("member", "method", "packing", "transit", "door", "returned", "reviews", "enquires"):
        assert len(getattr(drawn, name)) == len(placed), name
    for name in ("redirect", "authentication", "attempt", "retry"):
        assert getattr(drawn, name).shape == (len(placed), 5), name


def test_bargain_hunters_are_new_members_with_one_piece_of_the_product() -> None:
    base = scenario("taiwan-gift-shop")
    error = {"sku": base.catalogue[2].sku, "price": "1", "starts_day": 1.0, "noticed_after_hours": 6.0}
    drawn = customers(base.changed(price_errors=[error | {"extra_orders_per_hour": 5}]), 4, 1)
    ordinary = len(customers(base, 4, 1).members_joined)
    hunters = np.flatnonzero(drawn.member >= ordinary)
    assert 10 < len(hunters) < 60
    assert sorted(drawn.member[hunters]) == list(range(ordinary, ordinary + len(hunters)))
    for order in hunters:
        first, last = drawn.first_line[order], drawn.first_line[order + 1]
        assert (drawn.product[first:last].tolist(), drawn.pieces[first:last].tolist()) == ([2], [1])
        assert drawn.members_joined[drawn.member[order]] == drawn.visited[order]
        assert 1 <= drawn.visited[order] < 1.25


RARE = {
    "deals",
    "decision",
    "offer",
    "fulfilment",
    "store visit",
    "loss",
    "disputes",
    "dispute steps",
    "dispute settles",
    "dispute outcome",
    "chargebacks",
    "chargeback delay",
    "visibility",
}
"""Purposes that are drawn from only where it can happen; a plain shop never does."""


ELSEWHERE = {"screening", "outside list", "picking out", "release noise", "buyer settings"}
"""Purposes that decide nothing about an order: what a platform, an attacker or a report does with it later."""


def test_no_stream_is_drawn_from_for_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int]] = []

    def watched(seed: int, purpose: str, branch: int = 0) -> np.random.Generator:
        opened.append((purpose, branch))
        return stream(seed, purpose, branch)

    monkeypatch.setattr(room, "stream", watched)
    base = scenario("taiwan-gift-shop")
    error = {"price": "1", "starts_day": 1.0, "noticed_after_hours": 6.0, "extra_orders_per_hour": 5}
    customers(base.changed(price_errors=[error | {"sku": item.sku} for item in base.catalogue[:2]]), 4, 1)
    assert sorted(opened) == sorted(set(opened))
    attackers = {purpose for purpose in PURPOSES if purpose.startswith(("attack", "memory"))}
    assert {purpose for purpose, _branch in opened} == set(PURPOSES) - ELSEWHERE - RARE - attackers


def test_visits_follow_the_hours_of_the_day() -> None:
    shop = scenario("taiwan-gift-shop").changed(demand__orders_per_day=2000)
    visited, per_day = arrivals(shop, 20, 1)
    count = len(visited)
    share = np.bincount((visited % 1 * 24).astype(int), minlength=24) / count
    p = np.array(shop.demand.hourly_visits) / sum(shop.demand.hourly_visits)
    assert (np.abs(share - p) < 4.5 * np.sqrt(p * (1 - p) / count)).all()
    # The number of a day is Poisson: mean and variance agree.
    assert abs(per_day.mean() - 2000) < 4.5 * np.sqrt(2000 / 20)


def test_hours_without_weight_have_no_visits() -> None:
    weights = tuple(float(hour in (0, 7, 23)) for hour in range(24))
    visited, _per_day = arrivals(scenario("taiwan-gift-shop").changed(demand__hourly_visits=weights), 50, 1)
    assert set((visited % 1 * 24).astype(int).tolist()) == {0, 7, 23}


def test_the_funnel_has_the_stated_shares() -> None:
    run = simulate(scenario("taiwan-gift-shop"), days=60, seed=1)
    visits, carts, checkouts = (int(run.traffic[name].sum()) for name in ("visits", "carts", "checkouts"))
    demand = run.scenario.demand
    for part, whole, p in (
        (carts, visits, demand.visit_to_cart),
        (checkouts, carts, demand.cart_to_checkout),
    ):
        assert abs(part / whole - p) < 4.5 * np.sqrt(p * (1 - p) / whole)


def test_the_stated_share_of_orders_is_by_members_of_before() -> None:
    run = simulate(scenario("taiwan-gift-shop"), days=60, seed=1)
    joined = run.members["joined"][run.orders["member"]]
    before = (joined < run.orders["visited"]).mean()
    p = run.scenario.demand.returning
    assert abs(before - p) < 4.5 * np.sqrt(p * (1 - p) / run.orders.rows)
