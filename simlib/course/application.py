"""A lesson as an application: Voilà runs it and shows text, pictures and sliders, but no code.

For a table at a fair, or a shop owner who wants the sliders only. On this computer only; nothing is asked from outside.
Each visitor gets a run of his own. Nobody's progress is kept: whoever wants that opens the course itself.
"""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simlib.course import contents, server
from simlib.course.folder import OWN
from simlib.course.server import HOST
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.writing import write_whole

KERNEL_SECONDS = 600
"""Longest time a lesson may take to run; a classroom's old laptops need minutes."""
QUIET_SECONDS = 900
"""A run that nobody looks at any more is ended after so many seconds."""

TEMPLATE = "safeshop"
TEMPLATE_FILES = {
    "conf.json": '{"base_template": "lab"}\n',
    # Voilà's own page asks a stranger's server for a font of icons, which no lesson uses.
    "index.html.j2": """{%- extends 'lab/index.html.j2' -%}
{%- block notebook_css -%}
{{ super() | replace("https://cdn.jsdelivr.net/", "data:text/css,/*") }}
{%- endblock notebook_css -%}
""",
}


def lesson_file(number: str, lang: str) -> Path:
    """The built notebook of a lesson.

    Raises
    ------
    SafeShopError
        If there is none of this number in this language.
    """
    found = {one.number: one.path for one in contents.contents(lang)}
    if number not in found:
        raise SafeShopError(
            _("There is no lesson “{name}”; the lessons are {lessons}.").format(
                name=number, lessons=", ".join(found) or "–"
            )
        )
    return found[number]


def check_installed() -> None:
    """Make sure Voilà is there.

    Raises
    ------
    SafeShopError
        If it is not installed for this Python.
    """
    if importlib.util.find_spec("voila") is None:
        raise SafeShopError(
            _(
                "Voilà is not installed for this Python; run: {python} -m pip install “safeshop[voila]”"
            ).format(python=sys.executable)
        )


@contextmanager
def running(number: str, lang: str, port: int | None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Show a lesson for as long as the block lasts.

    Parameters
    ----------
    number, lang
        Which lesson, in which language.
    port
        The port the user wants; None to look for a free one.

    Yields
    ------
    tuple
        The process, and the address of the lesson.

    Raises
    ------
    SafeShopError
        If Voilà or the lesson is not there, or does not answer in time, or the port is not free.
    """
    check_installed()
    lesson = lesson_file(number, lang)
    with (
        server.ended_by_signal(),
        tempfile.TemporaryDirectory(prefix="safeshop-app-", ignore_cleanup_errors=True) as name,
    ):
        folder = Path(name)
        server.write_settings(folder / OWN)
        for file, text in TEMPLATE_FILES.items():
            write_whole(folder / OWN / "jupyter" / "path" / "voila" / "templates" / TEMPLATE / file, text)
        shutil.copy(lesson, folder / lesson.name)
        runtime = folder / OWN / "runtime"
        runtime.mkdir()
        log = folder / OWN / "voila.log"
        with server.serving(
            port,
            lambda free: _command(folder / lesson.name, free),
            folder,
            server.environment(folder, secrets.token_urlsafe(24), str(runtime)),
            log,
            lambda process, free: _wait_for_answer(process, free, log),
        ) as (process, free):
            yield process, f"http://{HOST}:{free}/"


def _command(lesson: Path, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "simlib.course.application_server",
        str(lesson),
        "--no-browser",
        f"--Voila.ip={HOST}",
        f"--Voila.port={port}",
        "--Voila.port_retries=0",
        f"--VoilaConfiguration.template={TEMPLATE}",
        "--VoilaConfiguration.strip_sources=True",
        "--VoilaConfiguration.show_margins=True",
        f"--VoilaExecutor.timeout={KERNEL_SECONDS}",
        f"--MappingKernelManager.cull_idle_timeout={QUIET_SECONDS}",
        "--MappingKernelManager.cull_interval=60",
    ]


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until our server listens; asking for the page itself would already run the lesson.

    If another program listens on the port, ours has not named its address in its log.
    """
    until = time.monotonic() + server.START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SafeShopError(
                _("Voilà ended at once; it says: {reason}").format(
                    reason=_last_line(log) or process.returncode
                )
            )
        if f":{port}/" in log.read_text(encoding="utf-8", errors="replace"):
            try:
                with socket.create_connection((HOST, port), timeout=2):
                    return
            except OSError:
                pass
        time.sleep(0.1)
    raise SafeShopError(
        _("Voilà did not answer within {seconds} seconds.").format(seconds=server.START_SECONDS)
    )


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
