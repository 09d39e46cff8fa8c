"""A model that comes with an update: its catalogue brings it along, and the box hears with it."""

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from central.catalogue import folder as catalogue_folder
from central.publishing import content
from device import model_set
from device.catalogue import manifest
from device.embedding import EmbeddingModel
from device.errors import Refused
from device.recogniser import open_recogniser, recogniser
from tests.device.catalogue.made_up import write_usable
from tests.simulated.publisher import Publisher
from tests.simulated.update_server import UpdateServer
from tests.simulated.updated_box import UpdatedBox


@pytest.fixture
def other(tmp_path: Path) -> model_set.ModelSet:
    """A model that answers as the shipped one does, under another digest."""
    made = model_set.ModelSet(tmp_path / "model")
    made.folder.mkdir()
    for name in model_set.FILES:
        shutil.copy(model_set.shipped().folder / name, made.folder / name)
    with zipfile.ZipFile(made.embedding, "a") as archive:
        archive.comment = b"another one"
    told = json.loads(made.calibration.read_text())
    made.calibration.write_text(json.dumps(told | {"model": EmbeddingModel(made.embedding).digest}))
    return made


def publish(publisher: Publisher, model: str) -> None:
    """Publish a catalogue that was built with a model, a minute after the one before."""
    out = publisher.folder / "usable"
    publisher.pass_on(minutes=1)
    usable = dataclasses.replace(
        write_usable(out), created=f"{publisher.now:%Y-%m-%dT%H:%M:%SZ}", model=model
    )
    catalogue_folder.write_manifest(out, usable)
    change = content.catalogue(publisher.repository.shelf, out, publisher.repository.names())
    publisher.repository.publish(change, publisher.ring(), publisher.now)


def test_a_catalogue_brings_its_model_along_and_the_box_opens_both(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox, other: model_set.ModelSet
) -> None:
    publish(publisher, model_set.shipped_digest())
    assert box.look(server.url).troubles == ()
    models = box.updates / "model"
    former = open_recogniser(box.catalogue, models)
    digest, change = content.model(publisher.repository.shelf, other.folder)
    assert digest != model_set.shipped_digest()
    publisher.repository.publish(change, publisher.ring(), publisher.now)
    publish(publisher, digest)
    assert box.look(server.url).troubles == ()
    newer = open_recogniser(box.catalogue, models, former)
    assert newer.model.digest == newer.catalogue.manifest.model == digest
    assert newer.model is not former.model
    former.close()
    # A later catalogue for the shipped model: the other one goes once nobody has it open.
    publish(publisher, model_set.shipped_digest())
    box.look(server.url)
    assert (models / digest).exists()
    newer.close()
    box.look(server.url)
    assert not (models / digest).exists()
    with recogniser(box.catalogue, models) as last:
        assert last.model.digest == model_set.shipped_digest()


def test_a_model_whose_files_do_not_belong_together_is_not_published(
    publisher: Publisher, other: model_set.ModelSet
) -> None:
    shutil.copy(model_set.shipped().calibration, other.calibration)
    with pytest.raises(Refused) as refusal:
        content.model(publisher.repository.shelf, other.folder)
    assert refusal.value.code == "calibration-other-model"
    other.background.unlink()
    with pytest.raises(Refused):
        content.model(publisher.repository.shelf, other.folder)


def test_a_model_that_is_published_under_another_digest_is_not_taken(
    publisher: Publisher, server: UpdateServer, box: UpdatedBox, other: model_set.ModelSet
) -> None:
    _, change = content.model(publisher.repository.shelf, other.folder)
    publisher.repository.publish(change, publisher.ring(), publisher.now)

    def rename(names: "dict[str, object]") -> None:
        for name in [name for name in names if name.startswith("model/")]:
            target = names.pop(name)
            target.path = f"model/{'a' * 64}/{name.rsplit('/', 1)[1]}"  # type: ignore[attr-defined]
            names[target.path] = target  # type: ignore[attr-defined]

    publish(publisher, "a" * 64)
    publisher.repository.publish(rename, publisher.ring(), publisher.now)  # type: ignore[arg-type]
    found = box.look(server.url)
    assert [error.code for error in found.troubles] == ["updates-mixture"]
    assert not (box.catalogue / manifest.MANIFEST).exists()
