from __future__ import annotations

from itertools import product

import pytest

from simlib.errors import SafeShopError
from simlib.platform.roles import (
    CONTACT,
    DUTIES,
    EXAMPLES,
    FIELDS,
    MODES,
    OPERATORS,
    PARTIES,
    PLACES,
    TRADES,
    combinations,
    duties,
    example,
    field_label,
    impossible,
    party_label,
    place_label,
    roles,
)
from simlib.privacy import PLACES as COPY_PLACES
from simlib.privacy import Field

ALL = combinations()


def staying(trade: str, operator: str, mode: str) -> set[str]:
    return {duty.name for duty in duties(roles(trade, operator, mode)) if duty.stays}


@pytest.mark.parametrize("combination", ALL, ids="-".join)
def test_every_role_has_a_holder_and_the_money_goes_from_buyer_to_shop(
    combination: tuple[str, str, str],
) -> None:
    found = roles(*combination)
    for role in ("sells", "lists", "holds_stock", "ships", "invoices", "collects", "answers"):
        assert getattr(found, role) in PARTIES
    assert found.settles[0] == "buyer"
    assert found.settles[-1] == "shop"
    assert found.settles[1] == found.collects
    assert set(found.settles) <= set(PARTIES)
    assert found.sells in ("shop", "platform")


@pytest.mark.parametrize("combination", ALL, ids="-".join)
def test_the_data_lie_with_those_who_act_and_nowhere_else(combination: tuple[str, str, str]) -> None:
    found = roles(*combination)
    assert set(found.holds) <= set(PLACES)
    assert all(set(fields) <= set(FIELDS) and fields for fields in found.holds.values())
    # Whoever ships needs the contact; whoever does not exist in this sale holds nothing.
    assert ("courier" in found.holds) == (found.ships != "nobody")
    assert ("shop" in found.holds) == (found.operator == "own-site")
    assert ("platform" in found.holds) == (found.operator != "own-site")
    assert ("consignee" in found.holds) == (found.mode == "consignment")
    assert ("mailbox" in found.holds) == (found.mode == "contact-first")
    assert ("store" in found.holds) == (found.trade == "O2O")
    # Nobody can read what lies nowhere, and who packs can read where to.
    assert set(found.shop_reads) <= {field for fields in found.holds.values() for field in fields}
    if found.ships == "shop":
        assert set(CONTACT) <= set(found.shop_reads)


def test_fields_and_places_are_those_of_the_privacy_room() -> None:
    assert [field.upper() for field in FIELDS] == [field.name for field in Field]
    assert set(PLACES) - {"consignee", "store", "mailbox"} <= set(COPY_PLACES)


@pytest.mark.parametrize("combination", ALL, ids="-".join)
def test_each_role_is_explained_by_a_sentence(combination: tuple[str, str, str]) -> None:
    found = roles(*combination)
    told = found.explanations()
    assert set(told) - {"platform_goods"} == {
        *("sells", "lists", "holds_stock", "ships", "invoices", "collects", "answers"),
        *("settles", "holds", "shop_reads"),
    }
    assert ("platform_goods" in told) == (found.platform_goods is not None)
    assert all(sentence.endswith(".") and "{" not in sentence for sentence in told.values())


def test_marketplace_and_self_run_platform_differ_in_who_sells_settles_invoices_and_ships() -> None:
    taobao, jd = example("Taobao"), example("JD")
    assert (taobao.sells, taobao.invoices, taobao.ships, taobao.holds_stock) == ("shop",) * 4
    assert (jd.sells, jd.invoices, jd.ships, jd.holds_stock) == ("platform",) * 4
    assert taobao.settles == ("buyer", "payment_company", "shop")
    assert jd.settles == ("buyer", "platform", "shop")
    assert set(CONTACT) <= set(taobao.shop_reads)
    assert not set(CONTACT) & set(jd.shop_reads)
    assert set(EXAMPLES) == {"Taobao", "JD"}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_word_makes_a_difference(axis: int) -> None:
    words = (TRADES, OPERATORS, MODES)[axis]
    for one, other in product(words, words):
        if one == other:
            continue
        pairs = []
        for combination in ALL:
            twin = (*combination[:axis], other, *combination[axis + 1 :])
            if combination[axis] == one and impossible(*twin) is None:
                first, second = roles(*combination).explanations(), roles(*twin).explanations()
                pairs.append(first != second)
        assert all(pairs), (one, other)


def test_a_hybrid_platform_is_both_at_once() -> None:
    hybrid = roles("B2C", "hybrid", "direct")
    assert hybrid.sells == "shop"
    assert hybrid.platform_goods == roles("B2C", "self-run", "direct")
    assert roles("C2C", "hybrid", "direct").platform_goods == roles("B2C", "self-run", "direct")
    assert roles("B2C", "platform-run", "direct").platform_goods is None


def test_an_o2o_buyer_comes_to_the_counter_and_leaves_no_address() -> None:
    visit = roles("O2O", "platform-run", "direct")
    assert visit.ships == "nobody"
    assert not any("address" in fields for fields in visit.holds.values())


def test_in_consignment_the_third_party_stores_collects_remits_and_ships() -> None:
    found = roles("B2C", "platform-run", "consignment")
    assert (found.holds_stock, found.collects, found.settles[-2], found.ships) == ("consignee",) * 4
    assert found.sells == "shop"


@pytest.mark.parametrize("combination", ALL, ids="-".join)
def test_each_duty_has_a_reason_and_payment_account_permissions_and_backups_always_stay(
    combination: tuple[str, str, str],
) -> None:
    found = duties(roles(*combination))
    assert tuple(duty.name for duty in found) == DUTIES
    assert all(duty.what.endswith(".") and duty.reason.endswith(".") for duty in found)
    assert {"payment-account", "platform-account", "user-permissions", "backups"} <= staying(*combination)


def test_who_never_reads_the_customers_names_need_not_guard_them() -> None:
    assert "customer-data" in staying("B2C", "platform-run", "direct")
    assert "customer-data" not in staying("B2C", "self-run", "direct")
    assert "customer-data" not in staying("B2C", "platform-run", "consignment")
    assert "customer-data" in staying("B2C", "own-site", "direct")


def test_the_server_is_the_sellers_only_on_an_own_site() -> None:
    for combination in ALL:
        assert ("server" in staying(*combination)) == (combination[1] == "own-site")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("B2X", "own-site", "direct"),
            "The trade model must be one of B2B, B2C, C2C, O2O, not B2X. Did you mean B2C?",
        ),
        (
            ("B2C", "own site", "direct"),
            (
                "The operator must be one of own-site, platform-run, self-run, hybrid, not own site. "
                "Did you mean own-site?"
            ),
        ),
        (
            ("B2C", "own-site", "swap"),
            "The transaction mode must be one of direct, contact-first, consignment, not swap.",
        ),
        (
            ("B2C", "own-site", "consignment"),
            (
                "Consignment needs a third party that offers the goods in its own shop, and an own site has none: "
                "choose platform-run or hybrid, or the mode direct."
            ),
        ),
        (
            ("C2C", "own-site", "direct"),
            (
                "C2C needs a place where private people meet, and whoever keeps an own site trades as a business: "
                "choose platform-run, or the trade model B2C."
            ),
        ),
        (
            ("C2C", "self-run", "direct"),
            (
                "A self-run platform is a business that sells itself, so consumers do not sell there: "
                "choose platform-run, or the trade model B2C."
            ),
        ),
        (
            ("B2B", "self-run", "consignment"),
            (
                "A self-run platform buys the goods and sells them under its own name, so there is neither a buyer to "
                "contact nor stock of yours in its shop: choose the mode direct, or the operator platform-run."
            ),
        ),
        (
            ("B2C", "platform-run", "contact-first"),
            (
                "Consumers who buy from a business order at once, without an enquiry first: choose the mode direct, or "
                "the trade model B2B or C2C."
            ),
        ),
        (
            ("O2O", "platform-run", "consignment"),
            (
                "An O2O buyer comes to the counter, so there is nothing for a third party to store and ship: choose "
                "the mode direct, or the trade model B2C."
            ),
        ),
    ],
)
def test_words_that_are_unknown_or_cannot_go_together_get_their_sentence(
    words: tuple[str, str, str], sentence: str
) -> None:
    with pytest.raises(SafeShopError) as told:
        roles(*words)
    assert told.value.sentence == sentence


def test_every_trade_operator_and_mode_occurs_and_every_word_has_its_label() -> None:
    assert {one[0] for one in ALL} == set(TRADES)
    assert {one[1] for one in ALL} == set(OPERATORS)
    assert {one[2] for one in ALL} == set(MODES)
    assert all(party_label(party) for party in PARTIES)
    assert all(place_label(place) for place in PLACES)
    assert all(field_label(field) for field in FIELDS)
