"""What is published becomes valid only when the right keys have signed it, all of it together."""

import os
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Timestamp

from central.publishing import content, target_files
from central.publishing.repository import Names, Repository
from device.errors import Broken, Refused
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "platform")


def add(name: str, publisher: Publisher) -> "content.Change":
    """Name one more file, as a change of what is published."""
    path = publisher.folder / "file"
    path.write_bytes(name.encode())
    target = target_files.put(publisher.repository.shelf, name, path)

    def change(names: Names) -> None:
        names[name] = target

    return change


def valid(publisher: Publisher) -> set[str]:
    targets = publisher.repository.shelf.targets()
    return set() if targets is None else set(targets.signed.targets)


def test_what_too_few_have_signed_waits_for_the_others(publisher: Publisher) -> None:
    online = ("snapshot-0", "timestamp-0")
    first = publisher.repository.publish(
        add("a", publisher), publisher.ring("targets-0", *online), publisher.now
    )
    assert first.missing == ("targets 2 waits for 1 more of the keys of targets.",)
    assert valid(publisher) == set()
    second = publisher.repository.sign(publisher.ring("targets-1", *online), publisher.now)
    assert second.missing == ()
    assert valid(publisher) == {"a"}


def test_what_is_signed_waits_for_the_machine_with_the_online_keys(publisher: Publisher) -> None:
    signed = publisher.repository.publish(
        add("a", publisher), publisher.ring("targets-0", "targets-1"), publisher.now
    )
    assert any("timestamp" in line for line in signed.missing)
    assert valid(publisher) == set()
    assert (
        publisher.repository.settle(publisher.ring("snapshot-0", "timestamp-0"), publisher.now).missing == ()
    )
    assert valid(publisher) == {"a"}


def test_a_second_change_before_the_first_is_signed_takes_it_along(publisher: Publisher) -> None:
    for name in ("a", "b"):
        publisher.repository.publish(add(name, publisher), publisher.ring("targets-0"), publisher.now)
    assert publisher.repository.sign(publisher.ring(), publisher.now).missing == ()
    assert valid(publisher) == {"a", "b"}


def test_a_root_needs_as_many_old_keys_as_the_old_root_says_and_as_many_new_ones(
    publisher: Publisher,
) -> None:
    new = [publisher.key(f"new-{number}").public for number in range(3)]

    def replace(root: Root) -> None:
        for key in list(root.roles["root"].keyids):
            root.revoke_key(key, "root")
        for key in new:
            root.add_key(key, "root")

    online = ("snapshot-0", "timestamp-0")
    for hand in (("new-0", "new-1"), ("root-0",)):
        waits = publisher.repository.change_root(replace, publisher.ring(*hand, *online), publisher.now)
        assert waits.root == 1
        replace = _nothing
    done = publisher.repository.sign(publisher.ring("root-1", "new-2", *online), publisher.now)
    assert done.root == 1, "a change begins anew: who had signed what it was before has to sign again"
    done = publisher.repository.sign(publisher.ring("root-0", "root-1", "new-0", *online), publisher.now)
    assert (done.root, done.missing) == (2, ())


def _nothing(root: Root) -> None:
    """Change nothing."""


def test_other_keys_of_targets_hold_only_once_they_have_signed_what_is_published(
    publisher: Publisher,
) -> None:
    publisher.repository.publish(add("a", publisher), publisher.ring(), publisher.now)
    new = [publisher.key(f"new-{number}").public for number in range(2)]

    def replace(root: Root) -> None:
        for key in list(root.roles["targets"].keyids):
            root.revoke_key(key, "targets")
        for key in new:
            root.add_key(key, "targets")
        root.roles["targets"].threshold = 2

    hands = publisher.ring("root-0", "root-1", "new-0", "snapshot-0", "timestamp-0")
    waits = publisher.repository.change_root(replace, hands, publisher.now)
    assert (waits.root, waits.targets) == (1, 2)
    assert waits.timestamp == 3, "what is valid is refreshed meanwhile"
    done = publisher.repository.sign(publisher.ring("new-1", "snapshot-0", "timestamp-0"), publisher.now)
    assert (done.root, done.targets, done.missing) == (2, 3, ())
    assert valid(publisher) == {"a"}


def test_a_threshold_that_nobody_could_meet_is_refused(publisher: Publisher) -> None:
    def ask_for_all(root: Root) -> None:
        root.roles["root"].threshold = 4

    with pytest.raises(Refused) as refusal:
        publisher.repository.change_root(ask_for_all, publisher.ring(), publisher.now)
    assert refusal.value.code == "threshold-impossible"


def test_a_refresh_makes_a_new_timestamp_and_a_snapshot_only_when_it_is_time(publisher: Publisher) -> None:
    online = publisher.ring("snapshot-0", "timestamp-0")
    shelf = publisher.repository.shelf
    versions = []
    for _ in range(10):
        publisher.now += timedelta(days=1)
        publisher.repository.settle(online, publisher.now)
        timestamp, snapshot = shelf.timestamp(), shelf.snapshot()
        assert timestamp is not None
        assert snapshot is not None
        versions.append((timestamp.signed.version, snapshot.signed.version))
        assert timestamp.signed.expires > publisher.now + timedelta(days=2)
        assert snapshot.signed.expires >= publisher.now + timedelta(days=7)
    assert [timestamp for timestamp, _ in versions] == list(range(2, 12))
    assert versions[-1][1] == 2


def test_what_people_must_sign_before_long_is_named_each_day(publisher: Publisher) -> None:
    assert publisher.pass_on(days=130).expiring == ()
    (line,) = publisher.pass_on(days=10).expiring
    assert line.startswith("targets expires on")
    publisher.repository.renew(publisher.ring(), publisher.now)
    assert publisher.pass_on(days=1).expiring == ()


def test_a_repository_is_not_made_twice_in_one_folder(publisher: Publisher) -> None:
    with pytest.raises(Refused) as refusal:
        publisher.repository.shelf.make()
    assert refusal.value.code == "repository-exists"
    with pytest.raises(Refused, match="no repository"):
        Repository(publisher.folder / "nowhere").root()


def test_two_commands_do_not_work_in_one_repository(publisher: Publisher) -> None:
    with (
        publisher.repository.shelf.alone(),
        pytest.raises(Refused) as refusal,
        Repository(publisher.site).shelf.alone(),
    ):
        pass
    assert refusal.value.code == "repository-busy"


def test_damaged_metadata_is_named(publisher: Publisher) -> None:
    (publisher.site / "metadata" / "timestamp.json").write_text("{}")
    with pytest.raises(Broken, match=r"timestamp\.json"):
        publisher.pass_on(days=1)
    (publisher.site / "metadata" / "timestamp.json").write_bytes(publisher.root.read_bytes())
    with pytest.raises(Broken, match="no timestamp"):
        publisher.pass_on(days=1)


def test_an_older_catalogue_is_not_published(publisher: Publisher) -> None:
    publisher.publish("abai")
    publisher.now -= timedelta(days=1)
    with pytest.raises(Refused) as refusal:
        publisher.publish("bayan")
    assert refusal.value.code == "publish-older"


def test_a_damaged_catalogue_is_not_published(publisher: Publisher) -> None:
    built = publisher.catalogue("abai")
    (vectors,) = built.glob("parts/*/vectors.i8")
    vectors.write_bytes(vectors.read_bytes()[:-1] + b"x")
    with pytest.raises(Refused) as refusal:
        content.catalogue(publisher.repository.shelf, built, publisher.repository.names())
    assert refusal.value.code == "catalogue-damaged"


def test_the_same_catalogue_published_twice_keeps_its_number(publisher: Publisher) -> None:
    publisher.publish("abai")
    names = publisher.repository.names()
    change = content.catalogue(publisher.repository.shelf, publisher.folder / "catalogue", names)
    publisher.repository.publish(change, publisher.ring(), publisher.now)
    assert publisher.repository.names()["catalogue/catalogue.json"].custom["version"] == 1
    publisher.publish("abai", "bayan")
    assert publisher.repository.names()["catalogue/catalogue.json"].custom["version"] == 2


def test_what_is_no_bundle_is_not_published(publisher: Publisher, tmp_path: Path) -> None:
    path = tmp_path / "x.raucb"
    path.write_bytes(b"no bundle")
    with pytest.raises(Refused) as refusal:
        content.system(publisher.repository.shelf, path, "1")
    assert refusal.value.code == "publish-no-bundle"


def test_what_was_replaced_long_ago_is_removed_and_the_rest_stays(publisher: Publisher) -> None:
    shelf = publisher.repository.shelf
    for parts in (("abai",), ("bayan",), ("bayan", "esil")):
        publisher.publish(*parts)
    targets = sorted((publisher.site / "metadata").glob("*.targets.json"))
    for path in targets[:3]:  # 1 and 2 were replaced long ago, 3 only just now
        os.utime(path, (0, 0))
    shelf.forget_old(before=1.0)
    assert target_files.prune(shelf) > 0
    left = {path.name.split(".")[0] for path in (publisher.site / "metadata").glob("*.targets.json")}
    assert left == {"3", "4"}
    named = {target_files.place(shelf, target) for target in shelf.named()}
    there = {path for path in (publisher.site / "targets").rglob("*") if path.is_file()}
    assert there == named


def test_a_kill_at_any_step_of_publishing_leaves_what_a_box_takes(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.publish("abai")
    built = publisher.catalogue("bayan")
    before = publisher.copy()
    seen, step, done = set(), 0, False
    with UpdateServer(publisher.site) as server:
        while not done:
            shutil.rmtree(publisher.site)
            shutil.copytree(before, publisher.site)
            done = _published_until(publisher, built, step)
            box = UpdatedBox(tmp_path / f"{step}", publisher.root, publisher.now)
            assert box.look(server.url).troubles == ()
            seen.add(tuple(box.recordings))
            assert publisher.repository.sign(publisher.ring(), publisher.now).missing == ()
            assert box.look(server.url).troubles == ()
            step += 3
    assert seen == {("abai",), ("bayan",)}


def _published_until(publisher: Publisher, built: Path, step: int) -> bool:
    """Publish in a process that is killed just before it changes something on the disk for so many times."""
    child = os.fork()
    if child == 0:
        left = step

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in {"os.rename", "os.remove", "os.mkdir"}:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        try:
            change = content.catalogue(publisher.repository.shelf, built, publisher.repository.names())
            publisher.repository.publish(change, publisher.ring(), publisher.now)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def test_metadata_is_what_any_client_of_the_framework_reads(publisher: Publisher) -> None:
    publisher.publish("abai")
    root = Metadata[Root].from_file(str(publisher.root))
    for kind, name in ((Timestamp, "timestamp.json"), (Snapshot, "2.snapshot.json")):
        read: Metadata = Metadata.from_file(str(publisher.site / "metadata" / name))
        root.verify_delegate(kind.type, read)
    assert root.signed.consistent_snapshot
    target: TargetFile = publisher.repository.names()["catalogue/catalogue.json"]
    assert set(target.custom) == {"version", "created", "model", "parameters"}
