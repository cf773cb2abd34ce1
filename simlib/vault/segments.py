"""Blind index: where a row is, found by a keyed hash of what it is looked up by (FORMAT.md, section 5).

A segment is a sorted array of (tag, block, row), cut into buckets by the tag's first bits. Tags are evenly
spread, so a bucket's number tells nothing; each bucket is one sealed page, read and opened alone.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from numpy.typing import NDArray

from simlib.vault.keyring import Compartment
from simlib.vault.sealing import Random, derive, open_numbered, pack, seal_numbered
from simlib.vault.store import Store

Entries = NDArray[np.void]
POSITION = np.dtype([("tag", "<u8"), ("block", "<u4"), ("row", "<u2"), ("spare", "<u2")])
"""One entry: where a row with this tag is."""
IDENTITY = np.dtype([("tag", "<u8"), ("content", "<u8"), ("block", "<u4"), ("row", "<u2"), ("spare", "<u2")])
"""One entry of the directory: where the row of this primary key is, and a tag of all its cells."""
ROW = np.dtype([("tag", "<u8"), ("row", "<u4")])
"""One key of a file being imported: its tag, and its row in the file."""
REPEATS = "repeats"
"""Kind of the segments that hold such keys, for the length of an import."""
SEGMENT_ID_BYTES = 16
BUCKET_ENTRIES = 256
MOST_SEGMENTS = 4
"""So many segments of a kind may stand in a compartment before small ones are merged."""
MERGED_ENTRIES = 16_000_000
"""Merging stops at this size: beyond it, writing anew costs more than one segment more to look into."""
_CACHED_PAGES = 1_024


def dtype_of(kind: str) -> np.dtype[Any]:
    """Layout of a kind's entries: identities carry the row's tag, too."""
    if kind == REPEATS:
        return ROW
    return IDENTITY if kind.startswith("identity") else POSITION


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment, as a catalogue lists it.

    Parameters
    ----------
    kind
        What it is looked up by.
    id
        Random; its key is derived from it.
    entries
        How many it holds.
    bits
        How many first bits of the tag choose the bucket.
    digest
        SHA-256 over its sealed pages, in order.
    """

    kind: str
    id: bytes
    entries: int
    bits: int
    digest: bytes


def write_segment(
    store: Store,
    vault: bytes,
    compartment: Compartment,
    kind: str,
    entries: Entries,
    random: Random = os.urandom,
    bits: int | None = None,
) -> Segment:
    """Sort, cut, seal and store entries as a new segment, in 2**bits buckets or as many as serve look-ups."""
    bits = _bits_for(len(entries)) if bits is None else bits
    parts = _buckets(entries[np.argsort(entries["tag"], kind="stable")], bits, range(1 << bits))
    return _write(store, vault, compartment, kind, bits, parts, random)


def merge_segments(
    store: Store,
    vault: bytes,
    compartment: Compartment,
    small: Sequence[Segment],
    random: Random = os.urandom,
) -> Segment:
    """Store the entries of several segments of one kind as a new one; the old ones are still to be deleted.

    Tags begin with the bucket's number, so bucket after bucket can be merged, however long the segments are.
    """
    reader = SegmentReader(store, vault)
    bits = _bits_for(sum(one.entries for one in small))
    coarse = min(bits, *(one.bits for one in small))

    def parts() -> Iterator[tuple[int, Entries]]:
        for prefix in range(1 << coarse):
            pages = [
                reader.open(compartment, one, bucket)
                for one in small
                for bucket in _under(prefix, one.bits - coarse)
            ]
            entries = np.concatenate(pages)
            entries = entries[np.argsort(entries["tag"], kind="stable")]
            yield from _buckets(entries, bits, _under(prefix, bits - coarse))

    return _write(store, vault, compartment, small[0].kind, bits, parts(), random)


def _write(
    store: Store,
    vault: bytes,
    compartment: Compartment,
    kind: str,
    bits: int,
    parts: Iterator[tuple[int, Entries]],
    random: Random,
) -> Segment:
    identity = random(SEGMENT_ID_BYTES)
    cipher, digest, entries = _cipher(vault, compartment, identity), sha256(), 0

    def pages() -> Iterator[tuple[int, bytes]]:
        nonlocal entries
        for bucket, part in parts:
            context = _context(vault, compartment, kind, identity, bits, bucket)
            sealed = seal_numbered(cipher, bucket, part.tobytes(), context)
            digest.update(pack("page", bucket, sealed))
            entries += len(part)
            yield bucket, sealed

    store.add_pages(identity, pages())
    return Segment(kind, identity, entries, bits, digest.digest())


def _bits_for(entries: int) -> int:
    return max(0, int(np.ceil(np.log2(max(1.0, entries / BUCKET_ENTRIES)))))


def _under(prefix: int, more: int) -> range:
    """The buckets that begin with the bits of a coarser bucket."""
    return range(prefix << more, (prefix + 1) << more)


def _buckets(entries: Entries, bits: int, wanted: range) -> Iterator[tuple[int, Entries]]:
    numbers = _bucket_of(entries["tag"], bits)
    edges = np.searchsorted(numbers, np.arange(wanted.start, wanted.stop + 1, dtype=np.uint64))
    for place, bucket in enumerate(wanted):
        yield bucket, entries[edges[place] : edges[place + 1]]


def _bucket_of(tags: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    return tags >> np.uint64(64 - bits) if bits else np.zeros(len(tags), np.uint64)


def _cipher(vault: bytes, compartment: Compartment, identity: bytes) -> AESGCM:
    return AESGCM(derive(compartment.key, pack("segment", vault, compartment.number, identity)))


def _context(
    vault: bytes, compartment: Compartment, kind: str, identity: bytes, bits: int, bucket: int
) -> bytes:
    return pack("page", vault, compartment.number, kind, identity, bits, bucket)


class SegmentReader:
    """Reads segments, and keeps the pages and ciphers used last.

    Parameters
    ----------
    store, vault
        Where they are.
    """

    def __init__(self, store: Store, vault: bytes) -> None:
        self._store = store
        self._vault = vault
        self._pages: OrderedDict[tuple[bytes, int], Entries] = OrderedDict()
        self._ciphers: dict[bytes, AESGCM] = {}

    def forget(self) -> None:
        """Drop what is kept: after a change, or at log-out."""
        self._pages.clear()
        self._ciphers.clear()

    def find(self, compartment: Compartment, segments: list[Segment], tag: int) -> list[tuple[int, int]]:
        """Positions (block, row) of a tag in these segments, in no order."""
        found: list[tuple[int, int]] = []
        for segment in segments:
            entries = self.page(compartment, segment, tag >> (64 - segment.bits) if segment.bits else 0)
            # Not the plain whole number: numpy would compare as floats and miss one tag in a thousand.
            (places,) = (entries["tag"] == np.uint64(tag)).nonzero()
            found += [(int(one["block"]), int(one["row"])) for one in entries[places]]
        return found

    def find_all(
        self, compartment: Compartment, segments: list[Segment], tags: NDArray[np.uint64]
    ) -> Entries:
        """Entries of any of these tags in these segments."""
        found = []
        for segment in segments:
            for bucket in np.unique(_bucket_of(tags, segment.bits)):
                entries = self.page(compartment, segment, int(bucket))
                hits = entries[np.isin(entries["tag"], tags)]
                if len(hits):
                    found.append(hits)
        if not found:
            return np.empty(0, dtype_of(segments[0].kind if segments else ""))
        return np.concatenate(found)

    def page(self, compartment: Compartment, segment: Segment, bucket: int) -> Entries:
        """Open one page.

        Raises
        ------
        Broken
            If it is missing or was changed.
        """
        key = (segment.id, bucket)
        if key in self._pages:
            self._pages.move_to_end(key)
            return self._pages[key]
        entries = self.open(compartment, segment, bucket)
        self._pages[key] = entries
        if len(self._pages) > _CACHED_PAGES:
            self._pages.popitem(last=False)
        return entries

    def open(self, compartment: Compartment, segment: Segment, bucket: int) -> Entries:
        """Open one page and keep nothing of it."""
        return self._open(compartment, segment, bucket, self._store.page(segment.id, bucket) or b"")

    def load(self, compartment: Compartment, segment: Segment) -> Entries:
        """All entries of a segment."""
        parts = [
            self._open(compartment, segment, bucket, sealed)
            for bucket, sealed in self._store.pages(segment.id)
        ]
        return np.concatenate(parts) if parts else np.empty(0, dtype_of(segment.kind))

    def _open(self, compartment: Compartment, segment: Segment, bucket: int, sealed: bytes) -> Entries:
        if segment.id not in self._ciphers:
            self._ciphers[segment.id] = _cipher(self._vault, compartment, segment.id)
        context = _context(self._vault, compartment, segment.kind, segment.id, segment.bits, bucket)
        text = open_numbered(self._ciphers[segment.id], bucket, sealed, context)
        return np.frombuffer(text, dtype_of(segment.kind))


def to_merge(segments: list[Segment]) -> list[Segment]:
    """Which segments of one kind should become one: the smallest, when there are too many."""
    if len(segments) <= MOST_SEGMENTS:
        return []
    smallest = sorted(segments, key=lambda one: (one.entries, one.id))[: len(segments) - MOST_SEGMENTS + 2]
    return smallest if sum(one.entries for one in smallest) <= MERGED_ENTRIES else []


def block_digest_part(serial: int, kind: str, rows: int, sealed: bytes) -> bytes:
    """What one block adds to the SHA-256 over an import's blocks in a compartment."""
    return pack("block", serial, kind, rows, sha256(sealed).digest())
