from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.platform.rules import (
    CONSEQUENCES,
    SERIOUS,
    VIOLATIONS,
    Rulebook,
    Standing,
    Violation,
    consequence_label,
    judge,
    late_shipments,
    rulebook,
    violation_label,
)
from simlib.records import MILESTONES, STATES, Table

RULES = rulebook()
violations = st.builds(Violation, st.integers(0, 1000).map(float), st.sampled_from(VIOLATIONS))
histories = st.lists(violations, max_size=8)
moments = st.integers(0, 2000).map(float)
severity = CONSEQUENCES.index


@given(histories, violations, moments)
def test_one_more_violation_never_improves_anything(
    history: list[Violation], extra: Violation, t: float
) -> None:
    """Row A11."""
    before, after = judge(history), judge(history).after(extra)
    assert after.points(t) >= before.points(t)
    assert after.visibility(t) <= before.visibility(t)
    assert after.payout_frozen(t) >= before.payout_frozen(t)
    assert after.closed(t) >= before.closed(t)
    assert severity(after.consequence(t)) >= severity(before.consequence(t))
    if t < extra.t:
        assert after.points(t) == before.points(t)


@given(histories, moments)
def test_points_are_those_of_the_last_year_counted_one_by_one(history: list[Violation], t: float) -> None:
    counted = sum(RULES.points[one.kind] for one in history if t - RULES.expires_days < one.t <= t)
    assert judge(history).points(t) == counted


@given(histories)
def test_in_the_end_all_points_expire_and_only_a_closed_store_stays_punished(
    history: list[Violation],
) -> None:
    standing = judge(history)
    end = 1000 + RULES.expires_days
    assert standing.points(end) == 0
    ever_closed = any(standing.points(one.t) >= RULES.close_at for one in history)
    assert standing.closed(end) == ever_closed
    assert standing.visibility(end) == (0.0 if ever_closed else 1.0)
    assert standing.payout_frozen(end) == ever_closed


@given(histories, violations, moments)
def test_an_appeal_that_is_upheld_restores_exactly_from_the_day_it_is_decided(
    history: list[Violation], wrong: Violation, later: float
) -> None:
    without = judge(history)
    charged = without.after(wrong)
    number = next(position for position, entry in enumerate(charged.entries) if entry.violation is wrong)
    lodged = wrong.t + 3
    decided = lodged + RULES.appeal_days
    restored = charged.appealed(number, lodged, uniform=0.0)
    for t in (decided, decided + later):
        assert restored.points(t) == without.points(t)
        assert restored.consequence(t) == without.consequence(t)
        assert restored.visibility(t) == without.visibility(t)
        assert restored.closed(t) == without.closed(t)
    # Until then it counts.
    for t in (wrong.t, lodged, decided - 0.5):
        assert restored.points(t) == charged.points(t)
        assert restored.consequence(t) == charged.consequence(t)


@given(histories, violations, moments)
def test_an_appeal_that_is_refused_changes_nothing(
    history: list[Violation], wrong: Violation, t: float
) -> None:
    charged = judge([*history, wrong])
    assert charged.appealed(0, charged.entries[0].violation.t, RULES.appeal_upheld) == charged


@given(histories, moments)
def test_the_order_in_which_violations_are_told_does_not_matter(history: list[Violation], t: float) -> None:
    assert judge(history).consequence(t) == judge(reversed(history)).consequence(t)


@given(histories)
def test_a_standing_changes_only_at_its_own_moments(history: list[Violation]) -> None:
    standing = judge(history)
    edges = [-1.0, *standing.changes(), 5000.0]
    for begin, end in itertools.pairwise(edges):
        assert standing.points(begin) == standing.points((begin + end) / 2)
        assert standing.consequence(begin) == standing.consequence((begin + end) / 2)


@pytest.mark.parametrize(
    ("kinds", "points", "consequence", "visibility", "frozen"),
    [
        ([], 0, "none", 1.0, False),
        (["late-shipment"] * 3, 9, "none", 1.0, False),
        (["late-shipment"] * 4, 12, "reduced-visibility", 0.5, False),
        (["leaked-data"], 24, "frozen-payout", 0.2, True),
        (["leaked-data", "fake-goods"], 48, "closure", 0.0, True),
    ],
)
def test_thresholds_lead_to_their_consequences(
    kinds: list[str], points: int, consequence: str, visibility: float, frozen: bool
) -> None:
    standing = judge(Violation(1.0, kind) for kind in kinds)
    assert standing.points(1.0) == points
    assert standing.consequence(1.0) == consequence
    assert standing.visibility(1.0) == visibility
    assert standing.payout_frozen(1.0) == frozen
    assert standing.sentence(1.0) == f"{points} points: {consequence_label(consequence)}."


def test_leaking_others_data_costs_more_than_shipping_late() -> None:
    assert RULES.points["leaked-data"] == max(RULES.points.values())
    assert min(RULES.points[kind] for kind in SERIOUS) > RULES.points["late-shipment"]


def test_points_lapse_after_a_year_to_the_day() -> None:
    standing = Standing().after("late-shipment", 10.0)
    assert standing.points(9.99) == 0
    assert standing.points(10 + RULES.expires_days - 0.01) == 3
    assert standing.points(10 + RULES.expires_days) == 0


def orders(told: list[float], picked: list[float], closed: list[float]) -> Table:
    columns = {name: np.full(len(told), np.nan) for name in MILESTONES}
    columns |= {"seller_told": np.array(told), "picked_up": np.array(picked), "closed": np.array(closed)}
    columns["order"] = np.arange(len(told)) + 100
    columns["state"] = np.zeros(len(told), dtype=np.int8)
    return Table(columns, {"state": STATES})


NAN = float("nan")


def test_an_order_is_late_when_the_courier_has_it_after_the_limit() -> None:
    table = orders(
        [5.0, 1.0, 1.0, NAN, 1.0, 1.0],
        [8.0, 3.0, 3.5, NAN, NAN, NAN],
        [20.0, NAN, NAN, NAN, 2.0, NAN],
    )
    # One late; one in time to the minute; one late; never told; closed before; never shipped.
    assert late_shipments(table, 2.0) == [
        Violation(3.0, "late-shipment", 102),
        Violation(3.0, "not-shipped", 105),
        Violation(7.0, "late-shipment", 100),
    ]


def test_nothing_is_said_of_what_falls_due_after_the_end() -> None:
    table = orders([1.0, 2.0], [NAN, NAN], [NAN, NAN])
    assert [one.order for one in late_shipments(table, 2.0, until=3.5)] == [100]


@given(st.lists(st.tuples(moments, moments), max_size=20), st.integers(1, 30))
def test_a_longer_limit_finds_no_more_violations(spans: list[tuple[float, float]], limit: int) -> None:
    told = [begin for begin, _span in spans]
    table = orders(told, [begin + span for begin, span in spans], [NAN] * len(spans))
    short = {one.order for one in late_shipments(table, float(limit))}
    long = {one.order for one in late_shipments(table, float(limit + 1))}
    assert long <= short
    assert short == {100 + number for number, (_begin, span) in enumerate(spans) if span > limit}


def changed(**fields: object) -> Rulebook:
    return replace(RULES, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"freeze_at": 60},
            "Rulebook: the points for reduced visibility, frozen payout and closure must rise, not 12, 60, 48.",
        ),
        ({"frozen": 0.9}, "Rulebook: visibility must fall from 1 over 0.5 to 0.9."),
        ({"expires_days": 0}, "Rulebook: points and times must not be negative."),
        ({"appeal_upheld": 2}, "Rulebook: the chance of an appeal must lie between 0 and 1, not 2."),
    ],
)
def test_an_impossible_rulebook_gets_its_sentence(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(SafeShopError) as told:
        changed(**fields)
    assert told.value.sentence == sentence


def test_wrong_steps_get_their_sentence() -> None:
    standing = Standing().after("quality", 5.0)
    with pytest.raises(SafeShopError) as told:
        standing.after("rudeness", 6.0)
    assert told.value.sentence == f"The violation must be one of {', '.join(VIOLATIONS)}, not rudeness."
    with pytest.raises(SafeShopError) as told:
        standing.after("quality")
    assert told.value.sentence == "The violation quality needs its moment: give t in days."
    with pytest.raises(SafeShopError) as told:
        standing.appealed(1, 6.0, 0.0)
    assert told.value.sentence == "There is no entry 1 on record to appeal against; there are 1."
    with pytest.raises(SafeShopError) as told:
        standing.appealed(0, 4.0, 0.0)
    assert told.value.sentence == "The appeal on day 4.0 comes before the violation of day 5.0."
    with pytest.raises(SafeShopError) as told:
        late_shipments(orders([], [], []), 0)
    assert told.value.sentence == "The limit for shipping must be more than 0 days, not 0."


def test_each_violation_and_consequence_has_its_label() -> None:
    assert len({violation_label(kind) for kind in VIOLATIONS}) == len(VIOLATIONS)
    assert len({consequence_label(one) for one in CONSEQUENCES}) == len(CONSEQUENCES)
