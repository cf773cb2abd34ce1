from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml

from simlib.defence.control_words import WORDS
from simlib.defence.controls import (
    EXTRAS,
    FILE,
    IG1,
    THEMES,
    Device,
    control,
    controls,
    device_label,
    read,
    split,
    theme_label,
)
from simlib.errors import SafeShopError
from simlib.scenario import DEVICES, Scenario

WRITTEN_OUT = """\
1.1 1.2 2.1 2.2 2.3 3.1 3.2 3.3 3.4 3.5 3.6 4.1 4.2 4.3 4.4 4.5 4.6 4.7 5.1 5.2 5.3 5.4 6.1 6.2 6.3 6.4 6.5
7.1 7.2 7.3 7.4 8.1 8.2 8.3 9.1 9.2 10.1 10.2 10.3 11.1 11.2 11.3 11.4 12.1 14.1 14.2 14.3 14.4 14.5 14.6 14.7 14.8
15.1 17.1 17.2 17.3"""
"""The safeguards of Implementation Group 1, copied by hand from the facts and not from the code."""

THEMES_OF_SETTINGS = {
    "2.2": {"SUM"},
    "2.3": {"MP"},
    "4.3": {"SC"},
    "4.5": {"FW"},
    "4.6": {"FW", "SC"},
    "5.1": {"UAC"},
    "5.2": {"UAC"},
    "5.3": {"UAC"},
    "5.4": {"UAC"},
    "6.3": {"UAC"},
    "7.3": {"SUM"},
    "7.4": {"SUM"},
    "9.1": {"SUM"},
    "10.1": {"MP"},
    "10.2": {"MP"},
    "10.3": {"SC"},
}
"""Themes that the list of settings in the facts gives beside the number."""


def test_implementation_group_1_has_exactly_these_56_safeguards() -> None:
    assert len(WRITTEN_OUT.split()) == 56
    assert list(IG1) == WRITTEN_OUT.split()
    assert [name for name, one in controls().items() if one.is_ig1] == WRITTEN_OUT.split()


def test_every_other_control_is_one_of_the_extras() -> None:
    assert set(controls()) - set(IG1) == set(EXTRAS)


def test_a_file_with_a_57th_safeguard_or_with_one_missing_is_refused(tmp_path: Path) -> None:
    tree = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    path = tmp_path / "controls.yaml"
    path.write_text(yaml.safe_dump({**tree, "14.9": tree["14.8"]}), encoding="utf-8")
    with pytest.raises(SafeShopError) as told:
        read(path)
    assert told.value.sentence == (
        "controls.yaml: 14.9 is neither one of the 56 safeguards of Implementation Group 1 nor one of the extra "
        "controls; remove it."
    )
    path.write_text(
        yaml.safe_dump({name: entry for name, entry in tree.items() if name != "6.3"}), encoding="utf-8"
    )
    with pytest.raises(SafeShopError) as told:
        read(path)
    assert told.value.sentence == (
        "controls.yaml: 6.3 missing; there must be 56 safeguards and 16 extra controls."
    )


def test_an_incomplete_control_gets_its_sentence(tmp_path: Path) -> None:
    tree = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    tree["6.3"]["themes"] = ["ACCESS"]
    path = tmp_path / "controls.yaml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    with pytest.raises(SafeShopError) as told:
        read(path)
    assert told.value.sentence.startswith("controls.yaml: the control 6.3 is incomplete: themes.0: ")


@pytest.mark.parametrize("name", ["14.9", "17.9"])
def test_the_numbers_that_public_copies_wrongly_add_are_no_safeguards(name: str) -> None:
    with pytest.raises(SafeShopError) as told:
        control(name)
    assert told.value.sentence.startswith(f"{name} is not a safeguard of Implementation Group 1")


def test_a_misspelt_control_gets_the_near_name() -> None:
    with pytest.raises(SafeShopError) as told:
        control("call-bak")
    assert told.value.sentence.endswith("not call-bak. Did you mean call-back?")


def test_themes_are_those_of_the_list_of_settings() -> None:
    assert {name: set(control(name).themes) for name in THEMES_OF_SETTINGS} == THEMES_OF_SETTINGS
    assert {theme for one in controls().values() for theme in one.themes} == set(THEMES)


def test_a_control_on_one_device_must_belong_there() -> None:
    assert split("6.3") == ("6.3", None)
    assert split("6.3@mail") == ("6.3", "mail")
    with pytest.raises(SafeShopError) as told:
        split("6.3@router")
    assert told.value.sentence == (
        "The control 6.3 cannot be put in place on router; it belongs to marketplace, payment, mail, web-shop. "
        "Without @ it stands on all of them."
    )
    with pytest.raises(SafeShopError, match="The device must be one of"):
        split("6.3@fridge")


def test_every_control_on_every_device_it_belongs_to_can_stand_in_a_scenario() -> None:
    placed = [f"{one.id}@{device}" for one in controls().values() for device in one.belongs_to]
    shop = Scenario.load("taiwan-gift-shop").changed(defence__controls=(*controls(), *placed))
    assert all(shop.defence.has(one.id, device) for one in controls().values() for device in one.belongs_to)


def test_hours_and_costs_are_facts_and_marked_as_assumed() -> None:
    for one in controls().values():
        assert one.source.id == f"effort-{one.id}"
        assert one.source.status == "assumption"
        assert one.source.value == {
            "setup_hours": one.setup_hours,
            "yearly_hours": one.yearly_hours,
            "yearly_cost": one.yearly_cost,
        }
        assert one.setup_hours > 0
        assert one.hours(3) == one.setup_hours + 3 * one.yearly_hours


def test_every_control_device_and_theme_has_words() -> None:
    assert set(WORDS) == set(controls())
    titles = [one.title for one in controls().values()]
    assert len(set(titles)) == len(titles)
    for one in controls().values():
        assert 5 <= len(one.title) <= 45
        assert one.sentence.endswith(".")
    assert set(get_args(Device)) == set(DEVICES)
    assert all(device_label(device) for device in DEVICES)
    assert all(theme_label(theme) for theme in THEMES)
