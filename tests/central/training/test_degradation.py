"""A fate befalls a passage as it is written: room with its past, noise at its level, a microphone that clips."""

from dataclasses import replace

import numpy as np
import pytest

from central.training import fate
from central.training.degradation import degraded
from central.training.fate import Chances, Fate
from central.training.passage import LONGEST_RESPONSE, PASSAGE, Passage
from device.features import PARAMETERS

RATE = PARAMETERS.sample_rate
SILENT = np.zeros(PASSAGE.length, dtype=np.float32)
NO_HISS = np.zeros(PASSAGE.window, dtype=np.float32)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(PASSAGE.length).astype(np.float32)


def test_a_room_still_sounds_of_the_seconds_before() -> None:
    rng = np.random.default_rng(0)
    passage = noise(1)
    response = rng.standard_normal(LONGEST_RESPONSE) * np.exp(-np.arange(LONGEST_RESPONSE) / 6000)
    response = (response / np.sqrt(np.sum(np.square(response)))).astype(np.float32)
    heard = degraded(passage, SILENT, response, NO_HISS, Fate(room=0))
    tail = passage[-(PASSAGE.window + PASSAGE.spare) :]
    exact = np.convolve(passage / np.sqrt(np.mean(np.square(tail))), response)
    exact = exact[PASSAGE.past : PASSAGE.past + PASSAGE.window]
    # Only what a whole passage knows: the transforms must not let the end of the echo come round into the segment.
    np.testing.assert_allclose(heard, exact, atol=2e-3 * np.std(exact))


def test_what_sounds_beside_is_as_loud_as_ordered() -> None:
    beside = np.tile(np.float32([1.0, -1.0]), PASSAGE.length // 2)
    quiet = degraded(SILENT + 1e-3 * noise(2), beside, None, NO_HISS, Fate(ratio=6.0))
    alone = degraded(SILENT + 1e-3 * noise(2), SILENT, None, NO_HISS, Fate())
    assert np.std(quiet - alone) == pytest.approx(10 ** (-6 / 20), rel=0.01)


def test_hiss_is_as_faint_as_ordered_and_clipping_spares_its_share() -> None:
    hiss = np.random.default_rng(3).standard_normal(PASSAGE.window).astype(np.float32)
    clean = degraded(noise(4), SILENT, None, hiss, Fate())
    hissing = degraded(noise(4), SILENT, None, hiss, Fate(hiss=20.0))
    assert np.std(hissing - clean) == pytest.approx(0.1 * np.std(clean), rel=0.02)
    clipped = degraded(noise(4), SILENT, None, hiss, Fate(clipped=0.9))
    assert np.mean(np.abs(clipped) < np.abs(clipped).max() * 0.999) == pytest.approx(0.9, abs=0.02)
    limited = degraded(noise(4), SILENT, None, hiss, Fate(clipped=0.9, softly=True))
    assert np.abs(limited).max() < 1.0
    assert len(np.unique(np.abs(limited))) > PASSAGE.window // 2


def test_a_colour_bends_where_it_says_and_falls_by_its_slope() -> None:
    hertz = np.array([60.0, 300.0, 1000.0, 2000.0, 4000.0], dtype=np.float32)
    bends = tuple(6.0 if bend == 300 else 0.0 for bend in fate.BENDS)
    decibels = 20 * np.log10(fate.gains(Fate(bends=bends, low_pass=1000.0, low_pass_slope=12.0), hertz))
    np.testing.assert_allclose(decibels, [0.0, 6.0, 0.0, -12.0, -24.0], atol=0.01)
    high = 20 * np.log10(fate.gains(Fate(high_pass=600.0, high_pass_slope=10.0), hertz))
    np.testing.assert_allclose(high[1:], [-10.0, 0.0, 0.0, 0.0], atol=0.01)


@pytest.mark.parametrize(
    ("without", "field", "nothing"),
    [
        ({"speed": 0.0}, "faster", 0.0),
        ({"disturbance": 0.0}, "ratio", fate.NOTHING),
        ({"room": 0.0}, "room", -1),
        ({"clipping": 0.0}, "clipped", 1.0),
        ({"self_noise": 0.0}, "hiss", fate.NOTHING),
        ({"colour": 0.0}, "bends", (0.0,) * len(fate.BENDS)),
    ],
)
def test_what_has_no_chance_never_happens_and_the_rest_does(
    without: dict[str, float], field: str, nothing: object
) -> None:
    rng = np.random.default_rng(5)
    never = [fate.drawn(rng, replace(Chances(), **without), 9) for _ in range(50)]
    assert {getattr(one, field) for one in never} == {nothing}
    often = [fate.drawn(rng, Chances(), 9) for _ in range(50)]
    assert len({getattr(one, field) for one in often}) > 3


@pytest.mark.parametrize("seconds", [1, 2, 3])
def test_no_echo_comes_round_into_a_segment_of_any_length(seconds: int) -> None:
    passage = Passage(seconds * RATE)
    assert passage.length + LONGEST_RESPONSE - 1 - passage.transform <= passage.past
