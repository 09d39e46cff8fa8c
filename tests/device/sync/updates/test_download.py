"""The line breaks, drips and ends, and the disk is full: what has come stays, and the file is right in the end."""

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from tuf.api.exceptions import DownloadError, SlowRetrievalError
from tuf.api.metadata import TargetFile

from device.errors import Refused, Waiting
from device.host.clock import Instant
from device.sync.link import Tls
from device.sync.updates import site
from device.sync.updates.download import BREAKS, Downloads
from device.sync.updates.fetcher import Fetcher, UntrustedError
from tests.simulated.authority import Authority
from tests.simulated.signing_box import BOOT
from tests.simulated.update_server import UpdateServer

CONTENT = bytes(range(48))
TARGET = TargetFile.from_data("system/system.raucb", CONTENT, ["sha256"])
NOW = Instant(datetime.now(UTC), 1.0, BOOT, "synchronised", 1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[UpdateServer]:
    serve(tmp_path / "site", TARGET, CONTENT)
    with UpdateServer(tmp_path / "site") as running:
        yield running


def serve(folder: Path, target: TargetFile, content: bytes) -> None:
    path = folder / "targets" / target.get_prefixed_paths()[0]
    path.parent.mkdir(parents=True)
    path.write_bytes(content)


def downloads(server: UpdateServer, tmp_path: Path, **how: float) -> Downloads:
    where = site.from_url(server.url, Tls(None, None, None))
    fetcher = Fetcher(where, None, Event(), **how)  # type: ignore[arg-type]
    return Downloads(tmp_path / "incoming", where, fetcher)


def test_a_connection_that_is_lost_at_any_byte_costs_no_byte_twice(
    server: UpdateServer, tmp_path: Path
) -> None:
    goal = tmp_path / "goal"
    ways = downloads(server, tmp_path)
    for cut in range(len(CONTENT)):
        server.cut_after, server.served = cut, 0
        if cut == 0:  # nothing came: it is waited before it is tried again
            with pytest.raises(Waiting):
                ways.fetch(TARGET, goal)
        ways.fetch(TARGET, goal)
        assert goal.read_bytes() == CONTENT
        assert server.served == len(CONTENT)
        goal.unlink()


def test_what_has_come_is_gone_on_from_after_a_new_start(server: UpdateServer, tmp_path: Path) -> None:
    server.cut_each = 1
    for _ in range(2):
        with pytest.raises(Waiting):
            downloads(server, tmp_path).fetch(TARGET, tmp_path / "goal")
    assert not (tmp_path / "goal").exists()
    come = (tmp_path / "incoming" / TARGET.hashes["sha256"]).stat().st_size
    assert come == server.served == 2 * (BREAKS + 1)
    server.cut_each, server.served = None, 0
    downloads(server, tmp_path).fetch(TARGET, tmp_path / "goal")
    assert (tmp_path / "goal").read_bytes() == CONTENT


def test_a_server_that_gives_no_parts_is_asked_for_the_whole_again(
    server: UpdateServer, tmp_path: Path
) -> None:
    server.ranges, server.cut_after = False, 20
    downloads(server, tmp_path).fetch(TARGET, tmp_path / "goal")
    assert (tmp_path / "goal").read_bytes() == CONTENT


def test_what_a_power_cut_has_spoilt_is_fetched_anew(server: UpdateServer, tmp_path: Path) -> None:
    spoilt = tmp_path / "incoming" / TARGET.hashes["sha256"]
    spoilt.parent.mkdir()
    for rest in (bytes(30), bytes(48), bytes(60)):
        spoilt.write_bytes(rest)
        downloads(server, tmp_path).fetch(TARGET, tmp_path / "goal")
        assert (tmp_path / "goal").read_bytes() == CONTENT


def test_a_file_that_dripped_is_given_up_and_gone_on_from(server: UpdateServer, tmp_path: Path) -> None:
    server.drip = 0.02
    slow = downloads(server, tmp_path, window=0.2)
    with pytest.raises(Waiting) as waiting:
        slow.fetch(TARGET, tmp_path / "goal")
    assert waiting.value.code == "updates-slow"
    server.drip = None
    slow.fetch(TARGET, tmp_path / "goal")
    assert (tmp_path / "goal").read_bytes() == CONTENT


def test_a_head_that_drips_is_cut_off(server: UpdateServer, tmp_path: Path) -> None:
    server.drip = 0.05
    where = site.from_url(server.url, Tls(None, None, None))
    fetcher = Fetcher(where, None, Event(), head_within=0.3)
    with pytest.raises(SlowRetrievalError):
        fetcher.download_bytes(f"{where.url}targets/{TARGET.get_prefixed_paths()[0]}", 1_000)


def test_a_server_that_takes_connections_and_never_speaks_is_cut_off(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = site.Site("127.0.0.1", silent.getsockname()[1], "/", None)
        for context in (None, ssl.create_default_context()):
            with pytest.raises(SlowRetrievalError):
                Fetcher(where, context, Event(), head_within=0.3).download_bytes(f"{where.url}x", 10)


def test_the_end_of_the_service_ends_a_download(server: UpdateServer, tmp_path: Path) -> None:
    stop = Event()
    where = site.from_url(server.url, Tls(None, None, None))
    ways = Downloads(tmp_path / "incoming", where, Fetcher(where, None, stop))
    server.cut_each = 10
    stop.set()
    with pytest.raises(Waiting) as waiting:
        ways.fetch(TARGET, tmp_path / "goal")
    assert waiting.value.code == "updates-stopped"


def test_a_full_disk_keeps_nothing_and_is_tried_again(server: UpdateServer, tmp_path: Path) -> None:
    ways = downloads(server, tmp_path)
    ways.folder.mkdir()
    full = ways.folder / TARGET.hashes["sha256"]
    full.symlink_to("/dev/full")  # takes nothing, with the error of a full disk
    with pytest.raises(Waiting) as waiting:
        ways.fetch(TARGET, tmp_path / "goal")
    assert waiting.value.code == "updates-disk"
    assert "No space left" in waiting.value.message
    assert not os.path.lexists(full)
    ways.fetch(TARGET, tmp_path / "goal")
    assert (tmp_path / "goal").read_bytes() == CONTENT


def test_what_has_no_room_is_not_begun(server: UpdateServer, tmp_path: Path) -> None:
    ways = downloads(server, tmp_path)
    ways.free, ways.left_free = lambda _: 147, 100
    with pytest.raises(Waiting) as waiting:
        ways.refuse_full([TARGET])
    assert waiting.value.code == "updates-room"
    ways.free = lambda _: 148
    ways.refuse_full([TARGET])


def test_a_full_disk_leaves_the_room_that_had_been_taken(tmp_path: Path) -> None:
    large = TargetFile.from_data("system/system.raucb", bytes(300_000), ["sha256"])
    serve(tmp_path / "site", large, bytes(300_000))
    with UpdateServer(tmp_path / "site") as server:
        ways = downloads(server, tmp_path)
        come = ways.folder / large.hashes["sha256"]
        server.cut_each = 100
        with pytest.raises(Waiting):
            ways.fetch(large, tmp_path / "goal")
        assert come.stat().st_size == 100 * (BREAKS + 1)
        server.cut_each = None
        kept = come.rename(tmp_path / "kept")
        come.symlink_to("/dev/full")
        with pytest.raises(Waiting):
            ways.fetch(large, tmp_path / "goal")
        assert kept.exists()
        assert list(ways.folder.iterdir()) == []


@pytest.fixture
def authority() -> Authority:
    return Authority("Estu")


@pytest.fixture
def secure(tmp_path: Path, authority: Authority) -> Iterator[UpdateServer]:
    serve(tmp_path / "site", TARGET, CONTENT)
    authority.write_certificate(tmp_path / "authority.pem")
    authority.issue("localhost", tmp_path / "server.pem", tmp_path / "server-key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    with UpdateServer(tmp_path / "site", context) as running:
        yield running


def over_tls(server: UpdateServer, tls: Tls) -> bytes:
    where = site.from_url(server.url, tls)
    fetcher = Fetcher(where, where.context(NOW), Event())
    try:
        return fetcher.download_bytes(f"{where.url}targets/{TARGET.get_prefixed_paths()[0]}", 1_000)
    finally:
        fetcher.close()


def test_a_server_with_a_certificate_of_the_authority_is_believed(
    secure: UpdateServer, tmp_path: Path
) -> None:
    assert over_tls(secure, Tls(tmp_path / "authority.pem", None, None)) == CONTENT


def test_a_server_of_another_authority_is_not_even_asked(secure: UpdateServer, tmp_path: Path) -> None:
    Authority("Other").write_certificate(tmp_path / "other.pem")
    with pytest.raises(UntrustedError):
        over_tls(secure, Tls(tmp_path / "other.pem", None, None))
    assert secure.asked == []


def test_a_server_under_another_name_is_not_even_asked(secure: UpdateServer, tmp_path: Path) -> None:
    where = site.from_url(
        secure.url.replace("localhost", "127.0.0.1"), Tls(tmp_path / "authority.pem", None, None)
    )
    with pytest.raises(UntrustedError):
        Fetcher(where, where.context(NOW), Event()).download_bytes(f"{where.url}x", 10)


def test_a_box_shows_its_certificate_where_the_server_asks_for_it(
    tmp_path: Path, authority: Authority
) -> None:
    serve(tmp_path / "site", TARGET, CONTENT)
    authority.write_certificate(tmp_path / "authority.pem")
    authority.issue("localhost", tmp_path / "server.pem", tmp_path / "server-key.pem")
    authority.issue("estu-0001", tmp_path / "box.pem", tmp_path / "box-key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    context.load_verify_locations(tmp_path / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    with UpdateServer(tmp_path / "site", context) as server:
        shown = Tls(tmp_path / "authority.pem", tmp_path / "box.pem", tmp_path / "box-key.pem")
        assert over_tls(server, shown) == CONTENT
        with pytest.raises(DownloadError):
            over_tls(server, Tls(tmp_path / "authority.pem", None, None))


@pytest.mark.parametrize(
    "url", ["http://updates.example/x", "ftp://x", "https://", "https://u:p@x", "https://x?y"]
)
def test_updates_come_by_https_or_from_this_machine(url: str) -> None:
    with pytest.raises(Refused):
        site.from_url(url, Tls(None, None, None))


def test_no_thread_is_left(server: UpdateServer, tmp_path: Path) -> None:
    before = threading.active_count()
    downloads(server, tmp_path).fetch(TARGET, tmp_path / "goal")
    assert threading.active_count() <= before + 1  # the server's own, for the connection
