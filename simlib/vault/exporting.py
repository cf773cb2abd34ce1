"""Rows out of the vault as a file: as they are, or made harmless for a spreadsheet.

A cell that begins with ``=`` runs as a formula when a spreadsheet opens the file (CWE-1236), and a customer
chooses his own name. In the vault text stays as it came; here it gets an apostrophe in front if it could be a
formula.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from pathlib import Path

from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.vault.files import new_file
from simlib.vault.reports import Record
from simlib.vault.schema import FORMATS, Table, row_writer

_FORMULA = re.compile(
    # Blanks and signs without width that a spreadsheet takes off before it looks at the cell,
    r"[\s\u200b-\u200f\u2060\ufeff\u00ad\x00-\x20]*"
    # then a sign by which formulas begin, or its full-width form;
    r"[=+\-@\uff1d\uff0b\uff0d\uff20\u2212]"
    # or a tab or line end in front of anything.
    r"|[\t\r\n]"
)


def escaped(cell: str) -> str:
    """A cell as a spreadsheet shows it without running it; cells that cannot run stay as they are."""
    return "'" + cell if _FORMULA.match(cell) else cell


def export_file(
    table: Table, rows: Iterable[Record], path: Path, format_name: str = "csv-bom", *, escape: bool = True
) -> int:
    """Write rows to a file, whole or not at all; how many there were.

    Parameters
    ----------
    table
        Whose columns.
    rows
        The rows.
    path
        A file that does not exist yet.
    format_name
        One of `simlib.vault.schema.FORMATS`; the default is what spreadsheets recognise as UTF-8.
    escape
        Whether cells that could be formulas get an apostrophe. Without it the file can be imported again.
        JSON lines never get one: no spreadsheet runs what stands in them.

    Raises
    ------
    SafeShopError
        If the format is unknown, or the file exists or cannot be written.
    """
    if format_name not in FORMATS:
        raise SafeShopError(
            _("There is no export format {name}; choose one of: {formats}.").format(
                name=format_name, formats=", ".join(FORMATS)
            )
        )
    if path.exists():
        raise SafeShopError(_("{path} exists already; choose another name.").format(path=path))
    chosen, names, count = FORMATS[format_name], [spec.name for spec in table.fields], 0
    escape = escape and bool(chosen.delimiter)
    try:
        with new_file(path) as file:
            out = io.TextIOWrapper(file, "utf-8", newline="", write_through=False)
            write = row_writer(out, names, chosen)
            for row in rows:
                cells = [row[name] for name in names]
                write([escaped(cell) for cell in cells] if escape else cells)
                count += 1
            out.flush()
            out.detach()
    except OSError:
        raise SafeShopError(_("{path} cannot be written; check folder and room.").format(path=path)) from None
    return count
