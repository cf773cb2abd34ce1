from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.platform.verification import (
    DETECTORS,
    Detector,
    all_must_flag,
    any_may_flag,
    detector,
    expected,
    really_fake,
    simulated,
    traced,
)
from simlib.streams import stream

shares = st.floats(0, 1)
detectors = st.builds(Detector, shares, shares, shares)
CASES = 20_000


@given(detectors, st.floats(1, 1e6))
def test_expected_cases_add_up_by_row_and_column(one: Detector, cases: float) -> None:
    found = expected(one, cases)
    assert found.cases == pytest.approx(cases)
    assert found.hits + found.misses == pytest.approx(cases * one.share)
    assert found.flagged == pytest.approx(cases * (one.share * one.hit + (1 - one.share) * one.false_alarm))


@settings(max_examples=50)
@given(detectors, st.integers(0, 2**32))
def test_drawing_lots_agrees_with_bayes_rule(one: Detector, seed: int) -> None:
    """Row E7: each corner within six standard deviations, and whole cases only."""
    drawn = simulated(one, CASES, stream(seed, "inspection"))
    wanted = expected(one, CASES)
    assert drawn.cases == CASES
    for corner in ("hits", "misses", "false_alarms", "passes"):
        mean = getattr(wanted, corner)
        spread = math.sqrt(mean * max(1 - mean / CASES, 0))
        # A rare corner is no bell curve; three cases more are no wonder there.
        assert abs(getattr(drawn, corner) - mean) <= 6 * spread + 3
    if wanted.flagged > 500 and drawn.flagged:
        chance = really_fake(one)
        assert abs(drawn.really_fake - chance) <= 6 * math.sqrt(chance * (1 - chance) / drawn.flagged) + 1e-3


@given(detectors, st.integers(0, 2**32))
@settings(max_examples=10)
def test_the_same_stream_draws_the_same_lots(one: Detector, seed: int) -> None:
    first = simulated(one, 500, stream(seed, "inspection"))
    assert first == simulated(one, 500, stream(seed, "inspection"))


@given(st.floats(0.01, 0.5), st.floats(0.05, 1), st.floats(0.001, 0.5))
def test_the_rarer_the_fakes_the_less_a_flag_is_worth(share: float, hit: float, alarm: float) -> None:
    rarer = Detector(share / 2, hit, alarm)
    assert really_fake(rarer) < really_fake(Detector(share, hit, alarm))


@given(st.floats(0.01, 0.99), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_flag_says_something_only_if_fakes_are_flagged_more_often(
    share: float, hit: float, alarm: float
) -> None:
    chance = really_fake(Detector(share, hit, alarm))
    if hit > alarm:
        assert chance > share
    elif hit < alarm:
        assert chance < share
    else:
        assert chance == pytest.approx(share)


def test_a_good_check_of_rare_fakes_is_wrong_most_of_the_time() -> None:
    assert really_fake(Detector(0.01, 0.99, 0.05)) == pytest.approx(1 / 6)


@given(shares, st.lists(st.tuples(shares, shares), min_size=1, max_size=4))
def test_checks_in_a_row_flag_less_and_checks_side_by_side_more(
    share: float, rates: list[tuple[float, float]]
) -> None:
    several = [Detector(share, hit, alarm) for hit, alarm in rates]
    both, either = all_must_flag(several), any_may_flag(several)
    for one in several:
        assert both.hit <= one.hit + 1e-12
        assert both.false_alarm <= one.false_alarm + 1e-12
        assert either.hit >= one.hit - 1e-12
        assert either.false_alarm >= one.false_alarm - 1e-12


@pytest.mark.parametrize("name", DETECTORS)
def test_each_check_of_the_platform_lets_fewer_fakes_through_than_came(name: str) -> None:
    one = detector(name)
    assert expected(one, 1000).still_fake < one.share < really_fake(one)


def test_a_flag_is_told_in_words() -> None:
    assert expected(Detector(0.02, 0.7, 0.03), 1000).sentence() == (
        "Of 100 flagged, 32 are really fake; of 1,000 let through, 6 are."
    )
    assert expected(Detector(0.5, 0, 0), 10).sentence() == "Nothing was flagged."
    assert expected(Detector(1, 1, 0), 10).sentence() == (
        "Of 100 flagged, 100 are really fake; of 1,000 let through, 0 are."
    )


@given(st.integers(0, 10**6))
def test_of_a_faulty_lot_every_buyer_is_told_or_not(units: int) -> None:
    told, untold = traced(units)
    assert told + untold == units
    assert min(told, untold) >= 0


def test_impossible_checks_get_their_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        Detector(0.1, 1.2, 0)
    assert told.value.sentence == "Detector: hit must lie between 0 and 1, not 1.2."
    with pytest.raises(SafeShopError) as told:
        detector("gossip")
    assert told.value.sentence == (
        "The check must be one of sellers-at-entry, fake-goods, fake-trades, false-reviews, not gossip."
    )
    with pytest.raises(SafeShopError) as told:
        all_must_flag([Detector(0.1, 1, 0), Detector(0.2, 1, 0)])
    assert told.value.sentence == "Checks put together must assume one share of fakes, the same for all."
    with pytest.raises(SafeShopError) as told:
        expected(Detector(0.1, 1, 0), -1)
    assert told.value.sentence == "The number of cases must be at least 0, not -1."
    with pytest.raises(SafeShopError) as told:
        traced(-1)
    assert told.value.sentence == "The number of units sold must be at least 0, not -1."
