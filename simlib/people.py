"""Synthetic people: the names, addresses and telephone numbers behind the member numbers of a run.

The model knows its members as numbers, which is all it needs. A lesson about stolen data, a vault full of
files or an exercise needs persons instead, and they must never be real. So everybody made here is marked:

* account and e-mail begin with ``syn-``, the member code with ``SYN``; mail domains are those kept free for
  examples (RFC 2606), so no message can arrive;
* streets are called Example Road in the language of the place, in districts that exist, with their postcodes;
* telephone numbers have the right form and stand where the numbering plan has nobody (`NUMBERING`).

A name is a common family name with a common given name, both drawn by Faker. Somebody of that name will
exist; the person with this name at this address with this number does not.

Nobody depends on anybody: a person follows from the seed and his own number, not from who else is asked for.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeVar

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.scenario import MINOR_UNITS

if TYPE_CHECKING:
    import pandas as pd
    from faker import Faker

    from simlib.records import Run

LOCALES: dict[str, str] = {"zh_TW": "tw", "zh_CN": "cn", "en_US": "us"}
"""Locale of the names → place where such people live unless another is given."""

EMAIL_DOMAINS: tuple[str, ...] = ("example.com", "example.net", "example.org", "mail.example")
"""Domains that RFC 2606 keeps free for examples."""

DEFAULT_START = date(2026, 1, 1)
"""Day on which ages are reckoned unless another is given."""
YOUNGEST, OLDEST = 18, 90
"""Ages in years on that day: members may buy on their own account."""

PROGRESS_FROM = 2_000
"""From so many people on, a progress bar shows that something happens."""

Role = Literal["member", "recipient"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """One synthetic person and what he told the shop when he registered.

    Choices are the codes of `simlib.vault.schema`; ``None`` is what he left out.
    """

    member: int
    member_code: str
    account: str
    name: str
    nickname: str | None
    email: str
    mobile: str
    phone: str | None
    postcode: str | None
    address: str
    sex: str
    birthday: date
    nationality: str
    register_method: str
    account_integration: str
    newsletter: bool
    may_order_for_others: bool
    found_by: str
    email_validity: str


@dataclass(frozen=True, slots=True)
class Numbering:
    """Where a place's numbering plan has nobody.

    Parameters
    ----------
    mobile, phone
        Number as dialled at home, each ``#`` one free digit; ``None`` where people have no second number.
    reason
        Why nobody answers there.
    """

    mobile: str
    phone: str | None
    reason: str


NUMBERING: dict[str, Numbering] = {
    "tw": Numbering(
        "0999######", "02-9#######", "mobiles use 090 to 098; Taipei numbers do not begin with 9"
    ),
    "cn": Numbering("154########", None, "154 is not given to any operator"),
    "hk": Numbering("555#####", "20######", "neither block is given to any operator"),
    "us": Numbering("(212) 555-01##", "(312) 555-01##", "555-0100 to 555-0199 are kept for fiction"),
}
"""Place → its empty number blocks.

Only North America reserves numbers for fiction. For the other places these are blocks that libphonenumber's
metadata (9.0.43, 2026) knows neither as mobile nor as fixed line; a test asks it again where it is installed.
"""

_DISTRICTS: dict[str, tuple[tuple[str | None, str], ...]] = {
    "tw": (
        ("100", "臺北市中正區"),
        ("104", "臺北市中山區"),
        ("105", "臺北市松山區"),
        ("106", "臺北市大安區"),
        ("110", "臺北市信義區"),
        ("220", "新北市板橋區"),
        ("234", "新北市永和區"),
        ("330", "桃園市桃園區"),
        ("407", "臺中市西屯區"),
        ("701", "臺南市東區"),
        ("802", "高雄市苓雅區"),
        ("813", "高雄市左營區"),
        ("260", "宜蘭縣宜蘭市"),
        ("970", "花蓮縣花蓮市"),
    ),
    "cn": (
        ("100020", "北京市朝阳区"),
        ("100080", "北京市海淀区"),
        ("200001", "上海市黄浦区"),
        ("200030", "上海市徐汇区"),
        ("510630", "广东省广州市天河区"),
        ("518033", "广东省深圳市福田区"),
        ("310013", "浙江省杭州市西湖区"),
        ("210009", "江苏省南京市鼓楼区"),
        ("610041", "四川省成都市武侯区"),
        ("430061", "湖北省武汉市武昌区"),
        ("710061", "陕西省西安市雁塔区"),
        ("361004", "福建省厦门市思明区"),
    ),
    "hk": (
        (None, "香港中環"),
        (None, "香港灣仔"),
        (None, "香港北角"),
        (None, "九龍旺角"),
        (None, "九龍尖沙咀"),
        (None, "九龍觀塘"),
        (None, "新界沙田"),
        (None, "新界荃灣"),
    ),
}
_HONG_KONG_IN_ENGLISH = (
    "Central",
    "Wan Chai",
    "North Point",
    "Mong Kok",
    "Tsim Sha Tsui",
    "Kwun Tong",
    "Sha Tin",
)

_INTEGRATION: dict[str, dict[str, float]] = {
    "tw": {"none": 60, "line": 25, "google": 10, "facebook": 5},
    "cn": {"none": 30, "wechat": 70},
    "hk": {"none": 60, "google": 20, "facebook": 20},
    "us": {"none": 60, "google": 30, "facebook": 10},
}
# Shares in this module are decoration, chosen so that every code occurs; no lesson rests on them.


def people(
    members: Iterable[int],
    locale: str,
    seed: int,
    *,
    start: date = DEFAULT_START,
    place: str | None = None,
    role: Role = "member",
) -> list[Person]:
    """Make the synthetic people behind some member numbers.

    Parameters
    ----------
    members
        Member numbers, not negative, in any order.
    locale
        Language of the names: one of `LOCALES`.
    seed
        Seed of the run. Same number, locale, seed, start and place: same person, whoever else is asked for.
    start
        Day on which everybody is between `YOUNGEST` and `OLDEST` years old; usually the scenario's first day.
    place
        Where they live, one of `NUMBERING`; the locale's own place if not given.
    role
        ``"recipient"`` makes other people than ``"member"`` does for the same numbers: those who get a gift.

    Returns
    -------
    list of Person
        In the order of ``members``.

    Raises
    ------
    SafeShopError
        If locale or place is unknown, or a member number is negative.
    """
    home = _home(locale, place)
    numbers = [int(member) for member in members]
    if numbers and min(numbers) < 0:
        raise SafeShopError(_("Member numbers start at 0; {number} is negative.").format(number=min(numbers)))
    return [_person(member, locale, home, f"{seed}:{role}", start) for member in _shown(numbers)]


def every_mobile(place: str) -> list[str]:
    """All telephone numbers that a synthetic person of a place may have, for whoever tries them all.

    Parameters
    ----------
    place
        One of `NUMBERING`.
    """
    pattern = NUMBERING[place].mobile
    free = pattern.count("#")
    start = pattern.index("#")
    return [f"{pattern[:start]}{number:0{free}d}" for number in range(10**free)]


def buyers(run: Run) -> pd.DataFrame:
    """Everybody who ordered in a run, as a back office exports its customers: one row a person.

    Parameters
    ----------
    run
        The run.

    Returns
    -------
    pandas.DataFrame
        By member number: ``member``, ``name``, ``mobile``, ``birthday`` (date), ``postcode`` (text, empty where
        there is none), ``sex``, ``bought`` (product code of the first line of the first order), ``orders``
        (number), ``spent`` (amount of all orders, currency units), ``sent_back`` and ``reviewed`` (whether ever).
    """
    import pandas as pd

    scenario, orders = run.scenario, run.orders
    frame = pd.DataFrame(
        {
            "member": orders["member"],
            "orders": 1,
            "spent": orders["amount"] / MINOR_UNITS[scenario.currency],
            "sent_back": orders.where("state", "refunded"),
            "reviewed": orders["reviewed"] >= 0,
        }
    )
    product = dict(zip(run.lines["order"][::-1].tolist(), run.lines["product"][::-1].tolist(), strict=True))
    frame["bought"] = [scenario.catalogue[product[order]].sku for order in range(orders.rows)]
    told = frame.groupby("member").agg(
        {"bought": "first", "orders": "sum", "spent": "sum", "sent_back": "any", "reviewed": "any"}
    )
    persons = people(
        told.index.tolist(), scenario.locale, run.seed, start=scenario.start, place=scenario.place
    )
    who = pd.DataFrame(
        {
            "member": told.index,
            "name": [person.name for person in persons],
            "mobile": [person.mobile for person in persons],
            "birthday": [person.birthday for person in persons],
            "postcode": [person.postcode or "" for person in persons],
            "sex": [person.sex for person in persons],
        }
    )
    return who.join(told, on="member")


def _home(locale: str, place: str | None) -> str:
    if locale not in LOCALES:
        raise SafeShopError(
            _("There are no synthetic people for the locale {locale}; choose one of: {locales}.").format(
                locale=locale, locales=", ".join(LOCALES)
            )
        )
    home = place or LOCALES[locale]
    if home not in NUMBERING:
        raise SafeShopError(
            _("There are no synthetic people in the place {place}; choose one of: {places}.").format(
                place=home, places=", ".join(NUMBERING)
            )
        )
    return home


def _shown(numbers: Sequence[int]) -> Iterable[int]:
    if len(numbers) <= PROGRESS_FROM:
        return numbers
    from tqdm import tqdm

    return tqdm(numbers, desc=_("Making synthetic people"), leave=False)


def _person(member: int, locale: str, place: str, key: str, start: date) -> Person:
    # One source of chance per purpose: a field added to one of them leaves the others as they were. Python
    # promises that random() of a seed stays the same in every version, so nothing else is drawn from here.
    def draws(purpose: str) -> random.Random:
        return random.Random(f"{key}:{locale}:{place}:{member}:{purpose}")

    sex, name, handle = _name(locale, draws("name"))
    number = draws("telephone")
    postcode, address = _address(locale, place, draws("address"))
    account = f"syn-{place}-{handle}-{member}"
    habits = draws("habits")
    return Person(
        member=member,
        member_code=f"SYN{place.upper()}{member:06d}",
        account=account,
        name=name,
        nickname=None if habits.random() < 0.3 else handle,
        email=f"{account}@{_one(EMAIL_DOMAINS, habits)}",
        mobile=_dialled(NUMBERING[place].mobile, number),
        phone=_landline(place, address, number),
        postcode=postcode,
        address=address,
        sex=sex,
        birthday=_birthday(start, draws("birthday")),
        nationality=place.upper() if habits.random() < 0.95 else _one(("JP", "MY", "SG", "CA"), habits),
        register_method=_weighted({"self": 85, "checkout": 12, "staff": 3}, habits),
        account_integration=_weighted(_INTEGRATION[place], habits),
        newsletter=habits.random() < 0.55,
        may_order_for_others=habits.random() < 0.08,
        found_by=_weighted(
            {"search": 35, "friend": 20, "social": 20, "advertisement": 10, "unknown": 15}, habits
        ),
        email_validity=_weighted({"valid": 86, "unchecked": 12, "bounced": 2}, habits),
    )


@lru_cache
def _faker(locale: str) -> Faker:
    # Loaded here because it takes half a second that most uses of the library do not need.
    from faker import Faker

    return Faker(locale)


def _name(locale: str, draws: random.Random) -> tuple[str, str, str]:
    """Sex, full name, and a short Latin handle for account and nickname."""
    fake = _faker(locale)
    fake.seed_instance(str(draws.random()))
    sex = _weighted({"female": 55, "male": 42, "unstated": 3}, draws)
    given: Callable[[], str] = {
        "female": fake.first_name_female,
        "male": fake.first_name_male,
        "unstated": fake.first_name,
    }[sex]
    first, last = given(), fake.last_name()
    if locale == "en_US":
        return sex, f"{first} {last}", first.lower()
    # Faker's romanised given names belong to other characters; as a handle that is just as well.
    return sex, f"{last}{first}", re.sub("[^a-z]", "", fake.first_romanized_name().lower())


def _address(locale: str, place: str, draws: random.Random) -> tuple[str | None, str]:
    """Postcode and address. Faker is not asked: its Chinese addresses mix provinces, cities and postcodes."""
    house, floor = 1 + int(draws.random() * 298), 2 + int(draws.random() * 18)
    match place:
        case "us":
            fake = _faker("en_US")
            fake.seed_instance(str(draws.random()))
            state = fake.state_abbr(include_territories=False, include_freely_associated_states=False)
            return fake.zipcode_in_state(state), f"{house} Example Street, {fake.city()}, {state}"
        case "hk" if locale == "en_US":
            district = _one(_HONG_KONG_IN_ENGLISH, draws)
            return None, f"{floor}/F, {house} Example Road, {district}, Hong Kong"
        case "hk":
            postcode, district = _one(_DISTRICTS[place], draws)
            return postcode, f"{district}{_one(('範例道', '樣本街'), draws)}{house}號{floor}樓"
        case "tw":
            postcode, district = _one(_DISTRICTS[place], draws)
            road = _one(("範例路", "範例路一段", "範例路二段", "樣本街"), draws)
            return postcode, f"{district}{road}{house}號{floor}樓"
        case _:
            postcode, district = _one(_DISTRICTS[place], draws)
            return postcode, f"{district}{_one(('示例路', '样本街'), draws)}{house}号{floor}层"


def _landline(place: str, address: str, draws: random.Random) -> str | None:
    pattern = NUMBERING[place].phone
    # 02 is the area code of Taipei and New Taipei only; elsewhere no empty block was found.
    outside = place == "tw" and not address.startswith(("臺北市", "新北市"))
    if pattern is None or draws.random() < 0.4 or outside:
        return None
    return _dialled(pattern, draws)


def _dialled(pattern: str, draws: random.Random) -> str:
    return re.sub("#", lambda _hash: str(int(draws.random() * 10)), pattern)


def _birthday(start: date, draws: random.Random) -> date:
    # The sum of three draws: many in the middle of life, few at its ends.
    share = (draws.random() + draws.random() + draws.random()) / 3
    latest, earliest = _years_before(start, YOUNGEST), _years_before(start, OLDEST + 1) + timedelta(days=1)
    return latest - timedelta(days=int(share * ((latest - earliest).days + 1)))


def _years_before(day: date, years: int) -> date:
    # Whoever is born on 29 February comes of age on 1 March; 28 February is the birthday before.
    return date(day.year - years, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def _one(items: Sequence[T], draws: random.Random) -> T:
    return items[int(draws.random() * len(items))]


def _weighted(shares: dict[T, float], draws: random.Random) -> T:
    rest = draws.random() * sum(shares.values())
    for item, share in shares.items():
        rest -= share
        if rest < 0:
            return item
    return item
