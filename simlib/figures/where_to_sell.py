"""Figures and tables of lesson 01: who acts, who holds the data, who gets the money, what the law asks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from simlib.facts import fact
from simlib.figures.style import (
    BLUE,
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
from simlib.platform.catalogue import MARKETS, WORLD, Platform, find
from simlib.platform.fees import FeeSchedule, MonthCost, fee_label
from simlib.platform.jurisdictions import (
    PLACES,
    Jurisdiction,
    clock,
    computer_crime_law,
    infringement_path,
    jurisdiction,
    privacy_law,
)
from simlib.platform.roles import DUTIES, Roles, duties, field_label, party_label, place_label, roles
from simlib.platform.ways import Reach, earned, of_100, share_label
from simlib.records import Run
from simlib.scenario import MINOR_UNITS

WRAP: Final = 24
"""Letters in a line of a bar's label."""

TRADE_EXAMPLES: Final = {
    "B2B": ("B2B", "platform-run", "contact-first"),
    "B2C": ("B2C", "own-site", "direct"),
    "C2C": ("C2C", "platform-run", "direct"),
    "O2O": ("O2O", "own-site", "direct"),
}
"""Trade model → a usual arrangement for it."""

LOOKS: Final = {
    "goods": (GREY, "+"),
    "courier": (SKY, "//"),
    "platform": (RED, "||"),
    "retailer": (RED, "xx"),
    "payment": (PURPLE, ".."),
    "disputes": (YELLOW, "oo"),
    "technical-service": (YELLOW, "\\\\"),
    "advertising": (ORANGE, "--"),
    "tax": (BLUE, "oo"),
    "left": (GREEN, ""),
}
"""Colour and hatch of each part of 100; never the colour alone."""


ORDER_PARTS: Final = ("goods", "courier", "payment", "platform", "retailer", "disputes", "left")
"""Parts of 100 of completed orders, in the order in which they are drawn."""


# ---------------------------------------------------------------------------------------------------------------
# who acts


def show_trades() -> None:
    """Show the four trade models: who sells to whom, which data and which way the money takes (row A4)."""
    rows = []
    for trade, arrangement in TRADE_EXAMPLES.items():
        who = roles(*arrangement)
        rows.append(
            [
                trade,
                _trades()[trade],
                _fields(who.shop_reads),
                _money(who),
                who.explanations()["invoices"],
            ]
        )
    show_table(
        _("Four trade models, each in a usual form"),
        [_("trade"), _("who sells to whom"), _("data you can read"), _("way of the money"), _("invoice")],
        rows,
    )


def show_roles(ways: Mapping[str, Roles]) -> None:
    """Show who does what in each way to sell (rows A5, A7, A9).

    Parameters
    ----------
    ways
        Label → roles.
    """
    show_table(
        _("Who does what"),
        [
            _("way to sell"),
            _("the buyer’s contract is with"),
            _("goods wait at"),
            _("ships"),
            _("invoices the buyer"),
            _("answers the buyer"),
            _("way of the money"),
        ],
        [
            [
                label,
                *(party_label(getattr(who, role)) for role in ("sells", "holds_stock", "ships", "invoices")),
                party_label(who.answers),
                _money(who),
            ]
            for label, who in ways.items()
        ],
    )


def show_data_places(ways: Mapping[str, Roles]) -> None:
    """Show which of the buyer's data you can read in each way to sell, and where else they lie.

    Parameters
    ----------
    ways
        Label → roles.
    """
    show_table(
        _("Who holds which of the buyer’s data"),
        [_("way to sell"), _("you can read"), _("they lie at")],
        [
            [
                label,
                _fields(who.shop_reads),
                _("; ").join(place_label(place) for place in who.holds),
            ]
            for label, who in ways.items()
        ],
    )


# ---------------------------------------------------------------------------------------------------------------
# what the runs say


def customers_within_reach(ways: Mapping[str, Reach], ax: Axes | None = None) -> Axes:
    """Records a thief reads with the seller's password under each way to sell, and those beyond it (A13).

    Parameters
    ----------
    ways
        Label → what lies within reach.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=5.2)
    labels, reach = _wrapped(ways), list(ways.values())[::-1]
    left = np.zeros(len(reach))
    for name, colour, hatch, counts in (
        (_("with address"), RED, "", [of.with_address for of in reach]),
        (_("name and phone only"), ORANGE, "//", [of.without_address for of in reach]),
        (_("out of reach, with others"), GREY, "..", [of.elsewhere for of in reach]),
    ):
        ax.barh(labels, counts, left=left, color=colour, hatch=hatch, edgecolor="white", label=name)
        left += np.array(counts)
    for row, of in enumerate(reach):
        note = _("{customers} customers").format(customers=number(of.customers))
        ax.text(left[row] + 0.01 * max(left.max(), 1), row, note, va="center")
    ax.set_xlim(0, 1.3 * max(left.max(), 1))
    ax.set_xlabel(_("records of members and orders, and e-mails with them"))
    whole_numbers(ax.xaxis)
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    parts = _("; ").join(
        _("{label}: {customers}").format(label=label, customers=number(of.customers))
        for label, of in ways.items()
    )
    return describe(
        ax,
        title=_("What a thief reads with your password"),
        alt=_("One bar a way to sell, cut by what the records hold. Customers within reach: {parts}.").format(
            parts=parts
        ),
        sentence=_("Customers whose name and phone a thief reads with your password: {parts}.").format(
            parts=parts
        ),
    )


def where_100_goes(runs: Mapping[str, Run], ax: Axes | None = None) -> Axes:
    """Who gets how much of 100 that buyers pay, counted in the books of each run (rows A7, A9).

    Parameters
    ----------
    runs
        Label → run.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=5.2)
    shares = [of_100(run) for run in runs.values()]
    parts = {share_label(name): (*LOOKS[name], [share[name] for share in shares]) for name in ORDER_PARTS}
    notes = [
        _("{left} of 100\n{amount} {currency}").format(
            left=_decimal(share["left"]),
            amount=number(round(earned(run))),
            currency=run.scenario.currency,
        )
        for share, run in zip(shares, runs.values(), strict=True)
    ]
    _draw_100(ax, list(runs), parts, notes)
    days = ", ".join(sorted({str(run.days) for run in runs.values()}))
    said = _said_left({label: share["left"] for label, share in zip(runs, shares, strict=True)})
    return describe(
        ax,
        title=_("Who gets how much of 100"),
        alt=_("One bar of 100 a way to sell, cut into who gets what. Left for you: {parts}.").format(
            parts=said
        ),
        sentence=_(
            "Of 100 that buyers paid for completed orders in {days} days, you keep, before monthly costs and taxes: "
            "{parts}."
        ).format(days=days, parts=said),
    )


def what_100_leaves(
    months: Mapping[str, MonthCost], currencies: Mapping[str, str] | str, ax: Axes | None = None
) -> Axes:
    """What 100 of a month's sales leave after all fees, goods, courier, advertising and taxes (row A9).

    Parameters
    ----------
    months
        Label → the month.
    currencies
        Label → currency of that month, or one for all.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=5.2)
    shares = [month_of_100(month) for month in months.values()]
    parts = {
        _month_parts()[name]: (*LOOKS[name], [share[name] for share in shares]) for name in _month_parts()
    }
    notes = []
    for (label, month), share in zip(months.items(), shares, strict=True):
        currency = currencies if isinstance(currencies, str) else currencies[label]
        notes.append(
            _("{left} of 100\n{amount} {currency} a month").format(
                left=_decimal(share["left"]),
                amount=number(round(month.left / MINOR_UNITS[currency])),
                currency=currency,
            )
        )
    _draw_100(ax, list(months), parts, notes)
    said = _said_left({label: share["left"] for label, share in zip(months, shares, strict=True)})
    return describe(
        ax,
        title=_("What 100 of sales leave in the end"),
        alt=_("One bar a place of sale, cut into what each cost takes of 100. Left for you: {parts}.").format(
            parts=said
        ),
        sentence=_("Of 100 of a month’s sales, after all costs and taxes, you keep: {parts}.").format(
            parts=said
        ),
    )


def month_of_100(month: MonthCost) -> dict[str, float]:
    """Where 100 of a month's sales go; the keys are those of `LOOKS` that a month has, and they sum to 100.

    Sales tax, import tax and income tax are one part; below 0 is what the month costs on top.
    """
    fees = month.fees
    amounts = {
        "goods": month.goods,
        "courier": month.shipping,
        "platform": fees["commission"] + fees["margin"],
        "payment": fees["card"] + fees["cash-on-delivery"],
        "technical-service": fees["technical-service"],
        "advertising": fees["advertising"],
        "tax": month.tax + month.income_tax,
        "left": month.left,
    }
    total = month.amount
    return {name: 100 * amount / total if total else 0.0 for name, amount in amounts.items()}


def show_what_stays(ways: Mapping[str, tuple[Roles, Reach, float]], currency: str) -> None:
    """Show what each way to sell leaves with the seller to protect (row A13).

    Parameters
    ----------
    ways
        Label → roles, what lies within reach of the password, and what a thief got who entered his account.
    currency
        Of that amount.
    """
    show_table(
        _("What stays with you to protect"),
        [
            _("way to sell"),
            _("security duties that stay with you, of {all}").format(all=len(DUTIES)),
            _("customers within reach of your password"),
            _("paid out to a thief’s account, {currency}").format(currency=currency),
        ],
        [
            [label, sum(duty.stays for duty in duties(who)), reach.customers, round(taken)]
            for label, (who, reach, taken) in ways.items()
        ],
    )


def show_duties(ways: Mapping[str, Roles]) -> None:
    """Show the checklist of the seller's security duties under each way to sell (row A13).

    Parameters
    ----------
    ways
        Label → roles.
    """
    stays, gone = _("you"), "–"
    columns = [[stays if duty.stays else gone for duty in duties(who)] for who in ways.values()]
    what = [duty.what for duty in duties(next(iter(ways.values())))]
    show_table(
        _("Security duties: which stay with you"),
        [_("duty"), *ways],
        [[what[row], *(column[row] for column in columns)] for row in range(len(what))],
    )


# ---------------------------------------------------------------------------------------------------------------
# fees, platforms, law


def show_fee_schedules(named: Mapping[str, FeeSchedule]) -> None:
    """Show what each place of sale takes (row A9).

    Parameters
    ----------
    named
        Label → fee schedule.
    """
    show_table(
        _("What each takes. All figures are assumptions of this course, in the usual order of magnitude"),
        [
            _("place of sale"),
            _("{kind}, %").format(kind=fee_label("commission")),
            _("{kind}, %").format(kind=fee_label("margin")),
            _("{kind}, %").format(kind=fee_label("card")),
            _("{kind}, %").format(kind=fee_label("cash-on-delivery")),
            _("{kind}, % of sales").format(kind=fee_label("advertising")),
            _("{kind}, a month").format(kind=fee_label("technical-service")),
            _("deposit, held while the store is open"),
        ],
        [
            [
                label,
                *(float(100 * share) for share in (fees.commission, fees.margin, fees.card)),
                float(100 * fees.cash_on_delivery),
                float(100 * fees.advertising),
                f"{number(float(fees.technical_service))} {fees.currency}",
                f"{number(float(fees.deposit))} {fees.currency}",
            ]
            for label, fees in named.items()
        ],
    )


def show_platforms() -> None:
    """Show platforms by market and trade model (row A6)."""
    columns = (("B2B",), ("B2C", "C2C"), ("O2O",))
    rows = []
    for market in MARKETS:
        row = [_markets()[market]]
        for trades in columns:
            found = [platform for trade in trades for platform in find(market, trade) if not platform.leader]
            # Who serves both consumers and private people stands in the column once.
            row.append(", ".join(dict.fromkeys(_named(platform) for platform in found)) or "–")
        rows.append(row)
    show_table(
        _("Platforms by market. (2014): so named in a talk of that year; *: general knowledge, unverified"),
        [_("market"), "B2B", "B2C, C2C", "O2O"],
        rows,
    )


def show_leaders_and_changes() -> None:
    """Show the leaders of some countries, and every platform of which something has changed (row A6)."""
    rows = [
        [
            platform.name,
            _place(platform.place),
            ", ".join(platform.trades),
            _("yes") if platform.leader else "–",
            _(platform.fact.source),
            str(platform.fact.year),
            _since(platform),
        ]
        for platform in sorted(find(closed=True), key=lambda platform: (not platform.leader, platform.place))
        if platform.leader or platform.since
    ]
    show_table(
        _("Regional leaders, and what has changed since"),
        [
            _("platform"),
            _("buyers in"),
            _("trade"),
            _("leader of its country"),
            _("named in"),
            _("year"),
            _("since then (unverified)"),
        ],
        rows,
    )


def show_law() -> None:
    """Show what the law asks of a shop, by the buyer's place (row A14)."""
    laws = [jurisdiction(place) for place in PLACES]
    said = [
        law.sentences() | {"privacy": privacy_law(law.place), "computer crime": computer_crime_law(law.place)}
        for law in laws
    ]
    show_table(
        _("What the law asks, by the buyer’s place. *: from general knowledge, not checked. No legal advice"),
        ["", *(_place(place) for place in PLACES)],
        [
            [
                head,
                *(
                    words[topic] + ("*" if _assumed(law, topic) else "")
                    for law, words in zip(laws, said, strict=True)
                ),
            ]
            for topic, head in _topics().items()
        ],
    )


def show_return_clock(delivered: datetime) -> None:
    """Show until when a buyer may change his mind, by his place, told of his right or not (row A14).

    Parameters
    ----------
    delivered
        When he got the parcel, local time.
    """
    rows = []
    for place in PLACES:
        told, untold = clock(place, delivered), clock(place, delivered, explained=False)
        rows.append([_place(place), _last_day(told.begins, told.ends), _last_day(untold.begins, untold.ends)])
    show_table(
        _("A parcel received on {day}: the last day on which the buyer may change his mind").format(
            day=delivered.strftime("%Y-%m-%d")
        ),
        [_("buyer in"), _("if you told him of his right"), _("if you did not")],
        rows,
    )


def show_infringement_path() -> None:
    """Show what to do when somebody sells copies of your goods, step by step (row A14)."""
    show_table(
        _("If somebody sells copies of your goods"),
        [_("step"), _("what to do")],
        [[str(step), what] for step, what in enumerate(infringement_path(), start=1)],
    )


# ---------------------------------------------------------------------------------------------------------------
# drawing and words


def _draw_100(
    ax: Axes,
    labels: Sequence[str],
    parts: Mapping[str, tuple[str, str, list[float]]],
    notes: Sequence[str],
) -> None:
    """Bars of 100, cut into parts, the first label on top; where costs exceed 100, the bar does, too."""
    rows = _wrapped(labels)
    left = np.zeros(len(rows))
    for name, (colour, hatch, amounts) in parts.items():
        width = np.maximum(np.array(amounts[::-1], dtype=float), 0)
        # What takes nothing anywhere needs no place in the legend.
        shown = name if width.any() else "_"
        ax.barh(rows, width, left=left, color=colour, hatch=hatch, edgecolor="white", label=shown)
        left += width
    for row, note in enumerate(notes[::-1]):
        ax.text(left[row] + 0.015 * max(left.max(), 100), row, note, va="center")
    ax.axvline(100, color="black", linewidth=1, linestyle=":")
    ax.set_xticks(np.arange(0, max(left.max(), 100) + 1, 20))
    ax.set_xlim(0, 1.4 * max(left.max(), 100))
    ax.set_xlabel(_("% of what the buyers pay"))
    ax.grid(axis="y", visible=False)
    if left.any():
        legend_below(ax)


def _wrapped(labels: Sequence[str] | Mapping[str, object]) -> list[str]:
    """Labels in short lines, from the bottom of the figure to its top."""
    # A Chinese character takes the room of two letters, and a line may end after any of them.
    return [textwrap.fill(label, WRAP if label.isascii() else WRAP // 2) for label in labels][::-1]


def _said_left(left: Mapping[str, float]) -> str:
    return _("; ").join(
        _("{label}: {left}").format(label=label, left=_decimal(amount)) for label, amount in left.items()
    )


def _decimal(amount: float) -> str:
    """A part of 100 with one decimal, also where it is 0."""
    return f"{amount:.1f}"


def _fields(fields: Sequence[str]) -> str:
    return ", ".join(field_label(field) for field in fields) or _("nothing")


def _money(who: Roles) -> str:
    return " → ".join(party_label(party) for party in who.settles)


def _named(platform: Platform) -> str:
    return (
        f"{platform.name} ({platform.fact.year})"
        if platform.fact.status == "verified"
        else f"{platform.name}*"
    )


def _since(platform: Platform) -> str:
    if platform.since_fact is None:
        return "–"
    changes = {
        "closed": _("closed"),
        "merged": _("merged"),
        "sold": _("sold to a new owner"),
        "renamed": _("renamed"),
    }
    return f"{changes[platform.since]} ({platform.since_fact.year})"


def _assumed(law: Jurisdiction, topic: str) -> bool:
    """Whether something that a topic says rests on an assumption, or on no fact at all."""
    attributes = {
        "window": ("window_days", "runs_from", "unexplained_months"),
        "invoice": ("invoice",),
        "breach": ("breach_notice", "breach_hours"),
        "accounts": ("accounts_kept_days",),
        "platform": ("platform_kept_days",),
    }
    if topic not in attributes:
        # Names of laws are told from general knowledge, and so are most figures of customs.
        name = "import-tax-free-tw" if law.place == "tw" else f"import-platform-owes-{law.place}"
        return topic != "customs" or fact(name).status == "assumption"
    known = [law.facts[name] for name in attributes[topic] if name in law.facts]
    return any(entry.status == "assumption" for entry in known)


def _last_day(begins: datetime, ends: datetime) -> str:
    if ends == begins:
        return _("no such right")
    # The window ends at the midnight after its last day.
    return (ends - timedelta(seconds=1)).strftime("%Y-%m-%d")


def _trades() -> dict[str, str]:
    return {
        "B2B": _("a business to a business"),
        "B2C": _("a business to a consumer"),
        "C2C": _("one private person to another"),
        "O2O": _("ordered online, fetched or used in a real place"),
    }


def _markets() -> dict[str, str]:
    return {
        "domestic": _("domestic: seller and buyer in the same place"),
        "import": _("import: your buyers buy from abroad"),
        "export": _("export: you sell abroad"),
    }


def _place(place: str) -> str:
    return {
        "tw": _("Taiwan"),
        "cn": _("mainland China"),
        "hk": _("Hong Kong"),
        "eu": _("European Union"),
        "jp": _("Japan"),
        "kr": _("Korea"),
        "in": _("India"),
        WORLD: _("the whole world"),
    }[place]


def _topics() -> dict[str, str]:
    return {
        "window": _("changing one’s mind"),
        "invoice": _("invoice"),
        "breach": _("after a data breach"),
        "accounts": _("keeping papers"),
        "platform": _("platforms’ records"),
        "privacy": _("privacy law"),
        "computer crime": _("law against intruders"),
        "customs": _("customs"),
    }


def _month_parts() -> dict[str, str]:
    return {
        "goods": _("the goods themselves"),
        "courier": _("courier"),
        "platform": _("commission or margin"),
        "payment": _("card and cash-on-delivery fees"),
        "technical-service": _("technical service"),
        "advertising": _("advertising"),
        "tax": _("sales and income tax"),
        "left": _("left for you"),
    }
