"""Payout: to whose bank account the seller's money goes, and when (row B5).

Whoever gets into the seller's account at the marketplace or payment company changes one line: the bank account.
Every later payout goes there until the seller notices. A hold after each change gives him time to notice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simlib.scenario import Payout
from simlib.streams import Floats, tick


class PayoutAccount:
    """The bank account that payouts go to.

    Parameters
    ----------
    payout
        Changes of account during the run, and the controls around them.
    """

    def __init__(self, payout: Payout) -> None:
        self.hold = tick(payout.hold_days)
        self.changes: list[tuple[float, str]] = []
        """(when, whose account from then on), in order of time; a change that is undone is followed by its undoing."""
        for change in payout.changes:
            begins = tick(change.day)
            self.changes.append((begins, change.by if change.by == "attacker" else "seller"))
            if change.by == "attacker":
                self.changes.append((begins + tick(payout.noticed_after_days), "seller"))
        self.changes.sort(key=lambda change: change[0])
        self.held_from = [tick(change.day) for change in payout.changes]
        """Moments from which payouts are held back; undoing a change holds nothing back."""

    def divert(self, since: float, until: float) -> None:
        """An attacker's account is entered from `since` to `until` (days); a hold follows the change as any other."""
        self.changes += [(since, "attacker"), (until, "seller")]
        self.changes.sort(key=lambda change: change[0])
        self.held_from = sorted([*self.held_from, since])

    def payee(self, t: float) -> str:
        """Whose account is entered at time `t` (days): ``seller`` or ``attacker``."""
        payee = "seller"
        for begins, whose in self.changes:
            if begins > t:
                break
            payee = whose
        return payee

    def due(self, t: float) -> float:
        """When a payout that is ready at time `t` is made: at once, or at the end of the hold it falls into."""
        for begins in self.held_from:
            if begins <= t < begins + self.hold:
                t = begins + self.hold
        return t

    def all_due(self, t: Floats) -> Floats:
        """`due` of many payouts at once."""
        for begins in self.held_from:
            t = np.where((begins <= t) & (t < begins + self.hold), begins + self.hold, t)
        return t

    def attacked(self, t: Floats) -> npt.NDArray[np.bool_]:
        """Whether `payee` is the attacker, for many moments at once."""
        begins = np.array([change[0] for change in self.changes])
        whose = np.array([False, *(change[1] == "attacker" for change in self.changes)])
        return np.asarray(whose[np.searchsorted(begins, t, side="right")])
