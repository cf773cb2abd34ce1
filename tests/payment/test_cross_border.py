"""Money that crosses a border: five steps, two currencies, one account that is empty when nobody has to be paid."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.records import Run
from simlib.world import simulate
from tests.payment.expected import NEVER, at_clock, lives, rate, ticks
from tests.shops import runs, scenario, words

PRESET = "taiwan-exporter-cross-border"


def run_with(**changes: Any) -> Run:
    """Many deals across the border."""
    shop = scenario(PRESET).changed(demand__orders_per_day=20, negotiation__deal=0.9, **changes)
    return simulate(shop, days=60, seed=1)


@lru_cache
def deals(disputed: float = 0.015) -> Run:
    """Many deals, of which some or more are disputed."""
    return run_with(disputes__share=disputed)


def moments(run: Run, kind: str) -> dict[int, float]:
    """Order → when an event of this kind happened."""
    mine = run.events.where("kind", kind)
    return dict(zip(run.events["order"][mine].tolist(), run.events["t"][mine].tolist(), strict=True))


def test_the_five_steps_come_in_order_and_when_the_contract_says() -> None:
    run = deals()
    shop, crossing = run.scenario, run.scenario.payment.cross_border
    remitted, paid_out = moments(run, "remitted"), moments(run, "paid_out")
    assert len(remitted) > 300
    assert len(paid_out) > 300
    for life in lives(run):
        order = life.order
        placed, paid = float(run.orders["placed"][order]), float(run.orders["paid"][order])
        if order in remitted:
            assert placed < float(run.orders["confirmed"][order]) < paid < remitted[order]
            assert remitted[order] == paid + ticks(crossing.remittance_days)
        if order in paid_out:
            assert paid_out[order] == at_clock(shop, crossing.payout, remitted[order])
        if life.given_back == NEVER and life.paid < NEVER:
            assert (order in remitted) == (paid + ticks(crossing.remittance_days) < run.days)
    actors = {
        kind: {words(run, "events", "actor")[row] for row in np.flatnonzero(run.events.where("kind", kind))}
        for kind in ("paid", "remitted", "paid_out")
    }
    assert actors == {"paid": {"buyer"}, "remitted": {"clearing_company"}, "paid_out": {"operator"}}


def check_dedicated_account(run: Run) -> None:
    """At each day's end it holds what was remitted for orders that were neither paid out nor given back."""
    rows = run.postings
    mine = rows.where("account", "collection_account")
    shown = [int(rows["amount"][mine & (rows["t"] < day)].sum()) for day in range(1, run.days + 1)]
    came = mine & rows.where("kind", "remittance")
    home = dict(zip(rows["order"][came].tolist(), rows["amount"][came].tolist(), strict=True))
    waits = [(life.order, life.remitted, min(life.paid_out, life.given_back)) for life in lives(run)]
    expected = [
        sum(home.get(order, 0) for order, begin, end in waits if begin < day <= end)
        for day in range(1, run.days + 1)
    ]
    assert shown == expected


def test_the_dedicated_account_holds_at_each_days_end_what_was_remitted_and_not_yet_paid_out() -> None:
    check_dedicated_account(deals())
    check_dedicated_account(deals(0.5))


@given(runs(abroad=True))
@settings(max_examples=12)
def test_the_dedicated_account_agrees_each_day_in_any_shop(run: Run) -> None:
    assert run.scenario.payment.collection == "cross-border"
    check_dedicated_account(run)


def exchanges(run: Run, kind: str) -> list[tuple[int, float, int, int]]:
    """(order, when, abroad, home) of each transaction in which money is changed."""
    rows = run.postings
    mine = np.flatnonzero(rows.where("account", "exchange") & rows.where("kind", kind))
    sides: dict[int, dict[str, int]] = {}
    for row in mine.tolist():
        side = sides.setdefault(int(rows["transaction"][row]), {"order": int(rows["order"][row]), "row": row})
        side["abroad" if rows["currency"][row] else "home"] = int(rows["amount"][row])
    return [
        (side["order"], float(rows["t"][side["row"]]), side.get("abroad", 0), side.get("home", 0))
        for side in sides.values()
    ]


def check_exchange(run: Run) -> int:
    """Money is changed at the stated rate, within half a cent for each rounding; tell how often."""
    half, count = Fraction(1, 2), 0
    for _order, t, abroad, home in exchanges(run, "remittance"):
        assert abs(abroad * rate(run.scenario, t) + home) <= half
        count += 1
    paid = run.orders["paid"]
    for kind in ("refund", "chargeback"):
        for order, t, abroad, home in exchanges(run, kind):
            now, then = rate(run.scenario, t), rate(run.scenario, float(paid[order]))
            amount = int(run.orders["amount"][order])
            assert abs(amount / then + abroad) <= half
            assert abs(amount * now / then - home) <= half
            count += 1
    return count


def test_changing_money_conserves_its_value_at_the_rate_of_the_day() -> None:
    run = deals(0.5)
    assert check_exchange(run) > 300
    assert len(exchanges(run, "refund")) > 20


@given(runs(abroad=True))
@settings(max_examples=12)
def test_changing_money_conserves_its_value_in_any_shop(run: Run) -> None:
    assert run.scenario.payment.collection == "cross-border"
    check_exchange(run)


def test_a_rate_that_falls_while_the_money_waits_is_the_sellers_loss() -> None:
    steps = [{"day": 20, "rate": 2.2}]
    before, after = (
        run_with(payment__cross_border=crossing(rates=rates), negotiation__decision__mean=1)
        for rates in ([], steps)
    )
    found = [
        {order: home for order, _t, _abroad, home in exchanges(run, "remittance")} for run in (before, after)
    ]
    paid = before.orders["paid"]
    wait = ticks(scenario(PRESET).payment.cross_border.remittance_days)
    crossed = [order for order in found[0] if paid[order] < 20 <= paid[order] + wait]
    assert len(crossed) > 5
    for order in crossed:
        assert found[1][order] == pytest.approx(found[0][order] / 2, abs=1)
    assert all(found[0][order] == found[1][order] for order in found[0] if paid[order] + wait < 20)


def crossing(**changes: Any) -> dict[str, Any]:
    """The preset's way across the border, with changes."""
    return {**scenario(PRESET).payment.cross_border.model_dump(), **changes}


PHASES = {"abroad": 40.0, "dedicated account": 0.5, "paid out": 0.25}
"""Where the money lies when the buyer gets it back → days until it is remitted."""


@pytest.mark.parametrize("phase", PHASES)
def test_a_buyer_gets_back_what_he_paid_wherever_his_money_is(phase: str) -> None:
    never_paid_out = {"time": "23:59", "days": ("sun",)}
    days = PHASES[phase]
    shop = scenario(PRESET).changed(
        demand__orders_per_day=20,
        negotiation__deal=1.0,
        negotiation__decision={"mean": 1, "unit": "hours", "spread": 0},
        logistics__loss=1.0,
        logistics__claim_days=1.0,
        logistics__transit={"mean": 5, "unit": "hours", "spread": 0},
        payment__cross_border={
            **crossing(remittance_days=days),
            "payout": never_paid_out if phase == "dedicated account" else crossing()["payout"],
        },
    )
    run = simulate(shop, days=40, seed=1)
    rows = run.postings
    lost = np.flatnonzero(run.orders.where("state", "lost"))
    assert len(lost) > 200
    abroad = rows.where("currency", "CNY") & rows.where("account", "buyer")
    back = {
        kind: dict(zip(rows["order"][mine].tolist(), rows["amount"][mine].tolist(), strict=True))
        for kind in ("payment", "refund")
        for mine in [abroad & rows.where("kind", kind)]
    }
    payers = {
        "abroad": "clearing_company",
        "dedicated account": "collection_account",
        "paid out": "seller",
    }
    refund = rows.where("kind", "refund")
    met = 0
    for order in lost.tolist():
        assert back["refund"][order] == -back["payment"][order]
        mine = refund & (rows["order"] == order)
        froms = {rows.words["account"][code] for code in rows["account"][mine & (rows["amount"] < 0)]}
        met += payers[phase] in froms and (phase != "paid out" or "collection_account" not in froms)
    assert met > 0.3 * len(lost)
