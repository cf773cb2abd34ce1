"""All measurements, one after the other, as a table in Markdown: ``python -m benchmarks [--quick] [--out FILE]``."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from tqdm import tqdm

ENGINES = {
    "arrays": "our arrays engine",
    "arrays-all": "… with all tables written down",
    "events": "our events engine",
    "simpy": "SimPy, one process an order, scalar draws",
    "simpy-numpy": "… the same, scalar draws from numpy's generator",
    "simpy-batched": "… the same, numbers drawn in batches",
    "simpy-books": "… scalar draws, and the books that our world keeps",
    "salabim": "salabim",
    "ciw": "Ciw (ten stages, no calendars, no returns)",
}

SIZES = {
    "arrays": (1_000, 10_000, 100_000, 1_000_000),
    "arrays-all": (1_000, 10_000, 100_000),
    "events": (1_000, 10_000, 100_000),
    "simpy": (1_000, 10_000, 100_000),
    "simpy-numpy": (10_000,),
    "simpy-batched": (10_000,),
    "simpy-books": (10_000,),
    "salabim": (1_000, 10_000, 100_000),
    "ciw": (1_000,),
}
"""Orders at which each is measured: the slow ones only as far as they can bear."""

ROUNDS = 3
"""So often everything quick is measured, each time after everything else: then a busy hour slows all of it alike."""

ONCE = 20.0
"""What takes longer, in seconds, is measured in the first round only."""

AT_A_TIME = {1_000: 5, 10_000: 1, 100_000: 1, 1_000_000: 1}
"""Repeats within a round."""


def measured(name: str, size: int, repeats: int) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.one", name, str(size), str(repeats)],
        cwd=Path(__file__).resolve().parents[1],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return result


def plan(quick: bool) -> list[tuple[str, int, int]]:
    """What is measured: name, size, repeats."""
    engines = [
        (name, size, 5 if name.startswith("arrays") and size <= 100_000 else AT_A_TIME[size])
        for name, sizes in SIZES.items()
        for size in sizes
        if not quick or size <= 10_000
    ]
    intervals = 100_000 if quick else 1_000_000
    runs = 100 if quick else 1_000
    by_events = 20 if quick else 1_000
    return [
        *engines,
        *((name, intervals, 5) for name in ("exposure", "exposure-numpy", "pandas-sweep-line")),
        ("pandas-intervals", intervals, 1),
        *((f"runs-arrays-{where}", runs, 1) for where in ("serial", "joblib", "dask")),
        *((f"runs-events-{where}", by_events, 1) for where in ("serial", "joblib", "dask")),
    ]


def report(results: list[dict[str, Any]]) -> str:
    """The tables."""
    seconds = {(each["name"], each["size"]): median(each["seconds"]) for each in results}
    rows = [
        "| engine | orders | seconds | orders a second | times arrays' | peak MB |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for each in results:
        name, size = each["name"], each["size"]
        if name in ENGINES:
            took = seconds[name, size]
            ratio = took / seconds["arrays", size]
            rows.append(
                f"| {ENGINES[name]} | {each['count']:,} | {took:.3g} | {each['count'] / took:,.0f} "
                f"| {ratio:,.3g} | {each['peak_mb']:,.0f} |"
            )
    rows += ["", "| exposure of many intervals | intervals | moments | seconds |", "|---|--:|--:|--:|"]
    labels = {
        "exposure": "ours, where numba is loaded",
        "exposure-numpy": "ours, without numba",
        "pandas-sweep-line": "pandas: +1 and −1 in order of time, cumsum, reindex with ffill",
        "pandas-intervals": "pandas: IntervalIndex.contains for each moment",
    }
    moments = {
        "exposure": 8_760,
        "exposure-numpy": 8_760,
        "pandas-sweep-line": 8_760,
        "pandas-intervals": 100,
    }
    for each in results:
        if each["name"] in moments:
            took = seconds[each["name"], each["size"]]
            rows.append(
                f"| {labels[each['name']]} | {each['size']:,} | {moments[each['name']]:,} | {took:.3g} |"
            )
    rows += [
        "",
        "| replications of 30 days, 600 orders | runs | seconds | runs a second |",
        "|---|--:|--:|--:|",
    ]
    for each in results:
        if each["name"].startswith("runs-"):
            took = seconds[each["name"], each["size"]]
            label = each["name"].removeprefix("runs-").replace("-", ", ")
            rows.append(f"| {label} | {each['count']:,} | {took:.3g} | {each['count'] / took:,.0f} |")
    return "\n".join(rows)


def machine() -> str:
    """Where and with what it was measured."""
    from importlib.metadata import PackageNotFoundError, version

    def of(name: str) -> str:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            return f"no {name}"

    libraries = ", ".join(
        of(name) for name in ("numpy", "numba", "simpy", "salabim", "ciw", "pandas", "dask")
    )
    return f"Python {platform.python_version()}, {os.cpu_count()} processors, {libraries}"


def main(
    quick: Annotated[bool, typer.Option(help="Only sizes that take seconds.")] = False,
    out: Annotated[Path | None, typer.Option(help="File to write the raw figures into, as JSON.")] = None,
) -> None:
    """Measure everything and print the tables."""
    results: dict[tuple[str, int], dict[str, Any]] = {}
    for number in range(1 if quick else ROUNDS):
        for name, size, repeats in tqdm(plan(quick), unit="measurement", desc=f"round {number + 1}"):
            before = results.get((name, size))
            if before is None:
                results[name, size] = measured(name, size, repeats)
            elif sum(before["seconds"]) < ONCE:
                again = measured(name, size, repeats)
                before["seconds"] += again["seconds"]
                before["peak_mb"] = max(before["peak_mb"], again["peak_mb"])
            if out is not None:
                out.write_text(json.dumps(list(results.values()), indent=1) + "\n", encoding="utf-8")
    print(machine(), report(list(results.values())), sep="\n\n")


if __name__ == "__main__":
    typer.run(main)
