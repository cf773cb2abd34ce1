from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.platform.fees import (
    FEES,
    METHODS,
    PLACES,
    FeeSchedule,
    Sale,
    charge,
    charge_month,
    contained,
    fee_label,
    schedule,
    schedules,
    share_of,
    tax_label,
)
from simlib.platform.roles import OPERATORS

amounts = st.integers(0, 10**9)


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    return Sale(
        amount=draw(amounts),
        goods=draw(amounts),
        shipping=draw(amounts),
        method=draw(st.sampled_from(METHODS)),
        seller_place=draw(st.sampled_from(PLACES)),
        buyer_place=draw(st.sampled_from(PLACES)),
        operator=draw(st.sampled_from(OPERATORS)),
        value_there=draw(amounts),
        duty_paid=draw(st.booleans()),
    )


@given(st.sampled_from(sorted(schedules())), sales())
def test_fees_taxes_goods_shipping_and_what_is_left_make_up_the_amount(name: str, sale: Sale) -> None:
    """Row A9."""
    (cost,) = charge(schedule(name), [sale])
    taxes = sum(tax.amount for tax in cost.taxes if tax.owed_by == "shop")
    parts = [*cost.fees.values(), taxes, sale.goods, sale.shipping, cost.left]
    assert all(isinstance(part, int) for part in parts)
    assert sum(parts) == sale.amount


@given(st.sampled_from(sorted(schedules())), st.lists(sales(), max_size=4), st.sampled_from(PLACES))
def test_a_month_is_the_sum_of_its_orders_and_its_monthly_fees(
    name: str, orders: list[Sale], place: str
) -> None:
    plan = schedule(name)
    month = charge_month(plan, orders, place)
    each = charge(plan, orders)
    for kind in ("commission", "margin", "card", "cash-on-delivery"):
        assert month.fees[kind] == sum(cost.fees[kind] for cost in each)
    assert set(month.fees) == set(FEES)
    # What the orders leave pays for the monthly fees and the income tax; nothing appears and nothing vanishes.
    monthly = month.fees["technical-service"] + month.fees["advertising"]
    assert sum(cost.left for cost in each) == monthly + month.income_tax + month.left
    parts = (*month.fees.values(), month.tax, month.income_tax, month.goods, month.shipping, month.left)
    assert sum(parts) == sum(sale.amount for sale in orders)
    assert month.income_tax >= 0
    assert month.income_tax == 0 or month.left > 0
    assert month.deposit == plan.deposit * 100


@given(amounts, st.decimals(0, 1, places=4))
def test_a_share_is_right_to_half_a_cent(amount: int, share: Decimal) -> None:
    exact = Fraction(amount) * Fraction(share)
    assert abs(share_of(amount, share) - exact) <= Fraction(1, 2)
    inside = Fraction(amount) * Fraction(share) / (1 + Fraction(share))
    # The quotient is reckoned to 28 digits, so halves may fall either way.
    assert abs(contained(amount, share) - inside) <= Fraction(1, 2) + Fraction(1, 10**9)


def test_a_card_order_on_a_marketplace_costs_commission_and_card_fee() -> None:
    (cost,) = charge(schedule("marketplace-tw"), [Sale(100_00, method="card")])
    assert dict(cost.fees) == {"commission": 550, "margin": 0, "card": 200, "cash-on-delivery": 0}


def test_cash_on_delivery_has_a_least_fee_and_no_card_fee() -> None:
    small, large = charge(
        schedule("marketplace-tw"),
        [Sale(100_00, method="cash-on-delivery"), Sale(100_000_00, method="cash-on-delivery")],
    )
    assert (small.fees["cash-on-delivery"], large.fees["cash-on-delivery"]) == (20_00, 2_000_00)
    assert small.fees["card"] == large.fees["card"] == 0


def test_a_bank_transfer_costs_neither() -> None:
    (cost,) = charge(schedule("own-site-tw"), [Sale(100_00, method="bank-transfer")])
    assert not any(cost.fees.values())


def test_at_home_the_seller_owes_the_tax_in_his_price_less_that_in_his_purchases() -> None:
    (cost,) = charge(schedule("own-site-tw"), [Sale(1050_00, goods=525_00, operator="own-site")])
    assert [(tax.name, tax.amount, tax.owed_by) for tax in cost.taxes] == [("business-tax", 25_00, "shop")]


def test_on_a_self_run_platform_the_platform_owes_the_tax_on_its_margin() -> None:
    home = {"seller_place": "cn", "buyer_place": "cn"}
    sale = Sale(1130_00, operator="self-run", **home)  # type: ignore[arg-type]
    (cost,) = charge(schedule("self-run-cn"), [sale])
    owed = {tax.owed_by: tax.amount for tax in cost.taxes}
    assert set(owed) == {"shop", "platform"}
    # Both together are what a merchant would owe on the same price.
    (merchant,) = charge(schedule("marketplace-cn"), [Sale(1130_00, **home)])  # type: ignore[arg-type]
    assert owed["shop"] + owed["platform"] == merchant.tax == 130_00
    assert cost.left == 1130_00 - cost.fees["margin"] - owed["shop"]


@pytest.mark.parametrize(
    ("operator", "value_there", "duty_paid", "owed_by"),
    [
        ("platform-run", 150_00, False, "platform"),
        ("platform-run", 150_01, False, "buyer"),
        ("platform-run", 150_01, True, "shop"),
        ("own-site", 100_00, False, "buyer"),
        ("own-site", 100_00, True, "shop"),
    ],
)
def test_import_tax_at_the_destination_is_owed_by_platform_buyer_or_shop(
    operator: str, value_there: int, duty_paid: bool, owed_by: str
) -> None:
    sale = Sale(
        1000_00,
        buyer_place="eu",
        operator=operator,
        value_there=value_there,
        duty_paid=duty_paid,
    )
    (cost,) = charge(schedule("marketplace-export"), [sale])
    assert [(tax.name, tax.amount, tax.owed_by) for tax in cost.taxes] == [("import-tax", 210_00, owed_by)]
    assert cost.tax == (210_00 if owed_by == "shop" else 0)
    assert all(tax.on_top == (tax.owed_by != "shop") for tax in cost.taxes)


@pytest.mark.parametrize(("value_there", "taxed"), [(2000_00, False), (2000_01, True)])
def test_small_parcels_to_taiwan_are_free_of_import_tax(value_there: int, taxed: bool) -> None:
    sale = Sale(500_00, seller_place="hk", buyer_place="tw", value_there=value_there)
    (cost,) = charge(schedule("marketplace-export"), [sale])
    assert bool(cost.taxes) == taxed


def test_exports_give_back_the_tax_paid_on_purchases() -> None:
    (cost,) = charge(
        schedule("marketplace-export"), [Sale(1000_00, goods=525_00, buyer_place="hk", value_there=1)]
    )
    assert cost.tax == -25_00


def test_hong_kong_has_no_tax_on_sales() -> None:
    (cost,) = charge(schedule("own-site-hk"), [Sale(1000_00, seller_place="hk", buyer_place="hk")])
    assert cost.taxes == ()


def test_a_loss_bears_no_income_tax() -> None:
    month = charge_month(schedule("own-site-tw"), [], "tw")
    assert month.left == -1500_00
    assert month.income_tax == 0


def test_a_platform_takes_a_commission_or_keeps_a_margin() -> None:
    given_ = {**schedule("self-run-cn").model_dump(), "commission": "0.05"}
    with pytest.raises(
        ValueError, match="a platform takes a commission or keeps a margin; set one of them to 0"
    ):
        FeeSchedule.model_validate(given_)


@pytest.mark.parametrize(
    ("sale", "sentence"),
    [
        (
            Sale(1, method="cash"),
            "Order 2: the way to pay must be one of card, wallet, bank-transfer, cash-on-delivery, not cash.",
        ),
        (
            Sale(-1),
            "Order 2: amounts must be at least 0; give a refund as an order left out.",
        ),
        (
            Sale(1, buyer_place="us"),
            "Order 2: the place must be one of tw, cn, hk, eu, not us.",
        ),
        (
            Sale(1, buyer_place="eu"),
            (
                "Order 2 goes abroad: give value_there, its amount in the currency at the buyer's place, because "
                "import tax depends on it."
            ),
        ),
        (
            Sale(1, operator="platform"),
            (
                "Order 2: the operator must be one of own-site, platform-run, self-run, hybrid, not platform. "
                "Did you mean platform-run?"
            ),
        ),
    ],
)
def test_an_order_that_cannot_be_charged_gets_its_sentence(sale: Sale, sentence: str) -> None:
    with pytest.raises(SafeShopError) as told:
        charge(schedule("own-site-tw"), [Sale(1), sale])
    assert told.value.sentence == sentence


def test_an_unknown_schedule_gets_its_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        schedule("own-site-us")
    assert told.value.sentence == (
        f"The fee schedule must be one of {', '.join(schedules())}, not own-site-us. Did you mean own-site-eu?"
    )


def test_the_order_of_sales_does_not_matter_to_each() -> None:
    one, other = Sale(123_45), replace(Sale(543_21), method="wallet")
    plan = schedule("marketplace-cn")
    assert charge(plan, [one, other]) == tuple(reversed(charge(plan, [other, one])))


def test_each_fee_and_tax_has_its_label() -> None:
    assert len({fee_label(kind) for kind in FEES}) == len(FEES)
    assert all(tax_label(name) for name in ("business-tax", "value-added-tax", "import-tax"))
