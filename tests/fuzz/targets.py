"""What is fuzzed, and what must hold for any bytes.

Each target takes bytes, hands them to one reader, and raises AssertionError where something wrong was accepted. Of the
reader's own errors only EstuError may come out; any other is a find.
"""

import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from central.catalogue.metadata import read_rows, read_works
from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, examine
from central.receiver.ledger import Ledger
from central.vectors.keys import BOX_KEY, PLATFORM_KEY
from central.vectors.writing import ARRIVAL, compact
from device import hearing, mute, settings
from device.catalogue import manifest
from device.errors import EstuError
from device.record import export
from device.record.continuation import read_incident
from device.record.event import decode, encode
from device.record.json_text import dump, load
from device.record.keys import Jwks
from device.record.limits import JSON_DEPTH
from device.record.notice import seal_notice, unseal_notice
from device.record.receipt import seal_receipt, unseal_receipt
from device.record.shape import write
from device.record.signature import EVENT_TYP, NOTICE_TYP, RECEIPT_TYP, sign, verify
from device.record.signed_event import unseal
from device.record.signing_key import SigningKey
from device.record.verification import verify as verify_chain
from device.sound import baseline
from device.sync import state, topics
from device.sync.link import from_url
from device.sync.notices import NoticeBoard
from device.sync.updates import state as update_state
from device.under_way import UnderWayFile
from provisioning import settings_file
from provisioning.batch import read_batch
from tests.contract.shipped import BOXES, FOLDER, PLATFORM, vectors
from tests.fuzz import seeds

CONTRACT = Contract.shipped()
BOX = BOX_KEY.box or ""


@dataclass(frozen=True)
class Target:
    """One reader."""

    name: str
    take: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def feed(target: Target, content: bytes) -> None:
    """Give a target some bytes; only what is wrong comes out of it."""
    try:
        target.take(content)
    except EstuError as refusal:
        told = (refusal.code, refusal.message, refusal.advice)
    else:
        return
    assert all(told), "an error does not say what is wrong"
    " ".join(told).encode()  # it goes into a log, a page, a table


def _signed_event(content: bytes) -> None:
    unseal(content, BOXES)
    assert content in seeds.known_events(), "an event was accepted that nobody has signed"


def _event(content: bytes) -> None:
    event = unseal(sign(content, EVENT_TYP, BOX_KEY), BOXES)
    again = encode(event)
    assert encode(decode(again)) == again, "an event does not stay what it is"
    assert CONTRACT.objection(load(again, JSON_DEPTH)) is None, "box and schema disagree"
    assert CONTRACT.objection(load(content, JSON_DEPTH)) is None, "box and schema disagree"


def _signed_receipt(content: bytes) -> None:
    unseal_receipt(content, PLATFORM)
    assert content in seeds.known_answers("receipts.json"), "a receipt was accepted that nobody has signed"


def _receipt(content: bytes) -> None:
    receipt = unseal_receipt(sign(content, RECEIPT_TYP, PLATFORM_KEY), PLATFORM)
    assert unseal_receipt(seal_receipt(receipt, PLATFORM_KEY), PLATFORM) == receipt


def _signed_notice(content: bytes) -> None:
    unseal_notice(content, PLATFORM, BOX)
    assert content in seeds.known_answers("notices.json"), "a notice was accepted that nobody has signed"


def _notice(content: bytes) -> None:
    notice = unseal_notice(sign(content, NOTICE_TYP, PLATFORM_KEY), PLATFORM, BOX)
    assert unseal_notice(seal_notice(notice, PLATFORM_KEY), PLATFORM, BOX) == notice


def _notice_board(content: bytes) -> None:
    shown = NoticeBoard(_written(content), BOX, PLATFORM).shown(ARRIVAL)
    said = {seal_notice(notice, PLATFORM_KEY) for notice in shown}
    assert said <= seeds.known_answers("notices.json"), "a notice is shown that nobody has signed"


def _header(content: bytes) -> None:
    verify(compact(content, b"{}", BOX_KEY), BOXES, EVENT_TYP)
    assert json.loads(content) == {"alg": "EdDSA", "kid": BOX_KEY.public.kid, "typ": EVENT_TYP}


def _delivery(content: bytes) -> None:
    topic, _, payload = content.partition(b"\n")
    delivery = Delivery(topic.decode("utf-8", "replace"), payload)
    found = examine(delivery, BOXES, CONTRACT, ARRIVAL)
    if isinstance(found, Rejected):
        assert found.delivery == delivery
    else:
        assert payload in seeds.known_events(), "an event was let in that nobody has signed"


@cache
def _ledger() -> Ledger:
    return Ledger.open("sqlite:///:memory:")


def _whatever_a_box_signs(content: bytes) -> None:
    delivery = Delivery(topics.event(BOX), sign(content, EVENT_TYP, BOX_KEY))
    found = examine(delivery, BOXES, CONTRACT, ARRIVAL)
    words = "" if found.objection is None else found.objection.words
    words.encode()
    assert "\0" not in words, "PostgreSQL takes no NUL in a text"
    kept = _ledger().keep([found], ARRIVAL)
    assert kept.fresh + kept.duplicates + len(kept.quarantined) >= 1, "a delivery was dropped"


def _export(content: bytes) -> None:
    parts = export.parse(io.BytesIO(content))
    found = verify_chain(parts.events, BOXES, receipts=parts.receipts, platform=PLATFORM)
    if found.sound:
        lines = [line.removesuffix(b"\r") for line in content.removesuffix(b"\n").split(b"\n") if content]
        assert set(lines) <= seeds.known_events() | seeds.known_answers("receipts.json") | seeds.known_lines()


def _jwks(content: bytes) -> None:
    keys = Jwks.parse(content)
    assert Jwks.parse(keys.as_json()).as_json() == keys.as_json()


def _json(content: bytes) -> None:
    found = load(content, 12)
    assert load(dump(found), 12) == found


def _topic(content: bytes) -> None:
    topic = content.decode("utf-8", "replace")
    assert str(topics.parse(topic)) == topic


def _manifest(content: bytes) -> None:
    found = manifest.decode_manifest(content)
    assert manifest.decode_manifest(manifest.encode(found)) == found


def _part(content: bytes) -> None:
    found = manifest.decode_part(content)
    assert manifest.decode_part(manifest.encode(found)) == found


def _withdrawn(content: bytes) -> None:
    assert all(isinstance(one, str) for one in manifest.decode_withdrawn(content))


def _settings(content: bytes) -> None:
    found = settings.load(_written(content))
    assert topics.event(found.box.id)
    for path in (found.paths.log, found.paths.catalogue, found.broker.platform_keys, found.hearing):
        path.exists()  # a path that no file can have is found out here and not when the box runs
    from_url(found.broker.url, found.box.id)


def _key(content: bytes) -> None:
    path = _written(content)
    path.chmod(0o600)
    assert len(SigningKey.load(path, BOX).sign(b"")) == 64


def _sync_state(content: bytes) -> None:
    found = state.read(_written(content))
    assert found is None or found.written.tzinfo


def _update_state(content: bytes) -> None:
    found = update_state.read(_written(content))
    assert found is None or found.written.tzinfo


def _hearing(content: bytes) -> None:
    found = hearing.read(_written(content))
    assert found is None or (found.written.tzinfo and found.since.tzinfo)


def _mute(content: bytes) -> None:
    found = mute.read(_written(content))
    assert found is not None, "a file that is there mutes"
    assert found.since is None or found.since.tzinfo


def _under_way(content: bytes) -> None:
    found = UnderWayFile(_written(content)).read()
    if found is not None:
        for report in found.reports:
            write(report)  # what the log would refuse is refused in words


def _baseline(content: bytes) -> None:
    baseline.read(_written(content))


def _continuation(content: bytes) -> None:
    found = read_incident(load(content, JSON_DEPTH))
    assert found is None or read_incident({"code": "log-continued", "detail": write(found)}) == found


def _batch(content: bytes) -> None:
    for box in read_batch(_written(content), {"kz-tst-0002"}):
        assert topics.event(box.id)
        written = settings_file.settings(box, "mqtts://broker.example:8883", settings_file.Places.shipped())
        found = settings.load(_written(written.encode())).box
        assert (found.id, found.venue, found.hall) == (box.id, box.venue, box.hall), (
            "settings say another box"
        )


def _metadata(content: bytes) -> None:
    for row in read_rows(_written(content))[0]:
        assert row.file


def _works(content: bytes) -> None:
    read_works(_written(content))


_FOLDER = tempfile.TemporaryDirectory(prefix="estu-fuzz-")


def _written(content: bytes) -> Path:
    path = Path(_FOLDER.name) / f"input-{os.getpid()}"
    path.write_bytes(content)
    return path


TARGETS = {
    target.name: target
    for target in (
        Target("signed-event", _signed_event, lambda: sorted(seeds.known_events())),
        Target("event", _event, lambda: [one["payload"].encode() for one in vectors("events.json")]),
        Target("signed-receipt", _signed_receipt, lambda: sorted(seeds.known_answers("receipts.json"))),
        Target("receipt", _receipt, lambda: seeds.payloads("receipts.json")),
        Target("signed-notice", _signed_notice, lambda: sorted(seeds.known_answers("notices.json"))),
        Target("notice", _notice, lambda: seeds.payloads("notices.json")),
        Target("notice-board", _notice_board, seeds.notice_boards),
        Target("jws-header", _header, seeds.headers),
        Target("delivery", _delivery, seeds.deliveries),
        Target("whatever-a-box-signs", _whatever_a_box_signs, seeds.signed_texts),
        Target("export", _export, seeds.exports),
        Target(
            "jwks", _jwks, lambda: [(FOLDER / name).read_bytes() for name in ("boxes.jwks", "platform.jwks")]
        ),
        Target("json", _json, lambda: [one["payload"].encode() for one in vectors("events.json")]),
        Target("topic", _topic, lambda: [f"estu/v1/{BOX}/{kind}".encode() for kind in ("event", "receipt")]),
        Target("manifest", _manifest, seeds.manifests),
        Target("part", _part, seeds.parts),
        Target("withdrawn", _withdrawn, lambda: ['["kz-000123", "Ән"]'.encode(), b"[]"]),
        Target("settings", _settings, seeds.settings),
        Target("key", _key, seeds.keys),
        Target("sync-state", _sync_state, seeds.sync_states),
        Target("update-state", _update_state, seeds.update_states),
        Target("hearing", _hearing, seeds.hearings),
        Target("mute", _mute, seeds.mutes),
        Target("under-way", _under_way, seeds.under_ways),
        Target("baseline", _baseline, seeds.baselines),
        Target("continuation", _continuation, seeds.continuations),
        Target("batch", _batch, seeds.batches),
        Target("metadata", _metadata, seeds.tables),
        Target("works", _works, seeds.tables),
    )
}
