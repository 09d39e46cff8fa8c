"""Examples for the gate: what they are labelled as is what sounds in them."""

from pathlib import Path

import numpy as np
import pytest

from central.training import gate_examples
from central.training.degradation import LENGTH, PAST, Degradation
from central.training.disturbance import hum
from central.training.gate_sounds import Sources
from central.training.gate_sounds import sources as prepared
from central.training.singing import singing
from central.training.synthetic_voices import HELD_LANGUAGES, LANGUAGES, speaking
from demo.speech import TEXTS
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate


def tone(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE).astype(np.float32) * np.float32(
        1.4
    )


@pytest.fixture
def sources() -> Sources:
    """Music is a tone of 500 Hz, speech one of 1000 Hz, all else one of 2000 Hz."""
    music, speech, other = (tone(hertz, LENGTH / RATE) for hertz in (500, 1000, 2000))
    return Sources(
        music={"music": (1.0, lambda _rng: music)},
        speech={"voice": (0.7, lambda _rng: speech), "babble": (0.3, lambda _rng: speech)},
        other={"noise": (1.0, lambda _rng: other)},
    )


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


def test_every_kind_is_there_as_often_as_it_should_and_says_what_it_is_made_of(sources: Sources) -> None:
    made = gate_examples.make(sources, Dry(), 400, np.random.default_rng(3))
    found = {}
    for name, labels in {"neither": (0, 0), "music": (1, 0), "speech": (0, 1), "both": (1, 1)}.items():
        found[name] = made["kinds"][(made["labels"] == labels).all(axis=1)]
        assert len(found[name]) / 400 == pytest.approx(gate_examples.SHARES[name], abs=0.07)
    assert set(found["music"]) == set(found["both"]) == {"music"}
    assert set(found["neither"]) == {"noise"}
    assert set(found["speech"]) == {"voice", "babble"}
    assert np.mean(found["speech"] == "babble") == pytest.approx(0.3, abs=0.12)


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


def test_every_kind_of_sound_is_as_loud_in_the_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "VOICES_SECONDS",
        "EFFECTS_SECONDS",
        "SYNTHETIC_SECONDS",
        "SUNG_SECONDS",
        "APPLAUSE_SECONDS",
    ):
        monkeypatch.setattr(f"central.training.gate_sounds.{name}", 4.5)
    path = tmp_path / "sound.npy"
    np.save(path, (8000 * tone(500, 6)).astype(np.int16))
    rng = np.random.default_rng(6)
    made = prepared([path], [path], [path], held=False, rng=rng)
    for kinds in (made.music, made.speech, made.other):
        for _, draw in kinds.values():
            sound = draw(rng)
            assert len(sound) == LENGTH
            assert np.sqrt(np.mean(np.square(sound[PAST : PAST + PARAMETERS.window]))) == pytest.approx(
                1.0, abs=0.25
            )


def test_a_hum_stands_on_its_harmonics_and_never_comes_again() -> None:
    rng = np.random.default_rng(3)
    one, other = hum(2 * RATE, rng), hum(2 * RATE, rng)
    for sound in (one, other):
        assert np.sqrt(np.mean(np.square(sound))) == pytest.approx(1.0, abs=1e-3)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.3


def test_synthetic_voices_of_the_two_sides_share_no_language_and_none_with_what_is_measured() -> None:
    assert not set(LANGUAGES) & set(HELD_LANGUAGES)
    assert not (set(LANGUAGES) | set(HELD_LANGUAGES)) & (set(TEXTS) | {"nl"})
    spoken = speaking(3 * RATE, held=True, rng=np.random.default_rng(7))
    assert len(spoken) == 3 * RATE
    assert np.sqrt(np.mean(np.square(spoken))) == pytest.approx(1.0, abs=0.3)
