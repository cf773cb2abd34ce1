"""A small rehearsal vault for tests: the turn from May to June of a small shop."""

from __future__ import annotations

from functools import lru_cache

from simlib.course.rehearsal import Rehearsal, _current
from simlib.records import Run
from simlib.scenario import Scenario
from simlib.vault.sealing import REHEARSAL_COST as CHEAP
from simlib.world import simulate


@lru_cache
def small_run() -> Run:
    shop = Scenario.load("taiwan-gift-shop").changed(
        start="2014-05-20", demand__orders_per_day=5, demand__members_at_start=30
    )
    # With this seed two orders end between the export and midnight: they must wait for the next one.
    return simulate(shop, days=30, seed=3)


def rehearsal() -> Rehearsal:
    """One that does not take the place of another, as it would in a notebook."""
    made = Rehearsal(small_run(), CHEAP)
    _current.clear()
    return made
