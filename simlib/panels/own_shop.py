"""The sum for one's own shop: arrivals × time = what a thief would find today."""

from __future__ import annotations

import html

import ipywidgets
from IPython.display import display

from simlib.languages import _
from simlib.scenario import Scenario


def records_online(
    orders_per_day: float, days_to_ship: float, days_in_transit: float, cooling_off_days: float
) -> float:
    """Orders readable online at any moment if each leaves on the day it is completed (Little's law).

    Parameters
    ----------
    orders_per_day
        λ.
    days_to_ship, days_in_transit, cooling_off_days
        Add up to W, in days.
    """
    return orders_per_day * (days_to_ship + days_in_transit + cooling_off_days)


class OwnShop:
    """Four numbers from the learner's shop, and the sentence they make.

    Parameters
    ----------
    scenario
        The shop whose numbers stand in the fields at first.
    """

    def __init__(self, scenario: Scenario) -> None:
        def field(label: str, value: float) -> ipywidgets.BoundedFloatText:
            return ipywidgets.BoundedFloatText(
                value=value,
                min=0,
                max=100_000,
                step=0.5,
                description=label,
                style={"description_width": "20em"},
                layout={"width": "95%", "max_width": "32em"},
            )

        self.fields = [
            field(_("orders a day"), scenario.demand.orders_per_day),
            field(_("days until a parcel is picked up"), 1.0),
            field(_("days in transit"), scenario.logistics.transit.mean_days),
            field(_("days of cooling-off"), scenario.cooling_off.days),
        ]
        self.sentence = ipywidgets.HTML()
        for widget in self.fields:
            widget.observe(lambda _change: self.reckon(), names="value")
        self.box = ipywidgets.VBox([*self.fields, self.sentence])
        self.reckon()

    def reckon(self) -> None:
        """Write the sentence for the numbers in the fields."""
        orders, ship, transit, window = (widget.value for widget in self.fields)
        online = records_online(orders, ship, transit, window)
        kept = orders * 365
        text = _(
            "{orders:g} orders a day × {days:g} days = about {online:,.0f} customers’ names, phones and addresses "
            "online at any moment. If nothing ever leaves, it is {kept:,.0f} more every year."
        ).format(orders=orders, days=ship + transit + window, online=online, kept=kept)
        self.sentence.value = f'<p role="status" style="font-size:1.05em">{html.escape(text)}</p>'

    def show(self) -> None:
        """Put the fields and the sentence into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]
