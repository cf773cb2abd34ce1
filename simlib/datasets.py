"""Datasets: synthetic tables for students, for the vault and for anyone who wants to test an importer.

Everything here is made by one command (``safeshop datasets``) from presets and constant seeds, so that the
files in ``datasets/`` can be built again bit for bit. Each dataset is a folder with its tables as CSV, a
README and a ``datapackage.json`` (Frictionless Data Package) that says what each column means and how it was
made.

The model knows times, amounts and products. What an export needs beyond that (names, delivery wishes,
invoices) is *decoration*: drawn from chance that belongs to the member or the order, marked as such in the
column's description, and never a ground for a finding.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from simlib import casework
from simlib.errors import SafeShopError
from simlib.facts import fact
from simlib.languages import _
from simlib.people import DEFAULT_START, LOCALES, Person, people
from simlib.records import MILESTONES, STATES, Run
from simlib.scenario import MINOR_UNITS, Scenario
from simlib.vault.schema import (
    MEMBERS,
    N_,
    ORDER_LINES,
    ORDERS,
    VERSION,
    FieldSpec,
    Row,
    Table,
    encode,
    table_schema,
    to_cell,
)
from simlib.world import simulate

SEED: Final = 123
"""Seed of every dataset."""
VAULT_PRESET, VAULT_DAYS = "taiwan-gift-shop", 30
COMPARED: Final = ("taiwan-gift-shop", "hongkong-own-site", "mainland-marketplace-store")
COMPARED_DAYS: Final = 14
PEOPLE_PER_LOCALE: Final = 200
COMMAND: Final = "safeshop datasets"

REGULAR_FROM, VIP_FROM = 1, 3
"""Completed orders that make a member regular, and a very important one."""
GIFTS: Final = 0.2
"""Share of orders that go to somebody else than the buyer (decoration)."""

RATES: Final = "exchange-rates-cny-twd"
"""The fact that states the series of exchange rates."""
RATES_START: Final = date(2026, 1, 5)
"""Day 0 of the series, as of the presets."""
RATES_TABLE: Final = Table(
    "exchange-rates",
    (
        FieldSpec("date", "date", N_("Date"), "B2", "rate", "2026-01-05", False, {"required": True}),
        FieldSpec(
            "day",
            "integer",
            N_("Days since the start"),
            "B2",
            "rate",
            "0",
            False,
            {"required": True, "minimum": 0},
        ),
        FieldSpec("base", "string", N_("Currency changed"), "B2", "rate", "CNY", False, {"required": True}),
        FieldSpec("quote", "string", N_("Currency received"), "B2", "rate", "TWD", False, {"required": True}),
        FieldSpec(
            "rate",
            "number",
            N_("Received for one"),
            "B2",
            "rate",
            "4.4",
            False,
            {"required": True, "minimum": 0},
        ),
    ),
    ("date",),
)
"""Columns of the published exchange rates."""

T = TypeVar("T")

_LICENCE = {
    "name": "CC0-1.0",
    "path": "https://creativecommons.org/publicdomain/zero/1.0/",
    "title": "CC0 1.0 Universal",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One table of a dataset: its description, its rows, and a sentence on columns that need one.

    A file that is dirty on purpose brings its own bytes and says how they are encoded.
    """

    table: Table
    title: str
    rows: Sequence[Row]
    descriptions: Mapping[str, str]
    content: bytes | None = None
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One folder of ``datasets/``.

    Parameters
    ----------
    name
        Folder.
    title, readme
        One line; two sentences.
    built_from
        What the tables follow from; stands in ``datapackage.json``.
    resources
        The tables.
    """

    name: str
    title: str
    readme: str
    built_from: Mapping[str, Any]
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not as a fresh build makes it."""

    path: str
    kind: Literal["missing", "changed", "unexpected"]

    def __str__(self) -> str:
        """What is wrong with the file, and what to do."""
        return {
            "missing": _("{path} is missing; build the datasets again."),
            "changed": _("{path} differs from a fresh build; build the datasets again."),
            "unexpected": _("{path} does not belong to the datasets; remove it."),
        }[self.kind].format(path=self.path)


# ----------------------------------------------------------------------------------------------------
# entry points


def build(out: Path) -> list[Path]:
    """Write all datasets.

    Parameters
    ----------
    out
        Folder that receives one folder for each dataset; made if there is none. Files of the same name are
        replaced, each only once it is complete; anything else in the folder stays.

    Returns
    -------
    list of Path
        What was written, in alphabetical order.

    Raises
    ------
    SafeShopError
        If a file cannot be written.
    """
    written = []
    for path, content in sorted(contents().items()):
        target = out / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, content)
        except OSError as error:
            raise SafeShopError(
                _("{path} cannot be written: {reason}.").format(path=target, reason=error.strerror or error)
            ) from None
        written.append(target)
    return written


def check(folder: Path) -> list[Difference]:
    """Compare a folder with a fresh build.

    Parameters
    ----------
    folder
        What `build` once wrote.

    Returns
    -------
    list of Difference
        Empty if every byte is as a fresh build makes it; otherwise one entry a file, in alphabetical order.
        Other versions of Faker know other names; the version used stands in each ``datapackage.json``.
    """
    fresh = contents()
    names = {path.partition("/")[0] for path in fresh}
    found = {
        path.relative_to(folder).as_posix()
        for name in names
        for path in (folder / name).rglob("*")
        if path.is_file()
    }
    differences = [Difference(path, "unexpected") for path in found - fresh.keys()]
    for path, content in fresh.items():
        if path not in found:
            differences.append(Difference(path, "missing"))
        elif (folder / path).read_bytes() != content:
            differences.append(Difference(path, "changed"))
    return sorted(differences, key=lambda difference: difference.path)


def shipped() -> Path:
    """The folder of the datasets that came with the package, or with the checkout it runs from."""
    inside = Path(__file__).parent / "_datasets"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "datasets"


def contents() -> dict[str, bytes]:
    """All files of all datasets: path below the output folder → bytes. Nothing is written."""
    return {
        f"{dataset.name}/{name}": content
        for dataset in datasets()
        for name, content in _files(dataset).items()
    }


def datasets() -> tuple[Dataset, ...]:
    """All datasets with their rows."""
    return (
        _vault_export(),
        _order_times(),
        _three_shops(),
        _members(),
        _exchange_rates(),
        _case_export(),
        _case_log(),
        _case_settlement(),
        _case_leak(),
    )


def _replace(target: Path, content: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # A temporary file is for its owner only; a dataset is for everybody who may read the folder.
        Path(part).chmod(0o644)
        Path(part).replace(target)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


# ----------------------------------------------------------------------------------------------------
# the datasets


def _vault_export() -> Dataset:
    run = simulate(Scenario.load(VAULT_PRESET), days=VAULT_DAYS, seed=SEED)
    rows = vault_export(run)
    return Dataset(
        f"{VAULT_PRESET}-vault-export",
        "Gift shop in Taiwan: what was carried to the offline vault in 30 days",
        "Every order that came to its end in 30 simulated days, its buyer, and the members who joined in "
        "them, in the export format of the vault. Nobody in it exists: names, addresses, telephone numbers "
        "and invoices are made up and marked as synthetic.",
        _built_from(VAULT_PRESET, VAULT_DAYS),
        tuple(
            Resource(table, title, rows[table.name], DECORATION.get(table.name, {}))
            for table, title in (
                (MEMBERS, "Members"),
                (ORDERS, "Orders"),
                (ORDER_LINES, "Lines of the orders"),
            )
        ),
    )


def _order_times() -> Dataset:
    run = simulate(Scenario.load(VAULT_PRESET), days=VAULT_DAYS, seed=SEED)
    return Dataset(
        f"{VAULT_PRESET}-orders",
        "Gift shop in Taiwan: when each order reached what",
        "One row an order of 30 simulated days, with a column for every milestone of its life in days since "
        "the start. An empty cell means that the order had not got there when the simulation ended.",
        _built_from(VAULT_PRESET, VAULT_DAYS),
        (Resource(order_times_table("orders"), "Orders and their milestones", order_times(run), {}),),
    )


def _three_shops() -> Dataset:
    return Dataset(
        "three-shops-orders",
        "Three shops: when each order reached what",
        "The same columns for a gift shop in Taiwan, a gadget shop in Hong Kong and a clothing store on a "
        "mainland marketplace, 14 simulated days each. An empty cell means that the order had not got there "
        "when the simulation ended.",
        {**_built_from(COMPARED[0], COMPARED_DAYS), "preset": list(COMPARED)},
        tuple(
            Resource(
                order_times_table(preset),
                scenario.title,
                order_times(simulate(scenario, days=COMPARED_DAYS, seed=SEED)),
                {},
            )
            for preset, scenario in ((preset, Scenario.load(preset)) for preset in COMPARED)
        ),
    )


def _members() -> Dataset:
    return Dataset(
        "members",
        "Synthetic members in three languages",
        "Two hundred members each with Taiwanese, mainland Chinese and American names, in the vault's export "
        "format. Nobody in it exists; how often they bought and when is drawn by chance and follows from no "
        "simulated shop.",
        {"people": PEOPLE_PER_LOCALE, "locale": list(LOCALES), "seed": SEED, **_tools()},
        tuple(
            Resource(
                replace(MEMBERS, name=f"members-{locale.lower().replace('_', '-')}"),
                f"Members with names in {locale}",
                _drawn_members(locale),
                DECORATION["members"] | DRAWN_MEMBERS,
            )
            for locale in LOCALES
        ),
    )


def _exchange_rates() -> Dataset:
    known = fact(RATES)
    return Dataset(
        "exchange-rates",
        "A stated series of exchange rates, CNY in TWD",
        "The rates with which the course reckons payments across the border, one row for each day on which the "
        "rate changes; it holds until the next. They are made up and swing about as much as such rates do: "
        "nobody's quotation, and the same for everybody.",
        {"fact": known.id, "start": RATES_START.isoformat(), "command": COMMAND},
        (Resource(RATES_TABLE, "Exchange rates", exchange_rates(), {}),),
    )


def exchange_rates() -> list[Row]:
    """One row for each day of the stated series, for `RATES_TABLE`."""
    return [
        {
            "date": RATES_START + timedelta(days=step["day"]),
            "day": step["day"],
            "base": "CNY",
            "quote": "TWD",
            "rate": Decimal(repr(step["rate"])),
        }
        for step in fact(RATES).value
    ]


# ----------------------------------------------------------------------------------------------------
# casework

CASE_MEMBERS: Final = (48, 72)
"""Fewest and most members in a dirty export, before some are repeated."""

_CASE_COLUMNS: Final[Mapping[str, tuple[str, str, str]]] = {
    "number": (N_("Number of the row"), "E4", "1"),
    "at": (N_("Local time"), "E4", "2026-03-02T10:15:00"),
    "account": (N_("Account"), "E4", "sue"),
    "role": (N_("Role"), "E4", "service"),
    "action": (N_("Action"), "E4", "view-order"),
    "records": (N_("Records touched"), "E4", "3"),
    "place": (N_("Place of the log-in"), "E4", "Taipei"),
    "payout": (N_("Number of the payout"), "B5", "P001"),
    "date": (N_("Date"), "B5", "2026-01-12"),
    "orders": (N_("Orders in it"), "B5", "18"),
    "gross": (N_("Gross, TWD"), "B5", "20000.00"),
    "fees": (N_("Fees, TWD"), "B5", "500.00"),
    "net": (N_("Net, TWD"), "B5", "19500.00"),
    "from": (N_("Paid by"), "B5", "payment_company"),
    "reference": (N_("Reference"), "B5", "P001"),
    "amount": (N_("Amount, TWD"), "B5", "19500.00"),
    "order": (N_("Order"), "D3", "A00012"),
    "placed": (N_("Placed at, local time"), "D3", "2026-01-05T09:13:00"),
    "left_online": (N_("Carried to the vault at, local time"), "D3", "2026-01-16T20:00:00"),
    "name": (N_("Name"), "D3", "王小明"),
    "mobile": (N_("Mobile"), "D3", "0999100000"),
    "address": (N_("Address"), "D3", "臺北市中山區範例路1號2樓"),
}
"""Column of a case → title, row of the course's plan, example."""


def _case_table(name: str, rows: Sequence[Mapping[str, str]], key: str, **titles: str) -> Table:
    fields = []
    for column in rows[0]:
        title, row, example = _CASE_COLUMNS[column]
        personal = column in ("name", "mobile", "address")
        fields.append(
            FieldSpec(column, "string", titles.get(column, title), row, "case", example, personal=personal)
        )
    return Table(name, tuple(fields), (key,))


def _case_rows(rows: Sequence[Mapping[str, str]]) -> list[Row]:
    return [{column: cell or None for column, cell in row.items()} for row in rows]


def dirty_export(seed: int) -> casework.DirtyExport:
    """A member list in an old encoding, with formula cells and repeated members (`simlib.casework`).

    Parameters
    ----------
    seed
        Who is in it, and what is wrong with it, follow from it.
    """
    low, high = CASE_MEMBERS
    size = low + int(_chance(str(seed), "case size", 0).random() * (high - low + 1))
    persons = people(range(size), "zh_TW", seed)
    clock = _Clock(DEFAULT_START, ZoneInfo(_ZONES["tw"]))
    rows = [
        _standing(
            person,
            channel="own-site",
            clock=clock,
            joined=-_YEARS_BACK * _chance(str(seed), "case", person.member).random(),
            completed=[],
            last_seen=-1.0,
            points=0,
            key=f"{seed}:case",
        )
        for person in persons
    ]
    cells = [[to_cell(spec, row[spec.name]) for spec in MEMBERS.fields] for row in rows]
    return casework.dirtied([spec.name for spec in MEMBERS.fields], cells, seed)


def _case_export() -> Dataset:
    made = dirty_export(SEED)
    # As found: nothing is promised of its cells, and the same member may stand there twice.
    fields = tuple(replace(spec, type="string", constraints={}) for spec in MEMBERS.fields)
    table = Table("members", fields, ())
    return Dataset(
        "case-dirty-export",
        "Case: a member list as an old shop program wrote it",
        "A few dozen synthetic members, some of them twice, some with a cell that a spreadsheet would run as a "
        "formula, in an encoding that has to be found out. For practising what must happen before a list goes into "
        "the vault; do not open it in a spreadsheet.",
        {"members": made.members, "seed": SEED, **_tools()},
        (Resource(table, "Members, as found", (), {}, made.content, made.encoding),),
    )


def _case_log() -> Dataset:
    rows = casework.access_log(SEED).rows
    return Dataset(
        "case-access-log",
        "Case: who looked at what, in a month",
        "The access log of a shop of four people. Some rows are odd, and some only look odd. All of it is made up.",
        {"log_days": casework.LOG_DAYS, "seed": SEED, **_tools()},
        (Resource(_case_table("access-log", rows, "number"), "Access log", _case_rows(rows), {}),),
    )


def _case_settlement() -> Dataset:
    made = casework.settlement(SEED)
    return Dataset(
        "case-settlement",
        "Case: what was paid out, and what arrived",
        "Sixty simulated days of a gift shop: the settlement report of those who collect its money, and its bank "
        "statement. On one day somebody entered another account for payouts.",
        _built_from(VAULT_PRESET, 60),
        (
            Resource(
                _case_table("payouts", made.payouts, "payout"),
                "Settlement report",
                _case_rows(made.payouts),
                {},
            ),
            Resource(
                _case_table("bank", made.bank, "reference"), "Bank statement", _case_rows(made.bank), {}
            ),
        ),
    )


def _case_leak() -> Dataset:
    made = casework.leak(SEED)
    return Dataset(
        "case-leak",
        "Case: a list that appeared",
        "What a thief took from the web shop at one moment, and the shop's own list of when each order was placed and "
        "when it was carried to the vault. The people in it do not exist.",
        _built_from(VAULT_PRESET, 60),
        (
            Resource(
                _case_table("leaked", made.leaked, "order"), "What appeared", _case_rows(made.leaked), {}
            ),
            Resource(
                _case_table("orders", made.orders, "order"), "The shop's orders", _case_rows(made.orders), {}
            ),
        ),
    )


def _built_from(preset: str, days: int) -> dict[str, Any]:
    return {"preset": preset, "days": days, "seed": SEED, **_tools()}


def _tools() -> dict[str, str]:
    return {"command": COMMAND, "faker": version("faker")}


# ----------------------------------------------------------------------------------------------------
# order milestones

_MILESTONE_ROWS = {
    **dict.fromkeys(("visited", "carted", "placed", "reviewed"), "A1"),
    **dict.fromkeys(("acknowledged", "checked", "confirmed"), "A12"),
    **dict.fromkeys(("redirected", "paid", "seller_told"), "A2"),
    **dict.fromkeys(("packed", "picked_up", "delivered"), "A3"),
    **dict.fromkeys(("enquired", "answered"), "C12"),
}


def order_times_table(name: str) -> Table:
    """The table of order milestones under a name: what an order is, then when it reached what."""
    required = {"required": True}
    what = (
        FieldSpec(
            "order", "integer", N_("Order"), "A1", "order", "0", constraints={**required, "unique": True}
        ),
        FieldSpec("member", "integer", N_("Member"), "A1", "order", "17", constraints=required),
        FieldSpec(
            "placed_at",
            "datetime",
            N_("Placed at"),
            "A1",
            "order",
            "2026-03-02T13:06:59+08:00",
            False,
            required,
        ),
        FieldSpec("payment_method", "string", N_("Payment method"), "B4", "order", "card", False, required),
        FieldSpec(
            "state",
            "string",
            N_("State at the end"),
            "A1",
            "order",
            "open",
            False,
            {**required, "enum": list(STATES)},
        ),
        FieldSpec("currency", "string", N_("Currency"), "A1", "order", "TWD", False, required),
        FieldSpec("amount", "money", N_("Amount"), "A1", "order", "1280.00", False, required),
        FieldSpec(
            "list_amount",
            "money",
            N_("Amount at catalogue prices"),
            "A12",
            "order",
            "1280.00",
            False,
            required,
        ),
    )
    times = tuple(
        FieldSpec(
            milestone,
            "number",
            f"{milestone.replace('_', ' ').capitalize()}, days since the start",
            _MILESTONE_ROWS.get(milestone, "C11"),
            "milestones",
            "3.02510",
            constraints={"minimum": 0},
        )
        for milestone in MILESTONES
    )
    return Table(name, what + times, ("order",))


def order_times(run: Run) -> list[Row]:
    """One row an order of a run, for `order_times_table`.

    Parameters
    ----------
    run
        Any run.

    Returns
    -------
    list of dict
        Milestones in days since the scenario's start to five places (0.9 seconds); ``None``: not reached.
    """
    clock, orders = _Clock(run.scenario.start, run.scenario.zone), run.orders
    rows: list[Row] = []
    for order in range(orders.rows):
        row: Row = {
            "order": order,
            "member": int(orders["member"][order]),
            "placed_at": clock.at(float(orders["placed"][order])),
            "payment_method": orders.words["payment_method"][orders["payment_method"][order]],
            "state": orders.words["state"][orders["state"][order]],
            "currency": run.scenario.currency,
            "amount": _money(run, orders["amount"][order]),
            "list_amount": _money(run, orders["list_amount"][order]),
        }
        for milestone in MILESTONES:
            moment = float(orders[milestone][order])
            row[milestone] = None if math.isnan(moment) else Decimal(f"{moment:.5f}")
        rows.append(row)
    return rows


# ----------------------------------------------------------------------------------------------------
# the vault's export

DECORATION: Final[dict[str, dict[str, str]]] = {
    "members": {
        "level": f"regular from {REGULAR_FROM} completed order on, vip from {VIP_FROM}, within the export.",
        "points": "One point for each 100 currency units of completed orders within the export.",
        "last_login_at": "The member's latest visit that led to an order, or else when he joined.",
        "online_state": "Drawn by chance: 2 of 100 are offline. Not part of the model.",
        "has_bought": "Whether an order of his was completed within the export.",
        "changed_at": "When he joined or changed his level, whichever is later.",
        **dict.fromkeys(
            [
                "register_method",
                "account_integration",
                "newsletter",
                "may_order_for_others",
                "found_by",
                "email_validity",
                "nationality",
                "sex",
                "birthday",
            ],
            "Drawn by chance. Not part of the model.",
        ),
        **dict.fromkeys(
            ("account", "name", "nickname", "email", "mobile", "phone", "postcode", "address"),
            "Synthetic: belongs to nobody.",
        ),
    },
    "orders": {
        "discount": "Takes the shipping fee off again: the model's shop delivers free of charge.",
        "shipping_fee": "What the courier charges the shop for the parcel.",
        "amount": "goods_amount - discount + shipping_fee.",
        "net_received": "What the buyer paid less what he got back; payment fees are not taken off.",
        "delivery_method": "Drawn by chance. Not part of the model.",
        "delivery_time": "Drawn by chance. Not part of the model.",
        "expected_arrival": "Shipped at, plus the mean time in transit, rounded up to a day.",
        "buyer_orders": "Orders of the buyer within the simulated days.",
        "buyer_exchanges": "Always 0: the model has no exchanges.",
        "buyer_returns": "Orders of the buyer refunded within the simulated days.",
        **dict.fromkeys(
            ("recipient_name", "recipient_phone", "recipient_postcode", "recipient_address"),
            "The buyer, or in 20 of 100 orders another synthetic person. Not part of the model.",
        ),
        **dict.fromkeys(
            ("buyer_name", "buyer_email", "buyer_phone", "buyer_mobile"), "Synthetic: belongs to nobody."
        ),
        "invoice_type": "Drawn by chance for paid orders; none for others. Not part of the model.",
        "invoice_number": "In the form of the place; the series means synthetic, no such invoice exists.",
        "invoice_state": "issued when paid, void when the money went back.",
    },
}
"""Table → column → how a value came about that the model does not know."""

DRAWN_MEMBERS: Final = {
    **dict.fromkeys(
        ("level", "points", "last_login_at", "has_bought", "registered_at", "level_changed_at"),
        "Drawn by chance: no simulated shop stands behind this table.",
    ),
    "changed_at": "When he joined or changed his level, whichever is later.",
}


def vault_export(run: Run, *, all_members: bool = False) -> dict[str, list[Row]]:
    """What the shop would have carried to the vault by the end of a run.

    Parameters
    ----------
    run
        Any run.
    all_members
        Whether to add the members who were there before and bought nothing: a shop's first carry has them, too.

    Returns
    -------
    dict
        Rows by table name. Orders that came to their end within the run, whatever that end was; the members
        who placed them, and those who joined within the run.

    Raises
    ------
    SafeShopError
        If a third party sells or ships: the records are its own, and there is nothing to export.
    """
    who = run.scenario.arrangement
    if who.mode == "consignment" or who.operator in ("self-run", "hybrid"):
        raise SafeShopError(
            _(
                "In {name} a third party sells or ships, so members and orders are its records, not the shop's: "
                "there is nothing to export; choose a shop that sells by itself."
            ).format(name=run.scenario.name)
        )
    ended = [order for order in range(run.orders.rows) if not math.isnan(run.orders["closed"][order])]
    joined = run.members["joined"]
    numbers = {int(run.orders["member"][order]) for order in ended}
    numbers |= {member for member in range(run.members.rows) if all_members or joined[member] >= 0}
    buyers = {person.member: person for person in _persons(run, numbers)}
    recipients = {person.member: person for person in _persons(run, ended, role="recipient")}
    book = _Book(run)
    return {
        "members": [_member_row(book, buyers[member]) for member in sorted(numbers)],
        "orders": [
            _order_row(book, order, buyers[int(run.orders["member"][order])], recipients[order])
            for order in ended
        ],
        "order_lines": [row for order in ended for row in book.line_rows(order)],
    }


def _persons(
    run: Run, numbers: Iterable[int], role: Literal["member", "recipient"] = "member"
) -> list[Person]:
    scenario = run.scenario
    return people(
        sorted(numbers), scenario.locale, run.seed, start=scenario.start, place=scenario.place, role=role
    )


class _Clock:
    """Turns days since the start into local times with their offset.

    Parameters
    ----------
    start
        Day 0.
    zone
        Time zone of the shop.
    """

    def __init__(self, start: date, zone: ZoneInfo) -> None:
        self.zone = zone
        self.midnight = datetime.combine(start, time(), zone).astimezone(UTC)

    def at(self, days: float) -> datetime:
        """The moment to the nearest second."""
        # In UTC, because a local clock skips an hour in spring and repeats one in autumn.
        return (self.midnight + timedelta(seconds=round(days * 86400))).astimezone(self.zone)

    def maybe(self, days: float) -> datetime | None:
        """The moment, or ``None`` if it never came."""
        return None if math.isnan(days) else self.at(days)


class _Book:
    """A run, looked at the way an export needs it: by order and by member.

    Parameters
    ----------
    run
        The run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.clock = _Clock(run.scenario.start, run.scenario.zone)
        orders = run.orders
        self.lines: dict[int, list[int]] = defaultdict(list)
        for line, order in enumerate(run.lines["order"].tolist()):
            self.lines[order].append(line)
        self.of_member: dict[int, list[int]] = defaultdict(list)
        for order, member in enumerate(orders["member"].tolist()):
            self.of_member[member].append(order)
        self.states: list[str] = [orders.words["state"][code] for code in orders["state"].tolist()]
        self.returns = Counter(
            member
            for member, state in zip(orders["member"].tolist(), self.states, strict=True)
            if state == "refunded"
        )

    def moment(self, order: int, milestone: str) -> float:
        """When the order reached the milestone, in days; nan if it did not."""
        return float(self.run.orders[milestone][order])

    def number(self, order: int) -> str:
        """The order's number as customers read it: marked, with place and day."""
        placed = self.clock.at(self.moment(order, "placed"))
        return f"SYN{self.run.scenario.place.upper()}{placed:%y%m%d}{order:05d}"

    def money_back(self, order: int) -> bool:
        """Whether the buyer had paid and got his money back."""
        paid = not math.isnan(self.moment(order, "paid"))
        return paid and self.states[order] in ("refunded", "out_of_stock", "lost")

    def line_rows(self, order: int) -> list[Row]:
        """The lines of an order, for `ORDER_LINES`."""
        rows: list[Row] = []
        for number, line in enumerate(self.lines[order], start=1):
            product = self.run.scenario.catalogue[self.run.lines["product"][line]]
            pieces, price = int(self.run.lines["pieces"][line]), int(self.run.lines["unit_price"][line])
            rows.append(
                {
                    "order_number": self.number(order),
                    "line": number,
                    "product_code": product.sku,
                    "product_name": product.name,
                    "quantity": pieces,
                    "unit_price": _money(self.run, price),
                    "line_amount": _money(self.run, price * pieces),
                }
            )
        return rows


def _money(run: Run, minor: int) -> Decimal:
    units = MINOR_UNITS[run.scenario.currency]
    return (Decimal(int(minor)) / units).quantize(Decimal(1) / units)


def _member_row(book: _Book, person: Person) -> Row:
    orders = book.of_member[person.member]
    completed = sorted(book.moment(order, "closed") for order in orders if book.states[order] == "completed")
    joined = float(book.run.members["joined"][person.member])
    spent = sum(
        (
            _money(book.run, book.run.orders["amount"][order])
            for order in orders
            if book.states[order] == "completed"
        ),
        Decimal(0),
    )
    return _standing(
        person,
        channel=book.run.scenario.channel,
        clock=book.clock,
        joined=joined,
        completed=completed,
        last_seen=max([joined, *(book.moment(order, "visited") for order in orders)]),
        points=int(spent / 100),
        key=str(book.run.seed),
    )


def _standing(
    person: Person,
    *,
    channel: str,
    clock: _Clock,
    joined: float,
    completed: Sequence[float],
    last_seen: float,
    points: int,
    key: str,
) -> Row:
    """A member's row: who he is, and how he stands with the shop (times in days since the clock's start)."""
    if len(completed) >= VIP_FROM:
        level, since = "vip", completed[VIP_FROM - 1]
    elif len(completed) >= REGULAR_FROM:
        level, since = "regular", completed[REGULAR_FROM - 1]
    else:
        level, since = "new", joined
    told = {spec.name: getattr(person, spec.name) for spec in MEMBERS.fields if hasattr(person, spec.name)}
    offline = _chance(key, "standing", person.member).random() < 0.02
    return {
        **told,
        "channel": channel,
        "level": level,
        "level_changed_at": clock.at(since),
        "registered_at": clock.at(joined),
        "points": points,
        "last_login_at": clock.at(last_seen),
        "online_state": "offline" if offline else "online",
        "has_bought": bool(completed),
        "changed_at": clock.at(since),
    }


def _order_row(book: _Book, order: int, buyer: Person, stranger: Person) -> Row:
    run, clock, draws = book.run, book.clock, _chance(str(book.run.seed), "order", order)
    recipient = stranger if draws.random() < GIFTS else buyer
    state = book.states[order]
    closed = clock.at(book.moment(order, "closed"))
    return {
        "order_number": book.number(order),
        "member_code": buyer.member_code,
        "channel": run.scenario.channel,
        "ordered_at": clock.at(book.moment(order, "placed")),
        "order_status": state.replace("_", "-"),
        "item_status": _item_status(book, order),
        **_amounts(book, order),
        "payment_method": run.orders.words["payment_method"][run.orders["payment_method"][order]],
        "shipped_at": clock.maybe(book.moment(order, "picked_up")),
        "completed_at": closed if state == "completed" else None,
        "changed_at": closed,
        "buyer_name": buyer.name,
        "buyer_email": buyer.email,
        "buyer_phone": buyer.phone,
        "buyer_mobile": buyer.mobile,
        "buyer_orders": len(book.of_member[buyer.member]),
        "buyer_exchanges": 0,
        "buyer_returns": book.returns[buyer.member],
        **_delivery(book, order, recipient, draws),
        **_invoice(book, order, buyer, draws),
    }


def _item_status(book: _Book, order: int) -> str:
    if book.states[order] in ("refunded", "refused"):
        return "returned"
    if book.states[order] == "lost":
        return "lost"
    reached = {name: not math.isnan(book.moment(order, name)) for name in ("delivered", "picked_up")}
    if reached["delivered"]:
        return "delivered"
    return "shipped" if reached["picked_up"] else "not-shipped"


def _amounts(book: _Book, order: int) -> Row:
    amount = _money(book.run, book.run.orders["amount"][order])
    fee = _money(book.run, book.run.scenario.minor(book.run.scenario.logistics.parcel_fee))
    zero = amount * 0
    paid = amount if not math.isnan(book.moment(order, "paid")) else zero
    back = amount if book.money_back(order) else zero
    return {
        "currency": book.run.scenario.currency,
        "goods_amount": amount,
        "discount": fee,
        "shipping_fee": fee,
        "amount": amount,
        "refunded": back,
        "net_received": paid - back,
    }


def _delivery(book: _Book, order: int, recipient: Person, draws: random.Random) -> Row:
    clock = book.clock
    shipped, delivered = book.moment(order, "picked_up"), clock.maybe(book.moment(order, "delivered"))
    expected = (
        clock.maybe(math.ceil(shipped + book.run.scenario.logistics.transit.mean_days))
        if shipped >= 0
        else None
    )
    return {
        "delivery_method": "courier" if draws.random() < 0.8 else "post",
        "recipient_name": recipient.name,
        "recipient_phone": recipient.mobile,
        "recipient_postcode": recipient.postcode,
        "recipient_address": recipient.address,
        "delivery_date": delivered.date() if delivered else None,
        "delivery_time": _drawn(("any",) * 7 + ("morning", "afternoon", "evening"), draws),
        "expected_arrival": expected.date() if expected else None,
    }


_COMPANY = {"tw": "範例股份有限公司", "cn": "示例有限公司", "hk": "Example Company Limited"}
# Taiwan: two letters and eight digits. Mainland: twenty digits, the first four naming year and province, and
# there is no province 00. Hong Kong prescribes no form.
_INVOICE_NUMBER = {"tw": "SY{:08d}", "cn": "0000{:016d}", "hk": "SYN-{:08d}"}


def _invoice(book: _Book, order: int, buyer: Person, draws: random.Random) -> Row:
    place, paid = book.run.scenario.place, book.clock.maybe(book.moment(order, "paid"))
    kinds = ("personal",) * 14 + ("company",) * 3 + (("donated",) * 3 if place == "tw" else ("personal",) * 3)
    kind, printed = _drawn(kinds, draws), draws.random() < 0.6
    if paid is None:
        kind = "none"
    named = kind in ("personal", "company")
    return {
        "invoice_type": kind,
        "invoice_title": (_COMPANY[place] if kind == "company" else buyer.name) if named else None,
        "invoice_address": buyer.address if named else None,
        "invoice_date": paid.date() if paid else None,
        "invoice_number": _INVOICE_NUMBER[place].format(order + 1) if paid else None,
        "invoice_printed": named and printed,
        "invoice_state": "not-issued" if paid is None else "void" if book.money_back(order) else "issued",
    }


# ----------------------------------------------------------------------------------------------------
# members without a shop

_ZONES = {"tw": "Asia/Taipei", "cn": "Asia/Shanghai", "us": "America/New_York"}
_YEARS_BACK = 730


def _drawn_members(locale: str) -> list[Row]:
    place = LOCALES[locale]
    clock = _Clock(DEFAULT_START, ZoneInfo(_ZONES[place]))
    rows = []
    for person in people(range(PEOPLE_PER_LOCALE), locale, SEED):
        draws = _chance(str(SEED), f"drawn-{locale}", person.member)
        joined = -_YEARS_BACK * draws.random()
        bought = _drawn((0, 0, 0, 1, 1, 2, 3, 5), draws)
        completed = sorted(joined * draws.random() for _order in range(bought))
        rows.append(
            _standing(
                person,
                channel="own-site",
                clock=clock,
                joined=joined,
                completed=completed,
                last_seen=max([joined, *completed]),
                points=sum(int(5 + 25 * draws.random()) for _order in completed),
                key=f"{SEED}:{locale}",
            )
        )
    return rows


def _chance(key: str, purpose: str, number: int) -> random.Random:
    # As in `simlib.people`: chance that belongs to one number and one purpose, in every version of Python.
    return random.Random(f"{key}:{purpose}:{number}")


def _drawn(items: Sequence[T], draws: random.Random) -> T:
    return items[int(draws.random() * len(items))]


# ----------------------------------------------------------------------------------------------------
# files


def _files(dataset: Dataset) -> dict[str, bytes]:
    tables = {
        f"{resource.table.name}.csv": encode(resource.table, resource.rows)
        if resource.content is None
        else resource.content
        for resource in dataset.resources
    }
    described = [
        _resource(resource, path, tables[path])
        for resource, path in zip(dataset.resources, tables, strict=True)
    ]
    package = {
        "profile": "tabular-data-package",
        "name": dataset.name,
        "title": dataset.title,
        "description": dataset.readme,
        "licenses": [_LICENCE],
        "synthetic": True,
        "builtFrom": dict(dataset.built_from),
        "exportFormat": VERSION,
        "resources": described,
    }
    return {
        **tables,
        "README.md": f"# {dataset.title}\n\n{dataset.readme}\n".encode(),
        "datapackage.json": (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode(),
    }


def _resource(resource: Resource, path: str, content: bytes) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": resource.table.name,
        "path": path,
        "title": resource.title,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": resource.encoding,
        "dialect": {
            "delimiter": ",",
            "lineTerminator": "\r\n",
            "quoteChar": '"',
            "doubleQuote": True,
            "header": True,
        },
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": table_schema(resource.table, resource.descriptions),
    }
