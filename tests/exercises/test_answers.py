"""Whatever is answered gets a verdict: lenient about form, strict about substance, never a traceback."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simlib.course.answers import (
    Day,
    Facts,
    Function,
    Key,
    Number,
    OneOf,
    Positions,
    Several,
    Verdict,
    judge,
)

KEYS: dict[str, Key] = {
    "number": Number(10.9, "days", 0.1, {"only-transit": 3.0}),
    "day": Day(date(2026, 3, 2), {"next": date(2026, 3, 3)}),
    "one": OneOf("vault", wrong={"erp": ("erp", None)}),
    "pair": OneOf("vault", "past", {"other-reason": ("vault", None)}),
    "several": Several(frozenset({"7", "19"}), {"too-many": frozenset({"7", "19", "20"})}),
    "positions": Positions({"a": 3}, lambda at: at["a"] > 2, {"low": ({"a": 1}, lambda at: at["a"] < 2)}),
    "function": Function(lambda a, b: a * b, [(2, 3), (4, 5)], {"added": lambda a, b: a + b}),
    "facts": Facts(
        {"day": ["2026-03-02"], "people": [r"(?<!\d)312(?!\d)"]}, {"named": ["王小明"]}, "2026-03-02\n312"
    ),
}


class Hostile:
    """An object that answers nothing without an error."""

    def __init__(self, error: type[BaseException]) -> None:
        self._error = error

    def _refuse(self, *_arguments: Any) -> Any:
        raise self._error("no")

    __eq__ = __bool__ = __len__ = __iter__ = __call__ = __float__ = __str__ = __repr__ = __hash__ = _refuse
    __getattr__ = __lt__ = __index__ = __getitem__ = __contains__ = _refuse


ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.just(...),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.complex_numbers(),
        st.text(max_size=60),
        st.text("0123456789.,-eE 天%元月日", max_size=12),
        st.binary(max_size=8),
        st.decimals(),
        st.fractions(),
        st.dates(),
        st.datetimes(),
        st.sampled_from(
            [np.nan, np.array([1, 2]), np.array(3.5), pd.DataFrame({"a": [1]}), pd.NA, len, lambda: 1]
        ),
        st.sampled_from([object(), int, pytest]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=6,
)


@settings(max_examples=80)
@given(given=ANYTHING)
@example(given=10**5000)
@example(given="1" * 5000)
@example(given={"a": float("nan")})
@example(given="e999")
def test_there_is_no_object_that_is_answered_with_a_traceback(given: object) -> None:
    for key in KEYS.values():
        verdict = judge(key, given)
        assert isinstance(verdict, Verdict)
        assert verdict.state in ("right", "wrong", "blank", "unreadable")
        assert (verdict.kept is None) <= (verdict.state != "right")


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(
    "blank", [None, ..., "", "  ", "…", "...", [], (), {}, set(), float("nan")], ids=repr
)
def test_a_blank_is_no_mistake(key: Key, blank: object) -> None:
    assert judge(key, blank) == Verdict("blank")


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_accepts_its_solution_and_names_each_of_its_mistakes(key: Key) -> None:
    verdict = judge(key, key.solution)
    assert verdict.state == "right"
    for name, mistake in key.mistakes.items():
        assert judge(key, mistake.example).mistake == name
    if not isinstance(key, Function):
        assert judge(key, verdict.kept).state == "right"


@pytest.mark.parametrize(
    "written",
    [
        *(
            10.9,
            "10.9",
            "10,9",
            "10.9 days",
            "10,9天",
            "１０．９　天",
            "約 10.9 日",
            "about 10.9 d",
            "x = 10.9",
            "10.95",
        ),
        *(np.float64(10.9), np.array([10.9]), Decimal("10.9"), Fraction(109, 10), "+10.9", "1.09e1", "10.9."),
    ],
    ids=repr,
)
def test_a_number_counts_however_it_is_written(written: object) -> None:
    assert judge(KEYS["number"], written).state == "right"


@pytest.mark.parametrize(
    "written",
    [
        "12,345",
        "12.345",
        "12 345",
        "12'345",
        "１２，３４５ 元",
        "NT$ 12,345",
        "1.2345萬",
        "1.2345 万元",
        "12345.0 TWD",
    ],
)
def test_thousands_may_be_separated_in_every_way_that_people_know(written: str) -> None:
    assert judge(Number(12345, "TWD", 0.5), written).state == "right"


def test_what_is_no_answer_is_told_in_a_sentence_and_is_no_try() -> None:
    told = {
        written: judge(KEYS["number"], written).detail
        for written in ("10.9 hours", "3 or 4", "many", True, "nan", float("inf"))
    }
    assert told == {
        "10.9 hours": "The answer is asked for in days, not in “hours”.",
        "3 or 4": "There is more than one number in this; write only the one that is asked for.",
        "many": "A number is wanted here.",
        True: "A number is wanted here.",
        "nan": "A number is wanted here.",
        float("inf"): "A finite number is wanted here.",
    }
    share = judge(Number(35, "percent", 1), "0.35")
    assert share == Verdict("unreadable", detail="The answer is asked for in per cent: one half is 50.")


@given(off=st.floats(-1, 1), within=st.floats(0.01, 0.5))
def test_the_tolerance_is_as_stated_on_either_side(off: float, within: float) -> None:
    verdict = judge(Number(20, "days", within), 20 + off)
    if abs(abs(off) - within) > 1e-6:
        assert (verdict.state == "right") == (abs(off) <= within)


@pytest.mark.parametrize(
    "written",
    [
        *("2026-03-02", "2026/3/2", "2026.03.02", "2 March 2026", "March 2, 2026", "2 Mar", "Mar 2nd"),
        *(
            "3月2日",
            "2026年3月2日",
            "２０２６年３月２日",
            date(2026, 3, 2),
            datetime(2026, 3, 2, 14, tzinfo=UTC),
        ),
    ],
    ids=str,
)
def test_a_day_counts_however_it_is_written(written: object) -> None:
    assert judge(KEYS["day"], written).state == "right"


def test_sets_are_compared_as_sets_and_counted() -> None:
    key = KEYS["several"]
    for written in ([7, 19], {"19", "7"}, "19、7", "7 19", np.array([19.0, 7.0]), ("07"[1:], 19)):
        assert judge(key, written).state == "right", written
    assert judge(key, "7, 8, 9").detail == "Right: 1. Too many: 2. Missing: 1."


def test_a_choice_without_its_reason_is_not_answered_yet() -> None:
    assert judge(KEYS["pair"], ("vault", None)) == Verdict("blank", detail="Choose an option and a reason.")
    assert judge(KEYS["pair"], "VAULT/Past").state == "right"


def test_a_function_is_told_with_which_arguments_it_fails() -> None:
    key = KEYS["function"]
    assert (
        judge(key, lambda a, b: a / 0).detail == "It stopped with ZeroDivisionError when called with (2, 3)."
    )
    assert judge(key, lambda a, b: a).detail == "Called with (2, 3), it gives 2; it should be 6."
    assert judge(key, lambda a: a).detail == "It stopped with TypeError when called with (2, 3)."
    assert judge(key, 6).detail == "Hand over the function itself, by its name and without parentheses."
    assert judge(key, lambda a, b: None).state == "blank"
    assert judge(key, lambda a, b: np.int64(a) * b).state == "right"


def test_a_text_is_judged_by_its_facts_and_not_by_its_wording() -> None:
    key = KEYS["facts"]
    assert judge(key, "312 people, it was on 2026-03-02, sorry!").state == "right"
    assert judge(key, "3120 people on 2026-03-02") == Verdict(
        "wrong", "missing-people", "1 of 2 facts are there.", "3120 people on 2026-03-02"
    )
    assert judge(key, "2026-03-02: 312 people, such as 王小明").mistake == "named"
