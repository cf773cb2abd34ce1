from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from simlib.privacy import NEEDS, Field, Need, copies_of, unmet_needs, web_place
from simlib.records import Run, Table
from simlib.scenario import Retention
from tests.privacy.test_copies import POLICIES, retention
from tests.shops import PRESETS, retentions, run_of, runs


def covered(stretches: list[tuple[float, float]], begin: float, end: float) -> bool:
    """Whether the stretches of time leave no gap between begin and end."""
    for since, until in sorted(stretches):
        if since <= begin < until:
            begin = until
    return begin >= end


def unmet_in_copies(run: Run, copies: Table, need: Need) -> tuple[int, int]:
    """Orders in which the need arose and was not met, looked up copy by copy and field by field."""
    online = (web_place(run.scenario), "retailer", "erp")
    by_order: dict[int, list[int]] = {}
    for row in np.flatnonzero(copies.where("record", "order")).tolist():
        place, form = (copies.words[name][copies[name][row]] for name in ("place", "form"))
        if (place in online and form == "plain") or (need.vault_will_do and place == "vault"):
            by_order.setdefault(int(copies["number"][row]), []).append(row)
    arose = unmet = 0
    for order in range(run.orders.rows):
        begin, end = float(run.orders[need.begin][order]), float(run.orders[need.end][order])
        if np.isnan(begin) or np.isnan(end):
            continue
        arose += 1
        for field in Field:
            # Who fetches his goods has left no address, and nobody needs it.
            fetched = run.scenario.arrangement.trade == "O2O" and field == Field.ADDRESS
            if fetched or not field & need.fields:
                continue
            rows = [row for row in by_order.get(order, []) if copies["fields"][row] & int(field)]
            if not covered([(copies["since"][row], copies["until"][row]) for row in rows], begin, end):
                unmet += 1
                break
    return arose, unmet


def check_needs(run: Run, policy: Retention) -> None:
    copies = copies_of(run, policy)
    for found in unmet_needs(run, policy):
        assert (found.orders, found.unmet) == unmet_in_copies(run, copies, found.need), found.need.party


@pytest.mark.slow
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_need_is_unmet_where_no_copy_can_be_read(preset: str, policy: str) -> None:
    run = run_of(preset, 30)
    check_needs(run, retention(run, policy))


@given(runs(), retentions())
@settings(max_examples=12)
def test_a_need_is_unmet_where_no_copy_can_be_read_in_any_shop(run: Run, policy: Retention) -> None:
    check_needs(run, policy)


def unmet(policy: str, **changes: Any) -> dict[str, tuple[int, int]]:
    run = run_of("taiwan-gift-shop")
    chosen = Retention.model_validate(retention(run, policy).model_dump() | changes)
    return {found.need.party: (found.orders, found.unmet) for found in unmet_needs(run, chosen)}


def test_every_need_of_an_order_arises() -> None:
    assert list(unmet("keep everything")) == [need.party for need in NEEDS]
    assert all(orders > 100 for orders, _unmet in unmet("keep everything").values())


@pytest.mark.parametrize("policy", ["keep everything", "vault at completion"])
def test_nobody_lacks_anything_while_an_order_stays_online_to_its_end(policy: str) -> None:
    assert all(missed == 0 for _orders, missed in unmet(policy).values())


def test_export_at_order_time_leaves_courier_packer_and_payment_company_without_the_data() -> None:
    found = unmet("vault at order")
    for party in ("courier", "packer", "payment_company"):
        assert found[party][1] > 0
    orders, missed = found["courier"]
    assert missed == orders
    assert found["customer_service"][1] == 0


def test_customer_service_lacks_what_is_masked_and_not_yet_in_the_vault() -> None:
    orders, missed = unmet("masked at once")["customer_service"]
    assert 0 < missed < orders
