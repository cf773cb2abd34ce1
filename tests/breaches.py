"""The two shops of lesson 06 with their attackers, run once for all tests that need them."""

from __future__ import annotations

from functools import lru_cache

from simlib.risk import Trials
from tests.shops import scenario

DAYS, SEED = 120, 2026


@lru_cache
def gift_shop() -> Trials:
    """The gift shop."""
    return Trials(scenario("taiwan-gift-shop"), days=DAYS, seed=SEED)


@lru_cache
def store() -> Trials:
    """The store on a marketplace."""
    return Trials(scenario("mainland-marketplace-store"), days=DAYS, seed=SEED)
