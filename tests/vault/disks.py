"""Disks that fail: an SQLite file system (apsw) that counts, records, refuses or ends the process."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from simlib.vault.store import Connect

SECTOR = 512
_names = itertools.count()


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing done to a file: ``write`` (place, data), ``truncate`` (size), ``sync``, ``delete``, ``keys``."""

    kind: str
    file: str
    place: int = 0
    data: bytes = b""


Before = Callable[[Operation], None]
"""Told of each operation before it happens; may raise, or end the process."""


class _Disk(apsw.VFS):
    def __init__(self, before: Before) -> None:
        self.name = f"disk{next(_names)}"
        self.before = before
        super().__init__(self.name, base="")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self, name, flags)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        self.before(Operation("delete", Path(name).name))
        super().xDelete(name, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk: _Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        given = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(given or "temporary").name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.before(Operation("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.before(Operation("truncate", self._name, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.before(Operation("sync", self._name))
        super().xSync(flags)


class _Connection:
    """apsw's connection with the parts of sqlite3's that the store uses; it keeps its disk alive."""

    def __init__(self, path: Path, disk: _Disk) -> None:
        self._disk, self._apsw = disk, apsw.Connection(str(path), vfs=disk.name)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        return self._apsw.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        return self._apsw.executemany(sql, parameters)

    def close(self) -> None:
        self._apsw.close(True)


def connect_on(before: Before) -> Connect:
    """A way to open databases that tells of each operation first."""

    def connect(path: Path) -> Any:
        return _Connection(path, _Disk(before))

    return connect


@dataclass
class Recording:
    """What was done to a folder's files, and how they were before."""

    start: dict[str, bytes]
    done: list[Operation] = field(default_factory=list)

    def image(self, until: int, chance: random.Random) -> dict[str, bytes]:
        """The files after a power cut before operation ``until``.

        What was flushed is there. Of what was written since, each sector is there or not, as chance will have
        it: disks reorder, and a write may be torn within.
        """
        files = {name: bytearray(data) for name, data in self.start.items()}
        for name in {one.file for one in self.done[:until]}:
            mine = [one for one in self.done[:until] if one.file == name]
            flushed = max((place for place, one in enumerate(mine) if one.kind == "sync"), default=-1)
            for place, one in enumerate(mine):
                _apply(files, one, None if place <= flushed else chance)
        return {name: bytes(data) for name, data in files.items()}


def _apply(files: dict[str, bytearray], one: Operation, chance: random.Random | None) -> None:
    if one.kind == "delete":
        files.pop(one.file, None)  # the folder is flushed with it: synchronous=EXTRA
    elif one.kind == "keys":
        files[one.file] = bytearray(one.data)
    elif one.kind == "truncate":
        if chance is None or chance.random() < 0.5:
            del files.setdefault(one.file, bytearray())[one.place :]
    elif one.kind == "write":
        data = files.setdefault(one.file, bytearray())
        for start in range(0, len(one.data), SECTOR):
            if chance is None or chance.random() < 0.5:
                piece, place = one.data[start : start + SECTOR], one.place + start
                if len(data) < place:
                    data += bytes(place - len(data))
                data[place : place + len(piece)] = piece
