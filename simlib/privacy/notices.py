"""Privacy notices: what must be said to customers by place, put together from a shop's own answers (row E6).

A notice is built of *items* (who, what for, how long …). Each place asks for some of them; an item without an answer
is missing, and a period without an end is found out. It checks that something is said, not that it is true or
enough: none of this is legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simlib.errors import SafeShopError
from simlib.facts import Fact, fact
from simlib.languages import _

PLACES: Final = ("tw", "cn", "hk", "eu")

ITEMS: Final = (
    "controller",
    "contact",
    "data",
    "purposes",
    "legal-basis",
    "methods",
    "recipients",
    "territory",
    "retention",
    "rights",
    "officer",
    "refusal",
    "complaint",
    "automated",
    "policy",
)
"""What a notice may say, in the order in which a reader wants to know it."""

MOST_SIGNS: Final = 300
"""Longest answer, in signs, before it counts as too long to be read."""


def place_name(place: str) -> str:
    """A place in the reader's language."""
    return {
        "tw": _("Taiwan"),
        "cn": _("mainland China"),
        "hk": _("Hong Kong"),
        "eu": _("European Union"),
    }[place]


def heading(item: str) -> str:
    """What the customer reads above the answer: a question, as he would ask it."""
    return {
        "controller": _("Who are we?"),
        "contact": _("How do you reach us?"),
        "data": _("Which data do we collect?"),
        "purposes": _("What do we need them for?"),
        "legal-basis": _("What allows us to?"),
        "methods": _("What do we do with them?"),
        "recipients": _("Who else gets them?"),
        "territory": _("Where do they lie?"),
        "retention": _("How long do we keep them?"),
        "rights": _("What may you ask of us?"),
        "officer": _("Who answers such requests?"),
        "refusal": _("Must you tell us? And if you do not?"),
        "complaint": _("Where can you complain?"),
        "automated": _("Does a machine decide about you?"),
        "policy": _("Where can you read this at any time?"),
    }[item]


def example(item: str) -> str:
    """The gift shop's answer; empty where it has not thought of one yet."""
    return {
        "controller": _("Example Gifts, a small shop for tea, cakes and mugs."),
        "contact": _("privacy@shop.example"),
        "data": _("Name, e-mail, phone, address, what you ordered."),
        "purposes": _("To send your parcel, and to answer you when something is wrong with it."),
        "legal-basis": "",
        "methods": _("We print the label and keep the order in our web shop."),
        "recipients": _("The courier and the payment company."),
        "territory": "",
        "retention": _("As long as we need them."),
        "rights": _("You may see, correct and delete your data: write to us."),
        "officer": "",
        "refusal": "",
        "complaint": "",
        "automated": "",
        "policy": _("At the foot of every page of our shop."),
    }[item]


@dataclass(frozen=True)
class Notice:
    """A notice for customers in one place.

    Attributes
    ----------
    place
        Where the customers are.
    lines
        (heading, answer) of every item that was answered, in order.
    missing
        Items that the place asks for and nobody answered.
    vague
        Items whose answer says nothing that can be checked, or is too long to be read.
    """

    place: str
    lines: list[tuple[str, str]]
    missing: list[str]
    vague: list[str]


def required(place: str) -> Fact:
    """The list of what a place asks for, with its source.

    Raises
    ------
    SafeShopError
        If the place is unknown.
    """
    if place not in PLACES:
        raise SafeShopError(
            _("Nothing is known about notices in {place}; choose one of: {places}.").format(
                place=place, places=", ".join(PLACES)
            )
        )
    return fact(f"{place}-notice")


def write_notice(place: str, answers: Mapping[str, str]) -> Notice:
    """Put a notice together, and see what it lacks.

    Parameters
    ----------
    place
        Of `PLACES`.
    answers
        Item of `ITEMS` → what the shop says; blank or absent if nothing.

    Raises
    ------
    SafeShopError
        If the place or an item is unknown.
    """
    wanted = required(place).value
    for item in answers:
        if item not in ITEMS:
            raise SafeShopError(
                _("A notice has no item {item}; choose one of: {items}.").format(
                    item=item, items=", ".join(ITEMS)
                )
            )
    said = {item: answers.get(item, "").strip() for item in ITEMS}
    return Notice(
        place=place,
        lines=[(heading(item), said[item]) for item in ITEMS if said[item]],
        missing=[item for item in ITEMS if item in wanted and not said[item]],
        vague=[item for item in ITEMS if said[item] and _vague(item, said[item])],
    )


def _vague(item: str, answer: str) -> bool:
    # A period needs a number, in figures or in Chinese characters: “as long as necessary” has no end.
    endless = item == "retention" and not re.search(r"[0-9０-９一二兩两三四五六七八九十]", answer)
    return endless or len(answer) > MOST_SIGNS


def vague_sentence(item: str) -> str:
    """Why an answer was found to be vague, in the reader's language."""
    if item == "retention":
        return _("{heading} Without a number of days, months or years nobody can hold you to it.").format(
            heading=heading(item)
        )
    return _("{heading} More than {most} signs are not read: make it shorter.").format(
        heading=heading(item), most=MOST_SIGNS
    )


def notice_text(notice: Notice) -> str:
    """The notice as plain text, for a file."""
    return "\n\n".join(f"{head}\n{answer}" for head, answer in notice.lines) + "\n"
