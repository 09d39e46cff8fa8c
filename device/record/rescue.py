"""A damaged log: what can be read of it goes into a new file beside it, and the damaged one stays as it is.

Rules:
- Nothing is written to the damaged file, and nothing of it is deleted.
- An event is taken over if a signature says that it is the box's own: its own, or that of an event behind it that
  names its hash.
- A receipt is taken over only if it names the hash of an event that was: a rotten one must not let anything go.
- The new file appears in one moment, whole. A power cut before that moment changes nothing.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import groupby
from pathlib import Path
from typing import Any

from device.errors import Broken, Refused
from device.record import limits
from device.record.continuation import Bridge, leads, read_incident
from device.record.generations import following, newest
from device.record.keys import Jwks, PublicKey
from device.record.link import START, Link
from device.record.log_file import build, errors_named, legible, transaction
from device.record.pages import signed_texts
from device.record.receipt import receipt_on_record
from device.record.signature import unverified_payload
from device.record.signed_event import hash_of, unseal
from device.record.tail import note

_NEVER = {"log-version", "log-other-box"}  # the file may be whole: other software's, another box's

_READ = "SELECT seq, hash, prev, jws FROM found WHERE left_out = 0 ORDER BY seq"
_CANDIDATES = "SELECT seq, hash, jws FROM found ORDER BY seq DESC, known DESC"


def is_worth_it(broken: Broken, file: Path, key: PublicKey) -> bool:
    """Say whether a log that does not open is a damaged one of this box.

    Args:
        broken: Why it does not open.
        file: The log.
        key: The box's.
    """
    if broken.code == "log-corrupt":
        return True
    return broken.code not in _NEVER and any(signed_texts(file, Jwks.of([key])))


def take_over(path: Path, box: str, key: PublicKey, words: str, noted: Link | None) -> Path:
    """Make the next file of a log out of what can be read of the last.

    Args:
        path: The log, as the settings name it.
        box: The name of the box.
        key: The box's.
        words: What is wrong with the file.
        noted: The head as it was noted beside the log.

    Returns:
        The new file.

    Raises:
        Waiting: The disk is full.
        Broken: The disk fails.
    """
    damaged, new = newest(path), following(path)
    partial, scratch = new.with_name(f"{new.name}.partial"), new.with_name(f"{new.name}.found")
    for leftover in (partial, scratch):
        leftover.unlink(missing_ok=True)
    try:
        with errors_named(partial), closing(_open(scratch)) as found, closing(build(partial)) as log:
            _collect(damaged, Jwks.of([key]), found, noted, short=_is_short(damaged))
            bridges = _choose(found, Jwks.of([key]))
            with transaction(log):
                log.execute("INSERT INTO box (row, name) VALUES (1, ?)", (box,))
                events = _write(found, log, damaged, box, bridges)
                log.execute(
                    "INSERT INTO damaged (file, words, events) VALUES (?, ?, ?)",
                    (damaged.name, words, events),
                )
        _publish(partial, new)
    finally:
        for leftover in (partial, scratch):
            leftover.unlink(missing_ok=True)
    return new


def _open(scratch: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(scratch, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(
        "CREATE TABLE found (seq INTEGER, hash TEXT, prev TEXT, jws BLOB, known INTEGER, left_out INTEGER, "
        "PRIMARY KEY (seq, hash))"
    )
    return connection


def _collect(damaged: Path, keys: Jwks, found: sqlite3.Connection, noted: Link | None, short: bool) -> None:
    """Put whatever looks like an event of this box into the scratch table."""
    rows = {bytes(row[0]): int(row[1]) for row in _rows(damaged, "SELECT hash, seq FROM event ORDER BY seq")}
    after = 0
    if short:  # the delivered events stay in the damaged file alone
        after = next((row[0] for row in _rows(damaged, "SELECT max(through) FROM receipt") if row[0]), 0)
    found.execute("BEGIN")
    for jws in signed_texts(damaged, keys):
        try:
            event = json.loads(unverified_payload(jws))
            seq, prev = int(event["seq"]), str(event["prev"])
        except (Refused, ValueError, KeyError, TypeError):
            continue
        if after <= seq <= limits.SEQ:
            digest = hash_of(jws)
            known = rows.get(bytes.fromhex(digest)) == seq or (noted is not None and noted.hash == digest)
            values = (seq, digest, prev, jws, known)
            found.execute("INSERT OR IGNORE INTO found VALUES (?, ?, ?, ?, ?, 0)", values)
    found.execute("COMMIT")


def _choose(found: sqlite3.Connection, keys: Jwks) -> dict[Bridge, int]:
    """Leave out what is no event of the chain, from its end to its beginning.

    Returns:
        The losses that the chain declares, and where.
    """
    bridges: dict[Bridge, int] = {}
    wanted: Link | None = None  # the place that the event behind follows
    out: list[tuple[int, str]] = []
    found.execute("BEGIN")
    for seq, group in groupby(found.execute(_CANDIDATES), lambda row: int(row[0])):
        candidates = [(str(row[1]), bytes(row[2])) for row in group]
        while wanted is not None and (over := next((b for b in bridges if b.through == wanted), None)):
            wanted = over.after
        chosen = None
        if wanted is None or seq < wanted.seq:
            chosen = next((one for one in candidates if _is_signed(one[1], keys)), None)
        elif seq == wanted.seq:
            chosen = next((one for one in candidates if one[0] == wanted.hash), None)
        out += [(seq, digest) for digest, _ in candidates if chosen is None or digest != chosen[0]]
        if chosen is not None:
            event = json.loads(unverified_payload(chosen[1]))
            wanted = Link(seq - 1, event["prev"])
            declared = read_incident(event.get("data"))
            bridges |= dict.fromkeys(declared.lost, seq) if declared else {}
    found.executemany("UPDATE found SET left_out = 1 WHERE seq = ? AND hash = ?", out)
    found.execute("COMMIT")
    return bridges


def _write(
    found: sqlite3.Connection, log: sqlite3.Connection, damaged: Path, box: str, bridges: dict[Bridge, int]
) -> int:
    """Fill the new file; give the number of events."""
    receipts = list(_receipts(damaged, box, found))
    first = found.execute(_READ).fetchone()
    place = _beginning(damaged, None if first is None else Link(first[0] - 1, first[2]), receipts)
    if place != START:
        values = (place.seq, bytes.fromhex(place.hash))
        log.execute("INSERT INTO forgotten (through, hash, time) VALUES (?, ?, '')", values)
    events = 0
    for seq, digest, prev, jws in found.execute(_READ):
        before = Link(seq - 1, prev)
        if seq <= place.seq:
            continue
        if before.seq > place.seq:
            told = leads(bridges, place, before)
            note(log, Bridge(place, before), declared=max(bridges.values()) if told else None)
        event = json.loads(unverified_payload(jws))
        log.execute(
            "INSERT INTO event (seq, jws, hash, type, time) VALUES (?, ?, ?, ?, ?)",
            (seq, jws, bytes.fromhex(digest), event["type"], event["time"]),
        )
        place, events = Link(seq, digest), events + 1
    log.executemany(
        "INSERT INTO receipt (through, jws, time) VALUES (?, ?, ?)", [row[1:] for row in receipts]
    )
    return events


def _beginning(damaged: Path, first: Link | None, receipts: list[tuple[str, int, bytes, str]]) -> Link:
    """Find the place where the new file begins.

    Args:
        damaged: The damaged file.
        first: The place that the first event left follows; None where there is none.
        receipts: Those that were believed.
    """
    receipted = Link(receipts[-1][1], receipts[-1][0]) if receipts else START
    if first is None:
        return receipted
    forgotten = START
    for through, digest in _rows(damaged, "SELECT through, hash FROM forgotten ORDER BY number"):
        forgotten = Link(int(through), bytes(digest).hex())
    if forgotten.seq <= first.seq and forgotten != START:
        return forgotten
    return first if receipted.seq >= first.seq else START


def _receipts(damaged: Path, box: str, found: sqlite3.Connection) -> Iterator[tuple[str, int, bytes, str]]:
    """Give the receipts that name an event which was found: hash, number, bytes, time."""
    for through, jws, time in _rows(damaged, "SELECT through, jws, time FROM receipt ORDER BY number"):
        try:
            receipt = receipt_on_record(bytes(jws))
        except (Refused, TypeError):
            continue
        question = "SELECT 1 FROM found WHERE seq = ? AND hash = ? AND left_out = 0"
        if (receipt.box, receipt.through) == (box, through) and (
            found.execute(question, (receipt.through, receipt.head)).fetchone()
        ):
            yield receipt.head, int(through), bytes(jws), str(time)


def _rows(damaged: Path, question: str) -> Iterator[tuple[Any, ...]]:
    """Ask the damaged file, and take what it gives until it fails."""
    if damaged.stat().st_size == 0:
        return  # SQLite would delete the write-ahead log
    for way in ("mode=ro", "immutable=1"):  # the second where no other process has the file open
        given = 0
        with (
            suppress(sqlite3.DatabaseError, OverflowError),
            closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?{way}", uri=True)) as connection,
        ):
            connection.text_factory = legible
            for row in connection.execute(question):
                given += 1
                yield row
        if given:
            return


def _is_signed(jws: bytes, keys: Jwks) -> bool:
    try:
        unseal(jws, keys)
    except Refused:
        return False
    return True


def _is_short(damaged: Path) -> bool:
    """Say whether the disk has no room for all of it: once to sort it, once to keep it."""
    try:
        return shutil.disk_usage(damaged.parent).free < 3 * damaged.stat().st_size
    except OSError:
        return True


def _publish(partial: Path, new: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(new)
    folder = os.open(new.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
