"""What `estu sync` shows its watchdog: that it turns, whether or not there is anybody to talk to."""

import threading
from pathlib import Path

from device.record.keys import Jwks
from device.sync.courier import run
from device.sync.link import from_url
from tests.simulated.broker import Broker, free_port
from tests.simulated.platform import Platform
from tests.simulated.venue import HASTY, Venue, wait_until


def signs_of_life(venue: Venue, url: str, platform: Jwks, folder: Path) -> list[int]:
    """Run `estu sync` until it has shown some signs of life."""
    stop, signs = threading.Event(), [0]

    def alive() -> None:
        signs[0] += 1

    way = [from_url(url, venue.name)]
    arguments = (way, venue.log_path, platform, stop, folder / "sync.json", "0", HASTY, alive)
    running = threading.Thread(target=run, args=arguments)
    running.start()
    try:
        wait_until(lambda: signs[0] >= 5, "it showed that it is alive")
    finally:
        stop.set()
        running.join(60)
    assert not running.is_alive()
    return signs


def test_it_is_alive_while_no_broker_answers(tmp_path: Path) -> None:
    venue = Venue.at(tmp_path / "box", Jwks.of([]), "mqtt://127.0.0.1:1")
    assert signs_of_life(venue, f"mqtt://127.0.0.1:{free_port()}", Jwks.of([]), tmp_path)[0] >= 5


def test_it_is_alive_while_there_is_nothing_to_send(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker") as broker, Platform(broker.url) as platform:
        venue = Venue.at(tmp_path / "box", platform.keys, broker.url)
        assert signs_of_life(venue, broker.url, platform.keys, tmp_path)[0] >= 5
