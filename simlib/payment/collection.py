"""Collection: who holds the money of each order, from the buyer's payment to the seller's account or back.

Without a marketplace, a payment company (or the courier, for cash on delivery) holds the money until the next
settlement. With escrow, the marketplace's payment company holds it until the order is completed (row B1).
"""

from __future__ import annotations

from simlib.payment.ledger import Ledger, share_of
from simlib.scenario import Payment, PaymentMethod


class Collection:
    """The money of all orders.

    Parameters
    ----------
    payment
        The scenario's ways to pay.
    ledger
        Where the movements are entered.
    """

    def __init__(self, payment: Payment, ledger: Ledger) -> None:
        self.payment = payment
        self.ledger = ledger
        self.held: dict[int, tuple[str, int, int]] = {}
        """Order → (holding account, amount, fees due when it is paid out), in minor units; while not settled."""
        self.received: dict[int, int] = {}
        """Order → what its buyer has paid and not got back, in minor units."""

    def collect(self, t: float, order: int, amount: int, method: PaymentMethod) -> None:
        """The buyer pays `amount` at time `t`."""
        holder = "payment_company"
        if self.payment.escrow:
            holder = "escrow"
        elif method.on_delivery:
            holder = "courier_cash"
        self.ledger.post(t, "payment", order, **{"buyer": -amount, holder: amount})
        self.held[order] = (holder, amount, share_of(amount, method.fee))
        self.received[order] = amount

    def settle(self, t: float, order: int) -> None:
        """Pay the order's money out to the seller, less fees; nothing happens if it was refunded before."""
        if order not in self.held:
            return
        holder, amount, fee = self.held.pop(order)
        commission = share_of(amount, self.payment.commission) if holder == "escrow" else 0
        kind = "escrow_release" if holder == "escrow" else "settlement"
        self.ledger.post(
            t,
            kind,
            order,
            **{
                holder: -amount,
                "seller": amount - fee - commission,
                "payment_fees": fee,
                "platform_fees": commission,
            },
        )

    def refund(self, t: float, order: int) -> None:
        """Give the buyer back what he paid: from whoever holds it, or from the seller if it was paid out.

        Cash taken at the door stays with the courier until it is settled; the seller refunds it from his account.
        """
        amount = self.received.pop(order, 0)
        payer = "seller"
        if order in self.held and self.held[order][0] != "courier_cash":
            payer = self.held.pop(order)[0]
        if amount:
            self.ledger.post(t, "refund", order, **{payer: -amount, "buyer": amount})
