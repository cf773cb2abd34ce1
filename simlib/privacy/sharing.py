"""Computing on hidden numbers: shops add up what none of them tells (Shamir, How to Share a Secret, 1979).

A number is hidden as the value at 0 of a random curve, and each party gets one other point of it. Through too few
points a curve can be laid for every number whatsoever, each in equally many ways, so they tell nothing at all.
And adding is easy: the points of two curves, added, are points of the curve of the sum.

This shows the idea with what the standard library gives (`secrets` for chance, `pow` for division modulo a prime).
It is for learning: parties here sit in one program. Whoever needs it in earnest takes a framework that also carries
the messages and stands up to parties who cheat.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simlib.errors import SafeShopError
from simlib.languages import _

PRIME: Final = 2**31 - 1
"""All reckoning is modulo this prime (Mersenne): large enough for any shop's numbers."""

Chance = Callable[[int], int]
"""Draws a whole number below the given one."""


def split(number: int, parties: int, prime: int = PRIME, chance: Chance = secrets.randbelow) -> list[int]:
    """Split a number into shares, all of which are needed to get it back.

    Parameters
    ----------
    number
        From 0 to prime − 1.
    parties
        How many shares, 2 or more; party i gets the point at i = 1, 2 …
    prime
        Modulus, above the number of parties.
    chance
        Where the curve comes from.

    Raises
    ------
    SafeShopError
        If the number does not fit.
    """
    if not 0 <= number < prime:
        raise SafeShopError(
            _("{number} cannot be split into shares: it must be a whole number from 0 to {most}.").format(
                number=number, most=prime - 1
            )
        )
    curve = [number, *(chance(prime) for _power in range(parties - 1))]
    return [value_at(curve, party, prime) for party in range(1, parties + 1)]


def value_at(curve: Sequence[int], place: int, prime: int = PRIME) -> int:
    """Value of a polynomial, lowest power first, at a place, modulo the prime."""
    total = 0
    for coefficient in reversed(curve):
        total = (total * place + coefficient) % prime
    return total


def recombine(shares: Mapping[int, int], prime: int = PRIME) -> int:
    """The number behind the shares: value at 0 of the curve through these points (Lagrange).

    Parameters
    ----------
    shares
        Party → share. With one missing, the result is a number like any other.
    prime
        Modulus.
    """
    total = 0
    for party, share in shares.items():
        above = below = 1
        for other in shares:
            if other != party:
                above = above * -other % prime
                below = below * (party - other) % prime
        total += share * above * pow(below, -1, prime)
    return total % prime


@dataclass(frozen=True)
class Joint:
    """A sum that several parties found without telling each other their numbers.

    Attributes
    ----------
    shares
        Row: whose number; column: who got the share.
    added
        What each party adds up from the shares it got, and tells everybody.
    total
        The sum of all numbers.
    """

    shares: list[list[int]]
    added: list[int]
    total: int


def joint_sum(numbers: Sequence[int], prime: int = PRIME, chance: Chance = secrets.randbelow) -> Joint:
    """Add up numbers of which nobody sees more than his own.

    Parameters
    ----------
    numbers
        One of each party, two or more of them.
    prime, chance
        As in `split`.
    """
    shares = [split(number, len(numbers), prime, chance) for number in numbers]
    added = [sum(column) % prime for column in zip(*shares, strict=True)]
    return Joint(shares, added, recombine(dict(enumerate(added, start=1)), prime))


def ways_to_fit(seen: Mapping[int, int], parties: int, prime: int) -> list[int]:
    """For each number that might be hidden, how many curves fit the shares seen; found by trying every curve.

    Parameters
    ----------
    seen
        Party → share.
    parties
        How many shares there are.
    prime
        A small one: prime^parties curves are tried.
    """
    ways = [0] * prime
    for curve in itertools.product(range(prime), repeat=parties):
        if all(value_at(curve, party, prime) == share for party, share in seen.items()):
            ways[curve[0]] += 1
    return ways
