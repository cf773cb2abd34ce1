from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.privacy import CONTACT, ONLINE, Field, copies_of, copies_taken, exposure, web_place
from simlib.records import Run
from simlib.scenario import WEEKDAYS, Retention, Scenario
from simlib.streams import TICK
from simlib.world import simulate
from tests.shops import DAYS, PRESETS, retentions, run_of, runs, scenario, words

POLICIES: dict[str, dict[str, Any]] = {
    "keep everything": {"orders_leave": "never", "members_leave": "never"},
    "vault at completion": {"orders_leave": "at-completion", "members_leave": "on-joining"},
    "vault at order": {"orders_leave": "at-order", "members_leave": "on-joining"},
    "erp": {"orders_leave": "to-erp", "members_leave": "on-joining"},
    "masked at once": {"orders_leave": "at-completion", "mask_after_days": 0},
    "masked later": {"orders_leave": "never", "members_leave": "never", "mask_after_days": 4},
    "phone masked": {"orders_leave": "to-erp", "mask_after_days": 2, "mask_fields": ["phone"]},
    "at once gone": {"orders_leave": "at-completion", "platform_days": 0, "vault_days": 0.5},
}


def retention(run: Run, policy: str) -> Retention:
    own = run.scenario.retention.model_dump() | {"removable_media": True, "mask_after_days": None}
    return Retention.model_validate(own | POLICIES[policy])


def check_copies(run: Run, policy: Retention | None) -> None:
    """Every copy has an owner, begins before it ends, and holds no field that lies at that place already."""
    copies = copies_of(run, policy)
    assert (copies["since"] < copies["until"]).all()
    is_order = copies.where("record", "order")
    number, person = copies["number"], copies["person"]
    assert (person[is_order] == run.orders["member"][number[is_order]]).all()
    assert (person[~is_order] == number[~is_order]).all()
    assert (copies["since"][is_order] >= run.orders["placed"][number[is_order]]).all()
    assert (copies["since"][~is_order] >= run.members["joined"][number[~is_order]]).all()
    for field in Field:
        rows = np.flatnonzero(copies["fields"] & int(field))
        keys = [copies[name][rows] for name in ("since", "place", "number", "record")]
        order = rows[np.lexsort(keys)]
        same = np.ones(max(len(order) - 1, 0), dtype=bool)
        for name in ("place", "number", "record"):
            same &= copies[name][order][1:] == copies[name][order][:-1]
        assert (copies["since"][order][1:] >= copies["until"][order][:-1])[same].all(), field


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("preset", PRESETS)
def test_copies_of_the_same_field_at_the_same_place_never_overlap(preset: str, policy: str) -> None:
    run = run_of(preset)
    check_copies(run, retention(run, policy))


@given(runs(), st.none() | retentions())
@settings(max_examples=12)
def test_copies_never_overlap_in_any_shop_under_any_policy(run: Run, policy: Retention | None) -> None:
    check_copies(run, policy)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_copies_of_a_run_are_those_under_its_own_policy(preset: str) -> None:
    run = run_of(preset)
    assert run.copies.same_as(copies_of(run))
    assert run.copies.same_as(copies_of(run, run.scenario.retention))


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
def test_a_policy_reckoned_after_the_run_is_the_policy_simulated(policy: str) -> None:
    run = run_of("taiwan-gift-shop")
    changed = retention(run, policy)
    other = simulate(run.scenario.changed(retention=changed), days=DAYS, seed=1)
    assert all(table.same_as(other.tables[name]) for name, table in run.tables.items())
    assert copies_of(run, changed).same_as(other.copies)


def export_after(shop: Scenario, policy: Retention, t: float) -> float:
    """The first export at or after `t`, found day by day."""
    clock = policy.export
    moment = round((int(clock.time[:2]) * 60 + int(clock.time[3:])) / 1440 / TICK) * TICK
    day = math.floor(t)
    while day + moment < t or WEEKDAYS[(shop.start + timedelta(days=day)).weekday()] not in clock.days:
        day += 1
    return day + moment


Span = tuple[float, float]


def spans(run: Run, policy: Retention, place: str, form: str) -> dict[tuple[str, int], list[Span]]:
    """(record, number) → stretches of time with copies of all contact fields at a place, in time."""
    copies = copies_of(run, policy)
    rows = np.flatnonzero(
        copies.where("place", place)
        & copies.where("form", form)
        & ((copies["fields"] & int(CONTACT)) == int(CONTACT))
    )
    found: dict[tuple[str, int], list[Span]] = {}
    for row in rows[np.argsort(copies["since"][rows])]:
        key = copies.words["record"][copies["record"][row]], int(copies["number"][row])
        found.setdefault(key, []).append((float(copies["since"][row]), float(copies["until"][row])))
    return found


@pytest.mark.parametrize("days", [WEEKDAYS, ("fri",)])
def test_an_order_is_readable_online_until_the_export_after_its_end_and_encrypted_in_the_vault_from_then(
    days: tuple[str, ...],
) -> None:
    run = run_of("taiwan-gift-shop")
    policy = Retention.model_validate(
        run.scenario.retention.model_dump() | {"export": {"time": "20:00", "days": days}}
    )
    online, vault = spans(run, policy, "shop", "plain"), spans(run, policy, "vault", "encrypted")
    for order, state in enumerate(words(run, "orders", "state")):
        key, placed = ("order", order), float(run.orders["placed"][order])
        if state == "open":
            assert online[key] == [(placed, math.inf)]
            assert key not in vault
        else:
            closed = float(run.orders["closed"][order])
            leaves = export_after(run.scenario, policy, closed)
            assert online[key] == [(placed, leaves)]
            assert vault[key] == [(leaves, closed + policy.vault_days)]
    for member, joined in enumerate(run.members["joined"].tolist()):
        leaves = export_after(run.scenario, policy, joined)
        assert online.get(("member", member), []) == ([(joined, leaves)] if joined < leaves else [])
        assert vault["member", member] == [(leaves, math.inf)]


def test_the_shop_keeps_account_and_e_mail_of_a_member_in_the_vault_and_nothing_else() -> None:
    copies = run_of("taiwan-gift-shop").copies
    rows = copies.where("record", "member") & copies.where("place", "shop")
    after = rows & np.isinf(copies["until"])
    assert set(copies["fields"][after].tolist()) == {int(Field.ACCOUNT | Field.EMAIL)}
    assert after.sum() == run_of("taiwan-gift-shop").members.rows
    taken = copies_taken(copies, ONLINE)
    assert not (taken & after).any()


def test_an_order_that_ends_at_the_very_moment_of_the_export_leaves_with_it() -> None:
    base = scenario("taiwan-gift-shop")
    shop = base.changed(cooling_off__runs_from="day-after-receipt", retention__export__time="00:00")
    run = simulate(shop, days=40, seed=1)
    done = np.flatnonzero(run.orders.where("state", "completed"))
    assert len(done) > 100
    leaves = spans(run, shop.retention, "shop", "plain")
    for order in done:
        closed = float(run.orders["closed"][order])
        assert closed == int(closed)
        assert leaves["order", int(order)][0][1] == closed


def test_masking_at_once_leaves_nothing_readable_and_all_of_it_hidden() -> None:
    run = run_of("taiwan-gift-shop")
    policy = retention(run, "masked at once")
    assert not copies_taken(copies_of(run, policy), ("shop",)).any()
    hidden, bare = (
        spans(run, policy, "shop", "masked"),
        spans(run, retention(run, "keep everything"), "shop", "plain"),
    )
    orders = {key for key in bare if key[0] == "order"}
    assert {key for key in hidden if key[0] == "order"} == orders
    assert all(hidden[key][0][0] == bare[key][0][0] for key in orders)


def test_masking_hides_the_chosen_fields_from_the_chosen_day_and_no_others() -> None:
    run = run_of("taiwan-gift-shop")
    policy = Retention.model_validate(
        run.scenario.retention.model_dump()
        | {"orders_leave": "never", "mask_after_days": 2, "mask_fields": ["phone", "phone"]}
    )
    copies = copies_of(run, policy)
    rows = copies.where("record", "order") & copies.where("place", "shop")
    masked = rows & copies.where("form", "masked")
    assert set(copies["fields"][masked].tolist()) == {int(Field.PHONE)}
    assert (copies["since"][masked] == run.orders["placed"][copies["number"][masked]] + 2).all()
    phones = copies_taken(copies, ("shop",), fields=Field.PHONE) & rows
    assert (copies["until"][phones] - copies["since"][phones] == 2).all()
    names = rows & copies.where("form", "plain") & ((copies["fields"] & int(Field.NAME)) != 0)
    assert names.sum() == 2 * run.orders.rows


def test_courier_and_payment_company_hold_what_they_need_as_long_as_they_keep_it() -> None:
    run = run_of("taiwan-gift-shop")
    copies, policy = run.copies, run.scenario.retention
    for place, begin, keeps in (
        ("courier", "picked_up", policy.courier_days),
        ("payment_company", "redirected", policy.payment_days),
    ):
        rows = copies.where("place", place)
        number = copies["number"][rows]
        assert sorted(number) == np.flatnonzero(~np.isnan(run.orders[begin])).tolist()
        assert (copies["since"][rows] == run.orders[begin][number]).all()
        closed = run.orders["closed"][number]
        assert (copies["until"][rows] == np.where(np.isnan(closed), np.inf, closed + keeps)).all()
    # Who pays at the door has no copy with a payment company.
    cash = run.orders.where("payment_method", "cash-on-delivery")
    payers = copies["number"][copies.where("place", "payment_company")]
    assert not cash[payers].any()


def test_an_erp_holds_an_order_from_the_first_fetch_after_the_seller_was_told() -> None:
    run = run_of("taiwan-gift-shop")
    policy = retention(run, "erp")
    fetched = spans(run, policy, "erp", "plain")
    told = run.orders["seller_told"]
    assert {number for _record, number in fetched} == set(np.flatnonzero(~np.isnan(told)).tolist())
    for (_record, number), [(since, _until)] in fetched.items():
        assert 0 <= since - told[number] < 15 / 1440 + TICK
        assert abs(since * 96 - round(since * 96)) < 96 * TICK


def test_a_marketplace_deletes_its_copy_so_many_days_after_the_order_ended() -> None:
    run = run_of("mainland-marketplace-store")
    assert web_place(run.scenario) == "platform"
    policy = Retention.model_validate(run.scenario.retention.model_dump() | {"platform_days": 0})
    copies = copies_of(run, policy)
    rows = copies.where("place", "platform") & copies.where("record", "order")
    closed = run.orders["closed"][copies["number"][rows]]
    assert (copies["until"][rows] == np.where(np.isnan(closed), np.inf, closed)).all()


@pytest.mark.parametrize("preset", ["taiwan-gift-shop", "hongkong-own-site"])
def test_who_keeps_everything_only_ever_exposes_more(preset: str) -> None:
    run = run_of(preset)
    copies = copies_of(run, retention(run, "keep everything"))
    counts = exposure(copies, ONLINE, np.linspace(0, DAYS, 500))
    assert (np.diff(counts) >= 0).all()
    assert counts[-1] == run.orders.rows + run.members.rows


def test_masking_a_field_that_the_record_lacks_leaves_the_record_as_it_is() -> None:
    # Who fetches his goods leaves no address, so a shop that masks addresses hides nothing of him.
    run = run_of("taiwan-store-pickup", 30)
    own = run.scenario.retention
    masked = own.model_copy(update={"mask_after_days": 0.0, "mask_fields": ("address",)})
    plain = own.model_copy(update={"mask_after_days": None, "mask_fields": ()})
    one, other = copies_of(run, masked), copies_of(run, plain)
    for column in one:
        np.testing.assert_array_equal(one[column], other[column])
