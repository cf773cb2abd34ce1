"""The command ``safeshop``: opens the course, simulates a shop, builds lessons and data.

Whatever goes wrong is told in one sentence on stderr, with exit code 1. Everything heavy is imported inside
the command that needs it, so that ``safeshop --help`` answers at once.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simlib.errors import SafeShopError
from simlib.languages import LANGUAGES, _, set_language, system_language

if TYPE_CHECKING:
    from rich.progress import Progress

    from simlib.defence.checkup import CheckUp
    from simlib.experiment import Sweep
    from simlib.records import Run

OLDEST_PYTHON = (3, 11)

# Before the texts below are read, which happens only once.
set_language(system_language())

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    help=_(
        "Safe Shop Lab: a course on security for small online shops. Without a command, it opens the course."
    ),
)


from simlib.vault.cli import vault_app  # noqa: E402  (its texts, too, are read once, in the language set above)

app.add_typer(vault_app, name="vault")

from simlib.course.instructor_cli import add_commands  # noqa: E402  (as above)

add_commands(app)

from simlib.course.drill_cli import add_drill  # noqa: E402  (as above)

add_drill(app)


def main() -> None:
    """Run the command line; the entry point of ``safeshop``."""
    for stream in (sys.stdout, sys.stderr):
        # An old Windows console cannot show every sign; better a question mark than an error.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        check_python(sys.version_info[:2])
        app()
    except SafeShopError as wrong:
        _leave(wrong.sentence)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as wrong:
        if os.environ.get("SAFESHOP_TRACEBACK") == "1":
            raise
        _leave(
            _(
                "Something went wrong that we did not foresee ({kind}: {reason}). Please report it, with "
                "what it says when you set SAFESHOP_TRACEBACK=1 first."
            ).format(kind=type(wrong).__name__, reason=" ".join(str(wrong).split()))
        )


def check_python(version: tuple[int, ...]) -> None:
    """Make sure this Python is new enough.

    Parameters
    ----------
    version
        Major and minor number.

    Raises
    ------
    SafeShopError
        If it is older than `OLDEST_PYTHON`.
    """
    if tuple(version) < OLDEST_PYTHON:
        raise SafeShopError(
            _(
                "Safe Shop Lab needs Python {needed} or newer; this is Python {found}. Install a newer one."
            ).format(needed=".".join(map(str, OLDEST_PYTHON)), found=".".join(map(str, version)))
        )


def _leave(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(1)


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        _say(f"safeshop {version('safeshop')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def open_course(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(help=_("Your own folder; by default “Safe Shop Lab” among your documents.")),
    ] = None,
    lang: Annotated[
        str | None, typer.Option(help=_("Language: {tags}.").format(tags=", ".join(LANGUAGES)))
    ] = None,
    fresh: Annotated[
        list[str] | None,
        typer.Option(
            help=_("Lesson (02) or exercises (02-exercises) of which you want a fresh copy beside yours."),
            metavar="02",
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help=_("Open the browser, or only print the address."))
    ] = True,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help=_("Port on this computer; by default a free one."))
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=_("Show the version."))
    ] = False,
) -> None:
    """Prepare the learner's folder and open the course in JupyterLab."""
    if context.invoked_subcommand is not None:
        return
    from simlib.course import contents, server, start_page
    from simlib.course import folder as learner

    folder = (folder or learner.default_folder()).expanduser()
    chosen = learner.choose_language(lang, folder, contents.languages_built(), system_language())
    set_language(chosen)
    server.check_installed()
    # Asked for the port before anything is written.
    server.free_port(port)
    done = learner.prepare(folder, chosen, fresh)
    notice = start_page.write_start_page(folder, chosen)
    for sentence in (*_told(done), *([notice] if notice else [])):
        _say(sentence)
    _serve(folder, port, browser)


def _told(done: Any) -> list[str]:
    """What `prepare` did, in sentences."""
    told = [_("New in your folder: {name}").format(name=name) for name in done.copied]
    told += [_("A fresh copy is in your folder: {name}").format(name=name) for name in done.fresh]
    told += [
        _(
            "Lesson {number} has a newer text. Your copy stays as it is; “safeshop --fresh {number}” puts "
            "the new one beside it."
        ).format(number=lesson.name)
        for lesson in done.newer
    ]
    return told


def _serve(folder: Path, port: int | None, browser: bool) -> None:
    from simlib.course import server

    _say(_("Your folder: {folder}").format(folder=folder.absolute()))
    try:
        with server.running(folder, port) as (process, address):
            _say(address)
            if browser:
                import webbrowser

                webbrowser.open(address)
            _say(_("Leave this window open while you learn; Ctrl+C ends the course."))
            server.wait(process)
    except KeyboardInterrupt:
        _say("")
    _say(_("The course is closed. Your work is in {folder}").format(folder=folder.absolute()))


@app.command(help=_("Simulate a shop and print what happened."))
def simulate(
    scenario: Annotated[str, typer.Argument(help=_("Name of a preset, or a scenario file (.yaml)."))],
    days: Annotated[int, typer.Option(help=_("How many days."))] = 90,
    seed: Annotated[int, typer.Option(help=_("Seed of chance: the same seed gives the same run."))] = 1,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of a table."))] = False,
    out: Annotated[
        Path | None, typer.Option(help=_("Folder to write the whole run into; must be new or empty."))
    ] = None,
) -> None:
    """Simulate a shop and print what happened."""
    from simlib.scenario import Scenario
    from simlib.world import simulate as run_world

    described = Scenario.load(scenario)
    if out is None:
        run = _with_progress(run_world, described, days, seed)
        summary = run_summary(run)
    else:
        from simlib.writing import new_folder

        # Asked for the folder first: nobody wants to hear after the simulation that it cannot be written.
        with new_folder(out.expanduser()) as draft:
            run = _with_progress(run_world, described, days, seed)
            summary = run_summary(run)
            write_run(run, summary, draft)
    if as_json:
        _say(json_text(summary))
    else:
        _print_summary(run, summary)
    if out is not None:
        print(_("The run is in {folder}").format(folder=out.absolute()), file=sys.stderr)


def _with_progress(run_world: Any, described: Any, days: int, seed: int) -> Run:
    with _progress_bar() as bar:
        task = bar.add_task(_("Simulating"), total=days)
        run: Run = run_world(
            described, days=days, seed=seed, progress=lambda day: bar.update(task, completed=day)
        )
    return run


def _progress_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def run_summary(run: Run) -> dict[str, Any]:
    """A run's summary as plain data; figures that do not exist (no order was closed, say) are None.

    Parameters
    ----------
    run
        Any run.
    """
    return {
        "scenario": run.scenario.name,
        "days": run.days,
        "seed": run.seed,
        "figures": {
            line.key: {"label": line.label, "value": _finite(line.value), "unit": line.unit}
            for line in run.summary()
        },
    }


def _finite(value: float) -> float | None:
    value = value.item() if hasattr(value, "item") else value
    return value if math.isfinite(value) else None


def json_text(tree: Any) -> str:
    """JSON with characters as they are, in a fixed layout."""
    return json.dumps(tree, ensure_ascii=False, indent=2, allow_nan=False)


def write_run(run: Run, summary: dict[str, Any], folder: Path) -> None:
    """Write a run: scenario, summary, all records without loss, and each table as CSV.

    Parameters
    ----------
    run
        Any run.
    summary
        From `run_summary`.
    folder
        An empty folder.
    """
    from simlib.writing import write_whole

    run.scenario.save(folder / "scenario.yaml")
    write_whole(folder / "summary.json", json_text(summary) + "\n")
    run.save(folder / "run.npz")
    for name, table in {**run.tables, "copies": run.copies}.items():
        table.pandas().to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def _print_summary(run: Run, summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    title = _("{scenario}: {days} days, seed {seed}").format(
        scenario=summary["scenario"], days=summary["days"], seed=summary["seed"]
    )
    table = Table(title=title, title_justify="left")
    table.add_column(_("Figure"))
    table.add_column(_("Value"), justify="right")
    table.add_column(_("Unit"))
    for line in summary["figures"].values():
        value = line["value"]
        if value is None:
            shown = "–"
        else:
            shown = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
        table.add_row(line["label"], shown, line["unit"])
    Console().print(table)


@app.command(help=_("Look at this computer's security settings; nothing is changed and nothing is sent."))
def checkup(
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of a table."))] = False,
    ask: Annotated[
        bool | None,
        typer.Option(
            "--ask/--no-ask", help=_("Ask what no program can read; by default in a terminal only.")
        ),
    ] = None,
    device: Annotated[str, typer.Option(help=_("What this computer is: laptop or vault-pc."))] = "laptop",
    extensions: Annotated[
        bool, typer.Option("--extensions", help=_("Count the browser's extensions, too."))
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help=_("File (.yaml) to keep the result in, for lesson 09."))
    ] = None,
) -> None:
    """Look at this computer's security settings; nothing is changed and nothing is sent."""
    from simlib.defence.checkup import check_up
    from simlib.defence.devices import score

    done = check_up(device, extensions=extensions)
    if ask if ask is not None else sys.stdin.isatty() and not as_json:
        done = _asked(done)
    devices = done.devices()
    if as_json:
        counts = score(devices)
        _say(
            json_text(
                {
                    "system": done.system,
                    "device": done.device,
                    "good": counts.passed,
                    "not_good": counts.failed,
                    "not_known": counts.unknown,
                    "findings": done.rows(),
                }
            )
        )
    else:
        _print_checkup(done)
    if out is not None:
        devices.save(out.expanduser())
        print(_("The result is in {file}").format(file=out.absolute()), file=sys.stderr)


def _asked(done: CheckUp) -> CheckUp:
    """The check-up with what the owner answers in the terminal; an empty line leaves a question open."""
    from simlib.defence.checkup import answers, question

    said = {}
    words = dict(answers())
    _say(_("Answer with {words}; Enter alone leaves a question open.").format(words=", ".join(words)))
    for finding in done.open_questions():
        try:
            given = typer.prompt(question(finding), default="", show_default=False).strip().lower()
        except (EOFError, typer.Abort):
            break
        near = [state for label, state in words.items() if given and label.startswith(given)]
        said[finding.device, finding.setting] = near[0] if near else "unknown"
    return done.answered(said)


def _print_checkup(done: CheckUp) -> None:
    from itertools import groupby

    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from simlib.defence.devices import device_label, score, settings, state_label

    signs = {"pass": ("✓", "green"), "fail": ("✗", "red"), "unknown": ("?", "yellow")}
    console = Console()
    for device, findings in groupby(done.findings, key=lambda finding: finding.device):
        console.print(Text(device_label(device), style="bold"))
        for finding in findings:
            sign, colour = signs[finding.state]
            line = Text(f"{sign} {state_label(finding.state)}: ", style=colour)
            line.append(settings()[finding.setting].title, style="default")
            if finding.evidence:
                line.append(f"  [{finding.evidence}]", style="dim")
            console.print(Padding(line, (0, 0, 0, 2)))
            if finding.next_step():
                console.print(Padding(Text(f"→ {finding.next_step()}"), (0, 0, 0, 4)))
    counts = score(done.devices())
    _say(
        _("{good} good, {bad} not good, {open} not known. Nothing was changed and nothing was sent.").format(
            good=counts.passed, bad=counts.failed, open=counts.unknown
        )
    )


@app.command(help=_("Simulate a shop for many values of its fields, and compare what comes of it."))
def sweep(
    grid: Annotated[str, typer.Argument(help=_("Name of a ready-made grid, or a grid file (.yaml)."))],
    jobs: Annotated[
        int | None, typer.Option(help=_("Processes; -1 for one a processor. Chosen for you by default."))
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=_("Folder for table and charts; must be new or empty."))
    ] = None,
    within: Annotated[
        float, typer.Option(help=_("How closely means should be known, as a share of them: 0.05 is ± 5 %."))
    ] = 0.05,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of a table."))] = False,
) -> None:
    """Simulate a shop for many values of its fields, and compare what comes of it."""
    from simlib.experiment import Grid

    written = Grid.load(grid)
    if not within > 0:
        # Before a sweep that takes long.
        raise SafeShopError(_("within must be more than 0, not {given}.").format(given=within))
    progress = sys.stderr.isatty()
    if out is None:
        done = written.run(jobs=jobs, progress=progress)
    else:
        from simlib.writing import new_folder

        with new_folder(out.expanduser()) as draft:
            done = written.run(jobs=jobs, progress=progress)
            write_sweep(done, draft)
    if as_json:
        _say(
            json_text([{name: _finite_or_word(value) for name, value in row.items()} for row in done.rows()])
        )
    else:
        _print_sweep(done, within)
    if out is not None:
        print(_("Table and charts are in {folder}").format(folder=out.absolute()), file=sys.stderr)


def write_sweep(done: Sweep, folder: Path) -> None:
    """Write a sweep: its table as CSV, and a chart of each measure where not more than two fields vary.

    Parameters
    ----------
    done
        Any sweep.
    folder
        An empty folder.
    """
    from simlib.writing import write_whole

    write_whole(folder / "sweep.csv", done.pandas().to_csv(index=False, lineterminator="\n"))
    if len(done.fields) <= 2:
        from simlib.figures.style import picture
        from simlib.figures.sweep import sweep_result

        for key in done.measures:
            write_whole(folder / f"{key}.png", picture(sweep_result(done, key)))


def _finite_or_word(value: Any) -> Any:
    return _finite(value) if isinstance(value, float) else value


def _print_sweep(done: Sweep, within: float) -> None:
    from rich.console import Console
    from rich.table import Table

    from simlib.experiment import MEASURES

    console = Console()
    console.print(
        _("{scenario}: {days} days, {runs} runs of each").format(
            scenario=done.scenario.name, days=done.days, runs=len(done.seeds)
        )
    )
    for key in done.measures:
        rows = [row for row in done.rows() if row["measure"] == key]
        table = Table(title=f"{MEASURES[key].label()} ({rows[0]['unit']})", title_justify="left")
        for name in (*done.fields, _("Mean"), _("From"), _("To")):
            table.add_column(name, justify="right")
        for row in rows:
            figures = (_finite(row[name]) for name in ("mean", "low", "high"))
            table.add_row(
                *(str(row[name]) for name in done.fields),
                *("–" if figure is None else f"{figure:,.2f}" for figure in figures),
            )
        console.print(table)
        needed = done.runs_needed(key, within)
        if needed is not None:
            console.print(
                _("To know each of these means within ± {share}, make {runs} runs of each.").format(
                    share=f"{100 * within:g} %", runs=f"{needed:,}"
                )
            )


@app.command(help=_("Build the synthetic datasets, or check that they are up to date."))
def datasets(
    check: Annotated[bool, typer.Option("--check", help=_("Only compare with a fresh build."))] = False,
    out: Annotated[Path | None, typer.Option(help=_("Folder of the datasets."))] = None,
) -> None:
    """Build the synthetic datasets, or check that they are up to date."""
    from simlib import datasets as made

    folder = out.expanduser() if out else _checkout() / "datasets"
    if not check:
        made.build(folder)
        _say(_("The datasets are in {folder}").format(folder=folder.absolute()))
        return
    _report([str(difference) for difference in made.check(folder)], _("The datasets are up to date."))


@app.command(help=_("Put the progress files of a class into one table, and name what is doubtful."))
def grade(
    folder: Annotated[
        Path,
        typer.Argument(help=_("Folder with a progress file, or a folder that holds one, for each learner.")),
    ],
    out: Annotated[
        Path | None, typer.Option(help=_("Folder for the table and the page; by default the same one."))
    ] = None,
    recheck: Annotated[
        bool,
        typer.Option("--recheck/--no-recheck", help=_("Judge right answers again, or believe the files.")),
    ] = True,
) -> None:
    """Put the progress files of a class into one table, and name what is doubtful."""
    from simlib.course import grading
    from simlib.writing import write_whole

    folder = folder.expanduser()
    place = (out or folder).expanduser()
    with _progress_bar() as bar:
        task = bar.add_task(_("Reading"), total=None)
        done = grading.grade(folder, recheck=recheck, progress=lambda _name: bar.advance(task))
    # With a byte order mark: spreadsheets need it to read Chinese names.
    write_whole(place / grading.TABLE, "\ufeff" + grading.as_csv(done))
    write_whole(place / grading.PAGE, grading.as_page(done))
    for one in done.handed:
        for doubt in one.doubts:
            _say(f"{one.name}: {doubt}")
    for sentence in done.foreign:
        _say(sentence)
    _say(
        _("{learners} learners; table and page are in {folder}").format(
            learners=len(done.handed), folder=place.absolute()
        )
    )


@app.command(help=_("Build the lessons and exercises from their text sources."))
def build(
    lessons: Annotated[list[str] | None, typer.Argument(help=_("Numbers or names; all by default."))] = None,
    check: Annotated[bool, typer.Option("--check", help=_("Only compare with the committed files."))] = False,
    lang: Annotated[list[str] | None, typer.Option(help=_("Language; all that exist by default."))] = None,
) -> None:
    """Build the lessons and exercises from their text sources."""
    from simlib.course import build as builder
    from simlib.course import texts

    folder = _checkout() / "lessons"
    if not lang:
        for tag in [tag for tag in LANGUAGES if tag not in {"en", *texts.languages_begun(folder)}]:
            print(
                _("{language} has no texts yet and is not built.").format(language=LANGUAGES[tag]),
                file=sys.stderr,
            )
    differences: list[str] = []
    with _progress_bar() as bar:
        tasks: dict[tuple[str, str], Any] = {}

        def cell_done(stem: str, tag: str, done: int, total: int) -> None:
            if (stem, tag) not in tasks:
                tasks[stem, tag] = bar.add_task(f"{tag}/{stem}", total=total)
            bar.update(tasks[stem, tag], completed=done)

        for built in _all_built(folder, lessons or [], lang, cell_done):
            if check:
                differences += builder.differences(built)
            elif builder.write(built):
                bar.console.print(
                    _("built {file}").format(file=f"{built.path.parent.name}/{built.path.name}"), markup=False
                )
    if check:
        _report(differences, _("The lessons are up to date."))


def _all_built(folder: Path, names: list[str], lang: list[str] | None, cell_done: Any) -> Iterator[Any]:
    """The lessons, then the exercises; a name may mean either or both, but not nothing."""
    from simlib.course import build as builder
    from simlib.course import exercises

    practice = folder.parent / "exercises"
    stems = {Path(name).stem for name in names}
    known = [
        part
        for source in exercises.read_exercises(practice)
        for part in (source.stem, source.head.number, source.stem[3:])
    ]
    lessons = [name for name in names if Path(name).stem not in known or _is_lesson(folder, name)]
    if lessons or not names:
        yield from builder.build(folder, lessons, lang, cell_done)
    if not names or stems & set(known):
        yield from exercises.build_exercises(practice, names, lang, cell_done)


def _is_lesson(folder: Path, name: str) -> bool:
    stem = Path(name).stem
    return any(
        stem in {path.stem, path.stem[:2], path.stem[3:]} for path in (folder / "src").glob("[0-9][0-9]-*.md")
    )


@app.command(help=_("Bring the translation files in step with lessons, exercises and library."))
def texts(
    lang: Annotated[
        list[str] | None, typer.Option(help=_("Language; by default those that were begun."))
    ] = None,
) -> None:
    """Bring the translation files in step with lessons, exercises and library."""
    from simlib.course import build as builder
    from simlib.course import run_sheet, teaching
    from simlib.course import texts as catalogues
    from simlib.course.exercises import read_exercises

    root = _checkout()
    sources = builder.read_sources(root / "lessons")
    practice = read_exercises(root / "exercises")
    teacher = root / "instructor"
    notes = [note for source in sources if (note := teaching.read_notes_source(source, teacher))]
    if (teacher / run_sheet.PLANS).is_file():
        notes.append(run_sheet.plans_source(teacher))
    tags = lang or catalogues.languages_begun(root / "lessons")
    for tag in tags:
        if tag == "en" or tag not in LANGUAGES:
            raise SafeShopError(
                _("Texts are translated into {tags}, not into {tag}.").format(
                    tags=", ".join(tag for tag in LANGUAGES if tag != "en"), tag=tag
                )
            )
        done = [catalogues.refresh_library(tag, root / "simlib", [*sources, *practice])]
        done += [catalogues.refresh_lesson(source, root / "lessons", tag) for source in sources]
        done += [catalogues.refresh_lesson(source, root / "exercises", tag) for source in practice]
        done += [catalogues.refresh_lesson(source, teacher, tag) for source in notes]
        for file in done:
            _say(
                _(
                    "{file}: {kept} translated, {new} to translate, {fuzzy} to read again, "
                    "{obsolete} left over"
                ).format(
                    file=file.path.relative_to(root).as_posix(),
                    kept=file.kept,
                    new=file.new,
                    fuzzy=file.fuzzy,
                    obsolete=file.obsolete,
                )
            )
    if not tags:
        _say(_("No language was begun yet; begin one with “safeshop texts --lang zh-Hant”."))


def _report(differences: list[str], good: str) -> None:
    if differences:
        _leave("\n".join(differences))
    _say(good)


def _checkout() -> Path:
    from simlib.course.contents import checkout

    folder = checkout()
    if folder is None:
        raise SafeShopError(
            _("This command works on the project's sources; run it inside a clone of the repository.")
        )
    return folder


if __name__ == "__main__":
    main()
