"""Shops to prove the model on: the presets, and any small shop that a scenario may describe."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simlib.records import Run
from simlib.scenario import WEEKDAYS, Retention, Scenario, presets
from simlib.world import simulate

PRESETS = presets()
"""Names of all presets."""

DAYS = 60
"""Length of the presets' runs: long enough for orders to end in every way."""

COMPANIES = ("payment_company", "escrow", "courier_cash")
"""Accounts of those who hold other people's money."""


@lru_cache
def scenario(name: str) -> Scenario:
    """A preset."""
    return Scenario.load(name)


@lru_cache
def run_of(name: str, days: int = DAYS, seed: int = 1) -> Run:
    """A run of a preset, simulated once for all tests."""
    return simulate(scenario(name), days=days, seed=seed)


def clock(draw: Any) -> str:
    """A time of day, often midnight or the last minute."""
    minute = draw(st.sampled_from([0, 1439]) | st.integers(0, 1439))
    return f"{minute // 60:02d}:{minute % 60:02d}"


def some_days(draw: Any) -> tuple[str, ...]:
    """Some days of the week, in any order, perhaps one of them twice."""
    return tuple(draw(st.just(WEEKDAYS) | st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7)))


shares = st.sampled_from([0.3, 0.7, 0.0, 1.0])
"""A share, sometimes none or all."""

spreads = st.sampled_from([0.0, 0.3, 2.0])
"""Coefficients of variation."""


def duration(draw: Any, most_days: float) -> dict[str, Any]:
    """A time of at most so many days on average."""
    return {
        "mean": draw(st.sampled_from([1e-5, most_days / 20, most_days / 3, most_days])),
        "unit": "days",
        "spread": draw(spreads),
    }


def product(draw: Any, number: int) -> dict[str, Any]:
    """An article of which there are few."""
    point = draw(st.integers(0, 6))
    return {
        "sku": f"SKU-{number}",
        "name": f"Article {number}",
        "price": f"{draw(st.integers(0, 100_000)) / 100:.2f}",
        "unit_cost": f"{draw(st.integers(0, 50_000)) / 100:.2f}",
        "popularity": draw(st.floats(0.1, 10)),
        "stock": draw(st.sampled_from([0, 5, 40, 1000])),
        "reorder_point": point,
        "reorder_up_to": point + draw(st.integers(1, 40)),
        "lead_time_days": draw(st.floats(0.1, 5)),
    }


def payment_method(draw: Any, name: str) -> dict[str, Any]:
    """A way to pay that may always or never work."""
    return {
        "name": name,
        "weight": draw(st.floats(0.1, 10)),
        "pay_after": duration(draw, 0.5),
        "redirect": duration(draw, 0.001),
        "authentication": duration(draw, 0.01),
        "fail": draw(st.sampled_from([0.2, 0.5, 0.0, 1.0])),
        "attempts": draw(st.integers(1, 5)),
        "fee": draw(st.sampled_from([0.0, 0.028, 0.5])),
    }


@st.composite
def retentions(draw: Any, base: Retention | None = None) -> Retention:
    """Any retention policy, often with periods of no length."""
    base = base or scenario("taiwan-gift-shop").retention
    days = st.sampled_from([0.0, 0.25, 2.0, 120.0])
    return Retention.model_validate(
        base.model_dump()
        | {
            "orders_leave": draw(st.sampled_from(["never", "at-completion", "at-order", "to-erp"])),
            "members_leave": draw(st.sampled_from(["never", "on-joining"])),
            "export": {"time": clock(draw), "days": some_days(draw)},
            "mask_after_days": draw(st.none() | days),
            "mask_fields": draw(st.lists(st.sampled_from(["name", "address", "phone"]), max_size=4)),
            "erp_sync_minutes": draw(st.sampled_from([1.0, 15.0, 1440.0])),
            "vault_days": draw(st.sampled_from([0.25, 1825.0])),
            "erp_days": draw(st.sampled_from([0.25, 1825.0])),
            "courier_days": draw(days),
            "payment_days": draw(days),
            "platform_days": draw(days),
            "removable_media": True,
        }
    )


@st.composite
def scenarios(draw: Any) -> Scenario:
    """Any small shop: quick to simulate, and extreme in everything else."""
    catalogue = [product(draw, number) for number in range(draw(st.integers(1, 3)))]
    names = ["card", "wallet", "bank-transfer", "cash-on-delivery"]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    escrow = draw(st.booleans()) and "cash-on-delivery" not in chosen
    opens, closes = draw(st.sampled_from([(540, 1080), (0, 1439), (600, 601), (1438, 1439), (437, 1211)]))
    cooling_off = draw(st.sampled_from([0.0, 0.5, 3.0]))
    base = scenario("taiwan-gift-shop")
    return base.changed(
        channel=draw(st.sampled_from(["own-site", "marketplace"])),
        catalogue=catalogue,
        demand__orders_per_day=draw(st.sampled_from([1e-6, 2.0, 6.0, 12.0])),
        demand__browsing=duration(draw, 0.05),
        demand__checkout=duration(draw, 0.05),
        demand__returning=draw(shares),
        demand__members_at_start=draw(st.integers(0, 4)),
        demand__extra_line=draw(st.sampled_from([0.0, 0.5, 0.99])),
        demand__extra_piece=draw(st.sampled_from([0.0, 0.5, 0.99])),
        confirmation__mode=draw(st.sampled_from(["automatic", "check-first"])),
        confirmation__check=duration(draw, 0.05),
        confirmation__price_floor=draw(shares),
        payment__methods=[payment_method(draw, name) for name in chosen],
        payment__retry_after=duration(draw, 0.2),
        payment__escrow=escrow,
        payment__commission=draw(st.sampled_from([0.0, 0.05, 0.5])),
        payment__settlement_days=draw(st.sampled_from([0.0, 1.5, 7.0])),
        payment__settlement={"time": clock(draw), "days": some_days(draw)},
        staff__packers=draw(st.integers(1, 3)),
        staff__packing=duration(draw, 0.05),
        staff__service_agents=draw(st.integers(1, 2)),
        staff__hours={
            "opens": f"{opens // 60:02d}:{opens % 60:02d}",
            "closes": f"{closes // 60:02d}:{closes % 60:02d}",
            "days": some_days(draw),
        },
        logistics__pickup={"time": clock(draw), "days": some_days(draw)},
        logistics__transit=duration(draw, 2),
        logistics__return_transit=duration(draw, 2),
        cooling_off={
            "days": cooling_off,
            "runs_from": draw(st.sampled_from(["receipt", "day-after-receipt"])),
            "basis": "statute" if cooling_off else "none",
        },
        returns__share=draw(shares),
        returns__handling=duration(draw, 0.05),
        returns__inspection=duration(draw, 0.05),
        returns__resellable=draw(shares),
        enquiries__share=draw(shares),
        enquiries__after=duration(draw, 3),
        enquiries__handling=duration(draw, 0.05),
        reviews__share=draw(shares),
        reviews__after=duration(draw, 1),
        retention=draw(retentions(base.retention)),
        price_errors=[
            {
                "sku": draw(st.sampled_from([item["sku"] for item in catalogue])),
                "price": f"{draw(st.integers(0, 1000)) / 100:.2f}",
                "starts_day": draw(st.floats(0, 30)),
                "noticed_after_hours": draw(st.floats(0.5, 48)),
                "extra_orders_per_hour": draw(st.sampled_from([0.0, 0.5])),
            }
            for _error in range(draw(st.integers(0, 2)))
        ],
    )


lengths = st.sampled_from([1, 7, 13, 20])
"""Days of a small run."""

seeds = st.sampled_from([0, 2**63 - 1]) | st.integers(0, 2**32)
"""Seeds, with the smallest and the largest."""


@st.composite
def runs(draw: Any) -> Run:
    """A run of any small shop."""
    return simulate(draw(scenarios()), days=draw(lengths), seed=draw(seeds))


def words(run: Run, table: str, column: str) -> list[str]:
    """A column of codes as words."""
    content = run.tables[table]
    return [content.words[column][code] for code in content[column]]


def reached(run: Run, order: int) -> dict[str, float]:
    """The milestones that an order has reached."""
    from simlib.records import MILESTONES

    times = {name: float(run.orders[name][order]) for name in MILESTONES}
    return {name: t for name, t in times.items() if not np.isnan(t)}
