"""The export format: complete, described to others, and lossless."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.vault import schema
from simlib.vault.schema import FORMATS, MEMBERS, ORDER_LINES, ORDERS, TABLES, FieldSpec, Row, Table, Value

# What the mission asks for, in this test's own words → the columns that carry it.
C3 = {
    "how he registered": {"register_method"},
    "which other account is linked": {"account_integration"},
    "channel": {"channel"},
    "level and when it changed": {"level", "level_changed_at"},
    "member code": {"member_code"},
    "account": {"account"},
    "name": {"name"},
    "day of registration": {"registered_at"},
    "e-mail": {"email"},
    "mobile": {"mobile"},
    "points": {"points"},
    "last log-in": {"last_login_at"},
    "online or not": {"online_state"},
    "nickname": {"nickname"},
    "sex": {"sex"},
    "birthday": {"birthday"},
    "phone": {"phone"},
    "address": {"address", "postcode"},
    "newsletter": {"newsletter"},
    "may order for others": {"may_order_for_others"},
}
C4 = {
    "period and its kind": {"registered_at", "level_changed_at", "last_login_at", "changed_at"},
    "nationality": {"nationality"},
    "how he found the site": {"found_by"},
    "whether the e-mail works": {"email_validity"},
    "has bought before": {"has_bought"},
    "age range": {"birthday"},
    "points range": {"points"},
}
C6 = {
    "order number": {"order_number"},
    "time": {"ordered_at"},
    "completed and changed, by month": {"completed_at", "changed_at", "order_status"},
    "item status": {"item_status"},
    "buyer and recipient": {"buyer_name", "recipient_name"},
    "order status": {"order_status"},
    "revenue, discount, net received": {"goods_amount", "discount", "net_received"},
    "amount": {"amount", "currency", "shipping_fee", "refunded"},
    "payment method": {"payment_method"},
    "delivery method": {"delivery_method"},
    "shipped at": {"shipped_at"},
}
C7 = {
    "buyer": {"buyer_name", "buyer_email", "buyer_phone", "buyer_mobile"},
    "buyer's record": {"buyer_orders", "buyer_exchanges", "buyer_returns"},
    "recipient": {"recipient_name", "recipient_phone", "recipient_address", "recipient_postcode"},
    "recipient's delivery": {"delivery_method", "delivery_date", "delivery_time", "expected_arrival"},
    "invoice": {"invoice_type", "invoice_title", "invoice_address", "invoice_date", "invoice_number"},
    "invoice's state": {"invoice_printed", "invoice_state"},
}


@pytest.mark.parametrize(
    ("table", "asked"),
    [(MEMBERS, C3), (MEMBERS, C4), (ORDERS, C6), (ORDERS, C7)],
    ids=["C3", "C4", "C6", "C7"],
)
def test_every_field_the_mission_names_is_a_column(table: Table, asked: dict[str, set[str]]) -> None:
    columns = {spec.name for spec in table.fields}
    lacking = {words: sorted(names - columns) for words, names in asked.items() if names - columns}
    assert lacking == {}


def test_every_column_of_members_and_orders_is_asked_for_by_the_mission() -> None:
    asked = {
        "members": set().union(*C3.values(), *C4.values()),
        "orders": set().union(*C6.values(), *C7.values()),
    }
    asked["orders"] |= {"member_code", "channel"}  # which member; whose order, row C8
    for table in (MEMBERS, ORDERS):
        assert {spec.name for spec in table.fields} == asked[table.name]


def test_every_column_that_names_or_reaches_a_person_is_marked_personal() -> None:
    words = ("name", "account", "email", "mobile", "phone", "address", "postcode", "birthday", "title")
    for table in (MEMBERS, ORDERS):
        for spec in table.fields:
            reaches = spec.constraints.get("enum") is None and any(
                word in spec.name.split("_") for word in words
            )
            assert spec.personal or not reaches, spec.name
    assert not any(spec.personal for spec in ORDER_LINES.fields)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_example_of_every_column_is_a_valid_cell_of_it(table: Table) -> None:
    for spec in table.fields:
        assert schema.to_cell(spec, schema.from_cell(spec, spec.example)) == spec.example


# -- lossless ------------------------------------------------------------

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ODD_TEXTS = st.sampled_from(
    ["=1+1", "+886", "-", "@SUM(A1)", '"', "\r", "\n", "\r\n", "\0", ",", "\t", " ", "\ufeff"]
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1) | ODD_TEXTS
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(min_value=1),
    "boolean": st.booleans(),
    "date": st.dates(),
    "datetime": st.datetimes(timezones=OFFSETS).map(lambda moment: moment.replace(microsecond=0)),
    "money": st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=2),
    "number": st.decimals(allow_nan=False, allow_infinity=False, places=5),
}


def value_of(spec: FieldSpec) -> st.SearchStrategy[Value]:
    limits = spec.constraints
    if "enum" in limits:
        some: st.SearchStrategy[Value] = st.sampled_from(limits["enum"])
    elif "pattern" in limits:
        some = st.from_regex(limits["pattern"], fullmatch=True).filter(str.isascii)
    else:
        some = TEXTS if spec.type == "string" else VALUES[spec.type]
    return some if limits.get("required") else st.none() | some


def rows_of(table: Table) -> st.SearchStrategy[list[Row]]:
    return st.lists(st.fixed_dictionaries({spec.name: value_of(spec) for spec in table.fields}), max_size=3)


@pytest.mark.slow
@given(st.data(), st.sampled_from(TABLES), st.sampled_from(sorted(FORMATS)))
def test_what_is_written_is_read_back_unchanged(data: st.DataObject, table: Table, form: str) -> None:
    rows = data.draw(rows_of(table))
    assert schema.decode(table, schema.encode(table, rows, form), "file", form) == rows


NOTE = Table(
    "notes", (FieldSpec("note", "string", "Note", "C3", "list", "x"), ORDER_LINES["line"]), ("line",)
)


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+886", "-5", "@SUM(A1)", "\tx", "\rx", "a\0b", "two\r\nlines"]
)
def test_dangerous_cells_are_carried_as_they_are(text: str) -> None:
    written = schema.encode(NOTE, [{"note": text, "line": 1}])
    assert list(csv.reader(io.StringIO(written.decode(), newline="")))[1][0] == text


def test_lines_end_with_cr_lf_and_the_byte_order_mark_is_an_option() -> None:
    plain, marked = (schema.encode(NOTE, [{"note": "茶", "line": 1}], form) for form in ("csv", "csv-bom"))
    assert plain == "note,line\r\n茶,1\r\n".encode()
    assert marked == b"\xef\xbb\xbf" + plain
    assert schema.decode(NOTE, marked, "file") == schema.decode(NOTE, plain, "file")


def test_a_missing_value_is_an_empty_cell_and_an_empty_text_is_refused() -> None:
    assert schema.encode(NOTE, [{"note": None, "line": 1}]) == b"note,line\r\n,1\r\n"
    with pytest.raises(ValueError, match=r"note: '' is not a string"):
        schema.encode(NOTE, [{"note": "", "line": 1}])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("money", 12.5),
        ("money", Decimal("NaN")),
        ("integer", True),
        ("datetime", datetime(2026, 1, 1)),  # noqa: DTZ001  (the point: no offset)
        ("datetime", datetime(2026, 1, 1, microsecond=1, tzinfo=UTC)),
        ("date", datetime(2026, 1, 1, tzinfo=UTC)),
        ("boolean", 1),
        ("string", 1),
    ],
)
def test_a_value_of_another_type_is_not_written(kind: Any, value: Value) -> None:
    with pytest.raises(ValueError, match=f"is not a {kind}"):
        schema.to_cell(FieldSpec("x", kind, "X", "C3", "list", ""), value)


def test_money_never_takes_the_scientific_form() -> None:
    assert schema.to_cell(ORDERS["amount"], Decimal("1E+3")) == "1000"


# -- wrong files ------------------------------------------------------------


LINE_COLUMNS = [
    "order_number",
    "line",
    "product_code",
    "product_name",
    "quantity",
    "unit_price",
    "line_amount",
]


def lines_file(*lines: str) -> bytes:
    return ("\r\n".join([",".join(LINE_COLUMNS), *lines]) + "\r\n").encode()


GOOD = "SYN1,1,TEA,Tea,2,10.00,20.00"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            lines_file(GOOD, "SYN1,2,TEA,Tea,zwei,10.00,20.00"),
            "lines.csv, line 3, column quantity: “zwei” must be a whole number such as 3.",
        ),
        (
            lines_file("SYN1,1,TEA,Tea,٣,10.00,20.00"),
            "lines.csv, line 2, column quantity: “٣” must be a whole number such as 3.",
        ),
        (
            lines_file("SYN1,0,TEA,Tea,1,10.00,10.00"),
            "lines.csv, line 2, column line: “0” must be at least 1.",
        ),
        (
            lines_file("SYN1,1,TEA,Tea,1,1e5,10.00"),
            "lines.csv, line 2, column unit_price: “1e5” must be an amount such as 1280.00.",
        ),
        (lines_file(",1,TEA,Tea,1,1,1"), "lines.csv, line 2, column order_number: “” must not be empty."),
        (lines_file("SYN1,1"), "lines.csv, line 2: 2 cells instead of 7; export the file again."),
        (lines_file('SYN1,1,"TEA'), "lines.csv, line 2: a quoted cell is damaged; export the file again."),
        (b"order_number\r\n", "lines.csv has no column line; export it again with all columns."),
        (b"", "lines.csv has no column order_number; export it again with all columns."),
        ("訂單".encode("big5"), "lines.csv is not written in UTF-8; export it again."),
        (
            ",".join(reversed(LINE_COLUMNS)).encode(),
            f"lines.csv: the columns must be these, in this order: {', '.join(LINE_COLUMNS)}.",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_file_line_and_column(data: bytes, sentence: str) -> None:
    with pytest.raises(SafeShopError) as refusal:
        schema.decode(ORDER_LINES, data, "lines.csv")
    assert refusal.value.sentence == sentence


@pytest.mark.parametrize(
    ("spec", "cell", "reason"),
    [
        (MEMBERS["level"], "gold", "must be one of: new, regular, vip"),
        (MEMBERS["email"], "nobody", "must look like syn-tw-mei-1@example.org"),
        (MEMBERS["birthday"], "2026-02-30", "must be a date such as 2026-03-02"),
        (MEMBERS["birthday"], "2026-W01-1", "must be a date such as 2026-03-02"),
        (MEMBERS["newsletter"], "yes", "must be true or false"),
        (
            MEMBERS["registered_at"],
            "2026-03-02T13:06:59",
            "must be a time with offset such as 2026-03-02T13:06:59+08:00",
        ),
    ],
)
def test_a_cell_outside_its_limits_says_what_is_expected(spec: FieldSpec, cell: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        schema.from_cell(spec, cell)
    assert str(refusal.value) == reason


def test_half_a_character_and_an_unknown_format_get_a_sentence() -> None:
    with pytest.raises(SafeShopError) as half:
        schema.encode(NOTE, [{"note": "a\udc80", "line": 1}])
    assert half.value.sentence == (
        "Table notes holds half a character (U+DC80) that UTF-8 cannot write; correct that text."
    )
    with pytest.raises(SafeShopError) as unknown:
        schema.encode(NOTE, [], "xlsx")
    assert (
        unknown.value.sentence == "There is no export format xlsx; choose one of: csv, csv-bom, tsv, jsonl."
    )


def test_a_row_with_a_field_too_many_or_too_few_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match=r"notes, row 1: fields do not match the format: lime, line"):
        schema.encode(NOTE, [{"note": "x", "lime": 1}])


# -- told to others ------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_frictionless_reads_the_same_values_as_this_module(table: Table) -> None:
    frictionless = pytest.importorskip("frictionless")
    examples: Row = {spec.name: schema.from_cell(spec, spec.example) for spec in table.fields}
    described = frictionless.Schema.from_descriptor(
        {name: part for name, part in schema.table_schema(table).items() if name != "foreignKeys"}
    )
    resource = frictionless.Resource(
        data=schema.encode(table, [examples]), format="csv", encoding="utf-8", schema=described
    )
    (row,) = resource.read_rows()
    assert row.valid, row.errors
    assert row.to_dict() == examples


def test_the_description_stays_english_and_names_what_is_personal() -> None:
    described = {
        part["name"]: part for part in schema.table_schema(MEMBERS, {"points": "Decoration."})["fields"]
    }
    assert described["birthday"] == {
        "name": "birthday",
        "title": "Birthday",
        "type": "date",
        "format": "%Y-%m-%d",
        "example": "2026-03-06",
        "personal": True,
        "row": "C3",
        "group": "detail",
    }
    assert described["points"]["description"] == "Decoration."
    assert schema.table_schema(ORDERS)["foreignKeys"] == [
        {"fields": ["member_code"], "reference": {"resource": "members", "fields": ["member_code"]}}
    ]


def test_a_date_is_not_taken_for_a_time() -> None:
    assert schema.to_cell(MEMBERS["birthday"], date(2026, 3, 6)) == "2026-03-06"
