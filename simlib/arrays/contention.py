"""Contention: the only part of an order's life in which one order waits for another, or takes its goods.

Everything else about an order is a sum of its own draws, which arrays add up at once. What is left are two queues
(customer service, packers), the shelf, and the ways back into the queues: parcels that return. They are worked
through in one loop in order of time, as the model in `simlib.world` does, with nothing else in it.

**Ties.** Two requests to one queue at the same moment are served in the order in which SimPy would have handled
them. SimPy handles events of one moment in the order in which they were scheduled, that is, in which the events that
scheduled them were handled. So of two events of one moment that one comes first whose cause is earlier; if the causes
are of one moment too, then theirs decide, and so on back. The moments of an event, its cause, the cause's cause …
are its *lineage*; comparing two lineages number by number gives SimPy's order. A lineage ends where somebody gets a
free desk: that is scheduled within the very moment in which it happens, hence after everything that was scheduled
before, and one queue hands out its desks first come, first served. Where two lineages of unlike origin agree to their
end the order cannot be told so, and the loop says that (`UNDECIDED`) instead of guessing.

The loop is plain Python. Where numba is installed (``pip install "safeshop[fast]"``) it compiles the loop once there
is enough to do (`expect`): fetching numba and the compiled loop takes a second, in which Python works through tens of
thousands of orders. The results are the same, bit for bit, compiled or not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from importlib.util import find_spec
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from simlib.calendars import WEEK
from simlib.streams import TICK

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED: bool = False
"""Whether the loop runs compiled by now."""

WORTH_COMPILED_CODE = 50_000
"""From so many orders in one process on, fetching the compiled loop pays."""

IN_ARRAYS: Final = "_in_arrays"
"""Ending of those functions that take the place of others once the loop is compiled."""

_parts: dict[str, Callable[..., Any]] = {}
"""The functions of the loop by the names under which they call each other, to be compiled one day."""

_expected = 0


def compiled(function: Function) -> Function:
    """Mark a function as part of the loop."""
    _parts[function.__name__] = function
    return function


def expect(orders: int) -> None:
    """Tell of orders that are about to be worked through; enough of them and the loop is compiled before."""
    global _expected
    _expected += orders
    if _expected >= WORTH_COMPILED_CODE and not COMPILED:
        compile_loop()


def compile_loop() -> None:
    """Let numba compile the loop, where it is installed.

    Without counting who refers to which array: nothing in here makes an array, and the counting alone would take
    half of the loop's time.
    """
    global COMPILED
    if COMPILED or find_spec("numba") is None:
        return
    import numba

    if getattr(numba.config, "DISABLE_JIT", 0):
        return
    # Numba's published types do not list this switch.
    options: dict[str, Any] = {"cache": True, "_nrt": False}
    for name, function in _parts.items():
        # Arrays instead of lists ask for an agenda of their own.
        globals()[name.removesuffix(IN_ARRAYS)] = numba.njit(**options)(function)
    COMPILED = True


@compiled
def order_of(event: int) -> Any:
    """The order that an event is about."""
    return event // KINDS


@compiled
def kind_of(event: int) -> Any:
    """What happens."""
    return event % KINDS


# Kinds of work, which are also the kinds of request; the first three are customer service's, the others packers'.
CHECK, ENQUIRY, RETURN, PACK, INSPECT = range(5)
# The end of each, then: a packer is given an order without a check, a supplier delivers, an order is given up.
DONE, GRANT, RESTOCK, RELEASE = 5, 10, 11, 12
KINDS: Final = 16
"""An event is numbered order × `KINDS` + kind (for a supplier's delivery: its position in the log)."""

# Where a lineage ends: in the row of arrivals, or at a desk of customer service or of the packers.
ARRIVALS, SERVICE, PACKERS = range(3)

# Which events must be put in order among themselves when they fall on one moment.
AT_SERVICE, AT_PACKERS, AT_SHELF, NOWHERE = range(4)

FINISHED, UNDECIDED = range(2)
"""How the loop ends: all is worked through; a tie cannot be told."""

FLOWS, REJECTED, OUT_OF_STOCK = range(3)
"""What the shelf (or a wrong price) makes of an order."""

ROW: Final = 64
"""So many of the events to come stand in a row; what is farther off lies in a heap."""

DEEPEST: Final = 40
"""More moments than any lineage has."""


class Plan(NamedTuple):
    """What is known before the loop: the calendars, the shelf, and each order's own draws, in days.

    Attributes
    ----------
    days
        Length of the run; what would happen then or later does not happen.
    check_first
        Whether customer service looks at stock and price before it confirms.
    agents, packers
        Desks of the two queues.
    openings, shift
        When the team begins to work, ascending from ``-inf`` until after the run's end; how long it works then.
    pickups
        As in `simlib.calendars.WeeklyClock`.
    from_receipt, cooling_off
        When the cooling-off period begins, and its length in days.
    stock, reorder_point, reorder_up_to, lead
        Of each product: pieces at the start; the rule of reordering; delivery time in days.
    online, paid, pay_ends, last_login, notice
        Whether it is paid on a payment page, whether that succeeds, how long after the confirmation; the last
        authentication; until the seller is told.
    check, packing
        Working time of each kind.
    transit
        The courier's time.
    enquirer, sender
        An order's number among those that give rise to an enquiry, and among those whose parcel may come back;
        for these alone there is
    enquired, enquiry, handling, inspection
        the moment of the enquiry, working time of each kind,
    return_transit, moment
        the courier's time back, and the share of the cooling-off period that passes before goods are sent back.
    refused, returns, resold, mispriced
        What becomes of it; whether a line's price is too low.
    first_line, product, pieces
        Its lines.
    """

    days: float
    check_first: bool
    agents: int
    packers: int
    openings: Any
    shift: float
    pickups: Any
    from_receipt: bool
    cooling_off: float
    stock: Any
    reorder_point: Any
    reorder_up_to: Any
    lead: Any
    online: Any
    paid: Any
    pay_ends: Any
    last_login: Any
    notice: Any
    check: Any
    packing: Any
    transit: Any
    enquirer: Any
    sender: Any
    enquired: Any
    enquiry: Any
    handling: Any
    inspection: Any
    return_transit: Any
    moment: Any
    refused: Any
    returns: Any
    resold: Any
    mispriced: Any
    first_line: Any
    product: Any
    pieces: Any


class Outcome(NamedTuple):
    """What the loop finds out; the place of each kind of work on each order is told by `place`.

    Attributes
    ----------
    done
        When each work is done, in days (``inf``: not within the run). Without a check, the kind `CHECK` holds the
        moment at which a packer found too little on the shelf.
    since, turn
        When somebody took it up, and its number in the queue, for lineages.
    fate
        One entry an order: `FLOWS`, `REJECTED` or `OUT_OF_STOCK`.
    """

    done: Any
    since: Any
    turn: Any
    fate: Any


class Room(NamedTuple):
    """What the loop works in, made outside because it makes no arrays of its own.

    Attributes
    ----------
    agenda
        Events to come; see `_push`.
    batch
        Events of one moment.
    service, packers
        The two queues, in the order in which the requests came.
    free, expected
        Pieces of each product that are not promised; the same with what the supplier brings.
    brought_at, brought, brought_pieces, brought_for
        The supplier's deliveries: time, product, pieces, the order that gave rise to it (−1: the opening).
    one, other
        Two lineages.
    """

    agenda: Any
    batch: Any
    service: Any
    packers: Any
    free: Any
    expected: Any
    brought_at: Any
    brought: Any
    brought_pieces: Any
    brought_for: Any
    one: Any
    other: Any


def room_for(plan: Plan) -> Room:
    """Room for the loop. Memory that is never touched costs nothing, so it is made for the worst case."""
    orders, products = len(plan.online), len(plan.stock)
    enquiries, senders = len(plan.enquiry), len(plan.handling)
    deliveries = len(plan.product) + products
    # At any moment an order is in one place, its enquiry in another.
    events = 2 * orders + deliveries + plan.agents + plan.packers

    def numbers(size: int, kind: type = np.int64) -> Any:
        return np.empty(size, kind) if COMPILED else [kind(0).item()] * size

    return Room(
        agenda=agenda_for(events),
        batch=numbers(events),
        service=numbers(orders + enquiries + senders, np.int32),
        packers=numbers(orders + senders, np.int32),
        free=numbers(products),
        expected=numbers(products),
        brought_at=numbers(deliveries, np.float64),
        brought=numbers(deliveries),
        brought_pieces=numbers(deliveries),
        brought_for=numbers(deliveries),
        one=numbers(DEEPEST, np.float64),
        other=numbers(DEEPEST, np.float64),
    )


class Past(NamedTuple):
    """What lineages are made of.

    Attributes
    ----------
    check_first, pickups, online, refused, transit, pay_ends, last_login, enquirer, sender
        As in `Plan`.
    enquiries, senders
        How many orders give rise to an enquiry, and how many parcels may come back.
    placed, carted, visited, visited_before, acknowledged
        Moments of each order; `visited_before` is the arrival before its own.
    attempts, pay_after, again, redirect, authentication, retry
        As in `simlib.shop.customers.PaymentPage`.
    done, since, turn
        As in `Outcome`.
    """

    check_first: bool
    pickups: Any
    online: Any
    refused: Any
    transit: Any
    pay_ends: Any
    last_login: Any
    enquirer: Any
    sender: Any
    enquiries: int
    senders: int
    placed: Any
    carted: Any
    visited: Any
    visited_before: Any
    acknowledged: Any
    attempts: Any
    pay_after: Any
    again: Any
    redirect: Any
    authentication: Any
    retry: Any
    done: Any
    since: Any
    turn: Any


# ---------------------------------------------------------------------------------------------------------------
# events to come, the soonest first
#
# Most new events belong among the next three or four, so the next ones stand in a row, farthest first, into which a
# new one is put from the soon end; what is farther off lies in a heap. A row alone would take long in a shop where
# thousands of parcels are on their way.

COMING: Final = np.dtype([("t", np.float64), ("cause", np.float64), ("event", np.int64)])
"""An event to come: when, when it was scheduled, which."""

HELD: Final = 0
"""Where the agenda tells in `event` how many stand in the row; the row comes next, behind it the heap."""

FAR: Final = ROW + 1
"""Where the heap begins."""


def agenda_for(most: int) -> Any:
    """Room for so many events to come; to be begun with `_none`."""
    return np.empty(FAR + most, COMING) if COMPILED else []


def _none(agenda: Any) -> int:
    agenda.clear()
    return 0


def _push(agenda: Any, size: int, t: float, cause: float, event: int) -> Any:
    heappush(agenda, (t, cause, event))
    return size + 1


def _pop(agenda: Any, size: int) -> Any:
    return heappop(agenda)[2]


def _soonest(agenda: Any) -> Any:
    return agenda[0][:2]


# The same in arrays, for the compiled loop.


@compiled
def _sooner(one: Any, t: float, cause: float, event: int) -> Any:
    return one.t < t or (one.t == t and (one.cause < cause or (one.cause == cause and one.event < event)))


@compiled
def _put(agenda: Any, at: int, t: float, cause: float, event: int) -> None:
    agenda[at].t, agenda[at].cause, agenda[at].event = t, cause, event


@compiled
def _push_far(agenda: Any, size: int, t: float, cause: float, event: int) -> None:
    """Add an event to the first `size` of a binary heap (Williams, "Heapsort", CACM 7(6), 1964)."""
    at = size
    while at > 0 and not _sooner(agenda[FAR + (at - 1) // 2], t, cause, event):
        above = (at - 1) // 2
        agenda[FAR + at] = agenda[FAR + above]
        at = above
    _put(agenda, FAR + at, t, cause, event)


@compiled
def _pop_far(agenda: Any, size: int, to: int) -> None:
    """Move the soonest of the first `size` events of the heap to another place."""
    agenda[to] = agenda[FAR]
    size -= 1
    last = agenda[FAR + size]
    t, cause, event = last.t, last.cause, last.event
    at, below = 0, 1
    while below < size:
        if below + 1 < size:
            other = agenda[FAR + below]
            if _sooner(agenda[FAR + below + 1], other.t, other.cause, other.event):
                below += 1
        if not _sooner(agenda[FAR + below], t, cause, event):
            break
        agenda[FAR + at] = agenda[FAR + below]
        at, below = below, 2 * below + 1
    _put(agenda, FAR + at, t, cause, event)


@compiled
def _make_room(agenda: Any, size: int) -> None:
    """Put the farther half of a full row into the heap."""
    half = ROW // 2
    for at in range(1, half + 1):
        _push_far(agenda, size - ROW + at - 1, agenda[at].t, agenda[at].cause, agenda[at].event)
    for at in range(1, half + 1):
        agenda[at] = agenda[half + at]
    agenda[HELD].event = half


@compiled
def _fill_row(agenda: Any, size: int) -> None:
    """Fill half of an empty row from the heap, which holds `size` events."""
    count = min(ROW // 2, size)
    for taken in range(count):
        _pop_far(agenda, size - taken, count - taken)
    agenda[HELD].event = count


@compiled
def _none_in_arrays(agenda: Any) -> int:
    """Begin with no events; their number."""
    agenda[HELD].event = 0
    return 0


@compiled
def _push_in_arrays(agenda: Any, size: int, t: float, cause: float, event: int) -> Any:
    """Add an event to the `size` there are; their new number."""
    if agenda[HELD].event == ROW:
        _make_room(agenda, size)
    at = agenda[HELD].event
    # Whatever lies in the heap comes after all that stand in the row.
    if size > at and _sooner(agenda[1], t, cause, event):
        _push_far(agenda, size - at, t, cause, event)
        return size + 1
    agenda[HELD].event = at + 1
    while at > 0 and _sooner(agenda[at], t, cause, event):
        agenda[at + 1] = agenda[at]
        at -= 1
    _put(agenda, at + 1, t, cause, event)
    return size + 1


@compiled
def _pop_in_arrays(agenda: Any, size: int) -> Any:
    """Take the soonest of `size` events."""
    held = agenda[HELD].event
    soonest = agenda[held].event
    agenda[HELD].event = held - 1
    if held == 1 and size > 1:
        _fill_row(agenda, size - 1)
    return soonest


@compiled
def _soonest_in_arrays(agenda: Any) -> Any:
    """When the soonest event is, and when it was scheduled."""
    soonest = agenda[agenda[HELD].event]
    return soonest.t, soonest.cause


# ---------------------------------------------------------------------------------------------------------------
# calendars, number by number


@compiled
def finish(openings: Any, shift: float, day: int, t: float, work: float) -> Any:
    """When a task begun at `t` is done (`OpeningHours.finish`); ``inf`` if that is long after the run.

    Parameters
    ----------
    openings, shift
        As in `Plan`.
    day
        Position of the last opening at or before `t`.
    t, work
        When somebody takes it up; working time it takes.
    """
    # Whole ticks: whatever is added first, the sum is the same.
    left = max(shift - (t - openings[day]), 0.0)
    if work <= left:
        ends: float = t + work
        return ends
    work -= left
    day += 1
    while work > shift and day < len(openings):
        work -= shift
        day += 1
    return openings[day] + work if day < len(openings) else math.inf


@compiled
def next_pickup(pickups: Any, t: float) -> Any:
    """The courier's first round at or after `t` (`WeeklyClock.next`)."""
    week = math.floor(t / WEEK)
    rest = t - week * WEEK
    found: float = (week + 1) * WEEK + pickups[0]
    for moment in pickups:
        if rest <= moment:
            found = week * WEEK + moment
            break
    return found


@compiled
def thinking(from_receipt: bool, cooling_off: float, moment: float, delivered: float) -> Any:
    """How long a buyer keeps goods that he sends back after a share `moment` of the cooling-off period."""
    begins = delivered if from_receipt else math.floor(delivered) + 1.0
    days = moment * (begins + cooling_off - delivered)
    rounded: float = np.rint(days / TICK) * TICK
    return rounded


# ---------------------------------------------------------------------------------------------------------------
# lineages


@compiled
def place(past: Any, kind: int, order: int) -> Any:
    """Where an `Outcome` holds this kind of work on an order.

    First all checks, then all packing; then what only some orders bring about: enquiries, returns, inspections.
    """
    orders = len(past.placed)
    if kind == CHECK:
        return order
    if kind == PACK:
        return orders + order
    if kind == ENQUIRY:
        return 2 * orders + past.enquirer[order]
    first = 2 * orders + past.enquiries
    return first + past.sender[order] if kind == RETURN else first + past.senders + past.sender[order]


@compiled
def _from_cart(past: Any, order: int, moments: Any, n: int) -> int:
    moments[n] = past.placed[order]
    moments[n + 1] = past.carted[order]
    moments[n + 2] = past.visited[order]
    moments[n + 3] = past.visited_before[order]
    return n + 4


@compiled
def requested(plan: Any, past: Any, event: int) -> Any:
    """When a request that depends on no other order is made, and when it was scheduled, in days."""
    order, kind = order_of(event), kind_of(event)
    if kind == CHECK:
        return past.acknowledged[order], past.placed[order]
    if kind == ENQUIRY:
        return plan.enquired[plan.enquirer[order]], past.placed[order]
    told = past.acknowledged[order] + past.pay_ends[order]
    return told + plan.notice[order], told


@compiled
def _from_desk(past: Any, kind: int, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    task = place(past, kind, order)
    moments[n] = past.done[task]
    moments[n + 1] = past.since[task]
    # The desk was handed out within the moment in which it was taken.
    moments[n + 2] = past.since[task]
    return n + 3, SERVICE if kind <= RETURN else PACKERS, past.turn[task]


@compiled
def _from_confirmation(past: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    if past.check_first:
        return _from_desk(past, CHECK, order, moments, n)
    moments[n] = past.acknowledged[order]
    return _from_cart(past, order, moments, n + 1), ARRIVALS, 2 * order


@compiled
def _from_page(past: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    """From the end of the last attempt to pay, which is the next moment."""
    confirmed = past.acknowledged[order]
    if past.check_first:
        confirmed = past.done[place(past, CHECK, order)]
    t = confirmed + past.pay_ends[order]
    if past.attempts[order] == 1:
        moments[n] = t
        moments[n + 1] = t - past.last_login[order]
        moments[n + 2] = confirmed + past.pay_after[order]
        return _from_confirmation(past, order, moments, n + 3)
    row = _position(past.again, order)
    for attempt in range(past.attempts[order] - 1, -1, -1):
        moments[n] = t
        t -= past.authentication[row][attempt]
        moments[n + 1] = t
        t -= past.redirect[row][attempt]
        moments[n + 2] = t
        n += 3
        if attempt > 0:
            t -= past.retry[row][attempt - 1]
    return _from_confirmation(past, order, moments, n)


@compiled
def _position(ascending: Any, number: int) -> Any:
    """Where a number stands."""
    low, high = 0, len(ascending)
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] < number:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _from_door(past: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    picked_up = next_pickup(past.pickups, past.done[place(past, PACK, order)])
    moments[n] = picked_up + past.transit[order]
    moments[n + 1] = picked_up
    return _from_desk(past, PACK, order, moments, n + 2)


@compiled
def lineage(past: Any, brought_for: Any, t: float, event: int, moments: Any) -> tuple[int, int, int]:
    """The moments of an event and of its causes, newest first.

    Returns
    -------
    length, origin, turn
        Moments written; where the lineage ends; the place in the row there.
    """
    order, kind = order_of(event), kind_of(event)
    moments[0] = t
    if kind == CHECK:
        return _from_cart(past, order, moments, 1), ARRIVALS, 2 * order
    if kind == ENQUIRY:
        # Begun by the same event as the acknowledgement, and after it.
        return _from_cart(past, order, moments, 1), ARRIVALS, 2 * order + 1
    if kind == RETURN:
        return _from_door(past, order, moments, 1)
    if kind == PACK:
        if past.online[order]:
            return _from_page(past, order, moments, 1)
        return _from_confirmation(past, order, moments, 1)
    if kind == INSPECT:
        if past.refused[order]:
            return _from_door(past, order, moments, 1)
        return _from_desk(past, RETURN, order, moments, 1)
    if kind == DONE + CHECK:
        return _from_confirmation(past, order, moments, 0)
    if kind == DONE + INSPECT:
        return _from_desk(past, INSPECT, order, moments, 0)
    if kind == RELEASE:
        return _from_page(past, order, moments, 0)
    if kind == RESTOCK:
        if brought_for[order] < 0:
            return 1, ARRIVALS, -1
        return _from_confirmation(past, brought_for[order], moments, 1)
    # A packer is given the order within this very moment.
    moments[1] = t
    return 2, PACKERS, past.turn[place(past, PACK, order)]


@compiled
def _concerns(past: Any, kind: int) -> int:
    if kind <= RETURN:
        return AT_SERVICE
    if kind <= INSPECT:
        return AT_PACKERS
    # Without a check the shelf is looked at when a desk is given out, after all else of that moment.
    if kind == GRANT or (past.check_first and kind in (DONE + CHECK, DONE + INSPECT, RESTOCK, RELEASE)):
        return AT_SHELF
    return NOWHERE


@compiled
def _before(past: Any, room: Any, t: float, one: int, other: int) -> tuple[bool, int]:
    """Whether SimPy handles event `one` before `other`, both at `t`; and whether that could be told."""
    here, there = _concerns(past, kind_of(one)), _concerns(past, kind_of(other))
    if here != there or here == NOWHERE:
        return (here, one) < (there, other), FINISHED
    a, b = room.one, room.other
    length_a, origin_a, turn_a = lineage(past, room.brought_for, t, one, a)
    length_b, origin_b, turn_b = lineage(past, room.brought_for, t, other, b)
    for i in range(min(length_a, length_b)):
        if a[i] != b[i]:
            return a[i] < b[i], FINISHED
    if length_a != length_b or origin_a != origin_b:
        return False, UNDECIDED
    return turn_a < turn_b, FINISHED


@compiled
def _in_turn(past: Any, room: Any, t: float, size: int) -> int:
    """Put the first `size` events of the batch, of one moment and one cause's moment, in order, by insertion."""
    batch = room.batch
    for i in range(1, size):
        event = batch[i]
        j = i
        while j > 0:
            earlier, told = _before(past, room, t, event, batch[j - 1])
            if told != FINISHED:
                return told
            if not earlier:
                break
            batch[j] = batch[j - 1]
            j -= 1
        batch[j] = event
    return FINISHED


# ---------------------------------------------------------------------------------------------------------------
# the shelf


@compiled
def _on_shelf(first: int, last: int, product: Any, pieces: Any, free: Any) -> bool:
    """Whether enough unpromised pieces lie on the shelf for all these lines together."""
    for line in range(first, last):
        wanted = 0
        for other in range(first, last):
            if product[other] == product[line]:
                wanted += pieces[other]
        if free[product[line]] < wanted:
            return False
    return True


@compiled
def _move(first: int, last: int, product: Any, pieces: Any, sign: int, free: Any, expected: Any) -> None:
    """Pieces of these lines are promised (−1), or come back (+1)."""
    for line in range(first, last):
        free[product[line]] += sign * pieces[line]
        expected[product[line]] += sign * pieces[line]


@compiled
def _reorder(plan: Any, room: Any, line: int, now: float, order: int, brought: int) -> Any:
    """Order from the supplier what has run low after this line was promised.

    Returns
    -------
    brought
        Deliveries so far; one more if something was ordered.
    """
    item, expected = plan.product[line], room.expected
    if expected[item] > plan.reorder_point[item]:
        return brought
    room.brought_at[brought] = now + plan.lead[item]
    room.brought[brought] = item
    room.brought_pieces[brought] = plan.reorder_up_to[item] - expected[item]
    room.brought_for[brought] = order
    expected[item] = plan.reorder_up_to[item]
    return brought + 1


# ---------------------------------------------------------------------------------------------------------------
# the loop


@compiled
def contend(plan: Any, past: Any, found: Any, room: Any, requests: Any) -> tuple[int, float, int]:
    """Work through all that orders contend for.

    Parameters
    ----------
    plan, past
        A `Plan`, and what lineages are made of.
    found
        An `Outcome` to fill, its moments all ``inf``.
    room
        From `room_for`.
    requests
        Those that depend on no other order, in order of time and of when they were scheduled (see `requested`).

    Returns
    -------
    ending, t, deliveries
        `FINISHED`, or why not and at which moment; how many deliveries of the supplier `room` holds.
    """
    # Names of their own, because a local name is read much faster than a field.
    days, check_first = plan.days, plan.check_first
    openings, shift = plan.openings, plan.shift
    online, refused, returns = plan.online, plan.refused, plan.returns
    first_line, product, pieces = plan.first_line, plan.product, plan.pieces
    enquirer, sender = plan.enquirer, plan.sender
    done, since, turn, fate = found.done, found.since, found.turn, found.fate
    agenda, batch, free, expected = room.agenda, room.batch, room.free, room.expected

    waiting, asked, served = room.service, 0, 0
    parcels, ready, packed = room.packers, 0, 0
    agents, packers = plan.agents, plan.packers
    size, brought = _none(agenda), 0
    for item in range(len(plan.stock)):
        free[item] = expected[item] = plan.stock[item]
        if expected[item] <= plan.reorder_point[item]:
            room.brought_at[brought] = plan.lead[item]
            room.brought[brought] = item
            room.brought_pieces[brought] = plan.reorder_up_to[item] - expected[item]
            room.brought_for[brought] = -1
            expected[item] = plan.reorder_up_to[item]
            if plan.lead[item] < days:
                size = _push(agenda, size, plan.lead[item], 0.0, brought * KINDS + RESTOCK)
            brought += 1

    at, last, day = 0, len(requests), 0
    next_t, next_cause = requested(plan, past, requests[0]) if last > 0 else (math.inf, math.inf)
    while at < last or size > 0:
        # All events of this moment whose causes are of one moment as well: nearly always a single one.
        t, cause = _soonest(agenda) if size > 0 else (math.inf, math.inf)
        if next_t < t or (next_t == t and next_cause <= cause):
            t, cause = next_t, next_cause
        events = 0
        while at < last and next_t == t and next_cause == cause:
            batch[events] = requests[at]
            events, at = events + 1, at + 1
            next_t, next_cause = requested(plan, past, requests[at]) if at < last else (math.inf, math.inf)
        while size > 0 and _soonest(agenda) == (t, cause):
            batch[events] = _pop(agenda, size)
            events, size = events + 1, size - 1
        if events > 1:
            told = _in_turn(past, room, t, events)
            if told != FINISHED:
                return told, t, brought
        while openings[day + 1] <= t:
            day += 1

        for number in range(events):
            event = batch[number]
            order, kind = order_of(event), kind_of(event)
            if kind <= RETURN:
                waiting[asked] = event
                asked += 1
            elif kind <= INSPECT:
                if kind == PACK:
                    turn[place(past, PACK, order)] = ready
                parcels[ready] = event
                ready += 1
            elif kind == RESTOCK:
                free[room.brought[order]] += room.brought_pieces[order]
            elif kind == RELEASE:
                _move(first_line[order], first_line[order + 1], product, pieces, 1, free, expected)
            elif kind == GRANT or kind == DONE + CHECK:
                # The shelf is looked at: by customer service before it confirms, or by a packer.
                one, end = first_line[order], first_line[order + 1]
                agents += kind == DONE + CHECK
                if (check_first and plan.mispriced[order]) or not _on_shelf(one, end, product, pieces, free):
                    fate[order] = REJECTED if check_first else OUT_OF_STOCK
                    done[place(past, CHECK, order)] = t
                    packers += kind == GRANT
                else:
                    _move(one, end, product, pieces, -1, free, expected)
                    for line in range(one, end):
                        before = brought
                        brought = _reorder(plan, room, line, t, order, brought)
                        if brought > before and room.brought_at[before] < days:
                            size = _push(agenda, size, room.brought_at[before], t, before * KINDS + RESTOCK)
                    if kind == GRANT:
                        ends = finish(openings, shift, day, t, plan.packing[order])
                        since[place(past, PACK, order)] = t
                        if ends < days:
                            done[place(past, PACK, order)] = ends
                            size = _push(agenda, size, ends, t, order * KINDS + DONE + PACK)
                    else:
                        told_at = t
                        if online[order]:
                            told_at += plan.pay_ends[order]
                        if online[order] and not plan.paid[order]:
                            if told_at < days:
                                cause = told_at - plan.last_login[order]
                                size = _push(agenda, size, told_at, cause, order * KINDS + RELEASE)
                        elif told_at + plan.notice[order] < days:
                            size = _push(
                                agenda, size, told_at + plan.notice[order], told_at, order * KINDS + PACK
                            )
            elif kind <= DONE + RETURN:
                agents += 1
                if kind == DONE + RETURN:
                    back = t + plan.return_transit[sender[order]]
                    if back < days:
                        size = _push(agenda, size, back, t, order * KINDS + INSPECT)
            else:
                packers += 1
                if kind == DONE + INSPECT:
                    if plan.resold[order]:
                        _move(first_line[order], first_line[order + 1], product, pieces, 1, free, expected)
                elif refused[order] or returns[order]:
                    # The parcel comes back, either from the door or after some thought.
                    at_door = next_pickup(plan.pickups, t) + plan.transit[order]
                    if refused[order]:
                        back, asks = at_door + plan.return_transit[sender[order]], INSPECT
                    else:
                        moment = plan.moment[sender[order]]
                        back = at_door + thinking(plan.from_receipt, plan.cooling_off, moment, at_door)
                        asks = RETURN
                    if back < days:
                        size = _push(agenda, size, back, at_door, order * KINDS + asks)

            # Whoever is free takes up what waits longest.
            while agents > 0 and served < asked:
                task = waiting[served]
                order, kind = order_of(task), kind_of(task)
                if kind == CHECK:
                    work = plan.check[order]
                elif kind == ENQUIRY:
                    work = plan.enquiry[enquirer[order]]
                else:
                    work = plan.handling[sender[order]]
                ends = finish(openings, shift, day, t, work)
                here = place(past, kind, order)
                since[here], turn[here] = t, served
                if ends < days:
                    done[here] = ends
                    size = _push(agenda, size, ends, t, task + DONE)
                served += 1
                agents -= 1
            while packers > 0 and packed < ready:
                task = parcels[packed]
                order, kind = order_of(task), kind_of(task)
                if kind == PACK and not check_first:
                    # Not before all else of this moment: the shelf is looked at when the packer turns to it.
                    size = _push(agenda, size, t, t, order * KINDS + GRANT)
                else:
                    work = plan.packing[order] if kind == PACK else plan.inspection[sender[order]]
                    ends = finish(openings, shift, day, t, work)
                    here = place(past, kind, order)
                    since[here], turn[here] = t, packed
                    if ends < days:
                        done[here] = ends
                        size = _push(agenda, size, ends, t, task + DONE)
                packed += 1
                packers -= 1
    return FINISHED, days, brought
