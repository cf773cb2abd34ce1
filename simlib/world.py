"""World: shop, buyers, staff, payment companies and couriers around one clock.

`order_life` is the heart: it reads top to bottom as the life of one order, from the visit to the review
(rows A1, A2, A3). Everything around it only provides what it uses: people with working hours, a shelf, the
books, and a log of what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from math import isnan
from typing import Any

import numpy as np
import simpy

from simlib.attacker.breach import Reader, how_many, persons, take_rows, taken_in
from simlib.attacker.course import Calls, Course, Mispricing, Notice, Payment, merged
from simlib.attacker.effects import broken_word_fine, each_notice, goods_keepers, late_penalty, priced
from simlib.attacker.process import course_of
from simlib.calendars import OpeningHours, WeeklyClock
from simlib.defence.response import Decide, standing_orders
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.payment.collection import ROUTES, Collection, routes
from simlib.payment.ledger import ACCOUNTS, KINDS, Ledger, share_of
from simlib.platform.rules import Standing
from simlib.records import (
    ACTORS,
    EVENTS,
    MILESTONES,
    STATES,
    Run,
    Table,
    incident_table,
    take_table,
)
from simlib.scenario import PaymentMethod, Scenario
from simlib.shop.customers import Customers, customers, hunters
from simlib.shop.stock import Lines, Stock
from simlib.streams import Floats, Integers, tick

Steps = Generator[simpy.Event, Any, None]
"""A process of the simulation."""

Step = Generator[simpy.Event, Any, bool]
"""A part of an order's life that says whether the order goes on (or, for a dispute, who wins)."""

MILESTONE_CODES = {name: EVENTS.index(name) for name in MILESTONES}
EVENT_CODES = {name: code for code, name in enumerate(EVENTS)}
ACTOR_CODES = {name: code for code, name in enumerate(ACTORS)}

DRAWN = (
    "visited",
    "browsing",
    "checkout",
    "acknowledgement",
    "check",
    "pay_after",
    "redirect",
    "authentication",
    "attempt",
    "retry",
    "seller_notice",
    "packing",
    "transit",
    "door",
    "returned",
    "return_moment",
    "return_handling",
    "return_transit",
    "inspection",
    "resold",
    "enquires",
    "enquiry_after",
    "enquiry_handling",
    "reviews",
    "review_after",
    "offer",
    "decision",
    "deals",
    "fulfilment",
    "store_visit",
    "lost",
    "disputes",
    "dispute_lasts",
    "dispute_settles",
    "dispute_outcome",
    "visibility",
    "charged_back",
    "chargeback_after",
)
"""What chance decides for each order, by its name in `Customers`."""

PAYERS = {
    "payment_company": "payment_company",
    "escrow": "payment_company",
    "courier_cash": "courier",
    "retailer": "platform",
    "consignee": "warehouse",
    "collection_account": "operator",
}
"""Who acts when the money in an account is paid out."""

MOST_DAYS = 36_525
"""Longest run: a hundred years."""

LARGEST_SEED = 2**63 - 1
"""Largest seed."""


class Team:
    """People who share a queue and have working hours: first come, first served.

    Parameters
    ----------
    env
        The clock.
    people
        How many work side by side.
    hours
        When they work.
    """

    def __init__(self, env: simpy.Environment, people: int, hours: OpeningHours) -> None:
        self.env = env
        self.hours = hours
        self.desks = simpy.Resource(env, capacity=people)

    def work(self, duration: float) -> simpy.Timeout:
        """Wait until a task of so much working time (days) is done, begun by somebody who is free now."""
        return self.env.timeout(self.hours.finish(self.env.now, duration) - self.env.now)


class World:
    """Everything an order's life touches.

    Parameters
    ----------
    scenario, days, seed
        What is simulated, for how long, with which chance.
    """

    def __init__(self, scenario: Scenario, days: int, seed: int, decide: Decide = standing_orders) -> None:
        self.scenario = scenario
        self.days = days
        self.seed = seed
        course = Course()
        if scenario.attacks or scenario.attackers is not None:
            course = course_of(scenario, days=days, seed=seed, decide=decide)
        self.attacked_by = course
        drawn, prices = priced(scenario, course)
        self.chance: Customers = customers(drawn, days, seed)
        self.env = simpy.Environment()
        hours = OpeningHours(scenario.staff.hours, scenario.start)
        self.packers = Team(self.env, scenario.staff.packers, hours)
        self.service = Team(self.env, scenario.staff.service_agents, hours)
        self.pickup = WeeklyClock(scenario.logistics.pickup, scenario.start)
        self.settlement = WeeklyClock(scenario.payment.settlement, scenario.start)
        self.operator_payout = WeeklyClock(scenario.payment.cross_border.payout, scenario.start)
        self.stock = Stock([product.stock for product in scenario.catalogue])
        self.ledger = Ledger()
        self.money = Collection(scenario, self.ledger)

        self.price = [scenario.minor(product.price) for product in scenario.catalogue]
        # In decimals of the share as it is written: 7 % of 1.00 is 0.07 and no more.
        floor = Decimal(repr(scenario.confirmation.price_floor))
        self.lowest_price = [floor * price for price in self.price]
        self.cost = [scenario.minor(product.unit_cost) for product in scenario.catalogue]
        self.parcel_fee = scenario.minor(scenario.logistics.parcel_fee)
        self.orders = _OrderBook(self)
        # Row after row in one flat list: half the time of a list of tuples, which the collector must look through.
        self.log: list[float] = []
        self.oversight = PlatformOversight(self) if scenario.oversight.enforced else None
        self.attacked = UnderAttack(self, course, prices) if course.campaigns else None
        self._open_the_books()
        self.reorder([(product, 0) for product in range(len(scenario.catalogue))])

    def _open_the_books(self) -> None:
        value = sum(cost * pieces for cost, pieces in zip(self.cost, self.stock.on_hand, strict=True))
        self.ledger.post(0.0, "opening", -1, owner=-value, inventory=value)

    # -- what an order's life uses -----------------------------------------------------------------------------

    def reach(self, order: int, milestone: str, actor: str, amount: int = 0) -> None:
        """An order reaches a milestone now."""
        now = self.env.now
        self.orders.reached[milestone][order] = now
        self.log += (now, MILESTONE_CODES[milestone], order, ACTOR_CODES[actor], amount)

    def note(self, order: int, kind: str, actor: str, amount: int = 0) -> None:
        """Something happens that is no milestone."""
        self.log += (self.env.now, EVENT_CODES[kind], order, ACTOR_CODES[actor], amount)

    def end(self, order: int, state: str, actor: str) -> None:
        """An order comes to its end now, in one of the final states."""
        self.orders.state[order] = STATES.index(state)
        self.reach(order, "closed", actor)

    def until(self, t: float) -> simpy.Timeout:
        """Wait until time `t`."""
        return self.env.timeout(t - self.env.now)

    def later(self, t: float, action: Callable[[], None]) -> None:
        """Let something happen at time `t`."""
        self.until(t).callbacks.append(lambda _event: action())

    def wrongly_priced(self, order: int) -> bool:
        """Whether a line is so far below the catalogue price that it must be an error."""
        first, last = self.orders.first_line[order], self.orders.first_line[order + 1]
        return any(
            self.orders.unit_price[line] < self.lowest_price[self.orders.product[line]]
            for line in range(first, last)
        )

    def reorder(self, lines: Lines) -> None:
        """Order from the supplier what has run low."""
        for product, _pieces in lines:
            item, shelf = self.scenario.catalogue[product], self.stock
            free = shelf.on_hand[product] - shelf.reserved[product] + shelf.on_order[product]
            if free <= item.reorder_point:
                pieces = item.reorder_up_to - free
                shelf.on_order[product] += pieces
                arrival = self.env.now + tick(item.lead_time_days)
                self.later(arrival, partial(self._restock, product, pieces))

    def _restock(self, product: int, pieces: int) -> None:
        value = pieces * self.cost[product]
        self.stock.receive(self.env.now, product, pieces)
        self.ledger.post(self.env.now, "restocking", -1, seller=-value, inventory=value)
        self.note(-1, "restocked", "shop", value)

    def third_party_ships(self, order: int) -> bool:
        """Whether somebody else's warehouse packs the order and pays the courier."""
        return self.orders.route[order] in ("retailer", "consignee")

    def pay_out_at(self, order: int, t: float) -> None:
        """Pay the order's money out at time `t`, or when a hold on payouts has passed."""
        due = self.money.payout.due(t)
        if due <= self.env.now:
            self.pay_out(order)
        else:
            self.later(due, partial(self.pay_out, order))

    def pay_out(self, order: int) -> None:
        """Pay the order's money out now, unless the platform has frozen the store's payouts."""
        if self.oversight is not None and self.oversight.frozen:
            self.oversight.waiting.append(order)
        else:
            held = self.money.settle(self.env.now, order)
            if held is not None:
                self.note(order, "paid_out", PAYERS[held.account], held.to_seller)

    def remit(self, order: int) -> None:
        """The clearing company remits; the operator pays out on the marketplace's next instruction (steps 4, 5)."""
        if self.money.remit(self.env.now, order):
            self.note(order, "remitted", "clearing_company", self.money.held[order].amount)
            self.pay_out_at(order, self.operator_payout.next(self.env.now))

    def charge_back(self, order: int) -> None:
        """The card holder's bank takes the money back."""
        if self.money.charge_back(self.env.now, order):
            self.reach(order, "charged_back", "payment_company", self.orders.amount[order])

    def never_pays(self, order: int) -> bool:
        """Whether an attacker has placed the order."""
        return self.attacked is not None and self.attacked.never_pays(order)

    def compensate(self, order: int) -> None:
        """The courier makes part of a lost parcel's cost good."""
        amount = share_of(self.orders.goods_cost[order], self.scenario.logistics.compensation)
        self.ledger.post(self.env.now, "compensation", order, shipping=-amount, seller=amount)

    def pay_courier(self, order: int) -> None:
        """The courier earns the fee of one way; where a third party ships, it pays him; none comes to a store."""
        if self.third_party_ships(order) or self.scenario.arrangement.trade == "O2O":
            return
        self.ledger.post(self.env.now, "shipping", order, seller=-self.parcel_fee, shipping=self.parcel_fee)

    def move_goods(self, order: int, kind: str) -> None:
        """Enter the value of an order's goods as they leave (``goods_out``) or come back (``goods_back``)."""
        value = self.orders.goods_cost[order] * (1 if kind == "goods_out" else -1)
        self.ledger.post(self.env.now, kind, order, inventory=-value, cost_of_goods=value)


class UnderAttack:
    """What attackers do to this world, and what answering them costs, as their course has it.

    Parameters
    ----------
    world
        The world that lives through it.
    course
        What they do and when.
    prices
        The course's wrong prices and false orders, as the last of those for which the world's buyers come.

    Attributes
    ----------
    kept_out
        Buyers who could not reach the shop, by the stop that kept them out.
    """

    def __init__(self, world: World, course: Course, prices: list[Mispricing]) -> None:
        self.world, self.course = world, course
        self.drawn_by = drawn_by(world, prices)
        self.kept_out: dict[int, set[int]] = {number: set() for number in range(len(course.stops))}
        self.paying: dict[tuple[float, int], int] = {}
        self.fined: set[int] = set()
        self.keepers = [
            (span, *goods_keepers(world.scenario, course, span, world.seed, len(self.drawn_by)))
            for span in course.charge_backs
        ]
        for span in course.diversions:
            world.money.payout.divert(span.since, span.until)
        for payment in course.payments:
            self.at(payment.t, partial(self.pay, payment))
        for calls in course.calls:
            self.at(calls.t, partial(self.rob, calls))
        for notice in course.notices:
            if notice.owed:
                self.at(notice.aware, partial(self.known, notice))
                self.at(notice.told, partial(self.tell, notice))
                if notice.due < min(notice.done, world.days):
                    self.at(notice.due, partial(self.fine, notice))

    def at(self, t: float, action: Callable[[], None]) -> None:
        """Let something happen at time `t`, if the run lasts so long."""
        if t < self.world.days:
            self.world.later(t, action)

    def keeps_out(self, order: int) -> bool:
        """Whether the shop cannot be reached just now by the buyer of this order."""
        now = self.world.env.now
        for number, stop in enumerate(self.course.stops):
            if stop.since <= now < stop.until:
                self.kept_out[number].add(order)
                return True
        return False

    def never_pays(self, order: int) -> bool:
        """Whether the order is a false one."""
        span = self.drawn_by[order]
        return span is not None and span.false

    def charged_back_after(self, order: int, method: PaymentMethod) -> float | None:
        """How long after a payment now an attacker or false buyer has it charged back, in days; None if nobody does."""
        if method.name != "card":
            return None
        limit = tick(self.world.scenario.payment.chargebacks.limit_days)
        if self.never_pays(order):
            return min(tick(self.world.scenario.payment.chargebacks.after.mean_days), limit)
        for span, keeps, after in self.keepers:
            if span.since <= self.world.env.now < span.until and keeps[order]:
                return min(float(after[order]), limit)
        return None

    def pay(self, payment: Payment) -> None:
        """Money leaves the shop's account: to the attacker, or to those who charge for the trouble."""
        payee = "attacker" if payment.kind in ("theft", "ransom") else "payment_fees"
        self.post(payment.kind, payment.amount, "seller", payee)

    def post(self, kind: str, amount: int, payer: str, payee: str) -> None:
        """Enter a payment now."""
        self.world.ledger.post(self.world.env.now, kind, -1, **{payer: -amount, payee: amount})

    def persons(self, attack: int) -> int:
        """How many persons' data this attack has taken so far."""
        reader = Reader(_records(self.world))
        return persons(taken_in(reader, self.course, self.world.env.now), attack)

    def rob(self, calls: Calls) -> None:
        """Some of those whose data were taken, or some members, lose money of their own."""
        if calls.wallets:
            many = int((self.world.chance.members_joined <= self.world.env.now).sum())
        else:
            many = self.persons(calls.attack)
        paying = how_many(many, self.course.share_paying(calls), calls.chance)
        self.paying[calls.t, calls.attack] = paying
        self.post("customer_fraud", paying * calls.amount, "customers", "attacker")

    def known(self, notice: Notice) -> None:
        """A platform that watches punishes a leak of what lay with it."""
        oversight = self.world.oversight
        leaks = [
            take for take in self.course.takes if take.attack == notice.attack and "platform" in take.places
        ]
        if oversight is not None and leaks and self.persons(notice.attack):
            oversight.punish("leaked-data", -1)

    def tell(self, notice: Notice) -> None:
        """Each person who is told costs something."""
        self.post(
            "notice",
            self.persons(notice.attack) * each_notice(self.world.scenario),
            "seller",
            "incident_costs",
        )

    def fine(self, notice: Notice) -> None:
        """A notice that the law wants is late."""
        if self.persons(notice.attack):
            self.post("penalty", late_penalty(self.world.scenario), "seller", "incident_costs")

    def word_broken(self, order: int) -> None:
        """A confirmed order is not kept; where it was for a wrong price, the authority fines the shop, once."""
        span = self.drawn_by[order]
        fine = broken_word_fine(self.world.scenario)
        if span is None or span.false or id(span) in self.fined or not fine:
            return
        self.fined.add(id(span))
        self.post("penalty", fine, "seller", "incident_costs")
        self.course.note(self.world.env.now, span.attack, "", "fined", amount=fine)

    def open_share(self, days: int) -> Floats:
        """Share of each day in which the shop could be reached."""
        midnights = np.arange(days + 1.0)
        shut = np.zeros(days + 1)
        for since, until in merged((stop.since, stop.until) for stop in self.course.stops):
            shut += np.clip(midnights, since, until) - since
        return 1 - np.diff(shut)


def drawn_by(world: World, prices: list[Mispricing]) -> list[Mispricing | None]:
    """Which of the attackers' prices each buyer has come for; None for ordinary ones and other bargain hunters."""
    found: list[Mispricing | None] = [None] * len(world.chance.visited)
    if prices:
        drawn = priced(world.scenario, world.attacked_by)[0]
        errors = hunters(drawn, world.days, world.seed)[2] - len(world.scenario.price_errors)
        # Bargain hunters are the last members, in the order in which they come.
        nobody_before = len(world.chance.members_joined) - len(errors)
        for order, member in enumerate(world.chance.member.tolist()):
            if member >= nobody_before and errors[member - nobody_before] >= 0:
                found[order] = prices[errors[member - nobody_before]]
    return found


class PlatformOversight:
    """A platform that watches the store: points, fewer visitors, frozen payouts, closure (row A11).

    Parameters
    ----------
    world
        The store's world.

    Attributes
    ----------
    standing
        What is on record.
    visibility
        Share of the usual visitors who find the store now.
    frozen
        Whether payouts are held back now.
    waiting
        Orders whose payout is held back.
    history
        (since when in days, visibility), in order of time.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.standing = Standing()
        self.visibility = 1.0
        self.frozen = False
        self.waiting: list[int] = []
        self.limit = tick(value("ship-within-days"))
        self.history: list[tuple[float, float]] = [(0.0, 1.0)]
        for incident in world.scenario.oversight.incidents:
            world.later(tick(incident.day), partial(self.punish, incident.kind, -1))

    def seller_told(self, order: int) -> None:
        """From now on the order must be shipped within the limit."""
        self.world.later(self.world.env.now + self.limit, partial(self.check_shipped, order))

    def check_shipped(self, order: int) -> None:
        """Give points if the order is still in the house when the limit has passed."""
        reached = self.world.orders.reached
        if isnan(reached["picked_up"][order]) and isnan(reached["closed"][order]):
            self.punish("late-shipment", order)

    def punish(self, kind: str, order: int) -> None:
        """Put a violation on record, and look again when its points expire."""
        now = self.world.env.now
        self.standing = self.standing.after(kind, now, order)
        self.world.note(order, "violation", "platform")
        self.world.later(now + self.standing.rules.expires_days, self.look_again)
        self.look_again()

    def look_again(self) -> None:
        """Let the standing have its consequences from now on; what was frozen and no longer is, is paid out."""
        now = self.world.env.now
        before = (self.visibility, self.frozen)
        self.visibility = self.standing.visibility(now)
        self.frozen = self.standing.payout_frozen(now)
        if (self.visibility, self.frozen) != before:
            self.history.append((now, self.visibility))
            self.world.note(-1, "standing_changed", "platform")
        if not self.frozen:
            waiting, self.waiting = self.waiting, []
            for order in waiting:
                # By the usual way, for a changed account may hold them back still.
                self.world.pay_out_at(order, now)

    def mean_visibility(self, days: int) -> Floats:
        """Mean visibility of each of the first `days` days."""
        since = np.array([t for t, _share in self.history])
        share = np.array([share for _t, share in self.history])
        # The integral up to each midnight, by the length of each step up to it.
        midnights = np.arange(days + 1)[:, None]
        lengths = np.diff(np.minimum(np.append(since, np.inf), midnights), axis=1)
        return np.diff((lengths * share).sum(axis=1))


class _OrderBook:
    """The columns of all orders, as plain lists: reading and writing one entry is what the clock does most."""

    def __init__(self, world: World) -> None:
        chance = world.chance
        count = len(chance.visited)
        self.first_line: list[int] = chance.first_line.tolist()
        self.product: list[int] = chance.product.tolist()
        self.pieces: list[int] = chance.pieces.tolist()
        self.unit_price: list[int] = chance.unit_price.tolist()
        self.method: list[PaymentMethod] = [world.scenario.payment.methods[i] for i in chance.method]
        self.state: list[int] = [0] * count
        self.reached: dict[str, list[float]] = {name: [float("nan")] * count for name in MILESTONES}
        line_order = np.repeat(np.arange(count), np.diff(chance.first_line))
        self.amount: list[int] = _sum_by(line_order, chance.unit_price * chance.pieces, count)
        price, cost = np.array(world.price), np.array(world.cost)
        self.list_amount: list[int] = _sum_by(line_order, price[chance.product] * chance.pieces, count)
        self.goods_cost: list[int] = _sum_by(line_order, cost[chance.product] * chance.pieces, count)
        self.route = routes(world.scenario, chance.first_line, chance.product)
        # The draws are read one by one; indexing a list is several times as fast as indexing an array.
        self.draw: dict[str, list[Any]] = {name: getattr(chance, name).tolist() for name in DRAWN}

    def lines(self, order: int) -> Lines:
        first, last = self.first_line[order], self.first_line[order + 1]
        return list(zip(self.product[first:last], self.pieces[first:last], strict=True))


def _sum_by(group: np.ndarray[Any, Any], values: np.ndarray[Any, Any], count: int) -> list[int]:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, group, values)
    totals: list[int] = sums.tolist()
    return totals


# ---------------------------------------------------------------------------------------------------------------
# processes


def order_life(world: World, order: int) -> Steps:
    """The life of one order, from the visit to the review.

    Parameters
    ----------
    world
        Where it happens.
    order
        Number of the order.
    """
    env, draw, amount = world.env, world.orders.draw, world.orders.amount[order]

    # Visit, browse, fill the cart, check out; who does not find the store never comes.
    if world.oversight is not None and draw["visibility"][order] >= world.oversight.visibility:
        return
    if world.attacked is not None and world.attacked.keeps_out(order):
        return
    world.reach(order, "visited", "buyer")
    yield env.timeout(draw["browsing"][order])
    world.reach(order, "carted", "buyer", amount)
    yield env.timeout(draw["checkout"][order])
    if world.attacked is not None and world.attacked.keeps_out(order):
        return
    world.reach(order, "placed", "buyer", amount)
    if draw["enquires"][order] < world.scenario.enquiries.share:
        env.process(enquiry(world, order))

    # Agree, pay, pack, deliver: each step may be the last.
    for step in (agreement, payment_in_advance, packing, delivery):
        went_on = yield from step(world, order)
        if not went_on:
            return
    yield from after_sales(world, order)


def agreement(world: World, order: int) -> Step:
    """From the acknowledgement to the contract: automatic, checked first, or after an offer (rows A7, A12)."""
    env, plan, draw = world.env, world.scenario, world.orders.draw
    lines, amount = world.orders.lines(order), world.orders.amount[order]

    # The automatic reply says that the order has arrived. With check-first it is no more than that.
    yield env.timeout(draw["acknowledgement"][order])
    world.reach(order, "acknowledged", "shop")
    if plan.confirmation.mode == "automatic":
        world.reach(order, "confirmed", "shop")
        return True
    negotiated = plan.arrangement.mode == "contact-first"
    with world.service.desks.request() as agent:
        yield agent
        yield world.service.work(draw["offer" if negotiated else "check"][order])
    world.reach(order, "checked", "customer_service")
    if (world.wrongly_priced(order) and not negotiated) or not world.stock.has(lines):
        world.note(order, "rejected", "customer_service", amount)
        world.end(order, "rejected", "customer_service")
        return False
    world.stock.reserve(lines)
    world.reorder(lines)
    if negotiated:
        world.reach(order, "offered", "customer_service", amount)
        yield env.timeout(draw["decision"][order])
        if draw["deals"][order] >= plan.negotiation.deal:
            world.stock.release(lines)
            world.note(order, "no_deal", "buyer", amount)
            world.end(order, "no_deal", "buyer")
            return False
    world.reach(order, "confirmed", "buyer" if negotiated else "customer_service")
    return True


def payment_in_advance(world: World, order: int) -> Step:
    """The buyer pays, unless he pays at the door; then the seller is told to ship."""
    method, amount = world.orders.method[order], world.orders.amount[order]
    if not method.on_delivery:
        yield from payment_page(world, order, method, amount)
        if order not in world.money.received:
            if world.scenario.confirmation.mode == "check-first":
                world.stock.release(world.orders.lines(order))
            world.note(order, "given_up", "buyer", amount)
            world.end(order, "unpaid", "shop")
            return False
    yield world.env.timeout(world.orders.draw["seller_notice"][order])
    world.reach(order, "seller_told", "payment_company" if not method.on_delivery else "shop")
    if world.oversight is not None:
        world.oversight.seller_told(order)
    return True


def packing(world: World, order: int) -> Step:
    """Pack, as soon as a packer is free and at work, or in the warehouse of whoever ships for the shop."""
    draw = world.orders.draw
    if world.third_party_ships(order):
        if not take_from_shelf(world, order, "warehouse"):
            return False
        yield world.env.timeout(draw["fulfilment"][order])
        world.reach(order, "packed", "warehouse")
        return True
    with world.packers.desks.request() as packer:
        yield packer
        if not take_from_shelf(world, order, "packer"):
            return False
        yield world.packers.work(draw["packing"][order])
    world.reach(order, "packed", "packer")
    return True


def take_from_shelf(world: World, order: int, actor: str) -> bool:
    """Take what was promised; without an earlier check there may be nothing to take, and the buyer is paid back."""
    if world.scenario.confirmation.mode == "check-first":
        return True
    lines = world.orders.lines(order)
    if not world.stock.has(lines):
        world.note(order, "out_of_stock", actor, world.orders.amount[order])
        world.money.refund(world.env.now, order)
        world.end(order, "out_of_stock", actor)
        if world.attacked is not None:
            world.attacked.word_broken(order)
        return False
    world.stock.reserve(lines)
    world.reorder(lines)
    return True


def delivery(world: World, order: int) -> Step:
    """From the packed parcel to the buyer's hands (row A3)."""
    env, plan, draw = world.env, world.scenario, world.orders.draw
    lines, amount, method = world.orders.lines(order), world.orders.amount[order], world.orders.method[order]
    if plan.arrangement.trade == "O2O":
        yield env.timeout(draw["store_visit"][order])
        leave_house(world, order)
        if method.on_delivery:
            take_money(world, order, method, amount, "shop")
        world.reach(order, "delivered", "buyer")
        return True

    # The courier collects on his round and brings it to the door.
    yield world.until(world.pickup.next(env.now))
    world.reach(order, "picked_up", "courier")
    leave_house(world, order)
    world.pay_courier(order)
    yield env.timeout(draw["transit"][order])
    if draw["lost"][order] < plan.logistics.loss:
        yield env.timeout(tick(plan.logistics.claim_days))
        world.note(order, "lost", "courier", amount)
        world.compensate(order)
        world.money.refund(env.now, order)
        world.end(order, "lost", "courier")
        return False
    if method.on_delivery:
        if draw["door"][order] < method.fail or world.never_pays(order):
            world.note(order, "refused_at_door", "buyer", amount)
            yield env.timeout(draw["return_transit"][order])
            world.note(order, "returned_to_sender", "courier", amount)
            world.pay_courier(order)
            yield from put_back(world, order, lines)
            world.end(order, "refused", "packer")
            return False
        take_money(world, order, method, amount, "courier")
    world.reach(order, "delivered", "buyer")
    return True


def leave_house(world: World, order: int) -> None:
    """The goods leave the shelf and the books."""
    world.stock.ship(world.env.now, world.orders.lines(order), order)
    world.move_goods(order, "goods_out")


def after_sales(world: World, order: int) -> Steps:
    """Cooling-off, return or completion, perhaps a dispute, perhaps a review."""
    env, plan, draw = world.env, world.scenario, world.orders.draw
    lines, amount, cooling_off = world.orders.lines(order), world.orders.amount[order], plan.cooling_off
    if world.orders.route[order] == "escrow" and plan.payment.release != "completion":
        wait = tick(plan.payment.release_days) if plan.payment.release == "after-signature" else 0.0
        world.pay_out_at(order, env.now + wait)

    # The buyer may think it over.
    begins = env.now if cooling_off.runs_from == "receipt" else env.now // 1 + 1
    ends = begins + tick(cooling_off.days) if cooling_off.days else env.now
    if cooling_off.days and draw["returned"][order] < plan.returns.share:
        thinking = tick(draw["return_moment"][order] * (ends - env.now))
        yield env.timeout(thinking)
        yield from goods_return(world, order, lines, amount)
        return
    yield world.until(ends)
    world.reach(order, "cooling_off_ended", "buyer")
    if draw["disputes"][order] < plan.disputes.share:
        buyer_wins = yield from dispute(world, order)
        if buyer_wins:
            given_back = world.money.refund(env.now, order)
            world.reach(order, "refunded", "payment_company", given_back)
            world.end(order, "refunded", "shop")
            return
    world.note(order, "completed", "shop", amount)
    world.end(order, "completed", "shop")
    if world.orders.route[order] == "escrow" and plan.payment.release == "completion":
        world.pay_out_at(order, env.now)

    # And may say what it was like.
    if draw["reviews"][order] < plan.reviews.share:
        yield env.timeout(draw["review_after"][order])
        world.reach(order, "reviewed", "buyer")


def dispute(world: World, order: int) -> Step:
    """Up the ladder until one step settles it (row E8); the order stays open, its data stay where they are.

    Returns
    -------
    bool
        Whether the buyer gets his money back.
    """
    draw, steps = world.orders.draw, world.scenario.disputes.steps
    world.reach(order, "dispute_opened", "buyer", world.orders.amount[order])
    for number, step in enumerate(steps):
        yield world.env.timeout(draw["dispute_lasts"][order][number])
        cost = world.scenario.minor(step.cost)
        world.ledger.post(world.env.now, "dispute", order, seller=-cost, dispute_costs=cost)
        world.note(order, "dispute_step", "customer_service" if number == 0 else "mediator", cost)
        if draw["dispute_settles"][order][number] < step.settles or number + 1 == len(steps):
            world.reach(order, "dispute_ended", "mediator" if number else "customer_service")
            return bool(draw["dispute_outcome"][order] < step.for_buyer)
    return False


def payment_page(world: World, order: int, method: PaymentMethod, amount: int) -> Steps:
    """The payment page (row A2): redirect, authentication, then success, or decline and another attempt."""
    env, draw = world.env, world.orders.draw
    yield env.timeout(draw["pay_after"][order])
    for attempt in range(method.attempts):
        yield env.timeout(draw["redirect"][order][attempt])
        if attempt == 0:
            world.reach(order, "redirected", "buyer", amount)
        else:
            world.note(order, "redirected", "buyer", amount)
        yield env.timeout(draw["authentication"][order][attempt])
        world.note(order, "authenticated", "buyer", amount)
        stolen_card = method.name == "card" or not world.never_pays(order)
        if draw["attempt"][order][attempt] >= method.fail and stolen_card:
            take_money(world, order, method, amount, "buyer")
            return
        world.note(order, "declined", "payment_company", amount)
        if attempt + 1 < method.attempts:
            yield env.timeout(draw["retry"][order][attempt])


def take_money(world: World, order: int, method: PaymentMethod, amount: int, actor: str) -> None:
    """The buyer pays; without escrow the money is paid out at a later settlement."""
    now, payment = world.env.now, world.scenario.payment
    route = world.orders.route[order]
    world.money.collect(now, order, amount, world.orders.list_amount[order], method, route)
    world.reach(order, "paid", actor, amount)
    if route == "cross-border":
        world.later(now + tick(payment.cross_border.remittance_days), partial(world.remit, order))
    elif route != "escrow":
        world.pay_out_at(order, world.settlement.next(now + tick(payment.settlement_days)))
    if method.name == "card" and world.orders.draw["charged_back"][order] < payment.chargebacks.share:
        wait = min(world.orders.draw["chargeback_after"][order], tick(payment.chargebacks.limit_days))
        world.later(now + wait, partial(world.charge_back, order))
    after = world.attacked.charged_back_after(order, method) if world.attacked is not None else None
    if after is not None:
        world.later(now + after, partial(world.charge_back, order))


def goods_return(world: World, order: int, lines: Lines, amount: int) -> Steps:
    """The buyer sends the goods back and gets his money."""
    env, draw = world.env, world.orders.draw
    world.reach(order, "return_requested", "buyer", amount)
    with world.service.desks.request() as agent:
        yield agent
        yield world.service.work(draw["return_handling"][order])
    world.reach(order, "return_approved", "customer_service")
    yield env.timeout(draw["return_transit"][order])
    world.reach(order, "return_received", "buyer" if world.scenario.arrangement.trade == "O2O" else "courier")
    world.pay_courier(order)
    yield from put_back(world, order, lines)
    given_back = world.money.refund(env.now, order)
    world.reach(order, "refunded", "payment_company", given_back)
    world.end(order, "refunded", "shop")


def put_back(world: World, order: int, lines: Lines) -> Steps:
    """A packer looks at goods that came back; what can be sold again goes on the shelf."""
    draw = world.orders.draw
    with world.packers.desks.request() as packer:
        yield packer
        yield world.packers.work(draw["inspection"][order])
    if draw["resold"][order] < world.scenario.returns.resellable:
        world.stock.take_back(world.env.now, lines, order)
        world.move_goods(order, "goods_back")


def enquiry(world: World, order: int) -> Steps:
    """The buyer asks about the order; customer service looks it up and answers."""
    draw = world.orders.draw
    yield world.env.timeout(draw["enquiry_after"][order])
    world.reach(order, "enquired", "buyer")
    with world.service.desks.request() as agent:
        yield agent
        yield world.service.work(draw["enquiry_handling"][order])
    world.reach(order, "answered", "customer_service")


def arrivals(world: World) -> Steps:
    """Start each order's life at the visit it begins with."""
    visited = world.orders.draw["visited"]
    for order in sorted(range(len(visited)), key=visited.__getitem__):
        yield world.until(visited[order])
        world.env.process(order_life(world, order))


# ---------------------------------------------------------------------------------------------------------------
# entry point


def simulate(
    scenario: Scenario,
    *,
    days: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    decide: Decide = standing_orders,
) -> Run:
    """Simulate a shop.

    Parameters
    ----------
    scenario
        What is simulated.
    days
        For how many days, a whole number from 1 to `MOST_DAYS`.
    seed
        Seed of all chance, 0 to `LARGEST_SEED`. The same scenario and seed give the same run, bit for bit.
    progress
        Called with the number of simulated days after each of them.
    decide
        Who answers the questions that an attack raises (`simlib.defence.response`).

    Raises
    ------
    SafeShopError
        If days or seed are out of range.
    """
    if not _is_whole(days, 1, MOST_DAYS):
        raise SafeShopError(
            _("days must be a whole number from 1 to {most}, not {given}.").format(most=MOST_DAYS, given=days)
        )
    if not _is_whole(seed, 0, LARGEST_SEED):
        raise SafeShopError(
            _("seed must be a whole number from 0 to {most}, not {given}.").format(
                most=LARGEST_SEED, given=seed
            )
        )
    days, seed = int(days), int(seed)
    world = World(scenario, days, seed, decide)
    world.env.process(arrivals(world))
    if progress is None:
        world.env.run(until=days)
    else:
        for day in range(1, days + 1):
            world.env.run(until=day)
            progress(day)
    run = _records(world)
    return run if world.attacked is None else _with_incidents(run, world.attacked)


def _is_whole(given: object, least: int, most: int) -> bool:
    return isinstance(given, int | np.integer) and least <= int(given) <= most


def _records(world: World) -> Run:
    chance, book = world.chance, world.orders
    reached = {name: np.array(column) for name, column in book.reached.items()}
    # Visits that led to no order within the run are traffic, not orders; the others are numbered in turn.
    placed = np.flatnonzero(~np.isnan(reached["placed"]))
    number = np.full(len(book.state) + 1, -1)
    number[placed] = np.arange(len(placed))
    in_order = np.repeat(np.arange(len(book.state)), np.diff(chance.first_line))
    line = number[in_order] >= 0
    orders = Table(
        {
            "order": np.arange(len(placed)),
            "member": chance.member[placed],
            "payment_method": chance.method[placed].astype(np.int8),
            "state": np.array(book.state, dtype=np.int8)[placed],
            "route": np.array([ROUTES.index(route) for route in book.route], dtype=np.int8)[placed],
            "amount": np.array(book.amount, dtype=np.int64)[placed],
            "list_amount": np.array(book.list_amount, dtype=np.int64)[placed],
            "goods_cost": np.array(book.goods_cost, dtype=np.int64)[placed],
            **{name: column[placed] for name, column in reached.items()},
        },
        {
            "payment_method": tuple(method.name for method in world.scenario.payment.methods),
            "state": STATES,
            "route": ROUTES,
        },
    )
    joined = chance.members_joined
    return Run(
        scenario=world.scenario,
        days=world.days,
        seed=world.seed,
        orders=orders,
        lines=Table(
            {
                "order": number[in_order[line]],
                "product": chance.product[line],
                "pieces": chance.pieces[line],
                "unit_price": chance.unit_price[line],
            }
        ),
        events=_event_table(world, number),
        members=Table({"member": np.arange(len(joined)), "joined": joined}),
        traffic=_traffic(world),
        postings=_columns(
            world.ledger.rows,
            {"t": float, "transaction": np.int64, "kind": np.int8, "order": np.int64, "account": np.int8}
            | {"amount": np.int64, "currency": np.int8},
            {"kind": KINDS, "account": ACCOUNTS, "currency": _currencies(world.scenario)},
            number,
        ),
        stock=_columns(
            world.stock.movements,
            {"t": float, "product": np.int64, "pieces": np.int64, "reason": np.int8, "order": np.int64},
            {"reason": Stock.REASONS},
            number,
        ),
    )


def _with_incidents(run: Run, attacked: UnderAttack) -> Run:
    """The run with what attackers did, and what they found."""
    course = attacked.course
    found = taken_in(Reader(run), course, run.days)
    for number, stop in enumerate(course.stops):
        for row in course.incidents:
            if row.kind == "shop_reopened" and (row.t, row.attack) == (stop.until, stop.attack):
                row.amount = len(attacked.kept_out[number])
    for row in course.incidents:
        if row.kind in ("buyers_called", "wallets_taken"):
            row.amount = attacked.paying.get((row.t, row.attack), 0)
    # Fines come last, for they were noted while the shop lived through its course.
    course.incidents.sort(key=lambda row: row.t)
    rows = [
        (row.t, row.attack, course.campaigns[row.attack], row.step, row.kind, row.what, row.amount)
        for row in course.incidents
        if row.kind != "notice_late" or persons(found, row.attack)
    ]
    takes = [take for take in course.takes if take.since < run.days]
    done = replace(run, incidents=incident_table(rows), takes=take_table(take_rows(found, takes)))
    # Who asks again what thieves read need not wait again: the customers are the same.
    done.kept.update(run.kept)
    return done


def _currencies(scenario: Scenario) -> tuple[str, ...]:
    """The shop's currency, and the buyer's where money crosses a border."""
    if scenario.payment.collection == "cross-border":
        return (scenario.currency, scenario.payment.cross_border.buyer_currency)
    return (scenario.currency,)


def _traffic(world: World) -> Table:
    chance, days = world.chance, world.days
    lookers, leavers = chance.visits - chance.carts, chance.carts - chance.checkouts
    checkouts = chance.checkouts
    if world.oversight is not None:
        # Whoever only looks finds a store that is shown less as seldom as whoever would buy.
        seen = world.oversight.mean_visibility(days)
        lookers, leavers = np.rint(lookers * seen), np.rint(leavers * seen)
        came = ~np.isnan(np.array(world.orders.reached["visited"]))
        checkouts = np.bincount(np.floor(chance.visited[came]).astype(np.int64), minlength=days)
    if world.attacked is not None and world.attacked.course.stops:
        reached = world.attacked.open_share(days)
        lookers, leavers = np.rint(lookers * reached), np.rint(leavers * reached)
        came = ~np.isnan(np.array(world.orders.reached["visited"]))
        checkouts = np.bincount(np.floor(chance.visited[came]).astype(np.int64), minlength=days)
    carts = (checkouts + leavers).astype(np.int64)
    visits = (carts + lookers).astype(np.int64)
    return Table({"day": np.arange(days), "visits": visits, "carts": carts, "checkouts": checkouts})


def _event_table(world: World, number: Integers) -> Table:
    """The log; what belongs to no order that was placed is left out."""
    types = {"t": float, "kind": np.int8, "order": np.int64, "actor": np.int8, "amount": np.int64}
    width = len(types)
    columns = {name: np.array(world.log[at::width], dtype=types[name]) for at, name in enumerate(types)}
    order = number[columns["order"]]
    kept = (columns["order"] < 0) | (order >= 0)
    columns["order"] = order
    return Table({name: column[kept] for name, column in columns.items()}, {"kind": EVENTS, "actor": ACTORS})


def _columns(
    rows: list[Any], types: dict[str, Any], words: dict[str, tuple[str, ...]], number: Integers
) -> Table:
    """Rows as columns, with orders by their final number; the last entry of `number` stands for no order."""
    content = zip(*rows, strict=True) if rows else [()] * len(types)
    columns = {name: np.array(column, dtype=types[name]) for name, column in zip(types, content, strict=True)}
    columns["order"] = number[columns["order"]]
    return Table(columns, words)
