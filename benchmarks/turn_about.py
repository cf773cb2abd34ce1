"""Two engines turn about in one process, so that a busy minute slows both: ``python -m benchmarks.turn_about``.

On a shared machine the same work takes half as long again from one minute to the next; a ratio of two measurements
of different minutes says little. Here the first engine runs before and after each run of the second.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median
from typing import Annotated

import typer

from benchmarks.one import engine


def seconds(work: Callable[[], int]) -> float:
    """Processor time of one run."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def main(
    quick: Annotated[str, typer.Argument(help="The engine that takes less time, such as arrays.")] = "arrays",
    slow: Annotated[
        str, typer.Argument(help="The one it is compared with, such as simpy or salabim.")
    ] = "simpy",
    orders: Annotated[int, typer.Argument(help="Orders of a run.")] = 100_000,
    turns: Annotated[int, typer.Option(help="Runs of the slow engine.")] = 3,
    each: Annotated[
        int, typer.Option(help="Runs of the quick one before, and as many after, each of them.")
    ] = 6,
) -> None:
    """Print each turn's median times and their ratio, then the median of the ratios."""
    one, other = engine(quick, orders), engine(slow, orders)
    ratios = []
    for _turn in range(turns):
        before = [seconds(one) for _run in range(each)]
        long = seconds(other)
        gc.collect()
        short = median(before + [seconds(one) for _run in range(each)])
        ratios.append(long / short)
        print(f"{quick} {short:.4f} s, {slow} {long:.3f} s: {ratios[-1]:.1f} times", flush=True)
    print(f"median {median(ratios):.1f} times")


if __name__ == "__main__":
    typer.run(main)
