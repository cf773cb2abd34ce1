"""Figures of lesson 09: how devices are set, what to set next, and what training alone is worth."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simlib.attacker.words import campaign_title
from simlib.defence.checkup import CheckUp
from simlib.defence.devices import (
    Devices,
    device_label,
    score,
    settings,
    state_label,
    theme_label,
)
from simlib.figures.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number, show_table
from simlib.languages import _
from simlib.risk.hardening import Estimate, Losses, Step

SIGNS = {"pass": "✓", "fail": "✗", "unknown": "?"}
"""Signs of the states, so that colour is never the only difference."""

MOST_BARS = 8
"""Most steps or kinds of attack in one picture."""


def show_settings() -> None:
    """Show the 27 settings, what each means and where it exists."""
    show_table(
        _("27 settings that a small shop can put right by itself (numbers: CIS Controls v8.1, first group)"),
        ["", _("setting"), _("how it should be"), _("theme"), _("controls"), _("where"), _("hours of work")],
        [
            [
                str(one.number),
                one.title,
                one.sentence,
                theme_label(one.theme) if one.theme else "–",
                ", ".join(one.controls),
                _(", ").join(device_label(device) for device in one.devices),
                number(one.hours, 2),
            ]
            for one in settings().values()
        ],
        right=(6,),
    )


def show_checkup(done: CheckUp, device: str | None = None) -> None:
    """Show what a check-up found, with the line that shows it and what to do next.

    Parameters
    ----------
    done
        The check-up.
    device
        Only this device's findings; all if left out.
    """
    show_table(
        _("What the check-up found"),
        [_("setting"), _("state"), _("what was read"), _("what to do next")],
        [
            [
                settings()[finding.setting].title,
                f"{SIGNS[finding.state]} {state_label(finding.state)}",
                finding.evidence or "–",
                finding.next_step() or "–",
            ]
            for finding in done.findings
            if device in (None, finding.device)
        ],
    )


def device_scores(devices: Devices, ax: Axes | None = None) -> Axes:
    """How many settings of each device are good, not good, not known.

    Parameters
    ----------
    devices
        The learner's.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    counts = [score(devices, device) for device in devices.has]
    rows = np.arange(len(counts))
    left = np.zeros(len(counts))
    kinds = (
        ("pass", [one.passed for one in counts], GREEN, ""),
        ("fail", [one.failed for one in counts], ORANGE, "//"),
        ("unknown", [one.unknown for one in counts], "#D9D9D9", ".."),
    )
    for state, numbers, colour, hatch in kinds:
        ax.barh(
            rows, numbers, left=left, color=colour, hatch=hatch, edgecolor="white", label=state_label(state)
        )
        for row, count in enumerate(numbers):
            if count:
                ax.text(
                    left[row] + count / 2,
                    row,
                    str(count),
                    ha="center",
                    va="center",
                    fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                )
        left += numbers
    ax.set_yticks(rows, [device_label(device) for device in devices.has])
    ax.invert_yaxis()
    ax.set_xlim(0, max(left.max(initial=1), 1) * 1.02)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(_("settings"))
    ax.grid(visible=False, axis="y")
    legend_below(ax)
    total = score(devices)
    words = _("; ").join(
        _("{device}: {good} good, {bad} not good, {open} not known").format(
            device=device_label(device), good=one.passed, bad=one.failed, open=one.unknown
        )
        for device, one in zip(devices.has, counts, strict=True)
    )
    return describe(
        ax,
        title=_("How the devices and accounts are set"),
        alt=_("Bars, one a device. {words}.").format(words=words),
        sentence=_(
            "{good} of {all} settings are good; {bad} are not, and of {open} nobody knows. "
            "An attacker does not ask which of the two it is."
        ).format(
            good=total.passed,
            all=total.passed + total.failed + total.unknown,
            bad=total.failed,
            open=total.unknown,
        ),
    )


def _money(amount: float, currency: str) -> str:
    return f"{currency} {number(round(amount))}"


def worth_of_steps(ranked: Sequence[Step], currency: str, ax: Axes | None = None) -> Axes:
    """What each possible step avoids for an hour of work, the best first.

    Parameters
    ----------
    ranked
        From `simlib.risk.hardening.rank_settings`.
    currency
        The shop's.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=5.6)
    shown = [step for step in ranked if step.avoided.mean > 0][:MOST_BARS]
    rows = np.arange(len(shown))
    for row, step in enumerate(shown):
        low, high = step.avoided.low / step.hours, step.avoided.high / step.hours
        first = row == 0
        ax.barh(
            row, step.per_hour, color=BLUE if first else SKY, hatch="" if first else "//", edgecolor="white"
        )
        ax.plot([low, high], [row, row], color=GREY, linewidth=1.6, marker="|", markersize=9)
    ax.set_yticks(rows, [_folded(step.label()) for step in shown], fontsize=10.5)
    ax.invert_yaxis()
    ax.set_xlim(left=min(0, *(step.avoided.low / step.hours for step in shown), 0))
    whole_numbers(ax.xaxis)
    ax.set_xlabel(_("{currency} of loss avoided in a year for one hour of work").format(currency=currency))
    ax.grid(visible=False, axis="y")
    words = _("; ").join(f"{step.label()}: {_money(step.per_hour, currency)}" for step in shown)
    if shown:
        sentence = _(
            "First: {step}. It avoids about {amount} a year (between {low} and {high}) for {hours} hours of work."
        ).format(
            step=shown[0].label(),
            amount=_money(shown[0].avoided.mean, currency),
            low=number(round(shown[0].avoided.low)),
            high=number(round(shown[0].avoided.high)),
            hours=number(shown[0].hours, 2),
        )
    else:
        sentence = _("No step left that avoids a loss in this model.")
    return describe(
        ax,
        title=_("What one more setting is worth"),
        alt=_("Bars, the longest first. {words}.").format(words=words or "–"),
        sentence=sentence,
    )


def _folded(label: str, width: int = 40) -> str:
    """A label on as many lines as it needs, broken at blanks, or anywhere in Chinese."""
    lines, line = [], ""
    words = label.split(" ")
    for word in words:
        while len(word.encode("utf-8")) > 2 * width:
            lines.append((f"{line} " if line else "") + word[: width // 2])
            line, word = "", word[width // 2 :]
        if line and len(line) + len(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def _interval(one: Estimate) -> str:
    return f"{number(round(one.mean))} ({number(round(one.low))}–{number(round(one.high))})"


def show_next_steps(steps: Sequence[Step], system: str, currency: str) -> None:
    """Show what to do next, one step after the other.

    Parameters
    ----------
    steps
        From `simlib.risk.hardening.next_settings`.
    system
        Of the computer, for the words that say how.
    currency
        The shop's.
    """
    show_table(
        _("What to do next, one after the other"),
        [
            "",
            _("setting"),
            _("hours of work"),
            _("loss avoided a year, {currency}").format(currency=currency),
            _("for an hour of work, {currency}").format(currency=currency),
            _("how"),
        ],
        [
            [
                str(place),
                step.label(),
                number(step.hours, 2),
                _interval(step.avoided),
                number(round(step.per_hour)),
                step.how(system),
            ]
            for place, step in enumerate(steps, 1)
        ],
        right=(2, 3, 4),
    )


def loss_by_attack(
    before: Mapping[str, float], after: Mapping[str, float], currency: str, ax: Axes | None = None
) -> Axes:
    """Expected loss a year by kind of attack, with the devices as they were and as they are now.

    Parameters
    ----------
    before, after
        Kind of attack → currency units a year.
    currency
        The shop's.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=5.2)
    shown = sorted(before, key=lambda name: -max(before[name], after[name]))[:MOST_BARS]
    rows = np.arange(len(shown))
    ax.barh(
        rows - 0.2,
        [before[name] for name in shown],
        height=0.38,
        color="#BDBDBD",
        hatch="//",
        edgecolor="white",
        label=_("nothing set"),
    )
    ax.barh(rows + 0.2, [after[name] for name in shown], height=0.38, color=BLUE, label=_("as you chose"))
    ax.set_yticks(rows, [_folded(campaign_title(name)) for name in shown])
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(_("expected loss a year, {currency}").format(currency=currency))
    ax.grid(visible=False, axis="y")
    legend_below(ax)
    was, now = sum(before.values()), sum(after.values())
    words = _("; ").join(
        f"{campaign_title(name)}: {_money(before[name], currency)} → {_money(after[name], currency)}"
        for name in shown
    )
    return describe(
        ax,
        title=_("What attacks cost, before and after"),
        alt=_("Two bars for each kind of attack. {words}.").format(words=words),
        sentence=_("Expected loss a year: {now} instead of {was}, {percent} % less.").format(
            now=_money(now, currency),
            was=_money(was, currency),
            percent=number(100 * (1 - now / was) if was else 0.0),
        ),
    )


def show_harmful(losses: Losses, attacks: Sequence[str], before: Sequence[str], after: Sequence[str]) -> None:
    """Show how many of 100 attempts do harm, without and with some controls.

    Parameters
    ----------
    losses
        Of the shop.
    attacks
        Kinds of attack; those that the shop cannot meet are left out.
    before, after
        Controls in place.
    """
    show_table(
        _("Of 100 attempts, how many cost the shop anything"),
        [_("kind of attack"), _("devices as they are"), _("guarded")],
        [
            [
                campaign_title(name),
                round(100 * losses.harmful_share(name, before)),
                round(100 * losses.harmful_share(name, after)),
            ]
            for name in attacks
            if name in losses.rates
        ],
    )


def days_until_known(days: Mapping[str, npt.NDArray[np.float64]], ax: Axes | None = None) -> Axes:
    """How soon the owner knows, under several arrangements, of the attempts that succeed under all of them.

    Parameters
    ----------
    days
        Label → days of each attempt, ``inf`` for never, ``nan`` for an attempt that failed
        (`simlib.risk.hardening.Losses.days_until_known`).
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    longest = 60
    # The same attempts on every line; a control that also keeps some out would otherwise look late on the others.
    both = ~np.isnan(np.array(list(days.values()))).any(axis=0)
    days = {label: each[both] for label, each in days.items()}
    for row, (label, each) in enumerate(days.items()):
        ordered = np.sort(each)
        share = 100 * np.arange(1, ordered.size + 1) / max(ordered.size, 1)
        shown = ordered <= longest
        ax.step(
            [0.0, *ordered[shown], longest],
            [0.0, *share[shown], share[shown][-1] if shown.any() else 0.0],
            where="post",
            color=(BLUE, ORANGE, GREEN)[row % 3],
            linestyle=("-", "--", "-.")[row % 3],
            linewidth=2,
            label=label,
        )
    ax.set_xlim(0, longest)
    ax.set_ylim(0, 100)
    ax.set_xlabel(_("days since the attacker got in"))
    ax.set_ylabel(_("% of break-ins that the owner knows of"))
    legend_below(ax)
    words = [
        _("{label}: after a week, {share} of 100 are known").format(
            label=label, share=round(100 * float((each <= 7).mean())) if each.size else 0
        )
        for label, each in days.items()
    ]
    return describe(
        ax,
        title=_("How soon the owner knows"),
        alt=_("Rising lines. {words}.").format(words=_("; ").join(words)),
        sentence=_("{words}.").format(words=_("; ").join(words)),
    )


def protections_compared(yearly: Mapping[str, Estimate], currency: str, ax: Axes | None = None) -> Axes:
    """Expected loss a year under several protections, with intervals; the first is the one compared with.

    Parameters
    ----------
    yearly
        Label → loss a year.
    currency
        The shop's.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    labels = list(yearly)
    rows = np.arange(len(labels))
    colours = ("#BDBDBD", ORANGE, BLUE, GREEN)
    for row, label in enumerate(labels):
        one = yearly[label]
        ax.barh(row, one.mean, color=colours[row % len(colours)], edgecolor="white")
        ax.plot([one.low, one.high], [row, row], color=GREY, linewidth=1.6, marker="|", markersize=9)
    ax.set_yticks(rows, [_folded(label, 28) for label in labels])
    ax.invert_yaxis()
    ax.set_xlim(left=0)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(_("expected loss a year, {currency}").format(currency=currency))
    ax.grid(visible=False, axis="y")
    base = yearly[labels[0]].mean

    def less(label: str) -> str:
        return number(round(100 * (1 - yearly[label].mean / base), 1) + 0.0 if base else 0.0)

    return describe(
        ax,
        title=_("One protection at a time"),
        alt=_("Bars. {words}.").format(
            words=_("; ").join(f"{label}: {_money(one.mean, currency)}" for label, one in yearly.items())
        ),
        sentence=_("{words}.").format(
            words=_("; ").join(
                _("{label}: {percent} % less loss").format(label=label, percent=less(label))
                for label in labels[1:]
            )
        ),
    )


def checklist_html(
    devices: Devices, system: str, steps: Sequence[Step] = (), losses: Losses | None = None
) -> str:
    """The learner's own list to print: what to do first, then every setting with a box to tick.

    Parameters
    ----------
    devices
        The learner's.
    system
        Of the computer.
    steps
        What to do first.
    losses
        For the currency of `steps`.
    """
    total = score(devices)
    parts = [
        "<h3>" + html.escape(_("My checklist")) + "</h3>",
        "<p>"
        + html.escape(
            _("{good} of {all} settings are good.").format(
                good=total.passed, all=total.passed + total.failed + total.unknown
            )
        )
        + "</p>",
    ]
    if steps and losses is not None:
        items = "".join(
            f"<li><b>{html.escape(step.label())}</b>: " + html.escape(step.how(system)) + "</li>"
            for step in steps
        )
        first = html.escape(_("First:"))
        parts.append(f"<p>{first}</p><ol>{items}</ol>")
    for device in devices.has:
        rows = ""
        for each, name in devices.places():
            if each != device:
                continue
            state = devices.state(device, name)
            box = "☑" if state == "pass" else "☐"
            how = "" if state == "pass" else settings()[name].how(device, system)
            rows += (
                f'<tr><td style="vertical-align:top">{box}</td>'
                f'<td style="vertical-align:top;text-align:left"><b>{html.escape(settings()[name].title)}</b> '
                f"({html.escape(state_label(state))})</td>"
                f'<td style="text-align:left">{html.escape(how)}</td></tr>'
            )
        parts.append(
            f'<p style="margin:0.8em 0 0"><b>{html.escape(device_label(device))}</b></p>'
            f'<table style="width:100%">{rows}</table>'
        )
    return f'<div style="max-width:60em;line-height:1.4">{"".join(parts)}</div>'
