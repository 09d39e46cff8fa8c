"""A server that lies: nothing older, nothing expired, no mixture, nothing unsigned, nothing endless comes to the box.

Each time the box keeps the catalogue that it has, says what is wrong, and takes the right one when the server is honest again.
"""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from central.publishing import content as publishing_content
from device.host import clock
from device.host.clock import SystemClock
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


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


def test_wrong_key_a_repository_that_somebody_else_signed_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, tmp_path: Path
) -> None:
    forger = Publisher(tmp_path / "forger")
    for _ in range(5):
        forger.publish("forged")
    server.folder = forger.site
    refused(content, server, "updates-unsigned")


def test_wrong_key_a_root_that_somebody_else_signed_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, tmp_path: Path
) -> None:
    forger = Publisher(tmp_path / "forger")
    forger.replace_key("root", "another")
    server.lies["2.root.json"] = metadata(forger, "2.root.json").read_bytes()
    refused(content, server, "updates-unsigned")


def signed_anew(
    publisher: Publisher, name: str, keys: list[str], change: Callable[[Metadata], None]
) -> bytes:
    """Give metadata with something changed and signed by some keys only."""
    forged: Metadata = Metadata.from_bytes(metadata(publisher, name).read_bytes())
    change(forged)
    forged.signatures.clear()
    ring = publisher.ring(*keys)
    for signer in ring.signers([file.public.keyid for file in ring.files]):
        forged.sign(signer, append=True)
    return forged.to_bytes()


def test_threshold_a_root_that_one_of_the_two_needed_keys_has_signed_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    def next_root(root: Metadata) -> None:
        root.signed.version = 2

    server.lies["2.root.json"] = signed_anew(publisher, "1.root.json", ["root-0"], next_root)
    refused(content, server, "updates-unsigned")
    server.lies["2.root.json"] = signed_anew(publisher, "1.root.json", ["root-0", "root-2"], next_root)
    taken(content, server, "abai")


def test_threshold_a_thief_of_all_online_keys_and_of_one_publisher_brings_no_file(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    def publish(targets: Metadata[Targets]) -> None:
        targets.signed.version += 1
        targets.signed.targets["system/system.raucb"] = TargetFile.from_data(
            "system/system.raucb", b"hsqs evil", ["sha256"]
        )

    version = int(newest(publisher, "targets").name.split(".")[0])
    targets = signed_anew(publisher, f"{version}.targets.json", ["targets-0"], publish)

    def name_targets(snapshot: Metadata[Snapshot]) -> None:
        snapshot.signed.version += 1
        snapshot.signed.meta["targets.json"] = MetaFile.from_data(version + 1, targets, ["sha256"])

    snapshot = signed_anew(publisher, newest(publisher, "snapshot").name, ["snapshot-0"], name_targets)
    number = Metadata[Snapshot].from_bytes(snapshot).signed.version

    def name_snapshot(timestamp: Metadata[Timestamp]) -> None:
        timestamp.signed.version += 1
        timestamp.signed.snapshot_meta = MetaFile.from_data(number, snapshot, ["sha256"])

    server.lies = {
        f"{version + 1}.targets.json": targets,
        f"{number}.snapshot.json": snapshot,
        "timestamp.json": signed_anew(publisher, "timestamp.json", ["timestamp-0"], name_snapshot),
    }
    refused(content, server, "updates-unsigned")


def test_rotated_keys_a_box_that_missed_several_roots_follows_them_one_by_one(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    for number, role in enumerate(("root", "targets", "snapshot", "timestamp", "root", "root")):
        publisher.replace_key(role, f"new-{number}")
    assert newest(publisher, "root").name == "7.root.json"
    publisher.publish("abai", "bayan")
    taken(content, server, "abai", "bayan")
    assert (content.updates / "metadata" / "root_history" / "7.root.json").exists()


def test_rotated_keys_what_a_replaced_key_signs_is_refused(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    stolen = publisher.copy()
    publisher.replace_key("timestamp", "fresh")
    taken(content, server, "abai", "bayan")
    server.lies["timestamp.json"] = (stolen / "metadata" / "timestamp.json").read_bytes()
    found = content.look(server.url)
    assert [error.code for error in found.troubles] == ["updates-unsigned"]
    assert content.recordings == ["abai", "bayan"]


def test_rotated_keys_a_thief_who_ran_far_ahead_stops_a_box_only_until_the_key_is_replaced(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    def run_ahead(timestamp: Metadata[Timestamp]) -> None:
        timestamp.signed.version = 2**31

    server.lies["timestamp.json"] = signed_anew(publisher, "timestamp.json", ["timestamp-0"], run_ahead)
    taken(content, server, "abai")  # it is rightly signed
    server.lies.clear()
    publisher.publish("abai", "bayan")
    refused(content, server, "updates-older")
    publisher.replace_key("timestamp", "fresh")
    taken(content, server, "abai", "bayan")


def test_a_new_box_with_the_first_root_follows_to_the_newest(
    publisher: Publisher, server: UpdateServer, tmp_path: Path
) -> None:
    first = tmp_path / "root.json"
    shutil.copy(publisher.root, first)
    for number in range(3):
        publisher.replace_key("root", f"new-{number}")
    publisher.publish("abai")
    new = UpdatedBox(tmp_path / "new", first, publisher.now)
    taken(new, server, "abai")


def test_an_expired_root_is_refused_until_it_is_renewed(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox
) -> None:
    publisher.pass_on(days=401)
    content.now = publisher.now
    refused(content, server, "updates-expired")
    publisher.repository.change_root(lambda _: None, publisher.ring(), publisher.now)
    publisher.repository.renew(publisher.ring(), publisher.now)
    publisher.publish("abai", "bayan")
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


def test_a_card_without_a_root_trusts_nobody(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, tmp_path: Path
) -> None:
    content.root = tmp_path / "nowhere.json"
    refused(content, server, "updates-root")
    content.root.write_bytes(metadata(publisher, "timestamp.json").read_bytes())
    refused(content, server, "updates-root")
