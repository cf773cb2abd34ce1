"""Figures and tables of lesson 08: what was carried, what thieves read, which key opens what, what the vault stops."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol, get_args

import numpy as np
from matplotlib.axes import Axes

from simlib.facts import value
from simlib.figures.retention import field_names
from simlib.figures.style import (
    BLUE,
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
from simlib.figures.vault_words import cell_text, right_name, role_name, table_name
from simlib.languages import _
from simlib.privacy import CONTACT, ONLINE, copies_taken
from simlib.privacy.offline_vault import (
    Effect,
    Holding,
    Search,
    Touched,
    Way,
    offline_guesses,
    ways_in,
    working_day,
    years_that_fit,
)
from simlib.records import Table
from simlib.streams import Floats
from simlib.vault.schema import ORDERS

if TYPE_CHECKING:
    # The vault brings cryptography along, which other lessons need not wait for.
    from simlib.vault.importing import ImportReport
    from simlib.vault.keyring import Compartment
    from simlib.vault.reports import MonthStatistics
    from simlib.vault.session import OrderDetail
    from simlib.vault.trail import Entry
    from simlib.vault.verification import Verification


class Trial(Protocol):
    """What one key opened; `simlib.course.rehearsal.KeyTrial` is one."""

    @property
    def key(self) -> str:
        """Which key."""

    @property
    def kind(self) -> str:
        """Symmetric, public or private."""

    @property
    def opens(self) -> Mapping[str, bool]:
        """Thing → whether it opened."""


# -- carried


def show_carried(reports: Sequence[ImportReport]) -> None:
    """Show what a bundle brought into the vault (row C9)."""
    show_table(
        _("What the first bundle brought into the vault"),
        [_("table"), _("rows"), _("new"), _("changed"), _("number of months")],
        [[table_name(one.table), one.rows, one.new, one.changed, len(one.months)] for one in reports],
    )


def before_and_after(before: Table, after: Table, closed: Floats, at: float, ax: Axes | None = None) -> Axes:
    """What a thief in the web shop reads before the carry and after it (row C1).

    Parameters
    ----------
    before, after
        Copies under keeping everything, and under the vault.
    closed
        When each order came to its end, in days.
    at
        The moment, in days, just after the export.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.6)
    labels = [_("after the carry"), _("before the carry")]
    parts: dict[str, list[int]] = {_("finished orders"): [], _("open orders"): [], _("members"): []}
    for copies in (after, before):
        for name, count in zip(parts, _readable(copies, closed, at), strict=True):
            parts[name].append(count)
    left = np.zeros(2)
    for (name, counts), (colour, hatch) in zip(
        parts.items(), ((BLUE, ""), (RED, "//"), (SKY, "..")), strict=True
    ):
        ax.barh(labels, counts, left=left, color=colour, hatch=hatch, edgecolor="white", label=name)
        left += counts
    for row, total in enumerate(left):
        ax.text(total, row, f" {total:,.0f}", va="center")
    ax.set_xlim(0, max(left.max() * 1.1, 1))
    ax.set_xlabel(_("records with name, phone or address, readable in the web shop"))
    ax.grid(axis="y", visible=False)
    whole_numbers(ax.xaxis)
    legend_below(ax)
    was, now, still_open = int(left[1]), int(left[0]), parts[_("open orders")][0]
    told = (
        _("Before the carry a thief reads {was} records, after it {now}: all of them are open orders.")
        if now == still_open
        else _(
            "Before the carry a thief reads {was} records, after it {now}; {open} of these are open orders."
        )
    )
    return describe(
        ax,
        title=_("What a thief in the web shop reads"),
        alt=_("Two bars: {was} readable records before the carry, {now} after it.").format(
            was=number(was), now=number(now)
        ),
        sentence=told.format(was=number(was), now=number(now), open=number(still_open)),
    )


def _readable(copies: Table, closed: Floats, at: float) -> tuple[int, int, int]:
    """Finished orders, open orders and members that are readable online."""
    taken = copies_taken(copies, ONLINE, at, CONTACT)
    orders = taken & copies.where("record", "order")
    finished = closed[copies["number"][orders]] <= at
    return int(finished.sum()), int((~finished).sum()), int((taken & copies.where("record", "member")).sum())


def show_kept(before: Table, after: Table, at: float) -> None:
    """Show how many members' data the web shop still shows after the carry, field by field (rows C1, C5).

    Parameters
    ----------
    before, after
        Copies under keeping everything, and under the vault.
    at
        The moment, in days, just after the export.
    """
    rows = []
    for field, label in field_names().items():
        counts = [
            int((copies_taken(copies, ONLINE, at, field) & copies.where("record", "member")).sum())
            for copies in (before, after)
        ]
        if any(counts):
            rows.append([label, *counts])
    show_table(
        _("Members whose data the web shop can show, also to themselves when they log in"),
        [_("field"), _("before the carry"), _("after the carry")],
        rows,
    )


# -- stolen


def show_searches(searches: Mapping[str, Search]) -> None:
    """Show what searching stolen bytes for names and numbers brought (row D8)."""
    show_table(
        _("The thief searches every byte for names, e-mails, phones, addresses and order numbers"),
        [
            _("what he has"),
            _("size, MB"),
            _("texts he looks for"),
            _("texts he finds"),
            _("bits of chance in a byte (8: pure noise)"),
        ],
        [
            [label, round(one.size / 1e6, 1), one.sought, one.found, round(one.entropy, 1)]
            for label, one in searches.items()
        ],
    )


def show_key_trials(trials: Sequence[Trial]) -> None:
    """Show which key opened what when each was tried on everything (row E1)."""
    things = list(trials[0].opens)
    show_table(
        _("Every key tried on everything"),
        [_("key"), _("kind"), *things],
        [[one.key, one.kind, *(_yes(one.opens[thing]) for thing in things)] for one in trials],
    )


def _yes(truth: bool) -> str:
    return _("yes") if truth else "–"


# -- a call, and who may do what


def show_call(masked: OrderDetail, full: OrderDetail) -> None:
    """Show an order as customer service sees it, masked and after a reason was given (row C12)."""
    names = (
        "order_number",
        "order_status",
        "buyer_name",
        "buyer_email",
        "buyer_mobile",
        "recipient_name",
        "recipient_address",
        "delivery_date",
        "invoice_number",
    )
    show_table(
        _("One order on the screen of customer service"),
        [_("field"), _("before a reason is given"), _("after it")],
        [
            [ORDERS[name].label, *(cell_text(ORDERS[name], one.order[name]) for one in (masked, full))]
            for name in names
        ],
    )


def show_rights() -> None:
    """Show which role may do what (row C2)."""
    from simlib.vault.accounts import RIGHTS, Right
    from simlib.vault.keyring import ROLES

    show_table(
        _("Who may do what"),
        [_("right"), *(role_name(role) for role in ROLES)],
        [
            [right_name(right), *("✓" if right in RIGHTS[role] else "–" for role in ROLES)]
            for right in get_args(Right)
        ],
    )


def show_watch(entries: Sequence[Entry]) -> None:
    """Show what an auditor counts in the trail: who looked at how many records, and why (row E4)."""
    users = sorted({one.user for one in entries})
    actions = Counter((one.user, one.action) for one in entries)
    reasons = {
        user: Counter(
            str(one.details["reason"]) for one in entries if one.user == user and one.action == "reveal"
        )
        for user in users
    }
    show_table(
        _("What the auditor counts in the trail"),
        [
            _("account"),
            _("log-ins"),
            _("customers looked up"),
            _("records seen in full"),
            _("different reasons given"),
            _("reason given most often"),
        ],
        [
            [
                user,
                actions[user, "sign-in"],
                actions[user, "find"],
                actions[user, "reveal"],
                len(reasons[user]),
                reasons[user].most_common(1)[0][0] if reasons[user] else "–",
            ]
            for user in users
        ],
    )


# -- changed, destroyed, put back


def show_findings(
    checks: Mapping[str, Verification], compartments: Mapping[int, Compartment] | None = None
) -> None:
    """Show what checks of the vault found, and which month a compartment is.

    Parameters
    ----------
    checks
        What was checked → what came out.
    compartments
        Number → compartment, to say in words which one a finding names.
    """
    rows = []
    for label, done in checks.items():
        said = done.findings or [_("nothing: all is as it was")]
        rows += [[label if place == 0 else "", sentence] for place, sentence in enumerate(said)]
        named = [
            _("Compartment {number} holds: {what} of {month}.").format(
                number=one.number, what=table_name(one.family), month=one.month
            )
            for number_, one in (compartments or {}).items()
            if any(_("Compartment {number}:").format(number=number_) in text for text in done.findings)
        ]
        rows += [["", sentence] for sentence in named]
    show_table(_("What the check finds"), [_("what was checked"), _("finding")], rows)


def show_destroyed(
    statistics: Sequence[MonthStatistics], here: Mapping[str, int], backup: Mapping[str, int]
) -> None:
    """Show per month what is still readable after a destruction, here and in a backup (row E5).

    Parameters
    ----------
    statistics
        The vault's months.
    here, backup
        Month → orders that can still be read, in the vault and in a backup made before.
    """
    show_table(
        _("Orders of each month after the destruction"),
        [
            _("month"),
            _("orders in the sums"),
            _("orders that can be read"),
            _("orders that can be read in the backup made before"),
        ],
        [
            [one.month, one.orders, here.get(one.month, 0), backup.get(one.month, 0)]
            for one in sorted(statistics, key=lambda one: one.month)
        ],
    )


# -- ways in


def way_label(way: Way) -> str:
    """A thief's way, in the reader's language."""
    return {
        "no-vault": _("no vault: all online"),
        "web-shop": _("into the web shop"),
        "stick": _("steals the stick"),
        "disk": _("steals the vault's disk"),
        "cable": _("a network cable is in"),
        "carrier": _("an infected stick"),
    }[way]


def orders_by_way(holding: Holding, ax: Axes | None = None) -> Axes:
    """Orders a thief reads on average by each way, given that he comes that way (row D8).

    Parameters
    ----------
    holding
        The shop and its habits at the vault.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    reaches = ways_in(holding)
    order = reaches[::-1]
    looks: dict[Way, tuple[str, str]] = {
        "no-vault": (GREY, ""),
        "web-shop": (BLUE, ""),
        "stick": (GREEN, ".."),
        "disk": (GREEN, ".."),
        "cable": (RED, "//"),
        "carrier": (ORANGE, "\\\\"),
    }
    top = max(one.expected for one in order) or 1
    for row, one in enumerate(order):
        colour, hatch = looks[one.way]
        ax.barh([row], [one.expected], color=colour, hatch=hatch, edgecolor="white")
        ax.text(one.expected + top * 0.01, row, number(round(one.expected)), va="center")
    ax.set_yticks(range(len(order)), [way_label(one.way) for one in order])
    ax.set_xlim(0, top * 1.12)
    ax.set_xlabel(_("orders a thief reads on average, if he comes this way"))
    ax.grid(axis="y", visible=False)
    whole_numbers(ax.xaxis)
    found = {one.way: one for one in reaches}
    parts = _("; ").join(f"{way_label(one.way)}: {number(round(one.expected))}" for one in reaches)
    return describe(
        ax,
        title=_("What a thief reads, by the way he comes"),
        alt=_("One bar a way. {parts}.").format(parts=parts),
        sentence=_(
            "With the cable in, {cable} of {all} orders; from the stolen disk {disk}; in the web shop {shop}, "
            "whatever the vault does. There are {passwords} passwords of that length; the thief tries {guesses}."
        ).format(
            passwords=powers_of_ten(value("password-list-words") ** holding.password_words),
            guesses=powers_of_ten(offline_guesses(holding)),
            cable=number(round(found["cable"].expected)),
            all=number(round(found["cable"].orders)),
            disk=number(round(found["disk"].expected)),
            shop=number(round(found["web-shop"].expected)),
        ),
    )


def powers_of_ten(count: float) -> str:
    """A number as a person reads it, however large: ``7,776``, ``4 × 10¹⁵``."""
    if count < 1e6:
        return number(round(count))
    power = math.floor(math.log10(count))
    leading = round(count / 10**power)
    if leading == 10:
        leading, power = 1, power + 1
    return f"{leading} × 10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


# -- claims


def effect_label(effect: Effect) -> str:
    """What the vault changes about an attack, in the reader's language."""
    return {
        "less-to-take": _("less to take"),
        "something-left": _("a copy is left"),
        "untouched": _("changes nothing"),
        "new-way": _("a new way in"),
    }[effect]


def show_touched(attacks: Sequence[Touched]) -> None:
    """Show each of the sixteen attacks with what the vault changes, and why (row C11)."""
    counts = Counter(one.effect for one in attacks)
    told = ", ".join(f"{effect_label(effect)}: {count}" for effect, count in counts.items())
    show_table(
        _("Sixteen attacks and the vault ({counts})").format(counts=told),
        [_("no."), _("attack"), _("what the vault does"), _("why")],
        [[one.number, one.attack, effect_label(one.effect), one.reason] for one in attacks],
    )


def show_claim(finished: int, still_open: int, days_online: float) -> None:
    """Show the share of all orders out of reach beside the share claimed (row C11).

    Parameters
    ----------
    finished, still_open
        Orders in the vault, and orders still online.
    days_online
        Mean time an order stays online.
    """
    claim = value("claim-protection-share")
    share = finished / (finished + still_open)
    show_table(
        _("“99.9 %”, counted in orders"),
        [_("what"), _("number")],
        [
            [_("orders out of reach in the vault"), finished],
            [_("orders still readable in the web shop"), still_open],
            [_("share out of reach, %"), round(100 * share, 1)],
            [_("share claimed, %"), 100 * claim],
            [_("years of orders until that share is reached"), round(days_online / (1 - claim) / 365)],
        ],
    )


def show_machine(bytes_per_order: float, orders_per_day: float, password_words: int) -> None:
    """Show what is asked of the machine, against what, and what the numbers say (row C13).

    Parameters
    ----------
    bytes_per_order
        Room an order takes in the vault, in bytes; shown in hundreds.
    orders_per_day
        Of the shop.
    password_words
        Words in the password.
    """
    from simlib.vault.sealing import DEFAULT_COST

    room = round(bytes_per_order, -2)
    years = years_that_fit(value("claim-disk-gb"), room, orders_per_day)
    memory = DEFAULT_COST.memory_kib / 1024
    holding = Holding(
        orders_per_day, 0, 1, 0, 0, password_words, False, DEFAULT_COST.memory_kib, DEFAULT_COST.passes
    )
    needed = value("password-list-words") ** password_words / offline_guesses(holding)
    show_table(
        _("The machine, item by item"),
        [_("asked for"), _("against"), _("what the numbers say")],
        [
            [
                _("a disk of {size} GB").format(size=number(value("claim-disk-gb"))),
                _("running full"),
                _("an order takes about {bytes} bytes: room for {years} years").format(
                    bytes=number(room), years=number(round(years, -3))
                ),
            ],
            [
                _("{size} GB of memory").format(size=number(value("claim-memory-gb"))),
                _("slow log-ins"),
                _("checking one password takes {memory} MB, on purpose").format(memory=number(memory)),
            ],
            [
                _("a new or wiped PC"),
                _("malware that was there before"),
                _("cannot be counted from inside: this is why to begin clean"),
            ],
            [
                _("the network card taken out"),
                _("a cable, by mistake"),
                _("turns the bar of the network cable in the picture above into 0"),
            ],
            [
                _("a log-in password"),
                _("the thief of the disk"),
                _(
                    "{words} words by dice: he needs {times} times the work that {cards} graphics cards do in a year"
                ).format(
                    words=password_words,
                    times=number(round(needed)),
                    cards=number(value("thief-graphics-cards")),
                ),
            ],
            [
                _("unplugged and locked away"),
                _("the thief of the disk, and whoever passes by"),
                _("who does not get at it can neither take it nor plug anything in"),
            ],
            [
                _("software left as it is"),
                _("a program changed so that it leaks"),
                _("the check finds changed data, not a changed program: install it again from its source"),
            ],
        ],
    )


def show_rollout(start: date, orders_per_day: float) -> None:
    """Show when the vault would be ready, and what gathers online until then (row C14).

    Parameters
    ----------
    start
        Day the PC arrives at whoever installs it.
    orders_per_day
        Of the shop.
    """
    rows: list[list[object]] = []
    for label, fact in (
        (_("installed"), "claim-install-days"),
        (_("installed and tested"), "claim-rollout-days"),
    ):
        ready = working_day(start, value(fact))
        days = (ready - start).days
        rows.append([label, value(fact), ready.isoformat(), days, round(days * orders_per_day)])
    show_table(
        _("If the PC arrives on {day}").format(day=start.isoformat()),
        [
            _("step"),
            _("working days, as claimed"),
            _("ready on"),
            _("days by the calendar"),
            _("orders that come in until then"),
        ],
        rows,
    )
