"""Arrays: the quiet order flow as array arithmetic, for sweeps of thousands of runs.

`simulate_arrays` gives the same records as `simlib.world.simulate`, bit for bit, from the same draws. Most of an
order's life is a sum of its own times, which numpy adds up for all orders at once; where orders wait for each other
or take goods from one shelf, `contention` works through exactly those moments. Postings, stock movements and events
follow from the milestones and are written down (`books`) when they are first asked for.

What the arrays cannot express they refuse, naming it: see `REFUSALS` and `EXPRESSED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cache, cached_property, partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simlib.arrays import books, contention
from simlib.arrays.contention import FINISHED, LINEAGE_NEEDED
from simlib.calendars import OpeningHours, WeeklyClock
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.payment.collection import ROUTES, Route
from simlib.records import MILESTONES, STATES, Run, Table
from simlib.scenario import Part, Scenario
from simlib.shop.customers import Customers, PaymentPage, customers, payment_page
from simlib.streams import Floats, Integers, tick, to_ticks
from simlib.world import LARGEST_SEED, MOST_DAYS


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


# ---------------------------------------------------------------------------------------------------------------
# refusing


@cache
def _unknown(part: type[Part]) -> tuple[str, ...]:
    """Fields of a part of a scenario that the arrays do not know."""
    known = EXPRESSED.get(part.__name__)
    return () if known is None else tuple(sorted(set(part.model_fields) - known))


def refused(scenario: Scenario) -> list[str]:
    """What the arrays cannot express about a scenario, in the reader's language; empty if they can do it all."""
    return [row.label() for row in REFUSALS if row.concerns(scenario)] + [
        _("the field {field}").format(field=field) for field in _unexpressed(scenario, "")
    ]


def _unexpressed(part: Part, path: str) -> list[str]:
    found = []
    for name in _unknown(type(part)):
        if getattr(part, name) != type(part).model_fields[name].get_default(call_default_factory=True):
            found.append(path + name)
    for name in type(part).model_fields:
        given = getattr(part, name)
        inner = given if isinstance(given, tuple) else (given,)
        if name in _unknown(type(part)) or name == "retention":
            continue
        for item in inner:
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
    flow = Flow(scenario, days, customers(scenario, days, seed, each_attempt=False))
    ending, t = flow.contend()
    if ending == LINEAGE_NEEDED:
        flow = Flow(scenario, days, customers(scenario, days, seed))
        ending, t = flow.contend()
    if ending != FINISHED:
        raise NotExpressedError(
            _(
                "On day {day}, two orders ask for the same at the very same moment, and the array engine cannot "
                "tell which is first; use the events engine."
            ).format(day=int(t))
        )
    return flow.run(seed)


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

    Parameters
    ----------
    scenario, days
        What is simulated, for how long.
    chance
        The customers; with each attempt to pay if ties must be told.
    """

    def __init__(self, scenario: Scenario, days: int, chance: Customers) -> None:
        self.scenario, self.days, self.chance = scenario, days, chance
        self.page: PaymentPage = chance.page or payment_page(scenario, chance)
        carted = chance.visited + chance.browsing
        placed = carted + chance.checkout
        # Orders are numbered as they are placed; what is placed later disturbs nothing within the run.
        self.count = count = int(np.searchsorted(placed, days, side="left"))
        self.first = slice(0, count)
        self.lines = int(chance.first_line[count])
        self.carted, self.placed = carted[:count], placed[:count]
        self.acknowledged = self.placed + chance.acknowledgement[:count]
        self.enquired = np.where(
            chance.enquires[:count] < scenario.enquiries.share,
            self.placed + chance.enquiry_after[:count],
            np.inf,
        )
        methods = scenario.payment.methods
        at_door = np.array([method.on_delivery for method in methods])[chance.method[:count]]
        fail = np.array([method.fail for method in methods])[chance.method[:count]]
        self.online = ~at_door
        self.paid = self.page.paid[:count]
        self.refused = at_door & (chance.door[:count] < fail)
        if scenario.cooling_off.days:
            self.returns = ~self.refused & (chance.returned[:count] < scenario.returns.share)
        else:
            self.returns = np.zeros(count, dtype=np.bool_)
        self.resold = chance.resold[:count] < scenario.returns.resellable
        self.check_first = scenario.confirmation.mode == "check-first"
        self.found = outcome(count, lineages=len(chance.redirect) > 0)
        self.restocked: list[tuple[float, int, int]] = []

    def contend(self) -> tuple[int, float]:
        """Work through what orders contend for; how that ended, and when (see `contention.contend`)."""
        rows = _first_requests(self)
        found = self.found
        plan, past = _plan(self), _past(self)
        if contention.COMPILED:
            ending, t, log = contention.contend(plan, past, found, *rows)
        else:
            listed = _listed(found)
            past = _listed(past)._replace(done=listed.done, since=listed.since, turn=listed.turn)
            ending, t, log = contention.contend(_listed(plan), past, listed, *_listed(rows))
            self.found = contention.Outcome(
                *(np.array(new, dtype=old.dtype) for new, old in zip(listed, found, strict=True))
            )
        self.restocked = [(t, product, pieces) for t, product, pieces, _order in log[1:] if t < self.days]
        return ending, t

    def run(self, seed: int) -> Run:
        """The records."""
        scenario, chance, count = self.scenario, self.chance, self.count
        orders = _orders(self)
        lines = Table(
            {
                "order": np.repeat(np.arange(count), np.diff(chance.first_line[: count + 1])),
                "product": chance.product[: self.lines].copy(),
                "pieces": chance.pieces[: self.lines].copy(),
                "unit_price": chance.unit_price[: self.lines].copy(),
            }
        )
        joined = chance.members_joined
        back = orders["return_received"]
        if self.refused.any():
            sent_back = orders["picked_up"] + chance.transit[self.first] + chance.return_transit[self.first]
            back = np.where(self.refused, np.where(sent_back < self.days, sent_back, np.nan), back)
        return Run(
            scenario=scenario,
            days=self.days,
            seed=seed,
            orders=orders,
            lines=lines,
            events=LaterTable(partial(books.events, scenario, self.days, seed, orders, self.restocked)),
            members=Table({"member": np.arange(len(joined)), "joined": joined}),
            traffic=Table(
                {
                    "day": np.arange(self.days),
                    "visits": chance.visits,
                    "carts": chance.carts,
                    "checkouts": chance.checkouts,
                }
            ),
            postings=LaterTable(
                partial(books.postings, scenario, self.days, orders, back, self.resold, self.restocked)
            ),
            stock=LaterTable(partial(books.movements, orders, lines, self.resold, self.restocked)),
        )


def outcome(count: int, lineages: bool) -> contention.Outcome:
    """An empty outcome for so many orders."""
    traced = contention.INSPECT * count + count if lineages else 0
    return contention.Outcome(
        done=np.full(contention.INSPECT * count + count, np.inf),
        since=np.full(traced, np.inf),
        turn=np.full(traced, -1, dtype=np.int64),
        fate=np.zeros(count, dtype=np.int8),
    )


def _first_requests(flow: Flow) -> tuple[Floats, Floats, Integers]:
    """Requests that depend on no other order, in order of time: when, when that was scheduled, which.

    These are all enquiries; with a check all checks, without it all orders' way to the packers.
    """
    chance, orders = flow.chance, np.arange(flow.count) * contention.KINDS
    if flow.check_first:
        cause, t, kind = flow.placed, flow.acknowledged, contention.CHECK
    else:
        cause = flow.acknowledged + flow.page.ended[flow.first]
        t, kind = cause + chance.seller_notice[flow.first], contention.PACK
    asks = (t < flow.days) & (flow.check_first | ~flow.online | flow.paid)
    enquires = flow.enquired < flow.days
    t = np.concatenate((t[asks], flow.enquired[enquires]))
    cause = np.concatenate((cause[asks], flow.placed[enquires]))
    event = np.concatenate((orders[asks] + kind, orders[enquires] + contention.ENQUIRY))
    turn = np.argsort(t, kind="stable")
    t, cause = t[turn], cause[turn]
    if ((t[1:] == t[:-1]) & (cause[1:] < cause[:-1])).any():
        again = np.lexsort((cause, t))
        turn, t, cause = turn[again], t[again], cause[again]
    return t, cause, event[turn]


def _plan(flow: Flow) -> contention.Plan:
    """What the loop needs to know."""
    scenario, chance, first = flow.scenario, flow.chance, flow.first
    hours = OpeningHours(scenario.staff.hours, scenario.start)
    catalogue, cooling_off = scenario.catalogue, scenario.cooling_off
    floor = Decimal(repr(scenario.confirmation.price_floor))
    lowest = [
        int((floor * scenario.minor(product.price)).to_integral_value(ROUND_CEILING)) for product in catalogue
    ]
    lines = slice(0, flow.lines)
    too_low = chance.unit_price[lines] < np.array(lowest)[chance.product[lines]]
    mispriced = np.zeros(flow.count, dtype=np.bool_)
    mispriced[(np.searchsorted(chance.first_line, np.flatnonzero(too_low), side="right") - 1)] = True
    return contention.Plan(
        days=float(flow.days),
        check_first=flow.check_first,
        agents=scenario.staff.service_agents,
        packers=scenario.staff.packers,
        opens=np.array(hours.opens),
        worked=np.array(hours.worked),
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
        notice=chance.seller_notice[first],
        check=chance.check[first],
        enquiry=chance.enquiry_handling[first],
        handling=chance.return_handling[first],
        packing=chance.packing[first],
        inspection=chance.inspection[first],
        transit=chance.transit[first],
        return_transit=chance.return_transit[first],
        moment=chance.return_moment[first],
        refused=flow.refused,
        returns=flow.returns,
        resold=flow.resold,
        mispriced=mispriced,
        first_line=chance.first_line[: flow.count + 1],
        product=chance.product[lines],
        pieces=chance.pieces[lines],
    )


def _past(flow: Flow) -> contention.Past:
    """What lineages are made of; columns that only they need are empty when they are not wanted."""
    scenario, chance, first = flow.scenario, flow.chance, flow.first
    whole = len(chance.redirect) > 0
    before = np.zeros(len(chance.visited) if whole else 0)
    if whole:
        arrival = np.argsort(chance.visited, kind="stable")
        before[arrival[1:]] = chance.visited[arrival[:-1]]
    return contention.Past(
        check_first=flow.check_first,
        pickups=np.array(WeeklyClock(scenario.logistics.pickup, scenario.start).moments),
        online=flow.online,
        refused=flow.refused,
        transit=chance.transit[first],
        pay_ends=flow.page.ended[first],
        placed=flow.placed,
        carted=flow.carted,
        visited=chance.visited[first],
        visited_before=before[first],
        acknowledged=flow.acknowledged,
        attempts=flow.page.attempts[first],
        redirect=chance.redirect,
        authentication=chance.authentication,
        retry=chance.retry,
        done=flow.found.done,
        since=flow.found.since,
        turn=flow.found.turn,
    )


def _listed(columns: Any) -> Any:
    """The same in lists: plain Python reads a list several times as fast as an array."""
    lists = [part.tolist() if isinstance(part, np.ndarray) else part for part in columns]
    return type(columns)(*lists) if hasattr(columns, "_fields") else lists


def _milestones(flow: Flow) -> dict[str, Floats]:
    """When each order reaches what, in days; ``nan`` where it does not, or not within the run."""
    chance, first, found = flow.chance, flow.first, flow.found
    cooling_off = flow.scenario.cooling_off
    checked, answered, handled, packed, inspected = map(found.moments, range(5))
    flows = found.fate == contention.FLOWS
    confirmed = _only(checked, flows) if flow.check_first else flow.acknowledged
    decided = confirmed + flow.page.ended[first]
    told = np.where(flow.online, _only(decided, flow.paid), confirmed) + chance.seller_notice[first]
    pickup = WeeklyClock(flow.scenario.logistics.pickup, flow.scenario.start)
    picked_up = pickup.next_each(packed)
    at_door = picked_up + chance.transit[first]
    delivered = _only(at_door, ~flow.refused)
    begins = delivered if cooling_off.runs_from == "receipt" else np.floor(delivered) + 1
    ends = begins + tick(cooling_off.days) if cooling_off.days else delivered
    kept = _only(ends, ~flow.returns)
    requested = np.full(flow.count, np.inf)
    sent_back = np.flatnonzero(flow.returns & np.isfinite(delivered))
    period = ends[sent_back] - delivered[sent_back]
    requested[sent_back] = delivered[sent_back] + to_ticks(chance.return_moment[sent_back] * period)
    received = handled + chance.return_transit[first]
    refunded = _only(inspected, flow.returns)
    closed = np.fmin(kept, inspected)
    closed = np.fmin(closed, np.where(flow.online & ~flow.paid, decided, np.inf))
    closed = np.where(flows, closed, checked)
    reviews = chance.reviews[first] < flow.scenario.reviews.share
    never = np.full(flow.count, np.inf)
    reached = {
        "visited": chance.visited[first],
        "carted": flow.carted,
        "placed": flow.placed,
        "acknowledged": flow.acknowledged,
        "checked": checked if flow.check_first else never,
        "confirmed": confirmed,
        "redirected": _only(confirmed + flow.page.opened[first], flow.online),
        "paid": np.where(flow.online, _only(decided, flow.paid), delivered),
        "seller_told": told,
        "packed": packed,
        "picked_up": picked_up,
        "delivered": delivered,
        "cooling_off_ended": kept,
        "return_requested": requested,
        "return_approved": handled,
        "return_received": received,
        "refunded": refunded,
        "closed": closed,
        "reviewed": _only(kept, reviews) + chance.review_after[first],
        "enquired": flow.enquired,
        "answered": answered,
    }
    # What a quiet shop's orders never reach (offers, disputes, chargebacks) is there as well, empty.
    return {
        name: np.where(reached[name] < flow.days, reached[name], np.nan)
        if name in reached
        else np.full(flow.count, np.nan)
        for name in MILESTONES
    }


def _only(t: Floats, these: npt.NDArray[np.bool_]) -> Floats:
    """The moments of these orders, and never for the others."""
    return np.where(these, t, np.inf)


def _states(flow: Flow, reached: Mapping[str, Floats]) -> npt.NDArray[np.int8]:
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
    scenario, chance, first, count = flow.scenario, flow.chance, flow.first, flow.count
    reached = _milestones(flow)
    lines = slice(0, flow.lines)
    product, pieces = chance.product[lines], chance.pieces[lines]
    starts = chance.first_line[:count]
    price = np.array([scenario.minor(item.price) for item in scenario.catalogue])
    cost = np.array([scenario.minor(item.unit_cost) for item in scenario.catalogue])

    route: Route = "escrow" if scenario.payment.escrow else "payment-company"

    def total(values: Integers) -> Integers:
        return np.add.reduceat(values, starts) if count else np.zeros(0, dtype=np.int64)

    return Table(
        {
            "order": np.arange(count),
            "member": chance.member[first],
            "payment_method": chance.method[first].astype(np.int8),
            "state": _states(flow, reached),
            "route": np.full(count, ROUTES.index(route), dtype=np.int8),
            "amount": total(chance.unit_price[lines] * pieces),
            "list_amount": total(price[product] * pieces),
            "goods_cost": total(cost[product] * pieces),
            **reached,
        },
        {
            "payment_method": tuple(method.name for method in scenario.payment.methods),
            "state": STATES,
            "route": ROUTES,
        },
    )
