"""A watched store: its standing can be put together again from what the run left behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simlib.platform.oversight import standing_of, watched_store
from simlib.records import Run
from simlib.scenario import MINOR_UNITS
from simlib.world import World, arrivals, simulate
from tests.shops import scenario

DAYS = 30


def store(**changes: Any) -> Any:
    return scenario("mainland-marketplace-store").changed(
        demand__orders_per_day=8, staff__packers=1, oversight__enforced=True, **changes
    )


SHOPS = {
    "good": store(),
    "leaky": store(oversight__incidents=[{"day": 5, "kind": "leaked-data"}]),
    "slow": store(staff__packing__mean=100),
    "both": store(staff__packing__mean=100, oversight__incidents=[{"day": 3, "kind": "quality"}]),
    "late news": store(oversight__incidents=[{"day": DAYS, "kind": "fake-goods"}]),
}


@pytest.mark.parametrize("shop", SHOPS.values(), ids=SHOPS)
def test_the_standing_read_from_a_run_is_the_one_the_platform_had(shop: Any) -> None:
    world = World(shop, DAYS, 7)
    world.env.process(arrivals(world))
    world.env.run(until=DAYS)
    read = standing_of(simulate(shop, days=DAYS, seed=7))
    had = world.oversight
    assert had is not None
    for t in np.linspace(0, DAYS, 61):
        assert read.points(t) == had.standing.points(t)
        assert read.consequence(t) == had.standing.consequence(t)
    assert [entry.violation.kind for entry in read.entries] == [
        entry.violation.kind for entry in had.standing.entries
    ]


def test_a_store_that_nobody_watches_has_no_points() -> None:
    incidents = [{"day": 2, "kind": "leaked-data"}]
    shop = store(oversight__incidents=incidents).changed(oversight__enforced=False)
    run = simulate(shop, days=DAYS, seed=7)
    assert standing_of(run).points(DAYS) == 0
    assert watched_store(run).held_back == 0


def sold(run: Run) -> float:
    frame = run.orders.pandas()
    return float(frame.loc[frame["paid"].notna(), "amount"].sum()) / MINOR_UNITS[run.scenario.currency]


def test_after_a_leak_fewer_order_and_what_was_sold_is_held_back() -> None:
    usual, leaky = (simulate(SHOPS[name], days=DAYS, seed=7) for name in ("good", "leaky"))
    before, after = watched_store(usual), watched_store(leaky)
    assert before.orders_per_day[:5].tolist() == after.orders_per_day[:5].tolist()
    # 24 points leave a fifth of the visitors.
    assert after.orders_per_day[5:].sum() < 0.35 * before.orders_per_day[5:].sum()
    assert [before.sales, after.sales] == pytest.approx([sold(usual), sold(leaky)])
    assert before.held_back == 0
    finished = leaky.orders.pandas().query("state == 'completed' and closed > 5")
    assert after.held_back == pytest.approx(finished["amount"].sum() / 100)
    assert finished["amount"].sum() > 0


def test_minutes_to_pack_are_the_mean_of_what_each_parcel_waited() -> None:
    run = simulate(SHOPS["slow"], days=DAYS, seed=7)
    frame = run.orders.pandas()
    waited = (frame["packed"] - frame["seller_told"]).dropna()
    assert watched_store(run).minutes_to_pack == pytest.approx(1440 * waited.mean())
