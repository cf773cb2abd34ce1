"""Disputes: how they end on the way up the ladder, how long that takes, what it costs (rows E7, E8).

`expected_steps` reckons the ladder by hand, `dispute_results` counts a run; the one checks the other. While a dispute
lasts its order is open, so the buyer's data stay where they are: `online_by_dispute` counts that, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlib.languages import _
from simlib.privacy import copies_taken, web_place
from simlib.records import Run, Table
from simlib.scenario import MINOR_UNITS, DisputeStep
from simlib.streams import Floats, Integers


@dataclass(frozen=True)
class ExpectedStep:
    """A step of the ladder, as it is to be expected.

    Attributes
    ----------
    name
        Of the step.
    reached, ended
        Share of all disputes that come to it, and that end in it.
    days
        How long it lasts, mean.
    for_buyer
        Share of those it ends in which the buyer gets his money back.
    cost
        What it costs the seller, in currency units.
    """

    name: str
    reached: float
    ended: float
    days: float
    for_buyer: float
    cost: float


def expected_steps(steps: Sequence[DisputeStep]) -> tuple[ExpectedStep, ...]:
    """How many of all disputes come to each step, and end there; the last step ends all."""
    result, reached = [], 1.0
    for number, step in enumerate(steps):
        settles = step.settles if number + 1 < len(steps) else 1.0
        result.append(
            ExpectedStep(
                step.name, reached, reached * settles, step.lasts.mean_days, step.for_buyer, float(step.cost)
            )
        )
        reached *= 1 - settles
    return tuple(result)


def expected_days(steps: Sequence[DisputeStep]) -> float:
    """How long a dispute lasts on average, in days."""
    return sum(step.reached * step.days for step in expected_steps(steps))


def expected_cost(steps: Sequence[DisputeStep]) -> float:
    """What a dispute costs the seller on average, in currency units, without the money given back."""
    return sum(step.reached * step.cost for step in expected_steps(steps))


@dataclass(frozen=True)
class DisputeResults:
    """How the disputes of a run ended.

    Attributes
    ----------
    steps
        Names of the ladder's steps.
    for_buyer, for_seller
        Disputes that ended in each step with the money given back, and without.
    still_open
        Disputes not settled when the run ended.
    days
        How long each settled one lasted, in days.
    costs
        What the steps cost the seller, in currency units.
    given_back
        What buyers got back, in currency units.
    """

    steps: tuple[str, ...]
    for_buyer: Integers
    for_seller: Integers
    still_open: int
    days: Floats
    costs: float
    given_back: float

    @property
    def settled(self) -> int:
        """Disputes that ended."""
        return int(self.days.size)


def dispute_results(run: Run) -> DisputeResults:
    """How the disputes of a run ended, from its orders, its log and its books."""
    orders, events, postings = run.orders, run.events, run.postings
    steps = tuple(step.name for step in run.scenario.disputes.steps)
    taken = np.zeros(orders.rows, dtype=np.int64)
    np.add.at(taken, events["order"][events.where("kind", "dispute_step")], 1)
    ended = ~np.isnan(orders["dispute_ended"])
    opened = ~np.isnan(orders["dispute_opened"])
    buyer_won = ended & orders.where("state", "refunded")
    per_unit = MINOR_UNITS[run.scenario.currency]
    costs = postings["amount"][postings.where("account", "dispute_costs")].sum()
    return DisputeResults(
        steps=steps,
        for_buyer=np.bincount(taken[buyer_won] - 1, minlength=len(steps)),
        for_seller=np.bincount(taken[ended & ~buyer_won] - 1, minlength=len(steps)),
        still_open=int((opened & ~ended).sum()),
        days=(orders["dispute_ended"] - orders["dispute_opened"])[ended],
        costs=float(costs) / per_unit,
        given_back=float(orders["amount"][buyer_won].sum()) / per_unit,
    )


@dataclass(frozen=True)
class OnlineOrders:
    """How long a group of orders lay readable in the web shop.

    Attributes
    ----------
    orders
        How many.
    days
        Mean time of one, in days; those still there count until the end of the run.
    longest
        The longest time, in days.
    record_days
        All times added up.
    """

    orders: int
    days: float
    longest: float
    record_days: float


def online_by_dispute(run: Run, copies: Table) -> tuple[OnlineOrders, OnlineOrders]:
    """How long delivered orders lay readable in the web shop: those without a dispute, and those with one.

    Parameters
    ----------
    run
        The run.
    copies
        Its copies under some policy, from `simlib.privacy.copies_of`.
    """
    there = copies_taken(copies, [web_place(run.scenario)]) & copies.where("record", "order")
    spans = np.minimum(copies["until"][there], run.days) - copies["since"][there]
    online = np.zeros(run.orders.rows)
    np.add.at(online, copies["number"][there], spans)
    kept = ~np.isnan(run.orders["cooling_off_ended"])
    disputed = ~np.isnan(run.orders["dispute_opened"])
    return _online(online[kept & ~disputed]), _online(online[disputed])


def _online(days: Floats) -> OnlineOrders:
    if not days.size:
        return OnlineOrders(0, float("nan"), float("nan"), 0.0)
    return OnlineOrders(int(days.size), float(days.mean()), float(days.max()), float(days.sum()))


def step_label(name: str) -> str:
    """A step of the ladder in the reader's language."""
    return {
        "negotiation": _("buyer and seller talk"),
        "platform-mediation": _("the platform mediates"),
        "consumer-body": _("a consumer body mediates"),
        "online-dispute-resolution": _("online dispute resolution (ODR)"),
        "arbitration": _("arbitration"),
        "court": _("court"),
    }[name]
