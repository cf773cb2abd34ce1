"""Dashboard, statistics, lists and searches say what a plain count over the rows says."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from simlib.errors import SafeShopError
from simlib.vault.reports import MemberFilter, OrderFilter
from simlib.vault.schema import MEMBERS, ORDERS
from tests.vault.sample import Cells, Lab, member, order, write

TODAY = date(2026, 5, 20)


def some_members(count: int) -> list[Cells]:
    """Members that differ in everything a search asks for."""
    chance = random.Random(2)

    def one(number: int) -> Cells:
        pick = {
            spec.name: chance.choice(spec.constraints["enum"])
            for spec in MEMBERS.fields
            if "enum" in spec.constraints
        }
        day = f"{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        return member(
            number,
            **pick,
            channel=chance.choice(("own-site", "market")),
            nationality=chance.choice(("TW", "HK", "")),
            birthday=chance.choice((f"{chance.randrange(1940, 2010)}-{day}", f"1990-{day}", "")),
            newsletter=chance.choice(("true", "false")),
            has_bought=chance.choice(("true", "false")),
            points=str(chance.randrange(500)),
            mobile=chance.choice(("", f"09991{number:05}")),
            last_login_at=chance.choice(("", f"2026-04-{chance.randrange(1, 29):02}T08:00:00+08:00")),
            level_changed_at=f"2026-02-{chance.randrange(1, 29):02}T08:00:00+08:00",
            name=chance.choice(("林美玲", "陳志明", "Ann Lee", "")),
        )

    return [*(one(number) for number in range(count - 1)), member(count - 1, birthday="1985-03-06")]


def age(row: Cells) -> int:
    born = date.fromisoformat(row["birthday"])
    had = (TODAY.month, TODAY.day) >= (born.month, born.day)
    return TODAY.year - born.year - (0 if had else 1)


CASES: dict[str, tuple[MemberFilter, Callable[[Cells], bool]]] = {
    "period": (MemberFilter(since="2026-02", until="2026-02"), lambda m: m["registered_at"][:7] == "2026-02"),
    "period of days": (
        MemberFilter(period="last_login_at", since="2026-04-05", until="2026-04-11"),
        lambda m: m["last_login_at"] != "" and "2026-04-05" <= m["last_login_at"][:10] <= "2026-04-11",
    ),
    "kind of period": (
        MemberFilter(period="level_changed_at", until="2026-02-10"),
        lambda m: m["level_changed_at"][:10] <= "2026-02-10",
    ),
    "changed": (MemberFilter(period="changed_at", since="2026-03"), lambda m: m["changed_at"] >= "2026-03"),
    "complete": (MemberFilter(data_check="complete"), lambda m: bool(m["name"] and m["mobile"])),
    "incomplete": (MemberFilter(data_check="incomplete"), lambda m: not (m["name"] and m["mobile"])),
    "register method": (MemberFilter(register_method="staff"), lambda m: m["register_method"] == "staff"),
    "integration": (MemberFilter(account_integration="line"), lambda m: m["account_integration"] == "line"),
    "channel": (MemberFilter(channel="market"), lambda m: m["channel"] == "market"),
    "level": (MemberFilter(level="vip"), lambda m: m["level"] == "vip"),
    "online state": (MemberFilter(online_state="offline"), lambda m: m["online_state"] == "offline"),
    "sex": (MemberFilter(sex="male"), lambda m: m["sex"] == "male"),
    "e-mail validity": (MemberFilter(email_validity="bounced"), lambda m: m["email_validity"] == "bounced"),
    "nationality": (MemberFilter(nationality="HK"), lambda m: m["nationality"] == "HK"),
    "found by": (MemberFilter(found_by="friend"), lambda m: m["found_by"] == "friend"),
    "birthday": (MemberFilter(birthday="03"), lambda m: m["birthday"][5:7] == "03"),
    "birthday on a day": (MemberFilter(birthday="03-06"), lambda m: m["birthday"][5:] == "03-06"),
    "newsletter": (MemberFilter(newsletter=False), lambda m: m["newsletter"] == "false"),
    "bought": (MemberFilter(has_bought=True), lambda m: m["has_bought"] == "true"),
    "age": (MemberFilter(age_from=20, age_to=36), lambda m: m["birthday"] != "" and 20 <= age(m) <= 36),
    "points": (MemberFilter(points_from=100, points_to=200), lambda m: 100 <= int(m["points"]) <= 200),
    "keyword": (MemberFilter(keyword=" ann "), lambda m: m["name"] == "Ann Lee"),
    "keyword in mail": (MemberFilter(keyword="MEI-17@"), lambda m: "mei-17@" in m["email"]),
    "two at once": (
        MemberFilter(level="vip", points_from=250),
        lambda m: m["level"] == "vip" and int(m["points"]) >= 250,
    ),
    "none": (MemberFilter(), lambda m: True),
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, list[Cells]]:
    """A vault of 300 members."""
    folder = tmp_path_factory.mktemp("people")
    lab, rows = Lab(folder / "vault").create(), some_members(300)
    with lab.sign_in() as session:
        session.import_file(write(folder / "m.csv", MEMBERS, rows))
    return lab, rows


def test_every_filter_finds_the_members_that_a_plain_count_finds(people: tuple[Lab, list[Cells]]) -> None:
    lab, rows = people
    with lab.sign_in() as session:
        for name, (wanted, passes) in CASES.items():
            expected = [row for row in rows if passes(row)]
            found = session.search_members(wanted, page_rows=None)
            assert found.rows == expected, name
            assert found.count == len(expected)
            assert len(expected) > 0, name


def test_every_filter_of_the_mission_has_a_case() -> None:
    used = {
        one.name
        for one in fields(MemberFilter)
        for wanted, _ in CASES.values()
        if getattr(wanted, one.name) is not None
    }
    assert used == {one.name for one in fields(MemberFilter)}


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (MemberFilter(period="birthday"), "The filter period must be one of: registered_at, "),  # type: ignore[arg-type]
        (
            MemberFilter(since="2026-13"),
            "“2026-13” is neither a month such as 2026-03 nor a day such as 2026-03-05.",
        ),
        *(
            (
                MemberFilter(until=text),
                f"“{text}” is neither a month such as 2026-03 nor a day such as 2026-03-05.",
            )
            for text in ("2026-W10-1", "20260305", "２０２６-03-05", "2026-3-05")
        ),
        (
            MemberFilter(since="2026-03", until="2026-02"),
            "The period ends before it begins: 2026-03 to 2026-02.",
        ),
        (MemberFilter(age_from=40, age_to=20), "The range age_from to age_to ends before it begins."),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(
    people: tuple[Lab, list[Cells]], wanted: MemberFilter, sentence: str
) -> None:
    with people[0].sign_in() as session, pytest.raises(SafeShopError) as refused:
        session.search_members(wanted)
    assert refused.value.sentence.startswith(sentence)


def test_pages_hold_every_member_once(people: tuple[Lab, list[Cells]]) -> None:
    lab, rows = people
    with lab.sign_in() as session:
        pages = [session.search_members(page=page, page_rows=70) for page in (1, 2, 3, 4, 5)]
        assert [row for page in pages for row in page.rows] == rows
        assert {page.pages for page in pages} == {5}
        with pytest.raises(SafeShopError, match=r"There is no page 6; the last one is 5."):
            session.search_members(page=6, page_rows=70)


def test_the_dashboard_counts_the_days_orders_and_members(lab: Lab, tmp_path: Path) -> None:
    day = "2026-05-19"
    at = f"{day}T10:00:00+08:00"
    rows = [
        order(1, "2026-04", completed_at=at, changed_at=at),
        order(2, "2026-05", completed_at=at, changed_at=at, channel="market"),
        order(3, "2026-05", completed_at="", changed_at=at, order_status="refused"),
        order(4, "2026-05", changed_at=at, order_status="refunded", channel="market"),
        order(5, "2026-05", completed_at="2026-05-18T10:00:00+08:00", changed_at=at),
        order(6, "2026-05", completed_at="2026-05-18T10:00:00+08:00", changed_at="2026-05-18T10:00:00+08:00"),
    ]
    people = [
        member(1, registered_at=at, changed_at=at),
        member(2, changed_at=at),
        member(3),
    ]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "o.csv", ORDERS, rows))
        session.import_file(write(tmp_path / "m.csv", MEMBERS, people))
        seen = session.dashboard(date(2026, 5, 19))
        assert (seen.shop_completed, seen.shop_changed) == (1, 2)
        assert (seen.channel_completed, seen.channel_changed) == (1, 1)
        assert (seen.members_new, seen.members_changed) == (1, 1)
        empty = session.dashboard()
        assert (empty.day, empty.shop_completed, empty.members_new) == (date(2026, 5, 20), 0, 0)


def test_the_order_list_shows_a_periods_orders_and_what_they_come_to(lab: Lab, tmp_path: Path) -> None:
    rows = [
        order(n, f"2026-0{3 + n % 2}", goods_amount=f"{n}.25", payment_method=("card", "cash")[n % 3 == 0])
        for n in range(90)
    ]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "o.csv", ORDERS, rows))
        found = session.list_orders(
            OrderFilter("2026-03-05", "2026-04-11", payment_method="cash"), page_rows=None
        )
        expected = [
            one
            for one in rows
            if "2026-03-05" <= one["ordered_at"][:10] <= "2026-04-11" and one["payment_method"] == "cash"
        ]
        assert found.count == len(expected) > 5
        assert found.amounts["TWD"]["goods_amount"] == sum(Decimal(one["goods_amount"]) for one in expected)
        assert {one["order_number"] for one in found.rows} == {one["order_number"] for one in expected}
        times = [one["ordered_at"] for one in found.rows]
        assert times == sorted(times, reverse=True)
        months, total = session.monthly_statistics(since="2026-04")
        assert ([one.month for one in months], total.orders) == (["2026-04"], 45)
