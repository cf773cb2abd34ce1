"""What a vault stops, in numbers: searches, guesses, ways in, and the calendar."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.privacy.offline_vault import (
    Holding,
    entropy,
    guessed_share,
    guesses_per_second,
    offline_guesses,
    search,
    touched,
    ways_in,
    working_day,
    years_that_fit,
)

USUAL = Holding(10, 11, 5, 5, 14, 4, True, 256 * 1024, 3)


def expected(holding: Holding) -> dict[str, float]:
    return {one.way: one.expected for one in ways_in(holding)}


@settings(max_examples=50)
@given(st.binary(max_size=60), st.lists(st.text(max_size=4), max_size=8), st.integers(0, 40))
def test_a_search_finds_what_is_there_and_nothing_else(data: bytes, texts: list[str], at: int) -> None:
    whole = data[:at] + "".join(texts[::2]).encode() + data[at:]
    found = search(whole, texts)
    wanted = {text for text in texts if text}
    assert found.sought == len(wanted)
    assert found.found == sum(text.encode() in whole for text in wanted)


def test_entropy_is_8_for_all_bytes_alike_1_for_two_and_0_for_one() -> None:
    assert entropy(bytes(range(256)) * 3) == pytest.approx(8)
    assert entropy(b"ab" * 50) == pytest.approx(1)
    assert entropy(b"aaaa") == 0
    assert entropy(b"") == 0


def test_a_guess_moves_its_memory_through_the_machine_twice_in_each_pass() -> None:
    assert guesses_per_second(1_000_000, 1, 2 * 1.024) == pytest.approx(1)
    assert guesses_per_second(1_000_000, 3, 2 * 1.024) == pytest.approx(1 / 3)


def test_three_words_fall_and_five_hold() -> None:
    guesses = offline_guesses(USUAL)
    assert guessed_share(3, guesses) == 1
    assert 0 < guessed_share(4, guesses) < 0.001
    assert guessed_share(5, guesses) < 1e-6
    assert guessed_share(4, guesses) * value("password-list-words") == pytest.approx(
        guesses / value("password-list-words") ** 3
    )


def test_malware_reads_along_if_a_log_in_comes_before_its_discovery() -> None:
    holding = replace(USUAL, password_words=9, log_ins_per_week=2)
    chance = next(one.chance for one in ways_in(holding) if one.way == "cable")
    chances = np.random.default_rng(8)
    log_in = chances.exponential(7 / 2, 200_000)
    noticed = chances.exponential(14 / math.log(2), 200_000)
    assert np.median(noticed) == pytest.approx(14, rel=0.02)
    assert chance == pytest.approx(float((log_in < noticed).mean()), abs=4 * math.sqrt(0.25 / 200_000))


def test_what_each_way_brings_depends_on_its_own_habit_only() -> None:
    usual = expected(USUAL)
    assert usual["no-vault"] == 10 * 365 * 5
    assert usual["web-shop"] == 110
    assert usual["stick"] == 0
    assert usual["cable"] == usual["carrier"] > 0.9 * usual["no-vault"]
    assert expected(replace(USUAL, stick_returns=False)) == usual | {"carrier": 0}
    locked = expected(replace(USUAL, log_ins_per_week=0))
    assert locked["cable"] == pytest.approx(usual["disk"])
    assert locked["web-shop"] == usual["web-shop"]
    short = expected(replace(USUAL, password_words=2))
    assert short["disk"] == short["cable"] == short["no-vault"]
    one_year = expected(replace(USUAL, years=1))
    assert one_year["disk"] == pytest.approx(usual["disk"] / 5)
    assert one_year["web-shop"] == usual["web-shop"]


def test_a_young_shop_has_no_more_orders_online_than_it_ever_had() -> None:
    assert expected(replace(USUAL, years=0.01))["web-shop"] == pytest.approx(10 * 365 * 0.01)


def test_all_sixteen_attacks_are_judged_and_half_of_them_find_less() -> None:
    attacks = touched()
    assert [one.number for one in attacks] == list(range(1, 17))
    assert all(one.attack and one.reason for one in attacks)
    counts = Counter(one.effect for one in attacks)
    assert counts == {"less-to-take": 8, "untouched": 6, "something-left": 1, "new-way": 1}
    assert {one.number for one in attacks if one.effect == "untouched"} == {3, 9, 11, 12, 13, 16}
    assert attacks[13].effect == "new-way"


@given(st.dates(date(2014, 1, 1), date(2030, 1, 1)), st.integers(1, 60))
def test_working_days_are_counted_as_numpy_counts_them(start: date, days: int) -> None:
    # numpy counts from the last working day on or before the start.
    independent = np.busday_offset(np.datetime64(start), days, roll="backward")
    assert np.datetime64(working_day(start, days)) == independent


def test_working_days_begin_at_none_and_may_not_be_negative() -> None:
    assert working_day(date(2014, 8, 29), 0) == date(2014, 8, 29)
    with pytest.raises(SafeShopError, match=r"^Working days must be 0 or more, not -1\.$"):
        working_day(date(2014, 8, 29), -1)


def test_a_disk_has_room_for_size_over_orders_and_bytes() -> None:
    assert years_that_fit(1, 1000, 1) == pytest.approx(1e6 / 365)
