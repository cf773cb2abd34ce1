"""Losses: parts that sum, two ways that agree, controls that help, retention that limits the harm."""

from __future__ import annotations

import itertools
from dataclasses import fields

import numpy as np
import pytest

from simlib.attacker import campaign, campaigns
from simlib.errors import SafeShopError
from simlib.experiment import compare
from simlib.privacy import policy
from simlib.records import Run
from simlib.risk import (
    PARTS,
    Loss,
    QuietRun,
    customers_loss,
    loss,
    part_label,
    quiet,
    total_loss,
    walks,
    years,
)
from simlib.scenario import Attack, Defence, Scenario
from simlib.world import simulate
from tests.attacks import fulfilled, under
from tests.shops import scenario

DAYS = 40

EXACT = ("account-takeover", "leaked-orders-calls")
"""Campaigns that disturb no order, so that the finished run knows all about them; the slow test has all sixteen."""


def shop_for(name: str) -> Scenario:
    shops = [scenario("taiwan-gift-shop"), scenario("mainland-marketplace-store")]
    shops.append(shops[0].changed(confirmation__mode="automatic"))
    return next(shop for shop in shops if campaign(name).possible(shop))


@pytest.fixture(scope="module")
def calm() -> QuietRun:
    """The gift shop, quiet."""
    return QuietRun(simulate(scenario("taiwan-gift-shop"), days=DAYS, seed=1))


def both(name: str, days: int = 40) -> tuple[Loss, Loss]:
    """The loss of a campaign that gets through, in the world and against the finished quiet run."""
    shop = shop_for(name)
    seed, course = fulfilled(shop, name, days=days)
    twin = simulate(shop, days=days, seed=seed)
    return loss(simulate(under(shop, name), days=days, seed=seed), twin), QuietRun(twin).charged(course, seed)


@pytest.mark.parametrize("name", EXACT)
def test_the_world_and_the_finished_run_know_the_same_loss(name: str) -> None:
    lived, reckoned = both(name, 25)
    for field in fields(Loss):
        assert getattr(lived, field.name) == pytest.approx(getattr(reckoned, field.name), abs=1e-6), (
            field.name
        )
    assert lived.total > 0 or lived.persons_taken > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", campaigns())
def test_the_world_and_the_finished_run_agree_on_every_campaign(name: str) -> None:
    lived, reckoned = both(name)
    same = ("cash_stolen", "response", "notification", "hours", "customers", "orders_kept_out")
    for part in same:
        assert getattr(lived, part) == pytest.approx(getattr(reckoned, part), abs=1e-6), part
    for part in ("orders_taken", "members_taken", "persons_taken"):
        # What is kept out and what bots buy moves other orders a little.
        assert getattr(lived, part) == pytest.approx(getattr(reckoned, part), rel=0.03, abs=3)


def test_the_parts_are_what_the_shop_is_worth_less_and_its_people_s_hours() -> None:
    for name in ("ransomware",):
        shop = shop_for(name)
        seed, _course = fulfilled(shop, name, days=40)
        twin, run = simulate(shop, days=40, seed=seed), simulate(under(shop, name), days=40, seed=seed)
        found = loss(run, twin)
        gone = (worth(twin) - worth(run)) / 100
        assert found.total == pytest.approx(gone + found.response, abs=0.01)
        assert found.total == pytest.approx(sum(getattr(found, part) for part in PARTS))
        assert found.cash_stolen >= 0
        assert (
            found.customers * 100 == run.balance()["attacker"] - found.cash_stolen * 100
            or found.customers == 0
        )


def worth(run: Run) -> int:
    """Cash, money on its way and goods, the quick way."""
    balance = run.balance()
    return sum(balance[name] for name in ("seller", "payment_company", "escrow", "courier_cash", "inventory"))


def test_a_quiet_run_has_lost_nothing_and_another_twin_is_refused() -> None:
    shop = scenario("taiwan-gift-shop")
    twin = simulate(shop, days=10, seed=1)
    assert loss(twin, twin) == Loss()
    assert quiet(under(shop, "ransomware")) == shop
    with pytest.raises(SafeShopError, match="same days and seed"):
        loss(simulate(under(shop, "ransomware"), days=10, seed=1), simulate(shop, days=10, seed=2))
    with pytest.raises(SafeShopError, match="without attackers"):
        QuietRun(simulate(under(shop, "ransomware"), days=10, seed=1))
    with pytest.raises(SafeShopError, match="walks must be a whole number"):
        walks(twin, "ransomware", walks=0)


def test_what_is_stolen_is_worth_less_the_less_lies_there(calm: QuietRun) -> None:
    shop = calm.scenario
    losses = []
    for name in ("keep-everything", "vault-at-completion", "vault-at-order"):
        short = QuietRun(calm.run, policy(name, shop.retention))
        losses.append(walks(short, "leaked-orders-calls", walks=60))
    for more, less in itertools.pairwise(losses):
        for part in ("customers", "persons_taken"):
            low, high = more.less_with(less, part).difference.interval()
            assert low <= high < 0


def test_walks_with_controls_meet_the_same_attackers_and_lose_less(calm: QuietRun) -> None:
    free = walks(calm, "ransomware", walks=80)
    guarded = walks(calm, "ransomware", walks=80, defence=Defence(controls=("6.4",)))
    difference = free.less_with(guarded).difference
    assert (difference.numbers <= 1e-6).all()
    assert difference.interval()[1] < 0
    backed = Defence.model_validate({"backup": {"offline": True, "tested": True}})
    restored = walks(calm, "ransomware", walks=80, defence=backed)
    assert restored.sample("records_lost").numbers.max() == 0 < free.sample("records_lost").numbers.max()
    assert free.less_with(restored).difference.interval()[1] < 0
    with pytest.raises(SafeShopError, match="same seeds"):
        free.less_with(walks(calm, "ransomware", walks=3))


@pytest.mark.slow
def test_paired_runs_of_the_world_say_with_an_interval_that_a_control_helps() -> None:
    shop = scenario("hongkong-own-site").changed(demand__orders_per_day=3.0)
    attacked = shop.model_copy(update={"attacks": (Attack(campaign="supplier-payment-fraud", day=2),)})
    guarded = attacked.changed(defence__controls=("call-back",))
    found = compare(attacked, guarded, total_loss, days=30, runs=60, jobs=1)
    assert found.difference.interval()[1] < 0
    assert found.variance_reduction > 1


@pytest.mark.slow
def test_years_of_attackers_cost_more_the_more_of_them_come_and_nothing_where_none_does(
    calm: QuietRun,
) -> None:
    shop = calm.scenario
    none, some, many = (
        years(calm, shop.changed(attackers={"claims_per_year": rate}), walks=30) for rate in (0.0, 0.5, 5.0)
    )
    assert none.sample().numbers.tolist() == [0.0] * 30
    assert 0 <= some.sample().mean < many.sample().mean
    assert set(many.mean()) == {*PARTS, "total", "customers"}


def test_customers_loss_stands_apart_from_the_shop_s() -> None:
    shop = shop_for("leaked-orders-calls")
    seed, _course = fulfilled(shop, "leaked-orders-calls", days=20)
    run = simulate(under(shop, "leaked-orders-calls"), days=20, seed=seed)
    found = loss(run)
    assert found.customers == customers_loss(run) > 0
    assert found.cash_stolen == 0
    assert found.total == pytest.approx(found.response + found.notification)


def test_every_part_has_its_words() -> None:
    said = [part_label(part) for part in (*PARTS, "customers", "total")]
    assert len(set(said)) == len(said)
    assert not np.isnan(Loss().total)
