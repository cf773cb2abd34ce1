from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.platform.jurisdictions import (
    GOODS,
    PLACES,
    ZONES,
    Window,
    breach_notice_due,
    clock,
    computer_crime_law,
    customs,
    goods_label,
    infringement_path,
    jurisdiction,
    privacy_law,
    window_ends,
)

at = datetime.fromisoformat
"""Local time of whatever place is asked about."""

MONDAY = at("2026-03-02 15:30")
moments = st.datetimes(at("2024-01-01 00:00"), at("2027-12-31 00:00"))
TAIPEI = ZoneInfo("Asia/Taipei")


def ends(place: str, delivered: datetime, *arguments: object, **options: object) -> str:
    return clock(place, delivered, *arguments, **options).ends.strftime("%Y-%m-%d %H:%M")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "delivered", "end"),
    [
        # Monday; the seventh day is the Monday after, and its end the Tuesday's midnight.
        ("tw", MONDAY, "2026-03-10 00:00"),
        ("cn", MONDAY, "2026-03-10 00:00"),
        ("hk", MONDAY, "2026-03-02 15:30"),
        ("eu", MONDAY, "2026-03-17 00:00"),
        # One minute before and after midnight is a day's difference.
        ("cn", at("2026-03-02 23:59"), "2026-03-10 00:00"),
        ("cn", at("2026-03-03 00:00"), "2026-03-11 00:00"),
        # Saturday: the last day is a Saturday, which moves to Monday in Taiwan and the EU, not on the mainland.
        ("tw", at("2026-03-07 10:00"), "2026-03-17 00:00"),
        ("eu", at("2026-03-07 10:00"), "2026-03-24 00:00"),
        ("cn", at("2026-03-07 10:00"), "2026-03-15 00:00"),
    ],
)
def test_the_window_ends_at_the_midnight_after_its_last_day(
    place: str, delivered: datetime, end: str
) -> None:
    """Row A14."""
    assert ends(place, delivered) == end


def test_a_moment_elsewhere_counts_by_the_buyers_own_calendar() -> None:
    # Six in the evening in London is already the next day in Taipei.
    assert ends("tw", datetime(2026, 3, 2, 18, 0, tzinfo=UTC)) == ends("tw", at("2026-03-03 02:00"))


def test_a_public_holiday_moves_the_last_day() -> None:
    assert ends("tw", MONDAY, holidays={date(2026, 3, 9), date(2026, 3, 10)}) == "2026-03-12 00:00"
    assert ends("cn", MONDAY, holidays={date(2026, 3, 9)}) == "2026-03-10 00:00"


@pytest.mark.parametrize(
    ("place", "explained", "end"),
    [
        # Never told: four months from receipt in Taiwan, twelve after the fortnight in the EU; 2 July is a Thursday.
        ("tw", False, "2026-07-03 00:00"),
        ("eu", False, "2027-03-17 00:00"),
        ("cn", False, "2026-03-10 00:00"),
        # Told on 20 March, a Friday: seven days from the day after.
        ("tw", at("2026-03-20 09:00"), "2026-03-28 00:00"),
        ("eu", at("2026-03-20 09:00"), "2026-04-04 00:00"),
        # Told too late to prolong it.
        ("tw", at("2026-06-30 09:00"), "2026-07-03 00:00"),
        # Told before the parcel came.
        ("tw", at("2026-03-01 09:00"), "2026-03-10 00:00"),
    ],
)
def test_a_right_that_nobody_explained_lives_longer(place: str, explained: bool | datetime, end: str) -> None:
    assert ends(place, MONDAY, explained) == end


def test_four_months_end_with_the_month_where_it_has_no_such_day() -> None:
    # 31 October and four months: the last of February, a Saturday, so the Monday after.
    assert ends("tw", at("2025-10-31 09:00"), False) == "2026-03-03 00:00"
    assert ends("tw", at("2026-08-31 09:00"), False) == "2027-01-01 00:00"


@given(st.sampled_from(PLACES), moments, st.one_of(st.booleans(), moments))
def test_not_explaining_never_shortens_the_window(
    place: str, delivered: datetime, explained: bool | datetime
) -> None:
    plain, other = clock(place, delivered), clock(place, delivered, explained)
    assert plain.begins == other.begins
    assert plain.ends <= other.ends <= clock(place, delivered, False).ends


@given(st.sampled_from(["tw", "cn", "eu"]), moments)
def test_a_window_holds_at_least_its_days_and_ends_at_midnight(place: str, delivered: datetime) -> None:
    window = clock(place, delivered)
    law = jurisdiction(place)
    last = window.ends.date() - timedelta(days=1)
    days = (last - window.begins.date()).days
    assert law.window_days <= days <= law.window_days + 2
    assert (window.ends.hour, window.ends.minute) == (0, 0)
    assert not (law.last_day_moves and last.weekday() >= 5)


@given(st.sampled_from(["tw", "cn", "hk"]), st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.floats(0, 400))
def test_the_simulations_clock_agrees_with_the_calendar(place: str, start: date, delivered: float) -> None:
    # Whole minutes: a float of days holds them well within a microsecond.
    minutes = round(delivered * 1440)
    zone = ZoneInfo(ZONES[place])
    midnight = at(f"{start} 00:00")
    window = clock(place, midnight + timedelta(minutes=minutes))
    (end,) = window_ends(place, [minutes / 1440], start)
    told = window.ends.astimezone(zone).replace(tzinfo=None) - midnight
    assert end == pytest.approx(told / timedelta(days=1), abs=1e-9)


def test_what_was_never_delivered_has_no_end() -> None:
    assert np.isnan(window_ends("tw", [float("nan"), 1.5], date(2026, 3, 2))).tolist() == [True, False]
    assert np.isnan(window_ends("hk", [float("nan")], date(2026, 3, 2))).all()


@pytest.mark.parametrize("place", PLACES)
def test_excepted_goods_have_no_window(place: str) -> None:
    law = jurisdiction(place)
    for goods in GOODS:
        window = clock(place, MONDAY, goods=goods)
        open_ = bool(law.window_days) and goods not in law.exceptions
        assert (window.ends > window.begins) == open_
    assert "ordinary" not in law.exceptions
    assert set(law.exceptions) <= set(GOODS)


def test_taiwan_has_the_seven_exceptions_of_2016() -> None:
    assert len(jurisdiction("tw").exceptions) == 7
    assert jurisdiction("tw").facts["exceptions"].status == "verified"


def test_a_dispute_opened_in_time_holds_the_order_until_it_is_settled() -> None:
    window = clock("tw", MONDAY)
    inside, after = window.ends - timedelta(hours=1), window.ends + timedelta(days=30)
    assert window.held(inside, after) == after
    assert window.held(inside, inside) == window.ends
    assert window.held(inside, None) is None
    assert window.held(window.ends, None) == window.ends


def test_a_breach_in_the_eu_is_told_within_72_hours_also_when_clocks_are_put_forward() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    aware = datetime(2026, 3, 28, 12, 0, tzinfo=berlin)
    due = breach_notice_due("eu", aware)
    assert due == datetime(2026, 3, 31, 13, 0, tzinfo=berlin)
    assert due.astimezone(UTC) - aware.astimezone(UTC) == timedelta(hours=72)
    assert jurisdiction("eu").facts["breach_hours"].status == "verified"


def test_where_the_law_counts_no_hours_it_says_how_soon() -> None:
    aware = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert [breach_notice_due(place, aware) for place in ("tw", "cn", "hk")] == [None] * 3
    assert [jurisdiction(place).breach_notice for place in ("tw", "cn", "hk")] == [
        *("promptly", "immediately", "voluntary"),
    ]


@pytest.mark.parametrize("place", PLACES)
def test_every_rule_of_a_place_has_its_sentence_and_its_source(place: str) -> None:
    law = jurisdiction(place)
    told = law.sentences()
    assert set(told) == {
        *("window", "invoice", "breach", "accounts", "platform", "privacy", "computer crime", "customs"),
    }
    assert all(sentence.endswith(".") and "{" not in sentence for sentence in told.values())
    assert privacy_law(place) in told["privacy"]
    assert computer_crime_law(place) in told["computer crime"]
    assert customs(place) == told["customs"]
    for name, found in law.facts.items():
        known = getattr(law, name)
        assert known == (
            tuple(g for g in found.value if g != "none") if name == "exceptions" else found.value
        )


def test_against_copies_evidence_comes_first_then_the_platform_then_the_court() -> None:
    evidence, platform, court = infringement_path()
    assert evidence.startswith("Keep evidence")
    assert platform.startswith("Complain to the platform")
    assert court.startswith("Sue")


def test_impossible_questions_get_their_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        clock("us", MONDAY)
    assert told.value.sentence == "The place must be one of tw, cn, hk, eu, not us."
    with pytest.raises(SafeShopError) as told:
        clock("tw", MONDAY, goods="socks")
    assert told.value.sentence == f"The goods must be one of {', '.join(GOODS)}, not socks."
    with pytest.raises(SafeShopError) as told:
        breach_notice_due("eu", MONDAY)
    assert told.value.sentence == "The moment at which the breach was noticed needs its time zone."
    window = Window(MONDAY.replace(tzinfo=TAIPEI), (MONDAY + timedelta(days=1)).replace(tzinfo=TAIPEI), "")
    with pytest.raises(SafeShopError) as told:
        window.held(window.begins, window.begins - timedelta(days=1))
    assert told.value.sentence == "The dispute was settled before it was opened; swap the two moments."
    with pytest.raises(SafeShopError) as told:
        window.held(MONDAY, None)
    assert told.value.sentence == "The moments of a dispute need their time zone."


def test_each_kind_of_goods_has_its_label() -> None:
    assert len({goods_label(goods) for goods in GOODS}) == len(GOODS)
