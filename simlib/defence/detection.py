"""Detection: which of the detectors that watch a step notice it, and when the owner knows.

A detector that needs a control (a log that is kept, a notice that is switched on) is blind without it, and what the
shop's own detectors show is worth nothing if nobody looks. What nobody notices in time comes out by itself one day, on
average weeks later (`simlib.attacker.chance.AttackChance.dwell`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlib.scenario import Defence, Scenario

if TYPE_CHECKING:
    from simlib.attacker.campaign import Sight, Step
    from simlib.attacker.chance import StepChance


def watching(sight: Sight, defence: Defence) -> bool:
    """Whether a detector could notice anything in this shop."""
    if sight.by == "own" and not defence.watches:
        return False
    return sight.needs is None or defence.has(sight.needs, sight.device)


def notices(step: Step, chance: StepChance, defence: Defence) -> Iterator[tuple[float, str, str]]:
    """Who notices a step that succeeded.

    Parameters
    ----------
    step, chance
        The step and its luck.
    defence
        The shop's.

    Yields
    ------
    tuple
        Days from the step until the owner knows, the detector, and who tells him.
    """
    for sight, luck in zip(step.seen_by, chance.sightings, strict=True):
        if luck.uniform < sight.hit and watching(sight, defence):
            yield luck.after, sight.detector, sight.by


def stopping(step: Step, chance: StepChance, defence: Defence) -> str | None:
    """The first control in place that stops a step, as it is named in the campaign; None if none does."""
    for stop, uniform in zip(step.stopped_by, chance.stops, strict=True):
        if uniform < stop.share and defence.has(stop.control, stop.device):
            return stop.control
    return None


def detectors_in_use(scenario: Scenario) -> tuple[str, ...]:
    """Detectors that watch this shop for any campaign that is possible there, in alphabetical order."""
    # Imported here: campaigns and detectors are read by those who walk, and this module is used by them.
    from simlib.attacker.campaign import campaign, campaigns

    return tuple(
        sorted(
            {
                sight.detector
                for name in campaigns()
                if campaign(name).possible(scenario)
                for step in campaign(name).steps
                for sight in step.seen_by
                if watching(sight, scenario.defence)
            }
        )
    )


def false_alarm_hours(scenario: Scenario) -> float:
    """Working hours a year that go into alarms without an attack: the price of having detectors."""
    from simlib.attacker.detectors import detector

    return sum(detector(name).false_hours_per_year for name in detectors_in_use(scenario))
