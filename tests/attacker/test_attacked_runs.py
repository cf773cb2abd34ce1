"""Everything that must hold in any shop holds in one that is attacked; and nothing happens without a cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.arrays import NotExpressedError, simulate_arrays
from simlib.attacker import EFFECTS, Reader, campaign, course_of, surviving, taken
from simlib.attacker.breach import OWN, How
from simlib.attacker.effects import each_notice, late_penalty
from simlib.facts import value
from simlib.privacy import copies_of
from simlib.records import Run
from simlib.risk import QuietRun, loss
from simlib.scenario import Defence
from simlib.streams import TICK
from simlib.world import simulate
from tests.attacks import EVERYTHING, attacked, fulfilled, more_campaigns, simulated, under
from tests.payment.test_ledger import check_goods, check_postings
from tests.privacy.test_copies import check_copies
from tests.shop.test_stock import check_stock
from tests.shops import scenario
from tests.test_world import CHECKS, check_queues


@pytest.fixture(autouse=True, scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with more_campaigns(tmp_path_factory.mktemp("campaigns"), everything=EVERYTHING):
        yield


def rows_of(run: Run, kind: str | None = None) -> list[dict[str, object]]:
    """Incidents as words."""
    table = run.incidents
    found = [
        {
            name: table.words[name][code] if name in table.words else code
            for name, code in zip(table, row, strict=True)
        }
        for row in zip(*(column.tolist() for column in table.values()), strict=True)
    ]
    return [row for row in found if kind in (None, row["kind"])]


def moved(run: Run, kind: str, account: str) -> int:
    chosen = run.postings.where("kind", kind) & run.postings.where("account", account)
    return int(run.postings["amount"][chosen].sum())


def check_causes(run: Run) -> None:
    """No effect without a step that succeeded, none after the thief was shut out but calls; in order of time."""
    t = run.incidents["t"]
    assert (np.diff(t) >= 0).all()
    assert ((t >= 0) & (t < run.days) & (t / TICK == np.rint(t / TICK))).all()
    succeeded: set[tuple[object, object]] = set()
    stopped = {(row["attack"], row["step"], row["t"]) for row in rows_of(run, "stopped")}
    assert not stopped & {(row["attack"], row["step"], row["t"]) for row in rows_of(run, "succeeded")}
    shut_out: dict[object, int] = {}
    for row in rows_of(run):
        if row["kind"] == "succeeded":
            succeeded.add((row["attack"], row["step"]))
        elif row["kind"] in EFFECTS and row["kind"] != "shop_reopened":
            assert (row["attack"], row["step"]) in succeeded
            if row["kind"] != "buyers_called":
                assert shut_out.get(row["attack"]) is None
        elif row["kind"] == "contained":
            shut_out[row["attack"]] = 1
        elif row["kind"] == "returned":
            shut_out.pop(row["attack"], None)


def check_detection(run: Run) -> None:
    """What is seen, a detector of a step that succeeded has seen, and it was not blind; a control that stops stands."""
    defence = run.scenario.defence
    known: set[object] = set()
    for row in rows_of(run):
        steps = {step.name: step for step in campaign(str(row["campaign"])).steps}
        if row["kind"] == "seen":
            fitting = [sight for sight in steps[str(row["step"])].seen_by if sight.detector == row["what"]]
            assert any(sight.needs is None or defence.has(sight.needs, sight.device) for sight in fitting)
            assert defence.watches or any(sight.by != "own" for sight in fitting)
        if row["kind"] in ("seen", "found_late"):
            known.add(row["attack"])
        if row["kind"] == "decided":
            assert row["attack"] in known
        if row["kind"] == "stopped":
            stops = [stop for stop in steps[str(row["step"])].stopped_by if stop.control == row["what"]]
            assert any(defence.has(stop.control, stop.device) for stop in stops)


def check_money(run: Run) -> None:
    """Every cent that an attacker has was taken by an incident of the log, and somebody has lost it."""
    stolen = sum(int(str(row["amount"])) for row in rows_of(run, "cash_transferred"))
    assert moved(run, "theft", "attacker") == stolen == -moved(run, "theft", "seller")
    ransom = sum(int(str(row["amount"])) for row in rows_of(run, "ransom_paid"))
    assert moved(run, "ransom", "attacker") == ransom
    customers = run.balance()["customers"]
    assert customers == -moved(run, "customer_fraud", "attacker") <= 0
    if customers:
        assert rows_of(run, "buyers_called") or rows_of(run, "wallets_taken")
    fines = [*rows_of(run, "notice_late"), *rows_of(run, "fined")]
    assert moved(run, "penalty", "incident_costs") == sum(int(str(row["amount"])) for row in fines)
    if not run.scenario.payout.changes and not rows_of(run, "payouts_diverted"):
        rest = moved(run, "theft", "attacker") + moved(run, "ransom", "attacker") - customers
        assert run.balance()["attacker"] == rest


def check_takes(run: Run) -> None:
    """Every take belongs to an incident, and its records lay readable there just then."""
    caused = {(row["attack"], row["step"], row["t"]) for row in rows_of(run)}
    found = taken(run)
    assert len(found) == run.takes.rows
    copies = run.copies
    for number, each in enumerate(found):
        assert (each.attack, each.step, each.t) in caused
        assert run.takes["orders"][number] == each.orders
        assert run.takes["members"][number] == each.members
        if each.place != "memory" and run.takes["share"][number] == 1:
            readable = copies.where("form", "plain")
            if run.takes["opened"][number]:
                # He sits where the vault lies open.
                readable |= copies.where("form", "encrypted")
            there = (
                copies.where("place", each.place)
                & readable
                & ((copies["fields"] & run.takes["fields"][number]) != 0)
                & (copies["since"] <= each.until)
                & (copies["until"] > each.t)
            )
            order = copies.where("record", "order")
            assert set(copies["number"][there & order].tolist()) == set(each.order_numbers.tolist())
            assert set(copies["number"][there & ~order].tolist()) == set(each.member_numbers.tolist())


def check_survivors(run: Run) -> None:
    """What is left is part of what would be there, and nothing is left where data were lost, until it is back."""
    left, whole = surviving(run), copies_of(run)
    assert (left["until"] > left["since"]).all()
    for place in whole.words["place"]:
        for record in whole.words["record"]:
            kept, all_of_it = (
                set(table["number"][table.where("place", place) & table.where("record", record)].tolist())
                for table in (left, whole)
            )
            assert kept <= all_of_it
    assert (whole["until"] - whole["since"]).sum() >= (left["until"] - left["since"]).sum() or np.isinf(
        whole["until"]
    ).any()


def check_turns(run: Run) -> None:
    """Staff serve first come first served; told from the customers, unless bots stand among them."""
    if not rows_of(run, "price_changed") and not rows_of(run, "orders_faked"):
        check_queues(run)


ATTACKED: list[Callable[[Run], object]] = [
    *CHECKS,
    check_turns,
    check_stock,
    check_postings,
    check_goods,
    lambda run: check_copies(run, None),
    check_causes,
    check_detection,
    check_money,
    check_takes,
    check_survivors,
]


@given(attacked().map(simulated))
@settings(max_examples=8)
def test_all_that_must_hold_in_any_shop_holds_under_attack(run: Run) -> None:
    for check in ATTACKED:
        check(run)


@pytest.mark.slow
@given(attacked().map(simulated))
@settings(max_examples=150)
def test_all_that_must_hold_in_any_shop_holds_under_many_attacks(run: Run) -> None:
    for check in ATTACKED:
        check(run)


@pytest.mark.parametrize("preset", ["taiwan-gift-shop", "mainland-marketplace-store", "hongkong-consignment"])
def test_a_campaign_that_does_everything_leaves_each_trace_once(preset: str) -> None:
    run = simulate(under(scenario(preset), "everything"), days=20, seed=1)
    for check in ATTACKED:
        check(run)
    assert {row["kind"] for row in rows_of(run)} >= set(EFFECTS) - {"buyers_called", "shop_reopened"}
    assert run.takes.rows == 10
    assert rows_of(run, "seen") or rows_of(run, "found_late")


def test_without_attackers_nothing_is_noted_and_defence_changes_nothing() -> None:
    shop = scenario("taiwan-gift-shop")
    plain = simulate(shop, days=15, seed=3)
    guarded = simulate(
        shop.changed(defence__controls=("6.3", "8.2"), defence__backup={"offline": True}), days=15, seed=3
    )
    assert plain.incidents.rows == plain.takes.rows == 0
    assert all(table.same_as(guarded.tables[name]) for name, table in plain.tables.items())


def test_until_the_first_effect_an_attacked_shop_is_the_quiet_one() -> None:
    shop = scenario("taiwan-gift-shop")
    plain, run = simulate(shop, days=12, seed=1), simulate(under(shop, "everything", day=6), days=12, seed=1)
    first = min(float(str(row["t"])) for row in rows_of(run) if row["kind"] in EFFECTS)
    for table, column in (("postings", "amount"), ("stock", "pieces"), ("events", "amount")):
        before = [each.tables[table]["t"] < first for each in (plain, run)]
        assert np.array_equal(plain.tables[table][column][before[0]], run.tables[table][column][before[1]])


def test_the_same_attacked_run_has_the_same_bytes() -> None:
    shop = under(scenario("mainland-marketplace-store"), "everything", "account-takeover")
    one, two = (simulate(shop, days=12, seed=9) for _turn in range(2))
    assert all(table.same_as(two.tables[name]) for name, table in one.tables.items())


def test_the_array_engine_refuses_attacks_by_name() -> None:
    shop = scenario("taiwan-gift-shop")
    for changed, name in (
        (under(shop, "ransomware"), "attacks"),
        (shop.changed(attackers={}), "attackers who come at random"),
    ):
        with pytest.raises(NotExpressedError) as told:
            simulate_arrays(changed, days=3, seed=1)
        assert told.value.sentence == (f"The array engine cannot express {name}; use the events engine.")
    guarded = shop.changed(defence__controls=("6.3",))
    assert simulate_arrays(guarded, days=3, seed=1).orders.rows > 0


def test_nobody_orders_while_the_shop_cannot_be_reached() -> None:
    slow = scenario("taiwan-gift-shop").changed(demand__browsing={"mean": 8, "unit": "hours", "spread": 0.5})
    run = simulate(under(slow, "everything"), days=20, seed=1)
    since = min(float(str(row["t"])) for row in rows_of(run, "shop_stopped"))
    until = max(float(str(row["t"])) for row in rows_of(run, "shop_reopened"))
    for milestone in ("visited", "placed"):
        t = run.orders[milestone]
        assert not ((since <= t) & (t < until)).any()
    assert sum(int(str(row["amount"])) for row in rows_of(run, "shop_reopened")) > 0


def test_a_notice_that_never_comes_is_fined_once_where_the_law_wants_one_and_somebody_was_robbed() -> None:
    silent = Defence.model_validate({"response": {"notifies": False, "tells_customers": False}})
    for preset, fines in (
        ("taiwan-gift-shop", 1),
        ("mainland-marketplace-store", 1),
        ("hongkong-own-site", 0),
    ):
        shop = under(scenario(preset), "everything", defence=silent)
        run = simulate(shop, days=25, seed=1)
        check_money(run)
        assert rows_of(run, "seen") or rows_of(run, "found_late")
        assert len(rows_of(run, "notice_late")) == fines
        assert moved(run, "penalty", "incident_costs") == fines * late_penalty(shop)
        assert moved(run, "notice", "incident_costs") == 0


def test_a_shop_that_confirmed_a_wrong_price_and_does_not_keep_its_word_is_fined_once_in_taiwan_only() -> (
    None
):
    hasty = scenario("taiwan-gift-shop").changed(confirmation__mode="automatic")
    seed, _course = fulfilled(hasty, "wrong-price", days=15)
    best = max(hasty.catalogue, key=lambda product: product.popularity)
    full = [
        item.model_copy(update={"stock": 5000, "reorder_up_to": 5000} if item.sku == best.sku else {})
        for item in hasty.catalogue
    ]
    for place, stocked, fines in (("tw", False, 1), ("hk", False, 0), ("tw", True, 0)):
        shop = hasty.model_copy(update={"place": place, **({"catalogue": tuple(full)} if stocked else {})})
        run = simulate(under(shop, "wrong-price"), days=15, seed=seed)
        check_money(run)
        broken = run.orders.where("state", "out_of_stock")
        assert broken.any() != stocked
        assert len(rows_of(run, "fined")) == fines
        assert moved(run, "penalty", "incident_costs") == fines * value("price-error-fine-twd") * 100
        charged = QuietRun(simulate(shop, days=15, seed=seed)).charged(
            course_of(run.scenario, days=15, seed=seed), seed
        )
        fined = fines * value("price-error-fine-twd")
        assert loss(run).fees_and_penalties // value("price-error-fine-twd") == fines
        assert charged.fees_and_penalties // value("price-error-fine-twd") == fines
        assert loss(run).total > fined


def test_what_the_shop_itself_can_read_is_all_that_can_be_lost() -> None:
    assert set(OWN) == {"shop", "platform", "mailbox", "erp", "vault"}


def test_a_thief_sees_a_snapshot_in_the_world_as_in_the_finished_run() -> None:
    run = simulate(under(scenario("taiwan-gift-shop"), "everything"), days=20, seed=1)
    told = next(row for row in rows_of(run, "buyers_called") or rows_of(run, "customers_told"))
    notice = moved(run, "notice", "incident_costs")
    persons = np.unique(
        np.concatenate([each.persons for each in taken(run) if each.t <= float(str(told["t"]))])
    )
    assert notice in (0, len(persons) * each_notice(run.scenario))
    assert Reader(run).seen("vault", 5.0, 5.0, How(28))[0].size == 0
