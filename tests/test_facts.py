from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simlib import facts
from simlib.errors import SafeShopError
from simlib.facts import FOLDER, all_facts, fact, value
from simlib.scenario import PRESETS, Scenario, presets, sources

FILES = sorted(FOLDER.glob("*.yaml"))

STRUCTURE = {
    "name",
    "title",
    "extends",
    "place",
    "channel",
    "locale",
    "currency",
    "timezone",
    "start",
    "cooling_off.runs_from",
    "cooling_off.basis",
    "confirmation.mode",
    "payment.escrow",
    "retention.orders_leave",
    "retention.members_leave",
    "retention.mask_after_days",
    "retention.mask_fields",
    "retention.removable_media",
}
"""What a preset says without a fact: names, places and choices. No figure is among them; whether masking happens
at all is a choice, and it is empty in every preset."""


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a preset file by its path, list positions left out; a reference to a fact is one value."""
    if isinstance(tree, dict) and set(tree) != {"fact"}:
        for key, item in tree.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for item in tree:
            yield from leaves(item, path)
    else:
        yield path, tree


@pytest.mark.parametrize("preset", presets())
def test_every_value_of_a_preset_is_a_fact_or_a_named_choice(preset: str) -> None:
    tree = yaml.safe_load((PRESETS / f"{preset}.yaml").read_text(encoding="utf-8"))
    for path, leaf in leaves(tree):
        last = path.rpartition(".")[2]
        if isinstance(leaf, dict):
            assert set(leaf) == {"fact"}
        else:
            assert path in STRUCTURE or last in ("unit", "name"), f"{path}: {leaf}"
            assert isinstance(leaf, bool) or not isinstance(leaf, int | float), f"{path}: {leaf}"


@pytest.mark.parametrize("preset", presets())
def test_every_figure_of_a_preset_can_be_traced_to_its_source(preset: str) -> None:
    origin = sources(preset)
    scenario = Scenario.load(preset).model_dump(mode="json")
    for path, leaf in leaves({key: part for key, part in scenario.items() if key != "catalogue"}):
        # Lists of figures come from one fact, methods from one fact each.
        steps = path.split(".")
        known = [name for name in origin if [step for step in name.split(".") if not step.isdigit()] == steps]
        if not isinstance(leaf, bool) and isinstance(leaf, int | float):
            assert known, path
    assert origin["catalogue"].unit


@pytest.mark.parametrize("one", all_facts().values(), ids=lambda one: one.id)
def test_every_fact_says_its_unit_its_source_its_year_and_whether_it_was_verified(one: facts.Fact) -> None:
    assert one.value not in (None, "", [])
    assert one.unit.strip()
    assert len(one.source.strip()) > 5
    assert 1961 <= one.year <= 2026
    assert one.status in ("verified", "assumption")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_fact_stands_twice_in_a_file(path: Path) -> None:
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    names = [key.value for key, _item in node.value]
    assert len(set(names)) == len(names)


def test_a_fact_is_found_by_its_id() -> None:
    assert value("transit-days") == fact("transit-days").value == 3
    assert fact("transit-days").id == "transit-days"


def test_an_unknown_fact_gets_its_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        fact("transit-weeks")
    assert told.value.sentence == f"There is no fact called transit-weeks; the facts stand in {FOLDER}."


WHOLE = "{value: 1, unit: days, source: somebody, year: 2026, status: verified}"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"a.yaml": f"one: {WHOLE}", "b.yaml": f"one: {WHOLE}"},
            "b.yaml: the fact one stands in two files; rename one.",
        ),
        ({"a.yaml": "one: {value: 1, unit: days}"}, "a.yaml: the fact one is incomplete: "),
        ({"a.yaml": "one: 1"}, "a.yaml: the fact one is incomplete: "),
        (
            {"a.yaml": f"one: {WHOLE.replace('verified', 'certain')}"},
            "a.yaml: the fact one is incomplete: ",
        ),
    ],
)
def test_facts_that_cannot_be_trusted_are_refused(
    files: dict[str, str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(facts, "FOLDER", tmp_path)
    # Under the cache, so that no other test ever sees these facts.
    with pytest.raises(SafeShopError) as told:
        all_facts.__wrapped__()
    assert told.value.sentence.startswith(sentence)
