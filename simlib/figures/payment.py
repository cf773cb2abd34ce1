"""Figures of money: where it waits, what arrives of it, how it crosses a border, who can take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from simlib.figures.style import (
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    YELLOW,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number, show_table
from simlib.languages import _
from simlib.payment.costs import ChargebackCost, MethodCost, Protection
from simlib.payment.reports import OperatorDay, reckoned, reconcile, settlement_reports
from simlib.payment.tracing import (
    HOLDERS,
    Stay,
    balance_over_time,
    exchange_difference,
    stays,
    transactions_of,
    waiting_money,
    whereabouts,
)
from simlib.platform.verification import Confusion
from simlib.records import Run
from simlib.scenario import MINOR_UNITS, Payout

LOOKS = {
    "payment_company": (SKY, ""),
    "escrow": (ORANGE, "//"),
    "courier_cash": (PURPLE, "\\\\"),
    "retailer": (GREY, "//"),
    "consignee": (GREY, "--"),
    "clearing_company": (SKY, ".."),
    "collection_account": (YELLOW, "xx"),
}
"""Colour and hatch of each holder of other people's money."""


def account_names() -> dict[str, str]:
    """Accounts in the reader's language."""
    return {
        "buyer": _("buyer"),
        "payment_company": _("payment company"),
        "escrow": _("escrow"),
        "courier_cash": _("courier’s cash"),
        "seller": _("seller’s bank"),
        "payment_fees": _("payment fees"),
        "platform_fees": _("marketplace"),
        "shipping": _("courier’s fee"),
        "inventory": _("goods on the shelf"),
        "cost_of_goods": _("goods sold"),
        "owner": _("owner"),
        "retailer": _("platform that sells itself"),
        "consignee": _("third party that ships"),
        "clearing_company": _("clearing company"),
        "collection_account": _("operator’s account"),
        "exchange": _("currency exchange"),
        "attacker": _("thief"),
        "dispute_costs": _("costs of disputes"),
    }


def kind_names() -> dict[str, str]:
    """Kinds of transaction in the reader's language."""
    return {
        "payment": _("buyer pays"),
        "settlement": _("paid out"),
        "escrow_release": _("escrow released"),
        "refund": _("refund"),
        "shipping": _("courier paid"),
        "remittance": _("changed and remitted"),
        "chargeback": _("chargeback"),
        "compensation": _("courier makes good"),
        "dispute": _("dispute"),
    }


def method_names() -> dict[str, str]:
    """Ways to pay in the reader's language."""
    return {
        "card": _("card"),
        "wallet": _("wallet"),
        "bank-transfer": _("bank transfer"),
        "cash-on-delivery": _("cash on delivery"),
    }


def units(run: Run, minor: float) -> float:
    """Minor units as whole currency units."""
    return minor / MINOR_UNITS[run.scenario.currency]


def money(run: Run, minor: float) -> str:
    """An amount in the shop's currency as people write it, without cents."""
    return f"{number(round(units(run, minor)))} {run.scenario.currency}"


# ---------------------------------------------------------------------------------------------------------------
# one order


def money_of_orders(cases: Mapping[str, tuple[Run, int]], ax: Axes | None = None) -> Axes:
    """Where one order's money is, day by day, for several ways to pay (rows B1, B4, B5).

    Parameters
    ----------
    cases
        Label → run and number of an order that was paid out in it.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.8)
    names, used, told, longest = account_names(), set(), [], 1.0
    for row, (run, order) in enumerate(cases.values()):
        placed, waited = float(run.orders["placed"][order]), 0.0
        begin = 0.0
        for stay in stays(run, order):
            begin, end = stay.begin - placed, min(stay.end, run.days) - placed
            colour, hatch = LOOKS[stay.account]
            label = names[stay.account] if stay.account not in used else None
            used.add(stay.account)
            ax.barh(row, end - begin, left=begin, color=colour, hatch=hatch, edgecolor="white", label=label)
            waited += end - begin
            begin = end
        longest = max(longest, begin)
        got = sum(
            step.amounts.get("seller", 0) for step in transactions_of(run, order) if step.kind != "shipping"
        )
        ax.annotate(
            _("{net} of {amount}").format(net=money(run, got), amount=money(run, run.orders["amount"][order])),
            (begin, row), xytext=(6, 0), textcoords="offset points", va="center",
        )  # fmt: skip
        told.append((waited, got, run, order))
    for row, (run, order) in enumerate(cases.values()):
        paid = float(run.orders["paid"][order] - run.orders["placed"][order])
        ax.barh(
            row,
            paid,
            color="#EEEEEE",
            hatch="..",
            edgecolor=GREY,
            linewidth=0.5,
            label=None if row else _("still the buyer’s"),
        )
        delivered = float(run.orders["delivered"][order] - run.orders["placed"][order])
        ax.plot(
            delivered,
            row,
            marker="v",
            color=RED,
            markersize=9,
            linestyle="",
            label=None if row else _("parcel delivered"),
        )
    ax.set_yticks(range(len(cases)), list(cases))
    ax.invert_yaxis()
    ax.set_xlim(0, longest * 1.4)
    ax.set_xlabel(_("days since the order was placed; right of the bar: what reaches the seller"))
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    parts = _("; ").join(
        _("{label}, {days} days in other hands, then {net} of {amount}").format(
            label=label,
            days=number(round(waited, 1)),
            net=money(run, got),
            amount=money(run, run.orders["amount"][order]),
        )
        for label, (waited, got, run, order) in zip(cases, told, strict=True)
    )
    return describe(
        ax,
        title=_("Where the money of one order is"),
        alt=_("One bar for each way to pay, coloured by who holds the money. {parts}.").format(parts=parts),
        sentence=_("After the buyer has paid, the money waits: {parts}.").format(parts=parts),
    )


def show_postings(run: Run, order: int) -> None:
    """Put all movements of one order's money into the notebook, each with its sum, which is zero.

    Parameters
    ----------
    run, order
        The run and the number of the order.
    """
    steps = transactions_of(run, order)
    placed = float(run.orders["placed"][order])
    accounts = [name for name in account_names() if any(name in step.amounts for step in steps)]
    currencies = {step.currency for step in steps}
    names, kinds = account_names(), kind_names()

    def cell(minor: int) -> str:
        return f"{minor / 100:+,.2f}" if minor else "·"

    rows: list[list[object]] = []
    for step in steps:
        what = kinds[step.kind] + (f" ({step.currency})" if len(currencies) > 1 else "")
        amounts = [step.amounts.get(name, 0) for name in accounts]
        rows.append(
            [
                f"{step.t - placed:.1f}",
                what,
                *(cell(amount) for amount in amounts),
                f"{sum(amounts) / 100:.2f}",
            ]
        )
    if len(currencies) == 1:
        sums = [sum(step.amounts.get(name, 0) for step in steps) for name in accounts]
        rows.append(["", _("all together"), *(cell(amount) for amount in sums), f"{sum(sums) / 100:.2f}"])
    show_table(
        _("Every movement of order {order}, in {currency}").format(
            order=order, currency=", ".join(sorted(currencies))
        ),
        [_("day"), _("what happens"), *(names[name] for name in accounts), _("sum")],
        rows,
        right=[0, *range(2, len(accounts) + 3)],
    )


def show_payment_page(run: Run, order: int) -> None:
    """Put the steps of one order's payment into the notebook, from the payment page to the notice to ship (row A2).

    Parameters
    ----------
    run, order
        The run and the number of the order.
    """
    steps = {
        "confirmed": (_("order confirmed"), _("shop")),
        "redirected": (_("redirected to the payment page"), _("buyer")),
        "authenticated": (_("password or fingerprint given"), _("buyer")),
        "declined": (_("payment declined"), _("payment company")),
        "paid": (_("success: the order is marked paid"), _("payment company")),
        "seller_told": (_("told to ship"), _("seller")),
    }
    events = run.events
    mine = np.flatnonzero(events["order"] == order)
    told = [(float(events["t"][row]), events.words["kind"][events["kind"][row]]) for row in mine]
    told = [(t, kind) for t, kind in told if kind in steps]
    first = told[0][0] if told else 0.0
    show_table(
        _("The payment of order {order}").format(order=order),
        [_("minutes since confirmed"), _("what happens"), _("who")],
        [[f"{(t - first) * 1440:,.1f}", *steps[kind]] for t, kind in told],
        right=[0],
    )


# ---------------------------------------------------------------------------------------------------------------
# money that waits


def waiting_over_time(runs: Mapping[str, Run], ax: Axes | None = None) -> Axes:
    """How much money waits in other hands, for several contracts (row B1).

    Parameters
    ----------
    runs
        Label → run; all in one currency.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    said = []
    for row, (label, run) in enumerate(runs.items()):
        at = np.linspace(0, run.days, 4 * run.days + 1)
        held = balance_over_time(run, [name for name in HOLDERS if name != "retailer"], at)
        mean = waiting_money(run, begin=run.days / 3).observed
        ax.plot(at, units(run, 1) * held, color=COLOURS[row], linestyle=DASHES[row], linewidth=2, label=label)
        said.append(_("{label} {amount}").format(label=label, amount=money(run, mean)))
        ax.set_xlim(0, run.days)
        ax.set_ylabel(_("{currency} waiting").format(currency=run.scenario.currency))
    ax.set_ylim(bottom=0)
    whole_numbers(ax.yaxis)
    ax.set_xlabel(_("days since the start"))
    legend_below(ax)
    parts = _("; ").join(said)
    return describe(
        ax,
        title=_("Money that waits in other hands"),
        alt=_("One line for each contract; each rises and then stays level. Means: {parts}.").format(
            parts=parts
        ),
        sentence=_("Once the shop runs steadily, this much waits at any moment: {parts}.").format(
            parts=parts
        ),
    )


def show_waiting(runs: Mapping[str, Run]) -> None:
    """Put both sides of Little's law for money into the notebook.

    Parameters
    ----------
    runs
        Label → run; all in one currency.
    """
    laws = {label: waiting_money(run, begin=run.days / 3) for label, run in runs.items()}
    run = next(iter(runs.values()))
    show_table(
        _("Turnover a day × days waiting, in {currency}").format(currency=run.scenario.currency),
        [_("contract"), _("paid by buyers a day"), _("days waiting, mean"), _("product"), _("counted")],
        [
            [
                label,
                round(units(run, law.per_day)),
                f"{law.days:.1f}",
                round(units(run, law.expected)),
                round(units(run, law.observed)),
            ]
            for label, law in laws.items()
        ],
        right=[2],
    )


def what_arrives(run: Run, ax: Axes | None = None) -> Axes:
    """What arrives of every 1,000 that buyers have ordered, and where the rest is (rows A9, B4, B5).

    Parameters
    ----------
    run
        The run, within one currency.
    ax
        Where to draw; a new figure if left out.

    Raises
    ------
    SafeShopError
        If the money crosses a border.
    """
    ax = ax or new_axes()
    found, currency = whereabouts(run), run.scenario.currency
    parts = {label: 1000 * amount / max(found.ordered, 1) for label, amount in _parts(run).items()}
    looks = dict(
        zip(
            parts,
            (
                (RED, "xx"),
                (GREY, ""),
                (PURPLE, "\\\\"),
                (ORANGE, "//"),
                (YELLOW, ".."),
                (SKY, "--"),
                (GREEN, ""),
            ),
            strict=False,
        )
    )
    left = 1000.0
    ax.barh(_("ordered"), 1000, color=BLUE)
    _number_beside(ax, 0, 1000, "1,000")
    for row, (label, amount) in enumerate(parts.items(), start=1):
        colour, hatch = looks.get(label, (RED, ""))
        left -= amount
        ax.barh(label, amount, left=left, color=colour, hatch=hatch, edgecolor="white")
        _number_beside(ax, row, left + amount, f"{amount:.1f}")
    ax.invert_yaxis()
    ax.set_xlim(0, 1150)
    ax.set_xlabel(
        _("of every 1,000 {currency} ordered in {days} days").format(currency=currency, days=run.days)
    )
    ax.grid(axis="y", visible=False)
    said = ", ".join(f"{label} {amount:.0f}" for label, amount in parts.items())
    lost = parts[_("never paid")] + parts[_("payment fees")] + parts[_("kept by the platform")]
    return describe(
        ax,
        title=_("What arrives of 1,000 {currency}").format(currency=currency),
        alt=_("Bars that step down from 1,000: {parts}.").format(parts=said),
        sentence=_(
            "Of every 1,000 {currency} ordered, {bank} are in the bank, {waiting} wait in other hands, "
            "and {lost} never come."
        ).format(
            currency=currency,
            bank=f"{parts[_('in the seller’s bank')]:.0f}",
            waiting=f"{parts[_('waiting in other hands')]:.0f}",
            lost=f"{lost:.0f}",
        ),
    )


def _parts(run: Run) -> dict[str, int]:
    """Where what was ordered is, in words; the last line is what the seller has."""
    found = whereabouts(run)
    parts = {
        _("never paid"): found.never_paid,
        _("not paid yet"): found.not_yet_paid,
        _("given back"): found.given_back,
        _("payment fees"): found.payment_fees,
        _("kept by the platform"): found.platform_keeps,
        _("waiting in other hands"): found.waiting,
        _("in the seller’s bank"): found.bank,
    }
    if found.stolen:
        parts[_("stolen")] = found.stolen
    return parts


def _number_beside(ax: Axes, row: int, x: float, text: str) -> None:
    ax.annotate(text, (x, row), xytext=(6, 0), textcoords="offset points", va="center")


def show_what_arrives(runs: Mapping[str, Run]) -> None:
    """Put what arrives of 1,000 under several forms of trade side by side into the notebook (row A9).

    Parameters
    ----------
    runs
        Label → run, each within one currency.

    Raises
    ------
    SafeShopError
        If the money of one of them crosses a border.
    """
    rows: dict[str, list[object]] = {}
    for run in runs.values():
        ordered = max(whereabouts(run).ordered, 1)
        for label, amount in _parts(run).items():
            rows.setdefault(label, [label]).append(f"{1000 * amount / ordered:,.0f}")
    who = {
        "payment-company": _("payment company, on settlement days"),
        "escrow": _("marketplace, when the condition is met"),
        "retailer": _("the platform, which buys from the shop"),
        "consignee": _("third party, on settlement days"),
        "cross-border": _("operator, on the marketplace’s word"),
    }
    routes = [run.orders.words["route"][run.orders["route"][0]] for run in runs.values()]
    show_table(
        _("Of every 1,000 ordered"),
        [_("where it is"), *runs],
        [*rows.values(), [_("who settles"), *(who[route] for route in routes)]],
    )


# ---------------------------------------------------------------------------------------------------------------
# settlement


def show_settlement(run: Run, first: int = 5) -> None:
    """Put the first settlement reports beside the shop's own reckoning into the notebook (row B5).

    Parameters
    ----------
    run
        The run.
    first
        How many days are shown one by one; the last line sums all of them.
    """
    reports, mine = settlement_reports(run), reckoned(run)
    by_moment: dict[float, int] = {}
    for due in mine:
        by_moment[due.t] = by_moment.get(due.t, 0) + due.line.net
    moments = sorted({report.t for report in reports})
    groups = [
        (f"{moment:.2f}", [report for report in reports if report.t == moment], by_moment.get(moment, 0))
        for moment in moments[:first]
    ]
    groups.append((_("all {days} days").format(days=len(moments)), list(reports), sum(by_moment.values())))

    def written(minor: int) -> str:
        return f"{minor / 100:,.2f}"

    show_table(
        _("Settlement reports beside the shop’s own reckoning, in {currency}").format(
            currency=run.scenario.currency
        ),
        [
            _("day of payout"),
            _("orders"),
            _("gross"),
            _("fees"),
            _("paid out, they say"),
            _("due, by our orders"),
            _("difference"),
        ],
        [
            [
                label,
                sum(len(report.lines) for report in found),
                written(sum(report.gross for report in found)),
                written(sum(report.fees for report in found)),
                written(sum(report.net for report in found)),
                written(own),
                written(sum(report.net for report in found) - own),
            ]
            for label, found, own in groups
        ],
        right=range(7),
    )


def show_reconciliation(runs: Mapping[str, Run]) -> None:
    """Put what reconciling finds into the notebook, for several runs (row B5).

    Parameters
    ----------
    runs
        Label → run.
    """
    found = {label: reconcile(run) for label, run in runs.items()}
    run = next(iter(runs.values()))
    show_table(
        _("Reports, orders and bank account compared, in {currency}").format(currency=run.scenario.currency),
        [
            _("month"),
            _("orders that agree"),
            _("that do not"),
            _("paid out, they say"),
            _("came to the bank"),
            _("first seen on day"),
        ],
        [
            [
                label,
                one.agreed,
                len(one.differences),
                f"{one.reported / 100:,.2f}",
                f"{one.arrived / 100:,.2f}",
                f"{one.first_seen:.2f}" if one.differences else "–",
            ]
            for label, one in found.items()
        ],
        right=range(1, 6),
    )


# ---------------------------------------------------------------------------------------------------------------
# across the border


def five_steps(run: Run, order: int, ax: Axes | None = None) -> Axes:
    """One order's money across the border in five steps (row B2).

    Parameters
    ----------
    run, order
        A cross-border run and the number of an order that was paid out in it.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=4.8)
    orders = run.orders
    placed = float(orders["placed"][order])
    waiting = {stay.account: stay for stay in stays(run, order)}
    clearing, operator = waiting["clearing_company"], waiting["collection_account"]
    net = sum(
        step.amounts.get("seller", 0) for step in transactions_of(run, order) if step.kind == "settlement"
    )
    home, abroad = run.scenario.currency, clearing.currency
    lanes = [_("buyer"), _("clearing company"), _("operator’s account"), _("seller’s bank")]
    last = operator.end - placed

    def written(amount: float, currency: str) -> str:
        return f"{amount / 100:,.2f} {currency}"

    def bar(row: int, stay: Stay) -> None:
        colour, hatch = LOOKS[stay.account]
        ax.barh(
            row,
            stay.end - stay.begin,
            left=stay.begin - placed,
            height=0.5,
            color=colour,
            hatch=hatch,
            edgecolor="white",
        )

    bar(1, clearing)
    bar(2, operator)
    for begin, end, row in (
        (clearing.begin, clearing.begin, 0),
        (operator.begin, operator.begin, 1),
        (operator.end, operator.end, 2),
    ):
        ax.annotate(
            "", (end - placed, row + 0.72), xytext=(begin - placed, row + 0.12),
            arrowprops={"arrowstyle": "->", "color": GREY, "linewidth": 1.5},
        )  # fmt: skip
    # Each step: number, day, lane, words to the right of it.
    steps = (
        (1, -0.06 * last, 3, _("lists the goods")),
        (2, float(orders["confirmed"][order]) - placed, 0, _("agrees on terms")),
        (3, clearing.begin - placed, 1, _("pays {amount}").format(amount=written(clearing.amount, abroad))),
        (4, operator.begin - placed, 2, _("arrives: {amount}").format(amount=written(operator.amount, home))),
        (5, last, 3, _("arrives: {amount}").format(amount=written(net, home))),
    )
    for step, day, row, words in steps:
        ax.plot(
            day,
            row,
            marker="o",
            markersize=19,
            color="white",
            markeredgecolor=BLUE,
            markeredgewidth=2,
            zorder=4,
        )
        ax.annotate(str(step), (day, row), ha="center", va="center", fontweight="bold", color=BLUE, zorder=5)
        above = row in (1, 2)
        ax.annotate(
            words,
            (day, row),
            xytext=(14, 24 if above else 0),
            textcoords="offset points",
            va="center",
        )
    ax.set_yticks(range(4), lanes)
    ax.set_ylim(3.6, -0.5)
    ax.set_xlim(-0.12 * last, last * 1.6)
    ax.set_xlabel(_("days since the order was placed"))
    ax.grid(axis="y", visible=False)
    rate = run.scenario.payment.cross_border.rate_at(operator.begin)
    words = _(
        "The buyer pays {paid} to the clearing company on day {day3}; it keeps its fee, changes the rest at {rate} and "
        "sends {arrived} to the operator on day {day4}; the operator pays {net} to the seller on day {day5}"
    ).format(
        paid=written(clearing.amount, abroad),
        day3=number(round(clearing.begin - placed, 1)),
        rate=rate,
        arrived=written(operator.amount, home),
        day4=number(round(operator.begin - placed, 1)),
        net=written(net, home),
        day5=number(round(last, 1)),
    )
    return describe(
        ax,
        title=_("Across the border in five steps"),
        alt=_("Four lanes one below the other, joined by arrows. {words}.").format(words=words),
        sentence=_("{words}.").format(words=words),
    )


def collection_balances(run: Run, days: int, ax: Axes | None = None) -> Axes:
    """What clearing company, operator and seller hold, day by day, in the shop's currency (row B2).

    Parameters
    ----------
    run
        A cross-border run.
    days
        How many days to show.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    plan = run.scenario
    at = np.linspace(0, days, 24 * days + 1)
    abroad = balance_over_time(
        run, ["clearing_company"], at, currency=plan.payment.cross_border.buyer_currency
    )
    rate = np.array([plan.payment.cross_border.rate_at(t) for t in at.tolist()])
    lines = (
        (_("clearing company"), abroad * rate),
        (_("operator’s account"), balance_over_time(run, ["collection_account"], at)),
        (_("paid to the seller so far"), balance_over_time(run, ["seller"], at, ["settlement"])),
    )
    for row, (label, held) in enumerate(lines):
        ax.step(
            at, held / 100, where="post", color=COLOURS[row], linestyle=DASHES[row], linewidth=2, label=label
        )
    ax.set_xlim(0, days)
    ax.set_ylim(bottom=0)
    whole_numbers(ax.yaxis)
    ax.set_xlabel(_("days since the start"))
    ax.set_ylabel(plan.currency)
    legend_below(ax)
    peak, seller = float((lines[0][1] + lines[1][1]).max()), float(lines[2][1][-1])
    return describe(
        ax,
        title=_("Who holds the money"),
        alt=_("Two lines that rise and fall, and one that only rises, to {seller}.").format(
            seller=money(run, seller)
        ),
        sentence=_(
            "At the worst moment {peak} lay with the two companies in between; "
            "in {days} days {seller} reached the seller."
        ).format(peak=money(run, peak), days=days, seller=money(run, seller)),
    )


def exchange_rates(run: Run, ax: Axes | None = None) -> Axes:
    """The rate day by day, and what the days between payment and remittance cost or brought (row B2).

    Parameters
    ----------
    run
        A cross-border run.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.6)
    crossing = run.scenario.payment.cross_border
    at = np.arange(0, run.days, 0.25)
    rate = np.array([crossing.rate_at(t) for t in at.tolist()])
    ax.step(at, rate, where="post", color=BLUE, linewidth=2)
    ax.set_xlim(0, run.days)
    ax.set_xlabel(_("days since the start"))
    ax.set_ylabel(
        _("{home} for 1 {abroad}").format(home=run.scenario.currency, abroad=crossing.buyer_currency)
    )
    found = exchange_difference(run)
    difference = found.when_changed - found.when_paid
    words = _(
        "{orders} remittances were worth {before} when paid and {after} when changed: a difference of {difference}"
    ).format(
        orders=number(found.orders),
        before=money(run, found.when_paid),
        after=money(run, found.when_changed),
        difference=("+" if difference > 0 else "−" if difference < 0 else "") + money(run, abs(difference)),
    )
    return describe(
        ax,
        title=_("The exchange rate"),
        alt=_("A line in small steps between {low} and {high}.").format(low=rate.min(), high=rate.max()),
        sentence=_("{words}. It is the seller’s, because he sells at prices in his own currency.").format(
            words=words
        ),
    )


def show_operator_days(days: Sequence[OperatorDay], currency: str) -> None:
    """Put the daily reconciliation of the operator's account into the notebook (rows B2, B3).

    Parameters
    ----------
    days
        Days to show.
    currency
        Of the account.
    """
    show_table(
        _("The operator’s dedicated account, reconciled every day, in {currency}").format(currency=currency),
        [
            _("day"),
            _("opening"),
            _("+ remitted"),
            _("− paid out"),
            _("− given back"),
            _("closing"),
            _("unexplained"),
        ],
        [
            [
                one.day,
                *(
                    f"{amount / 100:,.2f}"
                    for amount in (
                        one.opening,
                        one.remitted,
                        one.paid_out,
                        one.given_back,
                        one.closing,
                        one.difference,
                    )
                ),
            ]
            for one in days
        ],
        right=range(7),
    )


def flagged(found: Confusion, ax: Axes | None = None) -> Axes:
    """Of 100 flagged trades, how many are really fake (rows B3, D5).

    Parameters
    ----------
    found
        How the screening sorted the trades.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.8)
    fakes = 0 if np.isnan(found.really_fake) else round(100 * found.really_fake)
    place = np.arange(100)
    for label, colour, marker, mine in (
        (_("really fake"), RED, "X", place < fakes),
        (_("honest"), SKY, "s", place >= fakes),
    ):
        ax.scatter(place[mine] % 20, place[mine] // 20, s=150, color=colour, marker=marker, label=label)
    ax.set_xlim(-1, 32)
    ax.set_ylim(4.8, -0.8)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.axis("off")
    counts = (
        (_("trades screened"), found.cases),
        (_("fake and flagged"), found.hits),
        (_("honest and flagged"), found.false_alarms),
        (_("fake and let through"), found.misses),
    )
    for row, (label, count) in enumerate(counts):
        ax.annotate(f"{label}: {number(round(count, 1))}", (21, 0.3 + 1.1 * row), va="center")
    legend_below(ax)
    return describe(
        ax,
        title=_("Of 100 flagged trades"),
        alt=_("A hundred marks: {fakes} crosses for fake trades, {honest} squares for honest ones.").format(
            fakes=fakes, honest=100 - fakes
        ),
        sentence=found.sentence(),
    )


# ---------------------------------------------------------------------------------------------------------------
# who takes it


def changed_account(quiet: Run, payout: Payout, ax: Axes | None = None) -> Axes:
    """What a changed payout account costs, without and with a hold on payouts (rows B5, D2).

    Parameters
    ----------
    quiet
        The shop when nobody touches the account.
    payout
        The change, when it is noticed, and the hold.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    change, hold = payout.changes[0].day, payout.hold_days
    noticed = change + payout.noticed_after_days
    at = np.linspace(change - 2, quiet.days, 600)
    lines = (
        (_("due to the seller"), GREY, ":", reckoned(quiet), "seller"),
        (
            _("to the thief, no hold"),
            RED,
            "-",
            reckoned(quiet, payout.model_copy(update={"hold_days": 0.0})),
            "attacker",
        ),
        (_("to the thief, with the hold"), BLUE, "--", reckoned(quiet, payout), "attacker"),
    )
    ends = []
    for label, colour, dashes, dues, payee in lines:
        mine = [due for due in dues if due.payee == payee and due.t >= change]
        sums = np.concatenate(([0], np.cumsum([due.line.net for due in mine])))
        path = sums[np.searchsorted([due.t for due in mine], at, side="right")] if mine else np.zeros(len(at))
        ax.plot(at, path / 100, color=colour, linestyle=dashes, linewidth=2.5, label=label)
        ends.append(float(path[-1]))
    for day, label, colour, height in (
        (change, _("account changed"), RED, 0.97),
        (noticed, _("noticed"), GREEN, 0.87),
        (change + hold, _("hold ends"), BLUE, 0.77),
    ):
        ax.axvline(day, color=colour, linewidth=1, linestyle="-." if colour == BLUE else "-")
        ax.annotate(
            label, (day, height), xycoords=("data", "axes fraction"), xytext=(4, 0), textcoords="offset points",
            va="top", color=colour, bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        )  # fmt: skip
    ax.set_xlim(at[0], quiet.days)
    ax.set_ylim(bottom=0, top=max(1.0, ends[0] / 100) * 1.1)
    whole_numbers(ax.yaxis)
    ax.set_xlabel(_("days since the start"))
    ax.set_ylabel(_("{currency} paid out since the change").format(currency=quiet.scenario.currency))
    legend_below(ax)
    words = _(
        "Noticed after {noticed} days, the change costs {without} without a hold, "
        "and {with_hold} with a hold of {hold} days"
    ).format(
        noticed=number(payout.noticed_after_days),
        without=money(quiet, ends[1]),
        with_hold=money(quiet, ends[2]),
        hold=number(hold),
    )
    return describe(
        ax,
        title=_("One line changed: the payout account"),
        alt=_("Three lines that rise from the day of the change. {words}.").format(words=words),
        sentence=_("{words}.").format(words=words),
    )


def chargeback(cost: ChargebackCost, currency: str, ax: Axes | None = None) -> Axes:
    """What a chargeback costs beyond the amount, beside what a good order earns (row D5).

    Parameters
    ----------
    cost
        The average chargeback.
    currency
        Of the amounts.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.4)
    parts = (
        (_("goods, at cost"), cost.goods, PURPLE, "\\\\"),
        (_("courier"), cost.courier, SKY, ""),
        (_("payment fee"), cost.payment_fee, YELLOW, "xx"),
        (_("fee for the chargeback"), cost.chargeback_fee, RED, "//"),
    )
    left = 0.0
    for label, amount, colour, hatch in parts:
        ax.barh(
            _("one chargeback costs"),
            amount / 100,
            left=left / 100,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
        left += amount
    ax.barh(_("one good order earns"), cost.profit / 100, color=GREEN)
    for row, amount in enumerate((cost.loss, cost.profit)):
        _number_beside(ax, row, amount / 100, number(round(amount / 100)))
    ax.invert_yaxis()
    ax.set_xlim(0, max(cost.loss, cost.profit, 1) / 100 * 1.15)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(_("{currency}, mean").format(currency=currency))
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    said = ", ".join(f"{label} {number(round(amount / 100))}" for label, amount, _colour, _hatch in parts)
    return describe(
        ax,
        title=_("What a chargeback costs beyond the amount"),
        alt=_("Two bars. The longer one: {parts}.").format(parts=said),
        sentence=_(
            "Apart from giving back {amount} {currency}, one chargeback costs {loss} {currency}: "
            "the profit of {orders} good orders."
        ).format(
            amount=number(round(cost.amount / 100)),
            currency=currency,
            loss=number(round(cost.loss / 100)),
            orders=number(round(cost.orders_to_earn_it_back, 1)),
        ),
    )


def show_methods(costs: Mapping[str, MethodCost], limit_days: float) -> None:
    """Put the ways to pay side by side into the notebook (row B4).

    Parameters
    ----------
    costs
        Method → what it means for the shop.
    limit_days
        Longest time in which a card payment can be charged back.
    """
    names = method_names()
    takers = {
        "card": _("the buyer’s bank, for up to {days} days").format(days=number(limit_days)),
        "wallet": _("the wallet company, by its own rules"),
        "bank-transfer": _("nobody but the seller"),
        "cash-on-delivery": _("nobody; but he may refuse the parcel"),
    }

    def percent(share: float) -> str:
        return f"{100 * share:.1f}" if share == share else "–"

    show_table(
        _("Ways to pay, as this shop met them"),
        [
            _("way to pay"),
            _("orders"),
            _("fees, %"),
            _("never paid, %"),
            _("days until in the bank"),
            _("charged back, %"),
            _("all costs, % of what was paid"),
            _("who can take it back"),
        ],
        [
            [
                names[method],
                cost.orders,
                percent(cost.fee_share),
                percent(cost.unpaid_share),
                f"{cost.days:.1f}",
                percent(cost.charged_back_share),
                percent(cost.cost_share),
                takers[method],
            ]
            for method, cost in costs.items()
        ],
        right=range(1, 7),
    )


def protection(results: Mapping[str, Protection], ax: Axes | None = None) -> Axes:
    """How much of the money in question still waited when somebody needed it (rows B1, B5, D5).

    Parameters
    ----------
    results
        Label → what still waited and what was gone.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    labels = list(results)
    waiting = np.array([0 if np.isnan(one.share) else 100 * one.share for one in results.values()])
    gone = np.array([0 if np.isnan(one.share) else 100 * (1 - one.share) for one in results.values()])
    ax.barh(labels, waiting, color=GREEN, label=_("still waiting: can go back"))
    ax.barh(
        labels,
        gone,
        left=waiting,
        color=RED,
        hatch="xx",
        edgecolor="white",
        label=_("already paid out: gone"),
    )
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel(_("% of the money in question"))
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    parts = _("; ").join(
        _("{label} {share} %").format(label=label, share=number(round(share)))
        for label, share in zip(labels, waiting.tolist(), strict=True)
    )
    return describe(
        ax,
        title=_("What waiting money protects"),
        alt=_("One bar for each case, cut in two. Still waiting: {parts}.").format(parts=parts),
        sentence=_("Of the money in question, this much still waited when it was needed: {parts}.").format(
            parts=parts
        ),
    )
