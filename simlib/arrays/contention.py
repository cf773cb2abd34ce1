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
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from simlib.calendars import WEEK
from simlib.streams import TICK

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    import numba

    COMPILED: bool = not numba.config.DISABLE_JIT
    """Whether the loop runs compiled."""
except ImportError:
    COMPILED = False


def compiled(function: Function) -> Function:
    """Let numba compile a function, where it is installed."""
    if not COMPILED:
        return function
    translated: Function = numba.njit(cache=True)(function)
    return translated


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
    placed, acknowledged, enquired
        Moments of each order.
    online, paid, attempts, pay_ends, last_login, notice
        Whether it is paid on a payment page, whether that succeeds, after how many attempts, how long after
        the confirmation; the last authentication; until the seller is told.
    visited, visited_before, carted, redirect, authentication, retry
        What lineages are made of, further back: moments (`visited_before` is the arrival before an order's
        own), and times of the single attempts to pay. Empty when not given.
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
    placed: Any
    acknowledged: Any
    enquired: Any
    online: Any
    paid: Any
    attempts: Any
    pay_ends: Any
    last_login: Any
    notice: Any
    visited: Any
    visited_before: Any
    carted: Any
    redirect: Any
    authentication: Any
    retry: Any
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
    """What the loop finds out: one entry an order, moments in days (``inf``: not within the run).

    Attributes
    ----------
    checked, packed, handled, inspected, answered
        When each kind of work on it is done.
    checked_from, packed_from, handled_from, inspected_from
        When somebody took it up.
    check_turn, pack_turn, handle_turn, inspect_turn
        Its number in the queue.
    fate
        `FLOWS`, `REJECTED` or `OUT_OF_STOCK`.
    """

    checked: Any
    packed: Any
    handled: Any
    inspected: Any
    answered: Any
    checked_from: Any
    packed_from: Any
    handled_from: Any
    inspected_from: Any
    check_turn: Any
    pack_turn: Any
    handle_turn: Any
    inspect_turn: Any
    fate: Any


# ---------------------------------------------------------------------------------------------------------------
# calendars, number by number


@compiled
def finish(plan: Any, t: float, work: float) -> float:
    """When a task begun at `t` is done (`OpeningHours.finish`)."""
    opens, worked, shift = plan.opens, plan.worked, plan.shift
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
    return weeks * WEEK + opens[day] + (over - worked[day])


@compiled
def next_pickup(plan: Any, t: float) -> float:
    """The courier's first round at or after `t` (`WeeklyClock.next`)."""
    week = math.floor(t / WEEK)
    rest = t - week * WEEK
    for moment in plan.pickups:
        if rest <= moment:
            return week * WEEK + moment
    return (week + 1) * WEEK + plan.pickups[0]


@compiled
def thinking(plan: Any, order: int, delivered: float) -> float:
    """How long the buyer keeps goods that he sends back."""
    begins = delivered if plan.from_receipt else math.floor(delivered) + 1.0
    days = plan.moment[order] * (begins + plan.cooling_off - delivered)
    return np.rint(days / TICK) * TICK


# ---------------------------------------------------------------------------------------------------------------
# lineages


@compiled
def _from_cart(plan: Any, order: int, moments: Any, n: int) -> int:
    moments[n] = plan.placed[order]
    moments[n + 1] = plan.carted[order]
    moments[n + 2] = plan.visited[order]
    moments[n + 3] = plan.visited_before[order]
    return n + 4


@compiled
def _from_desk(done: float, since: float, moments: Any, n: int) -> int:
    moments[n] = done
    moments[n + 1] = since
    # The desk was handed out within the moment in which it was taken.
    moments[n + 2] = since
    return n + 3


@compiled
def _from_confirmation(plan: Any, found: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    if plan.check_first:
        n = _from_desk(found.checked[order], found.checked_from[order], moments, n)
        return n, SERVICE, found.check_turn[order]
    moments[n] = plan.acknowledged[order]
    return _from_cart(plan, order, moments, n + 1), ARRIVALS, 2 * order


@compiled
def _from_page(plan: Any, found: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    """From the end of the last attempt to pay, which is the next moment."""
    t = plan.acknowledged[order]
    if plan.check_first:
        t = found.checked[order]
    t += plan.pay_ends[order]
    for attempt in range(plan.attempts[order] - 1, -1, -1):
        moments[n] = t
        t -= plan.authentication[order][attempt]
        moments[n + 1] = t
        t -= plan.redirect[order][attempt]
        moments[n + 2] = t
        n += 3
        if attempt > 0:
            t -= plan.retry[order][attempt - 1]
    return _from_confirmation(plan, found, order, moments, n)


@compiled
def _from_packing(found: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    n = _from_desk(found.packed[order], found.packed_from[order], moments, n)
    return n, PACKERS, found.pack_turn[order]


@compiled
def _from_door(plan: Any, found: Any, order: int, moments: Any, n: int) -> tuple[int, int, int]:
    picked_up = next_pickup(plan, found.packed[order])
    moments[n] = picked_up + plan.transit[order]
    moments[n + 1] = picked_up
    return _from_packing(found, order, moments, n + 2)


@compiled
def lineage(plan: Any, found: Any, log: Any, t: float, event: int, moments: Any) -> tuple[int, int, int]:
    """The moments of an event and of its causes, newest first.

    Returns
    -------
    length, origin, turn
        Moments written; where the lineage ends; the place in the row there.
    """
    order, kind = event // KINDS, event % KINDS
    moments[0] = t
    if kind == CHECK:
        return _from_cart(plan, order, moments, 1), ARRIVALS, 2 * order
    if kind == ENQUIRY:
        # Begun by the same event as the acknowledgement, and after it.
        return _from_cart(plan, order, moments, 1), ARRIVALS, 2 * order + 1
    if kind == RETURN:
        return _from_door(plan, found, order, moments, 1)
    if kind == PACK:
        if plan.online[order]:
            return _from_page(plan, found, order, moments, 1)
        return _from_confirmation(plan, found, order, moments, 1)
    if kind == INSPECT:
        if plan.refused[order]:
            return _from_door(plan, found, order, moments, 1)
        n = _from_desk(found.handled[order], found.handled_from[order], moments, 1)
        return n, SERVICE, found.handle_turn[order]
    if kind == DONE + CHECK:
        return _from_confirmation(plan, found, order, moments, 0)
    if kind == DONE + INSPECT:
        n = _from_desk(found.inspected[order], found.inspected_from[order], moments, 0)
        return n, PACKERS, found.inspect_turn[order]
    if kind == RELEASE:
        return _from_page(plan, found, order, moments, 0)
    if kind == RESTOCK:
        if log[order][3] < 0:
            return 1, ARRIVALS, -1
        return _from_confirmation(plan, found, log[order][3], moments, 1)
    # A packer is given the order within this very moment.
    moments[1] = t
    return 2, PACKERS, found.pack_turn[order]


@compiled
def _concerns(plan: Any, kind: int) -> int:
    if kind <= RETURN:
        return AT_SERVICE
    if kind <= INSPECT:
        return AT_PACKERS
    # Without a check the shelf is looked at when a desk is given out, after all else of that moment.
    if kind == GRANT or (plan.check_first and kind in (DONE + CHECK, DONE + INSPECT, RESTOCK, RELEASE)):
        return AT_SHELF
    return NOWHERE


@compiled
def _before(plan: Any, found: Any, log: Any, t: float, one: int, other: int, a: Any, b: Any) -> tuple[bool, int]:
    """Whether SimPy handles event `one` before `other`, both at `t`; and whether that could be told."""
    here, there = _concerns(plan, one % KINDS), _concerns(plan, other % KINDS)
    if here != there or here == NOWHERE:
        return (here, one) < (there, other), FINISHED
    if len(plan.visited_before) == 0:
        return False, LINEAGE_NEEDED
    length_a, origin_a, turn_a = lineage(plan, found, log, t, one, a)
    length_b, origin_b, turn_b = lineage(plan, found, log, t, other, b)
    for i in range(min(length_a, length_b)):
        if a[i] != b[i]:
            return a[i] < b[i], FINISHED
    if length_a != length_b or origin_a != origin_b:
        return False, UNDECIDED
    return turn_a < turn_b, FINISHED


@compiled
def _in_turn(plan: Any, found: Any, log: Any, t: float, batch: Any, a: Any, b: Any) -> int:
    """Put events of one moment and one cause's moment in order, by insertion."""
    for i in range(1, len(batch)):
        event = batch[i]
        j = i
        while j > 0:
            earlier, told = _before(plan, found, log, t, event, batch[j - 1], a, b)
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
def _on_shelf(plan: Any, order: int, free: Any) -> bool:
    """Whether enough unpromised pieces lie on the shelf for all lines of an order together."""
    first, last = plan.first_line[order], plan.first_line[order + 1]
    for line in range(first, last):
        wanted = 0
        for other in range(first, last):
            if plan.product[other] == plan.product[line]:
                wanted += plan.pieces[other]
        if free[plan.product[line]] < wanted:
            return False
    return True


@compiled
def _move(plan: Any, order: int, sign: int, free: Any, expected: Any) -> None:
    """Pieces of an order are promised (−1), or come back (+1)."""
    for line in range(plan.first_line[order], plan.first_line[order + 1]):
        free[plan.product[line]] += sign * plan.pieces[line]
        expected[plan.product[line]] += sign * plan.pieces[line]


@compiled
def _reorder(plan: Any, now: float, order: int, expected: Any, heap: Any, log: Any) -> None:
    """Order from the supplier what has run low after an order's lines were promised."""
    for line in range(plan.first_line[order], plan.first_line[order + 1]):
        product = plan.product[line]
        if expected[product] <= plan.reorder_point[product]:
            pieces = plan.reorder_up_to[product] - expected[product]
            expected[product] += pieces
            arrives = now + plan.lead[product]
            log.append((arrives, product, pieces, order))
            if arrives < plan.days:
                heappush(heap, (arrives, now, (len(log) - 1) * KINDS + RESTOCK))


# ---------------------------------------------------------------------------------------------------------------
# the loop


@compiled
def _after_check(plan: Any, found: Any, order: int, t: float, heap: Any) -> None:
    """An order is confirmed: what it asks for next, and when."""
    if plan.online[order]:
        decided = t + plan.pay_ends[order]
        if not plan.paid[order]:
            if decided < plan.days:
                heappush(heap, (decided, decided - plan.last_login[order], order * KINDS + RELEASE))
            return
        t = decided
    told = t + plan.notice[order]
    if told < plan.days:
        heappush(heap, (told, t, order * KINDS + PACK))


@compiled
def _after_packing(plan: Any, order: int, t: float, heap: Any) -> None:
    """A parcel is packed: whether it comes back, and when."""
    if not (plan.refused[order] or plan.returns[order]):
        return
    delivered = next_pickup(plan, t) + plan.transit[order]
    if plan.refused[order]:
        back, kind = delivered + plan.return_transit[order], INSPECT
    else:
        back, kind = delivered + thinking(plan, order, delivered), RETURN
    if back < plan.days:
        heappush(heap, (back, delivered, order * KINDS + kind))


@compiled
def _take_up(plan: Any, found: Any, order: int, kind: int, turn: int, t: float, heap: Any) -> None:
    """Somebody takes up a piece of work."""
    if kind == CHECK:
        done = finish(plan, t, plan.check[order])
        found.checked_from[order], found.check_turn[order] = t, turn
        if done < plan.days:
            found.checked[order] = done
    elif kind == ENQUIRY:
        done = finish(plan, t, plan.enquiry[order])
        if done < plan.days:
            found.answered[order] = done
    elif kind == RETURN:
        done = finish(plan, t, plan.handling[order])
        found.handled_from[order], found.handle_turn[order] = t, turn
        if done < plan.days:
            found.handled[order] = done
    elif kind == PACK:
        done = finish(plan, t, plan.packing[order])
        found.packed_from[order], found.pack_turn[order] = t, turn
        if done < plan.days:
            found.packed[order] = done
    else:
        done = finish(plan, t, plan.inspection[order])
        found.inspected_from[order], found.inspect_turn[order] = t, turn
        if done < plan.days:
            found.inspected[order] = done
    if done < plan.days:
        heappush(heap, (done, t, order * KINDS + DONE + kind))


@compiled
def contend(plan: Any, found: Any, first_t: Any, first_cause: Any, first_event: Any) -> tuple[int, float, Any]:
    """Work through all that orders contend for.

    Parameters
    ----------
    plan
        A `Plan`.
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
    heap = [(0.0, 0.0, 0)]
    heap.pop()
    log = [(0.0, 0, 0, 0)]
    batch = [0]
    waiting = ([0], [0])
    head = [1, 1]
    idle = [plan.agents, plan.packers]
    free = [0 for _product in plan.stock]
    expected = [0 for _product in plan.stock]
    a, b = np.empty(DEEPEST), np.empty(DEEPEST)
    for product in range(len(plan.stock)):
        free[product] = expected[product] = plan.stock[product]
        if expected[product] <= plan.reorder_point[product]:
            pieces = plan.reorder_up_to[product] - expected[product]
            expected[product] += pieces
            log.append((plan.lead[product], product, pieces, -1))
            if plan.lead[product] < plan.days:
                heappush(heap, (plan.lead[product], 0.0, (len(log) - 1) * KINDS + RESTOCK))

    at, last = 0, len(first_t)
    while at < last or len(heap) > 0:
        # All events of this moment whose causes are of one moment as well.
        batch.clear()
        from_row = at < last
        if from_row and len(heap) > 0:
            from_row = (first_t[at], first_cause[at]) <= (heap[0][0], heap[0][1])
        if from_row:
            t, cause = first_t[at], first_cause[at]
        else:
            t, cause = heap[0][0], heap[0][1]
        while at < last and first_t[at] == t and first_cause[at] == cause:
            batch.append(first_event[at])
            at += 1
        while len(heap) > 0 and heap[0][0] == t and heap[0][1] == cause:
            batch.append(heappop(heap)[2])
        if len(batch) > 1:
            told = _in_turn(plan, found, log, t, batch, a, b)
            if told != FINISHED:
                return told, t, log

        for event in batch:
            order, kind = event // KINDS, event % KINDS
            freed = -1
            if kind < DONE:
                team = 0 if kind <= RETURN else 1
                if kind == PACK:
                    found.pack_turn[order] = len(waiting[1]) - 1
                waiting[team].append(event)
                freed = team
            elif kind == RESTOCK:
                free[log[order][1]] += log[order][2]
            elif kind == RELEASE:
                _move(plan, order, 1, free, expected)
            elif kind == GRANT:
                if _on_shelf(plan, order, free):
                    _move(plan, order, -1, free, expected)
                    _reorder(plan, t, order, expected, heap, log)
                    _take_up(plan, found, order, PACK, found.pack_turn[order], t, heap)
                else:
                    found.packed_from[order] = t
                    found.fate[order] = OUT_OF_STOCK
                    idle[1] += 1
                    freed = 1
            else:
                freed = 0 if kind <= DONE + RETURN else 1
                idle[freed] += 1
                if kind == DONE + CHECK:
                    if plan.mispriced[order] or not _on_shelf(plan, order, free):
                        found.fate[order] = REJECTED
                    else:
                        _move(plan, order, -1, free, expected)
                        _reorder(plan, t, order, expected, heap, log)
                        _after_check(plan, found, order, t, heap)
                elif kind == DONE + RETURN:
                    back = t + plan.return_transit[order]
                    if back < plan.days:
                        heappush(heap, (back, t, order * KINDS + INSPECT))
                elif kind == DONE + PACK:
                    _after_packing(plan, order, t, heap)
                elif kind == DONE + INSPECT and plan.resold[order]:
                    _move(plan, order, 1, free, expected)
            # A desk is free or somebody has come: the next in the queue is served.
            while freed >= 0 and idle[freed] > 0 and head[freed] < len(waiting[freed]):
                task = waiting[freed][head[freed]]
                turn = head[freed] - 1
                head[freed] += 1
                idle[freed] -= 1
                if task % KINDS == PACK and not plan.check_first:
                    heappush(heap, (t, t, (task // KINDS) * KINDS + GRANT))
                else:
                    _take_up(plan, found, task // KINDS, task % KINDS, turn, t, heap)
    return FINISHED, plan.days, log
