"""Linux: how each readable setting is read there, with nothing but what every user may read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from simlib.defence.checkup.common import (
    filtered_names,
    listed_extensions,
    recent,
    support,
)
from simlib.defence.checkup.reading import Reader, lines
from simlib.defence.checkup.verdict import (
    Probe,
    Verdict,
    failed,
    judged,
    number,
    outside,
    passed,
    ports_judged,
    trouble,
    unknown,
)
from simlib.facts import value

BACKUP_NAMES: Final = re.compile(
    r"backup|restic|borg|duplicity|deja-dup|timeshift|backintime|rsnapshot|kopia", re.IGNORECASE
)
"""Names of timers that make backups."""

STATES: Final = frozenset(
    {"active", "inactive", "failed", "activating", "deactivating", "unknown", "reloading"}
)


def units(read: Reader, *names: str) -> dict[str, str] | None:
    """State of each systemd unit (``active``, ``inactive`` …); None if systemd gives no answer."""
    answers = lines(read.program("systemctl", "is-active", *names).text)
    if len(answers) != len(names) or not set(answers) <= STATES:
        return None
    return dict(zip(names, answers, strict=True))


def said(states: Mapping[str, str]) -> str:
    """States as one line of evidence."""
    return ", ".join(f"{name} {state}" for name, state in states.items())


def disk_encryption(read: Reader) -> Verdict:
    """Whether what is mounted at / lies on an encrypted device."""
    reading = read.program("lsblk", "-J", "-o", "NAME,TYPE,FSTYPE,MOUNTPOINT")
    try:
        tree = json.loads(reading.text)["blockdevices"]
        chains = list(_chains(tree, ()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return trouble("lsblk", reading)
    for chain in chains:
        if chain[-1].get("mountpoint") == "/":
            kinds = " < ".join(str(part.get("type")) for part in reversed(chain))
            encrypted = any(
                part.get("type") == "crypt" or part.get("fstype") == "crypto_LUKS" for part in chain
            )
            return judged(encrypted, f"lsblk: / on {kinds}")
    # In a container or on a network disk, the root is no block device.
    return unknown("unclear", "lsblk: / –")


def _chains(tree: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for part in tree:
        chain = (*above, part)
        part.get("mountpoint")
        yield chain
        yield from _chains(part.get("children") or [], chain)


def host_firewall(read: Reader) -> Verdict:
    """Whether firewalld, ufw or nftables is at work; ufw's unit is active even where ufw is switched off."""
    states = units(read, "firewalld", "ufw", "nftables")
    if states is None:
        return trouble("systemctl is-active firewalld ufw nftables")
    if states["firewalld"] == "active":
        return passed(said(states))
    if states["ufw"] == "active":
        enabled = re.search(r"^ENABLED=(yes|no)\s*$", read.file("/etc/ufw/ufw.conf").text, re.MULTILINE)
        if enabled is None:
            return unknown("unclear", "/etc/ufw/ufw.conf", "ufw status")
        if enabled[1] == "yes":
            return passed(f"{said(states)}; ufw.conf {enabled[0].strip()}")
    if states["nftables"] == "active":
        rules = read.file("/etc/nftables.conf")
        if rules.trouble:
            return trouble("/etc/nftables.conf", rules, command="nft list ruleset")
        refuses = re.search(r"^[^#\n]*\b(drop|reject)\b", rules.text, re.MULTILINE)
        return judged(refuses is not None, f"{said(states)}; nftables.conf {refuses[1] if refuses else '–'}")
    if "active" in states.values() or "inactive" in states.values():
        return failed(said(states))
    return unknown("unclear", said(states))


def system_updates(read: Reader) -> Verdict:
    """Whether unattended-upgrades (Debian, Ubuntu) or dnf-automatic (Fedora) installs by itself."""
    settings = read.program("apt-config", "dump")
    if settings.text:
        found = re.search(r'^APT::Periodic::Unattended-Upgrade "([^"]*)";', settings.text, re.MULTILINE)
        if found is None and not re.search(r"^APT(::\S+)? ", settings.text, re.MULTILINE):
            return trouble("apt-config dump")
        present = not read.file("/usr/bin/unattended-upgrade").trouble
        on = found is not None and present and found[1] not in ("", "0", "false")
        evidence = f"APT::Periodic::Unattended-Upgrade {found[1] if found else '–'}"
        return judged(on, evidence if present else f"{evidence}; unattended-upgrade –")
    timers = units(read, "dnf-automatic-install.timer", "dnf-automatic.timer", "dnf5-automatic.timer")
    if timers is None:
        return trouble("apt-config, systemctl is-active dnf-automatic.timer", settings)
    if timers["dnf-automatic-install.timer"] == "active":
        return passed(said(timers))
    if "active" in timers.values():
        settings = read.file("/etc/dnf/automatic.conf")
        applies = re.search(r"^apply_updates\s*=\s*(\w+)", settings.text, re.MULTILINE)
        if applies is None:
            return trouble("/etc/dnf/automatic.conf", settings)
        return judged(applies[1].lower() in ("yes", "true", "1"), f"automatic.conf {applies[0]}")
    # Some other program may do it.
    return unknown("unset", said(timers))


def supported_system(read: Reader) -> Verdict:
    """Whether the release's support has ended."""
    reading = read.file("/etc/os-release")
    fields = dict(re.findall(r'^([A-Z_]+)="?([^"\n]*)"?\s*$', reading.text, re.MULTILINE))
    if "ID" not in fields:
        return trouble("/etc/os-release", reading)
    return support(
        f"{fields['ID']} {fields.get('VERSION_ID', '')}".strip(), read.today, fields.get("SUPPORT_END", "")
    )


def application_updates(read: Reader) -> Verdict:
    """Programs from the distribution are updated together with the system."""
    verdict = system_updates(read)
    return verdict if verdict.state == "pass" else unknown(verdict.reason or "unset", verdict.evidence)


def anti_malware(read: Reader) -> Verdict:
    """Whether ClamAV runs and fetches signatures; other programs are not known here."""
    states = units(read, "clamav-daemon", "clamav-freshclam")
    if states is None:
        return trouble("systemctl is-active clamav-daemon clamav-freshclam")
    if set(states.values()) == {"active"}:
        return passed(said(states))
    return unknown("unset", said(states))


def application_control(read: Reader) -> Verdict:
    """Whether fapolicyd lets only known programs run."""
    states = units(read, "fapolicyd")
    if states is None:
        return trouble("systemctl is-active fapolicyd")
    return passed(said(states)) if states["fapolicyd"] == "active" else unknown("unset", said(states))


def autorun_off(read: Reader) -> Verdict:
    """Whether GNOME never starts programs from media."""
    reading = gnome(read, "org.gnome.desktop.media-handling", "autorun-never")
    if reading in ("true", "false"):
        return judged(reading == "true", f"autorun-never {reading}")
    return unknown("unset", "org.gnome.desktop.media-handling autorun-never")


def gnome(read: Reader, schema: str, key: str) -> str:
    """A setting of GNOME, empty if there is none.

    Asked for only where a GNOME session has made its settings' file already; otherwise the question would make it.
    """
    who = read.program("id", "-u").text
    if not re.fullmatch(r"\d{1,10}", who) or "user" not in lines(read.names(f"/run/user/{who}/dconf").text):
        return ""
    return read.program("gsettings", "get", schema, key).text


def screen_lock(read: Reader) -> Verdict:
    """Whether GNOME or KDE locks the screen in time."""
    locks = gnome(read, "org.gnome.desktop.screensaver", "lock-enabled")
    if locks in ("true", "false"):
        idle = re.fullmatch(r"uint32 (\d{1,9})", gnome(read, "org.gnome.desktop.session", "idle-delay"))
        if locks == "true" and idle is None:
            return unknown("unclear", "lock-enabled true; idle-delay –")
        seconds = int(idle[1]) if idle else 0
        in_time = locks == "true" and 0 < seconds <= value("setting-screen-lock-seconds")
        return judged(in_time, f"lock-enabled {locks}; idle-delay {seconds} s")
    found = re.search(
        r"^Autolock=(true|false)", read.file(f"{read.home}/.config/kscreenlockerrc").text, re.MULTILINE
    )
    if found and found[1] == "false":
        return failed(f"kscreenlockerrc {found[0]}")
    return unknown("unset", "org.gnome.desktop.screensaver, kscreenlockerrc")


def not_administrator(read: Reader) -> Verdict:
    """Whether the user may become root."""
    who, groups = read.program("id", "-u"), read.program("id", "-Gn")
    if who.text == "0":
        return failed("id -u: 0")
    names = groups.text.split()
    if not re.fullmatch(r"\d{1,10}", who.text) or not names or not all(map(_is_name, names)):
        return trouble("id -Gn", groups, who)
    powers = [name for name in names if name in ("root", "sudo", "wheel", "admin")]
    return judged(not powers, f"id -Gn: {' '.join(powers or names)}")


def _is_name(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_.@\\+-]{1,64}\$?", name) is not None


def no_dormant_accounts(read: Reader) -> Verdict:
    """People's accounts that may sign in; who of several still works here, only the owner knows."""
    reading = read.file("/etc/passwd")
    people = []
    for line in lines(reading.text):
        fields = line.split(":")
        uid = number(fields[2]) if len(fields) == 7 else None
        if uid is None:
            continue
        if 1000 <= uid < 60_000 and not fields[6].endswith(("nologin", "false")):
            people.append(fields[0])
    if not reading.text or "root:" not in reading.text:
        return trouble("/etc/passwd", reading)
    if len(people) <= 1:
        return passed(f"/etc/passwd: {', '.join(people) or '–'}")
    return unknown("unclear", f"/etc/passwd: {', '.join(people)}")


def open_ports(read: Reader) -> list[int] | None:
    """Ports that wait for the network; None if they cannot be read."""
    reading = read.program("ss", "-H", "-ltn")
    if reading.trouble:
        return None
    found = []
    for line in lines(reading.text):
        match = re.match(r"LISTEN\s+\d+\s+\d+\s+(\S+):(\d{1,5})\s", f"{line} ")
        if match is None:
            return None
        found.append((match[1], int(match[2])))
    return outside(found)


def remote_access_off(read: Reader) -> Verdict:
    """Whether SSH, remote desktop or a known remote-control program waits for the network."""
    ports = open_ports(read)
    if ports is None:
        return trouble("ss -ltn", read.program("ss", "-H", "-ltn"))
    return ports_judged(ports, value("setting-remote-ports"), "ss -ltn")


def no_open_ports(read: Reader) -> Verdict:
    """Whether anything waits for the network."""
    ports = open_ports(read)
    if ports is None:
        return trouble("ss -ltn", read.program("ss", "-H", "-ltn"))
    return ports_judged(
        ports, [port for port in ports if port not in value("setting-system-ports")["linux"]], "ss -ltn"
    )


def name_filter(read: Reader) -> Verdict:
    """Whether the name servers are known to filter."""
    reading = read.file("/etc/resolv.conf")
    servers = re.findall(r"^nameserver\s+(\S+)", reading.text, re.MULTILINE)
    if servers == ["127.0.0.53"]:
        reading = read.file("/run/systemd/resolve/resolv.conf")
        servers = re.findall(r"^nameserver\s+(\S+)", reading.text, re.MULTILINE)
    return filtered_names(servers, reading, "resolv.conf")


def browser_extensions(read: Reader) -> Verdict:
    """Extensions in the folders of Chrome, Chromium and Edge."""
    return listed_extensions(
        read,
        [
            f"{read.home}/.config/{browser}/Default/Extensions"
            for browser in ("google-chrome", "chromium", "microsoft-edge")
        ],
    )


def backups_running(read: Reader) -> Verdict:
    """When a timer that looks like a backup ran last; no backup's own place is asked, for it may lie in a network."""
    reading = read.program("systemctl", "list-timers", "--all", "--output=json", "--no-pager")
    try:
        timers = [
            (str(timer["unit"]), int(timer["last"] or 0))
            for timer in json.loads(reading.text)
            if BACKUP_NAMES.search(str(timer["unit"])) and not str(timer["unit"]).startswith("dpkg-db")
        ]
        latest = max(timers, key=lambda timer: timer[1], default=("", 0))
        day = datetime.fromtimestamp(latest[1] / 1e6, UTC).date() if latest[1] else None
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError):
        return trouble("systemctl list-timers", reading)
    if day is None:
        return unknown("unset", "systemctl list-timers")
    return recent(day, read.today, latest[0])


def secure_boot(read: Reader) -> Verdict:
    """The firmware's own variable: four bytes of attributes, then 1 or 0."""
    name = "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
    reading = read.file(f"/sys/firmware/efi/efivars/{name}")
    if len(reading.text) == 5 and reading.text[4] in "\x00\x01":
        return judged(reading.text[4] == "\x01", f"SecureBoot {ord(reading.text[4])}")
    return trouble("/sys/firmware/efi/efivars/SecureBoot-…", reading, command="mokutil --sb-state")


def audit_log(read: Reader) -> Verdict:
    """Whether sign-ins are written where they outlive a restart."""
    reading = read.names("/var/log")
    if not reading.text:
        return trouble("/var/log", reading)
    kept = [name for name in lines(reading.text) if name in ("journal", "auth.log", "secure", "audit")]
    return judged(bool(kept), f"/var/log: {', '.join(kept) or '–'}")


def vault_without_network(read: Reader) -> Verdict:
    """Whether any network card is up."""
    reading = read.program("ip", "-br", "link")
    found = []
    for line in lines(reading.text):
        match = re.match(
            r"(\S+)\s+(UP|DOWN|UNKNOWN|LOWERLAYERDOWN|DORMANT|NOTPRESENT|TESTING)\b(.*)", line, re.ASCII
        )
        if match is None:
            return trouble("ip -br link")
        found.append((match[1], match[2], "LOWER_UP" in match[3]))
    if not found:
        return trouble("ip -br link", reading)
    up = [name for name, state, carrier in found if name != "lo" and (state == "UP" or carrier)]
    return judged(not up, f"ip -br link: {', '.join(up) or '–'}")


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
"""Setting → its probe on Linux."""
