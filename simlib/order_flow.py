"""Order flow: what a run says about the life of its orders, in numbers.

Stages, funnel, payment attempts, orders under way, and what a wrong price earned or lost. Figures and lessons
take their numbers from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simlib.languages import _
from simlib.records import Run, mean_days_between
from simlib.scenario import MINOR_UNITS
from simlib.streams import Integers


@dataclass(frozen=True)
class Stage:
    """A stretch of an order's life between two milestones.

    Attributes
    ----------
    begin, end
        Names of `simlib.records.MILESTONES`.
    label
        Words for people, made when asked for.
    """

    begin: str
    end: str
    label: Callable[[], str]

    def mean_days(self, run: Run) -> float:
        """Mean time over the orders that went through the stage, in days."""
        return mean_days_between(run.orders, self.begin, self.end)


STAGES: Final = (
    Stage("placed", "confirmed", lambda: _("check and confirm")),
    Stage("confirmed", "seller_told", lambda: _("pay")),
    Stage("seller_told", "packed", lambda: _("wait for a packer and pack")),
    Stage("packed", "picked_up", lambda: _("wait for the courier")),
    Stage("picked_up", "delivered", lambda: _("in transit")),
    Stage("delivered", "cooling_off_ended", lambda: _("cooling-off")),
)
"""The stages of an order that is delivered and kept, one after the other; with cash on delivery the seller is
told at once."""


def stages(run: Run) -> tuple[Stage, ...]:
    """The stages that exist in this shop; without cooling-off there is no such stage."""
    if run.scenario.cooling_off.days:
        return STAGES
    return STAGES[:-1]


def under_way(run: Run, at: npt.ArrayLike) -> Integers:
    """How many orders are placed and not yet closed at each of the moments (days)."""
    placed = np.sort(run.orders["placed"])
    closed = np.sort(run.orders["closed"][~np.isnan(run.orders["closed"])])
    return np.asarray(np.searchsorted(placed, at, side="right") - np.searchsorted(closed, at, side="right"))


def mean_under_way(run: Run, begin: float) -> float:
    """Mean number of orders under way from `begin` (days) to the end of the run."""
    orders = run.orders
    closed = np.where(np.isnan(orders["closed"]), run.days, orders["closed"])
    spans = np.minimum(closed, run.days) - np.maximum(orders["placed"], begin)
    return float(np.maximum(spans, 0).sum() / (run.days - begin))


def funnel(run: Run) -> dict[str, int]:
    """How many get how far, from visit to review (row A1); labels in the reader's language."""
    orders = run.orders

    def reached(milestone: str) -> int:
        return int((~np.isnan(orders[milestone])).sum())

    return {
        _("visits"): int(run.traffic["visits"].sum()),
        _("carts"): int(run.traffic["carts"].sum()),
        _("orders placed"): orders.rows,
        _("confirmed"): reached("confirmed"),
        _("paid"): reached("paid"),
        _("delivered"): reached("delivered"),
        _("completed"): int(orders.where("state", "completed").sum()),
        _("reviewed"): reached("reviewed"),
    }


def payment_attempts(run: Run) -> dict[str, tuple[int, int, int]]:
    """How payments end, by method (row A2).

    Returns
    -------
    dict
        Method → orders paid at the first attempt, paid at a later one, never paid. For cash on delivery the
        only attempt is at the door.
    """
    orders, events = run.orders, run.events
    tries = np.zeros(orders.rows, dtype=np.int64)
    np.add.at(tries, events["order"][events.where("kind", "authenticated")], 1)
    paid = ~np.isnan(orders["paid"])
    never = orders.where("state", "unpaid") | orders.where("state", "refused")
    result = {}
    for method in orders.words["payment_method"]:
        mine = orders.where("payment_method", method)
        result[method] = (
            int((mine & paid & (tries <= 1)).sum()),
            int((mine & paid & (tries > 1)).sum()),
            int((mine & never).sum()),
        )
    return result


@dataclass(frozen=True)
class PriceErrorResult:
    """What the orders with a wrong price came to.

    Attributes
    ----------
    orders, shipped
        Orders with at least one wrongly priced line; those of them that left the house.
    margin
        What the shop earned on them, in currency units: money received less goods at cost, courier and fees.
    """

    orders: int
    shipped: int
    margin: float


def price_error_result(run: Run) -> PriceErrorResult:
    """What the wrongly priced orders earned or lost, from the postings (row A12).

    Money still waiting with a payment company counts as earned: it is on its way to the seller.
    """
    lines, orders, postings = run.lines, run.orders, run.postings
    price = np.array([run.scenario.minor(product.price) for product in run.scenario.catalogue])
    wrong = np.unique(lines["order"][lines["unit_price"] != price[lines["product"]]])
    mine = np.isin(postings["order"], wrong)
    margin = 0
    for account, sign in (
        ("seller", 1),
        ("payment_company", 1),
        ("escrow", 1),
        ("courier_cash", 1),
        ("cost_of_goods", -1),
    ):
        margin += sign * int(postings["amount"][mine & postings.where("account", account)].sum())
    shipped = int((~np.isnan(orders["picked_up"][wrong])).sum())
    return PriceErrorResult(len(wrong), shipped, margin / MINOR_UNITS[run.scenario.currency])
