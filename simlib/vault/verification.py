"""Proof that nothing was changed, dropped, doubled or put back, or a list of what was (FORMAT.md)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

from simlib.languages import _
from simlib.vault.catalogue import Catalogue, open_catalogue
from simlib.vault.files import canonical, replace_file
from simlib.vault.holdings import Holdings
from simlib.vault.keyring import text64
from simlib.vault.sealing import Broken, derive, pack, unseal
from simlib.vault.segments import block_digest_part
from simlib.vault.store import DATABASE_FILE
from simlib.vault.trail import Entry, Receipt, receipt

SEAL_FILE = "vault.seal"
SealState = Literal["intact", "behind", "missing", "broken", "rolled-back"]
_PIECE = 1 << 20
Progress = Callable[[int], None]
"""Told after each block how many there were so far."""


@dataclass
class Verification:
    """What was checked and what was found.

    Parameters
    ----------
    entries, compartments, blocks, rows, pages
        How much was checked.
    findings
        One sentence for each thing that is not as it should be; empty if all is well.
    remarks
        Sentences on what could not be checked, and why.
    receipt
        The trail's head as it is now.
    """

    entries: int = 0
    compartments: int = 0
    blocks: int = 0
    rows: int = 0
    pages: int = 0
    findings: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    receipt: Receipt | None = None

    @property
    def is_intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


# -- the seal: the whole file's fingerprint at the last closing


def write_seal(holdings: Holdings, folder: Path | None = None) -> None:
    """Note the database's fingerprint, here or of a copy; at log-out, when nothing is under way."""
    folder = folder or holdings.folder
    number, head = holdings.store.last_entry()
    size, digest = _fingerprint(folder / DATABASE_FILE)
    body = {"size": size, "sha256": digest, "number": number, "head": text64(head)}
    mark = text64(hmac.digest(_seal_key(holdings), canonical(body), "sha256"))
    replace_file(folder / SEAL_FILE, canonical(body | {"mark": mark}))


def seal_state(holdings: Holdings) -> SealState:
    """How the database's bytes stand to the seal; ask before anything is written."""
    try:
        data = (holdings.folder / SEAL_FILE).read_bytes()
    except OSError:
        return "missing"
    try:
        told = json.loads(data)
        body = {name: told[name] for name in ("size", "sha256", "number", "head")}
        mark = text64(hmac.digest(_seal_key(holdings), canonical(body), "sha256"))
        if canonical(body | {"mark": mark}) != data:
            return "broken"
        last, _head = holdings.store.last_entry()
        if body["number"] > last:
            return "rolled-back"
        if text64(holdings.store.entry_hash(body["number"]) or b"") != body["head"]:
            return "broken"
        if body["number"] < last:
            return "behind"
        size, digest = _fingerprint(holdings.folder / DATABASE_FILE)
        return "intact" if (size, digest) == (body["size"], body["sha256"]) else "broken"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "broken"


def _seal_key(holdings: Holdings) -> bytes:
    return derive(holdings.grants.trail, pack("seal", holdings.vault))


def _fingerprint(path: Path) -> tuple[int, str]:
    digest, size = sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


# -- everything


def verify(
    holdings: Holdings,
    seal: SealState,
    kept: Receipt | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check a vault from end to end, streaming.

    Parameters
    ----------
    holdings
        The unlocked vault. With the root key every block and page is opened, too; without it, an auditor
        proves by fingerprints that each is the one that was put there.
    seal
        What `seal_state` said before this log-in wrote anything.
    kept
        A receipt kept elsewhere.
    progress
        Told how far it is.
    """
    done = Verification()
    _check_seal(seal, done)
    if not holdings.store.is_sound():
        done.findings.append(_("SQLite finds the database's own structures damaged."))
    told = _check_trail(holdings, done)
    _check_receipt(holdings, kept, done)
    _remark_log_ins(seal, told.sign_ins, done)
    if told.keys > holdings.ring.edition:
        done.findings.append(_("The key file is an older one that was put back."))
    checks: list[Callable[[], None]] = [
        lambda: _check_imports(holdings, told.records, done),
        lambda: _check_destroyed(holdings, told.destroyed, done),
        lambda: _check_compartments(holdings, told.states, done, progress),
    ]
    for check in checks:
        try:
            check()
        except (Broken, ValueError, TypeError, KeyError):
            # Somebody put text where bytes belong, or the like; what comes after it was not checked.
            done.findings.append(_("The database holds something that the vault does not write."))
    number, head = holdings.store.last_entry()
    done.receipt = receipt(holdings.vault, number, head)
    return done


def _check_seal(seal: SealState, done: Verification) -> None:
    if seal == "broken":
        done.findings.append(_("The database file is not, byte for byte, the one that was last closed."))
    elif seal == "rolled-back":
        done.findings.append(
            _("The database is an older one that was put back: its trail is shorter than noted.")
        )
    elif seal == "missing":
        done.findings.append(
            _("The seal file is missing; nobody can vouch for the unused parts of the database.")
        )
    elif seal == "behind":
        done.remarks.append(
            _("The vault was not closed in order last time; unused parts of the file could not be checked.")
        )


@dataclass
class _Told:
    """What the trail says should be there.

    Parameters
    ----------
    states
        Compartment → its last fingerprint.
    records
        Import → fingerprint of its record.
    destroyed
        Compartments that were destroyed.
    keys
        Last edition of the key file.
    sign_ins
        The log-ins, each of which noted how it found the seal.
    """

    states: dict[int, str] = field(default_factory=dict)
    records: dict[int, str] = field(default_factory=dict)
    destroyed: set[int] = field(default_factory=set)
    keys: int = 0
    sign_ins: list[Entry] = field(default_factory=list)


def _remark_log_ins(seal: SealState, sign_ins: list[Entry], done: Verification) -> None:
    """Say which log-ins found a file that nobody had closed so: their log-outs vouched for it anew."""
    if sign_ins and sign_ins[-1].details.get("seal") == seal:
        sign_ins = sign_ins[:-1]  # the present one, whose seal was looked at above
    for entry in sign_ins:
        if entry.details.get("seal") in ("broken", "missing", "rolled-back"):
            done.remarks.append(
                _(
                    "The log-in of {time} (entry {number}) found a file that was not the one closed before: "
                    "ask who had the disk."
                ).format(time=entry.time[:16].replace("T", " "), number=entry.number)
            )


def _check_trail(holdings: Holdings, done: Verification) -> _Told:
    told = _Told()
    for entry in _entries(holdings, done):
        done.entries += 1
        told.keys = max(told.keys, entry.keys)
        for number, (before, after) in entry.states.items():
            if told.states.get(number, before) != before:
                done.findings.append(
                    _(
                        "Before entry {number} of the trail, compartment {compartment} was changed unnoted."
                    ).format(number=entry.number, compartment=number)
                )
            told.states[number] = after
        for record in entry.details.get("imports", ()):
            told.records[record["number"]] = record["record"]
        if entry.action == "sign-in":
            told.sign_ins.append(entry)
        if entry.action == "destroy":
            told.destroyed.add(entry.details["compartment"])
    return told


def _check_destroyed(holdings: Holdings, destroyed: set[int], done: Verification) -> None:
    known = holdings.store.compartments()
    found = {number for number, state in known.items() if state == "destroyed"}
    for number in sorted(found ^ destroyed):
        done.findings.append(
            _("Compartment {number}: whether it was destroyed differs from what the trail says.").format(
                number=number
            )
        )
    if holdings.grants.root is not None:
        for number in sorted(known.keys() - found - holdings.compartments.keys()):
            done.findings.append(_("Compartment {number} has no key.").format(number=number))


def _entries(holdings: Holdings, done: Verification) -> Iterator[Entry]:
    try:
        yield from holdings.trail.entries()
    except Broken:
        done.findings.append(
            _("The trail is broken after entry {number}: what follows was changed, removed or moved.").format(
                number=done.entries
            )
        )


def _check_receipt(holdings: Holdings, kept: Receipt | None, done: Verification) -> None:
    if kept is None:
        return
    digest = holdings.store.entry_hash(kept.number) if kept.number else b""
    if digest is None:
        last, _head = holdings.store.last_entry()
        done.findings.append(
            _(
                "The receipt knows {kept} entries of the trail, the vault has {last}: it was put back or cut."
            ).format(kept=kept.number, last=last)
        )
    elif receipt(holdings.vault, kept.number, digest) != kept:
        done.findings.append(
            _("The receipt does not fit this vault's trail: another vault, or another past.")
        )


def _check_imports(holdings: Holdings, records: dict[int, str], done: Verification) -> None:
    found = {}
    for number, identity, tag, sealed in holdings.store.imports():
        found[number] = sha256(sealed).hexdigest()
        try:
            open_import(holdings, number, identity, tag, sealed)
        except Broken:
            done.findings.append(_("The record of import {number} was changed.").format(number=number))
    for number in sorted(found.keys() ^ records.keys()):
        done.findings.append(_("Import {number} is missing or was slipped in.").format(number=number))
    for number in sorted(found.keys() & records.keys()):
        if found[number] != records[number]:
            done.findings.append(
                _("The record of import {number} is not the one the trail names.").format(number=number)
            )


def open_import(
    holdings: Holdings, number: int, identity: bytes, tag: bytes, sealed: bytes
) -> dict[str, object]:
    """Open an import's record."""
    context = pack("import", holdings.vault, number, identity, tag)
    told: dict[str, object] = json.loads(
        unseal(derive(holdings.grants.trail, pack("imports", holdings.vault)), context, sealed)
    )
    return told


def _check_compartments(
    holdings: Holdings, states: dict[int, str], done: Verification, progress: Progress | None
) -> None:
    known = holdings.store.compartments()
    listed: set[bytes] = set()
    for number in sorted({*known, *states, *holdings.store.catalogued()}):
        done.compartments += 1
        if holdings.state(number) != states.get(
            number, "" if not _is_empty(holdings, number) else holdings.state(number)
        ):
            done.findings.append(
                _("Compartment {number}: list or totals are not the last ones the trail names.").format(
                    number=number
                )
            )
        try:
            sealed = holdings.store.catalogue(number)
            catalogue = open_catalogue(holdings.grants.trail, holdings.vault, number, sealed)
        except (Broken, ValueError):
            done.findings.append(_("Compartment {number}: its list was changed.").format(number=number))
            continue
        listed |= {one.id for one in catalogue.segments}
        _check_blocks(holdings, number, catalogue, done, progress)
        _check_segments(holdings, number, catalogue, done)
        _check_totals(holdings, number, done)
    if holdings.store.segments() - listed:
        done.findings.append(_("The index has pages that no list names."))


def _is_empty(holdings: Holdings, number: int) -> bool:
    return holdings.store.catalogue(number) is None and holdings.store.totals(number) is None


def _check_blocks(
    holdings: Holdings, number: int, catalogue: Catalogue, done: Verification, progress: Progress | None
) -> None:
    digests = {one: sha256() for one in catalogue.shares}
    counts = {one: [0, 0] for one in catalogue.shares}
    for serial, import_number, kind, rows, sealed in holdings.store.blocks(number):
        done.blocks += 1
        done.rows += rows
        if progress is not None:
            progress(done.blocks)
        if import_number not in digests:
            done.findings.append(_("Block {serial} was slipped in.").format(serial=serial))
            continue
        digests[import_number].update(block_digest_part(serial, kind, rows, sealed))
        counts[import_number][0] += 1
        counts[import_number][1] += rows
        _open_one(holdings, number, (serial, import_number, kind, rows, sealed), done)
    for one, share in catalogue.shares.items():
        if (counts[one], digests[one].digest()) != ([share.blocks, share.rows], share.digest):
            done.findings.append(
                _(
                    "Compartment {number}: blocks of import {one} were changed, removed, added or moved."
                ).format(number=number, one=one)
            )


def _open_one(
    holdings: Holdings, number: int, block: tuple[int, int, str, int, bytes], done: Verification
) -> None:
    if holdings.grants.root is None:
        return
    try:
        if number not in holdings.compartments:
            raise Broken
        holdings.open_block(holdings.compartments[number], *block)
    except (Broken, ValueError):
        done.findings.append(_("Block {serial} does not open.").format(serial=block[0]))


def _check_segments(holdings: Holdings, number: int, catalogue: Catalogue, done: Verification) -> None:
    for segment in catalogue.segments:
        digest, pages = sha256(), 0
        for bucket, sealed in holdings.store.pages(segment.id):
            digest.update(pack("page", bucket, sealed))
            pages += 1
        done.pages += pages
        if pages != 1 << segment.bits or digest.digest() != segment.digest:
            done.findings.append(
                _("Compartment {number}: the index by {kind} was changed.").format(
                    number=number, kind=segment.kind
                )
            )


def _check_totals(holdings: Holdings, number: int, done: Verification) -> None:
    if holdings.grants.root is None:
        return
    try:
        holdings.totals(number)
    except (Broken, ValueError):
        done.findings.append(_("Compartment {number}: its totals were changed.").format(number=number))
