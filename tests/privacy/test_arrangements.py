"""The same customers leave other copies with other parties, depending on who sells on whose ground."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.privacy import CONTACT, ONLINE, POLICIES, Field, copies_of, copies_taken, policy, web_place
from simlib.records import Run
from simlib.world import simulate
from tests.shops import DAYS, run_of, runs, scenario, words

WAYS: dict[str, dict[str, str]] = {
    "own site": {"operator": "own-site"},
    "platform-run": {"operator": "platform-run"},
    "self-run": {"operator": "self-run"},
    "hybrid": {"operator": "hybrid"},
    "consignment": {"operator": "platform-run", "mode": "consignment"},
    "contact first": {"operator": "platform-run", "mode": "contact-first", "trade": "B2B"},
    "store pick-up": {"operator": "own-site", "trade": "O2O"},
}

HELD: dict[str, set[str]] = {
    "own site": {"shop"},
    "platform-run": {"platform"},
    "self-run": {"retailer"},
    "hybrid": {"platform", "retailer"},
    "consignment": {"consignee"},
    "contact first": {"platform", "mailbox"},
    "store pick-up": {"shop"},
}
"""Where the records of orders lie, courier and payment company left out."""


@lru_cache
def run_as(way: str) -> Run:
    """The gift shop's customers under one way to sell; everything is kept."""
    base = scenario("taiwan-gift-shop")
    articles = [item.model_dump() for item in base.catalogue]
    for article in articles[:3]:
        article["sold_by_platform"] = way == "hybrid"
    arrangement = {"trade": "B2C", "mode": "direct", **WAYS[way]}
    shop = base.changed(
        arrangement=arrangement,
        catalogue=articles,
        retention={
            **base.retention.model_dump(),
            "orders_leave": "never",
            "members_leave": "never",
            "platform_days": 10_000,
        },
    )
    return simulate(shop, days=DAYS, seed=1)


def held(run: Run, place: str, record: str = "order") -> dict[int, tuple[int, float, float]]:
    """Number → (fields, since, until) of the only copy at a place."""
    copies = run.copies
    mine = copies.where("place", place) & copies.where("record", record)
    numbers = copies["number"][mine].tolist()
    assert len(set(numbers)) == len(numbers)
    content = zip(*(copies[name][mine].tolist() for name in ("fields", "since", "until")), strict=True)
    return dict(zip(numbers, content, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_sell_meets_the_same_customers(way: str) -> None:
    one, other = run_as("own site"), run_as(way)
    for name in ("visited", "carted", "placed", "member", "amount", "payment_method"):
        assert np.array_equal(one.orders[name], other.orders[name]), name
    for table in ("lines", "members", "traffic"):
        assert one.tables[table].same_as(other.tables[table])


@pytest.mark.parametrize("way", WAYS)
def test_each_order_lies_with_whoever_sells_and_with_nobody_else(way: str) -> None:
    run = run_as(way)
    places = HELD[way] - {"mailbox"}
    where = {place: held(run, place) for place in places}
    found = [order for kept in where.values() for order in kept]
    # One copy an order, in one place, from the moment it is placed; none is lost and none is held twice.
    assert sorted(found) == list(range(run.orders.rows))
    for kept in where.values():
        assert all(since == run.orders["placed"][order] for order, (_f, since, _u) in kept.items())
        assert all(until > DAYS for _fields, _since, until in kept.values())
    copies = run.copies
    rows = copies.where("record", "order")
    all_places = {copies.words["place"][code] for code in copies["place"][rows]}
    assert all_places - {"courier", "payment_company"} == HELD[way]


@pytest.mark.parametrize("way", ["self-run", "consignment"])
def test_where_a_third_party_sells_nothing_lies_within_the_sellers_reach(way: str) -> None:
    copies = run_as(way).copies
    assert not copies_taken(copies, ONLINE, fields=Field(255)).any()
    members = copies.where("record", "member")
    assert {copies.words["place"][code] for code in copies["place"][members]} == HELD[way]


@pytest.mark.parametrize("way", ["self-run", "consignment"])
@pytest.mark.parametrize("name", POLICIES)
def test_no_policy_of_the_seller_moves_what_lies_with_a_third_party(way: str, name: str) -> None:
    run = run_as(way)
    chosen = policy(name, run.scenario.retention)
    copies = copies_of(run, chosen)
    for place in ("vault", "erp", *ONLINE):
        assert not copies.where("place", place).any(), place
    (place,) = HELD[way]
    assert copies.where("place", place).sum() >= run.orders.rows + run.members.rows


def test_a_hybrid_platform_keeps_the_buyers_of_its_own_articles_and_shows_the_seller_the_others() -> None:
    run = run_as("hybrid")
    own = {
        order
        for order in range(run.orders.rows)
        if (run.lines["product"][run.lines["order"] == order] < 3).all()
    }
    assert held(run, "retailer").keys() == own
    assert held(run, "platform").keys() == set(range(run.orders.rows)) - own
    assert 200 < len(own) < run.orders.rows - 200
    assert held(run, "platform", "member").keys() == set(range(run.members.rows))


def test_buyers_who_ask_first_leave_their_data_in_the_mailbox_and_no_export_takes_them_out() -> None:
    run = run_as("contact first")
    for name in POLICIES:
        copies = copies_of(run, policy(name, run.scenario.retention))
        mailbox = copies.where("place", "mailbox")
        assert copies["number"][mailbox].tolist() == list(range(run.orders.rows))
        assert np.isinf(copies["until"][mailbox]).all()
        assert (copies["since"][mailbox] == run.orders["placed"]).all()
        assert copies_taken(copies, ("mailbox",), fields=CONTACT).sum() == run.orders.rows
    others = [way for way in WAYS if way != "contact first"]
    assert not any(run_as(way).copies.where("place", "mailbox").any() for way in others)


def test_the_mailbox_keeps_also_those_who_made_no_deal() -> None:
    run = run_of("taiwan-exporter-cross-border")
    none = np.flatnonzero(run.orders.where("state", "no_deal"))
    assert len(none) > 50
    assert set(none.tolist()) <= held(run, "mailbox").keys()


def test_who_fetches_his_goods_leaves_no_address_and_no_courier_a_copy() -> None:
    run = run_as("store pick-up")
    copies = run.copies
    assert not (copies["fields"] & int(Field.ADDRESS)).any()
    assert not copies.where("place", "courier").any()
    others = run_as("own site").copies
    assert (others["fields"] & int(Field.ADDRESS)).any()
    assert others.where("place", "courier").any()
    # Name and telephone number are still there: he must be told that the parcel is ready.
    orders = held(run, "shop")
    assert all(fields & int(Field.NAME) and fields & int(Field.PHONE) for fields, _s, _u in orders.values())


def test_masking_an_address_that_nobody_has_leaves_no_empty_copies() -> None:
    run = run_as("store pick-up")
    chosen = {**run.scenario.retention.model_dump(), "mask_after_days": 1, "mask_fields": ["address"]}
    copies = copies_of(run, type(run.scenario.retention).model_validate(chosen))
    assert (copies["fields"] != 0).all()
    assert not copies.where("form", "masked").any()


def check_holders(run: Run) -> None:
    """In any shop: each order lies once where it must; third parties' orders never within the seller's reach."""
    copies: Any = run.copies
    is_order = copies.where("record", "order")
    route = words(run, "orders", "route")
    place = [copies.words["place"][code] for code in copies["place"]]
    usual = web_place(run.scenario)
    web = {"shop", "platform", "retailer", "consignee"}
    first: dict[int, set[str]] = {}
    for row in np.flatnonzero(is_order).tolist():
        order = int(copies["number"][row])
        if place[row] in web:
            first.setdefault(order, set()).add(place[row])
        if route[order] in ("retailer", "consignee"):
            assert place[row] not in (*ONLINE, "vault")
        if place[row] == "mailbox":
            assert run.scenario.arrangement.mode == "contact-first"
        if run.scenario.arrangement.trade == "O2O":
            assert place[row] != "courier"
            assert not copies["fields"][row] & int(Field.ADDRESS)
    for order, places in first.items():
        assert places == {"retailer" if route[order] == "retailer" else usual}


@given(runs())
@settings(max_examples=12)
def test_each_order_lies_once_and_never_within_the_sellers_reach_if_a_third_party_sold_it(run: Run) -> None:
    check_holders(run)
