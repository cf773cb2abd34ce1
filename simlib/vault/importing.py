"""Bringing a file's rows into the vault: all of them, checked, in one transaction, or none.

Rows go by month into compartments and wait there until a block is full. Each row is first looked up in the
directory: a row the vault has already is skipped, a changed one follows the operator's choice, and nothing
that was imported before is ever altered.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import compress, groupby
from operator import and_, ne
from typing import Any, Literal, TypeVar

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.blocks import BLOCK_ROWS, BlockPlace, block_cipher, join_rows, row_text, seal_block
from simlib.vault.catalogue import Share
from simlib.vault.files import canonical
from simlib.vault.holdings import Change, Holdings, Place
from simlib.vault.keyring import Compartment
from simlib.vault.reading import Chunk, Column, TableReader, shown
from simlib.vault.repeats import Repeats
from simlib.vault.schema import ORDER_LINES, ORDERS, Table
from simlib.vault.sealing import SALT_BYTES, derive, pack, seal
from simlib.vault.segments import IDENTITY, POSITION, Entries, block_digest_part
from simlib.vault.totals import COUNTED

T = TypeVar("T")
Mode = Literal["overwrite", "further"]
MODES: tuple[Mode, ...] = ("overwrite", "further")
"""What happens to a row the vault knows with other content: replace it (its former version stays in the
history), or keep both as valid records."""

_MOST_WAITING = 8_000  # rows waiting for their block; bounds the memory when a file mixes many months
_MOST_ENTRIES = 6 << 20  # bytes of index entries waiting for their segment
_IN_FLIGHT = 3  # blocks being compressed and sealed beside the reading of the next


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Parameters
    ----------
    number
        The import's number in the vault; that of the earlier one if the file was there already.
    file, table
        What came.
    encoding
        How it was read.
    rows
        Rows in the file.
    new
        Rows whose key the vault did not know.
    changed
        Rows stored as a further version of a known one.
    unchanged
        Rows the vault had in just this form.
    older
        Rows of which the vault has a later version; skipped.
    months
        Months that were added to.
    already
        True if this very file had been imported before; then nothing was done.
    """

    number: int
    file: str
    table: str
    encoding: str
    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    months: tuple[str, ...] = ()
    already: bool = False


def normal_email(text: str) -> str:
    """An e-mail address as it is looked up by."""
    return text.strip().casefold()


def normal_phone(text: str) -> str:
    """A telephone number as it is looked up by: its last eight digits, whatever stands before or between."""
    if not text.isascii():
        text = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))
    return text.translate(_NO_DIGITS)[-8:]


_NO_DIGITS = {sign: None for sign in range(128) if not chr(sign).isdigit()}
_NO_DIGIT_BYTES = bytes(sign for sign in _NO_DIGITS if sign != ord("\n"))


def normal_emails(cells: Column) -> Column:
    """`normal_email` of a checked column, in which no cell holds a blank: all at once if they are plain."""
    text = b"\n".join(cells)
    if text.isascii():
        return text.lower().split(b"\n")
    return [normal_email(cell.decode()).encode() for cell in cells]


def normal_phones(cells: Column) -> Column:
    """`normal_phone` of a column, all at once if they are plain."""
    text = b"\n".join(cells)
    if text.isascii() and text.count(b"\n") == len(cells) - 1:
        return [digits[-8:] for digits in text.translate(None, _NO_DIGIT_BYTES).split(b"\n")]
    return [normal_phone(cell.decode()).encode() for cell in cells]


def _same(cells: Column) -> Column:
    return cells


LOOK_UPS: dict[str, dict[str, tuple[tuple[str, ...], Callable[[Column], Column]]]] = {
    "members": {
        "email": (("email",), normal_emails),
        "phone": (("mobile", "phone"), normal_phones),
    },
    "orders": {
        "email": (("buyer_email",), normal_emails),
        "phone": (("buyer_mobile", "buyer_phone", "recipient_phone"), normal_phones),
    },
    "order_lines": {"order": (("order_number",), _same)},
}
"""Table → kind of index → its columns and how their cells are made comparable."""

_FAMILY = {"members": "members", "orders": "orders", "order_lines": "orders"}
_MONTH = {"members": "registered_at", "orders": "ordered_at"}


def identity_kind(table: Table) -> str:
    """The directory's kind of index for a table."""
    return f"identity-{table.name}"


def key_text(table: Table, row: Sequence[str]) -> str:
    """A row's primary key as one text; U+001F is escaped so that two keys never meet."""
    places = _places(table, table.primary_key)
    if len(places) == 1:
        return row[places[0]]
    return "\x1f".join(row[place].replace("\x10", "\x10\x10").replace("\x1f", "\x10u") for place in places)


def _keys(table: Table, chunk: Chunk) -> Column:
    if len(table.primary_key) == 1:
        return chunk.columns[_places(table, table.primary_key)[0]]
    return [key_text(table, row).encode() for row in chunk.rows]


def _places(table: Table, names: Sequence[str]) -> list[int]:
    order = [spec.name for spec in table.fields]
    return [order.index(name) for name in names]


@dataclass
class _Waiting:
    """Rows of one compartment that wait for their block: as texts, and the columns that are needed again."""

    compartment: Compartment
    cipher: AESGCM
    texts: list[bytes] = field(default_factory=list)
    columns: dict[str, list[bytes]] = field(default_factory=dict)
    identities: list[bytes] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    replaced: list[list[str]] = field(default_factory=list)
    blocks: int = 0
    stored: int = 0
    digest: Any = field(default_factory=sha256)


@dataclass(frozen=True, slots=True)
class _Sealing:
    """A block being sealed beside."""

    waiting: _Waiting
    serial: int
    rows: int
    sealed: Future[bytes]


class TableImport:
    """One table's way into the vault, within a change.

    Parameters
    ----------
    holdings, change
        Where to.
    reader
        Where from.
    mode
        What happens to changed rows.
    """

    def __init__(self, holdings: Holdings, change: Change, reader: TableReader, mode: Mode) -> None:
        self._holdings, self._change, self._reader, self._mode = holdings, change, reader, mode
        self._table = reader.table
        self.number = holdings.store.next_import()
        self._id = holdings.random(SALT_BYTES)
        self._serial = holdings.store.next_serial()
        self._family = _FAMILY[self._table.name]
        self._identity = holdings.tagger(holdings.directory, identity_kind(self._table))
        self._known = holdings.catalogue(holdings.directory.number).of_kind(identity_kind(self._table))
        self._order_tag = holdings.tagger(holdings.directory, identity_kind(ORDERS))
        self._orders = holdings.catalogue(holdings.directory.number).of_kind(identity_kind(ORDERS))
        self._content = holdings.tagger(holdings.directory, f"content-{self._table.name}")
        self._column = {spec.name: place for place, spec in enumerate(self._table.fields)}
        self._waiting: dict[int, _Waiting] = {}
        self._flight: deque[_Sealing] = deque()
        self._entries: dict[tuple[int, str], list[Entries]] = {}
        self._entry_bytes: Counter[tuple[int, str]] = Counter()
        self._repeats = Repeats(holdings)
        self._counts = dict.fromkeys(("rows", "new", "changed", "unchanged", "older"), 0)
        self._gone = self._destroyed_months()
        self._lines_of: dict[int, Compartment] = {}

    def run(self) -> None:
        """Store all rows; the change must still be finished."""
        with ThreadPoolExecutor(1) as beside:
            self._beside = beside
            for chunk in self._reader.chunks():
                self._take(chunk)
            for waiting in self._waiting.values():
                self._flush(waiting)
            while self._flight:
                self._land()
        self._check_repeats()
        self._write_segments()
        for waiting in self._waiting.values():
            number = waiting.compartment.number
            share = Share(waiting.blocks, waiting.stored, waiting.digest.digest())
            if waiting.blocks:
                catalogue = self._holdings.catalogue(number).with_share(self.number, share)
                self._change.catalogue(number, catalogue)

    def record(self, file: str, fingerprint: bytes, encoding: str, user: str) -> ImportReport:
        """Write the import's record; the report says what was done."""
        holdings, tag = self._holdings, file_tag(self._holdings, self._table, fingerprint)
        months = tuple(sorted({one.compartment.month for one in self._waiting.values() if one.blocks}))
        counts: dict[str, Any] = dict(self._counts)
        report = ImportReport(self.number, file, self._table.name, encoding, months=months, **counts)
        told = {
            "file": file,
            "sha256": fingerprint.hex(),
            "table": self._table.name,
            "encoding": encoding,
            "mode": self._mode,
            "user": user,
            **({"columns": self._reader.columns} if self._reader.is_foreign else {}),
            **self._counts,
        }
        context = pack("import", holdings.vault, self.number, self._id, tag)
        sealed = seal(
            derive(holdings.grants.trail, pack("imports", holdings.vault)), context, canonical(told)
        )
        holdings.store.add_import(self.number, self._id, tag, sealed)
        self._change.details.setdefault("imports", []).append(
            {"number": self.number, "record": sha256(sealed).hexdigest(), **told}
        )
        return report

    # -- rows in

    def _take(self, chunk: Chunk) -> None:
        self._counts["rows"] += len(chunk)
        keys = _keys(self._table, chunk)
        identities = self._identity.many(keys)
        texts = [row_text(row) for row in chunk.rows] if chunk.texts is None else chunk.texts
        contents = self._content.many(texts)
        tags = _numbers(identities)
        self._repeats.add(chunk.first, tags)
        known = self._entries_by_tag(tags)
        compartments = self._compartments(chunk)
        wanted: Sequence[int] = range(len(chunk))
        if known:
            wanted = [
                at
                for at in wanted
                if self._is_wanted(
                    chunk, at, keys[at].decode(), contents[at], known.get(int(tags[at]), []), compartments[at]
                )
            ]
        else:
            self._counts["new"] += len(chunk)
        for _number, run in groupby(wanted, key=lambda at: compartments[at].compartment.number):
            places = list(run)
            waiting = compartments[places[0]]
            pick = _picker(places)
            waiting.texts += pick(texts)
            waiting.identities += pick(identities)
            waiting.contents += pick(contents)
            for name, cells in waiting.columns.items():
                cells += pick(chunk.columns[self._column[name]])
            while len(waiting.texts) >= BLOCK_ROWS:
                self._flush(waiting)
        while sum(len(one.texts) for one in self._waiting.values()) > _MOST_WAITING:
            self._flush(max(self._waiting.values(), key=lambda one: len(one.texts)))

    def _is_wanted(
        self,
        chunk: Chunk,
        at: int,
        key: str,
        content: bytes,
        entries: list[tuple[Place, int]],
        waiting: _Waiting,
    ) -> bool:
        fate = "new"
        if entries:
            number = int.from_bytes(content, "big")
            fate = self._compare(chunk.first + at, chunk.row(at), key, number, entries, waiting)
        self._counts[fate] += 1
        return fate in ("new", "changed")

    def _entries_by_tag(self, tags: NDArray[np.uint64]) -> dict[int, list[tuple[Place, int]]]:
        if not self._known:
            return {}
        entries = self._holdings.segments.find_all(self._holdings.directory, self._known, tags)
        found: dict[int, list[tuple[Place, int]]] = {}
        for one in entries:
            place = (int(one["block"]), int(one["row"]))
            found.setdefault(int(one["tag"]), []).append((place, int(one["content"])))
        return found

    def _compare(
        self,
        number: int,
        row: list[str],
        key: str,
        content: int,
        entries: list[tuple[Place, int]],
        waiting: _Waiting,
    ) -> str:
        """What a row is to the versions of it the vault has."""
        if any(known == content for _place, known in entries):
            return "unchanged"
        holdings = self._holdings
        places = sorted(place for place, _known in entries)
        versions = [(place, holdings.row(place)) for place in places]
        versions = [(place, cells) for place, cells in versions if key_text(self._table, cells) == key]
        if not versions:  # another key with the same tag
            return "new"
        home = holdings.compartment_of_block(versions[-1][0][0])
        if home.number != waiting.compartment.number:
            raise SafeShopError(
                _(
                    "{file}, row {row}, column {column}: the vault has {key} under {month}; "
                    "a date of this kind does not change, correct it."
                ).format(
                    file=self._reader.name,
                    row=number,
                    column=_MONTH.get(self._table.name, "order_number"),
                    key=shown(key),
                    month=home.month,
                )
            )
        if self._is_older(row, versions[-1][1]):
            return "older"
        if self._mode == "overwrite":
            self._supersede(waiting, versions)
        return "changed"

    def _is_older(self, row: list[str], latest: list[str]) -> bool:
        if self._table is ORDER_LINES:
            return False
        (place,) = _places(self._table, ["changed_at"])
        return datetime.fromisoformat(row[place]) < datetime.fromisoformat(latest[place])

    def _supersede(self, waiting: _Waiting, versions: list[tuple[Place, list[str]]]) -> None:
        compartment = waiting.compartment
        replaced = self._holdings.superseded(compartment)
        standing = [(place, cells) for place, cells in versions if place not in replaced]
        tag = self._holdings.tagger(compartment, "superseded")
        entries = np.zeros(len(standing), POSITION)
        for at, ((block, row), _cells) in enumerate(standing):
            entries[at] = (int.from_bytes(tag(pack("place", block, row)), "big"), block, row, 0)
        self._add_entries(compartment, "superseded", entries)
        waiting.replaced += [cells for _place, cells in standing]

    # -- months

    def _destroyed_months(self) -> set[str]:
        """Months of this table's family that were destroyed: their rows do not come back by accident."""
        holdings = self._holdings
        return {
            totals.month
            for number, totals in holdings.all_totals()
            if number not in holdings.compartments and totals.family == self._family
        }

    def _compartments(self, chunk: Chunk) -> list[_Waiting]:
        if self._table is ORDER_LINES:
            return self._order_compartments(chunk)
        (place,) = _places(self._table, [_MONTH[self._table.name]])
        cells = [cell[:7] for cell in chunk.columns[place]]
        named = {cell: cell.decode() for cell in sorted(set(cells))}
        for month in sorted(set(named.values()) & self._gone):
            raise SafeShopError(
                _("{file}, row {row}: the month {month} was destroyed in the vault; remove its rows.").format(
                    file=self._reader.name, row=chunk.first + cells.index(month.encode()), month=month
                )
            )
        by_month = {
            cell: self._place_for(self._change.compartment(self._family, month))
            for cell, month in named.items()
        }
        return [by_month[cell] for cell in cells]

    def _order_compartments(self, chunk: Chunk) -> list[_Waiting]:
        """A line lies where its order lies."""
        holdings = self._holdings
        tags = _numbers(self._order_tag.many(chunk.columns[0]))
        missing = np.array([tag for tag in tags if int(tag) not in self._lines_of], np.uint64)
        if len(self._lines_of) > 200_000:
            self._lines_of.clear()
            missing = tags
        if len(missing) and self._orders:
            for one in holdings.segments.find_all(holdings.directory, self._orders, missing):
                self._lines_of[int(one["tag"])] = holdings.compartment_of_block(int(one["block"]))
        found = []
        for at, tag in enumerate(tags):
            if int(tag) not in self._lines_of:
                raise SafeShopError(
                    _(
                        "{file}, row {row}, column order_number: the vault has no order {key}; "
                        "import the orders first."
                    ).format(
                        file=self._reader.name, row=chunk.first + at, key=shown(chunk.columns[0][at].decode())
                    )
                )
            found.append(self._place_for(self._lines_of[int(tag)]))
        return found

    def _place_for(self, compartment: Compartment) -> _Waiting:
        number = compartment.number
        if number not in self._waiting:
            self._change.touch(number)
            cipher = block_cipher(self._holdings.vault, compartment, self._id)
            waiting = _Waiting(compartment, cipher, columns={name: [] for name in needed(self._table)})
            self._waiting[number] = waiting
        return self._waiting[number]

    # -- blocks out

    def _flush(self, waiting: _Waiting) -> None:
        totals = self._change.totals(waiting.compartment)
        if waiting.replaced:
            gone = {
                name: [row[self._column[name]].encode() for row in waiting.replaced]
                for name in waiting.columns
            }
            totals.add(self._table, gone, -1)
            waiting.replaced = []
        texts, serial = waiting.texts[:BLOCK_ROWS], self._serial
        if not texts:
            return
        self._serial += 1
        place = BlockPlace(
            self._holdings.vault, self._id, waiting.compartment, self._table.name, serial, len(texts)
        )
        text = join_rows(texts, len(self._table.fields))
        sealed = self._beside.submit(seal_block, waiting.cipher, place, text)
        self._flight.append(_Sealing(waiting, serial, len(texts), sealed))
        columns = {name: cells[:BLOCK_ROWS] for name, cells in waiting.columns.items()}
        totals.add(self._table, columns)
        self._index(waiting, serial, columns)
        for kept in (waiting.texts, waiting.identities, waiting.contents, *waiting.columns.values()):
            del kept[:BLOCK_ROWS]
        while len(self._flight) > _IN_FLIGHT:
            self._land()

    def _land(self) -> None:
        one = self._flight.popleft()
        sealed, waiting, kind = one.sealed.result(), one.waiting, self._table.name
        self._holdings.store.add_block(
            one.serial, waiting.compartment.number, self.number, kind, one.rows, sealed
        )
        waiting.digest.update(block_digest_part(one.serial, kind, one.rows, sealed))
        waiting.blocks += 1
        waiting.stored += one.rows

    # -- index

    def _index(self, waiting: _Waiting, serial: int, columns: dict[str, list[bytes]]) -> None:
        count = min(BLOCK_ROWS, len(waiting.identities))
        identity = np.zeros(count, IDENTITY)
        identity["tag"] = _numbers(waiting.identities[:count])
        identity["content"] = _numbers(waiting.contents[:count])
        identity["block"], identity["row"] = serial, np.arange(count)
        self._add_entries(self._holdings.directory, identity_kind(self._table), identity)
        for kind, (names, normal) in LOOK_UPS[self._table.name].items():
            texts, rows = _distinct([columns[name] for name in names], normal)
            entries = np.zeros(len(texts), POSITION)
            entries["tag"] = _numbers(self._holdings.tagger(waiting.compartment, kind).many(texts))
            entries["block"], entries["row"] = serial, rows
            self._add_entries(waiting.compartment, kind, entries)

    def _add_entries(self, compartment: Compartment, kind: str, entries: Entries) -> None:
        if len(entries):
            key = (compartment.number, kind)
            self._entries.setdefault(key, []).append(entries)
            self._entry_bytes[key] += entries.nbytes
        if self._entry_bytes.total() > _MOST_ENTRIES:
            # The largest first: a month that is still growing gets one segment, not one each time.
            self._write_segments(_MOST_ENTRIES // 2)

    def _write_segments(self, left: int = 0) -> None:
        """Write waiting entries until at most so many bytes of them are left."""
        while self._entry_bytes.total() > left:
            ((key, _bytes),) = self._entry_bytes.most_common(1)
            number, kind = key
            entries = np.concatenate(self._entries.pop(key))
            del self._entry_bytes[key]
            self._change.add_segment(self._holdings.compartments[number], kind, entries)

    def _check_repeats(self) -> None:
        """Refuse a file in which two rows have the same key: nobody can know which one holds."""
        if (rows := self._repeats.first()) is None:
            return
        raise SafeShopError(
            _(
                "{file}, row {row}: {columns} is the same as in row {first}; "
                "remove one of the two rows or export again."
            ).format(
                file=self._reader.name,
                row=rows[1],
                columns=", ".join(self._table.primary_key),
                first=rows[0],
            )
        )


def _distinct(cells: Sequence[Column], normal: Callable[[Column], Column]) -> tuple[list[bytes], list[int]]:
    """The texts to look up by and their rows; a text in two columns of a row counts once."""
    texts: list[bytes] = []
    rows: list[int] = []
    for place, column in enumerate(cells):
        new = [bool(text) for text in column]
        for earlier in cells[:place]:
            new = list(map(and_, new, map(ne, column, earlier)))
        if chosen := list(compress(column, new)):
            texts += normal(chosen)
        rows += compress(range(len(column)), new)
    return texts, rows


def needed(table: Table) -> list[str]:
    """Columns an import needs once more when a block is full: for the index and for the totals."""
    looked_up = [name for names, _normal in LOOK_UPS[table.name].values() for name in names]
    return list(dict.fromkeys([*looked_up, *COUNTED[table.name]]))


def _picker(places: list[int]) -> Callable[[Sequence[T]], Sequence[T]]:
    """Takes these places out of a sequence; in one piece where they follow each other."""
    first, last = places[0], places[-1] + 1
    if last - first == len(places):
        return lambda cells: cells[first:last]
    return lambda cells: [cells[at] for at in places]


def _numbers(tags: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(tags), ">u8").astype(np.uint64)


def file_tag(holdings: Holdings, table: Table, fingerprint: bytes) -> bytes:
    """Keyed hash of a file's SHA-256, by which the same file is recognised."""
    key = derive(holdings.directory.key, pack("files", holdings.vault))
    return hmac.digest(key, pack("file", table.name, fingerprint), "sha256")
