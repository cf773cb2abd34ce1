"""Oversight: what a run says about a store that its platform watches (row A11).

The world gives the points and lets them have their consequences while the clock runs. Here the store's standing is
put together again from what the run left behind, and set beside what the store sold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlib.platform.rules import Standing, Violation, judge
from simlib.records import Run
from simlib.scenario import MINOR_UNITS
from simlib.streams import Integers, tick


def standing_of(run: Run) -> Standing:
    """The store's standing at the end of a run: late shipments from its log, other incidents from its scenario."""
    events = run.events
    late = events.where("kind", "violation") & (events["order"] >= 0)
    violations = [
        Violation(float(t), "late-shipment", int(order))
        for t, order in zip(events["t"][late], events["order"][late], strict=True)
    ]
    oversight = run.scenario.oversight
    incidents = [
        Violation(tick(incident.day), incident.kind)
        for incident in oversight.incidents
        if oversight.enforced and tick(incident.day) < run.days
    ]
    return judge([*incidents, *violations])


@dataclass(frozen=True)
class WatchedStore:
    """A store under a platform's eyes, from the first to the last day of a run.

    Attributes
    ----------
    standing
        What is on record.
    orders_per_day
        Orders placed on each day.
    sales
        What buyers paid for them, in currency units.
    held_back
        Money of completed orders that the platform does not pay out, in currency units.
    minutes_to_pack
        From the notice to the seller until the parcel is packed, mean, in minutes.
    """

    standing: Standing
    orders_per_day: Integers
    sales: float
    held_back: float
    minutes_to_pack: float


def watched_store(run: Run) -> WatchedStore:
    """How a store fared under its platform's rules.

    Parameters
    ----------
    run
        The run of a store whose money waits in escrow.
    """
    orders, postings = run.orders, run.postings
    per_unit = MINOR_UNITS[run.scenario.currency]
    completed = np.flatnonzero(orders.where("state", "completed"))
    held = postings.where("account", "escrow") & np.isin(postings["order"], completed)
    to_pack = (orders["packed"] - orders["seller_told"])[~np.isnan(orders["packed"])]
    return WatchedStore(
        standing=standing_of(run),
        orders_per_day=np.bincount(np.floor(orders["placed"]).astype(np.int64), minlength=run.days),
        sales=float(orders["amount"][~np.isnan(orders["paid"])].sum()) / per_unit,
        held_back=float(postings["amount"][held].sum()) / per_unit,
        minutes_to_pack=1440 * float(to_pack.mean()) if to_pack.size else float("nan"),
    )
