"""Examples for the gate: what they are labelled as is what sounds in them."""

from pathlib import Path

import numpy as np
import pytest

from central.training import gate_examples
from central.training.degradation import LENGTH, PAST, Degradation
from central.training.disturbance import Bed
from central.training.gate_examples import Sources
from central.training.singing import singing
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate


def tone(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32) * np.float32(
        1.4
    )


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Music is a tone of 500 Hz, speech one of 1000 Hz, all else one of 2000 Hz."""
    path: Path = tmp_path_factory.mktemp("tracks") / "track.npy"
    np.save(path, (8000 * tone(500, 20)).astype(np.int16))
    return Sources([path], [], [Bed("dialogue", tone(1000, 20))], [Bed("noise", tone(2000, 20))])


class Dry(Degradation):
    """Lets through what sounds, and keeps how it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[np.ndarray, np.ndarray]] = []

    def heard(self, stage, seats, _chances):
        self.given.append((stage, seats))
        return (stage + seats)[PAST : PAST + PARAMETERS.window]


def strength(sound: np.ndarray, hertz: float) -> float:
    """Level of a tone, in dB of full scale of RMS 1."""
    segment = sound[PAST : PAST + PARAMETERS.window] * np.hanning(PARAMETERS.window)
    spectrum = np.abs(np.fft.rfft(segment)) ** 2
    bin_of = round(hertz * PARAMETERS.window / RATE)
    return float(
        10 * np.log10(spectrum[bin_of - 3 : bin_of + 4].sum() / (PARAMETERS.window**2 / 5.333) + 1e-12)
    )


def test_what_is_labelled_is_what_sounds(sources: Sources) -> None:
    dry = Dry()
    made = gate_examples.make(sources, dry, 60, np.random.default_rng(1))
    for (stage, seats), (music, speech) in zip(dry.given, made["labels"], strict=True):
        assert len(stage) == len(seats) == LENGTH
        assert (strength(stage + seats, 500) > -40) == bool(music)
        assert (strength(stage + seats, 1000) > -40) == bool(speech)
        if not (music or speech):
            assert strength(stage + seats, 2000) > -3


def test_in_a_mix_neither_is_fainter_than_still_counts(sources: Sources) -> None:
    dry = Dry()
    made = gate_examples.make(sources, dry, 80, np.random.default_rng(2))
    ratios = [
        strength(stage + seats, 500) - strength(stage + seats, 1000)
        for (stage, seats), labels in zip(dry.given, made["labels"], strict=True)
        if labels.all()
    ]
    assert -gate_examples.FAINTEST - 1 < min(ratios) < -6
    assert 6 < max(ratios) < gate_examples.FAINTEST + 1


def test_every_kind_is_there_as_often_as_it_should(sources: Sources) -> None:
    labels = gate_examples.make(sources, Dry(), 400, np.random.default_rng(3))["labels"]
    kinds = {"neither": (0, 0), "music": (1, 0), "speech": (0, 1), "both": (1, 1)}
    for name, wanted in kinds.items():
        share = np.mean((labels == wanted).all(axis=1))
        assert share == pytest.approx(gate_examples.SHARES[name], abs=0.07)


def test_the_same_luck_gives_the_same_examples(sources: Sources) -> None:
    one, other = (gate_examples.make(sources, Dry(), 5, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(one["views"], other["views"])
    assert one["views"].shape == (5, PARAMETERS.bands, PARAMETERS.frames)


@pytest.mark.parametrize("voices", [1, 4])
def test_voices_hold_their_notes(voices: int) -> None:
    sung = singing(6 * RATE, voices, np.random.default_rng(5))
    assert np.sqrt(np.mean(np.square(sung))) == pytest.approx(1.0, abs=1e-3)
    # Within 60 ms a held note is nearly periodic; speech and noise are not, most of the time.
    window, best = RATE * 60 // 1000, []
    for at in range(0, len(sung) - 2 * window, window):
        piece = sung[at : at + window]
        lags = range(RATE // 700, window)
        likeness = [
            float(piece @ sung[at + lag : at + lag + window])
            / float(np.linalg.norm(piece) * np.linalg.norm(sung[at + lag : at + lag + window]) + 1e-9)
            for lag in lags
        ]
        best.append(max(likeness))
    assert np.median(best) > (0.9 if voices == 1 else 0.7)
