"""What every test gets: this folder's code also in what it starts, and a home of its own.

A test may neither read nor write the home of whoever runs it: the course keeps progress and lessons there.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from simlib.arrays import contention
from simlib.course import server
from simlib.languages import set_language

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

# Continuous integration must say the same about the same code, whatever the day and the load of the machine.
settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("default", settings.get_profile("default"), deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")

# Compiling the loop of the arrays takes half a minute, so only the tests that are about it ask for it.
contention.WORTH_COMPILED_CODE = sys.maxsize

# Kernels and commands started by a test run this folder's code, not the copy that start.py installed; and a
# lesson run by a test shows its results without waiting for a learner's guess.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
os.environ["SAFESHOP_PREDICT"] = "skip"

HOMES = {
    "HOME": "",
    "USERPROFILE": "",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_CACHE_HOME": ".cache",
    "XDG_STATE_HOME": ".local/state",
    "XDG_DOCUMENTS_DIR": "Documents",
    "APPDATA": "AppData/Roaming",
    "LOCALAPPDATA": "AppData/Local",
    "JUPYTER_CONFIG_DIR": ".jupyter",
    "JUPYTER_DATA_DIR": ".local/share/jupyter",
    "JUPYTER_RUNTIME_DIR": ".local/share/jupyter/runtime",
    "IPYTHONDIR": ".ipython",
}
"""Variables by which programs find a user's folders, and where each points within the test's home."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the long forms of tests that run in a short form every time."""
    parser.addoption(
        "--thorough", action="store_true", help="also run the long forms: thousands of faults, many minutes"
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than processors, unless the slow tests are left out.

    A quarter of the slow tests' time is waiting: for a browser, a server, a kernel. The quick ones only reckon.
    """
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        processors = os.cpu_count() or 1
    return processors + ("not slow" not in config.option.markexpr)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long forms out unless they were asked for; side by side, every process begins with slow tests."""
    if not config.getoption("--thorough"):
        left_out = [one for one in items if one.get_closest_marker("thorough")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [one for one in items if one not in set(left_out)]
    items[:] = shared_out(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def shared_out(items: list[pytest.Item], processes: int) -> list[pytest.Item]:
    """The tests in an order that keeps all processes busy until the end.

    Each process is given an equal run of tests and, when it is done, takes over some from the end of another's
    (``--dist worksteal``). So each run begins with its share of the slow tests: a minute's test that came last would
    leave the others idle.

    Parameters
    ----------
    items
        All that will run.
    processes
        How many run them; for one, the order stays.
    """
    if processes == 1:
        return items
    slow = [one for one in items if one.get_closest_marker("slow")]
    quick = [one for one in items if not one.get_closest_marker("slow")]
    cuts = [round(place * len(quick) / processes) for place in range(processes + 1)]
    return [
        one
        for place in range(processes)
        for one in (*slow[place::processes], *quick[cuts[place] : cuts[place + 1]])
    ]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for this test alone, outside its ``tmp_path``."""
    return live_in(tmp_path_factory, monkeypatch)


def live_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Move into an empty home, as whoever has never used the course."""
    folder = tmp_path_factory.mktemp("home")
    for name, place in HOMES.items():
        monkeypatch.setenv(name, str(folder / place))
    for name in (
        "SAFESHOP_COMMAND",
        "SAFESHOP_FOLDER",
        "SAFESHOP_LESSONS",
        "SAFESHOP_EXERCISES",
        "SAFESHOP_SEED",
        "SAFESHOP_TRACEBACK",
    ):
        monkeypatch.delenv(name, raising=False)
    # Matplotlib's list of fonts takes seconds to make, so all tests share one.
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.getbasetemp() / "matplotlib"))
    return folder


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Every test begins in English, whatever another one, or what a module shares, has left behind."""
    set_language("en")
    yield
    set_language("en")


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind((server.HOST, 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def taken(busy: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """A port that another program takes between the look for a free one and the server's start."""
    looks = [busy]
    really = server.free_port
    monkeypatch.setattr(server, "free_port", lambda asked: looks.pop() if looks else really(asked))
    return busy


Command = Callable[..., tuple[int, str, str]]
"""Runs ``safeshop`` with these arguments: exit code, stdout since it was last read, stderr."""


@pytest.fixture
def safeshop(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, run in this process on a screen of 120 columns."""

    def run(*arguments: str) -> tuple[int, str, str]:
        from simlib import cli

        monkeypatch.setattr(sys, "argv", ["safeshop", *arguments])
        monkeypatch.setenv("COLUMNS", "120")
        code = 0
        try:
            cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        written = capsys.readouterr()
        return code, written.out, written.err

    return run
