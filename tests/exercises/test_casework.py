"""What is planted in a case can be found, and is found by another way than it was planted."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest

from simlib import casework, datasets
from simlib.course.intake import carried_into_vault
from simlib.errors import SafeShopError

SEEDS = (123, 10_000, 77_777)


# One case is enough for a quick look; CI takes them all.
@pytest.fixture(
    scope="module",
    params=[SEEDS[0], *(pytest.param(seed, marks=pytest.mark.slow) for seed in SEEDS[1:])],
    ids=str,
)
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_a_dirty_list_holds_what_was_planted_and_cleans_up(seed: int) -> None:
    made = datasets.dirty_export(seed)
    with pytest.raises(UnicodeDecodeError):
        made.content.decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(made.content.decode(made.encoding))))
    assert len(rows) == made.rows
    codes = [row["member_code"] for row in rows]
    assert len(set(codes)) == made.members
    assert tuple(sorted({code for code in codes if codes.count(code) > 1})) == made.repeated
    formulas = {row["member_code"] for row in rows if any(cell[:1] in {*"=+-@"} for cell in row.values())}
    assert tuple(sorted(formulas)) == made.formulas
    wrong = {name for name, lines in casework.readings(made.content).items() if "市" in lines[0]}
    assert wrong == {made.encoding} or "�" in casework.readings(made.content)["utf-8"][0]


def test_the_vault_refuses_the_dirty_list_and_takes_the_clean_one() -> None:
    made = datasets.dirty_export(SEEDS[0])
    rows = casework.rows_of(made.content, made.encoding)
    with pytest.raises(SafeShopError, match="member_code is the same as in row"):
        carried_into_vault(rows)
    report = carried_into_vault(list({row["member_code"]: row for row in rows}.values()))
    assert (report.new, report.rows) == (made.members, made.members)
    with pytest.raises(SafeShopError) as refused:
        carried_into_vault([])
    assert refused.value.sentence == "There are no rows to carry into the vault yet."
    with pytest.raises(SafeShopError, match="First find out how the file is encoded"):
        casework.rows_of(made.content, ...)


def test_exactly_the_planted_accesses_break_a_written_rule(seed: int) -> None:
    log = casework.access_log(seed)
    assert [int(row["number"]) for row in log.rows] == list(range(1, len(log.rows) + 1))
    assert [row["at"] for row in log.rows] == sorted(row["at"] for row in log.rows)
    broken = {
        row["number"]
        for row in log.rows
        if row["action"] not in casework.STAFF[row["account"]][1]
        or row["place"] != "Taipei"
        or (row["account"] == "max" and row["at"] >= "2026-03-15")
    }
    assert broken == log.planted
    assert len(broken) == 4


def test_the_bank_lacks_exactly_the_payouts_to_the_other_account(seed: int) -> None:
    made = casework.settlement(seed)
    arrived = {row["reference"]: float(row["amount"]) for row in made.bank}
    missing = [row for row in made.payouts if row["payout"] not in arrived]
    assert tuple(row["payout"] for row in missing) == made.astray
    assert {row["account"] for row in missing} == {f"…{made.changed}"}
    assert sum(float(row["net"]) for row in missing) == pytest.approx(made.lost)
    assert made.account != made.changed
    assert sorted(made.account) == sorted(made.changed)
    for row in made.payouts:
        assert float(row["gross"]) - float(row["fees"]) == pytest.approx(float(row["net"]))
        if row["payout"] in arrived:
            assert arrived[row["payout"]] == float(row["net"])


def test_the_leaked_orders_are_those_that_lay_online_at_that_moment_and_at_no_other_day(seed: int) -> None:
    made = casework.leak(seed)
    taken = {row["order"] for row in made.leaked}

    def online(moment: datetime) -> set[str]:
        at = f"{moment:%Y-%m-%dT%H:%M:%S}"
        return {
            row["order"]
            for row in made.orders
            if row["placed"] <= at and (not row["left_online"] or row["left_online"] > at)
        }

    assert online(made.moment(made.at)) == taken
    between = (made.earliest + made.latest) / 2
    assert online(made.moment(between)) == taken
    assert online(made.moment(made.earliest - 0.001)) != taken
    assert online(made.moment(made.latest + 0.001)) != taken
    assert int(made.earliest) == int(made.at) == int(made.latest)
    assert len({(row["name"], row["mobile"]) for row in made.leaked}) == made.people
