"""Fees and taxes: what is left of an order when everybody has taken his share (row A9).

Commission, card fee and cash-on-delivery fee are taken from each order; technical service and advertising are
charged by the month; a deposit is not spent, but cannot be used either. Taxes are named with who owes them: the
shop, the platform or the buyer. All amounts are whole minor units (cents); shares are decimals, as they are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from simlib.errors import SafeShopError
from simlib.facts import all_facts, value
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.platform.roles import OPERATORS
from simlib.scenario import MINOR_UNITS, Money, Part

PREFIX: Final = "fees-of-"
"""Facts whose id begins so hold one schedule each."""

ORDER_FEES: Final = ("commission", "margin", "card", "cash-on-delivery")
MONTH_FEES: Final = ("technical-service", "advertising")
FEES: Final = (*ORDER_FEES, *MONTH_FEES)
"""Kinds of fee: taken from each order, and charged by the month."""

CARD_METHODS: Final = ("card", "wallet")
"""Ways to pay that cost the card fee."""

METHODS: Final = ("card", "wallet", "bank-transfer", "cash-on-delivery")
PLACES: Final = ("tw", "cn", "hk", "eu")

DecimalShare = Annotated[Decimal, Field(ge=0, le=1)]


class FeeSchedule(Part):
    """What one platform takes.

    Attributes
    ----------
    currency
        Of all its money.
    commission, margin
        Share of each order: the platform's commission; or what a self-run platform keeps between the price the
        buyer pays and the price it pays. A platform has one or the other.
    card, cash_on_delivery, cash_on_delivery_least
        Share of an order so paid, and the least that cash on delivery costs.
    technical_service
        A month.
    advertising
        Share of the month's sales that is spent to be seen.
    deposit
        Held by the platform as long as the store is open.
    """

    currency: Literal["TWD", "HKD", "CNY", "EUR", "USD"]
    commission: DecimalShare
    margin: DecimalShare
    card: DecimalShare
    cash_on_delivery: DecimalShare
    cash_on_delivery_least: Money
    technical_service: Money
    advertising: DecimalShare
    deposit: Money

    @model_validator(mode="after")
    def _one_of_both(self) -> FeeSchedule:
        if self.commission and self.margin:
            raise ValueError(_("a platform takes a commission or keeps a margin; set one of them to 0"))
        return self

    def minor(self, amount: Decimal) -> int:
        """An amount in the schedule's currency as whole minor units."""
        return int(amount * MINOR_UNITS[self.currency])


@dataclass(frozen=True)
class Sale:
    """One order as the fees and taxes see it; amounts in minor units of the schedule's currency.

    Attributes
    ----------
    amount
        What the buyer pays for goods and delivery, domestic sales tax included.
    goods, shipping
        What the goods and the courier cost the shop, tax included.
    method
        One of `METHODS`.
    seller_place, buyer_place
        Of `PLACES`.
    operator
        Who runs the place of sale, of `simlib.platform.roles.OPERATORS`.
    value_there
        The amount in minor units of the currency at the buyer's place; needed for a sale abroad, where it decides
        about import tax.
    duty_paid
        For a sale abroad: the shop bears the import tax if the buyer would owe it.
    """

    amount: int
    goods: int = 0
    shipping: int = 0
    method: str = "card"
    seller_place: str = "tw"
    buyer_place: str = "tw"
    operator: str = "platform-run"
    value_there: int | None = None
    duty_paid: bool = False


@dataclass(frozen=True)
class Tax:
    """One tax on one sale.

    Attributes
    ----------
    name
        business-tax, value-added-tax or import-tax.
    amount
        Minor units of the schedule's currency.
    owed_by
        shop, platform or buyer.
    on_top
        Whether it comes on top of the amount the buyer pays to the seller.
    """

    name: str
    amount: int
    owed_by: str
    on_top: bool


@dataclass(frozen=True)
class OrderCost:
    """Where an order's money goes: fees, the shop's taxes, goods, shipping and what is left make up the amount.

    Attributes
    ----------
    sale
        The order.
    fees
        Kind (`ORDER_FEES`) → minor units.
    taxes
        All taxes on it, also those that others owe.
    """

    sale: Sale
    fees: Mapping[str, int]
    taxes: tuple[Tax, ...]

    @property
    def tax(self) -> int:
        """Taxes the shop owes; below 0 where it gets back more on its purchases."""
        return sum(tax.amount for tax in self.taxes if tax.owed_by == "shop")

    @property
    def left(self) -> int:
        """What remains for the shop, before monthly fees and income tax; below 0 if it pays on top."""
        return self.sale.amount - sum(self.fees.values()) - self.tax - self.sale.goods - self.sale.shipping


@dataclass(frozen=True)
class MonthCost:
    """A month's orders with the monthly fees and the income tax.

    Attributes
    ----------
    orders
        Each order's cost.
    fees
        Kind (`FEES`) → minor units.
    income_tax
        On what is left, if anything is.
    deposit
        Held by the platform; no cost, but not at hand.
    """

    orders: tuple[OrderCost, ...]
    fees: Mapping[str, int]
    income_tax: int
    deposit: int

    @property
    def amount(self) -> int:
        """What the buyers paid."""
        return sum(order.sale.amount for order in self.orders)

    @property
    def tax(self) -> int:
        """Sales and import taxes the shop owes."""
        return sum(order.tax for order in self.orders)

    @property
    def goods(self) -> int:
        """What the goods cost."""
        return sum(order.sale.goods for order in self.orders)

    @property
    def shipping(self) -> int:
        """What the courier cost."""
        return sum(order.sale.shipping for order in self.orders)

    @property
    def left(self) -> int:
        """What remains for the shop."""
        return self.amount - sum(self.fees.values()) - self.tax - self.income_tax - self.goods - self.shipping


@lru_cache
def schedules() -> Mapping[str, FeeSchedule]:
    """All ready-made schedules by name; their figures are assumptions, see the facts that begin with `PREFIX`."""
    return MappingProxyType(
        {
            name.removeprefix(PREFIX): FeeSchedule.model_validate(fact.value)
            for name, fact in all_facts().items()
            if name.startswith(PREFIX)
        }
    )


def schedule(name: str) -> FeeSchedule:
    """The ready-made schedule of that name.

    Raises
    ------
    SafeShopError
        If there is none.
    """
    return schedules()[one_of(_("The fee schedule"), name, schedules())]


def charge(schedule: FeeSchedule, sales: Iterable[Sale]) -> tuple[OrderCost, ...]:
    """Fees and taxes of each order.

    Raises
    ------
    SafeShopError
        If a sale names an unknown method, place or operator, has a negative amount, or is a sale abroad without
        its value there.
    """
    costs = []
    for number, sale in enumerate(sales, start=1):
        _check(number, sale)
        fees = _order_fees(schedule, sale)
        costs.append(OrderCost(sale, fees, _taxes(schedule, sale, fees)))
    return tuple(costs)


def charge_month(schedule: FeeSchedule, sales: Iterable[Sale], place: str) -> MonthCost:
    """A month's orders with the monthly fees and the income tax at the shop's place.

    Raises
    ------
    SafeShopError
        As `charge`; and if the place is unknown.
    """
    one_of(_("The place"), place, PLACES)
    orders = charge(schedule, sales)
    fees = {kind: sum(order.fees[kind] for order in orders) for kind in ORDER_FEES}
    fees["technical-service"] = schedule.minor(schedule.technical_service)
    fees["advertising"] = share_of(sum(order.sale.amount for order in orders), schedule.advertising)
    before_tax = MonthCost(orders, MappingProxyType(fees), 0, schedule.minor(schedule.deposit))
    income_tax = share_of(max(before_tax.left, 0), Decimal(value(f"income-tax-rate-{place}")))
    return MonthCost(orders, before_tax.fees, income_tax, before_tax.deposit)


def share_of(amount: int, share: Decimal) -> int:
    """A share of an amount in whole minor units, half a unit rounded to the even neighbour."""
    return int((amount * share).to_integral_value(ROUND_HALF_EVEN))


def contained(amount: int, rate: Decimal) -> int:
    """The tax contained in an amount that includes it, in whole minor units."""
    return int((amount * rate / (1 + rate)).to_integral_value(ROUND_HALF_EVEN))


def fee_label(kind: str) -> str:
    """A kind of fee in the reader's language."""
    return {
        "commission": _("commission"),
        "margin": _("the platform's margin"),
        "card": _("card and wallet fee"),
        "cash-on-delivery": _("cash-on-delivery fee"),
        "technical-service": _("technical service fee"),
        "advertising": _("advertising"),
    }[kind]


def tax_label(name: str) -> str:
    """A tax in the reader's language."""
    return {
        "business-tax": _("business tax"),
        "value-added-tax": _("value-added tax"),
        "import-tax": _("import tax"),
    }[name]


# ---------------------------------------------------------------------------------------------------------------
# reckoning


def _check(number: int, sale: Sale) -> None:
    one_of(_("Order {number}: the way to pay").format(number=number), sale.method, METHODS)
    one_of(_("Order {number}: the operator").format(number=number), sale.operator, OPERATORS)
    for place in (sale.seller_place, sale.buyer_place):
        one_of(_("Order {number}: the place").format(number=number), place, PLACES)
    if min(sale.amount, sale.goods, sale.shipping) < 0:
        raise SafeShopError(
            _("Order {number}: amounts must be at least 0; give a refund as an order left out.").format(
                number=number
            )
        )
    if sale.seller_place != sale.buyer_place and sale.value_there is None:
        raise SafeShopError(
            _(
                "Order {number} goes abroad: give value_there, its amount in the currency at the buyer's place, "
                "because import tax depends on it."
            ).format(number=number)
        )


def _order_fees(schedule: FeeSchedule, sale: Sale) -> Mapping[str, int]:
    fees = dict.fromkeys(ORDER_FEES, 0)
    fees["commission"] = share_of(sale.amount, schedule.commission)
    fees["margin"] = share_of(sale.amount, schedule.margin)
    if sale.method in CARD_METHODS:
        fees["card"] = share_of(sale.amount, schedule.card)
    elif sale.method == "cash-on-delivery":
        least = schedule.minor(schedule.cash_on_delivery_least)
        fees["cash-on-delivery"] = max(share_of(sale.amount, schedule.cash_on_delivery), least)
    return MappingProxyType(fees)


def _taxes(schedule: FeeSchedule, sale: Sale, fees: Mapping[str, int]) -> tuple[Tax, ...]:
    name = value(f"tax-name-{sale.seller_place}")
    rate = Decimal(value(f"sales-tax-rate-{sale.seller_place}"))
    # On its purchases the shop has paid the same tax and gets it back, also when the sale itself bears none.
    deducted = contained(sale.goods, rate)
    if sale.operator == "self-run":
        # The shop's buyer is the platform: its price is what the platform pays. Towards the buyer the platform owes.
        to_buyer = Tax(name, contained(fees["margin"], rate), "platform", False)
        own = Tax(name, contained(sale.amount - fees["margin"], rate) - deducted, "shop", False)
        domestic: tuple[Tax, ...] = (own, to_buyer)
    else:
        domestic = (Tax(name, contained(sale.amount, rate) - deducted, "shop", False),)
    if sale.seller_place == sale.buyer_place:
        return tuple(tax for tax in domestic if tax.name != "none")
    # Exports bear no sales tax at home.
    home = (Tax(name, -deducted, "shop", False),) if deducted else ()
    return home + _import_tax(sale)


def _import_tax(sale: Sale) -> tuple[Tax, ...]:
    there = sale.buyer_place
    currency = {"tw": "TWD", "cn": "CNY", "hk": "HKD", "eu": "EUR"}[there]
    units = MINOR_UNITS[currency]
    free = Decimal(value(f"import-tax-free-{there}")) * units
    amount = share_of(sale.amount, Decimal(value(f"import-tax-rate-{there}")))
    reached = sale.value_there or 0
    if not amount or reached <= free:
        return ()
    platform_owes = reached <= Decimal(value(f"import-platform-owes-{there}")) * units
    if platform_owes and sale.operator != "own-site":
        owed_by = "platform"
    else:
        owed_by = "shop" if sale.duty_paid else "buyer"
    return (Tax("import-tax", amount, owed_by, owed_by != "shop"),)
