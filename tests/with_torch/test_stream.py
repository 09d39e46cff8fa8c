"""Batches made on the fly: pairs of one place, each of another track, from places where something sounds."""

from itertools import islice

import numpy as np
import pytest
import torch

from central.training import stock
from central.training.degradation import responses
from central.training.fate import Chances
from central.training.stock import Stock
from central.training.stream import Cutting, Stream
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate
NOTHING = Chances(speed=0, disturbance=0, room=0, colour=0, clipping=0, self_noise=0)
TRACKS = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Six tracks, each a tone of its own that changes every half second; every other 5 s of the last are silent."""
    rng = np.random.default_rng(1)
    sounds: list[tuple[str, str, np.ndarray]] = []
    for number in range(TRACKS):
        hertz = np.repeat(rng.uniform(250, 3500, 40), RATE // 2)
        tones = 8000 * np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
        if number == TRACKS - 1:
            tones *= np.repeat([1, 0, 1, 0], 5 * RATE)
        sounds.append(("music", f"game/{number}", tones.astype(np.int16)))
    sounds.append(("music", "game/short", np.full(RATE, 1000, dtype=np.int16)))
    hiss = [(2000 * rng.standard_normal(10 * RATE)).astype(np.int16) for _ in range(2)]
    sounds += [("beds", kind, bed) for kind, bed in zip(("dialogue", "noise"), hiss, strict=True)]
    sounds += [
        ("rooms", "", np.rint(30000 * response / np.abs(response).max()).astype(np.int16))
        for response in responses(rng, 3)
    ]
    folder = tmp_path_factory.mktemp("stream") / "stock"
    stock.write(folder, sounds)
    return stock.read(folder)


def test_a_batch_has_references_then_their_queries(made: Stock, device: torch.device) -> None:
    stream = Stream(made, device, seed=1)
    assert stream.tracks == TRACKS, "one is too short"
    for batch in islice(stream.batches(pairs=50, queries=2), 3):
        assert batch.shape == (3 * TRACKS, 1, PARAMETERS.bands, PARAMETERS.frames)
        assert batch.min() >= PARAMETERS.low
        assert batch.max() <= PARAMETERS.high
        assert torch.isfinite(batch).all()
        assert torch.is_grad_enabled(), "whoever trains on the batch must be able to learn"


def test_a_query_is_of_the_place_of_its_reference(made: Stock, device: torch.device) -> None:
    stream = Stream(made, device, 2, chances=NOTHING, cutting=Cutting(shift=0.0, cut_outs=0.0))
    references, queries = next(stream.batches(pairs=TRACKS)).unflatten(0, (2, TRACKS))
    torch.testing.assert_close(references, queries, atol=0.02, rtol=0)
    apart = (references[:, None] - queries[None]).abs().mean(dim=(2, 3, 4))
    assert (apart.argmin(dim=1).cpu() == torch.arange(TRACKS)).all()


def test_degraded_queries_are_still_nearest_to_their_own_place(made: Stock, device: torch.device) -> None:
    stream = Stream(made, device, 3)
    right = []
    for batch in islice(stream.batches(pairs=TRACKS), 20):
        alike = torch.corrcoef(batch.flatten(1))[TRACKS:, :TRACKS]
        right.append(alike.argmax(dim=1).cpu() == torch.arange(TRACKS))
    assert torch.cat(right).float().mean() > 0.5


def test_a_segment_never_lies_in_a_pause(made: Stock, device: torch.device) -> None:
    stream = Stream(made, device, 4, tracks=[TRACKS - 1], chances=NOTHING)
    for batch in islice(stream.batches(pairs=1), 40):
        assert batch[0].max() == PARAMETERS.high
    begins = stream._music.starts.cpu().numpy() + stream._passage.past
    samples = made.music.samples
    for begin in begins:
        assert np.abs(samples[begin : begin + 3 * RATE].astype(int)).max() > 1000


def test_cut_outs_blank_a_band_and_a_stretch_of_queries_only(made: Stock, device: torch.device) -> None:
    cutting = Cutting(shift=0.0, cut_outs=1.0, degraded_pairs=0.0)
    stream = Stream(made, device, 5, chances=NOTHING, cutting=cutting)
    blanked = 0.0
    for batch in islice(stream.batches(pairs=TRACKS), 10):
        references, queries = batch.unflatten(0, (2, TRACKS))
        changed = (references - queries).abs() > 0.05
        assert (queries[changed] == PARAMETERS.low).all()
        blanked += changed.float().mean().item() / 10
    assert 0.001 < blanked < 0.4


def test_the_same_seed_gives_the_same_batches(made: Stock, device: torch.device) -> None:
    first, again, other = (next(Stream(made, device, seed).batches(4)) for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_only_the_given_tracks_are_used_and_views_are_of_them(made: Stock, device: torch.device) -> None:
    stream = Stream(made, device, 6, tracks=[0, 2])
    assert stream.tracks == 2
    assert stream.views(5).shape == (5, PARAMETERS.bands, PARAMETERS.frames)


def test_a_stock_without_sound_is_an_error_that_says_so(made: Stock, device: torch.device) -> None:
    with pytest.raises(ValueError, match="long and loud enough"):
        Stream(made, device, 1, tracks=[TRACKS])
