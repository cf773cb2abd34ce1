"""Tabletop exercise: one attack for a group around a table, with the words in which it is told.

The drill in the notebook and ``safeshop drill`` in a terminal show the same cases and say the same; what they say
stands here, so that neither can give away more than the other. Which attack it is, what the attacker does unseen and
how it could have ended is for the end alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from math import inf
from typing import Final

from simlib.attacker.campaign import Encrypt, campaign, campaigns
from simlib.attacker.course import Incident
from simlib.attacker.drill import Drill
from simlib.attacker.effects import amount_in
from simlib.attacker.telling import tell
from simlib.defence.response import Question, notice_due
from simlib.facts import value
from simlib.languages import _
from simlib.risk.debrief import Debrief, debrief, way_of
from simlib.risk.trials import Trials
from simlib.scenario import MINOR_UNITS

FIRST_DAY: Final = 40.0
"""Day on which each case begins: the shop has been running long enough to have something to lose."""

MOST_TRIED: Final = 60
"""Attackers that are looked at to find one who gets through and is noticed."""

WAITS: Final = (1.0, 4.0, 24.0)
"""Hours for which the group may put a decision off."""


def cases(shops: Sequence[Trials]) -> list[tuple[Trials, str, int]]:
    """Cases for a drill: shop, campaign and attacker, in an order that tells nothing.

    Parameters
    ----------
    shops
        A campaign comes to the first of them in which it can begin.

    Returns
    -------
    list
        One for each campaign of which an attacker gets through and the owner has at least three things to decide.
        Deciding at once what is usual leads to a sound end: nobody is put before a deadline that cannot be met.
    """
    found = []
    for what in sorted((campaign(name) for name in campaigns()), key=lambda one: one.number):
        shop = next((each for each in shops if what.possible(each.scenario)), None)
        for attacker in range(MOST_TRIED if shop else 0):
            assert shop is not None
            course, _loss = shop.trial(what.name, attacker, day=FIRST_DAY)
            usual = way_of(course, shop.calm, shop.seed + attacker)
            if len(usual.decisions) >= 3 and usual.loss.total > 0 and usual.sound:
                found.append((shop, what.name, attacker))
                break
    # Seven and the number of cases share no factor unless it is a multiple of seven; then the order stays as it is.
    step = 7 if len(found) % 7 else 1
    return [found[place * step % len(found)] for place in range(len(found))]


class Tabletop:
    """A case as the group plays it: the clock, what is known so far, and what is to be decided.

    Parameters
    ----------
    shop, attack, attacker
        One of `cases`.

    Attributes
    ----------
    drill
        The attack in turns.
    told
        What the owner has learned: (when in days, what).
    """

    def __init__(self, shop: Trials, attack: str, attacker: int) -> None:
        self.shop, self.attack = shop, attack
        scenario = shop.attacked(attack, attacker, day=FIRST_DAY)
        self.drill = Drill(scenario, days=shop.days, seed=shop.seed + attacker)
        self.told: list[tuple[float, Incident]] = []

    def advance(self) -> None:
        """Let the clock run until there is news."""
        self._hear(self.drill.advance())

    def wait(self, hours: float) -> None:
        """Put the decision off."""
        self._hear(self.drill.wait(hours))

    def answer(self, option: str) -> None:
        """Decide, and let the clock run until there is news."""
        self.drill.answer(option)
        self._hear(self.drill.advance())

    def _hear(self, news: Sequence[Incident]) -> None:
        self.told += [(row.t, row) for row in news]

    def moment(self, t: float) -> str:
        """A time of the run as date and time of day."""
        start = datetime.combine(self.drill.scenario.start, time())
        return (start + timedelta(days=t)).strftime("%Y-%m-%d %H:%M")

    def lines(self) -> list[str]:
        """What the group knows so far, one line for each thing."""
        # Who works through it sees the task; which step of the attack it belongs to is not theirs to know.
        return self._log((t, row, "") for t, row in self.told)

    def whole_log(self) -> list[str]:
        """What really happened, hidden things and steps included; for the debriefing."""
        return self._log((row.t, row, row.step) for row in self.drill.course.incidents)

    def _log(self, rows: Iterator[tuple[float, Incident, str]]) -> list[str]:
        written = (
            f"{self.moment(t)}  {tell(self.attack, step, row.kind, row.what, row.amount)}"
            for t, row, step in rows
        )
        return list(dict.fromkeys(written))

    def hint(self, question: Question) -> str:
        """What the group must know to answer a question: a sum, a deadline, what a task takes."""
        shop = self.drill.scenario
        if question.kind == "pay":
            return _(
                "The letter asks for {amount} {currency}. Nobody knows whether the key will work."
            ).format(amount=f"{round(self._ransom()):,}", currency=shop.currency)
        if question.kind == "notify":
            aware = next((t for t, row in self.told if row.kind in ("seen", "found_late")), self.drill.t)
            due = notice_due(shop, aware)
            if due == inf:
                return _("The law of this place does not demand it.")
            return _("The law wants it by {moment}.").format(moment=self.moment(due))
        return {
            "contain": _("He may still be inside. Nobody can work while it is done."),
            "restore": _("Only what the attacker has left can be chosen."),
            "patch": _("It takes about {hours} hours.").format(hours=f"{value('patch-hours'):g}"),
            "renew-keys": _("It takes about {hours} hours.").format(hours=f"{value('renew-keys-hours'):g}"),
            "tell-customers": _("They may be called by strangers who know what they ordered."),
        }.get(question.kind, "")

    def _ransom(self) -> float:
        """What the attacker's letter asks for, in currency units."""
        total = 0
        for step in campaign(self.attack).steps:
            for effect in step.effects:
                if isinstance(effect, Encrypt) and effect.ransom is not None:
                    total += amount_in(self.shop.scenario, effect.ransom, effect.currency)
                elif isinstance(effect, Encrypt):
                    total += amount_in(self.shop.scenario, value("ransom-usd"), "USD")
        return total / MINOR_UNITS[self.shop.scenario.currency]

    def debrief(self) -> Debrief:
        """The group's way beside every other one; when it is over."""
        return debrief(self.drill, self.shop.calm)
