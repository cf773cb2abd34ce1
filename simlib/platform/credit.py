"""Credit: how far strangers trust a seller or a buyer, and what that is worth (rows A10, E7).

Credit is public and moves with every rating. A seller's score is

    good ratings − bad ratings − 5 × violation points,

and the ladder of levels climbs with it, each step about twice as long as the one before. Trust, from 0 to 1, is

    0.3 × level / highest level + 0.5 × recent share of good ratings + 0.2 × age / (age + 1 year),

where the recent share is taken over 180 days and padded with ten imagined ratings, nine of them good. Trust moves the
share of visitors who buy by a factor between 0.5 and 1.3. The ladder is the one commonly told of a large marketplace;
the formulas and their figures are assumptions of this kit (facts ``credit-…``, ``trust-…``, ``conversion-…``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.records import Table
from simlib.streams import Floats, Integers


@dataclass(frozen=True)
class Credit:
    """What everybody can read about a seller.

    Attributes
    ----------
    score
        Good ratings less bad ones and less what violations cost.
    level
        0 (none yet) up to the number of steps on the ladder.
    good_recently
        Share of good ratings of late, padded.
    age_days
        Membership age.
    trust
        From 0 to 1.
    """

    score: int
    level: int
    good_recently: float
    age_days: float
    trust: float

    @property
    def conversion(self) -> float:
        """Factor on the share of visitors who buy."""
        least, most = value("conversion-least"), value("conversion-most")
        return float(least + (most - least) * self.trust)

    def sentence(self) -> str:
        """The credit in one sentence, in the reader's language."""
        return _(
            "Level {level} (score {score}), {good} % good of late, member for {age} days: of 100 usual buyers "
            "{buyers} buy."
        ).format(
            level=self.level,
            score=self.score,
            good=round(100 * self.good_recently),
            age=round(self.age_days),
            buyers=round(100 * self.conversion),
        )


def seller_credit(
    rated: npt.ArrayLike, ratings: npt.ArrayLike, joined: float, t: float, violation_points: int = 0
) -> Credit:
    """A seller's credit at time `t`.

    Parameters
    ----------
    rated
        When each rating was given, in days; those after `t` are not known yet, ``nan`` means never given.
    ratings
        1 for good, 0 for neutral, −1 for bad; as many as `rated`.
    joined
        When the seller moved in, in days; not after `t`.
    t
        The moment.
    violation_points
        Points that count at `t` (`simlib.platform.rules.Standing.points`).

    Raises
    ------
    SafeShopError
        If a rating is none of the three, the numbers do not match, or the seller has not moved in yet.
    """
    when, marks = np.asarray(rated, dtype=float), np.asarray(ratings, dtype=float)
    if when.shape != marks.shape:
        raise SafeShopError(
            _("There are {times} moments for {count} ratings; give one each.").format(
                times=when.size, count=marks.size
            )
        )
    if not np.isin(marks, (-1, 0, 1)).all():
        raise SafeShopError(_("A rating must be 1 (good), 0 (neutral) or −1 (bad)."))
    if not joined <= t:
        raise SafeShopError(
            _("On day {t} the seller is not a member yet; he joins on day {joined}.").format(
                t=t, joined=joined
            )
        )
    known = when <= t
    score = int(marks[known].sum()) - violation_points * value("credit-violation-points-score")
    recent = known & (when > t - value("credit-recent-days"))
    prior, prior_good = value("credit-prior-ratings"), value("credit-prior-good")
    good = (prior * prior_good + int((marks[recent] == 1).sum())) / (prior + int(recent.sum()))
    age = t - joined
    step = level(score)
    return Credit(score, step, float(good), age, _trust(step, float(good), age))


def level(score: int) -> int:
    """The level that belongs to a score: how many steps of the ladder it has reached."""
    return int(np.searchsorted(value("credit-level-scores"), score, side="right"))


def levels() -> int:
    """The highest level."""
    return len(value("credit-level-scores"))


def buyer_scores(orders: Table, t: float, members: int) -> Integers:
    """Each buyer's score at time `t`.

    One for each completed order, less what a parcel refused at the door or an order never paid costs.

    Parameters
    ----------
    orders
        The orders of a run.
    t
        The moment, in days; orders closed later are not known yet.
    members
        Number of members; one score for each.
    """
    known = orders["closed"] <= t
    scores = np.zeros(members, dtype=np.int64)
    for state, worth in (
        ("completed", 1),
        ("refused", -value("buyer-refusal-score")),
        ("unpaid", -value("buyer-unpaid-score")),
    ):
        np.add.at(scores, orders["member"][known & orders.where("state", state)], worth)
    return scores


def cash_on_delivery_offered(scores: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which buyers the platform still lets pay at the door."""
    return np.asarray(np.asarray(scores) >= value("buyer-cash-least-score"))


def seniority(age_days: npt.ArrayLike) -> Floats:
    """What membership age earns, from 0 for a newcomer towards 1."""
    age = np.asarray(age_days, dtype=float)
    return np.asarray(age / (age + value("credit-seniority-half-days")))


def _trust(step: int, good: float, age: float) -> float:
    return float(
        value("trust-weight-level") * step / levels()
        + value("trust-weight-recent") * good
        + value("trust-weight-seniority") * seniority(age)
    )
