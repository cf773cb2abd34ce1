"""How fast the vault is, beside what a shop would use instead: ``python -m benchmarks.vault [rows …]``.

One after the other, several rounds of it, medians: the plain import of SQLite's own command; the same with what
the vault does for safety and look-ups, but in the open; SQLCipher through Python (every row encrypted, no checks,
no proofs); and the vault (every cell checked, duplicates found, index, totals, trail). Each in a process of its
own, so that peaks of memory are its own.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.vault.orders_file import write_orders

if TYPE_CHECKING:
    from simlib.vault.session import Session

PASSWORD = "correct horse battery"
LOOK_UPS = 200
KEYS = ("order_number", "buyer_email", "buyer_mobile")
"""Columns with an index: what a customer is found by."""
MONTHS = (
    "SELECT substr(ordered_at, 1, 7), count(*), sum(goods_amount), sum(net_received) FROM orders GROUP BY 1"
)


def sqlite_import(file: Path, folder: Path) -> dict[str, float]:
    """SQLite's own command; the yardstick."""
    return _sqlite_command(folder, f".import --csv {file} orders")


def indexed_import(file: Path, folder: Path) -> dict[str, float]:
    """The same into a table with the vault's settings and an index for each look-up."""
    with file.open(encoding="utf-8") as text:
        names = text.readline().strip()
    result = _sqlite_command(
        folder,
        "PRAGMA page_size = 8192;",
        "PRAGMA synchronous = EXTRA;",
        "PRAGMA secure_delete = ON;",
        f"CREATE TABLE orders ({names});",
        *(f"CREATE INDEX by_{column} ON orders ({column});" for column in KEYS),
        f".import --csv --skip 1 {file} orders",
    )
    return result | _asked(sqlite3.connect(folder / "sqlite.db"), file)


def _sqlite_command(folder: Path, *commands: str) -> dict[str, float]:
    program = shutil.which("sqlite3")
    if program is None:
        raise SystemExit("the sqlite3 command is not installed, so nothing was measured beside it")
    begin = time.perf_counter()
    told = subprocess.run(
        [program, str(folder / "sqlite.db"), *commands], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - begin
    assert not told.stderr, told.stderr
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * 1024 / 1e6,
        "mb": (folder / "sqlite.db").stat().st_size / 1e6,
    }


def _asked(connection: Any, file: Path) -> dict[str, float]:
    """How long a database in the open takes to look up and to add up."""

    def look_up(column: str, value: str) -> None:
        connection.execute(f"SELECT * FROM orders WHERE {column} = ?", (value,)).fetchall()

    result = _looked_up(file, look_up)
    begin = time.perf_counter()
    connection.execute(MONTHS).fetchall()
    result["months_ms"] = 1e3 * (time.perf_counter() - begin)
    connection.close()
    return result


def sqlcipher_import(file: Path, folder: Path) -> dict[str, float]:
    """SQLCipher, its default settings, rows by Python's csv module, index on order number and e-mail."""
    import csv

    from sqlcipher3 import dbapi2  # type: ignore[import-untyped,import-not-found,unused-ignore]

    begin = time.perf_counter()
    connection = dbapi2.connect(str(folder / "cipher.db"))
    connection.execute(f"PRAGMA key = '{PASSWORD}'")
    with file.open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        names = next(rows)
        connection.execute(f"CREATE TABLE orders ({', '.join(names)})")
        connection.executemany(f"INSERT INTO orders VALUES ({', '.join('?' * len(names))})", rows)
    for column in KEYS:
        connection.execute(f"CREATE INDEX by_{column} ON orders ({column})")
    connection.commit()
    result = {"seconds": time.perf_counter() - begin, **_own()}
    return result | _asked(connection, file) | {"mb": (folder / "cipher.db").stat().st_size / 1e6}


def vault_import(file: Path, folder: Path) -> dict[str, float]:
    """The vault, with everything it does."""
    import pyotp

    from simlib.vault.vault import Vault

    vault = Vault(folder / "vault")
    codes = pyotp.parse_uri(vault.create("BENCH", "olga", PASSWORD).authenticator)
    assert isinstance(codes, pyotp.TOTP)
    session = vault.sign_in("BENCH", "olga", PASSWORD, codes.now())
    # Argon2 takes 256 MiB once at log-in and gives it back; the import's own peak is what counts here.
    Path("/proc/self/clear_refs").write_text("5")
    begin, cpu = time.perf_counter(), time.process_time()
    session.import_file(file)
    result = {"seconds": time.perf_counter() - begin, "cpu": time.process_time() - cpu, "peak": _peak_since()}

    def look_up(column: str, value: str) -> None:
        kind = "order_number" if column == "order_number" else "email"
        assert session._find(kind, value).orders

    result |= _looked_up(file, look_up)
    result["noted_ms"] = 1e3 * statistics.median(_noted(session, file))
    times = []
    for _round in range(20):
        begin = time.perf_counter()
        session.monthly_statistics()
        times.append(time.perf_counter() - begin)
    begin = time.perf_counter()
    assert session.verify().findings == []
    result |= {"months_ms": 1e3 * statistics.median(times), "verify": time.perf_counter() - begin}
    session.sign_out()
    result["mb"] = sum(one.stat().st_size for one in (folder / "vault").iterdir()) / 1e6
    return result


def _noted(session: Session, file: Path) -> list[float]:
    """How long a screen waits for a customer's orders: the look-up, and the trail's entry flushed to the disk."""
    times = []
    for number in _orders_in(file, 20):
        start = time.perf_counter()
        session.find(order_number=number["order_number"])
        times.append(time.perf_counter() - start)
    return times


def _peak_since() -> float:
    """Peak of memory since it was last cleared, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _own() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024 / 1e6}


def _looked_up(file: Path, look_up: Callable[[str, str], None]) -> dict[str, float]:
    """Median and slowest time, in ms, of looking up orders spread over the file, each for the first time."""
    found, told = _orders_in(file, LOOK_UPS), dict[str, float]()
    for column, label in (("order_number", "order"), ("buyer_email", "email")):
        times, worked = [], []
        for one in found:
            start, cpu = time.perf_counter(), time.process_time()
            look_up(column, one[column])
            times.append(1e3 * (time.perf_counter() - start))
            worked.append(1e3 * (time.process_time() - cpu))
        told |= {f"{label}_ms": statistics.median(times), f"{label}_cpu_ms": statistics.median(worked)}
        told[f"{label}_max_ms"] = max(times)
    return told


def _orders_in(file: Path, count: int) -> list[dict[str, str]]:
    size, found = file.stat().st_size, []
    with file.open("rb") as lines:
        names = lines.readline().decode().strip().split(",")
        for at in range(count):
            lines.seek(size * at // count)
            lines.readline()
            cells = lines.readline().decode().split(",")
            if len(cells) == len(names):
                found.append(dict(zip(names, cells, strict=True)))
    return found


RUNS: dict[str, Callable[[Path, Path], dict[str, float]]] = {
    "sqlite3 .import": sqlite_import,
    "… indexed, EXTRA": indexed_import,
    "SQLCipher": sqlcipher_import,
    "vault": vault_import,
}
COLUMNS = (
    "seconds",
    "cpu",
    "peak",
    "mb",
    "order_ms",
    "order_cpu_ms",
    "order_max_ms",
    "email_ms",
    "email_cpu_ms",
    "email_max_ms",
    "noted_ms",
    "months_ms",
    "verify",
)


def main(rows: Annotated[list[int] | None, typer.Argument()] = None, only: str = "", rounds: int = 3) -> None:
    """Measure with files of so many rows (1,000,000 unless told), so many rounds; medians."""
    folder = Path(os.environ.get("SAFESHOP_BENCH", tempfile.gettempdir())) / "safeshop-bench"
    folder.mkdir(exist_ok=True)
    columns = [*COLUMNS, "times_wall", "times_cpu"]
    typer.echo("| | " + " | ".join(columns) + " |\n|---|" + "--:|" * len(columns))
    for count in rows or [1_000_000]:
        file = folder / f"orders-{count}.csv"
        if not file.exists():
            write_orders(file, count)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in RUNS if only in ("", name)}
        for _round in range(rounds):
            for name, results in found.items():
                if told := _measured(name, file, folder):
                    results.append(told)
        for name, results in found.items():
            if results:
                _print_row(
                    f"{name}, {count:,}", _medians(results), _medians(found.get("sqlite3 .import", []))
                )


def _measured(name: str, file: Path, folder: Path) -> dict[str, float]:
    work = Path(tempfile.mkdtemp(dir=folder))
    try:
        command = [sys.executable, "-m", "benchmarks.vault.one", name, str(file), str(work)]
        told = subprocess.run(command, check=False, capture_output=True, text=True)
        if told.returncode:
            typer.echo(f"{name}: {(told.stderr.strip() or 'failed').splitlines()[-1]}", err=True)
            return {}
        result: dict[str, float] = json.loads(told.stdout)
        return result
    finally:
        shutil.rmtree(work)


def _medians(results: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in results) for name in (results[0] if results else ())}


def _print_row(name: str, found: dict[str, float], plain: dict[str, float]) -> None:
    if plain:
        found |= {"times_wall": found["seconds"] / plain["seconds"], "times_cpu": found["cpu"] / plain["cpu"]}
    columns = [*COLUMNS, "times_wall", "times_cpu"]
    cells = (f"{found[one]:,.1f}" if one in found else "" for one in columns)
    typer.echo(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    typer.run(main)
