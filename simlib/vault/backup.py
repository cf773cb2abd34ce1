"""Copies of a vault: made whole, proven restorable, put back only where nothing stands.

A backup holds what the vault held, months destroyed later included. Who destroys a month destroys the backups
made before, or the destruction is a word.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.files import erase_file, flush_folder, new_private_file, replace_file
from simlib.vault.holdings import Holdings
from simlib.vault.keyring import KEYS_FILE, Grants, Keyring, read_keyring
from simlib.vault.store import DATABASE_FILE, Connection, Store
from simlib.vault.verification import SEAL_FILE, Verification, seal_state, verify, write_seal

FILES = (DATABASE_FILE, KEYS_FILE, SEAL_FILE)


def copy_vault(holdings: Holdings, folder: Path) -> None:
    """Write a consistent copy into a new folder, whole or not at all.

    Raises
    ------
    SafeShopError
        If the folder exists or cannot be written.
    """
    temporary = _new_folder(folder)
    try:
        holdings.store.copy_to(temporary / DATABASE_FILE)
        replace_file(temporary / KEYS_FILE, (holdings.folder / KEYS_FILE).read_bytes())
        write_seal(holdings, temporary)
        temporary.rename(folder)
        flush_folder(folder.parent)
    except OSError:
        raise _not_written(folder) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def restore_vault(backup: Path, folder: Path) -> None:
    """Put a backup's files where a vault shall stand; log in there and verify with the last receipt.

    Raises
    ------
    SafeShopError
        If the backup is not complete, or something stands there already.
    """
    missing = [name for name in FILES if not (backup / name).is_file()]
    if missing:
        raise SafeShopError(
            _("{path} is not a backup of a vault: {missing} is missing.").format(
                path=backup, missing=missing[0]
            )
        )
    temporary = _new_folder(folder)
    try:
        for name in FILES:
            new_private_file(temporary / name)
            shutil.copyfile(backup / name, temporary / name)
        temporary.rename(folder)
        flush_folder(folder.parent)
    except OSError:
        raise _not_written(folder) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _new_folder(folder: Path) -> Path:
    if folder.exists():
        raise SafeShopError(_("{path} exists already; choose another name.").format(path=folder))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=folder.name + ".", suffix=".new", dir=folder.parent))
    except OSError:
        raise _not_written(folder) from None


def _not_written(folder: Path) -> SafeShopError:
    return SafeShopError(_("{path} cannot be written; check folder and room.").format(path=folder))


def _read_only(path: Path) -> Connection:
    place = f"file:{quote(str(path.resolve()))}?mode=ro"
    return sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False)


def check_backup(holdings: Holdings, folder: Path) -> Verification:
    """Open a backup with the keys of this session, check all of it, and that its past is this vault's past.

    Raises
    ------
    SafeShopError
        If it is not a backup of this vault.
    """
    ring = _own_keyring(holdings, folder)
    same_root = ring.is_genuine(holdings.grants)
    grants = holdings.grants if same_root else Grants(holdings.grants.trail, None)
    store = Store.open(folder / DATABASE_FILE, ring.vault, _read_only)
    copy = Holdings(folder, store, ring, grants, holdings.clock, holdings.random)
    try:
        done = verify(copy, seal_state(copy))
        if not ring.is_genuine(grants):
            done.findings.append(_("The backup's key file was changed."))
        if not same_root:
            done.remarks.append(
                _("Keys were renewed since this backup: its rows were compared, not opened. Make a new one.")
            )
        done.remarks += _still_held(holdings, store)
        number, head = store.last_entry()
        if number == 0 or holdings.store.entry_hash(number) != head:
            done.findings.append(_("The backup's trail is not an earlier part of this vault's trail."))
    finally:
        copy.lock()
    return done


def _own_keyring(holdings: Holdings, folder: Path) -> Keyring:
    ring = read_keyring(folder)
    if ring.vault != holdings.vault:
        raise SafeShopError(_("{path} is a backup of another vault.").format(path=folder))
    return ring


def check_erasable(holdings: Holdings, folder: Path) -> None:
    """Refuse to erase what is no backup of this vault.

    Raises
    ------
    SafeShopError
        If it is none, another vault's, or the vault itself.
    """
    if folder.resolve() == holdings.folder.resolve():
        raise SafeShopError(_("{path} is the vault itself, not a backup of it.").format(path=folder))
    _own_keyring(holdings, folder)


def erase_backup(folder: Path) -> None:
    """Remove a backup's files, the keys first and overwritten: without them the rest stays closed."""
    try:
        erase_file(folder / KEYS_FILE)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        flush_folder(folder)
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError:
        raise _not_written(folder) from None


def _still_held(holdings: Holdings, backup: Store) -> list[str]:
    """What a backup keeps although it was destroyed here: a sentence for each month."""
    here, there = holdings.store.compartments(), backup.compartments()
    said = {
        "orders": _("This backup still holds the orders of {month}, destroyed here since: destroy it, too."),
        "members": _(
            "This backup still holds the members of {month}, destroyed here since: destroy it, too."
        ),
    }
    found = []
    for number in sorted(number for number, state in here.items() if state == "destroyed"):
        totals = holdings.totals(number)  # they outlive the month, and know its name
        if there.get(number) == "open" and totals is not None:
            found.append(said[totals.family].format(month=totals.month))
    return found
