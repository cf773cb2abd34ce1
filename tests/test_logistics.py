"""Lost parcels: who bears what, from the orders alone."""

from __future__ import annotations

import numpy as np
import pytest

from simlib.logistics import lost_parcels
from simlib.world import simulate
from tests.shops import scenario


@pytest.mark.parametrize("compensation", [0.0, 0.5, 1.0])
def test_shop_and_courier_bear_goods_and_postage_between_them(compensation: float) -> None:
    shop = scenario("taiwan-gift-shop").changed(
        logistics__loss=0.1, logistics__compensation=compensation, logistics__claim_days=4
    )
    run = simulate(shop, days=50, seed=5)
    result = lost_parcels(run, until=30)
    frame = run.orders.pandas()
    sent = frame[frame["picked_up"] < 30]
    lost = sent[sent["state"] == "lost"]
    paid = lost.dropna(subset=["paid"])
    done = frame[frame["state"] == "completed"]
    postage = float(shop.logistics.parcel_fee)
    assert (result.sent, result.lost) == (len(sent), len(lost))
    assert len(lost) > 20
    assert result.goods == pytest.approx(lost["goods_cost"].sum() / 100)
    assert result.postage == pytest.approx(postage * len(lost))
    assert result.made_good == pytest.approx(compensation * result.goods, abs=0.01 * len(lost))
    assert result.shop_pays == pytest.approx(result.goods + result.postage - result.made_good)
    assert result.given_back == pytest.approx(paid["amount"].sum() / 100)
    assert result.days_without_money == pytest.approx((paid["closed"] - paid["paid"]).mean())
    assert result.usual_margin == pytest.approx(
        ((done["amount"] - done["goods_cost"]) / 100).mean() - postage
    )
    assert result.orders_to_earn_it_back == pytest.approx(result.shop_pays / result.usual_margin)


def test_how_long_the_courier_takes_changes_the_wait_and_nothing_else() -> None:
    shop = scenario("taiwan-gift-shop").changed(logistics__loss=0.05)
    quick, slow = (
        lost_parcels(simulate(shop.changed(logistics__claim_days=days), days=60, seed=5), until=30)
        for days in (2, 12)
    )
    assert (quick.lost, quick.shop_pays) == (slow.lost, slow.shop_pays)
    assert slow.days_without_money == pytest.approx(quick.days_without_money + 10)


def test_where_nothing_is_lost_nobody_waits() -> None:
    result = lost_parcels(simulate(scenario("taiwan-gift-shop"), days=20, seed=5))
    assert (result.lost, result.shop_pays, result.given_back) == (0, 0, 0)
    assert np.isnan(result.days_without_money)
