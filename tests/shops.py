"""Shops to prove the model on: the presets, and any small shop that a scenario may describe."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import strategies as st

from simlib.records import MILESTONES, Run
from simlib.scenario import WEEKDAYS, Retention, Scenario, presets
from simlib.shop.customers import Customers
from simlib.world import simulate

PRESETS = presets()
"""Names of all presets."""

PLAIN = ("hongkong-own-site", "mainland-marketplace-store", "taiwan-gift-shop")
"""Presets of shops that sell, pack and ship by themselves."""

DAYS = 60
"""Length of the presets' runs: long enough for orders to end in every way."""

COMPANIES = (
    "payment_company",
    "escrow",
    "courier_cash",
    "consignee",
    "clearing_company",
    "collection_account",
)
"""Accounts of those who hold other people's money; a retailer's is its own, and may owe."""


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


def arrangement(draw: Any, abroad: bool) -> dict[str, str]:
    """Any way to sell that can be carried out, or any that may reach abroad."""
    ways = [
        ("B2C", "own-site", "direct"),
        ("B2C", "platform-run", "direct"),
        ("B2C", "self-run", "direct"),
        ("B2C", "hybrid", "direct"),
        ("B2C", "platform-run", "consignment"),
        ("B2B", "platform-run", "contact-first"),
        ("C2C", "own-site", "contact-first"),
        ("B2B", "hybrid", "contact-first"),
        ("O2O", "own-site", "direct"),
        ("O2O", "platform-run", "direct"),
    ]
    if abroad:
        ways = [way for way in ways if way[1] in ("own-site", "platform-run") and way[2] != "consignment"]
    return dict(zip(("trade", "operator", "mode"), draw(st.sampled_from(ways)), strict=True))


def cross_border(draw: Any) -> dict[str, Any]:
    """Money from abroad, at rates that may change, remitted at once or late."""
    rates = st.sampled_from([0.13, 1.0, 4.0, 4.413])
    return {
        "buyer_currency": "CNY",
        "rate": draw(rates),
        "rates": [{"day": day, "rate": draw(rates)} for day in draw(st.sets(st.integers(0, 15), max_size=3))],
        "remittance_days": draw(st.sampled_from([0.0, 1.3, 4.0])),
        "clearing_fee": draw(st.sampled_from([0.0, 0.006, 0.5])),
        "operator_fee": draw(st.sampled_from([0.0, 0.01, 1.0])),
        "payout": {"time": clock(draw), "days": some_days(draw)},
    }


def payout(draw: Any) -> dict[str, Any]:
    """A payout account that the seller, an attacker or nobody changes."""
    change = st.tuples(st.sampled_from([0.0, 3.7, 5.0, 9.25, 12.0]), st.sampled_from(["seller", "attacker"]))
    return {
        "hold_days": draw(st.sampled_from([0.0, 2.5, 6.0])),
        "noticed_after_days": draw(st.sampled_from([0.5, 4.0, 30.0])),
        "changes": [{"day": day, "by": by} for day, by in draw(st.lists(change, max_size=3))],
    }


def disputes(draw: Any) -> dict[str, Any]:
    """A ladder of one to three steps."""
    names = ["negotiation", "platform-mediation", "court"][: draw(st.integers(1, 3))]
    steps = [
        {
            "name": name,
            "lasts": duration(draw, 2),
            "settles": draw(shares),
            "for_buyer": draw(shares),
            "cost": f"{draw(st.integers(0, 9999)) / 100:.2f}",
        }
        for name in names
    ]
    return {"share": draw(shares), "steps": steps}


@st.composite
def scenarios(draw: Any, abroad: bool = False) -> Scenario:
    """Any small shop, or any whose money crosses a border: quick to simulate, and extreme in everything else."""
    way = arrangement(draw, abroad)
    third_party = way["mode"] == "consignment" or way["operator"] in ("self-run", "hybrid")
    marketplace = way["operator"] != "own-site"
    catalogue = [product(draw, number) for number in range(draw(st.integers(1, 3)))]
    for article in catalogue:
        article["sold_by_platform"] = way["operator"] == "hybrid" and draw(st.booleans())
    names = ["card", "wallet", "bank-transfer", *([] if abroad else ["cash-on-delivery"])]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True))
    prepaid = "cash-on-delivery" not in chosen
    escrow = prepaid and marketplace and not abroad and draw(st.booleans())
    abroad = abroad or (prepaid and not escrow and not third_party and draw(st.booleans()))
    opens, closes = draw(st.sampled_from([(540, 1080), (0, 1439), (600, 601), (1438, 1439), (437, 1211)]))
    cooling_off = draw(st.sampled_from([0.0, 0.5, 3.0]))
    base = scenario("taiwan-gift-shop")
    nowhere = {"orders_leave": "never", "members_leave": "never"} if third_party else {}
    violations = st.tuples(
        st.sampled_from([0, 2, 7.5]), st.sampled_from(["quality", "fake-goods", "leaked-data"])
    )
    return base.changed(
        arrangement=way,
        catalogue=catalogue,
        demand__orders_per_day=draw(st.sampled_from([1e-6, 2.0, 6.0, 12.0])),
        demand__browsing=duration(draw, 0.05),
        demand__checkout=duration(draw, 0.05),
        demand__returning=draw(shares),
        demand__members_at_start=draw(st.integers(0, 4)),
        demand__extra_line=draw(st.sampled_from([0.0, 0.5, 0.99])),
        demand__extra_piece=draw(st.sampled_from([0.0, 0.5, 0.99])),
        confirmation__mode="check-first"
        if way["mode"] == "contact-first"
        else draw(st.sampled_from(["automatic", "check-first"])),
        confirmation__check=duration(draw, 0.05),
        confirmation__price_floor=draw(shares),
        negotiation={"offer": duration(draw, 0.05), "decision": duration(draw, 1), "deal": draw(shares)},
        payment__methods=[payment_method(draw, name) for name in chosen],
        payment__retry_after=duration(draw, 0.2),
        payment__escrow=escrow,
        payment__commission=draw(st.sampled_from([0.0, 0.05, 0.5])),
        payment__release=draw(st.sampled_from(["completion", "signature", "after-signature"])),
        payment__release_days=draw(st.sampled_from([0.0, 1.0, 5.0])),
        payment__settlement_days=draw(st.sampled_from([0.0, 1.5, 7.0])),
        payment__settlement={"time": clock(draw), "days": some_days(draw)},
        payment__chargebacks={
            "share": draw(shares),
            "after": duration(draw, 6),
            "limit_days": draw(st.sampled_from([1.0, 120.0])),
            "fee": draw(st.sampled_from(["0", "5.00"])),
        },
        payment__collection="cross-border" if abroad else "domestic",
        payment__cross_border=cross_border(draw),
        payout=payout(draw),
        fulfilment={
            "handling": duration(draw, 0.5),
            "fee": draw(shares),
            "wholesale": draw(st.sampled_from([0.0, 0.62, 1.0])),
        },
        store_pickup={"after": duration(draw, 1)},
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
        logistics__loss=draw(st.sampled_from([0.0, 0.2, 1.0])),
        logistics__claim_days=draw(st.sampled_from([0.1, 2.0])),
        logistics__compensation=draw(shares),
        cooling_off={
            "days": cooling_off,
            "runs_from": draw(st.sampled_from(["receipt", "day-after-receipt"])),
            "basis": "statute" if cooling_off else "none",
        },
        returns__share=draw(shares),
        returns__handling=duration(draw, 0.05),
        returns__inspection=duration(draw, 0.05),
        returns__resellable=draw(shares),
        disputes=disputes(draw),
        enquiries__share=draw(shares),
        enquiries__after=duration(draw, 3),
        enquiries__handling=duration(draw, 0.05),
        reviews__share=draw(shares),
        reviews__after=duration(draw, 1),
        oversight={
            "enforced": marketplace and draw(st.booleans()),
            "incidents": [{"day": day, "kind": kind} for day, kind in draw(st.lists(violations, max_size=2))],
        },
        retention=draw(retentions(base.retention)).model_dump() | nowhere,
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


def quieted(shop: Scenario) -> Scenario:
    """The same shop without what only the events engine knows: plain sales, undisputed, at home, unwatched."""
    operator = "own-site" if shop.arrangement.operator == "own-site" else "platform-run"
    return shop.changed(
        arrangement={"trade": "B2C", "operator": operator, "mode": "direct"},
        payment__release="completion",
        payment__chargebacks__share=0.0,
        payment__collection="domestic",
        payout__changes=(),
        logistics__loss=0.0,
        disputes__share=0.0,
        oversight={"enforced": False},
    )


def quiet_scenarios() -> st.SearchStrategy[Scenario]:
    """Any small shop that both engines know."""
    return scenarios().map(quieted)


lengths = st.sampled_from([1, 7, 13, 20])
"""Days of a small run."""

seeds = st.sampled_from([0, 2**63 - 1]) | st.integers(0, 2**32)
"""Seeds, with the smallest and the largest."""


@st.composite
def runs(draw: Any, abroad: bool = False) -> Run:
    """A run of any small shop, or of any whose money crosses a border."""
    return simulate(draw(scenarios(abroad)), days=draw(lengths), seed=draw(seeds))


def words(run: Run, table: str, column: str) -> list[str]:
    """A column of codes as words."""
    content = run.tables[table]
    return [content.words[column][code] for code in content[column]]


@lru_cache(maxsize=8)
def _all_reached(run: Run) -> list[dict[str, float]]:
    times = zip(*(run.orders[name].tolist() for name in MILESTONES), strict=True)
    return [{name: t for name, t in zip(MILESTONES, row, strict=True) if not np.isnan(t)} for row in times]


def reached(run: Run, order: int) -> dict[str, float]:
    """The milestones that an order has reached; not to be changed."""
    return _all_reached(run)[order]


def drawn_as(run: Run, chance: Customers) -> np.ndarray[Any, Any]:
    """Where the chance of each order stands in `chance`, which knows also those who did not find the store."""
    drawn = list(
        zip(chance.visited.tolist(), chance.browsing.tolist(), chance.checkout.tolist(), strict=True)
    )
    placed = {(visited, visited + a + b): place for place, (visited, a, b) in enumerate(drawn)}
    orders = zip(run.orders["visited"].tolist(), run.orders["placed"].tolist(), strict=True)
    return np.array([placed[times] for times in orders], dtype=np.int64)


def count_of(run: Run, event: str) -> np.ndarray[Any, Any]:
    """How often each order met an event."""
    orders = run.events["order"][run.events.where("kind", event)]
    return np.bincount(orders[orders >= 0], minlength=run.orders.rows)
