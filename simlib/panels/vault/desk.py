"""Smaller screens: the day at a glance (row C8), a customer's call (C12), import (C9, C10), audit (E4), rights (C2)."""

from __future__ import annotations

import html
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import ipywidgets

from simlib.errors import SafeShopError
from simlib.figures.vault_words import action_name, cell_text, right_name, role_name, table_name
from simlib.languages import _
from simlib.panels.vault import grid
from simlib.panels.vault.members import MemberDetail
from simlib.panels.vault.orders import OrderView
from simlib.panels.vault.phone import Account
from simlib.vault.accounts import RIGHTS, Right
from simlib.vault.carrier import SUFFIX
from simlib.vault.importing import ImportReport
from simlib.vault.keyring import ROLES
from simlib.vault.reading import ENCODINGS
from simlib.vault.schema import MEMBERS, ORDERS
from simlib.vault.session import NewUser
from simlib.vault.trail import Entry, read_receipt
from simlib.vault.verification import Verification

if TYPE_CHECKING:
    from simlib.panels.vault.app import VaultApp

TRAIL_ROWS = 15
RECORDS = ("key", "month", "right", "folder", "name", "file")
"""What an entry of the trail is about: the first of its details that it has."""


class Dashboard:
    """The day at a glance (row C8).

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self.day = ipywidgets.DatePicker(description=_("date"), value=app.clock().date())
        self.numbers = ipywidgets.HTML()
        self.day.observe(lambda _change: app.guarded(self.refresh), names="value")
        self.box = ipywidgets.VBox([grid.heading(_("The day at a glance")), self.day, self.numbers])

    def refresh(self) -> None:
        """Count the day."""
        chosen: date = self.day.value or self._app.clock().date()
        seen = self._app.session.dashboard(chosen)
        done, changed = _("completed"), _("changed")
        parts = [
            (_("Shop orders"), done, seen.shop_completed, changed, seen.shop_changed),
            (_("Channel orders"), done, seen.channel_completed, changed, seen.channel_changed),
            (_("Members"), _("new"), seen.members_new, changed, seen.members_changed),
        ]
        self.numbers.value = grid.cards(
            [
                f'<div class="ssv-card"><h4>{html.escape(title)}</h4>'
                f'<span class="ssv-big">{first:,}</span> {html.escape(one)} &nbsp; '
                f'<span class="ssv-big">{second:,}</span> {html.escape(other)}</div>'
                for title, one, first, other, second in parts
            ]
        )


class Call:
    """A customer calls (row C12): one is found by e-mail or order number, masked until a reason is given.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self.email, self.number = grid.text(_("e-mail")), grid.text(_("order number"))
        find = grid.button(
            _("Find"),
            _("By the e-mail address or the order number"),
            lambda: app.guarded(self.find),
            primary=True,
        )
        self.member = grid.Grid(
            _("Member"),
            [MEMBERS["member_code"].label, *(MEMBERS[name].label for name in ("name", "email", "mobile"))],
            lambda _code: self.open_member(),
        )
        self.names = ("ordered_at", "order_status", "item_status", "amount", "recipient_name", "shipped_at")
        self.orders = grid.Grid(
            _("Orders"),
            [ORDERS["order_number"].label, *(ORDERS[name].label for name in self.names)],
            lambda number: app.guarded(lambda: self.open_order(number)),
            [3],
        )
        self.found = ipywidgets.VBox()
        self._form = ipywidgets.VBox(
            [grid.heading(_("A customer calls")), self.email, self.number, find, self.found]
        )
        self.detail = MemberDetail(app, self.back)
        self.order = OrderView(app, self.back)
        self._record: dict[str, str] = {}
        self.box = ipywidgets.VBox([self._form])

    def refresh(self) -> None:
        """Show the form."""
        self.back()

    def back(self) -> None:
        """Go back to the form."""
        self.box.children = (self._form,)

    def find(self) -> None:
        """Find the customer."""
        self.found.children = ()
        customer = self._app.session.find(
            email=self.email.value or None, order_number=self.number.value or None
        )
        parts = []
        if customer.member is not None:
            self._record = customer.member
            cells = [cell_text(MEMBERS[name], customer.member[name]) for name in ("name", "email", "mobile")]
            self.member.fill([(customer.member["member_code"], cells)])
            parts.append(self.member.box)
        self.orders.fill(
            [
                (one["order_number"], [cell_text(ORDERS[name], one[name]) for name in self.names])
                for one in customer.orders
            ]
        )
        self.found.children = (*parts, self.orders.box)

    def open_member(self) -> None:
        """Show the member found."""
        self.detail.show(self._record)
        self.box.children = (self.detail.box,)

    def open_order(self, number: str) -> None:
        """Show one of his orders."""
        self.order.show(number)
        self.box.children = (self.order.box,)


class Import:
    """What is on the stick: look inside, then bring it in (rows C9, C10).

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        wide = grid.Width(12, 36)
        self.file = grid.choice(_("file on the stick"), width=wide)
        modes = [(_("overwrite the former record"), "overwrite"), (_("keep as a further record"), "further")]
        self.mode = grid.choice(_("changed records"), modes, wide)
        encodings = [(_("as detected"), None), *((name, name) for name in ENCODINGS)]
        self.encoding = grid.choice(_("encoding of a CSV file"), encodings, wide)
        buttons = ipywidgets.HBox(
            [
                grid.button(
                    _("Look inside"), _("Checks the file; stores nothing"), lambda: app.guarded(self.look)
                ),
                grid.button(
                    _("Import"),
                    _("Brings in all of the file or nothing"),
                    lambda: app.guarded(self.bring_in),
                    primary=True,
                ),
            ]
        )
        self.result = ipywidgets.HTML()
        self.box = ipywidgets.VBox(
            [grid.heading(_("Import")), self.file, self.mode, self.encoding, buttons, self.result]
        )

    def refresh(self) -> None:
        """List the stick anew."""
        told = _("{name}, {size} kB")
        files = sorted(path for path in self._app.stick.iterdir() if path.is_file())
        grid.offer(
            self.file,
            [
                (told.format(name=path.name, size=f"{path.stat().st_size / 1000:,.0f}"), path)
                for path in files
            ],
        )

    def _chosen(self) -> Path:
        self.result.value = ""
        path = self.file.value
        if path is None:
            raise SafeShopError(_("Nothing is on the stick; export in the web shop first."))
        return Path(path)

    def look(self) -> None:
        """Say what is in the file."""
        path, session = self._chosen(), self._app.session
        if path.suffix == SUFFIX:
            manifest = session.inspect_bundle(path)
            rows = [
                [
                    table_name(one.table),
                    f"{one.rows:,}",
                    one.first or "–",
                    one.last or "–",
                    one.sha256[:16] + "…",
                ]
                for one in manifest.files
            ]
            heads = [_("table"), _("rows"), _("first change"), _("last change"), "SHA-256"]
            self.result.value = grid.table_html(_("Bundle"), heads, rows, [1])
            self._app.say(_("Signed by “{shop}”, unchanged, for this vault.").format(shop=manifest.shop))
            return
        seen = session.preview(path, self.encoding.value)
        names = list(seen.rows[0])[:6] if seen.rows else []
        masked = [grid.masked_record(MEMBERS, row) for row in seen.rows if seen.table == "members"]
        shown = masked or [dict(row) for row in seen.rows]
        self.result.value = grid.table_html(
            _("First rows"), names, [[row[name] for name in names] for row in shown]
        )
        self._app.say(
            _("Not signed: nobody vouches for it. {table}, read as {encoding}.").format(
                table=table_name(seen.table), encoding=seen.encoding
            )
        )

    def bring_in(self) -> None:
        """Import the file."""
        path, session = self._chosen(), self._app.session
        mode = self.mode.value
        if path.suffix == SUFFIX:
            reports = session.import_bundle(path, mode)
        else:
            reports = [session.import_file(path, None, self.encoding.value, mode)]
        self.result.value = report_table(reports)
        if all(one.already for one in reports):
            self._app.say(_("This very file was imported before; nothing was changed."))
        else:
            self._app.say(
                _("Imported. Receipt to write down and keep elsewhere: {receipt}").format(
                    receipt=session.receipt()
                )
            )


def report_table(reports: list[ImportReport]) -> str:
    """What an import did, as HTML."""
    heads = [_("table"), _("rows"), _("new"), _("changed"), _("known"), _("older"), _("encoding")]
    return grid.table_html(
        _("Result of the import"),
        heads,
        [
            [
                table_name(one.table),
                *(f"{number:,}" for number in (one.rows, one.new, one.changed, one.unchanged, one.older)),
                one.encoding,
            ]
            for one in reports
        ],
        range(1, 6),
    )


class Audit:
    """The audit trail, the proof that nothing was changed, and the receipt (row E4).

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self._entries: list[Entry] = []
        self.who = grid.choice(_("account"), [(_("anybody"), None)], grid.Width(6, 18))
        self.what = grid.choice(_("action"), [(_("anything"), None)], grid.Width(6, 24))
        for choice in (self.who, self.what):
            choice.observe(lambda _change: self.turn(1), names="value")
        self.table = ipywidgets.HTML()
        self.pager = grid.Pager(self.turn)
        example = "ABCDE-12-FGHIJ-KLMNO-PQRST-UVWXY"
        self.kept = grid.text(_("receipt you kept"), example, grid.Width(9, 36))
        verify = grid.button(
            _("Verify"), _("Checks every byte, and the receipt if given"), lambda: app.guarded(self.verify)
        )
        receipt = grid.button(
            _("Print a receipt"), _("To write down and keep elsewhere"), lambda: app.guarded(self.receipt)
        )
        self.findings = ipywidgets.HTML()
        self.box = ipywidgets.VBox(
            [
                grid.heading(_("Audit trail")),
                ipywidgets.HBox([self.who, self.what]),
                self.table,
                self.pager.box,
                grid.heading(_("Proof")),
                self.kept,
                ipywidgets.HBox([verify, receipt]),
                self.findings,
            ]
        )

    def refresh(self) -> None:
        """Read the trail."""
        self._entries = self._app.session.trail()[::-1]
        users = sorted({one.user for one in self._entries})
        actions = sorted({one.action for one in self._entries})
        self.who.options = [(_("anybody"), None), *((user, user) for user in users)]
        self.what.options = [(_("anything"), None), *((action_name(one), one) for one in actions)]
        self.turn(1)

    def turn(self, page: int) -> None:
        """Show a page of the trail, newest first."""
        chosen = [
            one
            for one in self._entries
            if self.who.value in (None, one.user) and self.what.value in (None, one.action)
        ]
        pages = max(1, -(-len(chosen) // TRAIL_ROWS))
        part = chosen[(page - 1) * TRAIL_ROWS : page * TRAIL_ROWS]
        self.table.value = grid.table_html(
            _("Audit trail"),
            [_("no."), _("time"), _("account"), _("role"), _("action"), _("record"), _("reason")],
            [
                [
                    str(one.number),
                    one.time[:19].replace("T", " "),
                    one.user,
                    role_name(one.role),
                    action_name(one.action),
                    next((str(one.details[name]) for name in RECORDS if one.details.get(name)), "–"),
                    str(one.details.get("reason") or "–"),
                ]
                for one in part
            ],
        )
        self.pager.at(page, pages)

    def verify(self) -> None:
        """Check everything."""
        text = self.kept.value.strip()
        done = self._app.session.verify(read_receipt(text) if text else None)
        self.findings.value = verification_html(done)
        self._app.say(
            _("Nothing was changed, removed or added.")
            if done.is_intact
            else _("Something is not as it should be."),
            wrong=not done.is_intact,
        )

    def receipt(self) -> None:
        """Print the receipt."""
        self.kept.value = str(self._app.session.receipt())
        self._app.say(
            _(
                "Write the receipt down and keep it away from the vault: it proves that nobody put an older copy back."
            )
        )


def verification_html(done: Verification) -> str:
    """What was checked and found."""
    counts = _(
        "{entries} entries of the trail, {blocks} blocks, {rows} rows and {pages} index pages checked."
    ).format(
        entries=f"{done.entries:,}", blocks=f"{done.blocks:,}", rows=f"{done.rows:,}", pages=f"{done.pages:,}"
    )
    items = "".join(f"<li>{html.escape(one)}</li>" for one in [*done.findings, *done.remarks])
    return f"<div>{html.escape(counts)}</div><ul>{items}</ul>"


class Rights:
    """Who may log in, and what each role may do (row C2).

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self.users = ipywidgets.HTML()
        self.name = grid.text(_("account"))
        self.role = grid.choice(_("role"), [(role_name(role), role) for role in ROLES])
        self.role.value = "service"
        self.password = grid.password(_("first password"))
        buttons = ipywidgets.HBox(
            [
                grid.button(_("Add"), _("Adds the account"), lambda: app.guarded(self.add)),
                grid.button(
                    _("New password"),
                    _("Gives the account named this first password and a new authenticator"),
                    lambda: app.guarded(self.reset),
                ),
                grid.button(
                    _("Remove"),
                    _("Removes the account named and renews the keys"),
                    lambda: app.guarded(self.remove),
                ),
            ]
        )
        self.reason = grid.text(_("reason"), _("why; it goes into the trail"))
        renew = grid.button(
            _("Renew the keys"), _("A new root key for all accounts"), lambda: app.guarded(self.renew)
        )
        matrix = grid.table_html(
            _("Rights"),
            [_("right"), *(role_name(role) for role in ROLES)],
            [
                [right_name(right), *("✓" if right in RIGHTS[role] else "–" for role in ROLES)]
                for right in get_args(Right)
            ],
        )
        self.box = ipywidgets.VBox(
            [
                grid.heading(_("Accounts")),
                self.users,
                self.name,
                self.role,
                self.password,
                buttons,
                grid.heading(_("Keys")),
                grid.line(
                    _(
                        "Renewing puts a new root key in place of the old and wraps every month's key anew, for all "
                        "accounts. An old copy of the key file then opens no month that begins afterwards."
                    )
                ),
                ipywidgets.HBox([self.reason, renew]),
                grid.heading(_("What each role may do")),
                ipywidgets.HTML(matrix),
            ]
        )

    def refresh(self) -> None:
        """List the accounts."""
        self.users.value = grid.table_html(
            _("Accounts"),
            [_("account"), _("role")],
            [[one.name, role_name(one.role)] for one in self._app.session.users()],
        )

    def add(self) -> None:
        """Add an account; its authenticator goes into the make-believe phone."""
        self._into_phone(
            self._app.session.add_user(self.name.value.strip(), self.role.value, self.password.value)
        )
        self._app.say(_("Added. The make-believe phone shows the account's codes from now on."))

    def reset(self) -> None:
        """Give an account a new password and authenticator, for whoever forgot or lost them."""
        self._into_phone(self._app.session.reset_user(self.name.value.strip(), self.password.value))
        self._app.say(_("The account has a new password and a new authenticator; the old ones open nothing."))

    def _into_phone(self, made: NewUser) -> None:
        self._app.login.phone.add(Account(made.name, made.role, self.password.value, made.authenticator))
        self.password.value = ""
        self.refresh()

    def renew(self) -> None:
        """Put a new root key in place of the old."""
        number = self._app.session.renew_keys(self.reason.value)
        self.reason.value = ""
        self._app.say(_("Renewed: the root key is now number {number}.").format(number=number))

    def remove(self) -> None:
        """Remove an account."""
        self._app.session.remove_user(self.name.value.strip())
        self.refresh()
        self._app.say(_("Removed, and the keys were renewed."))
