"""Copies: whose data, which fields, at which place, in which form, from when to when.

The central idea of the kit. Retention, masking, export to the vault and destruction are all statements about
copies. They are worked out after the run, from the orders' milestones and a `Retention` policy, so that many
policies can be compared on the very same customers without simulating again.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Any, Final, Literal, get_args

import numpy as np

from simlib.calendars import WeeklyClock
from simlib.records import Run, Table
from simlib.scenario import Retention, Scenario
from simlib.streams import Floats, tick, to_ticks


class Field(IntFlag):
    """Groups of personal data; a copy holds any combination."""

    ACCOUNT = 1
    EMAIL = 2
    NAME = 4
    PHONE = 8
    ADDRESS = 16
    PURCHASE = 32
    PAYMENT = 64
    BIRTHDAY = 128


CONTACT: Final = Field.NAME | Field.PHONE | Field.ADDRESS
"""What lets a stranger find or call the person; exposure counts copies that hold any of it."""

KEPT_BY_THE_SHOP: Final = Field.ACCOUNT | Field.EMAIL
"""What stays in the web shop when a member's record has left it (row C1)."""

MEMBER_FIELDS: Final = Field.ACCOUNT | Field.EMAIL | CONTACT | Field.BIRTHDAY
ORDER_FIELDS: Final = Field.ACCOUNT | Field.EMAIL | CONTACT | Field.PURCHASE | Field.PAYMENT
MESSAGE_FIELDS: Final = Field.EMAIL | CONTACT | Field.PURCHASE
COURIER_FIELDS: Final = CONTACT
PAYMENT_FIELDS: Final = Field.NAME | Field.EMAIL | Field.PAYMENT

Place = Literal[
    "shop",
    "platform",
    "mailbox",
    "erp",
    "retailer",
    "consignee",
    "payment_company",
    "courier",
    "vault",
]
"""Where copies lie: own web shop, marketplace, the shop's e-mail, ERP in its office, a platform that sells itself, a
third party that sells and ships for the shop, payment company, courier, offline vault."""

PLACES: Final[tuple[str, ...]] = get_args(Place)
"""The same as words."""

ONLINE: Final = ("shop", "platform", "mailbox", "erp")
"""Places within the seller's own reach that a thief can reach over a network, with the seller's passwords."""

FORMS: Final = ("plain", "masked", "encrypted")
"""Only plain copies are readable."""

RECORDS: Final = ("member", "order")
"""Kinds of record."""


def web_place(scenario: Scenario) -> str:
    """Where members and orders lie (rows A5, A7).

    ``shop`` for an own site; ``platform`` on a marketplace, where the seller reads them with his account;
    ``retailer`` or ``consignee`` where somebody else sells or ships, and the seller never sees the buyer.
    """
    who = scenario.arrangement
    if who.mode == "consignment":
        return "consignee"
    if who.operator == "self-run":
        return "retailer"
    return "shop" if who.operator == "own-site" else "platform"


def orders_leave(run: Run, retention: Retention) -> Floats:
    """When each order's record leaves the web shop, in days (``inf``: not within what the run knows).

    From a third party's web shop nothing leaves, whatever the policy: the seller has no access to it.
    """
    leave = _orders_exported(run, retention)
    third_party = run.orders.where("route", "retailer") | run.orders.where("route", "consignee")
    return np.where(third_party, np.inf, leave)


def _orders_exported(run: Run, retention: Retention) -> Floats:
    orders = run.orders
    export = WeeklyClock(retention.export, run.scenario.start)
    if retention.orders_leave == "never":
        return np.full(orders.rows, np.inf)
    if retention.orders_leave == "at-order":
        return export.next_each(orders["placed"])
    at_completion = _or_never(export.next_each(orders["closed"]))
    if retention.orders_leave == "at-completion":
        return at_completion
    sync = retention.erp_sync_minutes / 1440
    fetched = to_ticks(np.ceil(orders["seller_told"] / sync) * sync)
    return np.where(np.isnan(fetched), at_completion, np.maximum(fetched, orders["seller_told"]))


def orders_gone(run: Run, retention: Retention) -> Floats:
    """When each order's record is no longer in the web shop, in days: it left, or the marketplace deleted it."""
    leave = orders_leave(run, retention)
    if run.scenario.channel == "own-site":
        return leave
    return np.minimum(leave, _or_never(run.orders["closed"]) + retention.platform_days)


def orders_masked(run: Run, retention: Retention) -> Floats:
    """When the web shop masks each order's record, in days (``inf`` for never)."""
    return _masked(run.orders["placed"], retention)


def needed(run: Run, fields: Field) -> Field:
    """Those of the fields that anybody needs: where buyers fetch their goods, no address is asked for."""
    return fields & ~Field.ADDRESS if run.scenario.arrangement.trade == "O2O" else fields


def copies_of(run: Run, retention: Retention | None = None) -> Table:
    """All copies of personal data that a run leaves under a policy.

    Parameters
    ----------
    run
        The run.
    retention
        The policy; the scenario's own if left out.

    Returns
    -------
    Table
        One row a copy: person (member number), record (`RECORDS`), number (of the member or order), fields
        (a sum of `Field`), place (`PLACES`), form (`FORMS`), since and until in days; ``inf`` where no end is
        known. For one record, place and field the intervals never overlap.
    """
    retention = retention or run.scenario.retention
    rows = _Rows()
    _member_copies(rows, run, retention)
    _order_copies(rows, run, retention)
    return rows.table()


class _Rows:
    """Collects copies; intervals without length are dropped."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []

    def add(
        self,
        record: str,
        person: Any,
        number: Any,
        fields: Field,
        place: str,
        form: str,
        since: Floats,
        until: Floats,
    ) -> None:
        with np.errstate(invalid="ignore"):
            real = until > since
        size = int(real.sum())
        self.parts.append(
            {
                "person": person[real],
                "record": np.full(size, RECORDS.index(record), dtype=np.int8),
                "number": number[real],
                "fields": np.full(size, int(fields), dtype=np.int16),
                "place": np.full(size, PLACES.index(place), dtype=np.int8),
                "form": np.full(size, FORMS.index(form), dtype=np.int8),
                "since": since[real],
                "until": until[real],
            }
        )

    def table(self) -> Table:
        columns = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        return Table(columns, {"record": RECORDS, "place": PLACES, "form": FORMS})


def _member_copies(rows: _Rows, run: Run, retention: Retention) -> None:
    member, joined = run.members["member"], run.members["joined"]
    place = web_place(run.scenario)
    exported = retention.members_leave == "on-joining" and place not in ("retailer", "consignee")
    if exported:
        leave = WeeklyClock(retention.export, run.scenario.start).next_each(joined)
    else:
        leave = np.full(run.members.rows, np.inf)
    masked = _masked(joined, retention)
    key = ("member", member, member)
    fields = needed(run, MEMBER_FIELDS)
    _web_copies(rows, retention, place, key, fields, (joined, masked, leave))
    forever = np.full(run.members.rows, np.inf)
    rows.add("member", member, member, KEPT_BY_THE_SHOP, place, "plain", leave, forever)
    if exported:
        rows.add("member", member, member, fields, "vault", "encrypted", leave, forever)


def _order_copies(rows: _Rows, run: Run, retention: Retention) -> None:
    orders = run.orders
    key = ("order", orders["member"], orders["order"])
    closed = _or_never(orders["closed"])
    leave = orders_leave(run, retention)
    gone = orders_gone(run, retention)
    masked = orders_masked(run, retention)
    who, placed = run.scenario.arrangement, orders["placed"]
    fields = needed(run, ORDER_FIELDS)
    bought = orders.where("route", "retailer")
    elsewhere = np.where(bought, placed, np.inf)
    _web_copies(rows, retention, "retailer", key, fields, (elsewhere, masked, gone))
    if not bought.all():
        here = np.where(bought, np.inf, placed)
        _web_copies(rows, retention, web_place(run.scenario), key, fields, (here, masked, gone))
    if who.mode == "contact-first":
        # What was asked and offered by e-mail stays in the mailbox; nobody exports a mailbox.
        asked = np.where(bought, np.inf, placed)
        rows.add(*key, MESSAGE_FIELDS, "mailbox", "plain", asked, np.full(orders.rows, np.inf))
    if retention.orders_leave == "to-erp":
        in_erp = ~np.isnan(orders["seller_told"])
        since = np.where(in_erp, leave, np.inf)
        rows.add(*key, fields, "erp", "plain", since, closed + retention.erp_days)
    elif retention.orders_leave != "never":
        rows.add(*key, fields, "vault", "encrypted", leave, closed + retention.vault_days)
    rows.add(
        *key,
        COURIER_FIELDS,
        "courier",
        "plain",
        _or_never(orders["picked_up"]),
        closed + retention.courier_days,
    )
    rows.add(
        *key,
        PAYMENT_FIELDS,
        "payment_company",
        "plain",
        _or_never(orders["redirected"]),
        closed + retention.payment_days,
    )


def _web_copies(
    rows: _Rows,
    retention: Retention,
    place: str,
    key: tuple[str, Any, Any],
    fields: Field,
    times: tuple[Floats, Floats, Floats],
) -> None:
    """A record in a web shop: plain until it is masked or leaves; then partly masked until it leaves.

    `times` are since when it is there, when it is masked, and when it leaves; one of each a record.
    """
    since, masked, leave = times
    hidden = fields & Field(sum(Field[name.upper()] for name in set(retention.mask_fields)))
    if not hidden:
        # Of a record without the masked fields, nothing is hidden: it stays plain.
        masked = np.full(len(since), np.inf)
    rows.add(*key, fields, place, "plain", since, np.minimum(leave, masked))
    if retention.mask_after_days is not None and hidden:
        masked = np.maximum(masked, since)
        rows.add(*key, fields & ~hidden, place, "plain", masked, leave)
        rows.add(*key, hidden, place, "masked", masked, leave)


def _masked(since: Floats, retention: Retention) -> Floats:
    if retention.mask_after_days is None or not retention.mask_fields:
        return np.full(len(since), np.inf)
    return since + tick(retention.mask_after_days)


def _or_never(t: Floats) -> Floats:
    """The same times with ``inf`` for what has not happened."""
    return np.where(np.isnan(t), np.inf, t)
