"""From a box's log to the ledger and back: real box, real broker, real receiver, and what comes between them."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from device.record.signed_event import hash_of
from device.sync import topics
from device.sync.broker_link import BrokerLink
from device.sync.link import from_url
from tests.central.receiver.conftest import forge
from tests.simulated.broker import Broker, ShippedBroker
from tests.simulated.proxy import Proxy
from tests.simulated.receiver import ReceiverProcess
from tests.simulated.signing_box import SigningBox
from tests.simulated.venue import Venue, wait_until


@pytest.fixture
def receiver(tmp_path: Path, broker: Broker) -> Iterator[ReceiverProcess]:
    receiver = ReceiverProcess(tmp_path / "platform", ["--broker", broker.url])
    yield receiver
    receiver.kill()


def each_event_once(venue: Venue, receiver: ReceiverProcess) -> None:
    """Hold the ledger against the log: every event, its exact bytes, once, in order."""
    log = venue.log.events(0, 1_000_000)
    assert [event.jws for event in receiver.account().counted(venue.name, limit=1_000_000)] == [
        stored.jws for stored in log
    ]
    standing = receiver.account().standing(venue.name)
    assert standing is not None
    assert (standing.place.through, standing.place.head) == (log[-1].seq, log[-1].hash)
    receipt = venue.log.receipt()
    assert receipt is not None
    assert (receipt.through, receipt.head) == (log[-1].seq, log[-1].hash)
    assert venue.log.waiting() == 0


def test_with_the_shipped_broker_and_tls_everything_arrives_and_is_receipted(tmp_path: Path) -> None:
    with ShippedBroker(tmp_path / "broker") as broker, ExitStack() as running:
        box, platform = tmp_path / "box", tmp_path / "receiver"
        for name, authority, path in (
            ("kz-ala-0001", broker.boxes, box),
            ("platform-receiver", broker.platform, platform),
        ):
            authority.issue(name, path.with_suffix(".crt"), path.with_suffix(".key"))
        receiver = ReceiverProcess(
            tmp_path / "platform",
            [
                *("--broker", broker.platform_url, "--ca", str(broker.server_authority)),
                *(
                    "--certificate",
                    str(platform.with_suffix(".crt")),
                    "--key",
                    str(platform.with_suffix(".key")),
                ),
            ],
        )
        link = from_url(
            broker.url,
            "kz-ala-0001",
            broker.server_authority,
            box.with_suffix(".crt"),
            box.with_suffix(".key"),
        )
        venue = Venue(tmp_path / "venue", receiver.platform, [link])
        receiver.register(venue.key.public)
        running.enter_context(receiver)
        running.enter_context(venue)
        venue.hear(200)
        venue.wait_for_receipt(200)
        each_event_once(venue, receiver)


def test_a_receiver_that_is_killed_at_any_moment_counts_each_event_once(
    tmp_path: Path, broker: Broker, receiver: ReceiverProcess
) -> None:
    luck = random.Random(5)
    with Venue.at(tmp_path / "box", receiver.platform, broker.url) as venue:
        receiver.register(venue.key.public)
        venue.hear(400)
        for _ in range(4):
            receiver.start()
            time.sleep(luck.uniform(0.0, 0.25))
            receiver.kill()
            venue.hear(20)
        receiver.start()
        venue.wait_for_receipt(480)
        each_event_once(venue, receiver)
    assert list(receiver.account().quarantined()) == []


def test_cuts_on_both_sides_a_dying_broker_and_a_dying_receiver_lose_and_double_nothing(
    tmp_path: Path, broker: Broker
) -> None:
    luck = random.Random(7)
    with Proxy(broker.port) as near, Proxy(broker.port) as far:
        receiver = ReceiverProcess(tmp_path / "platform", ["--broker", f"mqtt://127.0.0.1:{far.port}"])
        with Venue.at(tmp_path / "box", receiver.platform, f"mqtt://127.0.0.1:{near.port}") as venue:
            receiver.register(venue.key.public)
            receiver.start()
            venue.hear(300)
            for fault in ("near", "far", "broker", "near", "receiver", "far", "both"):
                venue.hear(20)
                time.sleep(luck.uniform(0.0, 0.2))
                match fault:
                    case "near":
                        near.cut()
                    case "far":
                        far.cut()
                    case "both":
                        near.cut()
                        far.cut()
                    case "broker":
                        broker.kill()
                        broker.start()
                    case "receiver":
                        receiver.kill()
                        receiver.start()
            venue.wait_for_receipt(440)
            each_event_once(venue, receiver)
        receiver.kill()


def test_two_receivers_on_one_ledger_count_each_event_once(
    tmp_path: Path, broker: Broker, receiver: ReceiverProcess
) -> None:
    second = ReceiverProcess(tmp_path / "platform", receiver.arguments, "receiver-2", receiver.key)
    with Venue.at(tmp_path / "box", receiver.platform, broker.url) as venue:
        receiver.register(venue.key.public)
        with receiver, second:
            venue.hear(300)
            venue.wait_for_receipt(300)
            each_event_once(venue, receiver)
            for one in (receiver, second):
                one.stop()
                assert "fresh=0" not in one.log, "both had a share"


def test_a_broker_that_forgot_everything_is_told_the_receipts_again(
    tmp_path: Path, broker: Broker, receiver: ReceiverProcess
) -> None:
    with Venue.at(tmp_path / "box", receiver.platform, broker.url) as venue:
        receiver.register(venue.key.public)
        receiver.start()
        venue.hear(30)
        venue.wait_for_receipt(30)
    broker.kill()
    (broker.folder / "mosquitto.db").unlink(missing_ok=True)
    broker.start()
    link = replace(from_url(broker.url, "watcher"), session_expiry=0)
    with BrokerLink(link, [topics.receipt("kz-ala-0001")]) as watcher:
        wait_until(lambda: watcher.turn(1.0), "the receipt is retained again")


def test_what_is_forged_on_a_boxs_topic_is_quarantined_and_the_box_is_counted_all_the_same(
    tmp_path: Path, broker: Broker, receiver: ReceiverProcess
) -> None:
    with Venue.at(tmp_path / "box", receiver.platform, broker.url) as venue:
        receiver.register(venue.key.public)
        receiver.start()
        venue.hear(10)
        venue.wait_for_receipt(10)
        stranger = SigningBox(venue.name)
        clone = SigningBox(venue.name, venue.key)
        fifth = venue.log.events(4, 1)[0]
        forged = {
            "key-unknown": stranger.write()[0],
            "signature-wrong": fifth.jws[:-8] + b"AAAAAAAA",
            "event-fork": clone.signed(5, venue.log.events(3, 1)[0].hash, text="It was another song."),
            "chain-broken": clone.signed(11, "ab" * 32, text="Inserted."),
            "jws-malformed": b"\x00\xff",
        }
        forge(broker, venue.name, *forged.values())
        wait_until(lambda: len(list(receiver.account().quarantined())) == len(forged), "all is quarantined")
        assert {one.reason: one.payload for one in receiver.account().quarantined()} == forged
        assert venue.receipted == 10
        venue.hear(5)
        venue.wait_for_receipt(15)
        each_event_once(venue, receiver)


def test_a_box_without_its_third_event_gets_no_receipt_beyond_the_second(
    broker: Broker, receiver: ReceiverProcess
) -> None:
    box = SigningBox()
    receiver.register(box.key.public)
    receiver.start()
    events = box.write(6)
    forge(broker, box.name, *events[:2], *events[3:], events[0])
    wait_until(
        lambda: (standing := receiver.account().standing(box.name)) and standing.waiting == 3, "three wait"
    )
    standing = receiver.account().standing(box.name)
    assert standing is not None
    assert (standing.place.through, standing.place.head, standing.missing) == (2, hash_of(events[1]), 3)
    forge(broker, box.name, events[2])
    wait_until(lambda: len(receiver.account().counted(box.name)) == 6, "all count once the third is there")


def test_a_box_that_is_registered_later_is_believed_without_a_restart(
    tmp_path: Path, broker: Broker, receiver: ReceiverProcess
) -> None:
    with Venue.at(tmp_path / "box", receiver.platform, broker.url) as venue, receiver:
        venue.hear(3)
        wait_until(lambda: list(receiver.account().quarantined()), "a stranger's events are quarantined")
        assert venue.receipted == 0
        receiver.register(venue.key.public)
        venue.wait_for_receipt(3)
        each_event_once(venue, receiver)


def test_a_key_file_that_cannot_be_read_leaves_the_last_good_keys(
    tmp_path: Path, broker: Broker, receiver: ReceiverProcess
) -> None:
    with Venue.at(tmp_path / "box", receiver.platform, broker.url) as venue:
        receiver.register(venue.key.public)
        with receiver:
            venue.hear(1)
            venue.wait_for_receipt(1)
            (receiver.folder / "boxes.jwks").write_text("{")
            venue.hear(1)
            venue.wait_for_receipt(2)
            assert "The keys stay as they were." in receiver.log
