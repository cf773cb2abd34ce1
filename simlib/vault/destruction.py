"""Destroying a month for good, and renewing keys (FORMAT.md, section 7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from simlib.vault.holdings import Change, Holdings
from simlib.vault.keyring import Compartment


def destroy_compartment(holdings: Holdings, change: Change, compartment: Compartment) -> None:
    """Remove a compartment's rows, index and every pointer to them, within a change; its key goes later.

    Its totals stay: they say nothing of a person.
    """
    number, store = compartment.number, holdings.store
    change.touch(number)
    serials = np.array(sorted(one[0] for one in store.blocks(number)), np.uint64)
    directory = holdings.directory
    listed = holdings.catalogue(directory.number)
    for segment in listed.segments:
        entries = holdings.segments.load(directory, segment)
        kept = entries[~np.isin(entries["block"], serials)]
        if len(kept) == len(entries):
            continue
        store.delete_segment(segment.id)
        change.catalogue(directory.number, holdings.catalogue(directory.number).with_segments([], [segment]))
        if len(kept):
            change.add_segment(directory, segment.kind, kept)
    for segment in holdings.catalogue(number).segments:
        store.delete_segment(segment.id)
    store.destroy_compartment(number)
    holdings.forget_rows()


def drop_keys(holdings: Holdings, user: str, role: str) -> None:
    """Finish destructions: rewrite the key file without their keys, under a new root key, if any is left."""
    states = holdings.store.compartments()
    gone = frozenset(number for number in holdings.ring.wrapped if states.get(number) == "destroyed")
    if gone:
        renew(holdings, user, role, action="drop-keys", without=gone, compartments=sorted(gone))


def renew(
    holdings: Holdings,
    user: str,
    role: str,
    *,
    action: str = "renew-keys",
    without: frozenset[int] = frozenset(),
    without_user: str | None = None,
    **details: Any,
) -> None:
    """Write the key file under a new root key, overwrite the old one's bytes, and note it.

    Parameters
    ----------
    holdings
        The unlocked vault; goes on under the new key.
    user, role, action, details
        For the trail.
    without
        Compartments whose keys are left out.
    without_user
        A user who is left out.
    """
    if without_user is not None:
        details["name"] = without_user
    with holdings.change(user, role, action, details) as change:
        ring = holdings.ring if without_user is None else holdings.ring.without_user(without_user)
        ring, fresh = ring.renewed(holdings.grants, holdings.random, without)
        holdings.write_keys(ring, fresh)
        holdings.forget_keys(without)
        change.details["generation"] = holdings.ring.generation
