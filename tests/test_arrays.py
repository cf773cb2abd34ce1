"""Two engines, one truth: what the arrays say is what the simulated processes say, record for record."""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from simlib import arrays, world
from simlib.arrays import EXPRESSED, NotExpressedError, contention, normals, refused, simulate_arrays
from simlib.arrays.books import shares_of
from simlib.calendars import OpeningHours
from simlib.errors import SafeShopError
from simlib.payment.ledger import share_of
from simlib.records import MILESTONES, Run, Table
from simlib.scenario import Part, Scenario
from simlib.shop.customers import Customers, Draws, _rows_in_turn, customers, payment_page
from simlib.streams import TICK, stream, to_ticks
from simlib.world import simulate
from tests.shops import PRESETS, lengths, quiet_scenarios, scenario, seeds

IN_ORDER = ("orders", "lines", "members", "traffic")
"""Tables that agree row for row."""

QUIET = [preset for preset in PRESETS if not refused(scenario(preset))]
"""Presets that both engines know."""

AS_SETS = ("events", "postings", "stock")
"""Tables whose rows of one moment may stand in another order."""


@pytest.fixture(autouse=True, scope="module")
def compiled_loop() -> None:
    """What is compared here is the compiled loop, where numba is installed; one test compares it with Python's."""
    contention.compile_loop()


def first_difference(events: Run, arrays: Run) -> str:
    """The first order that differs, with all its milestones in both engines; empty if none does."""
    one, other = events.orders, arrays.orders
    if one.rows != other.rows:
        return f"{one.rows} orders in the events engine, {other.rows} in the arrays"
    unequal = np.zeros(one.rows, dtype=bool)
    for name in one:
        unequal |= ~((one[name] == other[name]) | ((one[name] != one[name]) & (other[name] != other[name])))
    if not unequal.any():
        return ""
    order = int(np.argmax(unequal))
    rows = [f"order {order} ({unequal.sum()} differ): milestone, events engine, arrays"]
    rows += [
        f"{name:>20} {one[name][order]!r:>28} {other[name][order]!r:>28}"
        for name in (
            "state",
            *sorted(MILESTONES, key=lambda name: float(np.nan_to_num(one[name][order], nan=1e9))),
        )
    ]
    return "\n".join(rows)


def as_set(table: Table) -> list[bytes]:
    """The rows in a fixed order, whatever order they stood in; transaction numbers only say what goes together."""
    columns = [table[name] for name in table if name != "transaction"]
    turn = np.lexsort(columns[::-1])
    return [column[turn].tobytes() + str(column.dtype).encode() for column in columns]


def check_transactions(postings: Table) -> None:
    """Every transaction sums to zero, at one moment, for one order."""
    number = postings["transaction"]
    assert (np.diff(number) >= 0).all()
    sums = np.zeros(int(number.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(sums, number, postings["amount"])
    assert not sums.any()
    same = number[1:] == number[:-1]
    for name in ("t", "kind", "order"):
        assert (postings[name][1:] == postings[name][:-1])[same].all(), name


def check_equal(shop: Scenario, days: int, seed: int) -> None:
    """Both engines leave the same records."""
    events, quick = simulate(shop, days=days, seed=seed), simulate_arrays(shop, days=days, seed=seed)
    difference = first_difference(events, quick)
    assert not difference, difference
    for name in IN_ORDER:
        assert quick.tables[name].same_as(events.tables[name]), name
    for name in AS_SETS:
        assert dict(quick.tables[name].words) == dict(events.tables[name].words), name
        assert list(quick.tables[name]) == list(events.tables[name]), name
        assert as_set(quick.tables[name]) == as_set(events.tables[name]), name
    check_transactions(quick.postings)


def check_equal_or_tied(shop: Scenario, days: int, seed: int) -> None:
    """Both engines leave the same records, unless two orders ask for the same at one moment and the arrays say so."""
    try:
        check_equal(shop, days, seed)
    except NotExpressedError as wrong:
        if "at the very same moment" not in wrong.sentence:
            raise
        reject()


@pytest.mark.parametrize("mode", ["check-first", "automatic"])
@pytest.mark.parametrize("preset", QUIET)
def test_presets_give_the_same_records_in_both_engines(preset: str, mode: str) -> None:
    check_equal(scenario(preset).changed(confirmation__mode=mode), 21, 3)


@given(quiet_scenarios(), lengths, seeds)
@settings(max_examples=60)
def test_any_shop_gives_the_same_records_in_both_engines(shop: Scenario, days: int, seed: int) -> None:
    check_equal_or_tied(shop, days, seed)


@pytest.mark.thorough
@given(quiet_scenarios(), lengths, seeds)
@settings(max_examples=1000)
def test_any_of_a_thousand_shops_gives_the_same_records(shop: Scenario, days: int, seed: int) -> None:
    check_equal_or_tied(shop, days, seed)


# ---------------------------------------------------------------------------------------------------------------
# ties

GRID = 1 / 32
"""Three quarters of an hour, in days: the only moments there are in the coarse world."""

TIMES = (
    "browsing checkout acknowledgement check pay_after seller_notice packing transit redirect authentication retry "
    "return_handling return_transit inspection enquiry_after enquiry_handling review_after"
).split()


def coarse(drawn: Customers) -> Customers:
    """The same customers in a world where everything happens every three quarters of an hour."""
    rough: dict[str, Any] = {name: np.ceil(getattr(drawn, name) / GRID) * GRID for name in TIMES}
    rough["visited"] = np.floor(drawn.visited / GRID) * GRID
    rough["return_moment"] = np.floor(drawn.return_moment * 16) / 16
    drawn = dataclasses.replace(drawn, **rough)
    turn = np.argsort(drawn.visited + drawn.browsing + drawn.checkout, kind="stable")
    pieces = np.diff(drawn.first_line)
    lines = _rows_in_turn(pieces, turn)
    turned = {
        field.name: getattr(drawn, field.name)[turn]
        for field in dataclasses.fields(drawn)
        if field.name not in ("members_joined", "first_line", "product", "pieces", "unit_price")
        and field.name not in ("visits", "carts", "checkouts")
    }
    ragged = {name: getattr(drawn, name)[lines] for name in ("product", "pieces", "unit_price")}
    first_line = np.concatenate(([0], np.cumsum(pieces[turn])))
    return dataclasses.replace(drawn, **turned, **ragged, first_line=first_line)


@pytest.fixture
def coarse_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both engines in the coarse world, full of ties."""

    def drawn(shop: Scenario, days: int, seed: int, fill: Any = None) -> Customers:
        return coarse(customers(shop, days, seed))

    monkeypatch.setattr(world, "customers", drawn)
    monkeypatch.setattr(arrays, "Draws", drawn)
    monkeypatch.setattr("simlib.arrays.books.customers", drawn)


def coarse_shop(number: int) -> Scenario:
    """A busy shop on those moments, another for each number."""
    pick = np.random.default_rng(number)

    def grid_time(most: int) -> dict[str, Any]:
        mean = int(pick.integers(1, most + 1)) * GRID
        return {"mean": mean, "unit": "days", "spread": float(pick.choice([0.0, 0.0, 0.5]))}

    base = scenario("taiwan-gift-shop")
    few = [
        product.model_dump() | {"stock": 12, "reorder_point": 8, "reorder_up_to": 20, "lead_time_days": 1.5}
        for product in base.catalogue[:3]
    ]
    methods = [
        method.model_dump()
        | {"pay_after": grid_time(2), "redirect": grid_time(1), "authentication": grid_time(1), "fail": 0.3}
        for method in base.payment.methods
    ]
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return base.changed(
        catalogue=few if number % 2 else base.catalogue,
        demand__orders_per_day=12.0,
        demand__browsing=grid_time(1),
        demand__checkout=grid_time(1),
        confirmation__mode="check-first" if number % 3 else "automatic",
        confirmation__acknowledgement=grid_time(1),
        confirmation__check=grid_time(1),
        payment__methods=methods,
        payment__retry_after=grid_time(2),
        payment__seller_notice=grid_time(1),
        staff={
            "packers": int(pick.integers(1, 4)),
            "packing": grid_time(2),
            "service_agents": int(pick.integers(1, 4)),
            "hours": {"opens": "09:00", "closes": "19:30", "days": days},
        },
        logistics__pickup={"time": "17:15", "days": days},
        logistics__transit=grid_time(40),
        logistics__return_transit=grid_time(40),
        cooling_off={"days": 0.5, "runs_from": "receipt", "basis": "statute"},
        returns={"share": 0.5, "handling": grid_time(2), "inspection": grid_time(2), "resellable": 0.5},
        enquiries={"share": 0.6, "after": grid_time(20), "handling": grid_time(1)},
    )


def compare_coarse(numbers: range) -> int:
    """Compare coarse shops; how many of them the arrays refuse because a tie cannot be told."""
    refusals = 0
    for number in numbers:
        try:
            check_equal(coarse_shop(number), 14, number)
        except NotExpressedError:
            refusals += 1
    return refusals


@pytest.mark.usefixtures("coarse_world")
def test_ties_are_told_as_the_events_engine_tells_them_or_not_at_all() -> None:
    # In this world nearly every moment is a tie. About half the shops come to one that lineages cannot tell.
    assert compare_coarse(range(20)) <= 14


@pytest.mark.thorough
@pytest.mark.usefixtures("coarse_world")
def test_hundreds_of_coarse_shops_agree_or_are_refused() -> None:
    assert compare_coarse(range(400)) <= 280


@pytest.mark.usefixtures("coarse_world")
def test_without_lineages_ties_would_be_told_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    # A planted error: ties go by order number. If the comparison above did not see it, it would prove nothing.
    monkeypatch.setattr(contention, "expect", lambda _orders: None)
    monkeypatch.setattr(contention, "contend", _by_number(contention.contend))
    with pytest.raises(AssertionError, match=r"order \d+ \(\d+ differ\): milestone, events engine, arrays"):
        compare_coarse(range(20))


def _by_number(contend: Any) -> Any:
    def wrong(plan: Any, past: Any, *rest: Any) -> Any:
        same = [0.0] * len(past.placed) if isinstance(past.placed, list) else np.zeros_like(past.placed)
        return contend(
            plan, past._replace(placed=same, carted=same, visited=same, visited_before=same), *rest
        )

    return wrong


def test_a_planted_error_is_found_and_shown_with_all_milestones(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(flow: Any) -> Any:
        reached = milestones(flow)
        reached["delivered"][17] += 2.0**-20
        return reached

    milestones = arrays._milestones
    monkeypatch.setattr(arrays, "_milestones", late)
    with pytest.raises(AssertionError) as found:
        check_equal(scenario("hongkong-own-site"), 20, 1)
    told = str(found.value)
    assert told.startswith("order 17 (1 differ): milestone, events engine, arrays")
    assert all(name in told for name in MILESTONES)


class Agenda:
    """Events to come, kept twice: as the engine keeps them, and by heapq."""

    def __init__(self) -> None:
        self.engine, self.known = contention.agenda_for(10_000), list[tuple[float, float, int]]()
        self.size = contention._none(self.engine)

    def push(self, t: float, cause: float, event: int) -> None:
        """Add an event to both."""
        self.size = contention._push(self.engine, self.size, t, cause, event)
        heapq.heappush(self.known, (t, cause, event))

    def pop(self) -> None:
        """Take the soonest from both; it is the same."""
        assert contention._soonest(self.engine) == self.known[0][:2]
        assert contention._pop(self.engine, self.size) == heapq.heappop(self.known)[2]
        self.size -= 1


moments = st.integers(0, 9).map(float)


@given(
    st.lists(st.one_of(st.tuples(moments, moments, st.integers(0, 200)), st.integers(1, 40)), max_size=300)
)
@settings(max_examples=100)
def test_the_agenda_gives_its_events_in_order_twins_too(steps: list[Any]) -> None:
    agenda = Agenda()
    for step in steps:
        if isinstance(step, tuple):
            agenda.push(*step)
        else:
            for _taken in range(min(step, len(agenda.known))):
                agenda.pop()


def test_the_agenda_gives_its_events_in_order_however_few_or_many_lie_in_its_heap() -> None:
    half = contention.ROW // 2
    for many in range(1, 3 * contention.ROW):
        for taken in range(0, many, half):
            agenda = Agenda()
            for t in range(many):
                agenda.push(t, t - 1, t)
            for _number in range(taken):
                agenda.pop()
            # Then one comes after all that wait, and one in their middle.
            agenda.push(2 * many, 0, many)
            agenda.push((taken + many) / 2, 0, many + 1)
            while agenda.known:
                agenda.pop()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["check-first", "automatic"])
def test_a_shop_with_hundreds_of_orders_under_way_gives_the_same_records_in_both_engines(mode: str) -> None:
    shop = scenario("taiwan-gift-shop").changed(
        confirmation__mode=mode,
        demand__orders_per_day=300,
        staff__packers=8,
        staff__service_agents=4,
        catalogue=[item.model_dump() | {"stock": 400} for item in scenario("taiwan-gift-shop").catalogue],
    )
    check_equal(shop, 9, 3)


# ---------------------------------------------------------------------------------------------------------------
# what is refused


def test_instant_restocking_is_refused_by_name() -> None:
    base = scenario("hongkong-own-site")
    quick = base.catalogue[0].model_dump() | {"lead_time_days": 1e-7}
    with pytest.raises(NotExpressedError) as wrong:
        simulate_arrays(base.changed(catalogue=[quick]), days=3, seed=1)
    assert wrong.value.sentence == (
        "The array engine cannot express a supplier who delivers within the same moment (lead_time_days below 0.1 "
        "second); use the events engine."
    )


def test_a_field_that_the_arrays_do_not_know_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = EXPRESSED["Staff"] - {"packers"}
    monkeypatch.setattr(arrays, "EXPRESSED", {**EXPRESSED, "Staff": known})
    arrays._to_look_at.cache_clear()
    try:
        assert refused(scenario("hongkong-own-site")) == ["the field staff.packers"]
    finally:
        monkeypatch.undo()
        arrays._to_look_at.cache_clear()
    assert refused(scenario("hongkong-own-site")) == []


AFTER_OR_ONLY_UNDER_ATTACK = {"Retention", "Defence", "Backup", "Response", "Attack", "Attackers"}
"""Parts that decide over nothing in a quiet run."""


def test_every_part_that_decides_over_orders_is_listed() -> None:
    parts = {part.__name__ for part in Part.__subclasses__() if part.__module__ == "simlib.scenario"}
    assert parts - AFTER_OR_ONLY_UNDER_ATTACK == set(EXPRESSED)


@pytest.mark.parametrize(
    ("days", "seed", "sentence"),
    [
        (0, 1, "days must be a whole number from 1 to 36525, not 0."),
        (2.5, 1, "days must be a whole number from 1 to 36525, not 2.5."),
        (3, -1, "seed must be a whole number from 0 to 9223372036854775807, not -1."),
    ],
)
def test_wrong_lengths_and_seeds_get_the_same_sentence_from_both_engines(
    days: Any, seed: int, sentence: str
) -> None:
    for engine in (simulate, simulate_arrays):
        with pytest.raises(SafeShopError) as wrong:
            engine(scenario("hongkong-own-site"), days=days, seed=seed)
        assert wrong.value.sentence == sentence


# ---------------------------------------------------------------------------------------------------------------
# how it is done

DRAWN = "edb61e9bbd0c8ec43cce2bb34ee49dcc912e78e332524ec863a790d5440c5cb7"
"""Fingerprint of 40 days of customers of the Taiwanese gift shop, taken before drawing was made faster."""


DRAWN_SINCE = (
    "offer",
    "decision",
    "deals",
    "fulfilment",
    "store_visit",
    "lost",
    "disputes",
    "dispute_lasts",
    "dispute_settles",
    "dispute_outcome",
    "visibility",
    "charged_back",
    "chargeback_after",
)
"""What customers bring since the world knows more than plain sales."""


def test_customers_are_drawn_as_they_always_were() -> None:
    drawn = customers(scenario("taiwan-gift-shop"), 40, 1)
    digest = hashlib.sha256()
    for field in dataclasses.fields(drawn):
        if field.name not in DRAWN_SINCE:
            content = np.ascontiguousarray(getattr(drawn, field.name))
            for part in (field.name, str(content.dtype), str(content.shape)):
                digest.update(part.encode())
            digest.update(content.tobytes())
    assert digest.hexdigest() == DRAWN


@given(quiet_scenarios(), lengths, seeds)
@settings(max_examples=20)
def test_the_sums_of_attempts_are_those_of_the_single_attempts(shop: Scenario, days: int, seed: int) -> None:
    drawn = customers(shop, days, seed)
    single, sums = payment_page(shop, drawn), Draws(shop, days, seed).page
    for field in dataclasses.fields(single):
        assert (getattr(single, field.name) == getattr(sums, field.name)).all(), field.name
    # Both share code; so attempt by attempt as well.
    for order, number in enumerate(drawn.method):
        method = shop.payment.methods[number]
        made, paid, opened, ended, login = 0, False, 0.0, 0.0, 0.0
        while not method.on_delivery and made < method.attempts and not paid:
            ended += drawn.retry[order, made - 1] if made else drawn.pay_after[order]
            ended += drawn.redirect[order, made]
            opened = opened if made else ended
            login = drawn.authentication[order, made]
            ended += login
            paid = drawn.attempt[order, made] >= method.fail
            made += 1
        assert (sums.attempts[order], sums.paid[order]) == (made, paid)
        assert (sums.opened[order], sums.ended[order], sums.last_login[order]) == (opened, ended, login)


@pytest.mark.parametrize("share", [0.0, 0.028, 0.5, 1.0, 0.1234567890123456789])
def test_shares_of_amounts_are_rounded_as_in_the_ledger(share: float) -> None:
    amounts = np.array([0, 1, 2, 3, 25, 75, 125, 99_999, 123_456_789, 10**13])
    assert shares_of(amounts, share).tolist() == [share_of(int(amount), share) for amount in amounts]


@pytest.mark.slow
def test_the_loop_says_the_same_compiled_and_not_compiled(root: Path) -> None:
    code = (
        "import hashlib; from simlib.arrays import contention, simulate_arrays; from simlib.scenario import Scenario\n"
        "contention.compile_loop()\n"
        "run = simulate_arrays(Scenario.load('taiwan-gift-shop'), days=200, seed=5)\n"
        "print(contention.COMPILED, *(hashlib.sha256(c.tobytes()).hexdigest() for c in run.orders.values()))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"NUMBA_DISABLE_JIT": off},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for off in ("0", "1")
    ]
    assert (told[0][0], told[1][0]) == ("True", "False")
    assert told[0][1:] == told[1][1:]


@pytest.mark.parametrize("shape", [(20_000,), (4_000, 5)])
def test_compiled_normals_are_those_of_numpy(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "COMPILED", True)
    ours, theirs = stream(7, "packing"), stream(7, "packing")
    filled = np.empty(shape)
    normals.fill(ours, filled)
    assert filled.tobytes() == theirs.standard_normal(shape).tobytes()
    # And both streams stand at the same place afterwards.
    assert ours.random() == theirs.random()


def test_no_run_draws_from_a_stream_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    # A run that starts over, or reads an array a second time, would.
    opened: list[tuple[str, int]] = []

    def watched(seed: int, purpose: str, branch: int = 0) -> np.random.Generator:
        opened.append((purpose, branch))
        return stream(seed, purpose, branch)

    monkeypatch.setattr("simlib.shop.customers.stream", watched)
    simulate_arrays(scenario("taiwan-gift-shop"), days=20, seed=1)
    assert len(opened) > 20
    assert sorted(opened) == sorted(set(opened))


def test_the_loop_knows_the_same_working_hours_as_the_calendar() -> None:
    shop, pick = scenario("taiwan-gift-shop"), np.random.default_rng(3)
    hours = OpeningHours(shop.staff.hours, shop.start)
    openings = hours.until(60)
    # Also exactly at openings and closings, and with work that fills a shift to its end.
    begun = np.concatenate((to_ticks(pick.random(400) * 60), openings[1:40] + hours.shift, openings[1:40]))
    work = np.concatenate((to_ticks(pick.exponential(0.4, len(begun) - 20) + TICK), np.full(20, hours.shift)))
    # Begun at closing time: then whole shifts are left for the days after.
    work[400:420], work[420:430] = hours.shift, 2 * hours.shift
    for t, each in zip(begun.tolist(), work.tolist(), strict=True):
        day = int(np.searchsorted(openings, t, side="right")) - 1
        ends = contention.finish(openings, hours.shift, day, t, each)
        assert ends == hours.finish(t, each) or (ends == np.inf and hours.finish(t, each) > 60)


def test_a_few_runs_do_not_fetch_numba_and_many_orders_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(contention, "COMPILED", False)
    monkeypatch.setattr(contention, "_expected", 0)
    monkeypatch.setattr(contention, "WORTH_COMPILED_CODE", 50_000)
    monkeypatch.setattr(contention, "compile_loop", lambda: asked.append(contention._expected))
    for orders in (600, 20_000, 29_000, 400):
        contention.expect(orders)
    assert asked == [50_000]
