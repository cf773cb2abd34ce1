"""What the screens show: dashboard, monthly statistics, order list, member search (rows C3, C4, C6, C8).

Everything is computed from an unlocked vault and given as plain values; rights, masking and the trail are the
business of `simlib.vault.session`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.holdings import Holdings
from simlib.vault.schema import MEMBERS, ORDERS, Table, read_day
from simlib.vault.totals import AMOUNTS

Record = dict[str, str]
"""Column → cell, as it stood in the file."""

OWN_SITE = "own-site"
"""Channel whose orders the dashboard calls shop orders; all others are channel orders."""


def record(table: Table, cells: list[str]) -> Record:
    """A row as a mapping."""
    return {spec.name: cell for spec, cell in zip(table.fields, cells, strict=True)}


# -- dashboard and statistics


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One day's numbers (row C8)."""

    day: date
    shop_completed: int = 0
    shop_changed: int = 0
    channel_completed: int = 0
    channel_changed: int = 0
    members_new: int = 0
    members_changed: int = 0


def dashboard(holdings: Holdings, day: date) -> Dashboard:
    """Count a day's completed and changed orders, of shop and channels, and new and changed members."""
    counts = dict.fromkeys((one.name for one in fields(Dashboard) if one.name != "day"), 0)
    for _number, totals in holdings.all_totals(days=True):
        for (when, channel, kind), count in totals.days.items():
            if when != day.isoformat():
                continue
            if totals.family == "members":
                counts[f"members_{kind}"] += count
            else:
                counts[f"{'shop' if channel == OWN_SITE else 'channel'}_{kind}"] += count
    return Dashboard(day, **counts)


@dataclass(frozen=True, slots=True)
class MonthStatistics:
    """One month's orders, or the sum of months (row C6).

    Parameters
    ----------
    month
        ``2026-03``, or ``total``.
    orders, completed, changed
        Numbers of orders placed in that month; see `simlib.vault.totals` for the words.
    amounts
        Currency → column → sum, in currency units.
    destroyed
        True if the rows are gone and only these sums are left.
    """

    month: str
    orders: int
    completed: int
    changed: int
    amounts: dict[str, dict[str, Decimal]]
    destroyed: bool = False


def monthly_statistics(
    holdings: Holdings, since: str | None = None, until: str | None = None
) -> tuple[list[MonthStatistics], MonthStatistics]:
    """Orders by month, newest first, and their total.

    Parameters
    ----------
    holdings
        The unlocked vault.
    since, until
        First and last month, such as ``2026-03``; ``None`` is no limit.
    """
    months = []
    for number, totals in holdings.all_totals():
        if totals.family != "orders" or not _within(totals.month, since, until):
            continue
        gone = number not in holdings.compartments
        months.append(
            MonthStatistics(totals.month, totals.rows, totals.completed, totals.changed, totals.amounts, gone)
        )
    months.sort(key=lambda one: one.month, reverse=True)
    return months, _total(months)


def _total(months: list[MonthStatistics]) -> MonthStatistics:
    amounts: dict[str, dict[str, Decimal]] = {}
    for month in months:
        for currency, sums in month.amounts.items():
            kept = amounts.setdefault(currency, dict.fromkeys(AMOUNTS, Decimal(0)))
            for name, value in sums.items():
                kept[name] += value
    return MonthStatistics(
        "total",
        sum(one.orders for one in months),
        sum(one.completed for one in months),
        sum(one.changed for one in months),
        amounts,
    )


def _within(text: str, since: str | None, until: str | None) -> bool:
    """Whether a month or time lies between two bounds, each compared to its own length."""
    return (since is None or text[: len(since)] >= since) and (until is None or text[: len(until)] <= until)


# -- orders

ORDER_COLUMNS = (
    "order_number",
    "ordered_at",
    "item_status",
    "buyer_name",
    "recipient_name",
    "order_status",
    "currency",
    "amount",
    "payment_method",
    "delivery_method",
    "shipped_at",
)
"""Columns of the order list (row C6)."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders a list shows.

    Parameters
    ----------
    since, until
        First and last day ordered (``2026-03-05``) or month; ``None`` is no limit.
    order_status, channel, payment_method, delivery_method
        One code; ``None`` is any.
    """

    since: str | None = None
    until: str | None = None
    order_status: str | None = None
    channel: str | None = None
    payment_method: str | None = None
    delivery_method: str | None = None


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of orders, and what all orders of the filter come to.

    Parameters
    ----------
    rows
        The page, with `ORDER_COLUMNS`.
    count
        Orders over all pages.
    amounts
        Currency → revenue (``goods_amount``), ``discount``, ``net_received`` … over all pages.
    page, pages
        Which page, of how many.
    """

    rows: list[Record]
    count: int
    amounts: dict[str, dict[str, Decimal]]
    page: int
    pages: int


def list_orders(
    holdings: Holdings, wanted: OrderFilter, page: int = 1, page_rows: int | None = 50
) -> OrderList:
    """The orders of a filter in the order of their time, newest first; ``page_rows=None`` shows all."""
    check_period(wanted.since, wanted.until)
    found: list[Record] = []
    amounts: dict[str, dict[str, Decimal]] = {}
    for order in orders(holdings, wanted):
        sums = amounts.setdefault(order["currency"], dict.fromkeys(AMOUNTS, Decimal(0)))
        for name in AMOUNTS:
            sums[name] += Decimal(order[name])
        found.append({name: order[name] for name in ORDER_COLUMNS})
    found.sort(key=lambda one: (one["ordered_at"], one["order_number"]), reverse=True)
    rows, pages = _page(found, page, page_rows)
    return OrderList(rows, len(found), amounts, page, pages)


def orders(holdings: Holdings, wanted: OrderFilter) -> Iterator[Record]:
    """All current orders of a filter, month by month, with all columns."""
    codes = {
        name: getattr(wanted, name)
        for name in ("order_status", "channel", "payment_method", "delivery_method")
        if getattr(wanted, name) is not None
    }
    for month, compartment in holdings.months("orders").items():
        if not _within(month, wanted.since and wanted.since[:7], wanted.until and wanted.until[:7]):
            continue
        for _place, cells in holdings.scan(compartment, "orders"):
            order = record(ORDERS, cells)
            if _within(order["ordered_at"], wanted.since, wanted.until) and codes.items() <= order.items():
                yield order


def _page(rows: list[Record], page: int, page_rows: int | None) -> tuple[list[Record], int]:
    if page_rows is None:
        return rows, 1
    pages = max(1, -(-len(rows) // page_rows))
    if not 1 <= page <= pages:
        raise SafeShopError(
            _("There is no page {page}; the last one is {pages}.").format(page=page, pages=pages)
        )
    return rows[(page - 1) * page_rows : page * page_rows], pages


def check_period(since: str | None, until: str | None) -> None:
    """Refuse bounds that are neither months nor days, or stand the wrong way round."""
    for text in (since, until):
        if text is None:
            continue
        try:
            read_day(f"{text}-01" if len(text) == 7 else text)
        except ValueError:
            raise SafeShopError(
                _("“{text}” is neither a month such as 2026-03 nor a day such as 2026-03-05.").format(
                    text=text
                )
            ) from None
    if since and until and since[: len(until)] > until[: len(since)]:
        raise SafeShopError(
            _("The period ends before it begins: {since} to {until}.").format(since=since, until=until)
        )


# -- members

PeriodKind = Literal["registered_at", "level_changed_at", "last_login_at", "changed_at"]
DataCheck = Literal["complete", "incomplete"]
_CHECKED = ("name", "email", "mobile", "address")
_KEYWORD_COLUMNS = (
    "member_code",
    "account",
    "name",
    "nickname",
    "email",
    "mobile",
    "phone",
    "postcode",
    "address",
)


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """Which members a search finds: every filter of row C4. ``None`` is any.

    Parameters
    ----------
    period, since, until
        Which time, and its first and last day or month.
    data_check
        ``complete``: name, e-mail, mobile and address are there; ``incomplete``: one of them is missing.
    register_method, account_integration, channel, level, online_state, sex
        One code.
    email_validity, nationality, found_by
        One code.
    birthday
        A month and day (``03-06``), or a month (``03``): who has his birthday then.
    newsletter, has_bought
        Whether he takes it; whether he has.
    age_from, age_to
        Years on the day of the search, both included.
    points_from, points_to
        Both included.
    keyword
        Part of code, account, name, nickname, e-mail, numbers or address; large and small letters alike.
    """

    period: PeriodKind = "registered_at"
    since: str | None = None
    until: str | None = None
    data_check: DataCheck | None = None
    register_method: str | None = None
    account_integration: str | None = None
    channel: str | None = None
    level: str | None = None
    online_state: str | None = None
    sex: str | None = None
    email_validity: str | None = None
    nationality: str | None = None
    found_by: str | None = None
    birthday: str | None = None
    newsletter: bool | None = None
    has_bought: bool | None = None
    age_from: int | None = None
    age_to: int | None = None
    points_from: int | None = None
    points_to: int | None = None
    keyword: str | None = None

    def test(self, today: date) -> Callable[[Record], bool]:
        """A test that a member passes if all filters hold.

        Raises
        ------
        SafeShopError
            If the filter cannot be meant: an unknown kind of period, a range the wrong way round.
        """
        self._check()
        codes = {name: getattr(self, name) for name in _CODES if getattr(self, name) is not None}
        for name in ("newsletter", "has_bought"):
            if (wanted := getattr(self, name)) is not None:
                codes[name] = "true" if wanted else "false"
        word = None if self.keyword is None else self.keyword.strip().casefold()

        def passes(member: Record) -> bool:
            return (
                codes.items() <= member.items()
                and self._in_period(member)
                and (self.data_check is None or self._is_complete(member) == (self.data_check == "complete"))
                and (self.birthday is None or member["birthday"][5:].startswith(self.birthday))
                and _in_range(_age(member["birthday"], today), self.age_from, self.age_to)
                and _in_range(int(member["points"]), self.points_from, self.points_to)
                and (not word or any(word in member[name].casefold() for name in _KEYWORD_COLUMNS))
            )

        return passes

    def _in_period(self, member: Record) -> bool:
        if self.since is None and self.until is None:
            return True
        at = member[self.period]
        return at != "" and _within(at, self.since, self.until)

    def _is_complete(self, member: Record) -> bool:
        return all(member[name] for name in _CHECKED)

    def _check(self) -> None:
        check_period(self.since, self.until)
        for name, choices in (("period", get_args(PeriodKind)), ("data_check", get_args(DataCheck))):
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise SafeShopError(
                    _("The filter {filter} must be one of: {choices}.").format(
                        filter=name, choices=", ".join(choices)
                    )
                )
        for low, high in (("age_from", "age_to"), ("points_from", "points_to")):
            first, last = getattr(self, low), getattr(self, high)
            if first is not None and last is not None and first > last:
                raise SafeShopError(
                    _("The range {low} to {high} ends before it begins.").format(low=low, high=high)
                )


_CODES = (
    "register_method",
    "account_integration",
    "channel",
    "level",
    "online_state",
    "sex",
    "email_validity",
    "nationality",
    "found_by",
)


def _in_range(value: int | None, low: int | None, high: int | None) -> bool:
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value <= high)


def _age(birthday: str, today: date) -> int | None:
    if not birthday:
        return None
    born = date.fromisoformat(birthday)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@dataclass(frozen=True, slots=True)
class MemberList:
    """A page of members, and how many there are over all pages."""

    rows: list[Record]
    count: int
    page: int
    pages: int


def search_members(
    holdings: Holdings, wanted: MemberFilter, today: date, page: int = 1, page_rows: int | None = 50
) -> MemberList:
    """The members of a filter by code, with all columns; ``page_rows=None`` shows all."""
    passes = wanted.test(today)
    found = [member for member in members(holdings) if passes(member)]
    found.sort(key=lambda one: one["member_code"])
    rows, pages = _page(found, page, page_rows)
    return MemberList(rows, len(found), page, pages)


def members(holdings: Holdings) -> Iterator[Record]:
    """All current members, month by month, with all columns."""
    for compartment in holdings.months("members").values():
        for _place, cells in holdings.scan(compartment, "members"):
            yield record(MEMBERS, cells)
