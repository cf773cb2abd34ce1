"""The audit trail: who did what when, each entry bound to the one before (FORMAT.md, section 6)."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.files import canonical
from simlib.vault.sealing import Broken, Random, derive, pack, seal, unseal
from simlib.vault.store import Store

_RECEIPT_CHARACTERS = 20  # 100 bits in base 32


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the trail.

    Parameters
    ----------
    time
        When, with offset.
    user, role
        Who.
    action
        What, as a word that never changes with the language.
    details
        What else; never a name, an address or a number of a customer beyond what was asked for.
    states
        Compartment → fingerprints (before, after) of what the action changed.
    keys
        Edition of the key file at that time.
    number
        Place in the trail; set when it is written.
    """

    time: str
    user: str
    role: str
    action: str
    details: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    keys: int = 0
    number: int = 0


class Trail:
    """Writes and reads the trail of a store.

    Parameters
    ----------
    store
        Where it is kept.
    vault
        Id of the vault.
    key
        The trail key.
    random
        Source of salts.
    """

    def __init__(self, store: Store, vault: bytes, key: bytes, random: Random = os.urandom) -> None:
        self._store, self._vault, self._random = store, vault, random
        self._key = derive(key, pack("trail", vault))

    def append(self, entry: Entry) -> int:
        """Write an entry within the caller's transaction; its number."""
        last, before = self._store.last_entry()
        told = {
            "time": entry.time,
            "user": entry.user,
            "role": entry.role,
            "action": entry.action,
            "keys": entry.keys,
            "details": dict(entry.details),
            "states": {str(number): list(states) for number, states in entry.states.items()},
        }
        context = pack("entry", self._vault, last + 1, before)
        sealed = seal(self._key, context, canonical(told), self._random)
        self._store.add_entry(last + 1, sealed, entry_hash(self._vault, last + 1, before, sealed))
        return last + 1

    def entries(self) -> Iterator[Entry]:
        """All entries in order, each checked against the one before.

        Raises
        ------
        Broken
            At the first entry that is missing, changed, doubled or out of order.
        """
        expected, before = 1, b""
        for number, sealed, digest in self._store.entries():
            if number != expected or digest != entry_hash(self._vault, number, before, sealed):
                raise Broken
            told = json.loads(unseal(self._key, pack("entry", self._vault, number, before), sealed))
            states = {int(one): (old, new) for one, (old, new) in told.pop("states").items()}
            yield Entry(**told, states=states, number=number)
            expected, before = number + 1, digest


def entry_hash(vault: bytes, number: int, before: bytes, sealed: bytes) -> bytes:
    """The hash by which an entry is bound to all before it."""
    return sha256(pack("entry hash", vault, number, before, sealed)).digest()


@dataclass(frozen=True, slots=True)
class Receipt:
    """The trail's head, short enough for a piece of paper kept elsewhere.

    Parameters
    ----------
    vault
        First five characters of the vault's fingerprint, so that receipts of two vaults are told apart.
    number
        Entries the trail had.
    head
        First 100 bits of the last entry's hash, in base 32.
    """

    vault: str
    number: int
    head: str

    def __str__(self) -> str:
        groups = [self.head[start : start + 5] for start in range(0, _RECEIPT_CHARACTERS, 5)]
        return "-".join([self.vault, str(self.number), *groups])


def receipt(vault: bytes, number: int, head: bytes) -> Receipt:
    """The receipt for a trail's head."""
    name = base64.b32encode(sha256(pack("receipt", vault)).digest()).decode()[:5]
    return Receipt(name, number, base64.b32encode(head).decode()[:_RECEIPT_CHARACTERS])


def read_receipt(text: str) -> Receipt:
    """Read a receipt as somebody typed it.

    Raises
    ------
    SafeShopError
        If it has not the form of a receipt.
    """
    found = re.fullmatch(
        r"([A-Z2-7]{5})-?([0-9]{1,12})-((?:[A-Z2-7]{5}-?){4})", re.sub(r"\s", "", text.upper())
    )
    if found is None:
        raise SafeShopError(
            _(
                "“{text}” is not a receipt; type it as printed, such as ABCDE-12-FGHIJ-KLMNO-PQRST-UVWXY."
            ).format(text=text)
        )
    return Receipt(found[1], int(found[2]), found[3].replace("-", ""))


def told_time(at: datetime) -> str:
    """A time as the trail writes it."""
    return at.isoformat(timespec="seconds")
