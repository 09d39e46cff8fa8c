"""Any bytes, spoilt vectors and what was once found: nothing but our own errors, nothing wrong accepted.

`make fuzz` goes on from here for as long as wanted, led by what the code does.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target, feed

FOUND = Path(__file__).parent / "found"
ODD = [
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\\ud800", b"\\u0000", b"null", b"true", b"-0", b"1e400", b"1e-400", b"NaN",
    b"9" * 5_000, b"-1", b"0.5", b"9007199254740992", b'""', b"[]", b"{}", b"[" * 3_000, b'{"a":' * 3_000, b"\n", b"\r",
    b'"2026-07-01T14:00:00"', b'"0000-01-01T00:00:00.000Z"', b'"2026-12-31T23:59:60.000Z"', b"=", b".", b"/", b",", b'"',
    "١".encode(), b"\xed\xa0\x80",
]  # fmt: skip
QUIETLY = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


@st.composite
def spoilt(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Draw a seed with some stretches of it replaced by odd ones, by its own, or by any."""
    content = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.sampled_from([0, 1, 1, 2, 4, 10, 60, 1_000])))
        own = content[draw(st.integers(0, len(content))) :][:20]
        new = draw(st.sampled_from(ODD) | st.just(own) | st.binary(max_size=8))
        content = content[:start] + new + content[stop:]
    return content


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_what_fuzzing_begins_with_is_taken_or_refused_in_words(target: Target) -> None:
    for content in (*target.seeds(), *ODD):
        feed(target, content)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@given(drawn=st.data())
@QUIETLY
def test_spoilt_input_is_refused_in_words(target: Target, drawn: st.DataObject) -> None:
    feed(target, drawn.draw(spoilt(target.seeds()) | st.binary(max_size=300)))


@pytest.mark.parametrize(
    "file", sorted(FOUND.glob("*/*")), ids=lambda file: f"{file.parent.name}-{file.name}"
)
def test_what_was_once_found_is_not_found_again(file: Path) -> None:
    feed(TARGETS[file.parent.name], file.read_bytes())


def test_led_by_what_the_code_does_nothing_is_found_in_a_short_run(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "all", "--runs", "2000", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == 0, run.stdout[-4_000:] + run.stderr[-4_000:]
    assert "2000 runs" in run.stderr
