"""World: shop, buyers, staff, payment companies and couriers around one clock.

`order_life` is the heart: it reads top to bottom as the life of one order, from the visit to the review
(rows A1, A2, A3). Everything around it only provides what it uses: people with working hours, a shelf, the
books, and a log of what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import simpy

from simlib.calendars import OpeningHours, WeeklyClock
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.payment.collection import Collection
from simlib.payment.ledger import ACCOUNTS, KINDS, Ledger
from simlib.records import ACTORS, EVENTS, MILESTONES, STATES, Run, Table
from simlib.scenario import PaymentMethod, Scenario
from simlib.shop.customers import Customers, customers
from simlib.shop.stock import Lines, Stock
from simlib.streams import tick

Steps = Generator[simpy.Event, Any, None]
"""A process of the simulation."""

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
)
"""What chance decides for each order, by its name in `Customers`."""

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

    def __init__(self, scenario: Scenario, days: int, seed: int) -> None:
        self.scenario = scenario
        self.days = days
        self.seed = seed
        self.chance: Customers = customers(scenario, days, seed)
        self.env = simpy.Environment()
        hours = OpeningHours(scenario.staff.hours, scenario.start)
        self.packers = Team(self.env, scenario.staff.packers, hours)
        self.service = Team(self.env, scenario.staff.service_agents, hours)
        self.pickup = WeeklyClock(scenario.logistics.pickup, scenario.start)
        self.settlement = WeeklyClock(scenario.payment.settlement, scenario.start)
        self.stock = Stock([product.stock for product in scenario.catalogue])
        self.ledger = Ledger()
        self.money = Collection(scenario.payment, self.ledger)

        self.price = [scenario.minor(product.price) for product in scenario.catalogue]
        # In decimals of the share as it is written: 7 % of 1.00 is 0.07 and no more.
        floor = Decimal(repr(scenario.confirmation.price_floor))
        self.lowest_price = [floor * price for price in self.price]
        self.cost = [scenario.minor(product.unit_cost) for product in scenario.catalogue]
        self.parcel_fee = scenario.minor(scenario.logistics.parcel_fee)
        self.orders = _OrderBook(self)
        self.log: list[tuple[float, int, int, int, int]] = []
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
        self.log.append((now, MILESTONE_CODES[milestone], order, ACTOR_CODES[actor], amount))

    def note(self, order: int, kind: str, actor: str, amount: int = 0) -> None:
        """Something happens that is no milestone."""
        self.log.append((self.env.now, EVENT_CODES[kind], order, ACTOR_CODES[actor], amount))

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

    def pay_courier(self, order: int) -> None:
        """The courier earns the fee of one way."""
        self.ledger.post(self.env.now, "shipping", order, seller=-self.parcel_fee, shipping=self.parcel_fee)

    def move_goods(self, order: int, kind: str) -> None:
        """Enter the value of an order's goods as they leave (``goods_out``) or come back (``goods_back``)."""
        value = self.orders.goods_cost[order] * (1 if kind == "goods_out" else -1)
        self.ledger.post(self.env.now, kind, order, inventory=-value, cost_of_goods=value)


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
    """The life of one order, from the filled cart to the review.

    Parameters
    ----------
    world
        Where it happens.
    order
        Number of the order.
    """
    env, plan = world.env, world.scenario
    draw = world.orders.draw
    lines = world.orders.lines(order)
    amount = world.orders.amount[order]
    method = world.orders.method[order]
    checks_first = plan.confirmation.mode == "check-first"

    # Visit, browse, fill the cart, check out.
    world.reach(order, "visited", "buyer")
    yield env.timeout(draw["browsing"][order])
    world.reach(order, "carted", "buyer", amount)
    yield env.timeout(draw["checkout"][order])
    world.reach(order, "placed", "buyer", amount)
    if draw["enquires"][order] < plan.enquiries.share:
        env.process(enquiry(world, order))

    # The automatic reply says that the order has arrived. With check-first it is no more than that.
    yield env.timeout(draw["acknowledgement"][order])
    world.reach(order, "acknowledged", "shop")
    if checks_first:
        with world.service.desks.request() as agent:
            yield agent
            yield world.service.work(draw["check"][order])
        world.reach(order, "checked", "customer_service")
        if world.wrongly_priced(order) or not world.stock.has(lines):
            world.note(order, "rejected", "customer_service", amount)
            world.end(order, "rejected", "customer_service")
            return
        world.stock.reserve(lines)
        world.reorder(lines)
    world.reach(order, "confirmed", "customer_service" if checks_first else "shop")

    # Pay now, or at the door.
    if not method.on_delivery:
        yield from payment_page(world, order, method, amount)
        if order not in world.money.received:
            if checks_first:
                world.stock.release(lines)
            world.note(order, "given_up", "buyer", amount)
            world.end(order, "unpaid", "shop")
            return
    yield env.timeout(draw["seller_notice"][order])
    world.reach(order, "seller_told", "payment_company" if not method.on_delivery else "shop")

    # Pack, as soon as a packer is free and at work.
    with world.packers.desks.request() as packer:
        yield packer
        if not checks_first:
            if not world.stock.has(lines):
                world.note(order, "out_of_stock", "packer", amount)
                world.money.refund(env.now, order)
                world.end(order, "out_of_stock", "packer")
                return
            world.stock.reserve(lines)
            world.reorder(lines)
        yield world.packers.work(draw["packing"][order])
    world.reach(order, "packed", "packer")

    # The courier collects on his round and brings it to the door.
    yield world.until(world.pickup.next(env.now))
    world.reach(order, "picked_up", "courier")
    world.stock.ship(env.now, lines, order)
    world.move_goods(order, "goods_out")
    world.pay_courier(order)
    yield env.timeout(draw["transit"][order])
    if method.on_delivery:
        if draw["door"][order] < method.fail:
            world.note(order, "refused_at_door", "buyer", amount)
            yield env.timeout(draw["return_transit"][order])
            world.note(order, "returned_to_sender", "courier", amount)
            world.pay_courier(order)
            yield from put_back(world, order, lines)
            world.end(order, "refused", "packer")
            return
        take_money(world, order, method, amount, "courier")
    world.reach(order, "delivered", "buyer")

    # The buyer may think it over.
    cooling_off = plan.cooling_off
    begins = env.now if cooling_off.runs_from == "receipt" else env.now // 1 + 1
    ends = begins + tick(cooling_off.days) if cooling_off.days else env.now
    if cooling_off.days and draw["returned"][order] < plan.returns.share:
        thinking = tick(draw["return_moment"][order] * (ends - env.now))
        yield env.timeout(thinking)
        yield from goods_return(world, order, lines, amount)
        return
    yield world.until(ends)
    world.reach(order, "cooling_off_ended", "buyer")
    world.note(order, "completed", "shop", amount)
    world.end(order, "completed", "shop")
    if plan.payment.escrow:
        world.money.settle(env.now, order)

    # And may say what it was like.
    if draw["reviews"][order] < plan.reviews.share:
        yield env.timeout(draw["review_after"][order])
        world.reach(order, "reviewed", "buyer")


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
        if draw["attempt"][order][attempt] >= method.fail:
            take_money(world, order, method, amount, "buyer")
            return
        world.note(order, "declined", "payment_company", amount)
        if attempt + 1 < method.attempts:
            yield env.timeout(draw["retry"][order][attempt])


def take_money(world: World, order: int, method: PaymentMethod, amount: int, actor: str) -> None:
    """The buyer pays; without escrow the money is paid out at a later settlement."""
    now, payment = world.env.now, world.scenario.payment
    world.money.collect(now, order, amount, method)
    world.reach(order, "paid", actor, amount)
    if not payment.escrow:
        due = world.settlement.next(now + tick(payment.settlement_days))
        world.later(due, partial(world.money.settle, due, order))


def goods_return(world: World, order: int, lines: Lines, amount: int) -> Steps:
    """The buyer sends the goods back and gets his money."""
    env, draw = world.env, world.orders.draw
    world.reach(order, "return_requested", "buyer", amount)
    with world.service.desks.request() as agent:
        yield agent
        yield world.service.work(draw["return_handling"][order])
    world.reach(order, "return_approved", "customer_service")
    yield env.timeout(draw["return_transit"][order])
    world.reach(order, "return_received", "courier")
    world.pay_courier(order)
    yield from put_back(world, order, lines)
    world.money.refund(env.now, order)
    world.reach(order, "refunded", "payment_company", amount)
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
    scenario: Scenario, *, days: int, seed: int, progress: Callable[[int], None] | None = None
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
    world = World(scenario, days, seed)
    world.env.process(arrivals(world))
    if progress is None:
        world.env.run(until=days)
    else:
        for day in range(1, days + 1):
            world.env.run(until=day)
            progress(day)
    return _records(world)


def _is_whole(given: object, least: int, most: int) -> bool:
    return isinstance(given, int | np.integer) and least <= int(given) <= most


def _records(world: World) -> Run:
    chance, book = world.chance, world.orders
    reached = {name: np.array(column) for name, column in book.reached.items()}
    placed = ~np.isnan(reached["placed"])
    # Orders are numbered in the order in which they are placed, so those placed within the run come first.
    count = int(placed.sum())
    lines = book.first_line[count]
    orders = Table(
        {
            "order": np.arange(count),
            "member": chance.member[:count],
            "payment_method": chance.method[:count].astype(np.int8),
            "state": np.array(book.state[:count], dtype=np.int8),
            "amount": np.array(book.amount[:count], dtype=np.int64),
            "list_amount": np.array(book.list_amount[:count], dtype=np.int64),
            "goods_cost": np.array(book.goods_cost[:count], dtype=np.int64),
            **{name: column[:count].copy() for name, column in reached.items()},
        },
        {"payment_method": tuple(method.name for method in world.scenario.payment.methods), "state": STATES},
    )
    joined = chance.members_joined
    return Run(
        scenario=world.scenario,
        days=world.days,
        seed=world.seed,
        orders=orders,
        lines=Table(
            {
                "order": np.repeat(np.arange(count), np.diff(chance.first_line[: count + 1])),
                "product": chance.product[:lines],
                "pieces": chance.pieces[:lines],
                "unit_price": chance.unit_price[:lines],
            }
        ),
        events=_event_table(world, count),
        members=Table({"member": np.arange(len(joined)), "joined": joined}),
        traffic=Table(
            {
                "day": np.arange(world.days),
                "visits": chance.visits,
                "carts": chance.carts,
                "checkouts": chance.checkouts,
            }
        ),
        postings=_columns(
            world.ledger.rows,
            {"t": float, "transaction": np.int64, "kind": np.int8, "order": np.int64, "account": np.int8}
            | {"amount": np.int64},
            {"kind": KINDS, "account": ACCOUNTS},
        ),
        stock=_columns(
            world.stock.movements,
            {"t": float, "product": np.int64, "pieces": np.int64, "reason": np.int8, "order": np.int64},
            {"reason": Stock.REASONS},
        ),
    )


def _event_table(world: World, count: int) -> Table:
    # A visit whose order was not yet placed when the run ended is traffic, not an order.
    rows = [row for row in world.log if row[2] < count]
    return _columns(
        rows,
        {"t": float, "kind": np.int8, "order": np.int64, "actor": np.int8, "amount": np.int64},
        {"kind": EVENTS, "actor": ACTORS},
    )


def _columns(rows: list[Any], types: dict[str, Any], words: dict[str, tuple[str, ...]]) -> Table:
    content = zip(*rows, strict=True) if rows else [()] * len(types)
    return Table(
        {name: np.array(column, dtype=types[name]) for name, column in zip(types, content, strict=True)},
        words,
    )
