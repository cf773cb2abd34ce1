"""What requests collect, reckoned two ways; and what stays open after the update, member by member."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.attacker.heartbleed import (
    Harvest,
    Key,
    Response,
    accounts_open,
    expected,
    false_shop_until,
    harvest,
    interim_measures,
    milestones_2014,
    passed_through,
    read_memory,
    time_within_reach,
    traces,
    within_reach,
)
from simlib.attacker.heartbleed import _share_of_time_key_in_reach as key_in_reach
from simlib.attacker.server_memory import KINDS, Film, film
from simlib.facts import value
from simlib.records import Run
from simlib.world import simulate
from tests.shops import scenario

STANDARD_ERRORS = 4.5
"""How far a mean may lie from what it estimates; the seeds are fixed."""

NEVER = float("inf")


@lru_cache
def shop_run(orders: float = 20) -> Run:
    return simulate(scenario("taiwan-gift-shop").changed(demand__orders_per_day=orders), days=45, seed=4)


@lru_cache
def shop_film(orders: float = 20) -> Film:
    return film(shop_run(orders), 10, 13)


@lru_cache
def week() -> Harvest:
    return read_memory(shop_run(), 10, 17, requests=7_000, seed=2)


def by_hand(
    memory: Film, begin: float, end: float, requests: int, seed: int, stated: int
) -> set[tuple[int, int]]:
    """The same harvest, one request and one remain after the other."""
    from simlib.streams import stream

    remains, found = memory.remains, set()
    moments = np.sort(begin + stream(seed, "memory requests").random(requests) * (end - begin))
    for t in moments.tolist():
        place = memory.landing["address"][np.flatnonzero(memory.landing["t"] <= t)[-1]]
        for row in range(remains.rows):
            first = int(remains["address"][row])
            last = first + int(remains["length"][row]) - 1
            lies = remains["since"][row] <= t < remains["until"][row]
            if lies and place + 25 <= first and last < place + 8 + stated:
                found.add((int(remains["kind"][row]), int(remains["number"][row])))
    return found


@pytest.mark.parametrize("stated", [65_535, 20_000])
def test_a_harvest_is_what_its_requests_read_one_by_one(stated: int) -> None:
    taken = harvest(shop_film(), 10.2, 12.9, 40, seed=5, stated=stated)
    pairs = set(zip(taken.secrets["kind"].tolist(), taken.secrets["number"].tolist(), strict=True))
    assert len(pairs) > 9
    assert pairs == by_hand(shop_film(), 10.2, 12.9, 40, 5, stated)
    assert taken.received == 40 * (3 + stated + 16)


def test_attacks_find_on_average_what_the_collectors_sum_says() -> None:
    memory, attacks = shop_film(), 80
    for requests in (1, 30, 1_000):
        reckoned = expected(memory, 10, 11, [requests])
        counted = np.array(
            [
                [harvest(memory, 10, 11, requests, seed=seed).count(kind) for kind in KINDS[:3]]
                for seed in range(attacks)
            ]
        )
        error = counted.std(axis=0, ddof=1) / np.sqrt(attacks)
        for column, kind in enumerate(KINDS[:3]):
            assert abs(counted[:, column].mean() - reckoned[kind][0]) < STANDARD_ERRORS * error[column], kind


def test_time_within_reach_is_the_share_of_many_moments_at_which_a_secret_can_be_read() -> None:
    memory, stated = shop_film(), 40_000
    exact = time_within_reach(memory, 10, 13, stated)
    remains, moments = memory.remains, np.linspace(10, 13, 60_001)[:-1] + 1e-5
    places = memory.buffers_at(moments)
    for kind in range(3):
        rows = np.flatnonzero(exact["kind"] == kind)
        longest = rows[np.argsort(exact["days"][rows])[-6:]]
        for row in longest.tolist():
            seen = np.zeros(len(moments), dtype=bool)
            mine = (remains["kind"] == kind) & (remains["number"] == exact["number"][row])
            for one in np.flatnonzero(mine).tolist():
                there = (remains["since"][one] <= moments) & (moments < remains["until"][one])
                seen |= there & within_reach(remains["address"][one], remains["length"][one], places, stated)
            assert exact["days"][row] == pytest.approx(3 * seen.mean(), abs=0.003)


def test_more_requests_or_bytes_never_find_less_and_never_more_than_passed_through() -> None:
    memory = shop_film()
    through = passed_through(memory, 10, 12)
    for kind in KINDS[:3]:
        for counts in (
            [harvest(memory, 10, 12, n, seed=8).count(kind) for n in (0, 1, 10, 100, 1_000, 10_000)],
            [harvest(memory, 10, 12, 500, seed=8, stated=n).count(kind) for n in (0, 200, 9_000, 65_535)],
        ):
            assert counts[0] == 0 < counts[-1] <= through[kind]
            assert all(fewer <= more for fewer, more in pairwise(counts))
        curve = expected(memory, 10, 12, [0, 1, 10, 100, 1_000, 10**7])[kind]
        assert curve[0] == 0
        assert (np.diff(curve) >= 0).all()
        assert curve[-1] == pytest.approx(
            (
                time_within_reach(memory, 10, 12)["days"][
                    time_within_reach(memory, 10, 12).where("kind", kind)
                ]
                > 0
            ).sum(),
            abs=0.5,
        )


def test_a_busy_shop_leaks_more_sessions_and_addresses_and_writes_over_passwords_the_sooner() -> None:
    quiet, busy = (
        [read_memory(shop_run(orders), 10, 12, 500, seed=seed) for seed in range(3)] for orders in (10, 40)
    )
    for kind in ("cookie", "address"):
        assert max(t.count(kind) for t in quiet) < min(t.count(kind) for t in busy)
    # Of passwords four times as many come, and each lies there a fourth of the time: the requests decide.
    few, many = (passed_through(taken[0].film, 10, 12)["password"] for taken in (quiet, busy))
    assert many > 2 * few
    assert max(t.count("password") for t in busy) < 2 * min(t.count("password") for t in quiet)


def test_the_key_is_found_as_often_as_its_pieces_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    import simlib.attacker.heartbleed as module

    memory, attacks, requests = shop_film(), 250, 500
    share = 1e-3
    monkeypatch.setattr(module, "value", lambda name: share if name == "key-left-share" else value(name))
    reach = key_in_reach(memory, 10, 11, 65_535)
    assert 0 < reach < 1
    chance = float(expected(memory, 10, 11, [requests])["key"][0])
    assert chance == pytest.approx(1 - (1 - share * reach) ** requests)
    found = sum(harvest(memory, 10, 11, requests, seed=seed).key_found for seed in range(attacks))
    assert abs(found / attacks - chance) < STANDARD_ERRORS * np.sqrt(chance * (1 - chance) / attacks)


def test_a_visitors_own_piece_of_the_key_is_found_while_it_lies_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import simlib.attacker.server_memory as module

    monkeypatch.setattr(module, "value", lambda name: 0.5 if name == "key-left-share" else value(name))
    memory = film.__wrapped__(shop_run(), 10, 11)
    assert memory.remains.where("kind", "key").sum() > 1_000
    taken = harvest(memory, 10, 11, 300, seed=1)
    assert taken.key_found
    assert taken.count("key") == 1


def test_the_same_seed_takes_the_same_and_another_seed_does_not() -> None:
    one, again = (read_memory(shop_run(), 10, 11, 200, seed=6) for _ in range(2))
    assert one.secrets.same_as(again.secrets)
    assert not one.secrets.same_as(read_memory(shop_run(), 10, 11, 200, seed=7).secrets)


def test_members_are_those_of_whom_anything_was_read() -> None:
    taken, run = week(), shop_run()
    visits = taken.film.visits
    whose = dict(zip(visits["visit"].tolist(), visits["member"].tolist(), strict=True))
    members = (
        set(taken.numbers("password").tolist())
        | {whose[visit] for visit in taken.numbers("cookie").tolist()}
        | set(run.orders["member"][taken.numbers("address")].tolist())
    )
    assert members == set(taken.members.tolist())


# -- after the update --


def open_by_hand(taken: Harvest, response: Response, t: float, key: Key) -> int:
    """Members whose account is open at one moment, told from each password and cookie by the rules in words."""
    visits, secrets, members = taken.film.visits, taken.secrets, set()
    logged = dict(zip(visits["visit"].tolist(), visits["logged_in"].tolist(), strict=True))

    def password_works(sent: float) -> bool:
        return not sent < response.passwords_changed <= t

    def cookie_works(sent: float) -> bool:
        return t < sent + value("session-valid-days") and not sent < response.sessions_ended <= t

    for kind, number, person, read in zip(
        *(secrets[name].tolist() for name in ("kind", "number", "person", "t")), strict=True
    ):
        if read > t:
            continue
        if (KINDS[kind] == "password" and password_works(read)) or (
            KINDS[kind] == "cookie" and cookie_works(logged[number])
        ):
            members.add(person)
    if key == "found" and t >= taken.end:
        for member, sent in zip(visits["member"].tolist(), visits["logged_in"].tolist(), strict=True):
            recorded = taken.begin <= sent <= t and sent < response.new_keys
            if recorded and (password_works(sent) or cookie_works(sent)):
                members.add(member)
    return len(members)


days_after = st.sampled_from([0, 0.5, 1, 3.25, 9, 20, NEVER])


@settings(max_examples=15, deadline=None)
@given(days_after, days_after, days_after, st.sampled_from(["not-found", "forward-secrecy", "found"]))
def test_open_accounts_are_those_that_the_rules_leave_open(
    keys: float, sessions: float, passwords: float, key: Key
) -> None:
    taken = week()
    response = Response(17, 17 + keys, 17 + sessions, 17 + passwords)
    at = [17.01, 19.3, 26.7, 38.2, 44.9]
    assert accounts_open(taken, response, np.array(at), key).tolist() == [
        open_by_hand(taken, response, t, key) for t in at
    ]


def test_an_update_alone_closes_no_account_and_with_a_stolen_key_more_open_day_by_day() -> None:
    at = np.arange(17.0, 45)
    found = accounts_open(week(), Response(17), at, "found")
    assert (np.diff(found) >= 0).all()
    assert found[-1] > found[0] + 100
    assert accounts_open(week(), Response(17), at, "not-found")[-1] == week().count("password")


def test_keys_first_closes_everything_and_passwords_first_does_not() -> None:
    at = np.array([44.0])
    right = Response(17, new_keys=17.5, sessions_ended=18, passwords_changed=18)
    wrong = Response(17, new_keys=27, sessions_ended=18, passwords_changed=18)
    assert accounts_open(week(), right, at, "found")[0] == 0
    assert accounts_open(week(), wrong, at, "found")[0] > 100
    # Without the key, or with forward secrecy, the order does not matter.
    assert accounts_open(week(), wrong, at, "not-found")[0] == 0
    assert accounts_open(week(), wrong, at, "forward-secrecy")[0] == 0
    # New keys alone close nothing that was taken before.
    assert accounts_open(week(), Response(17, new_keys=17), at, "found")[0] >= week().count("password")


def test_a_cookie_works_until_its_session_is_ended_whatever_the_password() -> None:
    taken, at = week(), np.array([18.5])
    both = accounts_open(taken, Response(17, 17, 18, 18), at)[0]
    only_passwords = accounts_open(taken, Response(17, 17, NEVER, 18), at)[0]
    assert both == 0 < only_passwords <= taken.count("cookie")
    assert (
        accounts_open(taken, Response(17, 17, NEVER, 18), np.array([17 + value("session-valid-days")]))[0]
        == 0
    )


def test_a_false_shop_ends_with_the_old_certificate() -> None:
    assert false_shop_until(Response(17, new_keys=20), "found") == 20
    assert false_shop_until(Response(17, new_keys=20), "forward-secrecy") == 20
    assert false_shop_until(Response(17), "found") == value("certificate-valid-days")
    assert false_shop_until(Response(17), "not-found") == -NEVER


def test_interim_measures_stop_and_cost_what_they_say() -> None:
    memory, run = shop_film(), shop_run()
    measures = {m.name: m for m in interim_measures(memory, 10, 13, 3_000, seed=2)}
    all_of_it = harvest(memory, 10, 13, 3_000, seed=2)
    assert measures["nothing"].taken.secrets.same_as(all_of_it.secrets)
    half = measures["filter-stated"]
    assert half.taken.requests == 3_000 * value("heartbleed-encrypted-share")
    assert 0 < half.taken.count("password") < all_of_it.count("password")
    for name in ("filter-sizes", "rebuild", "close"):
        assert measures[name].stops == 1
        assert measures[name].taken.secrets.rows == 0
    placed = [(10 <= t < 13) for t in run.orders["placed"].tolist()]
    assert measures["close"].orders_lost == sum(placed) > 0
    assert (
        measures["close"].money_lost
        == sum(amount for amount, lost in zip(run.orders["amount"].tolist(), placed, strict=True) if lost)
        / 100
    )
    assert all(m.orders_lost == m.money_lost == 0 for name, m in measures.items() if name != "close")


def test_the_servers_log_has_a_line_a_page_and_none_for_a_heartbeat() -> None:
    memory = shop_film()
    few, many = (traces(harvest(memory, 10, 12, n, seed=1)) for n in (10, 10_000))
    assert few.log_lines == many.log_lines
    assert few.log_lines_of_attack == many.log_lines_of_attack == 0
    assert (few.flagged, many.flagged) == (10, 10_000)
    visits = memory.visits
    pages = (
        ((visits["t"] >= 10) & (visits["t"] < 12)).sum()
        + ((visits["logged_in"] >= 10) & (visits["logged_in"] < 12)).sum()
        + ((visits["placed"] >= 10) & (visits["placed"] < 12)).sum()
    )
    # On top of these comes each look at the member's own page.
    assert pages < few.log_lines <= pages + (visits["logged_in"] < 12).sum()


def test_the_dates_of_april_2014_are_those_of_the_sources() -> None:
    assert milestones_2014() == {
        "published": (date(2014, 4, 7), date(2014, 4, 7)),
        "systems-patched": (date(2014, 4, 7), date(2014, 4, 8)),
        "canada-closed": (date(2014, 4, 9), date(2014, 4, 13)),
    }
    assert date.fromisoformat(value("heartbleed-introduced")) == date(2012, 3, 14)


def test_a_request_reaches_from_behind_its_own_record_to_the_last_byte_stated() -> None:
    place, stated, length = 1_000, 500, 32
    first, last = place + 5 + 3 + 1 + 16, place + 5 + 3 + stated - length
    reached = within_reach([first - 1, first, last, last + 1], length, place, stated)
    assert reached.tolist() == [False, True, True, False]
