"""Counting without sorting: the same numbers as comparing every moment with every mark, whichever way is taken."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.privacy import counting
from simlib.privacy.counting import FEW_MARKS, ROWS_AT_ONCE, at_or_before, count_by_mark, evenly_spaced
from simlib.streams import Floats, Integers


def one_by_one(moments: Floats, counted: counting.Truths, marks: Floats) -> list[int]:
    """Every moment against every mark."""
    return [sum(bool(moment <= mark) for moment in moments[counted]) for mark in marks]


@st.composite
def evenly_spaced_marks(draw: st.DrawFn) -> Floats:
    """Also tiny steps far from zero, where rounding makes them uneven or even equal."""
    first = draw(st.sampled_from([0.0, -3.0, 1 / 3, 1e6, -1e15, 1e300]))
    step = draw(st.sampled_from([1 / 24, 1.0, 2.0**-20, 0.1, 1e-9, 1e290]))
    steps: Floats = np.arange(draw(st.integers(FEW_MARKS + 1, 40)), dtype=np.float64)
    return first + step * steps


@st.composite
def moments_about(draw: st.DrawFn, marks: Floats) -> tuple[Floats, counting.Truths]:
    """Moments on the marks, the next number before and after them, between, far away, never; and which count."""
    near = np.concatenate((marks, np.nextafter(marks, -np.inf), np.nextafter(marks, np.inf)))
    near = np.concatenate((near, (marks[1:] + marks[:-1]) / 2, [-np.inf, np.inf, np.nan, 0.0, -1e308, 1e308]))
    size = draw(st.integers(0, 120))
    pick = np.random.default_rng(draw(st.integers(0, 2**32)))
    return near[pick.integers(0, len(near), size)], pick.random(size) < draw(st.sampled_from([0.0, 0.5, 1.0]))


def by_mark(moments: Floats, counted: counting.Truths, marks: Floats, count: Any) -> Integers | None:
    """By arithmetic, whatever their number."""
    ruler = evenly_spaced(marks)
    if ruler is None:
        return None
    each = np.zeros(len(marks) + 2, dtype=np.int32)
    count(moments, counted, marks, *ruler, each)
    assert each.sum() == len(moments)
    return np.cumsum(each[: len(marks)])


WAYS = [count_by_mark]
if find_spec("numba"):
    WAYS.append(counting._compiled())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_counting_gives_what_comparing_each_with_each_gives(data: st.DataObject) -> None:
    marks = data.draw(evenly_spaced_marks())
    moments, counted = data.draw(moments_about(marks))
    expected = one_by_one(moments, counted, marks)
    assert at_or_before(moments, counted, marks).tolist() == expected
    for count in WAYS:
        found = by_mark(moments, counted, marks, count)
        assert found is None or found.tolist() == expected
    # In any order, with gaps, at the same moment twice, never: then they are not evenly spaced.
    pick = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    mixed = pick.permutation(np.concatenate((marks, marks[:3], [np.nan, np.inf, -np.inf])))
    assert evenly_spaced(mixed) is None
    for some in (mixed, mixed[:FEW_MARKS], mixed[:1], mixed[:0]):
        assert at_or_before(moments, counted, some).tolist() == one_by_one(moments, counted, some)


def test_many_moments_are_counted_by_arithmetic_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    # Hours of a year; more moments than one part holds, thousands of them exactly on a mark.
    pick, marks = np.random.default_rng(5), np.arange(0, 365, 1 / 24)
    moments = np.concatenate(
        (pick.random(3 * ROWS_AT_ONCE) * 400 - 10, pick.choice(marks, 5_000), [np.nan, np.inf])
    )
    counted = pick.random(len(moments)) < 0.7
    expected = np.searchsorted(np.sort(moments[counted]), marks, side="right")
    for count in WAYS:
        monkeypatch.setattr(counting, "_quickest", lambda _moments, count=count: count)
        assert (at_or_before(moments, counted, marks) == expected).all()
        monkeypatch.undo()


def test_uneven_marks_are_not_taken_for_even_ones() -> None:
    assert evenly_spaced(np.linspace(0, 90, 500)) is not None
    uneven = np.linspace(0, 90, 500)
    uneven[100] += 0.3 * 90 / 499
    assert evenly_spaced(uneven) is None
    for marks in (np.zeros(20), np.arange(20.0)[::-1], np.full(20, np.nan), np.array([0.0, np.inf])):
        assert evenly_spaced(marks) is None
