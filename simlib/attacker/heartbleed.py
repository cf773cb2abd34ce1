"""Heartbleed on a shop: what one request and a thousand take from the server's memory, and what stays usable.

A request takes the remains (`simlib.attacker.server_memory`) that lie whole within the bytes copied, at the place
where the server puts the attacker's connection just then. The attacker chooses neither; he asks again and again.

The number of different secrets after *n* requests at random times follows from the share of time *f* during which
each secret lies within reach: Σ 1 − (1 − f)ⁿ, the collector's sum. `expected` works it out from the intervals,
`harvest` counts it request by request: two independent ways to the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from simlib.attacker.heartbeat import (
    MESSAGE_HEADER,
    MOST_STATED,
    PADDING,
    RECORD_HEADER,
    corrected_answer,
    faulty_answer,
    record,
    request,
)
from simlib.attacker.server_memory import KINDS, PRIME_BYTES, SHAPES, Film, film
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.records import Run, Table
from simlib.scenario import MINOR_UNITS
from simlib.streams import Floats, Integers, stream

PAYLOAD: Final = b"A"
"""What the attacker really sends: one byte."""

COPIED_FROM: Final = RECORD_HEADER.size + MESSAGE_HEADER.size
"""Bytes from the beginning of the receive buffer to the payload, from which on is copied."""

OWN_BYTES: Final = COPIED_FROM + len(PAYLOAD) + PADDING
"""Bytes at the beginning of the receive buffer that the attacker's own record takes up."""


@dataclass(frozen=True, eq=False)
class Harvest:
    """What an attacker took out of the memory.

    Attributes
    ----------
    film
        The memory.
    begin, end
        When he asked, in days.
    requests, stated, seed
        How often, how many bytes each time, and the seed of the moments.
    secrets
        One row a secret: kind (`KINDS`), number (member of a password, order of an address, visit of a cookie, 0
        for the key), person (member; −1 for the key), t (when first read).
    """

    film: Film
    begin: float
    end: float
    requests: int
    stated: int
    seed: int
    secrets: Table

    def count(self, kind: str) -> int:
        """Different secrets of a kind."""
        return int(self.secrets.where("kind", kind).sum())

    @property
    def key_found(self) -> bool:
        """Whether a prime of the private key is among them; from it and the certificate follows the whole key."""
        return self.count("key") > 0

    def numbers(self, kind: str) -> Integers:
        """Whose secrets of a kind: members for passwords, orders for addresses, visits for cookies; ascending."""
        return np.sort(self.secrets["number"][self.secrets.where("kind", kind)])

    @cached_property
    def members(self) -> Integers:
        """Members of whom he has anything."""
        return np.unique(self.secrets["person"][self.secrets["person"] >= 0])

    @property
    def received(self) -> int:
        """Bytes of all answers, without records' heads."""
        return self.requests * (MESSAGE_HEADER.size + self.stated + PADDING)


def read_memory(
    run: Run, begin: float, end: float, requests: int, seed: int, stated: int = MOST_STATED
) -> Harvest:
    """What so many requests take from the memory of a shop's own server.

    Parameters
    ----------
    run
        The shop's traffic.
    begin, end
        When the attacker asks, in days of the run; each request at a moment of its own, all equally likely.
    requests
        How often.
    seed
        Of the attacker's moments; the traffic follows from the run's own.
    stated
        payload_length of each request.

    Raises
    ------
    SafeShopError
        If the shop has no server of its own, or the stretch or the number of bytes is impossible.
    """
    return harvest(film(run, begin, end), begin, end, requests, seed, stated)


def harvest(
    memory: Film, begin: float, end: float, requests: int, seed: int, stated: int = MOST_STATED
) -> Harvest:
    """`read_memory` from a film that may be longer than the attack.

    Requests of the same seed and stretch are the first of a fixed list: more requests never find less.
    """
    if not memory.begin <= begin < end <= memory.end:
        raise SafeShopError(
            _("The film shows days {begin} to {end}; let the attack lie within them.").format(
                begin=memory.begin, end=memory.end
            )
        )
    if requests < 0:
        raise SafeShopError(_("The number of requests cannot be below 0."))
    request(PAYLOAD, stated)
    moments = begin + stream(seed, "memory requests").random(requests) * (end - begin)
    moments.sort()
    landed = memory.buffers_at(moments)
    remains = memory.remains
    first = np.searchsorted(moments, remains["since"], side="left")
    after = np.searchsorted(moments, remains["until"], side="left")
    # The first request at or after a remain's beginning that reaches it, over all places a connection may get.
    seen = np.full(remains.rows, requests)
    for place in np.unique(landed):
        there = np.append(np.flatnonzero(landed == place), requests)
        next_there = there[np.searchsorted(there, first)]
        reached = within_reach(remains["address"], remains["length"], place, stated)
        seen = np.where(reached, np.minimum(seen, next_there), seen)
    found = np.flatnonzero(seen < after)
    secrets = _first_of_each(
        remains["kind"][found], remains["number"][found], remains["person"][found], moments[seen[found]]
    )
    own = _own_key(memory, moments, landed, seed, stated)
    if len(own) and not (secrets["kind"] == KINDS.index("key")).any():
        secrets = {
            name: np.append(column, extra)
            for (name, column), extra in zip(
                secrets.items(), (KINDS.index("key"), 0, -1, own[0]), strict=True
            )
        }
    return Harvest(memory, begin, end, requests, stated, seed, Table(secrets, {"kind": KINDS}))


def within_reach(
    address: npt.ArrayLike, length: npt.ArrayLike, place: npt.ArrayLike, stated: int
) -> npt.NDArray[np.bool_]:
    """Whether bytes lie whole within what is copied, and not under the attacker's own record.

    Parameters
    ----------
    address, length
        Of the bytes.
    place
        Beginning of the attacker's receive buffer.
    stated
        payload_length of his request.
    """
    address, place = np.asarray(address), np.asarray(place)
    return np.asarray(
        (address >= place + OWN_BYTES) & (address + np.asarray(length) <= place + COPIED_FROM + stated)
    )


def _own_key(memory: Film, moments: Floats, landed: Integers, seed: int, stated: int) -> Floats:
    """When the attacker read a prime that his own connection had left.

    Each connection makes the server calculate with its key; the prime, if left, lies there when he asks.
    """
    left = stream(seed, "memory requests", 1).random(len(moments)) < value("key-left-share")
    return np.asarray(moments[left & within_reach(memory.key_block, PRIME_BYTES, landed, stated)])


def _first_of_each(kind: Any, number: Any, person: Any, t: Any) -> dict[str, npt.NDArray[Any]]:
    turn = np.lexsort((t, number, kind))
    kind, number, person, t = kind[turn], number[turn], person[turn], t[turn]
    new = np.ones(len(turn), dtype=bool)
    new[1:] = (kind[1:] != kind[:-1]) | (number[1:] != number[:-1])
    return {"kind": kind[new], "number": number[new], "person": person[new], "t": t[new]}


def time_within_reach(memory: Film, begin: float, end: float, stated: int = MOST_STATED) -> Table:
    """For how long a request would have read each secret.

    Parameters
    ----------
    memory
        The film.
    begin, end
        Stretch of time, in days.
    stated
        payload_length.

    Returns
    -------
    Table
        kind, number, days: of every secret that lay anywhere in that time, and the length of the union of all
        intervals in which it could be read whole. 0 for what never came within reach.
    """
    remains, landing = memory.remains, memory.landing
    starts = landing["t"]
    ends = np.append(starts[1:], np.inf)
    since, until = np.maximum(remains["since"], begin), np.minimum(remains["until"], end)
    here = np.flatnonzero(until > since)
    first = np.searchsorted(starts, since[here], side="right") - 1
    last = np.searchsorted(starts, until[here], side="left")
    # One row for each remain and each place a connection would have got while it lay there.
    row = np.repeat(here, last - first)
    place = np.arange(len(row)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    place += np.repeat(first, last - first)
    a, b = np.maximum(since[row], starts[place]), np.minimum(until[row], ends[place])
    reached = within_reach(remains["address"][row], remains["length"][row], landing["address"][place], stated)
    b = np.where(reached, b, a)
    kind, number = remains["kind"][row], remains["number"][row]
    turn = np.lexsort((a, number, kind))
    kind, number, a, b = kind[turn], number[turn], a[turn] - begin, b[turn] - begin
    new = np.ones(len(turn), dtype=bool)
    new[1:] = (kind[1:] != kind[:-1]) | (number[1:] != number[:-1])
    group = np.cumsum(new) - 1
    # Each secret's intervals on a stretch of their own, so that one running maximum serves all.
    shift = group * (end - begin + 1.0)
    covered = np.maximum.accumulate(np.concatenate(([0.0], b + shift)))[:-1]
    gained = np.maximum(0.0, b + shift - np.maximum(a + shift, covered))
    days = np.bincount(group, weights=gained, minlength=int(new.sum())) if len(turn) else np.zeros(0)
    return Table({"kind": kind[new], "number": number[new], "days": days}, {"kind": KINDS})


def expected(
    memory: Film, begin: float, end: float, requests: Sequence[int], stated: int = MOST_STATED
) -> dict[str, Floats]:
    """How many different secrets so many requests are expected to find.

    A secret within reach for a share *f* of the time is missed by one request with chance 1 − *f*, by *n*
    independent ones with (1 − *f*)ⁿ. The key's prime is found if any connection left it within reach.

    Parameters
    ----------
    memory, begin, end, stated
        As in `harvest`.
    requests
        Numbers of requests.

    Returns
    -------
    dict
        Kind → expected number, one for each of `requests`; for the key the chance that it is found.
    """
    secrets = time_within_reach(memory, begin, end, stated)
    n = np.asarray(requests, dtype=np.float64)[:, None]
    missed = (1 - np.minimum(secrets["days"] / (end - begin), 1.0)) ** n
    found = {kind: (1 - missed[:, secrets.where("kind", kind)]).sum(axis=1) for kind in KINDS}
    left = value("key-left-share") * _share_of_time_key_in_reach(memory, begin, end, stated)
    found["key"] = 1 - missed[:, secrets.where("kind", "key")].prod(axis=1) * (1 - left) ** n[:, 0]
    return found


def _share_of_time_key_in_reach(memory: Film, begin: float, end: float, stated: int) -> float:
    starts = memory.landing["t"]
    ends = np.append(starts[1:], np.inf)
    lasts = np.maximum(0.0, np.minimum(ends, end) - np.maximum(starts, begin))
    reached = within_reach(memory.key_block, PRIME_BYTES, memory.landing["address"], stated)
    return float(lasts[reached].sum() / (end - begin))


def passed_through(memory: Film, begin: float, end: float) -> dict[str, int]:
    """Different secrets that lay in the memory at any moment of a stretch of time, by kind."""
    remains = memory.remains
    there = (remains["since"] < end) & (remains["until"] > begin)
    return {kind: len(np.unique(remains["number"][there & remains.where("kind", kind)])) for kind in KINDS}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, byte for byte.

    Attributes
    ----------
    asked
        The record as received.
    answer
        The answering message; None if the request was discarded.
    secrets
        (kind, number, first byte in the answer, length) of each secret that lies in it whole.
    """

    asked: bytes
    answer: bytes | None
    secrets: tuple[tuple[str, int, int, int], ...]


def ask(
    memory: Film,
    t: float,
    stated: int = MOST_STATED,
    payload: bytes = PAYLOAD,
    *,
    corrected: bool = False,
) -> Exchange:
    """Play one request on the memory as it is at a moment.

    Parameters
    ----------
    memory
        The film.
    t
        When, in days.
    stated
        payload_length of the request.
    payload
        What is really sent.
    corrected
        Whether the server's OpenSSL has the correction.
    """
    asked = record(request(payload, stated).to_bytes())
    place = int(memory.buffers_at(np.array([t]))[0])
    bytes_then = memory.memory_at(t)
    bytes_then[place : place + len(asked)] = asked
    answer = (corrected_answer if corrected else faulty_answer)(bytes_then, place)
    if answer is None:
        return Exchange(asked, None, ())
    remains = memory.remains
    there = (remains["since"] <= t) & (t < remains["until"])
    there &= within_reach(remains["address"], remains["length"], place, stated)
    moved = MESSAGE_HEADER.size - place - COPIED_FROM
    found = sorted(
        (int(remains["address"][row]) + moved, int(remains["length"][row]), row)
        for row in np.flatnonzero(there).tolist()
    )
    return Exchange(
        asked,
        answer,
        tuple(
            (KINDS[remains["kind"][row]], int(remains["number"][row]), start, length)
            for start, length, row in found
        ),
    )


def richest_moment(memory: Film, begin: float, end: float, stated: int = MOST_STATED) -> float:
    """The moment of a stretch of time at which one request reads secrets of most kinds, and of these most secrets.

    Moments at which a remain begins are compared; the earliest of the best is taken.
    """
    remains = memory.remains
    moments = np.unique(remains["since"][(remains["since"] >= begin) & (remains["since"] < end)])
    if not len(moments):
        return begin
    places = memory.buffers_at(moments)
    count = np.zeros((len(KINDS), len(moments)), dtype=np.int64)
    for row in range(remains.rows):
        first, after = np.searchsorted(moments, (remains["since"][row], remains["until"][row]))
        if first < after:
            reached = within_reach(
                remains["address"][row], remains["length"][row], places[first:after], stated
            )
            count[remains["kind"][row], first:after] += reached
    score = 1_000 * (count > 0).sum(axis=0) + count.sum(axis=0)
    return float(moments[int(np.argmax(score))])


def prime_in(answer: bytes, modulus: int) -> int | None:
    """A prime of the key among the bytes of an answer, found as anybody can who knows the certificate.

    The certificate shows the product of the two primes. Whoever holds a piece of memory tries whether the number
    written there divides it. OpenSSL keeps numbers with the low byte first, in blocks at multiples of 16 bytes.

    Parameters
    ----------
    answer
        Bytes.
    modulus
        The product, from the certificate.

    Returns
    -------
    int or None
        The prime; with it the other one, and so the whole key, is a division.
    """
    for start in range(len(answer) - PRIME_BYTES + 1):
        # A prime of this size is odd and has its highest bit set.
        if answer[start] & 1 and answer[start + PRIME_BYTES - 1] & 0x80:
            number = int.from_bytes(answer[start : start + PRIME_BYTES], "little")
            if modulus % number == 0:
                return number
    return None


# -- after the update ------------------------------------------------------------------------------------------------

Key = Literal["not-found", "forward-secrecy", "found"]
"""What the attacker can do with the key: he has none; he has it, but recorded traffic stays closed, since each
connection had a key of its own; he has it and reads what he recorded."""


@dataclass(frozen=True)
class Response:
    """What a shop does and when, in days of the run (``inf``: never).

    Attributes
    ----------
    updated
        OpenSSL updated and server restarted: no more reading.
    new_keys
        New private key, new certificate, the old one revoked.
    sessions_ended
        All cookies issued until then made void.
    passwords_changed
        All passwords known until then made void.
    """

    updated: float
    new_keys: float = float("inf")
    sessions_ended: float = float("inf")
    passwords_changed: float = float("inf")


def accounts_open(taken: Harvest, response: Response, at: Floats, key: Key = "not-found") -> Integers:
    """How many members' accounts the thief can enter, at each moment.

    He enters with a password he read and that was not changed since; with a cookie whose session was neither ended
    nor has run out; and, if he has the key and recorded the shop's traffic from his first request on, with every
    password and cookie sent over a connection that the old key protected.

    Parameters
    ----------
    taken
        What he took. Requests after the update find nothing: take a harvest that ends with it.
    response
        What the shop did.
    at
        Moments, in days, ascending.
    key
        Whether he has the key, and whether connections had forward secrecy. That one *can* be found is a matter of
        chance (`Harvest.key_found`); here it is assumed, since nobody can rule it out.

    Returns
    -------
    numpy.ndarray
        Members, one number for each moment.
    """
    member, since, until = _openings(taken, response, key)
    accounts = np.zeros(len(at), dtype=np.int64)
    turn = np.lexsort((since, member))
    member, since, until = member[turn], since[turn], until[turn]
    # Join intervals of the same member, so that each member counts once.
    bounds: list[tuple[float, float]] = []
    whose = -1
    for one, a, b in zip(member.tolist(), since.tolist(), until.tolist(), strict=True):
        if bounds and one == whose and a <= bounds[-1][1]:
            bounds[-1] = (bounds[-1][0], max(bounds[-1][1], b))
        else:
            bounds.append((a, b))
        whose = one
    begins = np.sort([a for a, _b in bounds])
    ends = np.sort([b for _a, b in bounds])
    accounts += np.searchsorted(begins, at, side="right") - np.searchsorted(ends, at, side="right")
    return accounts


def _openings(taken: Harvest, response: Response, key: Key) -> tuple[Integers, Floats, Floats]:
    """Whose account is open, from when to when: one row for each password or cookie in the thief's hands."""
    visits, secrets = taken.film.visits, taken.secrets
    valid = value("session-valid-days")
    passwords = secrets.where("kind", "password")
    cookies = secrets.where("kind", "cookie")
    row = np.searchsorted(visits["visit"], secrets["number"][cookies])
    rows: list[tuple[Integers, Floats, Floats, Floats]] = [
        # member, known from, sent at, runs out
        (
            secrets["person"][passwords],
            secrets["t"][passwords],
            secrets["t"][passwords],
            np.full(int(passwords.sum()), np.inf),
        ),
        (
            secrets["person"][cookies],
            secrets["t"][cookies],
            visits["logged_in"][row],
            visits["logged_in"][row] + valid,
        ),
    ]
    void = [response.passwords_changed, response.sessions_ended]
    if key == "found":
        logged = visits["logged_in"]
        read = (logged >= taken.begin) & (logged < response.new_keys)
        # What was recorded before the key was in his hands is read as soon as it is: by the end of the attack.
        known = np.maximum(logged[read], taken.end)
        member = visits["member"][read]
        rows += [
            (member, known, logged[read], np.full(len(known), np.inf)),
            (member, known, logged[read], logged[read] + valid),
        ]
        void += void
    until = [
        # What was sent before the day of the change is void from that day; what was sent later is not.
        np.where(sent < day, np.minimum(runs_out, day), runs_out)
        for (_member, _known, sent, runs_out), day in zip(rows, void, strict=True)
    ]
    member, known, ends = (
        np.concatenate(parts) for parts in ([row[0] for row in rows], [row[1] for row in rows], until)
    )
    open_at_all = ends > known
    return member[open_at_all], known[open_at_all], ends[open_at_all]


def false_shop_until(response: Response, key: Key) -> float:
    """Until when the thief can pass himself off as the shop, in days of the run.

    With the key he can until the old certificate is replaced and revoked, or runs out by itself (fact
    ``certificate-valid-days``, counted from day 0). Not every browser asks whether a certificate was revoked, so
    even that day is the best case. −inf if he has no key.
    """
    if key == "not-found":
        return float("-inf")
    return float(min(response.new_keys, value("certificate-valid-days")))


@dataclass(frozen=True)
class Interim:
    """One interim measure until the update: what it stops and what it costs.

    Attributes
    ----------
    name
        ``nothing``, ``filter-stated``, ``filter-sizes``, ``rebuild`` or ``close``.
    stops
        Share of the attacker's requests that get no answer, 0 to 1.
    taken
        What the others find.
    orders_lost, money_lost
        Orders that could not be placed, and their amounts in currency units.
    hours
        Work.
    """

    name: str
    stops: float
    taken: Harvest
    orders_lost: int
    money_lost: float
    hours: float


def interim_measures(memory: Film, begin: float, end: float, requests: int, seed: int) -> list[Interim]:
    """Row D1's three interim measures (and two ways to filter), from `begin` until the update at `end`.

    Parameters
    ----------
    memory
        The film.
    begin, end
        From the measure until the update, in days.
    requests, seed
        Of the attacker, as in `harvest`.
    """
    run = memory.run
    placed = run.orders["placed"]
    during = (placed >= begin) & (placed < end)
    money = float(run.orders["amount"][during].sum()) / MINOR_UNITS[run.scenario.currency]
    hours, rebuild = value("heartbleed-filter-hours"), value("heartbleed-rebuild-hours")
    kinds: list[tuple[str, float, bool, float]] = [
        ("nothing", 0.0, False, 0.0),
        ("filter-stated", 1.0 - value("heartbleed-encrypted-share"), False, hours),
        ("filter-sizes", 1.0, False, hours),
        ("rebuild", 1.0, False, rebuild),
        ("close", 1.0, True, 0.0),
    ]
    return [
        Interim(
            name,
            stops,
            harvest(memory, begin, end, round(requests * (1 - stops)), seed),
            int(during.sum()) if closed else 0,
            money if closed else 0.0,
            work,
        )
        for name, stops, closed, work in kinds
    ]


@dataclass(frozen=True)
class Seen:
    """What each place where one may look shows of an attack.

    Attributes
    ----------
    log_lines, log_lines_of_attack
        Lines in the web server's log, and how many of them the attacker caused.
    heartbeats, flagged
        Heartbeats on the wire, and how many of them state more than their record holds.
    """

    log_lines: int
    log_lines_of_attack: int
    heartbeats: int
    flagged: int


def traces(taken: Harvest) -> Seen:
    """What can be seen of an attack: nothing in the server's log, which has a line for each page asked for.

    A heartbeat is answered by OpenSSL itself, below the web server; whoever wants to see one must look at the wire.
    """
    writes = taken.film.writes
    pages = np.isin(
        writes["shape"],
        [n for n, s in enumerate(SHAPES) if s.name in ("page", "log-in", "member-page", "checkout")],
    )
    during = (writes["t"] >= taken.begin) & (writes["t"] < taken.end)
    return Seen(int((pages & during).sum()), 0, taken.requests, taken.requests)


def milestones_2014() -> dict[str, tuple[date, date]]:
    """What happened in April 2014 (row D1): name → first and last day."""

    def days(fact: str) -> tuple[date, date]:
        known = value(fact)
        first, last = known if isinstance(known, list) else (known, known)
        return date.fromisoformat(first), date.fromisoformat(last)

    return {
        "published": days("heartbleed-published"),
        "systems-patched": days("heartbleed-systems-patched"),
        "canada-closed": days("heartbleed-canada-closed"),
    }
