"""The vault to practise on: what was carried, what thieves read, what is found, destroyed and brought back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from simlib.course.rehearsal import OLD_SECONDS, PASSWORDS, PREFIX, Rehearsal
from simlib.errors import SafeShopError
from simlib.privacy import copies_of, policy
from simlib.scenario import Scenario
from simlib.vault.schema import MEMBERS, ORDERS
from simlib.world import simulate
from tests.rehearsals import rehearsal, small_run


@pytest.fixture(scope="module")
def lab() -> Iterator[Rehearsal]:
    made = rehearsal()
    made.carry()
    yield made
    made.remove()


def test_the_vault_holds_what_the_model_says_was_carried(lab: Rehearsal) -> None:
    run = small_run()
    copies = copies_of(run, policy("vault-at-completion", run.scenario.retention))
    held = copies.where("place", "vault") & (copies["since"] <= lab.at) & (lab.at < copies["until"])
    with lab.sign_in("owner") as session:
        orders, members = session.list_orders().count, session.search_members().count
    assert orders == int((held & copies.where("record", "order")).sum()) > 40
    assert members == int((held & copies.where("record", "member")).sum()) > 60
    assert orders == int((run.orders["closed"] <= lab.at).sum())


def test_what_the_last_day_brought_is_new_or_changed_and_leaves_nothing_behind() -> None:
    lab = rehearsal()
    lab.carry()
    members, orders, _lines = lab.carry_tonight()
    assert orders.rows == orders.new > 0
    assert members.new > 0
    assert members.changed > 0
    run, tonight = small_run(), lab.at + 1
    with lab.sign_in("owner") as session:
        assert session.list_orders().count == int((run.orders["closed"] <= tonight).sum())
    lab.remove()


def test_a_thief_finds_everything_on_a_plain_stick_and_nothing_on_the_others(lab: Rehearsal) -> None:
    plain, bundle, disk, sealed = lab.stolen().values()
    assert plain.found == plain.sought > 300
    assert bundle.found == disk.found == sealed.found == 0
    assert plain.entropy < 6.5
    assert bundle.entropy > 7.99
    assert sealed.entropy > 7.99
    everything = b"".join(path.read_bytes() for path in lab.vault.folder.iterdir())
    for field in (*MEMBERS.fields, *ORDERS.fields):
        for row in (*lab.history["members"], *lab.history["orders"])[:50]:
            text = str(row.get(field.name) or "")
            if field.personal and len(text) > 4:
                assert text.encode() not in everything, (field.name, text)


def test_each_key_opens_its_own_thing_and_nothing_else(lab: Rehearsal) -> None:
    opened = [tuple(trial.opens.values()) for trial in lab.try_keys()]
    # Columns: the bundle, May, June, the trail, a signature that the vault accepts.
    assert opened == [
        (False, False, False, False, True),  # the shop's signing key
        (False, False, False, False, False),  # the vault's public key
        (True, False, False, False, False),  # the vault's private key
        (False, True, False, False, False),  # May
        (False, False, True, False, False),  # June
        (False, False, False, True, False),  # the auditor's password
        (True, True, True, True, False),  # the owner's password
    ]


def test_one_changed_bit_is_found_and_its_month_is_named(lab: Rehearsal) -> None:
    folder = lab.copy("damaged")
    assert lab.check(folder).is_intact
    lab.change_one_byte(folder, "2014-06")
    done = lab.check(folder)
    (number,) = [
        one.number for one in lab.compartments().values() if (one.family, one.month) == ("orders", "2014-06")
    ]
    assert any(f"Compartment {number}:" in finding for finding in done.findings)
    others = set(lab.compartments()) - {number}
    assert not any(f"Compartment {other}:" in finding for other in others for finding in done.findings)
    assert lab.check().is_intact


def test_a_destroyed_month_is_gone_here_stays_in_the_sums_and_comes_back_from_a_backup(
    lab: Rehearsal,
) -> None:
    with lab.sign_in("owner") as session:
        before = {one.month: one.orders for one in session.monthly_statistics()[0]}
    gone = lab.destroy("2014-05", "a reason long enough")
    assert gone.here["2014-05"] == 0
    assert gone.here["2014-06"] == gone.backup["2014-06"] == before["2014-06"] > 0
    assert gone.backup["2014-05"] == before["2014-05"] > 0
    assert {one.month for one in gone.statistics if one.destroyed} == {"2014-05"}


def test_an_older_copy_put_back_is_found_with_the_receipt_only(lab: Rehearsal) -> None:
    drill, without, with_receipt = lab.rehearse_restore().values()
    assert drill.is_intact
    assert drill.rows > 0
    assert without.is_intact
    (finding,) = with_receipt.findings
    assert "it was put back or cut" in finding


def test_whoever_looks_at_many_customers_stands_out_in_the_trail(lab: Rehearsal) -> None:
    before = len([one for one in lab.read_trail() if one.action == "reveal"])
    lab.call("the buyer asks for it")
    lab.pry(7)
    seen = [one for one in lab.read_trail() if one.action == "reveal"][before:]
    assert [one.user for one in seen] == ["service"] * 8
    assert [one.details["reason"] for one in seen].count("checking the record") == 7


def test_customer_service_sees_an_order_masked_and_then_in_full(lab: Rehearsal) -> None:
    masked, full = lab.call("the buyer asks for it")
    personal = [spec.name for spec in ORDERS.fields if spec.personal and full.order[spec.name]]
    assert personal
    assert all(masked.order[name] != full.order[name] for name in personal)
    assert full.order["recipient_name"] != full.order["buyer_name"]


@pytest.mark.slow
def test_a_second_rehearsal_takes_the_place_of_the_first_in_the_learners_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFESHOP_FOLDER", str(tmp_path))
    place = tmp_path / ".safeshop"
    left, fresh = place / f"{PREFIX}left", place / f"{PREFIX}fresh"
    left.mkdir(parents=True)
    fresh.mkdir()
    old = time.time() - OLD_SECONDS - 60
    os.utime(left, (old, old))
    first = Rehearsal(small_run())
    assert not left.exists()
    assert fresh.exists()
    second = Rehearsal(small_run())
    assert second.folder.parent == place
    assert not first.folder.exists()
    second.remove()
    assert [path.name for path in place.iterdir()] == [fresh.name]


def test_a_shop_of_two_days_is_refused_in_one_sentence() -> None:
    run = simulate(Scenario.load("taiwan-gift-shop"), days=2, seed=1)
    with pytest.raises(SafeShopError, match=r"^The rehearsal needs a shop of at least 3 days, not 2\.$"):
        Rehearsal(run)


def test_the_lessons_passwords_are_four_words_and_no_word_comes_twice() -> None:
    words = [word for password in PASSWORDS.values() for word in password.split("-")]
    assert len(words) == len(set(words)) == 16
    assert np.all([len(password.split("-")) == 4 for password in PASSWORDS.values()])


def test_a_month_destroyed_at_the_screen_is_missed_in_a_sentence_and_the_other_cells_go_on() -> None:
    lab = rehearsal()
    lab.carry()
    with lab.sign_in("owner") as session:
        session.destroy("orders", "2014-06", "end of its time")
    sentence = (
        "The orders of 2014-06 were destroyed at the vault's screen, and this cell needs them. "
        "For a fresh vault, run the lesson once more from its beginning."
    )
    for attempt in (lab.try_keys, lambda: lab.change_one_byte(lab.copy("damaged"), "2014-06")):
        with pytest.raises(SafeShopError) as missed:
            attempt()
        assert missed.value.sentence == sentence
    gone = lab.destroy("2014-05", "end of its time")
    assert set(gone.here.values()) == {0}
    assert gone.backup["2014-05"] > 0 == gone.backup["2014-06"]
    assert lab.rehearse_restore()
    lab.remove()
