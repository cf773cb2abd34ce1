"""Ledger: every movement of money is a set of postings that sums to zero.

Amounts are whole minor units (cents). A positive amount means that the account holds more afterwards. The
accounts are the parties between which money and goods' value move, seen from the shop's books.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
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
    "retailer",
    "consignee",
    "clearing_company",
    "collection_account",
    "exchange",
    "attacker",
    "dispute_costs",
    "incident_costs",
    "customers",
)
"""Who holds money or value.

buyer: all buyers together (negative: what they have spent); payment_company: paid, not yet settled; escrow: held
by a marketplace's payment company until completion; courier_cash: collected at the door, not yet settled; seller:
the shop's bank account; payment_fees, platform_fees, shipping: what others have earned; inventory: goods on the
shelf at cost; cost_of_goods: goods that left it; owner: what the owner put in at the start; retailer: a platform that
sells itself; consignee: a third party that sells and ships for the shop; clearing_company: collects abroad;
collection_account: the operator's dedicated account at home; exchange: money changed from one currency into the
other; attacker: stolen; dispute_costs: what settling disputes costs; incident_costs: what penalties and notices after
an attack cost; customers: what buyers keep elsewhere, of which an attacker may rob them.
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
    "remittance",
    "chargeback",
    "compensation",
    "dispute",
    "theft",
    "ransom",
    "fees",
    "penalty",
    "notice",
    "customer_fraud",
)
"""Kinds of transaction."""

ACCOUNT_CODES: Final = {name: code for code, name in enumerate(ACCOUNTS)}
KIND_CODES: Final = {name: code for code, name in enumerate(KINDS)}


class Ledger:
    """The books of one run.

    Attributes
    ----------
    rows
        (time in days, transaction, kind, order or −1, account, amount in minor units, currency).
    transactions
        Number of transactions so far.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[float, int, int, int, int, int, int]] = []
        self.transactions = 0

    def post(self, t: float, kind: str, order: int, **amounts: int) -> None:
        """Enter one transaction in the shop's currency.

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
        self._enter(t, kind, order, amounts, 0)
        self.transactions += 1

    def post_abroad(self, t: float, kind: str, order: int, **amounts: int) -> None:
        """Enter one transaction in the buyer's currency; otherwise as `post`."""
        self._enter(t, kind, order, amounts, 1)
        self.transactions += 1

    def exchange(self, t: float, kind: str, order: int, abroad: dict[str, int], home: dict[str, int]) -> None:
        """Enter one transaction that changes money: what moves abroad, and what moves at home.

        Parameters
        ----------
        t, kind, order
            As in `post`.
        abroad, home
            Account → change, in the buyer's and in the shop's currency. The account ``exchange`` takes the
            difference in each, so that both sum to zero.

        Raises
        ------
        ValueError
            If both sides of the exchange have the same sign.
        """
        given, taken = -sum(abroad.values()), -sum(home.values())
        if given * taken > 0:
            raise ValueError(f"{kind} of order {order} gives and takes on both sides: {abroad}, {home}")
        self._enter(t, kind, order, {**abroad, "exchange": given}, 1)
        self._enter(t, kind, order, {**home, "exchange": taken}, 0)
        self.transactions += 1

    def _enter(self, t: float, kind: str, order: int, amounts: dict[str, int], currency: int) -> None:
        if sum(amounts.values()) != 0:
            raise ValueError(f"{kind} of order {order} does not sum to zero: {amounts}")
        code, transaction = KIND_CODES[kind], self.transactions
        self.rows += [
            (t, transaction, code, order, ACCOUNT_CODES[account], amount, currency)
            for account, amount in amounts.items()
            if amount
        ]


def share_of(amount: int, share: float) -> int:
    """A share of an amount in whole minor units, half a unit rounded to the even neighbour.

    Reckoned in decimals of the share as it is written, so that 2.8 % is 2.8 % and not its binary neighbour.
    """
    return int((amount * _as_written(share)).to_integral_value(ROUND_HALF_EVEN))


@cache
def _as_written(share: float) -> Decimal:
    return Decimal(repr(share))
