"""Reading: the only place of the check-up that touches the computer, and it only looks.

A program is one of a fixed list, found in the system's own folders only, started without a shell, without input, in
the neutral language, with a time limit. Files and folders are opened for reading. Nothing else is done, so whoever
wants to know what the check-up does need read no other file than this one.

`ThisComputer` reads for real; `Recorded` gives back what was written down once, for tests and for the lesson.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import yaml

System = Literal["windows", "macos", "linux"]

SECONDS: Final = 15
"""Longest time a program is given; PowerShell needs several seconds on an old laptop."""

MOST: Final = 200_000
"""Most characters that are taken from a program or file."""

FOLDERS: Final[Mapping[System, tuple[str, ...]]] = {
    "windows": (r"{root}\System32", r"{root}\System32\WindowsPowerShell\v1.0"),
    "macos": ("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/libexec/ApplicationFirewall"),
    "linux": ("/usr/bin", "/bin", "/usr/sbin", "/sbin"),
}
"""Where programs are looked for: folders that only an administrator can write to."""

PROGRAMS: Final[Mapping[System, frozenset[str]]] = {
    "windows": frozenset({"powershell.exe", "wbadmin.exe", "whoami.exe"}),
    "macos": frozenset(
        {
            "defaults",
            "fdesetup",
            "id",
            "ifconfig",
            "netstat",
            "nvram",
            "scutil",
            "socketfilterfw",
            "spctl",
            "sw_vers",
        }
        | {"sysadminctl", "tmutil"}
    ),
    "linux": frozenset({"apt-config", "gsettings", "id", "ip", "lsblk", "ss", "systemctl"}),
}
"""Every program that the check-up may start."""

SCRIPTS: Final[Mapping[str, str]] = {
    "bitlocker": "(New-Object -ComObject Shell.Application).NameSpace($env:SystemDrive + '\\').Self"
    ".ExtendedProperty('System.Volume.BitLockerProtection')",
    "firewall": "Get-NetFirewallProfile -PolicyStore ActiveStore | Select-Object Name, "
    "@{n='Enabled';e={[int]$_.Enabled}} | ConvertTo-Json -Compress",
    "defender": "Get-MpComputerStatus | Select-Object AntivirusEnabled, RealTimeProtectionEnabled, "
    "AntivirusSignatureAge | ConvertTo-Json -Compress",
    "antivirus": "Get-CimInstance -Namespace root/SecurityCenter2 -ClassName AntiVirusProduct | "
    "Select-Object displayName, productState | ConvertTo-Json -Compress",
    "accounts": "Get-LocalUser | Select-Object @{n='Sid';e={$_.SID.Value}}, Enabled, "
    "@{n='Days';e={if ($_.LastLogon) {[int]((Get-Date) - $_.LastLogon).TotalDays}}} | ConvertTo-Json -Compress",
    "ports": "Get-NetTCPConnection -State Listen | Select-Object LocalAddress, LocalPort | ConvertTo-Json -Compress",
    "names": "Get-DnsClientServerAddress | ForEach-Object { $_.ServerAddresses } | ConvertTo-Json -Compress",
    # As a list in any case: without a card, the answer is [] and not silence.
    "adapters": "ConvertTo-Json -Compress -InputObject @(Get-NetAdapter | "
    "Select-Object Name, @{n='Up';e={[int]$_.ifOperStatus}})",
}
"""Every PowerShell command that the check-up may give; numbers come out, not words, whatever Windows speaks."""

BEFORE: Final = "$ErrorActionPreference='Stop'; [Console]::OutputEncoding=[Text.Encoding]::UTF8; "

DENIED: Final = (
    "permission denied",
    "not permitted",
    "permissiondenied",
    "unauthorizedaccess",
    "access is denied",
)
DENIED_CODES: Final = ("0x80070005", "0x80041003", "must be root", "requires root", "run as root")
"""What says that an administrator is asked for. In other languages such an answer is merely not understood, which
comes to the same: UNKNOWN."""

Trouble = Literal["", "absent", "denied", "slow", "failed", "unset"]


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes
    ----------
    text
        Output of the program, content of the file, value of the entry.
    trouble
        Why there is no text: program or file ``absent``, access ``denied``, ``slow``, ``failed``, or an entry that is
        ``unset``; empty if all went well.
    """

    text: str = ""
    trouble: Trouble = ""


class Reader(Protocol):
    """Something that reads a computer."""

    system: System
    home: str
    today: date

    def program(self, name: str, *arguments: str) -> Reading:
        """Output of a program of `PROGRAMS`."""

    def script(self, name: str) -> Reading:
        """Output of a PowerShell command of `SCRIPTS`."""

    def file(self, path: str) -> Reading:
        """Content of a file."""

    def names(self, folder: str) -> Reading:
        """Names of what lies in a folder, one a line, in alphabetical order."""

    def registry(self, key: str, entry: str) -> Reading:
        r"""An entry of the Windows registry, such as ``HKLM\SYSTEM\…`` and its name; numbers in decimal."""


def this_system() -> System | None:
    """The system of this computer; None if it is none of the three."""
    if sys.platform == "win32":
        return "windows"
    if sys.platform == "darwin":
        return "macos"
    return "linux" if sys.platform.startswith("linux") else None


class ThisComputer:
    """Reads the computer it runs on.

    Parameters
    ----------
    system
        Its system, from `this_system`.
    """

    def __init__(self, system: System) -> None:
        self.system: System = system
        self.home = str(Path.home())
        self.today = datetime.now(UTC).date()
        root = os.environ.get("SystemRoot", r"C:\Windows")  # noqa: SIM112 - so Windows spells it
        self.folders = os.pathsep.join(folder.format(root=root) for folder in FOLDERS[system])

    def program(self, name: str, *arguments: str) -> Reading:
        """Output of a program of `PROGRAMS`."""
        if name not in PROGRAMS[self.system]:
            raise ValueError(f"{name} is not among the programs that the check-up may start")
        path = shutil.which(name, path=self.folders)
        if path is None:
            return Reading(trouble="absent")
        settings: dict[str, Any] = {"creationflags": 0x08000000} if self.system == "windows" else {}
        try:
            done = subprocess.run(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
                env={**os.environ, "LC_ALL": "C", "LANG": "C", "LANGUAGE": "C"},
                **settings,
            )
        except subprocess.TimeoutExpired:
            return Reading(trouble="slow")
        except PermissionError:
            return Reading(trouble="denied")
        except OSError:
            return Reading(trouble="failed")
        return understood(done.returncode, done.stdout, done.stderr)

    def script(self, name: str) -> Reading:
        """Output of a PowerShell command of `SCRIPTS`."""
        options = ("-NoLogo", "-NoProfile", "-NonInteractive", "-Command")
        return self.program("powershell.exe", *options, BEFORE + SCRIPTS[name])

    def file(self, path: str) -> Reading:
        """Content of a file."""
        try:
            with Path(path).open("rb") as file:
                return Reading(decoded(file.read(MOST)))
        except FileNotFoundError:
            return Reading(trouble="absent")
        except PermissionError:
            return Reading(trouble="denied")
        except OSError:
            return Reading(trouble="failed")

    def names(self, folder: str) -> Reading:
        """Names of what lies in a folder."""
        try:
            return Reading("\n".join(sorted(entry.name for entry in Path(folder).iterdir())))
        except (FileNotFoundError, NotADirectoryError):
            return Reading(trouble="absent")
        except PermissionError:
            return Reading(trouble="denied")
        except OSError:
            return Reading(trouble="failed")

    def registry(self, key: str, entry: str) -> Reading:
        """An entry of the Windows registry."""
        if self.system != "windows" or this_system() != "windows":
            return Reading(trouble="absent")
        return _registry_value(key, entry)


def _registry_value(key: str, entry: str) -> Reading:
    import importlib

    # Only Windows has this module, and type checkers elsewhere do not know it.
    winreg = importlib.import_module("winreg")
    hive, _backslash, path = key.partition("\\")
    root = {"HKLM": winreg.HKEY_LOCAL_MACHINE, "HKCU": winreg.HKEY_CURRENT_USER}[hive]
    try:
        with winreg.OpenKey(root, path, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as opened:
            return Reading(str(winreg.QueryValueEx(opened, entry)[0]))
    except FileNotFoundError:
        return Reading(trouble="unset")
    except PermissionError:
        return Reading(trouble="denied")
    except OSError:
        return Reading(trouble="failed")


def decoded(data: bytes) -> str:
    """Bytes as text, whatever they are: UTF-16 if marked so, else UTF-8 with signs in place of what it is not."""
    if len(data) > 2 and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def understood(code: int, out: bytes, error: bytes) -> Reading:
    """What a program's exit code and output come to.

    Parameters
    ----------
    code
        Exit code; other than 0 may be an answer, too (``systemctl is-active``), if there is output.
    out, error
        Standard output and standard error.
    """
    text, complaint = decoded(out[:MOST]).strip(), decoded(error[:MOST]).strip()
    if text:
        return Reading(text)
    if code == 0:
        # Some programs of macOS answer on standard error.
        return Reading(complaint)
    low = complaint.lower()
    if any(word in low for word in (*DENIED, *DENIED_CODES)):
        return Reading(trouble="denied")
    return Reading(trouble="failed")


class Recorded:
    """A computer that was written down.

    Parameters
    ----------
    system
        Its system.
    says
        What it says: ``program arguments``, ``script:name``, ``file:path``, ``names:folder`` or
        ``registry:key entry`` → text, or ``{trouble: denied}``. What is not named is absent (registry: unset).
    today, home
        When it was recorded; home folder of who did.
    """

    def __init__(
        self,
        system: System,
        says: Mapping[str, str | Mapping[str, Trouble]],
        today: date,
        home: str = "/home/owner",
    ) -> None:
        self.system: System = system
        self.says = says
        self.today = today
        self.home = home

    @classmethod
    def load(cls, path: Path) -> Recorded:
        """A recording from a YAML file: system, today, home, says."""
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        return cls(tree["system"], tree["says"], tree["today"], tree["home"])

    def _said(self, key: str, otherwise: Trouble = "absent") -> Reading:
        said = self.says.get(key)
        if said is None:
            return Reading(trouble=otherwise)
        return Reading(said) if isinstance(said, str) else Reading(trouble=said["trouble"])

    def program(self, name: str, *arguments: str) -> Reading:
        """Output of a program."""
        return self._said(" ".join((name, *arguments)))

    def script(self, name: str) -> Reading:
        """Output of a PowerShell command."""
        return self._said(f"script:{name}")

    def file(self, path: str) -> Reading:
        """Content of a file."""
        return self._said(f"file:{path}")

    def names(self, folder: str) -> Reading:
        """Names of what lies in a folder."""
        return self._said(f"names:{folder}")

    def registry(self, key: str, entry: str) -> Reading:
        """An entry of the Windows registry."""
        return self._said(f"registry:{key} {entry}", "unset")


def lines(text: str) -> Sequence[str]:
    """The lines that hold something, without the blanks around them."""
    return [line.strip() for line in text.splitlines() if line.strip()]
