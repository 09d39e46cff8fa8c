"""The real service and a card that is not there at first, comes, and is pulled out again and again."""

import statistics
from pathlib import Path

import pytest

from device.record.log_reader import LogReader
from device.record.reports import BootReport, CoverageReport, IncidentReport
from tests.simulated.listener import Listener
from tests.simulated.sound_card import SoundCard

pytestmark = pytest.mark.timeout(900)  # a busy machine

PROMISED = 15.0  # seconds from its return until a microphone is heard again
PULLED = 3


def test_a_microphone_is_heard_whenever_it_is_there_and_its_absences_stand_in_the_signed_log(
    tmp_path: Path,
) -> None:
    with SoundCard() as card:
        card.unplug()
        with Listener(tmp_path, card) as box:
            box.wait_for("lost")  # it was not there at the start
            back = []
            for _ in range(1 + PULLED):
                fed = box.told.count("WATCHDOG=1")
                while (
                    box.told.count("WATCHDOG=1") == fed
                ):  # waiting is work too: nobody starts a waiting box anew
                    box.wait_for("lost")
                card.plug_in()
                back.append(box.wait_for("hearing", "silent"))
                card.unplug()
                box.wait_for("lost")
            assert box.end() == 0
    # A busy machine may be late once.
    assert statistics.median(back) < PROMISED, back
    statuses = [each.partition("STATUS=")[2] for each in box.told if "STATUS=" in each]
    assert any("There is no microphone" in each for each in statuses), statuses
    assert any("gives nothing any more" in each for each in statuses), statuses
    assert box.told[-1] == "STOPPING=1"
    with LogReader.read(box.log) as log:
        reports = [stored.event.report for stored in log.events(0, 1_000)]
    assert isinstance(reports[0], BootReport)
    assert sum(isinstance(report, BootReport) for report in reports) == 1  # the same process all the while
    incidents = [each for each in reports if isinstance(each, IncidentReport) and "microphone" in each.code]
    # The first two are told at once, the others wait until they last (`spell.py`).
    assert [each.code for each in incidents[:3]] == ["microphone-lost", "microphone-back", "microphone-lost"]
    assert incidents[0].detail["reason"] == "microphone-missing"
    assert incidents[1].detail["times"] == 1
    covered = [report.seconds for report in reports if isinstance(report, CoverageReport)]
    assert sum(seconds.deaf for seconds in covered) > 0.0
    assert sum(seconds.listened for seconds in covered) > 0.0
