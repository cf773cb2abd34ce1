"""The walk: the same attacker with and without a control, detection and dwell, people's hours, the drill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.attacker import (
    EFFECTS,
    Course,
    Drill,
    alternatives,
    campaign,
    campaigns,
    chance,
    course_of,
    rates,
)
from simlib.attacker.arrivals import YEAR, arriving, way_in
from simlib.attacker.campaign import PRECONDITIONS
from simlib.attacker.chance import attack_chance
from simlib.calendars import OpeningHours
from simlib.defence import controls, detectors_in_use, false_alarm_hours, notice_due, scripted
from simlib.defence.detection import stopping
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import set_language
from simlib.scenario import Attackers, Defence, Scenario
from simlib.streams import stream
from tests.attacks import EVERYTHING, defences, fulfilled, more_campaigns, under
from tests.shops import scenario

STANDARD_ERRORS = 4.5
"""How far a share may lie from what it estimates; by chance once in 150,000 times, and the seeds are fixed."""

QUIETEST = """
extends: everything
number: 902
steps:
  - name: way-in
    seen_by: []
  - name: all-at-once
    seen_by: []
"""
"""The campaign that does everything, and that nothing can notice."""


@pytest.fixture(autouse=True, scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    set_language("en")
    with more_campaigns(tmp_path_factory.mktemp("campaigns"), everything=EVERYTHING, unnoticed=QUIETEST):
        yield


def suits(name: str) -> Scenario:
    """A preset in which a campaign is possible."""
    shops = [scenario("taiwan-gift-shop"), scenario("mainland-marketplace-store")]
    shops.append(shops[0].changed(confirmation__mode="automatic"))
    return next(shop for shop in shops if campaign(name).possible(shop))


def told(course: Course) -> list[tuple[object, ...]]:
    return [astuple(row) for row in course.incidents]


# ---------------------------------------------------------------------------------------------------------------
# controls


@pytest.mark.parametrize("name", campaigns())
def test_with_a_control_the_same_attacker_comes_and_gets_as_far_or_less(name: str) -> None:
    shop = suits(name)
    listed = [stop.control for step in campaign(name).steps for stop in step.stopped_by]
    stopped = 0
    for seed in range(10):
        free = course_of(under(shop, name), days=60, seed=seed)
        guarded = course_of(
            under(shop, name, defence=Defence(controls=tuple(set(listed)))), days=60, seed=seed
        )
        walk, held = (
            [row for row in each.incidents if row.kind in ("attempted", "succeeded")]
            for each in (free, guarded)
        )
        first = [(row.t, row.step, row.kind) for row in walk]
        assert [(row.t, row.step, row.kind) for row in held] == first[: len(held)]
        held_up = {(row.t, row.step) for row in guarded.incidents if row.kind == "stopped"}
        assert not held_up & {(row.t, row.step) for row in guarded.incidents if row.kind == "succeeded"}
        stopped += len(held_up)
    assert stopped > 0


def test_a_control_at_another_device_stops_nothing() -> None:
    shop = scenario("taiwan-gift-shop")
    for placed, stops in (("6.3@mail", True), ("6.3", True), ("6.3@payment", False), ("7.4", False)):
        shares = [
            any(
                row.kind == "stopped"
                for row in course_of(
                    under(shop, "everything", defence=Defence(controls=(placed,))), days=20, seed=seed
                ).incidents
            )
            for seed in range(30)
        ]
        assert any(shares) == stops


def test_no_stream_of_an_attack_is_drawn_from_for_two_things(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, int]] = []

    def watched(seed: int, purpose: str, branch: int = 0) -> np.random.Generator:
        opened.append((purpose, branch))
        return stream(seed, purpose, branch)

    monkeypatch.setattr(chance, "stream", watched)
    drawn = attack_chance(campaign("everything"), 3, 7)
    assert len(opened) == len(set(opened)) == 10
    assert {branch for _purpose, branch in opened} == {7}
    uniform = [
        drawn.steps[0].success,
        *drawn.steps[0].stops,
        *(each.uniform for each in drawn.steps[0].sightings),
    ]
    assert len(set(uniform)) == len(uniform)


def test_controls_stop_independently_and_as_often_as_stated() -> None:
    walks, step = 1500, campaign("everything").steps[0]
    lucks = [attack_chance(campaign("everything"), seed, 0).steps[0] for seed in range(walks)]
    for placed, share in ((("6.3",), 0.5), (("7.3",), 0.5), (("6.3", "7.3"), 0.75)):
        stopped = sum(stopping(step, luck, Defence(controls=placed)) is not None for luck in lucks)
        assert abs(stopped / walks - share) < STANDARD_ERRORS * sqrt(share * (1 - share) / walks)


def test_a_control_that_nobody_knows_is_refused_before_the_first_day() -> None:
    shop = under(scenario("taiwan-gift-shop"), "ransomware", defence=Defence(controls=("call-bakc",)))
    with pytest.raises(SafeShopError, match="call-back"):
        course_of(shop, days=1, seed=1)
    with pytest.raises(SafeShopError, match="Did you mean ransomware"):
        course_of(under(scenario("taiwan-gift-shop"), "ransomwear"), days=1, seed=1)


# ---------------------------------------------------------------------------------------------------------------
# preconditions


WITHOUT = {
    "own-site": "mainland-marketplace-store",
    "sells-on-marketplace": "taiwan-gift-shop",
    "sees-buyers": "hongkong-consignment",
}
"""Precondition → a preset that does not meet it."""


@pytest.mark.parametrize("name", campaigns())
def test_without_one_of_its_preconditions_a_campaign_is_impossible(name: str) -> None:
    assert campaign(name).needs or name == "supplier-payment-fraud" or name == "seller-not-certified"
    for need in campaign(name).needs:
        shop = lacking(suits(name), need)
        assert not PRECONDITIONS[need].holds(shop)
        for seed in range(3):
            course = course_of(under(shop, name), days=60, seed=seed)
            assert [row.kind for row in course.incidents] == ["impossible"]
            assert [*course.takes, *course.payments, *course.stops, *course.diversions] == []
        assert name not in rates(shop, Attackers())


def lacking(shop: Scenario, need: str) -> Scenario:
    """The shop, or another, without what a campaign needs."""
    weak = shop.defence.weaknesses
    if need in weak:
        return shop.changed(defence__weaknesses=[each for each in weak if each != need])
    if need in WITHOUT:
        return scenario(WITHOUT[need])
    methods = [method.model_dump() for method in shop.payment.methods]
    changes: dict[str, dict[str, Any]] = {
        "takes-cards": {"payment__methods": [m for m in methods if m["name"] != "card"]},
        "takes-cash-on-delivery": {
            "payment__methods": [m for m in methods if m["name"] != "cash-on-delivery"]
        },
        "has-members": {"demand__members_at_start": 0, "demand__returning": 0.0},
        "has-staff": {"staff__packers": 1, "staff__service_agents": 0},
        "keeps-vault": {"retention__orders_leave": "never", "retention__members_leave": "never"},
        "uses-erp": {"retention__orders_leave": "never"},
        "confirms-automatically": {"confirmation__mode": "check-first"},
        "buys-from-suppliers": {
            "catalogue": [item.model_dump() | {"reorder_point": 0} for item in shop.catalogue]
        },
        "is-paid-out": {
            "payment__escrow": False,
            "payment__methods": [m | {"name": "cash-on-delivery"} for m in methods[:1]],
        },
    }
    if need == "has-staff":
        staff = shop.staff.model_copy(update={"packers": 1, "service_agents": 0})
        return shop.model_copy(update={"staff": staff})
    return shop.changed(**changes[need])


# ---------------------------------------------------------------------------------------------------------------
# being found out


def test_what_nothing_notices_comes_out_after_a_time_as_published() -> None:
    shop, walks = scenario("taiwan-gift-shop"), 1500
    known, by = [], []
    for seed in range(walks):
        chance = attack_chance(campaign("unnoticed"), seed, 0)
        known.append(chance.dwell)
        by.append(chance.found_by)
    for share, upto in ((0.415, 7.0), (0.616, 30.0), (0.883, 182.0)):
        assert abs(np.mean(np.array(known) <= upto) - share) < STANDARD_ERRORS * sqrt(
            share * (1 - share) / walks
        )
    # The median of the report is 14 days.
    assert 10.5 < float(np.median(known)) < 17.5
    assert abs(by.count("own") / walks - 0.52) < STANDARD_ERRORS * sqrt(0.52 * 0.48 / walks)
    course = course_of(under(shop, "unnoticed", day=0), days=800, seed=1)
    first = course.first("succeeded")
    assert course.first("found_late") == max(first + known[1], course.first("buyers_called"))
    assert course.first("seen") == float("inf")


def test_without_a_look_at_the_detectors_or_the_control_they_need_they_are_blind() -> None:
    shop = scenario("taiwan-gift-shop")
    seen = {}
    for logs in (False, True):
        for watches in (False, True):
            defence = Defence(controls=("8.2",) if logs else (), watches=watches)
            what = {
                row.what
                for seed in range(30)
                for row in course_of(under(shop, "everything", defence=defence), days=20, seed=seed).incidents
                if row.kind == "seen"
            }
            seen[logs, watches] = what
    assert seen[True, True] == {"log-review", "leak-notice", "order-rate"}
    assert seen[False, True] == {"leak-notice", "order-rate"}
    assert seen[True, False] == seen[False, False] == {"leak-notice"}


@pytest.mark.parametrize("name", campaigns())
def test_who_watches_more_never_knows_later(name: str) -> None:
    # Of the same attempt, if it does harm both times: whoever knows that he is watched may give up.
    shop = suits(name)
    steps = campaign(name).steps
    stops = {stop.control for step in steps for stop in step.stopped_by}
    needed = {sight.needs for step in steps for sight in step.seen_by if sight.needs} - stops
    ways = [(Defence(watches=False), Defence())]
    ways += [(Defence(), Defence(controls=(one,))) for one in sorted(needed)]
    ways.append((Defence(watches=False), Defence(controls=tuple(sorted(needed)))))
    for less, more in ways:
        for seed in range(25):
            before, after = (
                course_of(under(shop, name, defence=defence), days=120, seed=seed) for defence in (less, more)
            )
            if all(any(row.kind in EFFECTS for row in course.incidents) for course in (before, after)):
                assert known(after) <= known(before), (more, seed)


def known(course: Course) -> float:
    """When the owner first learns of an attack."""
    return min(course.first("seen"), course.first("found_late"))


def test_detectors_cost_hours_also_where_nobody_attacks() -> None:
    shop = scenario("taiwan-gift-shop")
    logged = shop.changed(defence__controls=("8.2",))
    assert set(detectors_in_use(shop)) < set(detectors_in_use(logged))
    assert 0 < false_alarm_hours(shop) < false_alarm_hours(logged)


# ---------------------------------------------------------------------------------------------------------------
# the response


@given(defences(), st.integers(0, 10_000))
@settings(max_examples=12)
def test_people_do_one_task_at_a_time_in_their_hours(defence: Defence, seed: int) -> None:
    shop = under(
        scenario("taiwan-gift-shop"), "everything", "everything", "everything", defence=defence, day=0.5
    )
    course = course_of(shop, days=40, seed=seed)
    plan = OpeningHours(shop.staff.hours, shop.start)
    for work in course.work:
        passed = work.until - work.since
        if not defence.response.around_the_clock:
            passed = plan.working_time(work.until) - plan.working_time(work.since)
        assert passed == pytest.approx(work.hours / 24, abs=1e-6)
    edges = sorted([(work.since, 1) for work in course.work] + [(work.until, -1) for work in course.work])
    busy = np.cumsum([step for _t, step in edges])
    assert (busy <= defence.response.people).all()


def test_a_notice_is_due_as_the_place_wants_it() -> None:
    hours = {"taiwan-gift-shop": 72, "hongkong-own-site": float("inf"), "mainland-marketplace-store": 24}
    for preset, within in hours.items():
        assert notice_due(scenario(preset), 2.0) == pytest.approx(2.0 + within / 24, abs=1e-5)


def test_the_attacker_comes_back_only_where_a_way_stayed_open() -> None:
    shop = scenario("taiwan-gift-shop")
    back = {}
    for closes in (True, False):
        response = {"patches": closes, "renews_keys": closes}
        defence = Defence.model_validate({"response": response})
        courses = [
            course_of(under(shop, "everything", defence=defence), days=60, seed=seed) for seed in range(40)
        ]
        back[closes] = sum(course.first("returned") < 60 for course in courses)
        contained = sum(course.first("contained") < 30 for course in courses)
    assert back[True] == 0
    share = back[False] / contained
    assert abs(share - value("attacker-returns-share")) < STANDARD_ERRORS * sqrt(0.25 / contained)


def test_shutting_the_thief_out_does_not_stop_calls_but_warned_buyers_lose_less() -> None:
    shop = scenario("taiwan-gift-shop")
    quick = Defence.model_validate({"response": {"around_the_clock": True}})
    for seed in range(200):
        course = course_of(under(shop, "everything", defence=quick), days=40, seed=seed)
        if course.first("customers_told") < course.first("buyers_called") < 40:
            break
    calls = next(each for each in course.calls if not each.wallets)
    assert course.first("contained") < calls.t
    assert course.share_paying(calls) == pytest.approx(0.45 * value("warned-still-pay-share"))
    course.notices.clear()
    assert course.share_paying(calls) == pytest.approx(0.45)


# ---------------------------------------------------------------------------------------------------------------
# arrivals


def test_attackers_come_as_often_as_the_facts_say_and_by_the_ways_they_say() -> None:
    shop = scenario("taiwan-gift-shop").changed(attackers={"claims_per_year": 1.21})
    assert shop.attackers is not None
    expected = rates(shop, shop.attackers)
    years, seeds = 2, 60
    came = [each for seed in range(seeds) for each in arriving(shop, round(YEAR * years), seed)]
    total = sum(expected.values()) * years * seeds
    assert abs(len(came) - total) < STANDARD_ERRORS * sqrt(total)
    for name, per_year in expected.items():
        mean = per_year * years * seeds
        count = sum(each.campaign.name == name for each in came)
        assert abs(count - mean) < STANDARD_ERRORS * sqrt(mean)
    exploited = sum(rate for name, rate in expected.items() if way_in(campaign(name)) == "exploit")
    assert exploited == pytest.approx(shop.attackers.attempts_per_year * 0.26)


def test_the_usual_rate_is_that_of_insured_small_firms_times_what_others_notice() -> None:
    assert Attackers().claims_per_year == 0.0121
    assert Attackers().attempts_per_year == pytest.approx(0.0121 * 35)


def test_a_longer_time_begins_with_the_same_attackers_and_one_campaign_less_leaves_the_others() -> None:
    shop = scenario("taiwan-gift-shop").changed(attackers={"claims_per_year": 2.0})
    short, long = arriving(shop, 200, 5), arriving(shop, 400, 5)
    assert [each.t for each in short] == [each.t for each in long if each.t < 200]
    safer = shop.changed(defence__weaknesses=[])
    left = {(each.t, each.campaign.name) for each in arriving(safer, 400, 5)}
    assert left < {(each.t, each.campaign.name) for each in long}


def test_an_attack_more_leaves_the_others_as_they_were() -> None:
    shop = scenario("taiwan-gift-shop")
    quick = Defence.model_validate({"response": {"people": 9}})
    alone = course_of(under(shop, "everything", defence=quick), days=30, seed=4)
    both = course_of(under(shop, "everything", "unnoticed", defence=quick), days=30, seed=4)
    assert [row for row in told(both) if row[1] == 0] == told(alone)


# ---------------------------------------------------------------------------------------------------------------
# the drill


@pytest.mark.parametrize("seed", range(4))
def test_a_drill_answered_by_the_standing_orders_is_the_usual_course(seed: int) -> None:
    shop = under(scenario("taiwan-gift-shop"), "everything", "ransomware")
    drill = Drill(shop, days=60, seed=seed)
    heard = []
    while not drill.over:
        heard += drill.advance()
        if drill.question is not None:
            drill.answer(drill.question.usual)
    usual = course_of(shop, days=60, seed=seed)
    assert told(drill.finish()) == told(usual)
    assert len(heard) == len({id(row) for row in heard})
    assert all(row.kind not in ("attempted", "succeeded", "copies_taken", "impossible") for row in heard)


def test_in_a_drill_waiting_costs_time_and_answers_are_checked() -> None:
    shop = under(scenario("taiwan-gift-shop"), "everything")
    seed = next(s for s in range(50) if course_of(shop, days=30, seed=s).first("seen") < 10)
    drill = Drill(shop, days=30, seed=seed)
    with pytest.raises(SafeShopError, match="Nothing is to be decided"):
        drill.answer("now")
    news = drill.advance()
    while not drill.question:
        news += drill.advance()
    assert drill.question.kind == "contain"
    asked = drill.t
    assert drill.advance() == []
    assert drill.t == asked
    drill.wait(30)
    assert drill.t == pytest.approx(asked + 30 / 24)
    with pytest.raises(SafeShopError, match="one of now, tomorrow, never, not perhaps"):
        drill.answer("perhaps")
    with pytest.raises(SafeShopError, match="more than 0"):
        drill.wait(0)
    drill.answer("now")
    while not drill.over:
        drill.advance()
        if drill.question is not None:
            drill.answer(drill.question.usual)
    assert drill.finish().first("contained") > course_of(shop, days=30, seed=seed).first("contained")
    assert drill.answers[0][2] == "contain"


def test_every_way_to_answer_comes_once_and_the_usual_one_is_among_them() -> None:
    shop = under(scenario("taiwan-gift-shop"), "ransomware")
    seed, course = fulfilled(scenario("taiwan-gift-shop"), "ransomware", days=40)
    ways = list(alternatives(shop, days=40, seed=seed))
    courses = [told(way.course) for way in ways]
    assert told(course) in courses
    decided = [[row[4] for row in each if row[3] == "decided"] for each in courses]
    assert len({tuple(each) for each in decided}) == len(ways) > 5
    never = next(way for way in ways if way.answers["contain"] == "never")
    assert never.course.first("contained") == float("inf")


def test_scripted_answers_that_are_not_possible_give_way_to_the_standing_orders() -> None:
    seed, _course = fulfilled(scenario("taiwan-gift-shop"), "ransomware", days=40)
    shop = under(scenario("taiwan-gift-shop"), "ransomware")
    course = course_of(
        shop, days=40, seed=seed, decide=scripted({"restore": "offline-backup", "contain": "tomorrow"})
    )
    decided = [row.what for row in course.incidents if row.kind == "decided"]
    assert decided[:2] == ["contain:tomorrow", "contain:now"]
    assert "restore:rebuild" in decided


def test_controls_named_in_the_table_exist() -> None:
    for name in campaigns():
        for step in campaign(name).steps:
            assert all(stop.control in controls() for stop in step.stopped_by)


def test_a_mean_amount_is_met_in_the_long_run() -> None:
    shop = scenario("taiwan-gift-shop")
    amounts = [
        payment.amount
        for seed in range(300)
        for payment in course_of(under(shop, "everything", day=0), days=1, seed=seed).payments
        if payment.kind == "theft"
    ]
    mean = 100 * value("currency-per-usd")["TWD"] * 100
    assert abs(np.mean(amounts) / mean - 1) < STANDARD_ERRORS / sqrt(len(amounts))
    assert np.std(np.log(amounts)) == pytest.approx(sqrt(log(2)), rel=0.2)
