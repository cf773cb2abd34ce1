"""The bundle that is carried by hand: signed by the shop, readable by one vault only (FORMAT.md, section 8).

Constructions: HPKE (RFC 9180) carries a fresh file key to the vault's public key; the content is cut into
chunks and encrypted with AES-256-GCM in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online
Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015), the way the tool age does;
Ed25519 (RFC 8032) signs the manifest, and the manifest fixes each file by its SHA-256.
"""

from __future__ import annotations

import hmac
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.accounts import check_password
from simlib.vault.files import canonical, new_file, replace_file
from simlib.vault.keyring import SUITE
from simlib.vault.reading import Column, TableReader, detect, open_input
from simlib.vault.schema import TABLES, Table
from simlib.vault.sealing import KEY_BYTES, Broken, Random, open_numbered, pack, seal_numbered

MAGIC = b"SAFESHOP-BUNDLE-1\n"
SUFFIX = ".bundle"
CHUNK_BYTES = 64 * 1024
_TAG_BYTES = 16
_ENCRYPTED_KEY_BYTES = 32 + KEY_BYTES + _TAG_BYTES
_FINGERPRINT_BYTES = 32
_SIGNATURE_BYTES = 64
_MAX_MANIFEST = 64 * 1024
_PURPOSE = "bundle"


@dataclass(frozen=True, slots=True)
class BundledFile:
    """One file of a bundle; its name is made from its table, never taken from outside."""

    table: str
    encoding: str
    bytes: int
    sha256: str
    rows: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself, signed.

    Parameters
    ----------
    shop
        Name under which the vault knows the signing key.
    recipient
        Fingerprint of the vault's public key.
    created
        When, ISO 8601 with offset.
    files
        What is in it, in this order: members, orders, lines.
    """

    shop: str
    recipient: str
    created: str
    files: tuple[BundledFile, ...]

    def to_bytes(self) -> bytes:
        """As canonical JSON, the bytes that are signed."""
        files = [{name: getattr(one, name) for name in BundledFile.__slots__} for one in self.files]
        return canonical(
            {
                "version": 1,
                "shop": self.shop,
                "recipient": self.recipient,
                "created": self.created,
                "files": files,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """The opposite of `to_bytes`; `ValueError` if anything is not as it writes it."""
        told = json.loads(data)
        try:
            files = tuple(BundledFile(**one) for one in told["files"])
            manifest = cls(told["shop"], told["recipient"], told["created"], files)
            tables = [one.table for one in files]
            known = [table.name for table in TABLES if table.name in tables]
        except (KeyError, TypeError) as fault:
            raise ValueError from fault
        if manifest.to_bytes() != data or tables != known:
            raise ValueError("not canonical")
        texts: list[Any] = [manifest.shop, manifest.recipient, manifest.created]
        texts += [text for one in files for text in (one.encoding, one.sha256, one.first, one.last)]
        numbers: list[Any] = [number for one in files for number in (one.bytes, one.rows)]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("not texts")
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("not numbers")
        if not all(re.fullmatch("[0-9a-f]{64}", one.sha256) for one in files):
            raise ValueError("not hashes")
        return manifest


def fingerprint(public: bytes) -> bytes:
    """Fingerprint of a vault's public key."""
    return sha256(pack("carrier fingerprint", public)).digest()


# -- chunks


class _ChunkWriter:
    """Encrypts what is written to it, chunk by chunk."""

    def __init__(self, out: BinaryIO, key: bytes) -> None:
        self._out, self._cipher, self._number, self._waiting = out, AESGCM(key), 0, bytearray()

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # not "≥": the last chunk must not be empty
            self._put(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]

    def close(self) -> None:
        self._put(bytes(self._waiting), last=True)

    def _put(self, text: bytes, *, last: bool) -> None:
        number = self._number << 8 | last
        self._out.write(seal_numbered(self._cipher, number, text, pack(_PURPOSE)))
        self._number += 1


class _ChunkReader(io.RawIOBase):
    """Decrypts chunk by chunk; the end counts only if the last chunk says that it is the last."""

    def __init__(self, file: BinaryIO, key: bytes, damaged: Callable[[], SafeShopError]) -> None:
        self._file, self._cipher, self._number = file, AESGCM(key), 0
        self._damaged = damaged
        self._text, self._ended = memoryview(b""), False
        self._next = file.read(CHUNK_BYTES + _TAG_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._text and not self._ended:
            self._advance()
        size = min(len(target), len(self._text))
        target[:size] = self._text[:size]
        self._text = self._text[size:]
        return size

    def _advance(self) -> None:
        present, self._next = self._next, self._file.read(CHUNK_BYTES + _TAG_BYTES)
        last = not self._next
        try:
            text = open_numbered(self._cipher, self._number << 8 | last, present, pack(_PURPOSE))
        except Broken:
            raise self._damaged() from None
        self._text, self._ended, self._number = memoryview(text), last, self._number + 1


# -- writing, at the shop


def write_bundle(
    path: Path,
    files: Sequence[Path],
    shop: str,
    signing: Ed25519PrivateKey,
    recipient: bytes,
    created: datetime,
    random: Random = os.urandom,
) -> Manifest:
    """Sign and encrypt files for one vault.

    Parameters
    ----------
    path
        The bundle; must not exist yet.
    files
        Exports of members, orders and lines, at most one of each, in any order.
    shop
        Name under which the vault knows the shop.
    signing
        The shop's signing key.
    recipient
        The vault's public key, 32 bytes.
    created
        The time, with offset.
    random
        Source of the file key.

    Raises
    ------
    SafeShopError
        If a file has a fault (file, row, column), a table comes twice, or the bundle cannot be written.
    """
    if path.exists():
        raise SafeShopError(_("{path} exists already; choose another name.").format(path=path))
    described = sorted((_describe(one) for one in files), key=lambda pair: _place(pair[0]))
    tables = [one.table for one, _path in described]
    for table in tables:
        if tables.count(table) > 1:
            raise SafeShopError(_("Two of the files hold {table}; give one of each.").format(table=table))
    name = fingerprint(recipient)
    manifest = Manifest(
        shop, name.hex(), created.isoformat(timespec="seconds"), tuple(one for one, _path in described)
    )
    try:
        with new_file(path) as out:
            _write(out, manifest, described, signing, recipient, random)
    except OSError:
        raise SafeShopError(_("{path} cannot be written; check folder and room.").format(path=path)) from None
    return manifest


def _place(file: BundledFile) -> int:
    return [table.name for table in TABLES].index(file.table)


def _describe(path: Path) -> tuple[BundledFile, Path]:
    """Read a file once: check every cell, count, hash."""
    with open_input(path) as file:
        encoding = detect(file, path.name).encoding
        hashing = HashingReader(file)
        reader = TableReader(hashing.buffered(), path.name, encoding)
        rows, times = 0, []
        for chunk in reader.chunks():
            rows += len(chunk)
            times += _period(reader.table, chunk.columns)
        hashing.drain()
    first, last = (min(times), max(times)) if times else ("", "")
    told = BundledFile(reader.table.name, encoding, hashing.size, hashing.hexdigest(), rows, first, last)
    return told, path


def _period(table: Table, columns: list[Column]) -> list[str]:
    names = [spec.name for spec in table.fields]
    if "changed_at" not in names:
        return []
    times = [one for one in columns[names.index("changed_at")] if one]
    return [min(times)[:10].decode(), max(times)[:10].decode()] if times else []


def _write(
    out: BinaryIO,
    manifest: Manifest,
    described: list[tuple[BundledFile, Path]],
    signing: Ed25519PrivateKey,
    recipient: bytes,
    random: Random,
) -> None:
    key, name = random(KEY_BYTES), fingerprint(recipient)
    out.write(MAGIC + name)
    out.write(SUITE.encrypt(key, X25519PublicKey.from_public_bytes(recipient), pack("bundle key", name)))
    chunks, body = _ChunkWriter(out, key), manifest.to_bytes()
    chunks.write(len(body).to_bytes(4, "big") + body + signing.sign(pack("bundle manifest", body)))
    for told, path in described:
        digest = sha256()
        with path.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                digest.update(piece)
                chunks.write(piece)
        if digest.hexdigest() != told.sha256:
            raise SafeShopError(
                _("{file} changed while it was being read; try again.").format(file=path.name)
            )
    chunks.close()


# -- reading, at the vault


class HashingReader(io.RawIOBase):
    """Passes bytes on, at most so many, and hashes and counts what passed."""

    def __init__(self, file: BinaryIO, limit: int | None = None) -> None:
        self._file, self._limit, self.size, self._digest = file, limit, 0, sha256()

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, target: Any) -> int:
        """Fill a buffer."""
        wanted = len(target) if self._limit is None else min(len(target), self._limit - self.size)
        data = self._file.read(wanted) if wanted else b""
        target[: len(data)] = data
        self._digest.update(data)
        self.size += len(data)
        return len(data)

    def buffered(self) -> BinaryIO:
        """The same with a buffer in front, as text readers want it."""
        return io.BufferedReader(self, CHUNK_BYTES)

    def drain(self) -> None:
        """Read what is left."""
        buffer = bytearray(CHUNK_BYTES)
        while self.readinto(buffer):
            pass

    def digest(self) -> bytes:
        """SHA-256 of what passed."""
        return self._digest.digest()

    def hexdigest(self) -> str:
        """The same in hexadecimal digits."""
        return self._digest.hexdigest()


class BundleReader:
    """An opened bundle: manifest checked, files to be read one after the other.

    Parameters
    ----------
    file, name
        The bundle, and what to call it in sentences.
    private
        The vault's private key.
    shops
        Shop's name → public key whose signature is accepted.

    Raises
    ------
    SafeShopError
        If it is no bundle, for another vault, damaged, or not signed by a known shop.
    """

    def __init__(
        self, file: BinaryIO, name: str, private: X25519PrivateKey, shops: Callable[[str], bytes | None]
    ) -> None:
        self._name = name
        own = fingerprint(private.public_key().public_bytes_raw())
        if file.read(len(MAGIC)) != MAGIC:
            raise SafeShopError(_("{file} is not a bundle; import it as a CSV file.").format(file=name))
        if not hmac.compare_digest(file.read(_FINGERPRINT_BYTES), own):
            raise SafeShopError(
                _("{file} is encrypted for another vault; export it again with this vault's key.").format(
                    file=name
                )
            )
        try:
            key = SUITE.decrypt(file.read(_ENCRYPTED_KEY_BYTES), private, pack("bundle key", own))
        except (InvalidTag, ValueError):
            raise self._damaged() from None
        self._chunks: BinaryIO = io.BufferedReader(_ChunkReader(file, key, self._damaged), CHUNK_BYTES)
        self.manifest = self._read_manifest(own, shops)

    def _damaged(self) -> SafeShopError:
        return SafeShopError(
            _("{file} is damaged or was changed on the way; carry it again.").format(file=self._name)
        )

    def _read_manifest(self, own: bytes, shops: Callable[[str], bytes | None]) -> Manifest:
        try:
            size = int.from_bytes(self._chunks.read(4), "big")
            if size > _MAX_MANIFEST:
                raise ValueError
            body, signature = self._chunks.read(size), self._chunks.read(_SIGNATURE_BYTES)
            manifest = Manifest.from_bytes(body)
        except (ValueError, RecursionError):
            raise self._damaged() from None
        known = shops(manifest.shop)
        if known is None:
            raise SafeShopError(
                _("{file} is signed by “{shop}”, which this vault does not know; ask the owner.").format(
                    file=self._name, shop=manifest.shop[:64]
                )
            )
        try:
            Ed25519PublicKey.from_public_bytes(known).verify(signature, pack("bundle manifest", body))
        except InvalidSignature:
            raise SafeShopError(
                _("{file} does not bear the signature of “{shop}”; do not import it, ask the shop.").format(
                    file=self._name, shop=manifest.shop[:64]
                )
            ) from None
        if manifest.recipient != own.hex():
            raise self._damaged()
        return manifest

    def files(self) -> Iterator[tuple[BundledFile, HashingReader]]:
        """Each file and its bytes; after each, size and hash are compared, after the last the bundle's end.

        Raises
        ------
        SafeShopError
            If anything differs; the caller's transaction must then leave nothing behind.
        """
        for told in self.manifest.files:
            reader = HashingReader(self._chunks, told.bytes)
            yield told, reader
            reader.drain()
            if (reader.size, reader.hexdigest()) != (told.bytes, told.sha256):
                raise self._damaged()
        if self._chunks.read(1):
            raise self._damaged()


# -- the shop's signing key


def new_signing_key(path: Path, password: str) -> bytes:
    """Make a shop's signing key in an encrypted file (PKCS 8); its public key for the vault's owner."""
    check_password(password)
    if path.exists():
        raise SafeShopError(_("{path} exists already; choose another name.").format(path=path))
    private = Ed25519PrivateKey.generate()
    data = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    try:
        replace_file(path, data)
    except OSError:
        raise SafeShopError(_("{path} cannot be written; check folder and room.").format(path=path)) from None
    return private.public_key().public_bytes_raw()


def read_signing_key(path: Path, password: str) -> Ed25519PrivateKey:
    """Open a shop's signing key."""
    try:
        key = load_pem_private_key(path.read_bytes(), password.encode())
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SafeShopError(
            _("{path} is not a shop's signing key, or the password is wrong.").format(path=path)
        )
    return key
