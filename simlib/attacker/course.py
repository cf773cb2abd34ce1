"""Course: what attackers did to a shop, when, and what was done about it, written down as data.

A walk through a campaign (`simlib.attacker.process`) writes a course. Nothing in a walk depends on how many buyers came
or what they bought, so the course can be known before the shop opens: the world then lives through it
(`simlib.world`), and a finished quiet run can be charged with it (`simlib.risk`), a thousand times if need be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Final

from simlib.facts import value
from simlib.records import INCIDENTS

TASKS: Final = (
    "contain",
    "patch",
    "renew-keys",
    "restore",
    "rebuild",
    "decrypt",
    "notify",
    "tell-customers",
)
"""What a response consists of; the hours each takes are facts."""

EFFECTS: Final = INCIDENTS[INCIDENTS.index("copies_taken") :]
"""Kinds of incident that are the doing of a step."""

MEMORY: Final = "memory"
"""Where Heartbleed reads: no place of `simlib.privacy.PLACES`, for nobody keeps data there on purpose."""


@dataclass
class Incident:
    """One thing that happened.

    Attributes
    ----------
    t
        When, in days.
    attack
        Number of the attack in the run.
    step
        Name of the campaign's step, empty if none.
    kind
        One of `simlib.records.INCIDENTS`.
    what
        Control, detector, place, precondition or decision, by kind.
    amount
        Minor units or a count, by kind.
    """

    t: float
    attack: int
    step: str
    kind: str
    what: str = ""
    amount: int = 0


@dataclass
class Span:
    """Something that lasts: a diversion, a stop, a place without its data.

    Attributes
    ----------
    attack, step
        Whose doing.
    since, until
        In days; ``inf`` while no end is known.
    place
        Which place, for data that are gone; otherwise empty.
    """

    attack: int
    step: str
    since: float
    until: float = inf
    place: str = ""

    def end(self, t: float) -> None:
        """It ends at `t`, unless it has ended before."""
        self.until = max(self.since, min(self.until, t))


@dataclass
class Take(Span):
    """Copies that are taken: what lies readable at the places at `since`, or at any time until `until`.

    Attributes
    ----------
    places
        Where.
    fields
        Sum of `simlib.privacy.Field`.
    share
        Share of the records, the newest first.
    opened
        Whether encrypted copies count as well.
    requests, seed
        Where a server's memory is read: how often it is asked, and the seed of the moments
        (`simlib.attacker.heartbleed.read_memory`).
    """

    places: tuple[str, ...] = ()
    fields: int = 0
    share: float = 1.0
    opened: bool = False
    requests: int = 0
    seed: int = 0


@dataclass
class Mispricing(Span):
    """A wrong price, and the bots that it draws.

    Attributes
    ----------
    percent
        Of the catalogue price of the article that sells best.
    orders_per_hour, hours
        Bots' orders while it stands; how long they would come.
    false
        Whether the buyers are false ones, who never mean to pay.
    """

    percent: float = 100.0
    orders_per_hour: float = 0.0
    hours: float = 0.0
    false: bool = False


@dataclass
class ChargeBacks(Span):
    """Buyers with their goods who ask their bank for the money back.

    Attributes
    ----------
    share
        Share of the card orders paid in this time.
    """

    share: float = 0.0


@dataclass
class Calls:
    """Calls to those whose orders were taken.

    Attributes
    ----------
    t, attack, step
        When, and whose doing.
    share
        Share of the persons who are called and pay.
    amount
        What each of them loses, in minor units.
    chance
        Uniform number that decides how many they are.
    wallets
        Whether it is the members' stored money that goes, rather than what they are talked into.
    """

    t: float
    attack: int
    step: str
    share: float
    amount: int
    chance: float
    wallets: bool = False


@dataclass
class Payment:
    """Money that leaves the shop's account.

    Attributes
    ----------
    t, attack, step
        When, and whose doing.
    kind
        ``theft``, ``ransom``, ``fees`` or ``penalty``.
    amount
        In minor units.
    """

    t: float
    attack: int
    step: str
    kind: str
    amount: int


@dataclass
class Work:
    """A task of the response.

    Attributes
    ----------
    attack, task
        For which attack, which of `TASKS`.
    since, until
        When it began and when it was done, in days.
    hours
        Working hours that it took.
    """

    attack: int
    task: str
    since: float
    until: float
    hours: float


@dataclass
class Notice:
    """A notice to those whose data were taken and to the authority.

    Attributes
    ----------
    attack, step
        Which attack.
    aware
        When the shop knew, in days.
    due
        By when the law wants it; ``inf`` where it does not.
    done
        When it was given; ``inf`` for never.
    told
        When the customers were told; ``inf`` for never.
    owed
        Whether anything was taken at all.
    """

    attack: int
    step: str
    aware: float
    due: float
    done: float = inf
    told: float = inf
    owed: bool = False


@dataclass
class Course:
    """Everything that attackers did and that was done about it in one stretch of time.

    Attributes
    ----------
    campaigns
        Name of the campaign of each attack.
    branches
        Branch of the attack's random streams, by attack.
    incidents
        The log, in order of time.
    takes, diversions, stops, gone, prices, charge_backs, calls, payments, work, notices
        What happened, by kind.
    """

    campaigns: list[str] = field(default_factory=list)
    branches: list[int] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)
    diversions: list[Span] = field(default_factory=list)
    stops: list[Span] = field(default_factory=list)
    gone: list[Span] = field(default_factory=list)
    prices: list[Mispricing] = field(default_factory=list)
    charge_backs: list[ChargeBacks] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def note(self, t: float, attack: int, step: str, kind: str, what: str = "", amount: int = 0) -> Incident:
        """Write an incident down."""
        row = Incident(t, attack, step, kind, what, amount)
        self.incidents.append(row)
        return row

    @property
    def is_harmless(self) -> bool:
        """Whether nothing was done to the shop and nobody had any work with it."""
        return not (
            self.takes
            or self.diversions
            or self.stops
            or self.gone
            or self.prices
            or self.charge_backs
            or self.calls
            or self.payments
            or self.work
        )

    def first(self, kind: str, attack: int | None = None) -> float:
        """When something happened for the first time, in days; ``inf`` for never."""
        return next(
            (row.t for row in self.incidents if row.kind == kind and attack in (None, row.attack)), inf
        )

    def share_paying(self, calls: Calls) -> float:
        """Share of the persons who lose money to calls; fewer if they had been told before."""
        told = any(notice.attack == calls.attack and notice.told <= calls.t for notice in self.notices)
        return calls.share * value("warned-still-pay-share") if told and not calls.wallets else calls.share

    def stopped_at(self, t: float) -> bool:
        """Whether the shop could not be reached at time `t`."""
        return any(span.since <= t < span.until for span in self.stops)


def merged(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Times that overlap as one, in order."""
    found: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found
