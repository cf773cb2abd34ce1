"""Members: search by every filter of row C4, list, detail (row C3). Looked at only, masked until a reason is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets

from simlib.errors import SafeShopError
from simlib.figures.vault_words import cell_text, choices
from simlib.languages import _
from simlib.panels.vault import grid
from simlib.vault.reports import MemberFilter, Record
from simlib.vault.schema import MEMBERS

if TYPE_CHECKING:
    from simlib.panels.vault.app import VaultApp

PAGE_ROWS = 10
COLUMNS = (
    "register_method",
    "account_integration",
    "channel",
    "level",
    "level_changed_at",
    "account",
    "name",
    "registered_at",
    "email",
    "mobile",
    "points",
    "last_login_at",
    "online_state",
)
"""Columns of the list (row C3), the member code in front."""
DETAIL = (
    "nickname",
    "sex",
    "birthday",
    "phone",
    "postcode",
    "address",
    "newsletter",
    "may_order_for_others",
    "nationality",
    "found_by",
    "email_validity",
    "has_bought",
)
CODES = (
    "register_method",
    "account_integration",
    "channel",
    "level",
    "online_state",
    "sex",
    "email_validity",
    "found_by",
)


FIELD = grid.Width(15, 30)


def _any_of(label: str, options: dict[str, Any]) -> Any:
    words = [(_("any"), None), *((word, code) for code, word in options.items())]
    return grid.choice(label, words, FIELD)


def _text(label: str, example: str) -> Any:
    return grid.text(label, example, FIELD)


class MemberSearch:
    """The form with all filters of row C4."""

    def __init__(self, search: Callable[[], object]) -> None:
        yes_no = {True: _("yes"), False: _("no")}
        periods = {
            name: MEMBERS[name].label
            for name in ("registered_at", "level_changed_at", "last_login_at", "changed_at")
        }
        self.fields: dict[str, Any] = {
            "period": grid.choice(
                _("kind of period"), [(word, code) for code, word in periods.items()], FIELD
            ),
            "since": _text(_("from"), "2014-05"),
            "until": _text(_("to"), "2014-08-29"),
            "data_check": _any_of(
                _("data check"), {"complete": _("complete"), "incomplete": _("something is missing")}
            ),
            **{name: _any_of(MEMBERS[name].label, dict(choices(name))) for name in CODES},
            "nationality": _text(MEMBERS["nationality"].label, "TW"),
            "birthday": _text(_("birthday, month or month-day"), "03"),
            "newsletter": _any_of(MEMBERS["newsletter"].label, yes_no),  # type: ignore[arg-type]
            "has_bought": _any_of(MEMBERS["has_bought"].label, yes_no),  # type: ignore[arg-type]
            "age_from": _text(_("age from"), "18"),
            "age_to": _text(_("age to"), "65"),
            "points_from": _text(_("points from"), "0"),
            "points_to": _text(_("points to"), "300"),
            "keyword": _text(_("keyword"), _("part of name, e-mail, number, address")),
        }
        form = ipywidgets.Box(list(self.fields.values()))
        form.add_class("ssv-form")
        buttons = ipywidgets.HBox(
            [
                grid.button(_("Search"), _("Find members by these filters"), search, primary=True),
                grid.button(_("Clear"), _("Empty all filters"), self.clear),
            ]
        )
        self.box = ipywidgets.VBox([form, buttons])

    def clear(self) -> None:
        """Empty all filters."""
        for name, field in self.fields.items():
            if name == "period":
                field.value = "registered_at"
            else:
                field.value = "" if isinstance(field, ipywidgets.Text) else None

    def wanted(self) -> MemberFilter:
        """The filter as it stands.

        Raises
        ------
        SafeShopError
            If a number is none.
        """
        values = {name: _given(field.value) for name, field in self.fields.items()}
        for name in ("age_from", "age_to", "points_from", "points_to"):
            values[name] = _whole(values[name])
        return MemberFilter(**values)


def _given(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    return value


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise SafeShopError(_("“{text}” is not a whole number; write it in digits.").format(text=text[:40]))
    return int(text)


class Members:
    """The screen: form and list, or one member.

    Parameters
    ----------
    app
        The application.
    """

    def __init__(self, app: VaultApp) -> None:
        self._app = app
        self.form = MemberSearch(lambda: app.guarded(lambda: self.search(1)))
        self.found = ipywidgets.HTML()
        heads = [MEMBERS["member_code"].label, *(MEMBERS[name].label for name in COLUMNS)]
        self.list = grid.Grid(
            _("Members"), heads, lambda code: app.guarded(lambda: self.open(code)), [COLUMNS.index("points")]
        )
        self.pager = grid.Pager(lambda page: app.guarded(lambda: self.search(page)))
        self._search = ipywidgets.VBox(
            [grid.heading(_("Members")), self.form.box, self.found, self.list.box, self.pager.box]
        )
        self.detail = MemberDetail(app, self.back)
        self.box = ipywidgets.VBox([self._search])
        self._rows: dict[str, Record] = {}

    def refresh(self) -> None:
        """Show the form and its first page anew."""
        self.back()
        self.search(1)

    def search(self, page: int) -> None:
        """Show a page of what the filters find."""
        found = self._app.session.search_members(self.form.wanted(), page, PAGE_ROWS)
        self._rows = {row["member_code"]: row for row in found.rows}
        self.list.fill(
            [
                (code, [cell_text(MEMBERS[name], masked[name]) for name in COLUMNS])
                for code, row in self._rows.items()
                for masked in [grid.masked_record(MEMBERS, row)]
            ]
        )
        self.pager.at(found.page, found.pages)
        self.found.value = _("{count} members found. Choose a member code to see the record.").format(
            count=found.count
        )

    def open(self, code: str) -> None:
        """Show one member, masked."""
        self.detail.show(self._rows[code])
        self.box.children = (self.detail.box,)

    def back(self) -> None:
        """Go back to the list."""
        self.box.children = (self._search,)


class MemberDetail:
    """One member's record (row C3), to be looked at only.

    Parameters
    ----------
    app
        The application.
    back
        Goes back.
    """

    def __init__(self, app: VaultApp, back: Callable[[], object]) -> None:
        self._app = app
        self.record = ipywidgets.HTML()
        self.versions = ipywidgets.HTML()
        self.reveal = grid.Reveal(lambda reason: app.guarded(lambda: self.unmask(reason)))
        self.title = ipywidgets.HTML()
        self._code = ""
        history = grid.button(
            _("Former versions"),
            _("How this record stood after each import"),
            lambda: app.guarded(self.show_versions),
        )
        if "history" not in app.session.rights:
            history.layout.display = "none"
        head = ipywidgets.HBox([grid.button(_("◀ Back"), _("Back to where you came from"), back), self.title])
        self.box = ipywidgets.VBox([head, self.record, self.reveal.box, history, self.versions])

    def show(self, record: Record) -> None:
        """Show a record, masked."""
        self._code = record["member_code"]
        self.reveal.reason.value = ""
        self.versions.value = ""
        self._write(grid.masked_record(MEMBERS, record))

    def _write(self, record: dict[str, str]) -> None:
        self.title.value = grid.title_html(_("Member {code}").format(code=self._code))
        self.record.value = grid.cards(
            [
                grid.card(_("Account"), grid.pairs_of(MEMBERS, record, ("member_code", *COLUMNS))),
                grid.card(_("Details"), grid.pairs_of(MEMBERS, record, DETAIL)),
            ]
        )

    def unmask(self, reason: str) -> None:
        """Show the record in full; the reason goes into the trail."""
        self._write(self._app.session.reveal_member(self._code, reason))
        self._app.say(_("Shown in full; the trail notes you, the record and the reason."))

    def show_versions(self) -> None:
        """List the record's versions, masked."""
        versions = self._app.session.history("members", self._code)
        names = ("level", "level_changed_at", "points", "changed_at")
        self.versions.value = grid.table_html(
            _("Versions"),
            [_("import"), _("stands"), *(MEMBERS[name].label for name in names)],
            [
                [
                    str(one.imported),
                    _("yes") if one.is_current else _("replaced"),
                    *(cell_text(MEMBERS[name], one.record[name]) for name in names),
                ]
                for one in versions
            ],
        )
