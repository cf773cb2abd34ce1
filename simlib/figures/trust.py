"""Figures of trust: a store under watch, credit, screening, disputes, lost parcels, and a warning that comes late."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from matplotlib.axes import Axes

from simlib.figures.style import (
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number, show_table
from simlib.languages import _
from simlib.logistics import LostParcels
from simlib.platform.credit import Credit, buyer_scores, cash_on_delivery_offered
from simlib.platform.disputes import DisputeResults, OnlineOrders, expected_steps, step_label
from simlib.platform.jurisdictions import PLACES, clock, jurisdiction
from simlib.platform.oversight import watched_store
from simlib.platform.ratings import PublicWarning
from simlib.platform.rules import SERIOUS, Standing, consequence_label, rulebook, violation_label
from simlib.platform.verification import DETECTORS, Confusion, all_must_flag, detector, expected
from simlib.records import Run
from simlib.scenario import MINOR_UNITS, DisputeStep

SHADES = {"reduced-visibility": 0.10, "frozen-payout": 0.22, "closure": 0.38}
"""How dark the time under each consequence is."""

DAYS_A_YEAR = 365.25


def show_rulebook() -> None:
    """Show what costs how many points, and from how many points a platform acts (row A11)."""
    rules = rulebook()
    kinds = {True: _("serious"), False: _("general")}
    show_table(
        _("Violations and their points (assumptions, in the order of magnitude of large marketplaces)"),
        [_("violation"), _("kind"), _("points")],
        [[violation_label(kind), kinds[kind in SERIOUS], points] for kind, points in rules.points.items()],
    )
    show_table(
        _("What the points lead to; each point counts for {days} days (assumptions)").format(
            days=number(rules.expires_days)
        ),
        [_("from how many points"), _("consequence")],
        [
            [rules.reduce_at, consequence_label("reduced-visibility")],
            [rules.freeze_at, consequence_label("frozen-payout")],
            [rules.close_at, consequence_label("closure")],
        ],
    )


def store_watched(runs: Mapping[str, Run], ax: Axes | None = None) -> Axes:
    """Orders a day of the same store with and without an incident, and when the platform acted (row A11).

    Parameters
    ----------
    runs
        Label → run; the first is what the others are compared with, the last the one whose points are shown.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    stores = {label: watched_store(run) for label, run in runs.items()}
    (first, usual), (last, watched) = next(iter(stores.items())), list(stores.items())[-1]
    run = list(runs.values())[-1]
    top = max(int(store.orders_per_day.max(initial=1)) for store in stores.values())
    for row, (label, store) in enumerate(stores.items()):
        # The last day once more, so that its step has a width.
        counts = np.append(store.orders_per_day, store.orders_per_day[-1:])
        ax.plot(
            np.arange(counts.size),
            counts,
            drawstyle="steps-post",
            color=COLOURS[row % len(COLOURS)],
            linestyle=DASHES[row % len(DASHES)],
            linewidth=2,
            label=label,
        )
    spans = _consequences(watched.standing, run.days)
    for row, (begin, end, consequence) in enumerate(spans):
        ax.axvspan(begin, end, color=RED, alpha=SHADES[consequence], linewidth=0)
        late = begin > 0.55 * run.days
        ax.annotate(
            _("day {day}: {points} points, {consequence}").format(
                day=number(round(begin, 1)),
                points=watched.standing.points(begin),
                consequence=consequence_label(consequence),
            ),
            (begin, 1 - 0.08 * (row + 1)),
            xycoords=ax.get_xaxis_transform(),
            xytext=(-5 if late else 5, 0),
            textcoords="offset points",
            ha="right" if late else "left",
            va="center",
        )
    ax.set_xlim(0, run.days)
    ax.set_ylim(0, 1.4 * top + 1)
    ax.set_xlabel(
        _("days since the start (a parcel is packed {minutes} minutes after the notice, on average)").format(
            minutes=number(round(watched.minutes_to_pack, 0))
        )
    )
    ax.set_ylabel(_("orders a day"))
    legend_below(ax)
    lost = 100 * (1 - watched.sales / usual.sales) if usual.sales else float("nan")
    acts = _("; ").join(
        _("from day {day} {consequence}").format(
            day=number(round(begin, 1)), consequence=consequence_label(consequence)
        )
        for begin, _end, consequence in spans
    )
    return describe(
        ax,
        title=_("A store under watch"),
        alt=_("Two lines with the orders of each day; {acts}.").format(
            acts=acts or consequence_label("none")
        ),
        sentence=_(
            "Sales in {days} days: {label}, {sales} {currency}; {first}, {usual} {currency}. That is {lost} % less. On "
            "the last day the store has {points} points, and {held} {currency} of finished orders are held back."
        ).format(
            days=run.days,
            label=last,
            first=first,
            sales=number(round(watched.sales)),
            usual=number(round(usual.sales)),
            currency=run.scenario.currency,
            lost=number(round(lost, 1)),
            held=number(round(watched.held_back)),
            points=watched.standing.points(run.days),
        )
        if last != first
        else _("In {days} days the store sold for {sales} {currency}.").format(
            days=run.days, sales=number(round(usual.sales)), currency=run.scenario.currency
        ),
    )


def _consequences(standing: Standing, days: float) -> list[tuple[float, float, str]]:
    """From when until when which consequence, those that are none left out."""
    moments = [0.0, *(t for t in standing.changes() if 0 < t < days), float(days)]
    spans: list[tuple[float, float, str]] = []
    for begin, end in itertools.pairwise(moments):
        consequence = standing.consequence(begin)
        if spans and spans[-1][2] == consequence and spans[-1][1] == begin:
            spans[-1] = (spans[-1][0], end, consequence)
        elif consequence != "none":
            spans.append((begin, end, consequence))
    return spans


def credit_over_time(
    histories: Mapping[str, Sequence[Credit]], event: float | None = None, ax: Axes | None = None
) -> Axes:
    """How many of 100 usual buyers still buy, day by day, as the seller's public credit moves (rows A10, D7, E7).

    Parameters
    ----------
    histories
        Label → credit at the end of day 1, 2 …
    event
        Day to mark.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    buyers = {label: [100 * day.conversion for day in history] for label, history in histories.items()}
    for row, (label, values) in enumerate(buyers.items()):
        ax.plot(
            np.arange(1, len(values) + 1),
            values,
            color=COLOURS[row % len(COLOURS)],
            linestyle=DASHES[row % len(DASHES)],
            linewidth=2,
            label=_("{label}: level {level} at the end").format(
                label=label, level=histories[label][-1].level
            ),
        )
    if event is not None:
        ax.axvline(event, color=RED, linestyle=":", linewidth=2)
    ax.axhline(100, color=GREY, linewidth=1)
    ax.set_xlim(1, max(2, *(len(values) for values in buyers.values())))
    low = min(min(values) for values in buyers.values())
    ax.set_ylim(min(60.0, low - 5), max(110.0, 5 + max(max(values) for values in buyers.values())))
    ax.set_xlabel(_("days since the seller moved in"))
    ax.set_ylabel(_("buyers, of 100 usual ones"))
    legend_below(ax)
    parts = _("; ").join(
        _("{label}: {low} at the least, {last} on the last day").format(
            label=label, low=number(round(min(values))), last=number(round(values[-1]))
        )
        for label, values in buyers.items()
    )
    return describe(
        ax,
        title=_("What a public rating is worth"),
        alt=_("One line for each story, over days. Buyers of 100 usual ones: {parts}.").format(parts=parts),
        sentence=_("Of 100 usual buyers so many buy: {parts}.").format(parts=parts),
    )


def show_cash_on_delivery(run: Run) -> None:
    """Show what cash on delivery costs the seller beside payment in advance, and who may no longer use it (row A10)."""
    orders, postings = run.orders, run.postings
    names = {
        "card": _("card"),
        "wallet": _("wallet"),
        "bank-transfer": _("bank transfer"),
        "cash-on-delivery": _("cash on delivery"),
    }
    per_unit = MINOR_UNITS[run.scenario.currency]
    rows: list[list[object]] = []
    for method in orders.words["payment_method"]:
        mine = orders.where("payment_method", method)
        failed = mine & (orders.where("state", "refused") | orders.where("state", "unpaid"))
        fees = (
            postings.where("kind", "shipping")
            & postings.where("account", "shipping")
            & np.isin(postings["order"], np.flatnonzero(failed))
        )
        travelled = int((failed & ~np.isnan(orders["picked_up"])).sum())
        rows.append(
            [
                names[method],
                int(mine.sum()),
                int(failed.sum()),
                travelled,
                round(float(postings["amount"][fees].sum()) / per_unit),
            ]
        )
    show_table(
        _("Orders never paid in {days} days, by way to pay").format(days=run.days),
        [
            _("way to pay"),
            _("orders"),
            _("never paid"),
            _("parcels that travelled for nothing"),
            _("postage lost, {currency}").format(currency=run.scenario.currency),
        ],
        rows,
    )
    offered = cash_on_delivery_offered(buyer_scores(orders, run.days, run.members.rows))
    show_table(
        _("Buyers have a credit, too"),
        [_("members"), _("whom a platform would offer cash on delivery no more")],
        [[run.members.rows, int((~offered).sum())]],
    )


def checked_cases(confusion: Confusion, ax: Axes | None = None) -> Axes:
    """What a check flags, and what of the fakes it finds (rows D5, D7, E7).

    Parameters
    ----------
    confusion
        How it sorted its cases.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.4)
    fakes = confusion.hits + confusion.misses
    labels = [_("flagged"), _("really fake")]
    bars = (
        (_("fake and flagged"), [confusion.hits, confusion.hits], [0.0, 0.0], RED, ""),
        (_("honest, but flagged"), [confusion.false_alarms, 0.0], [confusion.hits, 0.0], SKY, "//"),
        (_("fake, but let through"), [0.0, confusion.misses], [0.0, confusion.hits], ORANGE, "xx"),
    )
    for label, widths, left, colour, hatch in bars:
        ax.barh(
            labels[::-1],
            widths[::-1],
            left=left[::-1],
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
    longest = max(confusion.flagged, fakes, 1e-9)
    for row, total in enumerate([fakes, confusion.flagged]):
        ax.annotate(
            number(round(total, 1)),
            (total, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    ax.set_xlim(0, longest * 1.15)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(
        _("cases, of {cases} checked ({worth} of 100 flagged are really fake)").format(
            cases=number(round(confusion.cases)), worth=_percent(confusion.really_fake)
        )
    )
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    return describe(
        ax,
        title=_("What a flag is worth"),
        alt=_(
            "Two bars. Flagged: {hits} fake and {alarms} honest. Really fake: {hits} flagged and {misses} let "
            "through."
        ).format(
            hits=number(round(confusion.hits, 1)),
            alarms=number(round(confusion.false_alarms, 1)),
            misses=number(round(confusion.misses, 1)),
        ),
        sentence=_(
            "Of {cases} cases {flagged} are flagged; of 100 flagged, {worth} are really fake. {misses} of {fakes} "
            "fakes are let through."
        ).format(
            cases=number(round(confusion.cases)),
            flagged=number(round(confusion.flagged, 1)),
            worth=_percent(confusion.really_fake),
            misses=number(round(confusion.misses, 1)),
            fakes=number(round(fakes, 1)),
        ),
    )


def show_detectors() -> None:
    """Show what each of a platform's checks is worth, alone and when a second one must agree (row E7)."""
    names = {
        "sellers-at-entry": _("papers of sellers who move in"),
        "fake-goods": _("fake goods"),
        "fake-trades": _("fake trades"),
        "false-reviews": _("false reviews"),
    }
    rows = []
    for name in DETECTORS:
        alone = detector(name)
        twice = all_must_flag([alone, alone])
        rows.append(
            [
                names[name],
                100 * alone.share,
                100 * alone.hit,
                100 * alone.false_alarm,
                round(100 * expected(alone, 1).really_fake),
                round(100 * expected(twice, 1).really_fake),
                round(100 * twice.hit),
            ]
        )
    show_table(
        _("Four checks of a platform (rates are assumptions)"),
        [
            _("what is checked"),
            _("fakes among them, %"),
            _("fakes found, %"),
            _("honest ones flagged, %"),
            _("of 100 flagged, really fake"),
            _("… if two checks must agree"),
            _("fakes found then, %"),
        ],
        rows,
    )


def show_dispute_ladder(steps: Sequence[DisputeStep], currency: str) -> None:
    """Show the ladder of settling a dispute (row E8).

    Parameters
    ----------
    steps
        Of the scenario.
    currency
        Of the costs.
    """
    show_table(
        _("The ladder of a dispute (times, shares and costs are assumptions)"),
        [
            _("step"),
            _("of 100 disputes, so many come to it"),
            _("days it lasts, mean"),
            _("of 100 ended here, the buyer wins"),
            _("costs the shop, {currency}").format(currency=currency),
        ],
        [
            [
                step_label(step.name),
                round(100 * step.reached, 1),
                round(step.days, 1),
                round(100 * step.for_buyer),
                step.cost,
            ]
            for step in expected_steps(steps)
        ],
    )


def dispute_ends(results: DisputeResults, currency: str, ax: Axes | None = None) -> Axes:
    """In which step disputes ended, for whom, after how long, and at what cost (rows E7, E8).

    Parameters
    ----------
    results
        From `simlib.platform.disputes.dispute_results`.
    currency
        Of the amounts.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    labels = [*(step_label(name) for name in results.steps), _("still open")]
    none = [0] * len(results.steps)
    parts = (
        (_("buyer got his money back"), [*results.for_buyer.tolist(), 0], ORANGE, ""),
        (_("shop kept the money"), [*results.for_seller.tolist(), 0], BLUE, "//"),
        (_("open at the end of the run"), [*none, results.still_open], GREY, "xx"),
    )
    left = np.zeros(len(labels))
    for label, counts, colour, hatch in parts:
        ax.barh(
            range(len(labels)),
            counts[::-1],
            left=left[::-1],
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
        left += np.array(counts)
    ax.set_yticks(range(len(labels)), labels[::-1])
    for row, total in enumerate(left[::-1]):
        ax.annotate(number(int(total)), (total, row), xytext=(6, 0), textcoords="offset points", va="center")
    ax.set_xlim(0, max(float(left.max(initial=0)), 5) * 1.12)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(_("disputes that ended in this step"))
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    mean, middle = (
        (float(results.days.mean()), float(np.median(results.days)))
        if results.settled
        else (float("nan"), float("nan"))
    )
    return describe(
        ax,
        title=_("How disputes end"),
        alt=_("One bar for each step: {parts}.").format(
            parts=_("; ").join(
                _("{step}: {buyer} for the buyer, {seller} for the shop").format(
                    step=label, buyer=buyer, seller=seller
                )
                for label, buyer, seller in zip(labels, results.for_buyer, results.for_seller, strict=False)
            )
        ),
        sentence=_(
            "{settled} disputes were settled, half of them within {middle} days, on average after {mean} days; "
            "{open} are still open. The steps cost the shop {costs} {currency}, and buyers got {back} {currency} "
            "back."
        ).format(
            settled=number(results.settled),
            middle=number(round(middle, 1)),
            mean=number(round(mean, 1)),
            open=number(results.still_open),
            costs=number(round(results.costs)),
            back=number(round(results.given_back)),
            currency=currency,
        ),
    )


def show_online_by_dispute(groups: tuple[OnlineOrders, OnlineOrders]) -> None:
    """Show how long orders without and with a dispute lay readable in the web shop.

    Parameters
    ----------
    groups
        From `simlib.platform.disputes.online_by_dispute`.
    """
    orders, record_days = sum(group.orders for group in groups), sum(group.record_days for group in groups)
    show_table(
        _("Delivered orders readable in the web shop, with and without a dispute"),
        [
            "",
            _("orders"),
            _("% of the orders"),
            _("days readable, mean"),
            _("days readable, longest"),
            _("% of all record-days"),
        ],
        [
            [
                label,
                group.orders,
                round(100 * group.orders / orders, 1) if orders else float("nan"),
                round(group.days, 1),
                round(group.longest, 1),
                round(100 * group.record_days / record_days, 1) if record_days else float("nan"),
            ]
            for label, group in zip((_("without a dispute"), _("with a dispute")), groups, strict=True)
        ],
    )


def cost_of_lost_parcels(result: LostParcels, currency: str, ax: Axes | None = None) -> Axes:
    """Who bears what of the parcels that never arrived (row D6).

    Parameters
    ----------
    result
        From `simlib.logistics.lost_parcels`.
    currency
        Of the amounts.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.4)
    labels = [_("the buyer"), _("the courier"), _("the shop")]
    values = [0.0, result.made_good, result.shop_pays]
    notes = [
        _("0 {currency}, but {days} days with neither goods nor money").format(
            currency=currency, days=number(round(result.days_without_money, 1))
        )
        if result.lost
        else _("0 {currency}").format(currency=currency),
        *(f"{number(round(value))} {currency}" for value in values[1:]),
    ]
    ax.barh(labels[::-1], values[::-1], color=[RED, ORANGE, GREEN])
    for row, (value, note) in enumerate(zip(values[::-1], notes[::-1], strict=True)):
        ax.annotate(note, (value, row), xytext=(6, 0), textcoords="offset points", va="center")
    ax.set_xlim(0, max(*values, 1.0) * 1.3)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(
        _("{currency} borne, for {lost} of {sent} parcels lost").format(
            currency=currency, lost=number(result.lost), sent=number(result.sent)
        )
    )
    ax.grid(axis="y", visible=False)
    return describe(
        ax,
        title=_("Who pays for lost parcels"),
        alt=_("Three bars: {parts}.").format(
            parts=_("; ").join(f"{label}: {note}" for label, note in zip(labels, notes, strict=True))
        ),
        sentence=_(
            "{lost} of {sent} parcels never arrived. The shop bears {shop} {currency} of goods and postage: what "
            "{orders} ordinary orders leave."
        ).format(
            lost=number(result.lost),
            sent=number(result.sent),
            shop=number(round(result.shop_pays)),
            orders=number(round(result.orders_to_earn_it_back, 1)),
            currency=currency,
        ),
    )


def late_warning(run: Run, warning: PublicWarning, ax: Axes | None = None) -> Axes:
    """Buyers who ordered before and after the first review of a seller who cheats from his first day (row E7).

    Parameters
    ----------
    run
        The orders.
    warning
        From `simlib.platform.ratings.public_warning`.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    placed = np.sort(run.orders["placed"])
    reviewed = np.sort(run.orders["reviewed"][~np.isnan(run.orders["reviewed"])])
    for label, times, colour, dashes in (
        (_("orders placed"), placed, BLUE, "-"),
        (_("reviews to be read"), reviewed, RED, "--"),
    ):
        ax.plot(
            [0.0, *times.tolist(), run.days],
            [*range(times.size + 1), times.size],
            drawstyle="steps-post",
            color=colour,
            linestyle=dashes,
            linewidth=2,
            label=label,
        )
    if not np.isnan(warning.day):
        early = warning.day < 0.4 * run.days
        ax.axvline(warning.day, color=GREY, linestyle=":", linewidth=2)
        ax.annotate(
            _("first review: day {day}").format(day=number(round(warning.day, 1))),
            (warning.day, 0.94),
            xycoords=ax.get_xaxis_transform(),
            xytext=(6 if early else -6, 0),
            textcoords="offset points",
            ha="left" if early else "right",
            va="center",
        )
    ax.set_xlim(0, run.days)
    ax.set_ylim(0, 1.12 * max(placed.size, 1))
    whole_numbers(ax.yaxis)
    ax.set_xlabel(_("days since the seller moved in"))
    ax.set_ylabel(_("number so far"))
    legend_below(ax)
    buyers = [
        number(round(100 * credit.conversion)) for credit in (warning.credit_before, warning.credit_after)
    ]
    return describe(
        ax,
        title=_("How late the warning comes"),
        alt=_("Two rising lines: orders from the first day, reviews only from day {day}.").format(
            day=number(round(warning.day, 1))
        ),
        sentence=_(
            "The first review appears on day {day}; {orders} orders were placed before. Of 100 usual buyers {before} "
            "bought just before it, {after} just after it."
        ).format(
            day=number(round(warning.day, 1)),
            orders=number(warning.orders_before),
            before=buyers[0],
            after=buyers[1],
        ),
    )


def show_dispute_holds(delivered: datetime, opened: datetime, settled: datetime) -> None:
    """Show until when an order stays open at each place if a dispute is opened, and how long its papers are kept.

    Parameters
    ----------
    delivered
        When the buyer got the goods, without time zone: local time of each place.
    opened, settled
        When the dispute began and ended, likewise.
    """
    names = {"tw": _("Taiwan"), "cn": _("mainland China"), "hk": _("Hong Kong"), "eu": _("European Union")}
    rows: list[list[object]] = []
    for place in PLACES:
        window = clock(place, delivered)
        zone = window.begins.tzinfo
        held = window.held(opened.replace(tzinfo=zone), settled.replace(tzinfo=zone))
        law = jurisdiction(place)
        rows.append(
            [
                names[place],
                law.window_days,
                f"{window.ends:%Y-%m-%d %H:%M}",
                f"{held:%Y-%m-%d %H:%M}" if held else _("not known yet"),
                round(law.accounts_kept_days / DAYS_A_YEAR),
                round(law.platform_kept_days / DAYS_A_YEAR) if law.platform_kept_days else float("nan"),
            ]
        )
    show_table(
        _("Delivered {delivered}; the buyer complained {opened}; settled {settled}").format(
            delivered=f"{delivered:%Y-%m-%d %H:%M}",
            opened=f"{opened:%Y-%m-%d %H:%M}",
            settled=f"{settled:%Y-%m-%d %H:%M}",
        ),
        [
            _("place"),
            _("days to change one’s mind"),
            _("that time ends"),
            _("order may be closed"),
            _("years papers are kept"),
            _("years platforms keep records (– not known)"),
        ],
        rows,
    )


def _percent(share: float) -> str:
    """A share as per cent, in whole numbers unless it is small."""
    per_cent = 100 * share
    return number(round(per_cent, 1 if per_cent < 10 else 0))
