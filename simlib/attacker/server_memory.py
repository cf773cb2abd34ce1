"""A web server's memory: what customers send comes, is used, is freed, and stays until something overwrites it.

Programs ask for blocks of memory and give them back. A block given back is not wiped; the next one who gets it
writes over its beginning, and what lies behind stays. So a memory holds **remains**: what somebody typed minutes or
days ago. Remains are to the memory what copies are to the shop: what, whose, where, from when to when.

The traffic comes from a run: its visits, log-ins and checkouts, at their times. Nothing else ever writes here; the
vault has no wire to this place. A `Film` knows the memory at any moment of the stretch of time asked for.

The allocator is the simplest that behaves like real ones: freed blocks of one size are given out again, the last
freed first, and what is not there is taken from the end of the memory, small blocks several at a time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.people import Person, people
from simlib.privacy.copies import ORDER_FIELDS, Field, needed, web_place
from simlib.records import Run, Table
from simlib.streams import Floats, Integers, lognormal_times, stream, tick, to_ticks

KINDS: Final = ("password", "cookie", "address", "key")
"""Kinds of secret: account with password, session cookie, name with phone and address, a prime of the private key."""

SPANS: Final = {
    "password": ("account", "password"),
    "cookie": ("cookie", "cookie"),
    "address": ("name", "address"),
    "key": ("prime", "prime"),
}
"""Kind → first and last field; a secret is readable while all bytes from the one to the other are intact."""

PRIME_BYTES: Final = 128
"""One of the two primes of a private RSA key of 2,048 bits."""

_HEAD = (
    "Host: shop.example\r\nAccept: text/html,application/json\r\nAccept-Language: zh-TW,zh;q=0.9,en;q=0.8\r\n"
)
_SESSION = "Cookie: session={cookie:32}\r\n"
_TEXTS: Final = {
    # What a browser sends, as it lies in the connection's receive buffer after decryption.
    "page": f"GET /catalogue HTTP/1.1\r\n{_HEAD}Cache-Control: no-cache\r\n\r\n",
    "log-in": f"POST /log-in HTTP/1.1\r\n{_HEAD}\r\naccount={{account:48}}&password={{password:16}}",
    "member-page": f"GET /my-account HTTP/1.1\r\n{_HEAD}{_SESSION}\r\n",
    "checkout": f"POST /checkout HTTP/1.1\r\n{_HEAD}{_SESSION}\r\n"
    '{{"name":"{name:64}","mobile":"{mobile:16}","address":"{address:128}"}}',
    # What the server answers: most of the memory is dull.
    "catalogue": "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Gift shop</title><ul>"
    + 96 * "<li><a href='/gift'>Gift box, ribbon, card</a> In stock</li>",
    # What the shop's program makes of it.
    "log-in-form": "account\0{account:48}\0password\0{password:16}\0",
    "session": "session\0{cookie:32}\0account\0{account:48}\0",
    "order-form": "order\0name\0{name:64}\0mobile\0{mobile:16}\0address\0{address:128}\0",
    # What calculating with the private key leaves: as a rule it is wiped.
    "key-wiped": "\0" * PRIME_BYTES,
    "key-left": f"{{prime:{PRIME_BYTES}}}",
}
_HOLE = re.compile(r"\{(\w+):(\d+)\}")


@dataclass(frozen=True)
class Shape:
    """How one kind of writing looks.

    Attributes
    ----------
    name
        Its name.
    length
        Bytes.
    fields
        Field → (offset, width) in bytes. A value shorter than the width is followed by spaces.
    pieces
        What is always the same, and names of fields, in turn.
    secrets
        (kind, offset, length) of each secret in it.
    """

    name: str
    length: int
    pieces: tuple[bytes | str, ...]
    fields: dict[str, tuple[int, int]]
    secrets: tuple[tuple[str, int, int], ...]

    def written(self, values: dict[str, bytes]) -> bytes:
        """The bytes, with these values in the fields.

        Raises
        ------
        ValueError
            If a value is longer than its field.
        """
        parts = []
        for piece in self.pieces:
            if isinstance(piece, bytes):
                parts.append(piece)
                continue
            _offset, width = self.fields[piece]
            if len(values[piece]) > width:
                raise ValueError(f"{piece} has {len(values[piece])} bytes, the field {width}")
            parts.append(values[piece].ljust(width))
        return b"".join(parts)


def _shape(name: str, text: str) -> Shape:
    pieces: list[bytes | str] = []
    fields: dict[str, tuple[int, int]] = {}
    offset = end = 0
    for hole in _HOLE.finditer(text):
        before = _plain(text[end : hole.start()])
        offset += len(before)
        field, width = hole[1], int(hole[2])
        pieces += [before, field]
        fields[field] = (offset, width)
        offset, end = offset + width, hole.end()
    rest = _plain(text[end:])
    secrets = tuple(
        (kind, fields[first][0], sum(fields[last]) - fields[first][0])
        for kind, (first, last) in SPANS.items()
        if first in fields and last in fields
    )
    return Shape(name, offset + len(rest), (*pieces, rest), fields, secrets)


def _plain(text: str) -> bytes:
    return text.replace("{{", "{").replace("}}", "}").encode("ascii")


SHAPES: Final = tuple(_shape(name, text) for name, text in _TEXTS.items())
"""Everything that is ever written into the memory."""
_NUMBER: Final = {shape.name: number for number, shape in enumerate(SHAPES)}

RECEIVE_BUFFER: Final = 18_448
"""Bytes of a connection's receive buffer: the longest encrypted record, 2^14 + 2,048 with its header of 5 (RFC 5246,
section 6.2.3), rounded up to a multiple of 16. The record begins with the buffer; what it says after the header."""
RECORD_START: Final = 5
RECEIVED: Final = ("page", "log-in", "member-page", "checkout")
"""Shapes that come in a record."""
PAGE_BUFFER: Final = 8_192
"""Bytes in which a connection's page is put together."""
SMALL: Final = {"key": 128, "log-in-form": 128, "session": 128, "order-form": 256}
"""Block → bytes, all of them multiples of 16."""
SLAB: Final = 1_024
"""Bytes taken from the end of the memory when small blocks of a size have run out."""
TAIL: Final = 2**16
"""Bytes behind the last block that nobody ever wrote: no copy of 64 KB runs past the memory's end."""


class Allocator:
    """Gives out blocks and takes them back; freed blocks keep their content.

    Attributes
    ----------
    top
        End of what has been given out so far, in bytes.
    """

    def __init__(self) -> None:
        self.top = 0
        self.free: dict[int, list[int]] = {}

    def take(self, size: int, at_once: int = 1) -> int:
        """Address of a block of so many bytes: the one of that size freed last, or new ones from the end.

        Parameters
        ----------
        size
            Bytes.
        at_once
            Blocks taken from the end together when none is free.
        """
        free = self.free.setdefault(size, [])
        if not free:
            # The lowest address lies on top of the pile.
            free.extend(self.top + size * block for block in reversed(range(at_once)))
            self.top += size * at_once
        return free.pop()

    def give_back(self, address: int, size: int) -> None:
        """Free a block; nothing is wiped."""
        self.free[size].append(address)


@dataclass(frozen=True, eq=False)
class Film:
    """The memory over a stretch of time.

    Attributes
    ----------
    run
        Whose traffic it is.
    begin, end
        The stretch, in days. The server was started at `started`, with an empty memory.
    writes
        One row a writing, in order of time: t, address, shape (position in `SHAPES`), visit (row of `visits`).
    remains
        One row each time a secret lay somewhere: kind (`KINDS`), number (whose it is: the member of a password, the
        order of an address, the visit of a cookie, 0 for the key), person, address, length, since, until
        (``inf``: still there at the end). Intervals are closed at their beginning and open at their end.
    landing
        t, address: from then on, a new connection's receive buffer begins there.
    key_block
        Address of the block in which the next calculation with the key is done.
    size
        Bytes of the memory, with the untouched tail.
    visits
        One row each, from the server's start to the end of the run: t, until, member (−1: not logged in), order (−1:
        none), logged_in (nan: never), placed, visit (its number among all visits of the run).
    """

    run: Run
    begin: float
    end: float
    started: float
    writes: Table
    remains: Table
    landing: Table
    key_block: int
    size: int
    visits: Table

    def buffers_at(self, t: Floats) -> Integers:
        """Where the receive buffer of a connection opened at each time begins."""
        return np.asarray(self.landing["address"][np.searchsorted(self.landing["t"], t, side="right") - 1])

    def memory_at(self, t: float) -> bytearray:
        """The memory at a moment, byte for byte.

        Parameters
        ----------
        t
            In days, within the stretch.
        """
        memory = np.zeros(self.size, dtype=np.uint8)
        last = int(np.searchsorted(self.writes["t"], t, side="right"))
        columns = (self.writes[name][:last].tolist() for name in ("address", "shape", "visit"))
        painted = np.full(self.size, -1, dtype=np.int32)
        rows = list(zip(*columns, strict=True))
        for row, (address, shape, _visit) in enumerate(rows):
            painted[address : address + SHAPES[shape].length] = row
        # Only what is still there has to be put into words.
        for row in np.unique(painted[painted >= 0]).tolist():
            address, shape, visit = rows[row]
            content = np.frombuffer(SHAPES[shape].written(self.said(visit)), dtype=np.uint8)
            there = painted[address : address + len(content)] == row
            memory[address : address + len(content)][there] = content[there]
        return bytearray(memory.tobytes())

    def said(self, visit: int) -> dict[str, bytes]:
        """What a visitor sends: field → bytes."""
        member = int(self.visits["member"][visit])
        return {
            "cookie": cookie_of(self.run.seed, int(self.visits["visit"][visit])),
            "prime": primes(self.run.seed)[0].to_bytes(PRIME_BYTES, "little"),
        } | (self._member_fields(member) if member >= 0 else {})

    def _member_fields(self, member: int) -> dict[str, bytes]:
        person = self.person(member)
        return {
            "account": person.account.encode(),
            "password": password_of(self.run.seed, member),
            "name": person.name.encode(),
            "mobile": person.mobile.encode(),
            "address": person.address.encode(),
        }

    @cached_property
    def _known(self) -> dict[int, Person]:
        return {}

    def person(self, member: int) -> Person:
        """The synthetic person behind a member number."""
        if member not in self._known:
            shop = self.run.scenario
            (self._known[member],) = people([member], shop.locale, self.run.seed, start=shop.start)
        return self._known[member]


MEMORY_WEEKS: Final = "films of the memory by week"
"""Where `Run.kept` has the films of `film_around`."""


def film_around(run: Run, begin: float, end: float) -> Film:
    """A film of whole weeks around a stretch of a run, made once for all who ask about these weeks.

    What is read in the stretch is the same as from `film` of the stretch alone; thousands of attacks on one run need
    no more films than it has weeks.

    Parameters
    ----------
    run, begin, end
        As for `film`.
    """
    every = value("server-started-days")
    first, last = begin // every * every, min(ceil(end / every) * every, float(run.days))
    films: dict[tuple[float, float], Film] = run.kept.setdefault(MEMORY_WEEKS, {})
    if (first, last) not in films:
        films[first, last] = film.__wrapped__(run, first, last)
    return films[first, last]


@lru_cache(maxsize=4)
def film(run: Run, begin: float, end: float) -> Film:
    """The memory of a shop's own web server over a stretch of a run.

    Parameters
    ----------
    run
        Whose traffic comes. The film depends on it alone.
    begin, end
        In days, within the run. The server was started, with an empty memory, at the beginning of the week before
        the one in which the film begins (fact ``server-started-days``). So films that begin in the same week show
        the same memory.

    Raises
    ------
    SafeShopError
        If the shop has no web server of its own, or the stretch lies outside the run.
    """
    if web_place(run.scenario) != "shop":
        raise SafeShopError(
            _("{shop} sells on somebody else's server; choose a shop with its own site.").format(
                shop=_(run.scenario.title)
            )
        )
    if not 0 <= begin < end <= run.days:
        raise SafeShopError(
            _("The run has days 0 to {days}; choose a beginning and a later end within it.").format(
                days=run.days
            )
        )
    every = value("server-started-days")
    started = max(0.0, (begin // every - 1) * every)
    visits = _visits(run, started)
    actions = _actions(visits, end, addresses=Field.ADDRESS in needed(run, ORDER_FIELDS))
    server = _Server()
    first = server.memory.free[RECEIVE_BUFFER][-1]
    served = server.serve(actions)
    chance = stream(run.seed, "memory key").random(int(visits["visit"].max(initial=-1)) + 1)
    written = _written(actions, served, chance[visits["visit"]] < value("key-left-share"))
    return Film(
        run=run,
        begin=begin,
        end=end,
        started=started,
        writes=Table({name: written[name] for name in ("t", "address", "shape", "visit")}, written.words),
        remains=_remains(written, visits),
        landing=_landings(started, first, actions, served.following),
        key_block=server.key_block,
        size=server.memory.top + TAIL,
        visits=visits,
    )


ALL_VISITS: Final = "visits to the server"
"""Where `Run.kept` has all visits."""


def _visits(run: Run, started: float) -> Table:
    """All visits since the server's start, in order of time."""
    if ALL_VISITS not in run.kept:
        run.kept[ALL_VISITS] = _all_visits(run)
    whole: Table = run.kept[ALL_VISITS]
    first = int(np.searchsorted(whole["t"], started))
    return Table({name: column[first:] for name, column in whole.items()})


def _all_visits(run: Run) -> Table:
    """All visits of a run: with an order as the run has them, the others at times of their own."""
    orders, demand = run.orders, run.scenario.demand
    # Whoever orders logs in at some moment between his arrival and his order, and leaves soon after it.
    share = stream(run.seed, "memory log-ins").random(orders.rows)
    logged = to_ticks(orders["visited"] + share * (orders["placed"] - orders["visited"]))
    leaves = orders["placed"] + tick(value("minutes-after-order") / 1440)

    others = run.traffic["visits"] - run.traffic["checkouts"]
    count = int(others.sum())
    draws = stream(run.seed, "memory visits").random((count, 5))
    hours = np.cumsum(demand.hourly_visits) / np.sum(demand.hourly_visits)
    hour = np.minimum(np.searchsorted(hours, draws[:, 0], side="right"), 23)
    day = np.repeat(run.traffic["day"], others)
    t = to_ticks(day + (hour + draws[:, 1]) / 24)
    normal = stream(run.seed, "memory visits", 1).standard_normal(count)
    lasts = lognormal_times(demand.browsing.mean_days, demand.browsing.spread, normal)
    # Only who has registered by then can log in.
    joined = np.sort(run.members["joined"])
    registered = np.searchsorted(joined, t, side="right")
    member = np.argsort(run.members["joined"], kind="stable")[
        np.minimum(np.floor(draws[:, 2] * registered), np.maximum(registered - 1, 0)).astype(np.int64)
    ]
    logs_in = (draws[:, 3] < value("visits-with-login-share")) & (registered > 0)
    columns = {
        "t": np.concatenate((orders["visited"], t)),
        "until": np.concatenate((leaves, t + lasts)),
        "member": np.concatenate((orders["member"], np.where(logs_in, run.members["member"][member], -1))),
        "order": np.concatenate((orders["order"], np.full(count, -1))),
        "logged_in": np.concatenate((logged, np.where(logs_in, to_ticks(t + draws[:, 4] * lasts), np.nan))),
        "placed": np.concatenate((orders["placed"], np.full(count, np.nan))),
    }
    turn = np.lexsort((columns["member"], columns["t"]))
    columns["visit"] = np.argsort(turn, kind="stable")
    return Table({name: column[turn] for name, column in columns.items()})


ARRIVE, LOG_IN, LOOK, CHECK_OUT, LEAVE = range(5)


class _Actions(NamedTuple):
    """What visitors do, in order of time; at the same moment in the order of their visits."""

    t: Floats
    action: Integers
    visit: Integers


def _actions(visits: Table, end: float, addresses: bool) -> _Actions:
    """What visitors do before `end`; they check out only where the shop needs their `addresses`."""
    coming = int(np.searchsorted(visits["t"], end))
    visits = Table({name: column[:coming] for name, column in visits.items()})
    looks = to_ticks((visits["logged_in"] + np.fmin(visits["placed"], visits["until"])) / 2)
    times = np.concatenate((visits["t"], visits["logged_in"], looks, visits["placed"], visits["until"]))
    action = np.repeat([ARRIVE, LOG_IN, LOOK, CHECK_OUT, LEAVE], visits.rows)
    visit = np.tile(np.arange(visits.rows), 5)
    happens = times < end  # nan is not
    if not addresses:
        happens &= action != CHECK_OUT
    times, action, visit = times[happens], action[happens], visit[happens]
    turn = np.lexsort((action, visit, times))
    return _Actions(times[turn], action[turn], visit[turn])


class _Served(NamedTuple):
    """Blocks of each action.

    Attributes
    ----------
    buffer, page
        The visit's receive buffer, and the block in which its pages are put together.
    block
        Of the key on arriving, of the form on logging in and on checking out.
    session
        Of the session on logging in.
    following
        The buffer that a new connection would get, after each arrival and each leaving.
    """

    buffer: Integers
    page: Integers
    block: Integers
    session: Integers
    following: Integers


class _Server:
    """Hands out the blocks: the only part of the traffic in which one visit depends on another.

    What is written where, and what it leaves behind, follows from the blocks (`_written`, `_remains`).

    Attributes
    ----------
    memory
        The allocator.
    key_block
        Address of the block in which the next calculation with the key is done.
    page
        Receive buffer → block in which its pages are put together.
    """

    def __init__(self) -> None:
        self.memory = Allocator()
        self.page: dict[int, int] = {}
        self._connect(self.memory.take(RECEIVE_BUFFER))
        self.key_block = self._pass_through("key")

    def _connect(self, buffer: int) -> None:
        self.page[buffer] = self.memory.take(PAGE_BUFFER)
        self.memory.give_back(buffer, RECEIVE_BUFFER)

    def _take(self, block: str) -> int:
        return self.memory.take(SMALL[block], SLAB // SMALL[block])

    def _pass_through(self, block: str) -> int:
        """Take a block and give it back at once."""
        address = self._take(block)
        self.memory.give_back(address, SMALL[block])
        return address

    def serve(self, actions: _Actions) -> _Served:
        """Give every action its blocks."""
        memory = self.memory
        waiting, small = memory.free[RECEIVE_BUFFER], memory.free[SMALL["key"]]
        buffers = np.zeros(int(actions.visit.max(initial=-1)) + 1, dtype=np.int64).tolist()
        held: dict[int, list[tuple[int, str]]] = {}
        blocks, sessions, following = [], [], []
        # Most of a shop's visitors come, look and go: what they need is done here, without a call for each block.
        for action, visit in zip(actions.action.tolist(), actions.visit.tolist(), strict=True):
            if action == ARRIVE:
                buffers[visit] = waiting.pop()
                if not waiting:
                    # The server keeps one buffer ready for whoever comes next.
                    self._connect(memory.take(RECEIVE_BUFFER))
                # The block that is taken for the key and given back at once is the one freed last.
                blocks.append(small[-1] if small else self._pass_through("key"))
                following.append(waiting[-1])
            elif action == LEAVE:
                if visit in held:
                    for address, kind in held.pop(visit):
                        memory.give_back(address, SMALL[kind])
                waiting.append(buffers[visit])
                following.append(waiting[-1])
            elif action == LOG_IN:
                form, session = self._take("log-in-form"), self._take("session")
                memory.give_back(form, SMALL["log-in-form"])
                held[visit] = [(session, "session")]
                blocks.append(form)
                sessions.append(session)
            elif action == CHECK_OUT:
                blocks.append(self._take("order-form"))
                held.setdefault(visit, []).append((blocks[-1], "order-form"))
        return self._served(actions, buffers, blocks, sessions, following)

    def _served(
        self,
        actions: _Actions,
        buffers: Sequence[int],
        blocks: Sequence[int],
        sessions: Sequence[int],
        following: Sequence[int],
    ) -> _Served:
        action, visit = actions.action, actions.visit
        buffer = np.array(buffers, dtype=np.int64)[visit]
        known = np.array(sorted(self.page))
        page_of = np.array([self.page[each] for each in known.tolist()])[np.searchsorted(known, buffer)]
        block, session = np.empty_like(visit), np.empty_like(visit)
        block[np.isin(action, (ARRIVE, LOG_IN, CHECK_OUT))] = blocks
        session[action == LOG_IN] = sessions
        return _Served(buffer, page_of, block, session, np.array(following, dtype=np.int64))


def _written(actions: _Actions, served: _Served, key_left: npt.NDArray[np.bool_]) -> Table:
    """Every writing, in order of time: t, block, address, shape, visit."""
    arrives, logs_in = actions.action == ARRIVE, actions.action == LOG_IN
    left = key_left[actions.visit]
    # Who writes what into which block, in the order in which one action writes.
    kinds = (
        (arrives & left, "key-left", served.block),
        (arrives & ~left, "key-wiped", served.block),
        (arrives, "page", served.buffer),
        (arrives, "catalogue", served.page),
        (logs_in, "log-in", served.buffer),
        (logs_in, "log-in-form", served.block),
        (logs_in, "session", served.session),
        (actions.action == LOOK, "member-page", served.buffer),
        (actions.action == CHECK_OUT, "checkout", served.buffer),
        (actions.action == CHECK_OUT, "order-form", served.block),
    )
    who = [np.flatnonzero(acts) for acts, _name, _block in kinds]
    row = np.concatenate(who)
    turn = np.argsort(row, kind="stable")
    row = row[turn]
    shape = np.repeat([_NUMBER[name] for _acts, name, _block in kinds], [len(rows) for rows in who])[turn]
    block = np.concatenate([where[rows] for rows, (_acts, _name, where) in zip(who, kinds, strict=True)])[
        turn
    ]
    received = np.isin(shape, [_NUMBER[name] for name in RECEIVED])
    return Table(
        {
            "t": actions.t[row],
            "block": block,
            "address": block + RECORD_START * received,
            "shape": shape.astype(np.int8),
            "visit": actions.visit[row],
        },
        {"shape": tuple(shape.name for shape in SHAPES)},
    )


def _remains(written: Table, visits: Table) -> Table:
    """What every writing leaves behind, until something is written over it.

    All that is written into a block begins at the same place of it. So a secret ends with the first later writing
    into its block that is long enough to reach it.
    """
    blocks = _BlockByBlock(written)
    found, place = [], []
    for number, shape in enumerate(SHAPES):
        rows = np.flatnonzero(written["shape"] == number)
        for kind, offset, length in shape.secrets if len(rows) else ():
            whose, person = _owners(kind, written["visit"][rows], visits)
            kinds, sizes = np.full(len(rows), KINDS.index(kind)), np.full(len(rows), length)
            start, until = written["address"][rows] + offset, blocks.overwritten(rows, offset)
            found.append((kinds, whose, person, start, sizes, written["t"][rows], until))
            place.append(rows)
    names = ("kind", "number", "person", "address", "length", "since", "until")
    types = (np.int8, *[np.int64] * 4, np.float64, np.float64)
    order = np.argsort(np.concatenate([*place, np.empty(0, np.int64)]), kind="stable")
    columns = zip(*found, strict=True) if found else [()] * len(names)
    return Table(
        {
            name: np.concatenate([*column, np.empty(0, kind)], dtype=kind, casting="unsafe")[order]
            for name, kind, column in zip(names, types, columns, strict=True)
        },
        {"kind": KINDS},
    )


def _owners(kind: str, visit: Integers, visits: Table) -> tuple[Integers, Integers]:
    """Number and person of the secrets that some visits leave."""
    member = visits["member"][visit]
    if kind == "key":
        return np.zeros(len(visit), dtype=np.int64), np.full(len(visit), -1)
    if kind == "password":
        return member, member
    return visits["visit" if kind == "cookie" else "order"][visit], member


class _BlockByBlock:
    """Writings in the order of their blocks, in each in order of time.

    Attributes
    ----------
    place
        Of each writing in this order.
    t, block, length
        Of the writings in this order; one more block and moment stand for "never".
    """

    def __init__(self, written: Table) -> None:
        turn = np.argsort(written["block"], kind="stable")
        self.place = np.empty_like(turn)
        self.place[turn] = np.arange(len(turn))
        self.t = np.append(written["t"][turn], np.inf)
        self.block = np.append(written["block"][turn], -1)
        self.length = np.array([shape.length for shape in SHAPES])[written["shape"][turn]]

    def overwritten(self, rows: Integers, offset: int) -> Floats:
        """When the byte at that distance from the beginning of some writings is written again; ``inf`` for never."""
        reaches = np.append(np.flatnonzero(self.length > offset), len(self.length))
        own = self.place[rows]
        following = reaches[np.searchsorted(reaches, own, side="right")]
        return np.where(self.block[following] == self.block[own], self.t[following], np.inf)


def _landings(started: float, first: int, actions: _Actions, following: Integers) -> Table:
    """From when on a new connection gets which receive buffer."""
    moves = np.isin(actions.action, (ARRIVE, LEAVE))
    t, address = np.append(started, actions.t[moves]), np.append(first, following)
    new = np.append(True, address[1:] != address[:-1])
    return Table({"t": t[new], "address": address[new]})


def password_of(seed: int, member: int) -> bytes:
    """The password of a member: two words and a number, made up."""
    words = ("amber", "basil", "cedar", "delta", "ember", "fjord", "guava", "hazel", "indigo", "jade")
    first, second, number = stream(seed, "memory passwords", member).integers((10, 10, 100)).tolist()
    return f"{words[first]}-{words[second]}{number}".encode()


def cookie_of(seed: int, visit: int) -> bytes:
    """The session cookie of a visit: 16 random bytes in hexadecimal."""
    return stream(seed, "memory cookies", visit).bytes(16).hex().encode()


@lru_cache(maxsize=4)
def primes(seed: int) -> tuple[int, int]:
    """The two primes of the private key of the lesson's server; their product stands in its certificate."""
    rng = stream(seed, "memory primes")
    return _prime(rng), _prime(rng)


SMALL_FACTORS: Final = 200_000
"""Up to here factors are looked for by division: a hundred thousand are tried in the time of one test of Fermat's."""

TRIED_AT_ONCE: Final = 4_000
"""Odd numbers among which a prime is looked for; of 1,024 bits one in 355 is."""


def _prime(rng: np.random.Generator) -> int:
    """The first prime from a random odd number on."""
    first = int.from_bytes(rng.bytes(PRIME_BYTES), "little") | (3 << (8 * PRIME_BYTES - 2)) | 1
    while True:
        for step in np.flatnonzero(_without_small_factor(first, TRIED_AT_ONCE)).tolist():
            number = first + 2 * step
            # Fermat's test to base 2: for a made-up key of a lesson that is sure enough.
            if pow(2, number - 1, number) == 1:
                return number
        first += 2 * TRIED_AT_ONCE


def _without_small_factor(first: int, count: int) -> npt.NDArray[np.bool_]:
    """Which of so many odd numbers from a large one on have no small factor (the sieve of Eratosthenes)."""
    free = np.ones(count, dtype=np.bool_)
    for factor in _odd_primes(SMALL_FACTORS):
        # The first odd multiple at or after `first`, as a number of steps of 2.
        missing = -first % factor
        free[(missing if missing % 2 == 0 else missing + factor) // 2 :: factor] = False
    return free


@lru_cache(maxsize=1)
def _odd_primes(below: int) -> list[int]:
    prime = np.ones(below, dtype=np.bool_)
    prime[:2] = prime[4::2] = False
    for factor in range(3, int(below**0.5) + 1, 2):
        if prime[factor]:
            prime[factor * factor :: factor] = False
    return [int(number) for number in np.flatnonzero(prime)[1:]]
