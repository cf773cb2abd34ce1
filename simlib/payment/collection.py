"""Collection: who holds the money of each order, from the buyer's payment to the seller's account or back.

The money of an order takes one of five routes:

- ``payment-company``: held until the next settlement; cash on delivery is held by the courier.
- ``escrow``: held by the marketplace's payment company until it is released (row B1).
- ``retailer``: the platform sells itself, keeps the buyer's money and pays the shop its wholesale price (A9).
- ``consignee``: a third party collects, keeps its fee and remits the rest (A7).
- ``cross-border``: a clearing company collects abroad in the buyer's currency and remits to the operator's
  dedicated account at home, which pays the sellers on the marketplace's instruction (B2).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

import numpy as np

from simlib.payment.ledger import Ledger, share_of
from simlib.payment.payout import PayoutAccount
from simlib.scenario import PaymentMethod, Scenario
from simlib.streams import Integers

Route = Literal["payment-company", "escrow", "retailer", "consignee", "cross-border"]

HOLDERS: dict[Route, str] = {
    "payment-company": "payment_company",
    "escrow": "escrow",
    "retailer": "retailer",
    "consignee": "consignee",
    "cross-border": "clearing_company",
}
"""Account that holds the buyer's money first on each route."""

ROUTES: tuple[Route, ...] = tuple(HOLDERS)
"""All routes."""


def routes(scenario: Scenario, first_line: Integers, product: Integers) -> list[Route]:
    """The way each order's money takes.

    Parameters
    ----------
    scenario
        Who sells on whose ground.
    first_line, product
        Lines of order *i* are ``first_line[i]`` up to ``first_line[i + 1]``; each line's place in the catalogue.
    """
    who, count = scenario.arrangement, len(first_line) - 1
    usual: Route = "payment-company"
    if who.mode == "consignment":
        usual = "consignee"
    elif who.operator == "self-run":
        usual = "retailer"
    elif scenario.payment.collection == "cross-border":
        usual = "cross-border"
    elif scenario.payment.escrow:
        usual = "escrow"
    result = [usual] * count
    if who.operator == "hybrid" and count:
        # An order goes through the platform's own hands if everything in it is sold by the platform itself.
        own = np.array([item.sold_by_platform for item in scenario.catalogue])[product]
        for order in np.flatnonzero(np.logical_and.reduceat(own, first_line[:-1])):
            result[order] = "retailer"
    return result


@dataclass
class Held:
    """An order's money on its way.

    Attributes
    ----------
    account
        Who holds it.
    amount
        How much, in minor units; of the buyer's currency while it is abroad.
    to_seller
        What of it the seller gets in the end, in minor units of the shop's currency; settled when it is paid out.
    fee, commission
        What the collecting company and the marketplace (or consignee) keep.
    abroad
        Whether it is still in the buyer's currency.
    """

    account: str
    amount: int
    to_seller: int
    fee: int
    commission: int
    abroad: bool = False


class Collection:
    """The money of all orders.

    Parameters
    ----------
    scenario
        Ways to pay, fees, payout account.
    ledger
        Where the movements are entered.
    """

    def __init__(self, scenario: Scenario, ledger: Ledger) -> None:
        self.payment = scenario.payment
        self.fulfilment = scenario.fulfilment
        self.payout = PayoutAccount(scenario.payout)
        self.own_till = scenario.arrangement.trade == "O2O"
        self.ledger = ledger
        self.chargeback_fee = scenario.minor(scenario.payment.chargebacks.fee)
        self.held: dict[int, Held] = {}
        """Money of each order that has not reached the seller."""
        self.received: dict[int, int] = {}
        """Order → what its buyer has paid and not got back, in minor units of the shop's currency."""
        self.bought_back: dict[int, int] = {}
        """Order → what a retailer has paid the seller for its goods and may ask back."""
        self.rate_paid: dict[int, Decimal] = {}
        """Order → the exchange rate at which its buyer abroad has paid."""

    def collect(
        self, t: float, order: int, amount: int, list_amount: int, method: PaymentMethod, route: Route
    ) -> None:
        """The buyer pays at time `t`.

        Parameters
        ----------
        t
            In days.
        order
            Number of the order.
        amount, list_amount
            What he pays, and what it is by the catalogue, in minor units of the shop's currency.
        method
            How he pays.
        route
            The way the money takes.
        """
        self.received[order] = amount
        holder = HOLDERS[route]
        if method.on_delivery and self.own_till:
            # Cash over the shop's own counter: nobody holds it in between, and nobody takes a fee.
            self.ledger.post(t, "payment", order, buyer=-amount, seller=amount)
            return
        if route == "payment-company" and method.on_delivery:
            holder = "courier_cash"
        if route == "cross-border":
            self.rate_paid[order] = self._rate(t)
            foreign = self._abroad(order, amount)
            self.ledger.post_abroad(t, "payment", order, buyer=-foreign, clearing_company=foreign)
            self.held[order] = Held(holder, foreign, 0, 0, 0, abroad=True)
            return
        self.ledger.post(t, "payment", order, **{"buyer": -amount, holder: amount})
        fee = share_of(amount, method.fee)
        commission = share_of(amount, self.payment.commission) if route == "escrow" else 0
        to_seller = amount - fee - commission
        if route == "retailer":
            fee = commission = 0
            to_seller = share_of(list_amount, self.fulfilment.wholesale)
        elif route == "consignee":
            fee, commission = 0, share_of(amount, self.fulfilment.fee)
            to_seller = amount - commission
        self.held[order] = Held(holder, amount, to_seller, fee, commission)

    def remit(self, t: float, order: int) -> bool:
        """The clearing company changes the money and remits it to the operator's dedicated account (step 4).

        Returns
        -------
        bool
            Whether there was money to remit; after a refund there is none.
        """
        held = self.held.get(order)
        if held is None or not held.abroad:
            return False
        fee = share_of(held.amount, self.payment.cross_border.clearing_fee)
        arrives = _whole((held.amount - fee) * self._rate(t))
        self.ledger.exchange(
            t,
            "remittance",
            order,
            {"clearing_company": -held.amount, "payment_fees": fee},
            {"collection_account": arrives},
        )
        operator_fee = share_of(arrives, self.payment.cross_border.operator_fee)
        self.held[order] = Held("collection_account", arrives, arrives - operator_fee, operator_fee, 0)
        return True

    def settle(self, t: float, order: int) -> Held | None:
        """Pay the order's money out, less fees.

        Returns
        -------
        Held or None
            What was held until now; nothing happens if the money was refunded before.
        """
        held = self.held.pop(order, None)
        if held is None:
            return None
        payee = self.payout.payee(t)
        if held.account == "retailer":
            self.ledger.post(t, "settlement", order, **{"retailer": -held.to_seller, payee: held.to_seller})
            self.bought_back[order] = held.to_seller
            return held
        kind = "escrow_release" if held.account == "escrow" else "settlement"
        self.ledger.post(
            t,
            kind,
            order,
            **{
                held.account: -held.amount,
                payee: held.to_seller,
                "payment_fees": held.fee,
                "platform_fees": held.commission,
            },
        )
        return held

    def refund(self, t: float, order: int) -> int:
        """Give the buyer back what he paid: from whoever holds it, or from the seller if it was paid out.

        Cash taken at the door stays with the courier until it is settled; the seller refunds it from his account.
        A retailer refunds from its own money and sends the goods back to the shop at the price it paid.

        Returns
        -------
        int
            How much, in minor units of the shop's currency; nothing if his bank had taken it back before.
        """
        amount = self.received.pop(order, None)
        if amount is None:
            return 0
        # Of a free order too: whoever holds its money, be it nothing, has then nothing left to pay out.
        self._give_back(t, "refund", order, amount)
        return amount

    def charge_back(self, t: float, order: int) -> bool:
        """The buyer's bank takes a card payment back, at the seller's cost; tell whether there was one to take."""
        if not self.received.get(order):
            return False
        self._give_back(t, "chargeback", order, self.received.pop(order))
        fee = self.chargeback_fee
        self.ledger.post(t, "chargeback", order, seller=-fee, payment_fees=fee)
        return True

    def _give_back(self, t: float, kind: str, order: int, amount: int) -> None:
        held = self.held.get(order)
        if held is not None and held.abroad:
            del self.held[order]
            self.ledger.post_abroad(t, kind, order, clearing_company=-held.amount, buyer=held.amount)
        elif self.payment.collection == "cross-border":
            # The seller pays in his own currency, at today's rate, what the buyer has paid in his.
            cost = _whole(amount * self._rate(t) / self.rate_paid[order])
            if held is not None:
                del self.held[order]
                self.ledger.post(t, kind, order, collection_account=-held.amount, seller=held.amount)
            self.ledger.exchange(t, kind, order, {"buyer": self._abroad(order, amount)}, {"seller": -cost})
        elif held is not None and held.account != "courier_cash":
            del self.held[order]
            self.ledger.post(t, kind, order, **{held.account: -amount, "buyer": amount})
        elif order in self.bought_back:
            price = self.bought_back.pop(order)
            self.ledger.post(t, kind, order, retailer=-amount, buyer=amount)
            self.ledger.post(t, kind, order, seller=-price, retailer=price)
        else:
            self.ledger.post(t, kind, order, seller=-amount, buyer=amount)

    def _rate(self, t: float) -> Decimal:
        # In decimals of the rate as it is written, as shares are.
        return Decimal(repr(self.payment.cross_border.rate_at(t)))

    def _abroad(self, order: int, amount: int) -> int:
        """What an amount at home is in the buyer's currency, at the rate of the day on which he paid."""
        return _whole(amount / self.rate_paid[order])


def _whole(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))
