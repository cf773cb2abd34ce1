"""``safeshop vault …``: each action of the vault as a command, and each command one method of `Session`.

Passwords and codes are asked for, never taken as arguments: arguments stand in the shell's history and in the
list of processes. For rehearsals and tests they may come from a pipe (standard input), one answer a line. What is
heavy is imported inside the command that needs it, so that help answers at once.
"""

from __future__ import annotations

import base64
import binascii
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

from simlib.errors import SafeShopError
from simlib.languages import _

if TYPE_CHECKING:
    from simlib.vault.importing import ImportReport
    from simlib.vault.reports import MonthStatistics, Record
    from simlib.vault.session import Session
    from simlib.vault.verification import Verification

vault_app = typer.Typer(no_args_is_help=True, help=_("The offline vault: import, look up, prove, destroy."))

BUNDLE_SUFFIX = ".bundle"

P = ParamSpec("P")
T = TypeVar("T")

Folder = Annotated[Path, typer.Argument(help=_("The vault's folder."))]
Shop = Annotated[str, typer.Option("--shop", help=_("Shop code."))]
User = Annotated[str, typer.Option("--user", help=_("User name."))]
Reason = Annotated[str, typer.Option("--reason", help=_("Why; it goes into the trail."))]


def _sentences(command: Callable[P, T]) -> Callable[P, T]:
    """Print the error's one sentence and end with 1, without a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return command(*args, **kwargs)
        except SafeShopError as error:
            typer.echo(error.sentence, err=True)
            raise typer.Exit(1) from None

    return guarded


def _ask(question: str, *, hidden: bool = True) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"{question}: ") if hidden else input(f"{question}: ")
    answer = sys.stdin.readline()
    if not answer:
        raise SafeShopError(
            _("“{question}” got no answer; run the command in a terminal.").format(question=question)
        )
    return answer.rstrip("\r\n")


def _ask_new(question: str) -> str:
    first = _ask(question)
    if sys.stdin.isatty() and first != _ask(_("Once more")):
        raise SafeShopError(_("The two passwords differ; start again."))
    return first


@contextmanager
def _signed_in(folder: Path, shop: str, user: str) -> Iterator[Session]:
    from simlib.vault.vault import Vault

    password = _ask(_("Password"))
    code = _ask(_("One-time code"))
    with Vault(folder).sign_in(shop, user, password, code) as session:
        yield session


def _say(text: str) -> None:
    typer.echo(text)


def _grid(columns: list[str], rows: list[list[Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as Grid

    from simlib.vault.reading import shown

    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column)
    for row in rows:
        # Text from outside: neither markup nor control characters may reach the terminal.
        grid.add_row(*(escape(shown(str(cell), 60)) for cell in row))
    # A pipe or file has no width: nothing may be cut there.
    Console(width=None if sys.stdout.isatty() else 1_000).print(grid)


# -- a vault


@vault_app.command(help=_("Make an empty vault and its owner."))
@_sentences
def create(
    folder: Folder,
    shop: Shop,
    owner: Annotated[str, typer.Option("--owner", help=_("The owner's user name."))],
    rehearsal: Annotated[
        bool, typer.Option(help=_("Weak, fast passwords: for synthetic data only."))
    ] = False,
) -> None:
    """Make an empty vault and its owner."""
    from simlib.vault.sealing import DEFAULT_COST, REHEARSAL_COST
    from simlib.vault.vault import Vault

    vault = Vault(folder, cost=REHEARSAL_COST if rehearsal else DEFAULT_COST)
    made = vault.create(shop, owner, _ask_new(_("Owner's password")))
    _say(
        _("The vault is in {folder}. Put this into your authenticator now; it is not shown again:").format(
            folder=folder
        )
    )
    _say(made.authenticator)


@vault_app.command(help=_("Put a backup back, where nothing stands."))
@_sentences
def restore(backup: Annotated[Path, typer.Argument(help=_("A backup's folder."))], folder: Folder) -> None:
    """Put a backup back, where nothing stands."""
    from simlib.vault.backup import restore_vault

    restore_vault(backup, folder)
    _say(_("Restored to {folder}. Now run verify with your last receipt.").format(folder=folder))


# -- import

Columns = Annotated[
    list[str] | None,
    typer.Option(help=_("What a heading means, as HEADING=column; HEADING= leaves it out. May be repeated.")),
]


def _columns(given: list[str] | None) -> dict[str, str]:
    pairs = {}
    for text in given or []:
        heading, sign, name = text.rpartition("=")
        if not sign:
            raise SafeShopError(
                _("“{text}” does not say what a heading means; write it as HEADING=column.").format(
                    text=text[:64]
                )
            )
        pairs[heading] = name
    return pairs


@vault_app.command("import", help=_("Bring files into the vault, each of them whole or not at all."))
@_sentences
def import_(
    folder: Folder,
    files: Annotated[
        list[Path], typer.Argument(help=_("CSV files or bundles; members, then orders, then lines."))
    ],
    shop: Shop,
    user: User,
    changed: Annotated[str, typer.Option(help=_("Changed records: overwrite, or further."))] = "overwrite",
    encoding: Annotated[
        str | None, typer.Option(help=_("utf-8, cp950 or gb18030; detected if left out."))
    ] = None,
    column: Columns = None,
) -> None:
    """Bring files into the vault, each of them whole or not at all."""
    columns = _columns(column)
    with _signed_in(folder, shop, user) as session:
        for path in files:
            if path.suffix == BUNDLE_SUFFIX:
                reports = session.import_bundle(path, changed)  # type: ignore[arg-type]
            else:
                report_made = session.import_file(path, None, encoding, changed, columns)  # type: ignore[arg-type]
                reports = [report_made]
            for report in reports:
                _say(_report(report))
        _say(_("Receipt, to be kept outside the vault: {receipt}").format(receipt=session.receipt()))


def _report(report: ImportReport) -> str:
    if report.already:
        return _("{file}: imported before as import {number}; nothing was changed.").format(
            file=report.file, number=report.number
        )
    return _(
        "{file} ({table}, {encoding}): {rows} rows; "
        "{new} new, {changed} changed, {unchanged} known, {older} older."
    ).format(
        file=report.file,
        table=report.table,
        encoding=report.encoding,
        rows=report.rows,
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged,
        older=report.older,
    )


@vault_app.command(help=_("Show a file's encoding and first rows; nothing is stored."))
@_sentences
def preview(
    folder: Folder,
    file: Annotated[Path, typer.Argument(help=_("A CSV file."))],
    shop: Shop,
    user: User,
    encoding: Annotated[str | None, typer.Option(help=_("Show it in this encoding."))] = None,
    column: Columns = None,
) -> None:
    """Show a file's encoding and first rows; nothing is stored."""
    from simlib.vault.reading import shown

    columns = _columns(column)
    with _signed_in(folder, shop, user) as session:
        seen = session.preview(file, encoding, columns)
    others = ", ".join(one for one in seen.detection.possible if one != seen.encoding)
    _say(
        _("{file}: {table}, read as {encoding}.").format(
            file=file.name, table=seen.table, encoding=seen.encoding
        )
    )
    if others and not seen.detection.certain:
        _say(_("It could also be {others}: look whether the names are right.").format(others=others))
    for heading, name in seen.columns.items():
        if heading != name:
            _say(
                _("“{heading}” is read as {column}.").format(heading=shown(heading), column=name)
                if name
                else _("“{heading}” is left out.").format(heading=shown(heading))
            )
    for row in seen.rows:
        _say(" | ".join(shown(cell) for cell in row.values()))


# -- the carrier


@vault_app.command(help=_("Check a bundle to its end and say what is in it; nothing is stored."))
@_sentences
def inspect(
    folder: Folder, file: Annotated[Path, typer.Argument(help=_("A bundle."))], shop: Shop, user: User
) -> None:
    """Check a bundle to its end and say what is in it; nothing is stored."""
    with _signed_in(folder, shop, user) as session:
        manifest = session.inspect_bundle(file)
    _say(_("Signed by “{shop}”, unchanged, for this vault.").format(shop=manifest.shop))
    for one in manifest.files:
        _say(_("{table}: {rows} rows.").format(table=one.table, rows=one.rows))


@vault_app.command("carrier-key", help=_("Print the public key that the shop encrypts bundles to."))
@_sentences
def carrier_key(folder: Folder, shop: Shop, user: User) -> None:
    """Print the public key that the shop encrypts bundles to."""
    with _signed_in(folder, shop, user) as session:
        public, name = session.carrier_key()
    _say(base64.b64encode(public).decode())
    _say(_("Fingerprint: {fingerprint}").format(fingerprint=name))


@vault_app.command("new-shop-key", help=_("At the shop: make the key that signs bundles."))
@_sentences
def new_shop_key(key: Annotated[Path, typer.Argument(help=_("File for the shop's signing key."))]) -> None:
    """At the shop: make the key that signs bundles."""
    from simlib.vault import carrier

    public = carrier.new_signing_key(key, _ask_new(_("Password of the signing key")))
    _say(_("Give this public key to the vault's owner: {key}").format(key=base64.b64encode(public).decode()))


@vault_app.command(help=_("At the shop: sign and encrypt exports for the vault."))
@_sentences
def pack(
    bundle: Annotated[Path, typer.Argument(help=_("The bundle to write."))],
    files: Annotated[list[Path], typer.Argument(help=_("Exports of members, orders, lines."))],
    shop_name: Annotated[
        str, typer.Option("--shop-name", help=_("Name under which the vault knows the shop."))
    ],
    key: Annotated[Path, typer.Option("--key", help=_("The shop's signing key."))],
    recipient: Annotated[
        str, typer.Option("--to", help=_("The vault's public key, as carrier-key prints it."))
    ],
) -> None:
    """At the shop: sign and encrypt exports for the vault."""
    from simlib.vault import carrier
    from simlib.vault.holdings import system_clock

    signing = carrier.read_signing_key(key, _ask(_("Password of the signing key")))
    manifest = carrier.write_bundle(bundle, files, shop_name, signing, _public(recipient), system_clock())
    for one in manifest.files:
        _say(_("{table}: {rows} rows, {bytes} bytes").format(table=one.table, rows=one.rows, bytes=one.bytes))


def _public(text: str) -> bytes:
    try:
        public = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        public = b""
    if len(public) != 32:
        raise SafeShopError(
            _("“{text}” is not a public key; copy all of its 44 characters.").format(text=text[:64])
        )
    return public


@vault_app.command("add-shop", help=_("Accept bundles signed with a shop's key."))
@_sentences
def add_shop(
    folder: Folder,
    shop: Shop,
    user: User,
    shop_name: Annotated[str, typer.Option("--shop-name", help=_("Name for the sender."))],
    key: Annotated[str, typer.Option("--key", help=_("His public key, as new-shop-key prints it."))],
) -> None:
    """Accept bundles signed with a shop's key."""
    with _signed_in(folder, shop, user) as session:
        session.add_shop(shop_name, _public(key))
    _say(_("Bundles of {name} are accepted.").format(name=shop_name))


# -- reports


@vault_app.command(help=_("A day's completed and changed orders, new and changed members."))
@_sentences
def dashboard(
    folder: Folder,
    shop: Shop,
    user: User,
    day: Annotated[str | None, typer.Option(help=_("Such as 2026-03-05; today if left out."))] = None,
) -> None:
    """A day's completed and changed orders, new and changed members."""
    from simlib.vault.schema import read_day

    try:
        chosen = None if day is None else read_day(day)
    except ValueError:
        raise SafeShopError(_("“{text}” is not a day such as 2026-03-05.").format(text=day)) from None
    with _signed_in(folder, shop, user) as session:
        seen = session.dashboard(chosen)
    _grid(
        [str(seen.day), _("completed or new"), _("changed")],
        [
            [_("shop orders"), seen.shop_completed, seen.shop_changed],
            [_("channel orders"), seen.channel_completed, seen.channel_changed],
            [_("members"), seen.members_new, seen.members_changed],
        ],
    )


@vault_app.command(help=_("Orders by month: completed, changed, amounts."))
@_sentences
def months(
    folder: Folder,
    shop: Shop,
    user: User,
    since: Annotated[str | None, typer.Option(help=_("First month, such as 2026-03."))] = None,
    until: Annotated[str | None, typer.Option(help=_("Last month."))] = None,
) -> None:
    """Orders by month: completed, changed, amounts."""
    with _signed_in(folder, shop, user) as session:
        found, total = session.monthly_statistics(since, until)
    columns = [
        _("month"),
        _("orders"),
        _("completed"),
        _("changed"),
        _("revenue"),
        _("discount"),
        _("net received"),
    ]
    _grid(columns, [_month_cells(one) for one in [*found, total]])


def _month_cells(month: MonthStatistics) -> list[Any]:
    def amount(name: str) -> str:
        return ", ".join(f"{sums[name]} {currency}" for currency, sums in sorted(month.amounts.items()))

    label = f"{month.month} ({_('destroyed')})" if month.destroyed else month.month
    counts = [month.orders, month.completed, month.changed]
    return [label, *counts, amount("goods_amount"), amount("discount"), amount("net_received")]


@vault_app.command(help=_("List orders of a period."))
@_sentences
def orders(
    folder: Folder,
    shop: Shop,
    user: User,
    since: Annotated[str | None, typer.Option(help=_("First day or month ordered."))] = None,
    until: Annotated[str | None, typer.Option(help=_("Last day or month ordered."))] = None,
    page: Annotated[int, typer.Option(help=_("Page of 50."))] = 1,
) -> None:
    """List orders of a period."""
    from simlib.vault.reports import OrderFilter

    with _signed_in(folder, shop, user) as session:
        found = session.list_orders(OrderFilter(since, until), page)
    _records(found.rows)
    _say(
        _("{count} orders, page {page} of {pages}").format(
            count=found.count, page=found.page, pages=found.pages
        )
    )


@vault_app.command(help=_("Search members; the screens of the lesson have all filters."))
@_sentences
def members(
    folder: Folder,
    shop: Shop,
    user: User,
    keyword: Annotated[str | None, typer.Option(help=_("Part of name, e-mail, number or address."))] = None,
    level: Annotated[str | None, typer.Option(help=_("new, regular or vip."))] = None,
    since: Annotated[str | None, typer.Option(help=_("Registered from this day or month on."))] = None,
    until: Annotated[str | None, typer.Option(help=_("Registered up to this day or month."))] = None,
    page: Annotated[int, typer.Option(help=_("Page of 50."))] = 1,
) -> None:
    """Search members; the screens of the lesson have all filters."""
    from simlib.vault.reports import MemberFilter

    wanted = MemberFilter(keyword=keyword, level=level, since=since, until=until)
    with _signed_in(folder, shop, user) as session:
        found = session.search_members(wanted, page)
    chosen = ("member_code", "account", "name", "email", "mobile", "level", "points", "registered_at")
    _records([{name: row[name] for name in chosen} for row in found.rows])
    _say(
        _("{count} members, page {page} of {pages}").format(
            count=found.count, page=found.page, pages=found.pages
        )
    )


def _records(rows: list[Record]) -> None:
    if rows:
        _grid(list(rows[0]), [list(row.values()) for row in rows])


def _fields(one: Record) -> None:
    _grid([_("field"), _("value")], [[name, value] for name, value in one.items()])


@vault_app.command(help=_("A customer calls: find his order, masked unless revealed."))
@_sentences
def find(
    folder: Folder,
    shop: Shop,
    user: User,
    email: Annotated[str | None, typer.Option(help=_("The caller's e-mail address."))] = None,
    order: Annotated[str | None, typer.Option(help=_("His order number."))] = None,
    reveal: Annotated[bool, typer.Option(help=_("Show the order found in full; needs --reason."))] = False,
    reveal_member: Annotated[
        bool, typer.Option(help=_("Show the member found in full; needs --reason."))
    ] = False,
    reason: Annotated[str, typer.Option(help=_("Why it must be seen in full."))] = "",
) -> None:
    """A customer calls: find his order, masked unless revealed."""
    with _signed_in(folder, shop, user) as session:
        found = session.find(email=email, order_number=order)
        chosen = (
            "order_number",
            "ordered_at",
            "buyer_name",
            "buyer_email",
            "buyer_mobile",
            "order_status",
            "amount",
        )
        _records([{name: one[name] for name in chosen} for one in found.orders])
        if reveal_member and found.member is not None:
            _fields(session.reveal_member(found.member["member_code"], reason))
        if reveal:
            for one in found.orders[:1]:
                detail = session.reveal_order(one["order_number"], reason)
                _fields(detail.order)
                _records(detail.lines)


@vault_app.command(help=_("Show all versions of a member or an order, oldest first."))
@_sentences
def history(
    folder: Folder,
    table: Annotated[str, typer.Argument(help=_("members or orders."))],
    key: Annotated[str, typer.Argument(help=_("Member code or order number."))],
    shop: Shop,
    user: User,
) -> None:
    """Show all versions of a member or an order, oldest first."""
    with _signed_in(folder, shop, user) as session:
        versions = session.history(table, key)
    for one in versions:
        _say(
            _("From import {number}, as it stands:").format(number=one.imported)
            if one.is_current
            else _("From import {number}, replaced since:").format(number=one.imported)
        )
        _fields(one.record)


@vault_app.command(help=_("Write rows to a file; cells that could run as formulas are made harmless."))
@_sentences
def export(
    folder: Folder,
    table: Annotated[str, typer.Argument(help=_("members, orders or order_lines."))],
    path: Annotated[Path, typer.Argument(help=_("The file to write, in the open."))],
    shop: Shop,
    user: User,
    since: Annotated[str | None, typer.Option(help=_("First day or month ordered or registered."))] = None,
    until: Annotated[str | None, typer.Option(help=_("Last day or month."))] = None,
    format_name: Annotated[str, typer.Option("--format", help=_("csv, csv-bom, tsv or jsonl."))] = "csv-bom",
    exact: Annotated[
        bool, typer.Option(help=_("Cells as they are, for import; not for spreadsheets."))
    ] = False,
) -> None:
    """Write rows to a file; cells that could run as formulas are made harmless."""
    from simlib.vault.reports import MemberFilter, OrderFilter

    with _signed_in(folder, shop, user) as session:
        count = session.export(
            path,
            table,
            OrderFilter(since, until),
            MemberFilter(since=since, until=until),
            format_name,
            escape=not exact,
        )
    _say(
        _("{count} rows are in {path}, readable by everybody; delete it after use.").format(
            count=count, path=path
        )
    )


# -- proof


@vault_app.command(help=_("Print the audit trail."))
@_sentences
def trail(folder: Folder, shop: Shop, user: User) -> None:
    """Print the audit trail."""
    from simlib.vault.reading import shown

    with _signed_in(folder, shop, user) as session:
        entries = session.trail()
    for one in entries:
        _say(
            f"{one.number:>6} {one.time} {shown(one.user)} ({one.role}) {one.action} {_details(one.details)}"
        )


def _details(details: Any) -> str:
    from simlib.vault.reading import shown

    return " ".join(f"{name}={shown(str(value), 200)}" for name, value in sorted(details.items()))


@vault_app.command(help=_("Print the trail's head, to be kept outside the vault."))
@_sentences
def receipt(folder: Folder, shop: Shop, user: User) -> None:
    """Print the trail's head, to be kept outside the vault."""
    with _signed_in(folder, shop, user) as session:
        _say(str(session.receipt()))


@vault_app.command(help=_("Check the whole vault; ends with 1 if anything was changed."))
@_sentences
def verify(
    folder: Folder,
    shop: Shop,
    user: User,
    kept: Annotated[str | None, typer.Option("--receipt", help=_("A receipt kept elsewhere."))] = None,
) -> None:
    """Check the whole vault; ends with 1 if anything was changed."""
    from simlib.vault.trail import read_receipt

    known = None if kept is None else read_receipt(kept)
    with _signed_in(folder, shop, user) as session:
        _tell(session.verify(known))


@vault_app.command(help=_("Copy the vault into a new folder."))
@_sentences
def backup(
    folder: Folder, target: Annotated[Path, typer.Argument(help=_("A new folder."))], shop: Shop, user: User
) -> None:
    """Copy the vault into a new folder."""
    with _signed_in(folder, shop, user) as session:
        _say(_("Receipt of the copy: {receipt}").format(receipt=session.backup(target)))


@vault_app.command(help=_("Prove that a backup can be restored; ends with 1 if it cannot."))
@_sentences
def drill(
    folder: Folder, copy: Annotated[Path, typer.Argument(help=_("A backup."))], shop: Shop, user: User
) -> None:
    """Prove that a backup can be restored; ends with 1 if it cannot."""
    with _signed_in(folder, shop, user) as session:
        _tell(session.drill(copy))


def _tell(done: Verification) -> None:
    for sentence in [*done.findings, *done.remarks]:
        _say(sentence)
    _say(
        _("{entries} entries, {blocks} blocks, {rows} rows, {pages} index pages. Receipt: {receipt}").format(
            entries=done.entries, blocks=done.blocks, rows=done.rows, pages=done.pages, receipt=done.receipt
        )
    )
    if not done.is_intact:
        raise SafeShopError(
            _("The vault is not as it was left: {count} findings.").format(count=len(done.findings))
        )
    _say(_("Nothing was changed, removed or put back."))


# -- destruction, keys, users


@vault_app.command(help=_("Destroy a month for good: its rows, its index, its key."))
@_sentences
def destroy(
    folder: Folder,
    month: Annotated[str, typer.Argument(help=_("Such as 2014-05."))],
    shop: Shop,
    user: User,
    reason: Reason,
    family: Annotated[str, typer.Option(help=_("orders or members."))] = "orders",
) -> None:
    """Destroy a month for good: its rows, its index, its key."""
    with _signed_in(folder, shop, user) as session:
        count = session.destroy(family, month, reason)
    _say(
        _(
            "{count} {family} of {month} are destroyed. "
            "Backups made before still hold them: destroy those, too."
        ).format(count=count, family=family, month=month)
    )


@vault_app.command("destroy-backup", help=_("Overwrite a backup's keys and remove its files."))
@_sentences
def destroy_backup(
    folder: Folder,
    copy: Annotated[Path, typer.Argument(help=_("A backup."))],
    shop: Shop,
    user: User,
    reason: Reason,
) -> None:
    """Overwrite a backup's keys and remove its files."""
    with _signed_in(folder, shop, user) as session:
        session.destroy_backup(copy, reason)
    _say(
        _(
            "{path} is destroyed. Flash storage may keep traces all the same: "
            "a stick that must be silent is broken in two."
        ).format(path=copy)
    )


@vault_app.command("renew-keys", help=_("Put a new root key in place of the old, for all users."))
@_sentences
def renew_keys(folder: Folder, shop: Shop, user: User, reason: Reason) -> None:
    """Put a new root key in place of the old, for all users."""
    with _signed_in(folder, shop, user) as session:
        _say(_("The root key is now number {number}.").format(number=session.renew_keys(reason)))


@vault_app.command("change-password", help=_("Change your own password."))
@_sentences
def change_password(folder: Folder, shop: Shop, user: User) -> None:
    """Change your own password."""
    with _signed_in(folder, shop, user) as session:
        session.change_password(_ask(_("Old password")), _ask_new(_("New password")))
    _say(_("The password is changed."))


@vault_app.command(help=_("List users and roles."))
@_sentences
def users(folder: Folder, shop: Shop, user: User) -> None:
    """List users and roles."""
    with _signed_in(folder, shop, user) as session:
        found = session.users()
    _grid([_("user"), _("role")], [[one.name, one.role] for one in found])


@vault_app.command("add-user", help=_("Add a user."))
@_sentences
def add_user(
    folder: Folder,
    name: Annotated[str, typer.Argument(help=_("The new user's name."))],
    role: Annotated[str, typer.Argument(help=_("owner, clerk, service or auditor."))],
    shop: Shop,
    user: User,
) -> None:
    """Add a user."""
    with _signed_in(folder, shop, user) as session:
        made = session.add_user(name, role, _ask_new(_("His first password")))  # type: ignore[arg-type]
    _say(_("Put this into his authenticator now; it is not shown again:"))
    _say(made.authenticator)


@vault_app.command("reset-user", help=_("Give a user a new password and a new authenticator."))
@_sentences
def reset_user(
    folder: Folder, name: Annotated[str, typer.Argument(help=_("Who."))], shop: Shop, user: User
) -> None:
    """Give a user a new password and a new authenticator."""
    with _signed_in(folder, shop, user) as session:
        made = session.reset_user(name, _ask_new(_("New password")))
    _say(_("Put this into his authenticator now; it is not shown again:"))
    _say(made.authenticator)


@vault_app.command("remove-user", help=_("Remove a user and renew the root key."))
@_sentences
def remove_user(
    folder: Folder, name: Annotated[str, typer.Argument(help=_("Who."))], shop: Shop, user: User
) -> None:
    """Remove a user and renew the root key."""
    with _signed_in(folder, shop, user) as session:
        session.remove_user(name)
    _say(_("{name} is removed.").format(name=name))
