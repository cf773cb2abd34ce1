"""What the next setting is worth: the short cut changes nothing, and the ranking says what the attacks say."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.attacker import campaign
from simlib.defence.checkup import check_up, recorded
from simlib.defence.devices import Devices, controls_in_place, controls_known, devices_of, places
from simlib.defence.devices import settings as all_settings
from simlib.risk.hardening import (
    Losses,
    _defended,
    _Memory,
    best_of,
    mentioned,
    next_settings,
    possible_steps,
    rank_settings,
)
from tests.shops import scenario

STORE = "mainland-marketplace-store"


@lru_cache
def losses(name: str = STORE, walks: int = 120) -> Losses:
    return Losses(scenario(name), walks=walks, seed=3)


def bare(name: str = STORE) -> Devices:
    return Devices(name="bare", has=devices_of(scenario(name)))


everything = [f"{control}@{device}" for control, devices in controls_known().items() for device in devices]


@pytest.mark.slow
@given(st.data())
@settings(deadline=None, max_examples=12)
def test_an_attempt_that_is_not_walked_again_would_have_cost_the_same(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(losses().rates)))
    walk = data.draw(st.integers(0, 30))
    what = campaign(name)
    own = sorted(placed for placed in everything if placed.partition("@")[0] in mentioned(what))
    sets = data.draw(st.lists(st.sets(st.sampled_from(own)), min_size=6, max_size=6))
    # Nothing, everything, and one control each: neighbours, where a short cut would go wrong first.
    for placed in (set(), set(own), *sets, *({one} for one in own)):
        shop = _defended(losses().scenario, sorted(placed))
        assert losses()._loss(what, shop, walk) == losses().walked(what, shop, walk), placed


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_and_another_one_others() -> None:
    first = losses(walks=40)
    again = Losses(scenario(STORE), walks=40, seed=3)
    again._memory = _Memory(again.scenario, again.days, 3)
    assert again.attempts == first.attempts
    for name in ("account-takeover", "ransomware"):
        np.testing.assert_array_equal(again.numbers(name, ("6.3@mail",)), first.numbers(name, ("6.3@mail",)))
    other = Losses(scenario(STORE), walks=40, seed=4)
    assert other.yearly() != first.yearly()


def test_the_yearly_loss_is_attempts_a_year_times_loss_of_one_and_its_parts_sum_up() -> None:
    by_attack = losses().by_attack()
    for name, rate in losses().rates.items():
        assert by_attack[name] == pytest.approx(rate * losses().numbers(name, ()).mean())
    yearly = losses().yearly()
    assert sum(by_attack.values()) == pytest.approx(yearly.mean)
    assert yearly.low < yearly.mean < yearly.high


def test_what_a_step_avoids_is_the_difference_of_two_yearly_losses() -> None:
    after = ("6.3@marketplace", "8.2@marketplace")
    avoided = losses().avoided((), after)
    assert avoided.mean == pytest.approx(losses().yearly().mean - losses().yearly(after).mean)


@pytest.mark.slow
def test_paired_attempts_tell_a_second_step_from_nothing_where_separate_ones_could_not() -> None:
    many = losses(walks=300)
    paired = many.avoided((), ("6.3@marketplace",))
    assert paired.low > 0
    before, after = many.yearly(), many.yearly(("6.3@marketplace",))
    assert paired.high - paired.low < (before.high - before.low) + (after.high - after.low)


def test_every_possible_step_puts_a_control_in_place_and_no_setting_of_it_is_good_already() -> None:
    devices = check_up(read=recorded("owner-laptop"), has=bare().has).devices(bare())
    steps = possible_steps(devices)
    assert len(steps) == len(set(steps))
    for step in steps:
        assert all(devices.state(*place) != "pass" for place in step)
        assert all(place in devices.places() for place in step)
        done = devices.with_states(dict.fromkeys(step, "pass"))
        assert set(controls_in_place(done)) > set(controls_in_place(devices))


@pytest.mark.slow
def test_the_ranking_is_by_loss_avoided_for_an_hour_and_puts_doubtful_steps_last() -> None:
    ranked = rank_settings(bare(), losses())
    sure = [step for step in ranked if step.is_sure]
    assert sure
    assert list(ranked[: len(sure)]) == sure
    assert [step.per_hour for step in sure] == sorted((step.per_hour for step in sure), reverse=True)
    for step in ranked:
        assert step.hours == pytest.approx(sum(all_settings()[name].hours for _device, name in step.places))
        assert step.per_hour == pytest.approx(step.avoided.mean / step.hours)
        for other in ranked:
            if set(other.places) < set(step.places):
                assert other.avoided.mean < step.avoided.mean


@pytest.mark.slow
def test_the_next_steps_are_each_the_best_with_those_before_done_and_add_up() -> None:
    steps = next_settings(bare(), losses())
    assert len(steps) == 3
    devices = bare()
    for step in steps:
        assert rank_settings(devices, losses())[0] == step
        devices = devices.with_states(dict.fromkeys(step.places, "pass"))
    whole = losses().avoided((), controls_in_place(devices))
    assert whole.mean == pytest.approx(sum(step.avoided.mean for step in steps))


def test_where_everything_is_good_nothing_is_left_to_do() -> None:
    done = bare().with_states({place: "pass" for place in places() if place[0] in bare().has})
    assert possible_steps(done) == ()
    assert next_settings(done, losses()) == ()


@pytest.mark.slow
def test_twice_as_many_attackers_double_the_amounts_and_leave_the_order() -> None:
    many = Losses(scenario(STORE), walks=120, seed=3)
    many.rates = {name: 2 * rate for name, rate in many.rates.items()}
    before, after = rank_settings(bare(), losses()), rank_settings(bare(), many)
    assert [step.places for step in before] == [step.places for step in after]
    assert after[0].avoided.mean == pytest.approx(2 * before[0].avoided.mean)


@pytest.mark.slow
def test_training_alone_is_worth_less_than_a_second_step_alone() -> None:
    many = losses(walks=300)
    trained, second = many.avoided((), ("14.2",)), many.avoided((), ("6.3",))
    assert abs(trained.mean) < 0.1 * many.yearly().mean
    assert second.low > trained.high


def test_sign_ins_that_are_looked_at_let_the_owner_know_sooner() -> None:
    silent = losses().days_until_known("insider-export")
    watched = losses().days_until_known("insider-export", ["8.2"])
    # The same attempts, those that did harm both times: whoever knows that exports are read may give up.
    both = ~np.isnan(silent) & ~np.isnan(watched)
    assert both.sum() > 60
    assert (watched[both] <= silent[both]).all()
    assert (watched[both] < silent[both]).mean() > 0.2
    assert np.isfinite(watched[both]).mean() > np.isfinite(silent[both]).mean()
    assert (silent[both] >= 0).all()


def test_the_best_of_some_settings_is_the_one_that_stands_first_in_the_ranking() -> None:
    ranked = rank_settings(bare(), losses())
    singles = [step for step in ranked if len(step.places) == 1]
    best, other = max(singles, key=lambda step: step.per_hour), min(singles, key=lambda step: step.per_hour)
    names = {"other": other.places[0], "best": best.places[0]}
    assert best_of(ranked, names) == "best"
    assert best_of(ranked, {"none": ("laptop", "no-such"), "nothing": ("mail", "no-such")}) == "none"
