"""What a compartment holds, in one sealed list: so a piece that is missing, doubled or from elsewhere shows.

A catalogue is sealed under the trail key and names no content, only numbers and fingerprints; so the auditor,
who cannot open a single row, can still prove that every row is where it was put.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from simlib.vault.files import canonical
from simlib.vault.keyring import bytes64, text64
from simlib.vault.sealing import Random, derive, pack, seal, unseal
from simlib.vault.segments import Segment


@dataclass(frozen=True, slots=True)
class Share:
    """What one import put into a compartment: blocks, rows, SHA-256 over the blocks."""

    blocks: int
    rows: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The list of a compartment.

    Parameters
    ----------
    shares
        Import number → what it put here.
    segments
        The index segments that stand here.
    """

    shares: Mapping[int, Share] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()

    def of_kind(self, kind: str) -> list[Segment]:
        """The segments of one kind."""
        return [one for one in self.segments if one.kind == kind]

    def with_share(self, number: int, share: Share) -> Catalogue:
        """A catalogue with one import more."""
        return replace(self, shares={**self.shares, number: share})

    def with_segments(self, added: list[Segment], removed: list[Segment] | None = None) -> Catalogue:
        """A catalogue with segments added and removed."""
        gone = {one.id for one in removed or []}
        return replace(self, segments=(*(one for one in self.segments if one.id not in gone), *added))

    def sealed(self, trail_key: bytes, vault: bytes, number: int, random: Random = os.urandom) -> bytes:
        """The catalogue, sealed for its compartment."""
        told = {
            "shares": {
                str(one): [share.blocks, share.rows, text64(share.digest)]
                for one, share in self.shares.items()
            },
            "segments": [
                [one.kind, text64(one.id), one.entries, one.bits, text64(one.digest)] for one in self.segments
            ],
        }
        return seal(_key(trail_key, vault), _place(vault, number), canonical(told), random)


def open_catalogue(trail_key: bytes, vault: bytes, number: int, sealed: bytes | None) -> Catalogue:
    """Open a compartment's catalogue; none yet is an empty one.

    Raises
    ------
    Broken
        If it was changed, or is another compartment's.
    """
    if sealed is None:
        return Catalogue()
    told = json.loads(unseal(_key(trail_key, vault), _place(vault, number), sealed))
    shares = {
        int(one): Share(blocks, rows, bytes64(digest))
        for one, (blocks, rows, digest) in told["shares"].items()
    }
    segments = tuple(
        Segment(kind, bytes64(identity), entries, bits, bytes64(digest))
        for kind, identity, entries, bits, digest in told["segments"]
    )
    return Catalogue(shares, segments)


def _key(trail_key: bytes, vault: bytes) -> bytes:
    return derive(trail_key, pack("catalogues", vault))


def _place(vault: bytes, number: int) -> bytes:
    return pack("catalogue", vault, number)


def state_hash(number: int, catalogue: bytes | None, totals: tuple[bytes, bytes] | None) -> str:
    """Fingerprint of a compartment's catalogue and totals, as the trail keeps it."""
    sums, days = totals or (b"", b"")
    return sha256(pack("state", number, catalogue or b"", sums, days)).hexdigest()
