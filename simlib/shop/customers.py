"""Customers: who visits, who registers, what goes into the cart, and everything about a buyer that chance decides.

All chance of a run is drawn here, before the clock starts, one array a purpose. The world only reads it. That
is why two policies meet the same customers, and why the same draws can serve two engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from simlib.scenario import Duration, Scenario
from simlib.streams import (
    TICK,
    Floats,
    Integers,
    repetitions,
    stream,
    tick,
    times_from_normal,
    to_ticks,
    weighted_choice,
)

MOST_EXTRA = 4
"""A basket has at most so many further products, and so many further pieces of each."""

MOST_ATTEMPTS = 5
"""Payment attempts drawn for each order; a scenario allows at most so many."""

ROWS_AT_ONCE = 1 << 14
"""Orders whose attempts are drawn at once: so many fit into a processor's cache."""

MOST_STEPS = 6
"""Steps drawn for each dispute; a scenario's ladder has at most so many."""

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
    offer, decision, deals
        When buyers ask first: working time for the offer, time to decide, uniform number that decides.
    fulfilment, store_visit
        Time in a third party's warehouse; time until the buyer fetches the goods.
    lost
        Uniform number that decides whether the parcel is lost.
    disputes, dispute_lasts, dispute_settles, dispute_outcome
        Uniform number that decides whether there is a dispute; per step of the ladder: time, and uniform numbers
        that decide whether it ends there and for whom.
    visibility
        Uniform number that decides whether the buyer finds the store when a platform shows it less.
    charged_back, chargeback_after
        Uniform number that decides whether a card payment is charged back, and when.
    visits, carts, checkouts
        Per day: visits, carts filled, orders placed, by the day of arrival.
    page
        What comes of the four arrays of attempts; only if asked for, and then they are empty.
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
    offer: Floats
    decision: Floats
    deals: Floats
    fulfilment: Floats
    store_visit: Floats
    lost: Floats
    disputes: Floats
    dispute_lasts: Floats
    dispute_settles: Floats
    dispute_outcome: Floats
    visibility: Floats
    charged_back: Floats
    chargeback_after: Floats
    visits: Integers
    carts: Integers
    checkouts: Integers
    page: PaymentPage | None = None


@dataclass(frozen=True)
class PaymentPage:
    """What each order's attempts to pay come to, for those who need not follow them one by one.

    Attributes
    ----------
    attempts
        Attempts made; 0 for cash on delivery.
    paid
        Whether the last of them succeeds.
    opened
        From the confirmation until the payment page has loaded for the first time, in days.
    ended
        From the confirmation until the last attempt is decided, in days; 0 for cash on delivery.
    last_login
        Authentication of the last attempt, in days; 0 for cash on delivery.
    """

    attempts: Integers
    paid: npt.NDArray[np.bool_]
    opened: Floats
    ended: Floats
    last_login: Floats


def payment_page(scenario: Scenario, customers: Customers) -> PaymentPage:
    """What the attempts of fully drawn customers come to."""
    attempts, paid = _attempts_made(scenario, customers.method, customers.attempt)
    wanted = np.arange(MOST_ATTEMPTS) < attempts[:, None]
    again = np.arange(MOST_ATTEMPTS) < attempts[:, None] - 1
    return _page(
        attempts,
        paid,
        customers.pay_after,
        customers.redirect[wanted],
        customers.authentication[wanted],
        customers.retry[again],
    )


def _attempts_made(
    scenario: Scenario, method: Integers, attempt: Floats
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """How many attempts each order makes to pay before the courier comes, and whether the last one succeeds."""
    methods = scenario.payment.methods
    most = np.array([0 if item.on_delivery else item.attempts for item in methods])[method]
    fail = np.array([item.fail for item in methods])[method]
    succeeds = (attempt >= fail[:, None]) & (np.arange(MOST_ATTEMPTS) < most[:, None])
    paid = succeeds.any(axis=1)
    return np.asarray(np.where(paid, succeeds.argmax(axis=1) + 1, most)), np.asarray(paid)


def _page(
    attempts: Integers,
    paid: npt.NDArray[np.bool_],
    pay_after: Floats,
    redirect: Floats,
    authentication: Floats,
    retry: Floats,
) -> PaymentPage:
    """Sums over the attempts made, which stand one order after the other."""
    orders = np.arange(len(attempts))
    online = attempts > 0
    row = np.repeat(orders, attempts)
    row_again = np.repeat(orders, np.maximum(attempts - 1, 0))
    first = (np.cumsum(attempts) - attempts)[online]
    opened, last_login = np.zeros(len(orders)), np.zeros(len(orders))
    opened[online] = pay_after[online] + redirect[first]
    last_login[online] = authentication[first + attempts[online] - 1]
    # Whole ticks: the sum is exact, in whatever order.
    ended = np.where(online, pay_after, 0.0)
    ended += np.bincount(row, redirect + authentication, len(orders))
    ended += np.bincount(row_again, retry, len(orders))
    return PaymentPage(attempts, paid, opened, ended, last_login)


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
    times, product, _error = hunters(scenario, days, seed)
    return times, product


def hunters(scenario: Scenario, days: int, seed: int) -> tuple[Floats, Integers, Integers]:
    """`price_error_arrivals`, and the place of the wrong price for which each of them comes."""
    skus = [product.sku for product in scenario.catalogue]
    times: list[Floats] = [np.empty(0)]
    products: list[Integers] = [np.empty(0, dtype=np.int64)]
    errors: list[Integers] = [np.empty(0, dtype=np.int64)]
    for branch, error in enumerate(scenario.price_errors):
        rng = stream(seed, "price error arrivals", branch)
        count = int(rng.poisson(error.extra_orders_per_hour * error.noticed_after_hours))
        moment = error.starts_day + rng.random(count) * error.noticed_after_hours * HOUR
        if error.ends_after_hours is not None:
            moment = moment[moment < error.starts_day + error.lasts_hours * HOUR]
        times.append(to_ticks(moment))
        products.append(np.full(len(moment), skus.index(error.sku), dtype=np.int64))
        errors.append(np.full(len(moment), branch, dtype=np.int64))
    time, product, error_of = np.concatenate(times), np.concatenate(products), np.concatenate(errors)
    order = np.lexsort((product, time))
    order = order[time[order] < days]
    return time[order], product[order], error_of[order]


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
        until = error.starts_day + error.lasts_hours * HOUR
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
        self.orders = ordinary + hunters
        self.rows = (slice(0, ordinary), slice(ordinary, self.orders))

    def uniform(self, purpose: str, columns: int = 1) -> Floats:
        """Uniform in [0, 1), shape orders × columns (orders alone for one column)."""
        drawn = np.empty((self.orders, columns))
        for rng, rows in self._groups(purpose):
            rng.random(out=drawn[rows])
        return drawn[:, 0] if columns == 1 else drawn

    def times(self, purpose: str, kinds: Sequence[Duration], which: Integers, columns: int = 1) -> Floats:
        """Days, shape orders × columns (orders alone for one column), each of the kind given by `which`."""
        drawn = np.empty((self.orders, columns))
        for rng, rows in self._groups(purpose):
            rng.standard_normal(out=drawn[rows])
        location, scale = (np.asarray(each) for each in zip(*map(_normal_of, kinds), strict=True))
        if len(kinds) > 1:
            location, scale = location[which][:, None], scale[which][:, None]
        days = times_from_normal(location, scale, drawn, out=drawn)
        return days[:, 0] if columns == 1 else days

    def times_made(self, purpose: str, kinds: Sequence[Duration], which: Integers, made: Integers) -> Floats:
        """Of `MOST_ATTEMPTS` times of each order only the first `made`, one order after the other, in days.

        The same numbers as `times`, without keeping those that nobody waits for.
        """
        parts = []
        location, scale = (np.asarray(each)[which] for each in zip(*map(_normal_of, kinds), strict=True))
        for rng, rows in self._groups(purpose):
            for first in range(rows.start, rows.stop, ROWS_AT_ONCE):
                part = slice(first, min(first + ROWS_AT_ONCE, rows.stop))
                normal = rng.standard_normal((part.stop - part.start, MOST_ATTEMPTS))
                row, column = np.nonzero(np.arange(MOST_ATTEMPTS) < made[part, None])
                row_of_all = row + part.start
                parts.append(times_from_normal(location[row_of_all], scale[row_of_all], normal[row, column]))
        return np.concatenate([np.empty(0), *parts])

    def _groups(self, purpose: str) -> Iterator[tuple[np.random.Generator, slice]]:
        """The stream of each group of buyers, and the rows that are theirs."""
        for branch, rows in enumerate(self.rows):
            if rows.stop > rows.start:
                yield stream(self.seed, purpose, branch), rows

    def ladder(self, purpose: str, steps: Sequence[Duration]) -> Floats:
        """Days, shape orders × `MOST_STEPS`: one time for each step; steps that do not exist take no time."""
        days = np.zeros((self.orders, MOST_STEPS))
        for rng, rows in self._groups(purpose):
            normal = rng.standard_normal((rows.stop - rows.start, MOST_STEPS))
            for column, step in enumerate(steps):
                location, scale = _normal_of(step)
                days[rows, column] = times_from_normal(location, scale, normal[:, column])
        return days


def _normal_of(kind: Duration) -> tuple[float, float]:
    """Location and scale of the normal under a log-normal duration in days."""
    variance = np.log1p(np.square(kind.spread))
    return np.log(kind.mean_days) - variance / 2, np.sqrt(variance)


def customers(scenario: Scenario, days: int, seed: int, *, each_attempt: bool = True) -> Customers:
    """Draw everything that chance decides in a run.

    Parameters
    ----------
    scenario
        The shop.
    days
        Length of the run.
    seed
        Seed of the run. A longer run of the same seed begins with the same customers.
    each_attempt
        Whether to keep the times of each attempt to pay, or only what they come to (`Customers.page`), which
        is faster and takes half the memory.
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
    pay_after = chance.times("payment delay", [item.pay_after for item in payment.methods], method)
    returns = chance.uniform("returns", 3)

    turn = np.argsort(placed, kind="stable")
    attempts = _draw_attempts(scenario, chance, method, pay_after, turn, each_attempt)
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
        pay_after=pay_after[turn],
        seller_notice=times("seller notice", payment.seller_notice)[turn],
        packing=times("packing", scenario.staff.packing)[turn],
        transit=times("transit", scenario.logistics.transit)[turn],
        **attempts,
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
        **_draw_what_is_rare(scenario, chance, turn),
        visits=visits,
        carts=carts,
        checkouts=checkouts,
    )


def _draw_what_is_rare(scenario: Scenario, chance: _Chance, turn: Integers) -> dict[str, Any]:
    """What most shops never meet; where it cannot happen nothing is drawn, since every purpose has its own stream."""
    who, payment = scenario.arrangement, scenario.payment
    negotiated, fetched = who.mode == "contact-first", who.trade == "O2O"
    third_party = who.mode == "consignment" or who.operator in ("self-run", "hybrid")
    disputed = scenario.disputes.share > 0
    charged_back = payment.chargebacks.share > 0
    alike = np.zeros(len(turn), dtype=np.int64)

    def uniform(happens: bool, purpose: str, columns: int = 1) -> Floats:
        # 1 is what no uniform number reaches: no share lies above it.
        shape = len(turn) if columns == 1 else (len(turn), columns)
        return chance.uniform(purpose, columns)[turn] if happens else np.broadcast_to(1.0, shape)

    def times(happens: bool, purpose: str, kind: Duration) -> Floats:
        return chance.times(purpose, [kind], alike)[turn] if happens else np.broadcast_to(0.0, len(turn))

    steps = [step.lasts for step in scenario.disputes.steps]
    return {
        "offer": times(negotiated, "offer", scenario.negotiation.offer),
        "decision": times(negotiated, "decision", scenario.negotiation.decision),
        "deals": uniform(negotiated, "deals"),
        "fulfilment": times(third_party, "fulfilment", scenario.fulfilment.handling),
        "store_visit": times(fetched, "store visit", scenario.store_pickup.after),
        "lost": uniform(scenario.logistics.loss > 0, "loss"),
        "disputes": uniform(disputed, "disputes"),
        "dispute_lasts": chance.ladder("dispute steps", steps)[turn]
        if disputed
        else np.broadcast_to(0.0, (len(turn), MOST_STEPS)),
        "dispute_settles": uniform(disputed, "dispute settles", MOST_STEPS),
        "dispute_outcome": uniform(disputed, "dispute outcome"),
        "visibility": uniform(scenario.oversight.enforced, "visibility"),
        "charged_back": uniform(charged_back, "chargebacks"),
        "chargeback_after": times(charged_back, "chargeback delay", payment.chargebacks.after),
    }


def _draw_attempts(
    scenario: Scenario,
    chance: _Chance,
    method: Integers,
    pay_after: Floats,
    turn: Integers,
    each_attempt: bool,
) -> dict[str, Any]:
    """The attempts to pay, one by one or only what they come to."""
    payment = scenario.payment
    redirect = [item.redirect for item in payment.methods]
    authentication = [item.authentication for item in payment.methods]
    attempt = chance.uniform("payment outcome", MOST_ATTEMPTS)
    alike = np.zeros_like(method)
    if each_attempt:
        return {
            "redirect": chance.times("payment page", redirect, method, MOST_ATTEMPTS)[turn],
            "authentication": chance.times("authentication", authentication, method, MOST_ATTEMPTS)[turn],
            "attempt": attempt[turn],
            "retry": chance.times("payment retry", [payment.retry_after], alike, MOST_ATTEMPTS)[turn],
        }
    made, paid = _attempts_made(scenario, method, attempt)
    page = _page(
        made,
        paid,
        pay_after,
        chance.times_made("payment page", redirect, method, made),
        chance.times_made("authentication", authentication, method, made),
        chance.times_made("payment retry", [payment.retry_after], alike, np.maximum(made - 1, 0)),
    )
    none = np.empty((0, MOST_ATTEMPTS))
    kept = {name: getattr(page, name)[turn] for name in ("attempts", "paid", "opened", "ended", "last_login")}
    return {
        "redirect": none,
        "authentication": none,
        "attempt": none,
        "retry": none,
        "page": PaymentPage(**kept),
    }


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
