"""Tables: what they hold is shown as text, never run as HTML; each has styles of its own; numbers stand aligned."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simlib import figures
from simlib.figures.tables import number
from simlib.privacy import littles_law, unmet_needs
from simlib.scenario import sources
from tests.shops import run_of


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What is put into the notebook."""
    kept: list[dict[str, str]] = []

    def keep(bundle: dict[str, str], **_how: Any) -> None:
        kept.append(bundle)

    monkeypatch.setattr("IPython.display.display", keep)
    return kept


def cells(bundle: dict[str, str]) -> list[list[str]]:
    """The rows of a table, as a reader sees them."""
    rows = re.findall(r"<tr>(.*?)</tr>", bundle["text/html"].split("<tbody>")[1], flags=re.DOTALL)
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def test_whatever_a_table_holds_is_text(shown: list[dict[str, str]]) -> None:
    evil = "<script>alert(1)</script>&"
    figures.show_table(evil, [evil, "n"], [[evil, 1]])
    html = shown[0]["text/html"]
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;") == 3


def test_columns_of_numbers_stand_to_the_right_and_texts_to_the_left(shown: list[dict[str, str]]) -> None:
    figures.show_table("c", ["name", "orders", "mixed"], [["a", 1, 2], ["b", 2.5, "no end"]])
    html = shown[0]["text/html"]
    right = {int(column) for column in re.findall(r"td\.col(\d+) \{\s*text-align: right", html)}
    assert right == {1}
    assert re.search(r"#T_\w+ td \{\s*text-align: left", html)


def test_a_day_is_not_broken_at_its_hyphens(shown: list[dict[str, str]]) -> None:
    figures.show_table(
        "c",
        ["day", "minute", "what"],
        [["2026-03-06", "2026-03-06 14:30", "a"], ["2026-04-01", "2026-04-01 09:00", "2026-04-01"]],
    )
    whole = re.findall(r"td\.col(\d+) \{\s*white-space: nowrap", shown[0]["text/html"])
    assert whole == ["0", "1"]


def test_two_tables_in_a_notebook_never_share_their_styles_and_the_same_one_keeps_its_bytes(
    shown: list[dict[str, str]],
) -> None:
    for rows in ([["a", 1]], [["a", 2]], [["a", 1]]):
        figures.show_table("c", ["name", "n"], rows)
    ids = [re.findall(r'<table id="(\w+)"', bundle["text/html"])[0] for bundle in shown]
    assert ids[0] != ids[1]
    assert shown[0] == shown[2]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (1234567, "1,234,567"),
        (1234.56, "1,234.6"),
        (7.0, "7"),
        (0, "0"),
        (-3.25, "-3.2"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        ("text", "text"),
    ],
)
def test_a_number_is_written_as_people_write_it(given: object, written: str) -> None:
    assert number(given) == written


def test_every_copy_of_an_order_has_its_row(shown: list[dict[str, str]]) -> None:
    run = run_of("taiwan-gift-shop")
    figures.show_copies_of_order(run.copies, 3)
    copies = run.copies.pandas()
    mine = copies[(copies.record == "order") & (copies.number == 3)].sort_values(["since", "place"])
    rows = cells(shown[0])
    assert len(rows) == len(mine) > 2
    ends = [row[4] for row in rows]
    assert ends == [number(round(until, 1)) if until < float("inf") else "no end" for until in mine.until]
    assert [row[3] for row in rows] == [number(round(since, 1)) for since in mine.since]
    web = rows[[row[0] for row in rows].index("web shop")]
    assert web[1] == "account, e-mail, name, phone, address, what was bought, payment"


def test_littles_law_stands_beside_what_was_counted(shown: list[dict[str, str]]) -> None:
    law = littles_law(run_of("taiwan-gift-shop").copies, ["shop"], begin=20, end=60)
    figures.show_littles_law({"own": law})
    label, rate, days, reckoned, counted = cells(shown[0])[0]
    assert label == "own"
    assert float(rate.replace(",", "")) == pytest.approx(law.arrivals_per_day, abs=0.05)
    assert (days, reckoned) == (number(law.mean_days_online), number(law.expected))
    assert counted == number(law.observed)


def test_unmet_needs_stand_under_their_policies(shown: list[dict[str, str]]) -> None:
    run = run_of("taiwan-gift-shop")
    needs = unmet_needs(run)
    figures.show_unmet_needs({"own": needs, "again": needs})
    rows = cells(shown[0])
    assert [row[1:] for row in rows] == [
        [number(need.orders), number(need.unmet), number(need.unmet)] for need in needs
    ]


def test_sources_say_value_unit_and_whether_they_were_verified(shown: list[dict[str, str]]) -> None:
    figures.show_sources(
        "taiwan-gift-shop", {"cooling_off.days": "window", "payment.methods.0.fail": "declined"}
    )
    window, declined = cells(shown[0])
    known = sources("taiwan-gift-shop")
    assert window[:2] == ["window", str(known["cooling_off.days"].value)]
    assert declined[1:3] == [number(100 * known["payment.methods.0.fail"].value), "%"]
    assert {window[3], declined[3]} <= {"verified", "assumption"}
    assert window[4] == known["cooling_off.days"].source
