"""What a score is worth in false alarms an hour."""

import json
from pathlib import Path

import pytest

from device.errors import Refused
from device.match import calibration, chance
from device.match.chance import Chance


def test_the_thresholds_that_ship_lie_where_chance_is_as_rare_as_was_wanted() -> None:
    shipped, told = calibration.load(), chance.load()
    assert told.per_hour(shipped.accept) <= 0.0051  # one in 200 hours
    assert told.per_hour(shipped.candidate) <= 0.51


def test_a_higher_score_is_rarer_and_a_low_one_no_more_often_than_was_heard() -> None:
    tail = Chance(onset=1.0, slope=0.5, rate=20.0)
    assert tail.per_hour(-3.0) == tail.per_hour(1.0) == 20.0
    assert tail.per_hour(1.5) == pytest.approx(20.0 / 2.718281828)
    assert 0.0 < tail.per_hour(30.0) < 1e-20


@pytest.mark.parametrize(
    "content", ["", "{}", '{"chance": 1}', '{"chance": {"onset": 1, "slope": 0, "rate": 1}}']
)
def test_a_calibration_that_says_nothing_of_chance_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(content)
    with pytest.raises(Refused, match="chance"):
        chance.load(path)
    path.write_text(json.dumps({"chance": {"onset": 1, "slope": 1, "rate": 1}}))
    assert chance.load(path).rate == 1
