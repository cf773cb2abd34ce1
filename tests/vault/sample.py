"""Small vaults for tests: synthetic rows, a clock that stands still, passwords that cost nothing to check."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyotp

from simlib.vault.keyring import Role
from simlib.vault.schema import LINE_END, MEMBERS, ORDER_LINES, ORDERS, Table
from simlib.vault.sealing import PasswordCost
from simlib.vault.session import Session
from simlib.vault.store import Connect, connect
from simlib.vault.vault import Vault

CHEAP = PasswordCost(memory_kib=16, passes=1, lanes=1)
"""The least Argon2 can do: tests log in hundreds of times."""
TAIPEI = timezone(timedelta(hours=8))
START = datetime(2026, 5, 20, 9, 0, tzinfo=TAIPEI)
PASSWORD = "correct horse battery"
SHOP = "SHOP1"

Cells = dict[str, str]


class Clock:
    """A clock that goes only when told."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **parts: float) -> None:
        self.at += timedelta(**parts)


@dataclass
class Lab:
    """A vault, its clock, and the authenticators of its users."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    connect: Connect = connect
    authenticators: dict[str, pyotp.TOTP] = field(default_factory=dict)

    @property
    def vault(self) -> Vault:
        return Vault(self.folder, self.clock, os.urandom, self.connect, CHEAP)

    def create(self) -> Lab:
        made = self.vault.create(SHOP, "olga", PASSWORD)
        self.keep("olga", made.authenticator)
        return self

    def keep(self, user: str, address: str) -> None:
        code = pyotp.parse_uri(address)
        assert isinstance(code, pyotp.TOTP)
        self.authenticators[user] = code

    def code(self, user: str) -> str:
        return self.authenticators[user].at(int(self.clock.at.timestamp()))

    def sign_in(self, user: str = "olga", password: str = PASSWORD) -> Session:
        # A code works once, so each log-in needs its own half minute.
        self.clock.pass_(seconds=31)
        return self.vault.sign_in(SHOP, user, password, self.code(user))

    def add(self, session: Session, name: str, role: Role) -> None:
        self.keep(name, session.add_user(name, role, PASSWORD).authenticator)


def row(table: Table, **cells: str) -> Cells:
    """A row of the schema's examples, with these cells instead."""
    assert not cells.keys() - {spec.name for spec in table.fields}
    return {spec.name: spec.example for spec in table.fields} | cells


def member(number: int, **cells: str) -> Cells:
    named = {
        "member_code": f"SYNTW{number:06}",
        "account": f"syn-tw-mei-{number}",
        "email": f"syn-tw-mei-{number}@example.org",
        "mobile": f"09991{number:05}",
        "phone": f"02-91{number:06}",
        "registered_at": f"2026-0{1 + number % 3}-02T13:06:59+08:00",
        "changed_at": f"2026-0{1 + number % 3}-02T13:06:59+08:00",
    }
    return row(MEMBERS, **(named | cells))


def order(number: int, month: str = "2026-03", **cells: str) -> Cells:
    at = f"{month}-{1 + number % 28:02}T13:06:59+08:00"
    done = f"{month}-{1 + number % 28:02}T23:06:59+08:00"
    named = {
        "order_number": f"SYNTW{number:08}",
        "member_code": f"SYNTW{number % 7:06}",
        "ordered_at": at,
        "shipped_at": at,
        "completed_at": done,
        "changed_at": done,
        "buyer_email": f"syn-tw-mei-{number % 7}@example.org",
        "buyer_mobile": f"09991{number % 7:05}",
        "buyer_phone": f"02-91{number % 7:06}",
        "invoice_number": f"SY{number:08}",
    }
    return row(ORDERS, **(named | cells))


def line(number: int, place: int = 1, **cells: str) -> Cells:
    return row(ORDER_LINES, order_number=f"SYNTW{number:08}", line=str(place), **cells)


def csv_bytes(table: Table, rows: list[Cells], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    names = [spec.name for spec in table.fields]

    def cell(text: str) -> str:
        quoted = any(sign in text for sign in f'"\r\n{delimiter}')
        return '"' + text.replace('"', '""') + '"' if quoted else text

    lines = [names, *([one[name] for name in names] for one in rows)]
    text = "".join(delimiter.join(map(cell, one)) + LINE_END for one in lines)
    return text.encode(encoding)


def write(path: Path, table: Table, rows: list[Cells], **how: Any) -> Path:
    path.write_bytes(csv_bytes(table, rows, **how))
    return path
