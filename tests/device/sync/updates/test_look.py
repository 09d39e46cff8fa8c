"""An honest server: what is published comes to the box, whole, once, and no more of it than is lacking."""

import json
from pathlib import Path

import numpy as np

from central.publishing import content
from device.catalogue.catalogue import Catalogue
from device.features import PARAMETERS
from device.host.in_use import Held
from device.model_set import shipped_digest
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


def test_a_box_without_a_catalogue_takes_the_published_one(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    found = box.look(server.url)
    assert found.troubles == ()
    assert found.catalogue is not None
    assert found.catalogue.version == 1
    assert box.recordings == ["abai", "bayan"]


def test_an_addition_brings_only_the_part_that_is_lacking(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    box.look(server.url)
    server.asked.clear()
    publisher.publish("abai", "bayan", "esil")
    assert box.look(server.url).troubles == ()
    assert box.recordings == ["abai", "bayan", "esil"]
    asked = [path for path in server.asked if "/parts/" in path]
    assert len({path.split("/")[4] for path in asked}) == 1
    assert len(asked) == 5


def test_what_is_there_is_not_fetched_again(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai")
    box.look(server.url)
    server.asked.clear()
    assert box.look(server.url).troubles == ()
    assert [path for path in server.asked if "targets/" in path] == []


def test_a_withdrawn_recording_is_not_found_any_more(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan")
    box.look(server.url)
    publisher.publish("abai", "bayan", withdrawn=("bayan",))
    assert box.look(server.url).troubles == ()
    assert box.recordings == ["abai"]


def test_a_part_that_is_in_use_goes_only_when_it_is_let_go(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai")
    box.look(server.url)
    (old,) = box.parts
    held = Held([box.catalogue / "parts" / old])
    publisher.publish("bayan")
    box.look(server.url)
    assert box.recordings == ["bayan"]
    assert old in box.parts
    assert box.look(server.url).troubles == ()
    assert old in box.parts
    held.let_go()
    box.look(server.url)
    assert old not in box.parts
    assert len(box.parts) == 1


def test_nothing_but_the_catalogue_is_left_in_its_folder(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai", "bayan", withdrawn=("x",))
    box.look(server.url)
    names = sorted(path.name for path in box.catalogue.iterdir())
    assert names[0] == "catalogue.json"
    assert names[1] == "parts"
    assert len(names) == 3


def test_a_system_is_laid_ready_whole_and_once(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    bundle = publisher.publish_system("2027.1", 5_000)
    assert box.look(server.url).system == "2027.1"
    laid = box.updates / "system.raucb"
    assert laid.read_bytes() == bundle
    laid.unlink()  # whoever installs it takes it away
    assert box.look(server.url).system == "2027.1"
    assert not laid.exists()
    newer = publisher.publish_system("2027.2", 6_000)
    assert box.look(server.url).system == "2027.2"
    assert laid.read_bytes() == newer


def test_a_system_comes_also_where_the_catalogue_cannot_be_taken(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai")
    publisher.publish_system("2027.1")
    server.missing = "vectors.i8"
    found = box.look(server.url)
    assert [error.code for error in found.troubles] == ["updates-away"]
    assert found.system == "2027.1"
    assert box.recordings == []


def test_a_catalogue_for_a_model_that_nobody_has_is_not_taken(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai")
    box.look(server.url)
    built = publisher.catalogue("bayan") / "catalogue.json"
    manifest = json.loads(built.read_text())
    manifest["model"] = "a" * 64
    built.write_text(json.dumps(manifest))
    shelf = publisher.repository.shelf
    change = content.catalogue(shelf, built.parent, publisher.repository.names())
    publisher.repository.publish(change, publisher.ring(), publisher.now)
    found = box.look(server.url)
    assert [error.code for error in found.troubles] == ["updates-other-model"]
    assert box.recordings == ["abai"]


def test_a_catalogue_that_was_copied_by_hand_is_replaced_by_a_newer_one(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    box.folder.mkdir()
    publisher.catalogue("abai").rename(box.catalogue)
    publisher.publish("abai", "bayan")
    assert box.look(server.url).troubles == ()
    assert box.recordings == ["abai", "bayan"]


def test_a_catalogue_that_is_open_stays_readable_while_another_comes(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox
) -> None:
    publisher.publish("abai")
    box.look(server.url)
    with Catalogue.open(box.catalogue, shipped_digest(), PARAMETERS.digest) as opened:
        publisher.publish("bayan")
        box.look(server.url)
        assert opened.recording(0).id == "abai"
        opened.vectors(_rows(opened.size))


def _rows(count: int):

    return np.arange(count)


def test_what_a_box_was_told_is_kept_for_whoever_may_read_its_folder(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox, tmp_path: Path
) -> None:
    publisher.publish("abai")
    box.look(server.url)
    assert (box.updates / "metadata" / "timestamp.json").exists()
    assert not (tmp_path / "box" / "updates" / ".incoming").exists()
