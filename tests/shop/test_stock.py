from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.records import Run
from simlib.scenario import Scenario
from simlib.shop.stock import Stock
from simlib.world import World, simulate
from tests.shops import PRESETS, run_of, runs, scenario, scenarios, words


def leaves(run: Run) -> str:
    """The milestone at which goods leave the house."""
    return "delivered" if run.scenario.arrangement.trade == "O2O" else "picked_up"


def check_stock(run: Run) -> None:
    """The shelf holds what it held at the start and what came and went, never less than nothing."""
    movements = run.stock
    assert (np.diff(movements["t"]) >= 0).all()
    for position, product in enumerate(run.scenario.catalogue):
        moved = movements["pieces"][movements["product"] == position]
        shelf = product.stock + np.cumsum(moved)
        assert (shelf >= 0).all()
    shipped: dict[tuple[int, int], int] = {}
    returned: dict[tuple[int, int], int] = {}
    reasons = words(run, "stock", "reason")
    for row, reason in enumerate(reasons):
        order, product_code, pieces = (int(movements[name][row]) for name in ("order", "product", "pieces"))
        if reason == "delivered_by_supplier":
            assert order == -1
            assert 0 < pieces <= run.scenario.catalogue[product_code].reorder_up_to
            continue
        count = shipped if reason == "shipped" else returned
        count[order, product_code] = count.get((order, product_code), 0) + abs(pieces)
        assert (pieces < 0) == (reason == "shipped")
        t = movements["t"][row]
        begin = leaves(run) if reason == "shipped" else "closed"
        assert t == run.orders[begin][order]
    ordered: dict[tuple[int, int], int] = {}
    for row in range(run.lines.rows):
        order = int(run.lines["order"][row])
        if not np.isnan(run.orders[leaves(run)][order]):
            key = order, int(run.lines["product"][row])
            ordered[key] = ordered.get(key, 0) + int(run.lines["pieces"][row])
    assert shipped == ordered
    states = words(run, "orders", "state")
    for key, pieces in returned.items():
        assert pieces == shipped[key]
        assert states[key[0]] in ("refunded", "refused")


@pytest.mark.parametrize("preset", PRESETS)
def test_stock_is_conserved_in_every_preset(preset: str) -> None:
    check_stock(run_of(preset))


@given(runs())
@settings(max_examples=12)
def test_stock_is_conserved_in_any_shop(run: Run) -> None:
    check_stock(run)


@given(scenarios(), st.integers(1, 10), st.integers(0, 2**32))
@settings(max_examples=12)
def test_never_is_more_promised_than_lies_on_the_shelf(shop: Scenario, days: int, seed: int) -> None:
    kept: list[Stock] = []

    class Watched(Stock):
        def reserve(self, lines: list[tuple[int, int]]) -> None:  # type: ignore[override]
            super().reserve(lines)
            self.check()

        def ship(self, t: float, lines: list[tuple[int, int]], order: int) -> None:  # type: ignore[override]
            super().ship(t, lines, order)
            self.check()

        def release(self, lines: list[tuple[int, int]]) -> None:  # type: ignore[override]
            super().release(lines)
            self.check()

        def check(self) -> None:
            pieces = zip(self.reserved, self.on_hand, strict=True)
            assert all(0 <= reserved <= on_hand for reserved, on_hand in pieces)
            assert all(pieces >= 0 for pieces in self.on_order)

    with pytest.MonkeyPatch.context() as patch:

        def watched(on_hand: list[int]) -> Stock:
            kept.append(Watched(on_hand))
            return kept[-1]

        watched.REASONS = Stock.REASONS  # type: ignore[attr-defined]
        patch.setattr("simlib.world.Stock", watched)
        run = simulate(shop, days=days, seed=seed)
    (shelf,) = kept
    # At the end exactly the orders between their reservation and the courier's round hold a promise.
    promised = [0] * len(shelf.on_hand)
    begin = "confirmed" if shop.confirmation.mode == "check-first" else None
    begin = "offered" if shop.arrangement.mode == "contact-first" else begin
    for row in range(run.lines.rows):
        order = run.lines["order"][row]
        waiting = np.isnan(run.orders[leaves(run)][order]) and np.isnan(run.orders["closed"][order])
        if begin and waiting and not np.isnan(run.orders[begin][order]):
            promised[run.lines["product"][row]] += int(run.lines["pieces"][row])
    assert shelf.reserved == promised or begin is None
    for product, moved in enumerate(shelf.on_hand):
        at_start = shop.catalogue[product].stock
        assert moved == at_start + run.stock["pieces"][run.stock["product"] == product].sum()


def test_lost_pieces_never_come_back() -> None:
    run = simulate(scenario("taiwan-gift-shop").changed(logistics__loss=0.5), days=40, seed=1)
    check_stock(run)
    lost = np.flatnonzero(run.orders.where("state", "lost"))
    assert len(lost) > 100
    movements = run.stock
    of_lost = np.isin(movements["order"], lost)
    assert of_lost.sum() >= len(lost)
    assert {movements.words["reason"][code] for code in movements["reason"][of_lost]} == {"shipped"}
    ordered = run.lines["pieces"][np.isin(run.lines["order"], lost)].sum()
    assert movements["pieces"][of_lost].sum() == -ordered


def test_an_order_with_a_product_on_two_lines_needs_both_together() -> None:
    shelf = Stock([5])
    assert shelf.has([(0, 3), (0, 2)])
    assert not shelf.has([(0, 3), (0, 3)])
    shelf.reserve([(0, 3)])
    assert shelf.has([(0, 2)])
    assert not shelf.has([(0, 3)])


def test_the_shop_orders_up_to_its_level_once_and_counts_what_is_under_way() -> None:
    base = scenario("taiwan-gift-shop")
    article = base.catalogue[0].model_dump()
    article |= {"stock": 10, "reorder_point": 4, "reorder_up_to": 12, "lead_time_days": 2}
    world = World(base.changed(catalogue=[article]), 1, 1)
    for pieces, on_order in ((5, 0), (1, 8), (3, 8), (1, 8)):
        lines = [(0, pieces)]
        world.stock.reserve(lines)
        world.reorder(lines)
        assert world.stock.on_order == [on_order]


def test_goods_that_are_not_sold_out_at_the_start_arrive_only_when_the_stock_has_run_low() -> None:
    run = run_of("taiwan-gift-shop")
    supplied = run.stock.where("reason", "delivered_by_supplier")
    first = run.stock["t"][supplied].min()
    assert first > min(product.lead_time_days for product in run.scenario.catalogue)
