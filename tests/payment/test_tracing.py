"""Where the money is: by order, over time, and of all that was ordered (rows A9, B1, B2)."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.errors import SafeShopError
from simlib.payment.tracing import (
    HOLDERS,
    balance_over_time,
    example_order,
    exchange_difference,
    stays,
    transactions_of,
    waiting_money,
    whereabouts,
)
from simlib.records import Run
from simlib.world import simulate
from tests.shops import PRESETS, run_of, runs, scenario

DOMESTIC = [name for name in PRESETS if scenario(name).payment.collection == "domestic"]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_movement_of_an_order_sums_to_zero_and_all_of_them_are_the_postings(preset: str) -> None:
    run = run_of(preset)
    rows = run.postings
    goods = np.isin(rows["kind"], [rows.code("kind", kind) for kind in ("goods_out", "goods_back")])
    for order in range(0, run.orders.rows, 7):
        steps = transactions_of(run, order)
        assert all(sum(step.amounts.values()) == 0 for step in steps)
        assert sum(len(step.amounts) for step in steps) == ((rows["order"] == order) & ~goods).sum()
        assert [step.t for step in steps] == sorted(step.t for step in steps)


@pytest.mark.parametrize("preset", PRESETS)
def test_money_stays_with_one_holder_after_the_other_from_the_payment_to_the_payout(preset: str) -> None:
    run = run_of(preset)
    order = example_order(run)
    places = stays(run, order)
    assert places[0].begin == run.orders["paid"][order]
    assert all(earlier.end == later.begin for earlier, later in pairwise(places))
    assert np.isfinite(places[-1].end)
    assert {stay.account for stay in places} <= set(HOLDERS)


def test_an_order_that_was_never_paid_stays_nowhere() -> None:
    run = run_of("taiwan-gift-shop")
    unpaid = int(np.flatnonzero(np.isnan(run.orders["paid"]))[0])
    assert stays(run, unpaid) == []


@pytest.mark.parametrize("order", [-1, 10_000])
def test_an_order_that_the_run_does_not_have_gets_its_sentence(order: int) -> None:
    run = run_of("taiwan-gift-shop")
    with pytest.raises(SafeShopError) as told:
        transactions_of(run, order)
    assert told.value.sentence == (
        f"The run has no order {order}: its {run.orders.rows} orders are numbered from 0."
    )


def test_a_run_too_short_for_an_example_says_so() -> None:
    run = simulate(scenario("taiwan-gift-shop"), days=3, seed=1)
    with pytest.raises(SafeShopError) as told:
        example_order(run, "card")
    assert told.value.sentence == (
        "No order of this kind was completed and paid out within 3 days; simulate longer."
    )


@given(runs())
@settings(max_examples=25)
def test_a_balance_at_any_moment_is_the_sum_of_all_postings_until_then(run: Run) -> None:
    rows, at = run.postings, [0.0, 1.3, run.days / 2, float(run.days)]
    names = [rows.words["account"][code] for code in rows["account"]]
    kinds = [rows.words["kind"][code] for code in rows["kind"]]
    mine = rows.where("currency", run.scenario.currency)
    for accounts, of in ((["seller"], None), (["escrow", "payment_company"], ["payment", "refund"])):
        expected = [
            sum(
                int(amount)
                for t, amount, name, kind, home in zip(
                    rows["t"], rows["amount"], names, kinds, mine, strict=True
                )
                if t <= moment and name in accounts and home and (of is None or kind in of)
            )
            for moment in at
        ]
        assert balance_over_time(run, accounts, at, of).tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize("preset", [name for name in DOMESTIC if name != "mainland-self-run-supplier"])
def test_money_that_waits_is_turnover_times_days(preset: str) -> None:
    run = simulate(scenario(preset), days=150, seed=3)
    law = waiting_money(run, begin=60)
    assert law.observed == pytest.approx(law.expected, rel=0.06)
    # The counted mean, once more, as the area under the balance.
    at = np.arange(60, 150, 1 / 96) + 1 / 192
    held = balance_over_time(run, [name for name in HOLDERS if name != "retailer"], at)
    assert law.observed == pytest.approx(held.mean(), rel=0.002)


def test_what_a_platform_got_for_its_own_goods_does_not_wait_for_the_seller() -> None:
    law = waiting_money(run_of("mainland-self-run-supplier"), begin=10)
    assert (law.observed, law.per_day) == (0, 0)


def test_money_waits_as_long_as_the_contract_says() -> None:
    market = scenario("mainland-marketplace-store").changed(returns__share=0.0)
    days = {}
    for release, wait in (("signature", 0), ("after-signature", 5), ("completion", 0)):
        changed = market.changed(payment__release=release, payment__release_days=wait)
        days[release] = waiting_money(simulate(changed, days=40, seed=1), begin=10, end=20).days
    assert days["after-signature"] == pytest.approx(days["signature"] + 5, abs=0.05)
    assert days["completion"] > days["signature"] + 7


@pytest.mark.parametrize("preset", DOMESTIC)
def test_the_parts_of_what_was_ordered_sum_to_all_of_it_in_every_preset(preset: str) -> None:
    found = vars(whereabouts(run_of(preset)))
    assert found["ordered"] == sum(amount for part, amount in found.items() if part != "ordered")
    assert found["bank"] > 0


@given(runs())
@settings(max_examples=40)
def test_the_parts_of_what_was_ordered_sum_to_all_of_it_in_any_shop(run: Run) -> None:
    if run.scenario.payment.collection == "cross-border":
        return
    found = vars(whereabouts(run))
    assert found["ordered"] == int(run.orders["amount"].sum())
    assert found["ordered"] == sum(amount for part, amount in found.items() if part != "ordered")
    assert min(found["never_paid"], found["not_yet_paid"], found["given_back"], found["waiting"]) >= 0
    assert found["stolen"] == run.balance()["attacker"]


def test_two_currencies_have_no_sum() -> None:
    with pytest.raises(SafeShopError) as told:
        whereabouts(run_of("taiwan-exporter-cross-border"))
    assert told.value.sentence == (
        "Money in two currencies has no sum: look at the operator's days of a cross-border shop instead."
    )


def test_the_exchange_difference_is_the_move_of_the_rate_while_money_waited() -> None:
    shop = scenario("taiwan-exporter-cross-border")
    steps = [{"day": 0, "rate": 4.0}, {"day": 23.25, "rate": 5.0}]
    run = simulate(shop.changed(payment__cross_border__rates=steps), days=40, seed=1)
    found = exchange_difference(run)
    rows = run.postings
    mine = rows.where("kind", "remittance") & rows.where("account", "clearing_company")
    waited = sum(
        -int(amount)
        for t, amount in zip(rows["t"][mine], rows["amount"][mine], strict=True)
        if t >= 23.25 > t - shop.payment.cross_border.remittance_days
    )
    assert waited > 0
    assert found.when_changed - found.when_paid == waited * Decimal(1)
    still = exchange_difference(simulate(shop.changed(payment__cross_border__rates=[]), days=40, seed=1))
    assert still.when_changed == still.when_paid > 0
