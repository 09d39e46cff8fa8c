"""The gate's figures: counted for what sounds, and thresholds where errors are equal."""

import numpy as np
import pytest

from central.evaluation.figures import Share
from central.training.gate_measure import KINDS, Row, equal_errors, table


def test_the_threshold_is_where_as_much_is_missed_as_is_wrongly_said() -> None:
    rng = np.random.default_rng(1)
    labels = np.stack([np.arange(8000) % 2, np.arange(8000) % 4 == 0], axis=1).astype(np.uint8)
    said = np.where(labels == 1, rng.normal(2.0, 1.0, labels.shape), rng.normal(0.0, 1.0, labels.shape))
    for probability, errors in equal_errors(said.astype(np.float32), labels):
        # Two normal distributions two deviations apart cross in the middle, where 15.9 % of each lie beyond.
        assert np.log(probability / (1 - probability)) == pytest.approx(1.0, abs=0.1)
        assert errors == pytest.approx(0.159, abs=0.015)


def test_the_table_shows_what_is_right_in_bold() -> None:
    speech = next(kind for kind in KINDS if kind.name == "one voice")
    line = table([Row(speech, music=Share(1, 200), speech=Share(190, 200))]).splitlines()[-1]
    assert line == "| one voice | 0.5 (0-3) | **95.0** (91-97) |"


def test_mixes_at_0_and_minus_6_db_and_every_pure_kind_are_measured() -> None:
    names = {kind.name: (kind.music, kind.speech) for kind in KINDS}
    assert names["music and speech, 0 dB"] == names["music and speech, -6 dB"] == (True, True)
    assert {(True, False), (False, True), (False, False)} <= set(names.values())
