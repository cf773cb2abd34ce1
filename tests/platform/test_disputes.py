"""Disputes: the ladder reckoned by hand is the one that the model climbs, and it keeps data online."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from simlib.facts import value
from simlib.platform.disputes import (
    dispute_results,
    expected_cost,
    expected_days,
    expected_steps,
    online_by_dispute,
    step_label,
)
from simlib.privacy import copies_of, policy
from simlib.records import Run
from simlib.scenario import DisputeStep
from simlib.world import simulate
from tests.shops import scenario


def step(name: str, days: float, settles: float, for_buyer: float, cost: str) -> dict[str, Any]:
    lasts = {"mean": days, "unit": "days", "spread": 0.3}
    return {"name": name, "lasts": lasts, "settles": settles, "for_buyer": for_buyer, "cost": cost}


LADDER = [step("negotiation", 1, 0.5, 0.8, "10"), step("consumer-body", 4, 0.25, 0.5, "100")]
LADDER.append(step("court", 8, 0.1, 0.0, "1000"))


@pytest.fixture(scope="module")
def quarrels() -> Run:
    shop = scenario("taiwan-gift-shop").changed(disputes__share=0.5, disputes__steps=LADDER)
    return simulate(shop, days=120, seed=11)


def test_the_ladder_reckoned_by_hand() -> None:
    steps = [DisputeStep.model_validate(one) for one in LADDER]
    reckoned = expected_steps(steps)
    assert [one.reached for one in reckoned] == pytest.approx([1, 0.5, 0.375])
    # The last step ends all, whatever it is said to settle.
    assert [one.ended for one in reckoned] == pytest.approx([0.5, 0.125, 0.375])
    assert sum(one.ended for one in reckoned) == pytest.approx(1)
    assert expected_days(steps) == pytest.approx(1 + 0.5 * 4 + 0.375 * 8)
    assert expected_cost(steps) == pytest.approx(10 + 0.5 * 100 + 0.375 * 1000)


def test_every_dispute_ended_in_one_step_for_one_side_or_is_open(quarrels: Run) -> None:
    ends, frame = dispute_results(quarrels), quarrels.orders.pandas()
    opened = frame.dropna(subset=["dispute_opened"])
    settled = opened.dropna(subset=["dispute_ended"])
    assert ends.for_buyer.sum() + ends.for_seller.sum() == ends.settled == len(settled)
    assert ends.still_open == len(opened) - len(settled)
    assert ends.for_buyer.sum() == (settled["state"] == "refunded").sum()
    assert ends.given_back == settled.loc[settled["state"] == "refunded", "amount"].sum() / 100
    assert sorted(ends.days) == sorted(settled["dispute_ended"] - settled["dispute_opened"])
    climbed = quarrels.events.pandas().query("kind == 'dispute_step'")
    assert ends.costs == climbed["amount"].sum() / 100


def test_what_is_counted_is_what_was_reckoned_within_chance(quarrels: Run) -> None:
    ends = dispute_results(quarrels)
    reckoned = expected_steps(quarrels.scenario.disputes.steps)
    # Of disputes opened long ago, all but the slowest are settled.
    count = ends.settled
    assert count > 400
    for number, one in enumerate(reckoned[:2]):
        ended = int(ends.for_buyer[number] + ends.for_seller[number])
        spread = 4 * np.sqrt(count * one.ended * (1 - one.ended))
        assert abs(ended - count * one.ended) < spread + ends.still_open
        won = 4 * np.sqrt(ended * one.for_buyer * (1 - one.for_buyer))
        assert abs(ends.for_buyer[number] - ended * one.for_buyer) < won
    assert ends.for_buyer[2] == 0


def test_a_disputed_order_stays_readable_until_it_is_exported_after_its_end(quarrels: Run) -> None:
    copies = copies_of(quarrels, policy("vault-at-completion", quarrels.scenario.retention))
    quiet, disputed = online_by_dispute(quarrels, copies)
    frame, rows = quarrels.orders.pandas(), copies.pandas()
    mine = rows[(rows["place"] == "shop") & (rows["record"] == "order") & (rows["form"] == "plain")]
    mine = mine[(mine["fields"] & (4 | 8 | 16)) != 0]
    spans = (mine["until"].clip(upper=quarrels.days) - mine["since"]).groupby(mine["number"]).sum()
    argued = frame["dispute_opened"].notna()
    kept = frame["cooling_off_ended"].notna()
    for group, chosen in ((quiet, kept & ~argued), (disputed, argued)):
        online = spans.reindex(frame.index[chosen])
        assert group.orders == len(online)
        assert group.days == pytest.approx(online.mean())
        assert group.longest == pytest.approx(online.max())
        assert group.record_days == pytest.approx(online.sum())
    assert disputed.days > quiet.days + 2
    assert quiet.orders + disputed.orders == kept.sum()


def test_what_settling_costs_is_booked_as_a_dispute_and_as_nothing_else(quarrels: Run) -> None:
    rows = quarrels.postings
    costs, disputes = rows.where("account", "dispute_costs"), rows.where("kind", "dispute")
    assert costs.sum() > 20
    assert (disputes[costs]).all()
    assert rows["amount"][disputes].sum() == 0
    told = quarrels.events.where("kind", "dispute_step")
    assert rows["amount"][costs].sum() == quarrels.events["amount"][told].sum()


def test_without_disputes_there_is_nothing_to_count() -> None:
    run = simulate(scenario("taiwan-gift-shop"), days=20, seed=1)
    ends = dispute_results(run)
    assert (ends.settled, ends.still_open, ends.costs, ends.given_back) == (0, 0, 0, 0)
    assert online_by_dispute(run, run.copies)[1].orders == 0


@pytest.mark.parametrize("ladder", ["dispute-ladder", "dispute-ladder-own-site"])
def test_each_step_of_the_ladders_has_its_own_words_and_is_dearer_than_the_one_before(ladder: str) -> None:
    steps = [DisputeStep.model_validate(one) for one in value(ladder)]
    assert len({step_label(one.name) for one in steps}) == len(steps)
    for below, above in itertools.pairwise(steps):
        assert below.lasts.mean_days < above.lasts.mean_days
        assert below.cost < above.cost
    # The lesson says so: most end in the first step, and the others make up most of the days and of the costs.
    first = expected_steps(steps)[0]
    assert first.ended > 0.5
    assert first.ended * first.days < expected_days(steps) / 2
    assert first.ended * first.cost < expected_cost(steps) / 2
