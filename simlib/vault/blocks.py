"""Blocks: up to a thousand rows of one table as one sealed piece (FORMAT.md, section 5)."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simlib.vault.keyring import Compartment
from simlib.vault.reading import CELL
from simlib.vault.sealing import Broken, Tagger, derive, open_numbered, pack, seal_numbered

BLOCK_ROWS = 1_000
Cells = Sequence[str]
_ROW, _CELL = b"\x1e", CELL.encode()
_PLAIN, _JSON = b"\x00", b"\x01"
_MAX_BYTES = 64 << 20
_own = threading.local()  # a compressor serves one thread at a time
_LEVEL = 1  # level 3 saves a thirtieth of the room for half as much time again


def row_text(row: Cells) -> bytes:
    """A row as one text, another for each other row: cells joined, or JSON if one holds the sign."""
    text = CELL.join(row)
    if text.count(CELL) != len(row) - 1:
        text = json.dumps(list(row), ensure_ascii=False).replace(CELL, "\\u001f")
    return text.encode()


def _cells(text: bytes, width: int) -> list[str]:
    # JSON writes the sign as an escape, so a text that holds it the right number of times is no JSON.
    if text.count(_CELL) == width - 1:
        return text.decode().split(CELL)
    cells: list[str] = json.loads(text)
    return cells


def join_rows(texts: Sequence[bytes], width: int) -> bytes:
    """Write rows as bytes, before compression.

    The signs that separate cells and rows are counted afterwards: if a cell holds one of them, JSON is used.

    Parameters
    ----------
    texts
        The rows, each as `row_text` gives it.
    width
        Cells in a row, two at least.
    """
    text = _ROW.join(texts)
    if text.count(_CELL) == len(texts) * (width - 1) and text.count(_ROW) == len(texts) - 1:
        return _PLAIN + text
    return _JSON + json.dumps([_cells(one, width) for one in texts], ensure_ascii=False).encode()


def compress_text(text: bytes) -> bytes:
    """Compress what `join_rows` wrote; its first byte stays."""
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(_LEVEL)
    return text[:1] + bytes(_own.compressor.compress(memoryview(text)[1:]))


class Rows:
    """An opened block: its rows are split only when asked for, as a look-up wants one of a thousand.

    Parameters
    ----------
    data
        What `join_rows` and `compress_text` wrote.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._text = zstandard.ZstdDecompressor().decompress(data[1:], _MAX_BYTES)
        except zstandard.ZstdError:
            raise Broken from None
        self._rows: list[list[str]] | None = None
        if data[:1] == _PLAIN:
            ends = np.flatnonzero(np.frombuffer(self._text, np.uint8) == _ROW[0])
            self._edges: list[int] = [-1, *ends.tolist(), len(self._text)]
        else:
            self._rows = json.loads(self._text)

    def __len__(self) -> int:
        """How many rows."""
        return len(self._edges) - 1 if self._rows is None else len(self._rows)

    def __getitem__(self, at: int) -> list[str]:
        """The cells of one row."""
        if self._rows is not None:
            return self._rows[at]
        return self._text[self._edges[at] + 1 : self._edges[at + 1]].decode().split(CELL)

    def all(self) -> list[list[str]]:
        """The cells of all rows."""
        if self._rows is not None:
            return self._rows
        return [row.split(CELL) for row in self._text.decode().split(_ROW.decode())]


def decode_rows(data: bytes) -> list[list[str]]:
    """The rows behind what `join_rows` and `compress_text` wrote."""
    return Rows(data).all()


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
    return open_rows(cipher, place, sealed).all()


def open_rows(cipher: AESGCM, place: BlockPlace, sealed: bytes) -> Rows:
    """`open_block`, with the rows not yet split."""
    rows = Rows(open_numbered(cipher, place.serial, sealed, place.context()))
    if len(rows) != place.rows:
        raise Broken
    return rows


def tagger(vault: bytes, compartment: Compartment, kind: str) -> Tagger:
    """The tagger of one kind of index in one compartment."""
    return Tagger(derive(compartment.key, pack("tags", vault, compartment.number, kind)))
