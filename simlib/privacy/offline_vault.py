"""What an offline vault stops and what not, in numbers: ways to its data, attacks it never meets, room, roll-out.

Nothing of the vault itself is imported: these are statements *about* it, which its own tests and the lesson's
experiments (stolen disk, stolen stick, changed byte) bear out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _

# -- bytes that somebody stole

_BEGINNING: Final = 4


@dataclass(frozen=True)
class Search:
    """What a search for known texts in raw bytes brought.

    Attributes
    ----------
    size
        Bytes searched.
    sought, found
        Different texts looked for, and how many of them occur at least once.
    entropy
        Shannon entropy of the byte values, in bits a byte: 8 for bytes without any pattern, about 4 to 5 for text.
    """

    size: int
    sought: int
    found: int
    entropy: float


def search(data: bytes, texts: Iterable[str]) -> Search:
    """Look for texts in bytes, as UTF-8.

    Parameters
    ----------
    data
        Whatever was stolen.
    texts
        What a thief would be after: names, addresses, numbers. Empty ones are left out.
    """
    sought = {text.encode("utf-8") for text in texts if text}
    # Thousands of texts in a million bytes: first those are left out whose first four bytes occur nowhere.
    there = set(_beginnings(data).tolist())
    found = sum(
        text in data
        for text in sought
        if len(text) < _BEGINNING or int.from_bytes(text[:_BEGINNING], "little") in there
    )
    return Search(len(data), len(sought), found, entropy(data))


def _beginnings(data: bytes) -> npt.NDArray[np.uint32]:
    """Each four bytes in a row, as a number, once."""
    view = np.frombuffer(data, np.uint8).astype(np.uint32)
    if len(view) < _BEGINNING:
        return np.empty(0, np.uint32)
    rows = [view[place : len(view) - _BEGINNING + 1 + place] << (8 * place) for place in range(_BEGINNING)]
    return np.unique(rows[0] | rows[1] | rows[2] | rows[3])


def entropy(data: bytes) -> float:
    """Shannon entropy of the byte values, in bits a byte (C. E. Shannon, Bell System Technical Journal 27, 1948)."""
    counts = Counter(data).values()
    return -sum(count / len(data) * math.log2(count / len(data)) for count in counts) if data else 0.0


# -- guessing a password


def guesses_per_second(memory_kib: int, passes: int, gigabytes_per_second: float) -> float:
    """The most Argon2id passwords a machine can try in a second.

    Each pass writes every block and reads another one for it (RFC 9106, section 3.1.2), so a guess moves at
    least 2 × memory × passes through the machine's memory, and memory is what limits a graphics card.

    Parameters
    ----------
    memory_kib, passes
        Cost of the password.
    gigabytes_per_second
        What the machine's memory moves.
    """
    return gigabytes_per_second * 1e9 / (2 * memory_kib * 1024 * passes)


def guessed_share(words: int, guesses: float) -> float:
    """Chance that so many guesses hit a password of words drawn by dice from a public list."""
    listed: int = value("password-list-words")
    return float(min(1.0, guesses / listed**words))


# -- ways to the data (row D8)

Way = Literal["no-vault", "web-shop", "stick", "disk", "cable", "carrier"]
WAYS: Final[tuple[Way, ...]] = ("no-vault", "web-shop", "stick", "disk", "cable", "carrier")


@dataclass(frozen=True)
class Holding:
    """A shop with a vault, as far as a thief's success depends on it.

    Attributes
    ----------
    orders_per_day
        Orders.
    days_online
        Mean time an order stays readable in the web shop.
    years
        How many years of orders the vault holds.
    log_ins_per_week
        On how many days of the week, on average, somebody logs in to the vault (0 to 7).
    days_unnoticed
        How long half of the intruders on the vault PC stay unnoticed (median).
    password_words
        Words in the weakest password that opens the rows.
    stick_returns
        Whether the same stick goes back to a PC with network.
    memory_kib, passes
        Cost of a password (Argon2id).
    """

    orders_per_day: float
    days_online: float
    years: float
    log_ins_per_week: float
    days_unnoticed: float
    password_words: int
    stick_returns: bool
    memory_kib: int
    passes: int

    @property
    def orders(self) -> float:
        """Orders of all those years."""
        return self.orders_per_day * 365 * self.years


@dataclass(frozen=True)
class Reach:
    """What a thief reads who comes one way.

    Attributes
    ----------
    way
        Which.
    chance
        That he reads anything, given that he comes.
    orders
        Orders he reads then.
    """

    way: Way
    chance: float
    orders: float

    @property
    def expected(self) -> float:
        """Orders he reads on average."""
        return self.chance * self.orders


def ways_in(holding: Holding) -> list[Reach]:
    """What a thief reads by each way, *if* he comes that way; how often he comes is another question.

    Malware on a running PC waits for a log-in and then reads all that the person at the screen could: so cable
    and carrier depend on whether anybody logs in before it is noticed. Without a cable it also needs a way out,
    and that is a stick that goes back. Log-in and discovery are taken to come at constant rates, so the log-in comes
    first with the chance λ / (λ + μ), λ log-ins a day and μ = ln 2 / median discoveries a day. Files copied from a
    locked vault are as good as a stolen disk.
    """
    log_ins, noticed = holding.log_ins_per_week / 7, math.log(2) / holding.days_unnoticed
    watched = log_ins / (log_ins + noticed)
    guessed = guessed_share(holding.password_words, offline_guesses(holding))
    taken = 1 - (1 - watched) * (1 - guessed)
    chances: dict[Way, tuple[float, float]] = {
        "no-vault": (1.0, holding.orders),
        "web-shop": (1.0, min(holding.orders, holding.orders_per_day * holding.days_online)),
        "stick": (0.0, holding.orders_per_day),
        "disk": (guessed, holding.orders),
        "cable": (taken, holding.orders),
        "carrier": (taken if holding.stick_returns else 0.0, holding.orders),
    }
    return [Reach(way, *chances[way]) for way in WAYS]


def offline_guesses(holding: Holding) -> float:
    """Passwords that the thief of a disk can try with the machines and the time of `thief-…` in the facts."""
    rate = guesses_per_second(holding.memory_kib, holding.passes, value("thief-memory-gb-per-second"))
    return float(rate * value("thief-graphics-cards") * value("thief-guessing-days") * 86_400)


# -- sixteen attacks, and what the vault changes about each

Effect = Literal["less-to-take", "something-left", "untouched", "new-way"]


@dataclass(frozen=True)
class Touched:
    """One of the course's sixteen attacks, seen from the vault.

    Attributes
    ----------
    number
        Its number in the course.
    attack
        Name, in the reader's language.
    effect
        What the vault changes.
    reason
        Why, in the reader's language.
    """

    number: int
    attack: str
    effect: Effect
    reason: str


def touched() -> list[Touched]:
    """All sixteen, with what the vault changes and why (row C11)."""
    rows: list[tuple[str, Effect, str]] = [
        (
            _("Heartbleed: a server tells its memory"),
            "less-to-take",
            _("old orders are never in that memory; keys, cookies and today's orders are"),
        ),
        (
            _("a hole in the shop's software"),
            "less-to-take",
            _("the database holds the open orders, not the years before"),
        ),
        (
            _("a script that reads along at checkout"),
            "untouched",
            _("takes cards while they are typed, before anything could be carried away"),
        ),
        (
            _("the seller's account taken over"),
            "less-to-take",
            _("the back office shows the open orders; the payout account can still be changed"),
        ),
        (
            _("malware that steals saved passwords"),
            "less-to-take",
            _("opens the back office, not the vault: its password is typed on another PC"),
        ),
        (
            _("reused passwords tried on members"),
            "less-to-take",
            _("a member's page shows account and e-mail; orders in his name still go through"),
        ),
        (
            _("an insider who exports"),
            "less-to-take",
            _("the back office has little left; at the vault, rights and the trail stand in his way"),
        ),
        (
            _("ransomware"),
            "something-left",
            _(
                "it cannot reach the vault, so finished orders are still there; the shop stands still all the same"
            ),
        ),
        (_("a false invoice by e-mail"), "untouched", _("is about money and trust, not about stored orders")),
        (
            _("calls to buyers with leaked orders"),
            "less-to-take",
            _("works best with open orders, and these are the ones still online"),
        ),
        (_("“your shop is not certified” chats"), "untouched", _("aims at the seller's own money")),
        (_("a wrong price"), "untouched", _("is a mistake in the shop, not a theft of data")),
        (
            _("card testing and false disputes"),
            "untouched",
            _("needs a checkout only; but the vault's records help to answer a dispute"),
        ),
        (
            _("an infected stick or a formula in a file"),
            "new-way",
            _("exists because files are carried: the stick is the vault's own door"),
        ),
        (
            _("a key stolen from a connected service"),
            "less-to-take",
            _("the service can fetch what is online, no more"),
        ),
        (_("an attack that jams the shop"), "untouched", _("stops the sale, takes no data")),
    ]
    return [Touched(number, *row) for number, row in enumerate(rows, start=1)]


# -- the machine and the roll-out (rows C13 and C14)


def working_day(start: date, days: int) -> date:
    """The date so many working days after another; Monday to Friday, public holidays not counted.

    Raises
    ------
    SafeShopError
        If the number is negative.
    """
    if days < 0:
        raise SafeShopError(_("Working days must be 0 or more, not {days}.").format(days=days))
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day


def years_that_fit(disk_gb: float, bytes_per_order: float, orders_per_day: float) -> float:
    """How many years of orders a disk has room for."""
    return disk_gb * 1e9 / (bytes_per_order * orders_per_day * 365)
