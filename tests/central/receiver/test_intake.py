"""What is let in, and what is set aside for which reason."""

import base64
import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, SignedEvent, examine
from device.record.event import NO_EVENT
from device.record.keys import Jwks
from device.record.signature import EVENT_TYP, RECEIPT_TYP, sign
from device.record.signed_event import hash_of
from device.record.signing_key import SigningKey
from device.sync import topics
from tests.central.receiver.conftest import NOW, Examined
from tests.simulated import reports
from tests.simulated.signing_box import SigningBox

BOX = SigningBox()
EVENT = BOX.write()[0]
CONTRACT = Contract.shipped()


def payload_of(jws: bytes) -> dict[str, object]:
    part = jws.split(b".")[1]
    content: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return content


def reason(examined: SignedEvent | Rejected) -> str:
    assert examined.objection is not None
    return examined.objection.reason


@pytest.mark.parametrize("report", reports.ALL, ids=lambda report: type(report).__name__)
def test_what_the_box_signed_is_let_in_whole(report: object, box: SigningBox, examined: Examined) -> None:
    jws = box.signed(7, "c0" * 32, report=report)  # type: ignore[arg-type]
    event = examined(jws)
    assert isinstance(event, SignedEvent)
    assert (event.box, event.seq, event.prev, event.jws) == (box.name, 7, "c0" * 32, jws)
    assert event.hash == hash_of(jws)
    assert event.objection is None


def test_an_event_of_a_box_that_is_not_registered_is_set_aside(box: SigningBox, examined: Examined) -> None:
    assert reason(examined(box.write()[0], keys=Jwks.of([]))) == "key-unknown"


def test_a_forged_signature_is_set_aside(box: SigningBox, examined: Examined) -> None:
    forger = SigningBox(box.name)
    header, payload, _ = box.write()[0].split(b".")
    forged = b".".join([header, payload, forger.write()[0].split(b".")[2]])
    assert reason(examined(forged)) == "signature-wrong"


def test_an_event_under_another_boxs_name_is_set_aside(box: SigningBox, examined: Examined) -> None:
    other = SigningBox("kz-ala-0002")
    keys = Jwks.of([box.key.public, other.key.public])
    assert reason(examined(other.write()[0], name=box.name, keys=keys)) == "event-other-box"


def test_a_box_cannot_sign_an_event_that_names_another_box(box: SigningBox, examined: Examined) -> None:
    other = SigningBox("kz-ala-0002")
    claims = json.dumps(payload_of(other.write()[0])).encode()
    assert reason(examined(box.sign_text(claims))) == "event-other-box"


def test_the_platforms_own_key_signs_no_events(box: SigningBox, examined: Examined) -> None:
    platform = SigningKey.create(None)
    forged = sign(json.dumps(payload_of(box.write()[0])).encode(), EVENT_TYP, platform)
    assert reason(examined(forged, keys=Jwks.of([platform.public]))) == "event-other-box"


def test_a_boxs_signature_under_something_else_is_no_event(box: SigningBox, examined: Examined) -> None:
    text = json.dumps(payload_of(box.write()[0])).encode()
    assert reason(examined(sign(text, RECEIPT_TYP, box.key))) == "jws-malformed"


@pytest.mark.parametrize("kind", ["presence", "receipt", "notice"])
def test_an_event_on_another_topic_is_set_aside(kind: str, contract: Contract) -> None:
    delivery = Delivery(f"estu/v1/{BOX.name}/{kind}", EVENT)
    assert reason(examine(delivery, Jwks.of([BOX.key.public]), contract, NOW)) == "topic-unknown"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("seq", value) for value in (0, -1, 1.0, "1", True, 2**53, None)),
        *(("prev", value) for value in (None, "", "C0" * 32, "c0" * 32 + "\n", 7)),
    ],
)
def test_an_event_without_a_place_in_the_chain_is_set_aside(
    name: str, value: object, box: SigningBox, examined: Examined
) -> None:
    text = json.dumps(payload_of(box.write()[0]) | {name: value}).encode()
    found = examined(box.sign_text(text))
    assert isinstance(found, Rejected)
    assert reason(found) == "event-malformed"


def test_a_name_given_twice_is_set_aside(box: SigningBox, examined: Examined) -> None:
    text = json.dumps(payload_of(box.write()[0])).encode()
    twice = text.replace(b'{"specversion"', b'{"seq": 7, "specversion"', 1)
    assert reason(examined(box.sign_text(twice))) == "event-malformed"


def test_a_signed_event_that_the_schema_refuses_keeps_its_place_and_is_not_counted(
    box: SigningBox, examined: Examined
) -> None:
    content = payload_of(box.write()[0])
    content["data"]["code"] = "Not A Code"  # type: ignore[index]
    found = examined(box.sign_text(json.dumps(content).encode()))
    assert isinstance(found, SignedEvent)
    assert found.seq == 1
    assert reason(found) == "event-schema"


def test_an_event_of_a_type_to_come_keeps_its_place_and_is_not_counted(
    box: SigningBox, examined: Examined
) -> None:
    content = payload_of(box.write()[0]) | {"type": "kz.estu.applause.v1"}
    found = examined(box.sign_text(json.dumps(content).encode()))
    assert isinstance(found, SignedEvent)
    assert reason(found) == "event-schema"


def test_an_event_from_the_future_keeps_its_place_and_is_not_counted(
    box: SigningBox, examined: Examined
) -> None:
    found = examined(box.signed(1, NO_EVENT, time=NOW + timedelta(days=1, seconds=1)))
    assert isinstance(found, SignedEvent)
    assert reason(found) == "event-from-the-future"


def test_a_box_that_says_that_its_clock_is_wrong_may_be_ahead(box: SigningBox, examined: Examined) -> None:
    found = examined(box.signed(1, NO_EVENT, time=NOW + timedelta(days=9000), state="unsynchronised"))
    assert isinstance(found, SignedEvent)
    assert found.objection is None


def test_a_time_that_is_in_no_calendar_is_no_time(box: SigningBox, examined: Examined) -> None:
    content = payload_of(box.write()[0]) | {"time": "2026-02-31T00:00:00.000Z"}
    assert reason(examined(box.sign_text(json.dumps(content).encode()))) == "event-schema"


@given(position=st.integers(0, len(EVENT) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_gets_through(position: int, bit: int) -> None:
    altered = bytearray(EVENT)
    altered[position] ^= 1 << bit
    found = examine(
        Delivery(topics.event(BOX.name), bytes(altered)), Jwks.of([BOX.key.public]), CONTRACT, NOW
    )
    assert isinstance(found, Rejected)
    assert found.delivery.payload == bytes(altered)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(payload=st.binary(max_size=300), topic=st.text(max_size=60))
def test_noise_is_set_aside_as_it_came(payload: bytes, topic: str, contract: Contract) -> None:
    found = examine(Delivery(topic, payload), Jwks.of([BOX.key.public]), contract, NOW)
    assert isinstance(found, Rejected)
    assert found.delivery == Delivery(topic, payload)


@given(
    text=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["box", "seq", "prev", "data", "type"]), inner)
        ),
    ).map(lambda content: json.dumps(content).encode())
)
def test_whatever_a_box_signs_the_receiver_goes_on(text: bytes) -> None:
    found = examine(
        Delivery(topics.event(BOX.name), BOX.sign_text(text)),
        Jwks.of([BOX.key.public]),
        CONTRACT,
        NOW,
    )
    assert found.objection is not None
