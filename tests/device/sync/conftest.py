"""A broker, a platform that does as it is told, and a box between them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from device.sync.link import from_url
from tests.simulated.broker import Broker
from tests.simulated.platform import Platform
from tests.simulated.venue import HASTY, Venue


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
    """A box that would wait long before it sent anything again."""
    patient = replace(HASTY, patience=60.0, stuck=60.0)
    with Venue(
        tmp_path / "box", platform.keys, [from_url(broker.url, "kz-ala-0001")], pace=patient
    ) as running:
        yield running


@pytest.fixture
def hasty(tmp_path: Path, broker: Broker, platform: Platform) -> Iterator[Venue]:
    """A box that soon sends again what has no receipt."""
    with Venue.at(tmp_path / "box", platform.keys, broker.url) as running:
        yield running
