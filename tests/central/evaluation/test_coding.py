"""Lossy coding: heard, and where it was in time."""

import numpy as np
import pytest

from central.evaluation import coding
from device.errors import Broken
from tests.central.catalogue.music import melody

RATE = 8000


@pytest.mark.parametrize("codec", [coding.MP3, coding.OPUS], ids=lambda codec: codec.name)
def test_coded_music_is_worse_but_where_it_was(codec: coding.Coding) -> None:
    music = melody(7, 6.0, RATE)
    heard = coding.coded(music, codec, RATE)
    assert len(heard) == len(music)
    spectrum = np.fft.rfft(heard, 2 * len(music)) * np.conj(np.fft.rfft(music, 2 * len(music)))
    assert abs(int(np.argmax(np.fft.irfft(spectrum))) + RATE) % len(music) - RATE <= 0.002 * RATE
    likeness = float(heard @ music / np.linalg.norm(heard) / np.linalg.norm(music))
    assert 0.5 < likeness < 0.999


def test_a_codec_that_is_missing_is_named_with_what_to_do() -> None:
    with pytest.raises(Broken, match="no-such-encoder") as broken:
        coding.coded(melody(1, 1.0, RATE), coding.Coding("none", "no-such-encoder", ".mp3", 16), RATE)
    assert "apt install" in broken.value.advice
