"""Where the money of every order must lie at the end, worked out from the orders alone, never from the ledger."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from simlib.facts import value
from simlib.records import Run
from simlib.scenario import WEEKDAYS, Clock, PaymentMethod, Scenario
from simlib.streams import TICK
from tests.shops import reached, words

NEVER = float("inf")

Money = Counter[tuple[str, str]]
"""(account, currency) → minor units."""


def ticks(days: float) -> float:
    return round(days / TICK) * TICK


def part(amount: int, share: float) -> int:
    """A share as it is written, halves to the even cent."""
    return round(amount * Fraction(repr(share)))


def at_clock(shop: Scenario, clock: Clock, earliest: float) -> float:
    """The first occurrence at or after a moment, found day by day."""
    moment = ticks((int(clock.time[:2]) * 60 + int(clock.time[3:])) / 1440)
    day = int(earliest)
    while True:
        weekday = WEEKDAYS[(shop.start + timedelta(days=day)).weekday()]
        if weekday in clock.days and day + moment >= earliest:
            return day + moment
        day += 1


def rate(shop: Scenario, t: float) -> Fraction:
    """The stated rate at a moment, found by looking at all of them."""
    crossing = shop.payment.cross_border
    known = [(step.day, step.rate) for step in crossing.rates if step.day <= t]
    return Fraction(repr(max(known)[1] if known else crossing.rate))


def route_of(shop: Scenario, products: list[int]) -> str:
    """Who takes the buyer's money first, from who sells what on whose ground."""
    who = shop.arrangement
    if who.mode == "consignment":
        return "consignee"
    bought = who.operator == "hybrid" and all(
        shop.catalogue[product].sold_by_platform for product in products
    )
    if who.operator == "self-run" or bought:
        return "retailer"
    if shop.payment.collection == "cross-border":
        return "cross-border"
    return "escrow" if shop.payment.escrow else "payment-company"


def payee_at(shop: Scenario, t: float) -> str:
    """Whose bank account is entered at a moment: the last change, or the undoing of one, decides."""
    entries: list[tuple[float, str]] = []
    for change in shop.payout.changes:
        entries.append((ticks(change.day), change.by))
        if change.by == "attacker":
            entries.append((ticks(change.day) + ticks(shop.payout.noticed_after_days), "seller"))
    entries.sort(key=lambda entry: entry[0])
    return next((by for begins, by in reversed(entries) if begins <= t), "seller")


def after_hold(shop: Scenario, t: float) -> float:
    """When a payout leaves that is ready at a moment."""
    hold = ticks(shop.payout.hold_days)
    for change in shop.payout.changes:
        if ticks(change.day) <= t < ticks(change.day) + hold:
            t = ticks(change.day) + hold
    return t


def frozen_spells(run: Run) -> list[tuple[float, float]]:
    """When the platform paid nothing out, from the violations told in the log."""
    if not run.scenario.oversight.enforced:
        return []
    expires, limit = value("points-expire-days"), value("points-freeze-payout")
    found = run.events.where("kind", "violation")
    incidents: dict[float, list[int]] = {
        ticks(incident.day): [] for incident in run.scenario.oversight.incidents
    }
    for incident in run.scenario.oversight.incidents:
        incidents[ticks(incident.day)].append(value(f"violation-{incident.kind}"))
    points = []
    for t, order in zip(run.events["t"][found].tolist(), run.events["order"][found].tolist(), strict=True):
        points.append((t, value("violation-late-shipment") if order >= 0 else incidents[t].pop(0)))
    moments = sorted({t for t, _points in points} | {t + expires for t, _points in points})

    def standing(at: float) -> int:
        return sum(weight for t, weight in points if t <= at < t + expires)

    # A closed store stays closed.
    closed = min((t for t, _points in points if standing(t) >= value("points-close-store")), default=NEVER)

    def is_frozen(at: float) -> bool:
        return standing(at) >= limit or at >= closed

    return [(begin, end) for begin, end in itertools.pairwise([*moments, NEVER]) if is_frozen(begin)]


@dataclass(frozen=True)
class Life:
    """What the money of one order goes by.

    Attributes
    ----------
    paid, remitted, paid_out, given_back
        Moments in days; ``inf`` for what does not happen within the run.
    """

    order: int
    state: str
    route: str
    method: PaymentMethod
    amount: int
    list_amount: int
    goods_cost: int
    paid: float
    remitted: float
    paid_out: float
    given_back: float
    charged_back: float


def life_of(run: Run, order: int, state: str, frozen: list[tuple[float, float]]) -> Life:
    """The moments of an order's money."""
    shop, times = run.scenario, reached(run, order)
    rows = range(*np.searchsorted(run.lines["order"], [order, order + 1]))
    lines = [[int(run.lines[name][row]) for name in ("product", "pieces", "unit_price")] for row in rows]
    method = shop.payment.methods[run.orders["payment_method"][order]]
    route = route_of(shop, [product for product, _pieces, _price in lines])
    paid = times.get("paid", NEVER)
    charged_back = times.get("charged_back", NEVER)
    given_back = times["closed"] if state in ("refunded", "out_of_stock", "lost") else NEVER
    given_back = min(given_back, charged_back)
    remitted = paid + ticks(shop.payment.cross_border.remittance_days) if route == "cross-border" else NEVER
    remitted = remitted if remitted < min(run.days, given_back) else NEVER
    ready = NEVER
    if shop.arrangement.trade == "O2O" and method.on_delivery:
        ready = NEVER
    elif route == "cross-border":
        ready = at_clock(shop, shop.payment.cross_border.payout, remitted) if remitted < NEVER else NEVER
    elif route == "escrow":
        delivered = times.get("delivered", NEVER)
        ready = {
            "completion": times["closed"] if state == "completed" else NEVER,
            "signature": delivered,
            "after-signature": delivered + ticks(shop.payment.release_days),
        }[shop.payment.release]
    elif paid < NEVER:
        ready = at_clock(shop, shop.payment.settlement, paid + ticks(shop.payment.settlement_days))
    if ready < NEVER:
        ready = after_hold(shop, ready)
        for begin, end in frozen:
            if begin <= ready < end:
                ready = after_hold(shop, end)
    kept_by_courier = route == "payment-company" and method.on_delivery
    happens = ready < run.days and (ready < given_back or kept_by_courier)
    return Life(
        order,
        state,
        route,
        method,
        sum(pieces * price for _product, pieces, price in lines),
        sum(pieces * shop.minor(shop.catalogue[product].price) for product, pieces, _price in lines),
        sum(pieces * shop.minor(shop.catalogue[product].unit_cost) for product, pieces, _price in lines),
        paid,
        remitted,
        ready if happens else NEVER,
        given_back if given_back < run.days and paid < NEVER else NEVER,
        charged_back,
    )


@lru_cache(maxsize=8)
def lives(run: Run) -> list[Life]:
    """All orders of a run."""
    frozen = frozen_spells(run)
    return [life_of(run, order, state, frozen) for order, state in enumerate(words(run, "orders", "state"))]


def to_payee(run: Run, life: Life) -> int:
    """What a payout brings, in the shop's currency."""
    shop = run.scenario
    if life.route == "retailer":
        return part(life.list_amount, shop.fulfilment.wholesale)
    if life.route == "consignee":
        return life.amount - part(life.amount, shop.fulfilment.fee)
    if life.route == "cross-border":
        arrived = arrival(run, life)[2]
        return arrived - part(arrived, shop.payment.cross_border.operator_fee)
    commission = part(life.amount, shop.payment.commission) if life.route == "escrow" else 0
    return life.amount - part(life.amount, life.method.fee) - commission


def arrival(run: Run, life: Life) -> tuple[int, int, int]:
    """What the buyer paid abroad, what the clearing company kept of it, and what it remitted at home."""
    shop = run.scenario
    foreign = round(life.amount / rate(shop, life.paid))
    fee = part(foreign, shop.payment.cross_border.clearing_fee)
    home = round((foreign - fee) * rate(shop, life.remitted)) if life.remitted < NEVER else 0
    return foreign, fee, home


class _Entries:
    """Collects what moves, account by account."""

    def __init__(self, shop: Scenario) -> None:
        self.money: Money = Counter()
        self.home = shop.currency
        self.abroad = shop.payment.cross_border.buyer_currency

    def move(self, **amounts: int) -> None:
        for account, amount in amounts.items():
            self.money[account, self.home] += amount

    def move_abroad(self, **amounts: int) -> None:
        for account, amount in amounts.items():
            self.money[account, self.abroad] += amount


def expected_money(run: Run, life: Life, parcels: int, dispute_steps: int) -> Money:
    """What one order has moved to whom by the end of the run."""
    shop, entries = run.scenario, _Entries(run.scenario)
    if life.route not in ("retailer", "consignee") and shop.arrangement.trade != "O2O":
        fees = parcels * shop.minor(shop.logistics.parcel_fee)
        entries.move(seller=-fees, shipping=fees)
    if life.state == "lost":
        made_good = part(life.goods_cost, shop.logistics.compensation)
        entries.move(shipping=-made_good, seller=made_good)
    cost = sum(shop.minor(step.cost) for step in shop.disputes.steps[:dispute_steps])
    entries.move(seller=-cost, dispute_costs=cost)
    if life.charged_back < NEVER:
        fee = shop.minor(shop.payment.chargebacks.fee)
        entries.move(seller=-fee, payment_fees=fee)
    if life.paid < NEVER:
        (_across if life.route == "cross-border" else _at_home)(run, life, entries)
    return Counter({key: amount for key, amount in entries.money.items() if amount})


def _at_home(run: Run, life: Life, entries: _Entries) -> None:
    shop, amount = run.scenario, life.amount
    paid_out, back = life.paid_out < NEVER, life.given_back < NEVER
    holder = {"payment-company": "payment_company"}.get(life.route, life.route)
    if life.route == "payment-company" and life.method.on_delivery:
        holder = "seller" if shop.arrangement.trade == "O2O" else "courier_cash"
    entries.move(**{"buyer": -amount, holder: amount})
    if paid_out:
        net, payee = to_payee(run, life), payee_at(shop, life.paid_out)
        if life.route == "retailer":
            entries.move(**{"retailer": -net, payee: net})
        else:
            commission = part(amount, shop.payment.commission) if life.route == "escrow" else 0
            commission = amount - net if life.route == "consignee" else commission
            entries.move(**{holder: -amount, payee: net})
            entries.move(platform_fees=commission, payment_fees=amount - net - commission)
    if back:
        still_held = not paid_out and holder != "courier_cash"
        own = life.route == "retailer"
        entries.move(**{holder if still_held or own else "seller": -amount, "buyer": amount})
        if own and paid_out:
            entries.move(seller=-to_payee(run, life), retailer=to_payee(run, life))


def _across(run: Run, life: Life, entries: _Entries) -> None:
    shop = run.scenario
    foreign, fee, home = arrival(run, life)
    back = life.given_back < NEVER
    if life.remitted == NEVER:
        if not back:
            entries.move_abroad(buyer=-foreign, clearing_company=foreign)
        return
    entries.move_abroad(buyer=-foreign, payment_fees=fee, exchange=foreign - fee)
    entries.move(exchange=-home, collection_account=home)
    if life.paid_out < NEVER:
        net = to_payee(run, life)
        entries.move(collection_account=-home, payment_fees=home - net)
        entries.move(**{payee_at(shop, life.paid_out): net})
    elif back:
        entries.move(collection_account=-home, seller=home)
    if back:
        cost = round(life.amount * rate(shop, life.given_back) / rate(shop, life.paid))
        entries.move_abroad(buyer=foreign, exchange=-foreign)
        entries.move(seller=-cost, exchange=cost)


@lru_cache(maxsize=8)
def booked_money(run: Run) -> list[Money]:
    """What the books say, order by order; goods' value left out."""
    rows = run.postings
    goods = np.isin(rows["kind"], [rows.code("kind", kind) for kind in ("goods_out", "goods_back")])
    booked: list[Money] = [Counter() for _order in range(run.orders.rows)]
    columns: list[list[Any]] = [
        rows["order"].tolist(),
        words(run, "postings", "account"),
        words(run, "postings", "currency"),
        rows["amount"].tolist(),
        goods.tolist(),
    ]
    for order, account, currency, amount, of_goods in zip(*columns, strict=True):
        if order >= 0 and not of_goods:
            booked[order][account, currency] += amount
    return booked


def without_nothing(money: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """The entries that are not zero."""
    return {key: amount for key, amount in money.items() if amount}
