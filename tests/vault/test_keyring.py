"""Building blocks and key file: nothing sealed for one purpose opens as another."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.vault.blocks import BlockPlace, block_cipher, join_rows, open_block, row_text, seal_block
from simlib.vault.files import replace_file
from simlib.vault.keyring import KEYS_FILE, SUITE, Compartment, Grants, bytes64, new_keyring, read_keyring
from simlib.vault.sealing import (
    Broken,
    PasswordCost,
    Tagger,
    derive,
    pack,
    password_key,
    seal,
    unseal,
)
from tests.vault.sample import CHEAP, PASSWORD

PARTS = st.lists(st.binary(max_size=5) | st.text(max_size=5) | st.integers(0, 2**64 - 1), max_size=4)


@given(st.text(max_size=3), PARTS, st.text(max_size=3), PARTS)
def test_two_lists_of_parts_never_give_the_same_bytes(
    one: str, first: list[bytes | str | int], other: str, second: list[bytes | str | int]
) -> None:
    same = one == other and [(type(part), part) for part in first] == [(type(part), part) for part in second]
    assert (pack(one, *first) == pack(other, *second)) == same


@given(st.binary(max_size=40), st.integers(0, 10_000))
def test_what_is_sealed_opens_in_its_place_only_and_unchanged(text: bytes, place: int) -> None:
    key, context = bytes(range(32)), pack("here", 1)
    sealed = seal(key, context, text)
    assert unseal(key, context, sealed) == text
    assert seal(key, context, text) != sealed
    wrong = bytearray(sealed)
    wrong[place % len(wrong)] ^= 1
    attempts: list[Callable[[], bytes]] = [
        lambda: unseal(key, context, bytes(wrong)),
        lambda: unseal(key, pack("there", 1), sealed),
        lambda: unseal(bytes(32), context, sealed),
        lambda: unseal(key, context, sealed[:-1]),
        lambda: unseal(key, context, b""),
    ]
    for attempt in attempts:
        with pytest.raises(Broken):
            attempt()


MAY = Compartment(3, "orders", "2014-05", bytes(32))
PLACE = BlockPlace(bytes(16), b"import".ljust(16), MAY, "orders", 7, 2)


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, vault=b"another".ljust(16)),
        replace(PLACE, import_id=b"another".ljust(16)),
        replace(PLACE, compartment=replace(MAY, number=4)),
        replace(PLACE, compartment=replace(MAY, family="members")),
        replace(PLACE, compartment=replace(MAY, month="2014-06")),
        replace(PLACE, table="order_lines"),
        replace(PLACE, serial=8),
        replace(PLACE, rows=1),
        replace(PLACE, rows=3),
    ],
)
def test_a_block_opens_even_under_its_own_key_only_where_it_was_put(elsewhere: BlockPlace) -> None:
    cipher = block_cipher(PLACE.vault, MAY, PLACE.import_id)
    rows = [["a", "b"], ["c", ""]]
    sealed = seal_block(cipher, PLACE, join_rows([row_text(row) for row in rows], 2))
    assert open_block(cipher, PLACE, sealed) == rows
    with pytest.raises(Broken):
        open_block(cipher, elsewhere, sealed)


def test_hkdf_is_that_of_rfc_5869() -> None:
    # Appendix A.1, its first 32 bytes.
    key = bytes.fromhex("0b" * 22)
    salt, info = bytes(range(13)), bytes(range(0xF0, 0xFA))
    expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert derive(key, info, salt).hex() == expected


def test_argon2id_is_the_function_and_passwords_are_made_comparable_first() -> None:
    salt, cost = bytes(16), PasswordCost(64, 3, 1)
    assert password_key("ﬁne", salt, cost) == password_key("fine", salt, cost)  # NFKC
    assert password_key("fine", salt, cost) != password_key("fine", salt, PasswordCost(64, 2, 1))
    assert password_key("fine", salt, cost) != password_key("fine", os.urandom(16), cost)


def test_tags_differ_by_key_and_text_and_many_are_the_same_as_each() -> None:
    one, other = Tagger(bytes(32)), Tagger(bytes([1]) * 32)
    assert one(b"a") == one(b"a") != one(b"b")
    assert one(b"a") != other(b"a")
    assert one.many([b"a", "林".encode()]) == [one(b"a"), one("林".encode())]


@pytest.mark.parametrize(
    ("cost", "within"),
    [
        (CHEAP, True),
        (PasswordCost(2 * 1024 * 1024, 16, 16), True),
        (PasswordCost(2 * 1024 * 1024 + 1, 1, 1), False),
        (PasswordCost(64, 17, 1), False),
        (PasswordCost(64, 1, 17), False),
        (PasswordCost(7, 1, 1), False),
        (PasswordCost(64, 0, 1), False),
    ],
)
def test_a_foreign_key_file_cannot_ask_for_all_memory_or_time(cost: PasswordCost, within: bool) -> None:
    assert cost.within_limits() == within


def test_a_role_is_granted_its_keys_and_no_more() -> None:
    ring, grants = new_keyring("S")
    for name, role in (("olga", "owner"), ("carl", "clerk"), ("sara", "service"), ("anna", "auditor")):
        ring, _secret = ring.with_user(name, role, PASSWORD, grants, CHEAP)  # type: ignore[arg-type]
    ring = read_keyring_from(ring.to_bytes(grants))
    for name in ("olga", "carl", "sara"):
        assert ring.unlock(name, PASSWORD)[0] == grants
    assert ring.unlock("anna", PASSWORD)[0] == Grants(grants.trail, None)
    for user, password in (("olga", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(Broken):
            ring.unlock(user, password)


def read_keyring_from(data: bytes):  # type: ignore[no-untyped-def]
    from simlib.vault.keyring import read_keyring_bytes

    return read_keyring_bytes(data, Path("x"))


def test_after_a_renewal_old_grants_open_nothing_and_all_users_stay() -> None:
    ring, grants = new_keyring("S")
    ring, _secret = ring.with_user("olga", "owner", PASSWORD, grants, CHEAP)
    ring, _secret = ring.with_user("anna", "auditor", PASSWORD, grants, CHEAP)
    carrier = ring.carrier_key(grants.root or b"").private_bytes_raw()
    renewed, fresh = ring.renewed(grants)
    assert fresh.root != grants.root
    assert fresh.trail == grants.trail
    for sealed in renewed.wrapped.values():
        assert sealed not in ring.wrapped.values()
    with pytest.raises(Broken):
        renewed.compartments(grants.root or b"")
    read = read_keyring_from(renewed.to_bytes(fresh))
    assert read.unlock("olga", PASSWORD)[0] == fresh
    assert read.unlock("anna", PASSWORD)[0] == Grants(fresh.trail, None)
    assert read.carrier_key(fresh.root or b"").private_bytes_raw() == carrier


def test_hpke_is_base_mode_with_the_suite_the_format_names() -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    private = X25519PrivateKey.generate()
    sealed = SUITE.encrypt(b"key", private.public_key(), b"info")
    assert len(sealed) == 32 + 3 + 16  # encapsulated key, text, tag
    assert SUITE.decrypt(sealed, private, b"info") == b"key"


@pytest.mark.parametrize("text", ["QR==", "QQ", "Q Q=", "QQ==\n", "é"])
def test_only_the_one_way_of_writing_bytes_is_read(text: str) -> None:
    assert bytes64("QQ==") == b"A"
    with pytest.raises(ValueError, match=r"."):
        bytes64(text)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"{" * 100_000, b'{"version":1}', b"\xff", b" " * (5 << 20)]
)
def test_what_is_no_key_file_gets_a_sentence(tmp_path: Path, data: bytes) -> None:
    (tmp_path / KEYS_FILE).write_bytes(data)
    with pytest.raises(
        SafeShopError, match=r"is damaged or not a key file of this version; put back the one of"
    ):
        read_keyring(tmp_path)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    replace_file(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _handle: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match=r"full"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["f"]


def test_the_old_files_bytes_are_overwritten_when_a_key_is_destroyed(tmp_path: Path) -> None:
    path = tmp_path / "f"
    replace_file(path, b"secret" * 100)
    link = tmp_path / "link"
    os.link(path, link)  # keeps the old file's bytes in view
    replace_file(path, b"new", overwrite_old=True)
    assert path.read_bytes() == b"new"
    assert len(link.read_bytes()) == 600
    assert b"secret" not in link.read_bytes()
