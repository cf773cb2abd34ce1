"""Books: the postings, stock movements and events that follow from a quiet run's milestones.

Nothing is decided here any more: who paid what to whom is a matter of when each order reached what. The rows are
those of `simlib.world`, put in order of time and then of order number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simlib.calendars import WeeklyClock
from simlib.payment.ledger import ACCOUNTS, KINDS, share_of
from simlib.records import ACTORS, EVENTS, Table
from simlib.scenario import Scenario
from simlib.shop.customers import customers
from simlib.shop.stock import Stock
from simlib.streams import Floats, Integers, tick
from simlib.world import PAYERS

Deliveries = Sequence[tuple[float, int, int]]
"""What suppliers brought: time in days, product, pieces."""

IN_64_BITS: Final = 2**62


def shares_of(amounts: Integers, share: float) -> Integers:
    """`simlib.payment.ledger.share_of` for many amounts."""
    numerator, denominator = Decimal(repr(share)).as_integer_ratio()
    if int(amounts.max(initial=0)) * numerator * 2 > IN_64_BITS or 2 * denominator > IN_64_BITS:
        return np.array([share_of(int(amount), share) for amount in amounts], dtype=np.int64)
    whole, rest = np.divmod(amounts * numerator, denominator)
    up = (2 * rest > denominator) | ((2 * rest == denominator) & (whole % 2 == 1))
    return np.asarray(whole + up)


class _Columns:
    """Rows of a table, collected part by part, each part a scalar or an array a column."""

    def __init__(self, names: Sequence[str]) -> None:
        self.parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}

    def add(self, these: npt.NDArray[np.bool_] | None = None, **columns: Any) -> None:
        """Add the chosen rows of some columns, as many as there are times."""
        size = np.size(columns["t"])
        chosen = slice(None) if these is None else np.flatnonzero(these)
        for name, column in columns.items():
            self.parts[name].append(np.broadcast_to(column, size)[chosen])

    def column(self, name: str) -> npt.NDArray[Any]:
        return np.concatenate(self.parts[name])


# ---------------------------------------------------------------------------------------------------------------
# postings


def postings(
    scenario: Scenario,
    days: int,
    orders: Table,
    arrived_back: Floats,
    resold: npt.NDArray[np.bool_],
    restocked: Deliveries,
) -> Table:
    """Every movement of money and of goods' value.

    Parameters
    ----------
    scenario, days, orders
        Of the run.
    arrived_back
        For each order, when its parcel arrived back at the shop, in days (``nan``: it did not).
    resold
        For each order, whether its goods can be sold again should they come back.
    restocked
        What suppliers brought.
    """
    entries = _Entries(scenario.currency)
    cost = np.array([scenario.minor(product.unit_cost) for product in scenario.catalogue])
    opening = sum(int(each) * product.stock for each, product in zip(cost, scenario.catalogue, strict=True))
    entries.post(None, 0.0, "opening", -1, owner=-opening, inventory=opening)
    t = np.array([t for t, _product, _pieces in restocked], dtype=float)
    value = np.array([cost[product] * pieces for _t, product, pieces in restocked], dtype=np.int64)
    entries.post(None, t, "restocking", -1, seller=-value, inventory=value)
    _shipping(entries, scenario, orders, arrived_back, resold)
    _money(entries, scenario, days, orders)
    return entries.table()


class _Entries:
    """Transactions, collected kind by kind and numbered in order of time at the end."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.rows = _Columns(("t", "transaction", "kind", "order", "account", "amount"))
        self.transactions = 0

    def post(
        self, these: npt.NDArray[np.bool_] | None, t: Any, kind: str, order: Any, **amounts: Any
    ) -> None:
        """Enter one transaction for each of the chosen times."""
        size = np.size(t)
        number = np.arange(self.transactions, self.transactions + size)
        self.transactions += size
        for account, amount in amounts.items():
            moved = np.broadcast_to(amount, size) != 0
            self.rows.add(
                moved if these is None else moved & these,
                t=t,
                transaction=number,
                kind=KINDS.index(kind),
                order=order,
                account=ACCOUNTS.index(account),
                amount=amount,
            )

    def table(self) -> Table:
        columns = {name: self.rows.column(name) for name in self.rows.parts}
        turn = np.lexsort((columns["transaction"], columns["kind"], columns["order"], columns["t"]))
        columns = {name: column[turn] for name, column in columns.items()}
        number = columns["transaction"]
        new = np.concatenate(([False], number[1:] != number[:-1]))[: len(number)]
        return Table(
            {
                "t": columns["t"].astype(float),
                "transaction": np.cumsum(new),
                "kind": columns["kind"].astype(np.int8),
                "order": columns["order"].astype(np.int64),
                "account": columns["account"].astype(np.int8),
                "amount": columns["amount"].astype(np.int64),
                "currency": np.zeros(len(number), dtype=np.int8),
            },
            {"kind": KINDS, "account": ACCOUNTS, "currency": (self.currency,)},
        )


def _happened(t: Floats) -> npt.NDArray[np.bool_]:
    return ~np.isnan(t)


def _shipping(
    entries: _Entries,
    scenario: Scenario,
    orders: Table,
    arrived_back: Floats,
    resold: npt.NDArray[np.bool_],
) -> None:
    """Parcels go out and come back: the courier's fee, and the goods' value."""
    order, cost = orders["order"], orders["goods_cost"]
    fee = scenario.minor(scenario.logistics.parcel_fee)
    out, back = orders["picked_up"], _came_back(orders)
    for t in (out, arrived_back):
        entries.post(_happened(t), t, "shipping", order, seller=-fee, shipping=fee)
    entries.post(_happened(out), out, "goods_out", order, inventory=-cost, cost_of_goods=cost)
    entries.post(_happened(back) & resold, back, "goods_back", order, inventory=cost, cost_of_goods=-cost)


def _came_back(orders: Table) -> Floats:
    """When goods that came back had been looked at."""
    back = orders.where("state", "refunded") | orders.where("state", "refused")
    return np.where(back, orders["closed"], np.nan)


@dataclass(frozen=True)
class _Settlement:
    """The money of all orders that were paid in one way.

    Attributes
    ----------
    paid
        Which orders.
    holder
        Who holds the money until it is paid out.
    due, settled
        When it is paid out, in days, and whether it is within the run.
    fee, commission, to_seller
        What becomes of the amount, in minor units.
    back, from_holder
        Whose money goes back to the buyer, and where the holder gives it.
    refunded
        When it goes back, in days.
    """

    paid: npt.NDArray[np.bool_]
    holder: str
    due: Floats
    settled: npt.NDArray[np.bool_]
    fee: Integers
    commission: Integers
    to_seller: Integers
    back: npt.NDArray[np.bool_]
    from_holder: npt.NDArray[np.bool_]
    refunded: Floats


def _settlements(scenario: Scenario, days: int, orders: Table) -> Iterator[_Settlement]:
    """What becomes of the money, one way to pay after the other."""
    payment, amount, paid = scenario.payment, orders["amount"], orders["paid"]
    refunded = np.where(orders.where("state", "out_of_stock"), orders["closed"], orders["refunded"])
    for position, method in enumerate(payment.methods):
        these = (orders["payment_method"] == position) & _happened(paid)
        holder = "payment_company"
        if payment.escrow:
            holder = "escrow"
        elif method.on_delivery:
            holder = "courier_cash"
        fee = shares_of(amount, method.fee)
        if payment.escrow:
            commission = shares_of(amount, payment.commission)
            due = np.where(orders.where("state", "completed"), orders["closed"], np.inf)
            settled = these & (due < days)
        else:
            commission = np.zeros_like(amount)
            earliest = np.where(these, paid, np.inf) + tick(payment.settlement_days)
            due = WeeklyClock(payment.settlement, scenario.start).next_each(earliest)
            settled = these & (due < days)
            if not method.on_delivery:
                # What was refunded before is not paid out. At one moment the settlement is first: it was set
                # when the buyer paid, the refund when somebody took up the parcel.
                settled &= ~(refunded < due)
        back = these & _happened(refunded)
        from_holder = back & ~settled if not method.on_delivery else np.zeros_like(back)
        to_seller = amount - fee - commission
        yield _Settlement(
            these, holder, due, settled, fee, commission, to_seller, back, from_holder, refunded
        )


def _money(entries: _Entries, scenario: Scenario, days: int, orders: Table) -> None:
    """Payments, settlements and refunds."""
    order, amount = orders["order"], orders["amount"]
    for money in _settlements(scenario, days, orders):
        holder = money.holder
        entries.post(money.paid, orders["paid"], "payment", order, **{"buyer": -amount, holder: amount})
        entries.post(
            money.settled,
            money.due,
            "escrow_release" if holder == "escrow" else "settlement",
            order,
            **{
                holder: -amount,
                "seller": money.to_seller,
                "payment_fees": money.fee,
                "platform_fees": money.commission,
            },
        )
        from_seller = money.back & ~money.from_holder
        entries.post(money.from_holder, money.refunded, "refund", order, **{holder: -amount, "buyer": amount})
        entries.post(from_seller, money.refunded, "refund", order, seller=-amount, buyer=amount)


# ---------------------------------------------------------------------------------------------------------------
# stock


def movements(orders: Table, lines: Table, resold: npt.NDArray[np.bool_], restocked: Deliveries) -> Table:
    """Every movement on the shelf; parameters as in `postings`."""
    rows = _Columns(("t", "product", "pieces", "reason", "order"))
    t = np.array([t for t, _product, _pieces in restocked], dtype=float)
    product = np.array([product for _t, product, _pieces in restocked], dtype=np.int64)
    pieces = np.array([pieces for _t, _product, pieces in restocked], dtype=np.int64)
    rows.add(t=t, product=product, pieces=pieces, reason=0, order=-1)
    order = lines["order"]
    back = np.where(resold, _came_back(orders), np.nan)
    for reason, moment, sign in (("shipped", orders["picked_up"], -1), ("returned", back, 1)):
        rows.add(
            _happened(moment[order]),
            t=moment[order],
            product=lines["product"],
            pieces=sign * lines["pieces"],
            reason=Stock.REASONS.index(reason),
            order=order,
        )
    columns = {name: rows.column(name) for name in rows.parts}
    turn = np.lexsort((columns["reason"], columns["order"], columns["t"]))
    return Table(
        {
            "t": columns["t"][turn],
            "product": columns["product"][turn],
            "pieces": columns["pieces"][turn],
            "reason": columns["reason"][turn].astype(np.int8),
            "order": columns["order"][turn],
        },
        {"reason": Stock.REASONS},
    )


# ---------------------------------------------------------------------------------------------------------------
# events


def events(scenario: Scenario, days: int, seed: int, orders: Table, restocked: Deliveries) -> Table:
    """The log of all that happened; parameters as in `postings`.

    Single attempts to pay are not kept for the run, so the customers are drawn once more.
    """
    log = _Log(orders, days)
    for milestone, actor, with_amount in MILESTONE_ACTORS:
        log.add(milestone, actor, orders[milestone], with_amount)
    before = "customer_service" if scenario.confirmation.mode == "check-first" else "shop"
    log.add("confirmed", before, orders["confirmed"])
    at_door = np.array([method.on_delivery for method in scenario.payment.methods])[orders["payment_method"]]
    for these, payer, teller in ((at_door, "courier", "shop"), (~at_door, "buyer", "payment_company")):
        log.add("paid", payer, np.where(these, orders["paid"], np.nan), True)
        log.add("seller_told", teller, np.where(these, orders["seller_told"], np.nan))
    for state, actor, note, teller in ENDINGS:
        ended = np.where(orders.where("state", state), orders["closed"], np.nan)
        log.add("closed", actor, ended)
        if note:
            log.add(note, teller, ended, True)
    _attempts_and_refusals(log, scenario, days, seed, orders)
    for money in _settlements(scenario, days, orders):
        log.rows.add(
            money.settled,
            t=money.due,
            kind=EVENTS.index("paid_out"),
            order=orders["order"],
            actor=ACTORS.index(PAYERS[money.holder]),
            amount=money.to_seller,
        )
    cost = [scenario.minor(product.unit_cost) for product in scenario.catalogue]
    log.rows.add(
        t=np.array([t for t, _product, _pieces in restocked], dtype=float),
        kind=EVENTS.index("restocked"),
        order=-1,
        actor=ACTORS.index("shop"),
        amount=np.array([cost[product] * pieces for _t, product, pieces in restocked], dtype=np.int64),
    )
    return log.table()


MILESTONE_ACTORS: Final = (
    ("visited", "buyer", False),
    ("carted", "buyer", True),
    ("placed", "buyer", True),
    ("acknowledged", "shop", False),
    ("checked", "customer_service", False),
    ("packed", "packer", False),
    ("picked_up", "courier", False),
    ("delivered", "buyer", False),
    ("cooling_off_ended", "buyer", False),
    ("return_requested", "buyer", True),
    ("return_approved", "customer_service", False),
    ("return_received", "courier", False),
    ("refunded", "payment_company", True),
    ("reviewed", "buyer", False),
    ("enquired", "buyer", False),
    ("answered", "customer_service", False),
)
"""Milestones that one actor always brings about; whether the amount stands beside them."""

ENDINGS: Final = (
    ("completed", "shop", "completed", "shop"),
    ("refunded", "shop", "", ""),
    ("rejected", "customer_service", "rejected", "customer_service"),
    ("unpaid", "shop", "given_up", "buyer"),
    ("out_of_stock", "packer", "out_of_stock", "packer"),
    ("refused", "packer", "", ""),
)
"""Final state, who closes the order, what is noted with it, and by whom."""


class _Log:
    """Events of orders, collected kind by kind."""

    def __init__(self, orders: Table, days: int) -> None:
        self.rows = _Columns(("t", "kind", "order", "actor", "amount"))
        self.orders, self.days = orders, days

    def add(self, kind: str, actor: str, t: Floats, with_amount: bool = False) -> None:
        """One event for each order with a time within the run."""
        self.rows.add(
            t < self.days,
            t=t,
            kind=EVENTS.index(kind),
            order=self.orders["order"],
            actor=ACTORS.index(actor),
            amount=self.orders["amount"] if with_amount else 0,
        )

    def table(self) -> Table:
        columns = {name: self.rows.column(name) for name in self.rows.parts}
        turn = np.lexsort((columns["kind"], columns["order"], columns["t"]))
        types = {"t": float, "kind": np.int8, "order": np.int64, "actor": np.int8, "amount": np.int64}
        return Table(
            {name: columns[name][turn].astype(kind) for name, kind in types.items()},
            {"kind": EVENTS, "actor": ACTORS},
        )


def _attempts_and_refusals(log: _Log, scenario: Scenario, days: int, seed: int, orders: Table) -> None:
    """Each attempt on the payment page, and parcels that were not taken at the door."""
    chance, first = customers(scenario, days, seed), slice(0, orders.rows)
    methods, method = scenario.payment.methods, orders["payment_method"]
    at_door = np.array([item.on_delivery for item in methods])[method]
    attempts = np.array([item.attempts for item in methods])[method]
    fail = np.array([item.fail for item in methods])[method]
    trying = _happened(orders["confirmed"]) & ~at_door
    t = np.where(trying, orders["confirmed"] + chance.pay_after[first], np.inf)
    for attempt in range(int(attempts.max(initial=0))):
        t = np.where(trying & (attempts > attempt), t + chance.redirect[first, attempt], np.inf)
        log.add("redirected", "buyer", t, True)
        t = t + chance.authentication[first, attempt]
        log.add("authenticated", "buyer", t, True)
        trying &= chance.attempt[first, attempt] < fail
        log.add("declined", "payment_company", np.where(trying, t, np.inf), True)
        t = t + chance.retry[first, attempt]
    refused = at_door & (chance.door[first] < fail)
    t = np.where(refused, orders["picked_up"] + chance.transit[first], np.nan)
    log.add("refused_at_door", "buyer", t, True)
    log.add("returned_to_sender", "courier", t + chance.return_transit[first], True)
