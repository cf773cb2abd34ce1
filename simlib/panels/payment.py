"""Panels of lesson 03: what arrives of 1,000, who gets the payouts, and what a flag is worth."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from matplotlib.axes import Axes

from simlib import figures
from simlib.experiment import run_once
from simlib.languages import _
from simlib.panels.what_if import Slider, Values, WhatIf
from simlib.platform.verification import Detector, expected
from simlib.records import Run
from simlib.scenario import Payout, PayoutChange, Scenario

SETTLEMENT_RUN = 24
"""Days of the run behind the settlement panel: the first orders are paid out at every place of the sliders."""

CHANGE_DAY = 12
"""Day of the attack in the payout panel: payouts have begun by then."""

MOST_DAYS_UNNOTICED = 21
"""Longest time until the change is noticed in the payout panel, and longest hold."""

TRADES = 1_000
"""Trades screened in the panel of false alarms."""


def shop_paid_otherwise(
    scenario: Scenario, settlement_days: int, cod_percent: int, failing_percent: int, card_fee_percent: float
) -> Scenario:
    """The shop with other contracts and other buyers' habits of paying.

    Parameters
    ----------
    scenario
        A shop that takes cards.
    settlement_days
        From the payment until the next payout.
    cod_percent
        Share of the orders paid at the door, in per cent; the other ways keep their proportions.
    failing_percent
        Share of the card payments that never come through, in per cent.
    card_fee_percent
        Fee of a card payment, in per cent of the amount.
    """
    methods = [method.model_dump() for method in scenario.payment.methods]
    others = sum(method["weight"] for method in methods if method["name"] != "cash-on-delivery")
    for method in methods:
        if method["name"] == "cash-on-delivery":
            method["weight"] = cod_percent
        else:
            method["weight"] *= (100 - cod_percent) / others
        if method["name"] == "card":
            method |= {"fail": failing_percent / 100, "attempts": 1, "fee": round(card_fee_percent / 100, 4)}
    return scenario.changed(
        payment__methods=[method for method in methods if method["weight"] > 0],
        payment__settlement_days=settlement_days,
    )


def what_if_settlement(scenario: Scenario, seed: int) -> WhatIf:
    """What arrives of every 1,000 ordered, for other settlement days, shares of cash, declines and fees (row B5).

    Parameters
    ----------
    scenario
        A shop that takes cards and cash on delivery.
    seed
        The customers are the same wherever the sliders stand.
    """

    def draw(values: Values, ax: Axes) -> object:
        shop = shop_paid_otherwise(scenario, **values)
        return figures.what_arrives(run_once(shop, days=SETTLEMENT_RUN, seed=seed), ax)

    methods = {method.name: method for method in scenario.payment.methods}
    weights = sum(method.weight for method in methods.values())
    cash = round(100 * methods["cash-on-delivery"].weight / weights) if "cash-on-delivery" in methods else 0
    return WhatIf(
        [
            Slider(
                "settlement_days",
                _("days from payment to payout"),
                0,
                14,
                1,
                round(scenario.payment.settlement_days),
            ),
            Slider("cod_percent", _("orders paid at the door, %"), 0, 95, 5, cash),
            Slider("failing_percent", _("card payments that fail, %"), 0, 50, 5, 0),
            Slider(
                "card_fee_percent",
                _("card fee, % of the amount"),
                0.4,
                6.0,
                0.4,
                round(100 * methods["card"].fee, 1),
            ),
        ],
        draw,
    )


def what_if_payout_account(scenario: Scenario, seed: int) -> WhatIf:
    """What a changed payout account costs without and with a hold on payouts (rows B5, D2).

    Parameters
    ----------
    scenario
        The shop.
    seed
        The customers are the same wherever the sliders stand.
    """

    @lru_cache(maxsize=8)
    def quiet(orders_per_day: int) -> Run:
        shop = scenario.changed(demand__orders_per_day=orders_per_day)
        return run_once(shop, days=CHANGE_DAY + MOST_DAYS_UNNOTICED + 3, seed=seed)

    def draw(values: Values, ax: Axes) -> object:
        payout = Payout(
            hold_days=values["hold_days"],
            noticed_after_days=values["noticed_after_days"],
            changes=(PayoutChange(day=CHANGE_DAY, by="attacker"),),
        )
        return figures.changed_account(quiet(values["orders_per_day"]), payout, ax)

    orders = round(scenario.demand.orders_per_day)
    noticed = min(ceil(scenario.payout.noticed_after_days), MOST_DAYS_UNNOTICED)
    return WhatIf(
        [
            Slider("hold_days", _("days payouts are held after a change"), 0, MOST_DAYS_UNNOTICED, 1, 7),
            Slider(
                "noticed_after_days", _("days until somebody notices"), 1, MOST_DAYS_UNNOTICED, 1, noticed
            ),
            Slider("orders_per_day", _("orders a day"), min(4, orders), max(30, orders), 1, orders),
        ],
        draw,
    )


def what_if_screening(detector: Detector) -> WhatIf:
    """Of 100 flagged trades, how many are really fake, for other fakes and other checks (rows B3, D5).

    Parameters
    ----------
    detector
        The check to start from.
    """

    def draw(values: Values, ax: Axes) -> object:
        check = Detector(
            values["per_thousand"] / 1000, values["hit_percent"] / 100, values["false_alarms"] / 1000
        )
        return figures.flagged(expected(check, TRADES), ax)

    return WhatIf(
        [
            Slider("per_thousand", _("fakes among 1,000 trades"), 1, 100, 1, round(1000 * detector.share)),
            Slider("hit_percent", _("fakes that are flagged, %"), 5, 100, 5, round(100 * detector.hit)),
            Slider(
                "false_alarms",
                _("honest trades flagged, of 1,000"),
                0,
                100,
                1,
                round(1000 * detector.false_alarm),
            ),
        ],
        draw,
    )
