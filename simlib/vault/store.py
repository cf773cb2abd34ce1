"""The database file: sealed bytes in, sealed bytes out, one transaction a change.

Everything secret is sealed before it comes here and opened after it left, so this module holds no key. What
SQLite is asked for, and why, stands in FORMAT.md, sections 2 and 5.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.files import new_private_file
from simlib.vault.sealing import Broken

DATABASE_FILE = "vault.db"
VERSION = 1
_APPLICATION = 0x53534C56  # "SSLV", by which `file` and others know a vault
_CACHE_KIB = 8 * 1024

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE compartments (number INTEGER PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE imports (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, file_tag BLOB NOT NULL UNIQUE, sealed BLOB NOT NULL
);
CREATE TABLE blocks (
    serial INTEGER PRIMARY KEY,
    compartment INTEGER NOT NULL REFERENCES compartments (number),
    import INTEGER NOT NULL REFERENCES imports (number) DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL, rows INTEGER NOT NULL, sealed BLOB NOT NULL
);
CREATE INDEX blocks_by_compartment ON blocks (compartment, serial);
CREATE TABLE pages (
    segment BLOB NOT NULL, bucket INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (segment, bucket)
);
CREATE TABLE catalogues (compartment INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE totals (compartment INTEGER PRIMARY KEY, sums BLOB NOT NULL, days BLOB NOT NULL);
CREATE TABLE trail (number INTEGER PRIMARY KEY, sealed BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE codes (user TEXT PRIMARY KEY, step INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER blocks_stay BEFORE UPDATE ON blocks BEGIN SELECT RAISE(ABORT, 'blocks never change'); END;
CREATE TRIGGER blocks_last BEFORE DELETE ON blocks
WHEN (SELECT state FROM compartments WHERE number = OLD.compartment) IS NOT 'destroyed'
BEGIN SELECT RAISE(ABORT, 'blocks are deleted with their month only'); END;
CREATE TRIGGER imports_stay BEFORE UPDATE ON imports BEGIN SELECT RAISE(ABORT, 'imports never change'); END;
CREATE TRIGGER imports_last BEFORE DELETE ON imports BEGIN SELECT RAISE(ABORT, 'imports stay'); END;
CREATE TRIGGER trail_stays BEFORE UPDATE ON trail BEGIN SELECT RAISE(ABORT, 'the trail never changes'); END;
CREATE TRIGGER trail_lasts BEFORE DELETE ON trail BEGIN SELECT RAISE(ABORT, 'the trail stays'); END;
CREATE TRIGGER destroyed_stays BEFORE UPDATE ON compartments WHEN OLD.state = 'destroyed'
BEGIN SELECT RAISE(ABORT, 'what is destroyed stays so'); END;
"""

_SETTINGS = (
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",
    "PRAGMA recursive_triggers = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
    f"PRAGMA cache_size = -{_CACHE_KIB}",
)


class Connection(Protocol):
    """What is asked of a database connection: `sqlite3`'s has it, and that of the tests' faulty disks."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run one statement and give its rows."""
        ...

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """Run one statement for each row of parameters."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


Connect = Callable[[Path], Connection]


def connect(path: Path) -> Connection:
    """Open a database file with Python's own SQLite."""
    return sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn errors of the database, and of the small files beside it, into one sentence on what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise SafeShopError(_trouble(str(error)).format(path=path)) from None
    except sqlite3.DatabaseError:
        raise damaged(path) from None
    except OSError as error:
        reasons = {
            errno.ENOSPC: "full",
            errno.EDQUOT: "full",
            errno.EROFS: "readonly",
            errno.EACCES: "readonly",
            errno.EPERM: "readonly",
        }
        reason = reasons.get(error.errno or 0, "")
        raise SafeShopError(_trouble(reason).format(path=path)) from None


def _trouble(reason: str) -> str:
    if "locked" in reason or "busy" in reason:
        return _("{path} is in use by another program; close it and try again.")
    if "full" in reason:
        return _("The disk of {path} is full; make room and try again, nothing was changed.")
    if "readonly" in reason or "unable to open" in reason:
        return _("{path} cannot be opened for writing; check the folder's permissions.")
    return _("Reading or writing {path} failed; check the disk, nothing was changed.")


def damaged(path: Path) -> SafeShopError:
    """The error for a file that is not as the vault wrote it."""
    return SafeShopError(
        _("{path} was changed outside the vault or is damaged; run verify, then restore a backup.").format(
            path=path
        )
    )


class Store:
    """One open database file.

    Parameters
    ----------
    connection
        An open connection in autocommit mode.
    path
        The file, for sentences.
    """

    def __init__(self, connection: Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        for setting in _SETTINGS:
            connection.execute(setting).fetchall()

    @classmethod
    def create(cls, path: Path, vault: bytes, connect: Connect = connect) -> Store:
        """Make an empty database for a vault of this id."""
        new_private_file(path)  # its journals take over its permissions
        connection = connect(path)
        connection.execute("PRAGMA page_size = 8192")
        store = cls(connection, path)
        with store.transaction():
            for statement in _statements():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("INSERT INTO meta VALUES ('vault', ?)", (vault,))
        return store

    @classmethod
    def open(cls, path: Path, vault: bytes, connect: Connect = connect) -> Store:
        """Open a vault's database.

        Raises
        ------
        SafeShopError
            If there is none, if it belongs to another vault or version, or if its schema was altered: a
            trigger more or less could let a change through unseen.
        """
        if not path.is_file():
            raise SafeShopError(_("{path} is missing; put back the one of your backup.").format(path=path))
        with told(path):
            store = cls(connect(path), path)
            try:
                if store._schema() != _expected_schema():
                    raise damaged(path)
                if store._value("SELECT value FROM meta WHERE name = 'vault'") != vault:
                    raise SafeShopError(
                        _("{path} and its key file belong to different vaults.").format(path=path)
                    )
            except BaseException:
                store.close()
                raise
        return store

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that happens inside is there afterwards, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite may have rolled back by itself already; the first error is the one that counts.
            with suppress(Exception):
                self._connection.execute("ROLLBACK")
            raise

    def _schema(self) -> list[tuple[Any, ...]]:
        rows = self._connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name, type"
        )
        return [tuple(row) for row in rows]

    def _value(self, sql: str, *parameters: Any) -> Any:
        row = self._connection.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def foreign_changes(self) -> int:
        """A number that differs from the one before if another connection wrote in between."""
        version: int = self._value("PRAGMA data_version")
        return version

    def is_sound(self) -> bool:
        """Whether SQLite finds its own structures in order."""
        return [row[0] for row in self._connection.execute("PRAGMA integrity_check(1)")] == ["ok"]

    # -- months and directory

    def add_compartment(self, number: int) -> None:
        """Note a compartment before anything is stored in it."""
        self._connection.execute("INSERT OR IGNORE INTO compartments VALUES (?, 'open')", (number,))

    def compartments(self) -> dict[int, str]:
        """Number → state."""
        return dict(
            self._connection.execute("SELECT number, state FROM compartments ORDER BY number").fetchall()
        )

    def destroy_compartment(self, number: int) -> None:
        """Delete a compartment's blocks and catalogue; its pages go by `delete_segment`."""
        self._connection.execute("UPDATE compartments SET state = 'destroyed' WHERE number = ?", (number,))
        self._connection.execute("DELETE FROM blocks WHERE compartment = ?", (number,))
        self._connection.execute("DELETE FROM catalogues WHERE compartment = ?", (number,))

    # -- what imports brought

    def import_of_file(self, file_tag: bytes) -> int | None:
        """Number of the import that brought a file, if one did."""
        number: int | None = self._value("SELECT number FROM imports WHERE file_tag = ?", file_tag)
        return number

    def next_import(self) -> int:
        """The number after the last import's."""
        number: int = self._value("SELECT coalesce(max(number), 0) + 1 FROM imports")
        return number

    def next_serial(self) -> int:
        """The number after the last block's, counting destroyed ones as far as the file still knows."""
        number: int = self._value("SELECT coalesce(max(serial), 0) + 1 FROM blocks")
        return number

    def add_import(self, number: int, identity: bytes, file_tag: bytes, sealed: bytes) -> None:
        """Add an import's record."""
        self._connection.execute(
            "INSERT INTO imports VALUES (?, ?, ?, ?)", (number, identity, file_tag, sealed)
        )

    def imports(self) -> Iterator[tuple[int, bytes, bytes, bytes]]:
        """(number, id, file tag, sealed record) of all imports, in order."""
        yield from self._connection.execute(
            "SELECT number, id, file_tag, sealed FROM imports ORDER BY number"
        )

    def add_block(
        self, serial: int, compartment: int, number: int, kind: str, rows: int, sealed: bytes
    ) -> None:
        """Add one block of an import."""
        self._connection.execute(
            "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)", (serial, compartment, number, kind, rows, sealed)
        )

    def blocks(self, compartment: int, kind: str | None = None) -> Iterator[tuple[int, int, str, int, bytes]]:
        """(serial, import, kind, rows, sealed) of a compartment's blocks, in order."""
        # One block a time: a cursor left open would hold a read lock while the caller works.
        last = 0
        condition = "" if kind is None else " AND kind = ?"
        more = () if kind is None else (kind,)
        while True:
            row = self._connection.execute(
                "SELECT serial, import, kind, rows, sealed FROM blocks"
                f" WHERE compartment = ? AND serial > ?{condition} ORDER BY serial LIMIT 1",
                (compartment, last, *more),
            ).fetchone()
            if row is None:
                return
            last = row[0]
            yield row[0], row[1], str(row[2]), _number(row[3]), _blob(row[4])

    def block(self, serial: int) -> tuple[int, int, str, int, bytes] | None:
        """(compartment, import, kind, rows, sealed) of one block."""
        row = self._connection.execute(
            "SELECT compartment, import, kind, rows, sealed FROM blocks WHERE serial = ?", (serial,)
        ).fetchone()
        return None if row is None else (row[0], row[1], str(row[2]), _number(row[3]), _blob(row[4]))

    def compartment_of_block(self, serial: int) -> int | None:
        """Number of the compartment a block lies in."""
        number: int | None = self._value("SELECT compartment FROM blocks WHERE serial = ?", serial)
        return number

    def block_places(self) -> Iterator[tuple[int, int]]:
        """(serial, compartment) of all blocks."""
        yield from self._connection.execute("SELECT serial, compartment FROM blocks ORDER BY serial")

    # -- index pages

    def add_pages(self, segment: bytes, pages: Iterable[tuple[int, bytes]]) -> None:
        """Add the pages (bucket, sealed) of a segment."""
        self._connection.executemany(
            "INSERT INTO pages VALUES (?, ?, ?)", ((segment, bucket, sealed) for bucket, sealed in pages)
        )

    def page(self, segment: bytes, bucket: int) -> bytes | None:
        """One sealed page."""
        sealed = self._value("SELECT sealed FROM pages WHERE segment = ? AND bucket = ?", segment, bucket)
        return None if sealed is None else _blob(sealed)

    def pages(self, segment: bytes) -> Iterator[tuple[int, bytes]]:
        """(bucket, sealed) of a segment's pages, in order."""
        for bucket, sealed in self._connection.execute(
            "SELECT bucket, sealed FROM pages WHERE segment = ? ORDER BY bucket", (segment,)
        ):
            yield _number(bucket), _blob(sealed)

    def delete_segment(self, segment: bytes) -> None:
        """Delete a segment's pages."""
        self._connection.execute("DELETE FROM pages WHERE segment = ?", (segment,))

    def segments(self) -> set[bytes]:
        """Ids of all segments that have pages."""
        return {row[0] for row in self._connection.execute("SELECT DISTINCT segment FROM pages")}

    # -- catalogues and totals

    def catalogue(self, compartment: int) -> bytes | None:
        """A compartment's sealed catalogue."""
        sealed = self._value("SELECT sealed FROM catalogues WHERE compartment = ?", compartment)
        return None if sealed is None else _blob(sealed)

    def set_catalogue(self, compartment: int, sealed: bytes) -> None:
        """Put a compartment's catalogue in place of the former."""
        self._connection.execute("INSERT OR REPLACE INTO catalogues VALUES (?, ?)", (compartment, sealed))

    def catalogued(self) -> set[int]:
        """Numbers of the compartments that have a catalogue."""
        return {row[0] for row in self._connection.execute("SELECT compartment FROM catalogues")}

    def totals(self, compartment: int) -> tuple[bytes, bytes] | None:
        """A compartment's sealed sums and sealed counts by day."""
        row = self._connection.execute(
            "SELECT sums, days FROM totals WHERE compartment = ?", (compartment,)
        ).fetchone()
        return None if row is None else (_blob(row[0]), _blob(row[1]))

    def set_totals(self, compartment: int, sums: bytes, days: bytes) -> None:
        """Put a compartment's totals in place of the former."""
        self._connection.execute("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", (compartment, sums, days))

    def all_totals(self, column: str) -> Iterator[tuple[int, bytes]]:
        """(compartment, sealed sums or days) of all compartments."""
        if column not in ("sums", "days"):
            raise ValueError(column)
        rows = self._connection.execute(f"SELECT compartment, {column} FROM totals ORDER BY compartment")
        for compartment, sealed in rows:
            yield compartment, _blob(sealed)

    # -- the trail

    def add_entry(self, number: int, sealed: bytes, digest: bytes) -> None:
        """Add the next entry of the trail."""
        self._connection.execute("INSERT INTO trail VALUES (?, ?, ?)", (number, sealed, digest))

    def last_entry(self) -> tuple[int, bytes]:
        """Number and hash of the last entry; zero and nothing before the first."""
        row = self._connection.execute(
            "SELECT number, hash FROM trail ORDER BY number DESC LIMIT 1"
        ).fetchone()
        return (0, b"") if row is None else (row[0], _blob(row[1]))

    def entries(self, after: int = 0) -> Iterator[tuple[int, bytes, bytes]]:
        """(number, sealed, hash) of the entries after a number, in order."""
        for number, sealed, digest in self._connection.execute(
            "SELECT number, sealed, hash FROM trail WHERE number > ? ORDER BY number", (after,)
        ):
            yield number, _blob(sealed), _blob(digest)

    def entry_hash(self, number: int) -> bytes | None:
        """Hash of one entry."""
        digest = self._value("SELECT hash FROM trail WHERE number = ?", number)
        return None if digest is None else _blob(digest)

    # -- log-ins

    def last_code(self, user: str) -> int:
        """The last time step whose one-time code a user gave."""
        step: int | None = self._value("SELECT step FROM codes WHERE user = ?", user)
        return -1 if step is None else step

    def set_last_code(self, user: str, step: int) -> None:
        """Note the time step of a code that was used."""
        self._connection.execute("INSERT OR REPLACE INTO codes VALUES (?, ?)", (user, step))

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the whole file."""
        if not isinstance(self._connection, sqlite3.Connection):  # pragma: no cover
            raise TypeError("copies are made with sqlite3")
        new_private_file(path)
        target = sqlite3.connect(path)
        try:
            self._connection.backup(target)
        finally:
            target.close()


def _blob(value: Any) -> bytes:
    """A value as bytes; whoever edits the file can put text or numbers where bytes belong."""
    if not isinstance(value, bytes):
        raise Broken
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int):
        raise Broken
    return value


def _statements() -> list[str]:
    statements, text = [], ""
    for line in _SCHEMA.strip().splitlines(keepends=True):
        text += line
        if sqlite3.complete_statement(text):
            statements.append(text.strip().rstrip(";"))
            text = ""
    return statements


@lru_cache(maxsize=1)
def _expected_schema() -> list[tuple[Any, ...]]:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for statement in _statements():
            memory.execute(statement)
        rows = memory.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name, type")
        return [tuple(row) for row in rows]
    finally:
        memory.close()
