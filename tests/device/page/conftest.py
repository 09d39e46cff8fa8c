"""A box with its page: asked in the process, or by a real browser."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from starlette.testclient import TestClient

from device import settings
from device.page.site import site
from tests.device.page import house as houses
from tests.device.page.house import BOX, CODE, NOW, House


@dataclass
class Time:
    """The time of the tests."""

    utc: datetime = NOW
    monotonic: float = 1_000.0

    def pass_by(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.monotonic += seconds


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A box after three weeks; nobody changes it."""
    house = houses.build(tmp_path_factory.mktemp("house"))
    houses.hears(house, NOW)
    houses.sends(house, NOW)
    return house


@pytest.fixture(scope="session", autouse=True)
def quick_codes() -> Iterator[None]:
    """Hash label codes cheaply; `tests/provisioning/test_label_code.py` hashes at the full cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("device.page.label_code._LOG2_N", 10)
        yield


@pytest.fixture
def clock() -> Time:
    return Time()


@dataclass
class Reader:
    """Somebody with a browser in the house's network."""

    client: TestClient
    house: House
    time: Time

    def read(self, path: str, **headers: str) -> str:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.text

    def enter(self, code: str = CODE) -> int:
        return self.client.post("/enter", data={"code": code}, follow_redirects=False).status_code

    def token(self, path: str = "/microphone") -> str:
        return self.read(path).split('name="token" value="')[1].split('"')[0]


def reader_of(house: House, time: Time) -> Reader:
    app = site(settings.load(house.settings), lambda: time.utc, lambda: time.monotonic)
    return Reader(TestClient(app, base_url=f"http://{BOX}.local"), house, time)


@pytest.fixture
def reader(built: House, clock: Time) -> Reader:
    """A reader of the box after three weeks."""
    return reader_of(built, clock)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., House]:
    """Make a box of the test's own."""
    return lambda told=(), **more: houses.build(tmp_path, list(told), **more)


@contextmanager
def served(house: House, time: Time) -> Iterator[str]:
    """Serve the page on a port of its own; gives its address."""
    app = site(settings.load(house.settings), lambda: time.utc, lambda: time.monotonic)
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()  # whoever comes before the server has started waits
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
