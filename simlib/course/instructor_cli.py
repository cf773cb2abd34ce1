"""The instructor's commands: run sheets, slides, a USB stick, and a lesson as an application."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from simlib.course.contents import checkout
from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _, current_language

Language = Annotated[
    str | None, typer.Option("--lang", help=_("Language: {tags}.").format(tags=", ".join(LANGUAGES)))
]


def add_commands(app: typer.Typer) -> None:
    """Enter the instructor's commands.

    Parameters
    ----------
    app
        The command line.
    """
    app.command(help=_("Print the run sheet of a workshop: 45min, 2h, 1day or ten-sessions."))(runsheet)
    app.command(help=_("Write the slides of a lesson as one page that opens without internet."))(slides)
    app.command(
        help=_("Write a folder for a USB stick that installs and opens the course without internet.")
    )(pack)
    app.command(name="app", help=_("Show a lesson as an application without code (Voilà)."))(application)


def sources_root() -> Path:
    """The folder of the project's sources.

    Raises
    ------
    SafeShopError
        If we are not in one.
    """
    folder = checkout()
    if folder is None:
        raise SafeShopError(
            _("This command works on the project's sources; run it inside a clone of the repository.")
        )
    return folder


def minutes_of(time: str | None) -> int:
    """Minutes after midnight of a time such as ``9:30``; 0 when none is given.

    Raises
    ------
    SafeShopError
        If it is no time of day.
    """
    if time is None:
        return 0
    parts = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", time)
    if parts is None:
        raise SafeShopError(_("“{time}” is no time of day; write it as 9:30.").format(time=time))
    return int(parts[1]) * 60 + int(parts[2])


def runsheet(
    name: Annotated[str, typer.Argument(help=_("Name of the plan."))],
    lang: Language = None,
    start: Annotated[
        str | None, typer.Option(help=_("Time at which each session begins, such as 9:30."))
    ] = None,
    html: Annotated[bool, typer.Option("--html", help=_("A page to print instead of Markdown."))] = False,
    out: Annotated[Path | None, typer.Option(help=_("File to write instead of printing."))] = None,
) -> None:
    """Print a run sheet."""
    from simlib.course import run_sheet
    from simlib.writing import write_whole

    sheet = run_sheet.run_sheet(sources_root(), name, lang or current_language())
    begin = minutes_of(start)
    text = run_sheet.as_html(sheet, begin) if html else run_sheet.as_markdown(sheet, begin)
    if out is None:
        print(text, end="", flush=True)
    else:
        write_whole(out.expanduser(), text)


def slides(
    lesson: Annotated[str, typer.Argument(help=_("Number of the lesson, such as 05."))],
    lang: Language = None,
    out: Annotated[
        Path | None, typer.Option(help=_("File to write; by default slides-NN.html here."))
    ] = None,
) -> None:
    """Write the slides of a lesson."""
    from simlib.course import slides as made
    from simlib.writing import write_whole

    page = made.slides(sources_root(), lesson, lang or current_language())
    path = (out or Path(f"slides-{lesson}.html")).expanduser()
    write_whole(path, page)
    print(
        _("The slides are in {file}; open it with a browser, key S shows the notes.").format(
            file=path.absolute()
        )
    )


def pack(
    folder: Annotated[Path, typer.Argument(help=_("Folder to write; must be new or empty."))],
    system: Annotated[
        list[str] | None, typer.Option(help=_("windows, macos or linux; by default all."))
    ] = None,
    python: Annotated[
        list[str] | None,
        typer.Option(help=_("Python version to serve, such as 3.12; by default 3.11 to 3.14.")),
    ] = None,
) -> None:
    """Write a folder for a USB stick."""
    from simlib.course import packing

    place = folder.expanduser()
    packing.pack(
        sources_root(),
        place,
        system or list(packing.SYSTEMS),
        python or list(packing.PYTHONS),
        lambda sentence: print(sentence, flush=True),
    )
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    print(_("{folder} is ready: {size:,.0f} MB.").format(folder=place.absolute(), size=size / 1e6))


def application(
    lesson: Annotated[str, typer.Argument(help=_("Number of the lesson, such as 05."))],
    lang: Language = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help=_("Port on this computer; by default a free one."))
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help=_("Open the browser, or only print the address."))
    ] = True,
) -> None:
    """Show a lesson as an application without code."""
    import webbrowser

    from simlib.course import application as shown
    from simlib.course import server

    with shown.running(lesson, lang or current_language(), port) as (process, address):
        print(_("The lesson is at {address} (Ctrl-C ends it).").format(address=address), flush=True)
        if browser:
            webbrowser.open(address)
        try:
            server.wait(process)
        except KeyboardInterrupt:
            return
