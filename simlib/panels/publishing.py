"""Panels of lesson 10: an export told more or less coarsely, noisy answers, hidden sums, settings, and a notice."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ipywidgets
from IPython.display import display
from matplotlib.axes import Axes

from simlib import figures
from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.figures.publishing import ladder_labels, rungs_label
from simlib.figures.tables import number
from simlib.languages import _
from simlib.panels.what_if import Choice, Slider, Values, WhatIf
from simlib.privacy.anonymising import (
    FINEST,
    LADDERS,
    Treatment,
    generalised,
    group_sizes,
    outside_list,
    record_csv,
)
from simlib.privacy.differential import AT_THE_DESK, Budget, answers_within, draw_noise
from simlib.privacy.notices import (
    ITEMS,
    PLACES,
    Notice,
    example,
    heading,
    notice_text,
    place_name,
    required,
    vague_sentence,
    write_notice,
)
from simlib.privacy.settings import SETTINGS, identifiable, setting_label
from simlib.privacy.sharing import PRIME, Joint, joint_sum
from simlib.writing import write_whole

if TYPE_CHECKING:
    import pandas as pd

FEWEST, STEP = 100, 100
"""Buyers at the beginning of the slider, and its step."""

MOST_LISTED: Final = 100
"""People on the outside list at the end of its slider; never more than there are buyers."""

NOTICE_FILE: Final = "my-privacy-notice.txt"
RECORD_FILE: Final = "my-treatments.csv"
"""Where the learner's notice and record are kept, in his own folder."""


def what_if_release(buyers: pd.DataFrame, seed: int) -> WhatIf:
    """Who can be picked out of an export that tells more or less of its people (row E2).

    Parameters
    ----------
    buyers
        The export; the slider takes its first rows.
    seed
        Of the run, for whom the attacker knows.
    """
    # At first one step below the end, so that there is room to both sides.
    most = len(buyers) // STEP * STEP

    def draw(values: Values, ax: Axes) -> object:
        rungs = {field: values[field] for field in LADDERS}
        people = buyers.head(values["people"])
        sizes = group_sizes(generalised(people, rungs))
        known = outside_list(len(people), values["known"], seed)
        expected = float((1 / sizes[known]).sum())
        note = _("smallest group: {k}; groups: {groups}; of {known} known people {found} are found").format(
            k=number(int(sizes.min())),
            groups=number(round(float((1 / sizes).sum()))),
            known=len(known),
            found=number(expected, 2),
        )
        fine = group_sizes(generalised(people, FINEST))
        return figures.people_by_group({rungs_label(rungs): sizes, rungs_label(FINEST): fine}, ax, note)

    return WhatIf(
        [
            Choice("birthday", _("birthday is told as"), ladder_labels("birthday"), "month"),
            Choice("postcode", _("place is told as"), ladder_labels("postcode"), "district"),
            Choice("sex", _("sex"), [(_("told"), "told"), (_("left out"), "gone")], "told"),
            Slider("people", _("buyers in the export"), FEWEST, most, STEP, most - STEP),
            Slider(
                "known", _("buyers the attacker knows"), 10, MOST_LISTED, 10, value("outside-list-people")
            ),
        ],
        draw,
    )


def what_if_answers(count: int) -> WhatIf:
    """What answers with noise tell about one customer, and how exact they are (row E3).

    Parameters
    ----------
    count
        The number asked for, at first.
    """

    def draw(values: Values, ax: Axes) -> object:
        answered = answers_within(values["asked"], values["epsilon"], values["budget"])
        return figures.answer_distribution(
            values["count"], values["epsilon"], values["asked"], answered, values["budget"], ax
        )

    return WhatIf(
        [
            Slider("epsilon", _("ε of one answer"), 0.1, 3.0, 0.1, value("answer-epsilon")),
            Slider("asked", _("times the question is asked"), 1, 60, 1, 1),
            Slider("budget", _("budget: ε of all answers together"), 0.5, 20.0, 0.5, value("budget-epsilon")),
            Slider("count", _("the true number"), 5, 500, 1, count),
        ],
        draw,
    )


def what_if_settings(buyers: pd.DataFrame, seed: int) -> WhatIf:
    """Whom public pages name for each choice of defaults (row E6).

    Parameters
    ----------
    buyers
        As `simlib.people.buyers` gives them.
    seed
        Of the run, for who changes a setting.
    """
    private = dict.fromkeys(SETTINGS, False)

    def draw(values: Values, ax: Axes) -> object:
        public = {setting: values[setting] == "public" for setting in SETTINGS}
        changed = values["changed"] / 100
        shown = {
            _("your choice"): identifiable(buyers, public, seed, changed),
            _("all private"): identifiable(buyers, private, seed, changed),
        }
        return figures.buyers_shown(shown, ax)

    options = [(_("public unless changed"), "public"), (_("private unless changed"), "private")]
    controls: list[Slider | Choice] = [
        Choice(setting, setting_label(setting), options, "public") for setting in SETTINGS
    ]
    changed = round(100 * value("settings-changed-share"))
    controls.append(Slider("changed", _("buyers who change a setting, %"), 0, 50, 5, changed))
    return WhatIf(controls, draw, size=(9.0, 4.6))


class AnswerDesk:
    """A question that may be asked as often as the budget allows, and then no more (row E3).

    Parameters
    ----------
    count
        The true number.
    epsilon
        ε of each answer.
    budget
        ε of all answers together.
    seed
        Of the run.
    """

    def __init__(self, count: int, epsilon: float, budget: float, seed: int) -> None:
        self.count, self.epsilon, self.total, self.seed = count, epsilon, budget, seed
        self.ask_button = ipywidgets.Button(
            description=_("Ask the question"),
            tooltip=_("One more answer with noise of its own"),
            layout={"width": "14em"},
        )
        self.renew_button = ipywidgets.Button(
            description=_("A new budget"), tooltip=_("Begin again, as if nobody had asked")
        )
        self.result = ipywidgets.HTML()
        self.ask_button.on_click(lambda _button: self.ask())
        self.renew_button.on_click(lambda _button: self.renew())
        self.box = ipywidgets.VBox([ipywidgets.HBox([self.ask_button, self.renew_button]), self.result])
        self.renew()

    def renew(self) -> None:
        """Begin again with a full budget."""
        self.budget = Budget(self.total)
        self._say(_("Nobody has asked yet; the budget is ε = {left:g}.").format(left=self.total))

    def ask(self) -> None:
        """Give one more answer, or say why there is none."""
        try:
            self.budget.spend(self.epsilon)
        except SafeShopError as refused:
            self._say(self._told(), refused.sentence)
            return
        self._say(self._told())

    def _told(self) -> str:
        noise = draw_noise(self.seed, self.epsilon, len(self.budget.spent), AT_THE_DESK)
        answers = (self.count + noise).tolist()
        return _("Answers: {answers}. Their average is {mean}; of the budget ε = {left:g} is left.").format(
            answers=", ".join(map(str, answers)),
            mean=number(sum(answers) / len(answers), 2),
            left=abs(round(self.budget.left, 6)),
        )

    def _say(self, *lines: str) -> None:
        said = "".join(f'<p style="font-size:1.05em">{html.escape(line)}</p>' for line in lines)
        self.result.value = f'<div role="status">{said}</div>'

    def show(self) -> None:
        """Put the desk into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]


class HiddenSum:
    """Three shops, three numbers, and the sum that they find without telling them (row E3).

    The shares are drawn anew at each change, from the computer's own source of chance.
    """

    def __init__(self, numbers: tuple[int, int, int] = (41, 7, 23)) -> None:
        self.fields = [
            ipywidgets.BoundedIntText(
                value=given,
                min=0,
                max=1_000_000,
                description=_("parcels sent back at shop {shop}").format(shop=shop),
                style={"description_width": "20em"},
                layout={"width": "95%", "max_width": "32em"},
            )
            for shop, given in zip(SHOPS, numbers, strict=True)
        ]
        self.again = ipywidgets.Button(
            description=_("Share again"), tooltip=_("Draw new shares of the same numbers")
        )
        self.result = ipywidgets.HTML()
        self.again.on_click(lambda _button: self.share())
        for widget in self.fields:
            widget.observe(lambda _change: self.share(), names="value")
        self.box = ipywidgets.VBox([*self.fields, self.again, self.result])
        self.share()

    def share(self) -> None:
        """Draw shares and add them up."""
        numbers = [widget.value for widget in self.fields]
        self.result.value = joint_html(numbers, joint_sum(numbers))

    def show(self) -> None:
        """Put the panel into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]


SHOPS: Final = ("A", "B", "C")


def joint_html(numbers: list[int], joint: Joint) -> str:
    """The shares as a table: whose number in rows, who sees them in columns, and what is added up."""
    received = [_("shop {shop} receives").format(shop=shop) for shop in SHOPS[: len(numbers)]]
    heads = "".join(f'<th style="padding:0.3em 1em">{html.escape(head)}</th>' for head in received)
    rows = [
        (_("shop {shop} hides {number}").format(shop=shop, number=number(own)), shares)
        for shop, own, shares in zip(SHOPS, numbers, joint.shares, strict=False)
    ]
    rows.append((_("each adds up what it received"), joint.added))
    body = "".join(
        f'<tr><td style="text-align:left">{html.escape(label)}</td>'
        + "".join(f'<td style="font-family:monospace;padding:0.3em 1em">{share:,}</td>' for share in shares)
        + "</tr>"
        for label, shares in rows
    )
    told = _("Put together, the three sums give {total}. Added up in the open: {openly}.").format(
        total=number(joint.total), openly=number(sum(numbers) % PRIME)
    )
    return (
        f'<div role="status"><table><tr><th></th>{heads}</tr>{body}</table>'
        f'<p style="font-size:1.05em">{html.escape(told)}</p></div>'
    )


class KeepFile:
    """A button that writes something of the learner's into his own folder, and says where.

    Parameters
    ----------
    folder
        The learner's folder; None in builds and tests.
    name
        Of the file.
    content
        Makes what is written, when the button is pressed.
    """

    def __init__(self, folder: Path | None, name: str, content: Callable[[], str]) -> None:
        self.folder, self.name, self.content = folder, name, content
        self.button = ipywidgets.Button(
            description=_("Keep it"),
            tooltip=_("Write it into a file in your own folder"),
            button_style="primary",
            layout={"width": "14em"},
        )
        self.state = ipywidgets.HTML()
        self.button.on_click(lambda _button: self.keep())
        self.box = ipywidgets.VBox([self.button, self.state])

    def keep(self) -> None:
        """Write the file, and say where it is."""
        if self.folder is None:
            text = _("There is no folder of your own here: mark the text above and copy it.")
        else:
            path = self.folder / self.name
            try:
                write_whole(path, self.content())
                text = _("Kept in {file}, on this computer and nowhere else.").format(file=path)
            except SafeShopError as wrong:
                text = wrong.sentence
        self.state.value = f'<span role="status">{html.escape(text)}</span>'

    def show(self) -> None:
        """Put the button into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]


def keep_record(record: Sequence[Treatment], folder: Path | None) -> KeepFile:
    """A button that keeps the record of treatments as a CSV table.

    Parameters
    ----------
    record
        One line a field.
    folder
        The learner's folder; None in builds and tests.
    """
    # With a byte order mark, or spreadsheets take Chinese for something else.
    return KeepFile(folder, RECORD_FILE, lambda: "\ufeff" + record_csv(record))


class NoticeForm:
    """The learner's own privacy notice, and what it lacks where his customers are (row E6).

    Parameters
    ----------
    folder
        The learner's folder, where the notice is kept if he asks for it; None in builds and tests.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.place = ipywidgets.Dropdown(
            options=[(place_name(place), place) for place in PLACES],
            value="tw",
            description=_("Where are your customers?"),
            style={"description_width": "initial"},
            layout={"width": "95%", "max_width": "44em"},
        )
        self.answers = {
            item: ipywidgets.Text(
                value=example(item),
                description=heading(item),
                continuous_update=False,
                style={"description_width": "22em"},
                layout={"width": "95%", "max_width": "60em"},
            )
            for item in ITEMS
        }
        self.result = ipywidgets.HTML()
        self.keep = KeepFile(folder, NOTICE_FILE, lambda: notice_text(self.notice))
        for widget in (self.place, *self.answers.values()):
            widget.observe(lambda _change: self.write(), names="value")
        self.box = ipywidgets.VBox([self.place, *self.answers.values(), self.result, self.keep.box])
        self.write()

    @property
    def notice(self) -> Notice:
        """The notice for the answers as they stand."""
        return write_notice(self.place.value, {item: widget.value for item, widget in self.answers.items()})

    def write(self) -> None:
        """Write notice and list for the answers as they stand."""
        self.result.value = notice_html(self.notice)
        self.keep.state.value = ""

    def show(self) -> None:
        """Put the form into the notebook."""
        display(self.box)  # type: ignore[no-untyped-call]


def notice_html(notice: Notice) -> str:
    """The notice as the customer reads it, and below it what is missing or says nothing."""
    lines = "".join(
        f'<p style="margin:0.4em 0"><b>{html.escape(head)}</b><br>{html.escape(answer)}</p>'
        for head, answer in notice.lines
    )
    source = _(required(notice.place).source)
    if notice.missing:
        told = _("{count} answers are missing for {place} ({source}):").format(
            count=len(notice.missing), place=place_name(notice.place), source=source
        )
    else:
        told = _("Nothing that we know of is missing for {place} ({source}).").format(
            place=place_name(notice.place), source=source
        )
    missing = "".join(f"<li>{html.escape(heading(item))}</li>" for item in notice.missing)
    vague = "".join(f"<li>{html.escape(vague_sentence(item))}</li>" for item in notice.vague)
    weak = f"<p>{html.escape(_('Too vague or too long:'))}</p><ul>{vague}</ul>" if vague else ""
    return (
        f'<div role="status" style="line-height:1.4;max-width:60em">'
        f'<div style="border:1px solid #999;padding:0.5em 1em">{lines}</div>'
        f'<p style="font-size:1.05em;font-weight:bold">{html.escape(told)}</p><ul>{missing}</ul>{weak}</div>'
    )
