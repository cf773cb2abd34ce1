"""Tables in a notebook: a caption, units in the heads, numbers aligned; pandas makes the HTML."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simlib.facts import Fact
from simlib.languages import _
from simlib.scenario import sources

if TYPE_CHECKING:
    import pandas as pd


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


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?")


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

    frame = table(heads, rows)
    numeric = [
        column in right or all(isinstance(row[column], int | float) for row in rows)
        for column in range(len(heads))
    ]
    text = f"{caption}\n{frame.to_string(index=False)}"
    styler = (
        frame.style.hide(axis="index")
        .set_caption(html.escape(caption))
        # Styles are tied to the id, so each table needs one of its own; the same table keeps it.
        .set_uuid(f"table{zlib.crc32(text.encode()):08x}")
        .format(escape="html")
        .format_index(escape="html", axis="columns")
    )
    styles: Any = [
        {"selector": "caption", "props": "caption-side:top;text-align:left;font-weight:bold;padding:0.3em 0"},
        {"selector": "th,td", "props": "text-align:left;padding:0.25em 0.8em"},
    ]
    styles += [
        {"selector": f"th.col{column},td.col{column}", "props": "text-align:right"}
        for column, is_numeric in enumerate(numeric)
        if is_numeric
    ]
    # A day that is broken at its hyphens takes two lines and is hard to read.
    styles += [
        {"selector": f"td.col{column}", "props": "white-space:nowrap"}
        for column in range(len(heads))
        if rows and all(_DAY.fullmatch(str(row[column])) for row in rows)
    ]
    display(  # type: ignore[no-untyped-call]
        {"text/html": styler.set_table_styles(styles).to_html(), "text/plain": text}, raw=True
    )


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
