"""Order flow: stages add up to a life, funnel and attempts are those of the log, a wrong price costs what it costs."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.calendars import WeeklyClock
from simlib.order_flow import (
    STAGES,
    funnel,
    mean_under_way,
    payment_attempts,
    price_error_result,
    stages,
    under_way,
)
from simlib.payment.ledger import share_of
from simlib.records import Run
from simlib.scenario import PaymentMethod, Scenario
from simlib.streams import tick
from simlib.world import simulate
from tests.shops import PLAIN, run_of, runs, scenario, words

every_preset = pytest.mark.parametrize("preset", PLAIN)

MISTAKE: dict[str, Any] = {
    "sku": "HAMPER-FESTIVE",
    "price": "248",
    "starts_day": 7,
    "noticed_after_hours": 8,
    "extra_orders_per_hour": 6,
}


def mistaken(mode: str, seed: int, **changes: Any) -> Run:
    """The gift shop with one wrong price."""
    shop = scenario("taiwan-gift-shop")
    return simulate(
        shop.changed(price_errors=[MISTAKE], confirmation__mode=mode, **changes), days=45, seed=seed
    )


@every_preset
def test_the_stages_of_a_completed_order_add_up_to_its_life(preset: str) -> None:
    run = run_of(preset)
    completed = run.orders.where("state", "completed")
    assert completed.any()
    spent = sum(
        run.orders[stage.end][completed] - run.orders[stage.begin][completed] for stage in stages(run)
    )
    life = run.orders["closed"][completed] - run.orders["placed"][completed]
    assert spent == pytest.approx(life, abs=1e-9)


def test_each_stage_begins_where_the_one_before_ends() -> None:
    assert [stage.end for stage in STAGES[:-1]] == [stage.begin for stage in STAGES[1:]]


def test_a_shop_without_cooling_off_has_no_such_stage() -> None:
    assert [stage.end for stage in stages(run_of("hongkong-own-site"))] == [
        stage.end for stage in STAGES[:-1]
    ]
    assert stages(run_of("taiwan-gift-shop")) == STAGES


@given(run=runs(), share=st.floats(0, 0.99))
@settings(max_examples=25)
def test_orders_under_way_are_those_placed_and_not_closed(run: Run, share: float) -> None:
    orders = run.orders
    at = share * run.days
    counted = sum(
        placed <= at and not closed <= at
        for placed, closed in zip(orders["placed"], orders["closed"], strict=True)
    )
    assert under_way(run, [at]).tolist() == [counted]
    spent = 0.0
    for placed, closed in zip(orders["placed"], orders["closed"], strict=True):
        end = run.days if math.isnan(closed) else min(closed, run.days)
        spent += max(0.0, end - max(placed, at))
    assert mean_under_way(run, at) == pytest.approx(spent / (run.days - at))


def test_orders_under_way_are_orders_a_day_times_days_each_takes() -> None:
    run = simulate(scenario("taiwan-gift-shop"), days=200, seed=5)
    begin, end = 30, 170
    placed, closed = run.orders["placed"], run.orders["closed"]
    cohort = (placed >= begin) & (placed < end)
    assert not np.isnan(closed[cohort]).any()
    rate = cohort.sum() / (end - begin)
    observed = float(under_way(run, np.arange(begin, end, 1 / 24)).mean())
    # Orders at both ends of the period belong to it in part only; they differ by a few of those under way.
    assert observed == pytest.approx(rate * float((closed - placed)[cohort].mean()), rel=0.05)


@given(run=runs())
@settings(max_examples=25)
def test_nobody_gets_further_in_the_funnel_without_the_step_before(run: Run) -> None:
    steps = funnel(run)
    counts = list(steps.values())
    assert list(steps) == [
        "visits", "carts", "orders placed", "confirmed", "paid", "delivered", "completed", "reviewed",
    ]  # fmt: skip
    assert counts == sorted(counts, reverse=True)


@given(run=runs())
@settings(max_examples=25)
def test_payments_end_as_the_event_log_says(run: Run) -> None:
    log = list(zip(words(run, "events", "kind"), run.events["order"].tolist(), strict=True))
    tries = Counter(order for kind, order in log if kind == "authenticated")
    paid = {order for kind, order in log if kind == "paid"}
    states = words(run, "orders", "state")
    expected: dict[str, list[int]] = {method.name: [0, 0, 0] for method in run.scenario.payment.methods}
    for order, method in enumerate(words(run, "orders", "payment_method")):
        if order in paid:
            expected[method][tries[order] > 1] += 1
        elif states[order] in ("unpaid", "refused"):
            expected[method][2] += 1
    assert payment_attempts(run) == {method: tuple(counts) for method, counts in expected.items()}


def reckoned_margin(run: Run) -> float:
    """What the wrongly priced orders earned, order by order, without the books."""
    plan = run.scenario
    price = [plan.minor(product.price) for product in plan.catalogue]
    cost = [plan.minor(product.unit_cost) for product in plan.catalogue]
    methods: dict[str, PaymentMethod] = {method.name: method for method in plan.payment.methods}
    wrong = {
        int(order)
        for order, product, unit in zip(
            *(run.lines[c] for c in ("order", "product", "unit_price")), strict=True
        )
        if unit != price[product]
    }
    names, states = words(run, "orders", "payment_method"), words(run, "orders", "state")
    fee_of_parcel = plan.minor(plan.logistics.parcel_fee)
    clock = WeeklyClock(plan.payment.settlement, plan.start)
    margin = 0
    for order in wrong:
        reached = {
            name: float(run.orders[name][order]) for name in ("paid", "picked_up", "refunded", "closed")
        }
        amount, method = int(run.orders["amount"][order]), methods[names[order]]
        if not math.isnan(reached["paid"]):
            due = clock.next(reached["paid"] + tick(plan.payment.settlement_days))
            # Money refunded before it was settled was never charged a fee, unless the courier holds it.
            refunded = reached["refunded"]
            sent_back = not math.isnan(refunded) or states[order] == "out_of_stock"
            before = (refunded if not math.isnan(refunded) else reached["closed"]) < due
            if due < run.days and not (sent_back and before and not method.on_delivery):
                margin -= share_of(amount, method.fee)
            margin += 0 if sent_back else amount
        if not math.isnan(reached["picked_up"]):
            margin -= fee_of_parcel
    for kind, order in zip(words(run, "events", "kind"), run.events["order"], strict=True):
        if order in wrong and kind in ("return_received", "returned_to_sender"):
            margin -= fee_of_parcel
    for order, product, pieces in zip(*(run.stock[c] for c in ("order", "product", "pieces")), strict=True):
        if order in wrong:
            margin += int(pieces) * cost[product]
    return margin / 100


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", ["automatic", "check-first"])
def test_the_margin_on_a_wrong_price_is_money_less_goods_courier_and_fees(mode: str, seed: int) -> None:
    run = mistaken(mode, seed, returns__share=0.3)
    assert price_error_result(run).margin == pytest.approx(reckoned_margin(run))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_a_wrong_price_costs_under_automatic_confirmation_and_nothing_under_check_first(seed: int) -> None:
    automatic, checked = (price_error_result(mistaken(mode, seed)) for mode in ("automatic", "check-first"))
    assert automatic.orders == checked.orders > 0
    assert automatic.margin < 0
    assert automatic.shipped > 0
    assert (checked.shipped, checked.margin) == (0, 0.0)


def test_each_wrong_order_is_one_that_the_right_price_would_not_have_brought_or_would_have_paid_in_full() -> (
    None
):
    wrong, right = mistaken("automatic", 3), simulate(scenario("taiwan-gift-shop"), days=45, seed=3)
    result = price_error_result(wrong)
    assert price_error_result(right).orders == 0
    cheap = (wrong.orders["amount"] != wrong.orders["list_amount"]).sum()
    assert result.orders == cheap
    begin, end = 7, 7 + 8 / 24
    carted = wrong.orders["placed"][wrong.orders["amount"] != wrong.orders["list_amount"]]
    # The price in the cart is that of the visit; browsing and checkout take less than a few hours.
    assert (carted > begin).all()
    assert (carted < end + 0.5).all()


def test_a_shop_without_mistakes_has_no_wrong_orders() -> None:
    result = price_error_result(run_of("taiwan-gift-shop"))
    assert (result.orders, result.shipped, result.margin) == (0, 0, 0.0)


def test_a_wrong_price_above_the_floor_is_sold_by_both_shops() -> None:
    shop: Scenario = scenario("taiwan-gift-shop")
    hamper = next(product for product in shop.catalogue if product.sku == "HAMPER-FESTIVE")
    nearly = {**MISTAKE, "price": str(hamper.price - 1), "extra_orders_per_hour": 2}
    sold = [
        price_error_result(
            simulate(shop.changed(price_errors=[nearly], confirmation__mode=mode), days=30, seed=1)
        ).shipped
        for mode in ("automatic", "check-first")
    ]
    assert min(sold) > 0
