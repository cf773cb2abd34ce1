from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simlib.calendars import OpeningHours, WeeklyClock, time_of_day
from simlib.scenario import WEEKDAYS, Clock, Hours
from simlib.streams import TICK

MINUTE_TICKS = [round(minute / 1440 / TICK) for minute in range(1440)]
"""Each minute of the day in whole ticks."""

starts = st.dates(date(2020, 1, 1), date(2030, 12, 31))
minutes = st.sampled_from([0, 1, 1438, 1439]) | st.integers(0, 1439)
week_days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=9)
moments = st.integers(0, 60 * 2**20).map(lambda ticks: ticks * TICK)


def text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def walk_to_occurrence(minute: int, days: list[str], start: date, t: float) -> float:
    """Day by day from the day of `t`: the first occurrence that is not before it."""
    day = math.floor(t)
    while True:
        moment = day + MINUTE_TICKS[minute] * TICK
        if WEEKDAYS[(start + timedelta(days=day)).weekday()] in days and moment >= t:
            return moment
        day += 1


def walk_to_finish(opens: int, closes: int, days: list[str], start: date, t: float, work: float) -> float:
    """Day by day from `t`: work while it is open, until the work is done."""
    day = math.floor(t)
    while True:
        if WEEKDAYS[(start + timedelta(days=day)).weekday()] in days:
            begin = max(t, day + MINUTE_TICKS[opens] * TICK)
            left = day + MINUTE_TICKS[closes] * TICK - begin
            if left >= work:
                return begin + work
            work -= max(left, 0.0)
        day += 1


@st.composite
def hours(draw: Any) -> tuple[int, int]:
    opens, closes = sorted(draw(st.lists(minutes, min_size=2, max_size=2, unique=True)))
    return opens, closes


@given(minutes, week_days, starts, moments)
def test_the_next_round_is_the_first_that_a_walk_day_by_day_meets(
    minute: int, days: list[str], start: date, t: float
) -> None:
    round_ = WeeklyClock(Clock(time=text(minute), days=tuple(days)), start)
    assert round_.next(t) == walk_to_occurrence(minute, days, start, t)


@given(minutes, week_days, starts, st.integers(0, 60))
def test_a_round_at_this_very_moment_is_the_next_one(
    minute: int, days: list[str], start: date, day: int
) -> None:
    round_ = WeeklyClock(Clock(time=text(minute), days=tuple(days)), start)
    moment = walk_to_occurrence(minute, days, start, float(day))
    assert round_.next(moment) == moment
    assert round_.next(moment + TICK) > moment


@given(minutes, week_days, starts, st.lists(st.integers(-(60 * 2**20), 60 * 2**20), max_size=8))
def test_many_rounds_at_once_are_the_same_rounds_also_before_the_start(
    minute: int, days: list[str], start: date, ticks: list[int]
) -> None:
    round_ = WeeklyClock(Clock(time=text(minute), days=tuple(days)), start)
    t = np.array([*(tick * TICK for tick in ticks), np.nan, np.inf])
    expected = [walk_to_occurrence(minute, days, start, tick * TICK) for tick in ticks]
    assert np.array_equal(round_.next_each(t), [*expected, np.nan, np.inf], equal_nan=True)


@given(hours(), week_days, starts, moments, st.integers(1, 20 * 2**20))
@example((540, 1080), ["mon"], date(2026, 1, 5), 0.0, (MINUTE_TICKS[1080] - MINUTE_TICKS[540]))
@example((540, 1080), ["mon", "mon"], date(2026, 1, 5), 0.0, 2**20)
@example((0, 1439), list(WEEKDAYS), date(2026, 1, 5), 0.0, 1)
def test_a_task_is_done_when_a_walk_through_the_working_days_has_done_it(
    hours: tuple[int, int], days: list[str], start: date, t: float, ticks: int
) -> None:
    opens, closes = hours
    # A shop that works a minute a week takes years for a day's work; the walk need not be that long.
    work = min(ticks, 30 * (MINUTE_TICKS[closes] - MINUTE_TICKS[opens])) * TICK
    team = OpeningHours(Hours(opens=text(opens), closes=text(closes), days=tuple(days)), start)
    assert team.finish(t, work) == walk_to_finish(opens, closes, days, start, t, work)


@given(hours(), week_days, starts, moments, st.integers(1, 2**20), st.integers(1, 2**20))
def test_a_task_put_down_and_taken_up_takes_as_long_as_in_one_piece(
    hours: tuple[int, int], days: list[str], start: date, t: float, first: int, second: int
) -> None:
    team = OpeningHours(Hours(opens=text(hours[0]), closes=text(hours[1]), days=tuple(days)), start)
    whole = team.finish(t, (first + second) * TICK)
    assert team.finish(team.finish(t, first * TICK), second * TICK) == whole


def test_a_task_that_ends_at_closing_time_is_not_left_for_the_morning() -> None:
    team = OpeningHours(Hours(opens="09:00", closes="18:00", days=("mon", "tue")), date(2026, 1, 5))
    assert team.finish(time_of_day("17:00"), time_of_day("01:00")) == time_of_day("18:00")
    assert team.finish(time_of_day("17:00"), time_of_day("01:00") + TICK) == 1 + time_of_day("09:00") + TICK


@pytest.mark.parametrize(("written", "share"), [("00:00", 0.0), ("06:00", 0.25), ("12:00", 0.5)])
def test_a_time_of_day_is_a_share_of_the_day(written: str, share: float) -> None:
    assert time_of_day(written) == share
