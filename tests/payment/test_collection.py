"""The books say of every order what its life says, on each of the five routes that money takes."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.payment.collection import ROUTES, Collection
from simlib.payment.ledger import Ledger
from simlib.records import Run
from simlib.scenario import Scenario
from simlib.world import simulate
from tests.payment.expected import (
    NEVER,
    booked_money,
    expected_money,
    lives,
    payee_at,
    route_of,
    to_payee,
    without_nothing,
)
from tests.shops import PRESETS, count_of, reached, run_of, runs, scenario, words


def check_money(run: Run) -> None:
    """Order by order: what the books say is what its life says."""
    back, steps = count_of(run, "returned_to_sender"), count_of(run, "dispute_step")
    for life, booked in zip(lives(run), booked_money(run), strict=True):
        times = reached(run, life.order)
        parcels = sum(name in times for name in ("picked_up", "return_received")) + int(back[life.order])
        expected = expected_money(run, life, parcels, int(steps[life.order]))
        assert without_nothing(booked) == without_nothing(expected), life


def check_end(run: Run) -> None:
    """Whatever a buyer has paid and not got back is with somebody; what went back went back whole."""
    for life, booked in zip(lives(run), booked_money(run), strict=True):
        currency = run.scenario.currency
        if life.route == "cross-border":
            currency = run.scenario.payment.cross_border.buyer_currency
        if life.paid == NEVER or life.given_back < NEVER:
            assert booked["buyer", currency] == 0
        for one in {currency, run.scenario.currency}:
            assert sum(amount for (_account, of), amount in booked.items() if of == one) == 0


def check_payouts(run: Run) -> None:
    """Payout day by payout day and payee by payee: the ledger's payouts are those due by the orders, to the cent."""
    due: Counter[tuple[float, str, str]] = Counter()
    for life in lives(run):
        if life.paid_out < NEVER and to_payee(run, life):
            due[life.paid_out, payee_at(run.scenario, life.paid_out), life.route] += to_payee(run, life)
    rows = run.postings
    route = words(run, "orders", "route")
    paid: Counter[tuple[float, str, str]] = Counter()
    kinds = [rows.code("kind", kind) for kind in ("settlement", "escrow_release")]
    payees = [rows.code("account", payee) for payee in ("seller", "attacker")]
    for row in np.flatnonzero(np.isin(rows["kind"], kinds) & np.isin(rows["account"], payees)).tolist():
        payee = rows.words["account"][rows["account"][row]]
        paid[float(rows["t"][row]), payee, route[rows["order"][row]]] += int(rows["amount"][row])
    assert paid == due
    # And the log tells of each of them, with what left for the bank.
    told = run.events.where("kind", "paid_out")
    assert run.events["amount"][told].sum() == sum(due.values())
    assert (count_of(run, "paid_out") == [life.paid_out < NEVER for life in lives(run)]).all()


CHECKS = [check_money, check_end, check_payouts]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("check", CHECKS, ids=["books", "end", "payouts"])
def test_the_money_of_every_order_is_where_its_life_says_in_every_preset(preset: str, check: Any) -> None:
    check(run_of(preset))


@given(runs())
@settings(max_examples=15)
def test_the_money_of_every_order_is_where_its_life_says_in_any_shop(run: Run) -> None:
    for check in CHECKS:
        check(run)


@pytest.mark.parametrize(
    "preset", ["hongkong-own-site", "taiwan-exporter-cross-border", "mainland-marketplace-store"]
)
def test_of_a_free_order_that_went_back_nothing_is_paid_out_afterwards(preset: str) -> None:
    base = refusing(preset)
    free = [item.model_copy(update={"price": Decimal(0)}).model_dump() for item in base.catalogue]
    run = simulate(base.changed(catalogue=free), days=30, seed=1)
    assert run.orders.where("state", "refunded").sum() > 3
    for check in CHECKS:
        check(run)


def check_routes(run: Run) -> None:
    for order, route in enumerate(words(run, "orders", "route")):
        products = run.lines["product"][run.lines["order"] == order].tolist()
        assert route == route_of(run.scenario, products)


@given(runs())
@settings(max_examples=15)
def test_money_goes_the_way_of_whoever_sells(run: Run) -> None:
    check_routes(run)


def hybrid() -> Scenario:
    base = scenario("mainland-marketplace-store")
    articles = [item.model_dump() for item in base.catalogue]
    articles[0]["sold_by_platform"] = articles[3]["sold_by_platform"] = True
    return base.changed(arrangement__operator="hybrid", catalogue=articles)


def test_all_five_routes_are_met() -> None:
    met = {route for preset in PRESETS for route in words(run_of(preset), "orders", "route")}
    assert met == set(ROUTES)


def test_a_hybrid_platform_takes_the_orders_for_its_own_articles_and_leaves_the_others_in_escrow() -> None:
    run = simulate(hybrid(), days=30, seed=1)
    check_routes(run)
    for check in CHECKS:
        check(run)
    share = {route: int(run.orders.where("route", route).sum()) for route in ROUTES}
    assert share["retailer"] > 100
    assert share["escrow"] > 100
    assert share["retailer"] + share["escrow"] == run.orders.rows


@pytest.mark.parametrize("preset", PRESETS)
def test_amounts_are_whole_numbers_everywhere(preset: str) -> None:
    run = run_of(preset)
    for table, column in (
        ("postings", "amount"),
        ("orders", "amount"),
        ("lines", "unit_price"),
        ("events", "amount"),
    ):
        assert run.tables[table][column].dtype == np.int64


def refusing(name: str) -> Scenario:
    """A preset in which half of the buyers send their goods back."""
    base = scenario(name)
    if base.cooling_off.days == 0:
        base = base.changed(cooling_off={"days": 7, "runs_from": "receipt", "basis": "shop-policy"})
    return base.changed(returns__share=0.5, demand__orders_per_day=15)


def refused_to_all(name: str) -> Run:
    """A month of it."""
    return simulate(refusing(name), days=30, seed=1)


@pytest.mark.parametrize("preset", PRESETS)
def test_refunds_are_the_payments_of_the_orders_that_went_back_and_were_not_charged_back(preset: str) -> None:
    run = refused_to_all(preset)
    check_money(run)
    rows, crossing = run.postings, run.scenario.payment.collection == "cross-border"
    assert run.orders.where("state", "refunded").sum() > 3
    buyer = rows.where("account", "buyer")
    moved = {
        kind: dict(zip(rows["order"][mine].tolist(), rows["amount"][mine].tolist(), strict=True))
        for kind in ("payment", "refund", "chargeback")
        for mine in [rows.where("kind", kind) & buyer]
    }
    ended = [run.orders.where("state", state) for state in ("refunded", "out_of_stock", "lost")]
    got_back = np.any(ended, axis=0) & ~np.isnan(run.orders["paid"])
    expected = set(np.flatnonzero(got_back).tolist()) - moved["chargeback"].keys()
    assert moved["refund"].keys() == expected
    assert all(moved["refund"][order] == -moved["payment"][order] for order in expected)
    if not crossing:
        assert sum(moved["refund"].values()) == run.orders["amount"][sorted(expected)].sum()


def test_cash_refunded_before_it_was_settled_comes_from_the_seller_and_the_courier_still_pays() -> None:
    base = scenario("taiwan-gift-shop")
    cash = [method for method in base.payment.methods if method.on_delivery]
    changes = {"payment__methods": cash, "payment__settlement_days": 30.0, "returns__share": 1.0}
    run = simulate(base.changed(**changes), days=70, seed=1)
    check_money(run)
    refund, settlement = (
        dict(
            zip(
                run.postings["order"][rows].tolist(),
                run.postings["t"][rows].tolist(),
                strict=True,
            )
        )
        for rows in (
            run.postings.where("kind", kind) & run.postings.where("account", "seller")
            for kind in ("refund", "settlement")
        )
    )
    both = refund.keys() & settlement.keys()
    assert len(both) > 50
    assert all(refund[order] < settlement[order] for order in both)


def store(**changes: Any) -> Scenario:
    """The marketplace store with fewer orders."""
    return scenario("mainland-marketplace-store").changed(demand__orders_per_day=15, **changes)


def kinds_of(run: Run) -> dict[str, set[int]]:
    """Kind of transaction → orders that have one."""
    rows = run.postings
    return {
        kind: set(rows["order"][rows.where("kind", kind)].tolist())
        for kind in ("refund", "escrow_release", "settlement")
    }


def test_escrow_released_at_completion_is_never_released_after_a_refund() -> None:
    run = simulate(store(returns__share=0.5), days=60, seed=1)
    check_money(run)
    kinds = kinds_of(run)
    assert kinds["refund"]
    assert kinds["escrow_release"]
    assert not kinds["refund"] & kinds["escrow_release"]
    assert not kinds["settlement"]


RELEASES: dict[str, tuple[dict[str, Any], float]] = {
    "signature": ({"payment__release": "signature"}, 0.0),
    "days after signature": ({"payment__release": "after-signature", "payment__release_days": 2.5}, 2.5),
}


@pytest.mark.parametrize("release", RELEASES)
def test_escrow_released_on_signature_comes_so_many_days_after_it_and_refunds_then_cost_the_seller(
    release: str,
) -> None:
    changes, wait = RELEASES[release]
    run = simulate(store(returns__share=0.5, **changes), days=40, seed=1)
    check_money(run)
    rows = run.postings
    released = rows.where("kind", "escrow_release") & rows.where("account", "seller")
    assert released.sum() > 150
    assert (rows["t"][released] == run.orders["delivered"][rows["order"][released]] + wait).all()
    # Some buyers send back what has been paid out, and the seller pays.
    kinds = kinds_of(run)
    late = kinds["refund"] & kinds["escrow_release"]
    assert len(late) > 30
    paid_by = rows.where("kind", "refund") & rows.where("account", "seller")
    assert set(rows["order"][paid_by].tolist()) == late


def test_the_sooner_escrow_is_released_the_sooner_the_seller_has_his_money_and_the_less_is_held() -> None:
    held = [
        simulate(store(payment__release=release, payment__release_days=3.0), days=40, seed=1)
        for release in ("signature", "after-signature", "completion")
    ]
    escrow = [run.balance()["escrow"] for run in held]
    assert escrow == sorted(escrow)
    assert 0 < escrow[0] < escrow[2]


def test_a_retailer_pays_the_agreed_price_whatever_its_storefront_says() -> None:
    base = scenario("mainland-self-run-supplier").changed(payment__settlement_days=1.0)
    wrong = {"sku": base.catalogue[0].sku, "price": "0.01", "starts_day": 2}
    wrong |= {"noticed_after_hours": 72, "extra_orders_per_hour": 1}
    run = simulate(base.changed(price_errors=[wrong], confirmation__mode="automatic"), days=20, seed=1)
    check_money(run)
    cheap = run.orders["amount"] < run.orders["list_amount"]
    assert cheap.sum() > 50
    rows = run.postings
    retailer = rows.where("account", "retailer") & cheap[rows["order"]]
    assert rows["amount"][retailer].sum() < 0


def test_cash_over_the_own_counter_is_the_sellers_at_once_and_no_courier_ever_holds_it() -> None:
    run = run_of("taiwan-store-pickup")
    cash = np.flatnonzero(
        run.orders.where("payment_method", "cash-on-delivery") & ~np.isnan(run.orders["paid"])
    )
    assert len(cash) > 200
    rows = run.postings
    assert not rows.where("account", "courier_cash").any()
    assert not rows.where("account", "shipping").any()
    taken = rows.where("kind", "payment") & rows.where("account", "seller")
    assert sorted(rows["order"][taken].tolist()) == cash.tolist()
    assert (rows["t"][taken] == run.orders["delivered"][rows["order"][taken]]).all()
    assert (rows["amount"][taken] == run.orders["amount"][rows["order"][taken]]).all()


def test_a_settlement_of_money_that_went_back_does_nothing() -> None:
    shop = scenario("taiwan-gift-shop")
    ledger = Ledger()
    money = Collection(shop, ledger)
    money.collect(1.0, 0, 500, 500, shop.payment.methods[0], "payment-company")
    assert money.refund(2.0, 0) == 500
    before = list(ledger.rows)
    assert money.settle(3.0, 0) is None
    assert money.refund(4.0, 0) == 0
    assert not money.charge_back(5.0, 0)
    assert not money.remit(6.0, 0)
    assert ledger.rows == before
    assert money.received == {}
