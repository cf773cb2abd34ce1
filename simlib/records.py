"""Records: what a run leaves behind. Data only; nothing here reaches back into the simulated world.

A `Run` is a set of tables of numpy columns. Times are days since the scenario's start (``nan``: it has not
happened; ``inf``: no end yet), amounts are whole minor units (cents) of the scenario's currency, and words are
stored as small numbers with their list of words in `Table.words`.
"""

from __future__ import annotations

import errno
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.scenario import MINOR_UNITS, Scenario
from simlib.writing import write_whole

if TYPE_CHECKING:
    import pandas as pd

MILESTONES: Final = (
    "visited",
    "carted",
    "placed",
    "acknowledged",
    "checked",
    "offered",
    "confirmed",
    "redirected",
    "paid",
    "seller_told",
    "packed",
    "picked_up",
    "delivered",
    "cooling_off_ended",
    "dispute_opened",
    "dispute_ended",
    "return_requested",
    "return_approved",
    "return_received",
    "refunded",
    "closed",
    "reviewed",
    "enquired",
    "answered",
    "charged_back",
)
"""What an order can reach, in the order in which it usually does; one column each in `Run.orders`."""

STATES: Final = (
    "open",
    "completed",
    "refunded",
    "rejected",
    "unpaid",
    "out_of_stock",
    "refused",
    "no_deal",
    "lost",
)
"""Where an order stands at the end of the run; all but ``open`` are final, reached at milestone ``closed``.

rejected: wrong price or no stock, found at the check; unpaid: the buyer gave up paying; out_of_stock: confirmed
but not on the shelf; refused: not accepted at the door; no_deal: the buyer did not take the offer; lost: the parcel
never arrived and the money was given back.
"""

ACTORS: Final = (
    "buyer",
    "shop",
    "customer_service",
    "packer",
    "payment_company",
    "courier",
    "platform",
    "warehouse",
    "clearing_company",
    "operator",
    "mediator",
)
"""Who acts in an event."""

EVENTS: Final = (
    *MILESTONES,
    "authenticated",
    "declined",
    "refused_at_door",
    "returned_to_sender",
    "rejected",
    "given_up",
    "out_of_stock",
    "completed",
    "restocked",
    "no_deal",
    "lost",
    "remitted",
    "paid_out",
    "dispute_step",
    "violation",
    "standing_changed",
)
"""Kinds of event in `Run.events`."""

INCIDENTS: Final = (
    "impossible",
    "attempted",
    "succeeded",
    "failed",
    "stopped",
    "seen",
    "found_late",
    "decided",
    "contained",
    "patched",
    "keys_renewed",
    "restored",
    "restore_failed",
    "rebuilt",
    "ransom_paid",
    "key_worthless",
    "notified",
    "notice_late",
    "fined",
    "customers_told",
    "worked",
    "returned",
    "copies_taken",
    "memory_read",
    "payouts_diverted",
    "cash_transferred",
    "price_changed",
    "orders_faked",
    "shop_stopped",
    "shop_reopened",
    "encrypted",
    "destroyed",
    "goods_kept",
    "cards_tested",
    "buyers_called",
    "wallets_taken",
)
"""Kinds of row in `Run.incidents`.

impossible: the shop lacks a precondition (`what` names it); stopped: by the control in `what`; seen: by the detector
in `what`; found_late: it came out by itself before any detector had told, through ``own``, ``outsider`` or
``attacker``; decided: the question and answer in `what`; restored: the place in `what` has its data back; worked: the
task in `what` is done and took `amount` minutes of working time. From ``copies_taken`` on, the kinds say what a step
did.
"""

COLUMNS: Final = {
    "orders": (
        *("order", "member", "payment_method", "state", "route", "amount", "list_amount", "goods_cost"),
        *MILESTONES,
    ),
    "lines": ("order", "product", "pieces", "unit_price"),
    "events": ("t", "kind", "order", "actor", "amount"),
    "members": ("member", "joined"),
    "traffic": ("day", "visits", "carts", "checkouts"),
    "postings": ("t", "transaction", "kind", "order", "account", "amount", "currency"),
    "stock": ("t", "product", "pieces", "reason", "order"),
    "incidents": ("t", "attack", "campaign", "step", "kind", "what", "amount"),
    "takes": (
        *("attack", "campaign", "step", "t", "until", "place", "fields", "share"),
        *("opened", "requests", "seed", "orders", "members"),
    ),
}
"""Columns of each table of a run."""

FORMAT: Final = 3
"""Version of the file written by `Run.save`."""

READABLE: Final = (1, 2, FORMAT)
"""Versions that `Run.load` reads; the first knew no attacks, the second asked no memory for what it holds."""


class Table(Mapping[str, npt.NDArray[Any]]):
    """Columns of equal length, read only.

    Parameters
    ----------
    columns
        Name → one-dimensional array.
    words
        For columns of codes: name → the words that the codes 0, 1, 2 … stand for.
    """

    def __init__(
        self, columns: Mapping[str, npt.NDArray[Any]], words: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns differ in length: {sorted(lengths)}")
        for column in columns.values():
            column.setflags(write=False)
        self.columns = MappingProxyType(dict(columns))
        self.words = MappingProxyType(dict(words or {}))

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self.columns)})"

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values()), ()))

    def code(self, column: str, word: str) -> int:
        """The number that stands for a word in a column of codes."""
        return self.words[column].index(word)

    def where(self, column: str, word: str) -> npt.NDArray[np.bool_]:
        """Which rows have this word in that column."""
        return np.asarray(self.columns[column] == self.code(column, word))

    def pandas(self) -> pd.DataFrame:
        """The table as a DataFrame; columns of codes become categories of words."""
        import pandas as pd

        return pd.DataFrame(
            {
                name: (
                    pd.Categorical.from_codes(column.astype(np.int64), pd.Index(self.words[name]))
                    if name in self.words
                    else column
                )
                for name, column in self.columns.items()
            }
        )

    def same_as(self, other: Table) -> bool:
        """Whether both tables hold the same columns, words, types and values, bit for bit."""
        return (
            list(self.columns) == list(other.columns)
            and dict(self.words) == dict(other.words)
            and all(
                column.dtype == other[name].dtype and column.tobytes() == other[name].tobytes()
                for name, column in self.columns.items()
            )
        )


@dataclass(frozen=True)
class SummaryLine:
    """One figure of a run's summary.

    Attributes
    ----------
    key
        Stable name for programs.
    label
        What it is, in the reader's language.
    value
        The figure; amounts in whole currency units.
    unit
        Its unit, in the reader's language.
    """

    key: str
    label: str
    value: float
    unit: str


INCIDENT_TYPES: Final = {
    "t": np.float64,
    "attack": np.int32,
    "campaign": np.int16,
    "step": np.int16,
    "kind": np.int8,
    "what": np.int16,
    "amount": np.int64,
}
"""Types of the columns of `Run.incidents`."""

TAKE_TYPES: Final = {
    "attack": np.int32,
    "campaign": np.int16,
    "step": np.int16,
    "t": np.float64,
    "until": np.float64,
    "place": np.int8,
    "fields": np.int16,
    "share": np.float64,
    "opened": np.bool_,
    "requests": np.int64,
    "seed": np.int64,
    "orders": np.int64,
    "members": np.int64,
}
"""Types of the columns of `Run.takes`."""


def worded_table(rows: Sequence[Sequence[Any]], types: Mapping[str, Any], kinds: Mapping[str, Any]) -> Table:
    """A table in which some columns hold words.

    Parameters
    ----------
    rows
        One tuple a row, words as they are.
    types
        Name → type, in the order of the columns.
    kinds
        Columns of words → all their words, or None for those that occur, in the order in which they do.
    """
    content = dict(zip(types, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(types, ())
    words = {name: tuple(known or dict.fromkeys(content[name])) for name, known in kinds.items()}
    columns = {}
    for name, kind in types.items():
        given: Any = content[name]
        if name in words:
            codes = {word: code for code, word in enumerate(words[name])}
            given = [codes[word] for word in given]
        columns[name] = np.array(given, dtype=kind)
    return Table(columns, words)


def incident_table(rows: Sequence[Sequence[Any]] = ()) -> Table:
    """`Run.incidents` from rows of words."""
    return worded_table(
        rows, INCIDENT_TYPES, {"campaign": None, "step": None, "kind": INCIDENTS, "what": None}
    )


def take_table(rows: Sequence[Sequence[Any]] = ()) -> Table:
    """`Run.takes` from rows of words."""
    return worded_table(rows, TAKE_TYPES, {"campaign": None, "step": None, "place": None})


@dataclass(frozen=True, eq=False)
class Run:
    """What one simulated stretch of time left behind.

    Attributes
    ----------
    scenario, days, seed
        What was simulated, for how many days, with which seed.
    orders
        One row an order: order, member, payment_method, state, route (the way of its money), amount, list_amount,
        goods_cost, and a column of days for each of `MILESTONES`.
    lines
        One row a line of an order: order, product (position in the catalogue), pieces, unit_price.
    events
        Long log in order of time: t, kind, order (−1 for none), actor, amount.
    members
        member, joined (negative: before the start).
    traffic
        One row a day: visits, carts and checkouts that began on it.
    postings
        Double entry: t, transaction, kind, order, account, amount (+ in, − out), currency (the shop's or the
        buyer's); each transaction sums to zero in each currency.
    stock
        Every movement on the shelf: t, product, pieces (+ in, − out), reason, order.
    incidents
        What attackers did, what was noticed and what was done about it: t, attack (number in the run), campaign, step
        (empty for the shop's own doing), kind (`INCIDENTS`), what (control, detector, place or decision), amount (minor
        units or a count). Empty without attacks.
    takes
        One row for each place of which copies were taken: attack, campaign, step, t, until (the same moment, or how
        long the thief stayed), place, fields (sum of `simlib.privacy.Field`), share of the records, opened (whether
        encrypted copies count, too), requests and seed (of one who reads the server's memory), and how many records
        of orders and members that were under the scenario's own retention.
    """

    scenario: Scenario
    days: int
    seed: int
    orders: Table
    lines: Table
    events: Table
    members: Table
    traffic: Table
    postings: Table
    stock: Table
    incidents: Table = field(default_factory=incident_table)
    takes: Table = field(default_factory=take_table)

    TABLES = tuple(COLUMNS)

    @cached_property
    def copies(self) -> Table:
        """All copies of personal data under the scenario's own retention policy (`simlib.privacy.copies_of`)."""
        from simlib.privacy import copies_of

        return copies_of(self)

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What was worked out from this run and takes long; it lives as long as the run does."""
        return {}

    @property
    def tables(self) -> dict[str, Table]:
        """The stored tables by name."""
        return {name: getattr(self, name) for name in self.TABLES}

    def balance(self, currency: str | None = None) -> dict[str, int]:
        """What each account holds at the end, in minor units; all of them sum to zero.

        Parameters
        ----------
        currency
            The shop's currency if left out.
        """
        accounts = self.postings.words["account"]
        mine = self.postings.where("currency", currency or self.scenario.currency)
        sums = np.zeros(len(accounts), dtype=np.int64)
        np.add.at(sums, self.postings["account"][mine], self.postings["amount"][mine])
        return dict(zip(accounts, sums.tolist(), strict=True))

    def summary(self) -> list[SummaryLine]:
        """The figures a shopkeeper asks for first."""
        orders = self.orders
        per_unit = MINOR_UNITS[self.scenario.currency]
        currency = self.scenario.currency
        count, days = _("orders"), _("days")
        states = _state_labels()
        lines = [
            SummaryLine("visits", _("Visits"), int(self.traffic["visits"].sum()), _("visits")),
            SummaryLine("orders", _("Orders placed"), orders.rows, count),
        ]
        for state in STATES:
            lines.append(
                SummaryLine(f"orders_{state}", states[state], int(orders.where("state", state).sum()), count)
            )
        for key, label, begin, end in (
            ("days_to_payment", _("From order to payment, mean"), "placed", "paid"),
            ("days_to_delivery", _("From order to delivery, mean"), "placed", "delivered"),
            ("days_to_close", _("From order to its end, mean"), "placed", "closed"),
        ):
            lines.append(SummaryLine(key, label, mean_days_between(orders, begin, end), days))
        balance = self.balance()
        for key, label, account in (
            ("seller_cash", _("Seller's cash"), "seller"),
            ("waiting_money", _("Money waiting with payment companies"), "payment_company"),
            ("escrow", _("Money in escrow"), "escrow"),
            ("payment_fees", _("Payment fees"), "payment_fees"),
            ("commission", _("Marketplace commission"), "platform_fees"),
        ):
            lines.append(SummaryLine(key, label, balance[account] / per_unit, currency))
        from simlib.privacy import ONLINE, exposure_peak, record_days

        peak, _moment = exposure_peak(self.copies, ONLINE, 0.0, float(self.days))
        lines.append(
            SummaryLine("exposure_peak", _("Readable online copies at the worst moment"), peak, _("copies"))
        )
        lines.append(
            SummaryLine(
                "exposure_record_days",
                _("Readable online exposure, total"),
                record_days(self.copies, ONLINE, 0.0, float(self.days)),
                _("record-days"),
            )
        )
        return lines

    def save(self, path: str | Path) -> None:
        """Write the run to one ``.npz`` file without loss; an existing file is replaced only when all is written.

        Raises
        ------
        SafeShopError
            If the file cannot be written.
        """
        head = {
            "format": FORMAT,
            "days": self.days,
            "seed": self.seed,
            "scenario": self.scenario.model_dump(mode="json"),
            "words": {
                name: {c: list(w) for c, w in table.words.items()} for name, table in self.tables.items()
            },
        }
        arrays: dict[str, Any] = {"head": np.array(json.dumps(head, ensure_ascii=False, sort_keys=True))}
        for name, table in self.tables.items():
            for column, content in table.items():
                arrays[f"{name}.{column}"] = content
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)
        write_whole(Path(path), packed.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> Run:
        """Read a run written by `save`.

        Raises
        ------
        SafeShopError
            If the file is missing, damaged, or not a saved run.
        """
        damaged = SafeShopError(
            _("{path} is damaged or not a saved run; simulate it again and save anew.").format(path=path)
        )
        try:
            if not _is_whole(path):
                raise damaged
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except OSError as error:
            if error.errno == errno.EINVAL:
                # A damaged list of contents points to before the beginning of the file.
                raise damaged from None
            raise SafeShopError(
                _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror or error)
            ) from None
        except (ValueError, TypeError, EOFError, zipfile.BadZipFile, KeyError, AttributeError):
            raise damaged from None
        try:
            head = json.loads(str(arrays.pop("head")[()]))
            if head["format"] not in READABLE:
                raise SafeShopError(
                    _("{path} was saved in format {found}; this version reads format {known}.").format(
                        path=path, found=head["format"], known=FORMAT
                    )
                )
            if head["format"] == 1:
                later = {"incidents": incident_table(), "takes": take_table()}
                arrays |= {
                    f"{name}.{c}": column for name, table in later.items() for c, column in table.items()
                }
                head["words"] |= {name: dict(table.words) for name, table in later.items()}
            elif head["format"] == 2:
                rows = len(arrays["takes.t"])
                arrays |= {f"takes.{c}": np.zeros(rows, TAKE_TYPES[c]) for c in ("requests", "seed")}
                # In the order in which the columns stand now.
                arrays |= {f"takes.{c}": arrays.pop(f"takes.{c}") for c in COLUMNS["takes"]}
            tables: dict[str, dict[str, npt.NDArray[Any]]] = {name: {} for name in cls.TABLES}
            for name, content in arrays.items():
                table, _dot, column = name.partition(".")
                tables[table][column] = content
            if any(tuple(columns) != COLUMNS[name] for name, columns in tables.items()):
                raise damaged
            if not (type(head["days"]) is type(head["seed"]) is int):
                raise damaged
            return cls(
                Scenario.model_validate(head["scenario"]),
                head["days"],
                head["seed"],
                **{
                    name: Table(columns, {c: tuple(w) for c, w in head["words"][name].items()})
                    for name, columns in tables.items()
                },
            )
        except (KeyError, ValueError, TypeError, AttributeError, IndexError):
            raise damaged from None


def _is_whole(path: str | Path) -> bool:
    """Whether the file is a zip archive, packed as `Run.save` does it, in which every checksum is right."""
    try:
        with zipfile.ZipFile(path) as archive:
            ours = all(entry.compress_type == zipfile.ZIP_DEFLATED for entry in archive.infolist())
            return ours and archive.testzip() is None
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ):
        return False


def _state_labels() -> dict[str, str]:
    return {
        "open": _("… still under way"),
        "completed": _("… completed"),
        "refunded": _("… returned and refunded"),
        "rejected": _("… refused at the check of stock and price"),
        "unpaid": _("… never paid"),
        "out_of_stock": _("… confirmed but not on the shelf"),
        "refused": _("… not accepted at the door"),
        "no_deal": _("… asked, but made no deal"),
        "lost": _("… lost on the way"),
    }


def mean_days_between(orders: Table, begin: str, end: str) -> float:
    """Mean time between two milestones over the orders that reached both, in days (nan if none did)."""
    spans = orders[end] - orders[begin]
    spans = spans[~np.isnan(spans)]
    return float(spans.mean()) if spans.size else float("nan")
