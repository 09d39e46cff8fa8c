"""An export proves itself: a text file, one signed text a line."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import Refused
from device.host.clock import Instant
from device.record import limits
from device.record.export import lines, parse, verify_export
from device.record.keys import Jwks
from device.record.link import START, Link
from device.record.log import EventLog
from device.record.receipt_ledger import ReceiptLedger
from device.record.reports import IncidentReport
from device.record.signed_event import hash_of
from device.record.signing_key import SigningKey
from device.record.verification import Reason, verify

INCIDENT = IncidentReport("microphone-lost", "Gone.")


@pytest.fixture
def receipted(
    log: EventLog, at: Callable[[float], Instant], platform: Jwks, receipt_for: Callable[..., bytes]
) -> EventLog:
    """Write six events, of which the platform has five."""
    places = [log.append(INCIDENT, at(second)) for second in range(6)]
    with ReceiptLedger.open(log.path) as ledger:
        ledger.keep_receipt(receipt_for(4, places[3].hash), platform)
        ledger.keep_receipt(receipt_for(5, places[4].hash), platform)
    return log


def test_an_export_is_the_latest_receipt_and_then_every_event(receipted: EventLog) -> None:
    exported = list(lines(receipted))
    assert exported == [receipted.receipts()[-1], *(stored.jws for stored in receipted.events(0, 10))]
    assert list(lines(receipted, after=4))[1:] == exported[5:]


def test_a_log_that_was_never_receipted_exports_its_events(
    log: EventLog, at: Callable[[float], Instant]
) -> None:
    log.append(INCIDENT, at(0))
    assert list(lines(log)) == [stored.jws for stored in log.events(0, 10)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_an_export_is_verified_from_its_file(
    receipted: EventLog, tmp_path: Path, boxes: Jwks, platform: Jwks, end: bytes
) -> None:
    path = tmp_path / "evening.jws"
    path.write_bytes(b"".join(line + end for line in lines(receipted)))
    verification = verify_export(path, boxes, platform, after=START, head=receipted.head())
    assert verification.sound
    assert (verification.events, verification.beyond_receipt) == (6, 1)
    assert verification.receipt == receipted.receipt()
    forged = verify_export(path, boxes, platform, head=Link(6, "ab" * 32))
    assert forged.fault is not None
    assert forged.fault.reason is Reason.INSERTED


def test_a_part_of_an_export_begins_after_the_part_before(
    receipted: EventLog, tmp_path: Path, boxes: Jwks, platform: Jwks
) -> None:
    path = tmp_path / "second-half.jws"
    path.write_bytes(b"".join(line + b"\n" for line in lines(receipted, after=3)))
    verification = verify_export(path, boxes, platform, after=receipted.at(3))
    assert verification.sound
    assert verification.events == 3


@pytest.fixture(scope="module")
def text(chain_of: Callable[..., list[bytes]], receipt_for: Callable[..., bytes]) -> bytes:
    """Give an export of five events, all of them receipted."""
    chain = chain_of(5)
    return b"".join(line + b"\n" for line in [receipt_for(5, hash_of(chain[-1])), *chain])


@settings(max_examples=200)
@given(place=st.integers(0, 100_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_file_shows(
    text: bytes, boxes: Jwks, platform: Jwks, place: int, bit: int
) -> None:
    flipped = bytearray(text)
    flipped[place % len(text)] ^= 1 << bit
    parts = parse(BytesIO(bytes(flipped)))
    assert not verify(parts.events, boxes, receipts=parts.receipts, platform=platform).sound


@settings(max_examples=200)
@given(length=st.integers(0, 100_000))
def test_a_file_cut_anywhere_shows(text: bytes, boxes: Jwks, platform: Jwks, length: int) -> None:
    cut = text[: length % (len(text) - 1)]  # without its last line end alone, nothing is lost
    parts = parse(BytesIO(cut))
    verification = verify(parts.events, boxes, receipts=parts.receipts, platform=platform)
    assert not verification.sound or cut == b""


def test_an_empty_file_proves_nothing(tmp_path: Path, boxes: Jwks, platform: Jwks) -> None:
    path = tmp_path / "empty.jws"
    path.touch()
    verification = verify_export(path, boxes, platform)
    assert (verification.events, verification.box, verification.receipt) == (0, None, None)


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path, boxes: Jwks) -> None:
    file = BytesIO(b"x" * (3 * limits.EVENT_BYTES))
    verification = verify(parse(file).events, boxes)
    assert verification.fault is not None
    assert verification.fault.reason is Reason.TORN
    assert file.tell() <= limits.EVENT_BYTES + 2


def test_a_receipt_of_someone_elses_key_shows(
    tmp_path: Path, boxes: Jwks, platform: Jwks, text: bytes, receipt_for: Callable[..., bytes]
) -> None:
    events = text.partition(b"\n")[2]
    head = hash_of(events.rstrip(b"\n").rpartition(b"\n")[2])
    path = tmp_path / "forged.jws"
    path.write_bytes(receipt_for(5, head, key=SigningKey.create(None)) + b"\n" + events)
    fault = verify_export(path, boxes, platform).fault
    assert fault is not None
    assert fault.reason is Reason.RECEIPT


def test_a_file_that_is_not_there_is_named(tmp_path: Path, boxes: Jwks) -> None:
    with pytest.raises(Refused, match=r"absent\.jws cannot be read"):
        verify_export(tmp_path / "absent.jws", boxes, None)
