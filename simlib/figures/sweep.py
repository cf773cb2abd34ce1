"""Figure of a sweep: one measure against one or two varied fields, with its interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simlib.errors import SafeShopError
from simlib.experiment import Sweep, measure
from simlib.figures.style import COLOURS, DASHES, describe, legend_below, new_axes
from simlib.figures.tables import number
from simlib.languages import _


def sweep_result(sweep: Sweep, key: str, ax: Axes | None = None, level: float = 0.95) -> Axes:
    """How a measure changes with the first varied field; one line for each value of the second.

    Parameters
    ----------
    sweep
        From `simlib.experiment.sweep`.
    key
        One of its measures.
    ax
        Where to draw; a new figure if left out.
    level
        Of the intervals, between 0 and 1.

    Raises
    ------
    SafeShopError
        If more than two fields vary: a picture has no room for a third.
    """
    if len(sweep.fields) > 2:
        raise SafeShopError(
            _("A chart shows one or two varied fields, not {fields}.").format(fields=len(sweep.fields))
        )
    ax = ax or new_axes()
    shown = measure(key)
    unit = shown.unit(sweep.scenario)
    across = list(dict.fromkeys(point[0] for point in sweep.points))
    others = list(dict.fromkeys(point[1:] for point in sweep.points))
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in across)
    at = across if numeric else list(range(len(across)))
    samples = [sweep.sample(row, key) for row in range(len(sweep.points))]
    for row, other in enumerate(others):
        mine = [sample for sample, point in zip(samples, sweep.points, strict=True) if point[1:] == other]
        half = [(each.interval(level)[1] - each.interval(level)[0]) / 2 for each in mine]
        ax.errorbar(
            at,
            [each.mean for each in mine],
            yerr=np.where(np.isfinite(half), half, 0.0),
            color=COLOURS[row % len(COLOURS)],
            linestyle=DASHES[row % len(DASHES)],
            marker="o",
            capsize=4,
            label=f"{sweep.fields[1]} = {_plain(other[0])}" if other else None,
        )
    if not numeric:
        ax.set_xticks(at, [str(value) for value in across])
    ax.set_xlabel(sweep.fields[0])
    ax.set_ylabel(unit)
    if len(others) > 1:
        legend_below(ax)
    means = np.array([each.mean for each in samples])
    return describe(
        ax,
        title=shown.label(),
        alt=_("Points with intervals: {points}.").format(
            points=_("; ").join(
                f"{_setting(sweep, point)}: {number(_rounded(mean))} {unit}"
                for point, mean in zip(sweep.points, means, strict=True)
            )
        ),
        sentence=_sentence(sweep, shown.label(), unit, means),
    )


def _sentence(sweep: Sweep, label: str, unit: str, means: Any) -> str:
    if np.isnan(means).all():
        return _("{label}: no run has this number.").format(label=label)
    least, most = int(np.nanargmin(means)), int(np.nanargmax(means))
    return _("{label}: least with {low_at} ({low} {unit}), most with {high_at} ({high} {unit}).").format(
        label=label,
        low_at=_setting(sweep, sweep.points[least]),
        low=number(_rounded(means[least])),
        high_at=_setting(sweep, sweep.points[most]),
        high=number(_rounded(means[most])),
        unit=unit,
    )


def _setting(sweep: Sweep, point: tuple[Any, ...]) -> str:
    return ", ".join(f"{name} = {_plain(value)}" for name, value in zip(sweep.fields, point, strict=True))


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rounded(value: float) -> float:
    return round(float(value), 2)
