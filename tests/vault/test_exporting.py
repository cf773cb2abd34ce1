"""What leaves the vault cannot run in a spreadsheet, and apart from that is what came in."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.vault.exporting import escaped
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS
from tests.vault.sample import Lab, line, member, order, write

CORPUS = [
    "=1+1",
    '=HYPERLINK("http://127.0.0.1","x")',
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tx",
    "\rx",
    "\nx",
    " =1+1",
    "\u3000=1+1",
    "\u00a0=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u200e=1+1",
    "\x00=1+1",
    "\x1f=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(A1)",
    "−1+1",
    " ＝1",
]
HARMLESS = ["林美玲", "a=b", "1+1", "x@example.org", "'=1", "", "0999123456", "２", "~=1", "A-1", "1280.00"]


@pytest.mark.parametrize("cell", CORPUS)
def test_a_cell_that_could_run_gets_an_apostrophe(cell: str) -> None:
    assert escaped(cell) == "'" + cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_a_cell_that_cannot_run_stays_as_it_is(cell: str) -> None:
    assert escaped(cell) == cell


@given(st.text())
def test_escaping_adds_at_most_one_apostrophe_and_what_it_leaves_cannot_run(cell: str) -> None:
    out = escaped(cell)
    assert out in (cell, "'" + cell)
    if out == cell:
        assert not cell.strip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_formulas_are_kept_in_the_vault_and_escaped_on_the_way_out(lab: Lab, tmp_path: Path) -> None:
    people = [member(n, name=text, address=text) for n, text in enumerate(CORPUS)]
    path, plain = tmp_path / "out.csv", tmp_path / "plain.csv"
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "m.csv", MEMBERS, people))
        assert session.search_members().rows == people
        assert session.export(path, "members") == len(CORPUS)
        assert session.export(plain, "members", format_name="csv", escape=False) == len(CORPUS)
        assert [one.details["file"] for one in session.trail() if one.action == "export"] == [
            "out.csv",
            "plain.csv",
        ]
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))
    assert [cell for row in rows for cell in row.values() if escaped(cell) != cell] == []
    assert sorted(row["name"] for row in rows) == sorted("'" + text for text in CORPUS)
    exact = list(csv.DictReader(io.StringIO(plain.read_bytes().decode(), newline="")))
    assert sorted(exact, key=lambda row: row["member_code"]) == people


@pytest.mark.parametrize("form", ["csv", "csv-bom", "tsv", "jsonl"])
def test_an_exact_export_can_be_imported_again(lab: Lab, tmp_path: Path, form: str) -> None:
    other = Lab(tmp_path / "other").create()
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "o.csv", ORDERS, [order(n) for n in range(30)]))
        session.import_file(write(tmp_path / "l.csv", ORDER_LINES, [line(n) for n in range(30)]))
        for table in ("orders", "order_lines"):
            session.export(tmp_path / f"{table}.out", table, format_name=form, escape=False)
        expected = session.reveal_order("SYNTW00000007", "the test compares")
    with other.sign_in() as session:
        assert session.import_file(tmp_path / "orders.out").new == 30
        assert session.import_file(tmp_path / "order_lines.out").new == 30
        assert session.reveal_order("SYNTW00000007", "the test compares") == expected


def test_json_lines_keep_every_cell_and_tell_missing_ones(lab: Lab, tmp_path: Path) -> None:
    people = [member(n, name=text, nickname="") for n, text in enumerate(CORPUS)]
    with lab.sign_in() as session:
        session.import_file(write(tmp_path / "m.csv", MEMBERS, people))
        session.export(tmp_path / "m.jsonl", "members", format_name="jsonl")
    told = [json.loads(text) for text in (tmp_path / "m.jsonl").read_text("utf-8").split("\n")[:-1]]
    assert [one["nickname"] for one in told] == [None] * len(people)
    given = {one["member_code"]: one["name"] for one in people}
    assert {one["member_code"]: one["name"] for one in told} == given


def test_an_export_never_overwrites_and_knows_its_formats(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("mine")
    with lab.sign_in() as session:
        with pytest.raises(SafeShopError, match=r"exists already; choose another name"):
            session.export(tmp_path / "there.csv", "members")
        with pytest.raises(
            SafeShopError, match=r"There is no export format xlsx; choose one of: csv, csv-bom, tsv, jsonl\."
        ):
            session.export(tmp_path / "x.xlsx", "members", format_name="xlsx")
        with pytest.raises(SafeShopError, match=r"cannot be written; check folder and room"):
            session.export(tmp_path / "no" / "x.csv", "members")
    assert (tmp_path / "there.csv").read_text() == "mine"
