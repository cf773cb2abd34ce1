"""One's own password at the vault (row C2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.panels.vault import grid
from simlib.panels.vault.phone import Account

if TYPE_CHECKING:
    from simlib.panels.vault.app import VaultApp


class Password:
    """One's own password; the authenticator stays.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self.old, self.new = grid.password(_("old password")), grid.password(_("new password"))
        self.again = grid.password(_("once more"))
        change = grid.button(
            _("Change"),
            _("Changes your own password"),
            lambda: app.guarded(self.change),
            primary=True,
        )
        self.box = ipywidgets.VBox(
            [
                grid.heading(_("Change your password")),
                grid.line(
                    _(
                        "Your password opens your own key, and that opens the vault's. With the change the old key "
                        "file is overwritten; in a backup made before, the old password still works."
                    )
                ),
                self.old,
                self.new,
                self.again,
                change,
            ]
        )

    def refresh(self) -> None:
        """Empty the form."""
        self.old.value = self.new.value = self.again.value = ""

    def change(self) -> None:
        """Change it; the make-believe phone learns the new one."""
        old, new, again = self.old.value, self.new.value, self.again.value
        self.refresh()
        if new != again:
            raise SafeShopError(_("The two passwords differ; start again."))
        session, phone = self._app.session, self._app.login.phone
        session.change_password(old, new)
        for one in [one for one in phone.accounts if one.name == session.user]:
            phone.add(Account(one.name, one.role, new, one.authenticator))
        self._app.say(_("The password is changed, and the make-believe phone fills in the new one."))
