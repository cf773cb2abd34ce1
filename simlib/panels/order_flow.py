"""Panels of lesson 02: where an order's time goes, and what a wrong price costs."""

from __future__ import annotations

from math import ceil

from matplotlib.axes import Axes

from simlib import figures
from simlib.experiment import run_once
from simlib.languages import _
from simlib.order_flow import price_error_result
from simlib.panels.what_if import Slider, Values, WhatIf
from simlib.records import Run
from simlib.scenario import Scenario

ENOUGH_ORDERS = 400
"""Orders in a panel's run: enough for steady means, few enough to redraw in under 0.3 s."""

MOST_ORDERS_PER_DAY = 40
MOST_TRANSIT_DAYS = 7.0
MOST_COOLING_OFF_DAYS = 14
"""Ends of the sliders: at all of them together, a redraw still takes under 0.3 s (EU law asks for 14 days)."""

SPARE_DAYS = 5
"""Days a run goes on after an order of the first day should be completed: the first days' orders are, too."""


def panel_days(orders_per_day: float, transit_days: float, cooling_off_days: float) -> int:
    """Length of a panel's run, in days: orders complete in it, and there are enough of them."""
    return max(ceil(transit_days + cooling_off_days) + SPARE_DAYS, ceil(ENOUGH_ORDERS / orders_per_day))


def changed_shop(scenario: Scenario, values: Values) -> Scenario:
    """The shop as the sliders of `what_if_order_flow` say."""
    shop = changed_times(
        scenario, values["orders_per_day"], values["transit_days"], values["cooling_off_days"]
    )
    return shop.changed(
        staff__packers=values["packers"],
        staff__packing__mean=values["packing_minutes"],
        staff__packing__unit="minutes",
    )


def changed_times(
    scenario: Scenario, orders_per_day: float, transit_days: float, cooling_off_days: float
) -> Scenario:
    """The shop with another demand, transit and cooling-off."""
    basis = scenario.cooling_off.basis if scenario.cooling_off.basis != "none" else "shop-policy"
    return scenario.changed(
        demand__orders_per_day=orders_per_day,
        logistics__transit__mean=transit_days,
        logistics__transit__unit="days",
        cooling_off__days=cooling_off_days,
        cooling_off__basis=basis if cooling_off_days else "none",
    )


def orders_slider(scenario: Scenario) -> Slider:
    """Orders a day, from where the shop stands."""
    value = round(scenario.demand.orders_per_day)
    return Slider(
        "orders_per_day", _("orders a day"), min(5, value), max(MOST_ORDERS_PER_DAY, value), 1, value
    )


def transit_slider(scenario: Scenario) -> Slider:
    """Days in transit, from where the shop stands."""
    value = scenario.logistics.transit.mean_days
    return Slider("transit_days", _("days in transit"), 0.5, max(MOST_TRANSIT_DAYS, value), 0.5, value)


def cooling_off_slider(scenario: Scenario) -> Slider:
    """Days of cooling-off, from where the shop stands."""
    value = round(scenario.cooling_off.days)
    return Slider(
        "cooling_off_days", _("days of cooling-off"), 0, max(MOST_COOLING_OFF_DAYS, value), 1, value
    )


def what_if_order_flow(scenario: Scenario, seed: int) -> WhatIf:
    """Where the time goes, for other demand, staff, transit and cooling-off.

    Parameters
    ----------
    scenario
        The shop to start from.
    seed
        The customers are the same wherever the sliders stand.
    """

    def draw(values: Values, ax: Axes) -> object:
        shop = changed_shop(scenario, values)
        days = panel_days(values["orders_per_day"], values["transit_days"], values["cooling_off_days"])
        return figures.stage_days(run_once(shop, days=days, seed=seed), ax)

    return WhatIf(
        [
            orders_slider(scenario),
            Slider("packers", _("packers"), 1, 4, 1, scenario.staff.packers),
            Slider(
                "packing_minutes",
                _("minutes to pack a parcel"),
                2,
                40,
                1,
                round(scenario.staff.packing.mean_days * 1440),
            ),
            transit_slider(scenario),
            cooling_off_slider(scenario),
        ],
        draw,
    )


def what_if_price_error(scenario: Scenario, sku: str, seed: int) -> WhatIf:
    """What a wrong price costs under automatic confirmation and under check-then-confirm (row A12).

    Parameters
    ----------
    scenario
        The shop.
    sku
        The product whose price is wrong.
    seed
        The customers are the same wherever the sliders stand.
    """
    product = next(product for product in scenario.catalogue if product.sku == sku)

    def draw(values: Values, ax: Axes) -> object:
        wrong = round(float(product.price) * values["percent"] / 100)
        runs = {
            label: run_with_price_error(scenario, sku, wrong, values["hours"], values["hunters"], mode, seed)
            for label, mode in (
                (_("automatic confirmation"), "automatic"),
                (_("check, then confirm"), "check-first"),
            )
        }
        results = {label: price_error_result(run) for label, run in runs.items()}
        return figures.price_error_results(results, scenario.currency, ax)

    return WhatIf(
        [
            Slider("percent", _("wrong price, % of the right one"), 5, 100, 5, 10),
            Slider("hours", _("hours until somebody notices"), 1, 24, 1, 8),
            Slider("hunters", _("bargain hunters’ orders an hour"), 0, 10, 1, 6),
        ],
        draw,
    )


PRICE_ERROR_DAY = 7
"""Day on which the wrong price appears in the example."""

PRICE_ERROR_RUN = 16
"""Days simulated around it, until the parcels have arrived."""


def run_with_price_error(
    scenario: Scenario, sku: str, price: float, hours: float, hunters: float, mode: str, seed: int
) -> Run:
    """A short run in which one product is wrongly priced for some hours.

    Parameters
    ----------
    scenario
        The shop.
    sku, price
        The product and its wrong price, in currency units.
    hours
        Until somebody notices.
    hunters
        Extra orders an hour while it lasts.
    mode
        ``automatic`` or ``check-first``.
    seed
        Seed of the run.
    """
    error = {
        "sku": sku,
        "price": str(price),
        "starts_day": PRICE_ERROR_DAY,
        "noticed_after_hours": hours,
        "extra_orders_per_hour": hunters,
    }
    shop = scenario.changed(price_errors=[error], confirmation__mode=mode)
    return run_once(shop, days=PRICE_ERROR_RUN, seed=seed)
