"""The committed test vectors: made anew they are the same, and box and receiver agree with each of them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, SignedEvent, examine
from central.receiver.ledger import Ledger
from central.vectors.__main__ import main
from device.errors import Refused
from device.record import export
from device.record.event import KINDS, encode
from device.record.link import Link
from device.record.notice import unseal_notice
from device.record.receipt import unseal_receipt
from device.record.signed_event import hash_of, unseal
from device.record.verification import Reason, verify
from tests.contract.shipped import BOXES, FOLDER, PLATFORM, content, received, vectors

CONTRACT = Contract.shipped()
AS_THE_BOX_SAYS = {
    "event-schema": "event-malformed"
}  # a box reads with its own reader and not with the schemas
ONLY_THE_PLATFORM_SAYS = ("topic-unknown", "event-from-the-future")
REASONS = {
    "topic-unknown", "jws-malformed", "event-malformed", "key-unknown", "signature-wrong", "event-other-box",
    "event-schema", "event-from-the-future",
}  # fmt: skip


def named(name: str) -> Any:
    return pytest.mark.parametrize("vector", vectors(name), ids=lambda vector: vector["name"])


def looked_at(topic: str, jws: str, name: str) -> SignedEvent | Rejected:
    return examine(Delivery(topic, jws.encode()), BOXES, CONTRACT, received(name))


def test_the_committed_files_are_those_that_would_be_written() -> None:
    assert main(["--check"]) == 0


def test_made_elsewhere_they_are_the_same_and_a_changed_one_is_noticed(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path)]) == 0
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {name: (FOLDER / name).read_bytes() for name in made}
    (tmp_path / "events.json").write_bytes(made["events.json"] + b"\n")
    assert main(["--check", "--out", str(tmp_path)]) == 1


def test_there_is_a_vector_for_each_type_and_each_reason() -> None:
    types = {unseal(vector["jws"].encode(), BOXES).type for vector in vectors("events.json")}
    assert types == set(KINDS)
    assert {vector["reason"] for vector in vectors("rejected.json")} == REASONS
    aside = {
        one["reason"]
        for vector in vectors("arrivals.json")
        for step in vector["steps"]
        for one in step["set_aside"]
    }
    assert aside >= {"event-fork", "chain-broken"}
    faults = {vector["fault"]["reason"] for vector in vectors("logs.json") if vector["fault"]}
    assert faults == set(Reason)


@named("events.json")
def test_box_and_receiver_take_an_event(vector: dict[str, Any]) -> None:
    jws = vector["jws"].encode()
    event = unseal(jws, BOXES)
    assert encode(event).decode() == vector["payload"]
    assert hash_of(jws) == vector["hash"]
    found = looked_at(vector["topic"], vector["jws"], "events.json")
    assert isinstance(found, SignedEvent)
    assert (found.box, found.seq, found.prev) == (event.box, event.seq, event.prev)
    assert (found.hash, found.jws, found.objection) == (vector["hash"], jws, None)


@named("rejected.json")
def test_the_receiver_sets_aside_for_the_reason_told(vector: dict[str, Any]) -> None:
    found = looked_at(vector["topic"], vector["jws"], "rejected.json")
    assert found.objection is not None
    assert found.objection.reason == vector["reason"], found.objection.words
    assert isinstance(found, SignedEvent) == vector["keeps_place"]


@named("rejected.json")
def test_the_box_refuses_for_the_same_reason(vector: dict[str, Any]) -> None:
    if vector["reason"] in ONLY_THE_PLATFORM_SAYS:
        unseal(vector["jws"].encode(), BOXES)
        return
    if vector["name"] == "under-anothers-name":  # only the topic says so, and a box reads no other's topic
        return
    with pytest.raises(Refused) as refused:
        unseal(vector["jws"].encode(), BOXES)
    assert refused.value.code == AS_THE_BOX_SAYS.get(vector["reason"], vector["reason"])


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite")
    yield opened
    opened.close()


@named("arrivals.json")
def test_the_ledger_keeps_what_arrives_as_told(vector: dict[str, Any], ledger: Ledger) -> None:
    now = received("arrivals.json")
    for step in vector["steps"]:
        found = looked_at(step["topic"], step["jws"], "arrivals.json")
        assert isinstance(found, SignedEvent)
        kept = ledger.keep([found], now)
        place = dict(ledger.places())[found.box]
        assert (place.through, place.head) == (step["through"], step["head"])
        assert [reason.reason for _, reason in kept.quarantined] == [
            one["reason"] for one in step["set_aside"]
        ]
        assert (kept.duplicates == 1) == (step["outcome"] == "duplicate")
        gone = {one["hash"] for one in step["set_aside"]} if found.objection is None else set()
        assert (found.hash in gone) == (step["outcome"] == "aside")
        if step["outcome"] != "aside" and step["outcome"] != "duplicate":
            assert (found.seq > place.through) == (step["outcome"] == "waits")
            assert (found.objection is not None) == (step["outcome"] == "objected")


@named("logs.json")
def test_the_box_finds_in_an_export_what_is_told(vector: dict[str, Any]) -> None:
    file = io.BytesIO("".join(line + "\n" for line in vector["lines"]).encode())
    parts = export.parse(file)
    places = [Link(**vector[name]) if vector[name] else None for name in ("after", "head")]
    found = verify(
        parts.events, BOXES, after=places[0], head=places[1], receipts=parts.receipts, platform=PLATFORM
    )
    fault = None if found.fault is None else {"seq": found.fault.seq, "reason": found.fault.reason.value}
    assert fault == vector["fault"], found.fault
    assert (found.events, found.lost) == (vector["events"], vector["lost"])
    if found.sound:
        assert (found.receipt.through if found.receipt else 0) == vector["receipted"]


@named("receipts.json")
def test_the_box_takes_or_refuses_a_receipt_as_told(vector: dict[str, Any]) -> None:
    if vector["reason"] is None:
        assert unseal_receipt(vector["jws"].encode(), PLATFORM).box == content("receipts.json")["box"]
        return
    with pytest.raises(Refused) as refused:
        unseal_receipt(vector["jws"].encode(), PLATFORM)
    assert refused.value.code == vector["reason"]


@named("notices.json")
def test_the_box_takes_or_refuses_a_notice_as_told(vector: dict[str, Any]) -> None:
    box = content("notices.json")["box"]
    if vector["reason"] is None:
        assert unseal_notice(vector["jws"].encode(), PLATFORM, box).box == box
        return
    with pytest.raises(Refused) as refused:
        unseal_notice(vector["jws"].encode(), PLATFORM, box)
    assert refused.value.code == vector["reason"]
