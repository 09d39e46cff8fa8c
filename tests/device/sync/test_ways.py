"""Which way to the broker is tried when."""

from device.sync.link import from_url
from device.sync.ways import Ways

FIRST, SECOND, THIRD = (
    from_url(f"mqtts://{name}.example", "kz-ala-0001") for name in ("one", "two", "three")
)


def test_ways_are_tried_in_turn_until_one_stands() -> None:
    ways = Ways([FIRST, SECOND, THIRD])
    tried = []
    for _ in range(5):
        tried.append(ways.link)
        ways.failed()
    assert tried == [FIRST, SECOND, THIRD, FIRST, SECOND]


def test_after_a_connection_that_stood_the_first_way_is_tried_again() -> None:
    ways = Ways([FIRST, SECOND])
    ways.failed()
    ways.stands(100.0)
    ways.failed()
    assert ways.link == FIRST


def test_a_box_on_another_way_goes_home_after_a_time() -> None:
    ways = Ways([FIRST, SECOND], home=60.0)
    ways.failed()
    assert not ways.should_go_home(1_000.0)
    ways.stands(1_000.0)
    ways.stands(1_050.0)
    assert not ways.should_go_home(1_059.0)
    assert ways.should_go_home(1_060.0)
    ways.go_home()
    assert ways.link == FIRST
    ways.stands(1_100.0)
    assert not ways.should_go_home(9_999.0)


def test_where_there_is_one_way_it_is_tried_for_ever() -> None:
    ways = Ways([FIRST])
    for _ in range(3):
        ways.failed()
        assert ways.link == FIRST
