"""Commissioning: a technician keeps quiet, makes noise, and the box knows its microphone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from demo.applause import applause
from device.commissioning import NOISY, QUIET, commission, in_words
from device.errors import Broken, Refused
from device.sound import baseline
from device.sound.block import Block
from device.sound.devices import Found
from tests.simulated.hall_noise import RATE, at_level, captured, hall, own_noise

NOW = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
FOUND = Found("USB PnP Sound Device", 1, {"vendor": "0d8c", "product": "0014", "port": "1-1.2"})


class HallMicrophone:
    """A microphone in a hall whose technician does what is said, and says what was said."""

    def __init__(self, claps: bool = True, digital: bool = False) -> None:
        self.found: Found | None = FOUND
        self.open = False
        self.said: list[str] = []
        self._claps, self._digital = claps, digital

    def blocks(self) -> Iterator[Block]:
        self.open = True
        rng, position = np.random.default_rng(1), 0
        clapping = at_level(applause(10.0, RATE, 30, rng).astype(np.float64), 72.0)
        try:
            while True:
                samples = captured(hall(25, 1.0, rng), own_noise(32.0, 1.0, rng))
                if self._claps and any("clap" in sentence for sentence in self.said):
                    at = position % (9 * RATE)
                    samples = samples + clapping[at : at + RATE].astype(np.float32)
                yield Block(samples * (not self._digital), RATE, position, 0, 0.0)
                position += RATE
        finally:
            self.open = False


def test_what_was_measured_is_kept_and_told(tmp_path: Path) -> None:
    source = HallMicrophone()
    measured = commission(source, tmp_path / "baseline.json", NOW, source.said.append)  # type: ignore[arg-type]
    assert baseline.read(tmp_path / "baseline.json") == measured
    assert measured.identity == {"vendor": "0d8c", "product": "0014"}
    assert measured.floor[0] == pytest.approx(44.0 - 120.0, abs=3.0)
    assert measured.bright is not None
    assert str(QUIET) in source.said[0]
    assert str(NOISY) in source.said[1]
    assert "dBFS" in in_words(measured)[0]
    assert not source.open


def test_a_hall_in_which_nobody_clapped_is_told_so(tmp_path: Path) -> None:
    source = HallMicrophone(claps=False)
    measured = commission(source, tmp_path / "baseline.json", NOW, source.said.append)  # type: ignore[arg-type]
    assert measured.bright is None
    assert "covered microphone will not be noticed" in in_words(measured)[1]


def test_a_microphone_that_gives_nothing_is_not_commissioned(tmp_path: Path) -> None:
    source = HallMicrophone(digital=True)
    with pytest.raises(Refused, match="digital silence"):
        commission(source, tmp_path / "baseline.json", NOW, source.said.append)  # type: ignore[arg-type]
    assert not (tmp_path / "baseline.json").exists()
    assert not source.open


def test_a_baseline_that_cannot_be_kept_is_an_error_with_an_advice(tmp_path: Path) -> None:
    source = HallMicrophone()
    with pytest.raises(Broken, match="nowhere"):
        commission(source, tmp_path / "nowhere/baseline.json", NOW, source.said.append)  # type: ignore[arg-type]
