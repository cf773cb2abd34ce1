"""Files from outside: read exactly, or refused with one sentence that names file, row and column."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simlib.errors import SafeShopError
from simlib.vault.blocks import row_text
from simlib.vault.reading import ENCODINGS, TableReader, _column_check, detect, open_input
from simlib.vault.schema import MEMBERS, ORDER_LINES, ORDERS, TABLES, FieldSpec, from_cell
from tests.vault.sample import Lab, csv_bytes, line, member, order, write

TAIWAN = "臺北市松山區範例路8號碁銹裏墻恒粧嫺林美玲陳志明張淑芬購物車訂單"
MAINLAND = "广州市天河区示例路八号陈伟强李娜张敏购物车订单货到付款退款龙凤"


def rows_of(data: bytes, encoding: str = "utf-8", name: str = "f.csv") -> list[list[str]]:
    return [row for chunk in TableReader(io.BytesIO(data), name, encoding).chunks() for row in chunk.rows]


def refusal(data: bytes, encoding: str = "utf-8") -> str:
    with pytest.raises(SafeShopError) as refused:
        rows_of(data, encoding)
    return refused.value.sentence


# -- encodings


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        (TAIWAN, "utf-8", "utf-8"),
        (TAIWAN, "utf-8-sig", "utf-8"),
        (TAIWAN, "cp950", "cp950"),
        (MAINLAND, "gb18030", "gb18030"),
        (MAINLAND, "utf-8", "utf-8"),
        (TAIWAN, "gb18030", "gb18030"),
        ("only ASCII", "ascii", "utf-8"),
    ],
)
def test_a_files_encoding_is_found_and_its_names_read_as_they_were_written(
    text: str, codec: str, expected: str
) -> None:
    data = csv_bytes(MEMBERS, [member(1, name=text, address=text)], encoding=codec)
    found = detect(io.BytesIO(data), "f.csv")
    assert (found.encoding, found.byte_order_mark) == (expected, codec == "utf-8-sig")
    (row,) = rows_of(data, found.encoding)
    assert row[2] == text


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert rows_of(b"\xef\xbb\xbf" + csv_bytes(ORDER_LINES, [line(1)])) == rows_of(
        csv_bytes(ORDER_LINES, [line(1)])
    )


def test_the_characters_that_pythons_big5_lacks_are_read() -> None:
    with pytest.raises(UnicodeEncodeError):
        "碁銹裏墻".encode("big5")
    data = csv_bytes(MEMBERS, [member(1, name="碁銹裏墻")], encoding="cp950")
    assert rows_of(data, "cp950")[0][2] == "碁銹裏墻"


def test_the_operator_may_say_which_encoding_it_is(lab: Lab, tmp_path: Path) -> None:
    path = write(tmp_path / "m.csv", MEMBERS, [member(1, name=TAIWAN)], encoding="cp950")
    with lab.sign_in() as session:
        seen = session.preview(path)
        assert (seen.encoding, seen.table, seen.rows[0]["name"]) == ("cp950", "members", TAIWAN)
        assert seen.detection.possible == ("cp950", "gb18030")
        wrong = session.preview(path, "gb18030")
        assert wrong.rows[0]["name"] != TAIWAN
        session.import_file(path, encoding="cp950")
        assert session.search_members().rows[0]["name"] == TAIWAN


def test_detection_is_right_for_files_of_frequent_names() -> None:
    chance = random.Random(5)
    for _trial in range(200):
        for text, codec in ((TAIWAN, "cp950"), (MAINLAND, "gb18030")):
            names = ["".join(chance.choices(text, k=3)) for _name in range(12)]
            data = csv_bytes(MEMBERS, [member(n, name=name) for n, name in enumerate(names)], encoding=codec)
            # The example address is Taiwanese; without it only names speak.
            data = data.replace("臺北市松山區範例路8號".encode(codec), b"")
            assert detect(io.BytesIO(data), "f").encoding == codec


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "f.csv is empty; export it again."),
        (
            b"PK\x03\x04../../etc/passwd",
            "f.csv is an archive or a workbook; unpack it or save it as CSV, then import that file.",
        ),
        ("訂單".encode("utf-16"), "f.csv is written in UTF-16; save it as CSV in UTF-8."),
        (
            b"\xff\xff\x80\xff",
            "f.csv is written neither in UTF-8 nor in cp950 nor in GB18030; export it again as CSV in UTF-8.",
        ),
    ],
)
def test_a_file_that_is_no_text_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(SafeShopError) as refused:
        detect(io.BytesIO(data), "f.csv")
    assert refused.value.sentence == sentence


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SafeShopError, match=re.escape(f"{tmp_path} is a folder; give one file.")):
        open_input(tmp_path)
    with pytest.raises(SafeShopError, match=r"cannot be read; check name and permissions"):
        open_input(tmp_path / "nothing.csv")


# -- headers and rows

NAMES = [spec.name for spec in ORDER_LINES.fields]
GOOD = ["SYN1", "1", "TEA", "Tea", "2", "10.00", "20.00"]


def lines_file(header: list[str], *rows: list[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([header, *rows])
    return out.getvalue().encode("utf-8", "surrogatepass")


def test_columns_may_stand_in_any_order() -> None:
    turned = lines_file(NAMES[::-1], GOOD[::-1])
    assert rows_of(turned) == [GOOD]


def test_tabs_separate_as_well() -> None:
    assert rows_of(csv_bytes(ORDERS, [order(1)], delimiter="\t")) == rows_of(csv_bytes(ORDERS, [order(1)]))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            lines_file([*NAMES, "line"], [*GOOD, "1"]),
            "f.csv, row 1: the column line stands there twice; export it again.",
        ),
        (
            lines_file([*NAMES, "lime"], [*GOOD, "1"]),
            "f.csv, row 1: the vault knows no column “lime” of order_lines; remove it.",
        ),
        (
            lines_file(NAMES[:-1], GOOD[:-1]),
            "f.csv has no column line_amount; export it again with all columns.",
        ),
        (
            b"a,b\r\n1,2\r\n",
            "f.csv has none of the columns of members, orders or order lines; export it again.",
        ),
        (lines_file(NAMES, GOOD, GOOD[:-1]), "f.csv, row 3: 6 cells instead of 7; export the file again."),
        (
            lines_file(NAMES, GOOD, GOOD[:-1], [*GOOD, "1"]),
            "f.csv, row 3: 6 cells instead of 7; export the file again.",
        ),
        (lines_file(NAMES, GOOD, []), "f.csv, row 3: 0 cells instead of 7; export the file again."),
        (lines_file(NAMES) + b'SYN1,"1', "f.csv, row 2: a quoted cell is damaged; export the file again."),
        (lines_file(NAMES) + b'SYN1,"1"2,', "f.csv, row 2: a quoted cell is damaged; export the file again."),
        (
            lines_file(NAMES, ["x" * 10_000_000, *GOOD[1:]]),
            "f.csv, row 2: a cell is longer than 131072 characters; correct it and export again.",
        ),
        (
            lines_file(NAMES, GOOD, ["SYN1", "1_000", *GOOD[2:]]),
            "f.csv, row 3, column line: “1_000” must be a whole number such as 3.",
        ),
        (
            lines_file(NAMES, ["SYN1", "１２３", *GOOD[2:]]),
            "f.csv, row 2, column line: “１２３” must be a whole number such as 3.",
        ),
        (
            lines_file(NAMES, ["SYN1", "\u202e1\0", *GOOD[2:]]),
            "f.csv, row 2, column line: “\\u202e1\\u0000” must be a whole number such as 3.",
        ),
        (
            lines_file(NAMES, ["SYN1", "9" * 5_000, *GOOD[2:]]),
            f"f.csv, row 2, column line: “{'9' * 40}…” must be a whole number such as 3.",
        ),
        (
            lines_file(NAMES, ["a\udc80", *GOOD[1:]]),
            "f.csv, row 1 or later: bytes that are not utf-8; choose another encoding.",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_file_row_and_column(data: bytes, sentence: str) -> None:
    assert refusal(data) == sentence


def test_an_unknown_encoding_is_refused() -> None:
    assert refusal(b"x", "big5") == "There is no encoding big5 here; choose one of: utf-8, cp950, gb18030."


def test_text_with_nul_and_right_to_left_marks_is_kept_as_it_is() -> None:
    odd = "a\0b\u202ec\u200f"
    assert rows_of(lines_file(NAMES, ["SYN1", "1", "TEA", odd, *GOOD[4:]]))[0][3] == odd


ONE = dict(zip(NAMES, GOOD, strict=True))


@pytest.mark.parametrize(
    ("lines", "row"),
    [
        (["{"], 1),
        (["{}"], 1),
        ([json.dumps(ONE), "[]"], 2),
        ([json.dumps(ONE), json.dumps(ONE | {"line": 1})], 2),
        ([json.dumps(ONE), json.dumps(ONE | {"more": "1"})], 2),
        ([json.dumps(ONE), json.dumps(ONE)[:-1] + ',"line":"2"}'], 2),
        ([json.dumps(ONE), json.dumps(ONE | {"product_name": "\udc80"})], 2),
        ([json.dumps(ONE), '{"order_number":' * 5_000], 2),
    ],
)
def test_faulty_json_lines_are_refused_with_their_row(lines: list[str], row: int) -> None:
    assert refusal("\n".join(lines).encode()) == (
        f"f.csv, row {row}: not one JSON object with the columns of row 1, each a text or null; "
        "export the file again."
    )


def test_json_lines_are_checked_like_any_file() -> None:
    data = "\n".join([json.dumps(ONE), json.dumps(ONE | {"quantity": "0"})]).encode()
    assert refusal(data) == "f.csv, row 2, column quantity: “0” must be at least 1."


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_rows_read_at_once_are_those_the_csv_module_reads(line_end: str, last: bool) -> None:
    rows = [[f"SYN{n}", "1", "TEA", "臺\u2028\x85 '茶", "2", "10.00", "20.00"] for n in range(2_500)]
    text = line_end.join(",".join(row) for row in [NAMES, *rows]) + (line_end if last else "")
    chunks = list(TableReader(io.BytesIO(text.encode()), "f.csv", "utf-8").chunks())
    assert [row for chunk in chunks for row in chunk.rows] == rows
    for chunk in chunks:
        if chunk.texts is not None:
            assert chunk.texts == [row_text(row) for row in chunk.rows]
    # All but what a lone CR ends is read at once; without that the speed would be lost unnoticed.
    assert sum(len(chunk) for chunk in chunks if chunk.texts) == (0 if line_end == "\r" else 2_500)


def test_a_quoted_cell_across_two_readings_of_the_file_is_one_cell() -> None:
    long = "\n".join(["林" * 30] * 900)
    rows = [[f"SYN{n}", "1", "TEA", long if n % 3 else "Tea", *GOOD[4:]] for n in range(40)]
    assert rows_of(lines_file(NAMES, *rows)) == rows


# -- whole columns against single cells

PIECES = [
    "",
    "0",
    "1",
    "-1",
    "1.5",
    "1e5",
    "٣",
    "１",
    " 1",
    "1_0",
    "true",
    "True",
    "2026-02-30",
    "2026-03-06",
]
PIECES += [
    "2026-03-02T13:06:59+08:00",
    "2026-03-02T24:00:00+08:00",
    "2026-03-02T13:06:59Z",
    "2026-W10-1",
    "TWD",
]
PIECES += [
    "2026-03-02T13:06:59+24:00",
    "0000-01-01",
    "a@b",
    "a b@c",
    "own-site",
    "Own",
    "completed",
    "\n",
    "9" * 30,
]


@given(
    st.sampled_from([spec for table in TABLES for spec in table.fields]),
    st.lists(st.sampled_from(PIECES) | st.text(), max_size=4),
)
@settings(max_examples=400)
def test_a_column_checked_as_a_whole_is_accepted_only_if_each_cell_is(
    spec: FieldSpec, cells: list[str]
) -> None:
    if _column_check(spec)([cell.encode("utf-8", "replace") for cell in cells]):
        for cell in cells:
            from_cell(spec, cell)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_column_of_examples_passes_as_a_whole(table: object) -> None:
    for spec in table.fields:  # type: ignore[attr-defined]
        assert _column_check(spec)([spec.example.encode()] * 3), spec.name


# -- fuzz

SIGNS = st.characters(exclude_categories=["Cs"])
CELLS = st.sampled_from(
    [*PIECES, "=1+1", '"', ",", "\t", "\r\n", "\x1f", "\x1e", "\ufeff", "SYN1"]
) | st.text(SIGNS)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file of lines that is right, nearly right, or not right at all."""
    header = draw(
        st.just(NAMES) | st.permutations(NAMES) | st.lists(st.sampled_from([*NAMES, "x"]), max_size=9)
    )
    good = st.tuples(
        st.text(SIGNS, min_size=1), st.just("1"), *(st.text(SIGNS, min_size=1),) * 2, *map(st.just, GOOD[4:])
    )
    near = st.lists(CELLS, min_size=7, max_size=7)
    rows = draw(st.lists(good.map(list) | near | st.lists(CELLS, max_size=9), max_size=4))
    data = lines_file(header, *rows)
    codec = draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
    data = data.decode("utf-8").encode(codec)
    for _change in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.binary(max_size=3)) + data[place + draw(st.integers(0, 3)) :]
    return data


def accepted_exactly_or_refused(data: bytes, encoding: str | None) -> None:
    """Either the rows are those which Python's own csv module reads, or one sentence says what is wrong."""
    try:
        used = encoding or detect(io.BytesIO(data), "f.csv").encoding
        reader = TableReader(io.BytesIO(data), "f.csv", used)
        rows = [row for chunk in reader.chunks() for row in chunk.rows]
    except SafeShopError as error:
        refused: str | None = error.sentence
    else:
        refused = None
    if refused is not None:
        assert re.fullmatch(r"(?s)f\.csv.+\.", refused), refused
        return
    text = data.decode("utf-8-sig" if used == "utf-8" else used)
    first = io.StringIO(text, newline="").readline()
    delimiter = "\t" if first.count("\t") > first.count(",") else ","
    plain = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    names = [spec.name for spec in reader.table.fields]
    # A changed byte may turn a heading into one that `headings` knows, such as line-amount.
    meant = [reader.columns[heading] for heading in plain[0]]
    assert rows == [[row[meant.index(name)] for name in names] for row in plain[1:]]
    for row in rows:
        for spec, cell in zip(reader.table.fields, row, strict=True):
            from_cell(spec, cell)


ENCODING = st.sampled_from([None, *ENCODINGS])


def fuzzed(seed: int) -> tuple[bytes, str | None]:
    """A file made from a number: cheaper than `files`, so that there can be thousands."""
    chance = random.Random(seed)
    signs = "".join(
        map(chr, [*range(33, 127), 0, 9, 10, 13, 30, 31, 0x202E, 0xFEFF, 0xFF1D, 0x4E2D, 0x20000])
    )

    def text() -> str:
        return (
            chance.choice(PIECES)
            if chance.random() < 0.3
            else "".join(chance.choices(signs, k=chance.randrange(6)))
        )

    header = NAMES[:]
    for _change in range(chance.choice((0, 0, 0, 1, 2))):
        chance.choice((chance.shuffle, list.pop, lambda names: names.append(text())))(header)
        header = header or ["x"]
    rows = []
    for number in range(chance.randrange(5)):
        row = [f"SYN{number}", "1", text() or "x", text() or "y", *GOOD[4:]]
        if chance.random() < 0.4:
            row[chance.randrange(7)] = text()
        rows.append(row if chance.random() < 0.9 else row[: chance.randrange(8)])
    codec = chance.choice(("utf-8", "utf-8-sig", "gb18030", "utf-8", "cp950"))
    data = lines_file(header, *rows).decode().encode(codec, "replace")
    for _change in range(chance.choice((0, 0, 1, 3))):
        place = chance.randrange(len(data) + 1)
        data = data[:place] + chance.randbytes(chance.randrange(3)) + data[place + chance.randrange(3) :]
    return data, chance.choice((None, None, *ENCODINGS))


@given(files() | st.binary(max_size=200), ENCODING)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_any_file_is_accepted_exactly_or_refused_with_a_sentence(data: bytes, encoding: str | None) -> None:
    accepted_exactly_or_refused(data, encoding)


@pytest.mark.slow
@given(st.integers(0, 2**64))
@settings(max_examples=2_000, suppress_health_check=list(HealthCheck))
def test_any_of_two_thousand_files_is_accepted_exactly_or_refused(seed: int) -> None:
    accepted_exactly_or_refused(*fuzzed(seed))


def test_the_fuzz_meets_both_files_that_are_accepted_and_files_that_are_refused() -> None:
    accepted = 0
    for seed in range(300):
        data, encoding = fuzzed(seed)
        try:
            used = encoding or detect(io.BytesIO(data), "f.csv").encoding
            accepted += bool(rows_of(data, used))
        except SafeShopError:
            pass
    assert 30 < accepted < 270


@pytest.mark.thorough
@given(files() | st.binary(max_size=400), ENCODING)
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
def test_any_of_ten_thousand_files_is_accepted_exactly_or_refused(data: bytes, encoding: str | None) -> None:
    accepted_exactly_or_refused(data, encoding)
