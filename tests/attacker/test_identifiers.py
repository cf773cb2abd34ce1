from __future__ import annotations

import pytest

from simlib.attacker.identifiers import FRAMEWORKS, Framework, identifier, listing, name_of
from simlib.errors import SafeShopError


def test_the_version_of_each_framework_is_stated() -> None:
    assert (listing("attack").version, listing("fraud").version) == ("19", "1.1")


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("T1656", "T1684.001", "Impersonation"),
        ("T1672", "T1684.002", "Email Spoofing"),
        ("T1562.001", "T1685", "Disable or Modify Tools"),
    ],
)
def test_a_revoked_id_is_refused_with_what_takes_its_place(old: str, new: str, name: str) -> None:
    with pytest.raises(SafeShopError) as told:
        identifier("attack", old)
    assert told.value.sentence == f"{old} was revoked in MITRE ATT&CK v19: write {new} ({name}) instead."


def test_every_replacement_is_itself_valid_and_nothing_is_both() -> None:
    for framework in FRAMEWORKS:
        known = listing("attack" if framework == "attack" else "fraud")
        assert set(known.revoked.values()) <= set(known.valid)
        assert not set(known.revoked) & set(known.valid)


def test_v19_has_stealth_and_defense_impairment_in_place_of_defense_evasion() -> None:
    assert listing("attack").tactics == {"TA0005": "Stealth", "TA0112": "Defense Impairment"}


@pytest.mark.parametrize(
    ("framework", "given", "sentence"),
    [
        (
            "attack",
            "T1566.009",
            (
                "T1566.009 is not on the kit's list of MITRE ATT&CK v19 ids (identifiers.yaml). "
                "Did you mean T1566.004 (Spearphishing Voice)?"
            ),
        ),
        (
            "attack",
            "F1012",
            "F1012 is not an id of MITRE ATT&CK v19 but of MITRE Fight Fraud Framework F3 v1.1; write it there.",
        ),
        (
            "fraud",
            "x",
            "x is not on the kit's list of MITRE Fight Fraud Framework F3 v1.1 ids (identifiers.yaml).",
        ),
    ],
)
def test_an_unknown_id_gets_its_sentence(framework: Framework, given: str, sentence: str) -> None:
    with pytest.raises(SafeShopError) as told:
        identifier(framework, given)
    assert told.value.sentence == sentence


def test_an_id_has_its_frameworks_own_name() -> None:
    assert name_of("T1213.006") == "Databases"
    assert name_of("F1005.006") == "Change of Payment Details"
