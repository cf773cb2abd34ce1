"""Where the money of every order must lie at the end, worked out from the orders alone, never from the ledger."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.payment.collection import Collection
from simlib.payment.ledger import ACCOUNTS, Ledger
from simlib.records import Run
from simlib.scenario import WEEKDAYS, Clock, PaymentMethod, Scenario
from simlib.streams import TICK
from simlib.world import simulate
from tests.shops import PRESETS, reached, run_of, runs, scenario, words

Money = dict[str, int]


def ticks(days: float) -> float:
    return round(days / TICK) * TICK


def settled(scenario: Scenario, paid: float) -> float:
    """The first settlement at least so many days after the payment, found day by day."""
    clock: Clock = scenario.payment.settlement
    earliest = paid + ticks(scenario.payment.settlement_days)
    moment = ticks((int(clock.time[:2]) * 60 + int(clock.time[3:])) / 1440)
    day = int(earliest)
    while True:
        weekday = WEEKDAYS[(scenario.start + timedelta(days=day)).weekday()]
        if weekday in clock.days and day + moment >= earliest:
            return day + moment
        day += 1


def part(amount: int, share: float) -> int:
    return round(amount * Fraction(repr(share)))


def paid_out(scenario: Scenario, method: PaymentMethod, amount: int) -> Money:
    """A payment that has reached the seller."""
    fee = part(amount, method.fee)
    commission = part(amount, scenario.payment.commission) if scenario.payment.escrow else 0
    return {
        "buyer": -amount,
        "seller": amount - fee - commission,
        "payment_fees": fee,
        "platform_fees": commission,
    }


def expected_money(run: Run, order: int, state: str, parcels: int) -> Money:
    """What one order has moved to whom by the end of the run."""
    times = reached(run, order)
    method = run.scenario.payment.methods[run.orders["payment_method"][order]]
    fees = parcels * run.scenario.minor(run.scenario.logistics.parcel_fee)
    money: Money = {"seller": -fees, "shipping": fees}
    if "paid" not in times:
        return money
    rows = run.lines["order"] == order
    amount = int((run.lines["unit_price"][rows] * run.lines["pieces"][rows]).sum())
    refunded = times["closed"] if state in ("refunded", "out_of_stock") else np.inf
    if run.scenario.payment.escrow:
        released = times["closed"] if state == "completed" else np.inf
        holder = "escrow"
    else:
        released = settled(run.scenario, times["paid"])
        holder = "courier_cash" if method.on_delivery else "payment_company"
    goes_to_seller = released < run.days and (released < refunded or holder == "courier_cash")
    if goes_to_seller:
        moved = paid_out(run.scenario, method, amount)
    else:
        moved = {"buyer": -amount, holder: amount}
    if refunded < np.inf:
        payer = holder if not goes_to_seller and holder != "courier_cash" else "seller"
        moved["buyer"] += amount
        moved[payer] = moved.get(payer, 0) - amount
    for account, change in moved.items():
        money[account] = money.get(account, 0) + change
    return money


def check_money(run: Run) -> None:
    """Order by order: what the books say is what its life says."""
    rows = run.postings
    goods = np.isin(rows["kind"], [rows.code("kind", kind) for kind in ("goods_out", "goods_back")])
    booked = np.zeros((run.orders.rows, len(ACCOUNTS)), dtype=np.int64)
    of_orders = (rows["order"] >= 0) & ~goods
    np.add.at(booked, (rows["order"][of_orders], rows["account"][of_orders]), rows["amount"][of_orders])
    back = set(run.events["order"][run.events.where("kind", "returned_to_sender")].tolist())
    for order, state in enumerate(words(run, "orders", "state")):
        parcels = sum(name in reached(run, order) for name in ("picked_up", "return_received"))
        expected = expected_money(run, order, state, parcels + (order in back))
        found = {name: int(amount) for name, amount in zip(ACCOUNTS, booked[order], strict=True) if amount}
        assert found == {name: amount for name, amount in expected.items() if amount}, (order, state)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_money_of_every_order_is_where_its_life_says_in_every_preset(preset: str) -> None:
    check_money(run_of(preset))


@given(runs())
@settings(max_examples=50)
def test_the_money_of_every_order_is_where_its_life_says_in_any_shop(run: Run) -> None:
    check_money(run)


@pytest.mark.parametrize("preset", PRESETS)
def test_refunds_are_the_payments_of_the_orders_that_were_sent_back_or_sold_out(preset: str) -> None:
    run = run_of(preset)
    rows = run.postings
    buyer = rows.where("account", "buyer")
    payments = -rows["amount"][rows.where("kind", "payment") & buyer].sum()
    refunds = rows["amount"][rows.where("kind", "refund") & buyer]
    assert 0 <= refunds.sum() <= payments
    got_back = run.orders.where("state", "refunded") | (
        run.orders.where("state", "out_of_stock") & ~np.isnan(run.orders["paid"])
    )
    assert refunds.sum() == run.orders["amount"][got_back].sum()


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


def test_escrow_is_never_released_after_a_refund() -> None:
    run = simulate(scenario("mainland-marketplace-store").changed(returns__share=0.5), days=60, seed=1)
    check_money(run)
    kinds = {
        kind: set(run.postings["order"][run.postings.where("kind", kind)].tolist())
        for kind in ("refund", "escrow_release", "settlement")
    }
    assert kinds["refund"]
    assert kinds["escrow_release"]
    assert not kinds["refund"] & kinds["escrow_release"]
    assert not kinds["settlement"]


def test_a_settlement_of_money_that_went_back_does_nothing() -> None:
    payment = scenario("taiwan-gift-shop").payment
    ledger = Ledger()
    money = Collection(payment, ledger)
    money.collect(1.0, 0, 500, payment.methods[0])
    money.refund(2.0, 0)
    before = list(ledger.rows)
    money.settle(3.0, 0)
    money.refund(4.0, 0)
    assert ledger.rows == before
    assert money.received == {}
