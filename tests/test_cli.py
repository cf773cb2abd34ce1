"""The command ``safeshop``: what it prints, what it refuses, and that it never shows a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simlib import cli
from simlib.errors import SafeShopError
from simlib.scenario import presets


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['safeshop', '--help']\n"
        "from simlib.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'matplotlib', 'pandas', 'faker', 'numpy', 'jupyterlab', 'jupytext', 'IPython', 'nbformat', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "simulate" in done.stdout


def test_version_is_that_of_the_package(safeshop: Any) -> None:
    from importlib.metadata import version

    assert safeshop("--version") == (0, f"safeshop {version('safeshop')}\n", "")


def test_an_old_python_is_refused() -> None:
    with pytest.raises(SafeShopError) as refused:
        cli.check_python((3, 10))
    assert refused.value.sentence == (
        "Safe Shop Lab needs Python 3.11 or newer; this is Python 3.10. Install a newer one."
    )
    cli.check_python((3, 11))
    cli.check_python((4, 0))


def test_a_summary_is_the_same_as_table_and_as_json(safeshop: Any) -> None:
    code, table, _ = safeshop("simulate", "taiwan-gift-shop", "--days", "20", "--seed", "5")
    assert code == 0
    code, text, _ = safeshop("simulate", "taiwan-gift-shop", "--days", "20", "--seed", "5", "--json")
    assert code == 0
    summary = json.loads(text)
    assert (summary["scenario"], summary["days"], summary["seed"]) == ("taiwan-gift-shop", 20, 5)
    orders = summary["figures"]["orders"]
    assert orders["value"] > 0
    row = next(line for line in table.splitlines() if orders["label"] in line)
    assert f"{orders['value']:,}" in row
    assert orders["unit"] in row


def test_json_has_no_number_that_json_does_not_know(safeshop: Any) -> None:
    # On one day no order can come to its end, so its mean does not exist.
    _, text, _ = safeshop("simulate", "taiwan-gift-shop", "--days", "1", "--seed", "5", "--json")
    assert json.loads(text, parse_constant=pytest.fail)["figures"]["days_to_close"]["value"] is None


def test_out_writes_the_whole_run(safeshop: Any, tmp_path: Path) -> None:
    from simlib.records import Run
    from simlib.scenario import Scenario

    arguments = ["simulate", "taiwan-gift-shop", "--days", "9", "--seed", "5", "--out"]
    code, _, said = safeshop(*arguments, str(tmp_path / "run"))
    assert (code, said) == (0, f"The run is in {tmp_path / 'run'}\n")
    run = Run.load(tmp_path / "run" / "run.npz")
    assert Scenario.load(tmp_path / "run" / "scenario.yaml") == run.scenario
    for name, table in {**run.tables, "copies": run.copies}.items():
        lines = (tmp_path / "run" / f"{name}.csv").read_text("utf-8").splitlines()
        assert len(lines) == table.rows + 1, name
    figures = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))["figures"]
    assert figures["orders"]["value"] == run.orders.rows
    code, _, _ = safeshop(*arguments, str(tmp_path / "again"))
    for path in (tmp_path / "run").iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_out_refuses_a_folder_with_something_in_it(safeshop: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    code, out, said = safeshop("simulate", "taiwan-gift-shop", "--days", "1", "--out", str(tmp_path))
    assert (code, out) == (1, "")
    assert said == (
        f"{tmp_path} already exists and is not an empty folder, so nothing was written; choose another name.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_failure_while_writing_leaves_nothing(
    safeshop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("simlib.records.Run.save", full)
    code, _, said = safeshop("simulate", "taiwan-gift-shop", "--days", "1", "--out", str(tmp_path / "run"))
    assert code == 1
    assert said == (
        f"Cannot write {tmp_path / 'run'}: No space left on device. Choose a folder that is yours, or make room on "
        "the disk.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_preset_names_the_nearest_and_all(safeshop: Any) -> None:
    code, out, said = safeshop("simulate", "taiwan-giftshop")
    assert (code, out) == (1, "")
    assert "Did you mean taiwan-gift-shop?" in said
    assert ", ".join(presets()) in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["build", "texts", "datasets"])
def test_what_needs_a_checkout_says_so(safeshop: Any, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr("simlib.course.contents.checkout", lambda: None)
    assert safeshop(command) == (
        1,
        "",
        "This command works on the project's sources; run it inside a clone of the repository.\n",
    )


def test_something_unforeseen_is_still_a_sentence(safeshop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(cli, "check_python", broken)
    code, out, said = safeshop("--version")
    assert (code, out) == (1, "")
    assert said == (
        "Something went wrong that we did not foresee (ZeroDivisionError: division by zero). Please report it, with "
        "what it says when you set SAFESHOP_TRACEBACK=1 first.\n"
    )


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one lesson, already built (but not run)."""
    import shutil

    from simlib.course import build as builder

    here = Path(__file__).parent / "course" / "lessons" / "src"
    (tmp_path / "simlib" / "course").mkdir(parents=True)
    (tmp_path / "lessons" / "src").mkdir(parents=True)
    shutil.copy(here / "02-second-steps.md", tmp_path / "lessons" / "src")

    def not_run(lessons: Path, names: list[str], *_: Any) -> Any:
        for source in builder.chosen(builder.read_sources(lessons), names):
            text = builder.to_text(builder.assemble(source, "en"))
            yield builder.Built(source, "en", lessons / "en" / f"{source.stem}.ipynb", text)

    monkeypatch.setattr(builder, "build", not_run)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_build_writes_and_check_compares(safeshop: Any, checkout: Path) -> None:
    silent = "繁體中文 has no texts yet and is not built.\n简体中文 has no texts yet and is not built.\n"
    assert safeshop("build", "--check") == (
        1,
        "",
        silent + "en/02-second-steps.ipynb was never built; run “safeshop build”.\n",
    )
    code, _, _ = safeshop("build")
    assert code == 0
    assert safeshop("build", "--check") == (0, "The lessons are up to date.\n", silent)
    path = checkout / "lessons" / "en" / "02-second-steps.ipynb"
    path.write_text(path.read_text("utf-8").replace("look like?", "look like now?"), "utf-8")
    assert safeshop("build", "--check") == (
        1,
        "",
        silent + "en/02-second-steps.ipynb: cell “question” differs (its text).\n",
    )


def test_texts_begin_a_language_and_keep_it_in_step(safeshop: Any, checkout: Path) -> None:
    from simlib.course.build import read_sources
    from simlib.course.texts import library_texts

    code, out, _ = safeshop("texts")
    assert (code, out) == (0, "No language was begun yet; begin one with “safeshop texts --lang zh-Hant”.\n")
    code, out, _ = safeshop("texts", "--lang", "zh-Hant")
    sources = read_sources(checkout / "lessons")
    wanted = [text for _context, text, _files in library_texts(checkout / "simlib", sources)]
    # The facts' own words come from the package; of this checkout there are those of the lesson's code.
    assert {"It rises", "It falls"} <= set(wanted)
    assert out.splitlines() == [
        f"simlib/locale/zh-Hant/simlib.po: 0 translated, {len(wanted)} to translate, 0 to read again, 0 left over",
        "lessons/po/zh-Hant/02-second-steps.po: 0 translated, 6 to translate, 0 to read again, 0 left over",
    ]
    assert safeshop("texts")[1] == out
    assert (
        safeshop("texts", "--lang", "fr")[2] == "Texts are translated into zh-Hant, zh-Hans, not into fr.\n"
    )
