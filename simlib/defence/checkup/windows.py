r"""Windows: how each readable setting is read there.

Registry values, identifiers and numbers only: they are the same in every language of Windows. Where an answer holds
words, as that of ``wbadmin`` does, only its dates are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from simlib.defence.checkup.common import filtered_names, listed_extensions, recent, support
from simlib.defence.checkup.reading import Reader, Reading
from simlib.defence.checkup.verdict import (
    Probe,
    Verdict,
    failed,
    judged,
    number,
    outside,
    passed,
    ports_judged,
    records,
    trouble,
    unknown,
)
from simlib.facts import value

POLICIES: Final = r"HKLM\SOFTWARE\Policies\Microsoft"
SERVICES: Final = r"HKLM\SYSTEM\CurrentControlSet\Services"
EXPLORER: Final = r"SOFTWARE\Microsoft\Windows\CurrentVersion"

AUTOMATIC, MANUAL, DISABLED = 2, 3, 4
"""Ways in which a service starts."""

DYNAMIC: Final = 49152
"""First of the ports that systems give out for a moment (RFC 6335)."""


def entry(read: Reader, key: str, name: str) -> tuple[int | None, Reading]:
    """A number in the registry, None if it is not there or no number."""
    reading = read.registry(key, name)
    return (None if reading.trouble else number(reading.text)), reading


def disk_encryption(read: Reader) -> Verdict:
    """BitLocker or device encryption of the system's drive, as the Explorer sees it: 1 on, 2 off, 5 suspended."""
    reading = read.script("bitlocker")
    state = number(reading.text)
    if state in (1, 2, 5):
        return judged(state == 1, f"BitLockerProtection {state}")
    return trouble("BitLockerProtection", reading, command="manage-bde -status")


def host_firewall(read: Reader) -> Verdict:
    """All three profiles of the Windows firewall."""
    reading = read.script("firewall")
    profiles = records(reading.text)
    if profiles is None:
        return trouble("Get-NetFirewallProfile", reading)
    states = {str(profile.get("Name")): profile.get("Enabled") for profile in profiles}
    if set(states) != {"Domain", "Private", "Public"} or not all(
        isinstance(state, int) and state in (0, 1) for state in states.values()
    ):
        return unknown("unclear", f"Get-NetFirewallProfile: {states}")
    evidence = ", ".join(f"{name} {state:d}" for name, state in states.items())
    return judged(all(states.values()), f"Get-NetFirewallProfile: {evidence}")


def system_updates(read: Reader) -> Verdict:
    """Windows updates itself unless a policy, a pause or a disabled service keeps it from doing so."""
    no_updates, denied = entry(read, rf"{POLICIES}\Windows\WindowsUpdate\AU", "NoAutoUpdate")
    options, _reading = entry(read, rf"{POLICIES}\Windows\WindowsUpdate\AU", "AUOptions")
    start, service = entry(read, rf"{SERVICES}\wuauserv", "Start")
    pause = read.registry(r"HKLM\SOFTWARE\Microsoft\WindowsUpdate\UX\Settings", "PauseUpdatesExpiryTime")
    if no_updates == 1:
        return failed("NoAutoUpdate 1")
    if options in (2, 3):
        return failed(f"AUOptions {options}")
    if start == DISABLED:
        return failed(f"wuauserv Start {start}")
    if start not in (AUTOMATIC, MANUAL):
        return trouble("wuauserv Start", service, denied)
    until = re.match(r"(\d{4}-\d\d-\d\d)T", pause.text)
    try:
        if until and date.fromisoformat(until[1]) > read.today:
            return failed(f"PauseUpdatesExpiryTime {until[1]}")
    except ValueError:
        return unknown("unclear", "PauseUpdatesExpiryTime")
    return passed(f"wuauserv Start {start}; NoAutoUpdate –")


def supported_system(read: Reader) -> Verdict:
    """Whether this build still gets updates; editions for companies are looked after longer than our list says."""
    current = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    build, reading = entry(read, current, "CurrentBuildNumber")
    edition = read.registry(current, "EditionID").text
    if build is None:
        return trouble("CurrentBuildNumber", reading)
    verdict = support(f"windows {build}", read.today)
    if verdict.state == "fail" and not re.fullmatch(
        r"(Core|Professional)(Workstation|SingleLanguage|CountrySpecific|N)?", edition
    ):
        return unknown("unclear", f"{verdict.evidence} ({edition})")
    return verdict


def application_updates(read: Reader) -> Verdict:
    """Whether a policy keeps the Store or the browsers from updating; that they do so, nothing says."""
    for key, name, off in (
        (rf"{POLICIES}\WindowsStore", "AutoDownload", 2),
        (rf"{POLICIES}\EdgeUpdate", "UpdateDefault", 0),
        (r"HKLM\SOFTWARE\Policies\Google\Update", "UpdateDefault", 0),
    ):
        if entry(read, key, name)[0] == off:
            return failed(f"{key.rpartition(chr(92))[2]} {name} {off}")
    return unknown("unset", "AutoDownload, UpdateDefault")


def anti_malware(read: Reader) -> Verdict:
    """Microsoft Defender, or another program as the Security Center knows it."""
    reading = read.script("defender")
    found = records(reading.text)
    if found and all(
        isinstance(found[0].get(name), bool) for name in ("AntivirusEnabled", "RealTimeProtectionEnabled")
    ):
        age = found[0].get("AntivirusSignatureAge")
        on = found[0]["AntivirusEnabled"] and found[0]["RealTimeProtectionEnabled"]
        if on and isinstance(age, int):
            return judged(
                age <= value("setting-age-of-signatures"), f"Defender 1; AntivirusSignatureAge {age}"
            )
    # Defender is off where another program has taken over.
    return _other_program(read, reading)


def _other_program(read: Reader, before: Reading) -> Verdict:
    reading = read.script("antivirus")
    found = records(reading.text)
    if found is None or not all(isinstance(one.get("productState"), int) for one in found):
        return trouble("Get-MpComputerStatus, AntiVirusProduct", before, reading)
    # Not documented, but alike for all makers: the fourth hexadecimal digit from the right says on, the second stale.
    working = [one for one in found if one["productState"] & 0xF000 == 0x1000]
    fresh = [one for one in working if one["productState"] & 0xF0 == 0]
    shown = (fresh or working or found)[0]
    return judged(bool(fresh), f"{shown.get('displayName')} productState {shown['productState']:#x}")


def application_control(read: Reader) -> Verdict:
    """Smart App Control, else SmartScreen."""
    smart, reading = entry(
        read, r"HKLM\SYSTEM\CurrentControlSet\Control\CI\Policy", "VerifiedAndReputablePolicyState"
    )
    if smart == 1:
        return passed("VerifiedAndReputablePolicyState 1")
    screen, _policy = entry(read, rf"{POLICIES}\Windows\System", "EnableSmartScreen")
    if screen in (0, 1):
        return judged(screen == 1, f"EnableSmartScreen {screen}")
    chosen = read.registry(rf"HKLM\{EXPLORER}\Explorer", "SmartScreenEnabled")
    if chosen.text in ("Off", "Warn", "RequireAdmin", "On", "Prompt"):
        return judged(chosen.text != "Off", f"SmartScreenEnabled {chosen.text}")
    return trouble("VerifiedAndReputablePolicyState, SmartScreenEnabled", reading, chosen)


def autorun_off(read: Reader) -> Verdict:
    """AutoPlay: switched off by the user or by a policy for all drives; it is on where nobody said anything."""
    handlers = rf"HKCU\{EXPLORER}\Explorer\AutoplayHandlers"
    user, reading = entry(read, handlers, "DisableAutoplay")
    machine, _policy = entry(read, rf"HKLM\{EXPLORER}\Policies\Explorer", "NoDriveTypeAutoRun")
    if user == 1:
        return passed("DisableAutoplay 1")
    if machine == 0xFF:
        return passed("NoDriveTypeAutoRun 0xff")
    if user == 0 or (reading.trouble == "unset" and machine is None):
        return failed(f"DisableAutoplay {'–' if user is None else user}")
    return trouble("DisableAutoplay", reading)


def screen_lock(read: Reader) -> Verdict:
    """A limit on inactivity, else a screen saver that asks for the password."""
    limit, _policy = entry(read, rf"HKLM\{EXPLORER}\Policies\System", "InactivityTimeoutSecs")
    most = value("setting-screen-lock-seconds")
    if limit:
        return judged(limit <= most, f"InactivityTimeoutSecs {limit}")
    desktop = r"HKCU\Control Panel\Desktop"
    active, reading = entry(read, desktop, "ScreenSaveActive")
    secure, seconds = (
        entry(read, desktop, "ScreenSaverIsSecure")[0],
        entry(read, desktop, "ScreenSaveTimeOut")[0],
    )
    if active == 1 and secure == 1 and seconds is not None:
        return judged(0 < seconds <= most, f"ScreenSaverIsSecure 1; ScreenSaveTimeOut {seconds}")
    delay = entry(read, desktop, "DelayLockInterval")[0]
    if delay == 0xFFFFFFFF:
        return failed("DelayLockInterval 0xffffffff")
    # The computer may still ask when it wakes.
    return (
        trouble("InactivityTimeoutSecs, ScreenSaverIsSecure", reading)
        if reading.trouble
        else unknown("unset", f"ScreenSaveActive {active}; ScreenSaverIsSecure {secure}")
    )


def not_administrator(read: Reader) -> Verdict:
    """Whether the user is among the administrators, whose identifier is the same in every language."""
    reading = read.program("whoami.exe", "/groups", "/fo", "csv", "/nh")
    identifiers = re.findall(r"\bS-1-\d+(?:-\d+)+\b", reading.text)
    # Everybody belongs to S-1-1-0; without it the list is not whole.
    if "S-1-1-0" not in identifiers:
        return trouble("whoami /groups", reading)
    return judged(
        "S-1-5-32-544" not in identifiers,
        f"whoami /groups: S-1-5-32-{'544' if 'S-1-5-32-544' in identifiers else '545'}",
    )


def no_dormant_accounts(read: Reader) -> Verdict:
    """Whether the guest (identifier ending in 501) may sign in, and who has not done so for long."""
    reading = read.script("accounts")
    found = records(reading.text)
    if found is None or not all(
        isinstance(one.get("Sid"), str) and isinstance(one.get("Enabled"), bool) for one in found
    ):
        return trouble("Get-LocalUser", reading)
    enabled = [one for one in found if one["Enabled"]]
    guests = [one for one in enabled if one["Sid"].endswith("-501")]
    days = [one["Days"] for one in enabled if isinstance(one.get("Days"), int)]
    longest = max(days, default=0)
    evidence = f"Get-LocalUser: Guest {len(guests)}, max {longest} d"
    return judged(not guests and longest <= value("setting-dormant-after"), evidence)


def open_ports(read: Reader) -> tuple[list[int] | None, Reading]:
    """Ports that wait for the network; None if they cannot be read."""
    reading = read.script("ports")
    found = records(reading.text)
    if found is None or not all(
        isinstance(one.get("LocalAddress"), str) and isinstance(one.get("LocalPort"), int) for one in found
    ):
        return None, reading
    return outside((one["LocalAddress"], one["LocalPort"]) for one in found), reading


def remote_access_off(read: Reader) -> Verdict:
    """Remote desktop in the registry, the SSH service, and the ports of known remote-control programs."""
    denies, reading = entry(
        read, r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server", "fDenyTSConnections"
    )
    if denies == 0:
        return failed("fDenyTSConnections 0")
    ssh = entry(read, rf"{SERVICES}\sshd", "Start")[0]
    if ssh == AUTOMATIC:
        return failed("sshd Start 2")
    if denies != 1:
        return trouble("fDenyTSConnections", reading)
    ports, _listening = open_ports(read)
    open_ones = [port for port in ports or () if port in value("setting-remote-ports")]
    return judged(not open_ones, f"fDenyTSConnections 1; {', '.join(map(str, open_ones)) or '–'}")


def no_open_ports(read: Reader) -> Verdict:
    """Whether anything but Windows itself waits for the network."""
    ports, reading = open_ports(read)
    if ports is None:
        return trouble("Get-NetTCPConnection", reading)
    own = value("setting-system-ports")["windows"]
    others = [port for port in ports if port < DYNAMIC and port not in own]
    return ports_judged(ports, others, "Get-NetTCPConnection")


def name_filter(read: Reader) -> Verdict:
    """Whether the name servers are known to filter; those that Windows makes up for itself are left out."""
    reading = read.script("names")
    servers = dict.fromkeys(re.findall(r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+", reading.text))
    return filtered_names(
        [server for server in servers if not server.lower().startswith("fec0:")],
        reading,
        "Get-DnsClientServerAddress",
    )


def browser_extensions(read: Reader) -> Verdict:
    """Extensions in the folders of Chrome and Edge."""
    return listed_extensions(
        read,
        [
            rf"{read.home}\AppData\Local\{browser}\User Data\Default\Extensions"
            for browser in (r"Google\Chrome", r"Microsoft\Edge")
        ],
    )


def backups_running(read: Reader) -> Verdict:
    """The latest version that Windows' own backup lists; its identifier is a date in the same order everywhere."""
    reading = read.program("wbadmin.exe", "get", "versions")
    days = []
    for found in re.findall(r"\b(\d\d/\d\d/\d{4})-\d\d:\d\d\b", reading.text):
        try:
            days.append(datetime.strptime(found, "%m/%d/%Y").date())  # noqa: DTZ007 - a day, at no place
        except ValueError:
            return trouble("wbadmin get versions")
    if not days:
        return trouble("wbadmin get versions", reading, command="wbadmin get versions")
    return recent(max(days), read.today, "wbadmin get versions")


def secure_boot(read: Reader) -> Verdict:
    """The firmware's answer, as Windows keeps it."""
    state, reading = entry(
        read, r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State", "UEFISecureBootEnabled"
    )
    if state in (0, 1):
        return judged(state == 1, f"UEFISecureBootEnabled {state}")
    return trouble("UEFISecureBootEnabled", reading, command="Confirm-SecureBootUEFI")


def audit_log(read: Reader) -> Verdict:
    """Whether the log service starts, and how much the security log may hold; often only administrators may see it."""
    start, service = entry(read, rf"{SERVICES}\EventLog", "Start")
    if start == DISABLED:
        return failed("EventLog Start 4")
    size, reading = entry(read, rf"{SERVICES}\EventLog\Security", "MaxSize")
    if start != AUTOMATIC or size is None:
        return trouble("EventLog Security MaxSize", reading, service, command="wevtutil gl Security")
    return judged(size >= value("setting-log-bytes"), f"EventLog Start 2; Security MaxSize {size}")


def vault_without_network(read: Reader) -> Verdict:
    """Whether any network card is up (1); without a card, Windows has none to list."""
    reading = read.script("adapters")
    if reading.text == "[]":
        return passed("Get-NetAdapter: –")
    found = records(reading.text)
    if found is None or not all(isinstance(one.get("Up"), int) for one in found):
        return trouble("Get-NetAdapter", reading)
    up = [str(one.get("Name")) for one in found if one["Up"] == 1]
    return judged(not up, f"Get-NetAdapter: {', '.join(up) or '–'}")


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
"""Setting → its probe on Windows."""
