"""Debrief: after a drill, what the group's decisions came to, beside every other way to decide.

The attacker's luck is the same on every way, so a difference is the decisions' doing. Money alone would make silence
look good, because telling people costs something and their harm is not the shop's; and it would make an open door look
good wherever luck has it that he does not come back. So the best way is looked for among the sound ones only: the thief
shut out and his way in closed, the law's notice in time, everybody told whose data were taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

from simlib.attacker.breach import persons, taken_in
from simlib.attacker.course import Course
from simlib.attacker.drill import Drill, alternatives
from simlib.attacker.process import course_of
from simlib.attacker.telling import option_label, question_label
from simlib.languages import _
from simlib.risk.loss import Loss, QuietRun


@dataclass(frozen=True)
class Way:
    """One way to decide, and where it led.

    Attributes
    ----------
    decisions
        (kind of question, answer), in the order in which they were taken.
    course, loss
        What happened, and what it cost.
    sound
        Whether the thief was shut out, his way in closed, the law's notice given in time, and everybody told whose
        data were taken.
    """

    decisions: tuple[tuple[str, str], ...]
    course: Course
    loss: Loss
    sound: bool

    @property
    def harm(self) -> float:
        """What the shop and its customers lost together, in currency units."""
        return self.loss.total + self.loss.customers

    @property
    def order(self) -> tuple[float, int]:
        """By this, ways are compared: harm first, then records lost for good, which have no price."""
        return round(self.harm, 2), self.loss.records_lost


@dataclass(frozen=True)
class Debrief:
    """A drill looked at from its end.

    Attributes
    ----------
    own
        The group's way.
    usual
        What the shop's standing orders would have done.
    others
        Every other way to answer the same questions.
    """

    own: Way
    usual: Way
    others: Sequence[Way]

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """All ways, the sound ones first, each group from the least harm to the most."""
        every = [self.own, self.usual, *self.others]
        return tuple(sorted(every, key=lambda way: (not way.sound, way.order)))

    @property
    def best(self) -> Way:
        """The sound way with the least harm; of all ways if none is sound."""
        return self.ways[0]

    @property
    def worst(self) -> Way:
        """The way with the most harm, sound or not."""
        return max(self.ways, key=lambda way: way.order)

    @property
    def avoidable(self) -> float:
        """Harm that the best way would have spared; below zero if the group's was cheaper, but not sound."""
        return self.own.harm - self.best.harm


def debrief(drill: Drill, calm: QuietRun) -> Debrief:
    """Set a drill that is over beside every other way to decide.

    Parameters
    ----------
    drill
        The drill.
    calm
        The quiet run of the same shop, at least as long as the drill.
    """
    shop, days, seed = drill.scenario, drill.days, drill.seed
    others = [way_of(each.course, calm, seed) for each in alternatives(shop, days=days, seed=seed)]
    return Debrief(
        own=way_of(drill.finish(), calm, seed),
        usual=way_of(course_of(shop, days=days, seed=seed), calm, seed),
        others=others,
    )


def way_of(course: Course, calm: QuietRun, seed: int) -> Way:
    """The way that a course went, charged to a quiet run.

    Parameters
    ----------
    course, seed
        From `simlib.attacker.course_of`.
    calm
        The quiet run of the same shop, at least as long.
    """
    decided = (row.what.partition(":") for row in course.incidents if row.kind == "decided")
    decisions = tuple((kind, option) for kind, _colon, option in decided)
    return Way(decisions, course, calm.charged(course, seed), _is_sound(decisions, course, calm))


def _is_sound(decisions: Sequence[tuple[str, str]], course: Course, calm: QuietRun) -> bool:
    """Whether the door is shut behind every attack that the owner knows of, and everybody told whom it concerns."""
    if (
        any((kind, "no") in decisions for kind in ("patch", "renew-keys"))
        or ("contain", "never") in decisions
    ):
        return False
    found = taken_in(calm.reader, course, calm.run.days)
    return all(
        notice.told < inf and notice.done <= notice.due
        for notice in course.notices
        if notice.owed and persons(found, notice.attack)
    )


# -- in words --------------------------------------------------------------------------------------------------


def verdict(found: Debrief, currency: str) -> str:
    """What a drill came to, beside the best sound way, as a sentence or two.

    Parameters
    ----------
    found
        From `debrief`.
    currency
        Of the shop.
    """
    ways = _("{count} ways to decide were tried on the same attack.").format(count=len(found.ways))
    if not found.own.sound:
        reason = _(
            "Your way left something undone that law or decency asks for: a door that stays open, an authority or "
            "customers who were not told. It cannot count as the best, whatever it cost."
        )
        return f"{ways} {reason}"
    if found.own.order == found.best.order:
        return f"{ways} " + _("No sound way was better than yours.")
    return f"{ways} " + _("The best sound way would have spared {amount} {currency}.").format(
        amount=f"{round(abs(found.avoidable)):,}", currency=currency
    )


def decisions_text(way: Way) -> str:
    """The decisions of a way, in the reader's words."""
    return "  ".join(f"{question_label(kind)} {option_label(kind, option)}" for kind, option in way.decisions)
