"""The ledger, on a real SQLite and a real PostgreSQL: whatever comes in whatever order, each event counts once or not at all."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.receiver.account import Account
from central.receiver.chain import Place
from central.receiver.contract import Contract
from central.receiver.intake import Delivery, Rejected, SignedEvent, examine
from central.receiver.ledger import Kept, Ledger
from central.receiver.tables import metadata
from device.errors import Waiting
from device.record.event import NO_EVENT
from device.record.json_text import dump
from device.record.keys import Jwks
from device.record.signed_event import hash_of
from device.sync import topics
from tests.central.receiver.conftest import NOW
from tests.simulated.signing_box import SigningBox

Keep = Callable[..., Kept]


FULL_DISK = {
    "sqlite": ["CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT raise(ABORT, 'disk full'); END"],
    "postgresql": [
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'disk full'; END $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION refuse()",
    ],
}


def reasons(ledger: Ledger) -> list[str]:
    return sorted(one.reason for one in Account(ledger).quarantined())


def numbers(ledger: Ledger, box: SigningBox) -> list[int]:
    return [event.seq for event in Account(ledger).counted(box.name)]


def test_events_in_order_are_counted_and_receipted(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    kept = keep(*box.write(5))
    assert kept.places == {box.name: Place(5, box.head)}
    assert (kept.fresh, kept.duplicates, kept.quarantined) == (5, 0, [])
    assert [event.jws for event in Account(ledger).counted(box.name)] == box.events
    assert ledger.places() == kept.places


def test_a_duplicate_is_counted_once_and_receipted_again(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    events = box.write(3)
    keep(*events)
    kept = keep(events[1], events[1])
    assert (kept.fresh, kept.duplicates) == (0, 2)
    assert kept.places == {box.name: Place(3, box.head)}, "the box sent it since it did not hear the receipt"
    assert numbers(ledger, box) == [1, 2, 3]


def test_a_duplicate_within_a_batch_is_counted_once(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    first, second = box.write(2)
    kept = keep(first, first, second, first)
    assert (kept.fresh, kept.duplicates) == (2, 2)
    assert numbers(ledger, box) == [1, 2]


def test_reordered_events_wait_and_then_count(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    events = box.write(4)
    assert keep(events[3], events[2]).places == {box.name: Place()}, "a box that is new here is told so"
    assert numbers(ledger, box) == []
    assert keep(events[0]).places == {box.name: Place(1, hash_of(events[0]))}
    assert keep(events[1]).places == {box.name: Place(4, box.head)}
    assert numbers(ledger, box) == [1, 2, 3, 4]


def test_behind_a_removed_event_nothing_is_counted_or_receipted(
    ledger: Ledger, box: SigningBox, keep: Keep
) -> None:
    events = box.write(6)
    keep(*events[:3])
    kept = keep(*events[4:])
    assert kept.places == {}, "a receipt that says nothing new would only make the box send again"
    standing = Account(ledger).standing(box.name)
    assert standing is not None
    assert (standing.place.through, standing.counted, standing.waiting, standing.missing) == (3, 3, 2, 4)
    assert keep(*events[4:]).places == {}


def test_a_removed_event_cannot_be_hidden_by_another_in_its_place(
    ledger: Ledger, box: SigningBox, keep: Keep
) -> None:
    events = box.write(4)
    substitute = box.signed(2, "dd" * 32)
    keep(events[0], substitute, events[2], events[3])
    assert reasons(ledger) == ["chain-broken"]
    assert numbers(ledger, box) == [1]
    assert keep(events[1]).places == {box.name: Place(4, box.head)}, (
        "the true one still finds its number free"
    )


def test_an_inserted_event_is_set_aside(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    events = box.write(3)
    keep(*events)
    inserted = box.signed(3, hash_of(events[1]), text="Inserted later.")
    kept = keep(inserted)
    assert kept.places == {}
    assert reasons(ledger) == ["event-fork"]
    assert [event.jws for event in Account(ledger).counted(box.name)] == events
    (one,) = Account(ledger).quarantined(box.name)
    assert (one.payload, one.seq, one.times) == (inserted, 3, 1)


def test_of_a_fork_the_branch_that_came_first_counts(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    events = box.write(4)
    clone = SigningBox(box.name, box.key, events[:2])
    other_branch = clone.signed(3, hash_of(events[1]), text="The clone heard something else.")
    follower = box.signed(4, hash_of(other_branch), text="And went on.")
    keep(*events[:3])
    kept = keep(other_branch, follower)
    assert numbers(ledger, box) == [1, 2, 3]
    assert reasons(ledger) == ["chain-broken", "event-fork"]
    assert kept.places == {}
    assert keep(events[3]).places == {box.name: Place(4, box.head)}


def test_an_altered_event_is_kept_as_evidence_and_not_counted(
    ledger: Ledger, box: SigningBox, keep: Keep
) -> None:
    events = box.write(3)
    altered = events[1].replace(b"A", b"B", 1)
    kept = keep(events[0], altered, events[2])
    assert kept.places == {box.name: Place(1, hash_of(events[0]))}
    (one,) = Account(ledger).quarantined()
    assert one.payload == altered


def test_the_same_forgery_again_only_counts_up(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    forged = box.write()[0][:-4] + b"AAAA"
    for _ in range(5):
        keep(forged, forged)
    (one,) = Account(ledger).quarantined()
    assert one.times == 10


def test_an_event_that_the_contract_refuses_holds_its_place_and_does_not_count(
    ledger: Ledger, box: SigningBox, keep: Keep
) -> None:
    box.write(2)
    early = box.signed(3, box.head, time=NOW + timedelta(days=400))
    box.events.append(early)
    box.write(2)
    kept = keep(*box.events)
    assert kept.places == {box.name: Place(5, box.head)}
    assert numbers(ledger, box) == [1, 2, 4, 5]
    assert reasons(ledger) == ["event-from-the-future"]
    standing = Account(ledger).standing(box.name)
    assert standing is not None
    assert (standing.counted, standing.objected, standing.waiting) == (4, 1, 0)


def test_boxes_do_not_mix(ledger: Ledger, contract: Contract) -> None:
    boxes = [SigningBox(f"kz-ala-{number:04}") for number in range(3)]
    keys = Jwks.of([box.key.public for box in boxes])
    deliveries = [Delivery(topics.event(box.name), box.write()[0]) for _ in range(4) for box in boxes]
    ledger.keep([examine(delivery, keys, contract, NOW) for delivery in deliveries], NOW)
    assert ledger.places() == {box.name: Place(4, box.head) for box in boxes}


def test_a_long_chain_that_waited_is_followed_at_once(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    events = box.write(1_100)
    keep(*events[1:])
    assert keep(events[0]).places == {box.name: Place(1_100, box.head)}


def test_nothing_is_kept_of_a_batch_that_the_database_refuses(
    ledger: Ledger, box: SigningBox, examined: Callable[..., SignedEvent | Rejected]
) -> None:
    good, forged = box.write()[0], b"forged"
    with ledger.engine.begin() as connection:
        for statement in FULL_DISK[connection.dialect.name]:
            connection.exec_driver_sql(statement)
    with pytest.raises(Waiting) as waiting:
        ledger.keep([examined(forged), examined(good)], NOW)
    assert "disk full" in str(waiting.value)
    assert list(Account(ledger).quarantined()) == []
    assert ledger.places() == {}


CHAIN = SigningBox()
CHAIN.write(8)
COMING = [
    *CHAIN.events,
    CHAIN.signed(4, "dd" * 32, text="It follows nothing."),
    CHAIN.signed(9, "ee" * 32, text="It follows nothing, and lies beyond."),
    CHAIN.events[4][:-4] + b"AAAA",
]
KEYS = Jwks.of([CHAIN.key.public])


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    noise=st.lists(st.lists(st.sampled_from(range(len(COMING))), max_size=6), max_size=10),
    order=st.permutations(range(8)),
)
def test_whatever_came_before_in_whatever_order_the_true_chain_counts_in_the_end(
    ledger: Ledger, contract: Contract, noise: list[list[int]], order: list[int]
) -> None:
    empty(ledger)
    for batch in [*noise, order[:3], order[3:], range(8), range(8)]:
        deliveries = [Delivery(topics.event(CHAIN.name), COMING[number]) for number in batch]
        kept = ledger.keep([examine(delivery, KEYS, contract, NOW) for delivery in deliveries], NOW)
        for place in kept.places.values():
            assert place.head == (hash_of(CHAIN.events[place.through - 1]) if place.through else NO_EVENT)
    assert [event.jws for event in Account(ledger).counted(CHAIN.name)] == CHAIN.events
    assert ledger.places() == {CHAIN.name: Place(8, CHAIN.head)}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    topic=st.text(max_size=300) | st.just("estu/v1/" + "x" * 60_000 + "/event"),
    payload=st.binary(max_size=50),
    claims=st.dictionaries(st.sampled_from(["type", "time", "data"]), st.text(max_size=80)),
)
def test_whatever_an_outsider_sends_is_kept_to_the_byte_and_holds_up_nobody(
    ledger: Ledger, contract: Contract, topic: str, payload: bytes, claims: dict[str, str]
) -> None:
    empty(ledger)
    try:
        odd = CHAIN.sign_text(dump({"box": CHAIN.name, "seq": 9, "prev": CHAIN.head} | claims))
    except ValueError:
        return  # halves of surrogate pairs are in no UTF-8
    deliveries = [Delivery(topic, payload), Delivery(topics.event(CHAIN.name), odd)]
    deliveries += [Delivery(topics.event(CHAIN.name), event) for event in CHAIN.events]
    ledger.keep([examine(delivery, KEYS, contract, NOW) for delivery in deliveries], NOW)
    assert ledger.places() == {CHAIN.name: Place(9, hash_of(odd))}
    assert {one.payload for one in Account(ledger).quarantined()} == {payload, odd}


def test_a_receipt_is_dated_after_every_one_for_less(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    first = keep(*box.write(2))
    second = keep(*box.write(2))
    assert first.time < second.time


def test_what_is_set_aside_twice_in_a_batch_is_one_row(ledger: Ledger, box: SigningBox, keep: Keep) -> None:
    keep(b"forged", b"forged", b"other", b"forged")
    assert sorted((one.payload, one.times) for one in Account(ledger).quarantined()) == [
        (b"forged", 3),
        (b"other", 1),
    ]


def empty(ledger: Ledger) -> None:
    with ledger.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
