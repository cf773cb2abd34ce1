"""Notices lack what their place asks for and nobody answered, and buyers' settings name whom they show."""

from __future__ import annotations

import pytest

from simlib.errors import SafeShopError
from simlib.people import buyers
from simlib.privacy import settings
from simlib.privacy.notices import (
    ITEMS,
    MOST_SIGNS,
    PLACES,
    example,
    heading,
    notice_text,
    required,
    vague_sentence,
    write_notice,
)
from tests.shops import run_of

BUYERS = buyers(run_of("taiwan-gift-shop", days=60, seed=2026))
COMPLETE = dict.fromkeys(ITEMS, "Something.") | {"retention": "Two years: 2."}


@pytest.mark.parametrize("place", PLACES)
def test_a_notice_that_answers_everything_lacks_nothing_and_an_empty_one_all_that_is_asked(
    place: str,
) -> None:
    done = write_notice(place, COMPLETE)
    assert (done.missing, done.vague) == ([], [])
    empty = write_notice(place, {})
    assert set(empty.missing) == set(required(place).value)
    assert empty.lines == []


@pytest.mark.parametrize("place", PLACES)
def test_each_item_that_a_place_asks_for_is_missed_when_it_alone_is_blank(place: str) -> None:
    for item in ITEMS:
        missing = write_notice(place, COMPLETE | {item: "  "}).missing
        assert missing == ([item] if item in required(place).value else [])


def test_what_places_ask_for_is_known_under_one_name_each() -> None:
    asked = [set(required(place).value) for place in PLACES]
    assert set.union(*asked) == set(ITEMS)
    assert {"purposes", "rights"} <= set.intersection(*asked)
    # Whoever has an answer for one place has not answered for all: the lists differ.
    assert len({frozenset(one) for one in asked}) == len(PLACES)


@pytest.mark.parametrize(
    ("answer", "is_vague"),
    [
        ("As long as we need them.", True),
        ("Forever", True),
        ("180 days after delivery", False),
        ("訂單完成後五年", False),
        ("２年", False),
    ],
)
def test_a_period_without_a_number_is_found_out(answer: str, is_vague: bool) -> None:
    assert write_notice("tw", {"retention": answer}).vague == (["retention"] if is_vague else [])


def test_an_answer_that_nobody_reads_is_found_out() -> None:
    assert write_notice("eu", {"data": "x" * MOST_SIGNS}).vague == []
    assert write_notice("eu", {"data": "x" * (MOST_SIGNS + 1)}).vague == ["data"]
    assert vague_sentence("data") == (
        "Which data do we collect? More than 300 signs are not read: make it shorter."
    )


def test_the_example_lacks_something_everywhere_so_that_there_is_something_to_do() -> None:
    answers = {item: example(item) for item in ITEMS}
    for place in PLACES:
        notice = write_notice(place, answers)
        assert notice.missing or place == "cn"
        assert notice.vague == ["retention"]


def test_the_text_holds_every_question_and_answer_in_order() -> None:
    text = notice_text(write_notice("tw", COMPLETE))
    places = [text.index(heading(item)) for item in ITEMS]
    assert places == sorted(places)
    assert text.count("Something.") == len(ITEMS) - 1


def test_an_unknown_place_or_item_is_told_in_a_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        write_notice("jp", {})
    assert told.value.sentence == "Nothing is known about notices in jp; choose one of: tw, cn, hk, eu."
    with pytest.raises(SafeShopError, match=r"^A notice has no item colour; choose one of: controller, "):
        write_notice("tw", {"colour": "blue"})


# -- settings


def test_a_public_default_names_all_but_those_who_changed_it() -> None:
    everybody = settings.identifiable(BUYERS, dict.fromkeys(settings.SETTINGS, True), 1, changed=0.0)
    nobody = settings.identifiable(BUYERS, dict.fromkeys(settings.SETTINGS, False), 1, changed=0.0)
    assert everybody.by_setting["review-name"] == int(BUYERS["reviewed"].sum())
    assert nobody.together == 0
    some = settings.identifiable(BUYERS, dict.fromkeys(settings.SETTINGS, True), 1, changed=0.1)
    few = settings.identifiable(BUYERS, dict.fromkeys(settings.SETTINGS, False), 1, changed=0.1)
    # The same people change a setting in both, so each is named by exactly one of the two defaults.
    for setting in settings.SETTINGS:
        assert some.by_setting[setting] + few.by_setting[setting] == everybody.by_setting[setting]


def test_whom_one_setting_names_it_names_whatever_the_others_are() -> None:
    private = dict.fromkeys(settings.SETTINGS, False)
    for setting in settings.SETTINGS:
        alone = settings.identifiable(BUYERS, private | {setting: True}, 1, changed=0.0)
        assert alone.together == alone.by_setting[setting]
        assert sum(alone.by_setting.values()) == alone.together


def test_a_wish_list_without_a_name_names_nearly_everybody_who_keeps_one() -> None:
    public = settings.identifiable(BUYERS, dict.fromkeys(settings.SETTINGS, True), 1, changed=0.0)
    days = BUYERS["birthday"].value_counts()
    alone = int((BUYERS["birthday"].map(days) == 1).sum())
    share = public.by_setting["wish-list"] / alone
    assert abs(share - 0.2) < 4 * (0.2 * 0.8 / alone) ** 0.5
