"""Tracing: where the money of one order or of all orders is, and how long it waited in other hands.

Everything here is read off the ledger's postings. All amounts are whole minor units (cents) of the shop's currency
unless it is said otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.records import Run
from simlib.streams import Integers

HOLDERS: Final = (
    "payment_company",
    "escrow",
    "courier_cash",
    "retailer",
    "consignee",
    "clearing_company",
    "collection_account",
)
"""Accounts of those who hold money that is not theirs."""

PAYOUTS: Final = ("settlement", "escrow_release")
"""Kinds of transaction in which money leaves a holder for the seller."""

GIVEN_BACK: Final = ("refund", "chargeback")
"""Kinds of transaction in which money goes back to the buyer."""


@dataclass(frozen=True)
class Transaction:
    """One movement of money.

    Attributes
    ----------
    t
        When, in days.
    kind
        One of `simlib.payment.ledger.KINDS`.
    amounts
        Account → change; they sum to zero.
    currency
        Of the amounts.
    """

    t: float
    kind: str
    amounts: dict[str, int]
    currency: str


def transactions_of(run: Run, order: int) -> list[Transaction]:
    """All movements of one order's money, in order of time; goods on the shelf are not money and are left out.

    A transaction that changes money is told once for each currency.

    Raises
    ------
    SafeShopError
        If the run has no such order.
    """
    if not 0 <= order < run.orders.rows:
        raise SafeShopError(
            _("The run has no order {order}: its {orders} orders are numbered from 0.").format(
                order=order, orders=run.orders.rows
            )
        )
    rows = run.postings
    grouped: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    said: dict[tuple[int, int], tuple[float, str]] = {}
    for row in np.flatnonzero(rows["order"] == order):
        key = (int(rows["transaction"][row]), int(rows["currency"][row]))
        account = rows.words["account"][rows["account"][row]]
        grouped[key][account] = grouped[key].get(account, 0) + int(rows["amount"][row])
        said[key] = (float(rows["t"][row]), rows.words["kind"][rows["kind"][row]])
    return [
        Transaction(*said[key], amounts, rows.words["currency"][key[1]])
        for key, amounts in grouped.items()
        if said[key][1] not in ("goods_out", "goods_back")
    ]


def example_order(run: Run, method: str | None = None) -> int:
    """Number of the first completed order whose money was paid out, to show as an example.

    Parameters
    ----------
    run
        The run.
    method
        How it was paid; any way if left out.

    Raises
    ------
    SafeShopError
        If the run has none.
    """
    wanted = run.orders.where("state", "completed")
    if method is not None:
        wanted = wanted & run.orders.where("payment_method", method)
    rows = run.postings
    out = np.isin(rows["kind"], [rows.code("kind", kind) for kind in PAYOUTS])
    found = np.intersect1d(np.flatnonzero(wanted), rows["order"][out])
    if not found.size:
        raise SafeShopError(
            _("No order of this kind was completed and paid out within {days} days; simulate longer.").format(
                days=run.days
            )
        )
    return int(found[0])


@dataclass(frozen=True)
class Stay:
    """An order's money at one holder.

    Attributes
    ----------
    account
        Who holds it.
    begin, end
        In days; ``inf`` while it is still there.
    amount, currency
        How much came in.
    """

    account: str
    begin: float
    end: float
    amount: int
    currency: str


def stays(run: Run, order: int) -> list[Stay]:
    """Where one order's money stayed on its way, in order of time; empty if it was never paid.

    Raises
    ------
    SafeShopError
        If the run has no such order.
    """
    open_stays: dict[str, Stay] = {}
    done: list[Stay] = []
    for step in transactions_of(run, order):
        for account, amount in step.amounts.items():
            if account in HOLDERS and amount > 0:
                open_stays[account] = Stay(account, step.t, float("inf"), amount, step.currency)
            elif account in open_stays and amount < 0:
                here = open_stays.pop(account)
                done.append(Stay(account, here.begin, step.t, here.amount, here.currency))
    return sorted([*done, *open_stays.values()], key=lambda stay: stay.begin)


def balance_over_time(
    run: Run,
    accounts: Sequence[str],
    at: npt.ArrayLike,
    kinds: Sequence[str] | None = None,
    currency: str | None = None,
) -> Integers:
    """What the accounts together hold at each moment.

    Parameters
    ----------
    run
        The run.
    accounts
        Names of `simlib.payment.ledger.ACCOUNTS`.
    at
        Moments, in days.
    kinds
        Only what these kinds of transaction moved; all kinds if left out.
    currency
        The shop's if left out.
    """
    rows = run.postings
    mine = np.isin(rows["account"], [rows.code("account", account) for account in accounts])
    mine &= rows.where("currency", currency or run.scenario.currency)
    if kinds is not None:
        mine &= np.isin(rows["kind"], [rows.code("kind", kind) for kind in kinds])
    # Postings are in order of time.
    sums = np.concatenate(([0], np.cumsum(rows["amount"][mine])))
    return np.asarray(sums[np.searchsorted(rows["t"][mine], at, side="right")])


@dataclass(frozen=True)
class WaitingMoney:
    """Both sides of Little's law for money.

    Attributes
    ----------
    observed
        Mean amount that waited, counted.
    per_day
        What buyers paid a day.
    days
        Mean time it waited, weighted with the amounts.
    """

    observed: float
    per_day: float
    days: float

    @property
    def expected(self) -> float:
        """Turnover a day × days."""
        return self.per_day * self.days


def waiting_money(run: Run, begin: float, end: float | None = None) -> WaitingMoney:
    """Count the money that waited, and reckon it from turnover and time.

    Parameters
    ----------
    run
        The run. Left out: money in the buyer's currency, and what a platform that sells itself got for its own goods.
    begin, end
        The period, in days; to the end of the run if left out. Begin after the first payouts, or the pile is
        still growing.
    """
    end = float(run.days) if end is None else end
    rows = run.postings
    holders = [account for account in HOLDERS if account != "retailer"]
    mine = np.isin(rows["account"], [rows.code("account", account) for account in holders])
    mine &= rows.where("currency", run.scenario.currency)
    order, t, amount = rows["order"][mine], rows["t"][mine], rows["amount"][mine]
    since, until = np.full(run.orders.rows, np.nan), np.full(run.orders.rows, np.inf)
    paid = np.zeros(run.orders.rows)
    known = order >= 0
    came, went = known & (amount > 0), known & (amount < 0)
    since[order[came]], paid[order[came]] = t[came], amount[came]
    until[order[went]] = t[went]
    came_in_time = (since >= begin) & (since < end)
    spans = np.minimum(until, end) - np.maximum(since, begin)
    # As with records (`simlib.privacy.littles_law`): only what came before the first that still waits.
    waits = since[np.isinf(until) & (paid > 0)]
    cohort = came_in_time & (since < (waits.min() if waits.size else end))
    weights = paid[cohort]
    days = float(np.average((until - since)[cohort], weights=weights)) if weights.sum() else float("nan")
    return WaitingMoney(
        observed=float((paid * np.maximum(np.nan_to_num(spans), 0)).sum()) / (end - begin),
        per_day=float(paid[came_in_time].sum()) / (end - begin),
        days=days,
    )


@dataclass(frozen=True)
class Whereabouts:
    """Where everything is that buyers have ordered. The parts sum to `ordered`.

    Attributes
    ----------
    ordered
        All orders placed.
    never_paid, not_yet_paid
        Given up, declined or refused; still to come.
    given_back
        Refunded or charged back.
    payment_fees, platform_keeps
        What collecting cost, fees for chargebacks included; commission, or the margin of a platform that sells itself.
    waiting
        With those who hold it.
    stolen
        Paid out to an attacker's account.
    bank
        In the seller's account, less what was taken from it again.
    """

    ordered: int
    never_paid: int
    not_yet_paid: int
    given_back: int
    payment_fees: int
    platform_keeps: int
    waiting: int
    stolen: int
    bank: int


def whereabouts(run: Run) -> Whereabouts:
    """Where everything is that buyers have ordered by the end of the run.

    Raises
    ------
    SafeShopError
        If the money crosses a border: two currencies have no sum.
    """
    if run.scenario.payment.collection == "cross-border":
        raise SafeShopError(
            _(
                "Money in two currencies has no sum: look at the operator's days of a cross-border shop instead."
            )
        )
    rows, orders = run.postings, run.orders
    money = np.isin(rows["kind"], [rows.code("kind", kind) for kind in ("payment", *PAYOUTS, *GIVEN_BACK)])

    def by_order(
        accounts: Sequence[str], kinds: Sequence[str] = ("payment", *PAYOUTS, *GIVEN_BACK)
    ) -> Integers:
        mine = money & np.isin(rows["account"], [rows.code("account", account) for account in accounts])
        mine &= np.isin(rows["kind"], [rows.code("kind", kind) for kind in kinds])
        sums = np.zeros(orders.rows, dtype=np.int64)
        known = mine & (rows["order"] >= 0) & (rows["order"] < orders.rows)
        np.add.at(sums, rows["order"][known], rows["amount"][known])
        return sums

    paid = -by_order(["buyer"], ["payment"])
    held = by_order(HOLDERS)
    margin = np.where(by_order(["retailer"], PAYOUTS) != 0, by_order(["retailer"]), 0)
    unpaid = orders["amount"] - paid
    is_open = orders.where("state", "open")
    return Whereabouts(
        ordered=int(orders["amount"].sum()),
        never_paid=int(unpaid[~is_open].sum()),
        not_yet_paid=int(unpaid[is_open].sum()),
        given_back=int(by_order(["buyer"], GIVEN_BACK).sum()),
        payment_fees=int(by_order(["payment_fees"]).sum()),
        platform_keeps=int(by_order(["platform_fees"]).sum() + margin.sum()),
        waiting=int((held - margin).sum()),
        stolen=int(by_order(["attacker"]).sum()),
        bank=int(by_order(["seller"]).sum()),
    )


@dataclass(frozen=True)
class ExchangeDifference:
    """What the days between payment and remittance did to money that was changed (row B2).

    Attributes
    ----------
    orders
        How many were remitted.
    when_paid, when_changed
        Their money at the rate of the day of payment, and at that of the day on which it was changed.
    """

    orders: int
    when_paid: int
    when_changed: int


def exchange_difference(run: Run) -> ExchangeDifference:
    """All remitted money at two rates; the seller sells in his currency and bears the difference."""
    rows, crossing = run.postings, run.scenario.payment.cross_border
    mine = rows.where("kind", "remittance") & rows.where("account", "clearing_company")
    when_paid = when_changed = Decimal(0)
    for row in np.flatnonzero(mine):
        amount = -int(rows["amount"][row])
        paid = float(run.orders["paid"][rows["order"][row]])
        when_paid += amount * Decimal(repr(crossing.rate_at(paid)))
        when_changed += amount * Decimal(repr(crossing.rate_at(float(rows["t"][row]))))
    return ExchangeDifference(int(mine.sum()), whole(when_paid), whole(when_changed))


def booked(run: Run, accounts: Sequence[str], kinds: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which postings moved one of the accounts in a transaction of one of the kinds."""
    rows = run.postings
    return np.isin(rows["account"], [rows.code("account", account) for account in accounts]) & np.isin(
        rows["kind"], [rows.code("kind", kind) for kind in kinds]
    )


def whole(amount: Decimal) -> int:
    """Whole minor units, half a unit rounded to the even neighbour."""
    return int(amount.to_integral_value(ROUND_HALF_EVEN))
