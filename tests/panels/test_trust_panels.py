"""Panels of lesson 04: every move changes the picture, and what is shown is what the model says."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from simlib import figures, panels
from simlib.facts import value
from simlib.panels.trust import MOST_CLAIM_DAYS, PARCEL_DAYS, PARCELS_KNOWN
from simlib.platform.verification import Detector, detector, really_fake
from tests.panels.moving import check_drawn_whole, corners, pairs_of_steps, place, positions
from tests.shops import scenario

PANELS: dict[str, Callable[[], panels.WhatIf]] = {
    "watched": lambda: panels.what_if_watched(scenario("mainland-marketplace-store"), seed=2026),
    "false reviews": lambda: panels.what_if_false_reviews(scenario("mainland-marketplace-store"), seed=2026),
    "check": lambda: panels.what_if_check("fake-trades"),
    "lost parcels": lambda: panels.what_if_lost_parcels(scenario("taiwan-gift-shop"), seed=2026),
}
every_panel = pytest.mark.parametrize("name", PANELS)


@lru_cache
def panel_of(name: str) -> panels.WhatIf:
    return PANELS[name]()


def placed(panel: panels.WhatIf, **values: Any) -> str:
    return place(panel, panel.at_first | values)


@pytest.mark.slow
@every_panel
def test_a_step_of_any_control_changes_the_picture(name: str) -> None:
    panel = panel_of(name)
    assert 3 <= len(panel.controls) <= 5
    for control, widget in panel.controls.items():
        assert len(positions(widget)) > 1
        for before, after in pairs_of_steps(widget):
            assert placed(panel, **{control: before}) != placed(panel, **{control: after}), (control, after)
    panel.put_back()


@pytest.mark.slow
@every_panel
def test_every_corner_is_drawn_whole(name: str) -> None:
    panel = panel_of(name)
    for values in corners(panel):
        assert "–" not in check_drawn_whole(panel, values)
    panel.put_back()


@pytest.mark.slow
@every_panel
def test_each_slider_stands_on_a_step_and_the_reset_brings_the_first_picture_back(name: str) -> None:
    panel = panel_of(name)
    first = placed(panel)
    for widget in panel.controls.values():
        assert any(chosen == pytest.approx(widget.value) for chosen in positions(widget)) or not hasattr(
            widget, "min"
        )
    control, widget = next(iter(panel.controls.items()))
    widget.value = next(chosen for chosen in positions(widget) if chosen != widget.value)
    assert panel.picture.value != first, control
    panel.reset.click()
    assert panel.picture.value == first


def test_a_store_that_packs_too_slowly_punishes_itself() -> None:
    panel = panel_of("watched")
    placed(panel, kind="quality", packing_minutes=10)
    assert "payout frozen" not in figures.alt_text(panel.ax)
    placed(panel, kind="quality", packing_minutes=60)
    assert "store closed" in figures.alt_text(panel.ax)
    panel.put_back()


def test_two_checks_that_must_agree_raise_what_a_flag_is_worth() -> None:
    panel, one = panel_of("check"), detector("fake-trades")
    assert f"of 100 flagged, {round(100 * really_fake(one))} are" in figures.sentence(panel.ax)
    placed(panel, checks=2)
    twice = Detector(one.share, one.hit**2, one.false_alarm**2)
    assert f"of 100 flagged, {round(100 * really_fake(twice))} are" in figures.sentence(panel.ax)
    panel.put_back()


def test_the_fate_of_the_parcels_counted_is_known_wherever_the_sliders_stand() -> None:
    transit = scenario("taiwan-gift-shop").logistics.transit.mean_days
    assert PARCELS_KNOWN + MOST_CLAIM_DAYS + 2 * transit <= PARCEL_DAYS
    panel = panel_of("lost parcels")
    counted = {
        figures.sentence(panel.ax).partition(" parcels")[0]
        for days in (2, 8, MOST_CLAIM_DAYS)
        if placed(panel, claim_days=days)
    }
    assert len(counted) == 1
    panel.put_back()


def test_the_lesson_says_the_figures_that_the_model_uses(root: Path) -> None:
    text = (root / "lessons" / "src" / "04-trust-and-disputes.md").read_text(encoding="utf-8")
    goods = detector("fake-goods")
    for said in (
        f"It finds {round(100 * goods.hit)} of 100 fakes",
        f"of 100 honest offers it flags only {round(100 * goods.false_alarm)}.",
        f"Of 100 offers, {round(100 * goods.share)} are fake.",
        f"somebody buys {value('false-reviews')} **false** bad reviews",
        f"We assume that {round(100 * value('parcel-loss-share'))} of 100 parcels are lost",
    ):
        assert said in text
    assert value("ship-within-days") == 2
    assert "does not have within two days costs points" in text
    assert value("appeal-upheld-share") < 0.5
    assert "most appeals are lost" in text
