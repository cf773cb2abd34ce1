"""Sums and daily counts of a compartment, kept up to date by each import so that statistics need no scan.

An order counts as *completed* on the day of ``completed_at`` if its status is ``completed``, and as *changed*
on the day of ``changed_at`` if that is another moment than its completion: refunded, refused, corrected
later. A member counts as *new* on the day he registered, and as *changed* on the day of ``changed_at`` if
that is later. Days and months are those of the shop's clock as the file writes them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simlib.vault.files import canonical
from simlib.vault.schema import MEMBERS, ORDERS, Table

AMOUNTS = ("goods_amount", "discount", "shipping_fee", "amount", "refunded", "net_received")
"""Columns of orders that are summed, by currency."""


Columns = Mapping[str, Sequence[bytes]]
"""Column → its cells, in UTF-8."""

COUNTED: dict[str, tuple[str, ...]] = {
    "members": ("registered_at", "changed_at", "channel"),
    "orders": ("order_status", "completed_at", "changed_at", "channel", "currency", *AMOUNTS),
    "order_lines": (),
}
"""Table → columns that totals are made of."""


@dataclass
class Totals:
    """Sums of one compartment.

    Parameters
    ----------
    family, month
        Whose they are.
    rows
        Current rows: each order or member once, unless further records were chosen.
    completed, changed
        See the module's text.
    amounts
        Currency → column → sum.
    days
        (day, channel, kind) → count; kind is ``new``, ``completed`` or ``changed``.
    """

    family: str
    month: str
    rows: int = 0
    completed: int = 0
    changed: int = 0
    amounts: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    days: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, table: Table, columns: Columns, sign: int = 1) -> None:
        """Count rows in, or out with ``sign=-1``.

        Parameters
        ----------
        table
            Orders or members; lines are not counted.
        columns
            The cells by column; those of `COUNTED` at least.
        sign
            1 for rows that come, -1 for rows that were replaced.
        """
        if table is ORDERS:
            self.rows += sign * len(columns["changed_at"])
            self._add_orders(columns, sign)
        elif table is MEMBERS:
            self.rows += sign * len(columns["changed_at"])
            self._add_members(columns, sign)

    def _add_orders(self, columns: Columns, sign: int) -> None:
        status, completed, changed, channel = (
            columns[name] for name in ("order_status", "completed_at", "changed_at", "channel")
        )
        done = Counter(
            (at[:10], where)
            for at, where, state in zip(completed, channel, status, strict=True)
            if state == b"completed"
        )
        touched = Counter(
            (at[:10], where) for at, where, end in zip(changed, channel, completed, strict=True) if at != end
        )
        self.completed += sign * done.total()
        self.changed += sign * touched.total()
        self._count("completed", done, sign)
        self._count("changed", touched, sign)
        currencies = columns["currency"]
        for currency in sorted(set(currencies)):
            chosen = None if len(set(currencies)) == 1 else [one == currency for one in currencies]
            sums = self.amounts.setdefault(currency.decode(), dict.fromkeys(AMOUNTS, Decimal(0)))
            for name in AMOUNTS:
                cells = columns[name]
                if chosen is not None:
                    cells = [cell for cell, wanted in zip(cells, chosen, strict=True) if wanted]
                # Few prices stand in many rows: numbers are read once for each price.
                sums[name] += sign * sum(
                    Decimal(cell.decode()) * count for cell, count in Counter(cells).items()
                )

    def _add_members(self, columns: Columns, sign: int) -> None:
        registered, changed, channel = (columns[name] for name in ("registered_at", "changed_at", "channel"))
        new = Counter((at[:10], where) for at, where in zip(registered, channel, strict=True))
        touched = Counter(
            (at[:10], where)
            for at, where, first in zip(changed, channel, registered, strict=True)
            if at != first
        )
        self.changed += sign * touched.total()
        self._count("new", new, sign)
        self._count("changed", touched, sign)

    def _count(self, kind: str, counts: Counter[tuple[bytes, bytes]], sign: int) -> None:
        for (day, channel), count in counts.items():
            key = (day.decode(), channel.decode(), kind)
            self.days[key] += sign * count
            if not self.days[key]:
                del self.days[key]

    def sums_to_bytes(self) -> bytes:
        """The sums, without the days."""
        amounts = {
            currency: {name: str(value) for name, value in sums.items()}
            for currency, sums in self.amounts.items()
        }
        return canonical([self.family, self.month, self.rows, self.completed, self.changed, amounts])

    def days_to_bytes(self) -> bytes:
        """The counts by day."""
        return canonical(sorted([*key, count] for key, count in self.days.items()))

    @classmethod
    def from_bytes(cls, sums: bytes, days: bytes | None = None) -> Totals:
        """The opposite of `sums_to_bytes` and, if given, `days_to_bytes`."""
        family, month, rows, completed, changed, told = json.loads(sums)
        amounts = {
            currency: {name: Decimal(value) for name, value in cells.items()}
            for currency, cells in told.items()
        }
        counts: Counter[tuple[str, str, str]] = Counter()
        for day, channel, kind, count in json.loads(days or b"[]"):
            counts[(day, channel, kind)] = count
        return cls(family, month, rows, completed, changed, amounts, counts)
