"""Check-up: what this computer itself can tell about the settings, and questions for the rest.

It changes nothing and sends nothing (`simlib.defence.checkup.reading` is all that touches the computer). Each setting
comes out as PASS, FAIL or UNKNOWN with the line that shows it and with what to do next; the answers feed the learner's
`simlib.defence.devices.Devices`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simlib.defence.checkup import linux, macos, windows
from simlib.defence.checkup.reading import Reader, Recorded, System, ThisComputer, this_system
from simlib.defence.checkup.verdict import Probe, Reason, Verdict, unknown
from simlib.defence.devices import Devices, State, device_label, settings, state_label
from simlib.errors import SafeShopError
from simlib.languages import _

PROBES: Final[Mapping[System, Mapping[str, Probe]]] = {
    "windows": windows.PROBES,
    "macos": macos.PROBES,
    "linux": linux.PROBES,
}
"""System → setting → probe."""

COMPUTERS: Final = ("laptop", "vault-pc")
"""What this computer may be."""

OPTIONAL: Final = frozenset({"browser-extensions"})
"""Looked at only if asked for: extensions tell a lot about a person."""

RECORDINGS: Final = Path(__file__).with_name("recordings")
"""Computers that were written down, one YAML file each; all of them are made up."""


@dataclass(frozen=True)
class Finding:
    """One setting of one device, and how we know.

    Attributes
    ----------
    device, setting
        Of `simlib.defence.devices`.
    state
        ``pass``, ``fail`` or ``unknown``.
    evidence
        What was read, as it was read.
    reason
        Why it is unknown; empty otherwise.
    command
        What an administrator could run to see for himself.
    system
        Of the computer; for an account, of the computer where the question was asked.
    """

    device: str
    setting: str
    state: State
    evidence: str
    reason: Reason
    command: str
    system: System | None

    def next_step(self) -> str:
        """What to do next, in the reader's language; empty if all is well."""
        if self.state == "pass":
            return ""
        how = settings()[self.setting].how(self.device, self.system or "")
        if self.state == "fail":
            return how
        return f"{reason_sentence(self.reason, self.command)} {how}"


def reason_sentence(reason: Reason, command: str = "") -> str:
    """Why a setting is unknown, in the reader's language.

    Parameters
    ----------
    reason
        Of a `Verdict`.
    command
        What an administrator could run.
    """
    if command and reason in ("denied", "failed", "unclear"):
        return _(
            "Only an administrator can read this: open a terminal as administrator, run “{command}”, and answer the "
            "question yourself."
        ).format(command=command)
    return {
        "": "",
        "absent": _("This computer has nothing that tells it, so look yourself."),
        "denied": _("Only an administrator can read this, so look yourself."),
        "slow": _("The answer took too long; try again, or look yourself."),
        "failed": _("The system gave no answer, so look yourself."),
        "unset": _("Nothing is set that could be read, so look yourself."),
        "unclear": _("What the system answered decides nothing, so look yourself."),
        "optional": _("Browser extensions are read only if you ask for it (--extensions)."),
        "asked": _("No program can read this; only you can answer."),
        "system": _("The check-up does not know this system, so look yourself."),
    }[reason]


@dataclass(frozen=True)
class CheckUp:
    """All findings of one check-up.

    Attributes
    ----------
    device
        What this computer is: laptop or vault PC.
    system
        Its system; None if it is none that the check-up knows.
    findings
        One for each setting of each device that exists, in the order of `simlib.defence.devices.places`.
    """

    device: str
    system: System | None
    findings: tuple[Finding, ...]

    def devices(self, before: Devices | None = None) -> Devices:
        """The learner's devices with what was found; what was unknown stays as it was.

        Parameters
        ----------
        before
            The devices as they were known; nothing known if left out.
        """
        return (before or Devices()).with_states(
            {
                (finding.device, finding.setting): finding.state
                for finding in self.findings
                if finding.state != "unknown"
            }
        )

    def answered(self, answers: Mapping[tuple[str, str], State]) -> CheckUp:
        """The same check-up with the owner's answers in place of what was unknown.

        Parameters
        ----------
        answers
            (device, setting) → state; ``unknown`` leaves it open. What was read is not overruled.
        """
        return CheckUp(
            self.device,
            self.system,
            tuple(
                Finding(
                    finding.device,
                    finding.setting,
                    answers.get((finding.device, finding.setting), "unknown"),
                    finding.evidence,
                    finding.reason,
                    finding.command,
                    self.system,
                )
                if finding.state == "unknown"
                else finding
                for finding in self.findings
            ),
        )

    def open_questions(self) -> tuple[Finding, ...]:
        """What only the owner can answer."""
        return tuple(finding for finding in self.findings if finding.state == "unknown")

    def rows(self) -> list[dict[str, object]]:
        """One row of plain data for each finding, for ``--json``."""
        return [
            {
                "number": settings()[finding.setting].number,
                "setting": finding.setting,
                "device": finding.device,
                "title": settings()[finding.setting].title,
                "state": finding.state,
                "evidence": finding.evidence,
                "reason": finding.reason,
                "next_step": finding.next_step(),
                "controls": list(settings()[finding.setting].controls),
            }
            for finding in self.findings
        ]


def question(finding: Finding) -> str:
    """The question behind a setting, in the reader's language."""
    return _("{device}: {sentence} Is it so?").format(
        device=device_label(finding.device).capitalize(), sentence=settings()[finding.setting].sentence
    )


def answers() -> tuple[tuple[str, State], ...]:
    """What may be answered: (in the reader's language, state)."""
    return ((_("yes"), "pass"), (_("no"), "fail"), (_("I do not know"), "unknown"))


def check_up(
    device: str = "laptop",
    read: Reader | None = None,
    *,
    has: tuple[str, ...] | None = None,
    extensions: bool = False,
) -> CheckUp:
    """Read this computer, without changing it and without sending anything.

    Parameters
    ----------
    device
        What this computer is, of `COMPUTERS`. Settings of all other devices and accounts are left to be asked.
    read
        What reads; this computer if left out.
    has
        Devices and accounts that exist; all if left out.
    extensions
        Whether browser extensions may be counted, too.

    Raises
    ------
    SafeShopError
        If this computer can be no such device.
    """
    if device not in COMPUTERS:
        raise SafeShopError(
            _("This computer is one of {devices}, not {device}.").format(
                devices=", ".join(COMPUTERS), device=device
            )
        )
    system = read.system if read else this_system()
    if read is None and system is not None:
        read = ThisComputer(system)
    places = Devices(has=has).places() if has else Devices().places()
    findings = []
    for each, setting in places:
        verdict = _verdict(setting, read, extensions) if each == device else unknown("asked")
        findings.append(
            Finding(each, setting, verdict.state, verdict.evidence, verdict.reason, verdict.command, system)
        )
    return CheckUp(device, system, tuple(findings))


def _verdict(setting: str, read: Reader | None, extensions: bool) -> Verdict:
    if read is None:
        return unknown("system")
    probe = PROBES[read.system].get(setting)
    if probe is None:
        return unknown("asked")
    return unknown("optional") if setting in OPTIONAL and not extensions else probe(read)


def recorded(name: str) -> Recorded:
    """A computer that was written down.

    Parameters
    ----------
    name
        Of a file in `RECORDINGS`.

    Raises
    ------
    SafeShopError
        If there is none.
    """
    path = RECORDINGS / f"{name}.yaml"
    if not path.is_file():
        raise SafeShopError(
            _("There is no recorded computer {name}; there are {names}.").format(
                name=name, names=", ".join(sorted(known.stem for known in RECORDINGS.glob("*.yaml")))
            )
        )
    return Recorded.load(path)


__all__ = [
    "CheckUp",
    "Finding",
    "answers",
    "check_up",
    "question",
    "reason_sentence",
    "recorded",
    "state_label",
]
