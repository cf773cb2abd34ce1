"""The few cryptographic building blocks of the vault, each with one purpose (FORMAT.md, section 3).

Nothing here is invented: AES-256-GCM, HKDF, keyed BLAKE2b and Argon2id come from libraries. What is decided
here is only how inputs are written down (`pack`), so that nothing sealed for one purpose opens as another.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Random = Callable[[int], bytes]
"""Gives so many random bytes; `os.urandom` outside tests."""

PURPOSE = "safeshop-vault/1/"
SALT_BYTES = 16
KEY_BYTES = 32
TAG_BYTES = 8
_NONCE = bytes(12)


class Broken(Exception):  # noqa: N818  (what it says of a thing, not of a program)
    """Something sealed does not open: wrong key, or changed bytes. Callers turn it into a sentence."""


def pack(purpose: str, *parts: bytes | str | int) -> bytes:
    """Write a purpose and its parts so that no two lists of parts give the same bytes.

    Parameters
    ----------
    purpose
        What the bytes are for; the format's name and version are put before it.
    parts
        Whole numbers must fit into eight bytes without sign.
    """
    written = []
    for part in (PURPOSE + purpose, *parts):
        if isinstance(part, str):
            kind, content = b"s", part.encode()
        elif isinstance(part, int):
            kind, content = b"i", part.to_bytes(8, "big")
        else:
            kind, content = b"b", part
        written.append(kind + len(content).to_bytes(4, "big") + content)
    return b"".join(written)


def derive(key: bytes, context: bytes, salt: bytes | None = None) -> bytes:
    """A 32-byte key for one context (HKDF-SHA-256, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, salt, context).derive(key)


def seal(key: bytes, context: bytes, text: bytes, random: Random = os.urandom) -> bytes:
    """Encrypt and authenticate a text under a key that serves this once.

    Parameters
    ----------
    key
        32 bytes.
    context
        A `pack`: purpose and place. The text opens with the same context only.
    text
        What to hide.
    random
        Gives the salt from which, with `key`, the one-time key is derived.

    Returns
    -------
    bytes
        Salt (16), ciphertext, tag (16).
    """
    salt = random(SALT_BYTES)
    return salt + AESGCM(derive(key, context, salt)).encrypt(_NONCE, text, context)


def unseal(key: bytes, context: bytes, sealed: bytes) -> bytes:
    """The opposite of `seal`.

    Raises
    ------
    Broken
        If key, context or any byte differ.
    """
    salt, rest = sealed[:SALT_BYTES], sealed[SALT_BYTES:]
    return open_numbered(AESGCM(derive(key, context, salt)), 0, rest, context)


def seal_numbered(cipher: AESGCM, number: int, text: bytes, context: bytes) -> bytes:
    """Encrypt one of many texts under one key; the number must not have been used with it before."""
    return cipher.encrypt(number.to_bytes(12, "big"), text, context)


def open_numbered(cipher: AESGCM, number: int, sealed: bytes, context: bytes) -> bytes:
    """The opposite of `seal_numbered`.

    Raises
    ------
    Broken
        If key, number, context or any byte differ.
    """
    try:
        return cipher.decrypt(number.to_bytes(12, "big"), sealed, context)
    except (InvalidTag, ValueError):
        raise Broken from None


class Tagger:
    """Makes the blind index' tags: keyed BLAKE2b, 8 bytes, equal for equal texts.

    Parameters
    ----------
    key
        32 bytes, for this kind of index in this compartment only.
    """

    def __init__(self, key: bytes) -> None:
        self._start = blake2b(digest_size=TAG_BYTES, key=key, person=b"safeshop-tag-1")

    def __call__(self, text: bytes) -> bytes:
        """The tag of a text."""
        state = self._start.copy()
        state.update(text)
        return state.digest()

    def many(self, texts: Iterable[bytes]) -> list[bytes]:
        """The tags of many texts: the same, without the cost of a call for each."""
        copy, tags = self._start.copy, []
        for text in texts:
            state = copy()
            state.update(text)
            tags.append(state.digest())
        return tags


@dataclass(frozen=True, slots=True)
class PasswordCost:
    """What one guess of a password costs (Argon2id, RFC 9106).

    Parameters
    ----------
    memory_kib
        Memory in KiB.
    passes
        How often it is gone through.
    lanes
        Parts that can be worked on at the same time.
    """

    memory_kib: int
    passes: int
    lanes: int

    def within_limits(self) -> bool:
        """Whether a reader may spend this: a foreign key file must not be able to ask for all memory."""
        return (
            8 * self.lanes <= self.memory_kib <= 2 * 1024 * 1024
            and 1 <= self.passes <= 16
            and 1 <= self.lanes <= 16
        )


DEFAULT_COST = PasswordCost(memory_kib=256 * 1024, passes=3, lanes=4)
"""Four times the memory of RFC 9106's second recommended choice (section 4: 64 MiB, 3 passes, 4 lanes)."""

REHEARSAL_COST = PasswordCost(memory_kib=64, passes=1, lanes=1)
"""For rehearsals with synthetic data only: such a vault's passwords are guessed in no time."""


def password_key(password: str, salt: bytes, cost: PasswordCost) -> bytes:
    """The 32-byte key behind a password; slow on purpose."""
    secret = unicodedata.normalize("NFKC", password).encode()
    return hash_secret_raw(
        secret, salt, cost.passes, cost.memory_kib, cost.lanes, KEY_BYTES, Type.ID, version=0x13
    )
