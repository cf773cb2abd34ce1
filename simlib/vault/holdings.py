"""What a vault holds, opened with its keys: the one place where store and keys meet.

`Holdings` reads: blocks, index, catalogues, totals. `Holdings.change` is the only way to write: it opens one
transaction, and at its end seals what was touched, adds the trail's entry and commits, or leaves all as it
was.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.blocks import BlockPlace, Rows, block_cipher, open_block, open_rows, tagger
from simlib.vault.catalogue import Catalogue, open_catalogue, state_hash
from simlib.vault.files import remove_leftovers
from simlib.vault.keyring import DIRECTORY, KEYS_FILE, Compartment, Grants, Keyring, read_keyring
from simlib.vault.sealing import KEY_BYTES, Broken, Random, Tagger, derive, pack, seal, unseal
from simlib.vault.segments import Entries, Segment, SegmentReader, merge_segments, to_merge, write_segment
from simlib.vault.store import Store
from simlib.vault.totals import Totals
from simlib.vault.trail import Entry, Trail, told_time

Clock = Callable[[], datetime]
Place = tuple[int, int]
"""Where a row is: block's serial, row within it."""
_CACHED_BLOCKS = 8


def system_clock() -> datetime:
    """Now, with the offset of this computer's zone."""
    return datetime.now().astimezone()


class Holdings:
    """An unlocked vault.

    Parameters
    ----------
    folder
        The vault's folder.
    store
        Its database.
    ring
        Its key file.
    grants
        The keys of whoever unlocked it. Without root key (auditor) only trail and catalogues open.
    clock, random
        Time and chance; tests give their own.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        ring: Keyring,
        grants: Grants,
        clock: Clock = system_clock,
        random: Random = os.urandom,
    ) -> None:
        self.folder, self.store, self.clock, self.random = folder, store, clock, random
        self.ring, self.grants = ring, grants
        self.vault = ring.vault
        self.trail = Trail(store, self.vault, grants.trail, random)
        self.segments = SegmentReader(store, self.vault)
        self.compartments: dict[int, Compartment] = (
            {} if grants.root is None else ring.compartments(grants.root)
        )
        self._version = store.foreign_changes()
        self._catalogues: dict[int, Catalogue] = {}
        self._blocks: OrderedDict[int, tuple[str, Rows]] = OrderedDict()
        self._import_ids: dict[int, bytes] = {}
        self._taggers: dict[tuple[int, str], Tagger] = {}
        self._superseded: dict[int, frozenset[Place]] = {}

    @property
    def root(self) -> bytes:
        """The root key."""
        if self.grants.root is None:
            raise PermissionError("the root key was not granted")
        return self.grants.root

    @property
    def directory(self) -> Compartment:
        """The compartment that knows where everything is."""
        return self.compartments[DIRECTORY]

    def forget(self) -> None:
        """Drop everything kept in memory but the keys."""
        self.forget_rows()
        self._catalogues.clear()
        self._import_ids.clear()

    def forget_rows(self) -> None:
        """Drop rows and index pages kept in memory; lists stay, as a change may be under way in them."""
        self.segments.forget()
        self._blocks.clear()
        self._superseded.clear()

    def forget_keys(self, numbers: Iterable[int]) -> None:
        """Drop the keys of compartments, and what was derived from them."""
        for number in numbers:
            self.compartments.pop(number, None)
        self._taggers.clear()
        self.forget_rows()

    def lock(self) -> None:
        """Drop the keys, too; Python does not promise to overwrite the memory (FORMAT.md, section 1)."""
        self.forget()
        self._taggers.clear()
        self.compartments = {}
        self.grants = Grants(b"", None)
        self.store.close()

    # -- reading

    def months(self, family: str) -> dict[str, Compartment]:
        """Month → compartment of a family (``orders`` or ``members``) that is not destroyed, in order."""
        found = {one.month: one for one in self.compartments.values() if one.family == family}
        return dict(sorted(found.items()))

    def tagger(self, compartment: Compartment, kind: str) -> Tagger:
        """The tagger of a kind of index in a compartment."""
        key = (compartment.number, kind)
        if key not in self._taggers:
            self._taggers[key] = tagger(self.vault, compartment, kind)
        return self._taggers[key]

    def catalogue(self, number: int) -> Catalogue:
        """A compartment's catalogue."""
        if number not in self._catalogues:
            sealed = self.store.catalogue(number)
            self._catalogues[number] = open_catalogue(self.grants.trail, self.vault, number, sealed)
        return self._catalogues[number]

    def import_id(self, number: int) -> bytes:
        """The random id of an import."""
        if number not in self._import_ids:
            self._import_ids = {one: identity for one, identity, _tag, _sealed in self.store.imports()}
        try:
            return self._import_ids[number]
        except KeyError:
            raise Broken from None

    def open_block(
        self, compartment: Compartment, serial: int, number: int, table: str, rows: int, sealed: bytes
    ) -> list[list[str]]:
        """Open one block as it lies in the store."""
        identity = self.import_id(number)
        place = BlockPlace(self.vault, identity, compartment, table, serial, rows)
        return open_block(block_cipher(self.vault, compartment, identity), place, sealed)

    def _block(self, serial: int) -> tuple[str, Rows]:
        """(table, rows) of one block; the last few are kept open."""
        if serial in self._blocks:
            self._blocks.move_to_end(serial)
            return self._blocks[serial]
        found = self.store.block(serial)
        if found is None or found[0] not in self.compartments:
            raise Broken
        number, import_number, table, rows, sealed = found
        identity, compartment = self.import_id(import_number), self.compartments[number]
        place = BlockPlace(self.vault, identity, compartment, table, serial, rows)
        self._blocks[serial] = (
            table,
            open_rows(block_cipher(self.vault, compartment, identity), place, sealed),
        )
        if len(self._blocks) > _CACHED_BLOCKS:
            self._blocks.popitem(last=False)
        return self._blocks[serial]

    def prepare_look_ups(self) -> None:
        """Open every month's list and derive its taggers: a log-in has the time, a caller on the phone not."""
        for compartment in self.compartments.values():
            for segment in self.catalogue(compartment.number).segments:
                self.tagger(compartment, segment.kind)

    def table_of(self, serial: int) -> str:
        """The table whose rows a block holds."""
        return self._block(serial)[0]

    def row(self, place: Place) -> list[str]:
        """The cells of one row."""
        _table, rows = self._block(place[0])
        return rows[place[1]]

    def compartment_of_block(self, serial: int) -> Compartment:
        """The compartment a block lies in."""
        number = self.store.compartment_of_block(serial)
        if number not in self.compartments:
            raise Broken
        return self.compartments[number]

    def positions(self, compartment: Compartment, kind: str, text: str) -> list[Place]:
        """Where rows with this value are, in the order in which they came."""
        tag = int.from_bytes(self.tagger(compartment, kind)(text.encode()), "big")
        return sorted(self.segments.find(compartment, self.catalogue(compartment.number).of_kind(kind), tag))

    def superseded(self, compartment: Compartment) -> frozenset[Place]:
        """Rows of a compartment that a later version replaced."""
        if compartment.number not in self._superseded:
            found: set[Place] = set()
            for segment in self.catalogue(compartment.number).of_kind("superseded"):
                entries = self.segments.load(compartment, segment)
                found.update(zip(entries["block"].tolist(), entries["row"].tolist(), strict=True))
            self._superseded[compartment.number] = frozenset(found)
        return self._superseded[compartment.number]

    def scan(self, compartment: Compartment, table: str) -> Iterator[tuple[Place, list[str]]]:
        """All current rows of a table in a compartment, block by block."""
        replaced = self.superseded(compartment)
        for serial, number, kind, rows, sealed in self.store.blocks(compartment.number, table):
            for row, cells in enumerate(self.open_block(compartment, serial, number, kind, rows, sealed)):
                if (serial, row) not in replaced:
                    yield (serial, row), cells

    def totals(self, number: int) -> Totals | None:
        """A compartment's totals with its days; destroyed ones have them, too."""
        found = self.store.totals(number)
        if found is None:
            return None
        return Totals.from_bytes(
            unseal(self._totals_key(), pack("sums", self.vault, number), found[0]),
            unseal(self._totals_key(), pack("days", self.vault, number), found[1]),
        )

    def all_totals(self, *, days: bool = False) -> Iterator[tuple[int, Totals]]:
        """All totals; the days only on request, as they take longer to open."""
        key = self._totals_key()
        if days:
            for number, _sums in list(self.store.all_totals("sums")):
                totals = self.totals(number)
                assert totals is not None
                yield number, totals
            return
        for number, sealed in self.store.all_totals("sums"):
            yield number, Totals.from_bytes(unseal(key, pack("sums", self.vault, number), sealed))

    def _totals_key(self) -> bytes:
        # Under the directory's key, which stays when the root key is renewed; like it, it is for root
        # holders.
        return derive(self.directory.key, pack("totals", self.vault))

    def state(self, number: int) -> str:
        """Fingerprint of a compartment's catalogue and totals as they are in the store."""
        return state_hash(number, self.store.catalogue(number), self.store.totals(number))

    # -- writing

    def write_keys(self, ring: Keyring, fresh: Grants | None = None) -> None:
        """Put a key file in place of the one this session knows.

        Only within a change: its transaction keeps other sessions from writing one at the same time, which
        would lose the keys of one of the two.

        Parameters
        ----------
        ring
            The new content.
        fresh
            The keys it is written under if they are others than before.

        Raises
        ------
        SafeShopError
            If somebody else wrote one since this session began.
        """
        if read_keyring(self.folder).edition != self.ring.edition:
            raise _opened_elsewhere()
        remove_leftovers(self.folder / KEYS_FILE)
        grants = fresh or self.grants
        self.ring, self.grants = ring.write(self.folder, grants), grants

    @contextmanager
    def change(
        self, user: str, role: str, action: str, details: Mapping[str, Any] | None = None
    ) -> Iterator[Change]:
        """One change: everything inside, sealed and noted in the trail, or nothing."""
        change = Change(self, dict(details or {}))
        try:
            with self.store.transaction():
                self.check_alone()
                yield change
                change.finish(user, role, action)
        except BaseException:
            self.forget()
            change.undo()
            raise
        self._superseded.clear()

    def check_alone(self) -> None:
        """Refuse to go on with what is kept in memory after somebody else changed the vault.

        Raises
        ------
        SafeShopError
            If another log-in wrote since this one began: the later log-in ends the earlier.
        """
        if self.store.foreign_changes() != self._version:
            raise _opened_elsewhere()

    def note(self, user: str, role: str, action: str, details: Mapping[str, Any] | None = None) -> None:
        """Add an entry to the trail that changes nothing else."""
        with self.change(user, role, action, details):
            pass


def _opened_elsewhere() -> SafeShopError:
    return SafeShopError(_("The vault was opened elsewhere in the meantime; log in again."))


class Change:
    """A change under way; made by `Holdings.change`.

    Parameters
    ----------
    holdings
        What is changed.
    details
        What the trail's entry will say; may be added to until the end.
    """

    def __init__(self, holdings: Holdings, details: dict[str, Any]) -> None:
        self.holdings, self.details = holdings, details
        self._before: dict[int, str] = {}
        self._totals: dict[int, Totals] = {}
        self._new: list[Compartment] = []

    def compartment(self, family: str, month: str) -> Compartment:
        """The compartment of a month, made if there is none."""
        holdings = self.holdings
        for one in holdings.compartments.values():
            if (one.family, one.month) == (family, month):
                holdings.store.add_compartment(one.number)  # missing if its first import was broken off
                return one
        known = {*holdings.compartments, *holdings.store.compartments()}
        made = Compartment(max(known) + 1, family, month, holdings.random(KEY_BYTES))
        holdings.store.add_compartment(made.number)
        holdings.compartments[made.number] = made
        self._new.append(made)
        return made

    def touch(self, number: int) -> None:
        """Note a compartment's state before it is changed."""
        if number not in self._before:
            self._before[number] = self.holdings.state(number)

    def catalogue(self, number: int, catalogue: Catalogue) -> None:
        """Put a catalogue in place; it is sealed at the end."""
        self.touch(number)
        self.holdings._catalogues[number] = catalogue

    def totals(self, compartment: Compartment) -> Totals:
        """A compartment's totals, to be added to; they are sealed at the end."""
        number = compartment.number
        if number not in self._totals:
            self.touch(number)
            known = self.holdings.totals(number)
            self._totals[number] = known or Totals(compartment.family, compartment.month)
        return self._totals[number]

    def add_segment(self, compartment: Compartment, kind: str, entries: Entries) -> None:
        """Store index entries as one more segment; small ones are merged at the end."""
        holdings = self.holdings
        added = write_segment(holdings.store, holdings.vault, compartment, kind, entries, holdings.random)
        self.catalogue(compartment.number, holdings.catalogue(compartment.number).with_segments([added]))

    def _merge_segments(self, compartment: Compartment) -> None:
        catalogue = self.holdings.catalogue(compartment.number)
        for kind in sorted({one.kind for one in catalogue.segments}):
            while small := to_merge(catalogue.of_kind(kind)):
                catalogue = self._merged(compartment, catalogue, small)
        self.catalogue(compartment.number, catalogue)

    def _merged(self, compartment: Compartment, catalogue: Catalogue, small: list[Segment]) -> Catalogue:
        holdings = self.holdings
        merged = merge_segments(holdings.store, holdings.vault, compartment, small, holdings.random)
        for one in small:
            holdings.store.delete_segment(one.id)
        return catalogue.with_segments([merged], small)

    def undo(self) -> None:
        """Forget compartments whose keys were not written."""
        for one in self._new:
            if one.number not in self.holdings.ring.wrapped:
                self.holdings.compartments.pop(one.number, None)
        self.holdings._taggers.clear()

    def finish(self, user: str, role: str, action: str) -> None:
        """Seal what was touched and write the trail's entry, within the transaction."""
        holdings = self.holdings
        if self._new:
            # Before the commit: a key without data does no harm, data without a key would be lost.
            holdings.write_keys(holdings.ring.with_compartments(holdings.root, self._new, holdings.random))
        states = {}
        for number, before in self._before.items():
            self._seal(number)
            states[number] = (before, holdings.state(number))
        holdings.trail.append(
            Entry(
                told_time(holdings.clock()), user, role, action, self.details, states, holdings.ring.edition
            )
        )

    def _seal(self, number: int) -> None:
        holdings = self.holdings
        if holdings.store.compartments().get(number) != "destroyed":
            self._merge_segments(holdings.compartments[number])
            sealed = holdings.catalogue(number).sealed(
                holdings.grants.trail, holdings.vault, number, holdings.random
            )
            holdings.store.set_catalogue(number, sealed)
        if number in self._totals:
            totals, key = self._totals[number], holdings._totals_key()
            vault = holdings.vault
            holdings.store.set_totals(
                number,
                seal(key, pack("sums", vault, number), totals.sums_to_bytes(), holdings.random),
                seal(key, pack("days", vault, number), totals.days_to_bytes(), holdings.random),
            )
