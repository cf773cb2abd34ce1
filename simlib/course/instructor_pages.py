"""Pages for the instructor's folder on the stick: the solutions to read, and one page that leads to everything.

A browser shows a notebook file as the JSON it is, and a person who only wants to look up an answer before the class
has nothing installed. nbconvert's own pages are not used: they load scripts from elsewhere.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from simlib.languages import _, current_language, set_language

STYLE = """
body { font: 12pt/1.5 "Source Sans 3", "Noto Sans CJK TC", "Microsoft JhengHei", "PingFang TC", sans-serif;
  max-width: 52em; margin: 2em auto; padding: 0 1em; color: #111; }
:lang(zh-Hans) body, body:lang(zh-Hans) { font-family: "Source Sans 3", "Noto Sans CJK SC", "Microsoft YaHei",
  "PingFang SC", sans-serif; }
h1, h2 { line-height: 1.25; color: #0b4f7d; } h2 { margin-top: 2em; }
a { color: #0b4f7d; } li { margin: .25em 0; }
pre { background: #f4f4f4; padding: .6em .8em; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85em; }
.shown { border-left: 4px solid #00694d; padding: 0 .9em; margin: .6em 0; overflow-x: auto; }
table { border-collapse: collapse; } th, td { border-bottom: 1px solid #999; padding: .3em .6em; text-align: left; }
img { max-width: 100%; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } h2 { break-after: avoid; } }
"""


@dataclass(frozen=True)
class Link:
    """One line of the first page: a file in the same folder, and its title."""

    file: str
    title: str


def solution_page(notebook: dict[str, Any]) -> str:
    """A solved exercise notebook as one page that fetches nothing.

    Parameters
    ----------
    notebook
        The built notebook, as JSON holds it.
    """
    about = notebook["metadata"]["safeshop"]
    body = "\n".join(part for cell in notebook["cells"] for part in _cell(cell))
    return _page(about["lang"], about["title"], body)


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    text = _joined(cell["source"])
    if cell["cell_type"] == "markdown":
        yield MarkdownIt("commonmark").enable("table").render(text)
        return
    yield f"<pre>{html.escape(text)}</pre>"
    for output in cell["outputs"]:
        data = output.get("data", {})
        shown = _joined(data.get("text/html", ""))
        if not shown and "image/png" in data:
            shown = f'<img alt="" src="data:image/png;base64,{_joined(data["image/png"]).strip()}">'
        plain = _joined(output.get("text", data.get("text/plain", "")))
        # A control is only alive in the notebook; what stands for it in the file says nothing to a reader.
        if "application/vnd.jupyter.widget-view+json" not in data and (shown or plain):
            yield f'<div class="shown">{shown or f"<pre>{html.escape(plain)}</pre>"}</div>'


def first_page(lang: str, groups: Sequence[tuple[str, Sequence[Link]]]) -> str:
    """The page that leads to everything the instructor gets in one language.

    Parameters
    ----------
    lang
        Language tag.
    groups
        Heading, and the files below it, from top to bottom.
    """
    spoken = current_language()
    set_language(lang)
    try:
        title = _("Safe Shop Lab for instructors")
        lines = [
            _(
                "Choose a run sheet by the time you have, and print it. It says what to show when, and what people ask."
            ),
            _("Slides fill the wall with F and show your notes with S. Nothing here needs the internet."),
        ]
    finally:
        set_language(spoken)
    body = [f"<h1>{html.escape(title)}</h1>", *(f"<p>{html.escape(line)}</p>" for line in lines)]
    for heading, links in groups:
        items = "".join(
            f'<li><a href="{html.escape(link.file)}">{html.escape(link.title)}</a></li>' for link in links
        )
        body.append(f"<h2>{html.escape(heading)}</h2>\n<ul>{items}</ul>")
    return _page(lang, title, "\n".join(body))


def headings(lang: str) -> tuple[str, str, str]:
    """What the groups of the first page are called: run sheets, slides, solutions."""
    spoken = current_language()
    set_language(lang)
    try:
        return _("Run sheets"), _("Slides"), _("Solutions of the exercises")
    finally:
        set_language(spoken)


def _page(lang: str, title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n{body}\n</html>\n"
    )


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook file as JSON holds it."""
    tree: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return tree
