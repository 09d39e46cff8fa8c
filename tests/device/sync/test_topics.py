"""Topics: built and taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from device.sync import topics

boxes = st.from_regex(r"[a-z0-9][a-z0-9-]{2,31}", fullmatch=True)


@given(boxes)
def test_what_is_built_is_taken_apart_again(box: str) -> None:
    for build, kind in (
        (topics.event, "event"),
        (topics.presence, "presence"),
        (topics.receipt, "receipt"),
        (topics.notice, "notice"),
    ):
        assert topics.parse(build(box)) == topics.Topic(box, kind)


def test_the_strings_are_those_of_the_contract() -> None:
    assert topics.event("kz-ala-0001") == "estu/v1/kz-ala-0001/event"
    assert topics.presence("kz-ala-0001") == "estu/v1/kz-ala-0001/presence"
    assert topics.receipt("kz-ala-0001") == "estu/v1/kz-ala-0001/receipt"
    assert topics.notice("kz-ala-0001") == "estu/v1/kz-ala-0001/notice"
    assert topics.shared_events("receivers-1") == "$share/receivers-1/estu/v1/+/event"


@pytest.mark.parametrize("group", ["", "a/b", "+", "#", "a b", "a\n", "a" * 65])
def test_a_group_name_cannot_change_the_subscription(group: str) -> None:
    with pytest.raises(Refused):
        topics.shared_events(group)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "estu/v1/box-1",
        "estu/v1/box-1/event/more",
        "estu/v2/box-1/event",
        "/estu/v1/box-1/event",
        "estu/v1/+/event",
        "estu/v1/#",
        "estu/v1/box-1/events",
        "estu/v1/Box-1/event",
        "estu/v1/бокс/event",
        "estu/v1/box-1\n/event",
        "estu/v1/box-1/event\n",
        "estu/v1/-box/event",
        "estu/v1/ab/event",
        "$share/receivers/estu/v1/box-1/event",
        "estu/v1/" + "a" * 33 + "/event",
        "estu/v1/" + "a" * 1_000_000 + "/event",
    ],
)
def test_a_topic_that_is_none_of_ours_is_refused(topic: str) -> None:
    with pytest.raises(Refused) as refused:
        topics.parse(topic)
    assert refused.value.code == "topic-unknown"
    assert len(str(refused.value)) < 400


@given(st.text())
def test_no_text_makes_a_topic_for_another_box_than_it_says(text: str) -> None:
    try:
        topic = topics.event(text)
    except Refused:
        return
    assert topics.parse(topic).box == text


@pytest.mark.parametrize("box", ["", "a", "ab", "box+1", "box/1", "box#", "BOX-1", "box-1\n", "a" * 33])
def test_no_topic_is_built_for_a_name_that_no_box_has(box: str) -> None:
    with pytest.raises(Refused):
        topics.receipt(box)
