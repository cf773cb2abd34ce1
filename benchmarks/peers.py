"""Peers: the same shop, written the way the manuals of SimPy, salabim and Ciw teach it.

One process an order, one draw at a time, the same stages, calendars and stock as `simlib.world`, and one record an
order. They draw other numbers than the kit does, so their runs are alike in kind, not in detail.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator
from typing import Any

from simlib.calendars import OpeningHours, WeeklyClock
from simlib.scenario import Duration, Scenario

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

    def happens(self, share: float) -> bool:
        """Whether something of this chance happens."""
        return self.rng.random() < share

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


def simpy_orders(shop: Scenario, days: int, seed: int) -> list[dict[str, float]]:
    """Idiomatic SimPy; one record an order."""
    import simpy

    env = simpy.Environment()
    chance, shelf, records = Chance(shop, seed), Shelf(shop), []
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

    def order(record: dict[str, float]) -> Steps:
        method = chance.rng.choices(plan.payment.methods, chance.weights)[0]
        basket = chance.basket()
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
        yield env.timeout(chance.time(plan.logistics.transit))
        if method.on_delivery and chance.happens(method.fail):
            yield env.timeout(chance.time(plan.logistics.return_transit))
            yield from task(packers, chance.time(plan.returns.inspection))
            shelf.put(basket)
            record["closed"] = env.now
            return
        record["delivered"] = env.now
        if chance.happens(plan.returns.share):
            yield env.timeout(chance.rng.random() * plan.cooling_off.days)
            record["return_requested"] = env.now
            yield from task(service, chance.time(plan.returns.handling))
            record["return_approved"] = env.now
            yield env.timeout(chance.time(plan.logistics.return_transit))
            record["return_received"] = env.now
            yield from task(packers, chance.time(plan.returns.inspection))
            if chance.happens(plan.returns.resellable):
                shelf.put(basket)
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
            record: dict[str, float] = {}
            records.append(record)
            env.process(order(record))

    env.process(arrivals())
    env.run(until=days)
    return records


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
            method = chance.rng.choices(plan.payment.methods, chance.weights)[0]
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
                yield self.hold(chance.rng.random() * plan.cooling_off.days)
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
    "salabim": salabim_orders,
    "ciw": ciw_orders,
}
"""Name → peer."""
