"""Trials: remembered walks are the walks, the thief finds what lies there, years add up, the vault touches thefts."""

from __future__ import annotations

import numpy as np
import pytest

from simlib.attacker import campaign, campaigns, expected_orders, rates
from simlib.errors import SafeShopError
from simlib.privacy import exposure, policy
from simlib.risk import lessened, vault_touches, walks, years
from simlib.scenario import Attackers, Defence
from tests.breaches import DAYS, SEED, gift_shop, store


def test_a_remembered_walk_is_the_walk() -> None:
    shop = gift_shop()
    for name in ("ransomware", "leaked-orders-calls"):
        # The last control has no part in either attack.
        for defence in (None, shop.with_controls(["6.4", "3.3", "canary-orders"])):
            fresh = walks(shop.calm, name, day=40, walks=15, seed=SEED, defence=defence)
            assert shop.walks(name, 15, defence, day=40).losses == fresh.losses
    assert shop.walks("ransomware", 10).losses == walks(shop.calm, "ransomware", walks=10, seed=SEED).losses


def test_controls_come_on_top_of_those_in_place() -> None:
    shop = gift_shop()
    assert shop.with_controls(["6.3", "6.3", "8.2"]).controls == ("6.3", "8.2")
    assert shop.with_controls([]) == shop.scenario.defence


@pytest.mark.parametrize("name", ["keep-everything", "vault-at-completion", "vault-at-order"])
def test_a_thief_finds_the_orders_that_lie_readable_in_the_web_shop_on_his_day(name: str) -> None:
    under = gift_shop().under(policy(name, gift_shop().scenario.retention))
    copies = under.calm.reader.copies
    orders = {column: copies[column][copies.where("record", "order")] for column in copies}
    days = [30.2, 75.0, 119.0]
    table = type(copies)(orders, copies.words)
    assert under.found_by_day(days).tolist() == exposure(table, ["shop"], days).tolist()


def test_the_number_by_head_is_what_a_thief_finds_on_average() -> None:
    shop = gift_shop()
    days = np.arange(40, 120, 0.5)
    by_head = shop.found_by_head(40, 120)
    assert by_head == expected_orders(shop.calm.run, "shop", 40, 120)
    assert by_head == pytest.approx(shop.found_by_day(days.tolist()).mean(), rel=0.05)
    keeps = shop.under(policy("keep-everything", shop.scenario.retention))
    assert keeps.found_by_head(40, 120) == float("inf")


def test_the_same_thief_takes_less_under_a_shorter_window() -> None:
    shop = gift_shop()
    taken = [
        shop.under(policy(name, shop.scenario.retention))
        .walks("shop-software-hole", 20)
        .sample("persons_taken")
        for name in ("keep-everything", "vault-at-completion", "vault-at-order")
    ]
    more, middle, less = (sample.numbers for sample in taken)
    assert (more >= middle).all()
    assert (middle >= less).all()
    assert more.sum() > 2 * middle.sum() > 4 * less.sum() > 0


def test_years_put_together_cost_what_rates_and_means_say() -> None:
    shop, attempts = gift_shop(), 2.0
    found = shop.years(20_000, attempts, seed=3)
    expected = sum(
        rate * shop.walks(name, 30).sample().mean
        for name, rate in rates(
            shop.scenario, Attackers(claims_per_year=attempts, attempts_per_claim=1)
        ).items()
    )
    low, high = found.interval(0.999)
    assert low < expected < high
    assert shop.years(50, 0.0).numbers.tolist() == [0.0] * 50
    assert shop.library_error(attempts) > 0


def test_more_attackers_come_on_top_and_controls_meet_the_same_ones() -> None:
    shop = gift_shop()
    rare, often = shop.years(500, 0.5).numbers, shop.years(500, 1.5).numbers
    assert (often >= rare - 1e-9).all()
    assert often.sum() > rare.sum()
    guarded = shop.years(500, 0.5, shop.with_controls(["6.4"])).numbers
    assert (guarded <= rare + 1e-6).all()


@pytest.mark.slow
def test_years_put_together_agree_with_years_that_are_walked() -> None:
    shop = gift_shop()
    attackers = Attackers()
    walked = years(shop.calm, shop.scenario.changed(attackers=attackers.model_dump()), walks=3000, seed=5)
    quick = shop.years(6000, attackers.attempts_per_year * DAYS / 365.25, library=150, seed=5)
    one, other = walked.sample().numbers, quick.numbers
    assert (other > 0).mean() == pytest.approx((one > 0).mean(), rel=0.25)
    # Cut off at an amount, for the mean of a few large losses needs more years than a test has.
    assert np.minimum(other, 20_000).mean() == pytest.approx(np.minimum(one, 20_000).mean(), rel=0.25)


def test_the_vault_lessens_thefts_and_nothing_else_and_one_attack_needs_it() -> None:
    found = vault_touches([gift_shop(), store()], 30)
    assert set(found) == set(campaigns())
    assert [campaign(name).number for name in found] == list(range(1, 17))
    assert [name for name, pair in found.items() if pair is None] == ["poisoned-carrier"]
    for name, pair in found.items():
        if pair is None:
            continue
        effects = [effect for step in campaign(name).steps for effect in step.effects]
        copied = {place for effect in effects if effect.kind == "take-copies" for place in effect.places}
        assert ("persons_taken" in lessened(pair)) == bool(copied & {"shop", "platform"}), name
        if not lessened(pair):
            for kept, vaulted in zip(pair[0].losses, pair[1].losses, strict=True):
                assert (kept.total, kept.customers) == (vaulted.total, vaulted.customers)


def test_a_control_that_does_not_exist_is_refused_though_the_attack_would_not_ask_for_it() -> None:
    shop = gift_shop()
    with pytest.raises(SafeShopError, match="magic"):
        shop.walks("ransomware", 1, Defence(controls=("magic",)))
