"""Datasets: built bit for bit, described truthfully, and adding up."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from simlib import datasets
from simlib.datasets import Difference
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.people import people
from simlib.records import MILESTONES, Run
from simlib.scenario import MINOR_UNITS, Scenario
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS, TABLES, Row, decode, encode
from simlib.world import simulate
from tests.shops import PRESETS

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "datasets"
EXPORT = "taiwan-gift-shop-vault-export"


@pytest.fixture(scope="module")
def fresh() -> dict[str, bytes]:
    return datasets.contents()


EXPORTING = ("hongkong-own-site", "mainland-marketplace-store", "taiwan-gift-shop")
"""Presets whose shop exports its orders itself: where a third party sells, it has none."""


@pytest.fixture(scope="module", params=EXPORTING)
def run(request: pytest.FixtureRequest) -> Run:
    return simulate(Scenario.load(request.param), days=30, seed=3)


@pytest.fixture(scope="module")
def exported(run: Run) -> dict[str, list[Row]]:
    return datasets.vault_export(run)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def number(row: Row, *names: str) -> list[Decimal]:
    return [cast(Decimal, row[name]) for name in names]


# -- bit for bit ------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_build_the_same_bytes_whatever_hash_seed_time_zone_and_language(tmp_path: Path) -> None:
    program = "import pathlib, sys, simlib.datasets as d; d.build(pathlib.Path(sys.argv[1]))"
    surroundings = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LANG": "C.UTF-8"},
        {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LANG": "zh_TW.UTF-8"},
    )
    for place, changed in enumerate(surroundings):
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / str(place))],
            env={**os.environ, **changed},
            cwd=REPOSITORY,
            check=True,
        )
    first, second = (files_in(tmp_path / place) for place in ("0", "1"))
    assert first == second
    assert len(first) == 35


def test_the_committed_files_are_those_a_fresh_build_makes() -> None:
    made_with = json.loads((FOLDER / "members" / "datapackage.json").read_text("utf-8"))["builtFrom"]["faker"]
    assert made_with == version("faker"), "other versions of Faker know other names: install the pinned one"
    assert datasets.check(FOLDER) == []


@pytest.mark.slow
def test_the_language_does_not_change_the_files(
    fresh: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simlib.languages._current", "zh-Hant")
    assert datasets.contents() == fresh


@pytest.fixture
def quick(fresh: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "contents", lambda: fresh)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_check_names_each_file_that_is_missing_changed_or_in_excess(tmp_path: Path) -> None:
    datasets.build(tmp_path)
    (tmp_path / "own.txt").write_text("kept", encoding="utf-8")
    assert datasets.check(tmp_path) == []
    (tmp_path / "members" / "README.md").unlink()
    (tmp_path / EXPORT / "orders.csv").write_bytes(b"x")
    (tmp_path / EXPORT / "extra.csv").write_bytes(b"x")
    found = datasets.check(tmp_path)
    assert found == [
        Difference("members/README.md", "missing"),
        Difference(f"{EXPORT}/extra.csv", "unexpected"),
        Difference(f"{EXPORT}/orders.csv", "changed"),
    ]
    assert [str(difference) for difference in found] == [
        "members/README.md is missing; build the datasets again.",
        f"{EXPORT}/extra.csv does not belong to the datasets; remove it.",
        f"{EXPORT}/orders.csv differs from a fresh build; build the datasets again.",
    ]
    datasets.build(tmp_path)
    assert [difference.kind for difference in datasets.check(tmp_path)] == ["unexpected"]
    assert (tmp_path / "own.txt").read_text(encoding="utf-8") == "kept"


@pytest.mark.usefixtures("quick")
def test_a_build_that_cannot_write_says_so_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    (tmp_path / "case-access-log").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(SafeShopError) as refusal:
        datasets.build(tmp_path)
    assert (
        refusal.value.sentence
        == f"{tmp_path / 'case-access-log' / 'README.md'} cannot be written: File exists."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["case-access-log"]


@pytest.mark.usefixtures("quick")
def test_an_interrupted_build_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets.build(tmp_path)
    before = files_in(tmp_path)

    def interrupt(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        datasets.build(tmp_path)
    assert files_in(tmp_path) == before


# -- described truthfully ------------------------------------------------------------


@pytest.mark.parametrize("name", [dataset.name for dataset in datasets.datasets()])
def test_frictionless_finds_every_package_valid(name: str) -> None:
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(FOLDER / name / "datapackage.json"))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "note"])[:5]
    assert report.stats["warnings"] == 0


@pytest.mark.usefixtures("quick")
def test_frictionless_would_find_an_order_without_its_member(tmp_path: Path) -> None:
    frictionless = pytest.importorskip("frictionless")
    datasets.build(tmp_path)
    members = tmp_path / EXPORT / "members.csv"
    rows = decode(MEMBERS, members.read_bytes(), "members.csv")
    buyer = decode(ORDERS, (tmp_path / EXPORT / "orders.csv").read_bytes(), "orders.csv")[0]["member_code"]
    members.write_bytes(encode(MEMBERS, [row for row in rows if row["member_code"] != buyer]))
    report = frictionless.validate(str(tmp_path / EXPORT / "datapackage.json"))
    assert "foreign-key" in {error[0] for error in report.flatten(["type"])}


def test_every_package_says_that_it_is_synthetic_and_what_it_was_built_from(fresh: dict[str, bytes]) -> None:
    for path in fresh:
        if not path.endswith("datapackage.json"):
            continue
        package = json.loads(fresh[path])
        assert package["synthetic"] is True
        assert package["licenses"][0]["name"] == "CC0-1.0"
        assert {
            "members": {"locale", "people"},
            "exchange-rates": {"fact", "start"},
            "case-dirty-export": {"members"},
            "case-access-log": {"log_days"},
        }.get(package["name"], {"preset", "days"}) <= package["builtFrom"].keys()
        drawn = set() if package["name"] == "exchange-rates" else {"seed", "faker"}
        assert {"command"} | drawn <= package["builtFrom"].keys()
        for resource in package["resources"]:
            content = fresh[f"{path.partition('/')[0]}/{resource['path']}"]
            assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
            assert resource["bytes"] == len(content)


def test_no_table_is_larger_than_300_kilobytes(fresh: dict[str, bytes]) -> None:
    assert {path: len(content) for path, content in fresh.items() if len(content) >= 300_000} == {}


def test_columns_outside_the_model_are_described_as_such() -> None:
    package = json.loads((FOLDER / EXPORT / "datapackage.json").read_text("utf-8"))
    described = {
        (resource["name"], field["name"]): field.get("description", "")
        for resource in package["resources"]
        for field in resource["schema"]["fields"]
    }
    for column in ("delivery_method", "delivery_time", "invoice_type", "recipient_name"):
        assert "ot part of the model" in described["orders", column]
    for words in datasets.DECORATION.items():
        for column, sentence in words[1].items():
            assert described[words[0], column] == sentence


# -- what an export holds ------------------------------------------------------------


def test_the_export_reads_back_through_the_vaults_own_format(exported: dict[str, list[Row]]) -> None:
    for table in TABLES:
        assert decode(table, encode(table, exported[table.name]), table.name) == exported[table.name]


def test_every_field_of_members_and_orders_is_filled_somewhere() -> None:
    for table in TABLES:
        rows = decode(table, (FOLDER / EXPORT / f"{table.name}.csv").read_bytes(), table.name)
        assert {spec.name for spec in table.fields if all(row[spec.name] is None for row in rows)} == set()


def test_amounts_add_up_from_the_lines_to_the_net_amount(exported: dict[str, list[Row]]) -> None:
    lines: dict[Any, Decimal] = defaultdict(Decimal)
    for line in exported["order_lines"]:
        price, amount = number(line, "unit_price", "line_amount")
        assert amount == price * cast(int, line["quantity"])
        lines[line["order_number"]] += amount
    for order in exported["orders"]:
        goods, discount, fee, amount = number(order, "goods_amount", "discount", "shipping_fee", "amount")
        assert goods == lines[order["order_number"]]
        assert amount == goods - discount + fee
        refunded, net = number(order, "refunded", "net_received")
        assert net in (amount - refunded, Decimal(0))


def test_net_received_is_what_the_books_say_the_buyer_paid(run: Run, exported: dict[str, list[Row]]) -> None:
    account = run.postings.where("account", "buyer")
    paid = np.zeros(run.orders.rows, dtype=np.int64)
    np.add.at(paid, run.postings["order"][account], -run.postings["amount"][account])
    ended = np.flatnonzero(~np.isnan(run.orders["closed"]))
    assert len(ended) == len(exported["orders"])
    for order, row in zip(ended.tolist(), exported["orders"], strict=True):
        assert row["net_received"] == Decimal(int(paid[order])) / MINOR_UNITS[run.scenario.currency]


def test_money_of_orders_without_goods_goes_back_in_the_export_too() -> None:
    scenario = Scenario.load("mainland-marketplace-store").changed(
        demand__orders_per_day=200, staff__packers=20
    )
    rows = datasets.vault_export(simulate(scenario, days=8, seed=3))["orders"]
    without = [row for row in rows if row["order_status"] == "out-of-stock"]
    assert without
    for row in without:
        assert (row["refunded"], row["net_received"]) == (row["amount"], 0)
        assert (row["item_status"], row["invoice_state"]) == ("not-shipped", "void")


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_shop_exports_in_the_vaults_format_or_says_that_a_third_party_sells(preset: str) -> None:
    scenario = Scenario.load(preset)
    run = simulate(scenario, days=15, seed=3)
    if scenario.arrangement.mode == "consignment" or scenario.arrangement.operator in ("self-run", "hybrid"):
        with pytest.raises(SafeShopError) as refused:
            datasets.vault_export(run)
        assert refused.value.sentence == (
            f"In {preset} a third party sells or ships, so members and orders are its records, not the shop's: "
            "there is nothing to export; choose a shop that sells by itself."
        )
        return
    rows = datasets.vault_export(run)
    for table in TABLES:
        assert decode(table, encode(table, rows[table.name]), table.name) == rows[table.name]


def test_lost_parcels_and_offers_not_taken_are_exported_with_their_money() -> None:
    market = Scenario.load("taiwan-exporter-cross-border")
    run = simulate(market.changed(logistics__loss=0.2), days=40, seed=3)
    rows = datasets.vault_export(run)["orders"]
    counts = Counter(row["order_status"] for row in rows)
    assert counts["lost"]
    assert counts["no-deal"]
    for row in rows:
        if row["order_status"] == "lost":
            assert (row["item_status"], row["refunded"], row["net_received"]) == ("lost", row["amount"], 0)
        if row["order_status"] == "no-deal":
            assert (row["item_status"], row["refunded"], row["net_received"]) == ("not-shipped", 0, 0)
    assert decode(ORDERS, encode(ORDERS, rows), "orders") == rows


def test_keys_are_unique_and_nothing_points_nowhere(exported: dict[str, list[Row]]) -> None:
    for table in TABLES:
        keys = Counter(tuple(row[name] for name in table.primary_key) for row in exported[table.name])
        assert [key for key, times in keys.items() if times > 1] == []
        for column, there, name in table.foreign_keys:
            known = {row[name] for row in exported[there]}
            assert {row[column] for row in exported[table.name]} <= known
    invoices = [row["invoice_number"] for row in exported["orders"] if row["invoice_number"]]
    assert len(set(invoices)) == len(invoices)


def test_only_orders_that_came_to_their_end_are_exported(run: Run, exported: dict[str, list[Row]]) -> None:
    ended = int(np.sum(~np.isnan(run.orders["closed"])))
    assert 0 < ended < run.orders.rows
    assert len(exported["orders"]) == ended
    assert "open" not in {row["order_status"] for row in exported["orders"]}


def test_members_are_those_who_joined_or_whose_orders_ended(run: Run, exported: dict[str, list[Row]]) -> None:
    joined = {f"{code:06d}" for code in np.flatnonzero(run.members["joined"] >= 0)}
    buyers = {f"{code:06d}" for code in run.orders["member"][~np.isnan(run.orders["closed"])]}
    assert {cast(str, row["member_code"])[5:] for row in exported["members"]} == joined | buyers


def test_times_of_an_order_follow_each_other(exported: dict[str, list[Row]]) -> None:
    for row in exported["orders"]:
        steps = [
            cast(datetime, row[name]) for name in ("ordered_at", "shipped_at", "changed_at") if row[name]
        ]
        assert steps == sorted(steps)
        arrived = cast("date | None", row["delivery_date"])
        if arrived:
            assert arrived >= cast(datetime, row["shipped_at"]).date()
        assert (row["completed_at"] is not None) == (row["order_status"] == "completed")
        assert (row["invoice_date"] is None) == (row["invoice_type"] == "none")


def test_levels_follow_completed_orders_and_times_each_other(
    exported: dict[str, list[Row]],
) -> None:
    completed = Counter(
        row["member_code"] for row in exported["orders"] if row["order_status"] == "completed"
    )
    for row in exported["members"]:
        registered = cast(datetime, row["registered_at"])
        assert registered <= cast(datetime, row["level_changed_at"]) <= cast(datetime, row["changed_at"])
        assert registered <= cast(datetime, row["last_login_at"])
        bought = completed[row["member_code"]]
        assert row["level"] == ("vip" if bought >= 3 else "regular" if bought else "new")
        assert row["has_bought"] == (bought > 0)


def test_a_run_that_goes_on_longer_keeps_the_rows_of_ended_orders() -> None:
    scenario = Scenario.load("taiwan-gift-shop")
    short, longer = (
        datasets.vault_export(simulate(scenario, days=days, seed=3))["orders"] for days in (20, 30)
    )
    until_now = {"buyer_orders", "buyer_returns"}
    kept = {row["order_number"]: {k: v for k, v in row.items() if k not in until_now} for row in longer}
    assert short
    for row in short:
        assert kept[row["order_number"]] == {k: v for k, v in row.items() if k not in until_now}


def test_gifts_go_to_synthetic_people_who_are_no_buyers(run: Run, exported: dict[str, list[Row]]) -> None:
    strangers = [row for row in exported["orders"] if row["recipient_phone"] != row["buyer_mobile"]]
    assert 0.1 < len(strangers) / len(exported["orders"]) < 0.3
    made = people(
        range(run.orders.rows), run.scenario.locale, run.seed, place=run.scenario.place, role="recipient"
    )
    assert {row["recipient_address"] for row in strangers} <= {person.address for person in made}


@pytest.mark.parametrize(
    ("preset", "form"),
    [
        ("taiwan-gift-shop", "SY00000001"),
        ("mainland-marketplace-store", "00000000000000000001"),
        ("hongkong-own-site", "SYN-00000001"),
    ],
)
def test_invoice_numbers_have_the_length_of_their_place(preset: str, form: str) -> None:
    rows = datasets.vault_export(simulate(Scenario.load(preset), days=16, seed=3))["orders"]
    numbers = [cast(str, row["invoice_number"]) for row in rows if row["invoice_number"]]
    assert numbers
    assert all(len(text) == len(form) and text[:2] == form[:2] for text in numbers)


# -- order milestones ------------------------------------------------------------


def test_milestones_are_the_runs_own_to_the_last_written_digit(run: Run) -> None:
    rows = datasets.order_times(run)
    for name in MILESTONES:
        written = np.array(
            [float("nan") if row[name] is None else float(cast(Decimal, row[name])) for row in rows]
        )
        np.testing.assert_allclose(written, run.orders[name], rtol=0, atol=0.5e-5 + 1e-12)


def test_placed_at_is_the_local_time_of_the_milestone(run: Run) -> None:
    for row in datasets.order_times(run)[:50]:
        placed = cast(datetime, row["placed_at"])
        midnight = datetime.combine(run.scenario.start, datetime.min.time(), run.scenario.zone)
        days = (placed - midnight).total_seconds() / 86400
        assert days == pytest.approx(float(cast(Decimal, row["placed"])), abs=1.5 / 86400)


def test_local_times_survive_a_change_of_the_clocks() -> None:
    clock = datasets._Clock(date(2026, 3, 7), ZoneInfo("America/New_York"))
    spring = clock.at(1.5)
    assert spring.isoformat() == "2026-03-08T13:00:00-04:00"
    assert spring.astimezone(UTC).hour == 17


def test_the_three_shops_share_their_columns(fresh: dict[str, bytes]) -> None:
    headers = {
        tuple(next(csv.reader(io.StringIO(fresh[f"three-shops-orders/{preset}.csv"].decode()))))
        for preset in datasets.COMPARED
    }
    assert len(headers) == 1


def test_the_published_rates_are_those_the_lesson_reckons_with(fresh: dict[str, bytes]) -> None:
    rows = decode(datasets.RATES_TABLE, fresh["exchange-rates/exchange-rates.csv"], "exchange-rates")
    stated = value(datasets.RATES)
    assert [(row["day"], row["rate"]) for row in rows] == [
        (step["day"], Decimal(str(step["rate"]))) for step in stated
    ]
    days = [cast(date, row["date"]) for row in rows]
    assert days[0] == Scenario.load("taiwan-gift-shop").start
    assert all(day.weekday() < 5 for day in days)
    assert len(set(days)) == len(days) == 130


def test_members_of_each_language_are_two_hundred_and_all_marked(fresh: dict[str, bytes]) -> None:
    for path in ("members-zh-tw", "members-zh-cn", "members-en-us"):
        rows = decode(MEMBERS, fresh[f"members/{path}.csv"], path)
        assert len(rows) == 200
        assert all(cast(str, row["member_code"]).startswith("SYN") for row in rows)
        assert {row["level"] for row in rows} == {"new", "regular", "vip"}


def test_the_shipped_folder_is_the_checkouts_when_run_from_a_checkout() -> None:
    assert datasets.shipped() == FOLDER
    assert (FOLDER / EXPORT / "datapackage.json").is_file()


def test_lines_of_the_committed_export_end_with_cr_lf() -> None:
    content = (FOLDER / EXPORT / "order_lines.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == len(decode(ORDER_LINES, content, "lines")) + 1
