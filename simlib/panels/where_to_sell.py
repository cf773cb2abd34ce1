"""Panels of lesson 01: what 100 of sales leave, and eight questions that decide where to sell."""

from __future__ import annotations

import html
from decimal import Decimal
from typing import Final

import ipywidgets
from IPython.display import display
from matplotlib.axes import Axes

from simlib import figures
from simlib.languages import _
from simlib.panels.what_if import Slider, Values, WhatIf
from simlib.platform.decision import QUESTIONS, Decision, decide, way_label
from simlib.platform.fees import FeeSchedule, MonthCost, Sale, charge_month, schedule
from simlib.scenario import Scenario

MOST_ORDERS: Final = 1000
"""Orders a month at the end of the slider; a redraw still takes under 0.3 s."""

ORDERS_STEP: Final = 20
"""Step of the orders, so that each step of the share of cash on delivery is a whole number of orders."""

DAYS_IN_MONTH: Final = 30

EXAMPLE: Final = {
    "stability": "unproven",
    "brand": "registered",
    "goods": "unregulated",
    "channel": "direct",
    "payment": "card-or-wallet",
    "tax": "none",
    "licence": "not-needed",
    "cloud": "cloud-and-own-copy",
}
"""Where the eight questions stand at first."""


def month_of(fees: FeeSchedule, operator: str, scenario: Scenario, values: Values) -> MonthCost:
    """A month of equal orders.

    Parameters
    ----------
    fees
        What the place of sale takes.
    operator
        Who runs it, of `simlib.platform.roles.OPERATORS`.
    scenario
        The shop: its place and what its courier costs.
    values
        price (currency units), orders (a month), goods (% of the price), cash (% of the orders that are paid at the
        door; the others by card).
    """
    price = fees.minor(Decimal(values["price"]))
    at_the_door = round(values["orders"] * values["cash"] / 100)
    orders = [
        Sale(
            amount=price,
            goods=round(price * values["goods"] / 100),
            shipping=scenario.minor(scenario.logistics.parcel_fee),
            method="cash-on-delivery" if number < at_the_door else "card",
            seller_place=scenario.place,
            buyer_place=scenario.place,
            operator=operator,
        )
        for number in range(values["orders"])
    ]
    return charge_month(fees, orders, scenario.place)


def what_if_fees(scenario: Scenario, own_site: str, marketplace: str) -> WhatIf:
    """What 100 of sales leave on an own site and on a marketplace, for other prices, volumes and costs (row A9).

    Parameters
    ----------
    scenario
        The shop.
    own_site, marketplace
        Names of two fee schedules in the shop's currency (`simlib.platform.fees.schedules`).
    """
    own, there = schedule(own_site), schedule(marketplace)

    def draw(values: Values, ax: Axes) -> object:
        paid = own.model_copy(update={"advertising": Decimal(values["advertising"]) / 100})
        months = {
            way_label("own-site"): month_of(paid, "own-site", scenario, values),
            way_label("marketplace"): month_of(there, "platform-run", scenario, values),
        }
        return figures.what_100_leaves(months, scenario.currency, ax)

    return WhatIf(
        [
            Slider(
                "price",
                _("price of an order, {currency}").format(currency=scenario.currency),
                200,
                3000,
                50,
                800,
            ),
            Slider(
                "orders",
                _("orders a month"),
                ORDERS_STEP,
                MOST_ORDERS,
                ORDERS_STEP,
                min(MOST_ORDERS, DAYS_IN_MONTH * round(scenario.demand.orders_per_day)),
            ),
            Slider("goods", _("goods cost, % of the price"), 10, 80, 5, 45),
            Slider(
                "advertising",
                _("advertising of your own site, % of sales"),
                0,
                30,
                1,
                round(100 * own.advertising),
            ),
            Slider("cash", _("paid at the door, % of orders"), 0, 50, 5, 20),
        ],
        draw,
    )


class WhereToSell:
    """Eight questions, and in words which way to sell the answers speak for (rows A8, A13).

    Every question is a list that is chosen from with mouse or arrow keys; the result below is written anew at each
    change, and screen readers announce it.
    """

    def __init__(self) -> None:
        self.answers: dict[str, ipywidgets.Dropdown] = {
            question.name: ipywidgets.Dropdown(
                options=[(choice.answer(), choice.name) for choice in question.choices],
                value=EXAMPLE[question.name],
                description=question.question(),
                tooltip=_("Choose with the arrow keys or the mouse"),
                # The question above its answers, both from the left: side by side, both would be cut off.
                style={"description_width": "initial"},
                layout={
                    "width": "95%",
                    "max_width": "44em",
                    "height": "62px",
                    "flex_flow": "column",
                    "align_items": "flex-start",
                },
            )
            for question in QUESTIONS
        }
        self.result = ipywidgets.HTML()
        self.reset = ipywidgets.Button(
            description=_("Back to the example"), tooltip=_("Put all answers back"), layout={"width": "14em"}
        )
        self.quiet = False
        for widget in self.answers.values():
            widget.observe(lambda _change: self.decide(), names="value")
        self.reset.on_click(lambda _button: self.put_back())
        self.box = ipywidgets.VBox([*self.answers.values(), self.reset, self.result])
        self.decide()

    def decide(self) -> None:
        """Write what the answers speak for."""
        if not self.quiet:
            answers = {name: widget.value for name, widget in self.answers.items()}
            self.result.value = decision_html(decide(answers))

    def put_back(self) -> None:
        """Answer everything as at first."""
        self.quiet = True
        for name, widget in self.answers.items():
            widget.value = EXAMPLE[name]
        self.quiet = False
        self.decide()

    def show(self) -> None:
        """Put the questions and the result into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]


def decision_html(decision: Decision) -> str:
    """The outcome, why, what stays with the seller, and how the other ways fared."""
    best = decision.best
    reasons = [reason.sentence for reason in best.reasons] or [
        _("None of your answers speaks for or against it.")
    ]
    stays = [f"{duty.what} {duty.reason}" for duty in best.duties]
    others = [
        _("{way}: {points} points; {duties} security duties stay with you.").format(
            way=way_label(option.way), points=option.points, duties=len(option.duties)
        )
        for option in decision.options
    ]
    parts = [
        f'<p style="font-size:1.05em;font-weight:bold">{html.escape(decision.sentence())}</p>',
        _listed(_("Why"), reasons),
        _listed(_("What stays with you to protect"), stays),
        _listed(_("All five ways"), others),
    ]
    return f'<div role="status" style="line-height:1.4;max-width:60em">{"".join(parts)}</div>'


def _listed(head: str, lines: list[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f'<p style="margin:0.6em 0 0">{html.escape(head)}:</p><ul style="margin:0">{items}</ul>'
