"""Logistics: parcels that never arrive, and who pays for them (row D6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlib.records import Run
from simlib.scenario import MINOR_UNITS


@dataclass(frozen=True)
class LostParcels:
    """Who bore what of the parcels that were lost or ruined; amounts in currency units.

    Attributes
    ----------
    sent, lost
        Parcels that left the house, and those of them that never arrived.
    goods, postage
        What was in the lost ones, at cost, and what sending them cost.
    made_good
        What the courier paid.
    given_back
        What buyers had paid and got back.
    days_without_money
        How long a buyer who paid in advance had neither goods nor money, mean, in days; nan if there was none.
    usual_margin
        What an ordinary completed order leaves after goods and postage, mean.
    """

    sent: int
    lost: int
    goods: float
    postage: float
    made_good: float
    given_back: float
    days_without_money: float
    usual_margin: float

    @property
    def shop_pays(self) -> float:
        """What is left for the shop to bear: goods and postage less what the courier paid."""
        return self.goods + self.postage - self.made_good

    @property
    def orders_to_earn_it_back(self) -> float:
        """How many ordinary orders earn what the shop bears; nan if there were none."""
        return self.shop_pays / self.usual_margin if self.usual_margin > 0 else float("nan")


def lost_parcels(run: Run, until: float | None = None) -> LostParcels:
    """Who bore what of lost parcels, from the orders and the books.

    Parameters
    ----------
    run
        The run.
    until
        Count parcels that left before this day; long enough before the end that their fate is known. All, if left
        out.
    """
    orders, postings = run.orders, run.postings
    sent = orders["picked_up"] < (run.days if until is None else until)
    lost = sent & orders.where("state", "lost")
    mine = np.isin(postings["order"], np.flatnonzero(lost))
    paid = lost & ~np.isnan(orders["paid"])
    waited = (orders["closed"] - orders["paid"])[paid]
    done = orders.where("state", "completed")
    per_unit = MINOR_UNITS[run.scenario.currency]
    postage = run.scenario.minor(run.scenario.logistics.parcel_fee)
    margins = (orders["amount"] - orders["goods_cost"])[done] - postage
    return LostParcels(
        sent=int(sent.sum()),
        lost=int(lost.sum()),
        goods=float(orders["goods_cost"][lost].sum()) / per_unit,
        postage=float(_moved(run, mine, "shipping", "shipping")) / per_unit,
        made_good=float(_moved(run, mine, "compensation", "seller")) / per_unit,
        given_back=float(_moved(run, mine, "refund", "buyer")) / per_unit,
        days_without_money=float(waited.mean()) if waited.size else float("nan"),
        usual_margin=float(margins.mean()) / per_unit if margins.size else float("nan"),
    )


def _moved(run: Run, mine: np.ndarray[tuple[int], np.dtype[np.bool_]], kind: str, account: str) -> int:
    """What one kind of transaction brought an account, in minor units."""
    chosen = mine & run.postings.where("kind", kind) & run.postings.where("account", account)
    return int(run.postings["amount"][chosen].sum())
