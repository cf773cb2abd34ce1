"""Verdict: PASS, FAIL or UNKNOWN, with the line that shows it.

What could not be read is UNKNOWN, never FAIL: a check-up that cries wolf is switched off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from simlib.defence.checkup.reading import Reader, Reading
from simlib.defence.devices import State

Reason = Literal["", "absent", "denied", "slow", "failed", "unset", "unclear", "optional", "asked", "system"]

LONGEST: Final = 160
"""Most characters of an evidence line."""


@dataclass(frozen=True)
class Verdict:
    """What one probe found.

    Attributes
    ----------
    state
        ``pass``, ``fail`` or ``unknown``.
    evidence
        What was read, as it was read: a name and a value, in no language.
    reason
        Why it is unknown; empty otherwise.
    command
        What an administrator could run to see for himself, if there is such a thing.
    """

    state: State
    evidence: str
    reason: Reason = ""
    command: str = ""


Probe = Callable[[Reader], Verdict]


def passed(evidence: str) -> Verdict:
    """It is set well."""
    return Verdict("pass", _short(evidence))


def failed(evidence: str) -> Verdict:
    """It is surely not set well."""
    return Verdict("fail", _short(evidence))


def unknown(reason: Reason, evidence: str = "", command: str = "") -> Verdict:
    """Nobody can tell from here."""
    return Verdict("unknown", _short(evidence), reason, command)


def trouble(where: str, *readings: Reading, command: str = "") -> Verdict:
    """Unknown because none of the readings gave anything; denied access is named before all else.

    Parameters
    ----------
    where
        What was tried.
    readings
        What came back.
    command
        As in `Verdict`.
    """
    troubles = [reading.trouble for reading in readings if reading.trouble]
    for reason in ("denied", "slow", "failed", "unset", "absent"):
        if reason in troubles:
            return unknown(reason, where, command)
    return unknown("unclear", where, command)


def judged(good: bool, evidence: str) -> Verdict:
    """PASS or FAIL."""
    return passed(evidence) if good else failed(evidence)


def _short(evidence: str) -> str:
    """The evidence on one line, without signs that move a terminal's cursor."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in evidence).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def number(text: str) -> int | None:
    """A whole number in decimal or ``0x…``; None if it is none."""
    text = text.strip()
    if re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        return int(text)
    return int(text, 16) if re.fullmatch(r"0x[0-9a-fA-F]{1,12}", text) else None


def records(text: str) -> list[dict[str, Any]] | None:
    """What ``ConvertTo-Json`` wrote, always as a list; None if it is something else."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return None
    tree = tree if isinstance(tree, list) else [tree]
    return tree if tree and all(isinstance(entry, dict) for entry in tree) else None


LOOPBACK: Final = ("127.", "::1", "[::1]", "localhost", "::ffff:127.", "[::ffff:127.")


def outside(listening: Iterable[tuple[str, int]]) -> list[int]:
    """Ports on which something waits for the network, of (address, port), in order."""
    return sorted({port for address, port in listening if not address.startswith(LOOPBACK)})


def ports_judged(ports: Sequence[int], named: Sequence[int], evidence: str) -> Verdict:
    """FAIL if one of the named ports is open.

    Parameters
    ----------
    ports
        Open ports.
    named
        Those that must not be.
    evidence
        What was read.
    """
    found = [port for port in ports if port in named]
    return judged(not found, f"{evidence}: {', '.join(map(str, found)) or '–'}")
