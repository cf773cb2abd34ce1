from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlib.attacker import course_of, taken
from simlib.errors import SafeShopError
from simlib.records import FORMAT, MILESTONES, STATES, Run, Table, mean_days_between
from simlib.world import simulate
from tests.attacks import under
from tests.shops import PRESETS, run_of, runs, scenario


def same(one: Run, other: Run) -> bool:
    return (
        (one.scenario, one.days, one.seed) == (other.scenario, other.days, other.seed)
        and type(one.days) is type(other.days)
        and all(table.same_as(other.tables[name]) for name, table in one.tables.items())
    )


def damaged(path: Path) -> str:
    return f"{path} is damaged or not a saved run; simulate it again and save anew."


def refusal(path: Path) -> str:
    with pytest.raises(SafeShopError) as told:
        Run.load(path)
    return told.value.sentence


@pytest.mark.parametrize("preset", PRESETS)
def test_a_run_is_saved_and_loaded_without_loss(preset: str, tmp_path: Path) -> None:
    run = run_of(preset)
    run.save(tmp_path / "run.npz")
    again = Run.load(tmp_path / "run.npz")
    assert same(again, run)
    assert again.summary() == run.summary()
    assert again.copies.same_as(run.copies)


@given(runs())
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_run_is_saved_and_loaded_without_loss(tmp_path: Path, run: Run) -> None:
    run.save(tmp_path / "run.npz")
    assert same(Run.load(tmp_path / "run.npz"), run)


def test_an_attacked_run_is_saved_and_loaded_without_loss(tmp_path: Path) -> None:
    shop = under(scenario("mainland-marketplace-store"), "account-takeover", "insider-export")
    seed = next(s for s in range(50) if len(course_of(shop, days=12, seed=s).takes) == 2)
    run = simulate(shop.changed(defence__controls=("8.2", "6.3@mail"), attackers={}), days=12, seed=seed)
    assert run.incidents.rows > run.takes.rows > 0
    run.save(tmp_path / "run.npz")
    again = Run.load(tmp_path / "run.npz")
    assert same(again, run)
    assert [each.orders for each in taken(again)] == run.takes["orders"].tolist()


def test_a_run_saved_before_there_were_attacks_is_read_as_a_quiet_one(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with np.load(saved) as file:
        later = [name for name in file.files if name.startswith(("incidents.", "takes."))]
        head = json.loads(str(file["head"][()]))
    for new in ("defence", "attacks", "attackers"):
        del head["scenario"][new]
    words = {name: kept for name, kept in head["words"].items() if name not in ("incidents", "takes")}
    rewritten(saved, path, head={"format": 1, "words": words, "scenario": head["scenario"]}, without=later)
    assert same(Run.load(path), Run.load(saved))


def test_a_run_saved_before_memory_was_asked_for_what_it_holds_is_read(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    rewritten(saved, path, head={"format": 2}, without=["takes.requests", "takes.seed"])
    assert same(Run.load(path), Run.load(saved))


def test_the_same_run_is_saved_as_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        simulate(scenario("taiwan-gift-shop"), days=5, seed=1).save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run in its file; do not change it."""
    path = tmp_path_factory.mktemp("saved") / "run.npz"
    simulate(scenario("hongkong-own-site"), days=2, seed=1).save(path)
    return path


@given(st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_are_found_or_do_no_harm(saved: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(saved.read_bytes())
    # Half of the damage goes where the archive keeps its list of contents.
    places = st.integers(0, len(content) - 1) | st.integers(len(content) - 6000, len(content) - 1)
    for _damage in range(data.draw(st.integers(1, 3))):
        content[data.draw(places)] = data.draw(st.integers(0, 255))
    path = tmp_path / "run.npz"
    path.write_bytes(content)
    try:
        again = Run.load(path)
    except SafeShopError as told:
        sentence = told.sentence
    else:
        assert same(again, Run.load(saved))
        return
    assert sentence == damaged(path)


@given(st.integers(0, 100_000))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_short_is_damaged(saved: Path, tmp_path: Path, keep: int) -> None:
    content = saved.read_bytes()
    path = tmp_path / "run.npz"
    path.write_bytes(content[: keep % len(content)])
    assert refusal(path) == damaged(path)


def foreign(path: Path, kind: str) -> None:
    """A file that is no saved run."""
    if kind == "text":
        path.write_text("order,amount\n1,2\n", encoding="utf-8")
    elif kind == "one array":
        with path.open("wb") as file:
            np.save(file, np.arange(3))
    elif kind == "other arrays":
        np.savez_compressed(path, prices=np.arange(3))
    elif kind == "arrays not packed":
        np.savez(path, head=np.array("{}"))
    elif kind == "another zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("letter.txt", "dear")
    elif kind == "objects":
        np.savez_compressed(path, head=np.array([{}], dtype=object))
    else:
        np.savez_compressed(path, head=np.array(kind))


@pytest.mark.parametrize(
    "kind",
    [
        "text",
        "one array",
        "other arrays",
        "arrays not packed",
        "another zip",
        "objects",
        "no json",
        "[]",
        "{}",
        "3",
        '{"format": 1}',
        '{"format": 1, "scenario": {}, "days": 1, "seed": 1, "words": []}',
    ],
)
def test_a_file_that_is_no_saved_run_gets_its_sentence(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    foreign(path, kind)
    assert refusal(path) == damaged(path)


def rewritten(saved: Path, path: Path, **changes: Any) -> None:
    """The saved run with another head or without a column."""
    with np.load(saved) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(str(arrays["head"][()])) | changes.pop("head", {})
    arrays["head"] = np.array(json.dumps(head))
    for name in changes.pop("without", ()):
        del arrays[name]
    arrays |= changes
    np.savez_compressed(path, **arrays)


def test_a_run_of_a_later_version_gets_its_sentence(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    rewritten(saved, path, head={"format": FORMAT + 1})
    assert refusal(path) == f"{path} was saved in format {FORMAT + 1}; this version reads format {FORMAT}."


@pytest.mark.parametrize(
    "changes",
    [
        {"head": {"scenario": {}}},
        {"head": {"words": {}}},
        {"head": {"days": "many"}},
        {"head": {"seed": None}},
        {"without": ["orders.paid"]},
        {"without": ["stock.t", "stock.product", "stock.pieces", "stock.reason", "stock.order"]},
        {"traffic.bots": np.zeros(2)},
        {"guests.name": np.zeros(1)},
        {"lines.order": np.zeros(99_999, dtype=np.int64)},
    ],
    ids=str,
)
def test_a_run_with_parts_missing_or_added_is_damaged(
    changes: dict[str, Any], saved: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    rewritten(saved, path, **changes)
    assert refusal(path) == damaged(path)


def test_no_file_and_a_folder_get_their_sentences(tmp_path: Path) -> None:
    path = tmp_path / "none.npz"
    assert refusal(path) == f"{path} cannot be read: No such file or directory."
    assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory."


def test_a_failed_save_leaves_the_old_file_and_nothing_else(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(saved.read_bytes())

    def full(*_given: Any) -> None:
        raise OSError(28, "No space left on device")

    run = run_of("taiwan-gift-shop")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(SafeShopError) as told:
        run.save(path)
    monkeypatch.undo()
    assert told.value.sentence == (
        f"Cannot write {path}: No space left on device. Choose a folder that is yours, or make room on the disk."
    )
    assert [item.name for item in tmp_path.iterdir()] == ["run.npz"]
    assert same(Run.load(path), Run.load(saved))


def test_columns_are_read_only() -> None:
    run = run_of("taiwan-gift-shop")
    for table in (table for table in run.tables.values() if table.rows):
        for column in table.values():
            with pytest.raises(ValueError, match="read-only"):
                column[0] = column[0]


def test_columns_of_different_length_are_no_table() -> None:
    with pytest.raises(ValueError, match=r"^columns differ in length: \[1, 2\]$"):
        Table({"a": np.zeros(1), "b": np.zeros(2)})


def test_a_table_in_pandas_has_the_same_values_and_words() -> None:
    orders = run_of("taiwan-gift-shop").orders
    frame = orders.pandas()
    assert list(frame) == list(orders)
    assert list(frame["state"].cat.categories) == list(STATES)
    assert frame["state"].tolist() == [STATES[code] for code in orders["state"]]
    assert np.array_equal(frame["paid"].to_numpy(), orders["paid"], equal_nan=True)


def test_the_summary_counts_what_the_tables_hold() -> None:
    run = run_of("taiwan-gift-shop")
    found = {line.key: line.value for line in run.summary()}
    assert found["orders"] == run.orders.rows == sum(found[f"orders_{state}"] for state in STATES)
    closed = run.orders["closed"] - run.orders["placed"]
    assert found["days_to_close"] == pytest.approx(np.nanmean(closed))
    seller = run.postings["amount"][run.postings.where("account", "seller")].sum()
    assert found["seller_cash"] == seller / 100


def test_a_mean_over_no_orders_is_no_number() -> None:
    nobody = Table({name: np.full(2, np.nan) for name in MILESTONES})
    assert np.isnan(mean_days_between(nobody, "placed", "paid"))
