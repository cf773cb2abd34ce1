"""The server's memory: what lies where from when to when, held against the bytes themselves."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from simlib.attacker.heartbleed import ask, harvest, prime_in, read_memory, richest_moment
from simlib.attacker.server_memory import (
    KINDS,
    PRIME_BYTES,
    RECEIVE_BUFFER,
    SHAPES,
    TAIL,
    Allocator,
    Film,
    cookie_of,
    film,
    password_of,
    primes,
)
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.privacy import policy
from simlib.records import Run
from simlib.world import simulate
from tests.shops import run_of, scenario


@lru_cache
def shop_run(orders: float = 20, days: int = 30) -> Run:
    return simulate(scenario("taiwan-gift-shop").changed(demand__orders_per_day=orders), days=days, seed=4)


@lru_cache
def shop_film() -> Film:
    return film(shop_run(), 10, 12)


def moments(memory: Film, count: int, seed: int) -> list[float]:
    return np.random.default_rng(seed).uniform(memory.begin, memory.end, count).tolist()


def secret_bytes(memory: Film) -> dict[tuple[str, int], list[bytes]]:
    """Every secret that anybody sent, as the bytes that stand in each shape that carries it."""
    found: dict[tuple[str, int], list[bytes]] = {}
    writes = memory.writes
    for shape, visit in set(zip(writes["shape"].tolist(), writes["visit"].tolist(), strict=True)):
        for kind, offset, length in SHAPES[shape].secrets:
            whose = {
                "password": int(memory.visits["member"][visit]),
                "cookie": int(memory.visits["visit"][visit]),
                "address": int(memory.visits["order"][visit]),
                "key": 0,
            }[kind]
            text = SHAPES[shape].written(memory.said(visit))[offset : offset + length]
            found.setdefault((kind, whose), []).append(text)
    return found


@pytest.mark.slow
def test_what_the_film_says_is_in_an_answer_stands_there_byte_for_byte_and_nothing_else() -> None:
    memory = shop_film()
    known = secret_bytes(memory)
    assert len(known) > 200
    seen = set()
    for t in [richest_moment(memory, 10, 12), *moments(memory, 5, 2)]:
        exchange = ask(memory, t)
        assert exchange.answer is not None
        told = {(kind, whose) for kind, whose, _start, _length in exchange.secrets}
        there = {key for key, texts in known.items() if any(text in exchange.answer for text in texts)}
        assert told == there
        for kind, whose, start, length in exchange.secrets:
            assert exchange.answer[start : start + length] in known[kind, whose]
        seen |= {kind for kind, _whose in told}
    assert seen == {"password", "cookie", "address"}


def test_blocks_are_given_out_again_last_freed_first_and_never_two_at_once() -> None:
    memory = Allocator()
    first, second = memory.take(128, 4), memory.take(128, 4)
    assert (first, second, memory.top) == (0, 128, 512)
    memory.give_back(first, 128)
    memory.give_back(second, 128)
    assert [memory.take(128), memory.take(128)] == [second, first]
    assert memory.take(256) == 512
    held: dict[int, int] = {}
    rng = np.random.default_rng(3)
    for size in rng.choice([128, 256, 1_024], 300).tolist():
        if held and rng.random() < 0.5:
            address = next(iter(held))
            memory.give_back(address, held.pop(address))
            continue
        address = memory.take(size, 3)
        assert all(address + size <= other or other + held[other] <= address for other in held)
        held[address] = size


def test_remains_of_one_place_never_overlap() -> None:
    remains = shop_film().remains
    turn = np.argsort(remains["since"], kind="stable")
    for address in np.unique(remains["address"]).tolist():
        mine = turn[remains["address"][turn] == address]
        assert (remains["until"][mine][:-1] <= remains["since"][mine][1:]).all()
    # What is overwritten at the very moment of its writing lasts no time, and no request finds it.
    assert (remains["until"] >= remains["since"]).all()


def test_a_film_depends_on_the_traffic_alone_and_a_longer_one_begins_the_same() -> None:
    short, long = film(shop_run(), 10, 12), film(shop_run(), 10, 14)
    count = short.writes.rows
    assert count < long.writes.rows
    for name in short.writes:
        assert (short.writes[name] == long.writes[name][:count]).all()
    one, other = (harvest(memory, 10, 12, 500, seed=3) for memory in (short, long))
    assert one.secrets.same_as(other.secrets)


def test_every_secret_was_sent_by_its_owner_at_that_moment() -> None:
    memory = shop_film()
    visits, remains = memory.visits, memory.remains
    order_of = dict(zip(visits["order"].tolist(), visits["placed"].tolist(), strict=True))
    logged: dict[int, set[float]] = {}
    for member, t in zip(visits["member"].tolist(), visits["logged_in"].tolist(), strict=True):
        logged.setdefault(member, set()).add(t)
    for kind, whose, since in zip(
        remains["kind"].tolist(), remains["number"].tolist(), remains["since"].tolist(), strict=True
    ):
        if KINDS[kind] == "address":
            assert order_of[whose] == since
        elif KINDS[kind] == "password":
            assert since in logged[whose]


def test_of_the_run_each_order_comes_with_its_member_and_every_visit_of_the_day_comes() -> None:
    run, memory = shop_run(), shop_film()
    visits = memory.visits
    ordered = visits["order"] >= 0
    assert (run.orders["member"][visits["order"][ordered]] == visits["member"][ordered]).all()
    days = np.floor(visits["t"]).astype(int)
    for day in range(4, 30):
        # Visits of bargain hunters aside, each visit and each checkout of the day is one row.
        assert (days == day).sum() == run.traffic["visits"][day]
        assert (days[ordered] == day).sum() == run.traffic["checkouts"][day]


def test_the_vault_has_no_part_in_the_servers_memory() -> None:
    # What is exported, when, or not at all, leaves the memory as it is, bit for bit.
    run = run_of("taiwan-gift-shop", 40)
    shop = run.scenario
    taken = [
        read_memory(
            simulate(shop.model_copy(update={"retention": policy(name, shop.retention)}), days=40, seed=1),
            28,
            30,
            requests=2_000,
            seed=1,
        )
        for name in ("keep-everything", "vault-at-completion")
    ]
    assert taken[0].secrets.same_as(taken[1].secrets)
    assert taken[0].film.writes.same_as(taken[1].film.writes)
    # Whoever lies in the vault and has not come back since the server started is never found.
    started = taken[0].film.started
    assert value("server-started-days") <= 28 - started
    old = run.orders["order"][run.orders["closed"] < started]
    assert len(old) > 10
    assert not set(old.tolist()) & set(taken[0].numbers("address").tolist())
    since = run.orders["placed"][taken[0].numbers("address")]
    assert ((since >= started) & (since < 30)).all()


def test_an_attackers_own_record_never_covers_a_secret() -> None:
    remains, places = shop_film().remains, np.unique(shop_film().landing["address"])
    inside = (remains["address"][:, None] >= places) & (remains["address"][:, None] < places + RECEIVE_BUFFER)
    offset = (remains["address"][:, None] - places)[inside]
    assert len(offset)
    assert offset.min() > 25


def test_the_longest_copy_ends_within_the_memory() -> None:
    memory = shop_film()
    assert memory.landing["address"].max() + 8 + 65_535 <= memory.size
    assert memory.size - TAIL >= int((memory.remains["address"] + memory.remains["length"]).max())


def test_a_prime_left_in_memory_gives_the_whole_key_away_and_nothing_else_does() -> None:
    p, q = primes(4)
    assert p != q
    assert p.bit_length() == q.bit_length() == 8 * PRIME_BYTES
    # Rabin's test to other bases than the one that found them.
    for n in (p, q):
        odd, twos = n - 1, 0
        while odd % 2 == 0:
            odd, twos = odd // 2, twos + 1
        for base in (3, 5, 7, 11):
            powers = [pow(base, odd * 2**k, n) for k in range(twos)]
            assert powers[0] == 1 or n - 1 in powers
    piece = bytes(300) + p.to_bytes(PRIME_BYTES, "little") + b"x" * 77
    assert prime_in(piece, p * q) == p
    assert p * (p * q // p) == p * q
    assert prime_in(piece[:-80], p * q) is None
    assert prime_in(bytes(np.random.default_rng(1).bytes(4_000)), p * q) is None


def test_what_people_send_fits_its_field_and_differs_from_person_to_person() -> None:
    assert len({password_of(4, member) for member in range(300)}) > 290
    assert len({cookie_of(4, visit) for visit in range(300)}) == 300
    assert all(len(cookie_of(4, visit)) == 32 for visit in range(5))
    with pytest.raises(ValueError, match="password has 17 bytes, the field 16"):
        next(s for s in SHAPES if s.name == "log-in-form").written({"account": b"a", "password": b"x" * 17})


@pytest.mark.parametrize("name", ["hongkong-own-site", "taiwan-gift-shop", "taiwan-store-pickup"])
def test_any_shop_with_its_own_site_has_such_a_memory(name: str) -> None:
    run = run_of(name, 20)
    taken = read_memory(run, 10, 12, requests=300, seed=1)
    assert taken.count("cookie") > 0
    # Where buyers fetch their goods nobody types an address.
    assert (taken.count("address") > 0) is (run.scenario.arrangement.trade != "O2O")
    assert ask(taken.film, 11.5).answer is not None


def test_what_cannot_be_is_told_in_a_sentence() -> None:
    with pytest.raises(SafeShopError, match="sells on somebody else's server; choose a shop with its own"):
        film(run_of("mainland-marketplace-store", 20), 10, 12)
    for begin, end in ((-1, 3), (3, 3), (5, 4), (10, 31)):
        with pytest.raises(SafeShopError, match="The run has days 0 to 30; choose a beginning"):
            film(shop_run(), begin, end)
    with pytest.raises(SafeShopError, match="The film shows days 10 to 12; let the attack lie within"):
        harvest(shop_film(), 9, 11, 10, seed=1)
    with pytest.raises(SafeShopError, match="requests cannot be below 0"):
        harvest(shop_film(), 10, 11, -1, seed=1)
    with pytest.raises(SafeShopError, match="can state 0 to 65,535 bytes, not 70000"):
        harvest(shop_film(), 10, 11, 1, seed=1, stated=70_000)


def test_a_secret_lies_there_from_its_writing_until_something_is_written_over_it() -> None:
    memory = shop_film()
    writes, remains = memory.writes, memory.remains
    assert remains.rows > 300
    length = np.array([shape.length for shape in SHAPES])[writes["shape"]]
    ends = writes["address"] + length
    expected = []
    # Writing by writing, without a thought of blocks.
    for number, shape in enumerate(writes["shape"].tolist()):
        for kind, offset, size in SHAPES[shape].secrets:
            start = int(writes["address"][number]) + offset
            later = slice(number + 1, None)
            over = np.flatnonzero((writes["address"][later] < start + size) & (start < ends[later]))
            until = float(writes["t"][later][over[0]]) if len(over) else np.inf
            expected.append((KINDS.index(kind), start, size, float(writes["t"][number]), until))
    names = ("kind", "address", "length", "since", "until")
    assert list(zip(*(remains[name].tolist() for name in names), strict=True)) == expected
