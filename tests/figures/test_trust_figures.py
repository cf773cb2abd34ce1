"""Figures of lesson 04: numbers recomputed another way, words that fit, and nothing cut off at the edges."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from simlib import figures
from simlib.facts import value
from simlib.figures.tables import number
from simlib.logistics import lost_parcels
from simlib.platform.disputes import dispute_results, online_by_dispute
from simlib.platform.ratings import FalseReviews, credit_by_day, most_turned_away, public_warning, ratings_of
from simlib.platform.rules import rulebook
from simlib.platform.verification import Confusion, Detector, detector, expected
from simlib.records import Run
from simlib.world import simulate
from tests.figures.drawn import bars, crossed_by_lines, cut_off, overlapping, points
from tests.shops import scenario

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow

DAYS = 40


@lru_cache
def store(kind: str = "", day: float = 10, minutes: float = 10, orders: float = 10, days: int = DAYS) -> Run:
    shop = scenario("mainland-marketplace-store").changed(
        demand__orders_per_day=orders,
        staff__packers=1,
        staff__packing__mean=minutes,
        oversight__enforced=True,
        oversight__incidents=[{"day": day, "kind": kind}] if kind else [],
    )
    return simulate(shop, days=days, seed=4)


@lru_cache
def gift_shop(share: float = 0.2, loss: float = 0.0, days: int = 90) -> Run:
    shop = scenario("taiwan-gift-shop").changed(
        disputes__share=share,
        disputes__steps=value("dispute-ladder-own-site"),
        logistics__loss=loss,
    )
    return simulate(shop, days=days, seed=4)


def histories(run: Run, false: FalseReviews) -> dict[str, Any]:
    rated, ratings = ratings_of(run)
    return {
        "honest": credit_by_day(rated, ratings, 0.0, run.days),
        "smeared": credit_by_day(rated, ratings, 0.0, run.days, false),
    }


NOTHING = Confusion(0.0, 0.0, 0.0, 0.0)

DRAWN: dict[str, Callable[[Axes | None], Axes]] = {
    "watched": lambda ax: figures.store_watched({"a": store(), "b": store("leaked-data")}, ax),
    "watched, late": lambda ax: figures.store_watched({"a": store(), "b": store("fake-trade", 38)}, ax),
    "watched, slow": lambda ax: figures.store_watched(
        {"a": store(minutes=90), "b": store("leaked-data", minutes=90)}, ax
    ),
    "watched, alone": lambda ax: figures.store_watched({"a": store()}, ax),
    "watched, no order": lambda ax: figures.store_watched({"a": store(orders=1e-6, days=5)}, ax),
    "credit": lambda ax: figures.credit_over_time(histories(store(), FalseReviews(20, 30, 10)), 20, ax),
    "credit, no order": lambda ax: figures.credit_over_time(
        histories(store(orders=1e-6, days=5), FalseReviews(2, 30)), ax=ax
    ),
    "checked": lambda ax: figures.checked_cases(expected(detector("fake-goods"), 10_000), ax),
    "checked, nothing": lambda ax: figures.checked_cases(NOTHING, ax),
    "checked, no fakes": lambda ax: figures.checked_cases(expected(Detector(0, 1, 0.1), 1000), ax),
    "disputes": lambda ax: figures.dispute_ends(dispute_results(gift_shop()), "TWD", ax),
    "disputes, none": lambda ax: figures.dispute_ends(dispute_results(gift_shop(0.0)), "TWD", ax),
    "lost": lambda ax: figures.cost_of_lost_parcels(lost_parcels(gift_shop(0, 0.1), 60), "TWD", ax),
    "lost, none": lambda ax: figures.cost_of_lost_parcels(lost_parcels(gift_shop(0.0)), "TWD", ax),
    "lost, one day": lambda ax: figures.cost_of_lost_parcels(lost_parcels(gift_shop(days=1)), "TWD", ax),
    "warning": lambda ax: figures.late_warning(store(), public_warning(store()), ax),
    "warning, never": lambda ax: figures.late_warning(
        store(orders=1e-6, days=5), public_warning(store(orders=1e-6, days=5)), ax
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_says_what_it_shows_and_nothing_is_cut_off_or_covered(name: str) -> None:
    ax = DRAWN[name](None)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    for words in (figures.alt_text(ax), figures.sentence(ax)):
        assert words.endswith(".")
        assert not re.search(r"\bnan\b|\binf\b|None|[{}]", words)
    assert figures.alt_text(ax) != figures.sentence(ax)
    drawn = figures.picture(ax)
    assert cut_off(ax) == []
    assert overlapping(ax) == []
    assert crossed_by_lines(ax) == []
    given = figures.new_axes()
    assert DRAWN[name](given) is given
    assert figures.picture(DRAWN[name](None)) == drawn


def test_a_watched_store_shows_each_days_orders_and_when_the_platform_acted() -> None:
    usual, leaky = store(), store("leaked-data")
    ax = figures.store_watched({"usual": usual, "leaky": leaky})
    for line, run in zip(ax.lines, (usual, leaky), strict=True):
        by_day = run.orders.pandas()["placed"].floordiv(1).value_counts()
        expected_counts = [int(by_day.get(float(day), 0)) for day in range(DAYS)]
        assert points(line)[1][:-1].tolist() == expected_counts
    sold, fewer = (run.orders.pandas().dropna(subset=["paid"])["amount"].sum() for run in (usual, leaky))
    said = figures.sentence(ax)
    assert f"leaky, {fewer / 100:,.0f} CNY; usual, {sold / 100:,.0f} CNY" in said
    assert f"{100 * (1 - fewer / sold):.1f} % less" in said
    assert "24 points" in said
    assert [note.get_text() for note in ax.texts] == ["day 10: 24 points, payout frozen"]


def test_a_store_that_is_slow_is_shown_each_consequence_once() -> None:
    ax = figures.store_watched({"slow": store(minutes=90)})
    notes = [note.get_text().rpartition(", ")[2] for note in ax.texts]
    assert notes == ["shown to fewer visitors", "payout frozen", "store closed"]


def test_credit_falls_by_what_is_said_and_comes_back() -> None:
    told = histories(store(), FalseReviews(20, 30, 10))
    ax = figures.credit_over_time(told, 20)
    honest, smeared = (points(line)[1] for line in ax.lines[:2])
    assert most_turned_away(told["smeared"], told["honest"]) == pytest.approx((honest - smeared).max())
    assert (honest - smeared).max() > 5
    assert (honest == smeared).tolist() == [not 20 <= day < 30 for day in range(1, DAYS + 1)]
    assert f"smeared: {round(smeared.min())} at the least" in figures.sentence(ax)


def test_a_check_shows_hits_false_alarms_and_misses() -> None:
    one = detector("fake-goods")
    ax = figures.checked_cases(expected(one, 10_000))
    fakes = 10_000 * one.share
    hits, alarms = fakes * one.hit, (10_000 - fakes) * one.false_alarm
    widths = sorted(round(bar.get_width(), 6) for bar in bars(ax) if bar.get_width())
    assert widths == sorted(round(width, 6) for width in (hits, hits, alarms, fakes - hits))
    assert f"of 100 flagged, {round(100 * hits / (hits + alarms))} are really fake" in figures.sentence(ax)


def test_disputes_are_counted_by_step_and_side() -> None:
    run = gift_shop()
    ends = dispute_results(run)
    ax = figures.dispute_ends(ends, "TWD")
    frame = run.orders.pandas().dropna(subset=["dispute_ended"])
    days = frame["dispute_ended"] - frame["dispute_opened"]
    said = figures.sentence(ax)
    assert said.startswith(
        f"{len(frame)} disputes were settled, half of them within {days.median():.1f} days"
    )
    assert f"after {days.mean():.1f} days" in said
    opened = int((~np.isnan(run.orders["dispute_opened"])).sum())
    assert sum(bar.get_width() for bar in bars(ax)) == opened
    assert f"{opened - len(frame)} are still open" in said


def test_lost_parcels_show_who_bears_what() -> None:
    result = lost_parcels(gift_shop(0, 0.1), 60)
    ax = figures.cost_of_lost_parcels(result, "TWD")
    assert [bar.get_width() for bar in bars(ax)] == [
        pytest.approx(result.goods + result.postage - result.made_good),
        pytest.approx(result.made_good),
        0,
    ]
    assert f"{number(round(result.days_without_money, 1))} days with neither" in figures.alt_text(ax)


def test_the_warning_splits_orders_at_the_first_review() -> None:
    run = store()
    ax = figures.late_warning(run, public_warning(run))
    placed, reviewed = run.orders.pandas()["placed"], run.orders.pandas()["reviewed"].dropna()
    assert f"on day {reviewed.min():.1f}; {(placed < reviewed.min()).sum()} orders" in figures.sentence(ax)
    orders, reviews = (points(line) for line in ax.lines[:2])
    assert (orders[1][-1], reviews[1][-1]) == (len(placed), len(reviewed))
    middle = np.searchsorted(orders[0], 20.0, side="right") - 1
    assert orders[1][middle] == (placed <= 20).sum()


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str], list[list[object]]]]:
    shown: list[tuple[str, list[str], list[list[object]]]] = []
    monkeypatch.setattr(
        "simlib.figures.trust.show_table",
        lambda caption, heads, rows: shown.append((caption, list(heads), [list(row) for row in rows])),
    )
    return shown


def test_the_rulebook_is_shown_whole_with_the_serious_ones_named(tables: list[Any]) -> None:
    figures.show_rulebook()
    (_caption, _heads, violations), (_second, _more, consequences) = tables
    assert sorted(row[2] for row in violations) == sorted(rulebook().points.values())
    assert {row[0] for row in violations if row[1] == "serious"} == {
        "other people's data leaked",
        "fake goods",
        "fake trades",
    }
    assert [row[0] for row in consequences] == [12, 24, 48]


def test_cash_on_delivery_is_the_only_way_to_pay_whose_failures_travel(tables: list[Any]) -> None:
    run = gift_shop(0.0)
    figures.show_cash_on_delivery(run)
    frame = run.orders.pandas()
    rows = {row[0]: row[1:] for row in tables[0][2]}
    at_door = frame[frame["payment_method"] == "cash-on-delivery"]
    refused = int((at_door["state"] == "refused").sum())
    fee = float(run.scenario.logistics.parcel_fee)
    assert refused > 5
    # Out and back.
    assert rows["cash on delivery"] == [len(at_door), refused, refused, round(2 * fee * refused)]
    assert all(rows[way][2:] == [0, 0] for way in ("card", "wallet", "bank transfer"))
    bad = frame[frame["state"] == "refused"].groupby("member").size()
    good = frame[frame["state"] == "completed"].groupby("member").size()
    gone = frame[frame["state"] == "unpaid"].groupby("member").size()
    score = good.sub(3 * bad, fill_value=0).sub(gone, fill_value=0)
    assert tables[1][2] == [[run.members.rows, int((score < -2).sum())]]


def test_two_checks_make_a_flag_worth_more_and_find_less(tables: list[Any]) -> None:
    figures.show_detectors()
    for _what, share, hit, alarm, worth, worth_twice, found_twice in tables[0][2]:
        good = 100 - share
        assert float(worth) == pytest.approx(100 * share * hit / (share * hit + good * alarm), abs=0.5)
        twice = share * hit**2 / (share * hit**2 + good * alarm**2)
        assert float(worth_twice) == pytest.approx(100 * twice, abs=0.5)
        assert float(found_twice) == pytest.approx(hit**2 / 100, abs=0.5)


def test_the_ladder_and_its_hold_on_data_are_tables_of_what_was_counted(tables: list[Any]) -> None:
    run = gift_shop()
    figures.show_dispute_ladder(run.scenario.disputes.steps, "TWD")
    assert [row[1] for row in tables[0][2]] == [100, 30, 12, 3.6, 1.4]
    groups = online_by_dispute(run, run.copies)
    figures.show_online_by_dispute(groups)
    shares = [(row[2], row[5]) for row in tables[1][2]]
    assert sum(of_orders for of_orders, _days in shares) == pytest.approx(100, abs=0.11)
    assert sum(of_days for _orders, of_days in shares) == pytest.approx(100, abs=0.11)
    assert shares[1][1] > shares[1][0]


def test_a_complaint_in_time_holds_the_order_and_one_too_late_does_not(tables: list[Any]) -> None:
    # Without a zone: local time at each place.
    delivered, early, late, settled = (
        datetime.fromisoformat(f"2026-03-{moment}")
        for moment in ("02 15:00", "06 10:00", "12 10:00", "27 12:00")
    )
    for opened in (early, late):
        figures.show_dispute_holds(delivered, opened, settled)
    held = [[row[3] for row in table[2]] for table in tables]
    assert [row[4] for row in tables[0][2]] == [5, 30, 7, 10]
    until, over = "2026-03-27 12:00", "2026-03-10 00:00"
    assert held == [[until, until, "2026-03-02 15:00", until], [over, over, "2026-03-02 15:00", until]]
