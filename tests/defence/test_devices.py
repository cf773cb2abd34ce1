"""The 27 settings and the learner's devices: complete, traceable, and worth only what is known to be good."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.defence.controls import IG1, control, split
from simlib.defence.devices import (
    DEVICES,
    STATES,
    Devices,
    controls_in_place,
    devices_of,
    places,
    score,
    settings,
    settings_for,
    texts,
)
from simlib.errors import SafeShopError
from simlib.facts import fact
from tests.shops import scenario

states = st.dictionaries(st.sampled_from(places()), st.sampled_from(STATES))


def test_there_are_27_settings_with_ig1_numbers_themes_devices_and_hours_from_facts() -> None:
    assert [one.number for one in settings().values()] == list(range(1, 28))
    for name, one in settings().items():
        assert set(one.controls) <= set(IG1)
        assert set(one.devices) <= set(DEVICES)
        assert one.hours == fact(f"setting-hours-{name}").value
        assert one.sentence.endswith(".")
        for device in one.devices:
            for system in ("windows", "macos", "linux", ""):
                assert one.how(device, system).endswith(".")
    assert len(places()) == len(set(places()))


def test_each_setting_carries_a_control_that_belongs_to_each_of_its_devices() -> None:
    for device, name in places():
        carried = [one for one in settings()[name].controls if device in control(one).belongs_to]
        assert carried, (device, name)


def test_every_word_of_the_settings_is_collected_for_translation() -> None:
    collected = set(texts())
    for one in settings().values():
        assert {one.title_en, one.sentence_en, *one.how_en.values()} <= collected


@given(states)
def test_what_is_unknown_protects_no_more_than_what_is_bad(changes: dict) -> None:
    devices = Devices().with_states(changes)
    bad: dict = {place: "fail" for place in places() if devices.state(*place) == "unknown"}
    assert controls_in_place(devices) == controls_in_place(devices.with_states(bad))


@given(states, st.sampled_from(places()))
def test_one_more_good_setting_never_takes_a_control_away(changes: dict, place: tuple[str, str]) -> None:
    devices = Devices().with_states(changes)
    assert set(controls_in_place(devices)) <= set(controls_in_place(devices.with_states({place: "pass"})))


@given(states)
def test_a_control_is_in_place_on_a_device_exactly_where_all_its_settings_there_are_good(
    changes: dict,
) -> None:
    devices = Devices().with_states(changes)
    found = set(controls_in_place(devices))
    for placed in found:
        assert split(placed)[1] in DEVICES
    for device in DEVICES:
        for number in IG1:
            carrying = settings_for(number, device)
            good = bool(carrying) and all(devices.state(device, name) == "pass" for name in carrying)
            assert (f"{number}@{device}" in found) == good


@given(states, st.sets(st.sampled_from(DEVICES), min_size=1))
def test_devices_read_back_what_was_written(changes: dict, has: set) -> None:
    owned = tuple(device for device in DEVICES if device in has)
    changes = {place: state for place, state in changes.items() if place[0] in has}
    devices = Devices(name="mine", has=owned).with_states(changes)
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        devices.save(path)
        again = Devices.load(path)
    assert (again.name, again.has) == (devices.name, devices.has)
    assert [again.state(*place) for place in places()] == [devices.state(*place) for place in places()]
    assert controls_in_place(again) == controls_in_place(devices)


def test_the_score_counts_every_setting_of_the_devices_that_exist() -> None:
    devices = Devices(has=("mail",)).with_states(
        {("mail", "second-factor"): "pass", ("mail", "audit-log"): "fail"}
    )
    counts = score(devices)
    assert (counts.passed, counts.failed, counts.unknown) == (1, 1, 1)
    assert counts.share == pytest.approx(1 / 3)
    assert sum(score(Devices()).model_dump().values()) == len(places())


def test_a_shop_has_its_own_back_office_or_a_sales_account_and_a_vault_pc_only_if_it_keeps_a_vault() -> None:
    assert "web-shop" in devices_of(scenario("taiwan-gift-shop"))
    assert "vault-pc" in devices_of(scenario("taiwan-gift-shop"))
    store = devices_of(scenario("mainland-marketplace-store"))
    assert "marketplace" in store
    assert {"web-shop", "vault-pc"} & set(store) == set()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fridge: {screen-lock: pass}", "field fridge: there is no such device; there are laptop, phone"),
        (
            "laptop: {scren-lock: pass}",
            "field laptop.scren-lock: the device laptop has no such setting; perhaps screen-lock is meant.",
        ),
        (
            "laptop: {screen-lock: yes}",
            "field laptop.screen-lock: must be one of pass, fail, unknown, not True.",
        ),
        ("laptop: pass", "field laptop: must be a group of 'setting: pass, fail or unknown' lines."),
        ("- laptop", "devices are groups of 'setting: pass, fail or unknown' lines"),
        ("laptop: [", "line 1: this is not readable YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_file_field_and_what_to_do(
    text: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SafeShopError) as told:
        Devices.load(path)
    assert told.value.sentence.startswith("mine.yaml")
    assert sentence in told.value.sentence


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(SafeShopError, match="cannot be read"):
        Devices.load("/nowhere/mine.yaml")
