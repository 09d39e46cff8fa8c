"""The watch over hearing: what state it is in, what the log is told, what the seconds are worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from device.coverage import Heard
from device.errors import Waiting
from device.mute import Mute
from device.sound.block import Absence, Block
from device.sound.deafness import Deafness
from device.sound.devices import Found
from device.vigil import MUTES_AT_ONCE, STAYS_MUTED, Vigil

RATE = 8000
EVENING = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
MICROPHONE = Found("USB PnP Sound Device (usb 0d8c:0014, port 1-1.2)", 1, {"vendor": "0d8c", "port": "1-1.2"})
GONE = Waiting("microphone-gone", "The microphone gives nothing any more.", "Check its plug.")


@dataclass
class Hall:
    """A hall in which a vigil is kept; time goes on with what arrives."""

    now: float = 100.0
    muted: Mute | None = None
    microphone: Found | None = MICROPHONE
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.judge = Deafness()
        self.vigil = Vigil(self.now, self._tell, self.judge, lambda: self.muted, lambda: self.microphone)
        self._rng = np.random.default_rng(1)

    def sound(self, seconds: float, level: float = 0.1) -> list[Heard]:
        heard = []
        for _ in range(round(seconds * 10)):
            samples = (level * self._rng.standard_normal(RATE // 10)).astype(np.float32)
            position = round((self.now - 100.0) * RATE)
            self.now += 0.1
            heard.append(self.vigil.watch(Block(samples, RATE, position, 0, self.now)))
        return heard

    def absence(self, seconds: float, reason: Waiting = GONE) -> list[Heard]:
        heard = []
        for _ in range(round(seconds)):
            self.now += 1.0
            heard.append(self.vigil.watch(Absence(self.now - 100.0, self.now, reason)))
        return heard

    @property
    def codes(self) -> list[str]:
        return [code for code, _ in self.told]

    def _tell(self, code: str, sentence: str, detail: Mapping[str, Any]) -> None:
        assert sentence.endswith(".")
        self.told.append((code, dict(detail)))


def test_a_box_hears_once_sound_has_arrived_and_says_how_loud() -> None:
    hall = Hall()
    assert hall.vigil.state == "starting"
    assert set(hall.sound(0.5)) == {Heard.WELL}
    assert hall.vigil.state == "starting"
    hall.sound(1.0)
    assert hall.vigil.state == "hearing"
    assert hall.vigil.second is not None
    assert hall.vigil.second.level == pytest.approx(-20.0, abs=0.5)
    assert hall.vigil.microphone == MICROPHONE.name
    assert hall.told == []


def test_a_quiet_hall_is_silent_and_nothing_else() -> None:
    hall = Hall()
    hall.sound(30.0, level=1e-4)
    assert hall.vigil.state == "silent"
    assert hall.vigil.trouble is None
    assert hall.told == []


def test_the_noise_floor_is_what_is_left_between_the_sounds() -> None:
    hall = Hall()
    assert hall.vigil.noise_floor is None
    for _ in range(10):
        hall.sound(5.0, level=0.1)
        hall.sound(2.0, level=0.001)
    assert hall.vigil.noise_floor == pytest.approx(-60.0, abs=1.0)


def test_a_microphone_that_goes_and_comes_is_told_with_its_name_and_the_seconds() -> None:
    hall = Hall()
    hall.sound(3.0)
    assert set(hall.absence(20)) == {Heard.DEAF}
    assert hall.vigil.state == "lost"
    assert hall.vigil.second is None
    assert hall.vigil.trouble is not None
    assert hall.vigil.trouble.code == "microphone-gone"
    hall.sound(2.0)
    assert hall.vigil.state == "hearing"
    (lost, first), (back, second) = hall.told
    assert (lost, back) == ("microphone-lost", "microphone-back")
    assert first["reason"] == "microphone-gone"
    assert first["usb"] == second["usb"] == MICROPHONE.identity
    assert (second["seconds"], second["times"], second["after"]) == (20.0, 1, "microphone-lost")


def test_one_that_is_not_there_at_boot_is_lost_from_the_start() -> None:
    hall = Hall(microphone=None)
    hall.absence(3, Waiting("microphone-missing", "There is no USB microphone.", "Plug it in."))
    assert hall.codes == ["microphone-lost"]
    assert "usb" not in hall.told[0][1]
    hall.microphone = MICROPHONE
    hall.sound(1.0)
    assert hall.told[1] == (
        "microphone-back",
        {"microphone": MICROPHONE.name, "usb": MICROPHONE.identity, "after": "microphone-lost", "seconds": 3.0, "times": 1},
    )  # fmt: skip


def test_digital_silence_is_deafness_after_two_seconds_and_over_with_the_first_sound() -> None:
    hall = Hall()
    hall.sound(5.0)
    worth = hall.sound(6.0, level=0.0)
    assert hall.vigil.state == "deaf"
    assert set(worth[25:]) == {Heard.DEAF}
    hall.sound(3.0, level=1e-4)
    assert hall.vigil.state == "silent"
    assert hall.codes == ["microphone-deaf", "microphone-back"]
    assert hall.told[1][1]["after"] == "microphone-deaf"


def test_muted_is_told_with_who_and_since_when_and_nothing_is_measured() -> None:
    hall = Hall()
    hall.sound(3.0)
    hall.muted = Mute(EVENING, "page")
    assert set(hall.sound(60.0)) == {Heard.MUTED}
    assert hall.vigil.state == "muted"
    assert hall.vigil.second is None
    hall.muted = None
    assert set(hall.sound(2.0)) == {Heard.WELL}
    assert hall.told == [
        ("muted", {"by": "page", "since": "2026-07-01T14:00:00+00:00"}),
        ("unmuted", {"by": "page", "since": "2026-07-01T14:00:00+00:00", "seconds": 60.0}),
    ]


def test_a_switch_that_cannot_be_read_mutes_by_nobody_known() -> None:
    hall = Hall(muted=Mute())
    assert set(hall.sound(1.0)) == {Heard.MUTED}
    assert hall.told == [("muted", {"by": "unknown"})]


def test_a_microphone_lost_while_muted_is_told_and_counts_as_muted() -> None:
    hall = Hall(muted=Mute(EVENING, "button"))
    hall.sound(1.0)
    assert set(hall.absence(5)) == {Heard.MUTED}
    assert hall.vigil.state == "muted"
    hall.sound(1.0)
    assert hall.codes == ["muted", "microphone-lost", "microphone-back"]


def test_whoever_toggles_the_switch_for_an_hour_neither_fills_the_log_nor_is_heard_too_soon() -> None:
    hall = Hall()
    worth: list[Heard] = []
    for _ in range(1800):
        hall.muted = Mute(EVENING, "page")
        assert set(hall.sound(0.3)) == {Heard.MUTED}
        hall.muted = None
        worth += hall.sound(0.7)
    assert len(hall.told) <= 2 * (MUTES_AT_ONCE + 1)
    assert worth[-1] is Heard.MUTED
    assert set(hall.sound(STAYS_MUTED + 1.0)[-5:]) == {Heard.WELL}
    assert hall.codes[-1] == "unmuted"


def test_a_hundred_unplugs_in_a_row_are_all_counted_and_few_are_told() -> None:
    hall = Hall()
    hall.sound(5.0)
    for _ in range(100):
        hall.absence(6)
        hall.sound(4.0)
    hall.sound(1000.0)
    ends = [detail for code, detail in hall.told if code == "microphone-back"]
    assert hall.codes == ["microphone-lost", "microphone-back"] * len(ends)
    assert len(hall.told) <= 20
    assert sum(end["times"] for end in ends) == 100
    assert sum(end["seconds"] for end in ends) == pytest.approx(600.0, abs=1.0)
