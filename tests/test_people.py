"""Synthetic people: marked as such, in the right form, and independent of each other."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.people import EMAIL_DOMAINS, NUMBERING, OLDEST, YOUNGEST, Person, _birthday, people
from simlib.vault.schema import MEMBERS, from_cell

REPOSITORY = Path(__file__).parents[1]
KINDS = [("zh_TW", "tw"), ("zh_CN", "cn"), ("en_US", "us"), ("en_US", "hk"), ("zh_TW", "hk")]
MANY = 400


@pytest.fixture(params=KINDS, ids="-".join)
def crowd(request: pytest.FixtureRequest) -> tuple[str, list[Person]]:
    locale, place = request.param
    return place, people(range(MANY), locale, 7, place=place)


# The form a shop's own checks would ask for, looser than the blocks we draw from.
FORMS = {
    "tw": (r"09\d{8}", r"02-\d{8}", r"\d{3}", r"[\u4e00-\u9fff]+(路|街)([一二]段)?\d+號\d+樓"),
    "cn": (r"1[3-9]\d{9}", None, r"\d{6}", r"[\u4e00-\u9fff]+(路|街)\d+号\d+层"),
    "us": (
        r"\(\d{3}\) \d{3}-\d{4}",
        r"\(\d{3}\) \d{3}-\d{4}",
        r"\d{5}",
        r"\d+ Example Street, [A-Za-z ]+, [A-Z]{2}",
    ),
    "hk": (
        r"[4-9]\d{7}",
        r"[23]\d{7}",
        None,
        r"(\d+/F, \d+ Example Road, [A-Za-z ]+|[\u4e00-\u9fff]+\d+號\d+樓)",
    ),
}


def age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def matches(pattern: str | None, text: str | None) -> bool:
    return text is None if pattern is None else text is not None and re.fullmatch(pattern, text) is not None


def test_numbers_postcodes_and_addresses_have_the_form_of_their_place(
    crowd: tuple[str, list[Person]],
) -> None:
    place, persons = crowd
    mobile, phone, postcode, address = FORMS[place]
    for person in persons:
        assert matches(mobile, person.mobile), person
        assert person.phone is None or matches(phone, person.phone), person
        assert matches(postcode, person.postcode), person
        assert matches(address, person.address.removesuffix(", Hong Kong")), person


def test_everybody_is_marked_as_synthetic(crowd: tuple[str, list[Person]]) -> None:
    place, persons = crowd
    for person in persons:
        assert person.member_code == f"SYN{place.upper()}{person.member:06d}"
        assert person.account.startswith("syn-")
        assert person.email.startswith("syn-")
        assert person.email.rpartition("@")[2] in EMAIL_DOMAINS
        assert any(word in person.address for word in ("Example", "範例", "樣本", "示例", "样本")), (
            person.address
        )


def test_mail_domains_are_those_kept_free_for_examples() -> None:
    assert all(re.fullmatch(r"example\.(com|net|org)|[a-z]+\.example", domain) for domain in EMAIL_DOMAINS)


def test_the_telephone_numbers_belong_to_nobody(crowd: tuple[str, list[Person]]) -> None:
    phonenumbers = pytest.importorskip(
        "phonenumbers", reason="asks libphonenumber, which is not a dependency"
    )
    place, persons = crowd
    kind = phonenumbers.PhoneNumberType
    for person in persons:
        for number in filter(None, (person.mobile, person.phone)):
            read = phonenumbers.parse(number, place.upper())
            if place == "us":
                assert re.fullmatch(r"\d{3}55501\d\d", str(read.national_number)), number
            else:
                assert phonenumbers.number_type(read) in (kind.UNKNOWN, kind.PERSONAL_NUMBER), number


def test_codes_accounts_and_mail_addresses_are_unique_across_places() -> None:
    everybody = [
        person for locale, place in KINDS[:4] for person in people(range(MANY), locale, 7, place=place)
    ]
    for field in ("member_code", "account", "email"):
        assert len({getattr(person, field) for person in everybody}) == len(everybody)


@given(st.integers(0, 10**6), st.integers(0, 2**32), st.dates(date(2010, 1, 1), date(2040, 12, 31)))
def test_everybody_is_of_age_and_not_too_old_on_the_first_day(member: int, seed: int, start: date) -> None:
    (person,) = people([member], "zh_TW", seed, start=start)
    assert YOUNGEST <= age(person.birthday, start) <= OLDEST


class Draws(random.Random):
    """Chance that always falls on the same side."""

    def __init__(self, always: float) -> None:
        super().__init__()
        self.always = always

    def random(self) -> float:
        return self.always


@pytest.mark.parametrize("start", [date(2026, 1, 1), date(2025, 2, 28), date(2025, 3, 1), date(2025, 12, 31)])
def test_the_youngest_has_his_birthday_on_the_first_day_and_the_oldest_on_the_day_after(start: date) -> None:
    young, old = (_birthday(start, Draws(always)) for always in (0.0, 1 - 2**-53))
    eve = start - timedelta(days=1)
    assert age(young, start) == YOUNGEST
    assert age(young, eve) == YOUNGEST - 1
    assert age(old, start) == OLDEST
    assert age(old, start + timedelta(days=1)) == OLDEST + 1


def test_two_members_are_two_persons(crowd: tuple[str, list[Person]]) -> None:
    for field, least in (("name", 150), ("mobile", 60), ("address", 350), ("birthday", 350)):
        assert len({getattr(person, field) for person in crowd[1]}) >= least, field


@given(st.lists(st.integers(0, 5_000), max_size=6), st.integers(0, 99), st.sampled_from(KINDS))
def test_a_person_does_not_depend_on_who_else_is_asked_for(
    members: list[int], seed: int, kind: tuple[str, str]
) -> None:
    locale, place = kind
    together = people(members, locale, seed, place=place)
    alone = [people([member], locale, seed, place=place)[0] for member in members]
    assert together == alone


def test_seed_role_and_start_make_other_people() -> None:
    usual = people(range(50), "zh_TW", 1)
    assert [p.name for p in usual] != [p.name for p in people(range(50), "zh_TW", 2)]
    assert [p.name for p in usual] != [p.name for p in people(range(50), "zh_TW", 1, role="recipient")]
    assert [p.name for p in usual] == [p.name for p in people(range(50), "zh_TW", 1, start=date(2020, 1, 1))]


def test_the_same_people_come_out_of_another_process_with_another_hash_seed() -> None:
    program = (
        "from simlib.people import people; print([people([3, 1], l, 5) for l in ('zh_TW', 'zh_CN', 'en_US')])"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONUTF8": "1"},
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(said) == 1


def test_what_a_person_told_the_shop_fits_the_export_format(crowd: tuple[str, list[Person]]) -> None:
    choices = (
        "sex",
        "register_method",
        "account_integration",
        "found_by",
        "email_validity",
        "nationality",
        "email",
    )
    for person in crowd[1]:
        for name in choices:
            assert from_cell(MEMBERS[name], getattr(person, name)) == getattr(person, name)


def test_faker_is_loaded_only_when_people_are_made() -> None:
    program = "import sys, simlib.people; assert 'faker' not in sys.modules; assert 'tqdm' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)


@pytest.mark.parametrize(
    ("locale", "place", "members", "sentence"),
    [
        (
            "fr_FR",
            None,
            [1],
            "There are no synthetic people for the locale fr_FR; choose one of: zh_TW, zh_CN, en_US.",
        ),
        ("zh_TW", "jp", [1], "There are no synthetic people in the place jp; choose one of: tw, cn, hk, us."),
        ("zh_TW", None, [4, -2], "Member numbers start at 0; -2 is negative."),
    ],
)
def test_an_impossible_wish_gets_a_sentence(
    locale: str, place: str | None, members: list[int], sentence: str
) -> None:
    with pytest.raises(SafeShopError) as refusal:
        people(members, locale, 1, place=place)
    assert refusal.value.sentence == sentence


def test_every_numbering_block_says_why_nobody_answers() -> None:
    assert all(block.reason for block in NUMBERING.values())
