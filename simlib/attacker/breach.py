"""Breach: which records were readable where a thief was, when he was there, and which are lost for good.

The walk only says where the thief was and when; what he could read there is a matter of copies (`simlib.privacy`). So
the very same break-in can be looked at under any retention policy, without simulating again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simlib.attacker.course import MEMORY, Course, Take
from simlib.attacker.heartbleed import harvest
from simlib.attacker.server_memory import film_around
from simlib.privacy import CONTACT, ONLINE, Field, copies_of, copies_taken, littles_law, web_place
from simlib.records import Run, Table
from simlib.scenario import Retention
from simlib.streams import Floats

Mask = npt.NDArray[np.bool_]


class How(NamedTuple):
    """How a thief takes: as in `simlib.attacker.course.Take`."""

    fields: int
    share: float = 1.0
    opened: bool = False
    requests: int = 0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Taken:
    """What a thief got at one place.

    Attributes
    ----------
    attack, campaign, step
        Who, by which step.
    t, until
        From when to when he was there, in days; the same moment for a single look.
    place
        Where.
    order_numbers, member_numbers, persons
        The records, and the members whose data they are, each once, ascending.
    """

    attack: int
    campaign: str
    step: str
    t: float
    until: float
    place: str
    order_numbers: npt.NDArray[np.int64]
    member_numbers: npt.NDArray[np.int64]
    persons: npt.NDArray[np.int64]

    @property
    def orders(self) -> int:
        """Number of orders."""
        return len(self.order_numbers)

    @property
    def members(self) -> int:
        """Number of members' own records."""
        return len(self.member_numbers)


class _Readable(NamedTuple):
    """Copies that are readable at one place: columns of `simlib.privacy.copies_of`, in order of `since`."""

    since: Floats
    until: Floats
    number: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    is_order: Mask


class Reader:
    """A thief's eyes on a run under one policy: what is readable at a place at a moment or in a time.

    Parameters
    ----------
    run
        The run.
    retention
        The policy; the scenario's own if left out.
    without
        Orders that never came about, because the shop could not be reached.
    """

    def __init__(self, run: Run, retention: Retention | None = None, without: Mask | None = None) -> None:
        self.run = run
        copies = run.copies if retention is None else copies_of(run, retention)
        is_order = copies.where("record", "order")
        if without is not None and without.any():
            kept = ~is_order
            kept[is_order] = ~without[copies["number"][is_order]]
            copies = Table({name: column[kept] for name, column in copies.items()}, copies.words)
        self.copies = copies
        self.without = without
        self._at: dict[tuple[str, int, bool], _Readable] = {}

    def readable(self, place: str, fields: int, opened: bool = False) -> _Readable:
        """Every copy that is readable at a place at any time, the oldest first; encrypted ones, too, if `opened`."""
        if (place, fields, opened) not in self._at:
            there = copies_taken(self.copies, [place], fields=Field(fields))
            if opened:
                there |= (
                    self.copies.where("place", place)
                    & self.copies.where("form", "encrypted")
                    & ((self.copies["fields"] & fields) != 0)
                )
            chosen = np.flatnonzero(there)
            chosen = chosen[np.argsort(self.copies["since"][chosen], kind="stable")]
            self._at[place, fields, opened] = _Readable(
                since=self.copies["since"][chosen],
                until=self.copies["until"][chosen],
                number=self.copies["number"][chosen],
                person=self.copies["person"][chosen],
                is_order=self.copies.where("record", "order")[chosen],
            )
        return self._at[place, fields, opened]

    def seen(
        self, place: str, since: float, until: float, how: How
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Orders, members and persons whose data are read at a place at some time from `since` to `until`.

        From the server's memory: orders whose address he read, members whose password, persons of whom anything.
        """
        fields, share, opened, requests, seed = how
        if place == MEMORY:
            return self._in_memory(since, until, requests, seed)
        copies = self.readable(place, fields, opened)
        begun = int(np.searchsorted(copies.since, until, side="right"))
        there = np.flatnonzero(copies.until[:begun] > since)
        if share < 1:
            there = there[len(there) - round(share * len(there)) :]
        is_order, number = copies.is_order[there], copies.number[there]
        return each_once(number[is_order]), each_once(number[~is_order]), each_once(copies.person[there])

    def _in_memory(
        self, since: float, until: float, requests: int, seed: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """What so many requests read of the memory of the shop's own server; on another's there is none to read."""
        if web_place(self.run.scenario) != "shop":
            nobody = np.empty(0, dtype=np.int64)
            return nobody, nobody, nobody
        until = min(until, self.run.days)
        found = harvest(film_around(self.run, since, until), since, until, requests, seed)
        orders, members, persons = found.numbers("address"), found.numbers("password"), found.members
        if self.without is not None:
            # Whoever could not reach the shop has left nothing in its server.
            away = self.run.orders["member"][self.without]
            orders = orders[~self.without[orders]]
            members, persons = members[~np.isin(members, away)], persons[~np.isin(persons, away)]
        return orders, members, persons


def taken(run: Run, retention: Retention | None = None) -> list[Taken]:
    """What each thief got in an attacked run, place by place.

    Parameters
    ----------
    run
        The run; its `takes` say where thieves were, and when.
    retention
        The policy under which the records lay there; the scenario's own if left out.
    """
    table = run.takes
    reader = Reader(run, retention)
    words = table.words
    return [
        _taken(
            reader,
            (attack, words["campaign"][campaign], words["step"][step]),
            (since, until, words["place"][place]),
            How(*how),
        )
        for attack, campaign, step, since, until, place, *how in zip(
            *(table[name].tolist() for name in ("attack", "campaign", "step", "t", "until", "place")),
            *(table[name].tolist() for name in How._fields),
            strict=True,
        )
    ]


def taken_in(reader: Reader, course: Course, until: float = np.inf) -> list[Taken]:
    """What thieves got according to a course, up to a time; `taken` for a walk that is no run's own."""
    return [
        _taken(
            reader,
            (take.attack, course.campaigns[take.attack], take.step),
            (take.since, min(take.until, until), place),
            _how(take),
        )
        for take in course.takes
        if take.since < until
        for place in take.places
    ]


def _taken(reader: Reader, who: tuple[int, str, str], where: tuple[float, float, str], how: How) -> Taken:
    since, until, place = where
    return Taken(*who, since, until, place, *reader.seen(place, since, until, how))


def _how(take: Take) -> How:
    return How(take.fields, take.share, take.opened, take.requests, take.seed)


def persons(taken: Iterable[Taken], attack: int | None = None) -> int:
    """How many persons' data were taken, in one attack or in all."""
    found = [each.persons for each in taken if attack in (None, each.attack)]
    return count_once(found)


def each_once(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each of some numbers of orders or members once, ascending: `numpy.unique` for what is counted from 0."""
    if not len(numbers):
        return np.empty(0, dtype=np.int64)
    # Marks in a row are twenty times as fast as numpy's table of hashes.
    there = np.zeros(int(numbers.max()) + 1, dtype=np.bool_)
    there[numbers] = True
    return np.flatnonzero(there)


def count_once(several: Sequence[npt.NDArray[np.int64]]) -> int:
    """How many numbers there are in some arrays, of which each holds a number only once."""
    if len(several) < 2:
        return sum(map(len, several))
    return len(each_once(np.concatenate(several)))


def take_rows(taken: Sequence[Taken], takes: Iterable[Take]) -> list[tuple[Any, ...]]:
    """Rows of `Run.takes`, one for each place of each take."""
    wanted = [_how(take) for take in takes for _place in take.places]
    return [
        (
            *(each.attack, each.campaign, each.step, each.t, each.until, each.place),
            *(*how, each.orders, each.members),
        )
        for each, how in zip(taken, wanted, strict=True)
    ]


def expected_orders(
    run: Run,
    place: str,
    begin: float,
    end: float,
    retention: Retention | None = None,
    fields: Field = CONTACT,
) -> float:
    """How many orders a thief finds at a place at a random moment, by Little's law: arrivals a day × days each stays.

    Parameters
    ----------
    run, place, retention, fields
        As for `Reader`.
    begin, end
        The time in which he comes; the shop must have been running for as long as records stay, before it begins.
    """
    copies = run.copies if retention is None else copies_of(run, retention)
    return littles_law(copies, [place], begin, end, fields=fields).expected


# ---------------------------------------------------------------------------------------------------------------
# what is gone


OWN: Final = (*ONLINE, "vault")
"""Places from which the shop itself can read."""

GONE: Final = ("encrypted", "destroyed")
"""Kinds of incident after which a place is without its data."""


def surviving(run: Run, retention: Retention | None = None) -> Table:
    """The copies of an attacked run, without those that were encrypted or destroyed, until they were restored.

    Returns
    -------
    Table
        As from `simlib.privacy.copies_of`. A copy that comes back is a row of its own.
    """
    return without(run.copies if retention is None else copies_of(run, retention), outages(run))


Outage = tuple[str, float, float]
"""A place, and from when to when it was without its data; `inf` where they never came back."""


def without(copies: Table, outages: Iterable[Outage]) -> Table:
    """The copies that are left when places lose their data."""
    for place, since, until in outages:
        copies = _cut(copies, place, since, until)
    return copies


def outages(run: Run) -> list[Outage]:
    """Which places of an attacked run lost their data, from its incidents."""
    rows = run.incidents
    places = run.copies.words["place"]
    what, kind = rows.words["what"], rows.words["kind"]
    open_since: dict[tuple[int, str], float] = {}
    found = []
    for t, attack, kind_code, what_code in zip(
        *(rows[name].tolist() for name in ("t", "attack", "kind", "what")), strict=True
    ):
        key = (attack, what[what_code])
        if kind[kind_code] in GONE and key[1] in places:
            open_since.setdefault(key, t)
        elif kind[kind_code] == "restored" and key in open_since:
            found.append((key[1], open_since.pop(key), t))
        elif kind[kind_code] == "rebuilt":
            # The place takes new data again; what was there stays lost.
            for other in [each for each in open_since if each[0] == attack]:
                found.append((other[1], open_since.pop(other), np.inf))
    return found + [(place, since, np.inf) for (_attack, place), since in open_since.items()]


def _cut(copies: Table, place: str, since: float, until: float) -> Table:
    """The copies that are left when one place loses its data.

    What lies there ends, and comes back with the restoration. What would be made of it meanwhile (a masked form, an
    export to the vault or the ERP) is made then, or never.
    """
    begins, ends = copies["since"], copies["until"]
    key = copies["number"] * len(copies.words["record"]) + copies["record"]
    struck = copies.where("place", place) & (begins < since) & (ends > since)
    if not struck.any():
        return copies
    back = struck & (ends > until)
    made_of_it = (
        np.isin(copies["place"], [copies.code("place", each) for each in {place, *MADE_FROM_THE_WEB}])
        & np.isin(key, key[struck])
        & (begins >= since)
    )
    new_begins = np.where(made_of_it, np.maximum(begins, until), begins)
    new_ends = np.where(struck, since, ends)
    kept = new_ends > new_begins
    columns = {name: np.concatenate([column[kept], column[back]]) for name, column in copies.items()}
    columns["since"] = np.concatenate([new_begins[kept], np.full(int(back.sum()), until)])
    columns["until"] = np.concatenate([new_ends[kept], ends[back]])
    return Table(columns, copies.words)


MADE_FROM_THE_WEB: Final = ("vault", "erp")
"""Places whose copies are made of what lies in the web shop."""


def lost_records(run: Run, retention: Retention | None = None) -> dict[str, int]:
    """Records of which the shop has no copy left, not even in the vault, though it should have.

    Returns
    -------
    dict
        ``order`` and ``member`` → how many records have lost their last copy to an attacker by the end of the run.
    """
    whole = run.copies if retention is None else copies_of(run, retention)
    return lost_copies(whole, outages(run), run.days)


def lost_copies(copies: Table, outages: Sequence[Outage], t: float) -> dict[str, int]:
    """`lost_records` at time `t` (days) for outages that are no run's own."""
    if not outages:
        return dict.fromkeys(copies.words["record"], 0)
    copies = own_copies(copies)
    left, size = without(copies, outages), int(copies["number"].max(initial=-1)) + 1
    return {
        record: int((_there(copies, record, t, size) & ~_there(left, record, t, size)).sum())
        for record in copies.words["record"]
    }


def own_copies(copies: Table) -> Table:
    """Those copies from which the shop itself can read how to reach a person."""
    chosen = np.isin(copies["place"], [copies.code("place", place) for place in OWN])
    chosen &= (copies["fields"] & int(CONTACT)) != 0
    return Table({name: column[chosen] for name, column in copies.items()}, copies.words)


def _there(copies: Table, record: str, t: float, size: int) -> Mask:
    """Of which of so many records a copy lies somewhere just before time `t`, by their number."""
    chosen = copies.where("record", record) & (copies["since"] < t) & (copies["until"] >= t)
    there = np.zeros(size, dtype=np.bool_)
    there[copies["number"][chosen]] = True
    return there


def how_many(persons: int, share: float, chance: float) -> int:
    """How many of so many persons something happens to, each with the same chance.

    Parameters
    ----------
    persons, share
        Number and chance.
    chance
        A uniform number, turned into the binomial number that has it as its distribution: more persons or a larger
        share never give fewer for the same luck.
    """
    if not persons or share <= 0:
        return 0
    if share >= 1:
        return persons
    # Not by `scipy.stats`: fetching it takes a second, which is more than all that is reckoned with it here.
    from scipy.special import bdtr, bdtrik

    if bdtr(0, persons, share) >= chance:
        return 0
    number = min(ceil(bdtrik(chance, persons, share)), persons)
    # The inverse is off by a hair at whole numbers.
    return number - 1 if bdtr(number - 1, persons, share) >= chance else number


def kept_out(run: Run, stops: Iterable[tuple[float, float]]) -> Mask:
    """Which orders of a quiet run would not have come about, had the shop been out of reach in these times."""
    visited, placed = run.orders["visited"], run.orders["placed"]
    lost = np.zeros(run.orders.rows, dtype=np.bool_)
    for since, until in stops:
        lost |= (since <= visited) & (visited < until)
        lost |= (since <= placed) & (placed < until)
    return lost


def in_time(times: Floats, since: float, until: float) -> Mask:
    """Which times lie in a span, its end not included."""
    return np.asarray((since <= times) & (times < until))
