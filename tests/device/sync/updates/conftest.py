"""A platform that publishes, a server that serves it, and a box that looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "platform")


@pytest.fixture
def server(publisher: Publisher) -> Iterator[UpdateServer]:
    with UpdateServer(publisher.site) as running:
        yield running


@pytest.fixture
def box(tmp_path: Path, publisher: Publisher) -> UpdatedBox:
    return UpdatedBox(tmp_path / "box", publisher.root, publisher.now)
