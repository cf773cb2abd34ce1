"""Figures and tables of lesson 10: who can be picked out of an export, what noise costs, whom public pages name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from simlib.facts import fact, value
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
from simlib.languages import _
from simlib.privacy.anonymising import (
    LADDERS,
    Generalisation,
    Linkage,
    Release,
    Treatment,
    TurnedBack,
    generalised,
    group_sizes,
    masked,
)
from simlib.privacy.differential import (
    ASKED_AGAIN,
    MONEY,
    ORDERED,
    SENT_BACK,
    answers_within,
    buyers_by_week,
    capped_sum,
    draw_noise,
    noise_of_sum,
    right_by_averaging,
    right_by_subtracting,
    two_reports,
    usual_error,
)
from simlib.privacy.notices import ITEMS, PLACES, heading, place_name, required
from simlib.privacy.settings import Shown, setting_label
from simlib.records import Run
from simlib.streams import Floats, Integers

if TYPE_CHECKING:
    import pandas as pd

BANDS: Final = (1, 2, 5, 10)
"""Smallest size of each band of groups that is drawn."""

EPSILONS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0)
"""Prices of an answer that are marked on a curve."""

SHOWN_CHANCE: Final = 0.002
"""Bars of a distribution below this share of the highest are not drawn."""


def field_label(field: str) -> str:
    """A column of the export in the reader's language."""
    return {
        "member": _("member number"),
        "name": _("name"),
        "mobile": _("mobile"),
        "birthday": _("birthday"),
        "postcode": _("postcode"),
        "sex": _("sex"),
        "bought": _("bought first"),
        "orders": _("orders"),
        "spent": _("spent, in the shop’s currency"),
        "sent_back": _("sent back"),
        "reviewed": _("wrote a review"),
    }[field]


def rung_label(field: str, rung: str) -> str:
    """How coarsely a field is told, in the reader's language."""
    return {
        ("birthday", "day"): _("birthday"),
        ("birthday", "month"): _("month of birth"),
        ("birthday", "year"): _("year of birth"),
        ("birthday", "decade"): _("decade of birth"),
        ("birthday", "gone"): _("no birthday"),
        ("postcode", "district"): _("district"),
        ("postcode", "region"): _("region"),
        ("postcode", "gone"): _("no place"),
        ("sex", "told"): _("sex"),
        ("sex", "gone"): _("no sex"),
    }[field, rung]


def rungs_label(rungs: Mapping[str, str]) -> str:
    """All fields with how coarsely each is told."""
    return " + ".join(rung_label(field, rung) for field, rung in rungs.items() if rung != "gone") or _(
        "nothing"
    )


def treatment_label(field: str, treatment: str) -> str:
    """What is done to a field, in the reader's language."""
    named = {
        "keep": _("keep"),
        "drop": _("leave out"),
        "mask": _("mask"),
        "pseudonym": _("pseudonym with a key"),
    }
    return named.get(treatment) or _("only {rung}").format(rung=rung_label(field, treatment))


def _cell(value: object) -> object:
    words = {
        "female": _("female"),
        "male": _("male"),
        "unstated": _("not stated"),
        "True": _("yes"),
        "False": _("no"),
    }
    return words.get(str(value), value if isinstance(value, int | float) else str(value))


# -- the export


def show_rows(caption: str, people: pd.DataFrame, rows: int = 4) -> None:
    """Show the first rows of an export.

    Parameters
    ----------
    caption
        What it is.
    people
        The export.
    rows
        How many.
    """
    show_table(
        caption,
        [field_label(column) for column in people.columns],
        [[_cell(cell) for cell in row] for row in people.head(rows).itertuples(index=False)],
    )


def told_in_steps(people: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """An export told in four steps, from month of birth to decade and region.

    Parameters
    ----------
    people
        The export.

    Returns
    -------
    dict
        What is told, in words → what is told of each person.
    """
    steps = (
        {"birthday": "month", "postcode": "district", "sex": "told"},
        {"birthday": "year", "postcode": "district", "sex": "told"},
        {"birthday": "decade", "postcode": "district", "sex": "told"},
        {"birthday": "decade", "postcode": "region", "sex": "gone"},
    )
    return {rungs_label(rungs): generalised(people, rungs) for rungs in steps}


def people_by_group(releases: Mapping[str, Integers], ax: Axes | None = None, note: str = "") -> Axes:
    """How many people stand in groups of which size, for each way to tell their fields (row E2).

    Parameters
    ----------
    releases
        Label → size of each person's group.
    ax
        Where to draw; a new figure if left out.
    note
        A line above the bars.
    """
    ax = ax or new_axes(height=1.9 + 0.55 * len(releases))
    labels = list(releases)[::-1]
    names = [_("alone"), _("with 1 to 3 others"), _("with 4 to 8 others"), _("with 9 or more")]
    looks = ((RED, "//"), (ORANGE, ".."), (SKY, ""), (BLUE, ""))
    left = np.zeros(len(labels))
    for band, (name, (colour, hatch)) in enumerate(zip(names, looks, strict=True)):
        top = BANDS[band + 1] if band + 1 < len(BANDS) else np.inf
        counts = np.array([((releases[one] >= BANDS[band]) & (releases[one] < top)).sum() for one in labels])
        ax.barh(labels, counts, left=left, color=colour, hatch=hatch, edgecolor="white", label=name)
        left += counts
    ax.set_xlim(0, max(left.max(), 1))
    ax.set_xlabel(_("people in the export") + (f"\n{note}" if note else ""), linespacing=1.5)
    ax.grid(axis="y", visible=False)
    whole_numbers(ax.xaxis)
    legend_below(ax)
    alone = {label: int((sizes == 1).sum()) for label, sizes in releases.items()}
    first, people = next(iter(alone.items())), len(next(iter(releases.values())))
    parts = _("; ").join(f"{label}: {number(count)}" for label, count in alone.items())
    return describe(
        ax,
        title=_("How many others have the same row?"),
        alt=_(
            "One bar for each way to tell the fields. People who are alone in their group: {parts}."
        ).format(parts=parts),
        sentence=_(
            "Told by {label}, {alone} of {people} people are the only one with their row: {share} of 100."
        ).format(
            label=first[0],
            alone=number(first[1]),
            people=number(people),
            share=round(100 * first[1] / people),
        ),
    )


def show_linkage(attacks: Mapping[str, Linkage]) -> None:
    """Show what somebody with an outside list finds in each release, counted and predicted (row E2)."""
    show_table(
        _("Somebody who knows some buyers looks for them"),
        [
            _("what the release tells"),
            _("people on his list"),
            _("surely found"),
            _("found, as the group sizes predict"),
            _("found in this attack"),
        ],
        [
            [label, one.known, one.certain, round(one.expected, 1), one.right]
            for label, one in attacks.items()
        ],
    )


def show_least(ways: Mapping[int, Sequence[Generalisation]]) -> None:
    """Show which detail must be given up for groups of at least k (row E2).

    Parameters
    ----------
    ways
        k → ways to reach it, those that lose least first.
    """
    show_table(
        _("The least that must be given up"),
        [
            _("groups of at least"),
            _("what is still told"),
            _("detail given up, %"),
            _("groups"),
            _("people left out"),
        ],
        [
            [k, rungs_label(one.rungs), round(100 * one.lost), one.groups, one.dropped]
            for k, found in ways.items()
            for one in found
        ],
    )


def show_betrayed(releases: Mapping[int, Release]) -> None:
    """Show how many people are given away by a group that agrees (row E2).

    Parameters
    ----------
    releases
        k → what was counted.
    """
    show_table(
        _("Groups that agree on what was bought first"),
        [_("groups of at least"), _("people left out"), _("given away without being found")],
        [[k, one.dropped, one.betrayed] for k, one in releases.items()],
    )


def show_masked(people: pd.DataFrame) -> None:
    """Show how many people are alone with their masked name, their masked number, and both (row E2).

    Parameters
    ----------
    people
        The export.
    """
    told = masked(people)
    rows = []
    for label, columns in (
        (_("first sign of the name"), ["name"]),
        (_("last three digits of the mobile"), ["mobile"]),
        (_("both"), ["name", "mobile"]),
    ):
        alone = int((group_sizes(told[columns]) == 1).sum())
        rows.append([label, " ".join(told[columns].iloc[0]), alone, round(100 * alone / len(people))])
    show_table(
        _("Who is alone with what the mask leaves"),
        [_("what is left"), _("first row"), _("alone"), _("of 100 people")],
        rows,
    )


def show_pseudonyms(found: TurnedBack) -> None:
    """Show how many pseudonyms were turned back into telephone numbers."""
    show_table(
        _("Turning pseudonyms back by trying {tried} telephone numbers").format(tried=number(found.tried)),
        [_("pseudonym"), _("numbers in the export"), _("turned back")],
        [
            [_("made without a key"), found.texts, found.without_key],
            [_("made with a key"), found.texts, found.with_key],
        ],
    )


def show_record(record: Sequence[Treatment]) -> None:
    """Show the record of what is done to each field (row E2)."""
    show_table(
        _("What is done to each field before the export leaves the shop"),
        [_("field"), _("treatment"), _("why"), _("who decided"), _("when")],
        [
            [
                field_label(line.field),
                treatment_label(line.field, line.treatment),
                line.reason,
                line.who,
                line.when.isoformat(),
            ]
            for line in record
        ],
    )


# -- noise


def show_subtracting(count: int, epsilon: float, seed: int, tries: int = 4) -> None:
    """Show two reports, before and after a customer was destroyed, and what their difference says (row E3).

    Parameters
    ----------
    count
        Buyers counted while she was in.
    epsilon
        ε of each answer.
    seed
        Of the run.
    tries
        Pairs of noisy reports for each case.
    """
    rows = []
    for label, after in ((_("she had sent something back"), count - 1), (_("she had not"), count)):
        pairs = [(_("without noise"), (count, after))]
        pairs += [(_("with noise"), pair) for pair in two_reports(count, after, epsilon, seed, tries)]
        rows += [[label, noise, *pair, pair[0] - pair[1]] for noise, pair in pairs]
    show_table(
        _("Buyers who sent something back, in two reports"),
        [_("what is true of her"), _("report"), _("before"), _("after"), _("before − after")],
        rows,
    )


def right_of_100(epsilon: float) -> int:
    """Right guesses of 100 of somebody who subtracts two noisy reports."""
    return round(100 * right_by_subtracting(epsilon))


def price_of_privacy(ax: Axes | None = None) -> Axes:
    """Error of an answer against what one answer lets somebody guess about a customer, for some ε (row E3).

    Parameters
    ----------
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    fine = np.geomspace(EPSILONS[0], EPSILONS[-1], 120)
    right = {one: 100 * right_by_averaging(one, 1) for one in EPSILONS}
    ax.plot(
        [usual_error(one) for one in fine], [100 * right_by_averaging(one, 1) for one in fine], color=BLUE
    )
    for one in EPSILONS:
        ax.plot([usual_error(one)], [right[one]], "o", color=BLUE)
        ax.annotate(f"ε = {one:g}", (usual_error(one), right[one]), xytext=(8, 6), textcoords="offset points")
    ax.axhline(50, color=GREY, linestyle="--")
    ax.annotate(
        _("blind guessing"),
        (usual_error(EPSILONS[0]), 50),
        ha="right",
        va="top",
        xytext=(0, -4),
        textcoords="offset points",
        color=GREY,
    )
    ax.set_xscale("log")
    ax.set_xlim(0.06, 40)
    ax.set_ylim(45, 105)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlabel(_("usual error of the answer, people"))
    ax.set_ylabel(_("right guesses of 100"))
    half = 0.5
    return describe(
        ax,
        title=_("What an answer costs: error against secrecy"),
        alt=_(
            "A falling curve: with ε = 2 an answer is wrong by {small} people and {often} of 100 guesses are "
            "right; with ε = 0.1 by {large} people, and {seldom} of 100."
        ).format(
            small=number(usual_error(2.0)),
            often=round(right[2.0]),
            large=number(usual_error(0.1)),
            seldom=round(right[0.1]),
        ),
        sentence=_(
            "With ε = {epsilon:g} an answer is usually wrong by {error} people, and whoever guesses whether one "
            "customer was counted is right in {right} of 100 cases instead of 50."
        ).format(epsilon=half, error=number(usual_error(half)), right=round(right[half])),
    )


def weekly_release(run: Run, epsilon: float, ax: Axes | None = None) -> Axes:
    """Buyers a week, true and released with noise: those who ordered, and those who sent something back (row E3).

    Parameters
    ----------
    run
        The run.
    epsilon
        ε of each answer.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    series = {}
    for label, true, branch in zip(
        (_("bought something"), _("sent something back")),
        buyers_by_week(run),
        (ORDERED, SENT_BACK),
        strict=True,
    ):
        series[label] = (true, true + draw_noise(run.seed, epsilon, len(true), branch))
    misses = {}
    for (label, (true, told)), colour, marker in zip(series.items(), (BLUE, GREEN), ("o", "s"), strict=False):
        weeks = np.arange(1, len(true) + 1)
        ax.plot(weeks, true, color=colour, label=_("{what}: true").format(what=label))
        ax.plot(
            weeks, told, marker, color=colour, mfc="white", label=_("{what}: released").format(what=label)
        )
        misses[label] = 100 * usual_error(epsilon) / max(float(true.mean()), 1)
    ax.set_ylim(min(0, *(int(told.min()) for _true, told in series.values())) - 3, None)
    ax.set_xlabel(_("week"))
    ax.set_ylabel(_("number of buyers"))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    # Two columns: the labels are long.
    ax.get_figure(root=True).legend(loc="outside lower center", ncols=2)  # type: ignore[union-attr]
    parts = _("; ").join(f"{label}: {number(miss)} %" for label, miss in misses.items())
    return describe(
        ax,
        title=_("The same noise on a large and on a small number"),
        alt=_(
            "Lines of true weekly counts, and marks beside them where noise was added. Usual error in a week: {parts}."
        ).format(parts=parts),
        sentence=_(
            "With ε = {epsilon:g} an answer is usually wrong by {error} people. Measured by a usual week that is: "
            "{parts}."
        ).format(epsilon=epsilon, error=number(usual_error(epsilon)), parts=parts),
    )


def show_capped_sums(spent: pd.Series, epsilon: float, seed: int, currency: str) -> None:
    """Show a sum of money released with noise, for some caps on what one buyer counts with (row E3).

    Parameters
    ----------
    spent
        Of each buyer, in currency units.
    epsilon
        ε of each answer.
    seed
        Of the run.
    currency
        ISO code.
    """
    amounts, true = spent.to_numpy(), float(spent.sum())
    rows = []
    for place, cap in enumerate(value("release-caps")):
        told = capped_sum(amounts, cap, epsilon, seed, MONEY + place)
        kept = float(np.minimum(amounts, cap).sum())
        rows.append([cap, kept, usual_error(epsilon / cap), told, 100 * (told - true) / true])
    show_table(
        _("Sales released with noise; the true sum is {sum} {currency}").format(
            sum=number(true), currency=currency
        ),
        [
            _("each buyer counts with at most, {currency}").format(currency=currency),
            _("then the sum is"),
            _("usual error of the noise"),
            _("released"),
            _("off the true sum, %"),
        ],
        [[*(round(cell) for cell in row[:4]), round(row[4], 1)] for row in rows],
    )


def averaged(
    truth: int, epsilon: float, budget: float, seed: int, asked: int = 1000, ax: Axes | None = None
) -> Axes:
    """What somebody learns who asks the same question over and over and averages (row E3).

    Parameters
    ----------
    truth
        The true count.
    epsilon
        ε of each answer.
    budget
        ε of all answers together; pays for at least one.
    seed
        Of the run.
    asked
        How often he asks.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    answers = truth + draw_noise(seed, epsilon, asked, ASKED_AGAIN)
    allowed = answers_within(asked, epsilon, budget)
    times = np.arange(1, asked + 1)
    mean: Floats = np.cumsum(answers) / times
    ax.plot(times, answers, ".", color=SKY, label=_("each answer"))
    ax.plot(times, mean, color=BLUE, label=_("average so far"))
    ax.axhline(truth, color=GREY, linestyle="--", label=_("true number"))
    ax.axvline(allowed + 0.5, color=RED, linestyle=":", linewidth=2, label=_("budget used up"))
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_xlabel(_("times the same question was asked"))
    ax.set_ylabel(_("buyers who sent something back"))
    legend_below(ax)
    return describe(
        ax,
        title=_("Ask often enough, and the noise is gone"),
        alt=_(
            "Answers scatter around {truth}; their average comes closer with every question and reaches {last} "
            "after {asked}. A line after {allowed} answers shows where the budget ends."
        ).format(truth=truth, last=number(float(mean[-1])), asked=number(asked), allowed=allowed),
        sentence=_(
            "After {asked} answers the average is {last}; the true number is {truth}. A budget stops after "
            "{allowed} answers, where the average is {stopped}."
        ).format(
            asked=number(asked),
            last=number(float(mean[-1]), 2),
            truth=truth,
            allowed=allowed,
            stopped=number(float(mean[allowed - 1]), 2),
        ),
    )


def answer_distribution(
    count: int, epsilon: float, asked: int, answered: int, budget: float, ax: Axes | None = None
) -> Axes:
    """The average of some answers, with one customer in the count and without him (row E3).

    Parameters
    ----------
    count
        True count with him.
    epsilon
        ε of each answer.
    asked, answered
        How often somebody asks, and how many answers the budget pays for.
    budget
        ε for all answers.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    if answered:
        sums, chances = noise_of_sum(epsilon, answered)
        seen = chances > SHOWN_CHANCE * chances.max()
        for who, colour, style in ((count, BLUE, "-"), (count - 1, ORANGE, "--")):
            label = _("the customer is counted") if who == count else _("the customer is not")
            ax.plot(who + sums[seen] / answered, 100 * chances[seen], color=colour, ls=style, label=label)
            ax.fill_between(who + sums[seen] / answered, 100 * chances[seen], color=colour, alpha=0.25)
        legend_below(ax)
    else:
        ax.text(
            0.5,
            0.5,
            _("no answer: one costs ε = {epsilon:g}, more than the budget").format(epsilon=epsilon),
            ha="center",
            transform=ax.transAxes,
        )
    ax.set_ylim(0, None)
    ax.set_xlabel(
        _(
            "average of the answers; true number {count}, {answered} of {asked} answers, budget {budget:g}"
        ).format(count=number(count), answered=answered, asked=asked, budget=budget)
    )
    ax.set_ylabel(_("likelihood, %"))
    right = round(100 * right_by_averaging(epsilon, answered))
    return describe(
        ax,
        title=_("Was the customer counted? Right in {right} of 100 cases").format(right=right),
        alt=_(
            "Two hills, one for each case. The more they cover each other, the less can be told: the guess is "
            "right in {right} of 100 cases."
        ).format(right=right),
        sentence=_(
            "Questions answered: {answered} of {asked}, at ε = {epsilon:g} each, from a budget of {budget:g}. One "
            "answer is usually wrong by {error} people, {share} % of {count}. Whoever averages them is right in "
            "{right} of 100 cases."
        ).format(
            asked=asked,
            answered=answered,
            epsilon=epsilon,
            budget=budget,
            error=number(usual_error(epsilon)),
            share=number(100 * usual_error(epsilon) / count),
            count=number(count),
            right=right,
        ),
    )


# -- hidden numbers, public pages, notices


def show_ways_to_fit(two: Sequence[int], three: Sequence[int]) -> None:
    """Show for each possible secret how many curves fit two shares and all three (row E3)."""
    show_table(
        _("Curves that fit the shares, for each number that might be hidden"),
        [_("hidden number"), _("two shares seen"), _("all three seen")],
        [[secret, *counts] for secret, counts in enumerate(zip(two, three, strict=True))],
    )


def buyers_shown(shown: Mapping[str, Shown], ax: Axes | None = None) -> Axes:
    """How many buyers anybody can name from public pages, by setting (row E6).

    Parameters
    ----------
    shown
        Label of the defaults → whom they show.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=4.6)
    everything = list(shown.items())
    settings = list(everything[0][1].by_setting)
    labels = [setting_label(one) for one in settings] + [_("at least one of these")]
    thick = 0.8 / len(everything)
    looks = ((RED, "//"), (BLUE, ""))
    most = max(one.together for _label, one in everything) or 1
    for place, ((label, one), (colour, hatch)) in enumerate(zip(everything, looks, strict=False)):
        counts = [*one.by_setting.values(), one.together]
        rows = np.arange(len(labels))[::-1] + (len(everything) - 1) * thick / 2 - place * thick
        ax.barh(rows, counts, height=thick, color=colour, hatch=hatch, edgecolor="white", label=label)
        for row, count in zip(rows, counts, strict=True):
            ax.text(count + most * 0.01, row, number(count), va="center")
    ax.set_yticks(np.arange(len(labels))[::-1], labels)
    ax.set_xlim(0, most * 1.12)
    ax.set_xlabel(_("buyers whom anybody can name"))
    ax.grid(axis="y", visible=False)
    whole_numbers(ax.xaxis)
    legend_below(ax)
    parts = _("; ").join(f"{label}: {number(one.together)}" for label, one in everything)
    first = everything[0][1]
    return describe(
        ax,
        title=_("Whom the shop's public pages name"),
        alt=_("Bars for each setting. Buyers named by at least one: {parts}.").format(parts=parts),
        sentence=_("Of {buyers} buyers, anybody can name: {parts}.").format(
            buyers=number(first.buyers), parts=parts
        ),
    )


def show_census(alone: float) -> None:
    """Show how many of 100 people are alone by birthday, place and sex: in two censuses' studies and in the export.

    Parameters
    ----------
    alone
        Share of the export's people.
    """
    studies = [fact("census-unique-share"), fact("census-unique-share-recounted")]
    show_table(
        _("Alone by birthday, place and sex"),
        [_("among whom"), _("of 100 people"), _("source")],
        [
            *(
                [_("people of the USA, by postcode"), round(100 * one.value), f"{_(one.source)} ({one.year})"]
                for one in studies
            ),
            [_("buyers of the gift shop, by district"), round(100 * alone, 1), _("counted here")],
        ],
    )


def show_notice_items() -> None:
    """Show what a notice must say in which place, and on which source that rests (row E6)."""
    wanted = {place: required(place) for place in PLACES}
    rows = [
        [heading(item), *("✓" if item in wanted[place].value else "–" for place in PLACES)] for item in ITEMS
    ]
    rows.append([_("source"), *(_(wanted[place].source) for place in PLACES)])
    show_table(
        _("What a notice must say (assumed; not legal advice)"),
        [_("what the customer wants to know"), *(place_name(place) for place in PLACES)],
        rows,
    )


def ladder_labels(field: str) -> list[tuple[str, str]]:
    """(label, rung) of a field, finest first, for a list to choose from."""
    return [(rung_label(field, rung), rung) for rung in LADDERS[field]]
