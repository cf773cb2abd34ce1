"""Panels of lesson 07: every move changes the picture, and what is shown is what the model says."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from simlib import figures, panels
from simlib.attacker.heartbleed import harvest
from simlib.attacker.server_memory import Film, film
from simlib.world import simulate
from tests.figures.drawn import cut_off
from tests.shops import scenario

# Together these take longer than a quick look may.
pytestmark = pytest.mark.slow


@lru_cache
def memory() -> Film:
    shop = scenario("taiwan-gift-shop").changed(demand__orders_per_day=8)
    return film(simulate(shop, days=100, seed=2026), 7, 37)


@lru_cache
def panel_of(name: str) -> panels.WhatIf:
    if name == "update":
        return panels.what_if_update(memory(), seed=2026)
    return panels.what_if_response(harvest(memory(), 7, 14, 7_000, seed=2026))


def positions(widget: Any) -> list[Any]:
    """Both ends, the first place and the next one; all of a choice."""
    if not hasattr(widget, "min"):
        return [chosen for _label, chosen in widget.options]
    places = {widget.min, widget.max, widget.value, widget.value + widget.step}
    return sorted(place for place in places if widget.min <= place <= widget.max)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["update", "response"])
def test_each_control_changes_the_picture_and_nothing_is_cut_off(name: str) -> None:
    panel = panel_of(name)
    assert 3 <= len(panel.controls) <= 5
    for control, widget in panel.controls.items():
        seen = []
        for chosen in positions(widget):
            panel.quiet = True
            widget.value = chosen
            panel.quiet = False
            panel.redraw()
            seen.append(str(panel.picture.value))
            assert cut_off(panel.ax) == [], (control, chosen)
        assert len(set(seen)) == len(seen) > 1, control
        panel.put_back()


def test_the_update_panel_shows_the_harvest_of_its_sliders() -> None:
    panel = panel_of("update")
    panel.controls["update_days"].value = 12
    panel.controls["requests_a_day"].value = 400
    panel.controls["kilobytes"].value = 16
    taken = harvest(memory(), 7, 19, 4_800, seed=2026, stated=16_384)
    sentence = figures.sentence(panel.ax)
    assert "Days from publication to update: 12. 4,800 requests took" in sentence
    assert f"{taken.count('password')} passwords" in sentence
    panel.put_back()


def test_the_response_panel_closes_every_account_if_keys_come_first_and_not_otherwise() -> None:
    panel = panel_of("response")
    assert "your plan: 0," not in figures.sentence(panel.ax)
    panel.controls["new_keys"].value = 1
    assert "your plan: 0," in figures.sentence(panel.ax)
    panel.put_back()
