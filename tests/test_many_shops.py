"""Everything that must hold in any shop, held in many more of them than the quick tests try."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.records import Run
from tests.payment.test_chargebacks import check_chargebacks
from tests.payment.test_collection import check_end, check_money, check_payouts, check_routes
from tests.payment.test_cross_border import check_dedicated_account, check_exchange
from tests.payment.test_ledger import check_goods, check_postings
from tests.privacy.test_arrangements import check_holders
from tests.privacy.test_copies import check_copies
from tests.privacy.test_needs import check_needs
from tests.shop.test_stock import check_stock
from tests.shops import runs
from tests.test_world import CHECKS, check_disputes, check_queues

EVERYWHERE: list[Callable[[Run], object]] = [
    *CHECKS,
    check_queues,
    check_disputes,
    check_stock,
    check_postings,
    check_goods,
    check_routes,
    check_money,
    check_end,
    check_payouts,
    check_chargebacks,
    check_holders,
    lambda run: check_copies(run, None),
    lambda run: check_needs(run, run.scenario.retention),
]

ABROAD: list[Callable[[Run], object]] = [check_dedicated_account, check_exchange]


@pytest.mark.slow
@given(st.booleans().flatmap(lambda abroad: runs(abroad=abroad)))
@settings(max_examples=250)
def test_all_that_must_hold_in_any_shop_holds_in_many(run: Run) -> None:
    crossing = run.scenario.payment.collection == "cross-border"
    for check in (*EVERYWHERE, *(ABROAD if crossing else ())):
        check(run)
