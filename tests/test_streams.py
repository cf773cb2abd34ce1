from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simlib.streams import (
    PURPOSES,
    TICK,
    lognormal_times,
    repetitions,
    stream,
    tick,
    to_ticks,
    weighted_choice,
)

FROZEN = {
    "orders per day": 1,
    "arrivals": 2,
    "visits": 3,
    "carts": 4,
    "browsing": 5,
    "checkout": 6,
    "members": 7,
    "membership age": 8,
    "basket size": 9,
    "basket products": 10,
    "basket pieces": 11,
    "acknowledgement": 12,
    "check": 13,
    "payment method": 14,
    "payment delay": 15,
    "payment page": 16,
    "payment outcome": 17,
    "payment retry": 18,
    "seller notice": 19,
    "packing": 20,
    "transit": 21,
    "returns": 22,
    "return handling": 23,
    "return transit": 24,
    "inspection": 25,
    "enquiries": 26,
    "enquiry handling": 27,
    "reviews": 28,
    "price error arrivals": 29,
    "enquiry delay": 30,
    "review delay": 31,
    "door": 32,
    "authentication": 33,
}
"""Keys once given. Later purposes are added below; none of these lines ever changes."""

STANDARD_ERRORS = 4.5
"""How far a mean may lie from what it estimates; by chance once in 150,000 times, and the seeds are fixed."""


def test_no_spawn_key_was_changed_or_taken_away() -> None:
    assert {purpose: PURPOSES.get(purpose) for purpose in FROZEN} == FROZEN


def test_no_spawn_key_is_used_twice() -> None:
    assert len(set(PURPOSES.values())) == len(PURPOSES)


def test_a_new_purpose_leaves_the_others_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {purpose: stream(5, purpose).random(3).tolist() for purpose in PURPOSES}
    monkeypatch.setitem(PURPOSES, "weather", max(PURPOSES.values()) + 1)
    after = {purpose: stream(5, purpose).random(3).tolist() for purpose in PURPOSES}
    assert after.pop("weather") not in before.values()
    assert after == before


def test_purposes_branches_and_seeds_draw_different_numbers() -> None:
    drawn = [
        stream(seed, purpose, branch).random()
        for seed in (0, 1, 2**63 - 1)
        for purpose in PURPOSES
        for branch in (0, 1)
    ]
    assert len(set(drawn)) == len(drawn)


def test_two_purposes_are_uncorrelated() -> None:
    size = 100_000
    draws = np.array([stream(0, purpose).standard_normal(size) for purpose in PURPOSES])
    between = np.corrcoef(draws)[np.triu_indices(len(PURPOSES), 1)]
    # 528 pairs, each correlation normal with standard error 1/sqrt(size).
    assert np.abs(between).max() < STANDARD_ERRORS / np.sqrt(size)


def test_the_numbers_of_a_seed_are_the_same_everywhere() -> None:
    assert stream(1, "arrivals").random(2).tolist() == [0.39756442089226673, 0.38564829241211174]


@given(st.floats(1e-4, 100), st.floats(0, 5), st.integers(0, 2**32))
def test_drawn_times_are_whole_ticks_and_never_nothing(mean: float, spread: float, seed: int) -> None:
    times = lognormal_times(mean, spread, stream(seed, "transit").standard_normal(20))
    assert (times >= TICK).all()
    assert (times / TICK == np.rint(times / TICK)).all()


@given(st.floats(0, 40_000))
def test_one_time_is_rounded_like_many(days: float) -> None:
    assert tick(days) == to_ticks(np.array([days]))[0]
    assert abs(tick(days) - days) <= TICK / 2


@pytest.mark.parametrize("spread", [0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("mean", [0.5, 3.0, 20.0])
def test_log_normal_times_have_the_stated_mean_and_spread(mean: float, spread: float) -> None:
    size = 200_000
    times = lognormal_times(mean, spread, stream(11, "transit").standard_normal(size))
    assert abs(times.mean() - mean) < STANDARD_ERRORS * mean * spread / np.sqrt(size)
    # Relative standard error of the coefficient of variation of a log-normal, from its moments (delta method).
    w = 1 + spread**2
    kurtosis = w**4 + 2 * w**3 + 3 * w**2 - 3
    skewness = (w + 2) * np.sqrt(w - 1)
    error = np.sqrt(((kurtosis - 1) / 4 - skewness * spread + spread**2) / size)
    assert abs(times.std() / times.mean() / spread - 1) < STANDARD_ERRORS * error


def test_without_spread_every_time_is_the_mean() -> None:
    assert lognormal_times(3.0, 0.0, stream(1, "transit").standard_normal(50)).tolist() == [3.0] * 50


def test_each_time_may_have_a_mean_and_spread_of_its_own() -> None:
    normal = stream(1, "transit").standard_normal(2)
    both = lognormal_times(np.array([1.0, 2.0]), np.array([0.2, 0.0]), normal)
    assert both.tolist() == [lognormal_times(1.0, 0.2, normal)[0], 2.0]


def test_weights_are_met_in_the_long_run() -> None:
    weights = np.array([5.0, 1.0, 4.0])
    size = 100_000
    chosen = weighted_choice(weights, stream(2, "basket products").random(size))
    share = np.bincount(chosen, minlength=3) / size
    p = weights / weights.sum()
    assert (np.abs(share - p) < STANDARD_ERRORS * np.sqrt(p * (1 - p) / size)).all()


@given(
    st.lists(st.floats(5e-324, 1e6), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.5, np.nextafter(1, 0)]),
)
@example([5e-324], float(np.nextafter(1, 0)))
def test_a_choice_is_always_one_of_the_weights(weights: list[float], uniform: float) -> None:
    assert 0 <= weighted_choice(weights, np.array([uniform]))[0] < len(weights)


def test_a_weight_of_nothing_is_never_chosen() -> None:
    chosen = weighted_choice([0.0, 1.0, 0.0], np.array([0.0, 0.5, np.nextafter(1, 0)]))
    assert chosen.tolist() == [1, 1, 1]


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.9])
def test_repetitions_follow_the_chance_of_each_and_stop_at_the_most(chance: float) -> None:
    size = 100_000
    count = repetitions(chance, stream(4, "basket size").random(size), 4)
    for k in range(1, 5):
        p = chance**k
        assert abs((count >= k).mean() - p) <= STANDARD_ERRORS * np.sqrt(p * (1 - p) / size)
    assert count.max() <= 4
