"""Panels of lesson 03: a step of any slider changes the picture, and the picture is what the model says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from simlib import figures, panels
from simlib.panels.payment import SETTLEMENT_RUN, shop_paid_otherwise
from simlib.payment.tracing import whereabouts
from simlib.platform.verification import detector
from simlib.world import simulate
from tests.panels.moving import check_drawn_whole, corners, pairs_of_steps, place, positions
from tests.shops import scenario

PANELS: dict[str, Callable[[], panels.WhatIf]] = {
    "settlement": lambda: panels.what_if_settlement(scenario("taiwan-gift-shop"), seed=2026),
    "payout": lambda: panels.what_if_payout_account(scenario("taiwan-gift-shop"), seed=2026),
    "screening": lambda: panels.what_if_screening(detector("fake-trades")),
}
every_panel = pytest.mark.parametrize("name", PANELS)


@every_panel
@pytest.mark.slow
def test_a_step_of_any_slider_changes_the_picture(name: str) -> None:
    panel = PANELS[name]()
    assert 3 <= len(panel.controls) <= 5
    for control, widget in panel.controls.items():
        panel.put_back()
        assert widget.value in positions(widget), control
        for before, after in pairs_of_steps(widget):
            assert pixels(place(panel, {control: before})) != pixels(place(panel, {control: after})), control


def pixels(picture: str) -> str:
    return picture.partition("src=")[2].partition(" style")[0]


@pytest.mark.slow
@every_panel
def test_every_corner_of_a_payment_panel_is_drawn_whole(name: str) -> None:
    panel = PANELS[name]()
    for values in corners(panel):
        check_drawn_whole(panel, values, covered=name == "payout")
        assert figures.sentence(panel.ax).endswith(".")


def test_the_settlement_panel_shows_what_the_simulation_says() -> None:
    panel = PANELS["settlement"]()
    values = {"settlement_days": 3, "cod_percent": 60, "failing_percent": 20, "card_fee_percent": 4.0}
    place(panel, values)
    shop = shop_paid_otherwise(scenario("taiwan-gift-shop"), 3, 60, 20, 4.0)
    found = whereabouts(simulate(shop, days=SETTLEMENT_RUN, seed=2026))
    bars = [bar for bar in panel.ax.patches if isinstance(bar, Rectangle)]
    assert bars[-1].get_width() == pytest.approx(1000 * found.bank / found.ordered)
    assert bars[-2].get_width() == pytest.approx(1000 * found.waiting / found.ordered)


def test_the_sliders_of_settlement_do_what_they_say() -> None:
    shop = shop_paid_otherwise(scenario("taiwan-gift-shop"), 3, 60, 20, 4.0)
    weights = {method.name: method.weight for method in shop.payment.methods}
    assert weights["cash-on-delivery"] == 60
    assert sum(weights.values()) == pytest.approx(100)
    assert weights["card"] / weights["wallet"] == pytest.approx(50 / 15)
    card = shop.payment.methods[0]
    assert (card.fail, card.attempts, card.fee) == (0.2, 1, 0.04)
    assert shop.payment.settlement_days == 3
    none = shop_paid_otherwise(scenario("taiwan-gift-shop"), 3, 0, 0, 0.4)
    assert [method.name for method in none.payment.methods] == ["card", "wallet", "bank-transfer"]


@pytest.mark.slow
def test_a_hold_saves_the_money_exactly_from_the_day_of_the_notice_on() -> None:
    panel = PANELS["payout"]()
    for noticed in (5, 12):
        for hold in (0, noticed - 1, noticed, 21):
            place(panel, {"hold_days": hold, "noticed_after_days": noticed})
            stolen = np.max(np.asarray(panel.ax.lines[2].get_ydata()))
            assert (stolen == 0) == (hold >= noticed), (hold, noticed)


def test_the_screening_panel_is_bayes_rule() -> None:
    panel = PANELS["screening"]()
    place(panel, {"per_thousand": 50, "hit_percent": 80, "false_alarms": 20})
    flagged = 40 + 0.02 * 950
    assert len(np.asarray(panel.ax.collections[0].get_offsets())) == round(100 * 40 / flagged)
