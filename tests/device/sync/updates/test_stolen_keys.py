"""Whoever has no key, or some of them, or one that was replaced, brings no file to the box; a box follows each new key.

Each time the box keeps the catalogue that it has, says what is wrong, and takes the right one when it is rightly signed.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from tests.device.sync.updates.conftest import metadata, newest, refused, taken
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


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


def test_a_card_without_a_root_trusts_nobody(
    publisher: Publisher, server: UpdateServer, content: UpdatedBox, tmp_path: Path
) -> None:
    content.root = tmp_path / "nowhere.json"
    refused(content, server, "updates-root")
    content.root.write_bytes(metadata(publisher, "timestamp.json").read_bytes())
    refused(content, server, "updates-root")
