"""Backups of the vault and their rehearsed restore; destroying a month or a backup for good (row E5)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.panels.vault import grid
from simlib.panels.vault.desk import verification_html

if TYPE_CHECKING:
    from simlib.panels.vault.app import VaultApp

REASON = grid.Width(9, 36)
NAME = re.compile(r"backup-([0-9]+)")


def on_shelf(shelf: Path) -> list[Path]:
    """The backups on a shelf, in the order in which they were made."""
    found = [path for path in shelf.iterdir() if NAME.fullmatch(path.name)] if shelf.is_dir() else []
    return sorted(found, key=_number)


def _number(path: Path) -> int:
    return int(path.name.removeprefix("backup-"))


class Backups:
    """Backups: make one, rehearse its restore, destroy it.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self._rehearsed: dict[str, str] = {}
        self.table = ipywidgets.HTML()
        self.chosen = grid.choice(_("backup"))
        self.reason = grid.text(_("reason"), _("why it is destroyed; it goes into the trail"), REASON)
        self.findings = ipywidgets.HTML()
        self.confirm = grid.Confirm(
            _("Destroy the backup"),
            _("Overwrites its keys and removes it"),
            self.destroy,
            app.guarded,
        )
        make = grid.button(
            _("Back up now"),
            _("Puts a whole copy on the shelf"),
            lambda: app.guarded(self.make),
            primary=True,
        )
        rehearse = grid.button(
            _("Rehearse the restore"),
            _("Opens the copy and checks every row; the vault stays as it is"),
            lambda: app.guarded(self.rehearse),
        )
        ask = grid.button(
            _("Destroy…"), _("Asks once more before anything is gone"), lambda: app.guarded(self.ask)
        )
        self.box = ipywidgets.VBox(
            [
                grid.heading(_("Backups on the shelf")),
                grid.line(
                    _(
                        "A backup is a whole copy: encrypted like the vault, with the same accounts and passwords. "
                        "One that nobody ever restored is a hope; rehearse it. And what you destroy in the vault "
                        "lives on in every backup made before."
                    )
                ),
                self.table,
                make,
                grid.heading(_("One backup")),
                self.chosen,
                rehearse,
                self.findings,
                ipywidgets.HBox([self.reason, ask]),
                self.confirm.box,
            ]
        )

    def refresh(self) -> None:
        """List the shelf anew."""
        self.confirm.close()
        self.findings.value = ""
        self._list()

    def _list(self) -> None:
        found = on_shelf(self._app.shelf)
        grid.offer(self.chosen, [(path.name, path) for path in found])
        self.table.value = grid.table_html(
            _("Backups on the shelf"),
            [_("backup"), _("size"), _("restore rehearsed")],
            [
                [
                    path.name,
                    _("{size} kB").format(
                        size=f"{sum(one.stat().st_size for one in path.iterdir()) / 1000:,.0f}"
                    ),
                    self._rehearsed.get(path.name, _("not yet")),
                ]
                for path in found
            ]
            or [[_("none yet"), "–", "–"]],
            [1],
        )

    def _path(self) -> Path:
        path: Path | None = self.chosen.value
        if path is None:
            raise SafeShopError(_("No backup lies on the shelf; make one first."))
        return path

    def make(self) -> None:
        """Put a copy on the shelf."""
        last = max(map(_number, on_shelf(self._app.shelf)), default=0)
        path = self._app.shelf / f"backup-{last + 1}"
        receipt = self._app.session.backup(path)
        self._list()
        self.chosen.value = path
        self._app.say(
            _("{name} lies on the shelf. Receipt of the copy: {receipt}").format(
                name=path.name, receipt=receipt
            )
        )

    def rehearse(self) -> None:
        """Open a backup and check all of it."""
        path = self._path()
        done = self._app.session.drill(path)
        self.findings.value = verification_html(done)
        good, bad = _("yes, it can be restored"), _("no, it is damaged")
        self._rehearsed[path.name] = good if done.is_intact else bad
        self._list()
        self._app.say(
            _("{name} can be restored: every row was checked.").format(name=path.name)
            if done.is_intact
            else _("{name} is not as it was made; make a new one.").format(name=path.name),
            wrong=not done.is_intact,
        )

    def ask(self) -> None:
        """Say what destroying a backup means."""
        name = self._path().name
        self.confirm.ask(
            _("Destroy {name} for good?").format(name=name),
            [
                _("Its keys are overwritten and its files removed; nobody can restore it any more."),
                _(
                    "A stick or solid-state disk may keep traces all the same: "
                    "one that must be silent is broken in two."
                ),
            ],
            name,
        )

    def destroy(self) -> None:
        """Destroy the backup chosen."""
        path = self._path()
        self._app.session.destroy_backup(path, self.reason.value)
        self._rehearsed.pop(path.name, None)
        self.reason.value = ""
        self.refresh()
        self._app.say(_("{name} is destroyed.").format(name=path.name))


class Destruction:
    """Destroying a month of orders or of members: the end of its key, said twice and confirmed.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self.family = grid.choice(_("what"), [(_("order records"), "orders"), (_("members"), "members")])
        self.month = grid.choice(_("month"))
        self.reason = grid.text(_("reason"), _("why it is destroyed; it goes into the trail"), REASON)
        ask = grid.button(
            _("Destroy…"), _("Asks once more before anything is gone"), lambda: app.guarded(self.ask)
        )
        self.confirm = grid.Confirm(
            _("Destroy for good"),
            _("Destroys the month's key; nobody can undo it"),
            self.destroy,
            app.guarded,
        )
        self.family.observe(lambda _change: app.guarded(self.refresh), names="value")
        self.month.observe(lambda _change: self.confirm.close(), names="value")
        self.box = ipywidgets.VBox(
            [
                grid.heading(_("Destroy a month")),
                grid.line(
                    _(
                        "Each month has a key of its own. Destroying the key makes the month unreadable for everybody, "
                        "wherever a copy of its rows lies. Only a copy of the old key file brings it back, and every "
                        "backup made before has one."
                    )
                ),
                self.family,
                self.month,
                self.reason,
                ask,
                self.confirm.box,
            ]
        )

    def refresh(self) -> None:
        """List the months that are there."""
        self.confirm.close()
        self._counts = self._app.session.months(self.family.value)
        told = _("{month}: {count} records")
        grid.offer(
            self.month,
            [(told.format(month=month, count=f"{count:,}"), month) for month, count in self._counts.items()],
        )

    def _month(self) -> str:
        month: str | None = self.month.value
        if month is None:
            raise SafeShopError(_("The vault holds no month of this kind; import something first."))
        return month

    def ask(self) -> None:
        """Say what will be lost, and what will not."""
        month = self._month()
        count = f"{self._counts[month]:,}"
        lost = {
            "orders": _(
                "{count} orders of {month} and their lines become unreadable for everybody, you included."
            ),
            "members": _(
                "{count} members who joined in {month} become unreadable for everybody, you included."
            ),
        }[self.family.value]
        self.confirm.ask(
            _("Destroy {month} for good?").format(month=month),
            [
                lost.format(count=count, month=month),
                _("The sums of the month stay: they say nothing of a person."),
                self._on_backups(),
            ],
            month,
        )

    def _on_backups(self) -> str:
        names = [path.name for path in on_shelf(self._app.shelf)]
        if not names:
            return _("No backup lies on the shelf. If one lies elsewhere, it may still hold this month.")
        return _(
            "Backups on the shelf: {names}. Those made before still hold this month until they are destroyed, too."
        ).format(names=", ".join(names))

    def destroy(self) -> None:
        """Destroy the month chosen."""
        month, family = self._month(), self.family.value
        count = self._app.session.destroy(family, month, self.reason.value)
        self.reason.value = ""
        self.refresh()
        self._app.say(
            _("{month} is destroyed: {count} records that nobody can read here any more.").format(
                month=month, count=f"{count:,}"
            )
            + " "
            + self._on_backups()
        )
