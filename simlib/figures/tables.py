"""Tables in a notebook: a caption, units in the heads, numbers aligned.

The HTML is the one that pandas' Styler makes, written without it: fetching pandas for a table of ten lines took a
third of a second in every lesson.
"""

from __future__ import annotations

import html
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from simlib.facts import Fact
from simlib.languages import _
from simlib.scenario import sources

if TYPE_CHECKING:
    import pandas as pd


CAPTION: Final = ("caption-side: top", "text-align: left", "font-weight: bold", "padding: 0.3em 0")
CELL: Final = ("text-align: left", "padding: 0.25em 0.8em")
"""The look of a table's caption and of its cells; numbers stand at the right."""


def number(value: object, decimals: int = 1) -> str:
    """A number as a person writes it; whole numbers without decimals, ``–`` for what is not known."""
    if not isinstance(value, int | float):
        return str(value)
    if value != value:
        return "–"
    if value in (float("inf"), float("-inf")):
        return "∞"
    return f"{value:,.0f}" if value == round(value) else f"{value:,.{decimals}f}"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """Rows under heads; numbers already written as people write them."""
    import pandas as pd

    return pd.DataFrame([[number(value) for value in row] for row in rows], columns=list(heads))


def show_table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[int] = ()
) -> None:
    """Put a table into the notebook.

    Parameters
    ----------
    caption
        What it is.
    heads
        Heads of the columns, with units.
    rows
        Numbers or texts. Numbers are aligned to the right.
    right
        Columns of amounts that are already written out, to be aligned like numbers.
    """
    from IPython.display import display

    numeric = {
        column
        for column in range(len(heads))
        if column in right or all(isinstance(row[column], int | float) for row in rows)
    }
    written = [[number(value) for value in row] for row in rows]
    text = f"{caption}\n{in_columns([list(heads), *written])}"
    # Styles are tied to the id, so each table needs one of its own; the same table keeps it.
    name = f"T_table{zlib.crc32(text.encode()):08x}"
    told = "\n".join([*_style(name, numeric), *_table(name, caption, heads, written)])
    display({"text/html": told + "\n", "text/plain": text}, raw=True)  # type: ignore[no-untyped-call]


def in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows of words as lines of text, each column aligned to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        " ".join(word.rjust(width) for word, width in zip(row, widths, strict=True)) for row in rows
    )


def _style(name: str, numeric: Collection[int]) -> Iterator[str]:
    """The look of the table of that id, line by line."""
    rules: dict[tuple[str, ...], tuple[str, ...]] = {
        ("caption",): CAPTION,
        ("th", "td"): CELL,
        **{(f"th.col{column}", f"td.col{column}"): ("text-align: right",) for column in sorted(numeric)},
    }
    yield '<style type="text/css">'
    for selectors, look in rules.items():
        for selector in selectors:
            yield f"#{name} {selector} {{"
            yield from (f"  {each};" for each in look)
            yield "}"
    yield "</style>"


def _table(name: str, caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The table itself, line by line."""
    yield f'<table id="{name}">'
    yield f"  <caption>{html.escape(caption)}</caption>"
    yield "  <thead>"
    yield "    <tr>"
    for column, head in enumerate(heads):
        classes = f"level0 col{column}"
        yield f'      <th id="{name}_level0_col{column}" class="col_heading {classes}" >{_escaped(head)}</th>'
    yield "    </tr>"
    yield "  </thead>"
    yield "  <tbody>"
    for place, row in enumerate(rows):
        yield "    <tr>"
        for column, word in enumerate(row):
            cell = f"row{place}_col{column}"
            classes = f"data row{place} col{column}"
            yield f'      <td id="{name}_{cell}" class="{classes}" >{_escaped(word)}</td>'
        yield "    </tr>"
    yield "  </tbody>"
    yield "</table>"


def _escaped(word: str) -> str:
    return html.escape(word).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def show_sources(preset: str, fields: Mapping[str, str]) -> None:
    """Show where a preset's numbers come from.

    Parameters
    ----------
    preset
        Name of the preset.
    fields
        Field of the scenario (``logistics.transit.mean``) → what it is, in the reader's language.
    """
    known = sources(preset)
    status = {"verified": _("verified"), "assumption": _("assumption")}
    show_table(
        _("Some of the numbers this shop is made of"),
        [_("what"), _("value"), _("unit"), _("verified or assumed"), _("source")],
        [
            [
                label,
                *_fact_value(known[field]),
                status[known[field].status],
                _(known[field].source),
            ]
            for field, label in fields.items()
        ],
    )


def _fact_value(known: Fact) -> tuple[str, str]:
    """A fact's value and unit as a person reads them; shares as per cent."""
    if known.unit == "1":
        return number(100 * known.value), "%"
    value = known.value
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value), _(known.unit)
