"""Anonymising: groups are what they are counted to be, and an attack succeeds as they predict."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, timedelta
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.people import NUMBERING, buyers, every_mobile
from simlib.privacy.anonymising import (
    FINEST,
    LADDERS,
    Treatment,
    answers_in_group,
    example_record,
    fingerprint,
    generalised,
    group_sizes,
    least_generalisations,
    link,
    masked,
    masked_name,
    masked_number,
    outside_list,
    pseudonym,
    record_csv,
    release,
    treated,
    turn_back,
)
from tests.shops import run_of

RUN = run_of("taiwan-gift-shop", days=30, seed=1)
PEOPLE = buyers(RUN)
MONTH = FINEST | {"birthday": "month"}

some_people = st.lists(
    st.tuples(
        st.sampled_from([date(1970, 1, 1), date(1970, 1, 2), date(1971, 3, 1), date(1985, 1, 1)]),
        st.sampled_from(["100", "106", "407"]),
        st.sampled_from(["female", "male"]),
        st.sampled_from(["tea", "mug"]),
    ),
    min_size=1,
    max_size=25,
).map(lambda rows: pd.DataFrame(rows, columns=["birthday", "postcode", "sex", "bought"]))

some_rungs = st.fixed_dictionaries({field: st.sampled_from(ladder) for field, ladder in LADDERS.items()})


def test_buyers_are_everybody_who_ordered_once_each() -> None:
    orders = Counter(RUN.orders["member"].tolist())
    assert PEOPLE["member"].tolist() == sorted(orders)
    assert PEOPLE["orders"].tolist() == [orders[member] for member in sorted(orders)]
    assert PEOPLE["spent"].sum() * 100 == pytest.approx(RUN.orders["amount"].sum())
    back = set(RUN.orders["member"][RUN.orders.where("state", "refunded")].tolist())
    assert set(PEOPLE.loc[PEOPLE["sent_back"], "member"]) == back
    first = int(RUN.orders["member"][0])
    sku = RUN.scenario.catalogue[RUN.lines["product"][0]].sku
    assert PEOPLE.set_index("member").loc[first, "bought"] == sku


@given(some_people, some_rungs)
@settings(max_examples=60)
def test_group_sizes_are_counted_as_by_hand(people: pd.DataFrame, rungs: dict[str, str]) -> None:
    told = generalised(people, rungs)
    rows = list(map(tuple, told.to_numpy())) if len(told.columns) else [()] * len(people)
    counted = Counter(rows)
    assert group_sizes(told).tolist() == [counted[row] for row in rows]
    if len(told.columns):
        kinds = {row: {b for r, b in zip(rows, people["bought"], strict=True) if r == row} for row in counted}
        assert answers_in_group(told, people["bought"]).tolist() == [len(kinds[row]) for row in rows]


@given(some_people, some_rungs, st.sampled_from(sorted(LADDERS)))
@settings(max_examples=60)
def test_telling_less_never_makes_a_group_smaller(
    people: pd.DataFrame, rungs: dict[str, str], field: str
) -> None:
    ladder = LADDERS[field]
    coarser = rungs | {field: ladder[min(ladder.index(rungs[field]) + 1, len(ladder) - 1)]}
    assert (group_sizes(generalised(people, coarser)) >= group_sizes(generalised(people, rungs))).all()


def test_each_rung_says_what_its_name_says() -> None:
    one = pd.DataFrame({"birthday": [date(1975, 6, 13)], "postcode": ["407"], "sex": ["male"]})
    said = {
        rung: generalised(one, {field: rung}).iloc[0].tolist()
        for field, ladder in LADDERS.items()
        for rung in ladder
    }
    assert said == {
        "day": ["1975-06-13"],
        "month": ["1975-06"],
        "year": ["1975"],
        "decade": ["1970–1979"],
        "district": ["407"],
        "region": ["4＊＊"],
        "told": ["male"],
        "gone": [],
    }


def test_the_chance_to_be_found_is_one_over_the_size_of_the_group() -> None:
    told = generalised(PEOPLE, FINEST | {"birthday": "year"})
    everybody = np.arange(len(PEOPLE))
    # Of each group exactly one row is the right one, so expected hits are the number of groups.
    assert link(told, everybody, 1).expected == pytest.approx(len(told.drop_duplicates()))
    right = [link(told, everybody, seed).right for seed in range(20)]
    sizes = group_sizes(told)
    spread = np.sqrt(((1 / sizes) * (1 - 1 / sizes)).sum() / len(right))
    assert abs(np.mean(right) - link(told, everybody, 1).expected) < 4 * spread
    # Whoever stands last in his group is found as often as the others, so the row is really drawn by lot.
    last = np.flatnonzero(~told.duplicated(keep="last") & (sizes == 2))
    found = [link(told, last, seed).right for seed in range(20)]
    assert abs(np.mean(found) - len(last) / 2) < 4 * np.sqrt(len(last) / 4 / 20)
    alone = link(told, np.flatnonzero(sizes == 1), 1)
    assert alone.right == alone.certain == alone.known == (sizes == 1).sum()


def test_an_outside_list_knows_different_people_and_at_most_everybody() -> None:
    assert len(set(outside_list(100, 50, 1).tolist())) == 50
    assert outside_list(7, 50, 1).tolist() == list(range(7))


@pytest.mark.parametrize("k", [2, 5, 10])
def test_the_least_generalisations_reach_k_and_no_rung_of_them_can_be_taken_back(k: int) -> None:
    share = 0.05
    found = least_generalisations(PEOPLE, k, share)

    def reaches(rungs: dict[str, str]) -> bool:
        return bool((group_sizes(generalised(PEOPLE, rungs)) < k).mean() <= share)

    by_hand = []
    for node in product(*(range(len(ladder)) for ladder in LADDERS.values())):
        rungs = {f: LADDERS[f][rung] for f, rung in zip(LADDERS, node, strict=True)}
        below = [rungs | {f: LADDERS[f][rung - 1]} for f, rung in zip(LADDERS, node, strict=True) if rung > 0]
        if reaches(rungs) and not any(reaches(one) for one in below):
            by_hand.append(rungs)
    assert sorted(map(str, by_hand)) == sorted(str(one.rungs) for one in found)
    assert [one.lost for one in found] == sorted(one.lost for one in found)
    for one in found:
        counted = release(PEOPLE, one.rungs, "bought", k)
        assert counted.dropped == one.dropped
        assert counted.smallest >= k


def test_a_group_that_agrees_betrays_its_members_and_larger_groups_fewer() -> None:
    people = pd.DataFrame(
        {
            "birthday": [date(1970, 1, 1)] * 2 + [date(1980, 1, 1)] * 3 + [date(1990, 1, 1)],
            "postcode": "100",
            "sex": "male",
            "bought": ["tea", "tea", "tea", "mug", "tea", "tea"],
        }
    )
    assert release(people, FINEST, "bought", 1).betrayed == 2
    assert release(people, FINEST, "bought", 3).betrayed == 0
    assert release(people, FINEST, "bought", 3).dropped == 3


def test_pseudonyms_without_a_key_are_turned_back_and_with_a_key_none() -> None:
    candidates = [f"0999{number:06d}" for number in range(3_000)]
    texts = candidates[::500]
    found = turn_back(texts, b"key", candidates)
    assert (found.texts, found.without_key, found.with_key, found.tried) == (6, 6, 0, 3_000)
    # Published: SHA-256 of “abc” (FIPS 180-4), and HMAC-SHA-256 of case 2 of RFC 4231.
    assert fingerprint("abc") == "ba7816bf8f01"
    assert pseudonym("what do ya want for nothing?", b"Jefe") == "5bdcc146bf60"


def test_every_number_of_the_synthetic_people_is_among_those_tried() -> None:
    every = set(every_mobile("tw"))
    assert set(PEOPLE["mobile"]) <= every
    assert len(every) == 10 ** NUMBERING["tw"].mobile.count("#")


def test_a_mask_leaves_the_first_sign_or_the_last_three() -> None:
    assert masked_name("林小明") == "林＊＊＊"
    assert masked_number("0999123456") == "＊＊＊456"
    assert masked_number("12345") == "＊＊＊"
    told = masked(PEOPLE)
    assert told["name"].str[0].tolist() == PEOPLE["name"].str[0].tolist()
    assert told["mobile"].str[3:].tolist() == PEOPLE["mobile"].str[-3:].tolist()
    assert set(told.columns) == {"name", "mobile"}


def test_an_export_is_treated_as_its_record_says() -> None:
    record = example_record(RUN)
    done = treated(PEOPLE, record, b"key")
    dropped = {line.field for line in record if line.treatment == "drop"}
    assert set(done.columns) == set(PEOPLE.columns) - dropped
    text = done.to_csv()
    assert not any(told in text for column in ("name", "mobile") for told in PEOPLE[column])
    assert done["member"].nunique() == len(PEOPLE)
    assert done["birthday"].str.fullmatch(r"\d{3}0–\d{3}9").all()
    masks = [
        Treatment(line.field, "mask", line.reason, line.who, line.when)
        if line.field in ("name", "mobile")
        else line
        for line in record
    ]
    assert treated(PEOPLE, masks, b"key")["name"].str.endswith("＊＊＊").all()
    assert treated(PEOPLE, masks, b"key")["mobile"].str.startswith("＊＊＊").all()


def test_the_record_can_be_read_again_and_says_everything() -> None:
    record = example_record(RUN)
    lines = list(csv.DictReader(io.StringIO(record_csv(record))))
    assert [line["field"] for line in lines] == list(PEOPLE.columns)
    assert all(line["reason"] and line["who"] for line in lines)
    assert {line["when"] for line in lines} == {str(RUN.scenario.start + timedelta(days=30))}


def test_what_cannot_be_done_is_told_in_a_sentence() -> None:
    record = example_record(RUN)
    with pytest.raises(SafeShopError, match=r"^The record does not say what is done to member: add a line"):
        treated(PEOPLE, record[1:], b"")
    with pytest.raises(SafeShopError, match=r"^The record names member, which the export does not have"):
        treated(PEOPLE.drop(columns="member"), record, b"")
    with pytest.raises(
        SafeShopError, match=r"^The field birthday cannot be told as “hour”; choose one of: day, "
    ):
        generalised(PEOPLE, {"birthday": "hour"})
    with pytest.raises(
        SafeShopError, match=r"^3 people cannot be told in groups of 5; ask for smaller groups\.$"
    ):
        least_generalisations(PEOPLE.head(3), 5)


def test_nine_of_ten_buyers_are_alone_by_month_district_and_sex() -> None:
    # What lesson 10 asks its reader to guess, counted without the library's own grouping.
    export = buyers(run_of("taiwan-gift-shop", days=60, seed=2026))
    rows = Counter(
        zip(
            export["birthday"].map(lambda day: (day.year, day.month)),
            export["postcode"],
            export["sex"],
            strict=True,
        )
    )
    assert round(100 * sum(count == 1 for count in rows.values()) / len(export)) == 91
    assert round(100 * release(export, MONTH, "bought").alone) == 91
