"""Slides of a lesson as one HTML file that opens from a disk: nothing is fetched while they are shown.

A slide is a section's heading with the first paragraph, and one slide below it for each picture or table of the
section. What else the lesson says there, and the instructor's notes, stand in the speaker view (key S).

reveal.js lies in ``reveal/`` with its licence (MIT) and is written into the page. nbconvert's own slides are not
used: they load reveal.js, require.js and jQuery from elsewhere, and show prose made for reading, not for a wall.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from simlib.course import teaching
from simlib.course.build import read_sources
from simlib.course.source import LessonSource
from simlib.errors import SafeShopError
from simlib.languages import _, current_language, set_language

REVEAL = Path(__file__).parent / "reveal"
"""reveal.js 5.2.0: library, styles and speaker view, as published, with its licence."""

STYLE = """
.reveal { font-family: "Source Sans 3", "Noto Sans CJK TC", "Microsoft JhengHei", "PingFang TC", sans-serif;
  font-size: 36px; line-height: 1.4; color: #1a1a1a; }
:lang(zh-Hans) .reveal { font-family: "Source Sans 3", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC",
  sans-serif; }
body { background: #fff; }
.reveal .slides section { text-align: left; padding: 24px 16px; box-sizing: border-box; line-height: 1.4; }
.reveal h1, .reveal h2, .reveal h3 { color: #0b4f7d; line-height: 1.2; margin: 0 0 .5em; }
.reveal h1 { font-size: 1.9em; } .reveal h2, .reveal h3 { font-size: 1.4em; }
.reveal blockquote { border-left: 8px solid #0b4f7d; margin: .8em 0; padding: .1em 0 .1em .8em; }
.reveal ul { margin: .3em 0; padding-left: 1.2em; } .reveal li { margin: .3em 0; } .reveal li p { margin: 0; }
.reveal figure { max-width: none !important; }
.reveal figure img { max-height: 560px; max-width: 100%; display: block; margin: 0 auto .3em; }
.reveal table { font-size: .6em; border-collapse: collapse; }
.reveal th, .reveal td { padding: .3em .7em; border-bottom: 1px solid #ccc; text-align: left; }
.reveal caption { font-size: 1.3em; font-weight: bold; text-align: left; padding: .3em 0; }
.reveal .text { font-size: .85em; }
.reveal .scroll { max-height: 690px; overflow: auto; }
"""


@dataclass
class Slide:
    """One slide: what is shown, as HTML, and what the speaker reads, as Markdown."""

    shown: str
    notes: list[str] = field(default_factory=list)


def slides(root: Path, number: str, lang: str) -> str:
    """The slides of a lesson.

    Parameters
    ----------
    root
        Folder of the project's sources, with built lessons.
    number
        Two digits.
    lang
        Language tag.

    Returns
    -------
    str
        One HTML page.

    Raises
    ------
    SafeShopError
        If there is no such lesson, or it is not built in this language.
    """
    lessons = {source.head.number: source for source in read_sources(root / "lessons")}
    if number not in lessons:
        raise SafeShopError(
            _("There is no lesson “{name}”; the lessons are {lessons}.").format(
                name=number, lessons=", ".join(lessons)
            )
        )
    source = lessons[number]
    path = root / "lessons" / lang / f"{source.stem}.ipynb"
    if not path.is_file():
        raise SafeShopError(
            _("Lesson {number} is not built in {lang}; run: safeshop build {number} --lang {lang}").format(
                number=number, lang=lang
            )
        )
    spoken = current_language()
    set_language(lang)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return page(notebook, source, teaching.notes(source, root / "instructor", lang))
    finally:
        set_language(spoken)


def page(notebook: dict[str, Any], source: LessonSource, notes: teaching.Notes) -> str:
    """A built lesson as a page of slides, in the language in use.

    Parameters
    ----------
    notebook
        The built notebook, as JSON holds it.
    source
        The lesson's source, for its sections.
    notes
        What the speaker says.
    """
    about = notebook["metadata"]["safeshop"]
    stacks = [[_title(about)], *(list(stack) for stack in _sections(notebook, source, notes))]
    body = "\n".join(
        "<section>" + "\n".join(map(_section, stack)) + "</section>" for stack in stacks if stack
    )
    title = html.escape(f"{about['number']} {about['title']}")
    parts = {
        name: (REVEAL / name).read_text(encoding="utf-8") for name in ("reveal.css", "reveal.js", "notes.js")
    }
    licence = (REVEAL / "LICENSE").read_text(encoding="utf-8").replace("--", "- -")
    return f"""<!doctype html>
<html lang="{about["lang"]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<!-- reveal.js:
{licence}-->
<style>{parts["reveal.css"]}</style>
<style>{STYLE}</style>
</head>
<body>
<div class="reveal"><div class="slides">
{body}
</div></div>
<script>{_script(parts["reveal.js"])}</script>
<script>{_script(parts["notes.js"])}</script>
<script>
Reveal.initialize({{ width: 1280, height: 760, margin: 0.04, hash: true, controls: true, slideNumber: "c/t",
  center: false, transition: "none", plugins: [RevealNotes] }});
</script>
</body>
</html>
"""


def _script(code: str) -> str:
    """Program text that may stand within a page: no end of the element in the midst of it."""
    return code.replace("</script", "<\\/script")


def _markdown(text: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(text))


def _title(about: dict[str, Any]) -> Slide:
    aims = "".join(f"<li>{_markdown(aim)}</li>" for aim in about["objectives"])
    lesson = _("Lesson {number}, {minutes} minutes").format(number=about["number"], minutes=about["minutes"])
    title, after = html.escape(about["title"]), html.escape(_("Afterwards you can:"))
    return Slide(f"<h1>{title}</h1><p>{html.escape(lesson)}</p><p>{after}</p><ul>{aims}</ul>")


def _sections(notebook: dict[str, Any], source: LessonSource, notes: teaching.Notes) -> Iterator[list[Slide]]:
    """One stack of slides for each section of the lesson."""
    starts = {section.name: section.minutes for section in source.head.sections}
    stack: list[Slide] = []
    for cell in notebook["cells"]:
        name = cell["metadata"]["name"]
        text = _joined(cell["source"])
        if name in starts:
            yield stack
            stack = [_first(text, whole=name in {"key-points", "in-your-shop"})]
            stack[0].notes.insert(0, _("{minutes} min").format(minutes=starts[name]))
            if name in notes.beside:
                stack[0].notes.insert(1, notes.beside[name])
        elif cell["cell_type"] == "markdown":
            if text.startswith("#"):
                stack.append(_first(text, whole=False))
            elif stack:
                stack[-1].notes.append(text)
        elif stack:
            stack += [Slide(shown) for shown in _pictures(cell)]
    yield stack


def _first(text: str, whole: bool) -> Slide:
    """Heading, first paragraph and the questions of a cell; the rest is for the speaker."""
    if whole:
        return Slide(f'<div class="text">{_markdown(text)}</div>')
    blocks = re.split(r"\n\s*\n", text)
    heads = [block for block in blocks if block.startswith("#")]
    prose = [block for block in blocks if not block.startswith("#")]
    asked = [block for block in prose[1:] if block.startswith(("> ", "**"))]
    rest = [block for block in prose[1:] if block not in asked]
    return Slide(_markdown("\n\n".join([*heads, *prose[:1], *asked])), rest)


def _pictures(cell: dict[str, Any]) -> Iterator[str]:
    """The pictures and tables that a cell shows."""
    for output in cell["outputs"]:
        shown = _joined(output.get("data", {}).get("text/html", ""))
        if "<img" in shown or "<table" in shown or "<svg" in shown:
            yield f'<div class="scroll">{shown}</div>'


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)


def _section(slide: Slide) -> str:
    notes = _markdown("\n\n".join(slide.notes)) if slide.notes else ""
    return f'<section>{slide.shown}<aside class="notes">{notes}</aside></section>'
