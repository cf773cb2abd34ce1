"""Ways: the same customers under every way to sell, and what each way leaves to the seller and to a thief.

`simlib.platform.roles` says who acts; here the model is run so, and the answer is counted: how much of 100 that the
buyers pay ends where, how many customers lie within reach of the seller's own password, and what a thief gets who
enters his bank account for the seller's (rows A5, A7, A9, A13). The customers are the same everywhere. That a
platform brings more of them is what its fees are paid for, and is left out here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from simlib.facts import value
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.platform.decision import WAYS, way_label
from simlib.platform.fees import Sale, schedules
from simlib.platform.roles import Roles, roles
from simlib.privacy import CONTACT, ONLINE, Field, copies_taken
from simlib.records import Run, Table
from simlib.scenario import MINOR_UNITS, Scenario

STORE_PICKUP: Final = "store-pickup"
"""Ordered online, fetched at the seller's own counter."""

TRIED: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "own-site": WAYS["own-site"],
        "marketplace": WAYS["marketplace"],
        "self-run": WAYS["self-run"],
        "consignment": WAYS["consignment"],
        "contact-first": WAYS["contact-first"],
        STORE_PICKUP: ("O2O", "own-site", "direct"),
    }
)
"""Ways to sell that are tried, each with its trade model, operator and transaction mode."""

SHARES: Final = {
    "goods": "cost_of_goods",
    "courier": "shipping",
    "platform": "platform_fees",
    "retailer": "retailer",
    "disputes": "dispute_costs",
}
"""Who or what has a share of the buyers' money → account in which it ends. Of the rest, part is with the seller; what
the payment companies, and abroad the exchange of money, took of it is the difference."""

THIRD_PARTIES: Final = ("retailer", "consignee")
"""Places where a third party keeps the store's customers and orders, and the seller's password does not lead."""


@dataclass(frozen=True)
class Reach:
    """What lies readable, seen from a thief who has the seller's password.

    Attributes
    ----------
    customers
        Different people of whom he reads name, phone number or address.
    with_address, without_address
        Readable records of them, with and without an address; a person has one for each order and one as member.
    elsewhere
        Readable records that lie with a third party which sells for the shop, out of the password's reach.
    """

    customers: int
    with_address: int
    without_address: int
    elsewhere: int


def way_roles(way: str) -> Roles:
    """Who does what in one of `TRIED`."""
    return roles(*TRIED[one_of(_("The way to sell"), way, TRIED)])


def tried_label(way: str) -> str:
    """One of `TRIED` in the reader's language."""
    if one_of(_("The way to sell"), way, TRIED) == STORE_PICKUP:
        return _("order online, fetch in your store")
    return way_label(way)


def arranged(shop: Scenario, way: str) -> Scenario:
    """The shop with the same customers and goods, selling in another way.

    Buyers pay before the goods leave, since a marketplace that holds the money knows no cash at the door; the money
    crosses no border; and nothing is removed from the place of sale, since most shops never do.

    Parameters
    ----------
    shop
        The shop to start from.
    way
        One of `TRIED`.

    Raises
    ------
    SafeShopError
        If the way is unknown.
    """
    who = way_roles(way)
    escrow = way == "marketplace"
    methods = [method for method in shop.payment.methods if not method.on_delivery]
    return shop.changed(
        arrangement={"trade": who.trade, "operator": who.operator, "mode": who.mode},
        # Somebody must make an offer where buyers ask first.
        confirmation__mode="check-first" if who.mode == "contact-first" else shop.confirmation.mode,
        payment__methods=[method.model_dump() for method in methods or shop.payment.methods],
        payment__collection="domestic",
        payment__escrow=escrow,
        payment__commission=commission(shop.currency) if escrow else 0,
        retention__orders_leave="never",
        retention__members_leave="never",
        retention__platform_days=value("cn-platform-retention-days"),
    )


def commission(currency: str) -> float:
    """The share a marketplace takes: that of a ready-made schedule in this currency, or the usual one."""
    known = [
        float(schedule.commission)
        for name, schedule in schedules().items()
        if name.startswith("marketplace-") and schedule.currency == currency
    ]
    return known[0] if known else float(value("marketplace-commission-share"))


def sold(run: Run) -> npt.NDArray[np.bool_]:
    """Which orders are completed, paid out to the seller and not charged back; one truth value an order."""
    paid_out = run.events["order"][run.events.where("kind", "paid_out")]
    kept = run.orders.where("state", "completed") & np.isnan(run.orders["charged_back"])
    return np.asarray(kept & np.isin(run.orders["order"], paid_out))


def of_100(run: Run) -> dict[str, float]:
    """Where 100 of the buyers' money end, over all orders that are `sold`.

    Returns
    -------
    dict
        The keys of `SHARES`, ``payment`` for what payment companies and exchange kept, and ``left`` for what
        stays with the seller; together 100. Monthly fees, advertising and taxes are not in it
        (`simlib.platform.fees`). All 0 where nothing was sold.
    """
    postings = run.postings
    mine = np.isin(postings["order"], run.orders["order"][sold(run)])
    # Other currencies are on the way only; what the parties keep is booked in the shop's own.
    mine &= postings.where("currency", run.scenario.currency)

    def sum_of(account: str) -> int:
        return int(postings["amount"][mine & postings.where("account", account)].sum())

    amounts = {name: sum_of(account) for name, account in SHARES.items()}
    amounts["left"] = sum_of("seller") - amounts["goods"]
    paid = int(run.orders["amount"][sold(run)].sum())
    amounts["payment"] = paid - sum(amounts.values())
    return {name: 100 * amount / paid if paid else 0.0 for name, amount in amounts.items()}


def earned(run: Run) -> float:
    """What stays with the seller of all orders completed and paid out, in the shop's currency."""
    paid = int(run.orders["amount"][sold(run)].sum())
    return of_100(run)["left"] / 100 * paid / MINOR_UNITS[run.scenario.currency]


def share_label(name: str) -> str:
    """One of the shares of `of_100` in the reader's language."""
    return {
        "goods": _("the goods themselves"),
        "courier": _("courier"),
        "payment": _("payment company"),
        "platform": _("commission, consignee’s fee"),
        "retailer": _("the platform’s margin"),
        "disputes": _("disputes"),
        "left": _("left for you"),
    }[name]


def within_reach(copies: Table, at: float) -> Reach:
    """What a thief reads at one moment with the seller's password, and what lies beyond it.

    Parameters
    ----------
    copies
        From `simlib.privacy.copies_of`.
    at
        The moment, in days.
    """
    taken = copies_taken(copies, ONLINE, at, CONTACT)
    address = (copies["fields"] & int(Field.ADDRESS)) != 0
    return Reach(
        customers=len(np.unique(copies["person"][taken])),
        with_address=int((taken & address).sum()),
        without_address=int((taken & ~address).sum()),
        elsewhere=int(copies_taken(copies, THIRD_PARTIES, at, CONTACT).sum()),
    )


def robbed(scenario: Scenario, day: float) -> Scenario:
    """The same shop, but on one day a thief enters his own bank account for the seller's payouts.

    Parameters
    ----------
    scenario
        The shop.
    day
        When, in days since the start; he is found out as late as the scenario says (`Payout`).
    """
    return scenario.changed(payout__changes=[{"day": day, "by": "attacker"}])


def stolen(run: Run) -> float:
    """What was paid out to the thief's account, in the shop's currency."""
    postings = run.postings
    return (
        float(postings["amount"][postings.where("account", "attacker")].sum())
        / MINOR_UNITS[run.scenario.currency]
    )


def sales(run: Run, operator: str, begin: float, end: float) -> tuple[Sale, ...]:
    """A run's orders as `simlib.platform.fees.charge_month` takes them.

    Parameters
    ----------
    run
        The run.
    operator
        Who runs the place of sale for which fees are reckoned. Where the platform sells itself, it also ships.
    begin, end
        Orders placed from here until just before there, in days; those completed count.
    """
    orders, who = run.orders, run.scenario
    placed = (orders["placed"] >= begin) & (orders["placed"] < end) & orders.where("state", "completed")
    methods = orders.words["payment_method"]
    shipping = 0 if operator == "self-run" else who.minor(who.logistics.parcel_fee)
    return tuple(
        Sale(
            amount=int(orders["amount"][order]),
            goods=int(orders["goods_cost"][order]),
            shipping=shipping,
            method=methods[orders["payment_method"][order]],
            seller_place=who.place,
            buyer_place=who.place,
            operator=operator,
        )
        for order in np.flatnonzero(placed)
    )
