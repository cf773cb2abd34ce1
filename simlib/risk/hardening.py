"""Hardening: which settings of one's own devices to change next, by simulated loss avoided for an hour of work.

Every kind of attack that this shop may meet is tried many times against the devices as they are, and the very same
attacks (same day, same luck) against the devices with one setting more. What differs is what the setting is worth:
loss per attempt × attempts a year. The rate comes from reports on several kinds of firms
(`simlib.attacker.arrivals`), so the order of the settings says more than the amounts.

What an attack comes to depends on the controls only through which of them stop a step, which detectors see and which
backups are left. Attempts for which none of this differs are not walked again; that makes thousands of combinations
affordable (`tests/risk/test_hardening.py` proves it changes nothing).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import sqrt
from typing import Any, Final

import numpy as np

from simlib.attacker.arrivals import rates
from simlib.attacker.campaign import Campaign, Destroy, Encrypt, campaign
from simlib.attacker.campaign import Step as CampaignStep
from simlib.attacker.chance import StepChance, attack_chance
from simlib.attacker.course import EFFECTS, Course
from simlib.attacker.process import MOST_RETURNS, RETURN_BRANCH, course_of, may_return
from simlib.defence.devices import (
    Devices,
    controls_in_place,
    controls_known,
    device_label,
    settings,
    settings_for,
)
from simlib.experiment import half_width, run_once
from simlib.facts import value
from simlib.languages import _
from simlib.risk.loss import QuietRun, quiet
from simlib.scenario import Attack, Attackers, Scenario
from simlib.streams import Floats

BACKUP_CONTROLS: Final = ("11.2", "11.4", "offline-vault")
"""Controls that decide what can be restored (`simlib.attacker.process.Case.backups_left`)."""

GOLDEN: Final = (5**0.5 - 1) / 2
"""Its multiples' fractions lie evenly in [0, 1), however many there are."""

MOST_SHOPS: Final = 4
"""Shops whose attempts are kept in memory."""

Has = Callable[..., bool]
"""Whether a control is in place (at a device): `simlib.scenario.Defence.has`."""

NEXT: Final = 3
"""How many settings are proposed."""


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval, in units of the shop's currency a year.

    Attributes
    ----------
    mean, low, high
        The estimate.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Step:
    """One thing to do: the settings that together put a control in place, on one device or wherever it is missing.

    Most steps are a single setting. Where two settings carry the same control, one alone protects nothing; and some
    controls help only if they stand everywhere, as a backup does.

    Attributes
    ----------
    places
        (device, setting) of each setting to put right.
    hours
        Work.
    avoided
        Loss avoided a year.
    """

    places: tuple[tuple[str, str], ...]
    hours: float
    avoided: Estimate

    @property
    def per_hour(self) -> float:
        """Loss avoided in the first year for each hour of work, in currency units."""
        return self.avoided.mean / self.hours

    @property
    def is_sure(self) -> bool:
        """Whether the interval of what it avoids lies above zero."""
        return self.avoided.low > 0

    def label(self) -> str:
        """What to set where, in the reader's language."""
        where: dict[str, list[str]] = {}
        for device, name in self.places:
            where.setdefault(settings()[name].title, []).append(device_label(device))
        return _("; ").join(
            _("{setting} ({devices})").format(setting=title, devices=_(", ").join(devices))
            for title, devices in where.items()
        )

    def how(self, system: str) -> str:
        """What to do, in the reader's language, each sentence once.

        Parameters
        ----------
        system
            Of the computer.
        """
        return " ".join(dict.fromkeys(settings()[name].how(device, system) for device, name in self.places))


@dataclass(frozen=True)
class _StepLuck:
    """What luck leaves to the controls in one step.

    Attributes
    ----------
    stops
        (control, device) of each control that would stop it.
    succeeds
        Whether it succeeds if none does.
    needs
        (control, device) of each detector that would notice it, were it not blind.
    comes_out
        Whether the shop can learn of it at all, if it succeeds: a detector may notice it, or it does something.
    destroys
        Whether data are gone if it succeeds, so that backups matter.
    """

    stops: tuple[tuple[str, str | None], ...]
    succeeds: bool
    needs: tuple[tuple[str, str | None], ...]
    comes_out: bool
    destroys: bool


def _step_luck(step: CampaignStep, chance: StepChance) -> _StepLuck:
    stops = zip(step.stopped_by, chance.stops, strict=True)
    seen = [
        sight for sight, luck in zip(step.seen_by, chance.sightings, strict=True) if luck.uniform < sight.hit
    ]
    return _StepLuck(
        tuple((stop.control, stop.device) for stop, uniform in stops if uniform < stop.share),
        chance.success < step.chance,
        tuple((sight.needs, sight.device) for sight in seen if sight.needs),
        comes_out=bool(seen or step.effects),
        destroys=any(isinstance(effect, Encrypt | Destroy) for effect in step.effects),
    )


class _Memory:
    """What is known of a shop's attempts, kept for everybody who asks about the same shop and seed.

    Attributes
    ----------
    calm
        The quiet run that is charged.
    lucks, known
        By kind of attack and attempt: what luck leaves to the controls, and the loss by what the controls did.
    """

    def __init__(self, scenario: Scenario, days: int, seed: int) -> None:
        self.calm = QuietRun(run_once(scenario, days=days, seed=seed))
        self.lucks: dict[tuple[str, int], tuple[tuple[_StepLuck, ...], ...]] = {}
        self.known: dict[Any, float] = {}


_memories: dict[tuple[str, int, int], _Memory] = {}


def _memory(scenario: Scenario, days: int, seed: int) -> _Memory:
    key = (scenario.to_yaml(), days, seed)
    if key not in _memories:
        while len(_memories) >= MOST_SHOPS:
            del _memories[next(iter(_memories))]
        _memories[key] = _Memory(scenario, days, seed)
    return _memories[key]


class Losses:
    """What attacks cost this shop under any set of controls, always with the same attacks.

    The shop's own loss (`Loss.total`) counts. Payouts that are turned aside, prices that stand wrong and thieves who
    stay cost more each day until the owner knows. Stolen data do not: no source we have says what an unknown theft
    costs the shop a day, the law's clock for a notice starts when it is known, and being told late is paid for by the
    customers (`Loss.customers`), whom a warning spares part of it. So what only lets the owner know sooner is worth
    more than its loss avoided says.

    Parameters
    ----------
    scenario
        The shop; its own attacks, attackers and controls are left aside.
    walks
        Attempts in all (about); more make the intervals narrower.
    seed
        The same seed, the same attempts.
    """

    def __init__(self, scenario: Scenario, *, walks: int | None = None, seed: int = 1) -> None:
        pilot = value("hardening-pilot-share")
        self.walks = int(walks or value("hardening-walks"))
        self.days = int(value("hardening-days"))
        self.seed = seed
        self.scenario = quiet(scenario)
        self.rates: dict[str, float] = rates(self.scenario, Attackers())
        """Kind of attack → attempts a year."""
        self._memory = _memory(self.scenario, self.days, seed)
        self._numbers: dict[Any, Floats] = {}
        self.attempts = dict.fromkeys(self.rates, max(2, round(pilot * self.walks / max(1, len(self.rates)))))
        """Kind of attack → attempts that are walked."""
        self._share_out()

    def _share_out(self) -> None:
        """Give the attempts that are left to the kinds of attack that make the sum uncertain (Neyman's allocation)."""
        weight = {name: rate * float(self.numbers(name, ()).std()) for name, rate in self.rates.items()}
        left = self.walks - sum(self.attempts.values())
        for name, own in weight.items():
            if own > 0 and left > 0:
                self.attempts[name] += round(left * own / sum(weight.values()))
        self._numbers.clear()

    def start(self, walk: int) -> float:
        """The day on which an attempt begins, spread evenly over some weeks and all hours."""
        first, last = float(value("hardening-first-day")), float(value("hardening-last-day"))
        return first + (last - first) * (walk * GOLDEN % 1)

    def numbers(self, name: str, controls: Iterable[str], attempts: int | None = None) -> Floats:
        """Loss of each attempt of one kind of attack, in currency units.

        Parameters
        ----------
        name
            Kind of attack.
        controls
            What is in place, as `Scenario.defence.controls`.
        attempts
            How many; `attempts` of this kind if left out.
        """
        what = campaign(name)
        count = attempts or self.attempts[name]
        relevant = tuple(sorted(one for one in controls if one.partition("@")[0] in mentioned(what)))
        key = (name, relevant, count)
        if key not in self._numbers:
            shop = _defended(self.scenario, relevant)
            has = cache(shop.defence.has)
            self._numbers[key] = np.array(
                [self._loss(what, shop, walk, has) for walk in range(count)], dtype=np.float64
            )
        return self._numbers[key]

    def _loss(self, what: Campaign, shop: Scenario, walk: int, has: Has | None = None) -> float:
        key = (what.name, walk, self._signature(what, walk, has or shop.defence.has))
        known = self._memory.known
        if key not in known:
            known[key] = self.walked(what, shop, walk)
        return known[key]

    def walked(self, what: Campaign, shop: Scenario, walk: int) -> float:
        """Loss of one attempt, walked and charged without any short cut, in currency units."""
        return self._memory.calm.charged(self.course(what, shop, walk), self._seed(walk)).total

    def course(self, what: Campaign, shop: Scenario, walk: int) -> Course:
        """What happens in one attempt."""
        attack = Attack(campaign=what.name, day=self.start(walk))
        attacked = shop.model_copy(update={"attacks": (attack,)})
        return course_of(attacked, days=self.days, seed=self._seed(walk))

    def _seed(self, walk: int) -> int:
        return self.seed + walk

    def _signature(self, what: Campaign, walk: int, has: Has) -> tuple[Any, ...]:
        """All that the controls change about one attempt and about those with which the attacker may return."""
        found: list[Any] = []
        for turn in self._luck(what, walk):
            comes_out = destroys = False
            for step in turn:
                stopped = next((place for place, stop in enumerate(step.stops) if has(*stop)), None)
                found.append(stopped)
                if stopped is not None or not step.succeeds:
                    break
                found.extend(has(*needed) for needed in step.needs)
                comes_out |= step.comes_out
                destroys |= step.destroys
            if destroys:
                found.extend(has(control) for control in BACKUP_CONTROLS)
            if not comes_out:
                # Nobody shuts him out of whom nobody knows, so he has no reason to come back.
                break
        return tuple(found)

    def _luck(self, what: Campaign, walk: int) -> tuple[tuple[_StepLuck, ...], ...]:
        """What luck leaves to the controls, step by step, in an attempt and in each return that luck allows."""
        lucks = self._memory.lucks
        if (what.name, walk) not in lucks:
            turns = []
            for turn in range(MOST_RETURNS + 1):
                chance = attack_chance(what, self._seed(walk), turn * RETURN_BRANCH)
                turns.append(tuple(map(_step_luck, what.steps, chance.steps)))
                if not may_return(chance, turn):
                    break
            lucks[what.name, walk] = tuple(turns)
        return lucks[what.name, walk]

    def by_attack(self, controls: Iterable[str] = ()) -> dict[str, float]:
        """Expected loss a year from each kind of attack, in currency units."""
        placed = tuple(controls)
        return {name: rate * float(self.numbers(name, placed).mean()) for name, rate in self.rates.items()}

    def harmful_share(self, name: str, controls: Iterable[str] = ()) -> float:
        """Share of the attempts of one kind of attack that cost the shop anything."""
        return float((self.numbers(name, controls, int(value("hardening-shown"))) > 0).mean())

    def days_until_known(self, name: str, controls: Iterable[str] = ()) -> Floats:
        """Days from an attacker's first success to the owner's knowing, of each attempt.

        Parameters
        ----------
        name
            Kind of attack.
        controls
            What is in place.

        Returns
        -------
        numpy.ndarray
            ``inf`` where he did not learn of it within the run, ``nan`` where the attempt did nothing to the
            shop: of an attacker who came in and gave up there may be nothing to learn.
        """
        shop = _defended(self.scenario, tuple(controls))
        found = []
        for walk in range(int(value("hardening-shown"))):
            course = self.course(campaign(name), shop, walk)
            began = course.first("succeeded")
            known = min(course.first("seen"), course.first("found_late"))
            harmed = any(row.kind in EFFECTS for row in course.incidents)
            found.append(known - began if harmed else float("nan"))
        return np.array(found, dtype=np.float64)

    def yearly(self, controls: Iterable[str] = ()) -> Estimate:
        """Expected loss a year."""
        placed = tuple(controls)
        return self._estimate({name: self.numbers(name, placed) for name in self.rates})

    def avoided(self, before: Iterable[str], after: Iterable[str]) -> Estimate:
        """Loss avoided a year by going from one set of controls to another, attempt by attempt."""
        old, new = tuple(before), tuple(after)
        return self._estimate(
            {name: self.numbers(name, old) - self.numbers(name, new) for name in self.rates}
        )

    def _estimate(self, numbers: Mapping[str, Floats]) -> Estimate:
        mean = sum(self.rates[name] * float(row.mean()) for name, row in numbers.items())
        # Kinds of attack are independent, so their variances add.
        half = sqrt(sum((self.rates[name] * half_width(row)) ** 2 for name, row in numbers.items()))
        return Estimate(mean, mean - half, mean + half)


@lru_cache(maxsize=64)
def mentioned(what: Campaign) -> frozenset[str]:
    """Every control on which the course of a campaign may depend."""
    stops = (stop.control for step in what.steps for stop in step.stopped_by)
    needs = (sight.needs for step in what.steps for sight in step.seen_by if sight.needs)
    return frozenset((*stops, *needs, *BACKUP_CONTROLS))


def _defended(scenario: Scenario, controls: Sequence[str]) -> Scenario:
    defence = scenario.defence.model_copy(update={"controls": tuple(controls)})
    return scenario.model_copy(update={"defence": defence})


def possible_steps(devices: Devices) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Sets of (device, setting) that would put one more control in place, on one device or everywhere, each once."""

    def missing(control: str, device: str) -> list[tuple[str, str]]:
        return [
            (device, name) for name in settings_for(control, device) if devices.state(device, name) != "pass"
        ]

    found: dict[tuple[tuple[str, str], ...], None] = {}
    for control, possible in controls_known().items():
        here = [missing(control, device) for device in possible if device in devices.has]
        for places in (*here, list(itertools.chain(*here))):
            if places:
                found.setdefault(tuple(places))
    return tuple(found)


def rank_settings(devices: Devices, losses: Losses) -> tuple[Step, ...]:
    """Every step that is possible now, the one that avoids most for an hour of work first.

    Steps whose interval reaches down to zero come after all those of which the simulation is sure. A step of several
    settings is left out if some of them avoid as much.

    Parameters
    ----------
    devices
        The learner's; what is unknown counts as not set.
    losses
        Of his shop.
    """
    before = controls_in_place(devices)
    steps = []
    for places in possible_steps(devices):
        after = controls_in_place(devices.with_states(dict.fromkeys(places, "pass")))
        hours = sum(settings()[name].hours for _device, name in places)
        steps.append(Step(places, hours, losses.avoided(before, after)))
    useful = [step for step in steps if not any(_no_less(other, step) for other in steps)]
    return tuple(sorted(useful, key=lambda step: (not step.is_sure, -step.per_hour)))


def _no_less(other: Step, step: Step) -> bool:
    """Whether a smaller part of a step already avoids as much as the whole."""
    return set(other.places) < set(step.places) and other.avoided.mean >= step.avoided.mean


def next_settings(devices: Devices, losses: Losses, count: int = NEXT) -> tuple[Step, ...]:
    """What to do next, one after the other: each step is chosen with those before it done.

    Parameters
    ----------
    devices, losses
        As for `rank_settings`.
    count
        How many; fewer come if nothing more helps.
    """
    chosen: list[Step] = []
    while len(chosen) < count:
        ranked = rank_settings(devices, losses)
        if not ranked or ranked[0].avoided.mean <= 0:
            break
        chosen.append(ranked[0])
        devices = devices.with_states(dict.fromkeys(ranked[0].places, "pass"))
    return tuple(chosen)


def best_of(ranked: Sequence[Step], candidates: Mapping[str, tuple[str, str]]) -> str:
    """Which of some single settings avoids most for an hour of work.

    Parameters
    ----------
    ranked
        From `rank_settings`.
    candidates
        What it is called → (device, setting).

    Returns
    -------
    str
        Its name; the first one if none avoids anything.
    """
    worth = {step.places[0]: step.per_hour for step in ranked if len(step.places) == 1}
    return max(candidates, key=lambda name: worth.get(candidates[name], 0.0))
