"""Ratings: what buyers say of a seller in public, true or bought, and how late it comes (rows A10, D7, E7).

A run knows when buyers review, not what they think. The rule here is the simplest one: whoever got his parcel to the
courier in time and needed no dispute rates good, everybody else bad. False reviews come on top, all at once, and stay
until the platform takes them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.platform.credit import Credit, seller_credit
from simlib.records import Run
from simlib.streams import Floats, Integers


@dataclass(frozen=True)
class FalseReviews:
    """Bad reviews by people who never bought.

    Attributes
    ----------
    day
        When they appear, in days since the start.
    number
        How many.
    removed_after
        Days until the platform takes them away; ``inf`` for never.
    """

    day: float
    number: int
    removed_after: float = float("inf")

    def __post_init__(self) -> None:
        if self.number < 0 or not self.removed_after >= 0:
            raise SafeShopError(
                _(
                    "False reviews: number and days until removed must not be negative, not {number}, {days}."
                ).format(number=self.number, days=self.removed_after)
            )

    def seen(self, t: float) -> bool:
        """Whether they can be read at time `t`."""
        return self.day <= t < self.day + self.removed_after


def ratings_of(run: Run) -> tuple[Floats, Integers]:
    """When each review of a run appeared, in days, and what it says.

    Returns
    -------
    tuple
        Moments in ascending order; 1 (good) or −1 (bad) for each.
    """
    orders = run.orders
    reviewed = np.flatnonzero(~np.isnan(orders["reviewed"]))
    late = orders["picked_up"] - orders["seller_told"] > value("ship-within-days")
    bad = late | ~np.isnan(orders["dispute_opened"])
    in_time = reviewed[np.argsort(orders["reviewed"][reviewed], kind="stable")]
    return orders["reviewed"][in_time], np.where(bad[in_time], -1, 1)


def credit_by_day(
    rated: Floats, ratings: Integers, joined: float, days: int, false: FalseReviews | None = None
) -> list[Credit]:
    """A seller's credit at the end of each day.

    Parameters
    ----------
    rated, ratings
        When, and 1, 0 or −1, as from `ratings_of`.
    joined
        When the seller moved in, in days; not after day 1.
    days
        How many.
    false
        False reviews, if any.
    """
    history = []
    for day in range(1, days + 1):
        when, marks = rated, ratings
        if false is not None and false.seen(day):
            when = np.append(rated, np.full(false.number, false.day))
            marks = np.append(ratings, np.full(false.number, -1))
        history.append(seller_credit(when, marks, joined, day))
    return history


def most_turned_away(worse: Sequence[Credit], better: Sequence[Credit]) -> float:
    """Of 100 usual buyers, how many more stay away in one history than in the other, on the worst of their days."""
    return max(100 * (high.conversion - low.conversion) for low, high in zip(worse, better, strict=True))


@dataclass(frozen=True)
class PublicWarning:
    """How late the public learns that a seller cheats, if every review says so.

    Attributes
    ----------
    day
        When the first review appears, in days; nan if none did.
    orders_before
        Orders placed before, or in the whole run if none did.
    credit_before, credit_after
        What everybody could read just before the first review, and with it.
    """

    day: float
    orders_before: int
    credit_before: Credit
    credit_after: Credit


def public_warning(run: Run) -> PublicWarning:
    """When the first bad review of a seller warns others who cheats from his first day on (all reviews are bad).

    Parameters
    ----------
    run
        The orders of the seller, who moved in on day 0.
    """
    rated, _marks = ratings_of(run)
    bad = np.full(rated.size, -1)
    first = float(rated[0]) if rated.size else float("nan")
    t = first if rated.size else float(run.days)
    return PublicWarning(
        day=first,
        orders_before=int((run.orders["placed"] < t).sum()),
        credit_before=seller_credit([], [], 0.0, t),
        credit_after=seller_credit(rated, bad, 0.0, t),
    )
