"""Effects: what a step that succeeds does to the shop, written into the course.

One function a kind of effect. It knows when and by whom; what that comes to in records and money shows when a world
lives through the course or a finished run is charged with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from simlib.attacker.campaign import (
    CallBuyers,
    CardTesting,
    ChargeBack,
    Destroy,
    DivertPayouts,
    Encrypt,
    OrderFalsely,
    ReadMemory,
    StopShop,
    TakeCopies,
    TakeWallets,
    TransferCash,
    WrongPrice,
)
from simlib.attacker.course import MEMORY, Calls, ChargeBacks, Course, Mispricing, Span, Take
from simlib.facts import value
from simlib.privacy import CONTACT, Field, web_place
from simlib.scenario import MINOR_UNITS, Duration, Part, PriceError, Scenario
from simlib.streams import TICK, Floats, lognormal_times, stream, tick, times_from_normal

if TYPE_CHECKING:
    from simlib.attacker.process import Case

BACKUPS: Final = {"backup-online": "online-backup", "backup-offline": "offline-backup"}
"""Places that hold a backup → what the response calls it."""

MOST_SEEDS: Final = 2**31
"""A uniform number of luck, times this, is the seed of what luck decides beyond it."""

OFFICE: Final = "erp"
"""The office's own machine: without it no order can be worked on, wherever the shop sells."""


def amount_in(scenario: Scenario, amount: Decimal | float, currency: str | None) -> int:
    """An amount in minor units of the shop's currency, changed at the round rates of the facts.

    Parameters
    ----------
    scenario
        The shop.
    amount, currency
        As a report gives it; the shop's currency if None.
    """
    per_usd = value("currency-per-usd")
    units = Decimal(str(amount))
    if currency is not None and currency != scenario.currency:
        units = units * Decimal(str(per_usd[scenario.currency])) / Decimal(str(per_usd[currency]))
    return int((units * MINOR_UNITS[scenario.currency]).to_integral_value(ROUND_HALF_EVEN))


def carry_out(case: Case, effect: Part, uniform: Sequence[float], normal: Sequence[float]) -> None:
    """Do what an effect says, now.

    Parameters
    ----------
    case
        The attack.
    effect
        One of `simlib.attacker.campaign.Effect`.
    uniform, normal
        Its luck.
    """
    EFFECTS[type(effect)](case, effect, uniform, normal)


def each_notice(scenario: Scenario) -> int:
    """What telling one person costs, in minor units."""
    return amount_in(scenario, value("notice-cost-per-person-usd"), "USD")


def late_penalty(scenario: Scenario) -> int:
    """What a notice costs that comes too late, in minor units."""
    return amount_in(scenario, value("late-notice-penalty-usd"), "USD")


def broken_word_fine(scenario: Scenario) -> int:
    """What it costs to confirm orders at a wrong price and not to keep them, once for each wrong price, in minor units.

    Nothing outside Taiwan, where the one published case is. It concerned thousands of orders and two errors; what a
    city would ask of a small shop nobody has published.
    """
    return amount_in(scenario, value("price-error-fine-twd"), "TWD") if scenario.place == "tw" else 0


def goods_keepers(
    scenario: Scenario, course: Course, span: ChargeBacks, seed: int, orders: int
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Which buyers would keep the goods and charge back if they paid in this time, and how long after.

    Returns
    -------
    keeps, after
        One entry an order; days.
    """
    branch = course.branches[span.attack]
    keeps = stream(seed, "attack charge-backs", branch).random(orders) < span.share
    normal = stream(seed, "attack charge-back delay", branch).standard_normal(orders)
    after = scenario.payment.chargebacks.after
    return keeps, lognormal_times(after.mean_days, after.spread, normal)


def priced(scenario: Scenario, course: Course) -> tuple[Scenario, list[Mispricing]]:
    """The scenario with the course's wrong prices and false orders, for those who draw its customers.

    Returns
    -------
    scenario, prices
        Its last wrong prices are the course's, one for each of `prices`, in order.
    """
    prices = [span for span in course.prices if span.until > span.since]
    best = max(scenario.catalogue, key=lambda product: product.popularity)
    errors = [
        PriceError(
            sku=best.sku,
            price=(best.price * Decimal(repr(span.percent)) / 100).quantize(Decimal("0.01")),
            starts_day=span.since,
            noticed_after_hours=span.hours,
            extra_orders_per_hour=span.orders_per_hour,
            ends_after_hours=(span.until - span.since) * 24,
        )
        for span in prices
    ]
    return scenario.model_copy(update={"price_errors": (*scenario.price_errors, *errors)}), prices


def _days(kind: Duration, normal: float) -> float:
    variance = log(1 + kind.spread**2)
    return float(times_from_normal(log(kind.mean_days) - variance / 2, sqrt(variance), np.array([normal]))[0])


def _take(case: Case, effect: TakeCopies, _uniform: Sequence[float], normal: Sequence[float]) -> None:
    now = case.env.now
    fields = sum(Field[name.upper()] for name in effect.fields)
    until = now + _days(effect.lasts, normal[0]) if effect.lasts else now
    take = Take(
        case.number,
        case.step,
        now,
        until,
        places=effect.places,
        fields=int(fields),
        share=effect.share,
        opened=effect.opened,
    )
    case.course.takes.append(take)
    case.open.append(take)
    case.take()
    case.note("copies_taken", "+".join(effect.places))


def _read_memory(case: Case, effect: ReadMemory, uniform: Sequence[float], _normal: Sequence[float]) -> None:
    # He has been asking ever since he tried; what he got shows when a run's traffic is played into the memory.
    case.course.takes.append(
        Take(
            case.number,
            case.step,
            case.tried,
            max(case.env.now, case.tried + TICK),
            places=(MEMORY,),
            fields=int(Field.ACCOUNT | CONTACT),
            requests=effect.requests,
            seed=int(uniform[0] * MOST_SEEDS),
        )
    )
    case.take()
    case.note("memory_read", MEMORY, effect.requests)


def _divert(case: Case, _effect: DivertPayouts, _uniform: Sequence[float], _normal: Sequence[float]) -> None:
    span = Span(case.number, case.step, case.env.now)
    case.course.diversions.append(span)
    case.open.append(span)
    case.note("payouts_diverted")


def _transfer(case: Case, effect: TransferCash, _uniform: Sequence[float], normal: Sequence[float]) -> None:
    mean = amount_in(case.scenario, effect.amount, effect.currency)
    variance = log(1 + effect.spread**2)
    amount = round(mean * exp(sqrt(variance) * normal[0] - variance / 2))
    case.pay("theft", amount, case.step)
    case.note("cash_transferred", amount=amount)


def _misprice(case: Case, effect: WrongPrice, _uniform: Sequence[float], _normal: Sequence[float]) -> None:
    now = case.env.now
    span = Mispricing(
        case.number,
        case.step,
        now,
        now + tick(effect.hours / 24),
        percent=effect.percent,
        orders_per_hour=effect.orders_per_hour,
        hours=effect.hours,
    )
    case.course.prices.append(span)
    case.open.append(span)
    case.note("price_changed")


def _order_falsely(
    case: Case, effect: OrderFalsely, _uniform: Sequence[float], _normal: Sequence[float]
) -> None:
    now = case.env.now
    span = Mispricing(
        case.number,
        case.step,
        now,
        now + tick(effect.hours / 24),
        orders_per_hour=effect.orders / effect.hours,
        hours=effect.hours,
        false=True,
    )
    case.course.prices.append(span)
    case.open.append(span)
    case.note("orders_faked")


def _stop(case: Case, effect: StopShop, _uniform: Sequence[float], normal: Sequence[float]) -> None:
    now = case.env.now
    span = Span(case.number, case.step, now, now + _days(effect.lasts, normal[0]))
    case.course.stops.append(span)
    case.open.append(span)
    case.note("shop_stopped")


def _lose(case: Case, kind: str, places: Sequence[str]) -> None:
    """Data at these places are gone until they are restored."""
    for place in places:
        if place in BACKUPS:
            case.lost_backups.add(BACKUPS[place])
        else:
            span = Span(case.number, case.step, case.env.now, place=place)
            case.course.gone.append(span)
            case.gone.append(span)
        case.note(kind, place)
    if case.stop is None and {web_place(case.scenario), "shop", OFFICE} & set(places):
        case.stop = Span(case.number, case.step, case.env.now)
        case.course.stops.append(case.stop)
        case.note("shop_stopped")


def _encrypt(case: Case, effect: Encrypt, _uniform: Sequence[float], _normal: Sequence[float]) -> None:
    _lose(case, "encrypted", effect.places)
    if effect.ransom is None:
        case.ransom += amount_in(case.scenario, value("ransom-usd"), "USD")
    else:
        case.ransom += amount_in(case.scenario, effect.ransom, effect.currency)


def _destroy(case: Case, effect: Destroy, _uniform: Sequence[float], _normal: Sequence[float]) -> None:
    _lose(case, "destroyed", effect.places)


def _charge_back(case: Case, effect: ChargeBack, _uniform: Sequence[float], _normal: Sequence[float]) -> None:
    now = case.env.now
    span = ChargeBacks(case.number, case.step, now, now + tick(effect.days), share=effect.share)
    case.course.charge_backs.append(span)
    case.open.append(span)
    case.note("goods_kept")


def _test_cards(case: Case, effect: CardTesting, _uniform: Sequence[float], _normal: Sequence[float]) -> None:
    case.pay("fees", amount_in(case.scenario, effect.fee * effect.attempts, effect.currency), case.step)
    case.note("cards_tested", amount=effect.attempts)


def _call(case: Case, effect: CallBuyers, uniform: Sequence[float], _normal: Sequence[float]) -> None:
    amount = amount_in(case.scenario, effect.amount, effect.currency)
    share = effect.share_called * effect.share_paying
    case.course.calls.append(Calls(case.env.now, case.number, case.step, share, amount, uniform[0]))
    case.note("buyers_called")


def _take_wallets(
    case: Case, effect: TakeWallets, uniform: Sequence[float], _normal: Sequence[float]
) -> None:
    amount = amount_in(case.scenario, effect.amount, effect.currency)
    calls = Calls(case.env.now, case.number, case.step, effect.share, amount, uniform[0], wallets=True)
    case.course.calls.append(calls)
    case.note("wallets_taken")


EFFECTS: Final[dict[type[Part], Callable[..., None]]] = {
    TakeCopies: _take,
    ReadMemory: _read_memory,
    DivertPayouts: _divert,
    TransferCash: _transfer,
    WrongPrice: _misprice,
    OrderFalsely: _order_falsely,
    StopShop: _stop,
    Encrypt: _encrypt,
    Destroy: _destroy,
    ChargeBack: _charge_back,
    CardTesting: _test_cards,
    CallBuyers: _call,
    TakeWallets: _take_wallets,
}
"""Kind of effect → what does it."""
