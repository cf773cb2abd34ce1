"""What thieves read: decided by the moment and by the retention, counted twice, predicted by Little's law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.attacker import Reader, expected_orders, lost_records, persons, surviving, taken, taken_in
from simlib.attacker.breach import count_once, each_once, how_many, lost_copies, outages, without
from simlib.attacker.course import MEMORY, Course, Take
from simlib.attacker.heartbleed import read_memory
from simlib.experiment import run_once
from simlib.facts import value
from simlib.privacy import CONTACT, POLICIES, Field, copies_of, exposure, policy
from simlib.records import Run
from simlib.risk import QuietRun, quiet
from simlib.scenario import Scenario
from simlib.world import simulate
from tests.attacks import fulfilled, under
from tests.shops import run_of, scenario

SHOP = "taiwan-gift-shop"


def thief(*times: float, places: tuple[str, ...] = ("shop",), **how: float) -> Course:
    """Somebody who looks at the places at these times."""
    course = Course(campaigns=["any"] * len(times), branches=list(range(len(times))))
    course.takes = [
        Take(number, "look", t, t, places=places, fields=int(CONTACT), **how)  # type: ignore[arg-type]
        for number, t in enumerate(times)
    ]
    return course


@given(st.lists(st.floats(0, 60), min_size=1, max_size=5), st.sampled_from(sorted(POLICIES)))
@settings(max_examples=12)
def test_a_thief_takes_what_exposure_counts(times: list[float], name: str) -> None:
    run = run_of(SHOP)
    retention = policy(name, run.scenario.retention, mask_after_days=5)
    copies = copies_of(run, retention)
    found = taken_in(Reader(run, retention), thief(*times, places=("shop", "erp")))
    for number, t in enumerate(times):
        mine = [each for each in found if each.attack == number]
        counted = int(exposure(copies, ["shop", "erp"], [t])[0])
        assert sum(each.orders + each.members for each in mine) == counted


def test_the_longer_records_stay_the_more_is_taken_and_what_left_is_never_taken() -> None:
    run = run_of(SHOP)
    kept = []
    for platform_days in (0, 3, 10, 40):
        # After the vault has fetched them, records of a marketplace go after so many days.
        shop = scenario("mainland-marketplace-store").retention.model_copy(
            update={
                "platform_days": float(platform_days),
                "orders_leave": "never",
                "members_leave": "on-joining",
            }
        )
        market = run_of("mainland-marketplace-store")
        kept.append(
            [
                each.orders
                for each in taken_in(Reader(market, shop), thief(*range(20, 60, 5), places=("platform",)))
            ]
        )
    assert all((np.diff(np.array(kept), axis=0) >= 0).ravel())
    assert sum(kept[0]) < sum(kept[-1])
    course = thief(50.0)
    everything = taken_in(Reader(run, policy("keep-everything", run.scenario.retention)), course)[0]
    window = taken_in(Reader(run, policy("vault-at-completion", run.scenario.retention)), course)[0]
    at_order = taken_in(Reader(run, policy("vault-at-order", run.scenario.retention)), course)[0]
    assert at_order.orders < window.orders < everything.orders
    left = run.orders["closed"] < 48.0
    assert not left[window.order_numbers].any()
    assert left[everything.order_numbers].sum() > 300
    # Whoever took everything knew exactly those orders that had been placed.
    assert everything.orders == int((run.orders["placed"] <= 50.0).sum())


def test_littles_law_tells_how_many_orders_a_thief_finds_at_a_random_moment() -> None:
    run = simulate(scenario(SHOP), days=80, seed=2)
    # At any time of day, for the vault fetches its orders at one.
    moments = np.random.Generator(np.random.PCG64(1)).uniform(35, 70, 300)
    course = thief(*moments)
    for name in ("vault-at-completion", "vault-at-order"):
        retention = policy(name, run.scenario.retention)
        reader = Reader(run, retention)
        found = [each.orders for each in taken_in(reader, course)]
        expected = expected_orders(run, "shop", 35, 70, retention)
        error = np.std(found) / np.sqrt(len(found))
        assert abs(np.mean(found) - expected) < 0.02 * expected + 3 * error
        assert 3 * error < 0.2 * expected


def test_the_vault_is_read_only_by_who_sits_in_it() -> None:
    reader = Reader(run_of(SHOP))
    outside, inside = (
        taken_in(reader, thief(40.0, places=("vault",), **how))[0] for how in ({}, {"opened": True})
    )
    assert outside.orders == outside.members == 0
    assert inside.orders > 0
    assert inside.members > 0


def heartbleed(since: float, hours: float, requests: int, seed: int) -> Course:
    """Somebody who asks the server for its memory."""
    course = thief(since, places=(MEMORY,), requests=requests, seed=seed)
    course.takes[0].until = since + hours / 24
    return course


@given(
    st.floats(0, 59),
    st.floats(0.01, 20),
    st.integers(0, 3000),
    st.integers(0, 99),
    st.sampled_from(sorted(POLICIES)),
)
@settings(max_examples=8)
def test_a_breach_takes_of_the_memory_what_the_wire_gives_whatever_the_retention(
    since: float, hours: float, requests: int, seed: int, name: str
) -> None:
    run = run_of(SHOP)
    found = taken_in(
        Reader(run, policy(name, run.scenario.retention)), heartbleed(since, hours, requests, seed)
    )[0]
    wire = read_memory(run, since, since + hours / 24, requests, seed)
    assert (found.orders, found.members) == (wire.count("address"), wire.count("password"))
    assert found.persons.tolist() == wire.members.tolist()


def test_an_attacked_run_and_a_walk_charged_to_a_quiet_one_take_of_the_memory_what_the_wire_gives() -> None:
    shop = scenario(SHOP)
    seed, course = fulfilled(shop, "heartbleed", days=30, day=15)
    run = simulate(under(shop, "heartbleed", day=15), days=30, seed=seed)
    reading = course.takes[0]
    assert reading.requests == value("memory-reads")
    wire = read_memory(run, reading.since, reading.until, reading.requests, reading.seed)
    found = taken(run)[0]
    assert found.place == MEMORY
    assert (found.orders, found.members, len(found.persons)) == (
        wire.count("address"),
        wire.count("password"),
        len(wire.members),
    )
    assert found.orders > 0 < len(found.persons)
    calm = QuietRun(run_once(quiet(run.scenario), days=30, seed=seed))
    alone = Course(campaigns=course.campaigns, branches=course.branches, takes=[reading])
    charged = calm.charged(alone, seed)
    # Nothing has kept anybody out, so the quiet run's customers are the attacked one's.
    assert (charged.orders_taken, charged.members_taken) == (found.orders, found.members)
    assert charged.persons_taken == len(found.persons)


def test_of_a_server_that_is_somebody_elses_there_is_no_memory_to_read() -> None:
    run = run_of("mainland-marketplace-store")
    found = taken_in(Reader(run), heartbleed(40.0, 2, 1000, 1))[0]
    assert (found.orders, found.members, len(found.persons)) == (0, 0, 0)


def test_who_could_not_reach_the_shop_has_left_nothing_in_its_memory() -> None:
    run = run_of(SHOP)
    course = heartbleed(40.0, 10, 2000, 1)
    whole = taken_in(Reader(run), course)[0]
    away = np.zeros(run.orders.rows, dtype=np.bool_)
    away[whole.order_numbers[::2]] = True
    less = taken_in(Reader(run, without=away), course)[0]
    assert less.order_numbers.tolist() == whole.order_numbers[1::2].tolist()
    assert not np.isin(run.orders["member"][away], less.persons).any()


def test_half_the_records_are_the_newest_half_and_a_stay_takes_at_least_a_look() -> None:
    reader = Reader(run_of(SHOP))
    whole = taken_in(reader, thief(30.0))[0]
    half = taken_in(reader, thief(30.0, share=0.5))[0]
    both = whole.orders + whole.members
    assert half.orders + half.members == round(both / 2)
    assert set(half.order_numbers.tolist()) <= set(whole.order_numbers.tolist())
    assert half.order_numbers.max() == whole.order_numbers.max()
    course = thief(30.0)
    course.takes[0].until = 35.0
    stay = taken_in(reader, course)[0]
    later = taken_in(reader, thief(34.9))[0]
    assert set(stay.order_numbers.tolist()) >= set(whole.order_numbers.tolist()) | set(
        later.order_numbers.tolist()
    )
    assert persons([whole, later]) == len(set(whole.persons.tolist()) | set(later.persons.tolist()))


def test_skimmed_cards_are_those_of_buyers_who_paid_while_it_lasted() -> None:
    shop = scenario(SHOP)
    seed, course = fulfilled(shop, "checkout-skimmer", days=40)
    run = simulate(under(shop, "checkout-skimmer"), days=40, seed=seed)
    take = course.takes[0]
    assert take.fields == int(Field.PAYMENT)
    found = taken(run)[0]
    assert found.orders > 0
    placed = run.orders["placed"][found.order_numbers]
    assert (placed <= take.until).all()


# ---------------------------------------------------------------------------------------------------------------
# what is gone


def ransomed(tested: bool, offline: bool) -> tuple[Run, Scenario]:
    """The gift shop under the first ransomware that gets through, with or without a copy out of reach."""
    shop = scenario(SHOP)
    seed, _course = fulfilled(shop, "ransomware", days=40)
    defended = shop.changed(defence__backup={"online": True, "offline": offline, "tested": tested})
    return simulate(under(defended, "ransomware"), days=40, seed=seed), defended


def test_with_a_tested_copy_out_of_reach_the_data_come_back_and_without_they_do_not() -> None:
    restored, _shop = ransomed(tested=True, offline=True)
    lost, _shop = ransomed(tested=True, offline=False)
    assert restored.incidents.where("kind", "restored").any()
    assert not lost.incidents.where("kind", "restored").any()
    assert lost.incidents.where("kind", "rebuilt").any()
    assert sum(lost_records(restored).values()) == 0
    assert lost_records(lost)["order"] > 50
    # What lay in the vault is not lost: members of the vault's shop have their record there.
    kept = lost_records(lost, policy("keep-everything", lost.scenario.retention))
    assert kept["order"] > lost_records(lost)["order"]
    assert kept["member"] > 1000 > lost_records(lost)["member"]
    _place, since, until = outages(restored)[0]
    gone = surviving(restored)
    during = (gone["since"] <= (since + until) / 2) & ((since + until) / 2 < gone["until"])
    assert not (during & gone.where("place", "shop") & (gone["since"] < since)).any()


@given(st.floats(0, 59), st.floats(0.1, 10), st.sampled_from(sorted(POLICIES)))
@settings(max_examples=20)
def test_data_that_come_back_are_all_there_again(since: float, length: float, name: str) -> None:
    run = run_of(SHOP)
    copies = copies_of(run, policy(name, run.scenario.retention, mask_after_days=5))
    back = without(copies, [("shop", since, since + length)])
    assert lost_copies(copies, [("shop", since, since + length)], 1000.0) == {"member": 0, "order": 0}
    assert int(exposure(back, ["shop"], [min(since + length, 60)])[0]) <= int(
        exposure(copies, ["shop"], [min(since + length, 60)])[0]
    )
    never = without(copies, [("shop", since, np.inf)])
    assert never.rows <= copies.rows


@given(st.integers(0, 5000), st.floats(0, 1), st.floats(0.001, 0.999))
@settings(max_examples=20)
def test_more_luck_more_persons_or_a_larger_share_never_give_fewer(
    persons: int, share: float, luck: float
) -> None:
    many = how_many(persons, share, luck)
    assert 0 <= many <= persons
    assert how_many(persons + 10, share, luck) >= many
    assert how_many(persons, min(1.0, share + 0.1), luck) >= many


def test_shares_of_persons_are_met_in_the_long_run() -> None:
    luck = (np.arange(400) + 0.5) / 400
    assert np.mean([how_many(200, 0.1, one) for one in luck]) == pytest.approx(20, abs=0.1)


def test_how_many_is_the_smallest_number_that_luck_reaches() -> None:
    from scipy import stats

    rng = np.random.default_rng(5)
    chances = zip(*rng.random((2, 300)).tolist(), strict=True)
    for count, (small, luck) in zip(rng.integers(1, 3000, 300).tolist(), chances, strict=True):
        for share in (small, small * 1e-4, 1 - small * 1e-3, small * 1e-40):
            assert how_many(count, share, luck) == stats.binom.ppf(luck, count, share)


@given(st.lists(st.integers(0, 300), max_size=40))
@settings(max_examples=30)
def test_each_number_is_counted_once(numbers: list[int]) -> None:
    given_numbers = np.array(numbers, dtype=np.int64)
    assert each_once(given_numbers).tolist() == sorted(set(numbers))
    halves = [each_once(given_numbers[::2]), each_once(given_numbers[1::2])]
    assert count_once(halves) == len(set(numbers))
    assert count_once([]) == 0
