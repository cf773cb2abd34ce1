"""Rules: violations, points, and what a platform does to a store that collects them (row A11).

A platform is police and judge in its own house. Each violation costs points; from certain sums on the store is shown
to fewer visitors, its payout is frozen, and at last it is closed. Points expire; an appeal may strike them out.
A store's `Standing` is a list of what happened, and everything else is worked out from it for any moment asked.

Times are days since the scenario's start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.records import Table

VIOLATIONS: Final = (
    "late-shipment",
    "not-shipped",
    "false-description",
    "quality",
    "serious-complaint",
    "fake-trade",
    "fake-goods",
    "leaked-data",
)
"""What costs points."""

SERIOUS: Final = ("leaked-data", "fake-goods", "fake-trade")
"""Violations which platforms call serious; the others are general ones."""

CONSEQUENCES: Final = ("none", "reduced-visibility", "frozen-payout", "closure")
"""What the points lead to, each harder than the one before."""


@dataclass(frozen=True)
class Rulebook:
    """One platform's rules.

    Attributes
    ----------
    points
        Violation → points.
    expires_days
        How long points count.
    reduce_at, freeze_at, close_at
        Points from which the store is shown less, is paid no more, is closed.
    reduced, frozen
        Share of the usual visitors from `reduce_at` and from `freeze_at` on.
    appeal_days, appeal_upheld
        How long an appeal takes, and the chance that it is upheld.
    """

    points: Mapping[str, int]
    expires_days: float
    reduce_at: int
    freeze_at: int
    close_at: int
    reduced: float
    frozen: float
    appeal_days: float
    appeal_upheld: float

    def __post_init__(self) -> None:
        if not 0 < self.reduce_at <= self.freeze_at <= self.close_at:
            raise SafeShopError(
                _(
                    "Rulebook: the points for reduced visibility, frozen payout and closure must rise, not "
                    "{reduce}, {freeze}, {close}."
                ).format(reduce=self.reduce_at, freeze=self.freeze_at, close=self.close_at)
            )
        if not 1 >= self.reduced >= self.frozen >= 0:
            raise SafeShopError(
                _("Rulebook: visibility must fall from 1 over {reduced} to {frozen}.").format(
                    reduced=self.reduced, frozen=self.frozen
                )
            )
        if min(self.points.values(), default=0) < 0 or self.expires_days <= 0 or self.appeal_days < 0:
            raise SafeShopError(_("Rulebook: points and times must not be negative."))
        if not 0 <= self.appeal_upheld <= 1:
            raise SafeShopError(
                _("Rulebook: the chance of an appeal must lie between 0 and 1, not {chance}.").format(
                    chance=self.appeal_upheld
                )
            )


def rulebook() -> Rulebook:
    """The rules from the facts; every figure is an assumption."""
    return Rulebook(
        points=MappingProxyType({kind: value(f"violation-{kind}") for kind in VIOLATIONS}),
        expires_days=value("points-expire-days"),
        reduce_at=value("points-reduce-visibility"),
        freeze_at=value("points-freeze-payout"),
        close_at=value("points-close-store"),
        reduced=value("visibility-reduced"),
        frozen=value("visibility-frozen"),
        appeal_days=value("appeal-days"),
        appeal_upheld=value("appeal-upheld-share"),
    )


@dataclass(frozen=True)
class Violation:
    """One violation.

    Attributes
    ----------
    t
        When it counts from, in days.
    kind
        One of `VIOLATIONS`.
    order
        The order concerned, −1 for none.
    """

    t: float
    kind: str
    order: int = -1


@dataclass(frozen=True)
class Entry:
    """A violation in the record, and when an appeal struck it out (``inf``: never)."""

    violation: Violation
    points: int
    struck_out: float = float("inf")


@dataclass(frozen=True)
class Standing:
    """How a store stands with its platform; nothing in it ever changes, each step gives a new one.

    Attributes
    ----------
    rules
        The rulebook.
    entries
        What is on record, in order of time.
    """

    rules: Rulebook = field(default_factory=rulebook)
    entries: tuple[Entry, ...] = ()

    def after(self, violation: Violation | str, t: float | None = None, order: int = -1) -> Standing:
        """The standing with one more violation.

        Parameters
        ----------
        violation
            The violation; or its kind, with `t` and `order` beside it.
        t, order
            When, and which order; only if `violation` is a kind.

        Raises
        ------
        SafeShopError
            If the rulebook knows no such violation, or the moment is missing.
        """
        if isinstance(violation, str):
            if t is None:
                raise SafeShopError(
                    _("The violation {kind} needs its moment: give t in days.").format(kind=violation)
                )
            violation = Violation(t, violation, order)
        one_of(_("The violation"), violation.kind, self.rules.points)
        entry = Entry(violation, self.rules.points[violation.kind])
        return replace(
            self, entries=tuple(sorted((*self.entries, entry), key=lambda entry: entry.violation.t))
        )

    def appealed(self, number: int, t: float, uniform: float) -> Standing:
        """The standing after an appeal against one entry.

        Until the platform has decided the points count; if it upholds the appeal they are struck out from then on,
        and with them everything they led to.

        Parameters
        ----------
        number
            Position in `entries`.
        t
            When the appeal is lodged, in days.
        uniform
            A random number in [0, 1): below the chance of the rulebook the appeal is upheld.

        Raises
        ------
        SafeShopError
            If there is no such entry, or the appeal comes before the violation.
        """
        if not 0 <= number < len(self.entries):
            raise SafeShopError(
                _("There is no entry {number} on record to appeal against; there are {count}.").format(
                    number=number, count=len(self.entries)
                )
            )
        entry = self.entries[number]
        if t < entry.violation.t:
            raise SafeShopError(
                _("The appeal on day {t} comes before the violation of day {day}.").format(
                    t=t, day=entry.violation.t
                )
            )
        if uniform >= self.rules.appeal_upheld:
            return self
        decided = min(entry.struck_out, t + self.rules.appeal_days)
        entries = (*self.entries[:number], replace(entry, struck_out=decided), *self.entries[number + 1 :])
        return replace(self, entries=entries)

    def points(self, t: float) -> int:
        """Points that count at time `t`."""
        return self._points(self._valid(t), t)

    def closed(self, t: float) -> bool:
        """Whether the store is closed at time `t`.

        A closed store stays closed when points expire; only an appeal can open it again.
        """
        valid = self._valid(t)
        return any(self._points(valid, entry.violation.t) >= self.rules.close_at for entry in valid)

    def payout_frozen(self, t: float) -> bool:
        """Whether the platform holds back the store's money at time `t`."""
        return self.points(t) >= self.rules.freeze_at or self.closed(t)

    def visibility(self, t: float) -> float:
        """Share of the usual visitors who find the store at time `t`."""
        return {
            "none": 1.0,
            "reduced-visibility": self.rules.reduced,
            "frozen-payout": self.rules.frozen,
            "closure": 0.0,
        }[self.consequence(t)]

    def consequence(self, t: float) -> str:
        """The hardest of `CONSEQUENCES` at time `t`."""
        if self.closed(t):
            return "closure"
        points = self.points(t)
        if points >= self.rules.freeze_at:
            return "frozen-payout"
        return "reduced-visibility" if points >= self.rules.reduce_at else "none"

    def changes(self) -> tuple[float, ...]:
        """Moments at which anything about the standing may change, ascending."""
        moments = set()
        for entry in self.entries:
            moments |= {entry.violation.t, entry.violation.t + self.rules.expires_days, entry.struck_out}
        return tuple(sorted(moment for moment in moments if np.isfinite(moment)))

    def sentence(self, t: float) -> str:
        """How the store stands at time `t`, in the reader's language."""
        return _("{points} points: {consequence}.").format(
            points=self.points(t), consequence=consequence_label(self.consequence(t))
        )

    def _valid(self, t: float) -> tuple[Entry, ...]:
        """Entries made by then and not struck out by then."""
        return tuple(entry for entry in self.entries if entry.violation.t <= t < entry.struck_out)

    def _points(self, valid: Iterable[Entry], t: float) -> int:
        expires = self.rules.expires_days
        return sum(entry.points for entry in valid if entry.violation.t <= t < entry.violation.t + expires)


def judge(violations: Iterable[Violation], rules: Rulebook | None = None) -> Standing:
    """The standing of a store after all these violations, in whatever order they are given.

    Raises
    ------
    SafeShopError
        If the rulebook knows one of them not.
    """
    standing = Standing(rules or rulebook())
    for violation in violations:
        standing = standing.after(violation)
    return standing


def late_shipments(orders: Table, limit: float | None = None, until: float = float("inf")) -> list[Violation]:
    """Orders that the courier did not have in time.

    Parameters
    ----------
    orders
        The orders of a run.
    limit
        Days from the notice to the seller until the courier must have the parcel; the fact ``ship-within-days`` if
        left out.
    until
        How far the run is known, in days: of what falls due later nothing is said.

    Returns
    -------
    list
        In order of time, each dated when the limit passed: ``not-shipped`` for those which the courier never got,
        else ``late-shipment``. An order that was closed before its limit passed is not late.

    Raises
    ------
    SafeShopError
        If the limit is not above 0.
    """
    limit = value("ship-within-days") if limit is None else limit
    if not limit > 0:
        raise SafeShopError(
            _("The limit for shipping must be more than 0 days, not {limit}.").format(limit=limit)
        )
    due = orders["seller_told"] + limit
    never = np.isnan(orders["picked_up"])
    picked_up = np.where(never, np.inf, orders["picked_up"])
    closed = np.where(np.isnan(orders["closed"]), np.inf, orders["closed"])
    # What has no due date (nan) compares as false and is left out.
    late = (picked_up > due) & (closed > due) & (due <= until)
    found = np.flatnonzero(late)
    return [
        Violation(
            float(due[row]), "not-shipped" if never[row] else "late-shipment", int(orders["order"][row])
        )
        for row in found[np.argsort(due[found], kind="stable")]
    ]


def violation_label(kind: str) -> str:
    """A violation in the reader's language."""
    return {
        "late-shipment": _("shipped late"),
        "not-shipped": _("not shipped"),
        "false-description": _("false description"),
        "quality": _("bad quality"),
        "serious-complaint": _("serious complaint of a customer"),
        "fake-trade": _("fake trades"),
        "fake-goods": _("fake goods"),
        "leaked-data": _("other people's data leaked"),
    }[kind]


def consequence_label(consequence: str) -> str:
    """A consequence in the reader's language."""
    return {
        "none": _("no consequence"),
        "reduced-visibility": _("shown to fewer visitors"),
        "frozen-payout": _("payout frozen"),
        "closure": _("store closed"),
    }[consequence]
