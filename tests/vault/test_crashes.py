"""A killed import, a power cut, a full or failing disk: all of the import is there afterwards, or nothing."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from simlib.errors import SafeShopError
from simlib.vault import importing, repeats
from simlib.vault import store as store_module
from simlib.vault.holdings import Holdings
from simlib.vault.keyring import KEYS_FILE, read_keyring
from simlib.vault.schema import ORDERS
from simlib.vault.session import Session
from simlib.vault.store import DATABASE_FILE, Connect, Store, connect
from simlib.vault.verification import verify
from tests.vault.sample import PASSWORD, Clock, Lab, order, write

apsw = pytest.importorskip("apsw")
disks = pytest.importorskip("tests.vault.disks")

# Not simply `-m`: a wheel among the benchmarks' peers (ciw) installs its own package named tests, which hides ours.
RUN_KILLED = """
import runpy, sys, types
sys.path.insert(0, "")
sys.modules["tests"] = types.ModuleType("tests")
sys.modules["tests"].__path__ = ["tests"]
runpy.run_module("tests.vault.killed", run_name="__main__")
"""
BEFORE, ADDED = 40, 130
"""Orders before the import, and those that it adds, in three months of which one is new."""


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of twenty rows and runs of keys not much longer: an import of many of them in little time."""
    monkeypatch.setattr(importing, "BLOCK_ROWS", 20)
    monkeypatch.setattr(repeats, "RUN_ROWS", 50)
    monkeypatch.setattr(repeats, "RUN_BITS", 1)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A vault with some orders, and a file with more."""
    folder = tmp_path_factory.mktemp("prepared")
    lab = Lab(folder / "vault").create()
    with lab.sign_in() as session:
        session.import_file(
            write(folder / "a.csv", ORDERS, [order(n, f"2026-0{1 + n % 2}") for n in range(BEFORE)])
        )
    changed = [order(n, f"2026-0{1 + n % 2}", changed_at="2026-05-01T00:00:00+08:00") for n in range(5)]
    new = [order(n, f"2026-0{1 + n % 3}") for n in range(100, 100 + ADDED)]
    return lab.folder, write(folder / "b.csv", ORDERS, [*changed, *new])


def enter(folder: Path, connect: Connect = connect) -> Session:
    ring = read_keyring(folder)
    grants, _secret = ring.unlock("olga", PASSWORD)
    store = Store.open(folder / DATABASE_FILE, ring.vault, connect)
    return Session(Holdings(folder, store, ring, grants, Clock()), "olga", "owner", "intact")


def rows_after(folder: Path) -> int:
    """Orders in a vault that must be sound."""
    session = enter(folder)
    try:
        done = verify(session._holdings, "intact")
        assert done.findings == []
        rows = session.monthly_statistics()[1].orders
        assert done.rows == (BEFORE if rows == BEFORE else rows + 5)  # five former versions stay
        return rows
    finally:
        session._holdings.lock()


# -- kill -9


def killed(prepared: tuple[Path, Path], tmp_path: Path, root: Path, trials: int) -> dict[str, Any]:
    folder, file = prepared
    # A kill leaves what the system was told to write, flushed or not, so memory serves as well as a disk.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as work:
        told = subprocess.run(
            [sys.executable, "-c", RUN_KILLED, str(folder), str(file), work, str(trials), "7"],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    assert told.returncode == 0, told.stderr + told.stdout
    result: dict[str, Any] = json.loads(told.stdout)
    return result


def check_killed(told: dict[str, Any], trials: int) -> None:
    results = told["results"]
    assert len(results) == trials
    for one in results:
        assert one["findings"] == [], one
        assert one["rows"] in (BEFORE, BEFORE + ADDED), one
        assert one["final"] == BEFORE + ADDED, one
        # What the vault says it has, it does not import again; what it lost, it does.
        assert one["already"] == (one["rows"] == BEFORE + ADDED), one
        if one["ended"]:
            assert one["rows"] == BEFORE + ADDED
    assert sum(not one["ended"] for one in results) > trials // 3


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_killed_import_leaves_all_or_nothing(
    prepared: tuple[Path, Path], tmp_path: Path, root: Path
) -> None:
    check_killed(killed(prepared, tmp_path, root, 20), 20)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_two_hundred_killed_imports_leave_all_or_nothing(
    prepared: tuple[Path, Path], tmp_path: Path, root: Path
) -> None:
    told = killed(prepared, tmp_path, root, 200)
    check_killed(told, 200)
    assert told["operations"] < 200  # each operation was met, then random moments


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_thousand_killed_imports_leave_all_or_nothing(
    prepared: tuple[Path, Path], tmp_path: Path, root: Path
) -> None:
    check_killed(killed(prepared, tmp_path, root, 1_000), 1_000)


# -- power cuts


@pytest.fixture(scope="module")
def recording(prepared: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Every operation of one import, in order."""
    folder, file = prepared
    copy = tmp_path_factory.mktemp("recorded") / "vault"
    shutil.copytree(folder, copy)
    taken = disks.Recording({name: (copy / name).read_bytes() for name in (DATABASE_FILE, KEYS_FILE)})
    session = enter(copy, disks.connect_on(taken.done.append))
    keys = (copy / KEYS_FILE).read_bytes()

    def watch(operation: Any) -> None:
        # The key file is replaced between two operations of SQLite: a rename is there or not.
        nonlocal keys
        now = (copy / KEYS_FILE).read_bytes()
        if now != keys:
            taken.done.append(disks.Operation("keys", KEYS_FILE, data=now))
            keys = now
        taken.done.append(operation)

    session._holdings.store._connection._disk.before = watch  # type: ignore[attr-defined]
    taken.done.clear()
    session.import_file(file)
    session._holdings.lock()
    return taken


def cut(recording: Any, tmp_path: Path, until: int, chance: random.Random) -> int:
    """Rows that are there after a power cut before an operation."""
    folder = tmp_path / "image"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in recording.image(until, chance).items():
        (folder / name).write_bytes(data)
    return rows_after(folder)


def check_cuts(recording: Any, tmp_path: Path, images: int) -> None:
    chance, last = random.Random(11), len(recording.done)
    outcomes = {BEFORE: 0, BEFORE + ADDED: 0}
    for image in range(images):
        until = image % (last + 1) if images > last else chance.randrange(last + 1)
        rows = cut(recording, tmp_path, until, chance)
        outcomes[rows] += 1
        committed = any(one.kind == "delete" for one in recording.done[:until])
        assert rows == (BEFORE + ADDED if committed else BEFORE), until
    assert min(outcomes.values()) > 0


def test_the_recorded_import_flushes_the_journal_before_and_the_keys_before_the_commit(
    recording: Any,
) -> None:
    kinds = [(one.kind, one.file.rpartition("-")[2]) for one in recording.done]
    first_write = kinds.index(("write", DATABASE_FILE))
    assert ("sync", "journal") in kinds[:first_write]
    assert kinds.index(("keys", KEYS_FILE)) < kinds.index(("delete", "journal"))
    assert kinds[-1] == ("delete", "journal") or ("delete", "journal") in kinds


def test_a_power_cut_with_torn_sectors_leaves_all_or_nothing(recording: Any, tmp_path: Path) -> None:
    chance, last = random.Random(3), len(recording.done)
    assert cut(recording, tmp_path, last, chance) == BEFORE + ADDED
    check_cuts(recording, tmp_path, 100)


@pytest.mark.slow
def test_a_thousand_power_cuts_leave_all_or_nothing(recording: Any, tmp_path: Path) -> None:
    check_cuts(recording, tmp_path, 1_000)


# -- full and failing disks


def failing(prepared: tuple[Path, Path], tmp_path: Path, error: Any, step: int) -> int:
    """Let the n-th operation fail, for every ``step``-th n, until none fails; how many were tried."""
    folder, file = prepared
    for tried, at in enumerate(range(0, 100_000, step)):
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        left = at

        def fail(operation: Any) -> None:
            nonlocal left
            if operation.kind in ("write", "sync", "truncate"):
                left -= 1
                if left < 0:
                    raise error

        session = enter(copy)
        session._holdings.store.close()
        session = enter(copy, disks.connect_on(fail))
        try:
            session.import_file(file)
            ended = True
        except apsw.Error:
            ended = False
        session._holdings.lock()
        assert rows_after(copy) == (BEFORE + ADDED if ended else BEFORE), at
        if ended:
            return tried
    raise AssertionError("the import never got through")


ERRORS = {"ENOSPC": "FullError", "EIO": "IOError"}


@pytest.mark.parametrize("name", ERRORS)
def test_a_disk_that_fails_leaves_all_or_nothing(
    prepared: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    assert failing(prepared, tmp_path, getattr(apsw, ERRORS[name])(), 7) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", ERRORS)
def test_a_disk_that_fails_at_any_write_leaves_all_or_nothing(
    prepared: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    assert failing(prepared, tmp_path, getattr(apsw, ERRORS[name])(), 1) >= 50


class Refusing:
    """A connection whose statements of one kind fail as sqlite3's do."""

    def __init__(self, path: Path, start: str, message: str) -> None:
        self._real, self._start, self._message = connect(path), start, message

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        if sql.startswith(self._start):
            raise sqlite3.OperationalError(self._message)
        return self._real.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        return self._real.executemany(sql, parameters)

    def close(self) -> None:
        self._real.close()


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            "database or disk is full",
            "The disk of {path} is full; make room and try again, nothing was changed.",
        ),
        ("disk I/O error", "Reading or writing {path} failed; check the disk, nothing was changed."),
        ("database is locked", "{path} is in use by another program; close it and try again."),
        (
            "attempt to write a readonly database",
            "{path} cannot be opened for writing; check the folder's permissions.",
        ),
    ],
)
def test_the_operator_gets_one_sentence_for_a_failing_disk(
    prepared: tuple[Path, Path], tmp_path: Path, message: str, sentence: str
) -> None:
    folder, file = prepared
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    session = enter(copy, lambda path: Refusing(path, "INSERT INTO blocks", message))
    with pytest.raises(SafeShopError) as refusal:
        session.import_file(file)
    assert refusal.value.sentence == sentence.format(path=copy / DATABASE_FILE)
    session._holdings.lock()
    assert rows_after(copy) == BEFORE


def test_the_store_asks_sqlite_for_what_the_format_promises(lab: Lab) -> None:
    with lab.sign_in() as session:
        execute = session._holdings.store._connection.execute
        asked = {
            "journal_mode": "delete",
            "synchronous": 3,
            "temp_store": 2,
            "secure_delete": 1,
            "recursive_triggers": 1,
            "foreign_keys": 1,
            "trusted_schema": 0,
            "cell_size_check": 1,
        }
        assert {name: execute(f"PRAGMA {name}").fetchone()[0] for name in asked} == asked
    assert store_module.DATABASE_FILE == DATABASE_FILE


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE blocks SET rows = 1",
        "DELETE FROM blocks",
        "INSERT OR REPLACE INTO blocks SELECT * FROM blocks",
        "UPDATE trail SET hash = x'00'",
        "DELETE FROM trail",
        "INSERT OR REPLACE INTO trail SELECT * FROM trail",
        "UPDATE imports SET id = x'00'",
        "DELETE FROM imports",
        "INSERT OR REPLACE INTO imports SELECT * FROM imports",
    ],
)
def test_a_fault_of_the_program_cannot_alter_what_was_imported(
    prepared: tuple[Path, Path], tmp_path: Path, sql: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(prepared[0], copy)
    session = enter(copy)
    with pytest.raises(sqlite3.IntegrityError):
        session._holdings.store._connection.execute(sql)
    session._holdings.lock()
