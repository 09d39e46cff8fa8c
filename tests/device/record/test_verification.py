"""Whatever is done to a chain between its ends shows, with the number where and the reason."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.record.event import NO_EVENT, encode
from device.record.keys import Jwks
from device.record.link import START, Link
from device.record.signature import EVENT_TYP, sign
from device.record.signed_event import hash_of, seal, unseal
from device.record.signing_key import SigningKey
from device.record.verification import Reason, verify

LENGTH = 7


@pytest.fixture(scope="session")
def chain(chain_of: Callable[..., list[bytes]]) -> list[bytes]:
    return chain_of(LENGTH)


@pytest.fixture(scope="session")
def head(chain: list[bytes]) -> Link:
    return Link(LENGTH, hash_of(chain[-1]))


def found(chain: list[bytes], boxes: Jwks, head: Link) -> tuple[int, Reason] | None:
    fault = verify(chain, boxes, after=START, head=head).fault
    return None if fault is None else (fault.seq, fault.reason)


def test_a_whole_chain_is_sound(chain: list[bytes], boxes: Jwks, head: Link) -> None:
    verification = verify(chain, boxes, after=START, head=head)
    assert verification.sound
    assert (verification.box, verification.events) == ("abay-theatre-1", LENGTH)
    assert verification.first == Link(1, hash_of(chain[0]))
    assert verification.last == head
    assert verification.began == unseal(chain[0], boxes).time
    assert verification.ended == unseal(chain[-1], boxes).time


def test_every_byte_of_an_event_counts(chain: list[bytes], boxes: Jwks, head: Link) -> None:
    for event in (chain[3], chain[-1]):
        place = chain.index(event)
        for byte in range(len(event)):
            flipped = event[:byte] + bytes([event[byte] ^ (1 << byte % 8)]) + event[byte + 1 :]
            fault = verify([flipped], boxes, after=Link(place, hash_of(chain[place - 1]))).fault
            assert fault is not None
            assert fault.seq == place + 1
            assert fault.reason in {Reason.ALTERED, Reason.TORN, Reason.WRONG_KEY}


@settings(max_examples=150)
@given(event=st.integers(0, LENGTH - 1), byte=st.integers(0, 5_000), bit=st.integers(0, 7))
def test_a_flipped_bit_anywhere_shows_where_it_is(
    chain: list[bytes], boxes: Jwks, head: Link, event: int, byte: int, bit: int
) -> None:
    flipped = bytearray(chain[event])
    flipped[byte % len(flipped)] ^= 1 << bit
    fault = found([*chain[:event], bytes(flipped), *chain[event + 1 :]], boxes, head)
    assert fault is not None
    assert fault[0] == event + 1
    assert fault[1] in {Reason.ALTERED, Reason.TORN, Reason.WRONG_KEY}


@given(gone=st.sets(st.integers(0, LENGTH - 1), min_size=1))
def test_removed_events_show_at_the_first(
    chain: list[bytes], boxes: Jwks, head: Link, gone: set[int]
) -> None:
    rest = [jws for place, jws in enumerate(chain) if place not in gone]
    assert found(rest, boxes, head) == (min(gone) + 1, Reason.REMOVED)


@given(order=st.permutations(range(LENGTH)))
def test_any_other_order_shows_at_the_first_that_is_not_in_its_place(
    chain: list[bytes], boxes: Jwks, head: Link, order: list[int]
) -> None:
    wrong = next((place for place, event in enumerate(order) if place != event), None)
    expected = None if wrong is None else (wrong + 1, Reason.REORDERED)
    assert found([chain[event] for event in order], boxes, head) == expected


@given(event=st.integers(0, LENGTH - 1), place=st.integers(0, LENGTH))
def test_an_event_given_twice_shows(
    chain: list[bytes], boxes: Jwks, head: Link, event: int, place: int
) -> None:
    doubled = [*chain[:place], chain[event], *chain[place:]]
    fault = found(doubled, boxes, head)
    if place > event:
        assert fault == (place + 1, Reason.REPEATED)
    elif place == event:  # the copy stands first, and the event itself is the second
        assert fault == (place + 2, Reason.REPEATED)
    else:
        assert fault == (place + 1, Reason.REORDERED)


@given(place=st.integers(0, LENGTH - 1), cut=st.integers(0, 5_000))
def test_an_event_that_was_cut_shows(
    chain: list[bytes], boxes: Jwks, head: Link, place: int, cut: int
) -> None:
    torn = chain[place][: cut % len(chain[place])]
    fault = found([*chain[:place], torn], boxes, head)
    assert fault == (place + 1, Reason.TORN)


@given(length=st.integers(0, LENGTH - 1))
def test_events_cut_off_at_the_end_show_against_a_head_that_is_known(
    chain: list[bytes], boxes: Jwks, head: Link, length: int
) -> None:
    assert found(chain[:length], boxes, head) == (length + 1, Reason.REMOVED)


def test_without_a_known_head_it_is_said_that_a_cut_end_would_not_show(
    chain: list[bytes], boxes: Jwks
) -> None:
    verification = verify(chain[:4], boxes)
    assert verification.sound
    assert verification.beyond_receipt == 4


@given(first=st.integers(1, LENGTH - 1))
def test_a_beginning_cut_off_shows_against_the_place_it_must_follow(
    chain: list[bytes], boxes: Jwks, first: int
) -> None:
    assert verify(chain[first:], boxes).sound
    assert verify(chain[first:], boxes, after=Link(first, hash_of(chain[first - 1]))).sound
    fault = verify(chain[first:], boxes, after=START).fault
    assert fault is not None
    assert (fault.seq, fault.reason) == (1, Reason.REMOVED)
    forged = verify(chain[first:], boxes, after=Link(first, "ab" * 32)).fault
    assert forged is not None
    assert (forged.seq, forged.reason) == (first + 1, Reason.INSERTED)


@given(place=st.integers(0, LENGTH - 1))
def test_an_event_that_its_own_box_put_in_anothers_place_shows(
    chain: list[bytes], boxes: Jwks, head: Link, box_key: SigningKey, place: int
) -> None:
    """Whoever has the key can sign anew, but not what follows, nor what was receipted."""
    event = unseal(chain[place], boxes)
    other = seal(replace(event, time=event.time.replace(year=2027)), box_key)
    fault = found([*chain[:place], other, *chain[place + 1 :]], boxes, head)
    assert fault == (min(place + 2, LENGTH), Reason.INSERTED)


@given(place=st.integers(1, LENGTH))
def test_a_second_event_of_the_same_number_shows(
    chain: list[bytes], boxes: Jwks, head: Link, box_key: SigningKey, place: int
) -> None:
    event = unseal(chain[place - 1], boxes)
    fork = seal(replace(event, time=event.time.replace(year=2027)), box_key)
    fault = found([*chain[:place], fork, *chain[place:]], boxes, head)
    assert fault == (place + 1, Reason.INSERTED)


def test_a_chain_written_anew_from_the_start_shows_against_the_head(
    chain_of: Callable[..., list[bytes]], boxes: Jwks, head: Link
) -> None:
    assert found(chain_of(LENGTH, code="microphone-covered"), boxes, head) == (LENGTH, Reason.INSERTED)


def test_another_boxs_event_among_them_shows(
    chain: list[bytes], chain_of: Callable[..., list[bytes]], box_key: SigningKey
) -> None:
    other_key = SigningKey.create("opera-2")
    both = Jwks.of([box_key.public, other_key.public])
    fault = verify([*chain[:3], chain_of(4, other_key)[3]], both).fault
    assert fault is not None
    assert (fault.seq, fault.reason) == (4, Reason.OTHER_BOX)


def test_a_key_that_is_not_registered_shows(
    chain: list[bytes], chain_of: Callable[..., list[bytes]], boxes: Jwks
) -> None:
    stranger = chain_of(4, SigningKey.create("abay-theatre-1"))
    fault = verify([*chain[:3], stranger[3]], boxes).fault
    assert fault is not None
    assert (fault.seq, fault.reason) == (4, Reason.WRONG_KEY)
    assert verify(chain, Jwks.of([])).fault is not None


def test_a_box_that_signs_in_anothers_name_shows(
    chain: list[bytes], boxes: Jwks, box_key: SigningKey
) -> None:
    event = replace(unseal(chain[0], boxes), box="opera-2")
    fault = verify([sign(encode(event), EVENT_TYP, box_key)], boxes).fault
    assert fault is not None
    assert fault.reason is Reason.WRONG_KEY
    assert "opera-2" in fault.words
    assert "abay-theatre-1" in fault.words


def test_a_signed_text_that_is_no_event_shows(chain: list[bytes], boxes: Jwks, box_key: SigningKey) -> None:
    fault = verify([*chain[:2], sign(b"{}", EVENT_TYP, box_key)], boxes).fault
    assert fault is not None
    assert (fault.seq, fault.reason) == (3, Reason.MALFORMED)


def test_a_box_that_was_flashed_again_goes_on_with_its_new_key(
    chain: list[bytes], boxes: Jwks, box_key: SigningKey
) -> None:
    new = SigningKey.create("abay-theatre-1")
    event = replace(unseal(chain[-1], boxes), seq=LENGTH + 1, prev=hash_of(chain[-1]))
    both = Jwks.of([box_key.public, new.public])
    assert verify([*chain, seal(event, new)], both, after=START).events == LENGTH + 1


def test_an_event_is_missing_even_if_what_stands_later_cannot_be_read(
    chain: list[bytes], boxes: Jwks, head: Link
) -> None:
    assert found([*chain[:2], chain[3], b"torn", *chain[4:]], boxes, head) == (3, Reason.REMOVED)
    assert found([*chain[:2], chain[3], b"torn", chain[2]], boxes, head) == (3, Reason.REORDERED)


def test_no_events_are_sound_unless_there_should_be_some(boxes: Jwks, head: Link) -> None:
    assert verify([], boxes, after=START).sound
    assert verify([], boxes, after=START).beyond_receipt == 0
    assert found([], boxes, head) == (1, Reason.REMOVED)


def test_events_are_read_once_and_not_held(chain: list[bytes], boxes: Jwks) -> None:
    given_out = iter(chain)
    assert verify((jws for jws in given_out), boxes).events == LENGTH
    assert list(given_out) == []


def test_a_receipt_vouches_for_what_is_below_it(
    chain: list[bytes], boxes: Jwks, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    receipts = [receipt_for(seq, hash_of(chain[seq - 1])) for seq in (5, 2)] + [receipt_for(0, NO_EVENT)]
    verification = verify(chain, boxes, after=START, receipts=receipts, platform=platform)
    assert verification.sound
    assert verification.receipt is not None
    assert (verification.receipt.through, verification.beyond_receipt) == (5, 2)
    short = verify(chain[:3], boxes, receipts=receipts, platform=platform).fault
    assert short is not None
    assert (short.seq, short.reason) == (4, Reason.REMOVED)


def test_a_beginning_that_does_not_follow_what_was_receipted_shows(
    chain: list[bytes], boxes: Jwks, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    """The events below are long forgotten, and the platform's receipt still says what the last of them was."""
    true, other = receipt_for(3, hash_of(chain[2])), receipt_for(3, "ab" * 32)
    assert verify(chain[3:], boxes, receipts=[true], platform=platform).sound
    fault = verify(chain[3:], boxes, receipts=[other], platform=platform).fault
    assert fault is not None
    assert (fault.seq, fault.reason) == (4, Reason.INSERTED)


def test_a_receipt_for_another_chain_shows(
    chain: list[bytes], boxes: Jwks, platform: Jwks, receipt_for: Callable[..., bytes]
) -> None:
    for receipts, seq, reason in (
        ([receipt_for(3, "ab" * 32)], 3, Reason.INSERTED),
        ([receipt_for(LENGTH, "ab" * 32)], LENGTH, Reason.INSERTED),
        ([receipt_for(3, hash_of(chain[2])), receipt_for(3, "ab" * 32)], 3, Reason.RECEIPT),
        ([receipt_for(3, hash_of(chain[2]), key=SigningKey.create(None))], 0, Reason.RECEIPT),
        ([receipt_for(3, hash_of(chain[2]), box="opera-2")], 3, Reason.RECEIPT),
        ([b"no receipt"], 0, Reason.RECEIPT),
    ):
        fault = verify(chain, boxes, receipts=receipts, platform=platform).fault
        assert fault is not None
        assert (fault.seq, fault.reason) == (seq, reason)
        assert verify(
            chain, boxes, receipts=receipts
        ).sound  # without the platform's keys nothing is said of them
