"""The check-up: every probe on recorded answers, on any bytes, and for real on this computer, which stays as it was."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from simlib.defence.checkup import (
    PROBES,
    CheckUp,
    answers,
    check_up,
    question,
    reason_sentence,
    recorded,
)
from simlib.defence.checkup.reading import (
    PROGRAMS,
    SCRIPTS,
    Reading,
    Recorded,
    ThisComputer,
    understood,
)
from simlib.defence.devices import STATES, Devices, controls_in_place
from simlib.defence.devices import settings as all_settings
from simlib.errors import SafeShopError

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 3, 2)
CASES = yaml.safe_load((Path(__file__).parent / "recordings.yaml").read_text(encoding="utf-8"))
SYSTEMS = tuple(PROBES)

ASKED = {"password-manager", "second-factor", "router-set-up", "router-firmware", "guest-network"} | {
    "phone-set-up",
    "offline-copy",
    "vault-kept",
}
"""What no program can read."""


def case_name(case: Mapping[str, Any]) -> str:
    return f"{case['system']}, {case['setting']}, {case['case']}"


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_a_recorded_answer_gets_its_verdict_and_its_evidence(case: Mapping[str, Any]) -> None:
    verdict = PROBES[case["system"]][case["setting"]](Recorded(case["system"], case["says"], TODAY))
    assert verdict.state == case["state"], verdict
    assert verdict.reason == case.get("reason", ""), verdict
    assert verdict.evidence
    assert "\n" not in verdict.evidence


def test_there_is_a_probe_for_every_readable_setting_on_every_system_and_each_was_recorded_good_and_unknown() -> (
    None
):
    for system in SYSTEMS:
        assert set(PROBES[system]) == set(all_settings()) - ASKED
        for setting in PROBES[system]:
            seen = {case["state"] for case in CASES if (case["system"], case["setting"]) == (system, setting)}
            never_good = (system, setting) == ("windows", "application-updates")
            assert "unknown" in seen, (system, setting)
            assert "pass" in seen or never_good, (system, setting)
    for setting in (
        "disk-encryption",
        "host-firewall",
        "screen-lock",
        "backups-running",
        "vault-without-network",
    ):
        assert {"fail"} <= {case["state"] for case in CASES if case["setting"] == setting}


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("trouble", ["absent", "denied", "slow", "failed", "unset"])
def test_what_cannot_be_read_is_never_called_bad(system: Any, trouble: Any) -> None:
    class Silent(Recorded):
        def _said(self, key: str, otherwise: Any = "absent") -> Reading:
            return Reading(trouble=trouble)

    for setting, probe in PROBES[system].items():
        verdict = probe(Silent(system, {}, TODAY))
        if (setting, trouble) == ("autorun-off", "unset") and system == "windows":
            # Not set at all is an answer there: Windows then plays what is plugged in.
            assert verdict.state == "fail"
            continue
        assert verdict.state == "unknown", setting
        assert verdict.reason


class Babbling(Recorded):
    """A computer that answers anything to everything."""

    def __init__(self, system: Any, answers: list[bytes]) -> None:
        super().__init__(system, {}, TODAY)
        self.answers = answers
        self.asked = 0

    def _said(self, key: str, otherwise: Any = "absent") -> Reading:
        self.asked += 1
        return understood(0, self.answers[self.asked % len(self.answers)], b"")


PIECES = st.sampled_from([case for case in CASES if case["says"]]).flatmap(
    lambda case: st.sampled_from([said for said in case["says"].values() if isinstance(said, str)] or [""])
)


@given(
    st.sampled_from(SYSTEMS),
    st.lists(st.binary(max_size=80) | PIECES.map(str.encode), min_size=1, max_size=4),
    st.data(),
)
@settings(deadline=None, max_examples=120)
def test_any_answer_at_all_gives_a_verdict(system: Any, said: list[bytes], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, 40))
    reader = Babbling(system, [piece[cut:] if cut < 20 else piece for piece in said])
    for setting, probe in PROBES[system].items():
        verdict = probe(reader)
        assert verdict.state in STATES, setting
        assert len(verdict.evidence) <= 160
        assert all(sign.isprintable() for sign in verdict.evidence)
        assert (verdict.state == "unknown") == bool(verdict.reason), (setting, verdict)


@given(st.sampled_from(SYSTEMS), st.binary(min_size=1, max_size=60))
@settings(deadline=None, max_examples=100)
def test_garbage_is_never_called_good_or_bad(system: Any, noise: bytes) -> None:
    # Letters only from outside ASCII, so that no answer comes about by luck.
    garbage = bytes(byte | 0x80 for byte in noise)
    for setting, probe in PROBES[system].items():
        verdict = probe(Babbling(system, [garbage]))
        # Names of files are no output that could be garbled.
        if setting not in ("browser-extensions", "audit-log"):
            assert verdict.state == "unknown", (setting, verdict)


def test_output_in_any_encoding_is_text() -> None:
    assert understood(0, "FileVault is On.".encode("utf-16"), b"").text == "FileVault is On."
    assert understood(0, "\ufeff{}".encode(), b"").text == "{}"
    assert understood(0, "管理员".encode("gbk"), b"").text
    assert understood(1, b"", b"error: Permission denied").trouble == "denied"
    assert understood(1, b"", "Zugriff verweigert".encode("cp1252")).trouble == "failed"
    assert understood(3, b"inactive\n", b"").text == "inactive"


def test_no_script_changes_anything_and_no_program_is_a_shell() -> None:
    for script in SCRIPTS.values():
        verbs = re.findall(r"\b([A-Z][a-z]+)-[A-Z]\w+", script)
        assert set(verbs) <= {"Get", "Select", "ConvertTo", "ForEach", "New"}
        assert "New-Object -ComObject Shell.Application" in script or "New-" not in script
        assert not re.search(r"Invoke|Start-|Set-|Out-File|>|Net\.|http", script)
    shells = {"sh", "bash", "zsh", "cmd.exe", "reg.exe", "curl", "wget", "sudo"}
    assert not shells & set().union(*PROGRAMS.values())
    with pytest.raises(ValueError, match="not among"):
        ThisComputer("linux").program("bash", "-c", "true")


def test_a_program_is_taken_from_the_systems_own_folders_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    false = tmp_path / "id"
    false.write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    false.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    if sys.platform == "linux":
        assert ThisComputer("linux").program("id", "-u").text == str(os.getuid())


LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="this is no Linux")


@LINUX_ONLY
def test_this_linux_is_read_and_what_it_says_is_true() -> None:
    done = check_up(extensions=True)
    found = {finding.setting: finding for finding in done.findings if finding.device == "laptop"}
    assert done.system == "linux"
    assert len(done.findings) == len(Devices().places())
    if os.getuid() == 0:
        assert found["not-administrator"].state == "fail"
    release = dict(
        line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line
    )
    assert release["ID"].strip('"') in found["supported-system"].evidence
    assert all(finding.evidence for finding in found.values() if finding.reason != "asked")


WATCHED = """
import os, sys
seen = []
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and path != os.devnull:
            seen.append(f"open {path}")
    elif event.startswith(("socket.", "os.remove", "os.rename", "os.mkdir", "os.chmod", "os.putenv", "shutil.",
                           "os.system", "os.rmdir", "os.link", "os.symlink", "os.truncate", "winreg.SetValue")):
        seen.append(f"{event} {arguments}")
    elif event == "subprocess.Popen":
        program = str(arguments[0])
        if not program.startswith(("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/")):
            seen.append(f"start {program}")
        seen.extend([f"shell {arguments}"] if os.path.basename(program) in ("sh", "bash") else [])
from simlib.defence.checkup import check_up
sys.addaudithook(watch)
done = check_up(extensions=True)
vault = check_up("vault-pc")
print(len(done.findings), len(vault.findings), seen)
"""


@LINUX_ONLY
def test_python_opens_nothing_for_writing_and_no_socket() -> None:
    told = python("-c", WATCHED)
    assert re.fullmatch(r"\d+ \d+ \[\]\n", told), told


def python(*arguments: str, before: tuple[str, ...] = ()) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [*before, sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@LINUX_ONLY
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed here")
def test_nothing_that_is_started_writes_a_file_or_speaks_to_a_network(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "openat,open,creat,socket,connect,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,symlink,chmod"
    told = python(
        "-m",
        "simlib.cli",
        "checkup",
        "--json",
        "--no-ask",
        before=("strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={calls}"),
    )
    assert json.loads(told)["findings"]
    lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    assert any("systemctl" in line or "lsblk" in line for line in lines) or len(lines) > 100
    done = [line for line in lines if not re.search(r"= -1 E|resumed>|/dev/null|/dev/tty", line)]
    assert [line for line in done if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC", line)] == []
    assert [
        line for line in done if re.search(r"\b(unlink|rename|mkdir|symlink|creat|f?chmod)\w*\(", line)
    ] == []
    assert [line for line in lines if re.search(r"AF_INET6?\b", line)] == []


def test_answers_fill_what_could_not_be_read_and_never_overrule_what_was() -> None:
    done = check_up(read=recorded("owner-laptop"))
    replies = {(finding.device, finding.setting): "pass" for finding in done.findings}
    answered = done.answered(replies)  # type: ignore[arg-type]
    assert answered.open_questions() == ()
    assert done.open_questions()
    for before, after in zip(done.findings, answered.findings, strict=True):
        assert after.state == ("pass" if before.state == "unknown" else before.state)
    devices = done.devices()
    assert devices.state("laptop", "disk-encryption") == "fail"
    assert devices.state("laptop", "host-firewall") == "pass"
    assert devices.state("laptop", "offline-copy") == "unknown"
    assert "4.5@laptop" not in controls_in_place(devices)
    kept = Devices().with_states({("mail", "second-factor"): "pass"})
    assert done.devices(kept).state("mail", "second-factor") == "pass"


def test_each_finding_says_what_to_do_next_unless_all_is_well() -> None:
    for name in (None, "owner-laptop"):
        done: CheckUp = check_up(read=recorded(name)) if name else check_up()
        for finding in done.findings:
            assert bool(finding.next_step()) == (finding.state != "pass")
            assert question(finding).endswith("Is it so?")
    denied = next(
        finding
        for finding in check_up(read=recorded("owner-laptop")).findings
        if finding.setting == "backups-running" and finding.device == "laptop"
    )
    assert "run “wbadmin get versions”" in denied.next_step()
    assert [state for _label, state in answers()] == list(STATES)
    assert reason_sentence("absent")


def test_wrong_names_get_their_sentence() -> None:
    with pytest.raises(SafeShopError, match="one of laptop, vault-pc, not phone"):
        check_up("phone")
    with pytest.raises(SafeShopError, match="no recorded computer nobody; there are owner-laptop"):
        recorded("nobody")


@LINUX_ONLY
def test_the_command_asks_keeps_and_tells_and_never_asks_a_program(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from simlib.cli import app

    kept = tmp_path / "mine.yaml"
    # Answers run dry after the first few; the rest stays open.
    told = CliRunner().invoke(app, ["checkup", "--ask", "--out", str(kept)], input="yes\nno\nperhaps\n")
    assert told.exit_code == 0
    open_ones = check_up().open_questions()
    devices = Devices.load(kept)
    assert [devices.state(one.device, one.setting) for one in open_ones[:4]] == [
        "pass",
        "fail",
        "unknown",
        "unknown",
    ]
    assert "Nothing was changed and nothing was sent." in told.stdout
    quiet = CliRunner().invoke(app, ["checkup", "--json", "--device", "vault-pc"])
    tree = json.loads(quiet.stdout)
    assert tree["device"] == "vault-pc"
    assert tree["good"] + tree["not_good"] + tree["not_known"] == len(tree["findings"])
    assert {row["state"] for row in tree["findings"]} <= set(STATES)
