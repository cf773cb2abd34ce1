"""Decision: before the shop opens, eight questions and which way to sell they speak for (row A8).

Each answer adds to or takes from each way to sell between −2 and 2 points (facts ``weights-of-…``, all of them
assumptions, each with its reason in words here). The way with the most points wins; among equals the one that leaves
fewer security duties with the seller, then the one that stands first in `WAYS`. That is all there is to it, so that
whoever disagrees can see with what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from types import MappingProxyType
from typing import Final

from simlib.errors import SafeShopError
from simlib.facts import value
from simlib.languages import _
from simlib.platform.choices import one_of
from simlib.platform.roles import Duty, Roles, duties, roles

WAYS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "marketplace": ("B2C", "platform-run", "direct"),
        "own-site": ("B2C", "own-site", "direct"),
        "consignment": ("B2C", "platform-run", "consignment"),
        "self-run": ("B2C", "self-run", "direct"),
        "contact-first": ("B2B", "platform-run", "contact-first"),
    }
)
"""Ways to sell, each with its trade model, operator and transaction mode (`simlib.platform.roles`)."""


@dataclass(frozen=True)
class Choice:
    """One possible answer.

    Attributes
    ----------
    name
        Stable name for programs.
    answer
        What the owner says, made when asked for so that it comes in the reader's language.
    pro, contra
        Why it speaks for the ways it favours, and against those it disfavours; ``contra`` may be missing.
    """

    name: str
    answer: Callable[[], str]
    pro: Callable[[], str]
    contra: Callable[[], str] | None = None


@dataclass(frozen=True)
class Question:
    """One of the eight questions.

    Attributes
    ----------
    name
        Stable name for programs.
    question
        What is asked.
    choices
        Possible answers.
    """

    name: str
    question: Callable[[], str]
    choices: tuple[Choice, ...]

    def choice(self, name: str) -> Choice:
        """The answer of that name.

        Raises
        ------
        SafeShopError
            If there is none.
        """
        names = [choice.name for choice in self.choices]
        return self.choices[
            names.index(one_of(_("The answer to {question}").format(question=self.name), name, names))
        ]


QUESTIONS: Final = (
    Question(
        "stability",
        lambda: _("How stable is the platform you have in mind?"),
        (
            Choice(
                "proven",
                lambda: _("It has run without long outages for years."),
                lambda: _("what others keep running you need not keep running yourself"),
            ),
            Choice(
                "unproven",
                lambda: _("It is new, or it has failed before."),
                lambda: _("you go on selling when the platform fails"),
                lambda: _("when the platform fails, your sales, and any goods or money there, are stuck"),
            ),
            Choice(
                "none",
                lambda: _("There is no platform for my goods."),
                lambda: _("it needs no platform that handles your goods"),
                lambda: _("it needs a platform, and there is none"),
            ),
        ),
    ),
    Question(
        "brand",
        lambda: _("How are your brand and your designs protected where the buyers are?"),
        (
            Choice(
                "registered",
                lambda: _("My brand is registered there."),
                lambda: _("a registered brand draws buyers of its own and lets you have copies taken down"),
            ),
            Choice(
                "unregistered",
                lambda: _("I have a brand, but it is not registered there."),
                lambda: _("you show your goods only to buyers you have chosen"),
                lambda: _(
                    "in an open catalogue copies appear beside yours, and you cannot have them removed"
                ),
            ),
            Choice(
                "none",
                lambda: _("I sell goods without a brand of my own."),
                lambda: _("buyers come for the platform's name"),
                lambda: _("nobody looks for you by name"),
            ),
        ),
    ),
    Question(
        "goods",
        lambda: _("Are the goods regulated at their destination?"),
        (
            Choice(
                "unregulated",
                lambda: _("No."),
                lambda: _("the goods may be sent straight to consumers"),
            ),
            Choice(
                "permit-held",
                lambda: _("Yes, and I hold the permit."),
                lambda: _("you can show the permit yourself, to each buyer who asks"),
            ),
            Choice(
                "permit-missing",
                lambda: _("Yes, and I do not hold the permit."),
                lambda: _("the buyer imports, and the permit is his business"),
                lambda: _("the goods enter in your name, without a permit"),
            ),
        ),
    ),
    Question(
        "channel",
        lambda: _("Do you want to sell directly or through a third party?"),
        (
            Choice(
                "direct",
                lambda: _("Directly: I want to know my buyers."),
                lambda: _("you deal with the buyer yourself"),
                lambda: _("a third party stands between you and the buyer"),
            ),
            Choice(
                "third-party",
                lambda: _("Through a third party: others shall bring the buyers."),
                lambda: _("somebody else brings the buyers"),
                lambda: _("you must find the buyers yourself"),
            ),
            Choice(
                "either",
                lambda: _("Either will do."),
                lambda: _("it lies between both: the platform's visitors, your own store"),
            ),
        ),
    ),
    Question(
        "payment",
        lambda: _("How do your buyers want to pay?"),
        (
            Choice(
                "card-or-wallet",
                lambda: _("By card or wallet, at once."),
                lambda: _("card and wallet are part of the checkout"),
            ),
            Choice(
                "escrow",
                lambda: _("Only if somebody holds the money until the goods are there."),
                lambda: _("the platform's payment company holds the money until the goods are there"),
                lambda: _("nobody neutral holds the money"),
            ),
            Choice(
                "cash-on-delivery",
                lambda: _("In cash, at the door."),
                lambda: _("somebody on the spot collects at the door"),
                lambda: _("the amount is too large and the way too long to collect at the door"),
            ),
            Choice(
                "bank-transfer",
                lambda: _("By bank transfer against an invoice."),
                lambda: _("invoice and transfer are how businesses pay there"),
                lambda: _("consumers at a checkout hardly ever wait for a transfer"),
            ),
        ),
    ),
    Question(
        "tax",
        lambda: _("Do you bear a tax burden at the destination?"),
        (
            Choice(
                "none",
                lambda: _("No tax arises there."),
                lambda: _("goods and stock may go there without a registration"),
            ),
            Choice(
                "registered",
                lambda: _("Yes, and I am registered for it."),
                lambda: _("you can charge the tax and pay it over"),
            ),
            Choice(
                "unregistered",
                lambda: _("Yes, and I am not registered."),
                lambda: _("the buyer imports and owes the tax"),
                lambda: _("you would owe a tax there that you cannot declare"),
            ),
        ),
    ),
    Question(
        "licence",
        lambda: _("Do the goods need an end-user licence agreement?"),
        (
            Choice(
                "not-needed",
                lambda: _("No, not needed."),
                lambda: _("the goods can change hands without further papers"),
            ),
            Choice(
                "ready",
                lambda: _("Yes, and it is ready."),
                lambda: _(
                    "you can show the agreement before the sale and keep the proof that it was accepted"
                ),
            ),
            Choice(
                "not-ready",
                lambda: _("Yes, but I have none."),
                lambda: _("the terms can be settled with each buyer by hand"),
                lambda: _("the buyer would use the goods without having agreed to anything"),
            ),
        ),
    ),
    Question(
        "cloud",
        lambda: _("Where are the company's data kept?"),
        (
            Choice(
                "cloud-alone",
                lambda: _("In the cloud alone."),
                lambda: _("you hold few data of customers that could be lost with the cloud"),
                lambda: _(
                    "orders and customers' data are yours alone, and one lost account takes all of them"
                ),
            ),
            Choice(
                "cloud-and-own-copy",
                lambda: _("In the cloud, with a copy of my own."),
                lambda: _("your own copy brings the store back when the cloud's is gone"),
            ),
            Choice(
                "own-copies",
                lambda: _("On my own machines, with copies."),
                lambda: _("you are used to keeping orders and papers yourself"),
            ),
        ),
    ),
)
"""The eight questions of row A8, each with its possible answers."""


@dataclass(frozen=True)
class Reason:
    """Why an answer speaks for or against a way to sell.

    Attributes
    ----------
    question, choice
        Names of the question and of the answer it comes from.
    points
        From −2 to 2, never 0.
    sentence
        In the reader's language, naming the answer.
    """

    question: str
    choice: str
    points: int
    sentence: str


@dataclass(frozen=True)
class Option:
    """One way to sell, with what the answers say about it.

    Attributes
    ----------
    way
        One of `WAYS`.
    points
        Sum over the eight answers.
    reasons
        The answers that speak for or against it, in the order of the questions.
    duties
        Security duties that stay with the seller.
    """

    way: str
    points: int
    reasons: tuple[Reason, ...]
    duties: tuple[Duty, ...]

    @property
    def roles(self) -> Roles:
        """Who does what this way."""
        return roles(*WAYS[self.way])


@dataclass(frozen=True)
class Decision:
    """All ways to sell, the most suitable first.

    Attributes
    ----------
    options
        In order of points, then of the tie-break.
    tied
        Ways that have as many points as the first, which only the tie-break put behind it.
    """

    options: tuple[Option, ...]
    tied: tuple[str, ...]

    @property
    def best(self) -> Option:
        """The most suitable way."""
        return self.options[0]

    def sentence(self) -> str:
        """The outcome in the reader's language; a tie is owned up to."""
        best = self.best
        said = _("Your answers speak for: {way} ({points} points).").format(
            way=way_label(best.way), points=best.points
        )
        if not self.tied:
            return said
        return said + _(
            " As many points: {ways}. Among equals the way that leaves fewer security duties with you comes first, "
            "then the one that stands first in the list."
        ).format(ways=", ".join(way_label(way) for way in self.tied))


def decide(answers: Mapping[str, str]) -> Decision:
    """Which way to sell the answers speak for.

    Parameters
    ----------
    answers
        Name of each question → name of the answer.

    Raises
    ------
    SafeShopError
        If a question is unanswered or unknown, or an answer is none of its choices.
    """
    for name in answers:
        one_of(_("The question"), name, [question.name for question in QUESTIONS])
    for question in QUESTIONS:
        if question.name not in answers:
            raise SafeShopError(
                _("The question {question} is not answered yet; choose one of {choices}.").format(
                    question=question.name, choices=", ".join(choice.name for choice in question.choices)
                )
            )
        question.choice(answers[question.name])
    order = ranking(answers)
    sums = points(answers)
    return Decision(
        tuple(Option(way, sums[way], _reasons(way, answers), _staying(way)) for way in order),
        tuple(way for way in order[1:] if sums[way] == sums[order[0]]),
    )


def points(answers: Mapping[str, str]) -> dict[str, int]:
    """Way to sell → points, for complete answers."""
    sums = dict.fromkeys(WAYS, 0)
    for question, choice in answers.items():
        for way, weight in weights(question, choice).items():
            sums[way] += weight
    return sums


def ranking(answers: Mapping[str, str]) -> tuple[str, ...]:
    """The ways to sell, the most suitable first, for complete answers."""
    sums, behind = points(answers), _tie_break()
    return tuple(sorted(WAYS, key=lambda way: (-sums[way], behind[way])))


@lru_cache
def weights(question: str, choice: str) -> Mapping[str, int]:
    """Way to sell → what this answer adds to it; a way not named gets nothing."""
    return MappingProxyType(value(f"weights-of-{question}-{choice}"))


def all_answers() -> Iterator[dict[str, str]]:
    """Every possible set of answers."""
    names = [question.name for question in QUESTIONS]
    for chosen in product(*([choice.name for choice in question.choices] for question in QUESTIONS)):
        yield dict(zip(names, chosen, strict=True))


def way_label(way: str) -> str:
    """A way to sell in the reader's language."""
    return {
        "marketplace": _("your own store on a marketplace"),
        "own-site": _("your own site"),
        "consignment": _("goods on consignment with a third party"),
        "self-run": _("supplying a platform that sells itself"),
        "contact-first": _("finding business buyers through a directory"),
    }[way]


@lru_cache
def _tie_break() -> Mapping[str, tuple[int, int]]:
    """Way to sell → security duties that stay with the seller, and its place in `WAYS`: less comes first."""
    return {way: (len(_staying(way)), place) for place, way in enumerate(WAYS)}


def _staying(way: str) -> tuple[Duty, ...]:
    return tuple(duty for duty in duties(roles(*WAYS[way])) if duty.stays)


def _reasons(way: str, answers: Mapping[str, str]) -> tuple[Reason, ...]:
    found = []
    for question in QUESTIONS:
        choice = question.choice(answers[question.name])
        weight = weights(question.name, choice.name).get(way, 0)
        if weight == 0:
            continue
        why = choice.pro if weight > 0 else choice.contra
        assert why is not None, f"{question.name} {choice.name} speaks against {way} without a reason"
        template = (
            _("Speaks for it: you answered “{answer}” ({question}), and {why}.")
            if weight > 0
            else _("Speaks against it: you answered “{answer}” ({question}), and {why}.")
        )
        sentence = template.format(answer=choice.answer(), question=question.question(), why=why())
        found.append(Reason(question.name, choice.name, weight, sentence))
    return tuple(found)
