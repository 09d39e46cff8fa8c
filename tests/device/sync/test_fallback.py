"""A house whose firewall shuts the broker's port: the box goes by another way, and home when it is open again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from device.sync.link import Link, from_url
from tests.simulated.broker import ShippedBroker
from tests.simulated.platform import Platform
from tests.simulated.proxy import Proxy
from tests.simulated.venue import HASTY, Venue, wait_until

BOX = "kz-ala-0001"


class PlatformWithin(Platform):
    """A platform that comes in by its own door, with its own certificate."""

    broker: ShippedBroker

    def link(self) -> Link:
        certificate, key = (self.broker.folder / f"platform.{end}" for end in ("crt", "key"))
        self.broker.platform.issue("platform-receiver", certificate, key)
        url = self.broker.platform_url
        return from_url(url, "platform", self.broker.server_authority, certificate, key)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ShippedBroker]:
    with ShippedBroker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def platform(broker: ShippedBroker) -> Iterator[Platform]:
    within = PlatformWithin(broker.platform_url)
    within.broker = broker
    with within as running:
        yield running


def stands_on(venue: Venue, port: int) -> bool:
    """Say whether a box is connected by a port; its state is read once, since it is rewritten meanwhile."""
    state = venue.state
    return state is not None and state.connected and state.broker == f"localhost:{port}"


def test_where_8883_is_blocked_web_sockets_carry_and_the_box_goes_home_when_it_is_open(
    tmp_path: Path, broker: ShippedBroker, platform: Platform
) -> None:
    certificate, key = tmp_path / "box.crt", tmp_path / "box.key"
    broker.boxes.issue(BOX, certificate, key)
    with Proxy(broker.port) as firewall:
        firewall.refusing = True
        urls = (f"mqtts://localhost:{firewall.port}", broker.web_url)
        ways = [from_url(url, BOX, broker.server_authority, certificate, key) for url in urls]
        pace = replace(HASTY, stable=0.3, home=1.0)
        with Venue(tmp_path / "box", platform.keys, ways, BOX, pace=pace) as venue:
            venue.hear(5)
            venue.wait_for_receipt(5)
            wait_until(lambda: stands_on(venue, broker.web_port), "the box goes by the other way")
            firewall.refusing = False
            wait_until(lambda: stands_on(venue, firewall.port), "the box went home")
            venue.hear(5)
            venue.wait_for_receipt(10)
            firewall.refusing = True
            firewall.cut()
            venue.hear(5)
            venue.wait_for_receipt(15)
            wait_until(lambda: stands_on(venue, broker.web_port), "the box goes by the other way again")
            state = venue.state
            assert state is not None
            assert state.last_trouble is not None
            assert state.last_trouble.code.startswith("broker-")
    assert sorted(platform.kept) == list(range(1, 16))
