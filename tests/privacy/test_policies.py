"""Ready-made policies fit the shop they are laid over, or say why not."""

from __future__ import annotations

import pytest

from simlib.errors import SafeShopError
from simlib.privacy import POLICIES, policy
from tests.shops import scenario

CARRIED = ("to-erp", "vault-at-completion", "vault-at-order")
"""Policies under which something is carried to a vault by hand."""


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_changes_only_what_it_names(name: str) -> None:
    base = scenario("taiwan-gift-shop").retention
    laid = policy(name, base, mask_after_days=5.0).model_dump()
    named = set(POLICIES[name]) | {"mask_after_days"}
    assert {field for field, value in base.model_dump().items() if laid[field] != value} <= named
    assert laid["mask_after_days"] == (5.0 if name == "mask" else None)


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_is_carried_where_no_medium_is_allowed(name: str) -> None:
    base = scenario("mainland-marketplace-store").retention
    if name not in CARRIED:
        assert policy(name, base, mask_after_days=5.0).removable_media is False
        return
    with pytest.raises(SafeShopError, match="needs a hand-carried medium, which is not allowed here"):
        policy(name, base)
