"""A run may be stopped at any time, and what it makes can be told apart from what it began with."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from central.evaluation.float_model import FloatModel
from central.training import checkpoint
from central.training.likeness import Embed
from central.training.net import EmbeddingNet, NetShape, Stage
from central.training.training import CURVE, Schedule, device_named, embed_with, train
from central.training.warm_start import from_model
from device.embedding import EmbeddingModel, shipped_model_path
from device.errors import Refused
from device.features import PARAMETERS, log_mel

SMALL = NetShape(stages=(Stage(8, 1, 3), Stage(16, 1, 3)), dimension=8)


class Patterns:
    """Places that are told apart by which bands sound; queries are noisy."""

    anchors = 16

    def __init__(self) -> None:
        self._rng = np.random.default_rng(1)
        self._places = self._rng.uniform(-1, 1, (self.anchors, PARAMETERS.bands, 1)).astype(np.float32)
        self.refreshed = 0

    def refresh(self) -> None:
        self.refreshed += 1

    def views(self, count: int) -> np.ndarray:
        return next(self.batches(self.anchors, 1))[:count, 0]

    def batches(self, pairs: int, queries: int) -> Iterator[np.ndarray]:
        while True:
            clean = np.repeat(self._places[:pairs], PARAMETERS.frames, axis=2)
            shown = np.concatenate([clean] * (1 + queries))
            noisy = shown + 0.3 * self._rng.standard_normal(shown.shape).astype(np.float32)
            yield noisy.clip(-1, 1)[:, None]


def run(folder: Path, steps: int, of: int, **changes: object) -> dict:
    """Train until so many steps of a schedule of more: as if somebody had stopped it there."""
    source = Patterns()
    schedule = Schedule(steps=of, pairs=16, warm_up=0.1, **changes)
    if steps < of:
        whole = source.batches

        def until(pairs: int, queries: int) -> Iterator[np.ndarray]:
            for number, batch in enumerate(whole(pairs, queries)):
                if number == steps:
                    raise KeyboardInterrupt
                yield batch

        source.batches = until
    with pytest.raises(KeyboardInterrupt) if steps < of else nullcontext():
        train(source, folder, schedule, shape=SMALL)
    return checkpoint.read(folder) if checkpoint.exists(folder) else {}


def test_a_run_learns_to_tell_places_apart(tmp_path: Path) -> None:
    run(tmp_path, 60, 60)
    rows = [line.split(",") for line in (tmp_path / CURVE).read_text().splitlines()]
    assert rows[0] == ["step", "seconds", "loss", "right", "rate", "making"]
    assert [int(row[0]) for row in rows[1:]] == [20, 40, 60]
    assert float(rows[3][2]) < 0.7 * float(rows[1][2])
    embed = embed_with(checkpoint.load(tmp_path / checkpoint.CHECKPOINT))
    np.testing.assert_allclose(np.linalg.norm(embed(Patterns().views(5)), axis=1), 1.0, atol=1e-5)


def test_a_run_that_was_stopped_goes_on_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.training.training.KEPT_EVERY", 0.0)
    stopped = run(tmp_path, 30, 50)
    assert stopped["steps"] == 30
    ended = run(tmp_path, 50, 50)
    assert ended["steps"] == 50
    assert ended["seconds"] > stopped["seconds"]
    steps = [line.split(",")[0] for line in (tmp_path / CURVE).read_text().splitlines()]
    assert steps == ["step", "20", "50"], "what was noted after the checkpoint is noted once"


def test_a_run_that_is_through_does_nothing_more(tmp_path: Path) -> None:
    first = run(tmp_path, 5, 5)
    again = run(tmp_path, 5, 5)
    assert again["steps"] == first["steps"] == 5
    assert all(torch.equal(first["net"][name], again["net"][name]) for name in first["net"])


def test_a_stopped_run_keeps_the_form_of_its_network(tmp_path: Path) -> None:
    run(tmp_path, 3, 3)
    train(Patterns(), tmp_path, Schedule(steps=4, pairs=16))  # names no form
    assert checkpoint.load(tmp_path / checkpoint.CHECKPOINT).shape == SMALL


def test_triplets_take_over_in_the_last_quarter(tmp_path: Path) -> None:
    ended = run(tmp_path, 40, 40, queries=2, triplets_from=0.5)
    assert ended["schedule"]["triplets_from"] == 0.5
    rows = [line.split(",") for line in (tmp_path / CURVE).read_text().splitlines()[1:]]
    assert float(rows[1][2]) < 0.5 < float(rows[0][2]), "a triplet's loss is a cosine, not a logarithm"


def test_a_run_that_begins_with_another_tells_how_that_one_was_trained(tmp_path: Path) -> None:
    run(tmp_path / "first", 3, 3)
    train(
        Patterns(),
        tmp_path / "second",
        Schedule(steps=2, pairs=16),
        tmp_path / "first" / checkpoint.CHECKPOINT,
    )
    told = checkpoint.history(tmp_path / "second" / checkpoint.CHECKPOINT)
    assert [one["steps"] for one in told] == [3, 2]


def test_a_run_begins_with_a_widened_network(tmp_path: Path) -> None:
    run(tmp_path / "first", 3, 3)
    wider = replace(SMALL, stages=(Stage(12, 1, 3), Stage(32, 1, 3)))
    train(
        Patterns(),
        tmp_path / "second",
        Schedule(steps=2, pairs=16),
        tmp_path / "first" / checkpoint.CHECKPOINT,
        wider,
    )
    assert checkpoint.load(tmp_path / "second" / checkpoint.CHECKPOINT).shape == wider


def test_a_run_can_be_evaluated_beside_the_model_that_is_made_of_it(tmp_path: Path) -> None:
    train(Patterns(), tmp_path, Schedule(steps=2, pairs=16), shape=SMALL)
    evaluated = FloatModel(tmp_path / checkpoint.CHECKPOINT)
    assert evaluated.dimension == SMALL.dimension
    views = Patterns().views(3)
    trained = embed_with(checkpoint.load(tmp_path / checkpoint.CHECKPOINT))
    np.testing.assert_allclose(evaluated.embed(views), trained(views), atol=1e-5)


class Grouped(Patterns):
    """The same, of which some sound alike."""

    def group(self, embed: Embed, size: int) -> None:
        self.size, self.before = size, embed(self.views(4))

    def told(self, vectors: np.ndarray) -> None:
        self.last_told = vectors


def test_a_source_that_groups_what_sounds_alike_is_told_where_its_references_lie(tmp_path: Path) -> None:
    source = Grouped()
    train(source, tmp_path, Schedule(steps=2, pairs=16, alike=4), shape=SMALL)
    assert source.size == 4
    assert source.before.shape == (4, SMALL.dimension)
    assert source.last_told.shape == (16, SMALL.dimension)
    np.testing.assert_allclose(np.linalg.norm(source.last_told, axis=1), 1, rtol=1e-5)


def test_a_source_without_places_cannot_group_them(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="views prepared beforehand"):
        train(Patterns(), tmp_path, Schedule(steps=2, pairs=16, alike=4), shape=SMALL)


def test_another_form_than_a_wider_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="form that is asked for"):
        train(Patterns(), tmp_path, Schedule(steps=1), shipped_model_path(), SMALL)


def test_a_network_that_begins_as_the_shipped_model_answers_as_it_does() -> None:
    rng = np.random.default_rng(0)
    sounds = np.cumsum(rng.standard_normal((48, PARAMETERS.window)), axis=1).astype(np.float32)
    spectrograms = log_mel(sounds - sounds.mean(axis=1, keepdims=True))
    net = from_model(shipped_model_path(), torch.from_numpy(spectrograms[:, None]))
    exact = EmbeddingModel(shipped_model_path()).embed(spectrograms)
    alike = (embed_with(net)(spectrograms) * exact).sum(axis=1)
    assert alike.min() > 0.95


def test_multiplications_are_those_of_the_convolutions() -> None:
    net = EmbeddingNet(NetShape(stages=(Stage(8, 1, 3),), dimension=4))
    stem = 8 * 64 * 16 * 16
    block = (8 * 9 + 8 * 8) * 16 * 16
    assert net.multiplications() == stem + block + 8 * 16 * 16 + 8 * 4


def test_an_accelerator_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_named(None).type == "cpu"
    with pytest.raises(Refused, match="no accelerator"):
        device_named("cuda")
