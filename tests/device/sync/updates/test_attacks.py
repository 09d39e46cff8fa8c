"""A server that lies: nothing older, nothing expired, no mixture, nothing endless, no other file comes to the box.

Each time the box keeps the catalogue that it has, says what is wrong, and takes the right one when the server is honest again.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import TargetFile

from central.publishing import content as publishing_content
from device.host import clock
from device.host.clock import SystemClock
from tests.device.sync.updates.conftest import metadata, newest, refused, taken
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


def test_rollback_an_old_copy_of_the_whole_repository_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    old = publisher.copy()
    publisher.publish("abai", "bayan")
    taken(content, server, "abai", "bayan")
    server.folder = old
    found = content.look(server.url)
    assert [error.code for error in found.troubles] == ["updates-older"]
    assert content.recordings == ["abai", "bayan"]


def test_rollback_an_older_catalogue_is_refused_even_where_it_is_rightly_signed(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.now -= timedelta(days=1)
    shelf = publisher.repository.shelf
    built = publisher.catalogue("bayan")
    change = publishing_content.catalogue(shelf, built, {})
    publisher.now += timedelta(days=1)
    publisher.repository.publish(change, publisher.ring(), publisher.now)
    refused(content, server, "updates-older-catalogue")


def test_freeze_what_was_not_refreshed_for_days_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    content.now += timedelta(days=4)
    refused(content, server, "updates-expired")
    publisher.pass_on(days=4)
    taken(content, server, "abai", "bayan")


def set_to(monkeypatch: pytest.MonkeyPatch, utc: datetime) -> None:
    """Let the machine's clock show something, and nobody vouch for it."""
    monkeypatch.setattr(clock, "_read_both", lambda: (utc, clock.running()))
    monkeypatch.setattr(clock, "ask_kernel", lambda: None)
    monkeypatch.setattr(clock, "_TIMESYNCD_HAS_SET_IT", Path("/nowhere"))


def test_freeze_a_clock_in_1970_is_not_believed_but_the_last_event_is(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish("abai", "bayan")
    set_to(monkeypatch, datetime(1970, 1, 1, tzinfo=UTC))
    content.clock = SystemClock(publisher.now + timedelta(days=4))
    refused(content, server, "updates-expired")


def test_a_box_whose_clock_nobody_has_set_takes_what_is_valid_at_its_last_event(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish("abai", "bayan")
    set_to(monkeypatch, datetime(1970, 1, 1, tzinfo=UTC))
    content.clock = SystemClock(publisher.now)
    taken(content, server, "abai", "bayan")


@pytest.mark.parametrize("kind", ["snapshot", "targets"])
def test_mix_and_match_metadata_of_two_states_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, kind: str
) -> None:
    old = newest(publisher, kind).read_bytes()
    publisher.publish("abai", "bayan")
    server.lies[newest(publisher, kind).name] = old
    refused(content, server, "updates-unsigned")
    server.lies.clear()
    taken(content, server, "abai", "bayan")


def test_mix_and_match_a_manifest_with_the_part_of_another_catalogue_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")

    def mix(names: dict[str, TargetFile]) -> None:
        one, other = sorted(name for name in names if name.endswith("part.json"))
        names[one].length, names[one].hashes = names[other].length, names[other].hashes

    publisher.repository.publish(mix, publisher.ring(), publisher.now)
    found = content.look(server.url)
    assert [error.code for error in found.troubles] == ["updates-mixture"]
    assert content.recordings == ["abai"]


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", "root.json"])
def test_endless_metadata_is_cut_off(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, name: str
) -> None:
    publisher.publish("abai", "bayan")
    server.lies["2.root.json"] = b"x"
    if name != "root.json":
        server.lies.clear()
    server.endless = name
    refused(content, server, "updates-endless")
    server.endless = None
    server.lies.clear()
    taken(content, server, "abai", "bayan")


def test_an_endless_file_is_cut_off_at_its_signed_length(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    server.endless = "recordings.sqlite"
    content.bytes_come = 0
    refused(content, server, "updates-wrong-file")
    assert content.bytes_come < 400_000
    server.endless = None
    taken(content, server, "abai", "bayan")


@pytest.mark.parametrize("name", ["catalogue.json", "part.json", "recordings.sqlite", "vectors.i8"])
def test_wrong_hash_a_file_with_one_other_bit_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, name: str
) -> None:
    served = set((publisher.site / "targets").rglob(f"*.{name}"))
    publisher.publish("abai", "bayan")
    (new,) = set((publisher.site / "targets").rglob(f"*.{name}")) - served
    right = new.read_bytes()
    server.lies[new.name] = right[:-1] + bytes([right[-1] ^ 1])
    refused(content, server, "updates-wrong-file")
    server.lies.clear()
    taken(content, server, "abai", "bayan")


def test_a_file_that_is_shorter_than_it_is_signed_is_waited_for(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    server.lies["vectors.i8"] = b"short"
    refused(content, server, "updates-away")
    server.lies.clear()
    taken(content, server, "abai", "bayan")


def test_what_the_box_has_seen_is_not_forgotten_where_the_server_shows_nothing(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    server.status = 503
    refused(content, server, "updates-away")
    server.status = None
    server.missing = "timestamp.json"
    refused(content, server, "updates-away")
    server.missing = None
    taken(content, server, "abai")


def test_a_server_that_sends_elsewhere_is_not_followed(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    server.status = 302
    refused(content, server, "updates-away")


def test_garbage_is_refused(publisher: Publisher, server: UpdateServer, content: UpdatedBox) -> None:
    for garbage in (b"", b"{}", b"[" * 10_000, b"\xff\xfe", metadata(publisher, "1.root.json").read_bytes()):
        server.lies["timestamp.json"] = garbage
        refused(content, server, "updates-unsigned")
