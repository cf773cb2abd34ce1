from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from simlib.errors import SafeShopError
from simlib.facts import all_facts
from simlib.platform.decision import (
    QUESTIONS,
    WAYS,
    all_answers,
    decide,
    points,
    ranking,
    way_label,
    weights,
)
from simlib.platform.roles import duties, roles

PLAIN = {
    "stability": "proven",
    "brand": "registered",
    "goods": "unregulated",
    "channel": "direct",
    "payment": "escrow",
    "tax": "none",
    "licence": "not-needed",
    "cloud": "cloud-alone",
}
DUTIES_STAYING = {way: sum(duty.stays for duty in duties(roles(*WAYS[way]))) for way in WAYS}


@pytest.fixture(scope="module")
def winners() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Every possible set of answers → the ways to sell in their order."""
    return {tuple(answers.values()): ranking(answers) for answers in all_answers()}


def test_there_are_the_eight_questions_of_row_a8() -> None:
    assert [question.name for question in QUESTIONS] == list(PLAIN)
    assert len(QUESTIONS) == 8


def test_every_way_wins_somewhere_and_no_set_of_answers_fails(
    winners: dict[tuple[str, ...], tuple[str, ...]],
) -> None:
    sizes = [len(question.choices) for question in QUESTIONS]
    expected = 1
    for size in sizes:
        expected *= size
    assert len(winners) == expected
    assert {order[0] for order in winners.values()} == set(WAYS)
    assert all(sorted(order) == sorted(WAYS) for order in winners.values())


def test_each_answer_to_each_question_can_change_the_outcome(
    winners: dict[tuple[str, ...], tuple[str, ...]],
) -> None:
    for position, question in enumerate(QUESTIONS):
        outcomes: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
        for answers, order in winners.items():
            rest = answers[:position] + answers[position + 1 :]
            outcomes[rest][answers[position]] = order[0]
        for one in question.choices:
            for other in question.choices:
                if one is not other:
                    assert any(outcome[one.name] != outcome[other.name] for outcome in outcomes.values()), (
                        question.name,
                        one.name,
                        other.name,
                    )


def test_a_way_that_another_beats_on_every_answer_never_wins(
    winners: dict[tuple[str, ...], tuple[str, ...]],
) -> None:
    names = [question.name for question in QUESTIONS]
    for answers, order in winners.items():
        profile = {
            way: [weights(name, choice).get(way, 0) for name, choice in zip(names, answers, strict=True)]
            for way in WAYS
        }
        best = profile[order[0]]
        for way in order[1:]:
            # Equal on every answer is a tie, for which there is a rule; better on one and worse on none is not.
            at_least = all(mine >= his for mine, his in zip(profile[way], best, strict=True))
            assert not (at_least and profile[way] != best)


def test_ties_are_broken_by_the_stated_rule_alone(
    winners: dict[tuple[str, ...], tuple[str, ...]],
) -> None:
    names = [question.name for question in QUESTIONS]
    listed = list(WAYS)
    tied = 0
    for answers, order in winners.items():
        sums = points(dict(zip(names, answers, strict=True)))
        for first, second in itertools.pairwise(order):
            assert sums[first] >= sums[second]
            if sums[first] == sums[second]:
                tied += 1
                assert (DUTIES_STAYING[first], listed.index(first)) < (
                    DUTIES_STAYING[second],
                    listed.index(second),
                )
    assert tied


def test_each_reason_names_the_answer_it_comes_from_and_the_reasons_make_up_the_points() -> None:
    # Each choice of each question once, beside plain answers to the others.
    for question in QUESTIONS:
        for choice in question.choices:
            decision = decide({**PLAIN, question.name: choice.name})
            for option in decision.options:
                assert sum(reason.points for reason in option.reasons) == option.points
                for reason in option.reasons:
                    asked = next(one for one in QUESTIONS if one.name == reason.question)
                    assert asked.question() in reason.sentence
                    assert f"“{asked.choice(reason.choice).answer()}”" in reason.sentence
                    assert reason.sentence.startswith("Speaks for" if reason.points > 0 else "Speaks against")
            # The duties that stay with the seller come along (row A13).
            for option in decision.options:
                assert len(option.duties) == DUTIES_STAYING[option.way]
                assert option.roles == roles(*WAYS[option.way])


def test_each_weight_is_a_fact_with_a_reason_in_words() -> None:
    known = {
        f"weights-of-{question.name}-{choice.name}" for question in QUESTIONS for choice in question.choices
    }
    assert known == {name for name in all_facts() if name.startswith("weights-of-")}
    for question in QUESTIONS:
        for choice in question.choices:
            given = weights(question.name, choice.name)
            assert set(given) <= set(WAYS)
            assert all(weight in (-2, -1, 1, 2) for weight in given.values())
            assert any(weight > 0 for weight in given.values())
            assert (choice.contra is not None) == any(weight < 0 for weight in given.values())


def test_without_a_permit_nothing_is_sent_in_ones_own_name() -> None:
    missing = weights("goods", "permit-missing")
    assert missing["self-run"] > 0 > missing["own-site"]


def test_the_outcome_is_told_with_its_points_and_a_tie_is_owned_up_to() -> None:
    assert decide(PLAIN).sentence() == ("Your answers speak for: your own store on a marketplace (6 points).")
    tie = next(decision for answers in all_answers() if (decision := decide(answers)).tied)
    others = ", ".join(way_label(way) for way in tie.tied)
    assert tie.sentence().endswith(
        f" As many points: {others}. Among equals the way that leaves fewer security duties with you comes first, "
        "then the one that stands first in the list."
    )


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            {**PLAIN, "brand": "famous"},
            "The answer to brand must be one of registered, unregistered, none, not famous.",
        ),
        (
            {**PLAIN, "weather": "fine"},
            (
                "The question must be one of stability, brand, goods, channel, payment, tax, licence, cloud, "
                "not weather."
            ),
        ),
        (
            {name: answer for name, answer in PLAIN.items() if name != "tax"},
            "The question tax is not answered yet; choose one of none, registered, unregistered.",
        ),
    ],
)
def test_wrong_answers_get_their_sentence(answers: dict[str, str], sentence: str) -> None:
    with pytest.raises(SafeShopError) as told:
        decide(answers)
    assert told.value.sentence == sentence
