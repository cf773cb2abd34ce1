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

from benchmarks.__main__ import SIZES
from benchmarks.one import ORDERS_A_DAY, engine


def seconds(work: Callable[[], int]) -> float:
    """Processor time of one run."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def known(name: str) -> str:
    """The name of an engine, or a sentence that tells the names there are."""
    if name not in SIZES:
        raise typer.BadParameter(f"{name} is no engine; choose one of {', '.join(SIZES)}.")
    return name


Fast = Annotated[str, typer.Argument(help="The engine that takes less time.", callback=known)]
Slow = Annotated[str, typer.Argument(help="The one it is compared with.", callback=known)]
Orders = Annotated[int, typer.Argument(help="Orders of a run.", min=ORDERS_A_DAY, max=1_000_000)]
Turns = Annotated[int, typer.Option(help="Runs of the slow engine.", min=1)]
Each = Annotated[int, typer.Option(help="Runs of the quick one before, and after, each of them.", min=1)]


def main(
    quick: Fast = "arrays", slow: Slow = "simpy", orders: Orders = 100_000, turns: Turns = 3, each: Each = 6
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
