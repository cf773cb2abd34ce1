"""Peers: the same shop, written the way the manuals of SimPy, salabim and Ciw teach it.

One process an order, one draw at a time, the same stages, calendars and stock as `simlib.world`, and one record an
order. They draw other numbers than the kit does, so their runs are alike in kind, not in detail. Two variants of the
SimPy peer tell apart what costs what: `simpy_batched` draws in batches, `simpy_books` keeps the books our world keeps.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from typing import Any

import numpy as np

from simlib.calendars import OpeningHours, WeeklyClock
from simlib.scenario import Duration, PaymentMethod, Scenario

Steps = Generator[Any, Any, None]
"""A process of a simulation."""


class Chance:
    """One number at a time, as tutorials draw them; the standard library is the fastest at that."""

    def __init__(self, shop: Scenario, seed: int) -> None:
        self.shop, self.rng = shop, random.Random(seed)
        self.weights = [method.weight for method in shop.payment.methods]
        self.popularity = [product.popularity for product in shop.catalogue]
        self.products = range(len(shop.catalogue))

    def time(self, kind: Duration) -> float:
        """Days."""
        variance = math.log1p(kind.spread**2)
        return self.rng.lognormvariate(math.log(kind.mean_days) - variance / 2, math.sqrt(variance))

    def uniform(self) -> float:
        """From 0 to 1."""
        return self.rng.random()

    def happens(self, share: float) -> bool:
        """Whether something of this chance happens."""
        return self.rng.random() < share

    def method(self) -> PaymentMethod:
        """How somebody pays."""
        return self.rng.choices(self.shop.payment.methods, self.weights)[0]

    def basket(self) -> list[tuple[int, int]]:
        """Products and pieces."""
        demand, lines = self.shop.demand, 1
        while lines < 5 and self.happens(demand.extra_line):
            lines += 1
        basket = []
        for product in self.rng.choices(self.products, self.popularity, k=lines):
            pieces = 1
            while pieces < 5 and self.happens(demand.extra_piece):
                pieces += 1
            basket.append((product, pieces))
        return basket

    def gap(self) -> float:
        """Days until the next order."""
        return self.rng.expovariate(self.shop.demand.orders_per_day)


class NumpyChance(Chance):
    """One number at a time from numpy's generator, as courses on simulation with numpy do it."""

    def __init__(self, shop: Scenario, seed: int) -> None:
        super().__init__(shop, seed)
        self.numpy = np.random.default_rng(seed)
        self.share = np.array(self.weights) / sum(self.weights)
        self.popular = np.array(self.popularity) / sum(self.popularity)

    def time(self, kind: Duration) -> float:
        """Days."""
        variance = math.log1p(kind.spread**2)
        return self.numpy.lognormal(math.log(kind.mean_days) - variance / 2, math.sqrt(variance))

    def uniform(self) -> float:
        """From 0 to 1."""
        return self.numpy.random()

    def happens(self, share: float) -> bool:
        """Whether something of this chance happens."""
        return self.numpy.random() < share

    def method(self) -> PaymentMethod:
        """How somebody pays."""
        return self.shop.payment.methods[self.numpy.choice(len(self.share), p=self.share)]

    def basket(self) -> list[tuple[int, int]]:
        """Products and pieces."""
        demand, rng = self.shop.demand, self.numpy
        lines = min(rng.geometric(1 - demand.extra_line), 5)
        products = rng.choice(len(self.popular), lines, p=self.popular).tolist()
        return [(product, min(rng.geometric(1 - demand.extra_piece), 5)) for product in products]

    def gap(self) -> float:
        """Days until the next order."""
        return self.numpy.exponential(1 / self.shop.demand.orders_per_day)


class BatchedChance(Chance):
    """The same numbers in batches: numpy draws thousands at once, and the processes take them one by one."""

    SIZE = 4096

    def __init__(self, shop: Scenario, seed: int) -> None:
        super().__init__(shop, seed)
        self.batches = rng = np.random.default_rng(seed)
        self.times: dict[int, Iterator[float]] = {}
        self.uniforms: Iterator[float] = self._without_end(lambda: rng.random(self.SIZE).tolist())
        self.gaps: Iterator[float] = self._without_end(
            lambda: rng.exponential(1 / shop.demand.orders_per_day, self.SIZE).tolist()
        )
        self.baskets: Iterator[list[tuple[int, int]]] = self._without_end(self._batch_of_baskets)
        share = np.array(self.weights) / sum(self.weights)
        methods = shop.payment.methods
        self.methods: Iterator[PaymentMethod] = self._without_end(
            lambda: [methods[which] for which in rng.choice(len(methods), self.SIZE, p=share).tolist()]
        )

    @staticmethod
    def _without_end(batch: Callable[[], list[Any]]) -> Iterator[Any]:
        """One batch after the other."""
        return chain.from_iterable(iter(batch, None))

    def time(self, kind: Duration) -> float:
        """Days."""
        drawn = self.times.get(id(kind))
        if drawn is None:
            variance = math.log1p(kind.spread**2)
            location, scale = math.log(kind.mean_days) - variance / 2, math.sqrt(variance)
            drawn = self.times[id(kind)] = self._without_end(
                lambda: self.batches.lognormal(location, scale, self.SIZE).tolist()
            )
        return next(drawn)

    def uniform(self) -> float:
        """From 0 to 1."""
        return next(self.uniforms)

    def happens(self, share: float) -> bool:
        """Whether something of this chance happens."""
        return next(self.uniforms) < share

    def method(self) -> PaymentMethod:
        """How somebody pays."""
        return next(self.methods)

    def basket(self) -> list[tuple[int, int]]:
        """Products and pieces."""
        return next(self.baskets)

    def gap(self) -> float:
        """Days until the next order."""
        return next(self.gaps)

    def _batch_of_baskets(self) -> list[list[tuple[int, int]]]:
        demand, rng = self.shop.demand, self.batches
        lines = np.minimum(rng.geometric(1 - demand.extra_line, self.SIZE), 5)
        total = int(lines.sum())
        weights = np.array(self.popularity) / sum(self.popularity)
        product = rng.choice(len(weights), total, p=weights).tolist()
        pieces = np.minimum(rng.geometric(1 - demand.extra_piece, total), 5).tolist()
        last = np.cumsum(lines).tolist()
        each = list(zip(product, pieces, strict=True))
        return [each[end - size : end] for end, size in zip(last, lines.tolist(), strict=True)]


class Books:
    """What our world writes down besides the orders: a log of all events, postings that sum to zero, stock."""

    def __init__(self, shop: Scenario) -> None:
        self.log: list[tuple[float, str, int, int]] = []
        self.postings: list[tuple[float, int, str, int, str, int]] = []
        self.stock: list[tuple[float, int, int, int]] = []
        self.transactions = 0
        self.price = [shop.minor(product.price) for product in shop.catalogue]
        self.cost = [shop.minor(product.unit_cost) for product in shop.catalogue]
        self.parcel = shop.minor(shop.logistics.parcel_fee)

    def amount(self, basket: list[tuple[int, int]], of: list[int]) -> int:
        """What a basket is worth."""
        return sum(of[product] * pieces for product, pieces in basket)

    def post(self, t: float, kind: str, order: int, **amounts: int) -> None:
        """Enter a transaction."""
        if sum(amounts.values()) != 0:
            raise ValueError(f"{kind} of order {order} does not sum to zero")
        for account, amount in amounts.items():
            if amount:
                self.postings.append((t, self.transactions, kind, order, account, amount))
        self.transactions += 1

    def move(self, t: float, basket: list[tuple[int, int]], sign: int, order: int) -> None:
        """Goods leave the shelf (−1) or come back (1), and their value with them."""
        for product, pieces in basket:
            self.stock.append((t, product, sign * pieces, order))
        cost = sign * self.amount(basket, self.cost)
        self.post(t, "goods", order, inventory=cost, cost_of_goods=-cost)

    def send(self, t: float, order: int) -> None:
        """A parcel is paid."""
        self.post(t, "shipping", order, seller=-self.parcel, shipping=self.parcel)

    def columns(self) -> list[Any]:
        """All of it as arrays, as an analyst would want it."""
        tables = (self.log, self.postings, self.stock)
        return [np.array(column) for rows in tables if rows for column in zip(*rows, strict=True)]


class Logged(dict[str, float]):
    """A record whose entries go into the log as well."""

    def __init__(self, books: Books, order: int, amount: int) -> None:
        super().__init__()
        self.books, self.order, self.amount = books, order, amount

    def __setitem__(self, milestone: str, t: float) -> None:
        super().__setitem__(milestone, t)
        self.books.log.append((t, milestone, self.order, self.amount))


class Shelf:
    """Pieces that are free, and the rule of reordering."""

    def __init__(self, shop: Scenario) -> None:
        self.catalogue = shop.catalogue
        self.free = [product.stock for product in shop.catalogue]
        self.expected = list(self.free)

    def take(self, basket: list[tuple[int, int]]) -> list[tuple[int, int, float]] | None:
        """Promise a basket; what the supplier must bring, with his time, or None if something is missing."""
        if any(self.free[product] < pieces for product, pieces in basket):
            return None
        brought = []
        for product, pieces in basket:
            self.free[product] -= pieces
            self.expected[product] -= pieces
            item = self.catalogue[product]
            if self.expected[product] <= item.reorder_point:
                more = item.reorder_up_to - self.expected[product]
                self.expected[product] += more
                brought.append((product, more, item.lead_time_days))
        return brought

    def put(self, basket: list[tuple[int, int]]) -> None:
        """Take a basket back."""
        for product, pieces in basket:
            self.free[product] += pieces
            self.expected[product] += pieces


def simpy_orders(
    shop: Scenario, days: int, seed: int, chances: type[Chance] = Chance, books: Books | None = None
) -> list[dict[str, float]]:
    """Idiomatic SimPy; one record an order, and books if they are wanted."""
    import simpy

    env = simpy.Environment()
    chance, shelf = chances(shop, seed), Shelf(shop)
    records: list[dict[str, float]] = []
    hours = OpeningHours(shop.staff.hours, shop.start)
    pickup = WeeklyClock(shop.logistics.pickup, shop.start)
    service = simpy.Resource(env, shop.staff.service_agents)
    packers = simpy.Resource(env, shop.staff.packers)
    plan = shop

    def task(team: Any, work: float) -> Steps:
        with team.request() as desk:
            yield desk
            yield env.timeout(hours.finish(env.now, work) - env.now)

    def restock(product: int, pieces: int, lead: float) -> Steps:
        yield env.timeout(lead)
        shelf.free[product] += pieces

    def enquiry(record: dict[str, float]) -> Steps:
        yield env.timeout(chance.time(plan.enquiries.after))
        record["enquired"] = env.now
        yield from task(service, chance.time(plan.enquiries.handling))
        record["answered"] = env.now

    settlement = WeeklyClock(shop.payment.settlement, shop.start)

    def settle(number: int, amount: int, share: float) -> Steps:
        assert books is not None
        yield env.timeout(settlement.next(env.now + plan.payment.settlement_days) - env.now)
        fee = round(amount * share)
        books.post(env.now, "settlement", number, holder=-amount, seller=amount - fee, fees=fee)
        books.log.append((env.now, "paid_out", number, amount - fee))

    def order(number: int) -> Steps:
        record = records[number]
        method = chance.method()
        basket = chance.basket()
        if books:
            amount = books.amount(basket, books.price)
            record = records[number] = Logged(books, number, amount)
        record["visited"] = env.now
        yield env.timeout(chance.time(plan.demand.browsing))
        record["carted"] = env.now
        yield env.timeout(chance.time(plan.demand.checkout))
        record["placed"] = env.now
        if chance.happens(plan.enquiries.share):
            env.process(enquiry(record))
        yield env.timeout(chance.time(plan.confirmation.acknowledgement))
        record["acknowledged"] = env.now
        yield from task(service, chance.time(plan.confirmation.check))
        record["checked"] = env.now
        brought = shelf.take(basket)
        if brought is None:
            record["closed"] = env.now
            return
        for product, pieces, lead in brought:
            env.process(restock(product, pieces, lead))
        record["confirmed"] = env.now
        if not method.on_delivery:
            yield env.timeout(chance.time(method.pay_after))
            for attempt in range(method.attempts):
                yield env.timeout(chance.time(method.redirect))
                record.setdefault("redirected", env.now)
                yield env.timeout(chance.time(method.authentication))
                if not chance.happens(method.fail):
                    record["paid"] = env.now
                    if books:
                        books.post(env.now, "payment", number, buyer=-amount, payment_company=amount)
                        env.process(settle(number, amount, method.fee))
                    break
                if attempt + 1 < method.attempts:
                    yield env.timeout(chance.time(plan.payment.retry_after))
            else:
                shelf.put(basket)
                record["closed"] = env.now
                return
        yield env.timeout(chance.time(plan.payment.seller_notice))
        record["seller_told"] = env.now
        yield from task(packers, chance.time(plan.staff.packing))
        record["packed"] = env.now
        yield env.timeout(pickup.next(env.now) - env.now)
        record["picked_up"] = env.now
        if books:
            books.move(env.now, basket, -1, number)
            books.send(env.now, number)
        yield env.timeout(chance.time(plan.logistics.transit))
        if method.on_delivery and chance.happens(method.fail):
            yield env.timeout(chance.time(plan.logistics.return_transit))
            yield from task(packers, chance.time(plan.returns.inspection))
            shelf.put(basket)
            record["closed"] = env.now
            return
        record["delivered"] = env.now
        if books and method.on_delivery:
            books.post(env.now, "payment", number, buyer=-amount, courier_cash=amount)
            env.process(settle(number, amount, method.fee))
        if chance.happens(plan.returns.share):
            yield env.timeout(chance.uniform() * plan.cooling_off.days)
            record["return_requested"] = env.now
            yield from task(service, chance.time(plan.returns.handling))
            record["return_approved"] = env.now
            yield env.timeout(chance.time(plan.logistics.return_transit))
            record["return_received"] = env.now
            yield from task(packers, chance.time(plan.returns.inspection))
            if chance.happens(plan.returns.resellable):
                shelf.put(basket)
                if books:
                    books.move(env.now, basket, 1, number)
            if books:
                books.send(env.now, number)
                books.post(env.now, "refund", number, seller=-amount, buyer=amount)
            record["refunded"] = record["closed"] = env.now
            return
        yield env.timeout(plan.cooling_off.days)
        record["cooling_off_ended"] = record["closed"] = env.now
        if chance.happens(plan.reviews.share):
            yield env.timeout(chance.time(plan.reviews.after))
            record["reviewed"] = env.now

    def arrivals() -> Steps:
        while True:
            yield env.timeout(chance.gap())
            records.append({})
            env.process(order(len(records) - 1))

    env.process(arrivals())
    env.run(until=days)
    if books:
        books.columns()
    return records


def simpy_numpy(shop: Scenario, days: int, seed: int) -> list[dict[str, float]]:
    """The same processes with single numbers of numpy's."""
    return simpy_orders(shop, days, seed, NumpyChance)


def simpy_batched(shop: Scenario, days: int, seed: int) -> list[dict[str, float]]:
    """The same processes with numbers drawn in batches."""
    return simpy_orders(shop, days, seed, BatchedChance)


def simpy_books(shop: Scenario, days: int, seed: int) -> list[dict[str, float]]:
    """The same processes that also write what our world writes."""
    return simpy_orders(shop, days, seed, Chance, Books(shop))


def salabim_orders(shop: Scenario, days: int, seed: int) -> list[dict[str, float]]:
    """The same with salabim's components; one record an order."""
    import salabim

    salabim.yieldless(False)
    env = salabim.Environment(trace=False)
    chance, shelf, records = Chance(shop, seed), Shelf(shop), []
    hours = OpeningHours(shop.staff.hours, shop.start)
    pickup = WeeklyClock(shop.logistics.pickup, shop.start)
    service = salabim.Resource("service", shop.staff.service_agents)
    packers = salabim.Resource("packers", shop.staff.packers)
    plan = shop

    class Worked(salabim.Component):  # type: ignore[misc]
        def task(self, team: Any, work: float) -> Steps:
            yield self.request(team)
            yield self.hold(hours.finish(env.now(), work) - env.now())
            self.release(team)

    class Restock(salabim.Component):  # type: ignore[misc]
        def process(self, product: int, pieces: int, lead: float) -> Steps:
            yield self.hold(lead)
            shelf.free[product] += pieces

    class Enquiry(Worked):
        def process(self, record: dict[str, float]) -> Steps:
            yield self.hold(chance.time(plan.enquiries.after))
            record["enquired"] = env.now()
            yield from self.task(service, chance.time(plan.enquiries.handling))
            record["answered"] = env.now()

    class Order(Worked):
        def process(self, record: dict[str, float]) -> Steps:
            method = chance.method()
            basket = chance.basket()
            record["visited"] = env.now()
            yield self.hold(chance.time(plan.demand.browsing))
            record["carted"] = env.now()
            yield self.hold(chance.time(plan.demand.checkout))
            record["placed"] = env.now()
            if chance.happens(plan.enquiries.share):
                Enquiry(record=record)
            yield self.hold(chance.time(plan.confirmation.acknowledgement))
            record["acknowledged"] = env.now()
            yield from self.task(service, chance.time(plan.confirmation.check))
            record["checked"] = env.now()
            brought = shelf.take(basket)
            if brought is None:
                record["closed"] = env.now()
                return
            for product, pieces, lead in brought:
                Restock(product=product, pieces=pieces, lead=lead)
            record["confirmed"] = env.now()
            if not method.on_delivery:
                yield self.hold(chance.time(method.pay_after))
                for attempt in range(method.attempts):
                    yield self.hold(chance.time(method.redirect))
                    record.setdefault("redirected", env.now())
                    yield self.hold(chance.time(method.authentication))
                    if not chance.happens(method.fail):
                        record["paid"] = env.now()
                        break
                    if attempt + 1 < method.attempts:
                        yield self.hold(chance.time(plan.payment.retry_after))
                else:
                    shelf.put(basket)
                    record["closed"] = env.now()
                    return
            yield self.hold(chance.time(plan.payment.seller_notice))
            record["seller_told"] = env.now()
            yield from self.task(packers, chance.time(plan.staff.packing))
            record["packed"] = env.now()
            yield self.hold(pickup.next(env.now()) - env.now())
            record["picked_up"] = env.now()
            yield self.hold(chance.time(plan.logistics.transit))
            if method.on_delivery and chance.happens(method.fail):
                yield self.hold(chance.time(plan.logistics.return_transit))
                yield from self.task(packers, chance.time(plan.returns.inspection))
                shelf.put(basket)
                record["closed"] = env.now()
                return
            record["delivered"] = env.now()
            if chance.happens(plan.returns.share):
                yield self.hold(chance.uniform() * plan.cooling_off.days)
                record["return_requested"] = env.now()
                yield from self.task(service, chance.time(plan.returns.handling))
                record["return_approved"] = env.now()
                yield self.hold(chance.time(plan.logistics.return_transit))
                record["return_received"] = env.now()
                yield from self.task(packers, chance.time(plan.returns.inspection))
                if chance.happens(plan.returns.resellable):
                    shelf.put(basket)
                record["refunded"] = record["closed"] = env.now()
                return
            yield self.hold(plan.cooling_off.days)
            record["cooling_off_ended"] = record["closed"] = env.now()
            if chance.happens(plan.reviews.share):
                yield self.hold(chance.time(plan.reviews.after))
                record["reviewed"] = env.now()

    class Arrivals(salabim.Component):  # type: ignore[misc]
        def process(self) -> Steps:
            while True:
                yield self.hold(chance.gap())
                record: dict[str, float] = {}
                records.append(record)
                Order(record=record)

    Arrivals()
    env.run(days)
    return records


def ciw_orders(shop: Scenario, days: int, seed: int) -> list[Any]:
    """The same stages as a network of queues in Ciw.

    Ciw knows neither the courier's round nor a queue that two kinds of work share with different times, so this
    peer has less to do: two queues, and delays without queue for all other stages.
    """
    import ciw

    def lognormal(kind: Duration) -> Any:
        variance = math.log1p(kind.spread**2)
        return ciw.dists.Lognormal(math.log(kind.mean_days) - variance / 2, math.sqrt(variance))

    card = shop.payment.methods[0]
    stages = [
        shop.demand.browsing,
        shop.demand.checkout,
        shop.confirmation.acknowledgement,
        shop.confirmation.check,
        card.pay_after,
        card.redirect,
        card.authentication,
        shop.payment.seller_notice,
        shop.staff.packing,
        shop.logistics.transit,
    ]
    limited = {3: shop.staff.service_agents, 8: shop.staff.packers}
    routing = [
        [1.0 if column == row + 1 else 0.0 for column in range(len(stages))] for row in range(len(stages))
    ]
    network = ciw.create_network(
        arrival_distributions=[
            ciw.dists.Exponential(shop.demand.orders_per_day),
            *[None] * (len(stages) - 1),
        ],
        service_distributions=[lognormal(stage) for stage in stages],
        number_of_servers=[limited.get(row, math.inf) for row in range(len(stages))],
        routing=routing,
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(days)
    records: list[Any] = simulation.get_all_records()
    return records


PEERS: dict[str, Callable[[Scenario, int, int], list[Any]]] = {
    "simpy": simpy_orders,
    "simpy-numpy": simpy_numpy,
    "simpy-batched": simpy_batched,
    "simpy-books": simpy_books,
    "salabim": salabim_orders,
    "ciw": ciw_orders,
}
"""Name → peer."""
