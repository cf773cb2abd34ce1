"""What taking money costs, and what waiting money protects (rows B1, B4, D5)."""

from __future__ import annotations

import numpy as np
import pytest

from simlib.payment.costs import (
    chargeback_cost,
    charged_back_from,
    kept_from_thief,
    method_costs,
    refunded_from,
)
from simlib.payment.ledger import share_of
from simlib.records import Run
from simlib.world import simulate
from tests.shops import run_of, scenario


@pytest.fixture(scope="module")
def disputed() -> Run:
    return simulate(scenario("taiwan-gift-shop").changed(payment__chargebacks__share=0.2), days=120, seed=1)


def test_each_way_to_pay_costs_its_fee_its_chargebacks_and_the_parcels_nobody_took(disputed: Run) -> None:
    costs, orders = method_costs(disputed), disputed.orders
    parcel = disputed.scenario.minor(disputed.scenario.logistics.parcel_fee)
    assert list(costs) == ["card", "wallet", "bank-transfer", "cash-on-delivery"]
    settled = {
        int(order): float(t)
        for order, t in zip(
            disputed.postings["order"][disputed.postings.where("kind", "settlement")],
            disputed.postings["t"][disputed.postings.where("kind", "settlement")],
            strict=True,
        )
    }
    for position, (name, cost) in enumerate(costs.items()):
        method = disputed.scenario.payment.methods[position]
        mine = orders["payment_method"] == position
        paid = np.flatnonzero(mine & ~np.isnan(orders["paid"])).tolist()
        amount = int(orders["amount"][paid].sum())
        fees = sum(share_of(int(orders["amount"][order]), method.fee) for order in paid if order in settled)
        charged = [order for order in paid if not np.isnan(orders["charged_back"][order])]
        back = sum(int(orders["amount"][order]) + 50_000 for order in charged)
        refused = int((mine & orders.where("state", "refused")).sum())
        unpaid = refused + int((mine & orders.where("state", "unpaid")).sum())
        assert cost.orders == len(paid) + unpaid
        assert cost.fee_share == pytest.approx(fees / amount, rel=1e-12)
        assert cost.unpaid_share == pytest.approx(unpaid / cost.orders)
        assert cost.charged_back_share == pytest.approx(len(charged) / len(paid))
        assert cost.cost_share == pytest.approx((fees + back + 2 * parcel * refused) / amount, rel=1e-12)
        days = [settled[order] - float(orders["placed"][order]) for order in paid if order in settled]
        assert cost.days == pytest.approx(np.mean(days))
        assert (cost.charged_back_share > 0) == (name == "card")
        assert (refused > 0) == (name == "cash-on-delivery")


def test_a_chargeback_costs_goods_courier_and_both_fees_beyond_the_amount(disputed: Run) -> None:
    cost = chargeback_cost(disputed)
    assert cost is not None
    orders, plan = disputed.orders, disputed.scenario
    # Where nothing came back, all goods are gone.
    charged = np.flatnonzero(orders["charged_back"] > orders["delivered"])
    returned = ~np.isnan(orders["return_received"][charged])
    assert cost.orders == len(charged)
    assert cost.amount == pytest.approx(orders["amount"][charged].mean())
    parcels = plan.minor(plan.logistics.parcel_fee) * (1 + returned.mean())
    assert cost.courier == pytest.approx(parcels)
    assert cost.goods <= orders["goods_cost"][charged].mean()
    assert cost.goods >= orders["goods_cost"][charged[~returned]].sum() / len(charged)
    assert cost.chargeback_fee == plan.minor(plan.payment.chargebacks.fee)
    # Who is charged back before the payout has never been charged a fee.
    settled = set(disputed.postings["order"][disputed.postings.where("kind", "settlement")].tolist())
    fees = [
        share_of(int(orders["amount"][order]), plan.payment.methods[0].fee)
        for order in charged.tolist()
        if order in settled
    ]
    assert cost.payment_fee == pytest.approx(sum(fees) / len(charged))
    assert cost.loss == cost.goods + cost.courier + cost.payment_fee + cost.chargeback_fee
    assert cost.orders_to_earn_it_back == pytest.approx(cost.loss / cost.profit)


def test_without_a_chargeback_there_is_no_mean() -> None:
    assert chargeback_cost(run_of("taiwan-gift-shop")) is None


def test_escrow_keeps_the_money_of_every_parcel_that_never_arrives() -> None:
    market = scenario("mainland-marketplace-store").changed(logistics__loss=0.3)
    protected = refunded_from(simulate(market, days=40, seed=1), "lost")
    assert protected.gone == 0
    assert protected.waiting > 0
    assert protected.share == 1.0


def test_money_paid_out_before_a_loss_is_admitted_comes_from_the_seller() -> None:
    shop = scenario("hongkong-own-site").changed(
        logistics__loss=0.3, logistics__claim_days=20.0, payment__settlement_days=1.0
    )
    protected = refunded_from(simulate(shop, days=60, seed=1), "lost")
    assert protected.waiting == 0
    assert protected.gone > 0


@pytest.mark.parametrize(("after", "waits"), [(2.0, True), (60.0, False)])
def test_a_chargeback_finds_money_in_escrow_only_before_the_release(after: float, waits: bool) -> None:
    market = scenario("mainland-marketplace-store").changed(
        payment__chargebacks__share=1.0,
        payment__chargebacks__after={"mean": after, "unit": "days", "spread": 0.0},
        returns__share=0.0,
    )
    protected = charged_back_from(simulate(market, days=90, seed=1))
    assert protected.waiting + protected.gone > 0
    assert protected.share == (1.0 if waits else 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["taiwan-gift-shop", "mainland-marketplace-store"])
@pytest.mark.parametrize(("hold", "share"), [(0.0, 0.0), (15.0, 1.0)])
def test_escrow_pays_a_thief_as_any_other_payout_does_and_a_long_hold_does_not(
    preset: str, hold: float, share: float
) -> None:
    attack = [{"day": 25, "by": "attacker"}]
    shop = scenario(preset).changed(payout__changes=attack, payout__hold_days=hold, returns__share=0.0)
    protected = kept_from_thief(simulate(shop, days=50, seed=1))
    assert protected.waiting + protected.gone > 0
    assert protected.share == share


def test_nothing_in_question_has_no_share() -> None:
    assert np.isnan(kept_from_thief(run_of("taiwan-gift-shop")).share)
