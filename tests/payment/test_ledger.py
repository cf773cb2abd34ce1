from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.payment.ledger import ACCOUNTS, Ledger, share_of
from simlib.records import Run
from tests.shops import COMPANIES, PRESETS, run_of, runs


def check_postings(run: Run) -> None:
    """Each transaction sums to zero in each currency, and who holds others' money never has less than nothing."""
    rows = run.postings
    currencies = rows.words["currency"]
    sums = np.zeros((rows["transaction"].max(initial=-1) + 1, len(currencies)), dtype=np.int64)
    np.add.at(sums, (rows["transaction"], rows["currency"]), rows["amount"])
    assert not sums.any()
    crossing = run.scenario.payment.collection == "cross-border"
    abroad = (run.scenario.payment.cross_border.buyer_currency,) if crossing else ()
    assert currencies == (run.scenario.currency, *abroad)
    assert all(sum(run.balance(currency).values()) == 0 for currency in currencies)
    assert rows["amount"].dtype == np.int64
    assert (rows["amount"] != 0).all()
    assert (np.diff(rows["t"]) >= 0).all()
    assert (np.diff(rows["transaction"]) >= 0).all()
    for account in COMPANIES:
        for currency in currencies:
            mine = rows.where("account", account) & rows.where("currency", currency)
            assert (np.cumsum(rows["amount"][mine]) >= 0).all(), (account, currency)
    # Only what is abroad and what is changed is in the buyer's currency.
    for currency in abroad:
        accounts = {
            rows.words["account"][code] for code in set(rows["account"][rows.where("currency", currency)])
        }
        assert accounts <= {"buyer", "clearing_company", "payment_fees", "exchange"}
    inventory = np.cumsum(rows["amount"][rows.where("account", "inventory")])
    assert (inventory >= 0).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_postings_sum_to_zero_in_every_preset(preset: str) -> None:
    check_postings(run_of(preset))


@given(runs())
@settings(max_examples=12)
def test_postings_sum_to_zero_in_any_shop(run: Run) -> None:
    check_postings(run)


def check_goods(run: Run) -> None:
    """The goods' value in the books is that of the pieces on the shelf and of those that left it, at cost."""
    cost = np.array([run.scenario.minor(item.unit_cost) for item in run.scenario.catalogue], dtype=np.int64)
    moved = cost[run.stock["product"]] * run.stock["pieces"]
    at_start = sum(run.scenario.minor(item.unit_cost) * item.stock for item in run.scenario.catalogue)
    balance = run.balance()
    assert balance["inventory"] == at_start + moved.sum()
    supplied = run.stock.where("reason", "delivered_by_supplier")
    assert balance["cost_of_goods"] == -moved[~supplied].sum()
    assert balance["owner"] == -at_start
    restocking = run.postings.where("kind", "restocking") & run.postings.where("account", "seller")
    assert run.postings["amount"][restocking].sum() == -moved[supplied].sum()


@pytest.mark.parametrize("preset", PRESETS)
def test_goods_are_worth_their_cost_in_every_preset(preset: str) -> None:
    check_goods(run_of(preset))


@given(runs())
@settings(max_examples=12)
def test_goods_are_worth_their_cost_in_any_shop(run: Run) -> None:
    check_goods(run)


def test_a_transaction_that_does_not_sum_to_zero_is_not_entered() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match=r"^payment of order 3 does not sum to zero: "):
        ledger.post(1.0, "payment", 3, buyer=-100, seller=99)
    assert ledger.rows == []


def test_an_exchange_that_takes_on_both_sides_is_not_entered() -> None:
    ledger = Ledger()
    with pytest.raises(ValueError, match=r"^remittance of order 3 gives and takes on both sides: "):
        ledger.exchange(1.0, "remittance", 3, {"clearing_company": -100}, {"collection_account": -440})
    assert ledger.rows == []


def test_an_exchange_sums_to_zero_in_each_currency_within_one_transaction() -> None:
    ledger = Ledger()
    home = {"collection_account": 400}
    ledger.exchange(1.0, "remittance", 3, {"clearing_company": -100, "payment_fees": 9}, home)
    assert [(ACCOUNTS[row[4]], row[5], row[6]) for row in ledger.rows] == [
        ("clearing_company", -100, 1),
        ("payment_fees", 9, 1),
        ("exchange", 91, 1),
        ("collection_account", 400, 0),
        ("exchange", -400, 0),
    ]
    assert {row[1] for row in ledger.rows} == {0}
    assert ledger.transactions == 1


def test_entries_of_nothing_are_left_out() -> None:
    ledger = Ledger()
    ledger.post(1.0, "settlement", 3, payment_company=-5, seller=5, payment_fees=0)
    assert [ACCOUNTS[row[4]] for row in ledger.rows] == ["payment_company", "seller"]


@given(st.integers(0, 10**15), st.floats(0, 1) | st.sampled_from([0.005, 0.028, 0.07, 0.29, 0.5]))
def test_a_share_is_reckoned_as_written_and_halves_go_to_the_even_cent(amount: int, share: float) -> None:
    assert share_of(amount, share) == round(amount * Fraction(repr(share)))


@pytest.mark.parametrize(("amount", "share", "part"), [(50, 0.01, 0), (150, 0.01, 2), (1000, 0.028, 28)])
def test_half_a_cent_goes_to_the_even_neighbour(amount: int, share: float, part: int) -> None:
    assert share_of(amount, share) == part
