"""The vault as a thing in a folder: make one, open it, log in."""

from __future__ import annotations

import hmac
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.accounts import OneTimeCodes, check_name, check_password
from simlib.vault.attempts import Attempts
from simlib.vault.destruction import drop_keys
from simlib.vault.files import flush_folder, remove_leftovers
from simlib.vault.holdings import Clock, Holdings, system_clock
from simlib.vault.keyring import DIRECTORY, KEYS_FILE, Grants, Keyring, new_keyring, read_keyring
from simlib.vault.sealing import DEFAULT_COST, Broken, PasswordCost, Random
from simlib.vault.session import Session
from simlib.vault.store import DATABASE_FILE, Connect, Store, connect, damaged, told
from simlib.vault.verification import seal_state, write_seal


@dataclass(frozen=True, slots=True)
class Created:
    """A vault just made.

    Parameters
    ----------
    vault
        Ready to log in.
    authenticator
        The owner's ``otpauth`` address; shown once and kept nowhere in the open.
    """

    vault: Vault
    authenticator: str


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault in a folder, locked.

    Parameters
    ----------
    folder
        Where it is.
    clock, random
        Time and chance; tests give their own.
    connect
        How its database is opened.
    cost
        What passwords set from now on cost to guess.
    """

    folder: Path
    clock: Clock = system_clock
    random: Random = os.urandom
    connect: Connect = connect
    cost: PasswordCost = DEFAULT_COST

    def create(self, shop_code: str, owner: str, password: str) -> Created:
        """Make an empty vault in a new folder, whole or not at all.

        Raises
        ------
        SafeShopError
            If the folder exists or cannot be written, or name or password will not do.
        """
        check_name(shop_code)
        check_name(owner)
        check_password(password)
        if self.folder.exists():
            raise SafeShopError(
                _("{path} exists already; choose a new folder for the vault.").format(path=self.folder)
            )
        ring, grants = new_keyring(shop_code, self.random)
        ring, secret = ring.with_user(owner, "owner", password, grants, self.cost, self.random)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(
                tempfile.mkdtemp(prefix=self.folder.name + ".", suffix=".new", dir=self.folder.parent)
            )
        except OSError:
            raise SafeShopError(
                _("{path} cannot be written; check folder and room.").format(path=self.folder)
            ) from None
        try:
            ring = ring.write(temporary, grants)
            with told(temporary / DATABASE_FILE):
                store = Store.create(temporary / DATABASE_FILE, ring.vault, self.connect)
                holdings = Holdings(temporary, store, ring, grants, self.clock, self.random)
                with holdings.change(owner, "owner", "create", {"shop_code": shop_code}) as change:
                    store.add_compartment(DIRECTORY)
                    change.touch(DIRECTORY)
                write_seal(holdings)
                holdings.lock()
            temporary.rename(self.folder)
            flush_folder(self.folder.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return Created(self, OneTimeCodes(secret).address(owner, shop_code))

    def sign_in(self, shop_code: str, user: str, password: str, code: str) -> Session:
        """Log in.

        A wrong shop code, user, password or one-time code gets the same sentence; the first three also take
        the same time. After three wrong log-ins in a row each further one doubles the wait.

        Raises
        ------
        SafeShopError
            If it is refused, too early, or the vault is damaged.
        """
        if not _is_text(shop_code, user, password, code):
            raise _refused()
        ring = read_keyring(self.folder)
        with told(self.folder / DATABASE_FILE):
            session = self._sign_in(ring, shop_code, user, password, code)
        if session is None:
            raise _refused()
        return session

    def _sign_in(self, ring: Keyring, shop_code: str, user: str, password: str, code: str) -> Session | None:
        attempts, now = Attempts(self.folder, ring.vault), self.clock()
        if wait := attempts.seconds_to_wait(user, now):
            raise SafeShopError(_("Too many wrong log-ins; wait {seconds} seconds.").format(seconds=wait))
        before = attempts.failed(user, now)
        try:
            if not ring.slots:
                raise Broken
            grants, secret = ring.unlock(user, password)
            if not hmac.compare_digest(shop_code.encode(), ring.shop_code.encode()):
                raise Broken
        except Broken:
            return None
        try:
            return self._open(ring, grants, attempts, user, OneTimeCodes(secret), code)
        except SafeShopError:
            attempts.take_back(user, before)
            raise

    def _open(
        self,
        ring: Keyring,
        grants: Grants,
        attempts: Attempts,
        user: str,
        codes: OneTimeCodes,
        code: str,
    ) -> Session | None:
        path = self.folder / DATABASE_FILE
        store, session = Store.open(path, ring.vault, self.connect), None
        try:
            with told(path):
                holdings = Holdings(self.folder, store, ring, grants, self.clock, self.random)
                session = self._enter(holdings, attempts, user, codes, code, grants)
        except Broken:
            raise damaged(path) from None
        finally:
            if session is None:
                store.close()
        return session

    def _enter(
        self,
        holdings: Holdings,
        attempts: Attempts,
        user: str,
        codes: OneTimeCodes,
        code: str,
        grants: Grants,
    ) -> Session | None:
        role, now = holdings.ring.slots[user].role, self.clock()
        seal = seal_state(holdings)  # before anything is written
        step = codes.step("".join(code.split()), now, holdings.store.last_code(user))
        if step is None:
            holdings.note(user, role, "sign-in-refused", {"why": "code"})
            if seal == "intact":
                write_seal(holdings)  # or a mistyped code would leave the unused bytes unvouched for
            return None
        failures = attempts.succeeded(user) - 1  # this try was counted, too
        with holdings.change(user, role, "sign-in", {"failures": failures, "seal": seal}):
            holdings.store.set_last_code(user, step)
            if grants.root is not None:
                remove_leftovers(self.folder / KEYS_FILE)
        if grants.root is not None:
            drop_keys(holdings, user, role)  # a destruction that a crash interrupted
            holdings.prepare_look_ups()
        return Session(holdings, user, role, seal, self.cost)


def _is_text(*given: str) -> bool:
    """Whether these can be written down: what came by a terminal may hold half characters."""
    try:
        return bool("".join(given).encode())
    except UnicodeEncodeError:
        return False


def _refused() -> SafeShopError:
    return SafeShopError(_("Shop code, user, password or one-time code is wrong."))
