"""Settlement reports, the shop's own reckoning, and what comparing them finds (rows B2, B3, B5, D5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.payment.reports import (
    Difference,
    OperatorDay,
    SettlementReport,
    operator_days,
    reckoned,
    reconcile,
    screened,
    settlement_reports,
)
from simlib.platform.verification import detector
from simlib.records import Run
from simlib.scenario import Payout
from simlib.streams import PURPOSES, stream
from simlib.world import simulate
from tests.shops import PRESETS, run_of, runs, scenario


def as_lines(reports: Sequence[SettlementReport]) -> set[tuple[object, ...]]:
    return {(report.t, report.payee, line) for report in reports for line in report.lines}


def as_due(run: Run, payout: Payout | None) -> set[tuple[object, ...]]:
    return {(due.t, due.payee, due.line) for due in reckoned(run, payout)}


@pytest.mark.parametrize("preset", PRESETS)
def test_reports_agree_with_the_shops_own_reckoning_to_the_cent_in_every_preset(preset: str) -> None:
    run = run_of(preset)
    assert len(as_lines(settlement_reports(run))) > 30
    assert as_lines(settlement_reports(run)) == as_due(run, None)
    found = reconcile(run)
    assert found.differences == ()
    assert found.reckoned == found.reported == found.arrived > 0
    assert found.first_seen == float("inf")


def test_goods_given_away_for_nothing_are_on_neither_side() -> None:
    shop = scenario("taiwan-gift-shop")
    free = [product.model_dump() | {"price": "0"} for product in shop.catalogue]
    run = simulate(shop.changed(catalogue=free), days=20, seed=1)
    assert run.orders.where("state", "completed").any()
    assert settlement_reports(run) == ()
    assert reckoned(run) == []


@pytest.mark.parametrize("fee", [0.5, 1.0])
def test_what_fees_use_up_reaches_no_account_whichever_is_entered(fee: float) -> None:
    shop = scenario("taiwan-exporter-cross-border").changed(
        payment__cross_border__operator_fee=fee,
        payout__changes=[{"day": 15.0, "by": "attacker"}],
        payout__noticed_after_days=30.0,
    )
    run = simulate(shop, days=30, seed=1)
    assert len(as_lines(settlement_reports(run))) > 30
    assert as_lines(settlement_reports(run)) == as_due(run, run.scenario.payout)
    payees = {report.payee for report in settlement_reports(run)}
    assert payees == ({"seller"} if fee == 1.0 else {"seller", "attacker"})


@given(runs())
@settings(max_examples=25)
def test_reports_agree_with_the_shops_own_reckoning_to_the_cent_in_any_shop(run: Run) -> None:
    if not run.scenario.oversight.enforced:  # a platform that freezes payouts pays when it likes
        assert as_lines(settlement_reports(run)) == as_due(run, run.scenario.payout)


@given(runs(abroad=True))
@settings(max_examples=15)
def test_reports_agree_across_the_border_whatever_the_rates(run: Run) -> None:
    if not run.scenario.oversight.enforced:
        assert as_lines(settlement_reports(run)) == as_due(run, run.scenario.payout)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_line_of_a_report_adds_up_and_every_report_to_its_postings(preset: str) -> None:
    run = run_of(preset)
    reports = settlement_reports(run)
    for line in (line for report in reports for line in report.lines):
        assert line.gross == line.fee + line.commission + line.net
    rows = run.postings
    out = np.isin(rows["kind"], [rows.code("kind", kind) for kind in ("settlement", "escrow_release")])
    assert (
        sum(report.net for report in reports) == rows["amount"][out & rows.where("account", "seller")].sum()
    )
    moments = [(report.t, report.holder, report.payee) for report in reports]
    assert moments == sorted(set(moments))


@lru_cache
def troubled() -> Run:
    """A small shop whose buyers often take their money back."""
    shop = scenario("taiwan-gift-shop").changed(
        demand__orders_per_day=6, payment__chargebacks__share=0.2, returns__share=0.3
    )
    return simulate(shop, days=45, seed=2)


@given(
    day=st.sampled_from([8.3, 20.0, 33.0]),
    noticed=st.sampled_from([1.0, 6.5, 40.0]),
    hold=st.sampled_from([0.0, 3.0, 6.5, 20.0]),
    by=st.sampled_from(["attacker", "seller"]),
)
@settings(max_examples=15)
def test_one_quiet_run_tells_what_any_change_of_account_would_have_done(
    day: float, noticed: float, hold: float, by: str
) -> None:
    payout = {"hold_days": hold, "noticed_after_days": noticed, "changes": [{"day": day, "by": by}]}
    quiet = troubled()
    attacked = simulate(quiet.scenario.changed(payout=payout), days=45, seed=2)
    assert as_due(quiet, attacked.scenario.payout) == as_lines(settlement_reports(attacked))


# -- what comparing finds ------------------------------------------------------------


def tampered(kind: str) -> tuple[list[SettlementReport], int, float]:
    """A month's reports with one thing wrong, the order it concerns, and when it can be seen."""
    reports = list(settlement_reports(run_of("taiwan-gift-shop")))
    here, later = [place for place, one in enumerate(reports) if len(one.lines) > 5][2:4]
    report, after = reports[here], reports[later]
    line = report.lines[1]
    without = replace(report, lines=tuple(one for one in report.lines if one != line))
    again = replace(after, lines=(*after.lines, line))
    if kind == "amount":
        wrong = replace(line, fee=line.fee + 1, net=line.net - 1)
        reports[here] = replace(report, lines=tuple(wrong if one == line else one for one in report.lines))
    if kind in ("missing", "late", "other-account"):
        reports[here] = without
    if kind in ("late", "twice"):
        reports[later] = again
    if kind == "other-account":
        reports.insert(here, replace(report, lines=(line,), payee="attacker"))
    return reports, line.order, after.t if kind in ("late", "twice") else report.t


@pytest.mark.parametrize("kind", ["missing", "amount", "twice", "other-account", "late"])
def test_each_kind_of_mistake_is_found_and_named(kind: str) -> None:
    run = run_of("taiwan-gift-shop")
    reports, order, t = tampered(kind)
    found = reconcile(run, reports)
    assert [(one.kind, one.order) for one in found.differences] == [(kind, order)]
    assert found.first_seen == t
    assert found.agreed == len(reckoned(run)) - (kind != "twice")
    due = found.differences[0]
    assert due.reckoned - due.reported == {"missing": due.reckoned, "amount": 1}.get(kind, 0)


def test_a_payout_for_an_order_that_was_not_due_is_unknown() -> None:
    run = run_of("taiwan-gift-shop")
    report = settlement_reports(run)[0]
    unpaid = int(np.flatnonzero(np.isnan(run.orders["paid"]))[0])
    false = replace(report, lines=(*report.lines, replace(report.lines[0], order=unpaid)))
    found = reconcile(run, [false, *settlement_reports(run)[1:]])
    assert found.differences == (Difference(report.t, unpaid, "unknown", 0, report.lines[0].net),)


def test_a_daily_look_sees_a_changed_account_on_its_first_payout() -> None:
    shop = scenario("taiwan-gift-shop")
    attack = {"day": 30, "by": "attacker"}
    run = simulate(shop.changed(payout__changes=[attack]), days=60, seed=1)
    found = reconcile(run)
    assert {one.kind for one in found.differences} == {"other-account"}
    assert 30 < found.first_seen < 31
    assert found.reported - found.arrived == run.balance()["attacker"] > 0


# -- the operator ------------------------------------------------------------


def test_the_operators_days_are_remittances_less_payouts_and_leave_nothing_unexplained() -> None:
    run = run_of("taiwan-exporter-cross-border")
    days = operator_days(run)
    assert [one.day for one in days] == list(range(run.days))
    remitted = paid_out = given_back = 0
    for one in days:
        remitted, paid_out = remitted + one.remitted, paid_out + one.paid_out
        given_back += one.given_back
        assert one.difference == 0
        assert one.closing == remitted - paid_out - given_back >= 0
    assert all(later.opening == earlier.closing for earlier, later in pairwise(days))
    assert remitted >= paid_out > 0
    assert max(one.closing for one in days) > 0
    assert days[-1].closing == run.balance()["collection_account"]
    reports = settlement_reports(run)
    assert paid_out == sum(report.gross for report in reports)


def test_money_that_left_the_dedicated_account_in_silence_is_unexplained() -> None:
    assert (
        OperatorDay(3, opening=500, remitted=200, paid_out=100, given_back=50, closing=540).difference == 10
    )


def test_screening_hits_and_errs_as_often_as_stated_and_draws_from_its_own_stream() -> None:
    check, trades = detector("fake-trades"), 200_000
    found = screened(check, trades, seed=4)
    assert "screening" in PURPOSES
    assert found == screened(check, trades, seed=4) != screened(check, trades, seed=5)
    chance = stream(4, "screening")
    assert found.hits + found.misses == (chance.random(trades) < check.share).sum()
    fakes, honest = found.hits + found.misses, found.false_alarms + found.passes
    for count, of, share in (
        (fakes, trades, check.share),
        (found.hits, fakes, check.hit),
        (found.false_alarms, honest, check.false_alarm),
    ):
        assert abs(count - of * share) < 5 * sqrt(of * share * (1 - share))
