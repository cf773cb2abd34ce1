"""Panels of lesson 05: what a thief would find under a retention policy, and the sum for one's own shop."""

from __future__ import annotations

from functools import lru_cache

from matplotlib.axes import Axes

from simlib import figures
from simlib.languages import _
from simlib.panels.order_flow import panel_days
from simlib.panels.what_if import Choice, Slider, Values, WhatIf
from simlib.privacy import POLICIES, copies_of, policy, policy_label
from simlib.records import Run
from simlib.scenario import Scenario
from simlib.world import simulate


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
        basis = scenario.cooling_off.basis if scenario.cooling_off.basis != "none" else "shop-policy"
        shop = scenario.changed(
            demand__orders_per_day=orders_per_day,
            logistics__transit__mean=transit_days,
            logistics__transit__unit="days",
            cooling_off__days=cooling_off_days,
            cooling_off__basis=basis if cooling_off_days else "none",
        )
        return simulate(shop, days=panel_days(orders_per_day), seed=seed)

    def draw(values: Values, ax: Axes) -> object:
        happened = run(values["orders_per_day"], values["transit_days"], values["cooling_off_days"])
        own, days = happened.scenario.retention, values["mask_after_days"]
        compared = {
            policy_label(name, days): copies_of(happened, policy(name, own, days))
            for name in ("keep-everything", "mask", values["policy"])
        }
        return figures.exposure_over_time(compared, happened.days, ax=ax)

    names = [name for name in POLICIES if name not in ("keep-everything", "mask")]
    return WhatIf(
        [
            Choice(
                "policy", _("policy"), [(policy_label(name), name) for name in names], "vault-at-completion"
            ),
            Slider("orders_per_day", _("orders a day"), 5, 60, 5, round(scenario.demand.orders_per_day)),
            Slider(
                "transit_days", _("days in transit"), 0.5, 10.0, 0.5, scenario.logistics.transit.mean_days
            ),
            Slider("cooling_off_days", _("days of cooling-off"), 0, 21, 1, round(scenario.cooling_off.days)),
            Slider("mask_after_days", _("days until masked"), 0, 30, 1, 14),
        ],
        draw,
    )
