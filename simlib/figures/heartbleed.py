"""Figures of Heartbleed: bytes on the wire, a server's memory, what was collected, and what stays usable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch, Polygon, Rectangle

from simlib.attacker.heartbeat import (
    MESSAGE_HEADER,
    MOST_STATED,
    PADDING,
    RECORD_HEADER,
    Heartbeat,
    corrected_answer,
    faulty_answer,
    is_too_long,
    record,
    records,
    request,
)
from simlib.attacker.heartbleed import (
    COPIED_FROM,
    Exchange,
    Harvest,
    Interim,
    Key,
    Response,
    accounts_open,
    expected,
    false_shop_until,
    harvest,
    milestones_2014,
    passed_through,
    traces,
)
from simlib.attacker.openssl_versions import heartbleed
from simlib.attacker.server_memory import KINDS, SHAPES, Film
from simlib.facts import fact
from simlib.figures.style import (
    BLUE,
    DASHES,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    describe,
    legend_below,
    new_axes,
    whole_numbers,
)
from simlib.figures.tables import number, show_table
from simlib.languages import _

LOOKS: Final = {
    "password": (RED, "-", "o"),
    "cookie": (BLUE, "--", "s"),
    "address": (GREEN, "-.", "^"),
    "key": (PURPLE, ":", "D"),
}
"""Kind of secret → colour, line style, mark."""

BYTES_A_ROW: Final = 16
CELL: Final = 256
"""Bytes that one little square of the memory's map stands for."""
CELLS_A_ROW: Final = 64
ROWS_OF_A_SECRET: Final = 6
"""Rows of a secret shown at most."""


_BETWEEN_VALUES: Final = re.compile(r"""[\s\0&",:=]+(?:password|mobile|address)[\0&",:=]+""")
"""What stands between the values of a form, in any of the ways in which forms lie in memory."""


def kind_names() -> dict[str, str]:
    """Kinds of secret in the reader's language."""
    return {
        "password": _("passwords"),
        "cookie": _("session cookies"),
        "address": _("addresses"),
        "key": _("private key"),
    }


def show_messages(messages: Mapping[str, Heartbeat]) -> None:
    """Show heartbeat requests byte by byte, one column each.

    Parameters
    ----------
    messages
        Label → message.
    """
    columns = []
    for message in messages.values():
        sent = record(message.to_bytes())
        _kind, _version, length = RECORD_HEADER.unpack_from(sent)
        columns.append(
            [
                "18",
                "03 03",
                f"{sent[3:5].hex(' ')} = {length}",
                f"{message.kind:02x}",
                f"{sent[6:8].hex(' ')} = {number(message.stated)}",
                f"{message.payload.hex(' ')} = {message.payload.decode('ascii', 'replace')}",
                _("{count} bytes").format(count=len(message.padding)),
                _("yes") if message.honest else _("no"),
            ]
        )
    rows = [
        _("record: a heartbeat (24)"),
        _("record: version, TLS 1.2"),
        _("record: bytes that follow"),
        _("message: a request (1)"),
        _("message: length of the payload, as stated"),
        _("message: the payload itself"),
        _("message: padding"),
        _("Do both lengths agree?"),
    ]
    show_table(
        _("A heartbeat, byte by byte (in hexadecimal)"),
        [_("part"), *messages],
        [[row, *cells] for row, *cells in zip(rows, *columns, strict=True)],
    )


def memory_map(film: Film, t: float, stated: int = MOST_STATED, ax: Axes | None = None) -> Axes:
    """What lies in the server's memory at a moment, and which part one request reads.

    Parameters
    ----------
    film
        The memory.
    t
        The moment, in days.
    stated
        Length that the request states.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes(height=5.4)
    rows = -(-film.size // (CELL * CELLS_A_ROW))
    cells = np.zeros(rows * CELLS_A_ROW)
    last = int(np.searchsorted(film.writes["t"], t, side="right"))
    for address, shape in zip(
        film.writes["address"][:last].tolist(), film.writes["shape"][:last].tolist(), strict=True
    ):
        cells[address // CELL : (address + SHAPES[shape].length - 1) // CELL + 1] = 1
    remains = film.remains
    there = np.flatnonzero((remains["since"] <= t) & (t < remains["until"]))
    for row in there.tolist():
        first, after = remains["address"][row], remains["address"][row] + remains["length"][row]
        cells[first // CELL : (after - 1) // CELL + 1] = 2 + remains["kind"][row]
    place = int(film.buffers_at(np.array([t]))[0])
    begin, end = place + COPIED_FROM, min(place + COPIED_FROM + stated, film.size)
    colours = ["white", "#CFCFCF", *(LOOKS[kind][0] for kind in KINDS)]
    shown = cells.reshape(rows, CELLS_A_ROW)
    ax.imshow(
        np.ma.masked_equal(shown, 0),
        cmap=ListedColormap(colours),
        vmin=0,
        vmax=len(colours) - 1,
        aspect="auto",
        interpolation="nearest",
        extent=(0, CELLS_A_ROW * CELL / 1024, rows, 0),
        zorder=1,
    )
    ax.add_patch(
        Polygon(_outline(begin, end), facecolor="#DDEFFA", edgecolor="none", closed=True, zorder=0.5)
    )
    ax.add_patch(
        Polygon(_outline(begin, end), fill=False, edgecolor=BLUE, linewidth=2.2, closed=True, zorder=2)
    )
    names = kind_names()
    handles = [Patch(facecolor="#CFCFCF", label=_("written some time"))]
    kinds_there = sorted(set(remains["kind"][there].tolist()))
    handles += [Patch(facecolor=LOOKS[KINDS[kind]][0], label=names[KINDS[kind]]) for kind in kinds_there]
    handles.append(Patch(facecolor="#DDEFFA", edgecolor=BLUE, label=_("what one request reads")))
    ax.get_figure(root=True).legend(handles=handles, loc="outside lower center", ncols=3)  # type: ignore[union-attr]
    ax.grid(visible=False)
    ax.set_xlabel(_("kilobytes within a row (16 KB a row)"))
    ax.set_ylabel(_("rows of memory"))
    read = there[
        (remains["address"][there] >= begin) & (remains["address"][there] + remains["length"][there] <= end)
    ]
    share = 100 * (end - begin) / film.size
    return describe(
        ax,
        title=_("The server’s memory at one moment"),
        alt=_(
            "A map of {size} KB of memory; coloured squares are remains of what customers typed, a frame shows the "
            "{read} KB that one request reads."
        ).format(size=number(round(film.size / 1024)), read=number(round((end - begin) / 1024))),
        sentence=_(
            "{all} remains lie in the memory; the request reads {share} % of it, and {read} remains whole."
        ).format(all=len(there), share=number(round(share)), read=len(read)),
    )


def _outline(begin: int, end: int) -> list[tuple[float, float]]:
    """Corners of a stretch of bytes on the map, whose rows break it as lines break a text."""
    row = CELL * CELLS_A_ROW
    width = row / 1024
    (top, left), (bottom, right) = divmod(begin, row), divmod(end, row)
    x, y = left / 1024, right / 1024
    if top == bottom:
        return [(x, top), (y, top), (y, top + 1), (x, top + 1)]
    return [
        *((x, top), (width, top), (width, bottom), (y, bottom), (y, bottom + 1)),
        *((0, bottom + 1), (0, top + 1), (x, top + 1)),
    ]


def hexdump(exchange: Exchange, ax: Axes | None = None) -> Axes:
    """An answer as bytes: what was sent comes back, and everything behind it was never meant to leave.

    Only the beginning and the rows around one secret of each kind are drawn.

    Parameters
    ----------
    exchange
        From `simlib.attacker.heartbleed.ask`, answered.
    ax
        Where to draw; a new figure if left out.
    """
    answer = exchange.answer or b""
    sent = len(exchange.asked) - COPIED_FROM
    rows = _rows_worth_showing(answer, exchange)
    ax = ax or new_axes(height=0.24 * len(rows) + 1.3)
    kind_at = {
        byte: kind
        for kind, _number, start, length in exchange.secrets
        for byte in range(start, start + length)
    }
    header = MESSAGE_HEADER.size
    for line, row in enumerate(rows):
        if row is None:
            ax.text(0, line, "⋮", ha="center", va="center", fontsize=11)
            continue
        ax.text(0, line, f"{row * BYTES_A_ROW:5d}", ha="center", va="center", fontsize=8.5, color=GREY)
        for column in range(BYTES_A_ROW):
            byte = row * BYTES_A_ROW + column
            if byte >= len(answer):
                break
            if byte < header:
                colour = "#E0E0E0"
            elif byte < header + sent:
                colour = "#BFE3F7"
            elif byte in kind_at:
                colour = {"password": "#F5B58F", "cookie": "#8FC1E3", "address": "#8FD6BE", "key": "#E5BFD5"}[
                    kind_at[byte]
                ]
            else:
                colour = "#FBF3D0"
            at_hex, at_text = 2.4 + 1.45 * column, 27 + 0.75 * column
            ax.add_patch(Rectangle((at_hex - 0.725, line - 0.5), 1.45, 1, facecolor=colour))
            ax.add_patch(Rectangle((at_text - 0.375, line - 0.5), 0.75, 1, facecolor=colour))
            bold = "bold" if byte in kind_at else "normal"
            value = answer[byte]
            # Kept out of the layout: all these small texts lie within the axes anyhow.
            style: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "fontsize": 8.5,
                "family": "DejaVu Sans Mono",
                "in_layout": False,
            }
            ax.text(at_hex, line, f"{value:02x}", weight=bold, **style)
            ax.text(at_text, line, chr(value) if 32 <= value < 127 else "·", weight=bold, **style)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_xlim(-1.5, 39.5)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.axis("off")
    names = kind_names()
    kinds = {kind for kind, *_rest in exchange.secrets}
    colours = {"password": "#F5B58F", "cookie": "#8FC1E3", "address": "#8FD6BE", "key": "#E5BFD5"}
    handles = [
        Patch(facecolor="#E0E0E0", label=_("answer’s own head")),
        Patch(facecolor="#BFE3F7", label=_("what the attacker had sent")),
        Patch(facecolor="#FBF3D0", label=_("memory that happened to lie behind it")),
        *(Patch(facecolor=colours[kind], label=names[kind]) for kind in KINDS if kind in kinds),
    ]
    ax.get_figure(root=True).legend(handles=handles, loc="outside lower center", ncols=3)  # type: ignore[union-attr]
    leaked = len(answer) - header - sent
    return describe(
        ax,
        title=_("The answer, byte by byte (parts of it)"),
        alt=_(
            "Rows of 16 bytes in hexadecimal and as text; after the few bytes the attacker had sent come log-in forms, "
            "cookies and addresses of other people."
        ),
        sentence=_(
            "{sent} bytes went in, {out} came out; {leaked} of them were never meant to leave."
        ).format(sent=number(len(exchange.asked)), out=number(len(answer)), leaked=number(leaked)),
    )


def _rows_worth_showing(answer: bytes, exchange: Exchange) -> list[int | None]:
    """Numbers of rows to draw, None for a gap."""
    wanted = set(range(min(3, -(-len(answer) // BYTES_A_ROW))))
    for kind in KINDS:
        for of, _number, start, length in exchange.secrets:
            if of == kind:
                first = start // BYTES_A_ROW
                last = (start + length - 1) // BYTES_A_ROW
                wanted |= set(range(first, min(last, first + ROWS_OF_A_SECRET - 1) + 1))
                break
    rows: list[int | None] = []
    for row in sorted(wanted):
        if rows and rows[-1] is not None and row > rows[-1] + 1:
            rows.append(None)
        rows.append(row)
    return [*rows, None]


def show_read(exchange: Exchange, film: Film) -> None:
    """Show whose secrets lie in an answer, in plain words.

    Parameters
    ----------
    exchange
        The answer.
    film
        The memory, which knows the made-up people.
    """
    names = kind_names()
    rows = []
    answer = exchange.answer or b""
    seen = set()
    for kind in KINDS:
        for of, whose, start, length in exchange.secrets:
            if of != kind or (kind, whose) in seen:
                continue
            seen.add((kind, whose))
            text = answer[start : start + length].decode("utf-8", "replace") if kind != "key" else "…"
            rows.append([names[kind], " · ".join(_BETWEEN_VALUES.split(text)).strip(), start])
    show_table(
        _("What can be read in this one answer (all people are made up)"),
        [_("kind"), _("as it stands there"), _("at byte")],
        rows,
    )


def show_faulty_and_corrected(film: Film, t: float) -> None:
    """Show what the faulty and the corrected handler answer to honest and lying requests.

    Parameters
    ----------
    film
        The memory in which the requests are received.
    t
        When, in days.
    """
    memory = film.memory_at(t)
    place = int(film.buffers_at(np.array([t]))[0])
    rows = []
    for payload, stated in ((b"hello", 5), (b"hello", 6), (b"hello", 500), (b"A", MOST_STATED), (b"", 0)):
        asked = record(request(payload, stated).to_bytes())
        memory[place : place + len(asked)] = asked
        faulty, corrected = faulty_answer(memory, place), corrected_answer(memory, place)
        assert faulty is not None
        rows.append(
            [
                payload.decode() or "–",
                stated,
                len(faulty) - MESSAGE_HEADER.size - PADDING,
                len(records(faulty)),
                len(corrected) - MESSAGE_HEADER.size - PADDING if corrected else _("no answer"),
                _("stopped") if is_too_long(asked) else _("let through"),
            ]
        )
    show_table(
        _("The same requests to both servers"),
        [
            _("really sent"),
            _("bytes stated"),
            _("1.0.1f sends back, bytes"),
            _("in so many records"),
            _("1.0.1g sends back, bytes"),
            _("a filter on lengths"),
        ],
        rows,
        right=[4],
    )


def show_found(harvests: Sequence[Harvest]) -> None:
    """Show how many different secrets came through the memory, and how many each attack found.

    Parameters
    ----------
    harvests
        Attacks over the same stretch of time.
    """
    first = harvests[0]
    through = passed_through(first.film, first.begin, first.end)
    names = kind_names()
    rows: list[list[object]] = [
        [names[kind], through[kind], *(taken.count(kind) for taken in harvests)]
        for kind in ("password", "cookie", "address")
    ]
    rows.append(
        [
            names["key"],
            _("always"),
            *(_("found") if taken.key_found else _("not found") for taken in harvests),
        ]
    )
    show_table(
        _("Different secrets that one attacker collected from day {begin} to day {end}").format(
            begin=number(first.begin), end=number(first.end)
        ),
        [
            _("kind"),
            _("passed through the memory"),
            *(
                _("after 1 request")
                if taken.requests == 1
                else _("after {count} requests").format(count=number(taken.requests))
                for taken in harvests
            ),
        ],
        rows,
        right=range(1, len(harvests) + 2),
    )


def coverage(
    film: Film, begin: float, end: float, seed: int, most: int = 100_000, ax: Axes | None = None
) -> Axes:
    """How many different secrets so many requests find: counted, and as the collector's sum says.

    Parameters
    ----------
    film
        The memory.
    begin, end
        When the requests come, in days.
    seed
        Of their moments.
    most
        Most requests drawn.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    n = np.unique(np.round(np.logspace(0, np.log10(most), 16)).astype(int)).tolist()
    lines = expected(film, begin, end, n)
    counted = [harvest(film, begin, end, requests, seed) for requests in n]
    through = passed_through(film, begin, end)
    names = kind_names()
    for kind in ("password", "cookie", "address"):
        colour, dashes, mark = LOOKS[kind]
        ax.plot(n, lines[kind], color=colour, linestyle=dashes, linewidth=2)
        ax.plot(
            n,
            [taken.count(kind) for taken in counted],
            color=colour,
            linestyle="none",
            marker=mark,
            label=_("{kind}, of {all}").format(kind=names[kind], all=number(through[kind])),
        )
    ax.plot([], [], color=GREY, linewidth=2, label=_("lines: reckoned; marks: counted"))
    ax.set_xscale("log")
    ax.set_xlim(0.8, most * 1.3)
    ax.set_ylim(bottom=0)
    whole_numbers(ax.xaxis)
    ax.set_xlabel(_("requests"))
    ax.set_ylabel(_("different secrets found"))
    legend_below(ax)
    many = n[-1]
    return describe(
        ax,
        title=_("Asking more often finds less and less that is new"),
        alt=_("Three curves that rise with the number of requests and flatten; counted marks lie on them."),
        sentence=_(
            "{many} requests find {passwords} passwords, {cookies} cookies and {addresses} addresses; the chance that "
            "the private key is among it is {key} %."
        ).format(
            many=number(many),
            passwords=counted[-1].count("password"),
            cookies=counted[-1].count("cookie"),
            addresses=counted[-1].count("address"),
            key=number(round(100 * float(lines["key"][-1]), 1)),
        ),
    )


def collected_by_day(
    taken: Harvest, published: float, updated: float, days: int, ax: Axes | None = None
) -> Axes:
    """What an attacker collects from publication to the shop's update, beside the dates of April 2014 (row D1).

    Parameters
    ----------
    taken
        What he took; his attack ends with the update.
    published, updated
        Days of the run that stand for 7 April 2014 and for the shop's update.
    days
        How many days to show.
    ax
        Where to draw; a new figure if left out.
    """
    ax = ax or new_axes()
    first = milestones_2014()["published"][0]
    spans = {
        "systems-patched": (_("corrected packages"), GREEN, "//"),
        "canada-closed": (_("Canada’s online taxes closed"), SKY, "\\\\"),
    }
    for name, (label, colour, hatch) in spans.items():
        begin, end = milestones_2014()[name]
        low, high = (begin - first).days, (end - first).days + 1
        ax.axvspan(
            low, high, facecolor=colour, alpha=0.25, hatch=hatch, edgecolor="white", label=label, zorder=0
        )
    at = np.linspace(0, days, 24 * days + 1)
    names = kind_names()
    for kind in ("password", "cookie", "address"):
        colour, dashes, _mark = LOOKS[kind]
        found = np.sort(taken.secrets["t"][taken.secrets.where("kind", kind)] - published)
        counts = np.searchsorted(found, at, side="right")
        ax.plot(at, counts, color=colour, linestyle=dashes, linewidth=2, label=names[kind])
    ax.axvline(updated - published, color=GREY, linewidth=2.5, label=_("the shop’s update"))
    ticks = list(range(0, days + 1, max(1, days // 6)))
    ax.set_xticks(ticks, [_short_date(first + timedelta(days=day)) for day in ticks])
    ax.set_xlim(0, days)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_("day in 2014 (month-day)"))
    ax.set_ylabel(_("different secrets collected"))
    whole_numbers(ax.yaxis)
    legend_below(ax)
    exposed = updated - published
    return describe(
        ax,
        title=_("From publication to the shop’s update"),
        alt=_("Three lines that climb from 7 April until the day of the update and stay level from then on."),
        sentence=_(
            "Days from publication to update: {days}. {requests} requests took {passwords} passwords, "
            "{cookies} cookies and {addresses} addresses of {members} members."
        ).format(
            days=number(round(exposed, 1)),
            requests=number(taken.requests),
            passwords=number(taken.count("password")),
            cookies=number(taken.count("cookie")),
            addresses=number(taken.count("address")),
            members=number(len(taken.members)),
        ),
    )


def _short_date(day: date) -> str:
    return f"{day.month}-{day.day}"


def key_names() -> dict[Key, str]:
    """What the attacker can do with the key, in the reader's language."""
    return {
        "not-found": _("no, he has not found it"),
        "forward-secrecy": _("yes, but connections have forward secrecy"),
        "found": _("yes, and he recorded the traffic"),
    }


def accounts_over_time(
    taken: Harvest,
    responses: Mapping[str, Response],
    key: Key,
    days: int,
    ax: Axes | None = None,
    *,
    mark_days: bool = False,
) -> Axes:
    """How many accounts stay open to the thief after the update, under one or more responses (row D1).

    Parameters
    ----------
    taken
        What he took until the update.
    responses
        Label → what the shop did and when.
    key
        What he can do with the key.
    days
        How many days after the update to show.
    ax
        Where to draw; a new figure if left out.
    mark_days
        Whether to draw the days of the last response's steps.
    """
    ax = ax or new_axes()
    ends = []
    colours = (RED, ORANGE, BLUE, GREEN)
    for row, (label, response) in enumerate(responses.items()):
        at = np.linspace(0, days, 8 * days + 1)
        accounts = accounts_open(taken, response, response.updated + at, key)
        style: dict[str, Any] = {"color": colours[row % 4], "linestyle": DASHES[row % len(DASHES)]}
        ax.plot(at, accounts, linewidth=2.4, label=label, **style)
        ends.append((label, int(accounts[-1]), false_shop_until(response, key) - response.updated))
    if mark_days:
        steps = (
            (response.new_keys, PURPLE, ":", _("new keys")),
            (response.sessions_ended, GREY, "--", _("sessions ended")),
            (response.passwords_changed, SKY, "-.", _("passwords changed")),
        )
        for day, colour, dashes, label in steps:
            ax.axvline(day - response.updated, color=colour, linestyle=dashes, linewidth=1.8, label=label)
        if ends[-1][2] > 0:
            ax.axvspan(
                0, ends[-1][2], facecolor=PURPLE, alpha=0.15, label=_("a false shop passes as genuine")
            )
    ax.set_xlim(0, days)
    ax.set_ylim(bottom=0)
    ax.set_xlabel(_("days since the update"))
    ax.set_ylabel(_("accounts open to the thief"))
    whole_numbers(ax.yaxis)
    legend_below(ax)
    if key == "not-found":
        told = [
            _("{label}: {count}").format(label=label, count=number(count)) for label, count, _days in ends
        ]
    else:
        told = [
            _("{label}: {count}, and a false shop for {days} days").format(
                label=label, count=number(count), days=number(round(false_shop))
            )
            for label, count, false_shop in ends
        ]
    parts = _("; ").join(told)
    return describe(
        ax,
        title=_("Accounts open to the thief after the update"),
        alt=_("One line a response over {days} days. At the end: {parts}.").format(days=days, parts=parts),
        sentence=_("Open after {days} days: {parts}.").format(days=days, parts=parts),
    )


def show_interim(measures: Sequence[Interim], currency: str) -> None:
    """Show what interim measures stop and cost until the update.

    Parameters
    ----------
    measures
        From `simlib.attacker.heartbleed.interim_measures`.
    currency
        Of the shop.
    """
    names = {
        "nothing": _("wait for the update"),
        "filter-stated": _("filter: stated length against the record’s"),
        "filter-sizes": _("filter: no heartbeat answer longer than its question"),
        "rebuild": _("rebuild OpenSSL without heartbeats"),
        "close": _("switch off encrypted service: close the shop"),
    }
    show_table(
        _("Interim measures, from the same hour until the update"),
        [
            _("measure"),
            _("requests stopped, %"),
            _("passwords still taken"),
            _("orders lost"),
            _("turnover lost, {currency}").format(currency=currency),
            _("hours of work"),
        ],
        [
            [
                names[measure.name],
                round(100 * measure.stops),
                measure.taken.count("password"),
                measure.orders_lost,
                measure.money_lost,
                measure.hours,
            ]
            for measure in measures
        ],
    )


def show_traces(taken: Harvest) -> None:
    """Show where an attack leaves a trace, and where not.

    Parameters
    ----------
    taken
        The attack.
    """
    seen = traces(taken)
    show_table(
        _("Who sees the attack?"),
        [_("where one looks"), _("entries"), _("of the attacker")],
        [
            [_("web server’s log: pages asked for"), seen.log_lines, seen.log_lines_of_attack],
            [_("the wire: heartbeats that state more than they bring"), seen.heartbeats, seen.flagged],
        ],
    )


def show_versions(versions: Sequence[str]) -> None:
    """Show for versions of OpenSSL whether they had the fault.

    Parameters
    ----------
    versions
        As a hoster writes them.
    """
    words = {
        "affected": _("affected"),
        "corrected": _("corrected"),
        "never": _("never had it: no heartbeats yet"),
        "ask": _("ask: the system’s maker may have corrected it under the same letter"),
    }
    show_table(
        _("Did this OpenSSL have Heartbleed?"),
        [_("version, as your hoster writes it"), _("answer")],
        [[version, words[heartbleed(version)]] for version in versions],
    )


def show_assumptions() -> None:
    """Show the numbers of this model that nobody measured, and where the others come from."""
    labels = {
        "heartbleed-most-bytes": _("most bytes that one request can state"),
        "heartbleed-key-challenge-requests": _("requests until the key was found, in a challenge of 2014"),
        "key-left-share": _("chance that a calculation with the key leaves a piece"),
        "server-started-days": _("the server is started anew every"),
        "visits-with-login-share": _("visits without an order in which somebody logs in"),
        "heartbleed-encrypted-share": _("attacking heartbeats that are encrypted"),
        "session-valid-days": _("a session cookie is valid for"),
        "certificate-valid-days": _("the certificate is valid for another"),
    }
    known = [(label, fact(name)) for name, label in labels.items()]
    status = {"verified": _("verified"), "assumption": _("assumption")}
    show_table(
        _("What this lesson’s numbers rest on"),
        [_("what"), _("value"), _("unit"), _("verified or assumed"), _("source")],
        [
            [
                label,
                " – ".join(f"{item:,}" for item in about.value)
                if isinstance(about.value, list)
                else f"{100 * about.value:g} %"
                if about.unit == "1"
                else f"{about.value:,}",
                "" if about.unit == "1" else _(about.unit),
                status[about.status],
                _(about.source),
            ]
            for label, about in known
        ],
        right=[1],
    )
