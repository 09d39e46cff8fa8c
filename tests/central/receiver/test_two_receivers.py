"""Two receivers at once, on one shared subscription and one PostgreSQL: no event lost, none twice, receipts right."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from central.receiver.boxes import BoxKeys
from central.receiver.chain import Place
from central.receiver.contract import Contract
from central.receiver.herald import Herald
from central.receiver.intake import Delivery
from central.receiver.ledger import Kept, Ledger
from central.receiver.serving import Receiver
from device.errors import Refused
from device.record.keys import Jwks
from device.record.receipt import Receipt
from device.record.signing_key import SigningKey
from device.sync import topics
from device.sync.broker_link import BrokerLink
from device.sync.link import from_url
from device.sync.message import Acknowledged
from device.sync.receipts import refuse_older
from tests.central.receiver.conftest import deliver, forge, retained
from tests.simulated.broker import Broker
from tests.simulated.postgresql import PostgreSql
from tests.simulated.receiver import ReceiverProcess
from tests.simulated.signing_box import SigningBox
from tests.simulated.venue import wait_until

EVENTS = 150  # of each box


@pytest.fixture
def boxes() -> list[SigningBox]:
    made = [SigningBox(f"kz-ala-000{number}") for number in (1, 2, 3)]
    for box in made:
        box.write(EVENTS)
    return made


def test_interleaved_doubled_and_forged_deliveries_are_sorted_out_by_two_receivers(
    tmp_path: Path, broker: Broker, postgresql: PostgreSql, boxes: list[SigningBox]
) -> None:
    luck = random.Random(11)
    forged = [Delivery(topics.event(box.name), box.events[7][:-8] + b"AAAAAAAA") for box in boxes]
    forks = [Delivery(topics.event(box.name), box.signed(9, "ab" * 32)) for box in boxes]
    deliveries = [Delivery(topics.event(box.name), event) for box in boxes for event in box.events] * 2
    deliveries += forged * 20
    luck.shuffle(deliveries)
    one, two = (
        ReceiverProcess(tmp_path / name, ["--broker", broker.url], name, key, postgresql_url)
        for key in [SigningKey.create(None)]
        for postgresql_url in [postgresql.create()]
        for name in ("receiver-1", "receiver-2")
    )
    for receiver in (one, two):
        receiver.register(*(box.key.public for box in boxes))
    with one, two:
        deliver(broker, *deliveries)
        wait_until(
            lambda: one.ledger.places() == {box.name: one_place(box) for box in boxes}, "all is kept", 120.0
        )
        deliver(broker, *forks)
        wait_until(
            lambda: Counter(reasons(one)) == {"signature-wrong": 60, "event-fork": 3}, "all is set aside"
        )
        wait_until(lambda: heads(broker, one.platform) == {box.name: box.head for box in boxes}, "receipted")
        for box in boxes:
            assert [event.jws for event in one.account().counted(box.name)] == box.events
        for receiver in (one, two):
            receiver.stop()
            assert "fresh=0" not in receiver.log, "both had a share"
            assert "ledger-away" not in receiver.log
    assert "deadlock" not in postgresql.log


def test_a_receiver_that_dies_leaves_its_share_to_the_other(
    tmp_path: Path, broker: Broker, postgresql: PostgreSql, boxes: list[SigningBox]
) -> None:
    box, key, url = boxes[0], SigningKey.create(None), postgresql.create()
    one = ReceiverProcess(tmp_path / "1", ["--broker", broker.url], "receiver-1", key, url)
    two = ReceiverProcess(
        tmp_path / "2", ["--broker", broker.url], "receiver-2", key, url, dies="before the commit"
    )
    for receiver in (one, two):
        receiver.register(box.key.public)
    with one, ExitStack() as running:
        running.callback(two.kill)
        two.start()
        forge(broker, box.name, *box.events)
        two.wait_until_dead()
        forge(broker, box.name, *box.events)
        wait_until(lambda: len(one.account().counted(box.name)) == EVENTS, "the other has them all", 120.0)
        wait_until(lambda: heads(broker, one.platform) == {box.name: box.head}, "and has said so")


@pytest.fixture
def receivers(tmp_path: Path, database_url: str, boxes: list[SigningBox]) -> Iterator[list[Receiver]]:
    (tmp_path / "boxes.jwks").write_bytes(Jwks.of([box.key.public for box in boxes]).as_json())
    key, ledgers = SigningKey.create(None), [Ledger.open(database_url) for _ in range(2)]
    yield [Receiver(BoxKeys(tmp_path / "boxes.jwks"), Contract.shipped(), key, ledger) for ledger in ledgers]
    for ledger in ledgers:
        ledger.close()


def kept(receiver: Receiver, box: SigningBox, first: int, last: int) -> Kept:
    return receiver.take(Delivery(topics.event(box.name), event) for event in box.events[first - 1 : last])


def taken(link: BrokerLink) -> list[int]:
    """Give the numbers of the messages that the broker has taken."""
    numbers: list[int] = []
    while not numbers:
        numbers = [one.number for one in link.turn(1.0) if isinstance(one, Acknowledged)]
    return numbers


def test_a_receiver_that_tells_late_does_not_have_the_last_word(
    broker: Broker, receivers: list[Receiver], boxes: list[SigningBox]
) -> None:
    box, (slow, quick) = boxes[0], receivers
    platform = Jwks.of([slow.signer.public])
    link = replace(from_url(broker.url, "slow"), session_expiry=0)
    with BrokerLink(link, []) as one, BrokerLink(replace(link, client="quick"), []) as two:
        heralds = Herald(one, slow), Herald(two, quick)
        early, late = kept(slow, box, 1, 5), kept(quick, box, 6, 9)
        heralds[1].tell(late)
        heralds[1].look_again(taken(two))
        heralds[0].tell(early)
        numbers = taken(one)
        assert retained(broker, platform)[box.name].through == 5, "told the other way round"
        heralds[0].look_again(numbers)
        taken(one)
        assert retained(broker, platform)[box.name].through == 9


def test_a_box_does_not_go_back_for_a_receipt_that_came_late(
    receivers: list[Receiver], boxes: list[SigningBox]
) -> None:
    box, (slow, quick) = boxes[0], receivers
    early, late = kept(slow, box, 1, 5), kept(quick, box, 6, 9)
    receipts = [
        Receipt(box.name, one.places[box.name].through, one.places[box.name].head, one.time)
        for one in (early, late)
    ]
    with pytest.raises(Refused, match="old receipt"):
        refuse_older(receipts[0], kept=receipts[1])


def test_two_that_take_the_same_boxes_in_another_order_do_not_wait_in_a_circle(
    receivers: list[Receiver], boxes: list[SigningBox]
) -> None:
    """Batches that overlap in boxes and in what is set aside, all at once from two sides."""
    forged = [Delivery(topics.event(box.name), b"forged") for box in boxes]
    failed: list[Exception] = []

    def work(receiver: Receiver, order: list[SigningBox], odd: list[Delivery]) -> None:
        try:
            for start in range(0, EVENTS, 5):
                events = [
                    Delivery(topics.event(box.name), event)
                    for box in order
                    for event in box.events[start : start + 5]
                ]
                receiver.take(events + odd)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)

    threads = [
        Thread(target=work, args=(receivers[0], boxes, forged)),
        Thread(target=work, args=(receivers[1], boxes[::-1], forged[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert receivers[0].ledger.places() == {box.name: one_place(box) for box in boxes}


def one_place(box: SigningBox) -> Place:
    return Place(EVENTS, box.head)


def reasons(receiver: ReceiverProcess) -> list[str]:
    return [one.reason for one in receiver.account().quarantined() for _ in range(one.times)]


def heads(broker: Broker, platform: Jwks) -> dict[str, str]:
    return {box: receipt.head for box, receipt in retained(broker, platform).items()}
