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
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

from simlib.calendars import WeeklyClock
from simlib.payment.ledger import share_of
from simlib.payment.payout import PayoutAccount
from simlib.payment.tracing import GIVEN_BACK, HOLDERS, PAYOUTS, balance_over_time, booked, whole
from simlib.platform.verification import Confusion, Detector, simulated
from simlib.records import Run
from simlib.scenario import Payout
from simlib.streams import stream, tick

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
        To whose account: ``seller`` or ``attacker``. On paper it is a number that few people compare. Lines of which
        fees leave nothing stand in the seller's report.
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
    mine = booked(run, rows.words["account"], PAYOUTS)
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
            line = _line(run, order)
            # What fees use up reaches no account, whichever is entered.
            payee = account.payee(t) if account and line.net else "seller"
            # Goods that were given away for nothing are nobody's to pay out.
            if line.gross:
                result.append(DuePayout(t, line, payee))
    return sorted(result, key=lambda due: (due.t, due.line.order))


def _given_back_at(run: Run) -> npt.NDArray[np.float64]:
    rows = run.postings
    moments = np.full(run.orders.rows, np.inf)
    back = booked(run, ["buyer"], GIVEN_BACK)
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
        abroad = whole(amount / Decimal(repr(crossing.rate_at(paid))))
        remitted = abroad - share_of(abroad, crossing.clearing_fee)
        rate = crossing.rate_at(paid + tick(crossing.remittance_days))
        arrived = whole(remitted * Decimal(repr(rate)))
        fee = share_of(arrived, crossing.operator_fee)
        return SettlementLine(order, arrived, fee, 0, arrived - fee)
    fee = share_of(amount, method.fee)
    commission = share_of(amount, plan.payment.commission) if route == "escrow" else 0
    return SettlementLine(order, amount, fee, commission, amount - fee - commission)


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
