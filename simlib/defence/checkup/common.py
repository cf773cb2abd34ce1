"""What is judged alike on all systems once it has been read: support, name servers, extensions, age of a backup."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from simlib.defence.checkup.reading import Reader, Reading, lines
from simlib.defence.checkup.verdict import Verdict, judged, passed, trouble, unknown
from simlib.facts import value


def support(release: str, today: date, ends: str = "") -> Verdict:
    """Whether a release of a system still gets security updates.

    Parameters
    ----------
    release
        Such as ``debian 12`` or ``windows 26100``.
    today
        The day to judge by.
    ends
        The end of its support as it says itself (ISO date); looked up in the fact ``setting-support-ends`` if it says
        none.
    """
    known = value("setting-support-ends").get(release, "")
    for given in (ends, known):
        try:
            day = date.fromisoformat(given)
        except ValueError:
            continue
        return judged(today <= day, f"{release}: {day.isoformat()}")
    # Newer than our list, or rolling: no reason to call it old.
    return unknown("unclear", release)


def filtered_names(servers: Sequence[str], reading: Reading, where: str) -> Verdict:
    """Whether name servers are known to filter, or known not to; a router in between may do either.

    Parameters
    ----------
    servers
        Their addresses, as they are set.
    reading
        Where they come from.
    where
        What it is called.
    """
    if not servers:
        return trouble(where, reading)
    filtering, plain = (
        value("setting-filtering-name-servers"),
        value("setting-plain-name-servers"),
    )
    evidence = f"{where}: {', '.join(servers)}"
    if all(server in filtering for server in servers):
        return passed(evidence)
    if any(server in plain for server in servers):
        return judged(False, evidence)
    return unknown("unclear", evidence)


def listed_extensions(read: Reader, folders: Sequence[str]) -> Verdict:
    """How many extensions lie in the browsers' folders; which of them are needed, only the owner knows."""
    readings = [read.names(folder) for folder in folders]
    found = [name for reading in readings for name in lines(reading.text) if name != "Temp"]
    if all(reading.trouble for reading in readings):
        return trouble("Extensions", *readings)
    return unknown("unclear", f"Extensions: {len(found)}") if found else passed("Extensions: 0")


def recent(day: date, today: date, where: str) -> Verdict:
    """Whether the latest backup is fresh; a day in the future is a clock that cannot be trusted.

    Parameters
    ----------
    day
        Of the latest backup.
    today
        The day to judge by.
    where
        What made it.
    """
    age = (today - day).days
    if age < -1:
        return unknown("unclear", f"{where}: {day.isoformat()}")
    return judged(age <= value("setting-age-of-backup"), f"{where}: {day.isoformat()}")
