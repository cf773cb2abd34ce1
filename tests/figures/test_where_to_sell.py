"""Figures of lesson 01: numbers recomputed another way, words that fit, tables that say what the model knows."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from simlib import figures
from simlib.facts import all_facts
from simlib.figures import where_to_sell
from simlib.platform import fees, ways
from simlib.platform.catalogue import platforms
from simlib.platform.jurisdictions import PLACES
from simlib.platform.roles import DUTIES, EXAMPLES, duties, example, roles
from simlib.privacy import copies_of
from simlib.records import Run
from simlib.world import simulate
from tests.shops import scenario

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow

DAYS = 60


@lru_cache
def six_runs() -> dict[str, Run]:
    shop = scenario("taiwan-gift-shop")
    return {
        ways.tried_label(way): simulate(ways.arranged(shop, way), days=DAYS, seed=7) for way in ways.TRIED
    }


def reach() -> dict[str, ways.Reach]:
    return {label: ways.within_reach(copies_of(run), DAYS) for label, run in six_runs().items()}


def two_months() -> dict[str, fees.MonthCost]:
    shop = scenario("taiwan-gift-shop")
    run = simulate(shop, days=DAYS, seed=7)
    return {
        name: fees.charge_month(fees.schedule(name), ways.sales(run, operator, 0, 30), "tw")
        for name, operator in (("own-site-tw", "own-site"), ("marketplace-tw", "platform-run"))
    }


DRAWN: dict[str, Callable[[], Axes]] = {
    "reach": lambda: figures.customers_within_reach(reach()),
    "100": lambda: figures.where_100_goes(six_runs()),
    "month": lambda: figures.what_100_leaves(two_months(), "TWD"),
}


def widths(ax: Axes) -> dict[float, float]:
    """Sum of the bars' widths by the height at which they stand."""
    sums: dict[float, float] = {}
    for patch in ax.patches:
        assert isinstance(patch, Rectangle)
        middle = patch.get_y() + patch.get_height() / 2
        sums[round(middle, 3)] = sums.get(round(middle, 3), 0) + patch.get_width()
    return sums


def table(
    monkeypatch: pytest.MonkeyPatch, show: Callable[[], None]
) -> tuple[str, list[str], list[list[Any]]]:
    shown: list[Any] = []
    monkeypatch.setattr(where_to_sell, "show_table", lambda *given: shown.append(given))
    show()
    caption, heads, rows = shown[0]
    assert all(len(row) == len(heads) for row in rows)
    return caption, list(heads), [list(row) for row in rows]


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_of_a_figure_stands_within_it(name: str) -> None:
    ax = DRAWN[name]()
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(io.BytesIO(), format="png")
    legend = figure.legends[0]
    words = [*ax.texts, *legend.get_texts(), *ax.get_yticklabels(), ax.xaxis.label, legend]
    for word in words:
        box = word.get_window_extent()
        assert figure.bbox.padded(1).contains(box.x0, box.y0), word
        assert figure.bbox.padded(1).contains(box.x1, box.y1), word
    assert figures.alt_text(ax)
    assert figures.sentence(ax)


def test_the_bars_of_reach_are_as_long_as_the_records_are_many() -> None:
    found = list(reach().values())[::-1]
    bars = widths(figures.customers_within_reach(reach()))
    assert list(bars) == list(range(len(found)))
    assert list(bars.values()) == [of.with_address + of.without_address + of.elsewhere for of in found]


@pytest.mark.parametrize("name", ["100", "month"])
def test_bars_of_100_are_100_long_where_something_is_left(name: str) -> None:
    assert list(widths(DRAWN[name]()).values()) == pytest.approx([100.0] * len(widths(DRAWN[name]())))


def test_a_month_that_costs_more_than_100_shows_so_and_names_the_loss() -> None:
    month = fees.charge_month(
        fees.schedule("own-site-tw"), [fees.Sale(amount=10_000, goods=9_000, operator="own-site")], "tw"
    )
    # 100 TWD of sales: goods 90, card 2.80, technical service 1500, advertising 8, business tax 4.76 − 4.29 = 0.47.
    ax = figures.what_100_leaves({"own site": month}, "TWD")
    assert list(widths(ax).values()) == pytest.approx([90 + 2.8 + 1500 + 8 + 0.47])
    assert "own site: -1501.3" in figures.sentence(ax)


def test_a_month_of_100_is_its_postings_shares() -> None:
    for name, month in two_months().items():
        schedule, total = fees.schedule(name), sum(order.sale.amount for order in month.orders)
        share = where_to_sell.month_of_100(month)
        assert sum(share.values()) == pytest.approx(100)
        assert share["goods"] == pytest.approx(100 * sum(order.sale.goods for order in month.orders) / total)
        assert share["advertising"] == pytest.approx(float(100 * schedule.advertising), abs=1e-4)
        assert share["technical-service"] == pytest.approx(
            float(100 * 100 * schedule.technical_service) / total
        )
        assert share["platform"] == pytest.approx(float(100 * schedule.commission), abs=0.01)


def test_the_same_data_give_the_same_picture() -> None:
    for draw in DRAWN.values():
        assert figures.picture(draw()) == figures.picture(draw())


def test_the_table_of_roles_has_each_role_of_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {name: example(name) for name in EXAMPLES}
    _caption, _heads, rows = table(monkeypatch, lambda: figures.show_roles(named))
    assert rows == [
        ["Taobao", *["your shop"] * 5, "the buyer → the payment company → your shop"],
        ["JD", *["the platform"] * 5, "the buyer → the platform → your shop"],
    ]


def test_each_trade_stands_in_the_table_once_and_only_private_people_invoice_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _caption, _heads, rows = table(monkeypatch, figures.show_trades)
    assert [row[0] for row in rows] == ["B2B", "B2C", "C2C", "O2O"]
    assert [row[0] for row in rows if row[4].startswith("Nobody")] == ["C2C"]
    assert [row[0] for row in rows if "address" not in row[2].replace("e-mail address", "")] == ["O2O"]


def test_the_checklist_says_you_where_the_duty_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {way: ways.way_roles(way) for way in ways.TRIED}
    _caption, heads, rows = table(monkeypatch, lambda: figures.show_duties(named))
    assert len(rows) == len(DUTIES)
    for column, way in enumerate(heads[1:], start=1):
        said = [row[column] == "you" for row in rows]
        assert said == [duty.stays for duty in duties(named[way])]


def test_a_marketplace_takes_one_duty_off_the_seller(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        way: (ways.way_roles(way), ways.Reach(0, 0, 0, 0), 0.0)
        for way in ("own-site", "marketplace", "consignment")
    }
    _caption, _heads, rows = table(monkeypatch, lambda: figures.show_what_stays(given, "TWD"))
    assert [row[1] for row in rows] == [6, 5, 4]


def test_every_platform_stands_in_one_of_the_two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    _caption, _heads, markets = table(monkeypatch, figures.show_platforms)
    _caption, _heads, others = table(monkeypatch, figures.show_leaders_and_changes)
    text = " ".join(" ".join(row) for row in markets)
    listed = {row[0] for row in others}
    for platform in platforms():
        assert platform.name in text or platform.name in listed, platform.name
        assert (platform.name in listed) == bool(platform.leader or platform.since)
        if platform.since == "closed":
            assert platform.name not in text
    assert {row[0] for row in others if row[3] == "yes"} == {
        "amazon.co.jp",
        "daum.net",
        "gmarket.co.kr",
        "flipkart.com",
    }


def test_what_is_verified_carries_its_year_and_what_is_not_an_asterisk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _caption, _heads, rows = table(monkeypatch, figures.show_platforms)
    domestic = rows[0][2].split(", ")
    assert "tmall.com (2014)" in domestic
    assert "zalando.com*" in domestic


def test_the_fee_schedules_are_assumptions_as_their_caption_says(monkeypatch: pytest.MonkeyPatch) -> None:
    named = dict(fees.schedules())
    caption, _heads, rows = table(monkeypatch, lambda: figures.show_fee_schedules(named))
    assert "All figures are assumptions" in caption
    assert {fact.status for name, fact in all_facts().items() if name.startswith(fees.PREFIX)} == {
        "assumption"
    }
    assert ["marketplace-tw", 5.5, 0.0, 2.0, 2.0, 4.0, "0 TWD", "0 TWD"] in rows


def test_the_law_of_each_place_marks_what_was_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    _caption, heads, rows = table(monkeypatch, figures.show_law)
    assert len(heads) == 1 + len(PLACES)
    law = {row[0]: dict(zip(PLACES, row[1:], strict=True)) for row in rows}
    assert law["changing one’s mind"]["cn"].endswith("not counted.")
    assert law["changing one’s mind"]["hk"].endswith("change his mind.*")
    assert (
        law["after a data breach"]["eu"]
        == "Tell the supervisor of a breach within 72 hours after you know of it."
    )
    assert [place for place in PLACES if law["customs"][place].endswith("*")] == ["cn", "hk", "eu"]
    assert all(words.endswith("*") for words in law["privacy law"].values())


def test_the_last_day_is_counted_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    received = datetime(2026, 7, 2, 14, 30, tzinfo=ZoneInfo("Asia/Taipei"))
    # 2 July 2026 is a Thursday. Seven days later is Thursday the 9th; four months after receipt is 2 November.
    # Fourteen days later is Thursday the 16th; twelve months after that is Friday, 16 July 2027.
    _caption, _heads, rows = table(monkeypatch, lambda: figures.show_return_clock(received))
    assert [row[1:] for row in rows] == [
        ["2026-07-09", "2026-11-02"],
        ["2026-07-09", "2026-07-09"],
        ["no such right", "no such right"],
        ["2026-07-16", "2027-07-16"],
    ]


def test_the_steps_against_copies_begin_with_evidence_and_end_in_court(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _caption, _heads, rows = table(monkeypatch, figures.show_infringement_path)
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert rows[0][1].startswith("Keep evidence")
    assert rows[1][1].startswith("Complain to the platform")
    assert rows[2][1].startswith("Sue")


def test_whose_data_lie_where_follows_the_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"consignment": roles("B2C", "platform-run", "consignment")}
    _caption, _heads, rows = table(monkeypatch, lambda: figures.show_data_places(named))
    assert rows == [
        ["consignment", "purchase", "the platform; the payment company; the consignee; the courier"],
    ]
