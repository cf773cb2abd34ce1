from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simlib.privacy import (
    CONTACT,
    FORMS,
    ONLINE,
    PLACES,
    RECORDS,
    Field,
    copies_taken,
    exposure,
    exposure_peak,
    littles_law,
    record_days,
    time_online,
)
from simlib.records import Run, Table
from simlib.streams import TICK
from simlib.world import simulate
from tests.shops import run_of, scenario

quarters = st.integers(-20, 80).map(lambda quarter: quarter / 4)
"""Moments on a coarse grid, so that copies begin and end at the same time as others."""

copy_rows = st.tuples(
    st.integers(0, 255),
    st.sampled_from(PLACES),
    st.sampled_from(FORMS),
    st.sampled_from(RECORDS),
    quarters,
    st.integers(1, 40).map(lambda quarter: quarter / 4) | st.just(math.inf),
)
Row = tuple[int, str, str, str, float, float]


def table_of(rows: list[Row]) -> Table:
    """A table of copies, as `copies_of` makes them."""
    return Table(
        {
            "person": np.arange(len(rows)),
            "record": np.array([RECORDS.index(row[3]) for row in rows], dtype=np.int8),
            "number": np.arange(len(rows)),
            "fields": np.array([row[0] for row in rows], dtype=np.int16),
            "place": np.array([PLACES.index(row[1]) for row in rows], dtype=np.int8),
            "form": np.array([FORMS.index(row[2]) for row in rows], dtype=np.int8),
            "since": np.array([row[4] for row in rows], dtype=float),
            "until": np.array([row[4] + row[5] for row in rows], dtype=float),
        },
        {"record": RECORDS, "place": PLACES, "form": FORMS},
    )


def count(rows: list[Row], places: tuple[str, ...], fields: Field, t: float) -> int:
    """One by one: the copies there, readable, with any of the fields, begun and not yet ended."""
    total = 0
    for held, place, form, _record, since, length in rows:
        if place in places and form == "plain" and held & fields and since <= t < since + length:
            total += 1
    return total


some_copies = st.lists(copy_rows, max_size=25)
some_places = st.lists(st.sampled_from(PLACES), min_size=1, unique=True).map(tuple)
some_fields = st.sampled_from([CONTACT, Field.EMAIL, Field.PAYMENT | Field.BIRTHDAY])


@given(some_copies, some_places, some_fields, st.lists(quarters, max_size=10))
def test_exposure_is_the_count_of_the_readable_copies_one_by_one(
    rows: list[Row], places: tuple[str, ...], fields: Field, moments: list[float]
) -> None:
    found = exposure(table_of(rows), places, moments, fields)
    assert found.tolist() == [count(rows, places, fields, t) for t in moments]
    for t in moments:
        assert copies_taken(table_of(rows), places, t, fields).sum() == count(rows, places, fields, t)


@given(some_copies, some_places, some_fields, quarters, st.integers(1, 60))
def test_record_days_are_the_sum_of_the_counts_times_the_steps_between_them(
    rows: list[Row], places: tuple[str, ...], fields: Field, begin: float, steps: int
) -> None:
    # Everything begins and ends on quarters of a day, so the count of each quarter stands for all of it.
    total = sum(count(rows, places, fields, begin + step / 4) for step in range(steps)) / 4
    assert record_days(table_of(rows), places, begin, begin + steps / 4, fields) == total


@given(some_copies, some_places, some_fields, quarters, st.integers(1, 60))
def test_the_peak_is_the_highest_count_and_the_first_moment_of_it(
    rows: list[Row], places: tuple[str, ...], fields: Field, begin: float, steps: int
) -> None:
    counts = [count(rows, places, fields, begin + step / 4) for step in range(steps)]
    peak, moment = exposure_peak(table_of(rows), places, begin, begin + steps / 4, fields)
    assert peak == max(counts)
    assert moment == begin + counts.index(peak) / 4


@given(some_copies, some_places, some_fields)
def test_time_online_is_the_length_of_each_readable_copy(
    rows: list[Row], places: tuple[str, ...], fields: Field
) -> None:
    lengths = [
        row[5]
        for row in rows
        if row[1] in places and row[2] == "plain" and row[0] & fields and row[3] == "order"
    ]
    assert time_online(table_of(rows), places, "order", fields).tolist() == lengths


def test_a_copy_counts_from_its_beginning_until_just_before_its_end() -> None:
    copies = table_of([(int(CONTACT), "shop", "plain", "order", 1.0, 2.0)])
    assert exposure(copies, ("shop",), [1 - TICK, 1.0, 3 - TICK, 3.0]).tolist() == [0, 1, 1, 0]


def test_without_copies_there_is_no_exposure() -> None:
    none = table_of([])
    assert exposure(none, ONLINE, [0.0, 1.0]).tolist() == [0, 0]
    assert record_days(none, ONLINE, 0.0, 9.0) == 0
    assert exposure_peak(none, ONLINE, 2.0, 9.0) == (0, 2.0)


# ---------------------------------------------------------------------------------------------------------------
# Little's law


def count_orders_online(run: Run, begin: float, end: float) -> tuple[float, float]:
    """Mean number of orders online, and mean time online of those placed in the period, from the milestones.

    An order is online from its placing to the daily export at 20:00 after its end.
    """
    hour = round(20 / 24 / TICK) * TICK
    closed, placed = run.orders["closed"], run.orders["placed"]
    leaves = np.where(np.isnan(closed), np.inf, np.ceil(closed - hour) + hour)
    arrived = (begin <= placed) & (placed < end)
    assert np.isfinite(leaves[arrived]).all(), "run on until all of them have left"
    spans = np.clip(np.minimum(leaves, end) - np.maximum(placed, begin), 0, None)
    return float(spans.sum() / (end - begin)), float((leaves - placed)[arrived].mean())


def check_littles_law(seeds: range, warm_up: int, period: int, after: int, width: float) -> None:
    """L = λW with λ as the scenario states it, L and W as counted, within the 99 % confidence interval."""
    shop = scenario("taiwan-gift-shop")
    rate = shop.demand.orders_per_day
    end = float(warm_up + period)
    differences, online = [], []
    for seed in seeds:
        run = simulate(shop, days=warm_up + period + after, seed=seed)
        observed, mean = count_orders_online(run, warm_up, end)
        differences.append(observed - rate * mean)
        online.append(observed)
        ours = littles_law(run.copies, ("shop",), warm_up, end)
        assert ours.observed == pytest.approx(observed, rel=1e-12)
        assert ours.mean_days_online == pytest.approx(mean, rel=1e-12)
    low, high = stats.t.interval(0.99, len(seeds) - 1, loc=np.mean(differences), scale=stats.sem(differences))
    assert low <= 0 <= high
    # A wide interval would prove nothing.
    assert high - low < width * np.mean(online)


def test_littles_law_holds_within_its_confidence_interval_in_few_runs() -> None:
    check_littles_law(range(8), warm_up=25, period=25, after=30, width=0.15)


@pytest.mark.slow
def test_littles_law_holds_within_its_confidence_interval() -> None:
    check_littles_law(range(100, 130), warm_up=25, period=60, after=30, width=0.05)


def test_both_sides_of_littles_law_agree_in_a_single_long_run() -> None:
    law = littles_law(run_of("taiwan-gift-shop", 150, 2).copies, ONLINE, 30.0, 130.0)
    assert law.expected == law.arrivals_per_day * law.mean_days_online
    assert law.observed == pytest.approx(law.expected, rel=0.05)


def test_records_that_never_leave_have_no_mean_time_online() -> None:
    law = littles_law(run_of("hongkong-own-site").copies, ONLINE, 0.0, 60.0)
    assert law.mean_days_online == math.inf


def test_orders_still_online_at_the_end_do_not_shorten_the_mean() -> None:
    rows: list[Row] = [(int(CONTACT), "shop", "plain", "order", float(day), 10.0) for day in range(30)]
    rows[25:] = [(*row[:5], math.inf) for row in rows[25:]]
    rows[24] = (*rows[24][:5], 1.0)
    rows[27] = (*rows[27][:5], 1.0)
    law = littles_law(table_of(rows), ("shop",), 0.0, 30.0)
    # Order 27 has left so soon that it is known; those placed beside it have not, so none of them counts.
    assert law.mean_days_online == (24 * 10 + 1) / 25
    assert law.arrivals_per_day == 1
