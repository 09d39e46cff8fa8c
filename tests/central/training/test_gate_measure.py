"""The gate's figures: counted for what sounds."""

from central.evaluation.figures import Share
from central.training.gate_measure import KINDS, Row, table


def test_the_table_shows_what_is_right_in_bold() -> None:
    speech = next(kind for kind in KINDS if kind.name == "one voice")
    line = table([Row(speech, music=Share(1, 200), speech=Share(190, 200))]).splitlines()[-1]
    assert line == "| one voice | 0.5 (0-3) | **95.0** (91-97) |"


def test_mixes_at_0_and_minus_6_db_and_every_pure_kind_are_measured() -> None:
    names = {kind.name: (kind.music, kind.speech) for kind in KINDS}
    assert names["music and speech, 0 dB"] == names["music and speech, -6 dB"] == (True, True)
    assert {(True, False), (False, True), (False, False)} <= set(names.values())
