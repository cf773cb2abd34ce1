"""Figures and tables of attacks and controls: what stops which attack, what each control asks, how an attack goes.

The shares are those of `simlib.attacker.strength`: what a control does alone, in a shop that has nothing else. Bars are
hatched where the project judged and plain where a study measured, so that nobody takes the one for the other.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from simlib.attacker import Campaign, campaign, campaigns
from simlib.attacker.identifiers import name_of
from simlib.attacker.strength import is_measured, stopped_share, stopping_controls, success
from simlib.attacker.words import (
    campaign_story,
    campaign_title,
    detector_label,
    precondition_label,
    step_title,
    why_unseen,
)
from simlib.defence.controls import control, device_label, theme_label
from simlib.figures.style import BLUE, GREY, RED, SIZE, SKY, describe, legend_below, new_axes
from simlib.figures.tables import number, show_table
from simlib.languages import _, current_language
from simlib.scenario import Defence

ROW: Final = 0.31
"""Height of one row in inches."""
MOST_ROWS: Final = 18
"""Controls that fit into one picture."""
JUDGED_HATCH: Final = "///"
PLAIN: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
"""Ground of a number, so that lines do not run through it."""


def in_table_order() -> tuple[Campaign, ...]:
    """The ready-made campaigns in the order of their numbers."""
    return tuple(sorted((campaign(name) for name in campaigns()), key=lambda one: one.number))


def most_useful(attacks: Iterable[Campaign], rows: int = MOST_ROWS) -> tuple[str, ...]:
    """Controls that stop most over all the attacks together, if all come equally often; the strongest first.

    Parameters
    ----------
    attacks
        The attacks.
    rows
        How many controls at most.
    """
    total: dict[str, float] = {}
    for attack in attacks:
        for name, share in stopping_controls(attack).items():
            total[name] = total.get(name, 0.0) + share
    return tuple(sorted(total, key=lambda name: (-total[name], name)))[:rows]


def controls_by_attacks(
    attacks: Sequence[str] | None = None, names: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Which control stops how much of which attack, alone.

    Parameters
    ----------
    attacks
        Names of campaigns; all sixteen if left out.
    names
        Controls; those that stop most over these attacks if left out (`most_useful`).
    ax
        Where to draw; a new figure if left out.
    """
    chosen = in_table_order() if attacks is None else tuple(campaign(name) for name in attacks)
    names = most_useful(chosen) if names is None else tuple(names)
    ax = ax or new_axes(SIZE[0], 4.2 + ROW * len(names))
    shares = np.array([[100 * stopped_share(attack, name) for attack in chosen] for name in names])
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=125, aspect="auto")
    for row, column in np.argwhere(shares >= 0.5):
        percent = shares[row, column]
        colour = "white" if percent > 70 else "black"
        ax.text(column, row, number(round(percent)), ha="center", va="center", size=9, color=colour)
    ax.grid(False)
    ax.tick_params(length=0)
    ax.set_xticks(range(len(chosen)), [_wrapped(attack) for attack in chosen], rotation=90, size=10)
    ax.xaxis.set_ticks_position("top")
    ax.xaxis.set_label_position("bottom")
    ax.set_xlabel(_("stopped by this control alone, % of the attempts"))
    ax.set_yticks(range(len(names)), [control_label(name) for name in names], size=10)
    widest = max(names, key=lambda name: sum(stopped_share(attack, name) > 0 for attack in chosen))
    part = sum(stopped_share(attack, widest) > 0 for attack in chosen)
    return describe(
        ax,
        title=_("Of 100 attacks, so many fail at this control alone"),
        alt=_(
            "A table with {rows} controls and {columns} attacks. The darker a cell, the more of the attacks the "
            "control stops by itself; most cells are empty."
        ).format(rows=len(names), columns=len(chosen)),
        sentence=_(
            "No single control is enough: even “{control}” has a part in only {part} of {all} attacks."
        ).format(control=control(widest).title, part=part, all=len(chosen)),
    )


def what_stops(attack: str, ax: Axes | None = None) -> Axes:
    """For one attack: of 100 attempts, how many still succeed with each control alone, with none and with all.

    Parameters
    ----------
    attack
        Name of a campaign.
    ax
        Where to draw; a new figure if left out.
    """
    chosen = campaign(attack)
    found = stopping_controls(chosen)
    without = 100 * success(chosen)
    left = [without * (1 - share) for share in found.values()]
    measured = [is_measured(chosen, name) for name in found]
    ax = ax or new_axes(SIZE[0], 2.2 + ROW * len(found))
    _bars(ax, [control_label(name) for name in found], left, measured)
    ax.axvline(without, color=RED, linestyle="--", label=_("with no control"))
    ax.set_xlabel(_("attempts of 100 that reach their end, with this control alone"))
    ax.set_xlim(0, max(without * 1.15, 1))
    best = next(iter(found))
    everything = 100 * success(chosen, Defence(controls=tuple(found)))
    legend_below(ax)
    return describe(
        ax,
        title=campaign_title(attack),
        alt=_(
            "Bars, one for each of {count} controls, from the strongest to the weakest; a broken line at {without} "
            "marks the attempts that succeed with no control."
        ).format(count=len(found), without=_number(without)),
        sentence=_(
            "Of 100 attempts {without} reach their end where nothing stands in the way, {best} with “{control}” alone, "
            "{all} with everything shown here."
        ).format(
            without=_number(without),
            best=_number(left[0]),
            control=control(best).title,
            all=_number(everything),
        ),
    )


def what_control_stops(name: str, ax: Axes | None = None) -> Axes:
    """For one control: of 100 attempts of each attack that would have succeeded, how many it stops alone.

    Parameters
    ----------
    name
        The control.
    ax
        Where to draw; a new figure if left out.
    """
    known = control(name)
    shares = {one: 100 * stopped_share(one, name) for one in in_table_order()}
    hit = {one: share for one, share in sorted(shares.items(), key=lambda item: -item[1]) if share > 0}
    measured = [is_measured(one, name) for one in hit]
    ax = ax or new_axes(SIZE[0], 2.2 + 1.2 * ROW * max(len(hit), 1))
    _bars(ax, [_wrapped(one, 40) for one in hit], list(hit.values()), measured)
    ax.set_xlabel(_("of 100 attempts that would have succeeded, stopped"))
    ax.set_xlim(0, 105)
    if hit:
        legend_below(ax)
    words = (
        _(
            "“{control}” has a part in {count} of {all} attacks; it does most against “{attack}”: {share} of 100."
        ).format(
            control=known.title,
            count=len(hit),
            all=len(shares),
            attack=campaign_title(next(iter(hit)).name),
            share=_number(next(iter(hit.values()))),
        )
        if hit
        else _(
            "“{control}” stops none of the attacks; what it is worth shows in what there is to take, and in who "
            "notices."
        ).format(control=known.title)
    )
    return describe(
        ax,
        title=control_label(name),
        alt=_(
            "Bars, one for each of {count} attacks that the control stops part of, the longest on top."
        ).format(count=len(hit)),
        sentence=words,
    )


def show_controls(names: Sequence[str], caption: str) -> None:
    """Show what controls ask of a small shop.

    Parameters
    ----------
    names
        The controls.
    caption
        Stands above the table, in the reader's language.
    """
    show_table(
        caption,
        [
            _("control"),
            _("what you do"),
            _("where"),
            _("theme of Cyber Essentials"),
            _("hours once"),
            _("hours a year"),
            _("US$ a year"),
        ],
        [
            [
                control_label(name),
                known.sentence,
                ", ".join(device_label(device) for device in known.belongs_to),
                ", ".join(theme_label(theme) for theme in known.themes) or "–",
                known.setup_hours,
                known.yearly_hours,
                known.yearly_cost,
            ]
            for name in names
            for known in [control(name)]
        ],
    )


def show_attack(attack: str) -> None:
    """Show one attack step by step: what happens, what the field calls it, what stops it, what notices it.

    Parameters
    ----------
    attack
        Name of a campaign.
    """
    chosen = campaign(attack)
    show_table(
        f"{chosen.number}. {campaign_title(attack)} – {campaign_story(attack)}",
        [
            _("step"),
            _("called (MITRE ATT&CK, F3)"),
            _("succeeds by itself, of 100"),
            _("what stops it"),
            _("what notices it"),
        ],
        [
            [
                step_title(attack, step.name),
                ", ".join(f"{each} {name_of(each)}" for each in (*step.techniques, *step.fraud)) or "–",
                round(100 * step.chance),
                ", ".join(dict.fromkeys(control_label(stop.control) for stop in step.stopped_by)) or "–",
                ", ".join(dict.fromkeys(detector_label(sight.detector) for sight in step.seen_by))
                or why_unseen(attack, step.name),
            ]
            for step in chosen.steps
        ],
    )


def show_attacks(attacks: Sequence[str] | None = None) -> None:
    """Show attacks, one a row: what happens, and without what it cannot begin.

    Parameters
    ----------
    attacks
        Names of campaigns; all sixteen if left out.
    """
    chosen = in_table_order() if attacks is None else tuple(campaign(name) for name in attacks)
    show_table(
        _("Attacks on a small shop"),
        [_("no."), _("attack"), _("what happens"), _("only if")],
        [
            [
                str(one.number),
                campaign_title(one.name),
                campaign_story(one.name),
                _("; ").join(precondition_label(need) for need in one.needs),
            ]
            for one in chosen
        ],
    )


def control_label(name: str) -> str:
    """A control as charts and tables name it: with its number if it is a CIS safeguard."""
    known = control(name)
    return f"{name} {known.title}" if known.is_ig1 else known.title


# ---------------------------------------------------------------------------------------------------------------
# drawing


def _bars(ax: Axes, labels: Sequence[str], lengths: Sequence[float], measured: Sequence[bool]) -> None:
    rows = range(len(labels))
    bars = ax.barh(rows, lengths, color=[BLUE if known else SKY for known in measured], edgecolor=GREY)
    for bar, length, known in zip(bars, lengths, measured, strict=True):
        bar.set_hatch("" if known else JUDGED_HATCH)
        words = _("measured in a study") if known else _("judged by the project")
        if words not in [drawn.get_label() for drawn in bars]:
            bar.set_label(words)
        ax.annotate(
            _number(length),
            (length, bar.get_y() + bar.get_height() / 2),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            size=10,
            bbox=PLAIN,
        )
    ax.set_yticks(rows, labels, size=10)
    ax.invert_yaxis()
    ax.grid(visible=False, axis="y")


def _number(value: float) -> str:
    return number(round(value, 1))


def _wrapped(attack: Campaign, width: int = 28) -> str:
    """The attack's number and title on two lines at most as wide as `width`; Chinese signs count double."""
    title = f"{attack.number}. {campaign_title(attack.name)}"
    if current_language() != "en":
        middle = (len(title) + 1) // 2
        return title if len(title) <= width // 2 + 3 else f"{title[:middle]}\n{title[middle:]}"
    return "\n".join(textwrap.wrap(title, width))
