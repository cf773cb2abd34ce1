"""start.py: one command sets up and opens the course, one tests it; obstacles get a sentence each."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import start

Call = tuple[list[str], Path]


class Commands:
    """Stands in for the programs that start.py runs: keeps what was asked, answers with the codes given."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.codes: dict[str, int] = {}

    def call(self, command: list[str], folder: Path) -> int:
        self.asked.append(command)
        return next((code for word, code in self.codes.items() if word in command), 0)

    def hand_over(self, command: list[str]) -> int:
        self.asked.append(["hand over", *command])
        return 0

    def of_pip(self) -> list[list[str]]:
        return [command for command in self.asked if "install" in command]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """No program is started; what would have been is kept."""
    stand_in = Commands()
    monkeypatch.setattr(start, "call", stand_in.call)
    monkeypatch.setattr(start, "hand_over", stand_in.hand_over)
    return stand_in


@pytest.fixture
def clone(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small clone in a folder with a space and Chinese characters."""
    folder = tmp_path / "新店 lab" / "clone"
    (folder / "simlib" / "__pycache__").mkdir(parents=True)
    (folder / "simlib" / "__init__.py").write_text("")
    (folder / "simlib" / "__pycache__" / "__init__.pyc").write_text("")
    (folder / "lessons" / "en").mkdir(parents=True)
    (folder / "lessons" / "en" / "02-order-flow.ipynb").write_text("{}")
    for name in start.DESCRIPTION:
        shutil.copy(root / name, folder / name)
    monkeypatch.setattr(start, "CLONE", folder)
    return folder


@pytest.fixture
def active(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Make a virtual environment with these contents the active one; its folder."""

    def activate(origin: dict[str, Any] | None, has_pip: bool = True) -> Path:
        folder = clone.parent / "active"
        folder.mkdir(exist_ok=True)
        monkeypatch.setattr(sys, "prefix", str(folder))
        monkeypatch.setattr(start, "ask", lambda python: start.Environment(str(folder), origin, has_pip))
        return folder

    return activate


COPY: dict[str, Any] = {"url": "file:///somewhere", "dir_info": {}}


def editable(folder: Path) -> dict[str, Any]:
    return {"url": folder.as_uri(), "dir_info": {"editable": True}}


def test_python_3_6_can_read_the_file(root: Path) -> None:
    ast.parse((root / "start.py").read_text("utf-8"), feature_version=(3, 6))


def test_only_the_standard_library_is_needed(root: Path) -> None:
    tree = ast.parse((root / "start.py").read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - sys.stdlib_module_names == set()


def test_an_old_python_gets_one_sentence(
    clone: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 14, "final", 0))
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        "Safe Shop Lab needs Python 3.11 or newer, and this is Python 3.10: "
        "install a newer Python, then run the same command with it.\n"
    )
    assert commands.asked == []


def test_the_folders_that_count_are_those_the_package_carries(root: Path) -> None:
    build = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    assert list(start.SHIPPED) == build["targets"]["wheel"]["only-include"]


def test_a_second_run_installs_nothing(clone: Path, commands: Commands, active: Callable[..., Path]) -> None:
    active(None)
    assert start.main([]) == 0
    assert len(commands.of_pip()) == 1
    active(COPY)
    assert start.main([]) == 0
    assert len(commands.of_pip()) == 1


@pytest.mark.parametrize(
    "name", ["simlib/__init__.py", "simlib/new.yaml", "lessons/en/02-order-flow.ipynb", "constraints.txt"]
)
def test_a_changed_file_is_installed_anew(
    name: str, clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(COPY)
    start.main([])
    with (clone / name).open("a") as file:
        file.write("\n")
    start.main([])
    assert len(commands.of_pip()) == 2


def test_a_changed_character_is_installed_anew(
    clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(COPY)
    for character in "ab":
        (clone / "simlib" / "new.py").write_text(character)
        start.main([])
    assert len(commands.of_pip()) == 2


@pytest.mark.parametrize("name", ["simlib/__pycache__/__init__.pyc", "tests.py", "lessons/notes.md"])
def test_a_change_of_what_is_not_installed_installs_nothing(
    name: str, clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(COPY)
    start.main([])
    (clone / name).write_text("changed")
    start.main([])
    assert len(commands.of_pip()) == 1


def test_the_tests_tools_stay_when_the_course_is_opened_and_updated(
    clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(COPY)
    start.main(["test"])
    start.main([])
    assert [command[-1] for command in commands.of_pip()] == [".[test]"]
    (clone / "simlib" / "new.py").write_text("")
    start.main([])
    assert [command[-1] for command in commands.of_pip()] == [".[test]", ".[test]"]


def test_a_package_that_was_uninstalled_is_installed_again(
    clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(COPY)
    start.main([])
    active(None)
    start.main([])
    assert len(commands.of_pip()) == 2


def test_an_installation_that_failed_is_not_taken_for_done(
    clone: Path, commands: Commands, active: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = active(COPY)
    start.main([])
    (clone / "simlib" / "new.py").write_text("")
    commands.codes["install"] = 1
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        "Installing stopped, for the reason pip gives above: see that this computer reaches the internet "
        "and that the disk is not full, then run the same command again.\n"
    )
    assert not (folder / start.NOTE).exists()
    commands.codes.clear()
    assert start.main([]) == 0
    assert json.loads((folder / start.NOTE).read_text("utf-8"))["files"] == start.fingerprint(clone)


def test_a_damaged_note_leads_to_a_new_installation(
    clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    folder = active(COPY)
    for damage in ("", "[]", "{", '{"files": 3}', '{"other": 1}'):
        (folder / start.NOTE).write_text(damage)
        start.main([])
    assert len(commands.of_pip()) == 5


def test_the_installation_is_a_copy_with_the_pins(
    clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(None)
    start.main([])
    pip = [sys.executable, "-m", "pip", "install"]
    assert commands.of_pip() == [[*pip, "-c", "constraints.txt", "."]]
    active(COPY)
    (clone / "simlib" / "new.py").write_text("")
    start.main([])
    assert commands.of_pip()[1:] == [[*pip, "--quiet", "-c", "constraints.txt", "."]]


def test_an_editable_installation_from_this_clone_is_left_as_it_is(
    clone: Path, commands: Commands, active: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    active(editable(clone))
    assert start.main(["build"]) == 0
    assert commands.of_pip() == []
    assert capsys.readouterr().out == (
        "Using the editable installation from this folder as it is; after a change of pyproject.toml or "
        'constraints.txt renew it with: pip install -c constraints.txt -e ".[test]"\n'
    )


def test_an_editable_installation_from_elsewhere_is_refused(
    clone: Path, commands: Commands, active: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = clone.parent / "elsewhere"
    elsewhere.mkdir()
    active(editable(elsewhere))
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        f"This virtual environment holds an editable installation of Safe Shop Lab from {elsewhere}, "
        f"not from {clone}: leave the environment (deactivate) or uninstall there "
        "(pip uninstall safeshop), then run the same command again.\n"
    )
    assert commands.asked == []


@pytest.fixture
def inactive(monkeypatch: pytest.MonkeyPatch) -> None:
    """No virtual environment is active."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)


def lacks(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    """A Python that came without these modules."""
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else SimpleNamespace()
    )


@pytest.mark.usefixtures("inactive")
def test_without_ensurepip_the_pip_of_the_python_underneath_installs(
    clone: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks(monkeypatch, "ensurepip")
    answers = iter([None, start.Environment(str(clone / ".venv"), None, has_pip=False)])
    monkeypatch.setattr(start, "ask", lambda python: next(answers))
    monkeypatch.setattr(subprocess, "call", lambda *given, **named: 0)
    (clone / ".venv").mkdir()
    (clone / ".venv" / "pyvenv.cfg").write_text("")
    assert start.main([]) == 0
    made, installed, _ = commands.asked
    assert made == [sys.executable, "-m", "venv", "--clear", "--without-pip", str(clone / ".venv")]
    assert installed[1:5] == ["-m", "pip", "--python", str(start.python_in(clone / ".venv"))]
    assert installed[5:] == ["install", "-c", "constraints.txt", "."]


WITHOUT_PARTS = (
    "This Python came without its parts venv and pip: install them "
    "(on Debian and Ubuntu: sudo apt install python3-venv), then run the same command again.\n"
)


@pytest.mark.usefixtures("inactive")
def test_without_venv_the_sentence_names_the_package(
    clone: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacks(monkeypatch, "venv")
    assert start.main([]) == 1
    assert capsys.readouterr().err == WITHOUT_PARTS


def test_without_any_pip_the_sentence_names_the_package(
    clone: Path,
    commands: Commands,
    active: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    active(None, has_pip=False)
    monkeypatch.setattr(subprocess, "call", lambda *given, **named: 1)
    assert start.main([]) == 1
    assert capsys.readouterr().err == WITHOUT_PARTS


@pytest.mark.usefixtures("inactive")
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_not_an_environment_is_not_cleared(
    kind: str, clone: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = clone / ".venv" if kind == "file" else clone / ".venv" / "work.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        f"{clone / '.venv'} exists and is not a virtual environment: "
        "rename it, then run the same command again.\n"
    )
    assert kept.read_text() == "mine"
    assert commands.asked == []


@pytest.mark.usefixtures("inactive")
def test_an_environment_that_cannot_be_made_gets_one_sentence(
    clone: Path, commands: Commands, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.codes["venv"] = 1
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        f"The virtual environment in {clone / '.venv'} could not be made, for the reason shown above: "
        "see that you may write there and that the disk is not full, then run the same command again.\n"
    )


def test_a_full_disk_is_noticed_before_the_download(
    clone: Path,
    commands: Commands,
    active: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    active(None)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1_240_000_000))
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        f"The disk that holds {clone} has 1.2 GB free, and setting up needs 2.5 GB: "
        "make room, then run the same command again.\n"
    )
    assert commands.asked == []


def test_a_refused_write_gets_one_sentence(
    clone: Path,
    commands: Commands,
    active: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = active(None)

    def refuse(*given: object) -> None:
        raise PermissionError(13, "Permission denied", str(folder / start.NOTE))

    monkeypatch.setattr(start, "write_note", refuse)
    assert start.main([]) == 1
    assert capsys.readouterr().err == (
        f"Setting up stopped: Permission denied ({folder / start.NOTE}); "
        "see that you may write there and that the disk is not full, then run the same command again.\n"
    )


def test_arguments_go_to_safeshop(clone: Path, commands: Commands, active: Callable[..., Path]) -> None:
    active(COPY)
    start.main(["simulate", "taiwan-gift-shop", "--days", "30"])
    assert commands.asked[-1] == [
        "hand over",
        sys.executable,
        "-c",
        start.SAFESHOP,
        "simulate",
        "taiwan-gift-shop",
        "--days",
        "30",
    ]


def test_what_follows_test_goes_to_pytest_after_the_checks(
    clone: Path, commands: Commands, active: Callable[..., Path]
) -> None:
    active(COPY)
    assert start.main(["test", "-m", "not slow"]) == 0
    ran = [command[1:] for command in commands.asked if "install" not in command]
    assert ran == [
        *[arguments for _, arguments in start.CHECKS],
        ["-m", "pytest", *start.SIDE_BY_SIDE, "-m", "not slow"],
    ]


@pytest.mark.parametrize("failing", ["ruff", "mypy", "pytest"])
def test_a_failing_check_fails_the_run_and_pytest_runs_all_the_same(
    failing: str,
    clone: Path,
    commands: Commands,
    active: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    active(COPY)
    commands.codes[failing] = 1
    assert start.main(["test"]) == 1
    assert commands.asked[-1][1:] == ["-m", "pytest", *start.SIDE_BY_SIDE]
    told = {"ruff": "Also failed, see further up: ruff check, ruff format.\n", "pytest": ""}
    assert capsys.readouterr().err == told.get(failing, f"Also failed, see further up: {failing}.\n")


@pytest.mark.slow
def test_without_a_network_a_newcomer_reads_pips_reason_and_one_sentence(clone: Path, root: Path) -> None:
    shutil.copy(root / "start.py", clone / "start.py")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    told = subprocess.run(
        [getattr(sys, "_base_executable", sys.executable), str(clone / "start.py")],
        env=variables | {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
        cwd=clone.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert told.returncode == 1
    *_, above, sentence = told.stderr.splitlines()
    assert "hatchling" in told.stderr, above
    assert sentence == (
        "Installing stopped, for the reason pip gives above: see that this computer reaches the internet "
        "and that the disk is not full, then run the same command again."
    )
    assert "Traceback" not in told.stderr + told.stdout
    assert (clone / ".venv" / "pyvenv.cfg").exists()
    assert not (clone / ".venv" / start.NOTE).exists()
