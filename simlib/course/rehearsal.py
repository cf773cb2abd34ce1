"""A vault to practise on: a simulated shop's data, carried into a real vault that may be stolen, changed, destroyed.

Everything here is synthetic and lies in one folder that is removed when the notebook ends, or when the lesson is
run again. The vault inside is the real one, with passwords that cost less to check than a shop's should.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from simlib.calendars import time_of_day
from simlib.course.progress import learner_folder
from simlib.datasets import vault_export
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.panels.vault import Account, VaultApp
from simlib.privacy.offline_vault import Search, search
from simlib.records import Run
from simlib.vault import carrier
from simlib.vault.backup import restore_vault
from simlib.vault.holdings import Holdings
from simlib.vault.importing import ImportReport
from simlib.vault.keyring import Compartment, Keyring, Role, read_keyring
from simlib.vault.reports import MonthStatistics, OrderFilter
from simlib.vault.schema import TABLES, Row, encode
from simlib.vault.sealing import Broken, PasswordCost
from simlib.vault.session import OrderDetail, Session
from simlib.vault.store import DATABASE_FILE, Connection, Store
from simlib.vault.trail import Entry, Receipt, Trail
from simlib.vault.vault import Vault
from simlib.vault.verification import Verification
from simlib.world import simulate

LESSON_COST: Final = PasswordCost(memory_kib=19 * 1024, passes=2, lanes=1)
"""The least the OWASP Password Storage Cheat Sheet accepts for Argon2id: quick enough for a lesson. A vault made
with ``safeshop vault create`` takes `simlib.vault.sealing.DEFAULT_COST`."""

SHOP_CODE: Final = "GIFTS-08"
SIGNER: Final = "gift shop"
"""Name under which the vault knows the shop that signs bundles."""
PASSWORDS: Final[Mapping[Role, str]] = {
    "owner": "lantern-river-copper-walnut",
    "clerk": "window-barley-thunder-kite",
    "service": "mirror-cactus-violin-harbor",
    "auditor": "pepper-glacier-saddle-moth",
}
"""Account and role → password: four words each. They stand here for everybody to read, as the data are made up."""

PREFIX: Final = "vault-lesson-"
OLD_SECONDS: Final = 86_400
"""A rehearsal's folder that a crash left behind is removed by the next one after so long."""
STEP_SECONDS: Final = 30

T = TypeVar("T")

_current: list[Rehearsal] = []


class RehearsalClock:
    """A clock that starts at a simulated moment, goes on at its usual pace, and may be put forward.

    Parameters
    ----------
    at
        Where it starts.
    """

    def __init__(self, at: datetime) -> None:
        self._at, self._since = at, time.monotonic()

    def __call__(self) -> datetime:
        """The time, with offset."""
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def forward(self, seconds: float) -> None:
        """Put it forward."""
        self._at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class KeyTrial:
    """What one key opened when it was tried on everything.

    Attributes
    ----------
    key
        Which, in the reader's language.
    kind
        Symmetric, public or private, in the reader's language.
    opens
        Thing, in the reader's language → whether it opened.
    """

    key: str
    kind: str
    opens: Mapping[str, bool]


@dataclass(frozen=True)
class Destroyed:
    """What can be read after a month was destroyed.

    Attributes
    ----------
    statistics
        The vault's months, with their sums.
    here, backup
        Month → orders that can still be read, in that vault and in a backup made before.
    """

    statistics: list[MonthStatistics]
    here: Mapping[str, int]
    backup: Mapping[str, int]


class Rehearsal:
    """A web shop's exports, a stick, and a vault with four accounts.

    Parameters
    ----------
    run
        A shop of at least three days. What ended until the evening before the last is carried first
        (`carry`); what the last day brought lies on the stick as ``tonight.bundle``.
    cost
        What its passwords cost to check.

    Attributes
    ----------
    stick
        Folder that plays the stick.
    vault
        The vault, locked.
    accounts
        Who may log in, with what an authenticator knows.
    clock
        The vault's clock.
    at
        The evening before the last, in days since the shop's start: up to then `carry` brings everything.
    """

    def __init__(self, run: Run, cost: PasswordCost = LESSON_COST) -> None:
        if run.days < 3:
            raise SafeShopError(
                _("The rehearsal needs a shop of at least 3 days, not {days}.").format(days=run.days)
            )
        while _current:
            _current.pop().remove()
        self.run, self.folder = run, _new_folder()
        _current.append(self)
        midnight = datetime.combine(run.scenario.start, datetime.min.time(), run.scenario.zone)
        evening = time_of_day(run.scenario.retention.export.time)
        self.at = run.days - 2 + evening
        self.before, self.tonight = (midnight + timedelta(days=run.days - back + evening) for back in (2, 1))
        self.clock = RehearsalClock(self.tonight + timedelta(minutes=5))
        self.vault = Vault(self.folder / "vault", clock=self.clock, cost=cost)
        self.stick = self.folder / "stick"
        self.stick.mkdir()
        made = self.vault.create(SHOP_CODE, "owner", PASSWORDS["owner"])
        self.accounts = [Account("owner", "owner", PASSWORDS["owner"], made.authenticator)]
        self._shop_key = Ed25519PrivateKey.generate()
        with self.sign_in("owner") as session:
            session.add_shop(SIGNER, self._shop_key.public_key().public_bytes_raw())
            self._recipient, _name = session.carrier_key()
            for role in ("clerk", "service", "auditor"):
                new = session.add_user(role, role, PASSWORDS[role])
                self.accounts.append(Account(role, role, PASSWORDS[role], new.authenticator))
        self.history = self._rows_until_yesterday()
        self.news = self._rows_of_tonight()
        self.exported = _exports(self.history)
        self._bytes = 0
        self._fill_stick()

    # -- the shop's side

    def _rows_until_yesterday(self) -> dict[str, list[Row]]:
        run, cut = self.run, self.before
        rows = vault_export(simulate(run.scenario, days=run.days - 1, seed=run.seed), all_members=True)
        members = [one for one in rows["members"] if _at(one, "registered_at") <= cut]
        orders = [one for one in rows["orders"] if _at(one, "changed_at") <= cut]
        return _with_lines(rows, members, orders)

    def _rows_of_tonight(self) -> dict[str, list[Row]]:
        before, until = self.before, self.tonight
        rows = vault_export(self.run)
        members = [
            one
            for one in rows["members"]
            if _at(one, "registered_at") <= until
            and max(_at(one, "registered_at"), _at(one, "changed_at")) > before
        ]
        orders = [one for one in rows["orders"] if before < _at(one, "changed_at") <= until]
        return _with_lines(rows, members, orders)

    def _pack(self, name: str, files: Mapping[str, bytes], key: Ed25519PrivateKey | None = None) -> Path:
        target = self.stick / name
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            paths = []
            for table, content in files.items():
                paths.append(Path(place) / f"{table}.csv")
                paths[-1].write_bytes(content)
            carrier.write_bundle(target, paths, SIGNER, key or self._shop_key, self._recipient, self.clock())
        return target

    def _fill_stick(self) -> None:
        news = _exports(self.news)
        self._pack("history.bundle", self.exported)
        tonight = self._pack("tonight.bundle", news)
        self._pack("false.bundle", news, Ed25519PrivateKey.generate())
        damaged = bytearray(tonight.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        (self.stick / "damaged.bundle").write_bytes(damaged)
        # What a real shop's back office on Chinese Windows writes: no bundle, and not UTF-8.
        members = news["members"].decode("utf-8")
        (self.stick / "members-cp950.csv").write_bytes(members.encode("cp950", "replace"))
        faulty = members.replace(",true,", ",perhaps,", 1)
        (self.stick / "members-faulty.csv").write_bytes(faulty.encode("utf-8"))

    # -- carried, and looked for

    def carry(self) -> list[ImportReport]:
        """Import what ended until yesterday evening."""
        with self.sign_in("clerk") as session:
            reports = session.import_bundle(self.stick / "history.bundle")
        self._bytes = (self.vault.folder / DATABASE_FILE).stat().st_size
        return reports

    def carry_tonight(self) -> list[ImportReport]:
        """Import what the last day brought; in the lesson the learner does it on the screen."""
        with self.sign_in("clerk") as session:
            return session.import_bundle(self.stick / "tonight.bundle")

    def thieves_words(self) -> list[str]:
        """What a thief would look for: every name, e-mail, number and address that was exported."""
        wanted = (
            "name",
            "email",
            "mobile",
            "phone",
            "address",
            "buyer_name",
            "recipient_name",
            "order_number",
        )
        found = {
            str(row[column])
            for rows in (self.history["members"], self.history["orders"])
            for row in rows
            for column in wanted
            if row.get(column)
        }
        return sorted(found)

    def stolen(self) -> dict[str, Search]:
        """What a search of raw bytes brings on a plain stick, on the encrypted one, and on the vault's disk."""
        disk = b"".join(path.read_bytes() for path in sorted(self.vault.folder.iterdir()))
        database = _read_only(self.vault.folder / DATABASE_FILE)
        sealed = b"".join(
            bytes(piece)
            for table in ("blocks", "pages", "trail")
            for (piece,) in database.execute(f"SELECT sealed FROM {table} ORDER BY rowid")
        )
        database.close()
        places = {
            _("a stick with plain CSV files"): b"".join(self.exported.values()),
            _("the stick with the encrypted bundle"): (self.stick / "history.bundle").read_bytes(),
            _("the vault's disk, every byte of it"): disk,
            _("the sealed pieces on that disk alone"): sealed,
        }
        words = self.thieves_words()
        found = {label: search(data, words) for label, data in places.items()}
        # Between its sealed pieces SQLite leaves empty room, more or less of it each time: that measures nothing.
        whole = _("the vault's disk, every byte of it")
        return found | {whole: replace(found[whole], entropy=float("nan"))}

    def screens(self) -> VaultApp:
        """The vault's screens, with a make-believe phone that knows the four accounts."""
        return VaultApp(self.vault, SHOP_CODE, self.accounts, self.clock, self.stick, self.folder / "shelf")

    def pry(self, customers: int) -> None:
        """Let customer service look at the records of so many customers in a row, which its rights allow."""
        with self.sign_in("service") as session:
            for order in self.history["orders"][:customers]:
                number = str(order["order_number"])
                session.find(order_number=number)
                session.reveal_order(number, _("checking the record"))

    def told_by_disk(self) -> list[str]:
        """What the stolen disk does say: the names of the accounts, with their roles."""
        ring = read_keyring(self.vault.folder)
        return [f"{name} ({slot.role})" for name, slot in sorted(ring.slots.items())]

    def bytes_per_order(self) -> float:
        """Room that an order took in the vault after the first carry, members, index and all."""
        return self._bytes / len(self.history["orders"])

    # -- at the vault

    def account(self, role: str) -> Account:
        """The account with this role."""
        return next(one for one in self.accounts if one.role == role)

    def sign_in(self, role: str, folder: Path | None = None) -> Session:
        """Log in with password and a fresh one-time code; the clock is put forward to the next code."""
        account = self.account(role)
        self.clock.forward(STEP_SECONDS)
        vault = self.vault if folder is None else replace(self.vault, folder=folder)
        return vault.sign_in(SHOP_CODE, account.name, account.password, account.code(self.clock()))

    def copy(self, name: str) -> Path:
        """A copy of the vault's files as somebody makes it who has the disk; an older one is removed."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.vault.folder, folder)
        return folder

    def backup(self) -> Path:
        """A backup of the vault as its owner makes it; an older one is removed."""
        folder = self.folder / "backup"
        shutil.rmtree(folder, ignore_errors=True)
        with self.sign_in("owner") as session:
            session.backup(folder)
        return folder

    def restore(self, backup: Path, name: str = "restored") -> Path:
        """Put a backup back in a place of its own; an older one is removed."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        restore_vault(backup, folder)
        return folder

    def change_one_byte(self, folder: Path, month: str) -> None:
        """Change one bit of one byte in a month's orders, as somebody with a hex editor would."""
        number = _still_there(
            {one.month: one for one in self.compartments(folder).values() if one.family == "orders"}, month
        ).number
        path = folder / DATABASE_FILE
        database = sqlite3.connect(path)
        try:
            (sealed,) = database.execute(
                "SELECT sealed FROM blocks WHERE compartment = ? ORDER BY serial", (number,)
            ).fetchone()
        finally:
            database.close()
        data = bytearray(path.read_bytes())
        data[data.index(bytes(sealed[:32])) + 20] ^= 1
        path.write_bytes(data)

    def compartments(self, folder: Path | None = None) -> dict[int, Compartment]:
        """Number → compartment, for whoever has the owner's password and the files."""
        ring, (root, _trail) = self._unlocked("owner", folder)
        return ring.compartments(root)

    def _unlocked(self, role: str, folder: Path | None = None) -> tuple[Keyring, tuple[Any, bytes]]:
        account = self.account(role)
        ring = read_keyring(folder or self.vault.folder)
        grants, _secret = ring.unlock(account.name, account.password)
        return ring, (grants.root, grants.trail)

    # -- what may be done to it

    def call(self, reason: str) -> tuple[OrderDetail, OrderDetail]:
        """Answer a call about the latest present, as customer service: masked, and in full with a reason."""
        presents = [
            one
            for one in self.history["orders"]
            if one["order_status"] == "completed" and one["recipient_name"] != one["buyer_name"]
        ]
        number = str(presents[-1]["order_number"])
        with self.sign_in("service") as session:
            session.find(order_number=number)
            return session.order(number), session.reveal_order(number, reason)

    def read_trail(self) -> list[Entry]:
        """The trail, as the auditor reads it."""
        with self.sign_in("auditor") as session:
            return session.trail()

    def check(
        self, folder: Path | None = None, kept: Receipt | None = None, role: str = "owner"
    ) -> Verification:
        """Check the vault, or another folder, against a receipt if one was kept."""
        with self.sign_in(role, folder) as session:
            return session.verify(kept)

    def destroy(self, month: str, reason: str) -> Destroyed:
        """Destroy a month of orders in a copy of the vault, and try to read every month there and in a backup."""
        backup, folder = self.backup(), self.copy("practice")
        with self.sign_in("owner", folder) as session:
            session.destroy("orders", month, reason)
        statistics, here = self._readable(folder)
        _statistics, before = self._readable(self.restore(backup))
        return Destroyed(statistics, here, before)

    def _readable(self, folder: Path) -> tuple[list[MonthStatistics], dict[str, int]]:
        with self.sign_in("owner", folder) as session:
            months, _total = session.monthly_statistics()
            found = {
                one.month: session.list_orders(OrderFilter(one.month, one.month)).count for one in months
            }
        return months, found

    def rehearse_restore(self) -> dict[str, Verification]:
        """Check a backup; then put an older copy in the vault's place, and check it without and with a receipt."""
        backup, old = self.backup(), self.copy("old")
        with self.sign_in("owner") as session:
            drill = session.drill(backup)
        for _day in range(3):
            self.read_trail()
        with self.sign_in("owner") as session:
            kept = session.receipt()
        return {
            _("the backup, in a rehearsal"): drill,
            _("an older copy put back, no receipt at hand"): self.check(old),
            _("the same copy, with the receipt kept on paper"): self.check(old, kept),
        }

    # -- which key opens what (row E1)

    def try_keys(self, month: str = "2014-05", other: str = "2014-06") -> list[KeyTrial]:
        """Try every key on everything, for real."""
        ring, (root, trail) = self._unlocked("owner")
        store = Store.open(self.vault.folder / DATABASE_FILE, ring.vault, _read_only)
        try:
            grants, _secret = ring.unlock("owner", PASSWORDS["owner"])
            lock = _Locks(self, Holdings(self.vault.folder, store, ring, grants), (month, other))
            private = ring.carrier_key(root).private_bytes_raw()
            months = {
                one.month: one.key for one in ring.compartments(root).values() if one.family == "orders"
            }
            _ring, (no_root, auditors) = self._unlocked("auditor")
            symmetric, public, secret = _("symmetric"), _("public"), _("private")
            return [
                lock.trial(_("the shop's signing key"), secret, [self._shop_key.private_bytes_raw()]),
                lock.trial(_("the vault's public key"), public, [self._recipient]),
                lock.trial(_("the vault's private key"), secret, [private]),
                *(
                    lock.trial(_("key of {month}").format(month=one), symmetric, [_still_there(months, one)])
                    for one in (month, other)
                ),
                lock.trial(
                    _("all that the auditor's password unlocks"),
                    symmetric,
                    [key for key in (auditors, no_root) if key],
                ),
                lock.trial(
                    _("all that the owner's password unlocks"),
                    _("both kinds"),
                    [trail, private, *months.values()],
                ),
            ]
        finally:
            store.close()

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


class _Locks:
    """Everything a key can be tried on."""

    def __init__(self, lab: Rehearsal, holdings: Holdings, months: Sequence[str]) -> None:
        self._lab, self._holdings = lab, holdings
        self._things: dict[str, Callable[[bytes], object]] = {
            _("opens the bundle on the stick"): self._bundle,
            **{_("opens the orders of {month}").format(month=month): self._month(month) for month in months},
            _("opens the trail"): lambda key: list(Trail(holdings.store, holdings.vault, key).entries()),
            _("signs a bundle that the vault accepts"): self._signature,
        }

    def trial(self, label: str, kind: str, keys: list[bytes]) -> KeyTrial:
        opens = {thing: any(_opened(attempt, key) for key in keys) for thing, attempt in self._things.items()}
        return KeyTrial(label, kind, opens)

    def _bundle(self, key: bytes) -> object:
        with (self._lab.stick / "tonight.bundle").open("rb") as file:
            shops = self._holdings.ring.shops.get
            return carrier.BundleReader(file, "", X25519PrivateKey.from_private_bytes(key), shops).manifest

    def _month(self, month: str) -> Callable[[bytes], object]:
        compartment = _still_there(self._holdings.months("orders"), month)
        block = next(iter(self._holdings.store.blocks(compartment.number)))
        return lambda key: self._holdings.open_block(replace(compartment, key=key), *block)

    def _signature(self, key: bytes) -> object:
        name = "signed.bundle"
        path = self._lab._pack(name, _exports(self._lab.news), Ed25519PrivateKey.from_private_bytes(key))
        try:
            with path.open("rb") as file:
                holdings = self._holdings
                private = holdings.ring.carrier_key(holdings.root)
                return carrier.BundleReader(file, name, private, holdings.ring.shops.get).manifest
        finally:
            path.unlink()


def _still_there(months: Mapping[str, T], month: str) -> T:
    """What is kept of a month, unless the learner destroyed it at the screen."""
    if month not in months:
        raise SafeShopError(
            _(
                "The orders of {month} were destroyed at the vault's screen, and this cell needs them. "
                "For a fresh vault, run the lesson once more from its beginning."
            ).format(month=month)
        )
    return months[month]


def _opened(attempt: Callable[[bytes], object], key: bytes) -> bool:
    try:
        attempt(key)
    except (Broken, SafeShopError):
        return False
    return True


def _read_only(path: Path) -> Connection:
    # Copied into memory: the vault's own file is not even opened for writing.
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    memory.deserialize(path.read_bytes())
    return memory


def _at(row: Row, column: str) -> datetime:
    at = row[column]
    assert isinstance(at, datetime)
    return at


def _with_lines(rows: dict[str, list[Row]], members: list[Row], orders: list[Row]) -> dict[str, list[Row]]:
    numbers = {one["order_number"] for one in orders}
    lines = [one for one in rows["order_lines"] if one["order_number"] in numbers]
    return {"members": members, "orders": orders, "order_lines": lines}


def _exports(rows: Mapping[str, list[Row]]) -> dict[str, bytes]:
    return {table.name: encode(table, rows[table.name]) for table in TABLES}


def _new_folder() -> Path:
    """A fresh folder in the learner's own one if there is one and it can be written, else where the system likes."""
    home, system = learner_folder(), Path(tempfile.gettempdir())
    for place in [home / ".safeshop"] if home else []:
        try:
            place.mkdir(parents=True, exist_ok=True)
            _remove_left(place)
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        except OSError:
            continue
    _remove_left(system)
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=system))


def _remove_left(place: Path) -> None:
    """Remove what a killed notebook could not: only old ones, as another notebook may be open."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > OLD_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


@atexit.register
def _remove_current() -> None:
    while _current:
        _current.pop().remove()
