"""Customers: who visits, who registers, what goes into the cart, and everything about a buyer that chance decides.

All chance of a run is drawn here, before the clock starts, one array a purpose. The world only reads it. That
is why two policies meet the same customers, and why the same draws can serve two engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlib.scenario import Duration, Scenario
from simlib.streams import (
    TICK,
    Floats,
    Integers,
    lognormal_times,
    repetitions,
    stream,
    tick,
    to_ticks,
    weighted_choice,
)

MOST_EXTRA = 4
"""A basket has at most so many further products, and so many further pieces of each."""

MOST_ATTEMPTS = 5
"""Payment attempts drawn for each order; a scenario allows at most so many."""

HOUR = 1 / 24
"""One hour in days."""


@dataclass(frozen=True)
class Customers:
    """Everything that chance decides, one entry an order, in the order in which the orders are placed.

    Attributes
    ----------
    visited, browsing, checkout
        Arrival (days), time to the filled cart, time to the placed order.
    member, members_joined
        Who orders; when each member joined (days, negative: before the start).
    first_line, product, pieces
        Lines ``first_line[i]`` up to ``first_line[i + 1]`` belong to order *i*.
    unit_price
        Price the buyer saw, per line, in minor units.
    method
        Position in the scenario's payment methods.
    acknowledgement, check, pay_after, seller_notice, packing, transit
        Times in days, one an order.
    redirect, authentication, attempt, retry
        Orders × attempts: times on the payment page; uniform number that decides the attempt; wait before the
        next.
    door
        Uniform number that decides whether a parcel to be paid at the door is taken.
    returned, return_moment, return_handling, return_transit, inspection, resold
        Uniform number that decides whether the goods go back; share of the cooling-off time that passes
        before; times; uniform number that decides whether the goods can be sold again.
    enquires, enquiry_after, enquiry_handling, reviews, review_after
        Uniform numbers and times.
    visits, carts, checkouts
        Per day: visits, carts filled, orders placed, by the day of arrival.
    """

    visited: Floats
    browsing: Floats
    checkout: Floats
    member: Integers
    members_joined: Floats
    first_line: Integers
    product: Integers
    pieces: Integers
    unit_price: Integers
    method: Integers
    acknowledgement: Floats
    check: Floats
    pay_after: Floats
    seller_notice: Floats
    packing: Floats
    transit: Floats
    redirect: Floats
    authentication: Floats
    attempt: Floats
    retry: Floats
    door: Floats
    returned: Floats
    return_moment: Floats
    return_handling: Floats
    return_transit: Floats
    inspection: Floats
    resold: Floats
    enquires: Floats
    enquiry_after: Floats
    enquiry_handling: Floats
    reviews: Floats
    review_after: Floats
    visits: Integers
    carts: Integers
    checkouts: Integers


def arrivals(scenario: Scenario, days: int, seed: int) -> tuple[Floats, Integers]:
    """Arrivals of the visits that end in an order: a Poisson process whose rate follows the hour of the day.

    Returns
    -------
    times, per_day
        Ascending times in days; their number for each day.
    """
    per_day = (
        stream(seed, "orders per day").poisson(scenario.demand.orders_per_day, size=days).astype(np.int64)
    )
    weights = np.asarray(scenario.demand.hourly_visits)
    until_hour = np.concatenate(([0.0], np.cumsum(weights))) / weights.sum()
    uniform = stream(seed, "arrivals").random(int(per_day.sum()))
    moment = np.interp(uniform, until_hour, np.arange(25) * HOUR)
    # Rounding must not carry a visit just before midnight into the next day.
    moment = np.minimum(to_ticks(moment), 1 - TICK)
    times = np.repeat(np.arange(days), per_day) + moment
    return np.sort(times), per_day


def price_error_arrivals(scenario: Scenario, days: int, seed: int) -> tuple[Floats, Integers]:
    """Arrivals of bargain hunters while a price is wrong.

    Returns
    -------
    times, product
        Ascending times in days; the product each of them buys (position in the catalogue).
    """
    skus = [product.sku for product in scenario.catalogue]
    times: list[Floats] = [np.empty(0)]
    products: list[Integers] = [np.empty(0, dtype=np.int64)]
    for branch, error in enumerate(scenario.price_errors):
        rng = stream(seed, "price error arrivals", branch)
        count = int(rng.poisson(error.extra_orders_per_hour * error.noticed_after_hours))
        moment = error.starts_day + rng.random(count) * error.noticed_after_hours * HOUR
        times.append(to_ticks(moment))
        products.append(np.full(count, skus.index(error.sku), dtype=np.int64))
    time, product = np.concatenate(times), np.concatenate(products)
    order = np.lexsort((product, time))
    within = time[order] < days
    return time[order][within], product[order][within]


def members(scenario: Scenario, visited: Floats, seed: int) -> tuple[Integers, Floats]:
    """Which member each order belongs to.

    A buyer is either new and registers on arrival, or one of the members so far, each equally likely.

    Returns
    -------
    member, joined
        Member of each order; time at which each member joined, in days.
    """
    rng = stream(seed, "members")
    draws = rng.random((len(visited), 2))
    at_start = scenario.demand.members_at_start
    is_new = draws[:, 0] >= scenario.demand.returning
    if at_start == 0 and len(visited):
        is_new[0] = True
    registered = at_start + np.cumsum(is_new)
    pool = registered - is_new
    member = np.where(is_new, registered - 1, np.floor(draws[:, 1] * pool).astype(np.int64))
    age = stream(seed, "membership age").random(at_start) * scenario.demand.membership_age_days
    return member.astype(np.int64), np.concatenate((-np.maximum(to_ticks(age), tick(HOUR)), visited[is_new]))


def baskets(scenario: Scenario, orders: int, seed: int) -> tuple[Integers, Integers, Integers]:
    """What lies in each cart.

    Returns
    -------
    lines, product, pieces
        Number of lines of each order; product (position in the catalogue) and pieces of each line.
    """
    demand = scenario.demand
    lines = 1 + repetitions(demand.extra_line, stream(seed, "basket size").random(orders), MOST_EXTRA)
    total = int(lines.sum())
    weights = [product.popularity for product in scenario.catalogue]
    product = weighted_choice(weights, stream(seed, "basket products").random(total))
    pieces = 1 + repetitions(demand.extra_piece, stream(seed, "basket pieces").random(total), MOST_EXTRA)
    return lines, product, pieces


def prices_seen(scenario: Scenario, placed: Floats, product: Integers) -> Integers:
    """The price in the storefront for each line, in minor units: the catalogue's, unless it is wrong just then.

    Parameters
    ----------
    placed
        When the line was ordered, in days.
    product
        Position in the catalogue.
    """
    price = np.array([scenario.minor(item.price) for item in scenario.catalogue], dtype=np.int64)[product]
    skus = [item.sku for item in scenario.catalogue]
    for error in scenario.price_errors:
        until = error.starts_day + error.noticed_after_hours * HOUR
        wrong = (product == skus.index(error.sku)) & (placed >= error.starts_day) & (placed < until)
        price = np.where(wrong, scenario.minor(error.price), price)
    return price


def traffic(scenario: Scenario, days: int, seed: int, visited: Floats) -> tuple[Integers, Integers, Integers]:
    """Visits, filled carts and orders placed, by the day of arrival.

    Visits that end without an order are Poisson streams of their own (splitting a Poisson process by
    independent decisions gives independent Poisson processes), so they need not be drawn one by one.

    Parameters
    ----------
    visited
        Arrivals of the visits that end in an order, in days.

    Returns
    -------
    visits, carts, checkouts
        One number a day each; every cart is also counted as a visit, every checkout as both.
    """
    demand = scenario.demand
    carts_a_day = demand.orders_per_day / demand.cart_to_checkout
    visits_a_day = carts_a_day / demand.visit_to_cart
    checkouts = np.bincount(np.floor(visited).astype(np.int64), minlength=days)
    carts = checkouts + stream(seed, "carts").poisson(carts_a_day * (1 - demand.cart_to_checkout), size=days)
    visits = carts + stream(seed, "visits").poisson(visits_a_day * (1 - demand.visit_to_cart), size=days)
    return visits.astype(np.int64), carts.astype(np.int64), checkouts.astype(np.int64)


class _Chance:
    """Numbers for each purpose: first those of the ordinary buyers, then those of bargain hunters.

    The two have streams of their own, so that a wrong price adds buyers without changing the others.
    """

    def __init__(self, seed: int, ordinary: int, hunters: int) -> None:
        self.seed = seed
        self.groups = ((0, ordinary), (1, hunters))

    def uniform(self, purpose: str, columns: int = 1) -> Floats:
        """Uniform in [0, 1), shape orders × columns (orders alone for one column)."""
        parts = [stream(self.seed, purpose, branch).random((size, columns)) for branch, size in self.groups]
        return np.concatenate(parts).squeeze(axis=1) if columns == 1 else np.concatenate(parts)

    def times(self, purpose: str, kinds: Sequence[Duration], which: Integers, columns: int = 1) -> Floats:
        """Days, shape orders × columns (orders alone for one column), each of the kind given by `which`."""
        parts = [
            stream(self.seed, purpose, branch).standard_normal((size, columns))
            for branch, size in self.groups
        ]
        mean = np.array([kind.mean_days for kind in kinds])[which]
        spread = np.array([kind.spread for kind in kinds])[which]
        days = lognormal_times(mean[:, None], spread[:, None], np.concatenate(parts))
        return days.squeeze(axis=1) if columns == 1 else days


def customers(scenario: Scenario, days: int, seed: int) -> Customers:
    """Draw everything that chance decides in a run.

    Parameters
    ----------
    scenario
        The shop.
    days
        Length of the run.
    seed
        Seed of the run. A longer run of the same seed begins with the same customers.
    """
    visited, _per_day = arrivals(scenario, days, seed)
    hunted, hunted_product = price_error_arrivals(scenario, days, seed)
    chance = _Chance(seed, len(visited), len(hunted))
    everyone = len(visited) + len(hunted)
    alike = np.zeros(everyone, dtype=np.int64)
    payment = scenario.payment
    method = weighted_choice([item.weight for item in payment.methods], chance.uniform("payment method"))

    member, joined = members(scenario, visited, seed)
    lines, product, pieces = baskets(scenario, len(visited), seed)
    one_each = np.ones(len(hunted), dtype=np.int64)
    lines, pieces = np.concatenate((lines, one_each)), np.concatenate((pieces, one_each))
    product = np.concatenate((product, hunted_product))
    visited = np.concatenate((visited, hunted))
    visits, carts, checkouts = traffic(scenario, days, seed, visited)

    def times(purpose: str, kind: Duration) -> Floats:
        return chance.times(purpose, [kind], alike)

    browsing = times("browsing", scenario.demand.browsing)
    checkout = times("checkout", scenario.demand.checkout)
    placed = visited + browsing + checkout
    pages = chance.times("payment page", [item.redirect for item in payment.methods], method, MOST_ATTEMPTS)
    logins = chance.times(
        "authentication", [item.authentication for item in payment.methods], method, MOST_ATTEMPTS
    )
    returns = chance.uniform("returns", 3)

    turn = np.argsort(placed, kind="stable")
    line_turn = _rows_in_turn(lines, turn)
    product = product[line_turn]
    return Customers(
        visited=visited[turn],
        browsing=browsing[turn],
        checkout=checkout[turn],
        member=np.concatenate((member, len(joined) + np.arange(len(hunted))))[turn],
        members_joined=np.concatenate((joined, hunted)),
        first_line=np.concatenate(([0], np.cumsum(lines[turn]))),
        product=product,
        pieces=pieces[line_turn],
        unit_price=prices_seen(scenario, np.repeat(placed[turn], lines[turn]), product),
        method=method[turn],
        acknowledgement=times("acknowledgement", scenario.confirmation.acknowledgement)[turn],
        check=times("check", scenario.confirmation.check)[turn],
        pay_after=chance.times("payment delay", [item.pay_after for item in payment.methods], method)[turn],
        seller_notice=times("seller notice", payment.seller_notice)[turn],
        packing=times("packing", scenario.staff.packing)[turn],
        transit=times("transit", scenario.logistics.transit)[turn],
        redirect=pages[turn],
        authentication=logins[turn],
        attempt=chance.uniform("payment outcome", MOST_ATTEMPTS)[turn],
        retry=chance.times("payment retry", [payment.retry_after], alike, MOST_ATTEMPTS)[turn],
        door=chance.uniform("door")[turn],
        returned=returns[turn, 0],
        return_moment=returns[turn, 1],
        return_handling=times("return handling", scenario.returns.handling)[turn],
        return_transit=times("return transit", scenario.logistics.return_transit)[turn],
        inspection=times("inspection", scenario.returns.inspection)[turn],
        resold=returns[turn, 2],
        enquires=chance.uniform("enquiries")[turn],
        enquiry_after=times("enquiry delay", scenario.enquiries.after)[turn],
        enquiry_handling=times("enquiry handling", scenario.enquiries.handling)[turn],
        reviews=chance.uniform("reviews")[turn],
        review_after=times("review delay", scenario.reviews.after)[turn],
        visits=visits,
        carts=carts,
        checkouts=checkouts,
    )


def _rows_in_turn(lengths: Integers, turn: Integers) -> Integers:
    """Positions of the rows of a ragged table when its groups are put into another order.

    Parameters
    ----------
    lengths
        Rows of each group, as the table stands.
    turn
        The groups in their new order.
    """
    first = np.cumsum(lengths) - lengths
    new_first = np.cumsum(lengths[turn]) - lengths[turn]
    return np.repeat(first[turn] - new_first, lengths[turn]) + np.arange(int(lengths.sum()))
