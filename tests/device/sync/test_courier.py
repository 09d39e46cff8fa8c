"""`estu sync` against a real mosquitto, with a platform that answers, is silent, restored, or not the platform."""

import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import pytest

from device.sync import state
from device.sync.courier import run
from device.sync.link import from_url
from tests.simulated.broker import Broker, free_port
from tests.simulated.platform import Platform
from tests.simulated.proxy import Proxy
from tests.simulated.venue import HASTY, Venue, wait_until


def test_a_backlog_is_delivered_in_order_and_once(venue: Venue, platform: Platform) -> None:
    venue.hear(300)
    venue.wait_for_receipt(300)
    assert platform.came == list(range(1, 301))
    assert list(platform.kept.values()) == [stored.jws for stored in venue.log.events(0, 300)]
    assert venue.log.waiting() == 0


def test_what_is_heard_while_connected_goes_out_at_once(venue: Venue, platform: Platform) -> None:
    for through in range(1, 6):
        venue.hear(1)
        venue.wait_for_receipt(through, seconds=40.0)  # its patience is longer


def test_only_the_receipt_delivers(hasty: Venue, platform: Platform) -> None:
    platform.answering = False
    hasty.hear(3)
    wait_until(lambda: 3 in platform.kept, "the platform has the events")
    wait_until(lambda: hasty.trouble == "platform-silent", "the box says that no receipt comes")
    assert hasty.log.waiting() == 3
    platform.say(platform.receipt(3))
    hasty.wait_for_receipt(3)
    wait_until(lambda: hasty.trouble is None, "all is well again")


def test_events_without_a_receipt_are_sent_again(hasty: Venue, platform: Platform) -> None:
    platform.answering = False
    hasty.hear(2)
    wait_until(lambda: platform.came.count(2) >= 2, "the events came again")


def test_an_event_that_is_lost_behind_the_broker_is_sent_again_and_holds_up_nobody(
    hasty: Venue, platform: Platform
) -> None:
    platform.losing = {3}
    hasty.hear(10)
    wait_until(lambda: 10 in platform.kept, "those behind it came")
    wait_until(lambda: platform.came.count(3) >= 2, "the lost one came again")
    assert hasty.receipted == 2
    platform.losing.clear()
    hasty.wait_for_receipt(10)


def test_the_broker_goes_away_and_comes_back(venue: Venue, platform: Platform, broker: Broker) -> None:
    venue.hear(20)
    venue.wait_for_receipt(20)
    broker.kill()
    venue.hear(20)
    wait_until(lambda: venue.trouble == "broker-away", "the box says that the broker is away")
    assert venue.state is not None
    assert not venue.state.connected
    broker.start()
    venue.wait_for_receipt(40)
    assert sorted(platform.kept) == list(range(1, 41))


def test_a_box_that_starts_before_its_broker_waits_for_it(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker")
    platform = Platform(broker.url)
    with Venue.at(tmp_path / "box", platform.keys, broker.url) as venue:
        venue.hear(5)
        wait_until(lambda: venue.trouble == "broker-away", "the box says that the broker is away")
        with broker, platform:
            venue.wait_for_receipt(5)


def test_with_no_receiver_the_box_says_so_and_delivers_when_one_comes(tmp_path: Path, broker: Broker) -> None:
    platform = Platform(broker.url)
    with Venue.at(tmp_path / "box", platform.keys, broker.url) as venue:
        venue.hear(5)
        wait_until(lambda: venue.trouble == "platform-away", "the box says that nobody listens")
        with platform:
            venue.wait_for_receipt(5)
            wait_until(lambda: venue.trouble is None, "all is well")


@pytest.mark.parametrize("after", [10, 5_000, 20_000, 60_001, 100_000])
def test_the_connection_is_cut_amid_the_backlog(
    after: int, tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    with Proxy(broker.port, cut_after=after) as proxy:
        with Venue.at(tmp_path / "box", platform.keys, f"mqtt://127.0.0.1:{proxy.port}") as venue:
            venue.hear(150)
            venue.wait_for_receipt(150)
        assert proxy.cuts == 1
    assert sorted(platform.kept) == list(range(1, 151))


def test_a_connection_that_stands_and_carries_nothing_is_made_anew(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    with (
        Proxy(broker.port) as proxy,
        Venue.at(tmp_path / "box", platform.keys, f"mqtt://127.0.0.1:{proxy.port}") as venue,
    ):
        venue.hear(1)
        venue.wait_for_receipt(1)
        proxy.silent = True
        venue.hear(1)
        wait_until(lambda: venue.trouble == "broker-stuck", "the box gave the connection up")
        proxy.silent = False
        venue.wait_for_receipt(2)


def test_a_platform_restored_from_its_backup_gets_everything_again(venue: Venue, platform: Platform) -> None:
    venue.hear(50)
    venue.wait_for_receipt(50)
    for lost in range(21, 51):
        del platform.kept[lost]
    platform.came.clear()
    platform.say(platform.receipt(20))
    wait_until(lambda: 50 in platform.kept, "the platform has all again")
    venue.wait_for_receipt(50)
    assert platform.came == list(range(21, 51))


def test_a_platform_that_lost_everything_gets_everything_again(venue: Venue, platform: Platform) -> None:
    venue.hear(30)
    venue.wait_for_receipt(30)
    platform.kept.clear()
    platform.say(platform.receipt(0))
    wait_until(lambda: len(platform.kept) == 30, "the platform has all again")
    venue.wait_for_receipt(30)


def test_after_a_restart_the_box_goes_on_from_its_last_receipt(venue: Venue, platform: Platform) -> None:
    venue.hear(10)
    venue.wait_for_receipt(10)
    venue.stop()
    venue.hear(10)
    platform.came.clear()
    venue.start()
    venue.wait_for_receipt(20)
    assert platform.came == list(range(11, 21))


def test_a_receipt_that_came_while_the_box_was_away_is_found_on_return(
    venue: Venue, platform: Platform
) -> None:
    platform.answering = False
    venue.hear(5)
    wait_until(lambda: 5 in platform.kept, "the platform has the events")
    venue.stop()
    platform.say(platform.receipt(5))
    wait_until(lambda: not platform._say, "the receipt is published")
    venue.start()
    venue.wait_for_receipt(5)


def test_presence_says_who_is_there_and_the_last_will_who_is_gone(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    with Proxy(broker.port) as proxy:
        with Venue.at(tmp_path / "box", platform.keys, f"mqtt://127.0.0.1:{proxy.port}") as venue:
            wait_until(lambda: platform.presences == ["online"], "the box is online")
            proxy.refusing = True
            proxy.cut()
            wait_until(lambda: platform.presences == ["online", "offline"], "the broker speaks the last will")
            proxy.refusing = False
            wait_until(lambda: platform.presences[2:] == ["online"], "the box is online again")
        wait_until(lambda: platform.presences[3:] == ["offline"], "the box said goodbye")
        assert venue.state is not None


def test_the_state_says_since_when_and_stays_fresh(venue: Venue, platform: Platform, broker: Broker) -> None:
    wait_until(lambda: venue.state is not None and venue.state.connected, "the box is connected")
    found = venue.state
    assert found is not None
    assert found.broker == f"127.0.0.1:{broker.port}"
    assert abs((datetime.now(UTC) - found.since).total_seconds()) < 200
    written = found.written
    time.sleep(0.2)
    assert venue.state is not None
    assert venue.state.written == written, "nothing is written while nothing changes: a card wears out"


def test_where_the_first_way_is_shut_the_second_is_taken(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    shut = from_url(f"mqtt://127.0.0.1:{free_port()}", "kz-ala-0001")
    with Venue(tmp_path / "box", platform.keys, [shut, from_url(broker.url, "kz-ala-0001")]) as venue:
        venue.hear(3)
        venue.wait_for_receipt(3)


def test_through_web_sockets_a_cut_backlog_arrives_as_well(tmp_path: Path) -> None:
    broker = Broker(tmp_path / "broker")
    web = free_port()
    plain = broker.configuration()
    more = f"\nlistener {web} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n"
    broker.configuration = lambda: plain + more  # type: ignore[method-assign]
    with broker, Platform(broker.url) as platform, Proxy(web, cut_after=50_000) as proxy:
        with Venue.at(tmp_path / "box", platform.keys, f"ws://127.0.0.1:{proxy.port}") as venue:
            venue.hear(100)
            venue.wait_for_receipt(100)
        assert proxy.cuts == 1
        assert sorted(platform.kept) == list(range(1, 101))


def test_sync_waits_for_the_log_that_the_hearing_process_makes(
    tmp_path: Path, broker: Broker, platform: Platform
) -> None:
    stop, state_path = Event(), tmp_path / "sync.json"
    arguments = (
        [from_url(broker.url, "kz-ala-0001")],
        tmp_path / "log.sqlite",
        platform.keys,
        stop,
        state_path,
        "0",
        HASTY,
    )
    sync = Thread(target=run, args=arguments)
    sync.start()
    try:
        wait_until(lambda: (found := state.read(state_path)) and found.trouble, "sync says what it waits for")
        found = state.read(state_path)
        assert found is not None
        assert found.trouble is not None
        assert found.trouble.code == "log-absent"
        venue = Venue(tmp_path, platform.keys, [])
        venue.hear(2)
        venue.wait_for_receipt(2)
        venue.log.close()
    finally:
        stop.set()
        sync.join(60)
