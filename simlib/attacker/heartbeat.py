"""The heartbeat of TLS on the wire: the message as bytes, the handler that copied too much, and the one that asks.

A heartbeat is a sign of life: "here are some bytes, send them back". Its sender states how many bytes they are.
OpenSSL 1.0.1 to 1.0.1f believed him (CVE-2014-0160). Both handlers are written out here as they decide, over a
memory that the lesson makes: nothing in this module opens a connection or speaks to a real server.

Sources: RFC 6520, sections 4 and 5 (message, discarding); RFC 5246, section 6.2.1 (record); OpenSSL's correction
"Add heartbeat extension bounds check", 2014-04-06.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from simlib.errors import SafeShopError
from simlib.languages import _

RECORD_TYPE: Final = 24
"""Content type of heartbeats in a TLS record (RFC 6520, section 6)."""

TLS_1_2: Final = 0x0303
"""Version as it stands in a record (RFC 5246)."""

REQUEST, RESPONSE = 1, 2
"""Types of heartbeat message (RFC 6520, section 3)."""

RECORD_HEADER: Final = struct.Struct("!BHH")
"""Type, version and length of what follows, the long numbers with the high byte first."""

MESSAGE_HEADER: Final = struct.Struct("!BH")
"""Type and payload_length."""

PADDING: Final = 16
"""Least number of padding bytes (RFC 6520, section 4)."""

COMPLETE: Final = MESSAGE_HEADER.size + PADDING
"""Bytes of the shortest heartbeat, one without payload."""

MOST_IN_RECORD: Final = 2**14
"""Most bytes that one record carries (RFC 5246), and most that an honest heartbeat has (RFC 6520, section 4)."""

MOST_STATED: Final = 2**16 - 1
"""Largest payload_length that fits into 16 bits: 65,535."""


@dataclass(frozen=True)
class Heartbeat:
    """One heartbeat message.

    Attributes
    ----------
    kind
        `REQUEST` or `RESPONSE`.
    stated
        payload_length: how long the sender says the payload is, 0 to 65,535 bytes.
    payload, padding
        What he sent. In an honest message the payload has the stated length, the padding at least 16 bytes.
    """

    kind: int
    stated: int
    payload: bytes
    padding: bytes

    @property
    def honest(self) -> bool:
        """Whether the message keeps what RFC 6520 asks of its lengths."""
        return (
            self.stated == len(self.payload)
            and len(self.padding) >= PADDING
            and MESSAGE_HEADER.size + len(self.payload) + len(self.padding) <= MOST_IN_RECORD
        )

    def to_bytes(self) -> bytes:
        """The message as it is sent."""
        return MESSAGE_HEADER.pack(self.kind, self.stated) + self.payload + self.padding


def request(payload: bytes, stated: int | None = None, padding: bytes = bytes(PADDING)) -> Heartbeat:
    """A heartbeat request.

    Parameters
    ----------
    payload
        What is to come back.
    stated
        Length stated; the payload's own if left out.
    padding
        At least 16 bytes that the receiver ignores. RFC 6520 asks for random ones; the lesson takes zeros, so
        that the picture shows where they are.

    Raises
    ------
    SafeShopError
        If the stated length does not fit into 16 bits.
    """
    stated = len(payload) if stated is None else stated
    if not 0 <= stated <= MOST_STATED:
        raise SafeShopError(
            _("A heartbeat can state 0 to {most} bytes, not {stated}; choose a length in between.").format(
                most=f"{MOST_STATED:,}", stated=stated
            )
        )
    return Heartbeat(REQUEST, stated, payload, padding)


def record(message: bytes, version: int = TLS_1_2) -> bytes:
    """A message in a TLS record, without encryption.

    Raises
    ------
    SafeShopError
        If it is longer than a record may be.
    """
    if len(message) > MOST_IN_RECORD:
        raise SafeShopError(
            _("One TLS record carries at most {most} bytes, not {length}; use records().").format(
                most=f"{MOST_IN_RECORD:,}", length=f"{len(message):,}"
            )
        )
    return RECORD_HEADER.pack(RECORD_TYPE, version, len(message)) + message


def records(message: bytes, version: int = TLS_1_2) -> list[bytes]:
    """A message of any length in as many records as it needs; so OpenSSL sent an answer of 64 KB."""
    starts = range(0, max(len(message), 1), MOST_IN_RECORD)
    return [record(message[start : start + MOST_IN_RECORD], version) for start in starts]


def message_in(sent: bytes) -> bytes:
    """The message in a record.

    Raises
    ------
    SafeShopError
        If these bytes are no complete heartbeat record.
    """
    if len(sent) >= RECORD_HEADER.size:
        kind, _version, length = RECORD_HEADER.unpack_from(sent)
        if kind == RECORD_TYPE and len(sent) == RECORD_HEADER.size + length:
            return sent[RECORD_HEADER.size :]
    raise SafeShopError(
        _(
            "These {length} bytes are no heartbeat record: it begins with 24, a version and its length."
        ).format(length=len(sent))
    )


def parsed(sent: bytes) -> Heartbeat:
    """The message in a record, taken apart as far as its own bytes reach.

    What is stated beyond the end of the record is not there: the payload then has fewer bytes than stated, and
    the padding none.

    Raises
    ------
    SafeShopError
        If these bytes are no complete heartbeat record, or the message ends within its header.
    """
    message = message_in(sent)
    if len(message) < MESSAGE_HEADER.size:
        raise SafeShopError(
            _("A heartbeat message has at least 3 bytes, type and length; here are {length}.").format(
                length=len(message)
            )
        )
    kind, stated = MESSAGE_HEADER.unpack_from(message)
    rest = message[MESSAGE_HEADER.size :]
    return Heartbeat(kind, stated, rest[:stated], rest[stated:])


def is_too_long(sent: bytes) -> bool:
    """Whether the message states more than its record can hold: the check on the wire.

    This is the sum of the corrected handler, done by a filter before the server. It sees heartbeats that are not
    yet encrypted (OpenSSL answered them during the handshake, too); of encrypted ones only the sizes show.
    """
    message = message_in(sent)
    if len(message) < COMPLETE:
        return True
    _kind, stated = MESSAGE_HEADER.unpack_from(message)
    return bool(COMPLETE + stated > len(message))


def is_answer_too_long(asked: bytes, answered: list[bytes]) -> bool:
    """Whether the answer is longer than the question: a check on sizes alone, good for encrypted heartbeats, too.

    An honest answer repeats the payload and has the least padding, so it is never longer.
    """
    return sum(map(len, answered)) > len(asked)


def faulty_answer(memory: bytes | bytearray, at: int) -> bytes | None:
    """What OpenSSL 1.0.1 to 1.0.1f answered.

    Parameters
    ----------
    memory
        The lesson's memory. The record received lies in it.
    at
        Where the record begins.

    Returns
    -------
    bytes or None
        The answering message: type, length, so many bytes **from the place where the payload begins** as were
        stated, and padding. At most 3 + 65,535 + 16 = 65,554 bytes. None if there is nothing to answer.

    Raises
    ------
    SafeShopError
        If the copy would run past the memory's end, where a real server would crash.
    """
    start = at + RECORD_HEADER.size
    kind, stated = MESSAGE_HEADER.unpack_from(memory, start)
    payload = start + MESSAGE_HEADER.size
    if kind != REQUEST:
        return None
    # The fault: nobody asks how long the record was.
    if payload + stated > len(memory):
        raise SafeShopError(
            _("The copy would run {bytes} bytes past the end of the memory; make the memory larger.").format(
                bytes=f"{payload + stated - len(memory):,}"
            )
        )
    copied = bytes(memory[payload : payload + stated])
    return Heartbeat(RESPONSE, stated, copied, bytes(PADDING)).to_bytes()


def corrected_answer(memory: bytes | bytearray, at: int) -> bytes | None:
    """What OpenSSL 1.0.1g answers: the same, after two questions about the length of the record.

    Parameters
    ----------
    memory, at
        As in `faulty_answer`.

    Returns
    -------
    bytes or None
        The answering message; None if the request is discarded, silently as RFC 6520, section 4 asks.
    """
    _type, _version, length = RECORD_HEADER.unpack_from(memory, at)
    if length < COMPLETE:
        return None
    _kind, stated = MESSAGE_HEADER.unpack_from(memory, at + RECORD_HEADER.size)
    if length < COMPLETE + stated:
        return None
    return faulty_answer(memory, at)
