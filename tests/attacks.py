"""Attacks to prove the engine on: a campaign that does everything at once, and any shop under any of the campaigns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from simlib.attacker import Course, campaign, campaigns, course_of
from simlib.defence import controls
from simlib.records import Run
from simlib.scenario import Attack, Defence, Scenario
from simlib.world import simulate
from tests.shops import lengths, scenarios, seeds

EVERYTHING = """
number: 901
techniques: [T1190, T1078]
steps:
  - name: way-in
    techniques: [T1190]
    lasts: {mean: 3, unit: hours, spread: 0.5}
    chance: 1.0
    stopped_by:
      - {control: "6.3", device: mail, share: 0.5}
      - {control: "7.3", share: 0.5}
    seen_by:
      - {detector: log-review, by: own, hit: 0.4, needs: "8.2", after: {mean: 10, unit: hours, spread: 0.5}}
      - {detector: leak-notice, by: outsider, hit: 0.3, after: {mean: 3, unit: days, spread: 0.5}}
  - name: all-at-once
    techniques: [T1078]
    lasts: {mean: 1, unit: hours, spread: 0.5}
    chance: 1.0
    seen_by:
      - {detector: order-rate, by: own, hit: 0.6, after: {mean: 1, unit: days, spread: 0.5}}
    effects:
      - {kind: take-copies, places: [shop, platform, mailbox, erp, retailer, consignee, courier]}
      - {kind: take-copies, places: [shop, platform], share: 0.4, lasts: {mean: 2, unit: days, spread: 0.5}}
      - {kind: read-memory, requests: 100}
      - {kind: divert-payouts}
      - {kind: transfer-cash, amount: 100, currency: USD, spread: 1.0}
      - {kind: wrong-price, percent: 10, orders_per_hour: 1, hours: 12}
      - {kind: order-falsely, orders: 10, hours: 12}
      - {kind: charge-back, share: 0.5, days: 4}
      - {kind: card-testing, attempts: 100, fee: "0.10"}
      - {kind: take-wallets, share: 0.5, amount: 20}
      - {kind: stop-shop, lasts: {mean: 5, unit: hours, spread: 0.5}}
      - {kind: destroy, places: [backup-online]}
      - {kind: encrypt, places: [shop, platform, erp, mailbox]}
  - name: calls
    techniques: [T1566.004]
    lasts: {mean: 3, unit: days, spread: 0.5}
    chance: 1.0
    effects:
      - {kind: call-buyers, share_called: 0.9, share_paying: 0.5, amount: 300}
"""
"""A campaign with an effect of every kind."""


@contextmanager
def more_campaigns(folder: Path, **texts: str) -> Iterator[None]:
    """For a while, campaigns of these texts beside the ready-made ones (named with hyphens for underscores)."""
    # By its name, for the package has a function of the same name.
    module = import_module("simlib.attacker.campaign")
    for ready in module.FOLDER.glob("*.yaml"):
        (folder / ready.name).write_bytes(ready.read_bytes())
    for name, text in texts.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "FOLDER", folder)
    campaign.cache_clear()
    try:
        yield
    finally:
        patch.undo()
        campaign.cache_clear()


def under(shop: Scenario, *names: str, day: float = 3.0, defence: Defence | None = None) -> Scenario:
    """The shop under attack by these campaigns, one after the other."""
    attacks = tuple(Attack(campaign=name, day=day + number) for number, name in enumerate(names))
    changes: dict[str, Any] = {"attacks": attacks}
    if defence is not None:
        changes["defence"] = defence
    return shop.model_copy(update=changes)


def fulfilled(
    shop: Scenario, name: str, *, days: int, first: int = 0, day: float = 3.0
) -> tuple[int, Course]:
    """The first seed with which a campaign gets to its last step in this shop, and its course."""
    last = campaign(name).steps[-1].name
    for seed in range(first, first + 2000):
        course = course_of(under(shop, name, day=day), days=days, seed=seed)
        if any(row.kind == "succeeded" and row.step == last for row in course.incidents):
            return seed, course
    raise AssertionError(f"{name} never succeeds")


@st.composite
def defences(draw: Any) -> Defence:
    """Any defence."""
    flags = st.booleans()
    names = st.sampled_from(sorted(controls()))
    return Defence.model_validate(
        {
            "controls": draw(st.lists(names, max_size=4, unique=True))
            + draw(st.lists(st.just("6.3@mail"), max_size=1)),
            "watches": draw(flags),
            "backup": {"online": draw(flags), "offline": draw(flags), "tested": draw(flags)},
            "response": {
                **{
                    name: draw(flags)
                    for name in (
                        "patches",
                        "renews_keys",
                        "restores",
                        "pays_ransom",
                        "notifies",
                        "tells_customers",
                    )
                },
                "contains": draw(st.sampled_from([True, True, False])),
                "people": draw(st.integers(1, 2)),
                "around_the_clock": draw(flags),
            },
        }
    )


@st.composite
def attacked(draw: Any) -> tuple[Scenario, int, int]:
    """Any small shop under attack, for how many days, with which seed."""
    shop: Scenario = draw(scenarios())
    names = [name for name in campaigns() if campaign(name).possible(shop)]
    chosen = draw(st.lists(st.sampled_from([*names, "everything", "everything"]), min_size=1, max_size=3))
    attacks = tuple(Attack(campaign=name, day=draw(st.sampled_from([0.0, 1.3, 5.0]))) for name in chosen)
    attackers = draw(st.sampled_from([None, {"claims_per_year": 2.0}]))
    shop = shop.changed(defence=draw(defences()), attackers=attackers).model_copy(update={"attacks": attacks})
    return shop, draw(lengths), draw(seeds)


def simulated(given: tuple[Scenario, int, int]) -> Run:
    """The run of what `attacked` draws."""
    shop, days, seed = given
    return simulate(shop, days=days, seed=seed)
