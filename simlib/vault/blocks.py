"""Blocks: up to a thousand rows of one table as one sealed piece (FORMAT.md, section 5)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simlib.vault.keyring import Compartment
from simlib.vault.sealing import Broken, Tagger, derive, open_numbered, pack, seal_numbered

BLOCK_ROWS = 1_000
Cells = Sequence[str]
_ROW, CELL = "\x1e", "\x1f"
_PLAIN, _JSON = b"\x00", b"\x01"
_MAX_BYTES = 64 << 20
_LEVEL = 1  # higher levels save a tenth of the room for several times the time


def join_rows(rows: Sequence[Cells], joined: Sequence[str] | None = None) -> bytes:
    """Write rows of equally many cells as bytes, before compression.

    The signs that separate cells and rows are counted afterwards: if a cell holds one of them, JSON is used.

    Parameters
    ----------
    rows
        The rows.
    joined
        Each row's cells joined by `CELL`, where the caller has them already.
    """
    text = _ROW.join(joined if joined is not None else [CELL.join(row) for row in rows])
    if text.count(CELL) == len(rows) * (len(rows[0]) - 1) and text.count(_ROW) == len(rows) - 1:
        return _PLAIN + text.encode()
    return _JSON + json.dumps([list(row) for row in rows], ensure_ascii=False).encode()


def compress_text(text: bytes) -> bytes:
    """Compress what `join_rows` wrote; its first byte stays."""
    return text[:1] + zlib.compress(memoryview(text)[1:], _LEVEL)


def decode_rows(data: bytes) -> list[list[str]]:
    """The rows behind what `join_rows` and `compress_text` wrote."""
    inflate = zlib.decompressobj()
    text = inflate.decompress(data[1:], _MAX_BYTES).decode()
    if not inflate.eof:
        raise Broken
    if data[:1] == _PLAIN:
        return [row.split(CELL) for row in text.split(_ROW)]
    rows: list[list[str]] = json.loads(text)
    return rows


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Where a block belongs: all of it is associated data, so a block opens in its own place only."""

    vault: bytes
    import_id: bytes
    compartment: Compartment
    table: str
    serial: int
    rows: int

    def context(self) -> bytes:
        """The place as associated data."""
        one = self.compartment
        return pack(
            "block",
            self.vault,
            self.import_id,
            one.number,
            one.family,
            one.month,
            self.table,
            self.serial,
            self.rows,
        )


def block_cipher(vault: bytes, compartment: Compartment, import_id: bytes) -> AESGCM:
    """The cipher of one import's blocks in one compartment; the nonce in it is the block's serial."""
    return AESGCM(derive(compartment.key, pack("blocks", vault, compartment.number, import_id)))


def seal_block(cipher: AESGCM, place: BlockPlace, text: bytes) -> bytes:
    """Compress and seal what `join_rows` wrote, for its place."""
    return seal_numbered(cipher, place.serial, compress_text(text), place.context())


def open_block(cipher: AESGCM, place: BlockPlace, sealed: bytes) -> list[list[str]]:
    """Open a block.

    Raises
    ------
    Broken
        If it was changed, or is not the one of this place.
    """
    rows = decode_rows(open_numbered(cipher, place.serial, sealed, place.context()))
    if len(rows) != place.rows:
        raise Broken
    return rows


def tagger(vault: bytes, compartment: Compartment, kind: str) -> Tagger:
    """The tagger of one kind of index in one compartment."""
    return Tagger(derive(compartment.key, pack("tags", vault, compartment.number, kind)))
