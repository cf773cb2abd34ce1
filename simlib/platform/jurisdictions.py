"""Jurisdictions: the clocks and duties of the law in Taiwan, mainland China, Hong Kong and the EU (row A14).

How long a buyer may change his mind, from when that runs, what if nobody told him, which invoice he gets, whom to tell
of a breach and how soon, how long papers are kept. Lengths and rules are facts with their source; most statutes were
not re-read, and none of this is legal advice.

Windows are counted in calendar days at the buyer's place: the day of receipt does not count, and the window ends with
the end of its last day, that is at the midnight after it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from simlib.errors import SafeShopError
from simlib.facts import Fact, fact, value
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.streams import Floats

PLACES: Final = ("tw", "cn", "hk", "eu")

ZONES: Final = {"tw": "Asia/Taipei", "cn": "Asia/Shanghai", "hk": "Asia/Hong_Kong", "eu": "Europe/Berlin"}
"""Whose midnight counts; for the EU that of Berlin stands for all."""

ORDINARY: Final = "ordinary"
"""Goods without any exception."""

GOODS: Final = (
    ORDINARY,
    "perishable",
    "made-to-order",
    "periodicals",
    "unsealed-media",
    "digital-begun",
    "unsealed-hygiene",
    "air-travel",
)
"""Kinds of goods on which the right to change one's mind may depend."""

WINDOW_DAYS: Final = {
    "tw": "tw-rescission-days",
    "cn": "cn-no-reason-return-days",
    "hk": "hk-cooling-off-days",
    "eu": "eu-withdrawal-days",
}
"""Place → fact with the length of the window."""


@dataclass(frozen=True)
class Jurisdiction:
    """One place's law, as far as a small shop meets it.

    Attributes
    ----------
    place
        One of `PLACES`.
    window_days
        How long a buyer may change his mind; 0 where he may not.
    runs_from
        day-after-receipt, or none.
    unexplained_months
        How long the right lives if nobody told the buyer of it; 0 where that makes no difference.
    last_day_moves
        Whether a last day that is a day of rest gives way to the next working day.
    exceptions
        `GOODS` without the right.
    invoice
        uniform-invoice, electronic-invoice, vat-invoice or no-form.
    breach_notice
        within-hours, immediately, promptly or voluntary.
    breach_hours
        Hours for it, or None where the law counts none.
    accounts_kept_days
        How long papers of a sale must be kept.
    platform_kept_days
        How long a platform must keep its records of a trade, or None where no such duty is known.
    facts
        Everything above with its source, by attribute.
    """

    place: str
    window_days: int
    runs_from: str
    unexplained_months: int
    last_day_moves: bool
    exceptions: tuple[str, ...]
    invoice: str
    breach_notice: str
    breach_hours: int | None
    accounts_kept_days: int
    platform_kept_days: int | None
    facts: dict[str, Fact]

    def sentences(self) -> dict[str, str]:
        """The place's rules in words, in the reader's language."""
        return {
            "window": _window_sentence(self),
            "invoice": _invoices()[self.invoice],
            "breach": _breaches()[self.breach_notice].format(hours=self.breach_hours),
            "accounts": _("Papers of a sale are kept {days} days.").format(days=self.accounts_kept_days),
            "platform": _("Platforms keep their records of a trade at least {days} days.").format(
                days=self.platform_kept_days
            )
            if self.platform_kept_days
            else _("No period is known for which platforms must keep their records of a trade."),
            "privacy": _("Privacy: {law}.").format(law=privacy_law(self.place)),
            "computer crime": _("Computer crime: {law}.").format(law=computer_crime_law(self.place)),
            "customs": customs(self.place),
        }


@dataclass(frozen=True)
class Window:
    """A buyer's time to change his mind.

    Attributes
    ----------
    begins, ends
        Moments at the buyer's place, with time zone; equal if there is no such right. `ends` is the midnight at
        which it is over.
    reason
        Why it is as long as it is, in the reader's language.
    """

    begins: datetime
    ends: datetime
    reason: str

    def held(self, opened: datetime, settled: datetime | None) -> datetime | None:
        """When the order may be closed if a dispute was open.

        A dispute opened before the window's end holds everything until it is settled: money, and deletion of data.

        Parameters
        ----------
        opened, settled
            When the dispute began and ended, with time zone; None while it is open.

        Returns
        -------
        datetime or None
            The later of both ends; None while nobody can say.

        Raises
        ------
        SafeShopError
            If it was settled before it was opened, or a moment has no time zone.
        """
        for moment in (opened, settled):
            if moment is not None and moment.tzinfo is None:
                raise SafeShopError(_("The moments of a dispute need their time zone."))
        if settled is not None and settled < opened:
            raise SafeShopError(_("The dispute was settled before it was opened; swap the two moments."))
        if opened >= self.ends:
            return self.ends
        return None if settled is None else max(self.ends, settled)


def jurisdiction(place: str) -> Jurisdiction:
    """The law of a place.

    Raises
    ------
    SafeShopError
        If the place is none of `PLACES`.
    """
    one_of(_("The place"), place, PLACES)
    found = {
        "window_days": fact(WINDOW_DAYS[place]),
        "runs_from": fact(f"{place}-window-from"),
        "last_day_moves": fact(f"{place}-last-day-moves"),
        "exceptions": fact(f"{place}-window-exceptions"),
        "invoice": fact(f"{place}-invoice"),
        "breach_notice": fact(f"{place}-breach-notice"),
        "accounts_kept_days": fact(f"{place}-accounts-kept-days"),
    }
    if place in ("tw", "eu"):
        found["unexplained_months"] = fact(f"{place}-unexplained-months")
    if place == "eu":
        found["breach_hours"] = fact("eu-breach-notice-hours")
    if place == "cn":
        found["platform_kept_days"] = fact("cn-platform-retention-days")
    known = {name: entry.value for name, entry in found.items()}
    return Jurisdiction(
        place=place,
        window_days=known["window_days"],
        runs_from=known["runs_from"],
        unexplained_months=known.get("unexplained_months", 0),
        last_day_moves=known["last_day_moves"],
        exceptions=tuple(goods for goods in known["exceptions"] if goods != "none"),
        invoice=known["invoice"],
        breach_notice=known["breach_notice"],
        breach_hours=known.get("breach_hours"),
        accounts_kept_days=known["accounts_kept_days"],
        platform_kept_days=known.get("platform_kept_days"),
        facts=found,
    )


def clock(
    place: str,
    delivered: datetime,
    explained: bool | datetime = True,
    goods: str = ORDINARY,
    holidays: Collection[date] = (),
) -> Window:
    """When the buyer's time to change his mind begins and ends.

    Parameters
    ----------
    place
        The buyer's, one of `PLACES`.
    delivered
        When he got the goods; without time zone it is taken as local time of the place.
    explained
        Whether he was told of his right by then; or when he was told later.
    goods
        One of `GOODS`.
    holidays
        Public holidays of the place; Saturdays and Sundays are known.

    Raises
    ------
    SafeShopError
        If place or goods are unknown.
    """
    law = jurisdiction(place)
    one_of(_("The goods"), goods, GOODS)
    zone = ZoneInfo(ZONES[place])
    received = _local(delivered, zone)
    if not law.window_days:
        return Window(received, received, _("No law gives the buyer time to change his mind."))
    if goods in law.exceptions:
        return Window(
            received, received, _("The law excepts such goods: {goods}.").format(goods=goods_label(goods))
        )
    told = _told(explained, received, zone)
    last = received.date() + timedelta(days=law.window_days)
    reason = _("{days} days, the day of receipt not counted.").format(days=law.window_days)
    if law.unexplained_months and (told is None or told > received):
        last, reason = _unexplained(law, received.date(), last, told)
    if law.last_day_moves:
        last = _working_day(last, holidays)
    return Window(received, _midnight(last + timedelta(days=1), zone), reason)


def window_ends(place: str, delivered: npt.ArrayLike, start: date) -> Floats:
    """`clock` for many orders of ordinary goods with the right explained, on the simulation's time.

    Parameters
    ----------
    place
        The buyers', one of `PLACES`.
    delivered
        Days since midnight of `start`; ``nan`` stays ``nan``.
    start
        Day 0.

    Returns
    -------
    numpy.ndarray
        Days since the start. Public holidays are not looked at, and every day has 24 hours.

    Raises
    ------
    SafeShopError
        If the place is unknown.
    """
    law = jurisdiction(place)
    days = np.asarray(delivered, dtype=float)
    if not law.window_days:
        return days.copy()
    last = np.floor(days) + law.window_days
    if law.last_day_moves:
        weekday = np.mod(last + start.weekday(), 7)
        last = last + np.where(weekday >= 5, 7 - weekday, 0)
    return np.asarray(last + 1)


def breach_notice_due(place: str, aware: datetime) -> datetime | None:
    """By when a breach must be notified at the latest; None where the law counts no hours.

    None is no leave to wait: "immediately" and "promptly" mean now, and only Hong Kong leaves it to the shop
    (`Jurisdiction.breach_notice`).

    Parameters
    ----------
    place
        Of those whose data it was, one of `PLACES`.
    aware
        When the shop knew of it, with time zone.

    Raises
    ------
    SafeShopError
        If the place is unknown or the moment has no time zone.
    """
    law = jurisdiction(place)
    if aware.tzinfo is None:
        raise SafeShopError(_("The moment at which the breach was noticed needs its time zone."))
    if law.breach_hours is None:
        return None
    # Through UTC: hours are hours, also when clocks are put forward in between.
    return (aware.astimezone(UTC) + timedelta(hours=law.breach_hours)).astimezone(aware.tzinfo)


def infringement_path() -> tuple[str, ...]:
    """What to do when somebody sells copies of your goods, step by step, in the reader's language."""
    return (
        _("Keep evidence: the page with date and address, a test purchase, your own registration."),
        _("Complain to the platform; it must look into it and can take the offer down."),
        _("Sue the seller, if that is worth more than it costs."),
    )


def privacy_law(place: str) -> str:
    """The name of the place's privacy law, in the reader's language."""
    return {
        "tw": _("Personal Data Protection Act"),
        "cn": _("Personal Information Protection Law"),
        "hk": _("Personal Data (Privacy) Ordinance, chapter 486"),
        "eu": _("General Data Protection Regulation"),
    }[one_of(_("The place"), place, PLACES)]


def computer_crime_law(place: str) -> str:
    """Where the place's law punishes breaking into computers, in the reader's language."""
    return {
        "tw": _("Criminal Code, articles 358 to 363"),
        "cn": _("Criminal Law, articles 285 and 286"),
        "hk": _("Crimes Ordinance, section 161, and Telecommunications Ordinance, section 27A"),
        "eu": _("national law after Directive 2013/40/EU"),
    }[one_of(_("The place"), place, PLACES)]


def customs(place: str) -> str:
    """What the customs of the place ask of a parcel, in one sentence."""
    return {
        "tw": _(
            "Customs: parcels up to {amount} dollars are free of import tax, unless they come often."
        ).format(amount=value("import-tax-free-tw")),
        "cn": _(
            "Customs: retail imports go through the platform with the buyer's name and number, up to {amount} yuan "
            "an order."
        ).format(amount=value("import-platform-owes-cn")),
        "hk": _("Customs: a free port; but licences for some goods, in and out."),
        "eu": _(
            "Customs: every import bears tax; up to {amount} euro the platform may have to collect it."
        ).format(amount=value("import-platform-owes-eu")),
    }[one_of(_("The place"), place, PLACES)]


def goods_label(goods: str) -> str:
    """A kind of goods in the reader's language."""
    return {
        ORDINARY: _("ordinary goods"),
        "perishable": _("perishable goods"),
        "made-to-order": _("goods made to order"),
        "periodicals": _("newspapers and periodicals"),
        "unsealed-media": _("recordings and software whose seal is broken"),
        "digital-begun": _("digital content begun with consent"),
        "unsealed-hygiene": _("hygiene goods whose seal is broken"),
        "air-travel": _("air travel"),
    }[goods]


# ---------------------------------------------------------------------------------------------------------------
# calendar


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _told(explained: bool | datetime, received: datetime, zone: ZoneInfo) -> datetime | None:
    """When the buyer was told of his right, or None if never."""
    if isinstance(explained, datetime):
        return _local(explained, zone)
    return received if explained else None


def _unexplained(
    law: Jurisdiction, received: date, ordinary: date, told: datetime | None
) -> tuple[date, str]:
    """The last day of the window, and why, if the buyer was not told in time."""
    # Taiwan counts the months from the beginning of the ordinary period, the EU from its end.
    limit = _months_later(ordinary if law.place == "eu" else received, law.unexplained_months)
    if told is not None and told.date() + timedelta(days=law.window_days) <= limit:
        return told.date() + timedelta(days=law.window_days), _(
            "{days} days from the day after the buyer was told of his right."
        ).format(days=law.window_days)
    return limit, _("The buyer was not told of his right in time, so it lives {months} months.").format(
        months=law.unexplained_months
    )


def _months_later(day: date, months: int) -> date:
    """The same day of the month so many months later, or that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first = date(year, month + 1, 1)
    following = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def _working_day(day: date, holidays: Collection[date]) -> date:
    """The day itself, or the first after it that is no day of rest."""
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


# ---------------------------------------------------------------------------------------------------------------
# words


def _window_sentence(law: Jurisdiction) -> str:
    if not law.window_days:
        return _("The buyer has no right by law to change his mind.")
    said = _(
        "The buyer may send ordinary goods back for {days} days, the day of receipt not counted."
    ).format(days=law.window_days)
    if law.unexplained_months:
        untold = (
            _(" If nobody told him of it, the right ends {months} months after that.")
            if law.place == "eu"
            else _(" If nobody told him of it, the right ends {months} months after receipt.")
        )
        said += untold.format(months=law.unexplained_months)
    return said


def _invoices() -> dict[str, str]:
    return {
        "uniform-invoice": _("Each sale has its uniform invoice, on paper or electronic."),
        "electronic-invoice": _(
            "The buyer can ask for an invoice, and an electronic one is as good as paper."
        ),
        "vat-invoice": _("An invoice shows the value-added tax; between businesses it is a duty."),
        "no-form": _("No form of invoice is prescribed; a receipt is usual."),
    }


def _breaches() -> dict[str, str]:
    return {
        "within-hours": _("Tell the supervisor of a breach within {hours} hours after you know of it."),
        "immediately": _("Tell the authority and the persons concerned of a breach immediately."),
        "promptly": _("Tell the persons concerned of a breach promptly, by suitable means."),
        "voluntary": _("No law makes you tell anybody of a breach; the commissioner asks you to do it soon."),
    }
