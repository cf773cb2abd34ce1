"""Figures of where personal data lay: exposure over time, days online, places, and what is out of reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from simlib.figures.style import (
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    ORANGE,
    RED,
    YELLOW,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number, show_table
from simlib.languages import _
from simlib.privacy import FORMS, ONLINE, PLACES, Field, LittlesLaw, UnmetNeed, copies_taken, exposure
from simlib.records import Table


def place_names() -> dict[str, str]:
    """Places in the reader's language."""
    return {
        "shop": _("web shop"),
        "platform": _("marketplace"),
        "mailbox": _("mailbox"),
        "retailer": _("platform that sells itself"),
        "consignee": _("third party that ships"),
        "erp": _("ERP in the office"),
        "payment_company": _("payment company"),
        "courier": _("courier"),
        "vault": _("offline vault"),
    }


def exposure_over_time(
    policies: Mapping[str, Table], days: int, places: Sequence[str] = ONLINE, ax: Axes | None = None
) -> Axes:
    """Readable copies within a thief's reach, day by day, under one or more policies (row C11).

    Parameters
    ----------
    policies
        Label → copies under that policy.
    days
        Length of the run.
    places
        Where the thief is.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    at = np.linspace(0, days, 12 * days + 1)
    ends = {}
    for row, (label, copies) in enumerate(policies.items()):
        counts = exposure(copies, places, at)
        ends[label] = int(counts[-1])
        ax.plot(
            at,
            counts,
            color=COLOURS[row % len(COLOURS)],
            linestyle=DASHES[row % len(DASHES)],
            label=label,
            linewidth=2,
        )
    ax.set_xlim(0, days)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_("days since the start"))
    ax.set_ylabel(_("readable copies online"))
    whole_numbers(ax.yaxis)
    legend_below(ax)
    parts = _("; ").join(
        _("{label}: {copies} copies").format(label=label, copies=number(count))
        for label, count in ends.items()
    )
    return describe(
        ax,
        title=_("What a thief would find online"),
        alt=_("One line a policy over {days} days. At the end: {parts}.").format(days=days, parts=parts),
        sentence=_("On day {day} a thief could read: {parts}.").format(day=days, parts=parts),
    )


def days_online(days: npt.NDArray[np.float64], claim: float, ax: Axes | None = None) -> Axes:
    """How long each order's readable record stayed online, beside the claim (row C11).

    Parameters
    ----------
    days
        Time online of each order, in days.
    claim
        The time claimed, in days.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    known = days[np.isfinite(days)]
    mean = float(known.mean()) if known.size else float("nan")
    over = 100 * float((known > claim).mean()) if known.size else float("nan")
    top = float(np.ceil(np.quantile(known, 0.995))) + 1 if known.size else claim
    ax.hist(np.minimum(known, top), bins=np.arange(0, top + 0.5, 0.5).tolist(), color=BLUE, edgecolor="white")
    for value, colour, dashes, label in (
        (claim, RED, "--", _("claim: {days} days").format(days=number(claim))),
        (mean, GREEN, "-.", _("mean: {days} days").format(days=number(round(mean, 1)))),
    ):
        ax.axvline(value, color=colour, linestyle=dashes, linewidth=2.5, label=label)
    legend_below(ax)
    ax.set_xlabel(_("days an order stayed readable online"))
    ax.set_ylabel(_("orders"))
    return describe(
        ax,
        title=_("How long an order stays online"),
        alt=_("A histogram of days online; most orders lie between {low} and {high} days.").format(
            low=number(round(float(np.quantile(known, 0.1)), 1)) if known.size else "–",
            high=number(round(float(np.quantile(known, 0.9)), 1)) if known.size else "–",
        ),
        sentence=_(
            "Orders stayed online {mean} days on average; {over} % of them longer than {claim} days."
        ).format(mean=number(round(mean, 1)), over=number(round(over, 0)), claim=number(claim)),
    )


def copies_by_place(policies: Mapping[str, Table], at: float, ax: Axes | None = None) -> Axes:
    """Where the copies lie at one moment, readable or encrypted, under each policy.

    Parameters
    ----------
    policies
        Label → copies under that policy.
    at
        The moment, in days.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    names = place_names()
    labels = list(policies)[::-1]
    counts = {
        place: np.array(
            [
                copies_taken(policies[label], [place], at).sum() + _encrypted_at(policies[label], place, at)
                for label in labels
            ]
        )
        for place in PLACES
    }
    whole_numbers(ax.xaxis)
    left = np.zeros(len(labels))
    looks = {
        "shop": (RED, ""),
        "platform": (RED, ""),
        "erp": (ORANGE, "//"),
        "mailbox": (YELLOW, "--"),
        "retailer": (GREY, "//"),
        "consignee": (GREY, "--"),
        "payment_company": (COLOURS[4], ".."),
        "courier": (COLOURS[5], "\\\\"),
        "vault": (GREEN, "xx"),
    }
    for place, number_of in counts.items():
        if number_of.any():
            colour, hatch = looks[place]
            name = names[place] if place != "vault" else _("offline vault (encrypted)")
            ax.barh(labels, number_of, left=left, color=colour, hatch=hatch, edgecolor="white", label=name)
            left += number_of
    ax.set_xlabel(_("copies with name, phone or address on day {day}").format(day=number(at)))
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    online = {label: int(copies_taken(policies[label], ONLINE, at).sum()) for label in policies}
    parts = _("; ").join(
        _("{label}: {copies} readable online").format(label=label, copies=number(count))
        for label, count in online.items()
    )
    return describe(
        ax,
        title=_("Where the copies lie"),
        alt=_("One bar a policy, cut into the places where copies lie. {parts}.").format(parts=parts),
        sentence=_("On day {day}: {parts}.").format(day=number(at), parts=parts),
    )


def history_protected(mean_days_online: float, claim: float, years: int, ax: Axes | None = None) -> Axes:
    """The share of all orders ever that a thief cannot read, against the share claimed (row C11).

    After *t* days at a steady rate, the orders of the last W days are online, so 1 − W / t of them are not.

    Parameters
    ----------
    mean_days_online
        W, in days.
    claim
        The share claimed, 0 to 1.
    years
        How far to look.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    t = np.linspace(mean_days_online, years * 365, 600)
    share = 100 * (1 - mean_days_online / t)
    ax.plot(t / 365, share, color=BLUE, linewidth=2)
    claimed = _("claim: {share} %").format(share=number(100 * claim))
    ax.axhline(100 * claim, color=RED, linestyle="--", label=claimed)
    legend_below(ax)
    ax.set_xlim(0, years)
    ax.set_ylim(80, 100.5)
    ax.set_xlabel(_("years since the vault was set up"))
    ax.set_ylabel(_("% of all orders out of reach"))
    after_year = 100 * (1 - mean_days_online / 365)
    reached = mean_days_online / (1 - claim) / 365
    ax.grid(color="#DDDDDD")
    ax.spines["bottom"].set_color(GREY)
    return describe(
        ax,
        title=_("How much of the shop's history is out of reach"),
        alt=_("A curve that rises steeply in the first year to {share} % and then ever more slowly.").format(
            share=number(round(after_year, 1))
        ),
        sentence=_(
            "After one year {share} % of all orders are out of reach; {claim} % would take {years} years."
        ).format(share=number(round(after_year, 1)), claim=number(100 * claim), years=number(round(reached))),
    )


def _encrypted_at(copies: Table, place: str, at: float) -> int:
    there = copies.where("place", place) & copies.where("form", "encrypted")
    return int((there & (copies["since"] <= at) & (at < copies["until"])).sum())


def field_names() -> dict[Field, str]:
    """Groups of personal data in the reader's language."""
    return {
        Field.ACCOUNT: _("account"),
        Field.EMAIL: _("e-mail"),
        Field.NAME: _("name"),
        Field.PHONE: _("phone"),
        Field.ADDRESS: _("address"),
        Field.PURCHASE: _("what was bought"),
        Field.PAYMENT: _("payment"),
        Field.BIRTHDAY: _("birthday"),
    }


def show_copies_of_order(copies: Table, order: int) -> None:
    """Show every copy of one order's data: where, which fields, in which form, from when to when.

    Parameters
    ----------
    copies
        From `simlib.privacy.copies_of`.
    order
        Number of the order.
    """
    mine = np.flatnonzero(copies.where("record", "order") & (copies["number"] == order))
    mine = mine[np.lexsort((copies["place"][mine], copies["since"][mine]))]
    forms = {"plain": _("readable"), "masked": _("masked"), "encrypted": _("encrypted")}
    places, names = place_names(), field_names()
    rows = []
    for row in mine:
        fields = Field(int(copies["fields"][row]))
        until = float(copies["until"][row])
        rows.append(
            [
                places[PLACES[copies["place"][row]]],
                ", ".join(name for field, name in names.items() if field & fields),
                forms[FORMS[copies["form"][row]]],
                round(float(copies["since"][row]), 1),
                round(until, 1) if np.isfinite(until) else _("no end"),
            ]
        )
    show_table(
        _("Every copy of order {order}").format(order=order),
        [_("place"), _("what it holds"), _("form"), _("from day"), _("until day")],
        rows,
    )


def show_littles_law(laws: Mapping[str, LittlesLaw]) -> None:
    """Show both sides of Little's law, counted and reckoned, under each policy."""
    show_table(
        _("Records readable online: counted, and reckoned as arrivals × days online"),
        [
            _("policy"),
            _("orders a day"),
            _("days online, mean"),
            _("reckoned: orders a day × days"),
            _("counted in the simulation, mean"),
        ],
        [
            [label, law.arrivals_per_day, law.mean_days_online, law.expected, law.observed]
            for label, law in laws.items()
        ],
    )


def show_unmet_needs(policies: Mapping[str, Sequence[UnmetNeed]]) -> None:
    """Show what breaks under each policy: orders for which somebody lacks the data he needs."""
    first = next(iter(policies.values()))
    show_table(
        _("Orders in which somebody could not read what he needs"),
        [_("who needs it, and for what"), _("orders in which it was needed"), *policies],
        [
            [unmet.need.label(), unmet.orders, *(needs[row].unmet for needs in policies.values())]
            for row, unmet in enumerate(first)
        ],
    )
