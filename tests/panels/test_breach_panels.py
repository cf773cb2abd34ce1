"""Panels of lesson 06: all sixteen attacks are reachable, every move changes the picture, words say what was walked."""

from __future__ import annotations

from functools import lru_cache

import pytest

from simlib import figures, panels
from simlib.attacker import campaign, campaigns
from simlib.attacker.words import campaign_title
from simlib.languages import set_language
from simlib.panels.breach import EVERYTHING, has_part, protected, protection_label, where_possible
from tests.breaches import gift_shop, store
from tests.figures.drawn import cut_off
from tests.panels.moving import pairs_of_steps, place, positions


@lru_cache
def panel(name: str) -> panels.WhatIf:
    set_language("en")
    if name == "attack":
        return panels.what_if_attack({"gift shop": gift_shop(), "store": store()})
    return (
        panels.what_if_control([gift_shop(), store()])
        if name == "control"
        else panels.what_if_years(gift_shop())
    )


@pytest.mark.slow
@pytest.mark.parametrize("which", ["attack", "control"])
def test_all_sixteen_attacks_are_reachable_with_controls_that_have_a_part_in_them(which: str) -> None:
    shown = panel(which)
    seen = set()
    for name in positions(shown.controls["attack"]):
        shop = where_possible([gift_shop(), store()], name)
        if which == "attack":
            shown.controls["shop"].value = [gift_shop(), store()].index(shop)
        seen.add(place(shown, {"attack": name}))
        assert campaign(name).possible(shop.scenario)
        assert campaign_title(name) == shown.ax.get_title(loc="left")
        offered = [chosen for _label, chosen in shown.controls["control"].options]
        assert offered == list(has_part(name))
        assert cut_off(shown.ax) == [], name
        pictures = set()
        for control in (offered[0], EVERYTHING):
            pictures.add(place(shown, {"control": control}))
            assert cut_off(shown.ax) == [], (name, control)
        assert len(pictures) == len({offered[0], EVERYTHING})
    assert len(seen) == len(campaigns()) == 16
    shown.put_back()


@pytest.mark.slow
@pytest.mark.parametrize("which", ["attack", "control", "years"])
def test_every_move_of_a_control_changes_the_picture(which: str) -> None:
    shown = panel(which)
    assert 3 <= len(shown.controls) <= 5
    for name, widget in shown.controls.items():
        for here, there in list(pairs_of_steps(widget)):
            assert place(shown, {name: here}) != place(shown, {name: there}), (name, here, there)
        shown.put_back()
    before = shown.picture.value
    shown.put_back()
    assert shown.picture.value == before


def test_an_impossible_attack_says_what_it_would_need() -> None:
    shown = panel("attack")
    place(shown, {"attack": "account-takeover", "shop": 0})
    assert "It would need: the shop sells on a marketplace." in figures.sentence(shown.ax)
    shown.put_back()
    assert shown.values["attack"] == "ransomware"


def test_the_control_panel_says_what_the_walks_say() -> None:
    shown = panel("control")
    place(shown, {"attack": "ransomware", "attackers": 20})
    place(shown, {"control": "6.4"})
    shop = gift_shop()
    spared = shop.walks("ransomware", 20).sample().mean
    assert protected(shop, "ransomware", "6.4") == shop.with_controls(["6.4"])
    assert f"It helps. Over 20 attackers the control spared {spared:,.0f} TWD" in figures.sentence(shown.ax)
    shown.put_back()


@pytest.mark.parametrize("name", campaigns())
def test_with_everything_together_no_more_is_stolen(name: str) -> None:
    shop = where_possible([gift_shop(), store()], name)
    everything = protected(shop, name, EVERYTHING)
    for attacker in range(3):
        free, held = shop.trial(name, attacker)[1], shop.trial(name, attacker, everything)[1]
        # Not so the total: whoever notices has work and customers to tell.
        for part in ("persons_taken", "cash_stolen", "customers", "records_lost"):
            assert getattr(held, part) <= getattr(free, part)
    assert len({protection_label(control) for control in has_part(name)}) == len(has_part(name))
