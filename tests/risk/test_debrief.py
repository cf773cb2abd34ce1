"""Debrief: the best way is never worse than any other sound one, and silence or an open door is never the best."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from simlib.attacker import Drill
from simlib.attacker.drill import alternatives
from simlib.attacker.process import course_of
from simlib.defence.response import OPTIONS, Question, scripted
from simlib.risk import Debrief, Trials, debrief
from simlib.risk.tabletop import FIRST_DAY, cases
from tests.breaches import gift_shop, store

CASES = cases([gift_shop(), store()])


def played(case: tuple[Trials, str, int], decide: Callable[[Question], str], wait: float = 0) -> Debrief:
    shop, attack, attacker = case
    scenario = shop.attacked(attack, attacker, day=FIRST_DAY)
    drill = Drill(scenario, days=shop.days, seed=shop.seed + attacker)
    while not drill.over:
        drill.advance()
        if drill.question is not None:
            if wait:
                drill.wait(wait)
            if drill.question is not None:
                drill.answer(decide(drill.question))
    return debrief(drill, shop.calm)


def usual(question: Question) -> str:
    return question.usual


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[1])
def test_the_best_way_is_never_worse_than_any_other_sound_one(case: tuple[Trials, str, int]) -> None:
    found = played(case, usual)
    assert found.own.loss == found.usual.loss
    assert found.own.course.incidents == found.usual.course.incidents
    sound = [way for way in found.ways if way.sound]
    assert found.best.sound
    assert all(found.best.order <= way.order for way in sound)
    assert found.worst.harm == max(way.harm for way in found.ways)
    assert found.avoidable == pytest.approx(found.own.harm - found.best.harm)
    assert found.avoidable >= 0
    for way in found.ways:
        answers = {f"{kind}:{option}" for kind, option in way.decisions}
        if answers & {"patch:no", "renew-keys:no", "contain:never"}:
            assert not way.sound
        if way.loss.persons_taken and "tell-customers:no" in answers:
            assert not way.sound


def test_silence_is_cheaper_and_yet_not_the_best() -> None:
    case = next(one for one in CASES if one[1] == "leaked-orders-calls")
    silent = played(case, lambda question: "no" if question.kind == "tell-customers" else question.usual)
    assert silent.own.harm < silent.best.harm
    assert not silent.own.sound
    assert dict(silent.best.decisions)["tell-customers"] == "yes"


def test_a_group_that_waits_does_no_better_than_the_same_group_at_once() -> None:
    case = next(one for one in CASES if one[1] == "account-takeover")
    assert played(case, usual, wait=100).own.harm > played(case, usual).own.harm


def test_a_notice_that_comes_too_late_is_not_sound() -> None:
    case = next(one for one in CASES if one[1] == "shop-software-hole")
    late = played(case, usual, wait=100)
    assert any(row.kind == "notice_late" for row in late.own.course.incidents)
    assert not late.own.sound


@pytest.mark.parametrize("name", ["ransomware", "supplier-payment-fraud"])
def test_every_way_to_answer_is_among_those_that_were_tried(name: str) -> None:
    scenario = gift_shop().attacked(name, 1, day=FIRST_DAY)
    tried = [each.course.incidents for each in alternatives(scenario, days=120, seed=3)]
    every = []
    for choice in itertools.product(*OPTIONS.values()):
        decide = scripted(dict(zip(OPTIONS, choice, strict=True)))
        incidents = course_of(scenario, days=120, seed=3, decide=decide).incidents
        if incidents not in every:
            every.append(incidents)
    assert tried == every
