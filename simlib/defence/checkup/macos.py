"""macOS: how each readable setting is read there. The commands answer in English whatever the system speaks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from simlib.defence.checkup.common import filtered_names, listed_extensions, recent, support
from simlib.defence.checkup.reading import Reader, lines
from simlib.defence.checkup.verdict import (
    Probe,
    Verdict,
    failed,
    judged,
    outside,
    passed,
    ports_judged,
    trouble,
    unknown,
)
from simlib.facts import value

UPDATES: Final = "/Library/Preferences/com.apple.SoftwareUpdate"
DYNAMIC: Final = 49152
"""First of the ports that systems give out for a moment (RFC 6335)."""


def flag(read: Reader, domain: str, key: str) -> tuple[str, Verdict]:
    """A switch among the preferences, ``1``, ``0`` or empty, with the verdict for the case that it is empty."""
    reading = read.program("defaults", "read", domain, key)
    if reading.text in ("0", "1"):
        return reading.text, judged(reading.text == "1", f"{key} {reading.text}")
    # `defaults` fails in the same way for a key that is not set; the system then decides by itself.
    if reading.trouble == "failed":
        return "", unknown("unset", key)
    return "", trouble(key, reading)


def disk_encryption(read: Reader) -> Verdict:
    """FileVault."""
    reading = read.program("fdesetup", "status")
    found = re.search(r"FileVault is (On|Off)\b", reading.text)
    return judged(found[1] == "On", found[0]) if found else trouble("fdesetup status", reading)


def host_firewall(read: Reader) -> Verdict:
    """The application firewall; 1 is on, 2 lets nothing in."""
    reading = read.program("socketfilterfw", "--getglobalstate")
    found = re.search(r"State = ([0-2])\b", reading.text)
    return judged(found[1] != "0", found[0]) if found else trouble("socketfilterfw --getglobalstate", reading)


def system_updates(read: Reader) -> Verdict:
    """Whether macOS and its security responses install themselves."""
    installs, verdict = flag(read, UPDATES, "AutomaticallyInstallMacOSUpdates")
    critical, other = flag(read, UPDATES, "CriticalUpdateInstall")
    if critical == "0":
        return other
    return verdict if installs else trouble("AutomaticallyInstallMacOSUpdates") if critical else verdict


def supported_system(read: Reader) -> Verdict:
    """Whether Apple still looks after this version."""
    reading = read.program("sw_vers", "-productVersion")
    found = re.fullmatch(r"(\d{2})(\.\d{1,3}){0,3}", reading.text)
    return support(f"macos {found[1]}", read.today) if found else trouble("sw_vers", reading)


def application_updates(read: Reader) -> Verdict:
    """Whether the App Store updates programs."""
    return flag(read, "/Library/Preferences/com.apple.commerce", "AutoUpdate")[1]


def anti_malware(read: Reader) -> Verdict:
    """XProtect is always there; whether its signatures come by themselves can be switched off."""
    bundle = "/Library/Apple/System/Library/CoreServices/XProtect.bundle/Contents/Info"
    reading = read.program("defaults", "read", bundle, "CFBundleShortVersionString")
    if not re.fullmatch(r"\d{1,6}", reading.text):
        return trouble("XProtect", reading)
    fresh, verdict = flag(read, UPDATES, "ConfigDataInstall")
    return judged(fresh == "1", f"XProtect {reading.text}; ConfigDataInstall {fresh}") if fresh else verdict


def application_control(read: Reader) -> Verdict:
    """Gatekeeper."""
    reading = read.program("spctl", "--status")
    found = re.search(r"assessments (enabled|disabled)\b", reading.text)
    return judged(found[1] == "enabled", found[0]) if found else trouble("spctl --status", reading)


def autorun_off(read: Reader) -> Verdict:
    """No version of macOS starts programs from a stick."""
    reading = read.program("sw_vers", "-productName")
    if re.fullmatch(r"(macOS|Mac OS X)", reading.text):
        return passed(reading.text)
    return trouble("sw_vers", reading)


def screen_lock(read: Reader) -> Verdict:
    """Whether and how long after the screen goes dark the password is asked for."""
    reading = read.program("sysadminctl", "-screenLock", "status")
    found = re.search(r"screenLock (is off|delay is immediate|delay is (-?\d{1,9}))", reading.text)
    if found is None:
        return trouble("sysadminctl -screenLock status", reading)
    seconds = int(found[2]) if found[2] else -1 if found[1] == "is off" else 0
    return judged(0 <= seconds <= value("setting-screen-lock-seconds"), found[0])


def not_administrator(read: Reader) -> Verdict:
    """Whether the user is in the group admin."""
    reading = read.program("id", "-Gn")
    names = reading.text.split()
    if "everyone" not in names and "staff" not in names:
        return trouble("id -Gn", reading)
    return judged("admin" not in names, f"id -Gn: {'admin' if 'admin' in names else 'staff'}")


def no_dormant_accounts(read: Reader) -> Verdict:
    """Whether a guest may sign in."""
    reading = read.program("sysadminctl", "-guestAccount", "status")
    found = re.search(r"guest account (?:is )?(enabled|disabled)\b", reading.text, re.IGNORECASE)
    if found is None:
        return trouble("sysadminctl -guestAccount status", reading)
    return judged(found[1].lower() == "disabled", found[0])


def open_ports(read: Reader) -> list[int] | None:
    """Ports that wait for the network; None if they cannot be read."""
    reading = read.program("netstat", "-an", "-p", "tcp")
    if reading.trouble or ("tcp" not in reading.text and "Active" not in reading.text):
        return None
    found = []
    for line in lines(reading.text):
        match = re.match(r"tcp\S*\s+\d+\s+\d+\s+(\S+)\.(\d{1,5})\s.*\bLISTEN\b", line)
        if match:
            found.append((match[1], int(match[2])))
    return outside(found)


def remote_access_off(read: Reader) -> Verdict:
    """Whether remote login, screen sharing or a known remote-control program waits for the network."""
    ports = open_ports(read)
    if ports is None:
        return trouble(
            "netstat -an", read.program("netstat", "-an", "-p", "tcp"), command="systemsetup -getremotelogin"
        )
    own = value("setting-system-ports")["macos"]
    return ports_judged(
        ports, [port for port in value("setting-remote-ports") if port not in own], "netstat -an"
    )


def no_open_ports(read: Reader) -> Verdict:
    """Whether anything but the system's own services waits for the network."""
    ports = open_ports(read)
    if ports is None:
        return trouble("netstat -an", read.program("netstat", "-an", "-p", "tcp"))
    own = value("setting-system-ports")["macos"]
    return ports_judged(ports, [port for port in ports if port < DYNAMIC and port not in own], "netstat -an")


def name_filter(read: Reader) -> Verdict:
    """Whether the name servers are known to filter."""
    reading = read.program("scutil", "--dns")
    servers = dict.fromkeys(re.findall(r"nameserver\[\d+\] : (\S+)", reading.text))
    return filtered_names(list(servers), reading, "scutil --dns")


def browser_extensions(read: Reader) -> Verdict:
    """Extensions in the folders of Chrome and Edge."""
    return listed_extensions(
        read,
        [
            f"{read.home}/Library/Application Support/{browser}/Default/Extensions"
            for browser in ("Google/Chrome", "Microsoft Edge")
        ],
    )


def backups_running(read: Reader) -> Verdict:
    """Time Machine's latest backup; newer systems tell it only to programs that may read the whole disk."""
    reading = read.program("tmutil", "latestbackup")
    found = re.search(r"\b(\d{4})-(\d\d)-(\d\d)-\d{6}", reading.text)
    if found:
        try:
            day = date(*map(int, found.groups()))
        except ValueError:
            return trouble("tmutil latestbackup")
        return recent(day, read.today, "tmutil latestbackup")
    automatic, verdict = flag(read, "/Library/Preferences/com.apple.TimeMachine", "AutoBackup")
    return failed(verdict.evidence) if automatic == "0" else trouble("tmutil latestbackup", reading)


def secure_boot(read: Reader) -> Verdict:
    """Level of a Mac with T2 chip: 2 full, 1 medium, 0 none. Newer Macs tell it only in Recovery."""
    reading = read.program("nvram", "94b73556-2197-4702-82a8-3e1337dafbfb:AppleSecureBootPolicy")
    found = re.search(r"AppleSecureBootPolicy\s+%0([0-2])\s*$", reading.text)
    if found is None:
        return trouble("nvram AppleSecureBootPolicy", reading)
    return judged(found[1] == "2", f"AppleSecureBootPolicy %0{found[1]}")


def audit_log(read: Reader) -> Verdict:
    """Whether the unified log is there."""
    reading = read.names("/var/db/diagnostics")
    if "Persist" in lines(reading.text):
        return passed("/var/db/diagnostics/Persist")
    return trouble("/var/db/diagnostics", reading)


def vault_without_network(read: Reader) -> Verdict:
    """Whether any network card is active."""
    reading = read.program("ifconfig", "-a")
    cards = re.findall(r"^(en\d+): flags=.*\n((?:[ \t].*\n?)*)", f"{reading.text}\n", re.MULTILINE)
    if not re.search(r"^lo0: flags=", reading.text, re.MULTILINE):
        return trouble("ifconfig -a", reading)
    up = [name for name, about in cards if re.search(r"status: active\b", about)]
    return judged(not up, f"ifconfig: {', '.join(up) or '–'}")


PROBES: Final[Mapping[str, Probe]] = {
    "disk-encryption": disk_encryption,
    "host-firewall": host_firewall,
    "system-updates": system_updates,
    "supported-system": supported_system,
    "application-updates": application_updates,
    "anti-malware": anti_malware,
    "application-control": application_control,
    "autorun-off": autorun_off,
    "screen-lock": screen_lock,
    "not-administrator": not_administrator,
    "no-dormant-accounts": no_dormant_accounts,
    "remote-access-off": remote_access_off,
    "no-open-ports": no_open_ports,
    "name-filter": name_filter,
    "browser-extensions": browser_extensions,
    "backups-running": backups_running,
    "secure-boot": secure_boot,
    "audit-log": audit_log,
    "vault-without-network": vault_without_network,
}
"""Setting → its probe on macOS."""
