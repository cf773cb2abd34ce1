"""A logged-in user: everything the screens and commands can do, with rights checked and the trail written.

Screens and commands are thin: each button is one method here. A method first asks whether the role allows it;
a refusal is noted in the trail, too. What shows or moves personal data notes who saw what and why.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault import reports
from simlib.vault.accounts import RIGHTS, OneTimeCodes, Right, check_name, check_password
from simlib.vault.attempts import Attempts
from simlib.vault.backup import check_backup, check_erasable, copy_vault, erase_backup
from simlib.vault.carrier import BundleReader, HashingReader, Manifest, fingerprint
from simlib.vault.destruction import destroy_compartment, drop_keys, renew
from simlib.vault.exporting import export_file
from simlib.vault.holdings import Change, Holdings, Place
from simlib.vault.importing import (
    MODES,
    ImportReport,
    Mode,
    TableImport,
    file_tag,
    identity_kind,
    key_text,
    normal_email,
    normal_phone,
)
from simlib.vault.keyring import ROLES, Role
from simlib.vault.masking import masked_row
from simlib.vault.reading import Detection, TableReader, detect, open_input
from simlib.vault.reports import (
    Dashboard,
    MemberFilter,
    MemberList,
    MonthStatistics,
    OrderFilter,
    OrderList,
    Record,
    record,
)
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS, TABLES, Table
from simlib.vault.sealing import DEFAULT_COST, Broken, PasswordCost
from simlib.vault.store import damaged, told
from simlib.vault.trail import Entry, Receipt, receipt
from simlib.vault.verification import Progress, SealState, Verification, verify, write_seal

IDLE_MINUTES = 15
"""After so long without a click a session locks itself."""
SHORTEST_REASON = 8
"""What a reason weighs at least: a letter or digit weighs 1, a character that is as wide as two (Chinese, Japanese,
Korean: property W of Unicode's annex 11) weighs 2, as it says about as much; signs, blanks and what cannot be seen
weigh nothing. So “客人來電” is as good a reason as “she calls”."""
_LONGEST_REASON = 500
_PREVIEW_ROWS = 5
_PIECE = 1 << 20

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file looks like before it is imported.

    Parameters
    ----------
    table
        What it holds.
    detection
        What its bytes say of the encoding.
    encoding
        The encoding it is shown in.
    rows
        The first rows.
    columns
        Heading in the file → column it is read as; an empty name is a column that is left out.
    """

    table: str
    detection: Detection
    encoding: str
    rows: list[Record]
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Customer:
    """What is found when a customer calls.

    Parameters
    ----------
    member
        His record, or ``None`` if only orders were found.
    orders
        His orders, or the one that was asked for, newest first.
    """

    member: Record | None
    orders: list[Record]


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """One order (row C7): its record with buyer, recipient and invoice, and its lines."""

    order: Record
    lines: list[Record]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record, and how it came.

    Parameters
    ----------
    record
        The cells.
    imported
        Number of the import.
    is_current
        False if a later version replaced it.
    """

    record: Record
    imported: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class User:
    """A user as the rights screen lists him."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user just made: his authenticator's address is shown once and kept nowhere in the open."""

    name: str
    role: Role
    authenticator: str


def allowed(
    right: Right,
) -> Callable[[Callable[Concatenate[Session, P], T]], Callable[Concatenate[Session, P], T]]:
    """Let a method run only if the session is open and its role has the right."""

    def decorate(method: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate[Session, P], T]:
        @functools.wraps(method)
        def guarded(self: Session, *args: P.args, **kwargs: P.kwargs) -> T:
            with self._guard(right):
                return method(self, *args, **kwargs)

        return cast("Callable[Concatenate[Session, P], T]", guarded)

    return decorate


class Session:
    """One user's time at the vault; made by `simlib.vault.vault.Vault.sign_in`.

    Parameters
    ----------
    holdings
        The unlocked vault.
    user, role
        Who he is.
    seal
        What the seal said at log-in.
    cost
        What passwords set in this session cost to guess.
    """

    def __init__(
        self, holdings: Holdings, user: str, role: Role, seal: SealState, cost: PasswordCost = DEFAULT_COST
    ) -> None:
        self._holdings, self.user, self.role, self.seal, self._cost = holdings, user, role, seal, cost
        self._open = True
        self._last = holdings.clock()
        self._served: set[tuple[str, str]] = set()

    # -- the session itself

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._open

    @property
    def rights(self) -> frozenset[Right]:
        """What the role may do; screens show only these buttons."""
        return RIGHTS[self.role]

    @contextmanager
    def _guard(self, right: Right) -> Iterator[None]:
        if not self._open:
            raise SafeShopError(_("The vault is locked; log in again."))
        holdings = self._holdings
        with told(holdings.store.path):
            try:
                holdings.check_alone()
                now = holdings.clock()
                if now - self._last > timedelta(minutes=IDLE_MINUTES):
                    self._end("locked-idle")
                    raise SafeShopError(
                        _("The vault locked itself after {minutes} minutes; log in again.").format(
                            minutes=IDLE_MINUTES
                        )
                    )
                self._last = now
                if right not in self.rights:
                    holdings.note(self.user, self.role, "refused", {"right": right})
                    raise SafeShopError(
                        _("Your role {role} does not allow this ({right}); ask the owner.").format(
                            role=self.role, right=right
                        )
                    )
                yield
            except Broken:
                raise damaged(holdings.store.path) from None

    def sign_out(self) -> None:
        """Lock the vault: note it, fingerprint the file, drop the keys. Twice does no harm."""
        if self._open:
            with told(self._holdings.store.path):
                self._end("sign-out")

    def _end(self, action: str) -> None:
        self._open = False
        self._served.clear()
        try:
            self._holdings.note(self.user, self.role, action)
            write_seal(self._holdings)
        finally:
            self._holdings.lock()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_details: object) -> None:
        try:
            self.sign_out()
        except SafeShopError:
            # Another log-in ended this one; its own log-out will close the file in order.
            self._open = False

    def _note(self, action: str, **details: Any) -> None:
        self._holdings.note(self.user, self.role, action, details)

    def _change(self, action: str, **details: Any) -> Any:
        return self._holdings.change(self.user, self.role, action, details)

    # -- import

    @allowed("import")
    def preview(
        self, path: Path, encoding: str | None = None, columns: Mapping[str, str] | None = None
    ) -> Preview:
        """Show a file's encoding, what its headings are taken for, and first rows, without storing anything."""
        with open_input(path) as file:
            detection = detect(file, path.name)
            chosen = encoding or detection.encoding
            reader = TableReader(file, path.name, chosen, None, columns)
            chunk = next(reader.chunks(_PREVIEW_ROWS), None)
        rows = [] if chunk is None else [record(reader.table, row) for row in chunk.rows]
        return Preview(reader.table.name, detection, chosen, rows, reader.columns)

    @allowed("import")
    def import_file(
        self,
        path: Path,
        table: str | None = None,
        encoding: str | None = None,
        mode: Mode = "overwrite",
        columns: Mapping[str, str] | None = None,
    ) -> ImportReport:
        """Bring a CSV file into the vault: all of it or nothing.

        Parameters
        ----------
        path
            The file.
        table
            ``members``, ``orders`` or ``order_lines``; ``None`` finds out by the columns.
        encoding
            One of `ENCODINGS`; ``None`` detects.
        mode
            What happens to changed records: ``overwrite``, or ``further`` record.
        columns
            Heading in the file → column, where `headings` does not know it or is wrong; an empty name leaves
            that column of the file out.

        Raises
        ------
        SafeShopError
            At the first fault, with file, row and column; then nothing was stored.
        """
        wanted = None if table is None else _table(table)
        _check_mode(mode)
        with open_input(path) as file:
            used = encoding or detect(file, path.name).encoding
            digest = _digest(file)
            with self._change("import", source="file") as change:
                hashing = HashingReader(file)
                reader = TableReader(hashing.buffered(), path.name, used, wanted, columns)
                report = self._import(change, reader, path.name, digest, used, mode)
                hashing.drain()
                if hashing.digest() != digest:
                    raise SafeShopError(
                        _("{file} changed while it was being read; try again.").format(file=path.name)
                    )
        return report

    def _import(
        self, change: Change, reader: TableReader, name: str, digest: bytes, encoding: str, mode: Mode
    ) -> ImportReport:
        holdings, table = self._holdings, reader.table
        before = holdings.store.import_of_file(file_tag(holdings, table, digest))
        if before is not None:
            change.details.setdefault("already", []).append(before)
            return ImportReport(before, name, table.name, encoding, already=True)
        one = TableImport(holdings, change, reader, mode)
        one.run()
        return one.record(name, digest, encoding, self.user)

    @allowed("import")
    def inspect_bundle(self, path: Path) -> Manifest:
        """Open a bundle, check signature and content to the end, and say what is in it; nothing is stored."""
        with open_input(path) as file:
            bundle = self._bundle(path, file)
            for _told, reader in bundle.files():
                reader.drain()
        return bundle.manifest

    @allowed("import")
    def import_bundle(self, path: Path, mode: Mode = "overwrite") -> list[ImportReport]:
        """Bring everything in a bundle into the vault in one transaction.

        Raises
        ------
        SafeShopError
            If it is not for this vault, not signed by a known shop, damaged, or a row has a fault.
        """
        _check_mode(mode)
        reports_made = []
        with open_input(path) as file, self._change("import", source="bundle") as change:
            bundle = self._bundle(path, file)
            change.details |= {"shop": bundle.manifest.shop, "created": bundle.manifest.created}
            for told_file, stream in bundle.files():
                name = f"{path.name}: {told_file.table}"
                reader = TableReader(stream.buffered(), name, told_file.encoding, _table(told_file.table))
                digest = bytes.fromhex(told_file.sha256)
                report = self._import(change, reader, name, digest, told_file.encoding, mode)
                if not report.already and report.rows != told_file.rows:
                    raise SafeShopError(
                        _("{file} has {found} rows, its manifest says {told}; carry it again.").format(
                            file=name, found=report.rows, told=told_file.rows
                        )
                    )
                reports_made.append(report)
        return reports_made

    def _bundle(self, path: Path, file: Any) -> BundleReader:
        holdings = self._holdings
        private = holdings.ring.carrier_key(holdings.root)
        return BundleReader(file, path.name, private, holdings.ring.shops.get)

    # -- reports

    @allowed("dashboard")
    def dashboard(self, day: date | None = None) -> Dashboard:
        """A day's numbers (row C8); without a day, today's."""
        return reports.dashboard(self._holdings, day or self._holdings.clock().date())

    @allowed("statistics")
    def monthly_statistics(
        self, since: str | None = None, until: str | None = None
    ) -> tuple[list[MonthStatistics], MonthStatistics]:
        """Orders by month, newest first, and their total (row C6)."""
        reports.check_period(since, until)
        return reports.monthly_statistics(self._holdings, since, until)

    @allowed("list-orders")
    def list_orders(
        self, wanted: OrderFilter | None = None, page: int = 1, page_rows: int | None = 50
    ) -> OrderList:
        """Orders of a period with count, revenue, discount and net received (row C6)."""
        found = reports.list_orders(self._holdings, wanted or OrderFilter(), page, page_rows)
        self._note("list-orders", filter=_said(wanted or OrderFilter()), found=found.count, page=page)
        return found

    @allowed("search-members")
    def search_members(
        self, wanted: MemberFilter | None = None, page: int = 1, page_rows: int | None = 50
    ) -> MemberList:
        """Members by any of the filters of row C4."""
        today = self._holdings.clock().date()
        found = reports.search_members(self._holdings, wanted or MemberFilter(), today, page, page_rows)
        # The keyword may be a person's name: it stays out of the trail.
        said = _said(wanted or MemberFilter()) | ({"keyword": "…"} if wanted and wanted.keyword else {})
        self._note("search-members", filter=said, found=found.count, page=page)
        return found

    # -- a customer calls

    @allowed("find")
    def find(
        self, *, email: str | None = None, order_number: str | None = None, phone: str | None = None
    ) -> Customer:
        """Find one customer by e-mail or order number, by phone for the owner; personal data are masked.

        What was found is what may be revealed, until the next search: one customer at a time.

        Raises
        ------
        SafeShopError
            If not exactly one of the three is given, or nothing is found.
        """
        given = {
            name: value.strip()
            for name, value in (("email", email), ("order_number", order_number), ("phone", phone))
            if value is not None and value.strip()
        }
        if len(given) != 1 or ("phone" in given and self.role != "owner"):
            raise SafeShopError(_("Search by one thing: an e-mail address or an order number."))
        ((kind, value),) = given.items()
        customer = self._find(kind, value)
        self._served = {("orders", one["order_number"]) for one in customer.orders}
        if customer.member is not None:
            self._served.add(("members", customer.member["member_code"]))
        said = value if kind == "order_number" else "…"
        self._note(
            "find", by=kind, value=said[:64], orders=len(customer.orders), member=customer.member is not None
        )
        if customer.member is None and not customer.orders:
            raise SafeShopError(
                _("Nothing is found under “{text}”; check the spelling.").format(text=value[:64])
            )
        return Customer(
            customer.member and _masked(MEMBERS, customer.member),
            [_masked(ORDERS, one) for one in customer.orders],
        )

    def _find(self, kind: str, value: str) -> Customer:
        if kind == "order_number":
            found = self._current(ORDERS, value)
            member = self._current(MEMBERS, found[-1]["member_code"]) if found else []
            return Customer(member[-1] if member else None, found[-1:])
        if kind == "email":
            text = normal_email(value)
            columns: tuple[str, ...] = ("email", "buyer_email")
            normal: Callable[[str], str] = normal_email
        else:
            text, columns = (
                normal_phone(value),
                ("mobile", "phone", "buyer_mobile", "buyer_phone", "recipient_phone"),
            )
            normal = normal_phone
        members = self._by_index(MEMBERS, kind, text, columns, normal)
        orders = self._by_index(ORDERS, kind, text, columns, normal)
        orders.sort(key=lambda one: one["ordered_at"], reverse=True)
        return Customer(members[-1] if members else None, orders)

    def _by_index(
        self, table: Table, kind: str, text: str, columns: Iterable[str], normal: Callable[[str], str]
    ) -> list[Record]:
        holdings = self._holdings
        found = []
        for compartment in holdings.months("members" if table is MEMBERS else "orders").values():
            for place in holdings.positions(compartment, kind, text):
                if place in holdings.superseded(compartment):
                    continue
                row = record(table, holdings.row(place))
                if any(normal(row[name]) == text for name in columns if row.get(name)):
                    found.append(row)
        return found

    def _places(self, table: Table, key: str) -> list[tuple[Place, Record]]:
        """All versions of a record by its key, in the order in which they came."""
        holdings = self._holdings
        found = []
        for place in holdings.positions(holdings.directory, identity_kind(table), key):
            cells = holdings.row(place)
            if key_text(table, cells) == key:
                found.append((place, record(table, cells)))
        return found

    def _current(self, table: Table, key: str) -> list[Record]:
        holdings = self._holdings
        return [
            row
            for place, row in self._places(table, key)
            if place not in holdings.superseded(holdings.compartment_of_block(place[0]))
        ]

    @allowed("find")
    def order(self, order_number: str) -> OrderDetail:
        """One order with its lines, personal data masked (row C7)."""
        self._check_served("orders", order_number)
        detail = self._order(order_number)
        self._note("view", table="orders", key=order_number[:64])
        return OrderDetail(_masked(ORDERS, detail.order), detail.lines)

    @allowed("reveal")
    def reveal_order(self, order_number: str, reason: str) -> OrderDetail:
        """One order with its lines in full; the reason goes into the trail."""
        self._check_served("orders", order_number)
        detail = self._order(order_number)
        self._note("reveal", table="orders", key=order_number[:64], reason=_reason(reason))
        return detail

    @allowed("reveal")
    def reveal_member(self, member_code: str, reason: str) -> Record:
        """One member in full; the reason goes into the trail."""
        self._check_served("members", member_code)
        found = self._current(MEMBERS, member_code)
        if not found:
            raise _unknown(member_code)
        self._note("reveal", table="members", key=member_code[:64], reason=_reason(reason))
        return found[-1]

    def _order(self, order_number: str) -> OrderDetail:
        found = self._current(ORDERS, order_number)
        if not found:
            raise _unknown(order_number)
        holdings = self._holdings
        home = holdings.compartment_of_block(self._places(ORDERS, order_number)[-1][0][0])
        lines = []
        for place in holdings.positions(home, "order", order_number):
            row = (
                record(ORDER_LINES, holdings.row(place))
                if holdings.table_of(place[0]) == "order_lines"
                else {}
            )
            if row.get("order_number") == order_number and place not in holdings.superseded(home):
                lines.append(row)
        return OrderDetail(found[-1], sorted(lines, key=lambda line: int(line["line"])))

    def _check_served(self, table: str, key: str) -> None:
        if self.role != "owner" and (table, key) not in self._served:
            raise SafeShopError(
                _("Find the customer first; only what belongs to the one found last can be opened.")
            )

    @allowed("history")
    def history(self, table: str, key: str) -> list[Version]:
        """All versions of a member (by code) or an order (by number), oldest first."""
        chosen, holdings = _table(table), self._holdings
        versions = []
        for place, row in self._places(chosen, key):
            found = holdings.store.block(place[0])
            assert found is not None
            replaced = place in holdings.superseded(holdings.compartments[found[0]])
            versions.append(Version(row, found[1], not replaced))
        if not versions:
            raise _unknown(key)
        self._note("history", table=table, key=key[:64])
        return versions

    # -- out of the vault

    @allowed("export")
    def export(
        self,
        path: Path,
        table: str,
        orders: OrderFilter | None = None,
        members: MemberFilter | None = None,
        format_name: str = "csv-bom",
        *,
        escape: bool = True,
    ) -> int:
        """Write members or orders to a file in the open; how many rows.

        The trail notes it before the file exists. Formulas are made harmless unless ``escape`` is off.
        """
        chosen, holdings = _table(table), self._holdings
        if path.exists():
            raise SafeShopError(_("{path} exists already; choose another name.").format(path=path))
        if chosen is ORDERS:
            wanted = orders or OrderFilter()
            reports.check_period(wanted.since, wanted.until)
            rows: Iterable[Record] = reports.orders(holdings, wanted)
        elif chosen is MEMBERS:
            passes = (members or MemberFilter()).test(holdings.clock().date())
            rows = (one for one in reports.members(holdings) if passes(one))
        else:
            rows = (
                record(ORDER_LINES, cells)
                for compartment in holdings.months("orders").values()
                for _place, cells in holdings.scan(compartment, "order_lines")
            )
        self._note("export", table=table, file=path.name, escape=escape)
        return export_file(chosen, rows, path, format_name, escape=escape)

    # -- trail and proof

    @allowed("trail")
    def trail(self) -> list[Entry]:
        """All entries of the trail, oldest first."""
        entries = list(self._holdings.trail.entries())
        self._note("read-trail", entries=len(entries))
        return entries

    @allowed("receipt")
    def receipt(self) -> Receipt:
        """The trail's head, to be kept outside the vault."""
        number, head = self._holdings.store.last_entry()
        return receipt(self._holdings.vault, number, head)

    @allowed("verify")
    def verify(self, kept: Receipt | None = None, progress: Progress | None = None) -> Verification:
        """Check the whole vault, against a receipt if one is given."""
        done = verify(self._holdings, self.seal, kept, progress)
        self._note("verify", intact=done.is_intact, findings=len(done.findings), receipt=kept is not None)
        number, head = self._holdings.store.last_entry()
        done.receipt = receipt(self._holdings.vault, number, head)
        return done

    @allowed("backup")
    def backup(self, folder: Path) -> Receipt:
        """Copy the vault into a new folder; the receipt of the copy."""
        self._note("backup", folder=folder.name)
        copy_vault(self._holdings, folder)
        number, head = self._holdings.store.last_entry()
        return receipt(self._holdings.vault, number, head)

    @allowed("backup")
    def drill(self, folder: Path) -> Verification:
        """Prove that a backup can be restored: open the copy, check all of it, compare its past."""
        done = check_backup(self._holdings, folder)
        self._note("drill", folder=folder.name, intact=done.is_intact, rows=done.rows)
        return done

    # -- destruction and renewal

    @allowed("destroy")
    def months(self, family: str) -> dict[str, int]:
        """Months of orders or of members that can be destroyed, oldest first, and how many current rows each has."""
        holdings, found = self._holdings, {}
        for month, one in holdings.months(family).items():
            totals = holdings.totals(one.number)
            found[month] = 0 if totals is None else totals.rows
        return found

    @allowed("destroy")
    def destroy(self, family: str, month: str, reason: str) -> int:
        """Destroy a month of orders or of members for good; how many current rows it had.

        Its rows, index and key are removed, and the key file is rewritten under a new root key. Backups made
        before still hold it, until they are destroyed, too.

        Raises
        ------
        SafeShopError
            If there is no such month, or no reason is given.
        """
        holdings = self._holdings
        found = holdings.months(family).get(month) if family in ("orders", "members") else None
        if found is None:
            raise SafeShopError(
                _("The vault has no month {month} of {family}; the statistics list what it has.").format(
                    month=month, family=family
                )
            )
        totals = holdings.totals(found.number)
        details = {"family": family, "month": month, "compartment": found.number, "reason": _reason(reason)}
        with self._change("destroy", **details) as change:
            destroy_compartment(holdings, change, found)
        drop_keys(holdings, self.user, self.role)
        return 0 if totals is None else totals.rows

    @allowed("destroy")
    def destroy_backup(self, folder: Path, reason: str) -> None:
        """Overwrite a backup's keys and remove its files; the trail notes it before anything is gone."""
        check_erasable(self._holdings, folder)
        self._note("destroy-backup", folder=folder.name, reason=_reason(reason))
        erase_backup(folder)

    @allowed("renew-keys")
    def renew_keys(self, reason: str) -> int:
        """Put a new root key in place of the old for all users; the key file's new generation."""
        renew(self._holdings, self.user, self.role, reason=_reason(reason))
        return self._holdings.ring.generation

    # -- users and shops

    @allowed("users")
    def users(self) -> list[User]:
        """Who can log in."""
        return [User(name, slot.role) for name, slot in sorted(self._holdings.ring.slots.items())]

    @allowed("users")
    def add_user(self, name: str, role: Role, password: str) -> NewUser:
        """Add a user; his authenticator's address is given once."""
        check_name(name)
        if name in self._holdings.ring.slots:
            raise SafeShopError(_("There is a user {name} already; choose another name.").format(name=name))
        if role not in ROLES:
            raise SafeShopError(
                _("There is no role {role}; choose one of: {roles}.").format(
                    role=role, roles=", ".join(ROLES)
                )
            )
        return self._set_user(name, role, password, "add-user", None)

    @allowed("users")
    def reset_user(self, name: str, password: str) -> NewUser:
        """Give a user a new password and a new authenticator."""
        return self._set_user(name, self._user(name).role, password, "reset-user", None)

    @allowed("users")
    def remove_user(self, name: str) -> None:
        """Remove a user and renew the root key, so that his old password opens nothing new."""
        self._user(name)
        owners = [one.name for one in self.users() if one.role == "owner"]
        if owners == [name]:
            raise SafeShopError(_("{name} is the only owner; make another one first.").format(name=name))
        renew(self._holdings, self.user, self.role, action="remove-user", without_user=name)

    def _user(self, name: str) -> User:
        slot = self._holdings.ring.slots.get(name)
        if slot is None:
            raise SafeShopError(_("There is no user {name}.").format(name=name[:64]))
        return User(name, slot.role)

    def _set_user(self, name: str, role: Role, password: str, action: str, secret: bytes | None) -> NewUser:
        check_password(password)
        holdings = self._holdings
        ring, secret = holdings.ring.with_user(
            name, role, password, holdings.grants, self._cost, holdings.random, secret
        )
        with self._change(action, name=name, role=role):
            holdings.write_keys(ring)
        return NewUser(name, role, OneTimeCodes(secret).address(name, holdings.ring.shop_code))

    @allowed("change-password")
    def change_password(self, old: str, new: str) -> None:
        """Change one's own password; the authenticator stays."""
        holdings, now = self._holdings, self._holdings.clock()
        attempts = Attempts(holdings.folder, holdings.vault)
        if wait := attempts.seconds_to_wait(self.user, now):
            raise SafeShopError(_("Too many wrong log-ins; wait {seconds} seconds.").format(seconds=wait))
        attempts.failed(self.user, now)
        try:
            _grants, secret = holdings.ring.unlock(self.user, old)
        except Broken:
            self._note("change-password-refused")
            raise SafeShopError(_("The old password is wrong.")) from None
        attempts.succeeded(self.user)
        self._set_user(self.user, self.role, new, "change-password", secret)

    @allowed("shops")
    def add_shop(self, name: str, public_key: bytes) -> None:
        """Accept bundles signed with this key under this name; an existing name gets the new key."""
        check_name(name)
        if len(public_key) != 32:
            raise SafeShopError(_("A shop's public key has 32 bytes; copy all of it."))
        holdings = self._holdings
        with self._change("add-shop", name=name, key=sha256(public_key).hexdigest()[:16]):
            ring = replace(holdings.ring, shops={**holdings.ring.shops, name: public_key})
            holdings.write_keys(ring)

    @allowed("import")
    def carrier_key(self) -> tuple[bytes, str]:
        """The public key the shop encrypts bundles to, and its fingerprint to compare by voice."""
        public = self._holdings.ring.carrier_public
        return public, fingerprint(public).hex()[:16]


def _digest(file: Any) -> bytes:
    file.seek(0)
    digest = sha256()
    while piece := file.read(_PIECE):
        digest.update(piece)
    file.seek(0)
    return digest.digest()


def _table(name: str) -> Table:
    for table in TABLES:
        if table.name == name:
            return table
    raise SafeShopError(
        _("There is no table {name}; choose one of: {tables}.").format(
            name=name[:64], tables=", ".join(table.name for table in TABLES)
        )
    )


def _check_mode(mode: str) -> None:
    if mode not in MODES:
        raise SafeShopError(
            _("Changed records can be treated as: {modes}; not “{mode}”.").format(
                modes=", ".join(MODES), mode=mode[:64]
            )
        )


def _masked(table: Table, row: Record) -> Record:
    return record(table, masked_row(table, [row[spec.name] for spec in table.fields]))


def reason_weight(text: str) -> int:
    """How much a reason says, by `SHORTEST_REASON`'s rule; full-width letters weigh as much as others."""
    comparable = unicodedata.normalize("NFKC", text)
    return sum(1 + (unicodedata.east_asian_width(sign) == "W") for sign in comparable if sign.isalnum())


def _reason(text: str) -> str:
    # What cannot be seen could make an auditor read another reason than the one that was given.
    said = "".join(sign for sign in " ".join(text.split()) if sign.isprintable())
    if reason_weight(said) < SHORTEST_REASON:
        raise SafeShopError(
            _(
                "Give a reason of at least {letters} letters or digits, or {characters} Chinese characters; "
                "it goes into the trail."
            ).format(letters=SHORTEST_REASON, characters=SHORTEST_REASON // 2)
        )
    return said[:_LONGEST_REASON]


def _said(wanted: OrderFilter | MemberFilter) -> dict[str, Any]:
    return {name: value for name, value in asdict(wanted).items() if value is not None}


def _unknown(key: str) -> SafeShopError:
    return SafeShopError(_("The vault has nothing under “{key}”.").format(key=key[:64]))
