"""How long attacked runs and walks take: ``python -m benchmarks.attacks``.

Processor time, median of several turns: an attacked run beside its quiet twin, and walks against one finished run.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time

from simlib.attacker import campaign, campaigns
from simlib.risk import QuietRun, walks, years
from simlib.scenario import Attack, Scenario
from simlib.world import simulate

DAYS = 90
TURNS = 5
WALKS = 1000


def seconds(action: Callable[[int], object]) -> float:
    """Median processor time of an action that is given the number of the turn."""
    took = []
    for turn in range(TURNS):
        begin = process_time()
        action(turn)
        took.append(process_time() - begin)
    return median(took)


def main() -> None:
    """Measure and print one line each."""
    shop = Scenario.load("taiwan-gift-shop")
    every = tuple(
        Attack(campaign=name, day=10.0 + 4 * place)
        for place, name in enumerate(name for name in campaigns() if campaign(name).possible(shop))
    )
    attacked = shop.model_copy(update={"attacks": every})
    random = shop.changed(attackers={})
    calm = QuietRun(simulate(shop, days=DAYS, seed=1))
    year = QuietRun(simulate(shop, days=365, seed=1))
    walks(calm, "ransomware", walks=10)
    print(f"gift shop, {DAYS} days, {calm.run.orders.rows} orders, quiet: ", end="")
    print(f"{seconds(lambda turn: simulate(shop, days=DAYS, seed=turn)):.3f} s")
    print("… with attackers who come at random: ", end="")
    print(f"{seconds(lambda turn: simulate(random, days=DAYS, seed=turn)):.3f} s")
    print(f"… with {len(every)} attacks, one every four days: ", end="")
    print(f"{seconds(lambda turn: simulate(attacked, days=DAYS, seed=turn)):.3f} s")
    for name in ("account-takeover", "ransomware", "leaked-orders-calls"):
        if campaign(name).possible(shop):
            took = seconds(lambda turn, name=name: walks(calm, name, walks=WALKS, seed=turn * WALKS))  # type: ignore[misc]
            print(f"{WALKS} walks, {name}: {took:.2f} s")
    took = seconds(lambda turn: years(year, random, walks=WALKS, seed=turn * WALKS))
    print(f"{WALKS} years of random attackers: {took:.2f} s")


if __name__ == "__main__":
    main()
