"""Figures of an order's life: who gets how far, where the time goes, what a wrong price costs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from simlib.errors import SafeShopError
from simlib.figures.style import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    RED,
    SKY,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number
from simlib.languages import _
from simlib.order_flow import (
    PriceErrorResult,
    funnel,
    mean_under_way,
    payment_attempts,
    stages,
    under_way,
)
from simlib.records import Run


def shop_funnel(run: Run, ax: Axes | None = None) -> Axes:
    """How many visits become carts, orders, payments, deliveries, reviews (row A1).

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    steps = funnel(run)
    labels, counts = list(steps), list(steps.values())
    ax.set_xscale("log")
    # A count of none has no place on such an axis; it stands at the left end.
    left = max(min(counts) / 1.3, 0.5)
    ax.set_xlim(left, max(counts[0], 1) * 4)
    ax.barh(labels[::-1], counts[::-1], color=BLUE)
    whole_numbers(ax.xaxis)
    ax.xaxis.set_minor_formatter(NullFormatter())
    for position, count in enumerate(counts[::-1]):
        ax.annotate(
            number(count),
            (max(count, left), position),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color="black",
        )
    ax.set_xlabel(
        _("number in {days} days (each grid line is ten times the one before)").format(days=run.days)
    )
    ax.grid(axis="y", visible=False)
    per_hundred = 100 * counts[2] / counts[0] if counts[0] else float("nan")
    return describe(
        ax,
        title=_("From visit to review"),
        alt=_("Bars that get shorter from visits to reviews: {steps}.").format(
            steps=", ".join(f"{label} {number(count)}" for label, count in steps.items())
        ),
        sentence=_("Of every 100 visits, {orders} end in an order.").format(
            orders=number(round(per_hundred, 1))
        ),
    )


def order_timeline(run: Run, order: int, ax: Axes | None = None) -> Axes:
    """The life of one order, stage by stage.

    Parameters
    ----------
    run
        The run.
    order
        Number of the order.
    ax
        Where to draw; a new figure if left out.

    Raises
    ------
    SafeShopError
        If the run has no such order.
    """
    if not 0 <= order < run.orders.rows:
        raise SafeShopError(
            _("The run has no order {order}: its {orders} orders are numbered from 0.").format(
                order=order, orders=number(run.orders.rows)
            )
        )
    ax = ax or new_axes()
    placed = float(run.orders["placed"][order])
    parts = [
        (stage.label(), float(run.orders[stage.begin][order]), float(run.orders[stage.end][order]))
        for stage in stages(run)
    ]
    parts = [(label, begin, end) for label, begin, end in parts if end >= begin]
    for row, (label, begin, end) in enumerate(parts):
        ax.barh(row, end - begin, left=begin - placed, color=COLOURS[row % len(COLOURS)], height=0.7)
        ax.annotate(
            f"{label}: {_days(end - begin)}",
            (end - placed, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    closed = float(run.orders["closed"][order])
    ax.set_xlim(0, max((end - placed for _label, _begin, end in parts), default=1.0) * 1.45)
    ax.set_yticks([])
    ax.invert_yaxis()
    ax.set_xlabel(_("days since the order was placed"))
    return describe(
        ax,
        title=_("The life of order {order}").format(order=order),
        alt=_("Bars one below the other, each beginning where the last ends: {stages}.").format(
            stages=", ".join(f"{label} {_days(end - begin)}" for label, begin, end in parts)
        ),
        sentence=(
            _("Order {order} was still under way when the run ended.").format(order=order)
            if np.isnan(closed)
            else _("Order {order} was over {days} after it was placed.").format(
                order=order, days=_days(closed - placed)
            )
        ),
    )


def stage_days(run: Run, ax: Axes | None = None) -> Axes:
    """Where the time goes: mean time in each stage of an order's life (rows A1 to A3).

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    means = [(stage.label(), stage.mean_days(run)) for stage in stages(run)]
    means = [(label, mean) for label, mean in means if not np.isnan(mean)]
    labels = [label for label, _mean in means]
    values = [mean for _label, mean in means]
    colours = [COLOURS[row % len(COLOURS)] for row in range(len(means))]
    ax.barh(labels[::-1], values[::-1], color=colours[::-1])
    for row, mean in enumerate(values[::-1]):
        ax.annotate(_days(mean), (mean, row), xytext=(5, 0), textcoords="offset points", va="center")
    ax.set_xlim(0, max(values, default=1) * 1.25)
    ax.set_xlabel(_("days, mean over the orders that went through the stage"))
    ax.grid(axis="y", visible=False)
    orders = run.orders
    completed = orders.where("state", "completed")
    total = (
        float(np.mean((orders["closed"] - orders["placed"])[completed])) if completed.any() else float("nan")
    )
    slowest = labels[int(np.argmax(values))] if values else "–"
    told = _("A completed order takes {days} from click to completion; the longest stage is: {stage}.")
    if np.isnan(total):
        told = _("No order was completed yet; the longest stage so far is: {stage}.")
    return describe(
        ax,
        title=_("Where the time goes"),
        alt=_("Bars with the mean time of each stage: {stages}.").format(
            stages=", ".join(f"{label} {_days(mean)}" for label, mean in means)
        ),
        sentence=told.format(days=_days(total), stage=slowest),
    )


def orders_under_way(run: Run, ax: Axes | None = None) -> Axes:
    """How many orders are under way at each moment.

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    at = np.linspace(0, run.days, 24 * run.days + 1)
    counts = under_way(run, at)
    mean = mean_under_way(run, begin=run.days / 4)
    ax.plot(at, counts, color=BLUE)
    ax.axhline(mean, color=RED, linestyle="--")
    ax.annotate(
        _("mean {orders}").format(orders=number(round(mean))),
        (run.days, mean),
        # Beside the axes, where the line never runs.
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        color=RED,
        fontweight="bold",
    )
    ax.set_xlim(0, run.days)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_("days since the start"))
    ax.set_ylabel(_("orders"))
    rate = run.scenario.demand.orders_per_day
    return describe(
        ax,
        title=_("Orders under way"),
        alt=_("A line that rises from 0, then swings around {mean} orders.").format(mean=number(round(mean))),
        sentence=_("With {rate} orders a day, {mean} orders are under way at any moment.").format(
            rate=number(rate), mean=number(round(mean))
        ),
    )


def payment_outcomes(run: Run, ax: Axes | None = None) -> Axes:
    """How payments end: at the first attempt, after another one, never (row A2).

    Parameters
    ----------
    run
        The run.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    outcomes = payment_attempts(run)
    methods = list(outcomes)[::-1]
    names = {
        "card": _("card"),
        "wallet": _("wallet"),
        "bank-transfer": _("bank transfer"),
        "cash-on-delivery": _("cash on delivery"),
    }
    left = np.zeros(len(methods))
    kinds = (
        (_("paid at the first attempt"), GREEN, ""),
        (_("paid at a later attempt"), SKY, "//"),
        (_("never paid"), RED, "xx"),
    )
    for kind, (label, colour, hatch) in enumerate(kinds):
        share = np.array([100 * outcomes[method][kind] / max(sum(outcomes[method]), 1) for method in methods])
        ax.barh(
            [names[m] for m in methods],
            share,
            left=left,
            color=colour,
            label=label,
            hatch=hatch,
            edgecolor="white",
        )
        left += share
    ax.set_xlim(0, 100)
    ax.set_xlabel(_("% of the orders whose payment has ended"))
    ax.grid(axis="y", visible=False)
    legend_below(ax)
    never = sum(counts[2] for counts in outcomes.values())
    total = sum(sum(counts) for counts in outcomes.values())
    return describe(
        ax,
        title=_("How payments end"),
        alt=_("One bar for each way to pay, cut into three parts: {parts}.").format(
            parts=_("; ").join(
                _("{method}: first attempt {first}, later {later}, never {never}").format(
                    method=names[method], first=counts[0], later=counts[1], never=counts[2]
                )
                for method, counts in outcomes.items()
            )
        ),
        sentence=_("{never} of the {total} orders whose payment has ended were never paid.").format(
            never=number(never), total=number(total)
        ),
    )


def price_error_results(
    results: Mapping[str, PriceErrorResult], currency: str, ax: Axes | None = None
) -> Axes:
    """What the wrongly priced orders earn or lose (row A12).

    Parameters
    ----------
    results
        Label → result.
    currency
        Currency of the amounts.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=3.4)
    labels, values = list(results), [result.margin for result in results.values()]
    ax.barh(labels[::-1], values[::-1], color=[RED if value < 0 else GREEN for value in values[::-1]])
    low, high = min([0.0, *values]), max([0.0, *values])
    # Room on both sides, for the amounts at the ends of the bars.
    room = 0.35 * ((high - low) or 1.0)
    ax.set_xlim(low - room, high + room)
    whole_numbers(ax.xaxis)
    ax.axvline(0, color=GREY, linewidth=1)
    for row, value in enumerate(values[::-1]):
        ax.annotate(
            f"{number(round(value))} {currency}",
            (value, row),
            xytext=(-6 if value < 0 else 6, 0),
            textcoords="offset points",
            va="center",
            ha="right" if value < 0 else "left",
        )
    ax.set_xlabel(_("{currency} earned (+) or lost (−) on wrongly priced orders").format(currency=currency))
    ax.grid(axis="y", visible=False)
    parts = _("; ").join(
        _("{label}: {orders} orders at the wrong price, {shipped} shipped, {margin} {currency}").format(
            label=label,
            orders=number(result.orders),
            shipped=number(result.shipped),
            margin=number(round(result.margin)),
            currency=currency,
        )
        for label, result in results.items()
    )
    return describe(
        ax,
        title=_("What a wrong price costs"),
        alt=_("Bars: {parts}.").format(parts=parts),
        sentence=_("{words}.").format(words=parts),
    )


def _days(days: float) -> str:
    """A time as people say it: minutes, hours or days."""
    if np.isnan(days):
        return "–"
    if days < 1 / 24:
        return _("{minutes} min").format(minutes=number(round(days * 1440, 1)))
    if days < 1:
        return _("{hours} h").format(hours=number(round(days * 24, 1)))
    return _("{days} days").format(days=number(round(days, 1)))
