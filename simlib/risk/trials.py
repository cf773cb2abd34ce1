"""Trials: one quiet run, and attackers sent through it again and again, each remembered.

Lesson 06 asks the same attackers many questions: with this control, on that day, under another retention policy. What
was walked once is kept, so that a slider that is moved back and forth costs nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from math import sqrt
from typing import Final

import numpy as np

from simlib.attacker.arrivals import rates
from simlib.attacker.breach import How
from simlib.attacker.campaign import campaign, campaigns
from simlib.attacker.course import Course
from simlib.attacker.process import check_controls, course_of
from simlib.experiment import Sample, half_width, run_once
from simlib.privacy import CONTACT, littles_law, policy, web_place
from simlib.risk.hardening import mentioned
from simlib.risk.loss import Loss, QuietRun, Walks, quiet
from simlib.scenario import Attack, Attackers, Defence, Retention, Scenario
from simlib.streams import Floats, stream

LIBRARY: Final = 30
"""Walks of each kind of attack of which years are put together."""


class Trials:
    """Attackers against one shop, always the same ones: number 1, number 2, and so on.

    Parameters
    ----------
    scenario
        The shop; its own attacks and attackers are left aside.
    days
        Length of the quiet run. Unless said otherwise, attacks begin in its middle third.
    seed
        Of the quiet run, and of the first attacker.
    """

    def __init__(self, scenario: Scenario, *, days: int, seed: int) -> None:
        self.scenario, self.days, self.seed = quiet(scenario), days, seed
        self.calm = QuietRun(run_once(self.scenario, days=days, seed=seed))
        self._known: dict[tuple[str, Defence, float | None], dict[int, tuple[Course, Loss]]] = {}

    def under(self, retention: Retention) -> Trials:
        """The same shop, the same run and the same attackers under another retention policy."""
        other = object.__new__(Trials)
        other.scenario = self.scenario.model_copy(update={"retention": retention})
        other.days, other.seed = self.days, self.seed
        other.calm = QuietRun(self.calm.run, retention)
        other._known = {}
        return other

    def day(self, number: int) -> float:
        """The day on which an attacker begins if none is named."""
        luck = float(stream(self.seed + number, "attacker arrivals").random())
        return self.days / 3 * (1 + luck)

    def attacked(
        self, attack: str, number: int, defence: Defence | None = None, day: float | None = None
    ) -> Scenario:
        """The shop as one attacker meets it.

        Parameters
        ----------
        attack
            Name of the campaign.
        number
            Which attacker, from 0.
        defence
            Another defence than the shop's.
        day
            When he begins.
        """
        begins = self.day(number) if day is None else float(day)
        changes: dict[str, object] = {"attacks": (Attack(campaign=attack, day=begins),)}
        if defence is not None:
            changes["defence"] = defence
        return self.scenario.model_copy(update=changes)

    def trial(
        self, attack: str, number: int, defence: Defence | None = None, day: float | None = None
    ) -> tuple[Course, Loss]:
        """What one attacker does, and what it costs; parameters as for `attacked`."""
        (found,) = self._trials(attack, [number], defence, day)
        return found

    def _trials(
        self, attack: str, numbers: Iterable[int], defence: Defence | None, day: float | None
    ) -> list[tuple[Course, Loss]]:
        """`trial` for several attackers."""
        met = _only(mentioned(campaign(attack)), defence or self.scenario.defence)
        known = self._known.setdefault((attack, met, day), {})
        for number in numbers:
            if number not in known:
                seed = self.seed + number
                course = course_of(self.attacked(attack, number, met, day), days=self.days, seed=seed)
                known[number] = course, self.calm.charged(course, seed)
        return [known[number] for number in numbers]

    def walks(
        self, attack: str, count: int, defence: Defence | None = None, day: float | None = None
    ) -> Walks:
        """What the first so many attackers cost.

        Parameters
        ----------
        attack, defence, day
            As for `attacked`.
        count
            How many attackers.
        """
        found = self._trials(attack, range(count), defence, day)
        return Walks(tuple(loss for _course, loss in found), tuple(range(self.seed, self.seed + count)))

    def with_controls(self, controls: Iterable[str]) -> Defence:
        """The shop's defence with these controls more."""
        placed = tuple(dict.fromkeys([*self.scenario.defence.controls, *controls]))
        return self.scenario.defence.model_copy(update={"controls": placed})

    # -- what lies there at which moment ------------------------------------------------------------------------

    def found_by_day(self, days: Sequence[float]) -> Floats:
        """Orders with a name, phone or address that a thief finds in the web shop, by the day on which he looks."""
        place = web_place(self.scenario)
        look = How(int(CONTACT))
        return np.array([len(self.calm.reader.seen(place, day, day, look)[0]) for day in days], dtype=float)

    def found_by_head(self, begin: float, end: float) -> float:
        """The same number by Little's law: orders a day × days that each stays readable.

        Parameters
        ----------
        begin, end
            In days; the shop must have been running as long as orders stay before it begins.
        """
        place = web_place(self.scenario)
        return littles_law(self.calm.reader.copies, [place], begin, end, fields=CONTACT).expected

    # -- years ---------------------------------------------------------------------------------------------------

    def years(
        self,
        count: int,
        attempts_per_year: float,
        defence: Defence | None = None,
        *,
        library: int = LIBRARY,
        seed: int = 1,
    ) -> Sample:
        """What attacks cost in each of so many years, put together from attackers who were walked before.

        Attackers of each kind come at random (Poisson); each brings the loss of one out of a library of walks. Quick
        enough for a slider; `simlib.risk.years` walks each attacker anew.

        Parameters
        ----------
        count
            Number of years.
        attempts_per_year
            Attacks of all kinds that begin, a year, at a shop that all kinds may meet.
        defence
            Another defence than the shop's.
        library
            Walks of each kind to choose from.
        seed
            Of arrivals and choice; the same seed sends the same attackers against any defence.
        """
        attackers = Attackers(claims_per_year=attempts_per_year, attempts_per_claim=1)
        total = np.zeros(count)
        for name, rate in rates(self.scenario, attackers).items():
            losses = self.walks(name, library, defence).sample().numbers
            # The coming of attackers as time between them, so that a higher rate keeps those who came before.
            rng = stream(seed, "attacker arrivals", campaign(name).number)
            most = 4 + int(4 * rate)
            arrive = np.cumsum(rng.exponential(size=(count, most)), axis=1)
            which = rng.integers(library, size=(count, most))
            total += np.where(arrive < rate, losses[which], 0.0).sum(axis=1)
        return Sample(total, tuple(range(seed, seed + count)))

    def library_error(self, attempts_per_year: float, defence: Defence | None = None) -> float:
        """Half a 95 % interval of the mean year, for the walks of the library being no more than a sample."""
        attackers = Attackers(claims_per_year=attempts_per_year, attempts_per_claim=1)
        return sqrt(
            sum(
                (rate * half_width(self.walks(name, LIBRARY, defence).sample().numbers)) ** 2
                for name, rate in rates(self.scenario, attackers).items()
            )
        )


def _only(controls: Container[str], defence: Defence) -> Defence:
    """A defence as an attack meets it: of the controls in place only those on which its course may depend."""
    check_controls(defence.controls)
    met = tuple(placed for placed in defence.controls if placed.partition("@")[0] in controls)
    return defence.model_copy(update={"controls": met})


def vault_touches(shops: Sequence[Trials], count: int) -> dict[str, tuple[Walks, Walks] | None]:
    """For each of the campaigns, the same attackers with everything kept online and with the vault.

    Parameters
    ----------
    shops
        A campaign is tried at the first of these in which it is possible.
    count
        Attackers of each kind.

    Returns
    -------
    dict
        Campaign → losses when all is kept online, and with the vault; None for one that only a shop with a vault can
        meet.
    """
    found: dict[str, tuple[Walks, Walks] | None] = {}
    pairs = [_kept_and_vault(shop) for shop in shops]
    for name in sorted(campaigns(), key=lambda each: campaign(each).number):
        for kept, vault in pairs:
            if campaign(name).possible(kept.scenario):
                found[name] = kept.walks(name, count), vault.walks(name, count)
                break
            if campaign(name).possible(vault.scenario):
                found[name] = None
                break
    return found


def _kept_and_vault(shop: Trials) -> tuple[Trials, Trials]:
    """The shop with everything online, and with the vault."""
    base = shop.scenario.retention.model_copy(update={"removable_media": True})
    return shop.under(policy("keep-everything", base)), shop.under(policy("vault-at-completion", base))


HARMS = ("persons_taken", "customers", "total")
"""What a vault may lessen: persons whose data are taken, what customers lose, what the shop loses."""


def lessened(pair: tuple[Walks, Walks]) -> Mapping[str, float]:
    """Harm → share by which the vault lessens it; only what it lessens beyond chance (interval clear of zero)."""
    kept, vault = pair
    found = {}
    for harm in HARMS:
        difference = kept.less_with(vault, harm).difference
        if difference.interval()[1] < 0:
            found[harm] = -difference.mean / kept.sample(harm).mean
    return found
