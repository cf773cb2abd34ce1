"""Strength: what controls take from an attack's chance, by arithmetic instead of dice.

A campaign succeeds if every step does; a step succeeds with its own chance if none of the controls in place stops it,
and each of these stops its share whatever the others do. So the chances multiply. That is how the walk decides
(`simlib.attacker.process`), seen without time: an attacker who is found out in between does worse than this.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Final

from simlib.attacker.campaign import Campaign, campaign_sources
from simlib.facts import Fact
from simlib.scenario import Defence

JUDGED: Final = "Safe Shop Lab"
"""Source of the figures that nobody has measured."""


def success(campaign: Campaign, defence: Defence | None = None) -> float:
    """Chance that an attack comes to its end, in a shop that meets its preconditions and notices nothing.

    Parameters
    ----------
    campaign
        The attack.
    defence
        What is in place; nothing if left out.
    """
    defence = defence or Defence()
    return prod(
        step.chance
        * prod(1 - stop.share for stop in step.stopped_by if defence.has(stop.control, stop.device))
        for step in campaign.steps
    )


def stopped_share(campaign: Campaign, control: str) -> float:
    """Share of the attacks which a control stops if it is the only one, in place everywhere; 0 for one that does not.

    Of attacks which would have come to their end otherwise.
    """
    return 1 - prod(
        1 - stop.share for step in campaign.steps for stop in step.stopped_by if stop.control == control
    )


def stopping_controls(campaign: Campaign) -> dict[str, float]:
    """Control → `stopped_share`, the strongest first; among equals in the order of the steps."""
    names = dict.fromkeys(stop.control for step in campaign.steps for stop in step.stopped_by)
    shares = {name: stopped_share(campaign, name) for name in names}
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def stop_facts(campaign: Campaign, control: str) -> tuple[Fact, ...]:
    """The facts that say how much a control stops of a ready-made campaign, step by step.

    A figure that a study measured has the study as its source; what nobody has measured, the project judged.
    """
    origin = _origin(campaign.name)
    return tuple(
        origin[path]
        for number, step in enumerate(campaign.steps)
        for place, stop in enumerate(step.stopped_by)
        if stop.control == control and (path := f"steps.{number}.stopped_by.{place}.share") in origin
    )


def is_measured(campaign: Campaign, control: str) -> bool:
    """Whether a study measured all that a control stops of a ready-made campaign."""
    found = stop_facts(campaign, control)
    return bool(found) and all(known.source != JUDGED for known in found)


@lru_cache(maxsize=64)
def _origin(name: str) -> dict[str, Fact]:
    return campaign_sources(name)
