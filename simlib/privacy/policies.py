"""Policies: the retention policies that the source documents name, ready to be compared."""

from __future__ import annotations

from typing import Any

from simlib.languages import _
from simlib.scenario import Retention

POLICIES: dict[str, dict[str, Any]] = {
    "keep-everything": {"orders_leave": "never", "members_leave": "never", "mask_after_days": None},
    "mask": {"orders_leave": "never", "members_leave": "never"},
    "to-erp": {"orders_leave": "to-erp", "members_leave": "on-joining", "mask_after_days": None},
    "vault-at-completion": {
        "orders_leave": "at-completion",
        "members_leave": "on-joining",
        "mask_after_days": None,
    },
    "vault-at-order": {"orders_leave": "at-order", "members_leave": "on-joining", "mask_after_days": None},
}
"""Name → what it sets; everything else stays as in the shop's own policy."""


def policy(name: str, base: Retention, mask_after_days: float | None = None) -> Retention:
    """One of `POLICIES`, laid over a shop's own policy.

    Parameters
    ----------
    name
        Name of the policy.
    base
        The shop's own policy: export times, periods of courier and payment company.
    mask_after_days
        For ``mask``: after how many days the web shop masks a record.
    """
    changes = dict(POLICIES[name])
    if name == "mask":
        changes["mask_after_days"] = mask_after_days
    return Retention.model_validate({**base.model_dump(), **changes})


def policy_label(name: str, mask_after_days: float | None = None) -> str:
    """Name of a policy in the reader's language."""
    labels = {
        "keep-everything": _("keep everything online"),
        "mask": _("mask after {days} days").format(
            days=f"{mask_after_days:g}" if mask_after_days is not None else "n"
        ),
        "to-erp": _("ERP in the office, own shipping"),
        "vault-at-completion": _("vault when completed"),
        "vault-at-order": _("vault at order time"),
    }
    return labels[name]
