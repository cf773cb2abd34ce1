"""Ledger: every movement of money is a set of postings that sums to zero.

Amounts are whole minor units (cents). A positive amount means that the account holds more afterwards. The
accounts are the parties between which money and goods' value move, seen from the shop's books.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

ACCOUNTS: Final = (
    "buyer",
    "payment_company",
    "escrow",
    "courier_cash",
    "seller",
    "payment_fees",
    "platform_fees",
    "shipping",
    "inventory",
    "cost_of_goods",
    "owner",
)
"""Who holds money or value.

buyer: all buyers together (negative: what they have spent); payment_company: paid, not yet settled; escrow: held
by a marketplace's payment company until completion; courier_cash: collected at the door, not yet settled; seller:
the shop's bank account; payment_fees, platform_fees, shipping: what others have earned; inventory: goods on the
shelf at cost; cost_of_goods: goods that left it; owner: what the owner put in at the start.
"""

KINDS: Final = (
    "opening",
    "payment",
    "settlement",
    "escrow_release",
    "refund",
    "shipping",
    "goods_out",
    "goods_back",
    "restocking",
)
"""Kinds of transaction."""


class Ledger:
    """The books of one run.

    Attributes
    ----------
    rows
        (time in days, transaction, kind, order or −1, account, amount in minor units).
    transactions
        Number of transactions so far.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[float, int, int, int, int, int]] = []
        self.transactions = 0

    def post(self, t: float, kind: str, order: int, **amounts: int) -> None:
        """Enter one transaction.

        Parameters
        ----------
        t
            When, in days.
        kind
            One of `KINDS`.
        order
            Number of the order, −1 for none.
        **amounts
            Account → change in minor units; entries of zero are left out.

        Raises
        ------
        ValueError
            If the amounts do not sum to zero: a defect of the model, never of its input.
        """
        if sum(amounts.values()) != 0:
            raise ValueError(f"{kind} of order {order} does not sum to zero: {amounts}")
        code = KINDS.index(kind)
        for account, amount in amounts.items():
            if amount:
                self.rows.append((t, self.transactions, code, order, ACCOUNTS.index(account), amount))
        self.transactions += 1


def share_of(amount: int, share: float) -> int:
    """A share of an amount in whole minor units, half a unit rounded to the even neighbour.

    Reckoned in decimals of the share as it is written, so that 2.8 % is 2.8 % and not its binary neighbour.
    """
    return int((amount * Decimal(repr(share))).to_integral_value(ROUND_HALF_EVEN))
