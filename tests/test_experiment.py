"""Experiments: intervals that hold what they promise, the same customers for both, the same result anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib import experiment
from simlib.arrays import NotExpressedError
from simlib.errors import SafeShopError
from simlib.experiment import (
    MEASURES,
    Grid,
    Sample,
    compare,
    grids,
    half_width,
    replicate,
    run_once,
    runs_needed,
    sweep,
)
from simlib.figures.style import alt_text, sentence
from simlib.figures.sweep import sweep_result
from simlib.records import Run
from simlib.scenario import Scenario
from simlib.world import simulate
from tests.shops import run_of, scenario

SHOP = "hongkong-own-site"


# -- measures -----------------------------------------------------------------------------------------------------


def test_measures_agree_with_counting_by_hand() -> None:
    run = run_of("taiwan-gift-shop")
    orders = run.orders.pandas()
    told = {key: measure.of(run) for key, measure in MEASURES.items()}
    assert told["orders_completed"] == (orders["state"] == "completed").sum() > 0
    assert told["orders_lost"] == orders["state"].isin(["rejected", "out_of_stock"]).sum()
    assert told["days_to_delivery"] == pytest.approx((orders["delivered"] - orders["placed"]).mean())
    assert told["hours_to_pack"] == pytest.approx(24 * (orders["packed"] - orders["seller_told"]).mean())
    summary = {line.key: line.value for line in run.summary()}
    assert told["peak_exposure"] == summary["exposure_peak"]
    assert told["total_exposure"] == summary["exposure_record_days"]
    assert told["days_to_close"] == summary["days_to_close"]
    postings = run.postings.pandas()
    worth = ["seller", "payment_company", "escrow", "courier_cash", "inventory"]
    after = postings[postings["account"].isin(worth) & (postings["kind"] != "opening")]["amount"].sum()
    assert told["seller_result"] == after / 100
    assert 0 < told["days_online"] < run.days
    assert told["needs_unmet"] == 0


def test_every_measure_has_a_label_and_a_unit() -> None:
    for key, measure in MEASURES.items():
        assert measure.key == key
        assert measure.label()
        assert measure.unit(scenario(SHOP))


# -- intervals ----------------------------------------------------------------------------------------------------


def test_students_interval_is_that_of_his_table() -> None:
    # t(0.975) with 4 degrees of freedom is 2.776 in every printed table.
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert half_width(values) == pytest.approx(2.776 * (2.5**0.5) / 5**0.5, abs=1e-3)
    assert half_width(values[:1]) == float("inf")


def test_intervals_hold_the_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _trial in range(2000):
        low, high = Sample(rng.normal(5, 2, 8), tuple(range(8))).interval(0.9)
        held += low <= 5 <= high
    assert 0.88 < held / 2000 < 0.92


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30), st.floats(0.05, 50))
@settings(max_examples=50)
def test_the_number_of_runs_needed_is_the_smallest_that_is_enough(
    values: list[float], precision: float
) -> None:
    from scipy import stats

    known = np.array(values)
    needed = runs_needed(known, precision)
    spread = float(known.std(ddof=1))

    def reached(runs: int) -> float:
        return float(stats.t.ppf(0.975, runs - 1)) * spread / runs**0.5

    assert reached(needed) <= precision
    assert needed == 2 or reached(needed - 1) > precision


def test_runs_without_the_number_do_not_count() -> None:
    sample = Sample(np.array([1.0, np.nan, 3.0]), (1, 2, 3))
    assert sample.mean == 2
    assert sample.known.tolist() == [1, 3]


# -- replications and comparison ----------------------------------------------------------------------------------


def test_replications_are_the_runs_of_their_seeds() -> None:
    sample = replicate(scenario(SHOP), "days_to_close", days=20, runs=3, seed=7)
    wanted = [
        MEASURES["days_to_close"].of(simulate(scenario(SHOP), days=20, seed=seed)) for seed in (7, 8, 9)
    ]
    assert sample.numbers.tolist() == wanted
    assert sample.seeds == (7, 8, 9)


def test_every_engine_gives_every_measure_alike() -> None:
    for key in MEASURES:
        events, arrays, chosen = (
            replicate(scenario(SHOP), key, days=15, runs=2, engine=engine, jobs=1).numbers.tolist()
            for engine in ("events", "arrays", "auto")
        )
        assert events == arrays == chosen, key


def test_what_the_arrays_refuse_the_events_engine_does() -> None:
    base = scenario(SHOP)
    shop = base.changed(catalogue=[base.catalogue[0].model_dump() | {"lead_time_days": 1e-7}])
    assert run_once(shop, days=3, seed=1).orders.same_as(simulate(shop, days=3, seed=1).orders)
    with pytest.raises(NotExpressedError):
        run_once(shop, days=3, seed=1, engine="arrays")


def test_two_shops_meet_the_same_customers_and_need_far_fewer_runs() -> None:
    base = scenario("taiwan-gift-shop")
    online = base.changed(retention__orders_leave="never")
    told = compare(base, online, "total_exposure", days=30, runs=12)
    assert (told.difference.numbers > 0).all()
    assert told.variance_reduction > 3
    low, high = told.difference.interval()
    assert 0 < low < told.difference.mean < high
    same = compare(base, base, "total_exposure", days=30, runs=3)
    assert same.difference.numbers.tolist() == [0, 0, 0]
    assert same.variance_reduction == float("inf")


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing() -> None:
    def count_orders(run: Run) -> float:
        """A measure of one's own."""
        return float(run.orders.rows)

    alone = replicate(scenario(SHOP), count_orders, days=5, runs=45, jobs=1)
    together = replicate(scenario(SHOP), count_orders, days=5, runs=45, jobs=2)
    assert alone.numbers.tolist() == together.numbers.tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same_as_one_process() -> None:
    import distributed

    grid = {"staff.packers": [1, 2]}
    measures = ["days_to_close", "peak_exposure"]
    alone = sweep(scenario(SHOP), grid, measures, days=10, runs=25, jobs=1)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,  # type: ignore[no-untyped-call, unused-ignore]
        distributed.Client(cluster) as client,  # type: ignore[no-untyped-call, unused-ignore]
    ):
        spread = sweep(scenario(SHOP), grid, measures, days=10, runs=25, client=client)
    assert alone.numbers.tobytes() == spread.numbers.tobytes()
    assert alone.rows() == spread.rows()


# -- sweeps -------------------------------------------------------------------------------------------------------


def test_a_sweep_goes_through_all_combinations_the_last_field_fastest() -> None:
    vary: dict[str, list[Any]] = {"staff.packers": [1, 2], "demand.orders_per_day": [5.0, 10.0]}
    done = sweep(scenario(SHOP), vary, ["orders_completed", "days_to_close"], days=20, runs=3)
    assert done.points == ((1, 5.0), (1, 10.0), (2, 5.0), (2, 10.0))
    assert done.numbers.shape == (4, 2, 3)
    shop = scenario(SHOP).changed(staff__packers=2, demand__orders_per_day=5.0)
    wanted = replicate(shop, "days_to_close", days=20, runs=3)
    assert done.sample(2, "days_to_close").numbers.tolist() == wanted.numbers.tolist()
    row = done.pandas().iloc[5]
    assert (row["staff.packers"], row["demand.orders_per_day"], row["measure"]) == (2, 5.0, "days_to_close")
    assert (row["mean"], row["unit"], row["runs"]) == (wanted.mean, "days", 3)


def test_the_chart_tells_the_extremes_and_has_words_for_every_point() -> None:
    vary: dict[str, list[Any]] = {"staff.packers": [1, 2], "demand.orders_per_day": [5.0, 60.0]}
    done = sweep(scenario("taiwan-gift-shop"), vary, ["hours_to_pack"], days=20, runs=2)
    ax = sweep_result(done, "hours_to_pack")
    assert sentence(ax).startswith("From notice to packed, mean: least with staff.packers = 2, ")
    assert "most with staff.packers = 1, demand.orders_per_day = 60 (" in sentence(ax)
    assert alt_text(ax).count(" hours") == 4
    assert len(ax.containers) == 2
    three = sweep(scenario(SHOP), vary | {"reviews.share": [0.1]}, ["hours_to_pack"], days=2, runs=1)
    with pytest.raises(SafeShopError, match=r"^A chart shows one or two varied fields, not 3\.$"):
        sweep_result(three, "hours_to_pack")


def test_words_can_vary_as_well_as_numbers() -> None:
    done = sweep(
        scenario(SHOP), {"confirmation.mode": ["automatic", "check-first"]}, ["days_to_close"], days=9, runs=2
    )
    ax = sweep_result(done, "days_to_close")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["automatic", "check-first"]


WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"measure": "days_to_clse"},
        "There is no measure called days_to_clse. Did you mean days_to_close? The measures",
    ),
    ({"runs": 0}, "runs must be a whole number from 1 to 1000000, not 0."),
    ({"runs": 2.5}, "runs must be a whole number from 1 to 1000000, not 2.5."),
    ({"seed": -1}, "seed must be a whole number from 0 to 9223372036854775806, not -1."),
    ({"seeds": []}, "seeds must hold at least one seed; it is empty."),
    ({"seeds": [1, 1]}, "seeds must differ from each other: the same seed gives the same run."),
    ({"engine": "array"}, "engine must be one of auto, events, arrays, not array."),
    ({"jobs": 0}, "jobs must be a whole number from 1, or -1 for all processors, not 0."),
    ({"days": 0}, "days must be a whole number from 1 to 36525, not 0."),
]


@pytest.mark.parametrize(("given", "told"), WRONG)
def test_wrong_parameters_get_a_sentence(given: dict[str, Any], told: str) -> None:
    options: dict[str, Any] = {"measure": "days_to_close", "days": 2, "runs": 1} | given
    with pytest.raises(SafeShopError) as wrong:
        replicate(scenario(SHOP), **options)
    assert wrong.value.sentence.startswith(told)


def test_a_sweep_refuses_before_its_first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "run_once", lambda *_a, **_b: pytest.fail("a run was begun"))
    for vary, told in (
        ({}, "A sweep needs at least one field to vary."),
        ({"staff.packers": []}, "The field staff.packers has no values to vary."),
        ({"staff.packer": [1]}, "A scenario has no field staff.packer."),
        ({"staff.packers": [1, 0]}, "field staff.packers: must be at least 1, not 0."),
        (
            {"returns.share": np.linspace(0, 1, 10_001).tolist()},
            "This sweep has 10001 combinations; 10000 are the",
        ),
    ):
        with pytest.raises(SafeShopError) as wrong:
            sweep(scenario(SHOP), vary, ["days_to_close"], days=2)
        assert wrong.value.sentence.startswith(told)


# -- the command --------------------------------------------------------------------------------------------------

GRID = """
scenario: hongkong-own-site
days: 5
runs: 2
measures: [orders_completed, hours_to_pack]
vary:
  staff.packers: {from: 1, to: 3, steps: 3}
"""


@pytest.mark.slow
def test_the_command_writes_table_and_charts_and_the_same_twice(safeshop: Any, tmp_path: Path) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(GRID, "utf-8")
    code, out, said = safeshop("sweep", str(grid), "--out", str(tmp_path / "a"))
    assert (code, said) == (0, f"Table and charts are in {tmp_path / 'a'}\n")
    assert "From notice to packed, mean (hours)" in out
    assert out.count("To know each of these means within ± 5 %, make ") == 2
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["hours_to_pack.png", "orders_completed.png", "sweep.csv"]
    lines = (tmp_path / "a" / "sweep.csv").read_text("utf-8").splitlines()
    assert lines[0] == "staff.packers,measure,unit,mean,low,high,runs"
    assert [line.split(",")[0] for line in lines[1:]] == ["1", "1", "2", "2", "3", "3"]
    assert safeshop("sweep", str(grid), "--out", str(tmp_path / "b"), "--jobs", "2")[0] == 0
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_the_command_tells_how_many_runs_the_most_uncertain_mean_needs(safeshop: Any, tmp_path: Path) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(GRID, "utf-8")
    done = Grid.load(str(grid)).run(jobs=1)
    means = [done.sample(point, "hours_to_pack") for point in range(len(done.points))]
    needed = max(runs_needed(each.known, 0.02 * each.mean) for each in means)
    narrow, wide = (done.runs_needed("hours_to_pack", within) for within in (0.02, 0.2))
    assert narrow is not None
    assert wide is not None
    assert needed == narrow > wide
    code, out, _said = safeshop("sweep", str(grid), "--within", "0.02")
    assert code == 0
    told = " ".join(out.split())
    assert f"To know each of these means within ± 2 %, make {needed:,} runs of each." in told
    code, out, said = safeshop("sweep", str(grid), "--within", "0")
    assert (code, out) == (1, "")
    assert "within must be more than 0, not 0.0." in said


def test_the_command_prints_json(safeshop: Any, tmp_path: Path) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(GRID, "utf-8")
    code, out, said = safeshop("sweep", str(grid), "--json")
    assert (code, said) == (0, "")
    rows = json.loads(out, parse_constant=pytest.fail)
    assert [row["staff.packers"] for row in rows] == [1, 1, 2, 2, 3, 3]
    assert rows[0]["measure"] == "orders_completed"


def test_ready_made_grids_can_be_read() -> None:
    assert "packers-and-demand" in grids()
    for name in grids():
        assert Scenario.load(Grid.load(name).scenario).catalogue
        assert set(Grid.load(name).measures) <= set(MEASURES)


MISTAKES = [
    ("[]", "grid.yaml: a grid is a list of 'field: value' lines; this file holds something else.\n"),
    (
        "a: [",
        "grid.yaml, line 1: this is not readable YAML (expected the node content, but found '<stream end>').\n",
    ),
    (
        GRID.replace("days: 5", "day: 5"),
        "grid.yaml, field day: there is no such field; the fields are scenario, days, runs, seed, measures, vary.\n",
    ),
    (
        GRID.replace("steps: 3", "steps: 1"),
        "grid.yaml, field vary.staff.packers: write a list of values, or from, to and steps (2 to 1000).\n",
    ),
    (GRID.replace("runs: 2", "runs: many"), "grid.yaml, field runs: 'many' cannot stand here.\n"),
    (
        GRID.replace("[orders_completed, hours_to_pack]", "[]"),
        "grid.yaml, field measures: must not be empty.\n",
    ),
    (
        "days: 3",
        "".join(
            f"grid.yaml, field {name}: this field is missing.\n" for name in ("scenario", "measures", "vary")
        ),
    ),
]


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_wrong_grid_gets_a_sentence_and_writes_nothing(
    safeshop: Any, tmp_path: Path, text: str, told: str
) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(text, "utf-8")
    assert safeshop("sweep", str(grid), "--out", str(tmp_path / "out")) == (1, "", told)
    assert [path.name for path in tmp_path.iterdir()] == ["grid.yaml"]


def test_a_missing_grid_gets_a_sentence(safeshop: Any, tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert safeshop("sweep", str(path)) == (1, "", f"{path} cannot be read: No such file or directory.\n")
