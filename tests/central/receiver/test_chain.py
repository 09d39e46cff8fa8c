"""The order of one box's events, on the values alone."""

from hypothesis import given
from hypothesis import strategies as st

from central.receiver.chain import Place, Step, advance
from device.record.continuation import Bridge
from device.record.link import Link

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


def declared(after: int, through: int) -> Bridge:
    return Bridge(Link(after, HASHES[after]), Link(through, HASHES[through]))


def test_a_place_goes_over_a_loss_that_is_declared() -> None:
    assert advance(Place(), [*CHAIN[:4], *CHAIN[7:]], [declared(4, 7)]) == (Place(19, HASHES[19]), None)


def test_a_platform_that_has_more_of_a_loss_than_the_box_goes_on_from_what_it_has() -> None:
    assert advance(Place(6, HASHES[6]), CHAIN[7:], [declared(4, 7)]) == (Place(19, HASHES[19]), None)
    assert advance(Place(7, "cd" * 32), CHAIN[7:], [declared(4, 7)]) == (Place(19, HASHES[19]), None)


def test_what_the_box_still_has_is_waited_for() -> None:
    assert advance(Place(2, HASHES[2]), CHAIN[7:], [declared(4, 7)]) == (Place(2, HASHES[2]), None)


def test_losses_behind_each_other_are_gone_over_together() -> None:
    bridges = [declared(5, 7), declared(2, 5)]
    assert advance(Place(3, HASHES[3]), CHAIN[7:], bridges) == (Place(19, HASHES[19]), None)


def test_a_loss_that_ends_elsewhere_leads_nowhere() -> None:
    assert advance(Place(4, HASHES[4]), CHAIN[8:], [declared(4, 7)]) == (Place(4, HASHES[4]), None)
