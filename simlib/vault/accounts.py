"""Who may do what, and who may log in: roles, one-time codes, and the slow-down after wrong guesses.

Rights of owner, clerk and customer service are kept by this program at the vault's screen; only the auditor
is kept from the rows by the keys themselves (FORMAT.md, section 1).
"""

from __future__ import annotations

import base64
import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

import pyotp

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.keyring import Role

Right = Literal[
    "import",
    "dashboard",
    "statistics",
    "list-orders",
    "search-members",
    "find",
    "reveal",
    "history",
    "export",
    "trail",
    "verify",
    "receipt",
    "backup",
    "destroy",
    "renew-keys",
    "users",
    "shops",
    "change-password",
]

RIGHTS: dict[Role, frozenset[Right]] = {
    "owner": frozenset(get_args(Right)),
    "clerk": frozenset({"import", "dashboard", "receipt", "change-password"}),
    "service": frozenset({"find", "reveal", "change-password"}),
    "auditor": frozenset({"trail", "verify", "receipt"}),
}
"""Role → what it may do. The auditor cannot even change his password himself: that rewrites the key file."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1_024
"""Characters. The length counts, not the kinds of signs (NIST SP 800-63B)."""

CODE_SECONDS = 30
CODE_WINDOW = 1
"""A code counts in its own half minute and one before and after: clocks of offline PCs drift."""

FREE_FAILURES = 3
LONGEST_WAIT = 900
"""After so many wrong log-ins in a row each further one doubles the wait, from 2 seconds to this."""
BUCKETS = 4_096


def check_password(password: str) -> None:
    """Refuse a password that is too short, too long or one sign repeated.

    Raises
    ------
    SafeShopError
        With what is wanted instead.
    """
    length = len(unicodedata.normalize("NFKC", password))
    half = any("\ud800" <= sign <= "\udfff" for sign in password)
    if half or not SHORTEST_PASSWORD <= length <= LONGEST_PASSWORD or len(set(password)) < 4:
        raise SafeShopError(
            _(
                "Choose a password of {shortest} to {longest} characters with at least 4 different ones; "
                "four unrelated words are a good one."
            ).format(shortest=SHORTEST_PASSWORD, longest=LONGEST_PASSWORD)
        )


def check_name(name: str) -> None:
    """Refuse a user name that is empty, long, or holds signs that cannot be seen."""
    if not (0 < len(name) <= 64 and name.isprintable() and name == name.strip()):
        raise SafeShopError(
            _("A user name has 1 to 64 visible characters; choose another than “{name}”.").format(
                name=name[:64]
            )
        )


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    """A user's time-based codes (RFC 6238: SHA-1, 6 digits, 30 seconds), which need no network.

    Parameters
    ----------
    secret
        20 bytes, also in the user's authenticator.
    """

    secret: bytes

    def _codes(self) -> pyotp.TOTP:
        return pyotp.TOTP(base64.b32encode(self.secret).decode(), interval=CODE_SECONDS)

    def now(self, at: datetime) -> str:
        """The code of a moment."""
        return self._codes().at(int(at.timestamp()))

    def step(self, code: str, at: datetime, last: int) -> int | None:
        """The time step a code belongs to, if it is valid at this moment and later than the last one used."""
        present = int(at.timestamp()) // CODE_SECONDS
        found = None
        for step in range(present - CODE_WINDOW, present + CODE_WINDOW + 1):
            expected = self._codes().at(step * CODE_SECONDS)
            if hmac.compare_digest(expected.encode(), code.encode()) and step > last:
                found = step
        return found

    def address(self, user: str, shop_code: str) -> str:
        """The ``otpauth`` address an authenticator reads, as text or as a picture code."""
        return self._codes().provisioning_uri(name=user, issuer_name=f"Safe Shop Lab {shop_code}")


def bucket(vault: bytes, name: str) -> int:
    """Where failures of a name are counted; unknown names are counted, too, and in bounded room."""
    return int.from_bytes(sha256(vault + name.encode()).digest()[:8], "big") % BUCKETS


def wait_seconds(failures: int) -> int:
    """How long to wait after so many failures in a row."""
    if failures < FREE_FAILURES:
        return 0
    return min(LONGEST_WAIT, 2 << min(20, failures - FREE_FAILURES))
