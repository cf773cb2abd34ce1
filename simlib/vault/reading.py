"""From a file of unknown bytes to checked rows: encoding, header, and every cell, or one sentence.

Files come from the shop's own export or from a real shop's back office, where Chinese Windows writes cp950 or
GB18030. The encoding is detected and shown, and the operator may say otherwise. A fault names file, row and
column; rows are counted as a spreadsheet shows them, with the header as row 1.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.headings import LEFT_OUT, columns_of, with_codes
from simlib.vault.schema import TABLES, FieldSpec, Table, from_cell

ENCODINGS = ("utf-8", "cp950", "gb18030")
"""Encodings that are read. Not Python's ``big5``: it lacks 碁, 裏 and others that Windows writes in cp950."""
CHUNK_ROWS = 1_000
"""Rows checked at once: few enough to stay in the processor's cache."""
CELL = "\x1f"
"""Stands between two cells where a row is kept as one text."""
_MAX_LINE = 4 << 20
_PIECE = 1 << 19
_SAMPLE_BYTES = 4 << 20


LONGEST_CELL = 131_072
"""Longest cell that is read, in characters: no field of a shop comes near it."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a file's bytes say of their encoding.

    Parameters
    ----------
    encoding
        One of `ENCODINGS`.
    byte_order_mark
        Whether the file begins with UTF-8's mark.
    possible
        UTF-8 if every byte has a meaning in it, else all others in which every byte has one.
    certain
        False if another encoding fits as well: then look at the preview before importing.
    """

    encoding: str
    byte_order_mark: bool
    possible: tuple[str, ...]
    certain: bool


def detect(file: BinaryIO, name: str) -> Detection:
    """Find out a file's encoding by reading all of it once.

    UTF-8 is recognised without doubt, because other encodings almost never form it by accident. Between cp950
    and GB18030, both readings are tried; if both succeed, the one counts whose text consists of more of the
    characters in frequent use (level 1 of either standard).

    Parameters
    ----------
    file
        Opened for bytes; read from its beginning and put back there.
    name
        For the sentence when nothing fits.

    Raises
    ------
    SafeShopError
        If the file is empty, an archive, UTF-16, or fits no encoding.
    """
    file.seek(0)
    head = file.read(4)
    _refuse_strangers(head, name)
    possible = (
        ("utf-8",) if _decodes(file, "utf-8") else tuple(one for one in ENCODINGS[1:] if _decodes(file, one))
    )
    file.seek(0)
    sample = file.read(_SAMPLE_BYTES)
    file.seek(0)
    if not possible:
        raise SafeShopError(
            _(
                "{file} is written neither in UTF-8 nor in cp950 nor in GB18030; "
                "export it again as CSV in UTF-8."
            ).format(file=name)
        )
    if "utf-8" in possible:
        return Detection("utf-8", head.startswith(codecs.BOM_UTF8), possible, certain=True)
    if len(possible) == 1:
        return Detection(possible[0], byte_order_mark=False, possible=possible, certain=True)
    big, simplified = _frequent_share(sample)
    better = "cp950" if big >= simplified else "gb18030"
    certain = abs(big - simplified) > 0.15
    return Detection(better, byte_order_mark=False, possible=possible, certain=certain)


def _refuse_strangers(head: bytes, name: str) -> None:
    if not head:
        raise SafeShopError(_("{file} is empty; export it again.").format(file=name))
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")):
        raise SafeShopError(
            _(
                "{file} is an archive or a workbook; unpack it or save it as CSV, then import that file."
            ).format(file=name)
        )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SafeShopError(_("{file} is written in UTF-16; save it as CSV in UTF-8.").format(file=name))


def _decodes(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


_BIG_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]")
_BIG_FREQUENT = re.compile(rb"[\xa1-\xc6][\x40-\x7e\xa1-\xfe]")
_GB_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_GB_FREQUENT = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")


def _frequent_share(sample: bytes) -> tuple[float, float]:
    """Share of frequent characters among the two-byte ones, read as cp950 and as GB18030."""

    def share(pair: re.Pattern[bytes], frequent: re.Pattern[bytes]) -> float:
        pairs = pair.findall(sample)
        return sum(map(bool, map(frequent.match, pairs))) / max(1, len(pairs))

    return share(_BIG_PAIR, _BIG_FREQUENT), share(_GB_PAIR, _GB_FREQUENT)


def open_input(path: Path) -> BinaryIO:
    """Open a file to import.

    Raises
    ------
    SafeShopError
        If it is no file that can be read.
    """
    if path.is_dir():
        raise SafeShopError(_("{file} is a folder; give one file.").format(file=path))
    try:
        return path.open("rb")
    except OSError:
        raise SafeShopError(
            _("{file} cannot be read; check name and permissions.").format(file=path)
        ) from None


Column = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Checked rows, in the table's order of columns.

    Parameters
    ----------
    first
        Number of the first row, the header being row 1.
    columns
        The cells by column, in UTF-8: as texts they would take three times as long to make.
    texts
        Each row as one text, cells joined by U+001F, if reading came by it anyway; none of its cells holds
        that sign.
    """

    first: int
    columns: list[Column]
    texts: list[bytes] | None = None

    def __len__(self) -> int:
        """How many rows."""
        return len(self.columns[0])

    def row(self, at: int) -> list[str]:
        """The cells of one row."""
        return [column[at].decode() for column in self.columns]

    @property
    def rows(self) -> list[list[str]]:
        """The cells by row."""
        return [self.row(at) for at in range(len(self))]


class _Lines:
    """A file's lines in UTF-8: one at a time for the csv module, or a thousand at once where that will do.

    Parameters
    ----------
    file
        Bytes; need not be seekable.
    encoding
        How they are decoded, strictly.
    too_long
        Makes the error for a line that could only fill the memory.
    """

    def __init__(self, file: BinaryIO, encoding: str, too_long: Callable[[], SafeShopError]) -> None:
        self._file, self._encoding, self._too_long = file, encoding, too_long
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._data, self._end, self._ended = b"", b"\n", False
        self._single: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        """The next line with its end, which is CR LF, LF or CR."""
        if not self._single:
            self.give_back(self._cut(1))
        if not self._single:
            raise StopIteration
        return self._single.popleft()

    def many(self, lines: int) -> list[bytes]:
        """The next lines that end with LF, without it; none if some wait to be taken one at a time."""
        return [] if self._single else self._cut(lines)

    def put_back(self, line: str) -> None:
        """A line just taken, to be taken again."""
        self._single.appendleft(line)

    def give_back(self, lines: list[bytes]) -> None:
        """Lines of `many`, to be taken one at a time."""
        if lines:
            self._single.extend(io.StringIO((b"\n".join(lines) + self._end).decode(), newline=""))

    def _cut(self, lines: int) -> list[bytes]:
        parts = self._data.split(b"\n", lines)
        while len(parts) <= lines and not self._ended:
            self._fill()
            parts = self._data.split(b"\n", lines)
        self._data, self._end = parts.pop(), b"\n"
        if not parts and self._data:  # the last line, without an end
            parts, self._data, self._end = [self._data], b"", b""
        return parts

    def _fill(self) -> None:
        data = self._file.read(_PIECE)
        self._ended = not data
        text = self._decoder.decode(data, final=self._ended)
        self._data += data if self._encoding == "utf-8" else text.encode()
        if len(self._data) > _MAX_LINE and self._data.rfind(b"\n") < len(self._data) - _MAX_LINE:
            raise self._too_long()


class TableReader:
    """Reads one table's rows from bytes, in chunks, checking every cell.

    Parameters
    ----------
    file
        Bytes; need not be seekable.
    name
        For sentences.
    encoding
        One of `ENCODINGS`.
    table
        What it must be; ``None`` finds out by the header.
    columns
        Heading → column, where the operator knows better than `headings`; an empty name leaves it out.

    Attributes
    ----------
    columns
        Heading in the file → column it is read as, or an empty name.
    is_foreign
        Whether a heading is another than the format's own; then words in place of codes are understood, too.
    """

    def __init__(
        self,
        file: BinaryIO,
        name: str,
        encoding: str,
        table: Table | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        if encoding not in ENCODINGS:
            raise SafeShopError(
                _("There is no encoding {encoding} here; choose one of: {encodings}.").format(
                    encoding=encoding, encodings=", ".join(ENCODINGS)
                )
            )
        self._encoding = encoding
        self._lines = _Lines(file, encoding, self._too_long)
        self._row = 1
        header_line = self._header_line()
        self._is_json = header_line.startswith("{")
        self._delimiter = "\t" if header_line.count("\t") > header_line.count(",") else ","
        # The limit is the whole process's, and other libraries raise it.
        csv.field_size_limit(LONGEST_CELL)
        self._reader = csv.reader(chain([header_line], self._lines), delimiter=self._delimiter, strict=True)
        if self._is_json:
            header = self._json_columns(header_line)
            self._lines.put_back(header_line)
        else:
            header = next(iter(self._take(1)), [])
            self._row = 2
        self._header = header
        self.table = table or _table_of(header, name, columns)
        self.columns = columns_of(header, self.table, columns)
        self._order = _order_of(header, self.columns, self.table, name)
        self._width = len(header)
        self.is_foreign = any(heading != column for heading, column in self.columns.items())
        self._checks = [_column_check(spec) for spec in self.table.fields]

    def _header_line(self) -> str:
        try:
            line = next(self._lines, "")
            return line.removeprefix("\ufeff") if self._encoding == "utf-8" else line
        except UnicodeDecodeError:
            raise self._undecodable() from None

    def _undecodable(self) -> SafeShopError:
        # Text is decoded some thousand bytes ahead, so only the row up to which all was well is known.
        return SafeShopError(
            _("{file}, row {row} or later: bytes that are not {encoding}; choose another encoding.").format(
                file=self.name, row=self._row, encoding=self._encoding
            )
        )

    def _too_long(self) -> SafeShopError:
        return SafeShopError(
            _(
                "{file}, row {row}: a cell is longer than {limit} characters; correct it and export again."
            ).format(file=self.name, row=self._row, limit=LONGEST_CELL)
        )

    def _take(self, rows: int) -> list[list[str]]:
        """The next rows, fewer at the end."""
        taken: list[list[str]] = []
        try:
            for cells in islice(self._reader, rows):
                taken.append(cells)
        except UnicodeDecodeError:
            self._row += len(taken)
            raise self._undecodable() from None
        except csv.Error as error:
            self._row += len(taken)
            if "limit" in str(error):
                raise self._too_long() from None
            raise SafeShopError(
                _("{file}, row {row}: a quoted cell is damaged; export the file again.").format(
                    file=self.name, row=self._row
                )
            ) from None
        return taken

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, checked.

        Raises
        ------
        SafeShopError
            At the first fault, with file, row and column.
        """
        while (chunk := self._next(rows)) is not None:
            checked = zip(self._checks, chunk.columns, strict=True)
            if not all(check(column) for check, column in checked):
                self._find_fault(self._row, chunk.rows)
            yield chunk
            self._row += len(chunk)

    def _next(self, rows: int) -> Chunk | None:
        return self._from_json(rows) if self._is_json else self._plain(rows) or self._quoted(rows)

    def _quoted(self, rows: int) -> Chunk | None:
        """The next rows, read by the csv module, which knows quotes and says what is wrong."""
        taken = self._take(rows)
        if not taken:
            return None
        if {*map(len, taken)} != {self._width}:
            self._refuse_width(taken, self._width)
        return self._chunk(taken)

    def _chunk(self, taken: list[list[str]]) -> Chunk:
        columns: list[Column] = [[cell.encode() for cell in column] for column in zip(*taken, strict=True)]
        return Chunk(self._row, self._ordered(columns))

    def _from_json(self, rows: int) -> Chunk | None:
        """The next rows of JSON lines: one object each, with the columns of the first."""
        try:
            lines = list(islice(self._lines, rows))
        except UnicodeDecodeError:
            raise self._undecodable() from None
        taken = []
        for number, line in enumerate(lines, start=self._row):
            told = _json_object(line)
            if told is None or told.keys() != {*self._header}:
                raise SafeShopError(
                    _(
                        "{file}, row {row}: not one JSON object with the columns of row 1, "
                        "each a text or null; export the file again."
                    ).format(file=self.name, row=number)
                )
            if any(len(cell) > LONGEST_CELL for cell in told.values()):
                self._row = number
                raise self._too_long()
            taken.append([told[name] for name in self._header])
        return self._chunk(taken) if taken else None

    def _json_columns(self, line: str) -> list[str]:
        told = _json_object(line)
        if not told:
            raise SafeShopError(
                _(
                    "{file}, row {row}: not one JSON object with the columns of row 1, "
                    "each a text or null; export the file again."
                ).format(file=self.name, row=1)
            )
        return list(told)

    def _plain(self, rows: int) -> Chunk | None:
        """The next rows if none of them holds a quote or anything else that is not plain; else nothing.

        Splitting text at each comma takes a third of the csv module's time. It accepts only what the csv
        module would read alike (a test compares); all else is given back, to be read by it.
        """
        try:
            lines = self._lines.many(rows)
        except UnicodeDecodeError:
            raise self._undecodable() from None
        if not lines:
            return None
        columns, texts = _split_plain(lines, self._delimiter.encode(), self._width)
        if not columns:
            self._lines.give_back(lines)
            return None
        return Chunk(self._row, self._ordered(columns), texts if self._order is None else None)

    def _ordered(self, columns: list[Column]) -> list[Column]:
        if self._order is None:
            return columns
        columns = [columns[place] for place in self._order]
        if self.is_foreign:
            columns = [
                with_codes(spec, column) for spec, column in zip(self.table.fields, columns, strict=True)
            ]
        return columns

    def _refuse_width(self, rows: list[list[str]], expected: int) -> None:
        for number, row in enumerate(rows, start=self._row):
            if len(row) != expected:
                raise SafeShopError(
                    _(
                        "{file}, row {row}: {found} cells instead of {expected}; export the file again."
                    ).format(file=self.name, row=number, found=len(row), expected=expected)
                )

    def _find_fault(self, first: int, rows: Sequence[Sequence[str]]) -> None:
        for number, row in enumerate(rows, start=first):
            for spec, cell in zip(self.table.fields, row, strict=True):
                try:
                    from_cell(spec, cell)
                except ValueError as fault:
                    raise SafeShopError(
                        _("{file}, row {row}, column {column}: “{text}” {fault}.").format(
                            file=self.name, row=number, column=spec.name, text=shown(cell), fault=fault
                        )
                    ) from None


def _split_plain(lines: list[bytes], delimiter: bytes, width: int) -> tuple[list[Column], list[bytes]]:
    """Lines without quotes as columns and as texts for a block; nothing if they are not all plain."""
    text = b"\n".join(lines)
    if b'"' in text or CELL.encode() in text or max(map(len, lines)) > LONGEST_CELL:
        return [], []
    if b"\r" in text:
        # Each line ends with one, and there are no others; to search for both signs together takes long.
        without = text.replace(b"\r", b"")
        if len(text) - len(without) != len(lines) or not all(map(bytes.endswith, lines, repeat(b"\r"))):
            return [], []
        text = without
    # Each row but the last leaves its line end at the end of its last cell. If every cell in the last column
    # has one, every row has as many cells as there are columns.
    cells = text.replace(b"\n", b"\n" + delimiter).split(delimiter)
    last = b"".join(cells[width - 1 :: width])
    if len(cells) != width * len(lines) or last.count(b"\n") != len(lines) - 1:
        return [], []
    columns: list[Column] = [cells[place::width] for place in range(width - 1)]
    columns.append(last.split(b"\n"))
    return columns, text.replace(delimiter, CELL.encode()).split(b"\n")


def shown(cell: str, longest: int = 40) -> str:
    """A cell for a sentence: cut, and with signs that a screen would hide or obey made visible."""
    cut = cell if len(cell) <= longest else cell[:longest] + "…"
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in cut)


def _json_object(line: str) -> dict[str, str] | None:
    """A line's JSON object with missing values as empty cells; nothing if it is none, or holds other things."""
    try:
        told = json.loads(line, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not all(cell is None or isinstance(cell, str) for cell in told.values()):
        return None
    cells = {name: cell or "" for name, cell in told.items()}
    if any("\ud800" <= sign <= "\udfff" for text in cells.items() for part in text for sign in part):
        return None  # half a character, which JSON can write and UTF-8 cannot
    return cells


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a name stands there twice")
    return told


def _table_of(header: Sequence[str], name: str, columns: Mapping[str, str] | None = None) -> Table:
    def hits(table: Table) -> int:
        return len({spec.name for spec in table.fields} & {*columns_of(header, table, columns).values()})

    best = max(TABLES, key=lambda table: hits(table) / len(table.fields))
    if hits(best) == 0:
        raise SafeShopError(
            _("{file} has none of the columns of members, orders or order lines; export it again.").format(
                file=name
            )
        )
    return best


def _order_of(header: Sequence[str], columns: Mapping[str, str], table: Table, name: str) -> list[int] | None:
    """Place in the file of each of the table's columns; ``None`` if they stand in order."""
    names = [spec.name for spec in table.fields]
    read = [columns.get(heading) for heading in header]
    for column in names:
        if column not in read:
            raise SafeShopError(
                _("{file} has no column {column}; export it again with all columns.").format(
                    file=name, column=column
                )
            )
    for place, heading in enumerate(header):
        if heading in header[:place]:
            raise SafeShopError(
                _("{file}, row 1: the column {column} stands there twice; export it again.").format(
                    file=name, column=shown(heading)
                )
            )
        if read[place] == LEFT_OUT:
            continue
        if read[place] not in names:
            raise SafeShopError(
                _("{file}, row 1: the vault knows no column “{column}” of {table}; remove it.").format(
                    file=name, column=shown(heading), table=table.name
                )
            )
        if read[place] in read[:place]:
            raise SafeShopError(
                _(
                    "{file}, row 1: “{first}” and “{second}” both mean {column}; say which one to leave out."
                ).format(
                    file=name,
                    first=shown(header[read.index(read[place])]),
                    second=shown(heading),
                    column=read[place],
                )
            )
    return None if read == names == list(header) else [read.index(column) for column in names]


# -- whole columns at once
#
# Checking a cell with `from_cell` costs a microsecond, and a million orders have forty million cells. So each
# column is first tried as a whole, by rules that accept nothing `from_cell` would refuse (a test compares);
# only if that fails are the cells looked at one by one, for the sentence.

_MONEY = r"[0-9]{1,15}(?:\.[0-9]{1,4})?"
_WHOLE = r"[0-9]{1,15}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME_LENGTH = 25
_TIME_SIGNS = {4: b"-", 7: b"-", 10: b"T", 13: b":", 16: b":", 19: b"+-", 22: b":"}
_TIME_DIGITS = [place for place in range(_TIME_LENGTH) if place not in _TIME_SIGNS]
_TIME_LIMITS = {11: 23, 14: 59, 17: 59, 20: 23, 23: 59}
"""Place in a time → largest number that may stand there in two digits."""


def _column_check(spec: FieldSpec) -> Callable[[Column], bool]:
    limits = spec.constraints
    required = bool(limits.get("required"))
    if "enum" in limits:
        allowed = frozenset(code.encode() for code in limits["enum"])
        return lambda cells: allowed.issuperset(cells)
    if "pattern" in limits:
        return _matching(limits["pattern"], None, required)
    match spec.type:
        case "string":
            return (lambda cells: b"" not in cells) if required else (lambda cells: True)
        case "money":
            return _matching(_MONEY, None, required)
        case "integer":
            least = limits.get("minimum", 0)
            return _matching(_WHOLE, lambda cell: int(cell) >= least, required)
        case "datetime":
            return (lambda cells: _are_times(cells)) if required else (lambda cells: _are_times(_told(cells)))
        case "date":
            return _matching(_DATE, date.fromisoformat, required)
        case "boolean":
            return lambda cells: {b"true", b"false"}.issuperset(cells)
        case _:
            return lambda cells: False


def _told(cells: Column) -> Column:
    return [cell for cell in cells if cell]


def _matching(pattern: str, then: Callable[[str], object] | None, required: bool) -> Callable[[Column], bool]:
    """Whether each different cell matches a pattern, tried in one go, and passes a further test."""
    match = re.compile(f"(?:(?:{pattern})\n)*").fullmatch

    def check(cells: Column) -> bool:
        distinct = set(cells)
        if not required:
            distinct.discard(b"")
        text = b"\n".join([*distinct, b""]).decode()
        # A cell that holds a line end itself would count as two.
        if text.count("\n") != len(distinct) or not match(text):
            return False
        try:
            return then is None or all(then(cell.decode()) for cell in distinct)
        except ValueError:
            return False

    return check


def _are_times(cells: Column) -> bool:
    """Whether all cells are times such as 2026-03-02T13:06:59+08:00: as a table of signs, row by row."""
    if {*map(len, cells)} - {_TIME_LENGTH}:
        return False
    signs = np.frombuffer(b"".join(cells), np.uint8).reshape(len(cells), _TIME_LENGTH)
    digits = signs - np.uint8(ord("0"))
    if (digits[:, _TIME_DIGITS] > 9).any():
        return False
    for place, expected in _TIME_SIGNS.items():
        if (
            not (signs[:, place] == expected[0]).all()
            and not ((signs[:, place] == expected[0]) | (signs[:, place] == expected[-1])).all()
        ):
            return False
    for place, most in _TIME_LIMITS.items():
        if (digits[:, place] * np.uint8(10) + digits[:, place + 1] > most).any():
            return False
    try:
        return all(date.fromisoformat(day.decode()) for day in {cell[:10] for cell in cells})
    except ValueError:
        return False
