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


@pytest.fixture
def content(publisher: Publisher, server: UpdateServer, box: UpdatedBox) -> UpdatedBox:
    """The box, with a first catalogue; a second one is published."""
    publisher.publish("abai")
    assert box.look(server.url).troubles == ()
    return box


def refused(box: UpdatedBox, server: UpdateServer, code: str) -> None:
    found = box.look(server.url)
    assert [error.code for error in found.troubles] == [code], found.troubles
    assert box.recordings == ["abai"]


def taken(box: UpdatedBox, server: UpdateServer, *recordings: str) -> None:
    assert box.look(server.url).troubles == ()
    assert box.recordings == list(recordings)


def metadata(publisher: Publisher, name: str) -> Path:
    return publisher.site / "metadata" / name


def newest(publisher: Publisher, kind: str) -> Path:
    return max(
        (publisher.site / "metadata").glob(f"*.{kind}.json"), key=lambda file: int(file.name.split(".")[0])
    )
