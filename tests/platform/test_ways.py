"""Ways to sell: the same customers everywhere, and counts that another way of counting confirms."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import numpy as np
import pytest

from simlib.errors import SafeShopError
from simlib.platform import ways
from simlib.privacy import CONTACT, PLACES, Field, copies_of
from simlib.records import Run
from simlib.scenario import Scenario
from simlib.world import simulate
from tests.shops import PRESETS, scenario

DAYS = 60
every_way = pytest.mark.parametrize("way", ways.TRIED)


@lru_cache
def run_of(way: str, thief: bool = False) -> Run:
    shop = ways.arranged(scenario("taiwan-gift-shop"), way)
    return simulate(ways.robbed(shop, 20) if thief else shop, days=DAYS, seed=7)


@pytest.mark.slow
def test_the_same_people_order_the_same_goods_in_every_way() -> None:
    first = run_of("own-site")
    for way in ways.TRIED:
        run = run_of(way)
        for column in ("placed", "member", "amount"):
            assert np.array_equal(run.orders[column], first.orders[column]), (way, column)
        assert np.array_equal(run.lines["product"], first.lines["product"]), way


@every_way
def test_where_100_goes_is_what_each_orders_postings_say(way: str) -> None:
    run = run_of(way)
    names = run.postings.words["account"]
    books: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for order, account, amount in zip(
        run.postings["order"].tolist(),
        run.postings["account"].tolist(),
        run.postings["amount"].tolist(),
        strict=True,
    ):
        books[order][names[account]] += amount
    completed = run.orders.words["state"].index("completed")
    holders = ("payment_company", "escrow", "consignee")
    done = [
        book
        for order, book in books.items()
        if order >= 0
        and run.orders["state"][order] == completed
        # Paid out: no company still holds the money, and a platform that sells itself has paid.
        and not any(book[holder] for holder in holders)
        and book["seller"] > 0
    ]
    paid = sum(-book["buyer"] for book in done)
    expected = {
        "goods": sum(book["cost_of_goods"] for book in done),
        "courier": sum(book["shipping"] for book in done),
        "payment": sum(book["payment_fees"] for book in done),
        "platform": sum(book["platform_fees"] for book in done),
        "retailer": sum(book["retailer"] for book in done),
        "disputes": 0,
        "left": sum(book["seller"] - book["cost_of_goods"] for book in done),
    }
    found = ways.of_100(run)
    assert found == pytest.approx({name: 100 * amount / paid for name, amount in expected.items()})
    assert sum(found.values()) == pytest.approx(100)
    assert ways.earned(run) == pytest.approx(expected["left"] / 100)


def test_across_a_border_the_exchange_and_its_companies_have_their_share() -> None:
    run = simulate(scenario("taiwan-exporter-cross-border"), days=120, seed=7)
    done = set(np.flatnonzero(ways.sold(run)).tolist())
    assert len(done) > 20
    at_home = run.postings["currency"] == run.postings.words["currency"].index("TWD")
    seller = run.postings.words["account"].index("seller")
    received = sum(
        amount
        for order, account, amount, home in zip(
            run.postings["order"].tolist(),
            run.postings["account"].tolist(),
            run.postings["amount"].tolist(),
            at_home.tolist(),
            strict=True,
        )
        if order in done and account == seller and home
    )
    goods = sum(int(run.orders["goods_cost"][order]) for order in done)
    paid = sum(int(run.orders["amount"][order]) for order in done)
    found = ways.of_100(run)
    assert found["left"] == pytest.approx(100 * (received - goods) / paid)
    assert sum(found.values()) == pytest.approx(100)
    # Clearing company 0.6 % and operator 1 %, and what the rate did meanwhile.
    assert 0.5 < found["payment"] < 6


@every_way
def test_what_lies_within_reach_is_what_one_finds_going_through_all_copies(way: str) -> None:
    run = run_of(way)
    copies = copies_of(run)
    people, counts = set(), {"with": 0, "without": 0, "elsewhere": 0}
    for row in range(copies.rows):
        fields, place = Field(int(copies["fields"][row])), PLACES[copies["place"][row]]
        there = copies["since"][row] <= DAYS < copies["until"][row]
        if not (there and copies["form"][row] == 0 and fields & CONTACT):
            continue
        if place in ("shop", "platform", "mailbox"):
            people.add(int(copies["person"][row]))
            counts["with" if fields & Field.ADDRESS else "without"] += 1
        elif place in ("retailer", "consignee"):
            counts["elsewhere"] += 1
    assert ways.within_reach(copies, DAYS) == ways.Reach(
        len(people), counts["with"], counts["without"], counts["elsewhere"]
    )


def test_the_password_opens_nobody_only_where_somebody_else_sells() -> None:
    found = {way: ways.within_reach(copies_of(run_of(way)), DAYS).customers for way in ways.TRIED}
    assert {way for way, customers in found.items() if customers == 0} == {"self-run", "consignment"}
    assert found["marketplace"] == found["own-site"]


def test_the_ways_in_which_the_password_opens_nobody_leave_least_of_100() -> None:
    left = {way: ways.of_100(run_of(way))["left"] for way in ways.TRIED}
    assert set(sorted(left, key=lambda way: left[way])[:2]) == {"self-run", "consignment"}


@every_way
def test_a_thiefs_bank_account_is_paid_in_every_way(way: str) -> None:
    run = run_of(way, thief=True)
    amounts = [
        amount
        for account, amount in zip(run.postings["account"], run.postings["amount"], strict=True)
        if run.postings.words["account"][account] == "attacker"
    ]
    assert ways.stolen(run) == sum(amounts) / 100 > 0
    assert ways.stolen(run_of(way)) == 0


@every_way
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_tried_in_every_way(preset: str, way: str) -> None:
    shop = ways.arranged(scenario(preset), way)
    who = ways.way_roles(way)
    assert (shop.arrangement.trade, shop.arrangement.operator, shop.arrangement.mode) == (
        who.trade,
        who.operator,
        who.mode,
    )
    assert not any(method.on_delivery for method in shop.payment.methods)


def test_a_shop_that_sells_nothing_keeps_0_of_100() -> None:
    idle = simulate(
        ways.arranged(scenario("taiwan-gift-shop").changed(demand__orders_per_day=1e-6), "own-site"),
        days=5,
        seed=1,
    )
    assert set(ways.of_100(idle).values()) == {0.0}
    assert ways.earned(idle) == 0


def test_sales_are_the_completed_orders_of_the_period_with_their_amounts() -> None:
    shop = scenario("taiwan-gift-shop")
    run = simulate(shop, days=DAYS, seed=7)
    orders = run.orders
    mine = [
        order
        for order in range(orders.rows)
        if 10 <= orders["placed"][order] < 20 and orders.words["state"][orders["state"][order]] == "completed"
    ]
    for operator, parcel in (("own-site", shop.minor(shop.logistics.parcel_fee)), ("self-run", 0)):
        found = ways.sales(run, operator, 10, 20)
        assert [sale.amount for sale in found] == orders["amount"][mine].tolist()
        assert [sale.goods for sale in found] == orders["goods_cost"][mine].tolist()
        assert {sale.shipping for sale in found} == {parcel}
        assert {(sale.operator, sale.seller_place, sale.buyer_place) for sale in found} == {
            (operator, "tw", "tw")
        }
        assert [sale.method for sale in found] == [
            orders.words["payment_method"][orders["payment_method"][order]] for order in mine
        ]


def test_a_marketplace_takes_the_commission_of_its_currency() -> None:
    assert ways.commission("TWD") == 0.055
    assert ways.commission("HKD") == 0.05


def test_an_unknown_way_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SafeShopError) as wrong:
        ways.arranged(Scenario.load("taiwan-gift-shop"), "market-place")
    assert str(wrong.value) == (
        "The way to sell must be one of own-site, marketplace, self-run, consignment, contact-first, store-pickup, "
        "not market-place. Did you mean marketplace?"
    )
