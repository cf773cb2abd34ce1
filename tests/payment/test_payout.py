"""A changed payout account takes the payouts between the change and its discovery, and a hold gives them back."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.payment.payout import PayoutAccount
from simlib.records import Run
from simlib.scenario import Payout, Scenario
from simlib.world import simulate
from tests.shops import PRESETS, runs, scenario

DAY, NOTICED = 18.4, 9.0


@lru_cache
def changed(name: str, by: str | None, hold: float = 0.0) -> Run:
    """A preset in which somebody changes the account, with quick settlements so that many payouts pass."""
    payout: dict[str, Any] = {"hold_days": hold, "noticed_after_days": NOTICED, "changes": []}
    if by:
        payout["changes"] = [{"day": DAY, "by": by}]
    quick = {"payment__settlement_days": 2.0, "payment__release": "signature", "demand__orders_per_day": 12}
    shop = scenario(name).changed(payout=payout, **quick)
    return simulate(shop, days=40, seed=1)


def got(run: Run, payee: str) -> dict[int, tuple[float, int]]:
    """Order → (when, how much) was paid out to somebody."""
    rows = run.postings
    kinds = [rows.code("kind", kind) for kind in ("settlement", "escrow_release")]
    mine = np.isin(rows["kind"], kinds) & rows.where("account", payee)
    content = zip(*(rows[name][mine].tolist() for name in ("order", "t", "amount")), strict=True)
    return {order: (t, amount) for order, t, amount in content}


@pytest.mark.parametrize("preset", PRESETS)
def test_exactly_the_payouts_between_change_and_notice_go_to_the_attacker(preset: str) -> None:
    quiet, attacked = got(changed(preset, None), "seller"), got(changed(preset, "attacker"), "attacker")
    assert attacked == {order: payout for order, payout in quiet.items() if DAY <= payout[0] < DAY + NOTICED}
    assert len(attacked) > 5
    kept = {order: payout for order, payout in quiet.items() if order not in attacked}
    assert got(changed(preset, "attacker"), "seller") == kept


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("hold", [0.0, 4.0])
def test_seller_and_attacker_together_have_what_the_seller_would_have_had(preset: str, hold: float) -> None:
    attacked, own = changed(preset, "attacker", hold), changed(preset, "seller", hold)
    balances = [run.balance() for run in (attacked, own)]
    assert balances[0]["attacker"] > 0
    assert balances[1]["attacker"] == 0
    assert balances[0]["seller"] + balances[0]["attacker"] == balances[1]["seller"]
    rest = [{k: v for k, v in one.items() if k not in ("seller", "attacker")} for one in balances]
    assert rest[0] == rest[1]
    # Nobody else notices anything: orders are the same.
    assert attacked.orders.same_as(own.orders)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_hold_as_long_as_the_notice_leaves_the_attacker_nothing_and_a_shorter_one_something(
    preset: str,
) -> None:
    stolen = [changed(preset, "attacker", hold).balance()["attacker"] for hold in (0.0, 4.0, NOTICED, 11.0)]
    assert stolen[0] >= stolen[1] > 0
    assert stolen[2:] == [0, 0]


def test_while_payouts_are_held_nothing_leaves_and_afterwards_all_of_it_does() -> None:
    quiet, held = (got(changed("taiwan-gift-shop", by, 4.0), "seller") for by in (None, "seller"))
    assert {order: amount for order, (_t, amount) in quiet.items()} == {
        order: amount for order, (_t, amount) in held.items()
    }
    late = {order for order, (t, _amount) in quiet.items() if DAY <= t < DAY + 4}
    assert len(late) > 20
    ends = round((DAY) / 2**-20) * 2**-20 + 4
    assert {held[order][0] for order in late} == {ends}
    assert all(held[order] == quiet[order] for order in quiet if order not in late)


changes = st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["seller", "attacker"])), max_size=4)


@given(changes, st.floats(0.1, 20), st.floats(0, 10), st.floats(0, 60))
def test_no_payout_goes_to_the_attacker_through_a_hold_as_long_as_the_notice(
    given_changes: list[tuple[float, str]], noticed: float, longer: float, t: float
) -> None:
    account = PayoutAccount(
        Payout.model_validate(
            {
                "hold_days": noticed + longer,
                "noticed_after_days": noticed,
                "changes": [{"day": day, "by": by} for day, by in given_changes],
            }
        )
    )
    due = account.due(t)
    assert due >= t
    assert account.due(due) == due
    assert account.payee(due) == "seller"


@given(runs())
@settings(max_examples=12)
def test_only_an_account_in_his_name_brings_the_attacker_money(run: Run) -> None:
    spells = [
        (change.day, change.day + run.scenario.payout.noticed_after_days)
        for change in run.scenario.payout.changes
        if change.by == "attacker"
    ]
    tolerance = 1e-5
    for t, _amount in got(run, "attacker").values():
        assert any(begin - tolerance <= t <= end + tolerance for begin, end in spells)
    if run.scenario.payout.hold_days >= run.scenario.payout.noticed_after_days or not spells:
        assert run.balance()["attacker"] == 0


def frozen(hold: float) -> Scenario:
    """A store whose payouts the platform freezes on day 9; an attacker comes on day 18.5."""
    return scenario("mainland-marketplace-store").changed(
        payment__release="signature",
        oversight={
            "enforced": True,
            "incidents": [{"day": 9, "kind": "leaked-data"}],
        },
        payout={
            "hold_days": hold,
            "noticed_after_days": 8,
            "changes": [{"day": 18.5, "by": "attacker"}],
        },
    )


def test_payouts_that_a_platform_unfreezes_are_still_held_after_a_change_of_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from simlib import world as room
    from simlib.platform.rules import Standing, rulebook

    # Points that expire after 12 days unfreeze the payouts in the middle of the attack.
    quick = rulebook().__class__(**{**vars(rulebook()), "expires_days": 12.0})
    monkeypatch.setattr(room, "Standing", lambda: Standing(rules=quick))
    for hold in (0.0, 8.0):
        run = simulate(frozen(hold), days=30, seed=1)
        assert not [t for t, _amount in got(run, "seller").values() if 9 <= t < 21]
        thawed = [t for t, _amount in got(run, "attacker").values() if t == 21]
        assert (len(thawed) > 20) == (hold == 0)
        assert (run.balance()["attacker"] == 0) == (hold == 8)


MOMENTS = st.integers(0, 9).map(float)


@given(
    st.lists(st.tuples(MOMENTS, MOMENTS), max_size=3),
    st.sampled_from([0, 3, 7]),
    st.lists(MOMENTS, max_size=30),
)
@settings(max_examples=60)
def test_many_payouts_at_once_go_when_and_where_each_of_them_goes(
    spans: list[tuple[float, float]], hold: int, ready: list[float]
) -> None:
    account = PayoutAccount(Payout(hold_days=hold, noticed_after_days=2))
    for since, lasts in spans:
        account.divert(since, since + lasts)
    due = account.all_due(np.array(ready))
    assert due.tolist() == [account.due(t) for t in ready]
    assert account.attacked(due).tolist() == [account.payee(t) == "attacker" for t in due.tolist()]
