"""Arrivals: when which attacker comes, on a given day or at random over the years.

At random, each campaign has a Poisson stream of its own. How often anybody tries is reckoned from claims: 1.21 % of an
insurer's small firms claim in a year (Coalition 2026), and a survey of other firms finds about 35 attacks for each such
claim (UK Cyber Security Breaches Survey 2025 over Coalition 2026). By which way they come follows the shares of initial
access in the breaches of small businesses that Verizon counted (DBIR 2026). These are three populations: insured firms
of one company, firms that were asked in the United Kingdom, and breaches from many countries. So the order of size is
all that the rate can claim.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from simlib.attacker.campaign import Campaign, campaign, campaigns
from simlib.facts import value
from simlib.scenario import Attackers, Scenario
from simlib.streams import stream, tick, to_ticks

YEAR: Final = 365.25
"""Days in a year."""

ACCESS: Final = {
    "exploit": ("T1190", "T1212"),
    "credentials": ("T1078", "T1110", "T1555", "T1133", "T1528"),
    "phishing": ("T1566", "T1598"),
}
"""Way in → techniques by which a campaign's first step is known; what begins otherwise counts as another way."""

FIRST_BRANCH: Final = 10_000
"""Random attacks have branches from here on, given ones those below; so many are kept for each campaign."""


@dataclass(frozen=True)
class Arrival:
    """One attacker.

    Attributes
    ----------
    t
        When he begins, in days.
    campaign
        What he tries.
    branch
        Branch of the random streams that is his.
    number
        Which attack of the run it is.
    """

    t: float
    campaign: Campaign
    branch: int
    number: int


def way_in(campaign: Campaign) -> str:
    """By which way a campaign begins: ``exploit``, ``credentials``, ``phishing`` or ``other``."""
    first = (*campaign.steps[0].techniques, *campaign.techniques)
    for technique in first:
        for way, techniques in ACCESS.items():
            if technique.startswith(techniques):
                return way
    return "other"


def rates(scenario: Scenario, attackers: Attackers) -> dict[str, float]:
    """How often a year each campaign is tried at this shop; campaigns that are impossible there are not tried.

    The rate of a way in is shared equally by its campaigns. A way for which the shop has none is not given to others.
    """
    return {
        name: attackers.attempts_per_year * share / count
        for name, (share, count) in _parts().items()
        if campaign(name).possible(scenario)
    }


@lru_cache
def _parts() -> dict[str, tuple[float, int]]:
    """Campaign → share of its way in, and number of campaigns that begin so: the same in every shop."""
    shares = {way: float(value(f"access-{way}-share")) for way in ACCESS}
    shares["other"] = 1 - sum(shares.values())
    ways = {name: way_in(campaign(name)) for name in campaigns()}
    count = Counter(ways.values())
    return {name: (shares[way], count[way]) for name, way in ways.items()}


def arriving(scenario: Scenario, days: int, seed: int) -> list[Arrival]:
    """All attackers of a run: those of given days first, then those who come at random, in order of time.

    Attacks of days after the end keep their number; they just do not begin.

    Raises
    ------
    SafeShopError
        If the scenario names a campaign that does not exist.
    """
    given = [
        (tick(attack.day), campaign(attack.campaign), branch)
        for branch, attack in enumerate(scenario.attacks)
    ]
    return [
        Arrival(t, what, branch, number)
        for number, (t, what, branch) in enumerate([*given, *_at_random(scenario, days, seed)])
    ]


def _at_random(scenario: Scenario, days: int, seed: int) -> list[tuple[float, Campaign, int]]:
    if scenario.attackers is None:
        return []
    found: list[tuple[float, Campaign, int]] = []
    for name, per_year in rates(scenario, scenario.attackers).items():
        what = campaign(name)
        branch = FIRST_BRANCH + what.number * 1000
        rng = stream(seed, "attacker arrivals", branch)
        # Intervals one by one, so that a longer run begins with the same attackers.
        t, count = 0.0, 0
        while per_year > 0 and count < 1000:
            t += rng.exponential(YEAR / per_year)
            if t >= days:
                break
            found.append((float(to_ticks(t)), what, branch + count))  # type: ignore[arg-type]
            count += 1
    return sorted(found, key=lambda row: (row[0], row[2]))
