"""How fast the vault is, beside what a shop would use instead: ``python -m benchmarks.vault [rows …]``.

One run on one machine, one after the other: the plain import of SQLite's own command, SQLCipher through Python
(every row encrypted, no checks, no proofs), and the vault (every cell checked, duplicates found, index, totals,
trail). Each in a process of its own, so that peaks of memory are its own.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.vault.orders_file import write_orders

PASSWORD = "correct horse battery"
LOOK_UPS = 200


def sqlite_import(file: Path, folder: Path) -> dict[str, float]:
    """SQLite's own command; the yardstick."""
    begin = time.perf_counter()
    command = ["sqlite3", str(folder / "plain.db"), f".import --csv {file} orders"]
    subprocess.run(command, check=True)
    seconds = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        "mb": (folder / "plain.db").stat().st_size / 1e6,
    }


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
    for column in ("order_number", "buyer_email", "buyer_mobile"):
        connection.execute(f"CREATE INDEX by_{column} ON orders ({column})")
    connection.commit()
    seconds = time.perf_counter() - begin

    def look_up(column: str, value: str) -> float:
        start = time.perf_counter()
        connection.execute(f"SELECT * FROM orders WHERE {column} = ?", (value,)).fetchall()
        return time.perf_counter() - start

    result = {"seconds": seconds, **_own(), **_looked_up(file, look_up)}
    begin = time.perf_counter()
    connection.execute(
        "SELECT substr(ordered_at, 1, 7), count(*), sum(goods_amount), sum(net_received) FROM orders GROUP BY 1"
    ).fetchall()
    result |= {
        "months_ms": 1e3 * (time.perf_counter() - begin),
        "mb": (folder / "cipher.db").stat().st_size / 1e6,
    }
    return result


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

    def look_up(column: str, value: str) -> float:
        kind = "order_number" if column == "order_number" else "email"
        start = time.perf_counter()
        assert session._find(kind, value).orders
        return time.perf_counter() - start

    result |= _looked_up(file, look_up)
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


def _peak_since() -> float:
    """Peak of memory since it was last cleared, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _own() -> dict[str, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024 / 1e6}


def _looked_up(file: Path, look_up: Callable[[str, str], float]) -> dict[str, float]:
    """Median and slowest time, in ms, of looking up orders spread over the file, each for the first time."""
    size, found = file.stat().st_size, []
    with file.open("rb") as lines:
        names = lines.readline().decode().strip().split(",")
        for at in range(LOOK_UPS):
            lines.seek(size * at // LOOK_UPS)
            lines.readline()
            cells = lines.readline().decode().split(",")
            if len(cells) == len(names):
                found.append(dict(zip(names, cells, strict=True)))
    told: dict[str, float] = {}
    for column, label in (("order_number", "order"), ("buyer_email", "email")):
        times = [1e3 * look_up(column, one[column]) for one in found]
        told |= {f"{label}_ms": statistics.median(times), f"{label}_max_ms": max(times)}
    return told


RUNS: dict[str, Callable[[Path, Path], dict[str, float]]] = {
    "sqlite3 .import": sqlite_import,
    "SQLCipher": sqlcipher_import,
    "vault": vault_import,
}
COLUMNS = (
    "seconds",
    "cpu",
    "peak",
    "mb",
    "order_ms",
    "order_max_ms",
    "email_ms",
    "email_max_ms",
    "months_ms",
    "verify",
)


def main(rows: Annotated[list[int] | None, typer.Argument()] = None, only: str = "") -> None:
    """Measure with files of so many rows (1,000,000 unless told)."""
    folder = Path(os.environ.get("SAFESHOP_BENCH", tempfile.gettempdir())) / "safeshop-bench"
    folder.mkdir(exist_ok=True)
    typer.echo(f"{'':24}" + "".join(f"{name:>13}" for name in COLUMNS))
    for count in rows or [1_000_000]:
        file = folder / f"orders-{count}.csv"
        if not file.exists():
            write_orders(file, count)
        for name in RUNS:
            if only and only != name:
                continue
            work = Path(tempfile.mkdtemp(dir=folder))
            try:
                command = [sys.executable, "-m", "benchmarks.vault.one", name, str(file), str(work)]
                told = subprocess.run(command, check=False, capture_output=True, text=True)
                if told.returncode:
                    typer.echo(f"{name} {count:,}: {told.stderr.strip().splitlines()[-1]}")
                    continue
                found = json.loads(told.stdout)
                cells = "".join(f"{found[one]:>13,.1f}" if one in found else f"{'':>13}" for one in COLUMNS)
                typer.echo(f"{name + f' {count:,}':24}{cells}")
            finally:
                shutil.rmtree(work)


if __name__ == "__main__":
    typer.run(main)
