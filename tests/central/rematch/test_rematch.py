"""Unknown music of an evening, known to a later catalogue."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from central.__main__ import main
from central.catalogue import folder, part_writing
from central.catalogue.fingerprinting import Fingerprint
from central.receiver.contract import Contract
from central.receiver.intake import Delivery, SignedEvent, examine
from central.receiver.ledger import Ledger
from device.catalogue import manifest
from device.embedding import EmbeddingModel, quantise, shipped_model_path
from device.features import PARAMETERS
from device.match import calibration
from device.record.keys import Jwks
from device.record.reports import Report, UnidentifiedReport
from device.sync import topics
from tests.device.catalogue.made_up import reference, write_manifest
from tests.simulated.reports import UNIDENTIFIED
from tests.simulated.signing_box import SigningBox

EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def model() -> EmbeddingModel:
    return EmbeddingModel(shipped_model_path())


def way(seed: int, windows: int, dimension: int) -> np.ndarray:
    """Make up embeddings half a second apart, that wander as music's do."""
    steps = np.random.default_rng(seed).normal(size=(windows + 4, dimension))
    smooth = np.stack([steps[at : at + 4].sum(axis=0) for at in range(windows)])
    return np.asarray(smooth / np.linalg.norm(smooth, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture
def catalogue(tmp_path: Path, model: EmbeddingModel) -> Path:
    """A catalogue of three recordings of two minutes, for the model that ships."""
    out = tmp_path / "catalogue"
    references = [
        dataclasses.replace(
            reference(name, 240, seed),
            fingerprint=Fingerprint(quantise(way(seed, 240, model.dimension)), 121.5, 119.5),
        )
        for seed, name in enumerate(("abai", "bayan", "dina"))
    ]
    part = part_writing.write(out / manifest.PARTS, references)
    measured = calibration.load()
    thresholds = dataclasses.replace(
        write_manifest(out, [part]).thresholds, accept=measured.accept, candidate=2.0
    )
    changed = dataclasses.replace(
        write_manifest(out, [part]),
        model=model.digest,
        parameters=PARAMETERS.digest,
        dimension=model.dimension,
        thresholds=thresholds,
    )
    folder.write_manifest(out, changed)
    return out


def unidentified(rows: np.ndarray, model: str, **changed: object) -> UnidentifiedReport:
    told = dataclasses.replace(
        UNIDENTIFIED,
        start=EVENING,
        end=EVENING + timedelta(seconds=len(rows) + 1),
        dimension=rows.shape[1],
        embeddings=rows.tobytes(),
        hop=1.0,
        model=model,
    )
    return dataclasses.replace(told, **changed)  # type: ignore[arg-type]


def kept(tmp_path: Path, reports: list[Report]) -> str:
    """Let a box's reports come into a ledger."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    box, contract, ledger = SigningBox(), Contract.shipped(), Ledger.open(url)
    for report in reports:
        box.events.append(box.signed(len(box.events) + 1, box.head, report=report))
    keys = Jwks.of([box.key.public])
    now = EVENING + timedelta(days=1)
    examined = [examine(Delivery(topics.event(box.name), jws), keys, contract, now) for jws in box.events]
    assert all(isinstance(one, SignedEvent) for one in examined)
    ledger.keep(examined, now)
    ledger.close()
    return url


def test_what_a_later_catalogue_knows_is_found_with_its_time_and_place(
    tmp_path: Path, catalogue: Path, model: EmbeddingModel, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(5)
    bayan = way(1, 240, model.dimension)[60:140:2]  # from second 30 on, one a second
    noisy = bayan + rng.normal(size=bayan.shape) * 0.5 / np.sqrt(model.dimension)
    rows = quantise((noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32))
    rows[12:15] = 0  # somebody spoke
    stranger = quantise(way(99, 40, model.dimension))
    url = kept(tmp_path, [unidentified(stranger, model.digest), unidentified(rows, model.digest)])
    assert main(["rematch", str(catalogue), "--database", url]) == 0
    out, err = capsys.readouterr()
    (found,) = map(json.loads, out.splitlines())
    assert (found["box"], found["seq"], found["recording"], found["status"]) == (
        "kz-ala-0001",
        2,
        "bayan",
        "identified",
    )
    start = (datetime.fromisoformat(found["start"]) - EVENING).total_seconds()
    assert start <= 2.0
    assert found["reference_start"] == pytest.approx(30.0 + start, abs=1.0)
    assert (datetime.fromisoformat(found["end"]) - EVENING).total_seconds() >= 38.0
    assert found["false_alarms"] < 0.005
    assert "2 events tried, 0 of another model" in err


def test_events_of_another_model_are_counted_and_not_compared(
    tmp_path: Path, catalogue: Path, model: EmbeddingModel, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = quantise(way(1, 240, model.dimension)[:80:2])
    url = kept(tmp_path, [unidentified(rows, "ab" * 32)])
    assert main(["rematch", str(catalogue), "--database", url]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "0 events tried, 1 of another model" in err


def test_only_the_boxes_and_days_that_are_asked_for_are_tried(
    tmp_path: Path, catalogue: Path, model: EmbeddingModel, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = quantise(way(1, 240, model.dimension)[:80:2])
    url = kept(tmp_path, [unidentified(rows, model.digest)])
    for words in (["--box", "another"], ["--since", "2100-01-01"]):
        assert main(["rematch", str(catalogue), "--database", url, *words]) == 0
        assert "0 events tried" in capsys.readouterr().err
    assert main(["rematch", str(tmp_path / "nowhere"), "--database", url]) == 2
