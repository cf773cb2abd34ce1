"""Figures of lesson 06: how an attack went, what a control changed, what lay there to take, what a year costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simlib.attacker import Course, campaign
from simlib.attacker.course import EFFECTS
from simlib.attacker.telling import incident_label
from simlib.attacker.words import campaign_title, detector_label, precondition_label, step_title, teller_label
from simlib.experiment import Sample, half_width
from simlib.facts import fact, value
from simlib.figures.style import (
    BLUE,
    COLOURS,
    DASHES,
    GREEN,
    GREY,
    ORANGE,
    RED,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number, show_table
from simlib.languages import _
from simlib.risk import Debrief, Loss, Walks, Way, lessened, part_label, verdict
from simlib.scenario import Scenario

MOST_ROWS: Final = 13
"""Rows of one course that are shown; the rest is the same again."""

TALL: Final = (9.0, 6.6)
"""Size of a picture with two courses, in inches."""

ANSWERS: Final = (
    "contained",
    "patched",
    "keys_renewed",
    "restored",
    "restore_failed",
    "rebuilt",
    "ransom_paid",
    "key_worthless",
    "notified",
    "notice_late",
    "customers_told",
)
"""Kinds of incident that are the shop's own doing, or its omission."""

NO_LUCK: Final = "#BBBBBB"
"""Line from a step's beginning to its end."""

# ---------------------------------------------------------------------------------------------------------------
# one attack, as it went


@dataclass(frozen=True)
class Row:
    """One line of a timeline.

    Attributes
    ----------
    since, t
        When it began and when it happened, in days.
    text
        In the reader's language.
    look
        One of `LOOKS`.
    """

    since: float
    t: float
    text: str
    look: str


LOOKS: Final = {
    "harm": (RED, "s"),
    "step": (ORANGE, "o"),
    "halted": (GREY, "X"),
    "seen": (BLUE, "D"),
    "answer": (GREEN, "^"),
}
"""What kind of row → colour and mark."""


def _look_label(look: str) -> str:
    return {
        "harm": _("attacker: does harm"),
        "step": _("attacker: gets further"),
        "halted": _("attacker: gets no further"),
        "seen": _("you learn of it"),
        "answer": _("your answer"),
    }[look]


def timeline_rows(attack: str, course: Course) -> list[Row]:
    """What happened in an attack, line by line: the attacker's steps, the first that was noticed, the answer.

    Parameters
    ----------
    attack
        Name of the campaign.
    course
        Its course.
    """
    rows: list[Row] = []
    began = 0.0
    harm = {(row.step, row.t) for row in course.incidents if row.kind in EFFECTS}
    known = False
    said: set[tuple[str, float]] = set()
    for row in course.incidents:
        if row.kind == "attempted":
            began = row.t
        elif row.kind == "succeeded":
            look = "harm" if (row.step, row.t) in harm else "step"
            rows.append(Row(began, row.t, step_title(attack, row.step), look))
        elif row.kind in ("stopped", "failed"):
            line = _("{line}: {detail}").format(
                line=incident_label(row.kind), detail=step_title(attack, row.step)
            )
            rows.append(Row(began, row.t, line, "halted"))
        elif row.kind == "returned":
            rows.append(Row(row.t, row.t, incident_label(row.kind), "step"))
            known = False
        elif row.kind in ("seen", "found_late") and not known:
            known = True
            what = detector_label(row.what) if row.kind == "seen" else teller_label(row.what)
            line = _("{line}: {detail}").format(line=incident_label(row.kind), detail=what)
            rows.append(Row(row.t, row.t, line, "seen"))
        elif row.kind in ANSWERS and (row.kind, row.t) not in said:
            said.add((row.kind, row.t))
            rows.append(Row(row.t, row.t, incident_label(row.kind), "answer"))
    return sorted(rows, key=lambda each: each.t)


def attack_timelines(
    attack: str, compared: Mapping[str, tuple[Course, Loss]], scenario: Scenario, ax: Axes | None = None
) -> Axes:
    """The same attacker one or two times, one above the other, with what was taken and what it cost.

    Parameters
    ----------
    attack
        Name of the campaign.
    compared
        Label → course and loss, such as without and with a control.
    scenario
        The shop.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(*TALL)
    blocks = {label: timeline_rows(attack, course) for label, (course, _loss) in compared.items()}
    times = [t for rows in blocks.values() for row in rows for t in (row.since, row.t)]
    first = min(times, default=0.0)
    # Steps that all happen within minutes still need an axis on which something can be told.
    span = max(max(times, default=1.0) - first, 0.25)
    y = 0.0
    for label, rows in blocks.items():
        ax.text(first - 0.02 * span, y, label, size=11, weight="bold", va="center", bbox=PLAIN)
        y += 0.9
        outcome = _outcome(compared[label][1], scenario)
        ax.text(first - 0.02 * span, y, outcome, size=10, va="center", bbox=PLAIN)
        for row in rows[:MOST_ROWS]:
            y += 1
            _draw_row(ax, row, y, (row.t - first) / span)
        if len(rows) > MOST_ROWS:
            y += 1
            ax.text(first, y, _("… and so on"), size=9.5, va="center")
        y += 1.6
    ax.set_xlim(first - 0.03 * span, first + 1.04 * span)
    ax.set_ylim(max(y - 0.9, 6), -0.8)
    ax.set_yticks([])
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(_("days since the run began"))
    ax.spines["left"].set_visible(False)
    for look, (colour, mark) in LOOKS.items():
        ax.add_line(Line2D([], [], color=colour, marker=mark, linestyle="none", label=_look_label(look)))
    legend_below(ax)
    return describe(
        ax,
        title=campaign_title(attack),
        alt=_("; ").join(
            f"{label}: "
            + ", ".join(
                _("day {day}: {what}").format(day=number(round(row.t, 1)), what=row.text)
                for row in rows[:MOST_ROWS]
            )
            for label, rows in blocks.items()
        ),
        sentence=" ".join(_told(label, course, loss, scenario) for label, (course, loss) in compared.items()),
    )


PLAIN: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
"""Ground of a text, so that lines do not run through it."""


def _draw_row(ax: Axes, row: Row, y: float, across: float) -> None:
    colour, mark = LOOKS[row.look]
    ax.plot([row.since, row.t], [y, y], color=NO_LUCK, linewidth=4, solid_capstyle="butt")
    ax.plot([row.t], [y], color=colour, marker=mark, markersize=8, linestyle="none")
    right = across < 0.5
    ax.annotate(
        row.text,
        (row.t, y),
        xytext=(9 if right else -9, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        size=9.5,
        bbox=PLAIN,
    )


def _outcome(loss: Loss, scenario: Scenario) -> str:
    """Money and persons of one course, in few words."""
    words = [
        _("{amount} {currency} lost").format(amount=number(round(loss.total)), currency=scenario.currency)
    ]
    if loss.persons_taken:
        words.append(_("data of {persons} persons taken").format(persons=number(loss.persons_taken)))
    if loss.customers:
        words.append(_("customers lose {amount}").format(amount=number(round(loss.customers))))
    if loss.records_lost:
        words.append(_("{records} records gone for good").format(records=number(loss.records_lost)))
    return _(", ").join(words)


def _told(label: str, course: Course, loss: Loss, scenario: Scenario) -> str:
    began = course.first("succeeded")
    known = min(course.first("seen"), course.first("found_late"))
    if began == float("inf"):
        when = _("he did not get in")
    elif known == float("inf"):
        when = _("nobody noticed")
    else:
        when = _("noticed after {days} days").format(days=number(round(max(0.0, known - began), 1)))
    return _("{label}: {when}; {outcome}.").format(label=label, when=when, outcome=_outcome(loss, scenario))


def attack_impossible(attack: str, scenario: Scenario, title: str, ax: Axes | None = None) -> Axes:
    """Say why an attack cannot begin in this shop.

    Parameters
    ----------
    attack
        Name of the campaign.
    scenario
        The shop.
    title
        What was chosen besides, such as a control; stands in the picture.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(*TALL)
    needed = _("; ").join(precondition_label(need) for need in campaign(attack).missing(scenario))
    ax.set_axis_off()
    text = _("Impossible in this shop. It would need: {needed}.").format(needed=needed)
    ax.text(0.5, 0.6, text, ha="center", va="center", size=13, wrap=True, transform=ax.transAxes)
    ax.text(0.5, 0.4, title, ha="center", va="center", size=11, color=GREY, transform=ax.transAxes)
    return describe(ax, title=campaign_title(attack), alt=text, sentence=text)


# ---------------------------------------------------------------------------------------------------------------
# many attackers


def measure_label(part: str) -> str:
    """A number of a loss by which attacks are compared, in the reader's language."""
    return {
        "persons_taken": _("persons whose data are taken"),
        "records_lost": _("records gone for good"),
        "hours": _("hours of work"),
        "orders_kept_out": _("orders that never came"),
    }.get(part) or part_label(part)


COUNTED: Final = ("persons_taken", "records_lost", "orders_kept_out")
"""Numbers of a loss whose name says already what is counted."""


def _per_attack(part: str, unit: str) -> str:
    """What stands under an axis of one number of a loss."""
    if part in COUNTED:
        return _("{what} per attack").format(what=measure_label(part))
    return _("{what} per attack, {unit}").format(what=measure_label(part), unit=unit)


def _in_words(amount: float) -> str:
    """A number in a sentence: whole, unless it is so small that a decimal says something."""
    return number(round(amount) if abs(amount) >= 100 else round(amount, 1))


def control_effect(
    before: Walks,
    after: Walks,
    control: str,
    part: str = "total",
    unit: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Whether a control helps, with the error bar that the statement needs.

    Parameters
    ----------
    before, after
        The same attackers without and with it.
    control
        Its name in the reader's language.
    part
        Which number of the loss.
    unit
        Its unit.
    title
        Of the picture, such as the attack.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    first, second = before.sample(part), after.sample(part)
    paired = before.less_with(after, part).difference
    count = len(paired.numbers)
    apart = sqrt(half_width(first.numbers) ** 2 + half_width(second.numbers) ** 2)
    change = paired.mean
    rows = [
        (_("without"), first.mean, half_width(first.numbers), GREY),
        (_("with “{control}”").format(control=control), second.mean, half_width(second.numbers), BLUE),
        (_("difference: the same attackers"), change, half_width(paired.numbers), GREEN),
        (_("difference: had others come"), change, apart, ORANGE),
    ]
    _intervals(ax, rows)
    ax.axvline(0, color="black", linewidth=1)
    ax.set_xlabel(_per_attack(part, unit))
    low, high = paired.interval()
    words = {"count": count, "what": measure_label(part), "less": _in_words(-change), "unit": unit}
    if high < 0:
        sentence = _(
            "It helps. Over {count} attackers the control spared {less} {unit} per attack ({what}); with 95 % "
            "confidence between {low} and {high}."
        ).format(low=_in_words(-high), high=_in_words(-low), **words)
    elif low == high == 0:
        sentence = _("Over {count} attackers the control changed nothing at all ({what}).").format(**words)
    elif low > 0:
        sentence = _("Over {count} attackers it made things worse ({what}).").format(**words)
    else:
        sentence = _(
            "Nobody can say yet. After {count} attackers the interval of the difference ({what}) still holds zero: "
            "send more of them."
        ).format(**words)
    return describe(
        ax,
        title=title or measure_label(part),
        alt=_("Four points with their 95 % intervals: {points}.").format(points=_points(rows, unit)),
        sentence=sentence,
    )


def losses_compared(
    compared: Mapping[str, Walks], part: str, unit: str, title: str, ax: Axes | None = None
) -> Axes:
    """Mean of one number over the same attackers under several protections, each with its interval.

    Parameters
    ----------
    compared
        Label → walks with the same seeds.
    part
        Which number of the loss.
    unit, title
        Unit of the number; title of the picture.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    rows = []
    for place, (label, walked) in enumerate(compared.items()):
        sample = walked.sample(part)
        rows.append((label, sample.mean, half_width(sample.numbers), COLOURS[place % len(COLOURS)]))
    _intervals(ax, rows)
    # A little room, so that a point at zero is seen whole.
    ax.set_xlim(left=-0.02 * ax.get_xlim()[1])
    ax.set_xlabel(_per_attack(part, unit))
    first, *_between, last = compared.items()
    low, high = first[1].less_with(last[1], part).difference.interval()
    return describe(
        ax,
        title=title,
        alt=_("Points with their 95 % intervals: {points}.").format(points=_points(rows, unit)),
        sentence=_(
            "From “{first}” to “{last}”: {before} to {after} {unit} per attack, a saving between {low} and {high} "
            "(95 % confidence)."
        ).format(
            first=first[0],
            last=last[0],
            before=number(round(rows[0][1])),
            after=number(round(rows[-1][1])),
            unit=unit,
            low=number(round(-high)),
            high=number(round(-low)),
        ),
    )


def _intervals(ax: Axes, rows: Sequence[tuple[str, float, float, str]]) -> None:
    """Points with error bars, one a row, with the number above each."""
    for y, (_label, mean, half, colour) in enumerate(rows):
        ax.errorbar(
            mean, y, xerr=half if np.isfinite(half) else 0, color=colour, marker="o", markersize=9, capsize=6
        )
        ax.annotate(
            number(round(mean)),
            (mean, y),
            xytext=(0, 10),
            textcoords="offset points",
            ha="center",
            size=11,
            bbox=PLAIN,
        )
    ax.set_yticks(range(len(rows)), [_folded(row[0]) for row in rows])
    ax.set_ylim(len(rows) - 0.5, -0.7)
    ax.grid(visible=False, axis="y")
    ax.margins(x=0.12)
    whole_numbers(ax.xaxis)


def _folded(label: str, width: int = 30) -> str:
    """A long label on two lines."""
    wide = sum(2 if ord(sign) > 0x2E80 else 1 for sign in label)
    if wide <= width:
        return label
    # After a space or, where words have none, after a comma; in the middle of a word only if there is neither.
    middle = len(label) // 2
    cuts = [place + 1 for place, sign in enumerate(label[:-1]) if sign in " 、，："] or [middle]
    cut = min(cuts, key=lambda at: abs(at - middle))
    return f"{label[:cut].rstrip()}\n{label[cut:]}"


def _points(rows: Sequence[tuple[str, float, float, str]], unit: str) -> str:
    return _("; ").join(
        f"{label} {number(round(mean))} ± {number(round(half)) if np.isfinite(half) else '∞'} {unit}".strip()
        for label, mean, half, _colour in rows
    )


# ---------------------------------------------------------------------------------------------------------------
# what lies there


def taken_by_moment(
    found: Mapping[str, Sequence[float]],
    days: Sequence[float],
    by_head: Mapping[str, float],
    ax: Axes | None = None,
) -> Axes:
    """How many orders a thief reads in the web shop, by the day on which he comes.

    Parameters
    ----------
    found
        Policy → orders, one for each of `days`.
    days
        In days since the run began.
    by_head
        Policy → the same number by Little's law; `inf` where orders never leave.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    for place, (label, orders) in enumerate(found.items()):
        colour = COLOURS[place % len(COLOURS)]
        ax.plot(days, orders, color=colour, linestyle=DASHES[place % len(DASHES)], linewidth=2, label=label)
        if np.isfinite(by_head[label]):
            ax.axhline(by_head[label], color=colour, linewidth=1)
    ax.set_xlabel(_("day on which the thief comes"))
    ax.set_ylabel(_("orders with a name, phone or address"))
    ax.set_ylim(bottom=0)
    whole_numbers(ax.yaxis)
    legend_below(ax)
    words = [
        _("{label}: {first} on day {day}, {last} on day {end}").format(
            label=label,
            first=number(round(float(orders[0]))),
            day=number(round(days[0])),
            last=number(round(float(orders[-1]))),
            end=number(round(days[-1])),
        )
        + (
            _(" (by head: {by_head})").format(by_head=number(round(by_head[label])))
            if np.isfinite(by_head[label])
            else ""
        )
        for label, orders in found.items()
    ]
    return describe(
        ax,
        title=_("The same break-in on every day: what would he get?"),
        alt=_(
            "Lines over the days, one for each policy; thin level lines mark the numbers reckoned by head."
        ),
        sentence=_("{policies}.").format(policies=_("; ").join(words)),
    )


def show_vault_touches(found: Mapping[str, tuple[Walks, Walks] | None]) -> None:
    """Show, attack by attack, what the vault lessens.

    Parameters
    ----------
    found
        From `simlib.risk.vault_touches`.
    """

    def less(name: str, harm: str) -> str:
        pair = found[name]
        if pair is None:
            return "–"
        share = lessened(pair).get(harm)
        return _("{percent} % less").format(percent=number(round(100 * share))) if share else _("no change")

    show_table(
        _("The same attackers, with everything kept online and with the vault"),
        [
            _("no."),
            _("attack"),
            measure_label("persons_taken"),
            measure_label("customers"),
            measure_label("total"),
        ],
        [
            [
                str(campaign(name).number),
                campaign_title(name)
                + ("" if found[name] is not None else _(" (only a shop with a vault can meet it)")),
                *(less(name, harm) for harm in ("persons_taken", "customers", "total")),
            ]
            for name in found
        ],
    )


# ---------------------------------------------------------------------------------------------------------------
# years


def loss_exceedance(
    years: Mapping[str, Sample],
    unit: str,
    ax: Axes | None = None,
    more: Mapping[str, float] | None = None,
) -> Axes:
    """How likely a year is to cost more than any amount (loss-exceedance curve), with 95 % bands.

    Parameters
    ----------
    years
        Label → loss of each year, in currency units.
    unit
        The currency.
    ax
        Where to draw; a new figure if left out.
    more
        Label → what makes the mean uncertain besides the number of years (half a 95 % interval).
    """
    ax = ax or new_axes()
    words = []
    for place, (label, sample) in enumerate(years.items()):
        losses = np.sort(sample.numbers)
        count = len(losses)
        amounts = np.geomspace(100, max(float(losses[-1]), 200.0), 120)
        share = (count - np.searchsorted(losses, amounts, side="right")) / count
        half = 1.96 * np.sqrt(np.maximum(share * (1 - share), 1 / count) / count)
        colour = COLOURS[place % len(COLOURS)]
        ax.plot(
            amounts,
            100 * share,
            color=colour,
            linestyle=DASHES[place % len(DASHES)],
            linewidth=2,
            label=label,
        )
        ax.fill_between(
            amounts, 100 * np.maximum(share - half, 0), 100 * (share + half), color=colour, alpha=0.15
        )
        half_mean = float(np.hypot(half_width(losses), (more or {}).get(label, 0.0)))
        words.append(
            _(
                "{label}: an attack costs something in {some} of 100 years, the mean year costs {mean} ± {half} "
                "{unit}, one year in a hundred {worst} or more"
            ).format(
                label=label,
                some=number(round(100 * float((losses > 0).mean()))),
                mean=number(round(float(losses.mean()))),
                half=number(round(half_mean)) if np.isfinite(half_mean) else "∞",
                unit=unit,
                worst=number(round(float(np.quantile(losses, 0.99)))),
            )
        )
    ax.set_xscale("log")
    whole_numbers(ax.xaxis)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_("loss in a year, {unit}").format(unit=unit))
    ax.set_ylabel(_("years of 100 that cost more"))
    legend_below(ax)
    return describe(
        ax,
        title=_("How likely is a bad year, and how bad?"),
        alt=_(
            "Falling curves, one for each protection: the larger the loss, the fewer years exceed it. {words}."
        ).format(words=_("; ").join(words)),
        sentence=_("{words}.").format(words=_("; ").join(words)),
    )


SEEN: Final = {
    "breach-or-attack-seen-micro-share": BLUE,
    "breach-or-attack-seen-small-share": BLUE,
    "small-firm-claims-per-year": ORANGE,
}
"""Facts that are shares of firms a year → colour."""


def attacked_by_size(years: int = 1, ax: Axes | None = None) -> Axes:
    """Of 100 firms, how many see an attack or claim for one within some years, by size.

    Parameters
    ----------
    years
        How many; each year is taken as another throw of the same dice.
    ax
        Where to draw; a new figure if left out.
    """
    labels = {
        "breach-or-attack-seen-micro-share": _("1 to 9 people: saw an attack"),
        "breach-or-attack-seen-small-share": _("10 to 49 people: saw an attack"),
        "small-firm-claims-per-year": _("insured small firms: claimed"),
    }
    ax = ax or new_axes()
    for y, (name, colour) in enumerate(SEEN.items()):
        yearly = float(value(name))
        once, often = 100 * yearly, 100 * (1 - (1 - yearly) ** years)
        ax.barh(y, often, color=colour, height=0.55, alpha=0.45 if years > 1 else 1.0)
        ax.barh(y, once, color=colour, height=0.55)
        ax.annotate(
            number(round(often, 1)), (often, y), xytext=(5, 0), textcoords="offset points", va="center"
        )
    ax.set_yticks(range(len(SEEN)), [labels[name] for name in SEEN])
    ax.invert_yaxis()
    ax.set_xlim(0, 108)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(_("of 100 firms, in {years} years (dark: in one)").format(years=years))
    micro = float(value("breach-or-attack-seen-micro-share"))
    return describe(
        ax,
        title=_("Too small to be attacked?"),
        alt=_("Three bars: {bars}.").format(
            bars=_("; ").join(
                f"{labels[name]} {number(round(100 * (1 - (1 - float(value(name))) ** years), 1))}"
                for name in SEEN
            )
        ),
        sentence=_(
            "Of 100 firms with fewer than ten people, {once} saw an attack in one year; if each year is a throw of the "
            "same dice, {often} do in {years} years. Sources: {sources}."
        ).format(
            once=number(round(100 * micro)),
            often=number(round(100 * (1 - (1 - micro) ** years))),
            years=years,
            sources=_("; ").join(dict.fromkeys(_(fact(name).source) for name in SEEN)),
        ),
    )


# ---------------------------------------------------------------------------------------------------------------
# after a drill


def ways_compared(found: Debrief, scenario: Scenario, ax: Axes | None = None) -> Axes:
    """A drill's way beside the others: standing orders, the best, the worst.

    Parameters
    ----------
    found
        From `simlib.risk.debrief`.
    scenario
        The shop.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(9.0, 3.4)
    named: dict[str, tuple[Way, str]] = {
        _("your way"): (found.own, BLUE),
        _("standing orders"): (found.usual, GREY),
        _("best way"): (found.best, GREEN),
        _("worst way"): (found.worst, RED),
    }
    for y, (_label, (way, colour)) in enumerate(named.items()):
        ax.barh(y, way.loss.total, color=colour, height=0.6)
        ax.barh(y, way.loss.customers, left=way.loss.total, color=colour, height=0.6, hatch="///", alpha=0.5)
        ax.annotate(
            number(round(way.harm)), (way.harm, y), xytext=(5, 0), textcoords="offset points", va="center"
        )
    ax.set_yticks(range(len(named)), list(named))
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")
    ax.set_xlim(0, 1.15 * max(way.harm for way, _colour in named.values()) or 1)
    ax.set_xlabel(_("lost by the shop and (hatched) by its customers, {unit}").format(unit=scenario.currency))
    whole_numbers(ax.xaxis)
    return describe(
        ax,
        title=_("Your way and the others, with the same luck"),
        alt=_("Bars: {bars}.").format(
            bars=_("; ").join(f"{label} {number(round(way.harm))}" for label, (way, _c) in named.items())
        ),
        sentence=verdict(found, scenario.currency),
    )
