"""The class's server: its configuration is one that a hub reads, and what it starts prepares the learner's folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "instructor" / "server"

# The names and kinds that JupyterHub 5 and 6 give these settings (`jupyterhub --help-all`).
KNOWN = {
    ("Spawner", "cmd"): list,
    ("Spawner", "notebook_dir"): str,
    ("Spawner", "default_url"): str,
    ("Spawner", "environment"): dict,
    ("Spawner", "start_timeout"): int,
    ("Spawner", "http_timeout"): int,
    ("Spawner", "mem_limit"): str,
    ("Spawner", "cpu_limit"): float,
    ("JupyterHub", "concurrent_spawn_limit"): int,
    ("JupyterHub", "active_server_limit"): int,
}


def test_the_hub_reads_the_configuration_and_every_setting_is_one_it_knows() -> None:
    config = PyFileConfigLoader("safeshop.py", path=str(SERVER)).load_config()
    settings = {(section, name): value for section, names in config.items() for name, value in names.items()}
    assert {key: type(value) for key, value in settings.items()} == KNOWN
    assert config.Spawner.cmd[1:] == ["-m", "simlib.course.classroom"]
    from simlib.course.classroom import FOLDER
    from simlib.course.start_page import FILE

    assert config.Spawner.notebook_dir == f"~/{FOLDER}"
    assert config.Spawner.default_url == "/lab/tree/" + FILE.replace(" ", "%20")


def test_the_manual_names_every_file_and_module_it_needs() -> None:
    manual = (SERVER / "README.md").read_text("utf-8")
    assert "/opt/tljh/config/jupyterhub_config.d/safeshop.py" in manual
    assert "--no-index --find-links wheels safeshop" in manual


# A program's first line cannot name an interpreter in a folder with a space; a shell can.
STAND_IN = """#!/bin/sh
exec '{python}' -c 'import json, os, sys; print(json.dumps([os.getcwd(), sys.argv[1:], dict(os.environ)]))' "$@"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A home, and a folder of programs with a stand-in for the hub's server."""
    (tmp_path / "home").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "jupyterhub-singleuser"
    program.write_text(STAND_IN.format(python=sys.executable), "utf-8")
    program.chmod(0o755)
    return tmp_path


def start(place: Path, path: str) -> subprocess.CompletedProcess[str]:
    home = str(place / "home")
    told = {
        "JUPYTERHUB_API_TOKEN": "the hub's own",
        "JUPYTER_CONFIG_DIR": "/of/somebody/else",
        "SAFESHOP_LANG": "zh-Hans",
        "HOME": home,
        "USERPROFILE": home,
        "PATH": path,
    }
    return subprocess.run(
        [sys.executable, "-m", "simlib.course.classroom", "--port=1234"],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a hub runs on Linux")
def test_a_learner_on_the_hub_gets_his_folder_and_the_hub_keeps_its_word(place: Path) -> None:
    done = start(place, f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == 0, done.stderr
    where, arguments, environment = json.loads(done.stdout)
    folder = place / "home" / "Safe Shop Lab"
    assert Path(where) == folder.resolve()
    assert (folder / "zh-Hans" / "05-retention-windows.ipynb").is_file()
    assert "保留期限" in (folder / "Start here.md").read_text("utf-8")
    assert arguments[-1] == "--port=1234"
    assert "--LabApp.extension_manager=readonly" in arguments
    assert environment["JUPYTERHUB_API_TOKEN"] == "the hub's own"
    assert environment["SAFESHOP_FOLDER"] == str(folder)
    assert environment["JUPYTER_CONFIG_DIR"].startswith(str(folder))
    assert "JUPYTER_TOKEN" not in environment
    assert "JUPYTER_RUNTIME_DIR" not in environment


@pytest.mark.skipif(sys.platform == "win32", reason="a hub runs on Linux")
def test_a_hub_without_its_server_program_is_told_so(place: Path) -> None:
    done = start(place, "/nowhere")
    assert done.returncode == 1
    assert "jupyterhub-singleuser" in done.stderr
    assert "Traceback" not in done.stderr
