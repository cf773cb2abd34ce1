"""Import: every field comes back as it went in, nothing twice, nothing lost, nothing altered."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.vault import reading, repeats
from simlib.vault.blocks import compress_text, decode_rows, join_rows, row_text
from simlib.vault.importing import normal_email, normal_emails, normal_phone, normal_phones
from simlib.vault.keyring import Compartment
from simlib.vault.reports import MemberFilter
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS, FieldSpec
from simlib.vault.segments import SegmentReader
from tests.vault.sample import Cells, Lab, line, member, order, write

ODD = [
    "=1+1",
    "+886",
    "@SUM(A1)",
    "\tx",
    "a\0b",
    "two\r\nlines",
    'quo"te',
    "\u202eabc",
    "\x1fa\x1e",
    '["x"]',
    " x ",
]


def odd_cells(fields: tuple[FieldSpec, ...]) -> Cells:
    """Odd texts in every free-text column."""
    free = [spec.name for spec in fields if spec.type == "string" and not spec.constraints]
    return {name: ODD[place % len(ODD)] + name for place, name in enumerate(free)}


def test_every_field_of_members_orders_and_lines_comes_back_as_it_was(lab: Lab, tmp_path: Path) -> None:
    people = [member(1), member(2, **odd_cells(MEMBERS.fields))]
    bought = [order(1), order(2, **odd_cells(ORDERS.fields))]
    lines = [line(1), line(1, 2, product_name="x\x1fy"), line(2)]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "m.csv", MEMBERS, people))
        session.import_file(write(tmp_path / "o.csv", ORDERS, bought))
        session.import_file(write(tmp_path / "l.csv", ORDER_LINES, lines))
    with lab.sign_in() as session:
        assert session.search_members().rows == people
        for number, expected in zip((1, 2), bought, strict=True):
            detail = session.reveal_order(f"SYNTW{number:08}", "the test compares")
            assert detail.order == expected
            assert detail.lines == [one for one in lines if one["order_number"] == expected["order_number"]]
        assert session.verify().findings == []


def test_a_missing_value_stays_missing(lab: Lab, tmp_path: Path) -> None:
    empty = {spec.name: "" for spec in MEMBERS.fields if not spec.constraints.get("required")}
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "m.csv", MEMBERS, [member(1, **empty)]))
        assert session.search_members().rows == [member(1, **empty)]


def test_the_same_file_twice_changes_nothing(lab: Lab, tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", ORDERS, [order(n) for n in range(30)])
    with lab.sign_in() as session:
        first = session.import_file(path)
        before = session.monthly_statistics()
        again = session.import_file(path)
        assert (again.already, again.number, again.new) == (True, first.number, 0)
        assert session.monthly_statistics() == before
        assert session.verify().rows == 30


def test_an_overlapping_file_adds_only_what_is_new_or_changed(lab: Lab, tmp_path: Path) -> None:
    changed = order(3, order_status="refunded", refunded="1280.00", changed_at="2026-03-29T00:00:00+08:00")
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "a.csv", ORDERS, [order(n) for n in range(10)]))
        report = session.import_file(
            write(tmp_path / "b.csv", ORDERS, [changed, *(order(n) for n in range(5, 15))])
        )
        assert (report.rows, report.new, report.changed, report.unchanged) == (11, 5, 1, 5)
        months, _total = session.monthly_statistics()
        (month,) = months
        assert (month.orders, month.completed, month.changed) == (15, 14, 1)
        assert month.amounts["TWD"]["refunded"] == Decimal("1280.00")
        assert session.list_orders().count == 15


@pytest.mark.parametrize("mode", ["overwrite", "further"])
def test_a_changed_member_replaces_or_joins_the_former_as_the_operator_chose(
    lab: Lab, tmp_path: Path, mode: str
) -> None:
    old, new = member(1), member(1, mobile="0999777777", changed_at="2026-05-01T00:00:00+08:00")
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "a.csv", MEMBERS, [old]))
        session.import_file(write(tmp_path / "b.csv", MEMBERS, [new]), mode=mode)  # type: ignore[arg-type]
        found = session.search_members().rows
        assert found == ([new] if mode == "overwrite" else [old, new])
        assert [(one.record, one.is_current) for one in session.history("members", "SYNTW000001")] == [
            (old, mode == "further"),
            (new, True),
        ]
        customer = session.find(phone="0999777777")
        assert customer.member is not None
        if mode == "overwrite":
            with pytest.raises(SafeShopError, match=r"Nothing is found"):
                session.find(phone=old["mobile"] if old["mobile"][-8:] != old["phone"][-8:] else "x")


def test_a_file_of_yesterday_does_not_undo_the_change_of_today(lab: Lab, tmp_path: Path) -> None:
    new = member(1, mobile="0999777777", changed_at="2026-05-01T00:00:00+08:00")
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "b.csv", MEMBERS, [new]))
        report = session.import_file(write(tmp_path / "a.csv", MEMBERS, [member(1)]))
        assert (report.older, report.changed) == (1, 0)
        assert session.search_members().rows == [new]


def test_a_third_version_replaces_the_second_and_totals_count_one(lab: Lab, tmp_path: Path) -> None:
    with lab.sign_in() as session:
        for day in (10, 11, 12):
            changed = order(1, goods_amount=f"{day}.00", changed_at=f"2026-04-{day}T00:00:00+08:00")
            session.import_file(write(tmp_path / f"{day}.csv", ORDERS, [changed]))
        months, total = session.monthly_statistics()
        assert (months[0].orders, total.amounts["TWD"]["goods_amount"]) == (1, Decimal("12.00"))
        assert [one.is_current for one in session.history("orders", "SYNTW00000001")] == [False, False, True]


def test_totals_equal_a_count_over_all_current_rows(lab: Lab, tmp_path: Path) -> None:
    rows = [
        order(n, month=f"2026-0{1 + n % 3}", goods_amount=f"{n}.50", currency=("TWD", "HKD")[n % 2])
        for n in range(200)
    ]
    newer = [one | {"goods_amount": "7", "changed_at": "2026-05-02T00:00:00+08:00"} for one in rows[::9]]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "a.csv", ORDERS, rows))
        session.import_file(write(tmp_path / "b.csv", ORDERS, newer))
        current = {one["order_number"]: one for one in [*rows, *newer]}
        months, _total = session.monthly_statistics()
        for month in months:
            inside = [one for one in current.values() if one["ordered_at"].startswith(month.month)]
            assert month.orders == len(inside)
            for currency, sums in month.amounts.items():
                expected = sum(Decimal(one["goods_amount"]) for one in inside if one["currency"] == currency)
                assert sums["goods_amount"] == expected


def test_blocks_fill_across_months_and_no_row_is_lost(lab: Lab, tmp_path: Path) -> None:
    rows = [order(n, month=f"2026-{1 + n % 5:02}") for n in range(5_700)]
    with lab.sign_in() as session:
        report = session.import_file(write(tmp_path / "o.csv", ORDERS, rows))
        assert (report.new, report.months) == (5_700, ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05"))
        found = {one["order_number"] for one in session.list_orders(page_rows=None).rows}
        assert found == {one["order_number"] for one in rows}
        for number in (0, 999, 1_000, 5_699):
            assert (
                session.find(order_number=f"SYNTW{number:08}")
                .orders[0]["order_number"]
                .endswith(f"{number:08}")
            )


def test_many_small_imports_are_found_after_their_index_was_merged(lab: Lab, tmp_path: Path) -> None:
    with lab.sign_in() as session:
        for day in range(1, 15):
            session.import_file(
                write(tmp_path / f"{day}.csv", ORDERS, [order(n) for n in range(day * 9, day * 9 + 9)])
            )
        for number in range(9, 135):
            assert len(session.find(order_number=f"SYNTW{number:08}").orders) == 1
        assert len(session.find(email="SYN-TW-mei-3@example.org ").orders) == 18
        assert session.verify().findings == []


# -- refusals leave nothing behind


def refused(lab: Lab, path: Path, **how: str) -> str:
    """Import a file that must be refused, and that nothing of it stays; the sentence."""
    with lab.sign_in() as session:
        before = session.monthly_statistics(), session.search_members().count, session.verify().rows
        with pytest.raises(SafeShopError) as refusal:
            session.import_file(path, **how)  # type: ignore[arg-type]
        assert (session.monthly_statistics(), session.search_members().count, session.verify().rows) == before
        assert session.verify().findings == []
    return refusal.value.sentence


def test_a_key_that_stands_twice_is_refused_with_both_rows(lab: Lab, tmp_path: Path) -> None:
    rows = [order(n) for n in range(3_000)]
    path = write(tmp_path / "o.csv", ORDERS, [*rows, order(17)])
    assert refused(lab, path) == (
        "o.csv, row 3002: order_number is the same as in row 19; remove one of the two rows or export again."
    )


def test_a_key_that_stands_twice_far_apart_is_found_though_its_rows_have_left_the_memory(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "RUN_ROWS", 100)
    monkeypatch.setattr(reading.TableReader.chunks, "__defaults__", (40,))
    known = [order(n) for n in range(900)]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "a.csv", ORDERS, known))
        assert session.verify().findings == []  # no page of the runs is left
    # Rows the vault has already get no new entry in its index: the repeat among them is found all the same.
    again = write(tmp_path / "b.csv", ORDERS, [*known, *(order(n) for n in range(900, 920)), order(3)])
    assert refused(lab, again) == (
        "b.csv, row 922: order_number is the same as in row 5; remove one of the two rows or export again."
    )


def test_a_fault_in_the_last_row_leaves_nothing_of_the_first(lab: Lab, tmp_path: Path) -> None:
    rows = [order(n) for n in range(2_500)]
    path = write(tmp_path / "o.csv", ORDERS, [*rows, order(9_999, amount="１２３")])
    assert refused(lab, path) == (
        "o.csv, row 2502, column amount: “１２３” must be an amount such as 1280.00."
    )


def test_a_line_without_its_order_is_refused(lab: Lab, tmp_path: Path) -> None:
    assert refused(lab, write(tmp_path / "l.csv", ORDER_LINES, [line(5)])) == (
        "l.csv, row 2, column order_number: the vault has no order SYNTW00000005; import the orders first."
    )


def test_an_order_that_moves_to_another_month_is_refused(lab: Lab, tmp_path: Path) -> None:
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "a.csv", ORDERS, [order(1, "2026-03")]))
    assert refused(lab, write(tmp_path / "b.csv", ORDERS, [order(1, "2026-04")])) == (
        "b.csv, row 2, column ordered_at: the vault has SYNTW00000001 under 2026-03; "
        "a date of this kind does not change, correct it."
    )


def test_an_unknown_table_or_mode_gets_its_sentence(lab: Lab, tmp_path: Path) -> None:
    path = write(tmp_path / "o.csv", ORDERS, [order(1)])
    assert refused(lab, path, table="invoices") == (
        "There is no table invoices; choose one of: members, orders, order_lines."
    )
    assert refused(lab, path, mode="merge") == (
        "Changed records can be treated as: overwrite, further; not “merge”."
    )
    assert refused(lab, path, table="members") == (
        "o.csv has no column account; export it again with all columns."
    )


# -- parts


class _Pages:
    """Of a store, what keys of a file being imported need."""

    def __init__(self) -> None:
        self.kept: dict[tuple[bytes, int], bytes] = {}

    def add_pages(self, segment: bytes, pages: Iterable[tuple[int, bytes]]) -> None:
        self.kept |= {(segment, bucket): sealed for bucket, sealed in pages}

    def page(self, segment: bytes, bucket: int) -> bytes | None:
        return self.kept.get((segment, bucket))

    def delete_segment(self, segment: bytes) -> None:
        for key in [key for key in self.kept if key[0] == segment]:
            del self.kept[key]


TAG = st.integers(0, 40).map(lambda number: number * 2**64 // 41) | st.integers(2**64 - 3, 2**64 - 1)
"""Few enough to meet again after some rows, all over the buckets, and neighbours that differ in the last bit."""


@example(chunks=[[7, 8, 9], [7]], run_rows=3, bits=6)
@given(st.lists(st.lists(TAG, max_size=6), max_size=12), st.integers(1, 20), st.integers(0, 7))
def test_the_first_repeat_is_told_with_both_rows_however_the_file_is_cut_into_runs(
    chunks: list[list[int]], run_rows: int, bits: int
) -> None:
    pages, seen, expected, row = _Pages(), dict[int, int](), None, 2
    directory = Compartment(0, "", "", bytes(32))
    vault = bytes(16)
    holdings: Any = SimpleNamespace(
        store=pages,
        vault=vault,
        directory=directory,
        random=os.urandom,
        segments=SegmentReader(pages, vault),  # type: ignore[arg-type]
    )
    with mock.patch.multiple(repeats, RUN_ROWS=run_rows, RUN_BITS=bits):
        keys = repeats.Repeats(holdings)
        for tags in chunks:
            keys.add(row, np.array(tags, np.uint64))
            for tag in tags:
                if tag in seen and expected is None:
                    expected = (seen[tag], row)
                seen.setdefault(tag, row)
                row += 1
        assert bool(pages.kept) == any(done >= run_rows for done in accumulate(map(len, chunks)))
        assert keys.first() == expected
    assert not pages.kept


@given(st.lists(st.lists(st.text(), min_size=3, max_size=3), min_size=1, max_size=5))
def test_a_block_gives_back_its_rows_whatever_signs_they_hold(rows: list[list[str]]) -> None:
    rows = [[cell.encode("utf-8", "ignore").decode() for cell in row] for row in rows]
    assert decode_rows(compress_text(join_rows([row_text(row) for row in rows], 3))) == rows


@given(
    st.lists(st.text('ab\x1f\x1e[",\\ u001f'), min_size=2, max_size=4),
    st.lists(st.text('ab\x1f\x1e[",\\ u001f'), min_size=2, max_size=4),
)
def test_two_different_rows_never_have_the_same_text(one: list[str], other: list[str]) -> None:
    if len(one) == len(other):
        assert (row_text(one) == row_text(other)) == (one == other)


@pytest.mark.parametrize("typed", ["0999-100-003", "+886 999 100003", "０９９９１００００３", "0999100003"])
def test_a_phone_number_is_found_however_it_is_typed(lab: Lab, tmp_path: Path, typed: str) -> None:
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "m.csv", MEMBERS, [member(n) for n in range(9)]))
        found = session.find(phone=typed).member
        assert found is not None
        assert found["member_code"] == "SYNTW000003"
    assert normal_phone("02-91000003") == "91000003"


CELL = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(CELL | st.text("0123456789-+ ()\n", min_size=1), min_size=1, max_size=6))
def test_a_column_is_made_comparable_as_each_of_its_cells(cells: list[str]) -> None:
    column = [cell.encode() for cell in cells]
    assert list(normal_phones(column)) == [normal_phone(cell).encode() for cell in cells]
    without = [cell for cell in cells if not re.search(r"\s", cell)] or ["Mei@example.org", "ＭＥＩ@x.y"]
    addresses = [cell.encode() for cell in without]
    assert list(normal_emails(addresses)) == [normal_email(cell).encode() for cell in without]


@settings(max_examples=25)
@given(st.integers(1, 40), st.integers(1, 12))
def test_chunks_of_any_size_give_all_rows_with_their_numbers(rows: int, size: int) -> None:
    import io

    from tests.vault.sample import csv_bytes

    data = csv_bytes(ORDERS, [order(n) for n in range(rows)])
    chunks = list(reading.TableReader(io.BytesIO(data), "x", "utf-8").chunks(size))
    assert [chunk.first for chunk in chunks] == list(range(2, rows + 2, size))
    assert [row[0] for chunk in chunks for row in chunk.rows] == [f"SYNTW{n:08}" for n in range(rows)]


def test_the_search_by_keyword_leaves_the_word_out_of_the_trail(lab: Lab, tmp_path: Path) -> None:
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "m.csv", MEMBERS, [member(1, name="王小明")]))
        assert session.search_members(MemberFilter(keyword="小明")).count == 1
        assert "小明" not in str(session.trail())
