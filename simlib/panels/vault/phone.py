"""A make-believe phone with an authenticator: it shows one-time codes as a real one would, also without network."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import ipywidgets
import pyotp

from simlib.figures.vault_words import role_name
from simlib.languages import _

SECONDS = 30
"""Life of a code (RFC 6238)."""


class ForwardClock(Protocol):
    """A clock that can be put forward."""

    def __call__(self) -> datetime:
        """The time, with offset."""

    def forward(self, seconds: float) -> None:
        """Put it forward."""


@dataclass(frozen=True)
class Account:
    """An account of the rehearsal, with what its owner knows and has.

    Attributes
    ----------
    name, role
        Who.
    password
        What he knows.
    authenticator
        The ``otpauth`` address in his phone.
    """

    name: str
    role: str
    password: str
    authenticator: str

    def code(self, at: datetime) -> str:
        """The one-time code of a moment."""
        totp = pyotp.parse_uri(self.authenticator)
        assert isinstance(totp, pyotp.TOTP)
        return totp.at(int(at.timestamp()))


class Phone:
    """The phone beside the screen: choose an account, get its next code, have the form filled in.

    Parameters
    ----------
    accounts
        What it knows; kept up to date in this very list.
    clock
        Put forward to the next half minute for each new code, so that nobody has to wait for it.
    fill
        Called with an account and its code to fill in the form.
    """

    def __init__(
        self, accounts: list[Account], clock: ForwardClock, fill: Callable[[Account, str], None]
    ) -> None:
        self.accounts, self._clock, self._fill = accounts, clock, fill
        self.choice = ipywidgets.Dropdown(
            options=self._options(),
            description=_("account"),
            tooltip=_("Whose phone it is"),
            layout={"width": "95%"},
        )
        self.next = ipywidgets.Button(
            description=_("Next code"), tooltip=_("Waits, in make-believe, for the next half minute")
        )
        self.enter = ipywidgets.Button(
            description=_("Fill in the form"), tooltip=_("Writes account, password and code into the form")
        )
        self.screen = ipywidgets.HTML()
        self.next.on_click(lambda _button: self.show_next())
        self.enter.on_click(lambda _button: self.fill_in())
        self.choice.observe(lambda _change: self.show(), names="value")
        name = html.escape(_("Make-believe phone"))
        title = ipywidgets.HTML(f"<b>{name}</b>")
        self.box = ipywidgets.VBox([title, self.choice, self.screen, self.next, self.enter])
        self.box.add_class("ssv-phone")
        self.show()

    def _options(self) -> list[tuple[str, int]]:
        return [(f"{one.name} – {role_name(one.role)}", place) for place, one in enumerate(self.accounts)]

    @property
    def account(self) -> Account:
        """The account chosen."""
        place: int = self.choice.value
        return self.accounts[place]

    def add(self, account: Account) -> None:
        """Put one more account into the phone, in place of one of the same name."""
        names = [one.name for one in self.accounts]
        if account.name in names:
            self.accounts[names.index(account.name)] = account
        else:
            self.accounts.append(account)
        chosen = self.choice.value
        self.choice.options = self._options()
        self.choice.value = chosen

    def show(self) -> str:
        """Show the code of now."""
        now = self._clock()
        code = self.account.code(now)
        left = SECONDS - int(now.timestamp()) % SECONDS
        when = _("at {time}; new in {seconds} s").format(time=f"{now:%H:%M:%S}", seconds=left)
        known = _("password: {password}").format(password=self.account.password)
        self.screen.value = (
            f'<div class="ssv-code" role="status">{code[:3]} {code[3:]}</div>'
            f"<small>{html.escape(when)}<br>{html.escape(known)}</small>"
        )
        return code

    def show_next(self) -> str:
        """Put the clock forward to the next code, and show it."""
        self._clock.forward(SECONDS - int(self._clock().timestamp()) % SECONDS)
        return self.show()

    def fill_in(self) -> None:
        """Write account, password and a fresh code into the form."""
        self._fill(self.account, self.show_next())
