"""Needs: who must be able to read what, and until when, so that an order can be carried out.

Data that leave the web shop too early protect the customer and stop his parcel: couriers and payment companies
then lack phone and address, and have nothing to report back to (row C11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from simlib.languages import _
from simlib.privacy.copies import CONTACT, Field, orders_gone, orders_leave, orders_masked
from simlib.records import Run
from simlib.scenario import Retention
from simlib.streams import Floats


@dataclass(frozen=True)
class Need:
    """Somebody needs fields of an order between two milestones.

    Attributes
    ----------
    party
        Who (an actor of `simlib.records.ACTORS`).
    fields
        What he must be able to read.
    begin, end
        Milestones between which he needs it.
    vault_will_do
        Whether looking it up in the vault by hand is good enough.
    label
        Words for people, made when asked for so that they come in the reader's language.
    """

    party: str
    fields: Field
    begin: str
    end: str
    vault_will_do: bool
    label: Callable[[], str]


NEEDS: Final = (
    Need(
        "payment_company",
        Field.NAME,
        "confirmed",
        "paid",
        False,
        lambda: _("Payment company: match the payment to the order and report back"),
    ),
    Need(
        "packer",
        CONTACT,
        "seller_told",
        "picked_up",
        False,
        lambda: _("Packer: print the label with name, phone and address"),
    ),
    Need(
        "courier",
        CONTACT,
        "picked_up",
        "delivered",
        False,
        lambda: _("Courier: call the buyer, and report each status back"),
    ),
    Need(
        "customer_service",
        CONTACT,
        "enquired",
        "answered",
        True,
        lambda: _("Customer service: answer when the buyer calls"),
    ),
)
"""What carrying out an order takes, from payment to after-sales."""


@dataclass(frozen=True)
class UnmetNeed:
    """How often a need was not met.

    Attributes
    ----------
    need
        The need.
    orders
        Orders in which it arose.
    unmet
        Orders of these in which the fields were not readable for the whole time.
    """

    need: Need
    orders: int
    unmet: int


def unmet_needs(run: Run, retention: Retention | None = None) -> list[UnmetNeed]:
    """What breaks under a policy.

    Parameters
    ----------
    run
        The run; it shows when each need arose.
    retention
        The policy; the scenario's own if left out.

    Returns
    -------
    list
        One entry for each of `NEEDS`, whether met or not.
    """
    retention = retention or run.scenario.retention
    result = []
    for need in NEEDS:
        begin, end = run.orders[need.begin], run.orders[need.end]
        arose = ~np.isnan(begin) & ~np.isnan(end)
        web_until = _web_until(need, run, retention)
        since, until = _second_place(need, run, retention)
        # Met in the web shop alone, or by the second place from the moment the web shop fails or the need begins.
        met = (end <= web_until) | ((since <= np.maximum(begin, web_until)) & (end <= until))
        result.append(UnmetNeed(need, int(arose.sum()), int((arose & ~met).sum())))
    return result


def _web_until(need: Need, run: Run, retention: Retention) -> Floats:
    """Until when all the fields are readable in the web shop."""
    gone = orders_gone(run, retention)
    hidden = Field(sum(Field[name.upper()] for name in set(retention.mask_fields)))
    return np.minimum(gone, orders_masked(run, retention)) if need.fields & hidden else gone


def _second_place(need: Need, run: Run, retention: Retention) -> tuple[Floats, Floats]:
    """From when until when somebody can look at another place: the ERP, or the vault if that will do."""
    leave = orders_leave(run, retention)
    closed = run.orders["closed"]
    closed = np.where(np.isnan(closed), np.inf, closed)
    if retention.orders_leave == "to-erp":
        # What was never paid never reaches the ERP.
        since = np.where(np.isnan(run.orders["seller_told"]), np.inf, leave)
        return since, closed + retention.erp_days
    if need.vault_will_do and retention.orders_leave in ("at-completion", "at-order"):
        return leave, closed + retention.vault_days
    return np.full_like(leave, np.inf), np.full_like(leave, -np.inf)
