from __future__ import annotations

from itertools import product
from math import prod

import pytest

from simlib.attacker import campaign, campaigns
from simlib.attacker.campaign import campaign_sources
from simlib.attacker.strength import is_measured, stop_facts, stopped_share, stopping_controls, success
from simlib.scenario import Defence

ALL = tuple(campaigns())


def by_counting(name: str, defence: Defence) -> float:
    """The chance once more: every way that each control's and each step's luck may fall, weighted."""
    total = 1.0
    for step in campaign(name).steps:
        shares = [stop.share for stop in step.stopped_by if defence.has(stop.control, stop.device)]
        passing = 0.0
        for falls in product((True, False), repeat=len(shares)):
            weight = prod(
                share if stopped else 1 - share for share, stopped in zip(shares, falls, strict=True)
            )
            passing += weight * step.chance * (not any(falls))
        total *= passing
    return total


@pytest.mark.parametrize("name", ALL)
def test_the_chance_is_what_counting_every_fall_of_the_dice_gives(name: str) -> None:
    used = tuple(stopping_controls(campaign(name)))
    for defence in (Defence(), Defence(controls=used), Defence(controls=used[::2])):
        assert success(campaign(name), defence) == pytest.approx(by_counting(name, defence), abs=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_every_control_of_a_campaign_makes_it_less_likely_and_none_makes_it_more(name: str) -> None:
    one = campaign(name)
    bare = success(one)
    assert bare > 0
    for control, share in stopping_controls(one).items():
        alone = success(one, Defence(controls=(control,)))
        assert alone == pytest.approx(bare * (1 - share))
        assert alone < bare
    assert success(one, Defence(controls=tuple(stopping_controls(one)))) < 0.2 * bare


def test_a_control_on_another_device_protects_nothing() -> None:
    one = campaign("account-takeover")
    assert success(one, Defence(controls=("6.3@mail",))) == success(one)
    assert success(one, Defence(controls=("6.3@marketplace",))) == success(one, Defence(controls=("6.3",)))


def test_what_a_study_measured_is_told_from_what_was_judged() -> None:
    one = campaign("account-takeover")
    assert [known.id for known in stop_facts(one, "6.3")] == ["sms-code-stops-targeted-share"]
    assert is_measured(one, "6.3")
    assert not is_measured(one, "payout-hold")
    assert not is_measured(one, "cdn")
    assert stopped_share(one, "cdn") == 0


@pytest.mark.parametrize("name", ALL)
def test_every_figure_of_a_campaign_can_be_traced_to_its_source(name: str) -> None:
    origin = campaign_sources(name)
    for number, step in enumerate(campaign(name).steps):
        assert origin[f"steps.{number}.chance"].value == step.chance
        assert origin[f"steps.{number}.lasts.mean"].value == step.lasts.mean
        for place, stop in enumerate(step.stopped_by):
            assert origin[f"steps.{number}.stopped_by.{place}.share"].value == stop.share
        for place, sight in enumerate(step.seen_by):
            assert origin[f"steps.{number}.seen_by.{place}.hit"].value == sight.hit
            assert origin[f"steps.{number}.seen_by.{place}.after.mean"].value == sight.after.mean
