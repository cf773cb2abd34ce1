"""Differential privacy: counts released with noise, so that nobody can tell whether one customer is among them.

The noise is a whole number, as likely above as below, and each step further away is less likely by the factor
α = e^−ε: the *geometric mechanism* (Ghosh, Roughgarden and Sundararajan 2009), the whole-numbered form of the
Laplace mechanism (Dwork, McSherry, Nissim and Smith 2006). One customer more or less changes the count by one, and
then every answer is at most e^ε times as likely as before. ε is the price of an answer: what several answers
give away adds up.

Here the noise comes from a named stream, so that a lesson shows the same numbers twice. A real release must take
noise that nobody can predict, from a library made for it (OpenDP is one).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.records import Run
from simlib.streams import Floats, Integers, stream

DAYS_IN_WEEK: Final = 7

BEFORE, AFTER, ORDERED, SENT_BACK, ASKED_AGAIN, BEFORE_WITHOUT, AFTER_WITHOUT, AT_THE_DESK, MONEY = range(9)
"""Branches of the noise: each release draws its own, or subtracting two would take the noise out again.
From `MONEY` on, one branch a cap."""

ROUNDING: Final = 1e-9
"""Budgets are compared with this much forgiveness: ten times 0.1 is 1, whatever floating point says."""


def _factor(epsilon: float) -> float:
    if not epsilon > 0:
        raise SafeShopError(
            _("ε must be above 0, not {epsilon}; 0.1 is strict, 2 is generous.").format(epsilon=epsilon)
        )
    return math.exp(-epsilon)


def noise_chance(noise: npt.ArrayLike, epsilon: float) -> Floats:
    """Probability of each noise: (1 − α) / (1 + α) · α^|noise| (Ghosh et al. 2009, definition 2.1).

    Parameters
    ----------
    noise
        Whole numbers.
    epsilon
        ε for a count that one person changes by one.
    """
    factor = _factor(epsilon)
    return np.asarray((1 - factor) / (1 + factor) * factor ** np.abs(np.asarray(noise, dtype=float)))


def noise_variance(epsilon: float) -> float:
    """Variance of the noise, 2α / (1 − α)²."""
    factor = _factor(epsilon)
    return 2 * factor / (1 - factor) ** 2


def usual_error(epsilon: float) -> float:
    """How far an answer lies from the truth on average, 2α / (1 − α²)."""
    factor = _factor(epsilon)
    return 2 * factor / (1 - factor**2)


def draw_noise(seed: int, epsilon: float, size: int, branch: int = 0) -> Integers:
    """Noise for some answers (stream “release noise”): the difference of two geometric numbers.

    Parameters
    ----------
    seed
        Of the run.
    epsilon
        ε of each answer.
    size
        Number of answers.
    branch
        Another one for each release, or the same noise would be taken out by subtracting.
    """
    factor = _factor(epsilon)
    uniform = stream(seed, "release noise", branch).random((size, 2))
    # Answer by answer, so that asking once more leaves the earlier answers as they were. 1 − u lies in (0, 1], so the
    # logarithm exists.
    steps = np.floor(np.log1p(-uniform) / math.log(factor))
    return np.asarray(steps[:, 0] - steps[:, 1], dtype=np.int64)


def two_reports(before: int, after: int, epsilon: float, seed: int, tries: int) -> list[tuple[int, int]]:
    """Two counts, before and after one customer was taken out, both released with noise, some times over.

    Parameters
    ----------
    before, after
        True counts.
    epsilon
        ε of each answer.
    seed
        Of the run.
    tries
        Pairs wanted.
    """
    # Whether the customer was counted must not be seen in the noise either, so both cases draw their own.
    first, second = (BEFORE, AFTER) if before != after else (BEFORE_WITHOUT, AFTER_WITHOUT)
    return list(
        zip(
            (before + draw_noise(seed, epsilon, tries, first)).tolist(),
            (after + draw_noise(seed, epsilon, tries, second)).tolist(),
            strict=True,
        )
    )


def buyers_by_week(run: Run) -> tuple[Integers, Integers]:
    """Different buyers who ordered, and who got their money back for what they sent back, in each whole week.

    Each buyer counts once a week, so one buyer more or less changes a week's count by one.
    """
    orders, weeks = run.orders, int(run.days // DAYS_IN_WEEK)
    counts = []
    for moment, which in (
        (orders["placed"], np.ones(orders.rows, dtype=bool)),
        (orders["closed"], orders.where("state", "refunded")),
    ):
        pairs = np.unique(np.column_stack([moment[which] // DAYS_IN_WEEK, orders["member"][which]]), axis=0)
        counts.append(np.bincount(pairs[:, 0].astype(np.int64), minlength=weeks)[:weeks].astype(np.int64))
    return counts[0], counts[1]


def capped_sum(amounts: npt.ArrayLike, cap: float, epsilon: float, seed: int, branch: int = 0) -> float:
    """A sum released with noise: each person counts with at most `cap`, so one person changes it by at most that.

    Parameters
    ----------
    amounts
        One for each person, not negative, in currency units.
    cap
        Most that a person counts with, in the same unit: whole, above 0.
    epsilon
        ε of the answer.
    seed, branch
        As in `draw_noise`.

    Returns
    -------
    float
        The capped sum, rounded to the unit, with the noise of a count on the scale of the cap: ε is shared out
        over the cap's units.
    """
    total = float(np.rint(np.minimum(np.asarray(amounts, dtype=float), cap)).sum())
    return total + float(draw_noise(seed, epsilon / cap, 1, branch)[0])


@dataclass
class Budget:
    """How much ε all answers about the same people may cost together (sequential composition, Dwork et al. 2006).

    Attributes
    ----------
    total
        ε that may be spent.
    spent
        ε of each answer given so far.
    """

    total: float
    spent: list[float] = field(default_factory=list)

    @property
    def left(self) -> float:
        """ε that is still there."""
        return self.total - math.fsum(self.spent)

    def spend(self, epsilon: float) -> None:
        """Pay for one answer.

        Raises
        ------
        SafeShopError
            If the budget does not suffice; nothing is spent then.
        """
        _factor(epsilon)
        if epsilon > self.left + ROUNDING:
            raise SafeShopError(
                _(
                    "No answer: it costs ε = {epsilon:g}, and of the budget of {total:g} only {left:g} is left. "
                    "Give out an earlier answer again instead."
                ).format(epsilon=epsilon, total=self.total, left=max(self.left, 0.0))
            )
        self.spent.append(epsilon)


def answers_within(asked: int, epsilon: float, budget: float) -> int:
    """How many of the answers asked for the budget pays for."""
    return min(asked, math.floor(budget / epsilon + ROUNDING))


def noise_of_sum(epsilon: float, answers: int) -> tuple[Integers, Floats]:
    """Distribution of the sum of the noise of several answers.

    Parameters
    ----------
    epsilon
        ε of each answer.
    answers
        One or more.

    Returns
    -------
    tuple of numpy.ndarray
        Sums and their probabilities, far enough out that less than 10⁻¹² is missing.
    """
    reach = math.ceil(30 / epsilon) + math.ceil(12 * math.sqrt(answers * noise_variance(epsilon)))
    sums = np.arange(-reach, reach + 1)
    # On a circle this wide nothing comes round; the characteristic function makes the sum a power.
    angle = 2 * np.pi * np.fft.rfftfreq(len(sums))
    factor = _factor(epsilon)
    wave = (1 - factor) ** 2 / (1 - 2 * factor * np.cos(angle) + factor**2)
    chances = np.fft.irfft(wave**answers, len(sums))
    return sums.astype(np.int64), np.asarray(np.maximum(np.fft.fftshift(chances), 0.0))


def right_by_averaging(epsilon: float, answers: int) -> float:
    """How often somebody is right who averages the answers and says whether one customer is in the count.

    He knows everybody else, and both cases are equally likely to him: ½ is blind guessing. With one answer this is
    e^ε / (1 + e^ε), the most that anybody can reach; with q answers nobody can do better than e^qε / (1 + e^qε).
    """
    if answers == 0:
        return 0.5
    sums, chances = noise_of_sum(epsilon, answers)
    # The average lies nearer to the count without him, or nearer to the count with him; in the middle a coin decides.
    return float(chances[2 * sums < answers].sum() + chances[2 * sums == answers].sum() / 2)


def right_by_subtracting(epsilon: float) -> float:
    """How often somebody is right who subtracts two noisy reports, before and after one customer was taken out.

    The difference is 0 or 1 plus the difference W of two noises, which is symmetric. Saying “he was counted” from
    1 upwards is right in ½ (P(W ≤ 0) + P(W ≥ 0)) = ½ (1 + P(W = 0)) of the cases.
    """
    factor = _factor(epsilon)
    same = ((1 - factor) / (1 + factor)) ** 2 * (1 + factor**2) / (1 - factor**2)
    return (1 + same) / 2
