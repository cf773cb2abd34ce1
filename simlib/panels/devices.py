"""Panels of lesson 09: one's own devices, settings switched on and off, and messages to tell true from false."""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import ipywidgets
from IPython.display import display
from matplotlib.axes import Axes

from simlib import figures
from simlib.defence.checkup import CheckUp, Finding, answers, check_up, question
from simlib.defence.devices import (
    Devices,
    controls_in_place,
    device_label,
    devices_of,
    places,
    score,
    settings,
    state_label,
)
from simlib.defence.fraud_messages import MESSAGES, Message
from simlib.errors import SafeShopError
from simlib.figures.devices import MOST_BARS, SIGNS, checklist_html
from simlib.languages import _
from simlib.panels.what_if import Choice, Values, WhatIf
from simlib.risk.hardening import Losses, next_settings
from simlib.scenario import Scenario

VISIBLE: Final = 0.01
"""Difference, as share of the longest bar, from which on two pictures surely differ."""

FILE_NAME: Final = "my-devices.yaml"
"""Where the learner's devices are kept, in his own folder."""

SWITCHES: Final[dict[str, tuple[str, ...]]] = {
    "second_factor": ("second-factor", "password-manager"),
    "doors": ("remote-access-off", "no-open-ports", "host-firewall", "no-dormant-accounts", "audit-log"),
    "malware": (
        "anti-malware",
        "application-control",
        "browser-extensions",
        "not-administrator",
        "name-filter",
        "autorun-off",
    ),
    "updates": ("system-updates", "supported-system", "application-updates"),
    "backups": ("backups-running", "offline-copy"),
}
"""Switch of the panel → the settings that it puts right on every device."""


def switch_labels() -> dict[str, str]:
    """The switches of `what_if_devices` in the reader's language."""
    return {
        "second_factor": _("second step, own passwords"),
        "doors": _("doors shut, sign-ins watched"),
        "malware": _("guard against malware"),
        "updates": _("updates of everything"),
        "backups": _("backups, one not connected"),
    }


def switched(devices: Devices, on: Values) -> Devices:
    """Devices with the settings of some switches put right.

    Parameters
    ----------
    devices
        As they are.
    on
        Switch → ``none``, one device (then only there), or ``all``.
    """
    changes = {}
    for switch, where in on.items():
        for device, name in places():
            if device in devices.has and name in SWITCHES[switch] and where in ("all", device):
                changes[device, name] = "pass"
    return devices.with_states(changes)  # type: ignore[arg-type]


def what_if_devices(losses: Losses) -> WhatIf:
    """Switch settings on and off, everywhere or on one device, and see what attacks would cost (rows F1, A13, D4, E4).

    Parameters
    ----------
    losses
        Of the shop.
    """
    before = losses.by_attack()

    def draw(values: Values, ax: Axes) -> object:
        return figures.loss_by_attack(before, _after(losses, values), losses.scenario.currency, ax)

    labels = switch_labels()
    found = switch_options(losses)
    # The first switch is on at first, so that the picture shows an effect before anything was touched.
    start = dict.fromkeys(SWITCHES, "none") | {"second_factor": found["second_factor"][-1][1]}
    return WhatIf(
        [Choice(switch, labels[switch], found[switch], start[switch]) for switch in SWITCHES],
        draw,
    )


def switch_options(losses: Losses) -> dict[str, list[tuple[str, str]]]:
    """Where each switch can be set: nowhere, each device on which it makes a difference of its own, everywhere.

    Parameters
    ----------
    losses
        Of the shop.

    Returns
    -------
    dict
        Switch → (words in the reader's language, value).
    """
    before = losses.by_attack()
    has = devices_of(losses.scenario)
    where = [*((device_label(device), device) for device in has), (_("everywhere"), "all")]
    options = {}
    for switch in SWITCHES:
        found, seen = [(_("nowhere"), "none")], [before]
        for label, device in where:
            loss = _after(losses, {switch: device})
            if all(_differ(loss, other, before) for other in seen):
                found.append((label, device))
                seen.append(loss)
        options[switch] = found
    return options


def _after(losses: Losses, on: Values) -> dict[str, float]:
    """Loss a year by kind of attack for a shop in which nothing is set but some switches."""
    bare = Devices(has=devices_of(losses.scenario))
    return losses.by_attack(controls_in_place(switched(bare, on)))


def loss_left(losses: Losses, on: Values) -> float:
    """What all attacks together cost a shop in which nothing is set but some switches, in currency units a year.

    Parameters
    ----------
    losses
        Of the shop.
    on
        Switch → ``none``, one device, or ``all``.
    """
    return sum(_after(losses, on).values())


def pairs_of_switches(losses: Losses) -> list[tuple[dict[str, str], float]]:
    """Every two switches, each set where it does most alone, with the loss they leave; the least loss first.

    Parameters
    ----------
    losses
        Of the shop.

    Returns
    -------
    list
        (where each switch of the panel stands, currency units a year).
    """
    strongest = {
        switch: min((value for _label, value in found), key=lambda value: loss_left(losses, {switch: value}))
        for switch, found in switch_options(losses).items()
    }
    off = dict.fromkeys(SWITCHES, "none")
    pairs = [off | {switch: strongest[switch] for switch in pair} for pair in combinations(SWITCHES, 2)]
    return sorted(((pair, loss_left(losses, pair)) for pair in pairs), key=lambda pair: pair[1])


def _differ(first: Mapping[str, float], second: Mapping[str, float], before: Mapping[str, float]) -> bool:
    """Whether anybody would see the difference in the picture, which shows the largest losses only."""
    shown = sorted(before, key=lambda name: -before[name])[:MOST_BARS]
    return any(abs(first[name] - second[name]) > VISIBLE * max(before.values()) for name in shown)


class OwnDevices:
    """The learner's own devices: read if he wants it, asked for the rest, kept in his folder only.

    Parameters
    ----------
    scenario
        The shop whose devices are meant.
    folder
        The learner's folder; None where nothing is kept.
    """

    def __init__(self, scenario: Scenario, folder: Path | None) -> None:
        self.file = folder / FILE_NAME if folder else None
        self.notice = ""
        self.devices = self._kept(Devices(name="my-devices", has=devices_of(scenario)))
        self.done: CheckUp | None = None
        self.read = ipywidgets.Button(
            description=_("Look at this computer"),
            tooltip=_("Reads settings; changes nothing and sends nothing"),
            button_style="primary",
            layout={"width": "auto"},
        )
        self.extensions = ipywidgets.Checkbox(
            value=False,
            description=_("count browser extensions, too"),
            indent=False,
            layout={"width": "auto"},
        )
        self.keep = ipywidgets.Button(
            description=_("Keep the answers"),
            tooltip=_("Into your own folder, nowhere else"),
            layout={"width": "auto"},
        )
        self.state = ipywidgets.HTML()
        self.found = ipywidgets.HTML()
        self.questions: dict[tuple[str, str], Any] = {}
        self.asked = ipywidgets.VBox([])
        self.read.on_click(lambda _button: self.look())
        self.keep.on_click(lambda _button: self.save())
        row = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}
        self.box = ipywidgets.VBox(
            [
                ipywidgets.Box([self.read, self.extensions], layout=row),
                self.found,
                self.asked,
                ipywidgets.Box([self.keep], layout=row),
                self.state,
            ]
        )
        self._ask()
        self._say()

    def _kept(self, fresh: Devices) -> Devices:
        if self.file is None or not self.file.is_file():
            return fresh
        try:
            known = Devices.load(self.file)
        except SafeShopError as wrong:
            self.notice = wrong.sentence
            return fresh
        return fresh.model_copy(update={"states": known.states})

    @property
    def system(self) -> str:
        """System of this computer, for the words that say how."""
        from simlib.defence.checkup.reading import this_system

        return this_system() or ""

    def look(self) -> None:
        """Read this computer and show what was found."""
        self.done = check_up(has=self.devices.has, extensions=self.extensions.value)
        self.devices = self.done.devices(self.devices)
        read = [
            finding
            for finding in self.done.findings
            if finding.device == self.done.device and finding.evidence
        ]
        self.found.value = findings_html(read)
        self._ask()
        self._say()

    def _ask(self) -> None:
        """Show a question for each setting that was not read."""
        known = set()
        if self.done is not None:
            known = {(one.device, one.setting) for one in self.done.findings if one.state != "unknown"}
        self.questions = {}
        rows = []
        for device in self.devices.has:
            rows.append(ipywidgets.HTML(f"<b>{html.escape(device_label(device))}</b>"))
            for each, name in self.devices.places():
                if each == device and (device, name) not in known:
                    rows.append(self._question(device, name))
        self.asked.children = rows

    def _question(self, device: str, name: str) -> Any:
        choice = ipywidgets.Dropdown(
            options=list(answers()),
            value=self.devices.state(device, name),
            tooltip=question(Finding(device, name, "unknown", "", "asked", "", None)),
            layout={"width": "12em", "flex": "0 0 auto"},
        )

        def answered(_change: Any) -> None:
            self.devices = self.devices.with_states({(device, name): choice.value})
            self._say()

        choice.observe(answered, names="value")
        self.questions[device, name] = choice
        words = ipywidgets.HTML(
            f'<div style="line-height:1.3">{html.escape(settings()[name].sentence)}</div>',
            layout={"flex": "1 1 20em"},
        )
        return ipywidgets.HBox([choice, words], layout={"align_items": "center", "max_width": "60em"})

    def _say(self, more: str = "") -> None:
        counts = score(self.devices)
        text = _(
            "{good} good, {bad} not good, {open} not known. Nothing was changed and nothing was sent."
        ).format(good=counts.passed, bad=counts.failed, open=counts.unknown)
        notice, self.notice = self.notice, ""
        lines = [line for line in (text, more, notice) if line]
        self.state.value = f'<p role="status" style="font-size:1.05em">{html.escape(" ".join(lines))}</p>'

    def save(self) -> None:
        """Keep the devices in the learner's folder."""
        if self.file is None:
            self._say(_("There is no folder of yours here, so nothing is kept."))
            return
        try:
            self.devices.save(self.file)
        except SafeShopError as wrong:
            self._say(wrong.sentence)
            return
        self._say(_("Kept in {file}.").format(file=self.file))

    def show(self) -> None:
        """Put the panel into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]

    def show_checklist(self, losses: Losses) -> None:
        """Put a button into the notebook that makes the list to print.

        Parameters
        ----------
        losses
            Of the shop, for what to do first.
        """
        make = ipywidgets.Button(
            description=_("Make my list"),
            tooltip=_("From your answers above; press again after you changed them"),
            button_style="primary",
            layout={"width": "14em"},
        )
        sheet = ipywidgets.HTML()

        def made(_button: Any) -> None:
            steps = next_settings(self.devices, losses)
            sheet.value = checklist_html(self.devices, self.system, steps, losses)

        make.on_click(made)
        display(ipywidgets.VBox([make, sheet]))  # type: ignore[no-untyped-call]


def findings_html(findings: list[Finding]) -> str:
    """What was read, as a table: state, setting, the line that shows it, what to do next."""
    rows = "".join(
        f'<tr><td style="white-space:nowrap">{SIGNS[one.state]} {html.escape(state_label(one.state))}</td>'
        f'<td style="text-align:left">{html.escape(settings()[one.setting].title)}</td>'
        f'<td style="text-align:left;font-family:monospace;overflow-wrap:anywhere">{html.escape(one.evidence)}</td>'
        f'<td style="text-align:left">{html.escape(one.next_step())}</td></tr>'
        for one in findings
    )
    heads = "".join(
        f'<th style="text-align:left">{html.escape(head)}</th>'
        for head in (_("state"), _("setting"), _("what was read"), _("what to do next"))
    )
    return f'<table style="max-width:70em;line-height:1.3"><tr>{heads}</tr>{rows}</table>'


class FraudQuiz:
    """Eight messages: fraud or genuine? Each answer is explained at once, and may be changed (row E9)."""

    def __init__(self) -> None:
        self.choices: dict[str, Any] = {}
        self.signs: dict[str, Any] = {}
        rows = []
        for message in MESSAGES:
            rows += [self._shown(message), self.choices[message.name], self.signs[message.name]]
        self.state = ipywidgets.HTML()
        self.box = ipywidgets.VBox([*rows, self.state])
        self._count()

    def _shown(self, message: Message) -> Any:
        choice = ipywidgets.ToggleButtons(
            options=[(_("fraud"), "fraud"), (_("genuine"), "genuine")],
            value=None,
            tooltips=[_("Somebody wants to cheat you"), _("It is what it seems")],
            style={"button_width": "8em"},
        )
        sign = ipywidgets.HTML()

        def answered(_change: Any) -> None:
            right = message.answered(choice.value)
            word = _("Right.") if right else _("Not so.")
            sign.value = (
                f'<p role="status" style="margin:0 0 0.8em">{"✓" if right else "✗"} <b>{html.escape(word)}</b> '
                f"{html.escape(message.sign())}</p>"
            )
            self._count()

        choice.observe(answered, names="value")
        self.choices[message.name], self.signs[message.name] = choice, sign
        return ipywidgets.HTML(
            '<div style="border-left:4px solid #0072B2;padding:0.2em 0.8em;max-width:50em;line-height:1.4">'
            f"<i>{html.escape(message.sender())}</i><br>{html.escape(message.text())}</div>"
        )

    def _count(self) -> None:
        given = {name: choice.value for name, choice in self.choices.items() if choice.value is not None}
        right = sum(message.answered(given[message.name]) for message in MESSAGES if message.name in given)
        text = _("{right} right of {answered} answered; there are {all} messages.").format(
            right=right, answered=len(given), all=len(MESSAGES)
        )
        self.state.value = (
            f'<p role="status" style="font-size:1.05em;font-weight:bold">{html.escape(text)}</p>'
        )

    def show(self) -> None:
        """Put the messages into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]
