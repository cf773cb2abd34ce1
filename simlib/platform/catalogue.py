"""Catalogue: platforms by market, trade model and country, as data with source and year (row A6).

Most names come from a talk for small businesses held in 2014, and platforms come and go. So each entry says who named
it and when, and, where known, what has become of it; the latter from general knowledge, marked as an assumption.
Nothing here is a recommendation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from simlib.facts import Fact, all_facts
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.platform.roles import TRADES

MARKETS: Final = ("domestic", "import", "export")
"""Seen from the buyers' country: they buy at home, they buy from abroad; or seen from the seller's: he sells abroad."""

WORLD: Final = "world"
"""Place of platforms whose buyers sit in many countries."""

PREFIX: Final = "platform-of-"
"""Facts whose id begins so describe one platform each."""


@dataclass(frozen=True)
class Platform:
    """One platform.

    Attributes
    ----------
    name
        What it is called, as a rule its address.
    markets
        Of `MARKETS`.
    trades
        Of `simlib.platform.roles.TRADES`.
    place
        Where its buyers are: two letters of the country, ``eu``, or `WORLD`.
    operator
        Of `simlib.platform.roles.OPERATORS`.
    leader
        Whether the source names it as the leader of its country.
    sells_online
        False for a directory in which buyers and sellers only find each other.
    fact
        Where the entry comes from.
    since
        What has become of it: closed, sold, renamed or merged; empty if nothing is known.
    since_fact
        Where that comes from.
    """

    name: str
    markets: tuple[str, ...]
    trades: tuple[str, ...]
    place: str
    operator: str
    leader: bool
    sells_online: bool
    fact: Fact
    since: str = ""
    since_fact: Fact | None = None

    def sentence(self) -> str:
        """The entry in one sentence with its year and trustworthiness, in the reader's language."""
        named = (
            _("{name}: named in a source of {year}.")
            if self.fact.status == "verified"
            else _("{name}: general knowledge of {year}, unverified.")
        ).format(name=self.name, year=self.fact.year)
        if not self.since_fact:
            return named
        return named + _(" Since then {change} ({year}, unverified).").format(
            change=_changes()[self.since], year=self.since_fact.year
        )


@lru_cache
def platforms() -> tuple[Platform, ...]:
    """All platforms, in the order of the facts."""
    facts = all_facts()
    return tuple(_platform(fact, facts) for name, fact in facts.items() if name.startswith(PREFIX))


def find(
    market: str | None = None,
    trade: str | None = None,
    place: str | None = None,
    *,
    closed: bool = False,
    leaders: bool = False,
) -> tuple[Platform, ...]:
    """Platforms that fit; what is left out is not asked for.

    Parameters
    ----------
    market
        One of `MARKETS`.
    trade
        One of `simlib.platform.roles.TRADES`.
    place
        Where the buyers are; platforms of the whole world always fit.
    closed
        Whether those known to have closed are listed, too.
    leaders
        Only those that the source names as their country's leaders.

    Returns
    -------
    tuple
        Empty if none is known.

    Raises
    ------
    SafeShopError
        If market, trade or place is unknown.
    """
    if market is not None:
        one_of(_("The market"), market, MARKETS)
    if trade is not None:
        one_of(_("The trade model"), trade, TRADES)
    if place is not None:
        one_of(_("The place"), place, places())
    return tuple(
        platform
        for platform in platforms()
        if (market is None or market in platform.markets)
        and (trade is None or trade in platform.trades)
        and (place is None or platform.place in (place, WORLD))
        and (closed or platform.since != "closed")
        and (platform.leader or not leaders)
    )


def places() -> tuple[str, ...]:
    """All places with a platform of their own, and `WORLD`, in alphabetical order."""
    return tuple(sorted({platform.place for platform in platforms()}))


def _platform(fact: Fact, facts: Mapping[str, Fact]) -> Platform:
    entry = fact.value
    change = facts.get(fact.id.replace(PREFIX, "since-of-", 1))
    return Platform(
        name=entry["name"],
        markets=tuple(entry["markets"]),
        trades=tuple(entry["trades"]),
        place=entry["place"],
        operator=entry["operator"],
        leader=entry.get("leader", False),
        sells_online=entry.get("sells_online", True),
        fact=fact,
        since=change.value if change else "",
        since_fact=change,
    )


def _changes() -> dict[str, str]:
    return {
        "closed": _("closed"),
        "merged": _("merged with another company"),
        "sold": _("sold to a new owner"),
        "renamed": _("renamed"),
    }
