"""Files of a real back office: Chinese headings and words are understood, shown, and can be corrected."""

from __future__ import annotations

from pathlib import Path

import pytest

from simlib.errors import SafeShopError
from simlib.vault import headings
from simlib.vault.headings import columns_of, comparable
from simlib.vault.schema import MEMBERS, ORDERS, TABLES, Table
from tests.vault.sample import Cells, Lab, member, order


def words(table: Table, name: str) -> list[str]:
    found: list[str] = headings._lists()["columns"][table.name][name]
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_has_headings_and_no_heading_stands_for_two(table: Table) -> None:
    told = headings._lists()["columns"][table.name]
    assert told.keys() == {spec.name for spec in table.fields}
    meaning: dict[str, str] = {}
    for name, said in told.items():
        for heading in said:
            assert meaning.setdefault(comparable(heading), name) == name, heading


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_words_stand_for_codes_the_format_has_and_each_for_one(table: Table) -> None:
    for spec in table.fields:
        said = headings._lists()["codes"].get(spec.name, {})
        if "enum" in spec.constraints:
            assert said.keys() == set(spec.constraints["enum"]), spec.name
        listed = [word for some in said.values() for word in some]
        assert len(listed) == len(set(listed)), spec.name


def test_blanks_width_case_and_units_of_a_heading_do_not_count() -> None:
    assert columns_of(["＊ 訂單編號", "運費（元）", "ＥＭＡＩＬ", "備註"], ORDERS) == {
        "＊ 訂單編號": "order_number",
        "運費（元）": "shipping_fee",
    }
    assert columns_of(["E-Mail ", "name", "備註"], MEMBERS, {"備註": ""}) == {
        "E-Mail ": "email",
        "name": "name",
        "備註": "",
    }


def back_office(table: Table, rows: list[Cells], place: int, words_of: dict[str, str]) -> str:
    """A file with the headings at this place of the lists (0: Taiwan, -1: mainland) and words for codes."""
    header = [words(table, spec.name)[place] for spec in table.fields]
    cells = [[words_of.get(row[spec.name], row[spec.name]) for spec in table.fields] for row in rows]
    return "".join(",".join(one) + "\r\n" for one in [header, *cells])


@pytest.mark.parametrize(
    ("codec", "place", "said"),
    [
        ("cp950", 0, {"completed": "已完成", "delivered": "已送達", "courier": "宅配", "true": "是"}),
        ("gb18030", -1, {"completed": "交易完成", "delivered": "已签收", "courier": "快递", "true": "有"}),
        ("utf-8-sig", 0, {"personal": "個人", "issued": "已開立", "any": "不指定"}),
    ],
)
def test_a_back_offices_own_file_is_stored_as_the_formats_would_be(
    lab: Lab, tmp_path: Path, codec: str, place: int, said: dict[str, str]
) -> None:
    rows = [order(n) for n in range(5)]
    path = tmp_path / "orders.csv"
    path.write_bytes(back_office(ORDERS, rows, place, said).encode(codec))
    with lab.sign_in() as session:
        seen = session.preview(path)
        assert seen.table == "orders"
        assert list(seen.columns.values()) == [spec.name for spec in ORDERS.fields]
        assert seen.rows == rows
        session.import_file(path)
        assert session.find(order_number="SYNTW00000003").orders
        assert session.reveal_order("SYNTW00000003", "the test compares").order == rows[3]
        assert session.verify().findings == []


def test_the_operator_may_say_what_a_heading_means_and_leave_a_column_out(lab: Lab, tmp_path: Path) -> None:
    text = back_office(MEMBERS, [member(1)], 0, {"female": "女", "true": "是"})
    text = text.replace("電子郵件", "連絡郵址", 1)
    lines = text.split("\r\n")
    path = tmp_path / "m.csv"
    path.write_bytes("\r\n".join([lines[0] + ",備註", lines[1] + ",老客戶", ""]).encode())
    with lab.sign_in() as session:
        with pytest.raises(SafeShopError) as refused:
            session.preview(path)
        assert refused.value.sentence == "m.csv has no column email; export it again with all columns."
        meant = {"連絡郵址": "email"}
        with pytest.raises(SafeShopError) as refused:
            session.import_file(path, columns=meant)
        assert (
            refused.value.sentence == "m.csv, row 1: the vault knows no column “備註” of members; remove it."
        )
        assert session.import_file(path, columns=meant | {"備註": ""}).new == 1
        assert session.search_members().rows == [member(1)]


def test_two_headings_of_one_meaning_are_refused_until_one_is_left_out(lab: Lab, tmp_path: Path) -> None:
    lines = back_office(MEMBERS, [member(1)], 0, {}).split("\r\n")
    path = tmp_path / "m.csv"
    path.write_bytes("\r\n".join([lines[0] + ",電話號碼", lines[1] + ",02-1", ""]).encode())
    with lab.sign_in() as session:
        with pytest.raises(SafeShopError) as refused:
            session.import_file(path)
        assert refused.value.sentence == (
            "m.csv, row 1: “電話” and “電話號碼” both mean phone; say which one to leave out."
        )
        assert session.import_file(path, columns={"電話號碼": ""}).new == 1


def test_the_formats_own_headings_take_no_words_for_codes(lab: Lab, tmp_path: Path) -> None:
    header = [spec.name for spec in MEMBERS.fields]
    cells = [member(1, sex="女")[name] for name in header]
    path = tmp_path / "m.csv"
    path.write_bytes((",".join(header) + "\r\n" + ",".join(cells) + "\r\n").encode())
    with lab.sign_in() as session, pytest.raises(SafeShopError, match=r"column sex: “女” must be one of"):
        session.import_file(path)
