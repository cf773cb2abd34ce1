"""One measurement in a process of its own, so that its memory is its own; prints one line of JSON.

``python -m benchmarks.one WHAT SIZE REPEATS``
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from simlib.scenario import Scenario

ORDERS_A_DAY = 20
"""As in the preset; a million orders need more a day, because no run is longer than a century."""


def shop_for(orders: int) -> tuple[Scenario, int]:
    """The preset, and how many days bring so many orders."""
    a_day = ORDERS_A_DAY if orders <= 500_000 else 2 * ORDERS_A_DAY
    shop = Scenario.load("taiwan-gift-shop").changed(demand__orders_per_day=float(a_day))
    return shop, round(orders / a_day)


def engine(name: str, orders: int) -> Callable[[], int]:
    """A run of so many orders; gives the number of orders there were."""
    shop, days = shop_for(orders)
    if name == "events":
        from simlib.world import simulate

        return lambda: simulate(shop, days=days, seed=1).orders.rows
    if name.startswith("arrays"):
        from simlib.arrays import contention, simulate_arrays

        # Compiling and opening files belong to the first run of a machine, not to each.
        contention.compile_loop()
        simulate_arrays(shop, days=3, seed=1)

        def run() -> int:
            done = simulate_arrays(shop, days=days, seed=1)
            if name == "arrays-all":
                _written = done.postings.rows, done.stock.rows, done.events.rows, dict(done.orders)
            return done.orders.rows

        return run
    from benchmarks.peers import PEERS

    peer = PEERS[name]
    if name == "ciw":
        # One record a stage.
        return lambda: len(peer(shop, days, 1)) // 10
    return lambda: len(peer(shop, days, 1))


def exposure(name: str, intervals: int) -> Callable[[], int]:
    """Counting readable copies at each hour of a year among so many."""
    import numpy as np
    import pandas as pd

    from simlib.privacy import ONLINE, exposure
    from simlib.privacy.copies import PLACES
    from simlib.records import Table

    rng = np.random.default_rng(1)
    since = rng.random(intervals) * 365
    until = since + rng.exponential(10, intervals)
    at = np.arange(0, 365, 1 / 24)
    if name.startswith("exposure"):
        copies = Table(
            {
                "place": np.zeros(intervals, dtype=np.int8),
                "form": np.zeros(intervals, dtype=np.int8),
                "fields": np.full(intervals, 28, dtype=np.int16),
                "since": since,
                "until": until,
            },
            {"place": PLACES, "form": ("plain", "masked", "encrypted")},
        )
        if name == "exposure":
            # Whoever simulates that much has numba loaded, and with it compiled counting; the first call fetches it.
            from simlib.arrays import contention

            contention.compile_loop()
            exposure(copies, ONLINE, at)
        return lambda: int(exposure(copies, ONLINE, at).sum())
    frame = pd.DataFrame({"since": since, "until": until})

    def sweep_line() -> int:
        steps = pd.concat(
            [pd.Series(1, index=frame["since"]), pd.Series(-1, index=frame["until"])]
        ).sort_index(kind="stable")
        counts = steps.cumsum()
        counts = counts[~counts.index.duplicated(keep="last")]
        return int(counts.reindex(at, method="ffill").fillna(0).sum())

    def by_interval() -> int:
        index: Any = pd.IntervalIndex.from_arrays(frame["since"], frame["until"], closed="left")
        # A hundred moments only: each looks at all intervals.
        return sum(int(index.contains(moment).sum()) for moment in at[:100])

    return by_interval if name == "pandas-intervals" else sweep_line


def replications(name: str, runs: int) -> Callable[[], int]:
    """So many runs of 30 days, about 600 orders each."""
    from simlib.experiment import replicate

    shop = Scenario.load("taiwan-gift-shop")
    how, _dash, where = name.removeprefix("runs-").partition("-")
    options: dict[str, Any] = {"days": 30, "runs": runs, "engine": how}
    if where == "dask":

        def on_dask() -> int:
            from distributed import Client, LocalCluster

            with (
                LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call, unused-ignore]
                Client(cluster) as client,  # type: ignore[no-untyped-call, unused-ignore]
            ):
                return replicate(shop, "days_to_close", client=client, **options).numbers.size

        return on_dask
    jobs = {"serial": 1, "joblib": -1}[where]
    return lambda: replicate(shop, "days_to_close", jobs=jobs, **options).numbers.size


def main() -> None:
    """Measure and print."""
    name, size, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if name.startswith("runs-"):
        work = replications(name, size)
    elif name in ("exposure", "exposure-numpy", "pandas-sweep-line", "pandas-intervals"):
        work = exposure(name, size)
    else:
        work = engine(name, size)
    # Other programs' work does not count, except where several processes do the work.
    several = name.endswith(("-joblib", "-dask"))
    clock = time.perf_counter if several else time.process_time
    seconds = []
    for _repeat in range(repeats):
        begun = clock()
        count = work()
        seconds.append(clock() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"name": name, "size": size, "count": count, "seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main()
