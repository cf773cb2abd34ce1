"""Every figure of the kit drawn from a run, and what can be seen on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from simlib import figures
from simlib.logistics import lost_parcels
from simlib.order_flow import price_error_result
from simlib.platform import ways
from simlib.platform.disputes import dispute_results
from simlib.platform.fees import charge_month, schedule
from simlib.platform.ratings import FalseReviews, credit_by_day, public_warning, ratings_of
from simlib.platform.verification import detector, expected
from simlib.privacy import POLICIES, copies_of, policy, policy_label, time_online
from simlib.privacy.copies import web_place
from simlib.records import Run, Table

Drawing = Callable[[Axes | None], Axes]


def policies_of(run: Run) -> dict[str, Table]:
    """The copies under each policy that the shop may choose, by its label."""
    own = run.scenario.retention
    names = POLICIES if own.removable_media else ("keep-everything", "mask")
    return {policy_label(name, 14): copies_of(run, policy(name, own, 14)) for name in names}


def drawings(run: Run) -> dict[str, Drawing]:
    """Every public figure, ready to be drawn from this run; the life of an order only if there is one."""
    policies = policies_of(run)
    online = time_online(list(policies.values())[-1], [web_place(run.scenario)], "order")
    results = {label: price_error_result(run) for label in ("automatic confirmation", "check, then confirm")}
    currency = run.scenario.currency
    fees = {"TWD": "own-site-tw", "CNY": "marketplace-cn", "HKD": "own-site-hk"}[currency]
    month = charge_month(schedule(fees), ways.sales(run, "platform-run", 0, run.days), run.scenario.place)
    made: dict[str, Drawing] = {
        "shop_funnel": lambda ax: figures.shop_funnel(run, ax),
        "stage_days": lambda ax: figures.stage_days(run, ax),
        "orders_under_way": lambda ax: figures.orders_under_way(run, ax),
        "payment_outcomes": lambda ax: figures.payment_outcomes(run, ax),
        "price_error_results": lambda ax: figures.price_error_results(results, currency, ax),
        "exposure_over_time": lambda ax: figures.exposure_over_time(policies, run.days, ax=ax),
        "days_online": lambda ax: figures.days_online(online, 10.0, ax),
        "copies_by_place": lambda ax: figures.copies_by_place(policies, run.days - 1, ax),
        "history_protected": lambda ax: figures.history_protected(11.3, 0.999, 10, ax),
    }
    label = ways.tried_label("marketplace")
    reach = {label: ways.within_reach(copies_of(run), run.days)}
    made |= {
        "customers_within_reach": lambda ax: figures.customers_within_reach(reach, ax),
        "what_100_leaves": lambda ax: figures.what_100_leaves({label: month}, currency, ax),
        "where_100_goes": lambda ax: figures.where_100_goes({label: run}, ax),
    }
    false = credit_by_day(*ratings_of(run), 0.0, run.days, FalseReviews(run.days / 2, 30))
    made |= {
        "store_watched": lambda ax: figures.store_watched({label: run}, ax),
        "credit_over_time": lambda ax: figures.credit_over_time({label: false}, run.days / 2, ax),
        "checked_cases": lambda ax: figures.checked_cases(expected(detector("fake-goods"), 10_000), ax),
        "dispute_ends": lambda ax: figures.dispute_ends(dispute_results(run), currency, ax),
        "cost_of_lost_parcels": lambda ax: figures.cost_of_lost_parcels(lost_parcels(run), currency, ax),
        "late_warning": lambda ax: figures.late_warning(run, public_warning(run), ax),
    }
    for order in range(min(run.orders.rows, 1)):
        made["order_timeline"] = partial(figures.order_timeline, run, order)
    return made


FIGURES = (
    "checked_cases",
    "copies_by_place",
    "cost_of_lost_parcels",
    "credit_over_time",
    "customers_within_reach",
    "days_online",
    "dispute_ends",
    "exposure_over_time",
    "history_protected",
    "late_warning",
    "order_timeline",
    "orders_under_way",
    "payment_outcomes",
    "price_error_results",
    "shop_funnel",
    "stage_days",
    "store_watched",
    "what_100_leaves",
    "where_100_goes",
)
"""Names of all public figures."""


def figure_of(ax: Axes) -> Figure:
    """The figure that the axes stand in."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def points(line: Line2D) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The data of a line."""
    return np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)


def bars(ax: Axes) -> list[Rectangle]:
    """The bars of a figure."""
    return [patch for patch in ax.patches if isinstance(patch, Rectangle)]


def texts(ax: Axes) -> Iterator[tuple[str, Bbox]]:
    """Every text on a figure whose canvas was drawn, with the pixels it covers."""
    figure = figure_of(ax)
    ticks: list[Text] = []
    for axis, across in ((ax.xaxis, 0), (ax.yaxis, 1)):
        low, high = sorted(axis.get_view_interval())
        labels = chain(axis.get_majorticklabels(), axis.get_minorticklabels())
        # Matplotlib also keeps ticks beyond the ends of an axis, which it does not draw.
        ticks += [label for label in labels if low <= label.get_position()[across] <= high]
    around = [
        ax.title,
        *(title for title in ax.findobj(Text) if title.get_text() == ax.get_title(loc="left")),
    ]
    around += [ax.xaxis.label, ax.yaxis.label, ax.xaxis.offsetText, ax.yaxis.offsetText, *ax.texts]
    legends = [*figure.legends, *([ax.get_legend()] if ax.get_legend() else [])]
    for text in chain(ticks, around, *(legend.get_texts() for legend in legends if legend)):
        if text.get_visible() and text.get_text().strip():
            yield text.get_text(), text.get_window_extent()


def cut_off(ax: Axes) -> list[str]:
    """Texts that stand partly beyond the edge of the figure."""
    page = figure_of(ax).bbox.padded(0.5)
    return [
        text
        for text, box in texts(ax)
        if not (page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1))
    ]


def overlapping(ax: Axes) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other, but for a pixel of the space around letters."""
    shown = list(texts(ax))
    return [
        (first, second)
        for position, (first, one) in enumerate(shown)
        for second, other in shown[position + 1 :]
        if (common := Bbox.intersection(one, other)) is not None and min(common.width, common.height) > 1
    ]


def crossed_by_lines(ax: Axes) -> list[str]:
    """Notes and legends inside the axes that a line runs through."""
    boxes = [(note.get_text(), note.get_window_extent()) for note in ax.texts]
    if (legend := ax.get_legend()) is not None:
        boxes.append(("legend", legend.get_window_extent()))
    crossed = []
    for line in ax.lines:
        path = np.asarray(line.get_transform().transform(line.get_xydata()))
        for text, box in boxes:
            inside = (
                (box.x0 < path[:, 0]) & (path[:, 0] < box.x1) & (box.y0 < path[:, 1]) & (path[:, 1] < box.y1)
            )
            if inside.any():
                crossed.append(text)
    return crossed
