"""Chance: everything that luck decides about one attack, drawn before it begins.

Each purpose has a stream of its own, each attack a branch of it, and a number is drawn for every control and detector
that a campaign names, in place or not. So the same attacker meets the shop with a control and without it: what the
control stops is exactly the difference (common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simlib.attacker.campaign import Campaign
from simlib.attacker.course import TASKS
from simlib.facts import value
from simlib.scenario import Duration
from simlib.streams import Floats, stream, tick, times_from_normal

EFFECT_DRAWS = 2
"""Uniform and normal numbers kept for each effect."""

LUCK = ("restore", "key", "returns", "returns_after")
"""What luck decides in a response, besides the time that tasks take."""


@dataclass(frozen=True)
class Sighting:
    """What a detector's luck with one step is.

    Attributes
    ----------
    uniform
        Below the detector's hit rate, it notices.
    after
        From the step to the owner's knowing, in days.
    """

    uniform: float
    after: float


@dataclass(frozen=True)
class StepChance:
    """What chance decides about one step.

    Attributes
    ----------
    success
        Uniform number; below the step's chance it would succeed where nothing stands in its way.
    lasts
        Time that it takes, in days.
    stops
        Uniform numbers, one a control; below its share the control stops the step.
    sightings
        One a detector.
    effects
        One row of uniform numbers an effect.
    sizes
        One row of normal numbers an effect.
    """

    success: float
    lasts: float
    stops: list[float]
    sightings: list[Sighting]
    effects: list[list[float]]
    sizes: list[list[float]]


@dataclass(frozen=True)
class AttackChance:
    """What chance decides about one attack.

    Attributes
    ----------
    steps
        One entry a step.
    dwell
        Days from the first success until it comes out by itself, if no detector notices anything.
    found_by
        Who tells then: ``own``, ``outsider`` or ``attacker``.
    tasks
        How long each of `TASKS` takes, in hours.
    luck
        Uniform number for each of `LUCK`.
    """

    steps: list[StepChance]
    dwell: float
    found_by: str
    tasks: dict[str, float]
    luck: dict[str, float]


# Kept: the same attack is often walked again, with one control more.
@lru_cache(maxsize=4096)
def attack_chance(campaign: Campaign, seed: int, branch: int) -> AttackChance:
    """Draw the chance of one attack.

    Parameters
    ----------
    campaign
        What is tried.
    seed
        Seed of the run.
    branch
        Which attack of the run it is.
    """
    steps = campaign.steps
    stops = _rows(stream(seed, "attack stops", branch), [len(step.stopped_by) for step in steps])
    seen = _rows(stream(seed, "attack sightings", branch), [len(step.seen_by) for step in steps])
    success = stream(seed, "attack steps", branch).random(len(steps)).tolist()
    steps_last, told_after = _kinds_of_time(campaign)
    lasts = _times(steps_last, stream(seed, "attack times", branch))
    delays = iter(_times(told_after, stream(seed, "attack sighting delays", branch)))
    effects, sizes = stream(seed, "attack effects", branch), stream(seed, "attack effect sizes", branch)
    drawn = []
    for number, step in enumerate(steps):
        shape = (len(step.effects), EFFECT_DRAWS)
        drawn.append(
            StepChance(
                success[number],
                lasts[number],
                stops[number],
                [Sighting(uniform, next(delays)) for uniform in seen[number]],
                effects.random(shape).tolist() if step.effects else [],
                sizes.standard_normal(shape).tolist() if step.effects else [],
            )
        )
    dwell, found_by = _dwell(stream(seed, "attack dwell", branch).random(3).tolist())
    luck = stream(seed, "attack response", branch).random(len(LUCK)).tolist()
    return AttackChance(
        drawn,
        dwell,
        found_by,
        _task_hours(stream(seed, "attack response times", branch)),
        dict(zip(LUCK, luck, strict=True)),
    )


def _rows(rng: np.random.Generator, lengths: Sequence[int]) -> list[list[float]]:
    numbers = iter(rng.random(sum(lengths)).tolist())
    return [[next(numbers) for _entry in range(length)] for length in lengths]


Spread = tuple[Floats, Floats]
"""Mean and standard deviation of the logarithm of some times in days (`simlib.streams.times_from_normal`)."""


@lru_cache(maxsize=64)
def _kinds_of_time(campaign: Campaign) -> tuple[Spread, Spread]:
    """How long steps last, and how long after them detectors tell."""
    steps = campaign.steps
    return (
        _spread([step.lasts for step in steps]),
        _spread([sight.after for step in steps for sight in step.seen_by]),
    )


def _spread(kinds: Sequence[Duration]) -> Spread:
    variance = np.log1p(np.square([kind.spread for kind in kinds]))
    return np.log([kind.mean_days for kind in kinds]) - variance / 2, np.sqrt(variance)


def _times(spread: Spread, rng: np.random.Generator) -> list[float]:
    """One time of each kind, in days."""
    location, scale = spread
    if not len(location):
        return []
    days: list[float] = times_from_normal(location, scale, rng.standard_normal(len(location))).tolist()
    return days


@lru_cache
def _dwell_classes() -> tuple[Floats, Sequence[dict[str, float]]]:
    """Shares of the attacks that are known by the end of each class, and the classes."""
    classes = value("dwell-days")
    below = np.cumsum([row["share"] for row in classes])
    return below / below[-1], classes


def _dwell(uniform: Sequence[float]) -> tuple[float, str]:
    """How long an attack stays unknown that no detector notices, and who tells then (M-Trends' classes)."""
    below, classes = _dwell_classes()
    row = classes[int(np.searchsorted(below, uniform[0], side="right"))]
    days = tick(row["from"] * (row["to"] / row["from"]) ** uniform[1])
    inside, told = value("dwell-found-inside-share"), value("dwell-told-by-attacker-share")
    return days, "own" if uniform[2] < inside else "attacker" if uniform[2] < inside + told else "outsider"


@lru_cache
def _kinds_of_task() -> Spread:
    """How long tasks take."""
    mean = np.array([value(f"{task}-hours") for task in TASKS], dtype=float) / 24
    variance = np.log1p(np.square(value("response-spread")))
    return np.log(mean) - variance / 2, np.sqrt(variance)


def _task_hours(rng: np.random.Generator) -> dict[str, float]:
    location, scale = _kinds_of_task()
    hours = 24 * times_from_normal(location, scale, rng.standard_normal(len(TASKS)))
    return dict(zip(TASKS, hours.tolist(), strict=True))
