"""A broker, a platform that does as it is told, and a box between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.simulated.broker import Broker
from tests.simulated.platform import Platform
from tests.simulated.venue import Venue

# Two busy cores give no example its time reliably.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def platform(broker: Broker) -> Iterator[Platform]:
    with Platform(broker.url) as running:
        yield running


@pytest.fixture
def venue(tmp_path: Path, broker: Broker, platform: Platform) -> Iterator[Venue]:
    with Venue.at(tmp_path / "box", platform.keys, broker.url) as running:
        yield running
