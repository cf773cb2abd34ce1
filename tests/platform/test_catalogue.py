from __future__ import annotations

import pytest

from simlib.errors import SafeShopError
from simlib.platform.catalogue import MARKETS, WORLD, find, places, platforms
from simlib.platform.roles import OPERATORS, TRADES


def names(*arguments: str | None, closed: bool = False, leaders: bool = False) -> set[str]:
    return {platform.name for platform in find(*arguments, closed=closed, leaders=leaders)}


def test_the_platforms_named_in_2014_stand_in_their_market_and_trade() -> None:
    """Row A6, as the talk has them."""
    assert names("domestic", "B2B", "cn") == {"1688.com"}
    assert names("domestic", None, "cn", closed=True) >= {
        "tmall.com",
        "taobao.com",
        "jd.com",
        "wanggou.com",
        "vip.com",
    }
    assert names("export", "B2B") >= {
        *("alibaba.com", "hktdc.com", "aliexpress.com", "eBay", "small-order.hktdc.com"),
    }
    assert names("export", "C2C") >= {"eBay", "amazon"}
    assert names(leaders=True) == {"amazon.co.jp", "daum.net", "gmarket.co.kr", "flipkart.com"}


def test_each_market_and_each_trade_has_a_platform() -> None:
    assert all(find(market=market) for market in MARKETS)
    assert all(find(trade=trade) for trade in TRADES)
    assert all(find("domestic", None, place) for place in ("tw", "cn", "hk", "eu"))


def test_every_platform_found_fits_what_was_asked() -> None:
    for market in MARKETS:
        for trade in TRADES:
            for place in places():
                for platform in find(market, trade, place):
                    assert market in platform.markets
                    assert trade in platform.trades
                    assert platform.place in (place, WORLD)
                    assert platform.since != "closed"


def test_platforms_of_the_whole_world_fit_every_place() -> None:
    worldwide = {platform.name for platform in platforms() if platform.place == WORLD}
    assert worldwide
    for place in places():
        assert worldwide <= names(None, None, place)
    assert "amazon.co.jp" in names("export", "B2C", "jp") - names("export", "B2C", "kr")


def test_what_has_closed_since_is_found_only_when_asked_for() -> None:
    assert "wanggou.com" not in names("domestic", "B2C", "cn")
    assert "wanggou.com" in names("domestic", "B2C", "cn", closed=True)


def test_only_what_a_source_names_counts_as_verified_and_changes_since_never_do() -> None:
    for platform in platforms():
        own = platform.fact.source.startswith("Safe Shop Lab")
        assert platform.fact.status == ("assumption" if own else "verified")
        assert bool(platform.since) == (platform.since_fact is not None)
        if platform.since_fact:
            assert platform.since_fact.status == "assumption"
            assert platform.since_fact.year >= platform.fact.year or platform.fact.year == 2020
        assert platform.operator in OPERATORS
        assert set(platform.markets) <= set(MARKETS)
        assert set(platform.trades) <= set(TRADES)


def test_a_platform_says_who_named_it_when_and_what_became_of_it() -> None:
    said = {platform.name: platform.sentence() for platform in platforms()}
    assert said["taobao.com"] == "taobao.com: named in a source of 2014."
    assert said["shopee.tw"] == "shopee.tw: general knowledge of 2026, unverified."
    assert said["wanggou.com"] == (
        "wanggou.com: named in a source of 2014. Since then closed (2014, unverified)."
    )
    assert all("{" not in sentence for sentence in said.values())


def test_unknown_words_get_their_sentence() -> None:
    with pytest.raises(SafeShopError) as told:
        find("expert")
    assert told.value.sentence == (
        "The market must be one of domestic, import, export, not expert. Did you mean export?"
    )
    with pytest.raises(SafeShopError) as told:
        find(place="atlantis")
    assert told.value.sentence == f"The place must be one of {', '.join(places())}, not atlantis."
