"""Tables and boxes of the vault's screens: readable, and usable with the keyboard alone.

A table's first column may be buttons, which keyboards and screen readers know; the rest is one piece of HTML, as a
widget for each of hundreds of cells would take seconds.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets

from simlib.errors import SafeShopError
from simlib.figures.vault_words import cell_text
from simlib.languages import _
from simlib.vault.masking import masked
from simlib.vault.schema import Table

CSS = Path(__file__).with_name("screens.css").read_text(encoding="utf-8")
"""Looks of the screens."""


def button(label: str, tip: str, do: Callable[[], object], *, primary: bool = False) -> Any:
    """A button as wide as its label."""
    made = ipywidgets.Button(
        description=label,
        tooltip=tip,
        button_style="primary" if primary else "",
        layout={"width": "auto", "min_width": "6em"},
    )
    made.on_click(lambda _button: do())
    return made


@dataclass(frozen=True, slots=True)
class Width:
    """How wide a field's label and the whole field are, in em."""

    label: int
    field: int


FORM = Width(9, 28)
"""What most forms take; fields of one form stand under each other."""


def text(label: str, example: str = "", width: Width = FORM) -> Any:
    """A field to write in."""
    return ipywidgets.Text(description=label, placeholder=example, **_laid_out(width))


def password(label: str) -> Any:
    """A field that shows dots."""
    return ipywidgets.Password(description=label, **_laid_out(FORM))


def choice(label: str, options: Sequence[tuple[str, Any]] = (), width: Width = FORM) -> Any:
    """A field to choose from: the word shown, and what it stands for."""
    return ipywidgets.Dropdown(options=list(options), description=label, **_laid_out(width))


def offer(field: Any, options: Sequence[tuple[str, Any]]) -> None:
    """Give a field other things to choose from: what was chosen stays so if it is there still, else the first is."""
    chosen, values = field.value, [value for _word, value in options]
    field.options = list(options)
    if values:  # without this a field that was empty would stay so
        field.value = chosen if chosen in values else values[0]


def _laid_out(width: Width) -> dict[str, dict[str, str]]:
    return {"style": {"description_width": f"{width.label}em"}, "layout": {"width": f"{width.field}em"}}


def heading(text: str) -> Any:
    """A screen's or part's title."""
    return ipywidgets.HTML(title_html(text))


def title_html(text: str) -> str:
    """A title, as HTML."""
    return f"<h3>{html.escape(text)}</h3>"


def line(text: str) -> Any:
    """A line of text."""
    return ipywidgets.HTML(f"<div>{html.escape(text)}</div>")


def table_html(
    label: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Collection[int] = (),
    *,
    last_is_sum: bool = False,
) -> str:
    """A table as HTML; `label` is what screen readers call it, `right` names columns of numbers."""

    def row(cells: Sequence[str], tag: str, kind: str = "") -> str:
        inner = "".join(
            f"<{tag}{' scope=col' if tag == 'th' else ''}{' class=ssv-right' if place in right else ''}>"
            f"{html.escape(cell)}</{tag}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr{kind}>{inner}</tr>"

    last = len(rows) - 1
    body = "".join(
        row(cells, "td", " class=ssv-sum" if last_is_sum and place == last else "")
        for place, cells in enumerate(rows)
    )
    return f'<table aria-label="{html.escape(label)}"><thead>{row(heads, "th")}</thead><tbody>{body}</tbody></table>'


class Grid:
    """A table whose rows open by the button in front.

    Parameters
    ----------
    label
        What it lists.
    heads
        Heads of the columns, the one of the buttons first.
    opens
        Called with the key of a row whose button was pressed.
    right
        Columns of numbers, counted without the buttons.
    """

    def __init__(
        self, label: str, heads: Sequence[str], opens: Callable[[str], object], right: Collection[int] = ()
    ) -> None:
        self._label, self._heads, self._opens, self._right = label, list(heads), opens, right
        self._keys = ipywidgets.VBox()
        self._keys.add_class("ssv-keys")
        self._cells = ipywidgets.HTML()
        scroll = ipywidgets.Box([self._cells])
        scroll.add_class("ssv-scroll")
        self.box = ipywidgets.HBox([self._keys, scroll])
        self.buttons: list[Any] = []

    def fill(self, rows: Sequence[tuple[str, Sequence[str]]], total: Sequence[str] = ()) -> None:
        """Show rows, each a key and its cells; a last one without button for sums."""
        self.buttons = [
            button(
                key,
                _("Open {key}").format(key=key),
                lambda key=key: self._opens(key),  # type: ignore[misc]
            )
            for key, _cells in rows
        ]
        head = ipywidgets.HTML(f'<div class="ssv-keyhead">{html.escape(self._heads[0])}</div>')
        sums = html.escape(_("total"))
        foot = [ipywidgets.HTML(f'<div class="ssv-keyhead">{sums}</div>')] if total else []
        self._keys.children = (head, *self.buttons, *foot)
        cells = [cells for _key, cells in rows] + ([total] if total else [])
        self._cells.value = table_html(
            self._label, self._heads[1:], cells, self._right, last_is_sum=bool(total)
        )


def card(title: str, pairs: Sequence[tuple[str, str]]) -> str:
    """A box of names and values."""
    inner = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(text)}</dd>" for name, text in pairs)
    return f'<div class="ssv-card"><h4>{html.escape(title)}</h4><dl>{inner}</dl></div>'


def cards(parts: Sequence[str]) -> str:
    """Boxes beside each other."""
    return f'<div class="ssv-cards">{"".join(parts)}</div>'


def pairs_of(table: Table, record: Mapping[str, str], names: Sequence[str]) -> list[tuple[str, str]]:
    """Some columns of a record with their labels, for `card`."""
    return [(table[name].label, cell_text(table[name], record[name])) for name in names]


def masked_record(table: Table, record: Mapping[str, str]) -> dict[str, str]:
    """A record, or some of its columns, with what identifies a person taken out."""
    return {name: masked(table[name], cell) for name, cell in record.items()}


class Pager:
    """Buttons to go through pages.

    Parameters
    ----------
    turn
        Called with the page wanted.
    """

    def __init__(self, turn: Callable[[int], object]) -> None:
        self._page, self._pages = 1, 1
        self._back = button("◀", _("Page before"), lambda: turn(self._page - 1))
        self._on = button("▶", _("Next page"), lambda: turn(self._page + 1))
        self._where = ipywidgets.HTML()
        self.box = ipywidgets.HBox([self._back, self._where, self._on])

    def at(self, page: int, pages: int) -> None:
        """Show where we are."""
        self._page, self._pages = page, pages
        self._back.disabled, self._on.disabled = page <= 1, page >= pages
        where = _("page {page} of {pages}").format(page=page, pages=pages)
        self._where.value = html.escape(where)


class Reveal:
    """Masked until somebody says why: a reason and a button.

    Parameters
    ----------
    reveal
        Called with the reason.
    """

    def __init__(self, reveal: Callable[[str], object]) -> None:
        self.reason = text(_("reason"), _("why you need to see it; it goes into the trail"), Width(5, 28))
        self.show = button(
            _("Show in full"), _("Unmasks this record and notes it"), lambda: reveal(self.reason.value)
        )
        self.box = ipywidgets.HBox([self.reason, self.show])


class Confirm:
    """A step in front of what cannot be undone: it says what will be, and waits for a word to be typed.

    Parameters
    ----------
    label, tip
        What the button says that does it.
    do
        Does it; called only if the word was typed.
    guarded
        Does something and tells what goes wrong in a sentence; the step then stays open.
    """

    def __init__(
        self,
        label: str,
        tip: str,
        do: Callable[[], object],
        guarded: Callable[[Callable[[], object]], object],
    ) -> None:
        self._do, self._word = do, ""
        self._told = ipywidgets.HTML()
        self.typed = text("", width=FORM)
        self.go = ipywidgets.Button(
            description=label,
            tooltip=tip,
            button_style="danger",
            layout={"width": "auto", "min_width": "6em"},
        )
        self.go.on_click(lambda _button: guarded(self.confirmed))
        self.cancel = button(_("Cancel"), _("Leaves everything as it is"), self.close)
        self.box = ipywidgets.VBox([self._told, self.typed, ipywidgets.HBox([self.go, self.cancel])])
        self.box.add_class("ssv-confirm")
        self.close()

    def ask(self, title: str, sentences: Sequence[str], word: str) -> None:
        """Say what will be, and which word to type."""
        self._word, self.typed.value = word, ""
        self.typed.description = _("type {word}").format(word=word)
        items = "".join(f"<li>{html.escape(one)}</li>" for one in sentences)
        self._told.value = f'<div role="alert"><b>{html.escape(title)}</b><ul>{items}</ul></div>'
        self.box.layout.display = ""

    def close(self) -> None:
        """Put the step away."""
        self._word, self.typed.value, self._told.value = "", "", ""
        self.box.layout.display = "none"

    def confirmed(self) -> None:
        """Do it, and put the step away.

        Raises
        ------
        SafeShopError
            If another word was typed, or none was asked for.
        """
        if not self._word or self.typed.value.strip() != self._word:
            raise SafeShopError(
                _("Nothing was done: type {word} to confirm, or press Cancel.").format(word=self._word or "–")
            )
        self._do()
        self.close()
