"""JSON that two readers could understand differently is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from device.record.json_text import dump, load

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), plain, max_size=4))
def test_what_is_dumped_is_loaded(content: dict[str, object]) -> None:
    assert load(dump(content), depth=30) == content


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"seq":1,"seq":2}', "a name twice"),
        (b'{"a":{"b":1,"b":1}}', "a name twice, inside"),
        (b'{"seq":NaN}', "no number"),
        (b'{"seq":-Infinity}', "no number"),
        (b'{"seq":1e999}', "more than a double holds"),
        (b'{"seq":' + b"9" * 5_000 + b"}", "more digits than anyone counts"),
        (b"[1]", "a list"),
        (b'"text"', "a text"),
        (b"", "nothing"),
        (b'{"a":1} x', "something after it"),
        (b"\xef\xbb\xbf{}", "a byte order mark"),
        (b'{"a":"\xff"}', "no UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "half of a surrogate pair as UTF-8"),
        (b'{"a":"line\nbreak"}', "a bare line feed"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested to exhaust the reader"),
        (b'{"a":[[[[1]]]]}', "nested deeper than asked for"),
    ],
)
def test_a_text_that_could_be_read_in_two_ways_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(Refused, match="The text"):
        load(text, depth=4)


def test_depth_counts_objects_and_lists_alike() -> None:
    assert load(b'{"a":[{"b":1}]}', depth=3) == {"a": [{"b": 1}]}
    with pytest.raises(Refused, match="nested more than 2 deep"):
        load(b'{"a":[{"b":1}]}', depth=2)


@pytest.mark.parametrize("content", [{"a": float("nan")}, {"a": float("inf")}, {"a": "\ud800"}])
def test_what_no_reader_could_load_is_never_dumped(content: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is Python's own
        dump(content)
