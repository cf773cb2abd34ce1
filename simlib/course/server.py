"""JupyterLab, started on the learner's folder: on this computer only, with settings of its own, quietly.

Nothing here reads or writes the user's own Jupyter settings, and nothing is asked from outside 127.0.0.1.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from simlib.course.folder import OWN
from simlib.course.start_page import FILE
from simlib.errors import SafeShopError
from simlib.languages import _
from simlib.writing import cannot_write, write_whole

HOST = "127.0.0.1"
FIRST_PORT = 8888
PORTS_TRIED = 50
START_SECONDS = 90
"""Longest time JupyterLab may take to answer, in seconds; old laptops with a virus scanner need a minute."""

QUIET = (
    # Ask nothing from outside: neither versions, nor news, nor lists of extensions.
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--LabApp.custom_css=True",
    # Else it looks for language servers through npm, which leaves its logs in the user's home.
    "--LanguageServerManager.autodetect=False",
)
"""JupyterLab's options that hold wherever the course is shown."""

STARTUP = '''"""Plain sentences instead of tracebacks, also in cells that run before the lesson is opened."""

from simlib.course.notebook_errors import install

install()
'''


def check_installed() -> None:
    """Make sure JupyterLab is there.

    Raises
    ------
    SafeShopError
        If it is not installed for this Python.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise SafeShopError(
            _("JupyterLab is not installed for this Python; run: {python} -m pip install jupyterlab").format(
                python=sys.executable
            )
        )


def free_port(asked: int | None) -> int:
    """A port on this computer that nobody listens on.

    Parameters
    ----------
    asked
        The port the user wants; None to look for one.

    Raises
    ------
    SafeShopError
        If the wanted port is busy or forbidden, or no port is free.
    """
    for port in [asked] if asked is not None else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                # Else the remains of a server that ended a minute ago would count as busy.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError:
                if asked is not None:
                    raise SafeShopError(
                        _("Port {port} is not open to you; choose one above 1023, such as {other}.").format(
                            port=port, other=FIRST_PORT
                        )
                    ) from None
            except OSError:
                if asked is not None:
                    raise SafeShopError(
                        _(
                            "Port {port} is in use by another program; leave out --port to let one be found, "
                            "or name another one."
                        ).format(port=port)
                    ) from None
            else:
                return port
    raise SafeShopError(
        _("None of the ports {first} to {last} is free; name one with --port.").format(
            first=FIRST_PORT, last=FIRST_PORT + PORTS_TRIED - 1
        )
    )


@contextmanager
def running(folder: Path, port: int | None) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run JupyterLab on a folder for as long as the block lasts.

    Parameters
    ----------
    folder
        The learner's folder, already prepared.
    port
        The port the user wants; None to look for a free one.

    Yields
    ------
    tuple
        The process, and the address of the start page with its token.

    Raises
    ------
    SafeShopError
        If JupyterLab cannot be started, or does not answer in time, or the port is not free.
    """
    folder = folder.absolute()
    own = folder / OWN
    token = secrets.token_urlsafe(24)
    log = own / "jupyter.log"
    write_settings(own)
    # Connection files with keys in them belong neither into a synchronised folder nor among his settings.
    with (
        ended_by_signal(),
        tempfile.TemporaryDirectory(prefix="safeshop-", ignore_cleanup_errors=True) as runtime,
        serving(
            port,
            lambda free: _command(folder, free),
            folder,
            environment(folder, token, runtime),
            log,
            lambda process, free: _wait_for_answer(process, free, token, log),
        ) as (process, free),
    ):
        yield process, f"http://{HOST}:{free}/lab/tree/{quote(FILE)}?token={token}"


@contextmanager
def serving(
    port: int | None,
    command: Callable[[int], list[str]],
    folder: Path,
    environment: dict[str, str],
    log: Path,
    wait_for_answer: Callable[[subprocess.Popen[bytes], int], None],
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a server that answers, for as long as the block lasts.

    Seconds lie between the look for a free port and the moment the server takes it; in these another course on the
    same computer may have taken it. Then the search begins anew.

    Parameters
    ----------
    port
        The port the user wants; None to look for a free one.
    command
        What starts the server on a port.
    folder
        Where it starts.
    environment
        Its variables.
    log
        File for what it says.
    wait_for_answer
        Comes back when the server answers on the port, and raises `SafeShopError` if it does not.

    Yields
    ------
    tuple
        The process, and its port.

    Raises
    ------
    SafeShopError
        If the server cannot be started, or does not answer in time, or the port is not free.
    """
    while True:
        free = free_port(port)
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    command(free),
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C shall reach us alone: Jupyter would answer it with a question.
                    start_new_session=os.name == "posix",
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
        except OSError as reason:
            raise cannot_write(log, reason) from None
        try:
            try:
                wait_for_answer(process, free)
            except SafeShopError:
                end(process)
                if not _was_taken(free, log):
                    raise
                continue
            yield process, free
            return
        finally:
            end(process)


def _was_taken(port: int, log: Path) -> bool:
    """Whether a server did not get its port: it says so, or another program still has it."""
    if f"port {port}" in log.read_text(encoding="utf-8", errors="replace"):
        return True
    try:
        free_port(port)
    except SafeShopError:
        return True
    return False


def wait(process: subprocess.Popen[bytes]) -> int:
    """Wait until JupyterLab ends by itself (its menu can shut it down); its exit code.

    In short steps, since on Windows a longer wait does not notice Ctrl-C.
    """
    while True:
        try:
            return process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            continue


def _command(folder: Path, port: int) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--ServerApp.ip={HOST}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        *QUIET,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        # In a container there may be no other user.
        command.append("--allow-root")
    return command


def environment(folder: Path, token: str, runtime: str) -> dict[str, str]:
    """Variables for a Jupyter that reads nothing of the user's own.

    Parameters
    ----------
    folder
        The learner's folder.
    token
        What whoever opens it must know.
    runtime
        Folder for connection files.
    """
    own = folder / OWN
    environment = {
        name: value
        for name, value in os.environ.items()
        # Left over from a Jupyter we may have been started in.
        if not name.startswith(("JUPYTER", "JPY_"))
    }
    return environment | {
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "jupyter" / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "jupyter" / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter" / "config"),
        "JUPYTER_CONFIG_PATH": str(Path(__file__).parent / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter" / "data"),
        "JUPYTER_PATH": str(own / "jupyter" / "path"),
        "JUPYTER_RUNTIME_DIR": runtime,
        # Not on the command line, where every user of the computer could read it.
        "JUPYTER_TOKEN": token,
        "PYTHONUTF8": "1",
        "SAFESHOP_FOLDER": str(folder),
    }


def write_settings(own: Path) -> None:
    """Write what such a Jupyter reads: the kernel, its startup and the looks.

    Parameters
    ----------
    own
        Our own folder within the learner's folder.
    """
    write_whole(own / "ipython" / "profile_default" / "startup" / "00-safeshop.py", STARTUP)
    # JupyterLab looks for it in the folder of settings that may be written, which is the learner's.
    css = (Path(__file__).parent / "jupyter" / "custom.css").read_bytes()
    write_whole(own / "jupyter" / "config" / "custom" / "custom.css", css)
    # Lessons run in the Python that Safe Shop Lab is installed in, whatever other “python3” the user keeps.
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    path = own / "jupyter" / "path" / "kernels" / "python3" / "kernel.json"
    write_whole(path, json.dumps(kernel, ensure_ascii=False, indent=1) + "\n")


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, token: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SafeShopError(_("JupyterLab ended at once; its reason is in {log}.").format(log=log))
        # http.client, unlike urllib, never asks a proxy.
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            # Only our own server knows the token; another that took the port a moment ago does not.
            connection.request("GET", "/api/status", headers={"Authorization": f"token {token}"})
            if connection.getresponse().status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise SafeShopError(
        _("JupyterLab did not answer within {seconds} seconds; what it says is in {log}.").format(
            seconds=START_SECONDS, log=log
        )
    )


@contextmanager
def ended_by_signal() -> Iterator[None]:
    """Let a closed terminal and a polite kill end us as Ctrl-C does, so that no server stays behind."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server that we started, politely at first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
