"""The heartbeat on the wire, byte for byte, and the two handlers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simlib import attacker
from simlib.attacker.heartbeat import (
    COMPLETE,
    MOST_IN_RECORD,
    MOST_STATED,
    REQUEST,
    RESPONSE,
    corrected_answer,
    faulty_answer,
    is_answer_too_long,
    is_too_long,
    message_in,
    parsed,
    record,
    records,
    request,
)
from simlib.attacker.openssl_versions import Version, heartbleed, version
from simlib.errors import SafeShopError

payloads = st.binary(max_size=200)


def received(sent: bytes, behind: bytes = b"", before: int = 7) -> tuple[bytearray, int]:
    """A memory in which a record was received, with something behind it; and where the record begins."""
    return bytearray(b"." * before + sent + behind + bytes(2**16)), before


def test_a_heartbeat_is_the_bytes_of_rfc_6520() -> None:
    # Written out by hand from RFC 6520 section 4 and RFC 5246 section 6.2.1.
    assert record(request(b"hello").to_bytes()) == bytes.fromhex(
        "18 0303 0018" + "01 0005 68656c6c6f" + "00" * 16
    )
    assert record(request(b"A", MOST_STATED).to_bytes())[:9] == bytes.fromhex("18 0303 0014 01 ffff 41")


@given(payloads, st.integers(16, 60))
def test_an_honest_message_comes_back_from_its_bytes(payload: bytes, padding: int) -> None:
    message = request(payload, padding=bytes(padding))
    assert parsed(record(message.to_bytes())) == message
    assert message.honest


@given(payloads, st.integers(0, MOST_STATED), st.integers(0, 60))
def test_a_message_is_parsed_no_further_than_its_record(payload: bytes, stated: int, padding: int) -> None:
    sent = record(request(payload, stated, bytes(padding)).to_bytes())
    message = parsed(sent)
    assert message.to_bytes() == message_in(sent)
    assert len(message.payload) == min(stated, len(payload) + padding)


@given(payloads, st.integers(0, MOST_STATED), st.integers(0, 40), st.binary(min_size=64, max_size=64))
@example(b"A", MOST_STATED, 16, bytes(64))
@example(b"hello", 5, 16, bytes(64))
@example(b"hello", 6, 16, bytes(64))
@example(b"hello", 5, 15, bytes(64))
@example(b"", 0, 16, bytes(64))
def test_the_handlers_agree_on_what_fits_and_only_the_faulty_one_sends_more(
    payload: bytes, stated: int, padding: int, behind: bytes
) -> None:
    asked = record(request(payload, stated, bytes(padding)).to_bytes())
    memory, at = received(asked, behind)
    faulty, corrected = faulty_answer(memory, at), corrected_answer(memory, at)
    assert faulty is not None
    assert len(faulty) == 3 + stated + 16 <= 65_554
    assert faulty[3 : 3 + stated] == bytes(memory[at + 8 : at + 8 + stated])
    # RFC 6520: the message is as long as its record, and 16 of it at least are padding.
    fits = 1 + 2 + stated + 16 <= 3 + len(payload) + padding
    assert (corrected == faulty) if fits else corrected is None
    assert is_too_long(asked) is not fits
    if corrected is not None:
        # Nothing comes back but what was sent.
        assert corrected[3 : 3 + stated] == (payload + bytes(padding))[:stated]


@given(payloads, st.integers(16, 60))
def test_no_rule_of_a_filter_ever_flags_an_honest_heartbeat(payload: bytes, padding: int) -> None:
    asked = record(request(payload, padding=bytes(padding)).to_bytes())
    memory, at = received(asked)
    answer = corrected_answer(memory, at)
    assert answer is not None
    assert not is_too_long(asked)
    assert not is_answer_too_long(asked, records(answer))


@given(payloads, st.integers(1, MOST_STATED))
def test_every_byte_read_too_much_is_flagged_by_both_rules(payload: bytes, more: int) -> None:
    stated = min(MOST_STATED, len(payload) + more)
    asked = record(request(payload, stated).to_bytes())
    memory, at = received(asked)
    answer = faulty_answer(memory, at)
    assert answer is not None
    assert is_too_long(asked)
    assert is_answer_too_long(asked, records(answer))


def test_the_longest_answer_needs_five_records_and_they_hold_all_of_it() -> None:
    memory, at = received(record(request(b"A", MOST_STATED).to_bytes()))
    answer = faulty_answer(memory, at)
    assert answer is not None
    parts = records(answer)
    assert [len(message_in(part)) for part in parts] == [MOST_IN_RECORD] * 4 + [65_554 - 4 * MOST_IN_RECORD]
    assert b"".join(map(message_in, parts)) == answer


def test_responses_are_not_answered() -> None:
    response = record(bytes([RESPONSE]) + request(b"hello").to_bytes()[1:])
    memory, at = received(response)
    assert parsed(response).kind == RESPONSE != REQUEST
    assert faulty_answer(memory, at) is None
    assert corrected_answer(memory, at) is None


@pytest.mark.parametrize("length", range(COMPLETE))
def test_the_corrected_handler_drops_records_too_short_for_any_heartbeat(length: int) -> None:
    memory, at = received(record(request(b"").to_bytes()[:length]))
    assert corrected_answer(memory, at) is None
    assert is_too_long(record(request(b"").to_bytes()[:length]))


def test_what_cannot_be_is_told_in_a_sentence() -> None:
    with pytest.raises(SafeShopError, match="can state 0 to 65,535 bytes, not 65536"):
        request(b"", MOST_STATED + 1)
    with pytest.raises(SafeShopError, match="at most 16,384 bytes, not 16,385"):
        record(bytes(MOST_IN_RECORD + 1))
    with pytest.raises(SafeShopError, match="These 4 bytes are no heartbeat record"):
        parsed(b"\x18\x03\x03\x00")
    with pytest.raises(SafeShopError, match="no heartbeat record"):
        parsed(b"\x17" + record(request(b"").to_bytes())[1:])
    with pytest.raises(SafeShopError, match="at least 3 bytes, type and length; here are 2"):
        parsed(record(b"\x01\x00"))
    alone = record(request(b"A", MOST_STATED, b"").to_bytes())
    with pytest.raises(SafeShopError, match="run 65,534 bytes past the end"):
        faulty_answer(alone, 0)


def test_attack_code_opens_no_connection() -> None:
    folder = Path(attacker.__file__).parent
    for name in ("heartbeat", "heartbleed", "server_memory", "openssl_versions"):
        code = (folder / f"{name}.py").read_text(encoding="utf-8")
        imported = re.findall(r"^\s*(?:from|import) ([\w.]+)", code, re.MULTILINE)
        assert not {"socket", "ssl", "http", "urllib", "asyncio", "requests", "subprocess"} & {
            module.split(".")[0] for module in imported
        }


LETTERS = st.sampled_from(["", *"abcdefghijklmnopqrstuvwxyz"])


@given(LETTERS)
def test_of_1_0_1_the_releases_up_to_f_are_affected_and_no_others(letter: str) -> None:
    assert heartbleed(f"1.0.1{letter}") == ("affected" if letter in {"", *"abcdef"} else "corrected")
    assert heartbleed(f"OpenSSL 1.0.1{letter} 6 Jan 2014") == heartbleed(f"1.0.1{letter}")


@given(st.integers(0, 4), st.integers(0, 9), st.integers(0, 20), LETTERS)
def test_no_other_line_is_affected(first: int, second: int, third: int, letter: str) -> None:
    number = (first, second, third)
    if number != (1, 0, 1):
        expected = "never" if number < (1, 0, 1) else "corrected"
        assert heartbleed(f"{first}.{second}.{third}{letter}") == expected


@given(st.integers(0, 12))
def test_of_1_0_2_only_the_first_beta_is_affected(beta: int) -> None:
    assert heartbleed(f"1.0.2-beta{beta}") == ("affected" if beta < 2 else "corrected")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("1.0.1e-2+deb7u4", "ask"),
        ("1.0.1e-2+deb7u5", "ask"),
        ("OpenSSL 1.0.1e-fips 11 Feb 2013", "ask"),
        ("1.0.1-4ubuntu5.12", "ask"),
        ("0.9.8o-4squeeze14", "never"),
        ("3.0.11-1~deb12u2", "corrected"),
        ("v1.0.1F", "affected"),
        (" 1.0.2-beta1 ", "affected"),
        ("1.0.1-beta1", "affected"),
    ],
)
def test_a_systems_own_package_of_an_affected_version_must_be_asked_about(text: str, verdict: str) -> None:
    assert heartbleed(text) == verdict


versions = st.builds(
    Version,
    st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)),
    LETTERS,
    st.none() | st.integers(0, 5),
)


@given(versions, versions)
def test_versions_read_back_and_are_in_order(one: Version, other: Version) -> None:
    assert version(str(one)) == one
    assert (one < other) + (other < one) + (one == other) == 1


@pytest.mark.parametrize("text", ["", "1.0", "1.0.1ff", "LibreSSL 2.0", "1.0.1f;", "one"])
def test_what_is_no_version_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(SafeShopError, match=re.escape(f"“{text}” is no version of OpenSSL; write it like")):
        heartbleed(text)
