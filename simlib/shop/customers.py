"""Customers: who visits, who registers, what goes into the cart, and everything about a buyer that chance decides.

All chance of a run is drawn here, before the clock starts, one array a purpose. The world only reads it. That
is why two policies meet the same customers, and why the same draws can serve two engines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simlib.scenario import Duration, Scenario
from simlib.streams import (
    TICK,
    Floats,
    Integers,
    repetitions,
    stream,
    thresholds_reached,
    tick,
    times_from_normal,
    to_ticks,
    weighted_choice,
)

MOST_EXTRA = 4
"""A basket has at most so many further products, and so many further pieces of each."""

MOST_ATTEMPTS = 5
"""Payment attempts drawn for each order; a scenario allows at most so many."""

ROWS_AT_ONCE = 1 << 15
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

    def some(self, name: str, orders: slice | Integers) -> npt.NDArray[Any]:
        """What an array of one entry an order holds for these orders."""
        return np.asarray(getattr(self, name)[orders])


@dataclass(frozen=True)
class PaymentPage:
    """What each order's attempts to pay come to, for those who need not follow them one by one.

    Attributes
    ----------
    attempts
        Attempts made; 0 for cash on delivery.
    paid
        Whether the last of them succeeds.
    pay_after
        From the confirmation until the buyer turns to the payment page, in days.
    opened
        From the confirmation until the payment page has loaded for the first time, in days; 0 for cash on
        delivery, like the following.
    ended
        From the confirmation until the last attempt is decided, in days.
    last_login
        Authentication of the last attempt, in days.
    again
        The few orders with more than one attempt, ascending.
    redirect, authentication, retry
        For each of these: times of each attempt, and the wait before the next, in days.
    """

    attempts: npt.NDArray[np.int8]
    paid: npt.NDArray[np.bool_]
    pay_after: Floats
    opened: Floats
    ended: Floats
    last_login: Floats
    again: Integers
    redirect: Floats
    authentication: Floats
    retry: Floats


def payment_page(scenario: Scenario, customers: Customers) -> PaymentPage:
    """What the attempts of fully drawn customers come to."""
    attempts, paid = _attempts_made(scenario, customers.method, customers.attempt)
    again = np.flatnonzero(attempts > 1)
    return _page(
        attempts,
        paid,
        customers.pay_after,
        (customers.redirect[:, 0], customers.authentication[:, 0]),
        again,
        (customers.redirect[again], customers.authentication[again], customers.retry[again]),
    )


def _attempts_made(
    scenario: Scenario, method: npt.NDArray[Any], attempt: Floats
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """How many attempts each order makes to pay before the courier comes, and whether the last one succeeds."""
    methods = scenario.payment.methods
    most = np.array([0 if item.on_delivery else item.attempts for item in methods], dtype=np.int8).take(
        method
    )
    fail = np.array([item.fail for item in methods]).take(method)
    paid = (attempt[:, 0] >= fail) & (most > 0)
    attempts = np.minimum(most, 1)
    # Few fail; only their further attempts are looked at.
    failed = np.flatnonzero(~paid & (most > 1))
    tried = np.arange(MOST_ATTEMPTS) < most[failed, None]
    succeeds = (attempt[failed] >= fail[failed, None]) & tried
    paid[failed] = succeeds.any(axis=1)
    attempts[failed] = np.where(paid[failed], succeeds.argmax(axis=1) + 1, most[failed])
    return attempts, paid


def _page(
    attempts: npt.NDArray[np.int8],
    paid: npt.NDArray[np.bool_],
    pay_after: Floats,
    first: tuple[Floats, Floats],
    again: Integers,
    each: tuple[Floats, Floats, Floats],
) -> PaymentPage:
    """Sums over the attempts made.

    Parameters
    ----------
    attempts, paid, pay_after, again
        As in `PaymentPage`.
    first
        Of everybody's first attempt: redirect and authentication.
    each
        Of those who try again: redirect, authentication and retry, as in `PaymentPage`.
    """
    online = attempts > 0
    redirect, authentication, retry = each
    opened = (pay_after + first[0]) * online
    last_login = first[1] * online
    ended = opened + last_login
    # Whole ticks: the sums are exact, in whatever order.
    tried = np.arange(MOST_ATTEMPTS) < attempts[again, None]
    waited = np.arange(MOST_ATTEMPTS) < attempts[again, None] - 1
    ended[again] = pay_after[again] + np.where(tried, redirect + authentication, 0.0).sum(axis=1)
    ended[again] += np.where(waited, retry, 0.0).sum(axis=1)
    last_login[again] = authentication[np.arange(len(again)), attempts[again] - 1]
    return PaymentPage(
        attempts, paid, pay_after, opened, ended, last_login, again, redirect, authentication, retry
    )


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
    # Within its hour, every moment is equally likely.
    hour = thresholds_reached(until_hour[1:-1], uniform)
    with np.errstate(divide="ignore"):
        pace = HOUR / np.diff(until_hour)
    moment = pace[hour] * (uniform - until_hour[hour]) + hour * HOUR
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
    # Cutting off is rounding down: nothing here is below 0.
    member = (draws[:, 1] * pool).astype(np.int64)
    # Reckoned rather than chosen: a processor cannot guess which of half the buyers are new.
    member += (pool - member) * is_new
    age = stream(seed, "membership age").random(at_start) * scenario.demand.membership_age_days
    return member, np.concatenate((-np.maximum(to_ticks(age), tick(HOUR)), visited[np.flatnonzero(is_new)]))


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


def prices_seen(scenario: Scenario, placed: Floats | None, product: npt.NDArray[np.integer]) -> Integers:
    """The price in the storefront for each line, in minor units: the catalogue's, unless it is wrong just then.

    Parameters
    ----------
    placed
        When the line was ordered, in days; not looked at where no price is ever wrong.
    product
        Position in the catalogue.
    """
    price = np.array([scenario.minor(item.price) for item in scenario.catalogue], dtype=np.int64)[product]
    skus = [item.sku for item in scenario.catalogue]
    for error in scenario.price_errors:
        assert placed is not None
        until = error.starts_day + error.lasts_hours * HOUR
        wrong = (product == skus.index(error.sku)) & (placed >= error.starts_day) & (placed < until)
        price = np.where(wrong, scenario.minor(error.price), price)
    return np.asarray(price)


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


Fill = Callable[[np.random.Generator, Floats], Any]
"""Fills an array with the next standard normal numbers of a generator."""


def fill_with_normals(rng: np.random.Generator, numbers: Floats) -> None:
    """Fill an array with the next standard normal numbers."""
    rng.standard_normal(out=numbers)


class _Chance:
    """Numbers for each purpose: first those of the ordinary buyers, then those of bargain hunters.

    The two have streams of their own, so that a wrong price adds buyers without changing the others.
    """

    def __init__(self, seed: int, ordinary: int, hunters: int, fill: Fill) -> None:
        self.seed, self.fill = seed, fill
        self.orders = ordinary + hunters
        self.groups = (slice(0, ordinary), slice(ordinary, self.orders))
        # Fetching memory from the system costs more than filling it, so one piece serves for all purposes.
        self.room = np.empty(max(self.orders, ROWS_AT_ONCE * MOST_ATTEMPTS))

    def uniform(self, purpose: str, rows: Integers) -> Floats:
        """Uniform in [0, 1), one for each of these rows."""
        drawn = self.room[: self.orders]
        for rng, group in self._groups(purpose):
            rng.random(out=drawn[group])
        return drawn[rows]

    def uniforms(self, purpose: str, columns: int) -> Floats:
        """Uniform in [0, 1), shape orders × columns."""
        drawn = np.empty((self.orders, columns))
        for rng, group in self._groups(purpose):
            rng.random(out=drawn[group])
        return drawn

    def times(
        self, purpose: str, kinds: Sequence[Duration], which: npt.NDArray[Any], rows: Integers
    ) -> Floats:
        """Days, one for each of these rows, of the kind given for it by `which` (one entry an order)."""
        drawn, few = self.room[: self.orders], 4 * len(rows) < self.orders
        normal_of = _normals(kinds)
        for part in self._parts(purpose):
            self.fill(part.rng, drawn[part.rows])
            if not few:
                times_from_normal(*normal_of(which[part.rows]), drawn[part.rows], out=drawn[part.rows])
        chosen = drawn[rows]
        return times_from_normal(*normal_of(which[rows]), chosen, out=chosen) if few else chosen

    def attempts(self, purpose: str, kinds: Sequence[Duration], which: npt.NDArray[Any]) -> Floats:
        """Days, orders × `MOST_ATTEMPTS`, each of the kind given by `which`."""
        days, normal_of = np.empty((self.orders, MOST_ATTEMPTS)), _normals(kinds)
        for part in self._parts(purpose):
            normal = days[part.rows]
            self.fill(part.rng, normal)
            times_from_normal(*normal_of(which[part.rows, None]), normal, out=normal)
        return days

    def attempts_made(
        self, purpose: str, kinds: Sequence[Duration], which: npt.NDArray[Any], again: Integers
    ) -> tuple[Floats, Floats]:
        """Of the same numbers as `attempts`: everybody's first, and all of those who try again."""
        first, each = np.empty(self.orders), np.empty((len(again), MOST_ATTEMPTS))
        normal_of = _normals(kinds)
        for part in self._parts(purpose):
            normal = self._rows_of_attempts(part)
            self.fill(part.rng, normal)
            times_from_normal(*normal_of(which[part.rows]), normal[:, 0], out=first[part.rows])
            those = slice(*np.searchsorted(again, (part.rows.start, part.rows.stop)))
            some = normal[again[those] - part.rows.start]
            times_from_normal(*normal_of(which[again[those], None]), some, out=each[those])
        return first, each

    def outcomes(
        self, scenario: Scenario, method: Integers
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
        """How many attempts each order makes to pay, and whether the last one succeeds."""
        attempts, paid = np.empty(self.orders, dtype=np.int8), np.empty(self.orders, dtype=np.bool_)
        for part in self._parts("payment outcome"):
            uniform = self._rows_of_attempts(part)
            part.rng.random(out=uniform)
            attempts[part.rows], paid[part.rows] = _attempts_made(scenario, method[part.rows], uniform)
        return attempts, paid

    def ladder(self, purpose: str, steps: Sequence[Duration]) -> Floats:
        """Days, shape orders × `MOST_STEPS`: one time for each step; steps that do not exist take no time."""
        days = np.zeros((self.orders, MOST_STEPS))
        for rng, group in self._groups(purpose):
            normal = np.empty((group.stop - group.start, MOST_STEPS))
            self.fill(rng, normal)
            for column, step in enumerate(steps):
                location, scale = _normal_of(step)
                days[group, column] = times_from_normal(location, scale, normal[:, column])
        return days

    def _groups(self, purpose: str) -> Iterator[tuple[np.random.Generator, slice]]:
        """The stream of each group of buyers, and the rows that are theirs."""
        for branch, group in enumerate(self.groups):
            if group.stop > group.start:
                yield stream(self.seed, purpose, branch), group

    def _parts(self, purpose: str) -> Iterator[_Part]:
        """The rows in parts that a processor's cache holds, each with the stream that comes next."""
        for rng, group in self._groups(purpose):
            for start in range(group.start, group.stop, ROWS_AT_ONCE):
                yield _Part(rng, slice(start, min(start + ROWS_AT_ONCE, group.stop)))

    def _rows_of_attempts(self, part: _Part) -> Floats:
        """Room for the attempts of a part's orders."""
        rows = part.rows.stop - part.rows.start
        return self.room[: rows * MOST_ATTEMPTS].reshape(rows, MOST_ATTEMPTS)


class _Part(NamedTuple):
    """Some orders, and the stream that decides over them."""

    rng: np.random.Generator
    rows: slice


def _normal_of(kind: Duration) -> tuple[float, float]:
    """Location and scale of the normal under a log-normal duration in days."""
    variance = np.log1p(np.square(kind.spread))
    return np.log(kind.mean_days) - variance / 2, np.sqrt(variance)


def _normals(kinds: Sequence[Duration]) -> Callable[[npt.NDArray[Any]], tuple[npt.ArrayLike, npt.ArrayLike]]:
    """`_normal_of` for whichever of these kinds each entry of an array gives; a single kind is that of all."""
    if len(kinds) == 1:
        alike = _normal_of(kinds[0])
        return lambda _which: alike
    location, scale = (np.asarray(each) for each in zip(*map(_normal_of, kinds), strict=True))
    return lambda which: (location.take(which), scale.take(which))


class Draws:
    """The customers of a run, each array drawn when it is asked for by its name in `Customers`, and not kept.

    Every purpose has its own stream, so it does not matter when, or whether, it is drawn. That spares the array
    engine what it does not need, and at a million orders the memory.

    Parameters
    ----------
    scenario, days, seed
        As for `customers`.
    fill
        How an array is filled with normal numbers.
    """

    def __init__(self, scenario: Scenario, days: int, seed: int, fill: Fill = fill_with_normals) -> None:
        visited, _per_day = arrivals(scenario, days, seed)
        hunted, self._hunted_product = price_error_arrivals(scenario, days, seed)
        self._scenario, self._days, self._seed = scenario, days, seed
        self._ordinary, self._hunted = visited, hunted
        self._chance = _Chance(seed, len(visited), len(hunted), fill)
        self._visited = np.concatenate((visited, hunted)) if len(hunted) else visited
        everyone = np.arange(self._chance.orders)
        weights = [item.weight for item in scenario.payment.methods]
        self._method = weighted_choice(weights, self._chance.uniform("payment method", everyone))
        browsing = self._times("browsing", scenario.demand.browsing, everyone)
        checkout = self._times("checkout", scenario.demand.checkout, everyone)
        placed = self._visited + browsing + checkout
        self._turn = np.argsort(placed, kind="stable")
        self._placed = placed[self._turn] if scenario.price_errors else None
        self._ready = {"browsing": browsing[self._turn], "checkout": checkout[self._turn]}

    def __getattr__(self, name: str) -> Any:
        if name in DRAWN_TOGETHER and name not in self._ready:
            self._ready.update(DRAWN_TOGETHER[name](self))
        if name in self._ready:
            return self._ready.pop(name)
        if name in DRAWN_ALONE:
            return DRAWN_ALONE[name](self, self._turn)
        raise AttributeError(name)

    def some(self, name: str, orders: slice | Integers) -> npt.NDArray[Any]:
        """What an array of one entry an order holds for these orders."""
        if name in DRAWN_ALONE:
            return DRAWN_ALONE[name](self, self._turn[orders])
        return np.asarray(getattr(self, name)[orders])

    def _times(self, purpose: str, kind: Duration, rows: Integers) -> Floats:
        return self._chance.times(purpose, [kind], self._method, rows)

    def _pay_after(self, rows: Integers) -> Floats:
        kinds = [item.pay_after for item in self._scenario.payment.methods]
        return self._chance.times("payment delay", kinds, self._method, rows)

    def _attempts(self, purpose: str, rows: Integers) -> Floats:
        """The time of each attempt for this purpose."""
        return self._chance.attempts(purpose, self._kinds_of(purpose), self._method)[rows]

    def _kinds_of(self, purpose: str) -> list[Duration]:
        payment = self._scenario.payment
        if purpose == "payment retry":
            return [payment.retry_after]
        pages = purpose == "payment page"
        return [item.redirect if pages else item.authentication for item in payment.methods]

    @property
    def page(self) -> PaymentPage:
        """What the attempts to pay come to."""
        chance, method = self._chance, self._method
        attempts, paid = chance.outcomes(self._scenario, method)
        again = np.flatnonzero(attempts > 1)
        redirect, authentication, retry = (
            chance.attempts_made(purpose, self._kinds_of(purpose), method, again)
            for purpose in ("payment page", "authentication", "payment retry")
        )
        turn = self._turn
        # Where those who try again stand in the new order, and in which row of theirs.
        place = np.flatnonzero((attempts > 1)[turn])
        row = np.searchsorted(again, turn[place])
        return _page(
            attempts[turn],
            paid[turn],
            self._pay_after(turn),
            (redirect[0][turn], authentication[0][turn]),
            place,
            (redirect[1][row], authentication[1][row], retry[1][row]),
        )

    def _members(self) -> dict[str, Any]:
        member, joined = members(self._scenario, self._ordinary, self._seed)
        hunters = len(joined) + np.arange(len(self._hunted))
        return {
            "member": np.concatenate((member, hunters))[self._turn],
            "members_joined": np.concatenate((joined, self._hunted)),
        }

    def _baskets(self) -> dict[str, Any]:
        lines, product, pieces = baskets(self._scenario, len(self._ordinary), self._seed)
        one_each = np.ones(len(self._hunted), dtype=np.int64)
        lines, pieces = np.concatenate((lines, one_each)), np.concatenate((pieces, one_each))
        product = np.concatenate((product, self._hunted_product))
        line_turn = _rows_in_turn(lines, self._turn)
        lines, product = lines[self._turn], product[line_turn]
        placed = None if self._placed is None else np.repeat(self._placed, lines)
        return {
            "first_line": np.concatenate(([0], np.cumsum(lines))),
            "product": product,
            "pieces": pieces[line_turn],
            "unit_price": prices_seen(self._scenario, placed, product),
        }

    def _traffic(self) -> dict[str, Any]:
        visits, carts, checkouts = traffic(self._scenario, self._days, self._seed, self._visited)
        return {"visits": visits, "carts": carts, "checkouts": checkouts}

    def _returns(self) -> dict[str, Any]:
        drawn = self._chance.uniforms("returns", 3)
        names = ("returned", "return_moment", "resold")
        return {name: drawn[:, column][self._turn] for column, name in enumerate(names)}

    def _rare(self) -> dict[str, Any]:
        return _draw_what_is_rare(self._scenario, self._chance, self._turn)


DRAWN_ALONE: Final[Mapping[str, Callable[[Draws, Integers], npt.NDArray[Any]]]] = MappingProxyType(
    {
        "visited": lambda on, rows: on._visited[rows],
        "browsing": lambda on, rows: on._times("browsing", on._scenario.demand.browsing, rows),
        "checkout": lambda on, rows: on._times("checkout", on._scenario.demand.checkout, rows),
        "method": lambda on, rows: on._method[rows],
        "acknowledgement": lambda on, rows: on._times(
            "acknowledgement", on._scenario.confirmation.acknowledgement, rows
        ),
        "check": lambda on, rows: on._times("check", on._scenario.confirmation.check, rows),
        "pay_after": lambda on, rows: on._pay_after(rows),
        "seller_notice": lambda on, rows: on._times(
            "seller notice", on._scenario.payment.seller_notice, rows
        ),
        "packing": lambda on, rows: on._times("packing", on._scenario.staff.packing, rows),
        "transit": lambda on, rows: on._times("transit", on._scenario.logistics.transit, rows),
        "redirect": lambda on, rows: on._attempts("payment page", rows),
        "authentication": lambda on, rows: on._attempts("authentication", rows),
        "retry": lambda on, rows: on._attempts("payment retry", rows),
        "attempt": lambda on, rows: on._chance.uniforms("payment outcome", MOST_ATTEMPTS)[rows],
        "door": lambda on, rows: on._chance.uniform("door", rows),
        "return_handling": lambda on, rows: on._times("return handling", on._scenario.returns.handling, rows),
        "return_transit": lambda on, rows: on._times(
            "return transit", on._scenario.logistics.return_transit, rows
        ),
        "inspection": lambda on, rows: on._times("inspection", on._scenario.returns.inspection, rows),
        "enquires": lambda on, rows: on._chance.uniform("enquiries", rows),
        "enquiry_after": lambda on, rows: on._times("enquiry delay", on._scenario.enquiries.after, rows),
        "enquiry_handling": lambda on, rows: on._times(
            "enquiry handling", on._scenario.enquiries.handling, rows
        ),
        "reviews": lambda on, rows: on._chance.uniform("reviews", rows),
        "review_after": lambda on, rows: on._times("review delay", on._scenario.reviews.after, rows),
    }
)
"""Arrays of one entry an order, by their name in `Customers`: how each is drawn for some rows, which are the
orders in order of arrival."""

DRAWN_TOGETHER: Final[Mapping[str, Callable[[Draws], dict[str, Any]]]] = MappingProxyType(
    dict.fromkeys(("member", "members_joined"), Draws._members)
    | dict.fromkeys(("first_line", "product", "pieces", "unit_price"), Draws._baskets)
    | dict.fromkeys(("visits", "carts", "checkouts"), Draws._traffic)
    | dict.fromkeys(("returned", "return_moment", "resold"), Draws._returns)
)
"""Arrays that come several at once, already in the order in which the orders are placed."""


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
    draws = Draws(scenario, days, seed)
    together = dict.fromkeys(DRAWN_TOGETHER.values())
    return Customers(
        **{name: getattr(draws, name) for name in DRAWN_ALONE},
        **{name: column for part in together for name, column in part(draws).items()},
        **draws._rare(),
    )


def _draw_what_is_rare(scenario: Scenario, chance: _Chance, turn: Integers) -> dict[str, Any]:
    """What most shops never meet; where it cannot happen nothing is drawn, since every purpose has its own stream."""
    who, payment = scenario.arrangement, scenario.payment
    negotiated, fetched = who.mode == "contact-first", who.trade == "O2O"
    third_party = who.mode == "consignment" or who.operator in ("self-run", "hybrid")
    disputed = scenario.disputes.share > 0
    charged_back = payment.chargebacks.share > 0
    alike = np.zeros(len(turn), dtype=np.int8)

    def uniform(happens: bool, purpose: str, columns: int = 1) -> Floats:
        # 1 is what no uniform number reaches: no share lies above it.
        shape = len(turn) if columns == 1 else (len(turn), columns)
        if not happens:
            return np.broadcast_to(1.0, shape)
        return chance.uniform(purpose, turn) if columns == 1 else chance.uniforms(purpose, columns)[turn]

    def times(happens: bool, purpose: str, kind: Duration) -> Floats:
        return chance.times(purpose, [kind], alike, turn) if happens else np.broadcast_to(0.0, len(turn))

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


def _rows_in_turn(lengths: Integers, turn: Integers) -> Integers:
    """Positions of the rows of a ragged table when its groups are put into another order.

    Parameters
    ----------
    lengths
        Rows of each group, at least one, as the table stands.
    turn
        The groups in their new order.
    """
    if not len(turn):
        return np.empty(0, dtype=np.int64)
    # Each row lies one behind the row before it, except where another group begins: there is a leap.
    first, length = (np.cumsum(lengths) - lengths)[turn], lengths[turn]
    step = np.ones(int(length.sum()), dtype=np.int64)
    step[0] = first[0]
    step[np.cumsum(length)[:-1]] = first[1:] - (first + length)[:-1] + 1
    return np.cumsum(step)
