"""Costs: what each way to take money costs, what a chargeback leaves behind, and what waiting money protects.

All amounts are whole minor units (cents) of the shop's currency; means are fractions of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlib.payment.payout import PayoutAccount
from simlib.payment.reports import reckoned, settlement_reports
from simlib.payment.tracing import HOLDERS, PAYOUTS
from simlib.records import Run
from simlib.streams import Integers


@dataclass(frozen=True)
class MethodCost:
    """What a way to pay means for the shop, over one run (row B4).

    Attributes
    ----------
    orders
        Confirmed orders that chose it and whose payment has ended.
    fee_share
        Fees, as a share of what was paid.
    unpaid_share
        Share of the orders that were never paid.
    days
        Mean time from the order until the money is in the bank, in days.
    charged_back_share
        Share of the paid orders whose money the buyer's bank took back.
    cost_share
        All of it as a share of what was paid: fees, fees of chargebacks, charged back amounts, and the courier's
        way there and back with parcels that nobody paid for.
    """

    orders: int
    fee_share: float
    unpaid_share: float
    days: float
    charged_back_share: float
    cost_share: float


def method_costs(run: Run) -> dict[str, MethodCost]:
    """What each way to pay costs, by its name; shares are nan where nothing was paid."""
    rows, orders = run.postings, run.orders
    banked = np.full(orders.rows, np.nan)
    out = np.isin(rows["kind"], [rows.code("kind", kind) for kind in PAYOUTS]) & rows.where(
        "account", "seller"
    )
    banked[rows["order"][out]] = rows["t"][out]
    result = {}
    for method in orders.words["payment_method"]:
        mine = orders.where("payment_method", method)
        is_paid = mine & ~np.isnan(orders["paid"])
        unpaid = mine & (orders.where("state", "unpaid") | orders.where("state", "refused"))
        of_mine = np.isin(rows["order"], np.flatnonzero(mine))

        def booked(account: str, kind: str, of_mine: npt.NDArray[np.bool_] = of_mine) -> int:
            where = of_mine & rows.where("account", account) & rows.where("kind", kind)
            return int(rows["amount"][where].sum())

        paid = float(orders["amount"][is_paid].sum()) or float("nan")
        fees = sum(booked("payment_fees", kind) for kind in PAYOUTS)
        taken = booked("buyer", "chargeback") + booked("payment_fees", "chargeback")
        refused = np.isin(rows["order"], np.flatnonzero(mine & orders.where("state", "refused")))
        courier = int(rows["amount"][refused & rows.where("account", "shipping")].sum())
        ended = int(is_paid.sum() + unpaid.sum())
        charged = int((is_paid & ~np.isnan(orders["charged_back"])).sum())
        spans = (banked - orders["placed"])[mine & ~np.isnan(banked)]
        result[method] = MethodCost(
            orders=ended,
            fee_share=fees / paid,
            unpaid_share=int(unpaid.sum()) / ended if ended else float("nan"),
            days=float(spans.mean()) if spans.size else float("nan"),
            charged_back_share=charged / int(is_paid.sum()) if is_paid.any() else float("nan"),
            cost_share=(fees + taken + courier) / paid,
        )
    return result


@dataclass(frozen=True)
class ChargebackCost:
    """What an average chargeback leaves the shop with, beyond giving the amount back (row D5).

    Attributes
    ----------
    orders
        How many there were.
    amount
        What went back to the buyer.
    goods
        The goods, at cost: they stay with him.
    courier
        What bringing them cost.
    payment_fee
        Fee of the payment; nobody returns it.
    chargeback_fee
        What the payment company charges for its work.
    profit
        What an ordinary completed order earns: price less goods, courier and fee.
    """

    orders: int
    amount: float
    goods: float
    courier: float
    payment_fee: float
    chargeback_fee: float
    profit: float

    @property
    def loss(self) -> float:
        """What the shop has lost compared with never having sold."""
        return self.goods + self.courier + self.payment_fee + self.chargeback_fee

    @property
    def orders_to_earn_it_back(self) -> float:
        """Ordinary orders whose profit makes good one chargeback (``inf`` if they earn nothing)."""
        return self.loss / self.profit if self.profit > 0 else float("inf")


def chargeback_cost(run: Run) -> ChargebackCost | None:
    """The average chargeback after delivery; None if there was none."""
    rows, orders = run.postings, run.orders
    charged = ~np.isnan(orders["charged_back"]) & (orders["charged_back"] > orders["delivered"])
    usual = orders.where("state", "completed") & np.isnan(orders["charged_back"])
    if not charged.any():
        return None

    def mean(of: npt.NDArray[np.bool_], account: str, kinds: Sequence[str]) -> float:
        mine = np.isin(rows["order"], np.flatnonzero(of)) & rows.where("account", account)
        mine &= np.isin(rows["kind"], [rows.code("kind", kind) for kind in kinds])
        return float(rows["amount"][mine].sum()) / max(int(of.sum()), 1)

    goods = ("goods_out", "goods_back")
    return ChargebackCost(
        orders=int(charged.sum()),
        amount=mean(charged, "buyer", ["chargeback"]),
        goods=mean(charged, "cost_of_goods", goods),
        courier=mean(charged, "shipping", ["shipping"]),
        payment_fee=mean(charged, "payment_fees", PAYOUTS),
        chargeback_fee=mean(charged, "payment_fees", ["chargeback"]),
        profit=mean(usual, "seller", [*PAYOUTS, "shipping"]) - mean(usual, "cost_of_goods", goods),
    )


# ---------------------------------------------------------------------------------------------------------------
# what waiting money protects


@dataclass(frozen=True)
class Protection:
    """How much of the money in question was still waiting when somebody needed it back.

    Attributes
    ----------
    waiting
        Given back out of money that still waited.
    gone
        Already paid out: somebody has to pay from his own pocket, or has lost it.
    """

    waiting: int
    gone: int

    @property
    def share(self) -> float:
        """Share that was still waiting (nan if nothing was in question)."""
        total = self.waiting + self.gone
        return self.waiting / total if total else float("nan")


def refunded_from(run: Run, state: str) -> Protection:
    """Whose money refunds of the orders in a final state (such as ``lost``) came from."""
    return _taken_from(run, "refund", np.flatnonzero(run.orders.where("state", state)))


def charged_back_from(run: Run) -> Protection:
    """Whose money chargebacks came from; the fee on top is always the seller's."""
    return _taken_from(run, "chargeback", np.arange(run.orders.rows))


def _taken_from(run: Run, kind: str, orders: Integers) -> Protection:
    rows = run.postings
    mine = rows.where("kind", kind) & np.isin(rows["order"], orders)
    total = int(rows["amount"][mine & rows.where("account", "buyer")].sum())
    holders = np.isin(rows["account"], [rows.code("account", account) for account in HOLDERS])
    waiting = -int(rows["amount"][mine & holders].sum())
    return Protection(waiting, total - waiting)


def kept_from_thief(run: Run) -> Protection:
    """Of what was ready for payout while an attacker's account was entered: what he did not get, and what he got."""
    quiet = {due.line.order: due for due in reckoned(run)}
    account = PayoutAccount(run.scenario.payout)
    ready = sum(due.line.net for due in quiet.values() if account.payee(due.t) == "attacker")
    stolen = sum(report.net for report in settlement_reports(run) if report.payee == "attacker")
    return Protection(max(ready - stolen, 0), stolen)
