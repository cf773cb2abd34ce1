from __future__ import annotations

import json
import os
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.facts import FOLDER
from simlib.scenario import PRESETS, Scenario, presets, sources
from tests.shops import scenario, scenarios

WRONG: dict[str, dict[str, str]] = yaml.safe_load(
    Path(__file__).with_name("wrong_scenarios.yaml").read_text(encoding="utf-8")
)
"""Wrong scenario files and what the reader is told."""

TEXTS = [(PRESETS / f"{name}.yaml").read_text(encoding="utf-8") for name in presets()]
TEXTS += [scenario(name).to_yaml() for name in presets()]

TREE = scenario("taiwan-gift-shop").model_dump_json()
"""A preset as a tree of fields."""

ALL_PRESETS = (
    "The presets are hongkong-consignment, hongkong-own-site, mainland-marketplace-store, "
    "mainland-self-run-supplier, taiwan-exporter-cross-border, taiwan-gift-shop, taiwan-store-pickup."
)


def refusal(source: Path | str) -> str:
    with pytest.raises(SafeShopError) as told:
        Scenario.load(source)
    return told.value.sentence


@pytest.mark.parametrize("preset", presets())
def test_every_preset_comes_back_from_its_own_yaml(preset: str, tmp_path: Path) -> None:
    shop = scenario(preset)
    shop.save(tmp_path / "shop.yaml")
    again = Scenario.load(tmp_path / "shop.yaml")
    assert again == shop
    assert again.to_yaml() == shop.to_yaml()
    assert again.name == preset


@pytest.mark.slow
@given(scenarios())
@settings(max_examples=15)
def test_any_scenario_comes_back_from_its_own_yaml(
    tmp_path_factory: pytest.TempPathFactory, shop: Scenario
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    shop.save(path)
    assert Scenario.load(path) == shop


def test_the_shops_differ_where_their_law_their_channel_and_their_way_to_sell_do() -> None:
    found = {}
    for name in presets():
        shop = scenario(name)
        way = "/".join((shop.arrangement.trade, shop.arrangement.operator, shop.arrangement.mode))
        found[name] = (shop.cooling_off.days, shop.channel, way, shop.currency)
    assert found == {
        "hongkong-consignment": (0, "marketplace", "B2C/platform-run/consignment", "HKD"),
        "hongkong-own-site": (0, "own-site", "B2C/own-site/direct", "HKD"),
        "mainland-marketplace-store": (7, "marketplace", "B2C/platform-run/direct", "CNY"),
        "mainland-self-run-supplier": (7, "marketplace", "B2C/self-run/direct", "CNY"),
        "taiwan-exporter-cross-border": (0, "marketplace", "B2B/platform-run/contact-first", "TWD"),
        "taiwan-gift-shop": (7, "own-site", "B2C/own-site/direct", "TWD"),
        "taiwan-store-pickup": (7, "own-site", "O2O/own-site/direct", "TWD"),
    }


def test_changes_of_account_and_rates_stand_in_order_of_time_however_they_are_written() -> None:
    changes = [{"day": 9, "by": "attacker"}, {"day": 2, "by": "seller"}]
    rates = [{"day": 8, "rate": 5}, {"day": 1.5, "rate": 4}]
    shop = scenario("taiwan-gift-shop").changed(payout__changes=changes, payment__cross_border__rates=rates)
    assert [change.day for change in shop.payout.changes] == [2, 9]
    crossing = shop.payment.cross_border
    assert [crossing.rate_at(t) for t in (0, 1.49, 1.5, 7.9, 8, 1000)] == [crossing.rate] * 2 + [4, 4, 5, 5]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_scenario_file_gets_its_sentence(case: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(WRONG[case]["file"], encoding="utf-8")
    assert refusal(path) == WRONG[case]["says"].replace("{facts}", str(FOLDER))


def test_sentences_about_wrong_files_end_once() -> None:
    for case in WRONG.values():
        for sentence in case["says"].splitlines():
            assert sentence.endswith(".")
            assert not sentence.endswith(("..", "?."))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "taiwan-gift",
            f"There is no preset and no file called taiwan-gift. Did you mean taiwan-gift-shop? {ALL_PRESETS}",
        ),
        ("0815.yaml", f"There is no preset and no file called 0815.yaml. {ALL_PRESETS}"),
        ("0\0", f"There is no preset and no file called 0\0. {ALL_PRESETS}"),
        ("0" * 5000, f"{'0' * 5000} cannot be read: File name too long."),
    ],
    ids=["misspelt", "no such file", "no name at all", "a name too long"],
)
def test_a_source_that_is_none_gets_its_sentence(source: str, sentence: str) -> None:
    assert refusal(source) == sentence


def test_a_folder_is_not_a_scenario(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"{tmp_path} is a folder; name a scenario file (.yaml) or a preset."


def test_a_file_that_is_not_utf_8_gets_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_bytes("title: 禮品店\n".encode("big5"))
    assert refusal(path) == "shop.yaml is not UTF-8 text; save it as UTF-8."


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may read everything")
def test_a_file_that_may_not_be_read_gets_its_sentence(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("extends: taiwan-gift-shop\n", encoding="utf-8")
    path.chmod(0)
    assert refusal(path) == f"{path} cannot be read: Permission denied."


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("extends: taiwan-gift-shop\nname: mine\n", encoding="utf-8-sig")
    assert Scenario.load(path).name == "mine"


def test_a_file_that_extends_a_preset_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("extends: taiwan-gift-shop\nlogistics:\n  transit: {mean: 1.5}\n", encoding="utf-8")
    assert Scenario.load(path) == scenario("taiwan-gift-shop").changed(logistics__transit__mean=1.5)


def test_files_extend_files_beside_them_and_the_last_word_counts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "extends: taiwan-gift-shop\nname: a\nstaff: {packers: 2}\n", encoding="utf-8"
    )
    (tmp_path / "b.yaml").write_text("extends: a.yaml\nstaff: {service_agents: 3}\n", encoding="utf-8")
    shop = Scenario.load(tmp_path / "b.yaml")
    assert (shop.name, shop.staff.packers, shop.staff.service_agents) == ("a", 2, 3)


def test_extends_that_leads_round_in_a_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml\n", encoding="utf-8")
    (tmp_path / "b.yaml").write_text("extends: a.yaml\n", encoding="utf-8")
    assert refusal(tmp_path / "a.yaml") == "a.yaml: extends leads back to the file itself."


def test_a_figure_may_be_replaced_by_a_fact_and_a_fact_by_a_figure(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "extends: taiwan-gift-shop\nreturns: {share: 0.5}\nenquiries: {share: {fact: review-share}}\n",
        encoding="utf-8",
    )
    shop = Scenario.load(tmp_path / "a.yaml")
    assert shop.returns.share == 0.5
    assert shop.enquiries.share == sources("taiwan-gift-shop")["reviews.share"].value


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"staff__packer": 2}, "A scenario has no field staff.packer."),
        ({"staff__hours__opens__early": 2}, "A scenario has no field staff.hours.opens.early."),
        ({"returns__share": 2}, "field returns.share: must be at most 1, not 2."),
        ({"returns__share": float("nan")}, "field returns.share: must be a finite number, not nan."),
        (
            {"payment__escrow": True},
            "field payment: with escrow there is no cash-on-delivery: remove that method or set escrow to false.",
        ),
    ],
)
def test_an_impossible_change_gets_its_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SafeShopError) as told:
        scenario("taiwan-gift-shop").changed(**changes)
    assert told.value.sentence == sentence


def test_a_change_leaves_the_original_as_it_was() -> None:
    before = scenario("taiwan-gift-shop").to_yaml()
    changed = scenario("taiwan-gift-shop").changed(logistics__parcel_fee=Decimal("1.50"), staff__packers=7)
    assert changed.minor(changed.logistics.parcel_fee) == 150
    assert scenario("taiwan-gift-shop").to_yaml() == before


def test_amounts_become_whole_cents_without_loss() -> None:
    shop = scenario("taiwan-gift-shop")
    for cents in (0, 1, 7, 29, 1999, 10**10):
        assert shop.minor(Decimal(cents) / 100) == cents


def loads_or_refuses(content: bytes, folder: Path) -> None:
    """Whatever stands in a file, it is a scenario or gets sentences of its own."""
    path = folder / "shop.yaml"
    path.write_bytes(content)
    try:
        Scenario.load(path)
    except SafeShopError as told:
        sentence = told.sentence
    else:
        return
    assert sentence.strip()


@given(st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_bring_anything_but_a_sentence(tmp_path: Path, content: bytes) -> None:
    loads_or_refuses(content, tmp_path)


@given(st.data())
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_to_a_preset_brings_anything_but_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(TEXTS)).encode()
    for _damage in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 40))
        put = data.draw(
            st.binary(max_size=4) | st.sampled_from([b"\n", b": ", b"&a ", b"*a", b"{", b"!!", b"- "])
        )
        content = content[:at] + put + content[at + cut :]
    loads_or_refuses(content, tmp_path)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a tree has something, from the root to the leaves."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.binary(max_size=3)
    | st.sampled_from([1e300, -1e-300, 10**40, "24:00", {"fact": "transit-days"}, {"fact": []}]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=4,
)


@pytest.mark.slow
@given(st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_in_a_field_brings_anything_but_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    tree = json.loads(TREE)
    *parents, leaf = data.draw(st.sampled_from([place for place in places(tree) if place]))
    branch = tree
    for step in parents:
        branch = branch[step]
    branch[leaf] = data.draw(anything)
    loads_or_refuses(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace"), tmp_path)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("old", encoding="utf-8")

    def full(*_given: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SafeShopError) as told:
        scenario("taiwan-gift-shop").save(path)
    assert told.value.sentence == (
        f"Cannot write {path}: No space left on device. Choose a folder that is yours, or make room on the disk."
    )
    assert [item.name for item in tmp_path.iterdir()] == ["shop.yaml"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_file_where_a_folder_should_be_gets_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("")
    path = tmp_path / "none" / "shop.yaml"
    with pytest.raises(SafeShopError) as told:
        scenario("taiwan-gift-shop").save(path)
    assert told.value.sentence.startswith(f"Cannot write {path}: ")


def test_a_saved_file_may_be_read_by_whoever_may_read_others(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    scenario("taiwan-gift-shop").save(tmp_path / "shop.yaml")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("other", "shop.yaml")}
    assert len(modes) == 1


def test_a_control_that_is_written_wrongly_gets_its_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        scenario("taiwan-gift-shop").changed(defence__controls=("6.3@mial",))
    assert told.value.sentence == (
        "field defence.controls.0: must be a control such as '6.3' or '6.3@mail' (devices: laptop, phone, router, "
        "vault-pc, marketplace, payment, mail, web-shop), not '6.3@mial'."
    )


def test_defence_and_attacks_survive_the_file(tmp_path: Path) -> None:
    shop = scenario("taiwan-gift-shop").changed(
        defence__controls=("6.3", "8.2@web-shop"),
        defence__response__pays_ransom=True,
        attacks=[{"campaign": "ransomware", "day": 2}],
        attackers={},
    )
    shop.save(tmp_path / "shop.yaml")
    assert Scenario.load(tmp_path / "shop.yaml") == shop
