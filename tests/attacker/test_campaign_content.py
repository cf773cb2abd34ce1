"""What the campaigns know: held against the table of the facts, the framework's lists, and their own words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from simlib.attacker import PRECONDITIONS, campaign, campaigns
from simlib.attacker import words as said
from simlib.attacker.campaign import FOLDER, Campaign, Step
from simlib.attacker.detectors import detector, detectors
from simlib.attacker.identifiers import identifier
from simlib.defence.controls import EXTRAS, IG1, control, controls
from simlib.facts import all_facts, fact, value
from simlib.languages import CATALOGUES

# The table of the facts, row by row: name, ATT&CK, F3, controls.
TABLE = {
    1: (
        "heartbleed",
        "T1190 T1212 T1552.004 T1550.004",
        "",
        "1.1 2.1 2.2 7.1 7.2 7.3 7.4 new-keys-and-certificates",
    ),
    2: ("shop-software-hole", "T1190 T1505.003 T1213.006", "", "2.2 7.1 7.2 7.3 7.4 8.2 11.4 15.1"),
    3: (
        "checkout-skimmer",
        "T1195.002 T1059.007 T1056.003",
        "F1007.003",
        "2.1 2.3 7.4 15.1 content-security-policy",
    ),
    4: (
        "account-takeover",
        "T1566.002 T1557 T1539 T1657",
        "F1006.002 F1005.006",
        "5.2 6.3 9.2 14.2 14.3 17.2 payout-hold",
    ),
    5: ("infostealer", "T1204.004 T1555.003 T1539 T1176.001", "", "2.3 5.4 9.1 9.2 10.1 10.2"),
    6: ("credential-stuffing", "T1110.004 T1078", "F1028", "5.2 6.3 8.2 rate-limit"),
    7: ("insider-export", "T1078 T1213.006 T1052.001", "F1033", "3.3 3.4 5.1 5.3 6.1 6.2 8.2"),
    8: ("ransomware", "T1133 T1219 T1490 T1486", "", "5.4 6.4 7.3 10.1 11.1 11.2 11.3 11.4 17.1"),
    9: (
        "supplier-payment-fraud",
        "T1586.002 T1114.003 T1684.001 T1657",
        "F1005.006",
        "6.3 14.2 14.6 17.3 call-back",
    ),
    10: (
        "leaked-orders-calls",
        "T1199 T1213.006 T1566.004",
        "F1029 F1032",
        "3.3 3.4 6.3 15.1 17.1 17.2 17.3",
    ),
    11: ("seller-not-certified", "T1566.003 T1598.003 T1684.001", "F1020.002", "9.2 14.2 14.6 17.2"),
    12: ("wrong-price", "T1565.001", "F1028", "6.1 8.2 price-floor four-eyes order-cap"),
    13: ("card-testing", "T1657", "F1012 F1038 F1024 F1043", "3.1 3.4 three-d-secure velocity-limit"),
    14: (
        "poisoned-carrier",
        "T1091 T1204.002 T1025 T1052.001",
        "",
        "3.3 3.6 4.1 10.1 10.3 11.3 signed-manifest",
    ),
    15: ("service-token-theft", "T1199 T1528 T1550.001 T1530", "F1006.001", "2.1 5.3 6.2 15.1"),
    16: ("sale-day-flood", "T1498 T1499.003", "", "15.1 17.1 cdn"),
}

SEEN_BY = {
    1: "record-length-mismatch",
    2: "new-file unknown-administrator",
    3: "script-changed",
    4: "new-device-notice",
    5: "malware-alarm leak-notice",
    6: "login-failures",
    7: "export-volume",
    8: "backup-failed mass-rename",
    9: "mail-rule-notice account-change-asked",
    10: "buyer-complaints canary-call",
    11: "link-off-platform",
    12: "order-rate",
    13: "decline-ratio",
    14: "manifest-mismatch row-count",
    15: "interface-volume place-of-use",
    16: "latency",
}
"""The table's column "seen by"."""

ALL = [campaign(name) for name in campaigns()]
STEPS = [(one, step) for one in ALL for step in one.steps]


def ids(one: Any) -> str:
    return one.name if isinstance(one, Campaign | Step) else str(one)


def files() -> list[tuple[str, Any]]:
    return [(path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in FOLDER.glob("*.yaml")]


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict) and set(tree) != {"fact"}:
        for key, item in tree.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list):
        for item in tree:
            yield from leaves(item, path)
    else:
        yield path, tree


def test_the_campaigns_are_the_sixteen_of_the_table() -> None:
    assert {one.number: one.name for one in ALL} == {number: row[0] for number, row in TABLE.items()}
    assert len(ALL) == 16


@pytest.mark.parametrize("one", ALL, ids=ids)
def test_a_campaign_names_the_techniques_of_the_table(one: Campaign) -> None:
    _name, techniques, fraud, _controls = TABLE[one.number]
    assert (list(one.techniques), list(one.fraud)) == (techniques.split(), fraud.split())


@pytest.mark.parametrize("one", ALL, ids=ids)
def test_its_steps_together_name_the_techniques_of_the_whole(one: Campaign) -> None:
    # A false log-in page is phishing, wherever it leads.
    named = {name for step in one.steps for name in step.techniques}
    assert set(one.techniques) <= named <= {*one.techniques, "T1566.002"}
    assert {name for step in one.steps for name in step.fraud} == set(one.fraud)
    assert 3 <= len(one.steps) <= 6


@pytest.mark.parametrize(("one", "step"), STEPS, ids=ids)
def test_every_id_is_valid_in_the_stated_version(one: Campaign, step: Step) -> None:
    for name in (*one.techniques, *step.techniques):
        assert identifier("attack", name) == name
    for name in (*one.fraud, *step.fraud):
        assert identifier("fraud", name) == name


@pytest.mark.parametrize("one", ALL, ids=ids)
def test_every_control_of_the_table_stops_part_of_its_campaign(one: Campaign) -> None:
    stopping = {stop.control for step in one.steps for stop in step.stopped_by if stop.share > 0}
    assert set(TABLE[one.number][3].split()) <= stopping


@pytest.mark.parametrize("one", ALL, ids=ids)
def test_every_detector_of_the_table_watches_its_campaign(one: Campaign) -> None:
    watching = {sight.detector for step in one.steps for sight in step.seen_by if sight.hit > 0}
    assert set(SEEN_BY[one.number].split()) <= watching


@pytest.mark.parametrize(("one", "step"), STEPS, ids=ids)
def test_controls_of_a_step_are_known_and_belong_to_the_device_they_are_asked_at(
    one: Campaign, step: Step
) -> None:
    for name, device in [
        *((stop.control, stop.device) for stop in step.stopped_by),
        *((sight.needs, sight.device) for sight in step.seen_by if sight.needs),
    ]:
        assert device is None or device in control(name).belongs_to, (one.name, step.name, name, device)
    stops = [(stop.control, stop.device) for stop in step.stopped_by]
    assert len(set(stops)) == len(stops)


@pytest.mark.parametrize(("one", "step"), STEPS, ids=ids)
def test_every_step_has_a_detector_or_a_reason_why_nothing_can_see_it(one: Campaign, step: Step) -> None:
    assert bool(step.seen_by) != bool(said.why_unseen(one.name, step.name))


@pytest.mark.parametrize(("one", "step"), STEPS, ids=ids)
def test_a_detector_is_the_same_in_every_campaign(one: Campaign, step: Step) -> None:
    for sight in step.seen_by:
        assert detector(sight.detector).by == sight.by, (one.name, step.name, sight.detector)


def test_every_detector_watches_something_and_costs_what_it_costs() -> None:
    assert {sight.detector for _one, step in STEPS for sight in step.seen_by} == set(detectors())
    own = [one for one in detectors().values() if one.by == "own"]
    assert all(one.false_alarms_per_year > 0 and one.hours_each > 0 for one in own)
    assert detector("script-changed").false_hours_per_year == pytest.approx(10 * 0.5)


def test_every_number_of_a_campaign_is_a_fact() -> None:
    for name, tree in files():
        for path, leaf in leaves(tree):
            if path != "number":
                assert isinstance(leaf, str | dict | bool), f"{name}: {path}: {leaf}"
                assert not isinstance(leaf, dict) or fact(leaf["fact"]).unit


def test_units_of_campaigns_are_those_of_their_facts() -> None:
    for name, tree in files():
        for step in tree["steps"]:
            for duration in durations(step):
                assert fact(duration["mean"]["fact"]).unit == duration["unit"], (name, step["name"])


def durations(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict) and {"mean", "unit"} <= set(tree):
        yield tree
    elif isinstance(tree, dict | list):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from durations(item)


def test_every_fact_of_the_attacks_is_used_or_is_shown_as_a_report_s_figure() -> None:
    used = {leaf["fact"] for _name, tree in files() for _path, leaf in leaves(tree) if isinstance(leaf, dict)}
    tree = yaml.safe_load((FOLDER.parent / "detectors.yaml").read_text(encoding="utf-8"))
    used |= {leaf["fact"] for _path, leaf in leaves(tree) if isinstance(leaf, dict)}
    known = yaml.safe_load((FOLDER.parent.parent / "facts" / "attacks.yaml").read_text(encoding="utf-8"))
    unused = set(known) - used
    reported = {name for name in unused if fact(name).source != "Safe Shop Lab"}
    assert unused - reported <= {"phishing-wave-messages"}


def test_what_was_measured_is_taken_where_it_was_measured() -> None:
    def share(name: str, step: str, control: str) -> float:
        steps = {one.name: one for one in campaign(name).steps}
        return next(stop.share for stop in steps[step].stopped_by if stop.control == control)

    assert share("account-takeover", "session-taken", "6.3") == 0.76
    assert share("account-takeover", "session-taken", "security-key") == 1
    assert share("supplier-payment-fraud", "mailbox-entered", "6.3") == 0.90
    assert share("credential-stuffing", "accounts-opened", "6.3") == 0.9856
    assert share("ransomware", "remote-access-entered", "6.4") == 0.9922
    training = [stop.share for _one, step in STEPS for stop in step.stopped_by if stop.control == "14.2"]
    assert set(training) == {0.017}
    assert all(fact(name).status == "verified" for name in ("mfa-stops-share", "mfa-stops-leaked-share"))


def test_figures_that_were_worked_out_follow_from_the_reports() -> None:
    clicked = 1 - (1 - value("phishing-click-share")) ** value("phishing-wave-messages")
    assert value("phishing-wave-click-share") == pytest.approx(clicked, abs=0.001)
    # Log-normal: the 95th percentile lies 1.6449 standard deviations of the logarithm above the median.
    sigma = math.log(value("ddos-p95-minutes") / value("ddos-median-minutes")) / 1.6449
    assert value("ddos-spread") == pytest.approx(math.sqrt(math.exp(sigma**2) - 1), abs=0.005)
    assert value("ddos-mean-minutes") == pytest.approx(
        value("ddos-median-minutes") * math.exp(sigma**2 / 2), abs=0.1
    )
    to_mean = math.sqrt(1 + value("notice-spread") ** 2)
    assert value("outsider-notice-days") == pytest.approx(
        value("dwell-outside-median-days") * to_mean, abs=0.1
    )
    assert value("false-buyer-mean-loss-twd") == pytest.approx(
        value("false-buyer-loss-twd") / value("false-buyer-cases"), rel=0.001
    )
    assert value("caller-amount-twd") == pytest.approx(
        value("shopping-fraud-loss-twd") / value("shopping-fraud-cases"), rel=0.001
    )
    assert value("price-error-percent") == pytest.approx(100 * 18558 / 60900, abs=0.05)


def test_a_control_alone_never_promises_what_only_a_measurement_could() -> None:
    for _name, tree in files():
        for step in tree["steps"]:
            for stop in step.get("stopped_by", ()):
                known = fact(stop["share"]["fact"])
                assert known.value <= 0.95 or known.source != "Safe Shop Lab"


def test_everything_a_learner_reads_of_an_attack_has_words() -> None:
    assert set(said.CAMPAIGNS) == set(campaigns())
    for one in ALL:
        assert set(said.STEPS[one.name]) == {step.name for step in one.steps}
        assert set(said.BLIND.get(one.name, {})) <= {step.name for step in one.steps}
        assert said.campaign_story(one.name).endswith(".")
    assert set(said.DETECTORS) == set(detectors())
    assert set(said.PRECONDITIONS) == set(PRECONDITIONS)
    assert set(said.TELLERS) == {"own", "outsider", "attacker"}
    kinds = {effect.kind for _one, step in STEPS for effect in step.effects}
    assert kinds == set(said.EFFECTS)


def test_a_learners_own_campaign_is_shown_by_the_names_of_its_file() -> None:
    assert said.campaign_title("my-fear") == "my-fear"
    assert said.campaign_story("my-fear") == ""
    assert said.step_title("my-fear", "in-by-night") == "in-by-night"


@pytest.mark.parametrize("lang", ["zh-Hant", "zh-Hans"])
def test_every_word_of_attacks_and_controls_is_translated(lang: str) -> None:
    import polib

    from simlib.defence.control_words import WORDS

    known = {
        entry.msgid: entry.msgstr
        for entry in polib.pofile(str(CATALOGUES / lang / "simlib.po"))
        if not entry.fuzzy
    }
    words = [text for pair in (*said.CAMPAIGNS.values(), *WORDS.values()) for text in pair]
    words += [text for steps in (*said.STEPS.values(), *said.BLIND.values()) for text in steps.values()]
    for table in (said.DETECTORS, said.PRECONDITIONS, said.EFFECTS, said.TELLERS):
        words += table.values()
    assert [text for text in words if not known.get(text, "").strip()] == []


def test_every_safeguard_that_stops_an_attack_is_reached_by_some_campaign() -> None:
    stopping = {stop.control for _one, step in STEPS for stop in step.stopped_by}
    # Masking and the vault stop nobody: they decide what there is to take, and the retention says so.
    assert set(EXTRAS) - stopping == {"canary-orders", "offline-vault", "masking"}
    assert stopping <= {*IG1, *EXTRAS} == set(controls())
    assert all_facts()
