"""Calendars: when people work and when things happen, on the simulation's clock.

Simulation time is a float in days since midnight of the scenario's start date, local time, in whole ticks
(`simlib.streams.TICK`). The places modelled keep one offset all year, so a day has 24 hours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from itertools import accumulate

import numpy as np

from simlib.scenario import WEEKDAYS, Clock, Hours
from simlib.streams import Floats, thresholds_reached, tick

WEEK = 7.0
"""Days in a week."""


def time_of_day(text: str) -> float:
    """``"HH:MM"`` as a share of a day, in whole ticks."""
    hours, minutes = text.split(":")
    return tick((int(hours) * 60 + int(minutes)) / 1440)


def _days_into_the_week(days: tuple[str, ...], start: date) -> list[int]:
    """Offsets 0…6 from the start date of the named days of the week, ascending."""
    return sorted({(WEEKDAYS.index(day) - start.weekday()) % 7 for day in days})


class WeeklyClock:
    """Something that happens at one time of day on some days of the week, such as the courier's round.

    Parameters
    ----------
    clock
        Time and days.
    start
        Day 0 of the simulation.
    """

    def __init__(self, clock: Clock, start: date) -> None:
        moment = time_of_day(clock.time)
        self.moments: list[float] = [day + moment for day in _days_into_the_week(clock.days, start)]
        """Times within a week from the start, ascending."""

    def next(self, t: float) -> float:
        """The first occurrence at or after time `t`."""
        week, rest = divmod(t, WEEK)
        position = bisect_left(self.moments, rest)
        if position == len(self.moments):
            return (week + 1) * WEEK + self.moments[0]
        return week * WEEK + self.moments[position]

    def next_each(self, t: Floats) -> Floats:
        """`next` for each of many times; ``nan`` and ``inf`` stay what they are."""
        moments = np.array([*self.moments, WEEK + self.moments[0]])
        just_after = np.nextafter(moments[:-1], np.inf)
        with np.errstate(invalid="ignore"):
            week = np.floor(t / WEEK)
            week *= WEEK
            week += moments[thresholds_reached(just_after, t - week)]
        return week


class OpeningHours:
    """When a team works, as a mapping between clock time and working time.

    A task that is not finished at closing time is put down and taken up at the next opening.

    Parameters
    ----------
    hours
        Opening, closing and working days.
    start
        Day 0 of the simulation.
    """

    def __init__(self, hours: Hours, start: date) -> None:
        opens, closes = time_of_day(hours.opens), time_of_day(hours.closes)
        days = _days_into_the_week(hours.days, start)
        self.opens: list[float] = [day + opens for day in days]
        """Openings within a week from the start."""
        self.worked: list[float] = [0.0, *accumulate(closes - opens for _day in days)]
        """Working time of the week before each opening; the last entry is the whole week's."""
        self.shift: float = closes - opens
        """Working time of one day."""

    def until(self, end: float) -> Floats:
        """All openings from the start until two weeks after `end`, ascending, in days; ``-inf`` before the first."""
        weeks = np.arange(int(end // WEEK) + 3) * WEEK
        return np.concatenate(([-np.inf], (weeks[:, None] + np.array(self.opens)).ravel()))

    def working_time(self, t: float) -> float:
        """Working time between the start and time `t`, in days of 24 hours."""
        week, rest = divmod(t, WEEK)
        position = bisect_right(self.opens, rest) - 1
        today = 0.0
        if position >= 0:
            today = self.worked[position] + min(rest - self.opens[position], self.shift)
        return week * self.worked[-1] + today

    def clock_time(self, worked: float) -> float:
        """The earliest time at which so much working time (more than 0) has passed since the start."""
        week, rest = divmod(worked, self.worked[-1])
        if rest == 0.0:
            week, rest = week - 1, self.worked[-1]
        position = bisect_left(self.worked, rest) - 1
        return week * WEEK + self.opens[position] + (rest - self.worked[position])

    def finish(self, t: float, work: float) -> float:
        """When a task begun at time `t` is done.

        Parameters
        ----------
        t
            When somebody is free to begin, open or not.
        work
            Working time it takes, in days, more than 0.
        """
        return self.clock_time(self.working_time(t) + work)
