"""Verification: sellers checked at entry, goods and trades screened, and how often the alarm is false (rows D7, E7).

A check that finds most fakes can still be wrong most of the time it rings: where fakes are rare, the few false alarms
among the many honest outnumber the hits. That is Bayes' rule, and it decides how a flagged store must be treated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.platform.choices import one_of

DETECTORS: Final = ("sellers-at-entry", "fake-goods", "fake-trades", "false-reviews")
"""Checks of a platform, each with assumed rates (facts ``detector-of-…``)."""


@dataclass(frozen=True)
class Detector:
    """A check that flags what it takes for fake.

    Attributes
    ----------
    share
        Share of fakes among what is checked.
    hit
        Share of the fakes that are flagged.
    false_alarm
        Share of the honest that are flagged.
    """

    share: float
    hit: float
    false_alarm: float

    def __post_init__(self) -> None:
        for name in ("share", "hit", "false_alarm"):
            if not 0 <= getattr(self, name) <= 1:
                raise SafeShopError(
                    _("Detector: {name} must lie between 0 and 1, not {given}.").format(
                        name=name, given=getattr(self, name)
                    )
                )


@dataclass(frozen=True)
class Confusion:
    """How a check sorted its cases; whole numbers when counted, fractions when expected.

    Attributes
    ----------
    hits, misses
        Fakes flagged and let through.
    false_alarms, passes
        Honest ones flagged and let through.
    """

    hits: float
    misses: float
    false_alarms: float
    passes: float

    @property
    def flagged(self) -> float:
        """All that were flagged."""
        return self.hits + self.false_alarms

    @property
    def cases(self) -> float:
        """All that were checked."""
        return self.hits + self.misses + self.false_alarms + self.passes

    @property
    def really_fake(self) -> float:
        """Of those flagged, the share that is really fake (nan if none was flagged)."""
        return self.hits / self.flagged if self.flagged else float("nan")

    @property
    def still_fake(self) -> float:
        """Of those let through, the share that is fake (nan if none was)."""
        through = self.misses + self.passes
        return self.misses / through if through else float("nan")

    def sentence(self) -> str:
        """What a flag is worth, in the reader's language."""
        if not self.flagged:
            return _("Nothing was flagged.")
        return _("Of 100 flagged, {fake} are really fake; of 1,000 let through, {left} are.").format(
            fake=round(100 * self.really_fake),
            left=0 if np.isnan(self.still_fake) else round(1000 * self.still_fake),
        )


def detector(name: str) -> Detector:
    """One of the `DETECTORS`.

    Raises
    ------
    SafeShopError
        If there is none of that name.
    """
    return Detector(**value(f"detector-of-{one_of(_('The check'), name, DETECTORS)}"))


def expected(detector: Detector, cases: float) -> Confusion:
    """How many of `cases` are to be expected in each corner."""
    if cases < 0:
        raise SafeShopError(_("The number of cases must be at least 0, not {cases}.").format(cases=cases))
    fake = cases * detector.share
    honest = cases - fake
    return Confusion(
        hits=fake * detector.hit,
        misses=fake * (1 - detector.hit),
        false_alarms=honest * detector.false_alarm,
        passes=honest * (1 - detector.false_alarm),
    )


def really_fake(detector: Detector) -> float:
    """Bayes' rule: the chance that what is flagged is really fake (nan if nothing is ever flagged)."""
    return expected(detector, 1.0).really_fake


def simulated(detector: Detector, cases: int, chance: np.random.Generator) -> Confusion:
    """The same by drawing lots: each case is fake or not, then flagged or not.

    Parameters
    ----------
    detector
        The check.
    cases
        How many, 0 or more.
    chance
        Where the lots come from: a stream of `simlib.streams`.
    """
    fake = chance.random(cases) < detector.share
    flagged = chance.random(cases) < np.where(fake, detector.hit, detector.false_alarm)
    return Confusion(
        hits=int((fake & flagged).sum()),
        misses=int((fake & ~flagged).sum()),
        false_alarms=int((~fake & flagged).sum()),
        passes=int((~fake & ~flagged).sum()),
    )


def all_must_flag(detectors: Sequence[Detector]) -> Detector:
    """Several checks of the same cases, where only what all of them flag counts as flagged.

    They are taken to err independently; checks that look at the same sign do not, and gain less.

    Raises
    ------
    SafeShopError
        If there are none, or they assume different shares of fakes.
    """
    share = _same_share(detectors)
    return Detector(
        share,
        float(np.prod([one.hit for one in detectors])),
        float(np.prod([one.false_alarm for one in detectors])),
    )


def any_may_flag(detectors: Sequence[Detector]) -> Detector:
    """Several checks of the same cases, where one that flags is enough; independence as in `all_must_flag`.

    Raises
    ------
    SafeShopError
        If there are none, or they assume different shares of fakes.
    """
    share = _same_share(detectors)
    return Detector(
        share,
        1 - float(np.prod([1 - one.hit for one in detectors])),
        1 - float(np.prod([1 - one.false_alarm for one in detectors])),
    )


def traced(units_sold: int) -> tuple[int, int]:
    """Of the units of a faulty lot, how many buyers can be told, and how many cannot.

    The share on record is the fact ``traceable-share``.

    Raises
    ------
    SafeShopError
        If the number is negative.
    """
    if units_sold < 0:
        raise SafeShopError(
            _("The number of units sold must be at least 0, not {units}.").format(units=units_sold)
        )
    told = round(units_sold * value("traceable-share"))
    return told, units_sold - told


def _same_share(detectors: Sequence[Detector]) -> float:
    shares = {one.share for one in detectors}
    if len(shares) != 1:
        raise SafeShopError(_("Checks put together must assume one share of fakes, the same for all."))
    return shares.pop()
