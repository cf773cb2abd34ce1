"""Panels of lesson 05: what a thief would find under a retention policy, and the sum for one's own shop."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.axes import Axes

from simlib import figures
from simlib.experiment import run_once
from simlib.languages import _
from simlib.panels.order_flow import (
    changed_times,
    cooling_off_slider,
    orders_slider,
    panel_days,
    transit_slider,
)
from simlib.panels.what_if import Choice, Slider, Values, WhatIf
from simlib.privacy import POLICIES, copies_of, policy, policy_label
from simlib.records import Run
from simlib.scenario import Scenario


def what_if_retention(scenario: Scenario, seed: int) -> WhatIf:
    """Exposure under a policy beside keeping everything and masking, for other demand, transit and cooling-off.

    Parameters
    ----------
    scenario
        The shop to start from.
    seed
        The customers are the same wherever the controls stand.
    """

    @lru_cache(maxsize=8)
    def run(orders_per_day: int, transit_days: float, cooling_off_days: int) -> Run:
        shop = changed_times(scenario, orders_per_day, transit_days, cooling_off_days)
        return run_once(shop, days=panel_days(orders_per_day, transit_days, cooling_off_days), seed=seed)

    def draw(values: Values, ax: Axes) -> object:
        happened = run(values["orders_per_day"], values["transit_days"], values["cooling_off_days"])
        own, days = happened.scenario.retention, values["mask_after_days"]
        compared = {
            policy_label(name, days): copies_of(happened, policy(name, own, days))
            for name in ("keep-everything", "mask", *(values[choice.name] for choice in choices))
        }
        return figures.exposure_over_time(compared, happened.days, ax=ax)

    names = [name for name in POLICIES if name not in ("keep-everything", "mask")]
    options = [(policy_label(name), name) for name in names]
    # A marketplace that forbids carrying its data away leaves nothing to choose.
    allowed = scenario.retention.removable_media
    choices = [Choice("policy", _("policy"), options, "vault-at-completion")] if allowed else []
    return WhatIf(
        [
            *choices,
            orders_slider(scenario),
            transit_slider(scenario),
            cooling_off_slider(scenario),
            Slider("mask_after_days", _("days until masked"), 0, 30, 1, 14),
        ],
        draw,
    )
