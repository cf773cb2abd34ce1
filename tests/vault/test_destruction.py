"""Destroying a month, renewing keys, backups: what is gone is gone, and what is kept can be put back."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from simlib.errors import SafeShopError
from simlib.vault import destruction
from simlib.vault.backup import restore_vault
from simlib.vault.keyring import KEYS_FILE, read_keyring
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS
from simlib.vault.store import DATABASE_FILE
from simlib.vault.trail import read_receipt
from tests.vault.sample import PASSWORD, Lab, line, member, order, write


@pytest.fixture
def filled(lab: Lab, tmp_path: Path) -> Lab:
    """Orders of three months with lines, and members."""
    rows = [order(n, f"2014-0{4 + n % 3}") for n in range(60)]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "o.csv", ORDERS, rows))
        session.import_file(write(tmp_path / "l.csv", ORDER_LINES, [line(n) for n in range(60)]))
        session.import_file(write(tmp_path / "m.csv", MEMBERS, [member(n) for n in range(7)]))
    return lab


def test_a_destroyed_months_rows_are_gone_and_its_sums_stay(filled: Lab) -> None:
    with filled.sign_in() as session:
        before = {one.month: one.amounts for one in session.monthly_statistics()[0]}
        assert session.destroy("orders", "2014-05", "kept ten years, law asks no longer") == 20
        assert session.list_orders().count == 40
        months, total = session.monthly_statistics()
        assert {one.month: one.amounts for one in months} == before
        assert [one.month for one in months if one.destroyed] == ["2014-05"]
        assert total.orders == 60
        with pytest.raises(SafeShopError, match=r"Nothing is found"):
            session.find(order_number="SYNTW00000001")
        assert session.find(order_number="SYNTW00000002").orders
        assert len(session.find(email="syn-tw-mei-3@example.org").orders) == 6
        assert session.search_members().count == 7
        assert session.verify().findings == []
        with pytest.raises(SafeShopError, match=r"The vault has no month 2014-05 of orders"):
            session.destroy("orders", "2014-05", "once more please")
        with pytest.raises(SafeShopError, match=r"Give a reason"):
            session.destroy("orders", "2014-06", "  ")
    with filled.sign_in() as session:
        assert session.verify().findings == []
        (entry,) = [one for one in session.trail() if one.action == "destroy"]
        assert (entry.details["month"], entry.details["reason"]) == (
            "2014-05",
            "kept ten years, law asks no longer",
        )


def test_rows_of_a_destroyed_month_do_not_come_back_by_accident(filled: Lab, tmp_path: Path) -> None:
    with filled.sign_in() as session:
        session.destroy("orders", "2014-05", "end of its time")
        for path in (write(tmp_path / "again.csv", ORDERS, [order(0, "2014-04"), order(1, "2014-05")]),):
            with pytest.raises(SafeShopError) as refused:
                session.import_file(path)
        assert refused.value.sentence == (
            "again.csv, row 3: the month 2014-05 was destroyed in the vault; remove its rows."
        )


def test_no_key_of_a_destroyed_month_is_left_in_the_folder(filled: Lab) -> None:
    ring = read_keyring(filled.folder)
    grants, _secret = ring.unlock("olga", PASSWORD)
    assert grants.root is not None
    (gone,) = [one for one in ring.compartments(grants.root).values() if one.month == "2014-05"]
    database = (filled.folder / DATABASE_FILE).read_bytes()
    with filled.sign_in() as session:
        blocks = [sealed for _s, _i, _k, _r, sealed in session._holdings.store.blocks(gone.number)]
        session.destroy("orders", "2014-05", "end of its time")
    now = read_keyring(filled.folder)
    fresh, _secret = now.unlock("olga", PASSWORD)
    assert fresh.root != grants.root
    assert gone.number not in now.wrapped
    assert not set(ring.wrapped.values()) & set(now.wrapped.values())  # everything was wrapped anew
    left = (filled.folder / DATABASE_FILE).read_bytes()
    for sealed in blocks:
        assert sealed[:64] in database
        assert sealed[:64] not in left  # secure_delete


def test_no_former_key_file_is_left_on_the_disk_whatever_it_was_rewritten_for(
    lab: Lab, tmp_path: Path
) -> None:
    """A month's key stands in every key file since its first import, not only in the last before its end."""
    left: list[Path] = []

    def keep() -> None:
        left.append(tmp_path / f"left-{len(left)}")
        os.link(lab.folder / KEYS_FILE, left[-1])  # keeps the old file's bytes in view

    with lab.sign_in() as session:
        for month in ("2014-05", "2014-06"):
            keep()
            session.import_file(write(tmp_path / f"{month}.csv", ORDERS, [order(int(month[-1]), month)]))
        keep()
        lab.add(session, "carl", "clerk")
        keep()
        session.add_shop("gift", bytes(32))
        keep()
        session.destroy("orders", "2014-05", "end of its time")
    assert len({path.read_bytes() for path in left}) == 5
    assert not any(b"compartments" in path.read_bytes() for path in left)


def test_a_backup_from_before_defeats_the_destruction(filled: Lab, tmp_path: Path) -> None:
    """Not a wish but the truth the documents tell: who keeps backups keeps the month."""
    with filled.sign_in() as session:
        session.backup(tmp_path / "backup")
        session.destroy("orders", "2014-05", "end of its time")
    restore_vault(tmp_path / "backup", tmp_path / "old")
    old = Lab(tmp_path / "old", filled.clock, authenticators=filled.authenticators)
    with old.sign_in() as session:
        assert session.list_orders().count == 60


def test_the_drill_names_what_a_backup_still_holds_of_what_was_destroyed(filled: Lab, tmp_path: Path) -> None:
    with filled.sign_in() as session:
        session.backup(tmp_path / "before")
        assert session.months("orders") == {"2014-04": 20, "2014-05": 20, "2014-06": 20}
        session.destroy("orders", "2014-05", "end of its time")
        session.destroy("members", "2026-02", "end of its time")
        session.backup(tmp_path / "after")
        assert session.months("orders") == {"2014-04": 20, "2014-06": 20}
        assert "2026-02" not in session.months("members")
        before, after = (session.drill(tmp_path / name) for name in ("before", "after"))
    assert before.findings == after.findings == after.remarks == []
    assert before.remarks[1:] == [
        "This backup still holds the orders of 2014-05, destroyed here since: destroy it, too.",
        "This backup still holds the members of 2026-02, destroyed here since: destroy it, too.",
    ]
    assert before.remarks[0].startswith("Keys were renewed since this backup")


def test_a_destruction_interrupted_before_the_key_went_is_finished_at_the_next_log_in(
    filled: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCutError(Exception):
        pass

    def cut(*_details: object) -> None:
        raise PowerCutError

    session = filled.sign_in()
    monkeypatch.setattr("simlib.vault.session.drop_keys", cut)
    with pytest.raises(PowerCutError):
        session.destroy("orders", "2014-05", "end of its time")
    session._holdings.store.close()
    assert (
        len(read_keyring(filled.folder).wrapped) == 7
    )  # directory, three months of orders, three of members
    monkeypatch.undo()
    with filled.sign_in() as session:
        assert len(read_keyring(filled.folder).wrapped) == 6
        assert session.verify().findings == []
    assert destruction.drop_keys.__doc__


def test_a_destroyed_backup_leaves_no_keys_and_only_a_backup_of_this_vault_can_be_destroyed(
    filled: Lab, tmp_path: Path
) -> None:
    other = Lab(tmp_path / "other").create()
    link = tmp_path / "link"
    with filled.sign_in() as session:
        session.backup(tmp_path / "backup")
        os.link(tmp_path / "backup" / KEYS_FILE, link)  # keeps the file's bytes in view
        for folder, reason, sentence in (
            (filled.folder, "not needed any more", "{path} is the vault itself, not a backup of it."),
            (other.folder, "not needed any more", "{path} is a backup of another vault."),
            (
                tmp_path / "none",
                "not needed any more",
                f"{tmp_path / 'none' / KEYS_FILE} cannot be read",
            ),
            (tmp_path / "backup", "so", "Give a reason of at least 8 letters or digits"),
        ):
            with pytest.raises(SafeShopError) as refused:
                session.destroy_backup(folder, reason)
            assert refused.value.sentence.startswith(sentence.format(path=folder))
            assert not folder.is_dir() or len(list(folder.iterdir())) == 3
        session.destroy_backup(tmp_path / "backup", "not needed any more")
        assert [one.details for one in session.trail() if one.action == "destroy-backup"] == [
            {"folder": "backup", "reason": "not needed any more"}
        ]
    assert not (tmp_path / "backup").exists()
    assert b"compartments" not in link.read_bytes()


def test_a_renewed_root_key_opens_everything_and_the_old_file_nothing_new(
    filled: Lab, tmp_path: Path
) -> None:
    old_keys = (filled.folder / KEYS_FILE).read_bytes()
    with filled.sign_in() as session:
        assert session.renew_keys("a year has passed") == 2
        assert session.list_orders().count == 60
        session.import_file(write(tmp_path / "n.csv", ORDERS, [order(900, "2026-05")]))
    with filled.sign_in() as session:
        assert session.list_orders().count == 61
        assert session.verify().findings == []
    copy = tmp_path / "copy"
    shutil.copytree(filled.folder, copy)
    (copy / KEYS_FILE).write_bytes(old_keys)
    old = Lab(copy, filled.clock, authenticators=filled.authenticators)
    session = old.sign_in()
    assert "The key file is an older one that was put back." in session.verify().findings
    session._holdings.store.close()


def test_a_backup_is_proven_by_a_drill_and_restored_whole(filled: Lab, tmp_path: Path) -> None:
    with filled.sign_in() as session:
        receipt = session.backup(tmp_path / "backup")
        done = session.drill(tmp_path / "backup")
        assert (done.findings, done.rows, str(done.receipt)) == ([], 127, str(receipt))
        with pytest.raises(SafeShopError, match=r"exists already; choose another name"):
            session.backup(tmp_path / "backup")
    restore_vault(tmp_path / "backup", tmp_path / "again")
    with pytest.raises(SafeShopError, match=r"exists already"):
        restore_vault(tmp_path / "backup", tmp_path / "again")
    again = Lab(tmp_path / "again", filled.clock, authenticators=filled.authenticators)
    with again.sign_in() as session:
        assert session.seal == "intact"
        assert session.verify(read_receipt(str(receipt))).findings == []
        assert session.list_orders().count == 60


def test_a_drill_finds_a_spoilt_backup(filled: Lab, tmp_path: Path) -> None:
    with filled.sign_in() as session:
        for number, name in enumerate((DATABASE_FILE, KEYS_FILE)):
            folder = tmp_path / f"backup{number}"
            session.backup(folder)
            data = bytearray((folder / name).read_bytes())
            data[len(data) * 2 // 3] ^= 1
            (folder / name).write_bytes(data)
            with suppress(SafeShopError):
                assert session.drill(folder).findings != []
        session.backup(tmp_path / "older")
        session.renew_keys("a year has passed")
        done = session.drill(tmp_path / "older")
        assert done.findings == []
        assert len(done.remarks) == 1
        (tmp_path / "older" / DATABASE_FILE).unlink()
    with pytest.raises(SafeShopError, match=r"is not a backup of a vault: vault.db is missing"):
        restore_vault(tmp_path / "older", tmp_path / "x")


@pytest.mark.parametrize(
    "text", ["", "ABCDE", "ABCDE-12", "ABCDE-12-FGHIJ-KLMNO-PQRST", "ABCDE-x-FGHIJ-KLMNO-PQRST-UVWXY"]
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(SafeShopError, match=r"is not a receipt; type it as printed"):
        read_receipt(text)


def test_a_receipt_is_read_as_it_was_printed_or_typed(filled: Lab) -> None:
    with filled.sign_in() as session:
        receipt = session.receipt()
        assert len(str(receipt)) < 40
        for typed in (str(receipt), str(receipt).lower(), f" {receipt} ", str(receipt).replace("-", " - ")):
            assert read_receipt(typed) == receipt
        assert session.verify(receipt).findings == []
