"""Panels: every control moves the picture, every position of every control can be drawn, nothing piles up."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from simlib import figures, panels
from simlib.errors import SafeShopError
from simlib.figures.style import describe
from simlib.panels import Choice, OwnShop, Slider, WhatIf
from simlib.panels.own_shop import records_online
from tests.figures.drawn import figure_of
from tests.panels.moving import check_drawn_whole, corners, ends, place
from tests.shops import PLAIN, scenario

PANELS: dict[str, Callable[[str], WhatIf]] = {
    "order flow": lambda preset: panels.what_if_order_flow(scenario(preset), seed=2026),
    "wrong price": lambda preset: panels.what_if_price_error(
        scenario(preset), max(scenario(preset).catalogue, key=lambda product: product.price).sku, seed=2026
    ),
    "retention": lambda preset: panels.what_if_retention(scenario(preset), seed=2026),
}
every_panel = pytest.mark.parametrize("name", PANELS)


def first_bars(values: Any, ax: Axes) -> object:
    """A picture that needs no model."""
    if values["n"] == 13:
        raise SafeShopError("Thirteen <orders> cannot be drawn; move the slider on.")
    ax.bar(["a"], [values["n"]])
    return describe(ax, title="t", alt="Bars.", sentence=f"{values['n']} orders.")


def small(draw: Callable[[Any, Axes], object] = first_bars) -> WhatIf:
    return WhatIf([Slider("n", "orders", 1, 20, 1, 5), Slider("x", "days", 0.5, 2.0, 0.5, 1.0)], draw)


@pytest.mark.slow
@every_panel
def test_each_control_changes_the_picture_and_the_reset_brings_the_first_one_back(name: str) -> None:
    panel = PANELS[name]("taiwan-gift-shop")
    first = panel.picture.value
    assert 3 <= len(panel.controls) <= 5
    for control, widget in panel.controls.items():
        for value in ends(widget):
            if value != panel.at_first[control]:
                widget.value = value
                assert panel.picture.value != first, (control, value)
        panel.reset.click()
        assert panel.values == panel.at_first
        assert panel.picture.value == first


@pytest.mark.slow
@every_panel
def test_the_same_positions_give_the_same_picture_whatever_was_moved_before(name: str) -> None:
    moved, fresh = (PANELS[name]("taiwan-gift-shop") for _panel in range(2))
    far = {control: ends(widget)[-1] for control, widget in moved.controls.items()}
    near = {control: ends(widget)[0] for control, widget in moved.controls.items()}
    for values in (near, far):
        place(moved, values)
    place(fresh, far)
    assert moved.picture.value == fresh.picture.value


def check_corner(panel: WhatIf, values: dict[str, Any]) -> None:
    words = check_drawn_whole(panel, values)
    assert "No order was completed" not in words, (values, words)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PLAIN)
@every_panel
def test_every_corner_of_every_panel_is_drawn_whole_and_has_completed_orders(name: str, preset: str) -> None:
    panel = PANELS[name](preset)
    for values in corners(panel):
        check_corner(panel, values)


@pytest.mark.slow
@pytest.mark.parametrize("preset", PLAIN)
@every_panel
def test_the_sliders_stand_where_the_shop_stands_and_on_a_step(name: str, preset: str) -> None:
    shop, panel = scenario(preset), PANELS[name](preset)
    known = {
        "orders_per_day": shop.demand.orders_per_day,
        "transit_days": shop.logistics.transit.mean_days,
        "cooling_off_days": shop.cooling_off.days,
        "packers": shop.staff.packers,
    }
    for control, widget in panel.controls.items():
        assert widget.value == known.get(control, widget.value)
        if hasattr(widget, "step"):
            steps = (widget.value - widget.min) / widget.step
            assert steps == pytest.approx(round(steps)), control
            assert widget.min < widget.max


@pytest.mark.slow
def test_where_nothing_may_be_carried_away_no_vault_is_offered() -> None:
    assert "policy" in PANELS["retention"]("taiwan-gift-shop").controls
    panel = PANELS["retention"]("mainland-marketplace-store")
    assert "policy" not in panel.controls
    assert "vault" not in figures.sentence(panel.ax)


def test_a_panel_says_in_a_sentence_what_cannot_be_drawn_and_goes_on() -> None:
    panel = small()
    first = panel.picture.value
    panel.controls["n"].value = 13
    told = "Thirteen &lt;orders&gt; cannot be drawn; move the slider on."
    assert panel.picture.value == f'<p role="status">{told}</p>'
    panel.controls["n"].value = 5
    assert panel.picture.value == first


def test_a_panel_that_cannot_draw_at_first_draws_as_soon_as_it_can() -> None:
    panel = WhatIf([Slider("n", "orders", 1, 20, 1, 13)], first_bars)
    assert "<img" not in panel.picture.value
    panel.controls["n"].value = 12
    assert "<img" in panel.picture.value
    assert "12 orders." in panel.picture.value


def test_a_defect_in_drawing_is_not_hidden() -> None:
    def draw(values: Any, ax: Axes) -> object:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        small(draw)


@pytest.mark.slow
def test_a_panel_keeps_one_figure_and_nothing_of_earlier_pictures() -> None:
    panel = small()
    figure = figure_of(panel.ax)
    earlier: list[weakref.ref[Artist]] = []
    for n in range(1, 8):
        earlier.append(weakref.ref(panel.ax))
        panel.controls["n"].value = 21 - n
        assert figure_of(panel.ax) is figure
        assert figure.axes == [panel.ax]
        assert len(panel.ax.patches) == 1
        assert figure.legends == []
    gc.collect()
    assert [ref for ref in earlier if ref() is not None] == []


def test_a_reset_draws_once() -> None:
    drawn = []

    def draw(values: Any, ax: Axes) -> object:
        drawn.append(dict(values))
        return first_bars(values, ax)

    panel = small(draw)
    panel.controls["n"].value = 9
    panel.controls["x"].value = 2.0
    panel.reset.click()
    assert drawn == [{"n": 5, "x": 1.0}, {"n": 9, "x": 1.0}, {"n": 9, "x": 2.0}, {"n": 5, "x": 1.0}]


def test_sliders_wait_until_they_rest_and_say_how_they_are_moved() -> None:
    panel = small()
    for widget in panel.controls.values():
        assert widget.continuous_update is False
        assert widget.tooltip == "Drag, or use the arrow keys"
    assert [type(widget).__name__ for widget in panel.controls.values()] == ["IntSlider", "FloatSlider"]


def test_a_choice_offers_its_options_by_label() -> None:
    panel = WhatIf(
        [Choice("n", "how many", [("few", 3), ("many", 30)], 3)],
        first_bars,
    )
    assert panel.controls["n"].label == "few"
    panel.controls["n"].label = "many"
    assert "30 orders." in panel.picture.value


@pytest.mark.parametrize("preset", PLAIN)
def test_the_sum_for_ones_own_shop_is_the_product_it_shows(preset: str) -> None:
    panel = OwnShop(scenario(preset))
    orders, ship, transit, window = (widget.value for widget in panel.fields)
    assert (orders, transit, window) == (
        scenario(preset).demand.orders_per_day,
        scenario(preset).logistics.transit.mean_days,
        scenario(preset).cooling_off.days,
    )
    for values in ((orders, ship, transit, window), (3.5, 2, 4, 14), (0, 1, 1, 1), (2_000, 1, 3, 7)):
        for widget, value in zip(panel.fields, values, strict=True):
            widget.value = value
        rate, days = values[0], sum(values[1:])
        told = re.sub(r"<[^>]+>", "", panel.sentence.value)
        assert told == (
            f"{rate:g} orders a day × {days:g} days = about {rate * days:,.0f} customers’ names, phones and "
            f"addresses online at any moment. If nothing ever leaves, it is {rate * 365:,.0f} more every year."
        )
        assert records_online(*values) == rate * days


def test_a_field_of_ones_own_shop_takes_no_negative_number() -> None:
    panel = OwnShop(scenario("taiwan-gift-shop"))
    panel.fields[0].value = -5
    assert panel.fields[0].value == 0
    assert "0 orders a day" in panel.sentence.value
