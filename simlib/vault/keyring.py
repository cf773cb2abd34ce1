"""The key file: who may open the vault, and the keys of its compartments, wrapped (FORMAT.md, section 4).

It is small and stands apart from the data, so that destroying a month can mean rewriting it: what its key
sealed stays closed, wherever a copy of the data lies.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.files import canonical, replace_file
from simlib.vault.sealing import (
    DEFAULT_COST,
    KEY_BYTES,
    SALT_BYTES,
    Broken,
    PasswordCost,
    Random,
    derive,
    pack,
    password_key,
    seal,
    unseal,
)

Role = Literal["owner", "clerk", "service", "auditor"]
ROLES: tuple[Role, ...] = ("owner", "clerk", "service", "auditor")
KEYS_FILE = "vault.keys"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
"""HPKE, RFC 9180, mode base: what is encrypted to a public key."""
DIRECTORY = 0
"""The compartment that knows where every order, member and line is."""
CODE_SECRET_BYTES = 20
_MAX_BYTES = 4 << 20
_VERSION = 1


def text64(data: bytes) -> str:
    """Bytes as text for JSON."""
    return base64.b64encode(data).decode("ascii")


def bytes64(text: str) -> bytes:
    """The opposite of `text64`; `ValueError` unless the text is exactly what `text64` gives."""
    data = base64.b64decode(text, validate=True)
    if text64(data) != text:  # bits that decoding ignores would be free to change
        raise ValueError("not canonical base 64")
    return data


@dataclass(frozen=True, slots=True)
class Slot:
    """One user's place in the key file.

    Parameters
    ----------
    role
        What he may do; it is bound into `grant`.
    cost, salt
        How his password becomes a key.
    public_key
        His X25519 public key.
    sealed
        Under his password: private key and one-time-code secret.
    grant
        Encrypted to his public key: root key and trail key, or for an auditor the trail key alone.
    """

    role: Role
    cost: PasswordCost
    salt: bytes
    public_key: bytes
    sealed: bytes
    grant: bytes


@dataclass(frozen=True, slots=True)
class Compartment:
    """What is destroyed together, and its key."""

    number: int
    family: str
    month: str
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grants:
    """The keys a user's role gives him; ``root`` is ``None`` for an auditor."""

    trail: bytes = field(repr=False)
    root: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The content of a key file. Immutable: each change gives a new one, and `write` puts it on the disk.

    Parameters
    ----------
    vault
        Random 128-bit id of the vault.
    shop_code
        Asked for at log-in.
    generation
        Counts root keys; grows with each renewal.
    edition
        Counts writings of the key file; the trail notes it, so an older key file put back is found.
    slots
        User name → slot.
    wrapped
        Compartment number → sealed (family, month, key).
    carrier_public, carrier_private
        Key pair bundles are encrypted to; the private one sealed under the root key.
    shops
        Shop's name → Ed25519 public key whose signature is accepted.
    """

    vault: bytes
    shop_code: str
    generation: int
    edition: int
    slots: Mapping[str, Slot]
    wrapped: Mapping[int, bytes]
    carrier_public: bytes
    carrier_private: bytes
    shops: Mapping[str, bytes]

    # -- compartments

    def compartments(self, root: bytes) -> dict[int, Compartment]:
        """Open all compartments' keys."""
        return {number: self._opened(root, number) for number in self.wrapped}

    def _opened(self, root: bytes, number: int) -> Compartment:
        told = json.loads(unseal(root, self._place(number), self.wrapped[number]))
        return Compartment(number, told["family"], told["month"], bytes64(told["key"]))

    def _place(self, number: int) -> bytes:
        return pack("compartment key", self.vault, number, self.generation)

    def wrap(self, root: bytes, compartment: Compartment, random: Random = os.urandom) -> bytes:
        """Seal a compartment's key for this generation."""
        told = {"family": compartment.family, "month": compartment.month, "key": text64(compartment.key)}
        return seal(root, self._place(compartment.number), canonical(told), random)

    def with_compartments(
        self, root: bytes, added: list[Compartment], random: Random = os.urandom
    ) -> Keyring:
        """A keyring that also knows these compartments."""
        new = {one.number: self.wrap(root, one, random) for one in added}
        return replace(self, wrapped={**self.wrapped, **new})

    # -- users

    def with_user(
        self,
        name: str,
        role: Role,
        password: str,
        grants: Grants,
        cost: PasswordCost = DEFAULT_COST,
        random: Random = os.urandom,
        secret: bytes | None = None,
    ) -> tuple[Keyring, bytes]:
        """A keyring with a user added or his password renewed, and the secret of his one-time codes."""
        private = X25519PrivateKey.generate()
        public = private.public_key().public_bytes_raw()
        secret = random(CODE_SECRET_BYTES) if secret is None else secret
        salt = random(SALT_BYTES)
        sealed = seal(
            password_key(password, salt, cost),
            _slot_place(self.vault, name, role, cost, public),
            private.private_bytes_raw() + secret,
            random,
        )
        slot = Slot(role, cost, salt, public, sealed, b"")
        slot = replace(slot, grant=self.grant(name, slot, grants))
        return replace(self, slots={**self.slots, name: slot}), secret

    def without_user(self, name: str) -> Keyring:
        """A keyring that does not know a user; he keeps what he copied, so renew the root key, too."""
        return replace(self, slots={one: slot for one, slot in self.slots.items() if one != name})

    def grant(self, name: str, slot: Slot, grants: Grants) -> bytes:
        """Encrypt to a user's public key what his role gives him."""
        keys = grants.trail
        if slot.role != "auditor":
            if grants.root is None:
                raise ValueError("only a holder of the root key can grant it")
            keys += grants.root
        return SUITE.encrypt(
            keys, X25519PublicKey.from_public_bytes(slot.public_key), self._granting(name, slot.role)
        )

    def _granting(self, name: str, role: Role) -> bytes:
        return pack("grant", self.vault, name, role, self.generation)

    def unlock(self, name: str, password: str) -> tuple[Grants, bytes]:
        """Open a user's slot: his keys, and the secret of his one-time codes.

        An unknown user takes as long as a wrong password: the same work is done on a slot that opens to
        nobody.

        Raises
        ------
        Broken
            If user or password are wrong, or the slot was changed.
        """
        slot = self.slots.get(name)
        known = slot is not None
        if slot is None:
            slot = self._nobody(name)
        if not slot.cost.within_limits():
            raise Broken
        place = _slot_place(self.vault, name, slot.role, slot.cost, slot.public_key)
        opened = unseal(password_key(password, slot.salt, slot.cost), place, slot.sealed)
        if not known:  # pragma: no cover  (nobody's slot does not open)
            raise Broken
        private, secret = opened[:KEY_BYTES], opened[KEY_BYTES:]
        try:
            keys = SUITE.decrypt(
                slot.grant, X25519PrivateKey.from_private_bytes(private), self._granting(name, slot.role)
            )
        except (InvalidTag, ValueError):
            raise Broken from None
        grants = Grants(keys[:KEY_BYTES], keys[KEY_BYTES:] or None)
        if not self.is_genuine(grants):
            raise Broken
        return grants, secret

    def _nobody(self, name: str) -> Slot:
        # Users' costs may differ; an unknown name gets one of them, always the same.
        drawn = sha256(pack("nobody", self.vault, name)).digest()
        like = list(self.slots.values())[drawn[-1] % len(self.slots)]
        salt = drawn[:SALT_BYTES]
        return replace(like, salt=salt, sealed=bytes(len(like.sealed)))

    def is_genuine(self, grants: Grants) -> bool:
        """Whether the file these keys belong to is unchanged."""
        body = canonical(self._body())
        told = self._marks(body, grants)
        return all(hmac.compare_digest(mark, self.marks.get(name, b"")) for name, mark in told.items())

    # -- the file

    marks: Mapping[str, bytes] = field(default_factory=dict, compare=False)
    """The HMACs that stood in the file."""

    def _body(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "vault": text64(self.vault),
            "shop_code": self.shop_code,
            "generation": self.generation,
            "edition": self.edition,
            "slots": {name: _told(slot) for name, slot in self.slots.items()},
            "compartments": {str(number): text64(sealed) for number, sealed in self.wrapped.items()},
            "carrier_public": text64(self.carrier_public),
            "carrier_private": text64(self.carrier_private),
            "shops": {name: text64(key) for name, key in self.shops.items()},
        }

    def _marks(self, body: bytes, grants: Grants) -> dict[str, bytes]:
        keys = {"trail": grants.trail} | ({"root": grants.root} if grants.root is not None else {})
        return {
            name: hmac.digest(derive(key, pack("key file", self.vault, name)), body, "sha256")
            for name, key in keys.items()
        }

    def to_bytes(self, grants: Grants) -> bytes:
        """The file, marked under both keys; so only a holder of the root key can write one."""
        if grants.root is None:
            raise ValueError("only a holder of the root key writes the key file")
        return replace(self, marks=self._marks(canonical(self._body()), grants))._written()

    def _written(self) -> bytes:
        return canonical(self._body() | {"marks": {name: text64(mark) for name, mark in self.marks.items()}})

    def write(self, folder: Path, grants: Grants) -> Keyring:
        """Replace the key file, whole or not at all.

        The old one's bytes are overwritten each time, not only when a key goes: what was left of it would still
        hold the keys of months that are destroyed later, and open with passwords that are changed later.
        """
        data = replace(self, edition=self.edition + 1).to_bytes(grants)
        replace_file(folder / KEYS_FILE, data, overwrite_old=True)
        return read_keyring_bytes(data, folder)

    def renewed(
        self, grants: Grants, random: Random = os.urandom, without: frozenset[int] = frozenset()
    ) -> tuple[Keyring, Grants]:
        """A keyring under a new root key, with all grants and compartment keys wrapped anew.

        Parameters
        ----------
        grants
            The present keys, root among them.
        random
            Source of the new root key.
        without
            Compartments whose keys are left out, for good.
        """
        if grants.root is None:
            raise ValueError("only a holder of the root key renews it")
        kept = [one for one in self.compartments(grants.root).values() if one.number not in without]
        private = self.carrier_key(grants.root)
        fresh = Grants(grants.trail, random(KEY_BYTES))
        assert fresh.root is not None
        ring = replace(self, generation=self.generation + 1, wrapped={})
        slots = {
            name: replace(slot, grant=ring.grant(name, slot, fresh)) for name, slot in self.slots.items()
        }
        ring = replace(ring, slots=slots).with_compartments(fresh.root, kept, random)
        return ring.with_carrier(fresh.root, private, random), fresh

    # -- the carrier's key pair

    def carrier_key(self, root: bytes) -> X25519PrivateKey:
        """The private key bundles are opened with."""
        raw = unseal(root, pack("carrier key", self.vault, self.generation), self.carrier_private)
        return X25519PrivateKey.from_private_bytes(raw)

    def with_carrier(self, root: bytes, private: X25519PrivateKey, random: Random = os.urandom) -> Keyring:
        """A keyring with this key pair for bundles."""
        place = pack("carrier key", self.vault, self.generation)
        return replace(
            self,
            carrier_public=private.public_key().public_bytes_raw(),
            carrier_private=seal(root, place, private.private_bytes_raw(), random),
        )


def _slot_place(vault: bytes, name: str, role: str, cost: PasswordCost, public: bytes) -> bytes:
    return pack("slot", vault, name, role, cost.memory_kib, cost.passes, cost.lanes, public)


def _told(slot: Slot) -> dict[str, Any]:
    return {
        "role": slot.role,
        "cost": [slot.cost.memory_kib, slot.cost.passes, slot.cost.lanes],
        "salt": text64(slot.salt),
        "public_key": text64(slot.public_key),
        "sealed": text64(slot.sealed),
        "grant": text64(slot.grant),
    }


def new_keyring(shop_code: str, random: Random = os.urandom) -> tuple[Keyring, Grants]:
    """A keyring without users, and its fresh root and trail keys."""
    root = random(KEY_BYTES)
    grants = Grants(random(KEY_BYTES), root)
    ring = Keyring(random(SALT_BYTES), shop_code, 1, 0, {}, {}, b"", b"", {})
    ring = ring.with_carrier(root, X25519PrivateKey.generate(), random)
    return ring.with_compartments(root, [Compartment(DIRECTORY, "directory", "", random(KEY_BYTES))]), grants


def read_keyring(folder: Path) -> Keyring:
    """Read a folder's key file; whether it is genuine shows only when somebody unlocks it.

    Raises
    ------
    SafeShopError
        If there is none, or it is not one of this version.
    """
    path = folder / KEYS_FILE
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError:
        raise SafeShopError(
            _("{path} cannot be read; give the folder of a vault.").format(path=path)
        ) from None
    return read_keyring_bytes(data, folder)


def read_keyring_bytes(data: bytes, folder: Path) -> Keyring:
    """Read a key file's bytes; only what this version writes itself is accepted, so that no byte is free to change.

    What was read is written once more and compared: a name more, ``"5"`` or ``５`` in place of ``5`` would be read
    alike, and the marks, which are made of what was read, would fit.
    """
    try:
        told: Any = json.loads(data) if len(data) <= _MAX_BYTES else None
        ring = Keyring(
            bytes64(told["vault"]),
            str(told["shop_code"]),
            int(told["generation"]),
            int(told["edition"]),
            {name: _slot(slot) for name, slot in told["slots"].items()},
            {int(number): bytes64(sealed) for number, sealed in told["compartments"].items()},
            bytes64(told["carrier_public"]),
            bytes64(told["carrier_private"]),
            {name: bytes64(key) for name, key in told["shops"].items()},
            {name: bytes64(mark) for name, mark in told["marks"].items()},
        )
        if ring._written() != data or ring.marks.keys() != {"trail", "root"}:
            raise ValueError
        return ring
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SafeShopError(
            _("{path} is damaged or not a key file of this version; put back the one of your backup.").format(
                path=folder / KEYS_FILE
            )
        ) from None


def _slot(told: Mapping[str, Any]) -> Slot:
    if told["role"] not in ROLES:
        raise ValueError
    memory, passes, lanes = (int(one) for one in told["cost"])
    return Slot(
        told["role"],
        PasswordCost(memory, passes, lanes),
        bytes64(told["salt"]),
        bytes64(told["public_key"]),
        bytes64(told["sealed"]),
        bytes64(told["grant"]),
    )
