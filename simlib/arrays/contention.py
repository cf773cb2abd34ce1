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

The loop is plain Python that numba compiles where it is installed (``pip install "safeshop[fast]"``); the results are
the same, bit for bit, with and without.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final, NamedTuple, TypeVar, cast

import numpy as np

from simlib.calendars import WEEK
from simlib.streams import TICK

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba

    COMPILED: bool = not getattr(numba.config, "DISABLE_JIT", 0)
    """Whether the loop runs compiled."""
except ImportError:
    COMPILED = False


def compiled(function: Function) -> Function:
    """Let numba compile a function, where it is installed."""
    if not COMPILED:
        return function
    translated: Any = numba.njit(cache=True)(function)
    return cast("Function", translated)


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

FINISHED, UNDECIDED, LINEAGE_NEEDED = range(3)
"""How the loop ends: all is worked through; a tie cannot be told; a tie needs lineages, which were not given."""

FLOWS, REJECTED, OUT_OF_STOCK = range(3)
"""What the shelf (or a wrong price) makes of an order."""

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
    opens, worked, shift, pickups
        `simlib.calendars.OpeningHours` and `simlib.calendars.WeeklyClock`.
    from_receipt, cooling_off
        When the cooling-off period begins, and its length in days.
    stock, reorder_point, reorder_up_to, lead
        Of each product: pieces at the start; the rule of reordering; delivery time in days.
    online, paid, pay_ends, last_login, notice
        Whether it is paid on a payment page, whether that succeeds, how long after the confirmation; the last
        authentication; until the seller is told.
    check, enquiry, handling, packing, inspection
        Working time of each kind.
    transit, return_transit, moment
        Times of the courier; share of the cooling-off period that passes before goods are sent back.
    refused, returns, resold, mispriced
        What becomes of it; whether a line's price is too low.
    first_line, product, pieces
        Its lines.
    """

    days: float
    check_first: bool
    agents: int
    packers: int
    opens: Any
    worked: Any
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
    enquiry: Any
    handling: Any
    packing: Any
    inspection: Any
    transit: Any
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
    """What the loop finds out: kind of work × orders + order, moments in days (``inf``: not within the run).

    Attributes
    ----------
    done
        When each kind of work on each order is done. Without a check, the kind `CHECK` holds the moment at
        which a packer found too little on the shelf.
    since, turn
        When somebody took it up, and its number in the queue. For lineages; empty when these are not wanted.
    fate
        One entry an order: `FLOWS`, `REJECTED` or `OUT_OF_STOCK`.
    """

    done: Any
    since: Any
    turn: Any
    fate: Any

    def moments(self, kind: int) -> Any:
        """When a kind of work is done, one entry an order."""
        orders = len(self.fate)
        return self.done[kind * orders : (kind + 1) * orders]


class Past(NamedTuple):
    """What lineages are made of.

    Attributes
    ----------
    check_first, pickups, online, refused, transit, pay_ends
        As in `Plan`.
    placed, carted, visited, visited_before, acknowledged
        Moments of each order; `visited_before` is the arrival before its own.
    attempts, redirect, authentication, retry
        Attempts to pay, and the times of each.
    done, since, turn
        As in `Outcome`.
    """

    check_first: bool
    pickups: Any
    online: Any
    refused: Any
    transit: Any
    pay_ends: Any
    placed: Any
    carted: Any
    visited: Any
    visited_before: Any
    acknowledged: Any
    attempts: Any
    redirect: Any
    authentication: Any
    retry: Any
    done: Any
    since: Any
    turn: Any


# ---------------------------------------------------------------------------------------------------------------
# calendars, number by number


@compiled
def finish(opens: Any, worked: Any, shift: float, t: float, work: float) -> Any:
    """When a task begun at `t` is done (`OpeningHours.finish`)."""
    per_week = worked[len(worked) - 1]
    week = math.floor(t / WEEK)
    rest = t - week * WEEK
    today = 0.0
    for day in range(len(opens) - 1, -1, -1):
        if opens[day] <= rest:
            today = worked[day] + min(rest - opens[day], shift)
            break
    total = week * per_week + today + work
    weeks = math.floor(total / per_week)
    over = total - weeks * per_week
    # The division is rounded, the products are exact.
    if over >= per_week:
        weeks, over = weeks + 1, over - per_week
    if over <= 0.0:
        weeks, over = weeks - 1, over + per_week
    day = 0
    while worked[day + 1] < over:
        day += 1
    moment: float = weeks * WEEK + opens[day] + (over - worked[day])
    return moment


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
def _from_cart(past: Any, order: int, moments: Any, n: int) -> int:
    moments[n] = past.placed[order]
    moments[n + 1] = past.carted[order]
    moments[n + 2] = past.visited[order]
    moments[n + 3] = past.visited_before[order]
    return n + 4


@compiled
def _from_desk(past: Any, kind: int, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    task = kind * len(past.placed) + order
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
    t = past.acknowledged[order]
    if past.check_first:
        t = past.done[CHECK * len(past.placed) + order]
    t += past.pay_ends[order]
    for attempt in range(past.attempts[order] - 1, -1, -1):
        moments[n] = t
        t -= past.authentication[order][attempt]
        moments[n + 1] = t
        t -= past.redirect[order][attempt]
        moments[n + 2] = t
        n += 3
        if attempt > 0:
            t -= past.retry[order][attempt - 1]
    return _from_confirmation(past, order, moments, n)


@compiled
def _from_door(past: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    picked_up = next_pickup(past.pickups, past.done[PACK * len(past.placed) + order])
    moments[n] = picked_up + past.transit[order]
    moments[n + 1] = picked_up
    return _from_desk(past, PACK, order, moments, n + 2)


@compiled
def lineage(past: Any, log: Any, t: float, event: int, moments: Any) -> tuple[int, int, int]:
    """The moments of an event and of its causes, newest first.

    Returns
    -------
    length, origin, turn
        Moments written; where the lineage ends; the place in the row there.
    """
    order, kind = event // KINDS, event % KINDS
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
        if log[order][3] < 0:
            return 1, ARRIVALS, -1
        return _from_confirmation(past, log[order][3], moments, 1)
    # A packer is given the order within this very moment.
    moments[1] = t
    return 2, PACKERS, past.turn[PACK * len(past.placed) + order]


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
def _before(past: Any, log: Any, t: float, one: int, other: int, a: Any, b: Any) -> tuple[bool, int]:
    """Whether SimPy handles event `one` before `other`, both at `t`; and whether that could be told."""
    here, there = _concerns(past, one % KINDS), _concerns(past, other % KINDS)
    if here != there or here == NOWHERE:
        return (here, one) < (there, other), FINISHED
    if len(past.since) == 0:
        return False, LINEAGE_NEEDED
    length_a, origin_a, turn_a = lineage(past, log, t, one, a)
    length_b, origin_b, turn_b = lineage(past, log, t, other, b)
    for i in range(min(length_a, length_b)):
        if a[i] != b[i]:
            return a[i] < b[i], FINISHED
    if length_a != length_b or origin_a != origin_b:
        return False, UNDECIDED
    return turn_a < turn_b, FINISHED


@compiled
def _in_turn(past: Any, log: Any, t: float, batch: Any, a: Any, b: Any) -> int:
    """Put events of one moment and one cause's moment in order, by insertion."""
    for i in range(1, len(batch)):
        event = batch[i]
        j = i
        while j > 0:
            earlier, told = _before(past, log, t, event, batch[j - 1], a, b)
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
def _reorder(
    first: int,
    last: int,
    product: Any,
    rule: Any,
    now: float,
    order: int,
    days: float,
    expected: Any,
    heap: Any,
    log: Any,
) -> None:
    """Order from the supplier what has run low after these lines were promised."""
    reorder_point, reorder_up_to, lead = rule
    for line in range(first, last):
        item = product[line]
        if expected[item] <= reorder_point[item]:
            more = reorder_up_to[item] - expected[item]
            expected[item] += more
            arrives = now + lead[item]
            log.append((arrives, item, more, order))
            if arrives < days:
                heappush(heap, (arrives, now, (len(log) - 1) * KINDS + RESTOCK))


# ---------------------------------------------------------------------------------------------------------------
# the loop


@compiled
def contend(
    plan: Any, past: Any, found: Any, first_t: Any, first_cause: Any, first_event: Any
) -> tuple[int, float, Any]:
    """Work through all that orders contend for.

    Parameters
    ----------
    plan, past
        A `Plan`, and what lineages are made of.
    found
        An `Outcome` to fill, its moments all ``inf``.
    first_t, first_cause, first_event
        The requests that depend on no other order, in order of time: when, when that was scheduled, which.

    Returns
    -------
    ending, t, log
        `FINISHED`, or why not and at which moment; the supplier's deliveries: time, product, pieces, order
        that gave rise to it. The first entry of the log stands for nothing.
    """
    # Names of their own, because numba reads a local name much faster than a field.
    days, check_first, orders = plan.days, plan.check_first, len(plan.online)
    opens, worked, shift, pickups = plan.opens, plan.worked, plan.shift, plan.pickups
    check, enquiry, handling, packing, inspection = (
        plan.check,
        plan.enquiry,
        plan.handling,
        plan.packing,
        plan.inspection,
    )
    online, paid, refused, returns, resold = (
        plan.online,
        plan.paid,
        plan.refused,
        plan.returns,
        plan.resold,
    )
    pay_ends, last_login, notice = plan.pay_ends, plan.last_login, plan.notice
    transit, return_transit, moment = plan.transit, plan.return_transit, plan.moment
    first_line, product, pieces, mispriced = plan.first_line, plan.product, plan.pieces, plan.mispriced
    rule = (plan.reorder_point, plan.reorder_up_to, plan.lead)
    done, since, turn, fate = found.done, found.since, found.turn, found.fate
    tracing = len(since) > 0

    heap = [(0.0, 0.0, 0)]
    heap.pop()
    log = [(0.0, 0, 0, 0)]
    batch = [0]
    waiting_for_service, waiting_for_packers = [0], [0]
    served, packed = 1, 1
    agents, packers = plan.agents, plan.packers
    free = [0 for _product in plan.stock]
    expected = [0 for _product in plan.stock]
    a, b = np.empty(DEEPEST), np.empty(DEEPEST)
    for item in range(len(plan.stock)):
        free[item] = expected[item] = plan.stock[item]
        if expected[item] <= plan.reorder_point[item]:
            more = plan.reorder_up_to[item] - expected[item]
            expected[item] += more
            log.append((plan.lead[item], item, more, -1))
            if plan.lead[item] < days:
                heappush(heap, (plan.lead[item], 0.0, (len(log) - 1) * KINDS + RESTOCK))

    at, last = 0, len(first_t)
    while at < last or len(heap) > 0:
        # All events of this moment whose causes are of one moment as well.
        batch.clear()
        if at < last and (len(heap) == 0 or (first_t[at], first_cause[at]) <= (heap[0][0], heap[0][1])):
            t, cause = first_t[at], first_cause[at]
        else:
            t, cause = heap[0][0], heap[0][1]
        while at < last and first_t[at] == t and first_cause[at] == cause:
            batch.append(first_event[at])
            at += 1
        while len(heap) > 0 and heap[0][0] == t and heap[0][1] == cause:
            batch.append(heappop(heap)[2])
        if len(batch) > 1:
            told = _in_turn(past, log, t, batch, a, b)
            if told != FINISHED:
                return told, t, log

        for event in batch:
            order, kind = event // KINDS, event % KINDS
            if kind <= RETURN:
                waiting_for_service.append(event)
            elif kind <= INSPECT:
                if tracing and kind == PACK:
                    turn[PACK * orders + order] = len(waiting_for_packers)
                waiting_for_packers.append(event)
            elif kind == RESTOCK:
                free[log[order][1]] += log[order][2]
            elif kind == RELEASE:
                _move(first_line[order], first_line[order + 1], product, pieces, 1, free, expected)
            elif kind == GRANT or kind == DONE + CHECK:
                # The shelf is looked at: by customer service before it confirms, or by a packer.
                one, end = first_line[order], first_line[order + 1]
                agents += kind == DONE + CHECK
                if (mispriced[order] and check_first) or not _on_shelf(one, end, product, pieces, free):
                    fate[order] = REJECTED if check_first else OUT_OF_STOCK
                    done[CHECK * orders + order] = t
                    packers += kind == GRANT
                else:
                    _move(one, end, product, pieces, -1, free, expected)
                    _reorder(one, end, product, rule, t, order, days, expected, heap, log)
                    if kind == GRANT:
                        ends = finish(opens, worked, shift, t, packing[order])
                        if tracing:
                            since[PACK * orders + order] = t
                        if ends < days:
                            done[PACK * orders + order] = ends
                            heappush(heap, (ends, t, order * KINDS + DONE + PACK))
                    else:
                        told_at = t
                        if online[order]:
                            told_at += pay_ends[order]
                        if online[order] and not paid[order]:
                            if told_at < days:
                                cause = told_at - last_login[order]
                                heappush(heap, (told_at, cause, order * KINDS + RELEASE))
                        elif told_at + notice[order] < days:
                            heappush(heap, (told_at + notice[order], told_at, order * KINDS + PACK))
            elif kind <= DONE + RETURN:
                agents += 1
                if kind == DONE + RETURN and t + return_transit[order] < days:
                    heappush(heap, (t + return_transit[order], t, order * KINDS + INSPECT))
            else:
                packers += 1
                if kind == DONE + INSPECT:
                    if resold[order]:
                        _move(first_line[order], first_line[order + 1], product, pieces, 1, free, expected)
                elif refused[order] or returns[order]:
                    # The parcel comes back, either from the door or after some thought.
                    at_door = next_pickup(pickups, t) + transit[order]
                    if refused[order]:
                        back, asks = at_door + return_transit[order], INSPECT
                    else:
                        pause = thinking(plan.from_receipt, plan.cooling_off, moment[order], at_door)
                        back, asks = at_door + pause, RETURN
                    if back < days:
                        heappush(heap, (back, at_door, order * KINDS + asks))

            # Whoever is free takes up what waits longest.
            while agents > 0 and served < len(waiting_for_service):
                task = waiting_for_service[served]
                order, kind = task // KINDS, task % KINDS
                if kind == CHECK:
                    work = check[order]
                elif kind == ENQUIRY:
                    work = enquiry[order]
                else:
                    work = handling[order]
                ends = finish(opens, worked, shift, t, work)
                if tracing:
                    since[kind * orders + order], turn[kind * orders + order] = t, served
                if ends < days:
                    done[kind * orders + order] = ends
                    heappush(heap, (ends, t, task + DONE))
                served += 1
                agents -= 1
            while packers > 0 and packed < len(waiting_for_packers):
                task = waiting_for_packers[packed]
                order, kind = task // KINDS, task % KINDS
                if kind == PACK and not check_first:
                    # Not before all else of this moment: the shelf is looked at when the packer turns to it.
                    heappush(heap, (t, t, order * KINDS + GRANT))
                else:
                    ends = finish(
                        opens, worked, shift, t, packing[order] if kind == PACK else inspection[order]
                    )
                    if tracing:
                        since[kind * orders + order], turn[kind * orders + order] = t, packed
                    if ends < days:
                        done[kind * orders + order] = ends
                        heappush(heap, (ends, t, task + DONE))
                packed += 1
                packers -= 1
    return FINISHED, days, log
