"""One light and one advice, whatever is wrong at once."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import hearing as hearing_file
from device.condition import ADVICE, Code, Condition, Light, condition
from device.hearing import Hearing
from device.sync.state import SyncState
from device.trouble import Trouble

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RECEIVED = NOW - MINUTE


def hearing(**changes: Any) -> Hearing:
    well = Hearing(
        state="hearing",
        since=NOW - 60 * MINUTE,
        level_dbfs=-30.0,
        peak_dbfs=-12.0,
        noise_floor_dbfs=-62.0,
        microphone="A microphone",
        sounding=(),
        clock="synchronised",
        trouble=None,
        written=NOW - timedelta(seconds=1),
    )
    return msgspec.structs.replace(well, **changes)


def sync(**changes: Any) -> SyncState:
    well = SyncState(
        connected=True, broker="b.example:8883", since=NOW - 60 * MINUTE, trouble=None, written=NOW - MINUTE
    )
    return msgspec.structs.replace(well, **changes)


def trouble(code: str) -> Trouble:
    return Trouble(code, "Something is wrong.", "Do something.")


def test_a_box_that_hears_and_delivers_is_well() -> None:
    found = condition(hearing(), sync(), 0, RECEIVED, NOW)
    assert found == Condition(Light.HEARS_AND_DELIVERED, "well")
    assert found.advice == "All is well."


def test_a_quiet_hall_is_no_trouble() -> None:
    assert condition(hearing(state="silent"), sync(), 0, RECEIVED, NOW).code == "well"


def test_an_event_that_was_written_a_moment_ago_is_no_trouble() -> None:
    assert condition(hearing(), sync(), 3, RECEIVED, NOW).code == "well"


@pytest.mark.parametrize(
    ("state", "light", "code"),
    [
        ("starting", Light.STARTING, "starting"),
        ("deaf", Light.DEAF, "microphone-deaf"),
        ("covered", Light.DEAF, "microphone-covered"),
        ("lost", Light.DEAF, "microphone-lost"),
        ("muted", Light.MUTED, "muted"),
        ("broken", Light.BROKEN, "broken"),
    ],
)
def test_what_keeps_the_box_from_hearing_goes_before_what_keeps_the_platform_from_knowing(
    state: str, light: Light, code: Code
) -> None:
    for way in (sync(), None):
        assert condition(hearing(state=state), way, 900, None, NOW) == Condition(light, code)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("microphone-missing", "microphone-lost"),
        ("microphone-gone", "microphone-lost"),
        ("microphone-busy", "microphone-busy"),
        ("microphone-ambiguous", "microphone-ambiguous"),
        ("microphone-not-opened", "microphone-refused"),
        ("microphone-not-listed", "microphone-refused"),
        ("sound-system-away", "microphone-refused"),
    ],
)
def test_nobody_is_told_to_plug_in_a_microphone_that_is_plugged_in(said: str, code: Code) -> None:
    told = hearing(state="lost", trouble=trouble(said))
    assert condition(told, sync(), 0, RECEIVED, NOW) == Condition(Light.DEAF, code)


def test_a_full_card_is_named() -> None:
    found = condition(hearing(state="broken", trouble=trouble("disk-full")), sync(), 0, RECEIVED, NOW)
    assert found == Condition(Light.BROKEN, "disk-full")


def test_a_box_that_has_not_begun_to_listen_is_starting() -> None:
    assert condition(None, sync(), 0, RECEIVED, NOW) == Condition(Light.STARTING, "starting")
    assert condition(None, sync(), 0, RECEIVED, NOW, up=299.0).light is Light.STARTING


def test_a_service_that_starts_again_and_again_is_not_waited_for_without_end() -> None:
    said = hearing(state="starting", monotonic=5_000.0)
    assert condition(said, sync(), 0, RECEIVED, NOW, up=5_001.0) == Condition(
        Light.STARTING, "starting-again"
    )
    assert (
        condition(hearing(state="starting", monotonic=40.0), sync(), 0, RECEIVED, NOW, up=41.0).code
        == "starting"
    )


def test_a_box_that_never_begins_to_listen_is_not_starting_for_ever() -> None:
    found = condition(None, sync(), 0, RECEIVED, NOW, up=300.0)
    assert found == Condition(Light.BROKEN, "listen-stopped")


@pytest.mark.parametrize("state", list(get_args(hearing_file.State)))
@pytest.mark.parametrize("written", [NOW - timedelta(seconds=16), NOW + timedelta(hours=5)])
def test_an_old_word_proves_nothing_whatever_it_says(state: str, written: datetime) -> None:
    found = condition(hearing(state=state, written=written), sync(), 0, RECEIVED, NOW)
    assert found == Condition(Light.BROKEN, "listen-stopped")


def test_the_age_of_a_word_is_told_by_the_clock_that_does_not_jump() -> None:
    long_ago = NOW - timedelta(days=9_000)  # the machine's clock; the listener's stands on its floor
    way = sync(since=long_ago - 60 * MINUTE, written=long_ago)
    said = hearing(monotonic=500.0, clock="unsynchronised")
    assert condition(said, way, 0, RECEIVED, long_ago, up=501.0).code == "clock-unset"
    assert condition(said, way, 0, RECEIVED, NOW, up=516.0).code == "listen-stopped"
    assert condition(said, way, 0, RECEIVED, NOW, up=20.0).code == "listen-stopped"  # of an earlier boot


@pytest.mark.parametrize("way", [None, sync(written=NOW - 4 * MINUTE)])
def test_a_sender_that_does_not_run_delivers_nothing(way: SyncState | None) -> None:
    assert condition(hearing(), way, 0, RECEIVED, NOW) == Condition(Light.HEARS_NOT_DELIVERED, "sync-stopped")


def test_a_router_that_starts_anew_is_not_worth_a_walk() -> None:
    gone = sync(connected=False, since=NOW - 2 * MINUTE, trouble=trouble("broker-away"))
    assert condition(hearing(), gone, 5, RECEIVED, NOW).code == "well"
    gone = sync(connected=False, since=NOW - 6 * MINUTE, trouble=trouble("broker-away"))
    assert condition(hearing(), gone, 0, RECEIVED, NOW).code == "broker-away"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("broker-away", "broker-away"),
        ("broker-lost", "broker-away"),
        ("broker-untrusted", "broker-untrusted"),
        ("tls-files", "broker-untrusted"),
        ("broker-refuses", "broker-refuses"),
        ("broker-closes", "broker-refuses"),
        ("broker-denies", "broker-refuses"),
    ],
)
def test_the_advice_tells_whom_to_ask_for_the_way_to_the_platform(said: str, code: Code) -> None:
    gone = sync(connected=False, since=NOW - 600 * MINUTE, trouble=trouble(said))
    assert condition(hearing(), gone, 5, RECEIVED, NOW) == Condition(Light.HEARS_NOT_DELIVERED, code)


@pytest.mark.parametrize("last", [None, NOW - 21 * MINUTE])
def test_connected_is_not_delivered(last: datetime | None) -> None:
    found = condition(hearing(), sync(), 1, last, NOW)
    assert found == Condition(Light.HEARS_NOT_DELIVERED, "platform-silent")


def test_a_box_whose_network_has_just_come_back_is_delivering() -> None:
    found = condition(hearing(), sync(since=NOW - MINUTE), 20_000, NOW - 90_000 * MINUTE, NOW)
    assert found == Condition(Light.HEARS_NOT_DELIVERED, "delivering")


def test_an_unknown_time_is_said_last_and_does_not_dim_the_light() -> None:
    unset = hearing(clock="unsynchronised")
    assert condition(unset, sync(), 0, RECEIVED, NOW) == Condition(Light.HEARS_AND_DELIVERED, "clock-unset")
    assert condition(unset, None, 0, RECEIVED, NOW).code == "sync-stopped"


moments = st.timedeltas(-timedelta(days=20_000), timedelta(days=400)).map(lambda ago: NOW - ago)
hearings = st.builds(
    hearing,
    state=st.sampled_from(get_args(hearing_file.State)),
    clock=st.sampled_from(["synchronised", "unsynchronised", "unknown"]),
    trouble=st.none() | st.sampled_from(["disk-full", "microphone-missing"]).map(trouble),
    written=moments,
)
ways = st.builds(
    sync,
    connected=st.booleans(),
    since=moments,
    trouble=st.none() | st.sampled_from(["broker-away", "mqtt", "receipt-older"]).map(trouble),
    written=moments,
)


@given(st.none() | hearings, st.none() | ways, st.integers(0, 10**6), st.none() | moments)
def test_the_light_is_green_only_for_a_fresh_word_that_it_hears(
    heard: Hearing | None, way: SyncState | None, waiting: int, last: datetime | None
) -> None:
    found = condition(heard, way, waiting, last, NOW)
    assert found.code in ADVICE
    if found.light is Light.HEARS_AND_DELIVERED:
        assert heard is not None
        assert heard.state in {"hearing", "silent"}
        assert abs(NOW - heard.written) <= timedelta(seconds=15)
        assert way is not None
        assert waiting == 0 or (last is not None and abs(NOW - last) <= 20 * MINUTE)


def test_every_code_has_an_advice_and_no_other() -> None:
    assert tuple(ADVICE) == get_args(Code)


@pytest.mark.parametrize("state", ["hearing", "silent", "deaf"])
@pytest.mark.parametrize(("found", "code"), [("disk-full", "disk-full"), ("log-disk", "broken")])
def test_a_box_that_hears_and_cannot_write_says_so(state: str, found: str, code: Code) -> None:
    told = hearing(state=state, trouble=trouble(found))
    assert condition(told, sync(), 0, RECEIVED, NOW) == Condition(Light.BROKEN, code)
