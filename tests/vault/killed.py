"""Run by `test_crashes`: imports into copies of a vault and is killed again and again; prints what was left.

A process of its own that forks: so a kill costs milliseconds, not the start of Python and numpy.
"""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from simlib.errors import SafeShopError
from simlib.vault import files, importing, repeats
from simlib.vault.holdings import Holdings
from simlib.vault.keyring import read_keyring
from simlib.vault.session import Session
from simlib.vault.store import DATABASE_FILE, Connect, Store, connect
from simlib.vault.verification import verify
from tests.vault.disks import Operation, connect_on
from tests.vault.sample import PASSWORD, Clock


def enter(folder: Path, connect: Connect = connect) -> Session:
    """A session without log-in, so that nothing but the import writes."""
    ring = read_keyring(folder)
    grants, _secret = ring.unlock("olga", PASSWORD)
    store = Store.open(folder / DATABASE_FILE, ring.vault, connect)
    return Session(Holdings(folder, store, ring, grants, Clock()), "olga", "owner", "intact")


class Killer:
    """Ends the process before its n-th operation on the disk: SQLite's, or the key file's."""

    def __init__(self, at: int) -> None:
        self.left = at
        flush, replace = os.fsync, Path.replace

        def counted_fsync(handle: int) -> None:
            self(Operation("sync", "keys"))
            flush(handle)

        def counted_replace(path: Path, target: Path) -> Path:
            self(Operation("rename", "keys"))
            return replace(path, target)

        files.os.fsync = counted_fsync  # type: ignore[attr-defined]
        Path.replace = counted_replace  # type: ignore[method-assign,assignment]

    def __call__(self, _operation: Operation) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def in_child(folder: Path, file: Path, kill_at: int | None, after: float | None) -> bool:
    """Import in a child that is killed; whether it ended by itself."""
    child = os.fork()
    if child == 0:
        try:
            session = enter(folder, connect if kill_at is None else connect_on(Killer(kill_at)))
            if after is None:
                session.import_file(file)
            else:
                # Only the import is timed, or most kills would meet the opening.
                signal.setitimer(signal.ITIMER_REAL, max(1e-6, after))
                signal.signal(signal.SIGALRM, lambda *_details: os.kill(os.getpid(), signal.SIGKILL))
                session.import_file(file)
            os._exit(0)
        except BaseException:  # noqa: BLE001
            os._exit(3)
    _child, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3:
        raise SystemExit("the import failed by itself")
    return os.WIFEXITED(status)


def left(folder: Path, file: Path) -> dict[str, object]:
    """What a kill left: rows, findings, and the rows after importing again."""
    session = enter(folder)
    rows = session.monthly_statistics()[1].orders
    done = verify(session._holdings, "intact")
    again = session.import_file(file)
    final = session.monthly_statistics()[1].orders
    session._holdings.lock()
    return {
        "rows": rows,
        "stored": done.rows,
        "findings": done.findings,
        "already": again.already,
        "final": final,
    }


def main(folder: Path, file: Path, work: Path, trials: int, seed: int) -> None:
    """Kill at every operation on the disk in turn, then at random moments, until there were enough."""
    importing.BLOCK_ROWS = 20  # type: ignore[attr-defined]  # many blocks in little time, as in `test_crashes`
    repeats.RUN_ROWS, repeats.RUN_BITS = 50, 1
    chance, results = random.Random(seed), []
    gc.freeze()
    copy = work / "copy"
    begin = time.perf_counter()
    copies(folder, copy)
    in_child(copy, file, None, None)
    usual = time.perf_counter() - begin
    at, by_operation = 0, True
    for _trial in range(trials):
        copies(folder, copy)
        if by_operation:
            ended = in_child(copy, file, at, None)
            at += 1
            by_operation = not ended
        else:
            ended = in_child(copy, file, None, chance.uniform(0, usual))
            # On a busy computer the first measure is soon wrong; so two of three kills meet the import always.
            usual *= 0.9 if ended else 1.05
        try:
            results.append({"ended": ended, "operation": by_operation or ended, **left(copy, file)})
        except SafeShopError as error:
            results.append({"ended": ended, "findings": [error.sentence]})
    json.dump({"operations": at, "results": results}, sys.stdout)


def copies(folder: Path, copy: Path) -> None:
    """A fresh copy."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
