"""What a real shop's back office calls the columns, and what it writes where the format has a code.

The format's own export says ``order_number``; a back office says 訂單編號 or 订单号. The lists stand in
``headings.yaml``, so that whoever meets another word adds a word, not code.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from simlib.vault.schema import TABLES, FieldSpec, Table

LEFT_OUT = ""
"""In place of a column's name: this column of the file is not read."""


@lru_cache(maxsize=1)
def _lists() -> dict[str, Any]:
    path = Path(__file__).with_name("headings.yaml")
    lists: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return lists


def comparable(heading: str) -> str:
    """A heading as it is compared: width, case, blanks, signs and a unit in brackets do not count."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    text = re.sub(r"[\s*:_'’/-]", "", text)
    return re.sub(r"\([^()]*\)$", "", text) or text


@lru_cache(maxsize=8)
def _known(name_of_table: str) -> dict[str, str]:
    (table,) = (one for one in TABLES if one.name == name_of_table)
    words = {comparable(spec.title): spec.name for spec in table.fields}
    for name, headings in _lists()["columns"][table.name].items():
        words |= {comparable(heading): name for heading in headings}
    return words


def columns_of(
    header: Sequence[str], table: Table, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Heading → column of the table, for those headings that are understood.

    Parameters
    ----------
    header
        The file's first row.
    table
        One of the format's tables.
    chosen
        What the operator says some headings mean; goes before what the lists say. `LEFT_OUT` leaves a column
        of the file out.
    """
    names, known, said = {spec.name for spec in table.fields}, _known(table.name), chosen or {}
    found = {}
    for heading in header:
        if heading in said:
            found[heading] = said[heading]
        elif heading in names:
            found[heading] = heading
        elif comparable(heading) in known:
            found[heading] = known[comparable(heading)]
    return found


@lru_cache(maxsize=256)
def _codes(name: str, is_truth: bool) -> dict[bytes, bytes]:
    lists = _lists()["truths"] if is_truth else _lists()["codes"].get(name, {})
    return {word.encode(): code.encode() for code, words in lists.items() for word in words}


def with_codes(spec: FieldSpec, cells: Sequence[bytes]) -> Sequence[bytes]:
    """A column of choices or truth values with the format's codes in place of a back office's words."""
    codes = _codes(spec.name, spec.type == "boolean")
    return [codes.get(cell, cell) for cell in cells] if codes else cells
