"""The vault's export format: what a shop writes down, and what the vault reads back, field by field.

Shop and vault never speak to each other; a person carries files between them. So what they agree on stands in
one place, and this is it: exporter, importer, datasets and their ``datapackage.json`` all read these tables.

Three tables, one file each: `MEMBERS` has one row a member, `ORDERS` one row an order, `ORDER_LINES` one row
a line of an order. How values are written (`encode` writes by this list, `decode` reads by it):

* text in UTF-8; a byte order mark is an option of the format (`FORMATS`), because some spreadsheets need it;
* lines end with CR LF and cells are quoted as RFC 4180 says; a cell may hold line ends, quotes, even NUL;
* an empty cell is a *missing* value. No field has the empty string as a value, so the two are never confused;
* times are ISO 8601 with seconds and offset, dates ISO 8601, truth values ``true`` and ``false``;
* money is a decimal string without thousands separator, in the currency named in the order's row;
* choices are codes that never change, whatever language the screen has;
* text is kept as it is. A cell beginning with ``=``, ``+``, ``-`` or ``@`` is *not* altered on the way: that
  would falsify a name or an address. The reader must treat it as text (spreadsheets do not: CWE-1236).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TextIO

from simlib.errors import SafeShopError
from simlib.languages import _

VERSION = "1"
"""Version of the format. It changes when a field is added, renamed, removed, or read differently."""

FieldType = Literal["string", "integer", "boolean", "date", "datetime", "money", "number"]
Value = str | int | bool | date | datetime | Decimal | None
"""What a cell holds once it is read; ``None`` is a missing value."""
Row = dict[str, Value]


def N_(text: str) -> str:  # noqa: N802  (the name under which message extractors know it)
    """Mark a title for the message catalogues without translating it yet: the language is chosen later."""
    return text


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One column of the export.

    Parameters
    ----------
    name
        Column header; never translated.
    type
        How the cell is read. ``money`` is a decimal number of currency units, ``number`` any decimal number.
    title
        What a person calls the field, in English; `label` gives it in the language in use.
    row
        Row of the mission the field comes from (``C3``, ``C4``, ``C6``, ``C7``, ``C8``).
    group
        Box of the screen in which the field stands.
    example
        A cell as it may stand in a file; synthetic.
    personal
        Whether the field says something about an identifiable person: these are the fields a thief is after.
    constraints
        Limits in the words of Frictionless Table Schema: ``required``, ``unique``, ``enum``, ``pattern`` and
        ``minimum``.
    """

    name: str
    type: FieldType
    title: str
    row: str
    group: str
    example: str
    personal: bool = False
    constraints: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The title in the language in use."""
        return _(self.title)


@dataclass(frozen=True, slots=True)
class Table:
    """One file of the export.

    Parameters
    ----------
    name
        File name without ending.
    fields
        Columns, in the order in which they are written.
    primary_key
        Columns that together name a row.
    foreign_keys
        (column, table, column there): every value of the first must occur in the last.
    """

    name: str
    fields: tuple[FieldSpec, ...]
    primary_key: tuple[str, ...]
    foreign_keys: tuple[tuple[str, str, str], ...] = ()

    def __getitem__(self, name: str) -> FieldSpec:
        """The column of this name; `KeyError` if there is none."""
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(name)


def _text(
    name: str, title: str, row: str, group: str, example: str, *, personal: bool = False, **limits: Any
) -> FieldSpec:
    return FieldSpec(name, "string", title, row, group, example, personal, limits)


def _choice(name: str, title: str, row: str, group: str, codes: str, *, personal: bool = False) -> FieldSpec:
    listed = codes.split()
    return FieldSpec(
        name, "string", title, row, group, listed[0], personal, {"required": True, "enum": listed}
    )


def _time(name: str, title: str, row: str, group: str, *, personal: bool = False, **limits: Any) -> FieldSpec:
    return FieldSpec(name, "datetime", title, row, group, "2026-03-02T13:06:59+08:00", personal, limits)


def _date(name: str, title: str, row: str, group: str, *, personal: bool = False) -> FieldSpec:
    return FieldSpec(name, "date", title, row, group, "2026-03-06", personal)


def _truth(name: str, title: str, row: str, group: str) -> FieldSpec:
    return FieldSpec(name, "boolean", title, row, group, "true", constraints={"required": True})


def _count(name: str, title: str, row: str, group: str, minimum: int = 0) -> FieldSpec:
    limits = {"required": True, "minimum": minimum}
    return FieldSpec(name, "integer", title, row, group, str(minimum + 2), constraints=limits)


def _money(name: str, title: str, row: str, group: str, example: str) -> FieldSpec:
    limits = {"required": True, "minimum": 0}
    return FieldSpec(name, "money", title, row, group, example, constraints=limits)


_CODE = r"[a-z0-9]+(-[a-z0-9]+)*"  # codes whose list belongs to the shop: channels, payment methods
_EMAIL = r"[^@\s]+@[^@\s]+"

MEMBER_FIELDS: tuple[FieldSpec, ...] = (
    _text("member_code", N_("Member code"), "C3", "list", "SYNTW000001", required=True, unique=True),
    _text("account", N_("Account"), "C3", "list", "syn-tw-mei-1", personal=True, required=True, unique=True),
    _text("name", N_("Name"), "C3", "list", "林美玲", personal=True),
    _text("nickname", N_("Nickname"), "C3", "detail", "mei", personal=True),
    _text("email", N_("E-mail"), "C3", "list", "syn-tw-mei-1@example.org", personal=True, pattern=_EMAIL),
    _text("mobile", N_("Mobile"), "C3", "list", "0999123456", personal=True),
    _text("phone", N_("Phone"), "C3", "detail", "02-91234567", personal=True),
    _text("postcode", N_("Postcode"), "C3", "detail", "105", personal=True),
    _text("address", N_("Address"), "C3", "detail", "臺北市松山區範例路8號", personal=True),
    _choice("sex", N_("Sex"), "C3", "detail", "female male unstated", personal=True),
    _date("birthday", N_("Birthday"), "C3", "detail", personal=True),
    _text("nationality", N_("Nationality"), "C4", "search", "TW", personal=True, pattern="[A-Z]{2}"),
    _choice("register_method", N_("Register method"), "C3", "list", "self checkout staff"),
    _choice(
        "account_integration", N_("Account integration"), "C3", "list", "none line google facebook wechat"
    ),
    _text("channel", N_("Channel"), "C3", "list", "own-site", required=True, pattern=_CODE),
    _choice("level", N_("Level"), "C3", "list", "new regular vip"),
    _time("level_changed_at", N_("Level changed at"), "C3", "list", required=True),
    _time("registered_at", N_("Registration date"), "C3", "list", required=True),
    _count("points", N_("Points"), "C3", "list"),
    _time("last_login_at", N_("Last log-in"), "C3", "list", personal=True),
    _choice("online_state", N_("Online state"), "C3", "list", "online offline"),
    _truth("newsletter", N_("Newsletter"), "C3", "detail"),
    _truth("may_order_for_others", N_("May order for others"), "C3", "detail"),
    _choice(
        "found_by", N_("How the site was found"), "C4", "search", "unknown search friend social advertisement"
    ),
    _choice("email_validity", N_("E-mail validity"), "C4", "search", "unchecked valid bounced"),
    _truth("has_bought", N_("Has bought before"), "C4", "search"),
    _time("changed_at", N_("Record changed at"), "C8", "list", required=True),
)
"""Columns of ``members.csv``: all of row C3, what row C4 searches by, and what row C8 counts."""

ORDER_FIELDS: tuple[FieldSpec, ...] = (
    _text("order_number", N_("Order number"), "C6", "order", "SYNTW26030200001", required=True, unique=True),
    _text("member_code", N_("Member code"), "C6", "order", "SYNTW000001", required=True),
    _text("channel", N_("Channel"), "C8", "order", "own-site", required=True, pattern=_CODE),
    _time("ordered_at", N_("Ordered at"), "C6", "order", required=True),
    _choice(
        "order_status",
        N_("Order status"),
        "C6",
        "order",
        "completed open refunded rejected unpaid out-of-stock refused no-deal lost",
    ),
    _choice(
        "item_status",
        N_("Item status"),
        "C6",
        "order",
        "delivered waiting packed shipped returned not-shipped lost",
    ),
    _text("currency", N_("Currency"), "C6", "money", "TWD", required=True, pattern="[A-Z]{3}"),
    _money("goods_amount", N_("Goods at their prices"), "C6", "money", "1280.00"),
    _money("discount", N_("Discount"), "C6", "money", "60.00"),
    _money("shipping_fee", N_("Shipping fee"), "C6", "money", "60.00"),
    _money("amount", N_("Amount"), "C6", "money", "1280.00"),
    _money("refunded", N_("Refunded"), "C6", "money", "0.00"),
    _money("net_received", N_("Net received"), "C6", "money", "1280.00"),
    _text("payment_method", N_("Payment method"), "C6", "money", "card", required=True, pattern=_CODE),
    _choice("delivery_method", N_("Delivery method"), "C6", "delivery", "courier post store-pick-up"),
    _time("shipped_at", N_("Shipped at"), "C6", "delivery"),
    _time("completed_at", N_("Completed at"), "C6", "order"),
    _time("changed_at", N_("Changed at"), "C6", "order", required=True),
    _text("buyer_name", N_("Buyer's name"), "C7", "buyer", "林美玲", personal=True),
    _text(
        "buyer_email",
        N_("Buyer's e-mail"),
        "C7",
        "buyer",
        "syn-tw-mei-1@example.org",
        personal=True,
        pattern=_EMAIL,
    ),
    _text("buyer_phone", N_("Buyer's phone"), "C7", "buyer", "02-91234567", personal=True),
    _text("buyer_mobile", N_("Buyer's mobile"), "C7", "buyer", "0999123456", personal=True),
    _count("buyer_orders", N_("Buyer's orders"), "C7", "buyer"),
    _count("buyer_exchanges", N_("Buyer's exchanges"), "C7", "buyer"),
    _count("buyer_returns", N_("Buyer's returns"), "C7", "buyer"),
    _text("recipient_name", N_("Recipient's name"), "C7", "recipient", "林美玲", personal=True),
    _text("recipient_phone", N_("Recipient's phone"), "C7", "recipient", "0999123456", personal=True),
    _text("recipient_postcode", N_("Recipient's postcode"), "C7", "recipient", "105", personal=True),
    _text(
        "recipient_address",
        N_("Recipient's address"),
        "C7",
        "recipient",
        "臺北市松山區範例路8號",
        personal=True,
    ),
    _date("delivery_date", N_("Delivery date"), "C7", "recipient"),
    _choice("delivery_time", N_("Delivery time"), "C7", "recipient", "any morning afternoon evening"),
    _date("expected_arrival", N_("Expected arrival"), "C7", "recipient"),
    _choice("invoice_type", N_("Invoice type"), "C7", "invoice", "personal company donated none"),
    _text("invoice_title", N_("Invoice title"), "C7", "invoice", "林美玲", personal=True),
    _text("invoice_address", N_("Invoice address"), "C7", "invoice", "臺北市松山區範例路8號", personal=True),
    _date("invoice_date", N_("Invoice date"), "C7", "invoice"),
    _text("invoice_number", N_("Invoice number"), "C7", "invoice", "SY00000001", unique=True),
    _truth("invoice_printed", N_("Invoice printed"), "C7", "invoice"),
    _choice("invoice_state", N_("Invoice state"), "C7", "invoice", "issued not-issued void"),
)
"""Columns of ``orders.csv``: the list (row C6, with the channel row C8 counts by) and the detail (row C7)."""

ORDER_LINE_FIELDS: tuple[FieldSpec, ...] = (
    _text("order_number", N_("Order number"), "C6", "line", "SYNTW26030200001", required=True),
    _count("line", N_("Line"), "C6", "line", minimum=1),
    _text("product_code", N_("Product code"), "C6", "line", "TEA-OOLONG", required=True),
    _text("product_name", N_("Product name"), "C6", "line", "Oolong tea tin", required=True),
    _count("quantity", N_("Quantity"), "C6", "line", minimum=1),
    _money("unit_price", N_("Unit price"), "C6", "line", "640.00"),
    _money("line_amount", N_("Line amount"), "C6", "line", "1280.00"),
)
"""Columns of ``order_lines.csv``: what the amounts of row C6 are made of."""

MEMBERS = Table("members", MEMBER_FIELDS, ("member_code",))
ORDERS = Table("orders", ORDER_FIELDS, ("order_number",), (("member_code", "members", "member_code"),))
ORDER_LINES = Table(
    "order_lines", ORDER_LINE_FIELDS, ("order_number", "line"), (("order_number", "orders", "order_number"),)
)
TABLES: tuple[Table, ...] = (MEMBERS, ORDERS, ORDER_LINES)
"""The whole export."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a table becomes bytes.

    Parameters
    ----------
    suffix
        Ending of the file name, with its dot.
    delimiter
        Character between two cells; empty for JSON lines, one object a row, each cell a text or null.
    byte_order_mark
        Whether the file begins with U+FEFF, by which some spreadsheets recognise UTF-8.
    """

    suffix: str
    delimiter: str
    byte_order_mark: bool = False


LINE_END = "\r\n"
FORMATS: dict[str, Format] = {
    "csv": Format(".csv", ","),
    "csv-bom": Format(".csv", ",", byte_order_mark=True),
    "tsv": Format(".tsv", "\t"),
    "jsonl": Format(".jsonl", ""),
}
"""The formats a shop may choose from (row C9)."""
DEFAULT_FORMAT = "csv"
_BYTE_ORDER_MARK = "\ufeff"


def to_cell(spec: FieldSpec, value: Value) -> str:
    """Write one value.

    Parameters
    ----------
    spec
        The column.
    value
        The value; ``None`` becomes an empty cell.

    Returns
    -------
    str
        The cell before quoting.

    Raises
    ------
    ValueError
        If the value is not of the column's type: a fault of the program that writes, not of a person.
    """
    if value is None:
        return ""
    if not _fits(spec.type, value):
        raise ValueError(f"{spec.name}: {value!r} is not a {spec.type}")
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _fits(kind: FieldType, value: Value) -> bool:
    match kind:
        case "string":
            return isinstance(value, str) and value != ""
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "money" | "number":
            return isinstance(value, Decimal) and value.is_finite()
        case "datetime":
            return isinstance(value, datetime) and value.utcoffset() is not None and value.microsecond == 0
        case "date":
            return isinstance(value, date) and not isinstance(value, datetime)


_CANONICAL: dict[FieldType, str] = {
    "integer": r"-?[0-9]+",
    "boolean": r"true|false",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "datetime": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[+-][0-9]{2}:[0-9]{2}",
    "money": r"-?[0-9]+(\.[0-9]+)?",
    "number": r"-?[0-9]+(\.[0-9]+)?",
}
# Python reads more than the format allows (Arabic digits, "1_000", "1e5", week dates); this rules it out.


def from_cell(spec: FieldSpec, text: str) -> Value:
    """Read one cell: the opposite of `to_cell`, with the limits of the column.

    Parameters
    ----------
    spec
        The column.
    text
        The cell after unquoting.

    Returns
    -------
    Value
        The value; ``None`` for an empty cell.

    Raises
    ------
    ValueError
        With a half-sentence that says what was expected instead, in the language in use.
    """
    limits = spec.constraints
    if text == "":
        if limits.get("required"):
            raise ValueError(_("must not be empty"))
        return None
    read = _read(spec.type, text)
    if "enum" in limits and read not in limits["enum"]:
        raise ValueError(_("must be one of: {codes}").format(codes=", ".join(limits["enum"])))
    if "pattern" in limits and not re.fullmatch(limits["pattern"], text):
        raise ValueError(_("must look like {example}").format(example=spec.example))
    if "minimum" in limits and isinstance(read, int | Decimal) and read < limits["minimum"]:
        raise ValueError(_("must be at least {minimum}").format(minimum=limits["minimum"]))
    return read


def read_day(text: str) -> date:
    """A day as the format writes it, such as 2026-03-02; `ValueError` for all else that Python would read."""
    read = _read("date", text)
    assert isinstance(read, date)
    return read


def _read(kind: FieldType, text: str) -> Value:
    if kind == "string":
        return text
    try:
        if not re.fullmatch(_CANONICAL[kind], text):
            raise ValueError
        match kind:
            case "integer":
                return int(text)
            case "boolean":
                return text == "true"
            case "date":
                return date.fromisoformat(text)
            case "datetime":
                return datetime.fromisoformat(text)
            case "money" | "number":
                return Decimal(text)
    except (ValueError, InvalidOperation):
        raise ValueError(_expectation(kind)) from None


def _expectation(kind: FieldType) -> str:
    return {
        "integer": _("must be a whole number such as 3"),
        "boolean": _("must be true or false"),
        "date": _("must be a date such as 2026-03-02"),
        "datetime": _("must be a time with offset such as 2026-03-02T13:06:59+08:00"),
        "money": _("must be an amount such as 1280.00"),
        "number": _("must be a number such as 3.25"),
    }[kind]


def encode(table: Table, rows: Iterable[Mapping[str, Value]], format_name: str = DEFAULT_FORMAT) -> bytes:
    """Write a table as a file's bytes.

    Parameters
    ----------
    table
        One of `TABLES`.
    rows
        One mapping a row, with exactly the table's fields.
    format_name
        One of `FORMATS`.

    Returns
    -------
    bytes
        The file, header first. The same rows give the same bytes.

    Raises
    ------
    ValueError
        If a row lacks a field, has one too many, or holds a value of the wrong type.
    SafeShopError
        If the format is unknown, or a text cannot be written in UTF-8.
    """
    chosen = _format(format_name)
    names = [spec.name for spec in table.fields]
    out = io.StringIO(newline="")
    write = row_writer(out, names, chosen)
    for number, row in enumerate(rows, start=1):
        if row.keys() != set(names):
            odd = ", ".join(sorted(row.keys() ^ set(names)))
            raise ValueError(f"{table.name}, row {number}: fields do not match the format: {odd}")
        write([to_cell(spec, row[spec.name]) for spec in table.fields])
    try:
        return out.getvalue().encode("utf-8")
    except UnicodeEncodeError as error:
        broken = error.object[error.start : error.start + 1]
        raise SafeShopError(
            _(
                "Table {table} holds half a character (U+{code}) that UTF-8 cannot write; correct that text."
            ).format(table=table.name, code=f"{ord(broken):04X}")
        ) from None


def row_writer(out: TextIO, names: Sequence[str], chosen: Format) -> Callable[[Sequence[str]], object]:
    """Write a file's beginning, and give what writes a row of cells.

    Parameters
    ----------
    out
        Where to; must leave line ends as they are.
    names
        The columns.
    chosen
        One of `FORMATS`.
    """
    if not chosen.delimiter:
        return lambda cells: out.write(
            json.dumps(dict(zip(names, (cell or None for cell in cells), strict=True)), ensure_ascii=False)
            + "\n"
        )
    if chosen.byte_order_mark:
        out.write(_BYTE_ORDER_MARK)
    writer = csv.writer(out, delimiter=chosen.delimiter, lineterminator=LINE_END)
    writer.writerow(names)
    return writer.writerow


def decode(table: Table, data: bytes, source: str, format_name: str = DEFAULT_FORMAT) -> list[Row]:
    """Read a file's bytes back: the opposite of `encode`.

    Parameters
    ----------
    table
        One of `TABLES`.
    data
        The file. A byte order mark at its beginning is skipped in every format.
    source
        Name of the file, for the sentence when something is wrong.
    format_name
        One of `FORMATS`.

    Returns
    -------
    list of dict
        One mapping a row. Unique and foreign keys are not looked at: that needs what the vault already holds.

    Raises
    ------
    SafeShopError
        Naming file, line and column of the first fault.
    """
    chosen = _format(format_name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SafeShopError(
            _("{source} is not written in UTF-8; export it again.").format(source=source)
        ) from None
    if not chosen.delimiter:
        return _decode_json_lines(table, text, source)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=chosen.delimiter, strict=True)
    try:
        _check_header(table, next(reader, []), source)
        return [_row(table, cells, source, reader.line_num) for cells in reader]
    except csv.Error:
        raise SafeShopError(
            _("{source}, line {line}: a quoted cell is damaged; export the file again.").format(
                source=source, line=reader.line_num
            )
        ) from None


def _decode_json_lines(table: Table, text: str, source: str) -> list[Row]:
    names, rows = [spec.name for spec in table.fields], []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            told = json.loads(line)
            cells = [told[name] or "" for name in names]
            if len(told) != len(names) or not all(isinstance(cell, str) for cell in cells):
                raise TypeError
        except (ValueError, TypeError, KeyError):
            raise SafeShopError(
                _(
                    "{source}, line {line}: not one JSON object with all columns; export the file again."
                ).format(source=source, line=number)
            ) from None
        rows.append(_row(table, cells, source, number))
    return rows


def _check_header(table: Table, header: Sequence[str], source: str) -> None:
    names = [spec.name for spec in table.fields]
    for name in names:
        if name not in header:
            raise SafeShopError(
                _("{source} has no column {column}; export it again with all columns.").format(
                    source=source, column=name
                )
            )
    if list(header) != names:
        raise SafeShopError(
            _("{source}: the columns must be these, in this order: {columns}.").format(
                source=source, columns=", ".join(names)
            )
        )


def _row(table: Table, cells: Sequence[str], source: str, line: int) -> Row:
    if len(cells) != len(table.fields):
        raise SafeShopError(
            _("{source}, line {line}: {found} cells instead of {expected}; export the file again.").format(
                source=source, line=line, found=len(cells), expected=len(table.fields)
            )
        )
    row: Row = {}
    for spec, text in zip(table.fields, cells, strict=True):
        try:
            row[spec.name] = from_cell(spec, text)
        except ValueError as fault:
            raise SafeShopError(
                _("{source}, line {line}, column {column}: {text} {fault}.").format(
                    source=source, line=line, column=spec.name, text=f"“{text}”", fault=fault
                )
            ) from None
    return row


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise SafeShopError(
            _("There is no export format {name}; choose one of: {formats}.").format(
                name=name, formats=", ".join(FORMATS)
            )
        )
    return FORMATS[name]


_FRICTIONLESS: dict[FieldType, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]},
    "date": {"type": "date", "format": "%Y-%m-%d"},
    "datetime": {"type": "datetime", "format": "%Y-%m-%dT%H:%M:%S%z"},
    "money": {"type": "number"},
    "number": {"type": "number"},
}


def table_schema(table: Table, descriptions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Describe a table as a Frictionless Table Schema, in English whatever the language in use.

    Parameters
    ----------
    table
        One of `TABLES`, or a table made of the same parts.
    descriptions
        Field name → a sentence on that field, where one is needed.

    Returns
    -------
    dict
        Ready for ``datapackage.json``. ``personal``, ``row`` and ``group`` are properties of this project.
    """
    said = descriptions or {}
    schema: dict[str, Any] = {
        "fields": [_described(spec, said.get(spec.name)) for spec in table.fields],
        "missingValues": [""],
        "primaryKey": list(table.primary_key),
    }
    if table.foreign_keys:
        schema["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": there, "fields": [name]}}
            for column, there, name in table.foreign_keys
        ]
    return schema


def _described(spec: FieldSpec, sentence: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {"name": spec.name, "title": spec.title, **_FRICTIONLESS[spec.type]}
    if sentence:
        described["description"] = sentence
    described |= {"example": spec.example, "personal": spec.personal, "row": spec.row, "group": spec.group}
    if spec.constraints:
        described["constraints"] = dict(spec.constraints)
    return described
