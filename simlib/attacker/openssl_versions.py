"""Which OpenSSL had Heartbleed: the answer for a version as a hoster writes it.

The letter behind the number decides, with one trap: systems such as Debian, Ubuntu or Red Hat corrected the fault
and kept the letter. Then only the date of their own package tells, and the answer is to ask.

Source: OpenSSL security advisory of 7 April 2014 (1.0.1 to 1.0.1f and 1.0.2-beta1 are affected; 1.0.1g and
1.0.2-beta2 corrected; 1.0.0 and 0.9.8 never had heartbeats).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Final, Literal

from simlib.errors import SafeShopError
from simlib.languages import _

Verdict = Literal["affected", "corrected", "never", "ask"]

VERSION: Final = re.compile(
    r"(?:openssl\s+)?v?(?P<number>\d{1,2}\.\d{1,2}\.\d{1,3})(?P<letter>[a-z]?)(?:-beta(?P<beta>\d{1,2}))?"
    r"(?P<rest>[-+~ ].*)?",
    re.IGNORECASE,
)
RELEASED: Final = 1_000
"""Stands for "no beta" in the order of versions: a release comes after its betas."""


@total_ordering
@dataclass(frozen=True)
class Version:
    """A version of OpenSSL: ``1.0.1f``, ``1.0.2-beta1``, ``3.0.13``.

    Attributes
    ----------
    number
        The three numbers.
    letter
        One small letter, or empty.
    beta
        Number of the beta; None for a release.
    packaged
        Whether a system's own addition followed (``1.0.1e-2+deb7u4``, ``1.0.1e-fips``).
    """

    number: tuple[int, int, int]
    letter: str = ""
    beta: int | None = None
    packaged: bool = False

    @property
    def _rank(self) -> tuple[tuple[int, int, int], str, int]:
        return self.number, self.letter, RELEASED if self.beta is None else self.beta

    def __lt__(self, other: Version) -> bool:
        return self._rank < other._rank

    def __str__(self) -> str:
        beta = "" if self.beta is None else f"-beta{self.beta}"
        return ".".join(map(str, self.number)) + self.letter + beta


def version(text: str) -> Version:
    """A version as a hoster or ``openssl version`` writes it.

    Parameters
    ----------
    text
        ``1.0.1f``, ``OpenSSL 1.0.1e-fips 11 Feb 2013``, ``1.0.2-beta1`` …

    Raises
    ------
    SafeShopError
        If it is no version of OpenSSL.
    """
    found = VERSION.fullmatch(text.strip())
    if not found:
        raise SafeShopError(
            _("“{text}” is no version of OpenSSL; write it like 1.0.1f or 1.0.2-beta1.").format(text=text)
        )
    first, second, third = map(int, found["number"].split("."))
    # `openssl version` adds the day of the release, which says nothing new.
    rest = re.sub(r"^\s+\d{1,2} \w{3} \d{4}.*$", "", found["rest"] or "")
    beta = int(found["beta"]) if found["beta"] else None
    return Version((first, second, third), found["letter"].lower(), beta, bool(rest.strip()))


def heartbleed(text: str) -> Verdict:
    """Whether an OpenSSL of this version had Heartbleed.

    Parameters
    ----------
    text
        As for `version`.

    Returns
    -------
    str
        ``affected``; ``corrected`` (it came after the correction); ``never`` (older than heartbeats); or
        ``ask``: the number is affected, but a system's own package may have been corrected all the same.

    Raises
    ------
    SafeShopError
        If it is no version of OpenSSL.
    """
    given = version(text)
    if given.number < (1, 0, 1):
        return "never"
    first_line = given.number == (1, 0, 1) and given < Version((1, 0, 1), "g")
    second_line = given.number == (1, 0, 2) and given < Version((1, 0, 2), beta=2)
    if not (first_line or second_line):
        return "corrected"
    return "ask" if given.packaged else "affected"
