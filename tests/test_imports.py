"""What may load what: the rooms' order, and how little comes with `import simlib`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ["pandas", "matplotlib.pyplot", "faker", "scipy", "IPython", "ipywidgets"]

ROOMS = ["cli", "course", "panels", "figures", "world", "shop", "privacy", "records", "scenario", "streams"]
ROOMS += ["facts", "vault", "languages", "errors"]
"""Rooms of the skeleton that the contracts are tried on."""

CONTRACTS = {
    "simlib.records": ("import ipywidgets\n", "Widgets live in panels only"),
    "simlib.scenario": ("import matplotlib.pyplot\n", "Matplotlib is imported in figures and panels only"),
    "simlib.streams": ("import simlib.world\n", "Imports run downwards only"),
    "simlib.vault.schema": ("import simlib.facts\n", "the vault knows nothing but languages and errors"),
    "simlib.languages": ("import simlib.vault\n", "Imports run downwards only"),
    "simlib.shop": ("import simlib.vault\n", "The model does not import the vault"),
    "simlib.gossip": ("", "Imports run downwards only"),
}
"""One forbidden line in one module, and the contract that must break."""


@pytest.mark.parametrize("module", ["simlib", "simlib.languages"])
def test_importing_the_library_loads_nothing_heavy(module: str, root: Path) -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-c",
            f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [], told.stderr


def rooms_with(tmp_path: Path, root: Path, module: str, line: str) -> subprocess.CompletedProcess[str]:
    """lint-imports over skeleton rooms, of which one module holds one line."""
    for name in ROOMS:
        (tmp_path / "simlib" / name).mkdir(parents=True)
        (tmp_path / "simlib" / name / "__init__.py").write_text("")
    (tmp_path / "simlib" / "__init__.py").write_text("")
    (tmp_path / "simlib" / "vault" / "schema.py").write_text("")
    (tmp_path / "pyproject.toml").write_bytes((root / "pyproject.toml").read_bytes())
    file = tmp_path.joinpath(*module.split("."))
    file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
    file.write_text(line)
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])",
        ],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(tmp_path), PYTHONUTF8="1", COLUMNS="200"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_rooms_that_keep_to_the_order_break_no_contract(tmp_path: Path, root: Path) -> None:
    told = rooms_with(tmp_path, root, "simlib.panels", "import ipywidgets\nimport simlib.figures\n")
    assert told.returncode == 0, told.stdout + told.stderr
    assert " 0 broken" in told.stdout


@pytest.mark.parametrize("module", CONTRACTS)
def test_a_forbidden_import_breaks_its_contract(module: str, tmp_path: Path, root: Path) -> None:
    line, contract = CONTRACTS[module]
    told = rooms_with(tmp_path, root, module, line)
    broken = [row for row in told.stdout.splitlines() if row.endswith("BROKEN")]
    assert any(contract in row for row in broken), told.stdout + told.stderr
    assert told.returncode == 1
