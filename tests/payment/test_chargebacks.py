"""Card holders who take their money back: how often, how long, and what it costs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.records import Run
from simlib.shop.customers import customers
from simlib.streams import tick
from simlib.world import simulate
from tests.payment.expected import NEVER, lives
from tests.shops import drawn_as, runs, scenario, words

FEE = 500_00
"""What the payment company charges, in minor units."""


@lru_cache
def disputed(settlement_days: float = 7.0, share: float = 1.0) -> Run:
    """The gift shop with buyers who take their money back after about a week."""
    shop = scenario("taiwan-gift-shop").changed(
        payment__settlement_days=settlement_days,
        payment__chargebacks={
            "share": share,
            "after": {"mean": 12, "unit": "days", "spread": 0.8},
            "limit_days": 20,
            "fee": "500",
        },
    )
    return simulate(shop, days=60, seed=1)


def check_chargebacks(run: Run) -> None:
    """Exactly the paid card orders that chance picked, when it says, unless the money had gone back before."""
    plan, rows = run.scenario.payment.chargebacks, run.postings
    chance = customers(run.scenario, run.days, run.seed)
    drawn = drawn_as(run, chance)
    taken = rows.where("kind", "chargeback") & rows.where("account", "buyer")
    orders = rows["order"][taken].tolist()
    assert len(set(orders)) == len(orders), "twice"
    found = dict(zip(orders, rows["t"][taken].tolist(), strict=True))
    expected = {}
    for life in lives(run):
        if life.method.name != "card" or life.paid == NEVER or not life.amount:
            continue
        if chance.charged_back[drawn[life.order]] >= plan.share:
            continue
        t = life.paid + min(float(chance.chargeback_after[drawn[life.order]]), tick(plan.limit_days))
        closed = float(run.orders["closed"][life.order])
        gone_back = life.state in ("refunded", "out_of_stock", "lost") and closed < t
        if t < run.days and not gone_back:
            expected[life.order] = t
    milestone = run.orders["charged_back"]
    assert {
        order: float(milestone[order]) for order in np.flatnonzero(~np.isnan(milestone)).tolist()
    } == expected
    # A payment of less than the smallest unit abroad leaves no posting on the buyer's side.
    assert found.keys() <= expected.keys()
    assert all(found[order] == expected[order] for order in found)
    assert all(0 <= t - run.orders["paid"][order] <= plan.limit_days + 1e-6 for order, t in expected.items())
    refunded = set(rows["order"][rows.where("kind", "refund")].tolist())
    assert not refunded & expected.keys()


@given(runs())
@settings(max_examples=12)
def test_only_cards_within_the_limit_once_and_never_after_a_refund_in_any_shop(run: Run) -> None:
    check_chargebacks(run)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_only_cards_within_the_limit_once_and_never_after_a_refund(share: float) -> None:
    run = disputed(share=share)
    check_chargebacks(run)
    charged = ~np.isnan(run.orders["charged_back"])
    could = run.orders.where("payment_method", "card") & (run.orders["paid"] < 39)
    refunded = run.orders.where("state", "refunded")
    assert charged[could & ~refunded].mean() == pytest.approx(share, abs=0.1)
    assert not charged[~run.orders.where("payment_method", "card")].any()


def of_order(run: Run, order: int, account: str, kinds: tuple[str, ...]) -> int:
    rows = run.postings
    mine = (rows["order"] == order) & rows.where("account", account)
    mine &= np.isin(rows["kind"], [rows.code("kind", kind) for kind in kinds])
    return int(rows["amount"][mine].sum())


@pytest.mark.slow
@pytest.mark.parametrize(("settlement_days", "settled"), [(1.0, True), (40.0, False)])
def test_a_chargeback_costs_the_seller_all_of_the_payment_and_the_fee_settled_or_not(
    settlement_days: float, settled: bool
) -> None:
    run = disputed(settlement_days)
    money = ("payment", "settlement", "refund", "chargeback")
    met = 0
    for order in np.flatnonzero(~np.isnan(run.orders["charged_back"])).tolist():
        amount = int(run.orders["amount"][order])
        fees = of_order(run, order, "payment_fees", ("settlement",))
        was_settled = bool(of_order(run, order, "seller", ("settlement",)))
        met += was_settled == settled
        # He is left without the payment, with the fee to pay, and with the settlement's own fee if there was one.
        assert of_order(run, order, "seller", money) == -FEE - fees
        assert of_order(run, order, "payment_fees", ("chargeback",)) == FEE
        assert of_order(run, order, "buyer", money) == 0
        if was_settled:
            assert of_order(run, order, "seller", ("chargeback",)) == -amount - FEE
        else:
            assert fees == 0
            assert of_order(run, order, "payment_company", ("chargeback",)) == -amount
    assert met > 200


def test_what_the_bank_has_taken_back_is_not_refunded_again() -> None:
    base: dict[str, Any] = {"returns__share": 1.0, "payment__chargebacks__share": 1.0}
    base["payment__chargebacks__after"] = {"mean": 2, "unit": "days", "spread": 0.2}
    run = simulate(scenario("taiwan-gift-shop").changed(**base), days=50, seed=1)
    check_chargebacks(run)
    both = run.orders.where("state", "refunded") & ~np.isnan(run.orders["charged_back"])
    assert both.sum() > 100
    told = run.events.where("kind", "refunded")
    amounts = dict(zip(run.events["order"][told].tolist(), run.events["amount"][told].tolist(), strict=True))
    states = words(run, "orders", "state")
    for order, amount in amounts.items():
        assert states[order] == "refunded"
        assert amount == (0 if both[order] else run.orders["amount"][order])
