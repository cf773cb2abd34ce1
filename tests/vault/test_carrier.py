"""The bundle: only the vault reads it, only the shop writes it, and no byte of it changes unseen."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from simlib.errors import SafeShopError
from simlib.vault import carrier
from simlib.vault.carrier import BundleReader, Manifest, _ChunkReader, _ChunkWriter, write_bundle
from simlib.vault.files import canonical
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS
from tests.vault.sample import PASSWORD, START, Lab, csv_bytes, line, member, order, write

DAMAGED = "x.bundle is damaged or was changed on the way; carry it again."


class Trade:
    """A shop with its key, a vault that knows it, and files to carry."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder, self.signing = lab, folder, Ed25519PrivateKey.generate()
        with lab.sign_in() as session:
            self.public, self.name = session.carrier_key()
            session.add_shop("gift shop", self.signing.public_key().public_bytes_raw())
        self.files = [
            write(folder / "l.csv", ORDER_LINES, [line(n) for n in range(9)]),
            write(folder / "m.csv", MEMBERS, [member(n) for n in range(7)]),
            write(folder / "o.csv", ORDERS, [order(n) for n in range(9)]),
        ]
        self.bundle = folder / "x.bundle"

    def pack(self, **changes: object) -> Manifest:
        given: dict[str, Any] = {"shop": "gift shop", "signing": self.signing, "recipient": self.public}
        given |= {"files": self.files, **changes}
        self.bundle.unlink(missing_ok=True)
        return write_bundle(self.bundle, created=START, **given)

    def refusal(self) -> str:
        """The sentence by which the bundle is refused; nothing of it may stay."""
        with self.lab.sign_in() as session:
            with pytest.raises(SafeShopError) as refused:
                session.import_bundle(self.bundle)
            assert session.verify().rows == 0
            assert session.verify().findings == []
        return refused.value.sentence


@pytest.fixture
def trade(lab: Lab, tmp_path: Path) -> Trade:
    """A shop and its vault."""
    return Trade(lab, tmp_path)


def test_what_the_shop_packs_arrives_in_the_vault(trade: Trade) -> None:
    manifest = trade.pack()
    assert [(one.table, one.rows) for one in manifest.files] == [
        ("members", 7),
        ("orders", 9),
        ("order_lines", 9),
    ]
    assert (manifest.files[1].first, manifest.files[1].last) == ("2026-03-01", "2026-03-09")
    with trade.lab.sign_in() as session:
        assert session.inspect_bundle(trade.bundle) == manifest
        assert session.verify().rows == 0
        assert [one.new for one in session.import_bundle(trade.bundle)] == [7, 9, 9]
        assert [one.already for one in session.import_bundle(trade.bundle)] == [True] * 3
        assert session.reveal_order("SYNTW00000003", "the test compares").lines == [line(3)]
        assert session.search_members().rows == [member(n) for n in range(7)]


def test_a_lost_stick_tells_nothing(trade: Trade) -> None:
    trade.pack()
    data = trade.bundle.read_bytes()
    for word in ("SYNTW", "mei", "林美玲", "members", "gift shop", "2026"):
        assert word.encode() not in data
    trade.pack()
    assert trade.bundle.read_bytes()[50:] != data[50:]  # each bundle has its own key


def read_to_the_end(data: bytes, private: X25519PrivateKey, shops: Mapping[str, bytes]) -> None:
    for _told, stream in BundleReader(io.BytesIO(data), "x", private, shops.get).files():
        stream.drain()


def flip(trade: Trade, places: range) -> None:
    trade.pack()
    data = trade.bundle.read_bytes()
    with trade.lab.sign_in() as session:
        private = session._holdings.ring.carrier_key(session._holdings.root)
        shops = session._holdings.ring.shops
    for place in places if places.stop else range(0, len(data), places.step):
        wrong = bytearray(data)
        wrong[place] ^= 1 << place % 8
        with pytest.raises(SafeShopError):
            read_to_the_end(bytes(wrong), private, shops)


def test_flipped_bits_across_a_bundle_are_refused(trade: Trade) -> None:
    flip(trade, range(200))
    flip(trade, range(0, 0, 53))


@pytest.mark.slow
def test_one_flipped_bit_in_every_byte_of_a_bundle_is_refused(trade: Trade) -> None:
    flip(trade, range(0, 0, 1))


@pytest.mark.parametrize("cut", [1, 16, 17, 5_000])
def test_a_bundle_cut_at_its_end_is_refused_and_leaves_nothing(trade: Trade, cut: int) -> None:
    trade.pack()
    trade.bundle.write_bytes(trade.bundle.read_bytes()[:-cut])
    assert trade.refusal() == DAMAGED


def test_a_bundle_with_something_after_its_end_is_refused(trade: Trade) -> None:
    trade.pack()
    trade.bundle.write_bytes(trade.bundle.read_bytes() + b"more")
    assert trade.refusal() == DAMAGED


def test_a_bundle_for_another_vault_is_refused(trade: Trade) -> None:
    trade.pack(recipient=X25519PrivateKey.generate().public_key().public_bytes_raw())
    assert trade.refusal() == (
        "x.bundle is encrypted for another vault; export it again with this vault's key."
    )


def test_a_bundle_of_an_unknown_shop_is_refused(trade: Trade) -> None:
    trade.pack(shop="evil shop")
    assert trade.refusal() == (
        "x.bundle is signed by “evil shop”, which this vault does not know; ask the owner."
    )


def test_a_bundle_with_anothers_signature_is_refused(trade: Trade) -> None:
    trade.pack(signing=Ed25519PrivateKey.generate())
    assert trade.refusal() == (
        "x.bundle does not bear the signature of “gift shop”; do not import it, ask the shop."
    )


def test_a_signed_manifest_cannot_be_sent_on_to_another_vault(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = trade.pack(recipient=X25519PrivateKey.generate().public_key().public_bytes_raw())
    kept = honest.to_bytes()
    monkeypatch.setattr(Manifest, "to_bytes", lambda _self: kept)
    trade.pack()  # encrypted to this vault around the manifest meant for the other
    monkeypatch.undo()
    assert trade.refusal() == DAMAGED


LIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "more rows": lambda told: told["files"][0].update(rows=8),
    "fewer bytes": lambda told: told["files"][0].update(bytes=told["files"][0]["bytes"] - 1),
    "more bytes": lambda told: told["files"][2].update(bytes=1 << 40),
    "another hash": lambda told: told["files"][1].update(sha256="0" * 64),
    "no hash": lambda told: told["files"][1].update(sha256="x"),
    "another encoding": lambda told: told["files"][1].update(encoding="utf-7"),
    "a path for a table": lambda told: told["files"][0].update(table="../../etc/passwd"),
    "a table twice": lambda told: told["files"].append(told["files"][0]),
    "a file left out": lambda told: told["files"].pop(),
    "a number as text": lambda told: told["files"][0].update(rows="7"),
    "a list for a shop": lambda told: told.update(shop=["gift shop"]),
    "a number for an encoding": lambda told: told["files"][0].update(encoding=8),
    "no files": lambda told: told.update(files=None),
    "negative bytes": lambda told: told["files"][0].update(bytes=-1),
    "one field more": lambda told: told.update(more=1),
    "one field less": lambda told: told.pop("shop"),
    "another version": lambda told: told.update(version=2),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_signed_manifest_that_lies_is_refused(
    trade: Trade, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    """The shop's own key signs nonsense: a broken or hostile exporter."""
    honest = Manifest.to_bytes

    def lying(manifest: Manifest) -> bytes:
        told = json.loads(honest(manifest))
        LIES[lie](told)
        return canonical(told)

    monkeypatch.setattr(Manifest, "to_bytes", lying)
    trade.pack()
    monkeypatch.undo()
    sentence = trade.refusal()
    assert sentence.startswith("x.bundle") or "utf-7" in sentence, sentence


def test_a_faulty_file_is_not_packed_and_nothing_is_left(trade: Trade) -> None:
    bad = write(trade.folder / "bad.csv", MEMBERS, [member(1, level="gold")])
    with pytest.raises(
        SafeShopError, match=r"bad.csv, row 2, column level: “gold” must be one of: new, regular, vip."
    ):
        trade.pack(files=[bad])
    with pytest.raises(SafeShopError, match=r"Two of the files hold members; give one of each."):
        trade.pack(files=[trade.files[1], trade.files[1]])
    assert [one.name for one in trade.folder.glob("x.bundle*")] == []


def test_a_file_that_changes_while_it_is_packed_is_told_and_nothing_is_left(trade: Trade) -> None:
    members = trade.files[1]

    def change_meanwhile(size: int) -> bytes:
        # The key is drawn when all files have been looked at and none has been written.
        members.write_bytes(members.read_bytes() + b"x")
        return bytes(size)

    with pytest.raises(SafeShopError) as refused:
        trade.pack(random=change_meanwhile)
    assert refused.value.sentence == "m.csv changed while it was being read; try again."
    assert not trade.bundle.exists()


def test_a_fault_in_the_last_file_leaves_nothing_of_the_first(trade: Trade) -> None:
    trade.pack(files=[trade.files[1], write(trade.folder / "orphan.csv", ORDER_LINES, [line(99)])])
    assert trade.refusal().startswith(
        "x.bundle: order_lines, row 2, column order_number: the vault has no order"
    )


def test_a_csv_file_is_no_bundle(trade: Trade) -> None:
    trade.bundle.write_bytes(csv_bytes(MEMBERS, [member(1)]))
    assert trade.refusal() == "x.bundle is not a bundle; import it as a CSV file."


def test_chunks_may_not_be_dropped_doubled_or_reordered() -> None:
    out, key = io.BytesIO(), bytes(32)
    writer = _ChunkWriter(out, key)
    text = random.Random(1).randbytes(3 * carrier.CHUNK_BYTES + 100)
    writer.write(text)
    writer.close()
    size = carrier.CHUNK_BYTES + 16
    chunks = [out.getvalue()[start : start + size] for start in range(0, len(out.getvalue()), size)]

    def read(parts: list[bytes]) -> bytes:
        reader = _ChunkReader(io.BytesIO(b"".join(parts)), key, lambda: SafeShopError("damaged"))
        return io.BufferedReader(reader).read()

    assert read(chunks) == text
    first, second, third, last = chunks
    for wrong in (
        [first, third, last],
        [second, first, third, last],
        [first, first, second, third, last],
        chunks[:3],
        [],
    ):
        with pytest.raises(SafeShopError):
            read(wrong)


def test_the_signing_key_is_kept_under_a_password(tmp_path: Path) -> None:
    path = tmp_path / "shop.key"
    public = carrier.new_signing_key(path, PASSWORD)
    assert carrier.read_signing_key(path, PASSWORD).public_key().public_bytes_raw() == public
    with pytest.raises(SafeShopError, match=r"is not a shop's signing key, or the password is wrong"):
        carrier.read_signing_key(path, "wrong horse battery")
    with pytest.raises(SafeShopError, match=r"exists already"):
        carrier.new_signing_key(path, PASSWORD)
