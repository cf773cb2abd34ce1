"""The numbers that a figure tells are those of the run, reckoned here another way."""

from __future__ import annotations

import itertools
import math
import re
from functools import lru_cache

import numpy as np
import pytest

from simlib import figures
from simlib.errors import SafeShopError
from simlib.order_flow import PriceErrorResult, price_error_result
from simlib.panels.order_flow import run_with_price_error
from simlib.privacy import ONLINE, Field
from simlib.records import Run, Table
from tests.figures.drawn import bars, points, policies_of
from tests.shops import PLAIN, run_of, scenario, words

every_preset = pytest.mark.parametrize("preset", PLAIN)

READABLE = Field.NAME | Field.PHONE | Field.ADDRESS


def plain(number: float) -> str:
    """A number as the figures write it."""
    return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"


def as_said(days: float) -> str:
    """A time in the largest unit of which there is at least one."""
    for unit, length in (("days", 1), ("h", 1 / 24)):
        if days >= length:
            return f"{plain(round(days / length, 1))} {unit}"
    return f"{plain(round(days * 1440, 1))} min"


@lru_cache
def policies(preset: str) -> dict[str, Table]:
    return policies_of(run_of(preset))


def lying(copies: Table, places: tuple[str, ...], at: float, form: str) -> int:
    """Copies with name, phone or address, counted one by one."""
    count = 0
    for row in range(copies.rows):
        if (
            copies.words["place"][copies["place"][row]] in places
            and copies.words["form"][copies["form"][row]] == form
            and int(copies["fields"][row]) & int(READABLE)
            and copies["since"][row] <= at < copies["until"][row]
        ):
            count += 1
    return count


@every_preset
def test_the_funnel_tells_what_pandas_counts(preset: str) -> None:
    run = run_of(preset)
    orders = run.orders.pandas()
    traffic = run.traffic.pandas()
    counts = {
        "visits": traffic.visits.sum(),
        "carts": traffic.carts.sum(),
        "orders placed": len(orders),
        "confirmed": orders.confirmed.count(),
        "paid": orders.paid.count(),
        "delivered": orders.delivered.count(),
        "completed": (orders.state == "completed").sum(),
        "reviewed": orders.reviewed.count(),
    }
    ax = figures.shop_funnel(run)
    steps = ", ".join(f"{label} {count:,}" for label, count in counts.items())
    assert figures.alt_text(ax) == f"Bars that get shorter from visits to reviews: {steps}."
    share = 100 * len(orders) / traffic.visits.sum()
    assert figures.sentence(ax) == f"Of every 100 visits, {plain(round(share, 1))} end in an order."
    assert sorted(bar.get_width() for bar in bars(ax)) == sorted(counts.values())


@every_preset
def test_the_mean_days_of_each_stage_are_those_of_pandas(preset: str) -> None:
    run = run_of(preset)
    orders = run.orders.pandas()
    marks = ["placed", "confirmed", "seller_told", "packed", "picked_up", "delivered", "cooling_off_ended"]
    if preset == "hongkong-own-site":
        marks.remove("cooling_off_ended")
    means = [float((orders[end] - orders[begin]).mean()) for begin, end in itertools.pairwise(marks)]
    ax = figures.stage_days(run)
    told = figures.alt_text(ax).removeprefix("Bars with the mean time of each stage: ").removesuffix(".")
    assert [part.split(" ")[-2:] for part in told.split(", ")] == [as_said(mean).split(" ") for mean in means]
    completed = orders[orders.state == "completed"]
    total = float((completed.closed - completed.placed).mean())
    longest = told.split(", ")[int(np.argmax(means))].removesuffix(as_said(max(means))).strip()
    assert figures.sentence(ax) == (
        f"A completed order takes {as_said(total)} from click to completion; the longest stage is: {longest}."
    )


def test_without_a_completed_order_no_time_to_completion_is_told() -> None:
    from simlib.world import simulate

    ax = figures.stage_days(simulate(scenario("taiwan-gift-shop"), days=5, seed=1))
    assert figures.sentence(ax) == "No order was completed yet; the longest stage so far is: in transit."


@every_preset
def test_the_mean_number_under_way_is_the_time_spent_shared_by_the_days(preset: str) -> None:
    run = run_of(preset)
    begin, spent = run.days / 4, 0.0
    for placed, closed in zip(run.orders["placed"], run.orders["closed"], strict=True):
        end = run.days if math.isnan(closed) else closed
        spent += max(0.0, end - max(placed, begin))
    mean = round(spent / (run.days - begin))
    ax = figures.orders_under_way(run)
    rate = plain(scenario(preset).demand.orders_per_day)
    assert figures.sentence(ax) == f"With {rate} orders a day, {mean} orders are under way at any moment."
    assert figures.alt_text(ax) == f"A line that rises from 0, then swings around {mean} orders."
    times, counts = points(ax.lines[0])
    for t, count in list(zip(times, counts, strict=True))[::97]:
        waiting = (run.orders["placed"] <= t) & ~(run.orders["closed"] <= t)
        assert count == waiting.sum()


@every_preset
def test_payments_end_as_the_event_log_says(preset: str) -> None:
    run = run_of(preset)
    kinds, asked = words(run, "events", "kind"), run.events["order"]
    tries = [0] * run.orders.rows
    for kind, order in zip(kinds, asked, strict=True):
        tries[order] += kind == "authenticated"
    ends: dict[str, list[int]] = {method.name: [0, 0, 0] for method in run.scenario.payment.methods}
    paid = {order for kind, order in zip(kinds, asked, strict=True) if kind == "paid"}
    never = {
        order for kind, order in zip(kinds, asked, strict=True) if kind in ("given_up", "refused_at_door")
    }
    for order, method in enumerate(words(run, "orders", "payment_method")):
        if order in paid:
            ends[method][int(tries[order] > 1)] += 1
        elif order in never and run.orders["closed"][order] <= run.days:
            ends[method][2] += 1
    ax = figures.payment_outcomes(run)
    told = re.findall(r"([a-z ]+): first attempt (\d+), later (\d+), never (\d+)", figures.alt_text(ax))
    assert {name.strip().replace(" ", "-"): [int(n) for n in counts] for name, *counts in told} == ends
    total = sum(map(sum, ends.values()))
    assert figures.sentence(ax) == (
        f"{sum(end[2] for end in ends.values()):,} of the {total:,} orders whose payment has ended were never paid."
    )


@every_preset
@pytest.mark.parametrize("state", ["completed", "refunded", "open", "rejected", "unpaid"])
def test_the_life_of_an_order_is_told_as_it_went(preset: str, state: str) -> None:
    run = run_of(preset)
    found = np.flatnonzero(run.orders.where("state", state))
    if not found.size:
        pytest.skip(f"no {state} order in {preset}")
    order = int(found[len(found) // 2])
    ax = figures.order_timeline(run, order)
    closed, placed = (float(run.orders[name][order]) for name in ("closed", "placed"))
    if state == "open":
        assert figures.sentence(ax) == f"Order {order} was still under way when the run ended."
    else:
        over = as_said(closed - placed)
        assert figures.sentence(ax) == f"Order {order} was over {over} after it was placed."
    spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars(ax)]
    for (_begin, end), (begin, _end) in itertools.pairwise(spans):
        assert begin == pytest.approx(end, abs=1e-9)
    if state == "completed":
        assert spans[0][0] == 0
        assert spans[-1][1] == pytest.approx(closed - placed, abs=1e-9)


@pytest.mark.parametrize("order", [-1, 10**6])
def test_an_order_that_does_not_exist_is_refused_in_one_sentence(order: int) -> None:
    run = run_of("taiwan-gift-shop")
    with pytest.raises(SafeShopError) as wrong:
        figures.order_timeline(run, order)
    count = f"{run.orders.rows:,}"
    assert wrong.value.sentence == (f"The run has no order {order}: its {count} orders are numbered from 0.")


def test_a_wrong_price_is_told_with_orders_shipped_and_margin() -> None:
    shop = scenario("taiwan-gift-shop")
    runs = {
        mode: run_with_price_error(shop, "HAMPER-FESTIVE", 248, 8, 6, mode, 1)
        for mode in ("automatic", "check-first")
    }
    results = {mode: price_error_result(run) for mode, run in runs.items()}
    ax = figures.price_error_results(results, "TWD")
    parts = []
    for mode, run in runs.items():
        wrong = set()
        for line in range(run.lines.rows):
            product = run.scenario.catalogue[run.lines["product"][line]]
            if run.lines["unit_price"][line] != 100 * product.price:
                wrong.add(int(run.lines["order"][line]))
        shipped = sum(not math.isnan(run.orders["picked_up"][order]) for order in wrong)
        margin = plain(round(results[mode].margin))
        parts.append(f"{mode}: {len(wrong)} orders at the wrong price, {shipped} shipped, {margin} TWD")
    assert figures.sentence(ax) == "; ".join(parts) + "."
    assert figures.alt_text(ax) == f"Bars: {'; '.join(parts)}."
    assert [bar.get_width() for bar in bars(ax)][::-1] == [result.margin for result in results.values()]


@pytest.mark.parametrize("margins", [(-5.0, 3.0), (4000.0, 90.0), (0.0, 0.0), (-1.0, -2.0)])
def test_gain_and_loss_both_stay_within_the_axes(margins: tuple[float, float]) -> None:
    results = {str(margin): PriceErrorResult(1, 1, margin) for margin in margins}
    ax = figures.price_error_results(results, "TWD")
    low, high = ax.get_xlim()
    assert low < min(0, *margins)
    assert high > max(0, *margins)


@every_preset
def test_what_a_thief_would_find_is_counted_copy_by_copy(preset: str) -> None:
    run = run_of(preset)
    ax = figures.exposure_over_time(policies(preset), run.days)
    parts = "; ".join(
        f"{label}: {lying(copies, ONLINE, run.days, 'plain'):,} copies"
        for label, copies in policies(preset).items()
    )
    assert figures.sentence(ax) == f"On day {run.days} a thief could read: {parts}."
    assert figures.alt_text(ax) == f"One line a policy over {run.days} days. At the end: {parts}."
    for line, copies in zip(ax.lines, policies(preset).values(), strict=True):
        times, counts = points(line)
        middle = len(times) // 2
        assert counts[middle] == lying(copies, ONLINE, times[middle], "plain")


@every_preset
def test_each_place_has_a_bar_as_long_as_its_copies_are_many(preset: str) -> None:
    at = run_of(preset).days - 1
    ax = figures.copies_by_place(policies(preset), at)
    names = {"web shop": "shop", "marketplace": "platform", "ERP in the office": "erp"}
    names |= {
        "payment company": "payment_company",
        "courier": "courier",
        "offline vault (encrypted)": "vault",
    }
    handles, labels = ax.get_legend_handles_labels()
    shown = dict(zip(labels, handles, strict=True))
    assert ("marketplace" in shown) == (preset == "mainland-marketplace-store")
    assert ("web shop" in shown) != (preset == "mainland-marketplace-store")
    for name, place in names.items():
        for row, copies in enumerate(list(policies(preset).values())[::-1]):
            counted = lying(copies, (place,), at, "plain") + lying(copies, (place,), at, "encrypted")
            width = shown[name].patches[row].get_width() if name in shown else 0
            assert width == counted, (name, row)
    parts = "; ".join(
        f"{label}: {lying(copies, ONLINE, at, 'plain'):,} readable online"
        for label, copies in policies(preset).items()
    )
    assert figures.sentence(ax) == f"On day {at}: {parts}."


def test_days_online_tells_mean_and_share_over_the_claim() -> None:
    days = np.array([1.0, 9.0, 10.0, 12.0, 13.5, np.inf])
    ax = figures.days_online(days, 10.0)
    assert (
        figures.sentence(ax) == "Orders stayed online 9.1 days on average; 40 % of them longer than 10 days."
    )
    assert sum(bar.get_height() for bar in bars(ax)) == 5
    assert sorted(points(line)[0][0] for line in ax.lines) == [9.1, 10.0]


def test_days_online_without_an_order_that_left_says_that_it_does_not_know() -> None:
    ax = figures.days_online(np.array([np.inf]), 10.0)
    assert figures.sentence(ax) == "Orders stayed online – days on average; – % of them longer than 10 days."


@pytest.mark.parametrize(
    ("mean", "claim", "after_year", "years"), [(11.3, 0.999, "96.9", "31"), (3.65, 0.99, "99", "1")]
)
def test_history_out_of_reach_is_all_but_the_days_online(
    mean: float, claim: float, after_year: str, years: str
) -> None:
    ax = figures.history_protected(mean, claim, 10)
    assert figures.sentence(ax) == (
        f"After one year {after_year} % of all orders are out of reach; "
        f"{plain(100 * claim)} % would take {years} years."
    )
    at, share = points(ax.lines[0])
    assert share == pytest.approx([100 * (1 - mean / (365 * year)) for year in at])


def test_no_run_is_changed_by_being_drawn() -> None:
    run: Run = run_of("taiwan-gift-shop")
    before = {
        name: {column: content.tobytes() for column, content in table.items()}
        for name, table in run.tables.items()
    }
    figures.stage_days(run)
    figures.shop_funnel(run)
    figures.payment_outcomes(run)
    after = {
        name: {column: content.tobytes() for column, content in table.items()}
        for name, table in run.tables.items()
    }
    assert before == after
