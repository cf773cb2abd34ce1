"""JupyterLab runs on this computer only, with settings of its own, and ends with us."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from simlib.course import server
from simlib.course.folder import prepare
from simlib.course.start_page import write_start_page
from simlib.errors import SafeShopError

# Comes with ipykernel; it has no types.
psutil = pytest.importorskip("psutil")


def test_a_busy_port_is_refused_with_what_to_do(busy: int) -> None:
    with pytest.raises(SafeShopError) as refused:
        server.free_port(busy)
    assert refused.value.sentence == (
        f"Port {busy} is in use by another program; leave out --port to let one be found, or name another one."
    )


def test_a_busy_port_is_passed_over_when_none_was_asked_for(
    busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FIRST_PORT", busy)
    assert busy < server.free_port(None) <= busy + 49


def test_no_free_port_is_told(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "FIRST_PORT", busy)
    monkeypatch.setattr(server, "PORTS_TRIED", 1)
    with pytest.raises(SafeShopError) as refused:
        server.free_port(None)
    assert refused.value.sentence == f"None of the ports {busy} to {busy} is free; name one with --port."


def test_a_port_that_just_closed_is_free_again() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((server.HOST, 0))
        listening.listen()
        port = listening.getsockname()[1]
        with socket.create_connection((server.HOST, port)):
            # The side that closes first leaves the connection in TIME_WAIT.
            listening.accept()[0].close()
    assert server.free_port(port) == port


def test_a_missing_jupyterlab_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simlib.course.server.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SafeShopError) as refused:
        server.check_installed()
    assert refused.value.sentence == (
        f"JupyterLab is not installed for this Python; run: {sys.executable} -m pip install jupyterlab"
    )


def test_settings_name_things_that_jupyterlab_knows() -> None:
    schemas = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
    text = Path(server.__file__).parent / "jupyter" / "labconfig" / "default_setting_overrides.json"
    for plugin, wanted in json.loads(text.read_text("utf-8")).items():
        package, name = plugin.split(":")
        schema = json.loads((schemas / package / f"{name}.json").read_text("utf-8"))
        assert set(wanted) <= set(schema["properties"]), plugin


@pytest.mark.slow
def test_the_server_answers_here_only_keeps_to_the_folder_and_ends(
    course: Path, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "新店 lab"
    prepare(folder, "en")
    write_start_page(folder, "en")
    with server.running(folder, None) as (process, address):
        port = urlsplit(address).port
        assert port is not None
        assert address.startswith(f"http://127.0.0.1:{port}/lab/tree/Start%20here.md?token=")
        listening = [
            connection.laddr.ip
            for connection in psutil.Process(process.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
        assert set(listening) == {"127.0.0.1"}
        # The token is nowhere in the list of processes.
        token = address.partition("token=")[2]
        assert token not in " ".join(psutil.Process(process.pid).cmdline())
        connection = http.client.HTTPConnection(server.HOST, port)
        connection.request("GET", "/api/contents")
        assert connection.getresponse().status == http.client.FORBIDDEN
        connection.close()
        connection.request("GET", f"/lab/api/settings/@jupyterlab/docmanager-extension:plugin?token={token}")
        schema = json.loads(connection.getresponse().read())["schema"]
        assert schema["properties"]["defaultViewers"]["default"] == {"markdown": "Markdown Preview"}
        connection.close()
    assert process.poll() is not None
    assert [path.name for path in home.rglob("*") if path.is_file() and "matplotlib" not in path.parts] == []


@pytest.mark.slow
def test_a_port_taken_in_the_meantime_is_passed_over(course: Path, tmp_path: Path, taken: int) -> None:
    prepare(tmp_path, "en")
    with server.running(tmp_path, None) as (process, address):
        assert urlsplit(address).port != taken
        assert process.poll() is None


@pytest.mark.slow
def test_a_port_taken_in_the_meantime_is_told_to_who_asked_for_it(
    course: Path, tmp_path: Path, taken: int
) -> None:
    prepare(tmp_path, "en")
    with pytest.raises(SafeShopError) as refused, server.running(tmp_path, taken):
        pass
    assert refused.value.sentence.startswith(f"Port {taken} is in use by another program; ")


@pytest.mark.slow
def test_a_server_that_cannot_start_points_to_its_log(
    course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path, "en")
    monkeypatch.setattr(
        server, "_command", lambda *_: [sys.executable, "-c", "raise SystemExit('no memory')"]
    )
    with pytest.raises(SafeShopError) as refused, server.running(tmp_path, None):
        pass
    log = tmp_path / ".safeshop" / "jupyter.log"
    assert refused.value.sentence == f"JupyterLab ended at once; its reason is in {log}."
    assert log.read_text("utf-8").strip() == "no memory"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_the_address_serves_and_ends_quietly(
    course: Path, tmp_path: Path, how: int
) -> None:
    folder = tmp_path / "lab"
    command = [
        sys.executable,
        "-c",
        "from simlib.cli import main; main()",
        "--no-browser",
        "--folder",
        str(folder),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        until = time.monotonic() + server.START_SECONDS
        while time.monotonic() < until and not (said and said[-1].startswith("http")):
            if not (line := process.stdout.readline()):
                break
            said.append(line.rstrip("\n"))
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(how)
        rest, complaints = process.communicate(timeout=30)
    assert [line.partition("token=")[0] for line in said if line.startswith("http://127.0.0.1:")]
    assert complaints == ""
    assert rest.rstrip().endswith(f"The course is closed. Your work is in {folder}")
    assert process.returncode == 0
    assert children
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
