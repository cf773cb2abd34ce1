"""Reports: where the money is, what was paid out to whom, and whether that agrees with the shop's own orders.

A payment company's settlement report is its own word on what it owes. A shop that reckons the same from its orders
and looks at its bank account has three sources, and whatever they do not agree on is a mistake or a theft (row B5).
So nothing in `reckoned` is taken from the ledger's payouts: it is what an owner could work out with pencil and paper.

All amounts are whole minor units (cents) of the shop's currency unless it is said otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from simlib.calendars import WeeklyClock
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.payment.ledger import share_of
from simlib.payment.payout import PayoutAccount
from simlib.platform.verification import Confusion, Detector, simulated
from simlib.records import Run
from simlib.scenario import Payout
from simlib.streams import Integers, stream, tick

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


# ---------------------------------------------------------------------------------------------------------------
# where the money is


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
    return ExchangeDifference(int(mine.sum()), _whole(when_paid), _whole(when_changed))


# ---------------------------------------------------------------------------------------------------------------
# settlement and reconciliation


@dataclass(frozen=True)
class SettlementLine:
    """One order in a settlement report.

    Attributes
    ----------
    order
        Its number.
    gross, fee, commission, net
        What was held; what the collecting company and the marketplace keep of it; what is paid out.
    """

    order: int
    gross: int
    fee: int
    commission: int
    net: int


@dataclass(frozen=True)
class SettlementReport:
    """What one holder says it has paid out at one moment.

    Attributes
    ----------
    t
        When, in days.
    holder
        Who paid.
    payee
        To whose account: ``seller`` or ``attacker``. On paper it is a number that few people compare.
    lines
        The orders.
    """

    t: float
    holder: str
    payee: str
    lines: tuple[SettlementLine, ...]

    @property
    def gross(self) -> int:
        """Sum of what was held."""
        return sum(line.gross for line in self.lines)

    @property
    def fees(self) -> int:
        """Sum of fees and commission."""
        return sum(line.fee + line.commission for line in self.lines)

    @property
    def net(self) -> int:
        """Sum paid out."""
        return sum(line.net for line in self.lines)


def settlement_reports(run: Run) -> tuple[SettlementReport, ...]:
    """All settlement reports of a run, in order of time: one for each moment, holder and account paid to."""
    rows = run.postings
    mine = np.isin(rows["kind"], [rows.code("kind", kind) for kind in PAYOUTS])
    grouped: dict[int, dict[str, int]] = defaultdict(dict)
    said: dict[int, tuple[float, int]] = {}
    for row in np.flatnonzero(mine):
        transaction = int(rows["transaction"][row])
        grouped[transaction][rows.words["account"][rows["account"][row]]] = int(rows["amount"][row])
        said[transaction] = (float(rows["t"][row]), int(rows["order"][row]))
    found: dict[tuple[float, str, str], list[SettlementLine]] = defaultdict(list)
    for transaction, amounts in grouped.items():
        holder = next(account for account in amounts if account in HOLDERS)
        payee = "attacker" if "attacker" in amounts else "seller"
        t, order = said[transaction]
        found[t, holder, payee].append(
            SettlementLine(
                order,
                -amounts[holder],
                amounts.get("payment_fees", 0),
                amounts.get("platform_fees", 0),
                amounts.get(payee, 0),
            )
        )
    return tuple(SettlementReport(*key, tuple(lines)) for key, lines in sorted(found.items()))


@dataclass(frozen=True)
class DuePayout:
    """A payout as the shop itself reckons it.

    Attributes
    ----------
    t
        When it is due, in days.
    line
        Order and amounts.
    payee
        Whose account is entered then.
    """

    t: float
    line: SettlementLine
    payee: str


def reckoned(run: Run, payout: Payout | None = None) -> list[DuePayout]:
    """What the shop should have been paid by the end of the run, from its own orders and contracts.

    Parameters
    ----------
    run
        The run, for its orders and for what was given back to buyers.
    payout
        Changes of the payout account and a hold after them; the account stays the seller's if left out. So one run
        answers what would have happened under many: payouts do not change what buyers do.

    Returns
    -------
    list of DuePayout
        In order of time, then of orders.
    """
    account = PayoutAccount(payout) if payout else None
    given_back = _given_back_at(run)
    cash = [method.on_delivery for method in run.scenario.payment.methods]
    ready = _due(run)
    result = []
    for order in np.flatnonzero(ready < run.days).tolist():
        t = account.due(float(ready[order])) if account else float(ready[order])
        # Cash at the courier's is paid out whatever else happens; the seller refunds it from his account.
        kept_by_courier = (
            run.orders.words["route"][run.orders["route"][order]] == "payment-company"
            and cash[run.orders["payment_method"][order]]
        )
        if t < run.days and (t < given_back[order] or kept_by_courier):
            payee = account.payee(t) if account else "seller"
            result.append(DuePayout(t, _line(run, order), payee))
    return sorted(result, key=lambda due: (due.t, due.line.order))


def _given_back_at(run: Run) -> npt.NDArray[np.float64]:
    rows = run.postings
    moments = np.full(run.orders.rows, np.inf)
    back = np.isin(rows["kind"], [rows.code("kind", kind) for kind in GIVEN_BACK]) & rows.where(
        "account", "buyer"
    )
    np.minimum.at(moments, rows["order"][back], rows["t"][back])
    return moments


def _due(run: Run) -> npt.NDArray[np.float64]:
    """When each order's money is to be paid out, in days (``inf``: not yet known, or never)."""
    payment, orders, start = run.scenario.payment, run.orders, run.scenario.start
    paid = orders["paid"]
    moments = np.full(orders.rows, np.inf)
    for code, route in enumerate(orders.words["route"]):
        mine = (orders["route"] == code) & ~np.isnan(paid)
        if route == "escrow":
            wait = tick(payment.release_days) if payment.release == "after-signature" else 0.0
            released = orders["delivered"] + wait
            if payment.release == "completion":
                released = np.where(orders.where("state", "completed"), orders["closed"], np.inf)
            moments[mine] = np.nan_to_num(released[mine], nan=np.inf)
        elif route == "cross-border":
            clock = WeeklyClock(payment.cross_border.payout, start)
            remitted = tick(payment.cross_border.remittance_days)
            moments[mine] = [clock.next(t + remitted) for t in paid[mine].tolist()]
        else:
            if run.scenario.arrangement.trade == "O2O":
                # Cash over the shop's own counter is nobody's to pay out.
                methods = run.scenario.payment.methods
                at_counter = [code for code, method in enumerate(methods) if method.on_delivery]
                mine &= ~np.isin(orders["payment_method"], at_counter)
            clock = WeeklyClock(payment.settlement, start)
            wait = tick(payment.settlement_days)
            moments[mine] = [clock.next(t + wait) for t in paid[mine].tolist()]
    return moments


def _line(run: Run, order: int) -> SettlementLine:
    """What the shop expects for an order, from the price and the contract."""
    plan, orders = run.scenario, run.orders
    amount = int(orders["amount"][order])
    method = plan.payment.methods[orders["payment_method"][order]]
    route = orders.words["route"][orders["route"][order]]
    if route == "retailer":
        price = share_of(int(orders["list_amount"][order]), plan.fulfilment.wholesale)
        return SettlementLine(order, price, 0, 0, price)
    if route == "consignee":
        fee = share_of(amount, plan.fulfilment.fee)
        return SettlementLine(order, amount, 0, fee, amount - fee)
    if route == "cross-border":
        crossing, paid = plan.payment.cross_border, float(orders["paid"][order])
        abroad = _whole(amount / Decimal(repr(crossing.rate_at(paid))))
        remitted = abroad - share_of(abroad, crossing.clearing_fee)
        rate = crossing.rate_at(paid + tick(crossing.remittance_days))
        arrived = _whole(remitted * Decimal(repr(rate)))
        fee = share_of(arrived, crossing.operator_fee)
        return SettlementLine(order, arrived, fee, 0, arrived - fee)
    fee = share_of(amount, method.fee)
    commission = share_of(amount, plan.payment.commission) if route == "escrow" else 0
    return SettlementLine(order, amount, fee, commission, amount - fee - commission)


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))


DifferenceKind = Literal["missing", "late", "amount", "other-account", "unknown", "twice"]


@dataclass(frozen=True)
class Difference:
    """Something on which reports, orders and bank account do not agree.

    Attributes
    ----------
    t
        When it could be seen, in days.
    order
        Which order.
    kind
        ``missing``: due and in no report; ``late``: paid out after it was due; ``amount``: another amount than
        reckoned; ``other-account``: paid out, but not to the shop's account; ``unknown``: nothing was due for this
        order; ``twice``: it stands in a report for the second time.
    reckoned, reported
        Net amounts.
    """

    t: float
    order: int
    kind: DifferenceKind
    reckoned: int
    reported: int


@dataclass(frozen=True)
class Reconciliation:
    """What comparing came to.

    Attributes
    ----------
    agreed
        Orders on which all agree to the cent.
    differences
        The others, in order of time.
    reckoned, reported, arrived
        What should have been paid out, what the reports say, what came to the shop's bank account.
    """

    agreed: int
    differences: tuple[Difference, ...]
    reckoned: int
    reported: int
    arrived: int

    @property
    def first_seen(self) -> float:
        """When the first difference could be seen, in days (``inf`` if there is none)."""
        return min((difference.t for difference in self.differences), default=float("inf"))


def reconcile(run: Run, reports: Sequence[SettlementReport] | None = None) -> Reconciliation:
    """Compare settlement reports with the shop's own orders and its bank account, order by order.

    Parameters
    ----------
    run
        The run.
    reports
        What the holders say; the run's own `settlement_reports` if left out.
    """
    reports = settlement_reports(run) if reports is None else reports
    expected = {due.line.order: due for due in reckoned(run)}
    agreed, seen = 0, set()
    differences = []
    for report in reports:
        for line in report.lines:
            mine = expected.get(line.order)
            kind = _difference(report, line, mine, line.order in seen)
            seen.add(line.order)
            if kind is None:
                agreed += 1
            else:
                differences.append(
                    Difference(report.t, line.order, kind, mine.line.net if mine else 0, line.net)
                )
    differences += [
        Difference(due.t, order, "missing", due.line.net, 0)
        for order, due in expected.items()
        if order not in seen
    ]
    return Reconciliation(
        agreed,
        tuple(sorted(differences, key=lambda difference: (difference.t, difference.order))),
        sum(due.line.net for due in expected.values()),
        sum(report.net for report in reports),
        sum(report.net for report in reports if report.payee == "seller"),
    )


def _difference(
    report: SettlementReport, line: SettlementLine, mine: DuePayout | None, again: bool
) -> DifferenceKind | None:
    if again:
        return "twice"
    if mine is None:
        return "unknown"
    if line.net != mine.line.net:
        return "amount"
    if report.payee != "seller":
        return "other-account"
    return "late" if report.t > mine.t else None


# ---------------------------------------------------------------------------------------------------------------
# the operator's dedicated account


@dataclass(frozen=True)
class OperatorDay:
    """One day of the operator's dedicated collection account (rows B2, B3).

    Attributes
    ----------
    day
        Which.
    opening, closing
        Balance at its begin and end, as the account shows it.
    remitted
        What the clearing company sent.
    paid_out
        What left for sellers, with the operator's own fee.
    given_back
        What left for buyers.
    """

    day: int
    opening: int
    remitted: int
    paid_out: int
    given_back: int
    closing: int

    @property
    def difference(self) -> int:
        """What the movements do not explain; 0 on every day of honest books."""
        return self.opening + self.remitted - self.paid_out - self.given_back - self.closing


def operator_days(run: Run) -> list[OperatorDay]:
    """The dedicated account day by day, movements beside balances."""
    ends = np.arange(1, run.days + 1) - 1e-9
    account = ["collection_account"]
    balance = balance_over_time(run, account, ends)
    moved = {
        kinds: np.diff(balance_over_time(run, account, ends, kinds), prepend=0)
        for kinds in (("remittance",), PAYOUTS, GIVEN_BACK)
    }
    opening = np.concatenate(([0], balance[:-1]))
    return [
        OperatorDay(
            day,
            int(opening[day]),
            int(moved["remittance",][day]),
            -int(moved[PAYOUTS][day]),
            -int(moved[GIVEN_BACK][day]),
            int(balance[day]),
        )
        for day in range(run.days)
    ]


def screened(detector: Detector, trades: int, seed: int) -> Confusion:
    """A month's trades at the operator's desk, each screened for being a fake one (rows B3, D5).

    Parameters
    ----------
    detector
        How often the screening hits and how often it is wrong.
    trades
        How many are screened.
    seed
        Of the named stream ``screening``.
    """
    return simulated(detector, trades, stream(seed, "screening"))


# ---------------------------------------------------------------------------------------------------------------
# what taking money costs


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
