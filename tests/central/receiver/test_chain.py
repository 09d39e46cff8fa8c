"""The order of one box's events, on the values alone."""

from hypothesis import given
from hypothesis import strategies as st

from central.receiver.chain import Place, Step, advance

HASHES = ["0" * 64] + [f"{number:064x}" for number in range(1, 30)]
CHAIN = [Step(seq, HASHES[seq - 1], HASHES[seq]) for seq in range(1, 20)]


def test_a_place_moves_as_far_as_the_chain_is_whole() -> None:
    assert advance(Place(), CHAIN[:7]) == (Place(7, HASHES[7]), None)


def test_a_place_does_not_move_over_a_missing_event() -> None:
    assert advance(Place(2, HASHES[2]), CHAIN[3:]) == (Place(2, HASHES[2]), None)


def test_a_place_stops_before_an_event_that_names_another_before_it() -> None:
    stranger = Step(4, "ff" * 32, "ee" * 32)
    place, broken = advance(Place(), [*CHAIN[:3], stranger, *CHAIN[4:]])
    assert place == Place(3, HASHES[3])
    assert broken == stranger


def test_the_first_event_follows_nothing() -> None:
    stranger = Step(1, "ff" * 32, HASHES[1])
    assert advance(Place(), [stranger]) == (Place(), stranger)


@given(st.sets(st.sampled_from(CHAIN), max_size=19))
def test_only_the_unbroken_beginning_is_passed(present: set[Step]) -> None:
    waiting = sorted(present, key=lambda step: step.seq)
    place, broken = advance(Place(), waiting)
    assert broken is None
    assert all(CHAIN[number] in present for number in range(place.through))
    assert place.through == len(CHAIN) or CHAIN[place.through] not in present
