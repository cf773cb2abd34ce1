"""Arrays: the quiet order flow as array arithmetic, for sweeps of thousands of runs.

`simulate_arrays` gives the same records as `simlib.world.simulate`, bit for bit, from the same draws. Most of an
order's life is a sum of its own times, which numpy adds up for all orders at once; where orders wait for each other
or take goods from one shelf, `contention` works through exactly those moments. Postings, stock movements and events
follow from the milestones and are written down (`books`) when they are first asked for.

What the arrays cannot express they refuse, naming it: see `REFUSALS` and `EXPRESSED`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import cache, cached_property, partial
from types import MappingProxyType
from typing import Any, Final, cast, get_args

import numpy as np
import numpy.typing as npt

from simlib.arrays import books, contention, normals
from simlib.arrays.contention import FINISHED
from simlib.calendars import OpeningHours, WeeklyClock
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.payment.collection import ROUTES, Route
from simlib.records import MILESTONES, STATES, Run, Table
from simlib.scenario import Part, Scenario
from simlib.shop.customers import Customers, Draws, payment_page, prices_seen
from simlib.streams import Floats, Integers, tick, to_ticks
from simlib.world import LARGEST_SEED, MOST_DAYS

MANY_ORDERS: Final = 300_000
"""Beyond so many orders, memory counts more than the twentieth of the time that fetching fresh pages costs."""

M_TRIM_THRESHOLD: Final = -1
"""glibc's number of the setting (mallopt(3), malloc.h), like the next."""

M_MMAP_THRESHOLD: Final = -3

LARGE_ARRAY: Final = 1_000_000
"""Bytes from which an array of a long run gets pages of its own: half a column of so many orders at the least."""

LARGEST_OF_THE_HEAP: Final = 1 << 25
"""Bytes of the largest array that glibc can be made to put into its heap (mallopt(3))."""

KEPT: Final = 1 << 27
"""Bytes that a process which simulates keeps for its next run: twice what 100,000 orders take."""


class NotExpressedError(SafeShopError):
    """The arrays cannot say what would happen; `simlib.world.simulate` can."""


@dataclass(frozen=True)
class Refusal:
    """Something of a scenario that the arrays do not express.

    Attributes
    ----------
    feature
        Stable name for programs.
    concerns
        Whether a scenario has it.
    label
        What it is, in the reader's language.
    """

    feature: str
    concerns: Callable[[Scenario], bool]
    label: Callable[[], str]


REFUSALS: Final = (
    Refusal(
        "instant-restocking",
        lambda scenario: any(tick(product.lead_time_days) == 0 for product in scenario.catalogue),
        lambda: _("a supplier who delivers within the same moment (lead_time_days below 0.1 second)"),
    ),
    Refusal(
        "contact-first",
        lambda scenario: scenario.arrangement.mode == "contact-first",
        lambda: _("buyers who ask for an offer first"),
    ),
    Refusal(
        "third-party",
        lambda scenario: (
            scenario.arrangement.mode == "consignment"
            or scenario.arrangement.operator in ("self-run", "hybrid")
        ),
        lambda: _("a third party that sells or ships"),
    ),
    Refusal(
        "store-pickup",
        lambda scenario: scenario.arrangement.trade == "O2O",
        lambda: _("goods that are fetched in the store"),
    ),
    Refusal(
        "cross-border",
        lambda scenario: scenario.payment.collection == "cross-border",
        lambda: _("money that crosses a border"),
    ),
    Refusal(
        "release",
        lambda scenario: scenario.payment.escrow and scenario.payment.release != "completion",
        lambda: _("escrow that is released before completion"),
    ),
    Refusal(
        "chargebacks",
        lambda scenario: scenario.payment.chargebacks.share > 0,
        lambda: _("chargebacks"),
    ),
    Refusal(
        "payout-changes",
        lambda scenario: bool(scenario.payout.changes),
        lambda: _("a payout account that is changed"),
    ),
    Refusal("lost-parcels", lambda scenario: scenario.logistics.loss > 0, lambda: _("lost parcels")),
    Refusal("disputes", lambda scenario: scenario.disputes.share > 0, lambda: _("disputes")),
    Refusal(
        "oversight",
        lambda scenario: scenario.oversight.enforced,
        lambda: _("a platform that watches the store"),
    ),
    Refusal("attacks", lambda scenario: bool(scenario.attacks), lambda: _("attacks")),
    Refusal(
        "attackers",
        lambda scenario: scenario.attackers is not None,
        lambda: _("attackers who come at random"),
    ),
)
"""What is refused, one row a feature."""

EXPRESSED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "Scenario": frozenset(
            [
                "name",
                "title",
                "place",
                "arrangement",
                "locale",
                "currency",
                "timezone",
                "start",
                "catalogue",
                "demand",
                "confirmation",
                "negotiation",
                "payment",
                "payout",
                "staff",
                "fulfilment",
                "store_pickup",
                "logistics",
                "cooling_off",
                "returns",
                "disputes",
                "oversight",
                "enquiries",
                "reviews",
                "retention",
                "price_errors",
                "defence",
                "attacks",
                "attackers",
            ]
        ),
        "Product": frozenset(
            [
                "sku",
                "name",
                "price",
                "unit_cost",
                "popularity",
                "stock",
                "reorder_point",
                "reorder_up_to",
                "lead_time_days",
                "sold_by_platform",
            ]
        ),
        "Demand": frozenset(
            [
                "orders_per_day",
                "hourly_visits",
                "visit_to_cart",
                "cart_to_checkout",
                "browsing",
                "checkout",
                "returning",
                "members_at_start",
                "membership_age_days",
                "extra_line",
                "extra_piece",
            ]
        ),
        "Confirmation": frozenset(["mode", "acknowledgement", "check", "price_floor"]),
        "PaymentMethod": frozenset(
            ["name", "weight", "pay_after", "redirect", "authentication", "fail", "attempts", "fee"]
        ),
        "Payment": frozenset(
            [
                "methods",
                "retry_after",
                "seller_notice",
                "escrow",
                "release",
                "release_days",
                "commission",
                "settlement_days",
                "settlement",
                "chargebacks",
                "collection",
                "cross_border",
            ]
        ),
        "Staff": frozenset(["packers", "packing", "service_agents", "hours"]),
        "Logistics": frozenset(
            ["pickup", "transit", "return_transit", "parcel_fee", "loss", "claim_days", "compensation"]
        ),
        "CoolingOff": frozenset(["days", "runs_from", "basis"]),
        "Returns": frozenset(["share", "handling", "inspection", "resellable"]),
        "Enquiries": frozenset(["share", "after", "handling"]),
        "Reviews": frozenset(["share", "after"]),
        "PriceError": frozenset(
            [
                "sku",
                "price",
                "starts_day",
                "noticed_after_hours",
                "extra_orders_per_hour",
                "ends_after_hours",
            ]
        ),
        "Duration": frozenset(["mean", "unit", "spread"]),
        "Clock": frozenset(["time", "days"]),
        "Hours": frozenset(["opens", "closes", "days"]),
        "Arrangement": frozenset(["trade", "operator", "mode"]),
        "Negotiation": frozenset(["offer", "decision", "deal"]),
        "Fulfilment": frozenset(["handling", "fee", "wholesale"]),
        "StorePickup": frozenset(["after"]),
        "Chargebacks": frozenset(["share", "after", "limit_days", "fee"]),
        "CrossBorder": frozenset(
            ["buyer_currency", "rate", "rates", "remittance_days", "clearing_fee", "operator_fee", "payout"]
        ),
        "RateStep": frozenset(["day", "rate"]),
        "PayoutChange": frozenset(["day", "by"]),
        "Payout": frozenset(["hold_days", "noticed_after_days", "changes"]),
        "DisputeStep": frozenset(["name", "lasts", "settles", "for_buyer", "cost"]),
        "Disputes": frozenset(["share", "steps"]),
        "Incident": frozenset(["day", "kind"]),
        "Oversight": frozenset(["enforced", "incidents"]),
    }
)
"""The fields of each part that the arrays know. Any other that is not at its default is refused by its name, so that
a new feature of the model is never passed over in silence; what is known and yet not expressed stands in `REFUSALS`.
Retention is not listed: it is worked out after the run; nor is what stands in an attacker's way, as without one it
changes nothing."""


class LaterTable(Table):
    """A table that is made when first looked at.

    Parameters
    ----------
    make
        Gives the table.
    """

    def __init__(self, make: Callable[[], Table]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Table:
        return self._make()

    @property
    def columns(self) -> Mapping[str, npt.NDArray[Any]]:  # type: ignore[override]
        """Name → one-dimensional array."""
        return self._made.columns

    @property
    def words(self) -> Mapping[str, tuple[str, ...]]:  # type: ignore[override]
        """For columns of codes: what they stand for."""
        return self._made.words

    def __reduce__(self) -> Any:
        return Table, (dict(self.columns), dict(self.words))


class Columns(Mapping[str, npt.NDArray[Any]]):
    """Columns of a table, some of which are written down when first looked at.

    What few orders reach is kept for these alone: a column for all costs 8 MB at a million orders.

    Parameters
    ----------
    columns
        Name → array, or what makes it.
    """

    def __init__(self, columns: Mapping[str, npt.NDArray[Any] | Callable[[], npt.NDArray[Any]]]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        column = self._columns[name]
        if not isinstance(column, np.ndarray):
            self._columns[name] = column = column()
        column.setflags(write=False)
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class SparseTable(Table):
    """A table of `Columns`; the first is an array.

    Parameters
    ----------
    columns, words
        As for `Table`.
    """

    def __init__(self, columns: Columns, words: Mapping[str, tuple[str, ...]]) -> None:
        self.columns: Mapping[str, npt.NDArray[Any]] = columns  # type: ignore[assignment, unused-ignore]
        self.words = MappingProxyType(dict(words))

    def __reduce__(self) -> Any:
        return Table, (dict(self.columns), dict(self.words))


# ---------------------------------------------------------------------------------------------------------------
# refusing


@cache
def _to_look_at(part: type[Part]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Fields of a part of a scenario that the arrays do not know, and those in which such a field may lie."""
    known = EXPRESSED.get(part.__name__)
    unknown = () if known is None else tuple(sorted(set(part.model_fields) - known))
    holders = tuple(
        name
        for name, field in part.model_fields.items()
        if name not in (*unknown, "retention")
        and any(any(_to_look_at(inner)) for inner in _parts_in(field.annotation))
    )
    return unknown, holders


def _parts_in(annotation: Any) -> Iterator[type[Part]]:
    """Parts of which a field may be made, alone or in a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts_in(inner)


def refused(scenario: Scenario) -> list[str]:
    """What the arrays cannot express about a scenario, in the reader's language; empty if they can do it all."""
    return [row.label() for row in REFUSALS if row.concerns(scenario)] + [
        _("the field {field}").format(field=field) for field in _unexpressed(scenario, "")
    ]


def _unexpressed(part: Part, path: str) -> list[str]:
    unknown, holders = _to_look_at(type(part))
    fields = type(part).model_fields
    found = [
        path + name
        for name in unknown
        if getattr(part, name) != fields[name].get_default(call_default_factory=True)
    ]
    for name in holders:
        given = getattr(part, name)
        for item in given if isinstance(given, tuple) else (given,):
            if isinstance(item, Part):
                found += [field for field in _unexpressed(item, f"{path}{name}.") if field not in found]
    return found


# ---------------------------------------------------------------------------------------------------------------
# entry point


def simulate_arrays(scenario: Scenario, *, days: int, seed: int) -> Run:
    """Simulate a shop with array arithmetic; the same run as `simlib.world.simulate`.

    Equal are all tables: orders, lines, members and traffic row for row, bit for bit; events, postings and stock
    as sets, since rows of one moment stand in order of their order number, and transactions are numbered so.

    Parameters
    ----------
    scenario, days, seed
        As for `simlib.world.simulate`.

    Raises
    ------
    NotExpressedError
        If the scenario has something that arrays cannot express, or if two orders ask for the same at the
        same moment in a way that does not tell who is first.
    SafeShopError
        If days or seed are out of range.
    """
    days, seed = _checked("days", days, 1, MOST_DAYS), _checked("seed", seed, 0, LARGEST_SEED)
    reasons = refused(scenario)
    if reasons:
        raise NotExpressedError(
            _("The array engine cannot express {what}; use the events engine.").format(
                what=", ".join(reasons)
            )
        )
    _settle_memory(days * scenario.demand.orders_per_day > MANY_ORDERS)
    flow = Flow(scenario, days, Draws(scenario, days, seed, normals.fill))
    ending, t = flow.contend()
    if ending != FINISHED:
        raise NotExpressedError(
            _(
                "On day {day}, two orders ask for the same at the very same moment, and the array engine cannot "
                "tell which is first; use the events engine."
            ).format(day=int(t))
        )
    return flow.run(seed)


@cache
def _mallopt() -> Callable[[int, int], int] | None:
    """The `mallopt` of glibc; Windows has no library of this process by that name, macOS and musl no such function."""
    try:
        return cast("Callable[[int, int], int]", ctypes.CDLL(None).mallopt)
    except (AttributeError, OSError, TypeError):
        return None


def _settle_memory(long: bool) -> None:
    """Let the arrays of a long run give their memory back at once, and those of a shorter one leave it to the next.

    glibc puts arrays of up to 32 MB into its heap once such ones have been freed. The gaps they leave there are too
    small for later ones: at a million orders they were 50 MB of the peak. At 100,000 the heap's end was given back and
    fetched again dozens of times in a run, which was an eighth of its time. Elsewhere nothing changes.

    Parameters
    ----------
    long
        Whether memory counts more than time.
    """
    mallopt = _mallopt()
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, LARGE_ARRAY if long else LARGEST_OF_THE_HEAP)
        mallopt(M_TRIM_THRESHOLD, KEPT)


def _checked(name: str, given: object, least: int, most: int) -> int:
    if not isinstance(given, int | np.integer) or not least <= int(given) <= most:
        raise SafeShopError(
            _("{name} must be a whole number from {least} to {most}, not {given}.").format(
                name=name, least=least, most=most, given=given
            )
        )
    return int(given)


# ---------------------------------------------------------------------------------------------------------------
# before and after the loop


class Flow:
    """The orders placed within a run: their own times, what they contend for, and the milestones that follow.

    What only some orders meet (enquiries, parcels that may come back, reviews) is kept for these alone.

    Parameters
    ----------
    scenario, days
        What is simulated, for how long.
    chance
        The customers; each of their arrays is read once.
    """

    def __init__(self, scenario: Scenario, days: int, chance: Customers | Draws) -> None:
        self.scenario, self.days = scenario, days
        visited = chance.visited
        carted = visited + chance.browsing
        placed = carted + chance.checkout
        # Orders are numbered as they are placed; what is placed later disturbs nothing within the run.
        self.count = count = int(np.searchsorted(placed, days, side="left"))
        first = slice(0, count)
        self.visited, self.carted, self.placed = visited[first], carted[first], placed[first]
        self.visited_before = _arrival_before(visited)[first]
        self.traffic = {"visits": chance.visits, "carts": chance.carts, "checkouts": chance.checkouts}
        self._read_baskets(chance)
        self.page = payment_page(scenario, chance) if isinstance(chance, Customers) else chance.page
        self.paid = self.page.paid[first]
        self._read_whom_few_are(chance)
        self.acknowledged = chance.some("acknowledgement", first)
        self.acknowledged += self.placed
        self.notice, self.packing = chance.some("seller_notice", first), chance.some("packing", first)
        self.transit = chance.some("transit", first)
        self.check_first = scenario.confirmation.mode == "check-first"
        self.check = chance.some("check", first) if self.check_first else np.empty(0)
        self.restocked: list[tuple[float, int, int]] = []

    def _read_baskets(self, chance: Customers | Draws) -> None:
        """Lines in small numbers, for they are many; the price of each only where it is not the catalogue's."""
        first_line = chance.first_line
        lines = slice(0, int(first_line[self.count]))
        self.first_line = first_line[: self.count + 1].astype(np.int32)
        self.product = chance.product[lines].astype(np.int32)
        self.pieces = chance.pieces[lines].astype(np.int8)
        self.price_seen = chance.unit_price[lines] if self.scenario.price_errors else None
        self.member = chance.member[: self.count].astype(np.int32)
        self.joined = chance.members_joined
        self.method = chance.method[: self.count].astype(np.int8)

    def _read_whom_few_are(self, chance: Customers | Draws) -> None:
        scenario, first = self.scenario, slice(0, self.count)
        methods = scenario.payment.methods
        at_door = np.array([method.on_delivery for method in methods]).take(self.method)
        fail = np.array([method.fail if method.on_delivery else 0.0 for method in methods]).take(self.method)
        self.online = ~at_door
        self.refused = chance.some("door", first) < fail
        returned = chance.returned[first] < (scenario.returns.share if scenario.cooling_off.days else 0.0)
        self.returns = returned & ~self.refused
        self.resold = chance.resold[first] < scenario.returns.resellable
        self.senders = np.flatnonzero(self.returns | self.refused)
        self.return_moment = chance.some("return_moment", self.senders)
        self.handling = chance.some("return_handling", self.senders)
        self.return_transit = chance.some("return_transit", self.senders)
        self.inspection = chance.some("inspection", self.senders)
        self.enquirers = np.flatnonzero(chance.some("enquires", first) < scenario.enquiries.share)
        self.enquired = self.placed[self.enquirers] + chance.some("enquiry_after", self.enquirers)
        self.enquiry = chance.some("enquiry_handling", self.enquirers)
        self.reviewers = np.flatnonzero(chance.some("reviews", first) < scenario.reviews.share)
        self.review_after = chance.some("review_after", self.reviewers)

    def contend(self) -> tuple[int, float]:
        """Work through what orders contend for; how that ended, and when (see `contention.contend`)."""
        contention.expect(self.count)
        # Not before the draws are let go.
        self.found = outcome(self.count, len(self.enquirers), len(self.senders))
        requests = _first_requests(self)
        found, plan = self.found, _plan(self)
        past, room = _past(self, plan), contention.room_for(plan)
        if contention.COMPILED:
            ending, t, brought = contention.contend(plan, past, found, room, requests)
        else:
            listed = _listed(found)
            past = _listed(past)._replace(done=listed.done, since=listed.since, turn=listed.turn)
            ending, t, brought = contention.contend(_listed(plan), past, listed, room, requests.tolist())
            self.found = contention.Outcome(
                *(np.array(new, dtype=old.dtype) for new, old in zip(listed, found, strict=True))
            )
        deliveries = zip(
            *(list(column[:brought]) for column in (room.brought_at, room.brought, room.brought_pieces)),
            strict=True,
        )
        self.restocked = [(t, product, pieces) for t, product, pieces in deliveries if t < self.days]
        self._let_go()
        return ending, t

    def _let_go(self) -> None:
        """Of a million orders, what only the loop needs is worth 120 MB."""
        none = np.empty(0)
        self.found = self.found._replace(since=none, turn=none)
        self.page = replace(self.page, pay_after=none, last_login=none)
        self.visited_before = self.check = self.packing = none

    def run(self, seed: int) -> Run:
        """The records."""
        scenario = self.scenario
        # Before the courier's times become moments.
        refused = np.flatnonzero(self.refused[self.senders])
        sent_back = self.senders[refused]
        on_the_way = self.transit[sent_back] + self.return_transit[refused]
        orders = _orders(self)
        lines = LaterTable(
            partial(_lines, scenario, self.first_line, self.product, self.pieces, self.price_seen)
        )
        return Run(
            scenario=scenario,
            days=self.days,
            seed=seed,
            orders=orders,
            lines=lines,
            events=LaterTable(partial(books.events, scenario, self.days, seed, orders, self.restocked)),
            members=Table({"member": np.arange(len(self.joined)), "joined": self.joined}),
            traffic=Table({"day": np.arange(self.days), **self.traffic}),
            postings=LaterTable(
                partial(
                    _postings, scenario, self.days, orders, sent_back, on_the_way, self.resold, self.restocked
                )
            ),
            stock=LaterTable(partial(books.movements, orders, lines, self.resold, self.restocked)),
        )


def _postings(
    scenario: Scenario,
    days: int,
    orders: Table,
    sent_back: Integers,
    on_the_way: Floats,
    resold: npt.NDArray[np.bool_],
    restocked: books.Deliveries,
) -> Table:
    """All movements of money; of parcels that are not taken at the door it is told how long they are on the way."""
    arrives = orders["picked_up"][sent_back] + on_the_way
    back = orders["return_received"].copy()
    back[sent_back] = np.where(arrives < days, arrives, np.nan)
    return books.postings(scenario, days, orders, back, resold, restocked)


def _lines(
    scenario: Scenario,
    first_line: npt.NDArray[np.int32],
    product: npt.NDArray[np.int32],
    pieces: npt.NDArray[np.int8],
    price_seen: Integers | None,
) -> Table:
    """One row a line of an order."""
    return Table(
        {
            "order": np.repeat(np.arange(len(first_line) - 1), np.diff(first_line)),
            "product": product.astype(np.int64),
            "pieces": pieces.astype(np.int64),
            "unit_price": prices_seen(scenario, None, product) if price_seen is None else price_seen,
        }
    )


def _arrival_before(visited: Floats) -> Floats:
    """For each order, when the visitor before came, in days; 0 for the first."""
    before = np.zeros(len(visited))
    arrival = np.argsort(visited, kind="stable")
    before[arrival[1:]] = visited[arrival[:-1]]
    return before


def outcome(orders: int, enquiries: int, senders: int) -> contention.Outcome:
    """An empty outcome for so many orders, of which some enquire and some may send goods back."""
    places = 2 * orders + enquiries + 2 * senders
    return contention.Outcome(
        done=np.full(places, np.inf),
        since=np.empty(places),
        turn=np.empty(places, dtype=np.int32),
        fate=np.zeros(orders, dtype=np.int8),
    )


def _first_requests(flow: Flow) -> npt.NDArray[np.int32]:
    """Requests that depend on no other order, in order of time and of when that was scheduled.

    These are all enquiries; with a check all checks, without it all orders' way to the packers.
    """
    told = flow.acknowledged
    if flow.check_first:
        t, kind = told, contention.CHECK
        asks = np.flatnonzero(t < flow.days)
    else:
        told = told + flow.page.ended[: flow.count]
        t, kind = told + flow.notice, contention.PACK
        asks = np.flatnonzero((t < flow.days) & (~flow.online | flow.paid))
    soon = np.flatnonzero(flow.enquired < flow.days)
    # In half the space; 134 million orders would need more memory than there is.
    events = np.concatenate((asks, flow.enquirers[soon]), dtype=np.int32, casting="same_kind")
    events *= contention.KINDS
    events[: len(asks)] += kind
    events[len(asks) :] += contention.ENQUIRY
    t = np.concatenate((t[asks], flow.enquired[soon]))
    turn = np.argsort(t, kind="stable")
    events, t = events[turn], t[turn]
    # What falls on one moment, which is little, stands in order of when it was scheduled.
    alike = np.flatnonzero(t[1:] == t[:-1])
    alike = np.union1d(alike, alike + 1)
    order, checks = events[alike] // contention.KINDS, events[alike] % contention.KINDS != contention.PACK
    scheduled = np.where(checks, flow.placed[order], told[order])
    events[alike] = events[alike[np.lexsort((scheduled, t[alike]))]]
    return np.asarray(events)


def _mispriced(flow: Flow) -> npt.NDArray[np.bool_]:
    """Which orders have a line whose price is so low that it must be an error."""
    scenario, mispriced = flow.scenario, np.zeros(flow.count, dtype=np.bool_)
    if scenario.price_errors or scenario.confirmation.price_floor > 1:
        floor = Decimal(repr(scenario.confirmation.price_floor))
        lowest = [
            int((floor * scenario.minor(product.price)).to_integral_value(ROUND_CEILING))
            for product in scenario.catalogue
        ]
        price = prices_seen(scenario, None, flow.product) if flow.price_seen is None else flow.price_seen
        too_low = np.flatnonzero(price < np.array(lowest)[flow.product])
        mispriced[np.searchsorted(flow.first_line, too_low, side="right") - 1] = True
    return mispriced


def _plan(flow: Flow) -> contention.Plan:
    """What the loop needs to know."""
    scenario, first = flow.scenario, slice(0, flow.count)
    hours = OpeningHours(scenario.staff.hours, scenario.start)
    catalogue, cooling_off = scenario.catalogue, scenario.cooling_off
    return contention.Plan(
        days=float(flow.days),
        check_first=flow.check_first,
        agents=scenario.staff.service_agents,
        packers=scenario.staff.packers,
        openings=hours.until(flow.days),
        shift=hours.shift,
        pickups=np.array(WeeklyClock(scenario.logistics.pickup, scenario.start).moments),
        from_receipt=cooling_off.runs_from == "receipt",
        cooling_off=tick(cooling_off.days),
        stock=np.array([product.stock for product in catalogue]),
        reorder_point=np.array([product.reorder_point for product in catalogue]),
        reorder_up_to=np.array([product.reorder_up_to for product in catalogue]),
        lead=np.array([tick(product.lead_time_days) for product in catalogue]),
        online=flow.online,
        paid=flow.paid,
        pay_ends=flow.page.ended[first],
        last_login=flow.page.last_login[first],
        notice=flow.notice,
        check=flow.check,
        packing=flow.packing,
        transit=flow.transit,
        enquirer=_numbers(flow.enquirers, flow.count),
        sender=_numbers(flow.senders, flow.count),
        enquired=flow.enquired,
        enquiry=flow.enquiry,
        handling=flow.handling,
        inspection=flow.inspection,
        return_transit=flow.return_transit,
        moment=flow.return_moment,
        refused=flow.refused,
        returns=flow.returns,
        resold=flow.resold,
        mispriced=_mispriced(flow),
        first_line=flow.first_line,
        product=flow.product,
        pieces=flow.pieces,
    )


def _numbers(these: Integers, orders: int) -> npt.NDArray[np.int32]:
    """Each order's number among these; −1 for the others."""
    number = np.full(orders, -1, dtype=np.int32)
    number[these] = np.arange(len(these))
    return number


def _past(flow: Flow, plan: contention.Plan) -> contention.Past:
    """What lineages are made of."""
    page = flow.page
    return contention.Past(
        check_first=flow.check_first,
        pickups=plan.pickups,
        online=flow.online,
        refused=flow.refused,
        transit=flow.transit,
        pay_ends=plan.pay_ends,
        last_login=plan.last_login,
        enquirer=plan.enquirer,
        sender=plan.sender,
        enquiries=len(flow.enquirers),
        senders=len(flow.senders),
        placed=flow.placed,
        carted=flow.carted,
        visited=flow.visited,
        visited_before=flow.visited_before,
        acknowledged=flow.acknowledged,
        attempts=page.attempts,
        pay_after=page.pay_after,
        again=page.again,
        redirect=page.redirect,
        authentication=page.authentication,
        retry=page.retry,
        done=flow.found.done,
        since=flow.found.since,
        turn=flow.found.turn,
    )


def _listed(columns: Any) -> Any:
    """The same in lists: plain Python reads a list several times as fast as an array."""
    lists = [part.tolist() if isinstance(part, np.ndarray) else part for part in columns]
    return type(columns)(*lists) if hasattr(columns, "_fields") else lists


def _milestones(flow: Flow) -> dict[str, Any]:
    """When each order reaches what, in days; ``nan`` where it does not, or not within the run.

    An array, or for what few orders reach what makes it.
    """
    count, first, found = flow.count, slice(0, flow.count), flow.found
    some, senders = flow.enquirers, flow.senders
    checked, packed = found.done[:count], found.done[count : 2 * count]
    answered, handled, inspected = np.split(found.done[2 * count :], (len(some), len(some) + len(senders)))
    fails = np.flatnonzero(found.fate != contention.FLOWS)
    unpaid, at_door = np.flatnonzero(flow.online & ~flow.paid), np.flatnonzero(~flow.online)
    confirmed = flow.acknowledged
    if flow.check_first:
        confirmed = _except(checked.copy(), fails)
    # Times become moments in place: at a million orders each further column is 8 MB.
    redirected, paid, told = flow.page.opened[first], flow.page.ended[first], flow.notice
    redirected += confirmed
    _except(redirected, at_door)
    paid += confirmed
    given_up = paid[unpaid]
    _except(paid, unpaid)
    told += paid
    picked_up = WeeklyClock(flow.scenario.logistics.pickup, flow.scenario.start).next_each(packed)
    delivered = flow.transit
    delivered += picked_up
    _except(delivered, flow.refused)
    paid[at_door] = delivered[at_door]
    ends = _cooling_off_ends(flow, delivered)
    requested, back = _returns(flow, delivered, ends)
    kept = _except(ends if flow.scenario.cooling_off.days else ends.copy(), flow.returns)
    closed = kept.copy()
    closed[senders] = np.fmin(closed[senders], inspected)
    closed[unpaid] = np.fmin(closed[unpaid], given_up)
    closed[fails] = checked[fails]
    never = np.broadcast_to(np.nan, count)
    reached: dict[str, Floats | tuple[Floats, Integers]] = {
        "visited": flow.visited,
        "carted": flow.carted,
        "placed": flow.placed,
        "acknowledged": flow.acknowledged,
        "checked": checked if flow.check_first else never,
        "confirmed": confirmed,
        "redirected": redirected,
        "paid": paid,
        "seller_told": told,
        "packed": packed,
        "picked_up": picked_up,
        "delivered": delivered,
        "cooling_off_ended": kept,
        "return_requested": (requested, back),
        "return_approved": (handled, senders),
        "return_received": (handled + flow.return_transit, senders),
        "refunded": (np.where(flow.returns[senders], inspected, np.nan), senders),
        "closed": closed,
        "reviewed": (kept[flow.reviewers] + flow.review_after, flow.reviewers),
        "enquired": (flow.enquired, some),
        "answered": (answered, some),
    }
    for name, given in reached.items():
        t = given[0] if isinstance(given, tuple) else given
        # An order is placed within the run.
        if name not in ("visited", "carted", "placed") and t is not never:
            np.copyto(t, np.nan, where=t >= flow.days)
    # What a quiet shop's orders never reach (offers, disputes, chargebacks) is there as well, empty.
    columns = {name: reached.get(name, never) for name in MILESTONES}
    return {
        name: partial(_spread, column[0], column[1], count) if isinstance(column, tuple) else column
        for name, column in columns.items()
    }


def _except(t: Floats, these: npt.NDArray[Any]) -> Floats:
    """The moments, and never for these orders; changed in place."""
    t[these] = np.inf
    return t


def _spread(t: Floats, these: Integers, orders: int) -> Floats:
    """A column for all orders of what only these meet."""
    column = np.full(orders, np.nan)
    column[these] = t
    return column


def _cooling_off_ends(flow: Flow, delivered: Floats) -> Floats:
    """When each buyer's time to think it over ends."""
    cooling_off = flow.scenario.cooling_off
    if not cooling_off.days:
        return delivered
    begins = delivered if cooling_off.runs_from == "receipt" else np.floor(delivered) + 1
    return np.asarray(begins + tick(cooling_off.days))


def _returns(flow: Flow, delivered: Floats, ends: Floats) -> tuple[Floats, Integers]:
    """When buyers ask to send goods back, and which orders these are."""
    sends = flow.returns[flow.senders] & np.isfinite(delivered[flow.senders])
    back = flow.senders[sends]
    period = ends[back] - delivered[back]
    return delivered[back] + to_ticks(flow.return_moment[sends] * period), back


def _states(flow: Flow, reached: Mapping[str, Any]) -> npt.NDArray[np.int8]:
    """Where each order stands at the end of the run."""
    ended = ~np.isnan(reached["closed"])
    state = np.full(flow.count, STATES.index("open"), dtype=np.int8)
    for name, those in (
        ("completed", ~np.isnan(reached["cooling_off_ended"])),
        ("refunded", flow.returns),
        ("refused", flow.refused),
        ("unpaid", flow.online & ~flow.paid),
        ("rejected", flow.found.fate == contention.REJECTED),
        ("out_of_stock", flow.found.fate == contention.OUT_OF_STOCK),
    ):
        state[ended & those] = STATES.index(name)
    return state


def _orders(flow: Flow) -> Table:
    scenario, count = flow.scenario, flow.count
    price = np.array([scenario.minor(item.price) for item in scenario.catalogue])
    cost = np.array([scenario.minor(item.unit_cost) for item in scenario.catalogue])
    route: Route = "escrow" if scenario.payment.escrow else "payment-company"

    def total(each: Integers) -> Integers:
        """Of each order; most have one line, so the others' further lines are added one after the other."""
        value, first = each * flow.pieces, flow.first_line
        sums = value.take(first[:-1])
        those = np.flatnonzero(np.diff(first) > 1)
        line = first[those] + 1
        while len(those):
            sums[those] += value[line]
            more = line + 1 < first[those + 1]
            those, line = those[more], line[more] + 1
        return sums

    list_amount = total(price.take(flow.product))
    amount = list_amount if flow.price_seen is None else total(flow.price_seen)
    goods_cost = total(cost.take(flow.product))
    reached = _milestones(flow)
    columns = Columns(
        {
            "order": np.arange(count),
            "member": flow.member.astype(np.int64),
            "payment_method": flow.method,
            "state": _states(flow, reached),
            "route": np.full(count, ROUTES.index(route), dtype=np.int8),
            "amount": amount,
            "list_amount": list_amount,
            "goods_cost": goods_cost,
            **reached,
        }
    )
    return SparseTable(
        columns,
        {
            "payment_method": tuple(method.name for method in scenario.payment.methods),
            "state": STATES,
            "route": ROUTES,
        },
    )
