"""The vault's screens as one small application in the notebook: log-in, header, tabs, one sentence for every error.

Behind each button is one method of `simlib.vault.session.Session`; nothing is decided here. A tab is there only if
the role of whoever logged in has the right to it.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
from IPython.display import display

from simlib.errors import SafeShopError
from simlib.figures.vault_words import role_name
from simlib.languages import _
from simlib.panels.vault import grid
from simlib.panels.vault.backup_and_destruction import Backups, Destruction
from simlib.panels.vault.desk import Audit, Call, Dashboard, Import, Rights
from simlib.panels.vault.members import Members
from simlib.panels.vault.orders import Orders
from simlib.panels.vault.password import Password
from simlib.panels.vault.phone import Account, ForwardClock, Phone
from simlib.vault.session import Session
from simlib.vault.vault import Vault


class LogIn:
    """The first screen: shop code, account, password, one-time code, and the phone beside it.

    Parameters
    ----------
    app
        The application.
    accounts
        What the make-believe phone knows.
    """

    def __init__(self, app: VaultApp, accounts: list[Account]) -> None:
        self._app = app
        self.shop, self.user = grid.text(_("shop code")), grid.text(_("account"))
        self.password, self.code = grid.password(_("password")), grid.text(_("one-time code"), "123456")
        enter = grid.button(_("Log in"), _("Opens the vault"), self.log_in, primary=True)
        for field in (self.shop, self.user, self.password, self.code):
            field.on_msg(self._on_key)
        self.phone = Phone(accounts, app.clock, self.fill_in)
        note = grid.line(_("Forgotten password? Only the owner can give you a new one."))
        form = ipywidgets.VBox(
            [grid.heading(_("Log in")), self.shop, self.user, self.password, self.code, enter, note]
        )
        self.box = ipywidgets.HBox([form, self.phone.box], layout={"flex_flow": "row wrap"})

    def _on_key(self, _field: object, content: dict[str, Any], _buffers: object) -> None:
        # What a field sends when Enter is pressed in it.
        if content.get("event") == "submit":
            self.log_in()

    def fill_in(self, account: Account, code: str) -> None:
        """Write an account and its code into the form."""
        self.shop.value, self.user.value = self._app.shop_code, account.name
        self.password.value, self.code.value = account.password, code

    def log_in(self) -> None:
        """Log in with what stands in the form; password and code are wiped."""
        given = (self.shop.value.strip(), self.user.value.strip(), self.password.value, self.code.value)
        self.password.value = self.code.value = ""
        self._app.guarded(lambda: self._app.log_in(*given))


class VaultApp:
    """The application.

    Parameters
    ----------
    vault
        The vault, locked.
    shop_code
        Its shop code, which the make-believe phone fills in.
    accounts
        What the make-believe phone knows; kept up to date in this very list.
    clock
        The vault's clock.
    stick
        Folder that plays the stick.
    shelf
        Folder that plays the shelf where backups lie; made when it is needed.
    """

    def __init__(
        self,
        vault: Vault,
        shop_code: str,
        accounts: list[Account],
        clock: ForwardClock,
        stick: Path,
        shelf: Path,
    ) -> None:
        self.vault, self.shop_code, self.clock, self.stick, self.shelf = vault, shop_code, clock, stick, shelf
        self._session: Session | None = None
        self.screens: dict[str, Any] = {}
        self._makes: dict[str, Callable[[VaultApp], Any]] = {}
        self.tabs: dict[str, Any] = {}
        self.title = ipywidgets.HTML()
        self.out = grid.button(_("Log out"), _("Locks the vault"), self.log_out)
        head = ipywidgets.HBox([self.title, self.out])
        head.add_class("ssv-head")
        self.nav = ipywidgets.HBox()
        self.nav.add_class("ssv-nav")
        self.message = ipywidgets.HTML()
        self.body = ipywidgets.VBox()
        self.body.add_class("ssv-body")
        self.login = LogIn(self, accounts)
        looks = ipywidgets.HTML(f"<style>{grid.CSS}</style>", layout={"display": "none"})
        self.box = ipywidgets.VBox([looks, head, self.nav, self.message, self.body])
        self.box.add_class("ssv")
        self._lock()

    @property
    def session(self) -> Session:
        """Whoever is logged in.

        Raises
        ------
        SafeShopError
            If nobody is.
        """
        if self._session is None:
            raise SafeShopError(_("The vault is locked; log in again."))
        return self._session

    # -- one sentence for everything that goes wrong

    def guarded(self, do: Callable[[], object]) -> None:
        """Do something; a refusal is told in a sentence, and a session that ended leads back to the log-in."""
        self.message.value = ""
        try:
            do()
        except SafeShopError as wrong:
            if self._session is not None and not self._session.is_open:
                self._lock()
            self.say(wrong.sentence, wrong=True)

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Show a sentence under the tabs; screen readers announce it."""
        role, look = ("alert", "ssv-error") if wrong else ("status", "ssv-done")
        self.message.value = f'<div role="{role}" class="{look}">{html.escape(text)}</div>'

    # -- in and out

    def log_in(self, shop_code: str, user: str, password: str, code: str) -> None:
        """Log in and show the first screen of the role.

        Raises
        ------
        SafeShopError
            If it is refused.
        """
        self._end()
        session = self.vault.sign_in(shop_code, user, password, code)
        self._session = session
        makes: dict[str, tuple[str, str, Callable[[VaultApp], Any]]] = {
            "dashboard": ("dashboard", _("Day"), Dashboard),
            "members": ("search-members", _("Members"), Members),
            "orders": ("list-orders", _("Orders"), Orders),
            "call": ("find", _("Customer call"), Call),
            "import": ("import", _("Import"), Import),
            "audit": ("trail", _("Audit"), Audit),
            "rights": ("users", _("Rights"), Rights),
            "backup": ("backup", _("Backup"), Backups),
            "destroy": ("destroy", _("Destroy"), Destruction),
            "password": ("change-password", _("Password"), Password),
        }
        chosen = {name: make for name, make in makes.items() if make[0] in session.rights}
        self._makes = {name: make for name, (_right, _label, make) in chosen.items()}
        self.screens = {}
        self.tabs = {
            name: grid.button(label, label, lambda name=name: self.go(name))  # type: ignore[misc]
            for name, (_right, label, _make) in chosen.items()
        }
        self.nav.children = tuple(self.tabs.values())
        self.out.layout.display = ""
        self._write_title(shop_code, f"{user} ({role_name(session.role)})")
        self.go(next(iter(self.tabs)))

    def _write_title(self, *parts: str) -> None:
        name = html.escape(_("Offline vault"))
        self.title.value = " · ".join([f"<b>{name}</b>", *map(html.escape, parts)])

    def screen(self, name: str) -> Any:
        """A screen; made when it is first wanted, so that nobody waits for those he does not open."""
        if name not in self.screens:
            self.screens[name] = self._makes[name](self)
        return self.screens[name]

    def go(self, name: str) -> None:
        """Show a screen, with what it holds now."""
        for one, tab in self.tabs.items():
            (tab.add_class if one == name else tab.remove_class)("ssv-on")
        screen = self.screen(name)
        # Filled first: a browser that is still drawing a list shows nothing chosen when the list changes.
        self.guarded(screen.refresh)
        if self._session is not None:
            self.body.children = (screen.box,)

    def log_out(self) -> None:
        """Lock the vault."""
        self.message.value = ""
        self._end()
        self._lock()
        self.say(_("Logged out; the vault is locked."))

    def _end(self) -> None:
        if self._session is not None:
            with self._session:
                pass
            self._session = None

    def _lock(self) -> None:
        self._session = None
        self._makes, self.screens, self.tabs = {}, {}, {}
        self.nav.children = ()
        self.out.layout.display = "none"
        self._write_title(_("locked"))
        self.body.children = (self.login.box,)

    def show(self) -> None:
        """Put the application into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]
